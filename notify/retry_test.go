package notify_test

import (
	"testing"
	"time"

	"leadmail/notify"
)

func TestNextFollowsTheScheduleAndGivesUpAt48Hours(t *testing.T) {
	t.Parallel()
	queued := time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC) // a night with a clock change in Europe: durations do not care
	want := []time.Duration{
		5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 16 * time.Hour,
	}
	now := queued
	for i, wait := range want {
		next, again := notify.Next(i+1, queued, now)
		if !again || next.Sub(now) != wait {
			t.Fatalf("after attempt %d: %s, %v; want %s", i+1, next.Sub(now), again, wait)
		}
		now = next
	}
	if waited := now.Sub(queued); waited > 48*time.Hour {
		t.Errorf("the last attempt is %s after queueing", waited)
	}
	if next, again := notify.Next(len(want)+1, queued, now); again {
		t.Errorf("goes on at %s, beyond 48 hours", next)
	}
}

func TestNextCountsFromTheQueueingNotFromTheAttempts(t *testing.T) {
	t.Parallel()
	queued := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	if _, again := notify.Next(1, queued, queued.Add(47*time.Hour+55*time.Minute)); !again {
		t.Error("gives up although the next attempt is due exactly at 48 hours")
	}
	if _, again := notify.Next(1, queued, queued.Add(47*time.Hour+56*time.Minute)); again {
		t.Error("a first attempt after a long pause goes on beyond 48 hours")
	}
	if next, again := notify.Next(0, queued, queued); !again || next.Sub(queued) != 5*time.Minute {
		t.Errorf("no attempt counted yet: %s, %v", next, again)
	}
}
