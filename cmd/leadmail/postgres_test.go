package main

import (
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"
)

// freshPostgres makes a schema on the server that LEADMAIL_TEST_POSTGRES names and
// returns the URL that leads into it; it is dropped when the test ends. The driver
// is the store's.
func freshPostgres(t testing.TB) string {
	t.Helper()
	u, err := url.Parse(os.Getenv("LEADMAIL_TEST_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	schema := "scenario_" + strings.ToLower(rand.Text())
	if _, err := db.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	})
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}
