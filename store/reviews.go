package store

import (
	"fmt"
	"log/slog"
	"time"

	"leadmail/rules"
)

// Review is something that waits for a person: a prospect under review (Ref is
// set), a change of a registration (Verb is set, too), or a mail that is held as a
// whole.
type Review struct {
	Ref rules.Reference
	// Verb is what the mail asks for, N its place, from 1, in what was decided of
	// the mail in pass Pass.
	Verb         rules.Verb
	N, Pass      int
	InboxID      int64 // 0 for what came without mail
	Partner      rules.PartnerID
	Sender       rules.Address
	Subject      string
	Received     time.Time
	Prospect     rules.Prospect
	Organisation rules.OrganisationKey
	Reasons      []rules.Reason
	Why          string
}

// Case is what a token for it is for.
func (r Review) Case() rules.Case {
	switch {
	case r.Verb != "":
		return rules.ChangeCase(r.InboxID, r.N)
	case r.Ref != "":
		return rules.Case(r.Ref)
	}
	return rules.MailCase(r.InboxID)
}

// LogValue keeps the contact's data out of the logs.
func (r Review) LogValue() slog.Value {
	return slog.GroupValue(slog.String("ref", string(r.Ref)), slog.Int64("mail", r.InboxID), slog.String("partner", string(r.Partner)))
}

const reviewsSQL = `SELECT r.ref, '', 0, 0, COALESCE(p.inbox_id, 0), r.partner, COALESCE(i.sender, ''), COALESCE(i.subject, ''), r.received,
		p.first_name, p.last_name, p.email, p.url, p.company, p.lead_type, r.organisation, p.reasons, COALESCE(i.why, '')
	FROM registrations r JOIN prospects p ON p.ref = r.ref LEFT JOIN inbox i ON i.id = p.inbox_id WHERE r.state = 'under_review'
	UNION ALL
	SELECT c.ref, c.verb, c.n, c.pass, c.inbox_id, c.partner, i.sender, i.subject, i.received,
		p.first_name, p.last_name, p.email, p.url, p.company, p.lead_type, p.organisation, c.reasons, i.why
	FROM changes c JOIN prospects p ON p.ref = c.ref JOIN inbox i ON i.id = c.inbox_id WHERE c.state = 'review'
	UNION ALL
	SELECT '', '', 0, 0, id, partner, sender, subject, received, '', '', '', '', '', '', '', '[]', why FROM inbox WHERE waiting
	ORDER BY 9, 5, 3, 1`

// Reviews lists what waits for a person, oldest first.
func (tx *Tx) Reviews() ([]Review, error) { return list(tx, scanReview, reviewsSQL) }

func scanReview(scan scan) (Review, error) {
	var r Review
	var reasons string
	p := &r.Prospect
	err := scan(&r.Ref, &r.Verb, &r.N, &r.Pass, &r.InboxID, &r.Partner, &r.Sender, &r.Subject, instant{&r.Received},
		&p.FirstName, &p.LastName, &p.Email, &p.URL, &p.Company, &p.LeadType, &r.Organisation, &reasons, &r.Why)
	if err == nil {
		r.Reasons, err = parseReasons(reasons)
	}
	return r, err
}

// reviewed begins the history's line of a review that a person decided.
const reviewed = "review: "

// SettleReview carries out what a person decided of a prospect under review, a
// judgement of rules.AcceptReview or rules.RejectReview. Accepted, it is active
// for its term under its slot; where the partner holds the organisation already
// (contact_added), it is a contact of that registration; rejected, its slot and its
// organisation are free. When nothing in the mail waits any more, it is filed
// under Processed.
//
// ErrNotFound: no such registration is under review. ErrTaken: the organisation
// or the slot is held.
func (tx *Tx) SettleReview(j rules.Judgement, actor, why string) error {
	return tx.Savepoint("review of "+string(j.Ref), func() error {
		var partner rules.PartnerID
		if err := tx.get([]any{&partner}, "SELECT partner FROM registrations WHERE ref = $1", j.Ref); err != nil {
			return fmt.Errorf("review of %s: %w", j.Ref, err)
		}
		if err := tx.takeTurn(partner); err != nil {
			return err
		}
		// Only now, with the partner's turn taken, does the state stay as it is read.
		var inbox int64
		if err := tx.get([]any{&inbox}, `SELECT COALESCE(p.inbox_id, 0) FROM registrations r JOIN prospects p ON p.ref = r.ref
			WHERE r.ref = $1 AND r.state = 'under_review'`, j.Ref); err != nil {
			return fmt.Errorf("review of %s: %w", j.Ref, err)
		}
		if err := tx.endReview(j); err != nil {
			return fmt.Errorf("review of %s: %w", j.Ref, err)
		}
		if err := tx.Note(actor, string(j.Ref), reviewed+string(j.Decision), why); err != nil {
			return err
		}
		return tx.settled(inbox)
	})
}

func (tx *Tx) endReview(j rules.Judgement) error {
	state, prospect, ended, slot := rules.StateRefused, ProspectRejected, tx.now, 0
	switch j.Decision {
	case rules.Accepted:
		state, prospect, ended, slot = rules.StateActive, ProspectAccepted, time.Time{}, j.Slot
	case rules.ContactAdded:
		prospect = ProspectContactAdded
	}
	if _, err := tx.exec("UPDATE registrations SET state = $2, slot = $3, ended_at = $4 WHERE ref = $1", j.Ref, state, orNull(int64(slot)), at(ended)); err != nil {
		return err
	}
	if _, err := tx.exec("UPDATE prospects SET state = $2, decided_at = $3 WHERE ref = $1", j.Ref, prospect, at(tx.now)); err != nil {
		return err
	}
	switch j.Decision {
	case rules.Accepted:
		return tx.addTerm(j.Ref, j.Term)
	case rules.ContactAdded:
		return tx.addContact(j.Holds, contactOf(j.Prospect))
	}
	return nil
}

// wait notes that a change waits for a person.
func (tx *Tx) wait(r Record, i int, j rules.Judgement) error {
	reasons, err := asJSON(j.Reasons)
	if err != nil {
		return err
	}
	_, err = tx.exec("INSERT INTO changes (inbox_id, n, pass, ref, partner, verb, reasons, state) VALUES ($1, $2, $3, $4, $5, $6, $7, 'review')",
		r.InboxID, i+1, r.Pass, j.Ref, r.Book.Sender.Partner, j.Verb, reasons)
	return err
}

// SettleChange carries out what a person decided of a change that waits, a judgement
// of rules.AcceptChange or rules.RejectChange; r is as for CarryOut. also are the
// places, from 1, of what the same mail asks for and what is closed with it. When
// nothing in the mail waits any more, it is filed under Processed.
//
// ErrNotFound: it does not wait any more. ErrTaken: as of CarryOut.
func (tx *Tx) SettleChange(r Record, w Review, j rules.Judgement, also []int) error {
	return tx.Savepoint("change "+string(w.Case()), func() error {
		if err := tx.takeTurn(w.Partner); err != nil {
			return err
		}
		state := ProspectAccepted
		if j.Decision == rules.Rejected {
			state = ProspectRejected
		}
		const settle = "UPDATE changes SET state = $3, decided_at = $4 WHERE inbox_id = $1 AND n = $2 AND state = 'review'"
		n, err := tx.exec(settle, w.InboxID, w.N, state, at(tx.now))
		if err := one(n, err, "change %s", w.Case()); err != nil {
			return err
		}
		for _, other := range also {
			if _, err := tx.exec(settle, w.InboxID, other, ProspectRejected, at(tx.now)); err != nil {
				return err
			}
		}
		if state == ProspectRejected {
			err = tx.tell(r, j)
		} else {
			err = tx.CarryOut(r, j)
		}
		if err != nil {
			return err
		}
		return tx.settled(w.InboxID)
	})
}

// CloseHeld ends a held mail: a person has dealt with it. What was read in it
// and held with it is closed; the mail is filed under Processed once nothing
// else in it waits. ErrNotFound: the mail does not wait.
func (tx *Tx) CloseHeld(inboxID int64, actor, why string) error {
	return tx.Savepoint(fmt.Sprintf("held mail %d", inboxID), func() error {
		n, err := tx.exec("UPDATE inbox SET waiting = FALSE, state = CASE WHEN state = 'held' THEN 'decided' ELSE state END WHERE id = $1 AND waiting", inboxID)
		if err := one(n, err, "held mail %d", inboxID); err != nil {
			return err
		}
		if _, err := tx.exec("UPDATE prospects SET state = 'lapsed', decided_at = $2 WHERE inbox_id = $1 AND state = 'held'", inboxID, at(tx.now)); err != nil {
			return err
		}
		if err := tx.Note(actor, fmt.Sprintf("mail %d", inboxID), "closed", why); err != nil {
			return err
		}
		return tx.settled(inboxID)
	})
}

// settled queues a mail's way to Processed when nothing in it waits any more, and to
// Paperwork where it brought forms. A mail that was never to be filed (mode shadow)
// stays where it lies.
func (tx *Tx) settled(inboxID int64) error {
	folder := rules.FolderProcessed
	if _, forms, err := tx.FormsOf(inboxID); err != nil {
		return err
	} else if len(forms) > 0 {
		folder = rules.FolderPaperwork
	}
	_, err := tx.exec(`UPDATE filings SET folder = $2, queued_at = $3, done_at = NULL, attempts = 0
		WHERE inbox_id = $1 AND folder <> $2
		AND NOT EXISTS (SELECT 1 FROM inbox WHERE id = $1 AND waiting)
		AND NOT EXISTS (SELECT 1 FROM changes WHERE inbox_id = $1 AND state = 'review')
		AND NOT EXISTS (SELECT 1 FROM prospects p JOIN registrations r ON r.ref = p.ref WHERE p.inbox_id = $1 AND r.state = 'under_review')`,
		inboxID, folder, at(tx.now))
	return err
}
