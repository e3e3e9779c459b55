package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"leadmail/rules"
)

func testPartners(t *testing.T, s server) {
	db := fresh(t, s)
	northwind, rival := joined("northwind"), joined("rival")
	northwind.Domains = []string{"northwind.example", "shared.example"}
	rival.Addresses = append(rival.Addresses, "carl@shared.example")
	db.enter(t, rival, northwind)
	for address, want := range map[rules.Address]rules.PartnerID{
		"lena@northwind.example":   "northwind",
		"anyone@northwind.example": "northwind",
		"carl@shared.example":      "rival", // the exact address beats the domain
		"Carl@shared.example":      "northwind",
		"x@sub.northwind.example":  "",
		"Lena@rival.example":       "",
		"lena@rival.example":       "rival",
		"nobody@elsewhere.example": "",
	} {
		p := see(t, db, func(tx *Tx) (*rules.Partner, error) { return tx.PartnerOf(address) })
		got := rules.PartnerID("")
		if p != nil {
			got = p.ID
		}
		if got != want {
			t.Errorf("%s writes for %q, want %q", string(address), got, want)
		}
	}
	all := see(t, db, func(tx *Tx) ([]rules.Partner, error) { return tx.Partners() })
	same(t, "all partners, by id", all, []rules.Partner{northwind, rival})

	thief := joined("thief")
	thief.Addresses = append(thief.Addresses, "lena@rival.example")
	wants(t, "somebody's address", db.Update(context.Background(), received, func(tx *Tx) error { return tx.SavePartner(thief, "staff", "") }), ErrTaken)
	thief = joined("thief")
	thief.Domains = []string{"shared.example"}
	wants(t, "somebody's domain", db.Update(context.Background(), received, func(tx *Tx) error { return tx.SavePartner(thief, "staff", "") }), ErrTaken)
	_, err := see2(db, func(tx *Tx) (rules.Partner, error) { return tx.Partner("thief") })
	wants(t, "a partner that was refused", err, ErrNotFound)
	bad := joined("bad")
	bad.JoinedOn = "31.8.2026"
	if err := db.Update(context.Background(), received, func(tx *Tx) error { return tx.SavePartner(bad, "staff", "") }); err == nil {
		t.Error("a date that is none was stored")
	}

	northwind.Addresses, northwind.Domains, northwind.Plan = []rules.Address{"new@northwind.example"}, nil, "enterprise"
	db.enter(t, northwind)
	same(t, "after a change", see(t, db, func(tx *Tx) (rules.Partner, error) { return tx.Partner("northwind") }), northwind)
	if p := see(t, db, func(tx *Tx) (*rules.Partner, error) { return tx.PartnerOf("lena@northwind.example") }); p != nil {
		t.Errorf("an address that was given up still writes for %s", p.ID)
	}
	var what []string
	for _, e := range see(t, db, func(tx *Tx) ([]Event, error) { return tx.History("northwind") }) {
		what = append(what, e.What)
	}
	same(t, "history", what, []string{"added", "changed"})
}

func testRemovePartner(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"), joined("rival"))
	db.update(t, func(tx *Tx) error {
		review := grant(ref(2), "bolt.example", 2)
		review.Decision = rules.Review
		_, err := tx.decide("northwind", grant(ref(1), "acme.example", 1), review,
			rules.Judgement{Ref: ref(3), Decision: rules.NeedsInfo, Asked: 1})
		return err
	})
	db.update(t, func(tx *Tx) error { return tx.RemovePartner("northwind", "staff", "left") })
	if p := see(t, db, func(tx *Tx) (*rules.Partner, error) { return tx.PartnerOf("lena@northwind.example") }); p != nil {
		t.Errorf("the address still writes for %s", p.ID)
	}
	if all := see(t, db, func(tx *Tx) ([]rules.Partner, error) { return tx.Partners() }); len(all) != 1 {
		t.Errorf("%d partners are left, want 1", len(all))
	}
	for _, r := range see(t, db, func(tx *Tx) ([]rules.Registration, error) {
		return tx.Registrations(RegistrationFilter{Partner: "northwind"})
	}) {
		if r.State != rules.StateReleased || r.Slot != 0 || !r.EndedAt.Equal(received) {
			t.Errorf("left behind: %+v", r)
		}
	}
	db.update(t, func(tx *Tx) error {
		_, err := tx.decide("rival", grant(ref(4), "acme.example", 1), grant(ref(5), "bolt.example", 2))
		return err
	})
	wants(t, "a second removal", db.Update(context.Background(), received, func(tx *Tx) error { return tx.RemovePartner("northwind", "staff", "") }), ErrNotFound)
	db.enter(t, joined("northwind"))
	b := see(t, db, func(tx *Tx) (rules.Book, error) { return tx.Book(tx.from("northwind"), anywhere) })
	if b.Partner == nil || len(b.Registrations) != 0 || len(b.Asks) != 0 {
		t.Errorf("a partner that came back: %+v", b)
	}
}

// waiting are the references and mails that wait for a person.
func (db *DB) waiting(t testing.TB) (got []string) {
	t.Helper()
	for _, r := range see(t, db, func(tx *Tx) ([]Review, error) { return tx.Reviews() }) {
		if r.Ref != "" {
			got = append(got, string(r.Ref))
		} else {
			got = append(got, fmt.Sprint("mail ", r.InboxID))
		}
	}
	return got
}

func underReview(ref rules.Reference, org rules.OrganisationKey, slot int) rules.Judgement {
	j := grant(ref, org, slot)
	j.Decision, j.Term, j.Reasons = rules.Review, rules.Term{}, []rules.Reason{{Code: rules.UnclearOrganisation}}
	return j
}

func testReview(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"), joined("rival"))
	var mail int64
	db.update(t, func(tx *Tx) (err error) {
		if mail, err = tx.decide("northwind", underReview(ref(1), "one.example", 1), underReview(ref(2), "two.example", 2), underReview(ref(3), "held.example", 0)); err != nil {
			return err
		}
		if err := tx.QueueFiling(mail, rules.FolderReview); err != nil {
			return err
		}
		_, err = tx.decide("rival", grant(ref(9), "held.example", 1))
		return err
	})
	folder := func() rules.Folder {
		t.Helper()
		fs := see(t, db, func(tx *Tx) ([]Filing, error) { return tx.Filings("INBOX", 1, 0) })
		if len(fs) != 1 || fs[0].InboxID != mail {
			t.Fatalf("to be filed: %+v", fs)
		}
		return fs[0].Folder
	}
	same(t, "what waits", db.waiting(t), []string{"R-000001", "R-000002", "R-000003"})
	rs := see(t, db, func(tx *Tx) ([]Review, error) { return tx.Reviews() })
	same(t, "one of them", rs[0], Review{Ref: ref(1), InboxID: mail, Partner: "northwind", Received: received, Prospect: acme("one.example"),
		Organisation: "one.example", Reasons: []rules.Reason{{Code: rules.UnclearOrganisation}}})

	decide := func(j rules.Judgement) error {
		return db.Update(context.Background(), received.Add(time.Hour), func(tx *Tx) error { return tx.SettleReview(j, "staff", "looked at it") })
	}
	accept := func(n, slot int) error {
		return decide(rules.Judgement{Ref: ref(n), Decision: rules.Accepted, Term: halfYear, Slot: slot})
	}
	reject := func(n int) error { return decide(rules.RejectReview(ref(n), rules.Prospect{}, "")) }
	if err := accept(1, 1); err != nil {
		t.Fatal(err)
	}
	r := see(t, db, func(tx *Tx) (rules.Registration, error) { return tx.Registration(ref(1)) })
	if r.State != rules.StateActive || r.Slot != 1 || !slices.Equal(r.Terms, []rules.Term{halfYear}) || !r.Received.Equal(received) || !r.EndedAt.IsZero() {
		t.Errorf("accepted: %+v", r)
	}
	wants(t, "a second decision", reject(1), ErrNotFound)
	wants(t, "a decision of nothing", reject(7), ErrNotFound)
	if err := reject(2); err != nil {
		t.Fatal(err)
	}
	r = see(t, db, func(tx *Tx) (rules.Registration, error) { return tx.Registration(ref(2)) })
	if r.State != rules.StateRefused || r.Slot != 0 || len(r.Terms) != 0 || !r.EndedAt.Equal(received.Add(time.Hour)) {
		t.Errorf("rejected: %+v", r)
	}
	if p := see(t, db, func(tx *Tx) (Prospect, error) { return tx.Prospect(ref(2)) }); p.State != ProspectRejected {
		t.Errorf("the rejected prospect is %s", p.State)
	}
	db.update(t, func(tx *Tx) error { _, err := tx.decide("rival", grant(ref(8), "two.example", 2)); return err })

	wants(t, "accepting what another holds", accept(3, 2), ErrTaken)
	same(t, "what waits then", db.waiting(t), []string{"R-000003"})
	if f := folder(); f != rules.FolderReview {
		t.Errorf("the mail goes to %s while something in it waits", f)
	}
	// The holder's term ends: now there is room.
	db.update(t, func(tx *Tx) error { return tx.Touch("rival", nil, "2027-03-01", rules.DefaultPolicy()) })
	wants(t, "accepting under a slot that is held", accept(3, 1), ErrTaken)
	if err := accept(3, 2); err != nil {
		t.Fatal(err)
	}
	if r := see(t, db, func(tx *Tx) (rules.Registration, error) { return tx.Registration(ref(3)) }); r.State != rules.StateActive || r.Slot != 2 {
		t.Errorf("accepted without a slot of its own: %+v", r)
	}
	if f := folder(); f != rules.FolderProcessed {
		t.Errorf("the mail goes to %s when nothing in it waits", f)
	}
	h := see(t, db, func(tx *Tx) ([]Event, error) { return tx.History(string(ref(2))) })
	if last := h[len(h)-1]; last.Actor != "staff" || last.Why != "looked at it" || last.What != "review: rejected" {
		t.Errorf("history: %+v", last)
	}

	// Two members of staff decide at the same time.
	db.update(t, func(tx *Tx) error {
		_, err := tx.decide("northwind", underReview(ref(4), "four.example", 3))
		return err
	})
	oneWins(t, together(4, func(i int) error {
		if i%2 == 0 {
			return accept(4, 3)
		}
		return reject(4)
	}), ErrNotFound)
}

func testReviewContact(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"))
	beside := underReview(ref(2), "acme.example", 0)
	beside.Prospect.Email = "bob@acme.example"
	db.update(t, func(tx *Tx) error {
		_, err := tx.decide("northwind", grant(ref(1), "acme.example", 1), beside)
		return err
	})
	db.update(t, func(tx *Tx) error {
		b, err := tx.Book(tx.from("northwind", "acme.example"), anywhere)
		if err != nil {
			return err
		}
		j, err := rules.AcceptReview(b, ref(2), rules.DefaultPolicy())
		if err != nil {
			return err
		}
		return tx.SettleReview(j, "staff", "the same company")
	})
	r := see(t, db, func(tx *Tx) (rules.Registration, error) { return tx.Registration(ref(1)) })
	same(t, "contacts", r.Contacts, []rules.Contact{contactOf(acme("acme.example")), contactOf(beside.Prospect)})
	if r := see(t, db, func(tx *Tx) (rules.Registration, error) { return tx.Registration(ref(2)) }); r.State != rules.StateRefused || r.EndedAt.IsZero() {
		t.Errorf("the review's own registration: %+v", r)
	}
	if p := see(t, db, func(tx *Tx) (Prospect, error) { return tx.Prospect(ref(2)) }); p.State != ProspectContactAdded {
		t.Errorf("the prospect is %s", p.State)
	}
	same(t, "what waits", db.waiting(t), nil)
}

func testCloseHeld(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"))
	var filed, shadow int64
	db.update(t, func(tx *Tx) error {
		for _, id := range []*int64{&filed, &shadow} {
			var err error
			if *id, err = tx.mail(); err != nil {
				return err
			}
			b, err := tx.Book(tx.from("northwind"), anywhere)
			if err != nil {
				return err
			}
			if err := tx.Record(Record{InboxID: *id, Book: b, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailHeld,
				Judgements: []rules.Judgement{{Ref: b.References[0], Decision: rules.Held}}}}); err != nil {
				return err
			}
		}
		if err := tx.QueueFiling(filed, rules.FolderReview); err != nil {
			return err
		}
		return tx.Filed(filed)
	})
	same(t, "what waits", db.waiting(t), []string{fmt.Sprint("mail ", filed), fmt.Sprint("mail ", shadow)})
	db.update(t, func(tx *Tx) error {
		if err := tx.CloseHeld(shadow, "staff", "answered"); err != nil {
			return err
		}
		return tx.CloseHeld(filed, "staff", "answered")
	})
	same(t, "what waits then", db.waiting(t), nil)
	fs := see(t, db, func(tx *Tx) ([]Filing, error) { return tx.Filings("INBOX", 1, 0) })
	if len(fs) != 1 || fs[0].InboxID != filed || fs[0].From != rules.FolderReview || fs[0].Folder != rules.FolderProcessed {
		t.Errorf("to be filed: %+v", fs)
	}
	db.update(t, func(tx *Tx) error { return tx.Filed(filed) })
	if m := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Inbox(filed) }); m.State != rules.MailFiled || m.Folder != rules.FolderProcessed || m.Waiting {
		t.Errorf("closed and filed: %+v", m)
	}
	if n := db.count(t, "prospects WHERE state = 'lapsed'"); n != 2 {
		t.Errorf("%d prospects were closed with their mail, want 2", n)
	}

	// A prospect under review and a question: the mail stays until both are done.
	both := see(t, db, func(tx *Tx) (int64, error) {
		id, err := tx.mail()
		if err != nil {
			return 0, err
		}
		b, err := tx.Book(tx.from("northwind"), anywhere)
		if err != nil {
			return 0, err
		}
		if err := tx.Record(Record{InboxID: id, Book: b, Policy: rules.DefaultPolicy(), Request: rules.Request{Questions: []string{"When?"}},
			Decision: rules.Decision{State: rules.MailDecided, Folder: rules.FolderReview, Judgements: []rules.Judgement{underReview(ref(1), "a.example", 1)}}}); err != nil {
			return 0, err
		}
		return id, tx.QueueFiling(id, rules.FolderReview)
	})
	goes := func() rules.Folder {
		t.Helper()
		for _, f := range see(t, db, func(tx *Tx) ([]Filing, error) { return tx.Filings("INBOX", 1, 0) }) {
			if f.InboxID == both {
				return f.Folder
			}
		}
		return ""
	}
	db.update(t, func(tx *Tx) error {
		return tx.SettleReview(rules.Judgement{Ref: ref(1), Decision: rules.Accepted, Term: halfYear, Slot: 1}, "staff", "")
	})
	if f := goes(); f != rules.FolderReview {
		t.Errorf("with a question left the mail goes to %s", f)
	}
	db.update(t, func(tx *Tx) error { return tx.CloseHeld(both, "staff", "") })
	if f := goes(); f != rules.FolderProcessed {
		t.Errorf("with nothing left the mail goes to %s", f)
	}
	wants(t, "closing what does not wait", db.Update(context.Background(), received, func(tx *Tx) error { return tx.CloseHeld(filed, "staff", "") }), ErrNotFound)
}

func testWaiting(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"))
	for name, test := range map[string]struct {
		r    Record
		want bool
	}{
		"a held mail": {Record{Decision: rules.Decision{State: rules.MailHeld, Folder: rules.FolderReview}}, true},
		"a decided mail": {Record{Decision: rules.Decision{State: rules.MailDecided, Folder: rules.FolderProcessed,
			Judgements: []rules.Judgement{{Decision: rules.Rejected}}}}, false},
		"a prospect under review, and nothing else": {Record{Decision: rules.Decision{State: rules.MailDecided, Folder: rules.FolderReview,
			Judgements: []rules.Judgement{underReview(anywhere(), "a.example", 1)}}}, false},
		"a prospect under review, and a question": {Record{Request: rules.Request{Questions: []string{"When?"}}, Decision: rules.Decision{State: rules.MailDecided,
			Folder: rules.FolderReview, Judgements: []rules.Judgement{underReview(anywhere(), "b.example", 2)}}}, true},
		"a prospect held, another decided": {Record{Decision: rules.Decision{State: rules.MailDecided, Folder: rules.FolderReview,
			Judgements: []rules.Judgement{{Ref: anywhere(), Decision: rules.Held}, grant(anywhere(), "c.example", 3)}}}, true},
		"something that a person must do": {Record{Decision: rules.Decision{State: rules.MailDecided, Folder: rules.FolderReview,
			Actions: []rules.Action{{Verb: rules.VerbStatus, Decision: rules.Held}}}}, true},
		"a question beside a registration": {Record{Request: rules.Request{Questions: []string{"When?"}}, Decision: rules.Decision{State: rules.MailDecided,
			Folder: rules.FolderReview, Judgements: []rules.Judgement{grant(anywhere(), "d.example", 4)}}}, true},
		"a question in what is ignored": {Record{Request: rules.Request{Questions: []string{"When?"}}, Decision: rules.Decision{State: rules.MailIgnored,
			Folder: rules.FolderAutomatic}}, false},
	} {
		m := see(t, db, func(tx *Tx) (InboxMessage, error) {
			id, err := tx.mail()
			if err != nil {
				return InboxMessage{}, err
			}
			if test.r.Book, err = tx.Book(tx.from("northwind"), anywhere); err != nil {
				return InboxMessage{}, err
			}
			test.r.InboxID, test.r.Policy = id, rules.DefaultPolicy()
			if err := tx.Record(test.r); err != nil {
				return InboxMessage{}, err
			}
			return tx.Inbox(id)
		})
		if m.Waiting != test.want {
			t.Errorf("%s waits for a person: %v, want %v", name, m.Waiting, test.want)
		}
	}
}

func testImport(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"), joined("rival"))
	reg := rules.Registration{Ref: ref(1), Partner: "northwind", Organisation: "acme.example", Prospect: acme("acme.example"), State: rules.StateActive,
		Received: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Terms: []rules.Term{{N: 1, From: "2026-05-01", Until: "2026-11-01"}}}
	enter := func(reg rules.Registration, most int) error {
		return db.Update(context.Background(), received, func(tx *Tx) error { return tx.ImportRegistration(reg, most, "staff") })
	}
	if err := enter(reg, 2); err != nil {
		t.Fatal(err)
	}
	again := reg
	again.Ref = ref(2)
	if err := enter(again, 2); err != nil {
		t.Errorf("the same line again: %v", err)
	}
	want := reg
	want.Slot, want.Contacts = 1, []rules.Contact{contactOf(reg.Prospect)}
	same(t, "imported", see(t, db, func(tx *Tx) ([]rules.Registration, error) { return tx.Registrations(RegistrationFilter{}) }), []rules.Registration{want})
	got := see(t, db, func(tx *Tx) (rules.Reference, error) { return tx.Imported("northwind", "acme.example", "2026-05-01") })
	if got != ref(1) {
		t.Errorf("known as %s", got)
	}

	other := reg
	other.Ref, other.Partner = ref(3), "rival"
	wants(t, "an organisation that is held", enter(other, 50), ErrTaken)
	two := reg
	two.Ref, two.Organisation, two.State, two.Received = ref(4), "two.example", "", time.Time{}
	if err := enter(two, 2); err != nil {
		t.Fatal(err)
	}
	if r := see(t, db, func(tx *Tx) (rules.Registration, error) { return tx.Registration(ref(4)) }); r.State != rules.StateActive || r.Slot != 2 ||
		!r.Received.Equal(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("what the line left out: %+v", r)
	}
	three := reg
	three.Ref, three.Organisation = ref(5), "three.example"
	wants(t, "one beyond the cap", enter(three, 2), ErrTaken)
	old := three
	old.State, old.Terms = "", []rules.Term{{From: "2025-01-01", Until: "2025-07-01"}, {From: "2025-07-02", Until: "2025-09-30"}}
	if err := enter(old, 2); err != nil {
		t.Fatal(err)
	}
	if r := see(t, db, func(tx *Tx) (rules.Registration, error) { return tx.Registration(ref(5)) }); r.State != rules.StateExpired || r.Slot != 0 ||
		len(r.Terms) != 2 || r.Terms[1].N != 2 {
		t.Errorf("an ended one: %+v", r)
	}
	nobodys := reg
	nobodys.Ref, nobodys.Partner, nobodys.Organisation = ref(6), "nobody", "six.example"
	wants(t, "a partner that is none", enter(nobodys, 2), ErrNotFound)
	none := reg
	none.Ref, none.Terms = ref(7), nil
	if err := enter(none, 2); err == nil {
		t.Error("a registration without a term was imported")
	}
}

func testCustomers(t *testing.T, s server) {
	db := fresh(t, s)
	save := func(c rules.Customer) {
		t.Helper()
		db.update(t, func(tx *Tx) error { return tx.SaveCustomer(c, "staff") })
	}
	save(rules.Customer{Organisation: "b.example", Name: "B"})
	save(rules.Customer{Organisation: "a.example", Name: "A"})
	save(rules.Customer{Organisation: "b.example", Name: "B"})
	save(rules.Customer{Organisation: "b.example", Name: "Bee"})
	same(t, "by organisation, renamed", see(t, db, func(tx *Tx) ([]rules.Customer, error) { return tx.Customers() }),
		[]rules.Customer{{Organisation: "a.example", Name: "A"}, {Organisation: "b.example", Name: "Bee"}})
	if h := see(t, db, func(tx *Tx) ([]Event, error) { return tx.History("b.example") }); len(h) != 2 {
		t.Errorf("%d lines of history, want one for each change", len(h))
	}
}

func testLists(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"), joined("rival"))
	var mails []int64
	db.update(t, func(tx *Tx) error {
		for i, p := range []rules.PartnerID{"northwind", "northwind", "rival"} {
			id, err := tx.decide(p, grant(ref(i+1), rules.OrganisationKey(fmt.Sprintf("o%d.example", i)), i%2+1))
			if err != nil {
				return err
			}
			mails = append(mails, id)
			if _, err := tx.Queue(OutboxMessage{Key: fmt.Sprint(i), Kind: "reply", Partner: p, InboxID: id}); err != nil {
				return err
			}
		}
		return tx.Touch("rival", nil, "2027-03-01", rules.DefaultPolicy())
	})
	for name, test := range map[string]struct {
		filter RegistrationFilter
		want   []rules.Reference
	}{
		"all":                      {RegistrationFilter{}, []rules.Reference{ref(1), ref(2), ref(3)}},
		"of a partner":             {RegistrationFilter{Partner: "northwind"}, []rules.Reference{ref(1), ref(2)}},
		"at an organisation":       {RegistrationFilter{Organisation: "o1.example"}, []rules.Reference{ref(2)}},
		"of one, where another is": {RegistrationFilter{Partner: "northwind", Organisation: "o2.example"}, nil},
	} {
		var got []rules.Reference
		for _, r := range see(t, db, func(tx *Tx) ([]rules.Registration, error) { return tx.Registrations(test.filter) }) {
			got = append(got, r.Ref)
		}
		same(t, "registrations: "+name, got, test.want)
	}
	for name, test := range map[string]struct {
		filter InboxFilter
		want   []int64
	}{
		"all, newest first": {InboxFilter{}, []int64{mails[2], mails[1], mails[0]}},
		"of a partner":      {InboxFilter{Partner: "northwind"}, []int64{mails[1], mails[0]}},
		"in a state":        {InboxFilter{State: rules.MailFound}, nil},
		"the newest":        {InboxFilter{State: rules.MailDecided, Limit: 1}, []int64{mails[2]}},
	} {
		var got []int64
		for _, m := range see(t, db, func(tx *Tx) ([]InboxMessage, error) { return tx.InboxList(test.filter) }) {
			got = append(got, m.ID)
		}
		same(t, "inbox: "+name, got, test.want)
	}
	for name, test := range map[string]struct {
		filter OutboxFilter
		want   []string
	}{
		"all, newest first": {OutboxFilter{}, []string{"2", "1", "0"}},
		"of a partner":      {OutboxFilter{Partner: "northwind"}, []string{"1", "0"}},
		"about a mail":      {OutboxFilter{InboxID: mails[1]}, []string{"1"}},
		"in a state":        {OutboxFilter{State: OutboxSent}, nil},
		"the newest":        {OutboxFilter{Limit: 1}, []string{"2"}},
	} {
		var got []string
		for _, m := range see(t, db, func(tx *Tx) ([]OutboxMessage, error) { return tx.OutboxList(test.filter) }) {
			got = append(got, m.Key)
		}
		same(t, "outbox: "+name, got, test.want)
	}
}
