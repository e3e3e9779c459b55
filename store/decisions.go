package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"leadmail/rules"
)

// Book loads the facts for a decision, in a fixed number of queries whatever the
// number of prospects. newRef makes candidate references; those in use are left
// out. What it does not know, Duplicate, is the caller's to add.
//
// RepliesToday counts by the day of q.Received in q.Zone (UTC where it is nil).
// Call Touch first, so that what has ended occupies no slot.
func (tx *Tx) Book(q rules.Query, newRef func() rules.Reference) (rules.Book, error) {
	b := rules.Book{Received: q.Received.UTC().Truncate(time.Microsecond), Sender: q.Sender}
	id := q.Sender.Partner
	if id != "" {
		p, err := tx.Partner(id)
		if err != nil {
			return rules.Book{}, err
		}
		b.Partner = &p
	}
	names := make([]rules.NameKey, len(q.Names))
	for i, n := range q.Names {
		names[i] = brief(n)
	}
	// Three indexes, one each: an OR would read the whole table on PostgreSQL.
	refs, err := list(tx, scanReference, "SELECT ref FROM registrations WHERE partner = $1 AND slot IS NOT NULL"+
		" UNION SELECT ref FROM registrations WHERE organisation "+tx.dialect.in(2)+
		" UNION SELECT ref FROM registrations WHERE slot IS NOT NULL AND name_key <> '' AND name_key "+tx.dialect.in(3)+
		" UNION SELECT r.ref FROM registrations r WHERE r.partner = $1 AND r.slot IS NULL AND $4 <> ''"+
		" AND EXISTS (SELECT 1 FROM terms t WHERE t.ref = r.ref AND t.until_on >= $4)",
		id, texts(q.Organisations), texts(names), string(q.EndedSince))
	if err != nil {
		return rules.Book{}, fmt.Errorf("book: registrations: %w", err)
	}
	if b.Registrations, err = tx.registrations("r.ref "+tx.dialect.in(1)+" ORDER BY r.received, r.ref", texts(refs)); err != nil {
		return rules.Book{}, fmt.Errorf("book: registrations: %w", err)
	}
	if b.Asks, err = tx.AskedSince(id, q.AskedSince); err != nil {
		return rules.Book{}, fmt.Errorf("book: asks: %w", err)
	}
	if b.Customers, err = list(tx, scanCustomer, "SELECT organisation, name FROM customers WHERE organisation "+tx.dialect.in(1)+" ORDER BY organisation",
		texts(q.Organisations)); err != nil {
		return rules.Book{}, fmt.Errorf("book: customers: %w", err)
	}
	_, err = list(tx, func(scan scan) (struct{}, error) {
		var key rules.OrganisationKey
		var owner rules.PartnerID
		err := scan(&key, &owner)
		if b.Partners == nil {
			b.Partners = map[rules.OrganisationKey]rules.PartnerID{}
		}
		b.Partners[key] = owner
		return struct{}{}, err
	}, "SELECT key, MIN(partner) FROM partner_organisations WHERE partner <> $1 AND key "+tx.dialect.in(2)+" GROUP BY key ORDER BY key",
		id, texts(q.Organisations))
	if err != nil {
		return rules.Book{}, fmt.Errorf("book: partners: %w", err)
	}
	if b.Conversation, err = tx.Conversation(id, q.Thread); err != nil {
		return rules.Book{}, fmt.Errorf("book: conversation: %w", err)
	}
	zone := q.Zone
	if zone == nil {
		zone = time.UTC
	}
	from, until := dayOf(b.Received, zone)
	if b.RepliesToday, err = tx.RepliesTo(q.Sender.Address, from, until); err != nil {
		return rules.Book{}, fmt.Errorf("book: replies: %w", err)
	}
	if q.Checks {
		if b.ChecksToday, err = tx.checks(id, rules.DateOf(b.Received, zone)); err != nil {
			return rules.Book{}, fmt.Errorf("book: checks: %w", err)
		}
	}
	if q.Forms && id != "" {
		if b.Forms, err = tx.Forms(id); err != nil {
			return rules.Book{}, fmt.Errorf("book: forms: %w", err)
		}
	}
	if b.Thread, b.Taken, err = tx.thread(q); err != nil {
		return rules.Book{}, fmt.Errorf("book: thread: %w", err)
	}
	if b.Replies, err = tx.replies(q, b.Thread, from, until); err != nil {
		return rules.Book{}, fmt.Errorf("book: replies: %w", err)
	}
	if b.References, err = tx.unused(q.Candidates, newRef); err != nil {
		return rules.Book{}, fmt.Errorf("book: references: %w", err)
	}
	return b, nil
}

// dayOf is the day of an instant in a zone: its first instant and the next day's.
func dayOf(t time.Time, zone *time.Location) (from, until time.Time) {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone), time.Date(y, m, d+1, 0, 0, 0, 0, zone)
}

// Conversation is the newest mail of ours to a partner among the ids of a thread;
// one that numbers nothing, such as a receipt, only where there is no other.
func (tx *Tx) Conversation(partner rules.PartnerID, thread []string) (rules.Conversation, error) {
	ids := make([]string, len(thread))
	for i, id := range thread {
		ids[i] = brief(id)
	}
	var c rules.Conversation
	var numbering, kind string
	err := tx.get([]any{&c.MessageID, &numbering, &kind}, "SELECT message_id, numbering, kind FROM outbox WHERE partner = $1 AND partner <> '' AND message_id <> '' AND message_id "+
		tx.dialect.in(2)+" ORDER BY CASE WHEN numbering = '[]' THEN 1 ELSE 0 END, id DESC LIMIT 1", partner, texts(ids))
	if errors.Is(err, ErrNotFound) {
		return rules.Conversation{}, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(numbering), &c.Numbering)
	}
	// What reminds of nothing numbered, such as the end of a membership, has no YES.
	c.Reminder = kind == KindReminder && len(c.Numbering) > 0
	return c, err
}

// unused are n different references that no prospect has, in newRef's order.
func (tx *Tx) unused(n int, newRef func() rules.Reference) ([]rules.Reference, error) {
	free, tried := []rules.Reference{}, map[rules.Reference]bool{}
	// One round is all but certain: there are 2^30 references. A newRef that only
	// repeats itself must not keep us here.
	for round := 0; len(free) < n; round++ {
		if round == 100 {
			return nil, fmt.Errorf("no unused reference was found")
		}
		var batch []rules.Reference
		for draws := 0; len(batch) < n-len(free) && draws < 2*n+100; draws++ {
			if ref := newRef(); !tried[ref] {
				tried[ref] = true
				batch = append(batch, ref)
			}
		}
		used, err := list(tx, scanReference, "SELECT ref FROM prospects WHERE ref "+tx.dialect.in(1), texts(batch))
		if err != nil {
			return nil, err
		}
		taken := map[rules.Reference]bool{}
		for _, ref := range used {
			taken[ref] = true
		}
		for _, ref := range batch {
			if !taken[ref] {
				free = append(free, ref)
			}
		}
	}
	return free, nil
}

// Record is one decision with all that it was made from.
type Record struct {
	InboxID int64
	// Pass is 1 for the daemon's decision, which 0 stands for too.
	Pass     int
	Book     rules.Book
	Request  rules.Request
	Policy   rules.Policy
	Decision rules.Decision
	// DecidedAt is set by the store.
	DecidedAt time.Time
	// By and Why go into the history where staff decide, and not the mail of a
	// partner.
	By, Why string
}

// Record stores a decision and carries it out: the mail's state, the prospects,
// registrations, terms, contacts and the history. What is owed by mail and where
// the mail is filed are the caller's (Queue, QueueFiling).
//
// ErrDecided: the mail has a decision of this pass. ErrTaken: what the Book said
// is true no more. After an error nothing of it remains.
func (tx *Tx) Record(r Record) error {
	if r.Pass == 0 {
		r.Pass = 1
	}
	return tx.Savepoint(fmt.Sprintf("decision of mail %d", r.InboxID), func() error {
		if err := tx.recordDecision(r); err != nil {
			return fmt.Errorf("mail %d, pass %d: %w", r.InboxID, r.Pass, err)
		}
		for i, j := range r.Decision.Judgements {
			err := tx.carryOut(r, j)
			if err == nil && j.Verb.Change() && j.Decision == rules.Review {
				err = tx.wait(r, i, j)
			}
			if err != nil {
				return fmt.Errorf("mail %d, pass %d, %s: %w", r.InboxID, r.Pass, j.Ref, err)
			}
		}
		for _, a := range r.Decision.Actions {
			if a.Verb == rules.VerbAgree && a.Decision == rules.Updated {
				if err := tx.agree(r, a); err != nil {
					return err
				}
			}
			if a.Verb == rules.VerbStop && a.Decision == rules.Answered {
				if err := tx.SetQuiet(r.Book.Sender.Partner, true, asActor(r.Book.Sender.Partner), fmt.Sprintf("mail %d", r.InboxID)); err != nil {
					return err
				}
			}
		}
		if err := tx.submit(r); err != nil {
			return err
		}
		return tx.countChecks(r)
	})
}

func (tx *Tx) recordDecision(r Record) error {
	book, err := asJSON(r.Book)
	if err != nil {
		return err
	}
	request, err := asJSON(r.Request)
	if err != nil {
		return err
	}
	decision, err := asJSON(r.Decision)
	if err != nil {
		return err
	}
	hash := r.Policy.Hash()
	if _, err := tx.exec("INSERT INTO policies (hash, canonical, since) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING",
		hash, string(r.Policy.Canonical()), at(tx.now)); err != nil {
		return err
	}
	n, err := tx.exec(`INSERT INTO decisions (inbox_id, pass, policy, book, request, decision, decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (inbox_id, pass) DO NOTHING`, r.InboxID, r.Pass, hash, book, request, decision, at(tx.now))
	if err == nil && n == 0 {
		err = ErrDecided
	}
	if err != nil {
		return err
	}
	n, err = tx.exec(`UPDATE inbox SET state = $2, partner = $3, verdict = $4, why = $5, duplicate = $6, pass = $7, waiting = $8, decided_at = $9 WHERE id = $1`,
		r.InboxID, r.Decision.State, r.Book.Sender.Partner, r.Book.Sender.Verdict, r.Decision.Why, r.Book.Duplicate, r.Pass, r.waits(), at(tx.now))
	return one(n, err, "ledger")
}

// waits says whether a person has to look at the mail, beyond deciding what is
// under review in it.
func (r Record) waits() bool {
	d := r.Decision
	waits, reviews := d.State == rules.MailHeld, false
	for _, j := range d.Judgements {
		waits = waits || j.Decision == rules.Held
		reviews = reviews || j.Decision == rules.Review
	}
	for _, a := range d.Actions {
		waits = waits || a.Decision == rules.Held
	}
	// What was also asked, and anything else for which the mail goes to Review.
	return waits || d.Folder == rules.FolderReview && (len(r.Request.Questions) > 0 || !reviews)
}

// CarryOut does what one judgement of staff says, such as of rules.StaffChange. r
// holds the Book and the policy that it was made from, By and Why; no mail need be
// behind it, and no decision is recorded.
//
// ErrTaken: what the Book said is true no more, or the database refuses it.
func (tx *Tx) CarryOut(r Record, j rules.Judgement) error {
	return tx.Savepoint("change of "+string(j.Ref), func() error {
		if err := tx.carryOut(r, j); err != nil {
			return fmt.Errorf("%s: %w", j.Ref, err)
		}
		return nil
	})
}

// carryOut does what one judgement says; rules.Apply is its model.
func (tx *Tx) carryOut(r Record, j rules.Judgement) error {
	if j.Verb.Change() && j.Decision != rules.Accepted && j.Decision != rules.Renewed {
		return tx.change(r, j)
	}
	partner := r.Book.Sender.Partner
	p := Prospect{Ref: j.Ref, InboxID: r.InboxID, Partner: partner, Prospect: j.Prospect, Organisation: j.Organisation, Reasons: j.Reasons,
		Asked: j.Asked, Proposal: j.Proposal, NoWebsite: j.NoWebsite, Last: r.Book.Received, DecidedAt: tx.now}
	switch j.Decision {
	case rules.Accepted, rules.Renewed:
		p.State = ProspectAccepted
	case rules.ContactAdded:
		p.State = ProspectContactAdded
	case rules.Rejected:
		p.State = ProspectRejected
	case rules.NeedsInfo:
		p.State = ProspectNeedsInfo
	case rules.Review:
		p.State = ProspectReview
	case rules.Held:
		p.State = ProspectHeld
	default: // nothing is decided of it
		return tx.tell(r, j)
	}
	// An open ask that a person has to look at stays open.
	if j.Decision != rules.Held || j.Ask == "" {
		if err := tx.place(p, j); err != nil {
			return err
		}
	}
	switch j.Decision {
	case rules.Accepted, rules.Review:
		reg := rules.Registration{Ref: j.Ref, Partner: partner, Organisation: j.Organisation, Prospect: j.Prospect,
			Contacts: []rules.Contact{contactOf(j.Prospect)}, State: rules.StateActive, Received: r.Book.Received, Slot: j.Slot}
		if j.Decision == rules.Review {
			reg.State = rules.StateUnderReview
		} else {
			reg.Terms = []rules.Term{j.Term}
		}
		if err := tx.register(reg, r.Policy.MaxOutstanding); err != nil {
			return err
		}
	case rules.ContactAdded, rules.Renewed:
		if j.Decision == rules.Renewed {
			n, err := tx.exec(`UPDATE registrations SET state = 'active', ended_at = NULL, slot = $2, slot_cap = $3
				WHERE ref = $1 AND partner = $4`, j.Holds, orNull(int64(j.Slot)), r.Policy.MaxOutstanding, partner)
			if err := one(n, err, "registration %s", j.Holds); err != nil {
				return err
			}
			if err := tx.addTerm(j.Holds, j.Term); err != nil {
				return err
			}
		}
		if j.Prospect.Email != "" {
			if err := tx.addContact(j.Holds, contactOf(j.Prospect)); err != nil {
				return err
			}
		}
	}
	return tx.tell(r, j)
}

// place gives a judgement's prospect its row: a new one, or that of the ask that
// it settles or repeats. What belongs to another registration has no row of its
// own.
func (tx *Tx) place(p Prospect, j rules.Judgement) error {
	switch {
	case j.Ask != "":
		p.Ref = j.Ask
		return tx.updateProspect(p)
	case j.Ref == "" || j.Ref == j.Holds:
		return nil
	}
	return tx.insertProspect(p)
}

func (tx *Tx) tell(r Record, j rules.Judgement) error {
	if j.Ref == "" {
		return nil
	}
	if r.By != "" {
		what := string(j.Decision)
		if r.InboxID != 0 { // a mail asked for it, and staff decided
			what = "review: " + what
		}
		return tx.Note(r.By, string(j.Ref), what, r.Why)
	}
	why := fmt.Sprintf("mail %d, pass %d", r.InboxID, r.Pass)
	var reasons []string
	for _, reason := range j.Reasons {
		text := string(reason.Code)
		if reason.Field != "" {
			text += " " + string(reason.Field)
		}
		reasons = append(reasons, text)
	}
	if len(reasons) > 0 {
		why += ": " + strings.Join(reasons, ", ")
	}
	return tx.Note(asActor(r.Book.Sender.Partner), string(j.Ref), string(j.Decision), why)
}

// Decision returns a mail's decisions, by pass; none is an empty list.
func (tx *Tx) Decision(inboxID int64) ([]Record, error) {
	return list(tx, func(scan scan) (Record, error) {
		r := Record{InboxID: inboxID}
		var policy, book, request, decision string
		if err := scan(&r.Pass, &policy, &book, &request, &decision, instant{&r.DecidedAt}); err != nil {
			return r, err
		}
		var err error
		if r.Policy, err = rules.ParsePolicy([]byte(policy)); err != nil {
			return r, err
		}
		return r, errors.Join(json.Unmarshal([]byte(book), &r.Book), json.Unmarshal([]byte(request), &r.Request), json.Unmarshal([]byte(decision), &r.Decision))
	}, `SELECT d.pass, p.canonical, d.book, d.request, d.decision, d.decided_at FROM decisions d JOIN policies p ON p.hash = d.policy
		WHERE d.inbox_id = $1 ORDER BY d.pass`, inboxID)
}
