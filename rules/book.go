package rules

import (
	"slices"
	"time"
)

// Customer is an existing customer of the vendor (D15).
type Customer struct {
	Organisation OrganisationKey `json:"organisation"`
	Name         string          `json:"name"`
}

// Conversation is what our last mail in this thread numbered and asked, for a
// reply that says "the second one" or just "QL" (D19).
type Conversation struct {
	// MessageID is our mail's, without brackets; "" where the thread is not ours.
	MessageID string `json:"message_id,omitempty"`
	// Numbering lists the prospects of that mail in the order in which it
	// numbered them, from 1.
	Numbering []Reference `json:"numbering,omitempty"`
	// Reminder says that it reminded of an end: a bare YES to it is a renewal.
	Reminder bool `json:"reminder,omitempty"`
}

// Book holds all that Decide may look at: the facts as of a mail's receipt, for
// one partner and the organisations that the mail names.
//
// A registration, an ask and a customer carry dates; Decide compares them with
// Received (D2). Registrations granted to others after Received are in the Book
// too, since what has been decided is never displaced (D3).
type Book struct {
	// Received is the receipt instant of the mail, to the microsecond, in UTC (D1).
	Received time.Time `json:"received"`
	Sender   Sender    `json:"sender"`
	// Partner is the sender's; nil where the sender is nobody's.
	Partner *Partner `json:"partner,omitempty"`
	// Registrations are all of the partner's that occupy a slot, and whoever's at
	// the organisations named, ended ones included, and whoever's outstanding
	// under the names named (D10).
	Registrations []Registration `json:"registrations"`
	// Asks are the partner's prospects in state needs_info.
	Asks []Ask `json:"asks"`
	// Customers are the vendor's among the organisations named.
	Customers []Customer `json:"customers"`
	// Partners maps each organisation named that is another partner's own to
	// that partner (D16).
	Partners map[OrganisationKey]PartnerID `json:"partners,omitempty"`
	// Conversation is that of the mail's thread.
	Conversation Conversation `json:"conversation"`
	// Forms are the partner's tax and bank forms on record, where the mail is about
	// them or asks for the list.
	Forms []Form `json:"forms,omitempty"`
	// Duplicate is the ledger's id of the mail that this one repeats; 0 for none.
	Duplicate int64 `json:"duplicate,omitempty"`
	// RepliesToday counts our answers to this address on the day of receipt.
	RepliesToday int `json:"replies_today"`
	// ChecksToday counts the partner's CHECKs answered on the day of receipt.
	ChecksToday int `json:"checks_today,omitempty"`
	// Replies are the other counts that limit answers.
	Replies Replies `json:"replies,omitzero"`
	// Thread is the conversation to which an answer to this mail belongs.
	Thread string `json:"thread,omitempty"`
	// Taken is set where a person has answered in the thread (MAIL.md 130).
	Taken bool `json:"taken,omitempty"`
	// Weighed is set where a person of staff decides: what only a person can weigh is
	// no reason then.
	Weighed bool `json:"weighed,omitempty"`
	// Ordered is what staff ordered with this mail.
	Ordered *Ordered `json:"ordered,omitempty"`
	// References are unused candidates, taken in order.
	References []Reference `json:"references"`
}

// Query names what a Book must hold for a request; the store loads it.
type Query struct {
	Received      time.Time
	Sender        Sender
	Organisations []OrganisationKey
	Names         []NameKey
	Thread        []string
	// AskedSince leaves out asks older than that: they have lapsed (D21). Zero is
	// all of them.
	AskedSince time.Time
	// EndedSince loads what of the partner's ended on that day or later, too; ""
	// loads none for that.
	EndedSince Date
	// Checks loads how many CHECKs of the partner were answered that day.
	Checks bool
	// Forms loads the partner's forms on record.
	Forms bool
	// MessageID is the mail's own, Topic what Topic says of it.
	MessageID, Topic string
	// Candidates is how many unused references are needed.
	Candidates int
	// Zone is the program's, by whose days RepliesToday counts; nil is UTC.
	Zone *time.Location
}

// Outstanding says whether a registration counts at an instant: under review, or
// accepted and not past its last day, withdrawn, revoked, released or won (D11).
// Frozen, it counts still (D35). It looks at dates, never at whether somebody has
// tidied up (D2). A review without a slot waits at an organisation that was held
// already; it reserves nothing and does not count.
func (r Registration) Outstanding(p Policy, at time.Time) bool {
	today := p.Day(at)
	switch {
	case r.UnderReview() && r.Slot == 0:
		return false
	case !r.EndedAt.IsZero() && !r.EndedAt.After(at):
		return false
	case r.released(p, today):
		return false
	}
	return len(r.Terms) == 0 || r.Until() >= today
}

// released says whether what its partner held is given up by a day, since it lapsed
// too long before (D35), whoever has noted that.
func (r Registration) released(p Policy, today Date) bool {
	return r.LapsedOn != "" && p.ReleaseOn(r.LapsedOn) <= today
}

// Ends says as what a registration that is noted as active or under review has ended
// by a day: released, or expired where its last day had passed before that; "" where
// it runs.
func (r Registration) Ends(p Policy, today Date) RegistrationState {
	until := r.Until()
	switch {
	case r.State != StateActive && !r.UnderReview():
		return ""
	case r.released(p, today) && (until == "" || until >= p.ReleaseOn(r.LapsedOn)):
		return StateReleased
	case until != "" && until < today:
		return StateExpired
	}
	return ""
}

// Frozen says whether a registration is kept for a partner that has lapsed (D35).
func (r Registration) Frozen(p Policy, at time.Time) bool {
	return r.LapsedOn != "" && r.LapsedOn <= p.Day(at) && r.Outstanding(p, at)
}

// UnderReview says whether a person has still to decide it.
func (r Registration) UnderReview() bool { return r.State == StateUnderReview }

// open are the partner's asks that have not lapsed by today (D21).
func (b Book) open(p Policy) []Ask {
	var asks []Ask
	for _, a := range b.Asks {
		if p.Day(a.Last).AddDays(p.CompletionDays) >= p.Day(b.Received) {
			asks = append(asks, a)
		}
	}
	return asks
}

// madeBy says whether an ask was made, or made again, by the mail that the Book
// is for. A mail of the same second, the mailbox's finest unit, counts as it.
func (a Ask) madeBy(b Book) bool { return a.Last.Equal(b.Received) }

// holder is whoever's registration is outstanding at an organisation, but for one;
// nil where nobody holds it.
func (b Book) holder(org OrganisationKey, but Reference, p Policy) *Registration {
	for i := range b.Registrations {
		r := &b.Registrations[i]
		if r.Organisation == org && r.Ref != but && r.Outstanding(p, b.Received) {
			return r
		}
	}
	return nil
}

// Meter counts the partner's slots as of the receipt.
func (b Book) Meter(p Policy) Meter {
	m := Meter{Of: p.MaxOutstanding}
	today := p.Day(b.Received)
	for _, r := range b.Registrations {
		if b.Partner == nil || r.Partner != b.Partner.ID || !r.Outstanding(p, b.Received) {
			continue
		}
		m.Used++
		if until := r.Until(); until != "" && today.DaysUntil(until) <= 30 {
			m.Expiring++
		}
	}
	return m
}

// freeSlot is the partner's lowest free slot, 0 where the cap is reached (D11).
func (b Book) freeSlot(p Policy) int {
	if b.Meter(p).Used >= p.MaxOutstanding {
		return 0
	}
	taken := map[int]bool{}
	for _, r := range b.Registrations {
		// What has ended may still bear its number, until somebody tidies up (D2).
		if r.Partner == b.Partner.ID && r.Slot > 0 && r.Outstanding(p, b.Received) {
			taken[r.Slot] = true
		}
	}
	for slot := 1; slot <= p.MaxOutstanding; slot++ {
		if !taken[slot] {
			return slot
		}
	}
	return 0
}

// Apply returns the Book after a decision about the same mail: what a further
// prospect, or a further mail of a group, has to be judged by. b is not changed.
func Apply(b Book, d Decision) Book {
	for _, j := range d.Judgements {
		b = b.after(j)
	}
	for _, a := range d.Actions {
		if a.counts() {
			b.ChecksToday++
		}
		b.Forms = append(slices.Clone(b.Forms), a.Forms...)
		b = b.agreed(a)
	}
	return b
}

// counts says whether an action is a CHECK that was answered.
func (a Action) counts() bool {
	return a.Check == Available || a.Check == AvailableManaged || a.Check == Yours || a.Check == NotAvailable
}

// after is the Book after one judgement.
func (b Book) after(j Judgement) Book {
	b.Registrations = append([]Registration(nil), b.Registrations...)
	if j.Verb.Change() && j.Decision != Accepted && j.Decision != Renewed {
		return b.afterChange(j)
	}
	asks := make([]Ask, 0, len(b.Asks)+1)
	var asked *Ask
	for _, a := range b.Asks {
		if a.Ref == j.Ref || a.Ref == j.Ask {
			asked = &a
			continue
		}
		asks = append(asks, a)
	}
	if asked != nil && (j.Decision == Held || j.Decision == Ignored) {
		asks = append(asks, *asked)
	}
	b.Asks = asks

	contact := Contact{j.Prospect.FirstName, j.Prospect.LastName, j.Prospect.Email}
	switch j.Decision {
	case NeedsInfo:
		b.Asks = append(b.Asks, Ask{Ref: j.Ref, Partner: b.Partner.ID, Prospect: j.Prospect, Asked: j.Asked,
			Last: b.Received, Proposal: j.Proposal, NoWebsite: j.NoWebsite})
	case Accepted, Review:
		reg := Registration{Ref: j.Ref, Partner: b.Partner.ID, Organisation: j.Organisation, Prospect: j.Prospect,
			Contacts: []Contact{contact}, State: StateActive, Received: b.Received, Slot: j.Slot}
		if j.Decision == Review {
			reg.State = StateUnderReview
		} else {
			reg.Terms = []Term{j.Term}
		}
		b.Registrations = append(b.Registrations, reg)
	case ContactAdded, Renewed:
		for i, r := range b.Registrations {
			if r.Ref != j.Holds {
				continue
			}
			if j.Decision == Renewed {
				r.State, r.EndedAt, r.Slot = StateActive, time.Time{}, j.Slot
				r.Terms = append(append([]Term(nil), r.Terms...), j.Term)
			}
			if contact.Email != "" && !r.knows(contact.Email) {
				r.Contacts = append(append([]Contact(nil), r.Contacts...), contact)
			}
			b.Registrations[i] = r
		}
	}
	for i, ref := range b.References {
		if ref == j.Ref {
			b.References = append(append([]Reference(nil), b.References[:i]...), b.References[i+1:]...)
			break
		}
	}
	return b
}

// afterChange is the Book after a registration was renewed ahead of time, withdrawn
// or corrected. Whatever else was decided of it changes nothing.
func (b Book) afterChange(j Judgement) Book {
	if j.Ask != "" && j.Decision == Withdrawn {
		b.Asks = slices.DeleteFunc(slices.Clone(b.Asks), func(a Ask) bool { return a.Ref == j.Ask })
	}
	for i, r := range b.Registrations {
		if r.Ref != j.Holds {
			continue
		}
		switch j.Decision {
		case Queued:
			r.Terms = append(slices.Clone(r.Terms), j.Term)
		case Withdrawn:
			for len(r.Terms) > 0 && last(r.Terms).Until > j.Term.Until {
				r.Terms = r.Terms[:len(r.Terms)-1]
			}
			r.State, r.EndedAt, r.Slot = StateWithdrawn, b.Received, 0
		case Updated:
			r.Prospect = j.Prospect
			r.Contacts = slices.Clone(r.Contacts)
			contact := Contact{j.Prospect.FirstName, j.Prospect.LastName, j.Prospect.Email}
			if len(r.Contacts) == 0 {
				r.Contacts = []Contact{contact}
			}
			r.Contacts[0] = contact
		}
		b.Registrations[i] = r
	}
	return b
}

// knows says whether an address is one of the registration's contacts.
func (r Registration) knows(email string) bool {
	for _, c := range r.Contacts {
		if Address(c.Email).SameMailbox(Address(email)) {
			return true
		}
	}
	return false
}
