// Package test runs leadmail as a process between real servers, and judges it by
// what those servers hold: nothing of leadmail's own code reads the results.
package test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/smtp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"leadmail/test/servers"
)

// A partner's mail goes to Postfix by SMTP and into Dovecot by LMTP; leadmail
// reads it over TLS, and its answer goes back the same way, over STARTTLS with a
// password.
func TestWholeWay(t *testing.T) {
	t.Parallel()
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			boxes := servers.Mailboxes{"partners@" + vendor: secret, staff: secret, partner: secret}
			d := servers.StartDovecot(t, servers.NewAuthority(t), boxes)
			post := servers.StartPostfix(t, d, boxes)
			p := newPlace(t, d, setting{mailbox: "partners", imap: d.IMAPS, imapTLS: "tls", smtp: post.Submission, smtpTLS: "starttls", smtpLogin: true, postgres: database == "postgres"})
			p.leadmail("check")
			p.run()

			began := time.Now()
			p.must(smtp.SendMail(post.SMTP, nil, partner, []string{p.mailbox}, p.lead(1)))
			p.box(partner, "INBOX").await(30*time.Second, 1)
			t.Logf("answered after %s", time.Since(began))
			sent := p.box(p.mailbox, "Leadmail/Sent").await(20*time.Second, 1)
			if filed := p.box(p.mailbox, "Leadmail/Processed").mails(); len(filed) != 1 || !bytes.Contains(filed[0], []byte("<lead1@northwind.example>")) {
				t.Errorf("%d mails in Processed; want the partner's", len(filed))
			}
			p.stop()
			if !strings.Contains(p.daemon.log.String(), "leadmail has stopped") {
				t.Error("the log does not say that leadmail has stopped")
			}

			// Stopped, and so there will be no second answer.
			replies := p.box(partner, "INBOX").mails()
			if len(replies) != 1 {
				t.Fatalf("%d answers; want 1", len(replies))
			}
			if left := p.box(p.mailbox, "INBOX").mails(); len(left) != 0 {
				t.Errorf("%d mails are left in INBOX", len(left))
			}
			if told := p.box(staff, "INBOX").mails(); len(told) != 1 {
				t.Errorf("staff got %d mails; want 1, the confirmation", len(told))
			}
			judgeReply(t, replies[0], 1, p.mailbox)
			if len(sent) != 1 || mailHeader(t, sent[0]).Get("Message-Id") != mailHeader(t, replies[0]).Get("Message-Id") {
				t.Errorf("%d mails in Sent; want the answer alone", len(sent))
			}
			if !strings.Contains(post.Log(), "sasl_username="+p.mailbox) {
				t.Error("Postfix saw no login")
			}
		})
	}
}

func mailHeader(t testing.TB, raw []byte) mail.Header {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	return m.Header
}

// judgeReply says whether raw is a proper answer to lead n.
func judgeReply(t testing.TB, raw []byte, n int, mailbox string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	lead := "<lead" + strconv.Itoa(n) + "@northwind.example>"
	for name, want := range map[string]string{"In-Reply-To": lead, "Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
	}
	if refs, want := strings.Fields(m.Header.Get("References")), []string{"<thread" + strconv.Itoa(n) + "@northwind.example>", lead}; !slices.Equal(refs, want) {
		t.Errorf("References: %q; want %q", refs, want)
	}
	for name, want := range map[string]string{"From": mailbox, "To": partner} {
		if as, err := m.Header.AddressList(name); err != nil || len(as) != 1 || as[0].Address != want {
			t.Errorf("%s: %v (%v); want %s", name, as, err, want)
		}
	}
	if _, err := m.Header.Date(); err != nil {
		t.Errorf("Date: %v", err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("Content-Type: %q (%v); want multipart/alternative", kind, err)
	}
	parts, kinds := multipart.NewReader(m.Body, params["boundary"]), []string(nil)
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || !strings.EqualFold(params["charset"], "utf-8") {
			t.Errorf("a part's Content-Type: %q %v (%v)", kind, params, err)
		}
		kinds = append(kinds, kind)
		var body io.Reader = part
		if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			body = quotedprintable.NewReader(part)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("Firm "+strconv.Itoa(n))) {
			t.Errorf("the %s does not name the company:\n%s", kind, text)
		}
	}
	if want := []string{"text/plain", "text/html"}; !slices.Equal(kinds, want) {
		t.Errorf("parts %q; want %q", kinds, want)
	}
}
