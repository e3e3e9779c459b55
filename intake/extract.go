package intake

import (
	"strings"
	"unicode"

	"leadmail/rules"
)

// Extraction works in two steps. Every labelled line gives candidates: a field,
// what was stated for it, and where. The assignment then groups candidates into
// blocks, one a prospect, by what separates them: a heading, a rule or an empty
// line before fields that the block has already, a field that repeats. A field
// with two candidates that differ, or a value that is none of its kind, stays
// empty: a question costs less than a lie.

// block is a prospect in the making.
type block struct {
	rules.Reading
	seen map[labelField]bool
	// full is a whole name, split when the address is known.
	full     string
	fullSpan rules.Span
	// typed is the lead type of the heading above.
	typed rules.LeadType
	// lone is set where the lead type stands apart from the other fields.
	lone   bool
	labels int    // labels other than ignored ones
	infix  string // "van der", told apart from the last name
	either bool   // the label of the first name may mean the whole one: "Nome"
	first  int    // index of its first line
	// prose is set where no label told the fields apart; seed is what it grew from.
	prose bool
	seed  *seed
	// attached is set for the author of an attached mail.
	attached bool
	// table is set for a row of a table and for a card: they are prospects by their
	// form. at is where it stands when that is in a file.
	table bool
	at    rules.Span
}

// collector reads the lines of a view that belong to one zone.
type collector struct {
	v      view
	read   []bool // lines that are read
	used   []bool // lines that were understood
	hits   [][]labelHit
	blocks []*block
	cur    *block
	typed  rules.LeadType // of the heading that we are below
	gapMax int            // -1: no label stands above its value
	soft   bool           // an empty line, a rule or prose stands before this line
	next   string         // lead type of the next block alone
	last   int            // the last line to be read that has a label
	// noList and noTable are, for each way of cutting, up to where none was found.
	noList, noTable map[string]int
}

// maxBlocks and maxLines bound what one mail can make us do; a list that long
// does not come as labelled lines.
const (
	maxBlocks = 1000
	maxLines  = 20000
)

// collect reads all blocks of the lines that read admits.
func collect(v view, read []bool) *collector {
	c := &collector{v: v, read: read, used: make([]bool, len(v)), hits: make([][]labelHit, len(v))}
	tables := mergeBlocks(c.cards(), c.tables())
	for i := range v[:min(len(v), maxLines)] {
		if read[i] || v[i].zone == quoted && v[i].depth > 0 {
			if c.hits[i] = v.labels(i); len(c.hits[i]) > 0 && read[i] {
				c.last = i
			}
		}
	}
	c.styleAbove()
	c.soft = true
	for i := 0; i < len(v) && len(c.blocks) < maxBlocks; i++ {
		switch {
		case !read[i]:
			c.answerBelow(i)
		case v[i].blank():
			c.soft = true
		case c.used[i]:
		case isRule(v[i].text):
			c.soft = true
		case len(c.hits[i]) > 0 && !c.section(i):
			c.labelled(i)
			c.soft = false
		default:
			c.unlabelled(i)
		}
	}
	c.flush()
	c.blocks = joined(mergeBlocks(c.blocks, tables))
	c.settle()
	return c
}

// joined lays blocks of one reference over each other: our own mails name the
// reference in a sentence first and in the form below.
func joined(blocks []*block) []*block {
	at := map[rules.Reference]*block{}
	kept := blocks[:0]
	for _, b := range blocks {
		old := at[b.Ref]
		if b.Ref == "" || old == nil {
			at[b.Ref] = b
			kept = append(kept, b)
			continue
		}
		old.Prospect = b.Prospect.Over(old.Prospect)
		for f, s := range b.Spans {
			old.Spans[f] = s
		}
		for f := range b.seen {
			old.seen[f] = true
		}
		for f, raw := range b.Unusable {
			if old.Get(f) == "" {
				old.unusable(f, raw)
			}
		}
		old.None = append(old.None, b.None...)
		if b.full != "" {
			old.full, old.fullSpan = b.full, b.fullSpan
		}
		old.labels += b.labels
	}
	return kept
}

// value finds the line that holds the value of a label that stands alone in line
// i; -1 where there is none. gaps counts the empty lines between.
func (c *collector) value(i int) (at, gaps int) {
	for j := i + 1; j < len(c.v) && gaps <= 1; j++ {
		if !c.read[j] {
			return -1, 0
		}
		if c.v[j].blank() {
			gaps++
			continue
		}
		if len(c.hits[j]) > 0 || isRule(c.v[j].text) || c.heading(j) || isClosing(strings.TrimSpace(c.v[j].text)) {
			return -1, 0
		}
		return j, gaps
	}
	return -1, 0
}

// section says whether a line that could be a label is only the heading of a
// section: "Contact" or "Company:" above labelled lines.
func (c *collector) section(i int) bool {
	h := c.hits[i][0]
	if h.from < h.to || len(c.hits[i]) > 1 {
		return false
	}
	if at, gaps := c.value(i); at >= 0 && (gaps <= c.gapMax || gaps == 0 && certain(h.field, c.v[at].text)) {
		return false
	}
	if h.sep == 0 && !strings.HasSuffix(strings.TrimSpace(c.v[i].text), ":") {
		return true
	}
	if h.field != labelName && h.field != labelCompany && h.field != labelReference {
		return false
	}
	return i+1 < len(c.v) && c.read[i+1] && len(c.hits[i+1]) > 0 && c.hits[i+1][0].from < c.hits[i+1][0].to &&
		(i == 0 || !c.read[i-1] || c.v[i-1].blank() || c.heading(i-1))
}

// styleAbove decides whether this mail writes labels above their values. Where
// labels have values on their own line, an empty one is empty.
func (c *collector) styleAbove() {
	inline, counts := 0, [2]int{}
	for i := range c.v {
		if !c.read[i] {
			continue
		}
		for _, h := range c.hits[i] {
			if h.from < h.to {
				inline++
			}
		}
		if len(c.hits[i]) == 1 && c.hits[i][0].from >= c.hits[i][0].to {
			if at, gaps := c.value(i); at >= 0 && gaps < 2 {
				counts[gaps]++
			}
		}
	}
	c.gapMax = -1
	if n := counts[0] + counts[1]; n >= 2 && n > inline {
		c.gapMax = 0
		if counts[1] > counts[0] {
			c.gapMax = 1
		}
	}
}

// open returns the current block, begun at line i if there is none.
func (c *collector) open(i int) *block {
	if c.cur == nil {
		c.cur = &block{seen: map[labelField]bool{}, first: i, typed: c.typed}
		c.cur.Spans = map[rules.Field]rules.Span{}
		if c.next != "" {
			c.cur.typed, c.next = rules.LeadType(c.next), ""
		}
	}
	return c.cur
}

func (c *collector) flush() {
	if c.cur != nil && (c.cur.labels > 0 || c.cur.Ref != "") {
		c.blocks = append(c.blocks, c.cur)
	}
	c.cur = nil
}

// chunk lists the labels from line i to the next gap.
func (c *collector) chunk(i int) map[labelField]bool {
	out := map[labelField]bool{}
	for ; i < len(c.v) && c.read[i] && !c.v[i].blank() && !isRule(c.v[i].text); i++ {
		if len(c.hits[i]) == 0 && c.heading(i) {
			break
		}
		for _, h := range c.hits[i] {
			out[h.field] = true
		}
	}
	return out
}

func (c *collector) labelled(i int) {
	l := c.v[i]
	if c.soft && c.cur != nil {
		ahead := c.chunk(i)
		for f := range ahead {
			if f != labelIgnored && (c.cur.seen[f] || f == labelReference && c.cur.labels > 0) {
				c.flush()
				break
			}
		}
	}
	alone := c.soft
	if alone {
		for f := range c.chunk(i) {
			alone = alone && (f == labelType || f == labelIgnored)
		}
	}
	c.used[i] = true
	for _, h := range c.hits[i] {
		text, from, to, at := l.text, h.from, h.to, i
		if from >= to {
			if j, gaps := c.value(i); j >= 0 && gaps <= c.gapMax && len(c.hits[i]) == 1 {
				at, text = j, c.v[j].text
				from, to = trimSpan(text, 0, len(text))
			} else if j >= 0 && gaps == 0 && len(c.hits[i]) == 1 && certain(h.field, c.v[j].text) {
				at, text = j, c.v[j].text
				from, to = trimSpan(text, 0, len(text))
			}
		}
		value := text[from:to]
		if h.field == labelIgnored {
			if at != i {
				c.used[at] = true
			}
			if at == i && h.at < h.from && words.has("column infix", strip(l.text[h.at:h.from])) {
				c.open(i).infix = strings.TrimSpace(value)
			}
			continue
		}
		if h.field == labelReference && len(references(value)) == 0 {
			continue
		}
		if h.field == labelCompany && at == i && to == len(strings.TrimRight(text, " \t")) {
			value += c.wrapped(i)
		}
		c.used[at] = true
		b := c.open(i)
		if b.seen[h.field] {
			if b.same(h.field, value) {
				continue
			}
			c.flush()
			b = c.open(i)
		}
		b.lone = b.lone || alone && h.field == labelType
		b.put(h.field, value, rules.Span{Part: c.v[at].part, Line: c.v[at].n, From: c.v[at].offset() + from, To: c.v[at].offset() + to})
		if h.field == labelFirst && h.at < h.from {
			b.either = words.has("either name", strip(l.text[h.at:min(h.from, len(l.text))]))
		}
	}
}

// certain says whether a line can only be a value of that field.
func certain(f labelField, text string) bool {
	var st state
	switch f {
	case labelEmail:
		_, st = readEmail(text)
		return st == usable && !strings.Contains(strings.TrimSpace(text), " ")
	case labelURL:
		_, st = readURL(text)
		return st == usable && !strings.Contains(strings.TrimSpace(text), " ")
	case labelType:
		return typeWords(text) != ""
	}
	return false
}

// wrapped returns the rest of a value that a mailer broke at its margin: the
// line was full and the next is neither a label nor empty.
func (c *collector) wrapped(i int) string {
	j := i + 1
	if j >= len(c.v) || !c.read[j] || c.v[j].blank() || len(c.hits[j]) > 0 || isRule(c.v[j].text) || c.heading(j) {
		return ""
	}
	next := c.v[j].text
	first, _, _ := strings.Cut(strings.TrimSpace(next), " ")
	indented := strings.HasPrefix(next, "  ") || strings.HasPrefix(next, "\t")
	if !indented && len(c.v[i].text)+len(first) < 66 || len(strings.Fields(next)) > 6 || certain(labelEmail, next) || certain(labelURL, next) || certain(labelType, next) {
		return ""
	}
	c.used[j] = true
	return " " + strings.TrimSpace(next)
}

// unlabelled looks at a line without label: a heading, or a bare value that can
// be only one thing inside a block.
func (c *collector) unlabelled(i int) {
	text := strings.TrimSpace(c.v[i].text)
	inBlock := c.cur != nil && !c.soft && c.cur.labels > 0
	switch {
	case inBlock && !c.cur.seen[labelEmail] && certain(labelEmail, text[bullet(text):]):
		c.put(i, labelEmail)
		return
	case inBlock && !c.cur.seen[labelURL] && certain(labelURL, text[bullet(text):]):
		c.put(i, labelURL)
		return
	case inBlock && !c.cur.seen[labelType] && typeWords(text[bullet(text):]) != "":
		c.put(i, labelType)
		return
	}
	if t := headingType(text); t != "" && c.last > i {
		c.flush()
		c.typed, c.used[i] = t, true
	} else if c.last > i && c.heading(i) {
		c.flush()
		c.used[i] = true
		if t := typeIn(text); t != "" {
			c.next = string(t)
		}
		if refs := references(text); len(refs) == 1 {
			b := c.open(i)
			b.Ref, b.seen[labelReference] = refs[0].ref, true
		}
	} else if refs := references(text); len(refs) == 1 && len(strings.Fields(text)) <= 6 && c.labelsFollow(i) && !words.contains("verb renew", text) && !words.contains("verb withdraw", text) {
		// The reference as a heading, with or without the company.
		c.flush()
		b := c.open(i)
		b.Ref, b.seen[labelReference] = refs[0].ref, true
		c.used[i] = true
		c.soft = false
		return
	}
	c.soft = true
}

func (c *collector) labelsFollow(i int) bool {
	return i+1 < len(c.v) && c.read[i+1] && len(c.hits[i+1]) > 0
}

func (c *collector) put(i int, f labelField) {
	l := c.v[i]
	from := bullet(l.text)
	c.used[i] = true
	c.cur.put(f, strings.TrimSpace(l.text[from:]), rules.Span{Part: l.part, Line: l.n, From: l.offset() + from, To: l.offset() + len(l.text)})
}

// answerBelow reads an answer that the sender wrote below a quoted label.
func (c *collector) answerBelow(i int) {
	if c.v[i].zone != quoted || len(c.hits[i]) != 1 || c.hits[i][0].from < c.hits[i][0].to {
		return
	}
	f := c.hits[i][0].field
	if f == labelIgnored || f == labelReference {
		return
	}
	at := -1
	for j := i + 1; j < len(c.v); j++ {
		if c.v[j].blank() {
			continue
		}
		if !c.read[j] || len(c.hits[j]) > 0 {
			break
		}
		if at >= 0 {
			return // two lines or more are a remark
		}
		at = j
	}
	if at < 0 {
		return
	}
	l := c.v[at]
	from, to := trimSpan(l.text, bullet(l.text), len(l.text))
	b := c.open(i)
	if b.seen[f] {
		c.flush()
		b = c.open(i)
	}
	c.used[at] = true
	b.put(f, l.text[from:to], rules.Span{Part: l.part, Line: l.n, From: l.offset() + from, To: l.offset() + to})
}

// heading says whether line i begins the next prospect: "Prospect 2", "#3",
// "Second lead:".
func (c *collector) heading(i int) bool {
	t := strip(strings.TrimSpace(c.v[i].text))
	if len(t) > 70 || t == "" {
		return false
	}
	ts := tokens(t)
	if len(ts) == 0 {
		return false
	}
	digits := func(w string) bool { return strings.Trim(w, "0123456789") == "" && len(w) <= 3 }
	if len(ts) == 1 {
		return digits(ts[0].w) && strings.Contains(c.v[i].text, ts[0].w) && (strings.ContainsAny(c.v[i].text, "#.)") || len(t) < 4) ||
			strings.HasSuffix(strings.TrimSpace(c.v[i].text), ":") && words.has("heading", ts[0].w)
	}
	n := 0
	number := false
	for _, tok := range ts {
		if digits(tok.w) || isOrdinal(tok.w) {
			number = true
		} else if n > 0 && len(tok.w) == 1 && tok.w >= "a" && tok.w <= "h" {
			number = true // "Prospect B"
		} else if !words.has("heading", tok.w) {
			break
		}
		n++
	}
	if n == len(ts) {
		return number || strings.HasSuffix(strings.TrimSpace(c.v[i].text), ":")
	}
	// "Prospect 2: Kuanza Coffee", "Lead 1 (managed customer)".
	return number && n >= 2 && strings.IndexAny(t, ":-–(") > 0 && strings.IndexAny(t, ":-–(") <= ts[n].from
}

func isOrdinal(w string) bool {
	switch w {
	case "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "next", "last", "another", "1st", "2nd", "3rd", "4th", "5th", "one", "two", "three", "four", "five":
		return true
	}
	return false
}

// headingType reads a heading that names a lead type for what follows:
// "Managed customers", "2 qualified leads:", "Qualified Leads (3)".
func headingType(text string) rules.LeadType {
	t := strip(text)
	if len(t) > 60 {
		return ""
	}
	if open := strings.IndexByte(t, '('); open > 0 {
		t = t[:open]
	}
	ts := tokens(t)
	if len(ts) > 1 && (strings.Trim(ts[0].w, "0123456789") == "" || isOrdinal(ts[0].w)) && ts[0].w != "last" {
		t = t[ts[1].from:]
	}
	if len(ts) < 2 && len(t) < 9 {
		return "" // Q, M and QL alone are answers, no headings
	}
	return typeWords(t)
}

// strict are the wordings that name a lead type beyond doubt inside a sentence.
var strict = map[string]rules.LeadType{
	"qualified lead": rules.QualifiedLead, "qualified leads": rules.QualifiedLead, "qualified prospect": rules.QualifiedLead, "qualified prospects": rules.QualifiedLead,
	"managed customer": rules.ManagedCustomer, "managed customers": rules.ManagedCustomer, "managed client": rules.ManagedCustomer, "managed clients": rules.ManagedCustomer,
	"managed customer lead": rules.ManagedCustomer, "managed customer leads": rules.ManagedCustomer,
}

// typeIn returns the one lead type that a sentence names; "" where it names
// none, both, or turns it around.
func typeIn(s string) rules.LeadType {
	if words.contains("negation", s) || strings.Contains(s, "?") {
		return ""
	}
	folded := " " + fold(s) + " "
	var found rules.LeadType
	for w, t := range strict {
		if strings.Contains(folded, " "+w+" ") {
			if found != "" && found != t {
				return ""
			}
			found = t
		}
	}
	return found
}

// same says whether a second statement of a field repeats the first.
func (b *block) same(f labelField, value string) bool {
	if f == labelName {
		return strings.EqualFold(strings.TrimSpace(value), b.full)
	}
	other := &block{seen: map[labelField]bool{}}
	other.Spans = map[rules.Field]rules.Span{}
	other.put(f, value, rules.Span{})
	x := rules.Field(f)
	if f == labelReference {
		return other.Ref == b.Ref
	}
	return other.Get(x) != "" && (strings.EqualFold(other.Get(x), b.Get(x)) || x == rules.URL && normURL(other.URL) == normURL(b.URL))
}

// put records what was stated for a field.
func (b *block) put(f labelField, raw string, span rules.Span) {
	b.seen[f] = true
	b.labels++
	raw = strings.TrimSpace(raw)
	if nothing(raw) == usable {
		raw = unbracket(raw)
	}
	if f == labelReference {
		if refs := references(raw); len(refs) == 1 {
			b.Ref = refs[0].ref
		}
		return
	}
	var value string
	var st state
	x := rules.Field(f)
	switch f {
	case labelFirst:
		value, st = readName(raw)
	case labelLast:
		value, st = readLastName(raw)
	case labelEmail:
		value, st = readEmail(raw)
	case labelURL:
		value, st = readURL(raw)
	case labelCompany:
		value, st = readCompany(raw)
	case labelType:
		var t rules.LeadType
		t, st = readType(raw)
		value = string(t)
	case labelName:
		b.fullName(raw, span)
		return
	}
	b.state(x, value, raw, st, span)
	if head, tail, ok := strings.Cut(raw, ","); ok && st == usable && (f == labelURL || f == labelEmail) && !b.seen[labelType] {
		// "Website: acme.example, qualified lead".
		if t := bareType(tail); t != "" {
			b.LeadType = t
			from := span.From + len(head) + 1
			b.Spans[rules.LeadTypeOf] = rules.Span{Part: span.Part, Line: span.Line, From: min(from, span.To), To: span.To}
		}
	}
}

func (b *block) state(f rules.Field, value, raw string, st state, span rules.Span) {
	switch st {
	case usable:
		b.Set(f, value)
		if at := strings.Index(raw, value); at >= 0 && span.To-span.From >= at+len(value) {
			span.From += at
			span.To = span.From + len(value)
		}
		b.Spans[f] = span
	case none:
		b.None = append(b.None, f)
		b.unusable(f, raw)
	case unusable:
		b.unusable(f, raw)
	}
}

func (b *block) unusable(f rules.Field, raw string) {
	if b.Unusable == nil {
		b.Unusable = map[rules.Field]string{}
	}
	if r := []rune(raw); len(r) > 200 {
		raw = string(r[:200])
	}
	b.Unusable[f] = raw
}

// fullName takes a whole name; "Jane Doe <jane@acme.example>" and "Jane Doe,
// jane@acme.example" give the address too.
func (b *block) fullName(raw string, span rules.Span) {
	if a, st := oneEmail(raw); st == usable {
		at := strings.Index(raw, a)
		name := strings.TrimRight(strings.TrimSpace(raw[:max(0, at)]), " ,;<([-–—|/:")
		if name != "" && !b.seen[labelEmail] {
			b.seen[labelEmail] = true
			b.Email = a
			b.Spans[rules.Email] = rules.Span{Part: span.Part, Line: span.Line, From: span.From + at, To: span.From + at + len(a)}
		}
		raw = name
	}
	if head, remark, ok := strings.Cut(raw, "("); ok {
		// "Ms Tan Siew Ling (surname is Tan)"
		remark = strings.TrimRight(strings.TrimSpace(remark), ")")
		for _, cue := range []string{"cue last name", "label last_name"} {
			family, ok := words.after(cue, strings.TrimLeft(remark, " :"))
			family = strings.Trim(family, " :.")
			if names, inverted, st := nameWords(head); ok && st == usable && inverted == 0 && family != "" && within(strings.Fields(family), names) {
				given := strings.Fields(strings.Replace(" "+strings.Join(names, " ")+" ", " "+family+" ", " ", 1))
				raw = family + ", " + strings.Join(given, " ")
				break
			}
		}
	}
	b.full, b.fullSpan = raw, span
}

// settle finishes the blocks: names are split, a lead type that stands apart
// counts for all.
func (c *collector) settle() {
	for _, b := range c.blocks {
		b.splitFull()
		if b.infix != "" && b.LastName != "" && nothing(b.infix) == usable && !strings.HasPrefix(strings.ToLower(b.LastName), strings.ToLower(b.infix)) {
			b.LastName = b.infix + " " + b.LastName
		}
		if b.LastName == "" && !b.seen[labelFirst] && isIdeographic(b.FirstName) {
			if family, given, ok := easternName(b.FirstName, c.chinese()); ok {
				b.FirstName, b.LastName = given, family
				b.Spans[rules.LastName] = b.Spans[rules.FirstName]
			}
		}
	}
	if len(c.blocks) > 1 {
		var lone *block
		for _, b := range c.blocks {
			if !b.seen[labelType] {
				continue
			}
			if lone != nil || !b.lone {
				lone = nil
				break
			}
			lone = b
		}
		if lone != nil && lone.LeadType != "" && (lone == c.blocks[0] || lone == c.blocks[len(c.blocks)-1]) {
			kept := c.blocks[:0]
			for _, b := range c.blocks {
				if b.LeadType == "" {
					b.LeadType = lone.LeadType
					b.Spans[rules.LeadTypeOf] = lone.Spans[rules.LeadTypeOf]
				}
				if b == lone && b.count() == 1 && b.labels == 1 {
					continue
				}
				kept = append(kept, b)
			}
			c.blocks = kept
		}
	}
	for _, b := range c.blocks {
		if b.LeadType == "" && b.typed != "" && b.Unusable[rules.LeadTypeOf] == "" {
			b.LeadType = b.typed
		}
	}
}

// chinese says whether nothing in the lines is Japanese.
func (c *collector) chinese() bool {
	for i, l := range c.v {
		if c.read[i] && hasKana(l.text) {
			return false
		}
	}
	return true
}

// splitFull splits a whole name, now that the address is known.
func (b *block) splitFull() {
	if b.full != "" && b.seen[labelFirst] && !b.seen[labelLast] {
		// "Vorname, Name", "Prénom, Nom": beside a first name it is the last.
		last, st := readLastName(b.full)
		b.state(rules.LastName, last, b.full, st, b.fullSpan)
		return
	}
	if b.full != "" && b.seen[labelLast] && !b.seen[labelFirst] {
		// "Name: Yevheniia, Surname: Kovalchuk": beside a last name it is the first,
		// unless it says the whole.
		first, _, st := splitName(b.full, b.Email)
		if tail := " " + strings.ToLower(b.LastName); b.LastName == "" || !strings.HasSuffix(strings.ToLower(b.full), tail) {
			first, st = readName(b.full)
		}
		b.state(rules.FirstName, first, b.full, st, b.fullSpan)
		return
	}
	if b.full == "" && b.either && !b.seen[labelLast] {
		b.splitEither()
		return
	}
	if b.full == "" || b.seen[labelFirst] {
		return
	}
	first, last, st := splitName(b.full, b.Email)
	switch st {
	case usable:
		b.FirstName, b.LastName = first, last
		b.Spans[rules.FirstName] = b.fullSpan
		if last != "" {
			b.Spans[rules.LastName] = b.fullSpan
		}
	case unusable:
		b.unusable(rules.FirstName, b.full)
		b.unusable(rules.LastName, b.full)
	}
}

// splitEither splits what stands behind a label such as "Nome", where no other
// asks for the last name and the words are not given names throughout.
func (b *block) splitEither() {
	names := strings.Fields(b.FirstName)
	given := 0
	for _, w := range names {
		if words.is(wordGiven, w) {
			given++
		}
	}
	if len(names) < 2 || given == len(names) {
		return
	}
	first, last, st := splitName(b.FirstName, b.Email)
	if st == usable && last != "" {
		b.FirstName, b.LastName = first, last
		b.Spans[rules.LastName] = b.Spans[rules.FirstName]
	}
}

// count is how many fields are filled.
func (b *block) count() int {
	n := 0
	for _, f := range rules.Fields {
		if b.Get(f) != "" {
			n++
		}
	}
	return n
}

// person says whether a block states something that only a prospect's lines do.
func (b *block) person() bool {
	return b.FirstName != "" || b.LastName != "" || b.Company != ""
}

// letters says whether a text has any letter.
func letters(s string) bool { return strings.IndexFunc(s, unicode.IsLetter) >= 0 }
