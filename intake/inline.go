package intake

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadmail/rules"
)

// A cutter takes a line apart into cells.
type cutter struct {
	name string
	cut  func(s string) []cell
	// loose is set where the mark also stands in prose, so that rows must show
	// that they are rows.
	loose bool
}

var (
	tabs   = cutter{name: "tabs", cut: func(s string) []cell { return cutAt(s, "\t", false) }}
	pipes  = cutter{name: "pipes", cut: cutPipes}
	blanks = cutter{name: "blanks", cut: cutBlanks, loose: true}
	semis  = cutter{name: "semicolons", cut: func(s string) []cell { return cutAt(s, ";", true) }, loose: true}
	commas = cutter{name: "commas", cut: func(s string) []cell { return cutAt(s, ",", true) }, loose: true}
	// What separates the cells of lists only.
	dashes  = cutter{name: "dashes", cut: func(s string) []cell { return cutAny(s, " - ", " – ", " — ", " -- ") }, loose: true}
	dots    = cutter{name: "dots", cut: func(s string) []cell { return cutAny(s, " · ", " • ", " | ") }, loose: true}
	slashes = cutter{name: "slashes", cut: func(s string) []cell { return cutAny(s, " / ", " // ") }, loose: true}

	tableCutters = []cutter{tabs, pipes, semis, commas, blanks}
	listCutters  = []cutter{tabs, pipes, semis, commas, blanks, dashes, dots, slashes}
)

// heading reads a row as a heading. Where the mark between its cells stands in
// prose too, long cells say that it is none, before anything is looked up.
func (c cutter) heading(row []cell) ([]column, bool) {
	if c.loose {
		for _, x := range row {
			if len(x.text) > 40 || strings.Count(x.text, " ") > 4 {
				return nil, false
			}
		}
	}
	return heading(row)
}

func cutAt(s, sep string, quotes bool) []cell {
	if !strings.Contains(s, sep) {
		return nil
	}
	var out []cell
	from, quoted := 0, false
	for i := 0; i < len(s) && len(out) < maxColumns; i++ {
		switch {
		case quotes && s[i] == '"' && (quoted || strings.TrimSpace(s[from:i]) == ""):
			quoted = !quoted && strings.Contains(s[i+1:], `"`)
		case !quoted && s[i] == sep[0]:
			out = append(out, newCell(s, from, i, quotes))
			from = i + 1
		}
	}
	return append(out, newCell(s, from, len(s), quotes))
}

func cutAny(s string, seps ...string) []cell {
	var out []cell
	from := 0
	for i := 0; i < len(s); i++ {
		if s[i] != ' ' {
			continue
		}
		for _, sep := range seps {
			if strings.HasPrefix(s[i:], sep) {
				out = append(out, newCell(s, from, i, false))
				from = i + len(sep)
				i = from - 1
				break
			}
		}
	}
	if out == nil {
		return nil
	}
	return append(out, newCell(s, from, len(s), false))
}

func newCell(s string, from, to int, quotes bool) cell {
	for from < to && (s[from] == ' ' || s[from] == '\t') {
		from++
	}
	for to > from && (s[to-1] == ' ' || s[to-1] == '\t') {
		to--
	}
	text := s[from:to]
	if quotes && len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		text = strings.ReplaceAll(text[1:len(text)-1], `""`, `"`)
	}
	if n := len(text); n > 4 && (strings.HasPrefix(text, "**") && strings.HasSuffix(text, "**") || strings.HasPrefix(text, "__") && strings.HasSuffix(text, "__")) {
		text = text[2 : n-2]
	}
	return cell{text: text, from: from, to: to}
}

// cutPipes cuts "| a | b |" and boxes.
func cutPipes(s string) []cell {
	if !strings.Contains(s, "|") && (isASCII(s) || !strings.ContainsAny(s, "│┃║¦")) {
		return nil
	}
	var out []cell
	from := 0
	for i, r := range s {
		if strings.ContainsRune("|│┃║¦", r) {
			out = append(out, newCell(s, from, i, false))
			from = i + utf8.RuneLen(r)
		}
	}
	out = append(out, newCell(s, from, len(s), false))
	t := strings.TrimSpace(s)
	first, _ := utf8.DecodeRuneInString(t)
	last, _ := utf8.DecodeLastRuneInString(t)
	framed := strings.ContainsRune("|│┃║¦", first)
	if framed {
		out = out[1:]
	}
	if framed && len(out) > 0 && strings.ContainsRune("|│┃║¦", last) {
		out = out[:len(out)-1]
	}
	return out
}

// cutBlanks cuts at two blanks or more.
func cutBlanks(s string) []cell {
	if !strings.Contains(strings.TrimSpace(s), "  ") {
		return nil
	}
	var out []cell
	i := 0
	for i < len(s) {
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		from := i
		for i < len(s) && s[i] != '\t' && !strings.HasPrefix(s[i:], "  ") {
			i++
		}
		if i > from {
			out = append(out, newCell(s, from, i, false))
		}
		if len(out) >= maxColumns {
			break
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// isFrame says whether a line only draws a table's lines: "|---|:--|", "+----+".
func isFrame(s string) bool {
	line := false
	for _, r := range s {
		switch {
		case strings.ContainsRune("-=─━═_", r):
			line = true
		case strings.ContainsRune("+|: \t│┃║├┤┌┐└┘┬┴┼╔╗╚╝╠╣╦╩╬¦", r):
		default:
			return false
		}
	}
	return line
}

// tables finds the tables among the lines that are read, and makes prospects of
// them; their lines are then no longer read otherwise.
func (c *collector) tables() []*block {
	var blocks []*block
	for i := 0; i < len(c.v) && i < maxLines && len(blocks) < maxProspects; i++ {
		if !c.read[i] || c.v[i].blank() || !strings.ContainsAny(c.v[i].text, "\t|;,/-") && (isASCII(c.v[i].text) || !strings.ContainsAny(c.v[i].text, "│┃║¦·•–—")) && !strings.Contains(c.v[i].text, "  ") {
			continue
		}
		g, end := c.tableAt(i)
		from := i
		if g == nil {
			if g, end = c.stated(i); g != nil {
				from = i + 1 // the sentence is still a sentence
			}
		}
		if g == nil {
			g, end = c.listAt(i)
		}
		if g == nil {
			continue
		}
		typed, above := c.groupAbove(i)
		got, _ := g.read(maxProspects - len(blocks))
		if len(got) == 0 {
			continue
		}
		for _, b := range got {
			if b.LeadType == "" && typed != "" && b.Unusable[rules.LeadTypeOf] == "" {
				b.typed, b.LeadType = typed, typed
			}
		}
		if above >= 0 {
			c.claim(above)
		}
		for k := from; k < end; k++ {
			c.claim(k)
		}
		blocks = append(blocks, got...)
		i = end - 1
	}
	return blocks
}

func (c *collector) claim(i int) { c.used[i], c.read[i] = true, false }

// groupAbove looks for the lead type that a line above a table names for it.
func (c *collector) groupAbove(i int) (rules.LeadType, int) {
	for k := i - 1; k >= 0 && k >= i-3; k-- {
		if !c.read[k] {
			break
		}
		if c.v[k].blank() || isFrame(c.v[k].text) {
			continue
		}
		if t := headingType(c.v[k].text); t != "" {
			return t, k
		}
		break
	}
	return "", -1
}

// cells cuts line i and gives each cell its place.
func (c *collector) cells(cut cutter, i int) []cell {
	l := c.v[i]
	out := cut.cut(l.text)
	for k := range out {
		out[k].line = l.n
		out[k].from += l.offset()
		out[k].to += l.offset()
	}
	return out
}

// tableAt reads a table whose heading is line i, or whose labels stand in its
// first column from line i on.
func (c *collector) tableAt(i int) (*grid, int) {
	for n, cut := range tableCutters {
		row := c.cells(cut, i)
		if len(row) < 2 {
			continue
		}
		if i >= c.noTable[cut.name] {
			if cols, ok := c.v.heading(i, n); ok && enough(cols) {
				g, end := c.below(cut, i, row, cols)
				if g != nil {
					return g, end
				}
				// Headings without rows have none further down either.
				if c.noTable == nil {
					c.noTable = map[string]int{}
				}
				c.noTable[cut.name] = end
			}
		}
		if cut.name == "tabs" || cut.name == "pipes" || cut.name == "blanks" {
			if g, end := c.sideways(cut, i); g != nil {
				return g, end
			}
		}
	}
	return nil, 0
}

// stated reads a sentence that tells the order of what the lines below it list:
// "Format is Name / Title / Company / Mail, all of them QLs:".
func (c *collector) stated(i int) (*grid, int) {
	for _, cut := range []cutter{slashes, pipes, commas, semis, dashes, dots} {
		row := c.cells(cut, i)
		if len(row) < 3 {
			continue
		}
		for from := 0; from+3 <= len(row); from++ {
			head := []cell{lastLabel(row[from])}
			if head[0].text == "" {
				continue
			}
			for k := from + 1; k < len(row); k++ {
				if announces(row[k].text, false).field != columnUnknown {
					head = append(head, row[k])
					continue
				}
				if last := firstLabel(row[k]); last.text != "" {
					head = append(head, last)
				}
				break
			}
			cols, ok := heading(head)
			if !ok || fieldsOf(cols) < 3 || len(head) < 3 {
				continue
			}
			cut.loose = true
			if g, end := c.below(cut, i, head, cols); g != nil && g.fitting(cols) {
				return g, end
			}
		}
	}
	return nil, 0
}

// fitting says whether each row below the heading has as many cells.
func (g *grid) fitting(cols []column) bool {
	for _, row := range g.rows[1:] {
		if len(row) != len(cols) && groupType(row[0].text) == "" {
			return false
		}
	}
	return true
}

// lastLabel is the label that ends a cell: "Format is Name".
func lastLabel(c cell) cell {
	ts := tokens(c.text)
	for n := min(3, len(ts)); n > 0; n-- {
		at := ts[len(ts)-n].from
		if announces(c.text[at:], false).field != columnUnknown {
			c.text, c.from = c.text[at:], c.from+at
			return c
		}
	}
	return cell{}
}

// firstLabel is the label that begins a cell: "Web, all of them QLs".
func firstLabel(c cell) cell {
	ts := tokens(c.text)
	for n := min(3, len(ts)); n > 0; n-- {
		to := ts[n-1].to
		if to < len(c.text) && n < len(ts) && !strings.ContainsAny(c.text[to:ts[n].from], ",.;:()") {
			continue
		}
		if announces(c.text[:to], false).field != columnUnknown {
			c.text, c.to = c.text[:to], c.from+to
			return c
		}
	}
	return cell{}
}

// below collects the rows below a heading.
func (c *collector) below(cut cutter, i int, head []cell, cols []column) (*grid, int) {
	g := &grid{part: c.v[i].part, rows: [][]cell{head}, lines: []int{i}}
	end, fitting, framed := i+1, 0, false
	boxed := false // each row stands between lines of its own
	for k := i + 1; k < len(c.v) && k < i+maxLines; k++ {
		if !c.read[k] || c.v[k].part != c.v[i].part {
			break
		}
		text := c.v[k].text
		if c.v[k].blank() {
			if c.over(cut, k, cols) {
				break
			}
			continue
		}
		if strings.Trim(text, " \t|│┃║¦") == "" {
			continue
		}
		if isFrame(text) {
			if framed && len(g.rows) > 1 {
				boxed = true
			}
			framed = true
			end = k + 1
			continue
		}
		row := c.cells(cut, k)
		if len(row) < 2 {
			// A line without cells: a group, a sum, a row with its first cell only, the rest of
			// a row that a mailer broke.
			if n := len(g.rows); n > 1 && c.broken(cut, g, k, head) {
				end = k + 1
				continue
			}
			if groupType(text) == "" && !c.between(cut, k, cols) {
				break
			}
			from := len(text) - len(strings.TrimLeft(text, " \t"))
			one := newCell(text, from, len(text), false)
			one.line, one.from, one.to = c.v[k].n, one.from+c.v[k].offset(), one.to+c.v[k].offset()
			g.rows, g.lines = append(g.rows, []cell{one}), append(g.lines, k)
			end = k + 1
			continue
		}
		if _, again := heading(row); again {
			g.rows, g.lines = append(g.rows, row), append(g.lines, k)
			end = k + 1
			continue
		}
		row = fitRow(cut, row, head, cols)
		if cut.loose && !fits(row, cols) {
			if n := len(g.rows); n > 1 && goesOn(row, g.rows[n-1], cols) {
				g.rows[n-1] = joinRow(g.rows[n-1], row, cols)
				end = k + 1
				continue
			}
			break
		}
		if n := len(g.rows); n > 1 && (cut.name == "pipes" || cut.name == "blanks") && (boxed && !framed || !boxed) && goesOn(row, g.rows[n-1], cols) {
			g.rows[n-1] = joinRow(g.rows[n-1], row, cols)
		} else {
			if len(row) < len(head) && k+1 < len(c.v) && c.broken2(cut, row, k, head) {
				rest := c.cells(cut, k+1)
				if len(rest) == 0 {
					rest = []cell{newCell(c.v[k+1].text, 0, len(c.v[k+1].text), false)}
				}
				last := &row[len(row)-1]
				last.text = strings.TrimSpace(last.text + " " + rest[0].text)
				row = append(row, rest[1:]...)
				g.lines = append(g.lines, k)
				g.rows = append(g.rows, row)
				k++
				end = k + 1
				framed = false
				fitting++
				continue
			}
			g.rows, g.lines = append(g.rows, row), append(g.lines, k)
		}
		framed = false
		fitting++
		end = k + 1
	}
	if fitting == 0 {
		return nil, end
	}
	// A group that nothing follows introduces what comes below the table.
	for n := len(g.rows) - 1; n > 0 && len(g.rows[n]) == 1 && groupType(g.rows[n][0].text) != ""; n-- {
		end = g.lines[n]
		g.rows, g.lines = g.rows[:n], g.lines[:n]
	}
	return g, end
}

// over says whether a table ends at the empty line k: the next line is no row.
func (c *collector) over(cut cutter, k int, cols []column) bool {
	for n := k + 1; n < len(c.v) && n <= k+2; n++ {
		if !c.read[n] {
			return true
		}
		if c.v[n].blank() {
			continue
		}
		if groupType(c.v[n].text) != "" {
			return false
		}
		row := c.cells(cut, n)
		if _, again := heading(row); again {
			return false
		}
		return len(row) < 2 || !fits(row, cols)
	}
	return true
}

// between says whether a line without cells stands among rows.
func (c *collector) between(cut cutter, k int, cols []column) bool {
	if cut.loose || k+1 >= len(c.v) || !c.read[k+1] {
		return false
	}
	row := c.cells(cut, k+1)
	return len(row) >= 2 && fits(row, cols)
}

// broken joins line k to the row above where a mailer broke that row: the cells
// then come out right.
func (c *collector) broken(cut cutter, g *grid, k int, head []cell) bool {
	n := len(g.rows) - 1
	prev := g.rows[n]
	text := strings.TrimSpace(c.v[k].text)
	if len(c.v[k-1].text) < 60 || len(prev) != len(head) || len(strings.Fields(text)) > 3 || groupType(text) != "" || isClosing(text) || g.lines[n] != k-1 {
		return false
	}
	last := &prev[len(prev)-1]
	last.text += " " + text
	return true
}

// broken2 says whether line k+1 is the rest of the row on line k.
func (c *collector) broken2(cut cutter, row []cell, k int, head []cell) bool {
	if !c.read[k+1] || c.v[k+1].blank() || len(c.v[k].text) < 55 {
		return false
	}
	rest := c.cells(cut, k+1)
	if len(rest) == 0 {
		rest = []cell{{text: c.v[k+1].text}}
	}
	if len(row)+len(rest)-1 != len(head) {
		return false
	}
	own, other := false, false
	for _, x := range row {
		own = own || isEmail(x.text)
	}
	for _, x := range rest {
		other = other || isEmail(x.text)
	}
	return own != other
}

// fitRow brings the cells of a row under the columns of its heading.
func fitRow(cut cutter, row, head []cell, cols []column) []cell {
	if len(row) == len(head)+1 && isCount(row[0].text) {
		row = row[1:]
	}
	switch cut.name {
	case "commas", "semicolons":
		// "Acme, Inc." without quotes.
		for i := 1; len(row) > len(head) && i < len(row); i++ {
			if legalForms[strings.ToLower(strings.Trim(row[i].text, "."))] {
				row[i-1].text += ", " + row[i].text
				row[i-1].to = row[i].to
				row = append(row[:i:i], row[i+1:]...)
			}
		}
	case "blanks":
		if len(row) < len(head) {
			return aligned(row, head)
		}
	}
	return row
}

// aligned puts the cells of a line under the headings above them.
func aligned(row, head []cell) []cell {
	out := make([]cell, len(head))
	for _, c := range row {
		best, near := 0, 1<<30
		for k, h := range head {
			d := c.from - h.from
			if d < 0 {
				d = -d
			}
			// Numbers and the like are set to the right.
			if e := c.to - h.to; e == 0 {
				d = 0
			}
			if d < near {
				best, near = k, d
			}
		}
		if out[best].text != "" {
			out[best].text += " " + c.text
			out[best].to = c.to
			continue
		}
		out[best] = c
	}
	return out
}

// fits says whether a row holds under a heading what the heading says, in at least
// one column where that can be told.
func fits(row []cell, cols []column) bool {
	if len(row) > len(cols)+1 {
		return false
	}
	some := false
	told := false
	for i, c := range row {
		if i >= len(cols) || c.text == "" {
			continue
		}
		switch cols[i].field {
		case labelEmail:
			told = true
			if isEmail(c.text) {
				some = true
			} else if len(strings.Fields(c.text)) > 4 {
				return false
			}
		case labelURL:
			told = true
			some = some || isURL(c.text)
		case labelType:
			told = true
			some = some || isType(c.text)
		}
		if len(c.text) > 200 {
			return false
		}
	}
	return some || !told && len(row) == len(cols)
}

// goesOn says whether a row only goes on with the cells of the one above: it
// has nothing that begins a prospect, and stands where that one has text.
func goesOn(row, prev []cell, cols []column) bool {
	n := 0
	for i, c := range row {
		if c.text == "" {
			continue
		}
		if i >= len(prev) || prev[i].text == "" || i == 0 && isCount(c.text) {
			return false
		}
		n++
		if i < len(cols) && cols[i].field == labelEmail && (isEmail(c.text) && isEmail(prev[i].text)) {
			return false
		}
		if isType(c.text) && !isType(prev[i].text+" "+c.text) || isDitto(c.text) {
			return false
		}
	}
	return n > 0 && n <= 2 && n < len(prev) && (len(row) == 0 || row[0].text == "" || n == 1 && continuing(row[0].text))
}

func continuing(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(r) || strings.HasPrefix(s, "&") || formal("x "+s)
}

func joinRow(prev, row []cell, cols []column) []cell {
	for i, c := range row {
		if c.text == "" || i >= len(prev) {
			continue
		}
		mark := " "
		if i < len(cols) && (cols[i].field == labelEmail || cols[i].field == labelURL) || strings.HasSuffix(prev[i].text, "-") && len(c.text) > 0 {
			mark = ""
		}
		prev[i].text += mark + c.text
	}
	return prev
}

// sideways collects lines that each begin with a label and go on with one value a
// prospect.
func (c *collector) sideways(cut cutter, i int) (*grid, int) {
	g := &grid{part: c.v[i].part}
	seen := map[labelField]bool{}
	width, end := 0, i
	for k := i; k < len(c.v) && k < i+40; k++ {
		if !c.read[k] {
			break
		}
		if c.v[k].blank() {
			if k+1 < len(c.v) && c.read[k+1] && len(c.cells(cut, k+1)) > 1 {
				continue
			}
			break
		}
		if isFrame(c.v[k].text) {
			end = k + 1
			continue
		}
		row := c.cells(cut, k)
		if len(row) < 2 {
			break
		}
		if strings.TrimSpace(row[0].text) == "" && len(g.rows) == 0 {
			end = k + 1
			continue // the names of the columns
		}
		col := announces(row[0].text, true)
		if col.field == "" && len(g.rows) == 0 {
			if k == i && words.has("heading", strings.Trim(row[0].text, "#:0123456789 ")) || k == i && isCount(row[0].text) {
				continue
			}
			return nil, 0
		}
		if col.field == "" || seen[col.field] && col.field != labelIgnored && col.field != columnName {
			break
		}
		seen[col.field] = true
		width = max(width, len(row))
		g.rows, g.lines = append(g.rows, row), append(g.lines, k)
		end = k + 1
	}
	delete(seen, labelIgnored)
	if len(seen) < 3 || width < 3 {
		return nil, 0
	}
	return g, end
}

// listAt reads lines that are rows without a heading: each holds one address and
// other values, cut in the same way.
func (c *collector) listAt(i int) (*grid, int) {
	for _, cut := range listCutters {
		if i < c.noList[cut.name] {
			continue
		}
		first := c.listRow(cut, i)
		if first == nil {
			continue
		}
		g := &grid{part: c.v[i].part, rows: [][]cell{first}, lines: []int{i}}
		end := i + 1
		for k := i + 1; k < len(c.v) && k < i+maxLines && c.read[k]; k++ {
			if c.v[k].blank() || isFrame(c.v[k].text) {
				if k+1 < len(c.v) && c.read[k+1] && c.listRow(cut, k+1) != nil {
					continue
				}
				break
			}
			row := c.listRow(cut, k)
			if row == nil {
				break
			}
			g.rows, g.lines = append(g.rows, row), append(g.lines, k)
			end = k + 1
		}
		if !g.settles(cut.loose) {
			// Nor do the lines of it that are left: each line is looked at once.
			if c.noList == nil {
				c.noList = map[string]int{}
			}
			c.noList[cut.name] = end
			continue
		}
		return g, end
	}
	return nil, 0
}

// settles says whether the columns of a list come out; rows of unequal build are
// read one by one.
func (g *grid) settles(loose bool) bool {
	whole := func(g *grid) bool {
		t := g.guessed()
		if t == nil {
			return false
		}
		if t.first(labelName) < 0 && t.first(labelFirst) < 0 && t.first(labelCompany) < 0 {
			return false
		}
		taken := map[int]bool{}
		for _, cs := range t.col {
			for _, c := range cs {
				taken[c] = true
			}
		}
		for c := range t.cols {
			if h := t.holds(c); loose && h.n > 0 && !taken[c] && h.phones*2 <= h.n {
				return false
			}
		}
		return true
	}
	if whole(g) {
		return true
	}
	for i := range g.rows {
		if !whole(&grid{part: g.part, rows: g.rows[i : i+1]}) {
			return false
		}
	}
	g.bare = true
	return true
}

// counted returns the length of a bare number that line i begins with, where the
// line before or behind has the one next to it: "4 Amélie Dubreuil - …".
func (c *collector) counted(i int) int {
	t := strings.TrimLeft(c.v[i].text, " \t")
	n, size := leadNumber(t)
	if n == 0 || bullet(t) > 0 {
		return 0
	}
	for k := i - 1; k >= 0 && k >= i-2; k-- {
		if m, _ := leadNumber(strings.TrimLeft(c.v[k].text, " \t")); m == n-1 && m > 0 {
			return size
		}
	}
	for k := i + 1; k < len(c.v) && k <= i+2; k++ {
		if m, _ := leadNumber(strings.TrimLeft(c.v[k].text, " \t")); m == n+1 {
			return size
		}
	}
	return 0
}

// leadNumber reads the number of one or two digits that a line begins with, and
// says how long it is.
func leadNumber(t string) (n, size int) {
	for size < len(t) && size < 2 && t[size] >= '0' && t[size] <= '9' {
		n = 10*n + int(t[size]-'0')
		size++
	}
	if size == 0 || size == len(t) || !strings.ContainsRune(" .)\t", rune(t[size])) {
		return 0, 0
	}
	return n, size
}

// listRow cuts line i as a row of a list; nil where it is none.
func (c *collector) listRow(cut cutter, i int) []cell {
	text := c.v[i].text
	if !strings.Contains(text, "@") && !strings.ContainsAny(text, "([") || len(text) > 500 {
		return nil
	}
	row := c.cells(cut, i)
	if len(row) < 3 || len(row) > 12 {
		return nil
	}
	if n := bullet(row[0].text); n > 0 {
		row[0].text, row[0].from = row[0].text[n:], row[0].from+n
		row[0] = trimCell(row[0])
	} else if isCount(row[0].text) {
		row = row[1:]
	} else if n := c.counted(i); n > 0 && n < len(row[0].text) {
		row[0].text, row[0].from = row[0].text[n:], row[0].from+n
		row[0] = trimCell(row[0])
	}
	if lead, rest, ok := strings.Cut(row[0].text, ": "); ok && cut.name != commas.name && len(strings.Fields(lead)) <= 5 && words.lookup(lead, true) == "" && bareType(lead) == "" && !strings.ContainsAny(rest, ":=") {
		row[0].from += len(row[0].text) - len(rest)
		row[0].text = rest // "Register please: Holm, Anna; …"
		row[0] = trimCell(row[0])
	}
	if and, rest, _ := strings.Cut(row[0].text, " "); words.is(wordConjunction, and) && upper(rest) {
		row[0].from += len(row[0].text) - len(rest)
		row[0].text = rest // "and Jan Vos, …"
	}
	if rest := afterOrder(row[0].text); rest != "" {
		row[0].from += len(row[0].text) - len(rest)
		row[0].text = rest
	}
	emails := 0
	for k := range row {
		v := strings.TrimSuffix(row[k].text, ".")
		if k == len(row)-1 && (isEmail(v) || isURL(v) || isType(v)) {
			row[k].text = v
		}
		v = row[k].text
		switch {
		case v == "":
		case isEmail(v):
			emails++
		case isURL(v), isType(v), isPhone(v):
		default:
			if !plausible(v) {
				return nil
			}
		}
	}
	if emails != 1 {
		return nil
	}
	return row
}

// afterOrder is what an order puts somewhere, where that begins with a capital: "Anna
// Holm" of "Please log Anna Holm"; "" of anything else.
func afterOrder(s string) string {
	rest, please := words.after("request", s)
	if !please {
		rest = s
	}
	rest, ok := words.after("put", rest)
	if !ok || !upper(rest) {
		return ""
	}
	return rest
}

func trimCell(c cell) cell {
	t := strings.TrimLeft(c.text, " \t")
	c.from += len(c.text) - len(t)
	c.text = t
	return c
}

// plausible says whether a cell of a list may be a name: no sentence, no wish.
func plausible(s string) bool {
	fields := strings.Fields(s)
	if len(fields) > 6 || strings.ContainsAny(s, "?!:@=") || words.begins("greeting", s) || words.begins("closing", s) || words.contains("verb register", s) ||
		words.contains("verb withdraw", s) || words.contains("verb renew", s) {
		return false
	}
	if words.lookup(s, false) != "" && words.lookup(s, false) != labelIgnored {
		return false
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, "\"'“„«("))
	if unicode.IsLower(r) && !particles[strings.ToLower(fields[0])] {
		return false
	}
	small := 0
	for _, w := range fields {
		r, _ := utf8.DecodeRuneInString(w)
		if unicode.IsLower(r) && !strings.Contains(w, ".") && w != "z" && w != "s" && !particles[strings.ToLower(w)] && w != "and" && w != "of" && w != "the" && w != "und" && w != "et" && w != "y" && w != "e" && w != "for" && w != "&" {
			small++
		}
	}
	return small == 0 || small == 1 && len(fields) >= 3
}

// merge sets blocks of tables among the others in order of appearance.
func mergeBlocks(a, b []*block) []*block {
	if len(b) == 0 {
		return a
	}
	out := append(append([]*block(nil), a...), b...)
	sort.SliceStable(out, func(i, j int) bool { return out[i].first < out[j].first })
	return out
}

// headsTable says whether a line by itself is the heading of a table: three fields
// at least.
func (v view) headsTable(i int) bool {
	s := v[i].text
	if len(s) > 600 {
		return false
	}
	if strings.Count(s, ",") < 2 && strings.Count(s, ";") < 2 && !strings.ContainsAny(s, "\t|") && !strings.Contains(strings.TrimSpace(s), "  ") {
		return false // no room for three fields
	}
	for n := range tableCutters {
		if cols, ok := v.heading(i, n); ok && enough(cols) && fieldsOf(cols) >= 3 {
			return true
		}
	}
	return false
}
