package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// instant reads 2026-05-22 or 2026-05-22T09:30.
func instant(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	panic(s)
}

// situation is a Book in the making: pat and rita are partners, both in order.
type situation struct {
	book   Book
	policy Policy
}

func newSituation() *situation {
	s := &situation{policy: DefaultPolicy()}
	s.policy.VendorDomains = []string{"leanstack.example"}
	s.book = Book{
		Received: instant("2026-05-22T09:30"),
		Sender:   Sender{Address: "pat@partner.example", Partner: "pat", Verdict: Trusted},
		Partner: &Partner{ID: "pat", Name: "Pat Partner", Addresses: []Address{"pat@partner.example"},
			Plan: "mentor", JoinedOn: "2025-01-01", AgreementOn: "2025-01-01"},
		Partners: map[OrganisationKey]PartnerID{},
	}
	for i := range 10 {
		s.book.References = append(s.book.References, Reference(fmt.Sprintf("R-00000%d", i)))
	}
	return s
}

// holds gives somebody a registration that lasts until a day.
func (s *situation) holds(who PartnerID, ref Reference, org OrganisationKey, company string, registered, until string) *Registration {
	r := Registration{
		Ref: ref, Partner: who, Organisation: org, State: StateActive, Received: instant(registered),
		Prospect: Prospect{FirstName: "Ada", LastName: "Okafor", Email: "ada@" + string(org), URL: string(org), Company: company, LeadType: QualifiedLead},
		Contacts: []Contact{{"Ada", "Okafor", "ada@" + string(org)}},
		Terms:    []Term{{1, DateOf(instant(registered), time.UTC), Date(until)}},
		Slot:     len(s.book.Registrations) + 1,
	}
	s.book.Registrations = append(s.book.Registrations, r)
	return &s.book.Registrations[len(s.book.Registrations)-1]
}

// asked leaves an ask open.
func (s *situation) asked(ref Reference, p Prospect, times int, on string) {
	s.book.Asks = append(s.book.Asks, Ask{Ref: ref, Partner: "pat", Prospect: p, Asked: times, Last: instant(on)})
}

// lead is a complete prospect at an organisation.
func lead(org, company string) Prospect {
	return Prospect{FirstName: "Bo", LastName: "Lind", Email: "bo@" + org, URL: "https://www." + org, Company: company, LeadType: QualifiedLead}
}

func ptr(i int) *int { return &i }

// mailOf registers prospects.
func mailOf(ps ...Prospect) Request {
	r := Request{Kind: KindRegistration, From: "pat@partner.example"}
	for i, p := range ps {
		r.Prospects = append(r.Prospects, Reading{Prospect: p})
		r.Items = append(r.Items, Item{Verb: VerbRegister, Prospect: ptr(i)})
	}
	return r
}

// reply answers our ask with what the reading holds.
func reply(readings ...Reading) Request {
	r := Request{Kind: KindRegistration, From: "pat@partner.example"}
	for i, p := range readings {
		r.Prospects = append(r.Prospects, p)
		r.Items = append(r.Items, Item{Verb: VerbAnswer, Prospect: ptr(i)})
	}
	return r
}

// said is a judgement in one line: decision, reference, reasons.
func said(js []Judgement) []string {
	var out []string
	for _, j := range js {
		line := string(j.Decision) + " " + string(j.Ref)
		for _, r := range j.Reasons {
			line += " " + strings.TrimSuffix(string(r.Code)+":"+string(r.Field), ":")
		}
		if j.Term.Until != "" {
			line += " until " + string(j.Term.Until)
		}
		out = append(out, line)
	}
	return out
}

func TestDecide(t *testing.T) {
	t.Parallel()
	acme := lead("acme.example", "Acme Ltd")
	without := func(p Prospect, fields ...Field) Prospect {
		for _, f := range fields {
			p.Set(f, "")
		}
		return p
	}
	with := func(p Prospect, f Field, text string) Prospect {
		p.Set(f, text)
		return p
	}
	for _, c := range []struct {
		name string
		set  func(*situation)
		mail Request
		want []string
	}{
		// Accepted: P5, P7, D1, D4, D5.
		{"a complete prospect at a free organisation", nil, mailOf(acme), []string{"accepted R-000000 until 2026-11-22"}},
		{"six months are clamped to the month's last day", func(s *situation) { s.book.Received = instant("2026-08-31T12:00") },
			mailOf(acme), []string{"accepted R-000000 until 2027-02-28"}},
		{"a free-mail contact is fine where the URL is the organisation's", nil,
			mailOf(with(acme, Email, "bo.lind@gmail.com")), []string{"accepted R-000000 until 2026-11-22"}},
		{"two prospects, each with its own reference", nil, mailOf(acme, lead("bolt.example", "Bolt")),
			[]string{"accepted R-000000 until 2026-11-22", "accepted R-000001 until 2026-11-22"}},

		// The partner's standing: the first of these stops (D34 to D36).
		{"no agreement on record", func(s *situation) { s.book.Partner.AgreementOn = "" }, mailOf(without(acme, URL)),
			[]string{"rejected R-000000 agreement_missing"}},
		{"an agreement that begins tomorrow", func(s *situation) { s.book.Partner.AgreementOn = "2026-05-23" }, mailOf(acme),
			[]string{"rejected R-000000 agreement_missing"}},
		{"suspended, and without agreement: the agreement is said first",
			func(s *situation) { s.book.Partner.AgreementOn, s.book.Partner.SuspendedOn = "", "2026-05-01" }, mailOf(acme),
			[]string{"rejected R-000000 agreement_missing"}},
		{"suspended from today", func(s *situation) { s.book.Partner.SuspendedOn = "2026-05-22" }, mailOf(acme),
			[]string{"rejected R-000000 partner_suspended"}},
		{"suspended from tomorrow", func(s *situation) { s.book.Partner.SuspendedOn = "2026-05-23" }, mailOf(acme),
			[]string{"accepted R-000000 until 2026-11-22"}},
		{"lapsed today", func(s *situation) { s.book.Partner.LapsedOn = "2026-05-22" }, mailOf(acme),
			[]string{"rejected R-000000 partner_inactive"}},
		{"its plan ends today", func(s *situation) { s.book.Partner.PlanUntil = "2026-05-22" }, mailOf(acme),
			[]string{"accepted R-000000 until 2026-11-22"}},
		{"its plan ended yesterday, and nobody noted it", func(s *situation) { s.book.Partner.PlanUntil = "2026-05-21" }, mailOf(acme),
			[]string{"rejected R-000000 partner_inactive"}},
		{"joins tomorrow", func(s *situation) { s.book.Partner.JoinedOn = "2026-05-23" }, mailOf(acme),
			[]string{"rejected R-000000 partner_inactive"}},
		{"an academic plan admits nobody", func(s *situation) { s.book.Partner.Plan = "academic" }, mailOf(acme),
			[]string{"rejected R-000000 plan_not_eligible"}},
		{"the plan's case does not count", func(s *situation) { s.book.Partner.Plan = "Enterprise" }, mailOf(acme),
			[]string{"accepted R-000000 until 2026-11-22"}},

		// Who holds it (D13 to D16).
		{"the partner's own house", nil, mailOf(lead("partner.example", "Partner Consulting")), []string{"rejected R-000000 own_organisation"}},
		{"the organisation that staff recorded as the partner's", func(s *situation) { s.book.Partner.Organisation = "acme.example" }, mailOf(acme),
			[]string{"rejected R-000000 own_organisation"}},
		{"another partner's own house is a plain conflict", func(s *situation) { s.book.Partners["acme.example"] = "rita" }, mailOf(acme),
			[]string{"rejected R-000000 conflict"}},
		{"another partner holds it", func(s *situation) { s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2026-05-01", "2026-11-01") }, mailOf(acme),
			[]string{"rejected R-000000 conflict"}},
		{"frozen for a partner that lapsed thirteen days ago (D35)", func(s *situation) {
			s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2026-05-01", "2026-11-01").LapsedOn = "2026-05-09"
		}, mailOf(acme), []string{"rejected R-000000 conflict"}},
		{"released since it lapsed fourteen days ago, though nobody has noted it (D35)", func(s *situation) {
			s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2026-05-01", "2026-11-01").LapsedOn = "2026-05-08"
		}, mailOf(acme), []string{"accepted R-000000 until 2026-11-22"}},
		{"released while it was away, and registered again: no later end than it had (D29, D35)", func(s *situation) {
			r := s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2026-03-01", "2026-09-01")
			r.State, r.Slot, r.EndedAt = StateReleased, 0, instant("2026-05-10")
		}, mailOf(acme), []string{"accepted R-000000 until 2026-09-01"}},
		{"another partner's last day is today", func(s *situation) { s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2025-11-22", "2026-05-22") }, mailOf(acme),
			[]string{"rejected R-000000 conflict"}},
		{"another partner's ended yesterday: free at once, full six months (D14)",
			func(s *situation) { s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2025-11-21", "2026-05-21") }, mailOf(acme),
			[]string{"accepted R-000000 until 2026-11-22"}},
		{"another partner has it under review", func(s *situation) {
			r := s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2026-05-20", "")
			r.State, r.Terms = StateUnderReview, nil
		}, mailOf(acme), []string{"rejected R-000000 conflict"}},
		{"another partner withdrew it", func(s *situation) {
			r := s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2026-05-01", "2026-11-01")
			r.State, r.EndedAt, r.Slot = StateWithdrawn, instant("2026-05-22T09:29"), 0
		}, mailOf(acme), []string{"accepted R-000000 until 2026-11-22"}},
		{"another partner withdrew it, but after this mail came (D2)", func(s *situation) {
			r := s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2026-05-01", "2026-11-01")
			r.State, r.EndedAt, r.Slot = StateWithdrawn, instant("2026-05-22T09:31"), 0
		}, mailOf(acme), []string{"rejected R-000000 conflict"}},
		{"a lead that is taken costs no homework: conflict is said with what is missing",
			func(s *situation) { s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2026-05-01", "2026-11-01") }, mailOf(without(acme, LastName, LeadTypeOf)),
			[]string{"rejected R-000000 conflict missing_field:last_name missing_field:lead_type"}},
		{"granted to another after this mail came: a person decides (D3)",
			func(s *situation) {
				s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2026-05-22T09:31", "2026-11-22")
			}, mailOf(acme),
			[]string{"review R-000000 granted_meanwhile"}},

		// Existing customers (D15).
		{"an existing customer as a qualified lead", func(s *situation) { s.book.Customers = []Customer{{"acme.example", "Acme"}} }, mailOf(acme),
			[]string{"rejected R-000000 existing_customer"}},
		{"an existing customer as a managed customer", func(s *situation) { s.book.Customers = []Customer{{"acme.example", "Acme"}} },
			mailOf(with(acme, LeadTypeOf, string(ManagedCustomer))), []string{"accepted R-000000 until 2026-11-22"}},
		{"an existing customer, lead type not known yet", func(s *situation) { s.book.Customers = []Customer{{"acme.example", "Acme"}} },
			mailOf(without(acme, LeadTypeOf)), []string{"needs_info R-000000 missing_field:lead_type"}},

		// The same partner again (D9, D18, D26).
		{"the same contact again", func(s *situation) { s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2026-05-01", "2026-11-01") },
			mailOf(with(acme, Email, "ADA@acme.example")), []string{"rejected R-PPPPPP already_registered until 2026-11-01"}},
		{"another contact joins", func(s *situation) { s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2026-05-01", "2026-11-01") },
			mailOf(without(acme, LeadTypeOf, Company)), []string{"contact_added R-PPPPPP until 2026-11-01"}},
		{"another contact without a name", func(s *situation) { s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2026-05-01", "2026-11-01") },
			mailOf(without(acme, LastName)), []string{"needs_info R-000000 missing_field:last_name until 2026-11-01"}},
		{"another contact joins a review", func(s *situation) {
			r := s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2026-05-20", "")
			r.State, r.Terms = StateUnderReview, nil
		}, mailOf(acme), []string{"contact_added R-PPPPPP"}},
		{"two contacts of one organisation in one mail take one slot", nil, mailOf(acme, with(acme, Email, "eva@acme.example")),
			[]string{"accepted R-000000 until 2026-11-22", "contact_added R-000000 until 2026-11-22"}},
		{"the same prospect twice in one mail", nil, mailOf(acme, acme),
			[]string{"accepted R-000000 until 2026-11-22", "rejected R-000000 already_registered until 2026-11-22"}},

		// Re-registration (D24, D25, D27, D29).
		{"sent as new the day after the end: ninety days, the same reference",
			func(s *situation) { s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2025-11-21", "2026-05-21") }, mailOf(acme),
			[]string{"renewed R-PPPPPP until 2026-08-20"}},
		{"what the mail lacks is taken from the record",
			func(s *situation) { s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2025-11-21", "2026-05-21") }, mailOf(Prospect{URL: "acme.example"}),
			[]string{"renewed R-PPPPPP until 2026-08-20"}},
		{"expired, and another partner has it now", func(s *situation) {
			s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2025-11-01", "2026-05-01")
			s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2026-05-02", "2026-11-02")
		}, mailOf(acme), []string{"rejected R-000000 conflict"}},
		{"fresh_after_days makes it new again", func(s *situation) {
			s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2025-01-01", "2025-07-01")
			s.policy.FreshAfterDays = 30
		}, mailOf(acme), []string{"accepted R-000000 until 2026-11-22"}},
		{"max_renewals is reached", func(s *situation) {
			r := s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2025-01-01", "2025-07-01")
			r.Terms = append(r.Terms, Term{2, "2025-07-02", "2025-09-30"})
			s.policy.MaxRenewals = 1
		}, mailOf(acme), []string{"rejected R-000000 renewal_limit"}},
		{"withdrawn and registered again: no later end than it had", func(s *situation) {
			r := s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2026-04-01", "2026-10-01")
			r.State, r.EndedAt, r.Slot = StateWithdrawn, instant("2026-05-01"), 0
		}, mailOf(acme), []string{"accepted R-000000 until 2026-10-01"}},
		{"withdrawn, its end has passed: ninety days", func(s *situation) {
			r := s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2025-11-01", "2026-05-01")
			r.State, r.EndedAt, r.Slot = StateWithdrawn, instant("2026-04-01"), 0
		}, mailOf(acme), []string{"renewed R-PPPPPP until 2026-08-20"}},
		{"withdrawn twice, with one end: the one granted last is taken up again", func(s *situation) {
			for _, ref := range []Reference{"R-PPPPPP", "R-QQQQQQ"} {
				r := s.holds("pat", ref, "acme.example", "Acme", "2025-11-01", "2026-05-01")
				r.State, r.EndedAt, r.Slot = StateWithdrawn, instant("2026-04-01"), 0
			}
		}, mailOf(acme), []string{"renewed R-QQQQQQ until 2026-08-20"}},
		{"one withdrawn and one ended, with one end: what ended is taken up again", func(s *situation) {
			s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2025-11-01", "2026-05-01").Slot = 0
			r := s.holds("pat", "R-QQQQQQ", "acme.example", "Acme", "2025-11-01", "2026-05-01")
			r.State, r.EndedAt, r.Slot = StateWithdrawn, instant("2026-04-01"), 0
		}, mailOf(acme), []string{"renewed R-PPPPPP until 2026-08-20"}},

		// What is missing or unusable (P5, D7, D8, D18, D22).
		{"two lines missing", nil, mailOf(without(acme, URL, LeadTypeOf)),
			[]string{"needs_info R-000000 missing_field:url missing_field:lead_type"}},
		{"all that is wrong is said together", nil, mailOf(with(with(without(acme, FirstName), Email, "bo at acme"), URL, "http://192.0.2.1")),
			[]string{"needs_info R-000000 missing_field:first_name invalid_email:email invalid_url:url"}},
		{"the vendor's own site is no prospect", nil, mailOf(with(acme, URL, "https://leanstack.example")),
			[]string{"needs_info R-000000 invalid_url:url"}},
		{"a personal profile is no organisation", nil, mailOf(with(acme, URL, "linkedin.com/in/bo")),
			[]string{"needs_info R-000000 invalid_url:url"}},
		{"a lead type that nobody knows", nil, func() Request {
			r := mailOf(without(acme, LeadTypeOf))
			r.Prospects[0].Unusable = map[Field]string{LeadTypeOf: "hot"}
			return r
		}(), []string{"needs_info R-000000 invalid_lead_type:lead_type"}},

		// What a person must judge (D10, MAIL.md 44, 49, 91).
		{"the same domain, clearly another name", func(s *situation) { s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2026-05-01", "2026-11-01") },
			mailOf(with(acme, Company, "Bolt Foundry")), []string{"review R-000000 unclear_organisation:company until 2026-11-01"}},
		{"the same name under another domain, held by another partner",
			func(s *situation) {
				s.holds("rita", "R-RRRRRR", "acme-group.example", "ACME Limited", "2026-05-01", "2026-11-01")
			}, mailOf(acme),
			[]string{"review R-000000 unclear_organisation:company"}},
		{"the same name under another domain, held by nobody any more",
			func(s *situation) {
				s.holds("rita", "R-RRRRRR", "acme-group.example", "ACME Limited", "2025-05-01", "2025-11-01")
			}, mailOf(acme),
			[]string{"accepted R-000000 until 2026-11-22"}},
		{"text and HTML contradict each other", nil, func() Request {
			r := mailOf(acme)
			r.Prospects[0].Contradicts = []Field{Email}
			return r
		}(), []string{"review R-000000 contradictory_mail:email"}},
		{"a look-alike host", nil, mailOf(with(acme, URL, "https://аcme.example")), []string{"review R-000000 suspicious_address:url"}},
		{"a display name that shows another address", nil, func() Request {
			r := mailOf(acme)
			r.FromName = "rita@other.example"
			return r
		}(), []string{"review R-000000 suspicious_address"}},
		{"missing outranks doubt", nil, mailOf(with(without(acme, LastName), URL, "https://аcme.example")),
			[]string{"needs_info R-000000 missing_field:last_name suspicious_address:url"}},

		// The cap (P8, D11, D12).
		{"the last slot, then none", func(s *situation) {
			s.policy.MaxOutstanding = 2
			s.holds("pat", "R-PPPPPP", "held.example", "Held", "2026-05-01", "2026-11-01")
		}, mailOf(acme, lead("bolt.example", "Bolt"), with(acme, Email, "eva@acme.example")),
			[]string{"accepted R-000000 until 2026-11-22", "rejected R-000001 cap_reached", "contact_added R-000000 until 2026-11-22"}},
		{"a slot whose last day was yesterday is free", func(s *situation) {
			s.policy.MaxOutstanding = 1
			r := s.holds("pat", "R-PPPPPP", "held.example", "Held", "2025-11-21", "2026-05-21")
			r.Slot = 0
		}, mailOf(acme), []string{"accepted R-000000 until 2026-11-22"}},
		{"a review takes a slot", func(s *situation) {
			s.policy.MaxOutstanding = 1
			s.holds("rita", "R-RRRRRR", "bolt-group.example", "Bolt", "2026-05-01", "2026-11-01")
		}, mailOf(lead("bolt.example", "Bolt"), acme),
			[]string{"review R-000000 unclear_organisation:company", "rejected R-000001 cap_reached"}},
		{"a re-registration needs a free slot (D27)", func(s *situation) {
			s.policy.MaxOutstanding = 1
			s.holds("pat", "R-PPPPPP", "held.example", "Held", "2026-05-01", "2026-11-01")
			r := s.holds("pat", "R-QQQQQQ", "acme.example", "Acme", "2025-11-21", "2026-05-21")
			r.Slot = 0
		}, mailOf(acme), []string{"rejected R-000000 cap_reached"}},
		{"an incomplete prospect takes no slot", func(s *situation) { s.policy.MaxOutstanding = 1 },
			mailOf(without(acme, URL), lead("bolt.example", "Bolt")),
			[]string{"needs_info R-000000 missing_field:url", "accepted R-000001 until 2026-11-22"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSituation()
			if c.set != nil {
				c.set(s)
			}
			before := fmt.Sprintf("%+v", s.book)
			d := Decide(s.book, c.mail, s.policy)
			if diff := cmp.Diff(c.want, said(d.Judgements)); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
			if after := fmt.Sprintf("%+v", s.book); after != before {
				t.Error("Decide changed the Book")
			}
			if again := Decide(s.book, c.mail, s.policy); !cmp.Equal(d, again) {
				t.Error("the same facts give two decisions")
			}
		})
	}
}

// Replies to our asks: D19 to D23.
func TestDecideReplies(t *testing.T) {
	t.Parallel()
	kuanza := lead("kuanza.example", "Kuanza Coffee")
	kuanza.URL = ""
	reiss := lead("reiss.example", "Reiss Robotik")
	reiss.URL, reiss.LeadType = "", ""
	thread := func(s *situation, refs ...Reference) {
		s.book.Conversation = Conversation{MessageID: "m1@leanstack.example", Numbering: refs}
	}
	answer := func(f Field, text string) Reading {
		var p Prospect
		p.Set(f, text)
		return Reading{Prospect: p}
	}
	for _, c := range []struct {
		name string
		set  func(*situation)
		mail Request
		want []string
	}{
		{"the one missing line, bare, in the thread", func(s *situation) { s.asked("R-KKKKKK", kuanza, 1, "2026-05-20"); thread(s, "R-KKKKKK") },
			reply(answer(URL, "kuanza.example")), []string{"accepted R-KKKKKK until 2026-11-22"}},
		{"the one missing line, by reference, without a thread", func(s *situation) { s.asked("R-KKKKKK", kuanza, 1, "2026-05-20") },
			func() Request {
				r := reply(answer(URL, "kuanza.example"))
				r.Mentions = []Reference{"R-KKKKKK"}
				return r
			}(), []string{"accepted R-KKKKKK until 2026-11-22"}},
		{"somebody else's reference opens nothing", func(s *situation) { s.asked("R-KKKKKK", kuanza, 1, "2026-05-20") },
			func() Request {
				r := reply(answer(URL, "kuanza.example"))
				r.Mentions = []Reference{"R-XXXXXX"}
				return r
			}(), []string{"needs_info R-000000 missing_field:first_name missing_field:last_name missing_field:email missing_field:company missing_field:lead_type"}},
		{"a bare line without thread or reference is new", func(s *situation) { s.asked("R-KKKKKK", kuanza, 1, "2026-05-20") },
			reply(answer(URL, "other.example")), []string{"needs_info R-000000 missing_field:first_name missing_field:last_name missing_field:email missing_field:company missing_field:lead_type"}},
		{"two asks open, the reference in the form chooses", func(s *situation) {
			s.asked("R-KKKKKK", kuanza, 1, "2026-05-20")
			s.asked("R-EEEEEE", reiss, 1, "2026-05-20")
			thread(s, "R-KKKKKK", "R-EEEEEE")
		}, reply(func() Reading { r := answer(URL, "kuanza.example"); r.Ref = "R-KKKKKK"; return r }()), []string{"accepted R-KKKKKK until 2026-11-22"}},
		{"two asks open, our number chooses", func(s *situation) {
			s.asked("R-KKKKKK", kuanza, 1, "2026-05-20")
			s.asked("R-EEEEEE", reiss, 1, "2026-05-20")
			thread(s, "R-EEEEEE", "R-KKKKKK")
		}, reply(func() Reading { r := answer(URL, "kuanza.example"); r.Ordinal = 2; return r }()), []string{"accepted R-KKKKKK until 2026-11-22"}},
		{"two asks open, a field already known chooses", func(s *situation) {
			s.asked("R-KKKKKK", kuanza, 1, "2026-05-20")
			s.asked("R-EEEEEE", reiss, 1, "2026-05-20")
			thread(s, "R-KKKKKK", "R-EEEEEE")
		}, reply(Reading{Prospect: Prospect{Company: "Kuanza Coffee", URL: "kuanza.example"}}), []string{"accepted R-KKKKKK until 2026-11-22"}},
		{"two asks open, nothing chooses: we ask again", func(s *situation) {
			s.asked("R-KKKKKK", kuanza, 1, "2026-05-20")
			s.asked("R-EEEEEE", reiss, 1, "2026-05-20")
			thread(s, "R-KKKKKK", "R-EEEEEE")
		}, reply(answer(URL, "kuanza.example")),
			[]string{"needs_info R-KKKKKK missing_field:url", "needs_info R-EEEEEE missing_field:url missing_field:lead_type"}},
		{"one answer for all", func(s *situation) {
			a, b := lead("a.example", "A"), lead("b.example", "B")
			a.LeadType, b.LeadType = "", ""
			s.asked("R-AAAAAA", a, 1, "2026-05-20")
			s.asked("R-BBBBBB", b, 1, "2026-05-20")
			thread(s, "R-AAAAAA", "R-BBBBBB")
		}, reply(func() Reading { r := answer(LeadTypeOf, "qualified_lead"); r.All = true; return r }()),
			[]string{"accepted R-AAAAAA until 2026-11-22", "accepted R-BBBBBB until 2026-11-22"}},
		{"YES confirms every proposal of that mail", func(s *situation) {
			s.asked("R-KKKKKK", kuanza, 1, "2026-05-20")
			s.asked("R-EEEEEE", reiss, 1, "2026-05-20")
			s.book.Asks[0].Proposal, s.book.Asks[1].Proposal = "kuanza.example", "reiss.example"
			thread(s, "R-KKKKKK", "R-EEEEEE")
		}, Request{Kind: KindRegistration, Items: []Item{{Verb: VerbConfirm}}},
			[]string{"accepted R-KKKKKK until 2026-11-22", "needs_info R-EEEEEE missing_field:lead_type"}},
		{"YES to the second confirms that one", func(s *situation) {
			s.asked("R-EEEEEE", reiss, 1, "2026-05-20")
			s.asked("R-KKKKKK", kuanza, 1, "2026-05-20")
			s.book.Asks[0].Proposal, s.book.Asks[1].Proposal = "reiss.example", "kuanza.example"
			thread(s, "R-EEEEEE", "R-KKKKKK")
		}, Request{Kind: KindRegistration, Prospects: []Reading{{Ordinal: 2}}, Items: []Item{{Verb: VerbConfirm, Prospect: new(int)}}},
			[]string{"accepted R-KKKKKK until 2026-11-22"}},
		{"an answer in two parts is one answer", func(s *situation) {
			s.asked("R-EEEEEE", reiss, 1, "2026-05-20")
			s.book.Asks[0].Proposal = "reiss.example"
			thread(s, "R-EEEEEE")
		}, func() Request {
			r := reply(answer(LeadTypeOf, "qualified_lead"))
			r.Items = append(r.Items, Item{Verb: VerbConfirm})
			return r
		}(), []string{"accepted R-EEEEEE until 2026-11-22"}},
		{"a full registration for that organisation closes the ask", func(s *situation) {
			k := kuanza
			k.URL, k.LastName = "kuanza.example", ""
			s.asked("R-KKKKKK", k, 1, "2026-05-20")
		}, mailOf(lead("kuanza.example", "Kuanza Coffee")), []string{"accepted R-KKKKKK until 2026-11-22"}},
		{"another lead in the old thread is a new one", func(s *situation) { s.asked("R-KKKKKK", kuanza, 1, "2026-05-20"); thread(s, "R-KKKKKK") },
			mailOf(lead("bolt.example", "Bolt Foundry")), []string{"accepted R-000000 until 2026-11-22"}},
		{"the second incomplete reply is asked again", func(s *situation) { s.asked("R-EEEEEE", reiss, 1, "2026-05-20"); thread(s, "R-EEEEEE") },
			reply(answer(URL, "reiss.example")), []string{"needs_info R-EEEEEE missing_field:lead_type"}},
		{"the third incomplete reply is held for a person", func(s *situation) { s.asked("R-EEEEEE", reiss, 2, "2026-05-20"); thread(s, "R-EEEEEE") },
			reply(answer(URL, "reiss.example")), []string{"held R-EEEEEE missing_field:lead_type"}},
		{"no website, said again after the ask explained what counts", func(s *situation) { s.asked("R-KKKKKK", kuanza, 1, "2026-05-20"); thread(s, "R-KKKKKK") },
			reply(Reading{None: []Field{URL}}), []string{"held R-KKKKKK missing_field:url"}},
		{"an ask of 30 days ago is open", func(s *situation) { s.asked("R-KKKKKK", kuanza, 1, "2026-04-22"); thread(s, "R-KKKKKK") },
			reply(answer(URL, "kuanza.example")), []string{"accepted R-KKKKKK until 2026-11-22"}},
		{"an ask of 31 days ago has lapsed", func(s *situation) { s.asked("R-KKKKKK", kuanza, 1, "2026-04-21"); thread(s, "R-KKKKKK") },
			reply(answer(URL, "kuanza.example")),
			[]string{"needs_info R-000000 missing_field:first_name missing_field:last_name missing_field:email missing_field:company missing_field:lead_type"}},
		{"all reasons are checked again as of the reply", func(s *situation) {
			s.asked("R-KKKKKK", kuanza, 1, "2026-05-20")
			thread(s, "R-KKKKKK")
			s.holds("rita", "R-RRRRRR", "kuanza.example", "Kuanza Coffee", "2026-05-21", "2026-11-21")
		}, reply(answer(URL, "kuanza.example")), []string{"rejected R-KKKKKK conflict"}},
		{"a completed prospect that turns out to be a further contact", func(s *situation) {
			s.asked("R-KKKKKK", kuanza, 1, "2026-05-20")
			thread(s, "R-KKKKKK")
			s.holds("pat", "R-PPPPPP", "kuanza.example", "Kuanza Coffee", "2026-05-01", "2026-11-01")
		}, reply(answer(URL, "kuanza.example")), []string{"contact_added R-PPPPPP until 2026-11-01"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSituation()
			c.set(s)
			d := Decide(s.book, c.mail, s.policy)
			if diff := cmp.Diff(c.want, said(d.Judgements)); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
			for _, j := range d.Judgements {
				if j.Decision == Accepted && j.Ask != "" && len(Apply(s.book, d).Asks) >= len(s.book.Asks) {
					t.Error("the ask is still open")
				}
			}
		})
	}
}

func TestProposals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, email, want string }{
		{"the contact's own domain is proposed", "bo@mail.kuanza.example", "kuanza.example"},
		{"a mail provider is not", "bo.kuanza@gmail.com", ""},
		{"the partner's own domain is not", "pat@partner.example", ""},
		{"the vendor's domain is not", "bo@leanstack.example", ""},
		{"no usable address, no proposal", "bo at kuanza", ""},
	} {
		s := newSituation()
		p := lead("kuanza.example", "Kuanza")
		p.URL, p.Email = "", c.email
		j := Decide(s.book, mailOf(p), s.policy).Judgements[0]
		if j.Proposal != c.want || j.Decision != NeedsInfo {
			t.Errorf("%s: %s, proposal %q, want %q", c.name, j.Decision, j.Proposal, c.want)
		}
	}
}

// The mail as a whole: states, folders, and whether it is answered.
// encrypted is a mail that nobody here can read.
func encrypted() Request {
	return Request{Kind: KindRegistration, Unread: []Unread{{Why: UnreadEncrypted, What: "PGP"}}, Handling: Handling{Route: RouteReview, Why: "encrypted with PGP", Unread: true}}
}

func TestDecideWhole(t *testing.T) {
	t.Parallel()
	acme := lead("acme.example", "Acme Ltd")
	for _, c := range []struct {
		name string
		set  func(*situation)
		mail Request
		want string
	}{
		{"a registration", nil, mailOf(acme), "decided Processed verdicts"},
		{"thanks", nil, Request{Kind: KindThanks}, "ignored Processed "},
		{"a renewal of what is not theirs is answered", nil, Request{Kind: KindRenewal, Items: []Item{{Verb: VerbRenew, Ref: "R-000000"}}}, "decided Processed verdicts"},
		{"a statement waits for a person", nil, Request{Kind: KindStatus, Items: []Item{{Verb: VerbStatement}}}, "held Review held"},
		{"a registration with a question for a person", nil, func() Request {
			r := mailOf(acme)
			r.Items = append(r.Items, Item{Verb: VerbAsk})
			return r
		}(), "decided Review verdicts"},
		{"an answer to nothing that we asked", nil, Request{Kind: KindRegistration, Items: []Item{{Verb: VerbConfirm}}}, "held Review held"},
		{"nothing written", nil, Request{Kind: KindOther, Empty: true}, "decided Processed nothing_found"},
		{"encrypted: a person looks at it, and the partner is told", nil, encrypted(), "held Review nothing_found"},
		{"a winmail.dat beside a prospect", nil, func() Request {
			r := mailOf(acme)
			r.Handling, r.Unread = encrypted().Handling, []Unread{{Name: "winmail.dat", Why: UnreadFormat}}
			return r
		}(), "held Review held"},
		{"encrypted, from a stranger", func(s *situation) { s.book.Partner = nil }, encrypted(), "held Review "},
		{"encrypted, from staff", func(s *situation) { s.book.Sender.Staff = true }, encrypted(), "held Review "},
		{"encrypted, unverified", func(s *situation) { s.book.Sender.Verdict = Unverified }, encrypted(), "held Review "},
		{"encrypted, and signed half a year ago", func(s *situation) { s.book.Sender.Verdict = Verified }, func() Request {
			r := encrypted()
			r.Date = instant("2025-11-22")
			return r
		}(), "held Review "},
		{"encrypted, but held for its From", nil, func() Request {
			r := encrypted()
			r.Handling.Unread = false
			return r
		}(), "held Review "},
		{"a stranger", func(s *situation) { s.book.Partner = nil }, mailOf(acme), "held Review unknown_sender"},
		{"a stranger who was answered today", func(s *situation) { s.book.Partner, s.book.RepliesToday = nil, 1 }, mailOf(acme), "held Review "},
		{"an unverified sender", func(s *situation) { s.book.Sender.Verdict = Unverified }, mailOf(acme), "held Review "},
		{"a partner's address in a mail that its domain disowns", func(s *situation) {
			s.book.Sender, s.book.Partner = Sender{Address: "pat@partner.example", Claims: "pat", Verdict: Failed}, nil
		}, mailOf(acme), "quarantined Quarantine "},
		{"a stranger's domain disowns it", func(s *situation) {
			s.book.Sender, s.book.Partner = Sender{Address: "x@else.example", Verdict: Failed}, nil
		}, mailOf(acme), "held Review "},
		{"a partner's address, unproved", func(s *situation) {
			s.book.Sender, s.book.Partner = Sender{Address: "pat@partner.example", Claims: "pat", Verdict: Unverified}, nil
		}, mailOf(acme), "held Review unverified"},
		{"a partner's address, unproved, the second time that day", func(s *situation) {
			s.book.Sender, s.book.Partner, s.book.RepliesToday = Sender{Address: "pat@partner.example", Claims: "pat", Verdict: Unverified}, nil, 1
		}, mailOf(acme), "held Review "},
		{"it could not be found out, to the end", func(s *situation) {
			s.book.Sender, s.book.Partner = Sender{Address: "pat@partner.example", Claims: "pat", Verdict: Temporary}, nil
		}, mailOf(acme), "held Review "},
		{"staff's address, unproved", func(s *situation) {
			s.book.Sender, s.book.Partner = Sender{Address: "desk@vendor.example", Staff: true, Verdict: Unverified}, nil
		}, mailOf(acme), "held Review "},
		{"staff's address in a mail that its domain disowns", func(s *situation) {
			s.book.Sender, s.book.Partner = Sender{Address: "desk@vendor.example", Staff: true, Verdict: Failed}, nil
		}, mailOf(acme), "quarantined Quarantine "},
		{"a verified stranger whose domain mixes scripts", func(s *situation) {
			s.book.Sender, s.book.Partner = Sender{Address: "pat@xn--prtner-3nf.example", Verdict: Verified}, nil
		}, mailOf(acme), "held Review "},
		{"really signed, but half a year ago", func(s *situation) { s.book.Sender.Verdict = Verified }, func() Request {
			r := mailOf(acme)
			r.Date = instant("2025-11-22")
			return r
		}(), "held Review "},
		{"signed four days ago: a queue was slow", func(s *situation) { s.book.Sender.Verdict = Verified }, func() Request {
			r := mailOf(acme)
			r.Date = instant("2026-05-18")
			return r
		}(), "decided Processed verdicts"},
		{"a token in a partner's hands", nil, func() Request {
			r := mailOf(acme)
			r.Order = &Order{Verb: VerbApprove, Tokens: []Token{"R-000001.1.0123456789ABCDEFGHJKMNPQRS"}}
			return r
		}(), "held Review "},
		{"a partner who writes APPROVE", nil, func() Request {
			r := mailOf(acme)
			r.Order = &Order{Verb: VerbApprove}
			return r
		}(), "decided Processed verdicts"},
		{"staff with the token of another case", func(s *situation) {
			s.book.Sender.Staff, s.book.Ordered = true, &Ordered{Order: Order{Verb: VerbApprove}, On: "R-000001", Token: TokenElsewhere}
		}, mailOf(acme), "held Review "},
		{"staff with a token", func(s *situation) {
			s.book.Sender.Staff, s.book.Ordered = true, &Ordered{Order: Order{Verb: VerbApprove}, On: "R-000001", Token: TokenValid, Done: Accepted}
		}, Request{Kind: KindThanks, Handling: Handling{Route: RouteProcessed}}, "decided Processed "},
		{"staff with a token, too late", func(s *situation) {
			s.book.Sender.Staff, s.book.Ordered = true, &Ordered{Order: Order{Verb: VerbApprove}, On: "R-000001", Token: TokenValid, Refused: "it was decided before"}
		}, Request{Kind: KindOther}, "held Review "},
		{"staff without a token", func(s *situation) { s.book.Sender.Staff = true }, mailOf(acme), "ignored Processed "},
		{"an automatic reply that looks like a registration", nil, func() Request {
			r := mailOf(acme)
			r.Handling = Handling{Route: RouteAutomatic, Why: "Auto-Submitted: auto-replied"}
			return r
		}(), "ignored Automatic "},
		{"a bounce", nil, Request{Kind: KindBounce}, "ignored Bounces "},
		{"bulk", nil, Request{Kind: KindBulk}, "ignored Automatic "},
		{"too broken to touch", nil, Request{Handling: Handling{Route: RouteQuarantine}}, "quarantined Quarantine "},
		{"a list", nil, Request{Handling: Handling{Route: RouteReview}}, "held Review "},
		{"a mail seen before", func(s *situation) { s.book.Duplicate = 7 }, mailOf(acme), "ignored Processed "},
		{"content counts, the reply does not go", nil, func() Request {
			r := mailOf(acme)
			r.Handling.NoReply = "Precedence: bulk"
			return r
		}(), "decided Processed verdicts withheld"},
		{"a partner's machine, acknowledged by choice", func(s *situation) { s.book.Partner.AcknowledgeAutomatic = true }, func() Request {
			r := mailOf(acme)
			r.Handling = Handling{NoReply: "Auto-Submitted: auto-generated", Machine: true}
			return r
		}(), "decided Processed verdicts"},
		{"the fiftieth reply of the day", func(s *situation) { s.book.RepliesToday = 49 }, mailOf(acme), "decided Processed verdicts"},
		{"the fifty-first", func(s *situation) { s.book.RepliesToday = 50 }, mailOf(acme), "decided Processed verdicts withheld"},
	} {
		s := newSituation()
		if c.set != nil {
			c.set(s)
		}
		d := Decide(s.book, c.mail, s.policy)
		got := fmt.Sprintf("%s %s %s", d.State, d.Folder, d.Reply)
		if d.Withheld != "" {
			got += " withheld"
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if d.State != MailDecided && len(d.Judgements) > 0 {
			t.Errorf("%s: %s, and yet prospects were decided", c.name, d.State)
		}
	}
}

// The limits, each at its last answer and at the one that it stops.
func TestLimits(t *testing.T) {
	t.Parallel()
	acme, nothing := mailOf(lead("acme.example", "Acme Ltd")), Request{Kind: KindOther, Empty: true}
	for _, c := range []struct {
		name  string
		set   func(*Book, int)
		mail  Request
		limit string
		most  int
	}{
		{"an address", func(b *Book, n int) { b.RepliesToday = n }, acme, "replies_per_day", 50},
		{"a domain", func(b *Book, n int) { b.Replies.Domain = n }, acme, "replies_per_domain", 200},
		{"a conversation", func(b *Book, n int) { b.Replies.Thread = n }, acme, "replies_per_thread", 20},
		{"everybody", func(b *Book, n int) { b.Replies.All = n }, acme, "replies_in_all", 2000},
		{"answers that settle nothing", func(b *Book, n int) { b.Replies.Idle = n }, nothing, "idle_replies", 2},
	} {
		for n, want := range map[int]string{c.most - 1: "", c.most: c.limit, c.most + 1: c.limit} {
			s := newSituation()
			c.set(&s.book, n)
			d := Decide(s.book, c.mail, s.policy)
			if d.Limit != want || (d.Withheld == "") != (want == "") {
				t.Errorf("%s: after %d answers the limit is %q (%s), want %q", c.name, n, d.Limit, d.Withheld, want)
			}
			if d.State != MailDecided || d.Reply == ReplyNone {
				t.Errorf("%s: a limit stopped more than the answer: %+v", c.name, d)
			}
		}
	}
	// An answer that settles something goes out, however many before it did not.
	s := newSituation()
	s.book.Replies.Idle = 1000
	if d := Decide(s.book, acme, s.policy); d.Withheld != "" {
		t.Errorf("a registration after much talk is not answered: %s", d.Withheld)
	}
	// What was asked before is asked again in vain; a question that has lapsed was
	// not asked before.
	for lapsed, want := range map[bool]bool{false: true, true: false} {
		s := newSituation()
		p := lead("acme.example", "Acme Ltd")
		p.Email = ""
		asked := s.book.Received.AddDate(0, 0, -s.policy.CompletionDays)
		if lapsed {
			asked = asked.AddDate(0, 0, -1)
		}
		s.book.Asks = []Ask{{Ref: "R-3M9QZ4", Partner: s.book.Partner.ID, Prospect: p, Asked: 1, Last: asked}}
		if d := Decide(s.book, mailOf(p), s.policy); d.Idle != want {
			t.Errorf("asked before, lapsed %v: idle is %v", lapsed, d.Idle)
		}
	}
	one, two := Request{From: "a@crm.example", Subject: "Re: Away"}, Request{From: "b@crm.example", Subject: "AW: away"}
	if Topic(one, s.policy) != Topic(two, s.policy) {
		t.Error("two addresses of one domain under one subject are two topics")
	}
	one.From, two.From = "a@gmail.com", "b@gmail.com"
	if Topic(one, s.policy) == Topic(two, s.policy) {
		t.Error("two people at a public mail domain are one topic")
	}
}

func TestAcceptReview(t *testing.T) {
	t.Parallel()
	s := newSituation()
	reg := s.holds("pat", "R-PPPPPP", "acme.example", "Acme", "2026-05-15", "")
	reg.State, reg.Terms = StateUnderReview, nil
	j, err := AcceptReview(s.book, "R-PPPPPP", s.policy)
	if err != nil || j.Decision != Accepted || j.Term != (Term{1, "2026-05-15", "2026-11-15"}) {
		t.Errorf("accepted a week later: %+v, %v; the date must stay the receipt's (D3)", j, err)
	}
	s.book.Registrations[0].Slot = 0
	s.holds("rita", "R-RRRRRR", "acme.example", "Acme", "2026-05-16", "2026-11-16")
	if j, err := AcceptReview(s.book, "R-PPPPPP", s.policy); err == nil {
		t.Errorf("what another holds was accepted: %+v", j)
	}
	s.book.Registrations[1].Partner = "pat"
	if j, err := AcceptReview(s.book, "R-PPPPPP", s.policy); err != nil || j.Decision != ContactAdded || j.Holds != "R-RRRRRR" {
		t.Errorf("what the partner holds already: %+v, %v", j, err)
	}
	if _, err := AcceptReview(s.book, "R-RRRRRR", s.policy); err == nil {
		t.Error("an active registration was accepted once more")
	}
}
