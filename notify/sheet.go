package notify

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"leadmail/rules"
	"leadmail/templates"
)

// A list that came as a file goes back with the answer as the same kind of file,
// with what became of each row in columns behind its own. The rest of the file
// stays as it was, but for cells that a spreadsheet would run as formulas
// (MAIL.md 117): those of a stranger's list have passed through us, so we answer
// for them.

// File is an attachment of the mail that is answered.
type File struct {
	Name, MediaType string
	Data            []byte
}

// maxReturned bounds what goes back in one mail: the answer says the same in
// words, and a large file goes back to nobody's profit.
const maxReturned = 2 << 20

// listRow is what became of one row.
type listRow struct {
	sheet        string
	row, heading int
	values       [4]string // status, reason, reference, expires
}

// listColumns head the columns that are added.
var listColumns = [4]string{"status", "reason", "reference", "expires"}

// returned makes the lists that go back with an answer.
func (r *Renderer) returned(verdicts []templates.Verdict, d rules.Decision, q rules.Request, o Original) ([]File, error) {
	rows, comma := map[int][]listRow{}, map[int]string{}
	for i, j := range d.Judgements {
		if j.Reading < 0 || j.Reading >= len(q.Prospects) || i >= len(verdicts) {
			continue
		}
		at := q.Prospects[j.Reading].Source
		if at == nil || at.Attachment < 0 || at.Attachment >= len(o.Files) || at.Row < 1 {
			continue
		}
		v := verdicts[i]
		status, err := r.set.Say("row_status", v)
		if err != nil {
			return nil, err
		}
		reason, err := r.set.Say("row_reason", v)
		if err != nil {
			return nil, err
		}
		comma[at.Attachment] = at.Comma
		rows[at.Attachment] = append(rows[at.Attachment], listRow{sheet: at.Sheet, row: at.Row, heading: at.Heading,
			values: [4]string{clean(status, maxValue), clean(reason, maxValue), string(v.Ref), string(v.Until)}})
	}
	var out []File
	size := 0
	for i, f := range o.Files {
		if len(rows[i]) == 0 || len(f.Data) > maxReturned {
			continue
		}
		data, err := answeredList(f.Data, comma[i], rows[i])
		if size += len(data); err != nil || size > maxReturned {
			continue // the words of the answer say it all the same
		}
		name, media := clean(f.Name, 120), "text/csv; charset=utf-8"
		if comma[i] == "" {
			media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		} else if !utf8.Valid(data) {
			media = "text/csv"
		}
		if name == "" {
			if name = "list.csv"; comma[i] == "" {
				name = "list.xlsx"
			}
		}
		out = append(out, File{Name: name, MediaType: media, Data: data})
	}
	return out, nil
}

func answeredList(data []byte, comma string, rows []listRow) ([]byte, error) {
	if comma == "" {
		return answeredWorkbook(data, rows)
	}
	for _, mark := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(mark)) {
			text, err := answeredCSV(fromUTF16(data), comma[0], rows)
			return toUTF16(text, mark), err
		}
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, errors.New("a list in an encoding that is not known")
	}
	return answeredCSV(data, comma[0], rows)
}

// neutral takes from a cell what makes a spreadsheet run it.
func neutral(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// record is a row of a text file: where its cells begin, where it ends and which
// lines it covers.
type record struct {
	cells       []int
	end         int
	first, last int
}

// records finds the rows of a text file. It reads quotation marks as intake does:
// the two must agree about where a row ends (TestListAgreesWithIntake).
func records(b []byte, comma byte) []record {
	var out []record
	line, i := 1, 0
	if head, _, _ := bytes.Cut(b, []byte("\n")); len(head) > 0 {
		bare := bytes.Trim(bytes.TrimPrefix(head, []byte("\ufeff")), "\" \r")
		if len(bare) >= 4 && strings.EqualFold(string(bare[:4]), "sep=") {
			line, i = 2, min(len(head)+1, len(b))
		}
	}
	if i == 0 {
		i = len(b) - len(bytes.TrimPrefix(b, []byte("\ufeff")))
	}
	for i < len(b) {
		r := record{first: line}
		for {
			for i < len(b) && b[i] == ' ' {
				i++
			}
			r.cells = append(r.cells, i)
			if i < len(b) && b[i] == '"' {
				if end := closing(b, i, comma); end > 0 {
					line += bytes.Count(b[i:end], []byte("\n"))
					i = end
				}
			}
			for i < len(b) && b[i] != comma && b[i] != '\n' && b[i] != '\r' {
				i++
			}
			if i < len(b) && b[i] == comma {
				i++
				continue
			}
			break
		}
		r.end, r.last = i, line
		out = append(out, r)
		if i < len(b) {
			if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
				i++
			}
			i++
			line++
		}
	}
	return out
}

// closing is where a quoted cell ends; 0 where its mark is not closed.
func closing(b []byte, i int, comma byte) int {
	const longest = 8000
	if i+1 < len(b) && b[i+1] == comma {
		return 0 // a ditto mark
	}
	odd := false // a mark inside that is neither doubled nor the last
	for k := i + 1; k < len(b) && k < i+longest; k++ {
		if b[k] != '"' {
			if odd && b[k] == '\n' {
				return 0
			}
			continue
		}
		if k+1 < len(b) && b[k+1] == '"' {
			k++
			continue
		}
		n := k + 1
		for n < len(b) && b[n] == ' ' {
			n++
		}
		if n == len(b) || b[n] == comma || b[n] == '\n' || b[n] == '\r' {
			if (b[i+1] == '\n' || b[i+1] == '\r') && bytes.IndexByte(b[i:k], comma) >= 0 {
				return 0 // a ditto mark at the line's end
			}
			return k + 1
		}
		odd = true
	}
	return 0
}

// answeredCSV writes the columns behind those of a text file, in its own dialect.
func answeredCSV(b []byte, comma byte, rows []listRow) ([]byte, error) {
	all := records(b, comma)
	find := func(line int) int {
		at, found := slices.BinarySearchFunc(all, line, func(r record, line int) int {
			switch {
			case r.last < line:
				return -1
			case r.first > line:
				return 1
			}
			return 0
		})
		if !found {
			return -1
		}
		return at
	}
	added := map[int][4]string{}
	width := 0
	for _, r := range rows {
		at := find(r.row)
		if at < 0 {
			return nil, errors.New("a row of the list is not where it was read")
		}
		added[at] = r.values
		width = max(width, len(all[at].cells))
		if h := find(r.heading); r.heading > 0 && h >= 0 {
			added[h] = listColumns
			width = max(width, len(all[h].cells))
		}
	}
	unicode := utf8.Valid(b)
	var out bytes.Buffer
	out.Grow(len(b) + 64*len(rows))
	from := 0
	for n, r := range all {
		for _, at := range r.cells {
			if at < len(b) && b[at] == '"' && closing(b, at, comma) > 0 {
				at++
			}
			if at < r.end && strings.IndexByte("=+-@\t\r", b[at]) >= 0 && b[at] != comma {
				out.Write(b[from:at])
				out.WriteByte('\'')
				from = at
			}
		}
		values, is := added[n]
		if !is {
			continue
		}
		out.Write(b[from:r.end])
		from = r.end
		for range width - len(r.cells) {
			out.WriteByte(comma)
		}
		for _, v := range values {
			out.WriteByte(comma)
			out.WriteString(quoted(neutral(v), comma, unicode))
		}
	}
	out.Write(b[from:])
	return out.Bytes(), nil
}

// quoted writes a cell. In a file of another encoding than UTF-8 only what all of
// them share can be written.
func quoted(s string, comma byte, unicode bool) string {
	if !unicode {
		s = strings.Map(func(r rune) rune {
			if r >= utf8.RuneSelf {
				return '?'
			}
			return r
		}, s)
	}
	if strings.ContainsAny(s, "\"\r\n"+string(rune(comma))) {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

func fromUTF16(b []byte) []byte {
	little := b[0] == 0xff
	u := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		if little {
			u = append(u, uint16(b[i])|uint16(b[i+1])<<8)
		} else {
			u = append(u, uint16(b[i])<<8|uint16(b[i+1]))
		}
	}
	return []byte(string(utf16.Decode(u)))
}

func toUTF16(b []byte, mark string) []byte {
	out := []byte(mark)
	for _, u := range utf16.Encode([]rune(string(b))) {
		if mark[0] == 0xff {
			out = append(out, byte(u), byte(u>>8))
		} else {
			out = append(out, byte(u>>8), byte(u))
		}
	}
	return out
}

// mostCells bounds the sheet that is looked through for formulas; a larger one
// does not go back.
const mostCells = 100_000

// answeredWorkbook writes the columns behind those of the sheets, in the row of
// the heading and in its style. All else in the workbook stays.
func answeredWorkbook(data []byte, rows []listRow) (out []byte, err error) {
	defer func() {
		// The library reads what strangers wrote.
		if recover() != nil {
			out, err = nil, errors.New("a workbook that cannot be written again")
		}
	}()
	const most = 100 << 20 // what intake has let through (MAIL.md, "Archives")
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: most, UnzipXMLSizeLimit: most})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	width, cells := map[string]int{}, 0
	for _, sheet := range f.GetSheetList() {
		it, err := f.Rows(sheet)
		if err != nil {
			return nil, err
		}
		for n := 1; it.Next(); n++ {
			values, err := it.Columns()
			if err != nil {
				return nil, err
			}
			if cells += 1 + len(values); cells > mostCells {
				return nil, errors.New("a workbook that is larger than a list")
			}
			width[sheet] = max(width[sheet], len(values))
			for c, v := range values {
				if neutral(v) == v {
					continue
				}
				name, err := excelize.CoordinatesToCellName(c+1, n)
				if err != nil {
					return nil, err
				}
				kind, err := f.GetCellType(sheet, name)
				if err != nil {
					return nil, err
				}
				if formula, _ := f.GetCellFormula(sheet, name); formula == "" && (kind == excelize.CellTypeSharedString || kind == excelize.CellTypeInlineString) {
					if err := f.SetCellStr(sheet, name, neutral(v)); err != nil {
						return nil, err
					}
				}
			}
		}
		if err := errors.Join(it.Error(), it.Close()); err != nil {
			return nil, err
		}
	}
	write := func(sheet string, line int, values [4]string) error {
		style := 0
		if width[sheet] > 0 {
			if name, err := excelize.CoordinatesToCellName(width[sheet], line); err == nil {
				style, _ = f.GetCellStyle(sheet, name)
			}
		}
		for i, v := range values {
			name, err := excelize.CoordinatesToCellName(width[sheet]+1+i, line)
			if err != nil {
				return err
			}
			if err := f.SetCellStr(sheet, name, neutral(v)); err != nil {
				return err
			}
			if style != 0 {
				if err := f.SetCellStyle(sheet, name, name, style); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, r := range rows {
		if r.heading > 0 {
			if err := write(r.sheet, r.heading, listColumns); err != nil {
				return nil, err
			}
		}
		if err := write(r.sheet, r.row, r.values); err != nil {
			return nil, err
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
