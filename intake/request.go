package intake

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadmail/rules"
)

// Parse tells what a mail asks for: facts with their places, no judgement. It
// never fails. Instructions to a program that stand in the text are text
// (MAIL.md 115).
func (r Reader) Parse(m Message) rules.Request {
	q := rules.Request{
		Items: []rules.Item{}, Prospects: []rules.Reading{},
		From: m.From, FromName: m.FromName, Subject: m.Subject, Thread: m.thread(), Warnings: m.Warnings,
	}
	q.Copied, q.Date = r.copied(m), m.Date
	n := r.nature(&m)
	q.Handling, q.Kind = n.Handling, n.kind
	if q.Kind != "" {
		return q
	}
	p := parser{r: r, m: &m, v: m.plain, owner: m.owner()}
	if p.pitch() {
		q.Kind = rules.KindBulk
		if q.Handling.Route == "" {
			q.Handling.Route, q.Handling.Why = rules.RouteReview, "reads like mass mail"
		}
		if q.Handling.NoReply == "" {
			q.Handling.NoReply = "reads like mass mail"
		}
		return q
	}
	p.reply = isReplySubject(m.Subject) || len(m.InReplyTo) > 0
	p.run()
	q.Mentions, q.Order = p.references(), p.order()
	switch {
	case p.outOfOffice():
		q.Kind = rules.KindAutoReply
		q.Handling.Route, q.Handling.NoReply, q.Handling.Why = rules.RouteAutomatic, "an automatic answer by its words", "an automatic answer by its words"
		return q
	case n.program && !p.solid():
		// A program's words decide only where nothing of substance was read.
		q.Kind = rules.KindBulk
		if q.Handling.Route == "" {
			q.Handling.Route, q.Handling.Why = rules.RouteReview, "written by a program, and nothing in it is registered"
		}
		if q.Handling.NoReply == "" {
			q.Handling.NoReply = "written by a program"
		}
		return q
	}
	sort.SliceStable(p.readings, func(i, j int) bool { return earlier(p.readings[i].at, p.readings[j].at) })
	for i, rd := range p.readings {
		q.Prospects = append(q.Prospects, rd.Reading)
		at := i
		q.Items = append(q.Items, rules.Item{Verb: rd.verb, Ref: rd.ref, Prospect: &at, Span: rd.at})
	}
	q.Items = append(q.Items, p.items...)
	sort.SliceStable(q.Items, func(i, j int) bool { return earlier(q.Items[i].Span, q.Items[j].Span) })
	m.settle(q.Prospects)
	q.Questions = p.questions
	q.Unread = p.unread
	q.Forms, q.OnForms = p.forms, p.onForms
	q.Warnings = append(q.Warnings[:len(q.Warnings):len(q.Warnings)], p.warnings...)
	q.Empty = len(q.Items) == 0 && p.empty()
	if q.Kind = p.kind(q.Items); q.Empty {
		q.Kind = rules.KindOther // a sign-off alone is no thanks
	}
	if q.Kind == rules.KindThanks && q.Handling.Route == "" {
		// MAIL.md 134: no answer, no case.
		q.Handling.Route, q.Handling.Why = rules.RouteProcessed, "thanks"
		if q.Handling.NoReply == "" {
			q.Handling.NoReply = "thanks are not answered"
		}
	}
	return q
}

// pitch says whether the text sells to whoever reads it: two turns of phrase or
// more by which mass mail that looks personal gives itself away.
func (p *parser) pitch() bool {
	hits := map[string]bool{}
	n := 0
	for i, l := range p.v {
		if l.depth > 0 || l.blank() {
			continue
		}
		if n++; n > 80 {
			break
		}
		s := p.v.scan(i)
		for from := 0; from < len(s.toks); {
			at, k := s.find("body pitch", from)
			if at < 0 {
				break
			}
			hits[join(s.toks[at:at+k])] = true
			from = at + k
		}
	}
	return len(hits) >= 2
}

// empty says whether nothing but a signature was newly written, and nothing is
// attached or forwarded (MAIL.md 105). Thanks are words.
func (p *parser) empty() bool {
	if len(p.m.Attachments) > 0 {
		return false
	}
	for i, l := range p.v {
		if !l.blank() && (p.used[i] || l.zone == fresh || l.zone == forwarded || l.zone == closing && p.v.scan(i).says("thanks")) {
			return false
		}
	}
	return true
}

// earlier orders places in a mail: the subject first, then parts and lines.
func earlier(a, b rules.Span) bool {
	if a.Part != b.Part {
		if a.Part == "subject" || b.Part == "subject" {
			return a.Part == "subject"
		}
		return earlierPart(a.Part, b.Part)
	}
	if a.Line != b.Line {
		return a.Line < b.Line
	}
	return a.From < b.From
}

// thread lists the ids of In-Reply-To and References, newest first.
func (m Message) thread() []string {
	var out []string
	seen := map[string]bool{}
	for _, list := range [][]string{m.InReplyTo, m.References} {
		for i := len(list) - 1; i >= 0 && len(out) < 32; i-- {
			if !seen[list[i]] {
				seen[list[i]] = true
				out = append(out, list[i])
			}
		}
	}
	return out
}

// reading is a prospect with what is asked for it.
type reading struct {
	rules.Reading
	verb rules.Verb
	at   rules.Span
	ref  string // the registration that is corrected
}

// parser reads one mail.
type parser struct {
	r         Reader
	m         *Message
	v         view
	owner     []token // the sender's name, in words
	reply     bool
	readings  []reading
	items     []rules.Item
	questions []string
	sentences []sentence
	thanks    bool
	register  bool           // the text asks for a registration
	sentence  int            // the one that act reads
	said      map[string]int // the sentence that first names what is acted on
	dropped   *block         // labelled lines too few to be a prospect
	used      []bool
	blocks    []*block
	mentions  []*mention // of the sentences
	list      []listed   // of our mail below
	corrects  []reading
	talks     []forwardedMail // of an exported chat
	resent    bool            // the sender forwards a mail of his own
	taken     map[int]bool    // sentences that an item accounts for already
	unread    []rules.Unread  // what may hold prospects and could not be read
	warnings  []string
	forms     []rules.Form // tax and bank forms that the mail brings
	onForms   bool         // it speaks of them
}

// sentence is one sentence of prose, with its place in its passage.
type sentence struct {
	text string
	span rules.Span
	line bool // stands on a line of its own
	pas  *passage
	at   int // where in the passage
	ls   []lexeme
	scan *scan
}

func (s *sentence) scanned() *scan {
	if s.scan == nil {
		s.scan = words.scan(s.text)
	}
	return s.scan
}

// tokens are the sentence's words, cut once.
func (s *sentence) tokens() []token { return s.scanned().toks }

// says says whether a phrase of the section stands in the sentence.
func (s *sentence) says(section string) bool { return s.scanned().says(section) }

func (p *parser) run() {
	p.v.markZones(p.owner)
	p.resend()
	c := p.choose()
	p.used, p.blocks = c.used, c.blocks
	p.talks = p.chats()
	p.sentences = p.prose()
	if p.reacted() {
		p.thanks = true
		return
	}
	for i := range p.sentences {
		s := &p.sentences[i] // not a copy: it keeps its scan
		if (s.says("verb register") || s.wantsListed()) && !p.accounts(s) && !p.renewWord(s.text) && !negatedRegister(s.text) && !(s.says("verb withdraw") && !strings.Contains(s.text, "@")) {
			p.register = true
		}
	}
	if !p.reply && words.contains("verb register", p.m.Subject) && !p.renewWord(p.m.Subject) {
		p.register = true
	}
	p.files()
	p.mentions = p.mentionsBy(p.sentences, p.witnesses())
	p.list = p.ourList()
	p.taken, p.said = map[int]bool{}, map[string]int{}
	p.availability()
	p.corrections()
	answered := false
	if len(p.blocks) == 0 && len(p.corrects) == 0 {
		answered = p.answers() // bare values, YES
	}
	if !answered && p.reply && len(p.corrects) == 0 && p.asksBelow() {
		if len(p.blocks) == 0 {
			p.readings = p.between()
		}
		if len(p.readings) == 0 && p.numberedBlocks() {
			if p.readings = p.byNumber(); len(p.readings) > 0 {
				p.blocks = nil
			}
		}
		p.account(p.readings)
	}
	if !answered && len(p.readings) == 0 {
		p.more()
		p.accept()
		p.alsoConfirms()
	}
	p.act()
	switch {
	case answered:
		p.keepAnswers()
	case len(p.readings) == 0 && len(p.corrects) == 0:
		p.loosely()
	}
	p.readings = append(p.readings, p.corrects...)
	p.unreadable()
	p.loose()
	p.bring()
}

// witnesses are the addresses that labelled lines state: names in prose are
// measured by them too.
func (p *parser) witnesses() []witness {
	var out []witness
	for _, b := range p.blocks {
		if len(out) > 40 {
			break
		}
		if b.Email != "" {
			out = append(out, addressWitness(b.Email))
		}
		if b.URL != "" {
			out = append(out, newWitness("", siteName(b.URL)))
		}
	}
	return out
}

// more reads the prospects that no label tells: of mails that are handed on, and
// of the sender's own prose. What they say of a prospect that labelled lines
// state fills what those leave open.
func (p *parser) more() {
	if filled(p.blocks) > 0 && p.reply {
		return
	}
	told := p.fromProse()
	if q := p.numberedQuestions(); p.reply && len(q) > 1 && !ofOne(q) && nameless(told) {
		return // values without a name may answer any of our questions
	}
	if p.handsOn() {
		own := len(told) > 0 && told[0].Email != ""
		for _, b := range p.forwards() {
			found := false
			for _, o := range told {
				if o.meets(b) || len(told) == 1 && o.Email == "" {
					b.fill(o)
					found = true
				}
			}
			if !found && b.attached && !own {
				told = append(told, b) // each attached mail is a lead of its own
				continue
			}
			if !found && len(told) > 0 && told[0].Email != "" {
				continue
			}
			told = append([]*block{b}, without(told, b)...)
		}
	}
	if len(p.blocks) == 1 && !p.blocks[0].person() && !p.blocks[0].table && len(told) > 0 && (told[0].Email == "" || told[0].meets(p.blocks[0])) {
		// Labels tell the addresses, prose the names.
		p.blocks[0].fill(told[0])
		if p.blocks[0].seed == nil {
			p.blocks[0].seed = told[0].seed
		}
		told = told[1:]
	}
	labelled := len(p.blocks)
	for k, b := range told {
		found := false
		for _, o := range p.blocks[:labelled] {
			if o.meets(b) {
				o.fill(b)
				found = true
			}
		}
		if !found && (labelled == 0 && apart(told, k) || b.Email != "" && b.Company != "") {
			p.blocks = append(p.blocks, b)
		}
	}
}

// nameless says whether no prospect has a name or a company.
func nameless(told []*block) bool {
	for _, b := range told {
		if b.person() {
			return false
		}
	}
	return true
}

// apart says whether prospect k of prose stands on its own: it has an address, or
// no other has one, or a company that no other has and a website of its own.
// Whoever is only mentioned beside a prospect is none.
func apart(told []*block, k int) bool {
	b := told[k]
	if b.Email != "" || len(told) == 1 {
		return true
	}
	for i, o := range told {
		if i == k {
			continue
		}
		if o.Email != "" && (b.Company == "" || b.URL == "" && b.FirstName == "") {
			return false
		}
		if o.Company != "" && fold(o.Company) == fold(b.Company) || o.URL != "" && b.URL != "" && normURL(o.URL) == normURL(b.URL) {
			return false
		}
	}
	return b.Company != "" || b.URL != ""
}

// without leaves out the blocks that b has taken in.
func without(list []*block, b *block) []*block {
	kept := list[:0:0]
	for _, o := range list {
		if !o.meets(b) && o.Email != "" {
			kept = append(kept, o)
		}
	}
	return kept
}

// handsOn says whether the sender asks to have a mail below registered.
func (p *parser) handsOn() bool {
	if p.register || words.contains("verb register", p.m.Subject) && (!p.reply || isForwardSubject(p.m.Subject)) {
		return true
	}
	for i := range p.sentences {
		s := &p.sentences[i]
		if len(typesIn(s, i)) > 0 || s.says("handing over") && !s.says("other errand") {
			return true
		}
	}
	return false
}

// reacted says whether the mail is what a mail program sends for a reaction: its
// word and then our own sentence, quoted.
func (p *parser) reacted() bool {
	if len(p.blocks) > 0 || len(p.sentences) == 0 {
		return false
	}
	text := p.sentences[0].text
	rest, ok := words.after("reaction", text)
	return ok && rest != "" && strings.ContainsAny(text[:len(text)-len(rest)], "\"“„«'‘") || strings.Contains(text, "reacted to your message") || strings.Contains(text, "reacted via Gmail")
}

// wantsListed says whether a sentence asks, by where it is to stand, to have somebody
// registered whose address it tells: "I need both of them on record: jane@acme.example".
func (s *sentence) wantsListed() bool {
	place := "place in list"
	if s.says("for us") {
		place = "for us"
	}
	if !strings.Contains(s.text, "@") || !s.says(place) || !(s.says("asking") || s.asks() || words.begins("put", s.text)) || s.says("other errand") {
		return false
	}
	if s.says("change") || s.says("verb withdraw") || s.says("verb renew") || s.says("ask status") || s.says("ask check") || s.alreadyThere() {
		return false
	}
	toks := s.tokens()
	at, _ := s.scanned().find(place, 0)
	return !deniedBefore(s.text, toks, at) && !strings.HasPrefix(toks[at].w, "wh") && !relative(toks[:at])
}

// relative says whether a question word or "that" stands among the last words: "who
// you have on record" asks, and "the one that is on file" tells.
func relative(toks []token) bool {
	for k := len(toks) - 1; k >= 0 && k >= len(toks)-5; k-- {
		switch toks[k].w {
		case "who", "whom", "which", "what", "that", "have", "has", "is", "are", "was", "were", "que", "qui", "wen", "wer", "die", "der", "das", "kogo", "che", "wie":
			return !(toks[k].w == "have" && k > 0 && (toks[k-1].w == "please" || toks[k-1].w == "to"))
		}
	}
	return false
}

// renewWord says whether a text asks to renew. "Bitte neu registrieren" does where
// nobody's address stands in the mail: with one it brings a new prospect.
func (p *parser) renewWord(s string) bool {
	return words.contains("verb renew", s) && !(words.contains("anew", s) && p.bringsContact())
}

// bringsContact says whether the new text holds an address that is not the sender's.
func (p *parser) bringsContact() bool {
	for _, l := range p.v {
		if l.zone == fresh && strings.Contains(l.text, "@") && !strings.Contains(strings.ToLower(l.text), strings.ToLower(string(p.m.From))) {
			return true
		}
	}
	return false
}

func negatedRegister(s string) bool {
	f := " " + fold(s) + " "
	return strings.Contains(f, " not register ") || strings.Contains(f, " don't register ")
}

// choose collects blocks from the best source: the new text of the text part, or
// of the HTML part where that tells more, a form that was filled in within the
// quote, a forwarded mail.
func (p *parser) choose() *collector {
	freshOf := func(v view) *collector {
		read := make([]bool, len(v))
		for i, l := range v {
			read[i] = l.isOwn()
		}
		return collect(v, read)
	}
	c := freshOf(p.v)
	if len(p.m.html) > 0 && !p.v.sameText(p.m.html) {
		p.m.html.markZones(p.owner)
		h := freshOf(p.m.html)
		if filled(h.blocks) > filled(c.blocks) && len(c.blocks) == 0 || rows(h.blocks) > rows(c.blocks) {
			p.v, c = p.m.html, h
		} else {
			contradictions(c.blocks, h.blocks)
		}
	}
	if filled(c.blocks) > 0 {
		return c
	}
	said, any := false, false
	for i, l := range p.v {
		if l.zone == fresh && !l.blank() && !(p.v.scan(i).opens("greeting") && words.begins("greeting", l.text) && len(strings.Fields(l.text)) <= 4) {
			any = true
			said = said || p.v.scan(i).says("filled") && !c.used[i]
		}
	}
	if said = said && !p.statesFresh(); said || !any {
		read := make([]bool, len(p.v))
		reference := false
		for i, l := range p.v {
			read[i] = l.zone == quoted && l.depth <= 1
			if read[i] {
				for _, h := range p.v.labels(i) {
					reference = reference || h.field == labelReference
				}
			}
		}
		if said || reference {
			f := collect(p.v, read)
			if filled(f.blocks) > 0 {
				return f
			}
		}
	}
	// A forwarded mail with labelled lines is part of the request.
	read := make([]bool, len(p.v))
	some := false
	for i, l := range p.v {
		read[i] = l.zone == forwarded
		some = some || read[i]
	}
	if some && !p.reply {
		f := collect(p.v, read)
		whole := f.blocks[:0]
		for _, b := range f.blocks {
			if b.Company != "" && b.Email != "" && b.count() >= 4 {
				whole = append(whole, b)
			}
		}
		if len(whole) > 0 {
			f.blocks = whole
			for i := range f.used {
				f.used[i] = f.used[i] || c.used[i]
			}
			return f
		}
	}
	return c
}

// statesFresh says whether a line of the new text holds an address, a website or a lead
// type: then the form below is not where the answer stands.
func (p *parser) statesFresh() bool {
	for i, l := range p.v {
		if l.zone == fresh && (strings.Contains(l.text, "@") || len(findURLs(l.text)) > 0 || p.v.scan(i).says("prose qualified_lead") || p.v.scan(i).says("prose managed_customer")) {
			return true
		}
	}
	return false
}

// sameText says whether two views hold the same lines, whatever is empty between them.
func (v view) sameText(o view) bool {
	k := 0
	for i := range v {
		if v[i].blank() {
			continue
		}
		for k < len(o) && o[k].blank() {
			k++
		}
		if k == len(o) || v[i].text != o[k].text {
			return false
		}
		k++
	}
	for k < len(o) && o[k].blank() {
		k++
	}
	return k == len(o)
}

// rows counts the prospects that stand in tables.
func rows(blocks []*block) int {
	n := 0
	for _, b := range blocks {
		if b.table {
			n++
		}
	}
	return n
}

// filled counts the fields of all blocks.
func filled(blocks []*block) int {
	n := 0
	for _, b := range blocks {
		n += b.count() + len(b.Unusable)
	}
	return n
}

// contradictions compares what the text part and the HTML part state, prospect
// by prospect (MAIL.md 91).
func contradictions(text, html []*block) {
	if len(text) != len(html) {
		return
	}
	for i, t := range text {
		h := html[i]
		for _, f := range rules.Fields {
			a, b := t.Get(f), h.Get(f)
			if a == "" || b == "" {
				continue
			}
			same := fold(a) == fold(b)
			switch f {
			case rules.URL:
				same = normURL(a) == normURL(b)
			case rules.Email:
				same = strings.EqualFold(a, b)
			case rules.Company:
				same = same || strings.HasPrefix(fold(b), fold(a)) || strings.HasPrefix(fold(a), fold(b))
			}
			if !same {
				t.Contradicts = append(t.Contradicts, f)
			}
		}
	}
}

// maxSentences bounds how much prose is looked at: more than a person reads.
const maxSentences = 1500

// prose cuts the sender's new text, as far as no label accounts for it, into
// sentences.
func (p *parser) prose() []sentence {
	return passages(p.v, func(i int) bool { return p.v[i].zone == fresh && !p.used[i] })
}

// passages cuts the lines that read admits into sentences. Line ends inside a
// paragraph do not count unless a line is an entry of a list, a record, or stands
// alone.
func passages(v view, read func(int) bool) []sentence {
	var out []sentence
	var text strings.Builder
	var pas *passage
	n := 0
	flush := func() {
		if pas != nil && strings.TrimSpace(text.String()) != "" {
			pas.text = text.String()
			parts := splitSentences(pas.text)
			at := 0
			for _, s := range parts {
				if len(out) == maxSentences {
					break
				}
				if i := strings.Index(pas.text[at:], s); i >= 0 {
					at += i
				}
				s = clip(s)
				out = append(out, sentence{text: s, span: pas.span(v, at, at+len(s)), line: len(parts) == 1, pas: pas, at: at})
				at += len(s)
			}
		}
		pas = nil
		text.Reset()
	}
	before := ""
	for i, l := range v {
		if len(out) == maxSentences {
			break
		}
		if !read(i) || l.blank() || isRule(l.text) || text.Len() > 20000 {
			flush()
			before = ""
			continue
		}
		l.text = clip(l.text)
		t := strings.TrimSpace(l.text)
		b := bullet(t)
		entry := b > 0 || isRecord(t) && (before == "" || isRecord(before) || strings.HasSuffix(before, ":") || strings.HasSuffix(before, "."))
		if entry || before != "" && (pas != nil && pas.item && isRecord(before) || strings.HasSuffix(before, ":") || utf8.RuneCountInString(before) < 45 && !joins(before, t)) || isOrder(t) || namesAhead(t) {
			flush()
		}
		if pas == nil {
			n++
			pas = &passage{n: n, item: entry, num: numberOf(t)}
		} else {
			text.WriteByte(' ')
		}
		pas.segs = append(pas.segs, passageSeg{at: text.Len(), line: i, from: strings.Index(l.text, t) + b})
		text.WriteString(t[b:])
		before = t
	}
	flush()
	return out
}

// recordMarks writes the marks between the pieces of a record as one.
var recordMarks = strings.NewReplacer(" - ", "|", " – ", "|", " — ", "|", " / ", "|", "\t", "|", " · ", "|", " • ", "|", " > ", "|")

// isRecord says whether a line is a prospect in one line: three pieces or more
// between commas, semicolons, slashes or hyphens, one of them an address or a
// website, and none a whole sentence.
func isRecord(t string) bool {
	if len(t) > 300 || !strings.ContainsAny(t, "@.") {
		return false
	}
	pieces := strings.FieldsFunc(recordMarks.Replace(t), func(r rune) bool { return r == ',' || r == ';' || r == '|' })
	if len(pieces) < 3 {
		return false
	}
	address := false
	for _, piece := range pieces {
		piece = strings.TrimSpace(piece)
		n := len(strings.Fields(piece))
		first, _ := utf8.DecodeRuneInString(piece)
		if n > 7 || n > 2 && unicode.IsLower(first) && !strings.ContainsAny(piece, "@(") && !words.is(wordRole, strings.Fields(piece)[0]) && typeIn(piece) == "" {
			return false
		}
		if !strings.Contains(piece, " ") {
			if _, st := oneEmail(piece); st == usable || webAddress(piece) {
				address = true
			}
		}
	}
	return address
}

// joins says whether a short line goes on in the next: the next begins small or
// the line ends in the middle of something.
func joins(line, next string) bool {
	r, _ := utf8.DecodeRuneInString(next)
	if unicode.IsLower(r) {
		return true
	}
	last := line[len(line)-1]
	if last == ',' {
		return !words.begins("greeting", line)
	}
	fields := strings.Fields(line)
	w := strings.ToLower(fields[len(fields)-1])
	switch w {
	case "the", "a", "of", "for", "and", "or", "to", "with", "registration", "please", "renew", "withdraw", "drop", "from", "our", "my", "is", "are":
		return true
	}
	return false
}

// namesAhead says whether a line tells for itself what is to be done with what:
// "bitte streichen: R-7GXT3Q". It does not go on from the line above, however it begins.
func namesAhead(line string) bool {
	head, tail, ok := strings.Cut(line, ":")
	if !ok || len(strings.Fields(head)) > 5 {
		return false
	}
	refs := references(tail)
	return len(refs) > 0 && strings.TrimSpace(tail[:refs[0].from]) == ""
}

var shortForms = map[string]bool{"dr": true, "mr": true, "mrs": true, "ms": true, "prof": true, "st": true, "no": true, "nr": true, "e.g": true, "i.e": true, "vs": true, "approx": true, "tel": true, "dept": true, "réf": true, "ref": true, "incl": true, "excl": true, "resp": true, "bzw": true, "ca": true, "z.b": true, "d.h": true, "sog": true, "evtl": true, "ggf": true, "inkl": true, "soc": true, "agr": true, "av": true, "avda": true, "rua": true, "ul": true, "al": true, "p.ej": true, "ej": true, "nos": true, "núm": true, "num": true, "op": true, "t.a.v": true, "m.b.t": true, "o.a": true, "m.in": true, "np": true, "tzn": true, "bl.a": true, "f.eks": true, "t.ex": true, "dvs": true}

// legalForms end in a dot that ends no sentence.
var legalForms = map[string]bool{"ltd": true, "inc": true, "co": true, "corp": true, "llc": true, "gmbh": true, "ag": true, "sa": true, "s.a": true, "srl": true, "s.r.l": true, "s.p.a": true, "spa": true, "b.v": true, "bv": true, "n.v": true, "pvt": true, "pty": true, "plc": true, "llp": true, "ab": true, "as": true, "a.s": true, "aps": true, "oy": true, "sarl": true, "s.a.r.l": true, "ltda": true, "s.l": true, "sl": true, "kg": true, "e.v": true, "bhd": true, "sdn": true, "pte": true, "a.ş": true, "z.o.o": true, "lp": true, "l.l.c": true}

// countsEntry says whether a text ends with the number of an entry: "cancel number
// 2", "extend no. 1 and 3", "scrap 2, 4 and 5". The dot behind it
// ends a sentence, and is none of a date, as in "am 4. und 5. Mai".
func countsEntry(t string) bool {
	f := strings.Fields(t)
	joined := false
	for k := len(f) - 1; k >= 0 && k >= len(f)-8; k-- {
		w := strings.Trim(f[k], ",.")
		switch {
		case k < len(f)-1 && words.is(wordNumber, w):
			return true
		case strings.HasPrefix(w, "#") && len(w) > 1 && w[1] >= '0' && w[1] <= '9':
			return true
		case w != "" && strings.Trim(w, "0123456789") == "":
			if strings.HasSuffix(f[k], ".") {
				return false
			}
		case k < len(f)-1 && (w == "&" || w == "+" || words.is(wordConjunction, w)):
			joined = true
		default:
			return joined
		}
	}
	return joined
}

func splitSentences(t string) []string {
	var out []string
	start := 0
	for i := 0; i < len(t); i++ {
		if t[i] != '.' && t[i] != '!' && t[i] != '?' {
			if strings.HasPrefix(t[i:], "。") || strings.HasPrefix(t[i:], "？") {
				out = append(out, strings.TrimSpace(t[start:i+3]))
				start = i + 3
				i += 2
			}
			continue
		}
		j := i + 1
		for j < len(t) && (t[j] == '.' || t[j] == '!' || t[j] == '?' || t[j] == ')' || t[j] == '"' || t[j] == '\'') {
			j++
		}
		if j < len(t) && t[j] != ' ' {
			continue
		}
		if t[i] == '.' && j < len(t) {
			w := lastWord(t[start:i])
			next, _ := utf8.DecodeRuneInString(strings.TrimLeft(t[j:], " "))
			if shortForms[w] || (w == "no" || w == "nos" || w == "nr" || w == "nrs" || w == "num") && unicode.IsDigit(next) || isAbbreviatedTitle(t[start:i], w) || abbreviatedNext(w, t[j:]) || utf8.RuneCountInString(w) == 1 && w != "i" && !countsEntry(t[start:i]) || unicode.IsLower(next) || goesOnBehind(w, strings.TrimLeft(t[j:], " ")) {
				continue
			}
		}
		out = append(out, strings.TrimSpace(t[start:j]))
		start = j
		i = j - 1
	}
	if rest := strings.TrimSpace(t[start:]); rest != "" {
		out = append(out, rest)
	}
	return out
}

// goesOnBehind says whether the dot behind a word is a legal form's, not the sentence's:
// "Tealeaf Pvt. Ltd.", "Acme Inc. Europe"; but "Vossen BV. They", "Acme Ltd. Jane".
func goesOnBehind(w, rest string) bool {
	if !legalForms[w] || startsSentence(rest) {
		return false
	}
	next, _, _ := strings.Cut(rest, " ")
	if f := strings.ToLower(strings.Trim(next, ".,;:")); legalForms[f] || words.is(wordLegalForm, f) {
		return true
	}
	return !undotted[w] && w != "ltd"
}

// abbreviatedNext: a short word with a dot, and another behind it ("Soc. Agr.").
func abbreviatedNext(w, rest string) bool {
	next, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if f := strings.ToLower(strings.Trim(next, ".")); words.is(wordNumber, f) || words.has("yes", f) {
		return false // "5 can go. No. 3 stays."
	}
	return utf8.RuneCountInString(w) <= 4 && strings.HasSuffix(next, ".") && utf8.RuneCountInString(next) <= 5
}

// isAbbreviatedTitle: "Mag." before a name; "me" at a sentence's end is none.
func isAbbreviatedTitle(s, w string) bool {
	r, _ := utf8.DecodeRuneInString(s[wordAt(s):])
	return unicode.IsUpper(r) && words.is(wordTitle, w)
}

// wordAt is where the last word begins. Its small letters may take other bytes than
// itself, so their length says nothing of that place.
func wordAt(s string) int { return strings.LastIndexAny(s, " (,") + 1 }

func lastWord(s string) string { return strings.ToLower(s[wordAt(s):]) }

// startsSentence: a capital that begins a common word, rather than a name.
func startsSentence(s string) bool {
	w, _, _ := strings.Cut(s, " ")
	switch strings.ToLower(strings.Trim(w, ",.")) {
	case "we", "they", "it", "the", "this", "that", "he", "she", "i", "please", "can", "could", "our", "thanks", "thank", "and", "also", "if", "there", "these", "is", "are", "would", "what", "when", "how", "my", "their", "sorry", "actually", "wait", "but", "however", "kindly", "no", "do", "don't", "let":
		return true
	}
	return false
}

// accept keeps the blocks that are prospects and tells how each is meant.
func (p *parser) accept() {
	var blocks []*block
	others := 0
	for _, b := range p.blocks {
		if b.Email != "" && !strings.EqualFold(b.Email, string(p.m.From)) {
			others++
		}
	}
	for _, b := range p.blocks {
		// The sender's own details, set above the prospect's.
		if name := strings.TrimSpace(b.FirstName + " " + b.LastName); b.FirstName != "" && b.LastName != "" && isOwnName(name, p.owner) && (others > 0 || len(p.blocks) > 1) ||
			strings.EqualFold(b.Email, string(p.m.From)) && others > 0 && b.Email != "" {
			continue
		}
		for _, f := range []rules.Field{rules.Email} {
			// The sender's and our own address are never a prospect's.
			if a := b.Get(f); a != "" && (strings.EqualFold(a, string(p.m.From)) || p.r.Mailbox != "" && strings.EqualFold(a, string(p.r.Mailbox))) {
				b.Set(f, "")
				delete(b.Spans, f)
			}
		}
		n := b.count()
		if b.table && n == 0 && b.Ref == "" {
			continue
		}
		if n == 0 && b.Ref == "" && len(b.None) == 0 && len(b.Unusable) == 0 {
			continue
		}
		if !b.table && !p.reply && b.Ref == "" && (n < 2 || !b.person()) && !(n >= 1 && b.person() && (p.register || b.labels >= 3)) && !p.lone(b) {
			p.dropped = b
			continue
		}
		blocks = append(blocks, b)
	}
	p.blocks = p.struck(headed(blocks))
	sort.SliceStable(p.blocks, func(i, j int) bool { return earlier(p.place(p.blocks[i]), p.place(p.blocks[j])) })
	p.bindTypes()
	asked := p.reply && len(p.blocks) == 1 && p.asksBelow()
	for _, b := range p.blocks {
		rd := reading{Reading: b.Reading, verb: rules.VerbRegister, at: p.place(b)}
		switch {
		case b.Ref != "":
			rd.verb = rules.VerbAnswer
		case b.table && b.Source != nil:
		case p.reply && !(b.Company != "" && (b.FirstName != "" || b.LastName != "")) && (b.count() <= 3 || asked):
			rd.verb = rules.VerbAnswer
		}
		if len(rd.Spans) == 0 {
			rd.Spans = nil
		}
		p.readings = append(p.readings, rd)
	}
}

// headed gives what a block without a contact states (the company, its website)
// to the contacts below it that have none of their own, and drops that block.
func headed(blocks []*block) []*block {
	if len(blocks) < 2 {
		return blocks
	}
	head := blocks[0]
	if head.Company == "" || head.Email != "" || head.FirstName != "" || head.LastName != "" || head.table {
		return blocks
	}
	for _, b := range blocks[1:] {
		if b.Company != "" || b.Email == "" && b.FirstName == "" {
			return blocks
		}
	}
	for _, b := range blocks[1:] {
		b.fill(head)
	}
	return blocks[1:]
}

// lone says whether a mail that asks for a registration states its prospect by
// an address or a website only.
func (p *parser) lone(b *block) bool {
	return p.register && len(p.blocks) == 1 && len(p.m.Attachments) == 0 && (b.URL != "" || b.Email != "")
}

func (p *parser) place(b *block) rules.Span {
	if b.at.Part != "" {
		return b.at
	}
	l := p.v[b.first]
	return rules.Span{Part: l.part, Line: l.n, From: l.offset(), To: l.offset() + len(l.text)}
}

// references lists the references of the new text and the subject, in order.
func (p *parser) references() []rules.Reference {
	var out []rules.Reference
	seen := map[rules.Reference]bool{}
	add := func(s string) {
		for _, l := range references(s) {
			if !seen[l.ref] && len(out) < 200 {
				seen[l.ref] = true
				out = append(out, l.ref)
			}
		}
	}
	for _, l := range p.v {
		if l.isOwn() && len(out) < 200 {
			add(l.text)
		}
	}
	for _, rd := range p.readings {
		add(string(rd.Ref))
	}
	add(p.m.Subject)
	return out
}

// solid says whether something was read that a machine's chatter or an absence
// note does not hold.
func (p *parser) solid() bool {
	for _, rd := range p.readings {
		n := 0
		for _, f := range rules.Fields {
			if rd.Get(f) != "" {
				n++
			}
		}
		if n >= 3 || rd.Ref != "" || rd.verb != rules.VerbRegister {
			return true
		}
	}
	for _, it := range p.items {
		if it.Verb == rules.VerbRenew || it.Verb == rules.VerbWithdraw {
			return it.Ref != ""
		}
		if it.Verb == rules.VerbConfirm {
			return true
		}
	}
	return false
}

// kind sums the items up (GUIDE.md).
func (p *parser) kind(items []rules.Item) rules.Kind {
	for _, it := range items {
		switch it.Verb {
		case rules.VerbRegister, rules.VerbAnswer, rules.VerbConfirm, rules.VerbCorrect:
			return rules.KindRegistration
		}
	}
	for _, it := range items {
		switch it.Verb {
		case rules.VerbRenew:
			return rules.KindRenewal
		case rules.VerbWithdraw:
			return rules.KindWithdrawal
		case rules.VerbStatus, rules.VerbCheck, rules.VerbStatement:
			return rules.KindStatus
		case rules.VerbHelp:
			return rules.KindHelp
		case rules.VerbPaperwork:
			return rules.KindPaperwork
		case rules.VerbAsk:
			return rules.KindOther
		}
	}
	if p.thanks {
		return rules.KindThanks
	}
	if len(items) == 0 && len(p.unread) > 0 || p.register && len(p.m.Attachments) > 0 {
		return rules.KindRegistration
	}
	return rules.KindOther
}
