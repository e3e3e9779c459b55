package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect holds all that differs between the two databases. The SQL of the
// other files is the same for both.
type dialect struct {
	name  string // and the folder of its migrations
	goose goose.Dialect
	// among compares with a parameter that holds a JSON array of texts: on SQLite
	// there is no = ANY($1). On PostgreSQL the array lets it take the index, where
	// a subquery would be hashed against the whole table (20,000 registrations:
	// 25 ms, against 1).
	among string
	// forUpdate locks the rows that a SELECT returns. SQLite has one writer and
	// needs none.
	forUpdate string
	// versions asks whether goose's table is there.
	versions string
	// view are the options of a reading transaction.
	view *sql.TxOptions
}

var sqliteDialect = dialect{
	name:     "sqlite",
	goose:    goose.DialectSQLite3,
	among:    "IN (SELECT value FROM json_each(%s))",
	versions: "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'",
}

var postgresDialect = dialect{
	name:      "postgres",
	goose:     goose.DialectPostgres,
	among:     "= ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(CAST(%s AS text) AS jsonb))))",
	forUpdate: " FOR UPDATE",
	versions:  "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('goose_db_version')",
	view:      &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead},
}

// in is a condition's right side: the texts of the JSON array in parameter
// number n, as bound by texts.
func (d dialect) in(n int) string { return fmt.Sprintf(d.among, fmt.Sprintf("$%d", n)) }

// verdict is what a database's error means to this package.
type verdict int

const (
	other    verdict = iota
	taken            // a unique guard refused, or two transactions got in each other's way
	fatal            // the transaction may be gone; nothing more may be run in it
	checking         // a CHECK or a foreign key refused: a mistake of the program
)

// judge reads an error of either driver.
func (d dialect) judge(err error) verdict {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		switch pg.Code {
		case "23505", "40001", "40P01", "55P03": // unique, serialization, deadlock, lock timeout
			return taken
		case "23514", "23503", "23502":
			return checking
		}
		return other
	}
	if lite := (*sqlite.Error)(nil); errors.As(err, &lite) {
		switch code := lite.Code(); {
		case code == sqlite3.SQLITE_CONSTRAINT_UNIQUE, code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return taken
		case code&0xff == sqlite3.SQLITE_CONSTRAINT:
			return checking
		case code&0xff == sqlite3.SQLITE_ERROR:
			return other
		}
	}
	// SQLITE_FULL, SQLITE_IOERR, SQLITE_NOMEM, SQLITE_BUSY and SQLITE_INTERRUPT
	// may roll the whole transaction back by themselves
	// (sqlite.org/lang_transaction.html, section 3); what ran after one of them
	// would be committed alone. A broken connection is no better.
	return fatal
}

// open opens the database at a URL or path: one pool to write, one to read.
func open(ctx context.Context, where string) (d dialect, write, read *sql.DB, err error) {
	if strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://") {
		return openPostgres(ctx, where)
	}
	return openSQLite(ctx, where)
}

func openPostgres(ctx context.Context, where string) (dialect, *sql.DB, *sql.DB, error) {
	cfg, err := pgx.ParseConfig(where) // its errors hide the password
	if err != nil {
		return dialect{}, nil, nil, fmt.Errorf("database: %w (want postgres://user@host/name)", err)
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "leadmail"
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(max(4, runtime.NumCPU()))
	db.SetMaxIdleConns(4)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return dialect{}, nil, nil, fmt.Errorf("database %s on %s: %w", cfg.Database, cfg.Host, err)
	}
	return postgresDialect, db, db, nil
}

func openSQLite(ctx context.Context, where string) (dialect, *sql.DB, *sql.DB, error) {
	path, err := filepath.Abs(strings.TrimPrefix(where, "sqlite:"))
	if err != nil {
		return dialect{}, nil, nil, err
	}
	// What is in here is other people's data: the file is the owner's alone.
	// SQLite gives its -wal and -shm files the same mode.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return dialect{}, nil, nil, fmt.Errorf("database: %w (does the folder exist, and may this user write there?)", err)
	}
	if err := f.Close(); err != nil {
		return dialect{}, nil, nil, err
	}
	pragmas := []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}

	// Without immediate a transaction that reads first and writes later fails at
	// once when another writes, whatever the busy timeout.
	write, err := sql.Open("sqlite", fileURL(path, url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}))
	if err != nil {
		return dialect{}, nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		write.Close()
		return dialect{}, nil, nil, fmt.Errorf("database %s: %w", path, err)
	}
	read, err := sql.Open("sqlite", fileURL(path, url.Values{"_pragma": append(pragmas, "query_only(1)")}))
	if err != nil {
		write.Close()
		return dialect{}, nil, nil, err
	}
	read.SetMaxOpenConns(4)
	return sqliteDialect, write, read, nil
}

// fileURL names a file to SQLite. It is escaped, so that a path may hold any
// character.
func fileURL(path string, options url.Values) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed
	}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: options.Encode()}).String()
}

// lock keeps other programs from migrating this database until the returned
// function is called.
func (db *DB) lock(ctx context.Context) (unlock func(done bool) error, err error) {
	if db.dialect.name == "postgres" {
		conn, err := db.write.Conn(ctx)
		if err != nil {
			return nil, err
		}
		const key = "hashtext('leadmail ' || current_schema())"
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock("+key+")"); err != nil {
			conn.Close()
			return nil, err
		}
		return func(bool) error {
			_, err := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock("+key+")")
			return errors.Join(err, conn.Close())
		}, nil
	}
	// SQLite has no lock beside its transactions, and goose runs a transaction a
	// migration. So the lock is a transaction in an empty database beside ours.
	path, err := filepath.Abs(strings.TrimPrefix(db.where, "sqlite:"))
	if err != nil {
		return nil, err
	}
	path += "-migrating"
	name := fileURL(path, url.Values{"_pragma": {"busy_timeout(60000)"}, "_txlock": {"exclusive"}})
	var beside *sql.DB
	var tx *sql.Tx
	// Who had the lock may remove the file under those who wait for it: they look
	// for it again.
	for tries := 0; tx == nil; tries++ {
		if beside, err = sql.Open("sqlite", name); err != nil {
			return nil, err
		}
		if tx, err = beside.BeginTx(ctx, nil); err != nil {
			beside.Close()
			if lite := (*sqlite.Error)(nil); tries == 100 || !errors.As(err, &lite) || lite.Code()&0xff != sqlite3.SQLITE_IOERR {
				return nil, fmt.Errorf("another program is changing the schema: %w", err)
			}
		}
	}
	return func(done bool) error {
		if done {
			// Whoever waits for this file finds nothing left to do.
			_ = os.Remove(path)
		}
		return errors.Join(tx.Rollback(), beside.Close())
	}, nil
}
