package intake

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadmail/rules"
)

// stated fails where a prospect says what the text does not.
func stated(t *testing.T, text string, blocks []*block) {
	t.Helper()
	all := fold(text)
	for _, b := range blocks {
		for _, f := range []rules.Field{rules.FirstName, rules.LastName, rules.Company} {
			for _, w := range tokens(b.Get(f)) {
				if !strings.Contains(all, w.w) {
					t.Fatalf("%s %q is not in the file", f, b.Get(f))
				}
			}
		}
		if b.count() == 0 {
			t.Fatalf("a prospect without a field: %+v", b.Reading)
		}
	}
}

// FuzzList: any text is read as a list without panic, in bounds, and states what
// it says. The separator is what readCSV makes of it.
func FuzzList(f *testing.F) {
	for _, s := range []string{
		"First name,Last name,Email,Company\nAmy,\"Co\"\"le\",amy@basalt.example,\"Ba\nsalt\"\n", "sep=|\nName|Mail\n\"|x|\"|\n", "\"a,b\"\n\"c,d\"\n",
		"Firma;Name;Vorname;Mail;Art\nX GmbH;Y;Z;z@x.example;QL\n\";\";do.;;\n", "Email\na@b.example\n", "Field,A,B\nName,Amy Cole,Ben Hale\nEmail,a@b.example,c@d.example\nCompany,X,Y\n",
		"Amy,Cole,amy.cole@basalt.example,basalt.example,Basalt Ltd,QL\n", "Name^Email^Type\nAmy^a@b.example^MC\n", "Managed customers\nName\tEmail\tCompany\nAmy\ta@b.example\tX\nTotal\t1\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		p := parser{m: &Message{}}
		blocks, _, _ := p.file(part{name: "a.csv", mediaType: "text/csv", path: "2", data: []byte(text), attached: true}, 0, 50)
		if len(blocks) > 50 {
			t.Fatalf("%d prospects", len(blocks))
		}
		decoded, _ := fileText([]byte(text), "")
		stated(t, decoded+" "+text+" "+cleanCell(decoded), blocks)
		for _, b := range blocks {
			if b.Source != nil && (b.Source.Row < 1 || b.Source.Row > strings.Count(decoded, "\n")+strings.Count(decoded, "\r")+1) {
				t.Fatalf("row %d of %q", b.Source.Row, decoded)
			}
		}
	})
}

// FuzzWorkbook: any archive is read or refused.
func FuzzWorkbook(f *testing.F) {
	f.Add(workbook([][]string{{"Name", "Email", "Company"}, {"Amy Cole", "amy@basalt.example", "Basalt"}}))
	for _, pattern := range []string{"testdata/registrations/*xlsx*.eml", "testdata/further/*xlsx*.eml"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			for _, a := range partners.Read(raw).Attachments {
				f.Add(a.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		blocks, _, _ := readArchive(part{name: "a.xlsx", path: "2", data: data}, &rules.Place{}, ".xlsx", 50)
		if len(blocks) > 50 {
			t.Fatalf("%d prospects", len(blocks))
		}
	})
}

// FuzzCard: any text is read as cards without panic, and states what they say.
func FuzzCard(f *testing.F) {
	for _, s := range []string{
		"BEGIN:VCARD\nVERSION:3.0\nN:Cole;Amy;;Dr.;\nORG:Basalt\\, Ltd;Sales\nitem1.EMAIL;type=WORK:amy@basalt.example\nPHOTO;ENCODING=b:AAAA\n BBBB\nEND:VCARD\n",
		"BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Gr=C3=BC;Hei=\nke\nNOTE;BASE64:QUFB\n\nEND:VCARD\n",
		"BEGIN:VCARD\nVERSION:4.0\nFN:Ayu\nEMAIL;PREF=1:ayu@batik.example\nURL;VALUE=uri:https\\://batik.example\nCATEGORIES:managed customer\nBEGIN:VCARD\nEND:VCARD",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		p := parser{m: &Message{}}
		blocks := p.cardFile(part{name: "a.vcf", path: "2", data: []byte(text)})
		for _, b := range blocks {
			if b.count() == 0 || b.at.Line < 1 {
				t.Fatalf("%+v", b)
			}
		}
	})
}
