package intake

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"leadmail/rules"
)

// truth is what a careful person read in a case (GUIDE.md beside the cases).
type truth struct {
	Tier      string           `json:"tier"`
	Kind      rules.Kind       `json:"kind"`
	Prospects []rules.Prospect `json:"prospects"`
	Refs      []string         `json:"refs"`
	Items     []rules.Item     `json:"items"`
	Derived   bool             `json:"-"`
}

// tally counts as score.py does: a field that we leave empty is a question, a
// field that we invent is a lie, so they are counted apart.
type tally struct {
	cases, kinds, expected, found, extra int
	right, missing, wrong                int
	refsRight, refsMissing, refsWrong    int
	itemsRight, itemsMissing, itemsWrong int
}

func (c tally) rate(n int) float64 {
	return 100 * float64(n) / max(1, float64(c.right+c.missing+c.wrong))
}

func (c tally) String() string {
	items := max(1, c.itemsRight+c.itemsMissing+c.itemsWrong)
	return fmt.Sprintf("%3d cases  kinds %d (%.1f%%)  prospects %d/%d found, %d extra  refs %d right %d missing %d wrong\n"+
		"        fields  right %d (%.1f%%)  missing %d (%.1f%%)  wrong %d (%.1f%%)\n"+
		"        items   right %d (%.1f%%)  missing %d  wrong %d",
		c.cases, c.kinds, 100*float64(c.kinds)/max(1, float64(c.cases)), c.found, c.expected, c.extra, c.refsRight, c.refsMissing, c.refsWrong,
		c.right, c.rate(c.right), c.missing, c.rate(c.missing), c.wrong, c.rate(c.wrong),
		c.itemsRight, 100*float64(c.itemsRight)/float64(items), c.itemsMissing, c.itemsWrong)
}

var scheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://`)

// normal is the form in which two values of a field are compared.
func normal(f rules.Field, v string) string {
	v = strings.Join(strings.Fields(norm.NFC.String(v)), " ")
	if f != rules.URL {
		return strings.ReplaceAll(strings.ToLower(v), "’", "'")
	}
	low := strings.ToLower(v)
	v = v[len(scheme.FindString(low)):]
	host, tail := v, ""
	if i := strings.IndexAny(v, "/?#"); i >= 0 {
		host, tail = v[:i], v[i:]
	}
	return strings.TrimPrefix(strings.ToLower(host), "www.") + strings.TrimRight(tail, "/")
}

func marks(want, got rules.Prospect) map[rules.Field]string {
	out := map[rules.Field]string{}
	for _, f := range rules.Fields {
		w, g := normal(f, want.Get(f)), normal(f, got.Get(f))
		switch {
		case w == "" && g == "":
		case w == g:
			out[f] = "right"
		case g != "":
			out[f] = "wrong"
		default:
			out[f] = "missing"
		}
	}
	return out
}

func likeness(want, got rules.Prospect) float64 {
	same, wrong := 0, 0
	m := marks(want, got)
	for _, f := range rules.Fields {
		if m[f] == "right" && f != rules.LeadTypeOf {
			same += 10
		}
		if m[f] == "wrong" {
			wrong++
		}
	}
	if m[rules.LeadTypeOf] == "right" && (same > 0 || wrong == 0) {
		same++
	}
	if same == 0 {
		return 0
	}
	return max(float64(same)-float64(wrong)/10, 0)
}

func align(want, have []rules.Prospect) map[int]int {
	type pair struct {
		like float64
		i, j int
	}
	var table []pair
	for i := range want {
		for j := range have {
			table = append(table, pair{likeness(want[i], have[j]), i, j})
		}
	}
	sort.SliceStable(table, func(a, b int) bool { return table[a].like > table[b].like })
	pairs, taken := map[int]int{}, map[int]bool{}
	for _, p := range table {
		if _, done := pairs[p.i]; p.like > 0 && !done && !taken[p.j] {
			pairs[p.i], taken[p.j] = p.j, true
		}
	}
	return pairs
}

func itemKeys(items []rules.Item, place map[int]int) map[string]int {
	keys := map[string]int{}
	for _, it := range items {
		on := strings.ReplaceAll(normal(rules.Company, it.Ref), "company: ", "company:")
		switch {
		case it.Ref != "" && it.Verb == rules.VerbCheck:
			on = normal(rules.URL, it.Ref)
		case it.Ref == "" && it.Prospect != nil:
			at, ok := place[*it.Prospect]
			if on = fmt.Sprint("prospect ", at); !ok {
				on = "prospect too many"
			}
		}
		keys[strings.TrimSpace(string(it.Verb)+" "+on)]++
	}
	return keys
}

func derived(t truth) []rules.Item {
	var out []rules.Item
	switch t.Kind {
	case rules.KindRegistration:
		for i := range t.Prospects {
			out = append(out, rules.Item{Verb: rules.VerbRegister, Prospect: &i})
		}
	case rules.KindRenewal, rules.KindWithdrawal:
		verb := map[rules.Kind]rules.Verb{rules.KindRenewal: rules.VerbRenew, rules.KindWithdrawal: rules.VerbWithdraw}[t.Kind]
		for _, r := range t.Refs {
			out = append(out, rules.Item{Verb: verb, Ref: r})
		}
		if out == nil {
			out = []rules.Item{{Verb: verb}}
		}
	case rules.KindStatus, rules.KindHelp, rules.KindPaperwork:
		out = []rules.Item{{Verb: rules.Verb(t.Kind)}}
	case rules.KindOther:
		out = []rules.Item{{Verb: rules.VerbAsk}}
	}
	return out
}

// add scores one case and says what was not right.
func (c *tally) add(name string, want truth, got outcome) (said []string) {
	say := func(f string, a ...any) { said = append(said, name+": "+fmt.Sprintf(f, a...)) }
	c.cases++
	if got.Kind == want.Kind {
		c.kinds++
	} else {
		say("kind %q, truth %q", got.Kind, want.Kind)
	}
	pairs := align(want.Prospects, got.Prospects)
	c.expected += len(want.Prospects)
	c.found += len(pairs)
	c.extra += len(got.Prospects) - len(pairs)
	back := map[int]int{}
	judge := func(w, g rules.Prospect) {
		m := marks(w, g)
		for _, f := range rules.Fields {
			switch m[f] {
			case "right":
				c.right++
			case "missing":
				c.missing++
				say("missing %s, truth %q", f, w.Get(f))
			case "wrong":
				c.wrong++
				say("wrong %s %q, truth %q", f, g.Get(f), w.Get(f))
			}
		}
	}
	for i, w := range want.Prospects {
		if j, ok := pairs[i]; ok {
			back[j] = i
			judge(w, got.Prospects[j])
		} else {
			judge(w, rules.Prospect{})
		}
	}
	for j, g := range got.Prospects {
		if _, ok := back[j]; !ok {
			judge(rules.Prospect{}, g)
		}
	}
	refs := func(list []string) map[string]bool {
		out := map[string]bool{}
		for _, r := range list {
			out[normal(rules.Company, r)] = true
		}
		return out
	}
	w, g := refs(want.Refs), refs(got.Refs)
	for r := range w {
		if g[r] {
			c.refsRight++
		} else {
			c.refsMissing++
			say("missing ref %s", r)
		}
	}
	for r := range g {
		if !w[r] {
			c.refsWrong++
			say("wrong ref %s", r)
		}
	}
	items := want.Items
	if items == nil {
		items = derived(want)
	}
	self := map[int]int{}
	for i := range want.Prospects {
		self[i] = i
	}
	wk, gk := itemKeys(items, self), itemKeys(got.Items, back)
	for k, n := range wk {
		c.itemsRight += min(n, gk[k])
		if n > gk[k] {
			c.itemsMissing += n - gk[k]
			say("missing item %s", k)
		}
	}
	for k, n := range gk {
		if n > wk[k] {
			c.itemsWrong += n - wk[k]
			say("wrong item %s", k)
		}
	}
	return said
}

// scoreFolder reads every case of a folder.
func scoreFolder(t *testing.T, dir string) (map[string]*tally, map[string][]string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	total, said := map[string]*tally{"easy": {}, "medium": {}, "hard": {}}, map[string][]string{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var want truth
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		raw, err := os.ReadFile(strings.TrimSuffix(name, ".json") + ".eml")
		if err != nil {
			t.Fatal(err)
		}
		base := strings.TrimSuffix(filepath.Base(name), ".json")
		said[want.Tier] = append(said[want.Tier], total[want.Tier].add(base, want, readOutcome(base, raw))...)
	}
	return total, said
}

// sum adds tallies up.
func sum(total map[string]*tally) tally {
	var all tally
	for _, t := range total {
		all.cases += t.cases
		all.kinds += t.kinds
		all.expected += t.expected
		all.found += t.found
		all.extra += t.extra
		all.right += t.right
		all.missing += t.missing
		all.wrong += t.wrong
		all.refsRight += t.refsRight
		all.refsMissing += t.refsMissing
		all.refsWrong += t.refsWrong
		all.itemsRight += t.itemsRight
		all.itemsMissing += t.itemsMissing
		all.itemsWrong += t.itemsWrong
	}
	return all
}

func share(n, of int) float64 { return 100 * float64(n) / max(1, float64(of)) }

// bar is what a set of cases is held to, in percent; wrong counts fields.
type bar struct {
	right, kinds, items float64
	wrong               int
}

// hold prints a set's table, as score.py does, and fails below the bar; -v lists
// what is missing or wrong.
func hold(t *testing.T, dir string, want bar) map[string]*tally {
	t.Helper()
	total, said := scoreFolder(t, dir)
	for _, tier := range []string{"easy", "medium", "hard"} {
		t.Logf("%-6s %v", tier, total[tier])
		if testing.Verbose() {
			for _, s := range said[tier] {
				t.Log(s)
			}
		}
	}
	all := sum(total)
	t.Logf("all    %v", all)
	kinds, items := share(all.kinds, all.cases), share(all.itemsRight, all.itemsRight+all.itemsMissing+all.itemsWrong)
	if all.rate(all.right) < want.right || kinds < want.kinds || items < want.items || all.wrong > want.wrong {
		t.Errorf("%s: right %.1f %%, wrong %d, kinds %.1f %%, items %.1f %%; want %.1f, at most %d, %.1f, %.1f",
			dir, all.rate(all.right), all.wrong, kinds, items, want.right, want.wrong, want.kinds, want.items)
	}
	return total
}

// TestRegistrations scores the reader over the development corpus.
func TestRegistrations(t *testing.T) {
	t.Parallel()
	total := hold(t, "testdata/registrations", bar{right: 98, wrong: 2, kinds: 99, items: 97})
	if n := total["easy"].wrong + total["medium"].wrong; n > 0 {
		t.Errorf("easy and medium tiers: %d wrong fields, want none", n)
	}
}

// TestFurther scores cases of our own in voices that the corpus lacks, and those
// that were written by somebody who had not seen the reader: their first scores
// stand in docs/reading.md. The bars keep what is reached.
func TestFurther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dir  string
		want bar
	}{
		{"testdata/further", bar{right: 97, wrong: 4, kinds: 98, items: 97}},
		{"testdata/blind/1", bar{right: 97, wrong: 7, kinds: 98, items: 93}},
		{"testdata/blind/2", bar{right: 95.5, wrong: 5, kinds: 97, items: 96}},
		{"testdata/blind/3", bar{right: 95.5, wrong: 7, kinds: 99, items: 97}},
		{"testdata/blind/4", bar{right: 98, wrong: 5, kinds: 98, items: 98}},
		{"testdata/blind/5", bar{right: 97, wrong: 3, kinds: 98, items: 97}},
		{"testdata/blind/6", bar{right: 97, wrong: 0, kinds: 98, items: 97}},
		{"testdata/blind/7", bar{right: 99.5, wrong: 0, kinds: 99, items: 98}},
		{"testdata/blind/8", bar{right: 99.5, wrong: 0, kinds: 99, items: 99}},
		{"testdata/blind/9", bar{right: 98.5, wrong: 0, kinds: 99, items: 99}},
		{"testdata/blind/10", bar{right: 96, wrong: 0, kinds: 99, items: 93}},
		{"testdata/blind/11", bar{right: 99.5, wrong: 0, kinds: 99, items: 99}},
		{"testdata/blind/12", bar{right: 99.5, wrong: 0, kinds: 99, items: 95}},
		{"testdata/blind/13", bar{right: 84, wrong: 1, kinds: 94, items: 92}},
		{"testdata/blind/14", bar{right: 90, wrong: 11, kinds: 98, items: 92}},
		{"testdata/blind/15", bar{right: 99, wrong: 1, kinds: 99, items: 99}},
		{"testdata/blind/16", bar{right: 99, wrong: 1, kinds: 97, items: 95}},
		{"testdata/blind/17", bar{right: 98.5, wrong: 0, kinds: 97, items: 92}},
		{"testdata/blind/18", bar{right: 99.5, wrong: 0, kinds: 99, items: 92}},
		{"testdata/blind/19", bar{right: 99.5, wrong: 0, kinds: 97, items: 97}},
	} {
		t.Run(c.dir, func(t *testing.T) {
			t.Parallel()
			hold(t, c.dir, c.want)
		})
	}
}

// TestOwn scores the cases of our own: other voices, other forms; and the variants
// of what blind/7 and 8 found, in other languages, with what must not be read so.
func TestOwn(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"testdata/own", "testdata/variants"} {
		total, said := scoreFolder(t, dir)
		easy := total["easy"]
		t.Logf("%s    %v", dir, easy)
		for _, s := range said["easy"] {
			t.Error(s)
		}
	}
}
