package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"leadmail/rules"
)

// OutboxState is where a mail of ours stands (docs/states.md).
type OutboxState string

// The states of a mail of ours.
const (
	OutboxQueued    OutboxState = "queued"
	OutboxSending   OutboxState = "sending"
	OutboxSent      OutboxState = "sent"
	OutboxDeferred  OutboxState = "deferred"
	OutboxFailed    OutboxState = "failed"
	OutboxUncertain OutboxState = "uncertain"
	OutboxHeld      OutboxState = "held"
	OutboxCancelled OutboxState = "cancelled"
)

// OutboxMessage is a mail that is owed, rendered once and for all.
type OutboxMessage struct {
	ID int64
	// Key says what is owed, so that it is owed once: reply/12/1.
	Key, Kind string
	// InboxID is the mail that it answers or tells of; 0 for none.
	InboxID int64
	Partner rules.PartnerID
	// To and From are the envelope's.
	To, From           rules.Address
	MessageID, Subject string
	// Raw are the bytes that are delivered, the same at every attempt.
	Raw   []byte
	State OutboxState
	// Why is why it is held or cancelled.
	Why      string
	Attempts int
	// Doubts counts how often an attempt ended without an answer. Identical bytes
	// go out once more after the first, and no more after the second.
	Doubts                   int
	QueuedAt, NextAt, SentAt time.Time
	LastError                string
	// Numbering are the prospects that it numbers, in that order.
	Numbering []rules.Reference
	// Answer holds what limits count, for an answer to a mail.
	Answer Answer
	// Copied is set once it lies in the Sent folder, or need not.
	Copied bool
}

// Answer is what limits know of an answer.
type Answer struct {
	// Received is the receipt of the mail that is answered; zero for what answers
	// nothing.
	Received      time.Time
	Thread, Topic string
	Idle          bool
}

// LogValue keeps addresses, subject and bytes out of the logs.
func (m OutboxMessage) LogValue() slog.Value {
	return slog.GroupValue(slog.Int64("id", m.ID), slog.String("key", m.Key), slog.String("kind", m.Kind), slog.String("state", string(m.State)), slog.Int("attempts", m.Attempts))
}

const outboxColumns = `id, key, kind, COALESCE(inbox_id, 0), partner, to_address, from_address, message_id, subject, state, why,
	attempts, doubts, queued_at, next_at, sent_at, last_error, numbering, copied`

func scanOutbox(scan scan, more ...any) (OutboxMessage, error) {
	var m OutboxMessage
	var numbering string
	err := scan(append([]any{&m.ID, &m.Key, &m.Kind, &m.InboxID, &m.Partner, &m.To, &m.From, &m.MessageID, &m.Subject, &m.State, &m.Why,
		&m.Attempts, &m.Doubts, instant{&m.QueuedAt}, instant{&m.NextAt}, instant{&m.SentAt}, &m.LastError, &numbering, &m.Copied}, more...)...)
	if err == nil {
		err = json.Unmarshal([]byte(numbering), &m.Numbering)
	}
	return m, err
}

func scanOutboxRaw(scan scan) (OutboxMessage, error) {
	var raw []byte
	m, err := scanOutbox(scan, &raw)
	m.Raw = raw
	return m, err
}

// Queue stores a mail that is owed and returns its id. Where its key is known
// already, the first one's id is returned and nothing changes. Without a state
// it is queued, without NextAt it is due now; QueuedAt is the transaction's
// instant.
func (tx *Tx) Queue(m OutboxMessage) (int64, error) {
	if m.Numbering == nil {
		m.Numbering = []rules.Reference{}
	}
	numbering, err := asJSON(m.Numbering)
	if err != nil {
		return 0, err
	}
	if m.State == "" {
		m.State = OutboxQueued
	}
	if m.NextAt.IsZero() {
		m.NextAt = tx.now
	}
	if m.Raw == nil {
		m.Raw = []byte{}
	}
	var id int64
	err = tx.get([]any{&id}, `INSERT INTO outbox (key, kind, inbox_id, partner, to_address, from_address, message_id, subject, raw, state, why,
		queued_at, next_at, numbering, copied, received, domain, thread, topic, idle)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
		ON CONFLICT (key) DO NOTHING RETURNING id`,
		m.Key, m.Kind, orNull(m.InboxID), m.Partner, brief(m.To), m.From, brief(m.MessageID), m.Subject, m.Raw, m.State, m.Why,
		at(tx.now), at(m.NextAt), numbering, m.Copied,
		at(m.Answer.Received), m.To.Domain(), brief(m.Answer.Thread), m.Answer.Topic, m.Answer.Idle)
	if errors.Is(err, ErrNotFound) {
		err = tx.get([]any{&id}, "SELECT id FROM outbox WHERE key = $1", m.Key)
	}
	if err != nil {
		return 0, fmt.Errorf("queue %s: %w", m.Key, err)
	}
	return id, nil
}

// Due lists what is to be sent by now, oldest first, with the bytes: queued,
// deferred, or uncertain for the first time.
func (tx *Tx) Due(most int) ([]OutboxMessage, error) {
	return list(tx, scanOutboxRaw, "SELECT "+outboxColumns+`, raw FROM outbox
		WHERE state IN ('queued', 'deferred', 'uncertain') AND next_at <= $1 AND (state <> 'uncertain' OR doubts < 2)
		ORDER BY next_at, id LIMIT $2`, at(tx.now), limit(most))
}

// StartSending takes a mail for one attempt and counts it, before the network is
// touched. ErrTaken where it is not (or no longer) to be sent: another daemon
// has it.
func (tx *Tx) StartSending(id int64) error {
	n, err := tx.exec(`UPDATE outbox SET state = 'sending', attempts = attempts + 1
		WHERE id = $1 AND state IN ('queued', 'deferred', 'uncertain') AND (state <> 'uncertain' OR doubts < 2)`, id)
	if err == nil && n == 0 {
		err = ErrTaken
	}
	if err != nil {
		return fmt.Errorf("send mail %d: %w", id, err)
	}
	return nil
}

// EndSending notes how an attempt ended. next is when to try again, for deferred
// and uncertain.
func (tx *Tx) EndSending(id int64, state OutboxState, next time.Time, lastError string) error {
	var sent time.Time
	if state == OutboxSent {
		sent = tx.now
	}
	if next.IsZero() {
		next = tx.now
	}
	n, err := tx.exec(`UPDATE outbox SET state = $2, next_at = $3, last_error = $4, sent_at = COALESCE($5, sent_at),
		doubts = doubts + CASE WHEN $2 = 'uncertain' THEN 1 ELSE 0 END WHERE id = $1 AND state = 'sending'`,
		id, state, at(next), lastError, at(sent))
	return one(n, err, "outbox mail %d, being sent", id)
}

// Interrupted is for a moment in which nobody sends; the desk calls it once, at the
// start of Run (or of its first Settle). What is marked as being sent then was cut
// off when the former program ended: it is uncertain, and due once more at next.
// It says how many.
func (tx *Tx) Interrupted(next time.Time) (int, error) {
	n, err := tx.exec(`UPDATE outbox SET state = 'uncertain', doubts = doubts + 1, next_at = $1,
		last_error = 'the program ended while this mail was being sent' WHERE state = 'sending'`, at(next))
	return int(n), err
}

// Outbox returns one mail of ours with its bytes.
func (tx *Tx) Outbox(id int64) (OutboxMessage, error) {
	all, err := list(tx, scanOutboxRaw, "SELECT "+outboxColumns+", raw FROM outbox WHERE id = $1", id)
	return sole(all, err, "outbox mail %d", id)
}

// OutboxFilter chooses mails of ours; what is zero does not count.
type OutboxFilter struct {
	State   OutboxState
	Partner rules.PartnerID
	InboxID int64
	Limit   int
}

// OutboxList lists mails of ours without their bytes, newest first.
func (tx *Tx) OutboxList(f OutboxFilter) ([]OutboxMessage, error) {
	return list(tx, func(scan scan) (OutboxMessage, error) { return scanOutbox(scan) }, "SELECT "+outboxColumns+` FROM outbox
		WHERE ($1 = '' OR state = $1) AND ($2 = '' OR partner = $2) AND (CAST($3 AS BIGINT) = 0 OR inbox_id = $3)
		ORDER BY id DESC LIMIT $4`, string(f.State), string(f.Partner), f.InboxID, limit(f.Limit))
}

// Release lets a held mail go: it is due now.
func (tx *Tx) Release(id int64) error {
	m, err := tx.Outbox(id)
	if err != nil {
		return err
	}
	n, err := tx.exec("UPDATE outbox SET state = 'queued', why = '', next_at = $2 WHERE id = $1 AND state = 'held'", id, at(tx.now))
	if err == nil && n == 0 {
		err = fmt.Errorf("outbox mail %d is %s: only what is held can be released", id, m.State)
	}
	return err
}

// Uncopied lists what was sent and does not lie in the Sent folder yet, oldest
// first, with the bytes.
func (tx *Tx) Uncopied(most int) ([]OutboxMessage, error) {
	return list(tx, scanOutboxRaw, "SELECT "+outboxColumns+", raw FROM outbox WHERE state = 'sent' AND NOT copied ORDER BY id LIMIT $1", limit(most))
}

// MarkCopied notes that a sent mail lies in the Sent folder.
func (tx *Tx) MarkCopied(id int64) error {
	n, err := tx.exec("UPDATE outbox SET copied = TRUE WHERE id = $1", id)
	return one(n, err, "outbox mail %d", id)
}

// RepliesTo counts our answers to an address, held and failed ones included, to
// mails that were received in [since, until).
func (tx *Tx) RepliesTo(address rules.Address, since, until time.Time) (int, error) {
	var n int
	err := tx.get([]any{&n}, `SELECT count(*) FROM outbox o JOIN inbox i ON i.id = o.inbox_id
		WHERE o.to_address = $1 AND i.sender = $1 AND o.state <> 'cancelled' AND i.received >= $2 AND i.received < $3`,
		brief(address), at(since), at(until))
	return n, err
}

// Suppress stops all mail to an address, in any letter case. The first reason
// stays.
func (tx *Tx) Suppress(address rules.Address, why string) error {
	if why == "" {
		why = "suppressed"
	}
	_, err := tx.exec("INSERT INTO suppressions (mailbox, address, why, since) VALUES ($1, $2, $3, $4) ON CONFLICT (mailbox) DO NOTHING",
		suppression(address), address, why, at(tx.now))
	return err
}

// suppression is the key of an address among the suppressed ones.
func suppression(address rules.Address) string { return strings.ToLower(string(brief(address))) }

// Suppressed is why nothing is sent to an address; "" where mail may go there.
func (tx *Tx) Suppressed(address rules.Address) (string, error) {
	var why string
	err := tx.get([]any{&why}, "SELECT why FROM suppressions WHERE mailbox = $1", suppression(address))
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return why, err
}
