package rules

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The vectors of the program's rules: registered, last day (D4, D5), a renewal
// queued the day after it (D26), a re-registration on the day after (D24).
func TestPeriodVectors(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	for _, v := range []struct{ registered, last, queued, again Date }{
		{"2026-08-31", "2027-02-28", "2027-05-29", "2027-05-30"},
		{"2026-08-30", "2027-02-28", "2027-05-29", "2027-05-30"},
		{"2027-08-31", "2028-02-29", "2028-05-29", "2028-05-30"},
		{"2026-03-31", "2026-09-30", "2026-12-29", "2026-12-30"},
		{"2026-10-31", "2027-04-30", "2027-07-29", "2027-07-30"},
		{"2026-12-31", "2027-06-30", "2027-09-28", "2027-09-29"},
		{"2028-02-29", "2028-08-29", "2028-11-27", "2028-11-28"},
		{"2026-05-15", "2026-11-15", "2027-02-13", "2027-02-14"},
	} {
		last := Period{Months: p.ExpiryMonths}.After(v.registered)
		if last != v.last {
			t.Errorf("registered %s: last day %s, want %s", v.registered, last, v.last)
		}
		// A queued term begins on the day after the old end and has 90 days, both
		// its first and its last included.
		if got := last.AddDays(p.RenewalDays); got != v.queued {
			t.Errorf("registered %s: queued until %s, want %s", v.registered, got, v.queued)
		}
		if got := last.AddDays(1).AddDays(p.RenewalDays); got != v.again {
			t.Errorf("registered %s: again until %s, want %s", v.registered, got, v.again)
		}
	}
}

func TestPeriodNeverLeavesItsMonth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 20000).Draw(t, "day"))
		months := rapid.IntRange(0, 30).Draw(t, "months")
		got := Period{Months: months}.After(DateOf(day, time.UTC)).Time()
		want := time.Date(day.Year(), day.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
		if got.Year() != want.Year() || got.Month() != want.Month() || got.Day() > day.Day() {
			t.Fatalf("%s and %d months is %s", day.Format(time.DateOnly), months, got.Format(time.DateOnly))
		}
		if next := got.AddDate(0, 0, 1); got.Day() < day.Day() && next.Day() != 1 {
			t.Fatalf("%s and %d months is %s: clamped, but not the last of its month", day, months, got)
		}
	})
}

// D6: a day is a day of the program's zone, whatever the clocks do there.
func TestDayIsTheProgramsZone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone, instant string
		want                Date
	}{
		{"an evening in Chicago is still the same day", "America/Chicago", "2026-03-01T05:30:00Z", "2026-02-28"},
		{"a morning in Auckland is already the next", "Pacific/Auckland", "2026-02-28T11:30:00Z", "2026-03-01"},
		{"the hour that spring skips", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29"},
		{"the last instant before midnight on a day of 23 hours", "Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29"},
		{"midnight after a day of 25 hours", "Europe/Berlin", "2026-10-25T23:00:00Z", "2026-10-26"},
	} {
		p, err := DefaultPolicy().In(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Day(at); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestParseDateRefusesWhatIsNoDay(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "2026-02-30", "2026-2-3", "31.08.2026", "2026-08-31T00:00:00Z"} {
		if d, err := ParseDate(s); err == nil {
			t.Errorf("ParseDate(%q) = %s", s, d)
		}
	}
}

func TestPolicyComesBackFromItsCanonicalForm(t *testing.T) {
	t.Parallel()
	p, err := DefaultPolicy().In("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	p.MaxOutstanding, p.SharedHosts = 7, []SharedHost{{Host: "hub.example", Prefix: "startups", Segments: 1}}
	back, err := ParsePolicy(p.Canonical())
	if err != nil || back.Hash() != p.Hash() || back.Location().String() != "America/Chicago" {
		t.Errorf("ParsePolicy(Canonical) = %v, %v", back, err)
	}
	other := p
	other.MaxOutstanding = 8
	if other.Hash() == p.Hash() {
		t.Error("two policies have one hash")
	}
	if _, err := p.In("Mars/Olympus"); err == nil {
		t.Error("a zone that does not exist was taken")
	}
}
