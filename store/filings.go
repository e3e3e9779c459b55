package store

import (
	"fmt"
	"time"

	"leadmail/rules"
)

// Filing is a decided mail that has still to be moved to its folder.
type Filing struct {
	InboxID int64
	// UID is the mail's in INBOX, while From is "". A mail that was filed before
	// lies in From, where its UID is not known: look for MessageID and RawHash.
	UID                uint32
	From, Folder       rules.Folder
	MessageID, RawHash string
	Attempts           int
	QueuedAt, Received time.Time
	UIDValidity        uint32
	State              rules.MailState
}

// QueueFiling notes that a mail is to be moved to a folder, once this
// transaction is committed. A filing that was still to be done is replaced.
func (tx *Tx) QueueFiling(inboxID int64, folder rules.Folder) error {
	_, err := tx.exec(`INSERT INTO filings (inbox_id, folder, queued_at) VALUES ($1, $2, $3)
		ON CONFLICT (inbox_id) DO UPDATE SET folder = excluded.folder, queued_at = excluded.queued_at, done_at = NULL, attempts = 0
		WHERE filings.folder <> excluded.folder`, inboxID, string(folder), at(tx.now))
	if err != nil {
		return fmt.Errorf("queue the filing of mail %d: %w", inboxID, err)
	}
	return nil
}

// Filings lists what is to be filed of a mailbox, least tried first: mails in
// INBOX under this UIDVALIDITY and mails that lie in one of our folders.
func (tx *Tx) Filings(mailbox string, uidvalidity uint32, most int) ([]Filing, error) {
	return list(tx, func(scan scan) (Filing, error) {
		var f Filing
		return f, scan(&f.InboxID, &f.UID, &f.UIDValidity, &f.From, &f.Folder, &f.MessageID, &f.RawHash, &f.Attempts, instant{&f.QueuedAt}, instant{&f.Received}, &f.State)
	}, `SELECT i.id, i.uid, i.uidvalidity, i.folder, f.folder, i.message_id, i.raw_hash, f.attempts, f.queued_at, i.received, i.state
		FROM filings f JOIN inbox i ON i.id = f.inbox_id
		WHERE f.done_at IS NULL AND i.mailbox = $1 AND (i.uidvalidity = $2 OR i.folder <> '')
		ORDER BY f.attempts, f.inbox_id LIMIT $3`, mailbox, uidvalidity, limit(most))
}

// CountFiling notes that a mail is about to be moved: after a crash the next
// attempt then knows that a copy may lie in the folder already.
func (tx *Tx) CountFiling(inboxID int64) error {
	n, err := tx.exec("UPDATE filings SET attempts = attempts + 1 WHERE inbox_id = $1 AND done_at IS NULL", inboxID)
	return one(n, err, "filing of mail %d", inboxID)
}

// Filed notes that a mail lies in the folder that was queued. A decided mail is
// filed then; one that is held, ignored or quarantined keeps its state. A second
// call changes nothing.
func (tx *Tx) Filed(inboxID int64) error {
	n, err := tx.exec(`UPDATE inbox SET folder = (SELECT folder FROM filings WHERE inbox_id = $1),
		state = CASE WHEN state = 'decided' THEN 'filed' ELSE state END
		WHERE id = $1 AND EXISTS (SELECT 1 FROM filings WHERE inbox_id = $1)`, inboxID)
	if err := one(n, err, "filing of mail %d", inboxID); err != nil {
		return err
	}
	_, err = tx.exec("UPDATE filings SET done_at = $2 WHERE inbox_id = $1 AND done_at IS NULL", inboxID, at(tx.now))
	return err
}
