package intake

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// script is a server of fixed answers, for what imapmemserver cannot do. Answers are found by the beginning of the
// command without its tag; in them TAG is replaced, lines end as written, and "HANGUP" ends the connection after what
// stands before it. A list is worked off, its last answer repeats. Commands without an answer get OK.
type script map[string][]string

var scriptDefaults = script{
	"CAPABILITY":  {"* CAPABILITY IMAP4rev1 UIDPLUS MOVE\r\nTAG OK\r\n"},
	`LIST "" ""`:  {"* LIST (\\Noselect) \"/\" \"\"\r\nTAG OK\r\n"},
	"SELECT":      {"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT 10] .\r\nTAG OK [READ-WRITE] done\r\n"},
	"EXAMINE":     {"* 0 EXISTS\r\n* OK [UIDVALIDITY 8] .\r\n* OK [UIDNEXT 1] .\r\nTAG OK [READ-ONLY] done\r\n"},
	"LOGOUT":      {"* BYE\r\nTAG OK\r\n"},
	"UID SEARCH ": {"* SEARCH\r\nTAG OK\r\n"},
}

// scripted is a running script.
type scripted struct {
	addr string
	mu   sync.Mutex
	seen []string
	wait map[string]chan struct{}
}

// asked closes ch when a command that starts so comes.
func (s *scripted) asked(start string, ch chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wait == nil {
		s.wait = map[string]chan struct{}{}
	}
	s.wait[start] = ch
}

// commands gives what was sent, without tags.
func (s *scripted) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *scripted) server() Server {
	return Server{Addr: s.addr, TLS: "none", Username: "u", Password: func() (string, error) { return "p", nil }, Timeout: 20 * time.Second}
}

func startScript(t testing.TB, greeting string, answers script) *scripted {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	s := &scripted{addr: ln.Addr().String()}
	used := map[string]int{}
	answer := func(command string) string {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, command)
		for start, ch := range s.wait {
			if strings.HasPrefix(command, start) {
				close(ch)
				delete(s.wait, start)
			}
		}
		for _, from := range []script{answers, scriptDefaults} {
			best := ""
			for start := range from {
				if strings.HasPrefix(command, start) && len(start) >= len(best) {
					best = start
				}
			}
			if list := from[best]; len(list) > 0 {
				n := used[best]
				used[best]++
				return list[min(n, len(list)-1)]
			}
		}
		return "TAG OK\r\n"
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				fmt.Fprint(c, greeting)
				lines := bufio.NewScanner(c)
				for lines.Scan() {
					tag, command, _ := strings.Cut(lines.Text(), " ")
					text, _, hangup := strings.Cut(tagged(answer(command), tag), "HANGUP")
					fmt.Fprint(c, text)
					if hangup {
						return
					}
				}
			}()
		}
	}()
	return s
}

var ownTag = regexp.MustCompile(`(?m)(^|")TAG([ "])`)

func tagged(answer, tag string) string {
	if len(answer) > 1<<20 { // a flood, not worth a search
		return answer
	}
	return ownTag.ReplaceAllString(answer, "${1}"+tag+"${2}")
}

const hello = "* OK [CAPABILITY IMAP4rev1 UIDPLUS MOVE] ready\r\n"

func lit(s string) string { return fmt.Sprintf("{%d}\r\n%s", len(s), s) }

const internal = `INTERNALDATE "05-Jan-2026 10:00:00 +0100"`

// What servers answer to a FETCH, and what is made of it.
func TestFetchAnswers(t *testing.T) {
	t.Parallel()
	listed := func(sizes ...int) []string {
		text := ""
		for i, size := range sizes {
			text += fmt.Sprintf("* %d FETCH (UID %d %s RFC822.SIZE %d)\r\n", i+1, i+5, internal, size)
		}
		return []string{text + "TAG OK\r\n"}
	}
	const body = "UID FETCH 5 (UID BODY.PEEK[]"
	there := []string{"* SEARCH 5 6\r\nTAG OK\r\n"}
	tests := []struct {
		name    string
		answers script
		uids    []uint32
		maxSize int64
		want    []string // UID, octets, T when too large
		failed  []uint32
		kind    error
		over    bool
	}{
		{name: "an ordinary mail", uids: []uint32{5}, want: []string{"5 hello"}, answers: script{
			"UID FETCH 5 (UID BODY.PEEK[])": {"* 1 FETCH (UID 5 BODY[] " + lit("hello") + ")\r\nTAG OK\r\n"}, "UID FETCH 5 (": listed(5)}},
		{name: "size and date in two answers", uids: []uint32{5}, want: []string{"5 hello"}, answers: script{
			body: {"* 1 FETCH (UID 5 BODY[] " + lit("hello") + ")\r\nTAG OK\r\n"}, "UID FETCH 5 (": {
				"* 1 FETCH (UID 5 " + internal + ")\r\n* 1 FETCH (UID 5 RFC822.SIZE 5)\r\nTAG OK\r\n"}}},
		{name: "a flag told between, before the body", uids: []uint32{5}, want: []string{"5 hello"}, answers: script{
			body: {"* 1 FETCH (UID 5 FLAGS (\\Seen))\r\n* 1 FETCH (UID 5 BODY[] " + lit("hello") + ")\r\nTAG OK\r\n"}, "UID FETCH 5 (": listed(5)}},
		{name: "the UID behind the body", uids: []uint32{5}, want: []string{"5 hello"}, answers: script{
			body: {"* 1 FETCH (BODY[] " + lit("hello") + " UID 5)\r\nTAG OK\r\n"}, "UID FETCH 5 (": listed(5)}},
		{name: "the body as a quoted string", uids: []uint32{5}, want: []string{"5 hello"}, answers: script{
			body: {"* 1 FETCH (UID 5 BODY[] \"hello\")\r\nTAG OK\r\n"}, "UID FETCH 5 (": listed(5)}},
		{name: "a mail that is gone when its body is asked for", uids: []uint32{5}, answers: script{
			body: {"TAG OK\r\n"}, "UID FETCH 5 (": listed(5)}},
		{name: "passed over in the listing, and there", uids: []uint32{5, 6}, want: []string{"6 world"}, failed: []uint32{5}, kind: ErrIncomplete, answers: script{
			"UID SEARCH UID 5":      there,
			"UID FETCH 6 (UID BODY": {"* 2 FETCH (UID 6 BODY[] " + lit("world") + ")\r\nTAG OK\r\n"},
			"UID FETCH 5:6 (UID":    {"* 2 FETCH (UID 6 " + internal + " RFC822.SIZE 5)\r\nTAG OK\r\n"}}},
		{name: "passed over in the listing, and gone", uids: []uint32{5, 6}, want: []string{"6 world"}, answers: script{
			"UID FETCH 6 (UID BODY": {"* 2 FETCH (UID 6 BODY[] " + lit("world") + ")\r\nTAG OK\r\n"},
			"UID FETCH 5:6 (UID":    {"* 2 FETCH (UID 6 " + internal + " RFC822.SIZE 5)\r\nTAG OK\r\n"}}},
		{name: "a refusal since one is gone: the other is read", uids: []uint32{5, 6}, want: []string{"6 world"}, answers: script{
			"UID FETCH 5:6 (UID BODY": {"TAG NO [EXPUNGEISSUED] Some are gone\r\n"},
			"UID SEARCH UID 6":        {"* SEARCH 6\r\nTAG OK\r\n"},
			"UID FETCH 6 (UID BODY":   {"* 2 FETCH (UID 6 BODY[] " + lit("world") + ")\r\nTAG OK\r\n"},
			"UID FETCH 5:6 (UID":      listed(5, 5)}},
		{name: "a listing refused is asked for in halves", uids: []uint32{5, 6}, want: []string{"6 world"}, answers: script{
			"UID SEARCH UID 5":      {"* SEARCH\r\nTAG OK\r\n"},
			"UID FETCH 6 (UID BODY": {"* 2 FETCH (UID 6 BODY[] " + lit("world") + ")\r\nTAG OK\r\n"},
			"UID FETCH 6 (UID":      {"* 2 FETCH (UID 6 " + internal + " RFC822.SIZE 5)\r\nTAG OK\r\n"},
			"UID FETCH 5:6 (UID":    {"TAG NO Some are gone\r\n"}, "UID FETCH 5 (UID": {"TAG NO gone\r\n"}}},
		{name: "a body that the server does not give", uids: []uint32{5, 6}, want: []string{"6 world"}, failed: []uint32{5}, kind: ErrIncomplete, answers: script{
			"UID SEARCH UID 5":        there,
			"UID FETCH 5:6 (UID BODY": {"* 1 FETCH (UID 5 BODY[] NIL)\r\n* 2 FETCH (UID 6 BODY[] " + lit("world") + ")\r\nTAG OK\r\n"},
			"UID FETCH 5 (UID BODY":   {"* 1 FETCH (UID 5 BODY[] NIL)\r\nTAG OK\r\n"},
			"UID FETCH 5:6 (UID":      listed(5, 5)}},
		{name: "a size that is only an estimate", uids: []uint32{5}, want: []string{"5 hello"}, answers: script{
			"UID SEARCH UID 5": there,
			body:               {"* 1 FETCH (UID 5 BODY[] " + lit("hello") + ")\r\nTAG OK\r\n"}, "UID FETCH 5 (": listed(9)}},
		{name: "a size that is wrong, and another body each time", uids: []uint32{5}, failed: []uint32{5}, kind: ErrIncomplete, answers: script{
			"UID SEARCH UID 5": there,
			body: {"* 1 FETCH (UID 5 BODY[] " + lit("hello") + ")\r\nTAG OK\r\n",
				"* 1 FETCH (UID 5 BODY[] " + lit("hell") + ")\r\nTAG OK\r\n"}, "UID FETCH 5 (": listed(9)}},
		{name: "too large: its header only", uids: []uint32{5, 6}, maxSize: 8, want: []string{"5 H: 1\r\n\r\nT", "6 world"}, answers: script{
			"UID FETCH 5 (UID BODY.PEEK[HEADER]<0.262144>)": {"* 1 FETCH (UID 5 BODY[HEADER]<0> " + lit("H: 1\r\n\r\n") + ")\r\nTAG OK\r\n"},
			"UID FETCH 6 (UID BODY":                         {"* 2 FETCH (UID 6 BODY[] " + lit("world") + ")\r\nTAG OK\r\n"},
			"UID FETCH 5:6 (UID":                            listed(9, 5)}},
		{name: "larger than the server said: its header only", uids: []uint32{5}, maxSize: 8, want: []string{"5 H: 1\r\n\r\nT"}, answers: script{
			body: {"* 1 FETCH (UID 5 BODY[] " + lit("H: 1\r\n\r\nhello") + ")\r\nTAG OK\r\n"}, "UID FETCH 5 (": listed(5)}},
		{name: "a literal without end", uids: []uint32{5}, failed: []uint32{5}, kind: ErrDisconnected, over: true, answers: script{
			body: {"* 1 FETCH (UID 5 BODY[] {99999999999}\r\n" + strings.Repeat("x", 2*chatter)}, "UID FETCH 5 (": listed(5)}},
		{name: "cut in a literal: what came before is delivered", uids: []uint32{5, 6, 7}, want: []string{"5 hello"}, failed: []uint32{6, 7}, kind: ErrDisconnected, over: true, answers: script{
			"UID FETCH 5:7 (UID BODY": {"* 1 FETCH (UID 5 BODY[] " + lit("hello") + ")\r\n* 2 FETCH (UID 6 BODY[] {5}\r\nhelHANGUP"},
			"UID FETCH 5:7 (UID":      listed(5, 5, 5)}},
		{name: "an answer that makes no sense breaks the connection", uids: []uint32{5, 6}, failed: []uint32{5, 6}, kind: ErrDisconnected, over: true, answers: script{
			"UID FETCH 5:6 (UID": {"* 1 FETCH (UID 5 INTERNALDATE \"yesterday\" RFC822.SIZE 5)\r\nTAG OK\r\n"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := startScript(t, hello, test.answers)
			server := m.server()
			server.MaxSize = test.maxSize
			s := dial(t, server)
			var got []string
			err := s.Fetch(t.Context(), test.uids, func(f Fetched) error {
				line := fmt.Sprintf("%d %s", f.UID, f.Raw)
				if f.TooLarge {
					line += "T"
				}
				if !f.Received.Equal(testInstant) || f.Received.Location() != time.UTC {
					t.Errorf("UID %d: received %v, want %v", f.UID, f.Received, testInstant)
				}
				got = append(got, line)
				return nil
			})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("mails (-want +got):\n%s", diff)
			}
			var failed *FetchError
			switch {
			case test.failed == nil && err != nil:
				t.Errorf("got error %v", err)
			case test.failed != nil && !errors.As(err, &failed):
				t.Errorf("got error %v, want a FetchError", err)
			case test.failed != nil && (!slices.Equal(failed.UIDs, test.failed) || !errors.Is(err, test.kind)):
				t.Errorf("got %v naming %v, want UIDs %v and %v", err, failed.UIDs, test.failed, test.kind)
			}
			if _, err := s.Search(t.Context(), 0); errors.Is(err, ErrDisconnected) != test.over {
				t.Errorf("afterwards Search says %v, want the session over: %v", err, test.over)
			}
			for _, c := range m.commands() {
				if strings.Contains(c, "ENVELOPE") || strings.Contains(c, "STRUCTURE") || strings.Contains(c, "CHARSET") || strings.HasPrefix(c, "EXPUNGE") {
					t.Errorf("sent %q", c)
				}
			}
		})
	}
}

// The caller finds the mail whose answer breaks the connection by halving what the error names.
func TestBreakingMailIsFoundByHalves(t *testing.T) {
	t.Parallel()
	const broken = 6
	uids := []uint32{1, 2, 3, 4, 5, broken, 7, 8, 9}
	answers := script{}
	for i := range uids {
		for j := i; j < len(uids); j++ {
			set := fmt.Sprint(uids[i])
			if i != j {
				set = fmt.Sprintf("%d:%d", uids[i], uids[j])
			}
			sizes, bodies := "", ""
			for _, uid := range uids[i : j+1] {
				sizes += fmt.Sprintf("* %d FETCH (UID %d %s RFC822.SIZE 5)\r\n", uid, uid, internal)
				if uid == broken {
					bodies += "* 6 FETCH (UID 6 BODY[] what?)\r\n"
				} else {
					bodies += fmt.Sprintf("* %d FETCH (UID %d BODY[] %s)\r\n", uid, uid, lit("hello"))
				}
			}
			answers["UID FETCH "+set+" (UID BODY"] = []string{bodies + "TAG OK\r\n"}
			answers["UID FETCH "+set+" (UID INTERNALDATE"] = []string{sizes + "TAG OK\r\n"}
			answers["UID FETCH "+set+" (UID RFC822"] = []string{sizes + "TAG OK\r\n"}
		}
	}
	m := startScript(t, hello, answers)
	var read []uint32
	var culprits []uint32
	var fetch func(uids []uint32)
	fetch = func(uids []uint32) {
		err := dial(t, m.server()).Fetch(t.Context(), uids, func(f Fetched) error { read = append(read, f.UID); return nil })
		var failed *FetchError
		switch {
		case err == nil:
		case !errors.As(err, &failed):
			t.Fatal(err)
		case len(failed.UIDs) == 1:
			culprits = append(culprits, failed.UIDs...)
		default:
			half := len(failed.UIDs) / 2
			fetch(failed.UIDs[:half])
			fetch(failed.UIDs[half:])
		}
	}
	fetch(uids)
	slices.Sort(read)
	if want := []uint32{1, 2, 3, 4, 5, 7, 8, 9}; !slices.Equal(read, want) {
		t.Errorf("read %v, want %v", read, want)
	}
	if !slices.Equal(culprits, []uint32{broken}) {
		t.Errorf("culprits %v, want %v", culprits, broken)
	}
}

// What a search may answer.
func TestSearchAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, caps, answer string
		above              uint32
		want               []uint32
		sent               string
		fails              bool
	}{
		{name: "n:* holds the last one even when it is below n", above: 9, answer: "* SEARCH 9\r\nTAG OK\r\n", sent: "UID SEARCH UID 10:*"},
		{name: "in any order", above: 3, answer: "* SEARCH 9 4 3 5\r\nTAG OK\r\n", want: []uint32{4, 5, 9}, sent: "UID SEARCH UID 4:*"},
		{name: "all, flags ignored", answer: "* SEARCH 1 2\r\nTAG OK\r\n", want: []uint32{1, 2}, sent: "UID SEARCH ALL"},
		{name: "without UIDPLUS what is marked counts as filed", caps: "IMAP4rev1", answer: "* SEARCH 1\r\nTAG OK\r\n", want: []uint32{1}, sent: "UID SEARCH UNDELETED"},
		{name: "an extended answer", caps: "IMAP4rev1 IMAP4rev2", answer: "* ESEARCH (TAG \"TAG\") UID ALL 3:5\r\nTAG OK\r\n", want: []uint32{3, 4, 5}, sent: "UID SEARCH ALL"},
		{name: "a range that would fill the memory", caps: "IMAP4rev1 IMAP4rev2", answer: "* ESEARCH (TAG \"TAG\") UID ALL 1:4294967295\r\nTAG OK\r\n", fails: true, sent: "UID SEARCH ALL"},
		{name: "above the highest number nothing is asked", above: 1<<32 - 1, sent: ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answers := script{"UID SEARCH": {test.answer}}
			greeting := hello
			if test.caps != "" {
				answers["CAPABILITY"] = []string{"* CAPABILITY " + test.caps + "\r\nTAG OK\r\n"}
				greeting = "* OK ready\r\n"
			}
			m := startScript(t, greeting, answers)
			s := dial(t, m.server())
			got, err := s.Search(t.Context(), test.above)
			if (err != nil) != test.fails {
				t.Fatalf("got error %v, want one: %v", err, test.fails)
			}
			if !test.fails && !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			sent := ""
			for _, c := range m.commands() {
				if strings.HasPrefix(c, "UID SEARCH") {
					sent = c
				}
			}
			if sent != test.sent {
				t.Errorf("sent %q, want %q", sent, test.sent)
			}
		})
	}
}

// A name of ours on servers with their own ideas of a hierarchy.
func TestFolderNames(t *testing.T) {
	t.Parallel()
	const dots = "* NAMESPACE ((\"INBOX.\" \".\")) NIL NIL\r\nTAG OK\r\n"
	const slashes = "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\nTAG OK\r\n"
	tests := []struct{ name, namespace, list, folder, want string }{
		{"the same", slashes, "", "Leadmail/Sent", "Leadmail/Sent"},
		{"below INBOX, with dots", dots, "", "Leadmail/Sent", "INBOX.Leadmail.Sent"},
		{"INBOX itself is never below INBOX", dots, "", "inbox", "INBOX"},
		{"a folder of INBOX", dots, "", "INBOX/Leads", "INBOX.Leads"},
		{"a name that has the prefix already", dots, "", "INBOX.Leadmail.Sent", "INBOX.Leadmail.Sent"},
		{"no namespaces, the delimiter from LIST", "", "* LIST (\\Noselect) \"^\" \"\"\r\nTAG OK\r\n", "Leadmail/Sent", "Leadmail^Sent"},
		{"a namespace refused", "TAG NO not now\r\n", "* LIST (\\Noselect) \".\" \"\"\r\nTAG OK\r\n", "Leadmail/Sent", "Leadmail.Sent"},
		{"no hierarchy at all", "", "* LIST (\\Noselect) NIL \"\"\r\nTAG OK\r\n", "Leadmail/Sent", "Leadmail-Sent"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answers := script{"SELECT": {"TAG NO [NONEXISTENT] none\r\n"}}
			if test.namespace != "" {
				answers["CAPABILITY"] = []string{"* CAPABILITY IMAP4rev1 NAMESPACE\r\nTAG OK\r\n"}
				answers["NAMESPACE"] = []string{test.namespace}
			}
			if test.list != "" {
				answers[`LIST "" ""`] = []string{test.list}
			}
			m := startScript(t, "* OK ready\r\n", answers)
			server := m.server()
			server.Mailbox = test.folder
			if _, err := dial(t, server).Select(t.Context()); !errors.Is(err, ErrNoFolder) {
				t.Fatalf("got %v, want %v", err, ErrNoFolder)
			}
			name := regexp.MustCompile(`^SELECT "?([^"]*)"?$`)
			got := ""
			for _, c := range m.commands() {
				if parts := name.FindStringSubmatch(c); parts != nil {
					got = parts[1]
				}
			}
			if got != test.want {
				t.Errorf("opened %q, want %q", got, test.want)
			}
		})
	}
}

// A refused login is told from a server in trouble, and nothing is tried that the server does not allow.
func TestLogin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, caps, answer string
		want               error
		not                string // is not sent
	}{
		{name: "a plain NO", answer: "TAG NO LOGIN failed.\r\n", want: ErrLogin},
		{name: "by its code", answer: "TAG NO [AUTHENTICATIONFAILED] no\r\n", want: ErrLogin},
		{name: "Google's alert", answer: "TAG NO [ALERT] Application-specific password required\r\n", want: ErrLogin},
		{name: "no such right", answer: "TAG NO [AUTHORIZATIONFAILED] no\r\n", want: ErrLogin},
		{name: "the user database is down", answer: "TAG NO [UNAVAILABLE] Temporary authentication failure.\r\n", want: ErrUnavailable},
		{name: "too many connections", answer: "TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n", want: ErrUnavailable},
		{name: "the server hangs up", answer: "* BYE overloaded\r\nHANGUP", want: ErrDisconnected},
		{name: "no LOGIN, but PLAIN", caps: "IMAP4rev1 LOGINDISABLED AUTH=PLAIN SASL-IR", not: "LOGIN"},
		{name: "PLAIN refused", caps: "IMAP4rev1 LOGINDISABLED AUTH=PLAIN SASL-IR", answer: "TAG NO no\r\n", want: ErrLogin, not: "LOGIN"},
		{name: "password logins disabled", caps: "IMAP4rev1 LOGINDISABLED", want: ErrLogin, not: "LOGIN"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answers := script{"LOGIN": {test.answer}, "AUTHENTICATE PLAIN AHUAcA==": {"TAG OK\r\n"}}
			if test.answer != "" {
				answers["AUTHENTICATE PLAIN AHUAcA=="] = []string{test.answer}
			}
			if test.caps != "" {
				answers["CAPABILITY"] = []string{"* CAPABILITY " + test.caps + "\r\nTAG OK\r\n"}
			}
			m := startScript(t, "* OK ready\r\n", answers)
			s, err := Dial(t.Context(), m.server())
			if !errors.Is(err, test.want) || (err != nil) != (test.want != nil) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if s != nil {
				_ = s.Close()
			}
			for _, other := range []error{ErrLogin, ErrUnavailable, ErrDisconnected} {
				if other != test.want && errors.Is(err, other) {
					t.Errorf("%v is also %v", err, other)
				}
			}
			for _, c := range m.commands() {
				if test.not != "" && strings.HasPrefix(c, test.not) {
					t.Errorf("sent %q", c)
				}
			}
		})
	}
}

// Filing where the server does not simply comply.
func TestFilingRefused(t *testing.T) {
	t.Parallel()
	flagged := []string{"* 1 FETCH (UID 5 FLAGS ())\r\nTAG OK\r\n"}
	tests := []struct {
		name    string
		answers script
		want    error
	}{
		{name: "the folder is missing: made once, and again", answers: script{
			"UID MOVE": {"TAG NO [TRYCREATE] none\r\n", "TAG OK\r\n"}}},
		{name: "a server that does not say why: the folder is missing", answers: script{
			"UID MOVE": {"TAG NO none\r\n", "TAG OK\r\n"}}},
		{name: "the folder cannot be made", want: ErrRights, answers: script{
			"UID MOVE": {"TAG NO [TRYCREATE] none\r\n"}, "CREATE": {"TAG NO [NOPERM] not you\r\n"}}},
		{name: "the folder is there and not for us", want: ErrRights, answers: script{
			"UID MOVE": {"TAG NO [NOPERM] not you\r\n"}}},
		{name: "full", want: ErrQuota, answers: script{
			"UID MOVE": {"TAG NO [OVERQUOTA] full\r\n"}}},
		{name: "gone when it is moved", answers: script{
			"UID FETCH 5": {flagged[0], "TAG OK\r\n"}, "UID MOVE": {"TAG NO no such mail\r\n"}, "UID SEARCH": {"* SEARCH\r\nTAG OK\r\n"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.answers["UID FETCH 5"] == nil {
				test.answers["UID FETCH 5"] = flagged
			}
			if test.answers["UID SEARCH"] == nil {
				test.answers["UID SEARCH"] = []string{"* SEARCH 5\r\nTAG OK\r\n"}
			}
			m := startScript(t, hello, test.answers)
			s := dial(t, m.server())
			err := s.File(t.Context(), Filing{UID: 5, Folder: "Leadmail/Processed"})
			if !errors.Is(err, test.want) || (err != nil) != (test.want != nil) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if _, err := s.Search(t.Context(), 0); err != nil {
				t.Errorf("the session is not usable any more: %v", err)
			}
		})
	}
}

// Folders are made by what the server needs for it, and not when they are there.
func TestEnsure(t *testing.T) {
	t.Parallel()
	there := "* LIST () \"/\" Leadmail/Processed\r\nTAG OK\r\n"
	tests := []struct {
		name    string
		answers script
		want    error
		sent    []string
	}{
		{name: "there already", answers: script{"LIST": {there}}},
		{name: "missing", sent: []string{"CREATE Leadmail/Processed", "SUBSCRIBE Leadmail/Processed"}},
		{name: "only a level of the hierarchy, not a folder", answers: script{"LIST": {"* LIST (\\Noselect) \"/\" Leadmail/Processed\r\nTAG OK\r\n"}},
			sent: []string{"CREATE Leadmail/Processed", "SUBSCRIBE Leadmail/Processed"}},
		{name: "the level above has to be made first", answers: script{`CREATE "Leadmail/Processed"`: {"TAG NO no parent\r\n", "TAG OK\r\n"}, `CREATE "Leadmail"`: {"TAG OK\r\n"}},
			sent: []string{"CREATE Leadmail/Processed", "CREATE Leadmail", "CREATE Leadmail/Processed", "SUBSCRIBE Leadmail/Processed"}},
		{name: "somebody was faster", answers: script{"CREATE": {"TAG NO [ALREADYEXISTS] there\r\n"}, `LIST "" "Leadmail`: {"TAG OK\r\n", there}},
			sent: []string{"CREATE Leadmail/Processed", "CREATE Leadmail", "CREATE Leadmail/Processed"}},
		{name: "not allowed", answers: script{"CREATE": {"TAG NO [NOPERM] no\r\n"}}, want: ErrRights,
			sent: []string{"CREATE Leadmail/Processed", "CREATE Leadmail", "CREATE Leadmail/Processed"}},
		{name: "a subscription refused is no matter", answers: script{"SUBSCRIBE": {"TAG NO no\r\n"}},
			sent: []string{"CREATE Leadmail/Processed", "SUBSCRIBE Leadmail/Processed"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := startScript(t, hello, test.answers)
			s := dial(t, m.server())
			if err := s.Ensure(t.Context(), []string{"Leadmail/Processed"}); !errors.Is(err, test.want) || (err != nil) != (test.want != nil) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			var sent []string
			for _, c := range m.commands() {
				if c = strings.ReplaceAll(c, `"`, ""); strings.HasPrefix(c, "CREATE") || strings.HasPrefix(c, "SUBSCRIBE") {
					sent = append(sent, c)
				}
			}
			if diff := cmp.Diff(test.sent, sent); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}
