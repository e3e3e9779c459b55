package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
)

// shadowWhy is why a reply is held in mode shadow.
const shadowWhy = "mode shadow: nothing is sent to partners"

// maxRetries is how often a mail is decided anew because another transaction
// was faster.
const maxRetries = 5

// take brings one mail from the mailbox to a committed decision. The attempt is
// counted in a transaction of its own before the mail is read: what kills the
// program while it reads leaves its mark, and the third time the mail is
// quarantined unread. An error is ours (the database), not the mail's.
func (d *Desk) take(ctx context.Context, box store.MailboxState, moved uint32, mail intake.Fetched) error {
	began := d.Now()
	m, attempt, err := d.enter(ctx, box, moved, mail)
	if err != nil || attempt == 0 {
		return err
	}
	point("after-attempt")
	var in reading
	if attempt > maxAttempts {
		in = unread(mail)
	} else if in, err = d.read(mail); err != nil {
		d.Log.Error("reading a mail failed; it is tried again, and quarantined after the third time", "inbox", m.ID, "uid", mail.UID, "attempt", attempt, "err", err)
		return nil
	}
	if waits, err := d.prove(ctx, m, &in, mail.Raw); err != nil || waits {
		return err
	}
	done, err := d.decide(ctx, m, in)
	if err != nil {
		return err
	}
	point("after-commit")
	d.wake()
	d.Log.Info("decided", "inbox", m.ID, "partner", done.Mail.Partner, "kind", done.Request.Kind, "state", done.Decision.State,
		"decisions", outcomes(done.Decision), "withheld", done.Decision.Withheld, "why", done.Decision.Why, "took", d.Now().Sub(began))
	d.watch(Event{Decided: &done})
	d.tellOfLimit(ctx, done)
	return nil
}

// outcomes is a decision for the log: each prospect's reference, outcome and
// reason codes, and nothing personal.
func outcomes(dec rules.Decision) []string {
	var out []string
	for _, j := range dec.Judgements {
		s := string(j.Ref) + " " + string(j.Decision)
		for _, r := range j.Reasons {
			s += " " + string(r.Code)
		}
		out = append(out, s)
	}
	for _, a := range dec.Actions {
		out = append(out, string(a.Verb)+" "+string(a.Decision))
	}
	return out
}

// enter puts the mail into the ledger and counts the attempt; attempt is 0 where
// nothing is to be done.
func (d *Desk) enter(ctx context.Context, box store.MailboxState, moved uint32, mail intake.Fetched) (m store.InboxMessage, attempt int, err error) {
	err = d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error {
		if moved != 0 {
			sum := sha256.Sum256(mail.Raw)
			id, err := tx.Rebind(box.Name, moved, box.UIDValidity, mail.UID, hex.EncodeToString(sum[:]))
			if err != nil {
				return err
			}
			if id == 0 && mail.Received.Before(box.StartedAt) {
				return nil // older than the desk: it stays where it lies
			}
		}
		var err error
		m, err = tx.Found(store.InboxMessage{Mailbox: box.Name, UIDValidity: box.UIDValidity, UID: mail.UID, Received: mail.Received, Size: mail.Size})
		if err != nil {
			return err
		}
		attempt, err = tx.CountAttempt(m.ID)
		if errors.Is(err, store.ErrDecided) {
			attempt, err = 0, nil
		}
		return err
	})
	return m, attempt, err
}

// reading is a mail with what was read in it.
type reading struct {
	message intake.Message
	request rules.Request
	// verdict and evidence are what the sender's proof is worth.
	verdict  rules.Verdict
	evidence *rules.Evidence
}

// read reads a mail; a panic in there is an error.
func (d *Desk) read(mail intake.Fetched) (in reading, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	in.message = d.reader.Read(mail.Raw)
	in.message, in.request = intake.Discreet(in.message, d.reader.Parse(in.message))
	in.request.TooLarge = mail.TooLarge
	return in, nil
}

// unread is a mail that could not be read three times. It says so itself, so that
// deciding it again from the record gives the same. What never came has no hash:
// that of nothing would make one such mail the duplicate of another.
func unread(mail intake.Fetched) reading {
	why := fmt.Sprintf("reading it failed %d times", maxAttempts)
	in := reading{request: rules.Request{Kind: rules.KindOther, Warnings: []string{why},
		Handling: rules.Handling{Route: rules.RouteQuarantine, Why: why, Alert: true}}}
	if mail.Raw != nil {
		sum := sha256.Sum256(mail.Raw)
		in.message = intake.Message{RawHash: hex.EncodeToString(sum[:]), Size: len(mail.Raw)}
	}
	return in
}

// decide makes the decision and commits it with all that follows from it: the
// ledger, the registrations, the replies and the filing, or nothing of it. Where
// another transaction was faster, the Book is loaded and the mail decided anew.
func (d *Desk) decide(ctx context.Context, m store.InboxMessage, in reading) (done Decided, err error) {
	for range maxRetries {
		err = d.Store.Update(ctx, d.Now(), func(tx *store.Tx) error {
			return tx.Savepoint("mail", func() error {
				done, err = d.decideIn(tx, m, in)
				point("before-commit")
				return err
			})
		})
		if !errors.Is(err, store.ErrTaken) {
			break
		}
	}
	if err != nil {
		return Decided{}, fmt.Errorf("decide mail %d: %w", m.ID, err)
	}
	return done, nil
}

func (d *Desk) decideIn(tx *store.Tx, m store.InboxMessage, in reading) (Decided, error) {
	sender, partner, err := d.sender(tx, in)
	if err != nil {
		return Decided{}, err
	}
	m.MessageID, m.RawHash, m.ContentHash = in.message.MessageID, in.message.RawHash, in.message.ContentHash
	m.Sender, m.Verdict, m.Partner = sender.Address, sender.Verdict, sender.Partner
	m.Subject, m.Text, m.Size = in.message.Subject, in.message.Text, max(m.Size, int64(in.message.Size))
	m.Pass = 1
	if err := tx.SaveReading(m); err != nil {
		return Decided{}, err
	}
	book, err := d.book(tx, m, sender, in.request, true)
	if err != nil {
		return Decided{}, err
	}
	if book.Ordered, err = d.order(tx, sender, in.request, m.Received); err != nil {
		return Decided{}, err
	}
	if book.Taken && sender.Verdict.Known() {
		if err := tx.Taken(m.ID); err != nil {
			return Decided{}, err
		}
	}
	return d.judge(tx, m, book, in.request, partner, original(in.message))
}

// judge decides a mail by its Book and commits what follows.
func (d *Desk) judge(tx *store.Tx, m store.InboxMessage, book rules.Book, q rules.Request, partner *rules.Partner, o notify.Original) (Decided, error) {
	decision := rules.Decide(book, q, d.policy)
	done := Decided{Mail: m, Request: q, Book: book, Decision: decision, Partner: partner}
	err := tx.Record(store.Record{InboxID: m.ID, Pass: m.Pass, Book: book, Request: q, Policy: d.policy, Decision: decision})
	if err != nil {
		return Decided{}, err
	}
	mode := d.mode(partner)
	if mode != rules.ModeShadow {
		if err := tx.QueueFiling(m.ID, decision.Folder); err != nil {
			return Decided{}, err
		}
	}
	if err := d.queueReply(tx, &done, o, mode); err != nil {
		return Decided{}, err
	}
	return done, d.tellStaff(tx, done, o)
}

// book loads the facts for a mail. What its open asks know is loaded too, since
// the mail may complete them. With touch the ended terms are closed first and the
// partner's row is locked: for a decision that will be recorded.
func (d *Desk) book(tx *store.Tx, m store.InboxMessage, s rules.Sender, q rules.Request, touch bool) (rules.Book, error) {
	query := rules.Query{Received: m.Received, Sender: s, Thread: q.Thread, MessageID: m.MessageID,
		Topic: rules.Topic(q, d.policy), Candidates: len(q.Prospects), Zone: d.policy.Location(), Forms: q.Paperwork()}
	query.Organisations, query.Names = rules.Keys(q, nil, d.policy)
	if s.Partner != "" {
		// A day more than enough: which have lapsed is for the rules to say.
		query.AskedSince = m.Received.AddDate(0, 0, -d.policy.CompletionDays-2)
		asks, err := tx.AskedSince(s.Partner, query.AskedSince)
		if err != nil {
			return rules.Book{}, err
		}
		query.Organisations, query.Names = rules.Keys(q, asks, d.policy)
		if err := d.named(tx, &query, q); err != nil {
			return rules.Book{}, err
		}
		if touch {
			if err := tx.Touch(s.Partner, query.Organisations, d.policy.Day(m.Received), d.policy); err != nil {
				return rules.Book{}, err
			}
		}
	}
	book, err := tx.Book(query, d.NewReference)
	if err != nil {
		return rules.Book{}, err
	}
	book.Duplicate, err = tx.Duplicate(m)
	return book, err
}

// named adds what a mail names of the partner's to the query: what it renews,
// withdraws or corrects stands in the Book with whoever holds the organisation now.
func (d *Desk) named(tx *store.Tx, query *rules.Query, q rules.Request) error {
	refs, companies := slices.Clone(q.Mentions), []string(nil)
	changes, bare := false, false
	for _, it := range q.Items {
		switch {
		case it.Verb == rules.VerbCheck:
			query.Checks = true
		case it.Verb == rules.VerbStatus:
			query.EndedSince = d.policy.Day(query.Received).AddDays(-rules.RecentDays)
		case !it.Verb.Change() && it.Verb != rules.VerbConfirm:
			continue
		default:
			changes = true
			query.Candidates++ // a withdrawn one that is taken up again has a new reference
			name, company := strings.CutPrefix(it.Ref, "company:")
			ref, err := rules.ParseReference(it.Ref)
			switch {
			case company:
				companies = append(companies, name)
			case err == nil:
				refs = append(refs, ref)
			default:
				bare = true
			}
		}
	}
	if !changes {
		return nil
	}
	if bare {
		c, err := tx.Conversation(query.Sender.Partner, query.Thread)
		if err != nil {
			return err
		}
		refs = append(refs, c.Numbering...)
		if len(c.Numbering) == 0 { // what could be meant is asked
			query.EndedSince = d.policy.Day(query.Received).AddDays(-rules.RecentDays)
		}
	}
	held, err := tx.Held(query.Sender.Partner, refs, len(companies) > 0)
	if err != nil {
		return err
	}
	for _, h := range held {
		if (slices.Contains(refs, h.Ref) || slices.ContainsFunc(companies, func(c string) bool {
			return rules.SameName(c, h.Company) || strings.Contains(c, ".") && d.policy.OrganisationOf(c) == h.Organisation
		})) && !slices.Contains(query.Organisations, h.Organisation) {
			query.Organisations = append(query.Organisations, h.Organisation)
		}
	}
	return nil
}

// queueReply renders the answer and queues it, held where the mode says so. What
// is withheld is rendered for nobody.
func (d *Desk) queueReply(tx *store.Tx, done *Decided, o notify.Original, mode rules.Mode) error {
	if done.Decision.Reply == rules.ReplyNone || done.Decision.Withheld != "" {
		return nil
	}
	r, err := d.render.Reply(done.Decision, done.Request, o, done.Partner, d.identity(tx))
	if err != nil {
		return fmt.Errorf("render the reply: %w", err)
	}
	done.Reply = r
	out := d.outgoing(r, fmt.Sprintf("reply/%d/%d", done.Mail.ID, done.Mail.Pass), done.Mail)
	out.Answer = store.Answer{Received: done.Mail.Received, Thread: done.Book.Thread, Topic: rules.Topic(done.Request, d.policy), Idle: done.Decision.Idle}
	switch mode {
	case rules.ModeShadow:
		out.State, out.Why = store.OutboxHeld, shadowWhy
	case rules.ModeApprove:
		out.State, out.Why = store.OutboxHeld, "mode approve: waits for `leadmail outbox release`"
	}
	_, err = tx.Queue(out)
	return err
}

func original(m intake.Message) notify.Original {
	o := notify.Original{From: m.From, FromName: m.FromName, Subject: m.Subject, MessageID: m.MessageID, References: m.References}
	for _, a := range m.Attachments {
		o.Files = append(o.Files, notify.File{Name: a.Name, MediaType: a.MediaType, Data: a.Data})
	}
	return o
}

// outgoing is a rendered message as it is owed.
func (d *Desk) outgoing(r notify.Rendered, key string, m store.InboxMessage) store.OutboxMessage {
	return store.OutboxMessage{Key: key, Kind: r.Kind, InboxID: m.ID, Partner: m.Partner, To: r.To, From: d.Program.Address,
		MessageID: r.MessageID, Subject: r.Subject, Raw: r.Raw, State: store.OutboxQueued, Numbering: r.Numbering}
}

// tellStaff queues one confirmation for each of the staff: of what was decided
// and of what waits for them. Automatic mail is left to the folders, and with Daily
// everything to the digest, but for alerts and the answer to what staff ordered.
func (d *Desk) tellStaff(tx *store.Tx, done Decided, o notify.Original) error {
	if (done.Decision.State == rules.MailIgnored || d.Daily && done.Book.Ordered == nil) && !done.Decision.Alert {
		return nil
	}
	key := fmt.Sprintf("confirmation/%d/%d", done.Mail.ID, done.Mail.Pass)
	if done.Decision.State == rules.MailIgnored {
		// What only loops is told of once a day (MAIL.md 12).
		key = fmt.Sprintf("confirmation/%s/%s", done.Decision.Why, d.policy.Day(tx.Now()))
	}
	tokens, err := d.tokens(tx, done)
	if err != nil {
		return err
	}
	return d.toStaff(tx, key, done.Mail, func(to rules.Address) (notify.Rendered, error) {
		return d.render.Confirmation(to, done.Decision, done.Request, o, done.Partner, done.Mail.ID, done.Book.Sender, tokens, d.identity(tx))
	})
}

// Preview is what the desk would do with a mail.
type Preview struct {
	Request  rules.Request
	Book     rules.Book
	Decision rules.Decision
	Partner  *rules.Partner
	// Reply is what would be answered; its Raw is empty where nothing would.
	Reply notify.Rendered
}

// Decide says what would be decided and answered of a mail that was received at
// an instant. dated says that this instant is the mail's, not just any. It changes
// and sends nothing; an order of staff is not carried out and not shown as one.
func (d *Desk) Decide(ctx context.Context, raw []byte, received time.Time, dated bool) (Preview, error) {
	in, err := d.read(intake.Fetched{Raw: raw, Size: int64(len(raw)), Received: received})
	if err != nil {
		return Preview{}, err
	}
	d.credit(ctx, &in, raw)
	if !dated {
		// When it came is not known: an old mail in a file is no replay.
		in.request.Date = time.Time{}
	}
	p := Preview{Request: in.request}
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		var sender rules.Sender
		if sender, p.Partner, err = d.sender(tx, in); err != nil {
			return err
		}
		m := store.InboxMessage{Verdict: sender.Verdict, Received: received, MessageID: in.message.MessageID, RawHash: in.message.RawHash, ContentHash: in.message.ContentHash}
		if p.Book, err = d.book(tx, m, sender, in.request, false); err != nil {
			return err
		}
		p.Decision = rules.Decide(p.Book, in.request, d.policy)
		if p.Decision.Reply == rules.ReplyNone {
			return nil
		}
		id := d.identity(tx)
		id.Date = received.In(d.policy.Location()) // a view has no instant
		p.Reply, err = d.render.Reply(p.Decision, in.request, original(in.message), p.Partner, id)
		return err
	})
	return p, err
}
