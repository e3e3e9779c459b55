package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"leadmail/rules"
	"leadmail/store"
)

type reviewCmd struct {
	List   reviewList   `cmd:"" help:"All that waits, oldest first."`
	Show   reviewShow   `cmd:"" help:"One of them, with what speaks for and against it."`
	Accept reviewAccept `cmd:"" help:"Grant a prospect under review; or close a held mail that has been dealt with."`
	Reject reviewReject `cmd:"" help:"Refuse a prospect under review; or close a held mail that needs nothing."`
}

// Help teaches by example.
func (reviewCmd) Help() string {
	return `A prospect under review is named by its reference, a mail that is held as a whole by its number. A decided prospect's partner is
told by mail; of a held mail nobody is told: answer it yourself first.

    leadmail review list
    leadmail review show R-7K4Q2M
    leadmail review accept R-7K4Q2M
    leadmail review reject R-7K4Q2M --reason "Acme and Acme Labs are one company, registered already"
    leadmail review accept 12`
}

// waitingFor is the name under which something that waits is decided.
func waitingFor(r store.Review) string {
	if r.Ref != "" {
		return string(r.Ref)
	}
	return strconv.FormatInt(r.InboxID, 10)
}

func reviewColumns(policy rules.Policy) []column[store.Review] {
	type review = store.Review
	return []column[review]{
		{name: "id", value: func(r review) any { return waitingFor(r) }},
		{name: "received", value: func(r review) any { return r.Received }},
		{name: "partner", value: func(r review) any { return r.Partner }},
		{name: "sender", value: func(r review) any { return r.Sender }},
		{name: "company", value: func(r review) any { return r.Prospect.Company }},
		{name: "organisation", value: func(r review) any { return r.Organisation }},
		{name: "reasons", value: func(r review) any {
			words := []string{}
			for _, x := range r.Reasons {
				words = append(words, string(x.Code))
			}
			return words
		}},
		{name: "subject", value: func(r review) any { return r.Subject }},
		{name: "why", value: func(r review) any { return r.Why }, wide: true},
		{name: "inbox", value: func(r review) any { return number(r.InboxID) }, wide: true},
		{name: "due_by", value: func(r review) any { return policy.ReviewDue(r.Received) }, wide: true},
		{name: "first_name", value: func(r review) any { return r.Prospect.FirstName }, wide: true},
		{name: "last_name", value: func(r review) any { return r.Prospect.LastName }, wide: true},
		{name: "email", value: func(r review) any { return r.Prospect.Email }, wide: true},
		{name: "url", value: func(r review) any { return r.Prospect.URL }, wide: true},
		{name: "lead_type", value: func(r review) any { return r.Prospect.LeadType }, wide: true},
	}
}

type reviewList struct {
	shape
}

// Run lists what waits.
func (c reviewList) Run(a *app) error {
	return a.view(func(r *records, tx *store.Tx) error {
		all, err := tx.Reviews()
		if err != nil {
			return err
		}
		return show(a.stdout, c.shape, all, "Nothing waits for a person.", reviewColumns(r.policy)...)
	})
}

// waiting finds what waits under a name.
func waiting(tx *store.Tx, id string) (store.Review, error) {
	ref, errRef := rules.ParseReference(id)
	n, errID := strconv.ParseInt(strings.TrimPrefix(id, "mail "), 10, 64)
	if errRef != nil && errID != nil {
		return store.Review{}, usage(fmt.Sprintf("%q is neither a reference nor a mail's number", id), "write R-7K4Q2M, or 12; leadmail review list shows them")
	}
	all, err := tx.Reviews()
	if err != nil {
		return store.Review{}, err
	}
	for _, r := range all {
		if errRef == nil && r.Ref == ref || errRef != nil && r.Ref == "" && r.InboxID == n {
			return r, nil
		}
	}
	return store.Review{}, failed("leadmail review list shows what does", "%s does not wait for a person", id)
}

type reviewShow struct {
	ID   string `arg:"" help:"A reference, or the number of a held mail."`
	JSON bool   `name:"json" help:"One JSON object."`
}

// Run shows what waits, and who stands in its way.
func (c reviewShow) Run(a *app) error {
	return a.view(func(r *records, tx *store.Tx) error {
		w, err := waiting(tx, c.ID)
		if err != nil {
			return err
		}
		if err := card(a.stdout, shape{JSON: c.JSON}, w, reviewColumns(r.policy)...); err != nil || c.JSON {
			return err
		}
		if err := a.alsoAt(r, tx, w); err != nil || w.InboxID == 0 {
			return err
		}
		m, err := tx.Inbox(w.InboxID)
		if err != nil {
			return err
		}
		folder := cmp.Or(r.config.IMAP.Folders.Name(m.Folder), r.config.IMAP.Mailbox)
		fmt.Fprintf(a.stdout, "\nmail %d, in folder %s, Message-ID %s\n%s", m.ID, folder, terminal(m.MessageID), indent(terminalText(m.Text)))
		return nil
	})
}

// alsoAt prints who else is, or was, registered at the organisation of what waits.
func (a *app) alsoAt(r *records, tx *store.Tx, w store.Review) error {
	if w.Organisation == "" {
		return nil
	}
	others, err := tx.Registrations(store.RegistrationFilter{Organisation: w.Organisation})
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(g rules.Registration) bool { return g.Ref == w.Ref })
	if len(others) == 0 {
		return nil
	}
	fmt.Fprintf(a.stdout, "\nalso at %s\n", w.Organisation)
	for _, g := range others {
		fmt.Fprintf(a.stdout, "  %s  %s, %s, %s until %s\n", g.Ref, g.Partner, terminal(g.Prospect.Company),
			registrationState(g, r.policy, r.policy.Day(a.now())), cmp.Or(string(g.Until()), "decided"))
	}
	return nil
}

type reviewAccept struct {
	ID     string `arg:"" help:"A reference, or the number of a held mail."`
	Reason string `help:"A sentence for the partner and for the history." placeholder:"TEXT"`
}

// Run accepts.
func (c reviewAccept) Run(a *app) error { return a.settleReview(c.ID, true, c.Reason) }

type reviewReject struct {
	ID     string `arg:"" help:"A reference, or the number of a held mail."`
	Reason string `help:"Why, in a sentence that the partner reads; needed for a prospect." placeholder:"TEXT"`
}

// Run rejects.
func (c reviewReject) Run(a *app) error { return a.settleReview(c.ID, false, c.Reason) }

// settleReview carries out what a person decided.
func (a *app) settleReview(id string, accept bool, reason string) error {
	r, err := a.records()
	if err != nil {
		return err
	}
	defer r.Close()
	var w store.Review
	err = r.View(a.ctx, func(tx *store.Tx) (err error) {
		w, err = waiting(tx, id)
		return err
	})
	switch {
	case err != nil:
		return err
	case w.Ref == "":
		return a.closeHeld(r, w, accept, reason)
	case !accept && strings.TrimSpace(reason) == "":
		return usage("a rejection needs a reason", "give it with --reason; the partner reads it")
	}
	d, err := a.desk(r)
	if err != nil {
		return err
	}
	done, err := d.Review(a.ctx, w, accept, reason, a.actor)
	switch {
	case errors.Is(err, store.ErrTaken):
		return failed("reject it with a reason, or end the other registration first", "%s cannot be accepted any more: %w", w.Ref, err)
	case err != nil:
		return failed("leadmail review show "+string(w.Ref)+" shows what stands in its way", "%w", err)
	}
	fmt.Fprintf(a.stdout, "%s (%s) is %s", w.Ref, terminal(w.Prospect.Company), strings.ReplaceAll(string(done.Judgement.Decision), "_", " "))
	if until := done.Judgement.Term.Until; until != "" {
		fmt.Fprintf(a.stdout, " until %s", until)
	}
	fmt.Fprintln(a.stdout, ".")
	if done.Answer.ID == 0 {
		fmt.Fprintln(a.stdout, "It came without a mail: nobody is told.")
		return nil
	}
	fmt.Fprintf(a.stdout, "The answer to %s is %s: leadmail outbox show %d\n", done.Answer.To, done.Answer.State, done.Answer.ID)
	return nil
}

// closeHeld ends a held mail that somebody has dealt with, or that needs nothing.
func (a *app) closeHeld(r *records, w store.Review, accept bool, reason string) error {
	verdict := "dealt with"
	if !accept {
		verdict = "needs nothing"
	}
	if reason != "" {
		verdict += ": " + reason
	}
	err := r.Update(a.ctx, a.now(), func(tx *store.Tx) error { return tx.CloseHeld(w.InboxID, a.actor, verdict) })
	if err == nil {
		fmt.Fprintf(a.stdout, "mail %d is closed; nobody is told.\n", w.InboxID)
	}
	return err
}
