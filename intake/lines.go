package intake

import (
	"fmt"
	"slices"
	"strings"

	"leadmail/rules"
)

// Whose says whose words a line is.
type Whose string

// Whose words a line can be.
const (
	WhoseNew       Whose = "new"       // the sender's, in this mail
	WhoseHistory   Whose = "history"   // an earlier mail's, quoted
	WhoseForwarded Whose = "forwarded" // of a mail that is handed on
	WhoseSignature Whose = "signature" // the sender's, below every mail
)

// Line is one line of a mail's text, numbered as a rules.Span numbers it.
type Line struct {
	Part string
	N    int
	// Text is the line as a Span counts its bytes: cleaned of what cannot be seen,
	// quote marks printed as "> ".
	Text  string
	Whose Whose
}

// Lines are the lines of the text that q was read from, to be shown with its
// spans: the text part or, where that is what was read, the HTML, and behind it
// the texts of attached mails in which something was read.
func (m Message) Lines(q rules.Request) []Line {
	used := map[string]bool{}
	for _, s := range spansOf(q) {
		used[s.Part] = true
	}
	shows := func(v view) bool {
		return slices.ContainsFunc(v, func(l line) bool { return used[l.part] })
	}
	v := m.plain
	if !shows(v) && shows(m.html) || !hasText(v) && hasText(m.html) {
		v = m.html
	}
	out := m.lines(v)
	var inner func(m Message)
	inner = func(m Message) {
		for _, a := range m.attached {
			for _, v := range []view{a.plain, a.html} {
				if shows(v) {
					out = append(out, a.lines(v)...)
					break
				}
			}
			inner(a)
		}
	}
	inner(m)
	return out
}

// lines prints a view, with zones of its own: Parse may not have been called.
func (m Message) lines(v view) []Line {
	v = slices.Clone(v)
	v.markZones(m.owner())
	out := make([]Line, len(v))
	for i, l := range v {
		out[i] = Line{Part: l.part, N: l.n, Text: strings.Repeat("> ", l.depth) + l.text, Whose: WhoseNew}
		switch l.zone {
		case quoted:
			out[i].Whose = WhoseHistory
		case forwarded:
			out[i].Whose = WhoseForwarded
		case signature:
			out[i].Whose = WhoseSignature
		}
	}
	return out
}

// spansOf are all places that a request names.
func spansOf(q rules.Request) []rules.Span {
	var out []rules.Span
	for _, it := range q.Items {
		out = append(out, it.Span)
	}
	for _, p := range q.Prospects {
		for _, f := range rules.Fields {
			if s, ok := p.Spans[f]; ok {
				out = append(out, s)
			}
		}
	}
	return out
}

// Place says in words where a span stands: "subject", "text, line 7", "leads.csv,
// row 3", "leads.xlsx, sheet 2, row 5". It is "" for a span of nothing.
func (m Message) Place(s rules.Span) string {
	path, sheet, workbook := strings.Cut(s.Part, "!")
	switch {
	case s.Part == "", s.Line == 0:
		return ""
	case s.Part == "subject":
		return "subject"
	}
	name, unit := "", "line"
	at := -1
	for _, p := range m.parts {
		if !p.attached {
			continue
		}
		at++
		// A part of an attached mail has that mail's place before its own.
		if p.path != path && !strings.HasPrefix(path, p.path+".") {
			continue
		}
		name = m.Attachments[at].Name
		switch extension(name) {
		case "csv", "tsv", "tab", "xls", "xlsx", "xlsm":
			unit = "row"
		}
		if len(p.path) == len(path) {
			break
		}
	}
	switch {
	case s.Part == "attachment":
		return "attached file"
	case name != "":
	case m.in(m.plain, path):
		name = "text"
		if m.plain[0].part != path {
			name = "text part " + path
		}
	case m.in(m.html, path):
		name = "HTML"
	default:
		name = "part " + path
	}
	if workbook {
		unit = "row"
		name += ", sheet " + sheet
	}
	return fmt.Sprintf("%s, %s %d", name, unit, s.Line)
}

func (m Message) in(v view, part string) bool {
	return slices.ContainsFunc(v, func(l line) bool { return l.part == part })
}

// under sets the place of an attached mail before those of its own parts (RFC
// 9051, section 6.4.5): the text of a mail in part 2 is part 2.1.
func (m *Message) under(path string) {
	for _, v := range []view{m.plain, m.html} {
		for i := range v {
			v[i].part = path + "." + v[i].part
		}
	}
	for i := range m.attached {
		m.attached[i].under(path)
	}
}
