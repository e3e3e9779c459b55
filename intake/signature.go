package intake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"leadmail/rules"
)

// LookupTXT asks the DNS for the TXT records of a name. net.Resolver has such a
// method.
type LookupTXT func(ctx context.Context, name string) ([]string, error)

const (
	// maxSignatures is how many signatures of a mail are looked at: each is a
	// question to a server that the sender names.
	maxSignatures = 3
	// maxLookup bounds one question.
	maxLookup = 10 * time.Second
)

// Signatures verifies the DKIM signatures of a mail and returns their results as a
// receiving server states them: pass, fail, permerror, or temperror where a key
// could not be had for the moment. Bodies signed in part (l=) and signatures past
// their end (x=) do not pass. It asks the DNS for at most three keys.
func Signatures(ctx context.Context, raw []byte, lookup LookupTXT) []rules.Result {
	found, err := dkim.VerifyWithOptions(bytes.NewReader(crlf(raw)), &dkim.VerifyOptions{
		MaxVerifications: maxSignatures,
		LookupTXT: func(name string) ([]string, error) {
			ctx, cancel := context.WithTimeout(ctx, maxLookup)
			defer cancel()
			return lookup(ctx, name)
		},
	})
	if err != nil && !errors.Is(err, dkim.ErrTooManySignatures) && !errors.Is(err, io.EOF) {
		return nil // no mail that could be signed
	}
	results := []rules.Result{}
	for _, v := range found {
		r := rules.Result{Method: "dkim", Result: "pass", Properties: map[string]string{"header.d": v.Domain, "header.i": v.Identifier}}
		switch {
		case v.Err == nil:
		case dkim.IsTempFail(v.Err):
			r.Result = "temperror"
		case dkim.IsPermFail(v.Err):
			r.Result = "permerror"
		default:
			r.Result = "fail"
		}
		if v.Err != nil {
			r.Properties["reason"] = clean(v.Err.Error())
		}
		results = append(results, r)
	}
	return results
}

// crlf gives each line the end that it had on its way (RFC 6376, section 5.3).
func crlf(raw []byte) []byte {
	if !bytes.Contains(raw, []byte("\n")) || bytes.Count(raw, []byte("\n")) == bytes.Count(raw, []byte("\r\n")) {
		return raw
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}
