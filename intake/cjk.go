package intake

import (
	"regexp"
	"strings"
	"unicode"
)

// Japanese prose has no blanks between words: what stands before 様 is a person,
// what is written with 株式会社 or its kin is an organisation.
var (
	japanesePerson  = regexp.MustCompile(`([\p{Han}々]{1,4})[ 　]([\p{Han}\p{Hiragana}\p{Katakana}ー]{1,6})(?:様|さん|氏|殿)|([\p{Han}々]{2,6})(?:様|さん|氏|殿)`)
	japaneseCompany = regexp.MustCompile(`(?:株式会社|有限会社|合同会社|一般社団法人|医療法人)[\p{Han}\p{Hiragana}\p{Katakana}ー々A-Za-z0-9&・]{1,20}?(?:の|、|。|は|が|を|に|様|（|\(| |$)|[\p{Han}\p{Katakana}ー々A-Za-z0-9&・]{1,20}(?:株式会社|有限会社|合同会社)|[\p{Han}A-Za-z0-9]{2,20}(?:有限公司|有限责任公司|有限責任公司|股份公司)`)
)

// japanese finds the people and organisations of a Japanese sentence.
func (p *parser) japanese(s *sentence, n int) []*mention {
	if !strings.ContainsAny(s.text, "様氏殿社さ司") {
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

// Family names of one sign that stand before a given name of one or two, as
// Chinese and Koreans write them without a blank; and those of two signs.
const (
	chineseFamilies = "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何罗羅梁宋郑鄭谢謝韩韓唐冯馮于董萧蕭程曹袁邓鄧许許傅沈曾彭吕呂苏蘇卢盧蒋蔣蔡贾賈丁魏薛叶葉阎閻余潘杜戴夏钟鍾汪田任姜范方石姚谭譚廖邹鄒熊金陆陸郝孔白崔康毛邱秦江史顾顧侯邵孟龙龍万萬段雷钱錢汤湯尹黎易常武乔喬贺賀赖賴龚龔文林高洪莊庄游詹簡简溫温柯翁倪嚴严施季紀纪童涂柳辛涂連连卓藍蓝阮"
	koreanFamilies  = "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진나엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국"
)

var twoSigns = []string{"欧阳", "歐陽", "司马", "司馬", "诸葛", "諸葛", "上官", "夏侯", "皇甫", "公孙", "公孫", "慕容", "令狐", "司徒", "端木", "张简", "張簡", "范姜", "남궁", "황보", "제갈", "선우", "독고"}

// easternName splits a Chinese or Korean name that is written without a blank.
// chinese says that the mail is Chinese: a Japanese family name has mostly two
// signs, and nothing in the name itself tells.
func easternName(name string, chinese bool) (family, given string, ok bool) {
	r := []rune(name)
	hangul := true
	for _, c := range r {
		hangul = hangul && unicode.Is(unicode.Hangul, c)
		if !unicode.Is(unicode.Han, c) && !unicode.Is(unicode.Hangul, c) {
			return "", "", false
		}
	}
	for _, f := range twoSigns {
		if g, has := strings.CutPrefix(name, f); has && (hangul || chinese) && len(r) >= 3 && len(r) <= 4 {
			return f, g, true
		}
	}
	if len(r) < 2 || len(r) > 3 {
		return "", "", false
	}
	if hangul && strings.ContainsRune(koreanFamilies, r[0]) || !hangul && chinese && strings.ContainsRune(chineseFamilies, r[0]) {
		return string(r[0]), string(r[1:]), true
	}
	return "", "", false
}

// hasKana says whether a line is Japanese beyond doubt.
func hasKana(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana) }) >= 0
}
