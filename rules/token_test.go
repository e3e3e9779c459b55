package rules

import (
	"strings"
	"testing"
	"time"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	key, now := []byte("a key of more than enough letters"), instant("2026-05-22T09:30")
	token := NewToken(key, "R-7K4Q2M", now)
	if got := Tokens("Re: Review [" + strings.ToLower(string(token)) + "]\n> answer: " + string(token) + "."); len(got) != 1 || got[0] != token {
		t.Fatalf("found %v, want %s once, in either letter case", got, token)
	}
	changed := func(i int) Token {
		b := []byte(token)
		if b[i]++; b[i] == '9'+1 || b[i] == 'Z'+1 {
			b[i] -= 2
		}
		return Token(b)
	}
	for name, c := range map[string]struct {
		key   []byte
		token Token
		on    Case
		at    time.Time
		want  TokenState
	}{
		"its own case":                     {key, token, "R-7K4Q2M", now, TokenValid},
		"on its last day":                  {key, token, "R-7K4Q2M", now.AddDate(0, 0, TokenDays), TokenValid},
		"a day later":                      {key, token, "R-7K4Q2M", now.AddDate(0, 0, TokenDays+1), TokenExpired},
		"another case":                     {key, token, "R-000001", now, TokenElsewhere},
		"another key":                      {[]byte("another key, just as long as that"), token, "R-7K4Q2M", now, TokenForged},
		"the case changed":                 {key, changed(3), changed(3).Case(), now, TokenForged},
		"the end changed":                  {key, changed(len("R-7K4Q2M.4")), "R-7K4Q2M", now, TokenForged},
		"the seal changed":                 {key, changed(len(token) - 1), "R-7K4Q2M", now, TokenForged},
		"a change's own":                   {key, NewToken(key, ChangeCase(12, 2), now), "C-12-2", now, TokenValid},
		"a change's token for another one": {key, NewToken(key, ChangeCase(12, 2), now), "C-12-1", now, TokenElsewhere},
		"a mail's token for its prospect":  {key, NewToken(key, MailCase(7), now), "R-7K4Q2M", now, TokenElsewhere},
		"no token":                         {key, "APPROVE", "R-7K4Q2M", now, TokenForged},
		"a token with something behind it": {key, token + "X", "R-7K4Q2M", now, TokenForged},
	} {
		if got := CheckToken(c.key, c.token, c.on, c.at); got != c.want {
			t.Errorf("%s: %s is %s, want %s", name, c.token, got, c.want)
		}
	}
	two := Order{Verb: VerbApprove, Tokens: []Token{token, NewToken(key, "R-000001", now)}}
	if c, state := two.On(key, now); c != "" || state != TokenMissing {
		t.Errorf("with two tokens and no case named: %s, %s", c, state)
	}
	two.Case = "R-000001"
	if c, state := two.On(key, now); c != "R-000001" || state != TokenValid {
		t.Errorf("with two tokens and one of their cases named: %s, %s", c, state)
	}
	if got := Tokens("> to this: " + string(NewToken(key, ChangeCase(12, 2), now))); len(got) != 1 || got[0].Case() != "C-12-2" {
		t.Errorf("a change's token is read as %v", got)
	}
	if bits := len(strings.Split(string(token), ".")[2]) * 5; bits < 128 {
		t.Errorf("the seal has %d bits", bits)
	}
}

// FuzzToken: nothing that a mail can hold is worth anything without the key.
func FuzzToken(f *testing.F) {
	now := instant("2026-05-22T09:30")
	f.Add("R-7K4Q2M.496200.0123456789ABCDEFGHJKMNPQRS")
	f.Add(string(NewToken([]byte("k"), "M-12", now)))
	f.Add("[[M-.1.]]")
	key := []byte("the key that nobody knows")
	genuine := NewToken(key, "R-7K4Q2M", now)
	f.Add(string(genuine))
	f.Fuzz(func(t *testing.T, text string) {
		for _, token := range append(Tokens(text), Token(text)) {
			if s := CheckToken(key, token, token.Case(), now); s != TokenForged && !strings.EqualFold(string(token), string(genuine)) {
				t.Fatalf("%q is %s", token, s)
			}
		}
	})
}
