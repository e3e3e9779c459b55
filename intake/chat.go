package intake

import (
	"regexp"
	"strings"
)

// chatLine is a line of an exported chat: WhatsApp on both systems, Signal and
// Telegram write a date, a time, who, and what.
var chatLine = regexp.MustCompile(`^\W{0,4}\[?\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? \d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s?[ap]\.?m\.?)?\]?\s*(?:[-–]\s*)?([^:\[\]]{2,40}): (.*)$`)

// chats reads an exported chat as a mail of whoever the sender talks to: what the
// other says counts, what the sender says does not. The lines are used up.
func (p *parser) chats() []forwardedMail {
	type line struct {
		at        int
		who, text string
	}
	var lines []line
	for i, l := range p.v {
		if l.zone != fresh && l.zone != closing && l.zone != signature || len(l.text) > 1000 || !strings.Contains(l.text, ": ") {
			continue
		}
		if m := chatLine.FindStringSubmatch(l.text); m != nil {
			lines = append(lines, line{i, strings.TrimSpace(m[1]), m[2]})
		}
	}
	if len(lines) < 3 {
		return nil
	}
	var out []forwardedMail
	index := map[string]int{}
	for _, l := range lines {
		p.used[l.at] = true
		if p.ownName(l.who) {
			continue
		}
		k, ok := index[l.who]
		if !ok {
			k = len(out)
			index[l.who] = k
			out = append(out, forwardedMail{name: l.who, at: -1})
		}
		x := p.v[l.at]
		x.text, x.zone = l.text, fresh
		out[k].v = append(out[k].v, x)
		out[k].to = len(out[k].v)
		if out[k].address == "" {
			if a, st := oneEmail(l.text); st == usable && p.outsider(a) {
				out[k].address = a
			}
		}
	}
	return out
}
