package intake

import (
	"fmt"
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
		if m.FromFields > 0 { // 54
			return stop(rules.RouteBounce, rules.KindBounce, "a From without an address, as bounces have it")
		}
		return stop(rules.RouteQuarantine, rules.KindOther, "no From at all") // 53
	}
	if r.Mailbox != "" && m.From.SameMailbox(r.Mailbox) { // 13
		n := stop(rules.RouteReview, rules.KindOther, "From is our own address, but the mail is not ours")
		n.Alert = true
		return n
	}
	if why := m.autoReply(); why != "" { // 1, 6, 7, 20
		return stop(rules.RouteAutomatic, rules.KindAutoReply, why)
	}
	for _, p := range m.parts { // 18
		if method := strings.ToUpper(p.params["method"]); p.mediaType == "text/calendar" && (method == "REQUEST" || method == "REPLY" || method == "CANCEL" || method == "COUNTER") {
			return stop(rules.RouteAutomatic, rules.KindBulk, "a calendar "+strings.ToLower(method))
		}
	}
	switch {
	case words.contains("subject forwarding", m.Subject) && isNoReply(m.From) || strings.HasPrefix(string(m.From), "forwarding-noreply@"): // 21
		n := stop(rules.RouteReview, rules.KindBulk, "a provider asks to confirm forwarding")
		n.Alert = true
		return n
	case h.has("x-challenge") || h.has("x-tmda-confirm") || h.has("x-boxbe-challenge") || words.contains("subject challenge", m.Subject) && !isReplySubject(m.Subject): // 22
		return stop(rules.RouteReview, rules.KindBulk, "a challenge-response robot")
	case h.has("list-id") || h.has("list-unsubscribe") || h.has("list-post") || h.has("list-help") || h.has("list-owner"): // 17
		return stop(rules.RouteReview, rules.KindBulk, "a mailing list (List-* header)")
	}
	n := nature{}
	switch {
	case m.oddFrom: // 45
		n.Handling = rules.Handling{Route: rules.RouteReview, Why: "the From line shows another address than it holds"}
	case m.Authors > 1: // 43
		n.Handling = rules.Handling{Route: rules.RouteReview, Why: "the From line holds more than one address"}
	}
	for _, a := range m.attached { // 31
		if _, ok := a.report(stop); ok && n.Route == "" {
			n.Handling = rules.Handling{Route: rules.RouteReview, Why: "a bounce inside a forwarded mail", NoReply: "a bounce inside a forwarded mail"}
		}
	}
	m.silence(&n)
	return n
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
	if isNoReply(m.From) { // 11
		others, n.program = append(others, "the sender takes no replies"), true
	}
	if h.has("feedback-id") || h.has("x-campaign-id") || h.has("x-mailgun-tag") {
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
	h := m.header
	for _, v := range h.all("auto-submitted") {
		if keyword(v) == "auto-replied" {
			return "Auto-Submitted: auto-replied"
		}
	}
	for _, name := range []string{"x-autoreply", "x-autorespond", "x-autoresponder", "x-mail-autoreply", "x-fc-machinegenerated", "x-autoreply-from", "x-auto-reply", "x-vacation", "x-ms-exchange-inbox-rules-loop", "x-autogenerated", "delivered-to-autoresponder"} {
		if v := keyword(h.get(name)); h.has(name) && v != "no" && v != "false" && v != "0" {
			if name == "x-autogenerated" && v != "reply" {
				continue
			}
			return "a header of auto-responders (" + name + ")"
		}
	}
	switch keyword(h.get("precedence")) {
	case "auto_reply", "auto-reply", "autoreply":
		return "Precedence: auto_reply"
	}
	return ""
}

// isNoReply knows addresses that take no answers.
func isNoReply(a rules.Address) bool {
	local, _, _ := strings.Cut(strings.ToLower(string(a)), "@")
	local = strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
	return strings.HasPrefix(local, "noreply") || strings.HasPrefix(local, "donotreply") || strings.HasSuffix(local, "noreply") || strings.HasSuffix(local, "donotreply") || strings.HasPrefix(local, "nepasrepondre") || strings.HasPrefix(local, "nichtantworten")
}

// isRobot knows the addresses that bounces come from.
func isRobot(a rules.Address, name string) bool {
	local, _, _ := strings.Cut(strings.ToLower(string(a)), "@")
	switch local {
	case "mailer-daemon", "mailerdaemon", "postmaster", "mail-daemon", "mdaemon", "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e", "mailsrv", "mail-deamon":
		return true
	}
	lower := strings.ToLower(name)
	return strings.HasPrefix(local, "microsoftexchange") || strings.Contains(lower, "mail delivery") || strings.Contains(lower, "mailer-daemon") || strings.Contains(lower, "mail administrator")
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
	subject := words.contains("subject bounce", m.Subject)
	robot := isRobot(m.From, m.FromName) || m.noFrom && m.FromFields > 0
	switch {
	case m.header.has("x-failed-recipients"):
	case robot && (subject || words.contains("body bounce", m.opening(3000))):
	case nullPath(m.header) && subject && m.autoReply() == "":
	case robot && m.noFrom && nullPath(m.header):
	case subject && !isReplySubject(m.Subject) && words.contains("body bounce", m.opening(3000)):
	default:
		return nature{}, false
	}
	return stop(rules.RouteReview, rules.KindBounce, "looks like a bounce, in no standard form"), true
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
	case "fwd", "fw", "wg", "tr", "rv", "enc", "i", "doorst", "pd", "转发", "転送":
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
