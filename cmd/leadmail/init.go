package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"leadmail/cmd/internal/config"
	"leadmail/store"
)

type initCmd struct{}

// Help teaches by example.
func (initCmd) Help() string {
	return `Writes leadmail.yaml with every key explained, and the database beside it. Nothing that exists is overwritten. Mode is
approve: every reply waits until staff release it.

    leadmail init
    leadmail --config /etc/leadmail/leadmail.yaml init`
}

// Run writes what is missing. A second run changes nothing and says so.
func (initCmd) Run(a *app) error {
	path := a.configFile()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		fmt.Fprintf(a.stdout, "%s is there already: kept as it is\n", path)
	case err != nil:
		return failed(cmp.Or(hint(err), "make the folder first"), "cannot write the configuration: %w", err)
	default:
		_, err := f.WriteString(config.Example)
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		fmt.Fprintf(a.stdout, "%s is written: replace what stands there uncommented\n", path)
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	if err := a.create(c); err != nil {
		return err
	}
	fmt.Fprint(a.stdout, confirm)
	fmt.Fprintf(a.stdout, "\nNext: edit %s, then\n\n    leadmail check\n    leadmail partners add --help\n    leadmail run\n", path)
	return nil
}

// create makes the database and its tables. One that is there is left to run,
// which brings it up to date: nobody expects init to change what exists.
func (a *app) create(c *config.Config) (err error) {
	there := exists(c.Database) == nil && !c.Database.Postgres()
	db, err := store.Open(a.ctx, c.Database.URL())
	if err != nil {
		return failed(hint(err), "cannot open the database %s: %w", c.Database, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	pending, err := db.Pending(a.ctx)
	if err == nil && !there {
		_, err = db.Migrate(a.ctx)
	}
	switch {
	case err != nil:
		return failed(hint(err), "cannot prepare the database %s: %w", c.Database, err)
	case !there:
		fmt.Fprintf(a.stdout, "the database %s is ready\n", c.Database)
	case pending > 0:
		fmt.Fprintf(a.stdout, "the database %s is there already: kept as it is; it lacks %d migration(s), leadmail run carries them out\n", c.Database, pending)
	default:
		fmt.Fprintf(a.stdout, "the database %s is there already: kept as it is\n", c.Database)
	}
	return nil
}

// confirm are the decisions that the vendor's published policy leaves open and
// that cost somebody something: RULES.md asks that the vendor confirm them.
const confirm = `
Four points to confirm with the vendor before real partners write (docs/policy.md):

  D15  An existing customer of the vendor is refused as a Qualified Lead and accepted as a Managed
       Customer.  program.register_customers
  D26  A registration can be renewed within the last 30 days of its term: the next term follows without
       a gap and takes no second slot.  program.renewal_early, program.renewal_window
  D35  When a partner's subscription ends, nothing new is accepted from that day; its registrations are
       frozen for 14 days and then released.  program.release_after_days
  D42  Managed Customers earn no revenue share, and every acceptance of one says so.
       program.revenue_share.lead_types
`
