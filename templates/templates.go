// Package templates holds the words of every mail that leadmail writes.
//
// The job: each mail is a pair of files, NAME.txt.tmpl (text/template) and
// NAME.html.tmpl (html/template), embedded in the program. The sentences
// themselves stand once, in words.txt.tmpl; both halves of a pair say them by
// name, so text and HTML cannot drift apart. frame.html.tmpl is the page around
// every HTML half.
//
// The promise: an operator overrides any file by one of the same name in a
// folder of their own. Load then executes every mail over sample decisions, so that
// a mistake stops the program at its start, with file and line, and not in the
// middle of a partner's mail. The embedded files are executed so by the tests.
//
// The traps: values are escaped in HTML by html/template, but nothing escapes
// text. Whoever fills Answer and Notice (package notify) removes control
// characters and line breaks from each value first.
package templates

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	texttemplate "text/template"
)

//go:embed *.tmpl
var embedded embed.FS

// The mails, by the name of their pair of files.
const (
	Verdicts      = "verdicts"       // what became of each prospect
	Held          = "held"           // the receipt: a person will answer
	UnknownSender = "unknown_sender" // the fixed lines for an address that is nobody's
	Unverified    = "unverified"     // the fixed line for an address that was not proved
	NothingFound  = "nothing_found"  // no prospect in it
	TooLarge      = "too_large"      // larger than what is read
	Reminder      = "reminder"       // what ends soon, and what has just ended
	Welcome       = "welcome"        // a partner has joined, or has come back
	Outcome       = "outcome"        // staff decided a review
	Confirmation  = "confirmation"   // to staff, one a mail
	Alert         = "alert"          // to staff, at once
	Overdue       = "overdue"        // to staff: something waits for too long
	Digest        = "digest"         // to staff, one a day
)

// Names are all mails.
var Names = [...]string{Verdicts, Held, UnknownSender, Unverified, NothingFound, TooLarge, Reminder, Welcome, Outcome, Confirmation, Alert, Overdue, Digest}

// Set is every mail's pair of templates, ready to be executed, by several
// goroutines at once.
type Set struct {
	text *texttemplate.Template
	html *htmltemplate.Template
}

// Load reads the embedded templates and, where dir is not "", those of that
// folder over them. A file there that overrides nothing is a mistake as well: it
// would silently do nothing. Words of an operator's own are tried: every mail over
// every sample. Every error names file and line; all of them are returned together.
func Load(dir string) (*Set, error) {
	files := map[string]string{} // text by name
	from := map[string]string{}  // path of those that the operator's folder overrides
	names, err := fs.Glob(embedded, "*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	for _, name := range names {
		b, err := embedded.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
		files[name] = string(b)
	}
	if dir != "" {
		if err := override(dir, files, from); err != nil {
			return nil, err
		}
	}
	s := &Set{}
	s.text = texttemplate.New("text").Option("missingkey=error")
	s.html = htmltemplate.New("html").Option("missingkey=error")
	funcs := map[string]any{"say": s.say, "says": s.says, "say_list": s.sayList, "list": list, "number": number}
	s.text.Funcs(funcs)
	s.html.Funcs(funcs)

	var wrong []error
	slices.Sort(names)
	for _, name := range names {
		var err error
		if strings.HasSuffix(name, ".html.tmpl") {
			_, err = s.html.New(name).Parse(files[name])
		} else {
			_, err = s.text.New(name).Parse(files[name])
		}
		if err != nil {
			wrong = append(wrong, located(err, from))
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	if len(from) == 0 {
		return s, nil // ours as they are: the tests have tried them
	}
	if err := s.try(from); err != nil {
		return nil, err
	}
	return s, nil
}

// override lays an operator's files over the embedded ones and remembers where
// each came from.
func override(dir string, files, from map[string]string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("templates: the folder of your own templates: %w", err)
	}
	var wrong []error
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, ".tmpl") {
			continue
		}
		path := filepath.Join(dir, name)
		if _, known := files[name]; !known {
			wrong = append(wrong, fmt.Errorf("templates: %s overrides no template of ours: rename it to one of %s, or move it away",
				path, list(slices.Sorted(maps.Keys(files)), "or")))
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("templates: %w", err))
			continue
		}
		files[name], from[name] = string(b), path
	}
	return errors.Join(wrong...)
}

// try executes every mail over every sample, and reports a mistake once.
func (s *Set) try(from map[string]string) error {
	var wrong []error
	seen := map[string]bool{}
	for _, name := range Names {
		for _, sample := range Samples(name) {
			_, _, err := s.Execute(name, sample)
			if err == nil {
				continue
			}
			err = located(err, from)
			if !seen[err.Error()] {
				seen[err.Error()] = true
				wrong = append(wrong, err)
			}
		}
	}
	return errors.Join(wrong...)
}

// position finds "name.txt.tmpl:12" in an error of the template packages, which
// wrap one template's mistake in that of its caller: the last one is the place.
// html/template knows no line for some of its own.
var position = regexp.MustCompile(`[a-z_]+\.(?:txt|html)\.tmpl(?::\d+)?`)

// located says in which file a mistake is, in words that an operator can act on.
func located(err error, from map[string]string) error {
	where := position.FindAllString(err.Error(), -1)
	if len(where) == 0 {
		return fmt.Errorf("templates: %w", err)
	}
	last := where[len(where)-1]
	for i := len(where) - 1; i >= 0 && !strings.Contains(last, ":"); i-- {
		if strings.Contains(where[i], ":") {
			last = where[i]
		}
	}
	name, line, _ := strings.Cut(last, ":")
	if path := from[name]; path != "" {
		name = path
	}
	if line != "" {
		name += ":" + line
	}
	return fmt.Errorf("templates: %s: %w", name, err)
}

// Execute renders both halves of a mail. The data is an Answer, a Notice or a News,
// as Samples shows. The text has no trailing blanks and at most one empty line in a
// row, so a template may be laid out for whoever edits it.
func (s *Set) Execute(name string, data any) (text, html string, err error) {
	var t, h bytes.Buffer
	if err := s.text.ExecuteTemplate(&t, name+".txt.tmpl", data); err != nil {
		return "", "", err
	}
	if err := s.html.ExecuteTemplate(&h, name+".html.tmpl", data); err != nil {
		return "", "", err
	}
	text = tidy(t.String())
	if text == "" {
		return "", "", fmt.Errorf("%s.txt.tmpl:1: nothing was written", name)
	}
	return text, tidy(h.String()), nil
}

// Say returns one sentence of words.txt.tmpl by its name, on one line.
func (s *Set) Say(name string, data any) (string, error) { return s.say(name, data) }

func (s *Set) say(name string, data any) (string, error) {
	var b bytes.Buffer
	if err := s.text.ExecuteTemplate(&b, name, data); err != nil {
		return "", err
	}
	return strings.Join(strings.Fields(b.String()), " "), nil
}

// says returns the paragraphs of a named text; an empty line parts them.
func (s *Set) says(name string, data any) ([]string, error) {
	var b bytes.Buffer
	if err := s.text.ExecuteTemplate(&b, name, data); err != nil {
		return nil, err
	}
	var out []string
	for _, p := range blank.Split(b.String(), -1) {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			out = append(out, p)
		}
	}
	return out, nil
}

var (
	blank  = regexp.MustCompile(`\n[ \t]*\n`)
	blanks = regexp.MustCompile(`\n{3,}`)
	ends   = regexp.MustCompile(`[ \t]+\n`)
)

func tidy(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = ends.ReplaceAllString(s+"\n", "\n")
	s = strings.TrimSpace(blanks.ReplaceAllString(s, "\n\n"))
	if s == "" {
		return ""
	}
	return s + "\n"
}

// list joins words as a sentence does: "a, b and c".
func list(words []string, conjunction string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + conjunction + " " + words[last]
}

// sayList says one sentence of each item of a slice, and joins them.
func (s *Set) sayList(name string, items any, conjunction string) (string, error) {
	v := reflect.ValueOf(items)
	if v.Kind() != reflect.Slice {
		return "", fmt.Errorf("say_list %q: want a list, got %T", name, items)
	}
	var said []string
	for i := range v.Len() {
		one, err := s.say(name, v.Index(i).Interface())
		if err != nil {
			return "", err
		}
		said = append(said, one)
	}
	return list(said, conjunction), nil
}

// number writes small numbers as words.
func number(n int) string {
	words := [...]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
	if n >= 0 && n < len(words) {
		return words[n]
	}
	return strconv.Itoa(n)
}
