package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Never ENVELOPE or BODYSTRUCTURE: one that the server composes wrongly from one odd mail ends the connection
// (LIBRARIES.md). PEEK, so that no mail is marked as read.
var (
	listing   = &imap.FetchOptions{UID: true, InternalDate: true, RFC822Size: true}
	wholeMail = &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}
	topOfMail = &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{
		Peek: true, Specifier: imap.PartSpecifierHeader, Partial: &imap.SectionPartial{Offset: 0, Size: headerSize}}}}
)

// Headers gives date and size of the mails that are there, ascending by UID; those that vanished are missing in the
// answer. A *FetchError names those whose listing failed.
func (s *Session) Headers(ctx context.Context, uids []uint32) ([]Found, error) {
	if err := s.home(ctx); err != nil {
		return nil, err
	}
	return s.list(ctx, uids)
}

// list is Headers in the selected folder.
func (s *Session) list(ctx context.Context, uids []uint32) ([]Found, error) {
	var found []Found
	for batch := range slices.Chunk(ascending(uids), batchListing) {
		complete := func(p piece) bool { return !p.received.IsZero() && p.sized }
		pieces, err := s.pieces(ctx, batch, listing, 0, complete)
		if err != nil {
			return found, &FetchError{UIDs: batch, Err: err}
		}
		for _, uid := range batch {
			p, there := pieces[uid]
			if there && !complete(p) {
				return found, &FetchError{UIDs: []uint32{uid}, Err: fmt.Errorf("listing: %w: no date or no size", ErrIncomplete)}
			}
			if there {
				found = append(found, Found{UID: uid, Received: p.received, Size: p.size})
			}
		}
	}
	return found, nil
}

// Fetch reads mails and hands them to each, ascending by UID, while no command is running. Size and date come first;
// bodies only of what is within Server.MaxSize, in batches of 8 MiB, so that this much (or one mail) is in memory at a
// time. A mail is handed on only when it came in whole. Mails that vanished meanwhile are passed over in silence.
//
// An error of each ends the Fetch and is returned as it is. A *FetchError names mails that are there and did not come;
// see there for what to do. All that could be read was handed on before.
func (s *Session) Fetch(ctx context.Context, uids []uint32, each func(Fetched) error) error {
	if err := s.home(ctx); err != nil {
		return err
	}
	var failed FetchError
	for chunk := range slices.Chunk(ascending(uids), batchListing) {
		found, err := s.list(ctx, chunk)
		if err != nil {
			return err
		}
		for len(found) > 0 {
			batch := found[:s.batch(found)]
			found = found[len(batch):]
			mails, err := s.bodies(ctx, batch)
			for _, mail := range mails {
				if err := each(mail); err != nil {
					return err
				}
			}
			var fe *FetchError
			switch {
			case errors.As(err, &fe) && !s.over.Load():
				failed.UIDs, failed.Err = append(failed.UIDs, fe.UIDs...), errors.Join(failed.Err, fe.Err)
			case err != nil:
				return err
			}
		}
	}
	if failed.Err != nil {
		return &failed
	}
	return nil
}

// batch tells how many of the mails, at least one, go into one FETCH: all too large or none, and bounded.
func (s *Session) batch(found []Found) int {
	octets := int64(0)
	for i, f := range found {
		tooLarge := f.Size > s.server.MaxSize
		octets += min(f.Size, s.server.MaxSize)
		if tooLarge {
			octets += headerSize - s.server.MaxSize
		}
		if i > 0 && (i == batchMails || octets > batchOctets || tooLarge != (found[0].Size > s.server.MaxSize)) {
			return i
		}
	}
	return len(found)
}

// bodies reads one batch. What came whole is returned also when there is an error; a *FetchError names the others.
func (s *Session) bodies(ctx context.Context, batch []Found) ([]Fetched, error) {
	var uids []uint32
	octets := int64(0)
	for _, f := range batch {
		uids = append(uids, f.UID)
		octets += min(f.Size, s.server.MaxSize)
	}
	items, tooLarge := wholeMail, batch[0].Size > s.server.MaxSize
	if tooLarge {
		items, octets = topOfMail, int64(len(batch))*headerSize
	}
	whole := func(f Found, p piece) bool {
		// RFC822.SIZE must agree: a mail cut short anywhere is not the mail (LIBRARIES.md). For a header only the literal counts.
		return p.body != nil && p.header == tooLarge && (tooLarge || p.cut || int64(len(p.body)) == f.Size)
	}
	pieces, err := s.pieces(ctx, uids, items, octets, func(p piece) bool { return p.body != nil })
	var mails []Fetched
	var left []Found
	for _, f := range batch {
		if p, there := pieces[f.UID]; there && whole(f, p) {
			mails = append(mails, asFetched(f, p))
		} else {
			left = append(left, f)
		}
	}
	if len(left) == 0 {
		return mails, nil
	}
	if err != nil && s.over.Load() {
		fe := &FetchError{Err: err}
		for _, f := range left {
			fe.UIDs = append(fe.UIDs, f.UID)
		}
		return mails, fe
	}
	// A refusal, a mail expunged meanwhile, a size that does not agree: look at each of the rest alone.
	failed := &FetchError{}
	for i, f := range left {
		mail, there, err := s.again(ctx, f, pieces[f.UID], items, tooLarge)
		switch {
		case err != nil:
			failed.UIDs, failed.Err = append(failed.UIDs, f.UID), errors.Join(failed.Err, err)
			if s.over.Load() {
				for _, f := range left[i+1:] {
					failed.UIDs = append(failed.UIDs, f.UID)
				}
				return byUID(mails), failed
			}
		case there:
			mails = append(mails, mail)
		}
	}
	if failed.Err != nil {
		return byUID(mails), failed
	}
	return byUID(mails), nil
}

// again reads a mail that did not come whole in its batch: is it still there, and what does it hold?
func (s *Session) again(ctx context.Context, f Found, before piece, items *imap.FetchOptions, tooLarge bool) (Fetched, bool, error) {
	what := fmt.Sprintf("looking for UID %d", f.UID)
	there, err := s.search(ctx, what, &imap.SearchCriteria{UID: []imap.UIDSet{imap.UIDSetNum(imap.UID(f.UID))}})
	if err != nil || !slices.Contains(there, f.UID) {
		return Fetched{}, false, err
	}
	pieces, err := s.pieces(ctx, []uint32{f.UID}, items, min(f.Size, s.server.MaxSize)+headerSize, func(p piece) bool { return p.body != nil })
	p, ok := pieces[f.UID]
	switch {
	case err != nil:
		return Fetched{}, false, err
	case !ok || p.body == nil || p.header != tooLarge:
		return Fetched{}, false, fmt.Errorf("UID %d: %w: no body came", f.UID, ErrIncomplete)
	case tooLarge || p.cut || int64(len(p.body)) == f.Size:
		return asFetched(f, p), true, nil
	case before.body != nil && bytes.Equal(before.body, p.body):
		// Exchange and others only estimate RFC822.SIZE. The literal came whole twice and was the same: that is the mail.
		s.server.Log.Debug("the server's size of a mail is not its length", "uid", f.UID, "size", f.Size, "length", len(p.body))
		return asFetched(f, p), true, nil
	}
	return Fetched{}, false, fmt.Errorf("UID %d: %w: %d octets came of %d", f.UID, ErrIncomplete, len(p.body), f.Size)
}

func asFetched(f Found, p piece) Fetched {
	mail := Fetched{UID: f.UID, Received: f.Received, Size: int64(len(p.body)), Raw: p.body}
	if p.header || p.cut {
		mail.Size, mail.TooLarge = max(f.Size, p.length), true
	}
	return mail
}

func byUID(mails []Fetched) []Fetched {
	slices.SortFunc(mails, func(a, b Fetched) int { return int(int64(a.UID) - int64(b.UID)) })
	return mails
}

// piece is what one or several FETCH answers said of a mail.
type piece struct {
	uid      uint32
	received time.Time
	size     int64
	sized    bool
	body     []byte // nil: none came; never a part of a literal
	length   int64  // of the literal
	header   bool   // body is a header
	cut      bool   // the literal was longer than allowed: body is its header
}

// merge adds what o knows.
func (p piece) merge(o piece) piece {
	p.uid = o.uid
	if !o.received.IsZero() {
		p.received = o.received
	}
	if o.sized {
		p.size, p.sized = o.size, true
	}
	if o.body != nil {
		p.body, p.length, p.header, p.cut = o.body, o.length, o.header, o.cut
	}
	return p
}

// readPiece consumes one FETCH answer. Of a literal above limit it keeps the header only and lets the rest pass, which
// wire bounds. A literal that ends early leaves no body.
func readPiece(m *imapclient.FetchMessageData, limit int64) piece {
	var p piece
	for item := m.Next(); item != nil; item = m.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			p.uid = uint32(item.UID)
		case imapclient.FetchItemDataInternalDate:
			p.received = item.Time.UTC()
		case imapclient.FetchItemDataRFC822Size:
			p.size, p.sized = item.Size, true
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil {
				continue // NIL: the server has no such mail any more
			}
			length := item.Literal.Size()
			buf := make([]byte, min(length, max(limit, headerSize)))
			if length > limit {
				buf = buf[:min(length, headerSize)]
			}
			if _, err := io.ReadFull(item.Literal, buf); err != nil {
				continue
			}
			if length > int64(len(buf)) {
				p.cut = true
				buf = headerOf(buf)
			}
			p.body, p.length, p.header = buf, length, item.Section.Specifier == imap.PartSpecifierHeader
		}
	}
	return p
}

// headerOf cuts a mail after its header's blank line, if that is in sight.
func headerOf(mail []byte) []byte {
	for _, blank := range []string{"\r\n\r\n", "\n\n"} {
		if i := bytes.Index(mail, []byte(blank)); i >= 0 {
			return slices.Clone(mail[:i+len(blank)])
		}
	}
	return mail
}

// strays holds FETCH answers that the library did not give to the command. A server may answer for one UID twice (a flag
// changed meanwhile, or it splits its answers) or name the UID behind the body; the library takes the first answer that
// starts with the UID for the only one and hands the others to the unilateral handler.
type strays struct {
	mu      sync.Mutex
	pieces  map[uint32]piece
	arrived chan struct{}
}

func (t *strays) add(p piece) {
	t.mu.Lock()
	if t.pieces != nil && p.uid != 0 {
		t.pieces[p.uid] = t.pieces[p.uid].merge(p)
	}
	t.mu.Unlock()
	select {
	case t.arrived <- struct{}{}:
	default:
	}
}

// swap starts a new collection, nil for none, and gives the old one.
func (t *strays) swap(next map[uint32]piece) map[uint32]piece {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.pieces
	t.pieces = next
	return old
}

// pieces runs one FETCH and merges all that was said of each UID. What came is returned also when there is an error.
// When complete is not true of all, it waits a moment for answers that went astray.
func (s *Session) pieces(ctx context.Context, uids []uint32, items *imap.FetchOptions, octets int64, complete func(piece) bool) (map[uint32]piece, error) {
	set := imap.UIDSet{}
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
	}
	s.strays.swap(make(map[uint32]piece))
	defer s.strays.swap(nil)
	got, err := do(ctx, s, "fetching "+uidNames(set), octets, func(c *imapclient.Client) (map[uint32]piece, error) {
		got := make(map[uint32]piece)
		cmd := c.Fetch(set, items)
		for m := cmd.Next(); m != nil; m = cmd.Next() {
			p := readPiece(m, s.server.MaxSize)
			got[p.uid] = got[p.uid].merge(p)
		}
		return got, cmd.Close()
	})
	if got == nil {
		got = make(map[uint32]piece)
	}
	wait := time.NewTimer(strayWait)
	defer wait.Stop()
	for {
		for uid, p := range s.strays.swap(make(map[uint32]piece)) {
			got[uid] = got[uid].merge(p)
		}
		missing := slices.ContainsFunc(uids, func(uid uint32) bool { return !complete(got[uid]) })
		if err != nil || !missing {
			return got, err
		}
		select {
		case <-s.strays.arrived:
		case <-wait.C:
			return got, err
		}
	}
}

// uidNames writes a set of UIDs for an error.
func uidNames(set imap.UIDSet) string {
	names := set.String()
	if len(names) > 80 {
		names = names[:80] + "…"
	}
	return "UID " + names
}

// ascending sorts UIDs, each once, without the 0 that means "the last".
func ascending(uids []uint32) []uint32 {
	list := slices.Clone(uids)
	slices.Sort(list)
	list = slices.Compact(list)
	return slices.DeleteFunc(list, func(uid uint32) bool { return uid == 0 })
}
