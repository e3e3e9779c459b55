package intake

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestRepairs goes through what real mail gets wrong: the eleven weaknesses of
// LIBRARIES.md and the repairs of MAIL.md.
func TestRepairs(t *testing.T) {
	t.Parallel()
	const from, text = "ilse@northwind.example", "First name: Jörg"
	for _, c := range []struct {
		name string
		raw  string
		text string // what the text must hold
		warn bool
	}{
		{"weakness 1, MAIL 76: a leading mbox From line", "From ilse Mon Jan 12 09:14:31 2026\nFrom: ilse@northwind.example\n\nFirst name: Jörg", text, true},
		{"MAIL 76: a quoted From line", ">From ilse Mon Jan 12 09:14:31 2026\nFrom: ilse@northwind.example\n\nFirst name: Jörg", text, true},
		{"weakness 2, MAIL 73: no closing boundary", "From: ilse@northwind.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nFirst name: Jörg", text, true},
		{"weakness 3: a From that does not parse", "From: Ilse, of Northwind <ilse@northwind.example>\n\nFirst name: Jörg", text, false},
		{"weakness 3: comments and blanks in an address", "From  : Ilse <ilse@northwind(of London).  example>\n\nFirst name: Jörg", text, false},
		{"line ends of an old Mac", "From: ilse@northwind.example\rSubject: x\r\rFirst name: Jörg\r", text, true},
		{"weakness 4: quoted-printable with a semicolon", "From: ilse@northwind.example\nContent-Transfer-Encoding: quoted-printable;\n\nFirst name: J=C3=B6rg", text, false},
		{"weakness 4: 7-bit", "From: ilse@northwind.example\nContent-Transfer-Encoding: 7-bit\n\nFirst name: Jörg", text, false},
		{"weakness 4, MAIL 88: x-uuencode", "From: ilse@northwind.example\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a.txt\n11FER<W0@;F%M93H@2L.V<F<*\n`\nend\n", text, false},
		{"weakness 4: an encoding nobody knows", "From: ilse@northwind.example\nContent-Transfer-Encoding: plaintext\n\nFirst name: Jörg", text, true},
		{"weakness 5, MAIL 81: utf-7", "From: ilse@northwind.example\nContent-Type: text/plain; charset=unicode-1-1-utf-7\n\nFirst name: J+APY-rg", text, false},
		{"weakness 5: a quoted charset", "From: ilse@northwind.example\nContent-Type: text/plain; charset='utf-8'\n\nFirst name: Jörg", text, false},
		{"weakness 5, MAIL 80: an unknown charset, really Windows-1252", "From: ilse@northwind.example\nContent-Type: text/plain; charset=x-nix\n\nFirst name: J\xf6rg", text, true},
		{"MAIL 80: declared utf-8, really Windows-1252", "From: ilse@northwind.example\nContent-Type: text/plain; charset=utf-8\n\nFirst name: J\xf6rg", text, true},
		{"weakness 6, MAIL 75: a colonless header line", "From: ilse@northwind.example\nthis is nonsense\nContent-Type: text/plain; charset=utf-8\n\nFirst name: Jörg", text, true},
		{"weakness 6: a continuation that is not indented, in a part", "From: ilse@northwind.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain;\ncharset=utf-8\n\nFirst name: Jörg\n--b--", text, true},
		{"weakness 7: blank lines before the header", "\n\n \nFrom: ilse@northwind.example\n\nFirst name: Jörg", text, true},
		{"weakness 7: a byte order mark before the header", "\ufeffFrom: ilse@northwind.example\n\nFirst name: Jörg", text, true},
		{"weakness 8, MAIL 74: no boundary parameter", "From: ilse@northwind.example\nContent-Type: multipart/mixed\n\n--guess\nContent-Type: text/plain\n\nFirst name: Jörg\n--guess--", text, true},
		{"weakness 9, MAIL 86: base64 with an illegal byte and without padding", "From: ilse@northwind.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nRmlyc3Qg\x01bmFtZTogSsO2cmc", text, true},
		{"MAIL 86: base64 with a list's footer", "From: ilse@northwind.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nRmlyc3QgbmFtZTogSsO2cmc=\n_____________\nthe list footer", text, true},
		{"weakness 9, MAIL 87: broken quoted-printable", "From: ilse@northwind.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nFirst name: J=C3=B6rg 100=% =ZZ", text, false},
		{"weakness 10: a missing quote in Content-Type", "From: ilse@northwind.example\nContent-Type: multipart/mixed; boundary=\"b; charset=utf-8\n\n--b\n\nFirst name: Jörg\n--b--", text, false},
		{"weakness 11: raw 8-bit inside an encoded word", "From: =?utf-8?Q?J\xc3\xb6rg?= <ilse@northwind.example>\n\nFirst name: Jörg", text, false},
		{"MAIL 78: an unknown charset in the display name", "From: =?x-nix?Q?Ilse?= <ilse@northwind.example>\n\nFirst name: Jörg", text, false},
		{"MAIL 77: NUL and CR in a header", "From: Ilse\x00 <ilse@northwind.example>\nSubject: a\x00b\rc\n\nFirst name: Jörg", text, false},
		{"MAIL 79: gb2312 that is really gb18030", "From: ilse@northwind.example\nContent-Type: text/plain; charset=gb2312\n\nFirst name: J\x81\x30\x89\x31rg", "First name: J", false},
		{"MAIL 90: empty text, full HTML", "From: ilse@northwind.example\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\n\n--b\nContent-Type: text/html; charset=utf-8\n\n<p>First name: Jörg</p>\n--b--", text, false},
		{"weakness 6: folded text before the first field", " folded\n and folded\nFrom: ilse@northwind.example\n\nFirst name: Jörg", text, true},
		{"a colonless line after one with a CR too many", "From: ilse@northwind.example\r\r\nnonsense\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nFirst name: Jörg", text, true},
		{"weakness 9: a control byte in quoted-printable", "From: ilse@northwind.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nFirst name: J=C3=B6rg\x01", text, false},
		{"Latin-1 that is really Windows-1252", "From: ilse@northwind.example\nContent-Type: text/plain; charset=iso-8859-1\n\n\x93First name: J\xf6rg\x94", "“First name: Jörg”", false},
		{"MAIL 81: iso-2022-jp", "From: ilse@northwind.example\nContent-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B2q<RL>\x1b(B", "会社名", false},
		{"two base64 texts one after the other", "From: ilse@northwind.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nRmlyc3QgbmFtZTogSg==\nw7ZyZw==", text, false},
		{"CRCRLF line ends", "From: ilse@northwind.example\r\r\nSubject: x\r\r\n\r\r\nFirst name: Jörg", text, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := Reader{}.Read([]byte(c.raw))
			if m.From != from && !strings.Contains(c.name, "does not parse") {
				t.Errorf("From %q", m.From)
			}
			if !strings.Contains(m.Text, c.text) {
				t.Errorf("text %q does not hold %q", m.Text, c.text)
			}
			if strings.ContainsAny(m.Subject+m.FromName, "\x00\r\n") {
				t.Errorf("controls in %q %q", m.Subject, m.FromName)
			}
			if (len(m.Warnings) > 0) != c.warn {
				t.Errorf("warnings %q, want any: %v", m.Warnings, c.warn)
			}
		})
	}
}

func TestDecodeWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Lead registration", "Lead registration"},
		{"two words are joined", "=?utf-8?Q?Kuanza?= =?utf-8?Q?_Coffee?=", "Kuanza Coffee"},
		{"MAIL 82: a character split over two words", "=?utf-8?B?Ssw=?= =?utf-8?B?iHJn?=", "Jo\u0308rg"[:1] + "\u0308rg"},
		{"MAIL 83: a language", "=?UTF-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"},
		{"MAIL 84: CR LF inside", "=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"},
		{"MAIL 85: raw 8-bit", "Gr\xfc\xdfe", "Grüße"},
		{"an unknown charset costs only itself", "=?x-nix?Q?Ilse?= B", "Ilse B"},
		{"an unfinished word stands for itself", "=?utf-8?Q?abc", "=?utf-8?Q?abc"},
		{"bidirectional controls are removed", "invoice\u202egpj.exe", "invoicegpj.exe"},
	} {
		if got := decodeWords(c.in); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestHeaderText: what go-message decodes and what it does not come to the same
// text.
func TestHeaderText(t *testing.T) {
	t.Parallel()
	if m := (Reader{}).Read(eml("Content-Type: application/pdf\nContent-Disposition: attachment; filename*=iso-8859-1''J%F6rg.pdf", "x")); len(m.Attachments) != 1 || m.Attachments[0].Name != "Jörg.pdf" {
		t.Errorf("RFC 2231 in Latin-1: attachments %+v", m.Attachments)
	}
	for _, c := range []struct{ name, in, want string }{
		{"two words", "=?utf-8?Q?Kuanza?= =?utf-8?Q?_Coffee?=", "Kuanza Coffee"},
		{"MAIL 82: a character of gb2312 split over two words", "=?gb2312?B?1g==?= =?gb2312?B?0A==?=", "中"},
		{"MAIL 83: a language", "=?UTF-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"},
		{"MAIL 84: CR LF inside", "=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"},
		{"MAIL 85: raw 8-bit", "Gr\xfc\xdfe", "Grüße"},
		{"weakness 11: raw 8-bit inside a word", "=?utf-8?Q?Gr\xc3\xbc=C3=9Fe?=", "Grüße"},
		{"Latin-1 that is really Windows-1252", "=?iso-8859-1?Q?=93a=94?=", "“a”"},
	} {
		m := Reader{}.Read([]byte("From: " + c.in + " <ilse@northwind.example>\nSubject: " + c.in + "\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"" + c.in + "\"\n\nx"))
		if m.From != "ilse@northwind.example" || m.Subject != c.want || !strings.Contains(c.in, "Bcc:") && m.FromName != c.want || len(m.Attachments) != 1 || m.Attachments[0].Name != c.want {
			t.Errorf("%s: subject %q, From %q %q, attachments %+v, want %q", c.name, m.Subject, m.FromName, m.From, m.Attachments, c.want)
		}
	}
}

func TestMessageFields(t *testing.T) {
	t.Parallel()
	refs := ""
	for i := range 100 {
		refs += fmt.Sprintf(" <r%d@x.example>\n", i)
	}
	raw := eml("From: Ilse <Ilse.B@Northwind.EXAMPLE>\nSender: desk@northwind.example\nReply-To: a@northwind.example, b@northwind.example\nTo: partners@leanstack.example\nDate: Mon, 12 Jan 2026 09:14:31 +0100\nMessage-ID:\n <id-1@northwind.example>\nIn-Reply-To: <r99@x.example>\nReferences:"+refs+"Content-Type: multipart/mixed; boundary=b",
		"--b\nContent-Type: text/plain; charset=utf-8\n\nhello\n--b\nContent-Type: application/octet-stream; name=\"../../etc/passwd\"\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n--b--\n")
	m := Reader{}.Read(raw)
	if m.From != "Ilse.B@northwind.example" || m.Sender != "desk@northwind.example" || len(m.ReplyTo) != 2 || m.Authors != 1 {
		t.Errorf("addresses: %q %q %q %d", m.From, m.Sender, m.ReplyTo, m.Authors)
	}
	if m.MessageID != "id-1@northwind.example" || len(m.References) != 32 || m.References[31] != "r99@x.example" {
		t.Errorf("ids: %q %d %v", m.MessageID, len(m.References), m.References[len(m.References)-1])
	}
	if want := time.Date(2026, 1, 12, 8, 14, 31, 0, time.UTC); !m.Date.Equal(want) {
		t.Errorf("date %v, want %v", m.Date, want)
	}
	if len(m.Attachments) != 1 || m.Attachments[0].Name != "passwd" || string(m.Attachments[0].Data) != "hello" {
		t.Errorf("attachments %+v", m.Attachments)
	}
	q := Reader{}.Parse(m)
	if len(q.Thread) != 32 || q.Thread[0] != "r99@x.example" || q.Thread[1] != "r98@x.example" {
		t.Errorf("thread %v", q.Thread)
	}
	if m.Text != "hello" {
		t.Errorf("text %q", m.Text)
	}
	// MAIL.md 58, 62: trace headers change the raw hash, never the content's.
	other := Reader{}.Read(append([]byte("Received: from elsewhere\r\nX-Spam: no\r\n"), raw...))
	if other.RawHash == m.RawHash || other.ContentHash != m.ContentHash {
		t.Error("other trace headers: want another raw hash, the same content hash")
	}
	changed := Reader{}.Read([]byte(strings.Replace(string(raw), "hello", "hullo", 1)))
	if changed.ContentHash == m.ContentHash {
		t.Error("another body: want another content hash")
	}
	// MAIL.md 101: what no clock says is no date.
	for _, d := range []string{"", "Thu, 01 Jan 1970 00:00:00 +0000", "Fri, 31 Dec 9999 23:59:59 +0000", "Mon, 32 Jan 2026 00:00:00 +0000", "yesterday"} {
		if m := (Reader{}).Read(eml("Date: "+d, "x")); !m.Date.IsZero() {
			t.Errorf("Date %q was believed: %v", d, m.Date)
		}
	}
}

// bombs are what would cost a naive reader its memory or its day.
func bombs() map[string][]byte {
	nested := ""
	for i := range 5000 {
		nested += fmt.Sprintf("--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i, i+1)
	}
	return map[string][]byte{
		"5,000 levels":                eml("Content-Type: multipart/mixed; boundary=b0", nested),
		"a header of 20 MB":           eml("X-Long: "+strings.Repeat("a", 20<<20), "hi"),
		"100,000 parts":               eml("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\n\nx\n", 100000)),
		"1 MB of quote marks":         eml("", strings.Repeat(">", 1<<20)),
		"1 MB of colons":              eml("", strings.Repeat(":", 1<<20)),
		"a line of labels":            eml("", strings.Repeat("First name: a, ", 60000)),
		"60,000 labelled lines":       eml("", strings.Repeat("First name: Jane\nLast name: Doe\n", 30000)),
		"5,000 links":                 eml("Content-Type: text/html", strings.Repeat("<a href=\"https://x.example/y\">z</a><br>", 5000)),
		"deep HTML":                   eml("Content-Type: text/html", strings.Repeat("<div>", 100000)+"hi"),
		"deep tables":                 eml("Content-Type: text/html", strings.Repeat("<table><tr><td>", 20000)+"hi"),
		"a megabyte of encoded words": eml("Subject: "+strings.Repeat("=?utf-8?Q?a?= ", 15000), "hi"),
		"a From that is a comment":    eml("From: ("+strings.Repeat("a", 200<<10)+") a@b.example", "hi"),
		"ids that are a comment":      eml("References: ("+strings.Repeat("a", 200<<10)+") <a@b.example>", "hi"),
		"a megabyte of parameters":    eml("Content-Type: text/plain; "+strings.Repeat("a=b; ", 40000), "hi"),
		"a million header lines":      eml(strings.Repeat("X: y\n", 40000), "hi"),
		"200 headers of 100 KB":       eml("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\nX: "+strings.Repeat("a", 100<<10)+"\n\nx\n", 200)),
		"a long From":                 eml("From: "+strings.Repeat("a@b.example, ", 15000), "hi"),
		"a sentence of 1 MB":          eml("", strings.Repeat("please renew Acme ", 55000)),
		"26 MB":                       eml("", strings.Repeat("x", 26<<20)),
		"HTML with huge attributes":   eml("Content-Type: text/html", "<p "+strings.Repeat("a=\""+strings.Repeat("b", 5000)+"\" ", 100)+">"+strings.Repeat("<p style=\""+strings.Repeat("color:#fff;", 900)+"\">x", 50)),
		"a million attributes":        eml("Content-Type: text/html", "<p "+strings.Repeat("a ", 500000)+">x"),
		"one attribute of 1 MB":       eml("Content-Type: text/html", "<p style=\""+strings.Repeat("x", 1<<20)+"\">x"),
		"deep HTML of 20 MB":          eml("Content-Type: text/html", strings.Repeat("<b><i>", 3<<20)),
		"unclosed formatting":         eml("Content-Type: text/html", strings.Repeat("<b><p>x", 100000)),
		"nested links":                eml("Content-Type: text/html", strings.Repeat("<a href=x><table>", 20000)),
		"layout tables":               eml("Content-Type: text/html", strings.Repeat("<table><tr><td>x<td>", 150)+strings.Repeat("y<br>", 20000)),
		"a style sheet of 1 MB":       eml("Content-Type: text/html", "<style>"+strings.Repeat("a.b{", 250000)+"</style>x"),
		"many references":             eml("References: "+strings.Repeat("<a@b.example>\n ", 15000), "hi"),
		"a subject of marks":          eml("Subject: "+strings.Repeat("=?", 120<<10), "hi"),
		"a From of quotes":            eml("From: "+strings.Repeat("\"a", 60000)+" <a@b.example>", "hi"),
		"a From of brackets":          eml("From: "+strings.Repeat("<", 200000)+"a@b.example>", "hi"),
		"a From of open comments":     eml("From: "+strings.Repeat("(", 200000)+" a@b.example", "hi"),
		"a Content-Type of quotes":    eml("Content-Type: text/plain; "+strings.Repeat("a*0=\"", 40000), "hi"),
		"begun files":                 eml("", strings.Repeat("begin 644 x\n", 1<<20)),
		"begun files that break off":  eml("", strings.Repeat(strings.Repeat("begin 644 x\n", 500)+"zz\n", 2000)+"end\n"),
		"begun yEnc":                  eml("", strings.Repeat("=ybegin x\n", 1<<20)),
		"20 MB of quoted-printable":   eml("Content-Transfer-Encoding: quoted-printable", strings.Repeat("=", 20<<20)),
		"20 MB of base64":             eml("Content-Type: application/pdf\nContent-Transfer-Encoding: base64", strings.Repeat(strings.Repeat("QUFB", 19)+"\n", 270000)),
		"20 MB of lines":              eml("", strings.Repeat("\n", 20<<20)),
		"20 MB of boundaries nearly":  eml("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--bx\n", 4<<20)),
		"20 MB in a UTF-16 text":      eml("Content-Type: text/plain; charset=utf-16le", strings.Repeat("a\x00", 10<<20)),
		"mails within mails":          []byte(strings.Repeat("From: a@b.example\nContent-Type: message/rfc822\n\n", 10000) + strings.Repeat("x", 10<<20)),
		"200 mails of 100 KB":         eml("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\nContent-Type: message/rfc822\n\nFrom: a@b.example\n\n"+strings.Repeat("hello world\n", 8000), 200)),
		"format=flowed without end":   eml("Content-Type: text/plain; format=flowed", strings.Repeat("a \n", 500000)),
		"zero-width marks":            eml("", strings.Repeat("\u200b", 600000)),
		"Received by the thousand":    eml(strings.Repeat("Received: from a by b; Mon, 2 Mar 2026 08:00:00 +0000\n", 4000), "hi"),
	}
}

// TestBombs: each ends in a result, and how long that takes is BenchmarkBombs'.
func TestBombs(t *testing.T) {
	t.Parallel()
	for name, raw := range bombs() {
		t.Run(name, func(t *testing.T) {
			m := partners.Read(raw)
			if q := partners.Parse(m); q.Kind == "" || m.RawHash == "" || len(m.Text) > maxText {
				t.Errorf("kind %q, %d bytes of text", q.Kind, len(m.Text))
			}
		})
	}
}

// TestReadMemory: all that is allocated while a mail is taken apart, freed or not,
// stays below 256 MB, whatever the mail; so does what is held at a time.
func TestReadMemory(t *testing.T) {
	for name, raw := range bombs() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		partners.Read(raw)
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n >= 256 {
			t.Errorf("%s: %d MB allocated", name, n)
		}
	}
}

// BenchmarkBombs: a mail may take two seconds.
func BenchmarkBombs(b *testing.B) {
	for name, raw := range bombs() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				partners.Parse(partners.Read(raw))
			}
		})
	}
}

// TestNoQuadraticCase doubles the size of what could be quadratic and watches
// the ratio of the times.
func TestNoQuadraticCase(t *testing.T) {
	for name, build := range map[string]func(n int) []byte{
		"labelled lines":   func(n int) []byte { return eml("", strings.Repeat("First name: Jane\nLast name: Doe\n\n", n)) },
		"labels in a line": func(n int) []byte { return eml("", strings.Repeat(strings.Repeat("First name: a, ", 100)+"\n", n/50)) },
		"bare labels":      func(n int) []byte { return eml("", strings.Repeat("First name\n\n", n)) },
		"prose": func(n int) []byte {
			return eml("", strings.Repeat("Please renew R-7K4Q2M and drop Acme Ltd today. ", n))
		},
		"parts": func(n int) []byte {
			return eml("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\n\n"+strings.Repeat("x\n", n/10)+"\n", 10))
		},
		"html": func(n int) []byte {
			return eml("Content-Type: text/html", strings.Repeat("<p>First name: <b>Jane</b></p>", n))
		},
		"closings": func(n int) []byte { return eml("", strings.Repeat("Thanks\n", n)) },
		"dashes":   func(n int) []byte { return eml("", strings.Repeat("--\nx y\n", n)) },
		"a comment among ids": func(n int) []byte {
			return eml("References: ("+strings.Repeat("a", 50*n)+") <a@b.example>", "hi")
		},
		"people in lines": func(n int) []byte {
			var b strings.Builder
			for i := range n / 4 {
				fmt.Fprintf(&b, "Anna Muster%d, a%d@firma%d.example, Firma%d GmbH, https://firma%d.example, qualified lead\n", i, i, i, i, i)
			}
			return eml("", b.String())
		},
		"attributions": func(n int) []byte { return eml("", strings.Repeat("On Monday 1 Jan he wrote:\n> x\n", n)) },
	} {
		t.Run(name, func(t *testing.T) {
			linear(t, func(n int) func() {
				raw := build(n)
				return func() { partners.Parse(partners.Read(raw)) }
			}, 1000, 100*time.Millisecond)
		})
	}
}

// TestReadIsLinear: what could make the reader of bytes quadratic, at sizes just
// below the limits that cut it off. Four times the size takes about four times as
// long; sixteen times would be quadratic.
func TestReadIsLinear(t *testing.T) {
	field := func(name, unit string) func(n int) []byte {
		return func(n int) []byte { return eml(name+": "+strings.Repeat(unit, n/len(unit))+" <a@b.example>", "hi") }
	}
	body := func(header, open, unit string) func(n int) []byte {
		return func(n int) []byte { return eml(header, open+strings.Repeat(unit, n/len(unit))) }
	}
	for name, build := range map[string]func(n int) []byte{
		"addresses":     field("From", "a@b.example, "),
		"open comments": field("From", "("),
		"nested comments": func(n int) []byte {
			return eml("From: "+strings.Repeat("(", n/2)+strings.Repeat(")", n/2)+" a@b.example", "hi")
		},
		"open brackets":            field("To", "<"),
		"open quotes":              field("To", "\""),
		"quoted names":             field("To", "\"a\" <a@b.example>, "),
		"backslashes":              field("From", "\\\""),
		"groups":                   field("Cc", "a:b@c.example;"),
		"routes":                   field("Sender", "@a,"),
		"encoded words":            field("Subject", "=?utf-8?Q?a?= "),
		"encoded words in a name":  field("From", "=?utf-8?B?YQ==?="),
		"words never finished":     field("Subject", "=?utf-8?Q?"),
		"question marks":           field("Subject", "=?"),
		"raw 8-bit":                field("Subject", "\xe4"),
		"references":               field("References", "<a@b.example> "),
		"open references":          field("References", "<a"),
		"references without marks": field("In-Reply-To", "a@b.example "),
		"parameters":               field("Content-Type", "text/plain; a=b; "),
		"pieces of a parameter":    field("Content-Disposition", "attachment; filename*0*=a; "),
		"open parameters":          field("Content-Type", "a=\"; "),
		"percent signs":            field("Content-Disposition", "a; filename*=utf-8''%41%"),
		"a date":                   field("Date", "Mon, "),
		"folded lines":             field("Subject", "a\n "),
		"colonless lines":          func(n int) []byte { return eml("Subject: x\n"+strings.Repeat("a\n", n/2), "hi") },
		"fields":                   func(n int) []byte { return eml(strings.Repeat("X-A: b\n", min(n/7, 1900)), "hi") },
		"boundaries nearly":        body("Content-Type: multipart/mixed; boundary=b", "", "--bx\n"),
		"levels":                   body("Content-Type: multipart/mixed; boundary=b", "", "--b\nContent-Type: multipart/mixed; boundary=b\n\n"),
		"parts":                    body("Content-Type: multipart/mixed; boundary=b", "", "--b\n\nx\n"),
		"a long line":              body("", "", "a "),
		"quote marks":              body("", "", "> "),
		"files begun":              body("", "", "begin 644 x\n"),
		"files begun, broken off":  func(n int) []byte { return eml("", strings.Repeat("begin 644 x\n", n/12)+"zz\nend\n") },
		"files":                    body("", "", "begin 644 x\n#86)C\n`\nend\n"),
		"yEnc begun":               body("", "", "=ybegin x\n"),
		"quoted-printable":         body("Content-Transfer-Encoding: quoted-printable", "", "= \t"),
		"base64 of one character":  body("Content-Transfer-Encoding: base64", "", "Y=\n"),
		"utf-7":                    body("Content-Type: text/plain; charset=utf-7", "", "+AGE-+"),
		"iso-2022-jp":              body("Content-Type: text/plain; charset=iso-2022-jp", "", "\x1b$B\x1b(B"),
		"PGP armour":               body("", "", "-----BEGIN PGP SIGNED MESSAGE-----\n"),
		"CMS":                      body("Content-Type: application/pkcs7-mime", "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"),
		"HTML nesting":             body("Content-Type: text/html", "", "<div>"),
		"HTML nesting closed": func(n int) []byte {
			return eml("Content-Type: text/html", strings.Repeat("<i>", n/7)+"x"+strings.Repeat("</i>", n/7))
		},
		"HTML formatting":            body("Content-Type: text/html", "", "<b><p>x"),
		"HTML attributes":            body("Content-Type: text/html", "<p ", "a=b "),
		"HTML styles":                body("Content-Type: text/html", "<p style='", "color:#fff;"),
		"HTML classes":               body("Content-Type: text/html", "<style>.a{display:none}</style>", "<p class='a b c'>x"),
		"HTML style sheet":           body("Content-Type: text/html", "<style>", "a.b{"),
		"HTML media rules":           body("Content-Type: text/html", "<style>", "@media{"),
		"HTML comments never closed": body("Content-Type: text/html", strings.Repeat("<div>", 600), "<!--"),
		"HTML styles never closed":   body("Content-Type: text/html", strings.Repeat("<div>", 600), "<style>"),
		"HTML tags never closed":     body("Content-Type: text/html", strings.Repeat("<div>", 600), "<a "),
		"HTML cells":                 body("Content-Type: text/html", "<table>", "<tr><td>x"),
		"HTML layout":                body("Content-Type: text/html", strings.Repeat("<table><tr><td>x<td>", 100), "y<br>"),
		"HTML links":                 body("Content-Type: text/html", "", "<a href=https://x.example>y"),
		"HTML quotes":                body("Content-Type: text/html", "", "<blockquote>On 1 May he wrote:"),
	} {
		t.Run(name, func(t *testing.T) {
			linear(t, func(n int) func() {
				raw := build(n)
				return func() { partners.Read(raw) }
			}, 60<<10, 25*time.Millisecond)
		})
	}
}

// FuzzRead: no panic, bounded work and output, and nothing in the result that the
// mail does not state.
func FuzzRead(f *testing.F) {
	for _, dir := range corpora {
		for _, raw := range sorted(casesOf(f, dir)) {
			if len(raw) < 8<<10 {
				f.Add(raw)
			}
		}
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Add(mixed("\nbegin 644 a\n#86)C\n`\nend\n", file("a.xlsx", "application/zip", zipOf("xl/workbook.xml"))))
	f.Add(eml("Content-Type: application/pkcs7-mime", string(cms(2, "Content-Type: text/plain\n\nx", true))))
	f.Add(eml("Content-Type: text/html; charset=utf-7", "<style>.a{display:none}</style><p class=a style='color:#fff;font:0/0 a'>+AGE-"))
	f.Add(eml("Return-Path: <>", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n\n- a\n-----BEGIN PGP SIGNATURE-----\n"))
	f.Fuzz(checkRead)
}

// checkRead reads a mail and fails where the result cannot be right whatever the
// mail is.
func checkRead(t *testing.T, raw []byte) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m := partners.Read(raw)
	q := partners.Parse(m)
	runtime.ReadMemStats(&after)
	if cost := after.TotalAlloc - before.TotalAlloc; cost > mayCost(len(raw)) {
		t.Fatalf("%d bytes cost %d", len(raw), cost)
	}
	if q.Kind == "" || len(m.Text) > maxText || strings.ContainsAny(m.Subject+m.FromName, "\x00\r\n") {
		t.Fatalf("kind %q, %d bytes, subject %q", q.Kind, len(m.Text), m.Subject)
	}
	for _, a := range m.Attachments {
		if a.Name == "" || strings.ContainsAny(a.Name, "/\\\x00\r\n") || len([]rune(a.Name)) > 200 {
			t.Fatalf("attachment %q", a.Name)
		}
		if strings.ContainsAny(a.Unreadable(), "\x00\n") {
			t.Fatalf("%q is %q", a.Name, a.Unreadable())
		}
	}
	if said := unstated(m, q); said != nil {
		t.Fatalf("%s", strings.Join(said, "\n"))
	}
	for _, it := range q.Items {
		if it.Prospect != nil && (*it.Prospect < 0 || *it.Prospect >= len(q.Prospects)) {
			t.Fatalf("item %+v of %d prospects", it, len(q.Prospects))
		}
	}
}

// FuzzHTML: lines without controls, no more of them than the page could hold; and
// the same page twice is the same text.
func FuzzHTML(f *testing.F) {
	f.Add("<table><tr><td>Company<td>Acme<tr><td><p>a<p>b</table>")
	f.Add("<style>.a{font-size:0}@media x{.b{display:none}}</style><p class=a>x<b style='color:rgba(255,255,255,0)'>y")
	f.Add("<?xml version=1?><o:p>x</o:p><!--[if mso]>y<![endif]--><title>z")
	f.Add("<a href='mailto:a@b.example?x'>a</a><dl><dt>b<dd>c</dl><pre>\td\n</pre><hr><li>e")
	f.Fuzz(func(t *testing.T, page string) {
		if len(page) > 64<<10 {
			return
		}
		lines := htmlLines(page, "1")
		if len(lines) > 4*len(page)+10 {
			t.Fatalf("%d lines of %d bytes", len(lines), len(page))
		}
		for _, l := range lines {
			if strings.ContainsAny(l.text, "\x00\r\n\u200b") {
				t.Fatalf("%q", l.text)
			}
		}
		if again := htmlLines(page, "1"); view(again).String() != view(lines).String() {
			t.Fatalf("%q, then %q", view(lines).String(), view(again).String())
		}
	})
}

// FuzzAddresses: an address holds no controls, blanks or brackets, a name no
// controls, whatever the field.
func FuzzAddresses(f *testing.F) {
	f.Add("\"Doe, Jane\" <jane@acme.example>, boss@corp.example <evil@x.example>")
	f.Add("<@a,@b:jane(c)@ acme . example>; group: a@b.example;")
	f.Add("=?utf-8?Q?a=0D=0A?= <MAILER-DAEMON> (x")
	f.Fuzz(func(t *testing.T, v string) {
		for _, a := range authors(v) {
			if strings.ContainsAny(a.name, "\x00\r\n") {
				t.Fatalf("name %q", a.name)
			}
		}
		for _, a := range addresses([]string{v}) {
			if strings.ContainsAny(string(a), "\x00\r\n<>") || !strings.Contains(string(a), "@") {
				t.Fatalf("address %q", a)
			}
		}
	})
}

// FuzzDecodeWords: a header's text never holds controls, whatever was encoded.
func FuzzDecodeWords(f *testing.F) {
	f.Add("=?utf-8?Q?a=0D=0A?=")
	f.Add("=?utf-7?B?KwA?= =?x*y?q?_?=")
	f.Fuzz(func(t *testing.T, s string) {
		if got := decodeWords(s); strings.ContainsAny(got, "\x00\r\n") {
			t.Fatalf("%q", got)
		}
	})
}
