package notify

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"leadmail/rules"
)

// SMTP is a mail server that takes our mail.
type SMTP struct {
	Addr     string
	TLS      string
	RootCAs  *x509.CertPool
	Username string
	Password func() (string, error)
	Hello    string
	Timeout  time.Duration
}

// Fate is what an attempt came to.
type Fate string

// The fates.
const (
	FateSent      Fate = "sent"
	FateRetry     Fate = "retry"
	FateSlow      Fate = "slow"
	FateRefused   Fate = "refused"
	FateNoSuch    Fate = "no_such_address"
	FateChannel   Fate = "channel"
	FateUncertain Fate = "uncertain"
)

// FateOf classifies.
func FateOf(err error) Fate {
	if err == nil {
		return FateSent
	}
	return FateRetry
}

// Deliver makes one attempt.
func (s SMTP) Deliver(ctx context.Context, from, to rules.Address, raw []byte) error {
	return errors.New("not yet")
}

// Check logs in and out.
func (s SMTP) Check(ctx context.Context) error { return errors.New("not yet") }
