//go:build killpoints

package desk

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// uncertainWait is short here: a test that kills the program waits for it.
const uncertainWait = 2 * time.Second

// reached counts the passages of the point that LEADMAIL_KILL_AT names.
var reached atomic.Int64

// point kills the program, as a power cut would, when it passes the point that
// LEADMAIL_KILL_AT names for the given time: after-commit:3 is the third passage.
// Only builds with the tag killpoints have it; the kill tests use them.
func point(name string) {
	at, nth, _ := strings.Cut(os.Getenv("LEADMAIL_KILL_AT"), ":")
	if at != name {
		return
	}
	n, err := strconv.ParseInt(nth, 10, 64)
	if err != nil {
		n = 1
	}
	if reached.Add(1) == n {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
}
