package rules

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// NameKey is the normal form of a company name, in which two spellings of one
// name agree: no case, accents, punctuation or legal form (D10).
type NameKey string

// legalForms are dropped from the end of a name, as words without full stops.
var legalForms = wordSet(`inc incorporated llc llp lp ltd limited plc corp corporation co company
	gmbh mbh ag kg kgaa ug ohg gbr ev eg se bv nv vof cv sa sas sasu sarl eurl srl spa snc sl slu sau
	oy oyj ab hb as asa aps is kk gk yk pty pte pvt private sdn bhd ltda eireli me epp sp zoo oo z spzoo
	kft zrt nyrt sro as doo dd ood eood ooo oao zao pao jsc ojsc tov lda unipessoal cia ca de rl cv`)

// cjkForms are dropped wherever they stand at an end.
var cjkForms = []string{"株式会社", "有限会社", "合同会社", "有限公司", "有限责任公司", "股份有限公司", "주식회사"}

// folded are the letters that decomposition leaves whole.
var folded = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th",
	"ı", "i", "&", " and ", "+", " and ", ".", "", "'", "", "’", "", "`", "")

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// NameKeyOf is the normal form of a company name; "" where nothing is left.
func NameKeyOf(name string) NameKey {
	name = strings.TrimSpace(norm.NFKC.String(name))
	for _, form := range cjkForms {
		if cut := strings.TrimSuffix(strings.TrimPrefix(name, form), form); strings.TrimSpace(cut) != "" {
			name = cut
		}
	}
	name = folded.Replace(strings.ToLower(name))
	var b strings.Builder
	for _, r := range norm.NFD.String(name) {
		switch {
		case unicode.Is(unicode.Mn, r) && r < 0x0590:
			// The accents of Latin, Greek and Cyrillic; marks of other scripts make
			// other letters.
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	words := strings.Fields(norm.NFC.String(b.String()))
	if len(words) > 1 && words[0] == "the" {
		words = words[1:]
	}
	for len(words) > 1 && legalForms[words[len(words)-1]] {
		words = words[:len(words)-1]
	}
	if len(words) > 1 && words[len(words)-1] == "and" {
		words = words[:len(words)-1] // "Miller & Co"
	}
	return NameKey(strings.Join(words, " "))
}

// SameName says whether two names may well be one organisation's: equal in
// normal form, one a part of the other, or a typing error apart (D10). An
// unknown name agrees with every other.
func SameName(a, b string) bool {
	x, y := string(NameKeyOf(a)), string(NameKeyOf(b))
	if x == "" || y == "" {
		return true
	}
	if len(x) > len(y) {
		x, y = y, x
	}
	if strings.Contains(" "+y+" ", " "+x+" ") {
		return true
	}
	x, y = strings.ReplaceAll(x, " ", ""), strings.ReplaceAll(y, " ", "")
	return x == y || len(x) >= 6 && len(y) <= longestName && typos([]rune(x), []rune(y)) <= 1+len(x)/12
}

// longestName is the longest name in which typing errors are looked for: the
// work grows with its square.
const longestName = 256

// typos is the edit distance of two words.
func typos(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, ca := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, cb := range b {
			cost := diagonal
			if ca != cb {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// latinLike are Cyrillic and Greek letters that a reader takes for Latin ones.
const latinLike = "асеорхуіјѕһԁԛԝӏьνοραικυ"

// Suspicious says whether a host name in A- or U-labels is likely to be taken
// for another one: a label that mixes scripts which no language mixes, or one
// that consists of look-alikes of Latin letters only.
func Suspicious(host string) bool {
	u, err := idna.ToUnicode(strings.ToLower(host))
	if err != nil {
		return strings.Contains(host, "xn--")
	}
	for label := range strings.SplitSeq(u, ".") {
		var latin, cyrillic, greek, other, alike, letters int
		for _, r := range label {
			if !unicode.IsLetter(r) {
				continue
			}
			letters++
			switch {
			case unicode.Is(unicode.Latin, r):
				latin++
			case unicode.Is(unicode.Cyrillic, r):
				cyrillic++
			case unicode.Is(unicode.Greek, r):
				greek++
			case unicode.In(r, unicode.Armenian, unicode.Cherokee, unicode.Georgian, unicode.Hebrew, unicode.Arabic):
				other++
			}
			if strings.ContainsRune(latinLike, r) {
				alike++
			}
		}
		scripts := 0
		for _, n := range []int{latin, cyrillic, greek, other} {
			if n > 0 {
				scripts++
			}
		}
		if scripts > 1 || letters > 0 && alike == letters {
			return true
		}
	}
	return false
}
