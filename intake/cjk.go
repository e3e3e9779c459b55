package intake

import (
	"regexp"
	"strings"
)

// Japanese prose has no blanks between words: what stands before 様 is a person,
// what is written with 株式会社 or its kin is an organisation.
var (
	japanesePerson  = regexp.MustCompile(`([\p{Han}々]{1,4})[ 　]([\p{Han}\p{Hiragana}\p{Katakana}ー]{1,6})(?:様|さん|氏|殿)|([\p{Han}々]{2,6})(?:様|さん|氏|殿)`)
	japaneseCompany = regexp.MustCompile(`(?:株式会社|有限会社|合同会社|一般社団法人|医療法人)[\p{Han}\p{Hiragana}\p{Katakana}ー々A-Za-z0-9&・]{1,20}?(?:の|、|。|は|が|を|に|様|（|\(| |$)|[\p{Han}\p{Katakana}ー々A-Za-z0-9&・]{1,20}(?:株式会社|有限会社|合同会社)`)
)

// japanese finds the people and organisations of a Japanese sentence.
func (p *parser) japanese(s *sentence, n int) []*mention {
	if !strings.ContainsAny(s.text, "様氏殿社さ") {
		return nil
	}
	var out []*mention
	add := func(kind mentionKind, text, family string, from, to int) {
		a, b := lexemesAt(s.ls, from, to)
		if a >= b || p.ownName(text) {
			return
		}
		out = append(out, &mention{kind: kind, text: text, words: []string{strings.ReplaceAll(text, " ", "")}, family: family, from: a, to: b, sent: n, score: 9, cue: true})
	}
	for _, m := range japaneseCompany.FindAllStringIndex(s.text, 20) {
		name := strings.TrimRight(s.text[m[0]:m[1]], "の、。はがをに様（( ")
		add(anOrganisation, name, "", m[0], m[0]+len(name))
	}
	for _, m := range japanesePerson.FindAllStringSubmatchIndex(s.text, 20) {
		if m[2] >= 0 {
			add(aPerson, s.text[m[2]:m[3]]+" "+s.text[m[4]:m[5]], s.text[m[2]:m[3]], m[2], m[5])
			continue
		}
		name := s.text[m[6]:m[7]]
		if words.contains("greeting", name) || strings.HasSuffix(name, "担当者") || strings.HasSuffix(name, "皆") {
			continue
		}
		switch r := []rune(name); len(r) {
		case 4: // mostly two and two: 高橋直樹
			add(aPerson, string(r[:2])+" "+string(r[2:]), string(r[:2]), m[6], m[7])
		case 2, 3:
			add(aPerson, name, "", m[6], m[7])
		}
	}
	return out
}
