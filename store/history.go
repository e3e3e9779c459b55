package store

import (
	"time"

	"leadmail/rules"
)

// Event is one line of the history: who changed what, and why. It is never
// changed or deleted; the database refuses both.
type Event struct {
	ID int64
	At time.Time
	// Actor is "program", "partner northwind" or a staff member's name or address.
	Actor string
	// Subject is a reference, a partner's id, an organisation or "mail 12".
	Subject   string
	What, Why string
}

// Program is the actor of what the program did by itself.
const Program = "program"

// Note adds a line to the history, at the transaction's instant.
func (tx *Tx) Note(actor, subject, what, why string) error {
	_, err := tx.exec("INSERT INTO history (at, actor, subject, what, why) VALUES ($1, $2, $3, $4, $5)", at(tx.now), actor, brief(subject), what, why)
	return err
}

// History lists what happened to a subject, oldest first; "" is everything.
func (tx *Tx) History(subject string) ([]Event, error) {
	return list(tx, func(scan scan) (Event, error) {
		var e Event
		return e, scan(&e.ID, instant{&e.At}, &e.Actor, &e.Subject, &e.What, &e.Why)
	}, "SELECT id, at, actor, subject, what, why FROM history WHERE $1 = '' OR subject = $1 ORDER BY id", brief(subject))
}

func asActor(id rules.PartnerID) string {
	if id == "" {
		return Program
	}
	return "partner " + string(id)
}
