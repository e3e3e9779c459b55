package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"leadmail/intake"
	"leadmail/rules"
	"leadmail/store"
)

// file carries out the filing that committed decisions owe. What the server
// refuses is left for the next time: a full folder stops no mail from being read.
func (d *Desk) file(ctx context.Context, s *intake.Session, validity uint32) error {
	tried := map[int64]bool{}
	var no refusal
	for {
		var owed []store.Filing
		err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
			owed, err = tx.Filings(d.IMAP.Mailbox, validity, chunkMails)
			return err
		})
		if err != nil {
			return err
		}
		if owed = slices.DeleteFunc(owed, func(f store.Filing) bool { return tried[f.InboxID] }); len(owed) == 0 {
			break
		}
		for _, f := range owed {
			if err := ctx.Err(); err != nil {
				return err
			}
			tried[f.InboxID] = true
			err := d.fileOne(ctx, s, f)
			if errors.As(err, &no) {
				d.Log.Warn("a mail was not filed; trying again", "inbox", f.InboxID, "folder", f.Folder, "attempt", f.Attempts+1, "err", err)
			} else if err != nil {
				return fmt.Errorf("file mail %d: %w", f.InboxID, err)
			}
		}
	}
	if no.error == nil {
		d.recovered(ctx, "filing")
	} else {
		d.alert(ctx, "filing", "Mail cannot be filed", no.Error(),
			"Mail is read and answered as before; it is filed once this is mended. Is the mailbox full? `leadmail check` says more.")
	}
	return nil
}

func (d *Desk) fileOne(ctx context.Context, s *intake.Session, f store.Filing) error {
	err := d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error { return tx.CountFiling(f.InboxID) })
	if err != nil {
		return err
	}
	point("before-filing")
	to := intake.Filing{UID: f.UID, Folder: d.Folders.Name(f.Folder), MessageID: f.MessageID, RawHash: f.RawHash, Repeated: f.Attempts > 0}
	if f.From == "" {
		if err = s.File(ctx, to); refused(err) {
			err = refusal{err}
		}
	} else if err = d.refile(ctx, f, to); err != nil && ctx.Err() == nil {
		err = refusal{err} // whatever it was, it befell another session
	}
	if err != nil {
		return err
	}
	point("after-filing")
	return d.Store.Update(context.WithoutCancel(ctx), d.Now(), func(tx *store.Tx) error { return tx.Filed(f.InboxID) })
}

// refile moves a mail on from one of our folders, as when a review is over. Its
// UID there is not known: it is looked for by receipt instant and hash, over a
// connection of its own, since a session knows one mailbox. One that a person has
// put elsewhere meanwhile is left to that person.
func (d *Desk) refile(ctx context.Context, f store.Filing, to intake.Filing) (err error) {
	server := d.IMAP
	server.Mailbox = d.Folders.Name(f.From)
	s, err := intake.Dial(ctx, server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Select(ctx); errors.Is(err, intake.ErrNoFolder) {
		return nil
	} else if err != nil {
		return err
	}
	uids, err := s.Search(ctx, 0)
	if err != nil {
		return err
	}
	found, err := s.Headers(ctx, uids)
	if err != nil {
		return err
	}
	var candidates []uint32
	for _, c := range found {
		if c.Received.Equal(f.Received) {
			candidates = append(candidates, c.UID)
		}
	}
	if len(candidates) == 0 {
		d.Log.Info("a mail is no longer in its folder; it stays where somebody put it", "inbox", f.InboxID, "folder", server.Mailbox)
		return nil
	}
	err = s.Fetch(ctx, candidates, func(m intake.Fetched) error {
		if sum := sha256.Sum256(m.Raw); hex.EncodeToString(sum[:]) == f.RawHash {
			to.UID = m.UID
		}
		return nil
	})
	if err != nil || to.UID == 0 {
		return err
	}
	return s.File(ctx, to)
}

// keepCopies puts what was sent where a person looks for it, after the mails that
// wait for an answer. A server that takes no copies is no reason to read no mail.
func (d *Desk) keepCopies(ctx context.Context, s *intake.Session) error {
	err := d.copySent(ctx, s)
	switch {
	case err == nil:
		d.recovered(ctx, "copies")
	case refused(err):
		d.Log.Warn("copies of what was sent cannot be kept; trying again", "err", err)
		d.alert(ctx, "copies", "Copies of sent mail cannot be kept", err.Error(),
			"Mail is read and answered as before; the copies follow once this is mended. Is the mailbox full? `leadmail check` says more.")
	default:
		return err
	}
	return nil
}

// copySent copies what was sent and is not copied yet, oldest first.
func (d *Desk) copySent(ctx context.Context, s *intake.Session) error {
	if !d.SentCopy {
		return nil
	}
	var sent []store.OutboxMessage
	err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
		sent, err = tx.Uncopied(chunkMails)
		return err
	})
	for _, m := range sent {
		if err := s.Append(ctx, d.Folders.Name(rules.FolderSent), m.Raw, m.SentAt, m.MessageID); err != nil {
			return fmt.Errorf("copy message %d: %w", m.ID, err)
		}
		point("after-copy")
		if err := d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error { return tx.MarkCopied(m.ID) }); err != nil {
			return err
		}
	}
	return err
}
