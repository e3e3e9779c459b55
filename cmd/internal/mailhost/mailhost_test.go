package mailhost

import (
	"fmt"
	"testing"
	"time"

	"leadmail/intake"
)

// A mail that comes at whatever moment around the beginning of an IDLE is
// announced: who waits for the next poll instead would wait for minutes.
func TestNoMailIsMissedAroundTheBeginningOfIdle(t *testing.T) {
	t.Parallel()
	h := start(t)
	s, err := intake.Dial(t.Context(), intake.Server{Addr: h.IMAPAddr, TLS: "none", Username: "a@a.example", Password: func() (string, error) { return "x", nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Select(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		delivered := make(chan error, 1)
		go func() {
			// From before the command to after it, in steps of 10 µs.
			<-time.After(time.Duration(i) * 10 * time.Microsecond)
			delivered <- h.Deliver("a@a.example", []byte(fmt.Sprintf("Subject: %d\r\n\r\n", i)))
		}()
		began := time.Now()
		changed, err := s.Idle(t.Context(), 5*time.Second)
		if err != nil || !changed || time.Since(began) > 4*time.Second {
			t.Fatalf("mail %d: changed %v after %s, %v", i, changed, time.Since(began), err)
		}
		if err := <-delivered; err != nil {
			t.Fatal(err)
		}
	}
}

func TestCloseRightAfterStart(t *testing.T) {
	t.Parallel()
	for range 50 {
		h, err := Start("127.0.0.1:0", "127.0.0.1:0", time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyLoopbackIsServed(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "localhost"} {
		if h, err := Start(addr, "127.0.0.1:0", time.Now); err == nil {
			_ = h.Close()
			t.Errorf("%s is served", addr)
		}
	}
}

func start(t *testing.T) *Host {
	t.Helper()
	h, err := Start("127.0.0.1:0", "127.0.0.1:0", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	if err := h.AddUser("a@a.example", "x"); err != nil {
		t.Fatal(err)
	}
	return h
}
