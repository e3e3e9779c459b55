package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
	"leadmail/templates"
)

// digestedName is under which the database keeps the day of the last digest.
const digestedName = "digested"

// digest owes staff the digest of the day and the reminders of what has waited for
// too long (D33), once the schedule's hour has come and the mailbox has been read
// since. It does not wait for undecided mails: it tells of them. Of several daemons
// one makes it, and after an outage one digest covers all the time since the last.
func (d *Desk) digest(ctx context.Context) error {
	turn, due, err := d.round(ctx, digestedName, d.Digest)
	if err != nil || !due {
		return err
	}
	if err := d.tidy(ctx, turn.today); err != nil {
		return err
	}
	now := d.Now()
	var key []byte
	if err := d.Store.Update(ctx, now, func(tx *store.Tx) error { key, err = d.key(tx); return err }); err != nil {
		return err
	}
	// What is read may be much, and nobody has to wait for it.
	var g *gazette
	if err := d.Store.View(ctx, func(tx *store.Tx) error { g, err = d.gather(tx, turn.at, now, key); return err }); err != nil {
		return err
	}
	err = d.Store.Update(ctx, now, func(tx *store.Tx) error {
		mine, err := tx.MoveSetting(turn.name, turn.kept, string(turn.today))
		if err != nil || !mine {
			return err
		}
		if g.speaks || d.Daily {
			if err := d.toStaff(tx, fmt.Sprintf("%s/%s", templates.Digest, turn.today), store.InboxMessage{}, func(to rules.Address) (notify.Rendered, error) {
				return d.render.Digest(to, g.out, d.identity(tx))
			}); err != nil {
				return err
			}
		}
		return g.overdue(tx, turn.today)
	})
	if err == nil {
		d.wake()
	}
	return err
}

// DigestNow is the digest as it would be sent now, without the tokens; it changes and
// sends nothing.
func (d *Desk) DigestNow(ctx context.Context) (out notify.Rendered, err error) {
	now := d.Now()
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		_, last, err := tx.Setting(digestedName)
		if err != nil {
			return err
		}
		if last.IsZero() {
			last = d.policy.Midnight(d.policy.Day(now))
		}
		g, err := d.gather(tx, last, now, nil)
		if err != nil {
			return err
		}
		id := d.identity(tx)
		id.Date = now // a view has no instant
		out, err = d.render.Digest(d.Program.Address, g.out, id)
		return err
	})
	return out, err
}

// toStaff queues one mail to each of the staff, about a mail of the ledger or none.
func (d *Desk) toStaff(tx *store.Tx, key string, m store.InboxMessage, render func(rules.Address) (notify.Rendered, error)) error {
	for i, staff := range d.Staff {
		r, err := render(staff)
		if err != nil {
			return err
		}
		out := d.outgoing(r, fmt.Sprintf("%s/%d", key, i), m)
		out.Copied = true // Sent is for what partners read
		if _, err := tx.Queue(out); err != nil {
			return err
		}
	}
	return nil
}

// overdue owes the reminders of what has waited for too long, one mail for each, the
// oldest first: each can be answered alone (D33). It is owed by what waits and the
// day.
func (g *gazette) overdue(tx *store.Tx, today rules.Date) error {
	n := 0
	for _, w := range g.waiting {
		if !g.late(w.Received) || n == mostWaiting {
			continue
		}
		n++
		c, orders, err := g.d.orders(tx, w)
		if err != nil {
			return err
		}
		waits := notify.Waits{Ref: w.Ref, Verb: w.Verb, Case: c, Mail: w.InboxID, Partner: w.Partner, From: w.Sender, Subject: w.Subject, Prospect: w.Prospect, Organisation: w.Organisation,
			Reasons: w.Reasons, Why: w.Why, Received: w.Received, Hours: g.hours(w.Received), Lever: notify.Lever{Token: rules.NewToken(g.key, c, g.now), Orders: orders}}
		if err := g.d.toStaff(tx, overdueKey(c)+string(today), store.InboxMessage{ID: w.InboxID}, func(to rules.Address) (notify.Rendered, error) {
			return g.d.render.Overdue(to, waits, g.d.identity(tx))
		}); err != nil {
			return err
		}
	}
	return nil
}

// overdueKey is how the key of a reminder of something that waits begins.
func overdueKey(c rules.Case) string { return fmt.Sprintf("%s/%s/", templates.Overdue, c) }

// awaited is why a reminder of what waits is not sent any more; "" where it still
// waits.
func (d *Desk) awaited(tx *store.Tx, m store.OutboxMessage) (why string, err error) {
	all, err := tx.Reviews()
	if err != nil || slices.ContainsFunc(all, func(w store.Review) bool { return strings.HasPrefix(m.Key, overdueKey(w.Case())) }) {
		return "", err
	}
	return "it does not wait for a person any more", nil
}
