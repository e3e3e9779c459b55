package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"leadmail/cmd/internal/config"
	"leadmail/cmd/internal/desk"
	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
)

// In mode results everything hangs on one thing that the program cannot see: that
// the server puts its own Authentication-Results above whatever comes with a mail
// from outside. So that is tried: a mail that carries a forged field of our
// server's name is sent, and what arrives is looked at. Only the path from outside
// counts; a mail that we submit with a password often gets no field at all.

const (
	nonceName = "boundary nonce"
	proofName = "boundary proof"
	// recent is how many mails from outside are looked at.
	recent = 200
)

// proof is what was seen of the boundary, and when.
type proof struct {
	At time.Time `json:"at"`
	// For is the server's name, as it was configured then.
	For string `json:"for"`
	// Outside says that the probe came by the path that counts.
	Outside bool   `json:"outside"`
	Holds   bool   `json:"holds"`
	Seen    string `json:"seen"`
}

// boundaryOf names what a proof is for: it is worth nothing after a change.
func boundaryOf(t rules.Trust) string { return cmp.Or(t.AuthservID, "Microsoft 365") }

// proved reads the recorded proof of the configured boundary; nil where there is none.
func proved(tx *store.Tx, t rules.Trust) (*proof, error) {
	text, _, err := tx.Setting(proofName)
	if err != nil || text == "" {
		return nil, err
	}
	var p proof
	if err := json.Unmarshal([]byte(text), &p); err != nil || p.For != boundaryOf(t) {
		return nil, nil // of another server, or of a program that wrote it otherwise
	}
	return &p, nil
}

// probe is the mail that tries the boundary. It bears our loop marker, so that a
// desk at work files it under Automatic, unanswered.
func probe(t rules.Trust, program rules.Address, nonce, way string, from rules.Address) string {
	forged := fmt.Sprintf("%s (leadmail probe %s); dmarc=pass header.from=%s", t.AuthservID, nonce, from.Domain())
	if t.Microsoft365 {
		forged = fmt.Sprintf("dmarc=pass (leadmail probe %s) header.from=%s", nonce, from.Domain())
	}
	return strings.Join([]string{
		"Authentication-Results: " + forged,
		"From: " + string(from),
		"To: " + string(program),
		"Subject: leadmail probe " + nonce + " " + way,
		notify.LoopHeader + ": " + string(program),
		notify.LoopHeader + "-Probe: " + nonce,
		"", "This mail tries whether a forged Authentication-Results is believed. It needs no answer.", "",
	}, "\r\n")
}

// submitted knows the protocols of a mail that was handed in with a login
// (RFC 3848), in the Received line of the server that took it.
var submitted = regexp.MustCompile(`(?i)\bwith\s+(?:UTF8)?E?SMTPS?A\b|authenticated sender|authenticated bits`)

var viaSMTP = regexp.MustCompile(`(?i)\bwith\s+(?:UTF8)?E?SMTP`)

// examine says what a probe that has arrived proves.
func examine(m intake.Message, t rules.Trust, nonce string) (p proof) {
	p.For = boundaryOf(t)
	path := "from outside"
	p.Outside = strings.HasSuffix(m.Subject, " outside")
	for _, line := range m.Header("received") {
		if viaSMTP.MatchString(line) || submitted.MatchString(line) {
			if submitted.MatchString(line) {
				p.Outside = false
			}
			break // what stands below came with the mail
		}
	}
	if !p.Outside {
		path = "by a submission account, which is not the path from outside"
	}
	fields := m.Header("authentication-results")
	forged, own := -1, -1
	for i, v := range fields {
		switch {
		case strings.Contains(v, nonce):
			if forged < 0 {
				forged = i
			}
		case t.Microsoft365 && i == 0 && intake.AuthservID(v) == "", !t.Microsoft365 && strings.EqualFold(intake.AuthservID(v), t.AuthservID):
			if own < 0 {
				own = i
			}
		}
	}
	marked := len(m.Header(notify.LoopHeader+"-Probe")) > 0
	switch {
	case forged >= 0 && (own < 0 || forged < own):
		p.Seen = "the forged field stands on top: whoever writes it is believed"
	case own < 0:
		p.Seen = "no field of " + p.For + " is there: nobody could be verified"
	case !marked:
		p.Seen = "the server's own field is there; whether it stands above a forged one was not tried, since the forged one was not sent"
	case forged < 0:
		p.Holds, p.Seen = true, "the forged field was taken out, and the server's own is there"
	default:
		p.Holds, p.Seen = true, "the server's own field stands above the forged one"
	}
	p.Seen = "it came " + path + ": " + p.Seen
	return p
}

// boundary looks at the trust boundary; with sending it also tries it.
func (c *checkup) boundary(cfg *config.Config, o desk.Options, sending bool) {
	switch o.Trust.Mode {
	case rules.AuthTrustFrom:
		return
	case rules.AuthDKIM:
		c.ok("boundary", "signatures are verified here; no field of a mail is believed")
		return
	}
	if exists(cfg.Database) != nil {
		return // said already
	}
	db, err := store.Open(c.ctx, cfg.Database.URL())
	if err != nil {
		return
	}
	defer db.Close()
	if n, err := db.Pending(c.ctx); err != nil || n > 0 {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, 10*cfg.IMAP.Timeout)
	defer cancel()
	nonce := ""
	err = db.Update(ctx, c.now(), func(tx *store.Tx) (err error) {
		nonce, err = tx.FirstSetting(nonceName, hex.EncodeToString(bytesOf(6)))
		return err
	})
	var mails []intake.Message
	if err == nil {
		mails, err = arrived(ctx, cfg, o.IMAP)
	}
	if err != nil {
		c.fail("boundary", err, "")
		return
	}
	c.statistics(mails, cfg, o.Trust)
	best := c.probes(mails, o.Trust, nonce)
	if best != nil && best.Outside {
		best.At = c.now()
		text, err := json.Marshal(best)
		if err == nil {
			err = db.Update(ctx, c.now(), func(tx *store.Tx) error { return tx.SaveSetting(proofName, string(text)) })
		}
		if err != nil {
			c.fail("boundary", err, "")
		}
		return
	}
	var known *proof
	if err := db.View(ctx, func(tx *store.Tx) (err error) { known, err = proved(tx, o.Trust); return err }); err != nil {
		c.fail("boundary", err, "")
		return
	}
	switch {
	case known != nil && known.Holds:
		c.ok("boundary", "tried on %s: %s", text(known.At), known.Seen)
	case known != nil:
		c.fail("boundary", fmt.Errorf("tried on %s: %s", text(known.At), known.Seen), boundaryHint)
	case !sending:
		c.warn("boundary", boundaryWarning, "leadmail check --boundary sends a forged mail and says how to repeat it from outside")
	}
	if sending && (known == nil || !known.Holds) {
		c.probeOut(ctx, o, nonce, best == nil)
	}
}

const (
	boundaryWarning = "nobody has tried yet whether a forged Authentication-Results is believed"
	boundaryHint    = "have the server remove fields of its own name from mail that comes in, and write its own on top (SECURITY.md); until then nothing in this mailbox proves a sender"
)

// probeOut sends the forged mail by submission, once, and asks the operator for the other.
func (c *checkup) probeOut(ctx context.Context, o desk.Options, nonce string, first bool) {
	program := o.Program.Address
	if first {
		if err := o.SMTP.Deliver(ctx, program, program, []byte(probe(o.Trust, program, nonce, "submission", program))); err != nil {
			c.fail("boundary", fmt.Errorf("the forged mail could not be sent: %w", err), "")
			return
		}
		c.ok("boundary", "a forged mail is on its way, by our submission account; the next check looks for it")
	}
	fmt.Fprintf(c.stdout, `      Now repeat it from outside, since only that path counts: send this text as it is, header included, from a machine
      that is not yours to the server that takes mail for %s (swaks --data, or curl --upload-file, on port 25), with
      an address of yours there in From, and run leadmail check --boundary once more.

%s
`, program.Domain(), indent(indent(strings.ReplaceAll(probe(o.Trust, program, nonce, "outside", "you@outside.example"), "\r\n", "\n"))))
}

// probes judges the probes that have arrived; the one that proves most is
// returned. A probe from outside counts before one that was submitted, and a bad
// end before a good one.
func (c *checkup) probes(mails []intake.Message, t rules.Trust, nonce string) *proof {
	var best *proof
	for _, m := range mails {
		if !strings.HasPrefix(m.Subject, "leadmail probe "+nonce) {
			continue
		}
		p := examine(m, t, nonce)
		if best == nil || p.Outside && !best.Outside || p.Outside == best.Outside && !p.Holds {
			best = &p
		}
	}
	switch {
	case best == nil:
	case !best.Outside:
		c.warn("boundary", best.Seen, "repeat it from outside: leadmail check --boundary")
	case best.Holds:
		c.ok("boundary", "%s", best.Seen)
	default:
		c.fail("boundary", errors.New(best.Seen), boundaryHint)
	}
	return best
}

// statistics looks at the newest mails from outside: how many carry our server's
// field on top, and how many carry it twice. It notices a list in front of the
// mailbox, too (MAIL.md 132).
func (c *checkup) statistics(mails []intake.Message, cfg *config.Config, t rules.Trust) {
	outside, top, twice := 0, 0, 0
	lists := map[string]int{}
	for _, m := range mails {
		if m.From == "" || m.From.Domain() == cfg.Program.Address.Domain() || len(m.Header("received")) == 0 {
			continue
		}
		if outside++; outside > recent {
			outside = recent
			break
		}
		ours := 0
		for i, v := range m.Header("authentication-results") {
			id := intake.AuthservID(v)
			if t.Microsoft365 && id == "" || !t.Microsoft365 && strings.EqualFold(id, t.AuthservID) {
				ours++
				if i == 0 {
					top++
				}
			}
		}
		if ours > 1 {
			twice++
		}
		for _, id := range m.Header("list-id") {
			lists[id]++
		}
	}
	if outside == 0 {
		c.ok("results", "no mail from outside to look at yet")
		return
	}
	line := fmt.Sprintf("of the last %d mail(s) from outside %d carry the field of %s on top, %d carry it twice", outside, top, boundaryOf(t), twice)
	switch {
	case top == 0:
		c.warn("results", line, "compare authentication.authserv_id with the first word behind Authentication-Results: in a mail that came from outside")
	case 10*top < 9*outside || 10*twice > outside:
		c.warn("results", line, "see which mails these are: twice means a second filter of that name, or an attempt at forgery; only the topmost is read")
	default:
		c.ok("results", "%s", line)
	}
	for id, n := range lists {
		if outside >= 5 && 2*n > outside && !slices.Contains(cfg.Authentication.Lists, strings.ToLower(strings.Trim(id[strings.LastIndex(id, "<")+1:], "<> "))) {
			c.warn("list", fmt.Sprintf("%d of them came through the mailing list %s: such mail is held", n, terminal(id)), "name the list in authentication.lists, or deliver into the mailbox without it")
		}
	}
}

// arrived are the headers of the newest mails, wherever they were filed, newest
// first.
func arrived(ctx context.Context, cfg *config.Config, server intake.Server) ([]intake.Message, error) {
	type dated struct {
		intake.Message
		received time.Time
	}
	var all []dated
	server.MaxSize = 1 // headers alone
	f := cfg.IMAP.Folders
	for _, folder := range []string{cfg.IMAP.Mailbox, f.Processed, f.Review, f.Automatic, f.Quarantine} {
		server.Mailbox = folder
		err := func() error {
			s, err := intake.Dial(ctx, server)
			if err != nil {
				return err
			}
			defer s.Close()
			if _, err := s.Select(ctx); errors.Is(err, intake.ErrNoFolder) {
				return nil
			} else if err != nil {
				return err
			}
			uids, err := s.Search(ctx, 0)
			if err != nil {
				return err
			}
			slices.Sort(uids)
			return s.Fetch(ctx, uids[max(0, len(uids)-2*recent):], func(m intake.Fetched) error {
				all = append(all, dated{intake.Reader{}.Read(m.Raw), m.Received})
				return nil
			})
		}()
		if err != nil {
			return nil, fmt.Errorf("look at %s: %w", folder, err)
		}
	}
	slices.SortStableFunc(all, func(a, b dated) int { return b.received.Compare(a.received) })
	out := make([]intake.Message, len(all))
	for i, m := range all {
		out[i] = m.Message
	}
	return out, nil
}

func bytesOf(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // documented never to fail
	return b
}
