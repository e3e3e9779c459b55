package intake

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlLines makes lines of an HTML part: blocks and <br> end a line, the cells of
// a row are separated by tabs, a table whose cells hold several lines is taken
// for layout and read cell by cell. What a mail program would not show is not
// read (MAIL.md 92); nothing is ever fetched (129).
func htmlLines(text, part string) []line {
	// No mail program runs scripts, so what stands for their absence is shown.
	root, err := html.ParseWithOptions(strings.NewReader(text), html.ParseOptionEnableScripting(false))
	if err != nil {
		// Nested beyond what the parser accepts, or worse (MAIL.md 93).
		return textLines(bareText(text), part, nil)
	}
	r := renderer{repeat: maxRepeated, part: part, hiding: hiding{}}
	r.node(root, 0, style{look: unstyled})
	r.flush(false)
	for len(r.out) > 0 && r.out[len(r.out)-1].blank() {
		r.out = r.out[:len(r.out)-1]
	}
	if !r.hid && !hasText(r.out) {
		// A tag that is never closed (<title>, <style>, <!--), a frameset: all the
		// rest of the page went into it (MAIL.md 93).
		if t := bareText(text); strings.TrimSpace(t) != "" {
			return textLines(t, part, nil)
		}
	}
	return r.out
}

// style is what a node inherits.
type style struct {
	depth int  // quoting
	sig   bool // signature
	pre   bool
	look  look
}

type renderer struct {
	part  string
	out   []line
	cur   strings.Builder
	style style
	blank bool // a blank is due before the next word
	hiding
	hid bool // something was not shown
	// spans is set inside a table of data: see headedTable.
	spans  *spans
	repeat int // of maxRepeated, what is left
}

// deepest is how far the tree is followed; the parser's own limit is 512.
const deepest = 600

func (r *renderer) node(n *html.Node, depth int, s style) {
	if depth > deepest {
		return
	}
	switch n.Type {
	case html.TextNode:
		if s.look.shown() {
			r.text(n.Data, s)
		} else {
			r.hid = true
		}
		return
	case html.ElementNode:
	default:
		r.children(n, depth, s)
		return
	}
	switch n.DataAtom {
	case atom.Style:
		if n.FirstChild != nil {
			r.sheet(n.FirstChild.Data)
		}
		return
	case atom.Head: // for its style sheet
		r.children(n, depth, s)
		return
	case atom.Script, atom.Title, atom.Template, atom.Select, atom.Textarea, atom.Object, atom.Iframe, atom.Svg, atom.Math:
		return
	case atom.Br:
		r.style = s
		r.flush(true)
		return
	case atom.Hr:
		r.flush(false)
		r.style = s
		r.cur.WriteString("----------")
		r.flush(true)
		return
	case atom.Img:
		return
	}
	var gone bool
	if s.look, gone = r.dress(n, s.look); gone {
		r.hid = true
		return
	}
	class, id := attr(n, "class"), attr(n, "id")
	if strings.Contains(class, "gmail_signature") || strings.Contains(class, "moz-signature") || id == "Signature" || strings.HasPrefix(id, "ms-outlook-mobile-signature") || strings.Contains(id, "AppleMailSignature") {
		s.sig = true
	}
	switch n.DataAtom {
	case atom.Blockquote:
		r.flush(false)
		if attr(n, "type") == "cite" || strings.Contains(class, "gmail_quote") || attr(n, "cite") != "" || r.afterAttribution() {
			s.depth++
		}
		r.children(n, depth, s)
		r.flush(false)
		return
	case atom.A:
		r.link(n, depth, s)
		return
	case atom.Table:
		r.flush(false)
		around := r.spans
		r.spans = headedTable(n, &r.repeat)
		r.table(n, depth, s)
		r.spans = around
		r.flush(false)
		return
	case atom.Pre:
		r.flush(false)
		s.pre = true
		r.children(n, depth, s)
		r.flush(false)
		return
	case atom.Li:
		r.flush(false)
		r.style = s
		r.cur.WriteString("• ")
		r.children(n, depth, s)
		r.flush(false)
		return
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		r.flush(false)
		r.gap(s)
		r.children(n, depth, s)
		r.flush(false)
		r.gap(s)
		return
	case atom.Div, atom.Body, atom.Ul, atom.Ol, atom.Dl, atom.Section, atom.Article, atom.Center, atom.Address, atom.Form, atom.Fieldset, atom.Header, atom.Footer, atom.Main, atom.Figure, atom.Caption, atom.Tr, atom.Tbody, atom.Details, atom.Summary:
		r.flush(false)
		r.children(n, depth, s)
		r.flush(false)
		return
	case atom.Dt:
		r.flush(false)
		r.children(n, depth, s)
		// A term and its description read as label and value.
		r.cur.WriteByte('\t')
		r.blank = false
		return
	case atom.Dd:
		r.children(n, depth, s)
		r.flush(false)
		return
	}
	r.children(n, depth, s)
}

func (r *renderer) children(n *html.Node, depth int, s style) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		r.node(c, depth+1, s)
	}
}

// text appends characters; runs of blanks are one, as a browser shows them.
func (r *renderer) text(t string, s style) {
	if s.pre {
		for i, l := range strings.Split(t, "\n") {
			if i > 0 {
				r.style = s
				r.flush(true)
			}
			r.style = s
			r.cur.WriteString(strings.TrimRight(l, "\r"))
		}
		return
	}
	for len(t) > 0 {
		i := strings.IndexAny(t, " \t\r\n\f")
		word := t
		if i >= 0 {
			word = t[:i]
		}
		if word != "" {
			if r.blank && r.cur.Len() > 0 {
				r.cur.WriteByte(' ')
			}
			r.style, r.blank = s, false
			r.cur.WriteString(word)
		}
		if i < 0 {
			return
		}
		r.blank = true
		t = t[i+1:]
	}
}

// flush ends the line; always also ends an empty one.
func (r *renderer) flush(always bool) {
	r.blank = false
	text := cleanLine(r.cur.String())
	r.cur.Reset()
	if strings.TrimSpace(text) == "" {
		if !always && !strings.Contains(text, "\u00a0") {
			return
		}
		text = ""
	}
	r.out = append(r.out, line{part: r.part, text: strings.TrimRight(text, " \t"), depth: r.style.depth, sig: r.style.sig})
}

// gap sets one empty line between paragraphs.
func (r *renderer) gap(s style) {
	if n := len(r.out); n > 0 && !r.out[n-1].blank() {
		r.out = append(r.out, line{part: r.part, depth: s.depth, sig: s.sig})
	}
}

func (r *renderer) afterAttribution() bool {
	for i := len(r.out) - 1; i >= 0 && i >= len(r.out)-3; i-- {
		if r.out[i].blank() {
			continue
		}
		t := r.out[i].text
		return strings.HasSuffix(t, ":") && words.contains("wrote", t)
	}
	return false
}

// link writes a link's text, and where it leads if the text does not say so:
// "Acme <https://acme.example>", as mail programs write it in plain text.
func (r *renderer) link(n *html.Node, depth int, s style) {
	before := r.cur.Len()
	lines := len(r.out)
	r.children(n, depth, s)
	href := strings.TrimSpace(attr(n, "href"))
	if len(r.out) != lines || r.cur.Len() <= before || len(href) > 2000 {
		return
	}
	text := strings.TrimSpace(r.cur.String()[before:])
	if text == "" || strings.ContainsAny(text, "@") || strings.Contains(text, ".") && !strings.Contains(text, " ") {
		return
	}
	lower := strings.ToLower(href)
	switch {
	case strings.HasPrefix(lower, "mailto:"):
		to, _, _ := strings.Cut(href[7:], "?")
		href = to
	case strings.HasPrefix(lower, "http://"), strings.HasPrefix(lower, "https://"):
	default:
		return
	}
	if href != "" && !strings.EqualFold(href, text) {
		r.cur.WriteString(" <" + href + ">")
	}
}

// table writes rows as lines. A cell of several lines makes the table a layout:
// its cells are then read one after the other.
func (r *renderer) table(n *html.Node, depth int, s style) {
	if depth > deepest {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode {
			continue
		}
		inner, gone := s, false
		if inner.look, gone = r.dress(c, s.look); gone {
			r.hid = true
			continue
		}
		switch c.DataAtom {
		case atom.Tr:
			r.row(c, depth+1, inner)
		case atom.Tbody, atom.Thead, atom.Tfoot:
			r.table(c, depth+1, inner)
		case atom.Caption:
			r.node(c, depth+1, s)
		}
	}
}

// row writes its cells' lines where they stay if it is layout, since tables may be
// nested a hundred deep and each line would otherwise be copied as often.
func (r *renderer) row(tr *html.Node, depth int, s style) {
	var cells []lines
	var nodes []*html.Node
	layout := false
	begin := len(r.out)
	for c := tr.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th {
			continue
		}
		inner, gone := s, false
		if inner.look, gone = r.dress(c, s.look); gone {
			r.hid = true
			continue
		}
		from := len(r.out)
		r.children(c, depth+1, inner)
		r.flush(false)
		blank := from
		for blank < len(r.out) && r.out[blank].blank() {
			blank++
		}
		if blank > from {
			r.out = append(r.out[:from], r.out[blank:]...)
		}
		for len(r.out) > from && r.out[len(r.out)-1].blank() {
			r.out = r.out[:len(r.out)-1]
		}
		layout = layout || len(r.out)-from > 1
		cells = append(cells, lines{from, len(r.out)})
		nodes = append(nodes, c)
	}
	if r.spans != nil {
		if texts, ok := r.spans.row(r.out, cells, nodes); ok {
			at := line{part: r.part, depth: s.depth, sig: s.sig}
			if begin < len(r.out) {
				at.depth, at.sig = r.out[begin].depth, r.out[begin].sig
			}
			r.out = r.out[:begin]
			if at.text = strings.TrimRight(strings.Join(texts, "\t"), " \t"); at.text != "" {
				r.out = append(r.out, at)
			}
			return
		}
	}
	if layout {
		return
	}
	texts := make([]string, len(cells))
	at := line{part: r.part, depth: s.depth, sig: s.sig}
	for i, c := range cells {
		if c.from < c.to {
			l := r.out[c.from]
			texts[i] = strings.ReplaceAll(l.text, "\t", " ")
			at.depth, at.sig = l.depth, l.sig
		}
	}
	r.out = r.out[:begin]
	at.text = strings.TrimRight(strings.Join(texts, "\t"), " \t")
	if at.text != "" {
		r.out = append(r.out, at)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// bareText takes the tags off without a tree. Of what swallows text (a style
// sheet, a comment) only as much is left out as is closed again.
func bareText(s string) string {
	var b strings.Builder
	closed := map[string]bool{} // by end mark: false once none was found
	skip := func(from int, end string) int {
		if still, known := closed[end]; known && !still {
			return -1
		}
		i := indexFold(s[from:], end)
		closed[end] = i >= 0
		if i < 0 {
			return -1
		}
		return from + i + len(end)
	}
	gt := 0 // the next '>' as found last
	for i := 0; i < len(s); {
		if s[i] != '<' {
			next := strings.IndexByte(s[i:], '<')
			if next < 0 {
				next = len(s) - i
			}
			b.WriteString(html.UnescapeString(s[i : i+next]))
			i += next
			continue
		}
		if strings.HasPrefix(s[i:], "<!--") {
			if end := skip(i+4, "-->"); end > 0 {
				i = end
			} else {
				i += 4
			}
			continue
		}
		if gt < i {
			if gt = strings.IndexByte(s[i:], '>'); gt < 0 {
				gt = len(s)
			} else {
				gt += i
			}
		}
		name := tagName(s[i+1 : min(len(s), i+20)])
		if gt == len(s) || gt-i > 20000 || name == "" && !strings.HasPrefix(s[i:], "<!") && !strings.HasPrefix(s[i:], "<?") && !strings.HasPrefix(s[i:], "</") {
			b.WriteByte('<')
			i++
			continue
		}
		i = gt + 1
		switch name {
		case "style", "script", "title":
			if end := skip(i, "</"+name); end > 0 {
				i = end - len("</"+name) // the end mark is a tag like others
			}
		case "br", "p", "div", "tr", "li", "table", "h1", "h2", "h3", "blockquote":
			b.WriteByte('\n')
		case "td", "th":
			b.WriteByte('\t')
		}
	}
	return b.String()
}

// tagName is the name of an element that s begins with, in lower case.
func tagName(s string) string {
	i := 0
	for i < len(s) && (s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' || i > 0 && (s[i] >= '0' && s[i] <= '9' || s[i] == ':')) {
		i++
	}
	return strings.ToLower(s[:i])
}

// indexFold is strings.Index for an end mark in lower case, whatever the case in s.
func indexFold(s, mark string) int {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], mark[0])
		if i < 0 || from+i+len(mark) > len(s) {
			return -1
		}
		if strings.EqualFold(s[from+i:from+i+len(mark)], mark) {
			return from + i
		}
		from += i + 1
	}
}
