package intake

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
)

// An address spells what stands beside it: the local part a person, the domain
// an organisation. That is the best evidence prose has, in any language. The
// functions here say how well a name fits.

// romanised gives the ways in which a folded word is spelled in addresses: "ü"
// is u or ue, "ø" o or oe, "å" a or aa.
func romanised(w string) []string {
	low := strings.ToLower(w)
	out := []string{foldLetters(low)}
	if !isASCII(low) && strings.ContainsAny(low, "äöüåøæœß") {
		for _, r := range []*strings.Replacer{german, nordic} {
			if alt := foldLetters(r.Replace(low)); alt != out[0] && (len(out) == 1 || alt != out[1]) {
				out = append(out, alt)
			}
		}
	}
	if i := apostrophe(low); i > 0 && i <= 4 {
		// "d'Argonne", "l'Atelier": the article is often left out.
		_, n := utf8.DecodeRuneInString(low[i:])
		if alt := foldLetters(low[i+n:]); len(alt) >= 3 {
			out = append(out, alt)
		}
	}
	return out
}

var (
	german = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "å", "aa", "ø", "oe", "æ", "ae", "œ", "oe")
	nordic = strings.NewReplacer("ä", "a", "ö", "o", "ü", "u", "å", "a", "ø", "o", "æ", "a", "œ", "oe")
)

// fit is how well a name matches an address, 0 to 10.
const (
	fitWhole = 10 // both names, or a company letter for letter
	fitLast  = 7  // initial and last name
	fitPart  = 5  // one name
	fitWeak  = 2  // initials
)

// spelt is a word of a name in the ways in which an address may spell it, one at
// least.
type spelt []string

// mailbox is a local part as names are measured by it.
type mailbox struct {
	whole  string
	pieces []string
}

func newMailbox(local string) mailbox {
	local = strings.ToLower(local)
	if i := strings.IndexByte(local, '+'); i > 0 {
		local = local[:i]
	}
	m := mailbox{pieces: strings.FieldsFunc(local, func(r rune) bool { return r == '.' || r == '_' || r == '-' || '0' <= r && r <= '9' })}
	m.whole = foldLetters(strings.Join(m.pieces, ""))
	for i := range m.pieces {
		m.pieces[i] = foldLetters(m.pieces[i])
	}
	return m
}

// localWords appends the parts of a name's word as local parts spell them.
func localWords(out []spelt, word string) []spelt {
	if isPlainWord(word) {
		return append(out, spelt{strings.ToLower(word)})
	}
	for _, part := range strings.FieldsFunc(word, func(r rune) bool { return r == '-' || r == ' ' || r == '.' }) {
		if r := romanised(part); r[0] != "" {
			out = append(out, r)
		}
	}
	return out
}

// fitsLocal says how well the words of a person's name fit the local part of an
// address.
func fitsLocal(names []string, local string) int {
	var words []spelt
	for _, n := range names {
		words = localWords(words, n)
	}
	return newMailbox(local).fits(words)
}

// fits says how well the words of a person's name fit the mailbox.
func (m mailbox) fits(words []spelt) int {
	whole, pieces := m.whole, m.pieces
	if whole == "" || len(words) == 0 {
		return 0
	}
	matches := func(piece string) (whole bool, initial bool) {
		one := utf8.RuneCountInString(piece) == 1
		for _, w := range words {
			for _, x := range w {
				if x == piece {
					return true, false
				}
				initial = initial || one && strings.HasPrefix(x, piece)
			}
		}
		return false, initial
	}
	best := 0
	full, initials, other := 0, 0, 0
	for _, p := range pieces {
		switch f, in := matches(p); {
		case f:
			full++
		case in:
			initials++
		default:
			other++
		}
	}
	switch {
	case full >= 2 && other == 0:
		best = fitWhole
	case full == 1 && initials >= 1 && other == 0:
		best = fitLast
	case full >= 2:
		best = fitLast
	case full == 1 && other == 0:
		best = fitPart
	case full == 1 && len(pieces) > 1:
		best = fitPart
	}
	if best >= fitLast {
		return best
	}
	// Written together: "yfigueroa", "janedoe", "doej", "vandoorn", "jldelacruz".
	for i := range words {
		for n := 1; i+n <= len(words); n++ {
			best = max(best, together(words, words[i:i+n], whole))
		}
	}
	if best > 0 {
		return best
	}
	// A short form: "gwen" of Gwendolyn, "ted" is none.
	for _, p := range pieces {
		for _, w := range words {
			if len(p) >= 3 && len(w[0]) > len(p) && strings.HasPrefix(w[0], p) {
				best = max(best, fitPart-1)
			}
			if len(p) >= 4 && len(w[0]) > len(p) && strings.HasSuffix(w[0], p) {
				best = max(best, fitPart-1)
			}
			if len(w[0]) >= 4 && len(p) > len(w[0]) && strings.HasPrefix(p, w[0]) {
				best = max(best, fitPart-1)
			}
		}
	}
	if best == 0 && len(words) >= 2 && len(whole) == len(words) {
		all := true
		for i, w := range words {
			all = all && strings.HasPrefix(w[0], whole[i:i+1])
		}
		if all {
			best = fitWeak
		}
	}
	return best
}

// together says how well a local part without separators is spelled by some of a
// name's words that follow each other, and another word or its initial before or
// behind them.
func together(words, some []spelt, local string) int {
	size := 0
	for _, w := range some {
		size += len(w[0])
	}
	tail, leads := local, true
	head, ends := local, true
	for i := range some {
		if leads {
			tail, leads = strings.CutPrefix(tail, some[i][0])
		}
		if ends {
			head, ends = strings.CutSuffix(head, some[len(some)-1-i][0])
		}
	}
	if size < 2 || !leads && !ends {
		return 0
	}
	best := 0
	if size == len(local) {
		if len(some) > 1 {
			return fitWhole
		}
		best = fitPart
	}
	if len(some) == len(words) {
		return best
	}
	for _, w := range words {
		switch f := w[0]; {
		case ends && head == f || leads && tail == f:
			return fitWhole
		case size >= 3 && (ends && head == f[:1] || leads && tail == f[:1]):
			best = fitLast
		case size >= 4 && ends && len(head) <= 2 && strings.HasPrefix(local, f[:1]):
			best = fitLast
		}
	}
	return best
}

// siteName is the part of a host that names its owner: "acme" of
// www.acme.co.uk; for a page at a shared host the last piece of its path.
func siteName(host string) string {
	host = normURL(host)
	path := ""
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host, path = host[:i], host[i:]
	}
	if i := strings.IndexByte(host, ':'); i > 0 {
		host = host[:i]
	}
	if sharedHost(host) {
		pieces := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '?' || r == '#' })
		if len(pieces) > 0 {
			return strings.TrimPrefix(strings.ToLower(pieces[len(pieces)-1]), "@")
		}
		return ""
	}
	d := registrable(host)
	if i := strings.IndexByte(d, '.'); i > 0 {
		return d[:i]
	}
	return d
}

func sharedHost(host string) bool {
	for _, s := range []string{"linkedin.com", "facebook.com", "instagram.com", "sites.google.com", "x.com", "twitter.com", "xing.com", "etsy.com", "linktr.ee", "youtube.com", "github.com", "tiktok.com"} {
		if host == s || strings.HasSuffix(host, "."+s) {
			return true
		}
	}
	return false
}

// registrable is the domain that was registered (public suffix list); the host
// itself where the list knows no better.
func registrable(host string) string {
	host = strings.TrimPrefix(strings.ToLower(strings.Trim(host, ".")), "www.")
	if d, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return d
	}
	return host
}

// hostOf is the host of a web address.
func hostOf(s string) string {
	h := before(before(before(normURL(s), "/"), "?"), "#")
	return before(h, ":")
}

func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// hostWords appends the parts of a name's word as hosts spell them.
func hostWords(out []spelt, word string) []spelt {
	if isPlainWord(word) {
		return append(out, spelt{strings.ToLower(word)}) // as below, and most words are
	}
	for _, part := range strings.FieldsFunc(word, func(r rune) bool { return r == '-' || r == ' ' || r == '&' || r == '+' || r == '/' }) {
		if r := romanised(strings.ReplaceAll(part, ".", "")); r[0] != "" {
			out = append(out, r)
		}
	}
	return out
}

// isPlainWord says whether a word has nothing but letters and digits of ASCII.
func isPlainWord(w string) bool {
	for i := 0; i < len(w); i++ {
		if !isLetterOrDigit(w[i]) {
			return false
		}
	}
	return w != ""
}

// fitsSite says how well the words of an organisation's name fit a host's name:
// "deshpandecastings" of "Deshpande Castings Ltd", "merlioncold" of "Merlion Cold
// Chain", "ordinc" of "Okafor, Reed & Daughters, Inc.".
func fitsSite(name []string, site string) int {
	var words []spelt
	for _, w := range name {
		words = hostWords(words, w)
	}
	return fitsHost(words, foldLetters(strings.ToLower(site)))
}

// fitsHost is fitsSite for words as hostWords gives them, and a folded name.
func fitsHost(words []spelt, site string) int {
	if len(site) < 2 || len(words) == 0 {
		return 0
	}
	best, variants := 0, 1
	for _, w := range words {
		variants = max(variants, len(w))
	}
	for variant := range min(variants, 3) {
		// On the stack: this is asked of every stretch of words and every host.
		var all, noSmall [64]byte
		var first [16]byte
		a, n, initials := all[:0], noSmall[:0], first[:0]
		for _, w := range words {
			x := w[min(variant, len(w)-1)]
			a = append(a, x...)
			if !smallWord[x] {
				n = append(n, x...)
			}
			initials = append(initials, x[0])
		}
		switch {
		case string(a) == site || string(n) == site:
			return fitWhole
		case len(site) >= 4 && (bytesBegin(a, site) || bytesBegin(n, site)):
			best = max(best, fitLast) // the site leaves off the end
		case len(n) >= 4 && len(site) >= len(n) && site[:len(n)] == string(n):
			best = max(best, fitLast-1) // the name leaves off the end
		case len(n) >= 4 && len(site) >= len(n) && site[len(site)-len(n):] == string(n) || len(site) >= 4 && len(n) >= len(site) && string(n[len(n)-len(site):]) == site:
			best = max(best, fitLast-1)
		case len(words) >= 3 && string(initials) == site:
			best = max(best, fitPart)
		case len(words) >= 3 && len(site) >= 3 && len(site) <= 7 && site[:3] == string(initials[:3]):
			best = max(best, fitWeak+1)
		}
		// Words of the name, in order, that make up the site: "almkaese" of
		// "Almkäserei Pichler", "pandatea" of "Panda Tea House".
		covered, rest := 0, site
		for _, w := range words {
			x := w[min(variant, len(w)-1)]
			if len(x) >= 3 {
				if i := strings.Index(rest, x); i >= 0 {
					covered += len(x)
					rest = rest[i+len(x):]
				}
			}
		}
		switch {
		case covered*10 >= len(site)*8 && strings.HasPrefix(site, words[0][min(variant, len(words[0])-1)]):
			best = max(best, fitLast)
		case covered*10 >= len(site)*5 && covered >= 4:
			best = max(best, fitPart)
		}
		if best == 0 {
			for _, w := range words {
				x := w[min(variant, len(w)-1)]
				k := commonPrefix(x, site)
				if k >= 5 && k*10 >= len(site)*7 {
					best = max(best, fitPart)
				}
			}
		}
	}
	return best
}

// beginHost says whether a name can be the whole of a host: the host begins with its
// first word, or with the first that is not small.
func beginHost(words []spelt, site string) bool {
	for _, w := range words {
		small := false
		for _, x := range w {
			if strings.HasPrefix(site, x) {
				return true
			}
			small = small || smallWord[x]
		}
		if !small {
			return false
		}
	}
	return false
}

func bytesBegin(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

var smallWord = map[string]bool{"and": true, "the": true, "of": true, "und": true, "et": true, "y": true, "e": true, "de": true, "la": true, "le": true, "di": true, "del": true, "der": true, "die": true, "das": true, "og": true, "och": true, "en": true, "du": true, "des": true, "da": true, "do": true, "dos": true, "das ": true, "dello": true, "della": true, "van": true, "von": true, "den": true, "het": true, "aux": true, "au": true, "i": true, "les": true, "los": true, "las": true, "el": true, "il": true, "lo": true, "am": true, "im": true, "zum": true, "zur": true, "a": true, "an": true, "ltd": true, "inc": true, "gmbh": true, "llc": true, "co": true}
