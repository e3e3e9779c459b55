package intake

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadmail/rules"
)

// ask is what our own mail asks, with the form as it stands in it.
const ask = `Not registered yet: Kuanza Coffee needs its website and a lead type.

Reference: R-3M9QZ4

Is kuanzacoffee.com the website? Reply YES. If it is not, reply with the right one.

Lead type: Qualified Lead (may buy; can earn you revenue share) or Managed Customer (your client whose account you look after; no revenue share). Reply Q or M.

Registration: R-3M9QZ4
First name: Ana
Last name: Domingos
Email: ana@kuanzacoffee.com
URL:
Company: Kuanza Coffee
Lead type:

Fill in the lines for Kuanza Coffee (one tap):
mailto:partners@vendor.example?subject=Registration%20R-3M9QZ4&body=Registration%3A%20R-3M9QZ4%0D%0AURL%3A%20

37 of 50 registrations in use, 3 expire within 30 days.
`

// TestAnswersToOurMail: what partners do with the mail that asks for missing
// lines.
func TestAnswersToOurMail(t *testing.T) {
	t.Parallel()
	filled := strings.NewReplacer("URL:", "URL: kuanza.example", "\nLead type:\n", "\nLead type: Q\n").Replace(ask)
	quote := func(s string) string { return "> " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n> ") + "\n" }
	const on = "On Tue, 7 Apr 2026 at 09:00, Partner desk <partners@leanstack.example> wrote:\n"
	const outlook = "\n________________________________\nFrom: Partner desk <partners@leanstack.example>\nSent: Tuesday, April 7, 2026 9:00 AM\nTo: Ilse <ilse@northwind.example>\nSubject: Re: Lead\n\n"
	whole := rules.Prospect{FirstName: "Ana", LastName: "Domingos", Email: "ana@kuanzacoffee.com", URL: "kuanza.example", Company: "Kuanza Coffee", LeadType: rules.QualifiedLead}
	const reply = "Subject: Re: Lead\nIn-Reply-To: <ours@leanstack.example>"
	for _, c := range []struct {
		name, headers, body string
		kind                rules.Kind
		want                []rules.Prospect
		ref                 rules.Reference
		verb                rules.Verb
	}{
		{"the form filled in within the quote, nothing above", reply, on + quote(filled), rules.KindRegistration, []rules.Prospect{whole}, "R-3M9QZ4", rules.VerbAnswer},
		{"the same, said so above", reply, "Filled in below.\n\nIlse\n\n" + on + quote(filled), rules.KindRegistration, []rules.Prospect{whole}, "R-3M9QZ4", rules.VerbAnswer},
		{"the same in Outlook", reply, "Please see below\n\nIlse" + outlook + filled, rules.KindRegistration, []rules.Prospect{whole}, "R-3M9QZ4", rules.VerbAnswer},
		{"the form by one tap, as a new mail", "Subject: Registration R-3M9QZ4", "Registration: R-3M9QZ4\nFirst name: Ana\nURL: kuanza.example\nLead type: Q\n\nSent from my iPhone\n", rules.KindRegistration, []rules.Prospect{{FirstName: "Ana", URL: "kuanza.example", LeadType: rules.QualifiedLead}}, "R-3M9QZ4", rules.VerbAnswer},
		{"YES by one tap", "Subject: YES R-3M9QZ4", "YES\n", rules.KindRegistration, nil, "", rules.VerbConfirm},
		{"YES above the quote", reply, "Yes\n\n" + on + quote(ask), rules.KindRegistration, nil, "", rules.VerbConfirm},
		{"two bare lines above the quote", reply, "kuanza.example\nQL\n\n" + on + quote(ask), rules.KindRegistration, []rules.Prospect{{URL: "kuanza.example", LeadType: rules.QualifiedLead}}, "", rules.VerbAnswer},
		{"labelled lines above the quote", reply, "Hi,\n\nWebsite: kuanza.example\nLead type: M\n\nBest,\nIlse\n\n" + on + quote(ask), rules.KindRegistration, []rules.Prospect{{URL: "kuanza.example", LeadType: rules.ManagedCustomer}}, "", rules.VerbAnswer},
		{"thanks above the quote is no answer", reply, "Thanks, will do!\n\n" + on + quote(ask), rules.KindThanks, nil, "", ""},
		{"a question above the quote is no answer", reply, "Why do you need the website?\n\n" + on + quote(ask), rules.KindOther, nil, "", rules.VerbAsk},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			raw := eml(c.headers, c.body)
			q := partners.Parse(partners.Read(raw))
			if d := cmp.Diff(c.want, read1(raw)); d != "" {
				t.Error(d)
			}
			if q.Kind != c.kind {
				t.Errorf("kind %s, want %s", q.Kind, c.kind)
			}
			if c.verb != "" && (len(q.Items) != 1 || q.Items[0].Verb != c.verb) {
				t.Errorf("items %+v, want %s", q.Items, c.verb)
			}
			if c.ref != "" && len(q.Prospects) == 1 && q.Prospects[0].Ref != c.ref {
				t.Errorf("reference %q, want %q", q.Prospects[0].Ref, c.ref)
			}
			if len(q.Prospects) == 1 && len(q.Prospects[0].Unusable) > 0 {
				t.Errorf("unusable: %v", q.Prospects[0].Unusable)
			}
		})
	}
}
