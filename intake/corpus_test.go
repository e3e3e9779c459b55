package intake

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"leadmail/rules"
)

// publicMail is the folder of public mail fixtures, or "" where they are absent:
// they are never committed. LEADMAIL_CORPUS names the folder that holds it;
// otherwise shared/corpus is looked for beside the checkout and above it.
func publicMail(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("LEADMAIL_CORPUS"); dir != "" {
		dir = filepath.Join(dir, "mail")
		if _, err := os.Stat(dir); err != nil {
			tb.Fatalf("LEADMAIL_CORPUS: %v", err)
		}
		return dir
	}
	at, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		dir := filepath.Join(at, "shared", "corpus", "mail")
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		up := filepath.Dir(at)
		if up == at {
			return ""
		}
		at = up
	}
}

// fixtures are the public files by their path below dir.
func fixtures(tb testing.TB, dir string) map[string][]byte {
	tb.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		switch d.Name() {
		case "LICENSE", "COPYING", "PROVENANCE.md":
			return nil
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = b
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

// seeds are broken mails of our own that stand in where the fixtures are absent.
var seeds = map[string]string{
	"empty":                    "",
	"blanks":                   "\r\n\r\n",
	"a bare From line":         "From \n",
	"no header":                "just a few words\nand a second line",
	"headers only":             "From: a@b.example\r\nSubject: x",
	"boundary without parts":   "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x--\r\n",
	"boundary missing":         "From: a@b.example\r\nContent-Type: multipart/mixed\r\n\r\n--x\r\n\r\nhello\r\n--x--\r\n",
	"unknown transfer":         "From: a@b.example\r\nContent-Transfer-Encoding: yenc\r\n\r\nhello",
	"unknown charset":          "From: =?x-nix?Q?a?= <a@b.example>\r\nContent-Type: text/plain; charset=x-nix\r\n\r\nhell\xf6",
	"cut base64":               "From: a@b.example\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8gd29ybGQ\r\n__footer__",
	"colonless header line":    "From: a@b.example\r\nnonsense here\r\nSubject: x\r\n\r\nbody",
	"From that does not parse": "From: <>\r\nSubject: x\r\n\r\nbody",
}

// TestSeeds: what is hardly a mail ends in a result too.
func TestSeeds(t *testing.T) {
	t.Parallel()
	for name, raw := range seeds {
		if q := partners.Parse(partners.Read([]byte(raw))); q.Kind == "" {
			t.Errorf("%s: no kind", name)
		}
	}
}

// A naive look at a mail, as independent of the reader as can be: what a grep
// finds must be found by it too.
var (
	naiveFrom    = regexp.MustCompile(`(?im)^>?from[ \t]*:(?:.*\n[ \t])*.*[^\s<>,;:"()]@[a-z0-9]`)
	naiveSubject = regexp.MustCompile(`(?im)^subject[ \t]*:[ \t]*[^ \t\r\n]`)
	naiveText    = regexp.MustCompile(`(?is)(?:^|\n)content-type[ \t]*:\s*text/(?:plain|html)\b((?:[^\n]*\S[^\n]*\n)*)[ \t\r]*\n(.*?)(?:\n--|$)`)
	naiveType    = regexp.MustCompile(`(?im)^content-type[ \t]*:`)
	naiveWords   = regexp.MustCompile(`\pL{2,}`)
)

// naiveHeader is the header of a file; ok is false where it has none.
func naiveHeader(raw []byte) (header, body string, ok bool) {
	s := strings.TrimLeft(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n ")
	header, body, _ = strings.Cut(s, "\n\n")
	return header + "\n", body, regexp.MustCompile(`(?im)^(?:from|received|subject|message-id|content-type|mime-version|return-path)[ \t]*:`).MatchString(header)
}

// naiveHasText says whether a grep would call that a mail with a text.
func naiveHasText(raw []byte) bool {
	header, body, ok := naiveHeader(raw)
	if !ok || !naiveType.MatchString(header) {
		return naiveWords.MatchString(body) || !ok && naiveWords.MatchString(header)
	}
	for _, m := range naiveText.FindAllStringSubmatch("\n"+header+"\n"+body, -1) {
		shown := m[2]
		if strings.Contains(strings.ToLower(m[0]), "text/html") {
			shown = regexp.MustCompile(`(?is)<style.*?</style>|<!--.*?-->|<[^>]*>|&\w+;`).ReplaceAllString(shown, " ")
		}
		if !strings.Contains(strings.ToLower(m[1]), "attachment") && naiveWords.MatchString(shown) {
			return true
		}
	}
	return false
}

// stalwartText is the text that stalwart's parser found in a mail; has is false
// where the fixture has no expectation.
func stalwartText(files map[string][]byte, name string) (texts []string, has bool) {
	var want struct {
		Text  []int `json:"text_body"`
		HTML  []int `json:"html_body"`
		Parts []struct {
			Body map[string]json.RawMessage
		}
	}
	b, ok := files[strings.TrimSuffix(name, ".eml")+".json"]
	if !ok || !strings.HasPrefix(name, "stalwart/") || json.Unmarshal(b, &want) != nil {
		return nil, false
	}
	for _, i := range append(want.Text, want.HTML...) {
		for kind, v := range want.Parts[i].Body {
			var s string
			if (kind == "Text" || kind == "Html") && json.Unmarshal(v, &s) == nil && naiveWords.MatchString(s) {
				if kind == "Html" {
					s = ""
				}
				texts = append(texts, s)
			}
		}
	}
	return texts, true
}

// automaticFixture tells from a fixture's name and place whether a program wrote
// it in answer to a mail: nobody may answer that.
func automaticFixture(name string) bool {
	base := strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	switch {
	case strings.HasPrefix(name, "sisimai/"):
		return !strings.Contains(name, "/not/")
	case strings.HasPrefix(name, "enmime/dsn/"):
		return true
	}
	for _, s := range []string{"bounce", "auto_reply", "autoreply", "arf.", "delivery-status"} {
		if strings.Contains(base, s) {
			return true
		}
	}
	return false
}

// TestPublicMail reads every public fixture. Each ends in a result; sender,
// subject and text are found where a naive look finds them; nothing that a
// program wrote in answer to a mail would be answered.
func TestPublicMail(t *testing.T) {
	t.Parallel()
	dir := publicMail(t)
	if dir == "" {
		t.Logf("not exercised: the public mail fixtures are not beside the checkout, and LEADMAIL_CORPUS is not set")
		return
	}
	files := fixtures(t, dir)
	if len(files) < 700 {
		t.Errorf("%d files, want the 720 of PROVENANCE.md", len(files))
	}
	kinds := map[rules.Kind]int{}
	var texts, found, automatic, senders int
	for name, raw := range files {
		if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, "-summary.txt") {
			raw = bytes.Clone(raw[:min(len(raw), 20000)])
		}
		m := partners.Read(raw)
		q := partners.Parse(m)
		kinds[q.Kind]++
		if q.Kind == "" || m.RawHash == "" {
			t.Errorf("%s: no result", name)
		}
		if header, _, ok := naiveHeader(raw); ok && !strings.Contains(name, "/parts/") && !strings.HasSuffix(name, ".txt") && !strings.HasSuffix(name, ".golden") {
			if naiveFrom.MatchString(header) {
				senders++
				if m.From == "" {
					t.Errorf("%s: no From: %q", name, naiveFrom.FindString(header))
				}
			}
			if naiveSubject.MatchString(header) && m.Subject == "" {
				t.Errorf("%s: no Subject", name)
			}
		}
		want, expected := stalwartText(files, name)
		switch {
		case expected && len(want) == 0, !expected && !naiveHasText(raw), strings.HasSuffix(name, ".json"):
		default:
			texts++
			missing := ""
			for _, w := range want {
				if f := fold(m.plain.String() + " " + m.html.String()); !strings.Contains(f, before(fold(w), "\x00")) {
					missing = w
				}
			}
			if strings.TrimSpace(m.Text) != "" && missing == "" {
				found++
			} else {
				t.Logf("no text: %s: %.80q %v", name, missing, m.Warnings)
			}
		}
		if strings.HasPrefix(name, "sisimai/maildir/not/") && q.Kind == rules.KindBounce {
			t.Errorf("%s is no bounce", name)
		}
		if automaticFixture(name) {
			automatic++
			// Bulk is answered to nobody, whatever staff chose for a partner's machine.
			if q.Handling.NoReply == "" || q.Handling.Machine && q.Kind != rules.KindBulk {
				t.Errorf("%s would be answered: kind %s, subject %q, from %s", name, q.Kind, m.Subject, m.From)
			}
		}
	}
	if texts < 600 || senders < 200 || automatic < 130 {
		t.Errorf("the naive look found %d texts, %d senders and %d automatic mails: it looks at too little", texts, senders, automatic)
	}
	if share := float64(found) / float64(texts); share < 0.97 {
		t.Errorf("text found in %d of %d, %.1f %%: want 97", found, texts, 100*share)
	}
	t.Logf("%d files, text in %d of %d, %d senders, %d automatic; kinds %v", len(files), found, texts, senders, automatic, kinds)
}
