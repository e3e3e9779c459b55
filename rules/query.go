package rules

// Keys are the organisations and company names that the Book for a request has
// to hold: those that the mail states, and those of the sender's open asks, which
// the mail may complete.
func Keys(r Request, asks []Ask, p Policy) ([]OrganisationKey, []NameKey) {
	var orgs []OrganisationKey
	var names []NameKey
	seen := map[string]bool{}
	org := func(url string) {
		if k := p.organisation(url); k != "" && !seen["o"+string(k)] {
			seen["o"+string(k)] = true
			orgs = append(orgs, k)
		}
	}
	name := func(company string) {
		if k := NameKeyOf(company); k != "" && !seen["n"+string(k)] {
			seen["n"+string(k)] = true
			names = append(names, k)
		}
	}
	for _, read := range r.Prospects {
		org(read.URL)
		name(read.Company)
	}
	for _, it := range r.Items {
		if it.Verb == VerbCheck {
			org(it.Ref)
		}
	}
	for _, a := range asks {
		org(a.Prospect.URL)
		org(a.Proposal)
		name(a.Prospect.Company)
	}
	return orgs, names
}
