package intake

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"leadmail/rules"
)

// TestWays holds the reader to testdata/ways.txt: many ways to say one thing, each in
// a mail of its own with nothing around it but a greeting and a name.
func TestWays(t *testing.T) {
	t.Parallel()
	ways := readWays(t)
	for _, verb := range []rules.Verb{rules.VerbRenew, rules.VerbWithdraw} {
		for _, way := range ways[string(verb)] {
			for x, ref := range map[string]string{"R-7K4Q2M": "R-7K4Q2M", "Kranich Optik": "company:Kranich Optik"} {
				q := readWay(way.with("{x}", x))
				expectItems(t, way, q, rules.Item{Verb: verb, Ref: ref})
			}
		}
	}
	for _, verb := range []rules.Verb{rules.VerbStatus, rules.VerbStatement, rules.VerbHelp} {
		for _, way := range ways[string(verb)] {
			expectItems(t, way, readWay(way.text), rules.Item{Verb: verb})
		}
	}
	for _, way := range ways["check"] {
		expectItems(t, way, readWay(way.text), rules.Item{Verb: rules.VerbCheck, Ref: "kranich.example"})
	}
	anna := rules.Prospect{FirstName: "Anna", LastName: "Holm", Email: "anna.holm@kranich.example", URL: "kranich.example", Company: "Kranich Optik GmbH"}
	told := "Anna Holm, Kranich Optik GmbH, anna.holm@kranich.example, kranich.example"
	for _, way := range ways["register"] {
		expectProspect(t, way, readWay(way.with("{x}", told)), anna)
	}
	for _, way := range ways["errand"] {
		if q := readWay(way.text); len(q.Prospects) > 0 {
			t.Errorf("%s: registers %+v", way.text, q.Prospects[0].Prospect)
		}
	}
	for _, typ := range []rules.LeadType{rules.QualifiedLead, rules.ManagedCustomer, ""} {
		for _, way := range ways["type "+cmp.Or(string(typ), "none")] {
			want := anna
			want.LeadType = typ
			expectProspect(t, way, readWay("please register Anna Holm of Kranich Optik GmbH, anna.holm@kranich.example, kranich.example. "+way.text), want)
		}
	}
	for _, way := range ways["company"] {
		want := rules.Prospect{FirstName: "Anna", LastName: "Holm", Email: "anna.holm@kunde.example", Company: way.text, LeadType: rules.QualifiedLead}
		for _, sentence := range []string{
			"Please register Anna Holm of %s, anna.holm@kunde.example, as a qualified lead.",
			"Anna Holm works at %s (anna.holm@kunde.example). Please register her as a qualified lead.",
			"The company is %s. Contact there: Anna Holm, anna.holm@kunde.example, QL. Please register.",
		} {
			expectProspect(t, way, readWay(fmt.Sprintf(sentence, way.text)), want)
		}
	}
}

// TestWaysOfProse reads each way to tell a prospect with people whose names, addresses
// and companies are built differently.
func TestWaysOfProse(t *testing.T) {
	t.Parallel()
	people := []rules.Prospect{
		{FirstName: "Anna", LastName: "Holm", Email: "anna.holm@kranich.example", URL: "www.kranich.example", Company: "Kranich Optik GmbH"},
		{FirstName: "Oluwaseun", LastName: "Adeyemi-Cole", Email: "seun@brightfield.example", URL: "https://brightfield.example", Company: "Brightfield Logistics Ltd"},
		{FirstName: "Lucía", LastName: "Pons Ferrer", Email: "lpons@bodegasarribas.example", URL: "bodegasarribas.example", Company: "Bodegas Arribas S.L."},
		{FirstName: "Jan", LastName: "van der Berg", Email: "j.vanderberg@molenaar.example", URL: "www.molenaar.example", Company: "Molenaar Bakkerij BV"},
		{FirstName: "Niamh", LastName: "O'Rourke", Email: "info@quaystreet.example", URL: "quaystreet.example", Company: "Quay Street Dental"},
		{FirstName: "Priya", LastName: "Raghunathan", Email: "priya.r@tealeaf.example", URL: "tealeaf.example", Company: "Tealeaf Exports Pvt. Ltd."},
		{FirstName: "Mateusz", LastName: "Wójcik", Email: "m.wojcik@stalpol.example", URL: "www.stalpol.example", Company: "Stalpol Sp. z o.o."},
		{FirstName: "Chiara", LastName: "De Santis", Email: "chiara@fornodesantis.example", URL: "fornodesantis.example", Company: "Forno De Santis"},
	}
	for _, way := range readWays(t)["prose"] {
		for _, p := range people {
			text := strings.NewReplacer("{f}", p.FirstName, "{l}", p.LastName, "{e}", p.Email, "{u}", p.URL, "{c}", p.Company).Replace(way.text)
			p.LeadType = rules.QualifiedLead
			expectProspect(t, way, readWay(text), p)
		}
	}
}

// TestWaysTogether puts a renewal and a withdrawal into one mail, each way of the one
// beside some of the other, in both orders.
func TestWaysTogether(t *testing.T) {
	t.Parallel()
	ways := readWays(t)
	renew, withdraw := ways["renew"], ways["withdraw"]
	for i, a := range renew {
		b := withdraw[(i*7+3)%len(withdraw)]
		if a.unread || b.unread {
			continue
		}
		first, second := a.with("{x}", "R-7K4Q2M"), b.with("{x}", "Vossen BV")
		for _, text := range []string{first + "\n\n" + second, second + "\n\n" + first} {
			q := readWay(text)
			got := map[string]bool{}
			for _, it := range q.Items {
				got[string(it.Verb)+" "+it.Ref] = true
			}
			if len(q.Items) != 2 || !got["renew R-7K4Q2M"] || !got["withdraw company:Vossen BV"] {
				t.Errorf("%q: %v", text, q.Items)
			}
		}
	}
}

// way is one line of ways.txt.
type way struct {
	text   string
	unread bool // it goes to a person
}

func (w way) with(mark, text string) string { return strings.ReplaceAll(w.text, mark, text) }

func readWays(t *testing.T) map[string][]way {
	t.Helper()
	b, err := os.ReadFile("testdata/ways.txt")
	if err != nil {
		t.Fatal(err)
	}
	out, section := map[string][]way{}, ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "", line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		default:
			text, unread := strings.CutPrefix(line, "? ")
			out[section] = append(out[section], way{text, unread})
		}
	}
	if len(out) < 10 {
		t.Fatalf("%d sections in ways.txt", len(out))
	}
	return out
}

func readWay(text string) rules.Request {
	return partners.Parse(partners.Read([]byte("From: Siobhan Kettering <siobhan@ketteringpartners.example>\r\nTo: partners@leanstack.example\r\n" +
		"Message-ID: <way@ketteringpartners.example>\r\nSubject: Hello\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello,\r\n\r\n" +
		strings.ReplaceAll(text, "\n", "\r\n") + "\r\n\r\nSiobhan\r\n")))
}

func expectItems(t *testing.T, w way, q rules.Request, want rules.Item) {
	t.Helper()
	if w.unread {
		want = rules.Item{Verb: rules.VerbAsk}
	}
	if len(q.Items) != 1 || q.Items[0].Verb != want.Verb || q.Items[0].Ref != want.Ref {
		t.Errorf("%s: %v; want %s %s", w.text, q.Items, want.Verb, want.Ref)
	}
}

func expectProspect(t *testing.T, w way, q rules.Request, want rules.Prospect) {
	t.Helper()
	if w.unread {
		if len(q.Prospects) > 0 {
			t.Errorf("%s: read now, as %+v", w.text, q.Prospects[0].Prospect)
		}
		return
	}
	if len(q.Prospects) != 1 {
		t.Errorf("%s: %d prospects", w.text, len(q.Prospects))
		return
	}
	for _, f := range rules.Fields {
		if got := q.Prospects[0].Get(f); normal(f, got) != normal(f, want.Get(f)) {
			t.Errorf("%s: %s %q; want %q", w.text, f, got, want.Get(f))
		}
	}
	if !slices.ContainsFunc(q.Items, func(it rules.Item) bool { return it.Verb == rules.VerbRegister }) {
		t.Errorf("%s: %v registers nobody", w.text, q.Items)
	}
}
