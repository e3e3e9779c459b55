package intake

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/emersion/go-vcard"

	"leadmail/rules"
)

// maxCard and maxCards bound one card's text, without pictures, and one file.
const (
	maxCard  = 64 << 10
	maxCards = 1000
)

func isCardFile(ext, media string, data []byte) bool {
	head := bytes.ToUpper(bytes.TrimLeft(data[:min(len(data), 200)], "\ufeff \t\r\n"))
	return ext == ".vcf" || ext == ".vcard" || strings.HasSuffix(media, "vcard") || media == "text/directory" || bytes.HasPrefix(head, []byte("BEGIN:VCARD"))
}

// cardFile reads the cards of an attachment.
func (p *parser) cardFile(part part) []*block {
	text, ok := fileText(part.data, part.params["charset"])
	if !ok {
		return nil
	}
	var out []*block
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
	for i := 0; i < len(lines) && len(out) < maxCards; i++ {
		if !isCardMark(lines[i], "BEGIN") {
			continue
		}
		end := i + 1
		for end < len(lines) && !isCardMark(lines[end], "END") && !isCardMark(lines[end], "BEGIN") {
			end++
		}
		if b := readCard(lines[i:min(end+1, len(lines))], part.params["charset"]); b != nil && !p.colleague(b) {
			b.at = rules.Span{Part: part.path, Line: i + 1, To: len(lines[i])}
			b.place(b.at)
			out = append(out, b)
		}
		i = end - 1
		if end < len(lines) && isCardMark(lines[end], "END") {
			i = end
		}
	}
	return out
}

// colleague says whether a card is the sender's own or that of somebody in the
// sender's house, as mail programs attach it to every mail.
func (p *parser) colleague(b *block) bool {
	from := string(p.m.From)
	if strings.EqualFold(b.Email, from) {
		return true
	}
	_, own := letterParts(from)
	_, other := letterParts(b.Email)
	if own != "" && own == other && !freeMail[own] {
		return true
	}
	name := strings.TrimSpace(b.FirstName + " " + b.LastName)
	return b.FirstName != "" && b.LastName != "" && fold(name) == fold(p.m.FromName)
}

// freeMail are hosts whose users have nothing to do with each other.
var freeMail = func() map[string]bool {
	m := map[string]bool{}
	for _, d := range strings.Fields("gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.co.uk yahoo.de yahoo.fr icloud.com me.com mac.com aol.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de proton.me protonmail.com mail.com mail.ru yandex.ru qq.com 163.com 126.com orange.fr free.fr wanadoo.fr laposte.net libero.it virgilio.it wp.pl o2.pl onet.pl seznam.cz telia.com naver.com hanmail.net fastmail.com zoho.com hey.com bluewin.ch ziggo.nl kpnmail.nl") {
		m[d] = true
	}
	return m
}()

// place sets where all fields of a card stand.
func (b *block) place(at rules.Span) {
	for _, f := range rules.Fields {
		if b.Get(f) != "" {
			b.Spans[f] = at
		}
	}
}

// cards reads the cards that are pasted into a body.
func (c *collector) cards() []*block {
	var out []*block
	for i := 0; i < len(c.v) && i < maxLines && len(out) < maxCards; i++ {
		if !c.read[i] || !isCardMark(c.v[i].text, "BEGIN") {
			continue
		}
		end := i + 1
		for end < len(c.v) && end < i+500 && c.read[end] && !isCardMark(c.v[end].text, "END") && !isCardMark(c.v[end].text, "BEGIN") {
			end++
		}
		if end < len(c.v) && isCardMark(c.v[end].text, "END") {
			end++
		}
		lines := make([]string, 0, end-i)
		for _, l := range c.v[i:end] {
			lines = append(lines, l.text)
		}
		b := readCard(lines, "")
		for k := i; k < end; k++ {
			c.claim(k)
		}
		if b != nil {
			b.first = i
			l := c.v[i]
			b.place(rules.Span{Part: l.part, Line: l.n, From: l.offset(), To: l.offset() + len(l.text)})
			out = append(out, b)
		}
		i = end - 1
	}
	return out
}

func isCardMark(line, mark string) bool {
	if t := strings.TrimSpace(line); len(t) < len(mark) || !strings.EqualFold(t[:1], mark[:1]) {
		return false // as most lines are
	}
	line = strings.ToUpper(strings.Join(strings.Fields(line), ""))
	return line == mark+":VCARD"
}

// readCard reads one card. Version 2.1 is brought into the form of 3.0 first, as
// the library reads that: quoted-printable decoded, its soft breaks joined, bare
// parameters named. Pictures, sounds and keys are left out.
func readCard(lines []string, charset string) *block {
	card, err := vcard.NewDecoder(strings.NewReader(modernCard(lines, charset))).Decode()
	if err != nil || card == nil {
		return nil
	}
	b := &block{seen: map[labelField]bool{}, table: true}
	b.Spans = map[rules.Field]rules.Span{}
	name := card.Name()
	first, last := "", ""
	if name != nil {
		first, last = strings.TrimSpace(name.GivenName), strings.TrimSpace(name.FamilyName)
	}
	full := strings.TrimSpace(card.PreferredValue(vcard.FieldFormattedName))
	email := ""
	for _, f := range preferred(card[vcard.FieldEmail]) {
		if a, st := readEmail(strings.TrimPrefix(f.Value, "mailto:")); st == usable {
			email = a
			break
		}
	}
	if email != "" {
		b.Email, b.seen[labelEmail] = email, true
	}
	for _, f := range preferred(card[vcard.FieldOrganization]) {
		unit := f.Value
		if parts := splitCard(unit); len(parts) > 0 {
			unit = parts[0]
		}
		if company, st := readCompany(unit); st == usable {
			b.Company, b.seen[labelCompany] = company, true
			break
		}
	}
	for _, f := range preferred(card[vcard.FieldURL]) {
		if u, st := readURL(f.Value); st == usable && !isProfile(u) {
			b.URL, b.seen[labelURL] = u, true
			break
		}
	}
	company := card.Get("X-ABSHOWAS") != nil && strings.EqualFold(card.Value("X-ABSHOWAS"), "COMPANY")
	switch {
	case first != "" && last != "":
		b.put(labelFirst, first, rules.Span{})
		b.put(labelLast, last, rules.Span{})
	case (first != "" || last != "") && !company:
		// A whole name in one field, as phones keep it; the address helps to split it.
		whole := first + last
		if full != "" && len(strings.Fields(full)) > len(strings.Fields(whole)) {
			whole = full
		}
		if last != "" && len(strings.Fields(whole)) == 1 {
			b.put(labelLast, whole, rules.Span{})
		} else {
			b.fullName(whole, rules.Span{})
		}
	case full != "" && !company && fold(full) != fold(b.Company) && !isEmail(full):
		if b.Company == "" && formal(full) {
			b.put(labelCompany, full, rules.Span{})
		} else {
			b.fullName(full, rules.Span{})
		}
	case company && b.Company == "" && full != "":
		b.put(labelCompany, full, rules.Span{})
	}
	b.splitFull()
	// A note or a category may say what kind of lead it is, and nothing else.
	for _, key := range []string{vcard.FieldCategories, vcard.FieldNote, "X-LEAD-TYPE"} {
		for _, f := range card[key] {
			t := rules.LeadType("")
			for _, piece := range strings.FieldsFunc(f.Value, func(r rune) bool { return strings.ContainsRune(",;\n", r) }) {
				if t = typeWords(piece); t == "" {
					t = typeIn(piece)
				}
				if _, after, ok := strings.Cut(piece, ":"); ok && t == "" {
					t = typeWords(after)
				}
				if t != "" {
					break
				}
			}
			if t != "" && b.LeadType == "" {
				b.LeadType, b.seen[labelType] = t, true
			}
		}
	}
	b.Spans = map[rules.Field]rules.Span{}
	if b.count() == 0 || b.count() == 1 && b.LeadType != "" {
		return nil
	}
	return b
}

// preferred orders values: those that the card prefers, then those of work, then
// the rest as they stand.
func preferred(fields []*vcard.Field) []*vcard.Field {
	var out []*vcard.Field
	rank := func(f *vcard.Field) int {
		n := 2
		for _, t := range f.Params.Types() {
			switch strings.ToLower(t) {
			case "pref":
				return 0
			case "work":
				n = 1
			case "home":
				n = 3
			}
		}
		if f.Params.Get(vcard.ParamPreferred) == "1" {
			return 0
		}
		return n
	}
	for want := range 4 {
		for _, f := range fields {
			if rank(f) == want && strings.TrimSpace(f.Value) != "" {
				out = append(out, f)
			}
		}
	}
	return out
}

// isProfile says whether a web address is a person's page at somebody else's.
func isProfile(u string) bool {
	host := normURL(u)
	for _, p := range []string{"linkedin.com", "facebook.com", "twitter.com", "x.com", "instagram.com", "xing.com", "maps.google.com", "skype.com", "t.me", "wa.me"} {
		if strings.HasPrefix(host, p) || strings.Contains(host, "."+p+"/") {
			return true
		}
	}
	return false
}

// splitCard cuts a structured value at its semicolons.
func splitCard(s string) []string {
	var out []string
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == ';':
			out = append(out, strings.TrimSpace(b.String()))
			b.Reset()
		default:
			b.WriteByte(s[i])
		}
	}
	return append(out, strings.TrimSpace(b.String()))
}

// modernCard rewrites a card of any version as one that the library reads.
func modernCard(lines []string, charset string) string {
	old := false
	for _, l := range lines {
		if strings.HasPrefix(strings.ToUpper(strings.ReplaceAll(l, " ", "")), "VERSION:2") {
			old = true
		}
	}
	var out strings.Builder
	out.WriteString("BEGIN:VCARD\r\n")
	for i := 1; i < len(lines) && out.Len() < maxCard; i++ {
		l := strings.TrimRight(lines[i], " \t\r")
		if strings.TrimSpace(l) == "" || isCardMark(l, "END") || isCardMark(l, "BEGIN") {
			continue
		}
		head, value, ok := cutCard(l)
		if !ok {
			continue
		}
		upper := strings.ToUpper(head)
		name, params, _ := strings.Cut(upper, ";")
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
			name = name[dot+1:]
		}
		quoted := strings.Contains(params, "QUOTED-PRINTABLE")
		binary := strings.Contains(params, "BASE64") || strings.Contains(params, "ENCODING=B")
		// The rest of a value: folded lines begin with a blank, those of
		// quoted-printable end with an equals sign.
		for i+1 < len(lines) {
			next := lines[i+1]
			switch {
			case quoted && strings.HasSuffix(value, "="):
				value = strings.TrimSuffix(value, "=") + strings.TrimRight(strings.TrimLeft(next, " \t"), "\r")
			case strings.HasPrefix(next, " ") || strings.HasPrefix(next, "\t"):
				if len(value) < maxCard {
					value += strings.TrimRight(next[1:], "\r")
				}
			case binary && !strings.Contains(next, ":") && strings.TrimSpace(next) != "":
			default:
				goto whole
			}
			i++
		}
	whole:
		switch name {
		case "PHOTO", "LOGO", "SOUND", "KEY", "VERSION", "AGENT":
			continue
		case "N", "FN", "ORG", "EMAIL", "URL", "NOTE", "CATEGORIES", "X-ABSHOWAS", "X-LEAD-TYPE":
		default:
			continue
		}
		if binary {
			if raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), "")); err == nil {
				value, _ = decodeCharset(raw, paramOf(params, "CHARSET", charset))
			} else {
				continue
			}
		}
		if quoted {
			value, _ = decodeCharset(unquote([]byte(value)), paramOf(params, "CHARSET", charset))
		}
		if old || quoted || binary {
			// Version 2.1 knows no escapes but that of the semicolon.
			value = strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\n", `\n`)
			if !strings.Contains(value, `\,`) {
				value = strings.ReplaceAll(value, ",", `\,`)
			}
		}
		if name == "URL" || name == "EMAIL" {
			value = strings.ReplaceAll(value, `\:`, ":") // some escape what needs no escape
		}
		out.WriteString(name + typesOf(params) + ":" + value + "\r\n")
	}
	out.WriteString("END:VCARD\r\n")
	return out.String()
}

// cutCard cuts a line at the colon that ends its name and parameters.
func cutCard(l string) (head, value string, ok bool) {
	quoted := false
	for i := 0; i < len(l); i++ {
		switch {
		case l[i] == '"':
			quoted = !quoted
		case l[i] == ':' && !quoted:
			return strings.TrimSpace(l[:i]), strings.TrimSpace(l[i+1:]), i > 0
		}
	}
	return strings.Cut(l, ":")
}

func paramOf(params, name, otherwise string) string {
	for p := range strings.SplitSeq(params, ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(p), name+"="); ok {
			return strings.ToLower(v)
		}
	}
	return otherwise
}

// typesOf writes the parameters that tell which value counts.
func typesOf(params string) string {
	out := ""
	for p := range strings.SplitSeq(params, ";") {
		p = strings.TrimSpace(p)
		key, list, named := strings.Cut(p, "=")
		switch {
		case named && key == "PREF" && list == "1":
			out += ";TYPE=pref"
		case named && key != "TYPE":
			continue
		case !named:
			list = p
		}
		for t := range strings.SplitSeq(strings.Trim(list, `"`), ",") {
			switch t {
			case "PREF", "WORK", "HOME":
				out += ";TYPE=" + strings.ToLower(t)
			}
		}
	}
	return out
}
