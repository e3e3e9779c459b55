package rules

import (
	"fmt"
	"strings"
)

// What staff do for a partner, and what they decide of a change that waits, by the
// rules under which a partner's own mail is judged. A person weighs what only a
// person can weigh; the cap, the window of a renewal and what somebody else holds
// bind staff as they bind partners.

// StaffChange is what a partner's RENEW, WITHDRAW or correction of a registration
// would come to, asked for by staff at the instant of the Book. said is what a
// correction states; its lead type counts, which by mail it does not (D18). The
// error says why the rules refuse.
func StaffChange(ref Reference, v Verb, said Prospect, b Book, p Policy) (Judgement, error) {
	b.Weighed, b.Taken = true, false
	t, err := b.sole(ref, p)
	if err != nil {
		return Judgement{}, err
	}
	first := 0
	it := Item{Verb: v, Ref: string(ref), Prospect: &first}
	r := Request{Items: []Item{it}, Prospects: []Reading{{Prospect: said}}}
	j := carried(b, r, it, t, aimed(t, v, 0), p)
	if v == VerbCorrect && said.LeadType != "" && (j.Decision == Held || j.Decision == Ignored || j.Decision == Updated) {
		j = retyped(b, *t.reg, said.LeadType, j, p)
	}
	return j, b.whyNot(j, p)
}

// retyped gives a registration another lead type. A type under which the vendor's
// customers cannot be registered is refused for them (D15).
func retyped(b Book, reg Registration, to LeadType, j Judgement, p Policy) Judgement {
	j.HeldType = ""
	j.Prospect.LeadType = to
	c := prospectCase{b: b, policy: p, j: Judgement{Prospect: j.Prospect}}
	if c.customer(reg.Organisation); len(c.j.Reasons) > 0 && to != reg.Prospect.LeadType {
		j.Decision, j.Reasons = Rejected, c.j.Reasons
		return j
	}
	if j.Decision = Updated; j.Prospect == reg.Prospect {
		j.Decision = Ignored
	}
	return j
}

// Revoke is the judgement by which staff take a registration away: its slot and its
// organisation are free at once, and a queued term is cancelled, as by a withdrawal.
// It is an error where nothing is active.
func Revoke(ref Reference, b Book, p Policy) (Judgement, error) {
	t, err := b.sole(ref, p)
	if err != nil {
		return Judgement{}, err
	}
	switch j := withdrawn(b, t, aimed(t, VerbWithdraw, 0), p); {
	case t.reg.UnderReview():
		return j, fmt.Errorf("%s is under review: reject it", ref)
	case j.Decision == Ignored:
		return j, fmt.Errorf("%s is not active any more", ref)
	default:
		j.Decision = Revoked
		return j, nil
	}
}

// sole finds a registration of the Book's partner.
func (b Book) sole(ref Reference, p Policy) (target, error) {
	if found := b.referred(p, ref); len(found) == 1 && found[0].reg != nil {
		return found[0], nil
	}
	return target{}, fmt.Errorf("%s is no registration of %s", ref, b.Partner.ID)
}

// Rivals are the other judgements of a decision that contradict one of them: what
// else the same mail asks of the same registration. They are settled together, since
// not both can be meant.
func Rivals(d Decision, n int) []int {
	var out []int
	for i, j := range d.Judgements {
		if i != n && j.Ref == d.Judgements[n].Ref && opposed(j) && opposed(d.Judgements[n]) {
			out = append(out, i)
		}
	}
	return out
}

// opposed says whether a judgement is a change that another one of its mail
// contradicts.
func opposed(j Judgement) bool {
	if !j.Verb.Change() || j.Decision != Review {
		return false
	}
	for _, r := range j.Reasons {
		if r == (Reason{Code: ContradictoryMail}) {
			return true
		}
	}
	return false
}

// RejectChange is the judgement by which staff refuse a change that waited.
func RejectChange(was Judgement) Judgement {
	was.Decision, was.Slot, was.Ask = Rejected, 0, ""
	return was
}

// AcceptChange is the judgement by which staff accept a change that waited: what the
// mail r asked for, as of its receipt, with the doubt set aside. b is the Book of the
// instant at which they do; before is that of the decision, was the judgement in it.
//
// What was granted meanwhile stays granted (D3): where the registration has been
// renewed or ended since, or its organisation is another's, nothing can be accepted
// any more, and the error says so. It says so too where the rules would have refused.
func AcceptChange(b, before Book, r Request, was Judgement, p Policy) (Judgement, error) {
	now := b.Received
	b.Received, b.Weighed, b.Taken = before.Received, true, false
	found := b.referred(p, was.Ref)
	if len(found) != 1 || was.Item >= len(r.Items) {
		return Judgement{}, fmt.Errorf("%s is none of %s any more", was.Ref, b.Partner.ID)
	}
	t, it := found[0], r.Items[was.Item]
	it.Verb = was.Verb // a YES to a reminder was decided as a renewal
	if t.reg != nil && it.Verb != VerbCorrect {
		switch terms := len(t.reg.Terms); {
		case !t.reg.EndedAt.IsZero():
			return Judgement{}, fmt.Errorf("%s is %s since %s", was.Ref, t.reg.State, p.Day(t.reg.EndedAt))
		case terms > before.terms(was.Ref):
			return Judgement{}, fmt.Errorf("%s was renewed after that mail, until %s", was.Ref, t.reg.Until())
		}
	}
	j := carried(b, r, it, t, aimed(t, it.Verb, was.Item), p)
	if err := b.whyNot(j, p); err != nil {
		return j, err
	}
	switch today := p.Day(now); j.Decision {
	case Queued, Renewed, Accepted:
		if j.Term.Until < today {
			return j, fmt.Errorf("%s: the %d days that it asks for ended on %s", was.Ref, p.RenewalDays, j.Term.Until)
		}
	case Withdrawn:
		if t.reg != nil && !t.reg.UnderReview() && !t.reg.Outstanding(p, now) {
			j.Decision = Ignored // it has run out by itself while it waited
		}
	}
	return j, nil
}

// terms is how many terms a registration has in a Book.
func (b Book) terms(ref Reference) int {
	for _, r := range b.Registrations {
		if r.Ref == ref {
			return len(r.Terms)
		}
	}
	return 0
}

// whyNot says to staff why the rules refuse a change; nil where they do not.
func (b Book) whyNot(j Judgement, p Policy) error {
	switch j.Decision {
	case Queued, Renewed, Accepted, Withdrawn, Updated, Ignored:
		return nil
	}
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%s: "+format, append([]any{j.Ref}, args...)...)
	}
	for _, r := range j.Reasons {
		switch r.Code {
		case AlreadyRegistered:
			switch {
			case j.Term.Until == "":
				return refuse("it is under review: decide that first")
			case p.RenewalEarly:
				return refuse("it runs until %s, and can be renewed from %s on (D26)", j.Term.Until, j.Term.Until.AddDays(-p.RenewalWindow))
			}
			return refuse("it runs until %s, and can be renewed once it has ended (D26)", j.Term.Until)
		case Conflict, GrantedMeanwhile:
			org := j.Organisation
			if r.Field == URL {
				org = p.organisation(j.Prospect.URL)
			}
			if h := b.holder(org, j.Ref, p); h != nil {
				return refuse("%s is registered as %s by %s since %s (D3, D13)", org, h.Ref, h.Partner, p.Day(h.Received))
			}
			return refuse("%s is another partner's own organisation (D16)", org)
		case CapReached:
			return refuse("all %d registrations of %s are in use (P8); end one of them first", p.MaxOutstanding, b.Partner.ID)
		}
		if why := whyRefused[r.Code]; why != "" {
			return refuse("%s", why)
		}
	}
	if j.Decision == Held && j.Verb == VerbCorrect {
		return refuse("nothing of its contact is to be changed; leadmail registrations set changes a lead type (D18)")
	}
	if j.Decision == Held {
		return refuse("what was refused, revoked or won is not taken up again")
	}
	var codes []string
	for _, r := range j.Reasons {
		codes = append(codes, strings.TrimSpace(string(r.Code)+" "+string(r.Field)))
	}
	return refuse("%s: %s", j.Decision, strings.Join(codes, ", "))
}

var whyRefused = map[Code]string{
	AgreementMissing: "its partner's agreement is not on record (P1)",
	PartnerSuspended: "its partner is suspended (D34)",
	PartnerInactive:  "its partner's plan is not active (P9)",
	PlanNotEligible:  "its partner's plan does not admit to the program (P9)",
	OwnOrganisation:  "it is the partner's own organisation (D16)",
	ExistingCustomer: "it is an existing customer, and cannot be registered under that lead type (D15)",
	RenewalLimit:     "it has been renewed as often as the program allows (D28)",
	InvalidEmail:     "no mail can be sent to that address",
	InvalidURL:       "that is no website of a company's own (D7)",
}
