package notify

import "time"

// waits is the pause after the first, second, … failed attempt (MAIL.md,
// Outbound); the last one is repeated.
var waits = [...]time.Duration{
	5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour,
}

// giveUp is how long after it was queued a mail is tried.
const giveUp = 48 * time.Hour

// Next says when a mail is tried again after its attempts-th attempt (counted
// from 1) failed at now in a way that may pass. again is false where that would
// be later than 48 hours after it was queued: then a person is told.
func Next(attempts int, queued, now time.Time) (next time.Time, again bool) {
	wait := waits[min(max(attempts, 1), len(waits))-1]
	next = now.Add(wait)
	if next.After(queued.Add(giveUp)) {
		return time.Time{}, false
	}
	return next, true
}
