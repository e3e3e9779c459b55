//go:build !killpoints

package desk

import "time"

// uncertainWait is how long we wait before a message whose fate is unknown goes
// out once more, unchanged: long enough that a restart of the server is over,
// short enough that a partner is not left without an answer.
const uncertainWait = 2 * time.Minute

// point marks a place at which the program may be killed in tests; see
// point_kill.go. In every other build it is nothing.
func point(string) {}
