package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "leadmail.db") }

func TestSQLite(t *testing.T) {
	t.Parallel()
	suite(t, file)
}

func TestSQLiteFile(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"a plain name":                        "leadmail.db",
		"a name that a URL would misread":     "what? 100% of #1 & ü.db",
		"a name that looks like a URL's part": "file:a.db",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), path)
			db := fresh(t, func(testing.TB) string { return path })
			db.enter(t, joined("northwind"))
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != 0o600 {
				t.Errorf("the file has mode %o, want 600", got)
			}
			entries, err := os.ReadDir(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if i, err := e.Info(); err == nil && i.Mode().Perm() != 0o600 {
					t.Errorf("%s has mode %o, want 600", e.Name(), i.Mode().Perm())
				}
				if !strings.HasPrefix(e.Name(), filepath.Base(path)) || strings.HasSuffix(e.Name(), "-migrating") {
					t.Errorf("%s was left behind", e.Name())
				}
			}
		})
	}
}

func TestSQLiteOpensAsItMust(t *testing.T) {
	t.Parallel()
	db := fresh(t, file)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var write, read string
		if err := db.write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&write); err != nil {
			t.Fatal(err)
		}
		if err := db.read.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&read); err != nil {
			t.Fatal(err)
		}
		if write != want || read != want {
			t.Errorf("%s is %s for writing and %s for reading, want %s", pragma, write, read, want)
		}
	}
	if n := db.write.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d connections may write, want 1", n)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder.db")); err == nil || !strings.Contains(err.Error(), "does the folder exist") {
		t.Errorf("a missing folder: %v", err)
	}
	_, err := Open(t.Context(), "postgres://pat:hunter2@127.0.0.1:1/leadmail?connect_timeout=1")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("nobody listens: %v", err)
	}
	_, err = Open(t.Context(), "postgres://pat:hunter2@127.0.0.1:nonsense/leadmail")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("no URL: %v", err)
	}
}

// What is migrated on one database is migrated on the other.
func TestMigrationsComeInPairs(t *testing.T) {
	t.Parallel()
	names := func(dialect string) (names []string) {
		files, err := migrations.ReadDir("migrations/" + dialect)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			names = append(names, f.Name())
		}
		return names
	}
	same(t, "migrations", names("postgres"), names("sqlite"))
}

// A disk without room is played by a database that may not grow.
func TestSQLiteDiskFull(t *testing.T) {
	t.Parallel()
	db := fresh(t, file)
	db.enter(t, joined("northwind"))
	db.update(t, func(tx *Tx) error { _, err := tx.decide("northwind", grant(ref(1), "acme.example", 1)); return err })
	before := db.schemaAndRows(t)
	if err := db.raw("PRAGMA max_page_count = 1"); err != nil { // SQLite takes the present size
		t.Fatal(err)
	}
	big := make([]byte, 1<<20)
	err := db.Update(t.Context(), received, func(tx *Tx) error {
		if err := tx.Savepoint("a small mail", func() error { return tx.Suppress("small@x.example", "fits") }); err != nil {
			return err
		}
		err := tx.Savepoint("a big mail", func() error {
			_, err := tx.Queue(OutboxMessage{Key: "reply/1/1", Raw: big})
			return err
		})
		if full := (*sqlite.Error)(nil); !errors.As(err, &full) || full.Code() != sqlite3.SQLITE_FULL {
			t.Errorf("the big mail: got %v, want that the disk is full", err)
		}
		// SQLite may have rolled the transaction back; what runs now would be
		// committed alone.
		if err := tx.Suppress("after@x.example", "must not be kept"); err == nil {
			t.Error("a statement ran after the disk was full")
		}
		return nil
	})
	if err == nil {
		t.Error("a transaction was committed although the disk is full")
	}
	same(t, "what is stored after the disk was full", db.schemaAndRows(t), before)
	if err := db.raw("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	db.update(t, func(tx *Tx) error {
		_, err := tx.Queue(OutboxMessage{Key: "reply/1/1", Raw: big})
		return err
	})
	var ok string
	if err := db.read.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&ok); err != nil || ok != "ok" {
		t.Errorf("integrity: %s, %v", ok, err)
	}
}

// schemaAndRows counts the rows of each table.
func (db *DB) schemaAndRows(t testing.TB) map[string]int {
	t.Helper()
	rows, err := db.read.QueryContext(context.Background(), "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, table := range allStrings(t, rows) {
		counts[table] = db.count(t, table)
	}
	return counts
}

// A second writer waits for the first instead of failing, though it reads before
// it writes.
func TestSQLiteWritersWait(t *testing.T) {
	t.Parallel()
	path := file(t)
	db := fresh(t, func(testing.TB) string { return path })
	db.enter(t, joined("northwind"))
	others := make([]*DB, 4)
	for i := range others {
		others[i] = connect(t, path)
	}
	for _, err := range together(len(others), func(i int) error {
		for range 20 {
			if err := others[i].Update(context.Background(), received, func(tx *Tx) error {
				p, err := tx.Partner("northwind")
				if err != nil {
					return err
				}
				return tx.SavePartner(p, "staff", "again")
			}); err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if got := len(see(t, db, func(tx *Tx) ([]Event, error) { return tx.History("northwind") })); got != 81 {
		t.Errorf("%d changes are in the history, want 81", got)
	}
}
