package intake

import (
	"bufio"
	"bytes"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-message/textproto"
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

// maxStrict bounds what is given to go-message's readers of addresses, ids and
// words: their work grows with the square of a comment. Longer values are read
// by our own.
const maxStrict = 8 << 10

// header is the header of a mail or of a part, as go-message reads it: values
// are unfolded, still encoded; names are found in any case and without spaces
// before the colon (MAIL.md 5).
type header struct{ mail.Header }

// get returns the first field of that name.
func (h header) get(name string) string { return h.Get(name) }

func (h header) all(name string) []string { return h.Values(name) }

func (h header) has(name string) bool { return h.Has(name) }

// text is a field's decoded text, without controls.
func (h header) text(name string) string {
	v := h.get(name)
	if len(v) <= maxStrict {
		if s, err := h.Text(name); err == nil && sound(s) {
			return clean(s)
		}
	}
	return decodeWords(v)
}

// sound says whether a decoded text may be believed. go-message leaves a word
// that it cannot decode as it is, decodes each of two words alone that share a
// character, passes raw 8-bit text through, and takes Latin-1 at its word where
// Windows-1252 was meant.
func sound(s string) bool {
	if isPlain(s) && !strings.Contains(s, "=?") {
		return true
	}
	for _, r := range s {
		if r == utf8.RuneError || r >= 0x80 && r < 0xa0 {
			return false
		}
	}
	return !strings.Contains(s, "=?")
}

// parameters is the value before the first semicolon of Content-Type or
// Content-Disposition, in lower case, and the parameters behind it.
func (h header) parameters(name string) (string, map[string]string) {
	v := h.get(name)
	// Of RFC 2231 the strict reader knows two charsets, and drops the others'
	// parameters without an error.
	if len(v) <= maxStrict && !strings.Contains(v, "*") {
		parse := h.ContentType
		if name == "content-disposition" {
			parse = h.ContentDisposition
		}
		main, params, err := parse()
		for _, p := range params {
			if !sound(p) {
				return parameters(v)
			}
		}
		if err == nil && v != "" {
			return main, params
		}
	}
	return parameters(v)
}

// ids are the message ids of a field, without brackets, in their order.
func (h header) ids(name string) []string {
	values := h.all(name)
	if len(values) == 1 && len(values[0]) <= maxStrict {
		if ids, err := h.MsgIDList(name); err == nil {
			return ids
		}
	}
	return messageIDs(strings.Join(values, " "))
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

// fieldName returns the field name that a line begins with, in lower case; ""
// where the line is no field.
func fieldName(line []byte) string { return strings.ToLower(string(rawName(line))) }

// rawName is fieldName as written, without a copy.
func rawName(line []byte) []byte {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || colon > 200 {
		return nil
	}
	name := bytes.TrimRight(line[:colon], " \t")
	for _, c := range name {
		// RFC 5322, section 3.6.8: printable US-ASCII without the colon.
		if c <= ' ' || c > '~' {
			return nil
		}
	}
	return name
}

// nextLine cuts the first line off b. Line ends are LF, CRLF or CRCRLF.
func nextLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return bytes.TrimRight(b, "\r"), nil
	}
	return bytes.TrimRight(b[:i], "\r"), b[i+1:]
}

// buffers are lent to go-message's reader of headers: one of its own for each
// part was a tenth of all that reading a mail allocates.
var buffers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// parseHeader reads the fields at the beginning of b and returns what follows
// the empty line. go-message reads a block that is known to be bounded and well
// formed.
func parseHeader(b []byte, warn func(string)) (h header, body []byte, cut bool) {
	block, body, cut := mend(b, warn)
	r := buffers.Get().(*bufio.Reader)
	r.Reset(bytes.NewReader(block))
	th, err := textproto.ReadHeader(r)
	r.Reset(nil)
	buffers.Put(r)
	if err != nil {
		warn("the header could not be read whole")
	}
	h.Header.Header.Header = th
	return h, body, cut
}

// mend cuts off the header, at its end or at the limits, and puts right what
// would make go-message fail. A line without colon that is not indented belongs
// to the field before it (the sixth weakness of LIBRARIES.md); before any field it
// is skipped, and so is folded text. A header in good order is returned as it is.
func mend(b []byte, warn func(string)) (block, body []byte, cut bool) {
	var mended []byte // nil as long as all is in good order
	rest, size, fields := b, 0, 0
	keep := func(before []byte) {
		if mended == nil {
			mended = append(make([]byte, 0, 1024), b[:len(b)-len(before)]...)
		}
	}
	done := func(end, body []byte) ([]byte, []byte, bool) {
		if mended == nil {
			return b[:len(b)-len(end)], body, cut
		}
		return mended, body, cut
	}
	for len(rest) > 0 {
		line, next := nextLine(rest)
		if len(line) == 0 {
			return done(rest, next)
		}
		named := len(rawName(line)) > 0
		indented := line[0] == ' ' || line[0] == '\t'
		if indented && len(bytes.TrimSpace(line)) == 0 && fields > 0 && !continues(next) {
			// An "empty" line of blanks: some programs end the header so.
			return done(rest, next)
		}
		size += len(line)
		if size > maxHeader || fields > maxFields {
			if !cut {
				warn("header cut at its limit")
			}
			cut = true
			keep(rest)
			rest = next
			continue
		}
		prefix := ""
		switch {
		case indented && fields > 0:
		case named && !indented:
			fields++
		case fields > 0:
			warn(warnJoined)
			prefix = " "
		default:
			warn("a line before the header was skipped")
			keep(rest)
			rest = next
			continue
		}
		// A CR too many before the line end would count as text.
		if raw := len(rest) - len(next); prefix != "" || raw > len(line)+2 {
			keep(rest)
		}
		if mended != nil {
			mended = append(append(append(mended, prefix...), line...), '\n')
		}
		rest = next
	}
	return done(nil, nil)
}

// continues says whether a header goes on: the next line is a field or a folded one.
func continues(b []byte) bool {
	line, _ := nextLine(b)
	if len(line) == 0 {
		return false
	}
	name := fieldName(line)
	return line[0] == ' ' || line[0] == '\t' || knownNames[name] || strings.HasPrefix(name, "x-")
}

// parameters reads a structured value that go-message refuses, leniently: the
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
