package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// zone says whose words a line is.
type zone uint8

const (
	fresh     zone = iota // newly written by the sender
	quoted                // history: an earlier mail, or the line that introduces it
	forwarded             // a forwarded mail below its introduction
	signature             // the sender's own signature, mobile tail included
	closing               // "Kind regards": still fresh, but the end of it
)

// line is one line of a body. Its text is cleaned: no quote marks, no
// zero-width or direction marks, blanks are spaces; table cells are separated by
// tabs.
type line struct {
	part  string
	n     int // counted from 1 within the part
	text  string
	depth int // levels of quoting
	zone  zone
	sig   bool // the HTML says that this is a signature
	known *lineFacts
}

// lineFacts are what is worked out of a line's text when it is first asked for,
// and asked for several times.
type lineFacts struct {
	scan     *scan
	labels   []labelHit
	labelled bool
	heads    []tableHead
}

// tableHead is what a line is as the heading of a table, cut in one way.
type tableHead struct {
	cols []column
	ok   bool
}

func (v view) facts(i int) *lineFacts {
	if v[i].known == nil {
		v[i].known = &lineFacts{}
	}
	return v[i].known
}

// scan is line i in words.
func (v view) scan(i int) *scan {
	f := v.facts(i)
	if f.scan == nil {
		f.scan = words.scan(v[i].text)
	}
	return f.scan
}

// labels are those of line i.
func (v view) labels(i int) []labelHit {
	f := v.facts(i)
	if !f.labelled {
		f.labels, f.labelled = findLabels(v[i].text), true
	}
	return f.labels
}

// heading is line i as the heading of a table, cut by tableCutters[cut].
func (v view) heading(i, cut int) ([]column, bool) {
	f := v.facts(i)
	if f.heads == nil {
		f.heads = make([]tableHead, len(tableCutters))
		for n, c := range tableCutters {
			f.heads[n].cols, f.heads[n].ok = c.heading(c.cut(v[i].text))
		}
	}
	return f.heads[cut].cols, f.heads[cut].ok
}

// view is a body as lines, in order.
type view []line

func (v view) number() {
	n, part := 0, ""
	for i := range v {
		if v[i].part != part {
			n, part = 0, v[i].part
		}
		n++
		v[i].n = n
	}
}

// String prints the lines, quoted ones with their marks.
func (v view) String() string {
	var b strings.Builder
	for i, l := range v {
		if i > 0 {
			b.WriteByte('\n')
		}
		for range l.depth {
			b.WriteString("> ")
		}
		b.WriteString(l.text)
	}
	return b.String()
}

// offset is where a line's text begins in the printed line.
func (l line) offset() int { return 2 * l.depth }

// isOwn says whether the sender wrote the line now.
func (l line) isOwn() bool { return l.zone == fresh || l.zone == closing }

func (l line) blank() bool { return strings.TrimSpace(l.text) == "" }

// textLines makes lines of a text/plain part. Flowed text is joined
// (RFC 3676, section 4), but over a label only where the line before was full,
// since mailers flow what people wrote as separate lines.
func textLines(text, part string, params map[string]string) []line {
	flowed := strings.EqualFold(params["format"], "flowed")
	delsp := strings.EqualFold(params["delsp"], "yes")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	text = strings.TrimSuffix(text, "\n")
	out := make([]line, 0, 1+strings.Count(text, "\n"))
	open := false // the line before ends with a soft break
	size := 0     // of the line before
	for raw := range strings.SplitSeq(text, "\n") {
		depth, rest := quoteMarks(raw)
		if flowed && strings.HasPrefix(rest, " ") && depth == 0 {
			rest = rest[1:] // space-stuffing, RFC 3676, section 4.4
		}
		soft := flowed && strings.HasSuffix(rest, " ") && rest != "-- "
		cleaned := cleanLine(rest)
		if delsp && soft && strings.HasSuffix(rest, " ") {
			cleaned = cleanLine(strings.TrimSuffix(rest, " "))
			if strings.HasSuffix(strings.TrimSuffix(rest, " "), " ") {
				cleaned += " "
			}
		} else if soft {
			cleaned += " "
		}
		if n := len(out); open && n > 0 && out[n-1].depth == depth && strings.TrimSpace(cleaned) != "" && (isFull(size, cleaned) || !startsLabel(cleaned)) && len(out[n-1].text) < 1000 {
			out[n-1].text += strings.TrimLeft(cleaned, " ")
		} else {
			out = append(out, line{part: part, text: cleaned, depth: depth})
		}
		open = soft && strings.TrimSpace(cleaned) != ""
		size = utf8.RuneCountInString(raw)
	}
	for i := range out {
		out[i].text = strings.TrimRight(out[i].text, " \t")
	}
	return out
}

// isFull says whether a line ended because the next word did not fit: a program
// broke it there, whatever that word looks like.
func isFull(size int, next string) bool {
	return size+utf8.RuneCountInString(before(strings.TrimLeft(next, " "), " ")) >= 68
}

// quoteMarks counts the marks at the beginning of a line: ">", "> >", ">> ".
func quoteMarks(s string) (int, string) {
	depth, i := 0, 0
	for i < len(s) && depth < 50 {
		j := i
		for j < len(s) && s[j] == ' ' && j-i < 2 && depth > 0 {
			j++
		}
		if j < len(s) && s[j] == '>' {
			depth++
			i = j + 1
			continue
		}
		break
	}
	if depth > 0 && i < len(s) && s[i] == ' ' {
		i++
	}
	return depth, s[i:]
}

// cleanLine removes marks that cannot be seen, turns every kind of blank into a
// space and keeps tabs. Blanks at the beginning stay: they tell a continuation.
func cleanLine(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c > '~' || c < ' ' && c != '\t' {
			plain = false
			break
		}
	}
	if plain {
		return strings.TrimRight(s, " ")
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteByte('\t')
		case unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		case unprintable(r), r == utf8.RuneError:
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// markZones tells the sender's new words from history, forwards and signature.
// Trimming never deletes: every line stays, with its zone.
// owner is the sender's name in words: a line that is only that begins the
// signature.
func (v view) markZones(owner []token) {
	rest := fresh // what every line is from here on
	for i := range v {
		l := &v[i]
		if rest != fresh {
			l.zone = rest
			continue
		}
		switch {
		case l.depth > 0:
			l.zone = quoted
		case l.blank():
		case words.has("forwarded", strip(l.text)):
			l.zone, rest = forwarded, forwarded
		case words.has("original", strip(l.text)):
			l.zone = quoted
			if v.saidBefore(i) {
				rest = quoted // else a ticket system's mark stands above the mail itself
			}
		case v.headerBlock(i):
			l.zone, rest = quoted, quoted
			for j := i - 1; j >= 0 && (v[j].blank() || isRule(v[j].text)); j-- {
				v[j].zone = quoted
			}
		default:
			if n := v.attribution(i); n > 0 {
				next := i + n
				for next < len(v) && v[next].blank() {
					next++
				}
				for j := i; j < i+n; j++ {
					v[j].zone = quoted
				}
				if next < len(v) && v[next].depth == 0 {
					rest = quoted // history without marks, as Yahoo writes it
				}
			}
		}
		if l.sig && l.zone == fresh {
			l.zone = signature
		}
	}
	v.markSignatures(owner)
}

// saidBefore says whether anything new stands above line i.
func (v view) saidBefore(i int) bool {
	for _, l := range v[:i] {
		if l.zone == fresh && !l.blank() && !isRule(l.text) {
			return true
		}
	}
	return false
}

// headerBlock says whether line i begins the block that Outlook sets above
// history: From, Sent, To, Subject in one of many languages.
func (v view) headerBlock(i int) bool {
	if !words.label("headerblock", v[i].text, true) {
		return false
	}
	found := 0
	for j := i + 1; j < len(v) && j <= i+6; j++ {
		if words.label("headerblock", v[j].text, false) {
			found++
		}
	}
	return found >= 2
}

// attribution returns how many lines from i on are an "On …, … wrote:" (up to
// three, since they are often wrapped); 0 where there is none.
func (v view) attribution(i int) int {
	size := 0
	for n := 1; n <= 3 && i+n <= len(v); n++ {
		l := &v[i+n-1]
		if l.blank() || l.depth > 0 || l.zone != fresh {
			return 0
		}
		t := strings.TrimSpace(l.text)
		if size += 1 + len(t); size > 400 {
			return 0
		}
		if !strings.HasSuffix(t, ":") && !strings.HasSuffix(t, "：") {
			continue
		}
		joined := ""
		for k := range n {
			joined += " " + strings.TrimSpace(v[i+k].text)
		}
		if h := v.labels(i); len(h) > 0 && h[0].sep != 0 || !words.contains("wrote", joined) && !v.quoteBelow(i+n, joined) {
			return 0
		}
		digits := strings.IndexFunc(joined, unicode.IsDigit) >= 0
		if strings.Contains(joined, "@") || digits {
			return n
		}
		return 0
	}
	return 0
}

// quoteBelow says whether a line that holds an address in angle brackets stands
// right above quoted lines: an attribution without a verb.
func (v view) quoteBelow(i int, line string) bool {
	if open := strings.IndexByte(line, '<'); open < 0 || !strings.Contains(line[open:], "@") {
		return false
	}
	for i < len(v) && v[i].blank() && v[i].depth == 0 {
		i++
	}
	return i < len(v) && v[i].depth > 0
}

// extent holds what markSignatures asks of a view again and again, worked out
// once from the back.
type extent struct {
	end    []int // where the run of fresh lines that holds i ends
	strong []int // how many lines before i hold labels that no signature has
	ps     []int // the next postscript from i on
	rules  map[string]int
}

func (v view) extent() extent {
	e := extent{end: make([]int, len(v)+1), strong: make([]int, len(v)+1), ps: make([]int, len(v)+1), rules: map[string]int{}}
	e.end[len(v)], e.ps[len(v)] = len(v), len(v)
	for i := len(v) - 1; i >= 0; i-- {
		e.end[i], e.ps[i] = i, e.ps[i+1]
		if v[i].zone == fresh || v[i].zone == signature || v[i].zone == closing {
			e.end[i] = max(i+1, e.end[i+1])
			if isPostscript(v[i].text) {
				e.ps[i] = i
			}
		}
	}
	for i, l := range v {
		e.strong[i+1] = e.strong[i]
		if l.zone == quoted || l.depth > 0 || i > maxLines {
			continue
		}
		if t := strings.TrimSpace(l.text); isRule(t) {
			e.rules[t]++
		}
		if v.headsTable(i) {
			e.strong[i+1]++
		}
		for _, h := range v.labels(i) {
			switch h.field {
			case labelFirst, labelLast, labelType, labelReference:
				e.strong[i+1] = e.strong[i] + 1
			}
		}
	}
	return e
}

// tellsProspect says whether lines hold labels that no signature has.
func (e extent) tellsProspect(from, to int) bool {
	return from < to && e.strong[to] > e.strong[from]
}

// markSignatures finds the sender's signature in what is fresh. Data that only a
// prospect has (a first name, a lead type) below a sign-off are no signature.
func (v view) markSignatures(owner []token) {
	v.markNotices()
	e := v.extent()
	for i := 0; i < len(v); i++ {
		l := &v[i]
		if l.zone != fresh || l.blank() {
			continue
		}
		text := strings.TrimSpace(l.text)
		end := e.end[i]
		switch {
		case isRule(text) && v.ownBlock(i, owner) > i:
			end = v.ownBlock(i, owner)
			v.paint(i, end, signature)
			i = end - 1
		case text == "--" || text == "—" || l.text == "-- ":
			// Two hyphens that stand more than once are a rule between blocks.
			if !e.tellsProspect(i+1, end) && e.rules[text] <= 1 && !v.pasted(i, end, owner) {
				v.paint(i, end, signature)
				i = end - 1
			}
		case v.scan(i).opens("tail") && words.begins("tail", text):
			l.zone = signature
		case v.scan(i).opens("closing") && isClosing(text), isOwnName(text, owner):
			if ps := e.ps[min(i+1, len(v))]; ps > i && ps < end {
				end = ps
			}
			if e.tellsProspect(i+1, end) || v.saysMore(i+1, end) {
				if !e.tellsProspect(i+1, end) && words.begins("closing", text) {
					l.zone = closing
				}
				continue
			}
			l.zone = closing
			v.paint(i+1, end, signature)
			i = end - 1
		}
	}
}

// markNotices takes what law departments set below every mail for a part of the
// signature: it asks to delete, to tell and to print, and means none of the
// prospects.
func (v view) markNotices() {
	for i := 0; i < len(v) && i < maxLines; i++ {
		if v[i].zone != fresh || len(v[i].text) < 20 || !v.scan(i).says("notice") {
			continue
		}
		for ; i < len(v) && v[i].zone == fresh && !v[i].blank(); i++ {
			v[i].zone = signature
		}
	}
}

// pasted says whether the signature below line i is somebody else's: a line that ends
// with a colon hands it over, and it has an address and nothing of the sender's name.
func (v view) pasted(i, end int, owner []token) bool {
	above := i - 1
	for above >= 0 && v[above].blank() {
		above--
	}
	if above < 0 || v[above].zone != fresh || !strings.HasSuffix(strings.TrimSpace(v[above].text), ":") || len(strings.Fields(v[above].text)) < 3 {
		return false
	}
	const most = 12 // lines of a signature
	found := false
	for k := i + 1; k < end && k <= i+most; k++ {
		t := strings.TrimSpace(v[k].text)
		if isClosing(t) && found {
			break
		}
		if isOwnName(t, owner) && !found {
			return false
		}
		a, st := oneEmail(t)
		if st != usable {
			continue
		}
		for _, o := range owner {
			if len(o.w) > 2 && strings.Contains(strings.ToLower(a), o.w) {
				return false
			}
		}
		found = true
	}
	return found
}

// ownBlock returns the end of a block between two ruled lines that holds the
// sender's own address, as Japanese mails sign; 0 where line i begins none.
func (v view) ownBlock(i int, owner []token) int {
	own := false
	for j := i + 1; j < len(v) && j < i+12 && v[j].zone == fresh; j++ {
		if isRule(v[j].text) {
			if own {
				return j + 1
			}
			return 0
		}
		if a, st := oneEmail(v[j].text); st == usable {
			for _, o := range owner {
				own = own || len(o.w) > 2 && strings.Contains(strings.ToLower(before(a, "@")), o.w)
			}
		}
	}
	return 0
}

func (v view) paint(from, to int, z zone) {
	for i := from; i < to; i++ {
		if v[i].zone == fresh {
			v[i].zone = z
		}
	}
}

func isPostscript(s string) bool {
	t := strings.TrimSpace(s)
	if t == "" || t[0]|0x20 != 'p' && t[0]|0x20 != 'n' {
		return false
	}
	t = strings.ToLower(t[:min(4, len(t))])
	for _, p := range [...]string{"ps ", "ps:", "p.s.", "pps", "nb:", "p.s:", "ps."} {
		if strings.HasPrefix(t, p) {
			return true
		}
	}
	return false
}

// saysMore says whether what follows "Thanks" is more text rather than a name
// and an address.
func (v view) saysMore(from, to int) bool {
	for i := from; i < to && i < from+8; i++ {
		t := strings.TrimSpace(v[i].text)
		if t == "" || v[i].zone != fresh {
			continue
		}
		if len(references(t)) > 0 {
			return true
		}
		n := len(strings.Fields(t))
		return n >= 7 && strings.ContainsAny(t[len(t)-1:], ".?!,") && !strings.Contains(t, "|")
	}
	return false
}

// isClosing says whether a line is a sign-off: alone, or with the sender's name
// behind it ("thx, Jolene").
func isClosing(text string) bool {
	if len(text) > 80 {
		return false
	}
	rest, ok := words.after("closing", text)
	if !ok {
		return false
	}
	if rest == "" {
		return true
	}
	if strings.ContainsAny(rest, "?:@") || !strings.ContainsAny(text, ",-–—!.&/") {
		return len(strings.Fields(rest)) <= 2 && isNameLike(rest)
	}
	return len(strings.Fields(rest)) <= 4 && isNameLike(rest)
}

// isNameLike: words that begin with a capital, as a name under a letter does.
func isNameLike(s string) bool {
	for _, w := range strings.Fields(s) {
		r, _ := utf8.DecodeRuneInString(strings.Trim(w, ".,!'\"()"))
		if !unicode.IsUpper(r) && !unicode.Is(unicode.Han, r) {
			return false
		}
	}
	return true
}

// isRule says whether a line only draws a line.
func isRule(s string) bool {
	if s = strings.TrimSpace(s); len(s) < 2 || isLetterOrDigit(s[0]) {
		return false
	}
	if s = strings.ReplaceAll(s, " ", ""); len(s) < 2 {
		return false
	}
	for _, r := range s {
		if !strings.ContainsRune("-=_*~#+—–─━·•.", r) {
			return false
		}
	}
	return utf8.RuneCountInString(s) >= 3 || s == "--" || s == "——"
}

// isLetterOrDigit says whether a byte is a letter or digit of ASCII.
func isLetterOrDigit(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }

// strip removes what decorates a heading: hyphens, underscores, equals signs,
// asterisks and colons at both ends.
func strip(s string) string { return strings.Trim(strings.TrimSpace(s), "-_=*~#+—–─> :：") }
