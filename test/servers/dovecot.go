package servers

import (
	"crypto/tls"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
)

// Dovecot is a running Dovecot.
type Dovecot struct {
	// IMAP speaks STARTTLS, IMAPS TLS from the start, LMTP takes mail, SASL
	// answers Postfix; host and port each.
	IMAP, IMAPS, LMTP, SASL string
	Authority               *Authority

	root  string
	boxes Mailboxes
	process
}

// Mailboxes are the addresses that have one, each with its password.
type Mailboxes map[string]string

// DovecotOption is a line of configuration beyond ours, such as
// "imap_capability = IMAP4rev1 IDLE".
type DovecotOption string

// StartDovecot starts one with these mailboxes; it ends with the test.
func StartDovecot(t testing.TB, a *Authority, boxes Mailboxes, options ...DovecotOption) *Dovecot {
	t.Helper()
	d := &Dovecot{Authority: a, root: root(t), boxes: maps.Clone(boxes)}
	d.process = process{name: "dovecot", folder: folder(t, "dovecot"), args: []string{"/usr/sbin/dovecot", "-F", "-c", "/srv/dovecot.conf"}}
	cert, key := a.Issue(t)
	ports := launch(t, d.root, &d.process, 4, func(ports []int) error {
		if err := os.MkdirAll(filepath.Join(d.folder, "mail"), 0o750); err != nil {
			return err
		}
		if err := os.Chown(filepath.Join(d.folder, "mail"), mailUser, mailUser); err != nil {
			return err
		}
		var more strings.Builder
		for _, o := range options {
			more.WriteString(string(o) + "\n")
		}
		for name, text := range map[string]string{"cert.pem": cert, "key.pem": key,
			"dovecot.conf": fmt.Sprintf(dovecotConf, ports[0], ports[1], ports[2], ports[3], more.String())} {
			if err := d.put(name, text, 0o600); err != nil {
				return err
			}
		}
		return d.users()
	})
	d.IMAP, d.IMAPS, d.LMTP, d.SASL = address(ports[0]), address(ports[1]), address(ports[2]), address(ports[3])
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	})
	// Its imap and lmtp that open a new mailbox at the same time wait for each
	// other's locks, and one of them panics (2.3.19.1): so none is new to the test.
	for address, password := range boxes {
		c := d.Login(t, address, password)
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
	return d
}

// SetPassword changes a mailbox's password, and returns when it counts.
func (d *Dovecot) SetPassword(t testing.TB, mailbox, password string) {
	t.Helper()
	d.boxes[mailbox] = password
	if err := d.users(); err != nil {
		t.Fatal(err)
	}
	// Dovecot looks at the file again once its clock, of whole seconds, has moved.
	// A refused login would cost a penalty, so that is waited for before one.
	written := time.Now().Unix()
	Await(t, 5*time.Second, "the next second", func() (bool, any) { return time.Now().Unix() > written+1, nil })
	_ = d.Login(t, mailbox, password).Close()
}

// users writes the file of users.
func (d *Dovecot) users() error {
	var users strings.Builder
	for address, password := range d.boxes {
		fmt.Fprintf(&users, "%s:{PLAIN}%s\n", address, password)
	}
	// Dovecot's auth process reads it as the user dovecot. Renamed into place, so
	// that no half of it is ever read.
	if err := d.put("users.new", users.String(), 0o644); err != nil {
		return err
	}
	return os.Rename(filepath.Join(d.folder, "users.new"), filepath.Join(d.folder, "users"))
}

// Stop ends the server; its mailboxes stay.
func (d *Dovecot) Stop() error { return d.end(syscall.SIGTERM) }

// Kill ends it as a power cut would.
func (d *Dovecot) Kill() error { return d.end(syscall.SIGKILL) }

func (d *Dovecot) end(signal syscall.Signal) error {
	if d.cmd == nil {
		return nil
	}
	err := d.stop(signal)
	d.cmd = nil
	return err
}

// Start starts it again after Stop or Kill, at the same addresses with the same
// mailboxes.
func (d *Dovecot) Start() error {
	if err := d.start(d.root); err != nil {
		return err
	}
	return d.ready(d.IMAP, d.IMAPS, d.LMTP, d.SASL)
}

// Log is what the server has written so far.
func (d *Dovecot) Log() string { return d.dump("log") }

// Login is a connection of a test's own, over TLS; it ends with the test.
func (d *Dovecot) Login(t testing.TB, mailbox, password string) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialTLS(d.IMAPS, &imapclient.Options{TLSConfig: d.client()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Login(mailbox, password).Wait(); err != nil {
		t.Fatalf("log in as %s: %v", mailbox, err)
	}
	return c
}

func (d *Dovecot) client() *tls.Config { return d.Authority.Client() }

// dovecotConf takes the ports of IMAP, IMAPS, LMTP, SASL and further lines.
const dovecotConf = `base_dir = /run/dovecot
state_dir = /srv/state
log_path = /srv/log
info_log_path = /srv/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = </srv/cert.pem
ssl_key = </srv/key.pem
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0 secs
mail_location = sdbox:~/mail
mail_fsync = never
first_valid_uid = 100
mail_max_userip_connections = 200
default_process_limit = 200
default_client_limit = 1000
default_vsz_limit = 0

service imap-login {
  inet_listener imap {
    port = %[1]d
  }
  inet_listener imaps {
    port = %[2]d
    ssl = yes
  }
  service_count = 0
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = %[3]d
  }
}
service auth {
  inet_listener sasl {
    address = 127.0.0.1
    port = %[4]d
  }
}
service stats {
  client_limit = 1000
}
passdb {
  driver = passwd-file
  args = /srv/users
}
userdb {
  driver = static
  args = uid=mail gid=mail home=/srv/mail/%%u
}
namespace inbox {
  inbox = yes
}
protocol lmtp {
  postmaster_address = postmaster@leanstack.example
}
%[5]s`
