package notify

import (
	"fmt"
	"slices"
	"strconv"
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
}

// Original is the mail that is answered.
type Original struct {
	From     rules.Address
	FromName string
	Subject  string
	// MessageID and References are without brackets; References oldest first.
	MessageID  string
	References []string
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
		ReleaseAfterDays: p.Policy.ReleaseAfterDays, RenewalEarly: p.Policy.RenewalEarly, EntryPlans: p.Policy.EntryPlans,
		QualifiedEarns: slices.Contains(p.Policy.EarningTypes, rules.QualifiedLead),
		ManagedEarns:   slices.Contains(p.Policy.EarningTypes, rules.ManagedCustomer),
		CustomersToo:   slices.Contains(p.Policy.RegisterCustomers, rules.ManagedCustomer),
	}
	return &Renderer{set: t, program: p, numbers: n}
}

// Reply writes the answer that a decision owes the mail's sender. The partner is
// nil where the sender is nobody's. It fails where the decision owes none, and
// where the identity or the address cannot stand in a mail.
func (r *Renderer) Reply(d rules.Decision, q rules.Request, o Original, partner *rules.Partner, id Identity) (Rendered, error) {
	a := r.answer(d, q, partner)
	name := ""
	switch d.Reply {
	case rules.ReplyVerdicts:
		name = templates.Verdicts
		r.judged(&a, d, q, partner)
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
	return r.toPartner(name, string(d.Reply), a, o, id)
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
	a.Paperwork = forms(q)
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

func (r *Renderer) toPartner(name, kind string, a templates.Answer, o Original, id Identity) (Rendered, error) {
	text, html, err := r.set.Execute(name, a)
	if err != nil {
		return Rendered{}, fmt.Errorf("render %s: %w", name, err)
	}
	l := letter{
		fromName: r.program.Name, from: r.program.Address, to: o.From, subject: answered(o.Subject, "your mail to "+a.Program), auto: autoReplied,
		inReplyTo: o.MessageID, references: o.References, text: text, html: html,
	}
	out, err := r.write(kind, l, id)
	if err != nil {
		return Rendered{}, fmt.Errorf("render %s: %w", name, err)
	}
	for _, v := range a.Verdicts {
		out.Numbering = append(out.Numbering, v.Ref)
	}
	return out, nil
}

func (r *Renderer) write(kind string, l letter, id Identity) (Rendered, error) {
	raw, err := compose(l, id, r.program.Policy.Location())
	if err != nil {
		return Rendered{}, err
	}
	return Rendered{Kind: kind, To: l.to, MessageID: messageID(id.MessageID), Subject: clean(l.subject, maxSubject), Text: l.text, Raw: raw}, nil
}

// judged fills in the verdicts, their tally and their clauses.
func (r *Renderer) judged(a *templates.Answer, d rules.Decision, q rules.Request, partner *rules.Partner) {
	for i, j := range d.Judgements {
		v := r.verdict(j, d, q, partner)
		if len(v.Release) > 0 {
			d.Release = nil // said once a mail
		}
		if len(d.Judgements) > 1 {
			v.N = i + 1
		}
		if v.N > 0 && v.Needs(rules.LeadTypeOf) && v.Decision == rules.NeedsInfo {
			a.Asks++
		}
		a.Which = a.Which || unclear(j, q)
		a.Verdicts = append(a.Verdicts, v)
		r.cite(a, clauses(v)...)
	}
	if len(d.Judgements) > 1 {
		a.Tally = tally(a.Verdicts)
	}
	for _, act := range d.Actions {
		if act.Decision != rules.Held && act.Decision != rules.Review {
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

// tally counts the verdicts of a mail, the best first.
func tally(verdicts []templates.Verdict) []string {
	counts := map[string]int{}
	for _, v := range verdicts {
		counts[became(v)]++
	}
	var out []string
	for _, words := range []string{"registered", "renewed", "added as a contact", "already yours", "not registered yet", "with our team", "not registered", "read"} {
		if n := counts[words]; n > 0 {
			out = append(out, strconv.Itoa(n)+" "+words)
		}
	}
	return out
}

// became is what a tally calls a verdict.
func became(v templates.Verdict) string {
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

// verdict turns one judgement into what a mail says of it.
func (r *Renderer) verdict(j rules.Judgement, d rules.Decision, q rules.Request, partner *rules.Partner) templates.Verdict {
	p := r.program.Policy
	v := templates.Verdict{
		Decision: j.Decision, Ref: j.Ref, Type: j.Prospect.LeadType, HeldType: j.HeldType, Again: j.Term.N > 1, Today: d.Today,
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
	v.One = len(v.Missing) == 1
	v.Joins = j.Holds != "" && j.Decision == rules.NeedsInfo
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
	if partner != nil && partner.LapsedOn != "" {
		if last := partner.LapsedOn.AddDays(p.ReleaseAfterDays - 1); last >= d.Today {
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

// links gives a verdict its form and the mails that are written already.
func (r *Renderer) links(v *templates.Verdict, j rules.Judgement, d rules.Decision) {
	switch j.Decision {
	case rules.NeedsInfo:
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
			v.Links = append(v.Links, r.form("", j.Prospect, "Send "+v.Name+" again").Link)
		case rules.AgreementMissing, rules.PartnerInactive, rules.PlanNotEligible:
			v.Links = append(v.Links, r.form("", j.Prospect, "Send "+v.Name+" again").Link)
		}
	}
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

// clauses are the rules that a verdict rests on.
func clauses(v templates.Verdict) []string {
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
		if v.Earns {
			return []string{"P6", "P7", "D25"}
		}
		return []string{"P6", "P7", "D25", "D42"}
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

func wish(verb rules.Verb, ref string) templates.Wish {
	_, company, found := strings.Cut(ref, "company:")
	if found {
		ref = company
	} else if _, n, found := strings.Cut(ref, "ordinal:"); found {
		ref = "number " + n
	}
	return templates.Wish{Verb: verb, Of: clean(ref, maxValue)}
}
