package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"leadmail/cmd/internal/desk"
	"leadmail/rules"
	"leadmail/store"
)

type runCmd struct {
	Log   string `help:"How to log, to standard error: text or json." enum:"text,json" default:"text"`
	Debug bool   `help:"Log what only a developer wants to see; addresses appear in full."`
}

// Help teaches by example.
func (runCmd) Help() string {
	return `Brings the database up to date, then watches the mailbox until SIGTERM or Ctrl-C. The mail and the delivery in hand are
finished; a second signal ends at once, and nothing is lost or answered twice by it.

    leadmail check && leadmail run
    leadmail run --log json`
}

// Run is the daemon.
func (c runCmd) Run(a *app) (err error) {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	log := newLog(a.stderr, c.Log, c.Debug)
	o, err := desk.FromConfig(cfg)
	if err != nil {
		return failed("leadmail check says what is missing", "%w", err)
	}
	if err := exists(cfg.Database); err != nil {
		return err
	}
	// A secret that is not there is a mistake of today; one that the server
	// refuses may be a change under way, and is tried again.
	for _, read := range []func() (string, error){cfg.IMAPPassword, cfg.SMTPPassword, cfg.TokenSecret} {
		if _, err := read(); err != nil {
			return failed("leadmail check says what else is missing", "%w", err)
		}
	}
	ctx, stop := a.until()
	defer stop()
	db, err := store.Open(ctx, cfg.Database.URL())
	if err != nil {
		return failed(hint(err), "cannot open the database %s: %w", cfg.Database, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	applied, err := db.Migrate(ctx)
	if err != nil {
		return failed(hint(err), "cannot bring the database %s up to date: %w", cfg.Database, err)
	}
	if applied > 0 {
		log.Info("the database was brought up to date", "migrations", applied)
	}
	o.Store, o.Now, o.NewReference, o.Log = db, a.now, a.reference, log
	d, err := desk.New(o)
	if err != nil {
		return err
	}
	if cfg.Authentication.Mode == rules.AuthTrustFrom {
		log.Warn(trustWarning)
	}
	if err := warnOfBoundary(ctx, db, o.Trust, log); err != nil {
		return err
	}
	log.Info("leadmail runs", "version", versionWords(), "mode", cfg.Mode, "mailbox", cfg.IMAP.Username, "database", cfg.Database, "zone", cfg.Program.TimeZone)
	if err := d.Run(ctx); err != nil {
		return err
	}
	log.Info("leadmail has stopped")
	return nil
}

// warnOfBoundary says at each start that the trust boundary is not proved, until
// it is.
func warnOfBoundary(ctx context.Context, db *store.DB, t rules.Trust, log *slog.Logger) error {
	if t.Mode != rules.AuthResults {
		return nil
	}
	var p *proof
	err := db.View(ctx, func(tx *store.Tx) (err error) {
		p, err = proved(tx, t)
		return err
	})
	switch {
	case err != nil:
		return err
	case p == nil:
		log.Warn(boundaryWarning, "try", "leadmail check --boundary")
	case !p.Holds:
		log.Warn("the trust boundary does not hold: "+p.Seen, "tried", p.At, "try", boundaryHint)
	}
	return nil
}

// trustWarning is said by check and at each start.
const trustWarning = "authentication.mode is trust_from: whoever can deliver to this mailbox can write in any partner's name; use it only behind a server that filters"

// newLog writes for a person at a terminal or, with json, for a machine.
func newLog(w io.Writer, how string, debug bool) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if debug {
		o.Level = slog.LevelDebug
	}
	if how == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// isTerminal says whether a person is looking: colours and hints for the eye.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
