package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"leadmail/rules"
)

func testMigrateOnce(t *testing.T, s server) {
	ctx := context.Background()
	db := connect(t, s(t))
	pending, err := db.Pending(ctx)
	if err != nil || pending < 1 {
		t.Fatalf("%d migrations are pending on an empty database (%v), want at least one", pending, err)
	}
	if again, err := db.Pending(ctx); err != nil || again != pending {
		t.Errorf("asking what is pending changed it from %d to %d (%v)", pending, again, err)
	}
	if n, err := db.Migrate(ctx); err != nil || n != pending {
		t.Errorf("%d were applied (%v), want the %d that were pending", n, err, pending)
	}
	if n, err := db.Migrate(ctx); err != nil || n != 0 {
		t.Errorf("%d were applied the second time (%v), want none", n, err)
	}
	if n, err := db.Pending(ctx); err != nil || n != 0 {
		t.Errorf("%d are pending in the end (%v), want none", n, err)
	}
}

func testMigrateTogether(t *testing.T, s server) {
	url := s(t)
	dbs := make([]*DB, 4)
	for i := range dbs {
		dbs[i] = connect(t, url)
	}
	applied := make([]int, len(dbs))
	for i, err := range together(len(dbs), func(i int) (err error) {
		applied[i], err = dbs[i].Migrate(context.Background())
		return err
	}) {
		if err != nil {
			t.Errorf("program %d: %v", i, err)
		}
	}
	sum := 0
	for _, n := range applied {
		sum += n
	}
	if got := dbs[0].count(t, "goose_db_version WHERE version_id > 0"); sum != got || sum == 0 {
		t.Errorf("%v migrations were applied, %d are recorded: each must be applied once", applied, got)
	}
}

// The frozen schema is that of the first release, with a row in each table. It
// is never edited.
func testMigrateFrozen(t *testing.T, s server) {
	ctx := context.Background()
	old := connect(t, s(t))
	frozen, err := os.ReadFile("testdata/schema_v1." + old.Dialect() + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	if err := old.raw(string(frozen)); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	same(t, "the frozen schema, migrated, against a fresh one", old.schema(t), fresh(t, s).schema(t))

	reg := see(t, old, func(tx *Tx) (rules.Registration, error) { return tx.Registration("R-000001") })
	same(t, "a registration of the first release", reg, rules.Registration{Ref: "R-000001", Partner: "northwind", Organisation: "acme.example",
		Prospect: acme("acme.example"), Contacts: []rules.Contact{contactOf(acme("acme.example"))}, State: rules.StateActive,
		Received: received, Terms: []rules.Term{halfYear}, Slot: 1})
	mail := see(t, old, func(tx *Tx) (InboxMessage, error) { return tx.Inbox(1) })
	if mail.Text != "the text that was read" || mail.State != rules.MailDecided {
		t.Errorf("a mail of the first release is %s with text %q", mail.State, mail.Text)
	}
	if rs := see(t, old, func(tx *Tx) ([]Record, error) { return tx.Decision(1) }); len(rs) != 1 || len(rs[0].Decision.Judgements) != 1 {
		t.Errorf("the decisions of the first release: %v", rs)
	}
	// What is new goes on where the old ids end.
	id := see(t, old, func(tx *Tx) (int64, error) { return tx.mail() })
	if id <= mail.ID {
		t.Errorf("a new mail has id %d", id)
	}
}

func testNewerSchema(t *testing.T, s server) {
	db := fresh(t, s)
	if err := db.raw("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, TRUE)"); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Migrate": second(db.Migrate(context.Background())),
		"Pending": second(db.Pending(context.Background())),
	} {
		wants(t, name, err, ErrNewerSchema)
		if err != nil && !(strings.Contains(err.Error(), "version 999") && strings.Contains(err.Error(), "restore the backup")) {
			t.Errorf("%s says %q: not what was found and what to do", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Everything that is stored reads back as it was given, whatever it holds.
func testRoundTrip(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"))
	text := rapid.Map(rapid.StringN(0, 40, 200), func(s string) string { return clean(s) })
	word := rapid.StringMatching(`[a-zA-Z0-9äöü.-]{1,12}`)
	instants := rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(-62135596800000000+1, 253402300799999999).Draw(t, "microseconds")).UTC()
	})
	days := rapid.Map(instants, func(at time.Time) rules.Date { return rules.DateOf(at, time.UTC) })
	maybe := func(d *rapid.Generator[rules.Date]) *rapid.Generator[rules.Date] {
		return rapid.OneOf(d, rapid.Just(rules.Date("")))
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		now := instants.Draw(rt, "now")
		both := func(put func(*Tx) error, check func(*Tx) error) {
			rt.Helper()
			if err := db.Update(context.Background(), now, put); err != nil {
				rt.Fatal(err)
			}
			if err := db.View(context.Background(), check); err != nil {
				rt.Fatal(err)
			}
		}
		equal := func(what string, got, want any, opts ...cmp.Option) {
			rt.Helper()
			if d := cmp.Diff(want, got, append(opts, cmpopts.EquateEmpty())...); d != "" {
				rt.Fatalf("%s (-want +got):\n%s", what, d)
			}
		}

		box := MailboxState{Name: fmt.Sprint("box ", n), UIDValidity: rapid.Uint32().Draw(rt, "uidvalidity"), LastUID: rapid.Uint32().Draw(rt, "uid"),
			StartedAt: instants.Draw(rt, "started")}
		mail := InboxMessage{Mailbox: text.Draw(rt, "mailbox"), UIDValidity: box.UIDValidity, UID: uint32(n), MessageID: text.Draw(rt, "id"),
			RawHash: word.Draw(rt, "raw"), ContentHash: word.Draw(rt, "content"), Sender: rules.Address(text.Draw(rt, "sender")), Subject: text.Draw(rt, "subject"),
			Received: instants.Draw(rt, "received"), Size: rapid.Int64Range(0, math.MaxInt64).Draw(rt, "size"), State: rules.MailFound, Pass: 1,
			Text: string(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(rt, "text"))}
		both(func(tx *Tx) error {
			found, err := tx.Found(mail)
			if err != nil {
				return err
			}
			mail.ID = found.ID
			return errors.Join(tx.SaveMailbox(box), tx.SaveReading(mail))
		}, func(tx *Tx) error {
			gotBox, err1 := tx.Mailbox(box.Name)
			got, err2 := tx.Inbox(mail.ID)
			equal("mailbox", gotBox, box)
			equal("mail", got, mail)
			return errors.Join(err1, err2)
		})

		p := rules.Partner{ID: rules.PartnerID(fmt.Sprint("p", n)), Name: text.Draw(rt, "name"), Plan: text.Draw(rt, "plan"), Organisation: rules.OrganisationKey(text.Draw(rt, "own")),
			JoinedOn: maybe(days).Draw(rt, "joined"), AgreementOn: maybe(days).Draw(rt, "agreement"), SuspendedOn: maybe(days).Draw(rt, "suspended"),
			SuspendedReason: text.Draw(rt, "reason"), LapsedOn: maybe(days).Draw(rt, "lapsed"), PlanUntil: maybe(days).Draw(rt, "plan until"),
			CertifiedOn: maybe(days).Draw(rt, "certified"), Agreement: rules.Agreement{Version: text.Draw(rt, "version"), Hash: text.Draw(rt, "hash")},
			AgreementAt: rapid.OneOf(instants, rapid.Just(time.Time{})).Draw(rt, "agreed"), Mode: rules.Mode(word.Draw(rt, "mode")), AcknowledgeAutomatic: rapid.Bool().Draw(rt, "ack")}
		for i := range rapid.IntRange(0, 3).Draw(rt, "addresses") {
			p.Addresses = append(p.Addresses, rules.Address(fmt.Sprintf("%s%d@%d.example", word.Draw(rt, "local"), i, n)))
			p.Domains = append(p.Domains, fmt.Sprintf("%d.%d.example", 9-i, n))
		}
		both(func(tx *Tx) error { return tx.SavePartner(p, "staff", "") }, func(tx *Tx) error {
			got, err := tx.Partner(p.ID)
			equal("partner", got, p)
			return err
		})

		m := OutboxMessage{Key: fmt.Sprint("reply/", n), Kind: word.Draw(rt, "kind"), InboxID: rapid.SampledFrom([]int64{0, mail.ID}).Draw(rt, "about"), Partner: p.ID,
			To: rules.Address(text.Draw(rt, "to")), From: rules.Address(text.Draw(rt, "from")), MessageID: text.Draw(rt, "message id"), Subject: text.Draw(rt, "subject"),
			Raw: rapid.SliceOf(rapid.Byte()).Draw(rt, "bytes"), State: OutboxHeld, Why: text.Draw(rt, "why"), NextAt: instants.Draw(rt, "next"),
			Copied: rapid.Bool().Draw(rt, "copied"), Numbering: rapid.SliceOf(rapid.Map(rapid.Uint32(), rules.NewReference)).Draw(rt, "numbering")}
		both(func(tx *Tx) (err error) { m.ID, err = tx.Queue(m); return err }, func(tx *Tx) error {
			got, err := tx.Outbox(m.ID)
			m.QueuedAt = now
			equal("mail of ours", got, m)
			return err
		})

		reg := rules.Registration{Ref: rules.NewReference(uint32(n)), Partner: p.ID, LapsedOn: p.Lapse(), Organisation: rules.OrganisationKey(fmt.Sprint("o", n)), State: rules.StateExpired,
			Received: instants.Draw(rt, "registered"), EndedAt: rapid.OneOf(instants, rapid.Just(time.Time{})).Draw(rt, "ended"),
			Prospect: rules.Prospect{FirstName: text.Draw(rt, "first"), LastName: text.Draw(rt, "last"), Email: text.Draw(rt, "email"), URL: text.Draw(rt, "url"),
				Company: text.Draw(rt, "company"), LeadType: rapid.SampledFrom([]rules.LeadType{"", rules.QualifiedLead, rules.ManagedCustomer}).Draw(rt, "type")}}
		start := days.Draw(rt, "start")
		for i := range rapid.IntRange(1, 3).Draw(rt, "terms") {
			reg.Terms = append(reg.Terms, rules.Term{N: i + 1, From: start, Until: start})
		}
		for i := range rapid.IntRange(1, 3).Draw(rt, "contacts") {
			reg.Contacts = append(reg.Contacts, rules.Contact{FirstName: text.Draw(rt, "first"), LastName: text.Draw(rt, "last"), Email: fmt.Sprint(i, text.Draw(rt, "email"))})
		}
		c := rules.Customer{Organisation: rules.OrganisationKey(fmt.Sprint("c", n)), Name: text.Draw(rt, "customer")}
		both(func(tx *Tx) error {
			return errors.Join(tx.ImportRegistration(reg, 50, "staff"), tx.SaveCustomer(c, "staff"))
		}, func(tx *Tx) error {
			got, err := tx.Registration(reg.Ref)
			equal("registration", got, reg)
			customers, err2 := tx.Customers()
			found := false
			for _, have := range customers {
				found = found || have == c
			}
			if !found {
				rt.Fatalf("customer %+v is not among %+v", c, customers)
			}
			return errors.Join(err, err2)
		})

		// A Book is stored with the decision that was made from it, and the
		// registration that it tells of is above.
		received := instants.Draw(rt, "receipt")
		var rec Record
		both(func(tx *Tx) error {
			b, err := tx.Book(rules.Query{Received: received, Sender: rules.Sender{Address: "x@y.example", Partner: p.ID, Verdict: rules.Trusted},
				Organisations: []rules.OrganisationKey{reg.Organisation, c.Organisation, p.Organisation}, Names: []rules.NameKey{"x"}, Thread: []string{m.MessageID}, Candidates: 2}, anywhere)
			if err != nil {
				return err
			}
			read := rules.Reading{Prospect: reg.Prospect, Unusable: map[rules.Field]string{rules.URL: text.Draw(rt, "unusable")}, None: []rules.Field{rules.Email},
				Spans: map[rules.Field]rules.Span{rules.Company: {Part: "1.2", Line: 3, From: 4, To: 5}}}
			rec = Record{InboxID: mail.ID, Pass: 1, Book: b, Policy: rules.DefaultPolicy(),
				Request: rules.Request{Kind: rules.KindRegistration, Subject: text.Draw(rt, "subject"), Prospects: []rules.Reading{read}, Items: []rules.Item{{Verb: rules.VerbRegister}},
					Thread: []string{m.MessageID}, Questions: []string{text.Draw(rt, "question")}}}
			rec.Decision = rules.Decision{State: rules.MailHeld, Folder: rules.FolderReview, Why: text.Draw(rt, "why"), Received: received, Today: start,
				Judgements: []rules.Judgement{{Ref: b.References[0], Decision: rules.NeedsInfo, Prospect: reg.Prospect, Organisation: reg.Organisation, Asked: 1,
					Proposal: text.Draw(rt, "proposal"), NoWebsite: rapid.Bool().Draw(rt, "no website"), Reasons: []rules.Reason{{Code: rules.MissingField, Field: rules.URL}}}}}
			return tx.Record(rec)
		}, func(tx *Tx) error {
			got, err := tx.Decision(mail.ID)
			if err != nil {
				return err
			}
			if len(got) != 1 || got[0].Policy.Hash() != rec.Policy.Hash() {
				rt.Fatalf("the decision was stored as %+v", got)
			}
			rec.DecidedAt = now
			equal("decision", got[0], rec, cmpopts.IgnoreFields(Record{}, "Policy"))
			asks, err := tx.Asks(p.ID)
			j := rec.Decision.Judgements[0]
			equal("ask", asks, []rules.Ask{{Ref: j.Ref, Partner: p.ID, Prospect: j.Prospect, Asked: 1, Last: received, Proposal: j.Proposal, NoWebsite: j.NoWebsite}})
			return err
		})
	})
}

func testHostileText(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"))
	long := strings.Repeat("x", 100_000)
	var id int64
	db.update(t, func(tx *Tx) error {
		m, err := tx.Found(InboxMessage{Mailbox: "INBOX", UIDValidity: 1, UID: 1, Received: received})
		if err != nil {
			return err
		}
		id = m.ID
		m.Subject, m.MessageID, m.Text, m.RawHash = "a\x00b\xffc", long, "a\x00b\xffc", "r"
		m.Sender = rules.Address(long + "@x.example")
		if err := tx.SaveReading(m); err != nil {
			return err
		}
		j := grant("R-000001", "acme.example", 1)
		j.Prospect.Company, j.Prospect.FirstName = "A\x00cme\xff "+long, "'; DROP TABLE inbox; --"
		b, err := tx.Book(rules.Query{Received: received, Sender: rules.Sender{Address: m.Sender, Partner: "northwind"}, Thread: []string{long, "\x00\xff"},
			Names: []rules.NameKey{rules.NameKeyOf(j.Prospect.Company)}, Organisations: []rules.OrganisationKey{`"],["`, "\x00"}, Candidates: 1}, anywhere)
		if err != nil {
			return err
		}
		return tx.Record(Record{InboxID: m.ID, Book: b, Policy: rules.DefaultPolicy(), Request: rules.Request{Subject: m.Subject},
			Decision: rules.Decision{State: rules.MailDecided, Judgements: []rules.Judgement{j}}})
	})
	m := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Inbox(id) })
	if m.Subject != "ab\uFFFDc" || m.Text != "a\x00b\xffc" || len(m.MessageID) != 998 {
		t.Errorf("stored as subject %q, text %q, %d bytes of Message-ID", m.Subject, m.Text, len(m.MessageID))
	}
	reg := see(t, db, func(tx *Tx) (rules.Registration, error) { return tx.Registration("R-000001") })
	if want := "Acme\uFFFD " + long; reg.Prospect.Company != want || reg.Prospect.FirstName != "'; DROP TABLE inbox; --" {
		t.Errorf("stored as %.40q…, %q", reg.Prospect.Company, reg.Prospect.FirstName)
	}
	// What was cut is found by what it was cut from.
	dup := see(t, db, func(tx *Tx) (int64, error) {
		if err := tx.SaveReading(InboxMessage{ID: id, MessageID: long, ContentHash: "c"}); err != nil {
			return 0, err
		}
		return tx.Duplicate(InboxMessage{ID: id + 1, MessageID: long, ContentHash: "c"})
	})
	if dup != id {
		t.Errorf("a long Message-ID is a duplicate of %d, want %d", dup, id)
	}
	huge := strings.Repeat("line\n", 1<<18)
	db.update(t, func(tx *Tx) error { return tx.SaveReading(InboxMessage{ID: id, Text: huge}) })
	if got := see(t, db, func(tx *Tx) (InboxMessage, error) { return tx.Inbox(id) }).Text; got != huge[:1<<20] {
		t.Errorf("%d bytes of text were kept, want the first MiB", len(got))
	}
	var stored int
	if err := db.read.QueryRowContext(context.Background(), "SELECT octet_length(text) FROM inbox").Scan(&stored); err != nil || stored > 20_000 {
		t.Errorf("a MiB of the same line takes %d bytes (%v): it is not compressed", stored, err)
	}
}

func testRollback(t *testing.T, s server) {
	db := fresh(t, s)
	write := func(tx *Tx) error { return tx.Suppress("a@b.example", "x") }
	wants(t, "the caller's error", db.Update(context.Background(), received, func(tx *Tx) error {
		return errors.Join(write(tx), errMine)
	}), errMine)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.Update(context.Background(), received, func(tx *Tx) error {
			if err := write(tx); err != nil {
				t.Error(err)
			}
			panic("in the middle")
		})
	}()
	ctx, cancel := context.WithCancel(context.Background())
	wants(t, "a context that ends", db.Update(ctx, received, func(tx *Tx) error {
		if err := write(tx); err != nil {
			return err
		}
		cancel()
		return nil
	}), context.Canceled)
	if n := db.count(t, "suppressions"); n != 0 {
		t.Errorf("%d rows are left of transactions that failed", n)
	}
	db.update(t, write)
	if n := db.count(t, "suppressions"); n != 1 {
		t.Errorf("%d rows after one that did not fail, want 1", n)
	}
}

// TestKilledHelper is the program that testKilled kills; by itself it does
// nothing.
func TestKilledHelper(t *testing.T) {
	url := os.Getenv("LEADMAIL_STORE_KILLED")
	if url == "" {
		return
	}
	db, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	_ = db.Update(t.Context(), received, func(tx *Tx) error {
		if err := tx.Suppress("half@done.example", "x"); err != nil {
			return err
		}
		if _, err := tx.decide("northwind", grant("R-000001", "acme.example", 1)); err != nil {
			return err
		}
		os.Exit(42)
		return nil
	})
}

func testKilled(t *testing.T, s server) {
	url := s(t)
	db := fresh(t, func(testing.TB) string { return url })
	db.enter(t, joined("northwind"))
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledHelper$")
	cmd.Env = append(os.Environ(), "LEADMAIL_STORE_KILLED="+url)
	if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 42 {
		t.Fatalf("the helper was to end inside its transaction: %v\n%s", err, out)
	}
	for _, table := range []string{"suppressions", "inbox", "decisions", "prospects", "registrations"} {
		if n := db.count(t, table); n != 0 {
			t.Errorf("%d rows of a killed program are in %s", n, table)
		}
	}
	db.update(t, func(tx *Tx) error { _, err := tx.decide("northwind", grant("R-000001", "acme.example", 1)); return err })
}

func testSavepoint(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("a"), joined("b"))
	db.update(t, func(tx *Tx) error {
		for i, org := range []rules.OrganisationKey{"one.example", "one.example", "two.example"} {
			p := rules.PartnerID([]string{"a", "b", "b"}[i])
			err := tx.Savepoint("mail", func() error {
				if err := tx.Note("test", "attempt", fmt.Sprint(i), ""); err != nil {
					return err
				}
				_, err := tx.decide(p, grant(anywhere(), org, 1))
				return err
			})
			if want := map[int]error{1: ErrTaken}[i]; !errors.Is(err, want) {
				t.Errorf("mail %d: got %v, want %v", i, err, want)
			}
		}
		// One inside another: the inner one's end does not end the outer.
		err := tx.Savepoint("outer", func() error {
			if err := tx.Suppress("outer@x.example", "x"); err != nil {
				return err
			}
			wants(t, "the inner savepoint", tx.Savepoint("inner", func() error {
				return errors.Join(tx.Suppress("inner@x.example", "x"), errMine)
			}), errMine)
			return nil
		})
		return err
	})
	var kept []string
	for _, e := range see(t, db, func(tx *Tx) ([]Event, error) { return tx.History("attempt") }) {
		kept = append(kept, e.What)
	}
	same(t, "mails that are kept", kept, []string{"0", "2"})
	if n := db.count(t, "registrations"); n != 2 {
		t.Errorf("%d registrations, want 2", n)
	}
	if n := db.count(t, "suppressions"); n != 1 {
		t.Errorf("%d suppressions, want that of outer@x.example", n)
	}
	if why := see(t, db, func(tx *Tx) (string, error) { return tx.Suppressed("outer@x.example") }); why != "x" {
		t.Errorf("outer@x.example is suppressed for %q", why)
	}
}

func testSwallowed(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("northwind"))
	bad := func(tx *Tx) { _, _ = tx.exec("INSERT INTO customers (organisation, name, since) VALUES ('', '', 0)") }
	err := db.Update(context.Background(), received, func(tx *Tx) error {
		if err := tx.Suppress("a@b.example", "x"); err != nil {
			return err
		}
		bad(tx)
		if err := tx.Suppress("c@d.example", "x"); err == nil {
			t.Error("a statement ran after another had failed")
		}
		return nil
	})
	if err == nil {
		t.Error("a transaction with a failed statement was committed")
	}
	err = db.Update(context.Background(), received, func(tx *Tx) error {
		return tx.Savepoint("mail", func() error { bad(tx); return nil })
	})
	if err == nil {
		t.Error("a savepoint with a failed statement was kept")
	}
	if n := db.count(t, "suppressions"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	// It is that mail's failure, not its neighbours'.
	db.update(t, func(tx *Tx) error {
		if err := tx.Savepoint("mail", func() error { bad(tx); return nil }); err == nil {
			t.Error("a savepoint with a failed statement said that all is well")
		}
		return tx.Suppress("next@mail.example", "x")
	})
	if n := db.count(t, "suppressions"); n != 1 {
		t.Errorf("%d rows of the next mail, want 1", n)
	}
}

func testView(t *testing.T, s server) {
	db := fresh(t, s)
	err := db.View(context.Background(), func(tx *Tx) error {
		if why, err := tx.Suppressed("a@b.example"); err != nil || why != "" {
			t.Errorf("at first: %q, %v", why, err)
		}
		db.update(t, func(tx *Tx) error { return tx.Suppress("a@b.example", "x") })
		if why, err := tx.Suppressed("a@b.example"); err != nil || why != "" {
			t.Errorf("a view saw what came later: %q, %v", why, err)
		}
		if !tx.Now().IsZero() {
			t.Errorf("a view has the instant %v", tx.Now())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.View(context.Background(), func(tx *Tx) error { _, err := tx.exec("DELETE FROM suppressions"); return err }); err == nil {
		t.Error("a view wrote")
	}
	if n := db.count(t, "suppressions"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func testHistory(t *testing.T, s server) {
	db := fresh(t, s)
	db.update(t, func(tx *Tx) error { return tx.Note("staff", "northwind", "changed", "a new address") })
	statements := []string{"UPDATE history SET why = ''", "DELETE FROM history"}
	if db.Dialect() == "postgres" {
		statements = append(statements, "TRUNCATE history")
	}
	for _, sql := range statements {
		if err := db.raw(sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: got %v, want that history is append-only", sql, err)
		}
	}
	got := see(t, db, func(tx *Tx) ([]Event, error) { return tx.History("northwind") })
	same(t, "history", got, []Event{{ID: 1, At: received, Actor: "staff", Subject: "northwind", What: "changed", Why: "a new address"}})
}
