package main

import (
	"errors"

	"leadmail/cmd/internal/demo"
)

type demoCmd struct {
	Once bool   `help:"End after the sample conversation; exit 0 only if every verdict was as expected."`
	IMAP string `name:"imap" help:"Where its IMAP server listens; without it, a free port." placeholder:"127.0.0.1:1143"`
	SMTP string `name:"smtp" help:"Where its SMTP server listens; without it, a free port." placeholder:"127.0.0.1:1025"`
	Log  bool   `help:"Show the desk's log on standard error too."`
}

// Help teaches by example.
func (demoCmd) Help() string {
	return `Starts a mail server, a database and the desk in this process, on this machine only, and plays a conversation. Then it stays up,
says how to connect a mail client as one of the partners, and answers what you send. Nothing is left behind.

    leadmail demo
    leadmail demo --imap 127.0.0.1:1143 --smtp 127.0.0.1:1025    (for a mail client that is to stay set up)
    leadmail demo --once`
}

// Run plays until the conversation is over or, without --once, until a signal.
func (c demoCmd) Run(a *app) error {
	ctx, stop := a.until()
	defer stop()
	_, plain := a.env("NO_COLOR")
	o := demo.Options{Once: c.Once, IMAP: c.IMAP, SMTP: c.SMTP, Out: a.stdout, Color: isTerminal(a.stdout) && !plain}
	if c.Log {
		o.Log = newLog(a.stderr, "text", false)
	}
	err := demo.Run(ctx, o)
	if errors.Is(err, demo.ErrVerdict) {
		return failed("run it again with --log to see what the desk did", "%w", err)
	}
	return err
}
