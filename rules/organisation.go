package rules

import (
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// OrganisationKey names an organisation: the registrable domain of its URL as
// A-labels (D7), or a host and path where many organisations share one host
// (D8), such as linkedin.com/company/acme. It is stored once and never
// recomputed.
type OrganisationKey string

// ErrNoOrganisation is wrapped where a URL is well formed but stands for no
// organisation: a personal profile, a mail provider, the vendor itself.
var ErrNoOrganisation = errors.New("not an organisation's page")

// maxURL is the longest URL that is looked at.
const maxURL = 2048

//go:embed data/shared_hosts.txt
var sharedHostsFile string

//go:embed data/mail_domains.txt
var mailDomainsFile string

type sharedHosts struct {
	rules   map[string][]SharedHost
	aliases map[string]string
}

// dataLines are the fields of each line of a data file that says something.
func dataLines(file string) [][]string {
	var lines [][]string
	for line := range strings.Lines(file) {
		line, _, _ = strings.Cut(line, "#")
		if f := strings.Fields(line); len(f) > 0 {
			lines = append(lines, f)
		}
	}
	return lines
}

var builtinHosts = sync.OnceValue(func() sharedHosts {
	s := sharedHosts{rules: map[string][]SharedHost{}, aliases: map[string]string{}}
	for _, f := range dataLines(sharedHostsFile) {
		if f[1] == "=" {
			s.aliases[f[0]] = f[2]
			continue
		}
		n, err := strconv.Atoi(f[2])
		if err != nil {
			panic("rules/data/shared_hosts.txt: " + err.Error())
		}
		s.rules[f[0]] = append(s.rules[f[0]], SharedHost{Host: f[0], Prefix: strings.Trim(f[1], "-"), Segments: n})
	}
	return s
})

var builtinMailDomains = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, f := range dataLines(mailDomainsFile) {
		m[f[0]] = true
	}
	return m
})

// PublicMail says whether a domain is a mail provider's, where everybody may
// have an address (D7, D31).
func (p Policy) PublicMail(domain string) bool {
	domain = strings.ToLower(domain)
	if builtinMailDomains()[domain] {
		return true
	}
	for _, d := range p.MailDomains {
		if strings.EqualFold(d, domain) {
			return true
		}
	}
	return false
}

// Organisation reads a URL as a partner writes it, with or without a scheme,
// and returns the key of the organisation that it stands for (D7, D8). Errors
// wrap ErrInvalid where the text is no usable web address, and
// ErrNoOrganisation where it is one but nobody's own.
func (p Policy) Organisation(text string) (OrganisationKey, error) {
	host, path, err := splitURL(text)
	if err != nil {
		return "", err
	}
	if key, shared, err := p.sharedOrganisation(host, path); shared {
		return key, err
	}
	key, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return "", fmt.Errorf("%w: %s is a public suffix", ErrNoOrganisation, host)
	}
	if p.PublicMail(key) || p.PublicMail(host) {
		return "", fmt.Errorf("%w: %s is a mail provider", ErrNoOrganisation, host)
	}
	for _, d := range p.VendorDomains {
		if within(host, strings.ToLower(d)) {
			return "", fmt.Errorf("%w: %s is the vendor's own", ErrNoOrganisation, host)
		}
	}
	return OrganisationKey(key), nil
}

// OrganisationOf is the organisation behind an address or a domain, "" where it
// is a mail provider's or no domain at all.
func (p Policy) OrganisationOf(domain string) OrganisationKey {
	if p.PublicMail(domain) {
		return ""
	}
	key, err := p.Organisation(domain)
	if err != nil {
		return ""
	}
	return key
}

// OwnOrganisations are the keys of a partner's own organisation: the one that
// staff recorded, and those of the domains that it writes from (D16).
func (p Policy) OwnOrganisations(partner Partner) []OrganisationKey {
	var keys []OrganisationKey
	add := func(k OrganisationKey) {
		for _, have := range keys {
			if have == k {
				return
			}
		}
		if k != "" {
			keys = append(keys, k)
		}
	}
	add(partner.Organisation)
	for _, d := range partner.Domains {
		add(p.OrganisationOf(d))
	}
	for _, a := range partner.Addresses {
		add(p.OrganisationOf(a.Domain()))
	}
	return keys
}

// splitURL takes host (lower case, A-labels) and path from a web address.
func splitURL(text string) (host string, path []string, err error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxURL || strings.ContainsAny(text, " \t\r\n<>\"\\") {
		return "", nil, fmt.Errorf("%w web address", ErrInvalid)
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		rest = strings.TrimPrefix(text, "//")
	} else if s := strings.ToLower(scheme); s != "http" && s != "https" {
		return "", nil, fmt.Errorf("%w web address: scheme %q", ErrInvalid, scheme)
	}
	u, err := url.Parse("https://" + rest)
	if err != nil {
		return "", nil, fmt.Errorf("%w web address: %w", ErrInvalid, err)
	}
	if u.User != nil {
		// https://acme.example@evil.example shows one host and means another.
		return "", nil, fmt.Errorf("%w web address: it carries a user name", ErrInvalid)
	}
	host, err = hostName(u.Hostname())
	if err != nil {
		return "", nil, err
	}
	for seg := range strings.SplitSeq(u.Path, "/") {
		if seg != "" {
			path = append(path, seg)
		}
	}
	return host, path, nil
}

// hostName is a DNS name of two labels or more in lower case and A-labels.
func hostName(s string) (string, error) {
	s = strings.TrimSuffix(strings.ToLower(s), ".")
	if _, err := netip.ParseAddr(s); err == nil {
		return "", fmt.Errorf("%w web address: an IP address", ErrInvalid)
	}
	host, err := idna.Lookup.ToASCII(s)
	if err != nil {
		return "", fmt.Errorf("%w web address: %w", ErrInvalid, err)
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == host || last == "" || strings.Trim(last, "0123456789") == "" || len(host) > 253 {
		return "", fmt.Errorf("%w web address: %q is no domain name", ErrInvalid, s)
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notHostRune) {
			return "", fmt.Errorf("%w web address: %q is no domain name", ErrInvalid, s)
		}
	}
	return host, nil
}

func notHostRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// pageName is a segment of a page's path as keys hold it: in lower case, and escaped
// where it could not be written in a web address as it is.
func pageName(segment string) string {
	segment = strings.ToLower(segment)
	if strings.ContainsFunc(segment, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`%?#<>"\`, r) || unicode.IsSpace(r)
	}) {
		return strings.ToLower(url.PathEscape(segment))
	}
	return segment
}

// within says whether host is domain or lies below it.
func within(host, domain string) bool {
	return domain != "" && (host == domain || strings.HasSuffix(host, "."+domain))
}

// sharedOrganisation is the key on a shared host; shared is false where host is
// none. The operator's entries come before the built-in ones.
func (p Policy) sharedOrganisation(host string, path []string) (key OrganisationKey, shared bool, err error) {
	builtin := builtinHosts()
	for h := host; strings.Contains(h, "."); _, h, _ = strings.Cut(h, ".") {
		if other, ok := builtin.aliases[h]; ok {
			h = other
		}
		var best *SharedHost
		bestLen := -1
		for _, list := range [][]SharedHost{p.SharedHosts, builtin.rules[h]} {
			for _, s := range list {
				if n := prefixLen(s.Prefix, path); strings.EqualFold(s.Host, h) && n > bestLen {
					best, bestLen = &s, n
				}
			}
		}
		if best != nil {
			if best.Segments == 0 || len(path) < bestLen+best.Segments {
				return "", true, fmt.Errorf("%w: this page of %s", ErrNoOrganisation, h)
			}
			key := h
			for _, segment := range path[:bestLen+best.Segments] {
				if !utf8.ValidString(segment) {
					return "", true, fmt.Errorf("%w web address: %q is no text", ErrInvalid, segment)
				}
				key += "/" + pageName(segment)
			}
			if len("https://"+key) > maxURL {
				return "", true, fmt.Errorf("%w web address: more than %d bytes", ErrInvalid, maxURL)
			}
			return OrganisationKey(key), true, nil
		}
		if len(builtin.rules[h]) > 0 {
			// A host of which only some pages are listed: google.com itself is an
			// organisation, google.com/maps is none.
			return "", false, nil
		}
	}
	return "", false, nil
}

// prefixLen is how many segments of path a rule's prefix covers, -1 where it
// does not match.
func prefixLen(prefix string, path []string) int {
	if prefix == "" {
		return 0
	}
	want := strings.Split(strings.Trim(prefix, "/"), "/")
	if len(path) < len(want) {
		return -1
	}
	for i, w := range want {
		if !strings.EqualFold(w, path[i]) {
			return -1
		}
	}
	return len(want)
}

// organisation is Organisation without its error: "" where there is none.
func (p Policy) organisation(url string) OrganisationKey {
	key, _ := p.Organisation(url)
	return key
}
