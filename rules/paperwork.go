package rules

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// To be paid a partner hands in two forms (P2): where the money goes, and a tax
// form. The day that counts is that on which the mail with the last of them was
// received; that a person confirms it later costs nobody anything (D37).

// FormKind is what kind of form a partner hands in.
type FormKind string

// The forms.
const (
	FormACH    FormKind = "ach_wire"
	FormW8BEN  FormKind = "w8ben"
	FormW8BENE FormKind = "w8bene"
	FormW9     FormKind = "w9"
	// FormTax is a W-8 or W-9 of which nobody has noted which.
	FormTax FormKind = "tax_form"
	// FormUnknown is a form of a mail that does not tell which: staff name it.
	FormUnknown FormKind = "unknown"
)

// FormKinds are those that a form can be recorded as.
var FormKinds = [...]FormKind{FormACH, FormW8BEN, FormW8BENE, FormW9, FormTax}

// need is what a form is handed in for: FormACH, FormTax, or FormUnknown.
func (k FormKind) need() FormKind {
	switch k {
	case FormW8BEN, FormW8BENE, FormW9, FormTax:
		return FormTax
	}
	return k
}

// FormState is where a form stands.
type FormState string

// The states of a form.
const (
	FormSubmitted FormState = "submitted" // waits for staff to look at it
	FormConfirmed FormState = "confirmed"
	FormRefused   FormState = "refused" // counts as not in
)

// Form is what is known of a form: never what stands in it (PRODUCT.md,
// invariant 7).
type Form struct {
	// ID is the store's; 0 for one that a mail has just brought.
	ID   int64    `json:"id,omitempty"`
	Kind FormKind `json:"kind"`
	// Received is the receipt of the mail that brought it, Day that day in the
	// program's zone. One that came by post has the day alone.
	Received time.Time `json:"received,omitzero"`
	Day      Date      `json:"day,omitempty"`
	State    FormState `json:"state,omitempty"`
	// Name is the file's, its longer numbers hidden; Size is in bytes, SHA256 of the
	// content and hexadecimal.
	Name   string `json:"name,omitempty"`
	Size   int    `json:"size,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	// Mail is the ledger's number of the mail; 0 for none.
	Mail int64 `json:"mail,omitempty"`
	// Because is why staff refused it.
	Because string `json:"because,omitempty"`
}

// Papers is a partner's paperwork on record, by which its state is computed.
type Papers struct {
	Partner PartnerID
	// Joined is the first day of joining; "" where it is not known, and then there
	// is no deadline.
	Joined Date
	Forms  []Form
}

// PaperworkState is where a partner's paperwork stands.
type PaperworkState string

// The states of the paperwork.
const (
	PaperworkMissing   PaperworkState = "missing"   // nothing is in
	PaperworkPartial   PaperworkState = "partial"   // something is, and something misses
	PaperworkSubmitted PaperworkState = "submitted" // all is in, and waits for staff
	PaperworkComplete  PaperworkState = "complete"
)

// Paperwork is where a partner's paperwork stands.
type Paperwork struct {
	State PaperworkState `json:"state"`
	// Deadline is the last day on which it is in time; "" where there is none.
	Deadline Date `json:"deadline,omitempty"`
	// Missing is what has still to be handed in: FormACH, FormTax.
	Missing []FormKind `json:"missing,omitempty"`
	// Waiting are the forms that staff have to look at.
	Waiting []FormKind `json:"waiting,omitempty"`
	// On is the day on which the last form that is needed was received; "" while
	// one misses.
	On Date `json:"on,omitempty"`
	// Pending says that a form that came in time waits for staff.
	Pending bool `json:"pending,omitempty"`
}

// paperworkMonths is how long after joining the paperwork is in time (P3).
const paperworkMonths = 6

// PaperworkDeadline is the last day for the paperwork of whoever first joined on a
// day: six calendar months later, clamped to the month's last day (D4, D37).
func PaperworkDeadline(joined Date) Date { return Period{Months: paperworkMonths}.After(joined) }

// JoinedFor are the days of joining that have a deadline on one of the days, in their
// order: up to four for each, none for a day such as 31 March when no such month ends
// there.
func JoinedFor(deadlines ...Date) []Date {
	var out []Date
	for _, deadline := range deadlines {
		t := deadline.Time()
		first := time.Date(t.Year(), t.Month()-paperworkMonths, 1, 0, 0, 0, 0, time.UTC)
		for d := first; d.Month() == first.Month(); d = d.AddDate(0, 0, 1) {
			if joined := DateOf(d, time.UTC); PaperworkDeadline(joined) == deadline {
				out = append(out, joined)
			}
		}
	}
	return out
}

// Stand says where the paperwork stands. Of several forms for one need the first
// that was confirmed counts, else the first that waits.
func (x Papers) Stand() Paperwork {
	w := Paperwork{State: PaperworkMissing, Deadline: PaperworkDeadline(x.Joined)}
	confirmed := true
	for _, need := range []FormKind{FormACH, FormTax} {
		best := Form{}
		for _, f := range x.Forms {
			switch {
			case f.Kind.need() != need, f.State == FormRefused:
			case best.State == "", f.State == FormConfirmed && best.State != FormConfirmed, f.State == best.State && f.Day < best.Day:
				best = f
			}
		}
		if best.State == "" {
			w.Missing = append(w.Missing, need)
			continue
		}
		w.On, confirmed = max(w.On, best.Day), confirmed && best.State == FormConfirmed
	}
	for _, f := range x.Forms {
		if f.State == FormSubmitted {
			w.Waiting = append(w.Waiting, f.Kind)
			w.Pending = w.Pending || w.Deadline != "" && f.Day <= w.Deadline
		}
	}
	switch {
	case len(w.Missing) == 0 && confirmed:
		w.State = PaperworkComplete
	case len(w.Missing) == 0:
		w.State = PaperworkSubmitted
	case len(w.Missing) == 1, len(w.Waiting) > 0:
		w.State = PaperworkPartial
	}
	if len(w.Missing) > 0 {
		w.On = ""
	}
	return w
}

// Forfeited says whether what a month that ends on a day earns is forfeited: the
// deadline has passed and the forms were neither in by it nor by that day (D38).
// While a form that came in time waits for staff nothing is (D37).
func (w Paperwork) Forfeited(day Date) bool {
	switch {
	case w.Deadline == "", day <= w.Deadline:
		return false
	case w.On != "" && (w.On <= w.Deadline || w.On <= day):
		return false
	}
	return !w.Pending
}

// Late says that the forms that are in came after the deadline.
func (w Paperwork) Late() bool { return w.Deadline != "" && w.On > w.Deadline }

// unnamed says whether a form waits of which nobody knows yet what it is.
func (w Paperwork) unnamed() bool { return slices.Contains(w.Waiting, FormUnknown) }

// reminds says whether a partner is told at a stage: something misses that no form
// in hand could be, and no form in hand could still turn out to be in time.
func (w Paperwork) reminds(stage int) bool {
	return w.Deadline != "" && len(w.Missing) > 0 && !w.unnamed() && (stage >= 0 || !w.Pending)
}

// DuePaperwork are the reminders of paperwork that came due after since, until
// today, by partner: of several stages the nearest, as with DueReminders.
func DuePaperwork(all []Papers, since, today Date, p Policy) []Reminder {
	var out []Reminder
	for _, x := range all {
		w := x.Stand()
		stage, due := stageDue(w.Deadline, since, today, x.Joined, p.PaperworkStages)
		if due && w.reminds(stage) {
			out = append(out, Reminder{Cause: OfPaperwork, Partner: x.Partner, Until: w.Deadline, Stage: stage})
		}
	}
	SortReminders(out)
	return out
}

// urgentDays is how near a deadline is when staff are told of forms that wait.
const urgentDays = 7

// UrgentPaperwork are the partners whose forms wait for staff while a stage came due
// after since, until today, that is near the deadline or past it (D37).
func UrgentPaperwork(all []Papers, since, today Date, p Policy) []PartnerID {
	var out []PartnerID
	for _, x := range all {
		w := x.Stand()
		stage, due := stageDue(w.Deadline, since, today, x.Joined, p.PaperworkStages)
		if due && stage <= urgentDays && w.Pending {
			out = append(out, x.Partner)
		}
	}
	slices.Sort(out)
	return out
}

// Nearing is a partner whose paperwork misses something while its deadline comes.
type Nearing struct {
	Partner PartnerID
	Paperwork
}

// NearForfeiture are the partners whose paperwork misses something and whose deadline
// is a day from today until last, the soonest first (D37). A form that waits may be
// what misses, where nobody has named it; it is among Waiting.
func NearForfeiture(all []Papers, today, last Date) []Nearing {
	var out []Nearing
	for _, x := range all {
		if w := x.Stand(); len(w.Missing) > 0 && w.Deadline != "" && today <= w.Deadline && w.Deadline <= last {
			out = append(out, Nearing{x.Partner, w})
		}
	}
	slices.SortFunc(out, func(x, y Nearing) int {
		return cmp.Or(cmp.Compare(x.Deadline, y.Deadline), cmp.Compare(x.Partner, y.Partner))
	})
	return out
}

// DueFor says whether a reminder of paperwork may still be told today: its cause
// holds, and no nearer stage has come while it waited.
func (r Reminder) DueFor(w Paperwork, today Date, p Policy) bool {
	stage, found := nearest(today.DaysUntil(r.Until), p.PaperworkStages)
	return r.Cause == OfPaperwork && r.Until == w.Deadline && w.reminds(r.Stage) && found && stage == r.Stage
}

// brought are the forms of a mail as they are recorded: submitted, as of its
// receipt.
func brought(b Book, r Request, p Policy) []Form {
	out := slices.Clone(r.Forms)
	for i := range out {
		out[i].Received, out[i].Day, out[i].State = b.Received, p.Day(b.Received), FormSubmitted
	}
	return out
}

// papers are those of the Book's partner.
func (b Book) papers() Papers {
	return Papers{Partner: b.Partner.ID, Joined: b.Partner.JoinedOn, Forms: b.Forms}
}

// Paperwork says whether the answer to a mail tells how the paperwork stands: the
// mail brings forms, speaks of them, or asks for the list.
func (r Request) Paperwork() bool {
	return len(r.Forms) > 0 || r.OnForms || slices.ContainsFunc(r.Items, func(it Item) bool { return it.Verb == VerbPaperwork || it.Verb == VerbStatus })
}

// Settled is a form after staff have looked at it: confirmed, under another kind
// where as names one, or refused for a reason. One that nobody has named cannot be
// confirmed.
func (f Form) Settled(confirm bool, as FormKind, because string) (Form, error) {
	f.Kind = cmp.Or(as, f.Kind)
	if !confirm {
		f.State, f.Because = FormRefused, because
		return f, nil
	}
	if !slices.Contains(FormKinds[:], f.Kind) {
		return f, fmt.Errorf("%w form %q: want one of %v", ErrInvalid, f.Kind, FormKinds)
	}
	f.State, f.Because = FormConfirmed, ""
	return f, nil
}
