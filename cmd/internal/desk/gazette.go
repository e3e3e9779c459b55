package desk

import (
	"fmt"
	"slices"
	"time"

	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
	"leadmail/templates"
)

const (
	// mostListed are the lines of a section, mostWaiting those of what waits for a
	// person, together: an answer brings back ten tokens (rules.Tokens).
	mostListed, mostWaiting = 5, 10
	// fullAt is from how many hundredths of the cap on a partner is nearly full.
	fullAt = 90
	// endsWithin is how many days ahead the digest looks.
	endsWithin = 30
)

// kind is what a section is to those who read it.
type kind int

const (
	kindWaits   kind = iota // it waits for a person
	kindWrong               // something went wrong
	kindNews                // something happened
	kindCounted             // the same, in lines that add up to its count
	kindStands              // how things stand: no reason for a digest
)

// chapters are the sections of the digest, in its order: first what needs a person,
// then what happened and how things stand. To add one: a function here, its query in
// package store, its name among templates.Sections and its words in digest_head and
// digest_line of words.txt.tmpl.
var chapters = []struct {
	name string
	kind kind
	read func(*gazette, *templates.Section) error
}{
	{templates.DigestReview, kindWaits, (*gazette).review},
	{templates.DigestMail, kindWaits, (*gazette).mail},
	{templates.DigestReplies, kindWaits, (*gazette).replies},
	{templates.DigestForms, kindWaits, (*gazette).forms},
	{templates.DigestUndecided, kindWrong, (*gazette).undecided},
	{templates.DigestUndelivered, kindWrong, (*gazette).undelivered},
	{templates.DigestQuarantined, kindWrong, (*gazette).quarantined},
	{templates.DigestSuppressed, kindWrong, (*gazette).suppressed},
	{templates.DigestDecided, kindCounted, (*gazette).decided},
	{templates.DigestStaff, kindCounted, (*gazette).byStaff},
	{templates.DigestEnding, kindStands, (*gazette).ending},
	{templates.DigestForfeiture, kindStands, (*gazette).forfeiture},
	{templates.DigestFull, kindStands, (*gazette).full},
	{templates.DigestBursts, kindNews, (*gazette).bursts},
	{templates.DigestAgain, kindNews, (*gazette).again},
}

// gazette is a digest that is being put together: of (from, now].
type gazette struct {
	d         *Desk
	tx        *store.Tx
	from, now time.Time
	// key seals tokens; without it there are none.
	key []byte

	out     templates.News
	news    rules.News
	waiting []store.Review
	papers  []store.Submitted
	speaks  bool
}

// gather puts together the digest of what came since the last one.
func (d *Desk) gather(tx *store.Tx, last, now time.Time, key []byte) (*gazette, error) {
	g := &gazette{d: d, tx: tx, from: last, now: now, key: key}
	g.out.Today = d.policy.Day(now)
	// A burst is of a day: what an earlier digest has seen of it is read once more.
	rulings, err := tx.Rulings(d.policy.Midnight(d.policy.Day(g.from)), g.now)
	if err != nil {
		return nil, err
	}
	g.news = rules.NewsOf(rulings, g.from, d.policy)
	if g.waiting, err = tx.Reviews(); err != nil {
		return nil, err
	}
	for _, w := range g.waiting {
		if g.late(w.Received) {
			g.out.Late++
		}
	}
	if g.papers, err = tx.Submitted(); err != nil {
		return nil, err
	}
	for _, w := range g.papers {
		if g.late(d.handedIn(w)) {
			g.out.Late++
		}
	}
	for _, c := range chapters {
		s := templates.Section{Name: c.name, Urgent: c.kind == kindWaits || c.kind == kindWrong}
		if err := c.read(g, &s); err != nil {
			return nil, fmt.Errorf("digest: %s: %w", c.name, err)
		}
		if s.Count > 0 {
			if c.kind != kindCounted && len(s.Entries) > 0 {
				s.More = s.Count - len(s.Entries)
			}
			g.out.Sections = append(g.out.Sections, s)
			g.speaks = g.speaks || c.kind != kindStands
			switch c.kind {
			case kindWaits:
				g.out.Waiting += s.Count
			case kindWrong:
				g.out.Look += s.Count
			}
		}
	}
	return g, nil
}

func (g *gazette) instant(t time.Time) string {
	return t.In(g.d.policy.Location()).Format("Monday, 2 January 2006, 15:04")
}

// hours is how long something has waited, weekends not counted; 0 where nobody knows
// since when.
func (g *gazette) hours(since time.Time) int {
	if since.IsZero() {
		return 0
	}
	return int(g.d.policy.Waited(since, g.now).Hours())
}

// handedIn is since when forms wait: since their receipt, or, where they came without a
// mail and the day alone is known, since the end of that.
func (d *Desk) handedIn(w store.Submitted) time.Time {
	f := w.Forms[0]
	if f.Received.IsZero() {
		return d.policy.Midnight(f.Day.AddDays(1))
	}
	return f.Received
}

// late says whether a review takes longer than it may (D33).
func (g *gazette) late(received time.Time) bool {
	return !received.IsZero() && !g.d.policy.ReviewDue(received).After(g.now)
}

// token lets an answer to the digest decide a case, and says by which words.
func (g *gazette) token(e *templates.Entry, c rules.Case, orders []rules.Verb) {
	e.Case = c
	if g.key == nil || len(orders) == 0 {
		return
	}
	t := rules.NewToken(g.key, c, g.now)
	if !slices.Contains(g.out.Tokens, t) {
		if len(g.out.Tokens) == mostWaiting {
			return
		}
		g.out.Tokens = append(g.out.Tokens, t)
	}
	e.Orders = orders
}

func (g *gazette) review(s *templates.Section) error {
	return g.list(s, true)
}

func (g *gazette) mail(s *templates.Section) error {
	return g.list(s, false)
}

// list names what waits for a person: prospects under review, or held mails.
func (g *gazette) list(s *templates.Section, prospects bool) error {
	s.Next = "leadmail review list"
	for _, w := range g.waiting {
		if prospects != (w.Ref != "") {
			continue
		}
		if s.Count++; len(s.Entries) == mostWaiting {
			continue
		}
		e := templates.Entry{Ref: w.Ref, Partner: string(w.Partner), Address: string(w.Sender), Subject: w.Subject,
			Company: w.Prospect.Company, Why: w.Why, Hours: g.hours(w.Received), Late: g.late(w.Received)}
		if prospects {
			e.Why = ""
			if w.Verb != "" {
				e.Why = "to " + string(w.Verb) + ", "
			}
			for i, r := range w.Reasons {
				if i > 0 {
					e.Why += ", "
				}
				e.Why += string(r.Code)
			}
		}
		c, orders, err := g.d.orders(g.tx, w)
		if err != nil {
			return err
		}
		g.token(&e, c, orders)
		s.Entries = append(s.Entries, e)
	}
	return nil
}

// orders is what staff can say to something that waits.
func (d *Desk) orders(tx *store.Tx, w store.Review) (rules.Case, []rules.Verb, error) {
	if w.Ref != "" {
		return w.Case(), []rules.Verb{rules.VerbApprove, rules.VerbReject}, nil
	}
	held, err := tx.OutboxList(store.OutboxFilter{InboxID: w.InboxID, State: store.OutboxHeld})
	if err != nil {
		return "", nil, err
	}
	m, err := tx.Inbox(w.InboxID)
	if err != nil {
		return "", nil, err
	}
	orders := []rules.Verb{rules.VerbReject}
	if slices.ContainsFunc(held, func(o store.OutboxMessage) bool { return o.Why != shadowWhy }) {
		orders = []rules.Verb{rules.VerbApprove, rules.VerbReject}
	}
	if stranger(rules.Sender{Address: m.Sender, Verdict: m.Verdict, Partner: m.Partner, Staff: slices.Contains(d.Staff, m.Sender)}) {
		orders = append(orders, rules.VerbAddTo)
	}
	return rules.MailCase(w.InboxID), orders, nil
}

func (g *gazette) replies(s *templates.Section) (err error) {
	s.Next = "leadmail outbox list --state held"
	var first []store.OutboxMessage
	s.Count, first, err = g.tx.HeldReplies(shadowWhy, mostWaiting)
	for _, m := range first {
		e := templates.Entry{ID: m.ID, Address: string(m.To), Subject: m.Subject, Hours: g.hours(m.QueuedAt)}
		if m.InboxID > 0 {
			g.token(&e, rules.MailCase(m.InboxID), []rules.Verb{rules.VerbApprove, rules.VerbReject})
		}
		s.Entries = append(s.Entries, e)
	}
	return err
}

func (g *gazette) forms(s *templates.Section) error {
	s.Count, s.Next = len(g.papers), "leadmail paperwork list --waiting"
	for _, w := range g.papers[:min(s.Count, mostWaiting)] {
		at := g.d.handedIn(w)
		e := templates.Entry{Partner: string(w.Partner), Day: w.Forms[0].Day, Forms: notify.CountForms(w.Forms), Hours: g.hours(at), Late: g.late(at)}
		if w.InboxID > 0 {
			g.token(&e, rules.FormsCase(w.InboxID), onForms)
		}
		s.Entries = append(s.Entries, e)
	}
	return nil
}

// onForms is what staff can say to forms that wait.
var onForms = []rules.Verb{rules.VerbApprove, rules.VerbReject}

func (g *gazette) undecided(s *templates.Section) error {
	n, oldest, err := g.tx.Backlog()
	s.Count, s.Since, s.Next = n, g.instant(oldest), "leadmail inbox list --state found"
	return err
}

func (g *gazette) undelivered(s *templates.Section) error {
	s.Next = "leadmail outbox list --state failed"
	all, err := g.tx.Undelivered(g.from, g.now)
	list(s, all, func(m store.OutboxMessage) templates.Entry {
		return templates.Entry{ID: m.ID, Address: string(m.To), Subject: m.Subject, Why: m.LastError}
	})
	return err
}

func (g *gazette) quarantined(s *templates.Section) error {
	s.Next = "leadmail inbox list --state quarantined"
	all, err := g.tx.Quarantined(g.from, g.now)
	list(s, all, func(m store.InboxMessage) templates.Entry {
		return templates.Entry{ID: m.ID, Address: string(m.Sender), Subject: m.Subject, Why: m.Why}
	})
	return err
}

func (g *gazette) suppressed(s *templates.Section) error {
	all, err := g.tx.SuppressedIn(g.from, g.now)
	list(s, all, func(one store.Suppression) templates.Entry {
		return templates.Entry{Address: string(one.Address), Why: one.Why}
	})
	return err
}

// list puts the first of many into a section, and how many there are.
func list[T any](s *templates.Section, all []T, entry func(T) templates.Entry) {
	s.Count = len(all)
	for _, one := range all[:min(s.Count, mostListed)] {
		s.Entries = append(s.Entries, entry(one))
	}
}

// told are the outcomes that the digest counts, in its order.
var told = []rules.Outcome{rules.Accepted, rules.Renewed, rules.Queued, rules.ContactAdded, rules.Rejected, rules.NeedsInfo, rules.Review, rules.Withdrawn,
	rules.Updated, rules.Held}

func (g *gazette) decided(s *templates.Section) error {
	s.Since = g.instant(g.from)
	for _, o := range told {
		if n := g.news.Outcomes[o]; n > 0 {
			e := templates.Entry{Outcome: o, N: n}
			if o == rules.Rejected {
				e.Refused = g.news.Refused
			}
			s.Count += n
			s.Entries = append(s.Entries, e)
		}
	}
	return nil
}

func (g *gazette) byStaff(s *templates.Section) error {
	done, err := g.tx.Reviewed(g.from, g.now)
	for _, o := range told {
		if n := done[o]; n > 0 {
			s.Count += n
			s.Entries = append(s.Entries, templates.Entry{Outcome: o, N: n})
		}
	}
	return err
}

func (g *gazette) ending(s *templates.Section) error {
	n, first, err := g.tx.Expiring(g.out.Today, g.out.Today.AddDays(endsWithin), mostListed)
	s.Count = n
	for _, r := range first {
		s.Entries = append(s.Entries, templates.Entry{Ref: r.Ref, Partner: string(r.Partner), Company: r.Prospect.Company, Day: r.Until()})
	}
	return err
}

func (g *gazette) forfeiture(s *templates.Section) error {
	today := g.out.Today
	var days []rules.Date
	for i := range endsWithin + 1 {
		days = append(days, today.AddDays(i))
	}
	papers, err := g.tx.Papers(rules.JoinedFor(days...))
	near := rules.NearForfeiture(papers, today, today.AddDays(endsWithin))
	s.Next = "leadmail paperwork list"
	list(s, near, func(w rules.Nearing) templates.Entry {
		return templates.Entry{Partner: string(w.Partner), Missing: w.Missing, Waiting: len(w.Waiting) > 0, Day: w.Deadline, N: today.DaysUntil(w.Deadline)}
	})
	return err
}

func (g *gazette) full(s *templates.Section) error {
	most := g.d.policy.MaxOutstanding
	s.Least = (most*fullAt + 99) / 100
	n, first, err := g.tx.Fullest(s.Least, g.out.Today, mostListed)
	s.Count = n
	for _, u := range first {
		s.Entries = append(s.Entries, templates.Entry{Partner: string(u.Partner), N: u.N, Of: most})
	}
	return err
}

func (g *gazette) bursts(s *templates.Section) error {
	s.Least = g.d.policy.BurstProspects
	list(s, g.news.Bursts, func(b rules.Burst) templates.Entry {
		return templates.Entry{Partner: string(b.Partner), N: b.N, Day: b.Day}
	})
	return nil
}

func (g *gazette) again(s *templates.Section) error {
	list(s, g.news.Renewals, func(r rules.Renewal) templates.Entry {
		return templates.Entry{Ref: r.Ref, Partner: string(r.Partner), Company: r.Company, N: r.Times, Day: r.Until}
	})
	return nil
}
