package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"leadmail/rules"
	"leadmail/templates"
)

// Digest writes to staff what waits for them and what happened. Whatever in it comes
// from a mail is made harmless here.
func (r *Renderer) Digest(staff rules.Address, n templates.News, id Identity) (Rendered, error) {
	n.Program, n.Zone, n.ReviewHours = clean(r.program.Name, maxValue), r.program.Policy.Zone, r.program.Policy.ReviewHours
	n.Sections = slices.Clone(n.Sections)
	for i := range n.Sections {
		entries := slices.Clone(n.Sections[i].Entries)
		for k := range entries {
			e := &entries[k]
			e.Section = n.Sections[i].Name
			for _, s := range []*string{&e.Partner, &e.Company, &e.Address, &e.Subject, &e.Why} {
				*s = outside(*s)
			}
		}
		n.Sections[i].Entries = entries
	}
	text, html, err := r.set.Execute(templates.Digest, n)
	if err != nil {
		return Rendered{}, fmt.Errorf("render %s: %w", templates.Digest, err)
	}
	subject, err := r.set.Say("digest", n)
	if err != nil {
		return Rendered{}, fmt.Errorf("render %s: %w", templates.Digest, err)
	}
	return r.staffMail(templates.Digest, staff, strings.TrimSuffix(subject, "."), text, html, id)
}

// Waits is something that has waited for a person for too long.
type Waits struct {
	// Ref names a prospect under review, with Verb a registration that is to be
	// changed; "" is the mail as a whole. Case is what staff call it.
	Ref          rules.Reference
	Verb         rules.Verb
	Case         rules.Case
	Mail         int64
	Partner      rules.PartnerID
	From         rules.Address
	Subject      string
	Prospect     rules.Prospect
	Organisation rules.OrganisationKey
	Reasons      []rules.Reason
	Why          string
	// Forms are what waits of a partner's paperwork, and Paperwork is how that stands;
	// those that came without a mail have no case.
	Forms     []rules.Form
	Paperwork rules.Paperwork
	Received  time.Time
	// Hours is how long it has waited, weekends not counted.
	Hours int
	Lever Lever
}

// Overdue reminds staff of what waits for too long (D33). The token that an answer
// needs stands in the subject too; a prospect is what the mail numbers.
func (r *Renderer) Overdue(staff rules.Address, w Waits, id Identity) (Rendered, error) {
	p := r.program.Policy
	what := fmt.Sprintf("Mail %d", w.Mail)
	if w.Ref != "" {
		what = clean(w.Prospect.Company, 80)
		if what == "" {
			what = string(w.Organisation)
		}
	}
	received := w.Received.In(p.Location()).Format("2 January 2006 15:04 MST")
	show := fmt.Sprintf("To decide: leadmail review show %d", w.Mail)
	if w.Ref != "" {
		show = "To decide: leadmail review show " + string(w.Case)
	}
	if len(w.Forms) > 0 {
		what = fmt.Sprintf("Paperwork of mail %d", w.Mail)
		show = fmt.Sprintf("All of it: leadmail paperwork list --partner %s", w.Partner)
		if f := w.Forms[0]; w.Mail == 0 {
			what, received = "Paperwork without a mail", f.Day.Words()
			show = fmt.Sprintf("To decide: leadmail paperwork record %s --form %s --received %s --confirm, or --refuse --because and a reason", w.Partner, f.Kind, f.Day)
		}
	}
	who := string(w.Partner)
	if who == "" {
		who = string(w.From)
	}
	n := templates.Notice{
		Program: clean(r.program.Name, maxValue), Zone: p.Zone,
		Headline: defang(clean(fmt.Sprintf("Still waits for you: %s (%s)", what, who), maxSubject)),
		What:     fmt.Sprintf("It has waited for %d hours, weekends not counted; %d should be enough.", w.Hours, p.ReviewHours),
	}
	for _, f := range []templates.Line{
		{Label: "Reference", Value: string(w.Ref)},
		{Label: "Asks to", Value: string(w.Verb)},
		{Label: "Received", Value: received},
		{Label: "From", Value: outside(string(w.From))},
		{Label: "Subject", Value: outside(w.Subject)},
		{Label: "Contact", Value: outside(strings.TrimSpace(w.Prospect.FirstName + " " + w.Prospect.LastName + " " + w.Prospect.Email))},
		{Label: "Website", Value: outside(w.Prospect.URL)},
		{Label: "Reasons", Value: codes(w.Reasons)},
		{Label: "Why", Value: defang(clean(w.Why, maxReason))},
	} {
		if f.Value != "" {
			n.Facts = append(n.Facts, f)
		}
	}
	for _, f := range w.Forms {
		n.Facts = append(n.Facts, formFact(f))
	}
	if len(w.Forms) > 0 {
		n.Facts = append(n.Facts, templates.Line{Label: "Paperwork", Value: standing(w.Paperwork)})
	}
	n.Next = append(n.Next, show)
	subject := n.Headline
	if len(w.Lever.Orders) > 0 {
		n.Next = append(n.Next, w.Lever.words())
		mark := " [" + string(w.Lever.Token) + "]"
		subject = clean(subject, maxSubject-len(mark)) + mark
	}
	out, err := r.toStaff(templates.Overdue, staff, subject, n, id)
	if err == nil && w.Ref != "" {
		out.Numbering = []rules.Reference{w.Ref}
	}
	return out, err
}
