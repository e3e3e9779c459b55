package intake

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadmail/rules"
)

// form is a registration as easy as they come.
const form = "First name: Tobias\nLast name: Rehm\nEmail: tobias@kaltwerk.example\nURL: kaltwerk.example\nCompany name: Kaltwerk GmbH\nLead type: Qualified Lead\n"

// eml makes a mail of header lines and a body; From, Subject and Message-ID are
// supplied where they are not given.
func eml(headers, body string) []byte {
	h := strings.TrimSpace(headers)
	for _, d := range []struct{ name, line string }{
		{"\nfrom", "From: Ilse Baumgartner <ilse@northwind.example>"},
		{"\nsubject", "Subject: Lead registration"},
		{"\nmessage-id", "Message-ID: <x1@northwind.example>"},
	} {
		if !strings.Contains("\n"+strings.ToLower(h), d.name) {
			h += "\n" + d.line
		}
	}
	return []byte(strings.ReplaceAll(strings.TrimSpace(h)+"\n\n"+body, "\n", "\r\n"))
}

// report is a delivery report in the standard's form.
func report(fields string) (headers, body string) {
	return "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nReturn-Path: <>\nSubject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status; boundary=b",
		"--b\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n" + fields +
			"\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <ours-1@leanstack.example>\nSubject: Registered\n--b--\n"
}

// TestAutomatic goes through the cases of MAIL.md that envelope and headers
// decide; each row is named by its number there.
func TestAutomatic(t *testing.T) {
	t.Parallel()
	failed, failedBody := report("Final-Recipient: rfc822; t@kaltwerk.example\nAction: failed\nStatus: 5.1.1\n")
	delayed, delayedBody := report("Final-Recipient: rfc822; t@kaltwerk.example\nAction: delayed\nStatus: 4.4.1\n")
	relayed, relayedBody := report("Final-Recipient: rfc822; t@kaltwerk.example\nAction: relayed\nStatus: 2.0.0\n")
	several, severalBody := report("Final-Recipient: rfc822; a@kaltwerk.example\nAction: failed\nStatus: 5.1.1\n\nFinal-Recipient: rfc822; b@kaltwerk.example\nAction: delivered\nStatus: 2.0.0\n")
	const (
		answered = true
		silent   = false
	)
	for _, c := range []struct {
		name          string
		headers, body string
		kind          rules.Kind
		route         rules.Route
		reply         bool
		alert         bool
	}{
		{"0 a person's registration", "", form, rules.KindRegistration, "", answered, false},
		{"1 Auto-Submitted: auto-replied", "Auto-Submitted: auto-replied", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"2 auto-generated from a partner's CRM is read, not answered", "Auto-Submitted: auto-generated", form, rules.KindRegistration, "", silent, false},
		{"3 auto-generated, nothing registered", "Auto-Submitted: auto-generated", "Your weekly report is ready.\n", rules.KindBulk, rules.RouteReview, silent, false},
		{"4 Auto-Submitted: No with a comment is a person", "Auto-Submitted: No (I wrote this)", form, rules.KindRegistration, "", answered, false},
		{"5 a space before the colon", "Auto-Submitted : auto-replied", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-Autoreply", "X-Autoreply: yes", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-Autorespond", "X-Autorespond: Re: hello", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-Autoresponder", "X-Autoresponder: 1", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-Mail-Autoreply", "X-Mail-Autoreply: yes", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-FC-Machinegenerated", "X-FC-Machinegenerated: true", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-Autoreply: no is a person", "X-Autoreply: no", form, rules.KindRegistration, "", answered, false},
		{"7 Precedence: bulk, content still read", "Precedence: bulk", form, rules.KindRegistration, "", silent, false},
		{"7 Precedence: junk", "Precedence: junk", form, rules.KindRegistration, "", silent, false},
		{"7 Precedence: auto_reply", "Precedence: auto_reply", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"8 X-Auto-Response-Suppress on a human mail", "X-Auto-Response-Suppress: All", form, rules.KindRegistration, "", silent, false},
		{"11 noreply@, content accepted", "From: CRM <noreply@northwind.example>", form, rules.KindRegistration, "", silent, false},
		{"12 our own loop header", "X-Leadmail: partners@leanstack.example", form, rules.KindBulk, rules.RouteAutomatic, silent, true},
		{"13 From is our own address", "From: LEANSTACK <partners@leanstack.example>", form, rules.KindOther, rules.RouteReview, silent, true},
		{"16 over 100 Received lines", strings.Repeat("Received: from a by b; Mon, 2 Mar 2026 08:00:00 +0000\n", 101), form, rules.KindOther, rules.RouteQuarantine, silent, true},
		{"17 List-Id", "List-Id: <weekly.example>", form, rules.KindBulk, rules.RouteReview, silent, false},
		{"17 List-Unsubscribe", "List-Unsubscribe: <mailto:u@weekly.example>", "Our news.\n", rules.KindBulk, rules.RouteReview, silent, false},
		{"18 a calendar request", "Content-Type: text/calendar; method=REQUEST", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", rules.KindBulk, rules.RouteAutomatic, silent, false},
		{"18 a calendar reply", "Content-Type: multipart/alternative; boundary=b", "--b\n\nAccepted\n--b\nContent-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\n--b--\n", rules.KindBulk, rules.RouteAutomatic, silent, false},
		{"19 a receipt of reading", "Content-Type: multipart/report; report-type=disposition-notification; boundary=b", "--b\n\nYour message was read.\n--b\nContent-Type: message/disposition-notification\n\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n", rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"20 a vacation answer to a reminder", "Auto-Submitted: auto-replied (vacation)\nSubject: Out of office: Re: R-7K4Q2M expires\nReturn-Path: <>", "I am away.\n", rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"21 a provider's confirm forwarding", "From: Gmail Team <forwarding-noreply@google.example>\nSubject: Gmail Forwarding Confirmation - Receive Mail from x", "Confirmation code: 1\n", rules.KindBulk, rules.RouteReview, silent, true},
		{"22 a challenge-response robot", "Subject: Please confirm your message", "Click to prove that you are human.\n", rules.KindBulk, rules.RouteReview, silent, false},
		{"23 Return-Path: <>", "Return-Path: <>", form, rules.KindRegistration, "", silent, false},
		{"24 failed 5.1.1", failed, failedBody, rules.KindBounce, rules.RouteBounce, silent, false},
		{"25 delayed", delayed, delayedBody, rules.KindBounce, rules.RouteBounce, silent, false},
		{"26 relayed", relayed, relayedBody, rules.KindBounce, rules.RouteBounce, silent, false},
		{"27 several recipients", several, severalBody, rules.KindBounce, rules.RouteBounce, silent, false},
		{"29 X-Failed-Recipients", "From: Mail Delivery System <Mailer-Daemon@mx.example>\nX-Failed-Recipients: t@kaltwerk.example\nSubject: Mail delivery failed", "This message was created automatically by mail delivery software.\n", rules.KindBounce, rules.RouteReview, silent, false},
		{"29 qmail", "From: MAILER-DAEMON@mx.example\nSubject: failure notice", "Hi. This is the qmail-send program at mx.example.\n", rules.KindBounce, rules.RouteReview, silent, false},
		{"31 a bounce inside a forward", "Subject: Fwd: bounce\nContent-Type: multipart/mixed; boundary=o", "--o\n\nwhat is this?\n--o\nContent-Type: message/rfc822\n\n" + failed + "\n\n" + failedBody + "\n--o--\n", rules.KindOther, rules.RouteReview, silent, false},
		{"32 my address changed, automatic", "Auto-Submitted: auto-replied", "My address changed to x@y.example\n", rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"33 a complaint", "Content-Type: multipart/report; report-type=feedback-report; boundary=b", "--b\n\nspam\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--b--\n", rules.KindBounce, rules.RouteBounce, silent, true},
		{"34 a bounce of a bounce", failed + "\nX-Loop: 1", failedBody, rules.KindBounce, rules.RouteBounce, silent, false},
		{"42 two From headers", "From: a@northwind.example\nFrom: b@northwind.example", form, rules.KindOther, rules.RouteQuarantine, silent, false},
		{"43 one From header, two addresses", "From: a@northwind.example, b@northwind.example", form, rules.KindRegistration, rules.RouteReview, answered, false},
		{"44 a quoted name that shows an address", `From: "boss@corp.example" <evil@x.example>`, form, rules.KindRegistration, "", answered, false},
		{"45 an unquoted name that shows an address", "From: boss@corp.example <evil@x.example>", form, rules.KindRegistration, rules.RouteReview, answered, false},
		{"54 From: <>", "From: <>", "hello\n", rules.KindBounce, rules.RouteBounce, silent, false},
		{"54 MAILER-DAEMON without @", "From: MAILER-DAEMON", "hello\n", rules.KindBounce, rules.RouteBounce, silent, false},
		{"99 10,000 header lines in a part", "Content-Type: multipart/mixed; boundary=b", "--b\n" + strings.Repeat("X-A: b\n", 10000) + "\nhi\n--b--\n", rules.KindOther, rules.RouteQuarantine, silent, false},
		{"100 a header line beyond 256 KB", "X-Long: " + strings.Repeat("a", 300<<10), form, rules.KindOther, rules.RouteQuarantine, silent, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := partners.Parse(partners.Read(eml(c.headers, c.body)))
			if q.Kind != c.kind || q.Handling.Route != c.route || (q.Handling.NoReply == "") != c.reply || q.Handling.Alert != c.alert {
				t.Errorf("got kind %s, %+v\nwant kind %s, route %q, answered %v, alert %v", q.Kind, q.Handling, c.kind, c.route, c.reply, c.alert)
			}
			if q.Handling.Route != "" && q.Handling.Why == "" {
				t.Error("a route without a why")
			}
		})
	}
	t.Run("53 no From at all", func(t *testing.T) {
		t.Parallel()
		q := partners.Parse(partners.Read([]byte("Subject: x\r\n\r\n" + form)))
		if q.Handling.Route != rules.RouteQuarantine || q.Handling.NoReply == "" {
			t.Errorf("got %+v", q.Handling)
		}
	})
	t.Run("98 nested 100 deep, 10,000 parts", func(t *testing.T) {
		t.Parallel()
		deep, body := "Content-Type: multipart/mixed; boundary=b0", ""
		for i := range 100 {
			n := strings.Repeat("x", i+1)
			body += "--b" + strings.Repeat("x", i) + "\nContent-Type: multipart/mixed; boundary=b" + n + "\n\n"
			if i == 0 {
				deep = "Content-Type: multipart/mixed; boundary=b"
			}
		}
		for name, raw := range map[string][]byte{
			"deep": eml(deep, body),
			"wide": eml("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\n\nhi\n", 10000)+"--b--\n"),
		} {
			if q := partners.Parse(partners.Read(raw)); q.Handling.Route != rules.RouteQuarantine {
				t.Errorf("%s: %+v", name, q.Handling)
			}
		}
	})
	t.Run("44 identity is the addr-spec", func(t *testing.T) {
		t.Parallel()
		m := partners.Read(eml(`From: "boss@corp.example" <evil@x.example>`, form))
		if m.From != "evil@x.example" || m.FromName != "boss@corp.example" {
			t.Errorf("got %q %q", m.From, m.FromName)
		}
	})
	t.Run("27, 28 an outcome each, with the Message-ID of our mail", func(t *testing.T) {
		t.Parallel()
		got := partners.Read(eml(several, severalBody)).Reports()
		want := []Report{
			{"a@kaltwerk.example", "failed", "5.1.1", "ours-1@leanstack.example"},
			{"b@kaltwerk.example", "delivered", "2.0.0", "ours-1@leanstack.example"},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
	t.Run("a zero Reader takes no mail for its own", func(t *testing.T) {
		t.Parallel()
		q := Reader{}.Parse(Reader{}.Read(eml("X-Leadmail: partners@leanstack.example", form)))
		if q.Kind != rules.KindRegistration || q.Handling.Route != "" {
			t.Errorf("got %s %+v", q.Kind, q.Handling)
		}
	})
}
