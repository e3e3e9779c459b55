package intake

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadmail/rules"
)

// settle looks at each field's place once more. Where its bytes do not hold the
// value (it was put right further on, runs over a line's end, or stands behind
// what a chat or a number sets before it), the nearest line that holds it is the
// place; a place that has nothing of the value is none, since it is shown to
// people as where the value stands.
func (m *Message) settle(prospects []rules.Reading) {
	var views []view
	for i := range prospects {
		for f, s := range prospects[i].Spans {
			v := prospects[i].Get(f)
			if f == rules.LeadTypeOf || v == "" || s.Line == 0 {
				continue
			}
			if views == nil {
				views = m.views(nil)
			}
			at, k := find(views, s)
			if at == nil {
				continue // a subject, a file
			}
			shown := cut(at[k], s)
			if strings.Contains(shown, v) || inOrder(shown, v) {
				continue
			}
			if x, ok := at.nearest(k, v); ok {
				prospects[i].Spans[f] = x
			} else if w := longest(v); w != "" && !slices.Contains(strings.FieldsFunc(strings.ToLower(shown), notWord), w) {
				delete(prospects[i].Spans, f)
			}
		}
	}
}

// views are the texts of a mail and of those attached to it.
func (m *Message) views(out []view) []view {
	out = append(out, m.plain, m.html)
	for i := range m.attached {
		out = m.attached[i].views(out)
	}
	return out
}

// find returns the view that a span is of, and the line in it.
func find(views []view, s rules.Span) (view, int) {
	for _, v := range views {
		for i := range v {
			if v[i].n == s.Line && v[i].part == s.Part {
				return v, i
			}
		}
	}
	return nil, 0
}

// cut is what a span shows of its line.
func cut(l line, s rules.Span) string {
	from := min(max(s.From-l.offset(), 0), len(l.text))
	return l.text[from:max(from, min(s.To-l.offset(), len(l.text)))]
}

func notWord(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r)
}

// longest is the word of a value that tells most.
func longest(s string) string {
	w := ""
	for f := range strings.FieldsFuncSeq(strings.ToLower(s), notWord) {
		if len(f) > len(w) {
			w = f
		}
	}
	return w
}

// inOrder says whether the words of a value stand in a text in their order, as in
// "jane (at) acme [dot] example".
func inOrder(text, value string) bool {
	text = strings.ToLower(text)
	for _, w := range strings.FieldsFunc(strings.ToLower(value), notWord) {
		i := strings.Index(text, w)
		if i < 0 {
			return false
		}
		text = text[i+len(w):]
	}
	return true
}

// nearest finds a value, as a whole, in the line nearest to line k.
func (v view) nearest(k int, value string) (rules.Span, bool) {
	low := strings.ToLower(value)
	for d := 0; d < 2*min(len(v), maxLines); d++ {
		i := k + (d+1)/2
		if d%2 == 0 {
			i = k - d/2
		}
		if i < 0 || i >= len(v) || v[i].part != v[k].part {
			continue
		}
		text := strings.ToLower(v[i].text)
		if len(text) != len(v[i].text) {
			continue // its bytes cannot be counted in lower case
		}
		for at := 0; at <= len(text)-len(low); {
			j := strings.Index(text[at:], low)
			if j < 0 {
				break
			}
			at += j
			end := at + len(low)
			before, _ := utf8.DecodeLastRuneInString(text[:at])
			after, _ := utf8.DecodeRuneInString(text[end:])
			if (at == 0 || notWord(before)) && (end == len(text) || notWord(after)) {
				off := v[i].offset()
				return rules.Span{Part: v[i].part, Line: v[i].n, From: off + at, To: off + end}, true
			}
			at = end
		}
	}
	return rules.Span{}, false
}
