package intake

import (
	"bytes"
	"fmt"
	"html"
	"iter"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/unicode/norm"

	"leadmail/rules"
)

// bare is a text's letters and digits, without case, accents and width: what
// stays the same however a value was wrapped, disguised or decorated.
func bare(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// pieces are the words of a value, bare: runs of letters and digits.
func pieces(s string) []string {
	// What joins letters of one word must not cut it: O'Brien, and a combining accent.
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || strings.ContainsRune("'’`", r) {
			return -1
		}
		return r
	}, norm.NFKD.String(s))
	var out []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if w = bare(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// farthest is how many letters may stand between two words of a value where it was
// disguised or set apart: "jane (at) acme [dot] example", a title, a quote mark.
const farthest = 24

// statedIn says whether a value's words stand in a bare text in their order
// and near to each other.
func statedIn(text, value string) bool {
	if strings.Contains(text, bare(value)) {
		return true
	}
	words := pieces(value)
	if len(words) == 0 {
		return true
	}
	for from := 0; ; {
		i := strings.Index(text[from:], words[0])
		if i < 0 {
			return false
		}
		from += i + 1
		at, ok := from-1+len(words[0]), true
		for _, w := range words[1:] {
			j := strings.Index(text[at:min(len(text), at+farthest+len(w))], w)
			if ok = j >= 0; !ok {
				break
			}
			at += j + len(w)
		}
		if ok {
			return true
		}
	}
}

// everything is all text that a mail holds, decoded but not interpreted: its
// header, its bodies as lines and as source, its files, and the same of attached
// mails.
func everything(m Message) string {
	var b strings.Builder
	for fields := m.header.Fields(); fields.Next(); {
		b.WriteString(decodeWords(fields.Value()) + "\n")
	}
	b.WriteString(m.plain.String() + "\n" + m.html.String() + "\n" + attachedText(m))
	for _, p := range m.parts {
		if p.attached {
			// A list without a charset is in that of the mail (sheet.go).
			text, _ := decodeCharset(p.data, (&parser{m: &m}).textCharset())
			b.WriteString(text + "\n")
		}
	}
	for _, p := range m.parts {
		if p.attached && !strings.HasPrefix(p.mediaType, "text/") {
			continue
		}
		source, _ := decodeCharset(p.data, p.params["charset"])
		source = html.UnescapeString(source)
		b.WriteString(source + "\n")
		// The aim of a rewritten link (safelinks) is written with escapes.
		if plain, err := url.PathUnescape(source); err == nil {
			b.WriteString(plain + "\n")
		}
		b.WriteString(unescaped(source) + "\n")
		if strings.Contains(strings.ToUpper(source), "VCARD") {
			b.Write(unquote([]byte(source))) // a card of version 2.1 in the text
		}
	}
	for _, a := range m.attached {
		b.WriteString(everything(a) + "\n")
	}
	return b.String()
}

// unescaped replaces %XX one by one, since one bad escape spoils the whole of a
// text for net/url.
func unescaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unstated lists the values of a request that stand nowhere in the mail, and the
// spans that do not lead to their value.
func unstated(m Message, q rules.Request) (said []string) {
	if len(q.Prospects) == 0 {
		return nil
	}
	all := bare(everything(m))
	lines := map[string]string{}
	for _, l := range m.Lines(q) {
		lines[fmt.Sprint(l.Part, " ", l.N)] = l.Text
	}
	lines["subject 1"] = m.Subject
	for i, p := range q.Prospects {
		for _, f := range rules.Fields {
			v := p.Get(f)
			if v == "" {
				continue
			}
			if f != rules.LeadTypeOf && !statedIn(all, v) {
				said = append(said, fmt.Sprintf("prospect %d: %s %q is not in the mail", i+1, f, v))
			}
			s, ok := p.Spans[f]
			if !ok || s.Line == 0 {
				continue
			}
			text, known := lines[fmt.Sprint(s.Part, " ", s.Line)]
			if !known {
				text, known = rowOf(m, s)
				if !known {
					said = append(said, fmt.Sprintf("prospect %d: %s at %+v: no such line", i+1, f, s))
				} else if f != rules.LeadTypeOf && !statedIn(bare(text), v) {
					said = append(said, fmt.Sprintf("prospect %d: %s %q is not in the row %q at %+v", i+1, f, v, text, s))
				}
				continue
			}
			if s.From < 0 || s.From > s.To || s.To > len(text) {
				said = append(said, fmt.Sprintf("prospect %d: %s at %+v: the line has %d bytes", i+1, f, s, len(text)))
				continue
			}
			shown := text[s.From:s.To]
			if !leadsTo(shown, v, f) {
				said = append(said, fmt.Sprintf("prospect %d: %s %q is not in %q at %+v", i+1, f, v, shown, s))
			}
		}
	}
	return said
}

// leadsTo says whether a piece of a line holds a value, or the beginning of one
// that the mail wraps.
func leadsTo(shown, value string, f rules.Field) bool {
	s := bare(shown)
	switch {
	case s == "":
		return false
	case f == rules.LeadTypeOf:
		return true // a word for it in one of many languages
	}
	words := pieces(value)
	if len(words) == 0 {
		return true // nothing that could be disguised
	}
	first := words[0]
	if f == rules.URL && strings.Contains(shown, "<http") {
		return true // a link behind words; a mail filter writes it anew, escaped
	}
	return statedIn(s, value) || strings.Contains(bare(value), s) || strings.HasPrefix(s, first) || strings.HasSuffix(s, first)
}

// rowOf is the line of a file, or the row of a sheet, that a span names.
func rowOf(m Message, s rules.Span) (string, bool) {
	path, sheet, workbook := strings.Cut(s.Part, "!")
	for _, p := range m.parts {
		if p.path != path || !p.attached {
			continue
		}
		if workbook || bytes.HasPrefix(p.data, []byte("PK\x03\x04")) {
			f, err := excelize.OpenReader(bytes.NewReader(p.data), excelize.Options{UnzipSizeLimit: maxInflated, UnzipXMLSizeLimit: maxInflated})
			if err != nil {
				return "", false
			}
			defer f.Close()
			n, _ := strconv.Atoi(sheet)
			names := f.GetSheetList()
			if n = max(n, 1); n > len(names) {
				return "", false
			}
			rows, _ := f.GetRows(names[n-1])
			if s.Line > len(rows) {
				return "", false
			}
			return strings.Join(rows[s.Line-1], " "), true
		}
		charset := p.params["charset"]
		if charset == "" {
			charset = (&parser{m: &m}).textCharset()
		}
		text, _ := fileText(p.data, charset)
		lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
		if s.Line > len(lines) {
			return "", false
		}
		if isCardMark(lines[s.Line-1], "BEGIN") {
			return cardFrom(lines[s.Line-1:]), true
		}
		// A row of a list may go over several lines.
		return strings.Join(lines[s.Line-1:min(len(lines), s.Line+11)], "\n"), true
	}
	return "", false
}

// cardFrom is the text of a card, unfolded and decoded: a card is one place.
func cardFrom(lines []string) string {
	end := 1
	for end < len(lines) && !isCardMark(lines[end], "END") {
		end++
	}
	text := strings.Join(lines[:end], "\n")
	text = strings.NewReplacer("\n ", "", "\n\t", "").Replace(text)
	return text + "\n" + string(unquote([]byte(text)))
}

// corpora are the folders of cases that the reader is scored by.
var corpora = []string{"registrations", "further", "blind/1", "blind/2", "blind/3", "blind/4", "own"}

// casesOf returns the mails of a folder of cases by their names.
func casesOf(tb testing.TB, dir string) map[string][]byte {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.eml"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no cases in %s: %v", dir, err)
	}
	out := map[string][]byte{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		out[dir+"/"+strings.TrimSuffix(filepath.Base(name), ".eml")] = raw
	}
	return out
}

// developed goes through the cases that a claim about every single mail is held
// against.
func developed(tb testing.TB) iter.Seq2[string, []byte] {
	all := map[string][]byte{}
	for _, dir := range []string{"registrations", "own", "further"} {
		maps.Copy(all, casesOf(tb, dir))
	}
	return sorted(all)
}

// sorted goes through cases in the order of their names.
func sorted(m map[string][]byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// TestStated: every value that is read stands in the mail, and each span leads to
// it. A value that stands nowhere is invented, whatever its likelihood.
func TestStated(t *testing.T) {
	t.Parallel()
	values := 0
	for _, dir := range corpora {
		for name, raw := range casesOf(t, dir) {
			m := partners.Read(raw)
			q := partners.Parse(m)
			for _, s := range unstated(m, q) {
				t.Errorf("%s: %s", name, s)
			}
			for _, p := range q.Prospects {
				values += len(p.Spans)
			}
		}
	}
	if values < 2500 {
		t.Errorf("%d places were looked at: too few", values)
	}
	t.Logf("%d places", values)

	// The measure itself: a letter changed, or a span moved, is seen.
	m := partners.Read(eml("", form))
	q := partners.Parse(m)
	if said := unstated(m, q); len(q.Prospects) != 1 || said != nil {
		t.Fatalf("%d prospects, %q", len(q.Prospects), said)
	}
	for _, spoil := range []func(*rules.Reading){
		func(p *rules.Reading) { p.Company += "e" },
		func(p *rules.Reading) { p.LastName = p.LastName[1:] + "x" },
		func(p *rules.Reading) { p.Email = "info" + p.Email },
		func(p *rules.Reading) { s := p.Spans[rules.URL]; s.Line++; p.Spans[rules.URL] = s },
		func(p *rules.Reading) { s := p.Spans[rules.URL]; s.To += 99; p.Spans[rules.URL] = s },
	} {
		bad := partners.Parse(m)
		spoil(&bad.Prospects[0])
		if unstated(m, bad) == nil {
			t.Errorf("not seen: %+v", bad.Prospects[0])
		}
	}
}

// misread are public mails that are read as registrations though nobody registers
// anybody in them. None is answered outside a partner's address; the list may only
// become shorter.
var misread = []string{
	// A digest with names, companies and links, sent on by a person without a word.
	"chatwoot/spec/fixtures/files/welcome_html.eml",
	// A newsletter without a mark of one in its header, from 2002.
	"mikel-mail/spec/fixtures/emails/error_emails/content_transfer_encoding_7-bit.eml",
}

// TestPublicMailStates: in public mail, which registers nobody, nothing that was
// read is invented, and nothing is registered.
func TestPublicMailStates(t *testing.T) {
	t.Parallel()
	dir := publicMail(t)
	if dir == "" {
		t.Logf("not exercised: the public mail fixtures are not beside the checkout, and LEADMAIL_CORPUS is not set")
		return
	}
	mails, seen := 0, map[string]bool{}
	for name, raw := range fixtures(t, dir) {
		if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".txt") || strings.HasSuffix(name, ".golden") || len(raw) > 1<<20 {
			continue
		}
		mails++
		m := partners.Read(raw)
		q := partners.Parse(m)
		for _, s := range unstated(m, q) {
			t.Errorf("%s: %s", name, s)
		}
		seen[name] = len(q.Prospects) > 0
		if len(q.Prospects) > 0 && !slices.Contains(misread, name) {
			t.Errorf("%s: registers %+v", name, q.Prospects)
		}
	}
	for _, name := range misread {
		if !seen[name] {
			t.Errorf("%s registers nobody any more: take it off the list", name)
		}
	}
	if mails < 300 {
		t.Errorf("%d mails were looked at: too few", mails)
	}
}

// mayCost bounds what reading may cost: allocated bytes, which a busy machine does
// not change, by the length of the mail.
func mayCost(size int) uint64 { return 8<<20 + 4096*uint64(size) }

// FuzzParse: whatever the text of a mail says, nothing is read that it does not
// state, each place is one of its own, and the work is bounded by its length.
func FuzzParse(f *testing.F) {
	for _, dir := range corpora {
		for _, raw := range sorted(casesOf(f, dir)) {
			if m := partners.Read(raw); len(m.Text) < 4<<10 && m.Text != "" {
				f.Add(m.Subject, m.Text, false)
			}
			for _, p := range partners.Read(raw).parts {
				if p.mediaType == "text/html" && len(p.data) < 4<<10 {
					f.Add("", string(p.data), true)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, subject, text string, asHTML bool) {
		if len(text)+len(subject) > 32<<10 {
			return
		}
		kind := "plain"
		if asHTML {
			kind = "html"
		}
		raw := eml("Content-Type: text/"+kind+"; charset=utf-8\nSubject: "+strings.Join(strings.Fields(subject), " "), text)
		checkRead(t, raw)
	})
}
