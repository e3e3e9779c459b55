package servers_test

import (
	"fmt"
	"net/smtp"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"leadmail/test/servers"
)

// The harness itself: what Postfix takes lies in Dovecot, also when Dovecot was
// down meanwhile.
func TestPostfixDeliversToDovecot(t *testing.T) {
	t.Parallel()
	began := time.Now()
	boxes := servers.Mailboxes{"ann@one.example": "ann's", "bob@two.example": "bob's"}
	d := servers.StartDovecot(t, servers.NewAuthority(t), boxes)
	p := servers.StartPostfix(t, d, boxes)
	t.Logf("both are up after %s", time.Since(began))
	send := func(n int) {
		t.Helper()
		if err := smtp.SendMail(p.SMTP, nil, "ann@one.example", []string{"bob@two.example"}, fmt.Appendf(nil, "Subject: %d\r\n\r\nHello\r\n", n)); err != nil {
			t.Fatal(err)
		}
	}
	send(1)
	box := d.Login(t, "bob@two.example", "bob's")
	var seen uint32
	count := func() (bool, any) {
		s, err := box.Select("INBOX", nil).Wait()
		if err != nil {
			t.Fatal(err)
		}
		return s.NumMessages >= seen, s.NumMessages
	}
	seen = 1
	servers.Await(t, 10*time.Second, "the mail lies in bob's mailbox", count)
	if caps := box.Caps(); !caps.Has(imap.CapMove) || !caps.Has(imap.CapIdle) {
		t.Errorf("no MOVE or IDLE: %v", caps)
	}
	if err := d.Stop(); err != nil {
		t.Fatal(err)
	}
	send(2)
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	box = d.Login(t, "bob@two.example", "bob's")
	seen = 2
	// Postfix lays a mail back for a minute when its first try has not quite ended.
	servers.Await(t, 90*time.Second, "the mail that came meanwhile lies there too", count)
	if err := smtp.SendMail(p.SMTP, nil, "ann@one.example", []string{"eve@elsewhere.example"}, []byte("\r\n")); err == nil {
		t.Error("mail for another domain was taken")
	}
}
