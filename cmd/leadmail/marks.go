package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"leadmail/intake"
	"leadmail/rules"
)

// A mail with marks: its lines with their numbers, and under each what was read
// there, by the number that the field has in the list below.
//
//	4 | I met Amy Cole of Basalt Quarries today.
//	          ^^^^^^^^ [1,2]
//	                      ^^^^^^^^^^^^^^^ [5]
//
// Lines that are not the sender's new words have ":" for "|"; long runs of them in
// which nothing was read are cut short.

// mark is a place in a line, by bytes, and what stands there.
type mark struct {
	from, to int
	label    string
}

// sheet prints marks; paint is set on a terminal.
type sheet struct {
	w     io.Writer
	paint bool
	// columns is how wide a line may be before it is continued below.
	columns int
}

// onTerminal says whether colours are welcome where w leads to. NO_COLOR is
// https://no-color.org.
func (a *app) onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	if v, set := a.env("NO_COLOR"); set && v != "" {
		return false
	}
	if v, _ := a.env("TERM"); v == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

const (
	dim  = "\x1b[2m"
	bold = "\x1b[1;36m"
	calm = "\x1b[0m"
)

func (s sheet) in(colour, text string) string {
	if !s.paint || text == "" {
		return text
	}
	return colour + text + calm
}

// most is how many lines of a run without a mark are shown.
const (
	mostNew   = 30
	mostOther = 2
)

// lines prints a mail's text with its marks.
func (s sheet) lines(lines []intake.Line, marks map[rules.Span]string) {
	type place struct {
		part string
		n    int
	}
	found := map[place][]mark{}
	for span, label := range marks {
		key := place{span.Part, span.Line}
		found[key] = append(found[key], mark{span.From, span.To, label})
	}
	several := false
	for _, l := range lines {
		several = several || l.Part != lines[0].Part
	}
	digits := 1
	for _, l := range lines {
		digits = max(digits, len(fmt.Sprint(l.N)))
	}
	for i := 0; i < len(lines); {
		first := lines[i]
		if several && (i == 0 || lines[i-1].Part != first.Part) {
			fmt.Fprintf(s.w, "  %s\n", s.in(dim, "part "+first.Part))
		}
		if here := found[place{first.Part, first.N}]; here != nil {
			s.line(first, here, digits)
			i++
			continue
		}
		// A run: lines of one kind without a mark.
		end, most := i, mostNew
		for end < len(lines) && lines[end].Whose == first.Whose && lines[end].Part == first.Part && found[place{lines[end].Part, lines[end].N}] == nil {
			end++
		}
		if first.Whose != intake.WhoseNew {
			most = mostOther
		}
		cut := end
		if end-i > most+1 {
			cut = i + most
		}
		for ; i < cut; i++ {
			s.line(lines[i], nil, digits)
		}
		if cut < end {
			fmt.Fprintf(s.w, "  %*s   %s\n", digits, "", s.in(dim, fmt.Sprintf("… %d more lines: %s", end-cut, whoseWords[first.Whose])))
		}
		i = end
	}
}

var whoseWords = map[intake.Whose]string{
	intake.WhoseNew: "the sender's words", intake.WhoseHistory: "history", intake.WhoseForwarded: "a forwarded mail", intake.WhoseSignature: "the signature",
}

// line prints one line, in as many rows as it needs, each with its marks.
func (s sheet) line(l intake.Line, marks []mark, digits int) {
	gutter := "|"
	if l.Whose != intake.WhoseNew {
		gutter = ":"
	}
	number := fmt.Sprintf("%*d", digits, l.N)
	for i, row := range wrap(l.Text, s.columns) {
		text := terminal(l.Text[row[0]:row[1]])
		if l.Whose != intake.WhoseNew {
			text = s.in(dim, text)
		}
		if i > 0 {
			number = strings.Repeat(" ", digits)
		}
		fmt.Fprintln(s.w, strings.TrimRight("  "+s.in(dim, number+" "+gutter)+" "+text, " "))
		for _, carets := range underline(l.Text, row[0], row[1], marks) {
			fmt.Fprintf(s.w, "  %*s   %s\n", digits, "", s.in(bold, carets))
		}
	}
}

// wrap cuts a text into rows of at most so many columns, at blanks where there are
// any. A row is where it begins and ends, in bytes.
func wrap(text string, columns int) [][2]int {
	var out [][2]int
	start, blank, used := 0, -1, 0
	for i, r := range text {
		w := runeWidth(r)
		if used+w > columns && i > start {
			end := i
			if blank > start {
				end = blank
			}
			out = append(out, [2]int{start, end})
			start, blank = end, -1
			used = displayWidth(text[start:i])
		}
		used += w
		if r == ' ' || r == '\t' {
			blank = i + 1
		}
	}
	return append(out, [2]int{start, len(text)})
}

// underline draws the marks of a row: carets under what was read, its number
// behind them. Marks that would touch go to a row of their own.
func underline(text string, from, to int, marks []mark) []string {
	labels := map[[2]int][]string{}
	for _, m := range marks {
		a, b := max(m.from, from), min(m.to, to)
		if a >= b {
			if m.to > m.from || m.from < from || m.from >= to && to < len(text) {
				continue // of another row
			}
			a, b = min(m.from, to), min(m.from, to)
		}
		labels[[2]int{a, b}] = append(labels[[2]int{a, b}], m.label)
	}
	places := [][2]int{}
	for p := range labels {
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) })
	var rows []string
	var used []int
	for _, p := range places {
		slices.Sort(labels[p])
		column := displayWidth(valid(text, from, p[0]))
		carets := strings.Repeat("^", max(1, displayWidth(valid(text, p[0], p[1])))) + " [" + strings.Join(labels[p], ",") + "]"
		n := 0
		for n < len(rows) && used[n]+1 > column && used[n] > 0 {
			n++
		}
		if n == len(rows) {
			rows, used = append(rows, ""), append(used, 0)
		}
		rows[n] += strings.Repeat(" ", column-used[n]) + carets
		used[n] = column + len(carets)
	}
	return rows
}

// valid is a slice of a text, whatever a span says.
func valid(text string, from, to int) string {
	from, to = min(max(from, 0), len(text)), min(max(to, 0), len(text))
	return text[from:max(from, to)]
}

// displayWidth is how many columns a text takes on a terminal.
func displayWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth is 2 for the wide characters of Chinese, Japanese and Korean (Unicode
// Standard Annex 11) and for emoji, 0 for marks that sit on another and for what
// terminal takes out.
func runeWidth(r rune) int {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return 1
	case r < 0x20, r >= 0x7f && r < 0xa0, unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Bidi_Control), r == '\u2028', r == '\u2029':
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
