package intake

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"mime/quotedprintable"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"leadmail/rules"
)

// posted is a mail taken apart so that it can be written in another way.
type posted struct {
	name   string // of the case
	truth  truth
	fields []string // of the header, without what tells of the body
	// text and html are decoded, with LF; "" where the mail has none. format is the
	// rest of the text's Content-Type.
	text, html, format string
	files              []part
	// flat is set where the text is what was left of a table in the HTML: an empty
	// line may be an empty cell there.
	flat     bool
	from     string
	fromName string
}

// carriage is how a mail is put into bytes again.
type carriage struct {
	transfer string // quoted-printable, base64, 8bit
	lf       bool
}

// openLetter takes a mail apart; ok is false for what is not one text and one HTML
// page at most, beside files.
func openLetter(name string, raw []byte) (l posted, ok bool) {
	head, _, _ := bytes.Cut(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	l.name = name
	for line := range strings.SplitSeq(string(head), "\n") {
		if n := len(l.fields); strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			if n > 0 {
				l.fields[n-1] += "\r\n" + line
			}
			continue
		}
		l.fields = append(l.fields, line)
	}
	l.fields = slices.DeleteFunc(l.fields, func(f string) bool {
		f = strings.ToLower(f)
		return strings.HasPrefix(f, "content-") || strings.HasPrefix(f, "mime-version")
	})
	m := partners.Read(raw)
	if len(m.Warnings) > 0 || m.Signed != "" || m.Encrypted != "" {
		return l, false
	}
	l.from, l.fromName = string(m.From), m.FromName
	texts, pages := 0, 0
	group := map[int]int{}
	for _, p := range m.parts {
		if p.attached {
			l.files = append(l.files, p)
			continue
		}
		decoded, _ := decodeCharset(p.data, p.params["charset"])
		decoded = strings.ReplaceAll(decoded, "\r\n", "\n")
		group[p.group]++
		switch p.mediaType {
		case "text/plain":
			texts++
			l.text = decoded
			if p.params["format"] != "" {
				l.format = "; format=" + p.params["format"]
			}
			if p.params["delsp"] != "" {
				l.format += "; delsp=" + p.params["delsp"]
			}
		case "text/html":
			pages++
			l.html = decoded
		default:
			return l, false
		}
	}
	for _, f := range l.files {
		if strings.HasPrefix(f.mediaType, "message/") {
			continue
		}
		if _, said := f.params["charset"]; !said && !isASCII(f.data) && !utf8.Valid(f.data) && extension(f.name) == "csv" {
			return l, false // its charset is the text's, which we change
		}
	}
	l.flat = strings.Contains(l.html, "<table")
	return l, texts <= 1 && pages <= 1 && texts+pages > 0 && len(group) == 1
}

var metaCharsets = regexp.MustCompile(`(?i)charset=(["']?)[a-z0-9_-]+`)

// write makes a mail of what was taken apart.
func (l posted) write(e carriage) []byte {
	if e.transfer == "" {
		e.transfer = "quoted-printable"
	}
	encode := func(s string) string {
		s = strings.ReplaceAll(s, "\n", "\r\n")
		switch e.transfer {
		case "base64":
			b := base64.StdEncoding.EncodeToString([]byte(s))
			var out strings.Builder
			for len(b) > 76 {
				out.WriteString(b[:76] + "\r\n")
				b = b[76:]
			}
			return out.String() + b + "\r\n"
		case "8bit":
			return s
		}
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		w.Write([]byte(s))
		w.Close()
		return b.String()
	}
	part := func(kind, s string) string {
		return "Content-Type: " + kind + "\r\nContent-Transfer-Encoding: " + e.transfer + "\r\n\r\n" + encode(s)
	}
	const plain, page = "text/plain; charset=utf-8", "text/html; charset=utf-8"
	h := metaCharsets.ReplaceAllString(l.html, "charset=${1}utf-8")
	var body string
	switch {
	case l.text != "" && h != "":
		body = "Content-Type: multipart/alternative; boundary=\"=_alt\"\r\n\r\n--=_alt\r\n" + part(plain+l.format, l.text) + "\r\n--=_alt\r\n" + part(page, h) + "\r\n--=_alt--\r\n"
	case h != "":
		body = part(page, h)
	default:
		body = part(plain+l.format, l.text)
	}
	if len(l.files) > 0 {
		var b strings.Builder
		b.WriteString("Content-Type: multipart/mixed; boundary=\"=_mix\"\r\n\r\n--=_mix\r\n" + body)
		for _, f := range l.files {
			b.WriteString("\r\n--=_mix\r\n")
			for _, name := range []string{"Content-Type", "Content-Disposition", "Content-ID"} {
				if v := f.header.get(strings.ToLower(name)); v != "" {
					b.WriteString(name + ": " + v + "\r\n")
				}
			}
			if strings.HasPrefix(f.mediaType, "message/") {
				b.WriteString("\r\n" + string(f.data))
			} else {
				b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(f.data))
			}
		}
		body = b.String() + "\r\n--=_mix--\r\n"
	}
	out := []byte(strings.Join(l.fields, "\r\n") + "\r\nMIME-Version: 1.0\r\n" + body)
	if e.lf {
		out = bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n"))
	}
	return out
}

func (l posted) textOnly() posted {
	l.html = ""
	return l
}

// set replaces a field of the header.
func (l posted) set(name, value string) posted {
	l.fields = slices.Clone(l.fields)
	for i, f := range l.fields {
		if k, _, _ := strings.Cut(f, ":"); strings.EqualFold(k, name) {
			l.fields[i] = name + ": " + value
		}
	}
	return l
}

// told is what a mail is compared by: what it asks for, and all values.
func told(raw []byte, prospectsOnly bool) string {
	got := readOutcome("", raw)
	return got.told(prospectsOnly)
}

func (o outcome) told(prospectsOnly bool) string {
	var b strings.Builder
	for i, p := range o.Prospects {
		fmt.Fprintf(&b, "%d:", i+1)
		for _, f := range rules.Fields {
			fmt.Fprintf(&b, " %s=%q", f, normal(f, p.Get(f)))
		}
		b.WriteString("\n")
	}
	if prospectsOnly {
		return b.String()
	}
	for _, it := range o.Items {
		fmt.Fprintf(&b, "%s %s", it.Verb, normal(rules.Company, it.Ref))
		if it.Prospect != nil {
			fmt.Fprintf(&b, " of %d", *it.Prospect+1)
		}
		b.WriteString("\n")
	}
	return b.String() + strings.Join(o.Refs, " ")
}

// differs shows the lines in which two readings differ.
func differs(before, after string) string {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	var out []string
	for _, l := range a {
		if !slices.Contains(b, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}

// change is one way to write a mail anew: it returns the mail before and after,
// and ok where it applies. expect, if any, is what must be read afterwards.
type change struct {
	name string
	// share is what must be read alike, in percent; cases how many mails it must
	// apply to at least, since a change that applies to none says nothing.
	share float64
	cases int
	apply func(l posted) (before, after []byte, ok bool)
	// expect tells what must be read afterwards from what was read before; nil
	// where that is the same. ok is false where it cannot be told.
	expect        func(l posted, before outcome) (outcome, bool)
	prospectsOnly bool
}

// ofText makes a change of a text/plain body, the HTML left out.
func ofText(fn func(l posted) (string, bool)) func(posted) ([]byte, []byte, bool) {
	return func(l posted) ([]byte, []byte, bool) {
		l = l.textOnly()
		if l.text == "" || l.format != "" {
			return nil, nil, false
		}
		s, ok := fn(l)
		if !ok || s == l.text {
			return nil, nil, false
		}
		before := l.write(carriage{})
		l.text = s
		return before, l.write(carriage{}), true
	}
}

func reencode(e carriage) func(posted) ([]byte, []byte, bool) {
	return func(l posted) ([]byte, []byte, bool) { return nil, l.write(e), true }
}

var tellsHistory = regexp.MustCompile(`(?m)^\*?(From|Von|De|Da|Van|Od|Fra|Från|差出人|发件人)\*?\s?[:：]|wrote:|schrieb|écrit|escribió|ha scritto|<partners@`)

// history says whether a text holds an earlier mail.
func history(s string) bool {
	return strings.Contains("\n"+s, "\n>") || strings.Contains(s, "-----") || tellsHistory.MatchString(s)
}

// paragraphs cuts a text at its empty lines, which stay.
func paragraphs(s string) [][]string {
	var out [][]string
	for line := range strings.SplitSeq(s, "\n") {
		blank := strings.TrimSpace(line) == ""
		if n := len(out); n > 0 && !blank && strings.TrimSpace(out[n-1][0]) != "" {
			out[n-1] = append(out[n-1], line)
		} else {
			out = append(out, []string{line})
		}
	}
	return out
}

var looksListed = regexp.MustCompile(`^\s*([-*•>|#=_~+]|\d+[.)\]]|\[|[^\s:：]+(\s[^\s:：]+){0,3}\s?[:：=])|[\t|;]|   |^\s*--|^BEGIN|^END`)

// isProse says whether a paragraph is running text: filled lines, or one long one.
func isProse(p []string) bool {
	total, addresses := 0, 0
	for i, l := range p {
		if strings.Contains(l, "@") {
			addresses++
		}
		if looksListed.MatchString(l) || len(strings.Fields(l)) < 3 && i < len(p)-1 {
			return false
		}
		if i < len(p)-1 && utf8.RuneCountInString(l) < 58 {
			return false // a line that was ended on purpose
		}
		total += utf8.RuneCountInString(l)
	}
	// Two lines or more that hold an address each are a list of people.
	return total > 62 && (addresses < 2 || 2*addresses < len(p))
}

func fill(s string, width int, end string) string {
	var b strings.Builder
	at := 0
	for i, w := range strings.Fields(s) {
		n := utf8.RuneCountInString(w)
		switch {
		case i == 0:
		case at+1+n > width:
			b.WriteString(end + "\n")
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(w)
		at += n
	}
	return b.String()
}

func rewrap(width int) func(l posted) (string, bool) {
	return func(l posted) (string, bool) {
		ps := paragraphs(l.text)
		var out []string
		for i, p := range ps {
			// What stands right above quoted lines introduces them.
			if isProse(p) && (i+1 >= len(ps) || !strings.HasSuffix(strings.TrimSpace(p[len(p)-1]), ":")) {
				out = append(out, fill(strings.Join(p, " "), width, ""))
			} else {
				out = append(out, p...)
			}
		}
		return strings.Join(out, "\n"), true
	}
}

// flow writes a text in format=flowed (RFC 3676): long lines are broken softly,
// lines that begin with a blank or a mark are stuffed.
func flow(l posted) ([]byte, []byte, bool) {
	l = l.textOnly()
	if l.text == "" || l.format != "" {
		return nil, nil, false
	}
	before := l.write(carriage{})
	var out []string
	for line := range strings.SplitSeq(l.text, "\n") {
		if line != "-- " {
			line = strings.TrimRight(line, " ")
		}
		if !strings.HasPrefix(line, ">") {
			if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "From ") {
				line = " " + line
			} else if len(line) > 72 && !strings.ContainsAny(line, "\t|") && strings.Count(line, " / ") < 3 && !strings.Contains(line, "  ") {
				line = fill(line, 70, " ")
			}
		}
		out = append(out, line)
	}
	l.text, l.format = strings.Join(out, "\n"), "; format=flowed"
	return before, l.write(carriage{transfer: "8bit"}), true
}

var webAddresses = regexp.MustCompile(`https?://[^\s<>"]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+`)

// page writes a text as HTML, in one of the ways of mail programs.
func page(kind string) func(posted) ([]byte, []byte, bool) {
	return func(l posted) ([]byte, []byte, bool) {
		l = l.textOnly()
		if l.text == "" || l.format != "" || strings.ContainsAny(l.text, "\t") || strings.Contains(l.text, "   ") || strings.Contains(l.text, "BEGIN:VCARD") {
			return nil, nil, false
		}
		before := l.write(carriage{})
		show := func(s string) string {
			s = html.EscapeString(s)
			if kind == "div" {
				s = webAddresses.ReplaceAllStringFunc(s, func(a string) string {
					to := a
					if strings.Contains(a, "@") && !strings.HasPrefix(a, "http") {
						to = "mailto:" + a
					}
					return `<a href="` + to + `">` + a + `</a>`
				})
			}
			return strings.ReplaceAll(s, "  ", "&nbsp; ")
		}
		var b strings.Builder
		b.WriteString("<html><head><meta charset=\"utf-8\"></head><body>\n")
		depth := 0
		for _, p := range paragraphs(l.text) {
			var lines []string
			for _, line := range p {
				d, rest := quoteMarks(line)
				if d != depth && len(lines) > 0 {
					b.WriteString("<p>" + strings.Join(lines, "<br>\n") + "</p>\n")
					lines = nil
				}
				for ; depth < d; depth++ {
					b.WriteString("<blockquote type=\"cite\">")
				}
				for ; depth > d && strings.TrimSpace(rest) != ""; depth-- {
					b.WriteString("</blockquote>")
				}
				switch {
				case kind == "div" && strings.TrimSpace(rest) == "":
					b.WriteString("<div><br></div>\n")
				case kind == "div":
					b.WriteString("<div>" + show(rest) + "</div>\n")
				case kind == "br":
					b.WriteString(show(rest) + "<br>\n")
				case strings.TrimSpace(rest) != "":
					lines = append(lines, show(rest))
				}
			}
			if len(lines) > 0 {
				b.WriteString("<p>" + strings.Join(lines, "<br>\n") + "</p>\n")
			}
		}
		for ; depth > 0; depth-- {
			b.WriteString("</blockquote>")
		}
		l.text, l.html = "", b.String()+"</body></html>\n"
		return before, l.write(carriage{}), true
	}
}

// sameTold says whether text and HTML of a mail state the same words.
func (l posted) sameTold() bool {
	if l.text == "" || l.html == "" {
		return false
	}
	words := func(v view) map[string]bool {
		out := map[string]bool{}
		for _, w := range pieces(webAddresses.ReplaceAllString(v.String(), "")) {
			out[w] = true
		}
		return out
	}
	params := map[string]string{}
	if strings.Contains(l.format, "flowed") {
		params["format"] = "flowed"
	}
	a, b := words(textLines(l.text, "1", params)), words(htmlLines(l.html, "1"))
	if l.flat {
		return false // a text without its columns tells less
	}
	same := 0
	for w := range a {
		if b[w] {
			same++
		}
	}
	return float64(same) >= 0.98*float64(max(len(a), len(b)))
}

// below adds lines at the end of a text that holds no earlier mail.
func below(fn func(l posted) string) func(posted) ([]byte, []byte, bool) {
	return ofText(func(l posted) (string, bool) {
		if history(l.text) || strings.Contains("\n"+l.text, "\n-- \n") {
			return "", false
		}
		return strings.TrimRight(l.text, "\n ") + "\n\n" + fn(l), true
	})
}

func (l posted) domain() string { return after(l.from, "@") }

func after(s, sep string) string {
	_, rest, _ := strings.Cut(s, sep)
	return rest
}

const notice = `CONFIDENTIALITY NOTICE: This e-mail and any files transmitted with it are confidential
and intended solely for the use of the individual or entity to whom they are addressed.
If you are not the intended recipient, please delete it and tell the sender at once.
Please consider the environment before printing this e-mail.
`

// Names of the same shape, one for each posted, so that an initial in an address
// stays what it was.
var (
	otherFirst   = strings.Fields("Agnes Bettina Clara Dorothea Edith Frieda Greta Helena Isabel Johanna Katrin Laura Miriam Nadia Olivia Petra Quentin Rebecca Sabine Teresa Ulrike Verena Wendy Xenia Yvonne Zoe")
	otherLast    = strings.Fields("Ashworth Brandt Coleman Dawson Ellison Fletcher Grainger Holloway Ingram Jansen Keller Lambert Morgan Norris Osborne Parsons Quigley Russell Stanton Turner Underwood Vaughan Whitaker Xavier Yates Zimmer")
	otherCompany = strings.Fields("Aldermoor Brightwell Copperfield Dunmore Eastgate Fernhill Glenrock Hartwell Ironbridge Juniper Kingsley Lakemont Millbrook Northgate Oakmere Pinecrest Quarrydale Riverton Stonehaven Thornfield Upland Valleyford Westbrook Xanten Yarrow Zephyr")
)

// renaming finds names that can be replaced all over a mail.
func (l posted) renaming(o outcome) map[string]string {
	out := map[string]string{}
	all := strings.ToLower(l.text + " " + l.html)
	for _, f := range l.files {
		all += strings.ToLower(string(f.data))
	}
	sender := strings.ToLower(l.fromName + " " + l.from)
	add := func(w string, list []string) {
		if len(w) < 5 || !isASCII(w) || strings.IndexFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }) >= 0 || !unicode.IsUpper(rune(w[0])) {
			return
		}
		w = strings.ToLower(w)
		if strings.Contains(sender, w) || out[w] != "" {
			return
		}
		for i := 0; i+len(w) <= len(all); i++ {
			if all[i:i+len(w)] != w {
				continue
			}
			// Inside of another word it may be anything, except in an address.
			word := all[strings.LastIndexAny(all[:i], " \t\r\n<>\":(")+1:]
			if j := strings.IndexAny(word, " \t\r\n<>\":)"); j >= 0 {
				word = word[:j]
			}
			end := i + len(w)
			inside := i > 0 && unicode.IsLetter(rune(all[i-1])) || end < len(all) && (unicode.IsLetter(rune(all[end])) || all[end] >= utf8.RuneSelf)
			if inside && !strings.ContainsAny(word, "@./") {
				return
			}
		}
		to := list[w[0]-'a']
		for _, x := range out {
			if x == to {
				return // a second name with this initial
			}
		}
		if !strings.Contains(all, strings.ToLower(to)) && w != strings.ToLower(to) {
			out[w] = to
		}
	}
	for _, p := range o.Prospects {
		add(p.FirstName, otherFirst)
		add(p.LastName, otherLast)
		if w, _, _ := strings.Cut(p.Company, " "); len(w) >= 5 && strings.Contains(strings.ToLower(p.URL+p.Email), strings.ToLower(w)) {
			add(w, otherCompany)
		}
	}
	return out
}

// rename replaces names in all their posted cases.
func rename(s string, names map[string]string) string {
	if len(names) == 0 {
		return s
	}
	alt := make([]string, 0, len(names))
	for w := range names {
		alt = append(alt, w)
	}
	// The longer first, so that none is cut by a shorter one.
	slices.SortFunc(alt, func(a, b string) int { return len(b) - len(a) })
	return regexp.MustCompile("(?i)"+strings.Join(alt, "|")).ReplaceAllStringFunc(s, func(w string) string {
		to := names[strings.ToLower(w)]
		switch {
		case w == strings.ToLower(w):
			return strings.ToLower(to)
		case w == strings.ToUpper(w):
			return strings.ToUpper(to)
		}
		return to
	})
}

func renamed(l posted) ([]byte, []byte, bool) {
	for _, f := range l.files {
		if !strings.HasPrefix(f.mediaType, "text/") {
			return nil, nil, false
		}
	}
	before := l.write(carriage{})
	names := l.renaming(readOutcome("", before))
	if len(names) == 0 {
		return nil, nil, false
	}
	l.text, l.html = rename(l.text, names), rename(l.html, names)
	l.files = slices.Clone(l.files)
	for i := range l.files {
		l.files[i].data = []byte(rename(string(l.files[i].data), names))
	}
	l.fields = slices.Clone(l.fields)
	for i, f := range l.fields {
		if strings.HasPrefix(strings.ToLower(f), "subject:") {
			l.fields[i] = rename(f, names)
		}
	}
	return before, l.write(carriage{}), true
}

func expectRenamed(l posted, o outcome) (outcome, bool) {
	names := l.renaming(o)
	o.Prospects = slices.Clone(o.Prospects)
	for i := range o.Prospects {
		for _, f := range rules.Fields {
			if f != rules.LeadTypeOf {
				o.Prospects[i].Set(f, rename(o.Prospects[i].Get(f), names))
			}
		}
	}
	o.Items = slices.Clone(o.Items)
	for i := range o.Items {
		o.Items[i].Ref = rename(o.Items[i].Ref, names)
	}
	o.Refs = slices.Clone(o.Refs)
	for i := range o.Refs {
		o.Refs[i] = rename(o.Refs[i], names)
	}
	return o, true
}

// swappable are the fields of the first two prospects that stand in the text once
// each, on lines that are labelled or rows.
func swappable(l posted, o outcome, only rules.Field) []rules.Field {
	if len(o.Prospects) < 2 || l.truth.Tier == "hard" {
		return nil
	}
	var out []rules.Field
	a, b := o.Prospects[0], o.Prospects[1]
	all := ""
	for _, p := range o.Prospects {
		for _, f := range rules.Fields {
			all += p.Get(f) + "\n"
		}
	}
	for _, f := range []rules.Field{rules.Email, rules.URL, rules.Company, rules.LastName, rules.FirstName} {
		x, y := a.Get(f), b.Get(f)
		once := func(s string) bool {
			i := strings.Index(l.text, s)
			if len(s) < 4 || strings.Count(l.text, s) != 1 || strings.Count(all, s) != 1 {
				return false
			}
			// Behind a label or between marks: a value among bare words is told by
			// what fits it.
			head := strings.TrimRight(l.text[:i], " ")
			return strings.HasSuffix(head, ":") || strings.HasSuffix(head, "=") || strings.HasSuffix(head, "|") || strings.HasSuffix(head, "\t")
		}
		if once(x) && once(y) && (only == "" || f == only) {
			out = append(out, f)
		}
	}
	if only == "" && len(out) < 3 {
		return nil
	}
	return out
}

func swap(only rules.Field) (func(posted) ([]byte, []byte, bool), func(posted, outcome) (outcome, bool)) {
	apply := ofText(func(l posted) (string, bool) {
		o := readOutcome("", l.write(carriage{}))
		fields := swappable(l, o, only)
		if len(fields) == 0 || len(l.files) > 0 {
			return "", false
		}
		s := l.text
		for _, f := range fields {
			x, y := o.Prospects[0].Get(f), o.Prospects[1].Get(f)
			s = strings.NewReplacer(x, y, y, x).Replace(s)
		}
		return s, true
	})
	return apply, func(l posted, o outcome) (outcome, bool) {
		o.Prospects = slices.Clone(o.Prospects)
		for _, f := range swappable(l.textOnly(), o, only) {
			x, y := o.Prospects[0].Get(f), o.Prospects[1].Get(f)
			o.Prospects[0].Set(f, y)
			o.Prospects[1].Set(f, x)
		}
		return o, true
	}
}

// forward is the partner's own mail, sent on by the partner.
func forward(l posted) ([]byte, []byte, bool) {
	l = l.textOnly()
	if l.truth.Kind != rules.KindRegistration || len(l.truth.Prospects) == 0 || l.text == "" || l.format != "" || history(l.text) || len(l.files) > 0 {
		return nil, nil, false
	}
	subject, reply := "", false
	for _, f := range l.fields {
		k, v, _ := strings.Cut(f, ":")
		switch strings.ToLower(k) {
		case "subject":
			subject = strings.TrimSpace(v)
		case "in-reply-to":
			reply = true
		}
	}
	if reply {
		return nil, nil, false // answers mean nothing without what they answer
	}
	before := l.write(carriage{})
	plain := decodeWords(subject)
	l = l.set("Subject", "Fwd: "+subject)
	l.text = "Hello,\n\nplease register the below.\n\nKind regards\n" + l.fromName + "\n\n---------- Forwarded message ---------\nFrom: " + l.fromName + " <" + l.from +
		">\nDate: Mon, 12 Jan 2026 at 09:14\nSubject: " + plain + "\nTo: <sales@" + l.domain() + ">\n\n\n" + l.text
	return before, l.write(carriage{}), true
}

var (
	betweenWords = regexp.MustCompile(`(\pL) (\pL)`)
	lineEnds     = regexp.MustCompile(`(?m)([^\s-])$`)
	emptyLines   = regexp.MustCompile(`(?m)^\s*?$`)
	labelled     = regexp.MustCompile(`(?m)^([^\s:]+(?: [^\s:]+){0,3}:) +(\S.*)$`)
)

func changes() []change {
	swapAll, expectAll := swap("")
	swapCompany, expectCompany := swap(rules.Company)
	return []change{
		// How it is carried says nothing: all must stay alike.
		{name: "rebuilt as quoted-printable", share: 100, cases: 350, apply: reencode(carriage{transfer: "quoted-printable"})},
		{name: "rebuilt as base64", share: 100, cases: 350, apply: reencode(carriage{transfer: "base64"})},
		{name: "rebuilt as 8bit with LF", share: 100, cases: 350, apply: reencode(carriage{transfer: "8bit", lf: true})},
		{name: "flowed", share: 100, cases: 300, apply: flow},
		{name: "more empty lines", share: 100, cases: 300, apply: ofText(func(l posted) (string, bool) {
			if l.flat {
				return "", false
			}
			return "\n\n" + emptyLines.ReplaceAllString(strings.TrimRight(l.text, "\n"), "\n") + "\n\n\n", true
		})},
		{name: "blanks at the ends of lines", share: 100, cases: 300, apply: ofText(func(l posted) (string, bool) {
			return lineEnds.ReplaceAllString(l.text, "$1   "), true
		})},
		{name: "non-breaking spaces", share: 100, cases: 300, apply: ofText(func(l posted) (string, bool) {
			return betweenWords.ReplaceAllString(l.text, "$1\u00a0$2"), true
		})},
		{name: "marks without width", share: 100, cases: 300, apply: ofText(func(l posted) (string, bool) {
			return "\ufeff" + betweenWords.ReplaceAllString(l.text, "$1 \u200b\u200e$2"), true
		})},
		// Two of 170: two lines with a tab among others without are taken for a table.
		{name: "a tab behind a label", share: 98, cases: 150, apply: ofText(func(l posted) (string, bool) {
			return labelled.ReplaceAllStringFunc(l.text, func(line string) string {
				m := labelled.FindStringSubmatch(line)
				if strings.Contains(m[2], ": ") {
					return line // two labels to a line are told apart by the blanks between them
				}
				return m[1] + "\t" + m[2]
			}), true
		})},
		// The same in another shape.
		{name: "wrapped at 60", share: 97, cases: 100, apply: ofText(rewrap(60))},
		{name: "wrapped at 78", share: 96, cases: 100, apply: ofText(rewrap(78))},
		{name: "wrapped at 200", share: 97, cases: 60, apply: ofText(rewrap(200))},
		{name: "HTML, paragraphs", share: 97, cases: 200, apply: page("p")},
		{name: "HTML, breaks", share: 97, cases: 200, apply: page("br")},
		{name: "HTML, a div a line", share: 97, cases: 200, apply: page("div")},
		{name: "text alone", share: 97, cases: 150, apply: func(l posted) ([]byte, []byte, bool) {
			if !l.sameTold() {
				return nil, nil, false
			}
			before := l.write(carriage{})
			l.html = ""
			return before, l.write(carriage{}), true
		}},
		{name: "HTML alone", share: 97, cases: 150, apply: func(l posted) ([]byte, []byte, bool) {
			if !l.sameTold() {
				return nil, nil, false
			}
			before := l.write(carriage{})
			l.text = ""
			return before, l.write(carriage{}), true
		}},
		{name: "signed", share: 97, cases: 200, apply: below(func(l posted) string {
			return "-- \n" + l.fromName + "\nOwner\nT +44 20 7946 0123\n" + l.from + "\nwww." + l.domain() + "\n"
		})},
		{name: "signed below a rule", share: 97, cases: 200, apply: below(func(l posted) string {
			return "Kind regards\n\n" + l.fromName + "\nManaging Director\nPhone: +44 20 7946 0123\nE-mail: " + l.from + "\nWeb: https://www." + l.domain() + "\n"
		})},
		{name: "with a notice", share: 97, cases: 200, apply: below(func(posted) string { return notice })},
		// Other people, other places.
		{name: "renamed", share: 90, cases: 200, apply: renamed, expect: expectRenamed},
		{name: "two prospects swapped", share: 95, cases: 20, apply: swapAll, expect: expectAll},
		{name: "two companies swapped", share: 95, cases: 30, apply: swapCompany, expect: expectCompany},
		{name: "forwarded", share: 90, cases: 100, apply: forward, prospectsOnly: true},
	}
}

// TestCorpusMetamorphic writes each case in other ways and compares what is read:
// the cases decide what is right, this test whether that hangs on their form.
func TestCorpusMetamorphic(t *testing.T) {
	t.Parallel()
	type original struct {
		posted
		raw []byte
		out outcome
	}
	var letters []original
	for _, dir := range corpora[:6] {
		for name, raw := range sorted(casesOf(t, dir)) {
			var want truth
			b, err := os.ReadFile("testdata/" + name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			switch want.Kind {
			case rules.KindRegistration, rules.KindRenewal, rules.KindWithdrawal, rules.KindStatus, rules.KindHelp:
			default:
				continue
			}
			if l, ok := openLetter(name, raw); ok {
				l.truth = want
				letters = append(letters, original{posted: l, raw: raw, out: readOutcome("", raw)})
			}
		}
	}
	if len(letters) < 400 {
		t.Fatalf("%d letters: too few", len(letters))
	}
	// Most changes begin with the same mail: it is read once.
	var mu sync.Mutex
	var table []string
	read := map[string]outcome{}
	once := func(raw []byte) outcome {
		mu.Lock()
		defer mu.Unlock()
		got, ok := read[string(raw)]
		if !ok {
			got = readOutcome("", raw)
			read[string(raw)] = got
		}
		return got
	}
	// The measure itself: what does change the reading is seen.
	seen := 0
	for _, l := range letters[:100] {
		before, after, ok := ofText(func(l posted) (string, bool) { return strings.ReplaceAll(l.text, "@", "@x"), true })(l.posted)
		if ok && once(before).told(true) != told(after, true) {
			seen++
		}
	}
	if seen < 50 {
		t.Errorf("other addresses are seen in %d of 100 mails", seen)
	}
	t.Run("changes", func(t *testing.T) {
		for _, c := range changes() {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				applied, same := 0, 0
				for _, l := range letters {
					before, after, ok := c.apply(l.posted)
					if !ok {
						continue
					}
					want := l.out
					if before != nil {
						want = once(before)
					}
					if c.expect != nil {
						if want, ok = c.expect(l.posted, want); !ok {
							continue
						}
					}
					applied++
					if w, g := want.told(c.prospectsOnly), told(after, c.prospectsOnly); w == g {
						same++
					} else if testing.Verbose() {
						t.Logf("%s\n%s", l.name, differs(w, g))
					}
				}
				s := share(same, applied)
				mu.Lock()
				table = append(table, fmt.Sprintf("%-30s %3d of %3d, %5.1f %%", c.name, same, applied, s))
				mu.Unlock()
				if applied < c.cases {
					t.Errorf("it applies to %d cases: want %d", applied, c.cases)
				}
				if s < c.share {
					t.Errorf("read alike: %d of %d, %.1f %%; want %.0f %%", same, applied, s, c.share)
				}
			})
		}
	})
	slices.Sort(table)
	t.Logf("\n%s", strings.Join(table, "\n"))
}
