// Package mailhost is a mail server in this process, on loopback: IMAP and SMTP
// for a handful of mailboxes that live in memory. The demo runs on it, and so do
// the scenarios. It is no server for anybody's real mail: it forgets everything
// when it stops.
package mailhost

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// maxMail is the largest mail that the SMTP server takes.
const maxMail = 30 << 20

// Host serves the mailboxes of its users.
type Host struct {
	// IMAPAddr and SMTPAddr are where it listens: 127.0.0.1 and a port.
	IMAPAddr, SMTPAddr string

	// Receive is what the server does to a mail that comes by SMTP before it lies in
	// the mailbox: stating results, taking forged ones out. nil does nothing. Set it
	// before the first mail.
	Receive func(raw []byte, authenticated bool) []byte

	now     func() time.Time
	mailbox *imapmemserver.Server
	imap    *imapserver.Server
	smtp    *smtp.Server
	serving sync.WaitGroup

	listeners []net.Listener
	mu        sync.Mutex
	users     map[string]*user
	refusing  error // what the SMTP server answers to the next recipients; nil: as usual
}

// polled tells of new mail under IDLE by looking for it. imapmemserver's own IDLE
// is told of what comes after it has begun, and nobody hears of a mail that comes
// between the client's last command and that moment.
type polled struct{ imapserver.SessionIMAP4rev2 }

// pollEvery is how late an announcement may be.
const pollEvery = 10 * time.Millisecond

// Idle announces what is new until stop is closed.
func (s polled) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	look := time.NewTicker(pollEvery)
	defer look.Stop()
	for {
		if err := s.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		case <-look.C:
		}
	}
}

type user struct {
	*imapmemserver.User
	password  string
	renumbers int
}

// Start begins to serve on two addresses, such as 127.0.0.1:0 for a free port.
// now gives the receipt instant (INTERNALDATE) of what is delivered.
func Start(imapAddr, smtpAddr string, now func() time.Time) (*Host, error) {
	h := &Host{now: now, mailbox: imapmemserver.New(), users: map[string]*user{}}
	h.imap = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return polled{h.mailbox.NewSession().(imapserver.SessionIMAP4rev2)}, nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}},
		InsecureAuth: true, // loopback only
		Logger:       quiet{},
	})
	h.smtp = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{host: h}, nil }))
	h.smtp.AllowInsecureAuth = true // loopback only
	h.smtp.Domain = "localhost"
	h.smtp.MaxMessageBytes = maxMail
	h.smtp.ReadTimeout, h.smtp.WriteTimeout = time.Minute, time.Minute
	h.smtp.ErrorLog = quiet{}

	in, err := listen(imapAddr)
	if err != nil {
		return nil, err
	}
	out, err := listen(smtpAddr)
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	h.IMAPAddr, h.SMTPAddr = in.Addr().String(), out.Addr().String()
	h.listeners = []net.Listener{in, out}
	h.serving.Go(func() { _ = h.imap.Serve(in) })
	h.serving.Go(func() { _ = h.smtp.Serve(out) })
	return h, nil
}

func listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("listen on %s: only addresses of this machine itself (127.0.0.1) are served", addr)
	}
	return net.Listen("tcp", addr)
}

// Close ends both servers and their connections.
func (h *Host) Close() error {
	err := errors.Join(h.imap.Close(), h.smtp.Close())
	// A server that has only just been started does not know its listener yet and
	// would serve it for good.
	for _, l := range h.listeners {
		_ = l.Close()
	}
	h.serving.Wait()
	return err
}

// AddUser opens a mailbox; the address is the name to log in with.
func (h *Host) AddUser(address, password string) error {
	u := &user{User: imapmemserver.NewUser(address, password), password: password}
	if err := u.Create("INBOX", nil); err != nil {
		return err
	}
	h.mu.Lock()
	h.users[strings.ToLower(address)] = u
	h.mu.Unlock()
	h.mailbox.AddUser(u.User)
	return nil
}

// Deliver puts a mail into the INBOX of an address as of now.
func (h *Host) Deliver(to string, raw []byte) error {
	h.mu.Lock()
	u := h.users[strings.ToLower(to)]
	h.mu.Unlock()
	if u == nil {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such address here: " + to}
	}
	_, err := u.Append("INBOX", literal{bytes.NewReader(raw)}, &imap.AppendOptions{Time: h.now()})
	return err
}

// Refuse makes the SMTP server answer every recipient with an error, such as an
// *smtp.SMTPError, until it is called with nil.
func (h *Host) Refuse(err error) {
	h.mu.Lock()
	h.refusing = err
	h.mu.Unlock()
}

// Renumber gives a user's INBOX a new UIDVALIDITY, as a restored backup does. The
// mails that are handed in, with their receipt instants, are its content then;
// other folders are empty.
func (h *Host) Renumber(address string, mails []Stored) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.users[strings.ToLower(address)]
	u := &user{User: imapmemserver.NewUser(address, old.password), password: old.password, renumbers: old.renumbers + 1}
	for i := range u.renumbers {
		// Each folder that is made takes the next UIDVALIDITY.
		if err := u.Create(fmt.Sprintf("Former-%d", i), nil); err != nil {
			return err
		}
	}
	if err := u.Create("INBOX", nil); err != nil {
		return err
	}
	for _, m := range mails {
		if _, err := u.Append("INBOX", literal{bytes.NewReader(m.Raw)}, &imap.AppendOptions{Time: m.Received}); err != nil {
			return err
		}
	}
	h.users[strings.ToLower(address)] = u
	h.mailbox.AddUser(u.User)
	return nil
}

// Stored is a mail and when it was received.
type Stored struct {
	Raw      []byte
	Received time.Time
}

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// quiet drops what the servers would print about their clients.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// delivery is one SMTP session.
type delivery struct {
	host   *Host
	from   string
	to     []string
	logged bool // in
}

var _ smtp.AuthSession = (*delivery)(nil)

func (*delivery) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *delivery) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		s.host.mu.Lock()
		defer s.host.mu.Unlock()
		if u := s.host.users[strings.ToLower(username)]; u == nil || u.password != password {
			return smtp.ErrAuthFailed
		}
		s.logged = true
		return nil
	}), nil
}

func (s *delivery) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	if s.host.refusing != nil {
		return s.host.refusing
	}
	if s.host.users[strings.ToLower(to)] == nil {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such address here: " + to}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	with := "ESMTP"
	if s.logged {
		with = "ESMTPA" // RFC 3848
	}
	if s.host.Receive != nil {
		raw = s.host.Receive(raw, s.logged)
	}
	stamp := s.host.now().UTC().Format(time.RFC1123Z)
	for _, to := range s.to {
		// RFC 5321, section 4.4: the final server adds both.
		trace := fmt.Sprintf("Return-Path: <%s>\r\nReceived: by localhost (leadmail demo) with %s; %s\r\n", s.from, with, stamp)
		if err := s.host.Deliver(to, append([]byte(trace), raw...)); err != nil {
			return err
		}
	}
	return nil
}

func (s *delivery) Reset()        { s.from, s.to = "", nil }
func (s *delivery) Logout() error { return nil }
