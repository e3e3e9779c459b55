package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

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
	type late struct {
		name  string
		since time.Time
		tell  func() (notify.Waits, error)
	}
	var all []late
	for _, w := range g.waiting {
		if g.late(w.Received) {
			all = append(all, late{string(w.Case()), w.Received, func() (notify.Waits, error) { return g.waits(tx, w) }})
		}
	}
	for _, w := range g.papers {
		if since := g.d.handedIn(w); g.late(since) {
			all = append(all, late{w.Name(), since, func() (notify.Waits, error) { return g.formsWait(tx, w) }})
		}
	}
	slices.SortStableFunc(all, func(x, y late) int { return x.since.Compare(y.since) })
	for _, one := range all[:min(len(all), mostWaiting)] {
		w, err := one.tell()
		if err != nil {
			return err
		}
		w.Received, w.Hours = one.since, g.hours(one.since)
		if err := g.d.toStaff(tx, overdueKey(one.name)+string(today), store.InboxMessage{ID: w.Mail}, func(to rules.Address) (notify.Rendered, error) {
			return g.d.render.Overdue(to, w, g.d.identity(tx))
		}); err != nil {
			return err
		}
	}
	return nil
}

// waits is a review as staff are reminded of it.
func (g *gazette) waits(tx *store.Tx, w store.Review) (notify.Waits, error) {
	c, orders, err := g.d.orders(tx, w)
	return notify.Waits{Ref: w.Ref, Verb: w.Verb, Case: c, Mail: w.InboxID, Partner: w.Partner, From: w.Sender, Subject: w.Subject, Prospect: w.Prospect, Organisation: w.Organisation,
		Reasons: w.Reasons, Why: w.Why, Lever: notify.Lever{Token: rules.NewToken(g.key, c, g.now), Orders: orders}}, err
}

// formsWait is the same of forms.
func (g *gazette) formsWait(tx *store.Tx, w store.Submitted) (notify.Waits, error) {
	stands, err := g.d.paperwork(tx, w.Partner)
	out := notify.Waits{Mail: w.InboxID, Partner: w.Partner, From: w.Sender, Subject: w.Subject, Forms: w.Forms, Paperwork: stands}
	if w.InboxID > 0 {
		out.Case = rules.FormsCase(w.InboxID)
		out.Lever = notify.Lever{Token: rules.NewToken(g.key, out.Case, g.now), Orders: onForms}
	}
	return out, err
}

// overdueKey is how the key of a reminder of something that waits begins.
func overdueKey(name string) string { return fmt.Sprintf("%s/%s/", templates.Overdue, name) }

// awaited is why a reminder of what waits is not sent any more; "" where it still
// waits.
func (d *Desk) awaited(tx *store.Tx, m store.OutboxMessage) (why string, err error) {
	all, err := tx.Reviews()
	if err != nil || slices.ContainsFunc(all, func(w store.Review) bool { return strings.HasPrefix(m.Key, overdueKey(string(w.Case()))) }) {
		return "", err
	}
	forms, err := tx.Submitted()
	if err != nil || slices.ContainsFunc(forms, func(w store.Submitted) bool { return strings.HasPrefix(m.Key, overdueKey(w.Name())) }) {
		return "", err
	}
	return "it does not wait for a person any more", nil
}
