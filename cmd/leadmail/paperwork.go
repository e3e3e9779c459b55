package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"leadmail/cmd/internal/desk"
	"leadmail/rules"
	"leadmail/store"
)

type paperworkCmd struct {
	List   paperworkList   `cmd:"" help:"Whose forms are in, and whose are missing until when."`
	Record paperworkRecord `cmd:"" help:"Confirm or refuse a form, or enter one that came by post."`
}

// Help teaches by example.
func (paperworkCmd) Help() string {
	return `To be paid a partner hands in the ACH/Wire form and a W-8 or W-9 (P2) within six months of joining (D37). Of a form only its kind,
name, size and hash are kept: it lies in the mailbox.

    leadmail paperwork list --waiting
    leadmail paperwork record northwind --form w9 --received 2027-02-28 --confirm
    leadmail paperwork record northwind --form ach_wire --received 2027-02-28 --refuse --because "the signature is missing"`
}

// standing is one partner's paperwork as it stands today.
type standing struct {
	rules.Papers
	rules.Paperwork
	today rules.Date
}

func paperworkColumns() []column[standing] {
	words := func(kinds []rules.FormKind) any { return plainList(kinds) }
	return []column[standing]{
		{name: "partner", value: func(s standing) any { return s.Partner }},
		{name: "state", value: func(s standing) any { return s.State }},
		{name: "deadline", value: func(s standing) any { return s.Deadline }},
		{name: "days_left", value: func(s standing) any {
			if s.Deadline == "" || len(s.Missing) == 0 {
				return nil
			}
			return s.today.DaysUntil(s.Deadline)
		}},
		{name: "missing", value: func(s standing) any { return words(s.Missing) }},
		{name: "waiting", value: func(s standing) any { return words(s.Waiting) }},
		{name: "received_on", value: func(s standing) any { return s.On }},
		{name: "forfeited", value: func(s standing) any { return s.Forfeited(s.today) }},
	}
}

func formColumns() []column[rules.Form] {
	type form = rules.Form
	return []column[form]{
		{name: "received", value: func(f form) any { return f.Day }},
		{name: "form", value: func(f form) any { return f.Kind }},
		{name: "state", value: func(f form) any { return f.State }},
		{name: "size", value: func(f form) any { return number(int64(f.Size)) }},
		{name: "name", value: func(f form) any { return f.Name }},
		{name: "inbox", value: func(f form) any { return number(f.Mail) }},
		{name: "because", value: func(f form) any { return f.Because }},
	}
}

type paperworkList struct {
	Partner rules.PartnerID `help:"Only this partner, with its forms." placeholder:"ID"`
	Waiting bool            `help:"Only those of whom a form waits for you."`
	shape
}

// Run lists the paperwork, the nearest deadline of what is missing first.
func (c paperworkList) Run(a *app) error {
	return a.view(func(r *records, tx *store.Tx) error {
		if c.Partner != "" {
			if _, err := partner(tx, c.Partner); err != nil {
				return err
			}
		}
		all, err := tx.PapersOf(c.Partner)
		if err != nil {
			return err
		}
		today := r.policy.Day(a.now())
		var rows []standing
		for _, x := range all {
			if s := (standing{x, x.Stand(), today}); !c.Waiting || len(s.Waiting) > 0 {
				rows = append(rows, s)
			}
		}
		rank := func(s standing) rules.Date {
			if len(s.Missing) == 0 || s.Deadline == "" {
				return "9999-12-31"
			}
			return s.Deadline
		}
		slices.SortStableFunc(rows, func(x, y standing) int { return cmp.Compare(rank(x), rank(y)) })
		columns := paperworkColumns()
		if c.JSON {
			columns = append(columns, column[standing]{name: "forms", value: func(s standing) any {
				return append([]rules.Form{}, s.Forms...)
			}})
		}
		if err := show(a.stdout, c.shape, rows, "No paperwork.", columns...); err != nil || c.JSON || c.CSV || c.Partner == "" || len(rows) == 0 {
			return err
		}
		fmt.Fprintln(a.stdout)
		return show(a.stdout, c.shape, rows[0].Forms, "No form has come.", formColumns()...)
	})
}

type paperworkRecord struct {
	ID       rules.PartnerID `arg:"" help:"The partner's id."`
	Form     rules.FormKind  `required:"" help:"ach_wire, w8ben, w8bene, w9, or tax_form for a W-8 or W-9 of which it does not matter which." placeholder:"KIND"`
	Received string          `required:"" help:"The day on which it was received: that day counts, not today." placeholder:"DATE"`
	Confirm  bool            `xor:"settle" help:"It is as it should be."`
	Refuse   bool            `xor:"settle" help:"It is not; the partner is asked to send it again."`
	Because  string          `help:"Why it is refused: the partner reads it." placeholder:"TEXT"`
}

// Help teaches by example.
func (paperworkRecord) Help() string {
	return `With --confirm or --refuse a form that was received that day is decided: one of that kind that waits, or one that nobody has named yet,
which gets its name by this. Where none is there, --confirm enters one, as it came by post; without either flag it is entered and waits.

    leadmail paperwork record northwind --form w9 --received 2027-02-28 --confirm
    leadmail paperwork record northwind --form w9 --received 2027-02-28 --refuse --because "the signature is missing"
    leadmail paperwork record northwind --form ach_wire --received 2027-01-15`
}

// Run records a form.
func (c paperworkRecord) Run(a *app) error {
	day, err := rules.ParseDate(c.Received)
	switch {
	case !slices.Contains(rules.FormKinds[:], c.Form):
		return usage(fmt.Sprintf("--form %q is no form", c.Form), "write one of "+strings.Join(plainList(rules.FormKinds[:]), ", "))
	case err != nil:
		return usage(fmt.Sprintf("--received %q is no day", c.Received), "write it as 2027-02-28")
	case c.Refuse && strings.TrimSpace(c.Because) == "":
		return usage("a refusal needs a reason", "give it with --because; the partner reads it")
	case !c.Refuse && c.Because != "":
		return usage("--because is for --refuse", "leave it out, or refuse the form")
	}
	r, err := a.records()
	if err != nil {
		return err
	}
	defer r.Close()
	if day > r.policy.Day(a.now()) {
		return usage("--received "+c.Received+" is still to come", "write the day on which the form was received")
	}
	var forms []rules.Form
	err = r.View(a.ctx, func(tx *store.Tx) error {
		if _, err := partner(tx, c.ID); err != nil {
			return err
		}
		forms, err = tx.Forms(c.ID)
		return err
	})
	if err != nil {
		return err
	}
	if f := c.meant(forms, day); f.ID != 0 {
		return c.settle(a, r, f)
	}
	if c.Refuse {
		return failed("leadmail paperwork list --partner "+string(c.ID)+" shows what is", "no %s of %s was received on %s that could be refused", c.Form, c.ID, day)
	}
	f := rules.Form{Kind: c.Form, Day: day, State: rules.FormSubmitted}
	if c.Confirm {
		f.State = rules.FormConfirmed
	}
	err = r.Update(a.ctx, a.now(), func(tx *store.Tx) error { return tx.AddForm(c.ID, f, a.actor, "") })
	if err != nil {
		return err
	}
	return c.say(a, r, fmt.Sprintf("The %s of %s is entered as received on %s, %s; nobody is told.", c.Form, c.ID, day, f.State))
}

// meant is the form that the flags speak of; its ID is 0 where there is none. What
// waits comes before what nobody has named, and that before what was decided.
func (c paperworkRecord) meant(forms []rules.Form, day rules.Date) rules.Form {
	if !c.Confirm && !c.Refuse {
		return rules.Form{}
	}
	var best rules.Form
	rank := func(f rules.Form) int {
		switch {
		case f.ID == 0, f.Day != day:
			return 0
		case f.Kind == c.Form && f.State == rules.FormSubmitted:
			return 3
		case f.Kind == rules.FormUnknown && f.State == rules.FormSubmitted:
			return 2
		case f.Kind == c.Form && (f.State == rules.FormRefused) == c.Confirm && f.State != rules.FormSubmitted:
			return 1
		}
		return 0
	}
	for _, f := range forms {
		if rank(f) > rank(best) {
			best = f
		}
	}
	return best
}

func (c paperworkRecord) settle(a *app, r *records, f rules.Form) error {
	d, err := a.desk(r)
	if err != nil {
		return err
	}
	_, answer, err := d.DecideForms(a.ctx, desk.FormDecision{Partner: c.ID, Forms: []rules.Form{f}, Confirm: c.Confirm, As: []rules.FormKind{c.Form}, Because: c.Because, Actor: a.actor})
	if errors.Is(err, store.ErrTaken) {
		return failed("leadmail paperwork list --partner "+string(c.ID)+" shows how it stands now", "somebody decided this form a moment ago: %w", err)
	}
	if err != nil {
		return err
	}
	done := "confirmed"
	if c.Refuse {
		done = "refused"
	}
	told := "It came without a mail: nobody is told."
	if answer.ID != 0 {
		told = fmt.Sprintf("The answer to %s is %s: leadmail outbox show %d", answer.To, answer.State, answer.ID)
	}
	return c.say(a, r, fmt.Sprintf("The %s of %s, received on %s, is %s. %s", c.Form, c.ID, f.Day, done, told))
}

// say prints what was done, and how the paperwork stands with it.
func (c paperworkRecord) say(a *app, r *records, done string) error {
	fmt.Fprintln(a.stdout, terminal(done))
	return r.View(a.ctx, func(tx *store.Tx) error {
		all, err := tx.PapersOf(c.ID)
		if err != nil || len(all) == 0 {
			return err
		}
		w := all[0].Stand()
		line := fmt.Sprintf("Its paperwork is %s", w.State)
		if len(w.Missing) > 0 {
			line += ", missing " + strings.Join(plainList(w.Missing), ", ")
		}
		if w.Deadline != "" && w.State != rules.PaperworkComplete {
			line += ", last day " + string(w.Deadline)
		}
		if w.Late() {
			line += fmt.Sprintf(": the last form came after %s", w.Deadline)
		}
		fmt.Fprintln(a.stdout, line+".")
		return nil
	})
}

// importPapers records the paperwork of a partner of an imported roster as complete
// since a day; it says whether that is new.
func importPapers(tx *store.Tx, id rules.PartnerID, cell, actor string, today rules.Date) (bool, error) {
	if cell == "" {
		return false, nil
	}
	day, err := rules.ParseDate(cell)
	if err != nil {
		return false, usage(fmt.Sprintf("paperwork_complete_on %q is no day", cell), "write it as 2027-02-28")
	}
	if day > today {
		return false, usage("paperwork_complete_on "+cell+" is still to come", "leave the cell empty until the forms are in")
	}
	all, err := tx.PapersOf(id)
	if err != nil || len(all) > 0 && all[0].Stand().State == rules.PaperworkComplete {
		return false, err
	}
	for _, kind := range []rules.FormKind{rules.FormACH, rules.FormTax} {
		if err := tx.AddForm(id, rules.Form{Kind: kind, Day: day, State: rules.FormConfirmed}, actor, "import"); err != nil {
			return false, err
		}
	}
	return true, nil
}
