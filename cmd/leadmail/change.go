package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"leadmail/rules"
	"leadmail/store"
)

// What staff change of one registration. The rules are those of the mail path; a
// refusal says which. Each is done at once, as partners set is, and goes into the
// history under the name of whoever is at the prompt.

type registrationsSet struct {
	Ref       string `arg:"" help:"A reference such as R-7K4Q2M."`
	FirstName string `help:"The contact's first name." placeholder:"NAME"`
	LastName  string `help:"The contact's last name." placeholder:"NAME"`
	Email     string `help:"The contact's address." placeholder:"ADDRESS"`
	Company   string `help:"The organisation's name." placeholder:"NAME"`
	URL       string `name:"url" help:"Its website; the organisation that was registered stays the same (D7)." placeholder:"URL"`
	LeadType  string `help:"QL or MC (D18)." placeholder:"TYPE"`
	Because   string `help:"A remark for the history." placeholder:"TEXT"`
}

// Help teaches by example.
func (registrationsSet) Help() string {
	return `What is not given stays as it is. Another organisation is a new registration (D30): the name and the website may be written in
another way, and the claim stays that on the organisation that was registered. The partner is not told.

    leadmail registrations set R-7K4Q2M --email ana@kuanzacoffee.com --first-name Ana --last-name Paz
    leadmail registrations set R-7K4Q2M --lead-type MC --because "Lena confirmed it by phone"`
}

// Run changes a registration's record.
func (c registrationsSet) Run(a *app) error {
	kind, err := leadType(c.LeadType)
	if err != nil {
		return usage(err.Error(), "leadmail registrations set "+c.Ref+" --lead-type MC")
	}
	said := rules.Prospect{FirstName: strings.TrimSpace(c.FirstName), LastName: strings.TrimSpace(c.LastName), Email: strings.TrimSpace(c.Email),
		URL: strings.TrimSpace(c.URL), Company: strings.TrimSpace(c.Company), LeadType: kind}
	if said == (rules.Prospect{}) {
		return usage("nothing is to be changed", "give what is, such as --email or --lead-type: leadmail registrations set --help")
	}
	return a.changeRegistration(c.Ref, wish{why: c.Because, url: said.URL}, func(ref rules.Reference, b rules.Book, p rules.Policy) (rules.Judgement, error) {
		return rules.StaffChange(ref, rules.VerbCorrect, said, b, p)
	})
}

type registrationsRenew struct {
	Ref     string `arg:"" help:"A reference such as R-7K4Q2M."`
	Because string `help:"A remark for the history." placeholder:"TEXT"`
}

// Help teaches by example.
func (registrationsRenew) Help() string {
	return `As the partner's own RENEW: near its end the next term is queued without a gap (D26); after its end it is registered again, if a
slot is free and nobody else has it (D14, D27). The rules bind staff, too: what they refuse is said, and there is no way around
them. The partner is not told.

    leadmail registrations renew R-7K4Q2M --because "asked for by phone"`
}

// Run renews.
func (c registrationsRenew) Run(a *app) error {
	// What was withdrawn comes back under a new reference (D29).
	return a.changeRegistration(c.Ref, wish{why: c.Because, references: 1}, func(ref rules.Reference, b rules.Book, p rules.Policy) (rules.Judgement, error) {
		return rules.StaffChange(ref, rules.VerbRenew, rules.Prospect{}, b, p)
	})
}

type registrationsWithdraw struct {
	Ref     string `arg:"" help:"A reference such as R-7K4Q2M."`
	Because string `required:"" help:"Why, for the history." placeholder:"TEXT"`
}

// Help teaches by example.
func (registrationsWithdraw) Help() string {
	return `As the partner's own WITHDRAW (D29): a queued term is cancelled with it, and the partner may register it again until the day on which
it would have ended. The partner is not told.

    leadmail registrations withdraw R-7K4Q2M --because "the project was cancelled"`
}

// Run withdraws.
func (c registrationsWithdraw) Run(a *app) error {
	return a.changeRegistration(c.Ref, wish{why: c.Because}, func(ref rules.Reference, b rules.Book, p rules.Policy) (rules.Judgement, error) {
		return rules.StaffChange(ref, rules.VerbWithdraw, rules.Prospect{}, b, p)
	})
}

type registrationsRevoke struct {
	Ref     string `arg:"" help:"A reference such as R-7K4Q2M."`
	Because string `required:"" help:"Why, for the history." placeholder:"TEXT"`
}

// Help teaches by example.
func (registrationsRevoke) Help() string {
	return `Its slot and its organisation are free at once, a queued term is cancelled, and a RENEW of it waits for a person. The partner is not
told. What is under review is refused with leadmail review reject.

    leadmail registrations revoke R-7K4Q2M --because "registered for a competitor of the client"`
}

// Run revokes.
func (c registrationsRevoke) Run(a *app) error {
	return a.changeRegistration(c.Ref, wish{why: c.Because}, rules.Revoke)
}

// wish is why staff want a change, and what the rules need for it: a website whose
// organisation they look at beside the registration's own, and unused references.
type wish struct {
	why, url   string
	references int
}

// changeRegistration carries out one change, in one transaction, and says what came
// of it.
func (a *app) changeRegistration(given string, w wish, change func(rules.Reference, rules.Book, rules.Policy) (rules.Judgement, error)) error {
	ref, err := reference(given)
	if err != nil {
		return err
	}
	return a.change(func(r *records, tx *store.Tx) error {
		reg, err := tx.Registration(ref)
		if errors.Is(err, store.ErrNotFound) {
			return noRegistration(tx, ref)
		}
		if err != nil {
			return err
		}
		if _, err := partner(tx, reg.Partner); err != nil {
			return err // it was removed
		}
		orgs := []rules.OrganisationKey{reg.Organisation}
		if key, err := r.policy.Organisation(w.url); err == nil {
			orgs = append(orgs, key)
		}
		if err := tx.Touch(reg.Partner, orgs, r.policy.Day(a.now()), r.policy); err != nil {
			return err
		}
		book, err := tx.Book(rules.Query{Received: a.now(), Sender: rules.Sender{Partner: reg.Partner, Verdict: rules.Trusted},
			Organisations: orgs, Candidates: w.references, Zone: r.policy.Location()}, a.reference)
		if err != nil {
			return err
		}
		j, err := change(ref, book, r.policy)
		if err != nil {
			return failed("leadmail registrations show "+string(ref)+" shows how it stands", "%w", err)
		}
		if j.Decision == rules.Ignored {
			fmt.Fprintf(a.stdout, "%s (%s) is like that already: nothing was changed.\n", ref, terminal(reg.Prospect.Company))
			return nil
		}
		if err := tx.CarryOut(store.Record{Book: book, Policy: r.policy, By: a.actor, Why: remark(reg, j, w.why)}, j); err != nil {
			return failed("run it once more: something has changed at the same moment", "%w", err)
		}
		a.sayChanged(reg, j, orgs)
		return nil
	})
}

// remark is what the history says of a change: why, and of a correction which fields.
// Not what stood in them: the history is for good, a contact's data is not. The lead
// type is no contact's.
func remark(reg rules.Registration, j rules.Judgement, because string) string {
	because = strings.TrimSpace(because)
	if j.Decision != rules.Updated {
		return because
	}
	var fields []string
	for _, f := range j.Prospect.Differs(reg.Prospect) {
		if f == rules.LeadTypeOf {
			fields = append(fields, fmt.Sprintf("%s from %s to %s", f, cmp.Or(reg.Prospect.LeadType, "none"), j.Prospect.LeadType))
		} else {
			fields = append(fields, string(f))
		}
	}
	return strings.TrimSuffix(strings.Join(fields, ", ")+": "+because, ": ")
}

func (a *app) sayChanged(reg rules.Registration, j rules.Judgement, orgs []rules.OrganisationKey) {
	fmt.Fprintf(a.stdout, "%s (%s) is %s.\n", reg.Ref, terminal(j.Prospect.Company), became(j))
	switch {
	case j.Decision == rules.Accepted: // taken up again after a withdrawal (D29)
		fmt.Fprintf(a.stdout, "Its reference is %s from now on.\n", j.Ref)
	case j.Decision == rules.Withdrawn, j.Decision == rules.Revoked:
		fmt.Fprintf(a.stdout, "Its slot is free, and so is %s.\n", reg.Organisation)
	case orgs[len(orgs)-1] != reg.Organisation:
		fmt.Fprintf(a.stdout, "The claim stays that on %s (D7).\n", reg.Organisation)
	}
	fmt.Fprintf(a.stdout, "%s is not told: write to them.\n", reg.Partner)
}

// noRegistration says what a reference names that is no registration's.
func noRegistration(tx *store.Tx, ref rules.Reference) error {
	if p, err := tx.Prospect(ref); err == nil {
		return failed(fmt.Sprintf("leadmail inbox show %d shows its mail", p.InboxID), "%s is no registration: it is a prospect of %s in state %s", ref, p.Partner, p.State)
	}
	return failed("leadmail registrations list shows those there are", "there is no %s", ref)
}
