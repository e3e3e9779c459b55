package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadmail/rules"
)

// crowded fills a database with n registrations of partners that hold fifty each,
// beside ten that have ended, and with as many mails that came and went.
func crowded(t testing.TB, db *DB, n int) {
	t.Helper()
	var days []string
	for i := range 170 {
		days = append(days, fmt.Sprintf("(%d, '%s')", i, today.AddDays(i-30)))
	}
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", n-1)
	for _, statement := range []string{
		"INSERT INTO partners (id, name) " + numbers + " SELECT 'p' || i, 'P' FROM n", // most of them hold nothing
		"UPDATE partners SET joined_on = CAST(1990 + CAST(substr(id, 2) AS INTEGER) % 30 AS TEXT) || '-05-15'",
		"INSERT INTO forms (partner, kind, day, state) SELECT id, 'w9', '2026-01-01', 'confirmed' FROM partners",
		"INSERT INTO partner_addresses (address, partner, position) SELECT 'lena@' || id || '.example', id, 0 FROM partners",
		"INSERT INTO partner_domains (domain, partner, position) SELECT id || '.example', id, 0 FROM partners",
		`INSERT INTO inbox (mailbox, uidvalidity, uid, message_id, raw_hash, content_hash, sender, partner, verdict, received, state) ` + numbers + `
			SELECT 'INBOX', 1, i + 1000000, 'in' || i, 'r' || i, 'c' || i, 'lena@p' || (i / 60) || '.example', 'p' || (i / 60), 'trusted', i, 'filed' FROM n`,
		`INSERT INTO prospects (ref, partner, state, first_name, last_name, email, url, company, lead_type, organisation, reasons, last, decided_at) ` + numbers + `
			SELECT 'R-' || substr(CAST(1000000 + i AS TEXT), 2), 'p' || (i / 60), 'accepted', 'A', 'B', 'a@b.example', 'u', 'c', 'qualified_lead', 'o' || i, '[]', 0, 0 FROM n`,
		`INSERT INTO registrations (ref, partner, organisation, name_key, state, received, slot, slot_cap) ` + numbers + `
			SELECT 'R-' || substr(CAST(1000000 + i AS TEXT), 2), 'p' || (i / 60), 'o' || i, 'o' || i, CASE WHEN i % 60 < 10 THEN 'expired' ELSE 'active' END, 0,
			CASE WHEN i % 60 < 10 THEN NULL ELSE i % 60 - 9 END, 50 FROM n`,
		`INSERT INTO terms (ref, n, from_on, until_on) WITH RECURSIVE d(k, day) AS (VALUES ` + strings.Join(days, ", ") + `), n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ` + fmt.Sprint(n-1) + `)
			SELECT 'R-' || substr(CAST(1000000 + i AS TEXT), 2), 1, '2026-03-01', day FROM n JOIN d ON d.k = CASE WHEN i % 60 < 10 THEN i % 30 ELSE 30 + i % 140 END`,
		"INSERT INTO contacts (ref, n, first_name, last_name, email) SELECT ref, 1, 'A', 'B', 'a@b.example' FROM registrations",
		`INSERT INTO outbox (key, kind, partner, to_address, from_address, message_id, subject, raw, state, queued_at, next_at, copied, received, domain, thread) ` + numbers + `
			SELECT 'R-' || substr(CAST(1000000 + i AS TEXT), 2), 'reply', 'p' || (i / 60), 'lena@p' || (i / 60) || '.example', 'a@b.example', 'out' || i, 's', '', 'sent', i, i, TRUE, i, 'p' || (i / 60) || '.example', 't' || i FROM n`,
		"INSERT INTO policies (hash, canonical, since) VALUES ('x', '{}', 0)",
		"INSERT INTO decisions (inbox_id, pass, policy, book, request, decision, decided_at) SELECT id, 1, 'x', '{}', '{}', '{}', received FROM inbox",
		`INSERT INTO changes (inbox_id, n, pass, ref, partner, verb, reasons, state, decided_at)
			SELECT id, 1, 1, 'R-' || substr(CAST(uid AS TEXT), 2), partner, 'renew', '[]', 'accepted', received FROM inbox`,
		"INSERT INTO history (at, actor, subject, what, why) SELECT received, 'partner', id, 'accepted', '' FROM inbox",
		"INSERT INTO reminders (cause, partner, ref, until_on, stage, day, outbox_id) SELECT 'registration', r.partner, r.ref, '2026-05-01', 7, '2026-04-24', o.id FROM registrations r JOIN outbox o ON o.key = r.ref",
	} {
		if err := db.raw(statement); err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
	}
	if db.Dialect() == "postgres" { // which does it by itself within a minute; SQLite runs without, as it does at an operator's
		if err := db.raw("ANALYZE"); err != nil {
			t.Fatal(err)
		}
	}
}

// question is a statement as the store asked it.
type question struct {
	query string
	args  []any
}

// asked collects the statements of a transaction, each text once.
func asked(t testing.TB, db *DB, fn func(*Tx) error) (all []question) {
	t.Helper()
	db.update(t, func(tx *Tx) error {
		tx.asked = func(query string, args []any) {
			if !slices.ContainsFunc(all, func(q question) bool { return q.query == query }) {
				all = append(all, question{query, args})
			}
		}
		return fn(tx)
	})
	return all
}

// whole are the plan's steps that read a table from end to end. An index that holds
// nothing but what is open is small, however much has been closed.
func (db *DB) whole(t testing.TB, tx *sql.Tx, q question) (steps []string) {
	t.Helper()
	if db.Dialect() == "sqlite" {
		rows, err := tx.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+q.query, q.args...)
		if err != nil {
			t.Fatalf("%v\n%s", err, q.query)
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			harmless := slices.ContainsFunc([]string{"SCAN json_each", "SCAN CONSTANT ROW", "SCAN (", "SCAN inbox USING INDEX inbox_undecided",
				"SCAN inbox USING INDEX inbox_waiting", "SCAN r USING INDEX registrations_review", "SCAN c USING INDEX changes_waiting", "SCAN outbox USING INDEX outbox_held", "SCAN f USING INDEX forms_waiting", "SCAN used"},
				func(s string) bool { return strings.HasPrefix(step, s) })
			if strings.HasPrefix(step, "SCAN ") && !harmless {
				steps = append(steps, step)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return steps
	}
	var literals []string
	for _, a := range q.args {
		switch v := a.(type) {
		case nil:
			literals = append(literals, "NULL")
		case string:
			literals = append(literals, "'"+strings.ReplaceAll(v, "'", "''")+"'")
		case []byte:
			literals = append(literals, "'\\x"+hex.EncodeToString(v)+"'")
		default:
			literals = append(literals, fmt.Sprint(v))
		}
	}
	run := "EXPLAIN (FORMAT JSON) EXECUTE asked"
	if len(literals) > 0 {
		run += "(" + strings.Join(literals, ", ") + ")"
	}
	// A prepared statement is planned for its parameters at first, and for any later.
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		for _, s := range []string{"SET LOCAL plan_cache_mode = " + mode, "PREPARE asked AS " + q.query} {
			if _, err := tx.ExecContext(context.Background(), s); err != nil {
				t.Fatalf("%v\n%s", err, s)
			}
		}
		var text string
		if err := tx.QueryRowContext(context.Background(), run).Scan(&text); err != nil {
			t.Fatalf("%v\n%s\n%s", err, q.query, run)
		}
		if _, err := tx.ExecContext(context.Background(), "DEALLOCATE asked"); err != nil {
			t.Fatal(err)
		}
		var plans []struct{ Plan planned }
		if err := json.Unmarshal([]byte(text), &plans); err != nil {
			t.Fatal(err)
		}
		for _, p := range plans {
			for _, step := range p.Plan.whole() {
				steps = append(steps, mode+": "+step)
			}
		}
	}
	return steps
}

// planned is a step of PostgreSQL's plan.
type planned struct {
	Type  string `json:"Node Type"`
	Table string `json:"Relation Name"`
	Index string `json:"Index Name"`
	Cond  string `json:"Index Cond"`
	Plans []planned
}

func (p planned) whole() (steps []string) {
	// What has no volume is read whole, and rightly so.
	small := slices.Contains([]string{"settings", "policies", "mailboxes", "suppressions", "checks", "customers", "partner_organisations", "filings"}, p.Table)
	open := slices.Contains([]string{"inbox_undecided", "inbox_waiting", "registrations_review", "changes_waiting", "outbox_due", "outbox_held", "prospects_open", "forms_waiting"}, p.Index)
	switch {
	case p.Type == "Seq Scan" && !small, strings.Contains(p.Type, "Index") && p.Index != "" && p.Cond == "" && !open:
		steps = append(steps, fmt.Sprintf("%s of %s %s", p.Type, p.Table, p.Index))
	}
	for _, sub := range p.Plans {
		steps = append(steps, sub.whole()...)
	}
	return steps
}

// What STATUS of a partner at the cap asks, from the mail that was found to the
// answer that is queued.
func askStatus(tx *Tx) error {
	mail, err := tx.mail()
	if err != nil {
		return err
	}
	if _, err := tx.CountAttempt(mail); err != nil {
		return err
	}
	p, err := tx.PartnerOf("lena@p7.example")
	if err != nil {
		return err
	}
	m := InboxMessage{ID: mail, Mailbox: "INBOX", UIDValidity: 1, Received: tx.now, MessageID: "status", RawHash: "s", ContentHash: "s",
		Sender: "lena@p7.example", Verdict: rules.Trusted, Partner: p.ID, Pass: 1}
	if err := tx.SaveReading(m); err != nil {
		return err
	}
	q := tx.from(p.ID)
	q.Forms = true
	q.Thread, q.MessageID, q.EndedSince, q.AskedSince = []string{"out1", "out2"}, "status", today.AddDays(-30), tx.now.AddDate(0, 0, -32)
	if _, err := tx.AskedSince(p.ID, q.AskedSince); err != nil {
		return err
	}
	if err := tx.Touch(p.ID, nil, today, rules.DefaultPolicy()); err != nil {
		return err
	}
	b, err := tx.Book(q, anywhere)
	if err != nil {
		return err
	}
	if b.Duplicate, err = tx.Duplicate(m); err != nil {
		return err
	}
	policy := rules.DefaultPolicy()
	d := rules.Decide(b, rules.Request{Kind: rules.KindStatus, Items: []rules.Item{{Verb: rules.VerbStatus}}}, policy)
	if n := len(d.List); n != 60 { // all that has ended did so in the last thirty days
		return fmt.Errorf("STATUS lists %d", n)
	}
	if err := tx.Record(Record{InboxID: mail, Book: b, Policy: policy, Decision: d}); err != nil {
		return err
	}
	if err := tx.QueueFiling(mail, rules.FolderProcessed); err != nil {
		return err
	}
	_, err = tx.Queue(OutboxMessage{Key: "status", Kind: "reply", InboxID: mail, Partner: p.ID, To: "lena@p7.example", MessageID: "answer"})
	return err
}

// What a day's reminders ask, from what ends to what is sent.
func askReminders(tx *Tx) error {
	if _, _, err := tx.Setting("reminded"); err != nil {
		return err
	}
	if _, err := tx.Waits(); err != nil {
		return err
	}
	policy := rules.DefaultPolicy()
	ending, err := tx.Ending(rules.Endings(today.AddDays(-1), today, policy.ReminderStages))
	if err != nil {
		return err
	}
	due := rules.DueReminders(ending, today.AddDays(-1), today, policy)
	if len(due) < 100 {
		return fmt.Errorf("%d due", len(due))
	}
	if _, err := tx.Papers([]rules.Date{"1997-05-15", "1997-05-16"}); err != nil {
		return err
	}
	if _, err := tx.Lapsed(today, policy); err != nil {
		return err
	}
	if _, err := tx.Plans(rules.Plans(today, policy)); err != nil {
		return err
	}
	r := due[0]
	if _, err := tx.WasTold(r); err != nil {
		return err
	}
	if _, err := tx.PapersOf(r.Partner); err != nil {
		return err
	}
	p, err := tx.Partner(r.Partner)
	if err != nil {
		return err
	}
	p.Addresses = nil // one that has a domain alone costs one question more
	if _, err := tx.WritesTo(p); err != nil {
		return err
	}
	if _, err := tx.Quiet(p.ID); err != nil {
		return err
	}
	if _, err := tx.Owe(r, today); err != nil {
		return err
	}
	if _, err := tx.Registrations(RegistrationFilter{Partner: p.ID, Holding: true}); err != nil {
		return err
	}
	id, err := tx.Queue(OutboxMessage{Key: "reminder", Kind: KindReminder, Partner: p.ID, To: "lena@p7.example", MessageID: "reminder"})
	if err != nil {
		return err
	}
	if err := tx.Tell(r, id); err != nil {
		return err
	}
	if _, err := tx.Due(20); err != nil {
		return err
	}
	if err := tx.StartSending(id); err != nil {
		return err
	}
	if _, err := tx.Suppressed("lena@p7.example"); err != nil {
		return err
	}
	if _, err := tx.Told(id); err != nil {
		return err
	}
	if _, err := tx.Registration(r.Ref); err != nil {
		return err
	}
	if err := tx.EndSending(id, OutboxSent, time.Time{}, ""); err != nil {
		return err
	}
	return tx.SaveSetting("reminded", string(today))
}

// What the digest to staff asks, on a day on which hardly anything has happened.
func askDigest(tx *Tx) error {
	from, until := time.UnixMicro(100), time.UnixMicro(110)
	if n, err := tx.Rulings(from, until); err != nil || len(n) != 10 {
		return fmt.Errorf("%d decisions of the day: %w", len(n), err)
	}
	if _, err := tx.Reviewed(from, until); err != nil {
		return err
	}
	if _, err := tx.Reviews(); err != nil {
		return err
	}
	if _, _, err := tx.Backlog(); err != nil {
		return err
	}
	if _, _, err := tx.HeldReplies("shadow", 5); err != nil {
		return err
	}
	if _, err := tx.Undelivered(from, until); err != nil {
		return err
	}
	if _, err := tx.Quarantined(from, until); err != nil {
		return err
	}
	if _, err := tx.SuppressedIn(from, until); err != nil {
		return err
	}
	if _, _, err := tx.Expiring(today.AddDays(200), today.AddDays(230), 5); err != nil {
		return err
	}
	if _, err := tx.Submitted(); err != nil {
		return err
	}
	var days []rules.Date
	for i := range 31 {
		days = append(days, rules.Date("1997-11-01").AddDays(i))
	}
	if papers, err := tx.Papers(rules.JoinedFor(days...)); err != nil || len(papers) == 0 {
		return fmt.Errorf("%d are near their deadline: %w", len(papers), err)
	}
	if _, err := tx.registrations("r.ref "+tx.dialect.in(1)+" ORDER BY r.ref", texts([]rules.Reference{ref(1)})); err != nil {
		return err
	}
	_, _, err := tx.Fullest(51, today, 5)
	return err
}

// STATUS of a partner at the cap, a day's reminders and the digest are answered from indexes:
// their cost is that of what they are about, not of what exists. And this test can
// fail: without an index it does.
func testPlans(t *testing.T, s server) {
	db := fresh(t, s)
	crowded(t, db, 18_000)
	questions := map[string][]question{"STATUS": asked(t, db, askStatus), "reminders": asked(t, db, askReminders), "the digest": asked(t, db, askDigest)}
	read := func(index string) (steps []string) {
		tx, err := db.write.BeginTx(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if index != "" {
			if _, err := tx.ExecContext(context.Background(), "DROP INDEX "+index); err != nil {
				t.Fatal(err)
			}
		}
		for what, all := range questions {
			for _, q := range all {
				for _, step := range db.whole(t, tx, q) {
					steps = append(steps, fmt.Sprintf("%s: %s\n\t%s", what, step, strings.Join(strings.Fields(q.query), " ")))
				}
			}
		}
		return steps
	}
	for _, step := range read("") {
		t.Errorf("a table is read whole: %s", step)
	}
	for _, index := range []string{"terms_until", "inbox_partner", "outbox_message_id", "reminders_outbox", "partners_joined", "forms_partner", "forms_waiting",
		"decisions_decided", "history_at", "inbox_quarantined", "outbox_held", "outbox_undelivered", "registrations_full", "partners_lapsed", "partners_plan"} {
		if len(read(index)) == 0 {
			t.Errorf("without the index %s nothing is read whole?", index)
		}
	}
}
