package store

import (
	"testing"
	"time"

	"leadmail/rules"
)

// received is when the suite's mail came.
var received = time.Date(2026, 8, 31, 22, 30, 0, 123456000, time.UTC)

func suite(t *testing.T, fresh func(testing.TB) string) {
	db := open1(t, fresh(t))
	err := db.Update(t.Context(), received, func(tx *Tx) error {
		if err := tx.SavePartner(rules.Partner{ID: "n", Name: "N", Addresses: []rules.Address{"a@n.example"}}, "me", "why"); err != nil {
			return err
		}
		m, err := tx.Found(InboxMessage{Mailbox: "INBOX", UIDValidity: 4000000000, UID: 1, Received: received, Size: 5})
		if err != nil {
			return err
		}
		b, err := tx.Book(rules.Query{Received: received, Sender: rules.Sender{Address: "a@n.example", Partner: "n"}, Candidates: 1}, func() rules.Reference { return "R-000001" })
		if err != nil {
			return err
		}
		return tx.Record(Record{InboxID: m.ID, Book: b, Policy: rules.DefaultPolicy(), Decision: rules.Decision{State: rules.MailDecided, Judgements: []rules.Judgement{
			{Ref: "R-000001", Decision: rules.Accepted, Organisation: "acme.com", Slot: 1, Term: rules.Term{N: 1, From: "2026-08-31", Until: "2027-02-28"}}}}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func open1(t testing.TB, url string) *DB {
	db, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	n, err := db.Migrate(t.Context())
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
	return db
}
