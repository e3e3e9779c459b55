package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"leadmail/rules"
)

// lexKind says what a lexeme is.
type lexKind uint8

const (
	lexWord  lexKind = iota
	lexMark          // punctuation: one mark, or a run of the same
	lexEmail         // an address, written plainly in val
	lexURL           // a web address, written plainly in val
	lexRef           // a registration's reference
)

// lexeme is a piece of prose: a word with the marks inside it ("D'Cruz",
// "S.r.l.", "Thornbury-Shaw"), a punctuation mark, or a whole address.
type lexeme struct {
	kind     lexKind
	text     string // as written
	val      string // of addresses: what they say, disguise and wrapping removed
	from, to int    // bytes of the passage
	fold     string // lower case, accents and inner marks removed
	id       wordID // of fold
	facts    facts  // of fold, and what its looks add to them
	capital  bool   // begins with a capital letter, or is of a script without them
	upper    bool   // all capitals, two letters or more
	digit    bool   // holds a digit
	line     bool   // the first of a line
}

// passage is a paragraph as one text, with the way back to its lines.
type passage struct {
	text string
	segs []passageSeg
	n    int // paragraphs, counted
	item bool
	num  int // of an entry of a numbered list
}

type passageSeg struct {
	at   int // where the line begins in the passage
	line int // index into the view
	from int // where in the line's text
}

// span is where bytes of the passage stand in the mail. What runs over a line's
// end is told by its beginning.
func (p *passage) span(v view, from, to int) rules.Span {
	s := p.segs[0]
	for _, x := range p.segs {
		if x.at > from {
			break
		}
		s = x
	}
	l := v[s.line]
	at := s.from + from - s.at
	end := min(at+to-from, len(l.text))
	return rules.Span{Part: l.part, Line: l.n, From: l.offset() + at, To: l.offset() + max(at, end)}
}

const (
	openers = "([{<\"“„‘«*_¡¿「『（【〈《"
	closers = ")]}>\"”’“»*_,;:.!?…」』）】〉》、。，：；！？"
)

// lex cuts a passage into lexemes. Its work is bounded by the passage's length.
func lex(text string, breaks []int) []lexeme {
	out := make([]lexeme, 0, 4+len(text)/5)
	b := 0
	for i := 0; i < len(text); {
		if text[i] == ' ' || text[i] == '\t' {
			i++
			continue
		}
		j := i
		for j < len(text) && text[j] != ' ' && text[j] != '\t' {
			j++
		}
		first := len(out)
		out = lexChunk(out, text, i, j)
		for b < len(breaks) && breaks[b] < i {
			b++
		}
		if first < len(out) && (i == 0 || b < len(breaks) && breaks[b] == i) {
			out[first].line = true
		}
		if len(out) > maxLexemes {
			break
		}
		i = j
	}
	return undisguised(out)
}

// maxLexemes bounds what is made of one passage.
const maxLexemes = 6000

// lexChunk reads what stands between two blanks.
func lexChunk(out []lexeme, s string, from, to int) []lexeme {
	mark := func(a, b int) {
		out = append(out, lexeme{kind: lexMark, text: s[a:b], from: a, to: b})
	}
	// Opening marks. A bracket around an address is read with it.
	for from < to {
		r, n := utf8.DecodeRuneInString(s[from:])
		if !strings.ContainsRune(openers, r) {
			break
		}
		mark(from, from+n)
		from += n
	}
	// Closing marks, kept for afterwards.
	end := to
	for end > from {
		r, n := utf8.DecodeLastRuneInString(s[from:end])
		if !strings.ContainsRune(closers, r) && r != '\'' {
			break
		}
		if r == '\'' && end-n == from {
			break
		}
		end -= n
	}
	core := s[from:end]
	if end < to && s[end] == '.' && abbreviated(core) {
		end++
		core = s[from:end]
	}
	if core != "" {
		out = lexCore(out, s, from, end)
	}
	for k := end; k < to; {
		_, n := utf8.DecodeRuneInString(s[k:])
		mark(k, k+n)
		k += n
	}
	return out
}

// abbreviated says whether a dot behind a word belongs to it.
func abbreviated(w string) bool {
	low := strings.ToLower(w)
	if legalForms[low] || titles[bareWord(w)] || shortForms[low] || words.has("legal form", w) {
		return true
	}
	r, n := utf8.DecodeRuneInString(w)
	return n == len(w) && unicode.IsUpper(r) || strings.Contains(w, ".") && len(w) <= 8 && !strings.ContainsAny(w, "@/") && !looksLikeURL(w)
}

func lexCore(out []lexeme, s string, from, to int) []lexeme {
	core := s[from:to]
	// A link's target behind what is shown: "acme.example<http://acme.example/>".
	if i := strings.IndexAny(core, "<>"); i > 0 {
		out = lexChunk(out, s, from, from+i)
		return lexChunk(out, s, from+i, to)
	}
	if i := strings.IndexAny(core, "(|;"); i > 0 && !strings.Contains(core[:i], "://") {
		out = lexChunk(out, s, from, from+i)
		return lexChunk(out, s, from+i, to)
	}
	if strings.IndexByte(core, '@') >= 0 {
		if i := strings.IndexByte(core, ':'); i >= 0 && i < strings.IndexByte(core, '@') && !strings.EqualFold(core[:i], "mailto") {
			out = lexChunk(out, s, from, from+i+1)
			return lexChunk(out, s, from+i+1, to)
		}
		if i := strings.IndexAny(core, ",/"); i > 0 && strings.IndexByte(core, '@') != len(core)-1 && !strings.Contains(core, "://") && !strings.Contains(core[:i], "?") {
			if a, st := oneEmail(core[:i]); st == usable && a != "" || strings.IndexByte(core, '@') > i {
				out = lexChunk(out, s, from, from+i)
				mark := s[from+i : from+i+1]
				out = append(out, lexeme{kind: lexMark, text: mark, from: from + i, to: from + i + 1})
				return lexChunk(out, s, from+i+1, to)
			}
		}
		if a, st := oneEmail(core); st == usable {
			return append(out, lexeme{kind: lexEmail, text: core, val: a, from: from, to: to})
		}
	}
	if refs := references(core); len(refs) > 0 {
		r := refs[0]
		if r.from > 0 {
			out = lexChunk(out, s, from, from+r.from)
		}
		out = append(out, lexeme{kind: lexRef, text: core[r.from:r.to], val: string(r.ref), from: from + r.from, to: from + r.to})
		if r.to < len(core) {
			out = lexChunk(out, s, from+r.to, to)
		}
		return out
	}
	if strings.Contains(core, ".") {
		low := strings.ToLower(core)
		for _, label := range []string{"web:", "site:", "url:", "www:", "website:", "w:"} {
			if strings.HasPrefix(low, label) {
				out = lexChunk(out, s, from, from+len(label))
				return lexChunk(out, s, from+len(label), to)
			}
		}
		if i := strings.IndexByte(core, ','); i > 0 && !strings.Contains(core[:i], "/") {
			out = lexChunk(out, s, from, from+i)
			out = append(out, lexeme{kind: lexMark, text: ",", from: from + i, to: from + i + 1})
			return lexChunk(out, s, from+i+1, to)
		}
		if webAddress(core) {
			return append(out, lexeme{kind: lexURL, text: core, val: unwrapLink(core), from: from, to: to})
		}
	}
	start := from
	word := func(a, b int) {
		if a < b {
			out = append(out, newWord(s, a, b))
		}
	}
	for i := from; i < to; {
		r, n := utf8.DecodeRuneInString(s[i:])
		prev, _ := utf8.DecodeLastRuneInString(s[start:i])
		next, _ := utf8.DecodeRuneInString(s[i+n:])
		inner := false
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || r == '&' || r == '+' || r == '#':
			inner = true
		case r == '-' || r == '\'' || r == '’' || r == '.' || r == 'ー':
			inner = i > start && (unicode.IsLetter(prev) || unicode.IsDigit(prev)) && i+n < to && (unicode.IsLetter(next) || unicode.IsDigit(next)) || r == '.' && i+n == to || (r == '\'' || r == '’') && i == start && unicode.IsLetter(next)
		case r == '/':
			// "S/A" and "A/S" are legal forms, other slashes separate.
			inner = i > start && words.has("legal form", s[start:to])
		}
		if inner {
			i += n
			continue
		}
		word(start, i)
		out = append(out, lexeme{kind: lexMark, text: s[i : i+n], from: i, to: i + n})
		i += n
		start = i
	}
	word(start, to)
	return out
}

func newWord(s string, from, to int) lexeme {
	w := s[from:to]
	l := lexeme{kind: lexWord, text: w, from: from, to: to}
	r, n := utf8.DecodeRuneInString(w)
	if (r == '\'' || r == '’') && n < len(w) {
		r, _ = utf8.DecodeRuneInString(w[n:])
	}
	l.capital = unicode.IsUpper(r) || unicode.IsTitle(r) || isIdeograph(r)
	letters := 0
	l.upper = true
	for _, r := range w {
		if unicode.IsDigit(r) {
			l.digit = true
		}
		if unicode.IsLetter(r) {
			letters++
			l.upper = l.upper && !unicode.IsLower(r)
		}
	}
	l.upper = l.upper && letters >= 2
	l.fold = foldLetters(w)
	l.id = words.id(l.fold)
	l.facts = words.entry(l.id).facts
	l.facts |= l.looks()
	return l
}

// is says whether one of the facts is true of a word.
func (l *lexeme) is(f facts) bool { return l.facts&f != 0 }

// looks are what a word is taken for, by the data files and its spelling.
func (l *lexeme) looks() (out facts) {
	given, noNameWord := l.is(wordGiven), l.is(wordNoName)
	if i := strings.IndexByte(l.text, '-'); i > 0 {
		given = given || words.is(wordGiven, l.text[:i])
	}
	if i := apostrophe(l.text); i > 0 {
		noNameWord = noNameWord || words.is(wordNoName, l.text[:i]) // "They've"
	}
	if given {
		out |= looksGiven
	}
	if noNameWord {
		out |= looksNoName
	}
	if titles[bareWord(l.text)] || l.capital && l.is(wordTitle) && !l.is(wordRole) && !l.is(wordGiven) {
		out |= looksTitle
	}
	form, sign, inner := l.endsFirm(), l.text == "&" || l.text == "+", innerCapital(l.text)
	if form {
		out |= looksForm
	}
	if !sign && (l.capital || inner || l.digit && hasLetter(l.text)) {
		out |= beginsName
	}
	if l.capital || inner || sign || l.digit && len(l.text) <= 5 || form {
		out |= insideName
	}
	if low := strings.ToLower(l.text); particles[low] || connectors[low] || l.fold == "and" || l.fold == "ap" || l.fold == "e" || l.fold == "y" {
		out |= joinsName
	}
	if smallWord[l.fold] || particles[l.fold] {
		out |= tooSmall
	}
	return out
}

// apostrophe is where a word has one; -1 where it has none.
func apostrophe(w string) int {
	for i := 0; i < len(w); i++ {
		if w[i] == '\'' || w[i] == 0xe2 && strings.HasPrefix(w[i:], "’") {
			return i
		}
	}
	return -1
}

// endsFirm says whether a word is a legal form.
func (l *lexeme) endsFirm() bool {
	dots := strings.Contains(l.text, ".")
	if !l.is(wordLegalForm) && !legalForms[strings.ToLower(strings.TrimRight(l.text, "."))] {
		return false
	}
	if !l.capital && len(l.text) <= 3 && innerCapital(l.text) && strings.ToUpper(l.text[1:]) == l.text[1:] {
		return true // "eG", "oHG"
	}
	if !l.capital && len(l.fold) < 3 && !dots || l.fold == "a" || l.fold == "too" && !l.upper {
		return false
	}
	if smallWord[l.fold] && !l.upper && l.fold != "ltd" && l.fold != "inc" && l.fold != "gmbh" && l.fold != "llc" && l.fold != "co" {
		return false
	}
	// "Ek" is a name, "e.K." is none.
	return len(l.fold) > 3 || l.upper || dots || shortForm[l.fold]
}

// ordinal is the place that a word names, as in "second"; 0 for any other.
func (l *lexeme) ordinal() int { return int(words.entries[l.id].ordinal) }

// number is the number that a word names, as in "two"; 0 for any other.
func (l *lexeme) number() int { return int(words.entries[l.id].number) }

func isIdeograph(r rune) bool {
	return r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Katakana, unicode.Hiragana, unicode.Hangul)
}

// foldLetters is a word as nothing but its letters and digits: lower case, no
// accents, no hyphens, no apostrophes.
func foldLetters(w string) string {
	plain := true
	for i := 0; i < len(w); i++ {
		if c := w[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9') {
			plain = false
			break
		}
	}
	if plain {
		return w
	}
	f := w
	if !isASCII(w) {
		f = foldWord(w, false)
	}
	var room [64]byte
	b := room[:0]
	for _, r := range f {
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
				b = append(b, byte(r))
			}
		} else if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}

// webAddress says whether a word is a web address: its host ends in a name that
// the public suffix list knows, or in one reserved for examples (RFC 2606,
// RFC 6761). "Dr.Meier" and "v2.final" are none.
func webAddress(w string) bool {
	if !looksLikeURL(w) {
		return false
	}
	if strings.Contains(w, "://") || strings.HasPrefix(strings.ToLower(w), "www.") {
		return true
	}
	host := strings.ToLower(before(before(before(w, "/"), "?"), ":"))
	tld := strings.TrimSuffix(host, ".")
	tld = tld[strings.LastIndexByte(tld, '.')+1:]
	if !isASCII(tld) || strings.HasPrefix(tld, "xn--") {
		return true
	}
	switch tld {
	case "example", "test", "invalid", "localhost":
		return true
	case "md", "py", "rs", "sh", "pl", "ps", "zip", "mov", "ai", "io", "co", "me", "tv", "is", "it", "in", "no", "so", "to", "at", "be":
		// Endings that are words or file types too: all of it must look like a host.
		if strings.ContainsAny(w, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && !strings.Contains(w, "/") {
			return false
		}
	}
	_, icann := publicsuffix.PublicSuffix(tld)
	return icann
}

// undisguised joins what was written so that robots should not find it: "jane
// (at) acme (dot) example", "jane @ acme.example", "ana dot ferreira at acme dot
// example"; and drops the targets that mail programs print behind shown links.
func undisguised(ls []lexeme) []lexeme {
	hit := false
	for _, l := range ls {
		if l.kind == lexMark && (l.text == "<" || l.text == "@") || l.kind == lexWord && l.is(wordSpoken) {
			hit = true
			break
		}
	}
	if !hit {
		return ls
	}
	out := ls[:0:0]
	for i := 0; i < len(ls); {
		// "… at mara glass dot example": a host in two words is none.
		split := i > 1 && ls[i-1].kind == lexWord && ls[i-2].kind == lexWord && ls[i-2].fold == "at"
		if l, n := spelled(ls[i:], i > 0 && webCue(ls[max(0, i-3):i])); n > 0 && !(split && l.kind == lexURL) {
			out = append(out, l)
			i += n
			continue
		}
		// "<mailto:…>" and "<http://…>" behind what they are the target of.
		if ls[i].kind == lexMark && ls[i].text == "<" && i > 0 && ls[i-1].to == ls[i].from && i+2 < len(ls) && ls[i+2].text == ">" && len(out) > 0 {
			t, shown := ls[i+1], &out[len(out)-1]
			if t.kind == lexEmail || t.kind == lexURL {
				switch {
				case shown.kind == t.kind, shown.kind == lexEmail, shown.kind == lexURL:
					i += 3
					continue
				case t.kind == lexURL && !isDocument(t.val):
					// A link on words.
					out = append(out, lexeme{kind: lexMark, text: "(", from: t.from, to: t.from}, t, lexeme{kind: lexMark, text: ")", from: t.to, to: t.to})
					i += 3
					continue
				}
			}
		}
		out = append(out, ls[i])
		i++
	}
	return out
}

// spelled reads an address that is spelled out at the beginning of ls, and says
// how many lexemes it took; 0 where there is none.
//
// cue says that a word for a website stands before: some of the words for a dot
// have another meaning ("op dit punt is", "le point fort").
func spelled(ls []lexeme, cue bool) (lexeme, int) {
	if len(ls) < 3 || ls[0].kind != lexWord && ls[0].kind != lexURL {
		return lexeme{}, 0
	}
	var b strings.Builder
	b.WriteString(plainly(ls[0]))
	i, at, dots, bracketed, doubtful := 1, false, 0, false, false
	for i < len(ls) {
		what, n, br := spoken(ls[i:])
		if n == 0 || i+n >= len(ls) {
			break
		}
		next := ls[i+n]
		if next.kind != lexWord && next.kind != lexURL && next.kind != lexEmail {
			break
		}
		if next.kind == lexEmail && at || what == "@" && at {
			break
		}
		if what == "@" && !br && ls[i].kind == lexWord && next.kind != lexWord {
			break // "meet Jane at acme.example"
		}
		bracketed = bracketed || br
		doubtful = doubtful || !br && (ls[i].fold == "punt" || ls[i].fold == "point" || ls[i].fold == "pont" || ls[i].fold == "piste")
		switch what {
		case "@":
			at = true
		case ".":
			dots++
		}
		b.WriteString(what)
		b.WriteString(plainly(next))
		if next.kind == lexEmail {
			at = true
		}
		i += n + 1
	}
	if i == 1 {
		return lexeme{}, 0
	}
	text := strings.ToLower(b.String())
	l := lexeme{text: text, from: ls[0].from, to: ls[i-1].to}
	if at {
		if a, st := oneEmail(text); st == usable && a == text {
			l.kind, l.val = lexEmail, a
			return l, i
		}
		return lexeme{}, 0
	}
	if dots > 0 && (cue || !doubtful) && webAddress(text) && (bracketed || knownEnding(text)) {
		l.kind, l.val = lexURL, text
		return l, i
	}
	return lexeme{}, 0
}

// webCue says whether one of the words announces a website.
func webCue(ls []lexeme) bool {
	for k := range ls {
		switch ls[k].fold {
		case "site", "website", "web", "webseite", "seite", "homepage", "hemsida", "hjemmeside", "nettside", "strona", "strone", "stranky", "sito", "pagina", "domein", "domain", "domaine", "url", "www", "internet", "honlap", "sivu", "sivut", "kotisivu", "webbplats", "adres", "adresse":
			return true
		}
	}
	return false
}

func knownEnding(host string) bool {
	tld := host[strings.LastIndexByte(host, '.')+1:]
	if tld == "example" || tld == "test" {
		return true
	}
	_, icann := publicsuffix.PublicSuffix(tld)
	return icann
}

func plainly(l lexeme) string {
	if l.val != "" {
		return l.val
	}
	return l.text
}

// signs are the words for what stands in addresses, as people dictate them. What
// begins the search for them is the section [spoken sign] of words.txt.
var signs = map[string]string{
	"at": "@", "arroba": "@", "chiocciola": "@", "klammeraffe": "@", "affenschwanz": "@", "affe": "@", "malpa": "@", "malpka": "@", "arobase": "@", "arobas": "@", "apenstaartje": "@", "snabela": "@", "krollalfa": "@", "alfakroll": "@", "zavinac": "@", "kukac": "@", "miukumauku": "@", "miukumaukku": "@", "aroba": "@",
	"dot": ".", "punto": ".", "ponto": ".", "punkt": ".", "kropka": ".", "punt": ".", "tecka": ".", "bodka": ".", "pont": ".", "piste": ".", "nokta": ".", "punktum": ".", "point": ".",
	"dash": "-", "hyphen": "-", "minus": "-", "bindestrich": "-", "trattino": "-", "guion": "-", "tiret": "-", "hifen": "-", "traco": "-", "koppelteken": "-", "streepje": "-", "myslnik": "-", "lacznik": "-", "pomlcka": "-", "spojovnik": "-", "kotojel": "-", "viiva": "-", "bindestreck": "-", "bindestreg": "-", "bindestrek": "-", "tire": "-",
	"underscore": "_", "unterstrich": "_", "underline": "_", "sublinhado": "_", "podkreslenie": "_", "podkreslnik": "_", "podtrzitko": "_", "understreck": "_", "understreg": "_", "understrek": "_", "alulvonas": "_",
}

// spoken reads "(dot)", "[at]", " dot ", " at ", "@" at the beginning of ls.
func spoken(ls []lexeme) (what string, n int, bracketed bool) {
	i := 0
	if ls[0].kind == lexMark && strings.Contains("([{<", ls[0].text) {
		i, bracketed = 1, true
	}
	if i >= len(ls) {
		return "", 0, false
	}
	switch w := ls[i]; {
	case w.kind == lexMark && w.text == "@":
		what = "@"
	case w.kind != lexWord:
		return "", 0, false
	default:
		if what = signs[w.fold]; what == "" || bracketed && (what == "-" || what == "_") {
			return "", 0, false
		}
		if what == "-" && i+1 < len(ls) && (ls[i+1].fold == "bajo" || ls[i+1].fold == "bas" || ls[i+1].fold == "basso") {
			what = "_" // "guion bajo"
			i++
		}
	}
	i++
	if bracketed {
		if i >= len(ls) || ls[i].kind != lexMark || !strings.Contains(")]}>", ls[i].text) {
			return "", 0, false
		}
		i++
	}
	return what, i, bracketed
}
