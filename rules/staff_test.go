package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// threeOf: Pat holds Acme until 15 June and Bolt until November, and held Crux until
// 1 May; Rita holds Rite.
func threeOf(s *situation) {
	s.holds("pat", "R-AAAAAA", "acme.example", "Acme Ltd", "2025-12-15", "2026-06-15")
	s.holds("pat", "R-BBBBBB", "bolt.example", "Bolt Works", "2026-05-10", "2026-11-10")
	s.holds("pat", "R-CCCCCC", "crux.example", "Crux", "2025-11-01", "2026-05-01").Slot = 0
	s.holds("rita", "R-RRRRRR", "rite.example", "Rite", "2026-05-05", "2026-11-05")
}

// told is a judgement, or what the error says.
func told(j Judgement, err error) string {
	if err != nil {
		return "no: " + err.Error()
	}
	return said([]Judgement{j})[0]
}

func TestStaffChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		set  func(*situation)
		verb Verb
		ref  Reference
		says Prospect
		want string
	}{
		{"near the end the next term is queued", nil, VerbRenew, "R-AAAAAA", Prospect{}, "queued R-AAAAAA until 2026-09-13"},
		{"earlier staff are bound as partners are (D26)", nil, VerbRenew, "R-BBBBBB", Prospect{}, "no: R-BBBBBB: it runs until 2026-11-10, and can be renewed from 2026-10-11 on (D26)"},
		{"after the end ninety days", nil, VerbRenew, "R-CCCCCC", Prospect{}, "renewed R-CCCCCC until 2026-08-20"},
		{"after the end another has it (D14)", func(s *situation) {
			s.holds("rita", "R-SSSSSS", "crux.example", "Crux", "2026-05-05", "2026-11-05")
		}, VerbRenew, "R-CCCCCC", Prospect{}, "no: R-CCCCCC: crux.example is registered as R-SSSSSS by rita since 2026-05-05 (D3, D13)"},
		{"after the end, another partner's own house (D16)", func(s *situation) { s.book.Partners["crux.example"] = "rita" },
			VerbRenew, "R-CCCCCC", Prospect{}, "no: R-CCCCCC: crux.example is another partner's own organisation (D16)"},
		{"at the cap (P8)", func(s *situation) { s.policy.MaxOutstanding = 2 }, VerbRenew, "R-CCCCCC", Prospect{},
			"no: R-CCCCCC: all 2 registrations of pat are in use (P8); end one of them first"},
		{"a suspended partner's (D34)", func(s *situation) { s.book.Partner.SuspendedOn = "2026-05-01" }, VerbRenew, "R-AAAAAA", Prospect{}, "no: R-AAAAAA: its partner is suspended (D34)"},
		{"as often as max_renewals allows (D28)", func(s *situation) {
			s.policy.MaxRenewals = 1
			s.book.Registrations[0].Terms = []Term{{1, "2025-09-01", "2026-03-01"}, {2, "2026-03-02", "2026-06-15"}}
		}, VerbRenew, "R-AAAAAA", Prospect{}, "no: R-AAAAAA: it has been renewed as often as the program allows (D28)"},
		{"what a person can weigh is weighed: another has the name under another domain", func(s *situation) {
			s.holds("rita", "R-SSSSSS", "crux-group.example", "Crux", "2026-05-05", "2026-11-05")
		}, VerbRenew, "R-CCCCCC", Prospect{}, "renewed R-CCCCCC until 2026-08-20"},
		{"under review", func(s *situation) {
			s.book.Registrations[0].State, s.book.Registrations[0].Terms = StateUnderReview, nil
		}, VerbRenew, "R-AAAAAA", Prospect{}, "no: R-AAAAAA: it is under review: decide that first"},
		{"what staff revoked", func(s *situation) {
			s.book.Registrations[0].State, s.book.Registrations[0].EndedAt = StateRevoked, instant("2026-05-01")
		}, VerbRenew, "R-AAAAAA", Prospect{}, "no: R-AAAAAA: what was refused, revoked or won is not taken up again"},
		{"what was withdrawn comes back until its old end (D29)", func(s *situation) {
			s.book.Registrations[1].State, s.book.Registrations[1].EndedAt, s.book.Registrations[1].Slot = StateWithdrawn, instant("2026-05-20"), 0
		}, VerbRenew, "R-BBBBBB", Prospect{}, "accepted R-000000 until 2026-11-10"},
		{"closed by somebody who came later, its slot is taken anew", func(s *situation) { s.book.Registrations[0].State, s.book.Registrations[0].Slot = StateExpired, 0 },
			VerbRenew, "R-AAAAAA", Prospect{}, "queued R-AAAAAA until 2026-09-13"},
		{"somebody else's", nil, VerbRenew, "R-RRRRRR", Prospect{}, "no: R-RRRRRR is no registration of pat"},

		{"withdrawn", nil, VerbWithdraw, "R-AAAAAA", Prospect{}, "withdrawn R-AAAAAA until 2026-06-15"},
		{"what has ended stays", nil, VerbWithdraw, "R-CCCCCC", Prospect{}, "ignored R-CCCCCC until 2026-05-01"},

		{"a new address", nil, VerbCorrect, "R-AAAAAA", Prospect{Email: "ada@acme.io"}, "updated R-AAAAAA until 2026-06-15"},
		{"no address", nil, VerbCorrect, "R-AAAAAA", Prospect{Email: "ada(at)acme"}, "no: R-AAAAAA: no mail can be sent to that address"},
		{"another name and another website of the same organisation", nil, VerbCorrect, "R-AAAAAA", Prospect{Company: "Ajax", URL: "ajax.example"}, "updated R-AAAAAA until 2026-06-15"},
		{"a website that is another's (D13)", nil, VerbCorrect, "R-AAAAAA", Prospect{URL: "rite.example"}, "no: R-AAAAAA: rite.example is registered as R-RRRRRR by rita since 2026-05-05 (D3, D13)"},
		{"a website that is nobody's own (D7)", nil, VerbCorrect, "R-AAAAAA", Prospect{URL: "gmail.com"}, "no: R-AAAAAA: that is no website of a company's own (D7)"},
		{"another lead type (D18)", nil, VerbCorrect, "R-AAAAAA", Prospect{LeadType: ManagedCustomer}, "updated R-AAAAAA until 2026-06-15"},
		{"the lead type that it has", nil, VerbCorrect, "R-AAAAAA", Prospect{LeadType: QualifiedLead}, "ignored R-AAAAAA until 2026-06-15"},
		{"a customer is no qualified lead (D15)", func(s *situation) {
			s.book.Customers = []Customer{{Organisation: "acme.example"}}
			s.book.Registrations[0].Prospect.LeadType = ManagedCustomer
		}, VerbCorrect, "R-AAAAAA", Prospect{LeadType: QualifiedLead}, "no: R-AAAAAA: it is an existing customer, and cannot be registered under that lead type (D15)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSituation()
			threeOf(s)
			if c.set != nil {
				c.set(s)
			}
			j, err := StaffChange(c.ref, c.verb, c.says, s.book, s.policy)
			if got := told(j, err); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			if err == nil && c.says.LeadType != "" && j.Prospect.LeadType != c.says.LeadType {
				t.Errorf("the lead type is %s", j.Prospect.LeadType)
			}
			if err == nil && j.Decision == Queued && j.Slot == 0 {
				t.Error("it is active again without a slot")
			}
			if err == nil && c.verb != VerbCorrect {
				// The same wish by the partner's own mail comes to the same, but for doubts.
				d := Decide(s.book, wish(Item{Verb: c.verb, Ref: string(c.ref)}), s.policy)
				if by := outcome(d)[0]; by != c.want && !strings.HasPrefix(by, "review") {
					t.Errorf("by mail it is %s", by)
				}
			}
		})
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		set  func(*situation)
		ref  Reference
		want string
	}{
		{"an active one", nil, "R-AAAAAA", "revoked R-AAAAAA until 2026-06-15"},
		{"with a queued term, which is cancelled", func(s *situation) {
			s.book.Registrations[0].Terms = append(s.book.Registrations[0].Terms, Term{2, "2026-06-16", "2026-09-13"})
		}, "R-AAAAAA", "revoked R-AAAAAA until 2026-06-15"},
		{"one that has ended", nil, "R-CCCCCC", "no: R-CCCCCC is not active any more"},
		{"one under review", func(s *situation) {
			s.book.Registrations[0].State, s.book.Registrations[0].Terms = StateUnderReview, nil
		}, "R-AAAAAA", "no: R-AAAAAA is under review: reject it"},
		{"somebody else's", nil, "R-RRRRRR", "no: R-RRRRRR is no registration of pat"},
	} {
		s := newSituation()
		threeOf(s)
		if c.set != nil {
			c.set(s)
		}
		if got := told(Revoke(c.ref, s.book, s.policy)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// What staff revoked comes back by staff alone: otherwise the next mail would undo it.
func TestARevokedOneIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, until, want string }{
		{"sent as new after staff revoked it: a person decides", "2026-06-15", "review R-000000 revoked_before"},
		{"and so after its last day", "2026-05-20", "review R-000000 revoked_before"},
	} {
		s := newSituation()
		r := s.holds("pat", "R-AAAAAA", "acme.example", "Acme Ltd", "2025-12-15", c.until)
		r.State, r.Slot, r.EndedAt = StateRevoked, 0, instant("2026-05-18")
		d := Decide(s.book, mailOf(lead("acme.example", "Acme Ltd")), s.policy)
		if got := said(d.Judgements)[0]; got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
		s.book.Partner.ID = "olga"
		if d := Decide(s.book, mailOf(lead("acme.example", "Acme Ltd")), s.policy); d.Judgements[0].Decision != Accepted {
			t.Errorf("%s: for another partner it is free, not %v", c.name, said(d.Judgements))
		}
	}
}

// A mail of 22 May that waits is accepted later, as of its receipt (D3).
func TestAcceptChange(t *testing.T) {
	t.Parallel()
	both := wish(renew("R-AAAAAA"), withdraw("R-AAAAAA"))
	corrects := func(p Prospect) Request {
		return Request{Kind: KindRegistration, Prospects: []Reading{{Prospect: p}}, Items: []Item{{Verb: VerbCorrect, Ref: "R-AAAAAA", Prospect: ptr(0)}}}
	}
	for _, c := range []struct {
		name string
		set  func(*situation)
		mail Request
		n    int
		on   string
		// since is what has happened by then.
		since func(*situation)
		want  string
	}{
		{"the renewal of two that contradict each other", nil, both, 0, "2026-05-24", nil, "queued R-AAAAAA until 2026-09-13"},
		{"the withdrawal of the two", nil, both, 1, "2026-05-24", nil, "withdrawn R-AAAAAA until 2026-06-15"},
		{"it has run out while it waited: no day is lost", nil, both, 0, "2026-06-20",
			func(s *situation) { s.book.Registrations[0].State, s.book.Registrations[0].Slot = StateExpired, 0 }, "queued R-AAAAAA until 2026-09-13"},
		{"it has run out, and another has it now: what was granted stays granted (D3)", nil, both, 0, "2026-06-20", func(s *situation) {
			s.book.Registrations[0].State, s.book.Registrations[0].Slot = StateExpired, 0
			s.holds("rita", "R-SSSSSS", "acme.example", "Acme", "2026-06-17", "2026-12-17")
		}, "no: R-AAAAAA: acme.example is registered as R-SSSSSS by rita since 2026-06-17 (D3, D13)"},
		{"it has run out, and its slot is another's now", nil, both, 0, "2026-06-20", func(s *situation) {
			s.policy.MaxOutstanding = 2
			s.book.Registrations[0].State, s.book.Registrations[0].Slot = StateExpired, 0
			s.holds("pat", "R-DDDDDD", "dune.example", "Dune", "2026-06-17", "2026-12-17").Slot = 1
		}, "no: R-AAAAAA: all 2 registrations of pat are in use (P8); end one of them first"},
		{"all of its ninety days are over", nil, both, 0, "2026-09-14",
			func(s *situation) { s.book.Registrations[0].State, s.book.Registrations[0].Slot = StateExpired, 0 },
			"no: R-AAAAAA: the 90 days that it asks for ended on 2026-09-13"},
		{"withdrawn since", nil, both, 0, "2026-05-25", func(s *situation) {
			s.book.Registrations[0].State, s.book.Registrations[0].Slot, s.book.Registrations[0].EndedAt = StateWithdrawn, 0, instant("2026-05-23T10:00")
		}, "no: R-AAAAAA is withdrawn since 2026-05-23"},
		{"renewed since, and to be withdrawn", nil, both, 1, "2026-05-25", func(s *situation) {
			s.book.Registrations[0].Terms = append(s.book.Registrations[0].Terms, Term{2, "2026-06-16", "2026-09-13"})
		}, "no: R-AAAAAA was renewed after that mail, until 2026-09-13"},
		{"to be withdrawn, it has run out by itself", nil, both, 1, "2026-06-20",
			func(s *situation) { s.book.Registrations[0].State, s.book.Registrations[0].Slot = StateExpired, 0 }, "ignored R-AAAAAA until 2026-06-15"},
		{"removed since", nil, both, 0, "2026-05-25", func(s *situation) { s.book.Registrations = s.book.Registrations[1:] }, "no: R-AAAAAA is none of pat any more"},
		{"the rules would have refused it: too early", nil, wish(renew("R-BBBBBB"), withdraw("R-BBBBBB")), 0, "2026-05-24", nil,
			"no: R-BBBBBB: it runs until 2026-11-10, and can be renewed from 2026-10-11 on (D26)"},
		{"the day of the receipt counts, not that of the answer: too early then", nil, wish(renew("R-BBBBBB"), withdraw("R-BBBBBB")), 0, "2026-10-20", nil,
			"no: R-BBBBBB: it runs until 2026-11-10, and can be renewed from 2026-10-11 on (D26)"},
		{"in a conversation of a person's, YES to a reminder", func(s *situation) {
			s.book.Taken = true
			s.book.Conversation = Conversation{MessageID: "m1@leanstack.example", Numbering: []Reference{"R-AAAAAA"}, Reminder: true}
		}, wish(Item{Verb: VerbConfirm}), 0, "2026-05-24", nil, "queued R-AAAAAA until 2026-09-13"},
		{"in a conversation of a person's, after the end", func(s *situation) { s.book.Taken = true }, wish(renew("R-CCCCCC")), 0, "2026-05-24", nil, "renewed R-CCCCCC until 2026-08-20"},
		{"after the end, from a display name that shows another address", nil, func() Request {
			r := wish(renew("R-CCCCCC"))
			r.FromName = "rita@rival.example"
			return r
		}(), 0, "2026-05-24", nil, "renewed R-CCCCCC until 2026-08-20"},
		{"a correction to another website", nil, corrects(Prospect{URL: "ajax.example"}), 0, "2026-05-24", nil, "updated R-AAAAAA until 2026-06-15"},
		{"a correction to a website that is another's by now", nil, corrects(Prospect{URL: "ajax.example"}), 0, "2026-05-24",
			func(s *situation) { s.holds("rita", "R-SSSSSS", "ajax.example", "Ajax", "2026-05-23", "2026-11-23") },
			"no: R-AAAAAA: ajax.example is registered as R-SSSSSS by rita since 2026-05-23 (D3, D13)"},
		{"a correction of what has ended since", nil, corrects(Prospect{Company: "Ajax"}), 0, "2026-06-20", func(s *situation) {
			s.book.Registrations[0].State, s.book.Registrations[0].Slot, s.book.Registrations[0].EndedAt = StateWithdrawn, 0, instant("2026-05-23T10:00")
		}, "updated R-AAAAAA until 2026-06-15"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSituation()
			threeOf(s)
			if c.set != nil {
				c.set(s)
			}
			before := s.book
			before.Registrations = append([]Registration(nil), s.book.Registrations...)
			d := Decide(before, c.mail, s.policy)
			was := d.Judgements[c.n]
			if was.Decision != Review {
				t.Fatalf("it does not wait: %v", outcome(d))
			}
			s.book.Received = instant(c.on)
			if c.since != nil {
				c.since(s)
			}
			j, err := AcceptChange(s.book, before, c.mail, was, s.policy)
			if got := told(j, err); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			if err == nil && j.Organisation != was.Organisation {
				t.Errorf("the organisation is %s, and was %s", j.Organisation, was.Organisation)
			}
			if err == nil && j.Decision == Queued && j.Slot == 0 {
				t.Error("it is active again without a slot")
			}
		})
	}
}

func TestRivals(t *testing.T) {
	t.Parallel()
	s := newSituation()
	threeOf(s)
	d := Decide(s.book, wish(renew("R-AAAAAA"), withdraw("R-BBBBBB"), withdraw("R-AAAAAA"), renew("R-BBBBBB")), s.policy)
	if diff := cmp.Diff([]int{2}, Rivals(d, 0)); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
	s.book.Taken = true
	both := Request{Prospects: []Reading{{Prospect: Prospect{Email: "ada@acme.io"}}}, Items: []Item{renew("R-AAAAAA"), {Verb: VerbCorrect, Ref: "R-AAAAAA", Prospect: ptr(0)}}}
	d = Decide(s.book, both, s.policy)
	if got := Rivals(d, 0); got != nil || len(d.Judgements) != 2 {
		t.Errorf("a renewal and a correction contradict each other: %v, %v", got, outcome(d))
	}
	if got := d.Judgements[1].Prospect.Email; got != "ada@acme.io" {
		t.Errorf("whoever decides sees %q, not what it would become", got)
	}
	if j := RejectChange(d.Judgements[0]); j.Decision != Rejected || j.Ref != "R-AAAAAA" {
		t.Errorf("rejected: %v", told(j, nil))
	}
}
