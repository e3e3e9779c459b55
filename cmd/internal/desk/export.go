package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"leadmail/intake"
	"leadmail/rules"
	"leadmail/store"
)

// ErrGone is returned for a mail that is no longer where the desk puts mail.
var ErrGone = errors.New("the mail is in none of the desk's folders")

// Original fetches a mail of the ledger from the mailbox, which is the archive: the
// desk keeps no bytes. It is looked for where the ledger says that it lies, then in
// the other folders, by its UID or its receipt and always by the hash of its bytes;
// nothing there is changed.
func Original(ctx context.Context, o Options, m store.InboxMessage) ([]byte, error) {
	folders := []string{o.IMAP.Mailbox}
	if m.Folder != "" {
		folders = append([]string{o.Folders.Name(m.Folder)}, folders...)
	}
	for _, role := range []rules.Folder{rules.FolderProcessed, rules.FolderReview, rules.FolderAutomatic, rules.FolderBounces, rules.FolderPaperwork, rules.FolderQuarantine} {
		if name := o.Folders.Name(role); name != folders[0] {
			folders = append(folders, name)
		}
	}
	for _, folder := range folders {
		raw, err := originalIn(ctx, o.IMAP, folder, m)
		if err != nil {
			return nil, fmt.Errorf("fetch mail %d from %s: %w", m.ID, folder, err)
		}
		if raw != nil {
			return raw, nil
		}
	}
	return nil, ErrGone
}

func originalIn(ctx context.Context, server intake.Server, folder string, m store.InboxMessage) (raw []byte, err error) {
	inbox := folder == server.Mailbox
	server.Mailbox = folder
	s, err := intake.Dial(ctx, server)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	box, err := s.Select(ctx)
	if errors.Is(err, intake.ErrNoFolder) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	uids := []uint32{m.UID}
	if !inbox || box.UIDValidity != m.UIDValidity {
		all, err := s.Search(ctx, 0)
		if err != nil {
			return nil, err
		}
		found, err := s.Headers(ctx, all)
		if err != nil {
			return nil, err
		}
		uids = uids[:0]
		for _, f := range found {
			if f.Received.Equal(m.Received) {
				uids = append(uids, f.UID)
			}
		}
	}
	if len(uids) == 0 {
		return nil, nil
	}
	err = s.Fetch(ctx, uids, func(f intake.Fetched) error {
		if sum := sha256.Sum256(f.Raw); hex.EncodeToString(sum[:]) == m.RawHash {
			raw = f.Raw
		}
		return nil
	})
	return raw, err
}
