package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"leadmail/rules"
	"leadmail/templates"
)

// Program is the vendor's partner program, as its mails speak of it.
type Program struct {
	// Name stands in From, Address is the partners mailbox.
	Name    string
	Address rules.Address
	// Policy gives the numbers and the zone that the words name (D6).
	Policy rules.Policy
	// AgreementURL is the page of the agreement that partners accept, AgreementFile its
	// file; either may be missing.
	AgreementURL  string
	AgreementFile *File
}

// Original is the mail that is answered.
type Original struct {
	From     rules.Address
	FromName string
	Subject  string
	// MessageID and References are without brackets; References oldest first.
	MessageID  string
	References []string
	// Files are its attachments, in the order by which rules.Place counts them.
	Files []File
}

// Identity is what makes one mail's bytes its own. All of it is the caller's, so
// that rendering again gives the same bytes.
type Identity struct {
	// MessageID is without brackets, such as 17.1@partners.vendor.example.
	MessageID string
	// Date is an instant; it is written in the program's zone.
	Date time.Time
	// Boundary parts the MIME parts: 1 to 60 letters, digits, _ . -
	Boundary string
}

// Rendered is a mail ready to be stored.
type Rendered struct {
	// Kind names the mail: one of rules.Reply, or outcome, confirmation, alert.
	Kind string
	To   rules.Address
	// MessageID is without brackets.
	MessageID string
	Subject   string
	// Text is the text half, as the reader sees it.
	Text string
	// Raw is the whole mail, lines ended by CRLF.
	Raw []byte
	// Numbering lists the prospects in the order in which the mail numbers them,
	// so that "the second one" can be understood (D19).
	Numbering []rules.Reference
}

// Renderer writes a program's mails. It may be used by several goroutines.
type Renderer struct {
	set     *templates.Set
	program Program
	numbers templates.Numbers
}

// New returns the renderer of a program's mails.
func New(t *templates.Set, p Program) *Renderer {
	n := templates.Numbers{
		Months: p.Policy.ExpiryMonths, Max: p.Policy.MaxOutstanding, RenewalDays: p.Policy.RenewalDays,
		RenewalWindow: p.Policy.RenewalWindow, CompletionDays: p.Policy.CompletionDays, ReviewHours: p.Policy.ReviewHours,
		ReleaseAfterDays: p.Policy.ReleaseAfterDays, ChecksPerDay: p.Policy.ChecksPerDay, RenewalEarly: p.Policy.RenewalEarly, EntryPlans: p.Policy.EntryPlans,
		QualifiedEarns: slices.Contains(p.Policy.EarningTypes, rules.QualifiedLead),
		ManagedEarns:   slices.Contains(p.Policy.EarningTypes, rules.ManagedCustomer),
		CustomersToo:   slices.Contains(p.Policy.RegisterCustomers, rules.ManagedCustomer),
	}
	n.Agreement = templates.Agreement{Version: clean(p.Policy.Agreement.Version, maxValue), URL: p.AgreementURL, Attached: p.AgreementFile != nil}
	return &Renderer{set: t, program: p, numbers: n}
}

// Reply writes the answer that a decision owes the mail's sender. The partner is
// nil where the sender is nobody's. It fails where the decision owes none, and
// where the identity or the address cannot stand in a mail.
func (r *Renderer) Reply(d rules.Decision, q rules.Request, o Original, partner *rules.Partner, id Identity) (Rendered, error) {
	a := r.answer(d, q, partner)
	name := ""
	var lists []File
	switch d.Reply {
	case rules.ReplyVerdicts:
		name = templates.Verdicts
		a.Copied = q.Copied
		r.judged(&a, d, q, partner)
		var err error
		if lists, err = r.returned(a.Verdicts, d, q, o); err != nil {
			return Rendered{}, fmt.Errorf("render the lists: %w", err)
		}
		for _, f := range lists {
			a.Returned = append(a.Returned, f.Name)
		}
	case rules.ReplyHeld:
		name = templates.Held
		r.held(&a, d, q)
	case rules.ReplyUnknownSender:
		name = templates.UnknownSender
		a = r.fixed()
		// Nothing of the mail goes back to an address that anybody could have
		// written into From, not even its subject.
		o.Subject = ""
		r.cite(&a, "D31")
	case rules.ReplyUnverified:
		name = templates.Unverified
		a = r.fixed()
		o.Subject = "" // as above
		r.cite(&a, "D32")
	case rules.ReplyNothingFound:
		name = templates.NothingFound
		a.Form = r.form("", rules.Prospect{}, "Open a mail with these lines")
		r.cite(&a, "P5")
	case rules.ReplyTooLarge:
		name = templates.TooLarge
		r.cite(&a, "P5")
	default:
		return Rendered{}, fmt.Errorf("render: the decision owes no reply (%q)", d.Reply)
	}
	return r.toPartner(name, string(d.Reply), a, o, id, lists...)
}

// ReviewOutcome writes to the partner what staff decided of a prospect under
// review. staffReason is quoted; "" where there is none.
func (r *Renderer) ReviewOutcome(j rules.Judgement, staffReason string, o Original, partner *rules.Partner, meter rules.Meter, id Identity) (Rendered, error) {
	d := rules.Decision{Judgements: []rules.Judgement{j}, Meter: meter, Today: r.program.Policy.Day(id.Date), Received: id.Date}
	a := r.answer(d, rules.Request{}, partner)
	r.judged(&a, d, rules.Request{}, partner)
	a.StaffReason = clean(staffReason, maxReason)
	return r.toPartner(templates.Outcome, templates.Outcome, a, o, id)
}

// answer holds what every mail to a partner says.
func (r *Renderer) answer(d rules.Decision, q rules.Request, partner *rules.Partner) templates.Answer {
	a := r.fixed()
	a.Today = d.Today
	a.Zone = clean(r.program.Policy.Zone, maxValue)
	if partner != nil {
		a.Partner = clean(partner.Name, maxValue)
		meter := d.Meter
		a.Meter = &meter
	}
	a.Paperwork, a.Hidden = forms(q), q.Hidden
	if q.OnForms && len(q.Forms) == 0 {
		if a.Needed = papers(d.Paperwork, d.Today); a.Needed != nil {
			r.cite(&a, "P2", "D37")
		}
	}
	for _, u := range q.Unread {
		if len(a.Unread) == maxUnread {
			a.UnreadMore++
			continue
		}
		one := templates.Unread{Name: clean(u.Name, maxValue), What: clean(u.What, maxValue), Why: u.Why}
		if a.Paperwork && u.Why != rules.UnreadLink {
			one.Name = ""
		}
		if one.What == "" {
			one.What = "file"
		}
		a.Unread = append(a.Unread, one)
	}
	if a.Paperwork {
		a.Asked = len(q.Questions) > 0
	} else {
		for _, s := range q.Questions {
			if s = clean(s, maxQuestion); s != "" {
				a.Questions = append(a.Questions, s)
			}
		}
	}
	return a
}

// forms says whether a mail hands in tax or bank forms. What stands beside them
// may be part of them: it is never quoted (PRODUCT.md, invariant 7).
func forms(q rules.Request) bool {
	return q.Kind == rules.KindPaperwork ||
		slices.ContainsFunc(q.Items, func(it rules.Item) bool { return it.Verb == rules.VerbPaperwork })
}

// fixed is what a mail says to anybody.
func (r *Renderer) fixed() templates.Answer {
	return templates.Answer{Program: clean(r.program.Name, maxValue), Address: r.program.Address, Numbers: r.numbers}
}

// toPartner writes a mail in the thread of the one that it answers.
func (r *Renderer) toPartner(name, kind string, a templates.Answer, o Original, id Identity, files ...File) (Rendered, error) {
	text, html, err := r.set.Execute(name, a)
	if err != nil {
		return Rendered{}, fmt.Errorf("render %s: %w", name, err)
	}
	l := letter{
		fromName: r.program.Name, from: r.program.Address, to: o.From, subject: answered(o.Subject, "your mail to "+a.Program), auto: autoReplied,
		inReplyTo: o.MessageID, references: o.References, text: text, html: html, files: files,
	}
	out, err := r.write(kind, l, id)
	if err != nil {
		return Rendered{}, fmt.Errorf("render %s: %w", name, err)
	}
	out.Numbering = numbering(a)
	return out, nil
}

// write composes a letter and keeps what is stored beside its bytes.
func (r *Renderer) write(kind string, l letter, id Identity) (Rendered, error) {
	raw, err := compose(l, id, r.program.Policy.Location())
	if err != nil {
		return Rendered{}, err
	}
	return Rendered{Kind: kind, To: l.to, MessageID: messageID(id.MessageID), Subject: clean(l.subject, maxSubject), Text: l.text, Raw: raw}, nil
}

// judged fills in the verdicts, their tally and their clauses.
func (r *Renderer) judged(a *templates.Answer, d rules.Decision, q rules.Request, partner *rules.Partner) {
	order := map[int]int{} // by the verdict's place, the item that it answers
	for _, j := range d.Judgements {
		if j.Verb.Change() && j.Decision == rules.Review && slices.ContainsFunc(a.Verdicts, func(v templates.Verdict) bool { return v.Ref == j.Ref && v.Decision == rules.Review }) {
			continue // two verbs, one doubt
		}
		v := r.verdict(j, d, q, partner)
		if len(v.Release) > 0 {
			d.Release = nil // said once a mail
		}
		a.Which = a.Which || unclear(j, q)
		order[len(a.Verdicts)] = j.Item
		a.Verdicts = append(a.Verdicts, v)
	}
	for _, act := range d.Actions {
		if act.Decision == rules.Held {
			continue
		}
		order[len(a.Verdicts)] = act.Item
		a.Verdicts = append(a.Verdicts, r.acted(a, act, d, partner))
	}
	r.inOrder(a, order)
	for _, act := range d.Actions {
		if act.Decision != rules.Held {
			continue
		}
		if act.Verb == rules.VerbAsk {
			// The question itself is quoted where intake gave its words.
			a.Asked = a.Asked || len(a.Questions) == 0
			continue
		}
		a.Read = append(a.Read, wish(act.Verb, act.Ref))
	}
}

// held says what a held mail was understood to ask for.
func (r *Renderer) held(a *templates.Answer, d rules.Decision, q rules.Request) {
	for _, it := range q.Items {
		switch it.Verb {
		case rules.VerbAsk:
			if len(a.Questions) > 0 {
				continue
			}
		case rules.VerbRenew, rules.VerbWithdraw, rules.VerbCorrect, rules.VerbConfirm, rules.VerbAnswer:
			a.Orders = true
		}
		w := wish(it.Verb, it.Ref)
		if !slices.Contains(a.Read, w) {
			a.Read = append(a.Read, w)
		}
	}
	if len(a.Read) == 0 {
		if verb := kindVerbs[q.Kind]; verb != "" {
			a.Read = append(a.Read, wish(verb, ""))
		}
	}
	if q.Kind == rules.KindHelp {
		a.Help = true
		a.Form = r.form("", rules.Prospect{}, "Open a mail with these lines")
		r.cite(a, "P5")
	}
	r.cite(a, "D3")
}

var kindVerbs = map[rules.Kind]rules.Verb{
	rules.KindRegistration: rules.VerbRegister, rules.KindRenewal: rules.VerbRenew, rules.KindWithdrawal: rules.VerbWithdraw,
	rules.KindStatus: rules.VerbStatus, rules.KindHelp: rules.VerbHelp, rules.KindPaperwork: rules.VerbPaperwork,
}

// wish is what a mail asks for, with the name under which it stands there: intake
// writes a company or a place in a list into the reference.
func wish(verb rules.Verb, ref string) templates.Wish {
	if _, company, found := strings.Cut(ref, "company:"); found {
		ref = company
	} else if _, n, found := strings.Cut(ref, "ordinal:"); found {
		ref = "number " + n
	}
	return templates.Wish{Verb: verb, Of: clean(ref, maxValue)}
}
