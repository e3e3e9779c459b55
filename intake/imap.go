package intake

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

// Server says where the partners mailbox is and how to get into it. The zero values of Mailbox, Timeout, MaxSize and
// Log are usable; the rest must be given.
type Server struct {
	Addr    string         // host:port; without a port 993 for "tls", else 143
	TLS     string         // "tls" (from the first byte), "starttls", or "none", which is refused unless the peer is a loopback address
	RootCAs *x509.CertPool // nil: those of the system. The certificate is verified in every case.

	Username string
	Password func() (string, error) // asked once a connection, so that a changed secret needs no restart

	Mailbox string        // default INBOX
	Timeout time.Duration // default 60 s: of a command, and of any silence within a long one
	MaxSize int64         // octets; a larger mail is fetched by its header only; default 25 MiB
	Log     *slog.Logger  // nil: silent
}

const (
	defaultTimeout = 60 * time.Second
	defaultMaxSize = 25 << 20
	headerSize     = 256 << 10       // what is read of a mail that is too large
	batchOctets    = 8 << 20         // of bodies in one FETCH
	batchMails     = 100             // bodies in one FETCH
	batchListing   = 500             // mails in one FETCH of sizes and dates
	slowest        = 8 << 10         // octets a second; a transfer slower than this for its size is given up
	chatter        = 16 << 20        // octets a server may send beyond what was asked for, per command
	longestIdle    = 9 * time.Minute // LIBRARIES.md: some servers hang up at ten
	lastWords      = 2 * time.Second // for LOGOUT, and for an interrupted command to let go
	strayWait      = 100 * time.Millisecond
	mostUIDs       = 2_000_000 // in one SEARCH answer
)

// Session is one authenticated connection. One goroutine owns it: calls must not overlap, but for Close, which may come
// from anywhere at any time. After an error that is ErrTimeout, ErrDisconnected or the context's, the session is over and
// every further call fails at once with ErrDisconnected; dial again. Other errors leave it usable.
//
// No method outlives its deadline: a command whose answer does not come within Server.Timeout closes the connection.
// Commands that carry mails get longer, by their size, but neither a silence of Server.Timeout nor a crawl.
type Session struct {
	server Server
	wire   *wire
	client *imapclient.Client
	strays *strays
	wake   chan struct{} // holds one token when the server told of a change of the selected mailbox
	caps   imap.CapSet

	prefix string // of the personal namespace, "" or for example "INBOX."
	delim  rune   // hierarchy delimiter, 0 in a flat namespace

	mailbox  string // Server.Mailbox as the server spells it
	current  string // the folder selected now, "" none
	validity uint32 // UIDVALIDITY as of Select, 0 before

	busy   atomic.Bool // a command is running
	idling atomic.Bool // an IDLE is open, so that no other command can be sent
	over   atomic.Bool
}

// Selected is the state of the mailbox when it was selected.
type Selected struct{ UIDValidity, UIDNext, Messages uint32 }

// Found is a mail by its outside.
type Found struct {
	UID      uint32
	Received time.Time // INTERNALDATE in UTC, whole seconds
	Size     int64     // RFC822.SIZE, which some servers only estimate
}

// Fetched is a mail as it lies in the mailbox.
type Fetched struct {
	UID      uint32
	Received time.Time // INTERNALDATE in UTC, whole seconds
	Size     int64     // octets: of Raw, or when TooLarge of the whole mail as the server says
	Raw      []byte    // the whole mail; when TooLarge its header alone, 256 KiB at most
	TooLarge bool      // above Server.MaxSize
}

// Dial connects, encrypts, logs in and asks for the capabilities and the folder hierarchy. Errors: ErrTLS when the
// connection cannot be protected (nothing secret was sent), ErrLogin when the server refuses name and password,
// ErrUnavailable when it asks to come back later, ErrTimeout, ErrDisconnected (the network).
func Dial(ctx context.Context, server Server) (*Session, error) {
	if server.Mailbox == "" {
		server.Mailbox = "INBOX"
	}
	if server.Timeout <= 0 {
		server.Timeout = defaultTimeout
	}
	if server.MaxSize <= 0 {
		server.MaxSize = defaultMaxSize
	}
	if server.Log == nil {
		server.Log = slog.New(slog.DiscardHandler)
	}
	w, err := connect(ctx, server)
	if err != nil {
		return nil, fmt.Errorf("connecting to the IMAP server %s: %w", server.Addr, err)
	}
	s := &Session{server: server, wire: w, strays: &strays{arrived: make(chan struct{}, 1)}, wake: make(chan struct{}, 1)}
	s.client = imapclient.New(w, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		// Both run on the goroutine that reads the connection and must not block it.
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				s.awake()
			}
		},
		// Runs on a goroutine of its own, and must consume what it is given.
		Fetch: func(m *imapclient.FetchMessageData) { s.strays.read(m, server.MaxSize) },
	}})
	if err := s.begin(ctx); err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

// begin takes the connection from the greeting to the authenticated state.
func (s *Session) begin(ctx context.Context) error {
	what := "waiting for the greeting of " + s.server.Addr
	caps, err := do(ctx, s, what, 0, func(c *imapclient.Client) (imap.CapSet, error) {
		if err := c.WaitGreeting(); err != nil {
			return nil, err
		}
		return c.Capability().Wait()
	})
	if errors.Is(err, ErrTimeout) {
		return fmt.Errorf("%w; a server that waits for TLS says nothing (port 993 is for tls, port 143 for starttls)", err)
	}
	if err != nil {
		return err
	}
	if s.client.State() == imap.ConnStateNotAuthenticated { // else PREAUTH: the server knows us already
		if err := s.login(ctx, caps); err != nil {
			return err
		}
	}
	// Not Client.Caps: the library forgets the capabilities of before the login only after it has reported the login
	// done, so Caps may still answer with the old ones.
	s.caps, err = do(ctx, s, "asking for capabilities", 0, func(c *imapclient.Client) (imap.CapSet, error) {
		return c.Capability().Wait()
	})
	if err != nil {
		return err
	}
	return s.hierarchy(ctx)
}

// login authenticates. LOGIN is what every server has; AUTHENTICATE PLAIN is for those that disable LOGIN (RFC 9051,
// section 6.2.3: no LOGIN where LOGINDISABLED is advertised), and for words that are not ASCII, which LOGIN has no charset for.
func (s *Session) login(ctx context.Context, caps imap.CapSet) error {
	what := fmt.Sprintf("logging in to %s as %s", s.server.Addr, s.server.Username)
	password := ""
	if s.server.Password != nil {
		var err error
		if password, err = s.server.Password(); err != nil {
			return fmt.Errorf("%s: reading the password: %w", what, err)
		}
	}
	plain := caps.Has(imap.AuthCap("PLAIN"))
	disabled := caps.Has(imap.CapLoginDisabled)
	if disabled && !plain {
		return fmt.Errorf("%s: %w: the server allows no password login here (LOGINDISABLED); use tls or starttls, or ask its provider which login it wants", what, ErrLogin)
	}
	_, err := do(ctx, s, what, 0, func(c *imapclient.Client) (struct{}, error) {
		if plain && (disabled || !isPrintable(s.server.Username+password)) {
			return struct{}{}, c.Authenticate(sasl.NewPlainClient("", s.server.Username, password))
		}
		return struct{}{}, c.Login(s.server.Username, password).Wait()
	})
	var refusal *imap.Error
	if errors.As(err, &refusal) && !errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("%s: %w: check the user name and the password, and that the provider allows IMAP with a password (Google wants an app password, Microsoft 365 wants OAuth): %w", what, ErrLogin, refusal)
	}
	return err
}

// Capabilities lists what the server advertises after the login, sorted.
func (s *Session) Capabilities() []string {
	var list []string
	for _, c := range slices.Sorted(maps.Keys(s.caps)) {
		list = append(list, string(c))
	}
	return list
}

// Select opens Server.Mailbox. ErrNoFolder when it does not exist. A UIDValidity other than the one remembered means that
// every UID remembered is void (RFC 9051, section 2.3.1.1).
func (s *Session) Select(ctx context.Context) (Selected, error) {
	s.current = ""
	data, err := s.open(ctx, s.mailbox, false)
	if err != nil {
		return Selected{}, err
	}
	if data.UIDValidity == 0 {
		return Selected{}, fmt.Errorf("opening %q: %w: the server gives its mails no lasting numbers (no UIDVALIDITY)", s.server.Mailbox, ErrRefused)
	}
	s.validity = data.UIDValidity
	return Selected{UIDValidity: data.UIDValidity, UIDNext: uint32(data.UIDNext), Messages: data.NumMessages}, nil
}

// home makes the mailbox the selected folder again after a look into another one. ErrRenumbered when its UIDVALIDITY
// changed meanwhile: Select again and rescan.
func (s *Session) home(ctx context.Context) error {
	if s.current == s.mailbox && s.validity != 0 {
		return nil
	}
	before := s.validity
	if before == 0 {
		_, err := s.Select(ctx)
		return err
	}
	data, err := s.open(ctx, s.mailbox, false)
	if err != nil {
		return err
	}
	if data.UIDValidity != before {
		s.current = ""
		return fmt.Errorf("opening %q: %w (%d, before %d)", s.server.Mailbox, ErrRenumbered, data.UIDValidity, before)
	}
	// Nobody told us what came while we looked elsewhere, and Idle must not sleep over it.
	s.awake()
	return nil
}

// Search lists the UIDs above the given one, ascending; above 0 all. Flags are ignored (MAIL.md, finding 4), with one
// exception: on a server without UIDPLUS File can only mark what it copied as \Deleted, so there a mail so marked is
// filed and is left out. A mail that a person marked there is left out as well.
func (s *Session) Search(ctx context.Context, above uint32) ([]uint32, error) {
	if err := s.home(ctx); err != nil {
		return nil, err
	}
	if above == ^uint32(0) {
		return nil, nil
	}
	select { // what came until now will be in the answer
	case <-s.wake:
	default:
	}
	criteria := &imap.SearchCriteria{UID: []imap.UIDSet{{imap.UIDRange{Start: imap.UID(above) + 1, Stop: 0}}}}
	if above == 0 {
		criteria.UID = nil
	}
	if !s.caps.Has(imap.CapUIDPlus) {
		criteria.NotFlag = []imap.Flag{imap.FlagDeleted}
	}
	uids, err := s.search(ctx, "searching "+s.server.Mailbox, criteria)
	// n:* means "up to the last", so it always holds the last mail, even when that is below n (RFC 9051, section 9, seq-range).
	return slices.DeleteFunc(uids, func(uid uint32) bool { return uid <= above }), err
}

// search runs UID SEARCH in the selected folder; the answer is ascending. Criteria must be ASCII: else the library adds
// a CHARSET, which some servers refuse.
func (s *Session) search(ctx context.Context, what string, criteria *imap.SearchCriteria) ([]uint32, error) {
	return do(ctx, s, what, 0, func(c *imapclient.Client) ([]uint32, error) {
		data, err := c.UIDSearch(criteria, nil).Wait()
		if err != nil {
			return nil, err
		}
		set, _ := data.All.(imap.UIDSet)
		// Counted before it is unrolled: "1:4294967295" is eleven octets on the wire and 16 GiB as a list.
		count := uint64(0)
		for _, r := range set {
			if r.Start == 0 || r.Stop < r.Start {
				return nil, fmt.Errorf("the answer holds the impossible range %d:%d", r.Start, r.Stop)
			}
			if count += uint64(r.Stop-r.Start) + 1; count > mostUIDs {
				return nil, fmt.Errorf("the answer names more than %d mails", mostUIDs)
			}
		}
		uids := make([]uint32, 0, count)
		for _, r := range set {
			for uid := uint64(r.Start); uid <= uint64(r.Stop); uid++ {
				uids = append(uids, uint32(uid))
			}
		}
		slices.Sort(uids)
		return slices.Compact(uids), nil
	})
}

// Idle waits until the server tells of a change, d has passed or ctx is done, whichever is first; d is cut to nine
// minutes. It is a hint to search now rather than later, never a replacement for searching now and then: changed may be
// true for nothing. Where the server has no IDLE it waits and asks once at the end. A ctx that is done is not an error
// and leaves the session usable; ErrTimeout or ErrDisconnected say that the connection did not survive the wait.
func (s *Session) Idle(ctx context.Context, d time.Duration) (changed bool, err error) {
	if err := s.home(ctx); err != nil {
		if ctx.Err() != nil {
			return false, nil
		}
		return false, err
	}
	d = min(d, longestIdle)
	// The end of the wait must not cut the connection: what follows it is bounded anyway.
	calm := context.WithoutCancel(ctx)
	noop := func(*imapclient.Client) (struct{}, error) { return struct{}{}, s.client.Noop().Wait() }
	// Asked before as well: some servers tell under IDLE only of what comes after its start (imapmemserver is one).
	if _, err := do(calm, s, "NOOP before waiting", 0, noop); err != nil {
		return false, err
	}
	var idle *imapclient.IdleCommand
	if s.caps.Has(imap.CapIdle) {
		s.idling.Store(true)
		defer s.idling.Store(false)
		idle, err = do(calm, s, "starting IDLE", 0, func(c *imapclient.Client) (*imapclient.IdleCommand, error) { return c.Idle() })
		if err != nil && s.over.Load() {
			return false, err
		}
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.wake:
		changed = true
	case <-timer.C:
	case <-ctx.Done():
	case <-s.client.Closed():
	}
	if idle != nil {
		_, err = do(calm, s, "ending IDLE", 0, func(*imapclient.Client) (struct{}, error) {
			if err := idle.Close(); err != nil {
				return struct{}{}, err
			}
			return struct{}{}, idle.Wait()
		})
		if err != nil && s.over.Load() {
			return changed, err
		}
	}
	s.idling.Store(false)
	_, err = do(calm, s, "NOOP after waiting", 0, noop)
	select {
	case <-s.wake:
		changed = true
	default:
	}
	return changed, err
}

// awake notes a change without ever waiting for anybody.
func (s *Session) awake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Close says goodbye if the session is at rest, and cuts the connection. It takes two seconds at most, whatever the peer
// does, may be called from any goroutine and more than once, and interrupts a call in progress.
func (s *Session) Close() error {
	if s.busy.CompareAndSwap(false, true) {
		if !s.over.Load() && !s.idling.Load() {
			// Only a courtesy, so its outcome does not matter.
			_, _, _ = guard(context.Background(), s.wire, lastWords, lastWords, func() (struct{}, error) {
				return struct{}{}, s.client.Logout().Wait()
			})
		}
		s.busy.Store(false)
	}
	s.abandon()
	return nil
}

// abandon ends the session without a word. Client.Close is not called: it waits for the library's reader, which may in
// turn wait for somebody to take a mail from it.
func (s *Session) abandon() {
	s.over.Store(true)
	s.wire.cut()
}
