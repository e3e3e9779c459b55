package intake

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "image/gif"  // the size of a logo
	_ "image/jpeg" // "
	_ "image/png"  // "
	"regexp"
	"strings"
	"unicode/utf8"
)

// Attachment is a part that is not the mail's text. Name is a file name of ours:
// the last path element of what the mail says, without controls, or one made of
// the part's place and type where the mail says none (MAIL.md 102).
type Attachment struct {
	Name      string
	MediaType string // as the mail says; what the bytes are may be something else
	Size      int
	SHA256    string // hexadecimal
	Data      []byte

	logo bool // an image that belongs to the text's decoration
}

// Unreadable names what an attachment is that may hold prospects but cannot be
// read here, in words for the partner: "photo", "PDF", "Numbers file". It is ""
// for what can be read, and for what holds nothing to read: signatures, reports,
// the small images of a mail signature. The bytes decide, and where they say
// nothing the name, then the type (MAIL.md 94, 103, 110).
func (a Attachment) Unreadable() string {
	switch a.MediaType {
	case "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-keys",
		"message/delivery-status", "message/global-delivery-status", "message/disposition-notification", "message/feedback-report",
		"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "text/calendar":
		return ""
	case "message/partial":
		return "piece of a longer mail"
	case "message/external-body":
		return "file that is kept elsewhere"
	case "application/pgp-encrypted":
		return "" // the version; the text is the part behind it
	}
	ext := extension(a.Name)
	if ext == "p7s" || a.logo {
		return ""
	}
	if a.MediaType == "application/ms-tnef" || a.MediaType == "application/vnd.ms-tnef" || strings.EqualFold(a.Name, "winmail.dat") {
		return "winmail.dat"
	}
	if what := sniff(a.Data, ext); what != "" {
		return strings.TrimPrefix(what, readable)
	}
	if what, ok := byExtension[ext]; ok {
		return what
	}
	main, sub, _ := strings.Cut(a.MediaType, "/")
	switch {
	case len(a.Data) == 0, main == "text" && ext != "svg":
		return ""
	case main == "image":
		return "photo"
	case main == "audio":
		return "sound recording"
	case main == "video":
		return "video"
	case sub == "pdf":
		return "PDF"
	case isText(a.Data):
		return ""
	}
	return "file of an unknown kind"
}

// readable marks what is known and no reason to complain.
const readable = "\x00"

// signatures are what files begin with.
var signatures = []struct{ magic, what string }{
	{"%PDF-", "PDF"},
	{"\x89PNG\r\n\x1a\n", "photo"}, {"\xff\xd8\xff", "photo"}, {"GIF8", "photo"}, {"BM", "photo"}, {"II*\x00", "photo"}, {"MM\x00*", "photo"},
	{"\x78\x9f\x3e\x22", "winmail.dat"}, // TNEF, in the order of its bytes
	{"{\\rtf", "RTF file"},
	{"MZ", "program"}, {"\x7fELF", "program"},
	{"Rar!", "packed archive"}, {"7z\xbc\xaf\x27\x1c", "packed archive"}, {"\x1f\x8b", "packed archive"}, {"BZh", "packed archive"}, {"\xfd7zXZ", "packed archive"},
	{"OggS", "sound recording"}, {"ID3", "sound recording"}, {"#!AMR", "sound recording"}, {"fLaC", "sound recording"},
	{"-----BEGIN PGP MESSAGE-----", "encrypted file"},
	{"SQLite format 3\x00", "database"},
}

// byExtension is for files whose bytes say too little.
var byExtension = map[string]string{
	"numbers": "Numbers file", "pages": "Pages file", "key": "Keynote file",
	"pdf": "PDF", "doc": "Word file", "docx": "Word file", "docm": "Word file", "dot": "Word file", "dotx": "Word file",
	"ppt": "PowerPoint file", "pptx": "PowerPoint file", "pps": "PowerPoint file", "ppsx": "PowerPoint file",
	"odt": "OpenDocument text", "ods": "OpenDocument spreadsheet", "odp": "OpenDocument presentation",
	"xls": "old Excel file (.xls)", "xlsb": "binary Excel file (.xlsb)", "rtf": "RTF file", "msg": "Outlook message", "one": "OneNote file", "pub": "Publisher file", "vsd": "Visio file", "vsdx": "Visio file",
	"png": "photo", "jpg": "photo", "jpeg": "photo", "gif": "photo", "heic": "photo", "heif": "photo", "webp": "photo", "bmp": "photo", "tif": "photo", "tiff": "photo", "svg": "photo", "avif": "photo",
	"mp3": "sound recording", "m4a": "sound recording", "wav": "sound recording", "ogg": "sound recording", "opus": "sound recording", "amr": "sound recording",
	"mp4": "video", "mov": "video", "avi": "video", "mkv": "video", "webm": "video",
	"exe": "program", "zip": "packed archive", "rar": "packed archive", "7z": "packed archive", "gz": "packed archive", "tgz": "packed archive",
	"p7m": "encrypted file", "pgp": "encrypted file", "gpg": "encrypted file", "gsheet": "link to an online sheet", "webloc": "link", "url": "link",
	"asc": "", // a key or a signature, where it is not encrypted
	"mdb": "database", "accdb": "database", "sqlite": "database", "yenc": "yEnc file",
}

// sniff tells what the bytes are; "" where they do not say.
func sniff(b []byte, ext string) string {
	for _, s := range signatures {
		if !bytes.HasPrefix(b, []byte(s.magic)) {
			continue
		}
		// A list can begin with the letters BM or MZ.
		if len(s.magic) < 4 && isText(b) {
			continue
		}
		return s.what
	}
	switch {
	case bytes.Contains(b[:min(len(b), 1024)], []byte("%PDF-")): // readers allow junk before it
		return "PDF"
	case len(b) > 12 && string(b[:4]) == "RIFF":
		switch string(b[8:12]) {
		case "WEBP":
			return "photo"
		case "WAVE":
			return "sound recording"
		}
		return "video"
	case len(b) > 12 && string(b[4:8]) == "ftyp":
		switch brand := string(b[8:12]); {
		case strings.HasPrefix(brand, "he"), brand == "mif1", brand == "msf1", brand == "avif":
			return "photo"
		case strings.HasPrefix(brand, "M4A"):
			return "sound recording"
		}
		return "video"
	case bytes.HasPrefix(b, []byte("PK\x03\x04")), bytes.HasPrefix(b, []byte("PK\x05\x06")):
		return zipped(b, ext)
	case bytes.HasPrefix(b, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return compound(b, ext)
	}
	return ""
}

// zipped tells what a ZIP holds by the names in its entries; nothing is unpacked.
func zipped(b []byte, ext string) string {
	has := func(name string) bool {
		// Names stand before each entry and again in the directory at the end.
		return bytes.Contains(b[:min(len(b), 256<<10)], []byte(name)) || bytes.Contains(b[max(0, len(b)-64<<10):], []byte(name))
	}
	switch {
	case has("Index/Document.iwa"), has("Index.zip"), has("Index/"):
		switch {
		case ext == "pages", ext == "key":
			return byExtension[ext]
		case ext == "numbers", has("Index/Tables/"), has("Index/CalculationEngine"):
			return "Numbers file"
		}
		return "Apple iWork file"
	case has("xl/workbook.bin"):
		return byExtension["xlsb"]
	case has("xl/"):
		return readable
	case has("word/"):
		return "Word file"
	case has("ppt/"):
		return "PowerPoint file"
	case has("opendocument.spreadsheet"):
		return byExtension["ods"]
	case has("opendocument.text"):
		return byExtension["odt"]
	}
	if what, ok := byExtension[ext]; ok {
		return what
	}
	if ext == "xlsx" || ext == "xlsm" {
		return readable // whoever reads spreadsheets says what is wrong with it
	}
	return "packed archive"
}

// compound tells what Microsoft's older container holds, by the names of its
// streams, which are UTF-16.
func compound(b []byte, ext string) string {
	for _, s := range []struct{ stream, what string }{
		{"EncryptedPackage", "file with a password"}, {"WordDocument", "Word file"}, {"Workbook", byExtension["xls"]},
		{"PowerPoint Document", "PowerPoint file"}, {"__substg1.0_", "Outlook message"}, {"VisioDocument", "Visio file"},
	} {
		wide := make([]byte, 0, 2*len(s.stream))
		for i := range len(s.stream) {
			wide = append(wide, s.stream[i], 0)
		}
		if bytes.Contains(b, wide) {
			return s.what
		}
	}
	if what, ok := byExtension[ext]; ok {
		return what
	}
	return "old Office file"
}

// isText says whether bytes look like a text in any charset: no NUL unless they are
// UTF-16, hardly any controls.
func isText(b []byte) bool {
	b = b[:min(len(b), 4096)]
	if len(b) >= 2 && (binary.BigEndian.Uint16(b) == 0xfeff || binary.LittleEndian.Uint16(b) == 0xfeff) || bytes.HasPrefix(b, []byte("\ufeff")) {
		return true
	}
	odd := 0
	for _, c := range b {
		switch {
		case c == 0:
			return false
		case c < ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\f' && c != '\x1b':
			odd++
		}
	}
	if utf8.Valid(b) {
		return odd*50 <= len(b)
	}
	high := 0
	for _, c := range b {
		if c >= 0x80 {
			high++
		}
	}
	// Chinese in GBK is nearly all high; what is compressed has controls.
	return odd*200 <= len(b) && (high < len(b)*9/10 || odd == 0)
}

func extension(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || len(name)-i > 10 {
		return ""
	}
	return strings.ToLower(name[i+1:])
}

// ownName names a part that the mail gives no name to.
func ownName(path, media string) string {
	ext := ".bin"
	switch media {
	case "text/csv", "text/comma-separated-values", "application/csv":
		ext = ".csv"
	case "text/vcard", "text/x-vcard", "text/directory":
		ext = ".vcf"
	case "text/calendar":
		ext = ".ics"
	case "text/html":
		ext = ".html"
	case "message/rfc822", "message/global":
		ext = ".eml"
	case "application/pdf":
		ext = ".pdf"
	case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
		ext = ".xlsx"
	case "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
		ext = ".docx"
	case "image/jpeg", "image/jpg":
		ext = ".jpg"
	case "image/png":
		ext = ".png"
	case "image/gif":
		ext = ".gif"
	default:
		if strings.HasPrefix(media, "text/") || strings.HasPrefix(media, "message/") {
			ext = ".txt"
		}
	}
	return "part-" + path + ext
}

// cameraName are the names that cameras and telephones give to pictures.
var cameraName = regexp.MustCompile(`(?i)^(?:img[_-]?\d|dsc[_n]?\d|pxl_|p\d{7}|\d{8}_\d{6}|photo|foto|scan|screenshot|bildschirmfoto|whatsapp image|signal-|fullsizerender)`)

// decoration says whether an image belongs to the mail's looks, a logo or an icon
// in a signature: the HTML shows it by its Content-ID (RFC 2392) or it stands
// inline, and it is too small to be the picture of a list.
func decoration(p *part, html [][]byte) bool {
	if len(p.data) > 256<<10 {
		return false
	}
	shown := false
	if id := strings.Trim(strings.TrimSpace(p.header.get("content-id")), "<>"); id != "" {
		for _, h := range html {
			shown = shown || bytes.Contains(h, []byte("cid:"+id))
		}
	}
	if !shown {
		disposition, _ := p.header.parameters("content-disposition")
		shown = disposition == "inline" && len(p.data) < 8<<10
	}
	if !shown {
		return false
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(p.data))
	if err != nil {
		return len(p.data) < 16<<10 && !cameraName.MatchString(p.name)
	}
	// A banner is wide and flat, a logo small; a list needs room in both directions.
	return c.Height <= 200 || c.Width <= 200 || c.Width*c.Height <= 300*300 && len(p.data) < 64<<10
}
