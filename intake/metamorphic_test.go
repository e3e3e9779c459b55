package intake

import (
	"fmt"
	"html"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"leadmail/rules"
)

// lead draws a prospect with every field.
func lead(t *rapid.T, n int) rules.Prospect {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	company := pick("company", "Acme", "Harbor & Vine, Inc.", "Kaltwerk GmbH", "Cork and Craft", "Bursztyn S.A.", "Müller-Thurgau KG", "24 Seven Foods", "L'Atelier Ltd.")
	host := fmt.Sprintf("%s%d.example", pick("host", "acme", "my-shop", "www.vine", "shop.tassie"), n)
	return rules.Prospect{
		FirstName: pick("first", "Jane", "Wei Ling", "Seán", "María José", "Karl-Heinz", "Bo"),
		LastName:  pick("last", "Doe", "van der Berg", "O'Sullivan", "Mac Giolla", "Mäkelä-Nurmi", "Ng"),
		Email:     fmt.Sprintf("%s@%s", pick("local", "jane", "j.doe", "wei_ling", "info+x"), strings.TrimPrefix(host, "www.")),
		URL:       pick("scheme", "", "https://", "http://") + host + pick("path", "", "/", "/en", "/about-us"),
		Company:   company,
		LeadType:  rules.LeadType(pick("type", "qualified_lead", "managed_customer")),
	}
}

// written is a prospect as labelled lines in a drawn order and manner.
func written(t *rapid.T, p rules.Prospect, sep string, order []rules.Field) []string {
	labels := map[rules.Field]string{rules.FirstName: "First name", rules.LastName: "Last name", rules.Email: "Email", rules.URL: "URL", rules.Company: "Company name", rules.LeadTypeOf: "Lead type"}
	var lines []string
	for _, f := range order {
		v := p.Get(f)
		if f == rules.LeadTypeOf {
			v = p.LeadType.Words()
		}
		lines = append(lines, labels[f]+sep+v)
	}
	return lines
}

func read1(raw []byte) []rules.Prospect {
	q := partners.Parse(partners.Read(raw))
	var out []rules.Prospect
	for _, p := range q.Prospects {
		out = append(out, p.Prospect)
	}
	return out
}

// TestSameReading: what is written around the data, and how it is carried, does
// not change what is read.
func TestSameReading(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation(rules.Fields[:]).Draw(t, "order")
		sep := rapid.SampledFrom([]string{": ", " = ", "\t", " - ", ":  ", " : ", " – "}).Draw(t, "separator")
		n := rapid.IntRange(1, 4).Draw(t, "prospects")
		var want []rules.Prospect
		var blocks [][]string
		for i := range n {
			p := lead(t, i)
			want = append(want, p)
			blocks = append(blocks, written(t, p, sep, order))
		}
		between := rapid.SampledFrom([]string{"\n", "\n----------\n\n", "\n\n", "***\n"}).Draw(t, "between")
		bullet := rapid.SampledFrom([]string{"", "• ", "* ", "1. "}).Draw(t, "bullet")
		if sep == "\t" {
			bullet = ""
		}
		var text []string
		for _, b := range blocks {
			text = append(text, bullet+strings.Join(b, "\n"+bullet)+"\n")
		}
		body := strings.Join(text, between)
		check := func(what string, raw []byte, want []rules.Prospect) {
			if d := cmp.Diff(want, read1(raw), cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s: %s\n%s", what, d, raw)
			}
		}
		const plain = "Content-Type: text/plain; charset=utf-8"
		check("as it is", eml(plain, "Hello,\n\n"+body), want)
		check("with a signature", eml(plain, "Hello,\n\nplease register:\n\n"+body+"\nKind regards\nIlse Baumgartner\n\n-- \nNorthwind Coaching\nEmail: ilse@northwind.example\nWeb: https://northwind.example\nCompany: Northwind Coaching GmbH\n"), want)
		check("with quoted history", eml(plain, body+"\nBest\nIlse\n\nOn Mon, 12 Jan 2026 at 09:00, Desk <partners@leanstack.example> wrote:\n> First name: Old\n> Last name: Quote\n> Email: old@quote.example\n> Company: Old Quote\n"), want)
		var rows strings.Builder
		for _, b := range blocks {
			for _, l := range b {
				rows.WriteString("<p>" + html.EscapeString(strings.ReplaceAll(l, "\t", ": ")) + "</p>\n")
			}
			rows.WriteString("<hr>")
		}
		check("as HTML", eml("Content-Type: text/html; charset=utf-8", "<html><body><p>Hello,</p>"+rows.String()+"</body></html>"), want)
		if n > 1 {
			// Values swapped between two prospects are swapped in the reading.
			swapped := append([]rules.Prospect(nil), want...)
			swapped[0], swapped[1] = swapped[1], swapped[0]
			text[0], text[1] = text[1], text[0]
			check("swapped", eml(plain, strings.Join(text, between)), swapped)
		}
	})
}

// TestEmptyStaysEmpty: a field left out, or left as a placeholder, is empty and no
// other prospect's value is taken for it.
func TestEmptyStaysEmpty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := lead(t, 0), lead(t, 1)
		f := rapid.SampledFrom(rules.Fields[1:]).Draw(t, "field")
		hole := rapid.SampledFrom([]string{"", "<fill in>", "___", "tbd", "?", "to follow", "[...]"}).Draw(t, "hole")
		lines := written(t, a, ": ", rules.Fields[:])
		for i, x := range rules.Fields {
			if x == f {
				lines[i] = strings.TrimSpace(lines[i][:strings.Index(lines[i], ":")+1] + " " + hole)
			}
		}
		a.Set(f, "")
		body := strings.Join(lines, "\n") + "\n\n" + strings.Join(written(t, b, ": ", rules.Fields[:]), "\n") + "\n\nI will send the rest soon.\n"
		raw := eml("Content-Type: text/plain; charset=utf-8", body)
		if d := cmp.Diff([]rules.Prospect{a, b}, read1(raw)); d != "" {
			t.Fatalf("%s\n%s", d, raw)
		}
	})
}

// TestStatements: what is stated but is no value is told apart from what was
// left out.
func TestStatements(t *testing.T) {
	t.Parallel()
	parse := func(headers, body string) rules.Request {
		return partners.Parse(partners.Read(eml(headers, body)))
	}
	q := parse("", "First name: Tobias\nLast name: Rehm\nEmail: tobias at work\nWebsite: none yet\nCompany: Kaltwerk GmbH\nLead type: hot lead\n")
	if len(q.Prospects) != 1 {
		t.Fatalf("%d prospects", len(q.Prospects))
	}
	p := q.Prospects[0]
	if d := cmp.Diff([]rules.Field{rules.URL}, p.None); d != "" {
		t.Error("None:", d)
	}
	want := map[rules.Field]string{rules.Email: "tobias at work", rules.URL: "none yet", rules.LeadTypeOf: "hot lead"}
	if d := cmp.Diff(want, p.Unusable); d != "" {
		t.Error("Unusable:", d)
	}
	if got := p.Spans[rules.Company]; got != (rules.Span{Part: "1", Line: 5, From: 9, To: 22}) {
		t.Errorf("span of the company: %+v", got)
	}

	q = parse("Content-Type: multipart/alternative; boundary=b", "--b\nContent-Type: text/plain\n\n"+form+"--b\nContent-Type: text/html\n\n"+
		strings.ReplaceAll(strings.ReplaceAll(form, "kaltwerk.example\nCompany", "evil.example\nCompany"), "\n", "<br>")+"\n--b--\n")
	if len(q.Prospects) != 1 || len(q.Prospects[0].Contradicts) != 1 || q.Prospects[0].Contradicts[0] != rules.URL {
		t.Errorf("text and HTML differ in the URL: got %+v", q.Prospects)
	}

	q = parse("", "Registration: R-7K4Q2M\nWebsite: kuanza.example\n\nRegistration: R-9PX4TD\nLead type: Q\n")
	if len(q.Prospects) != 2 || q.Prospects[0].Ref != "R-7K4Q2M" || q.Prospects[1].Ref != "R-9PX4TD" || q.Prospects[1].LeadType != rules.QualifiedLead || q.Items[0].Verb != rules.VerbAnswer {
		t.Errorf("our own form for two prospects: got %+v", q.Prospects)
	}
	if d := cmp.Diff([]rules.Reference{"R-7K4Q2M", "R-9PX4TD"}, q.Mentions); d != "" {
		t.Error("Mentions:", d)
	}

	q = parse("Subject: Re: Which type?\nIn-Reply-To: <a@b.example>", "1: QL\n2. managed customer\n3) acme.example\n")
	if len(q.Prospects) != 3 || q.Prospects[1].Ordinal != 2 || q.Prospects[1].LeadType != rules.ManagedCustomer || q.Prospects[2].URL != "acme.example" {
		t.Errorf("answers by number: got %+v", q.Prospects)
	}

	for _, text := range []string{"Q ALL", "QL for all", "all of them are qualified leads", "Both are QL."} {
		q = parse("Subject: Re: Which type?\nIn-Reply-To: <a@b.example>", text+"\n")
		if len(q.Prospects) != 1 || !q.Prospects[0].All || q.Prospects[0].LeadType != rules.QualifiedLead {
			t.Errorf("%q: got %+v", text, q.Prospects)
		}
	}
	for _, text := range []string{"Q", "ql", "Qualified Lead."} {
		q = parse("Subject: Re: Which type?\nIn-Reply-To: <a@b.example>", text+"\n")
		if len(q.Prospects) != 1 || q.Prospects[0].All || q.Prospects[0].LeadType != rules.QualifiedLead {
			t.Errorf("%q: got %+v", text, q.Prospects)
		}
	}

	// Our one open question answered with a bare value, or with "there is none".
	const asked = "\n\nOn Tue, 7 Apr 2026 at 09:00, Desk <partners@leanstack.example> wrote:\n> Registration: R-2WX8KM\n> Website:\n"
	q = parse("Subject: Re: Not registered yet\nIn-Reply-To: <a@b.example>", "there is no website"+asked)
	if len(q.Prospects) != 1 || len(q.Prospects[0].None) != 1 || q.Prospects[0].None[0] != rules.URL || q.Items[0].Verb != rules.VerbAnswer {
		t.Errorf("no website: got %+v %+v", q.Prospects, q.Items)
	}

	q = parse("", strings.Replace(form, "Lead type: Qualified Lead\n", "", 1)+"\nBest,\nIlse\n\nPS: Lead type: Qualified Lead\n")
	if len(q.Prospects) != 1 || q.Prospects[0].LeadType != rules.QualifiedLead {
		t.Errorf("a postscript: got %+v", q.Prospects)
	}

	// The sender's own address is never a prospect's.
	q = parse("", strings.Replace(form, "tobias@kaltwerk.example", "ilse@northwind.example", 1))
	if len(q.Prospects) != 1 || q.Prospects[0].Email != "" {
		t.Errorf("the sender's address: got %+v", q.Prospects)
	}
}

// TestWords reads the data file and looks at what its sections promise.
func TestWords(t *testing.T) {
	t.Parallel()
	if _, err := parseWords(wordsFile); err != nil {
		t.Fatal(err)
	}
	for label, want := range map[string]labelField{
		"E-Mail-Adresse": labelEmail, "Contact's first name": labelFirst, "PROSPECT EMAIL": labelEmail, "Prénom": labelFirst,
		"Lead type (Qualified Lead or Managed Customer Lead)": labelType, "会社名": labelCompany, "Phone": labelIgnored, "nonsense": "",
	} {
		if got := words.lookup(label, false); got != want {
			t.Errorf("label %q is %q, want %q", label, got, want)
		}
	}
	for label, want := range map[string]labelField{"Frist name": labelFirst, "Compnay": labelCompany, "Lead tpye": labelType, "Emial": labelEmail, "Surmane": labelLast, "horse name": ""} {
		if got := words.lookup(label, true); got != want {
			t.Errorf("typo %q is %q, want %q", label, got, want)
		}
	}
	for _, bad := range []string{"[a]\nen: x\n[a]\nen: y", "en: x", "[label email]\nen: x\n[label url]\nen: x", "[a]\nen: …x", "[a]\nen: x {y|z", "[a]\nen: x|y", "[a]\nen: {x|y}}"} {
		if _, err := parseWords(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// TestTokens: the short way for ASCII cuts as the long one does.
func TestTokens(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"Don't re-register ACME's, ok?": "don't re register acme's ok",
		"'quoted' O'Brien' 3'4 's":      "quoted o'brien 3 4 s",
		"Prénom’s d’Été":                "prenom's d'ete",
		"R-7K4Q2M.":                     "r 7k4q2m",
		"":                              "",
	} {
		if got := fold(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[ a-zA-Z0-9'.,-]{0,40}`).Draw(t, "text")
		// A character of another script at the end takes the long way.
		if got, want := fold(s+" é"), strings.TrimSpace(fold(s)+" e"); got != want {
			t.Fatalf("%q: %q, the long way %q", s, want, got)
		}
	})
}
