package desk

import (
	"fmt"

	"leadmail/rules"
	"leadmail/store"
)

// Welcome owes a partner that has joined, or has come back, the mail that says what to
// do first; lost is how many registrations it has lost meanwhile. It is queued in the
// transaction that enters the partner, held in mode approve, and once a day to an address
// at most. The message's ID is 0 where none is sent: in mode shadow, or where no address of the
// partner's is known.
func (d *Desk) Welcome(tx *store.Tx, p rules.Partner, back bool, lost int) (store.OutboxMessage, error) {
	to, err := tx.WritesTo(p)
	if err != nil || to == "" || d.mode(&p) == rules.ModeShadow {
		return store.OutboxMessage{}, err
	}
	regs, err := tx.Registrations(store.RegistrationFilter{Partner: p.ID, Holding: true})
	if err != nil {
		return store.OutboxMessage{}, err
	}
	today := d.policy.Day(tx.Now())
	meter := rules.Book{Received: tx.Now(), Partner: &p, Registrations: regs}.Meter(d.policy)
	r, err := d.render.Welcome(to, p, back, lost, p.Member(today, d.policy), meter, d.identity(tx))
	if err != nil {
		return store.OutboxMessage{}, err
	}
	out := d.outgoing(r, fmt.Sprintf("welcome/%s/%s/%s", p.ID, today, string(to)), store.InboxMessage{Partner: p.ID})
	if d.mode(&p) == rules.ModeApprove {
		out.State, out.Why = store.OutboxHeld, "mode approve: waits for `leadmail outbox release`"
	}
	out.ID, err = tx.Queue(out)
	return out, err
}

// stillWelcome says why a welcome mail is not sent any more: the partner was removed
// meanwhile, or the address is not one of its own; "" where it is sent.
func (d *Desk) stillWelcome(tx *store.Tx, m store.OutboxMessage) (why string, err error) {
	p, err := tx.PartnerOf(m.To)
	if err == nil && (p == nil || p.ID != m.Partner) {
		why = "that address is not the partner's any more"
	}
	return why, err
}
