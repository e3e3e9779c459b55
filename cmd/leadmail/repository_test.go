package main_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repository is the folder of go.mod.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working folder")
		}
		dir = filepath.Dir(dir)
	}
}

// read is a file of the repository as text.
func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(repository(t), path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sources calls f with each Go file of the repository, by its path from the root.
func sources(t testing.TB, f func(path string, file *ast.File, fset *token.FileSet)) {
	t.Helper()
	root := repository(t)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f(filepath.ToSlash(rel), file, fset)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A habit is a call that some files must not make, and why.
type habit struct {
	call string // package.Function, or .Method of whatever
	why  string
	in   func(path string) bool
}

func isTest(path string) bool { return strings.HasSuffix(path, "_test.go") }

var habits = []habit{
	{"time.Now", "time is an argument, or an injected clock", pure},
	{"time.Since", "time is an argument, or an injected clock", pure},
	{"time.Until", "time is an argument, or an injected clock", pure},
	{"time.Sleep", "a test waits for an event", isTest},
	{".Skip", "a test fails or passes; what is not exercised is logged", isTest},
	{".Skipf", "a test fails or passes; what is not exercised is logged", isTest},
	{".SkipNow", "a test fails or passes; what is not exercised is logged", isTest},
}

// pure are the packages that take no instant from the machine's clock.
func pure(path string) bool {
	return !isTest(path) && under("rules", "intake", "store", "notify", "templates")(filepath.ToSlash(filepath.Dir(path)))
}

func TestHabits(t *testing.T) {
	t.Parallel()
	files := 0
	sources(t, func(path string, file *ast.File, fset *token.FileSet) {
		files++
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, _ := s.X.(*ast.Ident)
			for _, h := range habits {
				pkg, name, _ := strings.Cut(h.call, ".")
				if s.Sel.Name == name && (pkg == "" || x != nil && x.Name == pkg) && h.in(path) && !skipsALetter(s) {
					t.Errorf("%s: %s: %s", fset.Position(n.Pos()), h.call, h.why)
				}
			}
			return true
		})
	})
	if files < 20 {
		t.Errorf("%d Go files were looked at only", files)
	}
}

// skipsALetter says that .Skip is no method of a test: only t, tb, b, f and rt are.
func skipsALetter(s *ast.SelectorExpr) bool {
	x, ok := s.X.(*ast.Ident)
	return strings.HasPrefix(s.Sel.Name, "Skip") && (!ok || !slices.Contains([]string{"t", "tb", "b", "f", "rt"}, x.Name))
}

// Nothing in the repository may depend on the machine on which it was written,
// nor send anybody to a package registry by address.
func TestNoPathsOfOneMachine(t *testing.T) {
	t.Parallel()
	foreign := regexp.MustCompile(`(^|[\s"'=(:])/` + `(work|root|home/[a-z]+)/|proxy\.golang` + `\.org|deb\.debian` + `\.org|registry\.npmjs`)
	out, err := exec.Command("git", "-C", repository(t), "ls-files", "-co", "--exclude-standard").Output()
	if err != nil {
		t.Logf("not looked at: %v (this is no git work tree)", err)
		return
	}
	for _, path := range strings.Fields(string(out)) {
		if filepath.Ext(path) == ".eml" || filepath.Base(path) == "go.sum" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(repository(t), path))
		if err != nil {
			continue // a deleted file that git still lists
		}
		for i, line := range strings.Split(string(b), "\n") {
			if m := foreign.FindString(line); m != "" {
				t.Errorf("%s:%d names %q", path, i+1, strings.TrimSpace(m))
			}
		}
	}
}

// docs/dependencies.md has one line for each direct module of go.mod, and none
// for another.
func TestDependenciesAreExplained(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = repository(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go mod edit -json: %v", err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.+) \\|$").FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		if explained[m[1]] {
			t.Errorf("docs/dependencies.md explains %s twice", m[1])
		}
		explained[m[1]] = true
		if len(strings.TrimSpace(m[2])) < 10 {
			t.Errorf("docs/dependencies.md does not say what %s spares us", m[1])
		}
	}
	for _, r := range mod.Require {
		if r.Indirect {
			continue
		}
		if !explained[r.Path] {
			t.Errorf("docs/dependencies.md does not say what %s spares us", r.Path)
		}
		delete(explained, r.Path)
	}
	for path := range explained {
		t.Errorf("docs/dependencies.md explains %s, which is no direct module of go.mod", path)
	}
}
