package servers

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Postgres is a PostgreSQL that a test has for itself, to take it away.
type Postgres struct {
	URL string

	orders  io.Writer
	answers *bufio.Scanner
	ended   chan struct{}
}

// StartPostgres starts one by .ci/postgres, which knows where its programs lie
// and as whom they run; it ends with the test.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("..", ".ci", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(script)
	cmd.Stderr = os.Stderr
	// A group of its own: Ctrl-C at the terminal is the test's business.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	orders, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	// Not StdoutPipe, which Wait would close under the reader.
	output, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = input
	p := &Postgres{orders: orders, answers: bufio.NewScanner(output), ended: make(chan struct{})}
	spawned := make(chan error)
	go spawn(cmd, spawned, p.ended)
	err = <-spawned
	_ = input.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(20 * time.Second):
			t.Error("the private PostgreSQL did not end within 20 s of SIGTERM")
		}
		_ = output.Close()
	})
	if p.URL, err = p.line(); err != nil {
		t.Fatal(err)
	}
	return p
}

// Crash ends the server at once, as a power cut would.
func (p *Postgres) Crash() error { return p.order("crash") }

// Start starts it again, at the same address with the same data.
func (p *Postgres) Start() error { return p.order("start") }

func (p *Postgres) order(what string) error {
	if _, err := fmt.Fprintln(p.orders, what); err != nil {
		return fmt.Errorf("%s PostgreSQL: %w", what, err)
	}
	answer, err := p.line()
	if err == nil && answer != "done" {
		err = fmt.Errorf("%q", answer)
	}
	if err != nil {
		return fmt.Errorf("%s PostgreSQL: %w", what, err)
	}
	return nil
}

// line is what .ci/postgres says next.
func (p *Postgres) line() (string, error) {
	if !p.answers.Scan() {
		return "", fmt.Errorf(".ci/postgres has ended (%v); what it said stands above", p.answers.Err())
	}
	return strings.TrimSpace(p.answers.Text()), nil
}
