package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"leadmail/rules"
)

// queue queues a mail under a key and returns its id.
func (db *DB) queue(t testing.TB, m OutboxMessage) int64 {
	t.Helper()
	return see(t, db, func(tx *Tx) (int64, error) { return tx.Queue(m) })
}

func (db *DB) sent(t testing.TB, id int64) OutboxMessage {
	t.Helper()
	return see(t, db, func(tx *Tx) (OutboxMessage, error) { return tx.Outbox(id) })
}

// due are the keys that are due at an instant.
func (db *DB) due(t testing.TB, at time.Time, most int) (keys []string) {
	t.Helper()
	err := db.Update(context.Background(), at, func(tx *Tx) error {
		ms, err := tx.Due(most)
		for _, m := range ms {
			if string(m.Raw) != "bytes of "+m.Key {
				t.Errorf("%s is due with the bytes %q", m.Key, m.Raw)
			}
			keys = append(keys, m.Key)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func owed(key string) OutboxMessage {
	return OutboxMessage{Key: key, Kind: "reply", To: "lena@northwind.example", From: "partners@vendor.example", MessageID: key + "@vendor.example", Raw: []byte("bytes of " + key)}
}

func testQueue(t *testing.T, s server) {
	db := fresh(t, s)
	first := db.queue(t, owed("reply/1/1"))
	other := owed("reply/1/1")
	other.Raw = []byte("rendered again, with another date")
	if again := db.queue(t, other); again != first {
		t.Errorf("what is owed already has id %d the second time, want %d", again, first)
	}
	m := db.sent(t, first)
	if string(m.Raw) != "bytes of reply/1/1" || m.State != OutboxQueued || !m.QueuedAt.Equal(received) || !m.NextAt.Equal(received) {
		t.Errorf("queued as %+v", m)
	}
	if n := db.count(t, "outbox"); n != 1 {
		t.Errorf("%d mails are owed, want 1", n)
	}
	// So too when several daemons owe it at the same time.
	ids := make([]int64, 8)
	for _, err := range together(8, func(i int) (err error) {
		ids[i], err = see2(db, func(tx *Tx) (int64, error) { return tx.Queue(owed("reply/2/1")) })
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("one mail has the ids %v", ids)
			break
		}
	}
	if err := db.Update(context.Background(), received, func(tx *Tx) error { _, err := tx.Queue(owed("")); return err }); err == nil {
		t.Error("a mail without a key was queued")
	}
}

func testSending(t *testing.T, s server) {
	db := fresh(t, s)
	later := owed("c")
	later.NextAt = received.Add(time.Minute)
	held := owed("d")
	held.State = OutboxHeld
	id := db.queue(t, owed("a"))
	db.queue(t, owed("b"))
	db.queue(t, later)
	db.queue(t, held)
	same(t, "due now, oldest first", db.due(t, received, 0), []string{"a", "b"})
	same(t, "due now, one", db.due(t, received, 1), []string{"a"})
	same(t, "due just before the minute is over", db.due(t, received.Add(time.Minute-time.Microsecond), 0), []string{"a", "b"})
	same(t, "due in a minute", db.due(t, received.Add(time.Minute), 0), []string{"a", "b", "c"})

	start := func() error {
		return db.Update(context.Background(), received, func(tx *Tx) error { return tx.StartSending(id) })
	}
	end := func(state OutboxState, next time.Time, why string) error {
		return db.Update(context.Background(), received.Add(time.Second), func(tx *Tx) error { return tx.EndSending(id, state, next, why) })
	}
	oneWins(t, together(4, func(int) error { return start() }), ErrTaken)
	if m := db.sent(t, id); m.State != OutboxSending || m.Attempts != 1 {
		t.Errorf("while it is sent it is %s after %d attempts", m.State, m.Attempts)
	}
	same(t, "due while one is sent", db.due(t, received, 0), []string{"b"})
	if err := end(OutboxDeferred, received.Add(5*time.Minute), "451 later"); err != nil {
		t.Fatal(err)
	}
	m := db.sent(t, id)
	if m.State != OutboxDeferred || m.LastError != "451 later" || !m.NextAt.Equal(received.Add(5*time.Minute)) || !m.SentAt.IsZero() {
		t.Errorf("deferred as %+v", m)
	}
	wants(t, "an end without a beginning", end(OutboxSent, time.Time{}, ""), ErrNotFound)
	if err := start(); err != nil {
		t.Fatal(err)
	}
	if err := end(OutboxSent, time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	m = db.sent(t, id)
	if m.State != OutboxSent || m.Attempts != 2 || !m.SentAt.Equal(received.Add(time.Second)) || m.LastError != "" {
		t.Errorf("sent as %+v", m)
	}
	wants(t, "sending what was sent", start(), ErrTaken)
	copies := see(t, db, func(tx *Tx) ([]OutboxMessage, error) { return tx.Uncopied(0) })
	if len(copies) != 1 || copies[0].ID != id || string(copies[0].Raw) != "bytes of a" {
		t.Errorf("to be copied to Sent: %+v", copies)
	}
	db.update(t, func(tx *Tx) error { return tx.MarkCopied(id) })
	if n := len(see(t, db, func(tx *Tx) ([]OutboxMessage, error) { return tx.Uncopied(0) })); n != 0 {
		t.Errorf("%d are still to be copied", n)
	}
}

func testInterrupted(t *testing.T, s server) {
	db := fresh(t, s)
	id := db.queue(t, owed("a"))
	db.queue(t, owed("b"))
	again := received.Add(10 * time.Minute)
	interrupt := func() int {
		db.update(t, func(tx *Tx) error { return tx.StartSending(id) })
		return see(t, db, func(tx *Tx) (int, error) { return tx.Interrupted(again) })
	}
	if n := interrupt(); n != 1 {
		t.Errorf("%d deliveries were interrupted, want 1", n)
	}
	if m := db.sent(t, id); m.State != OutboxUncertain || m.Doubts != 1 || m.LastError == "" {
		t.Errorf("interrupted: %+v", m)
	}
	same(t, "due before the wait is over", db.due(t, again.Add(-1), 0), []string{"b"})
	same(t, "due after the wait", db.due(t, again, 0), []string{"b", "a"})
	// The second time nobody tries again: identical bytes go out once more, at most.
	if n := interrupt(); n != 1 {
		t.Errorf("%d deliveries were interrupted the second time, want 1", n)
	}
	same(t, "due after the second doubt", db.due(t, again.AddDate(1, 0, 0), 0), []string{"b"})
	wants(t, "sending after the second doubt", db.Update(context.Background(), again, func(tx *Tx) error { return tx.StartSending(id) }), ErrTaken)
	if m := db.sent(t, id); m.State != OutboxUncertain || m.Doubts != 2 || m.Attempts != 2 {
		t.Errorf("after the second doubt: %+v", m)
	}
}

func testRelease(t *testing.T, s server) {
	db := fresh(t, s)
	m := owed("a")
	m.State, m.Why = OutboxHeld, "approve"
	id := db.queue(t, m)
	same(t, "due while it is held", db.due(t, received, 0), nil)
	later := received.Add(time.Hour)
	if err := db.Update(context.Background(), later, func(tx *Tx) error { return tx.Release(id) }); err != nil {
		t.Fatal(err)
	}
	same(t, "due before its release", db.due(t, received, 0), nil)
	same(t, "due after its release", db.due(t, later, 0), []string{"a"})
	err := db.Update(context.Background(), later, func(tx *Tx) error { return tx.Release(id) })
	if err == nil || !strings.Contains(err.Error(), "is queued") {
		t.Errorf("a second release: %v", err)
	}
	wants(t, "a release of nothing", db.Update(context.Background(), later, func(tx *Tx) error { return tx.Release(99) }), ErrNotFound)
}

func testSuppressions(t *testing.T, s server) {
	db := fresh(t, s)
	db.update(t, func(tx *Tx) error {
		if err := tx.Suppress("Lena@northwind.example", "5.1.1"); err != nil {
			return err
		}
		return tx.Suppress("lena@northwind.example", "again")
	})
	suppressed := func(a rules.Address) string {
		return see(t, db, func(tx *Tx) (string, error) { return tx.Suppressed(a) })
	}
	if why := suppressed("LENA@northwind.example"); why != "5.1.1" {
		t.Errorf("suppressed for %q, want the first reason", why)
	}
	if why := suppressed("lena2@northwind.example"); why != "" {
		t.Errorf("another address is suppressed for %q", why)
	}
}

func testReplies(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"))
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	// received is 22:30 UTC on 31 August, which is 1 September in Berlin.
	lena := rules.Address("lena@northwind.example")
	answer := func(tx *Tx, key string, at time.Time, from, to rules.Address, state OutboxState) error {
		m, err := tx.Found(InboxMessage{Mailbox: "INBOX", UIDValidity: 1, UID: nextUID.Add(1), Received: at})
		if err != nil {
			return err
		}
		if err := tx.SaveReading(InboxMessage{ID: m.ID, Sender: from}); err != nil {
			return err
		}
		o := owed(key)
		o.InboxID, o.To, o.State = m.ID, to, state
		_, err = tx.Queue(o)
		return err
	}
	db.update(t, func(tx *Tx) error {
		for i, a := range []struct {
			at       time.Time
			from, to rules.Address
			state    OutboxState
		}{
			{received, lena, lena, OutboxQueued},
			{time.Date(2026, 8, 31, 22, 0, 0, 0, time.UTC), lena, lena, OutboxHeld},   // midnight in Berlin
			{time.Date(2026, 8, 31, 21, 59, 59, 0, time.UTC), lena, lena, OutboxSent}, // the day before in Berlin
			{time.Date(2026, 9, 1, 21, 59, 59, 0, time.UTC), lena, lena, OutboxSent},  // the same day in Berlin
			{time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC), lena, lena, OutboxFailed},  // the same day in Berlin
			{received, lena, "staff@vendor.example", OutboxQueued},
			{received, "other@northwind.example", lena, OutboxQueued}, // tells of somebody else's mail
			{received, lena, lena, OutboxCancelled},
		} {
			if err := answer(tx, strings.Repeat("k", i+1), a.at, a.from, a.to, a.state); err != nil {
				return err
			}
		}
		return nil
	})
	for name, test := range map[string]struct {
		zone *time.Location
		want int
	}{
		"no zone is UTC": {nil, 3}, "Berlin": {berlin, 4}, "UTC": {time.UTC, 3}, "a zone behind": {time.FixedZone("", -12*3600), 4},
	} {
		got := see(t, db, func(tx *Tx) (rules.Book, error) {
			q := tx.from("northwind")
			q.Zone = test.zone
			return tx.Book(q, anywhere)
		})
		if got.RepliesToday != test.want {
			t.Errorf("%s: %d answers, want %d", name, got.RepliesToday, test.want)
		}
	}
}
