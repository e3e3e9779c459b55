package intake

import (
	"strings"

	"github.com/emersion/go-message/mail"

	"leadmail/rules"
)

// author is one address of a From-like field as found.
type author struct {
	name string // decoded display name
	spec string // the addr-spec as written
	odd  bool   // the display part holds an unquoted @: not RFC 5322 (MAIL.md 45)
}

// authors reads an address list: by go-message, and where that refuses it, or
// gives a name that cannot be, leniently: quoted strings and comments are minded, encoded words decoded
// after splitting, an unknown charset or a missing quote costs the name but never the address. An entry without an
// addr-spec ("<>", "MAILER-DAEMON", a group's name) has an empty spec.
func authors(v string) []author {
	if len(v) <= maxStrict {
		if out, ok := strictAuthors(v); ok {
			return out
		}
	}
	var out []author
	for _, entry := range splitAddresses(v) {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		out = append(out, oneAuthor(entry))
		if len(out) == 100 {
			break
		}
	}
	return out
}

func strictAuthors(v string) ([]author, bool) {
	list, err := mail.ParseAddressList(v)
	if err != nil {
		return nil, false
	}
	out := make([]author, 0, len(list))
	for _, a := range list {
		if !sound(a.Name) {
			return nil, false
		}
		if len(out) < 100 && len(a.Address) <= 320 {
			out = append(out, author{name: clean(a.Name), spec: a.Address})
		}
	}
	return out, true
}

// splitAddresses cuts at commas (and the marks of a group) outside quotes,
// comments and angle brackets.
func splitAddresses(v string) []string {
	var out []string
	quoted, angle, depth, start := false, false, 0, 0
	// A quote or bracket that never closes is a character like any other.
	quote, bracket, paren := strings.LastIndexByte(v, '"'), strings.LastIndexByte(v, '>'), strings.LastIndexByte(v, ')')
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '\\' && (quoted || depth > 0):
			i++
		case c == '"' && depth == 0:
			if quoted || i < quote {
				quoted = !quoted
			}
		case quoted:
		case c == '(':
			if i < paren {
				depth++
			}
		case c == ')' && depth > 0:
			depth--
		case depth > 0:
		case c == '<':
			angle = i < bracket
		case c == '>':
			angle = false
		case (c == ',' || c == ';') && !angle:
			out = append(out, v[start:i])
			start = i + 1
		}
	}
	return append(out, v[start:])
}

func oneAuthor(entry string) author {
	entry = strings.TrimSpace(entry)
	var a author
	display := ""
	if lt := lastOutsideQuotes(entry, '<'); lt >= 0 {
		inside := entry[lt+1:]
		if gt := strings.IndexByte(inside, '>'); gt >= 0 {
			inside = inside[:gt]
		}
		display = strings.TrimSpace(entry[:lt])
		a.spec = bareSpec(inside)
		if !strings.HasPrefix(display, `"`) && strings.Contains(display, "@") && !strings.Contains(display, "=?") {
			a.odd = true
		}
	} else {
		text, comment := cutComment(entry)
		display = comment // the old form: jane@acme.example (Jane Doe)
		for _, w := range strings.Fields(text) {
			if spec := bareSpec(w); strings.Contains(spec, "@") {
				if a.spec != "" {
					a.odd = true
					continue
				}
				a.spec = spec
			}
		}
		if a.spec == "" {
			display = text
		} else if rest := strings.TrimSpace(strings.Replace(text, a.spec, "", 1)); rest != "" && comment == "" {
			display = rest
		}
	}
	if strings.HasPrefix(display, `"`) && strings.HasSuffix(display, `"`) && len(display) > 1 {
		display = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(display[1 : len(display)-1])
	}
	a.name = decodeWords(strings.Trim(display, `"' `))
	return a
}

func lastOutsideQuotes(s string, mark byte) int {
	at, quoted := -1, false
	quote := strings.LastIndexByte(s, '"')
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			if quoted || i < quote {
				quoted = !quoted
			}
		case s[i] == mark && !quoted:
			at = i
		}
	}
	return at
}

func cutComment(s string) (text, comment string) {
	open := strings.IndexByte(s, '(')
	end := strings.LastIndexByte(s, ')')
	if open < 0 || end < open {
		return s, ""
	}
	return strings.TrimSpace(s[:open] + " " + s[end+1:]), s[open+1 : end]
}

// bareSpec tidies an addr-spec: blanks, mailto: and a route removed.
func bareSpec(s string) string {
	s = strings.Trim(s, " \t<>\"',;")
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	// RFC 5322, section 4.4: an obsolete route, "@a,@b:user@host".
	if strings.HasPrefix(s, "@") {
		if i := strings.IndexByte(s, ':'); i > 0 {
			s = s[i+1:]
		}
	}
	if len(s) > 320 {
		return ""
	}
	if strings.ContainsAny(s, " \t(") && !strings.Contains(s, `"`) {
		// RFC 5322, section 4.4: comments and blanks between the parts.
		for s2, _ := cutComment(s); s2 != s; s2, _ = cutComment(s) {
			s = s2
		}
		if joined := strings.Join(strings.Fields(s), ""); strings.Count(joined, "@") == 1 {
			s = joined
		}
	}
	return s
}

// address makes an identity of an addr-spec. One that the strict reader refuses
// but that has a local part and a domain is kept as it is, the domain in lower
// case: it is compared with registered addresses only.
func address(spec string) rules.Address {
	if a, err := rules.ParseAddress(spec); err == nil {
		return a
	}
	at := strings.LastIndexByte(spec, '@')
	if at <= 0 || at == len(spec)-1 || strings.ContainsAny(spec, " \t<>") {
		return ""
	}
	return rules.Address(clean(spec[:at+1] + strings.ToLower(spec[at+1:])))
}

func addresses(values []string) []rules.Address {
	var out []rules.Address
	for _, v := range values {
		for _, a := range authors(v) {
			if x := address(a.spec); x != "" {
				out = append(out, x)
			}
		}
	}
	return out
}

// messageIDs reads the ids of a Message-ID, In-Reply-To or References field that
// is not written as it should be.
func messageIDs(v string) []string {
	var out []string
	rest := v
	for {
		open := strings.IndexByte(rest, '<')
		if open < 0 {
			break
		}
		end := strings.IndexByte(rest[open:], '>')
		if end < 0 {
			break
		}
		if id := tidyID(rest[open+1 : open+end]); id != "" {
			out = append(out, id)
		}
		rest = rest[open+end+1:]
	}
	if out == nil {
		// Brackets forgotten: words with an at sign.
		for _, w := range strings.Fields(v) {
			if id := tidyID(w); strings.Contains(id, "@") {
				out = append(out, id)
			}
		}
	}
	return out
}

func tidyID(s string) string {
	s = strings.Join(strings.Fields(clean(strings.Trim(s, "<> \t"))), "")
	if len(s) > 998 {
		return ""
	}
	return s
}
