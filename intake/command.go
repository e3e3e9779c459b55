package intake

import (
	"regexp"
	"strings"

	"leadmail/rules"
)

// order is one of the words that are understood alone, on a line or as the subject,
// with what it names (PRODUCT.md, "By mail"): CHECK acme.com, RENEW R-7K4Q2M.
type order struct {
	verb rules.Verb
	refs []string
}

// orderLine is such a line and nothing else, but for a courtesy around it. "Status:"
// heads something and is none.
var orderLine = regexp.MustCompile(`(?i)^(?:(?:please|pls|kindly),?\s+)?` +
	`(?:(status|list|help)\??|(statement)(?:\s+(?:20\d\d\s*[-/]?\s*q[1-4]|q[1-4]\s*[-/]?\s*20\d\d))?|(check|renew|withdraw)\s*:?\s+(\S.*?)` +
	`|(stop)(?:\s+(?:sending\s+(?:me\s+|us\s+)?)?(?:the\s+|these\s+|all\s+|your\s+)?reminders?)?|(unsubscribe)|(?:(?:thanks|thank\s+you)[,.!]?\s+)?(i agree)(?:\s+to\s+the\s+(?:partner\s+program\s+)?agreement)?)` +
	`(?:,?\s+(?:please|pls|thanks|thank you|thx))?\s*[.!]*$`)

var orderVerbs = map[string]rules.Verb{"status": rules.VerbStatus, "list": rules.VerbStatus, "help": rules.VerbHelp, "statement": rules.VerbStatement,
	"check": rules.VerbCheck, "renew": rules.VerbRenew, "withdraw": rules.VerbWithdraw, "stop": rules.VerbStop, "unsubscribe": rules.VerbStop, "i agree": rules.VerbAgree}

// mostOrdered is how long a line may be that is an order.
const mostOrdered = 300

// beginsOrder spares nearly all lines the expression: they begin with another word.
func beginsOrder(s string) bool {
	n := 0
	for n < len(s) && 'a' <= s[n]|0x20 && s[n]|0x20 <= 'z' {
		n++
	}
	for _, w := range [...]string{"i", "pls", "stop", "help", "list", "check", "renew", "thank", "status", "please", "kindly", "thanks", "withdraw", "statement", "unsubscribe"} {
		if len(w) == n && strings.EqualFold(s[:n], w) {
			return true
		}
	}
	return false
}

// readOrder reads a line or a subject as an order.
func readOrder(line string) (order, bool) {
	s := strings.TrimSpace(line)
	if len(s) > mostOrdered || !beginsOrder(s) {
		return order{}, false
	}
	m := orderLine.FindStringSubmatch(s)
	if m == nil {
		return order{}, false
	}
	o := order{verb: orderVerbs[strings.ToLower(strings.Join([]string{m[1], m[2], m[3], m[5], m[6], m[7]}, ""))]}
	if m[3] != "" {
		o.refs = ordered(o.verb, m[4])
	}
	return o, m[3] == "" || len(o.refs) > 0
}

// ordered are the references that stand behind an order, or the websites that CHECK
// asks about; nil where anything else stands among them.
func ordered(v rules.Verb, rest string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(" \t,;&+", r) }) {
		switch w = strings.Trim(w, "()<>[]\"'“”*#.!?"); strings.ToLower(w) {
		case "", "and", "or":
			continue
		}
		if v == rules.VerbCheck {
			urls := findURLs(w)
			if len(urls) != 1 {
				return nil
			}
			out = append(out, urls[0])
			continue
		}
		ref, err := rules.ParseReference(w)
		if err != nil {
			return nil
		}
		out = append(out, string(ref))
	}
	return out
}

// isOrder says whether a line is an order.
func isOrder(line string) bool {
	_, ok := readOrder(line)
	return ok
}

// command reads a line or the subject as an order, if it is one.
func (p *parser) command(text string, span rules.Span) bool {
	o, ok := readOrder(text)
	if ok && len(o.refs) == 0 {
		p.item(o.verb, "", span, 0)
	}
	for _, ref := range o.refs {
		p.item(o.verb, ref, span, 0)
	}
	return ok
}
