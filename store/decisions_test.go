package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"leadmail/rules"
)

func testDecidedOnce(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"))
	id := see(t, db, func(tx *Tx) (int64, error) { return tx.mail() })
	record := func(pass int, d rules.Decision) error {
		return db.Update(context.Background(), received, func(tx *Tx) error {
			b, err := tx.Book(tx.from("northwind"), anywhere)
			if err != nil {
				return err
			}
			b.Duplicate = 7
			return tx.Record(Record{InboxID: id, Pass: pass, Book: b, Policy: rules.DefaultPolicy(), Decision: d})
		})
	}
	first := rules.Decision{State: rules.MailHeld, Folder: rules.FolderReview, Why: "a person must answer", Received: received, Today: today}
	if err := record(0, first); err != nil {
		t.Fatal(err)
	}
	m := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Inbox(id) })
	if m.State != rules.MailHeld || m.Partner != "northwind" || m.Verdict != rules.Trusted || m.Why != "a person must answer" || m.Duplicate != 7 ||
		m.Pass != 1 || !m.Waiting || !m.DecidedAt.Equal(received) || m.Folder != "" {
		t.Errorf("the ledger after a decision: %+v", m)
	}
	for _, pass := range []int{0, 1} {
		wants(t, "a second decision of pass 1", record(pass, rules.Decision{State: rules.MailDecided,
			Judgements: []rules.Judgement{grant("R-000001", "acme.example", 1)}}), ErrDecided)
	}
	if n := db.count(t, "registrations"); n != 0 {
		t.Errorf("a refused decision left %d registrations", n)
	}
	if err := record(2, rules.Decision{State: rules.MailDecided, Judgements: []rules.Judgement{grant("R-000001", "acme.example", 1)}}); err != nil {
		t.Errorf("pass 2: %v", err)
	}
	rs := see(t, db, func(tx *Tx) ([]Record, error) { return tx.Decision(id) })
	if len(rs) != 2 || rs[0].Pass != 1 || rs[1].Pass != 2 || rs[0].Decision.Why != "a person must answer" || rs[1].Book.Sender.Partner != "northwind" {
		t.Errorf("the decisions of both passes: %+v", rs)
	}
	if n := db.count(t, "policies"); n != 1 {
		t.Errorf("one policy is stored %d times", n)
	}
	if rs := see(t, db, func(tx *Tx) ([]Record, error) { return tx.Decision(999) }); len(rs) != 0 {
		t.Errorf("the decisions of no mail: %+v", rs)
	}
	if err := db.Update(context.Background(), received, func(tx *Tx) error {
		return tx.Record(Record{InboxID: 999, Policy: rules.DefaultPolicy()})
	}); err == nil {
		t.Error("a mail that is not in the ledger was decided")
	}
}

func testOutcomes(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"), joined("rival"))
	var mail int64
	decide := func(js ...rules.Judgement) {
		t.Helper()
		mail = see(t, db, func(tx *Tx) (int64, error) { return tx.decide("northwind", js...) })
	}
	prospect := func(ref rules.Reference) Prospect {
		t.Helper()
		return see(t, db, func(tx *Tx) (Prospect, error) { return tx.Prospect(ref) })
	}
	registration := func(ref rules.Reference) rules.Registration {
		t.Helper()
		return see(t, db, func(tx *Tx) (rules.Registration, error) { return tx.Registration(ref) })
	}
	asks := func() []rules.Ask {
		t.Helper()
		return see(t, db, func(tx *Tx) ([]rules.Ask, error) { return tx.Asks("northwind") })
	}
	none := func(ref rules.Reference) {
		t.Helper()
		_, err := see2(db, func(tx *Tx) (rules.Registration, error) { return tx.Registration(ref) })
		wants(t, "a registration of "+string(ref), err, ErrNotFound)
	}
	missing := []rules.Reason{{Code: rules.MissingField, Field: rules.URL}}

	// Accepted.
	decide(grant(ref(1), "acme.example", 1))
	active := rules.Registration{Ref: ref(1), Partner: "northwind", Organisation: "acme.example", Prospect: acme("acme.example"),
		Contacts: []rules.Contact{contactOf(acme("acme.example"))}, State: rules.StateActive, Received: received, Terms: []rules.Term{halfYear}, Slot: 1}
	same(t, "accepted", registration(ref(1)), active)
	same(t, "accepted, as a prospect", prospect(ref(1)), Prospect{Ref: ref(1), InboxID: mail, Partner: "northwind", State: ProspectAccepted,
		Prospect: acme("acme.example"), Organisation: "acme.example", Last: received, DecidedAt: received})

	// A further contact, and the same one in other letters.
	bob := rules.Judgement{Ref: ref(1), Holds: ref(1), Decision: rules.ContactAdded, Organisation: "acme.example",
		Prospect: rules.Prospect{FirstName: "Bob", LastName: "Bauer", Email: "bob@acme.example"}, Term: halfYear}
	shouting := bob
	shouting.Prospect.Email = "BOB@acme.example"
	decide(bob, shouting)
	active.Contacts = append(active.Contacts, contactOf(bob.Prospect))
	same(t, "contact added", registration(ref(1)), active)

	// Registered already: nothing changes, and no prospect is new.
	decide(rules.Judgement{Ref: ref(1), Holds: ref(1), Decision: rules.Rejected, Reasons: []rules.Reason{{Code: rules.AlreadyRegistered}}, Prospect: acme("acme.example")})
	same(t, "already registered", registration(ref(1)), active)
	if n := db.count(t, "prospects"); n != 1 {
		t.Errorf("%d prospects, want 1", n)
	}

	// Rejected.
	decide(rules.Judgement{Ref: ref(2), Decision: rules.Rejected, Reasons: []rules.Reason{{Code: rules.Conflict}}, Prospect: acme("taken.example"), Organisation: "taken.example"})
	if p := prospect(ref(2)); p.State != ProspectRejected || len(p.Reasons) != 1 || p.Reasons[0].Code != rules.Conflict {
		t.Errorf("rejected: %+v", p)
	}
	none(ref(2))

	// An ask, asked again, completed.
	incomplete := rules.Prospect{Company: "Kuanza Coffee", Email: "jo@kuanza.example"}
	decide(rules.Judgement{Ref: ref(3), Decision: rules.NeedsInfo, Reasons: missing, Prospect: incomplete, Asked: 1, Proposal: "kuanza.example"})
	same(t, "asked", asks(), []rules.Ask{{Ref: ref(3), Partner: "northwind", Prospect: incomplete, Asked: 1, Last: received, Proposal: "kuanza.example"}})
	none(ref(3))
	decide(rules.Judgement{Ref: ref(3), Ask: ref(3), Decision: rules.NeedsInfo, Reasons: missing, Prospect: incomplete, Asked: 2, NoWebsite: true})
	same(t, "asked again", asks(), []rules.Ask{{Ref: ref(3), Partner: "northwind", Prospect: incomplete, Asked: 2, Last: received, NoWebsite: true}})
	decide(rules.Judgement{Ref: ref(3), Ask: ref(3), Decision: rules.Held, Reasons: missing, Prospect: incomplete})
	if got := asks(); len(got) != 1 || got[0].Asked != 2 {
		t.Errorf("an ask that a person looks at does not stay as it was: %+v", got)
	}
	if m := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Inbox(mail) }); !m.Waiting {
		t.Error("a mail with a held prospect does not wait for a person")
	}
	done := grant(ref(3), "kuanza.example", 2)
	done.Ask = ref(3)
	decide(done)
	same(t, "asks after completion", asks(), nil)
	if r := registration(ref(3)); r.State != rules.StateActive || r.Slot != 2 {
		t.Errorf("completed: %+v", r)
	}
	err := second(see2(db, func(tx *Tx) (int64, error) { return tx.decide("northwind", done) }))
	wants(t, "completing what is complete", err, ErrTaken)
	err = second(see2(db, func(tx *Tx) (int64, error) {
		return tx.decide("northwind", rules.Judgement{Ref: ref(3), Ask: ref(3), Decision: rules.NeedsInfo, Reasons: missing, Asked: 3})
	}))
	wants(t, "asking again for what is complete", err, ErrTaken)

	// An ask that turns out to belong to a registration closes.
	decide(rules.Judgement{Ref: ref(4), Decision: rules.NeedsInfo, Reasons: missing, Prospect: rules.Prospect{Company: "Acme"}, Asked: 1})
	carol := rules.Judgement{Ref: ref(1), Holds: ref(1), Ask: ref(4), Decision: rules.ContactAdded, Organisation: "acme.example",
		Prospect: rules.Prospect{FirstName: "Carol", LastName: "C", Email: "carol@acme.example"}, Term: halfYear}
	decide(carol)
	active.Contacts = append(active.Contacts, contactOf(carol.Prospect))
	same(t, "an ask that became a contact", registration(ref(1)), active)
	same(t, "asks after it", asks(), nil)
	if p := prospect(ref(4)); p.State != ProspectContactAdded {
		t.Errorf("the ask is %s", p.State)
	}

	// Another partner's ask is not ours to complete.
	err = second(see2(db, func(tx *Tx) (int64, error) {
		if _, err := tx.decide("rival", rules.Judgement{Ref: ref(5), Decision: rules.NeedsInfo, Reasons: missing, Asked: 1}); err != nil {
			return 0, err
		}
		stolen := grant(ref(5), "stolen.example", 3)
		stolen.Ask = ref(5)
		return tx.decide("northwind", stolen)
	}))
	wants(t, "another partner's ask", err, ErrTaken)
	err = second(see2(db, func(tx *Tx) (int64, error) {
		j := bob
		j.Decision, j.Term, j.Slot = rules.Renewed, rules.Term{From: today, Until: today}, 9
		return tx.decide("rival", j)
	}))
	wants(t, "another partner's registration", err, ErrNotFound)

	// Under review: with a slot it reserves the organisation, without it does not.
	reserve := grant(ref(6), "unclear.example", 3)
	reserve.Decision, reserve.Term, reserve.Reasons = rules.Review, rules.Term{}, []rules.Reason{{Code: rules.UnclearOrganisation}}
	beside := grant(ref(7), "acme.example", 0)
	beside.Decision, beside.Term, beside.Reasons = rules.Review, rules.Term{}, []rules.Reason{{Code: rules.GrantedMeanwhile}}
	decide(reserve, beside)
	for n, want := range map[int]int{6: 3, 7: 0} {
		r := registration(ref(n))
		if r.State != rules.StateUnderReview || r.Slot != want || len(r.Terms) != 0 || len(r.Contacts) != 1 {
			t.Errorf("under review: %+v", r)
		}
	}
	err = second(see2(db, func(tx *Tx) (int64, error) { return tx.decide("rival", grant(ref(8), "unclear.example", 1)) }))
	wants(t, "what is reserved by a review", err, ErrTaken)

	// Held with its mail.
	decide(rules.Judgement{Ref: ref(9), Decision: rules.Held, Prospect: incomplete})
	if p := prospect(ref(9)); p.State != ProspectHeld {
		t.Errorf("held: %+v", p)
	}

	// Renewed after its end: another term of the same registration.
	next := rules.Term{N: 2, From: "2027-03-01", Until: "2027-05-30"}
	db.update(t, func(tx *Tx) error { return tx.Touch("northwind", nil, "2027-03-01", rules.DefaultPolicy()) })
	if r := registration(ref(1)); r.State != rules.StateExpired || r.Slot != 0 {
		t.Errorf("after its last day: %+v", r)
	}
	decide(rules.Judgement{Ref: ref(1), Holds: ref(1), Decision: rules.Renewed, Organisation: "acme.example", Prospect: acme("acme.example"), Term: next, Slot: 7})
	active.Terms, active.Slot = append(active.Terms, next), 7
	same(t, "renewed", registration(ref(1)), active)

	// Each decision is in the history of its reference.
	var what []string
	for _, e := range see(t, db, func(tx *Tx) ([]Event, error) { return tx.History(string(ref(3))) }) {
		what = append(what, e.What)
		if e.Actor != "partner northwind" || !strings.HasPrefix(e.Why, "mail ") {
			t.Errorf("history: %+v", e)
		}
	}
	same(t, "history of an ask", what, []string{"needs_info", "needs_info", "held", "accepted"})
}

// Whatever mail comes in whatever order, the store's Book after a decision is
// rules.Apply of the one before, and no promise is broken.
func testModel(t *testing.T, s server) {
	db := fresh(t, s)
	policy := rules.DefaultPolicy()
	policy.MaxOutstanding, policy.MaxAsks = 3, 1
	newRef := references()
	sequence := 0
	outcomes := map[rules.Outcome]int{}
	rapid.Check(t, func(rt *rapid.T) {
		sequence++
		partners := make([]rules.Partner, 3)
		for i := range partners {
			partners[i] = joined(rules.PartnerID(fmt.Sprintf("p%d-%d", i, sequence)))
		}
		db.enter(t, partners...)
		now := received
		for range rapid.IntRange(1, 3).Draw(rt, "groups") {
			now = now.AddDate(0, 0, rapid.SampledFrom([]int{0, 1, 40, 100, 190}).Draw(rt, "days"))
			err := db.Update(context.Background(), now, func(tx *Tx) error {
				for range rapid.IntRange(1, 4).Draw(rt, "mails") {
					tx.now = tx.now.Add(time.Second) // what comes in one second counts as one question
					p := rapid.SampledFrom(partners).Draw(rt, "partner")
					d, err := oneMail(rt, tx, p, sequence, policy, newRef)
					if err != nil {
						return err
					}
					for _, j := range d.Judgements {
						outcomes[j.Decision]++
					}
				}
				return nil
			})
			if err != nil {
				rt.Fatal(err)
			}
		}
		var regs []rules.Registration
		for _, p := range partners {
			regs = append(regs, see(t, db, func(tx *Tx) ([]rules.Registration, error) { return tx.Registrations(RegistrationFilter{Partner: p.ID}) })...)
		}
		holders, slots := map[rules.OrganisationKey]int{}, map[rules.PartnerID]int{}
		for _, r := range regs {
			if r.Slot > 0 {
				holders[r.Organisation]++
				slots[r.Partner]++
			}
			if holders[r.Organisation] > 1 || slots[r.Partner] > policy.MaxOutstanding {
				rt.Fatalf("%s is held %d times, %s holds %d", r.Organisation, holders[r.Organisation], r.Partner, slots[r.Partner])
			}
		}
	})
	met(t, outcomes)
}

// met says whether random mail reached every outcome: a model is worth what it
// met. A run that was made short on purpose proves less.
func met(t *testing.T, outcomes map[rules.Outcome]int) {
	t.Helper()
	all := 0
	for _, n := range outcomes {
		all += n
	}
	if all < 500 {
		return
	}
	for _, o := range []rules.Outcome{rules.Accepted, rules.ContactAdded, rules.Rejected, rules.NeedsInfo, rules.Review, rules.Renewed, rules.Held} {
		if outcomes[o] == 0 {
			t.Errorf("no random mail was %s: %v", o, outcomes)
		}
	}
}

// oneMail decides one random mail and compares the Book that it leaves with the
// model's.
func oneMail(rt *rapid.T, tx *Tx, p rules.Partner, sequence int, policy rules.Policy, newRef func() rules.Reference) (rules.Decision, error) {
	asks, err := tx.Asks(p.ID)
	if err != nil {
		return rules.Decision{}, err
	}
	req := rules.Request{Kind: rules.KindRegistration, From: p.Addresses[0]}
	for i := range rapid.IntRange(1, 3).Draw(rt, "prospects") {
		domain := fmt.Sprintf("%s%d.com", rapid.SampledFrom([]string{"acme", "bolt", "core", "dune"}).Draw(rt, "organisation"), sequence)
		read := rules.Reading{Prospect: acme(rules.OrganisationKey(domain))}
		read.Email = rapid.SampledFrom([]string{"ana", "bob"}).Draw(rt, "contact") + "@" + domain
		if rapid.IntRange(0, 5).Draw(rt, "name") == 0 {
			read.Company = "Bolt " + fmt.Sprint(sequence)
		}
		if rapid.IntRange(0, 2).Draw(rt, "complete") == 0 {
			read.Set(rapid.SampledFrom(rules.Fields[:]).Draw(rt, "missing"), "")
		}
		if len(asks) > 0 && rapid.Bool().Draw(rt, "answers") {
			ask := rapid.SampledFrom(asks).Draw(rt, "ask")
			read.Ref = ask.Ref
			if rapid.Bool().Draw(rt, "incomplete again") {
				for _, f := range rules.Fields {
					if ask.Prospect.Get(f) == "" {
						read.Set(f, "")
					}
				}
			}
		}
		req.Prospects = append(req.Prospects, read)
		req.Items = append(req.Items, rules.Item{Verb: rules.VerbRegister, Prospect: &i})
	}
	orgs, names := rules.Keys(req, asks, policy)
	if err := tx.Touch(p.ID, orgs, policy.Day(tx.now), rules.DefaultPolicy()); err != nil {
		return rules.Decision{}, err
	}
	q := tx.from(p.ID, orgs...)
	q.Names = names
	before, err := tx.Book(q, newRef)
	if err != nil {
		return rules.Decision{}, err
	}
	d := rules.Decide(before, req, policy)
	mail, err := tx.mail()
	if err != nil {
		return d, err
	}
	if err := tx.Record(Record{InboxID: mail, Book: before, Request: req, Policy: policy, Decision: d}); err != nil {
		return d, err
	}
	got, err := tx.Book(q, newRef)
	if err != nil {
		return d, err
	}
	want := rules.Apply(before, d)
	byRef := cmpopts.SortSlices(func(a, b rules.Registration) bool { return a.Ref < b.Ref })
	if diff := cmp.Diff(want.Registrations, got.Registrations, byRef, cmpopts.EquateEmpty()); diff != "" {
		return d, fmt.Errorf("registrations after %+v (-model +store):\n%s", d.Judgements, diff)
	}
	if diff := cmp.Diff(want.Asks, got.Asks, cmpopts.SortSlices(func(a, b rules.Ask) bool { return a.Ref < b.Ref }), cmpopts.EquateEmpty()); diff != "" {
		return d, fmt.Errorf("asks after %+v (-model +store):\n%s", d.Judgements, diff)
	}
	return d, nil
}

func testBook(t *testing.T, s server) {
	db := fresh(t, s)
	northwind, rival := joined("northwind"), joined("rival")
	northwind.Domains, northwind.Addresses = []string{"northwind.example"}, append(northwind.Addresses, "jo@northwind.example")
	rival.Organisation = "rival-holding.example"
	db.enter(t, northwind, rival)
	named := func(r rules.Judgement, company string) rules.Judgement { r.Prospect.Company = company; return r }
	missing := []rules.Reason{{Code: rules.MissingField, Field: rules.URL}}
	var conversation string
	db.update(t, func(tx *Tx) error {
		for _, step := range []struct {
			partner rules.PartnerID
			js      []rules.Judgement
		}{
			{"northwind", []rules.Judgement{
				grant(ref(1), "mine.example", 1),
				{Ref: ref(2), Decision: rules.NeedsInfo, Reasons: missing, Prospect: rules.Prospect{Company: "Open"}, Asked: 1},
				{Ref: ref(3), Decision: rules.Rejected, Reasons: missing, Prospect: acme("rejected.example"), Organisation: "named.example"},
			}},
			{"rival", []rules.Judgement{
				grant(ref(11), "named.example", 1),
				named(grant(ref(12), "elsewhere.example", 2), "Kuanza Coffee Inc."),
				named(grant(ref(13), "unrelated.example", 3), "Unrelated"),
				{Ref: ref(14), Decision: rules.NeedsInfo, Reasons: missing, Prospect: rules.Prospect{Company: "Kuanza Coffee"}, Asked: 1},
			}},
		} {
			if _, err := tx.decide(step.partner, step.js...); err != nil {
				return err
			}
		}
		// An ended registration at a named organisation, one under a named name, and
		// one of the partner's own elsewhere.
		for i, ended := range []rules.Registration{
			{Partner: "rival", Organisation: "ended.example", Prospect: acme("ended.example")},
			{Partner: "rival", Organisation: "ended-elsewhere.example", Prospect: rules.Prospect{Company: "Kuanza Coffee"}},
			{Partner: "northwind", Organisation: "ended-mine.example", Prospect: acme("ended-mine.example")},
		} {
			ended.Ref, ended.State, ended.Received = ref(21+i), rules.StateExpired, received.AddDate(-1, 0, 0)
			ended.Terms = []rules.Term{{N: 1, From: "2025-01-01", Until: "2025-07-01"}, {N: 2, From: "2025-07-02", Until: "2025-09-30"}}
			if err := tx.ImportRegistration(ended, 50, "staff"); err != nil {
				return err
			}
		}
		for _, c := range []rules.Customer{{Organisation: "named.example", Name: "Named"}, {Organisation: "other.example", Name: "Other"}} {
			if err := tx.SaveCustomer(c, "staff"); err != nil {
				return err
			}
		}
		for i, m := range []OutboxMessage{
			{Partner: "northwind", MessageID: "old@vendor", Numbering: []rules.Reference{ref(1)}},
			{Partner: "northwind", MessageID: "new@vendor", Numbering: []rules.Reference{ref(3), ref(2)}},
			{Partner: "northwind", MessageID: "unrelated@vendor", Numbering: []rules.Reference{ref(1)}},
			{Partner: "rival", MessageID: "rivals@vendor", Numbering: []rules.Reference{ref(14)}},
			{Partner: "northwind", MessageID: "receipt@vendor"}, // numbers nothing, so it takes no answer
		} {
			m.Key = fmt.Sprint("reply/", i)
			if _, err := tx.Queue(m); err != nil {
				return err
			}
		}
		conversation = "new@vendor"
		return nil
	})
	b := see(t, db, func(tx *Tx) (rules.Book, error) {
		q := tx.from("northwind", "named.example", "ended.example", "rival.example", "rival-holding.example", "northwind.example")
		q.Names = []rules.NameKey{rules.NameKeyOf("Kuanza Coffee")}
		q.Thread = []string{"rivals@vendor", "old@vendor", "theirs@northwind", "new@vendor", "receipt@vendor"}
		return tx.Book(q, anywhere)
	})
	same(t, "the partner", *b.Partner, northwind)
	if !b.Received.Equal(received) || b.Sender.Verdict != rules.Trusted {
		t.Errorf("received %v from %+v", b.Received, b.Sender)
	}
	var refs []rules.Reference
	for _, r := range b.Registrations {
		refs = append(refs, r.Ref)
		if r.Ref == ref(21) && (len(r.Terms) != 2 || r.Until() != "2025-09-30" || len(r.Contacts) != 1) {
			t.Errorf("an ended registration comes as %+v", r)
		}
	}
	slices.Sort(refs)
	same(t, "registrations: mine in a slot, all at the organisations, outstanding under the names", refs, []rules.Reference{ref(1), ref(11), ref(12), ref(21)})
	same(t, "asks", b.Asks, []rules.Ask{{Ref: ref(2), Partner: "northwind", Prospect: rules.Prospect{Company: "Open"}, Asked: 1, Last: received}})
	same(t, "customers", b.Customers, []rules.Customer{{Organisation: "named.example", Name: "Named"}})
	same(t, "other partners' own organisations", b.Partners, map[rules.OrganisationKey]rules.PartnerID{"rival.example": "rival", "rival-holding.example": "rival"})
	same(t, "the conversation", b.Conversation, rules.Conversation{MessageID: conversation, Numbering: []rules.Reference{ref(3), ref(2)}})
	if len(b.References) != 3 {
		t.Errorf("candidates: %v", b.References)
	}

	// Nobody's mail has an empty Book, also where the thread is somebody's.
	b = see(t, db, func(tx *Tx) (rules.Book, error) {
		return tx.Book(rules.Query{Received: received, Sender: rules.Sender{Address: "x@nowhere.example"}, Thread: []string{"old@vendor"}}, anywhere)
	})
	if b.Partner != nil || len(b.Registrations)+len(b.Asks)+len(b.Customers)+len(b.Partners)+len(b.References) != 0 || b.Conversation.MessageID != "" {
		t.Errorf("a stranger's Book: %+v", b)
	}
	_, err := see2(db, func(tx *Tx) (rules.Book, error) { return tx.Book(tx.from("nobody"), anywhere) })
	wants(t, "a partner that is none", err, ErrNotFound)
}

func testBookQueries(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"))
	var orgs []rules.OrganisationKey
	var names []rules.NameKey
	db.update(t, func(tx *Tx) error {
		var js []rules.Judgement
		for i := range 40 {
			org := rules.OrganisationKey(fmt.Sprintf("o%d.example", i))
			orgs = append(orgs, org)
			names = append(names, rules.NameKeyOf(string(org)))
			js = append(js, grant(anywhere(), org, i+1))
		}
		_, err := tx.decide("northwind", js...)
		return err
	})
	queries := func(n int) int {
		return see(t, db, func(tx *Tx) (int, error) {
			before := tx.queries
			q := tx.from("northwind", orgs[:n]...)
			q.Names, q.Candidates, q.Thread = names[:n], n, []string{"a", "b"}[:min(n, 2)]
			b, err := tx.Book(q, anywhere)
			if err == nil && len(b.Registrations) != 40 {
				err = fmt.Errorf("%d registrations", len(b.Registrations))
			}
			return tx.queries - before, err
		})
	}
	if one, many := queries(1), queries(40); one != many || many > 16 {
		t.Errorf("%d queries for one prospect, %d for 40, want the same and 16 at most", one, many)
	}
}

func testCandidates(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"))
	db.update(t, func(tx *Tx) error {
		_, err := tx.decide("northwind", grant(ref(2), "a.example", 1), rules.Judgement{Ref: ref(4), Decision: rules.Rejected})
		return err
	})
	draws := []rules.Reference{ref(1), ref(1), ref(2), ref(3), ref(4), ref(5), ref(6)}
	next := func() rules.Reference { r := draws[0]; draws = draws[1:]; return r }
	b := see(t, db, func(tx *Tx) (rules.Book, error) { return tx.Book(tx.from("northwind"), next) })
	same(t, "unused, in order, each once", b.References, []rules.Reference{ref(1), ref(3), ref(5)})
	_, err := see2(db, func(tx *Tx) (rules.Book, error) {
		return tx.Book(tx.from("northwind"), func() rules.Reference { return ref(2) })
	})
	if err == nil {
		t.Error("a source that only repeats a used reference was accepted")
	}
	// A reference that another transaction took meanwhile.
	err = second(see2(db, func(tx *Tx) (int64, error) { return tx.decide("northwind", grant(ref(2), "b.example", 2)) }))
	wants(t, "a reference that is in use", err, ErrTaken)
}

func testTouch(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"), joined("rival"))
	db.update(t, func(tx *Tx) error {
		_, err := tx.decide("northwind", grant(ref(1), "acme.example", 1), grant(ref(2), "bolt.example", 2))
		return err
	})
	states := func() (got []string) {
		for _, r := range see(t, db, func(tx *Tx) ([]rules.Registration, error) { return tx.Registrations(RegistrationFilter{}) }) {
			got = append(got, fmt.Sprintf("%s %s %d", r.Ref, r.State, r.Slot))
		}
		slices.Sort(got)
		return got
	}
	touch := func(p rules.PartnerID, day rules.Date, orgs ...rules.OrganisationKey) {
		t.Helper()
		db.update(t, func(tx *Tx) error { return tx.Touch(p, orgs, day, rules.DefaultPolicy()) })
	}
	both := []string{"R-000001 active 1", "R-000002 active 2"}
	touch("northwind", halfYear.Until)
	same(t, "on the last day, which counts", states(), both)
	touch("rival", "2027-03-01", "other.example")
	same(t, "somebody else's business the day after", states(), both)
	touch("rival", "2027-03-01", "acme.example")
	same(t, "the day after, the organisation named", states(), []string{"R-000001 expired 0", "R-000002 active 2"})
	db.update(t, func(tx *Tx) error { _, err := tx.decide("rival", grant(ref(3), "acme.example", 1)); return err })
	touch("northwind", "2027-03-01")
	same(t, "the day after, the partner's own", states(), []string{"R-000001 expired 0", "R-000002 expired 0", "R-000003 active 1"})
	touch("", "2027-03-01", "acme.example")
	same(t, "a stranger's mail closes too", states(), []string{"R-000001 expired 0", "R-000002 expired 0", "R-000003 expired 0"})
	err := db.Update(context.Background(), received, func(tx *Tx) error { return tx.Touch("nobody", nil, today, rules.DefaultPolicy()) })
	wants(t, "a partner that is none", err, ErrNotFound)
}

// stale loads a Book for each of n decisions before any of them is recorded, and
// then records them all at once, each over a connection of its own.
func stale(t *testing.T, url string, n int, record func(i int, tx *Tx, b rules.Book) error, partner func(i int) rules.PartnerID) []error {
	t.Helper()
	dbs, books := make([]*DB, n), make([]rules.Book, n)
	for i := range n {
		dbs[i] = connect(t, url)
		books[i] = see(t, dbs[i], func(tx *Tx) (rules.Book, error) { return tx.Book(tx.from(partner(i)), anywhere) })
	}
	return together(n, func(i int) error {
		return dbs[i].Update(context.Background(), received, func(tx *Tx) error { return record(i, tx, books[i]) })
	})
}

func testRaceOrganisation(t *testing.T, s server) {
	url := s(t)
	db := fresh(t, func(testing.TB) string { return url })
	ids := []rules.PartnerID{"a", "b", "c", "d", "e", "f"}
	for _, id := range ids {
		db.enter(t, joined(id))
	}
	errs := stale(t, url, len(ids), func(i int, tx *Tx, b rules.Book) error {
		mail, err := tx.mail()
		if err != nil {
			return err
		}
		return tx.Record(Record{InboxID: mail, Book: b, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailDecided,
			Judgements: []rules.Judgement{grant(b.References[0], "acme.example", 1)}}})
	}, func(i int) rules.PartnerID { return ids[i] })
	oneWins(t, errs, ErrTaken)
	for table, want := range map[string]int{"registrations": 1, "prospects": 1, "decisions": 1, "terms": 1} {
		if n := db.count(t, table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
}

func testRaceSlot(t *testing.T, s server) {
	url := s(t)
	db := fresh(t, func(testing.TB) string { return url })
	db.enter(t, joined("northwind"))
	policy := rules.DefaultPolicy()
	policy.MaxOutstanding = 2
	db.update(t, func(tx *Tx) error {
		_, err := tx.decide("northwind", grant(anywhere(), "first.example", 1))
		return err
	})
	errs := stale(t, url, 6, func(i int, tx *Tx, b rules.Book) error {
		mail, err := tx.mail()
		if err != nil {
			return err
		}
		// Nobody has touched the partner: only the guard stands between them.
		org := rules.OrganisationKey(fmt.Sprintf("o%d.example", i))
		return tx.Record(Record{InboxID: mail, Book: b, Policy: policy, Decision: rules.Decision{State: rules.MailDecided,
			Judgements: []rules.Judgement{grant(b.References[0], org, 2)}}})
	}, func(int) rules.PartnerID { return "northwind" })
	oneWins(t, errs, ErrTaken)
	if n := db.count(t, "registrations WHERE slot IS NOT NULL"); n != 2 {
		t.Errorf("the partner holds %d, its cap is 2", n)
	}
}

func testRaceDecision(t *testing.T, s server) {
	url := s(t)
	db := fresh(t, func(testing.TB) string { return url })
	db.enter(t, joined("northwind"))
	mail := see(t, db, func(tx *Tx) (int64, error) { return tx.mail() })
	errs := stale(t, url, 6, func(i int, tx *Tx, b rules.Book) error {
		return tx.Record(Record{InboxID: mail, Book: b, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailDecided,
			Judgements: []rules.Judgement{{Ref: b.References[0], Decision: rules.Rejected, Prospect: acme("acme.example")}}}})
	}, func(int) rules.PartnerID { return "northwind" })
	oneWins(t, errs, ErrDecided)
	if n := db.count(t, "prospects"); n != 1 {
		t.Errorf("%d prospects of one mail", n)
	}
}

// The way of a real desk: touch, load, decide, record; and again after ErrTaken.
func testRaceRetry(t *testing.T, s server) {
	url := s(t)
	db := fresh(t, func(testing.TB) string { return url })
	policy := rules.DefaultPolicy()
	policy.MaxOutstanding = 3
	const desks, mails = 4, 6
	partners := []rules.PartnerID{"a", "b"}
	for _, id := range partners {
		db.enter(t, joined(id))
	}
	dbs := make([]*DB, desks)
	for i := range dbs {
		dbs[i] = connect(t, url)
	}
	for _, err := range together(desks, func(i int) error {
		for n := range mails {
			// Two desks a partner; both partners want the same organisations.
			p := joined(partners[i%2])
			read := rules.Reading{Prospect: acme(rules.OrganisationKey(fmt.Sprintf("o%d.com", n)))}
			read.Email = fmt.Sprintf("ana%d@o%d.com", i, n)
			zero := 0
			req := rules.Request{Kind: rules.KindRegistration, Items: []rules.Item{{Verb: rules.VerbRegister, Prospect: &zero}}, Prospects: []rules.Reading{read}}
			for {
				err := dbs[i].Update(context.Background(), received.Add(time.Duration(n)*time.Minute), func(tx *Tx) error {
					orgs, names := rules.Keys(req, nil, policy)
					if err := tx.Touch(p.ID, orgs, today, rules.DefaultPolicy()); err != nil {
						return err
					}
					q := tx.from(p.ID, orgs...)
					q.Names = names
					b, err := tx.Book(q, anywhere)
					if err != nil {
						return err
					}
					mail, err := tx.mail()
					if err != nil {
						return err
					}
					return tx.Record(Record{InboxID: mail, Book: b, Request: req, Policy: policy, Decision: rules.Decide(b, req, policy)})
				})
				if errors.Is(err, ErrTaken) {
					continue
				}
				if err != nil {
					return err
				}
				break
			}
		}
		return nil
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if n := db.count(t, "decisions"); n != desks*mails {
		t.Errorf("%d mails were decided, want %d", n, desks*mails)
	}
	// Six organisations, two partners with three slots each: all is granted.
	if n := db.count(t, "registrations WHERE slot IS NOT NULL"); n != 6 {
		t.Errorf("%d registrations are outstanding, want 6", n)
	}
	for _, p := range partners {
		if n := db.count(t, "registrations WHERE slot IS NOT NULL AND partner = '"+string(p)+"'"); n != 3 {
			t.Errorf("%s holds %d, want 3", p, n)
		}
	}
}

func testCap(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"))
	for _, slot := range []int{51, -1} {
		err := second(see2(db, func(tx *Tx) (int64, error) { return tx.decide("northwind", grant(anywhere(), "acme.example", slot)) }))
		if err == nil || errors.Is(err, ErrTaken) {
			t.Errorf("slot %d of 50: got %v, want a refusal that deciding again does not mend", slot, err)
		}
	}
	if err := second(see2(db, func(tx *Tx) (int64, error) { return tx.decide("northwind", grant(anywhere(), "acme.example", 0)) })); err == nil {
		t.Error("an active registration without a slot was stored")
	}
	if err := second(see2(db, func(tx *Tx) (int64, error) { return tx.decide("northwind", grant(anywhere(), "acme.example", 50)) })); err != nil {
		t.Errorf("the fiftieth: %v", err)
	}
	// Nor behind the store's back.
	for _, sql := range []string{
		"UPDATE registrations SET slot = 51",
		"UPDATE registrations SET state = 'withdrawn'",
		"UPDATE registrations SET slot = NULL",
		"UPDATE registrations SET state = 'gone', slot = NULL",
	} {
		if err := db.raw(sql); err == nil {
			t.Errorf("%s was done", sql)
		}
	}
}
