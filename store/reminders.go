package store

import (
	"errors"
	"fmt"
	"slices"

	"leadmail/rules"
)

// Ending lists the registrations whose last term ends on one of the days, that are
// neither withdrawn nor won, and whose organisation nobody else holds by now, by
// reference. It reads by the index of last days, and then by reference: the cost is
// that of what ends. In one query PostgreSQL, which cannot know how little that is,
// would join all registrations to it.
func (tx *Tx) Ending(days []rules.Date) ([]rules.Registration, error) {
	refs, err := list(tx, scanReference, "SELECT ref FROM terms WHERE until_on "+tx.dialect.in(1), texts(days))
	if err != nil || len(refs) == 0 {
		return nil, err
	}
	all, err := tx.registrations("r.ref "+tx.dialect.in(1)+` AND r.state IN ('active', 'expired') AND r.ended_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM registrations o WHERE o.organisation = r.organisation AND o.slot IS NOT NULL AND o.ref <> r.ref)
		ORDER BY r.ref`, texts(refs))
	return slices.DeleteFunc(all, func(r rules.Registration) bool { return !slices.Contains(days, r.Until()) }), err
}

// Owe notes that a partner is reminded, and says whether that is new: what was owed
// once is never owed again, whoever asks.
func (tx *Tx) Owe(r rules.Reminder, day rules.Date) (bool, error) {
	n, err := tx.exec("INSERT INTO reminders (cause, partner, ref, until_on, stage, day) VALUES ($1, $2, $3, $4, $5, $6)"+
		" ON CONFLICT (partner, cause, ref, until_on, stage) DO NOTHING", r.Cause, r.Partner, r.Ref, on(r.Until), r.Stage, on(day))
	if err != nil {
		return false, fmt.Errorf("reminder of %s %s %s: %w", r.Partner, r.Cause, r.Ref, err)
	}
	return n > 0, nil
}

const sameReminder = "partner = $1 AND cause = $2 AND ref = $3 AND until_on = $4 AND stage = $5"

func reminderKey(r rules.Reminder) []any {
	return []any{r.Partner, r.Cause, r.Ref, on(r.Until), r.Stage}
}

// Tell notes by which mail a partner is reminded.
func (tx *Tx) Tell(r rules.Reminder, outbox int64) error {
	n, err := tx.exec("UPDATE reminders SET outbox_id = $6 WHERE "+sameReminder, append(reminderKey(r), outbox)...)
	return one(n, err, "reminder of %s %s %s", r.Partner, r.Cause, r.Ref)
}

// Told lists what a mail of ours reminds of.
func (tx *Tx) Told(outbox int64) ([]rules.Reminder, error) {
	told, err := list(tx, func(scan scan) (rules.Reminder, error) {
		var r rules.Reminder
		return r, scan(&r.Cause, &r.Partner, &r.Ref, day{&r.Until}, &r.Stage, &r.Company)
	}, `SELECT m.cause, m.partner, m.ref, m.until_on, m.stage, COALESCE(p.company, '') FROM reminders m LEFT JOIN prospects p ON p.ref = m.ref
		WHERE m.outbox_id = $1`, outbox)
	rules.SortReminders(told)
	return told, err
}

// WasTold says whether a reminder has been owed already.
func (tx *Tx) WasTold(r rules.Reminder) (bool, error) {
	var n int
	err := tx.get([]any{&n}, "SELECT count(*) FROM reminders WHERE "+sameReminder, reminderKey(r)...)
	return n > 0, err
}

// Waits says whether a mail that has been found is not decided yet, whatever it
// waits for.
func (tx *Tx) Waits() (bool, error) {
	var n int
	err := tx.get([]any{&n}, "SELECT count(*) FROM inbox WHERE state IN ('found', 'attempted')")
	return n > 0, err
}

// SetQuiet notes whether a partner wants no reminders.
func (tx *Tx) SetQuiet(partner rules.PartnerID, quiet bool, actor, why string) error {
	sql, what, args := "UPDATE partners SET quiet_since = $2 WHERE id = $1 AND quiet_since IS NULL", "reminders stopped", []any{partner, at(tx.now)}
	if !quiet {
		sql, what, args = "UPDATE partners SET quiet_since = NULL WHERE id = $1 AND quiet_since IS NOT NULL", "reminders wanted again", args[:1]
	}
	n, err := tx.exec(sql, args...)
	if err != nil || n == 0 {
		return err
	}
	return tx.Note(actor, string(partner), what, why)
}

// Quiet says whether a partner wants no reminders.
func (tx *Tx) Quiet(partner rules.PartnerID) (bool, error) {
	var n int
	err := tx.get([]any{&n}, "SELECT count(*) FROM partners WHERE id = $1 AND quiet_since IS NOT NULL", partner)
	return n > 0, err
}

// WritesTo is where a partner is written to first: its first address, or where only
// its domain is registered, the address from which it wrote last; "" for none.
func (tx *Tx) WritesTo(p rules.Partner) (rules.Address, error) {
	if len(p.Addresses) > 0 {
		return p.Addresses[0], nil
	}
	var a rules.Address
	err := tx.get([]any{&a}, "SELECT sender FROM inbox WHERE partner = $1 AND partner <> '' AND sender <> '' ORDER BY id DESC LIMIT 1", p.ID)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return a, err
}

// Plans lists the partners whose own plan ends, as far as is known, on a day from one
// to another: with their id and the days by which that is known, nothing else.
func (tx *Tx) Plans(from, to rules.Date) ([]rules.Partner, error) {
	return list(tx, func(scan scan) (rules.Partner, error) {
		var p rules.Partner
		return p, scan(&p.ID, day{&p.JoinedOn}, day{&p.LapsedOn}, day{&p.PlanUntil})
	}, `SELECT id, joined_on, lapsed_on, plan_until FROM partners WHERE removed_at IS NULL AND
		(lapsed_on <> '' AND lapsed_on > $1 AND lapsed_on <= $3 OR plan_until <> '' AND plan_until >= $1 AND plan_until <= $2) ORDER BY id`,
		on(from), on(to), on(to.AddDays(1)))
}
