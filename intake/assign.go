package intake

import (
	"slices"
	"sort"
	"strings"

	"leadmail/rules"
)

// From mentions to prospects. Every mention is evidence: an address that spells a
// person's name belongs to that person wherever it stands; an organisation whose
// name a domain spells belongs to the address at that domain; only where nothing
// is spelled does nearness count, and only where one place is clearly nearer
// than any other. What stays open stays empty.

// seed is a prospect in the making: a person, or what stands for one.
type seed struct {
	person *mention
	org    *mention
	email  *mention
	site   *mention
	typ    *mention
	anchor *mention // what the seed grew from
	region int
}

func (s *seed) at() int { return s.anchor.pos }

// sites are the domains that speak for the seed.
func (s *seed) sites() []string {
	var out []string
	if s.email != nil && !isPublicMail(domainOf(s.email.text)) {
		out = append(out, siteName(domainOf(s.email.text)))
	}
	if s.site != nil {
		out = append(out, siteName(s.site.text))
	}
	return out
}

var builtin = rules.DefaultPolicy()

func isPublicMail(domain string) bool { return builtin.PublicMail(domain) }

// assignment groups the mentions of a text.
type assignment struct {
	p     *parser
	ss    []sentence
	ms    []*mention
	seeds []*seed
	// region numbers the entries of a list, by sentence: 0 for what stands before
	// and between, a number of its own for each entry.
	region []int
	listed bool
}

// assign makes prospects of the mentions of ss.
func (p *parser) assign(ss []sentence, ms []*mention) []*seed {
	a := &assignment{p: p, ss: ss, ms: ms}
	a.exclude()
	a.same()
	a.regions()
	a.grow()
	a.emails()
	a.organisations()
	a.websites()
	a.organisations() // those that only a website spells
	a.share()
	a.orphans()
	return a.seeds
}

func (a *assignment) each(kind mentionKind, f func(*mention)) {
	for _, m := range a.ms {
		if m.kind == kind && !m.out && m.of == nil {
			f(m)
		}
	}
}

// same finds second mentions: "Mikkel" of Mikkel Thorup, "Acme" of Acme Ltd. A
// last name that is told apart ("Rasmus' surname is Toftegaard", "(family name
// Nguyễn)") completes the name before it.
func (a *assignment) same() {
	for i, m := range a.ms {
		if m.kind != aPerson || !m.last || m.out {
			continue
		}
		for k := i - 1; k >= 0 && a.ms[k].sent == m.sent; k-- {
			o := a.ms[k]
			if o.kind != aPerson || o.out || o.last {
				continue
			}
			if within(m.words, o.words) && len(o.words) > len(m.words) {
				o.family = m.text
			} else if len(o.words) == 1 {
				o.words = append(o.words[:1:1], m.words...)
				o.text, o.family = o.text+" "+m.text, m.text
			} else {
				continue
			}
			m.of = o
			break
		}
	}
	a.whichName()
	for i, m := range a.ms {
		if m.kind != aPerson || m.of != nil || m.out || len(m.words) != 1 {
			continue
		}
		for k := i - 1; k >= 0 && k >= i-3 && a.ms[k].sent == m.sent; k-- {
			o := a.ms[k]
			if o.kind != aPerson || len(o.words) < 2 || !a.replaces(o, m) {
				continue
			}
			// "Marek Dvořák – no, wait, Dvořáček": the name, put right.
			last := o.words[len(o.words)-1]
			if x, y := foldLetters(last), foldLetters(m.words[0]); x != y && commonPrefix(x, y) >= 3 {
				o.words = append(append([]string(nil), o.words[:len(o.words)-1]...), m.words[0])
				o.text, o.family, m.of = strings.Join(o.words, " "), m.words[0], o
				break
			}
		}
	}
	a.respell()
	a.amend()
	a.again()
	for _, m := range a.ms {
		if m.of != nil || m.out || m.kind != aPerson && m.kind != anOrganisation {
			continue
		}
		for _, o := range a.ms {
			if o == m || o.kind != m.kind || o.of != nil {
				continue
			}
			if within(m.words, o.words) && (len(m.words) < len(o.words) || o.pos < m.pos) || o.family != "" && m.family == "" && m.text == o.family {
				m.of, m.out = o, o.out
				break
			}
		}
	}
}

// again finds addresses and websites that stand a second time.
func (a *assignment) again() {
	first := map[string]*mention{}
	for _, m := range a.ms {
		key := ""
		switch m.kind {
		case anEmail:
			key = "@" + strings.ToLower(m.text)
		case aSite:
			key = normURL(m.text)
		default:
			continue
		}
		o := first[key]
		switch {
		case o == nil && m.of == nil:
			first[key] = m
		case o != nil && m.of == nil && !m.out:
			m.of, m.out = o, o.out
		}
	}
}

// whichName reads what is said of one word of a whole name: "Nguyen Hung (Hung is
// the first name)", "Kovács Réka, Vorname Réka".
func (a *assignment) whichName() {
	for sent := range a.ss {
		s := &a.ss[sent]
		if !s.scanned().may("first name behind", "last name behind", "cue first name") {
			continue
		}
		for i, l := range s.ls {
			if l.kind != lexWord || !l.capital {
				continue
			}
			first := s.followed(i, "first name behind") || a.p.cueBefore(s, i, "cue first name")
			last := !first && s.followed(i, "last name behind")
			if !first && !last {
				continue
			}
			for k := len(a.ms) - 1; k >= 0; k-- {
				o := a.ms[k]
				if o.kind != aPerson || o.sent > sent || o.sent < sent-1 || len(o.words) < 2 || o.out {
					continue
				}
				if family, ok := without1(o.words, l.fold); ok {
					o.family = family
					if last {
						o.family = l.text
					}
					break
				}
			}
		}
	}
}

// followed says whether a phrase of the section stands right behind lexeme i.
func (s *sentence) followed(i int, section string) bool {
	toks := s.tokens()
	for at, t := range toks {
		if t.from >= s.ls[i].to {
			return words.named(section).at(toks, at) > 0 && len(strings.TrimSpace(s.text[s.ls[i].to:t.from])) <= 1
		}
	}
	return false
}

// without1 are the words of a name but one, if it is at either end.
func without1(names []string, fold string) (string, bool) {
	switch n := len(names) - 1; fold {
	case foldLetters(names[0]):
		return strings.Join(names[1:], " "), true
	case foldLetters(names[n]):
		return strings.Join(names[:n], " "), true
	}
	return "", false
}

// respell takes a last name as a later sentence spells it: "he writes himself
// Brathwaite, without the first i".
func (a *assignment) respell() {
	for sent := range a.ss {
		s := &a.ss[sent]
		if !s.says("spelling") {
			continue
		}
		for _, l := range s.ls {
			if l.kind != lexWord || !l.capital || len(l.fold) < 4 || strings.HasSuffix(l.text, "'s") || strings.HasSuffix(l.text, "’s") {
				continue
			}
			for _, o := range a.ms {
				if o.kind != aPerson || o.out || len(o.words) < 2 || o.sent > sent {
					continue
				}
				for k := len(o.words) - 1; k >= 0; k-- {
					x := foldLetters(o.words[k])
					if x == l.fold {
						break
					}
					if distance(x, l.fold, 2) > 2 {
						continue
					}
					family := k == len(o.words)-1
					o.words = slices.Clone(o.words)
					o.words[k] = l.text
					if o.text = strings.Join(o.words, " "); family {
						o.family = l.text
					}
					break
				}
			}
		}
	}
}

// amend takes a word of a name as a later sentence puts it right: "the surname is
// Parrish, not Parr", "sie heißt nicht Maier, sondern Mayer".
func (a *assignment) amend() {
	for sent := range a.ss {
		s := &a.ss[sent]
		for k, l := range s.ls {
			if l.kind != lexWord || !l.is(wordNot) || k+1 >= len(s.ls) || s.ls[k+1].kind != lexWord || !s.ls[k+1].capital {
				continue
			}
			wrong := s.ls[k+1]
			right, ok := s.insteadOf(k)
			if !ok || right.fold == wrong.fold {
				continue
			}
			told := distance(right.fold, wrong.fold, 3) <= 3 || commonPrefix(right.fold, wrong.fold) >= 3 || s.says("asks last name") || s.says("asks first name") || s.says("spelling")
			for _, o := range a.ms {
				if !told || o.kind != aPerson || o.out || o.of != nil || len(o.words) < 2 || o.sent > sent || o.sent == sent && o.to > k {
					continue
				}
				at := slices.IndexFunc(o.words, func(w string) bool { return foldLetters(w) == wrong.fold })
				if at < 0 {
					continue
				}
				family := o.family == o.words[at] || at == len(o.words)-1
				o.words = slices.Clone(o.words)
				o.words[at] = right.text
				if o.text = strings.Join(o.words, " "); family {
					o.family = right.text
				}
				for _, m := range a.ms {
					if m != o && m.kind == aPerson && m.sent == sent && len(m.words) == 1 && (foldLetters(m.words[0]) == wrong.fold || foldLetters(m.words[0]) == right.fold) {
						m.of = o
					}
				}
				break
			}
		}
	}
}

// butWords oppose what is right to what is wrong, and join nothing else.
var butWords = map[string]bool{"sino": true, "utan": true, "lecz": true, "tylko": true, "hanem": true, "vaan": true}

// insteadOf finds the capital word that takes the place of the one behind the "not"
// at lexeme k: "Parrish, not Parr", "not Parr but Parrish".
func (s *sentence) insteadOf(k int) (lexeme, bool) {
	i := k - 1
	for i >= 0 && (s.ls[i].kind == lexMark && strings.Contains(",(–—-", s.ls[i].text) || s.ls[i].kind == lexWord && s.ls[i].is(wordConjunction)) {
		i--
	}
	if i >= 0 && i < k-1 && s.ls[i].kind == lexWord && s.ls[i].capital && !s.ls[i].is(looksNoName) {
		return s.ls[i], true
	}
	i = k + 2
	for i < len(s.ls) && s.ls[i].kind == lexMark && s.ls[i].text == "," {
		i++
	}
	if i+1 < len(s.ls) && s.ls[i].kind == lexWord && (s.ls[i].is(wordConjunction) || butWords[s.ls[i].fold]) && s.ls[i+1].kind == lexWord && s.ls[i+1].capital && !s.ls[i+1].is(looksNoName) {
		return s.ls[i+1], true
	}
	return lexeme{}, false
}

// within says whether all words stand in the fuller name, in order.
func within(words, full []string) bool {
	k := 0
	for _, w := range words {
		f := foldLetters(w)
		if smallWord[f] {
			continue
		}
		for k < len(full) && foldLetters(full[k]) != f {
			k++
		}
		if k == len(full) {
			return false
		}
		k++
	}
	return len(words) > 0
}

// regions finds the entries of a list: two items or more that name somebody each.
func (a *assignment) regions() {
	a.region = make([]int, len(a.ss))
	rich := map[int]bool{} // passages
	items := map[int]bool{}
	for i := range a.ss {
		items[a.ss[i].pas.n] = a.ss[i].pas.item
	}
	// Entries with a contact of their own, or none has one.
	contacts := map[int]bool{}
	for _, m := range a.ms {
		if m.kind == aType || m.out {
			continue
		}
		pas := a.ss[m.sent].pas
		rich[pas.n] = true
		if pas.item && (m.kind == anEmail || m.kind == aPerson && m.of == nil) {
			contacts[pas.n] = true
		}
	}
	if len(contacts) == 1 {
		return // the points of one prospect
	}
	if len(contacts) > 1 {
		emails := 0
		for _, m := range a.ms {
			if m.kind == anEmail && !m.out && a.ss[m.sent].pas.item {
				emails++
			}
		}
		if emails == 1 && len(contacts) <= 2 {
			return
		}
	}
	n := 0
	for pas, item := range items {
		if item && rich[pas] {
			n++
		}
	}
	if n < 2 {
		return
	}
	a.listed = true
	count, last := 0, -1
	for i := range a.ss {
		pas := a.ss[i].pas
		if pas.item && rich[pas.n] {
			if pas.n != last {
				count++
				last = pas.n
			}
			a.region[i] = count
		}
	}
}

// grow plants a seed for every person; where an entry of a list, or the whole
// text, names none, for every address, and failing that for every organisation.
func (a *assignment) grow() {
	has := map[int]bool{}
	plant := func(m *mention) *seed {
		s := &seed{anchor: m, region: a.region[m.sent]}
		a.seeds = append(a.seeds, s)
		has[s.region] = true
		return s
	}
	a.each(aPerson, func(m *mention) { plant(m).person = m })
	people := map[int]int{}
	for _, s := range a.seeds {
		people[s.region]++
	}
	// In an entry, one person is the contact: the best supported.
	if a.listed {
		var kept []*seed
		best := map[int]*seed{}
		for _, s := range a.seeds {
			if b := best[s.region]; s.region > 0 && (b == nil || s.person.score > b.person.score+2) {
				best[s.region] = s
			}
		}
		for _, s := range a.seeds {
			if s.region == 0 || best[s.region] == s {
				kept = append(kept, s)
			}
		}
		a.seeds = kept
	}
	for _, kind := range []mentionKind{anEmail, anOrganisation, aSite} {
		full := map[int]bool{}
		for r := range has {
			full[r] = true
		}
		used := map[string]bool{}
		a.each(kind, func(m *mention) {
			r := a.region[m.sent]
			if full[r] || a.listed && r == 0 || !a.listed && len(full) > 0 {
				return
			}
			if kind == anEmail && used[m.site] && !isPublicMail(m.site) && a.listed {
				return
			}
			used[m.site] = true
			s := plant(m)
			switch kind {
			case anEmail:
				s.email = m
			case anOrganisation:
				s.org = m
			case aSite:
				s.site = m
			}
		})
	}
	sort.SliceStable(a.seeds, func(i, j int) bool { return a.seeds[i].at() < a.seeds[j].at() })
}

// near is how far a mention is from a seed: lexemes and sentences between, and
// other seeds on the way. Smaller is nearer.
func (a *assignment) near(s *seed, m *mention) int {
	if s.region != a.region[m.sent] {
		if s.region > 0 && a.region[m.sent] > 0 {
			return far
		}
		return far / 2
	}
	lo, hi := s.anchor, m
	if lo.pos > hi.pos {
		lo, hi = hi, lo
	}
	d := 0
	if lo.sent == hi.sent {
		d = hi.from - lo.to
	} else {
		d = len(a.ss[lo.sent].ls) - lo.to + hi.from + 6*(hi.sent-lo.sent)
		if a.ss[lo.sent].pas != a.ss[hi.sent].pas {
			d += 6
		}
	}
	for _, o := range a.seeds {
		if o != s && o.at() > lo.pos && o.at() < hi.pos {
			d += 30
		}
	}
	if m.pos < s.at() {
		d += 3 // what belongs to a name stands behind it
		if a.leads() {
			d -= 6
		}
	}
	return d
}

const far = 1000

// leads says whether this text names the organisation before the person: the
// first seed has one before it and none between it and the next.
func (a *assignment) leads() bool {
	if len(a.seeds) < 2 || a.seeds[0].person == nil {
		return false
	}
	first, second := a.seeds[0], a.seeds[1]
	before, between := false, false
	for _, m := range a.ms {
		if m.kind == anOrganisation && !m.out {
			before = before || m.pos < first.at() && m.sent == first.anchor.sent
			between = between || m.pos > first.at() && m.pos < second.at()
		}
	}
	last := a.seeds[len(a.seeds)-1]
	after := false
	for _, m := range a.ms {
		after = after || m.kind == anOrganisation && !m.out && m.pos > last.at() && m.sent == last.anchor.sent
	}
	return before && !after
}

// pair is a mention that may belong to a seed.
type pair struct {
	s    *seed
	m    *mention
	gain int
}

// settle gives mentions to seeds, the best supported first. A pair without
// support of its own counts only if no other seed is about as near.
func (a *assignment) settle(pairs []pair, has func(*seed) bool, put func(*seed, *mention), shared bool) {
	sort.SliceStable(pairs, func(i, j int) bool { return pairs[i].gain > pairs[j].gain })
	taken := map[*mention]bool{}
	for _, s := range a.seeds {
		for _, m := range []*mention{s.org, s.site, s.email} {
			if m != nil {
				taken[m] = true
			}
		}
	}
	for i, x := range pairs {
		if has(x.s) || taken[x.m] && !(shared && x.gain >= spelled100) {
			continue
		}
		if x.gain < spelled100 {
			// Nearness alone: is it clear?
			clear := true
			for _, y := range pairs[i+1:] {
				if y.m == x.m && !has(y.s) && y.s != x.s && x.gain-y.gain < 3 {
					clear = false
				}
			}
			if !clear || x.gain < -60 {
				continue
			}
		}
		put(x.s, x.m)
		taken[x.m] = true
	}
}

// spelled100 is what makes a pair certain: one spells the other.
const spelled100 = 100

func (a *assignment) emails() {
	var pairs []pair
	a.each(anEmail, func(m *mention) {
		for _, s := range a.seeds {
			if s.email != nil {
				continue
			}
			d := a.near(s, m)
			if d >= far/2 {
				continue
			}
			fit := 0
			if s.person != nil {
				fit = fitsLocal(s.person.words, before(m.text, "@"))
			}
			gain := -d
			switch {
			case fit >= fitPart-1:
				gain += spelled100 + 10*fit + 60
			case genericLocal(before(m.text, "@")):
				gain -= 20
			}
			a.each(aSite, func(o *mention) {
				if o.site == m.site {
					gain += 15
				}
			})
			a.each(anEmail, func(o *mention) {
				if o != m && a.replaces(o, m) && (fit > 0 || len(a.seeds) == 1 || a.near(s, o) < 30) {
					gain += 400
				} else if o != m && a.replaces(m, o) && (len(a.seeds) == 1 || a.near(s, o) < 30) {
					gain -= 400
				}
			})
			pairs = append(pairs, pair{s, m, gain})
		}
	})
	owned := map[*mention]bool{}
	a.settle(pairs, func(s *seed) bool { return s.email != nil }, func(s *seed, m *mention) {
		s.email = m
		owned[m] = true
	}, false)
	// Two addresses that both spell the person, and neither corrects the other.
	for _, s := range a.seeds {
		if s.email == nil || s.person == nil || a.corrects(s.email.sent) {
			continue
		}
		fit := fitsLocal(s.person.words, before(s.email.text, "@"))
		for _, x := range pairs {
			if x.s == s && x.m != s.email && !owned[x.m] && fit > 0 && !a.spelledBySite(s.email) && fitsLocal(s.person.words, before(x.m.text, "@")) == fit && !isPublicMail(domainOf(x.m.text)) && !isPublicMail(domainOf(s.email.text)) {
				s.email = nil
				break
			}
		}
	}
}

// spelledBySite says whether a website at an address's domain is mentioned.
func (a *assignment) spelledBySite(m *mention) bool {
	found := false
	a.each(aSite, func(o *mention) { found = found || o.site == m.site })
	return found
}

// names says whether a sentence names a seed's person or organisation.
func (a *assignment) names(sent int, s *seed) bool {
	for _, m := range a.ms {
		if m.sent != sent {
			continue
		}
		for _, x := range []*mention{s.person, s.org} {
			if x != nil && (m == x || m.of == x) {
				return true
			}
		}
	}
	return false
}

func genericLocal(local string) bool {
	if words.is(wordMailbox, local) {
		return true
	}
	for _, piece := range strings.FieldsFunc(local, func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		switch strings.ToLower(piece) {
		case "pa", "assistant", "assistenz", "office", "secretary", "sekretariat", "secretariat", "desk", "diary":
			return true
		}
	}
	return false
}

// corrects says whether a sentence corrects what stands before it.
func (a *assignment) corrects(sent int) bool {
	return a.ss[sent].says("correction")
}

// replaces says whether words of correction stand between two mentions, or behind
// the second in its sentence: the second then takes the first's place.
func (a *assignment) replaces(first, second *mention) bool {
	if first.pos > second.pos {
		return false
	}
	s := &a.ss[second.sent]
	from := 0
	if first.sent == second.sent {
		from = s.ls[first.to-1].to
	} else if second.sent-first.sent > 12 {
		return false
	} else if isPostscript(a.ss[second.sent].pas.text) {
		return true
	}
	for k := first.sent; k < second.sent; k++ {
		x := &a.ss[k]
		at := 0
		if k == first.sent {
			at = x.ls[first.to-1].to
		}
		if x.says("correction") && words.contains("correction", x.text[at:]) {
			return true
		}
	}
	return s.says("correction") && words.contains("correction", s.text[from:])
}

func (a *assignment) organisations() {
	var pairs []pair
	a.each(anOrganisation, func(m *mention) {
		for _, s := range a.seeds {
			if s.org != nil {
				continue
			}
			d := a.near(s, m)
			if d >= far/2 {
				continue
			}
			gain := -d
			for _, site := range s.sites() {
				if f := fitsSite(m.words, site); f >= fitPart {
					gain = max(gain, spelled100+10*f-d/4)
				}
			}
			if a.belongs(s, m) {
				gain += 30
			}
			pairs = append(pairs, pair{s, m, gain})
		}
	})
	a.settle(pairs, func(s *seed) bool { return s.org != nil }, func(s *seed, m *mention) { s.org = m }, true)
}

// belongs says whether a word of belonging alone stands between a person and an
// organisation: "Valborg Ek at Ekens Bageri", "Margit Szalai, CFO at Borostyán
// Hotels".
func (a *assignment) belongs(s *seed, m *mention) bool {
	if s.person == nil || m.sent != s.person.sent || m.from < s.person.to || m.from-s.person.to > 7 {
		return false
	}
	between := a.ss[m.sent].ls[s.person.to:m.from]
	if len(between) == 0 {
		return false
	}
	for _, l := range between {
		if l.kind != lexWord && l.kind != lexMark || l.kind == lexMark && strings.Contains(".;!?", l.text) {
			return false
		}
	}
	last := between[len(between)-1]
	return last.kind == lexWord && (atWords[last.fold] || last.fold == "the" || last.fold == "la") || last.kind == lexMark && strings.Contains("(,-–—|/", last.text)
}

func (a *assignment) websites() {
	var pairs []pair
	a.each(aSite, func(m *mention) {
		for _, s := range a.seeds {
			if s.site != nil {
				continue
			}
			d := a.near(s, m)
			if d >= far/2 {
				continue
			}
			gain := -d
			if s.email != nil && registrable(domainOf(s.email.text)) == m.site {
				gain = spelled100 + 100 - d/4
			} else if s.org != nil {
				if f := fitsSite(s.org.words, siteName(m.text)); f >= fitPart {
					gain = max(gain, spelled100+10*f-d/4)
				}
			} else if s.person != nil {
				if f := fitsSite(s.person.words, siteName(m.text)); f >= fitLast {
					gain = max(gain, spelled100+5*f-d/4)
				}
			}
			a.each(aSite, func(o *mention) {
				if o != m && a.replaces(o, m) && (len(a.seeds) == 1 || a.names(m.sent, s)) {
					gain += 250
				}
			})
			pairs = append(pairs, pair{s, m, gain})
		}
	})
	a.settle(pairs, func(s *seed) bool { return s.site != nil }, func(s *seed, m *mention) { s.site = m }, true)
}

// orphans leaves out people who came with an organisation that is not to be
// registered, and have nothing of their own.
func (a *assignment) orphans() {
	whole := 0
	for _, s := range a.seeds {
		if s.email != nil || s.org != nil {
			whole++
		}
	}
	kept := a.seeds[:0:0]
	for _, s := range a.seeds {
		drop := false
		if s.person != nil && s.email == nil && s.org == nil && s.site == nil && whole > 0 {
			for _, m := range a.ms {
				drop = drop || m.out && (m.kind == anOrganisation || m.kind == aSite) && m.sent == s.person.sent
			}
		}
		if !drop {
			kept = append(kept, s)
		}
	}
	a.seeds = kept
}

// share gives what was stated once for several contacts to all of them: one
// organisation and one website, and nobody has another.
func (a *assignment) share() {
	if len(a.seeds) < 2 {
		return
	}
	var org, site *mention
	orgs, sites := map[*mention]bool{}, map[*mention]bool{}
	a.each(anOrganisation, func(m *mention) { orgs[m], org = true, m })
	a.each(aSite, func(m *mention) { sites[m], site = true, m })
	// Contacts of one house: their addresses are at one domain, or there is but
	// one organisation and it stands before them all.
	domains := map[string]bool{}
	for _, s := range a.seeds {
		if s.email != nil {
			domains[registrable(domainOf(s.email.text))] = true
		}
	}
	if len(domains) > 1 {
		return
	}
	for _, s := range a.seeds {
		if len(orgs) == 1 && s.org == nil && s.email != nil && (len(domains) == 1 || org.pos < a.seeds[0].at()) {
			s.org = org
		}
		if len(sites) == 1 && s.site == nil && len(domains) == 1 {
			s.site = site
		}
	}
}

func singular(s string) bool {
	for _, t := range tokens(s) {
		switch t.w {
		case "she", "he", "she's", "he's", "it's", "it", "this", "her", "him", "er", "sie", "elle", "il", "ella", "lui", "lei", "zij", "hij":
			return true
		}
	}
	return false
}

func plural(s string) bool {
	for _, t := range tokens(s) {
		switch t.w {
		case "they", "these", "those", "they're", "them", "diese", "ils", "elles", "ellos", "loro", "deze":
			return true
		}
	}
	return false
}

// oneMore says whether a word of kinship or office goes on in a list of people that
// are meant: "Sipho Ndaba on sipho@tugela.example, and his sister Lindiwe on
// lindiwe@tugela.example". Both have an address at one house, and the clause says no
// more of the second.
func (a *assignment) oneMore(sent, at, end int) bool {
	s := &a.ss[sent]
	toks := s.tokens()
	if at == 0 || !words.is(wordConjunction, toks[at-1].w) && toks[at-1].w != "as" || denies(s, end) {
		return false
	}
	var before, who, address *mention
	for _, m := range a.ms {
		if m.sent != sent {
			continue
		}
		from := s.ls[m.from].from
		switch {
		case m.kind == anEmail && from < toks[at].from:
			before = m
		case m.kind == aPerson && from >= end && who == nil:
			who = m
		case m.kind == anEmail && from >= end && address == nil:
			address = m
		}
	}
	if before == nil || who == nil || address == nil || before.site != address.site || isPublicMail(address.site) || before.text == address.text || who.from > address.from || address.from-who.to > 3 {
		return false
	}
	k := address.to
	for k < len(s.ls) && s.ls[k].kind == lexMark && strings.Contains(")>]", s.ls[k].text) {
		k++
	}
	return k == len(s.ls) || s.ls[k].kind == lexMark || s.ls[k].is(wordConjunction) || !s.line && k+1 == len(s.ls)
}

// colleagues says whether an address that is set aside is one person's, and the
// other that of somebody else at the same house, who is meant.
func (a *assignment) colleagues(m, o *mention) bool {
	if m.kind != anEmail || m.text == o.text {
		return false
	}
	spelled := func(box *mention, out bool) bool {
		for _, w := range a.ms {
			if w.kind == aPerson && w.out == out && w.sent == box.sent && fitsLocal(w.words, before(box.text, "@")) >= fitPart {
				return true
			}
		}
		return false
	}
	for _, w := range a.ms {
		if w.kind == anOrganisation && w.out && fitsSite(w.words, siteName(domainOf(m.text))) >= fitPart {
			return false // the house is set aside
		}
	}
	if !spelled(m, true) {
		return false
	}
	if o.kind == anEmail {
		return spelled(o, false)
	}
	for _, w := range a.ms {
		if w.kind == anEmail && !w.out && w.sent == o.sent && w.site == o.site && spelled(w, false) {
			return true
		}
	}
	return false
}

// exclude marks what is mentioned and not meant: what the sender asks not to
// register, colleagues, competitors, whoever made the introduction.
func (a *assignment) exclude() {
	for sent := range a.ss {
		s := &a.ss[sent]
		toks := s.tokens()
		if s.says("gone") {
			a.succeeded(sent)
		}
		if at, n := s.scanned().find("do not register", 0); at >= 0 && !denies(s, toks[at+n-1].to) && !(hasCustomer(toks[at:at+n]) && a.noCustomerYet(sent, at, n)) {
			a.drop(sent, s, toks[at].from, toks[at+n-1].to)
		}
		for i := 0; i < len(toks) && s.scanned().may("left house", "introduces"); i++ {
			if n := words.named("left house").at(toks, i); n > 0 {
				a.setHouseAside(sent, toks[i+n-1].to)
			}
			if n := words.named("introduces").at(toks, i); n > 0 {
				a.setReferrerAside(sent, toks[i].from)
			}
		}
		for _, section := range []string{"aside", "first person"} {
			for i := 0; i < len(toks); {
				at, n := s.scanned().find(section, i)
				if at < 0 {
					break
				}
				if section != "aside" || !s.tellsContact(toks, at) && !a.oneMore(sent, at, toks[at+n-1].to) && !a.addsToo(sent, toks[at+n-1].to) && !s.addressAt(toks[at+n-1].to) {
					a.setAside(sent, toks[at+n-1].to)
				}
				i = at + n
			}
		}
	}
	a.notMeant()
	a.formerAddresses()
	// Whom an address elsewhere spells is meant after all.
	for _, m := range a.ms {
		if !m.out || m.kind != aPerson || m.dropped {
			continue
		}
		for _, o := range a.ms {
			if o.kind == anEmail && !o.out && o.sent != m.sent && fitsLocal(m.words, before(o.text, "@")) >= fitPart && !a.better(o, m) {
				m.out = false
			}
		}
	}
	// What stands at an excluded house's domain goes with it, and so does whom
	// such an address spells.
	for range 2 {
		for _, m := range a.ms {
			if !m.out {
				continue
			}
			for _, o := range a.ms {
				if o.out {
					continue
				}
				switch {
				case (m.kind == aSite || m.kind == anEmail) && (o.kind == anEmail || o.kind == aSite) && m.site == o.site && !isPublicMail(m.site) && o.sent == m.sent && !a.colleagues(m, o):
					o.out = true
				case m.kind == anEmail && o.kind == aPerson && o.sent == m.sent && fitsLocal(o.words, before(m.text, "@")) >= fitPart && !a.spelledElsewhere(o, m):
					o.out = true
				}
			}
		}
	}
	// What belongs to nobody but the excluded goes with them.
	for _, m := range a.ms {
		if !m.out || m.kind != aPerson && m.kind != anOrganisation {
			continue
		}
		for _, o := range a.ms {
			switch {
			case o.out:
			case m.kind == aPerson && o.kind == anEmail && fitsLocal(m.words, before(o.text, "@")) >= fitLast && !a.better(o, m):
				o.out = true
			case m.kind == anOrganisation && (o.kind == anEmail || o.kind == aSite) && fitsSite(m.words, siteName(domainOf("@"+hostOfMention(o)))) >= fitLast && !a.better(o, m):
				o.out = true
			}
		}
	}
}

// tellsContact says whether the words right before a place say who the contact is:
// "The contact is her boss, Henrik Stordal".
func (s *sentence) tellsContact(toks []token, at int) bool {
	for i := max(0, at-6); i < at; i++ {
		if n := words.named("is the contact").at(toks, i); n > 0 && i+n == at {
			return true
		}
	}
	return false
}

// notMeant sets aside whom a sentence names behind a "not", and the address beside:
// "and not Ama Mensah (ama@…), who only does the invoices".
func (a *assignment) notMeant() {
	for _, m := range a.ms {
		if m.kind != aPerson || m.out || m.from == 0 {
			continue
		}
		ls, k := a.ss[m.sent].ls, m.from-1
		for k > 0 && ls[k].is(looksTitle) && !ls[k].is(wordNot) {
			k--
		}
		if ls[k].kind != lexWord || !ls[k].is(wordNot) || ls[k].fold == "without" || k > 0 && ls[k-1].kind == lexWord && !ls[k-1].is(wordConjunction) {
			continue
		}
		m.out, m.dropped = true, true
		for _, o := range a.ms {
			if o.kind == anEmail && o.sent == m.sent && o.pos > m.pos && fitsLocal(m.words, before(o.text, "@")) >= fitPart {
				o.out = true
			}
		}
	}
}

// succeeded sets a person aside of whom a sentence says that they are gone, where it
// or the next two name with an address who comes in their place: "Bogdan left in
// August, please take his successor: Camelia Ionescu, camelia@…".
func (a *assignment) succeeded(sent int) {
	at, _ := a.ss[sent].scanned().find("gone", 0)
	gone := (*mention)(nil)
	for _, m := range a.ms {
		if m.sent == sent && m.kind == aPerson && m.to <= len(a.ss[sent].ls) && a.ss[sent].ls[m.to-1].to <= a.ss[sent].tokens()[at].from {
			gone = m
		}
	}
	if gone == nil {
		return
	}
	end, named := min(len(a.ss), sent+3), false
	for _, m := range a.ms {
		if m.kind == aPerson && m.pos > gone.pos && m.sent < end && !within(m.words, gone.words) && !within(gone.words, m.words) {
			for _, o := range a.ms {
				named = named || o.kind == anEmail && o.sent >= sent && o.sent < end && fitsLocal(m.words, before(o.text, "@")) >= fitPart
			}
		}
	}
	said := false
	for k := sent; k < end; k++ {
		said = said || a.ss[k].says("successor")
	}
	if !named || !said {
		return
	}
	for _, m := range a.ms {
		switch {
		case m.kind == aPerson && (within(gone.words, m.words) || within(m.words, gone.words)):
			m.out, m.dropped = true, true
			for _, o := range a.ms {
				if o.kind == anEmail && o.pos < gone.pos && fitsLocal(m.words, before(o.text, "@")) >= fitPart {
					o.out = true
				}
			}
		}
	}
}

// spelledElsewhere says whether an address that is meant spells the person too.
func (a *assignment) spelledElsewhere(person, not *mention) bool {
	for _, o := range a.ms {
		if o != not && o.kind == anEmail && !o.out && fitsLocal(person.words, before(o.text, "@")) >= fitPart {
			return true
		}
	}
	return false
}

func hostOfMention(m *mention) string {
	if m.kind == anEmail {
		return domainOf(m.text)
	}
	return hostOf(m.text)
}

// better says whether another mention that is meant fits the address as well.
func (a *assignment) better(address, not *mention) bool {
	for _, m := range a.ms {
		if m.out || m == not {
			continue
		}
		if m.kind == aPerson && address.kind == anEmail && fitsLocal(m.words, before(address.text, "@")) >= fitPart {
			return true
		}
		if m.kind == anOrganisation && fitsSite(m.words, siteName(hostOfMention(address))) >= fitPart {
			return true
		}
	}
	return false
}

// addsToo says whether a sentence is an order to add the one whom a word of kinship
// names, with an address: "P.S. Add her brother Aurelio Caccavale as well please, …".
func (a *assignment) addsToo(sent, end int) bool {
	s := &a.ss[sent]
	text := strings.TrimSpace(s.text)
	if isPostscript(text) {
		_, text, _ = strings.Cut(text, " ")
	}
	if !words.begins("put", text) {
		return false
	}
	for _, m := range a.ms {
		if m.sent != sent || m.kind != aPerson || s.ls[m.from].from < end {
			continue
		}
		return slices.ContainsFunc(a.ms, func(o *mention) bool {
			return o.kind == anEmail && o.sent == sent && o.pos > m.pos && fitsLocal(m.words, before(o.text, "@")) >= fitPart
		})
	}
	return false
}

// addressAt says whether an address is the next thing behind a byte: "she uses
// pip@thwaite.example" speaks of no other program.
func (s *sentence) addressAt(from int) bool {
	for _, l := range s.ls {
		if l.from >= from {
			return l.kind == lexEmail
		}
	}
	return false
}

// formerAddresses sets the addresses aside that no longer hold, where another stands:
// "apike@fenland.example (not the old apike@fdb.example)".
func (a *assignment) formerAddresses() {
	var out, kept []*mention
	for _, m := range a.ms {
		if m.kind != anEmail || m.out {
			continue
		}
		if a.p.former(&a.ss[m.sent], m) {
			out = append(out, m)
		} else {
			kept = append(kept, m)
		}
	}
	if len(kept) > 0 {
		for _, m := range out {
			m.out, m.dropped = true, true
		}
	}
}

// noCustomerYet says whether "not a customer" is said of a lead: so far, or in a
// sentence that names nobody.
func (a *assignment) noCustomerYet(sent, at, n int) bool {
	toks := a.ss[sent].tokens()
	for k := max(0, at-3); k < min(len(toks), at+n+4); k++ {
		if words.has("yet", toks[k].w) {
			return true
		}
	}
	for _, m := range a.ms {
		if m.sent == sent && m.kind != aType {
			return false
		}
	}
	return true
}

// drop excludes what the clause around bytes from to to names, or the clause
// before it, if that one names nothing.
func (a *assignment) drop(sent int, s *sentence, from, to int) {
	lo, hi := clause(s, from, to)
	n := 0
	for _, m := range a.ms {
		if m.sent == sent && m.kind != aType && s.ls[m.from].from >= lo && s.ls[m.from].from < hi {
			m.out, m.dropped = true, true
			n++
		}
	}
	if n > 0 {
		return
	}
	for _, m := range a.ms {
		if m.sent == sent && m.kind != aType && s.ls[m.from].from < lo {
			m.out, m.dropped = true, true
			n++
		}
	}
	if n > 0 || sent == 0 || !pointsSomewhere(s) {
		return
	}
	for _, m := range a.ms {
		if m.sent == sent-1 && m.kind != aType && a.ss[sent-1].pas == s.pas {
			m.out, m.dropped = true, true
		}
	}
}

// denies says whether what is not to be registered is a lead type: "do not enter
// them as managed customers".
func denies(s *sentence, from int) bool {
	rest := s.text[from:]
	if i := strings.IndexAny(rest, ",;:"); i >= 0 {
		rest = rest[:i]
	}
	return words.contains("prose qualified_lead", rest) || words.contains("prose managed_customer", rest)
}

// pointsSomewhere says whether a sentence has a word such as "them" or "it".
func pointsSomewhere(s *sentence) bool {
	for _, l := range s.ls {
		if l.kind == lexWord && l.is(wordPointer) {
			return true
		}
	}
	return false
}

// clause is the part of a sentence around bytes from to to, between semicolons
// and words such as "but".
func clause(s *sentence, from, to int) (int, int) {
	lo, hi := 0, len(s.text)
	for _, l := range s.ls {
		cut := l.kind == lexMark && (l.text == ";" || l.text == "—" || l.text == "–") || l.kind == lexWord && (l.fold == "but" || l.fold == "aber" || l.fold == "mais" || l.fold == "pero" || l.fold == "mas" || l.fold == "ma" || l.fold == "maar" || l.fold == "ale" || l.fold == "however" || l.fold == "only")
		if !cut {
			continue
		}
		if l.to <= from {
			lo = l.to
		}
		if l.from >= to {
			hi = min(hi, l.from)
		}
	}
	return lo, hi
}

// setHouseAside excludes an organisation that somebody left.
func (a *assignment) setHouseAside(sent, at int) {
	s := &a.ss[sent]
	for _, m := range a.ms {
		if m.sent != sent || m.kind == aType || s.ls[m.from].from < at {
			continue
		}
		if m.kind == anOrganisation && len(strings.Fields(s.text[at:s.ls[m.from].from])) <= 2 {
			m.out = true
			for _, o := range a.ms {
				if o.kind == aSite && o.sent == sent && o.from > m.to && o.from-m.to <= 2 {
					o.out = true
				}
			}
		}
		return
	}
}

// setReferrerAside excludes whoever made the introduction: the person before
// "put me in touch with".
func (a *assignment) setReferrerAside(sent, at int) {
	s := &a.ss[sent]
	var last *mention
	for _, m := range a.ms {
		if m.sent == sent && m.kind == aPerson && s.ls[m.to-1].to <= at {
			if last == nil {
				last = m
			}
		}
	}
	if last != nil {
		last.out = true
	}
}

// setAside excludes the person or organisation right behind byte at, and what
// stands in brackets behind it.
func (a *assignment) setAside(sent, at int) {
	s := &a.ss[sent]
	var first *mention
	for _, m := range a.ms {
		if m.sent != sent || m.kind == aType || s.ls[m.from].from < at {
			continue
		}
		if first == nil {
			if len(strings.Fields(s.text[at:s.ls[m.from].from])) > 3 {
				return
			}
			first = m
			m.out = true
			continue
		}
		// "(petra@growthnord.example, cc'd)", "Jane of Acme".
		gap := s.text[s.ls[first.to-1].to:s.ls[m.from].from]
		if m.kind != aPerson && len(strings.Fields(gap)) <= 2 && !strings.ContainsAny(gap, ".;:") {
			m.out = true
			first = m
			continue
		}
		return
	}
}

// ordinalOf is the place in a list that a word names; 0 for any other word.
func ordinalOf(l lexeme) int {
	if l.kind != lexWord {
		return 0
	}
	return l.ordinal()
}
