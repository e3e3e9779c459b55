package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"leadmail/rules"
)

// testDigest: what the digest reads is what happened in its time, and what waits.
func testDigest(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"), joined("rival"))
	before, after := received.Add(-time.Hour), received.Add(time.Hour)
	at := func(when time.Time, fn func(*Tx) error) {
		t.Helper()
		if err := db.Update(context.Background(), when, fn); err != nil {
			t.Fatal(err)
		}
	}
	for i, when := range []time.Time{before, received, after, after.Add(time.Microsecond)} {
		at(when, func(tx *Tx) error {
			_, err := tx.decide("northwind", grant(ref(i+1), rules.OrganisationKey(fmt.Sprintf("o%d.example", i)), i+1))
			return err
		})
	}
	rulings := see(t, db, func(tx *Tx) ([]rules.Ruling, error) { return tx.Rulings(before, after) })
	if len(rulings) != 2 || rulings[0].Decision.Judgements[0].Ref != ref(2) || rulings[1].Decision.Judgements[0].Ref != ref(3) || rulings[0].Partner != "northwind" || !rulings[0].At.Equal(received) {
		t.Errorf("the decisions of the time: %v", rulings)
	}

	at(received, func(tx *Tx) error {
		if _, err := tx.decide("northwind", underReview("R-00000A", "review.example", 5)); err != nil {
			return err
		}
		return tx.SettleReview(rules.Judgement{Ref: "R-00000A", Decision: rules.Rejected}, "staff", "no")
	})
	same(t, "reviews decided", see(t, db, func(tx *Tx) (map[rules.Outcome]int, error) { return tx.Reviewed(before, after) }), map[rules.Outcome]int{rules.Rejected: 1})
	same(t, "reviews decided later", see(t, db, func(tx *Tx) (map[rules.Outcome]int, error) { return tx.Reviewed(after, after.Add(time.Hour)) }), nil)

	// One mail is undecided, one is in quarantine.
	at(before, func(tx *Tx) error { _, err := tx.mail(); return err })
	at(received, func(tx *Tx) error {
		id, err := tx.mail()
		if err != nil {
			return err
		}
		return tx.Record(Record{InboxID: id, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailQuarantined, Folder: rules.FolderQuarantine, Why: "a virus"}})
	})
	var n int
	var oldest time.Time
	db.update(t, func(tx *Tx) (err error) { n, oldest, err = tx.Backlog(); return err })
	if n != 1 || !oldest.Equal(before) {
		t.Errorf("%d mails are undecided since %s, want 1 since %s", n, oldest, before)
	}
	if q := see(t, db, func(tx *Tx) ([]InboxMessage, error) { return tx.Quarantined(before, after) }); len(q) != 1 || q[0].Why != "a virus" {
		t.Errorf("in quarantine: %v", q)
	}
	if q := see(t, db, func(tx *Tx) ([]InboxMessage, error) { return tx.Quarantined(before, received.Add(-time.Microsecond)) }); len(q) != 0 {
		t.Errorf("in quarantine before: %v", q)
	}

	// Replies: two wait, one is held for the reason that does not count.
	for i, why := range []string{"approve", "shadow", "approve"} {
		m := owed(fmt.Sprintf("reply/9/%d", i))
		m.State, m.Why = OutboxHeld, why
		at(received.Add(time.Duration(-i)*time.Minute), func(tx *Tx) error { _, err := tx.Queue(m); return err })
	}
	var held []OutboxMessage
	db.update(t, func(tx *Tx) (err error) { n, held, err = tx.HeldReplies("shadow", 1); return err })
	if n != 2 || len(held) != 1 || held[0].Key != "reply/9/2" {
		t.Errorf("%d replies wait, the first is %v", n, held)
	}

	// The mail of one of them waits itself.
	at(received, func(tx *Tx) error {
		id, err := tx.mail()
		if err != nil {
			return err
		}
		if err := tx.Record(Record{InboxID: id, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailHeld, Folder: rules.FolderReview}}); err != nil {
			return err
		}
		m := owed("reply/9/3")
		m.State, m.Why, m.InboxID = OutboxHeld, "approve", id
		_, err = tx.Queue(m)
		return err
	})
	db.update(t, func(tx *Tx) (err error) { n, held, err = tx.HeldReplies("shadow", 9); return err })
	if n != 2 || len(held) != 2 || held[1].Key != "reply/9/0" {
		t.Errorf("with a held mail's receipt, %d replies wait: %v", n, held)
	}

	// A failed delivery, one in doubt once, and one in doubt twice.
	for key, ends := range map[string][]OutboxState{"reply/7/failed": {OutboxFailed}, "reply/7/once": {OutboxUncertain}, "reply/7/twice": {OutboxUncertain, OutboxUncertain}} {
		at(received, func(tx *Tx) error {
			id, err := tx.Queue(owed(key))
			for _, end := range ends {
				if err == nil {
					err = tx.StartSending(id)
				}
				if err == nil {
					err = tx.EndSending(id, end, time.Time{}, "550 no")
				}
			}
			return err
		})
	}
	var keys []string
	for _, m := range see(t, db, func(tx *Tx) ([]OutboxMessage, error) { return tx.Undelivered(before, after) }) {
		keys = append(keys, strings.TrimPrefix(m.Key, "reply/7/"))
	}
	if got := strings.Join(keys, " "); got != "failed twice" && got != "twice failed" {
		t.Errorf("undelivered: %q", got)
	}
	at(received, func(tx *Tx) error { return tx.Suppress("Gone@northwind.example", "no such address") })
	same(t, "suppressed", see(t, db, func(tx *Tx) ([]Suppression, error) { return tx.SuppressedIn(before, after) }),
		[]Suppression{{"Gone@northwind.example", "no such address", received}})
	same(t, "suppressed later", see(t, db, func(tx *Tx) ([]Suppression, error) { return tx.SuppressedIn(after, after.Add(time.Hour)) }), nil)
}

// testFull: what ends soon, and who holds nearly all it may. What has ended counts
// for neither, although nobody has tidied up yet, and what was renewed does not end.
func testFull(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"), joined("rival"))
	n := 0
	enter := func(p rules.PartnerID, slot int, terms ...rules.Term) {
		n++
		org := rules.OrganisationKey(fmt.Sprintf("o%d.example", n))
		db.update(t, func(tx *Tx) error {
			return tx.ImportRegistration(rules.Registration{Ref: ref(n), Partner: p, Organisation: org, Prospect: acme(org), State: rules.StateActive, Slot: slot, Terms: terms}, 50, "staff")
		})
	}
	term := func(n int, from, until rules.Date) rules.Term { return rules.Term{N: n, From: from, Until: until} }
	enter("northwind", 45, term(1, "2026-06-01", "2026-12-01"))
	enter("northwind", 1, term(1, "2026-03-10", "2026-09-10"))
	enter("northwind", 2, term(1, "2026-03-01", "2026-09-01"), term(2, "2026-09-02", "2026-11-30"))
	enter("northwind", 3, term(1, "2026-02-28", "2026-08-28")) // ended
	enter("rival", 7, term(1, "2026-03-05", "2026-09-05"))
	var first []rules.Registration
	count := 0
	db.update(t, func(tx *Tx) (err error) { count, first, err = tx.Expiring(today, today.AddDays(30), 1); return err })
	if count != 2 || len(first) != 1 || first[0].Ref != ref(5) {
		t.Errorf("%d end within 30 days, first %v", count, first)
	}
	for least, want := range map[int][]Used{3: {{"northwind", 3}}, 4: nil, 1: {{"northwind", 3}, {"rival", 1}}} {
		var got []Used
		db.update(t, func(tx *Tx) (err error) { count, got, err = tx.Fullest(least, today, 10); return err })
		same(t, fmt.Sprintf("partners with %d or more", least), got, want)
		if count != len(want) {
			t.Errorf("%d partners hold %d or more, want %d", count, least, len(want))
		}
	}
}

// testMoveSetting: of several that want to do a thing of the day, one does.
func testMoveSetting(t *testing.T, s server) {
	db := fresh(t, s)
	for _, step := range [][2]string{{"", "2026-05-21"}, {"2026-05-21", "2026-05-22"}} {
		moved := make([]bool, 4)
		for _, err := range together(4, func(i int) (err error) {
			moved[i], err = see2(db, func(tx *Tx) (bool, error) { return tx.MoveSetting("digest", step[0], step[1]) })
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		won := 0
		for _, m := range moved {
			if m {
				won++
			}
		}
		if won != 1 {
			t.Errorf("from %q to %q: %d moved it, want one", step[0], step[1], won)
		}
	}
	if v, _, err := func() (v string, at time.Time, err error) {
		db.update(t, func(tx *Tx) error { v, at, err = tx.Setting("digest"); return err })
		return v, at, err
	}(); v != "2026-05-22" || err != nil {
		t.Errorf("the setting is %q (%v)", v, err)
	}
}
