package store

import (
	"fmt"

	"leadmail/rules"
)

// KindReminder is the kind of a mail of ours that reminds of an end.
const KindReminder = "reminder"

// Held is one registration of a partner's, as far as it takes to find it by name.
type Held struct {
	Ref          rules.Reference
	Organisation rules.OrganisationKey
	Company      string
}

// Held lists what a partner holds or held: those of the references, or, with all,
// every one. It is by what a mail names that the Book is loaded.
func (tx *Tx) Held(partner rules.PartnerID, refs []rules.Reference, all bool) ([]Held, error) {
	where, args := "r.ref "+tx.dialect.in(2), []any{partner, texts(refs)}
	if all {
		where, args = "TRUE", args[:1]
	}
	return list(tx, func(scan scan) (Held, error) {
		var h Held
		return h, scan(&h.Ref, &h.Organisation, &h.Company)
	}, "SELECT r.ref, r.organisation, p.company FROM registrations r JOIN prospects p ON p.ref = r.ref WHERE r.partner = $1 AND "+where+" ORDER BY r.ref", args...)
}

// change carries out what a judgement says of a registration that exists: a queued
// term, a withdrawal, a correction. Whatever else was decided of it is only told.
func (tx *Tx) change(r Record, j rules.Judgement) error {
	var err error
	switch j.Decision {
	case rules.Queued:
		err = tx.queueTerm(r, j)
	case rules.Withdrawn:
		err = tx.withdraw(r, j)
	case rules.Revoked:
		err = tx.end(j.Holds, r.Book.Sender.Partner, rules.StateRevoked, j.Term.Until, r)
	case rules.Updated:
		err = tx.correct(r, j)
	}
	if err != nil {
		return err
	}
	return tx.tell(r, j)
}

// queueTerm adds the next term. Where the registration was closed meanwhile by
// somebody who came later, it is taken up again under the judgement's slot.
func (tx *Tx) queueTerm(r Record, j rules.Judgement) error {
	if err := tx.addTerm(j.Holds, j.Term); err != nil || j.Slot == 0 {
		return err
	}
	_, err := tx.exec("UPDATE registrations SET state = 'active', slot = $2, slot_cap = $3 WHERE ref = $1 AND state = 'expired'",
		j.Holds, j.Slot, r.Policy.MaxOutstanding)
	return err
}

// withdraw ends a registration, or closes an open ask. Terms that have not begun
// are cancelled with it (D29); the history keeps them.
func (tx *Tx) withdraw(r Record, j rules.Judgement) error {
	partner := r.Book.Sender.Partner
	if j.Ask != "" {
		n, err := tx.exec("UPDATE prospects SET state = 'withdrawn', decided_at = $3 WHERE ref = $1 AND partner = $2 AND state = 'needs_info'", j.Ask, partner, at(tx.now))
		return lost(n, err, "ask %s", j.Ask)
	}
	return tx.end(j.Holds, partner, rules.StateWithdrawn, j.Term.Until, r)
}

// end closes a registration that is active or under review, as of the receipt of
// the mail that asks for it. until is the last day of the terms that stay.
func (tx *Tx) end(ref rules.Reference, partner rules.PartnerID, state rules.RegistrationState, until rules.Date, r Record) error {
	n, err := tx.exec(`UPDATE registrations SET state = $3, slot = NULL, ended_at = $4
		WHERE ref = $1 AND partner = $2 AND state IN ('active', 'under_review')`, ref, partner, state, at(r.Book.Received))
	if err := lost(n, err, "registration %s", ref); err != nil {
		return err
	}
	if err := tx.overtaken(ref); err != nil {
		return err
	}
	n, err = tx.exec("DELETE FROM terms WHERE ref = $1 AND until_on > $2 AND n > 1", ref, on(until))
	if err != nil || n == 0 {
		return err
	}
	actor, why := asActor(partner), fmt.Sprintf("mail %d", r.InboxID)
	if r.By != "" {
		actor, why = r.By, r.Why
	}
	return tx.Note(actor, string(ref), "queued term cancelled", why)
}

// overtaken closes the review of a registration that ended while it waited: its mail
// may wait for nothing any more.
func (tx *Tx) overtaken(ref rules.Reference) error {
	reviewed, err := tx.exec("UPDATE prospects SET state = 'withdrawn', decided_at = $2 WHERE ref = $1 AND state = 'review'", ref, at(tx.now))
	if err != nil || reviewed == 0 {
		return err
	}
	p, err := tx.Prospect(ref)
	if err != nil {
		return err
	}
	return tx.settled(p.InboxID)
}

// correct gives a registration's first contact new data, and its record the new
// spelling of what stays the same organisation (D30).
func (tx *Tx) correct(r Record, j rules.Judgement) error {
	p := j.Prospect
	n, err := tx.exec("UPDATE prospects SET first_name = $3, last_name = $4, email = $5, url = $6, company = $7, lead_type = $8 WHERE ref = $1 AND partner = $2",
		j.Holds, r.Book.Sender.Partner, p.FirstName, p.LastName, p.Email, p.URL, p.Company, p.LeadType)
	if err := one(n, err, "registration %s", j.Holds); err != nil {
		return err
	}
	if _, err := tx.exec("UPDATE registrations SET name_key = $2 WHERE ref = $1", j.Holds, brief(rules.NameKeyOf(p.Company))); err != nil {
		return err
	}
	n, err = tx.exec("UPDATE contacts SET first_name = $2, last_name = $3, email = $4 WHERE ref = $1 AND n = 1", j.Holds, p.FirstName, p.LastName, p.Email)
	if err == nil && n == 0 {
		err = tx.addContact(j.Holds, contactOf(p))
	}
	return err
}

// lost is ErrTaken where nothing was changed: another transaction was faster.
func lost(n int64, err error, what string, args ...any) error {
	if err == nil && n == 0 {
		err = ErrTaken
	}
	if err != nil {
		return fmt.Errorf(what+": %w", append(args, err)...)
	}
	return nil
}

// checks is how many CHECKs of a partner were answered on a day.
func (tx *Tx) checks(partner rules.PartnerID, day rules.Date) (int, error) {
	n, err := list(tx, func(scan scan) (int, error) {
		var n int
		return n, scan(&n)
	}, "SELECT answered FROM checks WHERE partner = $1 AND day = $2", partner, on(day))
	if err != nil || len(n) == 0 {
		return 0, err
	}
	return n[0], nil
}

// countChecks notes the CHECKs that a decision answers.
func (tx *Tx) countChecks(r Record) error {
	n := rules.Apply(r.Book, r.Decision).ChecksToday - r.Book.ChecksToday
	if n <= 0 {
		return nil
	}
	_, err := tx.exec(`INSERT INTO checks (partner, day, answered) VALUES ($1, $2, $3)
		ON CONFLICT (partner, day) DO UPDATE SET answered = checks.answered + excluded.answered`, r.Book.Sender.Partner, on(r.Decision.Today), n)
	return err
}
