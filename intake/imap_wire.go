package intake

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// wire is the connection under the library. It tells when octets pass, counts what comes in, has no deadlines but ours
// (the library's own, 30 s for a response and 5 min for a literal, would cut a large mail on a slow line), and closes
// without the TLS goodbye, which may wait for the peer.
type wire struct {
	net.Conn // what the library speaks through: TLS, or raw
	raw      net.Conn
	first    []byte // read before anything from Conn
	moved    chan struct{}
	allowed  atomic.Int64 // octets that may still come
	noCopy   atomic.Bool
}

var (
	errFlood  = errors.New("the server sends far more than was asked for")
	errNoCopy = errors.New("refused to send a COPY in place of a MOVE")
)

// Read gives what comes, until it is too much.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.first) > 0 {
		n := copy(p, w.first)
		w.first = w.first[n:]
		return n, nil
	}
	n, err := w.Conn.Read(p)
	w.note(n)
	if w.allowed.Add(-int64(n)) < 0 {
		w.cut()
		return 0, errFlood
	}
	return n, err
}

// Write sends, but during a MOVE no COPY: Client.Move turns itself into COPY, STORE \Deleted and EXPUNGE without looking
// at the first answer where it believes that the server cannot MOVE, and then destroys what was not copied.
func (w *wire) Write(p []byte) (int, error) {
	if w.noCopy.Load() && bytes.Contains(p, []byte(" UID COPY ")) {
		w.cut()
		return 0, errNoCopy
	}
	sent := 0
	for sent < len(p) { // in pieces, so that guard sees a large mail move
		n, err := w.Conn.Write(p[sent:min(len(p), sent+16<<10)])
		w.note(n)
		if sent += n; err != nil {
			return sent, err
		}
	}
	return sent, nil
}

func (w *wire) note(n int) {
	if n > 0 {
		select {
		case w.moved <- struct{}{}:
		default:
		}
	}
}

// SetDeadline and its kin do nothing: guard keeps the time.
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// Close closes the connection without a word.
func (w *wire) Close() error { return w.raw.Close() }

func (w *wire) cut() { _ = w.raw.Close() }

// guard runs fn, which speaks over w, and cuts w when no octet passes for stall, when total is over or when ctx is done.
// In these cases spoiled is true, and the result is what fn came to if it let go of the connection soon, else the zero
// value: a goroutine that hangs in the library is left behind rather than waited for.
func guard[T any](ctx context.Context, w *wire, stall, total time.Duration, fn func() (T, error)) (result T, spoiled bool, err error) {
	type outcome struct {
		result T
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if v := recover(); v != nil { // the library panics on some answers
				o.err = fmt.Errorf("reading the answer: %v", v)
			}
			done <- o
		}()
		o.result, o.err = fn()
	}()
	silence, end := time.NewTimer(stall), time.NewTimer(total)
	defer silence.Stop()
	defer end.Stop()
	for {
		select {
		case o := <-done:
			return o.result, false, o.err
		case <-w.moved:
			silence.Reset(stall)
			continue
		case <-silence.C:
			err = fmt.Errorf("%w (silent for %v)", ErrTimeout, stall)
		case <-end.C:
			err = fmt.Errorf("%w (not done after %v)", ErrTimeout, total)
		case <-ctx.Done():
			err = ctx.Err()
		}
		w.cut()
		grace := time.NewTimer(lastWords)
		defer grace.Stop()
		select {
		case o := <-done:
			return o.result, true, err
		case <-grace.C:
			return result, true, err
		}
	}
}

// do runs one command under the session's deadline; octets is how much mail it carries, and buys it time. Errors come
// wrapped with what; unless they are an answer of the server, the session is over.
func do[T any](ctx context.Context, s *Session, what string, octets int64, fn func(*imapclient.Client) (T, error)) (T, error) {
	var zero T
	if !s.busy.CompareAndSwap(false, true) {
		return zero, fmt.Errorf("%s: %w", what, ErrBusy)
	}
	defer s.busy.Store(false)
	if s.over.Load() {
		return zero, fmt.Errorf("%s: %w", what, ErrDisconnected)
	}
	if err := ctx.Err(); err != nil {
		return zero, fmt.Errorf("%s: %w", what, err)
	}
	s.wire.allowed.Store(chatter + 2*octets)
	total := s.server.Timeout + time.Duration(octets/slowest)*time.Second
	result, spoiled, err := guard(ctx, s.wire, s.server.Timeout, total, func() (T, error) { return fn(s.client) })
	var answer *imap.Error
	if spoiled || (err != nil && !errors.As(err, &answer)) || s.client.State() == imap.ConnStateLogout {
		// The last: the library closes the connection by itself after some refusals, such as of an APPEND.
		s.abandon()
	}
	return result, wrap(what, err)
}

// connect dials and encrypts. What it returns is safe to send a password over.
func connect(ctx context.Context, server Server) (*wire, error) {
	addr := server.Addr
	if _, _, err := net.SplitHostPort(addr); err != nil {
		port := "143"
		if server.TLS == "tls" {
			port = "993"
		}
		addr = net.JoinHostPort(strings.Trim(addr, "[]"), port)
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("the address: %w", err)
	}
	const plain = "without encryption only a loopback address (127.0.0.1, ::1, localhost) may be used: set tls or starttls"
	switch server.TLS {
	case "tls", "starttls":
	case "none":
		if ip := net.ParseIP(host); ip != nil && !ip.IsLoopback() {
			return nil, fmt.Errorf("%w: %s", ErrTLS, plain)
		}
	default:
		return nil, fmt.Errorf("%w: %q is not a way to connect: want tls, starttls or none", ErrTLS, server.TLS)
	}
	dialer := net.Dialer{Timeout: server.Timeout}
	raw, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() && ctx.Err() == nil {
			return nil, fmt.Errorf("%w: %w", ErrTimeout, err)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: %w", ErrDisconnected, err)
	}
	w := &wire{Conn: raw, raw: raw, moved: make(chan struct{}, 1)}
	w.allowed.Store(chatter)
	if server.TLS == "none" {
		if peer, ok := raw.RemoteAddr().(*net.TCPAddr); !ok || !peer.IP.IsLoopback() {
			w.cut()
			return nil, fmt.Errorf("%w: %s is %s: %s", ErrTLS, host, raw.RemoteAddr(), plain)
		}
		return w, nil
	}
	config := &tls.Config{ServerName: host, RootCAs: server.RootCAs, MinVersion: tls.VersionTLS12}
	safe, _, err := guard(ctx, w, server.Timeout, server.Timeout, func() (*tls.Conn, error) {
		if server.TLS == "starttls" {
			if err := startTLS(w); err != nil {
				return nil, err
			}
		}
		c := tls.Client(raw, config)
		if err := c.HandshakeContext(ctx); err != nil {
			var verify *tls.CertificateVerificationError
			var record tls.RecordHeaderError
			switch {
			case errors.As(err, &verify):
				return nil, fmt.Errorf("%w: its certificate is not trusted; if it comes from an authority of your own, configure that authority's certificate: %w", ErrTLS, err)
			case errors.As(err, &record):
				return nil, fmt.Errorf("%w: it does not speak TLS here; port 993 is for tls, port 143 for starttls: %w", ErrTLS, err)
			}
			return nil, fmt.Errorf("TLS handshake: %w: %w", ErrDisconnected, err)
		}
		return c, nil
	})
	if err != nil {
		w.cut()
		return nil, err
	}
	w.Conn = safe
	if server.TLS == "starttls" {
		// The greeting came before the encryption and the library waits for one. Capabilities are asked for anew.
		w.first = []byte("* OK encrypted\r\n")
	}
	return w, nil
}

// startTLS speaks the few lines before the encryption itself, octet by octet so that nothing sent along in the clear is
// carried over (RFC 9051, section 6.2.1). The library's own STARTTLS hangs for good when the connection breaks right
// after the OK, and hides the connection's plaintext from wire.
func startTLS(w *wire) error {
	greeting, err := wireLine(w)
	if err != nil {
		return fmt.Errorf("reading the greeting: %w: %w", ErrDisconnected, err)
	}
	switch fields := strings.Fields(strings.ToUpper(greeting) + " - -"); {
	case fields[1] == "BYE":
		return fmt.Errorf("%w: %q", ErrUnavailable, greeting)
	case fields[1] != "OK":
		// PREAUTH too: a session that began unencrypted is not ours.
		return fmt.Errorf("%w: the greeting is %q", ErrTLS, greeting)
	}
	if _, err := w.Write([]byte("S STARTTLS\r\n")); err != nil {
		return fmt.Errorf("STARTTLS: %w: %w", ErrDisconnected, err)
	}
	for range 100 {
		answer, err := wireLine(w)
		if err != nil {
			return fmt.Errorf("STARTTLS: %w: %w", ErrDisconnected, err)
		}
		if strings.HasPrefix(answer, "*") {
			continue
		}
		if strings.HasPrefix(strings.ToUpper(answer)+" ", "S OK ") {
			return nil
		}
		return fmt.Errorf("%w: the server refuses STARTTLS (%q), or somebody in between removed it; nothing was sent. Use tls on port 993 if the server has it", ErrTLS, answer)
	}
	return fmt.Errorf("%w: no answer to STARTTLS within 100 lines", ErrTLS)
}

// wireLine reads one line of at most 8 KiB and not an octet more.
func wireLine(w *wire) (string, error) {
	var text []byte
	for one := make([]byte, 1); len(text) < 8<<10; {
		if _, err := w.Read(one); err != nil {
			return "", err
		}
		if one[0] == '\n' {
			return strings.TrimRight(string(text), "\r"), nil
		}
		text = append(text, one[0])
	}
	return "", errors.New("a line of more than 8 KiB")
}
