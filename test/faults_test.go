package test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"leadmail/test/servers"
)

// shared is one Dovecot for the tests of a function, with a mailbox for each.
type shared struct{ *servers.Dovecot }

func share(t testing.TB, names []string, options ...servers.DovecotOption) *shared {
	t.Helper()
	boxes := servers.Mailboxes{staff: secret, partner: secret}
	for _, n := range names {
		boxes[n+"@"+vendor] = secret
	}
	return &shared{servers.StartDovecot(t, servers.NewAuthority(t), boxes, options...)}
}

// stage is a place between a proxy to Dovecot and a sink for what it sends.
type stage struct {
	*place
	proxy *servers.Proxy
	sink  *servers.Sink
}

func (s *shared) stage(t testing.TB, name string, postgres bool, script ...servers.Answer) *stage {
	t.Helper()
	return s.stageWith(t, name, setting{postgres: postgres}, script...)
}

func (s *shared) stageWith(t testing.TB, name string, with setting, script ...servers.Answer) *stage {
	t.Helper()
	g := &stage{proxy: servers.StartProxy(t, s.IMAP), sink: servers.StartSink(t, script...)}
	with.mailbox, with.timeout = name, "2s"
	with.imap, with.imapTLS, with.smtpTLS = g.proxy.Addr, "none", "none"
	if with.smtp == "" {
		with.smtp = g.sink.Addr
	}
	g.place = newPlace(t, s.Dovecot, with)
	return g
}

// answers are what the sink took for the partner, by the lead that they answer.
func (g *stage) answers() map[string][]servers.Taken {
	all := map[string][]servers.Taken{}
	for _, m := range g.sink.Taken() {
		if m.To == partner {
			lead := mailHeader(g, m.Raw).Get("In-Reply-To")
			all[lead] = append(all[lead], m)
		}
	}
	return all
}

// settled waits until n leads are answered and filed, stops leadmail, and judges
// what the mailbox and the sink hold then: each lead registered, answered once and
// filed once.
func (g *stage) settled(limit time.Duration, n int) {
	g.Helper()
	servers.Await(g, limit, fmt.Sprintf("%d leads are answered", n), func() (bool, any) {
		a := g.answers()
		return len(a) >= n, fmt.Sprintf("%d answered", len(a))
	})
	g.box(g.mailbox, "Leadmail/Processed").await(limit, n)
	servers.Await(g, limit, "all mails are filed", func() (bool, any) {
		open := g.query("SELECT state FROM inbox WHERE state <> 'filed'")
		return len(open) == 0, open
	})
	g.stop()
	for lead, got := range g.answers() {
		if len(got) != 1 {
			g.Errorf("%d answers to %s; want 1", len(got), lead)
		}
	}
	// A mail of which only a part was read would be asked about, or worse.
	if got := g.query("SELECT organisation FROM registrations"); len(got) != n {
		g.Errorf("%q are registered; want all %d", got, n)
	}
	if got := len(g.box(g.mailbox, "Leadmail/Processed").mails()); got != n {
		g.Errorf("%d mails in Processed; want %d", got, n)
	}
	if got := len(g.box(g.mailbox, "INBOX").mails()); got != 0 {
		g.Errorf("%d mails left in INBOX; want none", got)
	}
}

// Commands of leadmail, as they stand on the wire.
var commands = map[string]string{
	"login": `^\S+ (LOGIN|AUTHENTICATE)`, "select": `^\S+ SELECT`, "search": `^\S+ UID SEARCH`, "list": `^\S+ LIST`, "listing": `^\S+ UID FETCH [^B]*$`,
	"fetch": `^\S+ UID FETCH .*BODY`, "move": `^\S+ UID MOVE`, "append": `^\S+ APPEND`, "idle": `^\S+ IDLE`, "done": `^DONE`,
}

// Octets of the answer to a FETCH after which it is within the literal of its
// first mail, and of its second: a lead has about 350, and a line before it.
const withinMail, withinSecond = 200, 600

func on(command string) *regexp.Regexp { return regexp.MustCompile(commands[command]) }

// The server breaks, once, in whatever way: leadmail comes back by itself, and
// each mail is answered and filed once.
func TestMailboxFaults(t *testing.T) {
	t.Parallel()
	type row struct {
		name  string
		fault *servers.Fault
	}
	rows := []row{
		{"silent before the greeting", &servers.Fault{}},
		{"cut before the greeting", &servers.Fault{Do: servers.Cut}},
		{"silent within a mail", &servers.Fault{On: on("fetch"), After: withinMail}},
		{"cut within a mail", &servers.Fault{On: on("fetch"), After: withinMail, Do: servers.Cut}},
		{"cut within the second mail", &servers.Fault{On: on("fetch"), After: withinSecond, Do: servers.Cut}},
		{"cut within three fetches", &servers.Fault{On: on("fetch"), After: withinMail, Do: servers.Cut, Times: 3}},
		{"slow drip", &servers.Fault{On: on("fetch"), Do: servers.Drip}},
		{"silent once IDLE has begun", &servers.Fault{On: on("idle"), After: len("+ idling\r\n")}},
	}
	for name := range commands {
		rows = append(rows, row{"silent after " + name, &servers.Fault{On: on(name)}}, row{"cut after " + name, &servers.Fault{On: on(name), Do: servers.Cut}})
	}
	var names []string
	for i := range rows {
		names = append(names, fmt.Sprintf("p%d", i))
	}
	d := share(t, names)
	for i, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			g := d.stage(t, names[i], false)
			g.proxy.Break(r.fault)
			g.put(g.lead(1), g.lead(2))
			g.run()
			servers.Await(g, 40*time.Second, "the fault sets in", func() (bool, any) { return g.proxy.Hits(r.fault) > 0, g.proxy.Connections() })
			g.put(g.lead(3))
			g.settled(40*time.Second, 3)
			if !strings.Contains(g.daemon.log.String(), "the mailbox cannot be reached; trying again") && !strings.Contains(r.name, "append") {
				t.Error("the log does not tell of it")
			}
		})
	}
}

// What is told of the last complete scan stays true while the server is silent:
// neither a new connection nor a new start moves it.
func TestLastScan(t *testing.T) {
	t.Parallel()
	d := share(t, []string{"partners"})
	g := d.stage(t, "partners", false)
	scanned := func() string {
		us := g.query("SELECT scanned_at FROM mailboxes WHERE scanned_at > 0")
		if len(us) == 0 {
			return ""
		}
		n, err := strconv.ParseInt(us[0], 10, 64)
		g.must(err)
		return time.UnixMicro(n).UTC().Format(time.RFC3339)
	}
	g.run()
	servers.Await(g, 20*time.Second, "leadmail has looked at its mailbox", func() (bool, any) { return scanned() != "", nil })
	silent := &servers.Fault{On: on("search"), Times: 1000}
	g.proxy.Break(silent)
	hit := func(times int) {
		g.Helper()
		servers.Await(g, 40*time.Second, "the server is silent", func() (bool, any) { return g.proxy.Hits(silent) >= times, g.proxy.Hits(silent) })
	}
	hit(1)
	want := scanned() // no scan can be complete from here on
	hit(2)
	g.stop()
	g.run()
	hit(4)
	if out := g.leadmail("check"); !strings.Contains(out, "INBOX was last read whole at "+want) {
		t.Errorf("check does not tell of the scan at %s:\n%s", want, out)
	}
	told := regexp.MustCompile(`cannot be reached; trying again" .* last_scan=(\S+)`).FindAllStringSubmatch(g.daemon.log.String(), -1)
	if len(told) < 2 {
		t.Errorf("the log tells %d times of the last scan; want each time", len(told))
	}
	for _, line := range told {
		if line[1] != want {
			t.Errorf("the log says that the last scan was at %s; want %s", line[1], want)
		}
	}
	g.proxy.Mend()
	g.put(g.lead(1))
	g.settled(40*time.Second, 1)
	if scanned() <= want {
		t.Errorf("the last scan was at %s, and later at %s", want, scanned())
	}
}

// Dovecot dies within a fetch and comes back.
func TestDovecotRestarts(t *testing.T) {
	t.Parallel()
	d := share(t, []string{"partners"})
	g := d.stage(t, "partners", true)
	g.put(g.lead(1), g.lead(2))
	down := make(chan error, 1)
	g.proxy.Break(&servers.Fault{On: on("fetch"), After: withinMail, Do: servers.Cut, Then: func() { down <- d.Kill() }})
	g.run()
	g.must(<-down)
	g.logged(10*time.Second, "the mailbox cannot be reached; trying again")
	g.must(d.Start())
	g.settled(40*time.Second, 2)
}

// Without MOVE mails are copied, and the originals taken out one by one.
func TestNoMove(t *testing.T) {
	t.Parallel()
	d := share(t, []string{"partners"}, "imap_capability = IMAP4rev1 LITERAL+ SASL-IR IDLE NAMESPACE UIDPLUS")
	g := d.stage(t, "partners", false)
	g.put(g.lead(1), g.lead(2))
	cut := &servers.Fault{On: regexp.MustCompile(`^\S+ UID COPY`), Do: servers.Cut, After: 5}
	g.proxy.Break(cut) // the COPY was done, and its answer is lost
	g.run()
	g.settled(40*time.Second, 2)
	if n := g.proxy.Hits(cut); n != 1 {
		t.Errorf("%d COPYs lost their answers; want 1", n)
	}
	for line, want := range map[string]bool{`^\S+ UID MOVE`: false, `^\S+ EXPUNGE`: false, `^\S+ UID EXPUNGE`: true} {
		if got := g.proxy.Count(regexp.MustCompile(line)) > 0; got != want {
			t.Errorf("%s was sent: %v; want %v", line, got, want)
		}
	}
}

// A refused password: one attempt, one alert, and a long pause.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	d := share(t, []string{"partners"})
	g := d.stage(t, "partners", false)
	d.SetPassword(t, g.mailbox, "another")
	g.run()
	g.logged(20*time.Second, "the mailbox cannot be reached; trying again")
	servers.Await(g, 10*time.Second, "staff are told", func() (bool, any) { return len(g.sink.Taken()) > 0, nil })
	pause := regexp.MustCompile(`trying again" .* in=(\S+)`).FindStringSubmatch(g.daemon.log.String())
	if pause == nil {
		t.Fatal("the log does not say when it is tried again")
	}
	if wait, err := time.ParseDuration(pause[1]); err != nil || wait < 5*time.Minute {
		t.Errorf("tried again after %s (%v); want at least 5 minutes, or the account is locked", pause[1], err)
	}
	g.stop()
	if n := g.proxy.Count(on("login")); n != 1 {
		t.Errorf("%d logins; want 1", n)
	}
	if all := g.sink.Taken(); len(all) != 1 || all[0].To != staff || !bytes.Contains(all[0].Raw, []byte("mailbox cannot be read")) {
		t.Errorf("%d mails; want the one alert", len(all))
	}
	if strings.Contains(g.daemon.log.String(), secret) {
		t.Error("the log shows the password")
	}
	d.SetPassword(t, g.mailbox, secret)
	g.put(g.lead(1))
	g.run()
	g.settled(20*time.Second, 1)
}

// A person deletes the folder in which mail is filed.
func TestFolderDeleted(t *testing.T) {
	t.Parallel()
	d := share(t, []string{"partners"})
	g := d.stage(t, "partners", false)
	gone := make(chan error, 1)
	g.proxy.Break(&servers.Fault{On: on("move"), Do: servers.Nothing, Then: func() {
		gone <- g.dovecot.Login(g, g.mailbox, secret).Delete("Leadmail/Processed").Wait()
	}})
	g.put(g.lead(1))
	g.run()
	g.must(<-gone)
	g.put(g.lead(2))
	g.settled(40*time.Second, 2)
}

// A person takes a mail away: while it is being fetched, it is not decided; while
// it is being filed, it is answered, and nobody looks for it for ever.
func TestMailTakenAway(t *testing.T) {
	t.Parallel()
	d := share(t, []string{"fetching", "filing"})
	for _, c := range []struct {
		name, command string
		answers       int // and decisions
	}{{"fetching", "fetch", 2}, {"filing", "move", 3}} {
		t.Run("while "+c.name, func(t *testing.T) {
			t.Parallel()
			g := d.stage(t, c.name, false)
			gone := make(chan error, 1)
			g.proxy.Break(&servers.Fault{On: on(c.command), Do: servers.Nothing, Then: func() { gone <- g.expunge(1) }})
			g.put(g.lead(1), g.lead(2))
			g.run()
			g.must(<-gone)
			g.put(g.lead(3))
			g.box(g.mailbox, "Leadmail/Processed").await(30*time.Second, 2)
			servers.Await(g, 30*time.Second, "the answers are out", func() (bool, any) { return len(g.answers()) >= c.answers, len(g.answers()) })
			g.stop()
			if n := len(g.answers()); n != c.answers {
				t.Errorf("%d answers; want %d", n, c.answers)
			}
			if n := len(g.query("SELECT inbox_id FROM decisions")); n != c.answers {
				t.Errorf("%d mails were decided; want %d", n, c.answers)
			}
			if n := strings.Count(g.daemon.log.String(), "level=ERROR"); n > 0 {
				t.Errorf("%d errors are logged", n)
			}
			if n := len(g.box(g.mailbox, "INBOX").mails()); n != 0 {
				t.Errorf("%d mails left in INBOX", n)
			}
			if open := g.query("SELECT state FROM inbox WHERE state IN ('found', 'attempted', 'decided')"); len(open) > 0 {
				t.Errorf("mails are still %v", open)
			}
		})
	}
}

// expunge removes the first mail of INBOX for good.
func (p *place) expunge(uid imap.UID) error {
	c := p.dovecot.Login(p, p.mailbox, secret)
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		return err
	}
	set := imap.UIDSetNum(uid)
	if err := c.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
		return err
	}
	return c.UIDExpunge(set).Close()
}
