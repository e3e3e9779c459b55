package notify_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"leadmail/notify"
	"leadmail/rules"
)

// script says how the server of a test answers; a nil error accepts.
type script struct {
	mail, rcpt, body error
	// beforeDot and afterDot hang up; silent never answers the dot.
	beforeDot, afterDot, silent bool
	login                       bool
	password                    string
}

// delivered is what a server took.
type delivered struct{ from, to, raw string }

// server is a go-smtp server that follows a script.
type server struct {
	script
	addr string
	end  chan struct{}
	mu   sync.Mutex
	got  []delivered
}

func (s *server) taken() []delivered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]delivered(nil), s.got...)
}

type session struct {
	*server
	conn     *smtp.Conn
	from, to string
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string {
	if s.login {
		return []string{sasl.Plain}
	}
	return nil
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "desk" || password != s.password {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return s.mail
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.rcpt
}

func (s *session) Data(r io.Reader) error {
	if s.beforeDot {
		_, _ = io.ReadFull(r, make([]byte, 100))
		return s.conn.Close()
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.body != nil {
		return s.body
	}
	s.mu.Lock()
	s.got = append(s.got, delivered{s.from, s.to, string(raw)})
	s.mu.Unlock()
	if s.afterDot {
		return s.conn.Close()
	}
	if s.silent {
		<-s.end
	}
	return nil
}

// serve starts a server on loopback that ends with the test.
func serve(t *testing.T, sc script, config *tls.Config, wrapped bool) *server {
	t.Helper()
	s := &server{script: sc, end: make(chan struct{})}
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	srv.AllowInsecureAuth = true
	srv.TLSConfig = config
	srv.Domain = "localhost"
	srv.ErrorLog = quiet{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	if wrapped {
		l = tls.NewListener(l, config)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		close(s.end)
		_ = srv.Close()
		<-done
	})
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// talk is a server that says given lines, one after each line it hears; "" says
// nothing more.
func talk(t *testing.T, says ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	end := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for _, line := range says {
					if line == "" {
						<-end
						return
					}
					if _, err := io.WriteString(c, line+"\r\n"); err != nil {
						return
					}
					if _, err := c.Read(buf); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		close(end)
		_ = l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

func plain(addr string) notify.SMTP {
	return notify.SMTP{Addr: addr, TLS: "none", Hello: "desk.vendor.example", Timeout: 5 * time.Second}
}

const (
	from rules.Address = "partners+17@vendor.example"
	to   rules.Address = "pat@northwind.example"
)

var small = []byte("Subject: Re: lead\r\nFrom: partners@vendor.example\r\n\r\nRegistered.\r\n.\r\n..dots\r\n")

func answers(code int, a, b, c int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{a, b, c}, Message: text}
}

func TestDeliverHandsOverTheStoredBytes(t *testing.T) {
	t.Parallel()
	s := serve(t, script{}, nil, false)
	if err := plain(s.addr).Deliver(t.Context(), from, to, small); err != nil {
		t.Fatal(err)
	}
	got := s.taken()
	if len(got) != 1 || got[0].from != string(from) || got[0].to != string(to) || got[0].raw != string(small) {
		t.Errorf("taken: %q", got)
	}
}

func TestFateOfWhatTheServerAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		script script
		want   notify.Fate
		code   int
		step   string
	}{
		{"421 at MAIL: too fast", script{mail: answers(421, 4, 7, 0, "slow down")}, notify.FateSlow, 421, "mail"},
		{"421 at RCPT: too fast", script{rcpt: answers(421, 4, 3, 2, "try later")}, notify.FateSlow, 421, "rcpt"},
		{"432 4.3.2 after the dot: too fast", script{body: answers(432, 4, 3, 2, "concurrent connections limit exceeded")}, notify.FateSlow, 432, "dot"},
		{"451 4.7.1 at RCPT: greylisted, slower", script{rcpt: answers(451, 4, 7, 1, "greylisted")}, notify.FateSlow, 451, "rcpt"},
		{"451 4.3.0 after the dot: later", script{body: answers(451, 4, 3, 0, "queue is full")}, notify.FateRetry, 451, "dot"},
		{"450 4.2.0 at RCPT: later", script{rcpt: answers(450, 4, 2, 0, "mailbox busy")}, notify.FateRetry, 450, "rcpt"},
		{"530 at MAIL: we ought to log in", script{mail: answers(530, 5, 7, 0, "authentication required")}, notify.FateChannel, 530, "mail"},
		{"535 at MAIL: our login is no longer good", script{mail: answers(535, 5, 7, 8, "token expired")}, notify.FateChannel, 535, "mail"},
		{"550 5.7.30 at MAIL: basic login is switched off", script{mail: answers(550, 5, 7, 30, "basic authentication is not supported")}, notify.FateChannel, 550, "mail"},
		{"550 5.1.1 at RCPT: no such address", script{rcpt: answers(550, 5, 1, 1, "no such user")}, notify.FateNoSuchAddress, 550, "rcpt"},
		{"550 5.1.1 after the dot: no such address", script{body: answers(550, 5, 1, 1, "no such user")}, notify.FateNoSuchAddress, 550, "dot"},
		{"553 5.1.8 at RCPT: it is our own address that is bad", script{rcpt: answers(553, 5, 1, 8, "bad sender")}, notify.FateChannel, 553, "rcpt"},
		{"550 5.1.0 at MAIL: it is our own address that is bad", script{mail: answers(550, 5, 1, 0, "sender rejected")}, notify.FateChannel, 550, "mail"},
		{"554 5.7.1 after the dot: refused", script{body: answers(554, 5, 7, 1, "spam")}, notify.FateRefused, 554, "dot"},
		{"552 5.2.2 at RCPT: refused", script{rcpt: answers(552, 5, 2, 2, "mailbox full")}, notify.FateRefused, 552, "rcpt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.script, nil, false)
			err := plain(s.addr).Deliver(t.Context(), from, to, small)
			var f *notify.Failure
			if !errors.As(err, &f) {
				t.Fatalf("error %v, want a *Failure", err)
			}
			if notify.FateOf(err) != tt.want || f.Code != tt.code || f.Step != tt.step {
				t.Errorf("fate %s, code %d, step %s (%v); want %s, %d, %s", f.Fate, f.Code, f.Step, err, tt.want, tt.code, tt.step)
			}
			if got := s.taken(); len(got) != 0 {
				t.Errorf("taken all the same: %q", got)
			}
		})
	}
}

func TestAHangUpBeforeTheFinalDotMeansAgain(t *testing.T) {
	t.Parallel()
	s := serve(t, script{beforeDot: true}, nil, false)
	// More than the socket buffers of both ends take: the write breaks before the
	// dot is reached.
	large := bytes.Repeat([]byte("A line of some length, to fill the buffers of both ends.\r\n"), 400_000)
	err := plain(s.addr).Deliver(t.Context(), from, to, large)
	if got := notify.FateOf(err); got != notify.FateRetry {
		t.Errorf("fate %s (%v), want %s", got, err, notify.FateRetry)
	}
	if len(s.taken()) != 0 {
		t.Error("half a mail was taken")
	}
}

func TestAHangUpAfterTheFinalDotIsUncertain(t *testing.T) {
	t.Parallel()
	s := serve(t, script{afterDot: true}, nil, false)
	err := plain(s.addr).Deliver(t.Context(), from, to, small)
	if got := notify.FateOf(err); got != notify.FateUncertain {
		t.Errorf("fate %s (%v), want %s", got, err, notify.FateUncertain)
	}
	if len(s.taken()) != 1 {
		t.Error("the server did not have the mail: this tests nothing")
	}
}

func TestNoAnswerToTheFinalDotIsUncertainInTheEnd(t *testing.T) {
	t.Parallel()
	s := serve(t, script{silent: true}, nil, false)
	client := plain(s.addr)
	client.Timeout = 100 * time.Millisecond
	start := time.Now()
	err := client.Deliver(t.Context(), from, to, small)
	if got := notify.FateOf(err); got != notify.FateUncertain {
		t.Errorf("fate %s (%v), want %s", got, err, notify.FateUncertain)
	}
	if took := time.Since(start); took < 900*time.Millisecond {
		t.Errorf("gave up after %s; the dot's answer is worth ten times the timeout", took)
	}
}

func TestStoppingWhileTheDotIsUnansweredIsUncertain(t *testing.T) {
	t.Parallel()
	s := serve(t, script{silent: true}, nil, false)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for len(s.taken()) == 0 && ctx.Err() == nil {
			<-time.After(time.Millisecond)
		}
		cancel()
	}()
	err := plain(s.addr).Deliver(ctx, from, to, small)
	if got := notify.FateOf(err); got != notify.FateUncertain {
		t.Errorf("fate %s (%v), want %s", got, err, notify.FateUncertain)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v does not say that we stopped", err)
	}
}

func TestWhatFollowsThe250ChangesNothing(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{
		"QUIT is refused":      "451 4.3.0 not now",
		"QUIT gets no answer":  "",
		"QUIT meets a hang-up": "hang up",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			says := []string{"220 here", "250 localhost", "250 ok", "250 ok", "354 go on", "250 taken", end}
			if end == "hang up" {
				says = says[:6]
			}
			client := plain(talk(t, says...))
			client.Timeout = 200 * time.Millisecond
			if err := client.Deliver(t.Context(), from, to, small); err != nil {
				t.Errorf("error %v; the mail was taken", err)
			}
		})
	}
}

func TestTheChannelIsAtFault(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	loggedIn := func(addr, password string) notify.SMTP {
		s := plain(addr)
		s.Username, s.Password = "desk", func() (string, error) { return password, nil }
		return s
	}
	secret := errors.New("no such file")
	wants := serve(t, script{login: true, password: "right"}, nil, false)
	open := serve(t, script{}, nil, false)
	tests := []struct {
		name   string
		client notify.SMTP
		want   notify.Fate
		code   int
	}{
		{"nobody listens", plain(nobody), notify.FateChannel, 0},
		{"a wrong password", loggedIn(wants.addr, "wrong"), notify.FateChannel, 535},
		{"a server without login", loggedIn(open.addr, "right"), notify.FateChannel, 0},
		{"a password that cannot be read", func() notify.SMTP {
			s := loggedIn(wants.addr, "")
			s.Password = func() (string, error) { return "", secret }
			return s
		}(), notify.FateChannel, 0},
		{"greeted with 554", plain(talk(t, "554 5.7.1 you are blocked")), notify.FateChannel, 554},
		{"greeted with 421: too fast", plain(talk(t, "421 4.7.0 too many connections")), notify.FateSlow, 421},
		{"greeted with a hang-up", plain(talk(t)), notify.FateChannel, 0},
		{"TLS that is not offered", func() notify.SMTP { s := plain(open.addr); s.TLS = "starttls"; return s }(), notify.FateChannel, 0},
		{"a tls setting that does not exist", func() notify.SMTP { s := plain(open.addr); s.TLS = "maybe"; return s }(), notify.FateChannel, 0},
		{"another machine without TLS", plain("192.0.2.1:25"), notify.FateChannel, 0},
		{"an address without port", plain("localhost"), notify.FateChannel, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.client.Deliver(t.Context(), from, to, small)
			var f *notify.Failure
			if !errors.As(err, &f) {
				t.Fatalf("error %v, want a *Failure", err)
			}
			if f.Fate != tt.want || f.Code != tt.code {
				t.Errorf("fate %s, code %d (%v); want %s, %d", f.Fate, f.Code, err, tt.want, tt.code)
			}
			if strings.HasPrefix(tt.name, "another machine") && !strings.Contains(err.Error(), "loopback only") {
				t.Errorf("error %v does not say why", err)
			}
			if strings.Contains(err.Error(), "wrong") {
				t.Errorf("the error shows the password: %v", err)
			}
			if err := tt.client.Check(t.Context()); err == nil {
				t.Error("Check found nothing wrong")
			}
		})
	}
	t.Run("the right password", func(t *testing.T) {
		t.Parallel()
		if err := loggedIn(wants.addr, "right").Check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := loggedIn(wants.addr, "right").Deliver(t.Context(), from, to, small); err != nil {
			t.Error(err)
		}
	})
}

func TestASilentServerEndsInTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		says []string
		want notify.Fate
	}{
		{"at the greeting", []string{""}, notify.FateChannel},
		{"at EHLO", []string{"220 here", ""}, notify.FateChannel},
		{"at MAIL", []string{"220 here", "250 localhost", ""}, notify.FateRetry},
		{"at RCPT", []string{"220 here", "250 localhost", "250 ok", ""}, notify.FateRetry},
		{"at DATA", []string{"220 here", "250 localhost", "250 ok", "250 ok", ""}, notify.FateRetry},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := plain(talk(t, tt.says...))
			client.Timeout = 100 * time.Millisecond
			if err := client.Deliver(t.Context(), from, to, small); notify.FateOf(err) != tt.want {
				t.Errorf("fate %s (%v), want %s", notify.FateOf(err), err, tt.want)
			}
		})
		t.Run(tt.name+", and we stop", func(t *testing.T) {
			t.Parallel()
			client := plain(talk(t, tt.says...))
			client.Timeout = 20 * time.Second
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := client.Deliver(ctx, from, to, small); notify.FateOf(err) != notify.FateRetry {
				t.Errorf("fate %s (%v), want %s: nobody is to blame", notify.FateOf(err), err, notify.FateRetry)
			}
		})
	}
}

func TestAddressesCannotCarryCommands(t *testing.T) {
	t.Parallel()
	s := serve(t, script{}, nil, false)
	for _, bad := range []rules.Address{"", "pat", "pat@x.example>\r\nRCPT TO:<evil@y.example", "pat@x.example> <", "a b@x.example", "a\x00@x.example"} {
		if err := plain(s.addr).Deliver(t.Context(), from, bad, small); notify.FateOf(err) != notify.FateRefused {
			t.Errorf("to %q: %v, want it refused", bad, err)
		}
		if err := plain(s.addr).Deliver(t.Context(), bad, to, small); notify.FateOf(err) != notify.FateRefused {
			t.Errorf("from %q: %v, want it refused", bad, err)
		}
	}
	if err := plain(s.addr).Deliver(t.Context(), from, "jürgen@northwind.example", small); notify.FateOf(err) != notify.FateRefused {
		t.Errorf("an address that needs SMTPUTF8, which is not offered: %v", err)
	}
	if got := s.taken(); len(got) != 0 {
		t.Errorf("taken: %q", got)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	_, strangers := certificate(t)
	for _, mode := range []string{"tls", "starttls"} {
		s := serve(t, script{login: true, password: "right"}, config, mode == "tls")
		client := plain(s.addr)
		client.TLS, client.RootCAs = mode, pool
		client.Username, client.Password = "desk", func() (string, error) { return "right", nil }
		if err := client.Deliver(t.Context(), from, to, small); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		client.RootCAs = strangers
		if err := client.Deliver(t.Context(), from, to, small); notify.FateOf(err) != notify.FateChannel {
			t.Errorf("%s, signed by a stranger: %v", mode, err)
		}
		if n := len(s.taken()); n != 1 {
			t.Errorf("%s: %d mails were taken, want 1", mode, n)
		}
	}
	silent := plain(talk(t, ""))
	silent.TLS, silent.RootCAs, silent.Timeout = "tls", pool, 100*time.Millisecond
	if err := silent.Deliver(t.Context(), from, to, small); notify.FateOf(err) != notify.FateChannel {
		t.Errorf("a handshake without an answer: %v", err)
	}
}

// certificate makes a certificate for loopback and the pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
