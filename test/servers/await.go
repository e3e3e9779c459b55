package servers

import (
	"testing"
	"time"
)

// tick is how often a condition is looked at.
const tick = 20 * time.Millisecond

// Await waits until the condition holds, and fails the test when it does not
// within the limit; got says what was seen instead.
func Await(t testing.TB, limit time.Duration, what string, condition func() (ok bool, got any)) {
	t.Helper()
	var got any
	held := until(t.Context().Done(), limit, func() (ok bool) {
		ok, got = condition()
		return ok
	})
	if !held {
		t.Fatalf("%s: not within %s; seen: %v", what, limit, got)
	}
}

// until waits until the condition holds, and gives up after the limit, or when
// over is closed. It is the one place where the tests wait.
func until(over <-chan struct{}, limit time.Duration, condition func() bool) bool {
	end := time.After(limit)
	for !condition() {
		select {
		case <-over:
			return false
		case <-end:
			return condition()
		case <-time.After(tick):
		}
	}
	return true
}
