package rules

// changed decides an item that is about a registration which exists: renew,
// withdraw or correct. It is one judgement, or one action where nothing of the
// partner's is meant or nothing chooses among several.
func changed(b Book, r Request, n int, p Policy) (*Judgement, *Action) {
	it := r.Items[n]
	if r.Copied {
		// MAIL.md 131: what a partner writes to somebody else orders nothing.
		return nil, &Action{Verb: it.Verb, Ref: it.Ref, Decision: Held, Item: n}
	}
	found := targets(b, r, it, p)
	switch {
	case len(found) == 0 && it.Ref == "" && it.Verb != VerbCorrect:
		// Nothing named, and our mail named nothing either: what could be meant?
		a := &Action{Verb: it.Verb, Decision: NeedsInfo, Reasons: []Reason{{Code: WhichRegistration}}, Item: n, Options: b.choices(it.Verb, nil, p)}
		if len(a.Options) == 0 {
			a.Decision, a.Reasons = Rejected, []Reason{{Code: UnknownRegistration}}
		}
		return nil, a
	case len(found) == 0 && it.Verb == VerbCorrect:
		return nil, &Action{Verb: it.Verb, Ref: it.Ref, Decision: Held, Item: n}
	case len(found) == 0:
		return nil, &Action{Verb: it.Verb, Ref: it.Ref, Decision: Rejected, Reasons: []Reason{{Code: UnknownRegistration}}, Item: n}
	case len(found) > 1:
		return nil, &Action{Verb: it.Verb, Ref: it.Ref, Decision: NeedsInfo, Reasons: []Reason{{Code: WhichRegistration}}, Item: n, Options: b.choices(it.Verb, found, p)}
	}
	t := found[0]
	if it.Verb == VerbCorrect && t.ask != nil {
		return nil, nil // a line of an ask: items decides it
	}
	j := aimed(t, it.Verb, n)
	doubt := func(c Code) *Judgement {
		j.Decision, j.Reasons, j.Ask = Review, append(j.Reasons, Reason{Code: c}), ""
		if i := it.Prospect; it.Verb == VerbCorrect && i != nil && *i >= 0 && *i < len(r.Prospects) {
			said := r.Prospects[*i].Prospect // what it would become, for whoever decides
			said.LeadType = j.Prospect.LeadType
			j.Prospect = said.Over(j.Prospect)
		}
		return &j
	}
	switch {
	case contradicts(b, r, it, t.ref(), p):
		return doubt(ContradictoryMail), nil
	case b.Taken:
		return doubt(ThreadTaken), nil
	case t.reg != nil && t.reg.EndedAt.After(b.Received) && (it.Verb != VerbRenew || b.Partner.Member(p.Day(b.Received), p) == ""):
		return doubt(GrantedMeanwhile), nil // what came later has been carried out already (D3)
	case showsAnother(r.FromName, b.Sender.Address):
		return doubt(SuspiciousAddress), nil
	}
	j = carried(b, r, it, t, j, p)
	return &j, nil
}

// aimed is a judgement about a target, before anything is decided of it.
func aimed(t target, v Verb, item int) Judgement {
	j := Judgement{Reading: -1, Verb: v, Ref: t.ref(), Reasons: []Reason{}, Item: item}
	if t.reg != nil {
		j.Prospect, j.Organisation, j.Holds, j.Term = t.reg.Prospect, t.reg.Organisation, t.reg.Ref, last(t.reg.Terms)
	} else {
		j.Prospect, j.Ask = t.ask.Prospect, t.ask.Ref
	}
	return j
}

// carried is what comes of a verb where nothing about the mail is in doubt.
func carried(b Book, r Request, it Item, t target, j Judgement, p Policy) Judgement {
	switch it.Verb {
	case VerbRenew:
		return renewed(b, r, t, j, p)
	case VerbWithdraw:
		return withdrawn(b, t, j, p)
	}
	return corrected(b, r, it, t.reg, j, p)
}

// choices are the registrations among which a mail did not choose, or where found
// is nil, those of the partner's that the verb could mean; first what ends first.
func (b Book) choices(v Verb, found []target, p Policy) []Holding {
	today := p.Day(b.Received)
	if found == nil {
		for i := range b.Registrations {
			r := &b.Registrations[i]
			if r.Partner == b.Partner.ID && (v == VerbRenew && p.renewable(*r, today) || v == VerbWithdraw && r.Outstanding(p, b.Received)) {
				found = append(found, target{reg: r})
			}
		}
	}
	var out []Holding
	for _, t := range found {
		if t.reg != nil {
			out = append(out, Holding{Ref: t.reg.Ref, Company: t.reg.Prospect.Company, Until: t.reg.Until()})
		} else {
			out = append(out, Holding{Ref: t.ask.Ref, Company: t.ask.Prospect.Company})
		}
	}
	sortHoldings(out)
	return out[:min(len(out), mostChoices)]
}

// mostChoices is how many registrations an answer lists where it asks which is
// meant.
const mostChoices = 10

// renewed is RENEW. Before the end and within its window the next term is queued,
// without a gap and without a second slot (D26); earlier nothing changes, and the
// answer says until when it runs. After the end it is a re-registration, which
// needs a slot and an organisation that nobody holds (D14, D27).
func renewed(b Book, r Request, t target, j Judgement, p Policy) Judgement {
	today := p.Day(b.Received)
	refuse := func(c Code) Judgement {
		j.Decision, j.Reasons = Rejected, append(j.Reasons, Reason{Code: c})
		return j
	}
	if t.ask != nil {
		// It was never registered: what it lacks is asked for once more, and the RENEW
		// is no second verb beside that.
		r.Items = nil
		again := judge(b, Reading{}, t.ask, r, p)
		again.Reading, again.Verb, again.Item = -1, VerbAnswer, j.Item
		return again
	}
	reg := *t.reg
	switch reg.State {
	case StateRevoked, StateWon, StateRefused:
		j.Decision = Held // staff ended it, and staff say what is to come
		return j
	case StateUnderReview:
		return refuse(AlreadyRegistered)
	}
	if code := b.Partner.Member(today, p); code != "" {
		return refuse(code)
	}
	if reg.Outstanding(p, b.Received) {
		switch {
		case today < last(reg.Terms).From, !p.renewable(reg, today):
			return refuse(AlreadyRegistered)
		case p.MaxRenewals > 0 && len(reg.Terms)-1 >= p.MaxRenewals:
			return refuse(RenewalLimit)
		}
		end := reg.Until()
		if j.Slot = reg.Slot; j.Slot == 0 {
			// It has been closed by somebody who came later (D2). What was granted
			// since stays so (D3).
			if b.holder(reg.Organisation, reg.Ref, p) != nil {
				j.Decision, j.Reasons = Review, append(j.Reasons, Reason{Code: GrantedMeanwhile})
				return j
			}
			if j.Slot = b.freeSlot(p); j.Slot == 0 {
				return refuse(CapReached)
			}
		}
		j.Decision = Queued
		j.Term = Term{N: last(reg.Terms).N + 1, From: end.AddDays(1), Until: end.AddDays(p.RenewalDays)}
		return j
	}
	c := &prospectCase{b: b, read: Reading{Prospect: reg.Prospect}, req: r, policy: p, today: today, stated: reg.Prospect, key: reg.Organisation}
	c.j = Judgement{Prospect: reg.Prospect, Reasons: []Reason{}}
	c.organisation()
	c.doubts()
	c.cap()
	again := c.conclude()
	again.Reading, again.Verb, again.Item = -1, VerbRenew, j.Item
	if again.Decision != Accepted && again.Decision != Renewed && !again.Has(AlreadyRegistered) {
		again.Ref = reg.Ref
	}
	return again
}

// withdrawn is WITHDRAW: the slot is free at once, and a queued term is cancelled
// (D29). An ask is closed. What has ended already stays as it was.
func withdrawn(b Book, t target, j Judgement, p Policy) Judgement {
	today := p.Day(b.Received)
	j.Decision = Withdrawn
	if t.ask != nil {
		return j
	}
	if !t.reg.Outstanding(p, b.Received) && !t.reg.UnderReview() {
		j.Decision = Ignored
		return j
	}
	j.Term = last(begun(t.reg.Terms, today))
	return j
}

// begun are the terms that have begun by a day: all but a queued one.
func begun(terms []Term, today Date) []Term {
	var out []Term
	for _, t := range terms {
		if t.From <= today {
			out = append(out, t)
		}
	}
	return out
}

// corrected is D30: a registration's contact may change freely; its organisation
// and its lead type may not.
//
// A person who has weighed it may take another spelling, and another website where
// nobody holds that: the organisation stays the one that was registered (D7).
func corrected(b Book, r Request, it Item, reg *Registration, j Judgement, p Policy) Judgement {
	if it.Prospect == nil || *it.Prospect < 0 || *it.Prospect >= len(r.Prospects) {
		j.Decision = Held
		return j
	}
	j.Reading = *it.Prospect
	read := r.Prospects[*it.Prospect]
	said := read.Prospect
	doubt := func(o Outcome, c Code, f Field) Judgement {
		j.Decision, j.Reasons, j.Prospect = o, append(j.Reasons, Reason{c, f}), said.Over(reg.Prospect)
		return j
	}
	if said.Email != "" && !usableEmail(said.Email) {
		return doubt(NeedsInfo, InvalidEmail, Email)
	}
	org := reg.Organisation
	if said.URL != "" {
		org = p.organisation(said.URL)
	}
	if b.Weighed {
		switch {
		case org == "":
			return doubt(NeedsInfo, InvalidURL, URL)
		case org != reg.Organisation && b.holder(org, reg.Ref, p) != nil:
			return doubt(Rejected, Conflict, URL)
		}
	} else {
		for _, f := range read.Contradicts {
			return doubt(Review, ContradictoryMail, f)
		}
		if a, err := ParseAddress(said.Email); err == nil && Suspicious(a.Domain()) {
			return doubt(Review, SuspiciousAddress, Email)
		}
		if org != reg.Organisation {
			return doubt(Review, UnclearOrganisation, URL)
		}
		if said.Company != "" && !SameName(said.Company, reg.Prospect.Company) {
			return doubt(Review, UnclearOrganisation, Company)
		}
	}
	if said.LeadType != "" && said.LeadType != reg.Prospect.LeadType {
		j.HeldType = reg.Prospect.LeadType // staff can change it (D18)
	}
	was := reg.Prospect
	changed := said
	changed.LeadType = was.LeadType
	j.Prospect = changed.Over(was)
	switch {
	case said == Prospect{LeadType: said.LeadType}:
		j.Decision = Held
	case j.Prospect == was:
		j.Decision = Ignored
	default:
		j.Decision = Updated
	}
	return j
}
