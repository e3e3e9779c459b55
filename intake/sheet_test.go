package intake

import (
	"archive/zip"
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"leadmail/rules"
)

// workbook writes rows as the first sheet of a workbook.
func workbook(rows [][]string) []byte {
	f := excelize.NewFile()
	defer f.Close()
	for r, row := range rows {
		for c, v := range row {
			name, _ := excelize.CoordinatesToCellName(c+1, r+1)
			f.SetCellValue("Sheet1", name, v)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

func booked(t *testing.T, fill func(f *excelize.File)) enclosure {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return enclosure{"list.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b.String()}
}

func setRows(f *excelize.File, sheet, at string, rows ...[]any) {
	col, line, _ := excelize.CellNameToCoordinates(at)
	for i := range rows {
		name, _ := excelize.CoordinatesToCellName(col, line+i)
		f.SetSheetRow(sheet, name, &rows[i])
	}
}

func TestWorkbooks(t *testing.T) {
	t.Parallel()
	head := []any{"Company", "Contact", "E-mail", "Website", "Type"}
	for _, c := range []struct {
		name string
		fill func(f *excelize.File)
		want string
	}{
		{"the heading stands lower and to the right, a total below", func(f *excelize.File) {
			setRows(f, "Sheet1", "B2", []any{"Leads of Quill Partners"}, nil, []any{"Stand", 45000})
			setRows(f, "Sheet1", "C7", head, []any{"Basalt", "Amy Cole", "amy@basalt.example", "basalt.example", "QL"}, nil, []any{"Orchid", "Ben Hale", "ben@orchid.example", "", "MC"})
			setRows(f, "Sheet1", "C12", []any{"Total", 2})
		}, "Amy | Cole | amy@basalt.example | basalt.example | Basalt | Q\nBen | Hale | ben@orchid.example |  | Orchid | M"},
		{"further sheets count, hidden ones do not", func(f *excelize.File) {
			setRows(f, "Sheet1", "A1", []any{"Read me first: fill in the next sheet"})
			f.NewSheet("North")
			f.NewSheet("South")
			f.NewSheet("Old")
			setRows(f, "North", "A1", head, []any{"Basalt", "Amy Cole", "amy@basalt.example", "", "QL"})
			setRows(f, "South", "A1", head, []any{"Orchid", "Ben Hale", "ben@orchid.example", "", "MC"})
			setRows(f, "Old", "A1", head, []any{"Gone", "Cy Young", "cy@gone.example", "", "MC"})
			f.SetSheetVisible("Old", false)
		}, "Amy | Cole | amy@basalt.example |  | Basalt | Q\nBen | Hale | ben@orchid.example |  | Orchid | M"},
		{"a hidden row is not read", func(f *excelize.File) {
			setRows(f, "Sheet1", "A1", head, []any{"Basalt", "Amy Cole", "amy@basalt.example", "", "QL"}, []any{"Orchid", "Ben Hale", "ben@orchid.example", "", "MC"})
			f.SetRowVisible("Sheet1", 2, false)
		}, "Ben | Hale | ben@orchid.example |  | Orchid | M"},
		{"cells merged over rows", func(f *excelize.File) {
			setRows(f, "Sheet1", "A1", head, []any{"Basalt", "Amy Cole", "amy@basalt.example", "basalt.example", "QL"}, []any{"", "Zed Cole", "zed@basalt.example", "", ""})
			f.MergeCell("Sheet1", "A2", "A3")
			f.MergeCell("Sheet1", "E2", "E3")
		}, "Amy | Cole | amy@basalt.example | basalt.example | Basalt | Q\nZed | Cole | zed@basalt.example |  | Basalt | Q"},
		{"links behind words", func(f *excelize.File) {
			setRows(f, "Sheet1", "A1", head, []any{"Basalt", "Amy Cole", "write to Amy", "our site", "QL"}, []any{"Orchid", "Ben Hale", "ben@orchid.example", "www.orchid.example", "QL"})
			f.SetCellHyperLink("Sheet1", "C2", "mailto:amy@basalt.example", "External")
			f.SetCellHyperLink("Sheet1", "D2", "https://basalt.example/shop", "External")
			f.SetCellHyperLink("Sheet1", "D3", "https://tracker.test/?x=1", "External")
		}, "Amy | Cole | amy@basalt.example | https://basalt.example/shop | Basalt | Q\nBen | Hale | ben@orchid.example | www.orchid.example | Orchid | Q"},
		{"a group over the whole width", func(f *excelize.File) {
			setRows(f, "Sheet1", "A1", head[:4], []any{"Managed customers"}, []any{"Basalt", "Amy Cole", "amy@basalt.example", ""})
			f.MergeCell("Sheet1", "A2", "D2")
		}, "Amy | Cole | amy@basalt.example |  | Basalt | M"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sameLines(t, briefs(mailWith("Please register the attached.", "", booked(t, c.fill))), c.want)
		})
	}
}

// TestSourceRows: each reading knows its row, so that the list can go back.
func TestSourceRows(t *testing.T) {
	t.Parallel()
	book := booked(t, func(f *excelize.File) {
		setRows(f, "Sheet1", "B3", []any{"Company", "Name", "Email"}, []any{"Basalt", "Amy Cole", "amy@basalt.example"}, nil, []any{"Orchid", "Ben Hale", "ben@orchid.example"})
	})
	list := enclosure{"list.csv", "text/csv", "our leads\n\"x\ny\"\nCompany;Name;Email\nDune;Omar Said;omar@dune.example\n"}
	q := partners.Parse(partners.Read(mailWith("Please register both files.", "", book, list)))
	var got []string
	for _, p := range q.Prospects {
		got = append(got, fmt.Sprintf("%s %+v %+v", p.Company, *p.Source, p.Spans[rules.Company]))
	}
	sameLines(t, got, `Basalt {Attachment:0 Name:list.xlsx Sheet:Sheet1 Comma: Row:4 Heading:3} {Part:2 Line:4 From:2 To:2}
		Orchid {Attachment:0 Name:list.xlsx Sheet:Sheet1 Comma: Row:6 Heading:3} {Part:2 Line:6 From:2 To:2}
		Dune {Attachment:1 Name:list.csv Sheet: Comma:; Row:5 Heading:4} {Part:3 Line:5 From:0 To:4}`)
}

// TestFileAndText: a list that is both pasted and attached is one; what the text
// says counts, and the file fills up.
func TestFileAndText(t *testing.T) {
	t.Parallel()
	raw := mailWith("Please register, also attached:\n\nName\tEmail\tCompany\nAmy Cole\tamy@basalt.example\tBasalt Quarries\n", "",
		enclosure{"a.csv", "text/csv", "Name,Email,Company,Website\nAmy Cole,AMY@basalt.example,Basalt,basalt.example\nBen Hale,ben@orchid.example,Orchid,orchid.example\n"})
	sameLines(t, briefs(raw), "Amy | Cole | amy@basalt.example | basalt.example | Basalt Quarries | \nBen | Hale | ben@orchid.example | orchid.example | Orchid | ")
}

// TestUnread: what cannot be read is named, a bomb is quarantined and costs
// nothing, and the rest of the mail is read all the same (MAIL.md 110, 123). It counts
// what the process allocates, so nothing runs beside it.
func TestUnread(t *testing.T) {
	pack := func(fill func(z *zip.Writer)) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		fill(z)
		z.Close()
		return b.String()
	}
	zeros := func(z *zip.Writer, name string, n int) {
		w, _ := z.Create(name)
		block := bytes.Repeat([]byte(" "), 1<<20)
		for range n {
			w.Write(block)
		}
	}
	good := enclosure{"good.csv", "text/csv", "Name,Email,Company\nAmy Cole,amy@basalt.example,Basalt\n"}
	for _, c := range []struct {
		name string
		file enclosure
		want rules.UnreadWhy
	}{
		{"a sheet of 150 MB", enclosure{"bomb.xlsx", "application/octet-stream", pack(func(z *zip.Writer) {
			zeros(z, "xl/workbook.xml", 1)
			zeros(z, "xl/worksheets/sheet1.xml", 150)
		})}, rules.UnreadBomb},
		{"shared texts of 30 MB", enclosure{"bomb.xlsx", "application/octet-stream", pack(func(z *zip.Writer) {
			zeros(z, "xl/workbook.xml", 1)
			zeros(z, "xl/sharedStrings.xml", 30)
		})}, rules.UnreadBomb},
		{"two thousand entries", enclosure{"bomb.xlsx", "application/octet-stream", pack(func(z *zip.Writer) {
			for i := range 2000 {
				z.Create(fmt.Sprint("xl/", i))
			}
		})}, rules.UnreadBomb},
		{"an old workbook", enclosure{"old.xls", "application/vnd.ms-excel", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 ..."}, rules.UnreadFormat},
		{"an OpenDocument sheet", enclosure{"list.ods", "application/octet-stream", pack(func(z *zip.Writer) { zeros(z, "content.xml", 1) })}, rules.UnreadFormat},
		{"a damaged workbook", enclosure{"list.xlsx", "application/octet-stream", "PK\x03\x04 and then nothing"}, rules.UnreadFormat},
		{"an empty workbook", enclosure{"list.xlsx", "application/octet-stream", pack(func(z *zip.Writer) { z.Create("xl/workbook.xml") })}, rules.UnreadFormat},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := mailWith("Please register the attached.", "", c.file, good)
			q, cost, took := measured(raw)
			// What other tests left running allocates too: the least of three counts.
			for i := 0; i < 2 && (cost > 64<<20 || took > 2*time.Second); i++ {
				q, cost, took = measured(raw)
			}
			if len(q.Unread) != 1 || q.Unread[0].Name != c.file.name || q.Unread[0].Why != c.want || q.Unread[0].What == "" || len(q.Warnings) == 0 {
				t.Errorf("unread %+v, warnings %q", q.Unread, q.Warnings)
			}
			if len(q.Prospects) != 1 || q.Prospects[0].Company != "Basalt" {
				t.Errorf("the other file was not read: %+v", q.Prospects)
			}
			if cost > 64<<20 || took > 2*time.Second {
				t.Errorf("it cost %d MB and %v", cost>>20, took)
			}
		})
	}
}

// measured reads a mail, and says how many bytes the process allocated meanwhile
// and how long it took.
func measured(raw []byte) (q rules.Request, cost uint64, took time.Duration) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	q = partners.Parse(partners.Read(raw))
	took = time.Since(began)
	runtime.ReadMemStats(&after)
	return q, after.TotalAlloc - before.TotalAlloc, took
}

// TestLongList: a thousand prospects of a mail, and it says how many it left out.
func TestLongList(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("Name,Email,Company\n")
	for b.Len() < 17<<20 {
		fmt.Fprintf(&b, "Amy Cole,amy%d@basalt.example,Basalt %d\n", b.Len(), b.Len())
	}
	rows := strings.Count(b.String(), "\n") - 1
	raw := mailWith("Please register the attached.", "", enclosure{"long.csv", "text/csv", b.String()})
	began := time.Now()
	q := partners.Parse(partners.Read(raw))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	want := fmt.Sprintf("long.csv: %d rows beyond the first 1000 prospects were left out", rows-1000)
	if len(q.Prospects) != 1000 || !strings.Contains(strings.Join(q.Warnings, "\n"), want) {
		t.Errorf("%d prospects, warnings %q, want %q", len(q.Prospects), q.Warnings, want)
	}
}

// attachedText is what the attachments of a mail state, read in another way than
// the reader does: all cells of workbooks, cards and lists as bare text.
func attachedText(m Message) string {
	var b strings.Builder
	for _, p := range m.parts {
		if !p.attached {
			continue
		}
		if f, err := excelize.OpenReader(bytes.NewReader(p.data), excelize.Options{UnzipSizeLimit: maxInflated, UnzipXMLSizeLimit: maxInflated}); err == nil {
			for _, sheet := range f.GetSheetList() {
				rows, _ := f.GetRows(sheet)
				fmt.Fprintln(&b, rows)
			}
			f.Close()
			continue
		}
		text, _ := fileText(p.data, p.params["charset"])
		b.WriteString(text + "\n" + string(unquote([]byte(text))) + "\n")
	}
	return b.String()
}
