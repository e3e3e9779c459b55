package desk

import (
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"leadmail/cmd/internal/config"
	"leadmail/rules"
	"leadmail/store"
)

// BenchmarkReminders makes a day's reminders, whole: what is due is found, owed,
// rendered and queued, with the durable commits; nothing is sent. A thousand
// registrations of two hundred partners are due, among 10,000 and among a hundred
// times as many; every partner holds fifty. The ratio of the two is what counts
// (issue 6: at most 2). An operation is both. LEADMAIL_BENCH_REGISTRATIONS sets
// the larger number (1,000,000).
func BenchmarkReminders(b *testing.B) {
	large := 1_000_000
	if s := os.Getenv("LEADMAIL_BENCH_REGISTRATIONS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		large = n
	}
	sizes := []int{10_000, large}
	runs, took := make([]*reminderRun, len(sizes)), make([]time.Duration, len(sizes))
	for i, n := range sizes {
		runs[i] = newReminderRun(b, n)
	}
	rounds := 0
	for b.Loop() {
		rounds++
		for i, r := range runs {
			took[i] += r.day()
		}
	}
	for i, n := range sizes {
		b.ReportMetric(float64(took[i].Microseconds())/1000/float64(rounds), fmt.Sprintf("ms/run-of-%d", n))
	}
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "ratio")
}

const (
	dueRegistrations = 1000
	duePartners      = 200
	dueEach          = dueRegistrations / duePartners
	heldEach         = 50
)

// reminderRun is a desk with a crowd of registrations, of which a thousand end on
// each of many days.
type reminderRun struct {
	*bench
	d *Desk
}

func newReminderRun(b *testing.B, n int) *reminderRun {
	r := &reminderRun{bench: newBench(b)}
	schedule, err := config.ParseSchedule("0 8 * * *")
	r.must(err)
	r.o.Schedule = schedule
	r.must(fillCrowd(r.path, n))
	r.d = r.desk()
	r.must(r.d.remind(b.Context())) // begins to count the days
	return r
}

// day is how long the next day's reminders take; they are then as if none had been.
func (r *reminderRun) day() time.Duration {
	r.Helper()
	r.later(24 * time.Hour)
	r.d.scanned = r.clock()
	began := time.Now()
	r.must(r.d.remind(r.Context()))
	took := time.Since(began)
	queued := 0
	r.must(r.db.View(r.Context(), func(tx *store.Tx) error {
		out, err := tx.OutboxList(store.OutboxFilter{State: store.OutboxQueued})
		for _, m := range out {
			queued += len(m.Numbering)
		}
		if len(out) != duePartners {
			return fmt.Errorf("%d mails, want %d", len(out), duePartners)
		}
		return err
	}))
	if queued != dueRegistrations {
		r.Fatalf("%d were reminded of, want %d", queued, dueRegistrations)
	}
	r.must(execAll(r.path, "DELETE FROM reminders", "DELETE FROM outbox",
		// What was due is due again on the next day.
		"UPDATE terms SET until_on = '"+string(r.d.policy.Day(r.clock()).AddDays(8))+"' WHERE until_on = '"+string(r.d.policy.Day(r.clock()).AddDays(7))+"'"))
	return took
}

// fillCrowd enters n registrations of partners at fifty each, by whole statements:
// one by one a million would take half an hour. A thousand of them have a reminder
// due tomorrow; the others end a year later and after.
func fillCrowd(path string, n int) error {
	tomorrow := rules.Date("2026-05-22").AddDays(1)
	var days []string
	for i := range 180 {
		days = append(days, fmt.Sprintf("(%d, '%s')", i, tomorrow.AddDays(365+i)))
	}
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", n-1)
	const ref = "'R-' || substr(CAST(1000000 + i AS TEXT), 2)"
	// The partners with something due are spread over all.
	spread := max(1, n/heldEach/duePartners)
	due := fmt.Sprintf("i %% %d < %d AND (i / %d) %% %d = 0", heldEach, dueEach, heldEach, spread)
	return execAll(path,
		numbers+fmt.Sprintf("INSERT INTO partners (id, name, plan, joined_on, agreement_on) SELECT 'p' || i, 'Partner ' || i, 'mentor', '2025-01-01', '2025-01-01' FROM n WHERE i < %d", n/heldEach),
		"INSERT INTO partner_addresses (address, partner, position) SELECT 'lena@' || id || '.example', id, 0 FROM partners WHERE id LIKE 'p%' AND id <> 'pat'",
		numbers+`INSERT INTO prospects (ref, partner, state, first_name, last_name, email, url, company, lead_type, organisation, reasons, last, decided_at)
			SELECT `+ref+`, 'p' || (i / 50), 'accepted', 'Ada', 'Okafor', 'ada@o' || i || '.example', 'o' || i || '.example', 'Company ' || i, 'qualified_lead', 'o' || i || '.example', '[]', 0, 0 FROM n`,
		numbers+`INSERT INTO registrations (ref, partner, organisation, name_key, state, received, slot, slot_cap)
			SELECT `+ref+`, 'p' || (i / 50), 'o' || i || '.example', 'company ' || i, 'active', 0, i % 50 + 1, 50 FROM n`,
		`WITH RECURSIVE d(k, day) AS (VALUES `+strings.Join(days, ", ")+fmt.Sprintf("), n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", n-1)+
			`INSERT INTO terms (ref, n, from_on, until_on) SELECT `+ref+`, 1, '2025-12-01', CASE WHEN `+due+` THEN '`+string(tomorrow.AddDays(7))+`' ELSE day END FROM n JOIN d ON d.k = i % 180`,
		"INSERT INTO contacts (ref, n, first_name, last_name, email) SELECT ref, 1, first_name, last_name, email FROM prospects")
}

// execAll runs statements behind the store's back.
func execAll(path string, statements ...string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			_ = db.Close()
			return fmt.Errorf("%w: %.80s", err, s)
		}
	}
	return db.Close()
}
