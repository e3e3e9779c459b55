package rules

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOrganisation(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	p.VendorDomains = []string{"leanstack.example"}
	p.SharedHosts = []SharedHost{{Host: "hub.university.example", Prefix: "startups", Segments: 1}}
	for _, c := range []struct {
		name, url string
		want      OrganisationKey
		err       error
	}{
		{"a bare domain", "acme.example", "acme.example", nil},
		{"scheme, www, port, path and case do not count", "HTTPS://WWW.Acme.Example:443/About?x=1#y", "acme.example", nil},
		{"a trailing full stop", "acme.example.", "acme.example", nil},
		{"a subdomain is the organisation's", "shop.eu.acme.co.uk", "acme.co.uk", nil},
		{"a private suffix separates its users", "acme.myshopify.com", "acme.myshopify.com", nil},
		{"a private suffix alone is nobody", "https://myshopify.com", "", ErrNoOrganisation},
		{"a country's suffix alone is nobody", "co.uk", "", ErrNoOrganisation},
		{"an internationalised name as A-labels", "https://müller-köln.de", "xn--mller-kln-67a3d.de", nil},
		{"the same name already in A-labels", "xn--mller-kln-67a3d.de", "xn--mller-kln-67a3d.de", nil},
		{"a company page", "https://de.linkedin.com/company/Acme-GmbH/about/", "linkedin.com/company/acme-gmbh", nil},
		{"a personal profile is no organisation", "https://www.linkedin.com/in/jane-doe", "", ErrNoOrganisation},
		{"a shared host without a page", "https://linkedin.com", "", ErrNoOrganisation},
		{"a Facebook page", "facebook.com/acmebakery", "facebook.com/acmebakery", nil},
		{"a Facebook page by its other name", "https://m.fb.com/AcmeBakery?ref=x", "facebook.com/acmebakery", nil},
		{"a page whose name holds what a web address escapes", "facebook.com/Caf%C3%89%20100%25%3F", "facebook.com/caf%c3%a9%20100%25%3f", nil},
		{"an escaped page of a domain's own", "acme.example/100%25%3Fup", "acme.example", nil},
		{"a Facebook group", "facebook.com/groups/12345", "", ErrNoOrganisation},
		{"an Instagram page", "https://instagram.com/acme.bakery/", "instagram.com/acme.bakery", nil},
		{"an Instagram picture", "https://instagram.com/p/Cxyz", "", ErrNoOrganisation},
		{"a Google site", "https://sites.google.com/view/acme/home", "sites.google.com/view/acme", nil},
		{"a shared document", "https://docs.google.com/spreadsheets/d/1", "", ErrNoOrganisation},
		{"a host that the operator added", "https://hub.university.example/startups/acme", "hub.university.example/startups/acme", nil},
		{"a mail provider", "https://gmail.com", "", ErrNoOrganisation},
		{"the vendor itself", "https://app.leanstack.example/x", "", ErrNoOrganisation},
		{"a name that only ends like the vendor's", "notleanstack.example", "notleanstack.example", nil},
		{"an IP address", "http://192.0.2.7/", "", ErrInvalid},
		{"an IPv6 address", "http://[2001:db8::1]/", "", ErrInvalid},
		{"a number that browsers take for an address", "http://0x7f.1", "", ErrInvalid},
		{"a single label", "http://intranet/", "", ErrInvalid},
		{"a user name in front of the host", "https://acme.example@evil.example/", "", ErrInvalid},
		{"another scheme", "ftp://acme.example", "", ErrInvalid},
		{"prose", "none yet", "", ErrInvalid},
		{"nothing", "", "", ErrInvalid},
		{"a label of 64 letters", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example", "", ErrInvalid},
	} {
		got, err := p.Organisation(c.url)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: Organisation(%q) = %q, %v; want %q, %v", c.name, c.url, got, err, c.want, c.err)
		}
	}
}

func TestSameName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"Acme Ltd", "ACME Limited", true},
		{"Kuanza Coffee, Inc.", "kuanza coffee", true},
		{"Fietsfabriek B.V.", "Fietsfabriek", true},
		{"Zwinnie sp. z o.o.", "Zwinnie", true},
		{"Miller & Co. KG", "Miller", true},
		{"Cork & Craft", "Cork and Craft", true},
		{"Pol-Meble", "PolMeble", true},
		{"Müller Köln GmbH", "Muller Koln", true},
		{"株式会社さくら", "さくら", true},
		{"Acme", "Acme Robotics", true},
		{"Reiss Robotik", "Reis Robotik", true},
		{"", "Acme", true},
		{"Acme Robotics", "Bolt Foundry", false},
		{"Acme", "Acne", false},
		{"Sunrise Agro", "Sunset Logistics", false},
	} {
		if got := SameName(c.a, c.b); got != c.want {
			t.Errorf("SameName(%q, %q) = %v", c.a, c.b, got)
		}
		if SameName(c.a, c.b) != SameName(c.b, c.a) {
			t.Errorf("SameName(%q, %q) depends on the order", c.a, c.b)
		}
	}
}

func TestSuspicious(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host string
		want bool
	}{
		{"acme.example", false},
		{"müller.example", false},
		{"пример.рф", false},
		{"例え.テスト", false},
		{"аcme.example", true},       // Cyrillic а before Latin letters
		{"арр.example", true},        // Cyrillic letters alone that look like "app"
		{"xn--pple-43d.com", true},   // the same trick in A-labels
		{"xn--80ak6aa92e.com", true}, // "apple", all Cyrillic
	} {
		if got := Suspicious(c.host); got != c.want {
			t.Errorf("Suspicious(%q) = %v", c.host, got)
		}
	}
}

func TestPublicMail(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	p.MailDomains = []string{"mailbox.test"}
	for domain, want := range map[string]bool{"gmail.com": true, "GMX.de": true, "mailbox.test": true, "acme.example": false} {
		if got := p.PublicMail(domain); got != want {
			t.Errorf("PublicMail(%q) = %v", domain, got)
		}
	}
}

func FuzzOrganisation(f *testing.F) {
	for _, s := range []string{"acme.example", "https://www.linkedin.com/company/acme", "http://[::1]/", "müller.de", "a.b.c.co.uk/x?y#z", "facebook.com//x", "facebook.com/0%00", "facebook.com/100%25", "facebook.com/a%3fb%23c", "facebook.com/%20", "facebook.com/" + strings.Repeat("\xab", maxURL-14), "\x00.com", "https://xn--.com"} {
		f.Add(s)
	}
	p := DefaultPolicy()
	f.Fuzz(func(t *testing.T, s string) {
		key, err := p.Organisation(s)
		if (key == "") != (err != nil) {
			t.Fatalf("Organisation(%q) = %q, %v", s, key, err)
		}
		if key == "" {
			return
		}
		if !utf8.ValidString(string(key)) && utf8.ValidString(s) {
			t.Fatalf("Organisation(%q) = %q is no text", s, key)
		}
		again, err := p.Organisation("https://" + string(key))
		if err != nil || again != key {
			t.Fatalf("the key of %q is %q, whose key is %q, %v", s, key, again, err)
		}
	})
}

func FuzzReference(f *testing.F) {
	for _, s := range []string{"R-7K4Q2M", "r-7k4q2m", "R-OOOOOO", "R-", " R-000000 ", "R‐7K4Q2M"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := ParseReference(s)
		if err != nil {
			return
		}
		again, err := ParseReference(string(ref))
		if err != nil || again != ref {
			t.Fatalf("ParseReference(%q) = %q, which reads as %q, %v", s, ref, again, err)
		}
	})
}

func TestReference(t *testing.T) {
	t.Parallel()
	seen := map[Reference]bool{}
	for bits := range uint32(2000) {
		ref := NewReference(bits * 2654435761)
		if got, err := ParseReference(string(ref)); err != nil || got != ref {
			t.Fatalf("NewReference gives %q, which reads as %q, %v", ref, got, err)
		}
		seen[ref] = true
	}
	if len(seen) < 1990 {
		t.Errorf("2000 numbers gave %d references", len(seen))
	}
	for _, s := range []string{"R-7K4Q2", "R-7K4Q2MM", "X-7K4Q2M", "R-7K4Q2I", "R-7K4QO0", "R7K4Q2M"} {
		if ref, err := ParseReference(s); err == nil {
			t.Errorf("ParseReference(%q) = %q", s, ref)
		}
	}
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Address{
		"Pat@Partner.Example":       "Pat@partner.example",
		"pat+x@partner.example":     "pat+x@partner.example",
		"jörg@müller.example":       "jörg@xn--mller-kva.example",
		"pat@localhost":             "",
		"Pat <pat@partner.example>": "",
		"pat@[192.0.2.1]":           "",
		"pat":                       "",
		"a@b.example, c@d.example":  "",
		"pat@partner..example":      "",
	} {
		got, err := ParseAddress(s)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ParseAddress(%q) = %q, %v; want %q", s, got, err, want)
		}
	}
}
