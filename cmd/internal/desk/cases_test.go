package desk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"leadmail/rules"
	"leadmail/store"
)

// server is the name by which the receiving server of these tests states results.
const server = "mx.vendor.example"

// trusting makes a bench's desk read the results of that server.
func trusting(b *bench) *bench {
	b.o.Trust = rules.Trust{Mode: rules.AuthResults, AuthservID: server, Accept: []rules.AuthMethod{rules.AcceptDMARC, rules.AcceptDKIM}}
	return b
}

// passed is what the server states of a mail whose sender is proved.
func passed(domain string) string {
	return "Authentication-Results: " + server + "; dmarc=pass header.from=" + domain + "\n"
}

const leadBody = "First name: Ada\nLast name: Okafor\nEmail: ada@acme.example\nURL: https://acme.example\nCompany: Acme\nLead type: Qualified Lead\n"

// The cases of MAIL.md about loops and about who it is, by their numbers: a raw
// mail, the verdict on its sender, and what becomes of it. Pat is a partner; a
// mail has an answer of the kind named, none, or one that is withheld.
func TestTheCatalogue(t *testing.T) {
	t.Parallel()
	const from, to = "From: Pat <pat@partner.example>\n", "To: partners@vendor.example\n"
	ok := passed("partner.example")
	fails := "Authentication-Results: " + server + "; dmarc=fail header.from=partner.example\n"
	nothing := "Authentication-Results: " + server + "; dmarc=none header.from=partner.example\n"
	d := trusting(newBench(t)).desk()    // Decide changes nothing: one for all
	cyrillic := "xn--prtner-3nf.example" // pаrtner with a Cyrillic а
	for _, c := range []struct {
		n       int
		name    string
		header  string
		body    string
		verdict rules.Verdict
		want    string
	}{
		{1, "auto-replied", ok + from + to + "Auto-Submitted: auto-replied\n", "I am away", rules.Verified, "ignored Automatic none"},
		{2, "a partner's CRM", ok + from + to + "Auto-Submitted: auto-generated\n", leadBody, rules.Verified, "decided Processed verdicts withheld"},
		{3, "a stranger's program", passed("else.example") + "From: x@else.example\n" + to + "Auto-Submitted: auto-generated\n", "News", rules.Verified, "held Review none"},
		{4, "No (comment)", ok + from + to + "Auto-Submitted: No (really)\n", leadBody, rules.Verified, "decided Processed verdicts"},
		{5, "a space before the colon", ok + from + to + "Auto-Submitted : auto-replied\n", "I am away", rules.Verified, "ignored Automatic none"},
		{6, "an auto-responder's own header", ok + from + to + "X-Autoreply: yes\n", "I am away", rules.Verified, "ignored Automatic none"},
		{7, "Precedence: bulk", ok + from + to + "Precedence: bulk\n", leadBody, rules.Verified, "decided Processed verdicts withheld"},
		{8, "X-Auto-Response-Suppress", ok + from + to + "X-Auto-Response-Suppress: All\n", leadBody, rules.Verified, "decided Processed verdicts withheld"},
		{9, "away, by the subject alone", ok + from + to + "Subject: Abwesenheitsnotiz: bis Montag\n", "Ich bin bis Montag nicht im Büro.", rules.Verified, "ignored Automatic none"},
		{11, "noreply@", ok + "From: noreply@partner.example\n" + to, leadBody, rules.Verified, "held Review unknown_sender withheld"},
		{12, "our own mail comes back", passed("vendor.example") + "From: partners@vendor.example\n" + to + "X-Leadmail: partners@vendor.example\n", leadBody, rules.Verified, "ignored Automatic none alert"},
		{13, "From is our own address", passed("vendor.example") + "From: partners@vendor.example\n" + to, leadBody, rules.Verified, "held Review none alert"},
		{16, "a hundred and one hops", ok + strings.Repeat("Received: by x\n", 101) + from + to, leadBody, rules.Verified, "quarantined Quarantine none alert"},
		{17, "a mailing list", ok + from + to + "List-Id: <news.partner.example>\n", leadBody, rules.Verified, "held Review none"},
		{18, "a calendar", ok + from + to + "Content-Type: text/calendar; method=REQUEST\n", "BEGIN:VCALENDAR", rules.Verified, "ignored Automatic none"},
		{21, "a provider confirms forwarding", passed("google.com") + "From: forwarding-noreply@google.com\n" + to + "Subject: Forwarding Confirmation\n", "Click", rules.Verified, "held Review none alert"},
		{22, "a challenge", ok + from + to + "X-Challenge: yes\n", "Prove yourself", rules.Verified, "held Review none"},

		{36, "DMARC fails for a partner", fails + from + to, leadBody, rules.Failed, "quarantined Quarantine none alert"},
		{36, "DMARC fails for a stranger", strings.ReplaceAll(fails, "partner", "else") + "From: x@else.example\n" + to, leadBody, rules.Failed, "held Review none"},
		{37, "no proof, a partner's address", nothing + from + to, leadBody, rules.Unverified, "held Review unverified"},
		{37, "no proof, a stranger's", "From: x@else.example\n" + to, leadBody, rules.Unverified, "held Review none"},
		{38, "forged above and below", "Authentication-Results: mx.evil.example; dmarc=pass header.from=partner.example\n" + nothing + ok + from + to, leadBody, rules.Unverified, "held Review unverified"},
		{39, "pass in a comment", strings.Replace(nothing, "dmarc=none", "dmarc=none (dmarc=pass header.from=partner.example)", 1) + from + to, leadBody, rules.Unverified, "held Review unverified"},
		{39, "pass in MAIL FROM", strings.Replace(nothing, "; ", `; spf=pass smtp.mailfrom="a; dmarc=pass header.from=partner.example"@evil.example; `, 1) + from + to, leadBody, rules.Unverified, "held Review unverified"},
		{40, "SPF of the envelope only", "Authentication-Results: " + server + "; spf=pass smtp.mailfrom=x@evil.example\n" + from + to, leadBody, rules.Unverified, "held Review unverified"},
		{41, "an internal hop above the server that we believe", "Authentication-Results: inner.vendor.example; spf=fail smtp.mailfrom=x@partner.example\n" + ok + from + to, leadBody, rules.Verified, "decided Processed verdicts"},
		{42, "two From headers", ok + from + "From: boss@partner.example\n" + to, leadBody, rules.Unverified, "quarantined Quarantine none"},
		{43, "one From header, two addresses", ok + "From: pat@partner.example, x@partner.example\n" + to, leadBody, rules.Unverified, "held Review none"},
		{44, "a display name that shows another address", passed("evil.example") + "From: \"pat@partner.example\" <x@evil.example>\n" + to, leadBody, rules.Verified, "held Review unknown_sender"},
		{45, "the same unquoted", passed("evil.example") + "From: pat@partner.example <x@evil.example>\n" + to, leadBody, rules.Unverified, "held Review none"},
		{46, "Reply-To differs", ok + from + to + "Reply-To: crm@else.example\n", leadBody, rules.Verified, "decided Processed verdicts"},
		{47, "Reply-To names a crowd", ok + from + to + "Reply-To: a@else.example, b@else.example\n", leadBody, rules.Verified, "decided Processed verdicts withheld"},
		{48, "Sender of another domain", ok + from + to + "Sender: crm@service.example\n", leadBody, rules.Verified, "decided Processed verdicts"},
		{49, "a homograph's own DMARC", passed(cyrillic) + "From: pat@" + cyrillic + "\n" + to, leadBody, rules.Verified, "held Review none"},
		{50, "another letter case", ok + "From: Pat@partner.example\n" + to, leadBody, rules.Verified, "held Review unknown_sender"},
		{50, "a plus-address", ok + "From: pat+crm@partner.example\n" + to, leadBody, rules.Verified, "held Review unknown_sender"},
		{51, "a new address in the domain", ok + "From: tom@partner.example\n" + to, leadBody, rules.Verified, "held Review unknown_sender"},
		{53, "no From", ok + to, leadBody, rules.Unverified, "quarantined Quarantine none"},
		{54, "From: <>", "From: <>\n" + to, "bounced", rules.Unverified, "ignored Bounces none"},
		{55, "an internationalised address", passed("partner.example") + "From: pät@partner.example\n" + to, leadBody, rules.Verified, "held Review unknown_sender"},
		{55, "an internationalised domain", passed("xn--bcher-kva.example") + "From: pat@bücher.example\n" + to, leadBody, rules.Verified, "held Review unknown_sender"},
		{56, "headers of our own namespace", ok + from + to + "X-Leadmail-Verdict: verified\nX-Leadmail: somebody@else.example\n", leadBody, rules.Verified, "decided Processed verdicts"},
		{57, "ARC", nothing[:len(nothing)-1] + "; arc=pass\nARC-Authentication-Results: i=1; " + server + "; dmarc=pass header.from=partner.example\n" + from + to, leadBody, rules.Unverified, "held Review unverified"},
		{58, "signed long ago", ok + from + to + "Date: Sat, 22 Nov 2025 09:00:00 +0000\n", leadBody, rules.Verified, "held Review none"},

		{131, "we are only in Cc", ok + from + "To: ada@acme.example\nCc: partners@vendor.example\n", leadBody, rules.Verified, "decided Processed verdicts"},
		{132, "Lena via Partners", passed("vendor.example") + "From: \"'Lena' via Partners\" <partners@vendor.example>\nList-Id: <partners.vendor.example>\nX-Original-From: Lena <pat@partner.example>\n" + to, leadBody, rules.Verified, "held Review none"},
		{133, "staff without a token", passed("vendor.example") + "From: desk@vendor.example\n" + to, leadBody, rules.Verified, "ignored Processed none"},
		{133, "staff, unproved", "From: desk@vendor.example\n" + to, leadBody, rules.Unverified, "held Review none alert"},
		{134, "thanks", ok + from + to, "Thank you!", rules.Verified, "ignored Processed none"},
	} {
		t.Run(fmt.Sprintf("%d %s", c.n, c.name), func(t *testing.T) {
			header := c.header
			if !strings.Contains(header, "Subject:") {
				header += "Subject: A lead\n"
			}
			raw := strings.ReplaceAll(header+"Message-ID: <c@partner.example>\n\n"+c.body, "\n", "\r\n")
			p, err := d.Decide(t.Context(), []byte(raw), d.Now(), true)
			if err != nil {
				t.Fatal(err)
			}
			if p.Book.Sender.Verdict != c.verdict {
				t.Errorf("the sender is %s (%+v), want %s", p.Book.Sender.Verdict, p.Book.Sender.Evidence, c.verdict)
			}
			got := fmt.Sprintf("%s %s %s", p.Decision.State, p.Decision.Folder, p.Decision.Reply)
			if p.Decision.Reply == rules.ReplyNone {
				got += "none"
			}
			if p.Decision.Withheld != "" {
				got += " withheld"
			}
			if p.Decision.Alert {
				got += " alert"
			}
			if got != c.want {
				t.Errorf("%s (%s %s), want %s", got, p.Decision.Why, p.Decision.Withheld, c.want)
			}
			if p.Decision.Reply != "" && p.Reply.To != p.Request.From {
				t.Errorf("the answer goes to %s, not to From", p.Reply.To)
			}
			if !p.Book.Sender.Verdict.Known() && len(p.Decision.Judgements) > 0 {
				t.Errorf("an unproved mail decides %+v", p.Decision.Judgements)
			}
			if c.n == 131 {
				if j := p.Decision.Judgements; len(j) != 1 || j[0].Decision != rules.NeedsInfo || !strings.Contains(p.Reply.Text, "You copied us") || !strings.Contains(p.Reply.Text, "acme.example the website? Reply YES") {
					t.Errorf("what was read is not proposed: %+v\n%s", j, p.Reply.Text)
				}
			}
			if (c.n == 50 || c.n == 51) && p.Book.Sender.Resembles != "pat" {
				t.Errorf("nobody is told that it is like an address of pat's")
			}
		})
	}
}

// A temporary result is no failure: the mail waits, and is decided as of its
// receipt when the server's word, or the signature, can be had.
func TestATemporaryResultWaits(t *testing.T) {
	t.Parallel()
	b := trusting(newBench(t))
	d := b.desk()
	received := b.clock()
	doubtful := strings.ReplaceAll("Authentication-Results: "+server+"; dmarc=temperror header.from=partner.example\nFrom: Pat <pat@partner.example>\nTo: partners@vendor.example\nMessage-ID: <w@partner.example>\n\n"+leadBody, "\n", "\r\n")
	b.must(b.host.Deliver(mailbox, []byte(doubtful)))
	at := func() store.InboxMessage {
		t.Helper()
		var m store.InboxMessage
		b.must(b.db.View(t.Context(), func(tx *store.Tx) (err error) { m, err = tx.Inbox(1); return err }))
		return m
	}
	for i, wait := range retries {
		b.must(d.Settle(t.Context()))
		if m := at(); m.State != rules.MailFound || m.Retries != i+1 || !m.RetryAt.Equal(b.clock().Add(wait)) || !strings.Contains(m.Why, "temperror") {
			t.Fatalf("after look %d: %+v", i+1, m)
		}
		b.must(d.Settle(t.Context()))
		if m := at(); m.Retries != i+1 {
			t.Fatalf("it was looked at again at once: %+v", m)
		}
		b.later(wait)
	}
	b.must(d.Settle(t.Context()))
	m := at()
	if m.State != rules.MailHeld || m.Verdict != rules.Temporary || m.Folder != rules.FolderReview || !m.Received.Equal(received.Truncate(time.Second)) {
		t.Errorf("in the end: %+v", m)
	}
	if n := len(b.mails(pat, "INBOX")); n != 0 {
		t.Errorf("%d answers to a sender who is not proved", n)
	}
}
