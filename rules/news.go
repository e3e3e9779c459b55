package rules

import (
	"cmp"
	"slices"
	"time"
)

// Ruling is a decision on record, with whose mail it was about and when it was made.
type Ruling struct {
	Partner  PartnerID
	At       time.Time
	Decision Decision
}

// News is what came of the mails of a time, for staff.
type News struct {
	// Outcomes counts what was decided of prospects and registrations.
	Outcomes map[Outcome]int
	// Refused counts the rejected ones by the reason that words them, most first.
	Refused []Refusal
	Bursts  []Burst
	// Renewals are the second and later ones of an organisation (D28).
	Renewals []Renewal
}

// Refusal is a reason with how often it was one.
type Refusal struct {
	Code Code
	N    int
}

// Burst is a partner with unusually many new prospects on one day (D17).
type Burst struct {
	Partner PartnerID
	Day     Date
	N       int
}

// Renewal is one that was granted. Times is which of its registration it is: its
// first term is none.
type Renewal struct {
	Partner PartnerID
	Ref     Reference
	Company string
	Until   Date
	Times   int
}

// NewsOf is what the rulings after an instant say. Older ones, of the same day, only
// count towards a burst: it is news when the limit is reached, on the day of the
// mails' receipt.
func NewsOf(rulings []Ruling, since time.Time, p Policy) News {
	news := News{Outcomes: map[Outcome]int{}}
	refused := map[Code]int{}
	type day struct {
		partner PartnerID
		day     Date
	}
	sent, before := map[day]int{}, map[day]int{}
	for _, r := range rulings {
		fresh := r.At.After(since)
		for _, j := range r.Decision.Judgements {
			if j.isNew() {
				d := day{r.Partner, r.Decision.Today}
				sent[d]++
				if !fresh {
					before[d]++
				}
			}
			if !fresh {
				continue
			}
			news.Outcomes[j.Decision]++
			if j.Decision == Rejected && len(j.Reasons) > 0 {
				refused[j.Reasons[0].Code]++
			}
			if (j.Decision == Renewed || j.Decision == Queued) && j.Term.N > 2 {
				news.Renewals = append(news.Renewals, Renewal{Partner: r.Partner, Ref: cmp.Or(j.Holds, j.Ref),
					Company: cmp.Or(j.Prospect.Company, string(j.Organisation)), Until: j.Term.Until, Times: j.Term.N - 1})
			}
		}
	}
	for code, n := range refused {
		news.Refused = append(news.Refused, Refusal{code, n})
	}
	slices.SortFunc(news.Refused, func(x, y Refusal) int { return cmp.Or(cmp.Compare(y.N, x.N), cmp.Compare(x.Code, y.Code)) })
	for d, n := range sent {
		if p.BurstProspects > 0 && n >= p.BurstProspects && before[d] < p.BurstProspects {
			news.Bursts = append(news.Bursts, Burst{d.partner, d.day, n})
		}
	}
	slices.SortFunc(news.Bursts, func(x, y Burst) int {
		return cmp.Or(cmp.Compare(y.N, x.N), cmp.Compare(x.Partner, y.Partner), cmp.Compare(x.Day, y.Day))
	})
	return news
}

// isNew says whether the judgement is about a prospect of which nothing was known:
// neither the answer to an ask, nor a contact or a renewal of what the partner holds.
func (j Judgement) isNew() bool {
	if j.Verb != VerbRegister || j.Ask != "" || j.Holds != "" && j.Holds != j.Ref {
		return false
	}
	switch j.Decision {
	case Accepted, NeedsInfo, Review, Rejected, Held:
		return true
	}
	return false
}
