package intake

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadmail/rules"
)

// state is what a stated value is worth.
type state uint8

const (
	missing  state = iota // empty, a placeholder, "to follow": as if not stated (MAIL.md 112)
	usable                // a value
	none                  // there is none, says the sender (D23)
	unusable              // stated, but no value of this field
)

var (
	emailPattern = regexp.MustCompile(`[\pL\pN.!#$%&'*+/=?^_{|}~-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+`)
	hostPattern  = regexp.MustCompile(`^(?i:[a-z][a-z0-9+.-]*://)?(?:[^\s/@?#]+@)?[\pL\pN](?:[\pL\pN_-]*[\pL\pN])?(?:\.[\pL\pN](?:[\pL\pN_-]*[\pL\pN])?)*\.(?:\pL{2,}|(?i:xn--[a-z0-9-]+))\.?(?::\d{1,5})?(?:[/?#]\S*)?$`)
	dotWord      = regexp.MustCompile(`(?i)\s*[(\[{<]\s*(?:dot|punkt|point|punto)\s*[)\]}>]\s*`)
	atWord       = regexp.MustCompile(`(?i)\s*[(\[{<]\s*(?:at|ät|arroba)\s*[)\]}>]\s*`)
	spokenMail   = regexp.MustCompile(`(?i)^([\pL\pN._+-]+) at ([\pL\pN-]+(?: dot [\pL\pN-]+)+)$`)
	refPattern   = regexp.MustCompile(`(?i)\bR-[0-9A-Z]{6}\b`)
)

// references finds the references in a text, in their places.
func references(s string) []located {
	if len(s) > 1<<16 {
		s = s[:1<<16]
	}
	if !mayHoldReference(s) {
		return nil
	}
	var out []located
	for _, at := range refPattern.FindAllStringIndex(s, 200) {
		if at[0] > 0 && (s[at[0]-1] == '-' || s[at[0]-1] == '.') || at[1] < len(s) && s[at[1]] == '-' {
			continue
		}
		if r, err := rules.ParseReference(s[at[0]:at[1]]); err == nil {
			out = append(out, located{r, at[0], at[1]})
		}
	}
	return out
}

// mayHoldReference spares nearly all text the expression.
func mayHoldReference(s string) bool {
	for i := strings.IndexByte(s, '-'); i >= 0 && i+7 <= len(s); {
		if i > 0 && s[i-1]|0x20 == 'r' {
			n := 0
			for n < 6 && (isDigit(s[i+1+n]) || 'a' <= s[i+1+n]|0x20 && s[i+1+n]|0x20 <= 'z') {
				n++
			}
			if n == 6 {
				return true
			}
		}
		next := strings.IndexByte(s[i+1:], '-')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

type located struct {
	ref      rules.Reference
	from, to int
}

// nothing judges a value that is none: empty, a placeholder, "none", "to follow".
// usable means that it may be a value.
func nothing(s string) state {
	t := strings.TrimSpace(s)
	if strings.Trim(t, "_.…-–—*?[]<>{}()/\\ \"'xX") == "" {
		return missing
	}
	// <company>, [your company], {{url}}: a placeholder that was left in.
	if n := len(t); strings.ContainsRune("<[{", rune(t[0])) && strings.ContainsRune(">]}", rune(t[n-1])) {
		inner := strings.TrimSpace(strings.Trim(t, "<>[]{}"))
		if !strings.Contains(inner, "@") && !looksLikeURL(inner) && (t[0] != '[' || placeholder(inner)) {
			return missing
		}
	}
	lower := strings.ToLower(t)
	if lower == "http://" || lower == "https://" || lower == "www." || lower == "https://www." || lower == "http://www." {
		return missing
	}
	for _, c := range []struct {
		section string
		s       state
	}{{"later", missing}, {"none", none}} {
		rest, ok := words.after(c.section, t)
		if !ok {
			continue
		}
		if rest == "" {
			return c.s
		}
		// "none yet, they are still building it": the phrase and then a remark.
		head := t[:len(t)-len(rest)]
		if strings.ContainsAny(head, ",;.:(-–—!") && strings.TrimSpace(strings.Trim(head, ",;.:(-–—! ")) != "" {
			return c.s
		}
		if len(strings.Fields(head)) >= 2 && len(strings.Fields(rest)) >= 1 {
			return c.s
		}
	}
	return usable
}

// placeholder says whether a text in square brackets stands for a value: a label,
// or "your company".
func placeholder(s string) bool {
	if words.lookup(s, true) != "" || s == "" {
		return true
	}
	for _, t := range tokens(s) {
		switch t.w {
		case "your", "insert", "enter", "name", "here", "value", "text", "fill", "optional", "required", "ihr", "ihre", "votre", "su", "e", "url", "mail":
			return true
		}
	}
	return false
}

// unbracket takes off square brackets that were kept around a value.
func unbracket(s string) string {
	t := strings.TrimSpace(s)
	if len(t) > 2 && t[0] == '[' && t[len(t)-1] == ']' && !strings.ContainsAny(t[1:len(t)-1], "[]") {
		return strings.TrimSpace(t[1 : len(t)-1])
	}
	return s
}

// undisguise writes obfuscated dots and at signs plainly.
func undisguise(s string) string {
	if strings.ContainsAny(s, "([{<") {
		s = dotWord.ReplaceAllString(s, ".")
		s = atWord.ReplaceAllString(s, "@")
	}
	if !strings.Contains(s, " ") {
		return s
	}
	if m := spokenMail.FindStringSubmatch(strings.TrimSpace(s)); m != nil {
		s = m[1] + "@" + regexp.MustCompile(`(?i) dot `).ReplaceAllString(m[2], ".")
	}
	return s
}

// readEmail reads the one address of a value.
func readEmail(s string) (string, state) {
	if st := nothing(s); st != usable {
		return "", st
	}
	s = undisguise(s)
	if a, st := oneEmail(s); st == usable {
		return a, st
	}
	head, _, _ := strings.Cut(s, "(")
	return oneEmail(head)
}

func oneEmail(s string) (string, state) {
	if strings.IndexByte(s, '@') < 0 {
		return "", unusable // spares most lines the expression
	}
	if plainEmail(s) {
		s = tidyEmail(s)
		if s == "" {
			return "", unusable
		}
		return s, usable
	}
	found := ""
	for _, a := range emailPattern.FindAllString(s, 10) {
		a = tidyEmail(a)
		if a == "" || found != "" && strings.EqualFold(a, found) {
			continue
		}
		if found != "" {
			return "", unusable
		}
		found = a
	}
	if found == "" {
		return "", unusable
	}
	return found, usable
}

// plainEmail says whether a text of plain letters, digits, dots, hyphens, underscores
// and plus signs is an address and nothing else, as emailPattern would find it.
func plainEmail(s string) bool {
	at, label := -1, 0
	dots := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-':
		case c == '@' && at < 0 && i > 0:
			at, label = i, i+1
		case c == '.' && at < 0:
		case c == '.':
			if i == label {
				return false
			}
			label, dots = i+1, dots+1
		case (c == '_' || c == '+') && at < 0:
		default:
			return false
		}
	}
	return at > 0 && dots > 0 && label < len(s)
}

func tidyEmail(a string) string {
	if i := strings.LastIndexAny(a, "'=|{}"); i >= 0 && i < strings.IndexByte(a, '@') {
		a = a[i+1:]
	}
	a = strings.TrimLeft(a, ".-/*_")
	if strings.HasPrefix(strings.ToLower(a), "mailto:") {
		a = a[7:]
	}
	a = strings.TrimRight(a, ".-")
	at := strings.IndexByte(a, '@')
	dot := strings.LastIndexByte(a, '.')
	if at <= 0 || dot < at || utf8.RuneCountInString(a[dot+1:]) < 2 || strings.Contains(a, "..") {
		return ""
	}
	for _, r := range a[dot+1:] {
		if unicode.IsDigit(r) && !strings.HasPrefix(strings.ToLower(a[dot+1:]), "xn--") {
			return ""
		}
	}
	return a
}

func looksLikeURL(s string) bool {
	if len(s) >= 2000 || !strings.Contains(s, ".") {
		return false
	}
	if is, plain := plainURL(s); plain {
		return is
	}
	return hostPattern.MatchString(s)
}

// plainURL says of a text with a plain host what hostPattern says of it; plain is
// false for any other.
func plainURL(s string) (is, plain bool) {
	rest := s
	for _, scheme := range []string{"https://", "http://"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			rest = s[len(scheme):]
			break
		}
	}
	tail := ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest, tail = rest[:i], rest[i:]
	}
	if tail != "" && strings.HasSuffix(rest, ":") {
		return false, false // another scheme
	}
	is, plain = plainHost(rest)
	return is && !strings.ContainsAny(tail, " \t\n\f\r"), plain
}

// plainHost says of a text of plain letters, digits, hyphens and dots what
// hostPattern says of it; plain is false for any other.
func plainHost(s string) (host, plain bool) {
	label, labels, letters, sound := 0, 0, true, true // where the label begins, what is behind and in it
	s = strings.TrimSuffix(s, ".")
	for i := 0; i <= len(s); i++ {
		c := byte('.')
		if i < len(s) {
			c = s[i]
		}
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		case '0' <= c && c <= '9':
			letters = false
		case c == '-' || c == '_':
			letters, sound = false, sound && i > label && i+1 < len(s) && s[i+1] != '.'
		case c == '.':
			sound = sound && i > label
			if i == len(s) {
				tld := s[label:]
				if len(tld) > 4 && strings.EqualFold(tld[:4], "xn--") {
					return false, false
				}
				return sound && labels > 0 && letters && len(tld) >= 2, true
			}
			label, labels, letters = i+1, labels+1, true
		default:
			return false, false
		}
	}
	return false, false
}

// findURLs lists the words of a text that are web addresses, as written, each
// once.
func findURLs(s string) []string {
	var out []string
	add := func(w string) {
		w = strings.TrimRight(strings.Trim(w, "<>()[]{}\"'“”‘’*,;"), ".,;:!?)>]*\"'”’")
		if strings.Contains(w, "@") || !looksLikeURL(w) {
			return
		}
		for _, o := range out {
			if normURL(o) == normURL(w) {
				return
			}
		}
		out = append(out, w)
	}
	for _, w := range strings.Fields(s) {
		// "www.acme.example<http://www.acme.example/>" is what Outlook writes.
		if i := strings.IndexByte(w, '<'); i > 0 {
			add(w[:i])
			w = w[i:]
		}
		add(w)
		if len(out) == 20 {
			break
		}
	}
	return out
}

// normURL is the form in which two web addresses are compared.
func normURL(s string) string {
	if i := strings.Index(s, "://"); i >= 0 {
		s = s[i+3:]
	}
	host, path := s, ""
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		host, path = s[:i], s[i:]
	}
	return strings.TrimPrefix(strings.ToLower(host), "www.") + strings.TrimRight(path, "/")
}

// readURL reads the one web address of a value. A bracketed one behind a shown
// one is where a link led; the shown one is what was written.
func readURL(s string) (string, state) {
	if st := nothing(s); st != usable {
		return "", st
	}
	s = undisguise(s)
	if strings.Contains(s, "@") && len(findURLs(s)) == 0 {
		return "", unusable
	}
	for _, text := range []string{withoutBrackets(s), s, before(s, "(")} {
		if urls := findURLs(text); len(urls) == 1 {
			return urls[0], usable
		}
	}
	return "", unusable
}

func before(s, mark string) string {
	head, _, _ := strings.Cut(s, mark)
	return head
}

// withoutBrackets drops <…> where something stands before it.
func withoutBrackets(s string) string {
	open := strings.IndexByte(s, '<')
	if open <= 0 || strings.TrimSpace(s[:open]) == "" {
		return s
	}
	end := strings.IndexByte(s[open:], '>')
	if end < 0 {
		return s[:open]
	}
	return s[:open] + " " + s[open+end+1:]
}

// readCompany takes a company's name as written, without decoration.
func readCompany(s string) (string, state) {
	if st := nothing(s); st != usable {
		return "", st
	}
	for range 3 {
		open, end := strings.LastIndexAny(s, "<("), len(s)-1
		if open <= 0 || s[end] != '>' && s[end] != ')' {
			break
		}
		inner := strings.TrimPrefix(s[open+1:end], "mailto:")
		if !looksLikeURL(inner) && !strings.Contains(inner, "@") {
			break
		}
		s = strings.TrimSpace(s[:open])
	}
	s = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(s), ",;"))
	s = unwrap(s)
	if strings.Contains(s, "@") || utf8.RuneCountInString(s) > 120 || len(strings.Fields(s)) > 14 || s == "" {
		return "", unusable
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return "", missing
	}
	return strings.Join(strings.Fields(s), " "), usable
}

// unwrap takes off quotation marks and emphasis that enclose the whole.
func unwrap(s string) string {
	for _, p := range []string{`""`, "''", "“”", "‘’", "„“", "«»", "**", "__", "「」", "„”"} {
		open, size := utf8.DecodeRuneInString(p)
		shut := p[size:]
		if len(s) > len(p) && strings.HasPrefix(s, string(open)) && strings.HasSuffix(s, shut) && !strings.Contains(s[size:len(s)-len(shut)], shut) {
			return strings.TrimSpace(s[size : len(s)-len(shut)])
		}
	}
	return s
}

// titles and suffixes are no part of a name (GUIDE.md).
var (
	titles   = map[string]bool{"dr": true, "mr": true, "mrs": true, "ms": true, "miss": true, "mx": true, "prof": true, "professor": true, "sir": true, "dame": true, "herr": true, "frau": true, "ing": true, "dipl": true, "mag": true, "sra": true, "srta": true, "don": true, "doña": true, "mme": true, "mlle": true, "monsieur": true, "madame": true, "dott": true, "dottssa": true, "sig": true, "signora": true, "rev": true, "eng": true, "dhr": true, "mevr": true, "pan": true, "pani": true, "drs": true, "ir": true}
	suffixes = map[string]bool{"jr": true, "sr": true, "ii": true, "iii": true, "iv": true, "phd": true, "mba": true, "esq": true, "md": true, "cpa": true, "msc": true, "bsc": true, "pmp": true, "dphil": true, "esquire": true, "llm": true, "fils": true, "junior": true, "senior": true, "filho": true, "neto": true, "hijo": true, "obe": true, "mbe": true, "cbe": true}
)

// bareWord is a word in small letters without its dots and commas.
func bareWord(w string) string {
	if strings.ContainsAny(w, ".,") {
		w = strings.ReplaceAll(strings.ReplaceAll(w, ".", ""), ",", "")
	}
	return strings.ToLower(w)
}

// nameWords reads a person's name as words, titles, suffixes and remarks
// dropped; inverted is set for "Doe, Jane".
func nameWords(s string) (names []string, inverted int, st state) {
	if st := nothing(s); st != usable {
		return nil, 0, st
	}
	s = withoutNickname(s)
	if i := strings.IndexAny(s, "(<["); i > 0 {
		s = s[:i]
	}
	s = unwrap(strings.Trim(strings.TrimSpace(s), ",;"))
	if strings.ContainsAny(s, "@/|:;=!?_{}") || strings.ContainsFunc(s, unicode.IsDigit) || !strings.ContainsFunc(s, unicode.IsLetter) || utf8.RuneCountInString(s) > 70 {
		return nil, 0, unusable
	}
	fields := strings.Fields(s)
	for len(fields) > 1 && (titles[bareWord(fields[0])] || strings.EqualFold(fields[0], "Sr.") || words.is(wordTitle, fields[0]) && !words.is(wordGiven, fields[0])) {
		fields = fields[1:]
	}
	for len(fields) > 1 && suffixes[bareWord(fields[len(fields)-1])] {
		fields = fields[:len(fields)-1]
		fields[len(fields)-1] = strings.TrimRight(fields[len(fields)-1], ",")
	}
	for i, w := range fields {
		if !letters(w) {
			continue // a dash, a number sign
		}
		if inverted > 0 && len(names) == inverted && i < len(fields)-1 && titles[bareWord(w)] {
			continue // "Doe, Dr. Jane"
		}
		if strings.HasSuffix(w, ",") {
			if inverted > 0 || i == len(fields)-1 {
				return nil, 0, unusable
			}
			inverted = i + 1
		} else if strings.Contains(w, ",") {
			return nil, 0, unusable
		}
		names = append(names, strings.Trim(w, ","))
	}
	if len(names) == 0 || len(names) > 6 {
		return nil, 0, unusable
	}
	return names, inverted, usable
}

// withoutNickname drops what stands in brackets or quotation marks inside a name:
// Wilhelmina "Willa" van Doorn, Robert (Bob) Smith.
func withoutNickname(s string) string {
	for _, q := range [][2]string{{"(", ")"}, {"\"", "\""}, {"“", "”"}, {"„", "“"}, {"‘", "’"}, {" '", "' "}, {"«", "»"}} {
		open := strings.Index(s, q[0])
		if open <= 0 {
			continue
		}
		end := strings.Index(s[open+len(q[0]):], q[1])
		if end <= 0 {
			continue
		}
		rest := s[open+len(q[0])+end+len(q[1]):]
		if strings.TrimSpace(rest) != "" && !strings.ContainsAny(rest, "@") {
			s = strings.TrimSpace(s[:open]) + " " + strings.TrimSpace(rest)
		}
	}
	return s
}

// readName reads a first or a last name.
func readName(s string) (string, state) {
	names, inverted, st := nameWords(s)
	if st != usable {
		return "", st
	}
	if inverted > 0 {
		return "", unusable
	}
	return strings.Join(names, " "), usable
}

// readLastName reads a last name. A nobleman's rank is part of it.
func readLastName(s string) (string, state) {
	value, st := readName(s)
	if first, _, more := strings.Cut(strings.TrimSpace(s), " "); more && st == usable && !strings.HasSuffix(first, ",") && !titles[bareWord(first)] && !strings.HasSuffix(first, ".") && !strings.HasPrefix(value, first) && unwrap(s) == s && !strings.ContainsAny(first, "([{<\"0123456789") {
		return strings.TrimSpace(first + " " + value), st
	}
	return value, st
}

// particles begin a family name.
var particles = map[string]bool{"van": true, "von": true, "de": true, "del": true, "della": true, "di": true, "da": true, "dos": true, "das": true, "du": true, "der": true, "den": true, "ter": true, "ten": true, "la": true, "le": true, "el": true, "al": true, "bin": true, "ibn": true, "mac": true, "mc": true, "st": true, "'t": true, "’t": true, "zu": true, "zur": true, "af": true, "av": true, "ben": true, "o": true,
	"ó": true, "ní": true, "nic": true, "uí": true, "mhic": true, "ferch": true, "los": true, "las": true, "bint": true, "binti": true, "dal": true, "dalla": true, "dalle": true, "dei": true, "degli": true, "zum": true, "vom": true, "te": true, "do": true}

// romance are the particles of languages in which a family name may begin before
// them: "Iracema Tavares de Lima".
var romance = map[string]bool{"de": true, "da": true, "do": true, "dos": true, "das": true, "del": true, "di": true, "du": true, "la": true, "le": true}

// joins2 stand between two family names: "Ruiz y Casado", "Casadevall i Roure".
var joins2 = map[string]bool{"y": true, "i": true, "e": true}

func knownGiven(w string) bool {
	f := words.facts(w)
	return f&wordGiven != 0 && f&wordSurname == 0
}

// twoFamilies splits a name whose family name has two parts with a word between.
func twoFamilies(names []string) (first, last string, ok bool) {
	for k := 2; k < len(names)-1; k++ {
		if !joins2[names[k]] {
			if particles[strings.ToLower(names[k])] {
				return "", "", false
			}
			continue
		}
		g := 1
		for g < k-1 && knownGiven(names[g]) {
			g++
		}
		if g < k-1 && !knownGiven(names[0]) {
			return "", "", false
		}
		return strings.Join(names[:g], " "), strings.Join(names[g:], " "), true
	}
	return "", "", false
}

// patronymic says whether a name ends as Icelandic ones do: the words before are
// given names, "Bjarki Þór Gunnlaugsson".
func patronymic(names []string, email string) bool {
	last := foldLetters(names[len(names)-1])
	if !strings.HasSuffix(last, "sson") && !strings.HasSuffix(last, "dottir") {
		return false
	}
	return strings.HasSuffix(last, "dottir") || strings.HasSuffix(email, ".is") || strings.ContainsAny(strings.ToLower(strings.Join(names, " ")), "þðáéíóúý")
}

// initials are the first letters of words, folded.
func initials(names []string) string {
	var b strings.Builder
	for _, w := range names {
		if f := foldLetters(w); f != "" {
			r, _ := utf8.DecodeRuneInString(f)
			b.WriteRune(r)
		}
	}
	return b.String()
}

// withoutRole drops a function behind a name: "Rosemarie Gutowski, Plant Manager".
func withoutRole(s string) string {
	head, tail, ok := strings.Cut(s, ",")
	if !ok || len(strings.Fields(head)) < 2 {
		return s
	}
	for _, w := range strings.Fields(tail) {
		if words.is(wordRole, w) {
			return head
		}
	}
	return s
}

// splitName tells first from last name in a whole one. Where three words or more
// leave it open, the address decides if it spells the parts; otherwise only what
// is certain is taken.
func splitName(s, email string) (first, last string, st state) {
	names, inverted, st := nameWords(withoutRole(s))
	switch {
	case st != usable:
		return "", "", st
	case inverted > 0:
		return strings.Join(names[inverted:], " "), strings.Join(names[:inverted], " "), usable
	case len(names) == 1:
		return names[0], "", usable
	case eastern(names):
		return strings.Join(names[1:], " "), names[0], usable
	case len(names) == 2 && familyFirst(names, email):
		return names[1], names[0], usable
	case len(names) == 2:
		return names[0], names[1], usable
	}
	names = withoutLetters(names, email)
	if len(names) == 2 {
		return names[0], names[1], usable
	}
	if last, first, ok := capitalFamily(names); ok {
		return first, last, usable
	}
	local, _, _ := strings.Cut(foldWord(email, false), "@")
	if local != "" {
		pieces := strings.FieldsFunc(local, func(r rune) bool { return r == '.' || r == '_' || r == '-' })
		for i := 1; i < len(names); i++ {
			f, l := foldWord(strings.Join(names[:i], ""), false), foldWord(strings.Join(names[i:], ""), false)
			if len(pieces) == 2 && (pieces[0] == f && pieces[1] == l || pieces[0] == l && pieces[1] == f || (pieces[0] == f[:1] || pieces[0] == initials(names[:i])) && pieces[1] == l) ||
				i > 1 && (local == initials(names[:i])+l || local == l+initials(names[:i])) || local == f+l || local == f[:1]+l || local == l && i > 1 {
				return strings.Join(names[:i], " "), strings.Join(names[i:], " "), usable
			}
		}
	}
	if pieces := strings.FieldsFunc(local, func(r rune) bool { return r == '.' || r == '_' }); len(pieces) == 2 && pieces[0] == foldLetters(names[0]) && pieces[1] == foldLetters(names[len(names)-1]) && !particles[strings.ToLower(names[len(names)-2])] {
		return strings.Join(names[:len(names)-1], " "), names[len(names)-1], usable
	}
	if patronymic(names, email) {
		return strings.Join(names[:len(names)-1], " "), names[len(names)-1], usable
	}
	if first, last, ok := twoFamilies(names); ok {
		return first, last, usable
	}
	for i := 1; i < len(names); i++ {
		if !particles[strings.ToLower(names[i])] {
			continue
		}
		if alone := local == foldLetters(names[0]); romance[strings.ToLower(names[i])] && (alone || knownGiven(names[0])) && !strings.HasPrefix(foldLetters(names[0]), "mari") {
			// What is no given name before a particle belongs to the family.
			g := 1
			for g < i && knownGiven(names[g]) {
				g++
			}
			k := i
			for k < len(names)-1 && particles[strings.ToLower(names[k])] {
				k++
			}
			if g < i || !words.is(wordGiven, names[k]) {
				return strings.Join(names[:g], " "), strings.Join(names[g:], " "), usable
			}
		}
		if k := i + 1; strings.HasPrefix(foldLetters(names[0]), "mari") && romance[strings.ToLower(names[i])] {
			for k < len(names)-1 && particles[strings.ToLower(names[k])] {
				k++
			}
			if k < len(names)-1 && words.is(wordGiven, names[k]) {
				return strings.Join(names[:k+1], " "), strings.Join(names[k+1:], " "), usable // "Maria del Carmen Ruiz"
			}
		}
		// "Piet van der Berg"; but "Maria del Valle Ruiz" stays open.
		plain := 0
		for _, w := range names[i:] {
			if !particles[strings.ToLower(w)] {
				plain++
			}
		}
		if plain != 1 {
			return "", "", unusable
		}
		return strings.Join(names[:i], " "), strings.Join(names[i:], " "), usable
	}
	// Known first names tell where the last name begins.
	given := 0
	for given < len(names) && words.is(wordGiven, names[given]) && (given == 0 || !words.is(wordSurname, names[given])) {
		given++
	}
	if given == len(names) {
		given--
	}
	if given == 0 && local == foldLetters(names[0]) && words.is(wordAmbiguous, names[0]) {
		given = 1 // "Amparo Benlloch Soriano", amparo@…: a word that is a name where the address says so
	}
	if given > 0 {
		return strings.Join(names[:given], " "), strings.Join(names[given:], " "), usable
	}
	// An initial in the middle belongs to the first name.
	if len(names) == 3 && utf8.RuneCountInString(strings.Trim(names[1], ".")) == 1 {
		return names[0] + " " + names[1], names[2], usable
	}
	return "", "", unusable
}

// eastern says whether a name begins with a family name that stands first, of
// which none is a given name: "Nguyễn Thị Mai".
func eastern(names []string) bool {
	return len(names) <= 4 && words.has("family name first", names[0]) && !words.has("family name first", names[1]) && !knownWestern(names[1:])
}

// knownWestern says whether a word that is no Vietnamese name is a given name.
func knownWestern(names []string) bool {
	for _, w := range names {
		if knownGiven(w) && !words.has("given name eastern", w) {
			return true
		}
	}
	return false
}

// allCapitals says whether a word of a name is written in capitals throughout.
func allCapitals(w string) bool {
	return utf8.RuneCountInString(w) >= 2 && strings.ToUpper(w) == w && strings.ToLower(w) != w
}

// familyFirst says whether two words are a family name and a given name: the
// first alone is in capitals (TANAKA Hiroshi), or only the second is known as a
// first name and the address has it first (Szalai Margit, margit.szalai@…).
func familyFirst(names []string, email string) bool {
	if allCapitals(names[0]) && !allCapitals(names[1]) && len(names[0]) > 2 {
		return true
	}
	if isIdeographic(names[0]) && isIdeographic(names[1]) {
		return true // 田中 健太郎
	}
	g0, g1 := words.is(wordGiven, names[0]), words.is(wordGiven, names[1])
	if g0 || !g1 || utf8.RuneCountInString(strings.Trim(names[0], ".")) == 1 { // "V. Natarajan"
		return false
	}
	pieces := strings.FieldsFunc(foldWord(before(email, "@"), false), func(r rune) bool { return r == '.' || r == '_' || r == '-' })
	return len(pieces) == 2 && pieces[0] == foldLetters(names[1]) && pieces[1] == foldLetters(names[0]) || len(pieces) == 1 && pieces[0] == foldLetters(names[1])
}

func isIdeographic(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hangul)
}

// withoutLetters drops the letters behind a name that stand for a degree or a
// membership (RIBA, FCA): short, in capitals, and not spelled by the address.
func withoutLetters(names []string, email string) []string {
	local := foldLetters(before(email, "@"))
	for len(names) > 2 {
		last := names[len(names)-1]
		if !words.has("letters", last) || !allCapitals(last) || strings.Contains(local, foldLetters(last)) {
			break
		}
		names = names[:len(names)-1]
	}
	return names
}

// capitalFamily finds the family name that is written in capitals at either end.
func capitalFamily(names []string) (last, first string, ok bool) {
	n := 0
	for n < len(names) && allCapitals(names[n]) {
		n++
	}
	if n > 0 && n < len(names) {
		for _, w := range names[n:] {
			if allCapitals(w) {
				return "", "", false
			}
		}
		return strings.Join(names[:n], " "), strings.Join(names[n:], " "), true
	}
	n = len(names)
	for n > 0 && (allCapitals(names[n-1]) || n < len(names) && particles[strings.ToLower(names[n-1])]) {
		n--
	}
	if n > 0 && n < len(names) && len(names) > 2 {
		return strings.Join(names[n:], " "), strings.Join(names[:n], " "), true
	}
	return "", "", false
}

// readType maps the wordings of words.txt to a lead type; anything else is
// asked for, never guessed (D18).
func readType(s string) (rules.LeadType, state) {
	if st := nothing(s); st != usable {
		return "", st
	}
	if t := ticked(s); t != "" {
		return t, usable
	}
	q, m := words.contains("type qualified_lead", s), words.contains("type managed_customer", s)
	if t := typeWords(s); t != "" {
		return t, usable
	}
	plain := s
	if open := strings.IndexByte(s, '('); open > 0 {
		plain = strings.TrimSpace(s[:open])
		if end := strings.IndexByte(s[open:], ')'); end > 0 {
			plain += " " + strings.TrimSpace(s[open+end+1:])
		}
		if t := typeWords(plain); t != "" && !words.contains("negation", s) {
			return t, usable
		}
	}
	if open := strings.IndexByte(s, '('); open > 0 && !q != !m {
		if t := typeWords(strings.Trim(s[open:], "() ")); t != "" && !words.contains("negation", s) {
			return t, usable
		}
	}
	if q && m && (!words.contains("negation", s) || strings.Contains(s, " or ") || strings.Contains(s, "/")) {
		// Both, as the form offers them: nothing was chosen.
		return "", missing
	}
	for _, mark := range []string{",", ";", " - ", " – ", " — ", ". "} {
		head, tail, ok := strings.Cut(plain, mark)
		if !ok || words.contains("negation", tail) {
			continue
		}
		if t := typeWords(head); t != "" {
			return t, usable
		}
	}
	// "qualifed lead", "manged customer".
	if f := fold(plain); len(f) >= 8 && !words.contains("negation", s) {
		for phrase, t := range strict {
			if distance(f, phrase, 2) <= 2 {
				return t, usable
			}
		}
	}
	return "", unusable
}

func typeWords(s string) rules.LeadType {
	if len(s) > 200 {
		return ""
	}
	var room [fewTokens]token
	return typeOf(words.appendTokens(room[:0], s))
}

// typeOf is the lead type that words name, all of them together.
func typeOf(ts []token) rules.LeadType {
	switch {
	case words.named("type qualified_lead").covers(ts):
		return rules.QualifiedLead
	case words.named("type managed_customer").covers(ts):
		return rules.ManagedCustomer
	}
	return ""
}

// boxes writes every kind of check box as "[x]" or "[ ]".
var boxes = strings.NewReplacer("☑", "[x]", "☒", "[x]", "✓", "[x]", "✔", "[x]", "☐", "[ ]", "(x)", "[x]", "(X)", "[x]", "( )", "[ ]", "[X]", "[x]", "[]", "[ ]")

// ticked reads a choice by check marks: "[x] Qualified Lead [ ] Managed Customer".
func ticked(s string) rules.LeadType {
	s = boxes.Replace(s)
	if !strings.Contains(s, "[x]") || strings.Count(s, "[x]") != 1 {
		return ""
	}
	_, tail, _ := strings.Cut(s, "[x]")
	tail, _, _ = strings.Cut(tail, "[ ]")
	if t := typeWords(tail); t != "" {
		return t
	}
	head, _, _ := strings.Cut(s, "[x]")
	if i := strings.LastIndex(head, "[ ]"); i >= 0 {
		head = head[i+3:]
	}
	return typeWords(head)
}
