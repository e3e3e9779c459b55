// Package demo is a whole partner program on one machine: a mail server and a
// database of its own, a small roster, sample mails, and the very desk of
// `leadmail run` answering them in mode auto. Nothing leaves the machine and
// nothing stays.
package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"leadmail/cmd/internal/config"
	"leadmail/cmd/internal/desk"
	"leadmail/cmd/internal/mailhost"
	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
)

// ErrVerdict is wrapped where an expected answer did not arrive.
var ErrVerdict = errors.New("the demo did not go as expected")

const (
	mailbox  = "partners@leanstack.example"
	staff    = "desk@leanstack.example"
	password = "demo"
	// patience is how long an answer may take: generous, since a machine may be
	// busy; an answer usually takes well under a second.
	patience = time.Minute
)

// Options are how the demo is run.
type Options struct {
	// Once ends after the sample conversation.
	Once bool
	// Out gets the conversation.
	Out io.Writer
	// Color marks who speaks.
	Color bool
	// IMAP and SMTP are where the mail server listens, such as 127.0.0.1:1143;
	// "" takes a free port. Only addresses of this machine itself are served.
	IMAP, SMTP string
	// Log gets the desk's log; nil for none.
	Log *slog.Logger
}

// Run plays the sample conversation, and then, unless it is to be over at once,
// stays up until the context ends. The error wraps ErrVerdict where an expected
// verdict was not seen in the partner's mailbox.
func Run(ctx context.Context, o Options) (err error) {
	dir, err := os.MkdirTemp("", "leadmail-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := open(ctx, o, filepath.Join(dir, "leadmail.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	ctx, stop := context.WithCancel(ctx)
	var working sync.WaitGroup
	working.Go(func() { s.failure = s.desk.Run(ctx) })
	defer func() {
		stop()
		working.Wait()
		err = errors.Join(err, s.failure)
	}()

	s.welcome()
	if err := s.play(ctx); err != nil {
		return err
	}
	if o.Once {
		return nil
	}
	s.invite()
	<-ctx.Done()
	return nil
}

// show is a running demo.
type show struct {
	Options
	host    *mailhost.Host
	db      *store.DB
	desk    *desk.Desk
	smtp    notify.SMTP
	imap    intake.Server
	failure error
	roster  []rules.Partner
	mu      sync.Mutex // of Out
	mails   int
	// ahead is by how much the demo's clock has been moved.
	ahead atomic.Int64
}

// clock is the demo's: the machine's, moved ahead where the conversation skips
// months.
func (s *show) clock() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// skip moves the clock ahead to an hour of the day that lies so many days from today.
func (s *show) skip(days int) {
	now := s.clock().UTC()
	to := time.Date(now.Year(), now.Month(), now.Day()+days, 9, 0, 0, 0, time.UTC)
	s.ahead.Add(int64(to.Sub(now)))
	s.print(s.bold(fmt.Sprintf("%d days later: %s", days, to.Format("2 January 2006"))) + "\n")
}

func open(ctx context.Context, o Options, database string) (*show, error) {
	s := &show{Options: o}
	var err error
	if s.host, err = mailhost.Start(cmp.Or(o.IMAP, "127.0.0.1:0"), cmp.Or(o.SMTP, "127.0.0.1:0"), s.clock); err != nil {
		return nil, err
	}
	if s.db, err = store.Open(ctx, database); err != nil {
		return nil, errors.Join(err, s.host.Close())
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *show) prepare(ctx context.Context) error {
	if _, err := s.db.Migrate(ctx); err != nil {
		return err
	}
	policy := rules.DefaultPolicy()
	policy.VendorDomains = []string{"leanstack.example"}
	for _, a := range []string{mailbox, staff, stranger} {
		if err := s.host.AddUser(a, password); err != nil {
			return err
		}
	}
	s.roster = roster(policy.Day(time.Now()))
	err := s.db.Update(ctx, time.Now(), func(tx *store.Tx) error {
		for _, p := range s.roster {
			if err := tx.SavePartner(p, "demo", "sample roster", policy.OwnOrganisations(p)...); err != nil {
				return err
			}
			if err := s.host.AddUser(string(p.Addresses[0]), password); err != nil {
				return err
			}
		}
		return tx.SaveCustomer(rules.Customer{Organisation: "harborandvine.example", Name: "Harbor & Vine, Inc."}, "demo")
	})
	if err != nil {
		return err
	}
	schedule, err := config.Default().Reminders.Schedule()
	if err != nil {
		return err
	}
	secret := func() (string, error) { return password, nil }
	s.smtp = notify.SMTP{Addr: s.host.SMTPAddr, TLS: "none", Username: mailbox, Password: secret, Hello: "leanstack.example"}
	s.imap = intake.Server{Addr: s.host.IMAPAddr, TLS: "none", Username: mailbox, Password: secret, Mailbox: "INBOX"}
	s.desk, err = desk.New(desk.Options{
		Store: s.db, IMAP: s.imap, SMTP: s.smtp, Mode: rules.ModeAuto, Staff: []rules.Address{staff},
		Program: notify.Program{Name: "LEANSTACK Partner Program", Address: mailbox, Policy: policy},
		Folders: config.Default().IMAP.Folders, SentCopy: true, StartAll: true, Log: s.Log, Watch: s.watch, Now: s.clock, Schedule: schedule,
	})
	return err
}

func (s *show) close() error { return errors.Join(s.db.Close(), s.host.Close()) }

// play sends the sample mails one after the other, each by SMTP from its partner,
// and waits for its answer in that partner's mailbox.
func (s *show) play(ctx context.Context) error {
	boxes := map[rules.Address]*box{}
	defer func() {
		for _, b := range boxes {
			_ = b.session.Close()
		}
	}()
	for _, line := range conversation {
		b := boxes[line.from]
		if b == nil {
			var err error
			if b, err = s.openBox(ctx, line.from); err != nil {
				return err
			}
			boxes[line.from] = b
		}
		if line.later > 0 {
			s.skip(line.later)
		}
		raw := line.mail(b.last, s.clock())
		if err := s.smtp.Deliver(ctx, line.from, mailbox, raw); err != nil {
			return fmt.Errorf("send the sample mail %q: %w", line.subject, err)
		}
		if line.expect == "" {
			continue // never answered; the mails after it show that the desk went on
		}
		// The clock has moved before the mail is there: either may come first.
		wanted := []string{line.expect}
		if line.reminder != "" {
			wanted = append(wanted, line.reminder)
		}
		for len(wanted) > 0 {
			got, err := b.next(ctx)
			if err != nil {
				return fmt.Errorf("%w: %q of %s: %w", ErrVerdict, line.subject, line.from, err)
			}
			at := slices.IndexFunc(wanted, func(w string) bool { return strings.Contains(got.Text, w) })
			if at < 0 {
				return fmt.Errorf("%w: %q of %s was answered with\n\n%s\n\nand not with %q", ErrVerdict, line.subject, line.from, got.Text, wanted)
			}
			wanted = slices.Delete(wanted, at, at+1)
		}
	}
	return nil
}

// box is a partner's own mailbox, read by IMAP as a mail client does.
type box struct {
	session *intake.Session
	seen    uint32
	last    intake.Message
}

func (s *show) openBox(ctx context.Context, address rules.Address) (*box, error) {
	server := s.imap
	server.Username = string(address)
	session, err := intake.Dial(ctx, server)
	if err != nil {
		return nil, err
	}
	_, err = session.Select(ctx)
	return &box{session: session}, err
}

// next waits for the next mail.
func (b *box) next(ctx context.Context) (intake.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		uids, err := b.session.Search(ctx, b.seen)
		if err != nil {
			return intake.Message{}, err
		}
		if len(uids) > 0 {
			b.seen = slices.Min(uids)
			err := b.session.Fetch(ctx, []uint32{b.seen}, func(f intake.Fetched) error {
				b.last = intake.Reader{}.Read(f.Raw)
				return nil
			})
			return b.last, err
		}
		if _, err := b.session.Idle(ctx, 5*time.Second); err != nil {
			return intake.Message{}, fmt.Errorf("no answer within %s: %w", patience, err)
		}
	}
}

// watch prints what the desk does, as it happens.
func (s *show) watch(e desk.Event) {
	switch {
	case e.Decided != nil:
		s.decided(*e.Decided)
	case e.Sent != nil && e.Sent.To != staff:
		does := "answers"
		if e.Sent.Kind == store.KindReminder {
			does = "reminds"
		}
		m := intake.Reader{}.Read(e.Sent.Raw)
		s.print(fmt.Sprintf("  %s\n%s\n", s.bold("leadmail "+does+" "+string(e.Sent.To)), indent(m.Text, "  │ ")))
	}
}

func (s *show) decided(d desk.Decided) {
	var b strings.Builder
	s.mails++
	fmt.Fprintf(&b, "%s\n%s\n", s.bold(fmt.Sprintf("%d. %s writes: %s", s.mails, cmp.Or(d.Request.FromName, string(d.Request.From)), d.Request.Subject)),
		indent(d.Mail.Text, "  │ "))
	for i, p := range d.Request.Prospects {
		fmt.Fprintf(&b, "  read    %d. %s\n", i+1, fields(p))
	}
	if len(d.Request.Prospects) == 0 {
		fmt.Fprintf(&b, "  read    %s\n", strings.ReplaceAll(string(d.Request.Kind), "_", " "))
	}
	for _, j := range d.Decision.Judgements {
		fmt.Fprintf(&b, "  verdict %s\n", verdict(j))
	}
	for _, a := range d.Decision.Actions {
		fmt.Fprintf(&b, "  verdict %s %s: %s\n", a.Verb, a.Ref, cmp.Or(string(a.Check), string(a.Decision)))
	}
	if len(d.Decision.Judgements)+len(d.Decision.Actions) == 0 {
		fmt.Fprintf(&b, "  verdict %s\n", cmp.Or(d.Decision.Why, string(d.Decision.State)))
	}
	fmt.Fprintf(&b, "  filed   Leadmail/%s\n", d.Decision.Folder)
	if d.Decision.Reply == rules.ReplyNone || d.Decision.Withheld != "" {
		fmt.Fprintf(&b, "  answer  none%s\n", orNot(": ", d.Decision.Withheld))
	}
	s.print(b.String())
}

// orNot is s with what comes before it, or nothing.
func orNot(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

// fields is what was read of a prospect, in one line.
func fields(p rules.Reading) string {
	var out []string
	for _, f := range rules.Fields {
		if v := p.Get(f); v != "" {
			out = append(out, strings.ReplaceAll(string(f), "_", " ")+": "+v)
		}
	}
	return strings.Join(out, " · ")
}

// verdict is a judgement in one line, for people who look on.
func verdict(j rules.Judgement) string {
	line := fmt.Sprintf("%s %s", j.Ref, strings.ReplaceAll(string(j.Decision), "_", " "))
	var reasons []string
	for _, r := range j.Reasons {
		reason := strings.ReplaceAll(string(r.Code), "_", " ")
		if r.Field != "" {
			reason += " (" + strings.ReplaceAll(string(r.Field), "_", " ") + ")"
		}
		reasons = append(reasons, reason)
	}
	line += orNot(" because: ", strings.Join(reasons, ", "))
	switch j.Decision {
	case rules.Accepted, rules.Renewed, rules.Queued:
		line += ", until " + j.Term.Until.Words()
	}
	return line
}

func (s *show) welcome() {
	s.print(fmt.Sprintf(`This is a partner program with %d partners, a mail server and a database of its own,
all on this machine. Partners write to %s; the desk reads, decides,
files and answers. Below: what came, what was read, the verdict, and the answer
as the partner sees it.
`, len(s.roster), mailbox))
}

func (s *show) invite() {
	imapHost, imapPort, _ := strings.Cut(s.host.IMAPAddr, ":")
	smtpHost, smtpPort, _ := strings.Cut(s.host.SMTPAddr, ":")
	s.print(fmt.Sprintf(`%s

Connect an ordinary mail client on this machine:

  account   %s (or %s, %s)
  incoming  IMAP, %s port %s, no encryption, user name: the address, password: %s
  outgoing  SMTP, %s port %s, no encryption, the same user name and password

Write to %s, for example:

  First name: Oliver
  Last name: Penhaligon
  Email: oliver@saltmarsh-foods.example
  URL: saltmarsh-foods.example
  Company: Saltmarsh Foods
  Lead type: Q

Leave a line out and see what is asked. Log in as %s to see
the folders and, as %s, what staff get.
Ctrl-C ends it; nothing stays.
`, s.bold("Now it is your turn."), pat, rita, staff,
		imapHost, imapPort, password, smtpHost, smtpPort, mailbox, mailbox, staff))
}

func (s *show) print(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(s.Out, text)
}

func (s *show) bold(text string) string {
	if !s.Color {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

// indent puts a mark before each line, and leaves out what a partner scrolls past.
func indent(text, mark string) string {
	return mark + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+mark)
}
