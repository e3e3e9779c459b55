package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
	"time"

	"leadmail/rules"
)

// Reader reads mail. Its zero value works: it then knows no own address and no
// loop marker, so it takes no mail for its own.
type Reader struct {
	// Mailbox is the partners mailbox: our own address.
	Mailbox rules.Address
	// Program is the value of our loop marker, header X-Leadmail, by which our
	// own mail is known when it comes back (MAIL.md 12).
	Program string
	// Lists are mailing lists in front of the mailbox, by their List-Id in lower
	// case without brackets: what comes through them came to us.
	Lists []string
}

// Message is one mail as it was read. It comes from Reader.Read only: Parse
// looks at more than the exported fields.
type Message struct {
	// From is the one author (the first where there are several: Authors tells);
	// "" where none was found. FromName is the decoded display name.
	From     rules.Address
	FromName string
	// Authors counts the addresses of all From fields; FromFields counts the
	// fields. More than one of either is never decided (MAIL.md 42, 43).
	Authors    int
	FromFields int
	Sender     rules.Address
	ReplyTo    []rules.Address
	To, Cc     []rules.Address
	// Subject is decoded, without controls.
	Subject string
	// Date is the Date header: zero where there is none that can be believed. It
	// decides nothing (D1).
	Date time.Time
	// MessageID, InReplyTo and References are ids without angle brackets, the
	// references oldest first, the last 32 (MAIL.md 67).
	MessageID  string
	InReplyTo  []string
	References []string
	// Text is the chosen body as lines of text separated by LF; the lines that
	// spans count are these.
	Text        string
	Attachments []Attachment
	// Encrypted is how the mail or a part of it is encrypted, "S/MIME" or "PGP": it
	// cannot be read, and the reply says so. Signed is how it is signed; what is
	// signed is read, and the signature proves nothing here (MAIL.md 97).
	Encrypted, Signed string
	// RawHash is the SHA-256 of the bytes; ContentHash that of From, Date,
	// Subject, decoded bodies and attachment hashes, which stays the same when
	// only trace headers differ (MAIL.md 58). Both hexadecimal.
	RawHash     string
	ContentHash string
	// Size is the mail's length in bytes.
	Size int
	// Refused names the limit for which reading was cut short and the mail is to
	// be quarantined; "" where it was read whole.
	Refused string
	// Warnings tell what had to be repaired or was left out, in plain words.
	Warnings []string

	header   header
	parts    []part
	preamble []byte // what stands before the first part of the outermost multipart
	oddFrom  bool
	noFrom   bool // a From field is there, but holds no address
	plain    view // text parts, HTML where there is no text
	html     view // the HTML alternatives of them; empty where there are none
	hasHTML  bool
	attached []Message // message/rfc822 parts, outermost first
}

// Header returns the values of a header field, unfolded and still encoded, from
// the top of the mail down.
func (m Message) Header(name string) []string { return m.header.all(strings.ToLower(name)) }

// Read reads a mail. It never fails: what cannot be read is repaired once, then
// degrades to raw text, each with a warning. Its work is bounded by the limits
// of this package.
func (r Reader) Read(raw []byte) Message { return read(raw, 0) }

func read(raw []byte, depth int) Message {
	sum := sha256.Sum256(raw)
	m := Message{RawHash: hex.EncodeToString(sum[:]), Size: len(raw)}
	if len(raw) > maxMail {
		m.Refused = "larger than 25 MB"
		m.warn("the mail is larger than 25 MB: only its header was read")
		end := min(len(raw), maxHeader)
		if i := bytes.Index(raw[:end], []byte("\r\n\r\n")); i > 0 {
			end = i + 4
		} else if i := bytes.Index(raw[:end], []byte("\n\n")); i > 0 {
			end = i + 2
		}
		raw = raw[:end]
	}
	b := m.openEnvelope(raw)
	h, body, cut := parseHeader(b, m.warn)
	if !isHeader(h) {
		// A text without a header, or nothing that we know: all of it is body.
		h, body, cut = header{}, b, false
		m.warn("no mail header was found; the whole was read as text")
	}
	if cut {
		m.Refused = "header beyond 256 KB"
	}
	m.header = h
	m.readHeader()
	w := walker{m: &m, budget: maxText, depth: depth}
	w.walk(h, body, "", 0, 0)
	m.parts = w.parts
	m.compose()
	m.hashContent()
	return m
}

func (m *Message) warn(s string) {
	if len(m.Warnings) < 50 {
		for _, w := range m.Warnings {
			if w == s {
				return
			}
		}
		m.Warnings = append(m.Warnings, s)
	}
}

// openEnvelope removes what stands before a header: a byte order mark, empty
// lines, the From line of an mbox (also quoted, MAIL.md 76). A mail without a
// single LF was saved with the line ends of an old Mac.
func (m *Message) openEnvelope(b []byte) []byte {
	if bytes.IndexByte(b, '\r') >= 0 && bytes.IndexByte(b, '\n') < 0 {
		m.warn("bare CRs were taken for line ends")
		b = bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
	}
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\ufeff")), " \t\r\n")
	if len(trimmed) < len(b) {
		line, _ := nextLine(trimmed)
		if name := fieldName(line); name != "" || bytes.HasPrefix(trimmed, []byte("From ")) {
			m.warn("blanks before the header were removed")
			b = trimmed
		}
	}
	for bytes.HasPrefix(b, []byte("From ")) || bytes.HasPrefix(b, []byte(">From ")) {
		line, rest := nextLine(b)
		if name := fieldName(line); name == "from" {
			break // "From : …" is the field
		}
		m.warn("a leading From line was removed")
		b = rest
	}
	return b
}

func isHeader(h header) bool {
	for fields := h.Fields(); fields.Next(); {
		if knownNames[strings.ToLower(fields.Key())] {
			return true
		}
	}
	return false
}

func (m *Message) readHeader() {
	h := m.header
	from := h.all("from")
	m.FromFields = len(from)
	for _, v := range from {
		for _, a := range authors(v) {
			if a.spec == "" {
				if m.FromName == "" {
					m.FromName = a.name
				}
				continue
			}
			m.Authors++
			if m.Authors == 1 {
				m.From, m.FromName, m.oddFrom = address(a.spec), a.name, a.odd
			}
		}
	}
	if m.From == "" {
		m.noFrom = true
		m.warn("no From address was found")
	}
	if s := addresses(h.all("sender")); len(s) > 0 {
		m.Sender = s[0]
	}
	m.ReplyTo, m.To, m.Cc = addresses(h.all("reply-to")), addresses(h.all("to")), addresses(h.all("cc"))
	m.Subject = h.text("subject")
	if len(m.Subject) > 1000 {
		m.Subject = strings.ToValidUTF8(m.Subject[:1000], "")
	}
	m.Date = h.date()
	if ids := h.ids("message-id"); len(ids) > 0 {
		m.MessageID = ids[0]
	}
	m.InReplyTo = lastOf(h.ids("in-reply-to"), 32)
	m.References = lastOf(h.ids("references"), 32)
}

func lastOf(ids []string, n int) []string { return ids[max(0, len(ids)-n):] }

// date reads the Date field; what no sane clock says is no date (MAIL.md 101).
func (h header) date() time.Time {
	// The usual form first: the strict reader tries others before it.
	t, err := time.Parse("Mon, 2 Jan 2006 15:04:05 -0700", h.get("date"))
	if err != nil {
		t, err = h.Date()
	}
	if err != nil {
		for _, layout := range []string{"Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05", time.RFC3339, "Mon, 02 Jan 06 15:04:05 MST", time.ANSIC} {
			if t, err = time.Parse(layout, clean(h.get("date"))); err == nil {
				break
			}
		}
	}
	if err != nil || t.Year() < 1980 || t.Year() > 2200 {
		return time.Time{}
	}
	return t
}

// part is a leaf of the MIME tree.
type part struct {
	path      string // RFC 9051, section 6.4.5
	mediaType string
	params    map[string]string
	header    header
	data      []byte // decoded; of text parts only as much as the budget allows
	attached  bool
	name      string
	group     int // the multipart/alternative it belongs to, 0 for none
}

// walker takes a mail apart: it cuts multiparts into slices of the mail, within
// the limits, and hands each header and each leaf to go-message. It does not use
// that library's own multipart reader, which reads part headers of any size,
// needs the square of the depth, and loses the parts behind a malformed one.
type walker struct {
	m      *Message
	parts  []part
	budget int // decoded text that may still be read
	count  int
	groups int
	depth  int // of message/rfc822
}

func (w *walker) walk(h header, body []byte, path string, depth, group int) {
	if w.count++; w.count > maxParts {
		w.m.Refused = "more than 200 parts"
		w.m.warn("more than 200 parts: the rest was not read")
		return
	}
	media, params := h.parameters("content-type")
	if media == "" || !strings.Contains(media, "/") {
		if media != "" && media != "text" {
			w.m.warn("a Content-Type without meaning was read as text")
		}
		media = "text/plain"
	}
	switch media {
	case "multipart/encrypted": // RFC 1847, section 2.2
		w.m.Encrypted = "PGP"
		if strings.Contains(params["protocol"], "pkcs7") {
			w.m.Encrypted = "S/MIME"
		}
	case "multipart/signed":
		w.m.Signed = "PGP"
		if strings.Contains(params["protocol"], "pkcs7") {
			w.m.Signed = "S/MIME"
		}
	}
	if strings.HasPrefix(media, "multipart/") {
		if depth >= maxDepth {
			w.m.Refused = "nested deeper than 10 parts"
			w.m.warn("nested too deeply: the inner parts were not read")
			return
		}
		if w.split(media, params["boundary"], body, path, depth, group) {
			return
		}
		w.m.warn("a multipart without boundary was read as text")
		media = "text/plain"
		if len(body) > 0 && bytes.Contains(body[:min(len(body), 2048)], []byte("<html")) {
			media = "text/html"
		}
	}
	if path == "" {
		path = "1"
	}
	data, known, odd := decodeTransfer(body, h.get("content-transfer-encoding"))
	if !known {
		w.m.warn("an unknown transfer encoding was taken as it is")
	}
	if odd {
		w.m.warn("damaged base64 was repaired")
	}
	disposition, dparams := h.parameters("content-disposition")
	name := dparams["filename"]
	if name == "" {
		name = params["name"]
	}
	p := part{path: path, mediaType: media, params: params, header: h, data: data, name: fileName(decodeWords(name)), group: group}
	switch {
	case strings.HasSuffix(media, "pkcs7-mime"), disposition == "attachment" && strings.HasSuffix(strings.ToLower(p.name), ".p7m"):
		p.attached = true
		// RFC 8551, section 3.5.2: signed so that old programs see a file.
		switch inner, kind := openCMS(data); kind {
		case cmsSigned:
			w.m.Signed = "S/MIME"
			if depth < maxDepth && len(inner) > 0 {
				h, body, cut := w.partHeader(inner, media)
				if cut {
					w.m.Refused = "header beyond its limit in a part"
				}
				w.walk(h, body, path, depth+1, group)
				return
			}
		case cmsEnveloped:
			w.m.Encrypted = "S/MIME"
		}
	case media == "message/rfc822" || media == "message/global" || media == "application/octet-stream" && extension(p.name) == "eml":
		p.attached = true
		if w.depth < maxAttached && len(w.m.attached) < 20 {
			inner := read(data, w.depth+1)
			inner.under(path)
			w.m.attached = append(w.m.attached, inner)
		}
	case media == "text/plain" || media == "text/html" || media == "text/enriched" || media == "text/richtext":
		// A form is a file, however it is shown.
		p.attached = disposition == "attachment" || name != "" && disposition != "inline" && !firstText(w.parts) || isForm(p.name)
	case media == "message/delivery-status" || media == "message/disposition-notification" ||
		media == "message/feedback-report" || media == "text/rfc822-headers" || media == "text/calendar":
		p.attached = true
	default:
		p.attached = true
	}
	w.parts = append(w.parts, p)
}

func firstText(parts []part) bool {
	for _, p := range parts {
		if !p.attached {
			return false
		}
	}
	return true
}

// split walks the parts of a multipart. It returns false where not a single
// boundary was found. A missing closing boundary ends with the bytes.
func (w *walker) split(media, boundary string, body []byte, path string, depth, group int) bool {
	if boundary == "" {
		boundary = guessBoundary(body)
		if boundary == "" {
			return false
		}
		w.m.warn("a missing boundary was guessed")
	}
	if media == "multipart/alternative" {
		w.groups++
		group = w.groups
	}
	mark := []byte("--" + boundary)
	at, next, closing := findBoundary(body, mark, 0)
	if at < 0 {
		return false
	}
	if path == "" {
		w.m.preamble = body[:at]
	}
	n := 0
	for !closing {
		start := next
		at, next, closing = findBoundary(body, mark, start)
		content := body[min(start, len(body)):]
		if at >= 0 {
			content = body[min(start, at):at]
			// The line break before a boundary belongs to the boundary
			// (RFC 2046, section 5.1.1).
			content = bytes.TrimSuffix(bytes.TrimSuffix(content, []byte("\n")), []byte("\r"))
		} else {
			w.m.warn("the closing boundary is missing")
			closing = true
			if len(bytes.TrimSpace(content)) == 0 {
				break
			}
		}
		n++
		h, inner, cut := w.partHeader(content, media)
		if cut {
			w.m.Refused = "header beyond its limit in a part"
		}
		sub := fmt.Sprint(n)
		if path != "" {
			sub = path + "." + sub
		}
		w.walk(h, inner, sub, depth+1, group)
		if w.count > maxParts {
			break
		}
	}
	return true
}

// partHeader reads a part's header. A part that begins with its text right away
// has none.
func (w *walker) partHeader(content []byte, media string) (header, []byte, bool) {
	if len(content) == 0 || content[0] == '\n' || content[0] == '\r' {
		_, rest := nextLine(content)
		return w.implied(media), rest, false
	}
	line, _ := nextLine(content)
	if name := fieldName(line); name == "" && line[0] != ' ' && line[0] != '\t' {
		return w.implied(media), content, false
	}
	return parseHeader(content, w.m.warn)
}

// implied is the type of a part without header: in a digest it is a mail
// (RFC 2046, section 5.1.5).
func (w *walker) implied(media string) (h header) {
	if media == "multipart/digest" {
		h.Set("Content-Type", "message/rfc822")
	}
	return h
}

// findBoundary looks for a line that begins with mark, from offset on. at is
// where that line begins (-1: none), next where the line after it begins.
func findBoundary(body, mark []byte, from int) (at, next int, closing bool) {
	for from < len(body) {
		i := bytes.Index(body[from:], mark)
		if i < 0 {
			break
		}
		i += from
		line, rest := nextLine(body[i:])
		tail := bytes.TrimRight(line[len(mark):], " \t")
		if (i == 0 || body[i-1] == '\n') && (len(tail) == 0 || string(tail) == "--") {
			return i, len(body) - len(rest), len(tail) > 0
		}
		from = i + len(mark)
	}
	return -1, len(body), false
}

// guessBoundary takes the first line that begins with two hyphens and that
// another one repeats or closes.
func guessBoundary(body []byte) string {
	b := body[:min(len(body), 64<<10)]
	for len(b) > 0 {
		var line []byte
		line, b = nextLine(b)
		if len(line) > 4 && len(line) < 80 && bytes.HasPrefix(line, []byte("--")) && !bytes.ContainsAny(line[2:], " \t") {
			return strings.TrimSuffix(string(line[2:]), "--")
		}
	}
	return ""
}

// fileName makes a name of ours: the last element, no controls, 120 characters.
func fileName(s string) string {
	s = clean(s)
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Trim(s, ". ")
	if r := []rune(s); len(r) > 120 {
		s = string(r[:100]) + string(r[len(r)-20:])
	}
	return s
}

// compose chooses the body and lists the attachments.
func (m *Message) compose() {
	m.unpackText()
	var html [][]byte
	for _, p := range m.parts {
		if p.mediaType == "text/html" && !p.attached {
			html = append(html, p.data)
		}
	}
	budget := maxText
	for i := range m.parts {
		p := &m.parts[i]
		if p.attached {
			sum := sha256.Sum256(p.data)
			a := Attachment{Name: p.name, MediaType: p.mediaType, Size: len(p.data), SHA256: hex.EncodeToString(sum[:]), Data: p.data}
			if a.Name == "" {
				a.Name = ownName(p.path, p.mediaType)
			}
			if strings.HasPrefix(p.mediaType, "image/") {
				a.logo = decoration(p, html)
			}
			m.Attachments = append(m.Attachments, a)
			continue
		}
		if len(p.data) > budget {
			p.data = p.data[:budget]
			m.warn("more than 1 MB of text: the rest was not read")
		}
		budget -= len(p.data)
	}
	// In each alternative the text counts unless it is empty (MAIL.md 90).
	text := map[int]bool{}
	lines := make([][]line, len(m.parts))
	for i, p := range m.parts {
		if p.attached {
			continue
		}
		charset := p.params["charset"]
		if charset == "" && p.mediaType == "text/html" && !isASCII(p.data) {
			charset = metaCharset(p.data)
		}
		decoded, sure := decodeCharset(p.data, charset)
		if !sure && charset != "" && !isASCII(p.data) {
			m.warn("the charset of a part was guessed")
		}
		if p.mediaType == "text/html" {
			lines[i] = htmlLines(decoded, p.path)
			continue
		}
		lines[i] = textLines(m.openArmour(decoded), p.path, p.params)
		if hasText(lines[i]) {
			text[p.group] = true
		}
	}
	for _, p := range m.parts {
		m.hasHTML = m.hasHTML || !p.attached && p.mediaType == "text/html" && p.group != 0 && text[p.group]
	}
	for i, p := range m.parts {
		if p.attached {
			continue
		}
		isHTML, paired := p.mediaType == "text/html", p.group != 0 && text[p.group]
		if !isHTML && (p.group == 0 || paired) || isHTML && !paired {
			if m.plain == nil {
				m.plain = lines[i][:len(lines[i]):len(lines[i])]
			} else {
				m.plain = append(m.plain, lines[i]...)
			}
		}
		if m.hasHTML && (isHTML || p.group == 0) {
			m.html = append(m.html, lines[i]...)
		}
	}
	if len(m.preamble) > 80 && !hasText(m.plain) && !hasText(m.html) && !bytes.Contains(bytes.ToLower(m.preamble), []byte("mime")) && !bytes.Contains(m.preamble, []byte("multi-part")) {
		// RFC 2046, section 5.1.1: a preamble is not shown. Old systems wrote their
		// report there, and it is all the text there is.
		decoded, _ := decodeCharset(m.preamble[:min(len(m.preamble), maxText)], "")
		m.plain = append(m.plain, textLines(decoded, "0", nil)...)
		m.warn("the text before the first part was read")
	}
	m.plain.number()
	m.html.number()
	m.Text = m.plain.String()
	if len(m.Text) > maxText {
		m.Text = strings.ToValidUTF8(m.Text[:maxText], "")
	}
}

// unpackText makes attachments of files that stand in the text.
func (m *Message) unpackText() {
	for i := range len(m.parts) {
		p := &m.parts[i]
		if p.attached || p.mediaType != "text/plain" || len(m.parts) >= maxParts {
			continue
		}
		text, files := cutEmbedded(p.data)
		if files == nil {
			continue
		}
		m.warn("a file in the text was made an attachment")
		p.data = text
		path := p.path
		for n, f := range files {
			m.parts = append(m.parts, part{path: fmt.Sprintf("%s.u%d", path, n+1), mediaType: "application/octet-stream", attached: true, name: f.name, data: f.data})
		}
	}
}

// openArmour takes off what PGP sets around a text that is signed, and says so
// where one is encrypted (RFC 9580, sections 6.2 and 7).
func (m *Message) openArmour(text string) string {
	const (
		message = "-----BEGIN PGP MESSAGE-----"
		signed  = "-----BEGIN PGP SIGNED MESSAGE-----"
		begin   = "-----BEGIN PGP SIGNATURE-----"
		end     = "-----END PGP SIGNATURE-----"
	)
	if !strings.Contains(text, "-----BEGIN PGP ") {
		return text
	}
	atLine := func(s, mark string) int {
		if strings.HasPrefix(s, mark) {
			return 0
		}
		if i := strings.Index(s, "\n"+mark); i >= 0 {
			return i + 1
		}
		return -1
	}
	if i := atLine(text, message); i >= 0 {
		m.Encrypted = "PGP"
	}
	i := atLine(text, signed)
	if i < 0 {
		return text
	}
	m.Signed = "PGP"
	before, rest := text[:i], text[i+len(signed):]
	_, rest, _ = strings.Cut(rest, "\n")
	for { // fields such as Hash, up to an empty line
		line, next, ok := strings.Cut(rest, "\n")
		rest = next
		if !ok || strings.TrimSpace(line) == "" {
			break
		}
	}
	inner, after := rest, ""
	if j := atLine(rest, begin); j >= 0 {
		inner, after = rest[:j], rest[j:]
		if _, tail, ok := strings.Cut(after, end); ok {
			after = tail
		} else {
			after = ""
		}
	}
	// Section 7.1: a line that begins with a hyphen is escaped.
	inner = strings.ReplaceAll("\n"+inner, "\n- ", "\n")[1:]
	return before + inner + after
}

func hasText(lines []line) bool {
	for _, l := range lines {
		if strings.TrimSpace(l.text) != "" {
			return true
		}
	}
	return false
}

func (m *Message) hashContent() {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n", m.From, m.header.get("date"), m.Subject)
	for _, p := range m.parts {
		if !p.attached {
			fmt.Fprintf(h, "%s %x\n", p.mediaType, sha256.Sum256(p.data))
		}
	}
	hashes := make([]string, 0, len(m.Attachments))
	for _, a := range m.Attachments {
		hashes = append(hashes, a.SHA256)
	}
	sort.Strings(hashes)
	fmt.Fprintf(h, "%s", strings.Join(hashes, "\n"))
	m.ContentHash = hex.EncodeToString(h.Sum(nil))
}
