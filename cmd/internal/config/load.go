package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// ErrMissing is wrapped by Load where there is no file at all.
var ErrMissing = errors.New("no configuration")

// Load reads a file over Default and validates the result. env looks up an
// environment variable, as os.LookupEnv does; it is asked only when a password
// is needed. The error is a *Mistake or several of them joined.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s does not exist; write one with: leadmail init, or name another with --config FILE", ErrMissing, path)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	c, mistakes := parse(path, b)
	c.env = env
	mistakes = append(mistakes, c.validate()...)
	if len(mistakes) > 0 {
		return nil, join(mistakes)
	}
	folder := filepath.Dir(path)
	for _, p := range []*Path{&c.IMAP.PasswordFile, &c.IMAP.CAFile, &c.SMTP.PasswordFile, &c.SMTP.CAFile, &c.Templates, &c.Authentication.SecretFile, &c.Program.Agreement.File} {
		p.within(folder)
	}
	if !c.Database.Postgres() && c.Database != ":memory:" {
		p := Path(c.Database)
		p.within(folder)
		c.Database = Database(p)
	}
	return &c.Config, nil
}

// read is a configuration with what is only known while it is being judged:
// where each key stands, and which keys had a value that was not understood, so
// that one slip is reported once.
type read struct {
	Config
	lines map[string]int
	bad   map[string]bool
}

func join(mistakes []*Mistake) error {
	slices.SortStableFunc(mistakes, func(a, b *Mistake) int { return cmp.Compare(a.Line, b.Line) })
	errs := make([]error, len(mistakes))
	for i, m := range mistakes {
		errs[i] = m
	}
	return errors.Join(errs...)
}

// parse lays a file over the defaults. The library reads the YAML; the walk is
// ours, since its own decoder stops at the first mistake.
func parse(path string, b []byte) (*read, []*Mistake) {
	r := &read{Config: Default(), lines: map[string]int{}, bad: map[string]bool{}}
	r.File = path
	file, err := parser.ParseBytes(b, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		m := &Mistake{File: path, What: err.Error()}
		var at yaml.Error
		if errors.As(err, &at) {
			m.What = "this is not YAML: " + at.GetMessage()
			if t := at.GetToken(); t != nil && t.Position != nil {
				m.Line = t.Position.Line
			}
		}
		m.Hint = "look at the indentation and the quotes of that line and the one before"
		// All other mistakes would be guesses.
		r.bad[""] = true
		return r, []*Mistake{m}
	}
	w := walk{read: r}
	for i, doc := range file.Docs {
		if i > 0 {
			w.add(doc.Body, "", "a second document begins here", "keep one, without ---")
			break
		}
		if doc.Body != nil {
			w.value("", doc.Body, reflect.ValueOf(&r.Config).Elem())
		}
	}
	return r, w.mistakes
}

type walk struct {
	*read
	mistakes []*Mistake
}

func (w *walk) add(n ast.Node, key, what, hint string) {
	line := 0
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		line = n.GetToken().Position.Line
	}
	w.bad[key] = true
	w.mistakes = append(w.mistakes, &Mistake{File: w.File, Line: line, Key: key, What: what, Hint: hint})
}

// value reads a node into a field.
func (w *walk) value(key string, n ast.Node, to reflect.Value) {
	switch n := n.(type) {
	case *ast.NullNode:
		return // a key without a value: as if it were not written
	case *ast.AnchorNode:
		w.value(key, n.Value, to)
		return
	case *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		w.add(n, key, "references and tags of YAML are not read here", "write the value out")
		return
	}
	switch to.Kind() {
	case reflect.Struct:
		w.section(key, n, to)
	case reflect.Slice:
		w.list(key, n, to)
	default:
		text, ok := scalar(n)
		if !ok {
			w.add(n, key, "a single value is wanted here, not "+shape(n), "write "+wanted(to))
			return
		}
		if to.Kind() == reflect.String {
			to.SetString(text)
			return
		}
		w.number(key, n, text, to)
	}
}

func (w *walk) section(key string, n ast.Node, to reflect.Value) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		w.add(n, key, "a section is wanted here, not "+shape(n), "its keys are "+strings.Join(keysOf(to.Type()), ", "))
		return
	}
	fields := map[string]reflect.Value{}
	for i := range to.NumField() {
		if name := to.Type().Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			fields[name] = to.Field(i)
		}
	}
	seen := map[string]int{}
	for _, p := range pairs {
		name, _ := scalar(p.Key)
		full := strings.TrimPrefix(key+"."+name, ".")
		line := p.Key.GetToken().Position.Line
		field, known := fields[name]
		switch {
		case !known:
			what, hint := unknown(key, name, keysOf(to.Type()))
			w.add(p.Key, full, what, hint)
		case seen[name] > 0:
			w.add(p.Key, full, fmt.Sprintf("stands here a second time (first in line %d)", seen[name]), "keep one")
		default:
			seen[name] = line
			w.lines[full] = line
			w.value(full, p.Value, field)
		}
	}
}

// later are keys of the finished product that this version does not have.
var later = []string{"http", "retention", "webhooks"}

func unknown(section, name string, known []string) (what, hint string) {
	switch {
	case name == "password":
		return "a password is not written into this file", "write it into a file of its own and name that with password_file, or name an environment variable with password_env"
	case section == "" && slices.Contains(later, name):
		return "this version does not have it yet", "take the section out"
	}
	if near := nearest(name, known); near != "" {
		return "is not known", "did you mean " + near + "?"
	}
	where := "the keys here are "
	if section == "" {
		where = "the sections are "
	}
	return "is not known", where + strings.Join(known, ", ")
}

func (w *walk) list(key string, n ast.Node, to reflect.Value) {
	items := []ast.Node{n} // one value alone is a list of one
	if s, ok := n.(*ast.SequenceNode); ok {
		items = s.Values
	}
	out := reflect.MakeSlice(to.Type(), len(items), len(items))
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", key, i+1)
		if t := item.GetToken(); t != nil && t.Position != nil {
			w.lines[at] = t.Position.Line
		}
		w.value(at, item, out.Index(i))
	}
	to.Set(out)
}

func (w *walk) number(key string, n ast.Node, text string, to reflect.Value) {
	found := strconv.Quote(text)
	switch to.Addr().Interface().(type) {
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			hint := "write a duration such as 90s, 2m or 1h"
			if _, plain := strconv.Atoi(text); plain == nil {
				hint = fmt.Sprintf("add its unit: %ss for seconds, %sm for minutes", text, text)
			}
			w.add(n, key, found+" is no duration", hint)
			return
		}
		to.SetInt(int64(d))
	case *Bytes:
		b, err := parseBytes(text)
		if err != nil {
			w.add(n, key, found+" is no size", "write one such as 25 MiB, 200 KiB or a number of bytes")
			return
		}
		to.SetInt(int64(b))
	case *int:
		i, err := strconv.Atoi(text)
		if err != nil {
			w.add(n, key, found+" is no whole number", "write "+wanted(to))
			return
		}
		to.SetInt(int64(i))
	case *bool:
		switch text {
		case "true", "false":
			to.SetBool(text == "true")
		default:
			w.add(n, key, found+" is neither true nor false", "write true or false")
		}
	}
}

// scalar is the text of a single value, as it stands in the file without its
// quotes.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode, *ast.NullNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func shape(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a section"
	}
	if s, ok := scalar(n); ok {
		return strconv.Quote(s)
	}
	return "this"
}

func wanted(to reflect.Value) string {
	switch to.Addr().Interface().(type) {
	case *time.Duration:
		return "a duration such as 2m"
	case *Bytes:
		return "a size such as 25 MiB"
	case *int:
		return "a whole number"
	case *bool:
		return "true or false"
	}
	return "a text"
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			keys = append(keys, name)
		}
	}
	return keys
}

// units are powers of 1024; MB is taken as MiB, since nobody counts mail in
// powers of ten.
var units = []struct {
	suffix string
	shift  uint
}{{"kib", 10}, {"kb", 10}, {"k", 10}, {"mib", 20}, {"mb", 20}, {"m", 20}, {"gib", 30}, {"gb", 30}, {"g", 30}, {"b", 0}, {"", 0}}

func parseBytes(s string) (Bytes, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, u := range units {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > 1<<62>>u.shift {
			break
		}
		return Bytes(n << u.shift), nil
	}
	return 0, fmt.Errorf("%q is no size", s)
}

// String writes a size with the largest unit that divides it.
func (b Bytes) String() string {
	for _, u := range []struct {
		name  string
		shift uint
	}{{"GiB", 30}, {"MiB", 20}, {"KiB", 10}} {
		if b > 0 && b&(1<<u.shift-1) == 0 {
			return fmt.Sprintf("%d %s", b>>u.shift, u.name)
		}
	}
	return strconv.FormatInt(int64(b), 10)
}
