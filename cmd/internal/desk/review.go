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

// Review carries out what a person decided of a prospect under review, or of a
// change that waits: the record, the mail to the partner and the way of the original
// out of Review, in one transaction. The term runs from the mail's receipt, and a
// change is carried out as of it (D3); what others hold counts as of now. The answer is not held in mode approve, since a person has just
// decided; in mode shadow nothing goes to partners. actor and reason go into the
// history, the reason to the partner too.
//
// Errors: store.ErrNotFound where it does not wait, store.ErrTaken or that of
// rules.AcceptReview and rules.AcceptChange where it cannot be accepted any more.
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
	if w.Verb != "" {
		return d.reviewChange(tx, w, &partner, accept, reason, actor)
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
	done.Answer, err = d.queueOutcome(tx, w, done.Judgement, &partner, reason)
	return done, err
}

// reviewChange decides a change that waits, from the record of its mail.
func (d *Desk) reviewChange(tx *store.Tx, w store.Review, partner *rules.Partner, accept bool, reason, actor string) (done Reviewed, err error) {
	m, err := tx.Inbox(w.InboxID)
	if err != nil {
		return done, err
	}
	passes, err := tx.Decision(m.ID)
	if err != nil {
		return done, err
	}
	i := slices.IndexFunc(passes, func(r store.Record) bool { return r.Pass == w.Pass && len(r.Decision.Judgements) >= w.N })
	if i < 0 {
		return done, fmt.Errorf("change %s is not on record: %w", w.Case(), store.ErrNotFound)
	}
	r := passes[i]
	before, was := r.Book, r.Decision.Judgements[w.N-1]
	done.Judgement = rules.RejectChange(was)
	r.Policy, r.By, r.Why = d.policy, actor, fmt.Sprintf("mail %d asks to %s", m.ID, w.Verb)
	if reason != "" {
		r.Why += ": " + reason
	}
	if accept {
		now := m
		now.Received = tx.Now()
		sender := before.Sender
		sender.Partner = w.Partner
		if r.Book, err = d.book(tx, now, sender, r.Request, true); err != nil {
			return done, err
		}
		if done.Judgement, err = rules.AcceptChange(r.Book, before, r.Request, was, d.policy); err != nil {
			return done, err
		}
		r.Book.Received = before.Received // a withdrawal frees its slot as of the receipt
	}
	var also []int
	for _, n := range rules.Rivals(r.Decision, w.N-1) {
		also = append(also, n+1)
	}
	if err := tx.SettleChange(r, w, done.Judgement, also); err != nil {
		return done, err
	}
	done.Answer, err = d.queueOutcome(tx, w, done.Judgement, partner, reason)
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
func (d *Desk) queueOutcome(tx *store.Tx, w store.Review, j rules.Judgement, partner *rules.Partner, reason string) (store.OutboxMessage, error) {
	if w.InboxID == 0 || w.Sender == "" {
		return store.OutboxMessage{}, nil
	}
	regs, err := tx.Registrations(store.RegistrationFilter{Partner: w.Partner})
	if err != nil {
		return store.OutboxMessage{}, err
	}
	meter := rules.Book{Received: tx.Now(), Partner: partner, Registrations: regs}.Meter(d.policy)
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
	out := d.outgoing(r, "review/"+string(w.Case()), m)
	if d.mode(partner) == rules.ModeShadow {
		out.State, out.Why = store.OutboxHeld, shadowWhy
	}
	out.ID, err = tx.Queue(out)
	return out, err
}
