package notify

import (
	"slices"

	"leadmail/rules"
	"leadmail/templates"
)

// What mails say of tax and bank forms: which kinds are in and what is still missing,
// never a name of a file or anything that stands in one.

// papers is how a partner's paperwork stands on a day; nil where the mail does not
// tell.
func papers(w *rules.Paperwork, today rules.Date) *templates.Papers {
	if w == nil {
		return nil
	}
	return &templates.Papers{State: w.State, Deadline: w.Deadline, On: w.On, Missing: w.Missing, Waiting: len(w.Waiting) > 0,
		Unnamed: slices.Contains(w.Waiting, rules.FormUnknown), Over: w.Deadline != "" && today > w.Deadline, Late: w.Late(), Forfeited: w.Forfeited(today)}
}

// CountForms counts forms by kind, in the order in which they come.
func CountForms(forms []rules.Form) []templates.Forms {
	var out []templates.Forms
	for _, f := range forms {
		i := slices.IndexFunc(out, func(c templates.Forms) bool { return c.Kind == f.Kind })
		if i < 0 {
			i, out = len(out), append(out, templates.Forms{Kind: f.Kind})
		}
		out[i].N++
	}
	return out
}

// PaperworkOutcome writes to the partner what staff decided of forms of its, in the
// thread of the mail that brought them; because is quoted, "" for none. w is how the
// paperwork stands with that.
func (r *Renderer) PaperworkOutcome(forms []rules.Form, w rules.Paperwork, confirmed bool, because string, o Original, partner *rules.Partner, meter rules.Meter, id Identity) (Rendered, error) {
	d := rules.Decision{Meter: meter, Today: r.program.Policy.Day(id.Date)}
	a := r.answer(d, rules.Request{}, partner)
	v := templates.Verdict{Verb: rules.VerbPaperwork, Decision: rules.Rejected, Forms: CountForms(forms), Papers: papers(&w, d.Today), Today: d.Today, Numbers: r.numbers}
	if confirmed {
		v.Decision = rules.Accepted
	}
	a.Verdicts, a.StaffReason = []templates.Verdict{v}, clean(because, maxReason)
	r.cite(&a, clauses(v)...)
	return r.toPartner(templates.Outcome, templates.Outcome, a, o, id)
}
