package main_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"leadmail/rules"
)

// notBuilt stands in the test column of a clause whose time comes later.
const notBuilt = "not built yet"

// row is one line of a table of docs/policy.md.
type row struct {
	id, key, test, words string
	line                 int
}

// policyRows reads the tables of the page: those of five cells, whose first is
// a clause or a reason.
func policyRows(page string) []row {
	var rows []row
	id := regexp.MustCompile("^([PD][0-9]+|`[a-z_]+`)$")
	for i, line := range strings.Split(page, "\n") {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for c := range cells {
			cells[c] = strings.TrimSpace(cells[c])
		}
		if id.MatchString(cells[0]) && len(cells) == 5 {
			rows = append(rows, row{strings.Trim(cells[0], "`"), cells[2], cells[3], cells[4], i + 1})
		}
	}
	return rows
}

// evidence is what the page may point to.
type evidence struct {
	keys  map[string]bool            // of rules.Policy
	names map[string]map[string]bool // by package: test functions and the sentences in their files
	files func(path string) bool
	words string // all that partners read, white space folded
}

var quoted = regexp.MustCompile("`([^`]+)`")

// problems says what is wrong with a row.
func (e evidence) problems(r row) []string {
	var out []string
	say := func(format string, args ...any) {
		out = append(out, fmt.Sprintf("%s (line %d): ", r.id, r.line)+fmt.Sprintf(format, args...))
	}
	for _, m := range quoted.FindAllStringSubmatch(r.key, -1) {
		if !e.keys[m[1]] {
			say("the policy has no key %s", m[1])
		}
	}
	tests := quoted.FindAllStringSubmatch(r.test, -1)
	switch {
	case r.test == notBuilt:
	case len(tests) == 0:
		say("no test is named; write %q if it comes later", notBuilt)
	}
	for _, m := range tests {
		place, name, ok := strings.Cut(m[1], ": ")
		switch {
		case !ok:
			say("%s: want a package and a test, such as `rules: TestDecide`", m[1])
		case place == "scenario" && !e.files("cmd/leadmail/testdata/scenario/"+name+".txtar"):
			say("there is no scenario %q", name)
		case place == "reply" && !e.files("notify/testdata/"+name+".txt"):
			say("there is no golden reply %q", name)
		case place != "scenario" && place != "reply" && !e.names[place][name]:
			say("the tests of %s have no %q", place, name)
		}
	}
	words := regexp.MustCompile("“([^”]+)”").FindAllStringSubmatch(r.words, -1)
	if r.test != notBuilt && len(words) == 0 && r.words != "—" {
		say("the words a partner reads stand in “quotes”; — where there are none")
	}
	for _, m := range words {
		for part := range strings.SplitSeq(m[1], "…") {
			part = strings.Join(strings.Fields(part), " ")
			if part != "" && !strings.Contains(e.words, part) {
				say("no template and no golden reply says %q", part)
			}
		}
	}
	return out
}

// gather collects the evidence from the tree.
func gather(t testing.TB) evidence {
	t.Helper()
	root := repository(t)
	e := evidence{keys: map[string]bool{}, names: map[string]map[string]bool{}}
	e.files = func(p string) bool {
		_, err := os.Stat(filepath.Join(root, filepath.FromSlash(p)))
		return err == nil
	}
	var keys map[string]any
	if err := json.Unmarshal(rules.DefaultPolicy().Canonical(), &keys); err != nil {
		t.Fatal(err)
	}
	for k := range keys {
		e.keys[k] = true
	}
	sources(t, func(file string, f *ast.File, _ *token.FileSet) {
		if !isTest(file) {
			return
		}
		pkg := path.Dir(file)
		if e.names[pkg] == nil {
			e.names[pkg] = map[string]bool{}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				e.names[pkg][n.Name.Name] = true
			case *ast.BasicLit:
				if s, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					e.names[pkg][s] = true
				}
			}
			return true
		})
	})
	var words strings.Builder
	for _, pattern := range []string{"templates/*.tmpl", "notify/testdata/*.txt", "cmd/leadmail/testdata/scenario/*.txtar"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		for _, f := range found {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			words.WriteString(strings.Join(strings.Fields(string(b)), " ") + "\n")
		}
	}
	e.words = words.String()
	return e
}

// docs/policy.md sets each clause and each reason beside its key, its test and
// its words. It is stale when one is missing, stands twice, or points to
// something that is not there.
func TestThePolicyPageHolds(t *testing.T) {
	t.Parallel()
	rows := policyRows(read(t, "docs/policy.md"))
	e := gather(t)
	seen := map[string]int{}
	for _, r := range rows {
		seen[r.id]++
		for _, p := range e.problems(r) {
			t.Error(p)
		}
	}
	var want []string
	for i := 1; i <= 13; i++ {
		want = append(want, fmt.Sprintf("P%d", i))
	}
	for i := 1; i <= 43; i++ {
		want = append(want, fmt.Sprintf("D%d", i))
	}
	for _, c := range rules.Codes {
		want = append(want, string(c))
	}
	for _, id := range want {
		if seen[id] != 1 {
			t.Errorf("%s has %d rows in docs/policy.md, want one", id, seen[id])
		}
		delete(seen, id)
	}
	for id := range seen {
		t.Errorf("docs/policy.md has a row for %s, which is no clause and no reason", id)
	}
	// Every key of the policy is explained by a clause, but for the one limit
	// that RULES.md does not number.
	page := read(t, "docs/policy.md")
	for key := range e.keys {
		if !strings.Contains(page, "`"+key+"`") {
			t.Errorf("docs/policy.md does not name the policy key %s", key)
		}
	}
}

func TestAStalePolicyPageIsNoticed(t *testing.T) {
	t.Parallel()
	e := evidence{
		keys:  map[string]bool{"max_outstanding": true},
		names: map[string]map[string]bool{"rules": {"TestDecide": true, "the last slot, then none": true}},
		files: func(p string) bool {
			return p == "cmd/leadmail/testdata/scenario/accepted.txtar" || p == "notify/testdata/accepted.txt"
		},
		words: "All your {{.Max}} registrations are in use.",
	}
	for _, c := range []struct{ name, line, want string }{
		{"all is well", "| P8 | cap | `max_outstanding` | `rules: the last slot, then none`, `scenario: accepted`, `reply: accepted` | “All your … registrations are in use.” |", ""},
		{"later", "| P8 | cap | — | not built yet | |", ""},
		{"a key that is gone", "| P8 | cap | `max_slots` | not built yet | |", "no key max_slots"},
		{"a test that is gone", "| P8 | cap | — | `rules: TestCap` | — |", `no "TestCap"`},
		{"a scenario that is gone", "| P8 | cap | — | `scenario: cap` | — |", `no scenario "cap"`},
		{"a reply that is gone", "| P8 | cap | — | `reply: cap` | — |", `no golden reply "cap"`},
		{"no test at all", "| P8 | cap | — | | — |", "no test is named"},
		{"an excuse", "| P8 | cap | — | nothing to decide | |", "no test is named"},
		{"words that nobody writes", "| P8 | cap | — | `rules: TestDecide` | “You are full” |", `says "You are full"`},
		{"no words", "| P8 | cap | — | `rules: TestDecide` | |", "stand in “quotes”"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rows := policyRows(c.line)
			if len(rows) != 1 {
				t.Fatalf("%d rows", len(rows))
			}
			got := strings.Join(e.problems(rows[0]), "; ")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// The README's conversation is in the words that partners really get.
func TestTheReadmeQuotesRealReplies(t *testing.T) {
	t.Parallel()
	_, conversation, ok := strings.Cut(read(t, "README.md"), "\n## A conversation\n")
	if !ok {
		t.Fatal("README.md has no conversation")
	}
	_, conversation, _ = strings.Cut(conversation, "The answer:\n")
	conversation, _, _ = strings.Cut(conversation, "\n## ")
	plain := func(s string) string {
		return regexp.MustCompile(`R-[0-9A-Z]{6}`).ReplaceAllString(strings.Join(strings.Fields(s), " "), "R-")
	}
	words, said := plain(gather(t).words), 0
	for paragraph := range strings.SplitSeq(conversation, "\n\n") {
		if !strings.HasPrefix(strings.TrimLeft(paragraph, "\n"), "    ") {
			continue
		}
		said++
		if p := plain(paragraph); !strings.Contains(words, p) {
			t.Errorf("no golden reply says %q", p)
		}
	}
	if said < 5 {
		t.Errorf("the conversation has %d paragraphs", said)
	}
}
