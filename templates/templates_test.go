package templates_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadmail/rules"
	"leadmail/templates"
)

func TestTheEmbeddedTemplatesLoad(t *testing.T) {
	t.Parallel()
	set, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	// Load tries only sets with words of an operator's own.
	for _, name := range templates.Names {
		for i, sample := range templates.Samples(name) {
			if _, _, err := set.Execute(name, sample); err != nil {
				t.Errorf("%s, sample %d: %v", name, i, err)
			}
		}
	}
	if _, err := templates.Load(t.TempDir()); err != nil {
		t.Errorf("an empty folder of one's own: %v", err)
	}
}

func TestEveryMailIsAPair(t *testing.T) {
	t.Parallel()
	for _, name := range templates.Names {
		for _, half := range []string{".txt.tmpl", ".html.tmpl"} {
			if _, err := os.Stat(name + half); err != nil {
				t.Error(err)
			}
		}
		if len(templates.Samples(name)) < 2 {
			t.Errorf("%s is tried over fewer than two samples", name)
		}
	}
}

func TestAMistakeInATemplateStopsWithFileAndLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file, text string
		want             string // after the folder
	}{
		{"an end is missing", "held.txt.tmpl", "one\n{{if .Read}}\ntwo\n", "held.txt.tmpl:"},
		{"a field that does not exist", "held.txt.tmpl", "one\ntwo {{.Verdict}}\n", "held.txt.tmpl:2:"},
		{"a field that does not exist, in HTML", "alert.html.tmpl", "<p>\n<b>\n{{.Nothing}}</b>", "alert.html.tmpl:3:"},
		{"a sentence that does not exist", "outcome.txt.tmpl", "{{say \"verdicts\" .}}", "outcome.txt.tmpl:1:"},
		{"a function that does not exist", "too_large.html.tmpl", "\n{{shout .Program}}", "too_large.html.tmpl:2:"},
		{"a mistake that only a full decision meets", "verdicts.txt.tmpl", "hello\n{{range .Verdicts}}{{with .Form}}{{.Wrong}}{{end}}{{end}}", "verdicts.txt.tmpl:2:"},
		{"a mistake in the shared sentences", "words.txt.tmpl", "{{define \"verdict\"}}\n\n{{.Wrong}}{{end}}", "words.txt.tmpl:"},
		{"HTML that cannot be escaped safely", "alert.html.tmpl", "ok\n<a href={{.What}} style={{.Hint}}<", "alert.html.tmpl"},
		{"nothing at all", "unknown_sender.txt.tmpl", "{{/* later */}}", "unknown_sender.txt.tmpl:1:"},
		{"a file that overrides nothing", "heldd.txt.tmpl", "x", "heldd.txt.tmpl overrides no template of ours"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, tt.file), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := templates.Load(dir)
			if err == nil {
				t.Fatal("loaded all the same")
			}
			if want := filepath.Join(dir, tt.want); !strings.Contains(err.Error(), want) {
				t.Errorf("error %q does not name %q", err, want)
			}
		})
	}
	t.Run("a folder that is not there", func(t *testing.T) {
		t.Parallel()
		if _, err := templates.Load(filepath.Join(t.TempDir(), "no")); err == nil {
			t.Error("loaded all the same")
		}
	})
}

func TestAnOperatorsOwnWordsCountInBothHalves(t *testing.T) {
	t.Parallel()
	words, err := os.ReadFile("words.txt.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	own := strings.ReplaceAll(string(words), "Registered: {{.Name}}, yours until", "Congratulations, {{.Name}} is yours until")
	if err := os.WriteFile(filepath.Join(dir, "words.txt.tmpl"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := templates.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	text, html, err := set.Execute(templates.Verdicts, templates.Answer{Verdicts: []templates.Verdict{{
		Decision: rules.Accepted, Name: "Kuanza <Coffee>", Ref: "R-7K4Q2M", From: "2026-11-22", Until: "2027-05-22", Earns: true,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Congratulations, Kuanza <Coffee> is yours until 22 May 2027."; !strings.HasPrefix(text, want) {
		t.Errorf("text:\n%s\nwant %q first", text, want)
	}
	if want := "Congratulations, Kuanza &lt;Coffee&gt; is yours until 22 May 2027."; !strings.Contains(html, want) {
		t.Errorf("HTML:\n%s\nwant %q", html, want)
	}
}

func TestEveryClauseHasItsWords(t *testing.T) {
	t.Parallel()
	set, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, id := range templates.ClauseIDs {
		words, err := set.Say("clause", templates.Clause{ID: id, Numbers: templates.Numbers{Months: 6, Max: 50, EntryPlans: []string{"mentor"}}})
		if err != nil || len(words) < 15 {
			t.Errorf("%s: %q, %v", id, words, err)
		}
		if other := seen[words]; other != "" {
			t.Errorf("%s and %s are worded alike: %q", id, other, words)
		}
		seen[words] = id
	}
}
