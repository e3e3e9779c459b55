package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a second look at the rules found; each row names what went wrong.
func TestDecideSecondLook(t *testing.T) {
	t.Parallel()
	acme := lead("acme.example", "Acme Ltd")
	with := func(p Prospect, f Field, text string) Prospect {
		p.Set(f, text)
		return p
	}
	eva := with(with(with(acme, FirstName, "Eva"), LastName, "Okoye"), Email, "eva@acme.example")
	untyped := func(p Prospect) Prospect { return with(p, LeadTypeOf, "") }
	expired := func(s *situation) *Registration {
		r := s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2025-11-21", "2026-05-21")
		r.State, r.Slot = StateExpired, 0
		return r
	}
	for _, c := range []struct {
		name string
		set  func(*situation)
		mail Request
		want []string
	}{
		{"two contacts of one organisation, both incomplete, in one mail: each is asked for (D9, D19)", nil,
			mailOf(untyped(acme), untyped(eva)), []string{"needs_info R-000000 missing_field:lead_type", "needs_info R-000001 missing_field:lead_type"}},
		{"one incomplete prospect written three times in one mail is asked for once (D21)", nil,
			mailOf(untyped(acme), untyped(acme), untyped(acme)), []string{"needs_info R-000000 missing_field:lead_type",
				"needs_info R-000000 missing_field:lead_type", "needs_info R-000000 missing_field:lead_type"}},
		{"an ask that a mail of ours numbered twice is answered once", func(s *situation) {
			s.asked("R-AAAAAA", untyped(acme), 1, "2026-05-20")
			s.book.Conversation = Conversation{MessageID: "m1@leanstack.example", Numbering: []Reference{"R-AAAAAA", "R-AAAAAA"}}
		}, reply(Reading{Prospect: Prospect{LeadType: QualifiedLead}, All: true}), []string{"accepted R-AAAAAA until 2026-11-22"}},
		{"two answers of which nothing says what they mean: each ask is asked again once", func(s *situation) {
			s.asked("R-AAAAAA", untyped(acme), 1, "2026-05-20")
			s.asked("R-BBBBBB", untyped(lead("bolt.example", "Bolt")), 1, "2026-05-20")
			s.book.Conversation = Conversation{MessageID: "m1@leanstack.example", Numbering: []Reference{"R-AAAAAA", "R-BBBBBB"}}
		}, reply(Reading{Prospect: Prospect{LeadType: QualifiedLead}}, Reading{Prospect: Prospect{LeadType: QualifiedLead}}),
			[]string{"needs_info R-AAAAAA missing_field:lead_type", "needs_info R-BBBBBB missing_field:lead_type"}},
		{"late, but another held it already when the mail came: a conflict, whoever holds it now (D2, D3)", func(s *situation) {
			r := s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2025-12-01", "2026-06-01")
			r.State, r.Slot = StateExpired, 0
			s.holds("olga", "R-QQQQQQ", "acme.example", "Acme", "2026-06-02", "2026-12-02")
		}, mailOf(acme), []string{"rejected R-000000 conflict"}},
		{"a re-registration of what is another partner's own house by now is a conflict (D16)", func(s *situation) {
			expired(s)
			s.book.Partners["acme.example"] = "rita"
		}, mailOf(acme), []string{"rejected R-000000 conflict"}},
		{"a slot is free when its registration has ended, tidied up or not (D2)", func(s *situation) {
			s.policy.MaxOutstanding = 1
			s.holds("pat", "R-PPPPPP", "held.example", "Held", "2025-11-21", "2026-05-21")
		}, mailOf(acme), []string{"accepted R-000000 until 2026-11-22"}},
		{"a further contact registers nothing, so the organisation may be a customer by now (D9, D15)", func(s *situation) {
			s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2026-05-01", "2026-11-01")
			s.book.Customers = []Customer{{"acme.example", "Acme"}}
		}, mailOf(acme), []string{"contact_added R-PPPPPP until 2026-11-01"}},
		{"no contact joins a review that was refused after this mail came", func(s *situation) {
			r := s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2026-05-20", "")
			r.State, r.Terms, r.Slot, r.EndedAt = StateRefused, nil, 0, instant("2026-05-23")
			s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2026-05-01", "2026-11-01")
		}, mailOf(eva), []string{"rejected R-000000 conflict"}},
		{"one company under two verbs: a person decides", nil, func() Request {
			r := mailOf(acme)
			r.Items = append(r.Items, Item{Verb: VerbWithdraw, Ref: "company:ACME"})
			return r
		}(), []string{"review R-000000 contradictory_mail"}},
		{"another company under another verb is no contradiction", nil, func() Request {
			r := mailOf(acme)
			r.Items = append(r.Items, Item{Verb: VerbWithdraw, Ref: "company:Bolt"})
			return r
		}(), []string{"accepted R-000000 until 2026-11-22"}},
		{"one reference under two verbs: a person decides", func(s *situation) { s.asked("R-AAAAAA", untyped(acme), 1, "2026-05-20") }, func() Request {
			r := reply(Reading{Prospect: Prospect{LeadType: QualifiedLead}, Ref: "R-AAAAAA"})
			r.Items = append(r.Items, Item{Verb: VerbWithdraw, Ref: "R-AAAAAA"})
			return r
		}(), []string{"review R-AAAAAA contradictory_mail"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSituation()
			if c.set != nil {
				c.set(s)
			}
			d := Decide(s.book, c.mail, s.policy)
			if diff := cmp.Diff(c.want, said(d.Judgements)); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
		})
	}
}

// D18: the registration keeps its own lead type, and the answer says which.
func TestRenewalKeepsTheLeadType(t *testing.T) {
	t.Parallel()
	s := newSituation()
	s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2025-11-21", "2026-05-21").Prospect.LeadType = ManagedCustomer
	j := Decide(s.book, mailOf(lead("acme.example", "Acme")), s.policy).Judgements[0]
	if j.Decision != Renewed || j.Prospect.LeadType != ManagedCustomer || j.HeldType != ManagedCustomer {
		t.Errorf("%s as %q, held %q; want it renewed as the Managed Customer that it was", j.Decision, j.Prospect.LeadType, j.HeldType)
	}
}

// A person's yes gives no more than the program would have given: D25 and D29
// hold for a prospect that was under review.
func TestAcceptReviewOfWhatWasHeldBefore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		until string
		set   func(*Registration)
		want  Term
	}{
		{"expired before: ninety days (D25)", "2026-05-01", func(r *Registration) { r.State = StateExpired }, Term{1, "2026-05-15", "2026-08-13"}},
		{"withdrawn, its end is to come: no later end (D29)", "2026-09-01",
			func(r *Registration) { r.State, r.EndedAt = StateWithdrawn, instant("2026-05-02") }, Term{1, "2026-05-15", "2026-09-01"}},
		{"withdrawn, its end has passed: ninety days (D29)", "2026-05-01",
			func(r *Registration) { r.State, r.EndedAt = StateWithdrawn, instant("2026-04-02") }, Term{1, "2026-05-15", "2026-08-13"}},
	} {
		s := newSituation()
		old := s.holds("pat", "R-QQQQQQ", "acme.example", "Acme", "2025-11-01", c.until)
		old.Slot = 0
		c.set(old)
		reg := s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2026-05-15", "")
		reg.State, reg.Terms = StateUnderReview, nil
		if j, err := AcceptReview(s.book, "R-PPPPPP", s.policy); err != nil || j.Decision != Accepted || j.Term != c.want {
			t.Errorf("%s: %s %+v, %v; want %+v", c.name, j.Decision, j.Term, err, c.want)
		}
	}
}
