package intake

import (
	"bytes"
	"strings"
	"unicode"
)

// Limits of one mail (LIBRARIES.md). What lies beyond is not looked at; the
// message says so in Warnings and, where the mail was cut, in Refused.
const (
	maxMail     = 25 << 20
	maxHeader   = 256 << 10
	maxFields   = 2000
	maxDepth    = 10
	maxAttached = 3 // message/rfc822 inside message/rfc822
	maxParts    = 200
	maxText     = 1 << 20
	maxReceived = 100
)

// field is one header field: its name in lower case without spaces before the
// colon (MAIL.md 5), its value unfolded, still encoded.
type field struct{ name, value string }

// header is the field list of a mail or of a part, in order.
type header []field

// get returns the first field of that name; names are given in lower case.
func (h header) get(name string) string {
	for _, f := range h {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

func (h header) all(name string) []string {
	var out []string
	for _, f := range h {
		if f.name == name {
			out = append(out, f.value)
		}
	}
	return out
}

func (h header) has(name string) bool {
	for _, f := range h {
		if f.name == name {
			return true
		}
	}
	return false
}

// knownNames are fields by which a block of "word: text" lines is recognised as
// the header of a mail rather than as a text that happens to have colons.
var knownNames = map[string]bool{
	"from": true, "to": true, "subject": true, "date": true, "message-id": true, "received": true,
	"return-path": true, "mime-version": true, "content-type": true, "delivered-to": true,
	"sender": true, "reply-to": true, "x-mailer": true, "cc": true, "content-transfer-encoding": true,
	"content-disposition": true, "x-original-to": true, "in-reply-to": true, "references": true,
	"resent-from": true, "envelope-to": true, "x-uidl": true,
}

// fieldName returns the field name that a line begins with, in lower case, and
// the offset behind its colon; "" where the line is no field.
func fieldName(line []byte) (string, int) {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || colon > 200 {
		return "", 0
	}
	name := bytes.TrimRight(line[:colon], " \t")
	for _, c := range name {
		// RFC 5322, section 3.6.8: printable US-ASCII without the colon.
		if c <= ' ' || c > '~' {
			return "", 0
		}
	}
	if len(name) == 0 {
		return "", 0
	}
	return strings.ToLower(string(name)), colon + 1
}

// nextLine cuts the first line off b. Line ends are LF, CRLF or CRCRLF.
func nextLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return bytes.TrimRight(b, "\r"), nil
	}
	return bytes.TrimRight(b[:i], "\r"), b[i+1:]
}

// parseHeader reads the fields at the beginning of b and returns what follows
// the empty line. A line without colon that is not indented belongs to the field
// before it (the sixth weakness of LIBRARIES.md); before any field it is skipped.
func parseHeader(b []byte, warn func(string)) (h header, body []byte, cut bool) {
	var value []byte
	size := 0
	flush := func() {
		if len(h) > 0 {
			h[len(h)-1].value = string(bytes.TrimSpace(value))
		}
		value = value[:0]
	}
	for len(b) > 0 {
		line, rest := nextLine(b)
		if len(line) == 0 {
			flush()
			return h, rest, cut
		}
		size += len(line)
		if size > maxHeader || len(h) > maxFields {
			if !cut {
				warn("header cut at its limit")
			}
			cut, b = true, rest
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(bytes.TrimSpace(line)) == 0 && len(h) > 0 && !continues(rest) {
				// An "empty" line of blanks: some programs end the header so.
				flush()
				return h, rest, cut
			}
			value = append(append(value, ' '), bytes.TrimSpace(line)...)
			b = rest
			continue
		}
		name, at := fieldName(line)
		if name == "" {
			if len(h) == 0 {
				warn("a line before the header was skipped")
			} else {
				warn("a header line without colon was joined to the line before")
				value = append(append(value, ' '), line...)
			}
			b = rest
			continue
		}
		flush()
		h = append(h, field{name: name})
		value = append(value, line[at:]...)
		b = rest
	}
	flush()
	return h, nil, cut
}

// continues says whether a header goes on: the next line is a field or a folded one.
func continues(b []byte) bool {
	line, _ := nextLine(b)
	if len(line) == 0 {
		return false
	}
	name, _ := fieldName(line)
	return line[0] == ' ' || line[0] == '\t' || knownNames[name] || strings.HasPrefix(name, "x-")
}

// parameters reads a structured value such as a Content-Type leniently: the
// value before the first semicolon in lower case, then the parameters, with
// missing quotes, stray characters (the tenth weakness) and RFC 2231
// continuations and charsets.
func parameters(v string) (string, map[string]string) {
	main, rest, _ := strings.Cut(v, ";")
	main = strings.ToLower(strings.TrimSpace(main))
	if i := strings.IndexAny(main, " \t"); i > 0 {
		main = main[:i]
	}
	params := map[string]string{}
	pieces := map[string][]string{} // RFC 2231, section 3
	for n := 0; rest != "" && n < 100; n++ {
		rest = strings.TrimLeft(rest, "; \t\r\n")
		key, after, ok := strings.Cut(rest, "=")
		if !ok {
			break
		}
		if i := strings.LastIndexAny(key, "; \t"); i >= 0 {
			key = key[i+1:]
		}
		key = strings.ToLower(strings.TrimSpace(key))
		after = strings.TrimLeft(after, " \t")
		var val string
		if strings.HasPrefix(after, `"`) {
			var b strings.Builder
			i := 1
			for ; i < len(after) && after[i] != '"'; i++ {
				if after[i] == '\\' && i+1 < len(after) && (after[i+1] == '"' || after[i+1] == '\\') {
					i++
				}
				b.WriteByte(after[i])
			}
			val, rest = b.String(), after[min(i+1, len(after)):]
			if i == len(after) { // the closing quote is missing
				val, _, _ = strings.Cut(val, ";")
				val, rest = strings.TrimSpace(val), ""
			}
		} else {
			val, rest, _ = strings.Cut(after, ";")
			val = strings.Trim(strings.TrimSpace(val), `"'`)
		}
		base, section, split := strings.Cut(key, "*")
		if split && base != "" {
			if len(pieces[base]) < 100 {
				if strings.HasSuffix(key, "*") {
					val = unpercent(val, section == "" || section == "0*")
				}
				pieces[base] = append(pieces[base], val)
			}
			continue
		}
		if _, dup := params[key]; !dup && key != "" {
			params[key] = val
		}
	}
	for base, p := range pieces {
		if _, dup := params[base]; !dup {
			params[base] = strings.Join(p, "")
		}
	}
	return main, params
}

// unpercent decodes an RFC 2231 extended value; first says that it carries
// charset'language'.
func unpercent(s string, first bool) string {
	charset := ""
	if first {
		if p := strings.SplitN(s, "'", 3); len(p) == 3 {
			charset, s = p[0], p[2]
		}
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := unhex(s[i+1]), unhex(s[i+2]); hi >= 0 && lo >= 0 {
				b = append(b, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	text, _ := decodeCharset(b, charset)
	return text
}

// clean removes what has no place in a header, a name or a line of a list: C0
// and C1 controls, line breaks, U+2028/9 and bidirectional controls, decoded
// ones included (MAIL.md 77, 84). Runs of blanks become one.
func clean(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	blank := true
	for _, r := range s {
		switch {
		case r == ' ' || r == '\t' || r == '\r' || r == '\n' || unicode.Is(unicode.Zs, r):
			if !blank {
				b.WriteByte(' ')
			}
			blank = true
			continue
		case unprintable(r):
			continue
		}
		b.WriteRune(r)
		blank = false
	}
	return strings.TrimRight(b.String(), " ")
}

func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}

// unprintable says whether a character only steers how text is shown: controls,
// zero-width and direction marks, the byte order mark, U+2028/9, U+FFFE/F.
func unprintable(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0,
		r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f,
		r == 0xfeff, r == 0x00ad, r == 0x061c, r == 0x180e, r == 0xfffe, r == 0xffff:
		return true
	}
	return false
}
