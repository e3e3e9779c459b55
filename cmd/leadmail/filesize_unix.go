//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// limitsAreErrors makes a file that may not grow any more (RLIMIT_FSIZE, which a
// service manager sets) an error of the write, like a full disk: Go's runtime
// would end the program with a stack instead, and then once more at each start.
func limitsAreErrors() { signal.Ignore(syscall.SIGXFSZ) }
