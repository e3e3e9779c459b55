package intake

import (
	"strings"

	"leadmail/rules"
)

// What the text says of single rows of a list, in the mail or attached, counts
// more than the row: who wrote the list knew less than who sends it.

// struck drops the rows that a sentence asks to leave out, by name or by place:
// "Please leave out Coldharbour Films", "all but the third".
func (p *parser) struck(blocks []*block) []*block {
	rows := 0
	for _, b := range blocks {
		if b.table {
			rows++
		}
	}
	if rows == 0 {
		return blocks
	}
	out := map[*block]bool{}
	for n := range p.sentences {
		s := &p.sentences[n]
		from, to := p.exceptedIn(s)
		if from >= to {
			continue
		}
		for _, b := range p.rowsNamed(blocks, s, from, to) {
			out[b] = true
		}
	}
	if len(out) == len(blocks) {
		return blocks
	}
	kept := blocks[:0:0]
	for _, b := range blocks {
		if !out[b] {
			kept = append(kept, b)
		}
	}
	return kept
}

// exceptedIn returns the lexemes of a sentence that name what is not to be
// registered; none where it excepts nothing.
func (p *parser) exceptedIn(s *sentence) (from, to int) {
	if s.ls == nil {
		return 0, 0
	}
	toks := s.tokens()
	if at, n := s.scanned().find("do not register", 0); at >= 0 && !denies(s, toks[at+n-1].to) {
		lo, hi := clause(s, toks[at].from, toks[at+n-1].to)
		return lexemesAt(s.ls, lo, hi)
	}
	if at, n := s.scanned().find("exception", 0); at >= 0 && (s.says("verb register") || s.says("handing over") || s.says("asking")) && !s.says("prose qualified_lead") && !s.says("prose managed_customer") {
		return lexemesAt(s.ls, toks[at+n-1].to, len(s.text))
	}
	return 0, 0
}

// rowsNamed finds the rows that the lexemes from to to name: by words that no
// other row has, else by their place.
func (p *parser) rowsNamed(blocks []*block, s *sentence, from, to int) []*block {
	var out []*block
	for i, b := range blocks {
		if !b.table {
			continue
		}
		for _, l := range s.ls[from:to] {
			if l.kind == lexEmail && strings.EqualFold(l.val, b.Email) || l.kind == lexURL && b.URL != "" && normURL(l.val) == normURL(b.URL) {
				out = append(out, b)
				break
			}
			if l.kind != lexWord || !l.capital || l.is(looksNoName) || len(l.fold) < 3 {
				continue
			}
			if b.hasWord(l) && !othersHaveWord(blocks, i, l) {
				out = append(out, b)
				break
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for i := from; i < to; i++ {
		l := s.ls[i]
		k := ordinalOf(l)
		if k == 0 && l.is(wordLast) && l.kind == lexWord {
			k = len(blocks)
		}
		if k == 0 && l.digit && i > 0 && (ls0(s.ls[i-1], "#") || numberWord(s.ls[i-1])) {
			k = l.number()
		}
		if k > 0 && k <= len(blocks) && blocks[k-1].table {
			out = append(out, blocks[k-1])
		}
	}
	return out
}

// numberWord says whether a word announces the number of an entry. The row of a
// sheet is counted with its heading or without: it tells no entry.
func numberWord(l lexeme) bool {
	if l.kind != lexWord || !l.is(wordNumber) {
		return false
	}
	switch l.fold {
	case "line", "row", "zeile":
		return false
	}
	return true
}

// hasWord says whether a name of the block has the word.
func (b *block) hasWord(l lexeme) bool {
	for _, v := range []string{b.FirstName, b.LastName, b.Company} {
		for _, w := range strings.Fields(v) {
			f := foldLetters(w)
			// "oprócz Flynna", "Fintan's": a name with an ending.
			if more, ok := strings.CutPrefix(l.fold, f); more == "" && ok || ok && len(f) >= 4 && len(more) <= 2 {
				return !smallWord[f] && !particles[f] && !words.is(wordLegalForm, w)
			}
		}
	}
	return false
}

func othersHaveWord(blocks []*block, i int, l lexeme) bool {
	for k, o := range blocks {
		if k != i && o.hasWord(l) {
			return true
		}
	}
	return false
}

// retype says whether a type that a sentence gives one prospect counts more than
// the list that the prospect stands in: the sentence says that this has changed.
func (x *subject) retype(e event, to []*subject) bool {
	return x.b.table && e.overrides && len(to) == 1 && x.b.LeadType != "" && e.typ.typ != rules.LeadType("")
}
