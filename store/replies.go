package store

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"leadmail/rules"
)

// thread says to which conversation a mail belongs and what became of that. An
// answer of ours among the ids names it, whatever else was lost on the way; else
// it is the oldest id, or the mail's own.
//
// It is taken by a person where a mail of it was, and where the newest id is
// neither ours nor in the ledger although another one is: somebody answered whom we
// do not know of (MAIL.md 130). A mail that was not proved is no part of it: anybody
// can write another's Message-ID.
func (tx *Tx) thread(q rules.Query) (key string, taken bool, err error) {
	key = brief(q.MessageID)
	if n := len(q.Thread); n > 0 {
		key = brief(q.Thread[n-1])
	} else {
		return key, false, nil
	}
	ids := make([]string, len(q.Thread))
	for i, id := range q.Thread {
		ids[i] = brief(id)
	}
	var named string
	err = tx.get([]any{&named}, "SELECT thread FROM outbox WHERE thread <> '' AND message_id "+tx.dialect.in(1)+" ORDER BY id DESC LIMIT 1", texts(ids))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", false, err
	}
	if named != "" {
		key = named
	}
	newest := false
	known, err := list(tx, func(scan scan) (struct{}, error) {
		var id string
		var was bool
		err := scan(&id, &was)
		newest, taken = newest || id == ids[0], taken || was
		return struct{}{}, err
	}, "SELECT message_id, FALSE FROM outbox WHERE message_id <> '' AND message_id "+tx.dialect.in(1)+
		" UNION ALL SELECT message_id, taken FROM inbox WHERE verdict NOT IN ('unverified', 'failed', 'temporary') AND message_id <> '' AND message_id "+tx.dialect.in(1), texts(ids))
	return key, taken || len(known) > 0 && !newest, err
}

// replies counts answers of ours, held and failed ones included, to mails that
// were received in [since, until); those that settled nothing within a day before
// the receipt and later that day.
func (tx *Tx) replies(q rules.Query, thread string, since, until time.Time) (rules.Replies, error) {
	var r rules.Replies
	day := []any{&r.Domain, &r.Thread, &r.All, &r.Idle}
	err := tx.get(day, `SELECT
		(SELECT count(*) FROM outbox WHERE received IS NOT NULL AND domain = $1 AND received >= $4 AND received < $5 AND state <> 'cancelled'),
		(SELECT count(*) FROM outbox WHERE thread <> '' AND thread = $2 AND received >= $4 AND received < $5 AND state <> 'cancelled'),
		(SELECT count(*) FROM outbox WHERE received IS NOT NULL AND received >= $4 AND received < $5 AND state <> 'cancelled'),
		(SELECT count(*) FROM outbox WHERE idle AND id IN (
			SELECT id FROM outbox WHERE thread <> '' AND thread = $2
			UNION SELECT id FROM outbox WHERE topic <> '' AND topic = $3 AND received >= $6)
			AND received >= $6 AND received < $5 AND state <> 'cancelled')`,
		q.Sender.Address.Domain(), thread, q.Topic, at(since), at(until), at(q.Received.Add(-24*time.Hour)))
	return r, err
}

// Postpone lets a mail wait for another look at its sender's proof. The attempt
// that was counted for it is taken back: reading it did not fail.
func (tx *Tx) Postpone(id int64, until time.Time, why string) error {
	n, err := tx.exec(`UPDATE inbox SET state = 'found', attempts = attempts - 1, retries = retries + 1, retry_at = $2, why = $3
		WHERE id = $1 AND state = 'attempted'`, id, at(until), why)
	return one(n, err, "mail %d", id)
}

// Taken notes that a person answers in the conversation of a mail.
func (tx *Tx) Taken(id int64) error {
	n, err := tx.exec("UPDATE inbox SET taken = TRUE WHERE id = $1", id)
	return one(n, err, "mail %d", id)
}

// Setting returns what the program has noted for itself under a name; "" for
// nothing.
func (tx *Tx) Setting(name string) (value string, since time.Time, err error) {
	err = tx.get([]any{&value, instant{&since}}, "SELECT value, since FROM settings WHERE name = $1", name)
	if errors.Is(err, ErrNotFound) {
		return "", time.Time{}, nil
	}
	return value, since, err
}

// SaveSetting notes something under a name.
func (tx *Tx) SaveSetting(name, value string) error {
	_, err := tx.exec("INSERT INTO settings (name, value, since) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET value = excluded.value, since = excluded.since",
		name, value, at(tx.now))
	if err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	return nil
}

// FirstSetting notes something under a name where nothing stands, and returns
// what stands there then.
func (tx *Tx) FirstSetting(name, value string) (string, error) {
	if _, err := tx.exec("INSERT INTO settings (name, value, since) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING", name, value, at(tx.now)); err != nil {
		return "", fmt.Errorf("setting %s: %w", name, err)
	}
	value, _, err := tx.Setting(name)
	return value, err
}

// HeldStrangers lists the mails of verified senders that wait because nobody
// knew their address, oldest first.
func (tx *Tx) HeldStrangers() ([]InboxMessage, error) {
	return list(tx, scanInbox, "SELECT "+inboxColumns+` FROM inbox
		WHERE waiting AND state = 'held' AND partner = '' AND verdict IN ('verified', 'trusted') AND sender <> '' ORDER BY received, uid, id`)
}

// Resembling is a partner that has an address or writes in the domain of an
// address that is nobody's (MAIL.md 50, 51); "" for none. It is a hint for staff.
func (tx *Tx) Resembling(address rules.Address) (rules.PartnerID, error) {
	var id rules.PartnerID
	err := tx.get([]any{&id}, `SELECT partner FROM partner_addresses WHERE lower(address) = lower($1) OR lower(address) LIKE $2 ESCAPE '!' ORDER BY partner LIMIT 1`,
		string(address), "%@"+escapeLike(address.Domain()))
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return id, err
}

// escapeLike makes a text stand for itself in LIKE … ESCAPE '!'.
func escapeLike(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}

// CancelHeld drops a held answer: it is never sent. ErrNotFound: it is not held.
func (tx *Tx) CancelHeld(id int64, why string) error {
	n, err := tx.exec("UPDATE outbox SET state = 'cancelled', why = $2 WHERE id = $1 AND state = 'held'", id, why)
	return one(n, err, "held outbox mail %d", id)
}
