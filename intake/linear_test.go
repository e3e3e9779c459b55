package intake

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// linear fails where four times the size takes about sixteen times the work, which
// is quadratic; four would be linear. The work is the processor time of the process,
// so that a busy machine does not count, and nothing may run beside it: the test and
// its kin are not parallel. Where the system does not tell, it is the time that passed.
func linear(t *testing.T, work func(n int) func(), n int, least time.Duration) {
	t.Helper()
	// A collection that begins at a size, and marks on all processors, is no work of
	// the reader's: it is kept for between the runs.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	measure := func(n int) time.Duration {
		run, best := work(n), time.Duration(math.MaxInt64)
		for range 3 {
			runtime.GC()
			began := processTime()
			run()
			best = min(best, processTime()-began)
		}
		return best
	}
	var small, big time.Duration
	for range 5 { // a cache that others emptied may spoil a round, but not all of them
		if small, big = measure(n), measure(4*n); big < least || float64(big) < 9*float64(small) {
			return // very short times say nothing
		}
	}
	t.Errorf("four times the size took %.1f times as long (%v, %v)", float64(big)/float64(small), small, big)
}
