package store

import (
	"context"
	"fmt"
	"testing"

	"leadmail/rules"
)

func BenchmarkSQLite(b *testing.B) { benchmark(b, file) }

func BenchmarkPostgres(b *testing.B) {
	if s := postgres(b); s != nil {
		benchmark(b, s)
	}
}

// benchmark decides mails with one prospect each, a transaction a mail, beside
// 20,000 registrations.
func benchmark(b *testing.B, s server) {
	db := fresh(b, s)
	policy := rules.DefaultPolicy()
	const partners, each = 400, 50
	ids := make([]rules.PartnerID, partners)
	for i := range ids {
		ids[i] = rules.PartnerID(fmt.Sprint("p", i))
		db.enter(b, joined(ids[i]))
		db.update(b, func(tx *Tx) error {
			var js []rules.Judgement
			for n := range each {
				js = append(js, grant(anywhere(), rules.OrganisationKey(fmt.Sprintf("o%d-%d.com", i, n)), n+1))
			}
			_, err := tx.decide(ids[i], js...)
			return err
		})
	}
	if err := db.raw("ANALYZE"); err != nil { // PostgreSQL does it by itself within a minute
		b.Fatal(err)
	}
	zero, n := 0, 0
	for b.Loop() {
		n++
		p := joined(ids[n%partners])
		req := rules.Request{Kind: rules.KindRegistration, Items: []rules.Item{{Verb: rules.VerbRegister, Prospect: &zero}},
			Prospects: []rules.Reading{{Prospect: acme(rules.OrganisationKey(fmt.Sprintf("new%d.com", n)))}}}
		if err := db.Update(context.Background(), received, func(tx *Tx) error {
			orgs, names := rules.Keys(req, nil, policy)
			if err := tx.Touch(p.ID, orgs, today, rules.DefaultPolicy()); err != nil {
				return err
			}
			q := tx.from(p.ID, orgs...)
			q.Names = names
			book, err := tx.Book(q, anywhere)
			if err != nil {
				return err
			}
			mail, err := tx.mail()
			if err != nil {
				return err
			}
			if err := tx.Record(Record{InboxID: mail, Book: book, Request: req, Policy: policy, Decision: rules.Decide(book, req, policy)}); err != nil {
				return err
			}
			return tx.QueueFiling(mail, rules.FolderProcessed)
		}); err != nil {
			b.Fatal(err)
		}
	}
}
