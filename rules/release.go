package rules

import (
	"cmp"
	"slices"
)

// Holding is one registration of a partner's, as an answer lists it.
type Holding struct {
	Ref     Reference `json:"ref"`
	Company string    `json:"company"`
	Until   Date      `json:"until"`
}

// releasable is how many registrations a partner at the cap is shown.
const releasable = 3

// release are those of the partner's registrations that end first, for an
// answer that says cap_reached: what to release (Reasons table). What is under
// review has no last day and is left out; equal days stand by reference, so that
// the same facts give the same answer.
func (b Book) release(d Decision, p Policy) []Holding {
	if !slices.ContainsFunc(d.Judgements, func(j Judgement) bool { return j.Decision == Rejected && j.Has(CapReached) }) {
		return nil
	}
	var out []Holding
	for _, r := range b.Registrations {
		if r.Partner != b.Partner.ID || r.UnderReview() || r.Until() == "" || !r.Outstanding(p, b.Received) {
			continue
		}
		out = append(out, Holding{Ref: r.Ref, Company: r.Prospect.Company, Until: r.Until()})
	}
	sortHoldings(out)
	return out[:min(len(out), releasable)]
}

func sortHoldings(all []Holding) {
	slices.SortFunc(all, func(x, y Holding) int {
		return cmp.Or(cmp.Compare(x.Until, y.Until), cmp.Compare(x.Ref, y.Ref))
	})
}
