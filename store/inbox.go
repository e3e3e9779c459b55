package store

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"leadmail/rules"
)

// MailboxState is how far a mailbox has been read.
type MailboxState struct {
	Name string
	// UIDValidity and LastUID name the newest mail that the ledger knows
	// (RFC 9051, section 2.3.1.1).
	UIDValidity, LastUID uint32
	// StartedAt is when the daemon first looked at it; ScannedAt is the end of
	// the last complete scan.
	StartedAt, ScannedAt time.Time
}

// Mailbox returns a mailbox's state; ErrNotFound before its first SaveMailbox.
func (tx *Tx) Mailbox(name string) (MailboxState, error) {
	m := MailboxState{Name: name}
	err := tx.get([]any{&m.UIDValidity, &m.LastUID, instant{&m.StartedAt}, instant{&m.ScannedAt}},
		"SELECT uidvalidity, last_uid, started_at, scanned_at FROM mailboxes WHERE name = $1", name)
	if err != nil {
		return MailboxState{}, fmt.Errorf("mailbox %s: %w", name, err)
	}
	return m, nil
}

// SaveMailbox stores a mailbox's state.
func (tx *Tx) SaveMailbox(m MailboxState) error {
	_, err := tx.exec(`INSERT INTO mailboxes (name, uidvalidity, last_uid, started_at, scanned_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE SET uidvalidity = excluded.uidvalidity, last_uid = excluded.last_uid,
		started_at = excluded.started_at, scanned_at = excluded.scanned_at`,
		m.Name, m.UIDValidity, m.LastUID, at(m.StartedAt), at(m.ScannedAt))
	return err
}

// InboxMessage is one mail in the ledger.
type InboxMessage struct {
	ID               int64
	Mailbox          string
	UIDValidity, UID uint32
	// Folder is where the mail lies; "" while in INBOX.
	Folder rules.Folder
	// MessageID stands without brackets and is cut at 998 bytes.
	MessageID, RawHash, ContentHash string
	Sender                          rules.Address
	Verdict                         rules.Verdict
	Partner                         rules.PartnerID
	Subject                         string
	Received                        time.Time
	Size                            int64
	State                           rules.MailState
	// Attempts counts how often reading it was begun.
	Attempts int
	// Pass is the one in which it is decided: 1 is the daemon's (docs/states.md).
	Pass int
	// Why is one line for the operator.
	Why string
	// Duplicate is the mail that this one repeats; 0 for none.
	Duplicate int64
	// RetryAt is when its sender's proof is looked at again, Retries how often that
	// was put off: a mail that waits for this is found, and not yet decided.
	RetryAt time.Time
	Retries int
	// Waiting is set while a person has to look at the mail as a whole.
	Waiting bool
	// Text is what was read, 1 MiB at most. Lists leave it out.
	Text string
	// DecidedAt is the instant of the latest decision; zero before.
	DecidedAt time.Time
}

// LogValue keeps the sender, the subject and the text out of the logs.
func (m InboxMessage) LogValue() slog.Value {
	return slog.GroupValue(slog.Int64("id", m.ID), slog.String("mailbox", m.Mailbox), slog.Uint64("uid", uint64(m.UID)), slog.String("state", string(m.State)))
}

const inboxColumns = `id, mailbox, uidvalidity, uid, folder, message_id, raw_hash, content_hash, sender, verdict, partner,
	subject, received, size, state, attempts, pass, why, duplicate, waiting, decided_at, retry_at, retries`

func (m *InboxMessage) columns() []any {
	return []any{&m.ID, &m.Mailbox, &m.UIDValidity, &m.UID, &m.Folder, &m.MessageID, &m.RawHash, &m.ContentHash, &m.Sender, &m.Verdict, &m.Partner,
		&m.Subject, instant{&m.Received}, &m.Size, &m.State, &m.Attempts, &m.Pass, &m.Why, &m.Duplicate, &m.Waiting, instant{&m.DecidedAt}, instant{&m.RetryAt}, &m.Retries}
}

func scanInbox(scan scan) (InboxMessage, error) {
	var m InboxMessage
	return m, scan(m.columns()...)
}

// Found enters a mail that lies in INBOX, known by mailbox, UIDVALIDITY and
// UID; of the rest only Received and Size are taken. Where the ledger has it
// already, the row is returned as it is.
func (tx *Tx) Found(m InboxMessage) (InboxMessage, error) {
	_, err := tx.exec(`INSERT INTO inbox (mailbox, uidvalidity, uid, received, size, state) VALUES ($1, $2, $3, $4, $5, 'found')
		ON CONFLICT (mailbox, uidvalidity, uid) DO NOTHING`, m.Mailbox, m.UIDValidity, m.UID, at(m.Received), m.Size)
	if err != nil {
		return InboxMessage{}, fmt.Errorf("enter mail %d of %s: %w", m.UID, m.Mailbox, err)
	}
	var found InboxMessage
	err = tx.get(found.columns(), "SELECT "+inboxColumns+" FROM inbox WHERE mailbox = $1 AND uidvalidity = $2 AND uid = $3",
		m.Mailbox, m.UIDValidity, m.UID)
	return found, err
}

// CountAttempt notes that a mail is about to be read and says how often that
// makes. It must be committed before the reading begins: what kills the program
// is then known by its count. ErrDecided where the mail needs no reading.
func (tx *Tx) CountAttempt(id int64) (int, error) {
	var n int
	err := tx.get([]any{&n}, `UPDATE inbox SET attempts = attempts + 1, state = 'attempted'
		WHERE id = $1 AND state IN ('found', 'attempted') RETURNING attempts`, id)
	if errors.Is(err, ErrNotFound) {
		if _, err := tx.Inbox(id); err != nil {
			return 0, err
		}
		return 0, fmt.Errorf("mail %d: %w", id, ErrDecided)
	}
	return n, err
}

// SaveReading stores what was read of the mail m.ID: message id, hashes, sender,
// subject, size and text.
func (tx *Tx) SaveReading(m InboxMessage) error {
	text, err := pack(m.Text)
	if err != nil {
		return fmt.Errorf("mail %d: %w", m.ID, err)
	}
	n, err := tx.exec(`UPDATE inbox SET message_id = $2, raw_hash = $3, content_hash = $4, sender = $5, subject = $6, size = $7, text = $8 WHERE id = $1`,
		m.ID, brief(m.MessageID), m.RawHash, m.ContentHash, brief(m.Sender), m.Subject, m.Size, text)
	return one(n, err, "mail %d", m.ID)
}

// Duplicate is the id of the earliest decided mail that m repeats: the same
// bytes, or the same Message-ID and content (MAIL.md 58, 62); 0 for none. m is
// known by its ID and hashes; nothing of it need have been stored.
// What was not verified is repeated by nothing that is: else whoever sends a
// partner's mail ahead of it, in its name, would have it ignored.
func (tx *Tx) Duplicate(m InboxMessage) (int64, error) {
	var id int64
	err := tx.get([]any{&id}, `SELECT id FROM inbox WHERE id <> $1 AND decided_at IS NOT NULL
		AND ((raw_hash = $2 AND raw_hash <> '') OR (message_id = $3 AND message_id <> '' AND content_hash = $4 AND content_hash <> ''))
		AND ($5 NOT IN ('verified', 'trusted') OR verdict IN ('', 'verified', 'trusted'))
		ORDER BY id LIMIT 1`, m.ID, m.RawHash, brief(m.MessageID), m.ContentHash, string(m.Verdict))
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return id, err
}

// Rebind gives the ledger's row of a mail its new place after UIDVALIDITY
// changed from from to to: the oldest row of those bytes that still lay in
// INBOX. What was still to be filed of it follows. It returns 0 where there is
// none, or where the new place has a row already.
func (tx *Tx) Rebind(mailbox string, from, to, uid uint32, rawHash string) (int64, error) {
	var id int64
	err := tx.get([]any{&id}, `UPDATE inbox SET uidvalidity = $3, uid = $4
		WHERE id = (SELECT MIN(id) FROM inbox WHERE mailbox = $1 AND uidvalidity = $2 AND folder = '' AND raw_hash = $5 AND raw_hash <> '')
		AND NOT EXISTS (SELECT 1 FROM inbox WHERE mailbox = $1 AND uidvalidity = $3 AND uid = $4)
		RETURNING id`, mailbox, from, to, uid, rawHash)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return id, err
}

// Abandon closes what is left undecided of an old UIDVALIDITY once everything
// that could be bound anew has been: those mails are gone from INBOX, or were
// found again under new numbers without having been read before. It says how
// many. What was decided and had still to be filed counts as filed: gone from INBOX
// is moved (MAIL.md, crash points).
func (tx *Tx) Abandon(mailbox string, uidvalidity uint32) (int, error) {
	moved, err := list(tx, func(scan scan) (int64, error) {
		var id int64
		return id, scan(&id)
	}, `SELECT i.id FROM filings f JOIN inbox i ON i.id = f.inbox_id
		WHERE f.done_at IS NULL AND i.mailbox = $1 AND i.uidvalidity = $2 AND i.folder = '' ORDER BY i.id`, mailbox, uidvalidity)
	if err != nil {
		return 0, err
	}
	for _, id := range moved {
		if err := tx.Filed(id); err != nil {
			return 0, err
		}
	}
	n, err := tx.exec(`UPDATE inbox SET state = 'ignored', why = 'the mailbox was renumbered before this mail was decided; what is still there was found anew'
		WHERE mailbox = $1 AND uidvalidity = $2 AND state IN ('found', 'attempted')`, mailbox, uidvalidity)
	return int(n), err
}

// Vanished closes an undecided mail that is no longer in INBOX: somebody moved
// or deleted it before it was read (MAIL.md 126). Others are left as they are.
func (tx *Tx) Vanished(id int64) error {
	_, err := tx.exec(`UPDATE inbox SET state = 'ignored', why = 'taken out of the mailbox by somebody before it was decided'
		WHERE id = $1 AND state IN ('found', 'attempted')`, id)
	return err
}

// Inbox returns one mail with its text.
func (tx *Tx) Inbox(id int64) (InboxMessage, error) {
	var m InboxMessage
	var text []byte
	err := tx.get(append(m.columns(), &text), "SELECT "+inboxColumns+", text FROM inbox WHERE id = $1", id)
	if err == nil {
		m.Text, err = unpack(text)
	}
	if err != nil {
		return InboxMessage{}, fmt.Errorf("mail %d: %w", id, err)
	}
	return m, nil
}

// InboxFilter chooses mails; what is zero does not count.
type InboxFilter struct {
	State   rules.MailState
	Partner rules.PartnerID
	Limit   int
}

// InboxList lists mails without their text, newest first.
func (tx *Tx) InboxList(f InboxFilter) ([]InboxMessage, error) {
	return list(tx, scanInbox, "SELECT "+inboxColumns+` FROM inbox WHERE ($1 = '' OR state = $1) AND ($2 = '' OR partner = $2)
		ORDER BY id DESC LIMIT $3`, string(f.State), string(f.Partner), limit(f.Limit))
}

// Undecided lists the mails found or attempted, in the order in which they are
// to be decided: by receipt, then by UID (D3). Those that wait for another look
// at their sender at an instant are left out.
func (tx *Tx) Undecided(mailbox string, uidvalidity uint32, now time.Time) ([]InboxMessage, error) {
	return list(tx, scanInbox, "SELECT "+inboxColumns+` FROM inbox
		WHERE mailbox = $1 AND uidvalidity = $2 AND state IN ('found', 'attempted') AND (retry_at IS NULL OR retry_at <= $3)
		ORDER BY received, uid`, mailbox, uidvalidity, at(now))
}

// Known are the UIDs from lowest on that the ledger has of a mailbox under one
// UIDVALIDITY, whatever became of those mails.
func (tx *Tx) Known(mailbox string, uidvalidity, lowest uint32) (map[uint32]bool, error) {
	known := map[uint32]bool{}
	_, err := list(tx, func(scan scan) (struct{}, error) {
		var uid uint32
		err := scan(&uid)
		known[uid] = true
		return struct{}{}, err
	}, "SELECT uid FROM inbox WHERE mailbox = $1 AND uidvalidity = $2 AND uid >= $3", mailbox, uidvalidity, lowest)
	return known, err
}

// mostText is how much of a mail's text is kept.
const mostText = 1 << 20

func pack(text string) ([]byte, error) {
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "")
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

func unpack(b []byte) (string, error) {
	if len(b) == 0 {
		return "", nil
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return "", fmt.Errorf("stored text: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, mostText+1))
	return string(text), err
}
