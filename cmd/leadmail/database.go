package main

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"

	"leadmail/cmd/internal/config"
	"leadmail/rules"
	"leadmail/store"
)

// records is the program's database together with the rules under which it is
// kept.
type records struct {
	*store.DB
	config *config.Config
	policy rules.Policy
}

// load reads the configuration.
func (a *app) load() (*config.Config, error) { return config.Load(a.configFile(), a.env) }

// configFile is --config, or LEADMAIL_CONFIG, or the file in this folder.
func (a *app) configFile() string {
	if a.config != "" {
		return a.config
	}
	if named, _ := a.env("LEADMAIL_CONFIG"); named != "" {
		return named
	}
	return "leadmail.yaml"
}

// records opens the database of the configuration for a command at the prompt.
// It neither creates nor migrates it: init creates, run migrates.
func (a *app) records() (*records, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	policy, err := c.Policy()
	if err != nil {
		return nil, err
	}
	if err := exists(c.Database); err != nil {
		return nil, err
	}
	db, err := store.Open(a.ctx, c.Database.URL())
	if err != nil {
		return nil, failed(cmp.Or(hint(err), "leadmail check says what is wrong with it"), "cannot open the database %s: %w", c.Database, err)
	}
	pending, err := db.Pending(a.ctx)
	if err == nil && pending > 0 {
		err = failed("start leadmail run once: it brings the database up to date", "the database %s lacks %d migration(s) that this leadmail needs", c.Database, pending)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &records{DB: db, config: c, policy: policy}, nil
}

// exists says whether there is a database file; a server is asked later.
func exists(d config.Database) error {
	if d.Postgres() {
		return nil
	}
	if _, err := os.Stat(d.URL()); errors.Is(err, fs.ErrNotExist) {
		return failed("write one with: leadmail init", "there is no database %s", d)
	}
	return nil
}

// view runs fn on one state of the records.
func (a *app) view(fn func(*records, *store.Tx) error) error {
	r, err := a.records()
	if err != nil {
		return err
	}
	defer r.Close()
	return r.View(a.ctx, func(tx *store.Tx) error { return fn(r, tx) })
}

// change runs fn in one transaction that writes.
func (a *app) change(fn func(*records, *store.Tx) error) error {
	r, err := a.records()
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Update(a.ctx, a.now(), func(tx *store.Tx) error { return fn(r, tx) })
}

// errDry undoes the transaction of a dry run: it writes what would be written,
// so that the database's own guards have their say, and leaves nothing.
var errDry = errors.New("dry run")

// importing judges every line of an import in a savepoint of its own, and keeps
// the whole only if it was asked for, no line is wrong, and nothing speaks against all
// of them together.
func (a *app) importing(flags imported, lines []csvLine, one func(*records, *store.Tx, csvLine) (what, why string, err error), judges ...func() error) error {
	var fates []fate
	var refused error
	err := a.change(func(r *records, tx *store.Tx) error {
		bad := false
		for _, l := range lines {
			f := fate{line: l.line}
			err := tx.Savepoint("line", func() (err error) {
				f.what, f.why, err = one(r, tx, l)
				return err
			})
			if err != nil {
				bad, f.what, f.why = true, wrong, err.Error()
				if h := (*failure)(nil); errors.As(err, &h) && h.hint != "" {
					f.why += "; " + h.hint
				}
			}
			fates = append(fates, f)
		}
		for _, judge := range judges {
			refused = cmp.Or(refused, judge())
		}
		if bad || refused != nil || !flags.Yes {
			return errDry
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDry) {
		return err
	}
	return cmp.Or(a.reportImport(flags, fates, refused == nil), refused)
}

// newReference draws a reference at random: nobody can guess a neighbour's.
func newReference() rules.Reference {
	var b [4]byte
	rand.Read(b[:])
	return rules.NewReference(binary.BigEndian.Uint32(b[:]))
}
