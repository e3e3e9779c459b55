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

// What a mail may mean, and what it may not: by reference, by name, by number, or by
// nothing at all.
func TestWhatIsMeant(t *testing.T) {
	t.Parallel()
	acme := func(s *situation) *Registration {
		return s.holds("pat", "R-AAAAAA", "acme.example", "Acme Ltd", "2025-12-15", "2026-06-15")
	}
	withdrawn := func(r *Registration, on string) { r.State, r.EndedAt, r.Slot = StateWithdrawn, instant(on), 0 }
	few := func(s *situation) {
		acme(s)
		s.holds("pat", "R-BBBBBB", "bolt.example", "Bolt Works", "2026-05-10", "2026-11-10")
		s.holds("pat", "R-CCCCCC", "crux.example", "Crux", "2025-11-01", "2026-05-01").Slot = 0
		withdrawn(s.holds("pat", "R-DDDDDD", "dune.example", "Dune", "2025-12-01", "2026-06-01"), "2026-05-01")
		s.holds("rita", "R-RRRRRR", "rite.example", "Rite", "2025-12-01", "2026-06-01")
	}
	ask := func(s *situation) {
		s.asked("R-EEEEEE", Prospect{FirstName: "Bo", LastName: "Lind", URL: "eddy.example", Company: "Eddy", LeadType: QualifiedLead}, 1, "2026-05-20")
	}
	listed := func(refs ...Reference) func(*situation) {
		return func(s *situation) {
			few(s)
			ask(s)
			s.book.Conversation = Conversation{MessageID: "m1@leanstack.example", Numbering: refs}
		}
	}
	registers := func(p Prospect, items ...Item) Request {
		r := mailOf(p)
		r.Items = append(r.Items, items...)
		return r
	}
	says := func(p Prospect, items ...Item) Request {
		return Request{Kind: KindRegistration, Prospects: []Reading{{Prospect: p}}, Items: items}
	}
	for _, c := range []struct {
		name string
		set  func(*situation)
		mail Request
		want []string
	}{
		{"RENEW and no more: which of those that can be renewed, first what ends first", few, wish(renew("")),
			[]string{"renew needs_info which_registration or R-CCCCCC or R-AAAAAA"}},
		{"without renewal_early what has ended can be renewed all the same", func(s *situation) { few(s); s.policy.RenewalEarly = false }, wish(renew("")),
			[]string{"renew needs_info which_registration or R-CCCCCC"}},
		{"WITHDRAW and no more: which of those that are active", few, wish(withdraw("")), []string{"withdraw needs_info which_registration or R-AAAAAA or R-BBBBBB"}},
		{"RENEW and no more, of somebody who has nothing", nil, wish(renew("")), []string{"renew rejected unknown_registration"}},
		{"an answer lists ten at most", func(s *situation) {
			for i := range 12 {
				s.holds("pat", Reference(fmt.Sprintf("R-HHHH%02d", i)), OrganisationKey(fmt.Sprintf("h%02d.example", i)), "Held", "2025-12-15", "2026-06-15")
			}
		}, wish(renew("")), []string{"renew needs_info which_registration or R-HHHH00 or R-HHHH01 or R-HHHH02 or R-HHHH03 or R-HHHH04 or R-HHHH05 or R-HHHH06 or R-HHHH07 or R-HHHH08 or R-HHHH09"}},
		{"a reference that the mail quotes", func(s *situation) { few(s) }, func() Request {
			r := wish(renew(""))
			r.Mentions = []Reference{"R-AAAAAA", "R-AAAAAA"}
			return r
		}(), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"nobody withdraws without a name what has ended", listed("R-CCCCCC", "R-BBBBBB"), wish(withdraw("")), []string{"withdrawn R-BBBBBB until 2026-11-10"}},
		{"an ask may be withdrawn without a name", listed("R-CCCCCC", "R-EEEEEE"), wish(withdraw("")), []string{"withdrawn R-EEEEEE"}},
		{"an ask is not renewed without a name", listed("R-AAAAAA", "R-EEEEEE"), wish(renew("")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"what was withdrawn is not renewed without a name", listed("R-AAAAAA", "R-DDDDDD"), wish(renew("")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"one alone is meant, even where nothing can be done", listed("R-BBBBBB"), wish(renew("")), []string{"rejected R-BBBBBB already_registered until 2026-11-10"}},
		{"none that the verb suits: all are asked about", func(s *situation) {
			few(s)
			s.holds("pat", "R-FFFFFF", "fern.example", "Fern", "2026-05-11", "2026-11-11")
			s.book.Conversation = Conversation{MessageID: "m1@leanstack.example", Numbering: []Reference{"R-BBBBBB", "R-FFFFFF"}}
		}, wish(renew("")), []string{"renew needs_info which_registration or R-BBBBBB or R-FFFFFF"}},
		{"a number that is none", listed("R-AAAAAA"), wish(renew("ordinal:first")), []string{"renew rejected ordinal:first unknown_registration"}},
		{"the second of the list", listed("R-BBBBBB", "R-AAAAAA"), wish(renew("ordinal:2")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"a correction by number", listed("R-BBBBBB", "R-AAAAAA"), Request{Kind: KindRegistration,
			Prospects: []Reading{{Ordinal: 2, Prospect: Prospect{Email: "bo@acme.example"}}}, Items: []Item{{Verb: VerbCorrect, Prospect: ptr(0)}}},
			[]string{"updated R-AAAAAA until 2026-06-15"}},
		{"a correction by a number that the list has not", listed("R-AAAAAA"), Request{Kind: KindRegistration,
			Prospects: []Reading{{Ordinal: 2, Prospect: Prospect{Email: "bo@acme.example"}}}, Items: []Item{{Verb: VerbCorrect, Prospect: ptr(0)}}},
			[]string{"correct held"}},
		{"a correction without lines", few, wish(Item{Verb: VerbCorrect, Ref: "R-AAAAAA"}), []string{"held R-AAAAAA until 2026-06-15"}},
		{"a correction whose parts differ: a person decides", few, Request{Kind: KindRegistration, Items: []Item{{Verb: VerbCorrect, Ref: "R-AAAAAA", Prospect: ptr(0)}},
			Prospects: []Reading{{Prospect: Prospect{Email: "bo@acme.example"}, Contradicts: []Field{Email}}}},
			[]string{"review R-AAAAAA contradictory_mail:email until 2026-06-15"}},
		{"a correction of an ask completes it", ask, says(Prospect{Email: "bo@eddy.example"}, Item{Verb: VerbCorrect, Ref: "R-EEEEEE", Prospect: ptr(0)}),
			[]string{"accepted R-EEEEEE until 2026-11-22"}},
		{"RENEW of an ask: what it lacks is asked for again", ask, wish(renew("R-EEEEEE")), []string{"needs_info R-EEEEEE missing_field:email"}},
		{"an ask by its company", ask, wish(withdraw("company:Eddy")), []string{"withdrawn R-EEEEEE"}},
		{"an ask by its website", ask, wish(withdraw("company:www.eddy.example")), []string{"withdrawn R-EEEEEE"}},
		{"an ask that has lapsed is nothing", func(s *situation) { s.asked("R-EEEEEE", Prospect{Company: "Eddy"}, 1, "2026-04-20") },
			wish(withdraw("R-EEEEEE"), withdraw("company:Eddy")), []string{"withdraw rejected R-EEEEEE unknown_registration", "withdraw rejected company:Eddy unknown_registration"}},
		{"by name: what is active goes before what has ended", func(s *situation) {
			withdrawn(acme(s), "2026-05-01")
			s.holds("pat", "R-BBBBBB", "acme.example", "Acme Ltd", "2026-05-02", "2026-06-15")
		}, wish(renew("company:Acme")), []string{"queued R-BBBBBB until 2026-09-13"}},
		{"by name: the whole name goes before a part of one", func(s *situation) {
			acme(s)
			s.holds("pat", "R-BBBBBB", "acmenorth.example", "Acme North", "2025-12-15", "2026-06-15")
		}, wish(renew("company:Acme")), []string{"queued R-AAAAAA until 2026-09-13"}},
		{"by name: a review", func(s *situation) {
			r := acme(s)
			r.State, r.Terms, r.Slot = StateUnderReview, nil, 0
		}, wish(withdraw("company:Acme")), []string{"withdrawn R-AAAAAA"}},
		{"by name: of what has ended the latest", func(s *situation) {
			s.holds("pat", "R-BBBBBB", "acme.example", "Acme Ltd", "2025-11-02", "2026-05-02").Slot = 0
			s.holds("pat", "R-CCCCCC", "acme.example", "Acme Ltd", "2025-11-01", "2026-05-01").Slot = 0
		}, wish(renew("company:Acme")), []string{"renewed R-BBBBBB until 2026-08-20"}},
		{"by name: not what was refused", func(s *situation) {
			r := acme(s)
			r.State, r.Terms, r.Slot, r.EndedAt = StateRefused, nil, 0, instant("2026-05-01")
		},
			wish(renew("company:Acme")), []string{"renew rejected company:Acme unknown_registration"}},
		{"by reference: what was refused, a person answers", func(s *situation) {
			r := acme(s)
			r.State, r.Terms, r.Slot, r.EndedAt = StateRefused, nil, 0, instant("2026-05-01")
		},
			wish(renew("R-AAAAAA")), []string{"held R-AAAAAA"}},
		{"what was won, a person answers", func(s *situation) { r := acme(s); r.State, r.Slot, r.EndedAt = StateWon, 0, instant("2026-05-01") },
			wish(renew("R-AAAAAA")), []string{"held R-AAAAAA until 2026-06-15"}},
		{"a state that nobody has tidied up: dates decide (D2)", func(s *situation) { acme(s).Terms[0].Until = "2026-05-21" },
			wish(renew("R-AAAAAA")), []string{"renewed R-AAAAAA until 2026-08-20"}},
		{"a queued term that is shorter than the window is not renewed again before it begins", func(s *situation) {
			s.policy.RenewalDays = 5
			acme(s).Terms = []Term{{1, "2025-12-15", "2026-06-15"}, {2, "2026-06-16", "2026-06-20"}}
		}, wish(renew("R-AAAAAA")), []string{"rejected R-AAAAAA already_registered until 2026-06-20"}},
		{"on its first day it is", func(s *situation) {
			s.policy.RenewalDays = 5
			s.book.Received = instant("2026-06-16T09:00")
			acme(s).Terms = []Term{{1, "2025-12-15", "2026-06-15"}, {2, "2026-06-16", "2026-06-20"}}
		}, wish(renew("R-AAAAAA")), []string{"queued R-AAAAAA until 2026-06-25"}},
		{"under review, without a place and of a partner who may renew nothing: it is there already", func(s *situation) {
			r := acme(s)
			r.State, r.Terms, r.Slot = StateUnderReview, nil, 0
			s.book.Partner.SuspendedOn = "2026-05-01"
		}, wish(renew("R-AAAAAA")), []string{"rejected R-AAAAAA already_registered"}},
		{"under review without a place it can be withdrawn", func(s *situation) { r := acme(s); r.State, r.Terms, r.Slot = StateUnderReview, nil, 0 },
			wish(withdraw("R-AAAAAA")), []string{"withdrawn R-AAAAAA"}},
		{"what begins today has begun, and is not cancelled", func(s *situation) {
			acme(s).Terms = []Term{{1, "2025-11-21", "2026-05-21"}, {2, "2026-05-22", "2026-08-19"}}
		}, wish(withdraw("R-AAAAAA")), []string{"withdrawn R-AAAAAA until 2026-08-19"}},
		{"what a later mail has ended meanwhile: a person decides (D3)", func(s *situation) { withdrawn(acme(s), "2026-05-23") },
			wish(renew("R-AAAAAA")), []string{"review R-AAAAAA granted_meanwhile until 2026-06-15"}},
		{"a name that shows another address: a person decides", few, func() Request { r := wish(renew("R-AAAAAA")); r.FromName = "ceo@acme.example"; return r }(),
			[]string{"review R-AAAAAA suspicious_address until 2026-06-15"}},
		{"taken up again after a withdrawal, and another holds the name elsewhere: a person decides (D10)", func(s *situation) {
			few(s)
			s.holds("rita", "R-SSSSSS", "dune.io", "Dune", "2026-05-02", "2026-11-02")
		}, wish(renew("R-DDDDDD")), []string{"review R-DDDDDD unclear_organisation:company"}},

		// What a mail cannot mean at once.
		{"renewed and corrected", few, says(Prospect{Email: "bo@acme.example"}, renew("R-AAAAAA"), Item{Verb: VerbCorrect, Ref: "R-AAAAAA", Prospect: ptr(0)}),
			[]string{"queued R-AAAAAA until 2026-09-13", "updated R-AAAAAA until 2026-09-13"}},
		{"withdrawn and corrected", few, says(Prospect{Email: "bo@acme.example"}, withdraw("R-AAAAAA"), Item{Verb: VerbCorrect, Ref: "R-AAAAAA", Prospect: ptr(0)}),
			[]string{"review R-AAAAAA contradictory_mail until 2026-06-15", "review R-AAAAAA contradictory_mail until 2026-06-15"}},
		{"one renewed, another withdrawn", few, wish(renew("company:Acme"), withdraw("company:Bolt")),
			[]string{"queued R-AAAAAA until 2026-09-13", "withdrawn R-BBBBBB until 2026-11-10"}},
		{"registered and renewed, by its website", few, registers(lead("acme.example", "Acme"), renew("R-AAAAAA")),
			[]string{"review R-000000 contradictory_mail until 2026-06-15", "review R-AAAAAA contradictory_mail until 2026-06-15"}},
		{"registered without a website and withdrawn, by its name", few, registers(Prospect{FirstName: "Bo", Company: "Acme Ltd"}, withdraw("R-AAAAAA")),
			[]string{"needs_info R-000000 missing_field:last_name missing_field:email missing_field:url missing_field:lead_type", "review R-AAAAAA contradictory_mail until 2026-06-15"}},
		{"the same name under another website is another", few, registers(lead("acme.io", "Acme Ltd"), withdraw("R-AAAAAA")),
			[]string{"accepted R-000000 until 2026-11-22", "withdrawn R-AAAAAA until 2026-06-15"}},
		{"another is registered", few, registers(lead("zinc.example", "Zinc"), renew("R-AAAAAA")),
			[]string{"accepted R-000000 until 2026-11-22", "queued R-AAAAAA until 2026-09-13"}},
		{"an ask completed and withdrawn", ask, Request{Kind: KindRegistration, Prospects: []Reading{{Ref: "R-EEEEEE", Prospect: Prospect{Email: "bo@eddy.example"}}},
			Items: []Item{{Verb: VerbAnswer, Prospect: ptr(0)}, withdraw("R-EEEEEE")}}, []string{"review R-EEEEEE contradictory_mail"}},
		{"another contact registered, and the first corrected", few, Request{Kind: KindRegistration, Prospects: []Reading{{Prospect: lead("acme.example", "Acme Ltd")}, {Prospect: Prospect{Email: "ada@acme.io"}}},
			Items: []Item{{Verb: VerbRegister, Prospect: ptr(0)}, {Verb: VerbCorrect, Ref: "R-AAAAAA", Prospect: ptr(1)}}},
			[]string{"contact_added R-AAAAAA until 2026-06-15", "updated R-AAAAAA until 2026-06-15"}},
		{"one ask completed, another of that name withdrawn", func(s *situation) { ask(s); s.asked("R-FFFFFF", Prospect{Company: "Eddy"}, 1, "2026-05-20") },
			Request{Kind: KindRegistration, Prospects: []Reading{{Ref: "R-EEEEEE", Prospect: Prospect{Email: "bo@eddy.example", Company: "Eddy"}}},
				Items: []Item{{Verb: VerbAnswer, Prospect: ptr(0)}, withdraw("R-FFFFFF")}}, []string{"accepted R-EEEEEE until 2026-11-22", "withdrawn R-FFFFFF"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSituation()
			if c.set != nil {
				c.set(s)
			}
			if diff := cmp.Diff(c.want, outcome(Decide(s.book, c.mail, s.policy))); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
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
			want := Term{N: 2, From: v[1].AddDays(1), Until: v[2+i]}
			if len(d.Judgements) != 1 || d.Judgements[0].Term != want {
				t.Errorf("%s, RENEW on %s: %v, want %v", v[0], day, said(d.Judgements), want)
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
		{"a new address and another lead type: the address alone (D18)", "R-AAAAAA", Prospect{Email: "ada@acme.io", LeadType: ManagedCustomer},
			[]string{"updated R-AAAAAA until 2026-06-15"}, Contact{"Ada", "Okafor", "ada@acme.io"}},
		{"a look-alike address", "R-AAAAAA", Prospect{Email: "ada@аcme.example"}, []string{"review R-AAAAAA suspicious_address:email until 2026-06-15"}, Contact{"Ada", "Okafor", "ada@acme.example"}},
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
			after := Apply(s.book, d).Registrations[0]
			if diff := cmp.Diff(c.now, after.Contacts[0]); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
			if after.Prospect.LeadType != QualifiedLead {
				t.Errorf("its lead type is %s now", after.Prospect.LeadType)
			}
			for _, j := range d.Judgements {
				if doubted := j.Decision == Review || j.Decision == NeedsInfo; doubted && j.Prospect != c.says.Over(s.book.Registrations[0].Prospect) {
					t.Errorf("a person, or the partner, is shown %v", j.Prospect)
				}
				if told := c.says.LeadType == ManagedCustomer; told != (j.HeldType == QualifiedLead) {
					t.Errorf("the answer says that it stays %q", j.HeldType)
				}
			}
		})
	}
}
