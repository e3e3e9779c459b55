package rules

import (
	"fmt"
	"time"
)

// Date is a civil day, written 2026-08-31. Dates compare as strings do; "" is
// no date and stands before all others.
type Date string

// DateOf is the day of an instant in a zone. The program has one zone (D6).
func DateOf(t time.Time, zone *time.Location) Date {
	return Date(t.In(zone).Format(time.DateOnly))
}

// ParseDate reads 2026-08-31 and nothing else.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return "", fmt.Errorf("%w date %q: want a day such as 2026-08-31", ErrInvalid, s)
	}
	return Date(t.Format(time.DateOnly)), nil
}

// Time is the day's first instant in UTC: for formatting and for counting days,
// never to be compared with a mail's receipt.
func (d Date) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// AddDays moves by whole days, and not beyond 9999-12-31, by which people mean for
// ever: a fifth digit would stand before all other days.
func (d Date) AddDays(n int) Date {
	if d == "" {
		return ""
	}
	t := d.Time().AddDate(0, 0, n)
	if t.Year() > 9999 {
		return "9999-12-31"
	}
	return Date(t.Format(time.DateOnly))
}

// DaysUntil counts the days from d to e.
func (d Date) DaysUntil(e Date) int {
	return int(e.Time().Sub(d.Time()).Hours() / 24)
}

// Words is the day as a partner reads it: 28 February 2027.
func (d Date) Words() string {
	if d == "" {
		return ""
	}
	return d.Time().Format("2 January 2006")
}

// Period is a stretch of calendar time. Its months are calendar months, clamped
// to the month's last day: 31 August and six months is 28 February (D4), where
// time.AddDate says 3 March.
type Period struct {
	Months, Days int
}

// After is the day that lies a period after d.
func (p Period) After(d Date) Date {
	if d == "" {
		return ""
	}
	t := d.Time()
	first := time.Date(t.Year(), t.Month()+time.Month(p.Months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	day := min(t.Day(), last)
	return Date(first.AddDate(0, 0, day-1+p.Days).Format(time.DateOnly))
}
