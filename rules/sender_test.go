package rules

import (
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	type props = map[string]string
	one := func(r ...Result) Credentials {
		return Credentials{From: "pat@partner.example", FromFields: 1, Authors: 1, Headers: 1, Results: r}
	}
	dmarc := func(result, from string) Result {
		return Result{"dmarc", result, props{"header.from": from}}
	}
	dkim := func(result, d string) Result { return Result{"dkim", result, props{"header.d": d}} }
	spf := func(result, from string) Result { return Result{"spf", result, props{"smtp.mailfrom": from}} }
	results := Trust{Mode: AuthResults, AuthservID: "mx.vendor.example", Accept: []AuthMethod{AcceptDMARC, AcceptDKIM, AcceptSPF}}
	only := func(m ...AuthMethod) Trust { u := results; u.Accept = m; return u }
	for name, c := range map[string]struct {
		trust Trust
		creds Credentials
		want  Verdict
		why   string
	}{
		"From is believed":                            {Trust{Mode: AuthTrustFrom}, Credentials{}, Trusted, ""},
		"a DMARC pass":                                {results, one(dmarc("pass", "partner.example")), Verified, "dmarc=pass header.from=partner.example, said by mx.vendor.example"},
		"a DMARC pass in another letter case":         {results, one(dmarc("pass", "Partner.EXAMPLE.")), Verified, "dmarc=pass"},
		"a DMARC pass of another domain":              {results, one(dmarc("pass", "evil.example")), Unverified, "is not about partner.example"},
		"a DMARC pass of a subdomain":                 {results, one(dmarc("pass", "x.partner.example")), Unverified, "is not about"},
		"a DMARC pass that names no domain":           {results, one(Result{Method: "dmarc", Result: "pass"}), Unverified, "is not about"},
		"a DMARC fail":                                {results, one(dmarc("fail", "partner.example"), dkim("pass", "partner.example")), Failed, "dmarc=fail"},
		"two DMARC results":                           {results, one(dmarc("fail", "partner.example"), dmarc("pass", "partner.example")), Unverified, "stated twice"},
		"the same DMARC result twice":                 {results, one(dmarc("pass", "partner.example"), dmarc("pass", "partner.example")), Unverified, "stated twice"},
		"no policy, an aligned signature":             {results, one(dmarc("none", "partner.example"), dkim("pass", "mail.partner.example")), Verified, "dkim=pass"},
		"an aligned signature that is not accepted":   {only(AcceptDMARC), one(dkim("pass", "partner.example")), Unverified, "no accepted proof"},
		"the signature of a sending service":          {results, one(dkim("pass", "sendgrid.example")), Unverified, "no accepted proof"},
		"a domain that ends like it":                  {results, one(dkim("pass", "evilpartner.example")), Unverified, ""},
		"a domain that begins like it":                {results, one(dkim("pass", "partner.example.evil.example")), Unverified, ""},
		"a signature that passes and fails":           {results, one(dkim("pass", "partner.example"), dkim("fail", "partner.example")), Unverified, "pass and to fail"},
		"one signature of two cannot be judged":       {results, one(dkim("neutral", "partner.example"), dkim("pass", "partner.example")), Verified, "dkim=pass"},
		"the identity alone":                          {results, one(Result{"dkim", "pass", props{"header.i": "@partner.example"}}), Verified, ""},
		"an identity with two at signs":               {results, one(Result{"dkim", "pass", props{"header.i": "@partner.example@evil.example"}}), Unverified, ""},
		"an aligned envelope":                         {results, one(spf("pass", "bounce@partner.example")), Verified, "spf=pass"},
		"an envelope of another domain":               {results, one(spf("pass", "x@evil.example")), Unverified, ""},
		"a pass of HELO only":                         {results, one(Result{"spf", "pass", props{"smtp.helo": "partner.example"}}), Unverified, ""},
		"two envelopes":                               {results, one(spf("pass", "x@partner.example"), spf("pass", "x@evil.example")), Unverified, "MAIL FROM is stated twice"},
		"DMARC could not be looked up":                {results, one(dmarc("temperror", "partner.example")), Temporary, "temperror"},
		"DMARC could not, but the signature passes":   {results, one(dmarc("temperror", "partner.example"), dkim("pass", "partner.example")), Verified, ""},
		"a temporary error of somebody else":          {results, one(dkim("temperror", "evil.example")), Unverified, ""},
		"ARC of whoever":                              {results, one(Result{"arc", "pass", nil}), Unverified, ""},
		"a word that is none of the results":          {results, one(dmarc("bestguesspass", "partner.example")), Unverified, ""},
		"no header":                                   {results, Credentials{From: "pat@partner.example", FromFields: 1, Authors: 1}, Unverified, "no Authentication-Results of mx.vendor.example"},
		"a header that cannot be read":                {results, Credentials{From: "pat@partner.example", FromFields: 1, Authors: 1, Headers: 1, Broken: "a comment does not end"}, Unverified, "cannot be read"},
		"two authors":                                 {results, Credentials{From: "pat@partner.example", FromFields: 1, Authors: 2, Headers: 1, Results: []Result{dmarc("pass", "partner.example")}}, Unverified, "exactly one author"},
		"two From fields":                             {results, Credentials{From: "pat@partner.example", FromFields: 2, Authors: 1, Headers: 1, Results: []Result{dmarc("pass", "partner.example")}}, Unverified, "exactly one author"},
		"Microsoft: DMARC":                            {Trust{Mode: AuthResults, Microsoft365: true}, one(dmarc("pass", "partner.example")), Verified, "said by Microsoft 365"},
		"Microsoft: a signature is not enough":        {Trust{Mode: AuthResults, Microsoft365: true, Accept: []AuthMethod{AcceptDKIM}}, one(dkim("pass", "partner.example")), Unverified, ""},
		"our own look at a signature":                 {Trust{Mode: AuthDKIM}, one(dkim("pass", "partner.example")), Verified, "said by leadmail"},
		"our own look: a key that did not come":       {Trust{Mode: AuthDKIM}, one(dkim("temperror", "partner.example")), Temporary, ""},
		"customers of one host are not one":           {results, Credentials{From: "pat@one.github.io", FromFields: 1, Authors: 1, Headers: 1, Results: []Result{dkim("pass", "two.github.io")}}, Unverified, ""},
		"a public suffix is not everybody under it":   {results, Credentials{From: "pat@one.co.uk", FromFields: 1, Authors: 1, Headers: 1, Results: []Result{dkim("pass", "co.uk")}}, Unverified, ""},
		"an internationalised domain, both spellings": {results, Credentials{From: "pat@xn--bcher-kva.example", FromFields: 1, Authors: 1, Headers: 1, Results: []Result{dmarc("pass", "bücher.example")}}, Verified, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, e := c.trust.Judge(c.creds)
			if v != c.want {
				t.Fatalf("%s (%+v), want %s", v, e, c.want)
			}
			if e != nil && (!strings.Contains(e.Why, c.why) || e.Why == "") {
				t.Errorf("why: %q, want %q in it", e.Why, c.why)
			}
			if (v == Verified) != (e != nil && e.Proof != "") {
				t.Errorf("%s with the proof %+v", v, e)
			}
		})
	}
}
