package intake

import (
	"slices"
	"strings"
	"unicode"

	"leadmail/rules"
)

// forwardedMail is a mail inside the mail: forwarded inline, quoted, or attached.
type forwardedMail struct {
	name    string
	address string
	v       view
	from    int // first line of its text
	to      int
	at      int // line of its header
	// attached is set for a mail that came as a part of its own.
	attached bool
}

// letters finds the mails below the sender's own words, the outermost first, by
// the header blocks that mail programs print above them.
func (p *parser) letters() []forwardedMail {
	var out []forwardedMail
	const most = 100 // a thread is not longer, and each of them reads its lines
	for i := 0; i < len(p.v) && len(out) < most; i++ {
		if p.v[i].zone != forwarded && p.v[i].zone != quoted {
			continue
		}
		name, address, end := p.v.letterHead(i)
		if end == 0 {
			continue
		}
		if n := len(out); n > 0 {
			out[n-1].to = i
		}
		if p.resent && strings.EqualFold(address, string(p.m.From)) {
			i = end - 1
			continue
		}
		out = append(out, forwardedMail{name: name, address: address, v: p.v, at: i, from: end, to: len(p.v)})
		i = end - 1
	}
	out = append(out, p.talks...)
	for k := range p.m.attached {
		a := &p.m.attached[k]
		v := a.plain
		if len(v) == 0 {
			v = a.html
		}
		out = append(out, forwardedMail{name: a.FromName, address: string(a.From), v: v, to: len(v), at: -1, attached: true})
	}
	return out
}

// resend makes a mail of the sender's own, which the sender forwards and asks to
// register, new words again.
func (p *parser) resend() {
	asked := false
	for i := range p.v {
		switch {
		case p.v[i].isOwn():
			asked = asked || p.v.scan(i).says("verb register")
		case p.v[i].zone == forwarded && asked:
			_, address, end := p.v.letterHead(i)
			if end == 0 {
				continue
			}
			if strings.EqualFold(address, string(p.m.From)) {
				p.resent = true
				rest := p.v[end:]
				for k := range rest {
					rest[k].zone = fresh
				}
				rest.markZones(p.owner)
			}
			return
		}
	}
}

// letterHead reads a header block at line i: From and two more fields within the
// next lines, or an attribution line that names an address. end is the line
// behind it, 0 where there is none.
func (v view) letterHead(i int) (name, address string, end int) {
	if !words.label("headerblock", v[i].text, true) {
		if v[i].depth == 0 && i > 0 && v[i].zone == quoted {
			return "", "", 0
		}
		return "", "", 0
	}
	found := 0
	end = i + 1
	for j := i + 1; j < len(v) && j <= i+8; j++ {
		if v[j].blank() {
			if found == 0 && j == i+1 {
				continue // headers set apart by empty lines
			}
			if j+1 < len(v) && words.label("headerblock", v[j+1].text, false) {
				continue
			}
			break
		}
		if !words.label("headerblock", v[j].text, false) {
			if found > 0 && strings.HasPrefix(v[j].text, " ") || strings.HasPrefix(v[j].text, "<") {
				end = j + 1
				continue
			}
			break
		}
		found++
		end = j + 1
	}
	if found < 1 {
		return "", "", 0
	}
	text := v[i].text
	value := text[strings.IndexAny(text, ":：")+1:]
	value = strings.TrimLeft(strings.TrimPrefix(value, "\xbc\x9a"), "* ")
	if a, st := oneEmail(value); st == usable {
		address = a
		name = strings.Trim(value[:strings.Index(value, a)], " <[(\"'*")
		name = strings.TrimSuffix(strings.TrimSuffix(name, "mailto:"), "[")
		name = strings.Trim(name, " <[(\"'*,")
	} else {
		name = strings.Trim(value, " \"'*")
	}
	return name, address, end
}

// fromLetter reads the prospect that a forwarded mail makes: its author, and what
// the text and the signature say of the house.
func (p *parser) fromLetter(l forwardedMail) *block {
	depth := -1
	if l.at >= 0 {
		depth = l.v[l.at].depth
	}
	ss := passages(l.v, func(i int) bool {
		return i >= l.from && i < l.to && (depth < 0 || l.v[i].depth == depth) && !words.begins("forwarded", strip(l.v[i].text)) && !words.label("headerblock", l.v[i].text, false)
	})
	b := &block{seen: map[labelField]bool{}, first: max(0, l.at), prose: true}
	b.Spans = map[rules.Field]rules.Span{}
	if len(l.v) > 0 {
		x := l.v[max(0, l.at)]
		b.at = rules.Span{Part: x.part, Line: x.n, From: x.offset(), To: x.offset() + len(x.text)}
	}
	if l.address != "" {
		b.Email = l.address
		b.Spans[rules.Email] = b.at
	}
	ms := p.mentionsOf(ss, l.address)
	name := l.name
	if strings.Contains(name, "@") || name == "" {
		name = ""
		best := 0
		for _, m := range ms {
			if m.kind == aPerson && l.address != "" {
				if f := fitsLocal(m.words, before(l.address, "@")); f > best {
					best, name = f, m.text
				}
			}
		}
	}
	first, last, st := splitName(name, b.Email)
	if st != usable || last == "" {
		// The header knows a part; the sign-off the whole.
		for _, m := range ms {
			if m.kind == aPerson && len(m.words) > 1 && (name == "" || within(strings.Fields(name), m.words)) && (l.address == "" || fitsLocal(m.words, before(l.address, "@")) >= fitPart-1) {
				if f, s, ok := splitName(m.text, b.Email); ok == usable && s != "" {
					first, last, st = f, s, usable
					break
				}
			}
		}
	}
	if family, given, ok := easternName(name, !l.japanese()); ok {
		first, last, st = given, family, usable
	}
	if full := fuller(ss, name); full != "" {
		if f, s, ok := splitName(full, b.Email); ok == usable && s != "" {
			first, last, st = f, s, usable
		}
	}
	if st == usable {
		b.FirstName, b.LastName = first, last
		if first != "" {
			b.Spans[rules.FirstName] = b.at
		}
		if last != "" {
			b.Spans[rules.LastName] = b.at
		}
	}
	p.house(b, l, ss, ms)
	return b
}

// namedInstead puts the contact whom the new text names in place of who wrote the
// letter below it, where the letter speaks of that contact: "The contact is Dr.
// Solheim-Baker, not her secretary who wrote this."
func (p *parser) namedInstead(b *block, l forwardedMail) {
	var named *mention
	for _, m := range p.mentions {
		if m.kind != aPerson || m.out || m.of != nil || !m.cue || len(m.words) < 2 {
			continue
		}
		if named != nil {
			return
		}
		named = m
	}
	if named == nil || within([]string{b.LastName}, named.words) || b.LastName == "" {
		return
	}
	first, last, st := splitName(named.text, "")
	if st != usable || last == "" {
		return
	}
	spoken, address := false, ""
	for i := l.from; i < l.to && i < len(l.v); i++ {
		spoken = spoken || strings.Contains(" "+fold(l.v[i].text)+" ", " "+fold(last)+" ")
		if a, st := oneEmail(l.v[i].text); st == usable && fitsLocal(named.words, before(a, "@")) >= fitPart {
			address = a
		}
	}
	if !spoken {
		return
	}
	x := &p.sentences[named.sent]
	at := x.pas.span(p.v, x.at+x.ls[named.from].from, x.at+x.ls[named.to-1].to)
	b.FirstName, b.LastName, b.Email = first, last, address
	b.Spans[rules.FirstName], b.Spans[rules.LastName] = at, at
	if address == "" {
		delete(b.Spans, rules.Email)
	}
}

// copied takes a letter for that of one to whom it went as well, where the new text
// names her and not its author: "the lady in copy below, Folasade Oyelaran".
func (p *parser) copied(l forwardedMail) forwardedMail {
	if l.at < 0 {
		return l
	}
	var found *author
	for i := l.at + 1; i < l.from && i < len(l.v); i++ {
		_, value, ok := strings.Cut(l.v[i].text, ":")
		if !ok || !strings.Contains(value, "@") {
			continue
		}
		for _, a := range authors(strings.TrimSpace(value)) {
			if len(strings.Fields(a.name)) < 2 || !p.outsider(a.spec) || strings.EqualFold(a.spec, l.address) || !p.named(a.name) {
				continue
			}
			if found != nil {
				return l
			}
			found = &a
		}
	}
	if found != nil && !p.named(l.name) {
		l.name, l.address = found.name, found.spec
	}
	return l
}

// named says whether the new text names somebody by the whole name, and does not say
// that it is not meant.
func (p *parser) named(name string) bool {
	full := " " + fold(name) + " "
	for i := range p.sentences {
		if strings.Contains(p.sentences[i].scanned().fold(), full) {
			return !slices.ContainsFunc(p.mentions, func(m *mention) bool {
				return m.kind == aPerson && m.sent == i && m.dropped && within(m.words, strings.Fields(name))
			})
		}
	}
	return false
}

// fillsLine says whether a mention is all that stands in its line.
func (s *sentence) fillsLine(m *mention) bool {
	return s.ls[m.from].line && (m.to == len(s.ls) || s.ls[m.to].line)
}

// japanese says whether a letter holds Japanese letters.
func (l forwardedMail) japanese() bool {
	for i := l.from; i < l.to && i < len(l.v); i++ {
		if hasKana(l.v[i].text) {
			return true
		}
	}
	return false
}

// fuller finds the line of a sign-off in which a second family name follows the
// name that the header tells: "Berta Casadevall i Roure".
func fuller(ss []sentence, name string) string {
	if len(strings.Fields(name)) < 2 {
		return ""
	}
	for i := range ss {
		f := strings.Fields(ss[i].text)
		n := len(strings.Fields(name))
		if len(f) == n+2 && joins2[f[n]] && strings.Join(f[:n], " ") == strings.Join(strings.Fields(name), " ") && strings.IndexFunc(f[n+1], unicode.IsUpper) == 0 {
			return strings.Join(f, " ")
		}
	}
	return ""
}

// house finds the organisation and website of a letter's author.
func (p *parser) house(b *block, l forwardedMail, ss []sentence, ms []*mention) {
	site := ""
	if d := domainOf(l.address); l.address != "" && !isPublicMail(d) {
		site = siteName(d)
	}
	place := func(m *mention) rules.Span {
		x := &ss[m.sent]
		return x.pas.span(l.v, x.at+x.ls[m.from].from, x.at+x.ls[m.to-1].to)
	}
	signed := len(ss) // sentences from here on are the signature
	for i := range ss {
		if isClosing(ss[i].text) || ss[i].line && len(strings.Fields(ss[i].text)) <= 4 && l.name != "" && within(tokenWords(ss[i].text), strings.Fields(l.name)) {
			signed = i
			break
		}
	}
	var org, url *mention
	best := 0
	for _, m := range ms {
		switch m.kind {
		case anOrganisation:
			score := m.score
			if site != "" && fitsSite(m.words, site) >= fitPart {
				score += 10
			} else if m.sent >= signed || ss[m.sent].fillsLine(m) {
				score += 4 // in the signature, or on a line of its own
			} else if !p.cueBefore(&ss[m.sent], m.from, "cue own") {
				score -= 4
			} else {
				score += 3
			}
			if score > best && score >= 6 {
				best, org = score, m
			}
		case aSite:
			if url != nil {
				continue
			}
			switch {
			case site != "" && m.site == registrable(domainOf(l.address)):
				url = m
			case m.sent >= signed && site == "":
				url = m
			}
		}
	}
	if org != nil {
		if c, st := readCompany(org.text); st == usable {
			b.Company = c
			b.Spans[rules.Company] = place(org)
		}
	}
	if org == nil {
		if name, at := ownHouse(ss); name != "" {
			b.Company = name
			b.Spans[rules.Company] = ss[at].span
		}
	}
	if url == nil && org != nil {
		for _, m := range ms {
			if m.kind == aSite && fitsSite(org.words, siteName(m.text)) >= fitPart {
				url = m
				break
			}
		}
	}
	if url != nil {
		b.URL = url.text
		b.Spans[rules.URL] = place(url)
	}
}

// ownHouse is the company that a letter's author sets, between commas, behind words
// such as "our company": "Notre société, Les Algues d'Ouessant, emploie quatre
// personnes". "" where none is told, or two are.
func ownHouse(ss []sentence) (name string, at int) {
	for n := range ss {
		s := &ss[n]
		if !s.scanned().may("our company") {
			continue
		}
		toks := s.tokens()
		for i := range toks {
			k := words.named("our company").at(toks, i)
			if k == 0 {
				continue
			}
			_, to := lexemesAt(s.ls, toks[i].from, toks[i+k-1].to)
			if to+1 >= len(s.ls) || !ls0(s.ls[to], ",") && !ls0(s.ls[to], "(") {
				continue
			}
			for _, r := range runs(s.ls) {
				from := to + 1
				if from < len(s.ls) && !s.ls[from].capital && smallWord[s.ls[from].fold] {
					from++ // "unsere Firma, die Algenhof Husum, …"
				}
				if r[0] != from || r[1] < len(s.ls) && (s.ls[r[1]].kind != lexMark || !strings.Contains(",.;)–—", s.ls[r[1]].text)) {
					continue
				}
				if first := &s.ls[r[0]]; r[1]-r[0] > 6 || calendarWord(first.text) || first.is(looksTitle) || first.is(looksGiven) && r[1]-r[0] <= 2 && !s.ls[r[1]-1].is(looksForm) {
					continue
				}
				plain := true
				for _, l := range s.ls[r[0]:r[1]] {
					plain = plain && (l.is(looksNoName) || !l.capital)
				}
				if plain || name != "" {
					return "", 0
				}
				c, st := readCompany(nameText(s, r[0], r[1]))
				if st != usable {
					continue
				}
				name, at = c, n
			}
		}
	}
	return name, at
}

func tokenWords(s string) []string {
	var out []string
	for _, t := range tokens(s) {
		out = append(out, t.w)
	}
	return out
}

// mentionsOf finds the mentions of a letter, measured by its author's address.
func (p *parser) mentionsOf(ss []sentence, address string) []*mention {
	var extra []witness
	if address != "" {
		extra = append(extra, addressWitness(address))
	}
	return p.mentionsBy(ss, extra)
}

// outsider says whether an address is neither ours nor of the sender's house.
func (p *parser) outsider(address string) bool {
	if address == "" {
		return false
	}
	if strings.EqualFold(address, string(p.m.From)) || p.isOurs(address) || p.ownHouse(domainOf(address)) {
		return false
	}
	for _, a := range p.m.To {
		if strings.EqualFold(string(a), address) {
			return false
		}
	}
	return true
}

// forwards reads the prospects of the mails below the sender's own words.
func (p *parser) forwards() []*block {
	var out []*block
	for _, l := range p.letters() {
		l = p.copied(l)
		if p.outsider(l.address) && !genericLocal(before(l.address, "@")) || l.address == "" && l.name != "" && len(p.talks) > 0 {
			b := p.fromLetter(l)
			b.attached = l.attached
			p.namedInstead(b, l)
			dup := false
			for _, o := range out {
				if o.meets(b) {
					o.fill(b)
					dup = true
				}
			}
			if !dup {
				out = append(out, b)
			}
			continue
		}
		if b := p.webForm(l); b != nil {
			out = append(out, b)
		}
	}
	return p.singledOut(out)
}

// singledOut keeps the one of several letters' authors whom the new text names by the
// first name, where it names no other: "Please register Wilhelmina from the thread
// (not Geert)".
func (p *parser) singledOut(blocks []*block) []*block {
	var found *block
	for _, b := range blocks {
		if len(blocks) < 2 || b.attached || b.FirstName == "" || !p.namesFirst(b) {
			continue
		}
		if found != nil {
			return blocks
		}
		found = b
	}
	if found == nil {
		return blocks
	}
	return []*block{found}
}

// namesFirst says whether the new text has the first name of a block's person, and not
// behind a "not".
func (p *parser) namesFirst(b *block) bool {
	name := foldLetters(b.FirstName)
	for i := range p.sentences {
		s := &p.sentences[i]
		for k, l := range s.ls {
			if l.kind == lexWord && l.capital && l.fold == name {
				return k == 0 || !(s.ls[k-1].kind == lexWord && s.ls[k-1].is(wordNot))
			}
		}
	}
	return false
}

// webForm reads what a contact form of the sender's own website had mailed to
// the sender: labelled lines in which "your" means the prospect.
func (p *parser) webForm(l forwardedMail) *block {
	b := &block{seen: map[labelField]bool{}, first: max(0, l.from), prose: true}
	b.Spans = map[rules.Field]rules.Span{}
	for i := l.from; i < l.to; i++ {
		x := l.v[i]
		text := strings.TrimSpace(x.text)
		colon := strings.IndexAny(text, ":：")
		if colon < 0 || colon > 60 {
			continue
		}
		label := tokens(text[:colon])
		for len(label) > 1 && words.entry(label[0].id).facts&wordYour != 0 {
			label = label[1:]
		}
		f := words.lookup(join(label), false)
		at := strings.Index(x.text, text) + colon + 1
		from, to := trimSpan(x.text, at, len(x.text))
		value := strings.TrimSpace(strings.TrimPrefix(x.text[from:to], "\xbc\x9a"))
		span := rules.Span{Part: x.part, Line: x.n, From: x.offset() + from, To: x.offset() + to}
		if len(b.seen) == 0 {
			b.first, b.at = i, span
		}
		switch f {
		case labelIgnored, labelReference, "":
			// A message may name the website.
			for _, u := range findURLs(value) {
				if b.URL == "" && !p.ownHouse(hostOf(u)) && !isDocument(u) && webAddress(u) && len(strings.Fields(value)) > 3 {
					b.URL = u
					b.Spans[rules.URL] = span
				}
			}
			continue
		case labelURL:
			if urls := findURLs(value); len(urls) == 1 && p.ownHouse(hostOf(urls[0])) {
				continue // the page of the form
			}
		}
		if value != "" && !b.seen[f] {
			b.put(f, value, span)
		}
	}
	p.formQuestions(l, b)
	if b.Email == "" || !p.outsider(b.Email) || len(b.seen) < 2 {
		return nil
	}
	if b.full != "" {
		if first, last, st := splitName(b.full, b.Email); st == usable && !b.seen[labelFirst] && !b.seen[labelLast] {
			b.FirstName, b.LastName = first, last
			b.Spans[rules.FirstName], b.Spans[rules.LastName] = b.fullSpan, b.fullSpan
		}
	}
	return b
}

// formQuestions reads a form whose labels are questions on lines of their own: "What
// is your name?" and the answer below.
func (p *parser) formQuestions(l forwardedMail, b *block) {
	for i := l.from; i+1 < l.to; i++ {
		q := strings.TrimSpace(l.v[i].text)
		if !strings.HasSuffix(q, "?") || len(q) > 120 {
			continue
		}
		at := i + 1
		for at < l.to && l.v[at].blank() && at < i+3 {
			at++
		}
		if at >= l.to || l.v[at].blank() {
			continue
		}
		x := l.v[at]
		value := strings.TrimSpace(x.text)
		span := rules.Span{Part: x.part, Line: x.n, From: x.offset(), To: x.offset() + len(x.text)}
		var f labelField
		switch {
		case certain(labelEmail, value):
			f = labelEmail
		case certain(labelURL, value):
			f = labelURL
		case words.contains("asks company", q):
			f = labelCompany
		case words.contains("asks name", q):
			f = labelName
		default:
			continue
		}
		if !b.seen[f] {
			b.put(f, value, span)
			if b.at.Part == "" {
				b.first, b.at = at, span
			}
		}
		i = at
	}
}
