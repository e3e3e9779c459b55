package test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"leadmail/test/servers"
)

// The disk of the database is full, or its files may not grow: nothing is
// answered or filed, the mails stay where they are, and all is made up for when
// there is room again, by the same process.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	d := share(t, []string{"disk", "limit"})
	t.Run("no room", func(t *testing.T) {
		t.Parallel()
		g := d.stageWith(t, "disk", setting{disk: "8m"})
		filler := filepath.Join(g.dir, "data", "filler")
		g.withoutRoom("full", func() {
			f, err := os.Create(filler)
			g.must(err)
			for err == nil {
				_, err = f.Write(make([]byte, 4096))
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			g.must(f.Close())
		}, func() { g.must(os.Remove(filler)) })
	})
	// The kernel sends SIGXFSZ with the error; Go's runtime takes no notice of it.
	t.Run("RLIMIT_FSIZE", func(t *testing.T) {
		t.Parallel()
		g := d.stageWith(t, "limit", setting{})
		limit := func(octets uint64) {
			g.must(unix.Prlimit(g.daemon.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: octets, Max: unix.RLIM_INFINITY}, nil))
		}
		g.withoutRoom("disk I/O error", func() {
			log, err := os.Stat(filepath.Join(g.dir, "data", "leadmail.db-wal"))
			g.must(err)
			limit(uint64(log.Size()) + 1000) // within the next page: a write that fails half way
		}, func() { limit(unix.RLIM_INFINITY) })
	})
}

// withoutRoom takes the room away from a leadmail that runs, waits for the words
// in its log, judges, and gives the room back.
func (g *stage) withoutRoom(words string, take, give func()) {
	g.Helper()
	g.run()
	servers.Await(g, 20*time.Second, "leadmail has looked at its mailbox", func() (bool, any) {
		return len(g.query("SELECT name FROM mailboxes WHERE scanned_at > 0")) == 1, nil
	})
	take()
	g.put(g.lead(1), g.lead(2))
	servers.Await(g, 40*time.Second, "the mailbox's loop tells of it", func() (bool, any) {
		line := regexp.MustCompile(`the mailbox cannot be reached; trying again" .*` + words)
		return line.MatchString(g.daemon.log.String()), "not yet"
	})
	if n := len(g.sink.Taken()); n != 0 {
		g.Errorf("%d messages were sent; want none, of which there is no record", n)
	}
	if n := len(g.box(g.mailbox, "INBOX").mails()); n != 2 {
		g.Errorf("%d mails lie in INBOX; want both", n)
	}
	give()
	g.settled(60*time.Second, 2)
	if ok := g.query("PRAGMA integrity_check"); !slices.Equal(ok, []string{"ok"}) {
		g.Errorf("the database's integrity: %v", ok)
	}
}

// A template that loads, and fails over one mail: that mail goes to a person,
// the others are answered.
func TestTemplateFails(t *testing.T) {
	t.Parallel()
	d := share(t, []string{"partners"})
	words := t.TempDir()
	const broken = `{{range .Verdicts}}{{if eq .Name "Firm 2"}}{{slice "x" 5}}{{end}}About {{.Name}}.{{end}}`
	if err := os.WriteFile(filepath.Join(words, "verdicts.txt.tmpl"), []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	g := d.stageWith(t, "partners", setting{extra: "templates: " + words})
	g.put(g.lead(1), g.lead(2), g.lead(3))
	g.run()
	g.box(g.mailbox, "Leadmail/Processed").await(40*time.Second, 2)
	lost := g.box(g.mailbox, "Leadmail/Quarantine").await(60*time.Second, 1)
	servers.Await(g, 20*time.Second, "staff are told", func() (bool, any) {
		for _, m := range g.sink.Taken() {
			if m.To == staff && bytes.Contains(m.Raw, []byte("uarantine")) {
				return true, nil
			}
		}
		return false, len(g.sink.Taken())
	})
	g.stop()
	if !bytes.Contains(lost[0], []byte("<lead2@")) {
		t.Errorf("another mail is in Quarantine:\n%s", lost[0])
	}
	if a := g.answers(); len(a) != 2 || len(a["<lead2@northwind.example>"]) != 0 {
		t.Errorf("%d mails were answered; want the other two", len(a))
	}
	if !strings.Contains(g.daemon.log.String(), "verdicts.txt.tmpl") {
		t.Error("the log does not name the template")
	}
}
