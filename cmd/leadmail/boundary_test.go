package main

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
)

// honest is a receiving server that knows its trade: what comes in under its own
// name goes out, and its own result is put on top. Submitted mail gets none.
func honest(raw []byte, authenticated bool) []byte {
	raw = regexp.MustCompile(`(?mi)^Authentication-Results: mx\.vendor\.example.*\r\n`).ReplaceAll(raw, nil)
	if authenticated {
		return raw
	}
	return append([]byte("Authentication-Results: mx.vendor.example; dmarc=pass header.from="+string(intake.Reader{}.Read(raw).From.Domain())+"\r\n"), raw...)
}

// outsider hands a mail to a server without a login, as the world does.
func outsider(t *testing.T, addr, raw string) {
	t.Helper()
	s := notify.SMTP{Addr: addr, TLS: "none", Hello: "outside.example"}
	if err := s.Deliver(context.Background(), "you@outside.example", "partners@vendor.example", []byte(raw)); err != nil {
		t.Fatal(err)
	}
}

// said cuts the text to be repeated out of what check prints.
func said(t *testing.T, out string) string {
	t.Helper()
	from := strings.Index(out, "    Authentication-Results:")
	if from < 0 {
		t.Fatalf("no text to repeat:\n%s", out)
	}
	var b strings.Builder
	for line := range strings.Lines(out[from:]) {
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "    ") {
			break
		}
		b.WriteString(strings.TrimSpace(line) + "\r\n")
		if strings.Contains(line, "needs no answer") {
			break
		}
	}
	return b.String()
}

func TestTheBoundaryIsTried(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	h := p.server()
	h.Receive = honest
	p.file("leadmail.yaml", strings.ReplaceAll(p.text(), "authentication: {mode: trust_from}", "authentication: {mode: results, authserv_id: mx.vendor.example}"))

	p.run("", "check").done().says("warn  boundary", "nobody has tried yet", "leadmail check --boundary").saysNot("warn  sender")
	first := p.run("", "check", "--boundary").done().says("a forged mail is on its way", "Now repeat it from outside", "Authentication-Results: mx.vendor.example (leadmail probe ", "Subject: leadmail probe ")
	// By submission nothing is proved, whatever it looks like.
	p.run("", "check").done().says("it came by a submission account, which is not the path from outside", "nobody has tried yet")
	outsider(t, h.SMTPAddr, said(t, first.out))
	p.run("", "check").done().says("ok    boundary", "it came from outside: the forged field was taken out, and the server's own is there", "of the last 1 mail(s) from outside 1 carry the field of mx.vendor.example on top, 0 carry it twice")
	// The proof stays, with its date, and is another server's no more.
	p.run("", "check").done().says("ok    boundary")
	p.file("leadmail.yaml", strings.ReplaceAll(p.text(), "mx.vendor.example", "mx2.vendor.example"))
	p.run("", "check").exits(exitFailed).says("no field of mx2.vendor.example is there", "warn  results", "compare authentication.authserv_id")
}

// Each start warns until there is a proof, and of one that is bad.
func TestRunWarnsOfTheBoundary(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	db, err := store.Open(t.Context(), filepath.Join(p.dir, "leadmail.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	trust := rules.Trust{Mode: rules.AuthResults, AuthservID: "mx.vendor.example"}
	warned := func(trust rules.Trust) string {
		t.Helper()
		var b strings.Builder
		if err := warnOfBoundary(t.Context(), db, trust, slog.New(slog.NewTextHandler(&b, nil))); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	note := func(text string) {
		t.Helper()
		if err := db.Update(t.Context(), testNow, func(tx *store.Tx) error { return tx.SaveSetting(proofName, text) }); err != nil {
			t.Fatal(err)
		}
	}
	if got := warned(trust); !strings.Contains(got, "nobody has tried yet") {
		t.Errorf("without a proof: %q", got)
	}
	note(`{"for": "mx.vendor.example", "outside": true, "holds": false, "seen": "the forged field stands on top"}`)
	if got := warned(trust); !strings.Contains(got, "does not hold: the forged field stands on top") {
		t.Errorf("with a bad one: %q", got)
	}
	note(`{"for": "mx.vendor.example", "outside": true, "holds": true}`)
	if got := warned(trust); got != "" {
		t.Errorf("with a proof: %q", got)
	}
	if got := warned(rules.Trust{Mode: rules.AuthResults, Microsoft365: true}); !strings.Contains(got, "nobody has tried yet") {
		t.Errorf("with the proof of another server: %q", got)
	}
	if got := warned(rules.Trust{Mode: rules.AuthDKIM}); got != "" {
		t.Errorf("in mode dkim there is no boundary: %q", got)
	}
}

func TestABoundaryThatDoesNotHold(t *testing.T) {
	t.Parallel()
	p := withPartner(t)
	h := p.server() // it delivers what comes
	p.file("leadmail.yaml", strings.ReplaceAll(p.text(), "authentication: {mode: trust_from}", "authentication: {mode: results, authserv_id: mx.vendor.example}"))
	first := p.run("", "check", "--boundary").done()
	outsider(t, h.SMTPAddr, said(t, first.out))
	p.run("", "check").exits(exitFailed).says("FAIL  boundary", "whoever writes it is believed", "try: have the server remove fields of its own name")
}

func TestExamine(t *testing.T) {
	t.Parallel()
	results := rules.Trust{Mode: rules.AuthResults, AuthservID: "mx.vendor.example"}
	ms := rules.Trust{Mode: rules.AuthResults, Microsoft365: true}
	forged := "Authentication-Results: mx.vendor.example (leadmail probe N1); dmarc=pass header.from=outside.example\r\n"
	rest := "From: you@outside.example\r\nSubject: leadmail probe N1 outside\r\nX-Leadmail-Probe: N1\r\n\r\n"
	via := "Received: from out.example by mx.vendor.example with ESMTPS id 1\r\nReceived: from laptop by out.example with ESMTPSA id 2\r\n"
	for name, c := range map[string]struct {
		mail    string
		trust   rules.Trust
		outside bool
		holds   bool
	}{
		"above":                     {via + "Authentication-Results: MX.vendor.example; none\r\n" + forged + rest, results, true, true},
		"taken out":                 {via + "Authentication-Results: mx.vendor.example; none\r\n" + rest, results, true, true},
		"forged on top":             {via + forged + "Authentication-Results: mx.vendor.example; none\r\n" + rest, results, true, false},
		"forged alone":              {via + forged + rest, results, true, false},
		"nothing stated":            {via + rest, results, true, false},
		"the forged one not sent":   {via + "Authentication-Results: mx.vendor.example; none\r\n" + strings.Replace(rest, "X-Leadmail-Probe: N1\r\n", "", 1), results, true, false},
		"submitted with a login":    {"Received: from laptop by mx.vendor.example with ESMTPSA id 1\r\nAuthentication-Results: mx.vendor.example; none\r\n" + rest, results, false, true},
		"delivered locally first":   {"Received: by imap.vendor.example with LMTP id 0\r\n" + via + "Authentication-Results: mx.vendor.example; none\r\n" + rest, results, true, true},
		"Microsoft's own":           {via + "Authentication-Results: spf=pass smtp.mailfrom=x; dmarc=pass header.from=y\r\nAuthentication-Results: dmarc=pass (leadmail probe N1) header.from=outside.example\r\n" + rest, ms, true, true},
		"Microsoft's is not on top": {via + "Authentication-Results: dmarc=pass (leadmail probe N1) header.from=outside.example\r\n" + rest, ms, true, false},
	} {
		p := examine(intake.Reader{}.Read([]byte(c.mail)), c.trust, "N1")
		if p.Outside != c.outside || p.Holds != c.holds {
			t.Errorf("%s: %+v, want outside %v, holds %v", name, p, c.outside, c.holds)
		}
	}
	if raw := probe(results, "partners@vendor.example", "N1", "outside", "you@outside.example"); !bytes.Contains([]byte(raw), []byte(strings.TrimSpace(forged))) {
		t.Errorf("the probe does not forge:\n%s", raw)
	}
}
