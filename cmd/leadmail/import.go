package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// imported are the flags of every import.
type imported struct {
	File string `arg:"" name:"file" help:"A CSV file with a header line; - is standard input."`
	Yes  bool   `help:"Carry it out. Without this nothing is changed: each line says what would happen."`
}

// csvLine is one line of an import, its cells by column.
type csvLine struct {
	line  int
	cells map[string]string
}

func (l csvLine) get(column string) string { return l.cells[column] }

// list reads a cell with several values between spaces, semicolons or commas.
func (l csvLine) list(column string) []string {
	return strings.FieldsFunc(l.cells[column], func(r rune) bool { return strings.ContainsRune(" ;,\t\n", r) })
}

// mostImport is the largest file that an import takes: no list that a person made
// is larger.
const mostImport = 20 << 20

// open reads a file or, for -, standard input.
func (a *app) open(name string, most int64) ([]byte, error) {
	in := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, failed("", "cannot read the file: %w", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, failed("name the files in it", "%s is a folder", name)
		}
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, failed("", "cannot read %s: %w", name, err)
	}
	if int64(len(b)) > most {
		return nil, failed("split it", "%s is larger than %d MiB", name, most>>20)
	}
	return b, nil
}

// readCSV reads a file whose header names some of known; needed must be among
// them. Comma, semicolon and tab are all taken for separators, as spreadsheets
// of different countries write them.
func (a *app) readCSV(name string, known, needed []string) ([]csvLine, error) {
	b, err := a.open(name, mostImport)
	if err != nil {
		return nil, err
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) // Excel's mark of UTF-8
	if !utf8.Valid(b) {
		return nil, failed("save it as CSV UTF-8", "%s is not UTF-8", name)
	}
	r := csv.NewReader(bytes.NewReader(b))
	first, _, _ := bytes.Cut(b, []byte("\n"))
	for _, sep := range []rune{';', '\t'} {
		if bytes.Count(first, []byte(string(sep))) > bytes.Count(first, []byte(string(r.Comma))) {
			r.Comma = sep
		}
	}
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, failed("begin it with a line that names the columns: "+strings.Join(known, ","), "%s is empty", name)
	}
	if err != nil {
		return nil, failed("save it as CSV with a header line", "%s is not CSV: %w", name, err)
	}
	for i, h := range header {
		header[i] = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(h)), " ", "_")
		if !slices.Contains(known, header[i]) {
			return nil, failed("the columns are "+strings.Join(known, ", "), "%s, line 1: column %q is not known", name, h)
		}
		if slices.Index(header, header[i]) < i {
			return nil, failed("keep one of them", "%s, line 1: column %q stands there twice", name, h)
		}
	}
	for _, n := range needed {
		if !slices.Contains(header, n) {
			return nil, failed("the columns are "+strings.Join(known, ", "), "%s, line 1: column %s is missing", name, n)
		}
	}
	var lines []csvLine
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, failed("look at the quotes of that line", "%s is not CSV: %w", name, err)
		}
		at, _ := r.FieldPos(0)
		l := csvLine{line: at, cells: map[string]string{}}
		empty := true
		for i, cell := range record {
			cell = plainCell(strings.TrimSpace(cell))
			empty = empty && cell == ""
			if i < len(header) {
				l.cells[header[i]] = cell
			} else if cell != "" {
				return nil, failed("put a cell that contains a comma into quotes", "%s, line %d has more cells than the header", name, at)
			}
		}
		if !empty {
			lines = append(lines, l)
		}
	}
}

// fate is what becomes of one line of an import.
type fate struct {
	line int
	what string // added, changed, unchanged or wrong
	why  string
}

// The words of an import's report.
const (
	added     = "added"
	changed   = "changed"
	unchanged = "unchanged"
	wrong     = "wrong"
)

// reportImport prints an import line by line and its sums; its error says that lines
// are wrong. A dry run says how to carry it out, unless that is refused.
func (a *app) reportImport(i imported, fates []fate, allowed bool) error {
	sums := map[string]int{}
	for _, f := range fates {
		sums[f.what]++
		what := f.what
		if (!i.Yes || !allowed) && (what == added || what == changed) {
			what = "would be " + what
		}
		if f.why != "" {
			what += ": " + f.why
		}
		fmt.Fprintf(a.stdout, "line %d: %s\n", f.line, terminal(what))
	}
	fmt.Fprintf(a.stdout, "%d added, %d changed, %d unchanged, %d wrong", sums[added], sums[changed], sums[unchanged], sums[wrong])
	switch {
	case (sums[wrong] > 0 || !allowed) && i.Yes:
		fmt.Fprintln(a.stdout, "; nothing was changed")
	case sums[wrong] > 0 || !allowed:
		fmt.Fprintln(a.stdout, " (dry run)")
	case i.Yes:
		fmt.Fprintln(a.stdout)
	default:
		fmt.Fprintln(a.stdout, " (dry run; carry it out with --yes)")
	}
	if sums[wrong] > 0 {
		return failed("mend the lines that are wrong and run it again", "%d of %d lines are wrong", sums[wrong], len(fates))
	}
	return nil
}
