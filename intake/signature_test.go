package intake

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"leadmail/rules"
)

// signingKeys are made once: an RSA key takes a while.
var signingKeys = sync.OnceValue(func() map[string]crypto.Signer {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return map[string]crypto.Signer{"rsa": r, "ed25519": e}
})

func keyRecord(t *testing.T, kind string) string {
	t.Helper()
	switch public := signingKeys()[kind].Public().(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	default:
		b, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(b)
	}
}

const signedText = "From: Pat <pat@partner.example>\r\nTo: partners@vendor.example\r\nSubject: A lead, and a subject that is rather long\r\nMessage-ID: <s1@partner.example>\r\n\r\nFirst name: Ada\r\nCompany: Acme\r\n"

func sign(t *testing.T, text, kind, domain string, change func(*dkim.SignOptions)) string {
	t.Helper()
	o := &dkim.SignOptions{Domain: domain, Selector: kind, Signer: signingKeys()[kind], Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed}
	if change != nil {
		change(o)
	}
	var b bytes.Buffer
	if err := dkim.Sign(&b, strings.NewReader(text), o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Signatures that were really made, and what breaks them, by our own look in mode
// dkim: the verdict on pat@partner.example.
func TestSignatures(t *testing.T) {
	t.Parallel()
	simple := func(o *dkim.SignOptions) {
		o.HeaderCanonicalization, o.BodyCanonicalization = dkim.CanonicalizationSimple, dkim.CanonicalizationSimple
	}
	folded := strings.NewReplacer("a subject that", "a subject\r\n that")
	type answer func(name string) ([]string, error)
	var usual answer = func(name string) ([]string, error) {
		kind, _, _ := strings.Cut(name, ".")
		return []string{keyRecord(t, kind)}, nil
	}
	for _, kind := range []string{"rsa", "ed25519"} {
		for name, c := range map[string]struct {
			mail string
			dns  answer
			want rules.Verdict
		}{
			"as it was signed":              {sign(t, signedText, kind, "partner.example", nil), usual, rules.Verified},
			"with bare line ends":           {strings.ReplaceAll(sign(t, signedText, kind, "partner.example", nil), "\r\n", "\n"), usual, rules.Verified},
			"by a subdomain":                {sign(t, signedText, kind, "mail.partner.example", nil), usual, rules.Verified},
			"re-folded, relaxed":            {folded.Replace(sign(t, signedText, kind, "partner.example", nil)), usual, rules.Verified},
			"re-folded, simple":             {folded.Replace(sign(t, signedText, kind, "partner.example", simple)), usual, rules.Unverified},
			"the body changed":              {strings.Replace(sign(t, signedText, kind, "partner.example", nil), "Company: Acme", "Company: Evil", 1), usual, rules.Unverified},
			"the subject changed":           {strings.Replace(sign(t, signedText, kind, "partner.example", nil), "A lead", "A loan", 1), usual, rules.Unverified},
			"lines added to the body":       {sign(t, signedText, kind, "partner.example", nil) + "Lead type: Q\r\n", usual, rules.Unverified},
			"a body signed in part (l=)":    {strings.Replace(sign(t, signedText, kind, "partner.example", nil), "DKIM-Signature: ", "DKIM-Signature: l=5; ", 1), usual, rules.Unverified},
			"by another domain":             {sign(t, signedText, kind, "evil.example", nil), usual, rules.Unverified},
			"by a domain that ends like it": {sign(t, signedText, kind, "evilpartner.example", nil), usual, rules.Unverified},
			"a signature past its end (x=)": {sign(t, signedText, kind, "partner.example", func(o *dkim.SignOptions) { o.Expiration = time.Unix(1577880000, 0) }), usual, rules.Unverified},
			"a key that was withdrawn (p=)": {sign(t, signedText, kind, "partner.example", nil), func(string) ([]string, error) { return []string{"v=DKIM1; k=" + kind + "; p="}, nil }, rules.Unverified},
			"somebody else's key":           {sign(t, signedText, kind, "partner.example", nil), func(string) ([]string, error) { return []string{otherKey()}, nil }, rules.Unverified},
			"no key":                        {sign(t, signedText, kind, "partner.example", nil), func(string) ([]string, error) { return nil, &net.DNSError{Err: "no such host", IsNotFound: true} }, rules.Unverified},
			"the name server does not answer": {sign(t, signedText, kind, "partner.example", nil), func(string) ([]string, error) {
				return nil, &net.DNSError{Err: "i/o timeout", IsTimeout: true, IsTemporary: true}
			}, rules.Temporary},
			"not signed":              {signedText, usual, rules.Unverified},
			"a second From put above": {"From: Eve <eve@evil.example>\r\n" + sign(t, signedText, kind, "partner.example", nil), usual, rules.Unverified},
		} {
			m := Reader{}.Read([]byte(c.mail))
			creds := m.Credentials(rules.Trust{Mode: rules.AuthDKIM})
			creds.Results = Signatures(t.Context(), []byte(c.mail), func(_ context.Context, name string) ([]string, error) { return c.dns(name) })
			if v, e := (rules.Trust{Mode: rules.AuthDKIM}).Judge(creds); v != c.want {
				t.Errorf("%s, %s: %s (%s), want %s", kind, name, v, e.Why, c.want)
			}
		}
	}
}

func otherKey() string {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
}

// Whoever sends a mail with a hundred signatures makes us ask three times, and a
// name server that never answers costs no more than the deadline.
func TestSignaturesAreBounded(t *testing.T) {
	t.Parallel()
	mail := sign(t, signedText, "ed25519", "partner.example", nil)
	for i := range 100 {
		mail = fmt.Sprintf("DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example; s=s; h=From; bh=MTIz; b=MTIz\r\n%s", i, mail)
	}
	var asked atomic.Int64 // the signatures are verified side by side
	Signatures(t.Context(), []byte(mail), func(context.Context, string) ([]string, error) {
		asked.Add(1)
		return nil, errors.New("no")
	})
	if n := asked.Load(); n != maxSignatures {
		t.Errorf("%d questions, want %d", n, maxSignatures)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := Signatures(ctx, []byte(sign(t, signedText, "ed25519", "partner.example", nil)), func(ctx context.Context, _ string) ([]string, error) {
		<-ctx.Done()
		return nil, &net.DNSError{Err: ctx.Err().Error(), IsTimeout: true, IsTemporary: true}
	})
	if len(got) != 1 || got[0].Result != "temperror" {
		t.Errorf("a name server that is silent: %v", got)
	}
}
