package intake

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"leadmail/rules"
)

// Tax and bank forms are known by what their files are called and by what the mail
// says of them. Nothing that stands in them is looked at. One file is one form; where
// neither its name nor the text tells which, a person names it: a form that is taken
// for another would cost its sender money.

// formSections are the sections of words.txt that name a form; of two that begin at
// one word the longer counts.
var formSections = map[string]rules.FormKind{"form w9": rules.FormW9, "form w8ben": rules.FormW8BEN, "form w8bene": rules.FormW8BENE,
	"form tax": rules.FormTax, "form ach": rules.FormACH}

// formMention is a form that a text names, and where.
type formMention struct {
	kind     rules.FormKind
	from, to int
}

// formsIn are the forms that a text names, in its order.
func formsIn(text string) []formMention { return words.scan(text).forms(text) }

// forms are the forms that the sentence names, in its order.
func (s *sentence) forms() []formMention { return s.scanned().forms(s.text) }

func (c *scan) forms(text string) []formMention {
	if !c.may("form w9", "form w8ben", "form w8bene", "form tax", "form ach") {
		return nil
	}
	toks := c.toks
	var out []formMention
	for i := 0; i < len(toks); {
		kind, n := rules.FormKind(""), 0
		for name, k := range formSections {
			if at := words.named(name).at(toks, i); at > n {
				kind, n = k, at
			}
		}
		if n == 0 {
			i++
			continue
		}
		last := toks[i+n-1]
		if kind == rules.FormW8BENE && last.w == "e" && text[last.from] == 'e' && last.from > 0 && text[last.from-1] == ' ' {
			kind, n = rules.FormW8BEN, n-1 // "o W-8BEN e o formulário": and
		}
		out = append(out, formMention{kind, toks[i].from, toks[i+n-1].to})
		i += n
	}
	return out
}

var (
	wordInName  = regexp.MustCompile(`(\p{Ll})(\p{Lu})`)
	formInName  = regexp.MustCompile(`(?i)w[-_. ]?(?:8[-_. ]?ben(?:[-_. ]?e)?|8|9)`)
	breakInName = strings.NewReplacer("_", " ", ".", " ", "+", " ", "%20", " ")
)

// formsNamed are the kinds that a file's name names, each once.
func formsNamed(name string) []rules.FormKind {
	// What is joined to the name of a form is parted from it: "AcmeW9", "W9signed".
	name = formInName.ReplaceAllStringFunc(wordInName.ReplaceAllString(name, "$1 $2"), func(s string) string { return " " + s + " " })
	name = strings.ReplaceAll(breakInName.Replace(name), " f w", " fw")
	var out []rules.FormKind
	for _, m := range formsIn(name) {
		if !slices.Contains(out, m.kind) {
			out = append(out, m.kind)
		}
	}
	return out
}

// isForm says whether a file is a form by its name, and no list.
func isForm(name string) bool {
	return len(formsNamed(name)) > 0 && !words.contains("list of leads", breakInName.Replace(name))
}

// formsHandedIn are the kinds that the text says come with the mail, each once. What
// it only asks about or promises does not.
func (p *parser) formsHandedIn() []rules.FormKind {
	var out []rules.FormKind
	add := func(text string) {
		all := formsIn(text)
		promised := false
		for i := len(all) - 1; i >= 0; i-- {
			end := len(text)
			if i+1 < len(all) {
				end = all[i+1].from
			}
			behind := text[min(all[i].to, end):end]
			if i+1 == len(all) || len(tokens(behind)) > 2 || words.contains("to follow", behind) {
				// "the W-9 and the ACH form follow" promises both.
				promised = words.contains("to follow", behind)
			}
			if !promised && !slices.Contains(out, all[i].kind) {
				out = append(out, all[i].kind)
			}
		}
	}
	for i := range p.sentences {
		if s := &p.sentences[i]; !isQuestion(s.text) || s.says("handed in") {
			add(s.text)
		}
	}
	if len(out) == 0 && !p.reply {
		add(p.m.Subject)
	}
	return out
}

// mayBeForm says whether an attachment can be a form: a file of the sender's that is
// no list, no card and no ornament.
func (p *parser) mayBeForm(i int) bool {
	a := p.m.Attachments[i]
	switch {
	case isForm(a.Name) && !strings.HasPrefix(a.MediaType, "message/"):
		return true
	case strings.HasPrefix(a.MediaType, "message/"), strings.HasPrefix(a.MediaType, "text/"), a.logo, a.ornament(),
		strings.HasSuffix(a.MediaType, "-signature"), strings.HasSuffix(a.MediaType, "pgp-keys"), strings.EqualFold(a.Name, "winmail.dat"):
		return false
	}
	switch extension(a.Name) {
	case "csv", "vcf", "ics", "eml", "p7s", "asc", "txt":
		return false
	}
	return !slices.ContainsFunc(p.readings, func(r reading) bool { return r.Source != nil && r.Source.Attachment == i })
}

// paperwork reads that a form is handed in: one that is attached, and named by its
// file or by the text.
func (p *parser) paperwork() {
	any, named := false, false
	for i, a := range p.m.Attachments {
		if p.mayBeForm(i) {
			any, named = true, named || len(formsNamed(a.Name)) > 0
		}
	}
	if !any {
		return
	}
	for n := range p.sentences {
		s := &p.sentences[n]
		if (s.says("ask paperwork") || len(s.forms()) > 0) && (s.says("handed in") || !strings.Contains(s.text, "?")) {
			p.once(rules.VerbPaperwork, s.span)
			return
		}
	}
	switch {
	case named:
		p.once(rules.VerbPaperwork, rules.Span{Part: "attachment", Line: 1})
	case words.contains("ask paperwork", p.m.Subject) && (!p.reply || len(p.items) == 0):
		p.once(rules.VerbPaperwork, rules.Span{Part: "subject", Line: 1})
	}
}

// bring lists the forms that the mail brings, where it hands some in, and notes
// whether it speaks of them.
func (p *parser) bring() {
	handsIn := slices.ContainsFunc(p.items, func(it rules.Item) bool { return it.Verb == rules.VerbPaperwork })
	p.onForms = handsIn || p.speaksOfForms()
	if !handsIn {
		return
	}
	said := p.formsHandedIn()
	var files []int
	kinds := map[int]rules.FormKind{}
	for i, a := range p.m.Attachments {
		if !p.mayBeForm(i) {
			continue
		}
		switch named := formsNamed(a.Name); len(named) {
		case 0:
			if words.contains("other papers", breakInName.Replace(a.Name)) || words.contains("list of leads", breakInName.Replace(a.Name)) {
				continue
			}
		case 1:
			kinds[i] = named[0]
		default:
			kinds[i] = rules.FormUnknown // two in one file: a person records both
		}
		files = append(files, i)
	}
	// What the text says and no name does is what the other files are, where there is
	// no choice.
	for _, i := range files {
		if kinds[i] == rules.FormTax {
			if which := taxForms(said); len(which) == 1 {
				kinds[i] = which[0]
			}
		}
		said = slices.DeleteFunc(said, func(k rules.FormKind) bool {
			return k == kinds[i] || k == rules.FormTax && len(taxForms([]rules.FormKind{kinds[i]})) > 0
		})
	}
	if len(taxForms(said)) > 0 {
		said = slices.DeleteFunc(said, func(k rules.FormKind) bool { return k == rules.FormTax })
	}
	rest := slices.DeleteFunc(slices.Clone(files), func(i int) bool { return kinds[i] != "" })
	for _, i := range rest {
		switch {
		case len(said) == 1 && len(rest) == 1:
			kinds[i] = said[0]
		case len(said) > 0 || len(rest) == len(files):
			kinds[i] = rules.FormUnknown
		}
	}
	for _, i := range files {
		if a := p.m.Attachments[i]; kinds[i] != "" {
			p.forms = append(p.forms, rules.Form{Kind: kinds[i], Name: maskName(a.Name), Size: a.Size, SHA256: a.SHA256})
		}
	}
}

// taxForms are those of some kinds that tell which tax form is meant.
func taxForms(kinds []rules.FormKind) []rules.FormKind {
	var out []rules.FormKind
	for _, k := range kinds {
		if k == rules.FormW9 || k == rules.FormW8BEN || k == rules.FormW8BENE {
			out = append(out, k)
		}
	}
	return out
}

// speaksOfForms says whether what was newly written, or the subject of a mail that
// begins a thread, is about the forms. The word ach alone is an exclamation.
func (p *parser) speaksOfForms() bool {
	about := func(c *scan, text string) bool {
		return c.says("paperwork") || slices.ContainsFunc(c.forms(text), func(m formMention) bool {
			return text[m.from:m.to] != strings.ToLower(text[m.from:m.to]) || m.to-m.from > len("ach")
		})
	}
	if !p.reply && about(words.scan(p.m.Subject), p.m.Subject) {
		return true
	}
	for n := range p.sentences {
		if s := &p.sentences[n]; about(s.scanned(), s.text) {
			return true
		}
	}
	return false
}

// Numbers of accounts and of taxes are kept nowhere (PRODUCT.md, invariant 7), also
// where somebody types them into a mail. The mailbox is the archive.

// hidden is what stands for a digit that is not kept.
const hidden = '#'

var (
	// numberIn is a number as people write it, its groups parted.
	numberIn = regexp.MustCompile(`\p{Nd}(?:[\p{Nd}*]|[-–—./ \t\x{a0}\x{202f}]{1,3}\p{Nd})*`)
	// ibanIn is what may be an IBAN (ISO 13616): its check digits tell.
	ibanIn = regexp.MustCompile(`(?i)\b[a-z]{2}\d{2}(?:[ \t\x{a0}-]?[a-z0-9]){11,30}\b`)
	ssnIn  = regexp.MustCompile(`\b\d{3}[-–. ]\d{2}[-–. ]\d{4}\b`)
	einIn  = regexp.MustCompile(`\b\d{2}[-–]\d{7}\b`)
	// privateIn are the abbreviations that stand beside such a number; in small letters
	// some are words.
	privateIn = regexp.MustCompile(`\b(?:IBAN|SSN|EIN|ITIN|TIN|ABA|BIC|SWIFT|RIB|NIF|CIF|CPF|CNPJ|CLABE|NIP|PESEL|BSN|BLZ)\b`)
	// ours is a reference or a token of ours, which stay.
	ours = regexp.MustCompile(`(?i)\b(?:R-[0-9A-Z]{6}|[RMP]-[0-9A-Z]{1,18}\.[0-9A-Z]{1,8}\.[0-9A-Z]{26})\b`)
)

// fewDigits is how long a number may be that stays: a year, the last digits of an
// account.
const fewDigits = 4

// maskNumbers hides every number of more than four digits in a text.
func maskNumbers(text string) string {
	return around(ours, maskIBANs(text), func(s string) string {
		return numberIn.ReplaceAllStringFunc(s, func(n string) string {
			if digits(n) <= fewDigits {
				return n
			}
			return maskDigits(n)
		})
	})
}

// maskPrivate hides what is a number of an account or of a tax payer by its form, or
// by the words of its line or, where those stand alone, of the line above.
func maskPrivate(text string) string {
	text = einIn.ReplaceAllStringFunc(ssnIn.ReplaceAllStringFunc(maskIBANs(text), maskDigits), maskDigits)
	var b strings.Builder
	labelled := false
	for line := range strings.Lines(text) {
		named := privateIn.MatchString(line) || words.contains("private number", line)
		if was := line; named || labelled {
			line = maskNumbers(line)
			labelled = named && line == was
		}
		b.WriteString(line)
	}
	return b.String()
}

// maskName is a file's name without the numbers that people put there; the number of
// the form stays.
func maskName(name string) string { return around(formInName, name, maskNumbers) }

// around applies fn to what stands between the matches of a pattern.
func around(keep *regexp.Regexp, s string, fn func(string) string) string {
	var b strings.Builder
	at := 0
	for _, m := range keep.FindAllStringIndex(s, -1) {
		b.WriteString(fn(s[at:m[0]]) + s[m[0]:m[1]])
		at = m[1]
	}
	return b.String() + fn(s[at:])
}

func digits(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

func maskDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return hidden
		}
		return r
	}, s)
}

func maskIBANs(text string) string {
	return ibanIn.ReplaceAllStringFunc(text, func(s string) string {
		for n := len(s); n >= 15; n-- {
			if isIBAN(s[:n]) {
				return s[:2] + strings.Map(func(r rune) rune {
					if unicode.IsLetter(r) || unicode.IsDigit(r) {
						return hidden
					}
					return r
				}, s[2:n]) + s[n:]
			}
		}
		return s
	})
}

// isIBAN checks the two digits of an IBAN: modulo 97 it is 1 (ISO 7064).
func isIBAN(s string) bool {
	var code []byte
	for _, c := range []byte(strings.ToUpper(s)) {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' {
			code = append(code, c)
		}
	}
	if len(code) < 15 || len(code) > 34 {
		return false
	}
	rest := 0
	for _, c := range append(code[4:len(code):len(code)], code[:4]...) {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}

// Discreet returns what may be kept of a mail and of its reading: without the numbers
// of accounts and of tax payers. Of a mail about tax and bank forms no longer number
// is kept at all. Attachments stay in m, for lists that go back; nobody stores them.
func Discreet(m Message, q rules.Request) (Message, rules.Request) {
	mask := maskPrivate
	if q.OnForms {
		mask = maskNumbers
	}
	was := m.Text
	m.Text, m.Subject, m.FromName = mask(m.Text), mask(m.Subject), maskPrivate(m.FromName)
	q.Hidden = maskPrivate(was) != was || maskPrivate(q.Subject) != q.Subject
	q.Subject, q.FromName = m.Subject, m.FromName
	q.Questions, q.Warnings = masked(q.Questions, mask), masked(q.Warnings, mask)
	q.Unread = slices.Clone(q.Unread)
	for i := range q.Unread {
		q.Unread[i].Name = mask(q.Unread[i].Name)
	}
	q.Items = slices.Clone(q.Items)
	for i, it := range q.Items {
		q.Items[i].Ref = maskPrivate(it.Ref)
	}
	q.Prospects = slices.Clone(q.Prospects)
	for i := range q.Prospects {
		read := &q.Prospects[i]
		for _, f := range rules.Fields {
			if s := read.Get(f); f != rules.LeadTypeOf && f != rules.URL && f != rules.Email {
				read.Set(f, maskPrivate(s))
			}
		}
		if len(read.Unusable) > 0 {
			unusable := map[rules.Field]string{}
			for f, s := range read.Unusable {
				unusable[f] = mask(s)
			}
			read.Unusable = unusable
		}
	}
	if q.Order != nil {
		o := *q.Order
		o.Reason = maskPrivate(o.Reason)
		q.Order = &o
	}
	return m, q
}

func masked(all []string, mask func(string) string) []string {
	if all == nil {
		return nil
	}
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = mask(s)
	}
	return out
}
