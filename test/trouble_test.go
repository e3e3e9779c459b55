package test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"leadmail/test/servers"
)

// The disk of the database is full: nothing is answered or filed, the mails stay
// where they are, and all is made up for when there is room again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	d := share(t, []string{"partners"})
	g := d.stageWith(t, "partners", setting{disk: "8m"})
	g.run()
	servers.Await(g, 20*time.Second, "leadmail has looked at its mailbox", func() (bool, any) {
		return len(g.query("SELECT name FROM mailboxes WHERE scanned_at > 0")) == 1, nil
	})
	filler, err := os.Create(filepath.Join(g.dir, "data", "filler"))
	g.must(err)
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	g.must(filler.Close())
	g.put(g.lead(1), g.lead(2))
	g.logged(20*time.Second, "full")
	if n := len(g.sink.Taken()); n != 0 {
		t.Errorf("%d messages were sent; want none, of which there is no record", n)
	}
	if n := len(g.box(g.mailbox, "INBOX").mails()); n != 2 {
		t.Errorf("%d mails lie in INBOX; want both", n)
	}
	g.must(os.Remove(filler.Name()))
	g.settled(60*time.Second, 2)
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
