package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"leadmail/intake"
	"leadmail/rules"
	"leadmail/store"
)

type outboxCmd struct {
	List    outboxList    `cmd:"" help:"Every mail that goes out, newest first."`
	Show    outboxShow    `cmd:"" help:"One mail as it goes out."`
	Release outboxRelease `cmd:"" help:"Let held mail go."`

	Upcoming outboxUpcoming `cmd:"" help:"What partners would be reminded of on a day; or the digest to staff as it stands now."`
}

// Help teaches by example.
func (outboxCmd) Help() string {
	return `In mode approve every reply waits here until it is released.

    leadmail outbox list --state held
    leadmail outbox show 7
    leadmail outbox release 7 9
    leadmail outbox release --all
    leadmail outbox upcoming --on 2026-12-01
    leadmail outbox upcoming --digest`
}

func outboxColumns() []column[store.OutboxMessage] {
	type m = store.OutboxMessage
	return []column[m]{
		{name: "id", value: func(m m) any { return m.ID }},
		{name: "queued_at", value: func(m m) any { return m.QueuedAt }},
		{name: "kind", value: func(m m) any { return m.Kind }},
		{name: "to", value: func(m m) any { return m.To }},
		{name: "partner", value: func(m m) any { return m.Partner }},
		{name: "state", value: func(m m) any { return m.State }},
		{name: "subject", value: func(m m) any { return m.Subject }},
		{name: "why", value: func(m m) any {
			if m.State == store.OutboxCancelled { // as it was about to be sent
				return cmp.Or(m.Why, m.LastError)
			}
			return m.Why
		}},
		{name: "inbox", value: func(m m) any { return number(m.InboxID) }, wide: true},
		{name: "from", value: func(m m) any { return m.From }, wide: true},
		{name: "message_id", value: func(m m) any { return m.MessageID }, wide: true},
		{name: "attempts", value: func(m m) any { return m.Attempts }, wide: true},
		{name: "next_at", value: func(m m) any { return m.NextAt }, wide: true},
		{name: "sent_at", value: func(m m) any { return m.SentAt }, wide: true},
		{name: "last_error", value: func(m m) any { return m.LastError }, wide: true},
	}
}

var outboxStates = []store.OutboxState{store.OutboxQueued, store.OutboxSending, store.OutboxSent, store.OutboxDeferred, store.OutboxFailed,
	store.OutboxUncertain, store.OutboxHeld, store.OutboxCancelled}

type outboxList struct {
	State   store.OutboxState `help:"Only these: queued, sending, sent, deferred, failed, uncertain, held, cancelled." placeholder:"STATE"`
	Partner rules.PartnerID   `help:"Only what goes to this partner." placeholder:"ID"`
	latest
	shape
}

// Run lists mails.
func (c outboxList) Run(a *app) error {
	if err := cmp.Or(knownState(c.State, outboxStates), c.check()); err != nil {
		return err
	}
	return a.view(func(_ *records, tx *store.Tx) error {
		all, err := tx.OutboxList(store.OutboxFilter{State: c.State, Partner: c.Partner, Limit: c.Limit})
		if err != nil {
			return err
		}
		return show(a.stdout, c.shape, all, "No mail.", outboxColumns()...)
	})
}

type outboxShow struct {
	ID   int64 `arg:"" help:"The number that list shows."`
	JSON bool  `name:"json" help:"One JSON object."`
	Raw  bool  `help:"The mail's bytes, as they go out, and nothing else."`
}

// Run shows one mail.
func (c outboxShow) Run(a *app) error {
	return a.view(func(_ *records, tx *store.Tx) error {
		m, err := outgoing(tx, c.ID)
		if err != nil {
			return err
		}
		if c.Raw {
			_, err := a.stdout.Write(m.Raw)
			return err
		}
		body := intake.Reader{}.Read(m.Raw).Text
		if c.JSON {
			return card(a.stdout, shape{JSON: true}, m, append(outboxColumns(),
				column[store.OutboxMessage]{name: "text", value: func(store.OutboxMessage) any { return body }})...)
		}
		if err := card(a.stdout, shape{}, m, outboxColumns()...); err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "\n%s", indent(terminalText(body)))
		return a.history(tx, fmt.Sprintf("outbox %d", c.ID))
	})
}

func outgoing(tx *store.Tx, id int64) (store.OutboxMessage, error) {
	m, err := tx.Outbox(id)
	if errors.Is(err, store.ErrNotFound) {
		return m, failed("leadmail outbox list shows those there are", "there is no mail %d in the outbox", id)
	}
	return m, err
}

type outboxRelease struct {
	IDs []int64 `arg:"" optional:"" name:"id" help:"The numbers that list shows."`
	All bool    `help:"All that are held."`
}

// Run lets mails go: all that are named, or none when one of them cannot.
func (c outboxRelease) Run(a *app) error {
	if c.All == (len(c.IDs) > 0) {
		return usage("release needs numbers, or --all", "leadmail outbox list --state held shows them")
	}
	return a.change(func(r *records, tx *store.Tx) error {
		ids := c.IDs
		if c.All {
			held, err := tx.OutboxList(store.OutboxFilter{State: store.OutboxHeld})
			if err != nil {
				return err
			}
			for _, m := range held {
				ids = append(ids, m.ID)
			}
			slices.Sort(ids)
		}
		for _, id := range ids {
			m, err := outgoing(tx, id)
			if err != nil {
				return err
			}
			if m.State != store.OutboxHeld {
				return failed("only what is held can be released: leadmail outbox list --state held", "mail %d is %s; nothing was released", id, m.State)
			}
			if silent, err := shadowed(r, tx, m.Partner); err != nil {
				return err
			} else if silent {
				return failed("set mode: approve or auto first, for the program or with leadmail partners set "+cmp.Or(string(m.Partner), "ID")+" --mode approve",
					"mail %d is for a partner in mode shadow, to whom nothing is sent; nothing was released", id)
			}
			if err := tx.Release(id); err != nil {
				return err
			}
			if err := tx.Note(a.actor, fmt.Sprintf("outbox %d", id), "released", ""); err != nil {
				return err
			}
		}
		fmt.Fprintf(a.stdout, "%d released.\n", len(ids))
		return nil
	})
}

// shadowed says whether nothing goes to a partner, or to a stranger (""). One that
// was removed is a stranger.
func shadowed(r *records, tx *store.Tx, id rules.PartnerID) (bool, error) {
	p, err := tx.Partner(id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	return cmp.Or(p.Mode, r.config.Mode) == rules.ModeShadow, nil
}

type outboxUpcoming struct {
	On     string `help:"The day, in the program's zone; without it, today." placeholder:"DATE"`
	Digest bool   `help:"The digest to staff as it would be sent now, and nothing else."`
	shape
}

// Run lists reminders, or prints the digest.
func (c outboxUpcoming) Run(a *app) error {
	if c.Digest && (c.On != "" || c.shape != shape{}) {
		return usage("the digest is a mail, as of now", "leadmail outbox upcoming --digest")
	}
	r, err := a.records()
	if err != nil {
		return err
	}
	defer r.Close()
	on := r.policy.Day(a.now())
	if c.On != "" {
		if on, err = rules.ParseDate(c.On); err != nil {
			return usage(err.Error(), "leadmail outbox upcoming --on 2026-12-01")
		}
	}
	d, err := a.desk(r)
	if err != nil {
		return err
	}
	if c.Digest {
		m, err := d.DigestNow(a.ctx)
		if err == nil {
			fmt.Fprint(a.stdout, terminalText(m.Text))
		}
		return err
	}
	due, to, err := d.Upcoming(a.ctx, on)
	if err != nil {
		return err
	}
	type reminder = rules.Reminder
	return show(a.stdout, c.shape, due, "Nobody is reminded of anything on "+string(on)+".",
		column[reminder]{name: "partner", value: func(r reminder) any { return r.Partner }},
		column[reminder]{name: "to", value: func(r reminder) any { return to[r.Partner] }},
		column[reminder]{name: "cause", value: func(r reminder) any { return r.Cause }},
		column[reminder]{name: "ref", value: func(r reminder) any { return r.Ref }},
		column[reminder]{name: "company", value: func(r reminder) any { return r.Company }},
		column[reminder]{name: "until", value: func(r reminder) any { return r.Until }},
		column[reminder]{name: "stage", value: func(r reminder) any { return r.Stage }})
}
