package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leadmail/notify"
	"leadmail/store"
)

const (
	// outboxPoll is how often the outbox is looked at for what other processes
	// (leadmail outbox release, another daemon) have queued.
	outboxPoll = 2 * time.Second
	// sendBatch is how many messages one look takes.
	sendBatch = 20

	// stopGrace is how long a delivery may still take once the desk is told to stop.
	stopGrace = 20 * time.Second

	pauseFirst, pauseMost = time.Minute, 15 * time.Minute
)

// tendOutbox sends what is owed until the context ends.
func (d *Desk) tendOutbox(ctx context.Context) {
	for ctx.Err() == nil {
		if _, err := d.sendDue(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("the outbox cannot be worked off; trying again", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-d.owed:
		case <-time.After(outboxPoll):
		}
	}
}

// sendDue sends all that is due now, unless sending is paused, and says how many
// messages it tried.
func (d *Desk) sendDue(ctx context.Context) (tried int, err error) {
	for {
		if d.unnoted != nil {
			if err := d.unnoted(ctx); err != nil {
				return tried, err
			}
			d.unnoted = nil
		}
		if d.Now().Before(d.paused) {
			return tried, nil
		}
		var due []store.OutboxMessage
		err := d.Store.Update(ctx, d.Now(), func(tx *store.Tx) (err error) {
			due, err = tx.Due(sendBatch)
			return err
		})
		if err != nil || len(due) == 0 {
			return tried, err
		}
		for _, m := range due {
			if ctx.Err() != nil || d.Now().Before(d.paused) {
				return tried, ctx.Err()
			}
			// The delivery in hand is finished even when the desk is told to stop.
			finishing, done := outlast(ctx, stopGrace)
			err := d.send(finishing, m)
			done()
			if err != nil {
				return tried, err
			}
			tried++
		}
	}
}

// outlast is a context that ends a while after ctx does; done must be called.
func outlast(ctx context.Context, grace time.Duration) (longer context.Context, done func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(grace, cancel)
		context.AfterFunc(longer, func() { t.Stop() })
	})
	return longer, func() { stop(); cancel() }
}

// send makes one attempt. It is counted before the network is touched; the bytes
// are those that were rendered when the message was queued, whichever attempt it
// is. An error is ours, not the message's.
func (d *Desk) send(ctx context.Context, m store.OutboxMessage) error {
	suppressed := ""
	err := d.Store.Update(ctx, d.Now(), func(tx *store.Tx) (err error) {
		if err := tx.StartSending(m.ID); err != nil {
			return err
		}
		if suppressed, err = tx.Suppressed(m.To); err != nil {
			return err
		}
		if suppressed != "" {
			suppressed = "the address is suppressed: " + suppressed
		} else if suppressed, err = d.settled(tx, m); err != nil || suppressed == "" {
			return err
		}
		return tx.EndSending(m.ID, store.OutboxCancelled, time.Time{}, suppressed)
	})
	if errors.Is(err, store.ErrTaken) {
		return nil // another daemon has it
	}
	if err != nil || suppressed != "" {
		return err
	}
	began := d.Now()
	point("before-sending")
	failure := d.SMTP.Deliver(ctx, m.From, m.To, m.Raw)
	point("after-sending")
	state, next, why := d.fate(m, failure)
	ctx = context.WithoutCancel(ctx) // what happened is noted in any case
	ended := d.Now()
	note := func(ctx context.Context) error {
		err := d.Store.Update(ctx, ended, func(tx *store.Tx) error {
			if notify.FateOf(failure) == notify.FateNoSuchAddress {
				if err := tx.Suppress(m.To, why); err != nil {
					return err
				}
			}
			return tx.EndSending(m.ID, state, next, why)
		})
		if err != nil {
			return fmt.Errorf("note the attempt at message %d: %w", m.ID, err)
		}
		return nil
	}
	if err := note(ctx); err != nil {
		// Forgotten, it would be neither sent nor due until the next start.
		d.unnoted = note
		return err
	}
	if failure != nil {
		d.Log.Warn("not sent", "outbox", m.ID, "kind", m.Kind, "inbox", m.InboxID, "state", state, "attempt", m.Attempts+1, "next", next, "err", failure)
		d.tellOfFailure(ctx, m, failure, state, why)
		return nil
	}
	d.Log.Info("sent", "outbox", m.ID, "kind", m.Kind, "inbox", m.InboxID, "attempt", m.Attempts+1, "took", d.Now().Sub(began))
	d.pause = 0
	d.recovered(ctx, "sending")
	m.State, m.SentAt = store.OutboxSent, d.Now()
	d.watch(Event{Sent: &m})
	return nil
}

// fate is what becomes of a message after an attempt (MAIL.md, Outbound).
func (d *Desk) fate(m store.OutboxMessage, failure error) (state store.OutboxState, next time.Time, why string) {
	now := d.Now()
	if failure != nil {
		why = failure.Error()
	}
	switch notify.FateOf(failure) {
	case notify.FateSent:
		return store.OutboxSent, time.Time{}, ""
	case notify.FateUncertain:
		return store.OutboxUncertain, now.Add(uncertainWait), why
	case notify.FateRefused, notify.FateNoSuchAddress:
		return store.OutboxFailed, time.Time{}, why
	case notify.FateSlow:
		// Too fast, for the whole queue. A server that says so for two days means
		// this message (a policy against its recipient looks the same).
		d.hold(now)
		if _, again := notify.Next(m.Attempts+1, m.QueuedAt, now); !again {
			return store.OutboxFailed, time.Time{}, why
		}
		return store.OutboxDeferred, d.paused, why
	case notify.FateChannel:
		// The server's or our own fault: the whole queue waits, no message fails.
		d.hold(now)
		return store.OutboxDeferred, d.paused, why
	}
	next, again := notify.Next(m.Attempts+1, m.QueuedAt, now)
	if !again {
		return store.OutboxFailed, time.Time{}, why
	}
	return store.OutboxDeferred, next, why
}

// hold pauses the queue, longer each time until something is sent.
func (d *Desk) hold(now time.Time) {
	d.pause = min(max(2*d.pause, pauseFirst), pauseMost)
	d.paused = now.Add(d.pause)
}

// tellOfFailure alerts staff to what a person has to mend.
func (d *Desk) tellOfFailure(ctx context.Context, m store.OutboxMessage, failure error, state store.OutboxState, why string) {
	switch {
	case notify.FateOf(failure) == notify.FateChannel:
		d.alert(ctx, "sending", "Replies cannot be sent", why,
			"Mail is read and decided as before; replies wait and go out once this is mended. `leadmail check` says more.")
	case state == store.OutboxFailed && m.Kind != alertKind:
		d.alert(ctx, fmt.Sprintf("message/%d", m.ID), fmt.Sprintf("Message %d to %s was not delivered", m.ID, m.To), why,
			fmt.Sprintf("`leadmail outbox show %d` shows it. Reach the partner another way, or correct the address.", m.ID))
	case state == store.OutboxUncertain && m.Doubts > 0 && m.Kind != alertKind:
		d.alert(ctx, fmt.Sprintf("message/%d", m.ID), fmt.Sprintf("Message %d to %s may not have been delivered", m.ID, m.To), why,
			fmt.Sprintf("Twice the answer to it was lost, and it is not sent a third time. `leadmail outbox show %d` shows it; ask the partner whether it came.", m.ID))
	case state == store.OutboxUncertain:
		d.Log.Warn("the server took the message but its answer was lost; it is sent once more, unchanged", "outbox", m.ID)
	}
}
