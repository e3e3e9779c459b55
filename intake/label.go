package intake

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"
)

// labelField is what a label announces: one of the six fields, a whole name, a
// reference, or something that is none of our business.
type labelField string

// The label sections of words.txt.
const (
	labelFirst     labelField = "first_name"
	labelLast      labelField = "last_name"
	labelName      labelField = "full_name"
	labelEmail     labelField = "email"
	labelURL       labelField = "url"
	labelCompany   labelField = "company"
	labelType      labelField = "lead_type"
	labelReference labelField = "reference"
	labelIgnored   labelField = "ignored"
)

// labelHit is a label found in a line, and the bytes of the line where its value
// stands.
type labelHit struct {
	field    labelField
	from, to int
	sep      byte // ':', '=', '\t', '|', '-', or 0 for a label that stands alone
	at       int  // where the label begins
}

// bullet returns the length of what makes a line an entry of a list: "1. ", "• ",
// "(2) ", "[x] ", indentation included.
func bullet(s string) int {
	i := 0
	for range 3 {
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		n := mark(s[i:])
		if n == 0 || i+n > len(s) {
			break
		}
		i += n
	}
	return i
}

func mark(s string) int {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case strings.ContainsRune("•·▪●○◦‣►▶➢→✓✔☐☑■□◆◇★☆※*+>|#", r):
		for size < len(s) && (s[size] == '*' || s[size] == '#') {
			size++
		}
		return size
	case strings.ContainsRune("-–—", r):
		// A hyphen is a bullet when a blank or a letter follows.
		next, _ := utf8.DecodeRuneInString(s[size:])
		if next == ' ' || next == '\t' || unicode.IsLetter(next) {
			return size
		}
		return 0
	}
	open := 0
	if s != "" && (s[0] == '(' || s[0] == '[') {
		open = 1
	}
	i := open
	for i < len(s) && i < open+2 && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == open && i < len(s) && (s[i] >= 'a' && s[i] <= 'h' || s[i] >= 'A' && s[i] <= 'H' || open > 0 && (s[i] == 'x' || s[i] == ' ')) {
		i++
	}
	if i > open && i < len(s) && (s[i] == '.' || s[i] == ')' || s[i] == ']') && (i+1 == len(s) || s[i+1] == ' ' || s[i+1] == '\t') {
		return i + 1
	}
	return 0
}

// lookup finds the field of a label as written. Remarks in parentheses and words
// such as "Prospect's" before it do not count; typos are forgiven where loose is
// set, if only one field is that near.
func (v *vocabulary) lookup(label string, loose bool) labelField {
	if len(label) > 100 {
		return ""
	}
	for {
		open := strings.IndexByte(label, '(')
		end := strings.IndexByte(label, ')')
		if open < 0 || end < open {
			break
		}
		label = label[:open] + " " + label[end+1:]
	}
	if strings.ContainsAny(label, "@.?!\"") && strings.ContainsAny(strings.TrimRight(label, ". "), "@?!\"") {
		return ""
	}
	var room [fewTokens]token
	ts := v.appendTokens(room[:0], label)
	if len(ts) == 0 || len(ts) > 8 {
		return ""
	}
	for n := len(ts); n > 0 && (ts[n-1].w == "is" || ts[n-1].w == "s" && n > 1); n-- {
		ts = ts[:n-1]
	}
	for i := 0; i < len(ts) && i < 3; i++ {
		if f := v.field(ts[i:]); f != "" {
			return f
		}
		if !v.has("qualifier", strings.TrimSuffix(ts[i].w, "'s")) {
			break
		}
	}
	if f := v.bilingual(label); f != "" {
		return f
	}
	if !loose {
		return ""
	}
	behind := v.named("qualifier behind")
	for i := 1; i < len(ts); i++ {
		// "E-mail of the contact"; but "name of the prospect" may be a company's.
		if behind.at(ts, i) == len(ts)-i {
			if f := v.field(ts[:i]); f == labelFirst || f == labelLast || f == labelEmail {
				return f
			}
		}
	}
	return v.near(join(ts))
}

// bilingual finds the field of a label in two languages: "Prénom / First name",
// "名字 First name". Two labels of different fields are none.
func (v *vocabulary) bilingual(label string) labelField {
	if isASCII(label) && !strings.ContainsAny(label, "/|") {
		return ""
	}
	pieces := strings.FieldsFunc(label, func(r rune) bool { return r == '/' || r == '|' })
	if len(pieces) < 2 {
		// A script of its own, and then letters.
		i := strings.IndexFunc(label, func(r rune) bool { return r < 0x250 && unicode.IsLetter(r) })
		j := strings.IndexFunc(label, isIdeograph)
		switch {
		case i < 0 || j < 0:
			return ""
		case i > j:
			pieces = []string{label[:i], label[i:]}
		default:
			pieces = []string{label[:j], label[j:]}
		}
	}
	found := labelField("")
	for _, piece := range pieces {
		f := v.field(tokens(piece))
		if f == "" {
			continue
		}
		if found != "" && f != found {
			return ""
		}
		found = f
	}
	return found
}

// near forgives one wrong, missing, doubled or exchanged letter, two in a long
// label.
func (v *vocabulary) near(label string) labelField {
	if len(label) < 5 || len(label) > 40 {
		return ""
	}
	allowed := 1
	if len(label) >= 7 {
		allowed = 2
	}
	best, field := allowed+1, labelField("")
	letters := letterSet(label)
	for n := len(label) - allowed; n <= len(label)+allowed && n < len(v.spelled); n++ {
		for _, s := range v.spelled[n] {
			// One edit changes at most two letters of the set.
			if bits.OnesCount64(s.letters^letters) > 2*allowed {
				continue
			}
			switch d := distance(label, s.phrase, allowed); {
			case d < best:
				best, field = d, s.field
			case d == best && d <= allowed && s.field != field:
				field = ""
			}
		}
	}
	return field
}

// spelling is a label as its typos are looked for.
type spelling struct {
	phrase  string
	letters uint64
	field   labelField
}

// letterSet is the set of a word's bytes, folded to 64.
func letterSet(s string) uint64 {
	var set uint64
	for i := 0; i < len(s); i++ {
		set |= 1 << (s[i] & 63)
	}
	return set
}

// distance is the number of edits (insert, delete, replace, exchange of
// neighbours) between two words, or more than limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	var room [3][64]int16 // of labels, on the stack
	prev2, prev, cur := room[0][:], room[1][:], room[2][:]
	if len(y) >= len(prev) {
		prev2, prev, cur = make([]int16, len(y)+1), make([]int16, len(y)+1), make([]int16, len(y)+1)
	}
	for j := range y {
		prev[j+1] = int16(j + 1)
	}
	for i := 1; i <= len(x); i++ {
		cur[0] = int16(i)
		low := cur[0]
		for j := 1; j <= len(y); j++ {
			cost := int16(1)
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
			low = min(low, cur[j])
		}
		if int(low) > limit {
			return limit + 1
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return int(prev[len(y)])
}

// separator reports a label's end at byte i: which kind, and how many bytes.
func separator(s string, i int) (kind byte, size int) {
	switch s[i] {
	case ':':
		return ':', 1
	case '*':
		// "* First name *  Jane"
		if i+1 < len(s) && s[i+1] == ' ' && i > 0 && s[i-1] == ' ' {
			return ':', 1
		}
	case '=':
		if i+1 < len(s) && s[i+1] == '>' {
			return '=', 2
		}
		return '=', 1
	case '\t':
		n := 1
		for i+n < len(s) && s[i+n] == '\t' {
			n++
		}
		return '\t', n
	case '|':
		return '|', 1
	case '-':
		if i+1 < len(s) && s[i+1] == '>' {
			return '-', 2
		}
		if i > 0 && s[i-1] == ' ' || i+1 < len(s) && s[i+1] == ' ' {
			return '-', 1
		}
	case 0xef:
		if strings.HasPrefix(s[i:], "：") {
			return ':', len("：")
		}
	case 0xe2:
		for _, d := range []string{"–", "—", "→", "⇒"} {
			if strings.HasPrefix(s[i:], d) {
				return '-', len(d)
			}
		}
		if strings.HasPrefix(s[i:], "…") {
			return '.', len("…")
		}
	case '.':
		// A leader of dots: "Email ..... jane@acme.example".
		n := 0
		for i+n < len(s) && s[i+n] == '.' {
			n++
		}
		if n >= 3 {
			return '.', n
		}
	case ' ':
		// Columns set with blanks.
		n := 0
		for i+n < len(s) && s[i+n] == ' ' {
			n++
		}
		if n >= 3 {
			return ' ', n
		}
		if r, _ := utf8.DecodeLastRuneInString(s[:i]); isIdeograph(r) {
			// "会社名　株式会社つばめ"; but not "公司 Company: …"
			if c := strings.IndexAny(s[i:], ":：=("); c < 0 || strings.HasPrefix(s[i+c:], "://") {
				return ' ', n
			}
		}
	}
	return 0, 0
}

// findLabels finds the labels of a line with their values: one at its beginning,
// and any further ones that stand behind it ("First name: Jane, Last name:
// Doe"). A line without a separator that is a label as a whole is one hit with an
// empty value. The heading row of a table is no hit.
func findLabels(s string) []labelHit {
	if len(s) > 4000 {
		return nil
	}
	start := bullet(s)
	var hits []labelHit
	if inner, behind := bracketed(s[start:]); behind > 0 && start+behind < len(s) {
		// "[First name] Jane"
		if inner < 60 {
			_, open := utf8.DecodeRuneInString(s[start:])
			if f := words.lookup(s[start+open:start+inner], false); f != "" {
				from, to := trimSpan(s, start+behind, len(s))
				for from < to && strings.ContainsRune(": =-", rune(s[from])) {
					from++
				}
				if strings.HasPrefix(s[from:to], "：") {
					from, to = trimSpan(s, from+len("："), to)
				}
				return []labelHit{{field: f, from: from, to: to, sep: ':', at: start}}
			}
		}
	}
	tries := 0
	for i := start; i < len(s) && i < start+90 && tries < 4; i++ {
		kind, size := separator(s, i)
		if kind == 0 {
			continue
		}
		tries++
		if kind == '=' && strings.HasPrefix(s[i+size:], "\"") && strings.Contains(s[i+size:], "\">") {
			continue // the rest of a tag that lost its beginning
		}
		if f := words.lookup(s[start:i], kind == ':' || kind == '=' || kind == '\t' || kind == '-' && len(strings.Fields(s[start:i])) <= 3); f != "" {
			// "Label ....: value", "Label :- value": the rest of the separator.
			from := i + size
			for from < len(s) && (s[from] == ' ' || s[from] == ':' || s[from] == '=' || s[from] == '.' || s[from] == '-' && from+1 < len(s) && (s[from+1] == ' ' || s[from+1] == '>') || s[from] == '>' && (s[from-1] == '-' || s[from-1] == '=')) {
				from++
			}
			hits = append(hits, labelHit{field: f, from: from, to: len(s), sep: kind, at: start})
			break
		}
		if (kind == ':' || kind == '-') && tries == 1 && (isNumbered(s[start:i]) || isPostscript(s[start:i]+":")) {
			// "Lead 2: First name: Jane, Last name: …"
			start = i + size
			start += bullet(s[start:])
			for start < len(s) && s[start] == ' ' {
				start++
			}
			tries = 0
			i = start - 1
			continue
		}
		i += size - 1
	}
	if hits == nil {
		if whole := strings.TrimRight(s[start:], " \t:*_"); whole != "" && len(whole) < 80 {
			if f := words.lookup(whole, false); f != "" {
				return []labelHit{{field: f, from: len(s), to: len(s), at: start}}
			}
		}
		return nil
	}
	hits = moreLabels(s, hits)
	for i, h := range hits {
		if h.sep == '\t' || h.sep == '|' || h.sep == ' ' {
			value := s[h.from:h.to]
			if j := strings.IndexAny(value, "\t|"); j >= 0 {
				value = value[:j]
			}
			if words.lookup(strings.TrimSpace(value), false) != "" {
				return nil // the heading row of a table
			}
			if i == len(hits)-1 && len(value) < h.to-h.from && strings.Trim(s[h.from+len(value):h.to], "\t| ") != "" {
				return nil // a row with several values: a table, not a labelled line
			}
		}
		hits[i].from, hits[i].to = trimSpan(s, h.from, h.to)
	}
	return hits
}

// bracketed finds the bracket that a line begins with: where it shuts, and where
// the text behind it begins; 0 where there is none.
func bracketed(s string) (inner, behind int) {
	if s == "" || s[0] != '[' && s[0] != 0xe3 && s[0] != 0xef {
		return 0, 0
	}
	for _, p := range []struct{ open, shut string }{{"[", "]"}, {"【", "】"}, {"［", "］"}, {"〔", "〕"}, {"〈", "〉"}, {"《", "》"}} {
		if strings.HasPrefix(s, p.open) {
			if i := strings.Index(s, p.shut); i > len(p.open) {
				return i, i + len(p.shut)
			}
		}
	}
	return 0, 0
}

// isNumbered says whether a text is a heading with its number: "Lead 2".
func isNumbered(s string) bool {
	ts := tokens(s)
	if len(ts) < 2 || len(ts) > 3 || !words.has("heading", ts[0].w) {
		return false
	}
	return strings.Trim(ts[len(ts)-1].w, "0123456789") == "" && len(ts[len(ts)-1].w) <= 3
}

// moreLabels cuts the value of the last hit where further labels stand in it.
func moreLabels(s string, hits []labelHit) []labelHit {
	// Where the segment begins and the value before it ends; whether a typo may stand in
	// its label.
	seg, end, apart := hits[0].from, hits[0].from, false
	for i := hits[0].from; i < len(s) && len(hits) < 12; i++ {
		switch s[i] {
		case ',', ';', '|', '\t', '/':
			seg, end, apart = i+1, i, s[i] != '/'
			continue
		case ':', '=':
			if strings.HasPrefix(s[i:], "://") {
				continue
			}
		default:
			for _, mark := range [...]string{"  ", "· ", "• ", "— ", "– "} {
				if strings.HasPrefix(s[i:], mark) {
					seg, end, apart = i+len(mark), i, true
				}
			}
			continue
		}
		label := strings.TrimSpace(s[seg:i])
		at := -1
		if f := words.lookup(label, apart && s[i] == ':'); f != "" && seg > hits[0].from {
			at = seg
			hits[len(hits)-1].to = end
			hits = append(hits, labelHit{field: f, from: i + 1, to: len(s), sep: s[i], at: at})
		} else if ts := tokens(s[seg:i]); len(ts) > 2 {
			// "First name: Jane Last name: Doe": the longest label that ends here.
			for _, n := range []int{4, 3, 2} {
				if n >= len(ts) {
					continue
				}
				p := seg + ts[len(ts)-n].from
				if f := words.field(ts[len(ts)-n:]); f != "" && f != labelIgnored && p > seg {
					hits[len(hits)-1].to = p
					hits = append(hits, labelHit{field: f, from: i + 1, to: len(s), sep: s[i], at: p})
					break
				}
			}
		}
	}
	return hits
}

func trimSpan(s string, from, to int) (int, int) {
	from, to = min(from, len(s)), min(to, len(s))
	for from < to && strings.ContainsRune(" \t*_|", rune(s[from])) {
		if s[from] == '_' && strings.HasPrefix(s[from:], "__") {
			break
		}
		from++
	}
	for from < to && strings.ContainsRune(" \t*|", rune(s[to-1])) {
		to--
	}
	return from, max(from, to)
}

// startsLabel says whether a line begins with a label and a separator.
func startsLabel(s string) bool {
	h := findLabels(s)
	return len(h) > 0 && h[0].sep != 0
}
