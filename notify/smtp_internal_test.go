package notify

import (
	"context"
	"io"
	"net"
	"testing"
)

// Which of the two happens on a real line is a race between the last write and
// the other end's hanging up; what they mean is not.
func TestADotThatDidNotGoOutIsNotUncertain(t *testing.T) {
	t.Parallel()
	c := &conversation{wire: &wire{}, ctx: context.Background()}
	if got := FateOf(c.failure("dot", io.EOF)); got != FateUncertain {
		t.Errorf("the whole mail went out, no answer came: %s, want %s", got, FateUncertain)
	}
	c.wire.broken.Store(true)
	if got := FateOf(c.failure("dot", io.EOF)); got != FateRetry {
		t.Errorf("the write with the dot failed: %s, want %s", got, FateRetry)
	}
}

func TestANameThatLeadsElsewhereIsNotLoopback(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{"127.0.0.1": true, "127.9.9.9": true, "::1": true, "192.0.2.1": false, "10.0.0.1": false, "::": false} {
		if got := loopback(&net.TCPAddr{IP: net.ParseIP(addr)}); got != want {
			t.Errorf("%s: %v, want %v", addr, got, want)
		}
	}
}
