package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listed is what go list -json tells of a package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// An arrow is an import that may not be, and why.
type arrow struct {
	why  string
	from func(pkg string) bool
	to   func(pkg string) bool
	// tests says that the imports of a package's tests count too.
	tests bool
}

// under says whether a package is one of these or lies below one.
func under(roots ...string) func(string) bool {
	return func(pkg string) bool {
		return slices.ContainsFunc(roots, func(root string) bool { return pkg == root || strings.HasPrefix(pkg, root+"/") })
	}
}

func not(f func(string) bool) func(string) bool { return func(pkg string) bool { return !f(pkg) } }

func both(f, g func(string) bool) func(string) bool {
	return func(pkg string) bool { return f(pkg) && g(pkg) }
}

// outside says whether a package is from another module.
func outside(pkg string) bool { return strings.Contains(strings.Split(pkg, "/")[0], ".") }

var (
	ours   = under("leadmail")
	anyone = func(string) bool { return true }
	// fakes holds the mail servers of this process, for the demo and for tests.
	fakes = []string{"leadmail/cmd/internal/mailhost", "leadmail/cmd/internal/demo"}
)

// onlyIn forbids a library to all but a few packages.
func onlyIn(why, library string, homes ...string) arrow {
	return arrow{why: why, from: not(under(homes...)), to: under(library)}
}

var arrows = []arrow{
	{why: "rules is pure and knows nobody", from: under("leadmail/rules"), to: both(ours, not(under("leadmail/rules"))), tests: true},
	{why: "beyond the standard library rules may look at data only", from: under("leadmail/rules"),
		to: both(outside, not(under("golang.org/x/net/idna", "golang.org/x/net/publicsuffix", "golang.org/x/text")))},
	{why: "a rule that needs the world to be tested is in the wrong folder", from: under("leadmail/rules"),
		to: under("os", "net/http", "net/smtp", "database", "context", "math/rand", "crypto/rand")},
	{why: "intake reads mail; what it means and what is kept is for others", from: under("leadmail/intake"),
		to: both(ours, not(under("leadmail/intake", "leadmail/rules"))), tests: true},
	{why: "store remembers; it neither reads mail nor writes it", from: under("leadmail/store"),
		to: both(ours, not(under("leadmail/store", "leadmail/rules"))), tests: true},
	{why: "notify says what was decided; it looks nothing up", from: under("leadmail/notify"),
		to: both(ours, not(under("leadmail/notify", "leadmail/rules", "leadmail/templates"))), tests: true},
	{why: "templates holds words", from: under("leadmail/templates"),
		to: both(ours, not(under("leadmail/templates", "leadmail/rules"))), tests: true},
	{why: "cmd imports all and is imported by none", from: not(under("leadmail/cmd")), to: under("leadmail/cmd"), tests: true},
	{why: "config is read before there is anything else", from: under("leadmail/cmd/internal/config"),
		to: both(ours, not(under("leadmail/cmd/internal/config", "leadmail/rules")))},

	onlyIn("IMAP is spoken in intake", "github.com/emersion/go-imap", append(fakes, "leadmail/intake")...),
	onlyIn("MIME is taken apart in intake", "github.com/emersion/go-message", append(fakes, "leadmail/intake")...),
	onlyIn("signatures are verified in intake", "github.com/emersion/go-msgauth", "leadmail/intake"),
	onlyIn("HTML is read in intake", "golang.org/x/net/html", "leadmail/intake"),
	onlyIn("workbooks are read in intake and go back from notify", "github.com/xuri/excelize", "leadmail/intake", "leadmail/notify"),
	onlyIn("cards are read in intake", "github.com/emersion/go-vcard", "leadmail/intake"),
	onlyIn("SMTP is spoken in notify", "github.com/wneessen/go-mail", "leadmail/notify"),
	onlyIn("only the servers of this process serve SMTP", "github.com/emersion/go-smtp", fakes...),
	onlyIn("SQL is spoken in store", "database/sql", "leadmail/store"),
	onlyIn("SQL is spoken in store", "github.com/jackc/pgx", "leadmail/store"),
	onlyIn("SQL is spoken in store", "modernc.org/sqlite", "leadmail/store"),
	onlyIn("the schema is store's", "github.com/pressly/goose", "leadmail/store"),
	onlyIn("flags are read in cmd/leadmail", "github.com/alecthomas/kong", "leadmail/cmd/leadmail"),
	onlyIn("schedules are read in config", "github.com/robfig/cron/v3", "leadmail/cmd/internal/config"),
	onlyIn("YAML is read in config", "github.com/goccy/go-yaml", "leadmail/cmd/internal/config"),
	{why: "the binary links no test library", from: anyone,
		to: under("testing", "github.com/google/go-cmp", "github.com/rogpeppe/go-internal", "pgregory.net/rapid")},
}

// broken names each forbidden import with its reason.
func broken(packages []listed, arrows []arrow) []string {
	var out []string
	for _, p := range packages {
		for _, a := range arrows {
			imports := p.Imports
			if a.tests {
				imports = slices.Concat(p.Imports, p.TestImports, p.XTestImports)
			}
			for _, to := range imports {
				if a.from(p.ImportPath) && a.to(to) && to != p.ImportPath {
					out = append(out, fmt.Sprintf("%s -> %s: %s", p.ImportPath, to, a.why))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = repository(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 7 {
		t.Fatalf("go list names %d packages only", len(packages))
	}
	for _, b := range broken(packages, arrows) {
		t.Error(b)
	}
}

func TestABrokenArrowIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		pkg  listed
		want string
	}{
		{"rules looks into the store", listed{ImportPath: "leadmail/rules", Imports: []string{"leadmail/store"}},
			"leadmail/rules -> leadmail/store: rules is pure and knows nobody"},
		{"rules takes a library", listed{ImportPath: "leadmail/rules", Imports: []string{"github.com/google/uuid"}},
			"leadmail/rules -> github.com/google/uuid: beyond the standard library rules may look at data only"},
		{"rules takes the public suffix list", listed{ImportPath: "leadmail/rules", Imports: []string{"golang.org/x/net/publicsuffix"}}, ""},
		{"a test of notify asks the store", listed{ImportPath: "leadmail/notify", XTestImports: []string{"leadmail/store"}},
			"leadmail/notify -> leadmail/store: notify says what was decided; it looks nothing up"},
		{"intake calls into cmd", listed{ImportPath: "leadmail/intake", Imports: []string{"leadmail/cmd/internal/config"}},
			"leadmail/intake -> leadmail/cmd/internal/config: cmd imports all and is imported by none"},
		{"the desk speaks IMAP by itself", listed{ImportPath: "leadmail/cmd/internal/desk", Imports: []string{"github.com/emersion/go-imap/v2/imapclient"}},
			"leadmail/cmd/internal/desk -> github.com/emersion/go-imap/v2/imapclient: IMAP is spoken in intake"},
		{"the desk's test speaks IMAP", listed{ImportPath: "leadmail/cmd/internal/desk", TestImports: []string{"github.com/emersion/go-imap/v2/imapclient"}}, ""},
		{"a test library in the binary", listed{ImportPath: "leadmail/store", Imports: []string{"pgregory.net/rapid"}},
			"leadmail/store -> pgregory.net/rapid: the binary links no test library"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := broken([]listed{c.pkg}, arrows)
			if c.want == "" && len(got) > 0 || c.want != "" && !slices.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
