package rules

import (
	"cmp"
	"slices"
)

// Availability is what CHECK says of an organisation: never who holds it, nor
// until when (D13).
type Availability string

// The answers to CHECK.
const (
	Available    Availability = "available"
	Yours        Availability = "yours"
	NotAvailable Availability = "not_available"
	// AvailableManaged: a customer of the vendor's that nobody holds; as a Managed
	// Customer it can be registered (D15).
	AvailableManaged Availability = "available_managed"
	// NoOrganisation: what was asked about is no organisation's website.
	NoOrganisation Availability = "no_organisation"
	// ChecksSpent: the day's answers were given (checks_per_day).
	ChecksSpent Availability = "checks_spent"
)

// check answers CHECK as of the mail's receipt.
func check(b Book, it Item, p Policy) Action {
	a := Action{Verb: VerbCheck, Ref: it.Ref, Decision: Answered}
	org := p.organisation(it.Ref)
	switch {
	case p.ChecksPerDay > 0 && b.ChecksToday >= p.ChecksPerDay:
		a.Check = ChecksSpent
		return a
	case org == "":
		a.Check = NoOrganisation
		return a
	}
	a.Check = Available
	if slices.ContainsFunc(b.Customers, func(c Customer) bool { return c.Organisation == org }) && !slices.Contains(p.RegisterCustomers, QualifiedLead) {
		a.Check = NotAvailable
		if slices.Contains(p.RegisterCustomers, ManagedCustomer) {
			a.Check = AvailableManaged
		}
	}
	if other := b.Partners[org]; other != "" && other != b.Partner.ID || slices.Contains(p.OwnOrganisations(*b.Partner), org) {
		a.Check = NotAvailable
	}
	for _, r := range b.Registrations {
		if r.Organisation != org || !r.Outstanding(p, b.Received) {
			continue
		}
		if r.Partner == b.Partner.ID {
			a.Check, a.On, a.Term = Yours, r.Ref, last(r.Terms)
			return a
		}
		a.Check = NotAvailable
	}
	return a
}

// Standing is where something of a partner's stands, as STATUS lists it.
type Standing string

// The standings.
const (
	StandsActive Standing = "active"
	StandsQueued Standing = "queued" // active, and renewed ahead of time
	// StandsFrozen: kept for a partner that has lapsed (D35).
	StandsFrozen  Standing = "frozen"
	StandsReview  Standing = "review"
	StandsWaiting Standing = "waiting" // lines are missing
	StandsEnded   Standing = "ended"
	// StandsReleased: lost with a membership (D35); only a notice lists it.
	StandsReleased Standing = "released"
)

// Listed is one line of STATUS.
type Listed struct {
	Ref     Reference `json:"ref"`
	Company string    `json:"company"`
	State   Standing  `json:"state"`
	// Since is the day of receipt; Until the last day, for an ask that until which
	// it is kept, and for a queued renewal the end of the running term.
	Since Date `json:"since,omitempty"`
	Until Date `json:"until,omitempty"`
	// Next is the last day of a queued term, or the last on which what is frozen is
	// kept.
	Next Date `json:"next,omitempty"`
	// Renewable says that RENEW would do something today.
	Renewable bool `json:"renewable,omitempty"`
}

// RecentDays is how long STATUS still lists what has ended.
const RecentDays = 30

// list is STATUS: what is active, by its last day; then what waits for a person,
// what waits for the partner, and what has ended lately and is held by nobody else.
func list(b Book, p Policy) []Listed {
	today := p.Day(b.Received)
	out := []Listed{}
	member := b.Partner.Member(today, p) == ""
	for _, r := range b.Registrations {
		if r.Partner != b.Partner.ID || r.State == StateRefused || r.released(p, today) {
			continue
		}
		l := Listed{Ref: r.Ref, Company: cmp.Or(r.Prospect.Company, string(r.Organisation)), Since: p.Day(r.Received), Until: r.Until(), Renewable: member && p.renewable(r, today)}
		switch {
		case r.UnderReview():
			l.State, l.Renewable = StandsReview, false
		case r.Frozen(p, b.Received):
			// What ends by itself sooner is kept no longer.
			l.State, l.Next, l.Renewable = StandsFrozen, min(p.ReleaseOn(r.LapsedOn).AddDays(-1), l.Until), false
		case r.Outstanding(p, b.Received):
			l.State = StandsActive
			if t := last(begun(r.Terms, today)); t.Until != "" && t.Until != l.Until {
				l.State, l.Until, l.Next, l.Renewable = StandsQueued, t.Until, l.Until, false
			}
		case r.State == StateActive || r.State == StateExpired:
			if l.Until.DaysUntil(today) > RecentDays || slices.ContainsFunc(b.Registrations, func(o Registration) bool {
				return o.Organisation == r.Organisation && o.Ref != r.Ref && (o.Outstanding(p, b.Received) || o.Partner == r.Partner && o.Until() > r.Until())
			}) {
				continue
			}
			l.State = StandsEnded
		default:
			continue
		}
		out = append(out, l)
	}
	for _, a := range b.open(p) {
		out = append(out, Listed{Ref: a.Ref, Company: cmp.Or(a.Prospect.Company, a.Prospect.URL, a.Prospect.Email), State: StandsWaiting,
			Since: p.Day(a.Last), Until: p.Day(a.Last).AddDays(p.CompletionDays)})
	}
	rank := map[Standing]int{StandsActive: 0, StandsQueued: 0, StandsFrozen: 0, StandsReview: 1, StandsWaiting: 2, StandsEnded: 3}
	slices.SortStableFunc(out, func(x, y Listed) int {
		return cmp.Or(cmp.Compare(rank[x.State], rank[y.State]), cmp.Compare(x.Until, y.Until), cmp.Compare(x.Ref, y.Ref))
	})
	return out
}
