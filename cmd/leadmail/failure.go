package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"leadmail/cmd/internal/config"
	"leadmail/intake"
	"leadmail/notify"
	"leadmail/store"
)

// failure is an error for the person at the prompt: what was found, and what to
// try.
type failure struct {
	what, hint string
	code       int
	err        error
}

func (f *failure) Error() string { return f.what }
func (f *failure) Unwrap() error { return f.err }

// usage is a command line that cannot be meant.
func usage(what, hint string) error { return &failure{what: what, hint: hint, code: exitUsage} }

// failed is anything else.
func failed(hint, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &failure{what: err.Error(), hint: hint, code: exitFailed, err: errors.Unwrap(err)}
}

// errSaid ends a command with 1 whose output has said why already.
var errSaid = errors.New("said already")

// report prints an error and gives its exit code.
func (a *app) report(err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errSaid) {
		return exitFailed
	}
	f := &failure{}
	if !errors.As(err, &f) {
		f = &failure{what: err.Error(), hint: hint(err), code: exitFailed}
	}
	// The mistakes of a configuration are lines of their own, each with its hint.
	if m := (*config.Mistake)(nil); errors.As(err, &m) {
		fmt.Fprintln(a.stderr, f.what)
	} else {
		fmt.Fprintf(a.stderr, "leadmail: %s\n", strings.TrimRight(terminalText(f.what), "\n"))
	}
	if f.hint != "" {
		fmt.Fprintf(a.stderr, "  try: %s\n", f.hint)
	}
	return f.code
}

// hint is what to try after an error of the packages below; "" where its own
// words say it.
func hint(err error) string {
	var (
		dns      *net.DNSError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		expired  x509.CertificateInvalidError
		mistake  *config.Mistake
		sending  *notify.Failure
	)
	switch {
	case err == nil, errors.Is(err, config.ErrMissing), errors.As(err, &mistake):
		return ""
	case errors.Is(err, store.ErrNewerSchema):
		return "use the leadmail that last wrote this database, or restore the backup made before the upgrade"
	case errors.Is(err, intake.ErrLogin), errors.As(err, &sending) && (sending.Code == 530 || sending.Code == 534 || sending.Code == 535):
		return "compare username and password with those that a mail client uses; many providers want an app password here"
	case errors.Is(err, syscall.EADDRINUSE):
		return "another program listens there: end it, or choose another port"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: compare host and port with the provider's, and see that the server runs"
	case errors.As(err, &dns):
		return "the name " + dns.Name + " does not resolve: look for a slip in it, and at this machine's name server"
	case errors.As(err, &unknown):
		return "the server's certificate is signed by nobody this machine trusts; for a server of your own name its certificate with ca_file"
	case errors.As(err, &hostname):
		return "the certificate is for another name: write the name under which the server is known into address"
	case errors.As(err, &expired):
		return "the server's certificate is not valid now: have it renewed, and look at this machine's clock"
	case strings.Contains(err.Error(), "first record does not look like a TLS handshake"):
		return "the server does not begin with TLS on this port: try tls: starttls, or the provider's other port"
	case isTimeout(err):
		return "the server did not answer in time: look at the port, at tls (tls or starttls), and at the firewall between"
	case errors.Is(err, fs.ErrPermission):
		return "let the user that runs leadmail read and write there"
	}
	return ""
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
