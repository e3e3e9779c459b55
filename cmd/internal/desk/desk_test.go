package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"leadmail/cmd/internal/config"
	"leadmail/cmd/internal/mailhost"
	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
	"leadmail/templates"
)

const (
	mailbox = "partners@vendor.example"
	staff   = "desk@vendor.example"
	pat     = "pat@partner.example"
)

var loadWords = sync.OnceValues(func() (*templates.Set, error) { return templates.Load("") })

// benchWords are the embedded templates, loaded once.
func benchWords(t interface{ Fatal(...any) }) *templates.Set {
	words, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// bench is a desk on servers of its own, under a clock that the test moves.
type bench struct {
	testing.TB
	host *mailhost.Host
	db   *store.DB
	o    Options
	mu   sync.Mutex
	now  time.Time
	ids  int
	path string // of the database
	// unsaid is what the server behind refuse leaves out: lines that hold it.
	unsaid string
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{TB: t, now: time.Date(2026, 5, 22, 9, 30, 0, 0, time.UTC)}
	var err error
	b.host, err = mailhost.Start("127.0.0.1:0", "127.0.0.1:0", b.clock)
	b.must(err)
	b.path = filepath.Join(t.TempDir(), "leadmail.db")
	b.db, err = store.Open(t.Context(), b.path)
	b.must(err)
	t.Cleanup(func() { b.must(errors.Join(b.db.Close(), b.host.Close())) })
	_, err = b.db.Migrate(t.Context())
	b.must(err)
	for _, a := range []string{mailbox, staff, pat} {
		b.must(b.host.AddUser(a, "secret"))
	}
	p := rules.Partner{ID: "pat", Name: "Pat Partner", Addresses: []rules.Address{pat}, Plan: "mentor", JoinedOn: "2025-01-01", AgreementOn: "2025-01-01"}
	b.update(func(tx *store.Tx) error { return tx.SavePartner(p, "test", "") })
	password := func() (string, error) { return "secret", nil }
	b.o = Options{
		Store:   b.db,
		Words:   benchWords(b),
		IMAP:    intake.Server{Addr: b.host.IMAPAddr, TLS: "none", Username: mailbox, Password: password, Mailbox: "INBOX", Timeout: 20 * time.Second},
		SMTP:    notify.SMTP{Addr: b.host.SMTPAddr, TLS: "none", Username: mailbox, Password: password, Hello: "vendor.example", Timeout: 20 * time.Second},
		Program: notify.Program{Name: "Program", Address: mailbox, Policy: rules.DefaultPolicy()},
		Folders: config.Default().IMAP.Folders, Mode: rules.ModeAuto, Staff: []rules.Address{staff}, StartAll: true, Now: b.clock,
		NewID: func() string {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.ids++
			return fmt.Sprintf("m%d", b.ids)
		},
	}
	return b
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) later(d time.Duration) {
	b.mu.Lock()
	b.now = b.now.Add(d)
	b.mu.Unlock()
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) update(fn func(*store.Tx) error) {
	b.Helper()
	b.must(b.db.Update(context.Background(), b.clock(), fn))
}

func (b *bench) desk() *Desk {
	b.Helper()
	d, err := New(b.o)
	b.must(err)
	b.Cleanup(func() { b.must(d.Close()) })
	return d
}

func leadMail(n int, host string) []byte {
	return []byte(strings.ReplaceAll(fmt.Sprintf(`From: Pat <%s>
To: %s
Subject: Lead %d
Message-ID: <lead%d@partner.example>

First name: Ada
Last name: Okafor
Email: ada@%s
URL: https://%s
Company: Firm %d
Lead type: Qualified Lead
`, pat, mailbox, n, n, host, host, n), "\n", "\r\n"))
}

// mails are what lies in a folder of an address.
func (b *bench) mails(address, folder string) [][]byte {
	b.Helper()
	server := b.o.IMAP
	server.Username, server.Mailbox = address, folder
	s, err := intake.Dial(b.Context(), server)
	b.must(err)
	defer s.Close()
	if _, err := s.Select(b.Context()); errors.Is(err, intake.ErrNoFolder) {
		return nil
	}
	uids, err := s.Search(b.Context(), 0)
	b.must(err)
	var raws [][]byte
	b.must(s.Fetch(b.Context(), uids, func(f intake.Fetched) error { raws = append(raws, f.Raw); return nil }))
	return raws
}

func (b *bench) outbox() []store.OutboxMessage {
	b.Helper()
	var out []store.OutboxMessage
	b.must(b.db.View(b.Context(), func(tx *store.Tx) (err error) {
		out, err = tx.OutboxList(store.OutboxFilter{})
		return err
	}))
	return out
}

func (b *bench) inbox(id int64) store.InboxMessage {
	b.Helper()
	var m store.InboxMessage
	b.must(b.db.View(b.Context(), func(tx *store.Tx) (err error) {
		m, err = tx.Inbox(id)
		return err
	}))
	return m
}

// reply is the message that answers pat.
func (b *bench) reply() store.OutboxMessage {
	b.Helper()
	for _, m := range b.outbox() {
		if m.To == pat {
			return m
		}
	}
	b.Fatal("no reply is owed")
	return store.OutboxMessage{}
}

func TestThirdFailureQuarantinesUnread(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	// Three times the program ended while it read this mail.
	b.update(func(tx *store.Tx) error {
		m, err := tx.Found(store.InboxMessage{Mailbox: "INBOX", UIDValidity: 1, UID: 1, Received: b.clock()})
		for range maxAttempts {
			if err == nil {
				_, err = tx.CountAttempt(m.ID)
			}
		}
		return errors.Join(err, tx.SaveMailbox(store.MailboxState{Name: "INBOX", UIDValidity: 1, LastUID: 1}))
	})
	b.must(b.desk().Settle(t.Context()))
	m := b.inbox(1)
	if m.State != rules.MailQuarantined || m.Folder != rules.FolderQuarantine {
		t.Errorf("state %s in %s; want it quarantined", m.State, m.Folder)
	}
	if len(b.mails(mailbox, "Leadmail/Quarantine")) != 1 {
		t.Error("it does not lie in Quarantine")
	}
	if len(b.mails(pat, "INBOX")) != 0 || len(b.mails(staff, "INBOX")) != 1 {
		t.Error("staff are told, and nobody else")
	}
}

func TestTwoFailuresAreNoHarm(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	b.update(func(tx *store.Tx) error {
		m, err := tx.Found(store.InboxMessage{Mailbox: "INBOX", UIDValidity: 1, UID: 1, Received: b.clock()})
		for range maxAttempts - 1 {
			if err == nil {
				_, err = tx.CountAttempt(m.ID)
			}
		}
		return errors.Join(err, tx.SaveMailbox(store.MailboxState{Name: "INBOX", UIDValidity: 1, LastUID: 1}))
	})
	b.must(b.desk().Settle(t.Context()))
	if m := b.inbox(1); m.State != rules.MailFiled {
		t.Errorf("state %s; want it read and filed", m.State)
	}
}

// MAIL.md, crash points: after the commit and before the MOVE only the MOVE is
// repeated.
func TestFilingIsWorkedOffAfterACrash(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := leadMail(1, "acme.example")
	b.must(b.host.Deliver(mailbox, raw))
	d := b.desk()
	box := store.MailboxState{Name: "INBOX", UIDValidity: 1, LastUID: 1}
	b.update(func(tx *store.Tx) error { return tx.SaveMailbox(box) })
	b.must(d.take(t.Context(), box, 0, intake.Fetched{UID: 1, Received: b.clock(), Raw: raw, Size: int64(len(raw))}))
	if len(b.mails(mailbox, "INBOX")) != 1 || b.inbox(1).State != rules.MailDecided {
		t.Fatal("the mail was filed before its time")
	}
	b.must(b.desk().Settle(t.Context()))
	if len(b.mails(mailbox, "INBOX")) != 0 || len(b.mails(mailbox, "Leadmail/Processed")) != 1 {
		t.Error("the mail was not filed")
	}
	if n := len(b.mails(pat, "INBOX")); n != 1 {
		t.Errorf("%d answers; want one", n)
	}
}

// The window after the final dot: once more at most. Interrupted twice, it does not
// go out a third time.
func TestInterruptedTwiceIsNotSentAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	b.o.Staff = nil
	d := b.desk()
	b.must(d.begin(t.Context()))
	b.must(d.connect(t.Context()))
	b.must(d.scan(t.Context(), d.session))
	before := b.reply()
	for i, wait := range []time.Duration{uncertainWait, 48 * time.Hour} {
		b.update(func(tx *store.Tx) error { return tx.StartSending(before.ID) }) // and killed there
		d = b.desk()
		b.must(d.Settle(t.Context()))
		if m := b.reply(); m.State != store.OutboxUncertain {
			t.Fatalf("restart %d: %s; want uncertain", i+1, m.State)
		}
		if n := len(b.mails(pat, "INBOX")); n != 0 {
			t.Fatalf("restart %d: sent before the wait was over", i+1)
		}
		b.later(wait)
		if i == 0 {
			continue
		}
		b.must(d.Settle(t.Context()))
		if n := len(b.mails(pat, "INBOX")); n != 0 {
			t.Fatalf("sent %d times more after two doubts", n)
		}
	}
}

// Interrupted once, the identical bytes go out, after a wait.
func TestUncertainGoesOutUnchanged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	b.o.Staff = nil
	d := b.desk()
	b.must(d.begin(t.Context()))
	b.must(d.connect(t.Context()))
	b.must(d.scan(t.Context(), d.session))
	before := b.reply()
	b.update(func(tx *store.Tx) error { return tx.StartSending(before.ID) })
	d = b.desk()
	b.must(d.Settle(t.Context()))
	b.later(uncertainWait)
	b.must(d.Settle(t.Context()))
	got := b.mails(pat, "INBOX")
	if len(got) != 1 || !bytes.HasSuffix(got[0], before.Raw) {
		t.Fatalf("%d messages, and not the bytes that were queued", len(got))
	}
}

func TestRefusedAddressIsSuppressedAndStaffAreTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	b.o.Staff = nil
	b.host.Refuse(&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"})
	d := b.desk()
	d.Staff = []rules.Address{staff}
	b.must(d.Settle(t.Context()))
	if m := b.reply(); m.State != store.OutboxFailed || !strings.Contains(m.LastError, "no such user") {
		t.Errorf("state %s, %q; want it failed with the server's words", m.State, m.LastError)
	}
	b.host.Refuse(nil)
	b.later(time.Minute)
	b.must(b.host.Deliver(mailbox, leadMail(2, "bolt.example")))
	b.must(d.Settle(t.Context()))
	if m := b.reply(); m.State != store.OutboxCancelled {
		t.Errorf("the next reply is %s; want it cancelled, since the address is suppressed", m.State)
	}
	if len(b.mails(pat, "INBOX")) != 0 {
		t.Error("a message went to a suppressed address")
	}
}

func TestSendingPausesWhenTheServerRefusesUs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.o.Staff = nil
	wrong := true
	b.o.SMTP.Password = func() (string, error) {
		if wrong {
			return "guess", nil
		}
		return "secret", nil
	}
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	d := b.desk()
	b.must(d.Settle(t.Context()))
	if m := b.reply(); m.State != store.OutboxDeferred || m.Attempts != 1 {
		t.Fatalf("%s after %d attempts; want it deferred after one", m.State, m.Attempts)
	}
	b.must(d.Settle(t.Context()))
	if m := b.reply(); m.Attempts != 1 {
		t.Error("the pause was not kept")
	}
	wrong = false
	b.later(pauseFirst)
	b.must(d.Settle(t.Context()))
	if m := b.reply(); m.State != store.OutboxSent {
		t.Errorf("%s after the password was mended; want it sent", m.State)
	}
}

// Nothing of a transaction that fails is filed, sent or kept, but the attempt.
func TestAFailedTransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := leadMail(1, "acme.example")
	d := b.desk()
	d.NewReference = func() rules.Reference { panic("the power fails") }
	func() {
		defer func() { _ = recover() }()
		_ = d.take(t.Context(), store.MailboxState{Name: "INBOX", UIDValidity: 1}, 0, intake.Fetched{UID: 1, Received: b.clock(), Raw: raw})
	}()
	if m := b.inbox(1); m.State != rules.MailAttempted || m.Attempts != 1 {
		t.Errorf("%s after %d attempts; want attempted, 1", m.State, m.Attempts)
	}
	if out := b.outbox(); len(out) != 0 {
		t.Errorf("%d messages are owed", len(out))
	}
}

func TestRunStopsCleanly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	decided := make(chan struct{}, 1)
	b.o.Now = time.Now
	b.o.Watch = func(e Event) {
		if e.Decided != nil {
			decided <- struct{}{}
		}
	}
	d := b.desk()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	<-decided
	stop()
	select {
	case err := <-ended:
		b.must(err)
	case <-time.After(30 * time.Second):
		t.Fatal("Run did not end")
	}
	if m := b.inbox(1); m.State != rules.MailDecided && m.State != rules.MailFiled {
		t.Errorf("the mail in hand was left %s", m.State)
	}
}

// A first start leaves what is there where it lies, unless told otherwise.
func TestFirstStartIsQuiet(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.o.StartAll = false
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	b.later(time.Minute)
	d := b.desk()
	b.must(d.Settle(t.Context()))
	b.later(2 * compareEvery)
	b.must(d.Settle(t.Context())) // compares the whole mailbox
	if len(b.mails(mailbox, "INBOX")) != 1 || len(b.outbox()) != 0 {
		t.Fatal("historic mail was handled")
	}
	b.must(b.host.Deliver(mailbox, leadMail(2, "bolt.example")))
	b.must(d.Settle(t.Context()))
	if len(b.mails(pat, "INBOX")) != 1 {
		t.Error("new mail was not answered")
	}
}

// What lies below the last UID and is not in the ledger is found by the periodic
// comparison.
func TestComparisonFindsWhatTheSearchMissed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	b.update(func(tx *store.Tx) error {
		return tx.SaveMailbox(store.MailboxState{Name: "INBOX", UIDValidity: 1, LastUID: 9})
	})
	d := b.desk()
	d.compare = b.clock()
	b.must(d.Settle(t.Context()))
	if len(b.outbox()) != 0 {
		t.Fatal("the search above the last UID found it")
	}
	b.later(compareEvery)
	b.must(d.Settle(t.Context()))
	if len(b.mails(pat, "INBOX")) != 1 {
		t.Error("the comparison did not find it")
	}
}

func TestTooLargeIsHeldWithWordsForAPartner(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.o.IMAP.MaxSize = 4 << 10
	b.must(b.host.Deliver(mailbox, append(leadMail(1, "acme.example"), bytes.Repeat([]byte("padding\r\n"), 1000)...)))
	b.must(b.desk().Settle(t.Context()))
	if m := b.inbox(1); m.State != rules.MailHeld || m.Folder != rules.FolderReview {
		t.Errorf("%s in %s; want it held in Review", m.State, m.Folder)
	}
	got := b.mails(pat, "INBOX")
	if len(got) != 1 || !strings.Contains(intake.Reader{}.Read(got[0]).Text, "large") {
		t.Errorf("%d answers; want one that says that the mail is too large", len(got))
	}
}

// An ask that has lapsed stays on record for good; what a decision reads, and
// records, does not grow with them.
func TestLapsedAsksAreLeftOutOfTheBook(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	incomplete := func(n int, host string) []byte {
		return bytes.Replace(leadMail(n, host), []byte("Lead type: Qualified Lead\r\n"), nil, 1)
	}
	d := b.desk()
	for i, host := range []string{"acme.example", "bolt.example"} {
		b.must(b.host.Deliver(mailbox, incomplete(i+1, host)))
		b.must(d.Settle(t.Context()))
		b.later(31 * 24 * time.Hour)
	}
	b.later(-24 * time.Hour) // the second ask is thirty days old: open
	b.must(b.host.Deliver(mailbox, leadMail(3, "core.example")))
	b.must(d.Settle(t.Context()))
	b.must(b.db.View(t.Context(), func(tx *store.Tx) error {
		records, err := tx.Decision(3)
		if err == nil && (len(records) != 1 || len(records[0].Book.Asks) != 1) {
			t.Errorf("the Book of the third mail holds %d asks; want the open one", len(records[0].Book.Asks))
		}
		return err
	}))
}

// A message whose fate stays unknown is a person's: staff hear of it once it is
// not sent again.
func TestTwoDoubtsAreToldToStaff(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.desk()
	lost := errors.New("the answer was lost")
	alerts := func() (n int) {
		for _, m := range b.outbox() {
			if m.Kind == alertKind {
				n++
			}
		}
		return n
	}
	d.tellOfFailure(t.Context(), store.OutboxMessage{ID: 7, To: pat}, lost, store.OutboxUncertain, "lost")
	if alerts() != 0 {
		t.Fatal("the first doubt is no news: the message goes out once more")
	}
	d.tellOfFailure(t.Context(), store.OutboxMessage{ID: 7, To: pat, Doubts: 1}, lost, store.OutboxUncertain, "lost")
	if alerts() != 1 {
		t.Errorf("%d alerts; want one", alerts())
	}
}
