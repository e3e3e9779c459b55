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
	b := &block{seen: map[labelField]bool{}, first: ss[s.anchor.sent].pas.segs[0].line, prose: true}
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
			first, last, st = strings.Join(strings.Fields(strings.Replace(strings.Join(names, " "), f, "", 1)), " "), f, usable
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
	if s.typ != nil {
		b.LeadType = s.typ.typ
		b.Spans[rules.LeadTypeOf] = place(s.typ)
	}
	return b
}

// wishes says whether the mail asks for a registration at all: by a word for it,
// by a lead type, or by handing over a contact without asking anything.
func (p *parser) wishes(ss []sentence, ms []*mention) bool {
	if p.register || words.contains("verb register", p.m.Subject) && !p.reply {
		return true
	}
	for _, m := range ms {
		if m.kind == aType && !m.out && !p.past(&ss[m.sent]) {
			return true
		}
	}
	for i := range ss {
		if words.contains("handing over", ss[i].text) && !p.past(&ss[i]) {
			return true
		}
	}
	return typeIn(p.m.Subject) != "" && !p.reply
}

// past says whether a sentence reports of what was registered or asks about it.
func (p *parser) past(s *sentence) bool {
	return words.contains("ask status", s.text) || words.contains("already there", s.text) ||
		strings.HasSuffix(strings.TrimSpace(s.text), "?") && !words.contains("verb register", s.text) && !words.contains("handing over", s.text)
}

// fromProse reads the prospects of the sender's own prose.
func (p *parser) fromProse() []*block {
	ss := p.sentences
	ms := p.mentions
	if !p.wishes(ss, ms) {
		return nil
	}
	// What is renewed, withdrawn or asked about is no new prospect.
	for _, m := range ms {
		s := &ss[m.sent]
		if m.kind != aType && (p.past(s) || p.acts(s)) {
			m.out = true
		}
	}
	seeds := p.assign(ss, ms)
	kept := seeds[:0]
	for _, s := range seeds {
		strong := s.email != nil || s.site != nil
		switch {
		case strong, s.person != nil && s.org != nil, s.org != nil && s.typ != nil && p.register, s.person != nil && p.register && len(seeds) == 1 && s.person.score >= 5 && len(s.person.words) > 1:
			kept = append(kept, s)
		case s.person != nil && s.region > 0, s.org != nil && s.region > 0:
			kept = append(kept, s)
		}
	}
	return p.blocksOf(p.v, ss, kept)
}

// acts says whether a sentence renews or withdraws and registers nothing.
func (p *parser) acts(s *sentence) bool {
	return len(p.verbs(s.text)) > 0 && !words.contains("verb register", s.text)
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
	if b.URL != "" && o.URL != "" && normURL(b.URL) == normURL(o.URL) {
		return name(b) == "" || name(o) == ""
	}
	if b.Company != "" && fold(b.Company) == fold(o.Company) {
		return name(b) == "" || name(o) == ""
	}
	return false
}
