package intake

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"leadmail/rules"
)

// looks is how a mail was read, without a word of it: its kind, the verbs, and
// which fields each prospect has.
func looks(q rules.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", q.Kind)
	for _, it := range q.Items {
		fmt.Fprintf(&b, " %s", it.Verb)
	}
	for _, p := range q.Prospects {
		b.WriteString(" ")
		for _, f := range rules.Fields {
			if p.Get(f) != "" {
				b.WriteString(string(f[0]) + string(f[len(f)-1]))
			} else {
				b.WriteString("--")
			}
		}
	}
	return b.String()
}

// secrets are the words that must be gone from a case: of the names, companies,
// local parts and domains that were read in it or stand in its header, those that
// the vocabulary does not know.
func secrets(m Message, q rules.Request) []string {
	var values []string
	add := func(a rules.Address) {
		if a != "" && !strings.HasSuffix(string(a), "leanstack.example") {
			values = append(values, before(string(a), "@"))
			if !isPublicMail(a.Domain()) {
				values = append(values, siteName(a.Domain()))
			}
		}
	}
	if !strings.Contains(strings.ToLower(m.FromName), "leanstack") {
		values = append(values, m.FromName)
	}
	add(m.From)
	for _, p := range q.Prospects {
		values = append(values, p.FirstName, p.LastName, p.Company)
		if p.URL != "" && sharedSuffix(hostOf(p.URL)) == "" {
			values = append(values, siteName(hostOf(p.URL)))
		}
		if p.Email != "" {
			add(rules.Address(strings.ToLower(p.Email)))
		}
	}
	var out []string
	none := &redactor{}
	for _, v := range values {
		for _, w := range strings.FieldsFunc(v, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.Is(unicode.Mn, c) }) {
			key, _ := plainForm([]rune(w))
			if len([]rune(key)) >= 4 && !none.keeps(key) {
				out = append(out, key)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// decoded is all that can be read of a mail: header fields and every part.
func decoded(m Message) string {
	var b strings.Builder
	for fields := m.header.Fields(); fields.Next(); {
		b.WriteString(decodeWords(fields.Value()) + "\n")
	}
	for _, p := range m.parts {
		if strings.HasPrefix(string(p.data), "PK\x03\x04") {
			for _, g := range gridsOf(p.data) {
				for _, row := range g.rows {
					for _, c := range row {
						b.WriteString(c.text + "\n" + c.link + "\n")
					}
				}
			}
			continue
		}
		text, _ := decodeCharset(p.data, p.params["charset"])
		b.WriteString(text + "\n" + p.name + "\n")
	}
	for _, a := range m.attached {
		b.WriteString(decoded(a))
	}
	return b.String()
}

func gridsOf(data []byte) []*grid {
	grids, _ := readWorkbook(data, "1", &rules.Place{}, true)
	return grids
}

var wordRuns = regexp.MustCompile(`[\pL\pM]+`)

// TestRedactedReadsTheSame: over the development cases, what a redacted mail asks
// for and which fields it states is what the mail asked for and stated, and nobody
// is named any more.
func TestRedactedReadsTheSame(t *testing.T) {
	t.Parallel()
	how := Redaction{Key: []byte("a key of the test"), Mailbox: partners.Mailbox}
	total, same := 0, 0
	for path, raw := range developed(t) {
		m := partners.Read(raw)
		q := partners.Parse(m)
		fresh := Redact(raw, how)
		n := partners.Read(fresh)
		got := partners.Parse(n)
		total++
		if looks(got) == looks(q) {
			same++
		} else {
			t.Logf("%s: %s, was %s", path, looks(got), looks(q))
		}
		text := decoded(n)
		stand := map[string]bool{}
		for _, w := range wordRuns.FindAllString(text, -1) {
			key, _ := plainForm([]rune(w))
			stand[key] = true
		}
		for _, s := range secrets(m, q) {
			if stand[s] {
				t.Errorf("%s: %q is left", path, s)
			}
		}
		domains := []string{m.From.Domain()}
		for _, p := range q.Prospects {
			for _, v := range []string{p.Email, p.URL, domainOf(p.Email)} {
				if d := strings.ToLower(v); v == domainOf(p.Email) {
					domains = append(domains, d)
					continue
				}
				if v != "" && strings.Contains(strings.ToLower(text), strings.ToLower(v)) {
					t.Errorf("%s: %s is left", path, v)
				}
			}
		}
		for _, d := range domains {
			if d != "" && sharedSuffix(d) == "" && !strings.HasSuffix(d, "leanstack.example") && strings.Contains(strings.ToLower(text), d) {
				t.Errorf("%s: %s is left", path, d)
			}
		}
	}
	t.Logf("%d of %d cases are read the same", same, total)
	if total < 190 || same*100 < total*95 {
		t.Errorf("%d of %d cases are read the same, want 95 %%", same, total)
	}
}

// TestRedactKeepsTheForm: what is read is not all; the case is shared for the sake
// of its encodings, folds and line ends.
func TestRedactKeepsTheForm(t *testing.T) {
	t.Parallel()
	how := Redaction{Key: []byte("a key of the test"), Mailbox: partners.Mailbox}
	letters := regexp.MustCompile(`[A-Za-z0-9+/]`)
	for path, raw := range developed(t) {
		fresh := Redact(raw, how)
		if again := Redact(raw, how); string(again) != string(fresh) {
			t.Errorf("%s: a second time it is another", path)
		}
		if strings.Contains(string(raw), "\nUEsDB") {
			continue // a workbook is packed anew
		}
		// Letter for letter: all that is no letter, digit or sign of base64 and
		// quoted-printable stands where it stood.
		a, b := letters.ReplaceAllString(string(raw), "x"), letters.ReplaceAllString(string(fresh), "x")
		if lines := strings.Split(a, "\n"); len(lines) != strings.Count(b, "\n")+1 {
			t.Errorf("%s: %d lines, was %d", path, strings.Count(b, "\n")+1, len(lines))
		}
		if len(raw) != len(fresh) {
			t.Errorf("%s: %d octets, was %d", path, len(fresh), len(raw))
		}
	}
}

// TestRedactEverywhere: one word becomes one word, wherever and however it stands.
func TestRedactEverywhere(t *testing.T) {
	t.Parallel()
	raw := "From: =?utf-8?Q?Zo=C3=AB_Bakst?= <zbakst@kuanzacoffee.example>\r\n" +
		"To: partners@leanstack.example\r\n" +
		"Subject: =?iso-8859-1?B?" + "S3VhbnphIENvZmZlZQ==" + "?= for\r\n =?utf-8?Q?Ku?= =?utf-8?Q?anza?=\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"bound-Kuanza\"\r\n\r\n" +
		"--bound-Kuanza\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
		"Company: Kuan=\r\nza Coffee, R-7K4Q2M, r-7k4q2m, +49 30 5550 1234, 22 May 2026\r\n" +
		"--bound-Kuanza\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>K&#117;anza <b>Kua</b>nza <a href=\"https://www.kuanzacoffee.example/\">here</a></p>\r\n" +
		"--bound-Kuanza\r\nContent-Type: text/csv; name*=utf-8''Kuanza%20leads.csv\r\nContent-Transfer-Encoding: base64\r\n\r\nTmFtZTtDb21wYW55DQpab8OrIEJha3N0O0t1YW56YQ0K\r\n" +
		"--bound-Kuanza--\r\n"
	how := Redaction{Key: []byte("k"), Mailbox: partners.Mailbox}
	fresh := string(Redact([]byte(raw), how))
	m := partners.Read([]byte(fresh))
	text := decoded(m)
	if strings.Contains(strings.ToLower(strings.ReplaceAll(text, "bound-Kuanza", "")), "kuanza") {
		t.Fatalf("it is left in\n%s", text)
	}
	company := strings.Fields(m.Subject)[0]
	if len(company) != len("Kuanza") || company[0] < 'A' || company[0] > 'Z' {
		t.Errorf("Kuanza became %q", company)
	}
	low := strings.ToLower(company)
	for _, want := range []string{"for " + company, "Company: " + company + " Coffee", "<p>" + company + " <b>" + company[:3] + "</b>" + company[3:], "https://www." + low + "coffee.example/", ";" + company} {
		if !strings.Contains(text, want) && !strings.Contains(m.Subject, want) {
			t.Errorf("%q is not in\n%s\n%s", want, m.Subject, text)
		}
	}
	if d := m.From.Domain(); d != low+"coffee.example" {
		t.Errorf("the domain is %s", d)
	}
	if name := m.FromName; !strings.Contains(name, "ë") || !strings.EqualFold(string(m.From)[1:6], strings.Fields(name)[1]) {
		t.Errorf("%q writes from %s", name, m.From)
	}
	if a := m.Attachments[0].Name; a != company+" leads.csv" {
		t.Errorf("the file is %q", a)
	}
	refs := regexp.MustCompile(`[Rr]-\w{6}`).FindAllString(m.Text, -1)
	if len(refs) != 2 || strings.ToUpper(refs[1]) != refs[0] || refs[0] == "R-7K4Q2M" {
		t.Errorf("references %q", refs)
	}
	if strings.Contains(m.Text, "5550 1234") || !strings.Contains(m.Text, "22 May 2026") || !strings.Contains(m.Text, "+") {
		t.Errorf("numbers: %q", m.Text)
	}
	if !strings.Contains(fresh, "Company: "+company[:4]+"=\r\n"+company[4:]+" Coffee") {
		t.Error("the soft line break is not where it was")
	}
	if other := Redact([]byte(raw), Redaction{Key: []byte("another"), Mailbox: partners.Mailbox}); string(other) == fresh {
		t.Error("the key does not matter")
	}
}

// TestRedactBearsAnything: broken mails, and the public ones where they are there,
// are redacted without a fault and in bounded time.
func TestRedactBearsAnything(t *testing.T) {
	t.Parallel()
	mails := map[string][]byte{
		"a long word":    []byte("From: a@b.example\r\n\r\n" + strings.Repeat("abcdefghij", 50_000)),
		"a long host":    []byte("From: a@" + strings.Repeat("abcdefghij", 5_000) + ".example\r\n\r\nabc def ghi"),
		"many digits":    []byte("From: a@b.example\r\n\r\n" + strings.Repeat("12 ", 50_000)),
		"open tags":      []byte("Content-Type: text/html\r\n\r\n" + strings.Repeat("<a ", 50_000)),
		"open comments":  []byte("Content-Type: text/html\r\n\r\n" + strings.Repeat("<!--", 20_000)),
		"nested":         []byte(strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 500)),
		"a broken sheet": mailWith("x", "", enclosure{"a.xlsx", "application/octet-stream", "PK\x03\x04 and then nothing"}),
	}
	for name, s := range seeds {
		mails[name] = []byte(s)
	}
	if dir := publicMail(t); dir != "" {
		for name, raw := range fixtures(t, dir) {
			mails[name] = raw
		}
	} else {
		t.Log("the public fixtures are not here: only our own are exercised")
	}
	for name, raw := range mails {
		began := time.Now()
		fresh := Redact(raw, Redaction{Key: []byte("k")})
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s (%d octets) took %v", name, len(raw), took)
		}
		partners.Parse(partners.Read(fresh))
	}
}
