// Package desk is leadmail at work: the only place where intake, rules, store
// and notify meet.
//
// The job: one goroutine owns the mailbox and turns mails into committed
// decisions (scan.go, mail.go), another sends what is owed (sending.go). The
// promise: a mail is read, decided, recorded and its answers queued in one
// transaction; nothing is filed or sent before that transaction has committed,
// and what is committed is filed and sent in the end, whatever is killed and
// whenever. The trap: all times come from Options.Now, and a mail is judged by
// its own receipt, not by it.
package desk

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net"
	"path/filepath"
	"sync"
	"time"

	"leadmail/cmd/internal/config"
	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
	"leadmail/templates"
)

// Options are what a desk is made of. Store, IMAP, SMTP, Program and Folders must
// be given; the rest has defaults.
type Options struct {
	Store   *store.DB
	IMAP    intake.Server
	SMTP    notify.SMTP
	Program notify.Program
	Folders config.Folders
	Mode    rules.Mode
	// Trust says whom to believe; the zero value believes the From line.
	Trust rules.Trust
	// LookupTXT asks the DNS for keys; the system's resolver by default.
	LookupTXT intake.LookupTXT
	// Lists are mailing lists in front of the mailbox, by their List-Id.
	Lists []string
	// Secret reads the key of the tokens; without it, or where it gives "", the
	// database keeps one.
	Secret func() (string, error)
	// Staff get confirmations, the digest, reminders of what waits, and alerts.
	Staff []rules.Address
	// Daily leaves confirmations to the digest.
	Daily bool
	// Templates is a folder of the operator's own; "" for the embedded ones.
	Templates string
	// Words are templates that were loaded before; nil loads them.
	Words *templates.Set
	// StartAll handles mail that lay in the mailbox before the first start too.
	StartAll bool
	// Poll is how often the mailbox is searched whatever the server announces,
	// Idle how long one IDLE lasts.
	Poll, Idle time.Duration
	// Schedule says when reminders are made, Digest when the digest is; nil makes none.
	Schedule, Digest config.Schedule
	// SentCopy appends what was sent to the folder for it.
	SentCopy bool

	// Now is the clock; time.Now by default.
	Now func() time.Time
	// NewReference draws a random reference.
	NewReference func() rules.Reference
	// NewID draws a random word for Message-IDs.
	NewID func() string
	Log   *slog.Logger
	// Watch is told of each mail decided and each message sent, in order, from the
	// goroutine that did it; the demo prints it. It must not block for long.
	Watch func(Event)
}

// Event is something that happened at the desk.
type Event struct {
	// Decided is set for a mail that was decided.
	Decided *Decided
	// Sent is set for a message that the SMTP server has taken.
	Sent *store.OutboxMessage
}

// Decided is a mail with all that the desk made of it.
type Decided struct {
	Mail     store.InboxMessage
	Request  rules.Request
	Book     rules.Book
	Decision rules.Decision
	Partner  *rules.Partner
	// Reply is the answer, rendered; its Raw is empty where none is sent.
	Reply notify.Rendered
}

// FromConfig translates a configuration. The passwords are read when they are
// needed, not here.
func FromConfig(c *config.Config) (Options, error) {
	policy, err := c.Policy()
	if err != nil {
		return Options{}, err
	}
	imapRoots, err := config.Roots(c.IMAP.CAFile)
	if err != nil {
		return Options{}, fmt.Errorf("imap.ca_file: %w", err)
	}
	smtpRoots, err := config.Roots(c.SMTP.CAFile)
	if err != nil {
		return Options{}, fmt.Errorf("smtp.ca_file: %w", err)
	}
	o := Options{
		IMAP: intake.Server{Addr: c.IMAP.Address, TLS: string(c.IMAP.TLS), RootCAs: imapRoots, Username: c.IMAP.Username,
			Password: c.IMAPPassword, Mailbox: c.IMAP.Mailbox, Timeout: c.IMAP.Timeout, MaxSize: int64(c.Limits.MessageBytes)},
		SMTP: notify.SMTP{Addr: c.SMTP.Address, TLS: string(c.SMTP.TLS), RootCAs: smtpRoots, Username: c.SMTP.Username,
			Password: c.SMTPPassword, Hello: c.SMTP.Hello, Timeout: c.SMTP.Timeout},
		Program:  notify.Program{Name: c.Program.Name, Address: c.Program.Address, Policy: policy},
		Folders:  c.IMAP.Folders,
		Mode:     c.Mode,
		Staff:    c.Staff.Addresses,
		Daily:    c.Staff.Confirmations == config.ConfirmDaily,
		StartAll: c.IMAP.Start == config.StartAll,
		Poll:     c.IMAP.Poll, Idle: c.IMAP.Idle,
		SentCopy:  c.IMAP.SentCopy,
		Templates: string(c.Templates),
		Trust:     c.Authentication.Trust(), Lists: c.Authentication.Lists, Secret: c.TokenSecret,
	}
	document, err := c.Program.Agreement.Document()
	if err != nil {
		return Options{}, err
	}
	o.Program.AgreementURL = c.Program.Agreement.URL
	if document != nil {
		name := filepath.Base(string(c.Program.Agreement.File))
		o.Program.AgreementFile = &notify.File{Name: name, MediaType: cmp.Or(mime.TypeByExtension(filepath.Ext(name)), "application/octet-stream"), Data: document}
	}
	schedule, err := c.Reminders.Schedule()
	if err != nil {
		return Options{}, fmt.Errorf("reminders.cron: %w", err)
	}
	o.Schedule = schedule
	if o.Digest, err = c.Staff.Schedule(); err != nil {
		return Options{}, fmt.Errorf("staff.digest: %w", err)
	}
	if o.SMTP.Hello == "" {
		o.SMTP.Hello = c.Program.Address.Domain()
	}
	return o, nil
}

// Desk is a desk that is open. Its methods may be called from any goroutine, but
// Run, Settle and Close from one at a time.
type Desk struct {
	Options
	reader intake.Reader
	render *notify.Renderer
	policy rules.Policy

	// session is the mailbox's connection; the goroutine in Run or Settle owns it.
	session *intake.Session
	tended  bool // folders were made sure of on this connection
	begun   bool
	// scanned is when the last complete scan ended, also a former run's; no broken
	// connection moves it.
	scanned time.Time
	compare time.Time
	// most mails are fetched and listed mails are listed at a time; fewer after a
	// failure.
	most, listed int
	// owed wakes the sender after a commit.
	owed chan struct{}
	// trouble remembers which alerts are out, for the notice of recovery.
	trouble *trouble
	// unnoted notes how an attempt ended where that could not be stored at once;
	// the goroutine that sends owns it.
	unnoted func(context.Context) error
	// paused is until when nothing is sent, and how long the next pause will be.
	paused time.Time
	pause  time.Duration
}

// New opens a desk over a migrated store and loads the templates, executing each.
// It connects to nothing and changes nothing.
func New(o Options) (*Desk, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Mode == "" {
		o.Mode = rules.ModeApprove
	}
	if o.Poll <= 0 {
		o.Poll = 2 * time.Minute
	}
	if o.Idle <= 0 {
		o.Idle = 5 * time.Minute
	}
	if o.NewReference == nil {
		o.NewReference = func() rules.Reference { return rules.NewReference(binary.LittleEndian.Uint32(random(4))) }
	}
	if o.NewID == nil {
		o.NewID = func() string { return hex.EncodeToString(random(16)) }
	}
	if o.LookupTXT == nil {
		o.LookupTXT = net.DefaultResolver.LookupTXT
	}
	if o.IMAP.Log == nil {
		o.IMAP.Log = o.Log
	}
	if o.Words == nil {
		words, err := templates.Load(o.Templates)
		if err != nil {
			return nil, err
		}
		o.Words = words
	}
	return &Desk{
		Options: o,
		reader:  intake.Reader{Mailbox: o.Program.Address, Program: string(o.Program.Address), Lists: o.Lists},
		render:  notify.New(o.Words, o.Program),
		policy:  o.Program.Policy,
		owed:    make(chan struct{}, 1),
		trouble: newTrouble(),
		most:    chunkMails,
		listed:  chunkListed,
	}, nil
}

// begin notes, once, what a former run left unfinished.
func (d *Desk) begin(ctx context.Context) error {
	if d.begun {
		return nil
	}
	err := d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error {
		box, err := tx.Mailbox(d.IMAP.Mailbox)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		d.scanned = box.ScannedAt
		n, err := tx.Interrupted(d.Now().Add(uncertainWait))
		if n > 0 {
			d.Log.Warn("sending was interrupted; these messages may have been delivered and are sent once more, unchanged",
				"messages", n, "after", uncertainWait)
		}
		return err
	})
	d.begun = err == nil
	return err
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // documented never to fail
	return b
}

// Run works until the context ends, and then stops cleanly: the mail in hand is
// finished, the delivery in hand is finished. It returns nil after such a stop.
func (d *Desk) Run(ctx context.Context) error {
	if err := d.begin(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("open the desk: %w", err)
	}
	var loops sync.WaitGroup
	loops.Go(func() { d.tendMailbox(ctx) })
	loops.Go(func() { d.tendOutbox(ctx) })
	loops.Wait()
	return d.Close()
}

// Settle does all that is due at this moment, once: reads and decides what lies
// in the mailbox, files it, sends what is owed. Nothing waits when it returns nil.
func (d *Desk) Settle(ctx context.Context) error {
	if err := d.begin(ctx); err != nil {
		return err
	}
	for {
		if err := d.connect(ctx); err != nil {
			return err
		}
		if err := d.scan(ctx, d.session); err != nil {
			return errors.Join(err, d.Close())
		}
		if err := errors.Join(d.remind(ctx), d.digest(ctx)); err != nil {
			return err
		}
		sent, err := d.sendDue(ctx)
		if err != nil || sent == 0 {
			return err
		}
	}
}

// Close ends the mailbox's connection. The store stays the caller's.
func (d *Desk) Close() error {
	if d.session == nil {
		return nil
	}
	s := d.session
	d.session, d.tended = nil, false
	return s.Close()
}

// wake tells the sender that something is owed.
func (d *Desk) wake() {
	select {
	case d.owed <- struct{}{}:
	default:
	}
}

// mode is how much is done by itself for a partner, or for a stranger (nil).
func (d *Desk) mode(p *rules.Partner) rules.Mode {
	if p != nil && p.Mode != "" {
		return p.Mode
	}
	return d.Mode
}

// identity names a message that is about to be rendered.
func (d *Desk) identity(tx *store.Tx) notify.Identity {
	id := d.NewID()
	return notify.Identity{MessageID: id + "@" + d.Program.Address.Domain(), Date: tx.Now().In(d.policy.Location()), Boundary: "leadmail-" + id}
}

// watch reports an event.
func (d *Desk) watch(e Event) {
	if d.Watch != nil {
		d.Watch(e)
	}
}
