package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
	"leadmail/templates"
)

// remindedName is under which the database keeps the day of the last reminders.
const remindedName = "reminded"

// mostMissed is how many days of reminders are caught up after an outage.
const mostMissed = 60

// remind owes the reminders of today, once the schedule's hour has come. The
// mailbox must have been read since, and no mail may wait undecided: it could be the
// very renewal (D2). What an outage has left out is caught up by the nearest stage, at
// that hour too. It may run as often, and on as many machines, as it likes.
func (d *Desk) remind(ctx context.Context) error {
	turn, due, err := d.round(ctx, remindedName, d.Schedule)
	if err != nil || !due {
		return err
	}
	waits := false
	if err := d.Store.View(ctx, func(tx *store.Tx) (err error) { waits, err = tx.Waits(); return err }); err != nil {
		return err
	}
	if waits {
		d.Log.Info("reminders wait for a mail that is not decided yet")
		return nil
	}
	return d.remindOf(ctx, turn.since, turn.today)
}

// remindOf owes what came due after a day, until another.
func (d *Desk) remindOf(ctx context.Context, since, today rules.Date) error {
	now := d.Now()
	if err := d.tidy(ctx, today); err != nil {
		return err
	}
	if missed := today.AddDays(-mostMissed); since < missed {
		since = missed
	}
	due, urgent, err := d.due(ctx, since, "", today)
	if err != nil {
		return err
	}
	for _, id := range urgent {
		d.queueAlert(ctx, "paperwork/"+string(id), notify.Alert{Subject: fmt.Sprintf("Forms of %s wait for you, and its last day is near or past", id),
			What: "Nothing is forfeited while they wait; the day on which they came counts.",
			Hint: fmt.Sprintf("leadmail paperwork list --partner %s shows them; answer the mail about them, or leadmail paperwork record.", id)})
	}
	for len(due) > 0 {
		n := 1
		for n < len(due) && due[n].Partner == due[0].Partner {
			n++
		}
		if err := d.Store.Update(ctx, now, func(tx *store.Tx) error { return d.oweReminder(tx, due[:n], today) }); err != nil {
			return fmt.Errorf("remind %s: %w", due[0].Partner, err)
		}
		due = due[n:]
	}
	if err := d.Store.Update(ctx, now, func(tx *store.Tx) error { return tx.SaveSetting(remindedName, string(today)) }); err != nil {
		return err
	}
	d.wake()
	return nil
}

// tidy notes what partners that lapsed have lost by a day (D35). Nothing depends on
// it: whoever decides looks at the dates (D2).
func (d *Desk) tidy(ctx context.Context, today rules.Date) error {
	var lapsed []rules.PartnerID
	err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
		lapsed, err = tx.Lapsed(today, d.policy)
		return err
	})
	for _, id := range lapsed {
		if err == nil {
			err = d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error { return tx.Touch(id, nil, today, d.policy) })
		}
	}
	return err
}

// due are the reminders that came due after a day, until another, and the partners
// whose forms wait for staff near their last day. What is known of a plan may be known
// late, so of plans everything is due since planned that nobody was told.
func (d *Desk) due(ctx context.Context, since, planned, today rules.Date) (due []rules.Reminder, urgent []rules.PartnerID, err error) {
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		regs, err := tx.Ending(rules.Endings(since, today, d.policy.ReminderStages))
		if err != nil {
			return err
		}
		due = rules.DueReminders(regs, since, today, d.policy)
		papers, err := tx.Papers(rules.JoinedFor(rules.Endings(since, today, d.policy.PaperworkStages)...))
		if err != nil {
			return err
		}
		due = append(due, rules.DuePaperwork(papers, since, today, d.policy)...)
		urgent = rules.UrgentPaperwork(papers, since, today, d.policy)
		plans, err := tx.Plans(rules.Plans(today, d.policy))
		if err != nil {
			return err
		}
		for _, r := range rules.DueMemberships(plans, planned, today, d.policy) {
			told, err := tx.WasTold(r)
			if err != nil {
				return err
			}
			if !told {
				due = append(due, r)
			}
		}
		return nil
	})
	rules.SortReminders(due)
	return due, urgent, err
}

// Upcoming says what partners would be reminded of on a day, as things stand, and
// where it would go; what has been owed already is left out.
func (d *Desk) Upcoming(ctx context.Context, on rules.Date) (out []rules.Reminder, to map[rules.PartnerID]rules.Address, err error) {
	since, planned, err := d.before(ctx, on)
	if err != nil {
		return nil, nil, err
	}
	due, _, err := d.due(ctx, since, planned, on)
	if err != nil {
		return nil, nil, err
	}
	to = map[rules.PartnerID]rules.Address{}
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		for _, r := range due {
			told, err := tx.WasTold(r)
			if err != nil {
				return err
			}
			p, address, wanted, err := d.wants(tx, []rules.Reminder{r}, on)
			if err != nil {
				return err
			}
			if p != nil && len(wanted) > 0 && !told {
				to[r.Partner] = address
				out = append(out, r)
			}
		}
		return nil
	})
	return out, to, err
}

// before says since when what is due would go on a day: since the day before, but in the
// next turn that is made since the last one, and of plans whatever nobody was told.
func (d *Desk) before(ctx context.Context, on rules.Date) (since, planned rules.Date, err error) {
	since, planned = on.AddDays(-1), on.AddDays(-1)
	var last rules.Date
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		day, _, err := tx.Setting(remindedName)
		last = rules.Date(day)
		return err
	})
	if err != nil || on > max(d.policy.Day(d.Now()), last.AddDays(1)) {
		return since, planned, err
	}
	if last != "" {
		since = max(min(since, last), on.AddDays(-mostMissed))
	}
	return since, "", nil
}

// concerns says whether a reminder concerns a partner as it stands: who may renew
// nothing is not told of what ends. What was earned is paid to whoever hands in its
// forms (D35), and a membership is told of whatever else is in the way.
func (d *Desk) concerns(r rules.Reminder, p rules.Partner, today rules.Date) bool {
	return r.Cause != rules.OfRegistration || p.Member(today, d.policy) == ""
}

// wants says which of one partner's reminders it gets, and where: none where the
// partner has been removed or cannot be reached, and after STOP only what tells of its
// lapse.
func (d *Desk) wants(tx *store.Tx, due []rules.Reminder, today rules.Date) (*rules.Partner, rules.Address, []rules.Reminder, error) {
	p, err := tx.Partner(due[0].Partner)
	if errors.Is(err, store.ErrNotFound) {
		return nil, "", nil, nil // removed
	}
	if err != nil {
		return nil, "", nil, err
	}
	quiet, err := tx.Quiet(p.ID)
	if err != nil {
		return nil, "", nil, err
	}
	to, err := tx.WritesTo(p)
	if err != nil || to == "" {
		return nil, "", nil, err
	}
	var wanted []rules.Reminder
	for _, r := range due {
		if !d.concerns(r, p, today) || quiet && !r.Notice() {
			continue
		}
		wanted = append(wanted, r)
	}
	return &p, to, wanted, nil
}

// oweReminder queues one mail to a partner with all that is due.
func (d *Desk) oweReminder(tx *store.Tx, due []rules.Reminder, today rules.Date) error {
	p, to, due, err := d.wants(tx, due, today)
	if err != nil || p == nil {
		return err
	}
	var fresh []rules.Reminder
	for _, r := range due {
		new, err := tx.Owe(r, today)
		if err != nil {
			return err
		}
		if new {
			fresh = append(fresh, r)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return d.queueReminder(tx, fresh, p, to, today, d.mode(p), fmt.Sprintf("%s/%s/%s", store.KindReminder, p.ID, today))
}

func (d *Desk) queueReminder(tx *store.Tx, due []rules.Reminder, p *rules.Partner, to rules.Address, today rules.Date, mode rules.Mode, key string) error {
	// What was lost is held no more; it is looked for where the mail tells of it alone.
	all := slices.ContainsFunc(due, func(r rules.Reminder) bool { return r.Released(d.policy) })
	regs, err := tx.Registrations(store.RegistrationFilter{Partner: p.ID, Holding: !all})
	if err != nil {
		return err
	}
	lost := rules.Lost(regs, *p, d.policy)
	due = slices.DeleteFunc(slices.Clone(due), func(r rules.Reminder) bool { return r.Released(d.policy) && len(lost) == 0 })
	if len(due) == 0 {
		return nil // nothing was lost, and of the lapse it has been told
	}
	meter := rules.Book{Received: tx.Now(), Partner: p, Registrations: regs}.Meter(d.policy)
	w, err := d.paperwork(tx, p.ID)
	if err != nil {
		return err
	}
	r, err := d.render.Reminder(due, lost, w, to, *p, meter, today, d.identity(tx))
	if err != nil {
		return err
	}
	out := d.outgoing(r, key, store.InboxMessage{Partner: p.ID})
	switch mode {
	case rules.ModeShadow:
		out.State, out.Why = store.OutboxHeld, shadowWhy
	case rules.ModeApprove:
		out.State, out.Why = store.OutboxHeld, "mode approve: waits for `leadmail outbox release`"
	}
	id, err := tx.Queue(out)
	if err != nil {
		return err
	}
	for _, one := range due {
		if err := tx.Tell(one, id); err != nil {
			return err
		}
	}
	return nil
}

// settled looks at a reminder once more as it is about to be sent: why it is not
// sent any more, "" where it is. Where a part of what it says is settled, the rest
// is owed by another mail.
func (d *Desk) settled(tx *store.Tx, m store.OutboxMessage) (why string, err error) {
	if m.Doubts > 0 {
		return "", nil // identical bytes go out once more, or nothing
	}
	switch m.Kind {
	case templates.Overdue:
		return d.awaited(tx, m)
	case store.KindReminder:
		return d.stillDue(tx, m)
	case templates.Welcome:
		return d.stillWelcome(tx, m)
	}
	return "", nil
}

func (d *Desk) stillDue(tx *store.Tx, m store.OutboxMessage) (why string, err error) {
	told, err := tx.Told(m.ID)
	if err != nil {
		return "", err
	}
	today := d.policy.Day(tx.Now())
	if len(told) == 0 {
		return "", nil
	}
	p, to, wanted, err := d.wants(tx, told, today)
	if err != nil {
		return "", err
	}
	if p == nil || len(wanted) == 0 {
		return "the partner wants no reminders, or cannot be reached", nil
	}
	var left []rules.Reminder
	for _, r := range wanted {
		stands, err := d.stands(tx, p, r, today)
		if err != nil {
			return "", err
		}
		if stands {
			left = append(left, r)
		}
	}
	switch {
	case len(left) == len(told):
		return "", nil
	case len(left) == 0:
		return "all that it reminds of is settled, or a nearer one has taken its place", nil
	}
	// What it takes the place of was on its way already: nobody need release it again.
	key := fmt.Sprintf("%s/again/%d", store.KindReminder, m.ID)
	return "a part of what it reminds of is settled, or a nearer one has taken its place; the rest goes out by itself", d.queueReminder(tx, left, p, to, today, rules.ModeAuto, key)
}

// stands says whether a reminder may still be told today: its cause holds, and nobody
// else has the organisation by now.
func (d *Desk) stands(tx *store.Tx, p *rules.Partner, r rules.Reminder, today rules.Date) (bool, error) {
	switch r.Cause {
	case rules.OfMembership:
		return r.DueOf(*p, today, d.policy), nil
	case rules.OfPaperwork:
		w, err := d.paperwork(tx, r.Partner)
		return err == nil && r.DueFor(w, today, d.policy), err
	}
	reg, err := tx.Registration(r.Ref)
	if err != nil || !r.Due(reg, today, d.policy) {
		return false, err
	}
	holding, err := tx.Registrations(store.RegistrationFilter{Organisation: reg.Organisation, Holding: true})
	taken := slices.ContainsFunc(holding, func(o rules.Registration) bool { return o.Ref != reg.Ref && o.Outstanding(d.policy, tx.Now()) })
	return err == nil && !taken, err
}
