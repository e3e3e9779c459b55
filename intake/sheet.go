package intake

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"leadmail/rules"
)

// The limits of a file with a list (MAIL.md, "Archives"), and of what we make of
// it: nobody sends us more than a thousand prospects in a mail.
const (
	maxArchive  = 10 << 20
	maxEntries  = 1000
	maxInflated = 100 << 20
	// maxShared bounds what a workbook keeps beside its sheets (texts, styles):
	// it is held as objects in memory, ten times its size.
	maxShared = 8 << 20
	maxSheet  = 64 << 20
	// maxCells bounds the cells that are looked at in one file.
	maxCells = 200_000
	maxCell  = 4000
	// maxLinked is the largest sheet of which links and merged cells are read: it is
	// held as a whole for that.
	maxLinked = 4 << 20
)

// fileError is why a file is not read: a bomb is quarantined, the others are told
// to the partner.
type fileError struct {
	why  string
	bomb bool
}

func (e *fileError) Error() string { return e.why }

// files reads the attachments that hold lists or cards, in MIME order.
func (p *parser) files() {
	at := -1
	for _, part := range p.m.parts {
		if !part.attached {
			continue
		}
		at++
		if isForm(part.name) {
			continue // whatever it looks like, nothing that stands in it is read
		}
		blocks, more, err := p.file(part, at, maxProspects-len(p.blocks))
		name := part.name
		if name == "" {
			name = "attachment " + part.path
		}
		var bad *fileError
		switch {
		case errors.As(err, &bad) && bad.bomb:
			p.unread = append(p.unread, rules.Unread{Name: part.name, Why: rules.UnreadBomb, What: "file"})
			p.warn(fmt.Sprintf("%s was quarantined: %s", name, bad.why))
		case err != nil:
			p.unread = append(p.unread, rules.Unread{Name: part.name, Why: rules.UnreadFormat, What: cmp.Or(p.m.Attachments[at].Unreadable(), "file")})
			p.warn(fmt.Sprintf("%s could not be read: %v", name, err))
		}
		if more > 0 {
			p.warn(fmt.Sprintf("%s: %d rows beyond the first %d prospects were left out", name, more, maxProspects))
		}
		for _, b := range blocks {
			if old := p.known(b); old != nil {
				old.fill(b)
				continue
			}
			p.blocks = append(p.blocks, b)
		}
	}
}

func (p *parser) warn(s string) {
	if len(p.warnings) < 20 {
		p.warnings = append(p.warnings, s)
	}
}

// known finds the prospect of the text, or of another file, that a file's row
// repeats: the same address.
func (p *parser) known(b *block) *block {
	if b.Email == "" {
		return nil
	}
	for _, old := range p.blocks {
		if strings.EqualFold(old.Email, b.Email) && old.at.Part != b.at.Part {
			return old
		}
	}
	return nil
}

// fill takes from another statement what this one lacks: what was written in the
// text counts before what a file holds.
func (b *block) fill(other *block) {
	for _, f := range rules.Fields {
		if b.Get(f) != "" || other.Get(f) == "" {
			continue
		}
		b.Set(f, other.Get(f))
		delete(b.Unusable, f)
		if s, ok := other.Spans[f]; ok {
			b.Spans[f] = s
		}
	}
	if b.Source == nil {
		b.Source = other.Source
	}
}

// file reads one attachment; nothing where it is no list.
func (p *parser) file(part part, at, limit int) (blocks []*block, more int, err error) {
	ext := strings.ToLower(path.Ext(part.name))
	data := part.data
	place := &rules.Place{Attachment: at, Name: part.name}
	switch {
	case len(data) == 0:
		return nil, 0, nil
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return readArchive(part, place, ext, limit)
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		if ext == ".xls" || ext == ".xlsx" || ext == ".xlsb" || ext == "" && strings.Contains(part.mediaType, "excel") {
			return nil, 0, &fileError{why: "an old or locked Excel workbook"}
		}
		return nil, 0, nil
	case isCardFile(ext, part.mediaType, data):
		return p.cardFile(part), 0, nil
	case strings.HasPrefix(part.mediaType, "image/"), strings.HasPrefix(part.mediaType, "audio/"), strings.HasPrefix(part.mediaType, "video/"),
		strings.HasPrefix(part.mediaType, "message/"), part.mediaType == "text/calendar", part.mediaType == "text/rfc822-headers", bytes.HasPrefix(data, []byte("%PDF")):
		return nil, 0, nil
	}
	sheetName := ext == ".xls" || ext == ".xlsx" || ext == ".csv" || ext == ".tsv" || ext == ".tab" || ext == ".ods"
	textual := sheetName || ext == ".txt" || ext == ".text" || ext == ".prn" || strings.HasPrefix(part.mediaType, "text/") || strings.Contains(part.mediaType, "csv") || strings.Contains(part.mediaType, "excel")
	if !textual && part.mediaType != "application/octet-stream" {
		return nil, 0, nil
	}
	charset := part.params["charset"]
	if charset == "" {
		charset = p.textCharset() // what wrote the mail wrote the file
	}
	text, ok := fileText(data, charset)
	if !ok {
		if sheetName {
			return nil, 0, &fileError{why: "its content is no list"}
		}
		return nil, 0, nil
	}
	head := strings.ToLower(text[:min(len(text), 2048)])
	if strings.Contains(head, "<html") || strings.Contains(head, "<table") {
		// Many programs export a web page and call it .xls.
		if !sheetName && ext != ".html" && ext != ".htm" {
			return nil, 0, nil
		}
		return p.lines(htmlLines(text[:min(len(text), maxText)], part.path), place), 0, nil
	}
	if strings.HasPrefix(strings.TrimSpace(head), "<?xml") {
		if sheetName {
			return nil, 0, &fileError{why: "an XML file"}
		}
		return nil, 0, nil
	}
	g, comma := readCSV(text, part.path)
	if g != nil {
		place.Comma = comma
		g.file = place
		blocks, more = g.read(limit)
	}
	if len(blocks) == 0 && (ext == ".txt" || ext == ".text" || part.mediaType == "text/plain" || ext == ".prn") {
		return p.lines(textLines(text[:min(len(text), maxText)], part.path, nil), place), 0, nil
	}
	return blocks, more, nil
}

// lines reads an attached text as if it stood in the mail.
func (p *parser) lines(v view, place *rules.Place) []*block {
	v.number()
	read := make([]bool, len(v))
	for i := range read {
		read[i] = true
	}
	c := collect(v, read)
	kept := c.blocks[:0]
	for _, b := range c.blocks {
		if !b.table && (b.count() < 3 || !b.person()) {
			continue
		}
		if b.at.Part == "" {
			b.at = rules.Span{Part: v[b.first].part, Line: v[b.first].n, To: len(v[b.first].text)}
		}
		b.table = true
		kept = append(kept, b)
	}
	return kept
}

// fileText decodes a text file; ok is false for what is none.
func fileText(data []byte, charset string) (string, bool) {
	data = data[:min(len(data), maxMail)]
	sample := data[:min(len(data), 4096)]
	if n := bytes.Count(sample, []byte{0}); n > 0 && !bytes.HasPrefix(data, []byte("\xff\xfe")) && !bytes.HasPrefix(data, []byte("\xfe\xff")) {
		if n*5 < len(sample)*2 || len(data) < 4 {
			return "", false
		}
		// UTF-16 that has lost its mark.
		odd := 0
		for i := 1; i < len(sample); i += 2 {
			if sample[i] == 0 {
				odd++
			}
		}
		mark := []byte("\xfe\xff")
		if odd*2 > n {
			mark = []byte("\xff\xfe")
		}
		data = append(mark, data...)
	}
	text, _ := decodeCharset(data, charset)
	control := 0
	for _, c := range []byte(text[:min(len(text), 4096)]) {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
			control++
		}
	}
	return text, control*20 <= min(len(text), 4096)
}

// textCharset is the single-byte charset that the mail's own text came in; ""
// where that is ASCII or Unicode.
func (p *parser) textCharset() string {
	for _, part := range p.m.parts {
		if part.attached || !strings.HasPrefix(part.mediaType, "text/") {
			continue
		}
		switch c := strings.ToLower(part.params["charset"]); {
		case c == "", strings.HasPrefix(c, "utf"), strings.HasPrefix(c, "us-"), c == "ascii":
		case strings.HasPrefix(c, "windows-"), strings.HasPrefix(c, "iso-8859"), strings.HasPrefix(c, "koi8"), strings.HasPrefix(c, "cp"):
			return c
		}
	}
	return ""
}

// readCSV reads a list separated by commas, semicolons, tabs or bars, whichever
// makes most of it; nil where none does. The separator is returned.
func readCSV(text, part string) (*grid, string) {
	text = strings.TrimPrefix(text, "\ufeff")
	skip := 0
	if line, rest, _ := strings.Cut(text, "\n"); strings.HasPrefix(strings.ToLower(strings.Trim(line, "\" \r")), "sep=") {
		sep := strings.Trim(line, "\"\r")[4:]
		if len(sep) > 0 && sep[0] < utf8.RuneSelf && sep[0] != '"' {
			return cutCSV(rest, part, sep[0], 1, maxCells), sep[:1]
		}
		text, skip = rest, 1
	}
	best, score, comma := (*grid)(nil), 0, ""
	for _, sep := range []byte{',', ';', '\t', '|', '^', '~'} {
		g := cutCSV(sample(text), part, sep, skip, 4096).unwrapped(sep)
		s := g.orderly()
		if s > score {
			best, score, comma = g, s, string(sep)
		}
	}
	if best == nil {
		if !strings.ContainsAny(text, ",;\t|^~") || strings.Count(sample(text), "\n") > 0 {
			// One column of addresses or names.
			return cutCSV(text, part, ',', skip, maxCells), ","
		}
		return nil, ""
	}
	return cutCSV(text, part, comma[0], skip, maxCells).unwrapped(comma[0]), comma
}

func sample(text string) string {
	text = text[:min(len(text), 32<<10)]
	if i := strings.LastIndexByte(text, '\n'); i > 0 && len(text) == 32<<10 {
		text = text[:i+1]
	}
	return text
}

// orderly says how much of a table a way of cutting makes.
func (g *grid) orderly() int {
	score, widths := 0, map[int]int{}
	for r, row := range g.rows {
		if len(row) < 2 {
			continue
		}
		widths[len(row)]++
		if r < 60 {
			if cols, ok := heading(row); ok {
				score = max(score, 1000*fieldsOf(cols))
			}
		}
		for _, c := range row {
			if isEmail(c.text) {
				score += 5
			}
		}
	}
	most := 0
	for _, n := range widths {
		most = max(most, n)
	}
	return score + most
}

// unwrapped cuts the lines that a program has quoted as a whole.
func (g *grid) unwrapped(sep byte) *grid {
	n := 0
	for _, row := range g.rows[:min(len(g.rows), 50)] {
		if len(row) == 1 && strings.IndexByte(row[0].text, sep) > 0 {
			n++
		}
	}
	if n*2 <= min(len(g.rows), 50) {
		return g
	}
	out := *g
	out.rows, n = nil, 0
	for _, row := range g.rows {
		if len(row) == 1 && strings.IndexByte(row[0].text, sep) > 0 && !strings.Contains(row[0].text, "\n") {
			inner := cutCSV(row[0].text, g.part, sep, row[0].line-1, maxColumns)
			if len(inner.rows) == 1 {
				n++
				out.rows = append(out.rows, inner.rows[0])
				continue
			}
		}
		out.rows = append(out.rows, row)
	}
	if n*2 <= len(g.rows) {
		return g
	}
	return &out
}

// longestQuote is how far a quotation mark may be closed: one that is not is part
// of the text.
const longestQuote = 8000

// cutCSV cuts a text into rows (RFC 4180), forgiving what programs and people do
// with quotation marks. Lines are counted from skip.
func cutCSV(text, part string, sep byte, skip, budget int) *grid {
	g := &grid{part: part}
	line, start := skip+1, 0 // start: where the line begins
	var row []cell
	cells := 0
	flush := func() {
		if len(row) > 1 || len(row) == 1 && strings.TrimSpace(row[0].text) != "" {
			g.rows = append(g.rows, row)
		}
		row = nil
	}
	i := 0
	for i < len(text) && (cells < budget || len(row) > 0) {
		at, begun := i, line
		base := start
		for i < len(text) && text[i] == ' ' && sep != ' ' {
			i++
		}
		value := ""
		if i < len(text) && text[i] == '"' {
			if v, end, ok := quotedValue(text, i, sep); ok {
				value = v
				if n := strings.Count(text[i:end], "\n"); n > 0 {
					line += n
					start = i + strings.LastIndexByte(text[i:end], '\n') + 1
				}
				i = end
				// What stands behind the closing mark up to the separator.
				from := i
				for i < len(text) && text[i] != sep && text[i] != '\n' && text[i] != '\r' {
					i++
				}
				value += strings.TrimRight(text[from:i], " ")
			} else {
				value, i = bareValue(text, i, sep)
			}
		} else {
			value, i = bareValue(text, i, sep)
		}
		if len(row) < maxColumns {
			to := i
			if line != begun {
				to = at + len(value) // a span is of one line
			}
			if len(value) > maxCell {
				value = strings.ToValidUTF8(value[:maxCell], "")
			}
			value = strings.TrimSpace(value)
			cells++
			row = append(row, cell{text: cleanCell(value), line: begun, from: max(0, at-base), to: max(0, to-base)})
		}
		if i < len(text) && text[i] == sep {
			i++
			if i == len(text) || text[i] == '\n' || text[i] == '\r' {
				row = append(row, cell{line: line})
			} else {
				continue
			}
		}
		if i < len(text) {
			if text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
			i++
			line++
			start = i
		}
		flush()
	}
	flush()
	g.rest = strings.Count(strings.TrimRight(text[i:], "\r\n"), "\n")
	if i < len(text) {
		g.rest++
	}
	return g
}

func bareValue(text string, i int, sep byte) (string, int) {
	from := i
	for i < len(text) && text[i] != sep && text[i] != '\n' && text[i] != '\r' {
		i++
	}
	return text[from:i], i
}

// quotedValue reads "…" with doubled marks inside. The closing mark is one that a
// separator or the line's end follows.
func quotedValue(text string, i int, sep byte) (value string, end int, ok bool) {
	if i+1 < len(text) && text[i+1] == sep {
		return "", 0, false // a ditto mark
	}
	var b strings.Builder
	odd := false
	for k := i + 1; k < len(text) && k < i+longestQuote; k++ {
		if text[k] != '"' {
			if odd && text[k] == '\n' {
				return "", 0, false // not one cell over lines, but marks in a text
			}
			b.WriteByte(text[k])
			continue
		}
		if k+1 < len(text) && text[k+1] == '"' {
			b.WriteByte('"')
			k++
			continue
		}
		n := k + 1
		for n < len(text) && text[n] == ' ' {
			n++
		}
		if n == len(text) || text[n] == sep || text[n] == '\n' || text[n] == '\r' {
			if (text[i+1] == '\n' || text[i+1] == '\r') && strings.IndexByte(text[i:k], sep) >= 0 {
				return "", 0, false // a ditto mark at the line's end
			}
			return b.String(), k + 1, true
		}
		odd = true
		b.WriteByte('"')
	}
	return "", 0, false
}

// cleanCell takes out what cannot be seen, line by line.
func cleanCell(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] <= '~'
	}
	if plain {
		// ="0049…" and the apostrophe are how spreadsheets keep a text a text.
		if strings.HasPrefix(s, `="`) && strings.HasSuffix(s, `"`) && len(s) > 3 {
			return s[2 : len(s)-1]
		}
		return s
	}
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(cleanLine(l))
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// readArchive reads a workbook, and names what looks like one and is none.
func readArchive(part part, place *rules.Place, ext string, limit int) (blocks []*block, more int, err error) {
	kind, sheets, err := inspect(part.data)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case kind == "xlsx":
	case kind == "ods" && strings.Contains(part.mediaType, "spreadsheet"), kind == "numbers", kind == "xlsb", ext == ".ods", ext == ".numbers", ext == ".xlsb":
		return nil, 0, &fileError{why: "no CSV and no Excel workbook"}
	case ext == ".xlsx" || ext == ".xlsm" || ext == ".xls" || ext == ".csv":
		return nil, 0, &fileError{why: "a damaged workbook"}
	default:
		return nil, 0, nil
	}
	grids, err := readWorkbook(part.data, part.path, place, sheets <= maxLinked)
	if err != nil {
		return nil, 0, err
	}
	for _, g := range grids {
		got, left := g.read(limit - len(blocks))
		blocks, more = append(blocks, got...), more+left
	}
	return blocks, more, nil
}

// inspect looks into an archive before anybody unpacks it: how many entries, how
// large they say they are and how large they truly are (MAIL.md 123). It tells what
// it is and the size of its largest sheet.
func inspect(data []byte) (kind string, sheets int64, err error) {
	if len(data) > maxArchive {
		return "", 0, &fileError{why: "an archive beyond 10 MB", bomb: true}
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", 0, &fileError{why: "a damaged archive"}
	}
	if len(z.File) > maxEntries {
		return "", 0, &fileError{why: "an archive of more than 1,000 entries", bomb: true}
	}
	said := uint64(0)
	for _, f := range z.File {
		if said += f.UncompressedSize64; said > maxInflated || f.UncompressedSize64 > maxInflated {
			return "", 0, &fileError{why: "an archive that unpacks to more than 100 MB", bomb: true}
		}
	}
	left := int64(maxInflated)
	for _, f := range z.File {
		name := strings.ToLower(strings.ReplaceAll(f.Name, "\\", "/"))
		switch {
		case name == "xl/workbook.xml":
			kind = "xlsx"
		case name == "xl/workbook.bin":
			kind = "xlsb"
		case name == "content.xml" && kind == "":
			kind = "ods"
		case strings.HasPrefix(name, "index/") && strings.HasSuffix(name, ".iwa") && kind == "":
			kind = "numbers"
		}
		r, err := f.Open()
		if err != nil {
			return "", 0, &fileError{why: "a damaged archive"}
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r, left+1))
		r.Close()
		if left -= n; left < 0 {
			return "", 0, &fileError{why: "an archive that unpacks to more than 100 MB", bomb: true}
		}
		if err != nil {
			return "", 0, &fileError{why: "a damaged archive"}
		}
		sheet := strings.HasPrefix(name, "xl/worksheets/sheet")
		if sheet {
			sheets = max(sheets, n)
		}
		if strings.HasPrefix(name, "xl/") && (strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels")) && (!sheet && n > maxShared || n > maxSheet) {
			return "", 0, &fileError{why: "a workbook that is larger inside than any list", bomb: true}
		}
	}
	return kind, sheets, nil
}

// readWorkbook makes a grid of each sheet that is shown. What is hidden, a sheet
// or a row, was not written to be read (MAIL.md 92).
func readWorkbook(data []byte, part string, place *rules.Place, furnish bool) (grids []*grid, err error) {
	defer func() {
		// The library reads what strangers wrote; a fault in it is a damaged file.
		if recover() != nil {
			grids, err = nil, &fileError{why: "a damaged workbook"}
		}
	}()
	// Its colours are a third of the work, and nobody reads them.
	data = bytes.ReplaceAll(data, []byte("xl/theme/theme1.xml"), []byte("xl/theme/unread.xml"))
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxInflated, UnzipXMLSizeLimit: maxInflated})
	if err != nil {
		if errors.Is(err, excelize.ErrWorkbookFileFormat) || strings.Contains(err.Error(), "encrypt") {
			return nil, &fileError{why: "a locked workbook"}
		}
		return nil, &fileError{why: "a damaged workbook"}
	}
	defer f.Close()
	budget := maxCells
	for n, sheet := range f.GetSheetList() {
		if shown, err := f.GetSheetVisible(sheet); err == nil && !shown {
			continue
		}
		at := *place
		at.Sheet = sheet
		g := &grid{part: part, file: &at}
		if n > 0 {
			g.part = fmt.Sprintf("%s!%d", part, n+1)
		}
		if err := g.fromSheet(f, sheet, &budget); err != nil {
			if len(grids) == 0 && n == len(f.GetSheetList())-1 {
				return nil, &fileError{why: "a damaged workbook"}
			}
			continue
		}
		if furnish {
			g.furnish(f, sheet)
		}
		grids = append(grids, g)
	}
	return grids, nil
}

// fromSheet reads the cells of a sheet, row by row.
func (g *grid) fromSheet(f *excelize.File, sheet string, budget *int) error {
	rows, err := f.Rows(sheet)
	if err != nil {
		return err
	}
	defer rows.Close()
	empty := 0
	for n := 1; rows.Next() && *budget > 0; n++ {
		*budget--
		values, err := rows.Columns()
		if err != nil {
			return err
		}
		// A sheet whose rows lie far apart is no list.
		*budget -= len(values)
		hidden := rows.GetRowOpts().Hidden
		row := make([]cell, min(len(values), maxColumns))
		some := false
		for i := range row {
			v := values[i]
			if len(v) > maxCell {
				v = strings.ToValidUTF8(v[:maxCell], "")
			}
			v = cleanCell(strings.TrimSpace(v))
			row[i] = cell{text: v, line: n, from: i + 1, to: i + 1}
			some = some || v != ""
		}
		if !some || hidden {
			if empty++; empty > 20000 {
				break
			}
			continue
		}
		g.rows = append(g.rows, row)
	}
	return rows.Error()
}

// furnish adds what a cell shows and does not hold: where its link leads, and the
// value of a merged cell in the rows that it spans.
func (g *grid) furnish(f *excelize.File, sheet string) {
	at := map[int]int{}
	for r, row := range g.rows {
		at[row[0].line] = r
	}
	set := func(col, line int) *cell {
		r, ok := at[line]
		if !ok || col < 1 || col > maxColumns {
			return nil
		}
		for len(g.rows[r]) < col {
			g.rows[r] = append(g.rows[r], cell{line: line, from: len(g.rows[r]) + 1, to: len(g.rows[r]) + 1})
		}
		return &g.rows[r][col-1]
	}
	merged, err := f.GetMergeCells(sheet)
	for n, m := range merged {
		if err != nil || n > 1000 {
			break
		}
		col, top, err1 := excelize.CellNameToCoordinates(m.GetStartAxis())
		right, bottom, err2 := excelize.CellNameToCoordinates(m.GetEndAxis())
		if err1 != nil || err2 != nil || right != col || bottom-top > 2000 {
			continue
		}
		text := strings.TrimSpace(m.GetCellValue())
		for line := top + 1; line <= bottom; line++ {
			if c := set(col, line); c != nil && c.text == "" {
				c.text = cleanCell(text)
			}
		}
	}
	// The library looks through all links, and all rows, for each cell that it is
	// asked about: only so many are.
	const most = 300
	linked, err := f.GetHyperLinkCells(sheet, "External")
	for n, ref := range linked {
		if err != nil || n == most {
			break
		}
		name, _, _ := strings.Cut(ref, ":")
		col, line, err := excelize.CellNameToCoordinates(name)
		if err != nil {
			continue
		}
		if c := set(col, line); c != nil {
			if ok, to, err := f.GetCellHyperLink(sheet, name); err == nil && ok {
				c.link = to
			}
		}
	}
	looked := 0
	for r := range g.rows {
		for i := range g.rows[r] {
			c := &g.rows[r][i]
			if c.text == "" || c.link != "" || isURL(c.text) || isEmail(c.text) {
				continue
			}
			if looked++; looked > most {
				return
			}
			name, err := excelize.CoordinatesToCellName(i+1, c.line)
			if err != nil {
				continue
			}
			if formula, err := f.GetCellFormula(sheet, name); err == nil && formula != "" {
				c.link = linkOf(formula)
			}
		}
	}
}

// linkOf reads the target of HYPERLINK("https://acme.example";"Acme").
func linkOf(formula string) string {
	rest, ok := strings.CutPrefix(strings.ToUpper(strings.TrimLeft(formula, "= ")), "HYPERLINK(\"")
	if !ok {
		return ""
	}
	formula = strings.TrimLeft(formula, "= ")
	rest = formula[len(formula)-len(rest):]
	to, _, _ := strings.Cut(rest, `"`)
	return to
}
