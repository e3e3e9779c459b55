package test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"leadmail/test/servers"
)

const (
	vendor  = "leanstack.example"
	staff   = "desk@leanstack.example"
	partner = "pat@northwind.example"
	secret  = "correct horse"
)

// binary is leadmail, built with the repository's own go.mod; with the race
// detector where LEADMAIL_TEST_RACE=1, which takes a C compiler.
var binary string

func build(path string, flags ...string) error {
	args := append([]string{"build", "-C", "..", "-o", path}, flags...)
	if os.Getenv("LEADMAIL_TEST_RACE") == "1" {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "./cmd/leadmail")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build leadmail: %w\n%s", err, out)
	}
	return nil
}

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "leadmail-binary-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "leadmail")
		if err := build(binary); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// place is one leadmail: its mailbox, configuration and database.
type place struct {
	testing.TB
	dovecot *servers.Dovecot
	dir     string
	mailbox string // the address that partners write to
	driver  string // of database/sql
	source  string
	daemon  *daemon
	binary  string   // what start runs
	env     []string // and with what, beyond the test's environment
}

// setting is how a place reaches its servers.
type setting struct {
	mailbox        string // its local part
	imap, imapTLS  string
	smtp, smtpTLS  string
	smtpLogin      bool
	postgres       bool
	server         string // the PostgreSQL server, if not the one that all share
	timeout, extra string
	disk           string // the size of a disk of its own for the database, if set
}

func newPlace(t testing.TB, d *servers.Dovecot, s setting) *place {
	t.Helper()
	p := &place{TB: t, dovecot: d, dir: t.TempDir(), mailbox: s.mailbox + "@" + vendor, binary: binary}
	p.must(os.Mkdir(filepath.Join(p.dir, "data"), 0o700))
	if s.disk != "" {
		p.must(syscall.Mount("leadmail", filepath.Join(p.dir, "data"), "tmpfs", 0, "size="+s.disk))
		t.Cleanup(func() { p.must(syscall.Unmount(filepath.Join(p.dir, "data"), 0)) })
	}
	database := filepath.Join(p.dir, "data", "leadmail.db")
	p.driver, p.source = "sqlite", "file:"+database+"?_pragma=busy_timeout(10000)"
	if s.server == "" {
		s.server = os.Getenv("LEADMAIL_TEST_POSTGRES")
	}
	if s.postgres {
		database = freshPostgres(t, s.server)
		p.driver, p.source = "pgx", database
	}
	login := ""
	if s.smtpLogin {
		login = fmt.Sprintf("username: %s\n  password_file: password", p.mailbox)
	}
	if s.timeout == "" {
		s.timeout = "10s"
	}
	for name, text := range map[string]string{
		"password": secret, "ca.pem": d.Authority.PEM,
		"leadmail.yaml": fmt.Sprintf(`mode: auto
program: {name: LEANSTACK Partner Program, address: %[1]s}
imap:
  address: %[2]q
  tls: %[3]s
  ca_file: ca.pem
  username: %[1]s
  password_file: password
  start: all
  poll: 5s
  timeout: %[8]s
smtp:
  address: %[4]q
  tls: %[5]s
  ca_file: ca.pem
  timeout: %[8]s
  %[6]s
database: %[7]q
authentication: {mode: trust_from}
staff: {addresses: [%[10]s], digest: off}
limits: {replies_per_day: 10000}
%[9]s
`, p.mailbox, s.imap, s.imapTLS, s.smtp, s.smtpTLS, login, database, s.timeout, s.extra, staff)} {
		p.must(os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600))
	}
	p.leadmail("init")
	p.leadmail("partners", "add", "pat", "--name", "Northwind Coaching", "--address", partner, "--plan", "mentor", "--no-welcome",
		"--joined", "2025-01-01", "--agreement", "2025-01-01")
	t.Cleanup(func() {
		if p.daemon != nil {
			p.daemon.kill()
		}
		if p.daemon == nil {
			return
		}
		if crashed.MatchString(p.daemon.log.String()) {
			t.Error("leadmail crashed, or raced with itself")
		}
		if t.Failed() {
			t.Logf("leadmail's log:\n%s", p.daemon.log)
		}
	})
	return p
}

var crashed = regexp.MustCompile(`panic|DATA RACE|fatal error:|goroutine \d+ \[`)

// freshPostgres is the URL of an empty database on the server, dropped with the
// test.
func freshPostgres(t testing.TB, server string) string {
	t.Helper()
	if server == "" {
		t.Fatal("LEADMAIL_TEST_POSTGRES names no server: run the tests through .ci/postgres (make test does)")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	name := "way_" + hex.EncodeToString(b)
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := db.Exec("DROP DATABASE " + name + " WITH (FORCE)")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

func (p *place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// leadmail runs a command and returns what it printed.
func (p *place) leadmail(args ...string) string {
	p.Helper()
	ctx, done := context.WithTimeout(p.Context(), time.Minute)
	defer done()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = p.dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		p.Fatalf("leadmail %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return string(out)
}

// daemon is a running "leadmail run".
type daemon struct {
	cmd   *exec.Cmd
	ended chan struct{}
	log   *record
}

// record keeps what was written.
type record struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// run starts the daemon and waits until it says that it runs (before, a signal
// would find nobody who handles it).
func (p *place) run() *daemon {
	p.Helper()
	const words = `msg="leadmail runs"`
	before := 0
	if p.daemon != nil {
		before = strings.Count(p.daemon.log.String(), words)
	}
	d := p.start()
	servers.Await(p, 20*time.Second, "leadmail runs", func() (bool, any) {
		text := d.log.String()
		return strings.Count(text, words) > before, text
	})
	return d
}

// start starts the daemon; its log goes on after that of the last one.
func (p *place) start() *daemon {
	p.Helper()
	d := &daemon{cmd: exec.Command(p.binary, "run"), ended: make(chan struct{}), log: &record{}}
	if p.daemon != nil {
		p.daemon.kill()
		d.log = p.daemon.log
	}
	d.cmd.Dir, d.cmd.Stderr, d.cmd.Env = p.dir, d.log, append(os.Environ(), p.env...)
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.must(d.cmd.Start())
	go func() {
		defer close(d.ended)
		_ = d.cmd.Wait()
	}()
	p.daemon = d
	return d
}

// kill ends it as a power cut would; one that has ended is left alone.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill()
	<-d.ended
}

// stop ends it as a service manager would; it must obey, with code 0.
func (p *place) stop() {
	p.Helper()
	d := p.daemon
	p.must(d.cmd.Process.Signal(syscall.SIGTERM))
	servers.Await(p, 25*time.Second, "leadmail ends on SIGTERM", func() (bool, any) {
		select {
		case <-d.ended:
			return true, nil
		default:
			return false, "it runs"
		}
	})
	if code := d.cmd.ProcessState.ExitCode(); code != 0 {
		p.Errorf("leadmail ended with code %d after SIGTERM; want 0", code)
	}
}

// logged waits for words in the log.
func (p *place) logged(limit time.Duration, words string) {
	p.Helper()
	servers.Await(p, limit, fmt.Sprintf("the log says %q", words), func() (bool, any) {
		return strings.Contains(p.daemon.log.String(), words), "not that"
	})
}

// box is a connection of the test's own to somebody's folder.
type box struct {
	testing.TB
	c    *imapclient.Client
	name string
}

func (p *place) box(address, folder string) *box {
	p.Helper()
	return &box{TB: p, c: p.dovecot.Login(p, address, secret), name: folder}
}

// mails are those in the folder, by UID; none when there is no such folder.
func (b *box) mails() [][]byte {
	b.Helper()
	s, err := b.c.Select(b.name, &imap.SelectOptions{ReadOnly: true}).Wait()
	var no *imap.Error
	if errors.As(err, &no) && no.Type == imap.StatusResponseTypeNo {
		return nil
	}
	if err != nil {
		b.Fatalf("select %s: %v", b.name, err)
	}
	if s.NumMessages == 0 {
		return nil
	}
	all, err := b.c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	if err != nil {
		b.Fatalf("fetch %s: %v", b.name, err)
	}
	var raws [][]byte
	for _, m := range all {
		raws = append(raws, m.FindBodySection(&imap.FetchItemBodySection{Peek: true}))
	}
	return raws
}

// await waits until at least n mails lie in the folder.
func (b *box) await(limit time.Duration, n int) [][]byte {
	b.Helper()
	var raws [][]byte
	servers.Await(b, limit, fmt.Sprintf("%d mails in %s", n, b.name), func() (bool, any) {
		raws = b.mails()
		return len(raws) >= n, fmt.Sprintf("%d mails", len(raws))
	})
	return raws
}

// query reads the first column of the answer, as text.
func (p *place) query(text string, args ...any) []string {
	p.Helper()
	db, err := sql.Open(p.driver, p.source)
	p.must(err)
	defer db.Close()
	rows, err := db.QueryContext(p.Context(), text, args...)
	p.must(err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		p.must(rows.Scan(&s))
		all = append(all, s)
	}
	p.must(rows.Err())
	return all
}

// change writes to the database behind leadmail's back.
func (p *place) change(text string, args ...any) {
	p.Helper()
	db, err := sql.Open(p.driver, p.source)
	p.must(err)
	defer db.Close()
	_, err = db.ExecContext(p.Context(), text, args...)
	p.must(err)
}

// lead is a mail in which the partner registers company n.
func (p *place) lead(n int) []byte {
	return []byte(strings.ReplaceAll(fmt.Sprintf(`From: Pat Northwind <%[1]s>
To: %[2]s
Subject: Lead %[3]d
Message-ID: <lead%[3]d@northwind.example>
References: <thread%[3]d@northwind.example>
Date: Mon, 05 Jan 2026 10:00:00 +0000

First name: Ada
Last name: Okafor
Email: ada@firm%[3]d.example
URL: https://firm%[3]d.example
Company: Firm %[3]d
Lead type: Qualified Lead
`, partner, p.mailbox, n), "\n", "\r\n"))
}

// put lays a mail into the place's mailbox by APPEND.
func (p *place) put(raws ...[]byte) {
	p.Helper()
	c := p.dovecot.Login(p, p.mailbox, secret)
	defer c.Close()
	for _, raw := range raws {
		w := c.Append("INBOX", int64(len(raw)), nil)
		_, err := w.Write(raw)
		p.must(errors.Join(err, w.Close()))
		_, err = w.Wait()
		p.must(err)
	}
}
