package rules

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A token lets staff decide by mail. A mail to staff holds one for each case that
// it is about, and the answer brings it back: APPROVE, REJECT or ADD TO counts only
// with the token of that case *and* from a verified address of staff. Either alone
// is nothing: an address can be imitated where a server checks badly, and a mail
// with a token in it is forwarded sooner or later.
//
// It is bound to the case and to the kind of action by an HMAC, so that it cannot
// be used on another case, and it ends by itself.

// Case is what a token is for: a prospect under review by its reference, a mail as
// M- and the ledger's number, the forms that a mail brought as P- and that number, or a
// change that waits as C-, that number and its place in the mail's decision.
type Case string

// MailCase is the case of a whole mail, FormsCase that of its forms.
func MailCase(id int64) Case  { return Case("M-" + strconv.FormatInt(id, 10)) }
func FormsCase(id int64) Case { return Case("P-" + strconv.FormatInt(id, 10)) }

// ChangeCase is the case of a change of a registration that waits for a person: the
// n-th judgement, from 1, of what was decided of a mail.
func ChangeCase(mail int64, n int) Case { return Case(fmt.Sprintf("C-%d-%d", mail, n)) }

// Mail is the number of the mail that a case is; 0 for another case.
func (c Case) Mail() int64 { return c.number("M-") }

// Forms is the number of the mail whose forms a case is; 0 for another case.
func (c Case) Forms() int64 { return c.number("P-") }

func (c Case) number(prefix string) int64 {
	n, found := strings.CutPrefix(string(c), prefix)
	id, err := strconv.ParseInt(n, 10, 64)
	if !found || err != nil || id <= 0 {
		return 0
	}
	return id
}

// kind is the kind of action that the case allows.
func (c Case) kind() string {
	switch {
	case c.Mail() > 0:
		return "mail"
	case strings.HasPrefix(string(c), "C-"):
		return "change"
	case c.Forms() > 0:
		return "forms"
	}
	return "review"
}

// TokenDays is how long a token lasts.
const TokenDays = 14

// Token is what stands in a mail: the case, the hour in which it ends, and 128
// bits of HMAC-SHA256, in Crockford's base32, parted by dots.
type Token string

var tokenForm = regexp.MustCompile(`(?i)\b([RM]-[0-9A-Z]{1,18}|P-[0-9]{1,18}|C-[0-9]{1,18}-[0-9]{1,4})\.([0-9A-Z]{1,8})\.([0-9A-Z]{26})\b`)

// NewToken makes the token of a case that ends TokenDays after now.
func NewToken(key []byte, c Case, now time.Time) Token {
	ends := strconv.FormatInt(now.Unix()/3600+TokenDays*24+1, 10)
	return Token(fmt.Sprintf("%s.%s.%s", c, ends, sealed(key, c, ends)))
}

// sealed is the last part of a token.
func sealed(key []byte, c Case, ends string) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "leadmail token 1\x00%s\x00%s\x00%s", c.kind(), c, ends)
	return base32(mac.Sum(nil)[:16])
}

// base32 writes bytes in Crockford's alphabet, the last digit filled with zeros.
func base32(b []byte) string {
	var out strings.Builder
	bits, n := uint(0), 0
	for _, c := range b {
		bits = bits<<8 | uint(c)
		for n += 8; n >= 5; n -= 5 {
			out.WriteByte(crockford[bits>>(n-5)&31])
		}
	}
	if n > 0 {
		out.WriteByte(crockford[bits<<(5-n)&31])
	}
	return out.String()
}

// Tokens finds what has the form of a token in a text, each once, ten at most.
func Tokens(text string) []Token {
	var out []Token
	seen := map[Token]bool{}
	for _, m := range tokenForm.FindAllString(text, 100) {
		t := Token(strings.ToUpper(m))
		if !seen[t] && len(out) < 10 {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}

// WithoutTokens is a text without what has the form of a token in it.
func WithoutTokens(text string) string { return tokenForm.ReplaceAllString(text, "") }

// Case is what a token says that it is for.
func (t Token) Case() Case {
	c, _, _ := strings.Cut(string(t), ".")
	return Case(c)
}

// TokenState is what a token is worth.
type TokenState string

// The states of a token.
const (
	TokenValid   TokenState = "valid"
	TokenMissing TokenState = "missing"
	TokenExpired TokenState = "expired"
	// TokenForged: it is none of ours.
	TokenForged TokenState = "forged"
	// TokenElsewhere: it is another case's (MAIL.md 70).
	TokenElsewhere TokenState = "another case's"
)

// CheckToken says what a token is worth for a case at an instant.
func CheckToken(key []byte, t Token, c Case, at time.Time) TokenState {
	m := tokenForm.FindStringSubmatch(string(t))
	if m == nil || m[0] != string(t) {
		return TokenForged
	}
	of := Case(strings.ToUpper(m[1]))
	if subtle.ConstantTimeCompare([]byte(sealed(key, of, m[2])), []byte(strings.ToUpper(m[3]))) != 1 {
		return TokenForged
	}
	ends, err := strconv.ParseInt(m[2], 10, 64)
	switch {
	case of != c:
		return TokenElsewhere
	case err != nil || at.Unix()/3600 >= ends:
		return TokenExpired
	}
	return TokenValid
}

// Order is what a mail asks for in the words of staff: APPROVE, REJECT or ADD TO
// at its beginning. It is a fact of the mail, whoever wrote it.
type Order struct {
	Verb Verb `json:"verb"`
	// Case is what the mail names behind the verb; "" where it leaves that to the
	// token.
	Case    Case      `json:"case,omitempty"`
	Partner PartnerID `json:"partner,omitempty"` // of ADD TO
	Reason  string    `json:"reason,omitempty"`
	Tokens  []Token   `json:"tokens,omitempty"`
	// Several says that the mail orders more than one thing. A mail decides one: of
	// several it would be a guess which words belong to which.
	Several bool `json:"several,omitempty"`
	// Forms are the kinds of forms that the reason names, in its order.
	Forms []FormKind `json:"forms,omitempty"`
}

// On is the case that an order is about, and what its tokens are worth for it.
// Without a case named, the one token says it; with several nothing does.
func (o Order) On(key []byte, at time.Time) (Case, TokenState) {
	c := o.Case
	switch {
	case len(o.Tokens) == 0:
		return c, TokenMissing
	case c == "" && len(o.Tokens) > 1:
		return "", TokenMissing
	case c == "":
		c = o.Tokens[0].Case()
	}
	best := TokenForged
	for _, t := range o.Tokens {
		switch s := CheckToken(key, t, c, at); s {
		case TokenValid:
			return c, s
		case TokenExpired:
			best = s
		case TokenElsewhere:
			if best == TokenForged {
				best = s
			}
		}
	}
	return c, best
}

// Ordered is an order of staff with what came of it.
type Ordered struct {
	Order
	On    Case       `json:"on"`
	Token TokenState `json:"token"`
	// Done is what was carried out; Refused is why it could not be.
	Done    Outcome `json:"done,omitempty"`
	Refused string  `json:"refused,omitempty"`
}
