package intake

// scan is a text as words, with the sections of which it can hold a phrase: those
// with a phrase that begins with one of its words. One look at each word answers
// most of the many questions that are asked about a sentence.
type scan struct {
	v      *vocabulary
	toks   []token
	begins sectionSet
	asked  sectionSet // what says was asked already, and
	said   sectionSet // its answers
	folded string     // the words, a blank around each; made when it is first asked for
	ends   []cueEnd   // where phrases that announce a name end, once cued is set
	cued   bool
}

// cueEnd is the byte at which a phrase of a section ends.
type cueEnd struct {
	section int32
	at      int
}

func (v *vocabulary) scan(text string) *scan {
	c := &scan{v: v, toks: tokens(clip(text))}
	for _, t := range c.toks {
		c.begins.unite(&v.entries[t.id].begins)
		c.begins.unite(&v.entries[t.stem].begins)
	}
	return c
}

func (c *scan) fold() string {
	if c.folded == "" {
		c.folded = " " + join(c.toks) + " "
	}
	return c.folded
}

// may says whether a phrase of one of the sections can stand in the text.
func (c *scan) may(names ...string) bool {
	for _, name := range names {
		if c.begins.has(c.v.named(name).id) {
			return true
		}
	}
	return false
}

// opens says whether the text's first word begins a phrase of the section.
func (c *scan) opens(name string) bool {
	return len(c.toks) > 0 && c.v.named(name).begins(c.toks[0])
}

// says says whether a phrase of the section stands in the text.
func (c *scan) says(name string) bool {
	id := c.v.named(name).id
	if !c.begins.has(id) {
		return false
	}
	if !c.asked.has(id) {
		c.asked.add(id)
		if at, _ := c.v.find(name, c.toks, 0); at >= 0 {
			c.said.add(id)
		}
	}
	return c.said.has(id)
}

// find is vocabulary.find in the text.
func (c *scan) find(name string, i int) (at, n int) {
	if !c.may(name) {
		return -1, 0
	}
	return c.v.find(name, c.toks, i)
}

// cueEndsAt says whether a phrase of a section that announces a name ends at a
// byte: any of them, not only the longest.
func (c *scan) cueEndsAt(name string, at int) bool {
	id := c.v.named(name).id
	if !c.begins.has(id) {
		return false
	}
	if !c.cued {
		c.cued = true
		for i, t := range c.toks {
			e := c.v.entry(t.id)
			for _, p := range c.v.phrases[e.from:e.to] {
				if !c.v.cues.has(int(p.section)) {
					continue
				}
				if n := c.v.matchAt(c.toks, i, c.v.bodies[p.from:p.to]); n > 0 {
					c.ends = append(c.ends, cueEnd{p.section, c.toks[i+n-1].to})
				}
			}
		}
	}
	for _, e := range c.ends {
		if e.section == int32(id) && e.at == at {
			return true
		}
	}
	return false
}
