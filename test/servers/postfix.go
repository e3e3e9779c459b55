package servers

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Postfix is a running Postfix in front of a Dovecot. Nothing leaves the pair:
// mail for the mailboxes goes to Dovecot by LMTP, all other mail is refused.
type Postfix struct {
	// SMTP takes mail for the mailboxes from anybody, as port 25 does.
	// Submission takes it after STARTTLS and a login, as port 587 does.
	SMTP, Submission string

	root string
	process
}

// StartPostfix starts one that serves the mailboxes of a Dovecot; it ends with
// the test. The options are lines of main.cf beyond ours.
func StartPostfix(t testing.TB, d *Dovecot, boxes Mailboxes, options ...string) *Postfix {
	t.Helper()
	p := &Postfix{root: root(t)}
	p.process = process{name: "postfix", folder: folder(t, "postfix"), args: []string{"/usr/lib/postfix/sbin/master", "-i", "-c", "/srv/conf"}}
	cert, key := d.Authority.Issue(t)
	if err := p.queue(); err != nil {
		t.Fatal(err)
	}
	var domains []string
	var recipients strings.Builder
	for address := range boxes {
		_, domain, _ := strings.Cut(address, "@")
		domains = append(domains, domain)
		fmt.Fprintf(&recipients, "%s ok\n", address)
	}
	slices.Sort(domains)
	ports := launch(t, p.root, &p.process, 2, func(ports []int) error {
		for name, text := range map[string]string{
			"conf/main.cf":   fmt.Sprintf(mainCF, strings.Join(slices.Compact(domains), ", "), numeric(d.LMTP), numeric(d.SASL), strings.Join(options, "\n")),
			"conf/master.cf": fmt.Sprintf(masterCF, ports[0], ports[1]),
			"conf/mailboxes": recipients.String(), "conf/chain.pem": key + cert} {
			if err := p.put(name, text, 0o644); err != nil {
				return err
			}
		}
		return nil
	})
	p.SMTP, p.Submission = address(ports[0]), address(ports[1])
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// numeric is an address as Postfix writes it, for inet: services.
func numeric(address string) string {
	host, port, _ := net.SplitHostPort(address)
	return host + ":" + port
}

// queue makes what "postfix check" would make.
func (p *Postfix) queue() error {
	for name, mode := range map[string]os.FileMode{"": 0o755, "active": 0o700, "bounce": 0o700, "corrupt": 0o700, "defer": 0o700, "deferred": 0o700,
		"flush": 0o700, "hold": 0o700, "incoming": 0o700, "private": 0o700, "saved": 0o700, "trace": 0o700, "maildrop": 0o730, "public": 0o710, "pid": 0o755} {
		path := filepath.Join(p.folder, "queue", name)
		if err := os.MkdirAll(path, mode); err != nil {
			return err
		}
		if err := os.Chmod(path, mode); err != nil {
			return err
		}
		if name != "" && name != "pid" {
			if err := os.Chown(path, postfixUser, 0); err != nil {
				return err
			}
		}
	}
	data := filepath.Join(p.folder, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	return os.Chown(data, postfixUser, postfixUser)
}

// Stop ends the server; its queue stays.
func (p *Postfix) Stop() error {
	if p.cmd == nil {
		return nil
	}
	err := p.stop(syscall.SIGTERM)
	p.cmd = nil
	return err
}

// Start starts it again after Stop, at the same addresses.
func (p *Postfix) Start() error {
	if err := p.start(p.root); err != nil {
		return err
	}
	return p.ready(p.SMTP, p.Submission)
}

// Log is what the server has written so far.
func (p *Postfix) Log() string { return p.dump("log") }

// mainCF takes the domains, LMTP's and SASL's address, and further lines.
// A mail that could not be delivered is tried again after two to three seconds
// (whole seconds count). Were it sooner, the queue manager could come upon it while
// the agent of the first try still holds it, and lays it back for a minute then.
const mainCF = `compatibility_level = 3.6
queue_directory = /srv/queue
data_directory = /srv/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = /srv/log
maillog_file_prefixes = /srv
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.leanstack.example
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:there are no local users
virtual_mailbox_domains = %[1]s
virtual_mailbox_maps = texthash:/srv/conf/mailboxes
virtual_transport = lmtp:inet:%[2]s
relay_domains =
default_transport = error:no mail leaves the tests
relay_transport = error:no mail leaves the tests
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_chain_files = /srv/conf/chain.pem
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:%[3]s
tls_random_source = dev:/dev/urandom
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
in_flow_delay = 0
queue_run_delay = 1s
minimal_backoff_time = 3s
maximal_backoff_time = 3s
%[4]s
`

// masterCF takes the ports of SMTP and submission. Nothing runs in a chroot of
// Postfix's own: all of it is in one. The queue manager looks each second for what
// was laid back; Postfix's own five minutes are longer than a test.
const masterCF = `127.0.0.1:%[1]d inet n - n - - smtpd
127.0.0.1:%[2]d inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_tls_auth_only=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_recipient_restrictions=reject_unauth_destination,permit_sasl_authenticated,reject
pickup    unix n - n 60   1 pickup
cleanup   unix n - n -    0 cleanup
qmgr      unix n - n 1    1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n -    - trivial-rewrite
bounce    unix - - n -    0 bounce
defer     unix - - n -    0 bounce
trace     unix - - n -    0 bounce
verify    unix - - n -    1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n -    - proxymap
proxywrite unix - - n -   1 proxymap
smtp      unix - - n -    - smtp
lmtp      unix - - n -    - lmtp
error     unix - - n -    - error
retry     unix - - n -    - error
discard   unix - - n -    - discard
anvil     unix - - n -    1 anvil
scache    unix - - n -    1 scache
postlog   unix-dgram n - n - 1 postlogd
`
