package notify_test

import (
	"bytes"
	"fmt"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"leadmail/notify"
	"leadmail/rules"
	"leadmail/templates"
)

// What must never reach a partner, planted where it could leak from.
const (
	rival        = "Rival Partners Ltd"
	rivalAddress = "rita@rival-partners.example"
)

// nasty is what people and attackers write into fields.
func nasty(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"", "Acme Ltd", "Müller & Söhne GmbH", "株式会社クアンザ", "شركة", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`,
			"x\r\nBcc: all@victims.example", "x\nX-Leadmail: no", "a\u2028b\u2029c", "\u202egnp.exe", "\u2066x\u2069", "\x00\x1b[2J", "\x85next",
			"https://evil.example/?a=1&b=2", "www.evil.example", "javascript:alert(1)", "{{.}}", "%0d%0aBcc: x@y.example", "=?utf-8?q?x=0D=0ABcc:_x?=",
			"50% off & more?", "tab\there", " ", strings.Repeat("very long ", 100), "\xff\xfe", "a\rb", "name: value", "'quoted' \"twice\"",
		}),
		rapid.String(),
	).Draw(t, label)
}

func drawProspect(t *rapid.T) rules.Prospect {
	return rules.Prospect{
		FirstName: nasty(t, "first"), LastName: nasty(t, "last"), Email: nasty(t, "email"), URL: nasty(t, "url"), Company: nasty(t, "company"),
		LeadType: rapid.SampledFrom([]rules.LeadType{"", rules.QualifiedLead, rules.ManagedCustomer}).Draw(t, "type"),
	}
}

func drawReference(t *rapid.T) rules.Reference {
	return rules.NewReference(rapid.Uint32().Draw(t, "ref"))
}

func drawDate(t *rapid.T) rules.Date {
	return rules.Date("2026-01-01").AddDays(rapid.IntRange(0, 800).Draw(t, "day"))
}

func drawJudgement(t *rapid.T) rules.Judgement {
	j := rules.Judgement{
		Reading: rapid.IntRange(-1, 3).Draw(t, "reading"), Verb: rapid.SampledFrom([]rules.Verb{rules.VerbRegister, rules.VerbAnswer, rules.VerbConfirm, rules.VerbRenew, rules.VerbWithdraw, rules.VerbCorrect}).Draw(t, "verb"),
		Ref: drawReference(t), Decision: rapid.SampledFrom(templates.Decisions[:]).Draw(t, "decision"), Prospect: drawProspect(t),
		Asked: rapid.IntRange(0, 3).Draw(t, "asked"), Proposal: rapid.SampledFrom([]string{"", "kuanzacoffee.com"}).Draw(t, "proposal"),
		NoWebsite: rapid.Bool().Draw(t, "none"),
		HeldType:  rapid.SampledFrom([]rules.LeadType{"", rules.QualifiedLead, rules.ManagedCustomer}).Draw(t, "held type"),
	}
	for range rapid.IntRange(0, 4).Draw(t, "reasons") {
		j.Reasons = append(j.Reasons, rules.Reason{
			Code:  rapid.SampledFrom(rules.Codes[:]).Draw(t, "code"),
			Field: rapid.SampledFrom(append([]rules.Field{""}, rules.Fields[:]...)).Draw(t, "field"),
		})
	}
	if j.Decision == rules.Accepted || rapid.Bool().Draw(t, "term") {
		from := drawDate(t)
		j.Term = rules.Term{N: rapid.IntRange(1, 3).Draw(t, "n"), From: from, Until: from.AddDays(rapid.IntRange(1, 200).Draw(t, "days"))}
	}
	if rapid.Bool().Draw(t, "holds") {
		j.Holds = drawReference(t)
	}
	return j
}

func drawDecision(t *rapid.T) rules.Decision {
	d := rules.Decision{
		State: rules.MailDecided, Received: received, Today: drawDate(t),
		Reply: rapid.SampledFrom([]rules.Reply{rules.ReplyVerdicts, rules.ReplyVerdicts, rules.ReplyVerdicts, rules.ReplyHeld, rules.ReplyUnknownSender, rules.ReplyUnverified,
			rules.ReplyNothingFound, rules.ReplyTooLarge}).Draw(t, "reply"),
		Meter: rules.Meter{Used: rapid.IntRange(0, 50).Draw(t, "used"), Of: 50, Expiring: rapid.IntRange(0, 3).Draw(t, "expiring")},
		// The operator's line may name anybody.
		Why: "held by " + rival + " " + rivalAddress, Withheld: "as with " + rivalAddress,
	}
	for range rapid.IntRange(0, 3).Draw(t, "release") {
		d.Release = append(d.Release, rules.Holding{Ref: drawReference(t), Company: nasty(t, "held company"), Until: drawDate(t)})
	}
	if d.Reply == rules.ReplyVerdicts {
		for range rapid.IntRange(1, 4).Draw(t, "prospects") {
			d.Judgements = append(d.Judgements, drawJudgement(t))
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "actions") {
		d.Actions = append(d.Actions, rules.Action{
			Verb: rapid.SampledFrom(verbs).Draw(t, "verb"), Ref: rapid.SampledFrom([]string{"", "R-7K4Q2M", "ordinal:2", "acme.com"}).Draw(t, "ref"),
			Decision: rapid.SampledFrom([]rules.Outcome{rules.Held, rules.Answered, rules.Rejected, rules.NeedsInfo}).Draw(t, "action"),
			Check:    rapid.SampledFrom([]rules.Availability{"", rules.Available, rules.Yours, rules.NotAvailable, rules.NoOrganisation, rules.ChecksSpent}).Draw(t, "check"),
			Reasons:  []rules.Reason{{Code: rapid.SampledFrom([]rules.Code{rules.WhichRegistration, rules.UnknownRegistration}).Draw(t, "why")}},
			Options: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rules.Holding {
				return rules.Holding{Ref: drawReference(t), Company: nasty(t, "option"), Until: drawDate(t)}
			}), 0, 2).Draw(t, "options"),
		})
	}
	for range rapid.IntRange(0, 3).Draw(t, "listed") {
		d.List = append(d.List, rules.Listed{Ref: drawReference(t), Company: nasty(t, "listed company"), Until: drawDate(t), Since: drawDate(t), Next: drawDate(t),
			State:     rapid.SampledFrom([]rules.Standing{rules.StandsActive, rules.StandsQueued, rules.StandsReview, rules.StandsWaiting, rules.StandsEnded}).Draw(t, "standing"),
			Renewable: rapid.Bool().Draw(t, "renewable")})
	}
	return d
}

var verbs = []rules.Verb{
	rules.VerbRegister, rules.VerbAnswer, rules.VerbConfirm, rules.VerbCorrect, rules.VerbRenew, rules.VerbWithdraw, rules.VerbStatus, rules.VerbCheck,
	rules.VerbStatement, rules.VerbHelp, rules.VerbPaperwork, rules.VerbAsk,
}

func drawRequest(t *rapid.T) rules.Request {
	q := rules.Request{
		Kind: rapid.SampledFrom([]rules.Kind{rules.KindRegistration, rules.KindRenewal, rules.KindHelp, rules.KindOther, rules.KindPaperwork}).Draw(t, "kind"),
		From: "pat@northwind.example", FromName: nasty(t, "from name"), Subject: nasty(t, "subject"),
		Warnings: []string{"like the mail of " + rivalAddress}, Handling: rules.Handling{Why: rival},
	}
	for range rapid.IntRange(0, 3).Draw(t, "readings") {
		q.Prospects = append(q.Prospects, rules.Reading{Prospect: drawProspect(t), Unusable: map[rules.Field]string{
			rapid.SampledFrom(rules.Fields[:]).Draw(t, "field"): nasty(t, "unusable"),
		}})
	}
	for range rapid.IntRange(0, 2).Draw(t, "items") {
		q.Items = append(q.Items, rules.Item{Verb: rapid.SampledFrom(verbs).Draw(t, "verb"), Ref: nasty(t, "item ref")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "questions") {
		q.Questions = append(q.Questions, nasty(t, "question"))
	}
	return q
}

func drawOriginal(t *rapid.T) notify.Original {
	o := original()
	o.Subject, o.FromName, o.MessageID = nasty(t, "subject"), nasty(t, "name"), nasty(t, "id")
	for range rapid.IntRange(0, 50).Draw(t, "references") {
		o.References = append(o.References, rapid.OneOf(rapid.StringMatching(`[a-z0-9.]{1,300}@[a-z]{1,20}\.example`), rapid.Just(nasty(t, "reference"))).Draw(t, "id"))
	}
	return o
}

func TestEveryMailToAPartnerIsWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, q, o := drawDecision(t), drawRequest(t), drawOriginal(t)
		partner := northwind()
		partner.SuspendedReason = "complaint of " + rival
		if d.Reply == rules.ReplyUnknownSender || d.Reply == rules.ReplyUnverified {
			partner = nil
		}
		got, err := renderer().Reply(d, q, o, partner, identity())
		if err != nil {
			t.Fatal(err)
		}
		again, err := renderer().Reply(d, q, o, partner, identity())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Raw, again.Raw) {
			t.Error("equal input, other bytes")
		}
		checkHeaders(t, got, true)
		text, page := halves(t, got.Raw)
		if text != got.Text {
			t.Errorf("the mail says\n%s\nand Text\n%s", text, got.Text)
		}
		checkWords(t, d, text, page)
		checkLinks(t, text, page)
		checkPage(t, page)
		for i, ref := range got.Numbering {
			if ref != "" && !strings.Contains(text, string(ref)) || len(got.Numbering) > 1 && !strings.Contains(text, fmt.Sprintf("%d. ", i+1)) {
				t.Errorf("number %d, %s, is not in the mail:\n%s", i+1, ref, text)
			}
		}
		for i, j := range d.Judgements {
			if len(d.Judgements) > 1 && !slices.Contains(got.Numbering, j.Ref) || !strings.Contains(text, string(j.Ref)) || !strings.Contains(page, string(j.Ref)) {
				t.Errorf("prospect %d: %s is not said or not numbered", i+1, j.Ref)
			}
		}
	})
}

func TestEveryMailToStaffIsWholeAndHoldsNothingToTap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, q, o := drawDecision(t), drawRequest(t), drawOriginal(t)
		got, err := renderer().Confirmation("desk@vendor.example", d, q, o, northwind(), 17, rules.Sender{Verdict: rules.Trusted}, nil, identity())
		if err != nil {
			t.Fatal(err)
		}
		checkHeaders(t, got, false)
		text, page := halves(t, got.Raw)
		for _, half := range []string{text, page} {
			if strings.Contains(half, "://") || strings.Contains(half, "www.") || strings.Contains(half, "href") {
				t.Errorf("something to tap:\n%s", half)
			}
		}
		if !strings.Contains(text, "inbox 17") || !strings.Contains(text, "folder") {
			t.Errorf("no pointer to the original:\n%s", text)
		}
		checkPage(t, page)
	})
}

// Whatever strangers wrote: the digest holds nothing to tap, no line that is not ours,
// and the words of every section.
func TestEveryDigestIsWholeAndHoldsNothingToTap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := fullDay()
		for i := range n.Sections {
			for k := range n.Sections[i].Entries {
				e := &n.Sections[i].Entries[k]
				for _, s := range []*string{&e.Partner, &e.Company, &e.Address, &e.Subject, &e.Why} {
					*s = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"https://evil.example/x", "www.evil.example", "a\r\nBcc: b", "", "\u202eevil"})).Draw(t, "value")
				}
			}
		}
		got, err := renderer().Digest("desk@vendor.example", n, identity())
		if err != nil {
			t.Fatal(err)
		}
		checkHeaders(t, got, false)
		text, page := halves(t, got.Raw)
		checkPage(t, page)
		for _, half := range []string{text, page} {
			if strings.Contains(half, "://") || strings.Contains(half, "www.") || strings.Contains(half, "href") {
				t.Errorf("something to tap:\n%s", half)
			}
		}
		for _, want := range []string{"Under review: 2", "Not delivered: 1", "Renewed more than once: 1", "Near forfeiture, paperwork due within 30 days: 4", "M-21.999.", "P-22.999."} {
			if !strings.Contains(text, want) || !strings.Contains(page, want) {
				t.Errorf("%q is missing:\n%s", want, text)
			}
		}
		if strings.Contains(text, "\nBcc") {
			t.Errorf("a line of a stranger's:\n%s", text)
		}
	})
}

// fatal is what the checks need of *testing.T and *rapid.T.
type fatal interface {
	Helper()
	Errorf(string, ...any)
	Fatal(...any)
}

// checkHeaders reads the header block byte by byte: every line is one of ours or
// the continuation of one.
func checkHeaders(t fatal, r notify.Rendered, answer bool) {
	t.Helper()
	block, _, found := bytes.Cut(r.Raw, []byte("\r\n\r\n"))
	if !found {
		t.Fatal("no end of the header")
	}
	ours := []string{"Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To", "X-Auto-Response-Suppress", "X-Leadmail"}
	seen := map[string]int{}
	for line := range strings.SplitSeq(string(block), "\r\n") {
		if len(line) > 998 {
			t.Errorf("a line of %d octets (RFC 5322, section 2.1.1)", len(line))
		}
		for _, c := range []byte(line) {
			if c < ' ' || c >= 0x7f {
				t.Errorf("octet %#x in header line %q", c, line)
			}
		}
		if strings.HasPrefix(line, " ") {
			continue
		}
		name, _, _ := strings.Cut(line, ":")
		seen[name]++
	}
	for _, name := range ours {
		if seen[name] != 1 {
			t.Errorf("header %s stands %d times", name, seen[name])
		}
		delete(seen, name)
	}
	reminder := r.Kind == templates.Reminder
	if reminder {
		want := strings.Count(r.Text, "Reply STOP") // a notice of what has happened cannot be stopped
		if seen["List-Unsubscribe"] != want {
			t.Errorf("List-Unsubscribe stands %d times, want %d", seen["List-Unsubscribe"], want)
		}
		delete(seen, "List-Unsubscribe")
	}
	for name, n := range seen {
		if !answer || n != 1 || name != "In-Reply-To" && name != "References" {
			t.Errorf("header %q, %d times:\n%s", name, n, block)
		}
	}
	m, err := netmail.ReadMessage(bytes.NewReader(r.Raw))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"Message-ID": "<" + r.MessageID + ">", "X-Leadmail": "partners@vendor.example", "X-Auto-Response-Suppress": "All",
		"Auto-Submitted": "auto-generated", "To": "<" + string(r.To) + ">"}
	if answer && !reminder && r.Kind != templates.Welcome {
		want["Auto-Submitted"] = "auto-replied"
	}
	for name, value := range want {
		if got := m.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if n := len(strings.Fields(m.Header.Get("References"))); n > 32 {
		t.Errorf("%d references, want 32 at most", n)
	}
	for _, line := range bytes.Split(r.Raw, []byte("\n")) {
		if len(line) > 0 && line[len(line)-1] != '\r' {
			t.Errorf("a line that does not end in CRLF: %q", line)
		}
	}
}

func checkWords(t fatal, d rules.Decision, text, page string) {
	t.Helper()
	for _, half := range []string{text, page} {
		for _, never := range []string{rival, rivalAddress, "rival-partners", "<no value>", "%!v", "outstanding"} {
			if strings.Contains(half, never) {
				t.Errorf("says %q:\n%s", never, half)
			}
		}
		for _, c := range rules.Codes {
			if strings.Contains(half, string(c)) {
				t.Errorf("shows the code %s:\n%s", c, half)
			}
		}
		for _, o := range []rules.Outcome{rules.NeedsInfo, rules.ContactAdded, rules.Rejected} {
			if strings.Contains(half, string(o)) {
				t.Errorf("shows the decision %s:\n%s", o, half)
			}
		}
		for _, r := range half {
			if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069) {
				t.Errorf("holds %U:\n%s", r, half)
			}
		}
		if !utf8.ValidString(half) {
			t.Errorf("broken UTF-8:\n%q", half)
		}
	}
	first, _, _ := strings.Cut(text, "\n")
	if first == "" || !strings.HasSuffix(first, ".") {
		t.Errorf("the first line is no sentence: %q", first)
	}
	if d.Reply != rules.ReplyUnknownSender && d.Reply != rules.ReplyUnverified {
		if !strings.Contains(text, fmt.Sprintf("%d of %d registrations in use", d.Meter.Used, d.Meter.Of)) {
			t.Errorf("no slot meter:\n%s", text)
		}
		if !strings.Contains(text, "All dates are days in UTC.") {
			t.Errorf("no zone:\n%s", text)
		}
	}
	if lines := strings.Split(strings.TrimSpace(text), "\n"); !citing.MatchString(lines[len(lines)-1]) && cites(d) {
		t.Errorf("no clause at the end:\n%s", text)
	}
}

var citing = regexp.MustCompile(`^Program rules: .*, [PD]\d+\.$`)

// cites says whether any verdict rests on a clause: not those on which nothing
// was decided.
func cites(d rules.Decision) bool {
	if d.Reply != rules.ReplyVerdicts {
		return true
	}
	return slices.ContainsFunc(d.Judgements, func(j rules.Judgement) bool {
		return !slices.Contains([]rules.Outcome{rules.Updated, rules.Answered, rules.Ignored, rules.Quarantined}, j.Decision)
	})
}

var link = regexp.MustCompile(`mailto:[^\s"<>]+`)

// checkLinks opens every mailto: link as a mail client would (RFC 6068), in both
// halves.
func checkLinks(t fatal, text, page string) {
	t.Helper()
	in := link.FindAllString(text, -1)
	var out []string
	for _, tag := range elements(t, page) {
		if href := attribute(tag, "href"); href != "" {
			out = append(out, href)
		}
	}
	if !slices.Equal(in, out) {
		t.Errorf("the text links to\n%s\nthe HTML to\n%s", strings.Join(in, "\n"), strings.Join(out, "\n"))
	}
	for _, l := range in {
		u, err := url.Parse(l)
		if err != nil {
			t.Errorf("%s: %v", l, err)
			continue
		}
		if u.Scheme != "mailto" || u.Opaque != "partners@vendor.example" {
			t.Errorf("%s goes elsewhere", l)
		}
		fields, err := url.ParseQuery(strings.ReplaceAll(u.RawQuery, "+", "%2B"))
		if err != nil || len(fields) != 2 || len(fields["subject"]) != 1 || len(fields["body"]) != 1 {
			t.Errorf("%s: fields %v, %v", l, fields, err)
			continue
		}
		if s := fields.Get("subject"); s == "" || strings.ContainsAny(s, "\r\n") {
			t.Errorf("%s: subject %q", l, s)
		}
		body := fields.Get("body")
		if !strings.HasSuffix(body, "\r\n") || strings.ContainsAny(strings.ReplaceAll(body, "\r\n", ""), "\r\n") {
			t.Errorf("%s: body %q", l, body)
		}
		for i, line := range strings.Split(strings.TrimSuffix(body, "\r\n"), "\r\n") {
			labelled := regexp.MustCompile(`^(Registration|First name|Last name|Email|URL|Company|Lead type): `).MatchString(line)
			order := i == 1 && line == "" || i == 0 && regexp.MustCompile(`^(YES|STOP|I AGREE|(RENEW|WITHDRAW) R-[0-9A-Z]{6})$`).MatchString(line)
			if !labelled && !order {
				t.Errorf("%s: line %q is neither a labelled line nor an order", l, line)
			}
		}
	}
}

// checkPage looks for anything but plain structure: no scripts, no images,
// nothing fetched, no attribute but the few that our templates use.
func checkPage(t fatal, page string) {
	t.Helper()
	for _, n := range elements(t, page) {
		if !slices.Contains([]string{"html", "head", "body", "meta", "title", "style", "div", "p", "span", "strong", "a", "br", "table", "tbody", "tr", "td"}, n.Data) {
			t.Errorf("element <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if !slices.Contains([]string{"lang", "charset", "name", "content", "style", "href", "role"}, a.Key) {
				t.Errorf("attribute %s on <%s>", a.Key, n.Data)
			}
			if a.Key == "href" && !strings.HasPrefix(a.Val, "mailto:partners@vendor.example?") {
				t.Errorf("a link to %q", a.Val)
			}
			if strings.Contains(a.Val, "ZgotmplZ") || a.Key == "style" && strings.Contains(a.Val, "url(") {
				t.Errorf("attribute %s=%q", a.Key, a.Val)
			}
		}
	}
}

func elements(t fatal, page string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			out = append(out, n)
		}
	}
	return out
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func TestEveryDecisionAndReasonHasWords(t *testing.T) {
	t.Parallel()
	refusals := map[string]rules.Code{}
	for _, decision := range templates.Decisions {
		for _, code := range rules.Codes {
			j := accepted()
			j.Decision, j.Reasons = decision, []rules.Reason{{Code: code}}
			if code.Outcome() == rules.NeedsInfo {
				j.Reasons = nil
				for _, f := range rules.Fields {
					j.Reasons = append(j.Reasons, rules.Reason{Code: code, Field: f})
				}
			}
			if decision == rules.Rejected || decision == rules.NeedsInfo {
				j.Term = rules.Term{}
			}
			d := verdicts(j)
			got, err := renderer().Reply(d, registration(), original(), northwind(), identity())
			if err != nil {
				t.Fatalf("%s, %s: %v", decision, code, err)
			}
			text, page := halves(t, got.Raw)
			first, _, _ := strings.Cut(text, "\n")
			if !strings.Contains(first, "Kuanza Coffee") || !strings.HasSuffix(first, ".") {
				t.Errorf("%s, %s: the first line is %q", decision, code, first)
			}
			checkWords(t, d, text, page)
			if decision == rules.Rejected && code.Outcome() == rules.Rejected {
				if other, taken := refusals[first]; taken {
					t.Errorf("%s and %s are worded alike: %q", code, other, first)
				}
				refusals[first] = code
				// After the headline and the reference stands what to do next.
				if paragraphs := strings.Split(text, "\n\n"); len(paragraphs) < 4 || len(paragraphs[2]) < 20 || strings.HasPrefix(paragraphs[2], "37 of") {
					t.Errorf("%s does not say what to do next:\n%s", code, text)
				}
			}
		}
	}
	if len(refusals) != 11 {
		t.Errorf("%d refusals with words of their own, want 11: %v", len(refusals), refusals)
	}
}

func TestNothingOfAStrangersMailGoesBack(t *testing.T) {
	t.Parallel()
	o := original()
	o.Subject, o.FromName = "Buy cheap pills", "Pills Inc"
	q := registration(rules.Reading{Prospect: kuanza()})
	q.Questions = []string{"Do you want pills?"}
	got, err := renderer().Reply(whole(rules.ReplyUnknownSender), q, o, nil, identity())
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"pills", "Pills", "Kuanza"} {
		if strings.Contains(string(got.Raw), word) {
			t.Errorf("the answer repeats %q:\n%s", word, got.Raw)
		}
	}
	if !strings.Contains(string(got.Raw), "In-Reply-To: <a1@northwind.example>") {
		t.Errorf("the answer is not in the thread:\n%s", got.Raw)
	}
}

func TestFormsAreNeverQuoted(t *testing.T) {
	t.Parallel()
	q := rules.Request{Kind: rules.KindPaperwork, Items: []rules.Item{{Verb: rules.VerbPaperwork}}, Questions: []string{"My account is 12345678, all right?"}}
	toPartner, err := renderer().Reply(whole(rules.ReplyHeld), q, original(), northwind(), identity())
	if err != nil {
		t.Fatal(err)
	}
	q.Kind = rules.KindRegistration
	toStaff, err := renderer().Confirmation("desk@vendor.example", whole(rules.ReplyHeld), q, original(), northwind(), 17, rules.Sender{Verdict: rules.Trusted}, nil, identity())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []notify.Rendered{toPartner, toStaff} {
		text, page := halves(t, r.Raw)
		if strings.Contains(text+page, "12345678") {
			t.Errorf("%s quotes what stood beside the forms:\n%s", r.Kind, text)
		}
	}
}
