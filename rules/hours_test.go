package rules

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// D33: a review takes 48 hours at most, weekends in the program's zone not counted.
func TestReviewsAreDueInWorkingHours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, zone, received, due string }{
		{"a Monday morning", "UTC", "2026-06-08T09:00:00Z", "2026-06-10T09:00:00Z"},
		{"a Thursday evening: Friday, and then Monday", "UTC", "2026-06-11T18:00:00Z", "2026-06-15T18:00:00Z"},
		{"a Friday evening: six hours, and then Monday and Tuesday", "UTC", "2026-06-12T18:00:00Z", "2026-06-16T18:00:00Z"},
		{"a Saturday counts from Monday", "UTC", "2026-06-13T15:00:00Z", "2026-06-17T00:00:00Z"},
		{"the last instant of a week", "UTC", "2026-06-12T23:59:59Z", "2026-06-16T23:59:59Z"},
		{"the first instant of a week", "UTC", "2026-06-15T00:00:00Z", "2026-06-17T00:00:00Z"},
		{"Friday in Chicago is Saturday in UTC", "America/Chicago", "2026-06-12T22:00:00-05:00", "2026-06-16T22:00:00-05:00"},
		{"Monday in Auckland is Sunday in UTC", "Pacific/Auckland", "2026-06-15T08:00:00+12:00", "2026-06-17T08:00:00+12:00"},
		{"Saturday in Auckland is Friday in UTC", "Pacific/Auckland", "2026-06-13T09:00:00+12:00", "2026-06-17T00:00:00+12:00"},
		{"over the weekend on which Chicago's clock goes forward", "America/Chicago", "2026-03-06T17:00:00-06:00", "2026-03-10T17:00:00-05:00"},
		{"over the weekend on which it goes back", "America/Chicago", "2026-10-30T17:00:00-05:00", "2026-11-03T17:00:00-06:00"},
		{"over the weekend on which Auckland's goes forward", "Pacific/Auckland", "2026-09-25T17:00:00+12:00", "2026-09-29T17:00:00+13:00"},
		{"a Friday of 23 hours that has no midnight", "Africa/Cairo", "2026-04-23T12:00:00+02:00", "2026-04-27T13:00:00+03:00"},
		{"a Sunday that has no midnight", "America/Santiago", "2026-09-04T18:00:00-04:00", "2026-09-08T18:00:00-03:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := DefaultPolicy().In(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			received, due := instant(c.received), instant(c.due)
			if got := p.ReviewDue(received); !got.Equal(due) {
				t.Errorf("due by %s, want %s", got.In(p.Location()).Format(time.RFC3339), c.due)
			}
			if got := p.Waited(received, due); got != 48*time.Hour {
				t.Errorf("until then it has waited %s, want 48 hours", got)
			}
		})
	}
}

func TestWaited(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone, from, until string
		want                    time.Duration
	}{
		{"within a day", "UTC", "2026-06-08T09:00:00Z", "2026-06-08T17:30:00Z", 8*time.Hour + 30*time.Minute},
		{"nothing counts on a weekend", "UTC", "2026-06-13T00:00:00Z", "2026-06-15T00:00:00Z", 0},
		{"from Friday to Monday", "UTC", "2026-06-12T18:00:00Z", "2026-06-15T08:00:00Z", 14 * time.Hour},
		{"backwards is nothing", "UTC", "2026-06-12T18:00:00Z", "2026-06-12T08:00:00Z", 0},
		{"from Friday evening to Monday morning in Chicago", "America/Chicago", "2026-03-06T18:00:00-06:00", "2026-03-09T08:00:00-05:00", 14 * time.Hour},
		{"two weeks have ten days", "Pacific/Auckland", "2026-06-15T08:00:00+12:00", "2026-06-29T08:00:00+12:00", 240 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := DefaultPolicy().In(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Waited(instant(c.from), instant(c.until)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// In every zone, whatever its clock does: at the instant when a review is due it has
// waited for so long, before it less.
func TestADueReviewHasWaitedSoLong(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{"UTC", "America/Chicago", "Pacific/Auckland", "Europe/Berlin", "America/Santiago", "Africa/Cairo", "Asia/Beirut",
			"America/Asuncion", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"}).Draw(t, "zone")
		p, err := DefaultPolicy().In(zone)
		if err != nil {
			t.Fatal(err)
		}
		p.ReviewHours = rapid.IntRange(1, 400).Draw(t, "hours")
		limit := time.Duration(p.ReviewHours) * time.Hour
		received := time.Date(2011, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 20*365*24*60).Draw(t, "minutes")) * time.Minute)
		due := p.ReviewDue(received)
		if got := p.Waited(received, due); got != limit {
			t.Fatalf("received %s, due %s: waited %s, want %s", received, due, got, limit)
		}
		if got := p.Waited(received, due.Add(-time.Minute)); got >= limit {
			t.Fatalf("received %s: a minute before it is due it has waited %s", received, got)
		}
	})
}

func TestMidnightIsOfItsDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone string
		day  Date
		want string
	}{
		{"America/Chicago", "2026-03-09", "2026-03-09T00:00:00-05:00"},
		{"America/Santiago", "2026-09-06", "2026-09-06T01:00:00-03:00"},
		{"Africa/Cairo", "2026-04-24", "2026-04-24T01:00:00+03:00"},
	} {
		p, err := DefaultPolicy().In(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Midnight(c.day); !got.Equal(instant(c.want)) {
			t.Errorf("%s begins at %s, want %s", c.day, got, c.want)
		}
	}
}
