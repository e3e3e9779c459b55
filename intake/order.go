package intake

import (
	"regexp"
	"strings"

	"leadmail/rules"
)

// ordering is how an answer of staff begins: the verb, perhaps what it is about,
// and the reason.
var ordering = regexp.MustCompile(`(?i)^\W{0,3}(APPROVE|REJECT|ADD TO)\b[ \t:,.!–—-]*(.*)$`)

var orderCase = regexp.MustCompile(`(?i)^([RM]-[0-9A-Z]{1,18}|P-[0-9]{1,18}|C-[0-9]{1,18}-[0-9]{1,4})\b(?:\.[0-9A-Z.]*)?[ \t:,.–—-]*`)

// order reads an order in the words of staff at the beginning of what was newly
// written; nil where there is none. The tokens are looked for everywhere, since
// they stand in the subject and in the quoted mail of ours.
func (p *parser) order() *rules.Order {
	var own []string
	for _, l := range p.v {
		if l.isOwn() && l.depth == 0 && (!l.blank() || len(own) > 0) {
			own = append(own, strings.TrimSpace(l.text))
		}
	}
	if len(own) == 0 {
		return nil
	}
	if !strings.ContainsAny(own[0][:min(16, len(own[0]))], "aArR") {
		return nil // spares most mails the expression
	}
	m := ordering.FindStringSubmatch(own[0])
	if m == nil {
		return nil
	}
	o := &rules.Order{Verb: rules.VerbApprove, Tokens: rules.Tokens(p.m.Subject + "\n" + p.v.String())}
	rest := m[2]
	switch strings.ToUpper(m[1]) {
	case "REJECT":
		o.Verb = rules.VerbReject
	case "ADD TO":
		o.Verb = rules.VerbAddTo
		partner, behind, _ := strings.Cut(rest, " ")
		o.Partner, rest = rules.PartnerID(strings.ToLower(strings.Trim(partner, ".,;:"))), behind
	}
	if c := orderCase.FindStringSubmatch(rest); c != nil {
		o.Case = rules.Case(strings.ToUpper(c[1]))
		rest = rest[len(c[0]):]
	}
	for _, line := range own[1:] {
		if m := ordering.FindStringSubmatch(line); m != nil && orderCase.MatchString(m[2]) {
			o.Several = true
		}
	}
	// The reason goes on to the first empty line: what follows is a signature.
	reason := []string{rest}
	for _, line := range own[1:] {
		if line == "" {
			if strings.Join(reason, "") != "" {
				break
			}
			continue
		}
		reason = append(reason, line)
	}
	// The partner reads it: the token is nothing for it.
	o.Reason = clean(strings.Trim(rules.WithoutTokens(strings.Join(reason, " ")), " []"))
	if len(o.Reason) > 500 {
		o.Reason = strings.ToValidUTF8(o.Reason[:500], "")
	}
	for _, f := range formsIn(o.Reason) {
		o.Forms = append(o.Forms, f.kind)
	}
	return o
}
