package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// shape are the flags of every listing.
type shape struct {
	JSON bool `name:"json" xor:"shape" help:"One JSON object a line."`
	CSV  bool `name:"csv" xor:"shape" help:"Comma-separated values with a header, for a spreadsheet."`
}

// latest are the flags of listings that can grow long.
type latest struct {
	Limit int `help:"At most so many; 0 is all." default:"50"`
}

// check refuses a number that cannot be meant.
func (l latest) check() error {
	if l.Limit < 0 {
		return usage("--limit is below 0", "write 0 for all")
	}
	return nil
}

// knownState refuses a --state that none of known is; "" is all of them.
func knownState[S ~string](state S, known []S) error {
	if state == "" || slices.Contains(known, state) {
		return nil
	}
	return usage(fmt.Sprintf("--state %q is not known", state), "write one of "+strings.Join(plainList(known), ", "))
}

// plainList is a list of words as text joins it.
func plainList[S ~string](list []S) []string {
	out := []string{}
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

// number leaves out an id that is none.
func number(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// column is one column of a listing, in all three shapes: its name is the JSON
// key and the CSV header. value gives what JSON carries; tables and CSV print it.
type column[T any] struct {
	name  string
	value func(T) any
	// wide leaves the column out of tables: it would not fit a terminal.
	wide bool
}

// show writes rows in the shape that was asked for. An empty table says so, in
// words that name what there is none of; JSON and CSV stay empty.
func show[T any](w io.Writer, s shape, rows []T, none string, columns ...column[T]) error {
	switch {
	case s.JSON:
		for _, row := range rows {
			if err := writeObject(w, row, columns); err != nil {
				return err
			}
		}
		return nil
	case s.CSV:
		out := csv.NewWriter(w)
		record := make([]string, len(columns))
		for i, c := range columns {
			record[i] = c.name
		}
		if err := out.Write(record); err != nil {
			return err
		}
		for _, row := range rows {
			for i, c := range columns {
				record[i] = spreadsheet(text(c.value(row)))
			}
			if err := out.Write(record); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, none)
		return err
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var cells []string
	for _, c := range columns {
		if !c.wide {
			cells = append(cells, strings.ToUpper(strings.ReplaceAll(c.name, "_", " ")))
		}
	}
	fmt.Fprintln(out, strings.Join(cells, "\t"))
	for _, row := range rows {
		cells = cells[:0]
		for _, c := range columns {
			if !c.wide {
				cells = append(cells, short(terminal(text(c.value(row))), 60))
			}
		}
		fmt.Fprintln(out, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	return out.Flush()
}

// writeObject writes a row as one JSON object whose keys keep the columns' order.
func writeObject[T any](w io.Writer, row T, columns []column[T]) error {
	var b strings.Builder
	b.WriteByte('{')
	for i, c := range columns {
		if i > 0 {
			b.WriteByte(',')
		}
		v := c.value(row)
		if t, ok := v.(time.Time); ok {
			v = text(t)
		}
		value, err := asJSON(v)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Fprintf(&b, "%q:%s", c.name, value)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// asJSON is encoding/json without the escapes that are meant for HTML.
func asJSON(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// card shows one thing, a line a field, empty ones left out; with --json, one
// object.
func card[T any](w io.Writer, s shape, row T, columns ...column[T]) error {
	if s.JSON || s.CSV {
		return show(w, s, []T{row}, "", columns...)
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range columns {
		v := text(c.value(row))
		if v == "" {
			continue
		}
		name := strings.ReplaceAll(c.name, "_", " ")
		for line := range strings.Lines(v) {
			fmt.Fprintf(out, "%s\t%s\n", name, terminal(strings.TrimRight(line, "\r\n")))
			name = ""
		}
	}
	return out.Flush()
}

// text is a value in a table or a CSV cell. A list is joined by spaces, as the
// imports read it.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format("2006-01-02T15:04:05Z")
	case []string:
		return strings.Join(v, " ")
	case bool:
		if v {
			return "yes"
		}
		return ""
	}
	return fmt.Sprint(v)
}

// terminal takes out what a mail could say to a terminal or to a reader's eye:
// control characters, line breaks and the marks that turn the direction of text.
func terminal(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
			return -1
		}
		return r
	}, s)
}

// terminalText is terminal for a text of several lines.
func terminalText(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(terminal(strings.TrimRight(line, "\r\n")))
		b.WriteByte('\n')
	}
	return b.String()
}

// short cuts a cell for a table.
func short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// spreadsheet keeps a cell from being taken for a formula (MAIL.md 117): what
// begins like one gets an apostrophe, which the imports take off again. A number below
// zero is none.
func spreadsheet(s string) string {
	if _, err := strconv.Atoi(s); err == nil && s[0] == '-' {
		return s
	}
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// plainCell undoes spreadsheet.
func plainCell(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune("=+-@\t\r", rune(s[1])) {
		return s[1:]
	}
	return s
}
