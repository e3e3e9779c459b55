package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// hierarchy learns how the server writes folder names: the delimiter, and the prefix under which an account's own folders
// lie (RFC 2342; "INBOX." on Courier and many cPanel machines).
func (s *Session) hierarchy(ctx context.Context) error {
	if s.caps.Has(imap.CapNamespace) {
		spaces, err := do(ctx, s, "asking for the namespace", 0, func(c *imapclient.Client) (*imap.NamespaceData, error) { return c.Namespace().Wait() })
		if err != nil && s.over.Load() {
			return err
		}
		if err == nil && len(spaces.Personal) > 0 {
			s.prefix, s.delim = spaces.Personal[0].Prefix, spaces.Personal[0].Delim
		}
	}
	if s.delim == 0 {
		// LIST "" "" asks for nothing but the delimiter (RFC 3501, section 6.3.8).
		roots, err := do(ctx, s, "asking for the folder hierarchy", 0, func(c *imapclient.Client) ([]*imap.ListData, error) {
			return c.List("", "", nil).Collect()
		})
		if err != nil && s.over.Load() {
			return err
		}
		if err == nil && len(roots) > 0 {
			s.delim = roots[0].Delim
		}
	}
	s.mailbox = s.folder(s.server.Mailbox)
	return nil
}

// folder spells a name of ours, levels separated by "/", as the server does: "Leadmail/Sent" may be "INBOX.Leadmail.Sent".
// INBOX is INBOX everywhere, and a name that already carries the server's prefix is not given it twice. In a flat
// namespace levels are joined by "-".
func (s *Session) folder(name string) string {
	levels := strings.Split(name, "/")
	inbox := strings.EqualFold(levels[0], "INBOX")
	if inbox {
		levels[0] = "INBOX"
	}
	delim := "-"
	if s.delim != 0 {
		delim = string(s.delim)
	}
	spelled := strings.Join(levels, delim)
	if inbox || s.prefix == "" || strings.HasPrefix(strings.ToUpper(spelled), strings.ToUpper(s.prefix)) {
		return spelled
	}
	return s.prefix + spelled
}

// Ensure creates the folders that are missing and subscribes to them, so that mail clients show them. It may be repeated.
// ErrRights when the account may not create folders, ErrQuota, ErrRefused.
func (s *Session) Ensure(ctx context.Context, folders []string) error {
	for _, name := range folders {
		if err := s.ensure(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) ensure(ctx context.Context, name string) error {
	folder := s.folder(name)
	there, err := s.exists(ctx, folder)
	if err != nil || there {
		return err
	}
	create := func(folder string) error {
		_, err := do(ctx, s, fmt.Sprintf("creating the folder %q", folder), 0, func(c *imapclient.Client) (struct{}, error) {
			return struct{}{}, c.Create(folder, nil).Wait()
		})
		return err
	}
	err = create(folder)
	if err != nil && !s.over.Load() && s.delim != 0 {
		// Servers should create the levels above by themselves, and some do not (RFC 3501, section 6.3.3).
		levels := strings.Split(folder, string(s.delim))
		for i := 1; i < len(levels) && !s.over.Load(); i++ {
			_ = create(strings.Join(levels[:i], string(s.delim))) // it may be there; the last one tells
		}
		if !s.over.Load() {
			err = create(folder)
		}
	}
	if err != nil {
		if s.over.Load() {
			return err
		}
		if there, _ := s.exists(ctx, folder); there { // somebody else was faster
			return nil
		}
		return fmt.Errorf("%w; create it by hand, or let the account create folders", err)
	}
	s.server.Log.Info("created a folder", "folder", folder)
	_, err = do(ctx, s, fmt.Sprintf("subscribing to %q", folder), 0, func(c *imapclient.Client) (struct{}, error) {
		return struct{}{}, c.Subscribe(folder).Wait()
	})
	if err != nil && s.over.Load() {
		return err
	}
	return nil // a subscription refused is nobody's loss
}

// exists looks for a folder that can be opened.
func (s *Session) exists(ctx context.Context, folder string) (bool, error) {
	list, err := do(ctx, s, fmt.Sprintf("looking for the folder %q", folder), 0, func(c *imapclient.Client) ([]*imap.ListData, error) {
		return c.List("", folder, nil).Collect()
	})
	for _, data := range list {
		dead := false
		for _, attr := range data.Attrs {
			dead = dead || attr == imap.MailboxAttrNoSelect || attr == imap.MailboxAttrNonExistent
		}
		// A name may hold the wildcards * and %, so compare.
		if data.Mailbox == folder && !dead {
			return true, err
		}
	}
	return false, err
}

// open selects a folder, given as the server spells it.
func (s *Session) open(ctx context.Context, folder string, readOnly bool) (*imap.SelectData, error) {
	s.current = ""
	data, err := do(ctx, s, fmt.Sprintf("opening the folder %q", folder), 0, func(c *imapclient.Client) (*imap.SelectData, error) {
		return c.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
	})
	if errors.Is(err, ErrRefused) {
		// Not every server says NONEXISTENT.
		if there, lerr := s.exists(ctx, folder); lerr == nil && !there {
			err = fmt.Errorf("%w: %w", ErrNoFolder, err)
		}
	}
	if err != nil {
		return nil, err
	}
	s.current = folder
	return data, nil
}

// Append puts a mail of ours into a folder, marked as read, received at the given instant, creating the folder when it is
// missing. When a mail with this Message-ID (without brackets) lies there already, nothing is done: so it can be repeated
// after an answer that was lost.
func (s *Session) Append(ctx context.Context, folder string, raw []byte, at time.Time, messageID string) error {
	what := fmt.Sprintf("adding a mail to %q", folder)
	name := s.folder(folder)
	if s.current != name {
		_, err := s.open(ctx, name, true)
		if errors.Is(err, ErrNoFolder) {
			if err = s.ensure(ctx, folder); err == nil {
				_, err = s.open(ctx, name, true)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if uids, err := s.named(ctx, messageID); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	} else if len(uids) > 0 {
		return nil
	}
	add := func() error {
		_, err := do(ctx, s, what, int64(len(raw)), func(c *imapclient.Client) (struct{}, error) {
			cmd := c.Append(name, int64(len(raw)), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: at})
			_, werr := cmd.Write(raw)
			cerr := cmd.Close()
			_, err := cmd.Wait()
			// A refusal before the literal is the command's answer and the writes' error alike; the answer says more.
			return struct{}{}, errors.Join(err, werr, cerr)
		})
		return err
	}
	err := add()
	if errors.Is(err, ErrNoFolder) && !s.over.Load() { // deleted while we had it open
		s.current = ""
		if err = s.ensure(ctx, folder); err == nil {
			err = add()
		}
	}
	return err
}

// named finds mails by Message-ID in the selected folder, ascending. None when the id is not one that can be asked for.
func (s *Session) named(ctx context.Context, messageID string) ([]uint32, error) {
	id := strings.Trim(messageID, "<> ")
	if id == "" || len(id) > 900 || !isPrintable(id) {
		return nil, nil
	}
	return s.search(ctx, "looking for the Message-ID "+id, &imap.SearchCriteria{
		Header: []imap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: "<" + id + ">"}},
	})
}

// isPrintable tells whether s is ASCII without controls.
func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
