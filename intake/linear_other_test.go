//go:build !unix

package intake

import "time"

var epoch = time.Now()

// processTime is the time that has passed.
func processTime() time.Duration { return time.Since(epoch) }
