package intake

import (
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadmail/rules"
)

// breaks lists where lines begin inside a sentence.
func (s *sentence) breaks() []int {
	var out []int
	for _, x := range s.pas.segs {
		if x.at > s.at && x.at < s.at+len(s.text) {
			out = append(out, x.at-s.at)
		}
	}
	return out
}

// mentionKind says what a mention names.
type mentionKind uint8

const (
	aPerson mentionKind = iota
	anOrganisation
	anEmail
	aSite
	aType
)

// mention is one candidate: what prose names, where it stands, and how much
// speaks for it.
type mention struct {
	kind     mentionKind
	text     string // as written, without decoration
	words    []string
	from, to int // lexemes of the sentence
	sent     int // the sentence
	pos      int // order in the mail
	score    int
	site     string // of addresses and sites: the registrable domain or page
	typ      rules.LeadType
	of       *mention // the fuller mention of the same person or organisation
	out      bool     // not to be registered
	dropped  bool     // the mail says so itself
	acted    bool     // out, since its sentence renews or withdraws it
	title    bool
	cue      bool   // a phrase announces it: "her name is"
	last     bool   // it is said to be a last name
	family   string // of a whole name: the last name, as the mail tells it
}

// witness is an address or site that names are measured by.
type witness struct {
	local string
	site  string
	box   mailbox // local, cut
	host  string  // site, folded
}

func newWitness(local, site string) witness {
	w := witness{local: local, site: site, host: foldLetters(strings.ToLower(site))}
	if local != "" {
		w.box = newMailbox(local)
	}
	return w
}

// addressWitness is the witness that an address makes.
func addressWitness(address string) witness {
	site := ""
	if d := domainOf(address); !isPublicMail(d) {
		site = siteName(d)
	}
	return newWitness(before(address, "@"), site)
}

// fitter measures stretches of words by the witnesses of a mail. What a word may
// be spelled like in an address is worked out once.
type fitter struct {
	seen  []witness
	known map[string]forms
}

// forms are the parts of a word as addresses spell them.
type forms struct{ local, host []spelt }

func (f *fitter) forms(word string) forms {
	x, ok := f.known[word]
	if !ok {
		x = forms{localWords(nil, word), hostWords(nil, word)}
		f.known[word] = x
	}
	return x
}

// mayBeginHost says whether a name that is the whole of a host can begin with a word.
func (f *fitter) mayBeginHost(word string) bool {
	if len(f.seen) == 0 {
		return false
	}
	if isPlainWord(word) { // most are, and need no forms
		low := strings.ToLower(word)
		small := smallWord[low]
		return slices.ContainsFunc(f.seen, func(w witness) bool { return len(w.site) >= 5 && (small || strings.HasPrefix(w.host, low)) })
	}
	host := f.forms(word).host
	small := true
	for _, w := range host {
		small = small && slices.ContainsFunc(w, func(x string) bool { return smallWord[x] })
	}
	return slices.ContainsFunc(f.seen, func(w witness) bool { return len(w.site) >= 5 && (small || beginHost(host, w.host)) })
}

// nameFit is a stretch of words that is weighed as a name, and how well it fits
// the witnesses, worked out when it is first asked for.
type nameFit struct {
	*fitter
	words       []string
	local, host []spelt
	box, site   int // the best fits, or -1
}

// reset begins another name in the same memory.
func (n *nameFit) reset() { n.words, n.local, n.host = n.words[:0], n.local[:0], n.host[:0] }

func (n *nameFit) add(word string) {
	n.words = append(n.words, word)
	n.box, n.site = -1, -1
	if len(n.seen) > 0 {
		x := n.forms(word)
		n.local, n.host = append(n.local, x.local...), append(n.host, x.host...)
	}
}

// fitsBox is how well the name fits the best of the local parts.
func (n *nameFit) fitsBox() int {
	if n.box < 0 {
		n.box = 0
		for i := range n.seen {
			n.box = max(n.box, n.seen[i].box.fits(n.local))
		}
	}
	return n.box
}

// fitsSite is how well the name fits the best of the hosts.
func (n *nameFit) fitsSite() int {
	if n.site < 0 {
		n.site = 0
		for i := range n.seen {
			n.site = max(n.site, fitsHost(n.host, n.seen[i].host))
		}
	}
	return n.site
}

// first is the name's first word alone.
func (n *nameFit) first() *nameFit {
	one := &nameFit{fitter: n.fitter}
	one.add(n.words[0])
	return one
}

// kept is a copy of the name's words.
func (n *nameFit) kept() []string { return append([]string(nil), n.words...) }

// mentionsIn finds the mentions of the sentences ss. Addresses of the sender's
// own house are witnesses of nothing and are not mentioned.
func (p *parser) mentionsIn(ss []sentence) []*mention { return p.mentionsBy(ss, nil) }

// Beyond manyWitnesses addresses and sites of a mail, a name is compared only with
// those at most aroundSentences away: all with all would be quadratic.
const manyWitnesses, aroundSentences = 150, 30

// mentionsBy is mentionsIn with witnesses from elsewhere: a letter's header.
func (p *parser) mentionsBy(ss []sentence, seen []witness) []*mention {
	var out []*mention
	given := len(seen)
	var stand []int // in which sentence each of the others stands
	for n := range ss {
		s := &ss[n]
		if s.ls == nil {
			s.ls = lex(s.text, s.breaks())
		}
		for i := range s.ls {
			l := &s.ls[i]
			switch l.kind {
			case lexEmail:
				if p.ownHouse(domainOf(l.val)) || p.isOurs(l.val) {
					continue
				}
				d := domainOf(l.val)
				m := &mention{kind: anEmail, text: l.val, from: i, to: i + 1, sent: n, score: 10, site: registrable(d)}
				out = append(out, m)
				seen, stand = append(seen, addressWitness(l.val)), append(stand, n)
			case lexURL:
				if p.ownHouse(hostOf(l.val)) || isDocument(l.val) || p.isOurs(hostOf(l.val)) {
					continue
				}
				host := hostOf(l.val)
				site := registrable(host)
				if sharedHost(host) {
					site = normURL(l.val)
				}
				out = append(out, &mention{kind: aSite, text: l.val, from: i, to: i + 1, sent: n, score: 10, site: site})
				seen, stand = append(seen, newWitness("", siteName(l.val))), append(stand, n)
			}
		}
	}
	f := &fitter{seen: seen, known: map[string]forms{}}
	for n := range ss {
		if len(stand) > manyWitnesses {
			// In a list of a thousand people each is compared with those around it.
			from, to := sort.SearchInts(stand, n-aroundSentences), sort.SearchInts(stand, n+aroundSentences+1)
			f.seen = slices.Concat(seen[:given], seen[given+from:given+to])
		}
		if j := p.japanese(&ss[n], n); len(j) > 0 {
			out = append(out, j...)
			out = append(out, typesIn(&ss[n], n)...)
			continue
		}
		out = append(out, p.namesIn(&ss[n], n, f)...)
		out = append(out, typesIn(&ss[n], n)...)
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		return a.sent < b.sent || a.sent == b.sent && a.from < b.from
	})
	for i, m := range out {
		m.pos = i
	}
	return out
}

// ownHouse says whether a domain is the sender's own.
func (p *parser) ownHouse(domain string) bool {
	own := p.m.From.Domain()
	return own != "" && !isPublicMail(own) && registrable(domain) == registrable(own)
}

// isOurs says whether an address or host is the vendor's.
func (p *parser) isOurs(s string) bool {
	d := s
	if strings.Contains(s, "@") {
		d = domainOf(s)
	}
	for _, own := range p.ourDomains() {
		if registrable(d) == own {
			return true
		}
	}
	return false
}

// ourDomains are the vendor's domains: of the mailbox, or, where that is not
// known, of whom the mail is addressed to.
func (p *parser) ourDomains() []string {
	if p.r.Mailbox != "" {
		return []string{registrable(p.r.Mailbox.Domain())}
	}
	var out []string
	for _, a := range p.m.To {
		if d := a.Domain(); !isPublicMail(d) && !p.ownHouse(d) {
			out = append(out, registrable(d))
		}
	}
	return out
}

// candidate is a stretch of lexemes that may be a name.
type candidate struct {
	kind     mentionKind
	from, to int
	score    int
	words    []string
}

// namesIn finds the people and organisations of a sentence.
func (p *parser) namesIn(s *sentence, n int, f *fitter) []*mention {
	var all []candidate
	for _, r := range runs(s.ls) {
		all = p.candidates(all, s, r[0], r[1], f)
	}
	all = p.lowercase(all, s, f)
	sort.SliceStable(all, func(i, j int) bool {
		if all[i].score != all[j].score {
			return all[i].score > all[j].score
		}
		return all[i].to-all[i].from > all[j].to-all[j].from
	})
	taken := make([]bool, len(s.ls))
	var out []*mention
	for _, c := range all {
		free := true
		for k := c.from; k < c.to; k++ {
			free = free && !taken[k]
		}
		if !free {
			continue
		}
		if c.kind == anOrganisation {
			c = extend(c, s.ls, taken)
		}
		for k := c.from; k < c.to; k++ {
			taken[k] = true
		}
		m := &mention{kind: c.kind, from: c.from, to: c.to, sent: n, score: c.score, words: c.words}
		m.text = nameText(s, c.from, c.to)
		if c.kind == aPerson {
			m.title = c.from > 0 && s.ls[c.from-1].is(looksTitle)
			m.cue = p.cueBefore(s, c.from, "cue person")
			m.last = len(c.words) <= 3 && p.cueBefore(s, c.from, "cue last name")
			m.cue = m.cue || m.last
		} else {
			m.cue = p.cueBefore(s, c.from, "cue company")
		}
		if m.text == "" || c.kind == aPerson && p.ownName(m.text) || c.kind == anOrganisation && p.ownFirm(c.words, f.seen) {
			continue
		}
		out = append(out, m)
	}
	return out
}

// ownFirm says whether an organisation's name is spelled by the sender's own
// domain, and by no other.
func (p *parser) ownFirm(names []string, seen []witness) bool {
	own := 0
	if d := p.m.From.Domain(); d != "" && !isPublicMail(d) {
		own = fitsSite(names, siteName(d))
	}
	for _, d := range p.ourDomains() { // the vendor's name, in a greeting
		own = max(own, fitsSite(names[:1], siteName(d)))
	}
	if own < fitLast {
		return false
	}
	for _, w := range seen {
		if w.site != "" && fitsSite(names, w.site) >= own {
			return false
		}
	}
	return true
}

// nameText is a name as written, without possessive and decoration.
func nameText(s *sentence, from, to int) string {
	t := strings.Join(strings.Fields(s.text[s.ls[from].from:s.ls[to-1].to]), " ")
	for _, suffix := range []string{"'s", "’s"} {
		t = strings.TrimSuffix(t, suffix)
	}
	if l := s.ls[to-1]; strings.HasSuffix(t, ".") && (undotted[strings.ToLower(strings.TrimSuffix(l.text, "."))] || s.endsSentence(to)) {
		t = strings.TrimSuffix(t, ".")
	}
	if strings.HasSuffix(t, "s'") || strings.HasSuffix(t, "s’") {
		t = strings.TrimRight(t, "'’")
	}
	return t
}

// endsSentence says whether the dot behind a legal form is the sentence's own: the
// form is a whole word, or the one before it has no dot either ("Pty Ltd."). Of a
// form that stands alone nobody can say it, and the dot stays.
func (s *sentence) endsSentence(to int) bool {
	if to < 2 || to < len(s.ls) && !(s.ls[to].kind == lexWord && s.ls[to].capital) {
		return false
	}
	switch s.ls[to-1].fold {
	case "limited", "incorporated", "corporation":
		return true
	case "ltd": // is written without a dot, unless the word before it has one: "Co., Ltd."
		k := to - 2
		for k > 0 && s.ls[k].kind == lexMark {
			k--
		}
		return !strings.HasSuffix(s.ls[k].text, ".")
	}
	before := &s.ls[to-2]
	return s.ls[to-1].is(looksForm) && before.kind == lexWord && before.is(looksForm) && len(before.text) <= 3 && !strings.HasSuffix(before.text, ".")
}

// undotted are the legal forms that no dot ends.
var undotted = map[string]bool{"gmbh": true, "ug": true, "ag": true, "kg": true, "ohg": true, "bv": true, "llc": true, "llp": true, "oy": true, "ab": true, "as": true, "plc": true, "eg": true, "se": true, "oü": true, "sarl": true, "sas": true, "aps": true, "eurl": true, "snc": true, "fze": true, "fz-llc": true}

// runs finds the stretches of words that begin with a capital, with what may
// stand between them.
func runs(ls []lexeme) [][2]int {
	var out [][2]int
	for i := 0; i < len(ls); {
		if !ls[i].is(beginsName) {
			i++
			continue
		}
		j := i + 1
		for j < len(ls) {
			if ls[j].is(insideName) {
				j++
				continue
			}
			// Small words, a comma before a legal form, a nickname in quotation marks.
			k := j
			for k < len(ls) && k-j < 3 && ls[k].is(joinsName) {
				k++
			}
			if k > j+1 && ls[j].is(wordConjunction) && atWords[ls[j+1].fold] {
				break // "los registros de Mezcal del Tuito y de Acuaponía del Bajío"
			}
			if k > j && k < len(ls) && ls[k].is(insideName) {
				j = k + 1
				continue
			}
			if ls[j].kind == lexMark && ls[j].text == "," && j+1 < len(ls) && ls[j+1].kind == lexWord && ls[j+1].is(looksForm) {
				j += 2
				continue
			}
			if (isQuote(ls[j]) || ls0(ls[j], "(")) && j+2 < len(ls) && ls[j+1].kind == lexWord && (isQuote(ls[j+2]) || ls0(ls[j], "(") && ls0(ls[j+2], ")")) && j+3 < len(ls) && (ls[j+3].is(insideName) || particles[strings.ToLower(ls[j+3].text)]) {
				j += 3
				continue
			}
			break
		}
		out = append(out, [2]int{i, j})
		i = j
	}
	return out
}

func isQuote(l lexeme) bool {
	return l.kind == lexMark && strings.Contains("\"“”„«»‘’'", l.text)
}

func hasLetter(s string) bool { return strings.IndexFunc(s, unicode.IsLetter) >= 0 }

// innerCapital: "eBay", "d'Ormesson", "l'Atelier".
func innerCapital(s string) bool {
	i := strings.IndexFunc(s, unicode.IsUpper)
	return i > 0 && i <= 3
}

// shortForm are the legal forms of up to three letters that are written like words.
var shortForm = map[string]bool{"ltd": true, "inc": true, "llc": true, "plc": true, "co": true, "oy": true, "oyj": true, "kft": true, "zrt": true, "nyrt": true, "lda": true, "srl": true, "spa": true, "sas": true, "pte": true, "pty": true, "pvt": true, "aps": true, "sti": true, "bhd": true, "sdn": true, "teo": true, "cic": true, "doo": true}

// candidates weighs every stretch of a run as a person and as an organisation.
func (p *parser) candidates(out []candidate, s *sentence, from, to int, f *fitter) []candidate {
	const longest = 9
	ls, n := s.ls, nameFit{fitter: f}
	for i := from; i < to; i++ {
		if !ls[i].is(beginsName) && !(ls[i].kind == lexWord && ls[i].digit) {
			continue
		}
		n.reset()
		for j := i + 1; j <= to && j-i <= longest; j++ {
			last := &ls[j-1]
			if last.kind == lexWord && !(j-1 > i+1 && suffixes[bareWord(last.text)]) {
				n.add(strings.TrimSuffix(strings.TrimSuffix(last.text, "'s"), "’s"))
			}
			if last.kind != lexWord || !last.is(insideName) || last.text == "&" || last.text == "+" {
				continue
			}
			if sc := p.personScore(s, i, j, &n); sc >= 4 {
				out = append(out, candidate{aPerson, i, j, sc, n.kept()})
			}
			if sc := p.companyScore(s, i, j, &n); sc >= 4 {
				out = append(out, candidate{anOrganisation, i, j, sc, n.kept()})
			}
		}
	}
	return out
}

func (p *parser) personScore(s *sentence, i, j int, name *nameFit) int {
	ls := s.ls
	n, given, noName, marks := 0, 0, 0, 0
	for k := i; k < j; k++ {
		l := ls[k]
		switch {
		case l.kind != lexWord:
			if isQuote(l) {
				marks++
			}
			if !isQuote(l) && !ls0(l, "(") && !ls0(l, ")") {
				return 0
			}
			continue
		case l.digit, l.text == "&", l.text == "+", l.is(looksForm) && j-i > 1:
			return 0
		case !l.capital && !innerCapital(l.text):
			if !particles[strings.ToLower(l.text)] && l.fold != "y" && l.fold != "e" && l.fold != "ap" || k == j-1 {
				return 0
			}
			if (l.text == "y" || l.text == "e") && (k+2 != j || k < i+2 || ls[k+1].is(looksGiven)) {
				return 0 // two people
			}
			continue
		}
		if l.is(looksTitle) && k == i && (j-i > 1 || strings.HasSuffix(l.text, ".")) {
			return 0 // the title stands before the name
		}
		if calendarWord(l.text) {
			noName += 2
		} else if l.is(looksGiven) {
			given++
		} else if l.is(looksNoName) && !(k > i && k < j-1 && particles[strings.ToLower(l.text)]) {
			noName++ // but "Saoirse Ní Dhomhnaill"
		} else if l.is(wordOrganisation) {
			noName++
		}
		n++
	}
	if n == 0 || n > 5 || marks == 1 {
		return 0 // a single mark belongs to what stands before: `"Tilde" Riis`
	}
	if n == 1 && (utf8.RuneCountInString(ls[i].text) < 2 || ls[i].is(wordRole)) {
		return 0
	}
	capitals := 0
	for k := i; k < j; k++ {
		if l := ls[k]; l.kind == lexWord && !l.capital && atWords[l.fold] && capitals >= 2 {
			// "Wietske Dijkgraaf van Veenpluis Yoghurt": who, and of which house.
			for _, w := range name.seen {
				if w.site != "" && fitsSite(wordsOf(ls[k+1:j]), w.site) >= fitPart {
					return 0
				}
			}
		} else if l.capital {
			capitals++
		}
	}
	score := 0
	fit, site := name.fitsBox(), name.fitsSite()
	switch {
	case fit >= fitLast:
		score += 8 + fit - fitLast
	case fit >= fitPart-1:
		score += fit
	}
	if site >= fitLast && fit < fitLast && !(n == 1 && fit >= fitPart) && !(n == 2 && ls[i].is(looksGiven) && !ls[j-1].is(wordOrganisation|looksGiven)) {
		score -= 4 // but "Philippa Thwaite" of Thwaite & Daughters
	}
	if i > 0 && ls[i-1].is(looksTitle) {
		score += 5
	}
	if given > 0 {
		score += 3
		if ls[i].is(looksGiven) && n >= 2 {
			score++
		}
	} else if ls[i].is(wordAmbiguous) {
		score++
	}
	if n >= 2 && n <= 4 {
		score++
		if familyPrefix.MatchString(ls[j-1].text) {
			score += 3 // "Niamh O'Rourke", "Ewan MacAskill"
		}
	}
	if i > 0 && ls[i-1].kind == lexWord && ls[i-1].is(looksGiven) && ls[i-1].capital {
		score -= 2 // the name begins before
	}
	if k := i - 1; ls[i].is(looksGiven) {
		for k > 0 && k >= i-2 && particles[ls[k].text] {
			k--
		}
		if k >= 0 && k < i-1 && ls[k].is(looksGiven) && ls[k].capital {
			score -= 8 // "María del Carmen Ortiz"
		}
	}
	if p.roleBehind(ls, j) {
		score += 2
	}
	if i > 0 && p.roleBefore(ls, i) {
		score += 2
	}
	switch {
	case p.cueBefore(s, i, "cue last name"), p.cueBefore(s, i, "cue first name"):
		score += 6
		noName = 0
	case p.cueBefore(s, i, "cue person"):
		score += 3
	}
	if n >= 2 && j+1 < len(ls) && ls[j].kind == lexWord && !ls[j].capital {
		// "Sunshine Tabada answers at hello@…"
		for k := j; k < len(ls) && k < j+5; k++ {
			if ls[k].kind == lexEmail {
				score += 3
				break
			}
			if ls[k].kind != lexWord {
				break
			}
		}
	}
	if j < len(ls) && n >= 2 {
		// "Valborg Ek at Ekens Bageri", "Lorna Begay, lorna@…", "Amalie Krogh (…)".
		if ls[j].kind == lexWord && atWords[ls[j].fold] && j+1 < len(ls) {
			score += 2
		}
		if k := j + 1; ls[j].kind == lexMark && k < len(ls) && ls[k].kind == lexEmail || ls[j].kind == lexEmail {
			score += 2
		}
	}
	return score - 4*noName
}

// familyPrefix finds a family name that its prefix tells.
var familyPrefix = regexp.MustCompile(`^(?:O['’]|D['’]|M[a]?c)\p{Lu}\p{Ll}`)

func wordsOf(ls []lexeme) []string {
	var out []string
	for _, l := range ls {
		if l.kind == lexWord {
			out = append(out, l.text)
		}
	}
	return out
}

// atWords stand between a person and the house.
var atWords = map[string]bool{"at": true, "from": true, "of": true, "with": true, "bei": true, "von": true, "vom": true, "der": true, "de": true, "du": true, "des": true, "chez": true, "en": true, "da": true, "do": true, "di": true, "del": true, "della": true, "presso": true, "bij": true, "van": true, "z": true, "ze": true, "w": true, "fra": true, "hos": true, "from:": true}

func (p *parser) companyScore(s *sentence, i, j int, name *nameFit) int {
	ls := s.ls
	n, noName, given, org := 0, 0, 0, 0
	form := false
	for k := i; k < j; k++ {
		l := ls[k]
		if l.kind != lexWord {
			if l.text != "," || !(k+1 < j && ls[k+1].is(looksForm)) {
				return 0
			}
			continue
		}
		switch {
		case l.digit && k > i && ls[k-1].kind == lexWord && !ls[k-1].capital && ls[k-1].text != "&" && !hasLetter(l.text):
			return 0 // "Ateliers Fournier de 90 jours"
		case l.is(looksForm) && (k > i || l.upper):
			form = true
			continue
		case l.is(looksGiven):
			given++
		case l.is(looksTitle) && k == i && strings.HasSuffix(l.text, "."):
			return 0
		case l.is(wordOrganisation):
			org++
		case l.is(looksNoName):
			noName++
		}
		n++
	}
	if n == 0 || noName == n && !form {
		return 0
	}
	site, local := name.fitsSite(), 0
	if n <= 3 {
		local = name.fitsBox()
	}
	score := 0
	switch {
	case site == fitWhole:
		score += 10
	case site >= fitLast-1:
		score += 7 + site - fitLast
	case site >= fitPart:
		score += 4
	case site > 0:
		score++
	}
	if form {
		score += 5
	}
	if org > 0 {
		score += 3
		if n >= 2 && noName == 0 {
			score++
		}
	}
	if local >= fitLast && site < fitWhole {
		score -= 6
	}
	if i > 0 && ls[i-1].kind == lexWord && atWords[ls[i-1].fold] {
		score += 2
		if i > 2 && noName == 0 && given == 0 && ls[i-2].capital && (ls[i-3].is(looksGiven) || ls[i-3].is(looksTitle)) {
			score += 2 // "Ferhat Öztürk from Marmara Yelken"
		}
	}
	if p.cueBefore(s, i, "cue company") {
		score += 4
	}
	if i > 0 && isQuote(ls[i-1]) && j < len(ls) && isQuote(ls[j]) {
		score += 3
	}
	if j+1 < len(ls) && ls[j].kind == lexMark && ls[j+1].kind == lexURL {
		score += 2
	}
	if given > 0 && n <= 3 && org == 0 && !form && site < fitPart {
		score -= 4
	}
	if i > 1 && ofThe[ls[i-1].fold] && ls[i-2].kind == lexWord && ls[i-2].capital && !ls[i-2].is(looksNoName|looksGiven|looksTitle|wordRole) && !(i > 2 && ls[i-3].is(looksGiven|looksTitle)) {
		score -= 6 // the name begins before: "Verrerie du Lac SARL"
	}
	if i > 0 && ls[i-1].is(looksTitle) {
		score -= 4
	}
	if i > 0 && j-i == 1 && !form && org == 0 && site < fitWhole && ls[i-1].kind == lexWord && ls[i-1].capital && ls[i-1].is(looksGiven) && !ls[i-1].line {
		score -= 4 // "Philippa Thwaite": whose house has her name
	}
	if site < fitWhole {
		score -= 2 * noName
	}
	if ls[i].is(looksNoName) && site < fitWhole {
		score--
	}
	if site < fitWhole {
		for k := i + 1; k < j-1; k++ {
			// "Officina Moretti e Lido Nord S.r.l." are two.
			if l := ls[k]; l.kind == lexWord && !l.capital && l.is(wordConjunction) && (ls[k-1].is(looksForm) || k-i >= 2 && j-k > 2) {
				score -= 6
			}
		}
		for k := i + 1; k < j; k++ {
			if l := ls[k]; l.kind == lexWord && !l.capital && atWords[l.fold] && (given > 0 || ls[k-1].is(wordRole) || l.fold == "at" || l.fold == "from" || l.fold == "bei" || l.fold == "chez" || l.fold == "with") {
				score -= 8
			}
		}
		if ls[i].is(wordRole) {
			score -= 4
		}
	}
	return score
}

// extend takes in what goes on in capitals behind an organisation: "Harthill
// Schools" "Trust", a legal form behind a comma.
func extend(c candidate, ls []lexeme, taken []bool) candidate {
	if c.from == 1 && ls[0].kind == lexWord && ls[0].capital && (particles[strings.ToLower(ls[0].text)] || ls[0].is(wordOrganisation)) && !taken[0] {
		c.from = 0 // "Van Leeuwerik Kaas BV graag verlengen", "Kwekerij De Groene Duim BV, …"
	}
	for c.from > 1 && !taken[c.from-1] {
		l := ls[c.from-1]
		if l.kind != lexWord || !l.capital || l.line || l.is(looksNoName) || l.is(looksGiven) || l.is(looksTitle) || l.digit || l.is(wordRole) || calendarWord(l.text) || ls[c.from-2].kind == lexMark && strings.Contains(".!?", ls[c.from-2].text) {
			break
		}
		c.from--
	}
	if n := longForm(ls, c.to-1); n > 0 && c.to-1 > c.from {
		c.to += n - 1
	}
	for c.to < len(ls) && !taken[c.to] {
		l := ls[c.to]
		if n := longForm(ls, c.to); n > 0 {
			c.to += n
			return c
		}
		switch {
		case l.kind == lexMark && l.text == "," && longForm(ls, c.to+1) > 0:
		case ls0(l, "(") && c.to+3 < len(ls) && ls[c.to+1].kind == lexWord && ls[c.to+1].capital && ls0(ls[c.to+2], ")") && ls[c.to+3].is(looksForm) && !taken[c.to+3]:
			c.to += 4 // "(Pty) Ltd", "(India) Pvt Ltd"
			continue
		case l.kind == lexMark && l.text == "," && c.to+1 < len(ls) && ls[c.to+1].is(looksForm) && !taken[c.to+1]:
			c.to++
			continue
		case l.kind == lexWord && !l.capital && c.to-c.from <= 2 && ofThe[l.fold] && c.to+1 < len(ls) && !taken[c.to+1] && ls[c.to+1].kind == lexWord && ls[c.to+1].capital && !ls[c.to+1].is(looksNoName|looksGiven|looksTitle) && !calendarWord(ls[c.to+1].text):
			c.to++ // "Acuaponía del Bajío"
		case l.kind == lexWord && (l.is(looksForm) || l.digit && len(l.text) <= 5 && strings.Trim(l.text, "0123456789.") == "" || (l.text == "&" || l.text == "+") && c.to+1 < len(ls) && ls[c.to+1].is(beginsName)):
		case l.kind == lexWord && l.capital && !l.line && (l.is(wordOrganisation) || !l.is(looksNoName) && !l.is(looksGiven) && !l.is(looksTitle)) && !strings.HasSuffix(ls[c.to-1].text, "'s"):
		default:
			return c
		}
		c.to++
	}
	return c
}

// longForms are the legal forms of several words, folded, the longest first.
var longForms = [][]string{
	{"s", "de", "rl", "de", "cv"}, {"sa", "de", "cv"}, {"sas", "de", "cv"}, {"s", "de", "rl"}, {"sapi", "de", "cv"},
	{"sp", "z", "oo"}, {"spolka", "z", "oo"}, {"sp", "k"}, {"sp", "j"}, {"spol", "s", "ro"}, {"spol", "sro"},
	{"ug", "(", "haftungsbeschrankt", ")"},
}

// longForm is the number of lexemes of the legal form of several words that begins at
// i; 0 where none does.
func longForm(ls []lexeme, i int) int {
	for _, f := range longForms {
		n, k := 0, i
		for n < len(f) && k < len(ls) && (ls[k].kind == lexWord && ls[k].fold == f[n] || ls0(ls[k], f[n]) || n > 0 && ls0(ls[k], ".")) {
			if !ls0(ls[k], ".") {
				n++
			}
			k++
		}
		if n < len(f) {
			continue
		}
		if len(f[n-1]) == 1 && f[n-1] != ")" && k < len(ls) && ls0(ls[k], ".") {
			k++ // "sp. k."
		}
		return k - i
	}
	return 0
}

// ofThe are the words that join a house to its place or its kind.
var ofThe = map[string]bool{"del": true, "du": true, "della": true, "dello": true, "dei": true, "degli": true, "delle": true, "do": true, "dos": true, "das": true}

// roleBehind says whether a function follows a name: ", CFO at", "(founder)", "– head of IT".
func (p *parser) roleBehind(ls []lexeme, j int) bool {
	if j+1 >= len(ls) || ls[j].kind != lexMark || !strings.Contains(",(-–—|/", ls[j].text) {
		return false
	}
	k := j + 1
	for k < len(ls) && k < j+5 && ls[k].kind == lexWord {
		if ls[k].is(wordRole) {
			return true
		}
		k++
	}
	return false
}

func (p *parser) roleBefore(ls []lexeme, i int) bool {
	for k := i - 1; k >= 0 && k >= i-2; k-- {
		if ls[k].kind != lexWord {
			return false
		}
		if ls[k].is(wordRole) {
			return true
		}
	}
	return false
}

// cueBefore says whether a phrase of the section ends right before lexeme i.
func (p *parser) cueBefore(s *sentence, i int, section string) bool {
	if i == 0 {
		return false
	}
	if !s.scanned().may(section) {
		return false
	}
	k := i - 1
	for k > 0 && (ls0(s.ls[k], ":") || isQuote(s.ls[k]) || s.ls[k].is(looksTitle)) {
		k--
	}
	return s.scanned().cueEndsAt(section, s.ls[k].to)
}

func ls0(l lexeme, mark string) bool { return l.kind == lexMark && l.text == mark }

// lowercase finds names in text without capitals, where an address spells them
// letter for letter.
func (p *parser) lowercase(out []candidate, s *sentence, f *fitter) []candidate {
	ls, n := s.ls, nameFit{fitter: f}
	for i := range ls {
		if ls[i].kind != lexWord || ls[i].capital || ls[i].is(looksNoName) && len(ls[i].fold) < 4 {
			continue
		}
		if ls[i].is(looksNoName) && !ls[i].is(looksGiven) && !f.mayBeginHost(ls[i].text) {
			continue // neither a person nor a house begins with it
		}
		n.reset()
		for j := i + 1; j <= len(ls) && j-i <= 5 && ls[j-1].kind == lexWord; j++ {
			n.add(ls[j-1].text)
			if ls[j-1].is(tooSmall) {
				continue
			}
			named := !ls[i].is(looksNoName) && !ls[j-1].is(looksNoName)
			for _, w := range n.seen {
				if len(w.site) >= 5 && beginHost(n.host, w.host) && fitsHost(n.host, w.host) == fitWhole {
					out = append(out, candidate{anOrganisation, i, j, 8, n.kept()})
				}
				if named && len(n.words) >= 2 && len(n.words) <= 4 && w.box.fits(n.local) == fitWhole {
					out = append(out, candidate{aPerson, i, j, 8, n.kept()})
				}
			}
			if len(n.words) == 2 && named && len(ls[i].fold) >= 3 && len(ls[j-1].fold) >= 3 && (ls[i].is(looksGiven) && n.first().fitsBox() >= fitPart || n.fitsBox() >= fitLast) {
				out = append(out, candidate{aPerson, i, j, 7, n.kept()})
			}
			if len(n.words) == 2 && ls[i].is(looksGiven) && !ls[j-1].is(looksNoName) && !ls[j-1].is(looksGiven) && p.cueBefore(s, i, "cue person") {
				out = append(out, candidate{aPerson, i, j, 5, n.kept()})
			}
		}
	}
	return out
}

// typesIn finds the lead types that a sentence names, those that it denies left
// out.
func typesIn(s *sentence, n int) []*mention {
	if !s.scanned().may("prose qualified_lead", "prose managed_customer") {
		return nil
	}
	var out []*mention
	toks := s.tokens()
	for i := 0; i < len(toks); {
		best, typ := 0, rules.LeadType("")
		for _, t := range []rules.LeadType{rules.QualifiedLead, rules.ManagedCustomer} {
			if k := words.named("prose "+string(t)).at(toks, i); k > best {
				best, typ = k, t
			}
		}
		if len(toks) == 1 && toks[0].w == "managed" {
			best, typ = 1, rules.ManagedCustomer // a sentence of its own
		}
		if best == 0 {
			i++
			continue
		}
		if toks[i+best-1].w == "managed" {
			// "is managed by us" goes on in a phrase of its own.
			best = max(best, best-1+words.named("prose managed_customer").at(toks, i+best-1))
		}
		if !deniedBefore(s.text, toks, i) && !deniedBehind(toks, i+best) && !offered(toks, i, best) && !s.mayBecome(toks, i) &&
			!(typ == rules.ManagedCustomer && managesGoods(s.text, toks, i, best)) && !(typ == rules.QualifiedLead && best == 1 && qualifiesFor(s.text, toks, i)) {
			m := &mention{kind: aType, typ: typ, sent: n, score: 10}
			m.from, m.to = lexemesAt(s.ls, toks[i].from, toks[i+best-1].to)
			out = append(out, m)
		}
		i += best
	}
	return out
}

// mayBecome says whether a clause speaks of what somebody may be one day: "they may
// become a managed customer".
func (s *sentence) mayBecome(toks []token, i int) bool {
	if !s.scanned().may("becomes") {
		return false
	}
	becomes := words.named("becomes")
	mark := func(k int) bool { return strings.ContainsAny(s.text[toks[k].to:toks[k+1].from], ",;.:!?()–—") }
	for k := i - 1; k >= 0 && k >= i-8 && !mark(k); k-- {
		if becomes.at(toks, k) > 0 {
			return true
		}
	}
	for k := i + 1; k < len(toks) && k < i+8 && !mark(k-1); k++ {
		if becomes.at(toks, k) > 0 {
			return true
		}
	}
	return false
}

// qualifiesFor says whether a word for "qualified" is said of what somebody can do: "a
// qualified engineer", "highly qualified". As the type it ends its clause, or goes on
// with a small word.
func qualifiesFor(text string, toks []token, i int) bool {
	if i > 0 && words.has("highly", toks[i-1].w) && !strings.ContainsAny(text[toks[i-1].to:toks[i].from], ",;.:!?()–—") {
		return true
	}
	if i+1 == len(toks) || len(toks[i].w) < 5 || strings.ContainsAny(text[toks[i].to:toks[i+1].from], ",;.:!?()–—-/|") {
		return false
	}
	return words.named("trade").at(toks, i+1) > 0 || words.is(wordRole, toks[i+1].w)
}

// managesGoods says whether words that can say Managed Customer speak of what
// somebody sells or runs: "they act as managed service provider", "the servers that
// we manage". A bare "managed" is the type only where its clause ends or goes on
// with a small word.
func managesGoods(text string, toks []token, i, n int) bool {
	goods := words.named("managed goods")
	for k := i - 1; k >= 0 && k >= i-4 && !strings.ContainsAny(text[toks[k].to:toks[k+1].from], ",;.:!?()–—"); k-- {
		if goods.at(toks, k) > 0 && toks[i].w != "managed" && !hasCustomer(toks[i:i+n]) {
			return true
		}
	}
	end := i + n
	if toks[end-1].w != "managed" || end == len(toks) {
		return false
	}
	between := text[toks[end-1].to:toks[end].from]
	switch {
	case goods.at(toks, end) > 0 && !strings.ContainsAny(between, ".;:!?()"):
		return true
	case strings.ContainsAny(between, ",;.:!?()–—/") || strings.HasSuffix(strings.TrimRight(between, " "), "-") && strings.HasPrefix(between, " "):
		return false
	case words.named("goes on").at(toks, end) > 0 && !strings.Contains(between, "-"):
		return end+1 < len(toks) && goods.at(toks, end+1) > 0 // "managed IT", "managed and hosted cloud"
	}
	return true
}

// hasCustomer says whether a phrase for the type names the customer itself.
func hasCustomer(toks []token) bool {
	for _, t := range toks {
		if strings.HasPrefix(t.w, "customer") || strings.HasPrefix(t.w, "client") || strings.HasPrefix(t.w, "account") || strings.HasPrefix(t.w, "kund") || strings.HasPrefix(t.w, "klant") || strings.HasPrefix(t.w, "klient") || t.w == "mc" || t.w == "mcs" || t.w == "mcl" {
			return true
		}
	}
	return false
}

// offered says whether both types are named as a choice: "qualified lead or
// managed customer".
func offered(toks []token, i, n int) bool {
	or := func(k int) bool {
		return k >= 0 && k < len(toks) && (toks[k].w == "or" || toks[k].w == "oder" || toks[k].w == "ou" || toks[k].w == "o" || toks[k].w == "of" || toks[k].w == "czy" || toks[k].w == "eller")
	}
	other := func(k int) bool {
		for _, t := range []string{"prose qualified_lead", "prose managed_customer"} {
			if k < len(toks) && words.named(t).at(toks, k) > 0 {
				return true
			}
		}
		return false
	}
	if or(i + n) {
		for k := i + n + 1; k <= i+n+3; k++ {
			if other(k) {
				return true
			}
		}
	}
	for k := i - 1; k >= max(0, i-3); k-- {
		if or(k) && k > 0 {
			for m := max(0, k-3); m < k; m++ {
				if other(m) {
					return true
				}
			}
		}
	}
	return false
}

// deniedBehind: Japanese and Turkish deny behind the word.
func deniedBehind(toks []token, i int) bool {
	for k := i; k < len(toks) && k < i+4; k++ {
		switch toks[k].w {
		case "degil":
			return true
		case "で", "は":
		case "な":
			return k > i
		default:
			return false
		}
	}
	return false
}

// deniedBefore says whether a negation stands before a word in its clause: "not a
// managed customer", "do not enter the first two as managed customers", "not sure
// whether it is a qualified lead".
func deniedBefore(text string, toks []token, i int) bool {
	for k := i - 1; k >= 0 && k >= i-12; k-- {
		if between := text[toks[k].to:toks[k+1].from]; strings.ContainsAny(between, ",;.:!?()–—") || strings.Contains(between, " - ") {
			return false
		}
		switch w := toks[k].w; {
		case w == "only":
			return false
		case w == "but" || w == "sondern" || w == "sino" || w == "ma" || w == "bensi" || w == "rather":
			return false
		case words.is(wordNot, w) || w == "isn't" || w == "aren't" || w == "nao" || w == "wasn't" || w == "degil" || w == "rather" || w == "unsure" || w == "whether":
			return w != "no" || k == i-1
		}
	}
	return false
}

func lexemesAt(ls []lexeme, from, to int) (int, int) {
	a, b := len(ls), 0
	for i, l := range ls {
		if l.to > from && l.from < to {
			a, b = min(a, i), i+1
		}
	}
	if a >= b {
		return 0, 0
	}
	return a, b
}
