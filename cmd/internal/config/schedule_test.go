package config

import (
	"testing"
	"time"
)

func TestSchedules(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "0 8 * *", "TZ=0", "CRON_TZ=Europe/Berlin 0 8 * * *", "0 8 30 2 *", "@sometimes", "61 8 * * *"} {
		if _, err := ParseSchedule(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	// Of an hour that the clock leaves out or repeats the desk takes care.
	s, err := ParseSchedule("30 8 * * *")
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 7, 12, 0, 0, 0, zone)
	for range 300 {
		next := s.Next(at)
		if next.Hour() != 8 || next.Sub(at) > 49*time.Hour {
			t.Fatalf("after %s comes %s", at, next)
		}
		at = next
	}
}
