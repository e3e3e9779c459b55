package intake

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadmail/rules"
)

// A table is read in two steps. Whatever shape it comes in (cells of an HTML
// table, tabs, pipes, columns set with blanks, CSV, a workbook), it is first made
// a grid of cells that know where they stand. Then the grid is read: a row whose
// cells are labels says what the columns mean, what a column holds decides where
// its heading leaves that open, and each further row is one prospect. A table
// without heading is read by what its columns hold alone; where that leaves two
// readings, the field stays empty.

// cell is one cell of a table and where it stands.
type cell struct {
	text     string
	line     int // as in a Span
	from, to int
	link     string // where a link leads that shows something else
}

// grid is a table of any shape.
type grid struct {
	part string
	// file is where the table came from, nil for one that stands in the body.
	file *rules.Place
	rows [][]cell
	// lines are the view's lines that the rows stand on, for a table of the body.
	lines []int
	// rest counts the rows beyond those that were cut into cells.
	rest int
	// bare is set for a table without heading whose rows may be of unequal build.
	bare bool
}

const (
	maxProspects = 1000 // of one mail
	maxColumns   = 64
	maxHeading   = 40 // rows above a heading: a letterhead, a logo, instructions
)

// columnNo is a field of no column.
// value is the text of a row's cell; "" beyond its end.
func (g *grid) value(r, c int) string {
	if r < 0 || r >= len(g.rows) || c >= len(g.rows[r]) {
		return ""
	}
	return strings.TrimSpace(g.rows[r][c].text)
}

func (t *table) first(f labelField) int {
	if cs := t.col[f]; len(cs) > 0 {
		return cs[0]
	}
	return -1
}

// site is what a row says of its website, or the domain of its address.
func (t *table) site(r int) string {
	if c := t.first(labelURL); c >= 0 && t.g.value(r, c) != "" {
		return t.g.value(r, c)
	}
	_, domain := letterParts(t.email(r))
	return domain
}

func (t *table) email(r int) string {
	if c := t.first(labelEmail); c >= 0 {
		a, _ := readEmail(t.g.value(r, c))
		return a
	}
	return ""
}

func isDitto(s string) bool {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 40 {
		return false
	}
	if strings.Trim(s, "\"″〃“”„'’`,-–—.: ") == "" {
		return strings.ContainsAny(s, "\"″〃“”„") || s == "''" || s == ",,"
	}
	if s == "↑" || s == "^" {
		return true
	}
	return words.has("cell ditto", s)
}

// read makes prospects of a grid.
func (g *grid) read(limit int) (blocks []*block, more int) {
	if g.bare {
		for i := range g.rows {
			one := &grid{part: g.part, file: g.file, rows: g.rows[i : i+1]}
			if g.lines != nil {
				one.lines = g.lines[i : i+1]
			}
			got, left := one.read(limit - len(blocks))
			blocks, more = append(blocks, got...), more+left
		}
		return blocks, more
	}
	tables := g.tables()
	if tables == nil {
		if turned := g.transposed(); turned != nil {
			g = turned
			tables = g.tables()
		}
	}
	if tables == nil {
		if t := g.guessed(); t != nil {
			tables = []*table{t}
		}
	}
	typed := rules.LeadType("")
	for i, t := range tables {
		if i > 0 && t.headRow < 0 {
			break
		}
		got, left := t.read(limit-len(blocks), &typed)
		blocks, more = append(blocks, got...), more+left
	}
	if len(blocks) > 0 {
		more += g.rest
	}
	return blocks, more
}

// tables finds the headings of a grid; nil where there is none.
func (g *grid) tables() []*table {
	var out []*table
	for r := 0; r < len(g.rows); r++ {
		if out == nil && r > maxHeading*5 {
			break
		}
		if len(out) > 0 && !g.mayHead(r) {
			continue
		}
		cols, ok := heading(g.rows[r])
		if !ok || !enough(cols) && g.file == nil {
			continue
		}
		head := r
		// "Contact | | Company" above "Name | E-mail | Name | Website".
		if r > 0 && !g.ownedBy(out, r-1) {
			cols = g.twoStoreys(r, cols)
		}
		if r+1 < len(g.rows) {
			if below, ok := heading(g.rows[r+1]); ok && fieldsOf(below) >= fieldsOf(cols) {
				continue
			}
		}
		if n := len(out); n > 0 {
			out[n-1].to = head
		}
		out = append(out, &table{g: g, cols: cols, from: r + 1, to: len(g.rows), headRow: head})
	}
	if out == nil && g.file != nil {
		if t := g.oneColumn(); t != nil {
			out = append(out, t)
		}
	}
	for _, t := range out {
		t.resolve()
	}
	return out
}

func (g *grid) ownedBy(out []*table, r int) bool {
	return len(out) > 0 && r > out[len(out)-1].headRow+1
}

// mayHead is a quick look at whether a row below a heading may be another one.
func (g *grid) mayHead(r int) bool {
	for _, c := range g.rows[r] {
		if strings.Contains(c.text, "@") {
			return false
		}
	}
	return true
}

func fieldsOf(cols []column) int {
	seen := map[labelField]bool{}
	for _, c := range cols {
		if c.field != "" && c.field != labelIgnored {
			seen[c.field] = true
		}
	}
	return len(seen)
}

// twoStoreys reads a heading together with the row above it, which groups its
// columns.
func (g *grid) twoStoreys(r int, cols []column) []column {
	above, filled := "", 0
	for c := range g.rows[r-1] {
		if g.value(r-1, c) != "" {
			filled++
		}
	}
	if filled < 2 {
		return cols
	}
	out := append([]column(nil), cols...)
	for i := range out {
		if v := g.value(r-1, i); v != "" {
			above = v
		}
		if above == "" || out[i].text == "" {
			continue
		}
		joint := announces(above+" "+out[i].text, true)
		if joint.exact && joint.field != "" && (out[i].field == columnName || out[i].field == "" || joint.field == labelIgnored) {
			out[i] = joint
		}
	}
	return out
}

// oneColumn is a file that lists addresses or companies under one heading.
func (g *grid) oneColumn() *table {
	for r := 0; r < len(g.rows) && r < 5; r++ {
		filled, at := 0, 0
		for c := range g.rows[r] {
			if g.value(r, c) != "" {
				filled++
				at = c
			}
		}
		if filled != 1 {
			continue
		}
		col := announces(g.value(r, at), true)
		if col.field != labelEmail && col.field != labelCompany && col.field != labelURL || !col.exact {
			continue
		}
		for i := r + 1; i < len(g.rows); i++ {
			for c := range g.rows[i] {
				if c != at && g.value(i, c) != "" {
					return nil
				}
			}
		}
		cols := make([]column, at+1)
		cols[at] = col
		return &table{g: g, cols: cols, from: r + 1, to: len(g.rows), headRow: r}
	}
	return nil
}

// transposed turns a table whose labels stand in a column, one prospect a column;
// nil where it is none.
func (g *grid) transposed() *grid {
	for at := range 2 {
		seen := map[labelField]bool{}
		known, filled := 0, 0
		for r := range g.rows {
			v := g.value(r, at)
			if v == "" {
				continue
			}
			filled++
			c := announces(v, true)
			if c.field != "" {
				known++
				if c.field != labelIgnored && c.field != columnMark {
					seen[c.field] = true
				}
			}
			if filled > 60 {
				return nil
			}
		}
		if len(seen) < 2 || known*2 < filled {
			continue
		}
		width := 0
		for _, row := range g.rows {
			width = max(width, len(row))
		}
		if width > maxColumns*4 {
			width = maxColumns * 4
		}
		out := &grid{part: g.part, file: g.file}
		for c := at; c < width; c++ {
			row := []cell{}
			for r := range g.rows {
				if g.value(r, at) == "" {
					continue // "Prospect A | Prospect B" above the columns
				}
				one := cell{}
				if c < len(g.rows[r]) {
					one = g.rows[r][c]
				}
				row = append(row, one)
			}
			out.rows = append(out.rows, row)
		}
		return out
	}
	return nil
}

// guessed reads a table without heading by what its columns hold.
func (g *grid) guessed() *table {
	width := 0
	for _, row := range g.rows {
		width = max(width, len(row))
	}
	width = min(width, maxColumns)
	t := &table{g: g, cols: make([]column, width), from: 0, to: len(g.rows), headRow: -1, col: map[labelField][]int{}}
	rest := []int{}
	for i := range t.cols {
		h := t.holds(i)
		switch {
		case h.n == 0:
		case h.emails == h.n && t.first(labelEmail) < 0:
			t.col[labelEmail] = []int{i}
		case h.urls == h.n && t.first(labelURL) < 0:
			t.col[labelURL] = []int{i}
		case h.types == h.n && t.first(labelType) < 0 && (h.letters < h.n || h.n > 1):
			t.col[labelType] = []int{i}
		case h.emails > 0 || h.urls > 0:
			return nil // rows of unequal build
		case h.phones*2 > h.n || h.long*2 > h.n:
		default:
			rest = append(rest, i)
		}
	}
	if t.first(labelEmail) < 0 {
		return nil
	}
	kinds := make([]int, len(rest)) // above zero a person's, below a company's
	for n, i := range rest {
		h := t.holds(i)
		kinds[n] = h.persons - h.companies
	}
	set := func(f labelField, i int) { t.col[f] = []int{i} }
	person, company := []int{}, []int{}
	for n, i := range rest {
		switch {
		case kinds[n] > 0:
			person = append(person, i)
		case kinds[n] < 0:
			company = append(company, i)
		}
	}
	if len(company) > 1 || len(person) > 2 {
		company, person = nil, nil
	}
	if len(company) == 1 {
		set(labelCompany, company[0])
	}
	other := []int{}
	for _, i := range rest {
		if len(company) == 0 || i != company[0] {
			other = append(other, i)
		}
	}
	halves := func(a, b int) {
		ha, hb := t.holds(a), t.holds(b)
		if ha.several*2 > ha.n || hb.several*2 > hb.n && ha.persons == 0 {
			return
		}
		if t.turned(a, b) {
			a, b = b, a
		}
		set(labelFirst, a)
		set(labelLast, b)
	}
	switch {
	case len(person) == 2 && person[1] == person[0]+1:
		halves(person[0], person[1])
		if len(company) == 0 && len(rest) == 3 {
			for _, i := range rest {
				if i != person[0] && i != person[1] {
					set(labelCompany, i)
				}
			}
		}
	case len(person) == 1 && len(other) == 2 && len(company) == 1 && (other[1] == other[0]+1):
		// The address spells one half of the name; its neighbour is the other.
		halves(other[0], other[1])
	case len(person) == 1 && t.holds(person[0]).several*2 >= t.holds(person[0]).n:
		set(labelName, person[0])
		if len(company) == 0 && len(rest) == 2 {
			for _, i := range rest {
				if i != person[0] {
					set(labelCompany, i)
				}
			}
		}
	case len(person) == 1 && len(other) == 1:
		set(labelName, person[0])
	case len(person) == 0 && len(company) == 1 && len(other) == 1:
		h := t.holds(other[0])
		if h.several == h.n {
			set(labelName, other[0])
		}
	case len(person) == 0 && len(company) == 1 && len(other) == 2 && other[1] == other[0]+1:
		halves(other[0], other[1])
	}
	return t
}

// turned says whether the addresses show that the second of two columns holds the
// first names.
func (t *table) turned(a, b int) bool {
	straight, turned := 0, 0
	for r := t.from; r < t.to && r < t.from+50; r++ {
		x, y := squeezed(t.g.value(r, a)), squeezed(t.g.value(r, b))
		local, _ := letterParts(t.email(r))
		pieces := strings.FieldsFunc(local, func(r rune) bool { return !unicode.IsLetter(r) })
		if x == "" || y == "" || len(pieces) == 0 {
			continue
		}
		initial := func(s string) string { _, n := utf8.DecodeRuneInString(s); return s[:n] }
		flat := strings.Join(pieces, "")
		switch {
		case len(pieces) == 2 && pieces[0] == x && pieces[1] == y, flat == initial(x)+y, len(pieces) == 1 && flat == x:
			straight++
		case len(pieces) == 2 && pieces[0] == y && pieces[1] == x, flat == initial(y)+x, len(pieces) == 1 && flat == y:
			turned++
		}
	}
	return turned > straight
}

// read makes a prospect of each row below a heading. typed is the lead type of
// the group that the rows stand in.
func (t *table) read(limit int, typed *rules.LeadType) (blocks []*block, more int) {
	meant := t.marked()
	var prev *block
	var samples []int
	for r := t.from; r < t.to; r++ {
		filled, only := 0, -1
		for c := range t.g.rows[r] {
			if v := t.g.value(r, c); v != "" && !(isCount(v) && !isDitto(v)) {
				filled++
				only = c
			}
		}
		if filled == 0 {
			continue
		}
		if filled == 1 {
			v := t.g.value(r, only)
			if k := groupType(v); k != "" && !t.is(labelType, only) {
				*typed = k
				continue
			}
			if !t.alone(only, v) {
				continue
			}
		}
		if len(blocks) >= limit {
			more++
			continue
		}
		if t.left(r, filled, meant) {
			continue
		}
		b := t.row(r, prev)
		if b == nil {
			continue
		}
		b.typed = *typed
		if b.LeadType == "" && b.typed != "" && b.Unusable[rules.LeadTypeOf] == "" {
			b.LeadType = b.typed
		}
		if at := strings.LastIndexByte(b.Email, '@'); at > 0 {
			switch strings.ToLower(b.Email[at+1:]) {
			case "example.com", "example.org", "example.net":
				samples = append(samples, len(blocks))
			}
		}
		blocks = append(blocks, b)
		prev = b
	}
	// The first row alone has an address that nobody can have (RFC 2606): it shows
	// how the table is filled in.
	if len(samples) == 1 && samples[0] == 0 && len(blocks) > 1 {
		blocks = blocks[1:]
	}
	return blocks, more
}

func (t *table) is(f labelField, c int) bool {
	for _, i := range t.col[f] {
		if i == c {
			return true
		}
	}
	return false
}

// groupType reads a row that names the lead type of those below it.
func groupType(s string) rules.LeadType {
	if len(s) > 60 {
		return ""
	}
	if k := headingType(s); k != "" {
		return k
	}
	return typeWords(strip(s))
}

// alone says whether a row that holds nothing else is a prospect.
func (t *table) alone(c int, v string) bool {
	switch {
	case t.headRow < 0:
		return false
	case t.is(labelEmail, c):
		return isEmail(v)
	case t.is(labelURL, c):
		return isURL(v)
	case !t.is(labelCompany, c) && !t.is(labelName, c):
		return false
	}
	_, last := utf8.DecodeLastRuneInString(v)
	end := v[len(v)-last:]
	return len(strings.Fields(v)) <= 5 && !strings.ContainsAny(v, ":?!;@") && !(end == "." && !formal(strings.TrimSuffix(v, "."))) && len(v) < 60 &&
		(!t.is(labelName, c) || len(strings.Fields(v)) >= 2)
}

// marked says whether the column for it marks rows with a yes.
func (t *table) marked() bool {
	c := t.first(columnRegister)
	for r := t.from; c >= 0 && r < t.to; r++ {
		if v := t.g.value(r, c); v != "" && isYes(v) {
			return true
		}
	}
	return false
}

func isYes(v string) bool {
	return strings.ContainsAny(v, "✓✔☑☒") || words.has("cell meant", v) || words.has("yes", v)
}

// left says whether a row is left out: a sum, an example, one that is not to be
// registered.
func (t *table) left(r, filled int, meant bool) bool {
	email := false
	for c := range t.g.rows[r] {
		email = email || strings.Contains(t.g.value(r, c), "@")
	}
	head := true
	for c := range t.g.rows[r] {
		v := t.g.value(r, c)
		if v == "" {
			continue
		}
		if head && !email {
			if rest, ok := words.after("row total", v); ok && (strings.Trim(rest, " :=-") == "" || isCount(strings.Trim(rest, " :=-")) || strings.ContainsAny(v, ":=")) && filled <= 2 {
				return true
			}
		}
		head = false
		if isExample(v) {
			return true
		}
		field := columnUnknown
		if c < len(t.cols) {
			field = t.cols[c].field
		}
		switch {
		case field == columnRegister:
			if words.has("cell not meant", v) || words.has("cell no", v) || words.contains("row not meant", v) || strings.ContainsAny(v, "✗✘☐❌") {
				return true
			}
		case field == labelIgnored || field == columnUnknown && t.headRow >= 0 || c >= len(t.cols):
			if words.contains("row not meant", v) || words.has("cell not meant", v) {
				return true
			}
		case field == labelType:
			if words.contains("row not meant", v) {
				return true
			}
		}
	}
	if c := t.first(columnRegister); c >= 0 && meant && t.g.value(r, c) == "" {
		return true
	}
	return false
}

func isExample(v string) bool {
	if len(v) > 80 {
		return false
	}
	rest, ok := words.after("row example", v)
	if ok && (rest == "" || strings.ContainsAny(v[:len(v)-len(rest)], ".:")) {
		return true
	}
	if i := strings.IndexAny(v, "(["); i >= 0 {
		return words.has("row example", v[i:])
	}
	return false
}

// row reads one row.
func (t *table) row(r int, prev *block) *block {
	b := &block{seen: map[labelField]bool{}, table: true}
	b.Spans = map[rules.Field]rules.Span{}
	cells := t.g.rows[r]
	if t.g.lines != nil && r < len(t.g.lines) {
		b.first = t.g.lines[r]
	}
	for _, c := range cells {
		if c.line > 0 && strings.TrimSpace(c.text) != "" {
			b.at = rules.Span{Part: t.g.part, Line: c.line, From: c.from, To: c.to}
			break
		}
	}
	for _, f := range []labelField{labelEmail, labelFirst, labelLast, labelName, labelCompany, labelURL, labelType, labelReference} {
		for n, i := range t.col[f] {
			if i >= len(cells) || strings.TrimSpace(cells[i].text) == "" && cells[i].link == "" {
				continue
			}
			if n > 0 && (b.stated(f) || !t.cols[i].exact) {
				continue
			}
			t.put(b, f, cells[i], prev)
		}
	}
	for _, i := range t.col[columnMark] {
		if v := t.g.value(r, i); v != "" && isYes(v) && b.LeadType == "" {
			c := cells[i]
			b.LeadType = t.cols[i].typ
			b.Spans[rules.LeadTypeOf] = rules.Span{Part: t.g.part, Line: c.line, From: c.from, To: c.to}
			b.seen[labelType] = true
		}
	}
	if i := t.first(columnInfix); i >= 0 && b.LastName != "" {
		if v := t.g.value(r, i); v != "" && len(strings.Fields(v)) <= 4 && nothing(v) == usable && !strings.ContainsFunc(v, unicode.IsDigit) {
			b.LastName = v + " " + b.LastName
		}
	}
	b.splitFull()
	if b.count() == 0 && b.Ref == "" && len(b.Unusable) == 0 || b.count() == 0 && !b.hasLetters() {
		return nil
	}
	if b.count() == 0 || b.count() == 1 && b.LeadType != "" {
		return nil
	}
	if t.g.file != nil {
		place := *t.g.file
		place.Row, place.Heading = b.at.Line, 0
		if t.headRow >= 0 {
			place.Heading = t.g.lineOf(t.headRow)
		}
		b.Source = &place
	}
	return b
}

func (g *grid) lineOf(r int) int {
	for _, c := range g.rows[r] {
		if c.line > 0 {
			return c.line
		}
	}
	return 0
}

func (b *block) hasLetters() bool {
	for _, raw := range b.Unusable {
		if letters(raw) {
			return true
		}
	}
	return false
}

// stated says whether a field was given already.
func (b *block) stated(f labelField) bool {
	if f == labelName {
		return b.full != ""
	}
	return b.seen[f] && (f == labelReference || b.Get(rules.Field(f)) != "")
}

// put reads one cell of a row.
func (t *table) put(b *block, f labelField, c cell, prev *block) {
	span := rules.Span{Part: t.g.part, Line: c.line, From: c.from, To: c.to}
	text := strings.TrimSpace(c.text)
	if isDitto(text) {
		x := rules.Field(f)
		switch f {
		case labelCompany, labelURL, labelType, labelLast:
			if prev != nil && prev.Get(x) != "" {
				b.Set(x, prev.Get(x))
				b.Spans[x] = span
				b.seen[f] = true
			}
		}
		return
	}
	lines := cellLines(text)
	text = strings.ReplaceAll(text, newLine, "\n")
	if strings.Count(text, `"`) == 1 && (f == labelName || f == labelFirst || f == labelLast) {
		text = strings.TrimSpace(strings.Trim(text, `"`)) // a mark that nobody closed
	}
	switch f {
	case labelURL:
		if _, st := readURL(text); st != usable && c.link != "" {
			text = c.link
		} else if u, st := readURL(text); st == usable {
			if to := behind(u); to != u {
				text = to
			}
		}
	case labelCompany:
		if len(lines) > 1 {
			text = lines[0]
			for _, l := range lines[1:] {
				switch {
				case isURL(l):
					if t.first(labelURL) < 0 && !b.seen[labelURL] {
						b.put(labelURL, l, span)
					}
				case isEmail(l) || strings.ContainsAny(l, "0123456789@"):
				case formal("x " + l):
					text += " " + l
				}
			}
		}
	case labelName, labelFirst, labelLast:
		if len(lines) > 1 {
			text = strings.Join(lines, " ")
			if f == labelName && len(strings.Fields(lines[0])) > 1 {
				text = lines[0]
				for _, l := range lines[1:] {
					if isEmail(l) {
						text += ", " + l
						break
					}
				}
			}
		}
	case labelEmail:
		if to, ok := strings.CutPrefix(c.link, "mailto:"); ok {
			if _, st := readEmail(text); st != usable {
				text, _, _ = strings.Cut(to, "?")
			}
		}
	case labelReference:
		if len(references(text)) == 0 {
			return
		}
	}
	if t.headRow < 0 && (f == labelFirst || f == labelLast || f == labelName) && strings.ContainsFunc(text, unicode.IsDigit) {
		return
	}
	b.put(f, text, span)
}

func cellLines(s string) []string {
	s = strings.ReplaceAll(s, newLine, "\n")
	if !strings.ContainsAny(s, "\r\n") {
		return nil
	}
	var out []string
	for l := range strings.SplitSeq(strings.ReplaceAll(s, "\r", "\n"), "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// earlierPart orders parts as they stand in a mail: "2" before "10", and the
// sheets of a workbook one after the other.
func earlierPart(a, b string) bool {
	x, y := strings.FieldsFunc(a, isPartMark), strings.FieldsFunc(b, isPartMark)
	for i := 0; i < len(x) && i < len(y); i++ {
		if x[i] != y[i] {
			if len(x[i]) != len(y[i]) {
				return len(x[i]) < len(y[i])
			}
			return x[i] < y[i]
		}
	}
	return len(x) < len(y)
}

func isPartMark(r rune) bool { return r == '.' || r == '!' }

// behind returns where an address leads that a mail filter has wrapped (Outlook's
// safe links, Proofpoint's version 1 and 2); others as they are.
func behind(u string) string {
	host := normURL(u)
	if i := strings.IndexAny(host, "/?"); i >= 0 {
		host = host[:i]
	}
	switch {
	case strings.HasSuffix(host, "safelinks.protection.outlook.com"):
		return wrapped(u, "url")
	case host == "urldefense.proofpoint.com":
		if to := wrapped(u, "u"); to != u {
			if strings.Contains(u, "/v2/") {
				to = strings.NewReplacer("-3A", ":", "_", "/", "-2D", "-", "-5F", "_", "-3F", "?", "-3D", "=", "-26", "&").Replace(to)
			}
			return to
		}
	case strings.HasPrefix(host, "google.") && strings.Contains(u, "/url?"):
		return wrapped(u, "q")
	}
	return u
}

func wrapped(u, name string) string {
	parsed, err := url.Parse(u)
	if err != nil {
		return u
	}
	if to := parsed.Query().Get(name); looksLikeURL(to) || strings.HasPrefix(to, "http") {
		return to
	}
	return u
}
