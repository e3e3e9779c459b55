package main

import (
	"fmt"
	"io"
	"path/filepath"
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
	return `Needs no configuration and decides nothing: it shows what the desk makes of a mail's text.

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
		q := reader.Parse(reader.Read(raw))
		if c.JSON {
			return a.printJSON(newReading(name, q))
		}
		printReading(a.stdout, name, q)
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

func printReading(w io.Writer, name string, q rules.Request) {
	fmt.Fprintf(w, "%s: %s\n", name, q.Kind)
	from := terminal(string(q.From))
	if q.FromName != "" {
		from = terminal(q.FromName) + " <" + from + ">"
	}
	fmt.Fprintf(w, "  from %s, subject %q\n", from, terminal(q.Subject))
	if h := q.Handling; h.Route != "" || h.NoReply != "" {
		fmt.Fprintf(w, "  %s\n", terminal(strings.Trim(string(h.Route)+": "+h.Why+"; "+h.NoReply, ":; ")))
	}
	for i, p := range q.Prospects {
		fmt.Fprintf(w, "  prospect %d", i+1)
		if p.Ref != "" {
			fmt.Fprintf(w, " (%s)", p.Ref)
		}
		fmt.Fprintln(w)
		for _, f := range rules.Fields {
			value, note := p.Get(f), ""
			if u := p.Unusable[f]; u != "" {
				note = fmt.Sprintf("(written %q, which is none)", terminal(u))
			}
			if s, ok := p.Spans[f]; ok && s.Line > 0 {
				note = strings.TrimSpace(note + fmt.Sprintf(" (line %d)", s.Line))
			}
			if value == "" && note == "" {
				note = "(not stated)"
			}
			fmt.Fprintf(w, "    %-10s  %s\n", strings.ReplaceAll(string(f), "_", " "), strings.TrimSpace(terminal(value)+"  "+note))
		}
	}
	for _, it := range q.Items {
		if it.Prospect == nil || it.Ref != "" {
			fmt.Fprintf(w, "  asks to %s %s\n", it.Verb, terminal(it.Ref))
		}
	}
	for _, s := range q.Questions {
		fmt.Fprintf(w, "  for a person: %s\n", terminal(s))
	}
	for _, s := range q.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", terminal(s))
	}
}
