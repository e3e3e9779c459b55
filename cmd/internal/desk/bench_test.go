package desk

import (
	"fmt"
	"testing"

	"leadmail/rules"
	"leadmail/store"
)

// BenchmarkDesk takes mails the whole way over servers in this process: found,
// read, decided, committed to SQLite, filed, answered. An operation is one mail;
// every commit is made durable.
func BenchmarkDesk(b *testing.B) {
	bench := newBench(b)
	bench.o.Staff = nil
	bench.o.Program.Policy.MaxOutstanding = 1 << 30
	bench.o.Program.Policy.RepliesPerDay = 1 << 30
	bench.update(func(tx *store.Tx) error {
		return tx.SavePartner(rules.Partner{ID: "pat", Name: "Pat", Addresses: []rules.Address{pat}, Plan: "mentor", JoinedOn: "2025-01-01", AgreementOn: "2025-01-01"}, "bench", "")
	})
	d := bench.desk()
	n := 0
	for b.Loop() {
		n++
		bench.must(bench.host.Deliver(mailbox, leadMail(n, fmt.Sprintf("firm%d.example", n%40))))
		bench.must(d.Settle(b.Context()))
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mails/s")
}
