package intake

import (
	"bytes"
	"image"
	"regexp"
	"strings"

	"leadmail/rules"
)

// What cannot be read is named to the partner, with what to send instead, but only
// where it can have been meant to be read: the mail registers or hands something
// over, and the file is no form, contract or brochure and no ornament of a
// signature. In doubt nothing is said: a sentence about a logo makes a partner
// doubt the rest of the answer.

// unreadable names the attachments and links that seem to hold prospects and that
// are none of what files and cards are read from (MAIL.md 97, 104, 110).
func (p *parser) unreadable() {
	if p.m.Encrypted != "" {
		p.unread = append(p.unread, rules.Unread{Why: rules.UnreadEncrypted, What: p.m.Encrypted})
		return // what is beside it belongs to the envelope
	}
	offers, forms := p.offersList(), false
	for _, it := range p.items {
		forms = forms || it.Verb == rules.VerbPaperwork
	}
	named := map[string]bool{}
	for _, u := range p.unread {
		named[u.Name] = true
	}
	at := -1
	for _, part := range p.m.parts {
		if !part.attached {
			continue
		}
		at++
		a := p.m.Attachments[at]
		what := a.Unreadable()
		switch {
		case !offers && what != "winmail.dat": // which may be the mail itself (94)
			continue
		case what == "", named[part.name] && part.name != "", a.ornament(), otherPaper(a.Name):
			continue
		case forms && !strings.Contains(strings.ToLower(what), "excel") && !isSheetKind[what]:
			continue // forms come as PDF, photo or Word; a list does so too, and nobody can tell
		}
		named[part.name] = true
		p.unread = append(p.unread, rules.Unread{Name: part.name, Why: rules.UnreadFormat, What: what})
	}
	if forms || !offers {
		return
	}
	for _, host := range p.sharedLists() {
		p.unread = append(p.unread, rules.Unread{Name: host, Why: rules.UnreadLink, What: "link"})
	}
}

// isSheetKind are what Attachment.Unreadable calls lists that are no forms.
var isSheetKind = map[string]bool{"Numbers file": true, "OpenDocument spreadsheet": true, "file with a password": true, "database": true}

// offersList says whether a mail registers somebody or hands over what may hold
// prospects: by its words, or by having none.
func (p *parser) offersList() bool {
	if p.register || len(p.blocks) > 0 {
		return true
	}
	for _, rd := range p.readings {
		if rd.verb == rules.VerbRegister {
			return true
		}
	}
	bare, paper, asked := true, otherPaper(p.m.Subject), false
	for n := range p.sentences {
		s := &p.sentences[n]
		question := isQuestion(s.text)
		handed := s.says("handing over")
		// "Why did you refuse the leads of the screenshot?" hands nothing over.
		if s.says("list of leads") && (!question || handed) {
			return true
		}
		paper = paper || otherPaper(s.text)
		if handed && !paper {
			return true
		}
		bare = bare && p.courteous(s.text)
		asked = asked || question
	}
	for _, l := range p.v {
		// Thanks in a thread hand nothing over, whatever hangs below them.
		bare = bare && !(p.reply && l.isOwn() && words.contains("thanks", l.text))
	}
	for _, it := range p.items {
		asked = asked || it.Verb != rules.VerbAsk
	}
	if asked || paper || p.reply && !bare {
		return false
	}
	// What a subject announces, or nothing but a greeting does.
	return bare || words.contains("list of leads", p.m.Subject)
}

// isQuestion says whether a sentence asks; a web address may hold the mark too.
func isQuestion(s string) bool {
	return strings.HasSuffix(strings.TrimRight(s, " \"')”"), "?") || strings.Contains(s, "? ")
}

// onlyHandsOver says whether what was written beside something that cannot be read
// asks for nothing else.
func (p *parser) onlyHandsOver(rest []*sentence) bool {
	for _, s := range rest {
		if isQuestion(s.text) && !s.says("handing over") && !s.says("list of leads") {
			return false
		}
	}
	return len(p.unread) > 0
}

// partsOfName parts the words of a file's name.
var partsOfName = strings.NewReplacer("_", " ", ".", " ")

// otherPaper says whether words name a paper that is no list: a form, a contract,
// an invoice.
func otherPaper(s string) bool {
	s = partsOfName.Replace(s)
	return words.contains("other papers", s) || words.contains("ask paperwork", s)
}

// ornamentName are the names that mail programs give to the pictures of a signature.
var ornamentName = regexp.MustCompile(`(?i)^(?:image\d{3}|outlook-.*|.*logo.*|.*signature.*|.*banner.*|icon.*|.*(?:facebook|linkedin|twitter|instagram|youtube|xing).*|(?:fb|in|x)[-_]?(?:icon)?)\.(?:png|jpe?g|gif|bmp|webp|svg)$`)

// ornament says whether an image is the logo of a signature that lost its place in
// the HTML: by its name, and too small for a list.
func (a Attachment) ornament() bool {
	if !ornamentName.MatchString(a.Name) {
		return false
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(a.Data))
	if err != nil {
		return len(a.Data) < 16<<10
	}
	return c.Height <= 200 || c.Width <= 200 || c.Width*c.Height <= 300*300
}

// sharedLists are the hosts of the links to shared files in what the sender newly
// wrote, each once.
func (p *parser) sharedLists() []string {
	var out []string
	for _, v := range []view{p.v, p.m.html} {
		for _, l := range v {
			if !l.isOwn() || !strings.Contains(l.text, ".") {
				continue
			}
			for _, u := range findURLs(clip(l.text)) {
				host := sharedFile(unwrapLink(u))
				for _, o := range out {
					if o == host {
						host = ""
					}
				}
				if host != "" && len(out) < 5 {
					out = append(out, host)
				}
			}
		}
	}
	return out
}
