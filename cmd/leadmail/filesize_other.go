//go:build !unix

package main

// limitsAreErrors has nothing to do where files have no such limit.
func limitsAreErrors() {}
