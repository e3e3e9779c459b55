package intake

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadmail/rules"
)

var (
	ordinalWord = regexp.MustCompile(`(?i)^[#(]*(\d{1,2})(?:st|nd|rd|th)?[).:=–-]*$`)
	ordinalType = regexp.MustCompile(`(?i)^(\d{1,2})(q|m|ql|mc)$`)
)

// act reads what the mail asks to be done with registrations that exist, and
// what else it asks for, sentence by sentence.
func (p *parser) act() {
	before := len(p.items)
	bare := []rules.Item{}    // a verb without an object
	carried := rules.Verb("") // the verb of "please renew these:"
	spoken := []object(nil)   // what the sentence before spoke of
	ending := p.ending()
	for n := range p.sentences {
		s := &p.sentences[n]
		p.sentence = n
		if p.taken[n] || p.command(s.text, s.span) {
			spoken = nil
			if o, ok := readOrder(s.text); ok && (o.verb == rules.VerbRenew || o.verb == rules.VerbWithdraw) {
				carried = o.verb // "Please renew R-7K4Q2M. R-9D4HXW too."
			}
			continue
		}
		parts := p.parts(n)
		lapses, withdraws, opposed := s.lapses(), false, withdrawsIn(parts)
		deeds := 0
		for i := range parts {
			kept := parts[i].deeds[:0]
			for _, d := range parts[i].deeds {
				if d.verb == rules.VerbWithdraw && lapses || p.reports(s, parts[i], d) {
					continue
				}
				if d.keep && (!ending || withdraws || carried == rules.VerbWithdraw || len(p.items) > before && p.withdrew(n)) {
					// "Withdraw this one, keep that one", "Keep this one, the other can go".
					parts[i].spares = parts[i].spares || carried == rules.VerbWithdraw || opposed || len(p.items) > before
					continue
				}
				withdraws = withdraws || d.verb == rules.VerbWithdraw
				kept = append(kept, d)
			}
			parts[i].deeds = kept
			deeds += len(kept)
		}
		refs := len(references(s.text))
		question := strings.HasSuffix(strings.TrimSpace(s.text), "?")
		if refs == 0 && question && s.says("ask help") && !s.says("ask status") && len(s.forms()) == 0 {
			p.once(rules.VerbHelp, s.span)
			continue
		}
		if deeds == 0 {
			var objects, named []object
			spares := false
			for _, c := range parts {
				spares = spares || c.spares
				named = append(named, c.objects...)
				if !c.spares {
					objects = append(objects, c.objects...)
				}
			}
			if spares && namesAhead(s.text) {
				carried, objects = "", nil // "Keep: R-7GXT3Q" below "Drop: R-75WD8K"
			}
			if carried != "" && len(objects) > 0 && (refs > 0 && s.line || refs == 0 && s.line && len(strings.Fields(s.text)) <= 8 && !spares || !spares && s.also(objects)) {
				for _, o := range objects {
					if n := len(p.items); n > before && !s.line && len(s.ls) <= 2 && refs == 1 && p.items[n-1].Verb == carried && strings.HasPrefix(p.items[n-1].Ref, "company:") {
						p.items = p.items[:n-1] // "Please withdraw Acme Ltd. R-7K4Q2M": one registration
					}
					p.item(carried, o.ref, s.span, s.ls[o.from].from)
				}
				continue
			}
			if carried != "" && s.line && refs == 0 && !p.signsOff(n) && len(strings.Fields(s.text)) <= 6 && isNameLike(before2(s.text)) && !p.courteous(s.text) && !isClosing(s.text) && len(s.text) > 3 {
				if c, st := readCompany(s.text); st == usable {
					p.item(carried, "company:"+c, s.span, 0)
				}
				continue
			}
			if refs == 0 {
				carried = ""
			}
			if len(objects) > 0 {
				spoken = objects
			} else if len(named) == 1 && !s.says("verb keep") {
				spoken = named // "Acme Ltd told us that they are not buying. Withdraw, please."
			} else if c := registrationOf(s); c != "" {
				spoken = []object{{ref: "company:" + c}}
			}
			p.other(s)
			continue
		}
		bare = append(bare, p.bind(s, parts, spoken, &carried)...)
		p.besides(s, parts)
		spoken = nil
		for _, c := range parts {
			spoken = append(spoken, c.objects...)
		}
		if len(spoken) == 0 {
			if c := registrationOf(s); c != "" {
				spoken = []object{{ref: "company:" + c}}
			}
		}
	}
	p.objects(bare, before)
	p.reversals(before)
	p.paperwork()
}

// also says whether a sentence is nothing but objects and words that add them to what
// was said: "R-9D4HXW as well, please."
func (s *sentence) also(objects []object) bool {
	inside := func(k int) bool {
		return slices.ContainsFunc(objects, func(o object) bool { return k >= o.from && k < o.to })
	}
	for k := range s.ls {
		if l := &s.ls[k]; !inside(k) && l.kind != lexMark && (l.kind != lexWord || !fillers[l.fold] && !smallWord[l.fold] && !atWords[l.fold] && !l.is(wordConjunction) && !l.is(wordModal) && !words.has("too", l.text)) {
			return false
		}
	}
	return true
}

// signsOff says whether a sentence is the one or two words that end the mail below an
// empty line: somebody's name.
func (p *parser) signsOff(n int) bool {
	s := &p.sentences[n]
	if n == 0 || n != len(p.sentences)-1 || len(strings.Fields(s.text)) > 2 || s.pas == p.sentences[n-1].pas {
		return false
	}
	at := s.pas.segs[0].line
	return at > 0 && p.v[at-1].blank()
}

// besides reads what a sentence asks for behind what it has done: "Renew Acme, drop
// Beta, and tell me when Gamma runs out."
func (p *parser) besides(s *sentence, parts []stretch) {
	acts := len(parts) - 1
	for acts >= 0 && len(parts[acts].deeds) == 0 {
		acts--
	}
	if acts < 0 || acts+1 == len(parts) {
		return
	}
	rest := *s
	rest.ls, rest.scan = s.ls[parts[acts+1].from:], nil
	rest.text = s.text[rest.ls[0].from:]
	rest.span.From += min(rest.ls[0].from, 200)
	if rest.asks() || rest.says("asking") {
		p.other(&rest)
	}
}

// withdrawsIn says whether a clause of a sentence withdraws something: then what
// another clause keeps is spared.
func withdrawsIn(parts []stretch) bool {
	for _, c := range parts {
		for _, d := range c.deeds {
			if d.verb == rules.VerbWithdraw && !d.denied {
				return true
			}
		}
	}
	return false
}

// reports says whether a verb tells what was done: "They've renewed with their old
// supplier", "already renewed it yesterday", "thanks for renewing it so fast".
func (p *parser) reports(s *sentence, c stretch, d deed) bool {
	for k := d.from - 1; k >= max(c.from, d.from-3); k-- {
		if s.ls[k].fold == "for" && strings.HasSuffix(s.ls[d.from].fold, "ing") && k > 0 && words.contains("thanks", s.text[:s.ls[k].from]) {
			return true
		}
	}
	if s.wonders() || s.wantsToKnow() {
		return true
	}
	if !strings.HasSuffix(s.ls[d.from].fold, "ed") {
		for k := d.from - 1; k >= max(0, d.from-4) && s.ls[k].kind == lexWord && termWords[s.ls[d.from].fold]; k-- {
			if w := s.ls[k].fold; pronouns[w] && w != "it" && w != "these" && w != "those" {
				return true // "They want another ninety days to pay us."
			}
		}
		// "when do they drop off?"
		return d.from > 1 && pronouns[s.ls[d.from-1].fold] && auxiliaries[s.ls[d.from-2].fold]
	}
	if d.from > 0 && s.ls[d.from-1].fold == "already" {
		return true
	}
	for k := c.from; k < d.from; k++ {
		switch s.ls[k].fold {
		case "they", "theyve", "he", "hes", "she", "shes", "theyd", "it", "its":
			return true
		}
	}
	return false
}

// wonders says whether a sentence asks if something was done, and asks for nothing:
// "Was Acme renewed?"
func (s *sentence) wonders() bool {
	return strings.HasSuffix(strings.TrimSpace(s.text), "?") && s.says("was done") && !s.asks() && !s.says("why")
}

// wantsToKnow says whether a sentence asks which or what, of no single registration:
// "Which leads do you hold under our name?"
func (s *sentence) wantsToKnow() bool {
	return strings.HasSuffix(strings.TrimSpace(s.text), "?") && s.scanned().opens("what") && words.begins("what", s.text) && len(references(s.text)) == 0 && !(len(s.ls) > 1 && (s.ls[1].fold == "about" || s.ls[1].fold == "if"))
}

// pronouns and auxiliaries are the words of which one of each makes what follows a
// deed of somebody else, and termWords begin the verbs that name a time.
var (
	pronouns    = map[string]bool{"they": true, "it": true, "he": true, "she": true, "these": true, "those": true}
	termWords   = map[string]bool{"another": true, "further": true, "a": true, "an": true, "more": true, "extra": true, "additional": true, "fresh": true, "new": true, "one": true, "90": true, "ninety": true, "longer": true}
	auxiliaries = map[string]bool{"do": true, "does": true, "did": true, "are": true, "is": true, "shall": true, "will": true, "would": true, "when": true, "once": true, "until": true, "before": true, "if": true, "that": true}
)

// withdrew says whether the mail withdraws something before sentence n.
func (p *parser) withdrew(n int) bool {
	for _, it := range p.items {
		if it.Verb == rules.VerbWithdraw && !(p.sentences[n].says("correction")) {
			return true
		}
	}
	return false
}

// bind gives the objects of a sentence to its verbs, and returns the verbs that
// found none.
func (p *parser) bind(s *sentence, parts []stretch, spoken []object, carried *rules.Verb) []rules.Item {
	var bare []rules.Item
	var waiting, kept, unwanted []object
	last, said := rules.Verb(""), 0 // the verb before, and where it ends
	asked := p.requests(s)
	acted := ""
	if n := len(p.items); n > 0 {
		acted = p.items[n-1].Ref
	}
	for i, c := range parts {
		var deeds []deed
		denied := false
		for _, d := range c.deeds {
			if d.denied {
				denied = true
			} else {
				deeds = append(deeds, d)
			}
		}
		for _, d := range deeds {
			said = max(said, d.end)
		}
		objects := c.objects
		if len(objects) > 0 && c.from < len(s.ls) && ls0(s.ls[c.from], ";") {
			// A semicolon ends what was said of others: "On garde Mage ; pour Sartis, …"
			waiting = nil
			if o := objects[0]; c.to-c.from-(o.to-o.from) > 2 {
				last = ""
			}
		}
		if c.spares && len(deeds) == 0 {
			kept = append(kept, objects...)
			if s.saysWithin("given up", c) {
				unwanted = append(unwanted, objects...)
			}
			continue
		}
		if len(deeds) > 0 && len(objects) == 0 && len(waiting) == 0 && deeds[0].verb == rules.VerbWithdraw && p.pointsBack(s, deeds[0]) {
			waiting = unwanted // "We shall not pursue Acme; kindly release it."
		}
		if len(deeds) > 0 && len(objects) == 0 && len(waiting) == 0 && deeds[0].verb == rules.VerbRenew && p.pointsBack(s, deeds[0]) {
			waiting = kept // "R-7K4Q2M stays with us, please extend it."
		}
		if c.spares && len(deeds) > 0 {
			// "renew A but not B": what stands behind the word of sparing is spared.
			meant := objects[:0:0]
			for _, o := range objects {
				if o.from < p.sparingAt(s, c) {
					meant = append(meant, o)
				}
			}
			objects = meant
		}
		switch {
		case len(deeds) == 0 && denied:
			if c.deeds[0].verb == rules.VerbWithdraw {
				kept = append(kept, waiting...) // "R-7K4Q2M ends soon and we are not done with them, so renew it."
			}
			waiting = nil
		case len(deeds) == 0 && len(objects) == 0:
		case len(deeds) == 0 && last != "" && tellsOf(s, c) && i+1 < len(parts) && len(parts[i+1].deeds) > 0 && len(parts[i+1].objects) == 0:
			waiting = append(waiting, objects...) // "Renew Acme, Beta has backed out and can go."
		case len(deeds) == 0 && last != "":
			for _, o := range objects {
				listed := ls0(s.ls[c.from], ":") // "one thing to cancel: Acme Ltd"
				if p.mayAct(s, o, asked || listed) && sameVerb(s, max(c.from, said), o) && (strings.HasPrefix(o.ref, "R-") || c.to-c.from-(o.to-o.from) <= 4) {
					p.item(last, o.ref, s.span, s.ls[o.from].from)
				}
			}
		case len(deeds) == 0:
			waiting = append(waiting, objects...)
		case len(objects) > 0:
			for _, o := range objects {
				d := nearest(deeds, o)
				asked = asked || p.performs(s, d) || p.imperative(s, d)
				if p.mayAct(s, o, asked) {
					p.item(d.verb, o.ref, s.span, s.ls[o.from].from)
				}
			}
			for _, o := range waiting {
				if p.mayAct(s, o, asked) && objects[0].from <= deeds[0].from {
					p.item(deeds[0].verb, o.ref, s.span, s.ls[o.from].from)
				}
			}
			waiting, last = nil, deeds[len(deeds)-1].verb
		default:
			d := deeds[0]
			may := asked || p.imperative(s, d) || c.spares
			switch {
			case len(waiting) > 0:
				for _, o := range waiting {
					if p.mayAct(s, o, may) {
						p.item(d.verb, o.ref, s.span, s.ls[o.from].from)
					}
				}
				waiting = nil
			case last == d.verb:
			case d.from > 0 && strings.HasSuffix(s.ls[d.from].fold, "ing") && aboutWords[s.ls[d.from-1].fold]:
				// "The bit about renewing answered my question."
			case ahead(parts[i+1:]):
			case !may && !p.short(s):
			case p.pointsBack(s, d) && last != "" && acted != "":
				p.item(d.verb, acted, s.span, s.ls[d.from].from)
			case p.pointsBack(s, d) && len(spoken) > 0:
				for _, o := range latter(s, d, spoken) {
					p.item(d.verb, o.ref, s.span, s.ls[d.from].from)
				}
			case p.pointsBack(s, d) && acted != "" && s.says("correction"):
				p.item(d.verb, acted, s.span, s.ls[d.from].from)
			case len(spoken) > 0 && asked:
				for _, o := range latter(s, d, spoken) {
					p.item(d.verb, o.ref, s.span, s.ls[d.from].from)
				}
			default:
				if cs := registrationOf(s); cs != "" && len(parts) <= 3 {
					p.item(d.verb, "company:"+cs, s.span, s.ls[d.from].from)
				} else {
					bare = append(bare, rules.Item{Verb: d.verb, Span: s.span})
				}
			}
			last = d.verb
		}
		if n := len(p.items); n > 0 {
			acted = p.items[n-1].Ref
		}
	}
	if last != "" {
		*carried = last
	}
	// The verb came first, its objects in the next lines: keep it as carried only.
	if len(bare) > 0 && strings.HasSuffix(strings.TrimSpace(s.text), ":") {
		*carried = bare[len(bare)-1].Verb
	}
	return bare
}

// saysWithin says whether a phrase of the section stands in a clause.
func (s *sentence) saysWithin(section string, c stretch) bool {
	return c.from < c.to && words.contains(section, s.text[s.ls[c.from].from:s.ls[c.to-1].to])
}

// latter picks from what was spoken of by "the latter" and "the former" before a verb.
func latter(s *sentence, d deed, spoken []object) []object {
	for k := d.from - 1; k >= 0 && len(spoken) > 1; k-- {
		switch w := s.ls[k].fold; {
		case w == "latter" || strings.HasPrefix(w, "letzter"):
			return spoken[len(spoken)-1:]
		case w == "former" || strings.HasPrefix(w, "erster"):
			return spoken[:1]
		}
	}
	return spoken
}

// sameVerb says whether an object goes on with a verb that ends at a lexeme before it:
// nothing but small words stands between, no other verb ("renew Acme and close Beta").
func sameVerb(s *sentence, from int, o object) bool {
	for k := from; k < o.from; k++ {
		if l := &s.ls[k]; l.kind == lexWord && !l.capital && !fillers[l.fold] && !smallWord[l.fold] && !atWords[l.fold] && !l.is(wordConjunction) && !l.is(wordModal) && !l.is(looksNoName) {
			return false
		}
	}
	return true
}

// tellsOf says whether a clause says something of its object, in two words or more.
func tellsOf(s *sentence, c stretch) bool {
	if len(c.objects) != 1 {
		return false
	}
	n, o := 0, c.objects[0]
	for k := c.from; k < c.to; k++ {
		if l := &s.ls[k]; (k < o.from || k >= o.to) && l.kind == lexWord && !fillers[l.fold] && !smallWord[l.fold] && !atWords[l.fold] && !l.is(wordConjunction) {
			n++
		}
	}
	return n >= 2
}

// ahead says whether objects stand before the next verb: they are the verb's own.
func ahead(parts []stretch) bool {
	for _, c := range parts {
		if len(c.deeds) > 0 {
			return false
		}
		if len(c.objects) > 0 && !c.spares {
			return true
		}
	}
	return false
}

// sparingAt is the lexeme where a clause begins to except.
func (p *parser) sparingAt(s *sentence, c stretch) int {
	for i := c.from; i < c.to; i++ {
		if spared(s.ls[i:i+1], c.deeds, i) {
			return i
		}
	}
	return c.to
}

func nearest(deeds []deed, o object) deed {
	best, gap := deeds[0], 1<<20
	for _, d := range deeds {
		g := o.from - d.to
		if o.from < d.from {
			g = d.from - o.to + 2
		}
		if g < gap {
			best, gap = d, g
		}
	}
	return best
}

// mayAct says whether a sentence acts on an object: a reference speaks for
// itself, a name needs a request.
func (p *parser) mayAct(s *sentence, o object, asked bool) bool {
	return asked || strings.HasPrefix(o.ref, "R-") || strings.HasPrefix(o.ref, "ordinal:") || p.short(s)
}

// short says whether a sentence is no more than an answer.
func (p *parser) short(s *sentence) bool { return p.reply && len(s.ls) <= 10 }

// requests says whether a sentence asks for something.
func (p *parser) requests(s *sentence) bool {
	return s.asks() || s.says("asking")
}

// imperative says whether a verb begins the sentence or a clause of it, or is
// allowed ("Acme can come off").
func (p *parser) imperative(s *sentence, d deed) bool {
	if d.from == 0 || s.ls[d.from-1].is(wordModal) || s.ls[d.from].is(wordModal) || ordersIt.MatchString(s.ls[d.from].fold) {
		return true
	}
	l := s.ls[d.from-1]
	if p.performs(s, d) || d.from == 1 && words.has("yes", l.text) {
		return true // "Sí renovad Corchos Lerma."
	}
	return l.kind == lexMark && strings.Contains(",;:—–-.!()*", l.text) || l.kind == lexWord && (l.is(wordConjunction) || l.fold == "then" || l.fold == "so" || l.fold == "just" || l.fold == "also" || l.fold == "dann")
}

// aboutWords stand before a deed that is only spoken of.
var aboutWords = map[string]bool{"about": true, "on": true, "of": true, "regarding": true, "concerning": true}

// ordersIt finds an order with its object at its end: "cancellatela", "cancélenlo",
// "renovem-no".
var ordersIt = regexp.MustCompile(`(?:[aei]te(?:la|lo|le|li)|[ae]n(?:la|lo|las|los)|[aei]d(?:la|lo|las|los)|[ae]m-?(?:no|na|nos|nas)|z-(?:le|la|les))$`)

// performs says whether a sentence does what its verb says: "We withdraw …", "Vi
// trekker tilbake …".
func (p *parser) performs(s *sentence, d deed) bool {
	return d.from > 0 && s.ls[d.from-1].kind == lexWord && firstPersons[s.ls[d.from-1].fold] && !strings.HasSuffix(s.ls[d.from].fold, "ed")
}

// firstPersons are the words by which a sentence does what its verb says.
var firstPersons = map[string]bool{"we": true, "i": true, "wir": true, "ich": true, "vi": true, "jeg": true, "jag": true, "nous": true, "je": true, "wij": true, "ik": true, "noi": true, "hereby": true, "hiermit": true, "hierbij": true, "herved": true, "härmed": true, "niniejszym": true, "timto": true}

// pointsBack says whether a verb without object means what was spoken of: "it",
// "them", "this one", or nothing more.
func (p *parser) pointsBack(s *sentence, d deed) bool {
	n := 0
	for k := d.to; k < len(s.ls) && n < 5; k++ {
		if s.ls[k].kind != lexWord {
			continue
		}
		n++
		if s.ls[k].is(wordPointer) {
			return true
		}
	}
	for k := d.from - 1; k >= 0 && k >= d.from-4; k-- {
		if s.ls[k].is(wordPointer) {
			return true
		}
	}
	return n <= 2 || pronoun(s.text[s.ls[d.to-1].to:])
}

// reversals hands to a person what the mail asks and takes back: both verbs on
// one reference, or a later sentence that revokes an earlier one. Which of the
// two is the last word is not for a program to guess.
func (p *parser) reversals(before int) {
	contested, spared := map[string]bool{}, map[string]bool{}
	verbs := map[string]rules.Verb{}
	final := map[string]rules.Verb{} // what a correction says last
	for _, it := range p.items[before:] {
		if it.Verb != rules.VerbRenew && it.Verb != rules.VerbWithdraw {
			continue
		}
		key := fold(it.Ref)
		if v := verbs[key]; v != "" && v != it.Verb {
			contested[key] = true
			if p.corrected(it.Span) {
				final[key] = it.Verb
			}
		}
		verbs[key] = it.Verb
	}
	if len(verbs) == 0 {
		return
	}
	for n, s := range p.sentences {
		refs, acts := references(s.text), p.hasVerb(&s)
		folded := s.scanned().fold()
		places := false // the sentence spares places: of the others it says nothing
		for key, v := range verbs {
			places = places || v == rules.VerbWithdraw && sparesPlace(s.text, key)
		}
		for key, v := range verbs {
			if said, ok := p.said[key]; ok && said >= n {
				continue
			}
			named := strings.Contains(folded, " "+strings.TrimPrefix(key, "company ")+" ")
			denied := !acts && s.says("verb "+string(v)) && s.says("negation")
			switch {
			case !named && len(refs) > 0:
			case final[key] != "":
			case v == rules.VerbWithdraw && sparesPlace(s.text, key):
				spared[key] = true // "So leave 5 alone": it is not withdrawn, whatever else is
			case places:
			case denied, s.says("reversal") && !s.overlap("reversal", "verb renew"), named && !acts && spares(s.text):
				contested[key] = true
			}
		}
	}
	kept, asked := p.items[:before], map[string]bool{}
	for _, it := range p.items[before:] {
		key := fold(it.Ref)
		acts := it.Verb == rules.VerbRenew || it.Verb == rules.VerbWithdraw
		if spared[key] && it.Verb == rules.VerbWithdraw {
			continue
		}
		if v := final[key]; v != "" && acts {
			if it.Verb == v {
				kept = append(kept, it)
			}
			continue
		}
		if contested[key] && acts {
			if asked[key] {
				continue
			}
			asked[key], it.Verb = true, rules.VerbAsk
		}
		kept = append(kept, it)
	}
	p.items = kept
}

// corrected says whether the sentence at a place, or one since the first item,
// says that what stands before it was wrong.
func (p *parser) corrected(at rules.Span) bool {
	for n := range p.sentences {
		s := &p.sentences[n]
		if s.span.Part == at.Part && s.span.Line <= at.Line && s.says("last word") {
			return true
		}
	}
	return false
}

func before2(s string) string { return strings.TrimRight(s, ".,;") }

// objects gives verbs without an object what they mean: the blocks of labelled
// lines below, a reference or a company in the subject, else nothing.
func (p *parser) objects(bare []rules.Item, before int) {
	subject := rules.Span{Part: "subject", Line: 1, To: len(p.m.Subject)}
	acted := len(p.items) > before
	if s := strings.ToLower(p.m.Subject); strings.HasPrefix(s, "i agree") {
		// It stands above whatever else the mail says; a subject that is quoted begins with Re.
		p.command(s, subject)
	}
	if len(bare) == 0 && !acted && len(p.readings) == 0 && !p.reply && !isForwardSubject(p.m.Subject) {
		// The subject alone may ask: "RENEW R-7K4Q2M".
		if p.command(p.m.Subject, subject) {
			return
		}
		verbs, refs := p.verbs(p.m.Subject), references(p.m.Subject)
		if len(verbs) == 1 {
			for _, r := range refs {
				p.item(verbs[0].verb, string(r.ref), subject, r.from)
			}
			if len(refs) == 0 {
				companies := companiesIn(p.m.Subject[verbs[0].to:])
				for _, c := range companies {
					p.item(verbs[0].verb, "company:"+c, subject, verbs[0].from)
				}
				if ref := p.onlyReference(); len(companies) == 0 && ref != "" && len(strings.Fields(p.m.Subject)) <= 4 {
					p.item(verbs[0].verb, ref, subject, verbs[0].from)
				} else if len(companies) == 0 && len(strings.Fields(p.m.Subject)) <= 4 {
					bare = append(bare, rules.Item{Verb: verbs[0].verb, Span: subject})
				}
			}
		}
	}
	if len(bare) == 0 {
		return
	}
	it := bare[0]
	if len(p.readings) > 0 && !p.register {
		// "Please renew the following:" above labelled lines.
		for _, rd := range p.readings {
			switch {
			case rd.Ref != "":
				p.items = append(p.items, rules.Item{Verb: it.Verb, Ref: string(rd.Ref), Span: rd.at})
			case rd.Company != "":
				p.items = append(p.items, rules.Item{Verb: it.Verb, Ref: "company:" + rd.Company, Span: rd.at})
			}
		}
		p.readings = nil
		return
	}
	if acted || len(p.readings) > 0 {
		return
	}
	// Company lines that were no prospects ("Company: Acme Ltd" alone).
	refs := references(p.m.Subject)
	for _, r := range refs {
		p.items = append(p.items, rules.Item{Verb: it.Verb, Ref: string(r.ref), Span: it.Span})
	}
	if len(refs) > 0 {
		return
	}
	if verbs := p.verbs(p.m.Subject); len(verbs) == 1 && !p.reply {
		if cs := companiesIn(p.m.Subject[verbs[0].to:]); len(cs) > 0 {
			for _, c := range cs {
				p.items = append(p.items, rules.Item{Verb: it.Verb, Ref: "company:" + c, Span: it.Span})
			}
			return
		}
	}
	if name := p.subjectName(); name != "" {
		it.Ref = "company:" + name
	}
	p.items = append(p.items, it)
}

// onlyReference is the one reference of the new text, where no sentence spares,
// denies or asks anything of it; "" otherwise.
func (p *parser) onlyReference() string {
	ref := ""
	for i := range p.sentences {
		s := &p.sentences[i]
		for _, l := range s.ls {
			switch {
			case l.kind == lexRef && ref != "" && ref != l.val, l.kind == lexRef && strings.Contains(s.text, "?"):
				return ""
			case l.kind == lexRef:
				ref = l.val
			case l.kind == lexWord && (l.is(wordSparing) || l.is(wordNot)) && len(references(s.text)) > 0:
				return ""
			}
		}
	}
	return ref
}

// subjectName is the subject where it is nothing but a name that the new text
// names too: "Wind&Waves". "" where it is anything else.
func (p *parser) subjectName() string {
	s := strings.TrimSpace(p.m.Subject)
	for isReplySubject(s) || isForwardSubject(s) {
		_, s, _ = strings.Cut(s, ":")
		s = strings.TrimSpace(s)
	}
	if s == "" || len(strings.Fields(s)) > 6 || strings.ContainsAny(s, ":?!@") || p.ownName(s) {
		return ""
	}
	key := " " + fold(s) + " "
	for i := range p.sentences {
		x := &p.sentences[i]
		if !strings.Contains(x.scanned().fold(), key) {
			continue
		}
		for _, r := range runs(x.ls) {
			if from, to := p.bareName(x, r[0], r[1], nil); to > from && fold(nameText(x, from, to)) == strings.TrimSpace(key) {
				return s
			}
		}
	}
	return ""
}

func (p *parser) item(v rules.Verb, ref string, span rules.Span, at int) {
	for _, it := range p.items {
		if it.Ref == ref && it.Verb == v {
			return
		}
	}
	if ref != "" {
		p.said[fold(ref)] = p.sentence
	}
	if len(p.items) < 200 {
		span.From += min(at, 200)
		p.items = append(p.items, rules.Item{Verb: v, Ref: ref, Span: span})
	}
}

// verbAt is a verb in a sentence.
type verbAt struct {
	verb     rules.Verb
	from, to int
}

// hasVerb says whether verbs finds any in a sentence.
func (p *parser) hasVerb(s *sentence) bool {
	return (s.says("verb renew") || s.says("verb withdraw")) && len(p.verbs(s.text)) > 0
}

// verbs finds renew and withdraw in a sentence, those that are not negated.
func (p *parser) verbs(s string) []verbAt {
	ts := tokens(s)
	var out []verbAt
	for i := 0; i < len(ts); {
		best, verb := 0, rules.Verb("")
		for _, v := range []rules.Verb{rules.VerbRenew, rules.VerbWithdraw} {
			if n := words.named("verb "+string(v)).at(ts, i); n > best {
				best, verb = n, v
			}
		}
		if best == 0 {
			i++
			continue
		}
		negated := false
		for j := max(0, i-3); j < i; j++ {
			switch ts[j].w {
			case "not", "don't", "never", "no", "nicht", "pas", "non", "without", "won't", "cannot", "can't":
				negated = true
			}
		}
		if !negated {
			to := ts[i+best-1].to
			if strings.HasPrefix(ts[i].w, "take") || strings.HasPrefix(ts[i].w, "keep") || ts[i].w == "close" || ts[i].w == "end" || ts[i].w == "pull" || ts[i].w == "strike" || ts[i].w == "cross" {
				to = ts[i].to // the object stands in the gap
			}
			out = append(out, verbAt{verb, ts[i].from, to})
		}
		i += best
	}
	// "re-register it … for another 90 days": the same verb twice is one.
	kept := out[:0]
	for i, v := range out {
		if i > 0 && v.verb == kept[len(kept)-1].verb && len(references(s[kept[len(kept)-1].to:v.from])) == 0 && len(companiesIn(s[kept[len(kept)-1].to:v.from])) == 0 && len(companiesIn(s[v.to:])) == 0 && len(references(s[v.to:])) == 0 {
			continue
		}
		kept = append(kept, v)
	}
	return kept
}

// sparesAt finds where a sentence begins to except what it names: "but keep",
// "not", "leave". -1 where it does not.
func sparesAt(s string) int {
	for _, t := range tokens(s) {
		switch t.w {
		case "keep", "leave", "but", "not", "except", "don't", "unless", "however", "whereas", "while", "without", "stays", "stay", "instead":
			return t.from
		}
	}
	return -1
}

// sparesPlace says whether a sentence excepts a place of our list: "leave 5 alone",
// "keep numbers 2 and 5". key is a reference, folded: "ordinal 5".
func sparesPlace(s, key string) bool {
	place, ok := strings.CutPrefix(key, "ordinal ")
	if !ok {
		return false
	}
	const most = 2 // words between, such as "Sie" and "doch"
	open, between := false, 0
	for _, t := range tokens(s) {
		switch {
		case words.is(wordSparing, t.w), words.has("verb keep", t.w):
			open, between = true, 0
		case open && t.w == place:
			return true
		case open && strings.Trim(t.w, "0123456789") != "" && !words.is(wordConjunction, t.w) && !words.is(wordNumber, t.w):
			between++
			open = between <= most && (smallWord[t.w] || articles[t.w] || words.is(wordPointer, t.w))
		}
	}
	return false
}

func spares(s string) bool { return sparesAt(s) >= 0 }

// asks says whether a sentence is a request rather than a report.
func (s *sentence) asks() bool { return s.says("request") }

func pronoun(object string) bool {
	ts := tokens(object)
	for i := 0; i < len(ts) && i < 4; i++ {
		switch ts[i].w {
		case "it", "this", "that", "them", "one":
			return true
		}
	}
	return len(ts) == 0
}

// fillers stand between a verb and its object.
var fillers = map[string]bool{"our": true, "the": true, "my": true, "this": true, "that": true, "registration": true, "registrations": true, "for": true, "of": true, "lead": true, "prospect": true, "company": true, "client": true, "customer": true, "account": true, "entry": true, "record": true, "on": true, "please": true, "leads": true, "from": true, "a": true, "following": true, "also": true, "both": true, "with": true, "these": true, "those": true, "two": true, "is": true, "called": true, "named": true}

// connectors may stand inside a company's name.
var connectors = map[string]bool{"&": true, "of": true, "the": true, "de": true, "van": true, "von": true, "der": true, "du": true, "del": true, "di": true, "la": true, "le": true, "y": true, "e": true, "+": true, "og": true, "och": true, "und": true, "et": true, "do": true, "da": true, "des": true, "for": true, "z": true, "o.o.": true}

// companiesIn reads the names right behind a verb: what is in quotation marks, or
// words with capitals up to the first that has none. Lists are cut at commas and
// at "and" between two whole names.
func companiesIn(object string) []string {
	fields := strings.Fields(object)
	i := 0
	for i < len(fields) && i < 6 && fillers[strings.ToLower(strings.Trim(fields[i], ",:;"))] {
		i++
	}
	if i == len(fields) {
		return nil
	}
	rest := strings.Join(fields[i:], " ")
	for _, q := range [][2]string{{`"`, `"`}, {"“", "”"}, {"„", "“"}, {"'", "'"}, {"‘", "’"}, {"«", "»"}} {
		if strings.HasPrefix(rest, q[0]) {
			if end := strings.Index(rest[len(q[0]):], q[1]); end > 0 {
				return []string{strings.TrimSpace(rest[len(q[0]) : len(q[0])+end])}
			}
		}
	}
	var out []string
	var name []string
	done := func() {
		for len(name) > 0 && connectors[strings.ToLower(name[len(name)-1])] {
			name = name[:len(name)-1]
		}
		if len(name) == 0 {
			return
		}
		last := name[len(name)-1]
		bare := strings.TrimRight(last, ".,;:!?)")
		if w := strings.ToLower(bare); legalForms[w] && strings.HasPrefix(last[len(bare):], ".") {
			bare += "."
		}
		name[len(name)-1] = bare
		if n := strings.Join(name, " "); letters(n) && !calendarWord(n) && len(references(n)) == 0 {
			out = append(out, n)
		}
		name = nil
	}
	for k, w := range fields[i:] {
		core := strings.Trim(w, ",.;:!?()")
		lower := strings.ToLower(core)
		r, _ := utf8.DecodeRuneInString(core)
		capital := unicode.IsUpper(r) || unicode.IsDigit(r) && len(name) > 0 || unicode.Is(unicode.Han, r) || unicode.Is(unicode.Katakana, r)
		switch {
		case lower == "i" || capital && len(name) == 0 && k > 0 && startsSentence(core):
			done()
			return out
		case capital:
			name = append(name, w)
		case (lower == "and" || lower == "et" || lower == "und") && len(name) > 0 && k+1 < len(fields[i:]):
			next, _ := utf8.DecodeRuneInString(fields[i:][k+1])
			if !unicode.IsUpper(next) {
				done()
				return out
			}
			// "Harbor and Vine" is one name, "Acme Ltd and Beta GmbH" are two.
			if len(name) == 1 && !legalForms[strings.ToLower(strings.Trim(name[0], ",."))] && len(out) == 0 && !strings.HasSuffix(name[0], ",") {
				name = append(name, w)
			} else {
				done()
			}
			continue
		case connectors[lower] && len(name) > 0 && !strings.HasSuffix(w, ","):
			name = append(name, w)
			continue
		default:
			done()
			return out
		}
		if strings.HasSuffix(w, ",") {
			next := ""
			if k+1 < len(fields[i:]) {
				next = strings.ToLower(strings.Trim(fields[i:][k+1], ".,;"))
			}
			if legalForms[next] {
				continue
			}
			done()
		} else if strings.ContainsAny(w[len(w)-1:], ".;:!?)") && !legalForms[strings.ToLower(strings.TrimRight(w, "."))] && len(core) > 1 || strings.HasPrefix(w, "(") {
			done()
			return out
		}
	}
	done()
	return out
}

func calendarWord(s string) bool {
	switch strings.ToLower(strings.Trim(s, ".,")) {
	case "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "today", "tomorrow", "thanks", "please", "ok", "okay", "yes", "no", "hi", "hello", "dear", "leanstack", "this", "that", "it", "q1", "q2", "q3", "q4":
		return true
	}
	return false
}

// registrationOf finds the company in "our registration for Tidepool Analytics
// Ltd.", "the Acme registration".
func registrationOf(x *sentence) string {
	s, ts := x.text, x.tokens()
	for i, t := range ts {
		if (t.w == "registration" || t.w == "lead" || t.w == "prospect" || t.w == "client") && i+1 < len(ts) {
			w := ts[i+1].w
			if w != "for" && w != "of" && t.w == "registration" {
				continue
			}
			from := ts[i].to
			if w == "for" || w == "of" {
				from = ts[i+1].to
			}
			if cs := companiesIn(s[from:]); len(cs) == 1 {
				return cs[0]
			}
		}
	}
	for i, t := range ts {
		if t.w != "registration" && t.w != "lead" && t.w != "prospect" || i == 0 {
			continue
		}
		// Capitals right before it.
		k := i
		for k > 0 {
			r, _ := utf8.DecodeRuneInString(s[ts[k-1].from:])
			if !unicode.IsUpper(r) || fillers[ts[k-1].w] || ts[k-1].w == "qualified" || ts[k-1].w == "managed" || ts[k-1].w == "new" {
				break
			}
			k--
		}
		if k < i && k > 0 {
			name := strings.TrimSpace(s[ts[k].from:ts[i-1].to])
			return strings.TrimSuffix(strings.TrimSuffix(name, "'s"), "’s")
		}
	}
	return ""
}

// other reads what a sentence asks besides: the list of registrations, how to
// register.
func (p *parser) other(s *sentence) {
	toks := s.tokens()
	listed := p.listedBelow(p.sentence)
	asking := listed || s.questions() || len(toks) > 1 && (toks[0].w == "how" || toks[0].w == "what") || s.line && len(strings.Fields(s.text)) <= 8
	wish := rules.Verb("")
	if listed || s.questions() {
		wish = p.wish(s)
	}
	if wish == "" && p.sentence > 0 && s.says("send it") && p.sentences[p.sentence-1].says("ask statement") && asking {
		wish = rules.VerbStatement // "I never got the statement for July. Could you send it again?"
	}
	switch {
	case wish == rules.VerbStatement:
		p.once(wish, s.span)
	case s.wonders():
		p.once(rules.VerbStatus, s.span)
	case asking && s.says("ask status") && s.both("ask status", "ask help"):
		p.once(rules.VerbStatus, s.span)
		p.once(rules.VerbHelp, s.span)
	case asking && s.says("ask status") && (!s.says("ask help") || s.overlap("ask status", "ask help")) && !s.says("what then") && (s.questions() || !s.says("handed in")), s.asksList() && !p.tabled():
		p.once(rules.VerbStatus, s.span)
	case asking && s.says("ask help") && len(s.forms()) == 0:
		p.once(rules.VerbHelp, s.span)
	case asking && s.says("ask statement") && !s.says("amiss") && !s.says("dispute") && !s.says("why"):
		p.once(rules.VerbStatement, s.span)
	case wish != "":
		p.once(wish, s.span)
	}
}

// overlap says whether the first phrases of two sections share a word: "tell me how
// many registrations we have left" asks for no help.
func (s *sentence) overlap(one, other string) bool {
	a, n := s.scanned().find(one, 0)
	b, m := s.scanned().find(other, 0)
	return a >= 0 && b >= 0 && a < b+m && b < a+n
}

// listedBelow says whether a sentence is an entry of a list that a colon announces:
// what stands in it is as good as asked for.
func (p *parser) listedBelow(n int) bool {
	if !p.sentences[n].pas.item {
		return false
	}
	for n > 0 && p.sentences[n].pas.item {
		n--
	}
	lead := &p.sentences[n]
	return !lead.pas.item && strings.HasSuffix(strings.TrimSpace(lead.text), ":") && !lead.says("verb register") && !lead.says("handing over")
}

// both says whether phrases of two sections stand in a sentence with an "and"
// between: "tell me what is registered and how I add a new one".
func (s *sentence) both(one, other string) bool {
	a, n := s.scanned().find(one, 0)
	b, m := s.scanned().find(other, 0)
	if a < 0 || b < 0 {
		return false
	}
	if b < a {
		a, n, b = b, m, a
	}
	for k := a + n; k < b; k++ {
		if words.is(wordConjunction, s.tokens()[k].w) && strings.TrimSpace(s.text[s.tokens()[a].from:s.tokens()[k].from]) != "" {
			return true
		}
	}
	return false
}

// asksList says whether a sentence asks for a list of what the sender has
// registered, put together by what it is and what is on it.
func (s *sentence) asksList() bool {
	return s.says("overview") && s.says("running registrations") && (s.says("asking") || s.asks() || strings.Contains(s.text, "?")) &&
		!s.says("ask help") && !s.says("place in list") && !strings.Contains(s.text, "@")
}

// tabled says whether the mail holds a table of prospects: what it says of lists is
// about that.
func (p *parser) tabled() bool {
	for _, b := range p.blocks {
		if b.table {
			return true
		}
	}
	return false
}

func (p *parser) once(v rules.Verb, span rules.Span) {
	for _, it := range p.items {
		if it.Verb == v {
			return
		}
	}
	p.items = append(p.items, rules.Item{Verb: v, Span: span})
}

// answers reads the short answers of a thread: a web address, an address, a
// lead type, YES, each alone or behind the number of our list.
func (p *parser) answers() bool {
	if !p.reply && len(references(p.m.Subject)) == 0 {
		return false
	}
	type content struct {
		text string
		span rules.Span
	}
	var lines []content
	for i, l := range p.v {
		if l.zone != fresh || p.used[i] || l.blank() || isRule(l.text) {
			continue
		}
		t := strings.TrimSpace(l.text)
		if p.courteous(t) || strings.HasSuffix(t, ":") && len(strings.Fields(t)) <= 4 && len(p.v.labels(i)) == 0 {
			continue // a greeting, or "respondendo:"
		}
		lines = append(lines, content{t, rules.Span{Part: l.part, Line: l.n, From: l.offset(), To: l.offset() + len(l.text)}})
	}
	if len(lines) == 0 || len(lines) > 60 {
		return false
	}
	var found []reading
	at := map[int]int{} // the reading of a number of our list
	var confirm *rules.Item
	renewed := false
	add := func(rd rules.Reading, v rules.Verb, span rules.Span) {
		if k, ok := at[rd.Ordinal]; ok && found[k].verb == v {
			old := &found[k].Reading
			clash := false
			for _, f := range rules.Fields {
				clash = clash || rd.Get(f) != "" && old.Get(f) != ""
			}
			if !clash {
				old.Prospect = rd.Prospect.Over(old.Prospect)
				for f, s := range rd.Spans {
					old.Spans[f] = s
				}
				return
			}
		}
		at[rd.Ordinal] = len(found)
		found = append(found, reading{Reading: rd, verb: v, at: span})
	}
	questions := p.numberedQuestions()
	one := ofOne(questions)
	for _, c := range lines {
		pieces := numbered(c.text)
		readings := make([]rules.Reading, len(pieces))
		yes := make([]bool, len(pieces))
		understood := true
		for i, piece := range pieces {
			readings[i].Ordinal = piece.n
			rest, ok := p.affirmed(piece.text)
			yes[i] = ok
			understood = understood && (ok && rest == "" || bareAnswers(rest, &readings[i], c.span) || piece.n > 0 && (words.has("no", rest) || bareNameFor(questions[piece.n], piece.text, &readings[i], c.span) || toldFor(piece.text, &readings[i], c.span)))
			if one && questions[piece.n] != "" {
				readings[i].Ordinal = 0 // it numbers our questions, not prospects
			}
		}
		if !understood {
			// Not all of it is understood: a person reads it, unless we had asked
			// for just one thing.
			rd := rules.Reading{}
			if len(lines) != 1 || !p.asked(c.text, &rd, c.span) {
				return false
			}
			readings, yes = []rules.Reading{rd}, []bool{false}
		}
		for i, rd := range readings {
			switch {
			case yes[i] && rd.Ordinal == 0 && confirm == nil:
				confirm = &rules.Item{Verb: rules.VerbConfirm, Span: c.span}
			case yes[i] && rd.Ordinal > 0 && p.asksRenewal():
				p.item(rules.VerbRenew, "ordinal:"+strconv.Itoa(rd.Ordinal), c.span, i)
				renewed = true
			case yes[i] && rd.Ordinal > 0:
				add(rules.Reading{Ordinal: rd.Ordinal}, rules.VerbConfirm, c.span)
			}
			if len(rd.Spans) > 0 || len(rd.None) > 0 || len(rd.Unusable) > 0 {
				add(rd, rules.VerbAnswer, c.span)
			}
		}
	}
	if refs := references(p.m.Subject); len(refs) == 1 && len(found) == 1 && found[0].Ordinal == 0 {
		found[0].Ref = refs[0].ref
	}
	p.readings = found
	if confirm != nil {
		p.items = append(p.items, *confirm)
	}
	return len(found) > 0 || confirm != nil || renewed
}

// toldFor reads the answer to one of our numbers in a few words: "surname is
// Okello-Baine", "she's under our care, so managed customer".
func toldFor(text string, rd *rules.Reading, span rules.Span) bool {
	for section, f := range map[string]rules.Field{"cue last name": rules.LastName, "cue first name": rules.FirstName} {
		if name, ok := words.after(section, text); ok && len(strings.Fields(name)) <= 3 {
			if v, st := readName(strings.TrimRight(name, ".!")); st == usable && isNameLike(v) {
				rd.Set(f, v)
				rd.Spans = map[rules.Field]rules.Span{f: span}
				return true
			}
		}
	}
	i := strings.LastIndex(text, ",")
	if i < 0 || strings.Contains(text, "?") || words.contains("negation", text) || words.contains("prose qualified_lead", text[:i]) || words.contains("prose managed_customer", text[:i]) {
		return false
	}
	t := bareType(strings.TrimPrefix(strings.TrimSpace(text[i+1:]), "so "))
	if t == "" {
		return false
	}
	rd.LeadType = t
	rd.Spans = map[rules.Field]rules.Span{rules.LeadTypeOf: span}
	return true
}

// keepAnswers drops what was taken for a request of its own and was the answer.
func (p *parser) keepAnswers() {
	kept := p.items[:0]
	for _, it := range p.items {
		if it.Verb == rules.VerbConfirm || it.Verb == rules.VerbRenew || it.Verb == rules.VerbWithdraw {
			kept = append(kept, it)
		}
	}
	p.items = kept
}

// asksRenewal says whether our mail below asks if registrations are to go on.
func (p *parser) asksRenewal() bool {
	if words.contains("verb renew", p.m.Subject) {
		return true
	}
	for _, l := range p.v {
		if l.zone == quoted && strings.Contains(l.text, "?") && words.contains("verb renew", l.text) {
			return true
		}
	}
	return false
}

// numberedText is a piece of a line with the number of our list that it is for; 0
// for none.
type numberedText struct {
	n    int
	text string
}

// numbered cuts a line at the numbers of our list: "2 Q", "1 Q 2 M", "2:
// kuanza.example", "the 2nd one is QL", "Q for the second".
func numbered(s string) []numberedText {
	var out []numberedText
	var words, fillers []string
	n, began := 0, false
	end := func() {
		if began || len(words) > 0 {
			out = append(out, numberedText{n, strings.Trim(strings.Join(words, " "), ",;/ ")})
		}
		words, fillers = nil, nil
	}
	for _, w := range strings.Fields(s) {
		bare := strings.ToLower(strings.Trim(w, ",.;:)(-–—/=&"))
		if m := ordinalType.FindStringSubmatch(bare); m != nil {
			end()
			n, _ = strconv.Atoi(m[1])
			began, words = true, []string{m[2]}
			continue
		}
		if began && n > 0 && len(words) > 0 && othersIn(w) {
			end() // "The first is managed, the other two are qualified."
			n, words = 0, []string{w}
			continue
		}
		if k := ordinal(w); k > 0 {
			if !began && len(words) > 0 {
				// "yes to the second": the number stands behind what it is for.
				out = append(out, numberedText{k, strings.Join(words, " ")})
				words, fillers, began, n = nil, nil, true, -1
				continue
			}
			end()
			n, began = k, true
			continue
		}
		switch bare {
		case "", "the", "for", "to", "no", "nr", "number", "and", "one", "is", "are":
			// Only between a number and its answer do these not count.
			if bare == "no" && len(words) == 0 && strings.HasSuffix(w, ",") {
				break
			}
			fillers = append(fillers, w)
			continue
		}
		if len(words) > 0 {
			words = append(words, fillers...)
		}
		words, fillers = append(words, w), nil
	}
	if n < 0 && len(words) == 0 {
		return out
	}
	if n < 0 {
		// "M for the first, Q for the rest."
		if rest := strings.Join(append(words, fillers...), " "); othersIn(rest) {
			return append(out, numberedText{0, rest})
		}
	}
	end()
	if n < 0 || !began {
		return []numberedText{{0, s}}
	}
	return out
}

// othersIn says whether a piece of text is about the others.
func othersIn(s string) bool {
	for _, t := range tokens(s) {
		if words.entry(t.id).facts&wordOthers != 0 {
			return true
		}
	}
	return false
}

// ordinal reads a number of a list, 1 to 99: "2", "2.", "#2", "2nd", "second"; 0
// for any other word.
func ordinal(w string) int {
	if m := ordinalWord.FindStringSubmatch(strings.TrimRight(w, ",;")); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return words.ordinal(foldLetters(strings.Trim(w, ",.;:")))
}

// affirmed reads a YES to what we had proposed, and returns what stands behind it:
// "yes", "yes, that is the website", "YES kuanzacoffee.com is the website", "yes and
// Q". A website that our mail below does not name is another one, and an answer.
func (p *parser) affirmed(s string) (rest string, yes bool) {
	s = strings.TrimSpace(s)
	if words.has("yes", s) || agrees(s) && !isThanks(s) && (words.begins("yes", s) || words.contains("go ahead", s)) {
		return "", true
	}
	no := false
	rest, yes = words.after("yes", s)
	if !yes {
		// "No, it is kuanza.example."
		if f := strings.Fields(s); len(f) > 1 && strings.EqualFold(strings.Trim(f[0], ",.:;-–—"), "no") {
			rest, no = strings.Join(f[1:], " "), true
		} else {
			return s, false
		}
	}
	urls := findURLs(rest)
	if !no && len(urls) == 0 && agrees(rest) {
		return "", true
	}
	var left []string
	for _, w := range strings.Fields(rest) {
		if len(findURLs(w)) > 0 {
			continue
		}
		switch bare := strings.ToLower(strings.Trim(w, ",.;:!-–—")); bare {
		case "", "is", "to", "the", "website", "websites", "site", "sites", "web", "url", "it", "those", "it's", "its", "it’s", "that", "that's", "that’s", "this", "correct", "right", "our", "their", "address", "one", "domain", "homepage", "please", "and", "indeed", "both", "all", "are", "of", "them", "go", "ahead", "register", "thanks", "thank", "you", "fine", "good", "exactly", "so", "ok", "okay", "they", "he", "she", "his", "her", "right!", "two", "three":
		default:
			left = append(left, w)
		}
	}
	switch {
	case len(urls) == 1 && len(left) == 0 && (no || !p.quotes(urls[0])):
		return urls[0], false
	case no:
		return s, false
	case len(urls) == 0 && len(left) > 0 && words.contains("verb register", rest) && words.contains("all", rest) && !words.contains("negation", rest):
		return "", true // "yes, that is right, you can register both"
	case len(urls) == 0 || len(urls) == 1 && len(left) == 0:
		return strings.Join(left, " "), true
	}
	return s, false
}

// agrees says whether what stands behind a YES says no more than that it is right
// and may be registered: "c'est exact, vous pouvez l'enregistrer".
func agrees(s string) bool {
	toks := tokens(s)
	if len(toks) == 0 || len(toks) > 16 || strings.ContainsAny(s, "@?") {
		return false
	}
	for i := 0; i < len(toks); {
		best := 0
		for _, name := range []string{"agreement", "verb register", "thanks", "yes", "all", "go ahead"} {
			best = max(best, words.named(name).at(toks, i))
		}
		if best == 0 {
			return false
		}
		i += best
	}
	return true
}

// alsoConfirms reads the YES that stands, as a sentence of its own, before a new
// prospect or another wish: it answers what we asked, and the rest goes by itself.
func (p *parser) alsoConfirms() {
	if !p.reply || !p.asksBelow() {
		return
	}
	for _, rd := range p.readings {
		if rd.verb != rules.VerbRegister {
			return // it belongs to what was asked
		}
	}
	if len(p.readings) == 0 && p.asksRenewal() {
		return
	}
	for n := range p.sentences {
		s := &p.sentences[n]
		t := strings.TrimSpace(s.text)
		if head, tail, ok := strings.Cut(t, ","); ok && isThanks(head) {
			t = strings.TrimSpace(tail) // "Thanks, yes that's right."
		}
		if p.courteous(t) {
			continue
		}
		if rest, yes := p.affirmed(t); yes && rest == "" && len(references(t)) == 0 {
			p.item(rules.VerbConfirm, "", s.span, 0)
			p.taken[n] = true
		}
		return
	}
}

// quotes says whether the mail quoted below names a website, or nothing is quoted.
func (p *parser) quotes(url string) bool {
	any := false
	for _, l := range p.v {
		if l.zone != quoted || l.blank() {
			continue
		}
		any = true
		for _, u := range findURLs(l.text) {
			if normURL(u) == normURL(url) {
				return true
			}
		}
	}
	return !any
}

// courteous says whether a line is greeting, thanks, the sender's own name, or
// says that answers follow.
func (p *parser) courteous(t string) bool {
	if words.begins("greeting", t) && len(strings.Fields(t)) <= 6 && len(findURLs(t)) == 0 {
		return true
	}
	if isClosing(t) || isThanks(t) {
		return !words.has("yes", t)
	}
	if len(t) < 120 && words.contains("addressee", t) && len(findURLs(t)) == 0 || p.introduces(t) {
		return true
	}
	if len(t) < 80 && words.contains("filled", t) && !words.contains("amounts to", t) && len(findURLs(t)) == 0 && !strings.Contains(t, "@") {
		return true
	}
	return p.ownName(t)
}

// introduces says whether a sentence only says who writes: "改善ラボの南です。"
func (p *parser) introduces(t string) bool {
	bare := strings.TrimRight(strings.TrimSpace(t), "。. ")
	if !strings.HasSuffix(bare, "です") && !strings.HasSuffix(bare, "と申します") || len([]rune(bare)) > 40 {
		return false
	}
	for _, w := range strings.Fields(p.m.FromName) {
		if strings.Contains(bare, w) && isIdeographic(w) {
			return true
		}
	}
	return false
}

// ownName says whether a line is made of the sender's own name.
func (p *parser) ownName(t string) bool {
	return isOwnName(t, p.owner)
}

// owner is the sender's name and local part as words.
func (m *Message) owner() []token {
	return tokens(m.FromName + " " + before(string(m.From), "@"))
}

// isOwnName says whether a line is made of the sender's name, a short form of it
// ("Gwen" of Gwendolyn) or its initial.
func isOwnName(t string, owner []token) bool {
	// Most lines begin with a word that no word of the name begins with.
	first, any := firstWord(t), false
	for _, o := range owner {
		any = any || strings.HasPrefix(o.w, first)
	}
	if !any {
		return false
	}
	ts := tokens(t)
	if len(ts) == 0 || len(ts) > 5 || strings.ContainsAny(t, "@?:=") || len(owner) == 0 {
		return false
	}
	for _, w := range ts {
		own := len(ts) == 1 && len(w.w) == 1 && strings.HasPrefix(owner[0].w, w.w)
		for _, o := range owner {
			own = own || o.w == w.w || len(w.w) >= 3 && strings.HasPrefix(o.w, w.w) || len(w.w) == 1 && len(ts) > 1 && strings.HasPrefix(o.w, w.w)
		}
		if !own {
			return false
		}
	}
	return true
}

// bareAnswers reads a line that is nothing but values: "kuanza.example", "QL for
// all", "jane@acme.example, acme.example".
func bareAnswers(text string, rd *rules.Reading, span rules.Span) bool {
	text = strings.TrimRight(strings.TrimSpace(text), ".!,;")
	if open := strings.IndexByte(text, '('); open > 0 && strings.HasSuffix(text, ")") {
		text = strings.TrimSpace(text[:open]) // "managed customer (ours since March)"
	}
	if text == "" {
		return false
	}
	rd.Spans = map[rules.Field]rules.Span{}
	if head, tail, ok := strings.Cut(text, ","); ok && typeWords(head) != "" && len(strings.Fields(tail)) <= 6 && !words.contains("negation", tail) && !strings.ContainsAny(tail, "@.?") && !words.contains("prose qualified_lead", tail) && !words.contains("prose managed_customer", tail) {
		text = head // "Managed, wie geschrieben"
	}
	if t := bareType(text); t != "" {
		rd.LeadType, rd.All = t, words.contains("all", text) || othersIn(text)
		rd.Spans[rules.LeadTypeOf] = span
		return true
	}
	if v := loneValue(text); v != "" {
		text = v
	}
	pieces := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '|' })
	if len(pieces) == 1 {
		pieces = strings.Fields(strings.ReplaceAll(text, " and ", " "))
		// "www.acme.example <http://www.acme.example/>"
		if len(pieces) == 2 && strings.HasPrefix(pieces[1], "<") {
			pieces = pieces[:1]
		}
	}
	for _, piece := range pieces {
		piece = strings.TrimSpace(piece)
		if v := loneValue(piece); v != "" {
			piece = v
		}
		switch {
		case piece == "":
		case rd.Email == "" && certain(labelEmail, piece):
			rd.Email, _ = readEmail(piece)
			rd.Spans[rules.Email] = span
		case rd.URL == "" && certain(labelURL, piece):
			rd.URL, _ = readURL(piece)
			rd.Spans[rules.URL] = span
		case rd.LeadType == "" && bareType(piece) != "":
			rd.LeadType = bareType(piece)
			rd.Spans[rules.LeadTypeOf] = span
		default:
			return false
		}
	}
	return len(rd.Spans) > 0
}

// loneValue is the one address or website of a text that says no more than what it is:
// "o site é moinhobravo.example", "and her e-mail is taina@riacho.example"; "" of any
// other.
func loneValue(s string) string {
	fields := strings.Fields(s)
	if len(fields) < 2 || len(fields) > 8 {
		return ""
	}
	value := ""
	for _, w := range fields {
		bare := strings.Trim(w, ",.;:!()\"'")
		f := foldLetters(bare)
		switch {
		case certain(labelEmail, bare) || certain(labelURL, bare):
			if value != "" {
				return ""
			}
			value = bare
		case f == "", smallWord[f], articles[f], words.is(wordConjunction, bare), words.is(wordPointer, bare), words.lookup(bare, false) != "", words.has("is now so", bare), words.has("whose", bare):
		default:
			return ""
		}
	}
	return value
}

// bareType reads "Q", "QL for all", "all managed customers", "both are QL".
func bareType(s string) rules.LeadType {
	if t := typeWords(s); t != "" {
		return t
	}
	ts := tokens(s)
	if len(ts) == 0 || len(ts) > 8 || words.contains("negation", s) {
		return ""
	}
	// Take "for all", "all of them are" and the like away; a type must remain.
	var rest []string
	for i := 0; i < len(ts); i++ {
		if n := words.named("all").at(ts[:min(len(ts), i+4)], i); n > 0 {
			i += n - 1
			continue
		}
		if words.entry(ts[i].id).facts&wordOthers != 0 {
			continue
		}
		switch ts[i].w {
		case "for", "are", "sind", "sont", "son", "são", "sao", "sono", "zijn", "są", "sa", "är", "er", "is", "it's", "its", "they", "they're", "of", "them", "the", "it", "please", "two", "three", "four", "five", "zwei", "drei", "deux", "trois", "dos", "tres", "duas", "due", "tre", "twee", "drie", "dwa", "trzy", "this", "these", "that", "a", "an", "only", "just", "nur", "bitte", "seulement", "solo", "sólo", "alleen", "tylko", "ist", "est", "es", "é", "è", "to", "jest", "ein", "eine", "un", "une", "uma", "una":
			continue
		}
		rest = append(rest, ts[i].w)
	}
	return typeWords(strings.Join(rest, " "))
}

// asked reads a bare answer by what our mail, quoted below, had left open: one
// empty label, one value.
func (p *parser) asked(text string, rd *rules.Reading, span rules.Span) bool {
	field := labelField("")
	for _, l := range p.v {
		if l.zone != quoted {
			continue
		}
		for _, h := range findLabels(l.text) {
			if h.from < h.to || h.field == labelIgnored || h.field == labelReference || h.sep == 0 && !strings.HasSuffix(strings.TrimSpace(l.text), ":") {
				continue
			}
			if field != "" && field != h.field {
				return false
			}
			field = h.field
		}
	}
	if field == "" {
		if q := p.onlyQuestion(); q != "" && bareNameFor(q, text, rd, span) {
			return true
		}
		return p.chosenType(text, rd, span)
	}
	if field == labelName || len(strings.Fields(text)) > 6 || strings.ContainsAny(text, "?") {
		return false
	}
	b := &block{seen: map[labelField]bool{}}
	b.Spans = map[rules.Field]rules.Span{}
	b.put(field, strings.TrimRight(text, "!"), span)
	if b.count() == 0 && len(b.None) == 0 {
		return false
	}
	*rd = b.Reading
	return true
}

// chosenType reads "the latter" and "the first" as one of the two types that our
// question offers, in its order.
func (p *parser) chosenType(text string, rd *rules.Reading, span rules.Span) bool {
	n := 0
	for _, t := range tokens(text) {
		if k := int(words.entry(t.id).ordinal); k > 0 && n == 0 {
			n = k
		} else if t.w != "the" && t.w != "one" && t.w != "please" {
			return false
		}
	}
	if n != 1 && n != 2 {
		return false
	}
	for _, l := range p.v {
		if l.zone != quoted || !strings.Contains(l.text, "?") {
			continue
		}
		toks := tokens(l.text)
		var order []rules.LeadType
		for i := range toks {
			for _, t := range []rules.LeadType{rules.QualifiedLead, rules.ManagedCustomer} {
				if words.named("prose "+string(t)).at(toks, i) > 1 && (len(order) == 0 || order[len(order)-1] != t) {
					order = append(order, t)
				}
			}
		}
		if len(order) == 2 {
			rd.LeadType = order[n-1]
			rd.Spans = map[rules.Field]rules.Span{rules.LeadTypeOf: span}
			return true
		}
	}
	return false
}

// speaksOfAgreeing finds somebody who agrees to something, or does not.
var speaksOfAgreeing = regexp.MustCompile(`(?i)\b(?:i|we)\b[^.!?\n]{0,30}\b(?:agree|accept)\b`)

// isThanks says whether a text is nothing but thanks.
func isThanks(s string) bool {
	first, sections := words.first(s), [...]*section{words.named("thanks"), words.named("closing"), words.named("greeting")}
	if first.w != "" && !sections[0].begins(first) && !sections[1].begins(first) && !sections[2].begins(first) {
		return false
	}
	ts := tokens(s)
	if len(ts) == 0 || len(ts) > 40 || strings.Contains(s, "?") {
		return len(ts) == 0 && strings.TrimSpace(s) != "" && !strings.ContainsAny(s, "@/?")
	}
	hit := false
	for i := 0; i < len(ts); {
		best := 0
		for k, section := range sections {
			if n := section.at(ts[:min(len(ts), i+8)], i); n > 0 {
				best = max(best, n)
				hit = hit || k < 2
			}
		}
		if best == 0 {
			return false
		}
		i += best
	}
	return hit
}

// chosen reads an answer by place to our question whether to renew: "Only the
// third one, please."
func (p *parser) chosen() {
	if !p.reply || len(p.items) > 0 || len(p.readings) > 0 || !p.asksRenewal() {
		return
	}
	for n := range p.sentences {
		s := &p.sentences[n]
		if len(s.ls) > 16 || s.lapses() || len(p.deeds(s)) > 0 {
			continue
		}
		for _, c := range p.parts(n) {
			denied := c.spares
			for k := c.from; k < c.to; k++ {
				denied = denied || s.ls[k].kind == lexWord && words.has("no", s.ls[k].text)
			}
			for _, o := range c.objects {
				if !denied && strings.HasPrefix(o.ref, "ordinal:") {
					p.item(rules.VerbRenew, o.ref, s.span, s.ls[o.from].from)
					p.taken[n] = true
				}
			}
		}
	}
}

// loose sees to what no item accounts for: questions, a matter for a person, or
// nothing but thanks.
func (p *parser) loose() {
	p.chosen()
	var rest []*sentence
	for n := range p.sentences {
		s := &p.sentences[n]
		if p.courteous(s.text) || s.says("reaction") && len(p.readings) == 0 {
			continue
		}
		rest = append(rest, s)
	}
	if len(p.readings) == 0 && len(p.items) == 0 && p.dropped != nil {
		// Labelled lines that nobody asked to register.
		p.items = append(p.items, rules.Item{Verb: rules.VerbAsk, Span: p.place(p.dropped)})
		return
	}
	if len(p.readings) == 0 && len(p.items) == 0 {
		var fresh strings.Builder
		for _, l := range p.v {
			if l.isOwn() && !l.blank() && fresh.Len() < 4000 {
				fresh.WriteString(" " + clip(l.text))
			}
		}
		whole := fresh.String()
		switch {
		case strings.TrimSpace(whole) == "", len(rest) == 0 && len(p.unread) > 0:
		case speaksOfAgreeing.MatchString(whole):
			// Whether somebody accepts the agreement is for a person to read where it is
			// not said as I AGREE (D34): a courtesy beside it makes no thanks of it.
			for i := range p.sentences {
				if len(rest) == 0 {
					rest = append(rest, &p.sentences[i])
				}
			}
		case len(rest) == 0 || words.begins("reaction", strings.Trim(whole, " []👍❤️🎉")) || strings.Contains(whole, "reacted to your message") || p.thankful(rest):
			p.thanks = true
			return
		}
		if len(rest) > 0 && (p.register && len(p.m.Attachments) > 0 || p.onlyHandsOver(rest)) {
			return
		}
		if len(rest) > 0 {
			p.items = append(p.items, rules.Item{Verb: rules.VerbAsk, Span: rest[0].span})
			for _, s := range rest {
				if strings.Contains(s.text, "?") {
					p.question(s.text)
				}
			}
		}
		return
	}
	ask := false
	for _, s := range rest {
		if !strings.HasSuffix(strings.TrimSpace(s.text), "?") || s.says("courtesy") || p.accounted(s) {
			continue
		}
		p.question(s.text)
		if !ask {
			ask = true
			p.items = append(p.items, rules.Item{Verb: rules.VerbAsk, Span: s.span})
		}
	}
}

func (p *parser) question(s string) {
	if len(p.questions) < 20 {
		if r := []rune(s); len(r) > 500 {
			s = string(r[:500])
		}
		p.questions = append(p.questions, s)
	}
}

// accounted says whether an item was read in this very sentence.
func (p *parser) accounted(s *sentence) bool {
	for n := range p.sentences {
		if p.taken[n] && p.sentences[n].span == s.span {
			return true
		}
	}
	for _, it := range p.items {
		if (it.Verb == rules.VerbStatus || it.Verb == rules.VerbStatement) && it.Span == s.span {
			return true
		}
		if it.Verb == rules.VerbHelp && it.Span.Line == s.span.Line && it.Span.Part == s.span.Part {
			return true // another question of how, in the same breath
		}
	}
	if len(p.corrects) > 0 && s.says("change") || len(p.readings) > 0 && (s.says("handing over") || s.says("verb register") || s.wantsListed()) {
		return true
	}
	if isOrder(s.text) || p.hasVerb(s) || s.says("ask status") || s.asksList() || s.says("ask help") || s.says("ask statement") {
		return true
	}
	return false
}

// warm says whether a longer text begins with thanks, and every sentence of it
// thanks too or announces something for later.
func (p *parser) warm() bool {
	first := true
	for i := range p.sentences {
		s := &p.sentences[i]
		if words.begins("greeting", s.text) && len(strings.Fields(s.text)) <= 4 || isClosing(s.text) || p.ownName(s.text) {
			continue
		}
		if len(p.deeds(s)) > 0 || s.says("amiss") || s.says("dispute") || s.says("change contact") || s.says("change") || s.says("correction") {
			return false
		}
		if first && !s.says("thanks") || !first && !s.says("thanks") && !s.says("announces") && len(s.ls) > 6 {
			return false
		}
		first = false
	}
	return !first
}

// thankful says whether a short text begins with thanks and asks for nothing.
func (p *parser) thankful(rest []*sentence) bool {
	n := 0
	for i := range p.sentences {
		s := &p.sentences[i]
		n += len(strings.Fields(s.text))
		if strings.Contains(s.text, "?") || s.asks() || s.says("ask status") || s.says("ask help") || s.says("ask statement") && s.says("asking") || strings.Contains(s.text, "@") || len(findURLs(s.text)) > 0 {
			return false
		}
	}
	if n > 30 && n <= 80 {
		return p.warm()
	}
	if n == 0 || n > 30 || p.register && len(rest) > 1 {
		return false
	}
	for i := range p.sentences {
		s := &p.sentences[i]
		if p.courteous(s.text) && !isThanks(s.text) {
			continue
		}
		return words.begins("thanks", s.text) || n <= 20 && s.says("thanks") && len(p.deeds(s)) == 0 && !s.says("verb register")
	}
	return false
}
