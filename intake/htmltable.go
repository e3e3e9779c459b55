package intake

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// newLine stands for a line break inside a cell of a table of data.
const newLine = " ⏎ "

// spans are the cells of a table of data that reach into the rows below.
type spans struct {
	open map[int]span
	left *int // characters that may still be repeated in the part
}

// maxRepeated bounds the text that spanning cells repeat in a part: a short mail
// could ask for gigabytes.
const maxRepeated = 256 << 10

type span struct {
	rows int // that it still reaches into
	text string
}

// lines are the lines of one cell.
type lines struct{ from, to int }

// headedTable tells a table of data from one that only sets a mail out: one of its
// first rows is a heading of three fields at least. Its cells stay cells even
// where they hold several lines, and what spans rows or columns is laid out; nil
// for all other tables.
func headedTable(n *html.Node, left *int) *spans {
	rows := 0
	var find func(n *html.Node, depth int) bool
	find = func(n *html.Node, depth int) bool {
		for c := n.FirstChild; c != nil && rows < 6; c = c.NextSibling {
			switch c.DataAtom {
			case atom.Tbody, atom.Thead:
				if depth == 0 && find(c, 1) {
					return true
				}
			case atom.Tr:
				rows++
				var row []cell
				for d := c.FirstChild; d != nil && len(row) < maxColumns; d = d.NextSibling {
					if d.DataAtom != atom.Td && d.DataAtom != atom.Th {
						continue
					}
					text, short := shortText(d)
					if !short {
						return false
					}
					row = append(row, cell{text: text})
				}
				if cols, ok := heading(row); ok && fieldsOf(cols) >= 3 {
					return true
				}
			}
		}
		return false
	}
	if !find(n, 0) {
		return nil
	}
	return &spans{open: map[int]span{}, left: left}
}

// shortText is the text below a node; short is false where it is longer than any
// cell of a heading, or holds a table of its own.
func shortText(n *html.Node) (text string, short bool) {
	var b strings.Builder
	seen := 0
	var walk func(n *html.Node, depth int) bool
	walk = func(n *html.Node, depth int) bool {
		if seen++; seen > 200 || depth > 20 || n.DataAtom == atom.Table {
			return false
		}
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if !walk(c, depth+1) {
				return false
			}
		}
		return b.Len() < 400
	}
	short = walk(n, 0)
	return strings.Join(strings.Fields(b.String()), " "), short
}

// row lays a row's cells out. ok is false where a cell holds more than a cell of
// data does.
func (s *spans) row(out []line, cells []lines, nodes []*html.Node) (texts []string, ok bool) {
	for _, c := range cells {
		if c.to-c.from > 12 {
			return nil, false
		}
	}
	fromAbove := func() {
		for len(texts) < maxColumns {
			up := s.open[len(texts)]
			if up.rows == 0 {
				return
			}
			if *s.left -= len(up.text) + 1; *s.left < 0 {
				s.open = map[int]span{}
				return
			}
			s.open[len(texts)] = span{up.rows - 1, up.text}
			texts = append(texts, up.text)
		}
	}
	for i, c := range cells {
		fromAbove()
		var said []string
		for _, l := range out[c.from:c.to] {
			if t := strings.TrimSpace(strings.ReplaceAll(l.text, "\t", " ")); t != "" {
				said = append(said, t)
			}
		}
		text := strings.Join(said, newLine)
		rows, columns := reach(nodes[i], "rowspan"), reach(nodes[i], "colspan")
		for k := range columns {
			if len(texts) == maxColumns {
				break
			}
			if rows > 1 {
				s.open[len(texts)] = span{rows - 1, text}
			}
			if k > 0 {
				text = ""
			}
			texts = append(texts, text)
		}
	}
	fromAbove()
	return texts, true
}

// reach is over how many rows or columns a cell goes.
func reach(n *html.Node, name string) int {
	k, err := strconv.Atoi(strings.TrimSpace(attr(n, name)))
	if err != nil || k < 1 {
		return 1
	}
	return min(k, 1000)
}
