package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"leadmail/rules"
)

// server gives each test a database of its own, empty and without a schema, and
// the connection string for it.
type server func(testing.TB) (url string)

// suite is the behaviour of the store. Every database has to pass all of it.
func suite(t *testing.T, s server) {
	for name, test := range map[string]func(*testing.T, server){
		"a fresh database is migrated once":                      testMigrateOnce,
		"several programs migrate at the same time":              testMigrateTogether,
		"the oldest schema in the field becomes the newest":      testMigrateFrozen,
		"a newer schema is refused with a sentence":              testNewerSchema,
		"what is stored reads back equal":                        testRoundTrip,
		"text that a database refuses is stored all the same":    testHostileText,
		"an error leaves nothing behind":                         testRollback,
		"a program that is killed leaves nothing behind":         testKilled,
		"one mail of a group fails alone":                        testSavepoint,
		"a failed statement fails the transaction":               testSwallowed,
		"a view sees one state and changes nothing":              testView,
		"history is append-only":                                 testHistory,
		"a mail is found once and its attempts are counted":      testFound,
		"mail is decided in the order of its receipt":            testUndecided,
		"a repeated mail is known by bytes or by id and content": testDuplicate,
		"a renumbered mailbox keeps its ledger":                  testRebind,
		"mails are filed after their decision":                   testFilings,
		"a mail is decided once a pass":                          testDecidedOnce,
		"each outcome is carried out":                            testOutcomes,
		"the database says what rules.Apply says":                testModel,
		"the Book holds what it must and nothing else":           testBook,
		"the Book takes a fixed number of queries":               testBookQueries,
		"STATUS, reminders and the digest go by indexes":         testPlans,
		"answers are counted for each limit":                     testReplyLimits,
		"a conversation is known, and taken by a person":         testThreads,
		"a mail is put off":                                      testPostpone,
		"the program notes things for itself":                    testSettings,
		"an address is like a partner's":                         testResembling,
		"the unverified is repeated by nothing verified":         testDuplicateOfTheUnverified,
		"answers are counted by the program's day":               testReplies,
		"candidate references are unused":                        testCandidates,
		"what a lapsed partner holds is a question of dates":     testLapseByDates,
		"a term that has ended frees its slot and organisation":  testTouch,
		"two partners race for one organisation":                 testRaceOrganisation,
		"two transactions race for the last slot":                testRaceSlot,
		"two daemons race for one decision":                      testRaceDecision,
		"many connections decide again until all is granted":     testRaceRetry,
		"a slot beyond the cap is refused":                       testCap,
		"a partner's addresses and domains are its own":          testPartners,
		"a removed partner holds nothing":                        testRemovePartner,
		"a reply is owed once":                                   testQueue,
		"a mail of ours goes through its states":                 testSending,
		"an interrupted delivery is repeated once":               testInterrupted,
		"held mail waits until it is released":                   testRelease,
		"a suppressed address stays suppressed in any case":      testSuppressions,
		"a review is accepted or rejected":                       testReview,
		"a review of what the partner holds becomes a contact":   testReviewContact,
		"what a person has to look at waits":                     testWaiting,
		"a held mail is closed":                                  testCloseHeld,
		"imports keep their dates and may be repeated":           testImport,
		"a form is recorded, and decided once":                   testForms,
		"forms wait by the mail that brought them":               testSubmitted,
		"existing customers are listed":                          testCustomers,
		"listings filter and limit":                              testLists,
		"the digest is of its time":                              testDigest,
		"what ends soon, and who is nearly full":                 testFull,
		"of several one does the thing of the day":               testMoveSetting,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

// received is when the suite's mail came: late enough that the day is another
// one east of Greenwich.
var received = time.Date(2026, 8, 31, 22, 30, 0, 123456000, time.UTC)

// today is its day in UTC.
const today rules.Date = "2026-08-31"

// connect opens a database without touching its schema.
func connect(t testing.TB, url string) *DB {
	t.Helper()
	db, err := Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// fresh opens a new database with the newest schema.
func fresh(t testing.TB, s server) *DB {
	t.Helper()
	db := connect(t, s(t))
	if _, err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return db
}

// update runs fn at the suite's instant; it must succeed.
func (db *DB) update(t testing.TB, fn func(*Tx) error) {
	t.Helper()
	if err := db.Update(context.Background(), received, fn); err != nil {
		t.Fatal(err)
	}
}

// see is a value read in a transaction of its own.
func see[T any](t testing.TB, db *DB, fn func(*Tx) (T, error)) T {
	t.Helper()
	var v T
	err := db.Update(context.Background(), received, func(tx *Tx) (err error) { v, err = fn(tx); return err })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func same[T any](t testing.TB, what string, got, want T, opts ...cmp.Option) {
	t.Helper()
	if d := cmp.Diff(want, got, append(opts, cmpopts.EquateEmpty())...); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func wants(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// joined is a partner that may register.
func joined(id rules.PartnerID) rules.Partner {
	return rules.Partner{ID: id, Name: strings.ToUpper(string(id)), Addresses: []rules.Address{rules.Address("lena@" + string(id) + ".example")},
		Plan: "mentor", JoinedOn: "2026-01-01", AgreementOn: "2026-01-01"}
}

// enter saves partners with their own organisations.
func (db *DB) enter(t testing.TB, partners ...rules.Partner) {
	t.Helper()
	db.update(t, func(tx *Tx) error {
		for _, p := range partners {
			if err := tx.SavePartner(p, "staff", "joined", rules.DefaultPolicy().OwnOrganisations(p)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// nextUID numbers mails over all tests of the process.
var nextUID atomic.Uint32

// mail enters a mail that is ready to be decided.
func (tx *Tx) mail() (int64, error) {
	m, err := tx.Found(InboxMessage{Mailbox: "INBOX", UIDValidity: 1, UID: nextUID.Add(1), Received: tx.now, Size: 100})
	return m.ID, err
}

// references makes R-000001, R-000002 and so on.
func references() func() rules.Reference {
	var n atomic.Uint32
	return func() rules.Reference { return rules.NewReference(n.Add(1)) }
}

// anywhere makes references that differ over all tests of the process, and from
// those that a test names.
var anywhere = func() func() rules.Reference {
	var n atomic.Uint32
	n.Store(1 << 20)
	return func() rules.Reference { return rules.NewReference(n.Add(1)) }
}()

// from is the query of a mail by a partner's first address, at the transaction's
// instant.
func (tx *Tx) from(p rules.PartnerID, orgs ...rules.OrganisationKey) rules.Query {
	return rules.Query{Received: tx.now, Sender: rules.Sender{Address: rules.Address("lena@" + string(p) + ".example"), Partner: p, Verdict: rules.Trusted},
		Organisations: orgs, Candidates: 3}
}

// acme is a complete prospect at an organisation.
func acme(org rules.OrganisationKey) rules.Prospect {
	return rules.Prospect{FirstName: "Ana", LastName: "Lima", Email: "ana@" + string(org), URL: "https://" + string(org) + "/", Company: "The " + string(org),
		LeadType: rules.QualifiedLead}
}

var halfYear = rules.Term{N: 1, From: today, Until: "2027-02-28"}

// grant is a judgement that accepts.
func grant(ref rules.Reference, org rules.OrganisationKey, slot int) rules.Judgement {
	return rules.Judgement{Verb: rules.VerbRegister, Ref: ref, Decision: rules.Accepted, Reasons: []rules.Reason{}, Prospect: acme(org), Organisation: org, Term: halfYear, Slot: slot}
}

// decide records judgements on a new mail of a partner.
func (tx *Tx) decide(p rules.PartnerID, js ...rules.Judgement) (mail int64, err error) {
	if mail, err = tx.mail(); err != nil {
		return 0, err
	}
	b, err := tx.Book(tx.from(p), anywhere)
	if err != nil {
		return 0, err
	}
	return mail, tx.Record(Record{InboxID: mail, Pass: 1, Book: b, Policy: rules.DefaultPolicy(),
		Decision: rules.Decision{State: rules.MailDecided, Folder: rules.FolderProcessed, Judgements: js, Received: tx.now, Today: today}})
}

// count counts rows behind the store's back.
func (db *DB) count(t testing.TB, from string) int {
	t.Helper()
	var n int
	if err := db.read.QueryRowContext(context.Background(), "SELECT count(*) FROM "+from).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// raw runs a statement behind the store's back.
func (db *DB) raw(statement string) error {
	_, err := db.write.ExecContext(context.Background(), statement)
	return err
}

// schema lists tables, columns, indexes, constraints and triggers, a line each.
// Column order does not count: a column that was added later is as good.
func (db *DB) schema(t testing.TB) []string {
	t.Helper()
	var queries []string
	if db.Dialect() == "sqlite" {
		queries = []string{
			`SELECT 'column ' || m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || COALESCE(c.dflt_value, '-') || ' ' || c.pk
				FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`,
			`SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master WHERE type <> 'table'`,
			`SELECT 'checks ' || name || ' ' || sql FROM sqlite_master WHERE type = 'table' AND sql LIKE '%CHECK%'`,
			`SELECT 'foreign ' || m.name || '.' || f."from" || ' ' || f."table" || '.' || COALESCE(f."to", '') FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`,
		}
	} else {
		queries = []string{
			`SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '-') || ' ' || COALESCE(collation_name, '-') || ' ' || is_identity
				FROM information_schema.columns WHERE table_schema = current_schema()`,
			`SELECT 'index ' || replace(indexdef, current_schema() || '.', '') FROM pg_indexes WHERE schemaname = current_schema()`,
			`SELECT 'constraint ' || conname || ' ' || replace(pg_get_constraintdef(oid), current_schema() || '.', '') FROM pg_constraint WHERE connamespace = current_schema()::regnamespace`,
			`SELECT 'trigger ' || replace(pg_get_triggerdef(g.oid), current_schema() || '.', '') FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
				WHERE NOT g.tgisinternal AND c.relnamespace = current_schema()::regnamespace`,
		}
	}
	var lines []string
	for _, q := range queries {
		rows, err := db.read.QueryContext(context.Background(), "SELECT * FROM ("+q+") AS s ORDER BY 1")
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, allStrings(t, rows)...)
	}
	for i, l := range lines {
		lines[i] = strings.Join(strings.Fields(l), " ")
	}
	if len(lines) < 100 {
		t.Fatalf("only %d lines of schema were read", len(lines))
	}
	return lines
}

func allStrings(t testing.TB, rows *sql.Rows) []string {
	t.Helper()
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// together runs n functions that all begin when the last is ready, and returns
// their errors.
func together(n int, fn func(i int) error) []error {
	errs, ready, start, done := make([]error, n), make(chan bool), make(chan bool), make(chan bool)
	for i := range n {
		go func() {
			ready <- true
			<-start
			errs[i] = fn(i)
			done <- true
		}()
	}
	for range n {
		<-ready
	}
	close(start)
	for range n {
		<-done
	}
	return errs
}

// oneWins says that exactly one succeeded and all others were refused with want.
func oneWins(t testing.TB, errs []error, want error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, want) {
			t.Errorf("a loser got %v, want %v", err, want)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d won, want one", won, len(errs))
	}
}

var errMine = errors.New("the caller's own error")

func ref(n int) rules.Reference { return rules.Reference(fmt.Sprintf("R-%06d", n)) }
