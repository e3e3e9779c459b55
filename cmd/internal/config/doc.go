// Package config reads leadmail.yaml.
//
// The job: Default, then the file, then Validate. Load does the three and
// returns either a Config that can be used as it is or every mistake that the
// file contains, each with its line, what stands there and what to write
// instead.
//
// The promise: a key that is not known is a mistake, a value that is not
// understood is a mistake, and no mistake hides another. No password is ever
// kept here: the configuration names a file or an environment variable, and
// Password reads it when a connection needs it. What could hold a secret prints
// as ***.
//
// The traps: a relative path is relative to the folder of leadmail.yaml, not to
// where the program was started. The annotated example beside this file is
// generated from the declarations in config.go (go generate) and is what `leadmail
// init` writes; a test fails when it is stale.
package config

//go:generate go test -run ^TestExample -update .
