package notify

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"leadmail/rules"
	"leadmail/templates"
)

// TestAnsweredCSV: a text file comes back in its own dialect, with the columns
// behind its own and nothing in it that a spreadsheet would run.
func TestAnsweredCSV(t *testing.T) {
	t.Parallel()
	yes := [4]string{"registered", "", "R-7K4Q2M", "2026-11-22"}
	no := [4]string{"not registered", "it's taken; \"sorry\"", "R-9C3W6X", ""}
	for _, c := range []struct{ name, comma, in, want string }{
		{"commas, CRLF, a heading below a title, a short row", ",",
			"Leads\r\n\r\nName,Email,Note\r\nAmy,amy@basalt.example,\"met\r\ntwice\"\r\nBen,ben@orchid.example\r\nTotal,2\r\n",
			"Leads\r\n\r\nName,Email,Note,status,reason,reference,expires\r\nAmy,amy@basalt.example,\"met\r\ntwice\",registered,,R-7K4Q2M,2026-11-22\r\nBen,ben@orchid.example,,not registered,\"it's taken; \"\"sorry\"\"\",R-9C3W6X,\r\nTotal,2\r\n"},
		{"semicolons, Windows-1252, no line end at the end", ";",
			"\n\nFirma;Mail\nBr\xe4u;amy@basalt.example\n\nZw\xf6lf;ben@orchid.example",
			"\n\nFirma;Mail;status;reason;reference;expires\nBr\xe4u;amy@basalt.example;registered;;R-7K4Q2M;2026-11-22\n\nZw\xf6lf;ben@orchid.example;not registered;\"it's taken; \"\"sorry\"\"\";R-9C3W6X;"},
		{"a byte order mark, and formulas", ",",
			"\ufeffa\n\nName,Phone\nAmy,+1 555\n\"\"\n=cmd|' /C calc'!A0,\"@SUM(1)\"\n",
			"\ufeffa\n\nName,Phone,status,reason,reference,expires\nAmy,'+1 555,registered,,R-7K4Q2M,2026-11-22\n\"\"\n'=cmd|' /C calc'!A0,\"'@SUM(1)\",not registered,\"it's taken; \"\"sorry\"\"\",R-9C3W6X,\n"},
		{"a separator of its own in the first line", "|", "sep=|\r\n\r\nName|Mail\r\nAmy|amy@basalt.example\r\nx\r\nBen|ben@orchid.example\r\n",
			"sep=|\r\n\r\nName|Mail|status|reason|reference|expires\r\nAmy|amy@basalt.example|registered||R-7K4Q2M|2026-11-22\r\nx\r\nBen|ben@orchid.example|not registered|\"it's taken; \"\"sorry\"\"\"|R-9C3W6X|\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rows := []listRow{{row: 4, heading: 3, values: yes}, {row: 6, heading: 3, values: no}}
			got, err := answeredList([]byte(c.in), c.comma, rows)
			if err != nil || string(got) != c.want {
				t.Errorf("%v\n%q, want\n%q", err, got, c.want)
			}
			if !strings.Contains(c.in, "\xe4") {
				wide, err := answeredList(toUTF16([]byte(c.in), "\xff\xfe"), c.comma, rows)
				if err != nil || string(fromUTF16(wide)) != c.want {
					t.Errorf("UTF-16: %v\n%q", err, fromUTF16(wide))
				}
			}
		})
	}
	if _, err := answeredList([]byte("a,b\n"), ",", []listRow{{row: 9, values: yes}}); err == nil {
		t.Error("a row that is not there was answered")
	}
}

func testBook(t *testing.T) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		t.Fatal(err)
	}
	set := func(cell string, v any) {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	for cell, v := range map[string]any{"A1": "Our leads", "B3": "Name", "C3": "Email", "B4": "Amy", "C4": "amy@basalt.example", "B6": "=1+1", "C6": "ben@orchid.example", "E6": -5, "D1": "@home"} {
		set(cell, v)
	}
	f.SetCellFormula("Sheet1", "E4", "1+2")
	f.SetCellStyle("Sheet1", "B3", "E3", bold)
	f.NewSheet("Other")
	f.SetCellValue("Other", "A1", "kept")
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestAnsweredWorkbook: the workbook stays as it was, with the columns behind the
// widest row and headed in the heading's row and style.
func TestAnsweredWorkbook(t *testing.T) {
	t.Parallel()
	data := testBook(t)
	rows := []listRow{
		{sheet: "Sheet1", row: 4, heading: 3, values: [4]string{"registered", "", "R-7K4Q2M", "2026-11-22"}},
		{sheet: "Sheet1", row: 6, heading: 3, values: [4]string{"not registered", "it is taken", "R-9C3W6X", ""}},
	}
	out, err := answeredList(data, "", rows)
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for cell, want := range map[string]string{
		"A1": "Our leads", "D1": "'@home", "F3": "status", "G3": "reason", "H3": "reference", "I3": "expires",
		"F4": "registered", "G4": "", "H4": "R-7K4Q2M", "I4": "2026-11-22", "B6": "'=1+1", "E6": "-5", "F6": "not registered", "G6": "it is taken", "F5": "",
	} {
		if got, _ := f.GetCellValue("Sheet1", cell); got != want {
			t.Errorf("%s is %q, want %q", cell, got, want)
		}
	}
	if formula, _ := f.GetCellFormula("Sheet1", "E4"); formula != "1+2" {
		t.Errorf("the partner's own formula is %q", formula)
	}
	a, _ := f.GetCellStyle("Sheet1", "E3")
	if b, _ := f.GetCellStyle("Sheet1", "F3"); a == 0 || a != b {
		t.Errorf("the added heading has style %d, the others %d", b, a)
	}
	if v, _ := f.GetCellValue("Other", "A1"); v != "kept" {
		t.Errorf("the other sheet holds %q", v)
	}
	again, err := answeredList(data, "", rows)
	if err != nil || !bytes.Equal(out, again) {
		t.Errorf("the same list is not the same bytes twice (%v)", err)
	}
	if _, err := answeredList(data[:len(data)/2], "", rows); err == nil {
		t.Error("half a workbook was answered")
	}
}

// TestListsGoBack: the answer carries the list beside its words, as a mail that
// the standard library reads, the same bytes each time.
func TestListsGoBack(t *testing.T) {
	t.Parallel()
	set, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	r := New(set, Program{Name: "Partner Desk", Address: "partners@vendor.example", Policy: rules.DefaultPolicy()})
	at := func(row int) *rules.Place {
		return &rules.Place{Attachment: 1, Name: "Läden.csv", Comma: ";", Row: row, Heading: 1}
	}
	q := rules.Request{Prospects: []rules.Reading{{Source: at(2)}, {Source: at(3)}, {}}}
	judged := func(reading int, ref rules.Reference, o rules.Outcome, p rules.Prospect, why ...rules.Reason) rules.Judgement {
		return rules.Judgement{Reading: reading, Verb: rules.VerbRegister, Ref: ref, Decision: o, Reasons: why, Prospect: p}
	}
	ok := judged(0, "R-7K4Q2M", rules.Accepted, rules.Prospect{Company: "Basalt"})
	ok.Term = rules.Term{N: 1, From: "2026-05-22", Until: "2026-11-22"}
	d := rules.Decision{Reply: rules.ReplyVerdicts, Today: "2026-05-22", Judgements: []rules.Judgement{ok,
		judged(1, "R-9C3W6X", rules.NeedsInfo, rules.Prospect{Company: "Orchid"}, rules.Reason{Code: rules.MissingField, Field: rules.URL}),
		judged(2, "R-2WX8KM", rules.Rejected, rules.Prospect{Company: "Dune"}, rules.Reason{Code: rules.Conflict}),
	}}
	o := Original{From: "pat@partner.example", Subject: "leads", MessageID: "1@partner.example", Files: []File{
		{Name: "logo.png", MediaType: "image/png", Data: []byte("png")},
		{Name: "Läden.csv", MediaType: "text/csv", Data: []byte("Firma;Mail\r\nBasalt;amy@basalt.example\r\nOrchid;ben@orchid.example\r\n")},
	}}
	id := Identity{MessageID: "17.1@vendor.example", Date: time.Date(2026, 5, 22, 9, 0, 0, 0, time.UTC), Boundary: "b17"}
	partner := &rules.Partner{ID: "pat", Name: "Pat"}
	got, err := r.Reply(d, q, o, partner, id)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.Reply(d, q, o, partner, id); err != nil || !bytes.Equal(got.Raw, again.Raw) {
		t.Errorf("the same answer is not the same bytes twice (%v)", err)
	}
	if !strings.Contains(got.Text, "Your list comes back with this mail, with what became of each row: Läden.csv.") {
		t.Errorf("the words do not name the list:\n%s", got.Text)
	}
	m, err := netmail.ReadMessage(bytes.NewReader(got.Raw))
	if err != nil {
		t.Fatal(err)
	}
	media, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || media != "multipart/mixed" {
		t.Fatalf("%q, %v", media, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	first, err := parts.NextRawPart()
	if err != nil || !strings.HasPrefix(first.Header.Get("Content-Type"), "multipart/alternative") {
		t.Fatalf("%v, %v", first, err)
	}
	if b, err := io.ReadAll(first); err != nil || !bytes.Contains(b, []byte("text/html")) {
		t.Errorf("the words: %v", err)
	}
	second, err := parts.NextRawPart()
	if err != nil || second.FileName() != "Läden.csv" {
		t.Fatalf("%v %v", second, err)
	}
	b, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, second))
	want := "Firma;Mail;status;reason;reference;expires\r\nBasalt;amy@basalt.example;registered;;R-7K4Q2M;2026-11-22\r\nOrchid;ben@orchid.example;not registered yet;needs its website;R-9C3W6X;\r\n"
	if err != nil || string(b) != want {
		t.Errorf("%v\n%q, want\n%q", err, b, want)
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("something follows: %v", err)
	}
	for l := range strings.SplitSeq(string(got.Raw), "\r\n") {
		if len(l) > 998 || strings.ContainsAny(l, "\r\n") {
			t.Errorf("a line of %d bytes", len(l))
		}
	}
}
