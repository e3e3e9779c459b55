package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"leadmail/rules"
)

func testFound(t *testing.T, s server) {
	db := fresh(t, s)
	m := InboxMessage{Mailbox: "INBOX", UIDValidity: 4_000_000_000, UID: 4_000_000_001, Received: received, Size: 12}
	first := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Found(m) })
	m.ID, m.State, m.Pass = first.ID, rules.MailFound, 1
	same(t, "a mail that was found", first, m)
	for n := 1; n <= 3; n++ {
		if got := see(t, db, func(tx *Tx) (int, error) { return tx.CountAttempt(m.ID) }); got != n {
			t.Errorf("attempt %d is counted as %d", n, got)
		}
	}
	again := see(t, db, func(tx *Tx) (InboxMessage, error) {
		return tx.Found(InboxMessage{Mailbox: "INBOX", UIDValidity: 4_000_000_000, UID: 4_000_000_001, Received: received.Add(time.Hour), Size: 1})
	})
	m.State, m.Attempts = rules.MailAttempted, 3
	same(t, "the same mail, found again", again, m)
	for name, other := range map[string]InboxMessage{
		"another mailbox":     {Mailbox: "Reprocess", UIDValidity: m.UIDValidity, UID: m.UID},
		"another UIDVALIDITY": {Mailbox: "INBOX", UIDValidity: 1, UID: m.UID},
		"another UID":         {Mailbox: "INBOX", UIDValidity: m.UIDValidity, UID: 1},
	} {
		if got := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Found(other) }); got.ID == m.ID {
			t.Errorf("%s is the same mail", name)
		}
	}
	err := db.Update(context.Background(), received, func(tx *Tx) error {
		if err := tx.Record(Record{InboxID: m.ID, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailIgnored}}); err != nil {
			return err
		}
		_, err := tx.CountAttempt(m.ID)
		return err
	})
	wants(t, "an attempt at a decided mail", err, ErrDecided)
	err = db.Update(context.Background(), received, func(tx *Tx) error { _, err := tx.CountAttempt(999); return err })
	wants(t, "an attempt at no mail", err, ErrNotFound)
	wants(t, "no mailbox", second(see2(db, func(tx *Tx) (MailboxState, error) { return tx.Mailbox("INBOX") })), ErrNotFound)
}

// see2 is see for what may fail.
func see2[T any](db *DB, fn func(*Tx) (T, error)) (v T, err error) {
	err = db.Update(context.Background(), received, func(tx *Tx) (err error) { v, err = fn(tx); return err })
	return v, err
}

func testUndecided(t *testing.T, s server) {
	db := fresh(t, s)
	var ids [4]int64
	db.update(t, func(tx *Tx) error {
		for i, at := range []time.Time{received.Add(time.Second), received, received, received.Add(-time.Hour)} {
			m, err := tx.Found(InboxMessage{Mailbox: "INBOX", UIDValidity: 7, UID: []uint32{1, 9, 8, 7}[i], Received: at})
			if err != nil {
				return err
			}
			ids[i] = m.ID
		}
		if _, err := tx.Found(InboxMessage{Mailbox: "INBOX", UIDValidity: 6, UID: 1, Received: received}); err != nil {
			return err
		}
		if _, err := tx.CountAttempt(ids[1]); err != nil {
			return err
		}
		return tx.Record(Record{InboxID: ids[3], Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailDecided}})
	})
	var got []int64
	for _, m := range see(t, db, func(tx *Tx) ([]InboxMessage, error) { return tx.Undecided("INBOX", 7, received) }) {
		got = append(got, m.ID)
	}
	same(t, "the order of decisions: receipt, then UID", got, []int64{ids[2], ids[1], ids[0]})
	same(t, "the UIDs that are known from 8 on", see(t, db, func(tx *Tx) (map[uint32]bool, error) { return tx.Known("INBOX", 7, 8) }),
		map[uint32]bool{8: true, 9: true})
	same(t, "the UIDs that are known of nothing", see(t, db, func(tx *Tx) (map[uint32]bool, error) { return tx.Known("INBOX", 8, 0) }), nil)
}

func testDuplicate(t *testing.T, s server) {
	db := fresh(t, s)
	var decided, undecided int64
	db.update(t, func(tx *Tx) error {
		var err error
		if decided, err = tx.mail(); err != nil {
			return err
		}
		if undecided, err = tx.mail(); err != nil {
			return err
		}
		for _, m := range []InboxMessage{
			{ID: decided, RawHash: "raw", MessageID: "id", ContentHash: "content"},
			{ID: undecided, RawHash: "other", MessageID: "open", ContentHash: "open"},
		} {
			if err := tx.SaveReading(m); err != nil {
				return err
			}
		}
		return tx.Record(Record{InboxID: decided, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailDecided}})
	})
	for name, test := range map[string]struct {
		mail InboxMessage
		want int64
	}{
		"the same bytes":                             {InboxMessage{RawHash: "raw"}, decided},
		"the same id and content by another way":     {InboxMessage{RawHash: "x", MessageID: "id", ContentHash: "content"}, decided},
		"the same id with other content":             {InboxMessage{RawHash: "x", MessageID: "id", ContentHash: "x"}, 0},
		"the same content under another id":          {InboxMessage{RawHash: "x", MessageID: "x", ContentHash: "content"}, 0},
		"nothing known of it":                        {InboxMessage{}, 0},
		"itself":                                     {InboxMessage{ID: decided, RawHash: "raw"}, 0},
		"the same bytes as what was not decided yet": {InboxMessage{RawHash: "other", MessageID: "open", ContentHash: "open"}, 0},
	} {
		if got := see(t, db, func(tx *Tx) (int64, error) { return tx.Duplicate(test.mail) }); got != test.want {
			t.Errorf("%s: repeats %d, want %d", name, got, test.want)
		}
	}
}

func testRebind(t *testing.T, s server) {
	db := fresh(t, s)
	var first, twin, filed, unread int64
	db.update(t, func(tx *Tx) error {
		for i, id := range []*int64{&first, &twin, &filed, &unread} {
			m, err := tx.Found(InboxMessage{Mailbox: "INBOX", UIDValidity: 1, UID: uint32(i + 1), Received: received})
			if err != nil {
				return err
			}
			*id = m.ID
			if i == 3 {
				continue
			}
			if err := tx.SaveReading(InboxMessage{ID: m.ID, RawHash: []string{"same", "same", "filed"}[i]}); err != nil {
				return err
			}
			if err := tx.Record(Record{InboxID: m.ID, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailDecided}}); err != nil {
				return err
			}
			if err := tx.QueueFiling(m.ID, rules.FolderProcessed); err != nil {
				return err
			}
		}
		return tx.Filed(filed)
	})
	rebind := func(from, uid uint32, hash string) int64 {
		return see(t, db, func(tx *Tx) (int64, error) { return tx.Rebind("INBOX", from, 2, uid, hash) })
	}
	for name, got := range map[string][2]int64{
		"the first of two equal mails":  {rebind(1, 51, "same"), first},
		"the second of two equal mails": {rebind(1, 52, "same"), twin},
		"a third that is new":           {rebind(1, 53, "same"), 0},
		"a place that is bound already": {rebind(1, 51, "same"), 0},
		"one that lies in a folder":     {rebind(1, 54, "filed"), 0},
		"a mail without a hash":         {rebind(1, 55, ""), 0},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: bound to %d, want %d", name, got[0], got[1])
		}
	}
	var pending []uint32
	for _, f := range see(t, db, func(tx *Tx) ([]Filing, error) { return tx.Filings("INBOX", 2, 0) }) {
		pending = append(pending, f.UID)
	}
	same(t, "what is to be filed has followed", pending, []uint32{51, 52})

	// Decided, and moved away in the moment before the mailbox was renumbered.
	var moved int64
	db.update(t, func(tx *Tx) error {
		m, err := tx.Found(InboxMessage{Mailbox: "INBOX", UIDValidity: 1, UID: 9, Received: received})
		if err != nil {
			return err
		}
		moved = m.ID
		if err := tx.Record(Record{InboxID: m.ID, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailDecided}}); err != nil {
			return err
		}
		return errors.Join(tx.QueueFiling(m.ID, rules.FolderProcessed), tx.QueueFiling(filed, rules.FolderReview))
	})
	if n := see(t, db, func(tx *Tx) (int, error) { return tx.Abandon("INBOX", 1) }); n != 1 {
		t.Errorf("%d mails were abandoned, want the one that was never read", n)
	}
	if m := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Inbox(unread) }); m.State != rules.MailIgnored || m.Why == "" {
		t.Errorf("the abandoned mail is %s (%s)", m.State, m.Why)
	}
	if m := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Inbox(moved) }); m.State != rules.MailFiled || m.Folder != rules.FolderProcessed {
		t.Errorf("a decided mail that is gone from INBOX is %s in %q; want it filed", m.State, m.Folder)
	}
	pending = nil
	for _, f := range see(t, db, func(tx *Tx) ([]Filing, error) { return tx.Filings("INBOX", 2, 0) }) {
		pending = append(pending, f.UID)
	}
	slices.Sort(pending)
	same(t, "what lies in a folder, or was bound anew, is still to be filed", pending, []uint32{3, 51, 52})
	gone := see(t, db, func(tx *Tx) (InboxMessage, error) {
		id, err := tx.mail()
		if err != nil {
			return InboxMessage{}, err
		}
		if err := tx.Vanished(id); err != nil {
			return InboxMessage{}, err
		}
		if err := tx.Vanished(first); err != nil {
			return InboxMessage{}, err
		}
		return tx.Inbox(id)
	})
	if gone.State != rules.MailIgnored || gone.Why == "" {
		t.Errorf("the vanished mail is %s (%s)", gone.State, gone.Why)
	}
	if m := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Inbox(first) }); m.State != rules.MailDecided {
		t.Errorf("a decided mail that vanished is %s", m.State)
	}
}

func testFilings(t *testing.T, s server) {
	db := fresh(t, s)
	states := []rules.MailState{rules.MailDecided, rules.MailHeld, rules.MailIgnored, rules.MailQuarantined}
	after := map[rules.MailState]rules.MailState{rules.MailDecided: rules.MailFiled}
	ids := make([]int64, len(states))
	db.update(t, func(tx *Tx) error {
		for i, state := range states {
			m, err := tx.Found(InboxMessage{Mailbox: "INBOX", UIDValidity: 1, UID: uint32(i + 1), Received: received})
			if err != nil {
				return err
			}
			ids[i] = m.ID
			if err := tx.Record(Record{InboxID: m.ID, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: state}}); err != nil {
				return err
			}
			if err := tx.QueueFiling(m.ID, rules.FolderReview); err != nil {
				return err
			}
			if err := tx.QueueFiling(m.ID, rules.FolderProcessed); err != nil { // the last word counts
				return err
			}
		}
		return tx.CountFiling(ids[0])
	})
	list := func(box string, validity uint32, most int) (got []int64) {
		for _, f := range see(t, db, func(tx *Tx) ([]Filing, error) { return tx.Filings(box, validity, most) }) {
			if f.Folder != rules.FolderProcessed || f.From != "" || f.Attempts != map[int64]int{ids[0]: 1}[f.InboxID] {
				t.Errorf("to be filed: %+v", f)
			}
			got = append(got, f.InboxID)
		}
		return got
	}
	same(t, "the least tried first", list("INBOX", 1, 0), []int64{ids[1], ids[2], ids[3], ids[0]})
	same(t, "as many as asked for", list("INBOX", 1, 2), []int64{ids[1], ids[2]})
	same(t, "another mailbox", list("Sent", 1, 0), nil)
	same(t, "another UIDVALIDITY: those moves are void until rebound", list("INBOX", 2, 0), nil)
	db.update(t, func(tx *Tx) error {
		for _, id := range append(ids, ids...) { // twice
			if err := tx.Filed(id); err != nil {
				return err
			}
		}
		return nil
	})
	same(t, "all done", list("INBOX", 1, 0), nil)
	for i, id := range ids {
		m := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Inbox(id) })
		want := states[i]
		if a, ok := after[want]; ok {
			want = a
		}
		if m.State != want || m.Folder != rules.FolderProcessed {
			t.Errorf("a %s mail that was filed is %s in %q", states[i], m.State, m.Folder)
		}
	}
	// Queued where it lies already: nothing to do. Queued for elsewhere: it is
	// looked for in the folder, whatever INBOX's UIDVALIDITY.
	db.update(t, func(tx *Tx) error { return tx.QueueFiling(ids[1], rules.FolderProcessed) })
	same(t, "queued for where it lies", list("INBOX", 1, 0), nil)
	db.update(t, func(tx *Tx) error { return tx.QueueFiling(ids[1], rules.FolderReview) })
	fs := see(t, db, func(tx *Tx) ([]Filing, error) { return tx.Filings("INBOX", 99, 0) })
	if len(fs) != 1 || fs[0].From != rules.FolderProcessed || fs[0].Folder != rules.FolderReview || fs[0].Attempts != 0 {
		t.Errorf("a mail that goes from folder to folder: %+v", fs)
	}
	wants(t, "a filing of no mail", db.Update(context.Background(), received, func(tx *Tx) error { return tx.Filed(999) }), ErrNotFound)
	wants(t, "an attempt at nothing", db.Update(context.Background(), received, func(tx *Tx) error { return tx.CountFiling(ids[0]) }), ErrNotFound)
}
