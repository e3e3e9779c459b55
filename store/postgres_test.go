package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// TestPostgres runs the suite on the server that LEADMAIL_TEST_POSTGRES names
// (postgres://…, with the right to create databases). LEADMAIL_TEST_REQUIRE=postgres
// makes it a failure that there is none.
func TestPostgres(t *testing.T) {
	t.Parallel()
	s := postgres(t)
	if s == nil {
		fmt.Fprintln(os.Stderr, "store: PostgreSQL was not exercised: LEADMAIL_TEST_POSTGRES names no server (make test brings one)")
		return
	}
	suite(t, s)
}

// postgres makes a database for the test that asks, and in it a schema for each
// of its parts. It is nil where there is no server.
func postgres(t testing.TB) server {
	t.Helper()
	base := os.Getenv("LEADMAIL_TEST_POSTGRES")
	if base == "" {
		if strings.Contains(os.Getenv("LEADMAIL_TEST_REQUIRE"), "postgres") {
			t.Fatal("LEADMAIL_TEST_REQUIRE asks for PostgreSQL, but LEADMAIL_TEST_POSTGRES names no server")
		}
		return nil
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	admin := connect(t, base)
	name := "leadmail_test_" + strings.ToLower(rand.Text())
	if err := admin.raw("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.raw("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	u.Path = "/" + name
	inside := connect(t, u.String())
	var n atomic.Int64
	return func(t testing.TB) string {
		t.Helper()
		schema := fmt.Sprintf("part_%d", n.Add(1))
		if err := inside.raw("CREATE SCHEMA " + schema); err != nil {
			t.Fatal(err)
		}
		own := *u
		q := own.Query()
		q.Set("search_path", schema)
		own.RawQuery = q.Encode()
		return own.String()
	}
}

// Two transactions that lock each other out are one winner and one that decides
// again.
func TestPostgresDeadlock(t *testing.T) {
	t.Parallel()
	s := postgres(t)
	if s == nil {
		return
	}
	db := fresh(t, s)
	db.enter(t, joined("a"), joined("b"))
	first := [2]chan bool{make(chan bool), make(chan bool)}
	ids := [2]string{"a", "b"}
	errs := together(2, func(i int) error {
		return db.Update(context.Background(), received, func(tx *Tx) error {
			if _, err := tx.exec("UPDATE partners SET turn = turn + 1 WHERE id = $1", ids[i]); err != nil {
				return err
			}
			close(first[i])
			<-first[1-i]
			_, err := tx.exec("UPDATE partners SET turn = turn + 1 WHERE id = $1", ids[1-i])
			return err
		})
	})
	oneWins(t, errs, ErrTaken)
}

// Both databases have the same tables and columns.
func TestPostgresAndSQLiteAgree(t *testing.T) {
	t.Parallel()
	s := postgres(t)
	if s == nil {
		return
	}
	columns := func(db *DB) []string {
		var names []string
		for _, line := range db.schema(t) {
			if rest, ok := strings.CutPrefix(line, "column "); ok && !strings.HasPrefix(rest, "goose") {
				names = append(names, strings.Fields(rest)[0])
			}
		}
		return names
	}
	same(t, "columns on PostgreSQL against those on SQLite", columns(fresh(t, s)), columns(fresh(t, file)))
}
