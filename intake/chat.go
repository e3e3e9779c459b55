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
	corrected := map[int]bool{} // the line before put something right
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
		puts := words.contains("correction", l.text)
		if a, st := oneEmail(l.text); st == usable && p.outsider(a) {
			if out[k].address == "" || (puts || corrected[k]) && !genericLocal(before(a, "@")) {
				out[k].address, puts = a, false
			}
		} else if puts {
			out[k].address = otherEnding(out[k].address, l.text)
		}
		corrected[k] = puts
	}
	return out
}

// otherEnding corrects an address by a line that tells only how it ends: ".it, not
// .com".
func otherEnding(address, text string) string {
	var ends []string
	for _, w := range strings.Fields(text) {
		w = strings.ToLower(strings.Trim(w, ",;!?()\"'"))
		if len(w) >= 3 && len(w) <= 12 && w[0] == '.' && strings.Trim(w[1:], "abcdefghijklmnopqrstuvwxyz.") == "" {
			ends = append(ends, strings.TrimRight(w, "."))
		}
	}
	switch {
	case address == "" || len(ends) == 0 || len(ends) > 2:
		return address
	case len(ends) == 2 && strings.HasSuffix(address, ends[1]) && !strings.HasSuffix(address, ends[0]):
		return strings.TrimSuffix(address, ends[1]) + ends[0]
	case len(ends) == 2 && strings.HasSuffix(address, ends[0]):
		return strings.TrimSuffix(address, ends[0]) + ends[1] // "not .com but .it"
	case len(ends) == 1:
		return address[:strings.LastIndexByte(address, '.')] + ends[0]
	}
	return address
}
