package desk

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leadmail/rules"
	"leadmail/store"
)

// formMail hands in two forms, with the numbers of both in the text, in the subject
// and in the names of the files.
func formMail(from, id string, contents ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "From: Pat <%s>\nTo: partners@vendor.example\nSubject: W-9 for EIN 98-7650123\nMessage-ID: <%s@partner.example>\nContent-Type: multipart/mixed; boundary=b\n\n"+
		"--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nAttached are my W-9 and the ACH form.\nMy SSN is 987-65-4320. What does routing number 021000089 mean, and is account 556677889900 fine?\n"+
		"IBAN: GB82 WEST 1234 5698 7654 32\n--c\nContent-Type: text/html\n\n<p>Attached are my W-9 and the ACH form.</p><p>My SSN is 987-65-4320. What does routing number 021000089 mean, and is account 556677889900 fine?</p>\n--c--\n", from, id)
	for i, content := range contents {
		fmt.Fprintf(&b, "--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"%s 987654320 %d.pdf\"\nContent-Transfer-Encoding: base64\n\n%s\n",
			[]string{"W-9", "scan"}[i%2], i, base64.StdEncoding.EncodeToString([]byte("%PDF-1.4 "+content)))
	}
	b.WriteString("--b--\n")
	return []byte(strings.ReplaceAll(b.String(), "\n", "\r\n"))
}

// Invariant 7 of PRODUCT.md: tax and bank attachments are recorded as received and
// never stored, quoted, logged or forwarded. What stands in them, and the numbers that
// somebody types beside them, is looked for in every byte of the database, in every
// mail that goes out and in the log.
func TestNothingOfAFormIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.mornings()
	var log bytes.Buffer
	b.o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d := b.desk()
	received := formMail("pat@partner.example", "f1", "Unique content of the first form 555-44-3322", "Unique content of the second form 000111222333")
	b.must(b.host.Deliver(mailbox, received))
	// The same from a stranger, and one that cannot be read as a whole.
	b.must(b.host.Deliver(mailbox, formMail("nobody@else.example", "f2", "Unique content of a stranger's form")))
	b.must(d.Settle(t.Context()))
	b.later(5 * 24 * time.Hour) // until staff are reminded of them
	b.must(d.Settle(t.Context()))

	var forms []rules.Form
	var mails []store.OutboxMessage
	b.must(b.db.View(t.Context(), func(tx *store.Tx) (err error) {
		if forms, err = tx.Forms("pat"); err != nil {
			return err
		}
		list, err := tx.OutboxList(store.OutboxFilter{})
		if err != nil {
			return err
		}
		for _, m := range list {
			if m, err = tx.Outbox(m.ID); err != nil {
				return err
			}
			mails = append(mails, m)
		}
		return nil
	}))
	if len(forms) != 2 || forms[0].Kind != rules.FormW9 || forms[0].Size == 0 || len(forms[0].SHA256) != 64 || forms[0].Name != "W-9 ######### #.pdf" {
		t.Fatalf("recorded: %+v", forms)
	}
	if len(mails) < 3 || !slices.ContainsFunc(mails, func(m store.OutboxMessage) bool { return strings.Contains(m.Subject, "Paperwork of mail 1") }) {
		t.Fatalf("%d mails went out: this test looks at nothing", len(mails))
	}
	// Staff refuse one: what the partner reads then is looked at, too.
	_, answer, err := d.DecideForms(t.Context(), FormDecision{Partner: "pat", Forms: forms[:1], Because: "unreadable", Actor: "test"})
	b.must(err)
	b.must(b.db.View(t.Context(), func(tx *store.Tx) error {
		m, err := tx.Outbox(answer.ID)
		mails = append(mails, m)
		return err
	}))

	secrets := []string{"Unique content", "555-44-3322", "000111222333", "987-65-4320", "987654320", "98-7650123", "987650123", "021000089", "556677889900", "WEST 1234", "5698 7654"}
	check := func(where string, content []byte) {
		t.Helper()
		for _, s := range secrets {
			for form, pattern := range map[string][]byte{"": []byte(s), " in base64": inBase64(s), " parted": []byte(strings.Join(strings.Split(s, ""), "\x00"))} {
				if len(pattern) > 3 && bytes.Contains(content, pattern) {
					t.Errorf("%s holds %q%s", where, s, form)
				}
			}
		}
	}
	for _, m := range mails {
		check(fmt.Sprintf("the mail %q to %s", m.Kind, m.To), m.Raw)
		check("its text", []byte(unfold(string(m.Raw))))
	}
	check("the log", log.Bytes())
	files, err := filepath.Glob(b.path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal("no database file", err)
	}
	for _, f := range files {
		content, err := os.ReadFile(f)
		b.must(err)
		check("the file "+filepath.Base(f), content)
		for _, text := range unpacked(content) {
			check("a packed text in "+filepath.Base(f), text)
		}
	}
	// The pages of a file may hold a text in pieces: what is read back holds none.
	b.must(b.db.View(t.Context(), func(tx *store.Tx) error {
		for id := int64(1); id <= 2; id++ {
			m, err := tx.Inbox(id)
			if err != nil {
				return err
			}
			if !strings.Contains(m.Text, "My SSN is ###-##-####.") {
				t.Errorf("the text that is kept: %q", m.Text)
			}
			check("the ledger", []byte(m.Text+m.Subject+m.Why))
			records, err := tx.Decision(id)
			if err != nil || len(records) != 1 {
				return fmt.Errorf("%d decisions: %w", len(records), err)
			}
			check("a decision", fmt.Appendf(nil, "%+v %+v", records[0].Request, records[0].Decision))
		}
		return nil
	}))
	// The mailbox is the archive: there it lies as it came.
	if !bytes.Contains(received, inBase64("Unique content of the first")) {
		t.Error("the search would not find what it looks for")
	}
}

// inBase64 is what base64 makes of a text in the middle of another: the first and the
// last characters depend on what stands beside it.
func inBase64(s string) []byte {
	for len(s)%3 != 0 {
		s = s[:len(s)-1]
	}
	if len(s) < 6 {
		return nil
	}
	return []byte(base64.StdEncoding.EncodeToString([]byte(s)))
}

// unfold undoes what quoted-printable does to a text.
func unfold(s string) string {
	s = strings.ReplaceAll(s, "=\r\n", "")
	return regexp.MustCompile(`=[0-9A-F]{2}`).ReplaceAllString(s, " ")
}

// unpacked are the texts that lie in a file as gzip, as far as they are in one piece.
func unpacked(content []byte) (texts [][]byte) {
	for at := 0; ; at++ {
		i := bytes.Index(content[at:], []byte("\x1f\x8b\x08"))
		if i < 0 {
			return texts
		}
		at += i
		if r, err := gzip.NewReader(bytes.NewReader(content[at:])); err == nil {
			text, _ := io.ReadAll(io.LimitReader(r, 1<<20)) // what follows it is not its own
			texts = append(texts, text)
		}
	}
}
