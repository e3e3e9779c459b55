package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"leadmail/rules"
)

const (
	columnRegister labelField = "register"  // says which rows are meant
	columnMark     labelField = "type mark" // headed by a lead type, ticked in the rows
	columnInfix    labelField = "infix"     // "van der"
	columnName     labelField = "some name" // until resolve has looked at what it holds
	columnUnknown  labelField = ""          // a heading that we do not know
)

// column is what a heading announces.
type column struct {
	field labelField
	exact bool
	typ   rules.LeadType // of a columnMark
	text  string
}

// announces reads the cell of a heading; typos are forgiven where loose is set.
func announces(text string, loose bool) column {
	c := column{text: text}
	text = strings.Trim(strings.Join(strings.Fields(strings.ReplaceAll(text, newLine, " ")), " "), " *:?!#.")
	text = strings.TrimSpace(text[min(bullet(text), len(text)):])
	if text == "" || len(text) > 90 || strings.Contains(text, "@") {
		return c
	}
	var room [fewTokens]token
	ts := words.appendTokens(room[:0], text)
	if t, both := typeHeading(ts); both {
		c.field, c.exact = labelType, true
		return c
	} else if t != "" {
		c.field, c.typ = columnMark, t
		return c
	}
	plain := ts
	if open := strings.IndexByte(text, '('); open > 0 {
		for len(plain) > 0 && plain[len(plain)-1].from > open {
			plain = plain[:len(plain)-1]
		}
	}
	switch {
	case words.named("column name").covers(plain):
		c.field, c.exact = columnName, true
		return c
	case words.named("column infix").covers(ts):
		c.field, c.exact = columnInfix, true
		return c
	case words.named("column register").covers(plain):
		c.field, c.exact = columnRegister, true
		return c
	}
	if c.field = words.lookup(text, false); c.field != "" {
		c.exact = true
		return c
	}
	if words.named("column ignored").covers(ts) {
		c.field, c.exact = labelIgnored, true
		return c
	}
	if f := doubleLabel(plain); f != columnUnknown {
		c.field = f
		c.exact = f != labelEmail && f != labelURL // of the company rather than of the contact
		return c
	}
	if strings.ContainsAny(text, "/|\\,;()-") {
		// "Company / Organisation", "Vorname | First name", "Firma - company".
		found, clash := labelField(""), false
		for _, piece := range strings.FieldsFunc(strings.ReplaceAll(text, " - ", "/"), func(r rune) bool { return strings.ContainsRune("/|\\,;()", r) }) {
			f := words.lookup(piece, false)
			if words.has("column name", piece) {
				f = columnName
			}
			switch {
			case f == "" || f == labelIgnored && found != "":
			case found == "" || found == labelIgnored:
				found = f
			case found == columnName && f != labelIgnored:
				found = f
			case f != found && f != columnName:
				clash = true
			}
		}
		if found != "" && !clash {
			c.field = found
			return c
		}
	}
	if !loose {
		return c
	}
	if f := words.lookup(text, true); f != "" && !strings.ContainsAny(text, "0123456789") {
		c.field = f
	}
	return c
}

// doubleLabel reads a heading of two labels, of which one says whose the other is:
// "Ansprechpartner Vorname", "E-mail Kunde", "Company phone".
func doubleLabel(ts []token) labelField {
	if len(ts) < 2 || len(ts) > 6 {
		return columnUnknown
	}
	whose := func(ts []token) bool {
		f := words.field(ts)
		return f == labelName || f == labelCompany || words.named("column client").covers(ts) || words.named("column name").covers(ts)
	}
	field := func(ts []token) labelField {
		if f := words.field(ts); f != columnUnknown && f != labelReference {
			return f
		}
		if words.named("column ignored").covers(ts) {
			return labelIgnored
		}
		return columnUnknown
	}
	for k := 1; k < len(ts); k++ {
		a, b := ts[:k], ts[k:]
		if f := field(b); whose(a) && f != columnUnknown && f != labelCompany && f != labelName {
			return f
		}
		if f := field(a); whose(b) && f != columnUnknown && f != labelCompany && f != labelName {
			return f
		}
	}
	return columnUnknown
}

func plainLabel(s string) string {
	if open := strings.IndexByte(s, '('); open > 0 {
		return s[:open]
	}
	return s
}

// typeHeading reads a heading that is made of lead types: "QL / MC" names the
// column, "Managed customer" is ticked in its rows.
func typeHeading(ts []token) (t rules.LeadType, both bool) {
	q, m := false, false
	if len(ts) > 8 {
		return "", false
	}
	for _, w := range ts {
		switch w.w {
		case "ql", "qualified", "q", "qls":
			q = true
		case "mc", "mcl", "managed", "m", "mcs":
			m = true
		case "lead", "leads", "customer", "customers", "client", "clients", "or", "prospect", "type", "vs", "oder", "ou", "o", "of", "lub":
		default:
			return typeOf(ts), false
		}
	}
	if q && m {
		return "", true
	}
	return typeOf(ts), false
}

// heading reads a row as a heading. ok is false where it is none: fewer than two
// of the fields, more unknown cells than known ones, or a value among them.
func heading(row []cell) (cols []column, ok bool) {
	if len(row) < 2 {
		return nil, false
	}
	// Most lines are no headings: let their first cells say so.
	long := 0
	for i := range row {
		if t := row[i].text; len(t) > 60 || strings.Contains(t, "@") || strings.Count(t, " ") > 7 {
			if long++; 2*long > len(row) || strings.Contains(t, "@") {
				return nil, false
			}
		}
	}
	cols = make([]column, len(row))
	known, filled, short := 0, 0, true
	for i, c := range row {
		if strings.TrimSpace(c.text) == "" {
			continue
		}
		filled++
		short = short && strings.Count(c.text, " ") < 4
		if isURL(c.text) && words.lookup(c.text, false) == "" {
			return nil, false
		}
		if cols[i] = announces(c.text, false); cols[i].field != columnUnknown {
			known++
		}
	}
	if filled < 2 || known == 0 && (!short || filled < 3) {
		return nil, false
	}
	fields := map[labelField]bool{}
	for i, c := range cols {
		if c.field == columnUnknown && c.text != "" && 2*known < filled+2 {
			if cols[i] = announces(c.text, true); cols[i].field != columnUnknown {
				known++
			}
		}
	}
	for i, c := range cols {
		if c.field == columnUnknown && c.text != "" && 2*known >= filled {
			cols[i] = announces(c.text, true)
		}
		switch f := cols[i].field; f {
		case columnUnknown, labelIgnored, columnRegister, labelReference, columnMark, columnInfix:
			// "Lead type | Qualified | Managed" is a line of a table on its side.
		default:
			fields[f] = true
		}
	}
	return cols, len(fields) >= 2 && 2*known >= filled
}

// enough says whether a heading by itself makes rows prospects: it must name what
// only people and companies have.
func enough(cols []column) bool {
	seen := map[labelField]bool{}
	for _, c := range cols {
		seen[c.field] = true
	}
	n := 0
	for _, f := range []labelField{labelFirst, labelLast, labelName, columnName, labelEmail, labelURL, labelCompany, labelType} {
		if seen[f] {
			n++
		}
	}
	return n >= 3 || n == 2 && !(seen[labelURL] && seen[labelType])
}

func isEmail(s string) bool {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "@") && !strings.ContainsAny(s, "([{") {
		return false
	}
	// "jane@acme.example<mailto:jane@acme.example>"
	if i := strings.IndexByte(s, '<'); i > 0 {
		s = strings.TrimSpace(s[:i])
	}
	a, st := readEmail(s)
	return st == usable && len(a)*2 > len(s) && len(strings.Fields(undisguise(s))) == 1
}

func isURL(s string) bool {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '<'); i > 0 {
		s = strings.TrimSpace(s[:i])
	}
	if strings.Contains(s, "@") || !strings.Contains(s, ".") && !strings.ContainsAny(s, "([{") {
		return false
	}
	u := undisguise(s)
	if len(strings.Fields(u)) != 1 || !looksLikeURL(strings.Trim(u, "<>()[]*,;.")) {
		return false
	}
	// "St.Clair", "Inc.Com": a host is written small, or with a scheme.
	return u == strings.ToLower(u) || strings.Contains(u, "://") || strings.HasPrefix(strings.ToLower(u), "www.") || strings.Count(u, ".") > 1 || strings.Contains(u, "/")
}

func isType(s string) bool { return typeWords(s) != "" || ticked(s) != "" }

func isPhone(s string) bool {
	n := 0
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			n++
		case !strings.ContainsRune(" +-()/.xXetT:", r):
			return false
		}
	}
	return n >= 5
}

func isCount(s string) bool {
	s = strings.Trim(s, " #.():-")
	return s == "" || strings.Trim(s, "0123456789.,%") == ""
}

// local is an address's local part and domain in letters and digits only.
func letterParts(email string) (local, domain string) {
	local, domain, _ = strings.Cut(foldWord(email, false), "@")
	return local, domain
}

// squeezed is a text as letters and digits only.
func squeezed(s string) string {
	var b strings.Builder
	for _, t := range tokens(s) {
		b.WriteString(strings.ReplaceAll(t.w, "'", ""))
	}
	return b.String()
}

// spelledBy says whether an address's local part spells a name, or a part of it.
func spelledBy(name, email string) bool {
	local, _ := letterParts(email)
	if local == "" {
		return false
	}
	pieces := strings.FieldsFunc(local, func(r rune) bool { return !unicode.IsLetter(r) })
	flat := strings.Join(pieces, "")
	ts := tokens(name)
	for i, t := range ts {
		w := strings.ReplaceAll(t.w, "'", "")
		if utf8.RuneCountInString(w) < 2 {
			continue
		}
		for _, p := range pieces {
			if p == w {
				return true
			}
		}
		if utf8.RuneCountInString(w) >= 3 && (strings.HasPrefix(flat, w) || strings.HasSuffix(flat, w)) {
			return true
		}
		if i > 0 && flat == ts[0].w[:1]+w {
			return true
		}
	}
	return false
}

// siteWords are the name parts of a host: "acme" of www.acme.co.uk.
func siteWords(host string) string {
	host = normURL(host)
	if i := strings.IndexAny(host, "/:?#"); i >= 0 {
		host = host[:i]
	}
	labels := strings.Split(host, ".")
	best := ""
	for _, l := range labels[:max(0, len(labels)-1)] {
		if l = squeezed(l); len(l) > len(best) {
			best = l
		}
	}
	return best
}

// named says whether a company's name and a host belong together.
func named(company, host string) bool {
	site := siteWords(host)
	if len(site) < 3 {
		return false
	}
	ts := tokens(company)
	for n := len(ts); n > 0; n-- {
		flat := ""
		for _, t := range ts[:n] {
			flat += strings.ReplaceAll(t.w, "'", "")
		}
		if len(flat) >= 4 && (strings.HasPrefix(site, flat) || len(site) >= 4 && strings.Contains(flat, site)) || flat == site {
			return true
		}
	}
	return false
}

// formal says whether a name ends, or begins, as companies do.
func formal(s string) bool {
	fields := strings.Fields(s)
	if len(fields) < 2 {
		return strings.ContainsAny(s, "&+0123456789")
	}
	last := strings.ToLower(strings.Trim(fields[len(fields)-1], ".,()"))
	first := strings.ToLower(strings.Trim(fields[0], ".,()"))
	return legalForms[last] && last != "co" || legalForms[strings.ReplaceAll(last, ".", "")] && last != "as" || first == "the" || strings.ContainsAny(s, "&0123456789") || companyWords[last] || companyWords[first]
}

// companyWords end the names of organisations and of nobody.
var companyWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields("company corporation limited incorporated group holding holdings foundation trust university college school institute association club society partners consulting consultants consultancy solutions services systems software technologies technology tech labs lab studio studios media digital ventures capital bank insurance logistics foods bakery clinic hospital pharma energy solar motors robotics analytics design designs architects engineering construction industries international global agency collective cooperative coop co-op kft zrt doo sro as oyj ltda eirl sas sasu srl spa kk ab verein stiftung werke gmbh ag ev eg ug fundación fundacja stichting fondation hotel restaurant café cafe kg ohg gbr company's textiles farm farms brewery winery press books travel tours") {
		m[w] = true
	}
	return m
}()

// body rows of a heading: from row i to the next heading.
type table struct {
	g       *grid
	cols    []column
	from    int
	to      int
	headRow int
	col     map[labelField][]int // the columns of a field, the best first
}

// holding counts what a column holds, for columns that their heading leaves open.
type holding struct {
	n, emails, urls, types, letters, phones, persons, companies, long, several int
}

func (t *table) holds(c int) holding {
	var h holding
	for r := t.from; r < t.to && h.n < 200; r++ {
		v := t.g.value(r, c)
		if v == "" || isDitto(v) {
			continue
		}
		h.n++
		switch {
		case isEmail(v):
			h.emails++
			continue
		case isURL(v):
			h.urls++
			continue
		case isPhone(v) || isCount(v):
			h.phones++
			continue
		}
		if isType(v) {
			h.types++
			if utf8.RuneCountInString(v) == 1 {
				h.letters++
			}
		}
		if len(strings.Fields(v)) > 6 {
			h.long++
			continue
		}
		if len(strings.Fields(v)) > 1 {
			h.several++
		}
		person, company := spelledBy(v, t.email(r)), formal(v) || named(v, t.site(r))
		// The Does run Doe & Sons: what both fit says nothing.
		if person && !company {
			h.persons++
		}
		if company && !person {
			h.companies++
		}
	}
	return h
}

// resolve decides what the columns mean.
func (t *table) resolve() {
	t.col = map[labelField][]int{}
	add := func(f labelField, i int) { t.col[f] = append(t.col[f], i) }
	for _, exact := range []bool{true, false} {
		for i, c := range t.cols {
			if c.exact != exact || c.field == "" || c.field == columnName {
				continue
			}
			if !exact && c.field != labelIgnored && c.field != columnMark && len(t.col[c.field]) > 0 {
				continue // "Email 2", "company nr": the plain one counts
			}
			add(c.field, i)
		}
	}
	has := func(f labelField) bool { return len(t.col[f]) > 0 }
	// What a column of another heading plainly holds.
	for i, c := range t.cols {
		h := holding{}
		switch c.field {
		case columnName, labelName, columnUnknown, labelIgnored, columnMark:
			h = t.holds(i)
		default:
			continue
		}
		switch {
		case h.n == 0:
			continue
		case h.emails == h.n && !has(labelEmail) && c.field != labelIgnored:
			add(labelEmail, i)
		case h.urls == h.n && !has(labelURL) && c.field != labelIgnored:
			add(labelURL, i)
		case h.types == h.n && h.letters < h.n && !has(labelType) && c.field != labelName:
			add(labelType, i)
		case h.phones*2 > h.n:
		default:
			continue
		}
		if c.field == labelName {
			t.drop(labelName, i)
		}
		if c.field == columnName {
			t.cols[i].field = labelIgnored
		}
	}
	var open []int
	for i, c := range t.cols {
		if c.field == columnName {
			open = append(open, i)
		}
	}
	t.names(open, has, add)
	// A label for a whole name beside one half of it names the other half.
	if n := t.first(labelName); n >= 0 && has(labelFirst) != has(labelLast) {
		half, other := labelFirst, labelLast
		if has(labelLast) {
			half, other = labelLast, labelFirst
		}
		if !t.within(t.first(half), n) && t.holds(n).several*2 <= t.holds(n).n {
			t.drop(labelName, n)
			add(other, n)
		}
	}
}

func (t *table) drop(f labelField, i int) {
	kept := []int{}
	for _, c := range t.col[f] {
		if c != i {
			kept = append(kept, c)
		}
	}
	t.col[f] = kept
}

// within says whether the values of column a stand in those of column b.
func (t *table) within(a, b int) bool {
	n, in := 0, 0
	for r := t.from; r < t.to && n < 50; r++ {
		x, y := t.g.value(r, a), t.g.value(r, b)
		if x == "" || y == "" {
			continue
		}
		n++
		if strings.Contains(" "+fold(y)+" ", " "+fold(x)+" ") {
			in++
		}
	}
	return n > 0 && in*2 > n
}

// names decides what columns headed "Name", "Client" and the like hold.
func (t *table) names(open []int, has func(labelField) bool, add func(labelField, int)) {
	business := func(i int) bool { return words.has("column client", plainLabel(t.cols[i].text)) }
	if len(open) >= 2 && !has(labelCompany) {
		// One is the company: that which says so more.
		best, score := -1, 0
		for _, i := range open {
			h := t.holds(i)
			s := 4 * (h.companies - h.persons)
			if business(i) {
				s++
			} else if words.lookup(t.cols[i].text, false) == labelName && fold(t.cols[i].text) != "name" {
				s-- // "Contact" beside "Name"
			}
			if best < 0 || s > score {
				best, score = i, s
			}
		}
		if !has(labelFirst) || score > 0 {
			add(labelCompany, best)
			rest := []int{}
			for _, i := range open {
				if i != best {
					rest = append(rest, i)
				}
			}
			open = rest
		}
	}
	for _, i := range open {
		h := t.holds(i)
		corporate := h.companies > h.persons
		first, last := t.first(labelFirst), t.first(labelLast)
		switch {
		case h.n == 0:
		case first >= 0 && last >= 0:
			if !has(labelCompany) && !t.within(first, i) && !t.within(last, i) && h.persons == 0 {
				add(labelCompany, i)
			}
		case last >= 0:
			switch {
			case t.within(last, i):
				add(labelName, i)
				t.drop(labelLast, last)
			case corporate && !has(labelCompany):
				add(labelCompany, i)
			default:
				add(labelFirst, i)
			}
		case first >= 0:
			switch {
			case t.within(first, i):
				add(labelName, i)
				t.drop(labelFirst, first)
			case !has(labelCompany) && (corporate || business(i)):
				add(labelCompany, i)
			case !business(i):
				add(labelLast, i)
			}
		case has(labelName):
			if !has(labelCompany) && h.persons <= h.companies {
				add(labelCompany, i)
			}
		case has(labelCompany):
			add(labelName, i)
		case corporate:
			add(labelCompany, i)
		case business(i) && h.persons == 0:
			add(labelCompany, i)
		default:
			add(labelName, i)
		}
	}
}
