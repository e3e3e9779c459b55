package intake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/google/go-cmp/cmp"
)

const (
	testUser     = "partners@vendor.example"
	testPassword = "correct horse"
)

var testInstant = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// mailServer is an in-process IMAP server with one account and an INBOX.
type mailServer struct {
	addr string
	user *imapmemserver.User
}

// capable are the capabilities of a usual server; without takes some away.
func capable(without ...imap.Cap) imap.CapSet {
	caps := imap.CapSet{}
	for _, c := range []imap.Cap{imap.CapIMAP4rev1, imap.CapNamespace, imap.CapUIDPlus, imap.CapESearch, imap.CapMove, imap.CapLiteralPlus} {
		if !slices.Contains(without, c) {
			caps[c] = struct{}{}
		}
	}
	return caps
}

// startMailServer serves until the test ends. With wrap every connection goes through it.
func startMailServer(t testing.TB, options imapserver.Options, wrap func(net.Conn) net.Conn) *mailServer {
	t.Helper()
	memory := imapmemserver.New()
	user := imapmemserver.NewUser(testUser, testPassword)
	memory.AddUser(user)
	if err := user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	if options.Caps == nil {
		options.Caps = capable()
	}
	if options.NewSession == nil {
		options.NewSession = func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		}
	}
	options.InsecureAuth = true
	options.Logger = log.New(io.Discard, "", 0)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	if wrap != nil {
		ln = &wrappedListener{ln, wrap}
	}
	server := imapserver.New(&options)
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return &mailServer{addr: addr, user: user}
}

type wrappedListener struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (l *wrappedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wrap(c), nil
}

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// put lays a mail into a folder.
func (m *mailServer) put(t testing.TB, folder string, mail string, at time.Time, flags ...imap.Flag) {
	t.Helper()
	_, err := m.user.Append(folder, literal{bytes.NewReader([]byte(mail))}, &imap.AppendOptions{Time: at, Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
}

// lies lists what is in a folder, read by a client of its own: "uid subject flags".
func (m *mailServer) lies(t testing.TB, folder string) []string {
	t.Helper()
	c, err := imapclient.DialInsecure(m.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(testUser, testPassword).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select(folder, nil).Wait(); err != nil {
		return []string{"no folder"}
	}
	mails, err := c.Fetch(imap.UIDSet{imap.UIDRange{Start: 1, Stop: 0}}, &imap.FetchOptions{UID: true, Flags: true,
		BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for _, mail := range mails {
		subject := "?"
		for l := range strings.Lines(string(mail.BodySection[0].Bytes)) {
			if s, ok := strings.CutPrefix(l, "Subject: "); ok {
				subject = strings.TrimSpace(s)
				break
			}
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d %s %s", mail.UID, subject, strings.Trim(fmt.Sprint(mail.Flags), "[]"))))
	}
	return lines
}

func (m *mailServer) server() Server {
	return Server{Addr: m.addr, TLS: "none", Username: testUser, Password: func() (string, error) { return testPassword, nil }, Timeout: 20 * time.Second}
}

func dial(t testing.TB, s Server) *Session {
	t.Helper()
	session, err := Dial(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// letter is a small mail.
func letter(subject string) string {
	return fmt.Sprintf("From: pat@partner.example\r\nSubject: %s\r\nMessage-ID: <%s@partner.example>\r\n\r\nHello.\r\n", subject, subject)
}

func hashOf(mail string) string {
	sum := sha256.Sum256([]byte(mail))
	return hex.EncodeToString(sum[:])
}

func fetchAll(t testing.TB, s *Session, uids ...uint32) []Fetched {
	t.Helper()
	var mails []Fetched
	if err := s.Fetch(t.Context(), uids, func(f Fetched) error { mails = append(mails, f); return nil }); err != nil {
		t.Fatal(err)
	}
	return mails
}

func wantLies(t *testing.T, m *mailServer, folder string, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, m.lies(t, folder)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", folder, diff)
	}
}

// The ordinary way of two mails: found, read unread, one filed into a folder made for it, an answer kept beside.
func TestMailboxConversation(t *testing.T) {
	t.Parallel()
	m := startMailServer(t, imapserver.Options{}, nil)
	m.put(t, "INBOX", letter("one"), testInstant)
	m.put(t, "INBOX", letter("two"), testInstant.Add(-time.Hour).In(time.FixedZone("", 7200)))
	s := dial(t, m.server())

	selected, err := s.Select(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (Selected{UIDValidity: 1, UIDNext: 3, Messages: 2}); selected != want {
		t.Errorf("Select: got %+v, want %+v", selected, want)
	}
	uids, err := s.Search(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []Fetched{
		{UID: 1, Received: testInstant, Size: int64(len(letter("one"))), Raw: []byte(letter("one"))},
		{UID: 2, Received: testInstant.Add(-time.Hour), Size: int64(len(letter("two"))), Raw: []byte(letter("two"))},
	}
	if diff := cmp.Diff(want, fetchAll(t, s, uids...)); diff != "" {
		t.Errorf("Fetch (-want +got):\n%s", diff)
	}
	wantLies(t, m, "INBOX", "1 one", "2 two") // still unread
	filing := Filing{UID: 1, Folder: "Leadmail/Processed", MessageID: "one@partner.example", RawHash: hashOf(letter("one"))}
	for range 2 { // the second time it is gone, which is fine
		if err := s.File(t.Context(), filing); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Ensure(t.Context(), []string{"Leadmail/Processed", "Leadmail/Sent"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Append(t.Context(), "Leadmail/Sent", []byte(letter("answer")), testInstant, "answer@partner.example"); err != nil {
			t.Fatal(err)
		}
	}
	wantLies(t, m, "INBOX", "2 two")
	wantLies(t, m, "Leadmail/Processed", "1 one")
	wantLies(t, m, "Leadmail/Sent", `1 answer \Seen`)
	if uids, err := s.Search(t.Context(), 2); err != nil || len(uids) != 0 {
		t.Errorf("Search above the last: got %v, %v", uids, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Search(t.Context(), 0); !errors.Is(err, ErrDisconnected) {
		t.Errorf("Search after Close: got %v", err)
	}
}

// IDLE ends early when a mail comes, and when the context does; the session goes on after both.
func TestIdleHearsOfNewMail(t *testing.T) {
	t.Parallel()
	m := startMailServer(t, imapserver.Options{}, nil)
	s := dial(t, m.server())
	if _, err := s.Select(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.put(t, "INBOX", letter("one"), testInstant)
	changed, err := s.Idle(t.Context(), time.Hour)
	if err != nil || !changed {
		t.Fatalf("Idle: got %v, %v", changed, err)
	}
	if uids, err := s.Search(t.Context(), 0); err != nil || len(uids) != 1 {
		t.Fatalf("Search: got %v, %v", uids, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if changed, err := s.Idle(ctx, time.Hour); err != nil || changed {
		t.Fatalf("Idle with a context that is done: got %v, %v", changed, err)
	}
	if _, err := s.Search(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
}
