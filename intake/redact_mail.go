package intake

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	stdhtml "html"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"mime/quotedprintable"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	xunicode "golang.org/x/text/encoding/unicode"
)

// Everything here is rewritten character by character: a text is decoded, as many
// characters come back from text as went in, and each is written where and as its
// predecessor was.

// entity redacts a mail or a part of one, header and body.
func (r *redactor) entity(raw []byte, depth int, implied string) []byte {
	head, body := splitHeader(raw)
	if head == nil {
		media := "text/plain"
		if implied != "" {
			media = implied
		}
		return r.body(raw, media, nil, "", "", depth)
	}
	h, _, _ := parseHeader(head, func(string) {})
	media, params := h.parameters("content-type")
	if !strings.Contains(media, "/") {
		media = implied
		if media == "" || strings.HasPrefix(media, "multipart/") {
			media = "text/plain"
		}
	}
	_, disposition := h.parameters("content-disposition")
	name := disposition["filename"]
	if name == "" {
		name = params["name"]
	}
	out := r.header(head)
	return append(out, r.body(body, media, params, h.get("content-transfer-encoding"), decodeWords(name), depth)...)
}

// splitHeader cuts an entity behind the empty line that ends its header; head is
// nil where it has none.
func splitHeader(raw []byte) (head, body []byte) {
	rest, some := raw, false
	for len(rest) > 0 {
		line, next := nextLine(rest)
		if len(line) == 0 {
			if !some && len(next) == len(raw)-len(rest) {
				return nil, raw
			}
			return raw[:len(raw)-len(next)], next
		}
		if !some && fieldName(line) == "" && !bytes.HasPrefix(line, []byte("From ")) && !bytes.HasPrefix(line, []byte(">From ")) && !bytes.HasPrefix(line, []byte("\ufeff")) {
			return nil, raw
		}
		some = true
		rest = next
	}
	if !some {
		return nil, raw
	}
	return raw, nil
}

// keptFields say how a mail is built and by what: they name nobody.
var keptFields = map[string]bool{
	"mime-version": true, "content-transfer-encoding": true, "date": true, "x-mailer": true, "user-agent": true, "auto-submitted": true, "precedence": true, "x-precedence": true,
	"importance": true, "x-priority": true, "priority": true, "x-msmail-priority": true, "content-language": true, "x-auto-response-suppress": true, "x-spam-status": true, "x-spam-level": true, "x-spam-score": true,
	"x-ms-has-attach": true, "x-ms-exchange-generated-message-source": true, "thread-index": true, "x-mimeole": true, "x-universally-unique-identifier": true, "x-leadmail": true,
}

// header redacts a header, field by field; folds and line ends stay.
func (r *redactor) header(head []byte) []byte {
	var out []byte
	for rest := head; len(rest) > 0; {
		line, next := nextLine(rest)
		end := next
		for len(line) > 0 && len(end) > 0 && (end[0] == ' ' || end[0] == '\t') {
			_, end = nextLine(end)
		}
		field := rest[:len(rest)-len(end)]
		rest = end
		name := fieldName(line)
		colon := bytes.IndexByte(field, ':')
		switch {
		case name == "" || colon < 0:
			out = append(out, r.bytes(field, "", r.text)...)
		case keptFields[name]:
			out = append(out, field...)
		case name == "content-type" || name == "content-disposition":
			out = append(out, r.parameters(field)...)
		default:
			out = append(out, r.value(field, colon)...)
		}
	}
	return out
}

// value redacts what stands behind a field's colon.
func (r *redactor) value(field []byte, colon int) []byte {
	out := append([]byte{}, field[:colon+1]...)
	return append(out, r.encodedWords(field[colon+1:])...)
}

var (
	encodedPiece = regexp.MustCompile(`=\?([^?\s]+)\?([QqBb])\?([^?]*)\?=`)
	nameParam    = regexp.MustCompile(`(?i)([;\s](?:file)?name|[;\s]title)(\*(?:\d+\*?)?)?(\s*=\s*)("(?:[^"\\]|\\.)*"|[^;\s]+)`)
)

// encodedWords redacts a value in which words may be encoded (RFC 2047). Words of
// one charset that follow one another are one text: a name may be cut anywhere.
func (r *redactor) encodedWords(value []byte) []byte {
	found := encodedPiece.FindAllSubmatchIndex(value, -1)
	if found == nil {
		return r.bytes(value, "", r.text)
	}
	type piece struct {
		from, to int
		plain    []byte // decoded octets, nil for what is not encoded
		charset  string
		kind     byte
	}
	var pieces []piece
	at := 0
	for _, m := range found {
		if m[0] > at {
			pieces = append(pieces, piece{from: at, to: m[0]})
		}
		p := piece{from: m[0], to: m[1], charset: string(value[m[2]:m[3]]), kind: value[m[4]] | 0x20, plain: []byte{}}
		if p.kind == 'b' {
			p.plain, _ = unbase64(value[m[6]:m[7]])
		} else {
			p.plain = unescape(nil, bytes.ReplaceAll(value[m[6]:m[7]], []byte("_"), []byte(" ")))
		}
		if p.plain == nil {
			p.plain = []byte{}
		}
		pieces = append(pieces, p)
		at = m[1]
	}
	if at < len(value) {
		pieces = append(pieces, piece{from: at, to: len(value)})
	}
	// All of it as one text, with what parts the pieces left out where it is blank
	// between two encoded ones.
	var out []byte
	for i := 0; i < len(pieces); {
		p := pieces[i]
		if p.plain == nil {
			out = append(out, r.bytes(value[p.from:p.to], "", r.text)...)
			i++
			continue
		}
		run := []int{i}
		for j := i + 1; j < len(pieces); j++ {
			q := pieces[j]
			if q.plain == nil {
				if len(bytes.TrimSpace(value[q.from:q.to])) == 0 && j+1 < len(pieces) {
					continue
				}
				break
			}
			if !strings.EqualFold(q.charset, p.charset) {
				break
			}
			run = append(run, j)
		}
		var whole []byte
		for _, k := range run {
			whole = append(whole, pieces[k].plain...)
		}
		fresh := r.bytes(whole, before(p.charset, "*"), r.text)
		if len(fresh) != len(whole) {
			// Never so for the charsets we write; give each what it held, alone.
			fresh = bytes.Repeat([]byte("x"), len(whole))
		}
		used := 0
		for k := i; k <= run[len(run)-1]; k++ {
			q := pieces[k]
			if q.plain == nil {
				out = append(out, value[q.from:q.to]...)
				continue
			}
			part := fresh[used : used+len(q.plain)]
			used += len(q.plain)
			out = append(out, fmt.Sprintf("=?%s?%s?", q.charset, string(value[q.from+len(q.charset)+3]))...)
			inner := value[q.from+len(q.charset)+5 : q.to-2]
			if q.kind == 'b' {
				out = append(out, base64.StdEncoding.EncodeToString(part)...)
			} else {
				out = append(out, requote(inner, part, true)...)
			}
			out = append(out, "?="...)
		}
		i = run[len(run)-1] + 1
	}
	return out
}

// parameters redacts the file names of a Content-Type or Content-Disposition;
// boundaries and charsets stay.
func (r *redactor) parameters(field []byte) []byte {
	return replaceAll(nameParam, field, func(m [][]byte) []byte {
		value := m[4]
		quote := []byte{}
		if len(value) > 1 && value[0] == '"' {
			quote, value = value[:1], value[1:len(value)-1]
		}
		if bytes.Contains(value, []byte("%")) && len(m[2]) > 0 {
			charset, lead := "utf-8", []byte{}
			if c, rest, ok := bytes.Cut(value, []byte("'")); ok {
				if _, rest, ok := bytes.Cut(rest, []byte("'")); ok {
					charset, lead, value = string(c), value[:len(value)-len(rest)], rest
				}
			}
			value = append(bytes.Clone(lead), r.percent(value, charset)...)
		} else if c, rest, ok := bytes.Cut(value, []byte("''")); ok && len(m[2]) > 0 {
			value = append(append(bytes.Clone(c), "''"...), r.encodedWords(rest)...)
		} else {
			value = r.encodedWords(value)
		}
		return bytes.Join([][]byte{m[1], m[2], m[3], quote, value, quote}, nil)
	})
}

// percent redacts a text in which octets are escaped by %XX.
func (r *redactor) percent(value []byte, charset string) []byte {
	plain, err := url.PathUnescape(string(value))
	if err != nil {
		return r.bytes(value, "", r.text)
	}
	fresh := r.bytes([]byte(plain), charset, r.text)
	if len(fresh) != len(plain) {
		return value
	}
	var out []byte
	k := 0
	for i := 0; i < len(value) && k < len(fresh); k++ {
		if value[i] == '%' && i+2 < len(value) {
			if fresh[k] == plain[k] {
				out = append(out, value[i:i+3]...)
			} else {
				out = append(out, fmt.Sprintf("%%%02X", fresh[k])...)
			}
			i += 3
			continue
		}
		out = append(out, fresh[k])
		i++
	}
	return out
}

func replaceAll(re *regexp.Regexp, b []byte, with func([][]byte) []byte) []byte {
	var out []byte
	at := 0
	for _, m := range re.FindAllSubmatchIndex(b, -1) {
		groups := make([][]byte, len(m)/2)
		for i := range groups {
			if m[2*i] >= 0 {
				groups[i] = b[m[2*i]:m[2*i+1]]
			}
		}
		out = append(append(out, b[at:m[0]]...), with(groups)...)
		at = m[1]
	}
	return append(out, b[at:]...)
}

// body redacts a body by its type.
func (r *redactor) body(body []byte, media string, params map[string]string, cte, name string, depth int) []byte {
	if strings.HasPrefix(media, "multipart/") && depth < 2*maxDepth {
		if out, ok := r.multipart(body, media, params["boundary"], depth); ok {
			return out
		}
	}
	cte, _, _ = strings.Cut(strings.ToLower(strings.Trim(strings.TrimSpace(cte), `"`)), ";")
	encoding := encodings[strings.TrimSpace(cte)]
	leaf := func(data []byte) []byte { return r.leaf(data, media, params, name, depth) }
	switch encoding {
	case "base64":
		data, _ := unbase64(body)
		return rebase64(body, leaf(data))
	case "quoted-printable":
		data := unquote(body)
		fresh := leaf(data)
		if len(fresh) == len(data) {
			return requote(body, fresh, false)
		}
		var b bytes.Buffer
		w := quotedprintable.NewWriter(&b)
		if _, err := w.Write(fresh); err != nil || w.Close() != nil {
			return nil
		}
		return b.Bytes()
	}
	return leaf(body)
}

// multipart redacts each part, and what stands before and behind them.
func (r *redactor) multipart(body []byte, media, boundary string, depth int) ([]byte, bool) {
	if boundary == "" {
		if boundary = guessBoundary(body); boundary == "" {
			return nil, false
		}
	}
	mark := []byte("--" + boundary)
	at, next, closing := findBoundary(body, mark, 0)
	if at < 0 {
		return nil, false
	}
	implied := ""
	if media == "multipart/digest" {
		implied = "message/rfc822"
	}
	out := r.bytes(body[:at], "", r.text)
	for {
		out = append(out, body[at:next]...)
		if closing {
			break
		}
		start := next
		at, next, closing = findBoundary(body, mark, start)
		if at < 0 {
			return append(out, r.entity(body[min(start, len(body)):], depth+1, implied)...), true
		}
		// The line break before a boundary is the boundary's.
		content := bytes.TrimSuffix(bytes.TrimSuffix(body[start:at], []byte("\n")), []byte("\r"))
		out = append(append(out, r.entity(content, depth+1, implied)...), body[start+len(content):at]...)
	}
	return append(out, r.bytes(body[next:], "", r.text)...), true
}

// leaf redacts the decoded content of a part.
func (r *redactor) leaf(data []byte, media string, params map[string]string, name string, depth int) []byte {
	ext := extension(name)
	text := strings.HasPrefix(media, "text/") || ext == "csv" || ext == "tsv" || ext == "txt" || ext == "vcf" || ext == "ics" || ext == "html" || ext == "htm" || strings.HasPrefix(media, "message/")
	switch {
	case len(data) == 0:
		return data
	case media == "message/rfc822" || media == "message/global" || ext == "eml" || media == "text/rfc822-headers" || media == "message/rfc822-headers":
		if depth < 2*maxDepth {
			return r.entity(data, depth+1, "text/plain")
		}
	case media == "application/pkcs7-mime" || media == "application/x-pkcs7-mime":
		if inner, kind := openCMS(data); kind == cmsSigned && len(inner) > 0 {
			if i := bytes.Index(data, inner); i >= 0 {
				if fresh := r.entity(inner, depth+1, "text/plain"); len(fresh) == len(inner) {
					// The certificates behind it name their owners.
					out := append(bytes.Clone(data[:i]), fresh...)
					return append(out, make([]byte, len(data)-len(out))...)
				}
			}
		}
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return r.archive(data, ext)
	}
	if !text && (!isText(data) || sniff(data, ext) != "" && media != "application/octet-stream") || strings.HasPrefix(media, "image/") || strings.HasPrefix(media, "audio/") || strings.HasPrefix(media, "video/") || strings.HasPrefix(string(data[:min(len(data), 8)]), "%PDF") {
		return blank(data)
	}
	charset := params["charset"]
	sample := strings.ToLower(string(data[:min(len(data), 2048)]))
	switch {
	case media == "text/html" || strings.Contains(sample, "<html") || strings.Contains(sample, "<table"):
		if charset == "" && !isASCII(data) {
			charset = metaCharset(data)
		}
		return r.bytes(data, charset, r.html)
	case strings.Contains(sample, "quoted-printable") && strings.Contains(sample, "begin:vcard"):
		return r.card(data, charset)
	}
	return r.bytes(data, charset, r.text)
}

// bytes redacts octets as a text of a charset. What does not come back the same
// when decoded and encoded is taken for Latin-1, in which every octet is a letter.
func (r *redactor) bytes(data []byte, charset string, f func([]rune) []rune) []byte {
	if len(data) == 0 {
		return nil // never a slice of the mail: callers append to it
	}
	if isASCII(data) && !bytes.ContainsAny(data, "\x1b~\x00") || utf8.Valid(data) && !bytes.ContainsAny(data, "\x1b\x00") {
		return []byte(string(f([]rune(string(data)))))
	}
	for _, e := range []encoding.Encoding{charsetOf(charset, data), charmap.ISO8859_1} {
		if e == nil {
			continue
		}
		text, err := e.NewDecoder().Bytes(data)
		if err != nil {
			continue
		}
		if back, err := e.NewEncoder().Bytes(text); err != nil || !bytes.Equal(back, data) {
			continue
		}
		if out, err := e.NewEncoder().Bytes([]byte(string(f([]rune(string(text)))))); err == nil {
			return out
		}
	}
	return bytes.Repeat([]byte("x"), len(data))
}

// charsetOf finds a charset by its name, or by the mark that a text begins with.
func charsetOf(name string, data []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return marked{data[0] == 0xfe}
	case len(data) > 3 && len(data)%2 == 0 && data[1] == 0 && data[3] == 0:
		return xunicode.UTF16(xunicode.LittleEndian, xunicode.IgnoreBOM)
	case len(data) > 3 && len(data)%2 == 0 && data[0] == 0 && data[2] == 0:
		return xunicode.UTF16(xunicode.BigEndian, xunicode.IgnoreBOM)
	}
	name = strings.ToLower(strings.Trim(strings.TrimSpace(name), "\"'`; "))
	if e, ok := charsets[name]; ok {
		return e
	}
	if e, err := htmlindex.Get(name); err == nil {
		return e
	}
	if e, err := ianaindex.MIME.Encoding(name); err == nil && e != nil {
		return e
	}
	return charmap.Windows1252
}

// marked is UTF-16 whose mark is a character as any other.
type marked struct{ big bool }

func (m marked) order() encoding.Encoding {
	if m.big {
		return xunicode.UTF16(xunicode.BigEndian, xunicode.IgnoreBOM)
	}
	return xunicode.UTF16(xunicode.LittleEndian, xunicode.IgnoreBOM)
}

// NewDecoder and NewEncoder make it an encoding.
func (m marked) NewDecoder() *encoding.Decoder { return m.order().NewDecoder() }

// NewEncoder is as NewDecoder.
func (m marked) NewEncoder() *encoding.Encoder { return m.order().NewEncoder() }

// html redacts the text of a page and what its attributes say to people; tags and
// styles stay. A word may go on behind a tag that breaks no line.
func (r *redactor) html(in []rune) []rune {
	var pieces []string // texts and what stands between them, by turns
	add := func(text, markup string) {
		if n := len(pieces); text == "" && n > 0 {
			pieces[n-1] += markup
			return
		}
		pieces = append(pieces, text, markup)
	}
	s := string(in)
	for len(s) > 0 {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			i = len(s)
		}
		text := s[:i]
		if s = s[i:]; s == "" {
			add(text, "")
			break
		}
		end := strings.IndexByte(s, '>') + 1
		low := strings.ToLower(s[:min(len(s), 16)])
		switch {
		case strings.HasPrefix(low, "<!--"):
			if end = strings.Index(s, "-->") + 3; end < 3 {
				end = len(s)
			}
			add(text, string(r.text([]rune(s[:end]))))
		case strings.HasPrefix(low, "<style"), strings.HasPrefix(low, "<script"):
			if end = indexFold(s, "</"+low[1:6]); end <= 0 {
				end = len(s)
			}
			add(text, s[:end])
		case end == 0:
			end = len(s)
			add(text+s, "")
		default:
			add(text, r.tag(s[:end]))
		}
		s = s[end:]
	}
	var out strings.Builder
	texts := make([]escapedText, 0, len(pieces)/2)
	for i := 0; i < len(pieces); i += 2 {
		texts = append(texts, escapedText{pieces[i], !inlineTags.MatchString(pieces[i+1])})
	}
	for i, text := range r.together(texts...) {
		out.WriteString(text)
		out.WriteString(pieces[2*i+1])
	}
	return []rune(out.String())
}

// inlineTags match markup inside of which a word goes on.
var inlineTags = regexp.MustCompile(`(?i)^(?:</?(?:b|i|u|s|em|strong|span|font|a|small|big|sub|sup|mark|wbr|o:p|bdi|bdo)(?:\s[^>]*)?>)*$`)

// escapedText is text with character references; a line ends behind it, or does not.
type escapedText struct {
	text string
	ends bool
}

// together redacts texts as one.
func (r *redactor) together(texts ...escapedText) []string {
	var source []string
	var plain []rune
	ends := make([]int, len(texts))
	for i, t := range texts {
		for s := t.text; len(s) > 0; {
			n := 0
			if s[0] == '&' {
				if m := entity.FindString(s); m != "" {
					if t := []rune(stdhtml.UnescapeString(m)); len(t) == 1 {
						source, plain, n = append(source, m), append(plain, t[0]), len(m)
					}
				}
			}
			if n == 0 {
				c, size := utf8.DecodeRuneInString(s)
				source, plain, n = append(source, s[:size]), append(plain, c), size
			}
			s = s[n:]
		}
		ends[i] = len(plain)
		if t.ends {
			source, plain = append(source, ""), append(plain, '\n')
		}
	}
	fresh := r.text(plain)
	out := make([]string, len(texts))
	at := 0
	for i, t := range texts {
		var b strings.Builder
		for ; at < ends[i]; at++ {
			if fresh[at] == plain[at] {
				b.WriteString(source[at])
			} else {
				b.WriteRune(fresh[at])
			}
		}
		if t.ends {
			at++
		}
		out[i] = b.String()
	}
	return out
}

// escaped redacts a text with character references.
func (r *redactor) escaped(s string) string { return r.together(escapedText{text: s})[0] }

var (
	entity    = regexp.MustCompile(`^&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});`)
	attribute = regexp.MustCompile(`(?i)(\s(?:href|src|alt|title|value|cite|name|background|originalsrc|data-[a-z-]+|content)\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+)`)
)

// tag redacts the attributes of a tag that hold text or addresses.
func (r *redactor) tag(s string) string {
	return string(replaceAll(attribute, []byte(s), func(m [][]byte) []byte {
		if bytes.Contains(bytes.ToLower(m[2]), []byte("charset")) {
			return append(bytes.Clone(m[1]), m[2]...)
		}
		return append(bytes.Clone(m[1]), r.escaped(string(m[2]))...)
	}))
}

// card redacts a vCard whose values are quoted-printable (vCard 2.1).
func (r *redactor) card(data []byte, charset string) []byte {
	var out []byte
	for rest := data; len(rest) > 0; {
		_, next := nextLine(rest)
		unit := rest[:len(rest)-len(next)]
		if bytes.Contains(bytes.ToUpper(before64(unit)), []byte("QUOTED-PRINTABLE")) {
			for bytes.HasSuffix(bytes.TrimRight(unit, "\r\n"), []byte("=")) && len(next) > 0 {
				_, next = nextLine(next)
				unit = rest[:len(rest)-len(next)]
			}
			colon := bytes.IndexByte(unit, ':')
			_, own, _ := strings.Cut(strings.ToLower(string(unit[:colon+1])), "charset=")
			own = strings.TrimRight(before(before(own, ";"), ":"), " ")
			if own == "" {
				own = charset
			}
			plain := unquote(unit[colon+1:])
			fresh := r.bytes(plain, own, r.text)
			if len(fresh) == len(plain) {
				out = append(append(out, unit[:colon+1]...), requote(unit[colon+1:], fresh, false)...)
				rest = next
				continue
			}
		}
		out = append(out, r.bytes(unit, charset, r.text)...)
		rest = next
	}
	return out
}

// before64 is what stands before a line's colon.
func before64(line []byte) []byte { return line[:bytes.IndexByte(line, ':')+1] }

// requote writes octets in the quoted-printable form that src had: the same ones
// escaped, line breaks in the same places. fresh has as many octets as src decodes
// to.
func requote(src, fresh []byte, word bool) []byte {
	var out []byte
	k := 0
	put := func(source []byte, old byte, escaped bool) {
		c := fresh[min(k, len(fresh)-1)]
		k++
		switch {
		case c == old:
			out = append(out, source...)
		case escaped, c >= 0x7f, c == '=', word && (c == '?' || c == '_'):
			out = append(out, fmt.Sprintf("=%02X", c)...)
		default:
			out = append(out, c)
		}
	}
	if len(fresh) == 0 {
		return src
	}
	for i := 0; i < len(src); i++ {
		c := src[i]
		if word && c == '_' {
			put(src[i:i+1], ' ', false)
			continue
		}
		if c == '=' && !word {
			j := i + 1
			for j < len(src) && (src[j] == ' ' || src[j] == '\t' || src[j] == '\r') {
				j++
			}
			if j == len(src) || src[j] == '\n' {
				out = append(out, src[i:min(j+1, len(src))]...)
				i = j
				continue
			}
		}
		if c == '=' && i+2 < len(src) {
			if hi, lo := unhex(src[i+1]), unhex(src[i+2]); hi >= 0 && lo >= 0 {
				put(src[i:i+3], byte(hi<<4|lo), true)
				i += 2
				continue
			}
		}
		put(src[i:i+1], c, false)
	}
	return out
}

// rebase64 writes octets in lines as long as those of src, with its line ends.
func rebase64(src, fresh []byte) []byte {
	trimmed := bytes.TrimRight(src, "\r\n \t")
	line, rest := nextLine(trimmed)
	end := trimmed[len(line) : len(trimmed)-len(rest)]
	width := len(bytes.TrimSpace(line))
	if len(rest) == 0 || width == 0 {
		width = 1 << 30
	}
	s := base64.StdEncoding.EncodeToString(fresh)
	var out []byte
	for len(s) > width {
		out = append(append(out, s[:width]...), end...)
		s = s[width:]
	}
	return append(append(out, s...), src[len(trimmed):]...)
}

// blank takes the content out of a file and leaves what tells its kind and its
// size: the first octets, the size of an image, the names of streams.
func blank(data []byte) []byte {
	out := make([]byte, len(data))
	keep := min(len(data), 8)
	copy(out, data[:keep])
	if c, kind, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && c.Width*c.Height < 30_000_000 {
		img := image.NewPaletted(image.Rect(0, 0, c.Width, c.Height), color.Palette{color.White})
		var b bytes.Buffer
		switch kind {
		case "png":
			err = png.Encode(&b, img)
		case "jpeg":
			err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 1})
		case "gif":
			err = gif.Encode(&b, img, nil)
		}
		if err == nil && b.Len() > 0 {
			if b.Len() < len(data) {
				return append(b.Bytes(), make([]byte, len(data)-b.Len())...)
			}
			return b.Bytes()
		}
	}
	if len(data) > 12 && string(data[4:8]) == "ftyp" || bytes.HasPrefix(data, []byte("RIFF")) {
		copy(out, data[:min(len(data), 12)])
	}
	if bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")) {
		at := 512
		for _, stream := range []string{"EncryptedPackage", "WordDocument", "Workbook", "PowerPoint Document", "__substg1.0_", "VisioDocument"} {
			wide := make([]byte, 0, 2*len(stream))
			for i := range len(stream) {
				wide = append(wide, stream[i], 0)
			}
			if bytes.Contains(data, wide) && at+len(wide) < len(out) {
				at += copy(out[at:], wide)
			}
		}
	}
	return out
}

var (
	xmlText   = regexp.MustCompile(`(<(?:\w+:)?(?:f|v|creator|lastModifiedBy|Company|Manager|title|subject|author|description|keywords)(?:\s[^>]*)?>)([^<]*)(</)`)
	xmlString = regexp.MustCompile(`(?s)<(?:\w+:)?(?:si|is|comment)[\s>].*?</(?:\w+:)?(?:si|is|comment)>`)
	xmlRun    = regexp.MustCompile(`(<(?:\w+:)?t(?:\s[^>]*)?>)([^<]*)(</)`)
	xmlTarget = regexp.MustCompile(`(\s(?:Target|display|tooltip|location|name)=")([^"]*)(")`)
	digitsRun = regexp.MustCompile(`^\d{6,}$`)
)

// archive redacts the texts of a workbook; of another archive it leaves the names
// by which its kind is known, and nothing in them.
func (r *redactor) archive(data []byte, ext string) []byte {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(data) > maxArchive || len(z.File) > maxEntries {
		return blank(data)
	}
	workbook := false
	for _, f := range z.File {
		workbook = workbook || f.Name == "xl/workbook.xml"
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	left := int64(maxInflated)
	for _, f := range z.File {
		head := &zip.FileHeader{Name: f.Name, Method: f.Method}
		structural := strings.Contains(f.Name, "/") || strings.HasPrefix(f.Name, "[Content_Types]") || f.Name == "mimetype" || strings.HasSuffix(f.Name, ".xml") || strings.HasSuffix(f.Name, ".iwa")
		if !structural {
			head.Name = string(r.text([]rune(f.Name)))
		}
		var content []byte
		if workbook || f.Name == "mimetype" {
			in, err := f.Open()
			if err != nil {
				return blank(data)
			}
			content, err = io.ReadAll(io.LimitReader(in, left))
			in.Close()
			if left -= int64(len(content)); err != nil || left <= 0 {
				return blank(data)
			}
			switch {
			case f.Name == "mimetype":
			case strings.HasSuffix(f.Name, ".xml") || strings.HasSuffix(f.Name, ".rels"):
				content = r.sheetXML(content, f.Name)
			default:
				content = blank(content)
			}
		}
		in, err := w.CreateHeader(head)
		if err == nil {
			_, err = in.Write(content)
		}
		if err != nil {
			return blank(data)
		}
	}
	if w.Close() != nil {
		return blank(data)
	}
	return b.Bytes()
}

// sheetXML redacts the texts of one file of a workbook; numbers that point to texts
// and styles stay, long ones are telephone numbers.
func (r *redactor) sheetXML(content []byte, name string) []byte {
	if strings.Contains(name, "theme") || strings.Contains(name, "styles") || strings.Contains(name, "Content_Types") {
		return content
	}
	content = replaceAll(xmlString, content, func(m [][]byte) []byte {
		// The runs of one text, however it is dressed.
		var texts []escapedText
		for _, t := range xmlRun.FindAllSubmatch(m[0], -1) {
			texts = append(texts, escapedText{text: string(t[2])})
		}
		fresh := r.together(texts...)
		return replaceAll(xmlRun, m[0], func(t [][]byte) []byte {
			next := fresh[0]
			fresh = fresh[1:]
			return bytes.Join([][]byte{t[1], []byte(next), t[3]}, nil)
		})
	})
	return r.otherXML(content, name)
}

// otherXML redacts what stands outside of a workbook's strings.
func (r *redactor) otherXML(content []byte, name string) []byte {
	content = replaceAll(xmlText, content, func(m [][]byte) []byte {
		value := m[2]
		if !bytes.HasPrefix(m[1], []byte("<v")) || bytes.ContainsAny(value, "abcdefghijklmnopqrstuvwxyzABCDFGHIJKLMNOPQRSTUVWXYZ@") || digitsRun.Match(value) {
			value = []byte(r.escaped(string(value)))
		}
		return bytes.Join([][]byte{m[1], value, m[3]}, nil)
	})
	return replaceAll(xmlTarget, content, func(m [][]byte) []byte {
		value := m[2]
		if bytes.Contains(value, []byte("://")) || bytes.HasPrefix(value, []byte("mailto:")) || strings.HasSuffix(name, "workbook.xml") && bytes.Contains(m[1], []byte("name")) && !bytes.HasPrefix(value, []byte("_xlnm")) || bytes.Contains(m[1], []byte("display")) || bytes.Contains(m[1], []byte("tooltip")) {
			value = []byte(r.escaped(string(value)))
		}
		return bytes.Join([][]byte{m[1], value, m[3]}, nil)
	})
}
