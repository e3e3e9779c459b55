package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Verdict is what is known of a sender's identity.
type Verdict string

// The verdicts on a sender.
const (
	// Trusted: authentication.mode is trust_from, the From line was believed.
	Trusted Verdict = "trusted"
	// Verified: the mail proved its From domain.
	Verified Verdict = "verified"
	// Unverified: it did not.
	Unverified Verdict = "unverified"
	// Failed: the trusted server found that the From domain disowns the mail
	// (DMARC fail): worse than no proof.
	Failed Verdict = "failed"
	// Temporary: whether it is proved could not be found out at that moment.
	Temporary Verdict = "temporary"
)

// Known says whether the address may be taken for the sender's.
func (v Verdict) Known() bool { return v == Trusted || v == Verified }

// Sender is who wrote the mail and what that is worth.
type Sender struct {
	Address Address `json:"address"`
	// Partner is the sender's; "" where the address is nobody's, and where it is
	// not proved: what an unproved mail says is done in nobody's name.
	Partner PartnerID `json:"partner,omitempty"`
	// Claims is the partner whose address stands in an unproved From.
	Claims  PartnerID `json:"claims,omitempty"`
	Staff   bool      `json:"staff,omitempty"`
	Verdict Verdict   `json:"verdict"`
	// Evidence is what the verdict rests on; nil where From is believed.
	Evidence *Evidence `json:"evidence,omitempty"`
	// Resembles names a partner whose address or domain a verified stranger's is
	// like: for staff, who alone may draw conclusions from it (MAIL.md 50, 51).
	Resembles PartnerID `json:"resembles,omitempty"`
}

// AuthMode is how a sender is known; authentication.mode of the configuration.
type AuthMode string

// The modes.
const (
	// AuthTrustFrom believes the From line.
	AuthTrustFrom AuthMode = "trust_from"
	// AuthResults believes the Authentication-Results of one named server.
	AuthResults AuthMode = "results"
	// AuthDKIM believes the signatures that we verified ourselves.
	AuthDKIM AuthMode = "dkim"
)

// AuthMethod is a proof that can be accepted.
type AuthMethod string

// The proofs. Aligned: the domain that was authenticated and that of From have
// the same organisational domain (RFC 7489, section 3.1, relaxed).
const (
	AcceptDMARC AuthMethod = "dmarc"
	AcceptDKIM  AuthMethod = "dkim_aligned"
	AcceptSPF   AuthMethod = "spf_aligned"
)

// Trust says whom and what to believe.
type Trust struct {
	Mode AuthMode
	// AuthservID is the name by which the receiving server signs its results
	// (RFC 8601, section 2.5).
	AuthservID string
	// Microsoft365 reads the topmost header, which bears no name there.
	Microsoft365 bool
	Accept       []AuthMethod
}

// Result is one result of a method, as a server stated it or as we found it.
type Result struct {
	Method string `json:"method"` // dmarc, dkim, spf …, lower case
	Result string `json:"result"` // pass, fail, none, temperror …, lower case
	// Properties are what it speaks of: header.from, header.d, smtp.mailfrom …
	Properties map[string]string `json:"properties,omitempty"`
}

// String is the result as it stands in a header, with the domain of the property
// that counts. It goes into logs: no address does.
func (r Result) String() string {
	s := r.Method + "=" + r.Result
	for _, name := range []string{"header.from", "header.d", "header.i", "smtp.mailfrom"} {
		if v := r.Properties[name]; v != "" {
			return s + " " + name + "=" + after(v, "@")
		}
	}
	return s
}

// Credentials are what a mail brings along to prove its sender: facts of its
// header, no judgement.
type Credentials struct {
	From Address
	// FromFields and Authors count the From fields and the addresses in them.
	FromFields, Authors int
	// Headers counts the headers by the trusted server; only the topmost is read.
	Headers int
	Results []Result
	// Broken is why that header cannot be read; "" where it can.
	Broken string
	// Sender and ReplyTo are for people to look at; they prove nothing.
	Sender  Address
	ReplyTo []Address
}

// Evidence is what a verdict rests on. It is recorded with the decision.
type Evidence struct {
	Mode AuthMode `json:"mode"`
	// Authority is who found the results: the server's name, or "leadmail".
	Authority string `json:"authority,omitempty"`
	// Proof is the result that proved the sender; "" where none did.
	Proof string `json:"proof,omitempty"`
	// Why says in one line what led to the verdict.
	Why     string    `json:"why"`
	Headers int       `json:"headers,omitempty"`
	Results []Result  `json:"results,omitempty"`
	Sender  Address   `json:"sender,omitempty"`
	ReplyTo []Address `json:"reply_to,omitempty"`
}

// Judge says what a mail's credentials are worth. Anything that is not
// understood, stands there twice, or is said by anybody else grants nothing.
//
// In doubt the mail waits for a person, which costs a partner an hour; the
// other mistake would register leads in a partner's name.
func (t Trust) Judge(c Credentials) (Verdict, *Evidence) {
	if t.Mode == AuthTrustFrom || t.Mode == "" {
		return Trusted, nil
	}
	e := &Evidence{Mode: t.Mode, Authority: t.authority(), Headers: c.Headers, Results: c.Results, Sender: c.Sender, ReplyTo: c.ReplyTo}
	v, proof, why := t.judge(c)
	e.Proof, e.Why = proof, why
	return v, e
}

func (t Trust) authority() string {
	switch {
	case t.Mode == AuthDKIM:
		return "leadmail"
	case t.Microsoft365:
		return "Microsoft 365"
	}
	return t.AuthservID
}

func (t Trust) judge(c Credentials) (v Verdict, proof, why string) {
	domain := asciiDomain(c.From.Domain())
	switch {
	case c.FromFields != 1 || c.Authors != 1 || c.From == "":
		return Unverified, "", "the mail does not name exactly one author"
	case domain == "":
		return Unverified, "", "the domain of From is not usable"
	case t.Mode == AuthResults && c.Headers == 0:
		return Unverified, "", "no Authentication-Results of " + t.authority()
	case c.Broken != "":
		return Unverified, "", "the Authentication-Results of " + t.authority() + " cannot be read: " + c.Broken
	}
	accept, passed, doubtful := t.Accept, "", ""
	switch {
	case t.Mode == AuthDKIM:
		accept = []AuthMethod{AcceptDKIM}
	case t.Microsoft365:
		accept = []AuthMethod{AcceptDMARC}
	}
	note := func(m AuthMethod, r Result) {
		if !slices.Contains(accept, m) {
			return
		}
		switch r.Result {
		case "pass":
			passed = cmp.Or(passed, r.String())
		case "temperror":
			doubtful = cmp.Or(doubtful, r.String())
		}
	}
	if why := contradiction(c.Results); why != "" && t.Mode == AuthResults {
		return Unverified, "", why
	}
	for _, r := range c.Results {
		switch r.Method {
		case "dmarc":
			// RFC 7489, section 11.1: header.from is the domain of From. A pass for
			// another domain, or for none, speaks of another mail. Only a temporary
			// error may leave it out: nothing is granted by that.
			of := asciiDomain(r.Properties["header.from"])
			switch {
			case of == domain && r.Result == "fail" && t.Mode == AuthResults:
				return Failed, "", r.String() + ", said by " + t.authority()
			case of == domain, of == "" && r.Result == "temperror":
				note(AcceptDMARC, r)
			case r.Result == "pass":
				return Unverified, "", r.String() + " is not about " + domain
			}
		case "dkim":
			if aligned(signer(r), domain) {
				note(AcceptDKIM, r)
			}
		case "spf":
			// Only MAIL FROM is compared with From (RFC 7489, section 3.1.2); the
			// name given at HELO proves nothing of the author.
			if aligned(asciiDomain(after(r.Properties["smtp.mailfrom"], "@")), domain) {
				note(AcceptSPF, r)
			}
		}
	}
	switch {
	case passed != "":
		return Verified, passed, passed + ", said by " + t.authority()
	case doubtful != "":
		return Temporary, "", doubtful + ", said by " + t.authority()
	}
	var said []string
	for _, r := range c.Results {
		if len(said) < 5 && (r.Method == "dmarc" || r.Method == "dkim" || r.Method == "spf") {
			said = append(said, r.String())
		}
	}
	if len(said) == 0 {
		said = []string{"nothing that could prove it"}
	}
	return Unverified, "", "no accepted proof of " + domain + " (" + strings.Join(said, ", ") + ")"
}

// contradiction says which results cannot stand beside each other. A message has
// one DMARC result and one of SPF for MAIL FROM; it may have several signatures,
// but not the same one twice, and no domain's may both pass and fail.
func contradiction(results []Result) string {
	dmarc, mailFrom := 0, 0
	once := map[string]bool{}
	outcome := map[string]string{}
	for _, r := range results {
		switch r.Method {
		case "dmarc":
			if dmarc++; dmarc > 1 {
				return "dmarc is stated twice"
			}
		case "spf":
			if _, has := r.Properties["smtp.mailfrom"]; has {
				if mailFrom++; mailFrom > 1 {
					return "spf of MAIL FROM is stated twice"
				}
			}
		case "dkim":
			if r.Result != "pass" && r.Result != "fail" {
				continue
			}
			d := signer(r)
			key := fmt.Sprintf("%s %s %s", d, r.Properties["header.s"], r.Properties["header.b"])
			if before := outcome[d]; before != "" && before != r.Result {
				return "dkim of " + d + " is stated to pass and to fail"
			}
			outcome[d] = r.Result
			if once[key] {
				return "dkim of " + d + " is stated twice"
			}
			once[key] = true
		}
	}
	return ""
}

// signer is the domain that a DKIM result speaks of: header.d, or else what
// stands behind the at sign of header.i, which lies in it (RFC 6376, section 3.5).
func signer(r Result) string {
	if d := r.Properties["header.d"]; d != "" {
		return asciiDomain(d)
	}
	return asciiDomain(after(r.Properties["header.i"], "@"))
}

// after is what follows the last mark, or all of s.
func after(s, mark string) string { return s[strings.LastIndex(s, mark)+1:] }

// aligned says whether two domains belong to one organisation by the public
// suffix list, ICANN and private sections: two customers of a host are two.
func aligned(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	return a == b || organisational(a) != "" && organisational(a) == organisational(b)
}

func organisational(domain string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return "" // a public suffix itself
	}
	return d
}

// asciiDomain is a domain as A-labels in lower case; "" for what is none.
func asciiDomain(s string) string {
	s = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), ".")
	a, err := idna.Lookup.ToASCII(s)
	if err != nil || !strings.Contains(a, ".") || strings.ContainsAny(a, " \t<>@,;:()\"[]\\/") {
		return ""
	}
	return a
}
