package intake

import (
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"leadmail/rules"
)

// What a mail asks to be done with registrations that exist is read clause by
// clause: each clause has verbs, objects, both or one. A clause with both binds
// them; objects alone go with the verb before them, or wait for the one behind
// ("R-7K4Q2M runs out on Friday, please renew it"); a verb alone takes the objects
// that wait, else what the last sentence spoke of.

// object is something that can be renewed or withdrawn.
type object struct {
	ref  string // as rules.Item has it
	from int    // lexeme
	to   int
}

// deed is a verb of a clause.
type deed struct {
	verb     rules.Verb
	from, to int // lexemes
	end      int // of all its words, where others stand between them
	denied   bool
	keep     bool // "keep": a renewal only where something is about to end
}

// stretch is one clause.
type stretch struct {
	from, to int
	deeds    []deed
	objects  []object
	spares   bool
}

// listed is an entry of the list that our mail below holds.
type listed struct {
	n    int
	ref  rules.Reference
	name string
}

// ourList reads the entries of the list in the mail of ours that is quoted below.
func (p *parser) ourList() []listed {
	var out []listed
	for _, l := range p.v {
		if l.zone != quoted || len(out) > 200 {
			continue
		}
		t := strings.TrimSpace(l.text)
		n := 0
		if b := bullet(t); b > 0 {
			for _, r := range t[:b] {
				if unicode.IsDigit(r) {
					n = n*10 + int(r-'0')
				}
			}
			t = t[b:]
		}
		refs := references(t)
		if len(refs) != 1 || refs[0].from > 12 && n == 0 || len(strings.Fields(t[:refs[0].from])) > 8 {
			continue
		}
		name := strings.TrimSpace(t[refs[0].to:])
		if len(strings.Fields(t[:refs[0].from])) > 0 && refs[0].from > 3 {
			name = strings.Trim(t[:refs[0].from], " :–-(,")
		}
		for _, cut := range []string{"  ", ", ", "\t", " (", " – ", " - ", ": "} {
			name = before(strings.TrimLeft(name, " :–-(),"), cut)
		}
		// "Kuanza Agro Lda until 2026-09-21"
		if i := strings.IndexFunc(name, unicode.IsDigit); i > 3 {
			words := strings.Fields(name[:i])
			for len(words) > 1 && unicode.IsLower([]rune(words[len(words)-1])[0]) {
				words = words[:len(words)-1]
			}
			name = strings.Join(words, " ")
		}
		out = append(out, listed{n, refs[0].ref, strings.TrimSpace(name)})
	}
	return out
}

// parts cuts a sentence into clauses with their verbs and objects.
func (p *parser) parts(n int) []stretch {
	s := &p.sentences[n]
	ls := s.ls
	deeds := p.deeds(s)
	objects := p.objectsIn(n, deeds)
	inside := make([]bool, len(ls)+1)
	for _, o := range objects {
		for k := o.from; k < o.to; k++ {
			inside[k] = true
		}
	}
	for _, d := range deeds {
		for k := d.from + 1; k < d.to; k++ {
			inside[k] = true
		}
	}
	var out []stretch
	cur := stretch{from: 0}
	end := func(i int) {
		cur.to = i
		for _, d := range deeds {
			if d.from >= cur.from && d.from < i {
				cur.deeds = append(cur.deeds, d)
			}
		}
		for _, o := range objects {
			if o.from >= cur.from && o.from < i {
				cur.objects = append(cur.objects, o)
			}
		}
		cur.spares = spared(ls[cur.from:i], deeds, cur.from) || i > cur.from && s.lapsesIn(ls[cur.from].from, ls[i-1].to)
		if i > cur.from {
			out = append(out, cur)
		}
		cur = stretch{from: i}
	}
	for i, l := range ls {
		if inside[i] {
			continue
		}
		if l.kind == lexMark && strings.Contains(",;:—–(", l.text) || l.kind == lexMark && l.text == "-" && i > 0 && l.from > ls[i-1].to || l.kind == lexWord && l.is(wordConjunction) && !(l.fold == "a" && i > 0 && p.covered(deeds, i-1)) {
			end(i) // but "Rinunciamo a Acme", "nous renonçons à Acme"
		}
	}
	end(len(ls))
	return out
}

// lapses says whether a sentence lets something run out: "let it lapse", and neither
// "don't let it lapse" nor "let go of it".
func (s *sentence) lapses() bool { return s.lapsesIn(0, len(s.text)) }

// lapsesIn is lapses for the stretch of the sentence between two bytes.
func (s *sentence) lapsesIn(from, to int) bool {
	toks := s.tokens()
	for at, n := s.scanned().find("lapse", 0); at >= 0; at, n = s.scanned().find("lapse", at+n) {
		if toks[at].from < from || toks[at+n-1].to > to {
			continue
		}
		if at > 0 && words.is(wordNot, toks[at-1].w) || at+n < len(toks) && toks[at+n].w == "of" {
			continue
		}
		return true
	}
	return false
}

// spared says whether a clause, whose first lexeme is from, excepts what it names.
// A verb's own word does not: "don't let it expire", "do not need it any more".
func spared(ls []lexeme, deeds []deed, from int) bool {
	for k, l := range ls {
		if l.kind == lexWord && l.is(wordSparing) && !slices.ContainsFunc(deeds, func(d deed) bool {
			return !d.keep && (d.from == from+k || k > 0 && d.from == from+k-1 && d.end > from+k && auxiliaries[ls[k-1].fold])
		}) {
			return true
		}
	}
	return false
}

// deeds finds the verbs of a sentence.
func (p *parser) deeds(s *sentence) []deed {
	if !s.scanned().may("verb renew", "verb withdraw", "verb keep", "order withdraw") {
		return nil
	}
	toks := s.tokens()
	renew, withdraw, keeps := words.named("verb renew"), words.named("verb withdraw"), words.named("verb keep")
	var out []deed
	end := 0
	for i := 0; i < len(toks); {
		if i >= end {
			end = s.clauseEnd(toks, i)
		}
		clause := toks[:end] // no verb goes on behind a comma
		found, best := renew, renew.at(clause, i)
		for _, other := range [...]*section{withdraw, keeps} {
			if n := other.at(clause, i); n > best {
				found, best = other, n
			}
		}
		for k := i + 1; found == keeps && k < i+best; k++ {
			if n := renew.at(clause, k); k+n > i+best {
				found, i, best = renew, k, n // "want to keep Acme going"
			}
		}
		if found == renew && best > 0 && words.named("anew").at(clause, i) == best && p.bringsContact() {
			i += best
			continue
		}
		verb, keep := rules.VerbRenew, found == keeps
		if found == withdraw {
			verb = rules.VerbWithdraw
		}
		if best == 0 {
			if best = words.named("order withdraw").at(clause, i); best > 0 && p.orders(s, toks, i, best) {
				found, verb, keep = withdraw, rules.VerbWithdraw, false
			} else {
				i++
				continue
			}
		}
		from, to := lexemesAt(s.ls, toks[i].from, toks[i+best-1].to)
		last := to
		if found.gapped(toks, i, best) {
			_, to = lexemesAt(s.ls, toks[i].from, toks[i].to) // the object stands in the gap
		}
		d := deed{verb: verb, from: from, to: to, end: last, keep: keep, denied: p.deniedVerb(s, toks, i, best)}
		if s.ofOtherMatter(toks, i, i+best) {
			i += best
			continue
		}
		if n := len(out); n > 0 && out[n-1].verb == verb && out[n-1].keep == keep && d.from < out[n-1].to {
			i += best
			continue
		}
		out = append(out, d)
		i += best
	}
	return out
}

// clauseEnd is the token behind the stretch without a mark in which token i stands.
func (s *sentence) clauseEnd(toks []token, i int) int {
	for i++; i < len(toks) && !strings.ContainsAny(s.text[toks[i-1].to:toks[i].from], ",;:!?()–—"); i++ {
	}
	return i
}

// orders says whether a word of many meanings is an order: it begins its clause, and
// what it is about follows ("close Wickham Homes", "bin R-7K4Q2M").
func (p *parser) orders(s *sentence, toks []token, i, n int) bool {
	from, to := lexemesAt(s.ls, toks[i].from, toks[i+n-1].to)
	for to < len(s.ls) && s.ls[to].kind == lexWord && fillers[s.ls[to].fold] {
		to++
	}
	if to >= len(s.ls) || !(s.ls[to].kind == lexRef || s.ls[to].kind == lexWord && (s.ls[to].capital || s.ls[to].ordinal() > 0 || s.ls[to].is(wordNumber))) {
		return false
	}
	return p.imperative(s, deed{from: from, to: from + 1})
}

// ofOtherMatter says whether a verb, the words from i to end, is about nothing that is
// registered with us: "renew their licences", "cancel the demo", "the licence can be
// extended". What stands nearer and may be an object speaks against it.
func (s *sentence) ofOtherMatter(toks []token, i, end int) bool {
	if !s.scanned().may("other matter") {
		return false
	}
	other, mark := words.named("other matter"), func(a, b int) bool {
		return strings.ContainsAny(s.text[a:b], ",;.:!?()–—")
	}
	for k := end; k < len(toks) && k < end+4 && !mark(toks[k-1].to, toks[k].from); k++ {
		if other.at(toks, k) > 0 {
			return true
		}
		if upper(s.text[toks[k].from:]) {
			return false
		}
	}
	for k := i - 1; k >= 0 && k >= i-5 && !mark(toks[k].to, toks[k+1].from); k-- {
		if k > 0 && upper(s.text[toks[k].from:]) {
			return false
		}
		if n := other.at(toks, k); n > 0 && k+n <= i {
			return true
		}
	}
	return false
}

// upper says whether a text begins with a capital letter.
func upper(s string) bool { return strings.IndexFunc(s, unicode.IsUpper) == 0 }

// deniedVerb says whether a negation stands within three words before, or right
// behind, as in German and Dutch.
func (p *parser) deniedVerb(s *sentence, toks []token, i, n int) bool {
	for k := i - 1; k >= 0 && k >= i-4; k-- {
		if strings.ContainsAny(s.text[toks[k].to:toks[k+1].from], ",;.:!?()–—") {
			break
		}
		if words.is(wordNot, toks[k].w) || nothingWord[toks[k].w] {
			return true
		}
	}
	if s.says("undecided") {
		return true
	}
	if at, _ := s.scanned().find("nearly", 0); at >= 0 && at < i && i-at <= 8 && !strings.ContainsAny(s.text[toks[at].from:toks[i].from], ";.:!?()") {
		return true // "I was about to tell you to cancel R-7K4Q2M"
	}
	for k := i + n; k < len(toks) && k < i+n+3; k++ {
		if strings.ContainsAny(s.text[toks[k-1].to:toks[k].from], ",;.:!?()–—") {
			break
		}
		// "Eine Verlängerung ist nicht nötig."
		switch toks[k].w {
		case "nicht", "niet", "pas", "ikke", "inte", "not", "isn't", "unnecessary", "överflödig":
			return true
		}
		if nothingWord[toks[k].w] {
			return true
		}
	}
	return false
}

// nothingWord are the words for nothing: "nothing to withdraw this time".
var nothingWord = map[string]bool{"nothing": true, "none": true, "nichts": true, "rien": true, "nada": true, "niente": true, "nulla": true, "niets": true, "ingenting": true, "intet": true, "nic": true}

// objectsIn finds what a sentence can mean: references; where the new text has
// none, places in our list; companies, by name.
func (p *parser) objectsIn(n int, deeds []deed) []object {
	s := &p.sentences[n]
	ls := s.ls
	var out []object
	for i, l := range ls {
		if l.kind == lexRef {
			out = append(out, object{ref: l.val, from: i, to: i + 1})
		}
	}
	if len(out) > 0 {
		return p.beside(s, out, deeds)
	}
	if p.reply && !p.refsInText() {
		out = append(out, p.places(s)...)
	}
	taken := make([]bool, len(ls)+1)
	for _, d := range deeds {
		for k := d.from; k < d.to; k++ {
			taken[k] = true
		}
	}
	for _, o := range out {
		for k := o.from; k < o.to; k++ {
			taken[k] = true
		}
	}
	add := func(from, to int, name string) {
		if k := pastEntry(ls, from, to); k > from {
			from, name = k, strings.TrimRight(nameText(s, k, to), ".")+dotOf(s, to)
		}
		for k := from; k < to; k++ {
			if taken[k] {
				return
			}
		}
		for k := from; k < to; k++ {
			taken[k] = true
		}
		if rest, ok := words.after("before a name", name); ok && strings.IndexFunc(rest, unicode.IsUpper) == 0 {
			name = rest // "Das Thema Korken Lerch hat sich erledigt"
		}
		out = append(out, object{ref: "company:" + name, from: from, to: to})
	}
	// Names of our list, in full or by their first words.
	const longest = 14
	for _, r := range runs(ls) {
		for i := r[0]; i < r[1] && len(p.list) > 0; i++ {
			if l := &ls[i]; l.kind == lexWord && smallWord[l.fold] && (!l.capital || !p.listBegins(l.fold)) {
				continue // "in October and Strathglass Timber", "The Ashworth one"
			}
			for j := min(r[1], i+longest); j > i; j-- {
				if l := &ls[j-1]; l.kind == lexWord && !l.capital && (l.is(wordConjunction) || atWords[l.fold]) {
					continue
				}
				if p.inList(ls[i:j]) {
					add(i, j, nameText(s, i, j))
					break
				}
			}
		}
	}
	for _, b := range p.blocks {
		// What is registered here is new: "…, and add a lead: Acme Ltd, jane@acme.example".
		if b.seed != nil && b.seed.org != nil && b.Email != "" && b.seed.org.sent == n && b.seed.email != nil && b.seed.email.sent == n {
			for k := b.seed.org.from; k < b.seed.org.to; k++ {
				taken[k] = true
			}
		}
	}
	for _, m := range p.mentions {
		if m.sent == n && m.kind == anOrganisation && (!m.out || m.acted) {
			if to := p.wholeName(s, m, deeds); to > m.to {
				add(m.from, to, nameText(s, m.from, to))
				continue
			}
			add(m.from, m.to, m.text)
		}
	}
	entry := -1 // the first name that a word for a registration stands before
	if len(deeds) > 0 {
		// A name right behind a verb.
		for _, r := range runs(ls) {
			near := false
			for _, d := range deeds {
				near = near || r[0] >= d.to && r[0]-d.to <= 2
			}
			if taken[r[0]] {
				continue
			}
			from, to := p.bareName(s, r[0], r[1], deeds)
			if near && to > from && from == r[0] {
				add(from, to, strings.TrimRight(nameText(s, from, to), ".")+dotOf(s, to))
			} else if from, to = p.entryName(s, from, to, deeds); to > from && !taken[from] {
				if len(out) == 0 {
					entry = from
				}
				add(from, to, strings.TrimRight(nameText(s, from, to), ".")+dotOf(s, to))
			}
		}
		// "Acme Ltd and Blue Heron Studio": what goes on in a list of names.
		for _, r := range runs(ls) {
			k := r[0] - 1
			if k > 0 && ls[k].kind == lexWord && atWords[ls[k].fold] {
				k-- // "y de Acuaponía del Bajío"
			}
			if k < 1 || !(ls0(ls[k], ",") || ls[k].is(wordConjunction)) || !taken[k-1] {
				continue
			}
			if from, to := p.bareName(s, r[0], r[1], deeds); to > from && !taken[from] && from == r[0] {
				add(from, to, nameText(s, from, to))
			}
		}
		// "take Harrow Print and Selby Sails off": the second in one stretch.
		for _, r := range runs(ls) {
			for k := r[0] + 1; k+1 < r[1]; k++ {
				if !ls[k].is(wordConjunction) || ls[k].capital || !taken[k-1] || taken[k] || taken[k+1] {
					continue
				}
				if from, to := p.bareName(s, k+1, r[1], deeds); to > from && from == k+1 && to-from >= 2 {
					add(from, to, nameText(s, from, to))
				}
			}
		}
	}
	over := len(deeds) == 0 && s.says("over")
	if (len(deeds) > 0 || over || s.says("ending")) && (len(out) == 0 || entry >= 0) {
		for _, r := range runs(ls) {
			if p.opens(s, r, deeds) {
				continue
			}
			if entry >= 0 && (r[0] >= entry || taken[r[0]]) {
				break // only what stands before it can be another verb's
			}
			if over && len(out) > 0 {
				break // why it came to nothing is no company's name
			}
			if from, to := p.bareName(s, r[0], r[1], deeds); to > from {
				if name, st := readCompany(nameText(s, from, to)); st == usable {
					add(from, to, strings.TrimRight(name, ".")+dotOf(s, to))
				}
			}
		}
	}
	if len(deeds) > 0 && len(out) > 0 {
		// Each verb has its own: "Acme verlängern, Beta GmbH kann raus."
		for _, r := range runs(ls) {
			from, to := clauseAt(ls, r[0])
			if taken[r[0]] || p.opens(s, r, deeds) || !slices.ContainsFunc(deeds, func(d deed) bool { return !d.denied && from <= d.from && d.from < to }) || slices.ContainsFunc(out, func(o object) bool { return from <= o.from && o.from < to }) {
				continue
			}
			if a, b := p.bareName(s, r[0], r[1], deeds); b > a {
				if name, st := readCompany(nameText(s, a, b)); st == usable {
					add(a, b, strings.TrimRight(name, ".")+dotOf(s, b))
				}
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].from < out[j].from })
	return out
}

// clauseAt is the stretch between marks in which a lexeme stands.
func clauseAt(ls []lexeme, i int) (from, to int) {
	ends := func(l lexeme) bool { return l.kind == lexMark && strings.Contains(",;:—–(", l.text) }
	for from = i; from > 0 && !ends(ls[from-1]); from-- {
	}
	for to = i; to < len(ls) && !ends(ls[to]); to++ {
	}
	return from, to
}

// beside adds to the references of a sentence the names right behind a verb whose
// clause has no reference: "renew R-7K4Q2M and withdraw Acme Ltd".
func (p *parser) beside(s *sentence, refs []object, deeds []deed) []object {
	if len(deeds) < 2 {
		return refs
	}
	ls, out := s.ls, refs
	for _, d := range deeds {
		end := d.to
		near := false
		for end < len(ls) && !(ls[end].kind == lexMark && strings.Contains(",;:—–", ls[end].text)) {
			if ls[end].kind == lexRef {
				near = true
			}
			end++
			if end < len(ls) && p.covered(deeds, end) {
				break
			}
		}
		for k := d.from - 1; k >= 0 && !near && !p.covered(deeds, k) && !(ls[k].kind == lexMark && strings.Contains(",;:", ls[k].text)) && !ls[k].is(wordConjunction); k-- {
			near = ls[k].kind == lexRef // "R-7K4Q2M verlängern"
		}
		if near || d.denied {
			continue
		}
		for _, r := range runs(ls) {
			if r[0] < d.to || r[0] > d.to+2 || r[0] >= end {
				continue
			}
			from, to := p.bareName(s, r[0], r[1], deeds)
			if to <= from || from != r[0] {
				continue
			}
			told := false // "withdraw Acme Ltd (R-7K4Q2M)"
			for k := to; k < len(ls) && k <= to+2; k++ {
				told = told || ls[k].kind == lexRef
			}
			if name, st := readCompany(nameText(s, from, to)); st == usable && !told {
				out = append(out, object{ref: "company:" + strings.TrimRight(name, ".") + dotOf(s, to), from: from, to: to})
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].from < out[j].from })
	return out
}

// entryName is the name of which a registration is meant, where a verb stands before
// or right behind: "cancelar o registo da Corticeira Lezíria", "die Registrierung von
// Korken Lerch stornieren". Nothing but small words may stand between.
func (p *parser) entryName(s *sentence, from, to int, deeds []deed) (int, int) {
	ls := s.ls
	for from < to && (ls[from].isEntry() || !ls[from].capital && (atWords[ls[from].fold] || particles[ls[from].fold])) {
		from++
	}
	k := from - 1
	if to <= from || k < 0 || !ls[k].links() {
		return 0, 0
	}
	for k >= 0 && k > from-5 && ls[k].links() {
		k--
	}
	entry := k + 1
	for entry < from && !ls[entry].isEntry() {
		entry++
	}
	if entry == from {
		return 0, 0
	}
	for _, d := range deeds {
		if d.to > k && d.to <= entry || d.from >= to && d.from-to <= 3 && plainWords(ls[to:d.from]) {
			return from, to
		}
	}
	return 0, 0
}

// plainWords says whether lexemes are words without capitals: "invece", "bitte noch".
func plainWords(ls []lexeme) bool {
	return !slices.ContainsFunc(ls, func(l lexeme) bool { return l.kind != lexWord || l.capital || l.is(wordConjunction) })
}

// pastEntry is where a name begins behind a word for a registration that the stretch
// of capitals begins with: "L'enregistrement de Verrerie Lac", "von Lohmann Druck".
func pastEntry(ls []lexeme, from, to int) int {
	entry := from > 0 && ls[from-1].isEntry()
	k := from
	for k < to && (ls[k].isEntry() || entry && !ls[k].capital && (atWords[ls[k].fold] || particles[ls[k].fold] || smallWord[ls[k].fold])) {
		entry = entry || ls[k].isEntry()
		k++
	}
	if !entry || k == to {
		return from
	}
	return k
}

// isEntry says whether a word means a registration that exists, with an article that
// has lost its vowel or without: "l'enregistrement".
func (l lexeme) isEntry() bool {
	if l.kind != lexWord {
		return false
	}
	id := l.id
	if i := apostrophe(l.text); i == 1 {
		id = words.id(foldLetters(l.text[i:]))
	}
	return id != 0 && words.entry(id).begins.has(words.named("entry word").id)
}

// links says whether a word may stand between a verb and the name of which a
// registration is meant.
func (l lexeme) links() bool {
	return l.kind == lexWord && (l.isEntry() || smallWord[l.fold] || atWords[l.fold] || particles[l.fold] || fillers[l.fold] || l.is(wordPointer))
}

// subordinates are words behind which the one word before them is no name.
var subordinates = map[string]bool{"if": true, "when": true, "that": true, "than": true, "because": true, "wenn": true, "dass": true, "si": true, "que": true, "quand": true, "se": true, "als": true, "dat": true, "om": true}

// opens says whether a stretch of capitals is but the first word of a sentence: a
// verb in the first person right before another ("Solicitamos renovar …").
func (p *parser) opens(s *sentence, r [2]int, deeds []deed) bool {
	if r[0] != 0 || r[1] != 1 {
		return false
	}
	if len(s.ls) > 1 && s.ls[1].kind == lexWord && subordinates[s.ls[1].fold] {
		return true // "Easiest if I drop the chat here."
	}
	w := s.ls[0].fold
	for _, end := range []string{"mos", "ons", "iamo", "emo", "imo", "amy", "imy", "eme", "ime", "uji", "uje", "jemy", "nk", "unk"} {
		if strings.HasSuffix(w, end) && len(w) > len(end)+2 {
			for _, d := range deeds {
				if d.from == 1 {
					return true
				}
			}
		}
	}
	return false
}

// wholeName is where a company's name ends, which no address spells, beside a verb:
// at the end of its capitals ("Padaria Boa Vista").
func (p *parser) wholeName(s *sentence, m *mention, deeds []deed) int {
	if len(deeds) == 0 || s.ls[m.to-1].is(looksForm) {
		return 0
	}
	for _, r := range runs(s.ls) {
		if r[0] != m.from {
			continue
		}
		if from, to := p.bareName(s, r[0], r[1], deeds); from == m.from {
			for k := m.to; k < to; k++ {
				if s.ls[k].kind != lexWord || !s.ls[k].capital || s.ls[k].is(looksGiven) {
					return 0
				}
			}
			return to
		}
	}
	return 0
}

// dotOf gives a legal form its dot back.
func dotOf(s *sentence, to int) string {
	if l := s.ls[to-1]; strings.HasSuffix(l.text, ".") && !s.endsSentence(to) && !undotted[strings.ToLower(strings.TrimSuffix(l.text, "."))] {
		return "."
	}
	return ""
}

// refsInText says whether a reference stands in the new text.
func (p *parser) refsInText() bool {
	for i := range p.sentences {
		for _, l := range p.sentences[i].ls {
			if l.kind == lexRef {
				return true
			}
		}
	}
	return false
}

// listBegins says whether a name of our list begins with a word.
func (p *parser) listBegins(word string) bool {
	for _, e := range p.list {
		if f := strings.Fields(e.name); len(f) > 0 && foldLetters(f[0]) == word {
			return true
		}
	}
	return false
}

// inList says whether the words are a name of our list, or its beginning.
func (p *parser) inList(ls []lexeme) bool {
	var ws []string
	for _, l := range ls {
		if l.kind != lexWord {
			return false
		}
		ws = append(ws, l.text)
	}
	if len(ws) == 0 || smallWord[ls[0].fold] && len(ws) == 1 || len(ws) == 1 && ls[0].is(looksNoName) {
		return false
	}
	for _, e := range p.list {
		if e.name != "" && within(ws, strings.Fields(e.name)) {
			return true
		}
	}
	return false
}

// places finds "the second one", "#2", "number 3".
func (p *parser) places(s *sentence) []object {
	var out []object
	ls := s.ls
	numbers := len(p.list) == 0
	for i, l := range ls {
		n := 0
		switch {
		case l.kind != lexWord:
		case len(p.list) > 1 && l.is(wordLast) && i > 0 && ls[i-1].kind == lexWord && !ls[i-1].is(wordNotLast) && (i+1 == len(ls) || ls[i+1].kind != lexWord || ls[i+1].is(wordFollower) || p.isDeedAt(s, i+1)):
			n = len(p.list)
		case len(p.list) == 3 && l.fold == "middle":
			n = 2
		case l.ordinal() > 0:
			// "A second offer" is no place in a list.
			n = l.ordinal()
			if i+1 < len(ls) && strings.HasPrefix(ls[i+1].fold, "thought") {
				n = 0 // "on second thoughts"
			}
			if i > 0 && (ls[i-1].fold == "a" || ls[i-1].fold == "an" || ls[i-1].fold == "ein" || ls[i-1].fold == "eine" || ls[i-1].fold == "un" || ls[i-1].fold == "una" || ls[i-1].fold == "een") {
				n = 0
			}
			if i+1 < len(ls) && ls[i+1].kind == lexWord && !ls[i+1].is(wordFollower) && !p.isDeedAt(s, i+1) && !(len(p.list) > 1 && ls[i+1].is(looksNoName)) {
				n = 0
			}
		case l.number() > 0 && p.listsPlace(l.number()) && i > 0 && (ls[i-1].is(wordNumber) || ls[i-1].is(wordConjunction) && len(out) > 0 && out[len(out)-1].to == i-1 || ls0(ls[i-1], ",") && len(out) > 0 && out[len(out)-1].to == i-1) && !l.digit:
			n = l.number() // "numbers two and four"
		case l.digit && strings.Trim(l.text, "0123456789#.") == "" && len(l.text) <= 3:
			k := i - 1
			hash := strings.HasPrefix(l.text, "#") || k >= 0 && (ls0(ls[k], "#") || ls[k].kind == lexWord && ls[k].is(wordNumber))
			if hash || p.bareNumber(s, i, numbers) {
				n, _ = strconv.Atoi(strings.Trim(l.text, "#."))
			}
		}
		if n > 0 && n < 100 {
			out = append(out, object{ref: "ordinal:" + strconv.Itoa(n), from: i, to: i + 1})
		}
	}
	if n := s.pas.num; n > 0 && s.at == 0 && len(out) == 0 && p.listsPlace(n) && len(ls) <= 8 {
		out = append(out, object{ref: "ordinal:" + strconv.Itoa(n)}) // "2. please renew"
	}
	return out
}

// listsPlace says whether the numbered list in our mail below has the place.
func (p *parser) listsPlace(n int) bool {
	for i, e := range p.list {
		if e.n == n && i == n-1 {
			return true
		}
	}
	return false
}

// articles may stand before the number of a place: "le 2", "la 5".
var articles = map[string]bool{"the": true, "le": true, "la": true, "el": true, "il": true, "lo": true, "die": true, "der": true, "den": true, "das": true, "de": true, "het": true, "o": true, "a": true, "n": true}

// bareNumber says whether a number alone is a place in our list: it begins the
// sentence or goes on with such numbers, and no noun follows that it counts ("1, 2
// and 4 yes keep em", "3 can go"; not "2 weeks"). listed: whatever list that is, none
// being quoted.
func (p *parser) bareNumber(s *sentence, i int, listed bool) bool {
	ls, at := s.ls, i
	n, err := strconv.Atoi(strings.Trim(ls[i].text, "#."))
	if err != nil || !listed && !p.listsPlace(n) {
		return false
	}
	if i > 0 && !listed && articles[ls[i-1].fold] {
		i-- // "le 2 et le 5", "la 4"
	}
	if i > 0 {
		k := i - 1
		for k > 0 && (ls[k].is(wordConjunction) || ls0(ls[k], ",") || ls0(ls[k], "&") || ls0(ls[k], "+") || ls0(ls[k], "/")) {
			k--
		}
		first := k == i-1 && (p.isDeedAt(s, k) || i < at && p.covered(p.deeds(s), k) || ls[k].kind == lexMark && strings.Contains(":,;(–—", ls[k].text) || ls[k].is(wordEverybody) || k == 0 && words.contains("asking", ls[0].text))
		first = first || ls0(ls[i-1], ",") && k < i-1 && !ls[k].digit
		if !first && !(k < i-1 && ls[k].digit && (k > 0 && ls[k-1].is(wordNumber) || p.bareNumber(s, k, listed))) && !(k < i-1 && k == 0 && !ls[0].digit) {
			return false
		}
	}
	i = at
	if i+1 == len(ls) {
		return true
	}
	next := &ls[i+1]
	switch {
	case next.kind == lexMark:
		return !strings.Contains(".-", next.text) || i+2 == len(ls) || next.to == len(s.text)
	case next.is(wordConjunction), next.is(wordFollower), next.is(wordEverybody), p.isDeedAt(s, i+1), next.text == "&", next.text == "+":
		return true
	}
	return words.has("yes", next.text) || words.has("no", next.text) || words.contains("verb keep", next.text)
}

func (p *parser) isDeedAt(s *sentence, i int) bool {
	for _, d := range p.deeds(s) {
		if d.from == i {
			return true
		}
	}
	return false
}

// bareName trims a run of capitals to what may be a company's name that no
// address spells.
func (p *parser) bareName(s *sentence, from, to int, deeds []deed) (int, int) {
	ls := s.ls
	for from < to && (ls[from].is(looksNoName) && !(particles[ls[from].fold] && ls[from].capital && from+1 < to && ls[from+1].capital) || ls[from].is(looksTitle) || calendarWord(ls[from].text) || ls[from].digit || p.covered(deeds, from)) {
		from++
	}
	for to > from && (ls[to-1].is(looksNoName) && !ls[to-1].is(looksForm) && !ls[to-1].is(wordOrganisation) && !p.inside(s, from, to) || calendarWord(ls[to-1].text) || p.covered(deeds, to-1) || !ls[to-1].is(insideName)) {
		to--
	}
	for k := from; k < to; k++ {
		if p.covered(deeds, k) {
			return 0, 0
		}
	}
	if to <= from || p.ownName(nameText(s, from, to)) || !slices.ContainsFunc(ls[from:to], func(l lexeme) bool { return !l.digit && !articles[l.fold] && !smallWord[l.fold] }) {
		return 0, 0
	}
	if from == 0 && (to == 1 || strings.HasSuffix(s.text, "?") && ls[1].capital) && s.scanned().opens("asking") {
		if from++; from == to {
			return 0, 0 // "Könnt ihr die nochmal verlängern?"
		}
	}
	// A person stands for no registration: "Frau Ohlsen", "Giulia".
	if from > 0 && ls[from-1].is(looksTitle) || to-from <= 2 && ls[from].is(looksGiven) && !ls[to-1].is(looksForm) {
		return 0, 0
	}
	return from, to
}

// inside says whether the last word of a stretch, though a common one, goes on with
// the name before it: "Aceites del Sur", "Padaria Boa Vista".
func (p *parser) inside(s *sentence, from, to int) bool {
	l := &s.ls[to-1]
	if to-from < 2 || !l.capital || l.line {
		return false
	}
	for _, section := range []string{"thanks", "asking", "greeting", "closing", "yes", "no"} {
		if words.contains(section, l.text) {
			return false
		}
	}
	return s.ls[to-2].is(joinsName) || s.ls[to-2].is(insideName) && !s.ls[to-2].digit && !words.contains("thanks", s.ls[to-2].text)
}

func (p *parser) covered(deeds []deed, k int) bool {
	for _, d := range deeds {
		if k >= d.from && k < d.to {
			return true
		}
	}
	return false
}

// ending says whether this exchange is about registrations that end: then "keep"
// asks for a renewal.
func (p *parser) ending() bool {
	if words.contains("ending", p.m.Subject) {
		return true
	}
	n := 0
	for i, l := range p.v {
		if l.zone == quoted || l.isOwn() {
			if p.v.scan(i).says("ending") {
				return true
			}
			if n++; n > 200 {
				break
			}
		}
	}
	return false
}
