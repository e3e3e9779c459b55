package notify

import (
	"cmp"
	"fmt"
	"slices"

	"leadmail/rules"
	"leadmail/templates"
)

// acted is what a mail says of something that was asked for and that is no prospect.
func (r *Renderer) acted(a *templates.Answer, act rules.Action, d rules.Decision, partner *rules.Partner) templates.Verdict {
	name := wish(act.Verb, act.Ref).Of
	v := templates.Verdict{Verb: act.Verb, Decision: act.Decision, Check: act.Check, Name: name, Today: d.Today, Ref: act.On, Until: act.Term.Until, Numbers: r.numbers}
	v.Agreed, v.Version = act.Since, clean(act.Agreement.Version, maxValue)
	if act.Verb == rules.VerbAgree && partner != nil {
		p := *partner
		p.AgreementOn = act.Since
		v.Standing = p.Member(d.Today, r.program.Policy)
	}
	for _, reason := range act.Reasons {
		v.Reason = reason.Code
	}
	for _, o := range act.Options {
		row := templates.Row{Ref: o.Ref, Company: clean(o.Company, 80), Until: o.Until, Numbers: r.numbers}
		v.Options = append(v.Options, row)
		switch act.Verb {
		case rules.VerbRenew:
			v.Links = append(v.Links, r.order("Renew "+row.Company, "RENEW", o.Ref))
		case rules.VerbWithdraw:
			v.Links = append(v.Links, r.order("Withdraw "+row.Company, "WITHDRAW", o.Ref))
		}
	}
	switch act.Verb {
	case rules.VerbStatus:
		a.Listed, a.Rows, a.Papers = true, r.rows(d.List), papers(d.Paperwork, d.Today)
		v.Counts = counted(d.List)
	case rules.VerbPaperwork:
		v.Forms, v.Papers = CountForms(act.Forms), papers(d.Paperwork, d.Today)
	case rules.VerbHelp:
		a.Help, a.Form = true, r.form("", rules.Prospect{}, "Open a mail with these lines")
	}
	return v
}

// rows are the lines of STATUS, each that can be renewed today with its link.
func (r *Renderer) rows(list []rules.Listed) []templates.Row {
	var out []templates.Row
	for _, l := range list {
		row := templates.Row{Ref: l.Ref, Company: clean(l.Company, 80), State: l.State, Since: l.Since, Until: l.Until, Next: l.Next, Renewable: l.Renewable, Numbers: r.numbers}
		if l.Renewable {
			row.Links = append(row.Links, r.order("Renew "+row.Company, "RENEW", l.Ref))
		}
		out = append(out, row)
	}
	return out
}

// counted says how many of a list stand where.
func counted(list []rules.Listed) []string {
	var out []string
	for _, c := range []struct {
		words string
		is    []rules.Standing
	}{{"active", []rules.Standing{rules.StandsActive, rules.StandsQueued}}, {"kept while your plan is not active", []rules.Standing{rules.StandsFrozen}}, {"with our team", []rules.Standing{rules.StandsReview}},
		{"not registered yet", []rules.Standing{rules.StandsWaiting}}, {"ended lately", []rules.Standing{rules.StandsEnded}}} {
		n := 0
		for _, l := range list {
			if slices.Contains(c.is, l.State) {
				n++
			}
		}
		if n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, c.words))
		}
	}
	return out
}

// inOrder puts the verdicts in the order in which the mail asked, numbers them where
// there are several, and goes on with the numbers through the lists: one number of
// the mail means one registration (D19).
func (r *Renderer) inOrder(a *templates.Answer, order map[int]int) {
	places := make([]int, len(a.Verdicts))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(x, y int) int { return cmp.Compare(order[x], order[y]) })
	sorted := make([]templates.Verdict, len(places))
	for i, place := range places {
		sorted[i] = a.Verdicts[place]
	}
	a.Verdicts = sorted
	n := 0
	for i := range a.Verdicts {
		v := &a.Verdicts[i]
		if len(a.Verdicts) > 1 {
			n++
			v.N = n
		}
		if v.N > 0 && v.Needs(rules.LeadTypeOf) && v.Decision == rules.NeedsInfo {
			a.Asks++
		}
		r.cite(a, clauses(*v)...)
	}
	for i := range a.Verdicts {
		for k := range a.Verdicts[i].Options {
			n++
			a.Verdicts[i].Options[k].N = n
		}
	}
	for i := range a.Rows {
		n++
		a.Rows[i].N = n
	}
	if len(a.Verdicts) > 1 {
		a.Tally = tally(a.Verdicts)
	}
}

// numbering lists the registrations by the numbers that a mail gives them.
func numbering(a templates.Answer) []rules.Reference {
	var out, options []rules.Reference
	for _, v := range a.Verdicts {
		out = append(out, v.Ref)
		for _, o := range v.Options {
			options = append(options, o.Ref)
		}
	}
	if len(a.Verdicts) == 1 && len(options)+len(a.Rows) > 0 {
		out = nil // it has no number, the lists begin with 1
	}
	out = append(out, options...)
	for _, row := range a.Rows {
		out = append(out, row.Ref)
	}
	for _, s := range a.Parts {
		for _, row := range s.Rows {
			out = append(out, row.Ref)
		}
	}
	if !slices.ContainsFunc(out, func(ref rules.Reference) bool { return ref != "" }) {
		return nil
	}
	return out
}
