package intake

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// wordsFile is the one data file of the reader's language, for people who are no
// programmers to extend.
//
//go:embed words.txt
var wordsFile string

// namesFile is its second part: what tells people from organisations, and both
// from other words with a capital.
//
//go:embed names.txt
var namesFile string

var words = mustWords(wordsFile + "\n" + namesFile)

// token is a word in its normal form, and where it stands in the text. Its number
// and that of its stem are those of the vocabulary that numbered it.
type token struct {
	w        string
	id, stem wordID
	from, to int
}

// tokens cuts a text into words: lower case, without accents, compatibility
// forms unified; hyphens and punctuation separate, an apostrophe inside a word
// does not. Characters of scripts without spaces are words of their own.
func tokens(s string) []token {
	return words.appendTokens(make([]token, 0, 2+len(s)/6), s)
}

// fewTokens is room for the words of most lines, for callers that keep them on
// the stack.
const fewTokens = 32

// appendWords is tokens without their numbers, into a slice that the caller has.
func appendWords(out []token, s string) []token {
	var room [256]byte
	if lower, ok := lowerASCII(s, room[:0]); ok {
		return asciiTokens(lower, out)
	}
	s = lowerLetters(s) // once for all its words
	for i := 0; i < len(s); {
		t, next := nextToken(s, i)
		if t.to > t.from {
			out = append(out, t)
		}
		i = next
	}
	return out
}

// firstWord is the first word of tokens(s); "" where there is none.
func firstWord(s string) string {
	t, _ := nextToken(s, 0)
	return t.w
}

// nextToken cuts the first word from byte i on, and says where to go on. At
// the end it is the zero token.
func nextToken(s string, i int) (token, int) {
	start, ascii := -1, true
	word := func(to int) token {
		if start < 0 {
			return token{}
		}
		return token{w: foldWord(s[start:to], ascii), from: start, to: to}
	}
	for i < len(s) {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case isWordByte(r):
			if start < 0 {
				start = i
			}
		case r == '\'' || r == '’':
			next, _ := utf8.DecodeRuneInString(s[i+n:])
			if start >= 0 && !unicode.IsLetter(next) {
				return word(i), i + n
			}
			ascii = ascii && (start < 0 || r == '\'')
		case r < utf8.RuneSelf:
			if start >= 0 {
				return word(i), i + n
			}
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r == 'ー':
			if start >= 0 {
				return word(i), i
			}
			start, ascii = i, false
			return word(i + n), i + n
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r):
			if start < 0 {
				start = i
			}
			ascii = false
		default:
			if start >= 0 {
				return word(i), i + n
			}
		}
		i += n
	}
	return word(len(s)), len(s)
}

func isWordByte(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// lowerASCII is a text in small letters, where it is ASCII; room saves memory for a
// short one.
func lowerASCII(s string, room []byte) (lower string, ok bool) {
	upper := false
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return "", false
		}
		upper = upper || 'A' <= s[i] && s[i] <= 'Z'
	}
	if !upper {
		return s, true
	}
	return string(appendLower(room, s)), true
}

// lowerLetters is a text with its ASCII letters in small ones.
func lowerLetters(s string) string {
	var room [256]byte
	return string(appendLower(room[:0], s))
}

func appendLower(out []byte, s string) []byte {
	out = append(out, s...)
	for i, c := range out {
		if 'A' <= c && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}

// asciiTokens is tokens for the text that most lines are: in small letters, it is
// cut without copying.
func asciiTokens(lower string, out []token) []token {
	start := -1
	for i := 0; i <= len(lower); i++ {
		c := byte(' ')
		if i < len(lower) {
			c = lower[i]
		}
		switch {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			if start < 0 {
				start = i
			}
		case c == '\'' && start >= 0 && i+1 < len(lower) && 'a' <= lower[i+1] && lower[i+1] <= 'z':
		case start >= 0:
			out = append(out, token{w: lower[start:i], from: start, to: i})
			start = -1
		}
	}
	return out
}

// latin holds the letters of the European alphabets folded: nothing else in a word
// changes what becomes of them.
var latin = func() (out [0x180]string) {
	for r := range out {
		out[r] = foldRunes(string(rune(r)))
	}
	return out
}()

func foldWord(w string, ascii bool) string {
	var room [64]byte
	if ascii {
		lower, _ := lowerASCII(w, room[:0])
		return lower
	}
	w = strings.ReplaceAll(w, "’", "'")
	if strings.IndexFunc(w, func(r rune) bool { return int(r) >= len(latin) }) >= 0 {
		return foldRunes(w)
	}
	b := room[:0]
	for _, r := range w {
		b = append(b, latin[r]...)
	}
	return string(b)
}

func foldRunes(w string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(w) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		switch r = unicode.ToLower(r); r {
		case 'ł':
			r = 'l'
		case 'ð':
			r = 'd'
		case 'þ':
			b.WriteByte('t')
			r = 'h'
		case 'ø':
			r = 'o'
		case 'đ':
			r = 'd'
		case 'ı':
			r = 'i'
		case 'ß':
			b.WriteByte('s')
			r = 's'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fold is a text as its words, one space between.
func fold(s string) string {
	var room [fewTokens]token
	return join(appendWords(room[:0], s))
}

func join(ts []token) string {
	n := 0
	for _, t := range ts {
		n += len(t.w) + 1
	}
	return string(appendJoined(make([]byte, 0, n), ts))
}

func appendJoined(out []byte, ts []token) []byte {
	for i, t := range ts {
		if i > 0 {
			out = append(out, ' ')
		}
		out = append(out, t.w...)
	}
	return out
}
