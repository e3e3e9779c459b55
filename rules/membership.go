package rules

import (
	"cmp"
	"strings"
)

// The life of a membership (P9, D34 to D36), told in days.
//
// A partner is a member while it has agreed and pays for a plan that admits. Staff
// keep the days; nothing else is stored. When the subscription ends, nothing new is
// accepted from that day on, and what the partner holds is frozen: it still holds its
// organisations, so that a rival is turned away, and a partner whose card had merely
// expired loses nothing by it. After release_after_days all of it is released, at the
// first instant of that day, whoever notes it and whenever: a mail received before is
// judged as if it were held, one received after as if it were free.
//
// Coming back in time changes nothing, since nothing was changed. Coming back later
// brings back the partner and not its leads: whoever clears the day of the lapse
// stores the release first, or the leads would come to life again while a rival may
// hold them.

// Agreement is the Partner Program Agreement that partners are asked to accept.
type Agreement struct {
	// Version is how the vendor calls it, such as 2026-01; "" where none is configured.
	Version string `json:"version"`
	// Hash is the SHA-256 of its file, in hexadecimal; "" where there is no file.
	Hash string `json:"hash"`
}

// Lapse is the first day without a subscription: the day that staff wrote, or the day
// after the last day of the plan, whichever comes first; "" where neither is known.
func Lapse(lapsedOn, planUntil Date) Date {
	ends := planUntil.AddDays(1)
	if ends == "" || lapsedOn != "" && lapsedOn < ends {
		return lapsedOn
	}
	return ends
}

// Lapse is the first day on which the partner has no subscription (D35); "" where none
// is known.
func (p Partner) Lapse() Date { return Lapse(p.LapsedOn, p.PlanUntil) }

// ReleaseOn is the day from which the registrations of a partner that lapsed on a day
// are released (D35).
func (p Policy) ReleaseOn(lapsed Date) Date { return lapsed.AddDays(p.ReleaseAfterDays) }

// agreed says whether the agreement counts on a day (P1).
func (p Partner) agreed(today Date) bool { return p.AgreementOn != "" && p.AgreementOn <= today }

// Lost are the registrations that a partner has lost by its present lapse (D35), as
// they would have ended.
func Lost(regs []Registration, partner Partner, p Policy) []Holding {
	var out []Holding
	if partner.Lapse() == "" {
		return nil
	}
	release := p.Midnight(p.ReleaseOn(partner.Lapse()))
	for _, r := range regs {
		if r.State == StateReleased && r.EndedAt.Equal(release) {
			out = append(out, Holding{Ref: r.Ref, Company: cmp.Or(r.Prospect.Company, string(r.Organisation)), Until: r.Until()})
		}
	}
	sortHoldings(out)
	return out
}

// agree answers I AGREE (D34). It counts once: who has agreed is told since when. What
// was written to somebody else, or where a person has taken over, a person reads; and
// where no version is configured nobody could say what was agreed to.
func (b Book) agree(r Request, p Policy) Action {
	a := Action{Verb: VerbAgree}
	today := p.Day(b.Received)
	switch {
	case b.Partner.agreed(today):
		a.Decision, a.Since = Answered, b.Partner.AgreementOn
	case p.Agreement.Version == "", r.Copied, b.Taken, showsAnother(r.FromName, b.Sender.Address):
		a.Decision = Held
	default:
		a.Decision, a.Since, a.Agreement = Updated, today, p.Agreement
	}
	return a
}

// agreed is the Book after an agreement was recorded.
func (b Book) agreed(a Action) Book {
	if a.Verb != VerbAgree || a.Decision != Updated {
		return b
	}
	p := *b.Partner
	p.AgreementOn, p.Agreement, p.AgreementAt = a.Since, a.Agreement, b.Received
	b.Partner = &p
	return b
}

// Certified says whether the partner may appear in the directory on a day: certified,
// and a member (P12).
func (p Partner) Certified(today Date, policy Policy) bool {
	return p.CertifiedOn != "" && p.CertifiedOn <= today && p.Member(today, policy) == ""
}

// Member is why a partner may register and renew nothing on a day, the first reason of
// several; "" where it may (P1, P9, D34 to D36).
func (p Partner) Member(today Date, policy Policy) Code {
	admits := false
	for _, plan := range policy.EntryPlans {
		admits = admits || strings.EqualFold(plan, p.Plan)
	}
	lapse := p.Lapse()
	switch {
	case !p.agreed(today):
		return AgreementMissing
	case p.SuspendedOn != "" && p.SuspendedOn <= today:
		return PartnerSuspended
	case lapse != "" && lapse <= today, p.JoinedOn > today:
		return PartnerInactive
	case !admits:
		return PlanNotEligible
	}
	return ""
}
