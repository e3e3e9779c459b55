package intake

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"

	"leadmail/rules"
)

// mixed is a multipart/mixed of parts, each given with its header.
func mixed(parts ...string) []byte {
	return eml("Content-Type: multipart/mixed; boundary=b", "--b\n"+strings.Join(parts, "\n--b\n")+"\n--b--\n")
}

// file is a part: an attachment of that name and type.
func file(name, media string, data []byte) string {
	return "Content-Type: " + media + "; name=\"" + name + "\"\nContent-Disposition: attachment; filename=\"" + name + "\"\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString(data)
}

// zipOf is a ZIP with empty entries of these names.
func zipOf(names ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		if _, err := z.Create(n); err != nil {
			panic(err)
		}
	}
	z.Close()
	return b.Bytes()
}

func picture(w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func utf16le(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		b.WriteByte(0)
	}
	return b.String()
}

// cms wraps content as an S/MIME file does; the last arc of the object identifier
// tells which.
func cms(arc byte, content string, indefinite bool) []byte {
	oid := "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
	element := func(tag byte, v string) string {
		if indefinite && tag != 0x04 {
			return string([]byte{tag, 0x80}) + v + "\x00\x00"
		}
		return string([]byte{tag, 0x82, byte(len(v) >> 8), byte(len(v))}) + v
	}
	octets := element(0x04, content)
	if indefinite {
		octets = element(0x24, element(0x04, content[:5])+element(0x04, content[5:]))
	}
	inner := element(0x30, "\x02\x01\x01"+"\x31\x00"+element(0x30, oid+"\x01"+element(0xa0, octets)))
	return []byte(element(0x30, oid+string(arc)+element(0xa0, inner)))
}

// TestCatalogue goes through the cases of MAIL.md that concern a mail's bytes, by
// their numbers, as far as TestRepairs and TestAutomatic do not.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	const want = "Company: Acme Ltd"
	enc := base64.StdEncoding.EncodeToString
	for _, c := range []struct {
		name       string
		raw        []byte
		text       string // in the text; "" for no matter
		unread     string // what the attachments are that cannot be read
		names      string // of the attachments
		route      rules.Route
		encrypted  string
		signed     string
		notInTexts string
	}{
		{name: "74 an empty boundary", raw: eml("Content-Type: multipart/mixed; boundary=\"\"", "--x\n\n"+want+"\n--x--\n"), text: want},
		{name: "74 two boundary parameters", raw: eml("Content-Type: multipart/mixed; boundary=b; boundary=c", "--b\n\n"+want+"\n--b--\n"), text: want},
		{name: "74 the boundary that is named does not occur", raw: eml("Content-Type: multipart/mixed; boundary=zzz", want+"\n"), text: want},
		{name: "74 the same boundary inside and outside", raw: eml("Content-Type: multipart/mixed; boundary=b", "--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\n"+want+"\n--b--\n--b--\n"), text: want},
		{name: "81 koi8-r", raw: eml("Content-Type: text/plain; charset=koi8-r", "\xeb\xcf\xcd\xd0\xc1\xce\xc9\xd1"), text: "Компания"},
		{name: "81 big5", raw: eml("Content-Type: text/plain; charset=big5", "\xa4\xbd\xa5q"), text: "公司"},
		{name: "81 shift_jis", raw: eml("Content-Type: text/plain; charset=shift_jis", "\x89\xef\x8e\xd0"), text: "会社"},
		{name: "81 euc-kr", raw: eml("Content-Type: text/plain; charset=ks_c_5601-1987", "\xc8\xb8\xbb\xe7"), text: "회사"},
		{name: "81 x-mac-roman", raw: eml("Content-Type: text/plain; charset=macintosh", "J\x9arg"), text: "Jörg"},
		{name: "81 unknown-8bit", raw: eml("Content-Type: text/plain; charset=unknown-8bit", "J\xf6rg"), text: "Jörg"},
		{name: "81 utf-16 that is none", raw: eml("Content-Type: text/plain; charset=utf-16", want), text: want},
		{name: "81 utf-16 with its mark", raw: eml("Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64", enc([]byte("\xff\xfe"+utf16le(want)))), text: want},
		{name: "81 utf-7 in HTML is text, never tags", raw: eml("Content-Type: text/html; charset=utf-7", "+ADw-script+AD4-x+ADw-/script+AD4-<p>"+want+"</p>"), text: want},
		{name: "80 the page names its charset", raw: eml("Content-Type: text/html", "<meta http-equiv=Content-Type content=\"text/html; charset=windows-1250\"><p>Spo\xb3ka</p>"), text: "Społka"},
		{name: "80 utf-8 inside what is declared Latin-1", raw: eml("Content-Type: text/plain; charset=us-ascii", "Jörg"), text: "Jörg"},
		{name: "86 base64 in lines of any length", raw: eml("Content-Type: text/plain\nContent-Transfer-Encoding: base64", "Q29t\n\ncGFueTogQWN\ntZSBMdGQ\n"), text: want},
		{name: "88 uuencode inside the text", raw: eml("", "Hello,\n\nbegin 644 leads.csv\n-;F%M92QC;VUP86YY\"@\n`\nend\n\n"+want+"\n"), text: want, names: "leads.csv", notInTexts: "begin 644"},
		{name: "88 a sentence that begins so", raw: eml("", "begin 644 things\nto do. "+want+"\nend\n"), text: "begin 644 things\nto do"},
		{name: "88 yEnc", raw: eml("", want+"\n=ybegin line=128 size=3 name=a.bin\nabc\n=yend size=3\nbye\n"), text: want, names: "a.bin.yenc", unread: "yEnc file", notInTexts: "=ybegin"},
		{name: "91 both are read", raw: eml("Content-Type: multipart/alternative; boundary=b", "--b\n\nCompany: Acme Ltd\n--b\nContent-Type: text/html\n\n<p>Company: Other Ltd</p>\n--b--\n"), text: want},
		{name: "94 winmail.dat by its name", raw: mixed("\nhello", file("winmail.dat", "application/octet-stream", []byte("x"))), names: "winmail.dat", unread: "winmail.dat", route: rules.RouteReview},
		{name: "94 winmail.dat by its type", raw: mixed("\nhello", file("a", "application/ms-tnef", []byte("x"))), names: "a", unread: "winmail.dat", route: rules.RouteReview},
		{name: "94 winmail.dat by its bytes", raw: mixed("\nhello", file("ATT1.bin", "application/octet-stream", []byte("\x78\x9f\x3e\x22\x01\x00"))), names: "ATT1.bin", unread: "winmail.dat", route: rules.RouteReview},
		{name: "95 identity is the outer sender", raw: mixed("\n"+want, "Content-Type: message/rfc822\n\nFrom: other@x.example\n\nCompany: Inner"), text: want, names: "part-2.eml", notInTexts: "Inner"},
		{name: "95 a mail attached as a file", raw: mixed("\n"+want, file("lead.eml", "application/octet-stream", []byte("From: other@x.example\n\nCompany: Inner"))), text: want, names: "lead.eml", notInTexts: "Inner"},
		{name: "97 S/MIME signed beside the text", raw: eml("Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b", "--b\n\n"+want+"\n--b\n"+file("smime.p7s", "application/pkcs7-signature", []byte("x"))+"\n--b--\n"), text: want, signed: "S/MIME", names: "smime.p7s"},
		{name: "97 S/MIME signed around the text", raw: eml("Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\nContent-Transfer-Encoding: base64", enc(cms(2, "Content-Type: text/plain\r\n\r\n"+want, false))), text: want, signed: "S/MIME"},
		{name: "97 S/MIME signed around the text, in pieces", raw: eml("Content-Type: application/x-pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64", enc(cms(2, "Content-Type: text/plain\r\n\r\n"+want, true))), text: want, signed: "S/MIME"},
		{name: "97 S/MIME encrypted", raw: eml("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64", enc(cms(3, "secret", false))), encrypted: "S/MIME", names: "smime.p7m", unread: "encrypted file", route: rules.RouteReview},
		{name: "97 PGP encrypted", raw: eml("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b", "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n--b--\n"), encrypted: "PGP", names: "part-1.bin encrypted.asc", unread: "encrypted file", route: rules.RouteReview},
		{name: "97 PGP encrypted in the text", raw: eml("", "-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n"), encrypted: "PGP", route: rules.RouteReview},
		{name: "97 PGP signed in the text", raw: eml("", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\nCharset: utf-8\n\n"+want+"\n- -- \nPat\n-----BEGIN PGP SIGNATURE-----\n\niQ\n-----END PGP SIGNATURE-----\n"), text: want + "\n--", signed: "PGP", notInTexts: "PGP"},
		{name: "97 a word about PGP", raw: eml("", "we use -----BEGIN PGP MESSAGE----- at times. "+want), text: want},
		{name: "102 no name", raw: mixed("\n"+want, "Content-Type: application/pdf\n\n%PDF-1.4"), names: "part-2.pdf", unread: "PDF"},
		{name: "102 a path", raw: mixed("\n"+want, file(`..\\..\\x.exe`, "application/octet-stream", []byte("MZ\x90\x00"))), names: "x.exe", unread: "program"},
		{name: "102 right to left", raw: mixed("\n"+want, file("list\u202efdp.exe", "application/octet-stream", []byte("MZ\x90\x00"))), names: "listfdp.exe", unread: "program"},
		{name: "102 dots alone", raw: mixed("\n"+want, file("..", "application/octet-stream", []byte("MZ\x90\x00"))), names: "part-2.bin", unread: "program"},
		{name: "103 says PDF, is a program", raw: mixed("\n"+want, file("list.pdf", "application/pdf", []byte("MZ\x90\x00\x03"))), names: "list.pdf", unread: "program"},
		{name: "103 says a program, is PDF", raw: mixed("\n"+want, file("x", "application/octet-stream", []byte("%PDF-1.7"))), names: "x", unread: "PDF"},
		{name: "103 says Excel, is a list in text", raw: mixed("\n"+want, file("leads.csv", "application/vnd.ms-excel", []byte("BM,MZ\n1,2\n"))), names: "leads.csv"},
		{name: "104 a piece of a mail", raw: eml("Content-Type: message/partial; id=a@b; number=1; total=2", "From: x@y.example\n\n"+want), route: rules.RouteReview, names: "part-1.txt", unread: "piece of a longer mail", notInTexts: want},
		{name: "104 a text kept elsewhere", raw: mixed("\n"+want, "Content-Type: message/external-body; access-type=anon-ftp; site=x.example; name=a\n\nContent-Type: text/plain\n\n"), text: want, route: rules.RouteReview, names: "a", unread: "file that is kept elsewhere"},
		{name: "106 no subject", raw: []byte("From: ilse@northwind.example\r\n\r\n" + want), text: want},
		{name: "110 a photo", raw: mixed("\n"+want, file("IMG_1.JPG", "image/jpeg", []byte("\xff\xd8\xff\xe0rest"))), names: "IMG_1.JPG", unread: "photo"},
		{name: "110 a photo of an iPhone", raw: mixed("\n"+want, file("IMG_1.HEIC", "application/octet-stream", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"))), names: "IMG_1.HEIC", unread: "photo"},
		{name: "110 Numbers", raw: mixed("\n"+want, file("a.numbers", "application/x-iwork-numbers-sffnumbers", zipOf("Index/Document.iwa", "Index/Tables/Tile.iwa"))), names: "a.numbers", unread: "Numbers file"},
		{name: "110 Numbers under another name", raw: mixed("\n"+want, file("leads", "application/zip", zipOf("Index/CalculationEngine.iwa", "Index/Document.iwa"))), names: "leads", unread: "Numbers file"},
		{name: "110 Pages", raw: mixed("\n"+want, file("a.pages", "application/octet-stream", zipOf("Index/Document.iwa"))), names: "a.pages", unread: "Pages file"},
		{name: "110 Word", raw: mixed("\n"+want, file("a.bin", "application/octet-stream", zipOf("[Content_Types].xml", "word/document.xml"))), names: "a.bin", unread: "Word file"},
		{name: "110 PowerPoint", raw: mixed("\n"+want, file("a.pptx", "application/octet-stream", zipOf("ppt/presentation.xml"))), names: "a.pptx", unread: "PowerPoint file"},
		{name: "110 Excel is read", raw: mixed("\n"+want, file("a.xlsx", "application/octet-stream", zipOf("[Content_Types].xml", "xl/workbook.xml"))), names: "a.xlsx"},
		{name: "110 Excel with a password", raw: mixed("\n"+want, file("a.xlsx", "application/octet-stream", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"+utf16le("EncryptedPackage")))), names: "a.xlsx", unread: "file with a password"},
		{name: "110 Excel of old", raw: mixed("\n"+want, file("a.xls", "application/vnd.ms-excel", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"+utf16le("Workbook")))), names: "a.xls", unread: "old Excel file (.xls)"},
		{name: "110 Word of old", raw: mixed("\n"+want, file("a", "application/octet-stream", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"+utf16le("WordDocument")))), names: "a", unread: "Word file"},
		{name: "110 OpenDocument", raw: mixed("\n"+want, file("a.ods", "application/octet-stream", []byte("PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.spreadsheet"))), names: "a.ods", unread: "OpenDocument spreadsheet"},
		{name: "110 a ZIP", raw: mixed("\n"+want, file("a.zip", "application/zip", zipOf("leads.csv"))), names: "a.zip", unread: "packed archive"},
		{name: "110 a voice message", raw: mixed("\n"+want, file("a.m4a", "audio/mp4", []byte("\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00"))), names: "a.m4a", unread: "sound recording"},
		{name: "110 bytes that nobody knows", raw: mixed("\n"+want, file("a.dat", "application/octet-stream", []byte("\x00\x01\x02\x03\x04"))), names: "a.dat", unread: "file of an unknown kind"},
		{name: "110 CSV, vCard and text are read", raw: mixed("\n"+want, file("a.csv", "application/octet-stream", []byte("a;b\n")), file("a.vcf", "text/vcard", []byte("BEGIN:VCARD\n")), file("a.txt", "text/plain", []byte("x\n"))), names: "a.csv a.vcf a.txt"},
		{name: "110 a logo in the signature", raw: eml("Content-Type: multipart/related; boundary=b", "--b\nContent-Type: text/html\n\n<p>"+want+"</p><img src=\"cid:logo@x\">\n--b\nContent-ID: <logo@x>\n"+file("image001.png", "image/png", picture(180, 60))+"\n--b--\n"), text: want, names: "image001.png"},
		{name: "110 a banner in the signature", raw: eml("Content-Type: multipart/related; boundary=b", "--b\nContent-Type: text/html\n\n<p>"+want+"</p><img src='cid:logo@x'>\n--b\nContent-ID: <logo@x>\n"+file("image001.png", "image/png", picture(800, 120))+"\n--b--\n"), text: want, names: "image001.png"},
		{name: "110 a list pasted as a picture", raw: eml("Content-Type: multipart/related; boundary=b", "--b\nContent-Type: text/html\n\n<p>Please register</p><img src=\"cid:shot@x\">\n--b\nContent-ID: <shot@x>\n"+file("image001.png", "image/png", picture(1200, 700))+"\n--b--\n"), names: "image001.png", unread: "photo"},
		{name: "110 a small picture that the text does not show", raw: mixed("\n"+want, file("list.png", "image/png", picture(180, 60))), names: "list.png", unread: "photo"},
		{name: "129 nothing is loaded", raw: eml("Content-Type: text/html", "<img src=\"https://x.example/pixel.gif\"><link rel=stylesheet href=\"https://x.example/a.css\"><p>"+want+"</p>"), text: want, notInTexts: "pixel"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := partners.Read(c.raw)
			q := partners.Parse(m)
			if !strings.Contains(m.Text, c.text) || c.notInTexts != "" && strings.Contains(m.Text, c.notInTexts) {
				t.Errorf("text %q, want %q and not %q", m.Text, c.text, c.notInTexts)
			}
			var names, unread []string
			for _, a := range m.Attachments {
				names = append(names, a.Name)
				if what := a.Unreadable(); what != "" {
					unread = append(unread, what)
				}
			}
			if got := strings.Join(names, " "); got != c.names {
				t.Errorf("attachments %q, want %q", got, c.names)
			}
			if got := strings.Join(unread, " "); got != c.unread {
				t.Errorf("unreadable %q, want %q", got, c.unread)
			}
			if m.Encrypted != c.encrypted || m.Signed != c.signed {
				t.Errorf("encrypted %q, signed %q, want %q, %q", m.Encrypted, m.Signed, c.encrypted, c.signed)
			}
			if q.Handling.Route != c.route || q.Handling.NoReply != "" {
				t.Errorf("handling %+v, want route %q, and an answer", q.Handling, c.route)
			}
			if m.From != "ilse@northwind.example" {
				t.Errorf("From %q", m.From)
			}
		})
	}
	t.Run("88 the file in the text is whole", func(t *testing.T) {
		m := partners.Read(eml("", "begin 644 leads.csv\n-;F%M92QC;VUP86YY\"@\n`\nend\n"))
		if len(m.Attachments) != 1 || string(m.Attachments[0].Data) != "name,company\n" {
			t.Errorf("%+v", m.Attachments)
		}
	})
	t.Run("95 three deep and no more", func(t *testing.T) {
		raw := "From: deepest@x.example\n\nx"
		for i := range 6 {
			raw = fmt.Sprintf("From: a%d@x.example\nContent-Type: message/rfc822\n\n%s", i, raw)
		}
		m, depth := partners.Read([]byte(raw)), 0
		for at := m; len(at.attached) > 0; at = at.attached[0] {
			depth++
		}
		if m.From != "a5@x.example" || depth != maxAttached {
			t.Errorf("From %q, %d deep", m.From, depth)
		}
	})
	t.Run("102 300 characters", func(t *testing.T) {
		m := partners.Read(mixed("\nx", file(strings.Repeat("ä", 300)+".csv", "text/csv", nil)))
		if n := m.Attachments[0].Name; len([]rune(n)) != 120 || !strings.HasSuffix(n, ".csv") {
			t.Errorf("%q", n)
		}
	})
	t.Run("119 over the limit only the header is read", func(t *testing.T) {
		m := partners.Read(eml("Subject: big", strings.Repeat(want+"\n", maxMail/len(want))))
		if m.Subject != "big" || strings.Contains(m.Text, want) || m.Refused == "" {
			t.Errorf("%q, %d bytes of text, refused %q", m.Subject, len(m.Text), m.Refused)
		}
	})
}
