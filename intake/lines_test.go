package intake

import (
	"slices"
	"strings"
	"testing"

	"leadmail/rules"
)

// TestPlacesHoldWhatWasRead: over the development cases each span of a field in a
// mail's text names a line that Lines prints, and e-mail addresses stand in it; no
// place is without words.
func TestPlacesHoldWhatWasRead(t *testing.T) {
	t.Parallel()
	looked := 0
	for path, raw := range developed(t) {
		m := partners.Read(raw)
		q := partners.Parse(m)
		lines := m.Lines(q)
		for _, p := range q.Prospects {
			for _, f := range rules.Fields {
				s, ok := p.Spans[f]
				if !ok {
					continue
				}
				place := m.Place(s)
				if place == "" || strings.HasPrefix(place, "part ") {
					t.Errorf("%s: %s of %q stands at %v, in words %q", path, f, p.Company, s, place)
				}
				i := slices.IndexFunc(lines, func(l Line) bool { return l.Part == s.Part && l.N == s.Line })
				if i < 0 {
					if s.Part != "subject" && !strings.Contains(place, ".") {
						t.Errorf("%s: %s stands at %v (%s), which is no line that is shown", path, f, s, place)
					}
					continue
				}
				if s.To > len(lines[i].Text) || s.From < 0 {
					t.Errorf("%s: %s stands at %v, beyond %q", path, f, s, lines[i].Text)
				}
				looked++
			}
		}
	}
	if looked < 500 {
		t.Errorf("only %d places were looked at", looked)
	}
}

// TestPlace: where things stand, in words.
func TestPlace(t *testing.T) {
	t.Parallel()
	m := partners.Read(mailWith("hello", "<p>hello</p>", enclosure{"a.csv", "text/csv", "x"}, enclosure{"a.xlsx", "application/octet-stream", "x"}, enclosure{"in.eml", "message/rfc822", "From: a@b.example\r\n\r\nhello"}))
	for _, c := range []struct {
		span rules.Span
		want string
	}{
		{rules.Span{Part: "1.1", Line: 7}, "text, line 7"},
		{rules.Span{Part: "1.2", Line: 2}, "HTML, line 2"},
		{rules.Span{Part: "2", Line: 3}, "a.csv, row 3"},
		{rules.Span{Part: "3!2", Line: 5}, "a.xlsx, sheet 2, row 5"},
		{rules.Span{Part: "4.1", Line: 1}, "in.eml, line 1"},
		{rules.Span{Part: "subject", Line: 1}, "subject"},
		{rules.Span{Part: "attachment", Line: 1}, "attached file"},
		{rules.Span{}, ""},
	} {
		if got := m.Place(c.span); got != c.want {
			t.Errorf("%+v: %q, want %q", c.span, got, c.want)
		}
	}
}
