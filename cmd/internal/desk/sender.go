package desk

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
)

// retries are the waits before a sender whose proof could not be had is looked at
// again: in mode results a signature is then verified here, in mode dkim its key
// is asked for anew. After the last one the mail is held as unverified. The day of
// its receipt counts whenever it is decided (D2).
var retries = []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour}

// proofTime bounds what the proof of one mail may take, network included.
const proofTime = 20 * time.Second

// prove finds out what the sender's proof is worth, before the transaction in
// which the mail is decided. waits says that the mail is looked at again later:
// a temporary result is no failure.
func (d *Desk) prove(ctx context.Context, m store.InboxMessage, in *reading, raw []byte) (waits bool, err error) {
	d.credit(ctx, in, raw)
	if in.verdict != rules.Temporary || in.request.Handling.Route != "" || m.Retries >= len(retries) {
		return false, nil
	}
	until := d.Now().Add(retries[m.Retries])
	why := "the sender cannot be judged for the moment: " + in.evidence.Why
	d.Log.Warn("the sender of a mail cannot be judged for the moment; it is looked at again", "inbox", m.ID, "at", until, "why", in.evidence.Why)
	return true, d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error { return tx.Postpone(m.ID, until, why) })
}

// credit judges the sender's credentials. In mode results a temporary result is
// looked at once more here and now, where aligned signatures are accepted: what
// the server wrote into the mail does not change by waiting.
func (d *Desk) credit(ctx context.Context, in *reading, raw []byte) {
	ctx, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	own := rules.Trust{Mode: rules.AuthDKIM}
	c := in.message.Credentials(d.Trust)
	if d.Trust.Mode == rules.AuthDKIM {
		if c.FromFields == 1 && c.Authors == 1 && !in.request.TooLarge {
			c.Results = intake.Signatures(ctx, raw, d.LookupTXT)
		}
		in.verdict, in.evidence = own.Judge(c)
		return
	}
	in.verdict, in.evidence = d.Trust.Judge(c)
	if in.verdict == rules.Temporary && slices.Contains(d.Trust.Accept, rules.AcceptDKIM) && !d.Trust.Microsoft365 && !in.request.TooLarge {
		c.Results = intake.Signatures(ctx, raw, d.LookupTXT)
		if v, e := own.Judge(c); v == rules.Verified {
			in.verdict, in.evidence = v, e
		}
	}
}

// sender says who wrote the mail: staff before partners, and in nobody's name
// where it is not proved.
func (d *Desk) sender(tx *store.Tx, in reading) (rules.Sender, *rules.Partner, error) {
	s := rules.Sender{Address: in.request.From, Verdict: in.verdict, Evidence: in.evidence, Staff: slices.Contains(d.Staff, in.request.From)}
	if s.Verdict == "" { // never read
		s.Verdict = rules.Unverified
	}
	if s.Staff || s.Address == "" {
		return s, nil, nil
	}
	partner, err := tx.PartnerOf(s.Address)
	switch {
	case err != nil:
		return s, nil, err
	case partner == nil && s.Verdict.Known():
		s.Resembles, err = tx.Resembling(s.Address)
		return s, nil, err
	case partner == nil:
		return s, nil, nil
	case !s.Verdict.Known():
		s.Claims = partner.ID
		return s, nil, nil
	}
	s.Partner = partner.ID
	return s, partner, nil
}

// secretName is under which the database keeps the key of the tokens.
const secretName = "token key"

// key is the key of the tokens: the operator's, or the database's own, made up
// when it is first needed.
func (d *Desk) key(tx *store.Tx) ([]byte, error) {
	if d.Secret != nil {
		s, err := d.Secret()
		if err != nil || s != "" {
			return []byte(s), err
		}
	}
	s, err := tx.FirstSetting(secretName, hex.EncodeToString(random(32)))
	return []byte(s), err
}

// tokens are those that a confirmation carries: one for each prospect under review
// and each change that waits, and one for the mail where it waits or its answer does.
func (d *Desk) tokens(tx *store.Tx, done Decided) ([]notify.Lever, error) {
	key, err := d.key(tx)
	if err != nil {
		return nil, err
	}
	var levers []notify.Lever
	for i, j := range done.Decision.Judgements {
		if j.Decision != rules.Review {
			continue
		}
		of := rules.Case(j.Ref)
		if j.Verb.Change() {
			of = rules.ChangeCase(done.Mail.ID, i+1)
		}
		levers = append(levers, notify.Lever{Token: rules.NewToken(key, of, tx.Now()), Orders: []rules.Verb{rules.VerbApprove, rules.VerbReject}})
	}
	if slices.ContainsFunc(done.Decision.Actions, func(a rules.Action) bool { return len(a.Forms) > 0 }) {
		levers = append(levers, notify.Lever{Token: rules.NewToken(key, rules.FormsCase(done.Mail.ID), tx.Now()), Orders: onForms})
	}
	mail := notify.Lever{Token: rules.NewToken(key, rules.MailCase(done.Mail.ID), tx.Now())}
	if done.Reply.Raw != nil && d.mode(done.Partner) == rules.ModeApprove {
		mail.Orders = append(mail.Orders, rules.VerbApprove, rules.VerbReject)
	} else if done.Decision.State == rules.MailHeld {
		mail.Orders = append(mail.Orders, rules.VerbReject)
	}
	if stranger(done.Book.Sender) && done.Decision.State == rules.MailHeld {
		mail.Orders = append(mail.Orders, rules.VerbAddTo)
	}
	if len(mail.Orders) > 0 {
		levers = append(levers, mail)
	}
	return levers, nil
}

// stranger says whether a sender is proved and nobody's.
func stranger(s rules.Sender) bool {
	return s.Verdict.Known() && s.Partner == "" && !s.Staff && s.Address != ""
}

// impossible is why an order cannot be carried out, for staff.
type impossible string

func (r impossible) Error() string { return string(r) }

// order carries out what staff order by mail: nil where the mail is none of
// theirs. It counts only from a proved address of staff and with the token of that
// case (MAIL.md 70).
func (d *Desk) order(tx *store.Tx, s rules.Sender, q rules.Request, received time.Time) (*rules.Ordered, error) {
	if q.Order == nil || !s.Staff || !s.Verdict.Known() || q.Handling.Route != "" && q.Handling.Route != rules.RouteProcessed {
		return nil, nil
	}
	key, err := d.key(tx)
	if err != nil {
		return nil, err
	}
	o := &rules.Ordered{Order: *q.Order}
	if o.On, o.Token = q.Order.On(key, received); o.Token == rules.TokenMissing && len(o.Tokens) == 0 && o.Case == "" {
		return nil, nil // staff who write without a token (MAIL.md 133)
	}
	if o.Token != rules.TokenValid {
		return o, nil
	}
	if o.Several {
		o.Refused = "the mail orders more than one thing, and nothing was done: send each in a mail of its own"
		return o, nil
	}
	err = tx.Savepoint("order", func() (err error) {
		o.Done, err = d.carryOut(tx, *o, "mail:"+string(s.Address))
		return err
	})
	var no impossible
	switch {
	case errors.As(err, &no):
		o.Refused = string(no)
	case errors.Is(err, store.ErrTaken), errors.Is(err, store.ErrNotFound), errors.Is(err, rules.ErrInvalid):
		o.Refused = err.Error()
	default:
		return o, err
	}
	o.Done = ""
	return o, nil
}

func (d *Desk) carryOut(tx *store.Tx, o rules.Ordered, actor string) (rules.Outcome, error) {
	if id := o.On.Forms(); id > 0 {
		return d.orderForms(tx, id, o, actor)
	}
	id := o.On.Mail()
	if id == 0 {
		return d.settleReview(tx, o, actor)
	}
	m, err := tx.Inbox(id)
	if err != nil {
		return "", err
	}
	if o.Verb == rules.VerbAddTo {
		return d.addAddress(tx, m, o.Partner, actor)
	}
	held, err := tx.OutboxList(store.OutboxFilter{InboxID: id, State: store.OutboxHeld})
	if err != nil {
		return "", err
	}
	for _, out := range held {
		if o.Verb == rules.VerbApprove {
			err = tx.Release(out.ID)
		} else {
			err = tx.CancelHeld(out.ID, "rejected by "+actor)
		}
		if err == nil {
			err = tx.Note(actor, fmt.Sprintf("outbox %d", out.ID), string(o.Verb), o.Reason)
		}
		if err != nil {
			return "", err
		}
	}
	switch {
	case o.Verb == rules.VerbReject && m.Waiting:
		return rules.Rejected, tx.CloseHeld(id, actor, o.Reason)
	case len(held) == 0:
		return "", impossible(fmt.Sprintf("nothing of mail %d waits for that", id))
	case o.Verb == rules.VerbApprove:
		return rules.Accepted, nil
	}
	return rules.Rejected, nil
}

// settleReview decides a prospect under review, or a change that waits.
func (d *Desk) settleReview(tx *store.Tx, o rules.Ordered, actor string) (rules.Outcome, error) {
	switch {
	case o.Verb == rules.VerbAddTo:
		return "", impossible("an address is added with the token of its mail")
	case o.Verb == rules.VerbReject && o.Reason == "":
		return "", impossible("a rejection needs a reason: the partner reads it")
	}
	all, err := tx.Reviews()
	if err != nil {
		return "", err
	}
	for _, w := range all {
		if w.Case() == o.On {
			done, err := d.review(tx, w, o.Verb == rules.VerbApprove, o.Reason, actor)
			if err != nil && !errors.Is(err, store.ErrTaken) && !errors.Is(err, store.ErrNotFound) {
				err = impossible(err.Error())
			}
			return done.Judgement.Decision, err
		}
	}
	return "", impossible(fmt.Sprintf("%s does not wait for a decision any more", o.On))
}

// addAddress gives a held stranger's address to a partner, and judges its mail.
func (d *Desk) addAddress(tx *store.Tx, m store.InboxMessage, id rules.PartnerID, actor string) (rules.Outcome, error) {
	if !m.Verdict.Known() || m.Partner != "" || m.Sender == "" {
		return "", impossible(fmt.Sprintf("mail %d is of no verified stranger", m.ID))
	}
	p, err := tx.Partner(id)
	if err != nil {
		return "", impossible(fmt.Sprintf("there is no partner %q", string(id)))
	}
	if !slices.Contains(p.Addresses, m.Sender) {
		p.Addresses = append(slices.Clone(p.Addresses), m.Sender)
		if err := tx.SavePartner(p, actor, fmt.Sprintf("address of mail %d", m.ID), d.policy.OwnOrganisations(p)...); err != nil {
			return "", err
		}
	}
	_, err = d.judgeHeld(tx, id)
	return rules.Updated, err
}

// JudgeHeld decides the mails that waited because nobody knew their verified
// sender, and that a partner writes now: each as of its receipt (D3), in a pass of
// its own, from the record. It takes nothing that was granted meanwhile.
func (d *Desk) JudgeHeld(ctx context.Context, partner rules.PartnerID) (done []Decided, err error) {
	err = d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error {
		done, err = d.judgeHeld(tx, partner)
		return err
	})
	return done, err
}

func (d *Desk) judgeHeld(tx *store.Tx, id rules.PartnerID) ([]Decided, error) {
	waiting, err := tx.HeldStrangers()
	if err != nil {
		return nil, err
	}
	var all []Decided
	for _, m := range waiting {
		partner, err := tx.PartnerOf(m.Sender)
		if err != nil {
			return nil, err
		}
		if partner == nil || partner.ID != id {
			continue
		}
		passes, err := tx.Decision(m.ID)
		if err != nil {
			return nil, err
		}
		if len(passes) == 0 {
			continue
		}
		last := passes[len(passes)-1]
		if !slices.ContainsFunc(last.Decision.Reasons, func(r rules.Reason) bool { return r.Code == rules.UnknownSender }) {
			continue
		}
		s := last.Book.Sender
		s.Partner, s.Resembles = partner.ID, ""
		if m, err = tx.Inbox(m.ID); err != nil { // with its text
			return nil, err
		}
		m.Partner, m.Pass = partner.ID, last.Pass+1
		book, err := d.book(tx, m, s, last.Request, true)
		if err != nil {
			return nil, err
		}
		// Its own first pass is no mail that it could repeat, and the answer that
		// this pass owes is not the stranger's.
		book.Duplicate, book.Taken = last.Book.Duplicate, last.Book.Taken
		book.Replies.Idle = 0
		done, err := d.judge(tx, m, book, last.Request, partner, recorded(m, last.Request))
		if err == nil && m.Folder != "" && m.Folder == done.Decision.Folder {
			err = tx.Filed(m.ID) // it lies there already
		}
		if err != nil {
			return nil, err
		}
		all = append(all, done)
	}
	return all, nil
}

// tellOfLimit tells staff, once a day for each limit, that answers are withheld.
func (d *Desk) tellOfLimit(ctx context.Context, done Decided) {
	limit := done.Decision.Limit
	if limit == "" {
		return
	}
	d.Log.Warn("an answer was withheld by a limit", "inbox", done.Mail.ID, "limit", limit, "why", done.Decision.Withheld)
	d.queueAlert(ctx, "limit/"+limit, notify.Alert{Subject: "Answers are withheld", What: fmt.Sprintf("Mail %d: %s.", done.Mail.ID, done.Decision.Withheld),
		Hint: fmt.Sprintf("Mail is read and decided as before. `leadmail inbox list` shows who writes; limits.%s sets the limit. This is said once a day.", limit)})
}
