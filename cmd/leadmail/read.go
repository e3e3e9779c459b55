package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"leadmail/intake"
	"leadmail/rules"
)

// mostMail is the largest file that read and decide take: what the desk itself
// would look at, by default.
const mostMail = 25 << 20

type readCmd struct {
	Files []string `arg:"" name:"file" help:"Mails as files (.eml); - is standard input."`
	JSON  bool     `name:"json" help:"One JSON object a line and file."`
}

// Help teaches by example.
func (readCmd) Help() string {
	return `Needs no configuration and decides nothing: it shows the mail's text with marks at what was read, then the fields with their places,
what could not be used or read, and whether it may be answered. Lines with ":" are not the sender's new words.

    leadmail read lead.eml
    leadmail read --json *.eml > results.jsonl
    some-mail-client --raw | leadmail read -`
}

// reading is one line of read --json.
type reading struct {
	File      string           `json:"file"`
	Kind      rules.Kind       `json:"kind"`
	Prospects []rules.Prospect `json:"prospects"`
	Refs      []string         `json:"refs"`
	Items     []rules.Item     `json:"items"`
	Warnings  []string         `json:"warnings"`
}

func newReading(file string, q rules.Request) reading {
	r := reading{File: file, Kind: q.Kind, Prospects: []rules.Prospect{}, Refs: q.Refs(), Items: q.Items, Warnings: q.Warnings}
	for _, p := range q.Prospects {
		r.Prospects = append(r.Prospects, p.Prospect)
	}
	if r.Items == nil {
		r.Items = []rules.Item{}
	}
	if r.Warnings == nil {
		r.Warnings = []string{}
	}
	return r
}

// Run reads each file; one that cannot be opened does not keep the others from
// being read.
func (c readCmd) Run(a *app) error {
	var reader intake.Reader
	return a.eachFile(c.Files, func(name string, raw []byte) error {
		m := reader.Read(raw)
		q := reader.Parse(m)
		if c.JSON {
			return a.printJSON(newReading(name, q))
		}
		a.printReading(name, m, q, true)
		return nil
	})
}

// eachFile runs fn over files, by their base names. It goes on after an error
// and ends with 1 then.
func (a *app) eachFile(files []string, fn func(name string, raw []byte) error) error {
	bad := 0
	for _, f := range files {
		raw, err := a.open(f, mostMail)
		if err == nil {
			err = fn(filepath.Base(f), raw)
		}
		if err == nil {
			continue
		}
		if len(files) == 1 || a.ctx.Err() != nil {
			return err
		}
		a.report(err)
		bad++
	}
	if bad > 0 {
		return failed("", "%d of %d files failed", bad, len(files))
	}
	return nil
}

func (a *app) printJSON(v any) error {
	s, err := asJSON(v)
	if err == nil {
		_, err = fmt.Fprintln(a.stdout, s)
	}
	return err
}

// narrowest is how wide a mail's line is printed before it is continued below.
const narrowest = 96

// printReading says what was read in a mail, for people: marked the text with its
// marks, then items, prospects, and what else there is.
func (a *app) printReading(name string, m intake.Message, q rules.Request, marked bool) {
	w := a.stdout
	s := sheet{w: w, paint: a.onTerminal(w), columns: narrowest}
	fmt.Fprintf(w, "%s: %s\n", name, q.Kind)
	from := terminal(string(q.From))
	if q.FromName != "" {
		from = terminal(q.FromName) + " <" + from + ">"
	}
	fmt.Fprintf(w, "  from %s, subject %q\n", from, terminal(q.Subject))
	marks, number := numbered(q)
	if marked {
		fmt.Fprintln(w)
		subject := map[rules.Span]string{}
		for span, label := range marks {
			if span.Part == "subject" {
				subject[rules.Span{Line: 1, From: span.From, To: span.To}] = label
			}
		}
		if len(subject) > 0 {
			fmt.Fprintf(w, "  %s\n", s.in(dim, "subject"))
			s.lines([]intake.Line{{N: 1, Text: m.Subject, Whose: intake.WhoseNew}}, subject)
		}
		s.lines(m.Lines(q), marks)
		fmt.Fprintln(w)
	}
	for i, it := range q.Items {
		fmt.Fprintf(w, "  %s%d. %s%s\n", number.item(i), i+1, wanted(it), at(m.Place(it.Span)))
	}
	for i, p := range q.Prospects {
		printProspect(w, s, m, i, p, number.fields[i])
	}
	for _, a := range m.Attachments {
		fmt.Fprintf(w, "  attached: %s, %s: %s\n", terminal(a.Name), size(a.Size), becameOf(a, m, q))
	}
	for _, u := range q.Unread {
		switch u.Why {
		case rules.UnreadEncrypted:
			fmt.Fprintf(w, "  could not read: the mail is encrypted (%s)\n", terminal(u.What))
		case rules.UnreadLink:
			fmt.Fprintf(w, "  could not read: what the link to %s leads to\n", terminal(u.Name))
		case rules.UnreadBomb:
			fmt.Fprintf(w, "  quarantined: %s\n", terminal(cmp.Or(u.Name, u.What)))
		default:
			fmt.Fprintf(w, "  could not read: %s (%s)\n", terminal(cmp.Or(u.Name, "a file without a name")), terminal(u.What))
		}
	}
	for _, s := range q.Questions {
		fmt.Fprintf(w, "  you also asked: \"%s\"\n", terminal(s))
	}
	for _, s := range q.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", terminal(s))
	}
	for _, line := range handled(q) {
		fmt.Fprintf(w, "  %s\n", terminal(line))
	}
}

// numbers are those that marks and lists share: fields count 1, 2, 3 in the order
// in which they are listed, items without a prospect a, b, c.
type numbers struct {
	fields []map[rules.Field]string
	items  map[int]string
}

func (n numbers) item(i int) string {
	if n.items[i] == "" {
		return ""
	}
	return "[" + n.items[i] + "] "
}

// numbered gives each field and each item that stands somewhere its number, and
// the label of each place: all numbers that are read there.
func numbered(q rules.Request) (map[rules.Span]string, numbers) {
	marks, n := map[rules.Span]string{}, numbers{items: map[int]string{}}
	put := func(s rules.Span, label string) {
		if marks[s] != "" {
			label = marks[s] + "," + label
		}
		marks[s] = label
	}
	count := 0
	for _, p := range q.Prospects {
		of := map[rules.Field]string{}
		for _, f := range rules.Fields {
			if s, ok := p.Spans[f]; ok && s.Line > 0 {
				count++
				of[f] = fmt.Sprint(count)
				put(s, of[f])
			}
		}
		n.fields = append(n.fields, of)
	}
	for i, it := range q.Items {
		if it.Prospect == nil && it.Span.Line > 0 && len(n.items) < 26 {
			n.items[i] = string(rune('a' + len(n.items)))
			put(it.Span, n.items[i])
		}
	}
	return marks, n
}

// wanted is what an item asks for.
func wanted(it rules.Item) string {
	out := string(it.Verb)
	if it.Prospect != nil {
		out += fmt.Sprintf(" prospect %d", *it.Prospect+1)
	}
	if it.Ref != "" {
		out += " " + terminal(it.Ref)
	}
	return out
}

// at is a place behind something else.
func at(place string) string {
	if place == "" {
		return ""
	}
	return "  (" + terminal(place) + ")"
}

func printProspect(w io.Writer, s sheet, m intake.Message, i int, p rules.Reading, number map[rules.Field]string) {
	fmt.Fprintf(w, "  prospect %d", i+1)
	var of []string
	if p.Ref != "" {
		of = append(of, string(p.Ref))
	}
	if p.Ordinal > 0 {
		of = append(of, fmt.Sprintf("number %d of our list", p.Ordinal))
	}
	if p.All {
		of = append(of, "all that we asked about")
	}
	if len(of) > 0 {
		fmt.Fprintf(w, " (%s)", strings.Join(of, ", "))
	}
	fmt.Fprintln(w)
	type row struct{ mark, name, value, place string }
	var rows []row
	wide := 0
	for _, f := range rules.Fields {
		r := row{name: strings.ReplaceAll(string(f), "_", " "), value: terminal(p.Get(f))}
		if number[f] != "" {
			r.mark = "[" + number[f] + "]"
		}
		if span, ok := p.Spans[f]; ok {
			r.place = at(m.Place(span))
		}
		var notes []string
		switch none, u := slices.Contains(p.None, f), terminal(p.Unusable[f]); {
		case none && u != "":
			notes = append(notes, fmt.Sprintf("says that there is none: %q", u))
		case none:
			notes = append(notes, "says that there is none")
		case u != "":
			notes = append(notes, fmt.Sprintf("written %q, which is none", u))
		}
		if slices.Contains(p.Contradicts, f) {
			notes = append(notes, "text and HTML differ")
		}
		if r.value == "" && len(notes) == 0 {
			notes = append(notes, "not stated")
		}
		if len(notes) > 0 {
			r.value = strings.TrimSpace(r.value + " (" + strings.Join(notes, "; ") + ")")
		}
		wide = max(wide, min(displayWidth(r.value), 48))
		rows = append(rows, r)
	}
	for _, r := range rows {
		pad := strings.Repeat(" ", max(0, wide-displayWidth(r.value)))
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("    %s %-10s  %s%s%s", s.in(bold, fmt.Sprintf("%5s", r.mark)), r.name, r.value, pad, s.in(dim, r.place)), " "))
	}
}

// becameOf is what was made of an attachment.
func becameOf(a intake.Attachment, m intake.Message, q rules.Request) string {
	for _, f := range q.Forms {
		if f.SHA256 == a.SHA256 {
			return "a form (" + string(f.Kind) + "), not read"
		}
	}
	n := 0
	for _, it := range q.Items {
		if it.Prospect != nil && strings.HasPrefix(m.Place(it.Span), a.Name+", ") {
			n++
		}
	}
	switch what := a.Unreadable(); {
	case n == 1:
		return "1 prospect in it"
	case n > 1:
		return fmt.Sprintf("%d prospects in it", n)
	case what != "":
		return what + ", cannot be read"
	}
	return a.MediaType
}

// size is a length for people.
func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

// handled says what the mail's envelope and headers allow: whether it is decided,
// and whether it may be answered.
func handled(q rules.Request) []string {
	h := q.Handling
	var out []string
	switch h.Route {
	case "":
		out = append(out, "is decided")
	case rules.RouteReview:
		out = append(out, "waits for a person: "+h.Why)
	case rules.RouteProcessed:
		out = append(out, "is filed, nothing to do: "+h.Why)
	default:
		out = append(out, fmt.Sprintf("is filed under %s: %s", h.Route, h.Why))
	}
	switch {
	case q.Empty:
		out = append(out, "nothing was newly written")
	case q.Copied:
		out = append(out, "we are only in Cc: nothing is registered by it")
	}
	switch {
	case h.NoReply == "":
		out = append(out, "may be answered, if its sender may")
	case h.Machine:
		out = append(out, "is not answered: "+h.NoReply+" (unless the partner has acknowledge_automatic)")
	default:
		out = append(out, "is not answered: "+h.NoReply)
	}
	return out
}
