package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the build (-ldflags "-X main.version=v1.2.3"); a build from
// a checkout names its commit instead.
var version string

type versionCmd struct{}

// Run prints one line.
func (versionCmd) Run(a *app) error {
	_, err := fmt.Fprintf(a.stdout, "leadmail %s (%s, %s/%s)\n", versionWords(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

func versionWords() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = ", with changes"
		}
	}
	switch {
	case commit != "":
		return "commit " + commit + changed
	case info.Main.Version != "":
		return info.Main.Version
	}
	return "unknown"
}
