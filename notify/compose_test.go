package notify_test

import (
	"bytes"
	"fmt"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"leadmail/notify"
	"leadmail/rules"
)

func TestTheSubjectKeepsThePartnersOwnUnderOneRe(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, subject, want string }{
		{"plain", "New lead: Acme", "Re: New lead: Acme"},
		{"an answer already", "Re: New lead: Acme", "Re: New lead: Acme"},
		{"piled up in several languages", "RE: AW: Re[2]: SV: New lead", "Re: New lead"},
		{"no blank after the colon", "re:New lead", "Re: New lead"},
		{"a full-width colon", "回复：New lead", "Re: New lead"},
		{"forwarded: that it was is the partner's own", "Fwd: Re: New lead", "Re: Fwd: Re: New lead"},
		{"a word that begins like one", "Recipe: coffee", "Re: Recipe: coffee"},
		{"none", "", "Re: your mail to Vendor Partner Program"},
		{"nothing but marks", "Re: Re: ", "Re: your mail to Vendor Partner Program"},
		{"a line of its own", "Lead\r\nBcc: all@victims.example", "Re: Lead Bcc: all@victims.example"},
		{"hidden direction", "Lead \u202egnp.exe", "Re: Lead gnp.exe"},
		{"Umlauts", "Anmeldung Müller", "Re: Anmeldung Müller"},
		{"far too long", strings.Repeat("x", 500), "Re: " + strings.Repeat("x", 176) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := original()
			o.Subject = tt.subject
			got, err := renderer().Reply(verdicts(accepted()), registration(), o, northwind(), identity())
			if err != nil {
				t.Fatal(err)
			}
			if got.Subject != tt.want {
				t.Errorf("subject %q, want %q", got.Subject, tt.want)
			}
			m, err := netmail.ReadMessage(bytes.NewReader(got.Raw))
			if err != nil {
				t.Fatal(err)
			}
			if read, err := decode(m.Header.Get("Subject")); err != nil || read != tt.want {
				t.Errorf("read back %q, %v; want %q", read, err, tt.want)
			}
			checkHeaders(t, got, true)
		})
	}
}

func TestTheThreadIsCarriedOn(t *testing.T) {
	t.Parallel()
	var long []string
	for i := range 100 {
		long = append(long, fmt.Sprintf("id-%d@northwind.example", i))
	}
	tests := []struct {
		name           string
		id             string
		references     []string
		parent, thread string
	}{
		{"a first mail", "a@x.example", nil, "<a@x.example>", "<a@x.example>"},
		{"a later one", "c@x.example", []string{"a@x.example", "b@x.example"}, "<c@x.example>", "<a@x.example> <b@x.example> <c@x.example>"},
		{"brackets were left on", "<c@x.example>", []string{"<a@x.example>"}, "<c@x.example>", "<a@x.example> <c@x.example>"},
		{"named twice", "b@x.example", []string{"a@x.example", "b@x.example", "a@x.example"}, "<b@x.example>", "<a@x.example> <b@x.example>"},
		{"a hundred: the last 32", "last@x.example", long, "<last@x.example>", "<" + strings.Join(append(append([]string{}, long[69:]...), "last@x.example"), "> <") + ">"},
		{"a mail without an id", "", []string{"a@x.example"}, "", "<a@x.example>"},
		{"an id that would be a header", "a@x.example>\r\nBcc: <all@victims.example", []string{"ok@x.example"}, "", "<ok@x.example>"},
		{"an id without end", strings.Repeat("a", 2000) + "@x.example", nil, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := original()
			o.MessageID, o.References = tt.id, tt.references
			got, err := renderer().Reply(verdicts(accepted()), registration(), o, northwind(), identity())
			if err != nil {
				t.Fatal(err)
			}
			m, err := netmail.ReadMessage(bytes.NewReader(got.Raw))
			if err != nil {
				t.Fatal(err)
			}
			if is := m.Header.Get("In-Reply-To"); is != tt.parent {
				t.Errorf("In-Reply-To %q, want %q", is, tt.parent)
			}
			if is := m.Header.Get("References"); is != tt.thread {
				t.Errorf("References %q, want %q", is, tt.thread)
			}
			checkHeaders(t, got, true)
		})
	}
}

func TestWhatCannotStandInAMailIsAnError(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*notify.Identity, *notify.Original)
	}{
		{"no Message-ID", func(id *notify.Identity, _ *notify.Original) { id.MessageID = "" }},
		{"a Message-ID with a line break", func(id *notify.Identity, _ *notify.Original) { id.MessageID = "a@b\r\nBcc: x" }},
		{"no date", func(id *notify.Identity, _ *notify.Original) { id.Date = time.Time{} }},
		{"no boundary", func(id *notify.Identity, _ *notify.Original) { id.Boundary = "" }},
		{"a boundary that would need quotes", func(id *notify.Identity, _ *notify.Original) { id.Boundary = "=_1" }},
		{"a boundary that occurs in the mail", func(id *notify.Identity, _ *notify.Original) { id.Boundary = "R-7K4Q2M" }},
		{"nobody to answer", func(_ *notify.Identity, o *notify.Original) { o.From = "" }},
		{"an address that would be two", func(_ *notify.Identity, o *notify.Original) { o.From = "a@x.example>,<b@y.example" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id, o := identity(), original()
			tt.change(&id, &o)
			if got, err := renderer().Reply(verdicts(accepted()), registration(), o, northwind(), id); err == nil {
				t.Errorf("rendered all the same:\n%s", got.Raw)
			}
		})
	}
	t.Run("a decision that owes no reply", func(t *testing.T) {
		t.Parallel()
		d := verdicts(accepted())
		d.Reply = rules.ReplyNone
		if _, err := renderer().Reply(d, registration(), original(), northwind(), identity()); err == nil {
			t.Error("rendered all the same")
		}
	})
}

func TestTheDateIsTheInjectedOneInTheProgramsZone(t *testing.T) {
	t.Parallel()
	policy, err := rules.DefaultPolicy().In("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p := program()
	p.Policy = policy
	got, err := notify.New(set, p).Reply(verdicts(accepted()), registration(), original(), northwind(), identity())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(got.Raw, []byte("Date: Sun, 22 Nov 2026 10:00:03 +0100\r\n")) {
		t.Errorf("date:\n%s", got.Raw)
	}
	if !strings.Contains(got.Text, "All dates are days in Europe/Berlin.") {
		t.Errorf("zone:\n%s", got.Text)
	}
}

func TestWhatStaffReadCannotBeTapped(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, subject, want string }{
		{"a URL", "see https://evil.example/a?b=c.", "see https[:]//evil[.]example/a?b=c[.]"},
		{"a bare host", "see www.evil.example now", "see www[.]evil[.]example now"},
		{"a link to write", "mailto:boss@evil.example", "mailto[:]boss@evil[.]example"},
		{"a host in other letters", "see пример.рф", "see пример[.]рф"},
		{"an address stays readable", "from ana@kuanzacoffee.com", "from ana@kuanzacoffee.com"},
		{"user and host of a URL", "https://bank.example@evil.example/", "https[:]//bank[.]example@evil[.]example/"},
		{"numbers stay", "550 5.1.1, 3.50 EUR", "550 5.1.1, 3.50 EUR"},
		{"a company", "Acme Inc. and Co.", "Acme Inc. and Co."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := original()
			o.Subject = tt.subject
			got, err := renderer().Confirmation("desk@vendor.example", verdicts(accepted()), registration(), o, northwind(), 17, rules.Sender{Verdict: rules.Trusted}, nil, identity())
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got.Text, "\nSubject: "+tt.want+"\n") {
				t.Errorf("want %q in:\n%s", tt.want, got.Text)
			}
		})
	}
}

func TestAFormHoldsWholeValuesOrNone(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]bool{350: true, 500: false} {
		p := kuanza()
		p.LeadType, p.URL = "", "https://kuanza.com/"+strings.Repeat("x", length)
		got, err := renderer().Reply(verdicts(needing(p, lacks(rules.LeadTypeOf)...)), registration(), original(), northwind(), identity())
		if err != nil {
			t.Fatal(err)
		}
		if has := strings.Contains(got.Text, "\nURL: "+p.URL+"\n"); has != want {
			t.Errorf("a URL of %d characters: in the form %v, want %v", len(p.URL), has, want)
		}
		if strings.Contains(got.Text, "\nURL: ") && !want {
			t.Errorf("half a URL stands in the form:\n%s", got.Text)
		}
	}
}
