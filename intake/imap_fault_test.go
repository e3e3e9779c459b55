package intake

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
)

// fault is what happens to a connection after so many octets in both directions.
type fault struct {
	kind  string // "cut": closed; "silent": open, but nothing passes any more; "drip": to the client piece by piece
	after int64
	piece int           // of a drip
	pace  time.Duration // of a drip
}

// faulty is the server's end of a connection with a fault.
type faulty struct {
	net.Conn
	fault
	passed *atomic.Int64
	once   sync.Once
	closed chan struct{}
}

// spoil gives connections the fault, counting octets in passed; later connections than the first are sound.
func spoil(f fault, passed *atomic.Int64) func(net.Conn) net.Conn {
	var count atomic.Int64
	return func(c net.Conn) net.Conn {
		if count.Add(1) > 1 {
			return c
		}
		return &faulty{Conn: c, fault: f, passed: passed, closed: make(chan struct{})}
	}
}

// pass tells how many of n octets still pass.
func (c *faulty) pass(n int) int {
	before := c.passed.Add(int64(n)) - int64(n)
	return int(max(0, min(int64(n), c.after-before)))
}

func (c *faulty) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func (c *faulty) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.kind == "drip" || c.pass(n) == n {
		return n, err
	}
	if c.kind == "silent" {
		<-c.closed
	}
	_ = c.Close()
	return 0, io.EOF
}

func (c *faulty) Write(p []byte) (int, error) {
	n := c.pass(len(p))
	if m, err := c.Conn.Write(p[:n]); err != nil || n == len(p) {
		return m, err
	}
	switch c.kind {
	case "cut":
		_ = c.Close()
		return n, io.ErrClosedPipe
	case "drip":
		tick := time.NewTicker(c.pace)
		defer tick.Stop()
		for ; n < len(p); n = min(len(p), n+c.piece) {
			select {
			case <-tick.C:
			case <-c.closed:
				return n, io.ErrClosedPipe
			}
			if _, err := c.Conn.Write(p[n:min(len(p), n+c.piece)]); err != nil {
				_ = c.Close()
				return n, err
			}
		}
	}
	return len(p), nil
}

// patience is how long Close may take in a test. It is bounded by two seconds; a
// busy machine may stretch these, and one that waits for an answer never ends.
const patience = 30 * time.Second

// work is what the daemon does with a mailbox: everything new is read and filed, one answer is kept.
func work(ctx context.Context, server Server, repeated bool) (err error) {
	s, err := Dial(ctx, server)
	if err != nil {
		return err
	}
	defer func() {
		begin := time.Now()
		_ = s.Close()
		if took := time.Since(begin); took > patience {
			err = fmt.Errorf("Close took %v", took)
		}
	}()
	if _, err := s.Select(ctx); err != nil {
		return err
	}
	uids, err := s.Search(ctx, 0)
	if err != nil {
		return err
	}
	var mails []Fetched
	if err := s.Fetch(ctx, uids, func(f Fetched) error { mails = append(mails, f); return nil }); err != nil {
		return err
	}
	for _, mail := range mails {
		id, _, _ := strings.Cut(string(mail.Raw[bytes.Index(mail.Raw, []byte("Message-ID: <"))+13:]), ">")
		if err := s.File(ctx, Filing{UID: mail.UID, Folder: "Leadmail/Processed", MessageID: id, RawHash: hashOf(string(mail.Raw)), Repeated: repeated}); err != nil {
			return err
		}
	}
	if err := s.Append(ctx, "Leadmail/Sent", []byte(letter("answer")), testInstant, "answer@partner.example"); err != nil {
		return err
	}
	_, err = s.Idle(ctx, time.Millisecond)
	return err
}

// Wherever the connection breaks or falls silent: no call outlives its deadline, the error says which of the two it was,
// and doing the work again leaves every mail in one place, once.
func TestBrokenAnywhereThenDoneAgain(t *testing.T) {
	t.Parallel()
	kinds := []struct {
		name string
		caps imap.CapSet
		stay bool // the mails stay, marked
	}{
		{name: "with MOVE", caps: capable()},
		{name: "with UIDPLUS", caps: capable(imap.CapMove)},
		{name: "with neither", caps: capable(imap.CapMove, imap.CapUIDPlus), stay: true},
	}
	subjects := []string{"one", "two", "three"}
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			start := func(f fault, passed *atomic.Int64) *mailServer {
				m := startMailServer(t, imapserver.Options{Caps: kind.caps}, spoil(f, passed))
				for i, subject := range subjects {
					m.put(t, "INBOX", letter(subject), testInstant.Add(time.Duration(i)*time.Second))
				}
				return m
			}
			var all atomic.Int64
			m := start(fault{kind: "cut", after: 1 << 40}, &all)
			if err := work(t.Context(), m.server(), false); err != nil {
				t.Fatal(err)
			}
			type run struct {
				fault
				m            *mailServer
				passed       atomic.Int64
				first, again error
			}
			var runs []*run
			for _, kind := range []string{"cut", "silent"} {
				step := all.Load() / 41
				for after := int64(1); after < all.Load(); after += step {
					r := &run{fault: fault{kind: kind, after: after}}
					r.m = start(r.fault, &r.passed)
					runs = append(runs, r)
				}
			}
			var wg sync.WaitGroup
			for _, r := range runs {
				wg.Go(func() {
					server := r.m.server()
					server.Timeout = 250 * time.Millisecond
					ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
					defer cancel()
					r.first = work(ctx, server, false)
					r.passed.Store(-1 << 40) // sound from here on
					r.again = work(ctx, r.m.server(), true)
				})
			}
			wg.Wait()
			broken := 0
			for _, r := range runs {
				if r.first != nil {
					broken++
				}
				if r.first != nil && !errors.Is(r.first, ErrTimeout) && !errors.Is(r.first, ErrDisconnected) || r.again != nil {
					t.Errorf("%s after %d octets: first %v, then %v", r.kind, r.after, r.first, r.again)
				}
				inbox, filed := r.m.lies(t, "INBOX"), r.m.lies(t, "Leadmail/Processed")
				for i, line := range filed {
					_, filed[i], _ = strings.Cut(line, " ")
				}
				slices.Sort(filed)
				want := []string{}
				if kind.stay {
					want = []string{`1 one \Deleted`, `2 two \Deleted`, `3 three \Deleted`}
				}
				if !slices.Equal(inbox, want) || !slices.Equal(filed, []string{"one", "three", "two"}) ||
					!slices.Equal(r.m.lies(t, "Leadmail/Sent"), []string{`1 answer \Seen`}) {
					t.Errorf("%s after %d octets (%v): INBOX %q, Processed %q, Sent %q", r.kind, r.after, r.first, inbox, filed, r.m.lies(t, "Leadmail/Sent"))
				}
			}
			if broken < len(runs)*9/10 {
				t.Errorf("only %d of %d faults were felt", broken, len(runs))
			}
		})
	}
}

// A server that keeps sending, but too slowly ever to end, is given up; a slow line that moves is not.
func TestSlowDrip(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		octet int
		fault fault
		want  error
		says  string
	}{
		{name: "silent in the middle of a large mail, which may take minutes", octet: 4 << 20, want: ErrTimeout, says: "silent for", fault: fault{kind: "silent", after: 300 << 10}},
		{name: "an octet now and then", octet: 4 << 10, want: ErrTimeout, says: "not done after", fault: fault{kind: "drip", piece: 1, pace: 20 * time.Millisecond}},
		{name: "slow, but it moves", octet: 128 << 10, fault: fault{kind: "drip", piece: 1 << 10, pace: 10 * time.Millisecond}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var passed atomic.Int64
			if test.fault.after == 0 {
				test.fault.after = 2 << 10 // about there the body is under way
			}
			m := startMailServer(t, imapserver.Options{}, spoil(test.fault, &passed))
			m.put(t, "INBOX", letter("one")+strings.Repeat("x", test.octet), testInstant)
			server := m.server()
			server.Timeout = time.Second
			s, err := Dial(t.Context(), server)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			err = s.Fetch(t.Context(), []uint32{1}, func(Fetched) error { return nil })
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if test.want != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}

// A call in progress does not hold up Close, nor the context.
func TestCloseWhileWaiting(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"close", "context"} {
		for _, answer := range []string{"", "* 1 FETCH (UID 5 BODY[] {100}\r\nabc"} {
			t.Run(how+" "+answer, func(t *testing.T) {
				t.Parallel()
				asked := make(chan struct{})
				m := startScript(t, hello, script{
					"UID FETCH 5 (UID BODY": {answer},
					"UID FETCH 5 (":         {"* 1 FETCH (UID 5 " + internal + " RFC822.SIZE 100)\r\nTAG OK\r\n"}})
				m.asked("UID FETCH 5 (UID BODY", asked)
				s := dial(t, m.server())
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				done := make(chan error, 1)
				go func() { done <- s.Fetch(ctx, []uint32{5}, func(Fetched) error { return nil }) }()
				<-asked
				if how == "close" {
					_ = s.Close()
				} else {
					cancel()
				}
				err := <-done
				if how == "close" && !errors.Is(err, ErrDisconnected) || how == "context" && !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
				var evidence *FetchError
				if how == "context" && errors.As(err, &evidence) {
					t.Errorf("the context ended, and %v are accused", evidence.UIDs)
				}
			})
		}
	}
}

// Close ends a wait in IDLE at once.
func TestCloseWhileIdling(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	m := startScript(t, hello, script{
		"CAPABILITY": {"* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK\r\n"},
		"IDLE":       {"+ idling\r\n"}})
	m.asked("IDLE", asked)
	s := dial(t, m.server())
	done := make(chan error, 1)
	go func() {
		_, err := s.Idle(context.Background(), time.Hour)
		done <- err
	}()
	<-asked
	begin := time.Now()
	_ = s.Close()
	if err := <-done; !errors.Is(err, ErrDisconnected) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took > patience {
		t.Errorf("it took %v", took)
	}
	// Once more with the IDLE surely under way: a LOGOUT would have to wait for its end.
	s = dial(t, m.server())
	if _, err := s.client.Idle(); err != nil {
		t.Fatal(err)
	}
	s.idling.Store(true)
	begin = time.Now()
	_ = s.Close()
	if took := time.Since(begin); took > patience {
		t.Errorf("with IDLE under way it took %v", took)
	}
}

// Two goroutines on one session are told so instead of mixing their commands.
func TestSessionHasOneOwner(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	m := startScript(t, hello, script{"SELECT": {""}})
	m.asked("SELECT", asked)
	s := dial(t, m.server())
	go func() { _, _ = s.Select(t.Context()) }()
	<-asked
	if err := s.Ensure(t.Context(), []string{"Leadmail"}); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want %v", err, ErrBusy)
	}
	_ = s.Close()
}

// The library's Move would fall back to COPY, STORE \Deleted and EXPUNGE, and lose the mail: that never leaves us.
func TestMoveNeverBecomesCopyAndExpunge(t *testing.T) {
	t.Parallel()
	m := startMailServer(t, imapserver.Options{Caps: capable(imap.CapMove, imap.CapUIDPlus)}, nil)
	m.put(t, "INBOX", letter("one"), testInstant)
	s := dial(t, m.server())
	if _, err := s.Select(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.move(t.Context(), "moving", 1, "No/Such/Folder"); !errors.Is(err, ErrDisconnected) {
		t.Errorf("got %v", err)
	}
	wantLies(t, m, "INBOX", "1 one")
}

// Without MOVE: what people marked stays, a missing folder costs nothing, and an attempt that had copied is only finished.
func TestFilingWithoutMove(t *testing.T) {
	t.Parallel()
	one := Filing{UID: 1, Folder: "Processed", MessageID: "one@partner.example", RawHash: hashOf(letter("one")), Repeated: true}
	tests := []struct {
		name             string
		uidplus          bool
		folder           []string // lies in Processed already
		at               time.Duration
		filing           Filing
		flags            []imap.Flag
		inbox, processed []string
	}{
		{name: "copied, one expunged", uidplus: true, filing: Filing{UID: 1, Folder: "Processed"},
			inbox: []string{`2 other \Deleted`}, processed: []string{"1 one"}},
		{name: "no UIDPLUS: copied and marked", filing: Filing{UID: 1, Folder: "Processed"},
			inbox: []string{`1 one \Deleted`, `2 other \Deleted`}, processed: []string{"1 one"}},
		{name: "a mark is not copied along", uidplus: true, flags: []imap.Flag{imap.FlagDeleted}, filing: Filing{UID: 1, Folder: "Processed"},
			inbox: []string{`2 other \Deleted`}, processed: []string{"1 one"}},
		{name: "copied by the attempt before", uidplus: true, folder: []string{letter("one")}, filing: one,
			inbox: []string{`2 other \Deleted`}, processed: []string{"1 one"}},
		{name: "copied by the attempt before, no Message-ID", uidplus: true, folder: []string{letter("one")},
			filing: Filing{UID: 1, Folder: "Processed", RawHash: one.RawHash, Repeated: true},
			inbox:  []string{`2 other \Deleted`}, processed: []string{"1 one"}},
		{name: "the same Message-ID, another mail", uidplus: true, folder: []string{strings.Replace(letter("one"), "Hello", "Howdy", 1)}, filing: one,
			inbox: []string{`2 other \Deleted`}, processed: []string{"1 one", "2 one"}},
		{name: "its twin, delivered at another time", uidplus: true, folder: []string{letter("one")}, at: time.Second, filing: one,
			inbox: []string{`2 other \Deleted`}, processed: []string{"1 one", "2 one"}},
		{name: "repeated, and nothing had happened", uidplus: true, filing: one,
			inbox: []string{`2 other \Deleted`}, processed: []string{"1 one"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			caps := capable(imap.CapMove, imap.CapUIDPlus)
			if test.uidplus {
				caps = capable(imap.CapMove)
			}
			m := startMailServer(t, imapserver.Options{Caps: caps}, nil)
			m.put(t, "INBOX", letter("one"), testInstant, test.flags...)
			m.put(t, "INBOX", letter("other"), testInstant, imap.FlagDeleted)
			for _, mail := range test.folder {
				_ = m.user.Create("Processed", nil)
				m.put(t, "Processed", mail, testInstant.Add(test.at))
			}
			s := dial(t, m.server())
			if err := s.File(t.Context(), test.filing); err != nil {
				t.Fatal(err)
			}
			wantLies(t, m, "INBOX", test.inbox...)
			wantLies(t, m, "Processed", test.processed...)
			if uids, err := s.Search(t.Context(), 0); err != nil || slices.Contains(uids, 1) {
				t.Errorf("found again: %v, %v", uids, err)
			}
		})
	}
}

// Folders that vanish while we work are made again; a mailbox that vanished is said to be missing.
func TestFolderDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	m := startMailServer(t, imapserver.Options{}, nil)
	m.put(t, "INBOX", letter("one"), testInstant)
	s := dial(t, m.server())
	if err := s.Ensure(t.Context(), []string{"Leadmail/Processed", "Leadmail/Sent"}); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"Leadmail/Processed", "Leadmail/Sent"} {
		if err := m.user.Delete(folder); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.File(t.Context(), Filing{UID: 1, Folder: "Leadmail/Processed"}); err != nil {
		t.Error(err)
	}
	if err := s.Append(t.Context(), "Leadmail/Sent", []byte(letter("answer")), testInstant, "answer@partner.example"); err != nil {
		t.Error(err)
	}
	wantLies(t, m, "Leadmail/Processed", "1 one")
	wantLies(t, m, "Leadmail/Sent", `1 answer \Seen`)
	if err := m.user.Delete("Leadmail/Sent"); err != nil { // and now while it is the selected one
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), "Leadmail/Sent", []byte(letter("another")), testInstant, "another@partner.example"); err != nil {
		t.Error(err)
	}
	wantLies(t, m, "Leadmail/Sent", `1 another \Seen`)
	if err := m.user.Delete("INBOX"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Select(t.Context()); !errors.Is(err, ErrNoFolder) {
		t.Errorf("Select: got %v, want %v", err, ErrNoFolder)
	}
}

// A mailbox renumbered behind our back is noticed on the way back from another folder.
func TestRenumberedMeanwhile(t *testing.T) {
	t.Parallel()
	m := startMailServer(t, imapserver.Options{}, nil)
	s := dial(t, m.server())
	if _, err := s.Select(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), "Sent", []byte(letter("answer")), testInstant, ""); err != nil {
		t.Fatal(err)
	}
	_ = m.user.Delete("INBOX")
	_ = m.user.Create("INBOX", nil)
	if _, err := s.Search(t.Context(), 0); !errors.Is(err, ErrRenumbered) {
		t.Errorf("got %v, want %v", err, ErrRenumbered)
	}
	if _, err := s.Select(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Search(t.Context(), 0); err != nil {
		t.Error(err)
	}
}

// Mails that a person takes away meanwhile are passed over, wherever we are.
func TestExpungedMeanwhile(t *testing.T) {
	t.Parallel()
	m := startMailServer(t, imapserver.Options{}, nil)
	for _, subject := range []string{"one", "two", "three"} {
		m.put(t, "INBOX", letter(subject), testInstant)
	}
	s := dial(t, m.server())
	uids, err := s.Search(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	person, err := imapclient.DialInsecure(m.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer person.Close()
	if err := person.Login(testUser, testPassword).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := person.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if err := person.Store(imap.UIDSetNum(2), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
		t.Fatal(err)
	}
	if err := person.Expunge().Close(); err != nil {
		t.Fatal(err)
	}
	var got []uint32
	for _, mail := range fetchAll(t, s, uids...) {
		got = append(got, mail.UID)
	}
	if !slices.Equal(got, []uint32{1, 3}) {
		t.Errorf("read %v, want 1 and 3", got)
	}
	for _, uid := range uids {
		if err := s.File(t.Context(), Filing{UID: uid, Folder: "Leadmail/Processed"}); err != nil {
			t.Error(err)
		}
	}
	wantLies(t, m, "Leadmail/Processed", "1 one", "2 three")
}

// More mails than fit one batch, small and too large ones mixed, come in order and whole.
func TestFetchInBatches(t *testing.T) {
	t.Parallel()
	m := startMailServer(t, imapserver.Options{}, nil)
	var want []string
	for i := range 2*batchMails + 7 {
		mail, large := letter(fmt.Sprint("mail", i)), i%50 == 3
		if large {
			mail += strings.Repeat("x", 2000)
		}
		m.put(t, "INBOX", mail, testInstant)
		want = append(want, fmt.Sprint(i+1, large))
	}
	server := m.server()
	server.MaxSize = 1000
	s := dial(t, server)
	uids, err := s.Search(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(uids)
	var got []string
	for _, mail := range fetchAll(t, s, append(uids, 0, 999)...) {
		got = append(got, fmt.Sprint(mail.UID, mail.TooLarge))
		if mail.TooLarge && (!bytes.HasSuffix(mail.Raw, []byte("\r\n\r\n")) || mail.Size < 2000) {
			t.Errorf("UID %d: %d octets, header %q", mail.UID, mail.Size, mail.Raw)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	found, err := s.Headers(t.Context(), append(uids, 999))
	if err != nil || len(found) != len(want) || found[3].UID != 4 || found[3].Size < 2000 || !found[3].Received.Equal(testInstant) {
		t.Errorf("Headers: %d of %d, %v", len(found), len(want), err)
	}
	boom := errors.New("disk full")
	calls := 0
	if err := s.Fetch(t.Context(), uids, func(Fetched) error { calls++; return boom }); err != boom || calls != 1 {
		t.Errorf("an error of the receiver: got %v after %d calls", err, calls)
	}
	if _, err := s.Search(t.Context(), 0); err != nil {
		t.Error(err)
	}
}

// authority makes a certificate for 127.0.0.1 and the pool that trusts it.
func authority(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

// The connection is encrypted and the certificate verified, or there is no connection.
func TestEncryption(t *testing.T) {
	t.Parallel()
	config, pool := authority(t)
	encrypted := startMailServer(t, imapserver.Options{}, func(c net.Conn) net.Conn { return tls.Server(c, config) })
	upgrading := startMailServer(t, imapserver.Options{TLSConfig: config}, nil)
	plain := startMailServer(t, imapserver.Options{}, nil)
	tests := []struct {
		name, addr, tls string
		pool            *x509.CertPool
		want            error
	}{
		{name: "tls", addr: encrypted.addr, tls: "tls", pool: pool},
		{name: "starttls", addr: upgrading.addr, tls: "starttls", pool: pool},
		{name: "none to loopback", addr: plain.addr, tls: "none"},
		{name: "tls, not trusted", addr: encrypted.addr, tls: "tls", want: ErrTLS},
		{name: "starttls, not trusted", addr: upgrading.addr, tls: "starttls", want: ErrTLS},
		{name: "starttls not offered", addr: plain.addr, tls: "starttls", pool: pool, want: ErrTLS},
		{name: "tls to a port without", addr: plain.addr, tls: "tls", pool: pool, want: ErrTLS},
		{name: "none to elsewhere", addr: "192.0.2.1:143", tls: "none", want: ErrTLS},
		{name: "nothing configured", addr: plain.addr, tls: "", want: ErrTLS},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			asked := false
			s, err := Dial(t.Context(), Server{Addr: test.addr, TLS: test.tls, RootCAs: test.pool, Username: testUser, Timeout: 20 * time.Second,
				Password: func() (string, error) { asked = true; return testPassword, nil }})
			if !errors.Is(err, test.want) || (err != nil) != (test.want != nil) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if err != nil {
				if asked {
					t.Error("the password was asked for")
				}
				return
			}
			defer s.Close()
			if _, err := s.Select(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// STARTTLS that somebody meddles with, or that breaks half-way, ends in an error before anything secret is said.
func TestStartTLSMeddledWith(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, greeting, answer string
		want                   error
	}{
		{name: "refused", greeting: "* OK hi\r\n", answer: "TAG NO not here\r\n", want: ErrTLS},
		{name: "unknown", greeting: "* OK hi\r\n", answer: "* OK still here\r\nTAG BAD what?\r\n", want: ErrTLS},
		{name: "logged in before it began", greeting: "* PREAUTH hi\r\n", want: ErrTLS},
		{name: "busy", greeting: "* BYE come back later\r\n", want: ErrUnavailable},
		{name: "answers slipped in behind the OK", greeting: "* OK hi\r\n", answer: "TAG OK go\r\n* CAPABILITY IMAP4rev1\r\n", want: ErrTLS},
		{name: "gone within the OK", greeting: "* OK hi\r\n", answer: "TAG OK goHANGUP", want: ErrDisconnected},
		{name: "gone after the OK", greeting: "* OK hi\r\n", answer: "TAG OK go\r\nHANGUP", want: ErrDisconnected},
		{name: "silent after the OK", greeting: "* OK hi\r\n", answer: "TAG OK go\r\n", want: ErrTimeout},
		{name: "silent from the beginning", want: ErrTimeout},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := startScript(t, test.greeting, script{"STARTTLS": {test.answer}, "": {""}})
			server := m.server()
			server.TLS = "starttls"
			if test.want == ErrTimeout {
				server.Timeout = 200 * time.Millisecond
			}
			_, err := Dial(t.Context(), server)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			for _, c := range m.commands() {
				if strings.HasPrefix(c, "LOGIN") || strings.HasPrefix(c, "AUTH") {
					t.Errorf("sent %q", c)
				}
			}
		})
	}
}

// Waiting where the server has no IDLE, or refuses it, ends with a question.
func TestWaitingWithoutIdle(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]script{
		"no IDLE":      {"NOOP": {"TAG OK\r\n", "* 4 EXISTS\r\nTAG OK\r\n"}},
		"IDLE refused": {"CAPABILITY": {"* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK\r\n"}, "IDLE": {"TAG NO not now\r\n"}, "NOOP": {"TAG OK\r\n", "* 4 EXISTS\r\nTAG OK\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := startScript(t, "* OK hi\r\n", answers)
			s := dial(t, m.server())
			changed, err := s.Idle(t.Context(), 5*time.Millisecond)
			if err != nil || !changed {
				t.Errorf("got %v, %v", changed, err)
			}
		})
	}
}

// Nobody tells what came into INBOX while another folder was open, so the wait after it ends at once.
func TestIdleAfterAnotherFolder(t *testing.T) {
	t.Parallel()
	m := startScript(t, hello, script{})
	s := dial(t, m.server())
	if _, err := s.Search(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(t.Context(), "Sent", true); err != nil {
		t.Fatal(err)
	}
	if changed, err := s.Idle(t.Context(), time.Hour); err != nil || !changed {
		t.Errorf("got %v, %v", changed, err)
	}
}

// How many mails go into one command: bounded in number and octets, never none, large and too large ones apart.
func TestBatches(t *testing.T) {
	t.Parallel()
	s := &Session{server: Server{MaxSize: 10 << 20}}
	same := func(n int, size int64) []Found { return slices.Repeat([]Found{{Size: size}}, n) }
	tests := []struct {
		name string
		list []Found
		want int
	}{
		{"few small ones", same(3, 1000), 3},
		{"many small ones", same(1000, 1000), batchMails},
		{"up to the octets", same(20, 1<<20), 8},
		{"one above the octets", same(3, 9<<20), 1},
		{"small, then one above the octets", append(same(3, 1000), same(1, 9<<20)...), 3},
		{"small, then too large", append(same(3, 1000), same(1, 99<<20)...), 3},
		{"too large, then small", append(same(2, 99<<20), same(3, 1000)...), 2},
		{"many too large, whose headers are fetched", same(100, 99<<20), 32},
	}
	for _, test := range tests {
		if got := s.batch(test.list); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}
