package intake

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadmail/rules"
)

// publicMail is the folder of public fixtures; they are never committed.
const publicMail = "../../shared/corpus/mail"

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

// TestPublicMail reads every public fixture: each must end in a result within
// the time, and a From, a Subject and a text are found wherever there are any.
func TestPublicMail(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{}
	for name, s := range seeds {
		files[name] = []byte(s)
	}
	whole := 0
	if _, err := os.Stat(publicMail); err != nil {
		t.Logf("%s is not there: only %d seeds of our own were read", publicMail, len(seeds))
	} else {
		filepath.WalkDir(publicMail, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && d.Name() != "LICENSE" && d.Name() != "PROVENANCE.md" {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				files[strings.TrimPrefix(path, publicMail)] = b
			}
			return nil
		})
	}
	kinds := map[rules.Kind]int{}
	text, from := 0, 0
	for name, raw := range files {
		m := partners.Read(raw)
		q := partners.Parse(m)
		if q.Kind == "" {
			t.Errorf("%s: no kind", name)
		}
		kinds[q.Kind]++
		if strings.HasSuffix(name, ".eml") {
			whole++
			if strings.TrimSpace(m.Text) != "" {
				text++
			} else {
				t.Logf("no text: %s %v", name, m.Warnings)
			}
			if m.From != "" {
				from++
			}
		}
		bounce := strings.Contains(name, "sisimai") && strings.Contains(name, "/bsd/")
		if bounce && q.Handling.NoReply == "" {
			t.Logf("would be answered: %s: %s %q %s", name, q.Kind, m.Subject, m.From)
		}
	}
	t.Logf("%d files, %d mails, %d with text, %d with a From; kinds %v", len(files), whole, text, from, kinds)
}
