package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"leadmail/rules"
)

// Short answers that only our question makes plain: "1. Grochowalska" below "1.
// Last name of Ewelina?", "Hannelore." below "does Ms. Zschoche have a first name?".

// numberOf is the number before a line, as in "2. " or "(2) "; 0 where there is none.
func numberOf(t string) int {
	n := 0
	for _, r := range t[:bullet(t)] {
		if unicode.IsDigit(r) && n < 100 {
			n = 10*n + int(r-'0')
		}
	}
	return n
}

// numberedQuestions are the entries of the list in our mail below that ask
// something, by their numbers.
func (p *parser) numberedQuestions() map[int]string {
	var out map[int]string
	for _, l := range p.v {
		if l.zone != quoted {
			continue
		}
		t := strings.TrimSpace(l.text)
		n := numberOf(t)
		if n == 0 || !strings.Contains(t, "?") && !strings.HasSuffix(t, ":") {
			continue
		}
		if out == nil {
			out = map[int]string{}
		}
		if out[n] != "" {
			return nil // two lists
		}
		out[n] = t[bullet(t):]
	}
	return out
}

// ofOne says whether numbered questions are about one prospect: none of them
// begins with whom it is about ("Acme Ltd: lead type?").
func ofOne(questions map[int]string) bool {
	for _, q := range questions {
		i := strings.IndexAny(q, ":–—")
		if k := strings.Index(q, " - "); i < 0 && k > 0 {
			i = k + 1
		}
		if i > 0 && i < len(q)-1 && strings.TrimSpace(q[i+1:]) != "" && words.lookup(q[:i], false) == "" {
			return false
		}
	}
	return len(questions) > 0
}

// wanted tells what a question asks for, where it is one field alone.
func wanted(question string) labelField {
	first, last := words.contains("asks first name", question), words.contains("asks last name", question)
	company := words.contains("asks company", question)
	switch {
	case words.contains("label lead_type", question), words.contains("prose qualified_lead", question), words.contains("prose managed_customer", question):
		return labelType
	case first && last:
		return labelName
	case first:
		return labelFirst
	case last:
		return labelLast
	case company && words.contains("asks name", question) && !strings.Contains(fold(question), "contact"):
		return labelCompany
	}
	return ""
}

// onlyQuestion is the one question of our mail below; "" where it has none or more.
func (p *parser) onlyQuestion() string {
	q := ""
	for _, l := range p.v {
		if l.zone == quoted && strings.Contains(l.text, "?") {
			if q != "" {
				return ""
			}
			q = l.text
		}
	}
	return q
}

// bareNameFor takes a text that is nothing but a name as the answer to a question
// that asks for one.
func bareNameFor(question, text string, rd *rules.Reading, span rules.Span) bool {
	f := wanted(question)
	if f == "" || f == labelType || strings.Contains(text, "?") {
		return false
	}
	t := strings.TrimSpace(text)
	for _, cue := range []string{"cue first name", "cue last name", "cue person"} {
		if rest, ok := words.after(cue, t); ok {
			t = rest
		}
	}
	t = strings.TrimSpace(strings.TrimRight(strings.TrimLeft(t, " :–-"), ".!,;"))
	fields := strings.Fields(t)
	if len(fields) == 0 || len(fields) > 4 || strings.ContainsAny(t, "@/:") || words.has("yes", t) || words.has("no", t) || typeWords(t) != "" || nothing(t) != usable {
		return false
	}
	for i, w := range fields {
		r, _ := utf8.DecodeRuneInString(w)
		l := newWord(w, 0, len(w))
		if !unicode.IsUpper(r) && !isIdeograph(r) && !(particles[w] && i < len(fields)-1) || f != labelCompany && (l.is(looksNoName) || calendarWord(w) || l.digit) {
			return false
		}
	}
	b := &block{seen: map[labelField]bool{}}
	b.Spans = map[rules.Field]rules.Span{}
	switch {
	case f == labelName && len(fields) == 1:
		return false // which of the two it is, nobody says
	case f == labelName:
		b.fullName(t, span)
		b.splitFull()
	case f == labelFirst && len(fields) > 1:
		return false // a whole name, perhaps
	default:
		b.put(f, t, span)
	}
	if b.count() == 0 {
		return false
	}
	if rd.Spans == nil {
		rd.Spans = map[rules.Field]rules.Span{}
	}
	rd.Prospect = b.Prospect.Over(rd.Prospect)
	for k, s := range b.Spans {
		rd.Spans[k] = s
	}
	return true
}
