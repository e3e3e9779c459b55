package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"leadmail/rules"
)

// Answers are counted by domain, conversation and in all, and those that settled
// nothing by conversation or topic; what was cancelled and what answers nothing do
// not count.
func testReplyLimits(t *testing.T, s server) {
	db := fresh(t, s)
	n := 0
	answer := func(to rules.Address, a Answer, state OutboxState) {
		t.Helper()
		n++
		db.update(t, func(tx *Tx) error {
			_, err := tx.Queue(OutboxMessage{Key: fmt.Sprint("reply/", n), Kind: "held", To: to, From: "p@v.example", State: state, Answer: a})
			return err
		})
	}
	yesterday := received.Add(-25 * time.Hour)
	answer("a@x.example", Answer{Received: received, Thread: "one", Topic: "t", Idle: true}, OutboxQueued)
	answer("b@x.example", Answer{Received: received, Thread: "two", Topic: "t", Idle: true}, OutboxQueued)
	answer("b@x.example", Answer{Received: received, Thread: "one", Topic: "u"}, OutboxQueued)
	answer("c@y.example", Answer{Received: received, Thread: "one", Topic: "w", Idle: true}, OutboxHeld)
	answer("a@x.example", Answer{Received: received, Thread: "one", Topic: "t", Idle: true}, OutboxCancelled)
	answer("a@x.example", Answer{Received: yesterday, Thread: "one", Topic: "t", Idle: true}, OutboxQueued)
	answer("a@x.example", Answer{}, OutboxQueued) // an alert, say
	got := see(t, db, func(tx *Tx) (rules.Replies, error) {
		from, until := dayOf(received, time.UTC)
		return tx.replies(rules.Query{Received: received.Add(time.Minute), Sender: rules.Sender{Address: "z@x.example"}, Topic: "t"}, "one", from, until)
	})
	same(t, "answers", got, rules.Replies{Domain: 3, Thread: 3, All: 4, Idle: 3})
}

// A conversation is known by any mail of ours in it, and taken where a person whom
// we do not know of was the last to write (MAIL.md 130).
func testThreads(t *testing.T, s server) {
	db := fresh(t, s)
	var second int64
	db.update(t, func(tx *Tx) error {
		for i, id := range []string{"p1@x", "p2@x"} {
			m, err := tx.Found(InboxMessage{Mailbox: "INBOX", UIDValidity: 1, UID: uint32(100 + i), Received: received})
			if err != nil {
				return err
			}
			m.MessageID = id
			if err := tx.SaveReading(m); err != nil {
				return err
			}
			second = m.ID
		}
		_, err := tx.Queue(OutboxMessage{Key: "reply/1", Kind: "held", To: "a@x.example", From: "p@v.example", MessageID: "ours@v", Answer: Answer{Received: received, Thread: "p1@x"}})
		return err
	})
	type found struct {
		Key   string
		Taken bool
	}
	thread := func(own string, ids ...string) found {
		t.Helper()
		return see(t, db, func(tx *Tx) (f found, err error) {
			f.Key, f.Taken, err = tx.thread(rules.Query{MessageID: own, Thread: ids})
			return f, err
		})
	}
	same(t, "a mail of its own", thread("n@x"), found{"n@x", false})
	same(t, "an answer to ours alone", thread("n@x", "ours@v"), found{"p1@x", false})
	same(t, "an answer to its own mail", thread("n@x", "p2@x", "p1@x"), found{"p1@x", false})
	same(t, "an answer to somebody in our conversation", thread("n@x", "lena@v", "ours@v", "p1@x"), found{"p1@x", true})
	same(t, "a conversation that we have no part in", thread("n@x", "b@y", "a@y"), found{"a@y", false})
	db.update(t, func(tx *Tx) error { return tx.Taken(second) })
	same(t, "after a mail in it was left to people", thread("n@x", "ours@v", "p2@x"), found{"p1@x", true})
}

// A mail that is put off is found, not tried, and due again at its time.
func testPostpone(t *testing.T, s server) {
	db := fresh(t, s)
	id := see(t, db, func(tx *Tx) (id int64, err error) {
		if id, err = tx.mail(); err != nil {
			return 0, err
		}
		if _, err = tx.CountAttempt(id); err != nil {
			return 0, err
		}
		return id, tx.Postpone(id, received.Add(time.Hour), "later")
	})
	due := func(at time.Time) []int64 {
		return see(t, db, func(tx *Tx) (ids []int64, err error) {
			all, err := tx.Undecided("INBOX", 1, at)
			for _, m := range all {
				ids = append(ids, m.ID)
			}
			return ids, err
		})
	}
	if before, then := due(received.Add(time.Hour-1*time.Second)), due(received.Add(time.Hour)); slices.Contains(before, id) || !slices.Contains(then, id) {
		t.Errorf("due before its time: %v, at its time: %v", before, then)
	}
	m := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Inbox(id) })
	if m.State != rules.MailFound || m.Attempts != 0 || m.Retries != 1 || m.Why != "later" {
		t.Errorf("put off, it is %+v", m)
	}
}

func testSettings(t *testing.T, s server) {
	db := fresh(t, s)
	first := see(t, db, func(tx *Tx) (string, error) { return tx.FirstSetting("key", "a") })
	again := see(t, db, func(tx *Tx) (string, error) { return tx.FirstSetting("key", "b") })
	db.update(t, func(tx *Tx) error { return tx.SaveSetting("proof", "x") })
	db.update(t, func(tx *Tx) error { return tx.SaveSetting("proof", "y") })
	proof := see(t, db, func(tx *Tx) (string, error) { v, _, err := tx.Setting("proof"); return v, err })
	none := see(t, db, func(tx *Tx) (string, error) { v, _, err := tx.Setting("nothing"); return v, err })
	if first != "a" || again != "a" || proof != "y" || none != "" {
		t.Errorf("%q %q %q %q", first, again, proof, none)
	}
}

// An address that is like a partner's is named to staff; it is nobody's all the same.
func testResembling(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, rules.Partner{ID: "pat", Name: "Pat", Addresses: []rules.Address{"Pat_x@partner.example"}, Plan: "mentor", JoinedOn: "2025-01-01"})
	for address, want := range map[rules.Address]rules.PartnerID{"pat_x@partner.example": "pat", "tom@partner.example": "pat", "pat_x@else.example": "",
		"x@notpartner.example": "", "x@%.example": "", "x@p_rtner.example": ""} {
		got := see(t, db, func(tx *Tx) (rules.PartnerID, error) { return tx.Resembling(address) })
		owner := see(t, db, func(tx *Tx) (*rules.Partner, error) { return tx.PartnerOf(address) })
		if got != want || owner != nil {
			t.Errorf("%s is like %q (want %q), and of %v", string(address), got, want, owner)
		}
	}
}

// What was not verified makes no later mail a repetition; what was, does.
func testDuplicateOfTheUnverified(t *testing.T, s server) {
	db := fresh(t, s)
	repeats := func(first, second rules.Verdict) bool {
		t.Helper()
		return see(t, db, func(tx *Tx) (bool, error) {
			id, err := tx.mail()
			if err != nil {
				return false, err
			}
			key := fmt.Sprint(first, second)
			m := InboxMessage{ID: id, MessageID: key, ContentHash: key, RawHash: key + "1"}
			if err := tx.SaveReading(m); err != nil {
				return false, err
			}
			b, err := tx.Book(rules.Query{Received: tx.now, Sender: rules.Sender{Address: "a@b.example", Verdict: first}}, anywhere)
			if err != nil {
				return false, err
			}
			if err := tx.Record(Record{InboxID: id, Book: b, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailHeld, Folder: rules.FolderReview}}); err != nil {
				return false, err
			}
			of, err := tx.Duplicate(InboxMessage{ID: id + 1000000, MessageID: key, ContentHash: key, RawHash: key + "2", Verdict: second})
			return of != 0, err
		})
	}
	for _, c := range []struct {
		first, second rules.Verdict
		want          bool
	}{
		{rules.Unverified, rules.Verified, false}, {rules.Failed, rules.Verified, false}, {rules.Temporary, rules.Trusted, false},
		{rules.Verified, rules.Verified, true}, {rules.Verified, rules.Unverified, true}, {rules.Unverified, rules.Unverified, true}, {rules.Trusted, rules.Trusted, true},
	} {
		if got := repeats(c.first, c.second); got != c.want {
			t.Errorf("%s after %s: a repetition %v, want %v", c.second, c.first, got, c.want)
		}
	}
}
