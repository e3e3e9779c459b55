package intake

import (
	"fmt"
	"slices"
	"strings"
)

// wordID is a word of the data files by its number; 0 is any word that they do not
// hold. In a phrase, anyWords stands for a gap, and what is below for a word with a
// star.
type wordID int32

const anyWords wordID = -1

// classWords and below stands for one of several words.
const classWords wordID = -1 << 24

// gap stands for "…" in a phrase: up to six words.
const gap, gapWords = "…", 6

// star at the end of a word stands for any ending.
const star = "*"

// facts are what the data files say of a single word, letters and digits alone
// (foldLetters).
type facts uint32

const (
	wordGiven facts = 1 << iota
	wordAmbiguous
	wordOrganisation
	wordLegalForm
	wordTitle
	wordRole
	wordNoName
	wordMailbox
	wordYour
	wordConjunction
	wordSparing
	wordNot
	wordFollower
	wordNumber
	wordPointer
	wordPlural
	wordLast
	wordNotLast
	wordOthers
	wordEverybody
	wordBoth
	wordModal
	wordSurname
	wordSpoken
	// What a word of a mail is taken for besides, by its spelling too.
	looksGiven
	looksNoName
	looksTitle
	looksForm
	beginsName // may be the first word of a name,
	insideName // or a further one,
	joinsName  // or stand between them
	tooSmall   // to be a name alone
)

// factSections are the sections of which single words are looked up.
var factSections = map[string]facts{
	"given name": wordGiven, "given name ambiguous": wordAmbiguous, "organisation word": wordOrganisation, "legal form": wordLegalForm,
	"person title": wordTitle, "role": wordRole, "no name": wordNoName, "generic mailbox": wordMailbox, "your": wordYour,
	"conjunction": wordConjunction, "sparing": wordSparing, "not": wordNot, "list follower": wordFollower, "number": wordNumber,
	"pointer": wordPointer, "plural": wordPlural, "last": wordLast, "not last": wordNotLast, "others": wordOthers,
	"everybody": wordEverybody, "both": wordBoth, "modal": wordModal, "surname too": wordSurname, "spoken sign": wordSpoken,
}

// sectionSet is a set of sections by their ids.
type sectionSet [4]uint64

func (s *sectionSet) add(id int)      { s[id/64] |= 1 << (id % 64) }
func (s *sectionSet) has(id int) bool { return s[id/64]&(1<<(id%64)) != 0 }
func (s *sectionSet) unite(o *sectionSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

// entry is a word of the data files, or a stem: the first letters of words with a
// star.
type entry struct {
	at       uint32     // where it stands in the vocabulary's letters
	size     uint32     // in bytes
	begins   sectionSet // the sections with a phrase that begins with it
	from, to uint32     // those phrases
	facts    facts
	stem     wordID
	ordinal  uint8 // 1 for "first", where it is one
	number   uint8 // 1 for "one"
}

// phrase is a phrase of a section, without its text.
type phrase struct {
	section  int32
	from, to uint32 // in the vocabulary's bodies
}

// vocabulary is the data files, read. Each word has a number, and each word of a
// text is looked up once, when the text is cut; what is asked about it afterwards
// compares numbers. Nothing in it but a few dozen sections and the labels has a
// pointer, so that it costs the garbage collector nothing.
type vocabulary struct {
	sections map[string]*section
	index    [512]*section // the same, for named
	letters  []byte
	entries  []entry
	slots    []uint32               // a hash table: tag and number of a word, or 0
	starts   [26 * 26 * 26 / 8]byte // which stems there are, of three ASCII letters
	phrases  []phrase
	bodies   []wordID
	stars    []string // the words with a star, without it
	classes  [][]wordID
	// labels is the sections of labels, labelOf the field of each.
	labels  sectionSet
	labelOf map[int32]labelField
	cues    sectionSet
	// spelled holds the labels long enough for typos, by their length in bytes.
	spelled [][]spelling
}

// section is one section of the data files.
type section struct {
	v    *vocabulary
	id   int
	name string
}

// named is the section of a name. Every question about a text begins here, so that it
// is found without hashing the whole name.
func (v *vocabulary) named(name string) *section {
	for i := place(name); v.index[i] != nil; i = (i + 1) % len(v.index) {
		if v.index[i].name == name {
			return v.index[i]
		}
	}
	return nil
}

// place is where named begins to look.
func place(name string) int {
	n := len(name)
	return (n*67 + int(name[0])*31 + int(name[n/2])*17 + int(name[n-1])*5) % len(vocabulary{}.index)
}

const (
	tagShift = 20 // the bits of a slot below are a word's number
	tagMask  = 1<<tagShift - 1
)

// hash is FNV-1a, going on from h.
func hash(h uint32, w string) uint32 {
	for i := 0; i < len(w); i++ {
		h = (h ^ uint32(w[i])) * 16777619
	}
	return h
}

const hashBasis = 2166136261

// spread mixes the upper bits in, of which the table's index would see little.
func spread(h uint32) uint32 { return h ^ h>>15 }

// id is a word's number, 0 if the data files do not hold it.
func (v *vocabulary) id(w string) wordID { return v.search(spread(hash(hashBasis, w)), w, "") }

// stemID is the number of a word's stem, 0 where no phrase begins with a word with
// a star that has it.
func (v *vocabulary) stemID(w string) wordID {
	if at, ok := threeLetters(w); ok && v.starts[at/8]&(1<<(at%8)) == 0 {
		return 0
	}
	s := stem(w)
	return v.search(spread(hash(hash(hashBasis, s), star)), s, star)
}

// threeLetters is the place of a word's first three letters among all that there are;
// ok is false where one of them is no small ASCII letter.
func threeLetters(w string) (at int, ok bool) {
	if len(w) < 3 {
		return 0, false
	}
	a, b, c := w[0]-'a', w[1]-'a', w[2]-'a'
	return (int(a)*26+int(b))*26 + int(c), a < 26 && b < 26 && c < 26
}

// search finds the word that w and its end make.
func (v *vocabulary) search(h uint32, w, end string) wordID {
	mask := uint32(len(v.slots) - 1)
	for i := h & mask; v.slots[i] != 0; i = (i + 1) & mask {
		if v.slots[i]>>tagShift != h>>tagShift {
			continue
		}
		id := v.slots[i] & tagMask
		e := &v.entries[id]
		if text := v.letters[e.at : e.at+e.size]; len(text) == len(w)+len(end) && string(text[:len(w)]) == w && string(text[len(w):]) == end {
			return wordID(id)
		}
	}
	return 0
}

// intern is id for a word that may be new.
func (v *vocabulary) intern(w string) wordID {
	if id := v.id(w); id != 0 {
		return id
	}
	v.entries = append(v.entries, entry{at: uint32(len(v.letters)), size: uint32(len(w))})
	v.letters = append(v.letters, w...)
	id := len(v.entries) - 1
	h, mask := spread(hash(hashBasis, w)), uint32(len(v.slots)-1)
	i := h & mask
	for v.slots[i] != 0 {
		i = (i + 1) & mask
	}
	v.slots[i] = h>>tagShift<<tagShift | uint32(id)
	return wordID(id)
}

// entry is what is known of a word.
func (v *vocabulary) entry(id wordID) *entry { return &v.entries[id] }

// facts are those of a word as written.
func (v *vocabulary) facts(w string) facts { return v.entry(v.id(foldLetters(w))).facts }

// is says whether a word as written has one of the facts.
func (v *vocabulary) is(f facts, w string) bool { return v.facts(w)&f != 0 }

// ordinal is the place that a word names, as in "second"; 0 for any other word.
func (v *vocabulary) ordinal(w string) int { return int(v.entry(v.id(w)).ordinal) }

// appendTokens is tokens into a slice that the caller has.
func (v *vocabulary) appendTokens(out []token, s string) []token {
	n := len(out)
	out = appendWords(out, s)
	for i := n; i < len(out); i++ {
		v.number(&out[i])
	}
	return out
}

func (v *vocabulary) number(t *token) {
	if t.id = v.id(t.w); t.id != 0 {
		t.stem = v.entries[t.id].stem
	} else {
		t.stem = v.stemID(t.w)
	}
}

// first is the first word of a text; the zero token where there is none.
func (v *vocabulary) first(s string) token {
	t, _ := nextToken(s, 0)
	v.number(&t)
	return t
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

func mustWords(file string) *vocabulary {
	v, err := parseWords(file)
	if err != nil {
		panic(err) // the file is embedded; TestSections reads it too
	}
	return v
}

// parseWords reads the data files. Its errors name the line.
func parseWords(file string) (*vocabulary, error) {
	size := 64
	for size < 3*strings.Count(file, ",") {
		size *= 2
	}
	v := &vocabulary{sections: map[string]*section{}, slots: make([]uint32, size), entries: make([]entry, 1, size/3), labelOf: map[int32]labelField{}}
	labels := map[string]labelField{}
	var s *section
	var firsts []wordID // the first word of each phrase, or its stem
	var fact facts
	name, n := "", 0
	for l := range strings.SplitSeq(file, "\n") {
		n++
		l = strings.TrimSpace(l)
		switch {
		case l == "" || strings.HasPrefix(l, "#"):
			continue
		case strings.HasPrefix(l, "["):
			name = strings.Trim(l, "[]")
			if name == "" {
				return nil, fmt.Errorf("words.txt:%d: a section without a name", n)
			}
			if v.sections[name] != nil {
				return nil, fmt.Errorf("words.txt:%d: section [%s] stands twice", n, name)
			}
			if len(v.sections) == 64*len(sectionSet{}) {
				return nil, fmt.Errorf("words.txt:%d: too many sections for a sectionSet", n)
			}
			s = &section{v: v, id: len(v.sections), name: name}
			v.sections[name] = s
			at := place(name)
			for v.index[at] != nil {
				at = (at + 1) % len(v.index)
			}
			v.index[at] = s
			fact = factSections[name]
			if field, ok := strings.CutPrefix(name, "label "); ok {
				v.labels.add(s.id)
				v.labelOf[int32(s.id)] = labelField(field)
			}
			if strings.HasPrefix(name, "cue ") {
				v.cues.add(s.id)
			}
			continue
		}
		if isASCII(l) {
			l = strings.ToLower(l) // once for all its words
		}
		_, list, ok := strings.Cut(l, ":")
		if !ok || s == nil {
			return nil, fmt.Errorf("words.txt:%d: want \"language: phrase, phrase\" below a [section]", n)
		}
		place := uint8(0)
		for written := range strings.SplitSeq(list, ",") {
			place++
			texts, err := alternatives(strings.TrimSpace(written))
			if err != nil {
				return nil, fmt.Errorf("words.txt:%d: %w", n, err)
			}
			if (fact != 0 || v.labelOf[int32(s.id)] != "") && strings.Contains(written, "{") {
				return nil, fmt.Errorf("words.txt:%d: [%s] holds no alternatives", n, name)
			}
			for _, text := range texts {
				switch {
				case name == "ordinal":
					v.entry(v.intern(foldLetters(text))).ordinal = place
				case name == "cardinal":
					v.entry(v.intern(foldLetters(text))).number = place
				case fact != 0:
					v.entry(v.intern(foldLetters(text))).facts |= fact
				}
				p, begins := v.phrase(text)
				p.section = int32(s.id)
				if p.from == p.to || v.bodies[p.from] == anyWords || v.bodies[p.to-1] == anyWords {
					return nil, fmt.Errorf("words.txt:%d: a phrase of [%s] has no words at its ends: %q", n, name, text)
				}
				for _, first := range begins {
					v.phrases, firsts = append(v.phrases, p), append(firsts, first)
				}
				if f := v.labelOf[p.section]; f != "" {
					if err := v.spell(labels, text, f); err != nil {
						return nil, fmt.Errorf("words.txt:%d: %w", n, err)
					}
				}
			}
		}
	}
	v.sort(firsts)
	return v, nil
}

// phrase puts the words of a phrase among the bodies. It begins with each of the
// firsts: a word or, where that has a star, its stem.
func (v *vocabulary) phrase(text string) (p phrase, firsts []wordID) {
	p.from = uint32(len(v.bodies))
	put := func(w, first wordID) {
		if uint32(len(v.bodies)) == p.from {
			firsts = append(firsts, first)
		}
		v.bodies = append(v.bodies, w)
	}
	for rest, more := text, true; more; {
		if len(rest) < len(text) {
			v.bodies = append(v.bodies, anyWords)
		}
		var piece string
		piece, rest, more = strings.Cut(rest, gap)
		for open := true; open; {
			var plain, inner string
			plain, piece, open = strings.Cut(piece, "{")
			v.words(plain, put)
			if !open {
				break
			}
			inner, piece, _ = strings.Cut(piece, "}")
			var class []wordID
			v.words(strings.ReplaceAll(inner, "|", " "), func(w, first wordID) {
				class = append(class, w)
				if uint32(len(v.bodies)) == p.from {
					firsts = append(firsts, first)
				}
			})
			v.bodies = append(v.bodies, classWords-wordID(len(v.classes)))
			v.classes = append(v.classes, class)
		}
	}
	p.to = uint32(len(v.bodies))
	return p, firsts
}

// words numbers the words of a text, each with what phrases that begin with it are
// found by.
func (v *vocabulary) words(text string, put func(w, first wordID)) {
	var room [fewTokens]token
	for _, t := range appendWords(room[:0], text) {
		if t.to < len(text) && text[t.to:t.to+1] == star {
			if at, ok := threeLetters(t.w); ok {
				v.starts[at/8] |= 1 << (at % 8)
			}
			v.stars = append(v.stars, t.w)
			put(anyWords-wordID(len(v.stars)), v.intern(stem(t.w)+star))
			continue
		}
		w := v.intern(t.w)
		put(w, w)
	}
}

// spell keeps a label for the search with typos. A label of two fields is an error.
func (v *vocabulary) spell(labels map[string]labelField, text string, f labelField) error {
	whole := fold(text)
	old, dup := labels[whole]
	if dup && old != f {
		return fmt.Errorf("%q is a label of %s and of %s", whole, old, f)
	}
	labels[whole] = f
	if dup || len(whole) < 5 || len(whole) >= 64 || f == labelIgnored && len(whole) < 6 {
		return nil
	}
	for len(v.spelled) <= len(whole) {
		v.spelled = append(v.spelled, nil)
	}
	v.spelled[len(whole)] = append(v.spelled[len(whole)], spelling{whole, letterSet(whole), f})
	return nil
}

// alternatives writes the phrases out that "no {need|use} to {hold on to|keep|}"
// makes: those of several words or none; single words stay together.
func alternatives(text string) ([]string, error) {
	const most = 64 // an entry that makes more is a slip
	head, rest, ok := strings.Cut(text, "{")
	if !ok {
		if strings.ContainsAny(text, "|}") {
			return nil, fmt.Errorf("alternatives stand in braces, as in \"{day|days} more\": %q", text)
		}
		return []string{text}, nil
	}
	inner, tail, ok := strings.Cut(rest, "}")
	if !ok || strings.Contains(inner, "{") {
		return nil, fmt.Errorf("a brace is not closed: %q", text)
	}
	tails, err := alternatives(tail)
	if err != nil {
		return nil, err
	}
	var several, single []string
	var room [fewTokens]token
	for a := range strings.SplitSeq(inner, "|") {
		if len(appendWords(room[:0], a)) == 1 && !strings.Contains(a, gap) {
			single = append(single, a)
		} else {
			several = append(several, a)
		}
	}
	if len(single) > 0 {
		several = append(several, "{"+strings.Join(single, "|")+"}")
	}
	var out []string
	for _, a := range several {
		for _, t := range tails {
			out = append(out, head+a+t)
		}
	}
	if len(out) > most {
		return nil, fmt.Errorf("%d phrases in one: %q", len(out), text)
	}
	return out, nil
}

// sort puts the phrases in the order of their first words, and of their sections
// under each.
func (v *vocabulary) sort(firsts []wordID) {
	for i, first := range firsts {
		e := v.entry(first)
		e.to++
		e.begins.add(int(v.phrases[i].section))
	}
	end := uint32(0)
	for i := range v.entries {
		e := &v.entries[i]
		e.from, e.to, end = end, end, end+e.to
	}
	sorted := make([]phrase, len(v.phrases))
	for i, first := range firsts {
		e := v.entry(first)
		sorted[e.to] = v.phrases[i]
		e.to++
	}
	v.phrases = sorted
	for i := range v.entries {
		e := &v.entries[i]
		e.stem = v.stemID(string(v.letters[e.at : e.at+e.size]))
	}
}

// of are the phrases of a section among those of a word or stem.
func (v *vocabulary) of(id wordID, section int) []phrase {
	e := &v.entries[id]
	if !e.begins.has(section) {
		return nil
	}
	all := v.phrases[e.from:e.to]
	from := 0
	if len(all) > 16 {
		for lo, hi := 0, len(all); lo < hi; {
			if mid := (lo + hi) / 2; all[mid].section < int32(section) {
				lo, from = mid+1, mid+1
			} else {
				hi = mid
			}
		}
	}
	for all[from].section != int32(section) {
		from++
	}
	to := from + 1
	for to < len(all) && all[to].section == int32(section) {
		to++
	}
	return all[from:to]
}

// begins says whether a phrase of the section begins with a word: where none
// does, nothing of the text behind it need be looked at.
func (s *section) begins(t token) bool {
	return s.v.entries[t.id].begins.has(s.id) || s.v.entries[t.stem].begins.has(s.id)
}

// at returns how many tokens the longest phrase that begins at token i covers; 0
// where none does.
func (s *section) at(ts []token, i int) int {
	best := 0
	for _, id := range [2]wordID{ts[i].id, ts[i].stem} {
		for _, p := range s.v.of(id, s.id) {
			best = max(best, s.v.matchAt(ts, i, s.v.bodies[p.from:p.to]))
		}
	}
	return best
}

// gapped says whether the phrases that cover n tokens from i on do so over words
// that they do not name.
func (s *section) gapped(ts []token, i, n int) bool {
	over := false
	for _, id := range [2]wordID{ts[i].id, ts[i].stem} {
		for _, p := range s.v.of(id, s.id) {
			body := s.v.bodies[p.from:p.to]
			if s.v.matchAt(ts, i, body) != n {
				continue
			}
			if len(body) == n && !slices.Contains(body, anyWords) {
				return false
			}
			over = true
		}
	}
	return over
}

// matchAt returns how many tokens from i on a phrase covers; 0 where it does not match.
func (v *vocabulary) matchAt(ts []token, i int, p []wordID) int {
	at := i
	for k, id := range p {
		if id == anyWords {
			for skip := 0; skip <= gapWords && at+skip < len(ts); skip++ {
				if n := v.matchAt(ts, at+skip, p[k+1:]); n > 0 {
					return at + skip + n - i
				}
			}
			return 0
		}
		if at >= len(ts) || ts[at].id != id && (id > 0 || !v.covers(id, ts[at])) {
			return 0
		}
		at++
	}
	return at - i
}

// covers says whether a word is one of a class, or begins as one with a star does.
func (v *vocabulary) covers(id wordID, t token) bool {
	if id > classWords {
		return strings.HasPrefix(t.w, v.stars[anyWords-id-1])
	}
	for _, w := range v.classes[classWords-id] {
		if w == t.id && w != 0 || w < 0 && v.covers(w, t) {
			return true
		}
	}
	return false
}

// field is that of the label that a text is as a whole; "" for any other.
func (v *vocabulary) field(ts []token) labelField {
	if len(ts) == 0 {
		return ""
	}
	e := v.entry(ts[0].id)
	for i, set := range e.begins {
		if set&v.labels[i] == 0 {
			continue
		}
		for _, p := range v.phrases[e.from:e.to] {
			if v.labels.has(int(p.section)) && int(p.to-p.from) == len(ts) && v.matchAt(ts, 0, v.bodies[p.from:p.to]) == len(ts) {
				return v.labelOf[p.section]
			}
		}
	}
	return ""
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
	s := v.named(name)
	for ; i < len(ts); i++ {
		if best := s.at(ts, i); best > 0 {
			return i, best
		}
	}
	return -1, 0
}

// has says whether the whole text is a phrase of the section.
func (v *vocabulary) has(name, text string) bool {
	s := v.named(name)
	if len(text) > 200 || !s.begins(v.first(text)) {
		return false
	}
	var room [fewTokens]token
	return s.covers(v.appendTokens(room[:0], text))
}

// covers says whether the words as a whole are a phrase of the section.
func (s *section) covers(ts []token) bool { return len(ts) > 0 && s.at(ts, 0) == len(ts) }

// contains says whether a phrase of the section stands in the text.
func (v *vocabulary) contains(name, text string) bool {
	var room [fewTokens]token
	at, _ := v.find(name, v.appendTokens(room[:0], clip(text)), 0)
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
	s := v.named(name)
	if !s.begins(v.first(text)) {
		return "", false
	}
	var room [fewTokens]token
	ts := v.appendTokens(room[:0], text)
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
	colon := strings.IndexByte(text, ':')
	if wide := strings.Index(text, "："); wide >= 0 && (colon < 0 || wide < colon) {
		colon = wide
	}
	if colon <= 0 || colon > 30 {
		return false
	}
	if from {
		name += " from"
	}
	return v.has(name, text[:colon])
}
