package intake

import (
	"bytes"
	"encoding/base64"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// unquote decodes quoted-printable (RFC 2045, section 6.7); what is no escape
// stands for itself (MAIL.md 87). Blanks at the end of a line do not count, also
// behind the "=" of a soft line break.
func unquote(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		line, end := b, []byte(nil)
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line, end = b[:i], b[i:i+1]
			if i > 0 && b[i-1] == '\r' {
				line, end = b[:i-1], b[i-1:i+1]
			}
		}
		b = b[len(line)+len(end):]
		line = bytes.TrimRight(line, " \t\r")
		if soft := bytes.TrimSuffix(line, []byte("=")); len(soft) < len(line) {
			line, end = soft, nil
		}
		out = append(unescape(out, line), end...)
	}
	return out
}

// unescape appends what s says with each "=XX" in it as one octet.
func unescape(out, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '=')
		if i < 0 {
			return append(out, s...)
		}
		out = append(out, s[:i]...)
		s = s[i+1:]
		if len(s) >= 2 {
			if hi, lo := unhex(s[0]), unhex(s[1]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				s = s[2:]
				continue
			}
		}
		out = append(out, '=')
	}
}

var base64Value = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		t[c] = int8(i)
	}
	return t
}()

// unbase64 decodes base64 whatever stands in it: foreign characters are left
// out, missing padding is supplied, and once padding was seen a line with
// foreign characters is a footer that some list appended (MAIL.md 86).
func unbase64(b []byte) (out []byte, odd bool) {
	out = make([]byte, 0, len(b)*3/4)
	var acc uint32
	n, padded := 0, false
	for len(b) > 0 {
		var line []byte
		line, b = nextLine(b)
		line = bytes.TrimSpace(line)
		if padded {
			for _, c := range line {
				if base64Value[c] < 0 && c != '=' {
					return out, true
				}
			}
		}
		for _, c := range line {
			if c == '=' {
				// RFC 2045, section 6.8: padding ends the data; another
				// encoded piece may follow.
				switch n {
				case 2:
					out = append(out, byte(acc>>4))
				case 3:
					out = append(out, byte(acc>>10), byte(acc>>2))
				}
				acc, n, padded = 0, 0, true
				continue
			}
			v := base64Value[c]
			if v < 0 {
				odd = true
				continue
			}
			acc, n = acc<<6|uint32(v), n+1
			if n == 4 {
				out = append(out, byte(acc>>16), byte(acc>>8), byte(acc))
				acc, n = 0, 0
			}
		}
	}
	switch n {
	case 2:
		out, odd = append(out, byte(acc>>4)), true
	case 3:
		out, odd = append(out, byte(acc>>10), byte(acc>>2)), true
	}
	return out, odd
}

// unuu decodes a uuencoded body from its begin line on.
func unuu(b []byte) ([]byte, bool) {
	at := bytes.Index(b, []byte("begin "))
	if at < 0 || at > 0 && b[at-1] != '\n' {
		return nil, false
	}
	_, b = nextLine(b[at:])
	var out []byte
	for len(b) > 0 {
		var line []byte
		line, b = nextLine(b)
		if len(line) == 0 || line[0] == '`' || string(line) == "end" {
			break
		}
		out = uuLine(out, line[1:], int(line[0]-' ')&63)
	}
	return out, true
}

// embedded is a file that stood in a text.
type embedded struct {
	name string
	data []byte
}

// cutEmbedded takes files out of a text: uuencoded or yEnc, as programs before MIME
// sent them (MAIL.md 88). yEnc, which nobody sends but to newsgroups, stays encoded.
func cutEmbedded(b []byte) (text []byte, files []embedded) {
	begin := []byte("begin ")
	kept, from, yend := 0, 0, true
	for from < len(b) && len(files) < maxParts {
		i := bytes.Index(b[from:], begin)
		if i < 0 {
			break
		}
		at := from + i
		from = at + len(begin)
		line, rest := nextLine(b[at:])
		line = line[:min(len(line), 300)]
		var file embedded
		switch mode, name, _ := strings.Cut(string(line[len(begin):]), " "); {
		case at > kept+1 && string(b[at-2:at]) == "=y" && (at == 2 || b[at-3] == '\n') && yend:
			stop := bytes.Index(rest, []byte("\n=yend"))
			if yend = stop >= 0; !yend {
				continue
			}
			at -= 2
			_, rest = nextLine(rest[stop+1:])
			_, name, _ = strings.Cut(string(line), "name=")
			file = embedded{fileName(name) + ".yenc", b[at : len(b)-len(rest)]}
		case at > 0 && b[at-1] != '\n', name == "", len(mode) < 3, len(mode) > 4, strings.Trim(mode, "01234567") != "":
			continue
		default:
			data, after, whole := uuLines(rest)
			if !whole { // a sentence that begins so; what was looked at is not looked at again
				from = max(from, len(b)-len(after))
				continue
			}
			rest = after
			file = embedded{fileName(name), data}
		}
		text = append(text, b[kept:at]...)
		files = append(files, file)
		kept = len(b) - len(rest)
		from = kept
	}
	if files == nil {
		return b, nil
	}
	return append(text, b[kept:]...), files
}

// uuLines decodes the lines of a uuencoded file up to its end. whole is false where
// a line is none, with which after then begins, or the end is missing.
func uuLines(b []byte) (out, after []byte, whole bool) {
	for len(b) > 0 {
		line, rest := nextLine(b)
		switch {
		case string(line) == "end":
			return out, rest, true
		case len(line) == 0:
			b = rest
			continue
		}
		want := int(line[0]-' ') & 63
		data := line[1:]
		if (want*8+5)/6 > len(data)+3 || len(data) > 90 {
			return nil, b, false
		}
		out = uuLine(out, data, want)
		b = rest
	}
	return out, nil, false
}

// uuLine decodes one line, want octets of it.
func uuLine(out, line []byte, want int) []byte {
	for i := 0; i < len(line) && want > 0; i += 4 {
		var q [4]byte
		for j := range q {
			if i+j < len(line) {
				q[j] = (line[i+j] - ' ') & 63
			}
		}
		three := [3]byte{q[0]<<2 | q[1]>>4, q[1]<<4 | q[2]>>2, q[2]<<6 | q[3]}
		out = append(out, three[:min(3, want)]...)
		want -= 3
	}
	return out
}

// The kinds of a CMS message (RFC 5652, section 14) that mail knows.
const (
	cmsUnknown = iota
	cmsSigned
	cmsEnveloped
)

// openCMS tells what an S/MIME file is, and takes the content out of one that is
// only signed. Outlook and OpenSSL write BER with indefinite lengths, so only the
// few elements on the way are looked at.
func openCMS(b []byte) (content []byte, kind int) {
	// Object identifiers 1.2.840.113549.1.7.1 to 3: data, signed data, enveloped data.
	oid := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07}
	at := bytes.Index(b[:min(len(b), 64)], oid)
	if at < 0 || at+len(oid) >= len(b) {
		return nil, cmsUnknown
	}
	switch b[at+len(oid)] {
	case 2:
	case 3:
		return nil, cmsEnveloped
	default:
		return nil, cmsUnknown
	}
	inner := bytes.Index(b[:min(len(b), 4096)], append(bytes.Clone(oid), 1))
	if inner < 0 {
		return nil, cmsSigned
	}
	tag, rest, _ := ber(b[inner+len(oid)+1:])
	if tag != 0xa0 {
		return nil, cmsSigned // a signature without its content
	}
	tag, value, _ := ber(rest)
	switch tag {
	case 0x04: // OCTET STRING
		return value, cmsSigned
	case 0x24: // one in pieces
		for len(value) > 0 && len(content) <= maxMail {
			tag, piece, after := ber(value)
			if tag != 0x04 {
				break
			}
			content, value = append(content, piece...), after
		}
	}
	return content, cmsSigned
}

// ber cuts off one element. Of one with an indefinite length the value is all
// that follows.
func ber(b []byte) (tag byte, value, after []byte) {
	if len(b) < 2 {
		return 0, nil, nil
	}
	tag = b[0]
	n, b := int(b[1]), b[2:]
	switch {
	case n == 0x80:
		return tag, b, nil
	case n > 0x80:
		size := n & 0x7f
		if size > 4 || size > len(b) {
			return 0, nil, nil
		}
		n = 0
		for _, c := range b[:size] {
			n = n<<8 | int(c)
		}
		b = b[size:]
	}
	n = min(n, len(b))
	return tag, b[:n], b[n:]
}

// encodings are the transfer encodings by the names that mail gives them; a wrong
// name is the fourth weakness of LIBRARIES.md.
var encodings = map[string]string{
	"": "", "7bit": "", "8bit": "", "binary": "", "7-bit": "", "8-bit": "", "plain": "", "none": "", "7bits": "", "8bits": "",
	"quoted-printable": "quoted-printable", "quoted_printable": "quoted-printable", "qp": "quoted-printable",
	"base64": "base64", "base-64": "base64", "b": "base64",
	"x-uuencode": "uu", "uuencode": "uu", "x-uue": "uu", "uue": "uu",
}

// decodeTransfer undoes a Content-Transfer-Encoding. go-message and the standard
// library give up at what is damaged, which is decoded here leniently; odd says so
// where something was left out. known is false for an encoding that nobody has
// heard of; its bytes are returned as they are.
func decodeTransfer(b []byte, cte string) (out []byte, known, odd bool) {
	cte, _, _ = strings.Cut(strings.ToLower(strings.Trim(strings.TrimSpace(cte), `"`)), ";")
	if f := strings.Fields(cte); len(f) > 0 {
		cte = f[0]
	}
	name, known := encodings[cte]
	switch name {
	case "quoted-printable":
		return unquote(b), true, false
	case "base64":
		out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
		if n, err := base64.StdEncoding.Decode(out, b); err == nil {
			return out[:n], true, false
		}
		out, odd := unbase64(b)
		return out, true, odd
	case "uu":
		out, ok := unuu(b)
		if ok {
			return out, true, false
		}
		return b, false, false
	}
	return b, known, false
}

// The charsets that mail names otherwise than IANA, or that hold more than their
// name says: gb2312 is gb18030 (MAIL.md 79), Latin-1 is Windows-1252, and so on,
// as browsers read them.
var charsets = map[string]encoding.Encoding{
	"windows-1252": charmap.Windows1252, "iso-8859-1": charmap.Windows1252, "iso_8859-1": charmap.Windows1252, "iso8859-1": charmap.Windows1252, "latin1": charmap.Windows1252, "ansi_x3.110-1983": charmap.Windows1252,
	"iso-8859-9": charmap.Windows1254, "latin5": charmap.Windows1254, "iso-8859-11": charmap.Windows874, "tis-620": charmap.Windows874,
	"gb2312": simplifiedchinese.GB18030, "gbk": simplifiedchinese.GB18030, "x-gbk": simplifiedchinese.GB18030, "csgb2312": simplifiedchinese.GB18030, "gb_2312-80": simplifiedchinese.GB18030,
	"hz-gb-2312": simplifiedchinese.HZGB2312,
	"cp932":      japanese.ShiftJIS, "windows-31j": japanese.ShiftJIS, "ms932": japanese.ShiftJIS,
	"ks_c_5601-1987": korean.EUCKR, "ks_c_5601": korean.EUCKR, "cp949": korean.EUCKR,
	"cp850": charmap.CodePage850, "cp-850": charmap.CodePage850,
	"cp1250": charmap.Windows1250, "cp1251": charmap.Windows1251, "cp1252": charmap.Windows1252, "cp1253": charmap.Windows1253, "cp1254": charmap.Windows1254, "cp1257": charmap.Windows1257,
	"unicode-1-1-utf-8": unicode.UTF8, "utf-8mb4": unicode.UTF8,
}

func init() {
	for name, e := range charsets {
		charset.RegisterEncoding(name, e)
	}
	// Encoded words are short: read whole, they spare their reader a buffer of 32 KB.
	message.CharsetReader = func(name string, input io.Reader) (io.Reader, error) {
		b, err := io.ReadAll(input)
		if err != nil {
			return nil, err
		}
		b, err = decodeNamed(b, name)
		return bytes.NewReader(b), err
	}
}

// decodeCharset turns bytes into text by the ladder of MAIL.md 80: what was
// declared (go-message knows it), UTF-8, Windows-1252, Latin-1; the first that
// fits. sure is false where the declared charset did not fit.
func decodeCharset(b []byte, name string) (text string, sure bool) {
	if len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) {
		return fromUTF16(b), true
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	name = strings.ToLower(strings.Trim(strings.TrimSpace(name), "\"'`; "))
	name, _, _ = strings.Cut(name, "*") // RFC 2231 language (MAIL.md 83)
	if strings.Contains(name, "utf-7") || name == "utf7" {
		return fromUTF7(b), true
	}
	ascii := isASCII(b)
	if ascii && !bytes.ContainsAny(b, "\x1b~") && (!wide(name) || bytes.IndexByte(b, 0) < 0) {
		return string(b), true
	}
	valid := utf8.Valid(b)
	switch name {
	case "", "us-ascii", "ascii":
		if valid {
			return string(b), ascii
		}
	case "utf-8":
		if valid {
			return string(b), true
		}
	default:
		if w := windowsOf[name]; w != "" && hasC1(b) {
			name = w
		}
		out, err := decodeNamed(b, name)
		switch bad := bytes.Count(out, []byte("\ufffd")); {
		case err == nil && bad == 0:
			return string(out), true
		case valid:
			return string(b), false
		case err == nil && bad*50 < len(out):
			return string(out), false // a few bad characters in an otherwise fitting text
		}
	}
	if out, err := charmap.Windows1252.NewDecoder().Bytes(b); err == nil && !bytes.Contains(out, []byte("\ufffd")) {
		return string(out), false
	}
	out, _ := charmap.ISO8859_1.NewDecoder().Bytes(b)
	return string(out), false
}

// decodeNamed decodes by the one charset, of ours or of those that go-message knows.
func decodeNamed(b []byte, name string) ([]byte, error) {
	if e, ours := charsets[name]; ours {
		return e.NewDecoder().Bytes(b)
	}
	r, err := charset.Reader(name, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// windowsOf are the Windows charsets that are sent under the name of an ISO one.
// Bytes that ISO gives to control characters tell them apart: nobody writes those.
var windowsOf = map[string]string{
	"iso-8859-2": "windows-1250", "iso-8859-7": "windows-1253", "iso-8859-8": "windows-1255", "iso-8859-9": "windows-1254", "iso-8859-13": "windows-1257",
}

func hasC1(b []byte) bool {
	return !utf8.Valid(b) && slices.ContainsFunc(b, func(c byte) bool { return c >= 0x80 && c < 0xa0 })
}

// wide says whether a charset writes plain letters with NULs between them.
func wide(name string) bool {
	return strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf-32") || strings.HasPrefix(name, "ucs-2") || strings.HasPrefix(name, "iso-10646")
}

// metaCharset is the charset that an HTML page names itself; mail programs that
// give none in the header copy the page as it is.
func metaCharset(b []byte) string {
	b = bytes.ToLower(b[:min(len(b), 2048)])
	_, rest, ok := bytes.Cut(b, []byte("charset="))
	if !ok {
		return ""
	}
	rest = bytes.TrimLeft(rest, "\"' ")
	if i := bytes.IndexAny(rest, "\"'> ;/"); i > 0 && i < 40 {
		return string(rest[:i])
	}
	return ""
}

func isASCII[T string | []byte](b T) bool {
	for i := 0; i < len(b); i++ {
		if b[i] >= 0x80 {
			return false
		}
	}
	return true
}

func fromUTF16(b []byte) string {
	little := b[0] == 0xff
	u := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		if little {
			u = append(u, uint16(b[i])|uint16(b[i+1])<<8)
		} else {
			u = append(u, uint16(b[i])<<8|uint16(b[i+1]))
		}
	}
	return string(utf16.Decode(u))
}

// fromUTF7 decodes RFC 2152. HTML that comes so is text to us like any other:
// it is never rendered (MAIL.md 81).
func fromUTF7(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); i++ {
		if b[i] != '+' {
			out.WriteByte(b[i])
			continue
		}
		end := i + 1
		for end < len(b) && base64Value[b[end]] >= 0 {
			end++
		}
		if end == i+1 {
			out.WriteByte('+')
		} else {
			raw, _ := unbase64(b[i+1 : end])
			out.WriteString(fromUTF16(append([]byte{0xfe, 0xff}, raw[:len(raw)/2*2]...)))
		}
		if end >= len(b) || b[end] != '-' {
			end--
		}
		i = end
	}
	return strings.ToValidUTF8(out.String(), "")
}

// decodeWords decodes a header's text where go-message does not: RFC 2047 words
// leniently (raw 8-bit
// inside, a language after the charset, a character split over two words), raw
// 8-bit text by the ladder. Controls are removed.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		if isPlain(s) {
			return s
		}
		text, _ := decodeCharset([]byte(s), "")
		return clean(text)
	}
	var out strings.Builder
	var held []byte // bytes of encoded words that are not decoded yet
	heldCharset := ""
	flush := func() {
		if len(held) > 0 {
			text, _ := decodeCharset(held, heldCharset)
			out.WriteString(text)
		}
		held, heldCharset = nil, ""
	}
	plain := func(t string) {
		text, _ := decodeCharset([]byte(t), "")
		out.WriteString(text)
	}
	for s != "" {
		at := strings.Index(s, "=?")
		if at < 0 {
			break
		}
		charset, data, length, ok := encodedWord(s[at:])
		if !ok {
			flush()
			plain(s[:at+2])
			s = s[at+2:]
			continue
		}
		// RFC 2047, section 6.2: blanks between two encoded words do not count.
		if strings.Trim(s[:at], " \t") != "" || heldCharset == "" {
			flush()
			plain(s[:at])
		}
		if !strings.EqualFold(charset, heldCharset) {
			flush()
			heldCharset = charset
		}
		held = append(held, data...)
		s = s[at+length:]
	}
	flush()
	plain(s)
	return clean(out.String())
}

// encodedWord reads =?charset?B|Q?text?= at the beginning of s.
func encodedWord(s string) (charset string, data []byte, length int, ok bool) {
	if len(s) > 4096 {
		s = s[:4096]
	}
	charset, rest, ok := strings.Cut(s[2:], "?")
	if !ok || len(charset) > 60 || charset == "" || len(rest) < 2 || rest[1] != '?' {
		return "", nil, 0, false
	}
	end := strings.Index(rest[2:], "?=")
	if end < 0 {
		return "", nil, 0, false
	}
	text := rest[2 : 2+end]
	length = 2 + len(charset) + 1 + 2 + end + 2
	switch rest[0] {
	case 'B', 'b':
		data, _ = unbase64([]byte(text))
	case 'Q', 'q':
		// RFC 2047, section 4.2: an underscore is a blank.
		data = unescape(nil, []byte(strings.ReplaceAll(text, "_", " ")))
	default:
		return "", nil, 0, false
	}
	charset, _, _ = strings.Cut(charset, "*")
	return charset, data, length, true
}
