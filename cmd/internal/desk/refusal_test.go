package desk

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"leadmail/rules"
	"leadmail/store"
)

// literal ends a command line whose rest follows as so many octets.
var literal = regexp.MustCompile(`\{(\d+)(\+?)\}$`)

// refuse puts a server between the desk and its mailbox that answers a command as
// no says, such as "NO [OVERQUOTA] full"; "HANGUP" ends the connection, "" lets
// the command through.
func (b *bench) refuse(no func(command string) string) {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	b.must(err)
	b.Cleanup(func() { _ = ln.Close() })
	host := b.o.IMAP.Addr
	b.o.IMAP.Addr = ln.Addr().String()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", host)
			if err != nil {
				_ = c.Close()
				continue
			}
			go func() {
				defer c.Close()
				for r := bufio.NewReader(server); ; {
					line, err := r.ReadString('\n')
					if b.unsaid == "" || !strings.Contains(line, b.unsaid) {
						_, _ = io.WriteString(c, line)
					}
					if err != nil {
						return
					}
				}
			}()
			go func() {
				defer server.Close()
				defer c.Close()
				for r := bufio.NewReader(c); ; {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					text := strings.TrimRight(line, "\r\n")
					tag, command, _ := strings.Cut(text, " ")
					answer := no(command)
					if answer == "HANGUP" {
						return
					}
					if answer == "" {
						fmt.Fprint(server, line)
						continue
					}
					if m := literal.FindStringSubmatch(text); m != nil && m[2] == "+" {
						n, _ := strconv.Atoi(m[1])
						_, _ = io.CopyN(io.Discard, r, int64(n))
						_, _ = r.ReadString('\n')
					}
					fmt.Fprintf(c, "%s %s\r\n", tag, answer)
				}
			}()
		}
	}()
}

// first is a condition on commands about the first mail of INBOX.
func first(command, prefix string) bool {
	set, found := strings.CutPrefix(command, prefix)
	set, _, _ = strings.Cut(set, " ")
	return found && (set == "1" || strings.HasPrefix(set, "1:") || strings.HasPrefix(set, "1,"))
}

// MAIL.md 125: a mail that the server will not list, or not deliver, is counted
// and quarantined; the others are answered at once.
func TestAMailThatTheServerKeepsToItselfStopsNoOther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		refuse func(command string) bool
		answer string
		scans  int
	}{
		{"it is not listed", func(s string) bool { return first(s, "UID FETCH ") && strings.Contains(s, "INTERNALDATE") }, "NO cannot read it", 1},
		{"it is not delivered", func(s string) bool { return first(s, "UID FETCH ") && strings.Contains(s, "BODY") }, "NO cannot read it", 1},
		{"listing it breaks the connection", func(s string) bool { return first(s, "UID FETCH ") && strings.Contains(s, "INTERNALDATE") }, "HANGUP", 8},
		{"delivering it breaks the connection", func(s string) bool { return first(s, "UID FETCH ") && strings.Contains(s, "BODY") }, "HANGUP", 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.refuse(func(command string) string {
				if c.refuse(command) {
					return c.answer
				}
				return ""
			})
			b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
			b.must(b.host.Deliver(mailbox, leadMail(2, "bolt.example")))
			d := b.desk()
			for range c.scans {
				_ = d.Settle(t.Context()) // the connection may break
				_ = d.Close()
			}
			if n := len(b.mailsPast(pat)); n != 1 {
				t.Fatalf("%d answers to the other mail; want one", n)
			}
			for range maxAttempts {
				_ = d.Settle(t.Context())
				_ = d.Close()
			}
			for _, m := range b.inboxes() {
				if m.UID == 1 && (m.State != rules.MailQuarantined || m.Folder != rules.FolderQuarantine || m.Duplicate != 0) {
					t.Errorf("the mail is %s in %q, a duplicate of %d; want it in Quarantine", m.State, m.Folder, m.Duplicate)
				}
				b.sameAgain(m.ID)
			}
		})
	}
}

// mailsPast are what lies in somebody's INBOX, asked of the server itself.
func (b *bench) mailsPast(address string) [][]byte {
	b.Helper()
	at := b.o.IMAP.Addr
	b.o.IMAP.Addr = b.host.IMAPAddr
	defer func() { b.o.IMAP.Addr = at }()
	return b.mails(address, "INBOX")
}

func (b *bench) inboxes() (all []store.InboxMessage) {
	b.Helper()
	b.must(b.db.View(b.Context(), func(tx *store.Tx) (err error) {
		all, err = tx.InboxList(store.InboxFilter{})
		return err
	}))
	return all
}

// sameAgain decides a mail again from the record (PRODUCT.md, invariant 4).
func (b *bench) sameAgain(id int64) {
	b.Helper()
	b.must(b.db.View(b.Context(), func(tx *store.Tx) error {
		records, err := tx.Decision(id)
		for _, r := range records {
			if diff := cmp.Diff(asJSON(r.Decision), asJSON(rules.Decide(r.Book, r.Request, r.Policy))); diff != "" {
				b.Errorf("mail %d: on record -, decided again +\n%s", id, diff)
			}
		}
		return err
	}))
}

// A mailbox that is full takes no copies and no moves; mail is read and answered.
func TestAFullMailboxIsReadAndAnswered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	full := true
	b.refuse(func(command string) string {
		if full && (strings.HasPrefix(command, "APPEND") || strings.HasPrefix(command, "UID MOVE") || strings.HasPrefix(command, "UID COPY")) {
			return "NO [OVERQUOTA] full"
		}
		return ""
	})
	b.o.SentCopy = true
	d := b.desk()
	for i, host := range []string{"acme.example", "bolt.example"} {
		b.must(b.host.Deliver(mailbox, leadMail(i+1, host)))
		b.must(d.Settle(t.Context()))
		if n := len(b.mailsPast(pat)); n != i+1 {
			t.Fatalf("%d answers; want %d", n, i+1)
		}
	}
	if n := len(b.mailsPast(mailbox)); n != 2 {
		t.Fatalf("%d mails in INBOX; want both", n)
	}
	full = false
	b.must(d.Settle(t.Context()))
	if n := len(b.mailsPast(mailbox)); n != 0 {
		t.Errorf("%d mails in INBOX after room was made; want none", n)
	}
	subjects := map[string]bool{}
	for _, m := range b.outbox() {
		if m.Kind == alertKind {
			subjects[m.Key] = true
		}
	}
	if len(subjects) != 4 { // copies and filing, each with its end
		t.Errorf("alerts %v; want one of copies, one of filing, and of the end of each", subjects)
	}
}

// A mail that somebody dragged into INBOX keeps its old date. When reading it
// failed once, younger mail does not make the desk take it for gone.
func TestAnUndecidedMailBelowTheSearchIsNotTakenForGone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	b.later(time.Hour)
	b.update(func(tx *store.Tx) error {
		m, err := tx.Found(store.InboxMessage{Mailbox: "INBOX", UIDValidity: 1, UID: 1, Received: b.clock().Add(-time.Hour)})
		if err == nil {
			_, err = tx.CountAttempt(m.ID)
		}
		if err != nil {
			return err
		}
		return tx.SaveMailbox(store.MailboxState{Name: "INBOX", UIDValidity: 1, LastUID: 1, StartedAt: b.clock()})
	})
	b.must(b.host.Deliver(mailbox, leadMail(2, "bolt.example")))
	d := b.desk()
	d.compare = b.clock() // no whole comparison: the search begins above the first
	b.must(d.Settle(t.Context()))
	if m := b.inbox(1); m.State != rules.MailFiled {
		t.Errorf("it is %s (%s); want it decided and filed", m.State, m.Why)
	}
}

// A server that calls us too fast for one recipient, for good, is believed for
// two days (MAIL.md, Outbound: give up at 48 h).
func TestTooFastForTwoDaysIsARefusal(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.o.Staff = nil
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	b.host.Refuse(&smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "policy"})
	d := b.desk()
	b.must(d.Settle(t.Context()))
	if m := b.reply(); m.State != store.OutboxDeferred {
		t.Fatalf("%s at first; want it deferred", m.State)
	}
	b.later(49 * time.Hour)
	b.must(d.Settle(t.Context()))
	if m := b.reply(); m.State != store.OutboxFailed {
		t.Errorf("%s after two days; want it failed, and the queue free", m.State)
	}
}

// What happened to a delivery is noted once the database takes it again; until
// then nothing else is sent, and the message is not sent again.
func TestADeliveryIsNotedWhenTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.o.Staff = nil
	side, err := sql.Open("sqlite", b.path)
	b.must(err)
	t.Cleanup(func() { b.must(side.Close()) })
	_, err = side.ExecContext(t.Context(), "CREATE TRIGGER broken BEFORE UPDATE ON outbox WHEN NEW.state = 'sent' BEGIN SELECT RAISE(ABORT, 'no space'); END")
	b.must(err)
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	d := b.desk()
	if err := d.Settle(t.Context()); err == nil {
		t.Fatal("the database was to refuse")
	}
	_, err = side.ExecContext(t.Context(), "DROP TRIGGER broken")
	b.must(err)
	b.must(d.Settle(t.Context()))
	if m := b.reply(); m.State != store.OutboxSent {
		t.Errorf("%s; want it noted as sent", m.State)
	}
	if n := len(b.mails(pat, "INBOX")); n != 1 {
		t.Errorf("%d answers; want one", n)
	}
}

// RFC 3501, section 6.3.1: without UIDNEXT a client can make no assumptions; not
// this one either, that all the mail there is new.
func TestFirstStartIsQuietWithoutUIDNEXT(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.o.StartAll = false
	b.unsaid = "[UIDNEXT "
	b.refuse(func(string) string { return "" })
	b.must(b.host.Deliver(mailbox, leadMail(1, "acme.example")))
	b.later(time.Minute)
	d := b.desk()
	b.must(d.Settle(t.Context()))
	if n := len(b.outbox()); n != 0 {
		t.Fatalf("historic mail was answered: %d messages", n)
	}
	b.must(b.host.Deliver(mailbox, leadMail(2, "bolt.example")))
	b.must(d.Settle(t.Context()))
	if n := len(b.mailsPast(pat)); n != 1 {
		t.Errorf("%d answers to new mail; want one", n)
	}
}
