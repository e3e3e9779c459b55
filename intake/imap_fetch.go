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
	flags     = &imap.FetchOptions{UID: true, Flags: true}
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

// list is Headers in the selected folder. What was found is returned also when there is an error.
func (s *Session) list(ctx context.Context, uids []uint32) ([]Found, error) {
	var found []Found
	failed := &FetchError{}
	for batch := range slices.Chunk(ascending(uids), batchListing) {
		some, err := s.listBatch(ctx, batch)
		found = append(found, some...)
		if err = failed.take(err); err != nil || s.over.Load() {
			return found, failed.with(err)
		}
	}
	return found, failed.with(nil)
}

// listBatch lists with one command, and in halves when the server refuses.
func (s *Session) listBatch(ctx context.Context, uids []uint32) ([]Found, error) {
	complete := func(p piece) bool { return !p.received.IsZero() && p.sized }
	pieces, err := s.pieces(ctx, uids, listing, 0, complete)
	var found []Found
	var left []uint32
	failed := &FetchError{}
	for _, uid := range uids {
		switch p, there := pieces[uid]; {
		case there && complete(p):
			found = append(found, Found{UID: uid, Received: p.received, Size: p.size})
		case there && err == nil:
			// A flag was told of, and no more: of a mail that is gone, or is there and cannot be read.
			still, serr := s.present(ctx, uid)
			if serr == nil && still {
				serr = fmt.Errorf("UID %d: %w: no date or no size came", uid, ErrIncomplete)
			}
			if ctx.Err() != nil {
				return found, serr
			}
			if serr != nil {
				failed.add(serr, uid)
			}
			if s.over.Load() {
				return found, failed
			}
		default:
			left = append(left, uid)
		}
	}
	switch {
	case err == nil && len(left) == 0:
		return found, failed.with(nil)
	case err == nil:
		// Gone? The caller will write them off, so silence alone does not prove it.
		set := imap.UIDSet{}
		for _, uid := range left {
			set.AddNum(imap.UID(uid))
		}
		still, serr := s.search(ctx, "looking for "+uidNames(set), &imap.SearchCriteria{UID: []imap.UIDSet{set}})
		switch {
		case ctx.Err() != nil:
			return found, serr
		case serr != nil:
			failed.add(serr, left...)
		}
		for _, uid := range still {
			if slices.Contains(left, uid) {
				failed.add(fmt.Errorf("UID %d: %w: it is there and was not listed", uid, ErrIncomplete), uid)
			}
		}
		return found, failed.with(nil)
	case ctx.Err() != nil:
		return found, err
	case s.over.Load():
		failed.add(err, left...)
		return found, failed
	case len(uids) == 1:
		// Dovecot and Cyrus refuse when a mail was expunged by somebody else and we were not told yet.
		there, serr := s.present(ctx, uids[0])
		if serr == nil && !there {
			return nil, nil
		}
		failed.add(errors.Join(err, serr), uids[0])
		return nil, failed
	case len(left) < len(uids):
		some, err := s.list(ctx, left)
		return append(found, some...), err
	}
	half := len(left) / 2
	for _, part := range [][]uint32{left[:half], left[half:]} {
		some, err := s.listBatch(ctx, part)
		found = append(found, some...)
		if err = failed.take(err); err != nil || s.over.Load() {
			return found, failed.with(err)
		}
	}
	return found, failed.with(nil)
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
	failed := &FetchError{}
	for chunk := range slices.Chunk(ascending(uids), batchListing) {
		found, err := s.list(ctx, chunk)
		if err = failed.take(err); err != nil || s.over.Load() {
			return failed.with(err)
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
			if err = failed.take(err); err != nil || s.over.Load() {
				return failed.with(err)
			}
		}
	}
	return failed.with(nil)
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
		return p.body != nil && p.header == tooLarge && (tooLarge || p.cut && !s.over.Load() || !p.cut && int64(len(p.body)) == f.Size)
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
	if ctx.Err() != nil {
		return mails, err
	}
	failed := &FetchError{}
	if s.over.Load() {
		for _, f := range left {
			failed.add(err, f.UID)
		}
		return mails, failed
	}
	// A refusal, a mail expunged meanwhile, a size that does not agree: look at each of the rest alone.
	for _, f := range left {
		mail, there, err := s.again(ctx, f, pieces[f.UID], items, tooLarge)
		switch {
		case err != nil && ctx.Err() != nil:
			return byUID(mails), err
		case err != nil:
			failed.add(err, f.UID)
		case there:
			mails = append(mails, mail)
		}
		if s.over.Load() { // the rest was not asked for, and is innocent
			break
		}
	}
	return byUID(mails), failed.with(nil)
}

// again reads a mail that did not come whole in its batch: is it still there, and what does it hold?
func (s *Session) again(ctx context.Context, f Found, before piece, items *imap.FetchOptions, tooLarge bool) (Fetched, bool, error) {
	if there, err := s.present(ctx, f.UID); err != nil || !there {
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
	flagged  bool   // flags came
	deleted  bool   // \Deleted is among them
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
	if o.flagged {
		p.flagged, p.deleted = true, o.deleted
	}
	if o.body != nil {
		p.body, p.length, p.header, p.cut = o.body, o.length, o.header, o.cut
	}
	return p
}

// readPiece consumes one FETCH answer. Of a literal above limit it keeps the header only and lets the rest pass, which
// wire bounds. After an error nothing may be read any more, not even to drain the rest, as the library's Collect does:
// its reader has been let go and reads the same buffer.
func readPiece(m *imapclient.FetchMessageData, limit int64) (piece, error) {
	var p piece
	for item := m.Next(); item != nil; item = m.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			p.uid = uint32(item.UID)
		case imapclient.FetchItemDataInternalDate:
			p.received = item.Time.UTC()
		case imapclient.FetchItemDataRFC822Size:
			p.size, p.sized = item.Size, true
		case imapclient.FetchItemDataFlags:
			p.flagged, p.deleted = true, slices.Contains(item.Flags, imap.FlagDeleted)
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil {
				continue // NIL: the server has no such mail any more
			}
			length, most := item.Literal.Size(), limit
			if p.header = item.Section.Specifier == imap.PartSpecifierHeader; p.header {
				most = headerSize
			}
			buf := make([]byte, min(length, most))
			if length > most {
				buf = make([]byte, min(length, headerSize))
			}
			if _, err := io.ReadFull(item.Literal, buf); err != nil {
				return p, fmt.Errorf("UID %d: after a part of %d octets: %w", p.uid, length, err)
			}
			if p.cut = length > most; p.cut {
				buf = headerOf(buf)
			}
			p.body, p.length = buf, length
		}
	}
	return p, nil
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
	reading int // answers being read; the library does not go on before a body in them is consumed
	arrived chan struct{}
}

// read consumes a stray answer and keeps it if a collection is open.
func (t *strays) read(m *imapclient.FetchMessageData, limit int64) {
	t.mu.Lock()
	t.reading++
	t.mu.Unlock()
	p, err := readPiece(m, limit)
	t.mu.Lock()
	t.reading--
	if err == nil && t.pieces != nil && p.uid != 0 {
		t.pieces[p.uid] = t.pieces[p.uid].merge(p)
	}
	t.mu.Unlock()
	select {
	case t.arrived <- struct{}{}:
	default:
	}
}

// swap starts a new collection, nil for none, and gives the old one; more when another is being read.
func (t *strays) swap(next map[uint32]piece) (old map[uint32]piece, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, t.pieces = t.pieces, next
	return old, t.reading > 0
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
			p, err := readPiece(m, s.server.MaxSize)
			if err != nil {
				s.wire.cut() // so that the library's reader ends as well
				return got, err
			}
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
		stray, more := s.strays.swap(make(map[uint32]piece))
		for uid, p := range stray {
			got[uid] = got[uid].merge(p)
		}
		missing := more || slices.ContainsFunc(uids, func(uid uint32) bool { return !complete(got[uid]) })
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
