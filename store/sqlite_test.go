package store

import (
	"path/filepath"
	"testing"
)

func TestSQLite(t *testing.T) {
	suite(t, func(t testing.TB) string { return filepath.Join(t.TempDir(), "leadmail.db") })
}
