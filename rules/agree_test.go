package rules

import (
	"reflect"
	"testing"
)

// I AGREE, from whom and in which mail it counts, and what is judged by it (D34).
func TestAgree(t *testing.T) {
	t.Parallel()
	version := Agreement{Version: "2026-01", Hash: "ab12"}
	agree := Item{Verb: VerbAgree}
	leads := func(items ...Item) Request {
		r := mailOf(lead("acme.example", "Acme Ltd"))
		r.Items = append(append([]Item{}, items...), r.Items...)
		return r
	}
	alone := func() Request { return Request{Kind: KindOther, Items: []Item{agree}} }
	for _, c := range []struct {
		name string
		set  func(*situation, *Request)
		mail Request
		want Outcome // of the agreement; "" where the mail is not looked at
		lead Outcome // of the lead beside it
	}{
		{"it is missing", nil, alone(), Updated, ""},
		{"leads below it are judged as agreed", nil, leads(agree), Updated, Accepted},
		{"leads above it too: the mail has one receipt", nil, func() Request {
			r := leads()
			r.Items = append(r.Items, agree)
			return r
		}(), Updated, Accepted},
		{"said twice in one mail", nil, leads(agree, agree), Updated, Accepted},
		{"it is on record", func(s *situation, _ *Request) { s.book.Partner.AgreementOn = "2026-05-01" }, leads(agree), Answered, Accepted},
		{"it begins tomorrow, and is said today", func(s *situation, _ *Request) { s.book.Partner.AgreementOn = "2026-05-23" }, leads(agree), Updated, Accepted},
		{"suspended: the suspension stands", func(s *situation, _ *Request) { s.book.Partner.SuspendedOn = "2026-05-01" }, leads(agree), Updated, Rejected},
		{"a plan that does not admit stays one", func(s *situation, _ *Request) { s.book.Partner.Plan = "academic" }, leads(agree), Updated, Rejected},
		{"nobody knows which version: a person", func(s *situation, _ *Request) { s.policy.Agreement = Agreement{} }, leads(agree), Held, Rejected},
		{"written to somebody else", func(_ *situation, r *Request) { r.Copied = true }, alone(), Held, ""},
		{"a person has answered here", func(s *situation, _ *Request) { s.book.Taken = true }, alone(), Held, ""},
		{"the name shows another address", func(_ *situation, r *Request) { r.FromName = "boss@partner.example" }, alone(), Held, ""},
		{"unverified", func(s *situation, _ *Request) {
			s.book.Sender = Sender{Address: "pat@partner.example", Claims: "pat", Verdict: Unverified}
		}, alone(), "", ""},
		{"a stranger", func(s *situation, _ *Request) {
			s.book.Partner, s.book.Sender = nil, Sender{Address: "x@y.example", Verdict: Verified}
		}, alone(), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSituation()
			s.book.Partner.AgreementOn, s.policy.Agreement = "", version
			if c.set != nil {
				c.set(s, &c.mail)
			}
			before := s.book.Partner
			d := Decide(s.book, c.mail, s.policy)
			var got, of Outcome
			for _, a := range d.Actions {
				if a.Verb == VerbAgree {
					if got != "" {
						t.Errorf("decided twice: %v", d.Actions)
					}
					got = a.Decision
				}
			}
			for _, j := range d.Judgements {
				of = j.Decision
			}
			if got != c.want || of != c.lead {
				t.Errorf("the agreement %q, want %q; the lead %q, want %q", got, c.want, of, c.lead)
			}
			after := Apply(s.book, d)
			if s.book.Partner != before {
				t.Error("Decide changed the Book")
			}
			if c.want == Updated {
				if p := after.Partner; p.AgreementOn != "2026-05-22" || p.Agreement != version || !p.AgreementAt.Equal(s.book.Received) {
					t.Errorf("Apply leaves %+v", p)
				}
				again := Decide(after, alone(), s.policy)
				if len(again.Actions) != 1 || again.Actions[0].Decision != Answered || again.Actions[0].Since != "2026-05-22" {
					t.Errorf("said again: %+v", again.Actions)
				}
			} else if !reflect.DeepEqual(after.Partner, before) {
				t.Errorf("Apply changed the partner: %+v", after.Partner)
			}
		})
	}
}
