package intake

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSections: every section that the code asks for is in the data files; a
// missing one would stop the program at the first mail.
func TestSections(t *testing.T) {
	t.Parallel()
	asked := []*regexp.Regexp{
		regexp.MustCompile(`words\.(?:contains|has|begins|after|find)\("([^"]+)"`),
		regexp.MustCompile(`words\.named\("([^"]+)"\)`),
		regexp.MustCompile(`cueBefore\([^"\n]*"([^"]+)"\)`),
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, re := range asked {
			for _, m := range re.FindAllSubmatch(src, -1) {
				name := string(m[1])
				if strings.HasSuffix(name, " ") {
					continue // built from two pieces, such as a verb's
				}
				n++
				if words.sections[name] == nil {
					t.Errorf("%s asks for section [%s], which is in neither data file", f, name)
				}
			}
		}
	}
	held := facts(0)
	for _, e := range words.entries {
		held |= e.facts
	}
	for name, f := range factSections {
		if words.sections[name] == nil || held&f == 0 {
			t.Errorf("section [%s] is missing or empty", name)
		}
	}
	if n < 50 {
		t.Errorf("only %d uses of sections were found: the patterns no longer fit the code", n)
	}
}

// TestAlternatives: what stands in braces is each of it, or none.
func TestAlternatives(t *testing.T) {
	t.Parallel()
	v, err := parseWords("[verb]\nen: no {need|use} to {hold on to|keep} {it|}, {may|can} … {lapse|run out} now\n")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"There is no need to keep it": true, "no use to hold on to": true, "It can really lapse now": true, "may run out now": true,
		"no need to hold": false, "no reason to keep it": false, "it will lapse now": false,
	} {
		if got := v.contains("verb", text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestStar: a word with a star covers its other endings, and no shorter word.
func TestStar(t *testing.T) {
	t.Parallel()
	v, err := parseWords("[verb]\nde: verlänger* … bitte, erneuer*\n")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"Verlängern Sie das bitte": true, "verlängert es bitte": true, "Wir erneuern": true, "erneuerung": true,
		"verläng bitte": false, "verlängern": false, "erneu": false,
	} {
		if got := v.contains("verb", text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
