// Package store keeps everything that leadmail knows: the ledger of mail, the
// decisions with the facts they were made from, the partners and what they hold,
// and what is owed by mail or still to be filed.
//
// The job: one SQL text for SQLite (the embedded default) and PostgreSQL. The
// unit of work is a group of mails in one transaction, each in a savepoint of
// its own (Tx.Savepoint), so that a mail that fails takes nothing of its
// neighbours with it. A transaction has one instant, Tx.Now, and no clock.
//
// The promise: nothing is half done. What a mail changes, the reply it owes and
// the filing it needs are committed together or not at all. The database itself
// refuses a second outstanding registration of an organisation, a partner beyond
// its cap and a second decision of a mail in the same pass, whoever asks and
// however many at once; the answer is ErrTaken or ErrDecided, and the caller
// loads the Book again and decides again.
//
// The traps: on SQLite there is one writer, so DB.Update inside DB.Update waits
// for itself. Network I/O has no place inside a transaction. Text loses NUL and
// what is no UTF-8 on its way in, since PostgreSQL takes neither; the raw bytes
// of mail and the text that was read are kept to the byte.
package store
