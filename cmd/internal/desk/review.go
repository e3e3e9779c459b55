package desk

import (
	"context"
	"fmt"
	"slices"

	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
)

// Reviewed is what came of a person's decision.
type Reviewed struct {
	Judgement rules.Judgement
	// Answer is the mail that tells the partner; its ID is 0 where the prospect
	// came without one, so that nobody can be told.
	Answer store.OutboxMessage
}

// Review carries out what a person decided of a prospect under review: the record,
// the mail to the partner and the way of the original out of Review, in one
// transaction. The term runs from the mail's receipt (D3); what others hold counts
// as of now. The answer is not held in mode approve, since a person has just
// decided; in mode shadow nothing goes to partners. actor and reason go into the
// history, the reason to the partner too.
//
// Errors: store.ErrNotFound where nothing under that reference is under review,
// store.ErrTaken or that of rules.AcceptReview where it cannot be accepted any more.
func (d *Desk) Review(ctx context.Context, w store.Review, accept bool, reason, actor string) (done Reviewed, err error) {
	err = d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error {
		done, err = d.review(tx, w, accept, reason, actor)
		return err
	})
	return done, err
}

func (d *Desk) review(tx *store.Tx, w store.Review, accept bool, reason, actor string) (done Reviewed, err error) {
	partner, err := tx.Partner(w.Partner)
	if err != nil {
		return done, err
	}
	orgs := []rules.OrganisationKey{w.Organisation}
	if err := tx.Touch(w.Partner, orgs, d.policy.Day(tx.Now()), d.policy); err != nil {
		return done, err
	}
	book, err := tx.Book(rules.Query{Received: tx.Now(), Sender: rules.Sender{Partner: w.Partner, Verdict: rules.Trusted},
		Organisations: orgs, Zone: d.policy.Location()}, d.NewReference)
	if err != nil {
		return done, err
	}
	done.Judgement = rules.RejectReview(w.Ref, w.Prospect, w.Organisation)
	if accept {
		if done.Judgement, err = rules.AcceptReview(book, w.Ref, d.policy); err != nil {
			return done, err
		}
	}
	if err := tx.SettleReview(done.Judgement, actor, reason); err != nil {
		return done, err
	}
	book.Registrations, err = tx.Registrations(store.RegistrationFilter{Partner: w.Partner})
	if err != nil {
		return done, err
	}
	done.Answer, err = d.queueOutcome(tx, w, done.Judgement, &partner, book.Meter(d.policy), reason)
	return done, err
}

// recorded is a mail to be answered, from the ledger.
func recorded(m store.InboxMessage, q rules.Request) notify.Original {
	o := notify.Original{From: m.Sender, FromName: q.FromName, Subject: m.Subject, MessageID: m.MessageID, References: slices.Clone(q.Thread)}
	slices.Reverse(o.References) // Thread is newest first, the header oldest first
	return o
}

// queueOutcome owes the partner the outcome of a review, in the thread of the mail
// that it is about.
func (d *Desk) queueOutcome(tx *store.Tx, w store.Review, j rules.Judgement, partner *rules.Partner, meter rules.Meter, reason string) (store.OutboxMessage, error) {
	if w.InboxID == 0 || w.Sender == "" {
		return store.OutboxMessage{}, nil
	}
	m, err := tx.Inbox(w.InboxID)
	if err != nil {
		return store.OutboxMessage{}, err
	}
	passes, err := tx.Decision(m.ID)
	if err != nil {
		return store.OutboxMessage{}, err
	}
	var q rules.Request
	if len(passes) > 0 {
		q = passes[len(passes)-1].Request
	}
	o := recorded(m, q)
	r, err := d.render.ReviewOutcome(j, reason, o, partner, meter, d.identity(tx))
	if err != nil {
		return store.OutboxMessage{}, fmt.Errorf("render the outcome: %w", err)
	}
	out := d.outgoing(r, "review/"+string(w.Ref), m)
	if d.mode(partner) == rules.ModeShadow {
		out.State, out.Why = store.OutboxHeld, shadowWhy
	}
	out.ID, err = tx.Queue(out)
	return out, err
}
