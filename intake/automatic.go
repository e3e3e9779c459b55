package intake

import (
	"bytes"
	"fmt"
	"iter"
	"regexp"
	"strings"

	"leadmail/rules"
)

// Two questions are kept apart here: what becomes of a mail (its route), and
// whether it may be answered. A partner's CRM writes real registrations with
// Auto-Submitted: auto-generated; a mailing list is never answered; a bounce
// answered is the beginning of a loop. Headers decide first, since they cannot
// be misread; words decide only where nothing in the mail looks like a
// registration.

// nature is what a mail is before its words are read.
type nature struct {
	rules.Handling
	// kind is settled by the envelope; "" where the text decides.
	kind rules.Kind
	// program says that a program wrote the mail, though its content counts.
	program bool
}

// nature judges envelope and headers. The numbers are those of MAIL.md.
func (r Reader) nature(m *Message) nature {
	stop := func(route rules.Route, kind rules.Kind, why string) nature {
		return nature{Handling: rules.Handling{Route: route, Why: why, NoReply: why}, kind: kind}
	}
	h := m.header
	switch {
	case m.Size > maxMail: // 119
		return nature{Handling: rules.Handling{Route: rules.RouteReview, Why: "larger than 25 MB"}, kind: rules.KindOther}
	case len(h.all("received")) > maxReceived: // 16
		n := stop(rules.RouteQuarantine, rules.KindOther, "more than 100 Received lines: a loop")
		n.Alert = true
		return n
	case m.Refused != "": // 98, 99, 100
		return stop(rules.RouteQuarantine, rules.KindOther, m.Refused)
	case m.FromFields > 1: // 42
		return stop(rules.RouteQuarantine, rules.KindOther, "more than one From field")
	case r.Program != "" && h.has("x-leadmail") && strings.EqualFold(clean(h.get("x-leadmail")), r.Program): // 12
		n := stop(rules.RouteAutomatic, rules.KindBulk, "our own mail came back")
		n.Alert = true
		return n
	}
	if n, ok := m.report(stop); ok {
		return n
	}
	if m.noFrom {
		if m.robot() { // 54
			return stop(rules.RouteBounce, rules.KindBounce, "a From without an address, as bounces have it")
		}
		return stop(rules.RouteQuarantine, rules.KindOther, "no From with an address") // 53
	}
	rewritten := r.rewritten(m)
	if r.Mailbox != "" && m.From.SameMailbox(r.Mailbox) && rewritten == "" { // 13
		n := stop(rules.RouteReview, rules.KindOther, "From is our own address, but the mail is not ours")
		n.Alert = true
		return n
	}
	if why := m.autoReply(); why != "" { // 1, 6, 7, 20
		return stop(rules.RouteAutomatic, rules.KindAutoReply, why)
	}
	calendar, beside := m.calendar()
	if calendar != "" && !beside { // 18
		return stop(rules.RouteAutomatic, rules.KindBulk, calendar)
	}
	switch {
	case strings.HasPrefix(string(m.From), "forwarding-noreply@"), isNoReply(m.From) && words.contains("subject forwarding", m.Subject): // 21
		n := stop(rules.RouteReview, rules.KindBulk, "a provider asks to confirm forwarding")
		n.Alert = true
		return n
	case m.challenge(): // 22
		return stop(rules.RouteReview, rules.KindBulk, "a challenge-response robot")
	case rewritten == "" && !r.through(h) && m.list() != "": // 17
		return stop(rules.RouteReview, rules.KindBulk, "a mailing list ("+m.list()+")")
	}
	n := nature{}
	switch {
	case rewritten != "": // 132
		n.Handling = rules.Handling{Route: rules.RouteReview, Why: rewritten, NoReply: rewritten}
	case m.oddFrom: // 45
		n.Handling = rules.Handling{Route: rules.RouteReview, Why: "the From line shows another address than it holds"}
	case m.Authors > 1: // 43
		n.Handling = rules.Handling{Route: rules.RouteReview, Why: "the From line holds more than one address"}
	}
	if why := m.unread(); why != "" && n.Route == "" {
		n.Handling = rules.Handling{Route: rules.RouteReview, Why: why, NoReply: n.NoReply, Unread: true}
	}
	for _, a := range m.attached { // 31
		if _, ok := a.report(stop); ok && n.Route == "" {
			n.Handling = rules.Handling{Route: rules.RouteReview, Why: "a bounce inside a forwarded mail", NoReply: "a bounce inside a forwarded mail"}
		}
	}
	if calendar != "" {
		n.program = true
		if n.NoReply == "" {
			n.NoReply = calendar
		}
	}
	m.silence(&n)
	return n
}

// rewritten tells by what a list or group that stands before the mailbox put its
// own address into From: the mail's content counts, its author is lost (MAIL.md
// 132); "" where nothing did.
func (r Reader) rewritten(m *Message) string {
	h := m.header
	for _, name := range []string{"x-original-from", "x-google-original-from"} {
		if h.has(name) {
			return "a list replaced the author in From (" + name + ")"
		}
	}
	// RFC 7489 made lists do so: "Lena Maurer via Partners" <partners@…>.
	_, own, _ := strings.Cut(string(r.Mailbox), "@")
	_, domain, _ := strings.Cut(string(m.From), "@")
	if via := viaList.MatchString(m.FromName); via && (own != "" && strings.EqualFold(own, domain) || h.has("list-id")) {
		return "a list replaced the author in From (" + m.FromName + ")"
	}
	return ""
}

// unread tells what stands in the way of reading a mail whole, so that a person
// looks at it; its sender can be told what to send instead (94, 97, 104).
func (m *Message) unread() string {
	if m.Encrypted != "" {
		return "encrypted with " + m.Encrypted
	}
	for _, p := range m.parts {
		switch p.mediaType {
		case "message/partial":
			return "a piece of a mail (message/partial)"
		case "message/external-body":
			return "a part that is kept elsewhere (message/external-body)"
		}
	}
	for _, a := range m.Attachments {
		if a.Unreadable() == "winmail.dat" {
			return "winmail.dat"
		}
	}
	return ""
}

// list tells by which header a mailing list sent the mail; "" for none.
func (m *Message) list() string {
	for fields := m.header.Fields(); fields.Next(); {
		switch key := strings.ToLower(fields.Key()); {
		case strings.HasPrefix(key, "list-"): // RFC 2369, RFC 2919, RFC 8058
			return "List-* header"
		case key == "mailing-list", key == "x-mailing-list", key == "x-mailman-version", key == "x-beenthere", key == "x-google-group-id", key == "x-listserver":
			return key
		}
	}
	return ""
}

// calendar tells what a calendar program says of a meeting: an invitation, an
// answer (RFC 5546, section 1.4); "" where none does. beside says that it is a file
// beside a text, which a person may have attached.
func (m *Message) calendar() (what string, beside bool) {
	for _, p := range m.parts {
		if p.mediaType != "text/calendar" {
			continue
		}
		method := p.params["method"]
		if method == "" {
			_, rest, _ := bytes.Cut(p.data[:min(len(p.data), 4096)], []byte("\nMETHOD:"))
			line, _ := nextLine(rest)
			method = string(line)
		}
		switch method = strings.ToLower(strings.TrimSpace(method)); method {
		case "request", "reply", "cancel", "counter", "declinecounter", "refresh", "add":
			disposition, _ := p.header.parameters("content-disposition")
			return "a calendar " + method, disposition == "attachment" && p.group == 0 && len(strings.TrimSpace(m.Text)) > 0
		}
	}
	return "", false
}

// challenge says whether a robot wants the sender of a mail to prove that a person
// wrote it (MAIL.md 22). A subject alone is not enough: people too ask to confirm.
func (m *Message) challenge() bool {
	h := m.header
	if h.has("x-challenge") || h.has("x-tmda-confirm") || h.has("x-boxbe-challenge") || h.has("x-spamarrest-auth") {
		return true
	}
	if isReplySubject(m.Subject) && !isNoReply(m.From) {
		return false
	}
	return (isNoReply(m.From) || m.program() || words.contains("subject challenge", m.Subject)) && words.contains("body challenge", m.opening(1500))
}

// program says whether a header tells that a program wrote the mail.
func (m *Message) program() bool {
	word := keyword(m.header.get("auto-submitted"))
	return word != "" && word != "no" || nullPath(m.header)
}

// silence tells why a mail whose content counts gets no answer all the same.
// Handling.Machine is set where its being generated is the only reason: that one
// can be waived for a partner, the others cannot.
func (m *Message) silence(n *nature) {
	h := m.header
	generated := false
	var others []string
	for _, v := range h.all("auto-submitted") { // 2, 3, 4
		if word := keyword(v); word == "auto-generated" {
			generated, n.program = true, true
		} else if word != "" && word != "no" {
			others, n.program = append(others, "Auto-Submitted: "+word), true
		}
	}
	switch p := keyword(h.get("precedence")); p { // 7
	case "bulk", "junk", "list":
		others, n.program = append(others, "Precedence: "+p), true
	}
	if len(m.ReplyTo) > 1 { // 47
		others = append(others, "Reply-To names several addresses")
	}
	if m.robot() { // 23, in whatever form the bounce is
		others, n.program = append(others, "the sender is a mail system"), true
	}
	if isNoReply(m.From) { // 11
		others, n.program = append(others, "the sender takes no replies"), true
	}
	// Feedback-ID is none of these: some providers set it for people too.
	if h.has("x-campaign-id") || h.has("x-mailgun-tag") || h.has("x-mc-user") {
		n.program = true
	}
	if v := keyword(h.get("x-auto-response-suppress")); v != "" && v != "none" { // 8
		others = append(others, "X-Auto-Response-Suppress: "+v)
	}
	if nullPath(h) { // 23
		others = append(others, "Return-Path is empty")
	}
	switch {
	case n.NoReply != "":
	case len(others) > 0:
		n.NoReply = others[0]
	case generated:
		n.NoReply, n.Machine = "Auto-Submitted: auto-generated", true
	}
}

// keyword is a header's first word in lower case, comments removed.
// RFC 3834, section 5: "no" means a person wrote it.
func keyword(v string) string {
	v, _ = cutComment(v)
	v = before(before(v, ";"), ",")
	return strings.ToLower(strings.Trim(clean(v), `"' `))
}

// nullPath says whether the envelope sender was empty. Only the topmost line
// counts: it is the one that our server wrote.
func nullPath(h header) bool {
	if !h.has("return-path") {
		return false
	}
	v := strings.ReplaceAll(clean(h.get("return-path")), " ", "")
	return v == "<>" || v == "" || strings.EqualFold(v, "<MAILER-DAEMON>")
}

// autoReply tells by which header a mail is an automatic answer; "" for none.
func (m *Message) autoReply() string {
	for fields := m.header.Fields(); fields.Next(); {
		key := strings.ToLower(fields.Key())
		switch key {
		case "auto-submitted":
			// RFC 3834, section 5; auto-notified is RFC 5436, section 2.7.1.
			if word := keyword(fields.Value()); word == "auto-replied" || word == "auto-notified" {
				return "Auto-Submitted: " + word
			}
			continue
		case "precedence", "x-precedence":
			switch word := keyword(fields.Value()); word {
			case "auto_reply", "auto-reply", "autoreply":
				return "Precedence: " + word
			}
			continue
		case "x-ms-exchange-inbox-rules-loop", "x-exchange-inbox-rules-loop", "x-fc-machinegenerated", "delivered-to-autoresponder":
		case "x-ms-exchange-generated-message-source":
			if !strings.Contains(strings.ToLower(fields.Value()), "rules agent") {
				continue
			}
		case "x-autogenerated":
			if keyword(fields.Value()) != "reply" {
				continue
			}
		default:
			// Every program has a spelling of its own: X-Autoreply, X-Auto-Reply-From,
			// X-Mail-Autoreply, X-Autoresponder, X-Vacation. X-Auto-Response-Suppress
			// is none of them: people's mail carries it (MAIL.md 8).
			if !strings.HasPrefix(key, "x-") {
				continue
			}
			key = strings.ReplaceAll(key, "-", "")
			if !strings.Contains(key, "autorepl") && !strings.Contains(key, "autorespond") && !strings.Contains(key, "autoanswer") && !strings.Contains(key, "vacation") && !strings.Contains(key, "outofoffice") {
				continue
			}
		}
		switch keyword(fields.Value()) {
		case "no", "false", "0", "none", "off":
			continue
		}
		return "a header of auto-responders (" + strings.ToLower(fields.Key()) + ")"
	}
	return ""
}

// bareLocal is what stands before the @ of an address, or all there is, in lower
// case and without what people set between words.
func bareLocal(s string) string {
	local, _, _ := strings.Cut(s, "@")
	return strings.ToLower(between.Replace(local))
}

var between = strings.NewReplacer("-", "", "_", "", ".", "", " ", "")

// isNoReply knows addresses that take no answers.
func isNoReply(a rules.Address) bool {
	local := bareLocal(string(a))
	return strings.HasPrefix(local, "noreply") || strings.HasPrefix(local, "donotreply") || strings.HasSuffix(local, "noreply") || strings.HasSuffix(local, "donotreply") || strings.HasPrefix(local, "nepasrepondre") || strings.HasPrefix(local, "nichtantworten")
}

// robot says whether the sender is a mail system: MAILER-DAEMON and its like, by
// address or, where there is no address, by what stands in its place.
func (m *Message) robot() bool {
	local := m.FromName
	if m.From != "" {
		local = string(m.From)
	} else if m.FromFields > 0 && strings.TrimSpace(local) == "" {
		return true // "From: <>"
	}
	switch local = bareLocal(local); {
	case strings.HasPrefix(local, "mailerda"), strings.HasPrefix(local, "maildae"), strings.HasPrefix(local, "microsoftexchange"),
		local == "mdaemon", local == "mailerdeamon", local == "maildeamon", local == "maildelivery", local == "maildeliverysystem", local == "maildeliverysubsystem":
		return true
	}
	return false
}

// postmaster says whether the sender may be a mail system: a person can write
// from such an address or under such a name too.
func (m *Message) postmaster() bool {
	switch bareLocal(string(m.From)) {
	case "postmaster", "bounce", "bounces", "mailsystem", "mailadmin", "mailsrv", "daemon", "root", "smtp", "mta":
		return true
	}
	return isNoReply(m.From) || words.contains("sender bounce", m.FromName)
}

// report recognises what mail systems write: delivery reports, receipts of
// reading, complaints (23 to 30, 33 to 35, 19).
func (m *Message) report(stop func(rules.Route, rules.Kind, string) nature) (nature, bool) {
	media, params := m.header.parameters("content-type")
	kind := strings.ToLower(params["report-type"])
	if media != "multipart/report" {
		kind = ""
	}
	for _, p := range m.parts {
		switch p.mediaType {
		case "message/delivery-status", "message/global-delivery-status":
			kind = "delivery-status"
		case "message/feedback-report":
			kind = "feedback-report"
		case "message/disposition-notification":
			if kind == "" {
				kind = "disposition-notification"
			}
		}
	}
	switch kind {
	case "delivery-status":
		return stop(rules.RouteBounce, rules.KindBounce, "a delivery report"+m.reportWords()), true
	case "feedback-report": // 33
		n := stop(rules.RouteBounce, rules.KindBounce, "a complaint (feedback report)")
		n.Alert = true
		return n, true
	case "disposition-notification": // 19
		return stop(rules.RouteAutomatic, rules.KindAutoReply, "a receipt of reading"), true
	}
	// 29: no report in the standard's form. A person judges.
	subject := words.contains("subject bounce", m.Subject) && !isForwardSubject(m.Subject)
	null := nullPath(m.header)
	system := null || m.postmaster()
	switch {
	case m.header.has("x-failed-recipients"):
	case m.robot() && (!m.noFrom || null || subject || m.undelivered()):
	case system && (subject || m.autoReply() == "" && m.undelivered()):
	case subject && !isReplySubject(m.Subject) && m.returned():
	default:
		return nature{}, false
	}
	return stop(rules.RouteReview, rules.KindBounce, "looks like a bounce, in no standard form"), true
}

// smtpTalk is what mail systems quote of each other, whatever their language: reply
// and status codes (RFC 5321, section 4.2; RFC 3463), fields of RFC 3464.
var smtpTalk = regexp.MustCompile(`(?im)\b[45]\d\d[ -]+#?[45]\.\d{1,3}\.\d{1,3}\b|\(#?[45]\.\d{1,3}\.\d{1,3}\)|\b(?:RCPT|MAIL) (?:TO|FROM):|^[ >]*[45]5\d[ -]|\b(?:said|returned|response|error|server)\W{1,4}[45][0-7]\d\b|^(?:Final-Recipient|Diagnostic-Code|Remote-MTA|Reporting-MTA|Original-Recipient|Last-Attempt-Date) *:`)

// undelivered says whether a text speaks of a mail that did not arrive, in words
// or in codes, or returns it. Files count too: some systems attach their words.
func (m *Message) undelivered() bool {
	texts := []string{m.opening(6000)}
	for _, p := range m.parts {
		if p.attached && p.mediaType == "text/plain" && len(texts) < 4 {
			texts = append(texts, strings.ToValidUTF8(string(p.data[:min(len(p.data), 3000)]), ""))
		}
	}
	for _, t := range texts {
		if smtpTalk.MatchString(t) {
			return true
		}
		for rest := t; rest != ""; rest = rest[len(clip(rest)):] { // contains looks at so much at once
			if words.contains("body bounce", rest) {
				return true
			}
			if len(clip(rest)) == 0 {
				break
			}
		}
	}
	return m.returned()
}

// returned says whether a mail is returned within this one: attached, or as lines
// of a header that no person writes.
func (m *Message) returned() bool {
	for _, p := range m.parts {
		if p.mediaType == "message/rfc822" || p.mediaType == "text/rfc822-headers" || p.mediaType == "message/rfc822-headers" || p.mediaType == "message/global" {
			return true
		}
	}
	trace, fields := false, 0
	for _, l := range m.plain[:min(len(m.plain), 400)] {
		name := fieldName([]byte(l.text))
		if name == "received" || name == "message-id" || name == "return-path" || name == "mime-version" {
			trace = true
		}
		if knownNames[name] {
			fields++
		}
	}
	return trace && fields >= 4
}

// outOfOffice knows an automatic answer by its words, where no header gives it
// away: by its subject, or by what it says first. A person on the way to the
// airport writes such words too; what that mail asks for makes it a person's. An
// absence note asks nothing but to turn to somebody else.
func (p *parser) outOfOffice() bool {
	subject := p.m.Subject
	if isForwardSubject(subject) {
		return false
	}
	reply := isReplySubject(subject)
	at, _ := words.find("subject auto_reply", tokens(clip(subject)), 0)
	said := p.absent(subject, reply)
	switch {
	case at >= 0 && at <= 1 && !reply:
		return !p.asks() || said && !p.solid()
	case at >= 0 && nullPath(p.m.header):
		return true
	}
	return said && !p.asks()
}

// absent says whether a mail begins as an automatic answer does: after a greeting
// or thanks for the message comes a phrase of such answers, or a sentence put
// together as people announce an absence: where they are, that it is they, and
// until when or what comes of it. What a person has to say stands before that.
func (p *parser) absent(subject string, reply bool) bool {
	attached := false // nobody attaches a list to an absence note
	for _, a := range p.m.Attachments {
		attached = attached || !a.logo && a.MediaType != "text/calendar"
	}
	sentences := p.first(600)
	if !reply {
		sentences = withFirst(subject, sentences)
	}
	state, more, before, theirs := false, false, true, reply
	for s := range sentences {
		said := words.scan(s)
		ts, found := said.toks, said.says
		if before && found("body auto_reply") {
			return true
		}
		note := found("absence state") && found("absence self")
		state = state || before && note
		thanks := found("absence thanks")
		more = more || thanks || found("absence return") || found("absence deputy")
		if theirs { // the subject is no sentence of theirs
			if rest, ok := words.after("greeting", s); ok && len(ts) <= 12 && words.contains("thanks", rest) && !strings.Contains(s, "?") {
				thanks = true // "Hello and thanks for getting in touch."
			}
			greeting := len(ts) <= 6 && words.begins("greeting", s) || len(ts) <= 4 && strings.HasSuffix(s, "!") && !words.begins("yes", s)
			before = before && (note || thanks || greeting)
		}
		theirs = true
		if !before && !state {
			return false // they had something else to say first
		}
	}
	return state && more && !attached
}

// withFirst is first, and the texts of a sequence behind it.
func withFirst(first string, rest iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		if yield(first) {
			rest(yield)
		}
	}
}

// first are the first sentences of what the sender newly wrote. Paragraphs end
// them as full stops do.
func (p *parser) first(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		var b strings.Builder
		flush := func() bool {
			var out []string
			day := false // "3. bis 14. August": a number's dot ends no sentence
			for _, s := range splitSentences(b.String()) {
				if day {
					out[len(out)-1] += " " + s
				} else {
					out = append(out, s)
				}
				day = len(s) > 1 && s[len(s)-1] == '.' && s[len(s)-2] >= '0' && s[len(s)-2] <= '9'
			}
			b.Reset()
			for _, s := range out {
				if !yield(s) {
					return false
				}
			}
			return true
		}
		for _, l := range p.v {
			if n <= 0 {
				break
			}
			if l.zone != fresh || l.blank() {
				if !flush() {
					return
				}
				continue
			}
			t := clip(strings.TrimSpace(l.text))
			n -= len(t)
			b.WriteString(t)
			b.WriteByte(' ')
			if strings.HasSuffix(t, ",") && words.begins("greeting", t) && !flush() {
				return
			}
		}
		flush()
	}
}

// opening is the beginning of what the sender newly wrote, in one line.
func (p *parser) opening(n int) string {
	var b strings.Builder
	for _, l := range p.v {
		if b.Len() >= n {
			break
		}
		if l.zone == fresh {
			b.WriteString(clip(l.text))
			b.WriteByte(' ')
		}
	}
	return strings.ToValidUTF8(b.String()[:min(n, b.Len())], "")
}

// asks says whether the sender asks for something of us, in a sentence that is
// neither an absence note's own nor one that names a deputy.
func (p *parser) asks() bool {
	own := splitSentences(p.opening(20000))
	deputy := make([]bool, len(own))
	for i, s := range own {
		deputy[i] = words.contains("absence deputy", s)
	}
	for _, rd := range p.readings {
		if rd.Company == "" && rd.URL == "" && (rd.LastName == "" || rd.Email == "") {
			continue
		}
		// What was read of a deputy's sentence, or of the quote below a note, is no
		// prospect.
		for i, s := range own {
			for _, f := range []rules.Field{rules.Company, rules.URL, rules.LastName, rules.Email} {
				if v := rd.Get(f); v != "" && !deputy[i] && strings.Contains(s, v) {
					return true
				}
			}
		}
	}
	for i, s := range own {
		if !deputy[i] && (strings.Contains(s, "@") || len(references(s)) > 0) {
			return true // whom or what they write about
		}
		if deputy[i] {
			// "…, contact Jane Doe" tells of a prospect as well as of a deputy.
			if !words.contains("verb register", s) || words.contains("absence deputy", before(s, ",")) {
				continue
			}
		}
		t := strings.TrimRight(s, " )\"'")
		if (strings.HasSuffix(t, "?") || strings.HasSuffix(t, "？")) && len(tokens(t)) > 3 {
			return true
		}
		for _, verb := range []string{"verb register", "verb renew", "verb withdraw", "ask status", "ask help"} {
			if words.contains(verb, s) && !words.contains("thanks", s) {
				return true
			}
		}
	}
	return false
}

// opening is the beginning of the text.
func (m *Message) opening(n int) string {
	return strings.ToValidUTF8(m.Text[:min(n, len(m.Text))], "")
}

// Report is what a delivery report says of one recipient (RFC 3464, section 2.3).
type Report struct {
	Recipient rules.Address
	// Action is failed, delayed, delivered, relayed or expanded; Status such as
	// 5.1.1. Both as reported, in lower case.
	Action, Status string
	// Original is the Message-ID of the mail that it speaks of, without brackets;
	// "" where the report does not hold it (MAIL.md 28).
	Original string
}

// Reports lists the outcomes that a delivery report states, one a recipient
// (MAIL.md 27); nil for any other mail. What they say is a claim of whoever
// wrote the mail.
func (m Message) Reports() []Report {
	var out []Report
	original := ""
	for _, p := range m.parts {
		switch p.mediaType {
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/rfc822-headers":
			h, _, _ := parseHeader(p.data, func(string) {})
			if ids := h.ids("message-id"); len(ids) > 0 && original == "" {
				original = ids[0]
			}
		case "message/delivery-status", "message/global-delivery-status":
			rest := p.data
			for len(rest) > 0 && len(out) < 1000 {
				var h header
				h, rest, _ = parseHeader(rest, func(string) {})
				if !h.has("final-recipient") && !h.has("original-recipient") && !h.has("action") {
					continue
				}
				who := h.get("final-recipient")
				if who == "" {
					who = h.get("original-recipient")
				}
				if _, spec, ok := strings.Cut(who, ";"); ok {
					who = spec
				}
				out = append(out, Report{Recipient: address(bareSpec(who)), Action: keyword(h.get("action")), Status: before(keyword(h.get("status")), " ")})
			}
		}
	}
	for i := range out {
		out[i].Original = original
	}
	return out
}

func (m *Message) reportWords() string {
	counts := map[string]int{}
	status := ""
	for _, r := range m.Reports() {
		counts[r.Action]++
		if status == "" {
			status = r.Status
		}
	}
	for _, a := range []string{"failed", "delayed", "relayed", "expanded", "delivered"} {
		if counts[a] > 0 {
			return fmt.Sprintf(": %s %s", a, status)
		}
	}
	return ""
}

// isForwardSubject says whether a subject is a forwarded mail's.
func isForwardSubject(s string) bool {
	switch strings.ToLower(strings.TrimSpace(before(s, ":"))) {
	case "fwd", "fw", "wg", "tr", "rv", "enc", "i", "doorst", "pd", "转发", "轉寄", "転送", "vb", "vl", "ilt", "전달", "reenv":
		return strings.Contains(s, ":")
	}
	return false
}

// isReplySubject says whether a subject is an answer's.
func isReplySubject(s string) bool {
	prefix, _, ok := strings.Cut(s, ":")
	if !ok {
		prefix, _, ok = strings.Cut(s, "：")
	}
	if !ok || len(prefix) > 8 {
		return false
	}
	prefix = strings.ToLower(strings.TrimSpace(before(prefix, "[")))
	switch prefix {
	case "re", "aw", "antw", "sv", "vs", "rif", "r", "ref", "odp", "回复", "答复", "返信", "ynt", "res", "rép":
		return true
	}
	return false
}
