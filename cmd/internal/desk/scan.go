package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"leadmail/intake"
	"leadmail/store"
)

const (
	// chunkMails and chunkOctets bound what is held in memory of one scan.
	chunkMails  = 50
	chunkOctets = 16 << 20
	// chunkListed is how many mails are listed at a time.
	chunkListed = 500
	// compareEvery is how often the whole mailbox is compared with the ledger,
	// for what a search above the last UID cannot see.
	compareEvery = time.Hour
	// maxAttempts is after how many failures a mail is quarantined unread.
	maxAttempts = 3

	// alertAfter is how many failures in a row staff hear of: a server that
	// restarts is no news.
	alertAfter = 3

	reconnectFirst, reconnectMost = 2 * time.Second, 5 * time.Minute
	// loginPause is the wait after a refused password: hammering locks accounts.
	loginPause = 15 * time.Minute
)

// tendMailbox keeps a connection and works on it until the context ends.
func (d *Desk) tendMailbox(ctx context.Context) {
	wait, failures := reconnectFirst, 0
	for ctx.Err() == nil {
		began := d.Now()
		err := d.tend(ctx)
		if ctx.Err() != nil {
			break
		}
		_ = d.Close()
		if d.Now().Sub(began) > reconnectMost {
			wait, failures = reconnectFirst, 0
		}
		if errors.Is(err, intake.ErrLogin) {
			wait = loginPause
		}
		// Jitter, so that a hundred daemons do not return together.
		pause := wait/2 + rand.N(wait/2+1) //nolint:gosec // not a secret
		d.Log.Error("the mailbox cannot be reached; trying again", "err", err, "in", pause.Round(time.Second), "last_scan", d.lastScan())
		if failures++; failures >= alertAfter || errors.Is(err, intake.ErrLogin) {
			d.alert(ctx, "mailbox", "The mailbox cannot be read", err.Error(),
				"Mail waits in the mailbox and is judged as of its arrival once this is mended. `leadmail check` says more.")
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		if wait = min(2*wait, reconnectMost); errors.Is(err, intake.ErrLogin) {
			wait = loginPause
		}
	}
}

// lastScan is, for the log, when the mailbox was last read whole.
func (d *Desk) lastScan() string {
	if d.scanned.IsZero() {
		return "none yet"
	}
	return d.scanned.UTC().Format(time.RFC3339)
}

// tend works on one connection until it breaks.
func (d *Desk) tend(ctx context.Context) error {
	if err := d.connect(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := d.scan(ctx, d.session); err != nil {
			return err
		}
		d.recovered(ctx, "mailbox")
		if err := d.remind(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("reminders could not be made; they are tried again at the next look", "err", err)
		}
		if err := d.digest(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("the digest could not be made; it is tried again at the next look", "err", err)
		}
		if _, err := d.session.Idle(ctx, min(d.Idle, d.Poll)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// connect dials unless a connection is there, and makes sure of the folders.
func (d *Desk) connect(ctx context.Context) error {
	if d.session == nil {
		s, err := intake.Dial(ctx, d.IMAP)
		if err != nil {
			return err
		}
		d.session = s
		d.Log.Info("connected to the mailbox", "server", d.IMAP.Addr, "mailbox", d.IMAP.Mailbox, "capabilities", s.Capabilities())
	}
	if !d.tended {
		if err := d.session.Ensure(ctx, d.Folders.All()); err != nil {
			return err
		}
		d.tended = true
	}
	return nil
}

// scan reads and decides everything new in the mailbox, in the order of receipt
// (D3), and files it. Flags are no work queue: what is new is what the ledger does
// not know.
func (d *Desk) scan(ctx context.Context, s *intake.Session) error {
	sel, err := s.Select(ctx)
	if err != nil {
		return err
	}
	if sel.UIDNext == 0 {
		// The server does not say it (RFC 3501, section 6.3.1): it is above all.
		uids, err := s.Search(ctx, 0)
		if err != nil {
			return err
		}
		for _, uid := range uids {
			sel.UIDNext = max(sel.UIDNext, uid+1)
		}
	}
	box, moved, err := d.mailbox(ctx, sel)
	if err != nil {
		return err
	}
	if err := d.file(ctx, s, sel.UIDValidity); err != nil {
		return err
	}
	whole := d.Now().Sub(d.compare) >= compareEvery
	above := box.LastUID
	if whole {
		above = 0
	}
	uids, err := s.Search(ctx, above)
	if err != nil {
		return err
	}
	waiting, err := d.unknown(ctx, s, box, moved, uids)
	if err != nil {
		return err
	}
	if len(waiting) > 0 {
		d.Log.Info("new mail", "mails", len(waiting))
	}
	for len(waiting) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		chunk := firstChunk(waiting, d.most)
		waiting = waiting[len(chunk):]
		if err := d.work(ctx, s, box, moved, chunk); err != nil {
			return err
		}
		if err := d.file(ctx, s, sel.UIDValidity); err != nil {
			return err
		}
	}
	if whole {
		d.compare = d.Now()
	}
	for _, uid := range uids {
		box.LastUID = max(box.LastUID, uid)
	}
	box.ScannedAt = d.Now()
	err = d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error {
		if moved != 0 {
			if _, err := tx.Abandon(box.Name, moved); err != nil {
				return err
			}
		}
		return tx.SaveMailbox(box)
	})
	if err != nil {
		return err
	}
	d.scanned = box.ScannedAt
	return d.keepCopies(ctx, s)
}

// mailbox is what is known of the mailbox. On the first start it is made known:
// older mail is left where it lies, unless the configuration says otherwise.
// moved is the former UIDVALIDITY where it has changed, 0 else.
func (d *Desk) mailbox(ctx context.Context, sel intake.Selected) (box store.MailboxState, moved uint32, err error) {
	name := d.IMAP.Mailbox
	err = d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error {
		box, err = tx.Mailbox(name)
		switch {
		case errors.Is(err, store.ErrNotFound):
			box = store.MailboxState{Name: name, UIDValidity: sel.UIDValidity, StartedAt: tx.Now()}
			if d.StartAll {
				box.StartedAt = time.Unix(0, 0).UTC()
			} else if sel.UIDNext > 0 {
				box.LastUID = sel.UIDNext - 1
			}
			d.Log.Info("first start", "mails_left_where_they_lie", leftBehind(d.StartAll, sel.Messages))
			d.compare = d.Now()
		case err != nil:
			return err
		case box.UIDValidity != sel.UIDValidity:
			d.Log.Warn("the mailbox was renumbered (UIDVALIDITY changed); comparing all of it with the ledger",
				"was", box.UIDValidity, "is", sel.UIDValidity)
			// The former numbers stay in force until every mail has been compared: a
			// crash in between repeats the comparison.
			moved, d.compare = box.UIDValidity, time.Time{}
			box.UIDValidity, box.LastUID = sel.UIDValidity, 0
			return nil
		default:
			return nil
		}
		return tx.SaveMailbox(box)
	})
	return box, moved, err
}

func leftBehind(all bool, messages uint32) uint32 {
	if all {
		return 0
	}
	return messages
}

// unknown are those of the mails found that the ledger has not seen finished, in
// the order of receipt, ties by UID (D3).
func (d *Desk) unknown(ctx context.Context, s *intake.Session, box store.MailboxState, moved uint32, uids []uint32) ([]intake.Found, error) {
	known := map[uint32]bool{}
	var undecided []store.InboxMessage
	err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
		if undecided, err = tx.Undecided(box.Name, box.UIDValidity, d.Now()); err != nil {
			return err
		}
		if len(uids) > 0 { // else this would be the whole ledger, at every poll
			known, err = tx.Known(box.Name, box.UIDValidity, slices.Min(uids))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var ask []uint32
	for _, m := range undecided {
		ask = append(ask, m.UID)
	}
	for _, uid := range uids {
		if !known[uid] {
			ask = append(ask, uid)
		}
	}
	slices.Sort(ask)
	ask = slices.Compact(ask)
	if len(ask) == 0 {
		return nil, nil
	}
	for _, m := range undecided {
		known[m.UID] = true // also below what was searched for
	}
	found, silent, err := d.headers(ctx, s, box, moved, ask, known)
	if err != nil {
		return nil, err
	}
	undecided = slices.DeleteFunc(undecided, func(m store.InboxMessage) bool { return silent[m.UID] })
	found = slices.DeleteFunc(found, func(f intake.Found) bool {
		return f.UID <= box.LastUID && !known[f.UID] && f.Received.Before(box.StartedAt)
	})
	slices.SortFunc(found, func(a, b intake.Found) int {
		return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.UID, b.UID))
	})
	return found, d.gone(ctx, undecided, found)
}

// headers lists mails. One that the server does not list is counted as one that
// it does not deliver, and stands in nobody's way; where the listing broke the
// connection, fewer are asked for at a time, until it is known which one it was.
// silent are those of which nothing was learnt.
func (d *Desk) headers(ctx context.Context, s *intake.Session, box store.MailboxState, moved uint32, ask []uint32, known map[uint32]bool) (found []intake.Found, silent map[uint32]bool, err error) {
	silent = map[uint32]bool{}
	for chunk := range slices.Chunk(ask, d.listed) {
		some, err := s.Headers(ctx, chunk)
		found = append(found, some...)
		var failed *intake.FetchError
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil, !errors.As(err, &failed), errors.Is(err, intake.ErrUnavailable):
			return nil, nil, err
		case lost(err) && len(chunk) > 1:
			d.listed = len(chunk) / 2
			return nil, nil, err
		}
		for _, uid := range failed.UIDs {
			silent[uid] = true
			if moved != 0 || uid <= box.LastUID && !known[uid] {
				// It may be older than the desk, and such mail is not touched.
				d.Log.Warn("the server does not list a mail; it stays where it lies", "uid", uid, "err", err)
				continue
			}
			if err := d.suspect(ctx, box, moved, intake.Fetched{UID: uid, Received: d.Now()}, err); err != nil {
				return nil, nil, err
			}
		}
		if lost(err) {
			return nil, nil, err
		}
	}
	d.listed = min(2*d.listed, chunkListed)
	return found, silent, nil
}

// gone closes the entries of mails that a person took out of the mailbox before
// they were decided.
func (d *Desk) gone(ctx context.Context, undecided []store.InboxMessage, found []intake.Found) error {
	there := map[uint32]bool{}
	for _, f := range found {
		there[f.UID] = true
	}
	for _, m := range undecided {
		if there[m.UID] {
			continue
		}
		d.Log.Warn("a mail is no longer in the mailbox; somebody took it out before it was decided", "inbox", m.ID, "uid", m.UID)
		err := d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error { return tx.Vanished(m.ID) })
		if err != nil {
			return err
		}
	}
	return nil
}

// firstChunk takes as many mails as fit, most at the most.
func firstChunk(mails []intake.Found, most int) []intake.Found {
	var octets int64
	for i, m := range mails {
		if octets += m.Size; i > 0 && (i >= most || octets > chunkOctets) {
			return mails[:i]
		}
	}
	return mails
}

// work reads some mails into the ledger, and then decides them one by one.
func (d *Desk) work(ctx context.Context, s *intake.Session, box store.MailboxState, moved uint32, chunk []intake.Found) error {
	uids := make([]uint32, len(chunk))
	for i, f := range chunk {
		uids[i] = f.UID
	}
	fetched := map[uint32]intake.Fetched{}
	err := s.Fetch(ctx, uids, func(f intake.Fetched) error {
		fetched[f.UID] = f
		return nil
	})
	var failed *intake.FetchError
	switch {
	case err == nil:
		d.most = min(2*d.most, chunkMails)
	case ctx.Err() != nil, !errors.As(err, &failed), errors.Is(err, intake.ErrUnavailable):
		return err
	case lost(err):
		return errors.Join(err, d.halve(ctx, box, moved, chunk, err))
	}
	for _, f := range chunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		mail, ok := fetched[f.UID]
		if !ok {
			// Expunged meanwhile, and the next comparison sees that it is gone; or the
			// server keeps this one to itself, and the others need not wait for it.
			if failed != nil && slices.Contains(failed.UIDs, f.UID) {
				if err := d.suspect(ctx, box, moved, intake.Fetched{UID: f.UID, Received: f.Received, Size: f.Size}, err); err != nil {
					return err
				}
			}
			continue
		}
		// A mail in hand is finished even when the desk is told to stop.
		if err := d.take(context.WithoutCancel(ctx), box, moved, mail); err != nil {
			return fmt.Errorf("mail %d of %s: %w", mail.UID, box.Name, err)
		}
	}
	return nil
}

// halve closes in on a mail that the server cannot deliver without breaking the
// connection (MAIL.md 125): after each failure half as many mails are asked for,
// and one that fails alone is counted, and quarantined after the third time.
func (d *Desk) halve(ctx context.Context, box store.MailboxState, moved uint32, chunk []intake.Found, failure error) error {
	d.most = max(1, d.most/2)
	if len(chunk) > 1 {
		return nil
	}
	return d.suspect(ctx, box, moved, intake.Fetched{UID: chunk[0].UID, Received: chunk[0].Received, Size: chunk[0].Size}, failure)
}

// suspect counts an attempt at a mail that the server does not deliver, and
// quarantines it unread after the third.
func (d *Desk) suspect(ctx context.Context, box store.MailboxState, moved uint32, mail intake.Fetched, failure error) error {
	m, attempt, err := d.enter(ctx, box, moved, mail)
	if err != nil || attempt == 0 {
		return err
	}
	d.Log.Error("the server does not deliver a mail; it is tried again, and quarantined after the third time",
		"inbox", m.ID, "uid", mail.UID, "attempt", attempt, "err", failure)
	if attempt <= maxAttempts {
		return nil
	}
	if _, err = d.decide(ctx, m, unread(mail)); err == nil {
		d.wake()
	}
	return err
}

// lost says whether an error ended the session.
func lost(err error) bool {
	return errors.Is(err, intake.ErrDisconnected) || errors.Is(err, intake.ErrTimeout)
}

// refused says whether the server said no and the session goes on.
func refused(err error) bool {
	for _, no := range []error{intake.ErrRefused, intake.ErrRights, intake.ErrQuota, intake.ErrNoFolder, intake.ErrUnavailable} {
		if errors.Is(err, no) {
			return !lost(err)
		}
	}
	return false
}

// refusal is a filing that failed and leaves the session usable.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }
