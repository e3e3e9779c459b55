package desk

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"leadmail/rules"
	"leadmail/store"
)

// In mode dkim a name server that does not answer is no failure: the mail waits,
// and is registered as of its receipt once the key can be had. In mode results a
// temporary word of the server is made good in the same way.
func TestTheKeyCanBeHadLater(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, trust := range map[string]rules.Trust{
		"dkim":    {Mode: rules.AuthDKIM},
		"results": {Mode: rules.AuthResults, AuthservID: server, Accept: []rules.AuthMethod{rules.AcceptDMARC, rules.AcceptDKIM}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			up, asked := false, 0
			b.o.Trust = trust
			b.o.LookupTXT = func(_ context.Context, name string) ([]string, error) {
				asked++
				if !up || name != "s1._domainkey.partner.example" {
					return nil, &net.DNSError{Err: "timeout", Name: name, IsTimeout: true, IsTemporary: true}
				}
				return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}, nil
			}
			var signed bytes.Buffer
			err := dkim.Sign(&signed, bytes.NewReader(leadMail(1, "one.example")), &dkim.SignOptions{Domain: "partner.example", Selector: "s1", Signer: private, Hash: crypto.SHA256})
			b.must(err)
			raw := append([]byte("Authentication-Results: "+server+"; dmarc=temperror\r\n"), signed.Bytes()...)
			b.must(b.host.Deliver(mailbox, raw))
			d := b.desk()
			received := b.clock()
			b.must(d.Settle(t.Context()))
			state := func() (m store.InboxMessage, regs []rules.Registration) {
				t.Helper()
				b.must(b.db.View(t.Context(), func(tx *store.Tx) (err error) {
					if m, err = tx.Inbox(1); err == nil {
						regs, err = tx.Registrations(store.RegistrationFilter{})
					}
					return err
				}))
				return m, regs
			}
			if m, regs := state(); m.State != rules.MailFound || m.Retries != 1 || len(regs) != 0 || asked != 1 {
				t.Fatalf("with the name server down it is %+v, after %d questions", m, asked)
			}
			up = true
			b.later(retries[0])
			b.must(d.Settle(t.Context()))
			m, regs := state()
			if m.State != rules.MailFiled || m.Verdict != rules.Verified || len(regs) != 1 || !regs[0].Received.Equal(received) {
				t.Errorf("with the key at hand it is %+v, registered %+v", m, regs)
			}
			b.must(b.db.View(t.Context(), func(tx *store.Tx) error {
				records, err := tx.Decision(1)
				b.must(err)
				if e := records[0].Book.Sender.Evidence; e == nil || !strings.Contains(e.Proof, "dkim=pass") || e.Authority != "leadmail" {
					t.Errorf("the evidence on record: %+v", e)
				}
				return nil
			}))
		})
	}
}

// Without a signature, a changed body or somebody else's key, mode dkim holds.
func TestModeDKIMHoldsTheRest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.o.Trust = rules.Trust{Mode: rules.AuthDKIM}
	b.o.LookupTXT = func(context.Context, string) ([]string, error) {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	b.must(b.host.Deliver(mailbox, append([]byte("Authentication-Results: mx; dmarc=pass header.from=partner.example\r\n"), leadMail(1, "one.example")...)))
	b.must(b.desk().Settle(t.Context()))
	b.must(b.db.View(t.Context(), func(tx *store.Tx) error {
		m, err := tx.Inbox(1)
		if m.State != rules.MailHeld || m.Verdict != rules.Unverified {
			t.Errorf("an unsigned mail is %+v", m)
		}
		return err
	}))
}
