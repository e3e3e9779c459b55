package main

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"leadmail/rules"
	"leadmail/store"
)

type reviewCmd struct {
	List   reviewList   `cmd:"" help:"All that waits, oldest first."`
	Show   reviewShow   `cmd:"" help:"One of them, with what speaks for and against it."`
	Accept reviewAccept `cmd:"" help:"Grant a prospect under review, carry out a change that waits, or close a held mail that has been dealt with."`
	Reject reviewReject `cmd:"" help:"Refuse a prospect or a change, or close a held mail that needs nothing."`
}

// Help teaches by example.
func (reviewCmd) Help() string {
	return `A prospect under review is named by its reference; a renewal, withdrawal or correction that waits as C-12-1, by its mail and its place
there; a mail that is held as a whole by its number. The partner of a prospect or a change is told by mail; of a held mail nobody
is told: answer it yourself first. A change is carried out as of the mail's receipt, and within the rules.

    leadmail review list
    leadmail review show R-7K4Q2M
    leadmail review accept R-7K4Q2M
    leadmail review reject R-7K4Q2M --reason "Acme and Acme Labs are one company, registered already"
    leadmail review accept C-12-1
    leadmail review accept 12`
}

// waitingFor is the name under which something that waits is decided.
func waitingFor(r store.Review) string {
	if r.Ref != "" {
		return string(r.Case())
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
		{name: "asks_to", value: func(r review) any { return asksTo(r) }},
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
		{name: "ref", value: func(r review) any { return r.Ref }, wide: true},
		{name: "due_by", value: func(r review) any { return policy.ReviewDue(r.Received) }, wide: true},
		{name: "first_name", value: func(r review) any { return r.Prospect.FirstName }, wide: true},
		{name: "last_name", value: func(r review) any { return r.Prospect.LastName }, wide: true},
		{name: "email", value: func(r review) any { return r.Prospect.Email }, wide: true},
		{name: "url", value: func(r review) any { return r.Prospect.URL }, wide: true},
		{name: "lead_type", value: func(r review) any { return r.Prospect.LeadType }, wide: true},
	}
}

// asksTo is what is asked for; "" of a mail as a whole.
func asksTo(r store.Review) rules.Verb {
	if r.Ref != "" && r.Verb == "" {
		return rules.VerbRegister
	}
	return r.Verb
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

// caseForm is what a thing that waits can be called.
var caseForm = regexp.MustCompile(`^(R-[0-9A-Z]{6}|C-[0-9]+-[0-9]+|[0-9]+)$`)

// waiting finds what waits under a name.
func waiting(tx *store.Tx, id string) (store.Review, error) {
	of := strings.ToUpper(strings.TrimSpace(strings.TrimPrefix(id, "mail ")))
	if !caseForm.MatchString(of) {
		return store.Review{}, usage(fmt.Sprintf("%q is neither a reference nor a mail's number", id), "write R-7K4Q2M, C-12-1, or 12; leadmail review list shows them")
	}
	all, err := tx.Reviews()
	if err != nil {
		return store.Review{}, err
	}
	for _, r := range all {
		if waitingFor(r) == of {
			return r, nil
		}
	}
	return store.Review{}, failed("leadmail review list shows what does", "%s does not wait for a person", id)
}

type reviewShow struct {
	ID   string `arg:"" help:"A reference, a change such as C-12-1, or the number of a held mail."`
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
		if err := a.asked(r, tx, w); err != nil {
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

// asked prints what a change is about, and what it would change of the contact.
func (a *app) asked(r *records, tx *store.Tx, w store.Review) error {
	if w.Verb == "" {
		return nil
	}
	line := fmt.Sprintf("asks to %s %s", w.Verb, w.Ref)
	reg, err := tx.Registration(w.Ref)
	if err == nil {
		line += fmt.Sprintf(", %s until %s", registrationState(reg, r.policy, r.policy.Day(a.now())), cmp.Or(string(reg.Until()), "decided"))
	} else if !errors.Is(err, store.ErrNotFound) { // an open ask is no registration
		return err
	}
	fmt.Fprintf(a.stdout, "\n%s\n", line)
	passes, err := tx.Decision(w.InboxID)
	if err != nil || w.Verb != rules.VerbCorrect {
		return err
	}
	for _, pass := range passes {
		if pass.Pass != w.Pass || len(pass.Decision.Judgements) < w.N {
			continue
		}
		to := pass.Decision.Judgements[w.N-1].Prospect
		for _, f := range to.Differs(w.Prospect) {
			fmt.Fprintf(a.stdout, "  %s: %s, now %s\n", f, terminal(to.Get(f)), terminal(w.Prospect.Get(f)))
		}
	}
	return nil
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
	ID     string `arg:"" help:"A reference, a change such as C-12-1, or the number of a held mail."`
	Reason string `help:"A sentence for the partner and for the history." placeholder:"TEXT"`
}

// Run accepts.
func (c reviewAccept) Run(a *app) error { return a.settleReview(c.ID, true, c.Reason) }

type reviewReject struct {
	ID     string `arg:"" help:"A reference, a change such as C-12-1, or the number of a held mail."`
	Reason string `help:"Why, in a sentence that the partner reads; needed for a prospect and for a change." placeholder:"TEXT"`
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
		return failed("reject it with a reason, or end the other registration first", "%s cannot be accepted any more: %w", waitingFor(w), err)
	case err != nil:
		return failed("leadmail review show "+waitingFor(w)+" shows what stands in its way", "%w", err)
	}
	fmt.Fprintf(a.stdout, "%s (%s) is %s.\n", waitingFor(w), terminal(w.Prospect.Company), became(done.Judgement))
	if done.Answer.ID == 0 {
		fmt.Fprintln(a.stdout, "It came without a mail: nobody is told.")
		return nil
	}
	fmt.Fprintf(a.stdout, "The answer to %s is %s: leadmail outbox show %d\n", done.Answer.To, done.Answer.State, done.Answer.ID)
	return nil
}

// became is what came of a registration, and until when it runs where it was granted.
func became(j rules.Judgement) string {
	words := strings.ReplaceAll(string(j.Decision), "_", " ")
	switch j.Decision {
	case rules.Accepted, rules.ContactAdded, rules.Renewed, rules.Queued:
		if j.Term.Until != "" {
			words += " until " + string(j.Term.Until)
		}
	case rules.Ignored:
		words = "as it was"
	}
	return words
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
