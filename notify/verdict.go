package notify

import (
	"slices"
	"strconv"
	"strings"

	"leadmail/rules"
	"leadmail/templates"
)

// verdict turns one judgement into what a mail says of it.
func (r *Renderer) verdict(j rules.Judgement, d rules.Decision, q rules.Request, partner *rules.Partner) templates.Verdict {
	p := r.program.Policy
	v := templates.Verdict{
		Verb: j.Verb, Decision: j.Decision, Ref: j.Ref, Type: j.Prospect.LeadType, HeldType: j.HeldType, Again: j.Term.N > 1, Today: d.Today,
		From: j.Term.From, Until: j.Term.Until, Proposal: clean(j.Proposal, maxValue), NoWebsite: j.NoWebsite,
		Last: p.MaxAsks > 0 && j.Asked >= p.MaxAsks, Numbers: r.numbers,
	}
	v.Name, v.Named = called(j)
	v.Contact = clean(j.Prospect.FirstName+" "+j.Prospect.LastName, maxValue)
	if v.Contact == "" {
		v.Contact = "A contact"
	}
	counts := j.Prospect.LeadType
	if j.HeldType != "" {
		counts = j.HeldType
	}
	v.Earns = counts == "" || slices.Contains(p.EarningTypes, counts)
	for _, reason := range j.Reasons {
		if reason.Code.Outcome() == rules.NeedsInfo || reason.Code.Outcome() != outcomeOf(j.Decision) {
			continue
		}
		if v.Reason == "" {
			v.Reason = reason.Code
		} else if reason.Code != v.Reason {
			v.Also = append(v.Also, reason.Code)
		}
	}
	if j.Decision == rules.NeedsInfo || j.Decision == rules.Held {
		v.Missing = missing(j, q)
	}
	if j.Decision == rules.Rejected && v.Reason == "" && j.Verb.Change() && slices.Contains(j.Reasons, rules.Reason{Code: rules.ContradictoryMail}) {
		v.Reason = rules.ContradictoryMail // what was asked for twice is refused once
	}
	v.Mail = clean(j.Prospect.Email, maxValue)
	v.Place = j.Decision == rules.Withdrawn && j.Ask == ""
	v.One = len(v.Missing) == 1
	v.Joins = j.Holds != "" && !j.Verb.Change() && j.Decision == rules.NeedsInfo
	v.Shorter = j.Decision == rules.Accepted && v.Until < (rules.Period{Months: p.ExpiryMonths}).After(v.From)
	for _, reason := range j.Reasons {
		if reason.Code == rules.ContradictoryMail && reason.Field != "" {
			v.Contradicts = append(v.Contradicts, reason.Field)
		}
	}
	if v.Until != "" && p.RenewalEarly {
		v.RenewFrom = v.Until.AddDays(-p.RenewalWindow)
		v.RenewNow = d.Today >= v.RenewFrom
	}
	if partner != nil && partner.Lapse() != "" {
		if last := p.ReleaseOn(partner.Lapse()).AddDays(-1); last >= d.Today {
			v.KeptUntil = last
		}
	}
	r.links(&v, j, d)
	return v
}

// outcomeOf says which reasons word a decision.
func outcomeOf(d rules.Outcome) rules.Outcome {
	if d == rules.Held {
		return rules.Review
	}
	return d
}

// called is how a prospect is named: the company, or what is known instead.
func called(j rules.Judgement) (name string, company bool) {
	if s := clean(j.Prospect.Company, 80); s != "" {
		return s, true
	}
	site := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(j.Prospect.URL, "https://"), "http://"), "/")
	for _, s := range []string{site, j.Prospect.FirstName + " " + j.Prospect.LastName, j.Prospect.Email, string(j.Ref)} {
		if s = clean(s, 80); s != "" {
			return s, false
		}
	}
	return "your prospect", false
}

// missing lists the lines that a prospect needs, with what was given for them.
func missing(j rules.Judgement, q rules.Request) []templates.Missing {
	var out []templates.Missing
	for _, field := range rules.Fields {
		for _, reason := range j.Reasons {
			if reason.Field != field || reason.Code.Outcome() != rules.NeedsInfo {
				continue
			}
			m := templates.Missing{Field: field, Code: reason.Code}
			if field == rules.URL && j.NoWebsite {
				out = append(out, m)
				break
			}
			if reason.Code != rules.MissingField {
				m.Given = clean(j.Prospect.Get(field), maxValue)
			}
			if m.Given == "" && !unclear(j, q) && j.Reading >= 0 && j.Reading < len(q.Prospects) {
				m.Given = clean(q.Prospects[j.Reading].Unusable[field], maxValue)
			}
			if n := len(out); field == rules.LastName && n > 0 && out[n-1].Field == rules.FirstName && out[n-1].Given == "" && m.Given == "" {
				out[n-1].Field = templates.WholeName
			} else {
				out = append(out, m)
			}
			break
		}
	}
	return out
}

// unclear says whether a judgement asks again because nothing told which of
// several prospects a bare answer was meant for (D20): what the mail stated is
// not in the prospect.
func unclear(j rules.Judgement, q rules.Request) bool {
	if j.Verb != rules.VerbAnswer || j.Decision != rules.NeedsInfo || j.Reading < 0 || j.Reading >= len(q.Prospects) {
		return false
	}
	for _, f := range rules.Fields {
		if q.Prospects[j.Reading].Get(f) != "" && j.Prospect.Get(f) == "" {
			return true
		}
	}
	return false
}

// links gives a verdict its form and the mails that are written already.
func (r *Renderer) links(v *templates.Verdict, j rules.Judgement, d rules.Decision) {
	switch j.Decision {
	case rules.NeedsInfo:
		if j.Verb.Change() {
			return // nothing of it is kept, so nothing is to be filled in
		}
		if v.Proposal != "" && v.Needs(rules.URL) {
			v.Links = append(v.Links, templates.Link{Label: "YES, " + v.Proposal + " is the website", URL: mailto(r.program.Address, "YES "+string(j.Ref), "YES\n")})
		}
		known := j.Prospect
		for _, reason := range j.Reasons {
			if reason.Code.Outcome() == rules.NeedsInfo && reason.Field != "" {
				known.Set(reason.Field, "")
			}
		}
		v.Form = r.form(j.Ref, known, "Fill in the lines for "+v.Name)
	case rules.Accepted, rules.Renewed, rules.Queued:
		withdraw := r.order("Withdraw "+v.Name, "WITHDRAW", j.Ref)
		withdraw.Quiet = true
		v.Links = append(v.Links, withdraw)
	case rules.Rejected:
		switch v.Reason {
		case rules.AlreadyRegistered:
			if v.RenewNow {
				v.Links = append(v.Links, r.order("Renew "+v.Name, "RENEW", j.Ref))
			}
		case rules.ExistingCustomer:
			if r.numbers.CustomersToo {
				again := j.Prospect
				again.LeadType = rules.ManagedCustomer
				v.Links = append(v.Links, r.form("", again, "Register "+v.Name+" as a Managed Customer").Link)
			}
		case rules.CapReached:
			for _, h := range d.Release {
				h.Company = clean(h.Company, 80)
				v.Release = append(v.Release, h)
				withdraw := r.order("Withdraw "+h.Company, "WITHDRAW", h.Ref)
				withdraw.Quiet = true
				v.Links = append(v.Links, withdraw)
			}
			if j.Verb == rules.VerbRenew {
				v.Links = append(v.Links, r.order("Renew "+v.Name, "RENEW", j.Ref))
				return
			}
			v.Links = append(v.Links, r.form("", j.Prospect, "Send "+v.Name+" again").Link)
		case rules.AgreementMissing:
			r.agree(v, j, d)
		case rules.PartnerInactive, rules.PlanNotEligible:
			if j.Verb == rules.VerbRenew {
				v.Links = append(v.Links, r.order("Renew "+v.Name, "RENEW", j.Ref))
				return
			}
			v.Links = append(v.Links, r.form("", j.Prospect, "Send "+v.Name+" again").Link)
		}
	}
}

// agree gives a verdict for which the agreement is missing the way on: one tap agrees
// and sends a lead again; where there are several, the first offers the agreement.
func (r *Renderer) agree(v *templates.Verdict, j rules.Judgement, d rules.Decision) {
	missing := slices.DeleteFunc(slices.Clone(d.Judgements), func(o rules.Judgement) bool { return !o.Has(rules.AgreementMissing) })
	renew := j.Verb == rules.VerbRenew
	again := r.form("", j.Prospect, "Send "+v.Name+" again")
	switch {
	case r.numbers.Agreement.Version == "":
	case len(missing) == 1 && !renew:
		body := agreeLine + "\n\n"
		for _, l := range again.Lines {
			body += l.Label + ": " + l.Value + "\n"
		}
		v.Links = append(v.Links, templates.Link{Label: "Agree, and send " + v.Name + " again", URL: mailto(r.program.Address, agreeLine, body)})
		return
	case len(missing) == 0 || missing[0].Item == j.Item && missing[0].Ref == j.Ref:
		v.Links = append(v.Links, r.agreement())
	}
	if renew {
		v.Links = append(v.Links, r.order("Renew "+v.Name, "RENEW", j.Ref))
		return
	}
	v.Links = append(v.Links, again.Link)
}

const agreeLine = "I AGREE"

// agreement is the link that accepts the agreement.
func (r *Renderer) agreement() templates.Link {
	return templates.Link{Label: "I agree to the Partner Program Agreement", URL: mailto(r.program.Address, agreeLine, agreeLine+"\n")}
}

// clauses are the rules that a verdict rests on.
func clauses(v templates.Verdict) []string {
	switch {
	case v.Verb == rules.VerbCheck:
		return []string{"D13"}
	case v.Verb == rules.VerbPaperwork:
		return []string{"P2", "D37"}
	case v.Verb == rules.VerbHelp:
		return []string{"P5"}
	case v.Verb == rules.VerbAgree:
		return []string{"P1"}
	case v.Verb == rules.VerbStatus, v.Verb == rules.VerbStop:
		return []string{"P8"}
	case v.Decision == rules.Review && v.Change() && v.Reason == rules.UnclearOrganisation:
		return []string{"D30", "D33"}
	case v.Change() && (v.Decision == rules.NeedsInfo || v.Decision == rules.Held || v.Decision == rules.Ignored || v.Reason == rules.UnknownRegistration):
		return []string{map[rules.Verb]string{rules.VerbRenew: "D24", rules.VerbWithdraw: "D29", rules.VerbCorrect: "D30"}[v.Verb]}
	case v.Decision == rules.Updated:
		return []string{"D30"}
	}
	switch v.Decision {
	case rules.Accepted:
		out := []string{"P6", "P7"}
		if v.Shorter {
			out = append(out, "D29")
		}
		if !v.Earns {
			out = append(out, "D42")
		}
		return out
	case rules.Renewed:
		out := []string{"P6", "P7", "D25"}
		if v.HeldType != "" {
			out = append(out, "D18")
		}
		if !v.Earns {
			out = append(out, "D42")
		}
		return out
	case rules.Queued:
		return []string{"P6", "P7", "D26"}
	case rules.ContactAdded:
		if v.HeldType != "" {
			return []string{"D9", "D18"}
		}
		return []string{"D9"}
	case rules.NeedsInfo:
		if v.Joins {
			return []string{"D9"}
		}
		if v.Needs(rules.URL) {
			return []string{"P5", "D1", "D7"}
		}
		return []string{"P5", "D1"}
	case rules.Held:
		return []string{"D21"}
	case rules.Withdrawn:
		return []string{"D29"}
	case rules.Review:
		if v.Reason == rules.UnclearOrganisation {
			return []string{"D10", "D33"}
		}
		if v.Reason == rules.GrantedMeanwhile {
			return []string{"D3", "D33"}
		}
		return []string{"D32", "D33"}
	case rules.Rejected:
		var out []string
		if v.Reason == rules.AlreadyRegistered && v.Until == "" {
			return []string{"D32", "D33"}
		}
		for _, c := range append([]rules.Code{v.Reason}, v.Also...) {
			if id := clauseOf[c]; id != "" {
				out = append(out, id)
			}
		}
		if v.HeldType != "" {
			out = append(out, "D18")
		}
		if len(out) == 0 {
			out = []string{"D32"}
		}
		return out
	}
	return nil
}

var clauseOf = map[rules.Code]string{
	rules.AgreementMissing: "P1", rules.PartnerSuspended: "D34", rules.PartnerInactive: "P9", rules.PlanNotEligible: "P9",
	rules.OwnOrganisation: "D16", rules.Conflict: "D13", rules.ExistingCustomer: "D15", rules.AlreadyRegistered: "D26",
	rules.RenewalLimit: "D28", rules.CapReached: "P8",
}

// cite adds clauses, each once.
func (r *Renderer) cite(a *templates.Answer, ids ...string) {
	for _, id := range ids {
		if !slices.ContainsFunc(a.Clauses, func(c templates.Clause) bool { return c.ID == id }) {
			a.Clauses = append(a.Clauses, templates.Clause{ID: id, Numbers: r.numbers})
		}
	}
}

// tally counts the verdicts of a mail, the best first.
func tally(verdicts []templates.Verdict) []string {
	counts := map[string]int{}
	for _, v := range verdicts {
		counts[became(v)]++
	}
	var out []string
	for _, words := range []string{"registered", "renewed", "added as a contact", "already yours", "agreed", "withdrawn", "updated", "available", "yours", "received", "not registered yet", "with our team", "not renewed", "not registered", "not available", "nothing changed", "answered", "read"} {
		if n := counts[words]; n > 0 {
			out = append(out, strconv.Itoa(n)+" "+words)
		}
	}
	return out
}

// became is what a tally calls a verdict.
func became(v templates.Verdict) string {
	switch {
	case v.Verb == rules.VerbPaperwork:
		return "received"
	case v.Check == rules.Available, v.Check == rules.AvailableManaged:
		return "available"
	case v.Check == rules.Yours:
		return "yours"
	case v.Check == rules.NotAvailable:
		return "not available"
	case v.Verb == rules.VerbAgree && v.Decision == rules.Updated:
		return "agreed"
	case v.Verb == rules.VerbCheck, v.Decision == rules.Answered:
		return "answered"
	case v.Reason == rules.WhichRegistration, v.Reason == rules.UnknownRegistration, v.Change() && (v.Decision == rules.NeedsInfo || v.Decision == rules.Ignored):
		return "nothing changed"
	case v.Decision == rules.Withdrawn:
		return "withdrawn"
	case v.Decision == rules.Updated:
		return "updated"
	case v.Verb == rules.VerbRenew && v.Decision == rules.Rejected && v.Reason != rules.AlreadyRegistered:
		return "not renewed"
	}
	switch v.Decision {
	case rules.Accepted:
		return "registered"
	case rules.Renewed, rules.Queued:
		return "renewed"
	case rules.ContactAdded:
		return "added as a contact"
	case rules.NeedsInfo:
		return "not registered yet"
	case rules.Review, rules.Held:
		return "with our team"
	case rules.Rejected:
		if v.Reason == rules.AlreadyRegistered {
			return "already yours"
		}
		return "not registered"
	}
	return "read"
}
