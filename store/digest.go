package store

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"leadmail/rules"
)

// What the digest of staff reads. Each query goes by an index, so that it costs what
// happened or waits, not what exists; a test asks both databases for their plans.
const (
	rulingsSQL = `SELECT i.partner, d.decided_at, d.decision FROM decisions d JOIN inbox i ON i.id = d.inbox_id
		WHERE d.decided_at > $1 AND d.decided_at <= $2 ORDER BY d.decided_at, d.inbox_id, d.pass`
	reviewedSQL = `SELECT what, count(*) FROM history WHERE at > $1 AND at <= $2 AND what LIKE 'review: %' GROUP BY what ORDER BY what`

	undecidedSQL    = `SELECT count(*), MIN(received) FROM inbox WHERE state IN ('found', 'attempted')`
	heldSQL         = ` FROM outbox WHERE state = 'held' AND why <> $1 AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.id = outbox.inbox_id AND i.waiting)`
	heldFirst       = ` ORDER BY queued_at, id LIMIT $2`
	undeliveredSQL  = ` FROM outbox WHERE state IN ('failed', 'uncertain') AND next_at > $1 AND next_at <= $2 AND (state = 'failed' OR doubts > 1) ORDER BY next_at, id`
	quarantinedSQL  = ` FROM inbox WHERE state = 'quarantined' AND decided_at > $1 AND decided_at <= $2 ORDER BY decided_at, id`
	suppressionsSQL = `SELECT address, why, since FROM suppressions WHERE since > $1 AND since <= $2 ORDER BY since, mailbox`

	expiringSQL = ` FROM terms t JOIN registrations r ON r.ref = t.ref WHERE t.until_on >= $1 AND t.until_on <= $2 AND r.state = 'active'
		AND NOT EXISTS (SELECT 1 FROM terms l WHERE l.ref = t.ref AND l.n > t.n)`
	expiringFirst = ` ORDER BY t.until_on, t.ref LIMIT $3`
	// Who holds so many has a slot that is at least as high. PostgreSQL would hash all
	// terms for an EXISTS, and without an upper end expect a third of all slots.
	fullestSQL = `WITH used AS (SELECT r.partner, count(*) AS n FROM registrations r
			WHERE r.partner IN (SELECT partner FROM registrations WHERE slot IS NOT NULL AND slot >= $1 AND slot <= $4) AND r.slot IS NOT NULL
			AND (r.state = 'under_review' OR (SELECT MAX(t.until_on) FROM terms t WHERE t.ref = r.ref) >= $2)
			GROUP BY r.partner HAVING count(*) >= $1)
		SELECT partner, n, (SELECT count(*) FROM used) FROM used ORDER BY n DESC, partner LIMIT $3`
)

// Rulings lists the decisions made in (from, until], in their order.
func (tx *Tx) Rulings(from, until time.Time) ([]rules.Ruling, error) {
	return list(tx, func(scan scan) (rules.Ruling, error) {
		var r rules.Ruling
		var decision string
		if err := scan(&r.Partner, instant{&r.At}, &decision); err != nil {
			return r, err
		}
		return r, json.Unmarshal([]byte(decision), &r.Decision)
	}, rulingsSQL, at(from), at(until))
}

// Reviewed counts what staff decided of prospects under review in (from, until].
func (tx *Tx) Reviewed(from, until time.Time) (map[rules.Outcome]int, error) {
	done := map[rules.Outcome]int{}
	_, err := list(tx, func(scan scan) (struct{}, error) {
		var what string
		var n int
		err := scan(&what, &n)
		done[rules.Outcome(strings.TrimPrefix(what, reviewed))] = n
		return struct{}{}, err
	}, reviewedSQL, at(from), at(until))
	return done, err
}

// Backlog counts the mails that are not decided yet, and when the oldest was received;
// that is zero where there is none.
func (tx *Tx) Backlog() (n int, oldest time.Time, err error) {
	err = tx.get([]any{&n, instant{&oldest}}, undecidedSQL)
	return n, oldest, err
}

// HeldReplies counts the mails of ours that wait to be released, and lists the first
// of them, oldest first. Those that are held for one reason are left out, and those
// whose mail waits itself.
func (tx *Tx) HeldReplies(except string, most int) (n int, first []OutboxMessage, err error) {
	if err = tx.get([]any{&n}, "SELECT count(*)"+heldSQL, except); err != nil || n == 0 {
		return n, nil, err
	}
	first, err = list(tx, func(scan scan) (OutboxMessage, error) { return scanOutbox(scan) }, "SELECT "+outboxColumns+heldSQL+heldFirst, except, limit(most))
	return n, first, err
}

// Undelivered lists the mails of ours that failed in (from, until], or of which it
// stayed uncertain whether they came.
func (tx *Tx) Undelivered(from, until time.Time) ([]OutboxMessage, error) {
	return list(tx, func(scan scan) (OutboxMessage, error) { return scanOutbox(scan) }, "SELECT "+outboxColumns+undeliveredSQL, at(from), at(until))
}

// Quarantined lists the mails that were put aside in (from, until], without their
// text.
func (tx *Tx) Quarantined(from, until time.Time) ([]InboxMessage, error) {
	return list(tx, scanInbox, "SELECT "+inboxColumns+quarantinedSQL, at(from), at(until))
}

// Suppression is an address to which nothing is sent any more.
type Suppression struct {
	Address rules.Address
	Why     string
	Since   time.Time
}

// SuppressedIn lists the addresses that were suppressed in (from, until].
func (tx *Tx) SuppressedIn(from, until time.Time) ([]Suppression, error) {
	return list(tx, func(scan scan) (Suppression, error) {
		var s Suppression
		return s, scan(&s.Address, &s.Why, instant{&s.Since})
	}, suppressionsSQL, at(from), at(until))
}

// Expiring counts the active registrations whose last day lies in [from, until], and
// lists those that end first.
func (tx *Tx) Expiring(from, until rules.Date, most int) (n int, first []rules.Registration, err error) {
	if err = tx.get([]any{&n}, "SELECT count(*)"+expiringSQL, on(from), on(until)); err != nil || n == 0 {
		return n, nil, err
	}
	refs, err := list(tx, scanReference, "SELECT t.ref"+expiringSQL+expiringFirst, on(from), on(until), limit(most))
	if err != nil {
		return 0, nil, err
	}
	first, err = tx.registrations("r.ref "+tx.dialect.in(1)+" ORDER BY r.ref", texts(refs))
	slices.SortStableFunc(first, func(x, y rules.Registration) int { return strings.Compare(string(x.Until()), string(y.Until())) })
	return n, first, err
}

// Used is how many outstanding registrations a partner has.
type Used struct {
	Partner rules.PartnerID
	N       int
}

// Fullest counts the partners that hold so many registrations or more on a day, and
// lists the fullest.
func (tx *Tx) Fullest(least int, today rules.Date, most int) (n int, first []Used, err error) {
	first, err = list(tx, func(scan scan) (Used, error) {
		var u Used
		return u, scan(&u.Partner, &u.N, &n)
	}, fullestSQL, least, on(today), limit(most), int64(1<<40))
	return n, first, err
}

// MoveSetting gives a setting another value where it has the one that is expected, ""
// for none yet, and says whether it had: of several who want to, one may.
func (tx *Tx) MoveSetting(name, from, to string) (bool, error) {
	if from == "" {
		n, err := tx.exec("INSERT INTO settings (name, value, since) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING", name, to, at(tx.now))
		return n > 0, err
	}
	n, err := tx.exec("UPDATE settings SET value = $3, since = $4 WHERE name = $1 AND value = $2", name, from, to, at(tx.now))
	return n > 0, err
}
