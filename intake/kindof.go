package intake

import (
	"sort"
	"strings"

	"leadmail/rules"
)

// Lead types are said once for several, by name, by place ("the first two"), by
// exception ("all but Noor"), or taken back ("no, she is a qualified lead"). This
// file binds what the sentences say to the prospects, whatever shape those came
// in.

// subject is a prospect as the binding of lead types sees it.
type subject struct {
	b     *block
	site  string   // its website, without what does not count; "" for none
	names []string // folded words by which a sentence may name it
	typ   rules.LeadType
	sent  int      // the sentence that it stands in; -1 where no prose tells it
	from  int      // lexeme of its name there
	by    *mention // what gave the type
	group bool     // it was given to all at once
	// retyped is set where the text takes back what a list says.
	retyped bool
}

// event is something that a sentence says, in order: who, or a lead type.
type event struct {
	at       int // lexeme
	who      []*subject
	all      bool // everybody: who lists them
	typ      *mention
	except   bool
	corrects bool
	// overrides: the sentence says that it knows better than a list.
	overrides bool
}

// bindTypes gives the blocks the lead types that the sentences and the subject
// state. A type that a block states itself stays, unless it came from prose too.
func (p *parser) bindTypes() {
	if len(p.blocks) == 0 {
		return
	}
	var who []*subject
	for _, b := range p.blocks {
		x := &subject{b: b, sent: -1, typ: b.LeadType}
		if b.URL != "" {
			x.site = normURL(b.URL)
		}
		for _, v := range []string{b.FirstName, b.LastName, b.Company} {
			for i, w := range strings.Fields(v) {
				f := foldLetters(w)
				if len(f) >= 2 && !smallWord[f] && !particles[f] && (v != b.Company || i == 0) && !words.is(wordLegalForm, f) {
					x.names = append(x.names, f)
				}
			}
		}
		if b.seed != nil {
			x.sent, x.from = b.seed.anchor.sent, b.seed.anchor.from
		}
		who = append(who, x)
	}
	stated := map[rules.LeadType]*mention{}
	for n := range p.sentences {
		p.bindSentence(who, n)
		for _, m := range p.mentions {
			if m.kind == aType && m.sent == n && !m.out && !p.past(&p.sentences[n]) {
				stated[m.typ] = m
			}
		}
	}
	subject := typeIn(p.m.Subject)
	for _, x := range who {
		if x.typ == "" && x.b.Unusable[rules.LeadTypeOf] == "" && !x.b.seen[labelType] {
			switch {
			case len(stated) == 1 && len(who) == 1:
				for t, m := range stated {
					x.typ, x.by = t, m
				}
			case len(stated) == 0 && subject != "" && !p.reply:
				x.typ = subject
			}
		}
		if x.typ != "" && (x.b.prose || x.retyped || x.b.LeadType == "" && x.b.Unusable[rules.LeadTypeOf] == "") {
			x.b.LeadType = x.typ
			if x.by != nil && x.b.Spans != nil {
				at := &p.sentences[x.by.sent]
				x.b.Spans[rules.LeadTypeOf] = at.pas.span(p.v, at.at+at.ls[x.by.from].from, at.at+at.ls[x.by.to-1].to)
			}
		}
	}
}

// bindSentence binds what one sentence says of lead types.
func (p *parser) bindSentence(who []*subject, n int) {
	s := &p.sentences[n]
	var types []*mention
	for _, m := range p.mentions {
		if m.kind == aType && m.sent == n && !m.out {
			types = append(types, m)
		}
	}
	if len(types) == 0 {
		p.sameAgain(who, n)
		return
	}
	if strings.HasSuffix(strings.TrimSpace(s.text), "?") && !s.asks() && !s.says("asking") || s.alreadyThere() && !p.register {
		return
	}
	events := p.events(who, n, types)
	named := false
	for _, e := range events {
		named = named || len(e.who) > 0
	}
	if !named {
		for _, m := range p.mentions {
			if m.sent == n && m.out && m.kind == aPerson {
				return // said of somebody who is not to be registered
			}
		}
		p.aroundType(who, n, types)
		return
	}
	// Who stands before the first type: then types follow what they are said of.
	follows := false
	for _, e := range events {
		if len(e.who) > 0 {
			follows = true
			break
		}
		if e.typ != nil {
			break
		}
	}
	for i, e := range events {
		if e.typ == nil {
			continue
		}
		prev, next := -1, len(events)
		for k := i - 1; k >= 0; k-- {
			if events[k].typ != nil {
				prev = k
				break
			}
		}
		for k := i + 1; k < len(events); k++ {
			if events[k].typ != nil {
				next = k
				break
			}
		}
		except := map[*subject]bool{}
		excepting := false
		for k := prev + 1; k < len(events); k++ {
			if events[k].except && k > prev {
				excepting = true
				for _, x := range events[min(k+1, len(events)-1):] {
					if x.typ != nil {
						break
					}
					for _, w := range x.who {
						except[w] = true
					}
				}
			}
		}
		put := func(xs []*subject, sparing bool) {
			for _, x := range xs {
				if sparing && except[x] {
					continue
				}
				if x.retype(e, xs) && !x.retyped {
					x.typ, x.by, x.retyped = e.typ.typ, e.typ, true
				}
				if x.typ == "" || x.b.LeadType == "" && e.corrects {
					x.typ, x.by = e.typ.typ, e.typ
				}
			}
		}
		before, after := events[prev+1:i], events[i+1:next]
		switch all := everybody(before, after); {
		case all != nil:
			put(all, true)
		case excepting && i > 0 && hasExcept(before):
			// "… apart from Noor, who is a managed customer."
			for _, b := range before {
				put(b.who, false)
			}
		case !follows:
			for _, a := range after {
				put(a.who, true)
			}
		case len(before) > 0:
			var last *event
			for k := range before {
				if len(before[k].who) > 0 {
					last = &before[k]
				}
			}
			if last == nil {
				for _, a := range after {
					put(a.who, true)
				}
				break
			}
			put(last.who, true)
			if p.several(s, before, e) {
				for _, b := range before {
					put(b.who, true)
				}
			}
		default:
			for _, a := range after {
				put(a.who, true)
			}
		}
	}
}

func hasExcept(es []event) bool {
	for _, e := range es {
		if e.except {
			return true
		}
	}
	return false
}

// everybody returns whom "all" or "both" means, if one of the events is that.
func everybody(before, after []event) []*subject {
	for _, es := range [][]event{before, after} {
		for _, e := range es {
			if e.all {
				return e.who
			}
		}
	}
	return nil
}

// several says whether a type is said of all that stand before it: "are", "both",
// "as" and the like right before the type.
func (p *parser) several(s *sentence, before []event, t event) bool {
	from := 0
	for _, b := range before {
		from = max(from, b.at)
	}
	for k := from; k < t.at; k++ {
		if l := s.ls[k]; l.kind == lexWord && l.is(wordPlural) {
			return true
		}
	}
	return false
}

// events lists what a sentence says of whom, in order.
func (p *parser) events(who []*subject, n int, types []*mention) []event {
	s := &p.sentences[n]
	var out []event
	corrects := s.says("last word") || s.says("correction") || len(who) == 1 && isPostscript(s.pas.text)
	for _, t := range types {
		out = append(out, event{at: t.from, typ: t, corrects: corrects, overrides: corrects || s.says("overrides")})
	}
	toks := s.tokens()
	for i := 0; i < len(toks) && s.scanned().may("exception"); {
		if k := words.named("exception").at(toks, i); k > 0 {
			from, _ := lexemesAt(s.ls, toks[i].from, toks[i+k-1].to)
			out = append(out, event{at: from, except: true})
			i += k
			continue
		}
		i++
	}
	inType := make([]bool, len(s.ls)+1)
	for _, t := range types {
		for k := t.from; k < t.to; k++ {
			inType[k] = true
		}
	}
	named := map[*subject]bool{}
	for i, l := range s.ls {
		if l.kind == lexEmail || l.kind == lexURL {
			site := ""
			if l.kind == lexURL {
				site = normURL(l.val)
			}
			for _, x := range who {
				if !named[x] && (l.kind == lexEmail && strings.EqualFold(x.b.Email, l.val) || site != "" && x.site == site) {
					named[x] = true
					out = append(out, event{at: i, who: []*subject{x}})
				}
			}
			continue
		}
		if l.kind != lexWord || inType[i] {
			continue
		}
		if l.capital || len(who) > 0 && !l.is(looksNoName) {
			f := strings.TrimSuffix(l.fold, "s")
			for _, x := range who {
				for _, w := range x.names {
					if (w == l.fold || w == f && strings.ContainsAny(l.text, "'’")) && !named[x] && (l.capital || len(w) > 4) && p.only(who, x, w) {
						named[x] = true
						out = append(out, event{at: i, who: []*subject{x}})
					}
				}
			}
		}
	}
	// Places and everybody.
	if len(who) > 1 {
		out = append(out, p.placesOf(who, s, inType, named)...)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].at < out[j].at })
	return out
}

// only says whether a word names no other subject.
func (p *parser) only(who []*subject, x *subject, w string) bool {
	for _, o := range who {
		if o == x {
			continue
		}
		for _, v := range o.names {
			if v == w {
				return false
			}
		}
	}
	return true
}

// placesOf finds "the first two", "the last one", "the other", "both", "all three".
func (p *parser) placesOf(who []*subject, s *sentence, inType []bool, named map[*subject]bool) []event {
	var out []event
	ls := s.ls
	var told []*subject // those that this sentence has placed so far
	lastNumber := -9
	for i, l := range ls {
		if l.kind != lexWord || inType[i] {
			continue
		}
		count := 0
		if i+1 < len(ls) {
			count = ls[i+1].number()
		}
		if count == 0 && i > 0 && (l.ordinal() == 1 || l.is(wordLast)) {
			count = ls[i-1].number() // "los dos primeros"
		}
		number := 0
		if l.digit && len(l.text) <= 2 {
			number = l.number()
		}
		numbered := number > 0 && number <= len(who) && (i > 0 && ls[i-1].is(wordNumber) || i > 0 && ls0(ls[i-1], "#") || lastNumber == i-2 && i > 1 && (ls[i-1].is(wordConjunction) || ls0(ls[i-1], ",")))
		switch {
		case numbered:
			lastNumber = i
			out = append(out, event{at: i, who: who[number-1 : number]})
			told = append(told, who[number-1])
		case l.ordinal() == 1 && count > 1 && count <= len(who):
			out = append(out, event{at: i, who: who[:count]})
			told = append(told, who[:count]...)
		case l.is(wordLast):
			k := max(1, count)
			if k < len(who) && (i == 0 || !ls[i-1].is(wordNotLast)) {
				out = append(out, event{at: i, who: who[len(who)-k:]})
				told = append(told, who[len(who)-k:]...)
			}
		case l.ordinal() > 0 && l.ordinal() <= len(who):
			x := who[l.ordinal()-1]
			out = append(out, event{at: i, who: []*subject{x}})
			told = append(told, x)
		case l.is(wordOthers):
			var rest []*subject
			for _, x := range who {
				in := named[x]
				for _, t := range told {
					in = in || t == x
				}
				if !in && (x.typ == "" || x.b.LeadType == "") {
					rest = append(rest, x)
				}
			}
			if len(rest) > 0 && len(rest) < len(who) {
				out = append(out, event{at: i, who: rest})
			}
		case l.is(wordEverybody):
			// "both" of two, "all" where the sentence names nobody or everybody.
			if count > 0 && count != len(who) || l.is(wordBoth) && len(who) != 2 {
				break
			}
			if len(named) == 0 || len(named) == len(who) || hasException(s) {
				out = append(out, event{at: i, who: who, all: true})
			}
		}
	}
	return out
}

func hasException(s *sentence) bool { return s.says("exception") }

// aroundType binds a type whose sentence names nobody: the entry of a list that it
// stands in; those that it introduces or sums up; the one spoken of before.
func (p *parser) aroundType(who []*subject, n int, types []*mention) {
	s := &p.sentences[n]
	if len(types) == len(who) && s.says("in order") {
		for i, x := range who {
			if x.typ == "" {
				x.typ, x.by = types[i].typ, types[i]
			}
		}
		return
	}
	for _, t := range types {
		if t.typ != types[0].typ {
			return
		}
	}
	t := types[0]
	corrects := s.says("last word") || s.says("correction") || len(who) == 1 && isPostscript(s.pas.text)
	var before, after, here []*subject
	for _, x := range who {
		at := p.place(x.b)
		switch {
		case x.sent >= 0 && p.sentences[x.sent].pas == s.pas && s.pas.item:
			here = append(here, x)
		case x.sent >= 0 && x.sent < n || x.sent < 0 && earlier(at, s.span) && at.Part == s.span.Part:
			before = append(before, x)
		default:
			after = append(after, x)
		}
	}
	one := singular(s.text)
	put := func(xs []*subject) {
		for _, x := range xs {
			if x.typ == "" || (corrects || one && x.group && len(xs) == 1) && (x.b.LeadType == "" || x.b.prose) {
				x.typ, x.by, x.group = t.typ, t, len(xs) > 1 || s.says("all")
			}
		}
	}
	colon := strings.HasSuffix(strings.TrimSpace(s.text), ":")
	switch {
	case len(here) > 0:
		put(here)
	case s.pas.item && len(before)+len(after) > 1:
		// A type alone in an entry of a list belongs to what is near it.
		if len(before) > 0 {
			put(before[len(before)-1:])
		}
	case s.says("all") && !colon:
		put(who)
	case len(before) == 0 || colon:
		put(after)
	case plural(s.text):
		put(before)
	default:
		put(before[len(before)-1:])
		if len(who) > 1 && len(after) == 0 && !singular(s.text) && s.says("plural type") {
			put(before)
		}
	}
}

// sameAgain gives a sentence that says "same as above" the type of the prospect
// before.
func (p *parser) sameAgain(who []*subject, n int) {
	s := &p.sentences[n]
	if !s.says("same again") {
		return
	}
	var prev *subject
	for _, x := range who {
		if x.sent == n || x.sent >= 0 && p.sentences[x.sent].pas == s.pas {
			if x.typ == "" && prev != nil {
				x.typ, x.by = prev.typ, prev.by
			}
		}
		prev = x
	}
}
