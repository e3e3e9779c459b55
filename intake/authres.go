package intake

import (
	"errors"
	"fmt"
	"strings"

	"leadmail/rules"
)

// An Authentication-Results field (RFC 8601, section 2.2) is written by a server
// that we trust, around words that the sender chose: the envelope address, a
// selector, a HELO name, what a library said in a comment. Whoever splits it at
// semicolons lets a sender write `"x; dmarc=pass header.from=…"@evil.example`
// into MAIL FROM and be verified. So it is cut into tokens as the grammar says,
// and what does not fit the grammar makes the whole field worthless.

// The limits of one field. Real ones have a dozen results.
const (
	maxAuthres  = 32 << 10
	maxResults  = 100
	maxProps    = 50
	maxComments = 20 // nested
)

// AuthservID is the name by which a server signs an Authentication-Results field;
// "" where there is none, as in Microsoft 365's.
func AuthservID(v string) string { return authresID(v) }

// authresID is the name by which a field's writer signs it, unquoted; "" where it
// is no field of that form. What follows the name need not be readable.
func authresID(v string) string {
	s := scanner{text: v}
	id, err := s.value("")
	if err != nil || s.gap() != nil || s.end() || s.next() != ';' && !isDigit(s.next()) {
		// RFC 8601 has at least "; none" behind the name.
		return ""
	}
	return id
}

// parseAuthres reads the results of a field. Microsoft 365 writes no name at the
// beginning: named is false for its form.
func parseAuthres(v string, named bool) ([]rules.Result, error) {
	if len(v) > maxAuthres {
		return nil, errors.New("it is longer than 32 KB")
	}
	s := scanner{text: v}
	if named {
		if _, err := s.value(""); err != nil {
			return nil, err
		}
		if err := s.gap(); err != nil {
			return nil, err
		}
		for !s.end() && isDigit(s.next()) { // the version
			s.at++
		}
		if err := s.gap(); err != nil {
			return nil, err
		}
		if s.end() || s.next() != ';' {
			return nil, s.unexpected("a semicolon")
		}
		s.at++
	}
	results := []rules.Result{}
	for {
		if err := s.gap(); err != nil {
			return nil, err
		}
		switch {
		case s.end():
			return results, nil
		case s.next() == ';': // some servers end the last result with one
			s.at++
			continue
		case len(results) == maxResults:
			return nil, errors.New("it holds more than 100 results")
		}
		r, none, err := s.result()
		if err != nil {
			return nil, err
		}
		if !none {
			results = append(results, r)
		} else if len(results) > 0 {
			return nil, errors.New(`"none" stands beside results`)
		}
		if !s.end() && s.next() != ';' {
			return nil, s.unexpected("a semicolon")
		}
	}
}

// result reads one resinfo, or the word none that says that there are none. It
// stops at the semicolon behind it.
func (s *scanner) result() (r rules.Result, none bool, err error) {
	if r.Method, err = s.keyword(); err != nil {
		return r, false, err
	}
	if err := s.gap(); err != nil {
		return r, false, err
	}
	if r.Method == "none" && (s.end() || s.next() == ';') {
		return r, true, nil
	}
	if !s.end() && s.next() == '/' { // the method's version
		s.at++
		if err := s.gap(); err != nil {
			return r, false, err
		}
		for !s.end() && isDigit(s.next()) {
			s.at++
		}
	}
	if err := s.equals(); err != nil {
		return r, false, err
	}
	if r.Result, err = s.keyword(); err != nil {
		return r, false, err
	}
	for {
		before := s.at
		if err := s.gap(); err != nil {
			return r, false, err
		}
		if s.end() || s.next() == ';' {
			return r, false, nil
		}
		if s.at == before {
			return r, false, s.unexpected("a blank")
		}
		name, value, err := s.property()
		if err != nil {
			return r, false, err
		}
		if r.Properties == nil {
			r.Properties = map[string]string{}
		}
		if _, twice := r.Properties[name]; twice {
			return r, false, fmt.Errorf("%s states %s twice", r.Method, name)
		}
		if len(r.Properties) == maxProps {
			return r, false, fmt.Errorf("%s has more than %d properties", r.Method, maxProps)
		}
		r.Properties[name] = value
	}
}

// property reads reason=…, ptype.property=…, and the action=… of Microsoft's.
func (s *scanner) property() (name, value string, err error) {
	for {
		word, err := s.keyword()
		if err != nil {
			return "", "", err
		}
		name += word
		if err := s.gap(); err != nil {
			return "", "", err
		}
		if s.end() || s.next() != '.' {
			break
		}
		s.at++
		name += "."
		if err := s.gap(); err != nil {
			return "", "", err
		}
	}
	if err := s.equals(); err != nil {
		return "", "", err
	}
	value, err = s.value("@")
	return name, value, err
}

// scanner walks over a field's text.
type scanner struct {
	text string
	at   int
}

func (s *scanner) end() bool  { return s.at >= len(s.text) }
func (s *scanner) next() byte { return s.text[s.at] }

func (s *scanner) unexpected(wanted string) error {
	if s.end() {
		return fmt.Errorf("it ends where %s should stand", wanted)
	}
	return fmt.Errorf("%q stands at octet %d, where %s should", s.next(), s.at+1, wanted)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '-' || c == '_'
}

// gap passes over blanks, folding and comments, which nest (CFWS, RFC 5322,
// section 3.2.2). Nothing in a comment counts, whatever it looks like.
func (s *scanner) gap() error {
	for !s.end() {
		switch {
		case isSpace(s.next()):
			s.at++
		case s.next() == '(':
			if err := s.comment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (s *scanner) comment() error {
	for depth := 0; !s.end(); s.at++ {
		switch s.next() {
		case '(':
			if depth++; depth > maxComments {
				return errors.New("its comments nest too deeply")
			}
		case ')':
			if depth--; depth == 0 {
				s.at++
				return nil
			}
		case '\\': // a quoted pair: whatever follows is text
			s.at++
		}
	}
	return errors.New("a comment does not end")
}

// keyword reads a word of letters, digits, hyphens and underscores, in lower
// case. A letter of another script that looks like one of these is none.
func (s *scanner) keyword() (string, error) {
	from := s.at
	for !s.end() && wordByte(s.next()) {
		s.at++
	}
	if s.at == from {
		return "", s.unexpected("a word")
	}
	return strings.ToLower(s.text[from:s.at]), nil
}

func (s *scanner) equals() error {
	if err := s.gap(); err != nil {
		return err
	}
	if s.end() || s.next() != '=' {
		return s.unexpected("an equals sign")
	}
	s.at++
	return s.gap()
}

// value reads a token or a quoted string (RFC 2045, section 5.1). A pvalue may be
// an address: a quoted local part goes on behind its quotes with one of joined.
// Servers write selectors, signatures and addresses of IPv6 without the quotes
// that a token would need, so a bare value goes on to what must end it.
func (s *scanner) value(joined string) (string, error) {
	if err := s.gap(); err != nil {
		return "", err
	}
	var b strings.Builder
	quoted := !s.end() && s.next() == '"'
	if quoted {
		if err := s.quoted(&b); err != nil {
			return "", err
		}
		if s.end() || !strings.ContainsRune(joined, rune(s.next())) {
			return b.String(), nil
		}
	}
	from := s.at
	for !s.end() && !isSpace(s.next()) && !strings.ContainsRune(";()\"\\", rune(s.next())) && s.next() > ' ' && s.next() != 0x7f {
		s.at++
	}
	if s.at == from && !quoted {
		return "", s.unexpected("a value")
	}
	if !s.end() && !isSpace(s.next()) && s.next() != ';' && s.next() != '(' {
		return "", s.unexpected("the end of a value")
	}
	b.WriteString(s.text[from:s.at])
	return b.String(), nil
}

func (s *scanner) quoted(b *strings.Builder) error {
	for s.at++; !s.end(); s.at++ {
		switch c := s.next(); c {
		case '"':
			s.at++
			return nil
		case '\\':
			s.at++
			if !s.end() {
				b.WriteByte(s.next())
			}
		default:
			b.WriteByte(c)
		}
	}
	return errors.New("a quoted string does not end")
}
