package intake

import (
	"slices"
	"strings"

	"leadmail/rules"
)

// asksBelow says whether the mail of ours that is quoted below asks for
// something: a line to fill in, a question, a YES.
func (p *parser) asksBelow() bool {
	for i, l := range p.v {
		if l.zone != quoted || l.blank() {
			continue
		}
		if strings.HasSuffix(strings.TrimSpace(l.text), "?") || p.v.scan(i).says("we ask") {
			return true
		}
		for _, h := range p.v.labels(i) {
			if h.from >= h.to && h.field != labelIgnored && h.field != labelReference {
				return true
			}
		}
	}
	return words.contains("we ask", p.m.Subject)
}

// between reads answers that stand between the quoted lines of our mail: each
// group of new lines below a quoted line is one.
func (p *parser) between() []reading {
	var out []reading
	above := -1 // the quoted line above the group
	for i := 0; i < len(p.v); i++ {
		l := p.v[i]
		switch {
		case l.zone == quoted && l.depth > 0:
			if !l.blank() {
				above = i
			}
			continue
		case l.zone != fresh || l.blank() || above < 0 || p.used[i]:
			continue
		}
		end := i
		for end < len(p.v) && (p.v[end].zone == fresh || p.v[end].blank()) && p.v[end].depth == 0 {
			end++
		}
		if end < len(p.v) || len(out) > 0 {
			ss := passages(p.v, func(k int) bool { return k >= i && k < end && p.v[k].zone == fresh && !p.used[k] })
			if rd, ok := p.answerFrom(ss, p.v[above].text); ok {
				p.nameBeside(ss, p.v[above].text, &rd)
				out = append(out, rd)
			} else if rd, ok := p.bareFor(ss, p.v[above].text); ok {
				out = append(out, rd)
			}
		}
		i = end - 1
		above = -1
	}
	return out
}

// bareFor takes a short text between the lines as the answer to the line above it.
func (p *parser) bareFor(ss []sentence, question string) (reading, bool) {
	if len(ss) == 0 || len(ss) > 2 {
		return reading{}, false
	}
	rd := reading{verb: rules.VerbAnswer, at: ss[0].span}
	ok := bareNameFor(question, ss[0].text, &rd.Reading, ss[0].span)
	if !ok && wanted(question) == labelType {
		ok = bareAnswers(ss[0].text, &rd.Reading, ss[0].span) && rd.LeadType != ""
	}
	return rd, ok
}

// nameBeside takes the name that a question asks for beside something else, where it
// stands by itself in the answer: "Petersen-Ohm; https://brandungshof.example".
func (p *parser) nameBeside(ss []sentence, question string, rd *reading) {
	f := wanted(question)
	held := map[labelField]rules.Field{labelFirst: rules.FirstName, labelLast: rules.LastName, labelCompany: rules.Company}[f]
	if held == "" || len(ss) > 2 || rd.Get(held) != "" {
		return
	}
	at := -1
	var name rules.Reading
	for n := range ss {
		for piece := range strings.FieldsFuncSeq(ss[n].text, func(r rune) bool { return r == ',' || r == ';' || r == '/' || r == '|' }) {
			var one rules.Reading
			if !bareNameFor(question, piece, &one, ss[n].span) {
				continue
			}
			if at >= 0 {
				return // which of the two it is, nobody says
			}
			at, name = n, one
		}
	}
	if at < 0 || rd.FirstName+rd.LastName != "" && f != labelCompany && strings.Contains(rd.FirstName+rd.LastName, name.Get(held)) {
		return
	}
	rd.Set(held, name.Get(held))
	rd.Spans[held] = ss[at].span
}

// answerFrom takes from sentences what answers a question: addresses, a lead
// type, and names where they are asked for or announced. Nothing is taken where
// the same field is told twice.
func (p *parser) answerFrom(ss []sentence, question string) (reading, bool) {
	ms := p.mentionsIn(ss)
	a := &assignment{p: p, ss: ss, ms: ms}
	a.exclude()
	a.same()
	var s seed
	clash := false
	asked := " " + fold(question) + " "
	names := strings.Contains(asked, " name") || strings.Contains(asked, " who ") || strings.Contains(asked, " contact ")
	for _, m := range ms {
		if m.out || m.of != nil || p.former(&ss[m.sent], m) {
			continue
		}
		if s.anchor == nil {
			s.anchor = m
		}
		switch m.kind {
		case anEmail:
			clash = clash || s.email != nil && !a.corrects(m.sent)
			s.email = m
		case aSite:
			clash = clash || s.site != nil && !a.corrects(m.sent)
			s.site = m
		case aType:
			clash = clash || s.typ != nil && s.typ.typ != m.typ
			s.typ = m
		case aPerson:
			if names || m.cue || m.score >= 8 || strings.Contains(asked, " "+fold(m.words[0])+" ") {
				clash = clash || s.person != nil
				s.person = m
			}
		case anOrganisation:
			if strings.Contains(asked, " company") || m.cue {
				clash = clash || s.org != nil
				s.org = m
			}
		}
	}
	if s.anchor == nil || clash {
		return reading{}, false
	}
	b := p.blockOf(p.v, ss, &s)
	if open := asksFor(question); b.FirstName != "" && b.LastName == "" && open[labelLast] && !open[labelFirst] {
		// One name, and only the last one was asked for.
		b.LastName, b.FirstName = b.FirstName, ""
		b.Spans[rules.LastName] = b.Spans[rules.FirstName]
		delete(b.Spans, rules.FirstName)
	}
	told := question == "" && s.person != nil && (s.person.cue || s.person.last) // "His surname is Quarrington."
	if b.count() == 0 || s.email == nil && s.site == nil && s.typ == nil && !told && !p.asksForName(question) {
		return reading{}, false
	}
	return reading{Reading: b.Reading, verb: rules.VerbAnswer, at: ss[s.anchor.sent].span}, true
}

// asksForName says whether a question is about a name, and not the whole form.
func (p *parser) asksForName(question string) bool {
	open := asksFor(question)
	for l := range strings.SplitSeq(question, "\n") {
		if strings.HasSuffix(strings.TrimSpace(l), "?") && strings.Contains(" "+fold(l)+" ", " name ") {
			return true
		}
	}
	return (open[labelFirst] || open[labelLast] || open[labelName] || open[labelCompany]) && len(open) < 5
}

// asksFor lists the labels that a mail of ours leaves open.
func asksFor(question string) map[labelField]bool {
	open := map[labelField]bool{}
	for l := range strings.SplitSeq(question, "\n") {
		for _, h := range findLabels(l) {
			if h.from >= h.to {
				open[h.field] = true
			}
		}
	}
	return open
}

// loosely reads an answer that is said in a sentence rather than as bare values.
// numbers says whether the new text is a numbered list: its entries are not one answer.
func (p *parser) numbers() bool {
	seen := map[int]bool{}
	for i := range p.sentences {
		if n := p.sentences[i].pas.num; n > 0 {
			seen[n] = true
		}
	}
	return len(seen) > 1
}

func (p *parser) loosely() {
	if !p.reply || len(p.readings) > 0 || !p.asksBelow() && !p.tellsAlone() {
		return
	}
	for _, it := range p.items {
		if it.Verb == rules.VerbConfirm || (it.Verb == rules.VerbRenew || it.Verb == rules.VerbWithdraw) && p.asksRenewal() {
			return // what was asked is answered
		}
	}
	var below strings.Builder
	for _, l := range p.v {
		if l.zone == quoted && below.Len() < 4000 {
			below.WriteString(l.text + "\n")
		}
	}
	var out []reading
	for n := range p.sentences {
		for _, c := range numbered(p.sentences[n].text) {
			if c.n == 0 {
				continue
			}
			ss := []sentence{p.sentences[n]}
			at := strings.Index(ss[0].text, c.text)
			if at < 0 {
				continue // its words do not stand together
			}
			ss[0].at += at
			ss[0].text, ss[0].ls, ss[0].scan = c.text, nil, nil
			if rd, ok := p.answerFrom(ss, below.String()); ok {
				rd.Ordinal = c.n
				out = append(out, rd)
			}
		}
	}
	// What is said without a number may answer any of several questions.
	if q := p.numberedQuestions(); len(out) == 0 && (ofOne(q) || len(q) < 2 && !p.numbers()) {
		if rd, ok := p.answerFrom(p.answering(), below.String()); ok {
			out = append(out, rd)
		}
	}
	if len(out) > 0 {
		p.account(out)
		kept := p.items[:0]
		for _, it := range p.items {
			answers := slices.ContainsFunc(out, func(rd reading) bool { return rd.at.Part == it.Span.Part && rd.at.Line == it.Span.Line })
			if it.Verb != rules.VerbAsk && it.Verb != rules.VerbHelp || !answers {
				kept = append(kept, it)
			}
		}
		p.items, p.readings = kept, out
	}
}

// answering are the sentences that may answer us: not those that ask for something of
// their own, such as "And please withdraw R-5GX9AV."
func (p *parser) answering() []sentence {
	acted := false
	for _, it := range p.items {
		acted = acted || it.Verb == rules.VerbRenew || it.Verb == rules.VerbWithdraw
	}
	var out []sentence
	for n := range p.sentences {
		s := &p.sentences[n]
		if !acted && !p.checks(s) || len(p.deeds(s)) == 0 && len(references(s.text)) == 0 && !strings.Contains(s.text, "?") {
			out = append(out, *s)
		}
	}
	return out
}

// tellsAlone says whether a reply that quotes nothing of ours does no more than to
// tell values by their names: "Her email is jane@acme.example, the website acme.example".
func (p *parser) tellsAlone() bool {
	for _, l := range p.v {
		if l.zone == quoted && !l.blank() {
			return false
		}
	}
	told := 0
	for n := range p.sentences {
		s := &p.sentences[n]
		if p.courteous(s.text) {
			continue
		}
		if told++; told > 3 || len(s.ls) > 30 || strings.Contains(s.text, "?") || len(references(s.text)) > 0 || s.says("verb register") || s.asks() || s.says("asking") || s.says("negation") {
			return false
		}
		typed := s.says("prose qualified_lead") || s.says("prose managed_customer")
		if !typed && !s.says("amounts to") && !s.says("reached") {
			return false
		}
	}
	return told > 0
}

// byNumber reads answers that stand in the entries of a list with the numbers of
// ours, each in sentences of its own. An entry that answers nothing ("2. not yet
// known") leaves its question open.
func (p *parser) byNumber() []reading {
	questions := p.numberedQuestions()
	if len(questions) == 0 || ofOne(questions) {
		return nil
	}
	var out []reading
	ss := passages(p.v, func(i int) bool { return p.v[i].zone == fresh })
	for n := 0; n < len(ss); {
		pas := ss[n].pas
		end := n + 1
		for end < len(ss) && ss[end].pas == pas {
			end++
		}
		if q := questions[pas.num]; q != "" {
			rd, ok := p.answerFrom(ss[n:end:end], q)
			if ok {
				p.nameBeside(ss[n:end:end], q, &rd)
			} else {
				rd, ok = p.bareFor(ss[n:end:end], q)
			}
			if ok {
				rd.Ordinal = pas.num
				out = append(out, rd)
			}
		}
		n = end
	}
	return out
}

// numberedBlocks says whether labelled lines, if there are any, stand in the
// entries of a numbered list and tell one thing each: they are answers.
func (p *parser) numberedBlocks() bool {
	for _, b := range p.blocks {
		if b.table || b.labels > 1 || b.first >= len(p.v) || numberOf(p.v[b.first].text) == 0 {
			return false
		}
	}
	return true
}

// account marks the sentences in which answers were read: they ask for nothing
// else.
func (p *parser) account(rds []reading) {
	for _, rd := range rds {
		for n := range p.sentences {
			s := &p.sentences[n]
			if s.span.Line == rd.at.Line && s.span.Part == rd.at.Part && (!strings.HasSuffix(strings.TrimSpace(s.text), "?") || s.holds(rd)) {
				p.taken[n] = true
			}
		}
	}
}

// holds says whether a value of a reading stands in a sentence.
func (s *sentence) holds(rd reading) bool {
	for _, at := range rd.Spans {
		if at.Part == s.span.Part && at.Line == s.span.Line && at.From >= s.span.From && at.From < s.span.To {
			return true
		}
	}
	return false
}
