package desk

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"leadmail/intake"
	"leadmail/rules"
	"leadmail/store"
)

// stamped is a mail as the receiving server delivers it: its sender is proved, as
// it is with most machines.
func stamped(raw []byte, domain string) []byte {
	return append([]byte(strings.ReplaceAll(passed(domain), "\n", "\r\n")), raw...)
}

// bare takes everything out of a header by which a machine could be known, and a
// thread.
func bare(raw []byte) []byte {
	header, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	kept := regexp.MustCompile(`(?mi)^(Auto-Submitted|X-Auto-Response-Suppress|X-Leadmail|In-Reply-To|References):.*\r\n(?:[ \t].*\r\n)*`).ReplaceAll(append(header, "\r\n"...), nil)
	return append(append(kept, "\r\n"...), body...)
}

// A vacation responder that gives no sign of being one answers each of our mails.
// Three answers of ours are the most that it gets, however long it goes on.
func TestAVacationResponder(t *testing.T) {
	t.Parallel()
	for name, mail := range map[string]func(n int, answer intake.Message) string{
		"it keeps the thread": func(n int, a intake.Message) string {
			return fmt.Sprintf("Subject: Re: %s\nMessage-ID: <v%d@partner.example>\nIn-Reply-To: <%s>\nReferences: <%s>\n\nMi ne estas tie ĉi.", a.Subject, n, a.MessageID, a.MessageID)
		},
		"it keeps nothing": func(n int, _ intake.Message) string {
			return fmt.Sprintf("Subject: Mi forestas\nMessage-ID: <v%d@partner.example>\n\nMi ne estas tie ĉi.", n)
		},
		"it quotes all of ours": func(n int, a intake.Message) string {
			return fmt.Sprintf("Subject: Re: %s\nMessage-ID: <v%d@partner.example>\nIn-Reply-To: <%s>\n\nMi ne estas tie ĉi.\n\n%s", a.Subject, n, a.MessageID, a.Text)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := trusting(newBench(t))
			d := b.desk()
			b.must(b.host.Deliver(mailbox, stamped(leadMail(1, "one.example"), "partner.example")))
			answered := 0
			for n := range 20 {
				b.must(d.Settle(t.Context()))
				got := b.mails(pat, "INBOX")
				if len(got) == answered {
					break
				}
				answered = len(got)
				b.later(20 * time.Second)
				raw := "From: Pat <" + pat + ">\nTo: " + mailbox + "\n" + mail(n, intake.Reader{}.Read(got[len(got)-1]))
				b.must(b.host.Deliver(mailbox, stamped([]byte(strings.ReplaceAll(raw, "\n", "\r\n")), "partner.example")))
			}
			// One of them answers the lead; the machine's share is the rest.
			if answered > 1+3 || answered < 2 {
				t.Errorf("%d answers of ours, want the verdict and 1 to 3 more", answered)
			}
			b.must(b.db.View(t.Context(), func(tx *store.Tx) error {
				all, err := tx.InboxList(store.InboxFilter{})
				b.must(err)
				if m := all[0]; m.State == rules.MailFound || m.State == rules.MailAttempted {
					t.Errorf("the breaker stopped the reading: %+v", m)
				}
				return nil
			}))
		})
	}
}

// Two desks that are each other's partners, with all signs of a machine taken off
// between them: the exchange ends after three answers of ours at most.
func TestTwoDesks(t *testing.T) {
	t.Parallel()
	for _, signs := range []bool{true, false} {
		for _, partners := range []bool{true, false} {
			t.Run(fmt.Sprintf("signs=%v/partners=%v", signs, partners), func(t *testing.T) {
				t.Parallel()
				here, there := trusting(newBench(t)), trusting(newBench(t))
				other := rules.Partner{ID: "other", Name: "Other", Addresses: []rules.Address{mailbox}, Plan: "mentor", JoinedOn: "2025-01-01", AgreementOn: "2025-01-01"}
				if partners {
					p := other
					p.Addresses = []rules.Address{"partners@there.example"}
					here.update(func(tx *store.Tx) error { return tx.SavePartner(p, "test", "") })
					there.update(func(tx *store.Tx) error { return tx.SavePartner(other, "test", "") })
				}
				// The other desk is at home at another address, and its mail comes here.
				there.o.Program.Address, there.o.SMTP.Username = "partners@there.example", "partners@there.example"
				there.o.IMAP.Username = "partners@there.example"
				there.o.Trust.AuthservID = server
				for _, b := range []*bench{here, there} {
					for _, a := range []string{"partners@there.example"} {
						b.must(b.host.AddUser(a, "secret"))
					}
				}
				ours, theirs := here.desk(), there.desk()
				opening := "From: Their desk <partners@there.example>\nTo: " + mailbox + "\nSubject: New lead\nMessage-ID: <o1@there.example>\n\nFirst name: Ada\nEmail: ada@acme.example\nCompany: Acme\n"
				here.must(here.host.Deliver(mailbox, stamped([]byte(strings.ReplaceAll(opening, "\n", "\r\n")), "there.example")))
				sent, back := 0, 0
				for range 30 {
					here.must(ours.Settle(t.Context()))
					got := here.mails("partners@there.example", "INBOX")
					if len(got) == sent {
						break
					}
					for _, raw := range got[sent:] {
						if !signs {
							raw = bare(raw)
						}
						there.must(there.host.Deliver("partners@there.example", stamped(raw, "vendor.example")))
					}
					sent = len(got)
					there.must(theirs.Settle(t.Context()))
					answers := there.mails(mailbox, "INBOX")
					for _, raw := range answers[back:] {
						if !signs {
							raw = bare(raw)
						}
						here.must(here.host.Deliver(mailbox, stamped(raw, "there.example")))
					}
					back = len(answers)
					here.later(time.Minute)
					there.later(time.Minute)
				}
				if sent > 3 || sent == 0 {
					t.Errorf("%d answers of ours, want 1 to 3", sent)
				}
				t.Logf("%d answers of ours, %d of theirs", sent, back)
			})
		}
	}
}

// corpus is the folder of public mail, outside the repository: named by
// LEADMAIL_CORPUS, or found beside one of the folders above; "" where there is none.
func corpus(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("LEADMAIL_CORPUS"); dir != "" {
		return filepath.Join(dir, "mail")
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if mail := filepath.Join(dir, "shared", "corpus", "mail"); isDir(mail) {
			return mail
		}
	}
	return ""
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// machines tells by its place in the corpus that a mail is a bounce or an
// automatic answer: sisimai collects nothing else, but for what it keeps under
// "not", which people wrote.
var machines = regexp.MustCompile(`(?i)sisimai|bounce|auto[-_]?repl|out[-_]?of[-_]?office|vacation|delivery[-_]?status|dsn|feedback|arf|mdn|auto[-_]?submitted|auto[-_]?respon`)

var dated = regexp.MustCompile(`(?mi)^Date:`)

// Every bounce and automatic answer of the public corpus, end to end, as if its
// sender were a proved stranger or even a partner: none is answered.
func TestNoMachineOfTheCorpusIsAnswered(t *testing.T) {
	t.Parallel()
	dir := corpus(t)
	if dir == "" {
		t.Log("the public corpus is not there (LEADMAIL_CORPUS, or shared/corpus above the repository): a handful of our own stand in")
	}
	mails := map[string][]byte{
		"bounce":   []byte("From: MAILER-DAEMON@mx.example\r\nTo: partners@vendor.example\r\nSubject: Undelivered Mail\r\nReturn-Path: <>\r\n\r\nI could not deliver it."),
		"vacation": []byte("From: Pat <pat@partner.example>\r\nTo: partners@vendor.example\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nAway."),
	}
	if dir != "" {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			rel, _ := filepath.Rel(dir, path)
			if err != nil || !e.Type().IsRegular() || !machines.MatchString(filepath.ToSlash(rel)) || strings.Contains(filepath.ToSlash(rel), "/not/") || filepath.Ext(path) != ".eml" {
				return err
			}
			b, err := os.ReadFile(path)
			mails[rel] = b
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b := trusting(newBench(t))
	b.o.Staff = nil
	b.update(func(tx *store.Tx) error {
		return tx.SavePartner(rules.Partner{ID: "corpus", Name: "Corpus", Domains: []string{"example.com", "example.org", "example.net", "example.jp"}, Plan: "mentor", JoinedOn: "2025-01-01", AgreementOn: "2025-01-01"}, "test", "")
	})
	for _, raw := range mails {
		m := intake.Reader{}.Read(raw)
		// An old date alone would keep an answer back: that is not what is tested.
		raw = dated.ReplaceAll(raw, []byte("X-Then:"))
		b.must(b.host.Deliver(mailbox, stamped(raw, m.From.Domain())))
	}
	d := b.desk()
	b.must(d.Settle(t.Context()))
	var all []store.InboxMessage
	var replies []store.OutboxMessage
	b.must(b.db.View(t.Context(), func(tx *store.Tx) (err error) {
		if all, err = tx.InboxList(store.InboxFilter{}); err == nil {
			replies, err = tx.OutboxList(store.OutboxFilter{})
		}
		return err
	}))
	if len(all) != len(mails) {
		t.Errorf("%d mails are in the ledger, %d were delivered", len(all), len(mails))
	}
	for _, r := range replies {
		if r.InboxID != 0 {
			for _, m := range all {
				if m.ID == r.InboxID {
					t.Errorf("answered with %s: %s %q, %s", r.Kind, m.Sender, m.Subject, m.Why)
				}
			}
		}
	}
	t.Logf("%d bounces and automatic answers, %d answers", len(all), len(replies))
}
