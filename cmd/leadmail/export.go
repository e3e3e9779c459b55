package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"leadmail/cmd/internal/desk"
	"leadmail/intake"
	"leadmail/rules"
	"leadmail/store"
)

type inboxExport struct {
	ID     int64  `arg:"" optional:"" help:"The number that list shows."`
	File   string `help:"A mail as a file (.eml) instead of one of the mailbox; needs no configuration." placeholder:"FILE"`
	Redact bool   `help:"Replace names, domains, addresses and numbers, and keep the form."`
	Seed   string `help:"Cases with one seed replace a name by the same name; without it each mail has its own." placeholder:"WORDS"`
	Out    string `help:"The folder to write to." default:"." type:"path"`
}

// Help teaches by example.
func (inboxExport) Help() string {
	return `Writes a mail as a case that can be shared: ID.eml, fetched from the mailbox, and ID.json, what was read in it. Correct the .json by
hand to what a careful person reads, and say in "note" what went wrong. What --redact does is a help and no promise: read the mail before
you share it.

    leadmail inbox export 12 --redact
    leadmail inbox export --file misread.eml --redact --out cases`
}

// truth is a case's second half: what is in the mail. Tier and note are a person's.
type truth struct {
	Tier      string           `json:"tier"`
	Kind      rules.Kind       `json:"kind"`
	Prospects []rules.Prospect `json:"prospects"`
	Refs      []string         `json:"refs"`
	Items     []rules.Item     `json:"items"`
	Note      string           `json:"note"`
}

// Run writes the two files.
func (c inboxExport) Run(a *app) error {
	if (c.ID == 0) == (c.File == "") {
		return usage("name one mail", "give its number, or a file with --file")
	}
	if c.Seed != "" && !c.Redact {
		return usage("--seed is for --redact", "add --redact, or leave the seed out")
	}
	raw, mailbox, err := c.original(a)
	if err != nil {
		return err
	}
	name := fmt.Sprint(c.ID)
	if c.File != "" {
		name = cmp.Or(strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File)), "mail")
	}
	if c.File == "-" {
		name = "mail"
	}
	if c.Redact {
		// The mail's own hash is a key that nobody has who has not the mail.
		key := sha256.Sum256(raw)
		if c.Seed != "" {
			key = sha256.Sum256([]byte(c.Seed))
		}
		raw = intake.Redact(raw, intake.Redaction{Key: key[:], Mailbox: mailbox})
		if c.File != "" {
			name += "-redacted"
		}
	}
	reader := intake.Reader{Mailbox: mailbox}
	if q := reader.Parse(reader.Read(raw)); len(q.Forms) > 0 && !c.Redact {
		return failed("export it with --redact: the files keep their kind and size and lose their content", "the mail brings tax or bank forms, of which no copy is made")
	}
	r := newReading("", reader.Parse(reader.Read(raw)))
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(truth{Kind: r.Kind, Prospects: r.Prospects, Refs: r.Refs, Items: r.Items}); err != nil {
		return err
	}
	for _, f := range []struct {
		ext     string
		content []byte
	}{{".eml", raw}, {".json", []byte(b.String())}} {
		path := filepath.Join(c.Out, name+f.ext)
		if err := writeNew(path, f.content); err != nil {
			return err
		}
		fmt.Fprintln(a.stdout, path)
	}
	if c.Redact {
		fmt.Fprintln(a.stderr, "leadmail: read the mail before you share it, and correct the .json by hand")
	}
	return nil
}

// original is the mail as it came, and our own address where it is known.
func (c inboxExport) original(a *app) ([]byte, rules.Address, error) {
	if c.File != "" {
		raw, err := a.open(c.File, mostMail)
		mailbox := rules.Address("")
		if cfg, err := a.load(); err == nil {
			mailbox = cfg.Program.Address
		}
		return raw, mailbox, err
	}
	var m store.InboxMessage
	var o desk.Options
	err := a.view(func(r *records, tx *store.Tx) (err error) {
		if m, err = tx.Inbox(c.ID); errors.Is(err, store.ErrNotFound) {
			return failed("leadmail inbox list shows those there are", "there is no mail %d", c.ID)
		} else if err != nil {
			return err
		}
		o, err = desk.FromConfig(r.config)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	raw, err := desk.Original(a.ctx, o, m)
	if errors.Is(err, desk.ErrGone) {
		return nil, "", failed("somebody moved it: save it as a file with your mail client, and give that with --file", "mail %d is in none of the desk's folders", c.ID)
	}
	if err != nil {
		return nil, "", failed("leadmail check says what is wrong with the mailbox", "cannot fetch mail %d: %w", c.ID, err)
	}
	return raw, o.Program.Address, nil
}

// writeNew writes a file that is not there yet, for its owner alone.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the path is what was asked for
	if errors.Is(err, os.ErrExist) {
		return failed("take it away, or name another folder with --out", "%s is there already", path)
	}
	if err != nil {
		return failed("", "cannot write: %w", err)
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
