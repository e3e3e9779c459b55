package store

import (
	"database/sql/driver"
	"fmt"
	"time"

	"leadmail/rules"
)

// instant carries a time.Time to and from a BIGINT of microseconds since 1970
// UTC; the zero time is NULL. Drivers disagree about times and about zones, not
// about integers.
type instant struct{ t *time.Time }

// Value implements driver.Valuer.
func (i instant) Value() (driver.Value, error) {
	if i.t == nil || i.t.IsZero() {
		return nil, nil
	}
	return i.t.UnixMicro(), nil
}

// Scan implements sql.Scanner. What comes out is in UTC.
func (i instant) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*i.t = time.Time{}
	case int64:
		*i.t = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("an instant is stored as %T, want microseconds", v)
	}
	return nil
}

// at is an instant as a statement's argument.
func at(t time.Time) instant { return instant{&t} }

// day carries a rules.Date to and from TEXT; what is no date does not get in
// and is not believed on its way out.
type day struct{ d *rules.Date }

// Value implements driver.Valuer.
func (d day) Value() (driver.Value, error) {
	if *d.d == "" {
		return "", nil
	}
	got, err := rules.ParseDate(string(*d.d))
	return string(got), err
}

// Scan implements sql.Scanner.
func (d day) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("a date is stored as %T, want text", v)
	}
	*d.d = rules.Date(s)
	if s == "" {
		return nil
	}
	_, err := rules.ParseDate(s)
	return err
}

// on is a date as a statement's argument.
func on(d rules.Date) day { return day{&d} }
