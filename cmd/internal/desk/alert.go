package desk

import (
	"context"
	"fmt"
	"sync"

	"leadmail/notify"
	"leadmail/store"
)

// alertKind is the kind of an alert in the outbox.
const alertKind = "alert"

// trouble is what is known to be broken, so that staff hear of it once, and of
// its end.
type trouble struct {
	mu  sync.Mutex
	out map[string]string // what → subject of the alert
}

func newTrouble() *trouble { return &trouble{out: map[string]string{}} }

// raise says whether what is news.
func (t *trouble) raise(what, subject string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.out[what]; known {
		return false
	}
	t.out[what] = subject
	return true
}

// clear returns the subject of the alert that is over; "" where there was none.
func (t *trouble) clear(what string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	subject := t.out[what]
	delete(t.out, what)
	return subject
}

// alert tells staff of something broken: once while it lasts, and once a day
// however often it comes back. It never fails; the log has it too.
func (d *Desk) alert(ctx context.Context, what, subject, text, hint string) {
	if d.trouble.raise(what, subject) {
		d.queueAlert(ctx, what, notify.Alert{Subject: subject, What: text, Hint: hint})
	}
}

// recovered tells staff that it works again, if they were told that it did not.
func (d *Desk) recovered(ctx context.Context, what string) {
	if subject := d.trouble.clear(what); subject != "" {
		d.Log.Info("recovered", "from", subject)
		d.queueAlert(ctx, what+"/recovered", notify.Alert{Subject: subject, Recovered: true})
	}
}

func (d *Desk) queueAlert(ctx context.Context, what string, a notify.Alert) {
	err := d.Store.Update(context.WithoutCancel(ctx), d.Now(), func(tx *store.Tx) error {
		for i, staff := range d.Staff {
			r, err := d.render.Alert(staff, a, d.identity(tx))
			if err != nil {
				return err
			}
			out := d.outgoing(r, fmt.Sprintf("alert/%s/%s/%d", what, d.policy.Day(tx.Now()), i), store.InboxMessage{})
			out.Copied = true
			if _, err := tx.Queue(out); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.Log.Error("an alert could not be queued", "alert", a.Subject, "err", err)
		return
	}
	d.wake()
}
