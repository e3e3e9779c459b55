package notify

import (
	"fmt"
	"strconv"
	"strings"

	"leadmail/rules"
	"leadmail/templates"
)

// Alert is a notice to staff.
type Alert struct {
	// Subject is the subject and the first line, without end stop.
	Subject string
	// What happened, and Hint: what to do about it.
	What, Hint string
	// Recovered says that it is over.
	Recovered bool
}

// Alert writes a notice to staff.
func (r *Renderer) Alert(staff rules.Address, a Alert, id Identity) (Rendered, error) {
	n := templates.Notice{
		Program: clean(r.program.Name, maxValue), Headline: defang(clean(a.Subject, maxSubject)), What: defang(clean(a.What, maxReason)),
		Hint: clean(a.Hint, maxReason), Recovered: a.Recovered,
	}
	subject := n.Headline
	if a.Recovered {
		subject = "Over: " + subject
	}
	return r.toStaff(templates.Alert, staff, subject, n, id)
}

// Confirmation writes to staff what was decided of one mail: facts and codes, a
// pointer to the original, nothing that could be tapped (MAIL.md, Safety).
// mailID is the ledger's; levers are what can be decided by answering.
func (r *Renderer) Confirmation(staff rules.Address, d rules.Decision, q rules.Request, o Original, partner *rules.Partner, mailID int64, s rules.Sender, levers []Lever, id Identity) (Rendered, error) {
	who := "an unknown sender"
	switch {
	case partner != nil:
		who = string(partner.ID)
	case s.Claims != "":
		who = "not " + string(s.Claims) + "?"
	case s.Staff:
		who = "staff"
	}
	n := templates.Notice{
		Program:  clean(r.program.Name, maxValue),
		Zone:     r.program.Policy.Zone,
		Headline: defang(clean(fmt.Sprintf("%s (%s)", r.summary(d, q), who), maxSubject)),
	}
	fact := func(label, value string) {
		if value != "" {
			n.Facts = append(n.Facts, templates.Line{Label: label, Value: value})
		}
	}
	fact("From", outside(strings.TrimSpace(o.FromName+" <"+string(o.From)+">")))
	fact("Verdict", verdictOn(s))
	if e := s.Evidence; e != nil {
		fact("Sender field", outside(string(e.Sender)))
		for _, a := range e.ReplyTo {
			fact("Reply-To", outside(string(a)))
		}
	}
	if partner != nil {
		fact("Partner", clean(partner.Name, maxValue)+" ("+string(partner.ID)+")")
	}
	fact("Received", d.Received.In(r.program.Policy.Location()).Format("2 January 2006 15:04:05 MST"))
	fact("Subject", outside(o.Subject))
	fact("Kind", string(q.Kind))
	fact("State", string(d.State))
	fact("Reasons", codes(d.Reasons))
	fact("Why", defang(clean(d.Why, maxReason)))
	answer := string(d.Reply)
	if answer == "" {
		answer = "none"
	}
	if d.Withheld != "" {
		answer = "none, withheld: " + clean(d.Withheld, maxReason)
	}
	fact("Answer", answer)
	if partner != nil {
		meter, err := r.set.Say("meter", d.Meter)
		if err != nil {
			return Rendered{}, fmt.Errorf("render confirmation: %w", err)
		}
		fact("Meter", meter)
	}
	fact("Original", fmt.Sprintf("folder %s, Message-ID %s, inbox %d", d.Folder, outside(messageID(o.MessageID)), mailID))
	for _, f := range q.Forms {
		n.Facts = append(n.Facts, formFact(f))
	}
	if w := d.Paperwork; w != nil && len(q.Forms) > 0 {
		fact("Paperwork", standing(*w))
	}
	for i, u := range q.Unread {
		if i == maxUnread {
			break
		}
		what := string(u.Why)
		if u.What != "" {
			what = u.What + ", " + what
		}
		if name := outside(u.Name); name != "" && !forms(q) {
			what = name + " (" + what + ")"
		}
		fact("Not read", what)
	}
	review := false
	for i, j := range d.Judgements {
		name, _ := called(j)
		one := templates.Judged{Headline: defang(fmt.Sprintf("%d. %s: %s", i+1, name, j.Decision))}
		line := func(label, value string) {
			if value != "" {
				one.Lines = append(one.Lines, templates.Line{Label: label, Value: value})
			}
		}
		line("Reference", string(j.Ref))
		if j.Verb.Change() {
			line("Asks to", string(j.Verb))
		}
		line("Reasons", codes(j.Reasons))
		line("Organisation", outside(string(j.Organisation)))
		line("Term", term(j.Term))
		line("Contact", outside(strings.TrimSpace(j.Prospect.FirstName+" "+j.Prospect.LastName+" "+j.Prospect.Email)))
		line("Website", outside(j.Prospect.URL))
		line("Lead type", j.Prospect.LeadType.Words())
		line("Registered as", j.HeldType.Words())
		line("Belongs to", belongs(j))
		if j.Asked > 0 {
			line("Asked", strconv.Itoa(j.Asked))
		}
		line("Proposed", outside(j.Proposal))
		n.Prospects = append(n.Prospects, one)
		if j.Decision == rules.Review {
			review = true
			of := rules.Case(j.Ref)
			if j.Verb.Change() {
				of = rules.ChangeCase(mailID, i+1)
			}
			n.Next = append(n.Next, "To decide: leadmail review show "+string(of))
			if rivals := rules.Rivals(d, i); len(rivals) > 0 && rivals[0] < i {
				n.Next = append(n.Next, "Not both can be meant: whatever you answer to one of them closes the other, too.")
			}
		}
	}
	for _, act := range d.Actions {
		n.Actions = append(n.Actions, templates.Line{Label: "Asked for", Value: outside(fmt.Sprintf("%s %s: %s", act.Verb, act.Ref, act.Decision))})
	}
	if !forms(q) {
		for _, s := range q.Questions {
			n.Questions = append(n.Questions, defang(clean(s, maxQuestion)))
		}
	}
	for _, s := range q.Warnings {
		n.Warnings = append(n.Warnings, defang(clean(s, maxQuestion)))
	}
	if d.State == rules.MailHeld && !review {
		n.Next = append(n.Next, "It waits for you: leadmail review list")
	}
	n.Next = append(n.Next, "All of it: leadmail inbox show "+strconv.FormatInt(mailID, 10))
	for _, l := range levers {
		n.Next = append(n.Next, l.words())
	}
	subject := n.Headline
	if len(levers) == 1 {
		// One case: an answer has its token even where the mail is not quoted.
		mark := " [" + string(levers[0].Token) + "]"
		subject = clean(subject, maxSubject-len(mark)) + mark
	}
	return r.toStaff(templates.Confirmation, staff, subject, n, id)
}

// Lever is what staff can decide by answering a mail, with the token for it.
type Lever struct {
	Token  rules.Token
	Orders []rules.Verb
}

// words say how to answer. The token stands there as it must come back.
func (l Lever) words() string {
	var ways []string
	for _, v := range l.Orders {
		switch v {
		case rules.VerbApprove:
			ways = append(ways, "APPROVE")
		case rules.VerbReject:
			ways = append(ways, "REJECT and a reason")
		case rules.VerbAddTo:
			ways = append(ways, "ADD TO and a partner's id")
		}
	}
	if l.Token.Case().Forms() > 0 {
		return "To decide on the forms answer " + strings.Join(ways, ", or ") + " (APPROVE W-9, ACH names what nobody has named), to this: " + string(l.Token)
	}
	return "Or answer " + strings.Join(ways, ", or ") + ", to this: " + string(l.Token)
}

// formFact is what staff read of a form. Where it lies, the mailbox shows; their mail
// holds nothing of it, and of one that came without a mail only the kind is known.
func formFact(f rules.Form) templates.Line {
	what := string(f.Kind)
	if f.Name != "" || f.Size > 0 {
		what = fmt.Sprintf("%s, %d bytes, %s", f.Kind, f.Size, outside(f.Name))
	}
	return templates.Line{Label: "Form", Value: what}
}

// standing is how a partner's paperwork stands, for staff.
func standing(w rules.Paperwork) string {
	out := string(w.State)
	if len(w.Missing) > 0 {
		out += ", missing " + strings.Trim(fmt.Sprint(w.Missing), "[]")
	}
	if w.On != "" {
		out += ", all in on " + string(w.On)
	}
	if w.Deadline != "" {
		out += ", last day " + string(w.Deadline)
	}
	return out
}

// verdictOn is what is known of a sender, for staff.
func verdictOn(s rules.Sender) string {
	out := string(s.Verdict)
	if s.Evidence != nil {
		out += ": " + outside(s.Evidence.Why)
	}
	if s.Claims != "" {
		out += "; the address is one of " + string(s.Claims)
	}
	return out
}

// summary is the subject's first half: what became of the mail.
func (r *Renderer) summary(d rules.Decision, q rules.Request) string {
	switch len(d.Judgements) {
	case 0:
		if len(d.Actions) == 1 && d.State == rules.MailDecided {
			a := d.Actions[0]
			return strings.TrimSpace(fmt.Sprintf("%s: %s %s", capital(string(a.Decision)), a.Verb, a.Ref))
		}
		return fmt.Sprintf("%s: %s", capital(string(d.State)), q.Kind)
	case 1:
		name, _ := called(d.Judgements[0])
		return fmt.Sprintf("%s: %s", capital(strings.ReplaceAll(string(d.Judgements[0].Decision), "_", " ")), name)
	}
	var all []templates.Verdict
	for _, j := range d.Judgements {
		v := templates.Verdict{Decision: j.Decision}
		if j.Has(rules.AlreadyRegistered) {
			v.Reason = rules.AlreadyRegistered
		}
		all = append(all, v)
	}
	return strings.Join(tally(all), ", ")
}

func (r *Renderer) toStaff(name string, staff rules.Address, subject string, n templates.Notice, id Identity) (Rendered, error) {
	text, html, err := r.set.Execute(name, n)
	if err != nil {
		return Rendered{}, fmt.Errorf("render %s: %w", name, err)
	}
	return r.staffMail(name, staff, subject, text, html, id)
}

func (r *Renderer) staffMail(name string, staff rules.Address, subject, text, html string, id Identity) (Rendered, error) {
	l := letter{fromName: r.program.Name, from: r.program.Address, to: staff, subject: subject, auto: autoGenerated, text: text, html: html}
	out, err := r.write(name, l, id)
	if err != nil {
		return Rendered{}, fmt.Errorf("render %s: %w", name, err)
	}
	return out, nil
}

func outside(s string) string { return defang(clean(s, maxValue)) }

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func codes(reasons []rules.Reason) string {
	var out []string
	for _, r := range reasons {
		s := string(r.Code)
		if r.Field != "" {
			s += " (" + string(r.Field) + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func term(t rules.Term) string {
	if t.Until == "" {
		return ""
	}
	return fmt.Sprintf("%s to %s, term %d", t.From, t.Until, t.N)
}

func belongs(j rules.Judgement) string {
	if j.Holds == j.Ref {
		return ""
	}
	return string(j.Holds)
}
