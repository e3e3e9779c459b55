package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadmail/intake"
	"leadmail/rules"
)

// TestReadForPeople: what read prints of a mail, as somebody at a terminal sees it.
// UPDATE_SCRIPTS=1 rewrites testdata/read.
func TestReadForPeople(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"hard-prose-four-mixed", "medium-outlook-excel-paste-html-only", "medium-csv-header-synonyms", "medium-xlsx-two-sheets", "medium-vcard-21-two-cards",
		"hard-forward-as-attachment", "medium-inline-answers-quoted-form", "hard-answer-ql-for-all", "medium-japanese-iso2022jp",
		"hard-mixed-keep-drop-register", "easy-website-none-yet", "hard-unreadable-scanned-pdf", "medium-mixed-register-payment-question", "easy-bounce-rfc3464",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newPrompt(t).run("", "read", filepath.Join("..", "..", "intake", "testdata", "registrations", name+".eml")).done().out
			path := filepath.Join("testdata", "read", name+".txt")
			if os.Getenv("UPDATE_SCRIPTS") != "" {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got; UPDATE_SCRIPTS=1 rewrites it):\n%s", path, diff)
			}
		})
	}
}

// TestMarksStandUnderWhatWasRead: whatever the width of the characters.
func TestMarksStandUnderWhatWasRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, want string
		marks            []mark
	}{
		{"plain", "Company: Acme", "         ^^^^ [1]", []mark{{9, 13, "1"}}},
		{"wide", "会社名：光工業", "        ^^^^^^ [1]", []mark{{12, 21, "1"}}},
		{"an accent of its own", "Zoe\u0301 Bell", "    ^^^^ [1]", []mark{{6, 10, "1"}}},
		{"two on one place", "Amy Cole", "^^^^^^^^ [1,2]", []mark{{0, 8, "2"}, {0, 8, "1"}}},
		{"touching ones take two rows", "Amy Cole", "^^^ [1]\n    ^^^^ [2]", []mark{{0, 3, "1"}, {4, 8, "2"}}},
		{"room between them", "Amy         Cole", "^^^ [1]     ^^^^ [2]", []mark{{0, 3, "1"}, {12, 16, "2"}}},
		{"beyond the line", "Amy", "^^^ [1]", []mark{{0, 300, "1"}}},
		{"before it", "Amy", "^^^ [1]", []mark{{-4, 3, "1"}}},
		{"of no length", "Amy", "   ^ [1]", []mark{{3, 3, "1"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(underline(c.text, 0, len(c.text), c.marks), "\n"); got != c.want {
				t.Errorf("got\n%s\n%s\nwant\n%s", c.text, got, c.want)
			}
		})
	}
	// A mark over the end of a row goes on in the next.
	text := "0123456789 abc def"
	rows := wrap(text, 12)
	if len(rows) != 2 || text[rows[1][0]:] != "abc def" {
		t.Fatalf("rows %v", rows)
	}
	for i, want := range []string{"        ^^^ [1]", "^^^ [1]"} {
		if got := strings.Join(underline(text, rows[i][0], rows[i][1], []mark{{8, 14, "1"}}), "\n"); got != want {
			t.Errorf("row %d: %q, want %q", i, got, want)
		}
	}
}

// TestColoursOnATerminalOnly: a pipe and a file get none, and no mail can bring its
// own.
func TestColoursOnATerminalOnly(t *testing.T) {
	t.Parallel()
	p := newPrompt(t)
	r := p.run(strings.Replace(lead, "Kuanza Coffee", "\x1b[31mKuanza\x1b]0;x\x07 Coffee\u202e", 1), "read", "-").done()
	if strings.ContainsAny(r.out, "\x1b\x07\u202e") {
		t.Errorf("%q", r.out)
	}
	a := p.app(p.Context(), "", new(bytes.Buffer), nil)
	file, err := os.Create(filepath.Join(p.dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if a.onTerminal(a.stdout) || a.onTerminal(file) {
		t.Error("a buffer or a file is taken for a terminal")
	}
	var out strings.Builder
	sheet{w: &out, paint: true, columns: 80}.lines([]intake.Line{{Part: "1", N: 1, Text: "Amy", Whose: intake.WhoseNew}, {Part: "1", N: 2, Text: "Pat", Whose: intake.WhoseSignature}},
		map[rules.Span]string{{Part: "1", Line: 1, To: 3}: "1"})
	if want := "  " + dim + "1 |" + calm + " Amy\n      " + bold + "^^^ [1]" + calm + "\n  " + dim + "2 :" + calm + " " + dim + "Pat" + calm + "\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// TestLongRunsAreCut: history and signatures are two lines, the sender's own words
// thirty, unless something was read in them.
func TestLongRunsAreCut(t *testing.T) {
	t.Parallel()
	var lines []intake.Line
	for n := range 100 {
		lines = append(lines, intake.Line{Part: "1", N: n + 1, Text: "x", Whose: intake.WhoseHistory})
	}
	var out strings.Builder
	sheet{w: &out, columns: 80}.lines(lines, map[rules.Span]string{{Part: "1", Line: 50, To: 1}: "1"})
	want := "    1 : x\n    2 : x\n        … 47 more lines: history\n   50 : x\n        ^ [1]\n   51 : x\n   52 : x\n        … 48 more lines: history\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
