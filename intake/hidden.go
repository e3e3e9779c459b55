package intake

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// What a mail program would not show was not written to be read: preheaders,
// text of the size 0, white on white (MAIL.md 92). Some of that is undone further
// inside: newsletters set the size 0 around cells that have a size of their own. So
// what is inherited is carried down, and each text is judged where it stands.

// look is how text appears, as far as it can vanish by it.
type look struct {
	tiny      bool // a size of nothing
	invisible bool
	color     colour
	ground    colour // what is behind it
}

// colour is 0xRRGGBB, or one of those below.
type colour int32

const (
	unknownColour colour = -1 // a picture, a gradient, a name that we do not know
	noColour      colour = -2 // transparent, inherited
)

// unstyled is what a mail program shows a text with that says nothing of itself.
var unstyled = look{color: 0x000000, ground: 0xffffff}

// shown says whether text of that look can be seen. Nearly the same colour is not
// told apart by the eye either.
func (l look) shown() bool {
	if l.tiny || l.invisible || l.color == noColour {
		return false
	}
	if l.color < 0 || l.ground < 0 {
		return true
	}
	for shift := 0; shift <= 16; shift += 8 {
		if d := int(l.color>>shift&0xff) - int(l.ground>>shift&0xff); d > 6 || d < -6 {
			return true
		}
	}
	return false
}

// hiding are the classes (".x") and ids ("#x") of a page's own style sheet that
// matter here: true for what it hides, false for what it gives a background.
type hiding map[string]bool

// dress works out an element's look from what it inherits. gone says that nothing
// within it is shown, whatever stands there.
func (h hiding) dress(n *html.Node, l look) (_ look, gone bool) {
	rule := func(selector string) {
		if hides, known := h[selector]; hides {
			gone = true
		} else if known {
			l.ground = unknownColour
		}
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return l, true
		case "style":
			var no bool
			if l, no = l.declare(a.Val, isTabular(n.DataAtom)); no {
				return l, true
			}
		case "color":
			if n.DataAtom == atom.Font {
				l.color = parseColour(a.Val)
			}
		case "size":
			if n.DataAtom == atom.Font {
				l.tiny = strings.TrimSpace(a.Val) == "0"
			}
		case "bgcolor":
			if c := parseColour(a.Val); c != noColour {
				l.ground = c
			}
		case "background":
			l.ground = unknownColour
		case "class":
			if len(h) > 0 && len(a.Val) < 1000 {
				for class := range strings.FieldsSeq(a.Val) {
					rule("." + class)
				}
			}
		case "id":
			if len(h) > 0 {
				rule("#" + a.Val)
			}
		}
	}
	return l, gone
}

// isTabular: heights of tables are minimums.
func isTabular(a atom.Atom) bool {
	switch a {
	case atom.Table, atom.Tbody, atom.Thead, atom.Tr, atom.Td, atom.Th, atom.Body:
		return true
	}
	return false
}

// declare applies the declarations of a style.
func (l look) declare(s string, tabular bool) (_ look, gone bool) {
	if len(s) > 4000 {
		s = s[:4000]
	}
	flat, clipped := false, false
	for s != "" {
		var d string
		d, s, _ = strings.Cut(s, ";")
		key, val, ok := strings.Cut(d, ":")
		if !ok {
			continue
		}
		key = strings.ToLower(strings.TrimSpace(key))
		switch key {
		case "display", "visibility", "mso-hide", "opacity", "font-size", "font", "height", "width", "max-height", "max-width", "overflow", "color", "background", "background-color", "background-image", "text-indent", "left", "top", "clip", "transform":
		default:
			continue
		}
		val = strings.ToLower(strings.TrimSpace(val))
		val = strings.TrimSpace(strings.TrimSuffix(val, "!important"))
		switch key {
		case "display":
			gone = gone || val == "none"
		case "mso-hide":
			gone = gone || val == "all"
		case "visibility":
			l.invisible = val == "hidden" || val == "collapse"
		case "opacity":
			n, unit := number(val)
			gone = gone || n < 0.05 && (unit == "" || unit == "%")
		case "font-size":
			l.tiny = l.size(val)
		case "font": // the size is the first number in it
			for f := range strings.FieldsSeq(val) {
				if f[0] >= '0' && f[0] <= '9' {
					size, _, _ := strings.Cut(f, "/")
					if n, unit := number(size); unit != "" || n == 0 {
						l.tiny = l.size(size)
						break
					}
				}
			}
		case "max-height", "max-width":
			gone = gone || isZero(val)
		case "height", "width":
			flat = flat || isZero(val) && (key == "width" || !tabular)
			clipped = clipped || isZero(val) && key == "height" && !tabular
		case "overflow":
			clipped = clipped || val == "hidden"
		case "color":
			if c := parseColour(val); c != noColour || val == "transparent" {
				l.color = c
			}
		case "background", "background-color":
			if c := parseColour(val); c != noColour {
				l.ground = c
			}
		case "background-image":
			if val != "none" {
				l.ground = unknownColour
			}
		case "text-indent", "left", "top":
			n, _ := number(val)
			gone = gone || n <= -900
		case "clip":
			gone = gone || strings.HasPrefix(strings.ReplaceAll(val, " ", ""), "rect(0") && !strings.ContainsAny(strings.NewReplacer("0px", "", "rect(", "").Replace(val), "123456789")
		case "transform":
			gone = gone || strings.ReplaceAll(val, " ", "") == "scale(0)"
		}
	}
	return l, gone || flat && clipped
}

// size says whether a font size leaves nothing to see.
func (l look) size(val string) bool {
	n, unit := number(val)
	switch unit {
	case "px", "pt", "":
		return n <= 1 && val != "" && (val[0] >= '0' && val[0] <= '9' || val[0] == '.')
	case "em", "%", "ex": // of what is around it
		return l.tiny || n == 0
	case "inherit", "smaller", "larger":
		return l.tiny
	}
	return n == 0 && val != "" && val[0] == '0'
}

func isZero(v string) bool {
	n, unit := number(v)
	return n == 0 && v != "" && (v[0] == '0' || v[0] == '.') && len(unit) <= 4
}

// number is the number that a value begins with, and what follows it.
func number(v string) (n float64, unit string) {
	i := 0
	for i < len(v) && i < 20 && (v[i] >= '0' && v[i] <= '9' || v[i] == '.' || v[i] == '-' && i == 0) {
		i++
	}
	n, err := strconv.ParseFloat(v[:i], 64)
	if err != nil {
		return 1, v
	}
	return n, strings.TrimSpace(v[i:])
}

var colours = map[string]colour{
	"white": 0xffffff, "black": 0, "snow": 0xfffafa, "ivory": 0xfffff0, "whitesmoke": 0xf5f5f5, "ghostwhite": 0xf8f8ff, "floralwhite": 0xfffaf0,
	"red": 0xff0000, "green": 0x008000, "blue": 0x0000ff, "yellow": 0xffff00, "navy": 0x000080, "gray": 0x808080, "grey": 0x808080, "silver": 0xc0c0c0,
	"orange": 0xffa500, "teal": 0x008080, "maroon": 0x800000, "purple": 0x800080, "lime": 0x00ff00, "aqua": 0x00ffff, "fuchsia": 0xff00ff, "olive": 0x808000,
	"windowtext": 0, "window": 0xffffff, "transparent": noColour, "inherit": noColour, "initial": noColour, "none": noColour, "": noColour,
}

// parseColour reads a colour, alone or as the first of a background's values.
func parseColour(v string) colour {
	v = strings.ToLower(strings.TrimSpace(v))
	if strings.Contains(v, "url(") || strings.Contains(v, "gradient") {
		return unknownColour
	}
	if inner, ok := strings.CutPrefix(v, "rgb"); ok {
		inner, _, _ = strings.Cut(strings.TrimLeft(strings.TrimPrefix(inner, "a"), "("), ")")
		c, n := colour(0), 0
		for f := range strings.FieldsFuncSeq(inner, func(r rune) bool { return r == ',' || r == ' ' || r == '/' }) {
			x, unit := number(f)
			if n++; n == 4 && x == 0 {
				return noColour
			}
			if unit == "%" {
				x *= 2.55
			}
			if n <= 3 {
				c = c<<8 | colour(min(max(x, 0), 255))
			}
		}
		if n < 3 {
			return unknownColour
		}
		return c
	}
	v, _, more := strings.Cut(v, " ")
	if hex, ok := strings.CutPrefix(v, "#"); ok {
		if len(hex) == 3 || len(hex) == 4 {
			hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
		}
		if len(hex) == 8 && hex[6:] == "00" {
			return noColour
		}
		if n, err := strconv.ParseUint(hex[:min(len(hex), 6)], 16, 32); err == nil && len(hex) >= 6 {
			return colour(n)
		}
		return unknownColour
	}
	if c, ok := colours[v]; ok && !more {
		return c
	} else if ok && c >= 0 {
		return c
	}
	// bgcolor and <font> take six digits without the mark as well.
	if n, err := strconv.ParseUint(v, 16, 32); err == nil && len(v) == 6 {
		return colour(n)
	}
	return unknownColour
}

// sheet reads a page's style sheet for what it hides. Only a class, an id, or an
// element with one is understood, and nothing in @media: phones, print.
func (h hiding) sheet(css string) {
	if len(css) > 64<<10 || !strings.ContainsAny(css, ".#") {
		return
	}
	for css != "" {
		selectors, rest, ok := strings.Cut(css, "{")
		if !ok {
			return
		}
		if _, after, ok := strings.Cut(selectors, "*/"); ok {
			selectors = after
		}
		if _, after, ok := strings.Cut(selectors, "<!--"); ok {
			selectors = after
		}
		selectors = strings.TrimSpace(selectors)
		if strings.HasPrefix(selectors, "@") {
			depth := 1 // the block and those within it
			for depth > 0 && rest != "" {
				i := strings.IndexAny(rest, "{}")
				if i < 0 {
					return
				}
				if rest[i] == '{' {
					depth++
				} else {
					depth--
				}
				rest = rest[i+1:]
			}
			css = rest
			continue
		}
		body, after, _ := strings.Cut(rest, "}")
		css = after
		l, gone := unstyled.declare(body, false)
		hides := gone || l.tiny || l.invisible
		if !hides && l.ground == unstyled.ground {
			continue
		}
		for s := range strings.SplitSeq(selectors, ",") {
			s = strings.TrimSpace(s)
			if i := strings.IndexAny(s, ".#"); i >= 0 && !strings.ContainsAny(s[i+1:], ".#:[>+~* \t") && !strings.ContainsAny(s[:i], ":[>+~ \t") {
				h[s[i:]] = hides || h[s[i:]]
			}
		}
	}
}
