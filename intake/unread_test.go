package intake

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"leadmail/rules"
)

// TestWhatCannotBeReadIsNamed: a list in a form that we do not read is named where
// the mail hands it over, and nothing else is (MAIL.md 97, 110).
func TestWhatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	var (
		photo   = enclosure{"IMG_2231.jpg", "image/jpeg", "\xff\xd8\xff\xe0rest"}
		pdf     = enclosure{"scan.pdf", "application/pdf", "%PDF-1.4"}
		w9      = enclosure{"Form W-9 (signed).pdf", "application/pdf", "%PDF-1.4"}
		numbers = enclosure{"leads.numbers", "application/octet-stream", string(zipOf("Index/Document.iwa", "Index/Tables/Tile.iwa"))}
		logo    = enclosure{"image001.png", "image/png", string(picture(180, 60))}
		person  = "First name: Amy\nLast name: Cole\nEmail: amy@basalt.example\nCompany: Basalt\nLead type: QL\n"
	)
	for _, c := range []struct {
		name, subject, text string
		files               []enclosure
		kind                rules.Kind
		want                string // names and what they are
	}{
		{"a photo and no word", "Hello", "", []enclosure{photo}, rules.KindRegistration, "IMG_2231.jpg photo"},
		{"a photo below a greeting", "Hello", "Hi,\n\nPat\n", []enclosure{photo}, rules.KindRegistration, "IMG_2231.jpg photo"},
		{"a photo of leads", "Fair", "Here are our leads from the fair.\n\nPat", []enclosure{photo}, rules.KindRegistration, "IMG_2231.jpg photo"},
		{"a list, in German", "Messe", "Anbei unsere Liste von der Messe.\n\nPat", []enclosure{pdf}, rules.KindRegistration, "scan.pdf PDF"},
		{"a PDF beside a prospect", "New", "Please register:\n\n" + person, []enclosure{pdf}, rules.KindRegistration, "scan.pdf PDF"},
		{"two files of two kinds", "New", "Please register the attached.", []enclosure{numbers, photo}, rules.KindRegistration, "leads.numbers Numbers file; IMG_2231.jpg photo"},
		{"a workbook with a password", "New", "Please register the attached.", []enclosure{{"l.xlsx", "application/octet-stream", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + utf16le("EncryptedPackage")}}, rules.KindRegistration, "l.xlsx file with a password"},
		{"a sheet of Google's", "New", "Please register:\n\nhttps://docs.google.com/spreadsheets/d/1abc/edit?usp=sharing\n\nPat", nil, rules.KindRegistration, "docs.google.com link"},
		{"a sheet behind a filter's link", "New", "Our leads: https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2F1drv.ms%2Fx%2Fs1&data=1\n\nPat", nil, rules.KindRegistration, "1drv.ms link"},
		{"a file without a name", "New", "Please register the attached.", []enclosure{{"", "image/jpeg", "\xff\xd8\xff\xe0rest"}}, rules.KindRegistration, " photo"},

		{"a tax form", "Form", "Please find my W-9 attached.", []enclosure{pdf}, rules.KindPaperwork, ""},
		{"a tax form by its name", "Form", "Here it is.", []enclosure{w9}, rules.KindPaperwork, ""},
		{"a tax form beside a prospect", "New", "Please register:\n\n" + person + "\nMy W-9 is attached too.", []enclosure{pdf}, rules.KindRegistration, ""},
		{"the agreement", "Signed", "Attached is the signed agreement.\n\nPat", []enclosure{pdf}, rules.KindOther, ""},
		{"a question with a screenshot", "Hello", "Why was this one refused? See the screenshot.", []enclosure{photo}, rules.KindOther, ""},
		{"thanks in a thread, and a picture below", "Re: New", "Thank you!\n", []enclosure{photo}, rules.KindThanks, ""},
		{"a renewal", "Renewal", "Please renew R-7K4Q2M", []enclosure{pdf}, rules.KindRenewal, ""},
		{"a logo that lost its place", "New", "Please register:\n\n" + person, []enclosure{logo}, rules.KindRegistration, ""},
		{"a link to a call", "New", "Please register:\n\n" + person + "\nBook me: https://calendly.com/pat/30min", nil, rules.KindRegistration, ""},
		{"a link in the signature", "New", "Please register:\n\n" + person + "\n-- \nPat Quill\nhttps://www.dropbox.com/s/1/brochure.pdf", nil, rules.KindRegistration, ""},
		{"a list that can be read", "New", "Please register the attached.", []enclosure{{"a.csv", "text/csv", "Name,Email,Company\nAmy Cole,amy@basalt.example,Basalt\n"}}, rules.KindRegistration, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			raw := strings.Replace(string(mailWith(c.text, "", c.files...)), "Subject: leads", "Subject: "+c.subject, 1)
			q := partners.Parse(partners.Read([]byte(strings.ReplaceAll(strings.ReplaceAll(raw, `; name=""`, ""), `; filename=""`, ""))))
			var got []string
			for _, u := range q.Unread {
				got = append(got, u.Name+" "+u.What)
			}
			if strings.Join(got, "; ") != c.want || q.Kind != c.kind {
				t.Errorf("%s, unread %q, want %s, %q", q.Kind, got, c.kind, c.want)
			}
		})
	}
}

// TestEncryptedIsNamedOnce: the envelope's own parts are not complained about.
func TestEncryptedIsNamedOnce(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"PGP":    "From: pat@quillpartners.example\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream; name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQEM\r\n-----END PGP MESSAGE-----\r\n--b--\r\n",
		"S/MIME": "From: pat@quillpartners.example\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(cms(3, "secret", false)),
	} {
		q := partners.Parse(partners.Read([]byte(raw)))
		if got := fmt.Sprint(q.Unread); got != fmt.Sprint([]rules.Unread{{Why: rules.UnreadEncrypted, What: name}}) {
			t.Errorf("%s: unread %s", name, got)
		}
	}
}

// TestUnreadableCases: of the development cases those that hold an unreadable list
// have it named, and no other has anything named.
func TestUnreadableCases(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"hard-unreadable-google-sheet.eml":       "docs.google.com",
		"hard-unreadable-numbers-attachment.eml": "Pipeline Sept 2026.numbers",
		"hard-unreadable-scanned-pdf.eml":        "SKM_C25826110907150.pdf",
		"hard-unreadable-photo-of-list.eml":      "IMG_4821.jpeg",
	}
	for path, raw := range developed(t) {
		var got []string
		for _, u := range partners.Parse(partners.Read(raw)).Unread {
			got = append(got, u.Name)
		}
		if name := path + ".eml"; strings.Join(got, "; ") != want[filepath.Base(name)] {
			t.Errorf("%s: unread %q, want %q", name, got, want[name])
		}
	}
}
