package intake

import (
	"strings"

	"leadmail/rules"
)

// blocksOf makes blocks of the seeds: what the reader keeps of a prospect,
// whatever shape it came in.
func (p *parser) blocksOf(v view, ss []sentence, seeds []*seed) []*block {
	var out []*block
	for _, s := range seeds {
		if b := p.blockOf(v, ss, s); b != nil {
			out = append(out, b)
		}
	}
	return out
}

func (p *parser) blockOf(v view, ss []sentence, s *seed) *block {
	b := &block{seen: map[labelField]bool{}, first: ss[s.anchor.sent].pas.segs[0].line, prose: true, seed: s}
	b.Spans = map[rules.Field]rules.Span{}
	place := func(m *mention) rules.Span {
		x := &ss[m.sent]
		return x.pas.span(v, x.at+x.ls[m.from].from, x.at+x.ls[m.to-1].to)
	}
	b.at = place(s.anchor)
	if s.email != nil {
		b.Email = s.email.text
		b.Spans[rules.Email] = place(s.email)
	}
	if s.site != nil {
		b.URL = s.site.text
		b.Spans[rules.URL] = place(s.site)
	}
	if s.org != nil {
		if c, st := readCompany(s.org.text); st == usable {
			b.Company = c
			b.Spans[rules.Company] = place(s.org)
		}
	}
	if s.person != nil {
		first, last, st := splitName(s.person.text, b.Email)
		if f := s.person.family; f != "" {
			names, _, _ := nameWords(s.person.text)
			if family, _, ok := nameWords(f); ok == usable {
				f = strings.Join(family, " ") // without "Jr", as in names
			}
			given := strings.Replace(" "+strings.Join(names, " ")+" ", " "+f+" ", " ", 1) // by words: "Anna An"
			first, last, st = strings.TrimSpace(given), f, usable
		} else if names, inverted, ok := nameWords(s.person.text); ok == usable && inverted == 0 && len(names) == 2 && p.familyComesFirst() {
			first, last, st = names[1], names[0], usable
		} else if s.person.last {
			first, last, st = "", s.person.text, usable
		}
		if st == usable && s.person.title && last == "" {
			first, last = "", first // "Frau Ohlsen"
		}
		if st == usable {
			if first != "" {
				b.FirstName = first
				b.Spans[rules.FirstName] = place(s.person)
			}
			if last != "" {
				b.LastName = last
				b.Spans[rules.LastName] = place(s.person)
			}
		} else {
			b.unusable(rules.FirstName, s.person.text)
			b.unusable(rules.LastName, s.person.text)
		}
	}
	if s.typ != nil { // of answers and corrections; bindTypes sees to the others
		b.LeadType = s.typ.typ
		b.Spans[rules.LeadTypeOf] = place(s.typ)
	}
	return b
}

// familyComesFirst says whether the mail tells that it writes family names first.
func (p *parser) familyComesFirst() bool {
	for i := range p.sentences {
		if p.sentences[i].says("family first") {
			return true
		}
	}
	return false
}

// wishes says whether the mail asks for a registration at all: by a word for it,
// by a lead type, or by handing over a contact without asking anything.
func (p *parser) wishes(ss []sentence, ms []*mention) bool {
	if p.register || words.contains("verb register", p.m.Subject) && !p.reply {
		return true
	}
	// A type alone is a weak sign: whoever asks what became of a lead, quotes a
	// reference or disputes one names its type too.
	for i := range ss {
		if len(references(ss[i].text)) > 0 && len(p.deeds(&ss[i])) == 0 && names(ms, i) || ss[i].says("ask status") || ss[i].says("dispute") || ss[i].alreadyThere() && len(references(ss[i].text)) > 0 && len(p.deeds(&ss[i])) == 0 {
			return p.handsOver(ss) || p.tellsWhole(ss, ms)
		}
	}
	for _, m := range ms {
		if m.kind == aType && !m.out && !p.past(&ss[m.sent]) {
			return true
		}
	}
	return p.handsOver(ss) || typeIn(p.m.Subject) != "" && !p.reply
}

// tellsWhole says whether one sentence tells a person, an address and a lead type, of
// no registration that there is: "And somebody new: Lucía Pons, lpons@arribas.example,
// a qualified lead."
func (p *parser) tellsWhole(ss []sentence, ms []*mention) bool {
	has := make([]mentionKind, len(ss))
	for _, m := range ms {
		if !m.out {
			has[m.sent] |= 1 << m.kind
		}
	}
	const whole = 1<<aPerson | 1<<anEmail | 1<<aType
	for i := range ss {
		s := &ss[i]
		if has[i]&whole == whole && len(references(s.text)) == 0 && !p.past(s) && !s.says("dispute") && !s.says("other errand") && !strings.Contains(s.text, "?") {
			return true
		}
	}
	return false
}

// names says whether a sentence names anybody or any address.
func names(ms []*mention, sent int) bool {
	for _, m := range ms {
		if m.sent == sent && m.kind != aType {
			return true
		}
	}
	return false
}

// accounts says whether a sentence is about the money of a registration that it
// names by its reference: whom it names too is no new prospect.
func (p *parser) accounts(s *sentence) bool {
	return s.says("money") && len(references(s.text)) > 0
}

// handsOver says whether a sentence hands a contact over, without a word for
// registering.
func (p *parser) handsOver(ss []sentence) bool {
	for i := range ss {
		if (ss[i].says("handing over") || ss[i].puts()) && !p.past(&ss[i]) && !ss[i].says("dispute") && !ss[i].says("other errand") {
			return true
		}
	}
	return false
}

// puts says whether a sentence is an order to put somebody somewhere, name and address
// told: "Please log Anna Holm, anna@acme.example".
func (s *sentence) puts() bool {
	return strings.Contains(s.text, "@") && strings.Contains(afterOrder(s.text), "@")
}

// leftOut drops the prospects that a sentence leaves out by their place: "The
// second is already spoken for, so leave him out."
func (p *parser) leftOut(seeds []*seed) []*seed {
	out := map[int]bool{}
	for i := range p.sentences {
		s := &p.sentences[i]
		toks := s.tokens()
		at, n := words.find("do not register", toks, 0)
		if at < 0 || denies(s, toks[at+n-1].to) {
			continue
		}
		named := false
		for _, m := range p.mentions {
			named = named || m.sent == i && m.kind != aType
		}
		if named {
			continue
		}
		for _, l := range s.ls {
			if k := ordinalOf(l); k > 0 && k <= len(seeds) {
				out[k-1] = true
			}
		}
	}
	kept := seeds[:0:0]
	for i, s := range seeds {
		if !out[i] {
			kept = append(kept, s)
		}
	}
	return kept
}

// asksHow says whether the mail asks how to register.
func (p *parser) asksHow() bool {
	for i := range p.sentences {
		if p.sentences[i].says("ask help") {
			return true
		}
	}
	return false
}

// askingFirst says whether the mail asks how to register before it does: then
// whom it names is not registered yet.
func (p *parser) askingFirst() bool {
	intends, question := words.contains("before registering", p.m.Subject), false
	for i := range p.sentences {
		s := &p.sentences[i]
		intends = intends || s.says("before registering")
		question = question || strings.HasSuffix(strings.TrimSpace(s.text), "?")
	}
	return intends && question
}

// alreadyThere says whether a sentence tells of what is a customer or registered
// already, and not that it is none: "she hasn't bought yet".
func (s *sentence) alreadyThere() bool {
	toks := s.tokens()
	for at, n := s.scanned().find("already there", 0); at >= 0; at, n = s.scanned().find("already there", at+n) {
		denied := false
		for k := at - 1; k >= 0 && k >= at-2; k-- {
			denied = denied || words.is(wordNot, toks[k].w)
		}
		if !denied {
			return true
		}
	}
	return false
}

// past says whether a sentence reports of what was registered or asks about it.
func (p *parser) past(s *sentence) bool {
	return s.says("ask status") || s.alreadyThere() ||
		strings.HasSuffix(strings.TrimSpace(s.text), "?") && !s.says("verb register") && !s.says("handing over") && !s.wantsListed()
}

// fromProse reads the prospects of the sender's own prose.
func (p *parser) fromProse() []*block {
	ss := p.sentences
	ms := p.mentions
	if !p.wishes(ss, ms) || p.askingFirst() {
		return nil
	}
	// What is renewed, withdrawn or asked about is no new prospect.
	for _, m := range ms {
		s := &ss[m.sent]
		if p.accounts(s) || !p.register && s.says("money") && s.says("amiss") {
			m.out = true
		}
		if m.kind != aType && (p.past(s) || p.acts(s)) && !p.typesOne(m.sent) {
			m.acted = !m.out
			m.out = true
		}
	}
	seeds := p.leftOut(p.assign(ss, ms))
	kept := seeds[:0]
	for _, s := range seeds {
		strong := s.email != nil || s.site != nil
		switch {
		case strong, s.person != nil && s.org != nil, s.org != nil && p.register && p.typed(), s.person != nil && p.register && len(seeds) == 1 && s.person.score >= 5 && len(s.person.words) > 1 && !p.asksHow():
			kept = append(kept, s)
		case s.region > 0 && (s.person != nil || s.org != nil) && !anyEmail(seeds):
			kept = append(kept, s)
		}
	}
	return p.blocksOf(p.v, ss, kept)
}

// anyEmail says whether one of the seeds has an address: then an entry of the list
// that has none is something else.
func anyEmail(seeds []*seed) bool {
	for _, s := range seeds {
		if s.email != nil {
			return true
		}
	}
	return false
}

// typesOne says whether a sentence states a lead type: then it registers, whatever
// else its words look like.
func (p *parser) typesOne(n int) bool {
	for _, m := range p.mentions {
		if m.kind == aType && m.sent == n && !m.out {
			return !p.sentences[n].alreadyThere()
		}
	}
	return false
}

// typed says whether the mail states a lead type.
func (p *parser) typed() bool {
	for _, m := range p.mentions {
		if m.kind == aType && !m.out {
			return true
		}
	}
	return false
}

// acts says whether a sentence renews or withdraws and registers nothing.
func (p *parser) acts(s *sentence) bool {
	if len(p.deeds(s)) == 0 {
		return false
	}
	for _, l := range s.ls {
		if l.kind == lexEmail || l.kind == lexURL {
			return false
		}
	}
	return true
}

// meets says whether two blocks speak of one prospect.
func (b *block) meets(o *block) bool {
	if b.Email != "" && o.Email != "" {
		return strings.EqualFold(b.Email, o.Email)
	}
	name := func(x *block) string { return fold(strings.TrimSpace(x.FirstName + " " + x.LastName)) }
	if n := name(b); n != "" && n == name(o) {
		return true
	}
	if site := func(x, y *block) bool {
		return x.URL != "" && x.Email == "" && y.Email != "" && y.URL == "" && (name(x) == "" || name(y) == "") && registrable(hostOf(x.URL)) == registrable(domainOf(y.Email))
	}; site(b, o) || site(o, b) {
		return true
	}
	if b.URL != "" && o.URL != "" && normURL(b.URL) == normURL(o.URL) {
		return name(b) == "" || name(o) == ""
	}
	if b.Company != "" && fold(b.Company) == fold(o.Company) {
		return name(b) == "" || name(o) == ""
	}
	return false
}
