package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// The kinds of what can go wrong with a mailbox, for errors.Is. After ErrTimeout and ErrDisconnected the session is over.
var (
	ErrLogin        = errors.New("the login was refused")                      // of no use to try again soon; alert
	ErrTLS          = errors.New("the connection cannot be protected")         // nothing secret was sent; alert
	ErrTimeout      = errors.New("the server did not answer in time")          // dial again, with backoff
	ErrDisconnected = errors.New("the connection is broken")                   // dial again, with backoff
	ErrUnavailable  = errors.New("the server asks to come back later")         // likewise
	ErrNoFolder     = errors.New("there is no such folder")                    //
	ErrRights       = errors.New("the account may not do this")                // alert: somebody must grant the right
	ErrQuota        = errors.New("the mailbox is full or the mail too big")    // alert
	ErrRenumbered   = errors.New("the mailbox was renumbered (UIDVALIDITY)")   // Select and rescan
	ErrIncomplete   = errors.New("the server does not give the mail in whole") // in a FetchError, of a mail that is there
	ErrRefused      = errors.New("the server refused")                         // any other NO or BAD
	ErrBusy         = errors.New("the session is in use by another goroutine") // a mistake in the program
)

// FetchError names the mails that a Fetch or Headers did not deliver although they may be there. When it is also
// ErrDisconnected or ErrTimeout, the answer to them broke the connection: if it does so again, fetch halves of UIDs over
// a new connection until a single one is left, and quarantine that (MAIL.md 125). Otherwise the session is usable, the
// other mails were delivered, and each of UIDs failed on its own. When it is the context that ended, no FetchError is made:
// that is no evidence against a mail.
type FetchError struct {
	UIDs []uint32 // ascending
	Err  error
}

// Error names the UIDs, shortened when they are many.
func (e *FetchError) Error() string {
	set := imap.UIDSet{}
	for _, uid := range e.UIDs {
		set.AddNum(imap.UID(uid))
	}
	names := set.String()
	if len(names) > 80 {
		names = names[:80] + "…"
	}
	return fmt.Sprintf("fetching UID %s: %s", names, strings.ReplaceAll(e.Err.Error(), "\n", "; "))
}

// Unwrap gives the cause.
func (e *FetchError) Unwrap() error { return e.Err }

// add notes mails that failed, and why.
func (e *FetchError) add(err error, uids ...uint32) {
	e.UIDs = append(e.UIDs, uids...)
	e.Err = errors.Join(e.Err, err)
}

// take adds another FetchError to this one; any other error it gives back.
func (e *FetchError) take(err error) error {
	var other *FetchError
	if errors.As(err, &other) {
		e.add(other.Err, other.UIDs...)
		return nil
	}
	return err
}

// with is err if there is one, else e if it holds anything.
func (e *FetchError) with(err error) error {
	if err != nil || len(e.UIDs) == 0 {
		return err
	}
	slices.Sort(e.UIDs)
	return e
}

// kindOf sorts a NO or BAD by its response code (RFC 5530), and by its words where providers are known to send none.
func kindOf(e *imap.Error) error {
	switch e.Code {
	case imap.ResponseCodeNonExistent, imap.ResponseCodeTryCreate:
		return ErrNoFolder
	case imap.ResponseCodeNoPerm, imap.ResponseCodeAuthorizationFailed:
		return ErrRights
	case imap.ResponseCodeOverQuota, imap.ResponseCodeTooBig:
		return ErrQuota
	case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeServerBug, imap.ResponseCodeLimit:
		return ErrUnavailable
	case imap.ResponseCodeAuthenticationFailed, imap.ResponseCodeExpired, imap.ResponseCodePrivacyRequired:
		return ErrLogin
	}
	words := strings.ToLower(e.Text)
	switch {
	case strings.Contains(words, "too many"), strings.Contains(words, "try again"), strings.Contains(words, "temporar"):
		return ErrUnavailable
	case strings.Contains(words, "permission"), strings.Contains(words, "not permitted"), strings.Contains(words, "access denied"):
		return ErrRights
	case strings.Contains(words, "quota"):
		return ErrQuota
	}
	return ErrRefused
}

// wrap puts what was being done and the kind around what a command came to. An answer of the server keeps the session;
// anything else came from the connection.
func wrap(what string, err error) error {
	var answer *imap.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer):
		return fmt.Errorf("%s: %w: %w", what, kindOf(answer), answer)
	case errors.Is(err, ErrTimeout), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", what, err)
	default:
		return fmt.Errorf("%s: %w: %w", what, ErrDisconnected, err)
	}
}
