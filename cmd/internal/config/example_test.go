package config

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"time"
)

// example writes the annotated example: what has to be replaced stands there
// as a key, everything else as a comment with its default.
func example() (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		return "", err
	}
	docs := map[string]string{} // "IMAP.TLS" -> comment
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			t, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			s, ok := t.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range s.Fields.List {
				for _, n := range f.Names {
					docs[t.Name.Name+"."+n.Name] = strings.TrimSpace(f.Doc.Text())
				}
			}
		}
	}
	w := &exampleWriter{docs: docs}
	w.b.WriteString(head)
	w.section(reflect.ValueOf(Default()), 0)
	return w.b.String(), nil
}

const head = `# The configuration of leadmail. What has to be replaced stands here as a key;
# after a # without a space stands a default: take the # away to change it.
# leadmail check says what is wrong. A relative path is relative to the folder of this file.
`

type exampleWriter struct {
	b    strings.Builder
	docs map[string]string
}

func (w *exampleWriter) section(v reflect.Value, depth int) {
	indent := strings.Repeat("  ", depth)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := f.Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		doc := w.docs[v.Type().Name()+"."+f.Name]
		if depth == 0 {
			w.b.WriteString("\n")
		}
		for _, line := range strings.Split(doc, "\n") {
			if line != "" {
				w.b.WriteString(indent + "# " + line + "\n")
			}
		}
		value := v.Field(i)
		sample, needed := f.Tag.Lookup("example")
		list := value.Kind() == reflect.Slice
		switch {
		case value.Kind() == reflect.Struct:
			// A section in which nothing has to be written still stands there, so
			// that a key can be uncommented alone.
			w.b.WriteString(indent + key + ":\n")
			w.section(value, depth+1)
		case needed && list && !strings.HasPrefix(sample, "{"):
			w.b.WriteString(indent + key + ": [" + sample + "]\n")
		case needed && list:
			w.b.WriteString(indent + "#" + key + ":\n" + indent + "#  - " + sample + "\n")
		case needed:
			w.b.WriteString(indent + key + ": " + sample + "\n")
		default:
			w.b.WriteString(indent + "#" + strings.TrimRight(key+": "+plain(value), " ") + "\n")
		}
	}
}

func plain(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return short(x)
	case fmt.Stringer:
		return x.String()
	}
	if v.Kind() == reflect.Slice {
		words := make([]string, v.Len())
		for i := range words {
			words[i] = fmt.Sprint(v.Index(i).Interface())
		}
		return "[" + strings.Join(words, ", ") + "]"
	}
	return fmt.Sprint(v.Interface())
}
