package intake

import (
	"strings"

	"leadmail/rules"
)

// wish is what a sentence asks of our records, put together from what it speaks of
// and what it wants to know of it, where no phrase of the data files holds the
// question as a whole; "" where it asks nothing of the kind. What changes a
// registration is never put together so: it is read by its verbs (clause.go).
func (p *parser) wish(s *sentence) rules.Verb {
	sc := s.scanned()
	money := sc.says("earnings") && sc.says("how much")
	if !money && !sc.says("standing") || sc.says("why") || sc.says("amiss") || sc.says("dispute") || sc.says("verb register") && !sc.says("what") || sc.says("what then") || strings.Contains(s.text, "@") {
		return ""
	}
	switch {
	case money:
		return rules.VerbStatement
	case sc.says("other matter") || p.tabled() || sc.says("place in list") || sc.says("ask help"):
		return ""
	case sc.says("ours") || len(p.objectsIn(p.sentence, nil)) > 0:
		return rules.VerbStatus
	}
	return ""
}

// questions says whether a sentence wants an answer.
func (s *sentence) questions() bool {
	return strings.Contains(s.text, "?") || s.asks() || s.says("asking")
}
