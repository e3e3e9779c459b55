package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// The errors that callers tell apart.
var (
	// ErrNotFound: the thing named does not exist.
	ErrNotFound = errors.New("not found")
	// ErrNewerSchema: the database was written by a newer program.
	ErrNewerSchema = errors.New("the database is newer than this program")
	// ErrTaken: a guard of the database refused, because another transaction was
	// faster. Nothing was changed; load the Book again and decide again.
	ErrTaken = errors.New("taken meanwhile")
	// ErrDecided: the mail has been decided in this pass.
	ErrDecided = errors.New("decided already in this pass")
)

// DB is an open database. It may be used by many goroutines.
type DB struct {
	where       string
	dialect     dialect
	write, read *sql.DB
}

// Open opens the database: a path (created when missing, readable by its owner
// alone) or a URL that begins with postgres://. It changes no schema; see Migrate.
func Open(ctx context.Context, url string) (*DB, error) {
	d, write, read, err := open(ctx, url)
	if err != nil {
		return nil, err
	}
	return &DB{where: url, dialect: d, write: write, read: read}, nil
}

// Close waits for what runs and closes the database.
func (db *DB) Close() error {
	err := db.write.Close()
	if db.read != db.write {
		err = errors.Join(db.read.Close(), err)
	}
	return err
}

// Dialect is "sqlite" or "postgres".
func (db *DB) Dialect() string { return db.dialect.name }

// Pending says how many migrations the schema lacks, and changes nothing. The
// error wraps ErrNewerSchema where the schema is ahead of the program.
func (db *DB) Pending(ctx context.Context) (int, error) {
	files, err := fs.ReadDir(migrations, path.Join("migrations", db.dialect.name))
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, f := range files {
		n, err := goose.NumericComponent(f.Name())
		if err != nil {
			return 0, err
		}
		newest = max(newest, n)
	}
	var tables, version int64
	if err := db.read.QueryRowContext(ctx, db.dialect.versions).Scan(&tables); err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	if tables > 0 {
		if err := db.read.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version").Scan(&version); err != nil {
			return 0, fmt.Errorf("read the schema's version: %w", err)
		}
	}
	if version > newest {
		return 0, fmt.Errorf("%w: its schema has version %d, this program knows %d; run the leadmail that wrote it, or restore the backup made before the upgrade",
			ErrNewerSchema, version, newest)
	}
	pending := 0
	for _, f := range files {
		if n, _ := goose.NumericComponent(f.Name()); n > version {
			pending++
		}
	}
	return pending, nil
}

// Migrate brings the schema up to the program's version, under a lock, and says
// how many migrations it took. Each is a transaction. Calling it again, or from
// several programs at once, is harmless.
func (db *DB) Migrate(ctx context.Context) (applied int, err error) {
	if n, err := db.Pending(ctx); n == 0 || err != nil {
		return 0, err
	}
	unlock, err := db.lock(ctx)
	if err != nil {
		return 0, fmt.Errorf("lock the schema: %w", err)
	}
	defer func() { err = errors.Join(err, unlock(err == nil)) }()
	if n, err := db.Pending(ctx); n == 0 || err != nil {
		return 0, err
	}
	files, err := fs.Sub(migrations, path.Join("migrations", db.dialect.name))
	if err != nil {
		return 0, err
	}
	p, err := goose.NewProvider(db.dialect.goose, db.write, files, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return 0, fmt.Errorf("migrations: %w", err)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return len(done), fmt.Errorf("migrate the schema: %w", err)
	}
	return len(done), nil
}

// Tx is one transaction. It belongs to one goroutine and ends with the function
// that it was given to.
type Tx struct {
	ctx     context.Context
	tx      *sql.Tx
	now     time.Time
	dialect dialect
	depth   int
	queries int
	// asked is told of each statement; tests look at how it is answered.
	asked func(query string, args []any)
	// failed is the error of a statement that no savepoint has undone. As on
	// PostgreSQL, nothing more runs and nothing is committed.
	failed error
	// dead is an error after which not even a savepoint can be trusted.
	dead error
}

// Update runs fn in one transaction that writes, at one instant. When fn returns
// an error, or a statement failed outside a savepoint that was rolled back,
// nothing of it remains. fn may run more than once only if the caller calls
// Update again.
func (db *DB) Update(ctx context.Context, now time.Time, fn func(*Tx) error) (err error) {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer conn.Close()
	return db.in(ctx, conn, nil, now, fn)
}

// View runs fn in one transaction that sees one state of the database and can
// change nothing. It has no instant: Tx.Now is zero.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	conn, err := db.read.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer conn.Close()
	return db.in(ctx, conn, db.dialect.view, time.Time{}, fn)
}

func (db *DB) in(ctx context.Context, conn *sql.Conn, opts *sql.TxOptions, now time.Time, fn func(*Tx) error) error {
	inner, err := conn.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	tx := &Tx{ctx: ctx, tx: inner, now: now.UTC().Truncate(time.Microsecond), dialect: db.dialect}
	over := false
	defer func() {
		if over {
			return
		}
		// fn panicked or failed. A connection that cannot even roll back is not
		// given to anybody else.
		if err := inner.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if tx.failed != nil {
		return fmt.Errorf("nothing was stored: %w", tx.failed)
	}
	over = true
	if err := inner.Commit(); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
			err = ctx.Err() // database/sql was faster in rolling it back
		}
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Now is the transaction's instant, in UTC and to the microsecond.
func (tx *Tx) Now() time.Time { return tx.now }

// Savepoint runs fn so that its error undoes what it did and nothing else. name
// says what it is about, for the error. The error is returned as it is.
func (tx *Tx) Savepoint(name string, fn func() error) error {
	if tx.failed != nil {
		return tx.refuse()
	}
	tx.depth++
	point := "s" + strconv.Itoa(tx.depth)
	defer func() { tx.depth-- }()
	if err := tx.control("SAVEPOINT " + point); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	err := fn()
	if err == nil && tx.failed != nil {
		err = tx.refuse()
	}
	if err == nil {
		if err := tx.control("RELEASE SAVEPOINT " + point); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	if tx.dead != nil {
		return err
	}
	if undo := errors.Join(tx.control("ROLLBACK TO SAVEPOINT "+point), tx.control("RELEASE SAVEPOINT "+point)); undo != nil {
		tx.failed, tx.dead = undo, undo
		return errors.Join(err, fmt.Errorf("%s: undo: %w", name, undo))
	}
	tx.failed = nil
	return err
}

func (tx *Tx) refuse() error {
	return fmt.Errorf("the transaction has failed already: %w", tx.failed)
}

func (tx *Tx) control(sql string) error {
	_, err := tx.tx.ExecContext(tx.ctx, sql)
	if err != nil {
		tx.failed, tx.dead = err, err
	}
	return err
}

// fail notes a statement's error and gives it its meaning.
func (tx *Tx) fail(err error) error {
	if errors.Is(err, sql.ErrTxDone) && tx.ctx.Err() != nil {
		err = tx.ctx.Err()
	}
	switch tx.dialect.judge(err) {
	case taken:
		err = fmt.Errorf("%w: %w", ErrTaken, err)
	case fatal:
		tx.dead = err
	}
	tx.failed = err
	return err
}

// exec runs a statement and says how many rows it changed.
func (tx *Tx) exec(query string, args ...any) (int64, error) {
	if tx.failed != nil {
		return 0, tx.refuse()
	}
	args, err := tx.asks(query, args)
	if err != nil {
		return 0, err
	}
	res, err := tx.tx.ExecContext(tx.ctx, query, args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	return res.RowsAffected()
}

// get scans the one row of a query; ErrNotFound where there is none.
func (tx *Tx) get(dest []any, query string, args ...any) error {
	rows, err := list(tx, func(scan scan) (struct{}, error) { return struct{}{}, scan(dest...) }, query, args...)
	if err == nil && len(rows) == 0 {
		return ErrNotFound
	}
	return err
}

// scan copies a row's columns.
type scan func(dest ...any) error

// list reads all rows of a query. They are read before anything else happens: a
// PostgreSQL connection does one thing at a time.
func list[T any](tx *Tx, one func(scan) (T, error), query string, args ...any) ([]T, error) {
	if tx.failed != nil {
		return nil, tx.refuse()
	}
	args, err := tx.asks(query, args)
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return nil, tx.fail(err)
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		v, err := one(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, tx.fail(err)
	}
	return all, nil
}

// sole is the one row of a listing; the error names what was looked for and wraps
// ErrNotFound where there is none.
func sole[T any](all []T, err error, what string, args ...any) (T, error) {
	if err := one(int64(len(all)), err, what, args...); err != nil {
		var none T
		return none, err
	}
	return all[0], nil
}

// one turns the count of changed rows into ErrNotFound where it is zero.
func one(n int64, err error, what string, args ...any) error {
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf(what+": %w", append(args, err)...)
	}
	return nil
}

// limit is a filter's limit for SQL, in which 0 means all.
func limit(n int) int64 {
	if n <= 0 {
		return 1 << 62
	}
	return int64(n)
}

// orNull is a number as it is stored where NULL stands for none.
func orNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// asks counts a statement and makes its arguments plain.
func (tx *Tx) asks(query string, args []any) ([]any, error) {
	tx.queries++
	args, err := bind(args)
	if err == nil && tx.asked != nil {
		tx.asked(query, args)
	}
	return args, err
}

// bind makes arguments plain, so that both drivers see the same: strings of
// whatever named type lose what PostgreSQL refuses in text.
func bind(args []any) ([]any, error) {
	plain := make([]any, len(args))
	for i, a := range args {
		if v, ok := a.(driver.Valuer); ok {
			var err error
			if plain[i], err = v.Value(); err != nil {
				return nil, err
			}
			continue
		}
		switch v := reflect.ValueOf(a); v.Kind() {
		case reflect.String:
			plain[i] = clean(v.String())
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			plain[i] = v.Int()
		case reflect.Uint8, reflect.Uint16, reflect.Uint32:
			plain[i] = int64(v.Uint())
		default:
			plain[i] = a
		}
	}
	return plain, nil
}

// clean drops NUL and replaces what is no UTF-8.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// brief cuts a text that is indexed: PostgreSQL refuses an index entry beyond
// 2704 bytes, and a Message-ID may be as long as its sender likes.
func brief[S ~string](s S) S {
	const most = 998 // RFC 5322, section 2.1.1
	if len(s) <= most {
		return s
	}
	return S(strings.ToValidUTF8(string(s[:most]), ""))
}

// texts is a list as the parameter of dialect.in.
func texts[S ~string](list []S) string {
	plain := make([]string, len(list))
	for i, s := range list {
		plain[i] = clean(string(s))
	}
	b, err := json.Marshal(plain)
	if err != nil {
		panic(err) // a list of strings
	}
	return string(b)
}

// asJSON is a value as it is stored. NUL in a string is written as an escape,
// which both databases take as text.
func asJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
