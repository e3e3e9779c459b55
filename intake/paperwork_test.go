package intake

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadmail/rules"
)

// attached is a mail with files of those names; an empty content is the shortest PDF.
func attached(subject, text string, names ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "From: pat@partner.example\nTo: partners@vendor.example\nSubject: %s\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n%s\n", subject, text)
	for i, name := range names {
		fmt.Fprintf(&b, "--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"%s\"\n\n%%PDF-1.4 %d\n", name, i)
	}
	b.WriteString("--b--\n")
	return []byte(b.String())
}

func TestForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, subject, text string
		files               []string
		want                string
	}{
		{"the file's name", "Documents", "As discussed.", []string{"Form W-8BEN-E signed.pdf"}, "w8bene"},
		{"an underscore and a date", "Forms", "Here you go.", []string{"W9_Acme_2026-03-14.pdf", "ACH_Wire_Form.pdf"}, "w9 ach_wire"},
		{"the IRS's own names", "Forms", "Here you go.", []string{"fw8ben.pdf", "fw9 Lindgren.pdf"}, "w8ben w9"},
		{"joined to a name", "Forms", "Here you go.", []string{"AcmeW9.pdf", "W8BENEsigned.pdf"}, "w9 w8bene"},
		{"dots and dashes", "Forms", "Here you go.", []string{"w.9.pdf", "ach-wire-lozada.pdf", "W-8-BEN.PDF"}, "w9 ach_wire w8ben"},
		{"bank details", "Forms", "Attached.", []string{"Bank details form.pdf"}, "ach_wire"},
		{"the wire form", "Forms", "Attached.", []string{"wire_form_kralj.pdf"}, "ach_wire"},
		{"a W-8 of a kind that nobody says", "Forms", "Attached.", []string{"W-8.pdf"}, "tax_form"},
		{"said in the text", "Forms", "The W-8BEN-E is attached.", []string{"W-8.pdf"}, "w8bene"},
		{"a scan, and what it is", "Hello", "Attached is my W-9.", []string{"scan.pdf"}, "w9"},
		{"two scans and two kinds: nobody can tell which is which", "Hello", "Attached is my W-9 and the ACH form.", []string{"scan1.pdf", "scan2.pdf"}, "unknown unknown"},
		{"one scan and two kinds: one file is one form", "Hello", "Attached is my W-9 and the ACH form.", []string{"scan.pdf"}, "unknown"},
		{"one of the two is named", "Hello", "Attached is my W-9 and the ACH form.", []string{"scan.pdf", "ach.pdf"}, "w9 ach_wire"},
		{"two kinds in one name", "Hello", "Attached.", []string{"W9_and_ACH.pdf"}, "unknown"},
		{"one comes by post", "Re: revenue share", "The wire form is attached (scan, hope it's readable), the W-8BEN will follow by post since it needs the original stamp.", []string{"scan0042.pdf"}, "ach_wire"},
		{"both are promised, a third comes", "Hello", "Our W-8BEN is attached. The W-9 and the ACH form follow next week.", []string{"scan.pdf"}, "w8ben"},
		{"Portuguese: W-8BEN e", "Formulários", "Segue em anexo o W-8BEN e os nossos cumprimentos.", []string{"digitalizado.pdf"}, "w8ben"},
		{"Spanish, two scans", "Formularios", "Les adjunto el formulario ACH/Wire con los datos de nuestra cuenta y el W-8BEN firmado.", []string{"SCAN_0031.pdf", "SCAN_0032.pdf"}, "unknown unknown"},
		{"only the subject says it", "W-9", "Here you go.", []string{"scan.pdf"}, "w9"},
		{"the tax forms, and nobody says which", "Hello", "Attached are the tax forms.", []string{"a.pdf", "b.pdf"}, "unknown unknown"},
		{"a brochure beside it", "Hello", "Attached is my W-9.", []string{"brochure.pdf", "scan.pdf"}, "w9"},
		{"a list of leads beside it", "Hello", "Attached is my W-9.", []string{"leads.pdf", "W9.pdf"}, "w9"},
		{"a contract alone", "Hello", "Please find attached the signed contract.", []string{"contract.pdf"}, ""},
		{"a question", "Question", "How do I send you my W-9?", nil, ""},
		{"a question with a file", "Question", "Is this the right contact? Where does the W-9 go?", []string{"acme.pdf"}, ""},
		{"nothing is attached", "W-9", "Attached is my W-9.", nil, ""},
		{"numbers in the name are hidden", "Forms", "Attached.", []string{"W-9 123-45-6789 Pat.pdf", "ACH 000123456789.pdf"}, "w9 ach_wire"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := Reader{}.Read(attached(c.subject, c.text, c.files...))
			q := Reader{}.Parse(m)
			var got []string
			for _, f := range q.Forms {
				got = append(got, string(f.Kind))
				if f.Size == 0 || len(f.SHA256) != 64 || f.State != "" || digits(formInName.ReplaceAllString(f.Name, "")) > fewDigits {
					t.Errorf("%+v", f)
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%q, want %q (%+v)", s, c.want, q.Items)
			}
			if len(q.Forms) > 0 && !q.OnForms {
				t.Error("it brings forms and does not speak of them")
			}
		})
	}
}

// A form is never read, whatever kind of file it is and however it is shown.
func TestAFormIsNeverRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, media, content string }{
		{"W-9.txt", "text/plain", "Company: Secret Ltd\nEmail: a@secret.example\nURL: https://secret.example"},
		{"ACH form.csv", "text/csv", "Company,First name,Last name,Email,URL\nSecret Ltd,Ada,Okafor,a@secret.example,secret.example"},
		{"W8BEN-E.html", "text/html", "<p>Company: Secret Ltd</p><p>Email: a@secret.example</p>"},
		{"fw9.vcf", "text/vcard", "BEGIN:VCARD\nVERSION:3.0\nFN:Ada Okafor\nORG:Secret Ltd\nEMAIL:a@secret.example\nEND:VCARD"},
	} {
		for _, disposition := range []string{"inline", "attachment", ""} {
			raw := "From: pat@partner.example\nSubject: Forms\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nAttached.\n--b\nContent-Type: " + c.media + "; name=\"" + c.name + "\"\n"
			if disposition != "" {
				raw += "Content-Disposition: " + disposition + "; filename=\"" + c.name + "\"\n"
			}
			m := Reader{}.Read([]byte(raw + "\n" + c.content + "\n--b--\n"))
			q := Reader{}.Parse(m)
			if len(q.Prospects) > 0 || len(q.Forms) != 1 || strings.Contains(strings.ToLower(m.Text), "secret") {
				t.Errorf("%s, %q: %+v, %+v, %q", c.name, disposition, q.Prospects, q.Forms, m.Text)
			}
		}
	}
	list := Reader{}.Parse(Reader{}.Read(mixed("\nOur leads.", file("payment form leads.csv", "text/csv", []byte("Company,First name,Last name,Email,URL\nAcme,Ada,Okafor,a@acme.example,acme.example")))))
	if len(list.Prospects) != 1 || len(list.Forms) != 0 {
		t.Errorf("a list is taken for a form: %+v", list)
	}
}

// A form keeps its kind when its file is renamed by what people and programs add.
func TestAFormKeepsItsKind(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]struct {
			name string
			kind rules.FormKind
		}{{"W-9", rules.FormW9}, {"w9", rules.FormW9}, {"fw9", rules.FormW9}, {"W-8BEN", rules.FormW8BEN}, {"w8ben", rules.FormW8BEN}, {"W-8BEN-E", rules.FormW8BENE}, {"fw8bene", rules.FormW8BENE},
			{"ACH", rules.FormACH}, {"ACH_Wire_Form", rules.FormACH}, {"wire-form", rules.FormACH}}).Draw(t, "form")
		gap := rapid.SampledFrom([]string{" ", "_", "-", ".", " - ", "__"}).Draw(t, "gap")
		some := rapid.SampledFrom([]string{"", "Acme", "2026", "signed", "final", "2026-03-14", "(1)", "Müller GmbH", "scan"})
		name := kind.name
		if s := some.Draw(t, "before"); s != "" {
			name = s + gap + name
		}
		if s := some.Draw(t, "after"); s != "" {
			name += gap + s
		}
		if got := formsNamed(name + ".pdf"); len(got) != 1 || got[0] != kind.kind {
			t.Fatalf("%q names %v, want %s", name, got, kind.kind)
		}
	})
}

func TestNumbersAreHidden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, private, all string }{
		{"IBAN: DE89 3704 0044 0532 0130 00, thanks", "IBAN: DE## #### #### #### #### ##, thanks", ""},
		{"gb82west12345698765432", "gb####################", ""},
		{"DE89 3704 0044 0532 0130 01 is nothing", "DE89 3704 0044 0532 0130 01 is nothing", "DE## #### #### #### #### ## is nothing"},
		{"My SSN is 123-45-6789.", "My SSN is ###-##-####.", ""},
		{"EIN 12-3456789", "EIN ##-#######", ""},
		{"Routing 021000021\nAccount number 000123456789", "Routing #########\nAccount number ############", ""},
		{"Account number:\n000123456789\nRoom 12345", "Account number:\n############\nRoom 12345", "Account number:\n############\nRoom #####"},
		{"call 312 555 0143", "call 312 555 0143", "call ### ### ####"},
		{"ein Termin am 14.03.2026", "ein Termin am 14.03.2026", "ein Termin am ##.##.####"},
		{"RENEW R-123456 in 2026", "RENEW R-123456 in 2026", "RENEW R-123456 in 2026"},
		{"١٢٣٤٥٦٧٨٩", "١٢٣٤٥٦٧٨٩", "#########"},
	} {
		if got := maskPrivate(c.text); got != c.private {
			t.Errorf("%q: %q, want %q", c.text, got, c.private)
		}
		want := c.all
		if want == "" {
			want = c.private
		}
		if got := maskNumbers(c.text); got != want {
			t.Errorf("%q in a mail about forms: %q, want %q", c.text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-z ]{0,6}[0-9 .-]{0,14}){1,6}`).Draw(t, "text")
		run := 0
		for _, r := range maskNumbers(text) {
			if r >= '0' && r <= '9' {
				run++
			} else if r >= 'a' && r <= 'z' {
				run = 0
			}
			if run > 2*fewDigits { // two short numbers a long gap apart
				t.Fatalf("%q became %q", text, maskNumbers(text))
			}
		}
		if once := maskNumbers(text); maskNumbers(once) != once || maskPrivate(maskPrivate(text)) != maskPrivate(text) {
			t.Fatalf("%q is not hidden at once", text)
		}
	})
}

// What is kept of a mail about forms holds none of its longer numbers, wherever they
// stood.
func TestDiscreet(t *testing.T) {
	t.Parallel()
	m := Reader{}.Read(attached("W-9 of 12-3456789", "Attached is my W-9. My account is 000987654321. And is 555443322 the right routing number?", "W-9 123456789.pdf"))
	m, q := Discreet(m, Reader{}.Parse(m))
	all := fmt.Sprintf("%s %s %+v", m.Text, m.Subject, q)
	for _, secret := range []string{"12-3456789", "000987654321", "555443322", "123456789"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is kept: %s", secret, all)
		}
	}
	if !q.Hidden || !q.OnForms || q.Subject != "W-9 of ##-#######" {
		t.Errorf("%+v", q)
	}
	lead := Reader{}.Read(attached("A lead", "Company: Acme\nPhone: 312 555 0143\nURL: https://acme123456.example"))
	kept, q := Discreet(lead, Reader{}.Parse(lead))
	if kept.Text != lead.Text || q.Hidden {
		t.Errorf("a lead's text is changed: %q", kept.Text)
	}
}
