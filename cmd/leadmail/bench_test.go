package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"leadmail/cmd/internal/mailhost"
)

// BenchmarkIdleMemory runs the real daemon on SQLite against a mail host in this
// process, lets it wait in IDLE for a minute, and reports its resident set. It
// needs Linux, where /proc tells.
func BenchmarkIdleMemory(b *testing.B) {
	dir := b.TempDir()
	binary := filepath.Join(dir, "leadmail")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	host, err := mailhost.Start("127.0.0.1:0", "127.0.0.1:0", time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer host.Close()
	if err := host.AddUser(stageMailbox, stagePassword); err != nil {
		b.Fatal(err)
	}
	config := filepath.Join(dir, "leadmail.yaml")
	text := fmt.Sprintf(`mode: auto
program: {name: Program, address: %[1]s}
imap: {address: "%[2]s", tls: none, username: %[1]s, password_file: password}
smtp: {address: "%[3]s", tls: none, username: %[1]s, password_file: password}
database: leadmail.db
authentication: {mode: trust_from}
staff: {addresses: [%[4]s]}
`, stageMailbox, host.IMAPAddr, host.SMTPAddr, stageStaff)
	for file, content := range map[string]string{config: text, filepath.Join(dir, "password"): stagePassword} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	if out, err := exec.Command(binary, "--config", config, "init").CombinedOutput(); err != nil {
		b.Fatalf("init: %v\n%s", err, out)
	}
	for b.Loop() {
		b.ReportMetric(idleMemory(b, binary, config), "MiB")
	}
}

func idleMemory(b *testing.B, binary, config string) (mebibytes float64) {
	ctx, cancel := context.WithTimeout(b.Context(), 3*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, binary, "--config", config, "run")
	log, err := run.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := run.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() && !strings.Contains(lines.Text(), "connected to the mailbox") {
	}
	go func() {
		for lines.Scan() {
		}
	}()
	<-time.After(time.Minute) // what is measured: a minute in IDLE
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", run.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.ParseFloat(strings.Fields(after)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	if err := run.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	if err := run.Wait(); err != nil {
		b.Errorf("the daemon did not stop cleanly: %v", err)
	}
	return kib / 1024
}
