package notify

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Caps on values that come from a mail, in characters.
const (
	maxValue    = 200  // a field of a prospect, a name
	maxForm     = 400  // a value filled into a form; a mailto: link carries six
	maxSubject  = 180  // a subject: folded, it stays far below RFC 5322's 998 octets a line
	maxQuestion = 300  // a sentence quoted back
	maxReason   = 1000 // what staff wrote for a partner
	maxUnread   = 10   // files that could not be read, each named
	maxID       = 250  // a Message-ID; longer ones are not quoted
)

// clean makes one harmless line of a text from outside: no C0 or C1 controls,
// no line or paragraph separators, no bidirectional controls or invisible
// characters that could show something else than what is written, no broken
// UTF-8, blanks collapsed, and cut at a number of characters (MAIL.md, Safety).
func clean(s string, limit int) string {
	var b strings.Builder
	n, space := 0, false
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				continue
			}
		}
		switch {
		case r == ' ', r == '\t', r == '\n', r == '\r', r == '\u00a0', r == '\u2028', r == '\u2029', r == '\u0085':
			space = true
			continue
		case invisible(r):
			continue
		}
		if space && n > 0 {
			b.WriteByte(' ')
			n++
		}
		space = false
		if n >= limit {
			return strings.TrimRight(b.String(), " ") + "…"
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// invisible names the characters that are removed. ZWJ and ZWNJ stay: names in
// Persian and Indic scripts are spelled with them.
func invisible(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f: // C0, DEL, C1
	case r == 0x00ad, r == 0x061c, r == 0x180e, r == 0x200b, r == 0x200e, r == 0x200f, r == 0xfeff:
	case r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f: // bidirectional embeddings, isolates, word joiners
	case r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe007f: // annotations, tags
	default:
		return false
	}
	return true
}

// messageID returns an id without brackets that may stand in a header, or "".
// RFC 5322, section 3.6.4: printable ASCII without blanks; anything else is
// dropped rather than repaired, since a repaired id names no mail.
func messageID(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	if s == "" || len(s) > maxID {
		return ""
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == '<' || c == '>' {
			return ""
		}
	}
	return s
}

// host finds what a mail client would take for the name of a web server.
var host = regexp.MustCompile(`[\pL\pN-](?:\.[\pL\pN-]+)*\.(?:\pL{2,}|xn--[a-z0-9-]+)`)

// defang makes what a stranger wrote unclickable in mail to staff: mail clients
// turn bare hosts and URLs into links by themselves. Addresses stay readable,
// since tapping one opens an empty mail and no page.
func defang(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		lower := strings.ToLower(w)
		address := strings.Count(w, "@") == 1 && !strings.Contains(w, "/") && !strings.HasPrefix(lower, "mailto:")
		if address || !strings.Contains(w, ":/") && !strings.HasPrefix(lower, "mailto:") && !host.MatchString(w) {
			continue
		}
		words[i] = strings.NewReplacer(".", "[.]", ":", "[:]").Replace(w)
	}
	return strings.Join(words, " ")
}
