package intake

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"

	"leadmail/rules"
)

// A mail that was misread is worth sharing, its people are not. Redact replaces
// every word that the reader's vocabulary does not know: names, domains, local
// parts, companies, and with them whatever else is nobody's business. What decides
// how a mail is read stays: labels, verbs, lead types, the small words of each
// language, legal forms, what a company does; digits of dates and of lists;
// encodings, charsets, line ends, folding, structure.
//
// A word is replaced by one of the same length, the same letters large and small,
// the same accents in the same places, a given name by a given name: much of how
// a name is read depends on its looks. The same word gives the same replacement
// everywhere, also inside domains and local parts, which are cut into the words
// that stand in the mail (kuanzacoffee is kuanza and coffee), and all words that
// begin with one letter go on to begin with one letter, so that initials agree,
// unless there is no given name of that length and letter.
//
// A replacement cannot be turned back without the key. It hides who is meant, not
// what kind of mail it was; whoever shares a case reads it before.

// Redaction is how a mail is redacted.
type Redaction struct {
	// Key decides the replacements: two exports with the same key agree, and who
	// knows it can test a guess. It should be a secret.
	Key []byte
	// Mailbox is the program's own address, which stays.
	Mailbox rules.Address
}

// Redact returns the mail with the words of its people and companies replaced, in
// headers, texts, HTML, lists, cards and workbooks. Images and files of other kinds
// keep what tells their kind and their size, and lose their content. It never
// fails: what cannot be taken apart is redacted as the text that it looks like.
func Redact(raw []byte, how Redaction) []byte {
	r := &redactor{how: how, fixed: map[string]map[int]bool{}, words: map[string]bool{}, forced: map[string]bool{}, memo: map[string]string{}, labels: map[string]bool{}, initials: map[rune]rune{}}
	// The words of the mail must be known before the first is replaced.
	r.learning = true
	r.entity(raw, 0, "text/plain")
	r.learnReading(raw)
	r.learning = false
	return r.entity(raw, 0, "text/plain")
}

// redactor holds what one mail's words become.
type redactor struct {
	how      Redaction
	learning bool
	// words are those that stand alone, normal forms of three letters and more;
	// fixed are the places at which one is written with an accent somewhere; forced
	// are words that are replaced though the vocabulary knows them.
	words  map[string]bool
	fixed  map[string]map[int]bool
	forced map[string]bool
	memo   map[string]string
	// labels are words and phrases that stand as labels in this mail, however spelled.
	labels map[string]bool
	// initials are what first letters become.
	initials map[rune]rune
}

// learnReading forces the replacement of names that consist of everyday words only:
// Blue Kitchen, of kitchen.example.
func (r *redactor) learnReading(raw []byte) {
	reader := Reader{Mailbox: r.how.Mailbox}
	m := reader.Read(raw)
	values := []string{m.FromName, before(string(m.From), "@")}
	for _, p := range reader.Parse(m).Prospects {
		values = append(values, p.FirstName, p.LastName, p.Company, before(p.Email, "@"), siteName(p.URL), siteName(domainOf(p.Email)))
	}
	values = append(values, siteName(m.From.Domain()))
	vocabulary := known()
	for _, v := range values {
		var known []string
		changes := false
		for _, w := range strings.FieldsFunc(v, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.Is(unicode.Mn, c) }) {
			key, _ := plainForm([]rune(w))
			switch {
			case !r.keeps(key):
				changes = true
			case (len(key) > 3 || len(key) == 3 && vocabulary.isGiven[key]) && !readingWords[key]:
				known = append(known, key)
			}
		}
		if !changes && len(known) > 0 && !genericMailbox(v) {
			slices.SortFunc(known, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
			r.forced[known[0]] = true
		}
	}
}

func genericMailbox(s string) bool { return words.has("generic mailbox", s) }

// readingWords decide too much of how a mail is read to be replaced even in a name.
var readingWords = map[string]bool{"lead": true, "leads": true, "qualified": true, "managed": true, "customer": true, "client": true, "prospect": true, "partner": true, "partners": true, "register": true, "registration": true, "company": true, "email": true, "website": true, "name": true, "first": true, "last": true, "type": true}

// vocabularyOf is what the data files know: words by their plain form, phrases of
// scripts without spaces, the given names by length.
type vocabularyOf struct {
	words   map[string]bool
	stems   []string
	phrases map[string]bool
	longest int
	given   map[int][]string
	isGiven map[string]bool
	mixed   map[string]bool // with digits in them: w8ben
}

var known = sync.OnceValue(func() vocabularyOf {
	v := vocabularyOf{words: map[string]bool{}, phrases: map[string]bool{}, given: map[int][]string{}, isGiven: map[string]bool{}, mixed: map[string]bool{}}
	section := ""
	for l := range strings.SplitSeq(wordsFile+"\n"+namesFile, "\n") {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") {
			section = strings.Trim(l, "[]")
		}
		_, list, ok := strings.Cut(l, ":")
		if !ok || l == "" || l[0] == '#' || l[0] == '[' {
			continue
		}
		for phrase := range strings.SplitSeq(list, ",") {
			phrase = strings.TrimSpace(phrase)
			switch section {
			case "given name":
				key, at := plainForm([]rune(phrase))
				if len(at) == len([]rune(phrase)) {
					v.isGiven[key] = true
					if isASCII([]byte(phrase)) && len(phrase) > 1 {
						v.given[len(phrase)] = append(v.given[len(phrase)], strings.ToLower(phrase))
					}
				}
				continue
			case "given name ambiguous", "surname too":
				continue
			}
			for _, piece := range strings.Fields(strings.ToLower(phrase)) {
				if strings.ContainsAny(piece, "0123456789") {
					v.mixed[piece] = true
				}
			}
			for _, piece := range strings.FieldsFunc(phrase, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.Is(unicode.Mn, c) && c != '*' }) {
				if rs := []rune(strings.Trim(piece, "*")); len(rs) > 0 && spaceless(rs[0]) {
					v.phrases[string(rs)] = true
					v.longest = max(v.longest, len(rs))
					continue
				}
				key, _ := plainForm([]rune(strings.Trim(piece, "*")))
				if strings.HasSuffix(piece, "*") && len(key) > 3 {
					v.stems = append(v.stems, key)
				}
				v.words[key] = true
			}
		}
	}
	for _, m := range []map[string]bool{shortForms, legalForms, titles, suffixes, particles, fillers, connectors, smallWord, undotted, shortForm, atWords, protocolWords} {
		for w := range m {
			for _, piece := range strings.FieldsFunc(w, func(c rune) bool { return !unicode.IsLetter(c) }) {
				key, _ := plainForm([]rune(piece))
				v.words[key] = true
			}
		}
	}
	return v
})

// protocolWords are what mail and the web are made of, and the words that stand in
// the reader's code.
var protocolWords = wordSet(`
	http https mailto www cid com org net html htm php aspx index home contact about team mail mx smtp imap pop webmail noreply donotreply no reply not do re fw fwd aw wg sv vs tr rv
	utf iso ascii windows charset text plain html multipart mixed alternative related signed encrypted report message rfc name filename attachment inline base quoted printable bit
	csv xls xlsx xlsm vcf pdf jpg jpeg png gif heic doc docx numbers pages key zip txt eml ics dat winmail tnef odt ods msg
	from to cc bcc sent date subject by with for id via esmtp esmtps esmtpsa lmtp tls dkim spf dmarc arc pass fail none neutral softfail permerror temperror bestguesspass policy header smtp mailfrom helo envelope auth rsa ed sha relaxed simple domain sender identity
	postmaster mailer daemon delivery status notification undelivered undeliverable returned failure failed delayed relayed expanded action final original recipient remote mta dns diagnostic code reporting arrival unknown user mailbox address rejected host said in response command rcpt data virtual table relay access denied message could not be delivered
	auto automatic generated replied vacation precedence bulk junk list unsubscribe post help owner archive
	begin end vcard version fn org title tel type work cell voice pref adr label internet url note rev uid item encoding value photo prodid kind email n
	if endif mso gte lte vml supportlists xml
	i ll re ve don t s m d isn wasn aren doesn didn won can couldn wouldn
	ql mc mcl qualified managed customer client lead leads prospect prospects all both none yes no ok first second third last
	monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec am pm gmt utc cet cest est pst
	example test dot at point punkt punto ponto punt underscore dash minus hyphen arroba arobase chiocciola
	in company pub profile posts page pages people edit usp sharing spreadsheets document file view open drive docs google safelinks protection outlook urldefense proofpoint linkedin facebook instagram xing twitter
	apple gmail outlook thunderbird iphone ipad android samsung blackberry yahoo exchange mutt whatsapp telegram signal teams zoom`)

func wordSet(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// keeps says whether a word stays, by its plain form.
func (r *redactor) keeps(key string) bool {
	v := known()
	switch {
	case key == "", r.forced[key]:
		return key == ""
	case v.isGiven[key] && !words.is(wordNoName|wordAmbiguous, key):
		return protocolWords[key]
	case v.words[key], r.labels[key]:
		return true
	}
	for _, s := range v.stems {
		if strings.HasPrefix(key, s) {
			return true
		}
	}
	// A plural or a genitive of what is known.
	if s, ok := strings.CutSuffix(key, "s"); ok && len(s) > 3 && v.words[s] {
		return true
	}
	return false
}

// plainForm is a word in small letters without accents, and the index of each of
// its letters: marks that sit on a letter are none.
func plainForm(word []rune) (string, []int) {
	key := make([]rune, 0, len(word))
	at := make([]int, 0, len(word))
	for i, c := range word {
		if unicode.Is(unicode.Mn, c) {
			continue
		}
		at = append(at, i)
		key = append(key, baseLetter(c))
	}
	return string(key), at
}

// baseLetter is a letter small and without its accent.
func baseLetter(c rune) rune {
	c = unicode.ToLower(c)
	if c < 0x80 {
		return c
	}
	switch c {
	case 'ł':
		return 'l'
	case 'ø':
		return 'o'
	case 'đ', 'ð':
		return 'd'
	case 'ı':
		return 'i'
	}
	if unicode.Is(unicode.Latin, c) || unicode.Is(unicode.Greek, c) {
		for _, d := range norm.NFD.String(string(c)) {
			return d
		}
	}
	return c
}

// text redacts a text; as many characters come back as went in.
func (r *redactor) text(in []rune) []rune {
	out := slices.Clone(in)
	if r.learning {
		for line := range strings.Lines(string(in)) {
			r.learnLabels(line)
		}
	}
	for i := 0; i < len(in); {
		// A stretch of what addresses and hosts are made of.
		j := i
		for j < len(in) && addressRune(in, j) {
			j++
		}
		switch {
		case j == i:
			i++
		default:
			r.stretch(in, out, i, j)
			i = j
		}
	}
	return out
}

// learnLabels notes what stands before a value, also where it is misspelled.
func (r *redactor) learnLabels(line string) {
	for _, h := range findLabels(strings.TrimRight(line, "\r\n")) {
		if h.sep == 0 || h.at >= h.from {
			continue
		}
		for _, w := range strings.FieldsFunc(line[h.at:h.from], func(c rune) bool { return !unicode.IsLetter(c) && !unicode.Is(unicode.Mn, c) }) {
			if key, _ := plainForm([]rune(w)); len(key) > 2 && !known().isGiven[key] {
				r.labels[key] = true
			}
		}
	}
}

// addressRune says whether a character can stand in an address or a host. What is
// escaped for a URL parts them.
func addressRune(in []rune, i int) bool {
	c := in[i]
	switch {
	case unicode.IsLetter(c), unicode.IsDigit(c), unicode.Is(unicode.Mn, c), unicode.Is(unicode.Mc, c), c == '.', c == '@', c == '-', c == '+', c == '\u200d', c == '\u200b':
		return !(i >= 1 && in[i-1] == '%' && isHex(in, i) && isHex(in, i+1)) && !(i >= 2 && in[i-2] == '%' && isHex(in, i-1) && isHex(in, i))
	}
	return false
}

func isHex(in []rune, i int) bool {
	return i < len(in) && (in[i] >= '0' && in[i] <= '9' || in[i] >= 'A' && in[i] <= 'F' || in[i] >= 'a' && in[i] <= 'f')
}

// stretch redacts in[from:to], which holds no blank: a word, an address, a host.
func (r *redactor) stretch(in, out []rune, from, to int) {
	s := string(in[from:to])
	if ref, ok := asReference(s); ok {
		if !r.learning {
			copy(out[from:to], []rune(r.reference(ref, s)))
		}
		return
	}
	at := slices.Index(in[from:to], '@')
	switch {
	case known().mixed[strings.ToLower(strings.Trim(s, ".-"))]:
	case at >= 0 && r.how.Mailbox != "" && strings.EqualFold(strings.Trim(s, ".-"), string(r.how.Mailbox)):
	case at >= 0:
		r.pieces(in, out, from, from+at, true)
		r.host(in, out, from+at+1, to)
	case isHost(s) && (from == 0 || in[from-1] != '@'):
		r.host(in, out, from, to)
	default:
		joined := from > 0 && (in[from-1] == '_' || in[from-1] == '/' || in[from-1] == '=') || to < len(in) && in[to] == '_'
		r.pieces(in, out, from, to, joined && !r.learning)
	}
}

// asReference reads a reference, whatever stands around it.
func asReference(s string) (rules.Reference, bool) {
	s = strings.Trim(s, ".-")
	ref, err := rules.ParseReference(s)
	return ref, err == nil
}

// reference replaces a reference by another one, written as the first was.
func (r *redactor) reference(ref rules.Reference, as string) string {
	b := r.random("reference", string(ref))
	fresh := string(rules.NewReference(uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])))
	i := strings.Index(strings.ToUpper(as), string(ref))
	if as[i:i+len(fresh)] != string(ref) {
		fresh = strings.ToLower(fresh)
	}
	return as[:i] + fresh + as[i+len(fresh):]
}

func isHost(s string) bool {
	s = strings.Trim(s, ".")
	i := strings.LastIndexByte(s, '.')
	return i > 0 && len(s) < 254 && isDomainEnd(s[i+1:]) && !strings.Contains(s, "..")
}

// isDomainEnd says whether a label is a top-level domain, or one of RFC 2606.
func isDomainEnd(s string) bool {
	s = strings.ToLower(s)
	switch s {
	case "example", "test", "invalid", "local", "localhost", "lan", "internal":
		return true
	}
	suffix, icann := publicsuffix.PublicSuffix("x." + s)
	return icann && suffix == s
}

// host redacts the labels of a host that say whose it is.
func (r *redactor) host(in, out []rune, from, to int) {
	for to > from && (in[to-1] == '.' || in[to-1] == '-') {
		to--
	}
	name := strings.ToLower(string(in[from:to]))
	keep := 0 // characters at the end that stay
	switch own := r.how.Mailbox.Domain(); {
	case own != "" && r.how.Mailbox != "" && (name == own || strings.HasSuffix(name, "."+own)):
		keep = len([]rune(own))
	default:
		if shared := sharedSuffix(name); shared != "" {
			keep = len([]rune(shared))
		} else if suffix, icann := publicsuffix.PublicSuffix(name); icann || strings.Contains(suffix, ".") {
			keep = len([]rune(suffix))
		} else if i := strings.LastIndexByte(name, '.'); i >= 0 {
			keep = len([]rune(name[i+1:]))
		}
	}
	r.pieces(in, out, from, to-keep, true)
	if r.learning || keep > 0 && isShared(name, keep) {
		return
	}
	// The name itself is somebody's also where it is an everyday word: partner.example.
	end := to - keep
	for end > from && in[end-1] == '.' {
		end--
	}
	at := end
	for at > from && in[at-1] != '.' {
		at--
	}
	if slices.Equal(in[at:end], out[at:end]) {
		random := r.random("host", strings.ToLower(string(in[at:end])))
		for i := at; i < end; i++ {
			if c := in[i]; c < 0x80 && unicode.IsLetter(c) {
				out[i] = like(unicode.ToLower(c), int(random[(i-at)%len(random)]))
			}
		}
	}
}

// isShared says whether what stays of a host is a provider's or our own, rather than
// a public suffix.
func isShared(name string, keep int) bool {
	end := []rune(name)
	s := string(end[max(0, len(end)-keep):])
	suffix, icann := publicsuffix.PublicSuffix(s)
	return strings.Contains(s, ".") && (!icann || suffix != s)
}

// sharedSuffix is the part of a host that is a provider's: public mail, networks,
// shared files, filters.
func sharedSuffix(name string) string {
	for s := name; s != ""; {
		if isPublicMail(s) || isDocument(s+"/x") || sharedHosts[s] {
			return s
		}
		_, rest, ok := strings.Cut(s, ".")
		if !ok {
			return ""
		}
		s = rest
	}
	return ""
}

var sharedHosts = wordSet("linkedin.com facebook.com instagram.com xing.com twitter.com x.com safelinks.protection.outlook.com urldefense.com urldefense.us urldefense.proofpoint.com google.com cudasvc.com mimecastprotect.com sophos.com trendmicro.com outlook.com office.com office365.com googlemail.com apple.com microsoft.com amazonses.com schema.org w3.org schemas.microsoft.com openxmlformats.org purl.org")

// pieces redacts the runs of letters and digits of a stretch. joined says that words
// are written together there, as in hosts and local parts.
func (r *redactor) pieces(in, out []rune, from, to int, joined bool) {
	for i := from; i < to; {
		c := in[i]
		j := i
		switch {
		case unicode.IsDigit(c):
			for j < to && (unicode.IsDigit(in[j]) || j+1 < to && strings.ContainsRune(".-", in[j]) && unicode.IsDigit(in[j+1])) {
				j++
			}
			r.number(in, out, i, j)
		case spaceless(c):
			for j < to && spaceless(in[j]) {
				j++
			}
			r.characters(in, out, i, j)
		case unicode.IsLetter(c):
			for j < to && (unicode.IsLetter(in[j]) && !spaceless(in[j]) || unicode.In(in[j], unicode.Mn, unicode.Mc) || in[j] == '\u200d' || in[j] == '\u200b') {
				j++
			}
			r.word(in, out, i, j, joined)
		default:
			j++
		}
		i = j
	}
}

// number replaces the digits of what can be a telephone number, an amount, an
// account. Numbers of a list, years and codes of three digits stay.
func (r *redactor) number(in, out []rune, from, to int) {
	if r.learning {
		return
	}
	digits := func(i, j int) int {
		n := 0
		for _, c := range in[i:j] {
			if unicode.IsDigit(c) {
				n++
			}
		}
		return n
	}
	n := digits(from, to)
	// The groups of a number with blanks: +49 30 1234 567.
	const longest = 40
	a, b := from, to
	for k := a - 1; k >= 0 && from-k < longest && a-k < 4 && strings.ContainsRune(" ()/-.+\u00a0", in[k]); k-- {
		if k > 0 && unicode.IsDigit(in[k-1]) || in[k] == '+' {
			for k > 0 && from-k < longest && (unicode.IsDigit(in[k-1]) || in[k-1] == '+') {
				k--
			}
			a = k
		}
	}
	for k := b; k < len(in) && k-to < longest && k-b < 3 && strings.ContainsRune(" ()/-.\u00a0", in[k]); k++ {
		if k+1 < len(in) && unicode.IsDigit(in[k+1]) {
			for k+1 < len(in) && k-to < longest && unicode.IsDigit(in[k+1]) {
				k++
			}
			b = k + 1
		}
	}
	s := string(in[from:to])
	money := to < len(in) && strings.ContainsRune("€$£¥%", in[to]) || from > 0 && strings.ContainsRune("€$£¥", in[from-1])
	phone := a < from && in[a] == '+' && digits(a, b) > 4 || digits(a, b) >= 8 && (a < from || b > to || strings.ContainsAny(s, ".-"))
	year := len(s) == 4 && (strings.HasPrefix(s, "19") || strings.HasPrefix(s, "20"))
	date := looksDated(s)
	if zone := from > 1 && (in[from-1] == '+' || in[from-1] == '-') && in[from-2] == ' ' && len(s) == 4; zone {
		return // of a date
	}
	if !phone && !money && (n <= 3 || year || date) || date && !money {
		return
	}
	key := strings.Map(func(c rune) rune {
		if unicode.IsDigit(c) {
			return c
		}
		return -1
	}, s)
	random := r.random("number", key)
	k := 0
	for i := from; i < to; i++ {
		if !unicode.IsDigit(in[i]) || in[i] > 0x7f {
			continue
		}
		d := rune('0' + random[k%len(random)]%10)
		if d == '0' && in[i] != '0' || in[i] == '0' && k == 0 {
			d = in[i] // a number begins as it did
			if in[i] != '0' {
				d = '1' + (in[i]-'0')%9
			}
		}
		out[i] = d
		k++
	}
}

// looksDated: 2026-05-22, 22.05.2026, 22-05-26.
func looksDated(s string) bool {
	parts := strings.FieldsFunc(s, func(c rune) bool { return c == '.' || c == '-' })
	if len(parts) != 3 {
		return false
	}
	for _, p := range parts {
		if len(p) > 2 && !(len(p) == 4 && (p[:2] == "19" || p[:2] == "20")) {
			return false
		}
	}
	return true
}

// word replaces a run of letters.
func (r *redactor) word(in, out []rune, from, to int, joined bool) {
	key, at := plainForm(in[from:to])
	if r.learning {
		if len(key) >= 3 && !joined {
			r.words[key] = true
		}
		for i, k := range at {
			if c := in[from+k]; c >= 0x80 && unicode.Is(unicode.Latin, c) || k+1 < to-from && unicode.Is(unicode.Mn, in[from+k+1]) {
				if r.fixed[key] == nil {
					r.fixed[key] = map[int]bool{}
				}
				r.fixed[key][i] = true
			}
		}
		return
	}
	letters := []rune(key)
	var fresh []rune
	switch {
	case len(letters) == 1:
		initial := to+1 < len(in) && in[to] == '.' && (in[to+1] == ' ' || unicode.IsUpper(in[to+1])) && unicode.IsUpper(in[from])
		if !initial && !joined {
			return
		}
		fresh = []rune{r.initial(letters[0])}
	case joined:
		fresh = []rune(r.joined(key))
	default:
		fresh = []rune(r.replacement(key))
	}
	for i, k := range at {
		c := in[from+k]
		if c >= 0x80 && unicode.Is(unicode.Latin, c) || i >= len(fresh) || fresh[i] == letters[i] {
			continue
		}
		if unicode.IsUpper(c) {
			out[from+k] = unicode.ToUpper(fresh[i])
		} else {
			out[from+k] = fresh[i]
		}
	}
}

// joined replaces words that are written together, as far as the mail holds them
// apart: what covers most letters counts; single letters between are initials.
func (r *redactor) joined(key string) string {
	const longest = 64 // of a label of a host (RFC 1035, section 2.3.4)
	if r.words[key] || r.keeps(key) || len(key) > longest {
		return r.replacement(key)
	}
	if s, ok := r.umlauts(key); ok {
		return s
	}
	letters := []rune(key)
	type way struct {
		covered, pieces, back int
		word                  bool
	}
	best := make([]way, len(letters)+1)
	for i := 1; i <= len(letters); i++ {
		best[i] = way{best[i-1].covered, best[i-1].pieces + 1, i - 1, false}
		for n := 3; n <= i; n++ {
			w := string(letters[i-n : i])
			if !r.words[w] && !(n >= 5 && r.keeps(w)) {
				if _, ok := r.umlauts(w); !ok {
					continue
				}
			}
			if b := best[i-n]; b.covered+n > best[i].covered || b.covered+n == best[i].covered && b.pieces+1 < best[i].pieces {
				best[i] = way{b.covered + n, b.pieces + 1, i - n, true}
			}
		}
	}
	if best[len(letters)].covered == 0 {
		if len(letters) <= 3 {
			return string([]rune(strings.Map(r.initial, key)))
		}
		return r.replacement(key)
	}
	var pieces []string
	rest := len(letters)
	for i := len(letters); i > 0; {
		b := best[i]
		if b.word {
			if i < rest {
				pieces = append(pieces, r.between(string(letters[i:rest])))
			}
			w := string(letters[b.back:i])
			if s, ok := r.umlauts(w); ok && !r.words[w] {
				pieces = append(pieces, s)
			} else {
				pieces = append(pieces, r.replacement(w))
			}
			rest = b.back
		}
		i = b.back
	}
	if rest > 0 {
		pieces = append(pieces, r.between(string(letters[:rest])))
	}
	slices.Reverse(pieces)
	if s := strings.Join(pieces, ""); s != key {
		return s
	}
	return r.replacement(key)
}

// between replaces what stands between the words of a host or local part.
func (r *redactor) between(key string) string {
	if len([]rune(key)) < 3 {
		return strings.Map(r.initial, key)
	}
	return r.replacement(key)
}

// umlauts replaces mueller where the mail holds Müller.
func (r *redactor) umlauts(key string) (string, bool) {
	for i := 0; i+1 < len(key); i++ {
		if key[i+1] != 'e' || !strings.ContainsRune("aou", rune(key[i])) {
			continue
		}
		short := key[:i+1] + key[i+2:]
		if r.fixed[short][len([]rune(key[:i]))] {
			s := []rune(r.replacement(short))
			n := len([]rune(key[:i+1]))
			return string(s[:n]) + "e" + string(s[n:]), true
		}
	}
	return "", false
}

// replacement is what a word becomes, by its plain form: itself where the
// vocabulary knows it.
func (r *redactor) replacement(key string) string {
	if r.keeps(key) {
		return key
	}
	if s, ok := r.memo[key]; ok {
		return s
	}
	letters := []rune(key)
	fits := func(s string) bool {
		for i, c := range []rune(s) {
			if r.fixed[key][i] && c != letters[i] {
				return false
			}
		}
		return s != key && !r.words[s]
	}
	out := ""
	if v := known(); v.isGiven[key] {
		first := r.initial(letters[0])
		names := v.given[len(letters)]
		random := r.random("given", key)
		start := int(random[0])<<8 | int(random[1])
		for _, strict := range []bool{true, false} {
			for k := range names {
				s := names[(start+k)%len(names)]
				if fits(s) && (!strict || []rune(s)[0] == first) {
					out = s
					break
				}
			}
			if out != "" {
				break
			}
		}
	}
	for n := byte(0); out == ""; n++ {
		random := r.random("word", string(n)+key)
		fresh := make([]rune, len(letters))
		for i, c := range letters {
			switch {
			case r.fixed[key][i]:
				fresh[i] = c
			case i == 0:
				fresh[i] = r.initial(c)
			default:
				fresh[i] = like(c, int(random[i%len(random)])+i/len(random))
			}
		}
		s := string(fresh)
		if n > 50 || s != key && !r.words[s] && !known().isGiven[s] && (len(letters) < 3 || !r.keeps(s)) {
			out = s
		}
	}
	r.memo[key] = out
	return out
}

// alphabets are letters that stand for one another: vowels, consonants, by script.
var alphabets = []string{
	"aeiou", "bcdfghklmnprstvwz", "jqxy", "аеиоу", "бвгдзклмнпрст", "ыэюяёйжфхцчшщъь", "αειου", "βγδκλμνπρστ", "ζηθξφχψω",
	"אבגדהוזחטילמנסעפצקרשת", "بتسمنرلعفقكدحج", "คงจตทนบปพมยรลวสห", "कखगचजटडतदनपबमरलवसह",
}

// like is another letter of the same kind.
func like(c rune, n int) rune {
	for _, a := range alphabets {
		if strings.ContainsRune(a, c) {
			rs := []rune(a)
			return rs[n%len(rs)]
		}
	}
	return c
}

// initial is the letter with which all words go on that begin with c.
func (r *redactor) initial(c rune) rune {
	if to, ok := r.initials[c]; ok {
		return to
	}
	to := r.permuted(c)
	r.initials[c] = to
	return to
}

func (r *redactor) permuted(c rune) rune {
	for _, a := range alphabets {
		if !strings.ContainsRune(a, c) {
			continue
		}
		// A permutation: by the order of the letters' random bytes.
		rs := []rune(a)
		order := slices.Clone(rs)
		slices.SortFunc(order, func(x, y rune) int {
			return strings.Compare(r.random("initial", string(x)), r.random("initial", string(y)))
		})
		return order[slices.Index(rs, c)]
	}
	return c
}

// spaceless says whether a character belongs to a script that is written without
// spaces.
func spaceless(c rune) bool {
	return unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || c == 'ー' || c == '々'
}

// Characters that all East Asian charsets hold, and that names are made of.
var (
	hanPool      = []rune("山川田中本木林村石水上下大小高原野松竹金井口平青白月日南北西安和文光明正友美子春秋冬夏")
	katakanaPool = []rune("アイウエオカキクケコサシスセソタチツテトナニノハヒフヘホマミムメモヤユヨラリルレロ")
	hangulPool   = []rune("가나다라마바사아자하김이박최정강조윤장임한오서신권황안송유홍민준지현수영진선")
)

// characters replaces a run of a script without spaces, but for the phrases of it
// that the vocabulary knows.
func (r *redactor) characters(in, out []rune, from, to int) {
	if r.learning {
		return
	}
	v := known()
	for i := from; i < to; {
		n := min(max(v.longest, 12), to-i)
		for ; n > 0; n-- {
			if s := string(in[i : i+n]); (n > 1 || to-from == 1) && (v.phrases[s] || r.labels[s]) {
				break
			}
		}
		if n > 0 {
			i += n
			continue
		}
		c := in[i]
		random := r.random("character", string(c))
		n = int(random[0])<<8 | int(random[1])
		switch {
		case unicode.Is(unicode.Han, c) && c != '々':
			out[i] = hanPool[n%len(hanPool)]
		case unicode.Is(unicode.Katakana, c) && c >= 'ァ' && c <= 'ヶ':
			out[i] = katakanaPool[n%len(katakanaPool)]
		case unicode.Is(unicode.Hangul, c):
			out[i] = hangulPool[n%len(hangulPool)]
		}
		i++
	}
}

// random are bytes that depend on the key and a word only.
func (r *redactor) random(kind, word string) string {
	h := hmac.New(sha256.New, r.how.Key)
	h.Write([]byte(kind + "\x00" + word))
	return string(h.Sum(nil))
}
