package intake

import (
	"fmt"
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
		{"a lead type alone, which could be a heading, above the quote", reply, "Managed Customer\n\n" + on + quote(ask), rules.KindRegistration, []rules.Prospect{{LeadType: rules.ManagedCustomer}}, "", rules.VerbAnswer},
		{"YES with the website that was proposed", reply, "YES kuanzacoffee.com is the website\n\n" + on + quote(ask), rules.KindRegistration, nil, "", rules.VerbConfirm},
		{"YES with another website is an answer", reply, "Yes, kuanza.example is the website\n\n" + on + quote(ask), rules.KindRegistration, []rules.Prospect{{URL: "kuanza.example"}}, "", rules.VerbAnswer},
		{"NO with the right website", reply, "No, it is kuanza.example.\n\n" + on + quote(ask), rules.KindRegistration, []rules.Prospect{{URL: "kuanza.example"}}, "", rules.VerbAnswer},
		{"NO to what was proposed is nothing to act on", reply, "No, kuanzacoffee.com is wrong\n\n" + on + quote(ask), rules.KindOther, nil, "", rules.VerbAsk},
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

// TestNumbersOfOurList: answers by the number that our mail gave each prospect.
func TestNumbersOfOurList(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2 Q":                                "answer 2 Q",
		"1 Q 2 M":                            "answer 1 Q, answer 2 M",
		"1Q, 2M":                             "answer 1 Q, answer 2 M",
		"1. Q\n2. M":                         "answer 1 Q, answer 2 M",
		"The first one is QL, the second MC": "answer 1 Q, answer 2 M",
		"2: kuanza.example":                  "answer 2 kuanza.example",
		"2 kuanza.example\n2 Q":              "answer 2 kuanza.example Q",
		"second one: kuanza.example":         "answer 2 kuanza.example",
		"2nd one yes":                        "confirm 2",
		"yes to the second":                  "confirm 2",
		"Q for the 2nd":                      "answer 2 Q",
		"YES":                                "confirm",
		"yes, Q":                             "answer 0 Q, confirm",
		"1 yes 2 no":                         "ask",
		"24 Seven Foods":                     "ask",
		"2 maybe":                            "ask",
		"the second one is not Q":            "ask",
	} {
		q := partners.Parse(partners.Read(eml("Subject: Re: Two leads\nIn-Reply-To: <ours@leanstack.example>", text+"\n\nIlse\n")))
		var got []string
		for _, it := range q.Items {
			s := string(it.Verb)
			if it.Prospect != nil {
				p := q.Prospects[*it.Prospect]
				s += fmt.Sprintf(" %d %s", p.Ordinal, p.URL)
				s = strings.TrimSpace(s) + map[rules.LeadType]string{rules.QualifiedLead: " Q", rules.ManagedCustomer: " M"}[p.LeadType]
			}
			got = append(got, s)
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%q: %s, want %s", text, s, want)
		}
	}
}

// TestEmpty: only a signature was written (MAIL.md 105).
func TestEmpty(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, headers, body string
		want                bool
	}{
		{"nothing", "", "", true},
		{"a sign-off and a name", "", "Kind regards\nIlse\n", true},
		{"a signature behind hyphens", "", "-- \nIlse Baumgartner\nNorthwind Coaching\n", true},
		{"a telephone's tail above our mail", "Subject: Re: Lead\nIn-Reply-To: <a@b.example>", "Sent from my iPhone\n\nOn Tue, 7 Apr 2026 at 09:00, Desk <partners@leanstack.example> wrote:\n> Thanks\n", true},
		{"thanks are words", "", "Thanks\nIlse\n", false},
		{"a question", "", "Why?\n", false},
		{"a registration", "", form, false},
		{"an attachment", "Content-Type: multipart/mixed; boundary=b", "--b\n\n\n--b\nContent-Type: text/csv; name=leads.csv\n\na,b\n--b--\n", false},
		{"a forwarded mail", "Subject: Fwd: hello", "---------- Forwarded message ---------\nFrom: Jo <jo@x.example>\n\nWe look for a coach.\n", false},
	} {
		q := partners.Parse(partners.Read(eml(c.headers, c.body)))
		if q.Empty != c.want || q.Empty && q.Kind != rules.KindOther {
			t.Errorf("%s: empty %v, kind %s, want %v", c.name, q.Empty, q.Kind, c.want)
		}
	}
}

// TestMachine: only what is generated and nothing worse can be acknowledged
// (MAIL.md 2).
func TestMachine(t *testing.T) {
	t.Parallel()
	for headers, want := range map[string]bool{
		"Auto-Submitted: auto-generated":                                  true,
		"Auto-Submitted: Auto-Generated (by CRM)":                         true,
		"Auto-Submitted: no":                                              false,
		"Auto-Submitted: auto-notified":                                   false,
		"Auto-Submitted: auto-generated\nPrecedence: bulk":                false,
		"Auto-Submitted: auto-generated\nFrom: noreply@northwind.example": false,
		"Auto-Submitted: auto-generated\nReturn-Path: <>":                 false,
		"Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All":   false,
		"Auto-Submitted: auto-generated\nAuto-Submitted: auto-replied":    false,
		"Auto-Submitted: auto-generated\nList-Id: <x.northwind.example>":  false,
	} {
		q := partners.Parse(partners.Read(eml(headers, form)))
		if q.Handling.Machine != want || want && q.Handling.NoReply == "" {
			t.Errorf("%q: %+v, want machine %v", headers, q.Handling, want)
		}
	}
}
