package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"leadmail/rules"
)

// crowd fills a database with registrations of partners at fifty each; due of them end
// on one day, the others on the days around it.
func crowd(tb testing.TB, db *DB, n, due int, day rules.Date) {
	tb.Helper()
	const each = 50
	err := db.Update(tb.Context(), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), func(tx *Tx) error {
		// What ends on the day is spread over the partners.
		step := max(1, n/due)
		for i := range n {
			id, ref := fmt.Sprintf("p%d", i/each), rules.NewReference(uint32(i))
			if i%each == 0 {
				if _, err := tx.exec("INSERT INTO partners (id, name) VALUES ($1, $1)", id); err != nil {
					return err
				}
			}
			until := day
			if i%step != 0 {
				until = day.AddDays(1 + i%170)
			}
			org := fmt.Sprintf("o%d.example", i)
			if _, err := tx.exec(`INSERT INTO prospects (ref, partner, state, first_name, last_name, email, url, company, lead_type, organisation, reasons, last, decided_at)
				VALUES ($1, $2, 'accepted', 'A', 'B', 'a@b.example', $3, $3, 'qualified_lead', $3, '[]', 0, 0)`, ref, id, org); err != nil {
				return err
			}
			if _, err := tx.exec(`INSERT INTO registrations (ref, partner, organisation, name_key, state, received, slot, slot_cap)
				VALUES ($1, $2, $3, $3, 'active', 0, $4, 50)`, ref, id, org, i%each+1); err != nil {
				return err
			}
			if _, err := tx.exec("INSERT INTO terms (ref, n, from_on, until_on) VALUES ($1, 1, '2025-12-01', $2)", ref, string(until)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// What ends is found by the index of last days: a thousand due among a hundred times
// as many registrations cost about the same. LEADMAIL_BENCH_REGISTRATIONS sets the
// larger number (100,000).
func BenchmarkEnding(b *testing.B) {
	large := 100_000
	if s := os.Getenv("LEADMAIL_BENCH_REGISTRATIONS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		large = n
	}
	for _, n := range []int{10_000, large} {
		b.Run(fmt.Sprintf("registrations=%d", n), func(b *testing.B) {
			db, err := Open(b.Context(), filepath.Join(b.TempDir(), "crowd.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Migrate(b.Context()); err != nil {
				b.Fatal(err)
			}
			day := rules.Date("2026-06-20")
			crowd(b, db, n, 1000, day)
			for b.Loop() {
				err := db.View(b.Context(), func(tx *Tx) error {
					regs, err := tx.Ending([]rules.Date{day})
					if err == nil && len(regs) < 1000 {
						err = fmt.Errorf("%d due", len(regs))
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
