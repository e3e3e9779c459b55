package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"leadmail/rules"
	"leadmail/store"
)

// newPartner is a partner to be entered. One that was a partner before keeps the day on
// which it first joined (D35).
func newPartner(tx *store.Tx, id rules.PartnerID, today rules.Date) (rules.Partner, error) {
	former, err := tx.Former(id)
	if errors.Is(err, store.ErrNotFound) {
		return rules.Partner{ID: id, JoinedOn: today}, nil
	}
	return rules.Partner{ID: id, JoinedOn: former.JoinedOn}, err
}

// changes says what differs between two records of a partner, with the old and the new
// value, for the history.
func changes(old, p rules.Partner) string {
	var out []string
	for _, c := range partnerColumns("") {
		was, is := text(c.value(old)), text(c.value(p))
		if c.name == "state" || was == is {
			continue
		}
		if was == "" {
			was = "none"
		}
		if is == "" {
			is = "none"
		}
		out = append(out, c.name+" "+was+" -> "+is)
	}
	return strings.Join(out, ", ")
}

type partnersRejoin struct {
	ID        rules.PartnerID `arg:"" help:"The partner's id."`
	Plan      *string         `help:"The plan that it has now, if it is another one." placeholder:"PLAN"`
	PlanUntil *string         `help:"The last day of its subscription, where it is known." placeholder:"DATE"`
	Address   []string        `help:"An address it writes from; needed for a partner that was removed."`
	Domain    []string        `help:"A domain of which every address is this partner's."`
	NoWelcome bool            `help:"Send it no mail."`
	Why       string          `help:"A remark for the history." placeholder:"TEXT"`
}

// Help teaches by example.
func (partnersRejoin) Help() string {
	return `The day on which it first joined stays (D35). What it held is kept where it comes back within release_after_days of its lapse; what
has been released by then stays released, and the answer lists both.

    leadmail partners rejoin northwind --plan-until 2027-01-31
    leadmail partners rejoin northwind --address lena@northwind.example    (it had been removed)`
}

// Run takes a partner back.
func (c partnersRejoin) Run(a *app) error {
	return a.changePartner(c.ID, func(r *records, tx *store.Tx) error {
		today := r.policy.Day(a.now())
		old, err := tx.Partner(c.ID)
		removed := errors.Is(err, store.ErrNotFound)
		if removed {
			old, err = tx.Former(c.ID)
		}
		if errors.Is(err, store.ErrNotFound) {
			return failed("leadmail partners list shows those there are; enter a new one with: leadmail partners add", "there is no partner %q, and there was none", c.ID)
		}
		if err != nil {
			return err
		}
		if lapse := old.Lapse(); !removed && (lapse == "" || lapse > today) {
			fmt.Fprintf(a.stdout, "%s has not lapsed: nothing was changed. Its days are changed with: leadmail partners set %s\n", c.ID, c.ID)
			return nil
		}
		p := old
		p.LapsedOn = ""
		if p.PlanUntil < today {
			p.PlanUntil = ""
		}
		p.Addresses, p.Domains = slices.Clone(old.Addresses), slices.Clone(old.Domains)
		if err := (partnerFields{Plan: c.Plan, PlanUntil: c.PlanUntil}).apply(&p, r.policy); err != nil {
			return err
		}
		if p.PlanUntil != "" && p.PlanUntil < today {
			return usage(fmt.Sprintf("--plan-until %s has passed", p.PlanUntil), "write the last day of the subscription that it has now")
		}
		if err := addAddresses(&p, c.Address, c.Domain); err != nil {
			return err
		}
		if removed && len(p.Addresses)+len(p.Domains) == 0 {
			return usage(fmt.Sprintf("%s was removed, and its addresses with it", c.ID), "give one with --address, or a whole domain with --domain")
		}
		if err := a.savePartner(r, tx, p, c.Why, fmt.Sprintf("back in the program; it first joined on %s", p.JoinedOn)); err != nil {
			return err
		}
		if err := tx.Note(a.actor, string(c.ID), "rejoined", c.Why); err != nil {
			return err
		}
		lost, err := a.keptAndLost(r, tx, p)
		if err != nil || c.NoWelcome {
			return err
		}
		return a.welcome(r, tx, p, true, lost)
	})
}

// greeting queues the welcome mail of a partner.
func (a *app) greeting(r *records, tx *store.Tx, p rules.Partner, back bool, lost int) (store.OutboxMessage, error) {
	d, err := a.desk(r)
	if err != nil {
		return store.OutboxMessage{}, err
	}
	return d.Welcome(tx, p, back, lost)
}

// welcome queues it and says so.
func (a *app) welcome(r *records, tx *store.Tx, p rules.Partner, back bool, lost int) error {
	m, err := a.greeting(r, tx, p, back, lost)
	switch {
	case err != nil:
		return err
	case m.ID == 0:
		fmt.Fprintln(a.stdout, "No welcome mail is sent: it is in mode shadow, or no address of it is known.")
	case m.State == store.OutboxHeld:
		fmt.Fprintf(a.stdout, "A welcome mail to %s waits: leadmail outbox show %d shows it, leadmail outbox release %d sends it.\n", m.To, m.ID, m.ID)
	default:
		fmt.Fprintf(a.stdout, "A welcome mail to %s is on its way.\n", m.To)
	}
	return nil
}

// keptAndLost says what a partner that came back still holds, and what it could
// register again; it returns how many those are.
func (a *app) keptAndLost(r *records, tx *store.Tx, p rules.Partner) (lost int, err error) {
	all, err := tx.Registrations(store.RegistrationFilter{Partner: p.ID})
	if err != nil {
		return 0, err
	}
	today := r.policy.Day(a.now())
	list := func(what string, is func(rules.Registration) bool) int {
		var lines []string
		for _, reg := range all {
			if is(reg) {
				lines = append(lines, terminal(fmt.Sprintf("  %s  %s, until %s", reg.Ref, reg.Prospect.Company, reg.Until())))
			}
		}
		if len(lines) > 0 {
			fmt.Fprintf(a.stdout, "%d registration(s) %s:\n%s\n", len(lines), what, strings.Join(lines, "\n"))
		}
		return len(lines)
	}
	list("are kept", func(reg rules.Registration) bool { return reg.Outstanding(r.policy, a.now()) })
	lost = list("were released, and may be registered again while nobody else holds them", func(reg rules.Registration) bool {
		return reg.State == rules.StateReleased && reg.Until() >= today && !slices.ContainsFunc(all, func(o rules.Registration) bool {
			return o.Organisation == reg.Organisation && o.Received.After(reg.Received)
		})
	})
	return lost, nil
}

// lapses are the active partners that an import would make lapse. A billing export that
// went wrong looks like a day on which everybody left.
type lapses struct {
	active int
	ids    []string
}

// mostLapses is how many partners an import may make lapse unconfirmed, as long as that
// is no more than 5 % of those that are active.
const mostLapses = 3

// note notes what a line changes. The first call counts those that are active.
func (l *lapses) note(tx *store.Tx, old, p rules.Partner, today rules.Date) error {
	if l.active == 0 && len(l.ids) == 0 {
		all, err := tx.Partners()
		if err != nil {
			return err
		}
		for _, one := range all {
			if partnerState(one, today) == "active" {
				l.active++
			}
		}
	}
	if old.ID != "" && partnerState(old, today) == "active" && partnerState(p, today) == "lapsed" {
		l.ids = append(l.ids, string(p.ID))
	}
	return nil
}

// of says behind a line that its partner lapses by it.
func (l *lapses) of(id rules.PartnerID) string {
	if slices.Contains(l.ids, string(id)) {
		return ", which lapses"
	}
	return ""
}

// judge refuses too many, or another number than was confirmed.
func (l *lapses) judge(confirmed *int) error {
	n := len(l.ids)
	switch {
	case confirmed != nil && *confirmed != n:
		return failed(fmt.Sprintf("look at the lines; if they are right, confirm them with --confirm-lapses %d", n),
			"%d of %d active partners lapse by this file, not %d: %s", n, l.active, *confirmed, strings.Join(l.ids, ", "))
	case confirmed == nil && (n > mostLapses || 20*n > l.active):
		return failed(fmt.Sprintf("look at lapsed_on and plan_until in the file; if they are right, say so with --confirm-lapses %d", n),
			"%d of %d active partners lapse by this file: %s; more than %d, or more than 5 %%, have to be confirmed", n, l.active, strings.Join(l.ids, ", "), mostLapses)
	}
	return nil
}
