package rules

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wish is a mail that asks for things without registering anything.
func wish(items ...Item) Request {
	return Request{Kind: KindRenewal, From: "pat@partner.example", Items: items}
}

func renew(ref string) Item    { return Item{Verb: VerbRenew, Ref: ref} }
func withdraw(ref string) Item { return Item{Verb: VerbWithdraw, Ref: ref} }

// outcome is all that a decision says, in the order of the items.
func outcome(d Decision) []string {
	out := said(d.Judgements)
	for _, a := range d.Actions {
		line := fmt.Sprintf("%s %s", a.Verb, a.Decision)
		if a.Ref != "" {
			line += " " + a.Ref
		}
		if a.Check != "" {
			line += " " + string(a.Check)
		}
		for _, r := range a.Reasons {
			line += " " + string(r.Code)
		}
		for _, o := range a.Options {
			line += " or " + string(o.Ref)
		}
		out = append(out, line)
	}
	for _, l := range d.List {
		out = append(out, fmt.Sprintf("%s %s %s %s", l.Ref, l.State, l.Until, l.Next))
	}
	return out
}

func TestRenewalsAndWithdrawals(t *testing.T) {
	t.Parallel()
	// Pat holds Acme until 15 June, Bolt until November, and held Crux until 1 May.
	three := func(s *situation) {
		s.holds("pat", "R-AAAAAA", "acme.example", "Acme Ltd", "2025-12-15", "2026-06-15")
		s.holds("pat", "R-BBBBBB", "bolt.example", "Bolt Works", "2026-05-10", "2026-11-10")
		s.holds("pat", "R-CCCCCC", "crux.example", "Crux", "2025-11-01", "2026-05-01").Slot = 0
	}
	listed := func(s *situation) {
		three(s)
		s.book.Conversation = Conversation{MessageID: "m1@leanstack.example", Numbering: []Reference{"R-AAAAAA", "R-BBBBBB", "R-CCCCCC"}}
	}
	for _, c := range []struct {
		name string
		set  func(*situation)
		mail Request
		want []string
	}{
		{"within the window the next term is queued, without a gap", three, wish(renew("R-AAAAAA")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"on the first day of the window", func(s *situation) { three(s); s.book.Received = instant("2026-05-16T00:00") },
			wish(renew("R-AAAAAA")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"the day before the window nothing changes", func(s *situation) { three(s); s.book.Received = instant("2026-05-15T23:59") },
			wish(renew("R-AAAAAA")), []string{"rejected R-AAAAAA already_registered until 2026-06-15"}},
		{"by the company's name", three, wish(renew("company:ACME")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"by a part of the name", three, wish(renew("company:Bolt")), []string{"rejected R-BBBBBB already_registered until 2026-11-10"}},
		{"by the website", three, wish(renew("company:acme.example")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"by its number in our list", listed, wish(renew("ordinal:1")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"a number that our list has not", listed, wish(renew("ordinal:4")), []string{"renew rejected ordinal:4 unknown_registration"}},
		{"nothing named: what can be renewed among those of our mail", func(s *situation) {
			listed(s)
			s.book.Registrations[2].Terms[0].Until = "2026-11-30"
			s.book.Registrations[2].Slot = 3
		}, wish(renew("")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"nothing named, and two could be meant: no ALL (D28)", listed, wish(renew("")), []string{"renew needs_info which_registration or R-CCCCCC or R-AAAAAA"}},
		{"YES to a reminder of one", func(s *situation) {
			three(s)
			s.book.Conversation = Conversation{MessageID: "m1@leanstack.example", Numbering: []Reference{"R-AAAAAA"}, Reminder: true}
		}, wish(Item{Verb: VerbConfirm}), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"YES to a mail that was no reminder renews nothing", func(s *situation) {
			three(s)
			s.book.Conversation = Conversation{MessageID: "m1@leanstack.example", Numbering: []Reference{"R-AAAAAA"}}
		}, wish(Item{Verb: VerbConfirm}), []string{"confirm held"}},
		{"after the end: ninety days from the day of receipt", three, wish(renew("R-CCCCCC")), []string{"renewed R-CCCCCC until 2026-08-20"}},
		{"after the end, but another has it now (D14)", func(s *situation) {
			three(s)
			s.holds("rita", "R-RRRRRR", "crux.example", "Crux", "2026-05-05", "2026-11-05")
		}, wish(renew("R-CCCCCC")), []string{"rejected R-CCCCCC conflict"}},
		{"after the end it needs a free slot (D27)", func(s *situation) { three(s); s.policy.MaxOutstanding = 2 },
			wish(renew("R-CCCCCC")), []string{"rejected R-CCCCCC cap_reached"}},
		{"queued it needs none", func(s *situation) { three(s); s.policy.MaxOutstanding = 2 }, wish(renew("R-AAAAAA")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"queued already", func(s *situation) {
			three(s)
			s.book.Registrations[0].Terms = append(s.book.Registrations[0].Terms, Term{2, "2026-06-16", "2026-09-13"})
		}, wish(renew("R-AAAAAA")), []string{"rejected R-AAAAAA already_registered until 2026-09-13"}},
		{"said twice it is done once", three, wish(renew("R-AAAAAA"), renew("company:Acme"), renew("R-AAAAAA")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"renewal_early is off", func(s *situation) { three(s); s.policy.RenewalEarly = false }, wish(renew("R-AAAAAA")),
			[]string{"rejected R-AAAAAA already_registered until 2026-06-15"}},
		{"queued as often as max_renewals allows", func(s *situation) {
			three(s)
			s.policy.MaxRenewals = 1
			s.book.Registrations[0].Terms = []Term{{1, "2025-09-01", "2026-03-01"}, {2, "2026-03-02", "2026-06-15"}}
		}, wish(renew("R-AAAAAA")), []string{"rejected R-AAAAAA renewal_limit until 2026-06-15"}},
		{"a suspended partner renews nothing", func(s *situation) { three(s); s.book.Partner.SuspendedOn = "2026-05-01" },
			wish(renew("R-AAAAAA")), []string{"rejected R-AAAAAA partner_suspended until 2026-06-15"}},
		{"under review there is nothing to renew yet", func(s *situation) {
			three(s)
			s.book.Registrations[0].State, s.book.Registrations[0].Terms = StateUnderReview, nil
		}, wish(renew("R-AAAAAA")), []string{"rejected R-AAAAAA already_registered"}},
		{"what staff revoked, staff decide", func(s *situation) {
			three(s)
			s.book.Registrations[0].State, s.book.Registrations[0].EndedAt = StateRevoked, instant("2026-05-01")
		}, wish(renew("R-AAAAAA")), []string{"held R-AAAAAA until 2026-06-15"}},
		{"somebody else's reference is as unknown as nobody's", func(s *situation) {
			s.holds("rita", "R-RRRRRR", "crux.example", "Crux", "2026-05-05", "2026-11-05")
		}, wish(renew("R-RRRRRR"), withdraw("R-999999")), []string{"renew rejected R-RRRRRR unknown_registration", "withdraw rejected R-999999 unknown_registration"}},
		{"somebody else's company is unknown", func(s *situation) {
			s.holds("rita", "R-RRRRRR", "crux.example", "Crux", "2026-05-05", "2026-11-05")
		}, wish(withdraw("company:Crux")), []string{"withdraw rejected company:Crux unknown_registration"}},
		{"the one renewed and the other withdrawn", three, wish(renew("R-AAAAAA"), withdraw("R-BBBBBB")),
			[]string{"queued R-AAAAAA until 2026-09-13", "withdrawn R-BBBBBB until 2026-11-10"}},
		{"one registration under two verbs: a person decides", three, wish(renew("R-AAAAAA"), withdraw("company:Acme Ltd")),
			[]string{"review R-AAAAAA contradictory_mail until 2026-06-15", "review R-AAAAAA contradictory_mail until 2026-06-15"}},
		{"drop the second one", listed, wish(withdraw("ordinal:2")), []string{"withdrawn R-BBBBBB until 2026-11-10"}},
		{"a withdrawal cancels a queued term", func(s *situation) {
			three(s)
			s.book.Registrations[0].Terms = append(s.book.Registrations[0].Terms, Term{2, "2026-06-16", "2026-09-13"})
		}, wish(withdraw("R-AAAAAA")), []string{"withdrawn R-AAAAAA until 2026-06-15"}},
		{"what has ended cannot be withdrawn", three, wish(withdraw("R-CCCCCC")), []string{"ignored R-CCCCCC until 2026-05-01"}},
		{"an open ask is withdrawn", func(s *situation) { s.asked("R-DDDDDD", Prospect{Company: "Dune"}, 1, "2026-05-20") },
			wish(withdraw("company:Dune")), []string{"withdrawn R-DDDDDD"}},
		{"withdrawn by a suspended partner: its slot is free all the same", func(s *situation) { three(s); s.book.Partner.SuspendedOn = "2026-05-01" },
			wish(withdraw("R-AAAAAA")), []string{"withdrawn R-AAAAAA until 2026-06-15"}},
		{"renewed after a withdrawal: no later end than it had (D29)", func(s *situation) {
			three(s)
			s.book.Registrations[1].State, s.book.Registrations[1].EndedAt, s.book.Registrations[1].Slot = StateWithdrawn, instant("2026-05-20"), 0
		}, wish(renew("R-BBBBBB")), []string{"accepted R-000000 until 2026-11-10"}},
		{"a mail in copy orders nothing", three, func() Request { r := wish(withdraw("R-AAAAAA")); r.Copied = true; return r }(), []string{"withdraw held R-AAAAAA"}},
		{"a conversation that a person took over is left to people", func(s *situation) { three(s); s.book.Taken = true },
			wish(withdraw("R-AAAAAA")), []string{"review R-AAAAAA thread_taken until 2026-06-15"}},
		{"the fifty-first finds room in the mail that withdraws", func(s *situation) { three(s); s.policy.MaxOutstanding = 2 },
			func() Request {
				r := mailOf(lead("dune.example", "Dune"))
				r.Items = append([]Item{withdraw("R-BBBBBB")}, r.Items...)
				return r
			}(), []string{"withdrawn R-BBBBBB until 2026-11-10", "accepted R-000000 until 2026-11-22"}},
		{"STATUS lists what is active, waits and has ended lately", func(s *situation) {
			three(s)
			s.book.Registrations[1].Terms = append(s.book.Registrations[1].Terms, Term{2, "2026-11-11", "2027-02-08"})
			s.asked("R-DDDDDD", Prospect{Company: "Dune"}, 1, "2026-05-20")
		}, wish(Item{Verb: VerbStatus}), []string{"status answered", "R-AAAAAA active 2026-06-15 ", "R-BBBBBB queued 2026-11-10 2027-02-08", "R-DDDDDD waiting 2026-06-19 ", "R-CCCCCC ended 2026-05-01 "}},
		{"STATUS does not list what ended and another holds", func(s *situation) {
			three(s)
			s.holds("rita", "R-RRRRRR", "crux.example", "Crux", "2026-05-05", "2026-11-05")
		}, wish(Item{Verb: VerbStatus}), []string{"status answered", "R-AAAAAA active 2026-06-15 ", "R-BBBBBB active 2026-11-10 "}},
		{"STATUS is after what the same mail changes", three, wish(Item{Verb: VerbStatus}, withdraw("R-AAAAAA"), withdraw("R-BBBBBB")),
			[]string{"withdrawn R-AAAAAA until 2026-06-15", "withdrawn R-BBBBBB until 2026-11-10", "status answered", "R-CCCCCC ended 2026-05-01 "}},
		{"CHECK: free, yours, taken, a customer's, nobody's", func(s *situation) {
			three(s)
			s.holds("rita", "R-RRRRRR", "rite.example", "Rite", "2026-05-05", "2026-11-05")
			s.book.Customers = []Customer{{Organisation: "cust.example"}}
			s.book.Partners["own.example"] = "rita"
		}, wish(Item{Verb: VerbCheck, Ref: "free.example"}, Item{Verb: VerbCheck, Ref: "www.acme.example"}, Item{Verb: VerbCheck, Ref: "rite.example"},
			Item{Verb: VerbCheck, Ref: "cust.example"}, Item{Verb: VerbCheck, Ref: "own.example"}, Item{Verb: VerbCheck, Ref: "gmail.com"}, Item{Verb: VerbCheck, Ref: "crux.example"}),
			[]string{"check answered free.example available", "check answered www.acme.example yours", "check answered rite.example not_available",
				"check answered cust.example available_managed", "check answered own.example not_available", "check answered gmail.com no_organisation", "check answered crux.example available"}},
		{"CHECK of a customer under a policy that registers none", func(s *situation) {
			s.book.Customers = []Customer{{Organisation: "cust.example"}}
			s.policy.RegisterCustomers = nil
		}, wish(Item{Verb: VerbCheck, Ref: "cust.example"}), []string{"check answered cust.example not_available"}},
		{"CHECK of a customer that may be registered as a Qualified Lead", func(s *situation) {
			s.book.Customers = []Customer{{Organisation: "cust.example"}}
			s.policy.RegisterCustomers = []LeadType{QualifiedLead, ManagedCustomer}
		}, wish(Item{Verb: VerbCheck, Ref: "cust.example"}), []string{"check answered cust.example available"}},
		{"CHECK of a customer that another partner holds says no more than of others", func(s *situation) {
			s.book.Customers = []Customer{{Organisation: "cust.example"}}
			s.holds("rita", "R-RRRRRR", "cust.example", "Cust", "2026-05-05", "2026-11-05")
		}, wish(Item{Verb: VerbCheck, Ref: "cust.example"}), []string{"check answered cust.example not_available"}},
		{"twenty CHECKs a day", func(s *situation) { s.book.ChecksToday = 19 },
			wish(Item{Verb: VerbCheck, Ref: "free.example"}, Item{Verb: VerbCheck, Ref: "more.example"}),
			[]string{"check answered free.example available", "check answered more.example checks_spent"}},
		{"what only a person can answer stays with a person, the rest is done", three, wish(renew("R-AAAAAA"), Item{Verb: VerbStatement}, Item{Verb: VerbAsk}),
			[]string{"queued R-AAAAAA until 2026-09-13", "statement held", "ask held"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSituation()
			if c.set != nil {
				c.set(s)
			}
			d := Decide(s.book, c.mail, s.policy)
			if diff := cmp.Diff(c.want, outcome(d)); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
			if used := Apply(s.book, d).Meter(s.policy).Used; used > s.policy.MaxOutstanding && used > s.book.Meter(s.policy).Used {
				t.Errorf("%d of %d", used, s.policy.MaxOutstanding)
			}
		})
	}
}

// The vectors of RULES.md, by RENEW: queued on the last day, and the day after.
func TestTheVectors(t *testing.T) {
	t.Parallel()
	for _, v := range [][4]Date{
		{"2026-08-31", "2027-02-28", "2027-05-29", "2027-05-30"},
		{"2026-08-30", "2027-02-28", "2027-05-29", "2027-05-30"},
		{"2027-08-31", "2028-02-29", "2028-05-29", "2028-05-30"},
		{"2026-03-31", "2026-09-30", "2026-12-29", "2026-12-30"},
		{"2026-10-31", "2027-04-30", "2027-07-29", "2027-07-30"},
		{"2026-12-31", "2027-06-30", "2027-09-28", "2027-09-29"},
		{"2028-02-29", "2028-08-29", "2028-11-27", "2028-11-28"},
		{"2026-05-15", "2026-11-15", "2027-02-13", "2027-02-14"},
	} {
		s := newSituation()
		s.book.Received = v[0].Time().Add(9 * 3600e9)
		first := Decide(s.book, mailOf(lead("acme.example", "Acme")), s.policy)
		book := Apply(s.book, first)
		if got := first.Judgements[0].Term.Until; got != v[1] {
			t.Errorf("%s: until %s, want %s", v[0], got, v[1])
		}
		for i, day := range []Date{v[1], v[1].AddDays(1)} {
			book.Received = day.Time().Add(23 * 3600e9)
			d := Decide(book, wish(renew("company:Acme")), s.policy)
			if len(d.Judgements) != 1 || d.Judgements[0].Term.Until != v[2+i] {
				t.Errorf("%s, RENEW on %s: %v, want until %s", v[0], day, said(d.Judgements), v[2+i])
			}
		}
	}
}

func TestCorrections(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		ref  string
		says Prospect
		want []string
		now  Contact
	}{
		{"a new address", "R-AAAAAA", Prospect{Email: "ada@acme.io"}, []string{"updated R-AAAAAA until 2026-06-15"}, Contact{"Ada", "Okafor", "ada@acme.io"}},
		{"another person", "company:Acme", Prospect{FirstName: "Ben", LastName: "Osei", Email: "ben@acme.io"}, []string{"updated R-AAAAAA until 2026-06-15"}, Contact{"Ben", "Osei", "ben@acme.io"}},
		{"no address", "R-AAAAAA", Prospect{Email: "ada(at)acme"}, []string{"needs_info R-AAAAAA invalid_email:email until 2026-06-15"}, Contact{"Ada", "Okafor", "ada@acme.example"}},
		{"another organisation is another registration (D30)", "R-AAAAAA", Prospect{URL: "bolt.example"}, []string{"review R-AAAAAA unclear_organisation:url until 2026-06-15"}, Contact{"Ada", "Okafor", "ada@acme.example"}},
		{"another company is another registration", "R-AAAAAA", Prospect{Company: "Bolt"}, []string{"review R-AAAAAA unclear_organisation:company until 2026-06-15"}, Contact{"Ada", "Okafor", "ada@acme.example"}},
		{"the lead type is for staff to change (D18)", "R-AAAAAA", Prospect{LeadType: ManagedCustomer}, []string{"held R-AAAAAA until 2026-06-15"}, Contact{"Ada", "Okafor", "ada@acme.example"}},
		{"nothing new", "R-AAAAAA", Prospect{LastName: "Okafor"}, []string{"ignored R-AAAAAA until 2026-06-15"}, Contact{"Ada", "Okafor", "ada@acme.example"}},
		{"nothing of theirs", "R-RRRRRR", Prospect{Email: "ada@acme.io"}, []string{"correct held R-RRRRRR"}, Contact{"Ada", "Okafor", "ada@acme.example"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSituation()
			s.holds("pat", "R-AAAAAA", "acme.example", "Acme Ltd", "2025-12-15", "2026-06-15")
			s.holds("rita", "R-RRRRRR", "crux.example", "Crux", "2026-05-05", "2026-11-05")
			d := Decide(s.book, Request{Kind: KindRegistration, Prospects: []Reading{{Prospect: c.says}}, Items: []Item{{Verb: VerbCorrect, Ref: c.ref, Prospect: ptr(0)}}}, s.policy)
			if diff := cmp.Diff(c.want, outcome(d)); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
			if diff := cmp.Diff(c.now, Apply(s.book, d).Registrations[0].Contacts[0]); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
		})
	}
}
