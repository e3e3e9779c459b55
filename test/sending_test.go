package test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"leadmail/test/servers"
)

// What the server says to an answer, and what becomes of the answer. Waiting is
// cut short in the database, while leadmail is down.
func TestSendingFaults(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		answer servers.Answer
		state  string        // of the answer then
		least  time.Duration // it waits at least so long, and at most three times that
		copies int           // the sink has in the end
	}{
		{"421 to MAIL", servers.Answer{At: "mail", Code: 421, Enhanced: smtp.EnhancedCode{4, 7, 0}}, "deferred", 30 * time.Second, 1},
		{"451 to RCPT", servers.Answer{To: partner, At: "rcpt", Code: 451, Enhanced: smtp.EnhancedCode{4, 3, 0}}, "deferred", 4 * time.Minute, 1},
		{"451 after the dot", servers.Answer{To: partner, At: "dot", Code: 451, Enhanced: smtp.EnhancedCode{4, 3, 0}}, "deferred", 4 * time.Minute, 1},
		{"550 to RCPT, no such address", servers.Answer{To: partner, At: "rcpt", Code: 550, Enhanced: smtp.EnhancedCode{5, 1, 1}}, "failed", 0, 0},
		{"554 after the dot, refused", servers.Answer{To: partner, At: "dot", Code: 554, Enhanced: smtp.EnhancedCode{5, 6, 0}}, "failed", 0, 0},
		{"hangs up at RCPT", servers.Answer{To: partner, At: "rcpt"}, "deferred", 4 * time.Minute, 1},
		{"hangs up within the text", servers.Answer{To: partner, At: "data"}, "uncertain", time.Minute, 1}, // it had left us whole
		{"hangs up after the dot, before its answer", servers.Answer{To: partner, At: "dot", Lost: true}, "uncertain", time.Minute, 2},
	}
	var names []string
	for i := range rows {
		names = append(names, fmt.Sprintf("p%d", i))
	}
	d := share(t, names)
	for i, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			g := d.stage(t, names[i], i%2 == 1, r.answer)
			g.put(g.lead(1))
			g.run()
			began := time.Now()
			servers.Await(g, 20*time.Second, "the answer is "+r.state, func() (bool, any) {
				state := g.query("SELECT state" + owedToPartner)
				return slices.Equal(state, []string{r.state}), state
			})
			if r.least > 0 {
				next := g.query("SELECT next_at" + owedToPartner)
				us, err := strconv.ParseInt(next[0], 10, 64)
				g.must(err)
				if wait := time.UnixMicro(us).Sub(began); wait < r.least || wait > 3*r.least {
					t.Errorf("tried again after %s; want %s to %s", wait, r.least, 3*r.least)
				}
			}
			g.box(g.mailbox, "Leadmail/Processed").await(20*time.Second, 1) // filed all the same
			g.stop()
			// Later. A pause of the whole queue is over with the process.
			g.change("UPDATE outbox SET next_at = 0 WHERE state IN ('deferred', 'uncertain')")
			g.run()
			want := map[bool]string{true: "failed", false: "sent"}[r.state == "failed"]
			servers.Await(g, 20*time.Second, "the answer is "+want, func() (bool, any) {
				state := g.query("SELECT state" + owedToPartner)
				return slices.Equal(state, []string{want}), state
			})
			servers.Await(g, 20*time.Second, "all else is sent", func() (bool, any) {
				rest := g.query("SELECT kind || ' ' || state FROM outbox WHERE state NOT IN ('sent', 'failed')")
				return len(rest) == 0, rest
			})
			g.stop()
			got := g.answers()["<lead1@northwind.example>"]
			if len(got) != r.copies {
				t.Fatalf("%d answers; want %d", len(got), r.copies)
			}
			for _, again := range got[min(1, len(got)):] {
				if !bytes.Equal(again.Raw, got[0].Raw) {
					t.Error("the second answer is not the first, byte for byte")
				}
			}
			told := 0
			for _, m := range g.sink.Taken() {
				if m.To == staff && bytes.Contains(m.Raw, []byte("was not delivered")) {
					told++
				}
			}
			if want := map[bool]int{true: 1}[r.state == "failed"]; told != want {
				t.Errorf("staff were told %d times that it was not delivered; want %d", told, want)
			}
			suppressed := len(g.query("SELECT address FROM suppressions"))
			if want := map[bool]int{true: 1}[r.answer.Enhanced == smtp.EnhancedCode{5, 1, 1}]; suppressed != want {
				t.Errorf("%d addresses are suppressed; want %d", suppressed, want)
			}
		})
	}
}

const owedToPartner = " FROM outbox WHERE to_address = '" + partner + "'"

// The SMTP server says nothing more, or cannot be reached. The answer to the
// final dot is awaited ten times as long as any other: giving up early there is
// what sends mail twice.
func TestSilentSubmission(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		fault  *servers.Fault
		state  string
		copies int
	}{
		{"silent before the greeting", &servers.Fault{}, "deferred", 1},
		{"cut before the greeting", &servers.Fault{Do: servers.Cut}, "deferred", 1},
		{"silent after MAIL", &servers.Fault{On: regexp.MustCompile("^MAIL")}, "deferred", 1},
		{"silent after DATA", &servers.Fault{On: regexp.MustCompile("^DATA")}, "deferred", 1},
		{"silent after the dot", &servers.Fault{On: regexp.MustCompile(`^\.\r\n$`)}, "uncertain", 2},
		{"cut after the dot", &servers.Fault{On: regexp.MustCompile(`^\.\r\n$`), Do: servers.Cut, After: 1}, "uncertain", 2},
	}
	var names []string
	for i := range rows {
		names = append(names, fmt.Sprintf("p%d", i))
	}
	d := share(t, names)
	for i, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			sink := servers.StartSink(t)
			wire := servers.StartProxy(t, sink.Addr)
			g := d.stageWith(t, names[i], setting{smtp: wire.Addr})
			g.sink = sink
			wire.Break(r.fault)
			g.put(g.lead(1))
			g.run()
			// Which message met the fault, the answer or the confirmation, is chance.
			servers.Await(g, 45*time.Second, "a message is "+r.state, func() (bool, any) {
				states := g.query("SELECT state FROM outbox")
				return slices.Contains(states, r.state), states
			})
			g.stop()
			met := g.query("SELECT message_id FROM outbox WHERE state = '" + r.state + "'")
			g.change("UPDATE outbox SET next_at = 0 WHERE state IN ('deferred', 'uncertain')")
			g.run()
			servers.Await(g, 20*time.Second, "all is sent", func() (bool, any) {
				states := g.query("SELECT state FROM outbox WHERE state <> 'sent'")
				return len(states) == 0, states
			})
			g.stop()
			copies := map[string]int{}
			for _, m := range sink.Taken() {
				copies[mailHeader(t, m.Raw).Get("Message-Id")]++
			}
			for id, n := range copies {
				want := 1
				if slices.Contains(met, strings.Trim(id, "<>")) {
					want = r.copies
				}
				if n != want {
					t.Errorf("message %s was taken %d times; want %d", id, n, want)
				}
			}
			if len(g.answers()) != 1 {
				t.Errorf("%d mails were answered; want 1", len(g.answers()))
			}
		})
	}
}

// The submission server refuses our password (535): no answer fails, nobody is
// hammered, staff are told once it works again or by what they see in the log.
func TestSubmissionRefusesThePassword(t *testing.T) {
	t.Parallel()
	boxes := servers.Mailboxes{"partners@" + vendor: secret, staff: secret, partner: secret}
	d := servers.StartDovecot(t, servers.NewAuthority(t), boxes)
	post := servers.StartPostfix(t, d, boxes)
	p := newPlace(t, d, setting{mailbox: "partners", imap: d.IMAPS, imapTLS: "tls", smtp: post.Submission, smtpTLS: "starttls", smtpLogin: true})
	p.run()
	p.logged(20*time.Second, "connected to the mailbox")
	servers.Await(t, 20*time.Second, "leadmail waits in IDLE", func() (bool, any) {
		scanned := p.query("SELECT name FROM mailboxes WHERE scanned_at > 0")
		return len(scanned) == 1, scanned
	})
	d.SetPassword(t, p.mailbox, "another")
	deliver(p, d, p.lead(1), p.lead(2), p.lead(3))
	p.logged(20*time.Second, "not sent")
	servers.Await(t, 30*time.Second, "all three are decided", func() (bool, any) {
		owed := p.query("SELECT state" + owedToPartner)
		return len(owed) == 3, owed
	})
	p.stop()
	if n := strings.Count(post.Log(), "authentication failed"); n != 1 {
		t.Errorf("%d refused logins at Postfix; want 1", n)
	}
	if failed := p.query("SELECT id FROM outbox WHERE state NOT IN ('queued', 'deferred')"); len(failed) > 0 {
		t.Errorf("messages %v neither wait nor are deferred", failed)
	}
	d.SetPassword(t, p.mailbox, secret)
	p.change("UPDATE outbox SET next_at = 0 WHERE state = 'deferred'")
	p.run()
	p.box(partner, "INBOX").await(30*time.Second, 3)
	servers.Await(t, 30*time.Second, "nothing waits", func() (bool, any) {
		owed := p.query("SELECT state FROM outbox WHERE state <> 'sent'")
		return len(owed) == 0, owed
	})
	p.stop()
	if n := len(p.box(partner, "INBOX").mails()); n != 3 {
		t.Errorf("%d answers; want 3", n)
	}
}

// The database hangs up on everybody, again and again, and is there all the time.
func TestPostgresHangsUp(t *testing.T) {
	t.Parallel()
	d := share(t, []string{"partners"})
	g := d.stage(t, "partners", true)
	g.run()
	g.logged(20*time.Second, "connected to the mailbox")
	for n := 1; n <= 12; n++ {
		g.put(g.lead(n))
		g.change("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	}
	g.settled(60*time.Second, 12)
}

// The database server itself goes, and comes back with what was committed: while
// mail waits, while mail is handled, and between a delivery and its record.
func TestPostgresRestarts(t *testing.T) {
	t.Parallel()
	d := share(t, []string{"partners"})
	database := servers.StartPostgres(t)
	g := d.stageWith(t, "partners", setting{postgres: true, server: database.URL})
	g.run()
	g.logged(20*time.Second, "connected to the mailbox")

	// Down for as long as it takes until both loops have noticed.
	g.must(database.Crash())
	g.put(g.lead(1), g.lead(2))
	g.logged(40*time.Second, "the outbox cannot be worked off; trying again")
	g.logged(40*time.Second, "the mailbox cannot be reached; trying again")
	if n := len(g.sink.Taken()); n != 0 {
		t.Errorf("%d messages were sent; want none, of which there is no record", n)
	}
	if n := len(g.box(g.mailbox, "INBOX").mails()); n != 2 {
		t.Errorf("%d mails lie in INBOX; want both", n)
	}
	g.must(database.Start())
	servers.Await(g, 60*time.Second, "both leads are answered", func() (bool, any) {
		n := len(g.answers())
		return n == 2, n
	})

	// Gone when the message has been handed over, so that this cannot be noted.
	gone := make(chan error, 1)
	var once sync.Once
	g.sink.Watch(func(step, to string) {
		if step == "taken" && to == partner {
			once.Do(func() { gone <- database.Crash() })
		}
	})
	g.put(g.lead(3))
	g.must(<-gone)
	g.logged(20*time.Second, "note the attempt at message")
	g.must(database.Start())
	servers.Await(g, 60*time.Second, "its record is made up for", func() (bool, any) {
		rest := g.query("SELECT state FROM outbox WHERE state <> 'sent'")
		return len(g.answers()) == 3 && len(rest) == 0, rest
	})

	// Again and again, whatever leadmail is at.
	for n := 4; n <= 9; n++ {
		g.put(g.lead(n))
		g.must(database.Crash())
		g.must(database.Start())
	}
	g.settled(90*time.Second, 9)
}

// deliver hands mails to Dovecot by LMTP, which IDLE announces.
func deliver(p *place, d *servers.Dovecot, raws ...[]byte) {
	p.Helper()
	for _, raw := range raws {
		conn, err := net.Dial("tcp", d.LMTP)
		p.must(err)
		c := smtp.NewClientLMTP(conn)
		p.must(errors.Join(c.Mail(partner, nil), c.Rcpt(p.mailbox, nil)))
		w, err := c.Data()
		p.must(err)
		_, err = w.Write(raw)
		p.must(errors.Join(err, w.Close(), c.Quit()))
	}
}
