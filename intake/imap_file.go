package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Filing is a mail that is to leave the mailbox for a folder.
type Filing struct {
	UID       uint32
	Folder    string // full name, levels separated by "/"
	MessageID string // without brackets, "" if it has none
	RawHash   string // hex SHA-256 of Fetched.Raw
	Repeated  bool   // it was tried before, and may have been copied already
}

// File moves a mail into a folder, which is created if it is missing. Nothing is ever deleted that is not known to lie in
// the folder:
//
//   - With MOVE (RFC 6851) the server does it in one step, so a repetition needs no care.
//   - Without, it is COPY, then only after its OK STORE \Deleted and UID EXPUNGE of this one UID. A repetition first looks
//     in the folder for a mail with the same Message-ID, INTERNALDATE and hash, and does not copy a second time.
//   - Without UIDPLUS there is no way to expunge one mail alone, and EXPUNGE would delete what people marked. So the mail
//     stays, marked \Deleted; it counts as filed, and Search leaves it out.
//
// A UID that is not in the mailbox any more is a success: somebody filed it, we or a person. ErrNoFolder when the folder
// cannot be made or vanishes again, ErrRights, ErrQuota.
func (s *Session) File(ctx context.Context, f Filing) error {
	what := fmt.Sprintf("filing UID %d to %q", f.UID, f.Folder)
	if f.UID == 0 {
		return fmt.Errorf("%s: %w: a UID is not 0", what, ErrRefused)
	}
	if err := s.home(ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	// Asked first, since not every server answers a MOVE or COPY of nothing in a way that the library survives (COPYUID
	// with empty sets from imapmemserver ends the connection).
	pieces, err := s.pieces(ctx, []uint32{f.UID}, flags, 0, func(piece) bool { return true })
	if err != nil && (s.over.Load() || ctx.Err() != nil) {
		return fmt.Errorf("%s: %w", what, err)
	}
	source, there := pieces[f.UID]
	if !there {
		if there, err = s.present(ctx, f.UID); err != nil || !there {
			return err
		}
	}
	target, move := s.folder(f.Folder), s.caps.Has(imap.CapMove)
	if f.Repeated && !move {
		copied, gone, err := s.copied(ctx, f, target)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if gone {
			return nil
		}
		if copied {
			return s.remove(ctx, what, f.UID)
		}
	}
	if source.deleted {
		// Marked by a person, or by us before a crash. The copy would inherit the mark, and be expunged from the archive by
		// the next client that tidies up.
		if err := s.mark(ctx, what, f.UID, imap.StoreFlagsDel); err != nil {
			return err
		}
	}
	transfer := s.copy
	if move {
		transfer = s.move
	}
	err = transfer(ctx, what, f.UID, target)
	if err != nil && !s.over.Load() {
		// A refusal: because the mail is gone, or because the folder is?
		there, serr := s.present(ctx, f.UID)
		if serr == nil && !there {
			return nil
		}
		if serr == nil && (errors.Is(err, ErrNoFolder) || errors.Is(err, ErrRefused)) {
			var lies bool
			if lies, serr = s.exists(ctx, target); serr == nil && !lies {
				if serr = s.ensure(ctx, f.Folder); serr == nil {
					err = transfer(ctx, what, f.UID, target)
				}
			}
		}
		if serr != nil {
			return fmt.Errorf("%w; then %w", err, serr)
		}
	}
	if err != nil || move {
		return err
	}
	return s.remove(ctx, what, f.UID)
}

// move is UID MOVE and nothing else.
func (s *Session) move(ctx context.Context, what string, uid uint32, target string) error {
	s.wire.noCopy.Store(true)
	defer s.wire.noCopy.Store(false)
	_, err := do(ctx, s, what, 0, func(c *imapclient.Client) (*imapclient.MoveData, error) {
		return c.Move(imap.UIDSetNum(imap.UID(uid)), target).Wait()
	})
	return err
}

// copy is UID COPY.
func (s *Session) copy(ctx context.Context, what string, uid uint32, target string) error {
	_, err := do(ctx, s, what, 0, func(c *imapclient.Client) (*imap.CopyData, error) {
		return c.Copy(imap.UIDSetNum(imap.UID(uid)), target).Wait()
	})
	return err
}

// remove takes a mail out of the mailbox that is known to lie in its folder.
func (s *Session) remove(ctx context.Context, what string, uid uint32) error {
	if err := s.home(ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := s.mark(ctx, what+" (copied, to be removed from the mailbox)", uid, imap.StoreFlagsAdd); err != nil {
		return err
	}
	if !s.caps.Has(imap.CapUIDPlus) {
		return nil
	}
	_, err := do(ctx, s, what+" (copied, to be removed from the mailbox)", 0, func(c *imapclient.Client) (struct{}, error) {
		return struct{}{}, c.UIDExpunge(imap.UIDSetNum(imap.UID(uid))).Close()
	})
	return err
}

// mark sets or takes away \Deleted.
func (s *Session) mark(ctx context.Context, what string, uid uint32, op imap.StoreFlagsOp) error {
	_, err := do(ctx, s, what, 0, func(c *imapclient.Client) (struct{}, error) {
		store := &imap.StoreFlags{Op: op, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
		return struct{}{}, c.Store(imap.UIDSetNum(imap.UID(uid)), store, nil).Close()
	})
	return err
}

// present tells whether a UID is in the selected folder.
func (s *Session) present(ctx context.Context, uid uint32) (bool, error) {
	uids, err := s.search(ctx, fmt.Sprintf("looking for UID %d", uid), &imap.SearchCriteria{UID: []imap.UIDSet{imap.UIDSetNum(imap.UID(uid))}})
	return slices.Contains(uids, uid), err
}

// copied looks whether an earlier attempt has copied the mail; gone when it is no longer in the mailbox at all. COPY keeps
// INTERNALDATE (RFC 9051, section 6.4.7), so that the same mail delivered twice is not taken for its twin.
func (s *Session) copied(ctx context.Context, f Filing, target string) (copied, gone bool, err error) {
	found, err := s.list(ctx, []uint32{f.UID})
	if err != nil || len(found) == 0 {
		return false, err == nil, err
	}
	source := found[0]
	if _, err = s.open(ctx, target, true); errors.Is(err, ErrNoFolder) {
		return false, false, s.home(ctx)
	} else if err != nil {
		return false, false, err
	}
	uids, err := s.named(ctx, f.MessageID)
	if err == nil && len(uids) == 0 && f.RawHash != "" {
		// No Message-ID to ask for, or the server's search does not find it: by size.
		uids, err = s.search(ctx, "looking for a copy by its size", &imap.SearchCriteria{Larger: source.Size - 1, Smaller: source.Size + 1})
	}
	if err != nil {
		return false, false, err
	}
	if most := 100; len(uids) > most {
		uids = uids[len(uids)-most:] // an attempt before was not long ago
	}
	candidates, err := s.list(ctx, uids)
	if err != nil {
		return false, false, err
	}
	for _, c := range slices.Backward(candidates) {
		if !c.Received.Equal(source.Received) || c.Size != source.Size {
			continue
		}
		mails, err := s.bodies(ctx, []Found{c})
		if err != nil && s.over.Load() {
			return false, false, err
		}
		for _, mail := range mails {
			sum := sha256.Sum256(mail.Raw)
			if f.RawHash == "" || strings.EqualFold(hex.EncodeToString(sum[:]), f.RawHash) {
				return true, false, s.home(ctx)
			}
		}
	}
	return false, false, s.home(ctx)
}
