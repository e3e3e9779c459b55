package test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"leadmail/test/servers"
)

// Named points at which leadmail is killed: those that a build with the tag
// killpoints has (cmd/internal/desk/point_kill.go), commands on the wire (by the
// names in commands; each before the server sees it, and once more after its
// answer has begun), and steps of the SMTP server.
var (
	points = []string{"after-attempt", "before-commit", "after-commit", "before-filing", "after-filing", "after-copy", "before-sending", "after-sending"}
	wired  = []string{"login", "select", "search", "list", "listing", "fetch", "move", "append", "idle"}
	steps  = []string{"mail", "rcpt", "dot", "taken", "answered"}
)

// number reads a setting of the environment.
func number(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// leadmail is killed at random moments and at each named point, again and again,
// while mail comes in; then it is left alone, and the auditor judges.
// LEADMAIL_TEST_KILLS is how many random moments there are, LEADMAIL_TEST_POINTS
// how often each named point comes up, LEADMAIL_TEST_SEED repeats a plan.
func TestKills(t *testing.T) {
	t.Parallel()
	seed := number(t, "LEADMAIL_TEST_SEED", uint64(time.Now().UnixNano())%1e6)
	random, named := number(t, "LEADMAIL_TEST_KILLS", 12), number(t, "LEADMAIL_TEST_POINTS", 1)
	killable := filepath.Join(t.TempDir(), "leadmail")
	if err := build(killable, "-tags=killpoints"); err != nil {
		t.Fatal(err)
	}
	d := share(t, []string{"sqlite", "postgres"})
	for i, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			t.Logf("LEADMAIL_TEST_SEED=%d LEADMAIL_TEST_KILLS=%d LEADMAIL_TEST_POINTS=%d", seed, random, named)
			v := &victim{stage: d.stage(t, database, database == "postgres"), rng: rand.New(rand.NewPCG(seed, uint64(i))),
				hits: map[string]int{}, expected: map[string]int{}, copies: map[[32]byte]int{}}
			v.binary = killable
			began := time.Now()
			for _, moment := range v.plan(int(random), int(named)) {
				v.suffer(moment)
			}
			t.Logf("%d kills in %s, %d mails, %d of them to bring leadmail to a point", v.kills, time.Since(began).Round(time.Second), v.delivered, v.nudges)
			v.recover()
			v.audit()
			t.Logf("killed at: %v", v.hits)
			for _, point := range v.named() {
				if v.hits[point] != int(named) {
					t.Errorf("%d kills at %s; want %d", v.hits[point], point, named)
				}
			}
			if v.hits[""] != int(random) {
				t.Errorf("%d kills at random moments; want %d", v.hits[""], random)
			}
		})
	}
}

// victim is a leadmail that is killed, and what is known of its mail.
type victim struct {
	*stage
	rng              *rand.Rand
	hits             map[string]int // kills, by point
	kills, delivered int
	nudges           int // mails delivered because a point was not reached
	leads            int
	expected         map[string]int   // Message-ID → answers that its sender must get, 0 or 1
	copies           map[[32]byte]int // mails delivered, by hash
	recent           [][]byte
}

// moment is when leadmail is killed, and how many mails come before: at a named
// point, or, where that is "", so long after its start.
type moment struct {
	point string
	after time.Duration
	mails int
}

// A named point that is not reached is waited for, and brought about: one more
// mail now and then passes all points, and ends the IDLE before the copies.
const (
	nudge   = 2 * time.Second
	longest = 3 * time.Minute
)

// named are all points with a name.
func (v *victim) named() []string {
	var all []string
	for _, p := range points {
		all = append(all, "point "+p)
	}
	for _, c := range wired {
		all = append(all, "before "+c, "after "+c)
	}
	for _, s := range steps {
		all = append(all, "smtp "+s)
	}
	return all
}

func (v *victim) plan(random, named int) (all []moment) {
	for range random {
		all = append(all, moment{after: time.Duration(v.rng.IntN(700)) * time.Millisecond, mails: v.rng.IntN(4)})
	}
	for _, p := range v.named() {
		for range named {
			all = append(all, moment{point: p, mails: 1 + v.rng.IntN(3)})
		}
	}
	v.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// suffer lets mail come in, starts leadmail, and kills it at the moment.
func (v *victim) suffer(m moment) {
	v.Helper()
	// What the last one had still said must not be taken for the next one's.
	servers.Await(v, 20*time.Second, "the connections of the last leadmail are gone", func() (bool, any) {
		open := v.proxy.Open()
		return open == 0, open
	})
	var now, later [][]byte
	for i := range m.mails {
		raw := v.mail(m.point != "" && i == 0)
		if i > 0 && v.rng.IntN(2) == 0 {
			later = append(later, raw)
		} else {
			now = append(now, raw)
		}
	}
	v.put(now...)
	var point atomic.Pointer[string]
	strike := func() {
		if point.CompareAndSwap(nil, &m.point) {
			_ = v.daemon.cmd.Process.Kill()
		}
	}
	started := make(chan struct{})
	where, what, _ := strings.Cut(m.point, " ")
	v.env = nil
	switch where {
	case "point":
		v.env = []string{"LEADMAIL_KILL_AT=" + what + ":1"}
	case "before":
		v.proxy.Break(&servers.Fault{On: on(what), Do: servers.Nothing, Then: func() { <-started; strike() }})
	case "after":
		v.proxy.Break(&servers.Fault{On: on(what), Do: servers.Nothing, After: 1, Then: func() { <-started; strike() }})
	case "smtp":
		v.sink.Watch(func(step, _ string) {
			if step == what {
				<-started
				strike()
			}
		})
	}
	d := v.start()
	close(started)
	if len(later) > 0 {
		v.put(later...)
	}
	v.strikeAt(m, d)
	v.kills++
	v.proxy.Mend()
	v.sink.Watch(nil)
}

// strikeAt waits until leadmail was killed at the point, or kills it when its time
// is up.
func (v *victim) strikeAt(m moment, d *daemon) {
	v.Helper()
	if m.point == "" {
		select {
		case <-d.ended:
			v.Fatalf("leadmail ended by itself: %s", d.cmd.ProcessState)
		case <-time.After(m.after):
			d.kill()
		}
		v.hits[""]++
		return
	}
	for began := time.Now(); ; v.nudges++ {
		select {
		case <-d.ended:
			if s := d.cmd.ProcessState.Sys().(syscall.WaitStatus); !s.Signaled() || s.Signal() != syscall.SIGKILL {
				v.Fatalf("leadmail ended by itself: %s", d.cmd.ProcessState)
			}
			v.hits[m.point]++
			return
		case <-time.After(nudge):
		}
		if time.Since(began) > longest {
			v.Fatalf("%s was not reached within %s: does leadmail still pass there?", m.point, longest)
		}
		v.put(v.mail(true))
	}
}

// mail writes the next mail and notes what must come of it; a plain one passes
// all points.
func (v *victim) mail(plain bool) []byte {
	v.leads++
	n := v.leads
	id := fmt.Sprintf("<lead%d@northwind.example>", n)
	raw := v.lead(n)
	v.expected[id] = 1
	switch kind := v.rng.IntN(10); {
	case plain:
	case kind == 0: // an automatic mail gets no answer
		raw = append([]byte("Auto-Submitted: auto-replied\r\n"), raw...)
		v.expected[id] = 0
	case kind == 1: // incomplete: asked for
		raw = bytes.Replace(raw, []byte("Email: ada@"), []byte("Note: ada at "), 1)
	case kind == 2 && n > 1: // an organisation that is registered already
		raw = bytes.ReplaceAll(raw, fmt.Appendf(nil, "firm%d.example", n), []byte("firm1.example"))
	case kind == 3 && len(v.recent) > 0: // the very same bytes again: no second answer
		delete(v.expected, id)
		raw = v.recent[v.rng.IntN(len(v.recent))]
	}
	v.recent = append(v.recent, raw)
	v.copies[sha256.Sum256(raw)]++
	v.delivered++
	return raw
}

// recover lets leadmail finish, undisturbed. What waits for a time has it come.
func (v *victim) recover() {
	v.Helper()
	v.env = nil
	start := func() {
		v.Helper()
		connected := strings.Count(v.daemon.log.String(), "connected to the mailbox")
		v.run()
		servers.Await(v, 20*time.Second, "leadmail is connected", func() (bool, any) {
			return strings.Count(v.daemon.log.String(), "connected to the mailbox") > connected, nil
		})
	}
	finish := func(what, unfinished string) {
		v.Helper()
		servers.Await(v, 60*time.Second, what, func() (bool, any) {
			rest := v.query(unfinished)
			return len(rest) == 0, rest
		})
	}
	start()
	finish("nothing is being sent", "SELECT state FROM outbox WHERE state IN ('sending', 'queued')")
	v.stop()
	v.change("UPDATE outbox SET next_at = 0 WHERE state IN ('deferred', 'uncertain')")
	start()
	inbox := v.box(v.mailbox, "INBOX")
	servers.Await(v, 30*time.Second, "INBOX is empty", func() (bool, any) {
		left := len(inbox.mails())
		return left == 0, left
	})
	finish("all mails are filed, all messages sent, all copies kept", `
		SELECT 'mail ' || state FROM inbox WHERE state NOT IN ('filed', 'held', 'ignored', 'quarantined')
		UNION ALL SELECT 'filing' FROM filings WHERE done_at IS NULL
		UNION ALL SELECT 'outbox ' || state FROM outbox WHERE state <> 'sent' AND NOT (state = 'uncertain' AND doubts >= 2)
		UNION ALL SELECT 'copy' FROM outbox WHERE state = 'sent' AND NOT copied`)
	v.stop()
}

// audit compares mailbox, database and what the SMTP server got. It knows what
// was delivered, and nothing of how leadmail works.
func (v *victim) audit() {
	v.Helper()
	// Every mail lies once, in one of leadmail's folders, and nowhere else.
	lying, sentCopies := map[[32]byte]int{}, map[string]int{}
	where := map[string]int{}
	c := v.dovecot.Login(v, v.mailbox, secret)
	folders, err := c.List("", "*", nil).Collect()
	v.must(err)
	for _, f := range folders {
		if slices.Contains(f.Attrs, imap.MailboxAttrNoSelect) {
			continue
		}
		for _, raw := range v.box(v.mailbox, f.Mailbox).mails() {
			if f.Mailbox == "Leadmail/Sent" {
				sentCopies[mailHeader(v, raw).Get("Message-Id")]++
				continue
			}
			lying[sha256.Sum256(raw)]++
			where[f.Mailbox]++
		}
	}
	for sum, want := range v.copies {
		if got := lying[sum]; got != want {
			v.Errorf("mail %x lies %d times in the mailbox; was delivered %d times", sum[:4], got, want)
		}
		delete(lying, sum)
	}
	if len(lying) > 0 {
		v.Errorf("%d mails lie in the mailbox that nobody delivered", len(lying))
	}

	// The ledger has each mail once, decided once, and in the folder where it lies.
	if n := len(v.query("SELECT id FROM inbox")); n != v.delivered {
		v.Errorf("the ledger has %d mails; %d were delivered", n, v.delivered)
	}
	for _, twice := range v.query("SELECT inbox_id FROM decisions GROUP BY inbox_id HAVING COUNT(*) <> 1") {
		v.Errorf("mail %s was decided more than once", twice)
	}
	for _, never := range v.query("SELECT id FROM inbox WHERE id NOT IN (SELECT inbox_id FROM decisions) AND state = 'filed' AND duplicate = 0") {
		v.Errorf("mail %s is filed, and was never decided", never)
	}
	booked := map[string]int{}
	for _, f := range v.query("SELECT folder FROM inbox") {
		booked["Leadmail/"+strings.ToUpper(f[:min(1, len(f))])+f[min(1, len(f)):]]++
	}
	if fmt.Sprint(booked) != fmt.Sprint(where) {
		v.Errorf("by the ledger the mails lie in %v; they lie in %v", booked, where)
	}

	// Every message that is owed was sent: once, or twice the same where a kill
	// left its fate open.
	got := map[string][]servers.Taken{}
	for _, m := range v.sink.Taken() {
		id := mailHeader(v, m.Raw).Get("Message-Id")
		got[id] = append(got[id], m)
	}
	repeated, open := 0, 0
	for _, row := range v.query("SELECT message_id || ' ' || doubts || ' ' || state || ' ' || to_address FROM outbox") {
		f := strings.Fields(row)
		id, state := "<"+strings.Trim(f[0], "<>")+">", f[2]
		doubts, err := strconv.Atoi(f[1])
		v.must(err)
		taken := got[id]
		delete(got, id)
		least, most := 1, 1+min(doubts, 1)
		if state == "uncertain" {
			least = 0 // killed twice while it was sent; staff see it
			open++
		}
		if len(taken) < least || len(taken) > most {
			v.Errorf("message %s (%s, %d doubts) was taken %d times; want %d to %d", id, state, doubts, len(taken), least, most)
		}
		if len(taken) > 1 {
			repeated++
			if !bytes.Equal(taken[0].Raw, taken[1].Raw) {
				v.Errorf("message %s was sent twice, and not the same", id)
			}
		}
		want := 0
		if f[3] == partner && state == "sent" {
			want = 1
		}
		if n := sentCopies[id]; n != want {
			v.Errorf("%d copies of message %s (%s) in Sent; want %d; it is %v", n, id, row, want,
				v.query("SELECT key || ' ' || attempts || ' ' || copied || ' ' || sent_at FROM outbox WHERE message_id = $1", f[0]))
		}
	}
	if len(got) > 0 {
		v.Errorf("%d messages were sent that the outbox does not know", len(got))
	}
	v.Logf("%d messages were sent twice, %d are uncertain for good", repeated, open)

	// Every mail that deserves an answer has exactly one, by whatever Message-ID.
	answers := map[string]map[string]bool{}
	for _, m := range v.sink.Taken() {
		if m.To == partner {
			h := mailHeader(v, m.Raw)
			to := h.Get("In-Reply-To")
			if answers[to] == nil {
				answers[to] = map[string]bool{}
			}
			answers[to][h.Get("Message-Id")] = true
		}
	}
	missing := 0
	for id, want := range v.expected {
		switch n := len(answers[id]); {
		case n > want:
			v.Errorf("%d answers to %s; want %d", n, id, want)
		case n < want:
			missing++
		}
		delete(answers, id)
	}
	if missing > open {
		v.Errorf("%d mails have no answer, and the fate of only %d messages is open", missing, open)
	}
	if len(answers) > 0 {
		v.Errorf("answers to %d mails that nobody sent", len(answers))
	}

	// One holder an organisation, and no more than the cap (P8).
	for _, twice := range v.query("SELECT organisation FROM registrations GROUP BY organisation HAVING COUNT(*) > 1") {
		v.Errorf("%s was registered twice", twice)
	}
	if n := len(v.query("SELECT ref FROM registrations WHERE slot IS NOT NULL")); n > 50 {
		v.Errorf("the partner holds %d registrations; the program allows 50", n)
	}
}
