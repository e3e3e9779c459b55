package servers

import (
	"errors"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Sink is an SMTP server that keeps what it takes and answers as it is told.
type Sink struct {
	// Addr is host and port.
	Addr string

	mu       sync.Mutex
	script   []Answer
	taken    []Taken
	attempts int
	watch    func(step, to string)
}

// Taken is a mail that the sink has, from the moment it has the final dot.
type Taken struct {
	From, To string
	Raw      []byte
	// Unanswered is set where the client was not told that the mail was taken.
	Unanswered bool
}

// Answer is what one mail transaction gets. The zero Answer takes the mail.
type Answer struct {
	// To is the recipient whose mail gets it; "" is whoever comes first.
	To string
	// At is when: mail, rcpt, data (instead of 354) or dot.
	At string
	// Code is the answer, with its enhanced code; 0 hangs up instead.
	Code     int
	Enhanced smtp.EnhancedCode
	// Lost hangs up after the mail was taken, before that is said.
	Lost bool
}

// StartSink starts one; it ends with the test. Each transaction gets the first
// answer of the script that is for it, which is used up, and is taken when there
// is none.
func StartSink(t testing.TB, script ...Answer) *Sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Sink{Addr: l.Addr().String(), script: script}
	server := smtp.NewServer(s)
	server.Domain, server.AllowInsecureAuth = "sink.example", true
	server.ReadTimeout, server.WriteTimeout = 30*time.Second, 30*time.Second
	server.ErrorLog = log.New(io.Discard, "", 0)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return s
}

// Taken are the mails taken so far, in order.
func (s *Sink) Taken() []Taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Taken(nil), s.taken...)
}

// Watch calls f at each step of the connections that come from now on, before its
// answer: mail, rcpt, dot (the mail is there but not yet kept), taken (it is kept)
// and answered (the client was told, and has sent its next command).
func (s *Sink) Watch(f func(step, to string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watch = f
}

func (x *transaction) passes(step string) {
	if x.watch != nil {
		x.watch(step, x.to)
	}
}

// Attempts is how many transactions were begun.
func (s *Sink) Attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts
}

// NewSession implements smtp.Backend.
func (s *Sink) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &transaction{sink: s, conn: c, watch: s.watch}, nil
}

type transaction struct {
	sink     *Sink
	conn     *smtp.Conn
	answer   Answer
	from, to string
	done     bool // the mail was taken
	watch    func(step, to string)
}

var errHungUp = errors.New("hung up")

// at answers as the script says for this step.
func (x *transaction) at(step string) error {
	switch {
	case x.answer.At != step || x.answer.Lost:
		return nil
	case x.answer.Code == 0:
		_ = x.conn.Conn().Close()
		return errHungUp
	}
	return &smtp.SMTPError{Code: x.answer.Code, EnhancedCode: x.answer.Enhanced, Message: "as scripted"}
}

func (x *transaction) Mail(from string, _ *smtp.MailOptions) error {
	x.sink.mu.Lock()
	x.from, x.answer = from, Answer{}
	x.sink.attempts++
	x.sink.mu.Unlock()
	x.passes("mail")
	x.next(func(a Answer) bool { return a.At == "mail" })
	return x.at("mail")
}

// next takes an answer out of the script.
func (x *transaction) next(mine func(Answer) bool) {
	x.sink.mu.Lock()
	defer x.sink.mu.Unlock()
	if i := slices.IndexFunc(x.sink.script, mine); i >= 0 {
		x.answer = x.sink.script[i]
		x.sink.script = slices.Delete(x.sink.script, i, i+1)
	}
}

func (x *transaction) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.to = to
	x.passes("rcpt")
	x.next(func(a Answer) bool { return a.At != "mail" && (a.To == "" || a.To == to) })
	return x.at("rcpt")
}

func (x *transaction) Data(r io.Reader) error {
	if x.answer.At == "data" && x.answer.Code == 0 && !x.answer.Lost {
		// go-smtp has said 354 already; hang up within the text.
		_, _ = io.CopyN(io.Discard, r, 100)
		_ = x.conn.Conn().Close()
		return errHungUp
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	x.passes("dot")
	if err := errors.Join(x.at("data"), x.at("dot")); err != nil {
		var answer *smtp.SMTPError
		if errors.As(err, &answer) {
			return answer
		}
		return err
	}
	x.sink.mu.Lock()
	x.sink.taken = append(x.sink.taken, Taken{From: x.from, To: x.to, Raw: raw, Unanswered: x.answer.Lost})
	x.sink.mu.Unlock()
	x.done = true
	x.passes("taken")
	if x.answer.Lost {
		_ = x.conn.Conn().Close()
		return errHungUp
	}
	return nil
}

// Reset implements smtp.Session; the server calls it after each mail too, once
// the answer is out.
func (x *transaction) Reset() {}

// Logout implements smtp.Session: the client says QUIT, or is gone.
func (x *transaction) Logout() error {
	if x.done {
		x.passes("answered")
	}
	return nil
}
