package test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-smtp"

	"leadmail/test/servers"
)

// patience is how long a benchmark waits for one thing on a busy machine.
const patience = 2 * time.Minute

// BenchmarkWholeWay hands a burst of leads to Dovecot by LMTP, one after the
// other, while leadmail waits in IDLE. leadmail reads them over TLS, decides them
// into SQLite, files them, and sends to a sink an answer to the partner and a
// confirmation to staff for each. An operation is one mail, from the first
// delivery to the last answer; an answer counts once, by the mail it answers. The
// processor time is that of leadmail alone, its start and stop included.
// Give -benchtime a number of mails, such as 500x.
func BenchmarkWholeWay(b *testing.B) {
	d := share(b, []string{"partners"})
	sink := servers.StartSink(b)
	p := newPlace(b, d.Dovecot, setting{mailbox: "partners", imap: d.IMAPS, imapTLS: "tls", smtp: sink.Addr, smtpTLS: "none", timeout: "60s"})
	leads := make([][]byte, b.N)
	for i := range leads {
		// A partner may hold 50 registrations: each has 40 of the leads.
		if who := fmt.Sprint("bench", i/40); i%40 == 0 {
			p.leadmail("partners", "add", who, "--name", "Bench "+who, "--address", who+"@northwind.example", "--plan", "mentor", "--no-welcome",
				"--joined", "2025-01-01", "--agreement", "2025-01-01")
		}
		leads[i] = bytes.ReplaceAll(p.lead(i+1), []byte(partner), fmt.Appendf(nil, "bench%d@northwind.example", i/40))
	}
	answered := func() int {
		all := map[string]bool{}
		for _, m := range sink.Taken() {
			if m.To != staff {
				all[mailHeader(b, m.Raw).Get("In-Reply-To")] = true
			}
		}
		return len(all)
	}
	taken := watch(sink)
	p.run()
	p.idles()
	post := lmtp(b, d.Dovecot)

	b.ResetTimer()
	for _, raw := range leads {
		post.deliver(p.mailbox, raw)
	}
	delivered := b.Elapsed()
	answers := 0
	for answers < b.N || answered() < b.N {
		if to := p.next(taken); to != staff {
			answers++
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
	b.ReportMetric(float64(b.N)/delivered.Seconds(), "delivered/s")
	b.ReportMetric(0, "ns/op")

	servers.Await(b, patience, "all mails are filed", func() (bool, any) {
		open := p.query("SELECT COUNT(*) FROM inbox WHERE state <> 'filed'")
		return open[0] == "0", open
	})
	p.stop()
	used := p.daemon.cmd.ProcessState.UserTime() + p.daemon.cmd.ProcessState.SystemTime()
	b.ReportMetric(used.Seconds()*1000/float64(b.N), "cpu-ms/mail")
	if n := p.query("SELECT COUNT(*) FROM registrations")[0]; n != fmt.Sprint(b.N) {
		b.Errorf("%s leads were registered; want all %d", n, b.N)
	}
	if answers != b.N {
		b.Errorf("%d answers to %d mails", answers, b.N)
	}
}

// BenchmarkIdleLatency delivers one mail at a time by LMTP, once to leadmail and
// once to a mailbox of which a bare client only waits in IDLE and fetches what
// comes, and reports the milliseconds from LMTP's 250 to leadmail's answer at the
// sink and to the bare client's copy: how much leadmail adds to what Dovecot
// itself takes, which waits for half a second before it announces a mail. Both
// are in IDLE when the mail comes, and both go through a proxy without TLS, since
// that is where leadmail's IDLE is seen.
func BenchmarkIdleLatency(b *testing.B) {
	d := share(b, []string{"partners", "bare"})
	proxy, sink := servers.StartProxy(b, d.IMAP), servers.StartSink(b)
	p := newPlace(b, d.Dovecot, setting{mailbox: "partners", imap: proxy.Addr, imapTLS: "none", smtp: sink.Addr, smtpTLS: "none", timeout: "60s"})
	p.pollRarely()
	// A partner may hold 50 registrations: from the 41st mail on the same firms
	// come again, which are answered too.
	const firms = 40
	idles := func() int { return proxy.Count(on("idle")) }
	taken := watch(sink)
	p.run()
	servers.Await(b, patience, "leadmail is in IDLE", func() (bool, any) { return idles() > 0, nil })
	bare := newWaiter(b, d.Dovecot, "bare@"+vendor)
	post := lmtp(b, d.Dovecot)

	var ours, theirs []time.Duration
	b.ResetTimer()
	for i := range b.N {
		raw := bytes.ReplaceAll(p.lead(i+1), fmt.Appendf(nil, "irm%d", i+1), fmt.Appendf(nil, "irm%d", i%firms+1))
		raw = bytes.ReplaceAll(raw, fmt.Appendf(nil, "irm %d", i+1), fmt.Appendf(nil, "irm %d", i%firms+1))

		before := idles()
		began := post.deliver(p.mailbox, raw)
		for p.next(taken) != partner {
		}
		ours = append(ours, time.Since(began))
		servers.Await(b, patience, "leadmail has told staff and is in IDLE again", func() (bool, any) {
			n := len(sink.Taken())
			return idles() > before && n == 2*(i+1), n
		})
		for len(taken) > 0 {
			<-taken
		}

		idle, err := bare.c.Idle()
		p.must(err)
		began = post.deliver("bare@"+vendor, raw)
		bare.fetch(idle)
		theirs = append(theirs, time.Since(began))
	}
	b.StopTimer()
	if got := len(sink.Taken()); got != 2*b.N {
		b.Errorf("%d messages at the sink; want an answer and a confirmation for each of %d mails", got, b.N)
	}
	p.stop()
	for _, q := range []struct {
		name string
		part float64
	}{{"p50", 0.5}, {"p95", 0.95}} {
		a, c := quantile(ours, q.part), quantile(theirs, q.part)
		b.ReportMetric(a, "leadmail-"+q.name+"-ms")
		b.ReportMetric(c, "bare-"+q.name+"-ms")
		b.ReportMetric(a/c, "ratio-"+q.name)
	}
	b.ReportMetric(0, "ns/op")
}

// quantile is the smallest of the durations below or at which that part of them
// lies, in milliseconds.
func quantile(all []time.Duration, part float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	i := int(part * float64(len(sorted)))
	return float64(sorted[min(i, len(sorted)-1)]) / float64(time.Millisecond)
}

// watch is to whom the sink takes mail, from now on.
func watch(s *servers.Sink) <-chan string {
	taken := make(chan string, 1<<16)
	s.Watch(func(step, to string) {
		if step == "taken" {
			taken <- to
		}
	})
	return taken
}

// next waits for the next mail at the sink.
func (p *place) next(taken <-chan string) (to string) {
	p.Helper()
	select {
	case to = <-taken:
	case <-p.daemon.ended:
		p.Fatal("leadmail has ended")
	case <-time.After(patience):
		p.Fatalf("nothing at the sink for %s", patience)
	}
	return to
}

// idles waits until leadmail has looked at its mailbox for the first time, after
// which it goes into IDLE.
func (p *place) idles() {
	p.Helper()
	servers.Await(p, patience, "leadmail has looked at its mailbox", func() (bool, any) {
		return len(p.query("SELECT name FROM mailboxes WHERE scanned_at > 0")) == 1, nil
	})
}

// pollRarely has leadmail wait in IDLE for as long as it does by default.
func (p *place) pollRarely() {
	p.Helper()
	name := filepath.Join(p.dir, "leadmail.yaml")
	text, err := os.ReadFile(name)
	p.must(err)
	changed := bytes.Replace(text, []byte("poll: 5s"), []byte("poll: 2m"), 1)
	if bytes.Equal(text, changed) {
		p.Fatal("the configuration says nothing of poll: 5s")
	}
	p.must(os.WriteFile(name, changed, 0o600))
}

// postman is a connection to Dovecot's LMTP.
type postman struct {
	testing.TB
	c *smtp.Client
}

func lmtp(t testing.TB, d *servers.Dovecot) *postman {
	t.Helper()
	c, err := net.Dial("tcp", d.LMTP)
	if err != nil {
		t.Fatal(err)
	}
	p := &postman{TB: t, c: smtp.NewClientLMTP(c)}
	t.Cleanup(func() { _ = p.c.Close() })
	return p
}

// deliver hands over a mail, and says when Dovecot had taken it.
func (p *postman) deliver(to string, raw []byte) (taken time.Time) {
	p.Helper()
	err := errors.Join(p.c.Mail(partner, nil), p.c.Rcpt(to, nil))
	if err != nil {
		p.Fatal(err)
	}
	w, err := p.c.Data()
	if err != nil {
		p.Fatal(err)
	}
	_, err = w.Write(raw)
	if err = errors.Join(err, w.Close()); err != nil {
		p.Fatal(err)
	}
	return time.Now()
}

// waiter is a client that waits in IDLE, and fetches what comes.
type waiter struct {
	testing.TB
	c      *imapclient.Client
	exists chan uint32
	mails  uint32 // fetched so far
}

func newWaiter(t testing.TB, d *servers.Dovecot, mailbox string) *waiter {
	t.Helper()
	w := &waiter{TB: t, exists: make(chan uint32, 16)}
	c, err := imapclient.DialInsecure(servers.StartProxy(t, d.IMAP).Addr, &imapclient.Options{
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: func(m *imapclient.UnilateralDataMailbox) {
			if m.NumMessages != nil {
				w.exists <- *m.NumMessages
			}
		}}})
	if err != nil {
		t.Fatal(err)
	}
	w.c = c
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Login(mailbox, secret).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	return w
}

// fetch waits in IDLE until a mail is announced, and fetches it.
func (w *waiter) fetch(idle *imapclient.IdleCommand) {
	w.Helper()
	var n uint32
	select {
	case n = <-w.exists:
	case <-time.After(patience):
		w.Fatalf("Dovecot announced no mail for %s", patience)
	}
	if w.mails++; n != w.mails {
		w.Fatalf("Dovecot announced %d mails; want %d", n, w.mails)
	}
	if err := errors.Join(idle.Close(), idle.Wait()); err != nil {
		w.Fatal(err)
	}
	got, err := w.c.Fetch(imap.SeqSetNum(n), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	if err != nil || len(got) != 1 {
		w.Fatalf("fetch mail %d: %d mails, %v", n, len(got), err)
	}
}
