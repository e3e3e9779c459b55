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
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		// Nested beyond what the parser accepts, or worse (MAIL.md 93).
		return textLines(bareText(text), part, nil)
	}
	r := renderer{part: part}
	r.node(root, 0, style{})
	r.flush(false)
	for len(r.out) > 0 && r.out[len(r.out)-1].blank() {
		r.out = r.out[:len(r.out)-1]
	}
	if !hasText(r.out) {
		if t := bareText(text); strings.TrimSpace(t) != "" && strings.Contains(text, "<?xml") {
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
	// ground says that something behind the text is not white, so that white
	// text can be read.
	ground bool
}

type renderer struct {
	part  string
	out   []line
	cur   strings.Builder
	style style
	blank bool // a blank is due before the next word
}

// deepest is how far the tree is followed; the parser's own limit is 512.
const deepest = 600

func (r *renderer) node(n *html.Node, depth int, s style) {
	if depth > deepest {
		return
	}
	switch n.Type {
	case html.TextNode:
		r.text(n.Data, s)
		return
	case html.ElementNode:
	default:
		r.children(n, depth, s)
		return
	}
	switch n.DataAtom {
	case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template, atom.Noscript, atom.Select, atom.Textarea, atom.Object, atom.Iframe, atom.Svg, atom.Math:
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
	s.ground = s.ground || grounded(n)
	if hidden(n, s.ground) {
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
		r.table(n, depth, s)
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
	var rows func(n *html.Node, depth int)
	rows = func(n *html.Node, depth int) {
		if depth > deepest {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type != html.ElementNode || hidden(c, s.ground || grounded(n) || grounded(c)) {
				continue
			}
			switch c.DataAtom {
			case atom.Tr:
				r.row(c, depth+1, s)
			case atom.Tbody, atom.Thead, atom.Tfoot:
				rows(c, depth+1)
			case atom.Caption:
				r.node(c, depth+1, s)
			}
		}
	}
	rows(n, depth)
}

func (r *renderer) row(tr *html.Node, depth int, s style) {
	var cells [][]line
	layout := false
	for c := tr.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th || hidden(c, s.ground || grounded(tr) || grounded(c)) {
			continue
		}
		sub := renderer{part: r.part}
		inner := s
		inner.ground = s.ground || grounded(tr) || grounded(c)
		sub.children(c, depth+1, inner)
		sub.flush(false)
		for len(sub.out) > 0 && sub.out[0].blank() {
			sub.out = sub.out[1:]
		}
		for len(sub.out) > 0 && sub.out[len(sub.out)-1].blank() {
			sub.out = sub.out[:len(sub.out)-1]
		}
		layout = layout || len(sub.out) > 1
		cells = append(cells, sub.out)
	}
	if layout {
		for _, c := range cells {
			r.out = append(r.out, c...)
		}
		return
	}
	texts := make([]string, len(cells))
	at := line{part: r.part, depth: s.depth, sig: s.sig}
	for i, c := range cells {
		if len(c) == 1 {
			texts[i] = strings.ReplaceAll(c[0].text, "\t", " ")
			at.depth, at.sig = c[0].depth, c[0].sig
		}
	}
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

// hidden says whether an element is not shown: what stands there was not
// written to be read (MAIL.md 92).
func hidden(n *html.Node, ground bool) bool {
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "aria-hidden":
		case "style":
			if hiddenStyle(a.Val, ground) {
				return true
			}
		case "color":
			if n.DataAtom == atom.Font && isWhite(a.Val) && !ground {
				return true
			}
		case "size":
			if n.DataAtom == atom.Font && a.Val == "0" {
				return true
			}
		}
	}
	return false
}

// grounded says whether an element sets a background other than white.
func grounded(n *html.Node) bool {
	for _, a := range n.Attr {
		switch a.Key {
		case "bgcolor":
			return !isWhite(a.Val)
		case "style":
			if len(a.Val) > 4000 {
				return false
			}
			for d := range strings.SplitSeq(strings.ToLower(a.Val), ";") {
				key, val, _ := strings.Cut(d, ":")
				key = strings.TrimSpace(key)
				if val = strings.TrimSpace(val); (key == "background" || key == "background-color") && !isWhite(val) && val != "none" {
					return true
				}
			}
		}
	}
	return false
}

func hiddenStyle(s string, ground bool) bool {
	if len(s) > 4000 {
		s = s[:4000]
	}
	white := false
	for d := range strings.SplitSeq(strings.ToLower(s), ";") {
		key, val, _ := strings.Cut(d, ":")
		key = strings.TrimSpace(key)
		val = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(val), "!important"))
		switch key {
		case "display":
			if val == "none" {
				return true
			}
		case "visibility":
			if val == "hidden" || val == "collapse" {
				return true
			}
		case "mso-hide":
			if val == "all" {
				return true
			}
		case "opacity":
			if val == "0" || val == "0.0" || val == "0%" {
				return true
			}
		case "font-size", "max-height", "max-width":
			if isZero(val) {
				return true
			}
		case "color":
			white = isWhite(val)
		}
	}
	return white && !ground
}

func isZero(v string) bool {
	v = strings.TrimRight(v, "abcdefghijklmnopqrstuvwxyz% ")
	return v == "0" || v == "0.0" || v == ".0"
}

func isWhite(v string) bool {
	v = strings.ReplaceAll(strings.ToLower(v), " ", "")
	switch v {
	case "#fff", "#ffffff", "white", "rgb(255,255,255)", "transparent", "rgba(255,255,255,1)":
		return true
	}
	return false
}

// bareText takes the tags off without a tree.
func bareText(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	var b strings.Builder
	skip := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if skip == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.Style, atom.Script, atom.Title:
				skip++
			case atom.Br, atom.P, atom.Div, atom.Tr, atom.Li:
				b.WriteByte('\n')
			case atom.Td, atom.Th:
				b.WriteByte('\t')
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.Style, atom.Script, atom.Title:
				skip = max(0, skip-1)
			}
		}
	}
}
