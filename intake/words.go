package intake

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// wordsFile is the one data file of the reader's language, for people who are no
// programmers to extend.
//
//go:embed words.txt
var wordsFile string

// namesFile is its second part: what tells people from organisations, and both
// from other words with a capital.
//
//go:embed names.txt
var namesFile string

var words = mustWords(wordsFile + "\n" + namesFile)

// token is a word in its normal form, and where it stands in the text.
type token struct {
	w        string
	from, to int
}

// tokens cuts a text into words: lower case, without accents, compatibility
// forms unified; hyphens and punctuation separate, an apostrophe inside a word
// does not. Characters of scripts without spaces are words of their own.
func tokens(s string) []token {
	return appendTokens(make([]token, 0, 2+len(s)/6), s)
}

// fewTokens is room for the words of most lines, for callers that keep them on
// the stack.
const fewTokens = 32

// appendTokens is tokens into a slice that the caller has.
func appendTokens(out []token, s string) []token {
	if isASCII(s) {
		return asciiTokens(s, out)
	}
	for i := 0; i < len(s); {
		t, next := nextToken(s, i)
		if t.to > t.from {
			out = append(out, t)
		}
		i = next
	}
	return out
}

// firstWord is the first word of tokens(s); "" where there is none.
func firstWord(s string) string {
	t, _ := nextToken(s, 0)
	return t.w
}

// nextToken cuts the first word from byte i on, and says where to go on. At
// the end it is the zero token.
func nextToken(s string, i int) (token, int) {
	start, ascii := -1, true
	word := func(to int) token {
		if start < 0 {
			return token{}
		}
		return token{foldWord(s[start:to], ascii), start, to}
	}
	for i < len(s) {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case isWordByte(r):
			if start < 0 {
				start = i
			}
		case r == '\'' || r == '’':
			next, _ := utf8.DecodeRuneInString(s[i+n:])
			if start >= 0 && !unicode.IsLetter(next) {
				return word(i), i + n
			}
			ascii = ascii && (start < 0 || r == '\'')
		case r < utf8.RuneSelf:
			if start >= 0 {
				return word(i), i + n
			}
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r == 'ー':
			if start >= 0 {
				return word(i), i
			}
			start, ascii = i, false
			return word(i + n), i + n
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r):
			if start < 0 {
				start = i
			}
			ascii = false
		default:
			if start >= 0 {
				return word(i), i + n
			}
		}
		i += n
	}
	return word(len(s)), len(s)
}

func isWordByte(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// asciiTokens is tokens for the text that most lines are: folded at once, it is
// cut without copying.
func asciiTokens(s string, out []token) []token {
	lower := strings.ToLower(s)
	start := -1
	for i := 0; i <= len(lower); i++ {
		c := byte(' ')
		if i < len(lower) {
			c = lower[i]
		}
		switch {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			if start < 0 {
				start = i
			}
		case c == '\'' && start >= 0 && i+1 < len(lower) && 'a' <= lower[i+1] && lower[i+1] <= 'z':
		case start >= 0:
			out = append(out, token{lower[start:i], start, i})
			start = -1
		}
	}
	return out
}

// latin holds the letters of the European alphabets folded: nothing else in a word
// changes what becomes of them.
var latin = func() (out [0x180]string) {
	for r := range out {
		out[r] = foldRunes(string(rune(r)))
	}
	return out
}()

func foldWord(w string, ascii bool) string {
	if ascii {
		return strings.ToLower(w)
	}
	w = strings.ReplaceAll(w, "’", "'")
	if strings.IndexFunc(w, func(r rune) bool { return int(r) >= len(latin) }) >= 0 {
		return foldRunes(w)
	}
	var room [64]byte
	b := room[:0]
	for _, r := range w {
		b = append(b, latin[r]...)
	}
	return string(b)
}

func foldRunes(w string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(w) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		switch r = unicode.ToLower(r); r {
		case 'ł':
			r = 'l'
		case 'ð':
			r = 'd'
		case 'þ':
			b.WriteByte('t')
			r = 'h'
		case 'ø':
			r = 'o'
		case 'đ':
			r = 'd'
		case 'ı':
			r = 'i'
		case 'ß':
			b.WriteByte('s')
			r = 's'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fold is a text as its words, one space between.
func fold(s string) string { return join(tokens(s)) }

func join(ts []token) string {
	n := 0
	for _, t := range ts {
		n += len(t.w) + 1
	}
	return string(appendJoined(make([]byte, 0, n), ts))
}

func appendJoined(out []byte, ts []token) []byte {
	for i, t := range ts {
		if i > 0 {
			out = append(out, ' ')
		}
		out = append(out, t.w...)
	}
	return out
}

// gap stands for "…" in a phrase: up to six words.
const gap, gapWords = "…", 6

// star at the end of a word stands for any ending.
const star = "*"

// section is the phrases of one section by their first word, those whose first
// word ends in a star by its first letters.
type section struct {
	id    int
	whole map[string]bool
	first map[string][][]string
	stars map[string][][]string
}

// stem is what a word with a star is looked up by.
func stem(w string) string {
	const letters = 3
	n := 0
	for i := range w {
		if n == letters {
			return w[:i]
		}
		n++
	}
	return w
}

// begins says whether a phrase of the section begins with a word: where none
// does, nothing of the text behind it need be looked at.
func (s *section) begins(w string) bool {
	return s.first[w] != nil || len(s.stars) > 0 && s.stars[stem(w)] != nil
}

// at returns how many tokens the longest phrase that begins at token i covers; 0
// where none does.
func (s *section) at(ts []token, i int) int {
	best := 0
	for _, p := range s.first[ts[i].w] {
		best = max(best, matchAt(ts, i, p))
	}
	if len(s.stars) > 0 {
		for _, p := range s.stars[stem(ts[i].w)] {
			best = max(best, matchAt(ts, i, p))
		}
	}
	return best
}

// sectionSet is a set of sections by their ids.
type sectionSet [3]uint64

func (s *sectionSet) add(id int)      { s[id/64] |= 1 << (id % 64) }
func (s *sectionSet) has(id int) bool { return s[id/64]&(1<<(id%64)) != 0 }
func (s *sectionSet) unite(o sectionSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

// scan is a text as words, with the sections of which it can hold a phrase: those
// with a phrase that begins with one of its words. One look at each word answers
// most of the many questions that are asked about a sentence.
type scan struct {
	toks   []token
	begins sectionSet
	asked  sectionSet // what says was asked already, and
	said   sectionSet // its answers
	folded string     // the words, a blank around each; made when it is first asked for
}

func (v *vocabulary) scan(text string) *scan {
	c := &scan{toks: tokens(clip(text))}
	for _, t := range c.toks {
		c.begins.unite(v.first[t.w])
		c.begins.unite(v.stems[stem(t.w)])
	}
	return c
}

func (c *scan) fold() string {
	if c.folded == "" {
		c.folded = " " + join(c.toks) + " "
	}
	return c.folded
}

// may says whether a phrase of one of the sections can stand in the text.
func (c *scan) may(names ...string) bool {
	for _, name := range names {
		if c.begins.has(words.sections[name].id) {
			return true
		}
	}
	return false
}

// says says whether a phrase of the section stands in the text.
func (c *scan) says(name string) bool {
	id := words.sections[name].id
	if !c.asked.has(id) {
		c.asked.add(id)
		if at, _ := c.find(name, 0); at >= 0 {
			c.said.add(id)
		}
	}
	return c.said.has(id)
}

// find is vocabulary.find in the text.
func (c *scan) find(name string, i int) (at, n int) {
	if !c.may(name) {
		return -1, 0
	}
	return words.find(name, c.toks, i)
}

// vocabulary is the data file, read.
type vocabulary struct {
	sections map[string]*section
	// first tells the sections with a phrase that begins with a word, stems those
	// with one that begins with a word with a star, by its first letters.
	first, stems map[string]sectionSet
	// labels maps a folded label to its field.
	labels map[string]labelField
	// spelled holds the labels long enough for typos, by their length in bytes.
	spelled [][]spelling
	// lexicon holds the sections that are asked word by word, keyed by
	// foldLetters.
	lexicon map[string]map[string]bool
	// ordinals are the words of section [ordinal] by their place in its lines.
	ordinals map[string]int
	numbers  map[string]int
}

// lexicons are the sections of which single words are looked up.
var lexicons = map[string]bool{"given name": true, "given name ambiguous": true, "organisation word": true, "legal form": true, "person title": true, "role": true, "no name": true, "generic mailbox": true, "your": true, "conjunction": true, "sparing": true, "not": true, "list follower": true, "number": true, "pointer": true, "plural": true, "last": true, "not last": true, "others": true, "everybody": true, "both": true, "modal": true, "surname too": true, "letters": true}

func mustWords(file string) *vocabulary {
	v, err := parseWords(file)
	if err != nil {
		panic(err) // the file is embedded; TestWords reads it too
	}
	return v
}

// parseWords reads the data file. Its errors name the line.
func parseWords(file string) (*vocabulary, error) {
	v := &vocabulary{sections: map[string]*section{}, first: map[string]sectionSet{}, stems: map[string]sectionSet{}, labels: map[string]labelField{}, lexicon: map[string]map[string]bool{}, ordinals: map[string]int{}, numbers: map[string]int{}}
	for name := range lexicons {
		v.lexicon[name] = map[string]bool{}
	}
	name := ""
	n := 0
	for l := range strings.SplitSeq(file, "\n") {
		n++
		l = strings.TrimSpace(l)
		switch {
		case l == "" || strings.HasPrefix(l, "#"):
			continue
		case strings.HasPrefix(l, "["):
			name = strings.Trim(l, "[]")
			if v.sections[name] != nil {
				return nil, fmt.Errorf("words.txt:%d: section [%s] stands twice", n, name)
			}
			if len(v.sections) == 64*len(sectionSet{}) {
				return nil, fmt.Errorf("words.txt:%d: too many sections for a sectionSet", n)
			}
			v.sections[name] = &section{id: len(v.sections), whole: map[string]bool{}, first: map[string][][]string{}, stars: map[string][][]string{}}
			continue
		}
		_, list, ok := strings.Cut(l, ":")
		if !ok || name == "" {
			return nil, fmt.Errorf("words.txt:%d: want \"language: phrase, phrase\" below a [section]", n)
		}
		s := v.sections[name]
		place := 0
		for phrase := range strings.SplitSeq(list, ",") {
			place++
			switch name {
			case "ordinal":
				v.ordinals[foldLetters(strings.TrimSpace(phrase))] = place
			case "cardinal":
				v.numbers[foldLetters(strings.TrimSpace(phrase))] = place
			}
			if lex := v.lexicon[name]; lex != nil {
				lex[foldLetters(phrase)] = true
			}
			var p []string
			for i, piece := range strings.Split(phrase, gap) {
				if i > 0 {
					p = append(p, gap)
				}
				for _, t := range tokens(piece) {
					w := t.w
					if t.to < len(piece) && piece[t.to:t.to+1] == star {
						w += star
					}
					p = append(p, w)
				}
			}
			if len(p) == 0 || p[0] == gap || p[len(p)-1] == gap {
				return nil, fmt.Errorf("words.txt:%d: a phrase of [%s] has no words at its ends: %q", n, name, phrase)
			}
			whole := strings.Join(p, " ")
			if s.whole[whole] {
				continue
			}
			s.whole[whole] = true
			if w, ok := strings.CutSuffix(p[0], star); ok {
				s.stars[stem(w)] = append(s.stars[stem(w)], p)
				may := v.stems[stem(w)]
				may.add(s.id)
				v.stems[stem(w)] = may
			} else {
				s.first[p[0]] = append(s.first[p[0]], p)
				may := v.first[p[0]]
				may.add(s.id)
				v.first[p[0]] = may
			}
			if field, ok := strings.CutPrefix(name, "label "); ok {
				f := labelField(field)
				if old, dup := v.labels[whole]; dup && old != f {
					return nil, fmt.Errorf("words.txt:%d: %q is a label of %s and of %s", n, whole, old, f)
				}
				if _, known := v.labels[whole]; !known && len(whole) >= 5 && len(whole) < 64 && !(f == labelIgnored && len(whole) < 6) {
					for len(v.spelled) <= len(whole) {
						v.spelled = append(v.spelled, nil)
					}
					v.spelled[len(whole)] = append(v.spelled[len(whole)], spelling{whole, letterSet(whole), f})
				}
				v.labels[whole] = f
			}
		}
	}
	return v, nil
}

// matchAt returns how many tokens from i on a phrase covers; 0 where it does not match.
func matchAt(ts []token, i int, p []string) int {
	at := i
	for k := 0; k < len(p); k++ {
		if p[k] == gap {
			for skip := 0; skip <= gapWords && at+skip < len(ts); skip++ {
				if n := matchAt(ts, at+skip, p[k+1:]); n > 0 {
					return at + skip + n - i
				}
			}
			return 0
		}
		if at >= len(ts) || ts[at].w != p[k] && !(strings.HasSuffix(p[k], star) && strings.HasPrefix(ts[at].w, p[k][:len(p[k])-1])) {
			return 0
		}
		at++
	}
	return at - i
}

// clip bounds the work on one line or sentence: what is longer is no label, no
// greeting and no request that a person wrote.
func clip(s string) string {
	const longest = 3000
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "")
}

// find returns the first place, and there the longest match, of a section's
// phrase among tokens from i on.
func (v *vocabulary) find(name string, ts []token, i int) (at, n int) {
	s := v.sections[name]
	for ; i < len(ts); i++ {
		if best := s.at(ts, i); best > 0 {
			return i, best
		}
	}
	return -1, 0
}

// has says whether the whole text is a phrase of the section.
func (v *vocabulary) has(name, text string) bool {
	s := v.sections[name]
	if len(text) > 200 || !s.begins(firstWord(text)) {
		return false
	}
	var room [fewTokens]token
	ts := appendTokens(room[:0], text)
	var phrase [200]byte
	return s.whole[string(appendJoined(phrase[:0], ts))] || len(s.stars) > 0 && s.at(ts, 0) == len(ts)
}

// contains says whether a phrase of the section stands in the text.
func (v *vocabulary) contains(name, text string) bool {
	var room [fewTokens]token
	at, _ := v.find(name, appendTokens(room[:0], clip(text)), 0)
	return at >= 0
}

// begins says whether the text begins with a phrase of the section.
func (v *vocabulary) begins(name, text string) bool {
	_, ok := v.after(name, text)
	return ok
}

// after returns what follows a phrase of the section at the text's beginning.
func (v *vocabulary) after(name, text string) (string, bool) {
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "")
	}
	s := v.sections[name]
	if !s.begins(firstWord(text)) {
		return "", false
	}
	var room [fewTokens]token
	ts := appendTokens(room[:0], text)
	if len(ts) == 0 {
		return "", false
	}
	best := s.at(ts, 0)
	if best == 0 {
		return "", false
	}
	if best == len(ts) {
		return "", true
	}
	return strings.TrimSpace(text[ts[best].from:]), true
}

// label says whether a line begins with a label of the header block that mail
// programs set above history; from is for its first line.
func (v *vocabulary) label(name, text string, from bool) bool {
	text = strings.Trim(strings.TrimSpace(text), "*")
	colon := strings.IndexAny(text, ":：")
	if colon <= 0 || colon > 30 {
		return false
	}
	if from {
		name += " from"
	}
	return v.has(name, text[:colon])
}
