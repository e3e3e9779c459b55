// Command leadmail is a vendor's partner desk that partners reach by e-mail
// alone. Run it without arguments, or with --help, to see what it can do.
//
// The job of this package: flags, subcommands, printing, exit codes. One file a
// noun. What the commands do is done by the packages below; what may wait for a
// person at a terminal is said here.
//
// The promise: run touches nothing but its arguments, so a test can call it as a
// shell would. It returns 0 when what was asked is done (an empty list is done),
// 1 when it failed or a named thing does not exist, 2 when it was asked wrongly.
// Every error says what was found and what to try.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"leadmail/rules"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// app is what a command may use of the world.
type app struct {
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	config         string
	env            func(string) (string, bool)
	now            func() time.Time
	reference      func() rules.Reference
	actor          string // for the history: who at the prompt did it
}

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newApp(ctx, stdin, stdout, stderr).main(args)
}

// newApp is the world as it is; a test puts its own clock and environment in.
func newApp(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr,
		env: os.LookupEnv, now: time.Now, reference: newReference, actor: whoAmI()}
}

func (a *app) main(args []string) (code int) {
	// Kong ends a --help by its Exit; ours unwinds to here.
	type exit int
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(exit)
			if !ok {
				panic(r)
			}
			code = int(e)
		}
	}()
	var c cli
	parser, err := kong.New(&c,
		kong.Name("leadmail"),
		kong.Description(about),
		kong.Writers(a.stdout, a.stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "begin", Title: "Begin:"},
			{Key: "try", Title: "Try on a mail:"},
			{Key: "keep", Title: "Keep the program's records:"},
			{Key: "look", Title: "Look, and decide what waits for a person:"},
		}),
		kong.Bind(a),
	)
	if err != nil {
		return a.report(err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	var wrong *kong.ParseError
	if errors.As(err, &wrong) {
		help := "leadmail --help"
		if n := wrong.Context.Selected(); n != nil {
			help = n.FullPath() + " --help"
		}
		return a.report(usage(err.Error(), "see "+help))
	}
	if err != nil {
		return a.report(err)
	}
	a.config = c.Config
	return a.report(k.Run())
}

// cli is the whole command line.
type cli struct {
	Config string `help:"The configuration; without it LEADMAIL_CONFIG names it, or it is leadmail.yaml." placeholder:"FILE"`

	Demo    demoCmd    `cmd:"" group:"begin" help:"A whole program on this machine, with a mail server and a database of its own; nothing to configure."`
	Init    initCmd    `cmd:"" group:"begin" help:"Write an annotated leadmail.yaml and the database."`
	Check   checkCmd   `cmd:"" group:"begin" help:"Log in to everything, say what is missing and how to mend it."`
	Run     runCmd     `cmd:"" group:"begin" help:"Read, decide, answer and file mail until stopped."`
	Version versionCmd `cmd:"" group:"begin" help:"Say which leadmail this is."`

	Read   readCmd   `cmd:"" group:"try" help:"What the desk reads in a mail; decides nothing."`
	Decide decideCmd `cmd:"" group:"try" help:"What it would decide and answer; changes and sends nothing."`

	Partners      partnersCmd      `cmd:"" group:"keep" help:"The roster: who may register leads."`
	Registrations registrationsCmd `cmd:"" group:"keep" help:"Who holds which organisation, until when."`
	Organisations organisationsCmd `cmd:"" group:"keep" help:"Existing customers of the vendor (D15)."`
	Paperwork     paperworkCmd     `cmd:"" group:"keep" help:"Tax and bank forms: what is in, what is missing until when (D37)."`

	Review reviewCmd `cmd:"" group:"look" help:"What waits for a person."`
	Inbox  inboxCmd  `cmd:"" group:"look" help:"Every mail that came, and what became of it."`
	Outbox outboxCmd `cmd:"" group:"look" help:"Every mail that goes out."`
}

const about = `A vendor's partner desk that partners reach by e-mail alone.

See it at work first, then set it up:

    leadmail demo
    leadmail init
    leadmail check
    leadmail run

leadmail COMMAND --help shows examples. Exit codes: 0 done (an empty list too), 1 it failed or a named thing does not exist, 2 wrong usage.`

// whoAmI names the person at the prompt for the history.
func whoAmI() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "prompt:" + u.Username
	}
	return "prompt"
}

// until gives a context that ends with the first SIGINT or SIGTERM. From then on
// the signals do again what they do to any program: a second ends it at once.
func (a *app) until() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(a.ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		defer signal.Stop(signals)
		select {
		case <-signals:
			signal.Stop(signals)
			fmt.Fprintln(a.stderr, "leadmail: stopping; a second signal ends at once")
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { cancel(); waiting.Wait() }
}
