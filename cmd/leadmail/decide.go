package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"leadmail/cmd/internal/desk"
	"leadmail/intake"
	"leadmail/rules"
)

type decideCmd struct {
	Files []string `arg:"" name:"file" help:"Mails as files (.eml); - is standard input."`
	At    string   `help:"Judge as if the mail had arrived then: an instant (2026-08-31T14:05Z) or a day in the program's zone; without it, now." placeholder:"INSTANT"`
	JSON  bool     `name:"json" help:"One JSON object a line and file."`
}

// Help teaches by example.
func (decideCmd) Help() string {
	return `Takes the facts from the database of the configuration as they stand; changes and sends nothing. Several files are judged each
for itself, not one after the other.

    leadmail decide lead.eml
    leadmail decide --at 2026-08-31T14:05Z lead.eml
    leadmail decide --json - < lead.eml`
}

// deciding is one line of decide --json: a reading, and what would come of it.
type deciding struct {
	File      string         `json:"file"`
	Kind      rules.Kind     `json:"kind"`
	Prospects []decided      `json:"prospects"`
	Refs      []string       `json:"refs"`
	Items     []rules.Item   `json:"items"`
	Warnings  []string       `json:"warnings"`
	Sender    decidingSender `json:"sender"`
	State     string         `json:"state"`
	Folder    string         `json:"folder"`
	Actions   []rules.Action `json:"actions"`
	Reply     *decidingReply `json:"reply"`
	Withheld  string         `json:"reply_withheld"`
}

type decided struct {
	rules.Prospect
	Decision  rules.Outcome   `json:"decision"`
	Reasons   []rules.Reason  `json:"reasons"`
	Ref       rules.Reference `json:"ref"`
	ExpiresOn rules.Date      `json:"expires_on"`
}

type decidingSender struct {
	Address rules.Address   `json:"address"`
	Partner rules.PartnerID `json:"partner"`
	Verdict rules.Verdict   `json:"verdict"`
	// Claims is the partner whose address an unproved From shows; Evidence is what
	// the verdict rests on.
	Claims   rules.PartnerID `json:"claims,omitempty"`
	Evidence *rules.Evidence `json:"evidence,omitempty"`
}

type decidingReply struct {
	To      rules.Address `json:"to"`
	Subject string        `json:"subject"`
	Text    string        `json:"text"`
}

func newDeciding(file string, p desk.Preview) deciding {
	r := newReading(file, p.Request)
	d := deciding{File: r.File, Kind: r.Kind, Prospects: []decided{}, Refs: r.Refs, Items: r.Items, Warnings: r.Warnings,
		Sender: decidingSender{p.Book.Sender.Address, p.Book.Sender.Partner, p.Book.Sender.Verdict, p.Book.Sender.Claims, p.Book.Sender.Evidence},
		State:  string(p.Decision.State), Folder: string(p.Decision.Folder), Actions: p.Decision.Actions, Withheld: p.Decision.Withheld}
	judged := map[int]rules.Judgement{}
	for _, j := range p.Decision.Judgements {
		judged[j.Reading] = j
		if j.Verb.Change() {
			d.Actions = append(d.Actions, rules.Action{Verb: j.Verb, Ref: string(j.Ref), Decision: j.Decision, Reasons: j.Reasons, On: j.Holds, Term: j.Term, Item: j.Item})
		}
	}
	// In the order in which the mail asks.
	d.Actions = slices.Clone(d.Actions)
	slices.SortStableFunc(d.Actions, func(x, y rules.Action) int { return cmp.Compare(x.Item, y.Item) })
	if d.Actions == nil {
		d.Actions = []rules.Action{}
	}
	// What was read stays as the mail states it; a mail that is held or ignored
	// as a whole takes its prospects with it.
	whole := rules.Outcome("")
	switch p.Decision.State {
	case rules.MailHeld:
		whole = rules.Held
	case rules.MailIgnored:
		whole = rules.Ignored
	case rules.MailQuarantined:
		whole = rules.Quarantined
	}
	for i, prospect := range r.Prospects {
		one := decided{Prospect: prospect, Decision: whole, Reasons: p.Decision.Reasons}
		if j, ok := judged[i]; ok {
			one.Decision, one.Reasons, one.Ref, one.ExpiresOn = j.Decision, j.Reasons, j.Ref, j.Term.Until
		}
		if one.Reasons == nil {
			one.Reasons = []rules.Reason{}
		}
		d.Prospects = append(d.Prospects, one)
	}
	// An ask that the mail only touched (YES to a proposal) is no prospect of
	// its text, and decided all the same.
	for _, j := range p.Decision.Judgements {
		if j.Reading < 0 && !j.Verb.Change() {
			d.Prospects = append(d.Prospects, decided{Prospect: j.Prospect, Decision: j.Decision, Reasons: append([]rules.Reason{}, j.Reasons...), Ref: j.Ref, ExpiresOn: j.Term.Until})
		}
	}
	if p.Decision.Reply != rules.ReplyNone && p.Decision.Withheld == "" {
		d.Reply = &decidingReply{p.Reply.To, p.Reply.Subject, p.Reply.Text}
	}
	return d
}

// Run judges each file.
func (c decideCmd) Run(a *app) error {
	r, err := a.records()
	if err != nil {
		return err
	}
	defer r.Close()
	at := a.now()
	if c.At != "" {
		if at, err = instant(c.At, r.policy.Location()); err != nil {
			return err
		}
	}
	d, err := a.desk(r)
	if err != nil {
		return err
	}
	return a.eachFile(c.Files, func(name string, raw []byte) error {
		p, err := d.Decide(a.ctx, raw, at, c.At != "")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if c.JSON {
			return a.printJSON(newDeciding(name, p))
		}
		a.printReading(name, intake.Reader{}.Read(raw), p.Request, false)
		fmt.Fprintln(a.stdout)
		printSender(a.stdout, p.Book.Sender)
		printDecision(a.stdout, p.Decision)
		switch {
		case p.Decision.Reply == rules.ReplyNone:
			fmt.Fprintln(a.stdout, "\n  no reply")
		case p.Decision.Withheld != "":
			fmt.Fprintf(a.stdout, "\n  reply withheld: %s\n", terminal(p.Decision.Withheld))
		default:
			mode, wait := d.Mode, ""
			if p.Partner != nil {
				mode = cmp.Or(p.Partner.Mode, mode)
			}
			if mode != rules.ModeAuto {
				wait = fmt.Sprintf(" (mode %s: it would wait in the outbox)", mode)
			}
			fmt.Fprintf(a.stdout, "\n  reply to %s, subject %q%s\n\n%s", p.Reply.To, terminal(p.Reply.Subject), wait, indent(indent(terminalText(p.Reply.Text))))
		}
		return nil
	})
}

// desk is a desk that decides and records, and connects to nothing.
func (a *app) desk(r *records) (*desk.Desk, error) {
	o, err := desk.FromConfig(r.config)
	if err != nil {
		return nil, err
	}
	o.Store, o.Now, o.NewReference = r.DB, a.now, a.reference
	return desk.New(o)
}

// instant reads --at. A day alone is its first instant in the program's zone.
func instant(s string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usage(fmt.Sprintf("--at %q is no instant", s), "write it as 2026-08-31T14:05Z, or as a day such as 2026-08-31")
}

// printDecision says what was decided, and why, for people at the desk: codes
// and clauses stand here, the partner's words in the reply.
func printDecision(w io.Writer, d rules.Decision) {
	fmt.Fprintf(w, "  %s, filed under %s", d.State, cmp.Or(string(d.Folder), "nothing"))
	if len(d.Reasons) > 0 {
		fmt.Fprintf(w, ": %s", reasonWords(d.Reasons))
	}
	if d.Why != "" {
		fmt.Fprintf(w, " (%s)", terminal(d.Why))
	}
	fmt.Fprintln(w)
	for _, j := range d.Judgements {
		fmt.Fprintf(w, "  %s  %s: %s", cmp.Or(string(j.Ref), "R-......"), terminal(cmp.Or(j.Prospect.Company, "a prospect without a company")), j.Decision)
		if len(j.Reasons) > 0 {
			fmt.Fprintf(w, " (%s)", reasonWords(j.Reasons))
		}
		if j.Term.Until != "" {
			fmt.Fprintf(w, ", until %s", j.Term.Until)
		}
		if j.Organisation != "" {
			fmt.Fprintf(w, ", organisation %s", j.Organisation)
		}
		if j.Proposal != "" {
			fmt.Fprintf(w, ", proposes %s", terminal(j.Proposal))
		}
		fmt.Fprintln(w)
	}
	for _, x := range d.Actions {
		fmt.Fprintf(w, "  %s %s: %s", x.Verb, terminal(x.Ref), cmp.Or(string(x.Check), string(x.Decision)))
		if len(x.Reasons) > 0 {
			fmt.Fprintf(w, " (%s)", reasonWords(x.Reasons))
		}
		fmt.Fprintln(w)
	}
	if d.Meter.Of > 0 {
		fmt.Fprintf(w, "  %d of %d registrations in use, %d expire within 30 days\n", d.Meter.Used, d.Meter.Of, d.Meter.Expiring)
	}
}

func reasonWords(reasons []rules.Reason) string {
	words := make([]string, len(reasons))
	for i, r := range reasons {
		words[i] = string(r.Code)
		if r.Field != "" {
			words[i] += " " + string(r.Field)
		}
	}
	return strings.Join(words, ", ")
}
