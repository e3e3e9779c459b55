package intake

import (
	"strings"

	"leadmail/rules"
)

// corrections reads new contact data for registrations that exist (D30): a
// reference or a company, words of change, and what is now true. Only what is
// newly stated is taken; who was the contact before is not.
func (p *parser) corrections() {
	type region struct {
		ref      string
		from, to int
	}
	var regions []region
	last := -1
	for n := range p.sentences {
		for _, l := range p.sentences[n].ls {
			if l.kind == lexRef {
				if len(regions) > 0 && regions[len(regions)-1].to > n {
					regions[len(regions)-1].to = n
				}
				if last == n {
					// Several in one sentence: none is the one that changes.
					regions[len(regions)-1].ref = ""
					continue
				}
				regions = append(regions, region{l.val, n, min(n+5, len(p.sentences))})
				last = n
			}
		}
	}
	if len(regions) == 0 {
		if refs := references(p.m.Subject); len(refs) == 1 {
			regions = append(regions, region{string(refs[0].ref), 0, min(8, len(p.sentences))})
		}
	}
	if p.labelledCorrection() {
		return
	}
	for _, r := range regions {
		if r.ref != "" && r.from < r.to && !p.accounts(&p.sentences[r.from]) {
			p.correct(r.ref, r.from, r.to)
		}
	}
	for n := range p.sentences {
		s := &p.sentences[n]
		if !s.says("change contact") && !(s.says("change") && s.says("on record")) || len(references(s.text)) > 0 || s.says("verb register") && !s.says("already there") && !s.says("on record") {
			continue
		}
		inside := false
		for _, r := range regions {
			inside = inside || n >= r.from && n < r.to
		}
		if inside || p.typedNear(n) {
			continue
		}
		for _, m := range p.mentions {
			if m.kind == anOrganisation && m.sent == n && !m.out {
				p.correct("company:"+m.text, n, p.paragraphEnd(n))
				return
			}
		}
		if name := p.whose(s); name != "" {
			p.correct("company:"+name, n, p.paragraphEnd(n))
			return
		}
	}
}

// labelledCorrection takes labelled lines as new contact data of the one registration
// that the text above them names: "Two corrections for R-K3PX9W please:", "Email: …".
// Lines that make up a whole prospect are none, nor is anything in a mail that
// registers.
func (p *parser) labelledCorrection() bool {
	if p.register || len(p.blocks) != 1 || p.blocks[0].LeadType != "" || p.blocks[0].count() > 3 {
		return false
	}
	ref, at := p.onlyReference(), -1
	for n := range p.sentences {
		if s := &p.sentences[n]; len(references(s.text)) > 0 && (s.says("change") || s.says("correction")) {
			at = n
		}
	}
	if ref == "" || at < 0 || len(p.deeds(&p.sentences[at])) > 0 || p.sentences[at].span.Line > p.place(p.blocks[0]).Line {
		return false
	}
	p.corrects = append(p.corrects, reading{Reading: p.blocks[0].Reading, verb: rules.VerbCorrect, at: p.place(p.blocks[0]), ref: ref})
	p.blocks = nil
	p.taken[at] = true
	return true
}

// paragraphEnd is the sentence behind the paragraph that sentence n stands in.
func (p *parser) paragraphEnd(n int) int {
	k := n + 1
	for k < len(p.sentences) && k < n+4 && p.sentences[k].pas == p.sentences[n].pas {
		k++
	}
	return k
}

// typedAt says whether a sentence states a lead type.
func (p *parser) typedAt(n int) bool {
	for _, m := range p.mentions {
		if m.kind == aType && m.sent == n {
			return true
		}
	}
	return false
}

// typedNear says whether a lead type stands in the paragraph: then it registers.
func (p *parser) typedNear(n int) bool {
	for _, m := range p.mentions {
		if m.kind == aType && p.sentences[m.sent].pas == p.sentences[n].pas {
			return true
		}
	}
	return false
}

// correct reads one correction from sentences from to to.
func (p *parser) correct(ref string, from, to int) bool {
	cue := false
	for n := from; n < to; n++ {
		s := &p.sentences[n]
		if n > from && (p.typedAt(n) || s.says("verb register") && !s.says("change") || s.pas != p.sentences[from].pas && (len(p.deeds(s)) > 0 || s.says("handing over"))) {
			to = n
			break
		}
		cue = cue || s.says("change")
	}
	if !cue || p.withdrawn(ref, from) {
		return false
	}
	var s seed
	first := -1
	named := strings.TrimPrefix(ref, "company:")
	var used []*mention
	spelled := p.spelledPerson(from, to)
	for _, m := range p.mentions {
		if m.sent < from || m.sent >= to || m.out || m.of != nil {
			continue
		}
		text := &p.sentences[m.sent]
		if p.former(text, m) || m.kind == aPerson && spelled != nil && m != spelled {
			used = append(used, m)
			continue
		}
		took := false
		switch m.kind {
		case aPerson:
			if s.person == nil || len(m.words) > len(s.person.words) {
				s.person, took = m, true
				m.last = m.last || len(m.words) <= 2 && text.aboutLastName(m)
			}
		case anEmail:
			if s.email == nil || text.says("change") {
				s.email, took = m, true
			}
		case aSite:
			if s.site == nil && !p.checks(text) {
				s.site, took = m, true
			}
		case anOrganisation:
			if ref != "company:"+m.text && text.says("renamed") && fold(m.text) != fold(named) && !p.afterReference(text, m) {
				s.org, took = m, true
			}
		}
		if took {
			used = append(used, m)
			if first < 0 {
				first = m.sent
				s.anchor = m
			}
		}
	}
	bare := p.correctedName(from, to, s.person)
	if first < 0 && bare != nil {
		first, s.anchor = bare.sent, bare
	}
	if first < 0 {
		return false
	}
	b := p.blockOf(p.v, p.sentences, &s)
	if bare != nil {
		x := &p.sentences[bare.sent]
		f := rules.FirstName
		if bare.last {
			f = rules.LastName
		}
		b.Set(f, bare.text)
		b.Spans[f] = x.pas.span(p.v, x.at+x.ls[bare.from].from, x.at+x.ls[bare.to-1].to)
	}
	if b.count() == 0 {
		return false
	}
	for _, m := range used {
		m.out = true
	}
	for n := from; n < to; n++ {
		if len(p.deeds(&p.sentences[n])) == 0 && !strings.HasSuffix(strings.TrimSpace(p.sentences[n].text), "?") && !p.sentences[n].says("ask status") && (n == first || p.sentences[n].says("change") || len(p.sentences[n].ls) <= 6) {
			p.taken[n] = true
		}
	}
	rd := reading{Reading: b.Reading, verb: rules.VerbCorrect, at: p.sentences[first].span, ref: ref}
	p.corrects = append(p.corrects, rd)
	return true
}

// spelledPerson is the one person of some sentences whose name their one address
// spells: nobody else is the new contact. nil where none is, or several are.
func (p *parser) spelledPerson(from, to int) *mention {
	var address, found *mention
	for _, m := range p.mentions {
		if m.kind == anEmail && m.sent >= from && m.sent < to && !m.out && m.of == nil {
			if address != nil {
				return nil
			}
			address = m
		}
	}
	if address == nil {
		return nil
	}
	for _, m := range p.mentions {
		if m.kind != aPerson || m.sent < from || m.sent >= to || m.out || m.of != nil || fitsLocal(m.words, before(address.text, "@")) < fitPart {
			continue
		}
		if found != nil {
			return nil
		}
		found = m
	}
	return found
}

// correctedName is the one word that a sentence says to be the right first or last
// name, where nothing else tells a name: "the first name on R-7K4Q2M should be
// Ingrid", "der Nachname ist falsch, richtig ist Ramsvik". nil where none is.
func (p *parser) correctedName(from, to int, person *mention) *mention {
	if person != nil {
		return nil
	}
	var found *mention
	for n := from; n < to; n++ {
		s := &p.sentences[n]
		last, first := s.says("asks last name"), s.says("asks first name")
		if last == first || !s.says("change") || strings.HasSuffix(strings.TrimSpace(s.text), "?") {
			continue
		}
		for _, r := range runs(s.ls) {
			i := r[0]
			if r[1]-i != 1 || i == 0 || !s.ls[i].capital || s.ls[i].digit || s.ls[i].is(looksNoName) && !s.ls[i].is(looksGiven) || s.ls[i].isEntry() {
				continue
			}
			if r[1] < len(s.ls) && (s.ls[r[1]].kind != lexMark || !strings.Contains(",.;)!", s.ls[r[1]].text)) {
				continue
			}
			k := i - 1
			for k > 0 && isQuote(s.ls[k]) {
				k--
			}
			if !ls0(s.ls[k], ":") && !words.contains("is now so", s.ls[k].text) {
				continue
			}
			if found != nil {
				return nil
			}
			found = &mention{kind: aPerson, text: nameText(s, i, i+1), from: i, to: i + 1, sent: n, last: last}
		}
	}
	return found
}

// aboutLastName says whether the clause before a name is about a last name alone:
// "the surname on R-N5CH8P should read Ramsvik-Olsen".
func (s *sentence) aboutLastName(m *mention) bool {
	if !s.scanned().may("asks last name") {
		return false
	}
	from := 0
	for k := m.from - 1; k >= 0; k-- {
		if l := s.ls[k]; l.kind == lexMark && strings.Contains(",;:(.", l.text) && !(l.text == ":" && k == m.from-1) {
			from = l.to
			break
		}
	}
	before := s.text[from:s.ls[m.from].from]
	return words.contains("asks last name", before) && !words.contains("asks first name", before)
}

// withdrawn says whether the sentence that names the reference withdraws it: what
// follows is a lead of its own.
func (p *parser) withdrawn(ref string, n int) bool {
	for _, c := range p.parts(n) {
		for _, d := range c.deeds {
			if d.verb == rules.VerbWithdraw && !d.denied {
				return true
			}
		}
	}
	return false
}

// afterReference says whether an organisation only tells which registration is
// meant: "R-7K4Q2M (Acme Ltd)".
func (p *parser) afterReference(s *sentence, m *mention) bool {
	for k := m.from - 1; k >= 0 && k >= m.from-2; k-- {
		if s.ls[k].kind == lexRef {
			return true
		}
	}
	return false
}

// former says whether a mention is of what no longer holds: "Giulia has left",
// "no longer Bettany but", "instead of jane@acme.example".
func (p *parser) former(s *sentence, m *mention) bool {
	if !s.scanned().may("former before", "former behind") {
		return false
	}
	toks := s.tokens()
	at := s.ls[m.from].from
	end := s.ls[m.to-1].to
	for i, t := range toks {
		if n := words.named("former before").at(toks, i); n > 0 && toks[i+n-1].to <= at && len(strings.Fields(s.text[toks[i+n-1].to:at])) <= 1 && !strings.ContainsAny(s.text[toks[i+n-1].to:at], ",;:.(") {
			return true
		}
		if t.from >= end {
			if n := words.named("former behind").at(toks, i); n > 0 && len(strings.Fields(s.text[end:t.from])) <= 2 && !strings.ContainsAny(s.text[end:t.from], ";:.") {
				return true
			}
		}
	}
	return false
}

// whose finds the company that a change of contact is about, where no address
// spells it: "the contact at Hollin Quarries".
func (p *parser) whose(s *sentence) string {
	for _, r := range runs(s.ls) {
		if r[0] > 0 && s.ls[r[0]-1].kind == lexWord && atWords[s.ls[r[0]-1].fold] {
			if from, to := p.bareName(s, r[0], r[1], nil); to > from {
				return nameText(s, from, to)
			}
		}
	}
	return ""
}

// checks says whether a sentence asks if an organisation is still free.
func (p *parser) checks(s *sentence) bool {
	return s.says("ask check") || s.questions() && s.says("anybody's") && !s.says("verb register") && !strings.Contains(s.text, "@")
}

// availability reads the questions whether a domain is still free.
func (p *parser) availability() {
	for n := range p.sentences {
		s := &p.sentences[n]
		if !p.checks(s) || p.taken[n] {
			continue
		}
		for i, l := range s.ls {
			if l.kind == lexURL && !p.ownHouse(hostOf(l.val)) && !isDocument(l.val) {
				p.item(rules.VerbCheck, l.val, s.span, s.ls[i].from)
				p.taken[n] = !p.actsToo(s)
			}
		}
		if p.taken[n] {
			for _, m := range p.mentions {
				if m.sent == n {
					m.out = true
				}
			}
		}
	}
}

// actsToo says whether a sentence that asks if a domain is free renews or withdraws a
// reference in the same breath.
func (p *parser) actsToo(s *sentence) bool {
	if len(references(s.text)) == 0 {
		return false
	}
	for _, d := range p.deeds(s) {
		if !d.denied {
			return true
		}
	}
	return false
}
