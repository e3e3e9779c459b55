package rules

import (
	"slices"
	"strconv"
	"strings"
)

// Change says whether a verb is about a registration that exists already: what a
// judgement with it says is no new prospect.
func (v Verb) Change() bool { return v == VerbRenew || v == VerbWithdraw || v == VerbCorrect }

// target is what an item of a mail is about: one of the partner's registrations,
// or an ask of theirs that is still open. Neither: nothing of theirs was found.
type target struct {
	reg *Registration
	ask *Ask
}

func (t target) ref() Reference {
	switch {
	case t.reg != nil:
		return t.reg.Ref
	case t.ask != nil:
		return t.ask.Ref
	}
	return ""
}

// targets finds what an item is about: by reference, by the company's name, by the
// number of our last list, or by our last mail in the thread alone. Several mean
// that nothing chooses among them. A reference of somebody else's finds nothing,
// as one that nobody has: the answer must not tell the two apart.
func targets(b Book, r Request, it Item, p Policy) []target {
	if n := ordinal(r, it); n > 0 {
		if n > len(b.Conversation.Numbering) {
			return nil
		}
		return b.referred(p, b.Conversation.Numbering[n-1])
	}
	if name, found := strings.CutPrefix(it.Ref, "company:"); found {
		return b.called(name, p)
	}
	if it.Ref != "" {
		return b.referred(p, Reference(it.Ref))
	}
	refs := b.Conversation.Numbering
	if len(refs) == 0 {
		refs = r.Mentions
	}
	return b.suited(it.Verb, b.referred(p, refs...), p)
}

// ordinal is the number of our list by which an item chooses; 0 for none.
func ordinal(r Request, it Item) int {
	if s, found := strings.CutPrefix(it.Ref, "ordinal:"); found {
		if n, err := strconv.Atoi(s); err == nil && n > 0 {
			return n
		}
		return 1 << 30 // a number that no list has
	}
	if i := it.Prospect; it.Ref == "" && i != nil && *i >= 0 && *i < len(r.Prospects) {
		return r.Prospects[*i].Ordinal
	}
	return 0
}

// referred are those of the references that are the partner's, each once.
func (b Book) referred(p Policy, refs ...Reference) []target {
	var out []target
	asks := b.open(p)
	for i, ref := range refs {
		if slices.Contains(refs[:i], ref) {
			continue
		}
		if n := slices.IndexFunc(b.Registrations, func(r Registration) bool { return r.Ref == ref && r.Partner == b.Partner.ID }); n >= 0 {
			out = append(out, target{reg: &b.Registrations[n]})
		} else if n := slices.IndexFunc(asks, func(a Ask) bool { return a.Ref == ref }); n >= 0 {
			out = append(out, target{ask: &asks[n]})
		}
	}
	return out
}

// called are the partner's registrations and asks of a company: by its website
// where the name is one, by the name's normal form, or by a part of it (D10). What
// is outstanding goes before what has ended; of that the latest counts.
func (b Book) called(name string, p Policy) []target {
	key := NameKeyOf(name)
	org := OrganisationKey("")
	if strings.Contains(name, ".") {
		org = p.organisation(name)
	}
	for _, alike := range []func(company string, at OrganisationKey) bool{
		func(company string, at OrganisationKey) bool {
			return org != "" && at == org || key != "" && NameKeyOf(company) == key
		},
		func(company string, _ OrganisationKey) bool {
			k := NameKeyOf(company)
			return k != "" && key != "" && (strings.Contains(" "+string(k)+" ", " "+string(key)+" ") || strings.Contains(" "+string(key)+" ", " "+string(k)+" "))
		},
	} {
		var live, ended []target
		latest := map[OrganisationKey]*Registration{}
		for i := range b.Registrations {
			r := &b.Registrations[i]
			if r.Partner != b.Partner.ID || !alike(r.Prospect.Company, r.Organisation) {
				continue
			}
			if r.Outstanding(p, b.Received) || r.UnderReview() {
				live = append(live, target{reg: r})
			} else if r.State != StateRefused {
				latest[r.Organisation] = later(latest[r.Organisation], r)
			}
		}
		for i, a := range b.open(p) {
			if alike(a.Prospect.Company, p.organisation(a.Prospect.URL)) {
				asks := b.open(p)
				live = append(live, target{ask: &asks[i]})
			}
		}
		if len(live) > 0 {
			return live
		}
		for i := range b.Registrations {
			if r := &b.Registrations[i]; latest[r.Organisation] == r {
				ended = append(ended, target{reg: r})
			}
		}
		if len(ended) > 0 {
			return ended
		}
	}
	return nil
}

// suited leaves out what a verb without a name cannot mean: nobody renews what runs
// for months yet, or withdraws what has ended. Where nothing is left all are meant.
func (b Book) suited(v Verb, all []target, p Policy) []target {
	today := p.Day(b.Received)
	var out []target
	for _, t := range all {
		suits := t.reg != nil && (v != VerbRenew || p.renewable(*t.reg, today))
		if v == VerbWithdraw {
			suits = t.ask != nil || t.reg.Outstanding(p, b.Received) || t.reg.UnderReview()
		}
		if suits {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// renewable says whether RENEW would do something to a registration on a day: its
// end is near, or past (D26, D27).
func (p Policy) renewable(r Registration, today Date) bool {
	if r.State != StateActive && r.State != StateExpired || r.Until() == "" {
		return false
	}
	return r.Until() < today || p.RenewalEarly && today >= r.Until().AddDays(-p.RenewalWindow)
}

// contradicts says whether a mail asks for two things of what an item is about that
// cannot both be meant (contradictory_mail): to withdraw it, and anything else; to
// renew and to register it.
func contradicts(b Book, r Request, it Item, on Reference, p Policy) bool {
	for _, other := range r.Items {
		if other.Verb == it.Verb || it.Verb == VerbCorrect && other.Verb == VerbRenew || it.Verb == VerbRenew && other.Verb == VerbCorrect {
			continue
		}
		switch {
		case other.Verb.Change():
			if ts := targets(b, r, other, p); len(ts) == 1 && ts[0].ref() == on {
				return true
			}
		case (other.Verb == VerbRegister || other.Verb == VerbAnswer) && it.Verb != VerbCorrect:
			i := other.Prospect
			if i == nil || *i < 0 || *i >= len(r.Prospects) {
				continue
			}
			for _, t := range b.referred(p, on) {
				company, org := "", OrganisationKey("")
				if t.reg != nil {
					company, org = t.reg.Prospect.Company, t.reg.Organisation
				} else {
					company, org = t.ask.Prospect.Company, p.organisation(t.ask.Prospect.URL)
				}
				read := r.Prospects[*i]
				if other.Verb == VerbAnswer && read.Ref != on {
					continue
				}
				if read.Ref == on || org != "" && p.organisation(read.URL) == org || read.URL == "" && NameKeyOf(read.Company) != "" && NameKeyOf(read.Company) == NameKeyOf(company) {
					return true
				}
			}
		}
	}
	return false
}
