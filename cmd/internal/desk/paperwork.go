package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"leadmail/rules"
	"leadmail/store"
)

// paperwork is how a partner's paperwork stands.
func (d *Desk) paperwork(tx *store.Tx, id rules.PartnerID) (rules.Paperwork, error) {
	all, err := tx.PapersOf(id)
	if err != nil || len(all) == 0 {
		return rules.Paperwork{}, err
	}
	return all[0].Stand(), nil
}

// FormDecision is what staff decide of forms of one partner: confirmed, or refused
// because of something. Those that came by mail came with the same one.
type FormDecision struct {
	Partner rules.PartnerID
	Forms   []rules.Form
	Confirm bool
	// As names the forms, one each; empty where they keep their kinds.
	As      []rules.FormKind
	Because string
	// Actor goes into the history, Because too, and to the partner.
	Actor string
}

// DecideForms records what staff decided, and tells the partner of it in the thread of
// the mail that brought the forms. The answer is held in no mode but shadow, as with
// Review. The paperwork is returned as it stands then, and the answer, whose ID is 0
// where nobody can be told.
//
// Errors: store.ErrTaken where a form was decided meanwhile, rules.ErrInvalid where
// one is to be confirmed that nobody has named.
func (d *Desk) DecideForms(ctx context.Context, c FormDecision) (w rules.Paperwork, answer store.OutboxMessage, err error) {
	err = d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error {
		w, answer, err = d.decideForms(tx, c)
		return err
	})
	return w, answer, err
}

func (d *Desk) decideForms(tx *store.Tx, c FormDecision) (w rules.Paperwork, answer store.OutboxMessage, err error) {
	settled, mail, key := []rules.Form{}, int64(0), "forms"
	for i, f := range c.Forms {
		as := rules.FormKind("")
		if len(c.As) > 0 {
			as = c.As[i]
		}
		now, err := f.Settled(c.Confirm, as, c.Because)
		if err == nil {
			err = tx.SettleForm(c.Partner, now, f.State, c.Actor)
		}
		if err != nil {
			return w, answer, err
		}
		settled, mail, key = append(settled, now), f.Mail, fmt.Sprintf("%s/%d", key, f.ID)
	}
	if w, err = d.paperwork(tx, c.Partner); err != nil || mail == 0 {
		return w, answer, err
	}
	answer, err = d.tellOfForms(tx, mail, settled, w, c, fmt.Sprintf("%s/%d", key, tx.Now().UnixMicro()))
	return w, answer, err
}

func (d *Desk) tellOfForms(tx *store.Tx, mail int64, forms []rules.Form, w rules.Paperwork, c FormDecision, key string) (answer store.OutboxMessage, err error) {
	m, err := tx.Inbox(mail)
	if err != nil {
		return answer, err
	}
	partner, err := tx.Partner(c.Partner)
	if err != nil {
		return answer, err
	}
	passes, err := tx.Decision(mail)
	if err != nil || len(passes) == 0 {
		return answer, err
	}
	regs, err := tx.Registrations(store.RegistrationFilter{Partner: c.Partner, Holding: true})
	if err != nil {
		return answer, err
	}
	meter := rules.Book{Received: tx.Now(), Partner: &partner, Registrations: regs}.Meter(d.policy)
	o := recorded(m, passes[len(passes)-1].Request)
	r, err := d.render.PaperworkOutcome(forms, w, c.Confirm, c.Because, o, &partner, meter, d.identity(tx))
	if err != nil {
		return answer, fmt.Errorf("render the outcome: %w", err)
	}
	answer = d.outgoing(r, key, m)
	if d.mode(&partner) == rules.ModeShadow {
		answer.State, answer.Why = store.OutboxHeld, shadowWhy
	}
	answer.ID, err = tx.Queue(answer)
	return answer, err
}

// orderForms is APPROVE or REJECT of the forms of a mail. APPROVE may name those that
// nobody has named yet, in their order.
func (d *Desk) orderForms(tx *store.Tx, mail int64, o rules.Ordered, actor string) (rules.Outcome, error) {
	if o.Verb == rules.VerbAddTo {
		return "", impossible("an address is added with the token of its mail")
	}
	if o.Verb == rules.VerbReject && o.Reason == "" {
		return "", impossible("a refusal needs a reason: the partner reads it")
	}
	partner, all, err := tx.FormsOf(mail)
	if err != nil {
		return "", err
	}
	c := FormDecision{Partner: partner, Confirm: o.Verb == rules.VerbApprove, Actor: actor}
	unnamed := 0
	for _, f := range all {
		if f.State != rules.FormSubmitted {
			continue
		}
		as := f.Kind
		if f.Kind == rules.FormUnknown && c.Confirm {
			if unnamed++; unnamed <= len(o.Forms) {
				as = o.Forms[unnamed-1]
			}
		}
		c.Forms, c.As = append(c.Forms, f), append(c.As, as)
	}
	switch {
	case len(c.Forms) == 0:
		return "", impossible(fmt.Sprintf("no form of mail %d waits any more", mail))
	case unnamed > 0 && unnamed != len(o.Forms):
		return "", impossible(fmt.Sprintf("%d form(s) of mail %d have no name: answer APPROVE and name each, such as %s", unnamed, mail,
			strings.TrimSpace(strings.Repeat("W-9 ", unnamed))))
	}
	if _, err := tx.Partner(partner); errors.Is(err, store.ErrNotFound) {
		return "", impossible(fmt.Sprintf("%s has been removed from the program; leadmail partners rejoin %s takes it back, then send this once more", partner, partner))
	} else if err != nil {
		return "", err
	}
	if !c.Confirm {
		c.Because = o.Reason
	}
	if _, _, err := d.decideForms(tx, c); err != nil {
		return "", err
	}
	if c.Confirm {
		return rules.Accepted, nil
	}
	return rules.Rejected, nil
}
