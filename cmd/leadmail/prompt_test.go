package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/google/go-cmp/cmp"

	"leadmail/cmd/internal/config"
	"leadmail/cmd/internal/mailhost"
	"leadmail/rules"
)

// prompt is somebody at a terminal, in a folder of their own, at a fixed time.
type prompt struct {
	testing.TB
	dir, config string
	now         time.Time
	env         map[string]string
}

// testNow is when tests happen, unless they move their clock.
var testNow = time.Date(2026, 6, 10, 9, 0, 0, 0, time.UTC)

func newPrompt(t testing.TB) *prompt {
	t.Helper()
	dir := t.TempDir()
	return &prompt{TB: t, dir: dir, config: filepath.Join(dir, "leadmail.yaml"), now: testNow, env: map[string]string{}}
}

// ready is a prompt after init.
func ready(t testing.TB) *prompt {
	t.Helper()
	return prepared(t, afterInit)
}

// withPartner has northwind on the roster, and harbor without an agreement.
func withPartner(t testing.TB) *prompt {
	t.Helper()
	return prepared(t, afterRoster)
}

// prepared copies a database that was made once: making its schema anew for each
// test would be most of the tests' time.
func prepared(t testing.TB, database func() ([]byte, error)) *prompt {
	t.Helper()
	b, err := database()
	if err != nil {
		t.Fatal(err)
	}
	p := newPrompt(t)
	p.file("leadmail.yaml", config.Example)
	p.file("leadmail.db", string(b))
	return p
}

var (
	afterInit   = sync.OnceValues(func() ([]byte, error) { return made([]string{"init"}) })
	afterRoster = sync.OnceValues(func() ([]byte, error) {
		return made([]string{"init"},
			[]string{"partners", "add", "northwind", "--name", "Northwind", "--address", "lena@northwind.example", "--url", "northwind.example", "--plan", "accelerator", "--agreement", "2026-01-05", "--no-welcome"},
			[]string{"partners", "add", "harbor", "--name", "Harbor & Co", "--domain", "harbor.example", "--plan", "mentor"})
	})
)

// made is the database that command lines leave behind.
func made(lines ...[]string) (b []byte, err error) {
	dir, err := os.MkdirTemp("", "leadmail-test-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p := &prompt{dir: dir, config: filepath.Join(dir, "leadmail.yaml"), now: testNow}
	for _, args := range lines {
		var said strings.Builder
		if code := p.app(context.Background(), "", &said, &said).main(args); code != exitDone {
			return nil, fmt.Errorf("%v: exit code %d: %s", args, code, said.String())
		}
	}
	return os.ReadFile(filepath.Join(dir, "leadmail.db"))
}

// ran is what a command line came to.
type ran struct {
	t        testing.TB
	line     string
	code     int
	out, err string
}

func (p *prompt) app(ctx context.Context, stdin string, stdout, stderr io.Writer) *app {
	a := newApp(ctx, strings.NewReader(stdin), stdout, stderr)
	a.now = func() time.Time { return p.now }
	a.env = func(k string) (string, bool) {
		if k == "LEADMAIL_CONFIG" {
			return p.config, true
		}
		v, ok := p.env[k]
		return v, ok
	}
	a.actor = "prompt:test"
	return a
}

func (p *prompt) run(stdin string, args ...string) ran {
	p.Helper()
	var out, errs strings.Builder
	code := p.app(p.Context(), stdin, &out, &errs).main(args)
	return ran{t: p, line: "leadmail " + strings.Join(args, " "), code: code, out: out.String(), err: errs.String()}
}

func (r ran) exits(code int) ran {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("%s: exit code %d, want %d\n%s%s", r.line, r.code, code, r.out, r.err)
	}
	return r
}

func (r ran) done() ran { r.t.Helper(); return r.exits(exitDone) }

// says looks in both outputs.
func (r ran) says(parts ...string) ran {
	r.t.Helper()
	for _, s := range parts {
		if !strings.Contains(r.out+r.err, s) {
			r.t.Errorf("%s does not say %q:\n%s%s", r.line, s, r.out, r.err)
		}
	}
	return r
}

func (r ran) saysNot(parts ...string) ran {
	r.t.Helper()
	for _, s := range parts {
		if strings.Contains(r.out+r.err, s) {
			r.t.Errorf("%s says %q:\n%s%s", r.line, s, r.out, r.err)
		}
	}
	return r
}

// lines are the JSON objects of an output.
func (r ran) lines() []map[string]any {
	r.t.Helper()
	all := []map[string]any{}
	for l := range strings.Lines(r.out) {
		var one map[string]any
		if err := json.Unmarshal([]byte(l), &one); err != nil {
			r.t.Fatalf("%s: no JSON object: %s", r.line, l)
		}
		all = append(all, one)
	}
	return all
}

func (p *prompt) file(name, text string) string {
	p.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.Fatal(err)
	}
	return path
}

func TestHelpTeaches(t *testing.T) {
	t.Parallel()
	p := newPrompt(t)
	for _, line := range []string{"", "demo", "init", "check", "run", "read", "decide", "version",
		"partners", "partners list", "partners show", "partners add", "partners set", "partners import", "partners remove", "partners rejoin",
		"registrations", "registrations list", "registrations show", "registrations add", "registrations import", "registrations export",
		"organisations", "organisations list", "organisations import",
		"review", "review list", "review show", "review accept", "review reject",
		"inbox", "inbox list", "inbox show", "inbox export", "outbox", "outbox list", "outbox show", "outbox release"} {
		args := append(strings.Fields(line), "--help")
		r := p.run("", args...).done().says("Usage: leadmail " + line)
		if r.err != "" {
			t.Errorf("%s: help goes to standard output, not to %q", line, r.err)
		}
		// A listing's flags explain it, and so does a noun's page its verbs.
		if noun := len(args) == 2 && line != "version"; noun && !strings.Contains(r.out, "    leadmail ") {
			t.Errorf("%s: no example:\n%s", line, r.out)
		}
	}
	p.run("").done().says("Usage: leadmail", "Exit codes: 0 done")
}

func TestWrongUsageIsTwoAndSaysWhatToTry(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	for name, row := range map[string]struct {
		args []string
		says []string
	}{
		"an unknown command":              {[]string{"partnrs"}, []string{"partnrs", "try: see leadmail --help"}},
		"an unknown verb":                 {[]string{"partners", "lst"}, []string{`did you mean`, "try: see leadmail partners --help"}},
		"a noun alone":                    {[]string{"partners"}, []string{"try: see leadmail partners --help"}},
		"an unknown flag":                 {[]string{"partners", "list", "--jsn"}, []string{"--jsn", "leadmail partners list --help"}},
		"two shapes at once":              {[]string{"partners", "list", "--json", "--csv"}, []string{"--json", "--csv"}},
		"a missing argument":              {[]string{"partners", "show"}, []string{"leadmail partners show --help"}},
		"a day that is none":              {[]string{"partners", "set", "northwind", "--agreement", "5 May"}, []string{`"5 May" is no day`, "2026-08-31"}},
		"an address that is none":         {[]string{"partners", "set", "northwind", "--add-address", "lena"}, []string{`"lena" is no mail address`}},
		"a mode that is none":             {[]string{"partners", "set", "northwind", "--mode", "automatic"}, []string{"shadow, approve or auto"}},
		"an id with a space":              {[]string{"partners", "add", "north wind", "--name", "N", "--address", "a@b.example", "--plan", "mentor"}, []string{"cannot be a partner's id"}},
		"a partner nobody writes for":     {[]string{"partners", "add", "mute", "--name", "Mute", "--plan", "mentor"}, []string{"has no address", "--address"}},
		"a public mail domain":            {[]string{"partners", "add", "free", "--name", "Free", "--domain", "gmail.com", "--plan", "mentor"}, []string{"gmail.com is a public mail domain"}},
		"a reference that is none":        {[]string{"registrations", "show", "R-ILOU"}, []string{`"R-ILOU" is no reference`, "R-7K4Q2M"}},
		"a state that is none":            {[]string{"registrations", "list", "--state", "open"}, []string{`"open" is not known`, "under_review"}},
		"a mail state that is none":       {[]string{"inbox", "list", "--state", "open"}, []string{"quarantined"}},
		"an outbox state that is none":    {[]string{"outbox", "list", "--state", "open"}, []string{"uncertain"}},
		"a number that is none":           {[]string{"inbox", "show", "first"}, []string{"first"}},
		"release of nothing":              {[]string{"outbox", "release"}, []string{"--all"}},
		"release of all and of one":       {[]string{"outbox", "release", "--all", "3"}, []string{"--all"}},
		"a review of nothing known":       {[]string{"review", "accept", "Acme"}, []string{"neither a reference nor a mail's number"}},
		"an instant that is none":         {[]string{"decide", "--at", "yesterday", "-"}, []string{`"yesterday" is no instant`, "2026-08-31T14:05Z"}},
		"a log of a shape that is none":   {[]string{"run", "--log", "xml"}, []string{"text", "json"}},
		"a registration without its site": {[]string{"registrations", "add", "--partner", "northwind", "--company", "X"}, []string{"--url"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := *p
			q.TB = t
			r := q.run("", row.args...).exits(exitUsage).says(row.says...).says("try: ")
			if r.out != "" {
				t.Errorf("standard output is not empty: %q", r.out)
			}
		})
	}
}

func TestWhatDoesNotExistIsOne(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	for _, row := range [][]string{
		{"partners", "show", "nobody"}, {"partners", "set", "nobody", "--name", "X"}, {"partners", "remove", "nobody"},
		{"registrations", "show", "R-7K4Q2M"}, {"registrations", "list", "--partner", "nobody"},
		{"registrations", "add", "--partner", "nobody", "--company", "X", "--url", "x.example"},
		{"inbox", "show", "12"}, {"inbox", "export", "12"}, {"inbox", "export", "--file", "gone.eml"}, {"outbox", "show", "12"}, {"outbox", "release", "12"},
		{"review", "show", "R-7K4Q2M"}, {"review", "accept", "12"}, {"review", "reject", "R-7K4Q2M", "--reason", "no"},
		{"partners", "import", "gone.csv"}, {"read", "gone.eml"}, {"decide", "gone.eml"},
	} {
		p.run("", row...).exits(exitFailed).says("leadmail: ")
	}
}

func TestAnEmptyListIsDone(t *testing.T) {
	t.Parallel()
	p := ready(t)
	for _, noun := range []string{"partners", "registrations", "organisations", "review", "inbox", "outbox"} {
		if r := p.run("", noun, "list").done(); !strings.HasPrefix(r.out, "No") {
			t.Errorf("%s list does not say in words that there is nothing: %q", noun, r.out)
		}
		if r := p.run("", noun, "list", "--json").done(); r.out != "" {
			t.Errorf("%s list --json is not empty: %q", noun, r.out)
		}
		if r := p.run("", noun, "list", "--csv").done(); strings.Count(r.out, "\n") != 1 {
			t.Errorf("%s list --csv is not a header alone: %q", noun, r.out)
		}
	}
	p.run("", "outbox", "release", "--all").done().says("0 released")
}

func TestInitWritesOnceAndNamesTheFourPoints(t *testing.T) {
	t.Parallel()
	p := newPrompt(t)
	p.run("", "init").done().says("leadmail.yaml is written", "leadmail.db is ready", "D15", "D26", "D35", "D42")
	if info, err := os.Stat(p.config); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others can read the configuration: %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(p.config)
	if err != nil || !strings.Contains(string(text), "\nmode: approve\n") {
		t.Errorf("the mode is not approve (%v)", err)
	}
	changed := strings.Replace(string(text), "Example Partner Program", "My Program", 1)
	p.file("leadmail.yaml", changed)
	p.run("", "partners", "add", "northwind", "--name", "N", "--address", "l@northwind.example", "--plan", "mentor").done()
	p.run("", "init").done().says("leadmail.yaml is there already", "leadmail.db is there already")
	again, err := os.ReadFile(p.config)
	if err != nil || string(again) != changed {
		t.Errorf("the second init changed the configuration (%v)", err)
	}
	p.run("", "partners", "list").done().says("northwind")
}

func TestInitLeavesMigrationsToRun(t *testing.T) {
	t.Parallel()
	p := newPrompt(t)
	p.file("leadmail.db", "") // as old as can be
	p.run("", "init").done().says("leadmail.db is there already: kept as it is", "migration(s)", "leadmail run carries them out")
	p.run("", "partners", "list").exits(exitFailed).says("start leadmail run once")
}

func TestWithoutAConfigurationOrADatabaseTheWayIsSaid(t *testing.T) {
	t.Parallel()
	p := newPrompt(t)
	p.run("", "partners", "list").exits(exitFailed).says("leadmail.yaml does not exist", "leadmail init")
	p.run("", "check").exits(exitFailed).says("leadmail init")
	p.run("", "init").done()
	if err := os.Remove(filepath.Join(p.dir, "leadmail.db")); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][]string{{"partners", "list"}, {"run"}, {"check"}} {
		p.run("", c...).exits(exitFailed).says("there is no database", "leadmail init")
	}
	if _, err := os.Stat(filepath.Join(p.dir, "leadmail.db")); err == nil {
		t.Error("a command that reads has made a database")
	}
}

// Done means 4 of issue 2: ten mistakes in one file.
func TestTenMistakesAreSaidAtOnce(t *testing.T) {
	t.Parallel()
	p := newPrompt(t)
	text, err := os.ReadFile("../internal/config/testdata/ten.bad.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p.file("leadmail.yaml", string(text))
	for _, c := range []string{"check", "run"} {
		r := p.run("", c).exits(exitFailed)
		if n := strings.Count(r.err, "\n"); n != 10 {
			t.Errorf("%s: %d lines for ten mistakes:\n%s", c, n, r.err)
		}
		for l := range strings.Lines(r.err) {
			if !regexp.MustCompile(`leadmail\.yaml:\d+: [a-z_.]+: .+; .+`).MatchString(l) {
				t.Errorf("%s: no place or no hint: %s", c, l)
			}
		}
		r.saysNot("hunter2")
	}
}

func TestPartnersAreKept(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	p.run("", "partners", "show", "northwind").done().says("lena@northwind.example", "active", "organisation  northwind.example", "history", "prompt:test: added")
	p.run("", "partners", "show", "harbor").done().says("invited")
	p.run("", "partners", "add", "northwind", "--name", "N", "--address", "x@northwind.example", "--plan", "mentor").
		exits(exitFailed).says(`there is a partner "northwind" already`, "partners set northwind")
	p.run("", "partners", "set", "northwind", "--add-address", "tom@northwind.example", "--mode", "auto").done()
	p.run("", "partners", "set", "northwind", "--mode", "auto").done().says("nothing was changed")
	p.run("", "partners", "set", "harbor", "--add-address", "tom@northwind.example").exits(exitFailed).
		says("tom@northwind.example is an address of northwind already", "--remove-address")
	p.run("", "partners", "set", "northwind", "--remove-address", "nobody@northwind.example").exits(exitFailed).says("no address of northwind")
	p.run("", "partners", "set", "northwind", "--suspended", "2026-06-10", "--suspended-reason", "trademark").done().says("suspended today")
	p.run("", "partners", "set", "northwind", "--suspended", "").done()
	p.run("", "partners", "set", "northwind", "--remove-address", "lena@northwind.example").done()
	one := p.run("", "partners", "show", "northwind", "--json").done().lines()[0]
	want := map[string]any{"id": "northwind", "name": "Northwind", "state": "active", "mode": "auto", "plan": "accelerator",
		"addresses": []any{"tom@northwind.example"}, "domains": []any{}, "organisation": "northwind.example", "joined_on": "2026-06-10",
		"agreement_on": "2026-01-05", "suspended_on": "", "suspended_reason": "", "lapsed_on": "", "plan_until": "", "certified_on": "", "agreement_version": "", "acknowledge_automatic": false}
	if diff := cmp.Diff(want, one); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	p.run("", "partners", "list", "--directory").done().says("Nobody")
	p.run("", "partners", "set", "northwind", "--certified", "2026-03-01", "--plan", "mentor", "--why", "a smaller plan").done()
	p.run("", "partners", "show", "northwind").done().says("plan accelerator -> mentor, certified_on none -> 2026-03-01; a smaller plan")
	p.run("", "partners", "list", "--directory").done().says("northwind")
	p.run("", "partners", "set", "northwind", "--plan-until", "2026-06-09").done().says("It is lapsed today")
	p.run("", "partners", "list", "--directory").done().says("Nobody")
	p.run("", "partners", "rejoin", "northwind", "--plan-until", "2026-06-09").exits(exitUsage).says("has passed")
	p.run("", "partners", "rejoin", "northwind").done().says("first joined on 2026-06-10")
	// Nothing has noted a release yet, and clearing the day of the lapse does not undo it (D35).
	p.run("", "registrations", "add", "--partner", "northwind", "--company", "Bolt", "--url", "bolt.example").done()
	p.run("", "partners", "set", "northwind", "--lapsed", "2026-05-20").done()
	p.run("", "registrations", "list").done().says("released")
	p.run("", "partners", "set", "northwind", "--lapsed", "").done()
	p.run("", "registrations", "list", "--state", "released").done().says("Bolt")
	// What removal would cost is said first.
	p.run("", "registrations", "add", "--partner", "northwind", "--company", "Acme", "--url", "acme.example").done()
	p.run("", "partners", "remove", "northwind").done().says("would be removed", "1 registration(s)", "--lapsed", "--yes")
	p.run("", "partners", "show", "northwind").done()
	p.run("", "partners", "remove", "northwind", "--yes", "--why", "has left").done().says("is removed")
	p.run("", "partners", "show", "northwind").exits(exitFailed)
}

func TestPartnersImport(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	roster := "\ufeffID;Name;Addresses;Plan;Agreement on\r\n" +
		"northwind;Northwind Consulting;lena@northwind.example, tom@northwind.example;;\r\n" +
		"gale;Gale;gale@gale.example;mentor;2026-02-01\r\n" +
		";;;;\r\n" +
		"harbor;;;;\r\n"
	before := p.run("", "partners", "list", "--json").out
	dry := p.run(roster, "partners", "import", "-").done().
		says("line 2: would be changed: northwind", "line 3: would be added: gale", "line 5: unchanged: harbor", "dry run", "--yes")
	if after := p.run("", "partners", "list", "--json").out; after != before {
		t.Errorf("the dry run changed something:\n%s", after)
	}
	p.run(roster, "partners", "import", "-", "--yes").done().says("line 2: changed", "1 added, 1 changed, 1 unchanged, 0 wrong")
	once := p.run("", "partners", "list", "--json").out
	p.run(roster, "partners", "import", "-", "--yes").done().says("0 added, 0 changed, 3 unchanged, 0 wrong")
	if again := p.run("", "partners", "list", "--json").out; again != once {
		t.Errorf("the second import changed something:\n%s", again)
	}
	// What is listed can be read again.
	p.run(p.run("", "partners", "list", "--csv").out, "partners", "import", "-").done().says("0 added, 0 changed, 3 unchanged")
	_ = dry
}

func TestAnImportIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	roster := "id,name,addresses,plan\n" +
		"gale,Gale,gale@gale.example,mentor\n" +
		"free,Free,not an address,mentor\n" +
		"gale,Gale,other@gale.example,mentor\n" +
		"thief,Thief,lena@northwind.example,mentor\n" +
		"bare,Bare,,mentor\n"
	for _, flags := range [][]string{nil, {"--yes"}} {
		p.run(roster, append([]string{"partners", "import", "-"}, flags...)...).exits(exitFailed).says(
			"line 3: wrong: \"not\" is no mail address", "line 4: wrong: gale stands in line 2 already",
			"line 5: wrong: lena@northwind.example is an address of northwind already", "line 6: wrong: the partner could not write",
			"4 wrong", "4 of 5 lines are wrong")
		p.run("", "partners", "show", "gale").exits(exitFailed)
	}
	for name, row := range map[string]struct{ file, says string }{
		"empty":            {"", "is empty"},
		"unknown column":   {"id,colour\nx,red\n", `column "colour" is not known`},
		"column twice":     {"id,id\nx,y\n", "stands there twice"},
		"column missing":   {"name\nx\n", "column id is missing"},
		"too many cells":   {"id,name\nx,y,z\n", "more cells than the header"},
		"broken quotes":    {"id,name\nx,\"y\n", "is not CSV"},
		"not UTF-8":        {"id,name\nx,M\xfcller\n", "is not UTF-8"},
		"header and rests": {"id,name\n", "0 added"},
	} {
		r := p.run(row.file, "partners", "import", "-").says(row.says)
		if (r.code == exitDone) != (name == "header and rests") {
			t.Errorf("%s: exit code %d", name, r.code)
		}
	}
}

func TestRegistrationsImport(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	list := "partner,company,url,first_name,last_name,email,lead_type,registered_on,expires_on,ref\n" +
		"northwind,Kuanza Coffee,https://www.kuanza.example/about,Ana,Paz,ana@kuanza.example,QL,2026-05-22,,R-7K4Q2M\n" +
		"northwind,Old,old.example,,,,managed customer,2025-08-31,,\n" +
		"harbor,Reiss,reiss.example,=Eva,,,,2026-03-01,2026-06-10,\n"
	p.run(list, "registrations", "import", "-").done().says(
		"line 2: would be added: R-7K4Q2M, kuanza.example for northwind until 2026-11-22",
		"line 3: would be added: old.example for northwind until 2026-02-28",
		"line 4: would be added: reiss.example for harbor until 2026-06-10", "dry run")
	if r := p.run("", "registrations", "list", "--json").done(); r.out != "" {
		t.Errorf("the dry run entered %s", r.out)
	}
	p.run(list, "registrations", "import", "-", "--yes").done().says("3 added")
	first := p.run("", "registrations", "export").done().out
	p.run(list, "registrations", "import", "-", "--yes").done().says("0 added, 0 changed, 3 unchanged")
	p.run(first, "registrations", "import", "-", "--yes").done().says("0 added, 0 changed, 3 unchanged")
	if again := p.run("", "registrations", "export").out; again != first {
		t.Errorf("a repeated import changed something:\n%s", cmp.Diff(first, again))
	}
	if !strings.Contains(first, "'=Eva") {
		t.Errorf("a formula is exported as it is:\n%s", first)
	}
	got := p.run("", "registrations", "list", "--state", "active", "--json").done().lines()
	if len(got) != 2 {
		t.Errorf("%d are active on 10 June, want 2: the last day counts (D5)", len(got))
	}
	p.now = p.now.AddDate(0, 0, 1)
	if got := p.run("", "registrations", "list", "--state", "active", "--json").done().lines(); len(got) != 1 || got[0]["ref"] != "R-7K4Q2M" {
		t.Errorf("on 11 June %v are active, want R-7K4Q2M alone", got)
	}
	p.run("", "registrations", "show", "R-7K4Q2M").done().says("Kuanza Coffee", "1  2026-05-22 to 2026-11-22", "Ana Paz <ana@kuanza.example>", "imported")
	one := p.run("", "registrations", "show", "r-7k4q2m", "--json").done().lines()[0]
	if diff := cmp.Diff([]any{map[string]any{"n": 1.0, "from": "2026-05-22", "until": "2026-11-22"}}, one["terms"]); diff != "" {
		t.Errorf("terms (-want +got)\n%s", diff)
	}
	if one["received"] != "2026-05-22T00:00:00Z" {
		t.Errorf("received %v", one["received"])
	}
}

func TestAnImportedRegistrationTakesNothingFromAnybody(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	p.file("leadmail.yaml", strings.Replace(string(text), "#max_outstanding: 50", "max_outstanding: 2", 1))
	p.run("", "registrations", "add", "--partner", "harbor", "--company", "Acme", "--url", "acme.example", "--on", "2026-06-01").done().says("until 2026-12-01")
	list := "partner,company,url,registered_on,expires_on,lead_type,ref\n" +
		"northwind,Acme,www.acme.example,2026-06-02,,,\n" +
		"northwind,A,a.example,2026-06-02,,,R-000001\n" +
		"northwind,B,b.example,2026-06-02,,,R-000001\n" +
		"northwind,C,c.example,2026-06-02,,,\n" +
		"northwind,D,d.example,2026-06-02,,,\n" +
		"northwind,Gone,gone.example,2025-01-02,,,\n" +
		"northwind,E,linkedin.com/in/eva,2026-06-02,,,\n" +
		"northwind,F,f.example,2026-06-12,,,\n" +
		"northwind,G,g.example,2026-06-02,2026-06-01,,\n" +
		"northwind,H,h.example,2026-06-02,,hot,\n" +
		"nobody,I,i.example,2026-06-02,,,\n"
	p.run(list, "registrations", "import", "-", "--yes").exits(exitFailed).says(
		"line 2: wrong: acme.example is held by harbor as R-",
		"line 4: wrong: R-000001 names another prospect already",
		"line 6: wrong: northwind holds 2 registrations already",
		"line 7: added: ", // what has run out needs no slot
		"line 8: wrong: url \"linkedin.com/in/eva\" names no organisation",
		"line 9: wrong: registered_on 2026-06-12 lies in the future",
		"line 10: wrong: expires_on",
		"line 11: wrong: lead type \"hot\" is not known",
		"line 12: wrong: there is no partner \"nobody\"",
		"nothing was changed")
	if n := len(p.run("", "registrations", "list", "--json").lines()); n != 1 {
		t.Errorf("%d registrations after a wrong import, want the one before it", n)
	}
}

func TestOrganisationsImport(t *testing.T) {
	t.Parallel()
	p := ready(t)
	list := "url,name\nhttps://www.acme.example/,Acme\nbuecher.example,Bücher\n"
	p.run(list, "organisations", "import", "-").done().says("line 2: would be added: acme.example")
	p.run("", "organisations", "list").done().says("No existing customers")
	p.run(list, "organisations", "import", "-", "--yes").done().says("2 added")
	p.run(list, "organisations", "import", "-", "--yes").done().says("2 unchanged")
	p.run("url,name\nacme.example,Acme Ltd\n", "organisations", "import", "-", "--yes").done().says("line 2: changed: acme.example")
	p.run("url\nlocalhost\n", "organisations", "import", "-", "--yes").exits(exitFailed).says("names no organisation")
	p.run(p.run("", "organisations", "list", "--csv").out, "organisations", "import", "-").done().says("0 added, 0 changed, 2 unchanged")
}

func TestThreeShapesSayTheSame(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	p.run("partner,company,url,registered_on\nnorthwind,\"Kuanza \x1b[31m, Coffee\",kuanza.example,2026-05-22\nharbor,@cmd,reiss.example,2026-05-23\n",
		"registrations", "import", "-", "--yes").done()
	objects := p.run("", "registrations", "list", "--json").done().lines()
	r := csv.NewReader(strings.NewReader(p.run("", "registrations", "list", "--csv").done().out))
	records, err := r.ReadAll()
	if err != nil || len(records) != 3 || len(objects) != 2 {
		t.Fatalf("%d records, %d objects, %v", len(records), len(objects), err)
	}
	for i, o := range objects {
		if len(o) != len(records[0]) {
			t.Errorf("%d keys, %d columns", len(o), len(records[0]))
		}
		for j, name := range records[0] {
			if got := plainCell(records[i+1][j]); got != fmt.Sprint(o[name]) {
				t.Errorf("%s: CSV says %q, JSON %q", name, got, o[name])
			}
		}
	}
	table := p.run("", "registrations", "list").done()
	if lines := strings.Count(table.out, "\n"); lines != 3 || strings.Contains(table.out, "\x1b") {
		t.Errorf("the table has %d lines, or a control character:\n%q", lines, table.out)
	}
	if records[2][2] != "'@cmd" {
		t.Errorf("a formula is exported as it is: %q", records[2][2])
	}
}

const lead = "From: Lena Berg <lena@northwind.example>\r\nTo: partners@vendor.example\r\nSubject: A lead\r\nMessage-ID: <1@northwind.example>\r\n" +
	"Date: Wed, 10 Jun 2026 08:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" +
	"First name: Ana\r\nLast name: Paz\r\nEmail: ana@kuanza.example\r\nURL: https://kuanza.example\r\nCompany: Kuanza Coffee\r\nLead type: Qualified Lead\r\n"

func TestReadNeedsNoConfiguration(t *testing.T) {
	t.Parallel()
	p := newPrompt(t)
	path := p.file("a.eml", lead)
	want := `{"file":"a.eml","kind":"registration","prospects":[{"first_name":"Ana","last_name":"Paz","email":"ana@kuanza.example","url":"https://kuanza.example","company":"Kuanza Coffee","lead_type":"qualified_lead"}],"refs":[],"items":[{"verb":"register","prospect":0}],"warnings":[]}` + "\n"
	if got := p.run("", "read", "--json", path).done().out; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := p.run(lead, "read", "--json", "-").done().lines()[0]["file"]; got != "-" {
		t.Errorf("standard input is called %v", got)
	}
	p.run("", "read", path).done().says("a.eml: registration", "Lena Berg <lena@northwind.example>", "Kuanza Coffee")
	// One that is missing does not keep the others from being read.
	r := p.run("", "read", "--json", path, filepath.Join(p.dir, "gone.eml"), path).exits(exitFailed).says("gone.eml", "1 of 3 files failed")
	if strings.Count(r.out, "\n") != 2 {
		t.Errorf("the others were not read:\n%s", r.out)
	}
	p.run("", "read", p.dir).exits(exitFailed).says("is a folder")
	p.run("", "read", "--json", p.file("empty.eml", "")).done().says(`"prospects":[]`)
}

func TestDecideChangesNothing(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	path := p.file("a.eml", lead)
	kept := func() (all string) {
		for _, noun := range []string{"registrations", "inbox", "outbox"} {
			all += p.run("", noun, "list", "--json").done().out
		}
		return all
	}
	before := kept()
	for range 2 { // deciding twice finds the same: nothing was recorded
		one := p.run("", "decide", "--json", "--at", "2026-08-31T14:05Z", path).done().lines()[0]
		prospects := one["prospects"].([]any)
		got := prospects[0].(map[string]any)
		if got["decision"] != "accepted" || got["expires_on"] != "2027-02-28" || got["company"] != "Kuanza Coffee" {
			t.Errorf("got %v", got)
		}
		if ref, _ := got["ref"].(string); !strings.HasPrefix(ref, "R-") {
			t.Errorf("no reference: %v", got["ref"])
		}
		if diff := cmp.Diff(map[string]any{"address": "lena@northwind.example", "partner": "northwind", "verdict": "trusted"}, one["sender"]); diff != "" {
			t.Error(diff)
		}
		reply, _ := one["reply"].(map[string]any)
		if reply["to"] != "lena@northwind.example" || reply["subject"] != "Re: A lead" || !strings.Contains(fmt.Sprint(reply["text"]), "28 February 2027") {
			t.Errorf("reply %v", reply)
		}
		keys := []string{}
		for k := range one {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		want := []string{"actions", "file", "folder", "items", "kind", "prospects", "refs", "reply", "reply_withheld", "sender", "state", "warnings"}
		if diff := cmp.Diff(want, keys); diff != "" {
			t.Errorf("keys (-want +got)\n%s", diff)
		}
	}
	p.run("", "decide", path).done().says("accepted", "reply to lena@northwind.example", "mode approve: it would wait")
	if diff := cmp.Diff(before, kept()); diff != "" {
		t.Errorf("decide left something (-before +after)\n%s", diff)
	}
	stranger := p.run(strings.ReplaceAll(lead, "northwind", "stranger"), "decide", "--json", "-").done().lines()[0]
	if got := stranger["prospects"].([]any)[0].(map[string]any); stranger["state"] != "held" || got["decision"] != "held" {
		t.Errorf("a stranger's mail: %v", stranger)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if r := newPrompt(t).run("", "version").done(); !regexp.MustCompile(`^leadmail .+ \(go1\..+\)\n$`).MatchString(r.out) {
		t.Errorf("got %q", r.out)
	}
}

// A mail server of one user for check and run; see mailhost.
func (p *prompt) server() *mailhost.Host {
	p.Helper()
	h, err := mailhost.Start("127.0.0.1:0", "127.0.0.1:0", func() time.Time { return p.now })
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = h.Close() })
	if err := errors.Join(h.AddUser("partners@vendor.example", "secret"), h.AddUser("desk@vendor.example", "secret"), h.AddUser("lena@northwind.example", "secret")); err != nil {
		p.Fatal(err)
	}
	p.env["PASSWORD"] = "secret"
	p.configure(h.IMAPAddr, h.SMTPAddr)
	return h
}

func (p *prompt) configure(imapAddr, smtpAddr string) {
	p.Helper()
	p.file("leadmail.yaml", fmt.Sprintf(`mode: auto
program: {name: Example, address: partners@vendor.example}
imap: {address: "%s", tls: none, username: partners@vendor.example, password_env: PASSWORD, start: all, timeout: 5s}
smtp: {address: "%s", tls: none, username: partners@vendor.example, password_env: PASSWORD, timeout: 5s}
authentication: {mode: trust_from}
staff: {addresses: [desk@vendor.example]}
`, imapAddr, smtpAddr))
}

func TestCheckFindsEverythingInOrder(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	p.server()
	p.run("", "check").done().says("ok    configuration", "warn  sender", "trust_from", "ok    imap", "ok    mailbox", "ok    folders", "ok    filing",
		"ok    arrival", "ok    clock", "ok    smtp", "ok    database", "ok    last scan", "none yet", "ok    partners", "2, of which 1 can", "ok    templates", "leadmail run would work")
	// It creates folders once and is as content the second time.
	p.run("", "check").done()
}

// Done means 4 of issue 2: what is wrong outside is a sentence that says what to do.
func TestCheckSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil func(*prompt, *mailhost.Host)
		code  int
		says  []string
	}{
		"a wrong password": {func(p *prompt, _ *mailhost.Host) { p.env["PASSWORD"] = "wrong" }, exitFailed,
			[]string{"FAIL  imap", "the login was refused", "FAIL  smtp", "try: compare username and password", "2 thing(s) to mend"}},
		"no password at all": {func(p *prompt, _ *mailhost.Host) { delete(p.env, "PASSWORD") }, exitFailed,
			[]string{"the environment has no PASSWORD", "password_file"}},
		"nobody listens": {func(p *prompt, h *mailhost.Host) { _ = h.Close() }, exitFailed,
			[]string{"FAIL  imap", "FAIL  smtp", "nothing listens there"}},
		"a name that does not resolve": {func(p *prompt, h *mailhost.Host) {
			p.file("leadmail.yaml", strings.ReplaceAll(p.text(), `address: "`+h.IMAPAddr+`", tls: none`, `address: "imap.invalid:993", tls: tls`))
		}, exitFailed, []string{"FAIL  imap", "imap.invalid"}},
		"a server without TLS": {func(p *prompt, h *mailhost.Host) {
			p.file("leadmail.yaml", strings.ReplaceAll(p.text(), `tls: none`, `tls: tls`))
		}, exitFailed, []string{"FAIL  imap", "FAIL  smtp", "try: "}},
		"a mailbox that is not there": {func(p *prompt, h *mailhost.Host) {
			p.file("leadmail.yaml", strings.ReplaceAll(p.text(), `start: all`, `mailbox: Leads`))
		}, exitFailed, []string{"FAIL  mailbox", "imap.mailbox"}},
		"the right to create folders is missing": {func(p *prompt, h *mailhost.Host) { p.configure(p.strictServer(), h.SMTPAddr) }, exitFailed,
			[]string{"FAIL  folders", "Leadmail/Processed", "create it by hand", "try: create the folders"}},
		"a newer schema": {func(p *prompt, _ *mailhost.Host) {
			p.sql("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)")
		}, exitFailed,
			[]string{"FAIL  database", "newer than this program", "restore the backup"}},
		"an older schema": {func(p *prompt, _ *mailhost.Host) {
			if err := os.Remove(filepath.Join(p.dir, "leadmail.db")); err != nil {
				p.Fatal(err)
			}
			p.file("leadmail.db", "")
		}, exitDone, []string{"warn  database", "migration(s)", "leadmail run carries them out"}},
		"no database server": {func(p *prompt, _ *mailhost.Host) {
			p.file("leadmail.yaml", p.text()+"database: postgres://desk:hunter2@127.0.0.1:1/leads\n")
		}, exitFailed, []string{"FAIL  database", "postgres://desk:***@127.0.0.1:1/leads", "nothing listens there"}},
		"a template with a mistake": {func(p *prompt, _ *mailhost.Host) {
			if err := os.Mkdir(filepath.Join(p.dir, "words"), 0o700); err != nil {
				p.Fatal(err)
			}
			p.file("words/verdicts.txt.tmpl", "{{.Nonsense}}\n")
			p.file("leadmail.yaml", p.text()+"templates: words\n")
		}, exitFailed, []string{"FAIL  templates", "verdicts.txt.tmpl"}},
		"certificates that are none": {func(p *prompt, _ *mailhost.Host) {
			p.file("ca.pem", "no certificate")
			p.file("leadmail.yaml", strings.Replace(p.text(), "start: all", "ca_file: ca.pem", 1))
		}, exitFailed, []string{"contains no certificate", "ca_file"}},
		"a mailbox that was read a while ago": {func(p *prompt, _ *mailhost.Host) {
			p.sql(fmt.Sprintf("INSERT INTO mailboxes VALUES ('INBOX', 1, 1, 1, %d)", testNow.Add(-time.Minute).UnixMicro()))
		}, exitDone, []string{"ok    last scan", "2026-06-10T08:59:00Z, 1m0s ago"}},
		"a mailbox that was not read for long": {func(p *prompt, _ *mailhost.Host) {
			p.sql(fmt.Sprintf("INSERT INTO mailboxes VALUES ('INBOX', 1, 1, 1, %d)", testNow.Add(-time.Hour).UnixMicro()))
		}, exitDone, []string{"warn  last scan", "2026-06-10T08:00:00Z, 1h0m0s ago", "try: start leadmail run"}},
		"an empty roster": {func(p *prompt, _ *mailhost.Host) {
			p.run("", "partners", "remove", "harbor", "--yes").done()
			p.run("", "partners", "remove", "northwind", "--yes").done()
		}, exitDone, []string{"warn  partners", "leadmail partners add --help"}},
		"a clock that is behind": {func(p *prompt, h *mailhost.Host) {
			p.now = p.now.Add(time.Hour)
			if err := h.Deliver("partners@vendor.example", []byte(lead)); err != nil {
				p.Fatal(err)
			}
			p.now = p.now.Add(-time.Hour)
		}, exitDone, []string{"warn  clock", "NTP"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := withPartner(t)
			h := p.server()
			row.spoil(p, h)
			p.run("", "check").exits(row.code).says(row.says...).saysNot("hunter2", "wrong\n")
		})
	}
}

func (p *prompt) text() string {
	p.Helper()
	b, err := os.ReadFile(p.config)
	if err != nil {
		p.Fatal(err)
	}
	return string(b)
}

func (p *prompt) sql(statement string) {
	p.Helper()
	db, err := sql.Open("sqlite", filepath.Join(p.dir, "leadmail.db"))
	if err != nil {
		p.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(p.Context(), statement); err != nil {
		p.Fatal(err)
	}
}

// strict refuses to create folders, as a server does whose account lacks the
// right (RFC 4314, section 4: k).
type strict struct{ imapserver.Session }

func (strict) Create(string, *imap.CreateOptions) error {
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeNoPerm, Text: "Permission denied"}
}

func (p *prompt) strictServer() string {
	p.Helper()
	mem := imapmemserver.New()
	user := imapmemserver.NewUser("partners@vendor.example", "secret")
	if err := user.Create("INBOX", nil); err != nil {
		p.Fatal(err)
	}
	mem.AddUser(user)
	s := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return strict{mem.NewSession()}, nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}}, InsecureAuth: true,
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(l) })
	p.Cleanup(func() { _ = s.Close(); serving.Wait() })
	return l.Addr().String()
}

func TestANewerSchemaStopsEveryCommand(t *testing.T) {
	t.Parallel()
	p := ready(t)
	p.env["LEADMAIL_IMAP_PASSWORD"], p.env["LEADMAIL_SMTP_PASSWORD"] = "x", "x"
	p.sql("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)")
	for _, c := range [][]string{{"partners", "list"}, {"run"}, {"decide", "-"}} {
		p.run(lead, c...).exits(exitFailed).says("newer than this program", "try: use the leadmail that last wrote this database")
	}
}

func TestAPortInUseIsSaid(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := newPrompt(t)
	for _, flag := range []string{"--imap", "--smtp"} {
		p.run("", "demo", "--once", flag, l.Addr().String()).exits(exitFailed).says(l.Addr().String(), "try: another program listens there", "choose another port")
	}
	p.run("", "demo", "--once", "--imap", "192.0.2.1:1143").exits(exitFailed).says("only addresses of this machine")
}

func TestDemoOnceNeedsNothing(t *testing.T) {
	t.Parallel()
	p := newPrompt(t)
	p.run("", "demo", "--once").done().says("Registered: ", "Not registered").saysNot("\x1b[")
	if left, err := os.ReadDir(p.dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v (%v)", left, err)
	}
}

// What is wrong at the server is said, and tried again: it may be mended while
// the daemon runs.
func TestRunSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil func(*prompt, *mailhost.Host)
		says  []string
	}{
		"a wrong password": {func(p *prompt, _ *mailhost.Host) { p.env["PASSWORD"] = "wrong" }, []string{"the login was refused", "check the user name and the password"}},
		"the right to create folders is missing": {func(p *prompt, h *mailhost.Host) { p.configure(p.strictServer(), h.SMTPAddr) },
			[]string{"Leadmail/Processed", "create it by hand"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := withPartner(t)
			row.spoil(p, p.server())
			p.serve(func(log string) bool {
				return p.run("", "outbox", "list", "--json").out != "" &&
					!slices.ContainsFunc(row.says, func(s string) bool { return !strings.Contains(log, s) })
			})
			// Staff are told too, first of the mailbox.
			alerts := p.run("", "outbox", "list", "--json").done().lines()
			if one := alerts[len(alerts)-1]; one["kind"] != "alert" || one["to"] != "desk@vendor.example" || one["subject"] != "The mailbox cannot be read" {
				t.Errorf("staff are told %v", one)
			}
		})
	}
	p := withPartner(t)
	p.server()
	delete(p.env, "PASSWORD")
	p.run("", "run").exits(exitFailed).says("the environment has no PASSWORD", "leadmail check")
}

// watched is an output in which a test waits for a word.
type watched struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func newWatched() *watched { return &watched{more: make(chan struct{}, 1)} }

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
	return w.text.Write(b)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func (w *watched) wait(t testing.TB, word string) {
	t.Helper()
	late := time.After(30 * time.Second)
	for !strings.Contains(w.String(), word) {
		select {
		case <-w.more:
		case <-late:
			t.Fatalf("%q was not said:\n%s", word, w.String())
		}
	}
}

func TestRunStopsAtTheFirstSignal(t *testing.T) {
	p := withPartner(t)
	p.server()
	errs := newWatched()
	ended := make(chan int, 1)
	go func() {
		ended <- p.app(context.Background(), "", io.Discard, errs).main([]string{"run", "--log", "json"})
	}()
	errs.wait(t, "leadmail runs")
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case code := <-ended:
		if code != exitDone {
			t.Errorf("exit code %d\n%s", code, errs)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("it did not stop\n%s", errs)
	}
	for _, want := range []string{`"level":"WARN"`, "trust_from", "a second signal ends at once", "leadmail has stopped"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, errs)
		}
	}
}

// TestASecondSignalEndsAtOnce runs itself again as a program that never comes to
// its end, and signals it twice.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	if os.Getenv("LEADMAIL_TEST_STUCK") != "" {
		a := newApp(context.Background(), strings.NewReader(""), os.Stdout, os.Stdout)
		ctx, stop := a.until()
		defer stop()
		fmt.Println("ready")
		<-ctx.Done()
		select {} // the mail in hand, which does not end
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestASecondSignalEndsAtOnce$", "-test.v")
	cmd.Env = append(os.Environ(), "LEADMAIL_TEST_STUCK=1")
	out := newWatched()
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.wait(t, "ready")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	out.wait(t, "a second signal ends at once")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("it ended by %v, want SIGTERM\n%s", err, out)
	}
}

// A mail from a partner to its verdict at the prompt, in mode approve.
func TestApproveAndReviewAtThePrompt(t *testing.T) {
	p := withPartner(t)
	h := p.server()
	p.file("leadmail.yaml", strings.Replace(p.text(), "mode: auto", "mode: approve", 1))
	// Acme is another partner's under another domain: the name alone is unclear (D10).
	p.run("", "registrations", "add", "--partner", "harbor", "--company", "Acme Ltd", "--url", "acme.example", "--on", "2026-06-01").done()
	unclear := strings.NewReplacer("Kuanza Coffee", "Acme Ltd", "kuanza.example", "acme-labs.example", "<1@", "<2@").Replace(lead)
	question := strings.NewReplacer("<1@", "<3@", "A lead", "A question").Replace(lead[:strings.Index(lead, "First name")]) + "Could somebody call me about the contract?\r\n"
	for _, mail := range []string{lead, unclear, question} {
		if err := h.Deliver("partners@vendor.example", []byte(mail)); err != nil {
			t.Fatal(err)
		}
	}
	p.serve(func(string) bool {
		return len(p.run("", "inbox", "list", "--json").lines()) == 3 && !strings.Contains(p.run("", "inbox", "list", "--json").out, `"state":"found"`)
	})
	p.run("", "inbox", "list").done().says("northwind", "A lead", "held")
	p.run("", "inbox", "show", "1").done().says("Kuanza Coffee", "accepted", "First name: Ana", "outbox ")

	held := p.run("", "outbox", "list", "--state", "held", "--json").done().lines()
	if len(held) < 2 {
		t.Fatalf("%d replies are held in mode approve", len(held))
	}
	id := ""
	for _, o := range held {
		if o["inbox"] == 1.0 {
			id = fmt.Sprint(o["id"])
		}
	}
	p.run("", "outbox", "show", id).done().says("Registered: Kuanza Coffee", "held")
	p.run("", "outbox", "show", id, "--raw").done().says("Auto-Submitted: auto-replied")
	p.run("", "outbox", "release", id, "9999").exits(exitFailed)
	p.run("", "partners", "set", "northwind", "--mode", "shadow").done()
	p.run("", "outbox", "release", id).exits(exitFailed).says("mode shadow", "--mode approve")
	p.run("", "partners", "set", "northwind", "--mode", "").done()
	p.run("", "outbox", "release", id).done().says("1 released")
	p.run("", "outbox", "release", id).exits(exitFailed).says("is queued; nothing was released")

	list := p.run("", "review", "list", "--json").done().lines()
	if len(list) != 2 {
		t.Fatalf("%d wait for a person, want the unclear organisation and the question:\n%v", len(list), list)
	}
	var ref, mail string
	for _, w := range list {
		if s := fmt.Sprint(w["id"]); strings.HasPrefix(s, "R-") {
			ref = s
		} else {
			mail = s
		}
	}
	p.run("", "review", "show", ref).done().says("acme-labs.example", "unclear_organisation", "First name: Ana")
	p.run("", "review", "reject", ref).exits(exitUsage).says("needs a reason", "--reason")
	p.run("", "review", "accept", ref).done().says("is accepted until 2026-12-10", "The answer to lena@northwind.example is queued")
	p.run("", "review", "accept", ref).exits(exitFailed).says("does not wait for a person")
	p.run("", "registrations", "show", ref).done().says("active", "2026-06-10 to 2026-12-10")
	p.run("", "review", "accept", mail, "--reason", "called back").done().says("is closed")
	p.run("", "review", "list").done().says("Nothing waits")
	answers := p.run("", "outbox", "list", "--json").done().lines()
	if got := answers[0]; got["kind"] != "outcome" || got["state"] != "queued" {
		t.Errorf("the newest in the outbox is %v", got)
	}
}

func TestARejectedReviewFreesTheOrganisation(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	h := p.server()
	p.run("", "registrations", "add", "--partner", "harbor", "--company", "Acme Ltd", "--url", "acme.example", "--on", "2026-06-01").done()
	unclear := strings.NewReplacer("Kuanza Coffee", "Acme Ltd", "kuanza.example", "acme-labs.example").Replace(lead)
	if err := h.Deliver("partners@vendor.example", []byte(unclear)); err != nil {
		t.Fatal(err)
	}
	p.serve(func(string) bool { return len(p.run("", "review", "list", "--json").lines()) == 1 })
	ref := fmt.Sprint(p.run("", "review", "list", "--json").lines()[0]["id"])
	p.run("", "review", "reject", ref, "--reason", "Acme Labs is Acme").done().says("is rejected")
	one := p.run("", "registrations", "show", ref, "--json").done().lines()[0]
	if one["state"] != string(rules.StateRefused) {
		t.Errorf("the registration is %v", one["state"])
	}
	newest := p.run("", "outbox", "list", "--json", "--limit", "1").done().lines()[0]
	p.run("", "outbox", "show", fmt.Sprint(newest["id"])).done().says("Acme Labs is Acme").saysNot("harbor")
}

// serve runs the daemon until what is awaited has happened, or half a minute has
// passed.
func (p *prompt) serve(until func(log string) bool) {
	p.Helper()
	ctx, stop := context.WithCancel(p.Context())
	defer stop()
	errs := newWatched()
	ended := make(chan int, 1)
	go func() { ended <- p.app(ctx, "", io.Discard, errs).main([]string{"run"}) }()
	late := time.After(30 * time.Second)
	look := time.NewTicker(20 * time.Millisecond) // what is stored says nothing in the log
	defer look.Stop()
	for !until(errs.String()) {
		select {
		case <-errs.more:
		case <-look.C:
		case code := <-ended:
			p.Fatalf("run ended with %d\n%s", code, errs)
		case <-late:
			p.Fatalf("it did not come about\n%s", errs)
		}
	}
	stop()
	if code := <-ended; code != exitDone {
		p.Fatalf("run ended with %d\n%s", code, errs)
	}
}
