package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadmail/cmd/internal/config"
	"leadmail/cmd/internal/desk"
	"leadmail/intake"
	"leadmail/rules"
	"leadmail/store"
	"leadmail/templates"
)

type checkCmd struct {
	Boundary bool `help:"Try the trust boundary too (authentication.mode results): send a forged mail to the mailbox, and say how to repeat it from outside."`
}

// Help teaches by example.
func (checkCmd) Help() string {
	return `Judges the configuration, logs in to the mailbox and to the sending server, opens the database and reads the templates. Missing
folders are created; no mail is moved, and none is sent but by --boundary. In authentication.mode results the headers of the newest mails are
looked at. Exit code 1 when run would fail.

    leadmail check
    leadmail check --boundary
    leadmail --config /etc/leadmail/leadmail.yaml check`
}

// checkup prints findings and remembers whether any of them is fatal.
type checkup struct {
	*app
	fatal int
}

func (c *checkup) ok(what, format string, args ...any) {
	fmt.Fprintf(c.stdout, "ok    %-14s %s\n", what, fmt.Sprintf(format, args...))
}

func (c *checkup) warn(what, found, try string) {
	fmt.Fprintf(c.stdout, "warn  %-14s %s\n", what, found)
	c.try(try)
}

func (c *checkup) fail(what string, err error, try string) {
	c.fatal++
	f := &failure{}
	if errors.As(err, &f) {
		try = cmp.Or(f.hint, try)
	}
	fmt.Fprintf(c.stdout, "FAIL  %-14s %s\n", what, terminal(err.Error()))
	c.try(cmp.Or(hint(err), try))
}

func (c *checkup) try(s string) {
	if s != "" {
		fmt.Fprintf(c.stdout, "      %-14s try: %s\n", "", s)
	}
}

// Run looks at everything, whatever it finds on the way.
func (k checkCmd) Run(a *app) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	c := &checkup{app: a}
	c.ok("configuration", "%s, mode %s, zone %s", cfg.File, cfg.Mode, cfg.Program.TimeZone)
	if cfg.Authentication.Mode == rules.AuthTrustFrom {
		c.warn("sender", trustWarning, "")
	}
	o, err := desk.FromConfig(cfg)
	if err != nil {
		c.fail("configuration", err, "name a readable file with certificates in PEM, or take ca_file out")
	} else {
		c.mailbox(cfg, o.IMAP)
		c.sending(cfg, o)
		if c.fatal == 0 {
			c.boundary(cfg, o, k.Boundary)
		}
		if _, err := cfg.TokenSecret(); err != nil {
			c.fail("secret", err, "")
		}
	}
	c.database(cfg, o.Program.Policy)
	if _, err := templates.Load(string(cfg.Templates)); err != nil {
		c.fail("templates", err, "mend the line named, or take the file away to use the built-in one")
	} else if cfg.Templates != "" {
		c.ok("templates", "%s", cfg.Templates)
	} else {
		c.ok("templates", "the built-in ones")
	}
	if c.fatal > 0 {
		fmt.Fprintf(a.stdout, "\nleadmail run would fail: %d thing(s) to mend.\n", c.fatal)
		return errSaid
	}
	fmt.Fprintln(a.stdout, "\nleadmail run would work.")
	return nil
}

// mailbox logs in and looks for what the desk needs there.
func (c *checkup) mailbox(cfg *config.Config, server intake.Server) {
	if _, err := cfg.IMAPPassword(); err != nil {
		c.fail("imap", err, "")
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, 3*cfg.IMAP.Timeout)
	defer cancel()
	s, err := intake.Dial(ctx, server)
	if err != nil {
		try := ""
		if errors.Is(err, intake.ErrTLS) {
			try = "compare imap.tls and the port with the provider's: tls with 993, starttls with 143"
		}
		c.fail("imap", err, try)
		return
	}
	defer s.Close()
	c.ok("imap", "logged in to %s as %s", cfg.IMAP.Address, cfg.IMAP.Username)
	box, err := s.Select(ctx)
	if err != nil {
		c.fail("mailbox", err, "write the name of a folder that exists into imap.mailbox; it is usually INBOX")
		return
	}
	c.ok("mailbox", "%s has %d mail(s)", cfg.IMAP.Mailbox, box.Messages)
	if err := s.Ensure(ctx, cfg.IMAP.Folders.All()); err != nil {
		try := "create the folders under imap.folders by hand, or give this account the right to (ACL: k on the parent folder)"
		if errors.Is(err, intake.ErrQuota) {
			try = "make room in the mailbox, or have its quota raised"
		}
		c.fail("folders", err, try)
	} else {
		c.ok("folders", "%s: there, or created now", strings.Join(cfg.IMAP.Folders.All(), ", "))
	}
	c.capabilities(s.Capabilities())
	c.clock(ctx, s, box)
}

// capabilities says what the server lacks and what that costs (MAIL.md, Ten findings).
func (c *checkup) capabilities(caps []string) {
	has := func(name string) bool {
		return slices.ContainsFunc(caps, func(s string) bool { return strings.EqualFold(s, name) })
	}
	move, plus := has("MOVE"), has("UIDPLUS")
	switch {
	case move:
		c.ok("filing", "MOVE")
	case plus:
		c.ok("filing", "COPY and UID EXPUNGE (the server has no MOVE)")
	default:
		c.warn("filing", "the server has neither MOVE nor UIDPLUS: a filed mail stays in the mailbox, marked as deleted",
			"let a mail client purge the mailbox now and then, or ask the provider for MOVE")
	}
	if has("IDLE") {
		c.ok("arrival", "IDLE")
	} else {
		c.warn("arrival", "the server has no IDLE: mail is seen when the mailbox is polled", "shorten imap.poll if that is too late")
	}
}

// clockOff is how far the clock may be behind the mail server's before dates
// could come out wrong.
const clockOff = 5 * time.Minute

// clock compares ours with the receipt of the newest mail: what was received
// later than now shows that one of the two is wrong. The date that counts for a
// registration is the server's (D1).
func (c *checkup) clock(ctx context.Context, s *intake.Session, box intake.Selected) {
	now := c.now()
	var newest time.Time
	if box.Messages > 0 && box.UIDNext > 1 {
		if uids, err := s.Search(ctx, box.UIDNext-min(box.UIDNext, 100)); err == nil && len(uids) > 0 {
			if found, err := s.Headers(ctx, uids[len(uids)-1:]); err == nil && len(found) > 0 {
				newest = found[0].Received
			}
		}
	}
	switch {
	case newest.IsZero():
		c.ok("clock", "%s; no mail to compare it with", text(now))
	case newest.Sub(now) > clockOff:
		c.warn("clock", fmt.Sprintf("it is %s here, and the newest mail was received at %s", text(now), text(newest)), "set this machine's clock by NTP; if it is right, the mail server's is not, and registrations are dated by that")
	default:
		c.ok("clock", "%s; the newest mail was received at %s", text(now), text(newest))
	}
}

func (c *checkup) sending(cfg *config.Config, o desk.Options) {
	if _, err := cfg.SMTPPassword(); err != nil {
		c.fail("smtp", err, "")
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, 3*cfg.SMTP.Timeout)
	defer cancel()
	if err := o.SMTP.Check(ctx); err != nil {
		c.fail("smtp", err, "compare smtp.address, smtp.tls, username and password with the provider's; many want an app password here")
		return
	}
	if cfg.SMTP.Username == "" {
		c.ok("smtp", "%s takes mail without a login", cfg.SMTP.Address)
	} else {
		c.ok("smtp", "logged in to %s as %s", cfg.SMTP.Address, cfg.SMTP.Username)
	}
}

func (c *checkup) database(cfg *config.Config, policy rules.Policy) {
	if err := exists(cfg.Database); err != nil {
		c.fail("database", err, "")
		return
	}
	db, err := store.Open(c.ctx, cfg.Database.URL())
	if err != nil {
		c.fail("database", fmt.Errorf("cannot open %s: %w", cfg.Database, err), "compare database with where it is, and see that it runs and lets this user in")
		return
	}
	defer db.Close()
	pending, err := db.Pending(c.ctx)
	switch {
	case err != nil:
		c.fail("database", err, "")
		return
	case pending > 0:
		c.warn("database", fmt.Sprintf("%s lacks %d migration(s)", cfg.Database, pending), "back it up; leadmail run carries them out")
		return
	}
	c.ok("database", "%s", cfg.Database)
	var partners []rules.Partner
	var box store.MailboxState
	err = db.View(c.ctx, func(tx *store.Tx) (err error) {
		if partners, err = tx.Partners(); err != nil {
			return err
		}
		if box, err = tx.Mailbox(cfg.IMAP.Mailbox); errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err == nil {
		c.lastScan(cfg, box.ScannedAt)
	}
	switch {
	case err != nil:
		c.fail("database", err, "")
	case len(partners) == 0:
		c.warn("partners", "the roster is empty: every mail would be from an unknown sender", "leadmail partners add --help")
	default:
		today, active := policy.Day(c.now()), 0
		for _, p := range partners {
			if partnerState(p, today) == "active" {
				active++
			}
		}
		c.ok("partners", "%d, of which %d can register leads today", len(partners), active)
	}
}

// lastScan says when run last read the mailbox whole, which is its health: a
// connection that stands, or a scan that was begun, proves nothing.
func (c *checkup) lastScan(cfg *config.Config, ended time.Time) {
	ago := c.now().Sub(ended).Round(time.Second)
	switch {
	case ended.IsZero():
		c.ok("last scan", "none yet: leadmail run has not read %s", cfg.IMAP.Mailbox)
	case ago > 3*cfg.IMAP.Poll+cfg.IMAP.Timeout:
		c.warn("last scan", fmt.Sprintf("%s was last read whole at %s, %s ago", cfg.IMAP.Mailbox, text(ended), ago),
			"start leadmail run; if it runs, its log says what keeps it from the mailbox")
	default:
		c.ok("last scan", "%s was last read whole at %s, %s ago", cfg.IMAP.Mailbox, text(ended), ago)
	}
}
