package intake

import (
	"strings"
	"testing"
)

// TestHidden: what a mail program would not show is not read (MAIL.md 92), and
// what it would show is.
func TestHidden(t *testing.T) {
	t.Parallel()
	const ruse = "Company: Decoy Ltd"
	for _, c := range []struct {
		name, html string
		shown      bool
	}{
		{"plain", "<p>" + ruse + "</p>", true},
		{"display:none", `<p style="display: none !important">` + ruse + `</p>`, false},
		{"display:none around", `<div style="color:red;DISPLAY:NONE"><p style="display:block">` + ruse + `</p></div>`, false},
		{"visibility:hidden", `<span style="visibility:hidden">` + ruse + `</span>`, false},
		{"visibility:hidden, undone inside", `<div style="visibility:hidden"><p style="visibility:visible">` + ruse + `</p></div>`, true},
		{"font-size:0", `<span style="font-size:0">` + ruse + `</span>`, false},
		{"font-size:0px", `<span style="font-size:0px">` + ruse + `</span>`, false},
		{"font-size:1px", `<span style="font-size:1px">` + ruse + `</span>`, false},
		{"font-size:0, undone inside, as newsletters are built", `<table><tr><td style="font-size:0px;padding:10px"><div style="font-size:13px">` + ruse + `</div></td></tr></table>`, true},
		{"font-size:0, half of nothing inside", `<div style="font-size:0"><p style="font-size:50%">` + ruse + `</p></div>`, false},
		{"font size=0", `<font size="0">` + ruse + `</font>`, false},
		{"font shorthand", `<span style="font:0/0 Arial">` + ruse + `</span>`, false},
		{"font shorthand of a usual size", `<span style="font:italic 700 12px/1.4 Arial">` + ruse + `</span>`, true},
		{"a usual size", `<span style="font-size:10.5pt;line-height:0">` + ruse + `</span>`, true},
		{"a size by name", `<span style="font-size:small">` + ruse + `</span>`, true},
		{"white on white", `<span style="color:#FFF">` + ruse + `</span>`, false},
		{"white on white, by name", `<font color=white>` + ruse + `</font>`, false},
		{"nearly white on white", `<span style="color:rgb(254, 254, 253)">` + ruse + `</span>`, false},
		{"white, undone inside", `<div style="color:#fff"><span style="color:#333">` + ruse + `</span></div>`, true},
		{"white on blue", `<table><tr><td bgcolor="#4472C4"><font color="#ffffff">` + ruse + `</font></td></tr></table>`, true},
		{"white on blue, set above", `<table style="background:#1F4E79 none repeat"><tr style="color:white"><td>` + ruse + `</td></tr></table>`, true},
		{"white on a picture", `<td background="x.png"><div style="background:#fff url(a.png)"><b style="color:white">` + ruse + `</b></div></td>`, true},
		{"blue on the same blue", `<div style="background-color:#336699"><span style="color:#336699">` + ruse + `</span></div>`, false},
		{"transparent", `<span style="color:transparent">` + ruse + `</span>`, false},
		{"white on the background of a class", `<style>.h{background:#333}</style><div class="h"><span style="color:#fff">` + ruse + `</span></div>`, true},
		{"mso-hide:all", `<span style='mso-hide:all'>` + ruse + `</span>`, false},
		{"zero height", `<div style="height:0;overflow:hidden">` + ruse + `</div>`, false},
		{"zero height alone", `<div style="height:0px">` + ruse + `</div>`, false},
		{"zero height of a row is a minimum", `<table><tr style="height:0"><td>` + ruse + `</td></tr></table>`, true},
		{"max-height:0", `<div style="max-height:0px;overflow:hidden">` + ruse + `</div>`, false},
		{"opacity", `<p style="opacity:0.0">` + ruse + `</p>`, false},
		{"half opacity", `<p style="opacity:.5">` + ruse + `</p>`, true},
		{"hidden", `<p hidden>` + ruse + `</p>`, false},
		{"off the page", `<p style="position:absolute;left:-9999px">` + ruse + `</p>`, false},
		{"a little to the left", `<p style="margin-left:-9999px;text-indent:-18pt">` + ruse + `</p>`, true},
		{"clipped away", `<p style="position:absolute;clip:rect(0,0,0,0)">` + ruse + `</p>`, false},
		{"hidden cell", `<table><tr><td>x</td><td style="display:none">` + ruse + `</td></tr></table>`, false},
		{"hidden row", `<table><tr style="display:none"><td>` + ruse + `</td></tr></table>`, false},
		{"by a class", `<head><style><!-- p {margin:0} .pre, td.pre { display:none } --></style></head><p class="x pre">` + ruse + `</p>`, false},
		{"by an id", `<style>#pre{font-size:0}</style><p id="pre">` + ruse + `</p>`, false},
		{"by a class, on phones only", `<style>@media (max-width:600px){ .wide { display:none } } .wide{color:red}</style><p class="wide">` + ruse + `</p>`, true},
		{"by a class and a style that does not undo it", `<style>.pre{display:none}</style><p class="pre" style="color:red">` + ruse + `</p>`, false},
		{"a comment", `<!-- ` + ruse + ` --><p>x</p>`, false},
		{"a conditional comment", `<!--[if mso]>` + ruse + `<![endif]--><p>x</p>`, false},
		{"for programs without scripts, which mail programs are", `<noscript><p>` + ruse + `</p></noscript>`, true},
		{"nothing else in the mail", `<div style="display:none">` + ruse + `</div>`, false},
	} {
		text := view(htmlLines(c.html, "1")).String()
		if strings.Contains(text, "Decoy") != c.shown {
			t.Errorf("%s: read %q, want shown: %v", c.name, text, c.shown)
		}
	}
}

// TestBrokenHTML: pages that leave a strict sanitizer with nothing (MAIL.md 93).
func TestBrokenHTML(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"o:p":                      "<p class=MsoNormal>Company: Acme Ltd<o:p></o:p></p>",
		"o:p around":               "<o:p><st1:place>Company: Acme Ltd</st1:place></o:p>",
		"an XML prolog":            "<?xml version=\"1.0\" encoding=\"utf-8\"?><html><body>Company: Acme Ltd</body></html>",
		"a namespace":              "<?xml:namespace prefix = o ns = \"urn:x\" /><div>Company: Acme Ltd</div>",
		"CDATA":                    "<html><body><![CDATA[x]]><p>Company: Acme Ltd</p></body></html>",
		"a title never closed":     "<html><head><title>Lead<body><p>Company: Acme Ltd</p></body></html>",
		"a style never closed":     "<style>p { color:red } <p>Company: Acme Ltd</p>",
		"a comment never closed":   "<!-- start <p>Company: Acme Ltd</p>",
		"a frameset":               "<html><frameset><frame src=x></frameset><p>Company: Acme Ltd</p></html>",
		"a textarea never closed":  "<textarea><p>Company: Acme Ltd</p>",
		"plaintext":                "<plaintext>Company: Acme Ltd",
		"two bodies":               "<html><body></body></html><html><body>Company: Acme Ltd</body></html>",
		"nothing but text":         "Company: Acme Ltd",
		"attributes never closed":  "<p style=\"color:red>Company: Acme Ltd</p>",
		"nested beyond the parser": strings.Repeat("<div>", 600) + "Company: Acme Ltd",
	} {
		if text := view(htmlLines(page, "1")).String(); !strings.Contains(text, "Company: Acme Ltd") {
			t.Errorf("%s: read %q", name, text)
		}
	}
	if text := view(htmlLines("<p>3 < 4 &amp; R&D</p>", "1")).String(); text != "3 < 4 & R&D" {
		t.Errorf("marks: %q", text)
	}
	if text := bareText("a < b <B>&amp;</B><STYLE>x</STYLE> c<br>d <2"); text != "a < b & c\nd <2" {
		t.Errorf("bare: %q", text)
	}
}
