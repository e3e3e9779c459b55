package servers

import (
	"testing"
	"time"
)

// tick is how often a condition is looked at.
const tick = 20 * time.Millisecond

// Await waits until the condition holds, and fails the test when it does not
// within the limit; got says what was seen instead. It is the one place where
// tests wait.
func Await(t testing.TB, limit time.Duration, what string, condition func() (ok bool, got any)) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		ok, got := condition()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s; seen: %v", what, limit, got)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("%s: the test ended", what)
		case <-time.After(tick):
		}
	}
}
