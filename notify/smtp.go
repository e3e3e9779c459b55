package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"leadmail/rules"
)

// SMTP is the mail server that takes our mail. It holds no connection: each
// Deliver dials, and several may run at once.
type SMTP struct {
	// Addr is host:port. The host is the name that the certificate must have.
	Addr string
	// TLS is "tls" (from the first byte, RFC 8314), "starttls" (refused where the
	// server does not offer it) or "none" (to loopback only).
	TLS string
	// RootCAs verify the server; nil is the system's.
	RootCAs *x509.CertPool
	// Username is "" where the server wants no login.
	Username string
	// Password is asked for at each login, so that a changed file counts.
	Password func() (string, error)
	// Hello is the name that we give ourselves; "" is the machine's.
	Hello string
	// Timeout bounds each read and write; 0 is one minute. The answer to the final
	// dot is awaited ten times as long (RFC 5321, section 4.5.3.2.6): giving up
	// early there is what sends mail twice. A whole attempt takes at most thirty
	// times as long.
	Timeout time.Duration
}

// Fate says what an attempt came to, and so what happens to the mail (the table
// in MAIL.md, Outbound).
type Fate string

// The fates of an attempt.
const (
	// FateSent: the server has it.
	FateSent Fate = "sent"
	// FateRetry: not sent, and trying again can help (4yz, a broken line).
	FateRetry Fate = "retry"
	// FateSlow: not sent, we are too fast: the whole queue slows down.
	FateSlow Fate = "slow"
	// FateRefused: this mail will never be taken (5yz).
	FateRefused Fate = "refused"
	// FateNoSuchAddress: nor will any other to this address (5.1.x).
	FateNoSuchAddress Fate = "no_such_address"
	// FateChannel: our fault or our server's (dial, TLS, login). The queue pauses
	// and staff are told; no mail failed.
	FateChannel Fate = "channel"
	// FateUncertain: the mail was handed over whole, but no answer was read. It
	// may have been taken.
	FateUncertain Fate = "uncertain"
)

// Failure is an attempt that did not end in "sent".
type Failure struct {
	Fate Fate
	// Step is what was being done: dial, login, mail, rcpt, data, body, dot.
	Step string
	// Code and Enhanced are the server's answer (RFC 5321, RFC 3463); 0 and ""
	// where it gave none.
	Code     int
	Enhanced string
	Err      error
}

// Error says step and answer, for the operator.
func (f *Failure) Error() string {
	return fmt.Sprintf("smtp %s: %s", f.Step, clean(f.Err.Error(), maxReason))
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// FateOf says what an attempt came to. An error that is not Deliver's may pass.
func FateOf(err error) Fate {
	if err == nil {
		return FateSent
	}
	var f *Failure
	if errors.As(err, &f) {
		return f.Fate
	}
	return FateRetry
}

// Deliver makes one attempt to hand over stored bytes, to one recipient. nil
// means that the server took the mail: what happens after its 250 (a failing
// RSET or QUIT) changes nothing. Every other end is a *Failure. It returns soon
// after ctx is done, whatever the server does.
func (s SMTP) Deliver(ctx context.Context, from, to rules.Address, raw []byte) error {
	for _, a := range []rules.Address{from, to} {
		if err := usable(a); err != nil {
			return &Failure{Fate: FateRefused, Step: "mail", Err: err}
		}
	}
	c, err := s.open(ctx, !ascii(string(from)+string(to)))
	if err != nil {
		return err
	}
	defer c.close()
	if !ascii(string(from) + string(to)) {
		if ok, _ := c.client.Extension("SMTPUTF8"); !ok {
			// RFC 6531, section 3.2: such a mail must not be sent to a server that
			// does not say it can carry it.
			return &Failure{Fate: FateRefused, Step: "mail", Err: errors.New("the address is not ASCII and the server offers no SMTPUTF8")}
		}
	}
	if err := c.client.Mail("<" + string(from) + ">"); err != nil {
		return c.failure("mail", err)
	}
	if err := c.client.Rcpt("<" + string(to) + ">"); err != nil {
		return c.failure("rcpt", err)
	}
	body, err := c.client.Data()
	if err != nil {
		return c.failure("data", err)
	}
	// Closing body would send the final dot: after a failed write the line is cut
	// instead, or half a mail would be delivered.
	if _, err := body.Write(raw); err != nil {
		return c.failure("body", err)
	}
	if err := ctx.Err(); err != nil {
		return c.failure("body", err)
	}
	c.wire.patience.Store(int64(10 * s.timeout()))
	if err := body.Close(); err != nil {
		if f := c.failure("dot", err); f != nil {
			return f
		}
	}
	c.wire.patience.Store(int64(min(s.timeout(), 5*time.Second)))
	_ = c.client.Quit() // the mail is taken already
	return nil
}

// Check logs in and out again, for leadmail check. Its errors are *Failure.
func (s SMTP) Check(ctx context.Context) error {
	c, err := s.open(ctx, false)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.client.Noop(); err != nil {
		return &Failure{Fate: FateChannel, Step: "login", Err: err}
	}
	_ = c.client.Quit()
	return nil
}

func (s SMTP) timeout() time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return time.Minute
}

// conversation is one connection, logged in.
type conversation struct {
	client *smtp.Client
	wire   *wire
	ctx    context.Context
	end    func()
}

// open dials and logs in. go-mail leaves a connection open that fails after
// dialling, so the connection is kept here and closed here.
func (s SMTP) open(ctx context.Context, utf8 bool) (*conversation, error) {
	at := "dial"
	fail := func(err error) (*conversation, error) {
		f := &Failure{Fate: FateChannel, Step: at, Err: err}
		if code, enhanced, ok := answer(err); ok {
			f.Code, f.Enhanced = code, enhanced
			if code == 421 || code == 432 {
				f.Fate = FateSlow
			}
		}
		if ctx.Err() != nil {
			f.Fate, f.Err = FateRetry, fmt.Errorf("%w (%w)", ctx.Err(), err) // we are stopping; nobody is to blame
		}
		return nil, f
	}
	host, portText, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return fail(fmt.Errorf("smtp address %q: want host:port: %w", s.Addr, err))
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return fail(fmt.Errorf("smtp address %q: want a number as port: %w", s.Addr, err))
	}
	if ip := net.ParseIP(host); s.TLS == "none" && ip != nil && !ip.IsLoopback() {
		return fail(notHere(s.Addr))
	}
	config := &tls.Config{ServerName: host, RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12}
	options := []mail.Option{mail.WithPort(port), mail.WithTimeout(s.timeout()), mail.WithTLSConfig(config)}
	switch s.TLS {
	case "starttls":
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case "tls", "none":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return fail(fmt.Errorf("smtp tls %q: want starttls, tls or none", s.TLS))
	}
	if s.Hello != "" {
		options = append(options, mail.WithHELO(s.Hello))
	}
	if !utf8 {
		options = append(options, mail.WithoutSMTPUTF8())
	}
	if s.Username != "" {
		password := ""
		if s.Password != nil {
			if password, err = s.Password(); err != nil {
				at = "login"
				return fail(fmt.Errorf("smtp password: %w", err))
			}
		}
		options = append(options, mail.WithSMTPAuthCustom(&login{user: s.Username, password: password, host: host, plain: s.TLS == "none"}))
	}

	whole, cancel := context.WithTimeout(ctx, 30*s.timeout())
	var line *wire
	stop := func() bool { return true }
	end := func() {
		stop()
		cancel()
		if line != nil {
			line.cut(net.ErrClosed)
		}
	}
	options = append(options, mail.WithDialContextFunc(func(dialling context.Context, network, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(dialling, network, s.Addr)
		if err != nil {
			return nil, err
		}
		line = &wire{Conn: conn}
		line.patience.Store(int64(s.timeout()))
		stop = context.AfterFunc(whole, func() { line.cut(whole.Err()) })
		if s.TLS == "none" && !loopback(conn.RemoteAddr()) {
			return nil, notHere(s.Addr) // a name that leads elsewhere
		}
		if s.TLS == "tls" {
			secured := tls.Client(line, config)
			if err := secured.HandshakeContext(dialling); err != nil {
				return nil, fmt.Errorf("tls: %w", err)
			}
			at = "login"
			return secured, nil
		}
		at = "login"
		return line, nil
	}))
	client, err := mail.NewClient(host, options...)
	if err != nil {
		end()
		return fail(err)
	}
	session, err := client.DialToSMTPClientWithContext(whole)
	if err != nil {
		end()
		if line != nil {
			if why := line.why(); why != nil && why != net.ErrClosed {
				err = fmt.Errorf("%w (%w)", why, err)
			}
		}
		return fail(err)
	}
	return &conversation{client: session, wire: line, ctx: ctx, end: end}, nil
}

func (c *conversation) close() { c.end() }

// failure classifies what went wrong at a step, by the table of MAIL.md. It is
// nil where the answer to the final dot is some other 2yz than 250.
func (c *conversation) failure(step string, err error) error {
	if why := c.wire.why(); why != nil {
		err = fmt.Errorf("%w (%w)", why, err)
	}
	f := &Failure{Step: step, Err: err, Fate: FateRetry}
	code, enhanced, ok := answer(err)
	if !ok {
		// The dot ends the last write. If any write failed, the dot has not gone
		// out; if none did, the server may have the mail.
		if step == "dot" && !c.wire.broken.Load() {
			f.Fate = FateUncertain
		}
		return f
	}
	f.Code, f.Enhanced = code, enhanced
	f.Fate = fate(step, code, enhanced)
	if f.Fate == FateSent {
		return nil
	}
	return f
}

// fate is MAIL.md's table for an answer that was read.
func fate(step string, code int, enhanced string) Fate {
	switch {
	case code == 421, code == 432:
		return FateSlow
	case code == 530, code == 534, code == 535, code == 538, enhanced == "5.7.30":
		return FateChannel
	case code >= 400 && code <= 499:
		if strings.HasPrefix(enhanced, "4.7.") {
			return FateSlow
		}
		return FateRetry
	case code >= 500 && code <= 599:
		if strings.HasPrefix(enhanced, "5.1.") {
			// RFC 3463, section 3.2: 5.1.7 and 5.1.8 speak of the sender's address.
			// That is ours, and the recipient's is not to blame.
			if step == "mail" || enhanced == "5.1.7" || enhanced == "5.1.8" {
				return FateChannel
			}
			return FateNoSuchAddress
		}
		return FateRefused
	case step == "dot" && code >= 200 && code <= 299:
		return FateSent
	}
	return FateRetry
}

// answer takes code and enhanced code (RFC 2034) out of a server's answer.
func answer(err error) (code int, enhanced string, ok bool) {
	var e *textproto.Error
	if !errors.As(err, &e) {
		return 0, "", false
	}
	word, _, _ := strings.Cut(strings.TrimSpace(e.Msg), " ")
	parts := strings.Split(word, ".")
	if len(parts) != 3 || len(word) > 11 || parts[0] != strconv.Itoa(e.Code/100) {
		return e.Code, "", true
	}
	for _, p := range parts {
		if _, err := strconv.ParseUint(p, 10, 16); err != nil {
			return e.Code, "", true
		}
	}
	return e.Code, word, true
}

// login picks the mechanism: over verified TLS the simplest one is as good as
// any.
type login struct {
	user, password, host string
	plain                bool // without TLS, which is to loopback only
	chosen               smtp.Auth
}

// Start begins the exchange.
func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	for _, offered := range server.Auth {
		switch strings.ToUpper(offered) {
		case "PLAIN":
			l.chosen = smtp.PlainAuth("", l.user, l.password, l.host, l.plain)
		case "LOGIN":
			if l.chosen == nil {
				l.chosen = smtp.LoginAuth(l.user, l.password, l.host, l.plain)
			}
		}
	}
	if l.chosen == nil {
		return "", nil, fmt.Errorf("the server offers no login that we know (it offers %q; we know PLAIN and LOGIN)", strings.Join(server.Auth, " "))
	}
	return l.chosen.Start(server)
}

// Next goes on with it.
func (l *login) Next(fromServer []byte, more bool) ([]byte, error) {
	return l.chosen.Next(fromServer, more)
}

// wire is a connection on which every read and write has a limit of its own.
// Deadlines set from outside are ignored: go-mail sets one for the whole login
// and never lifts it.
type wire struct {
	net.Conn
	patience atomic.Int64 // a time.Duration
	broken   atomic.Bool  // a write failed
	mu       sync.Mutex
	cause    error
}

// errSilent is the cause when the other side took too long.
var errSilent = errors.New("the server did not answer in time")

// Read reads within the limit.
func (w *wire) Read(b []byte) (int, error) {
	defer w.watch().Stop()
	return w.Conn.Read(b)
}

// Write writes within the limit.
func (w *wire) Write(b []byte) (int, error) {
	defer w.watch().Stop()
	n, err := w.Conn.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		w.broken.Store(true)
	}
	return n, err
}

// SetDeadline does nothing; so do its two kin.
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

func (w *wire) watch() *time.Timer {
	return time.AfterFunc(time.Duration(w.patience.Load()), func() { w.cut(errSilent) })
}

// cut closes the connection, which ends any read or write on it, and remembers
// the first cause.
func (w *wire) cut(why error) {
	w.mu.Lock()
	if w.cause == nil {
		w.cause = why
	}
	w.mu.Unlock()
	_ = w.Conn.Close()
}

func (w *wire) why() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cause
}

func notHere(addr string) error {
	return fmt.Errorf("%s is not this machine: without TLS mail goes to loopback only; use starttls or tls", addr)
}

func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
