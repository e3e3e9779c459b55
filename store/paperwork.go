package store

import (
	"fmt"
	"strings"

	"leadmail/rules"
)

const formColumns = "f.id, f.kind, f.received, f.day, f.state, f.name, f.size, f.sha256, COALESCE(f.inbox_id, 0), f.because"

func scanForm(scan scan, more ...any) (rules.Form, error) {
	var f rules.Form
	return f, scan(append([]any{&f.ID, &f.Kind, instant{&f.Received}, day{&f.Day}, &f.State, &f.Name, &f.Size, &f.SHA256, &f.Mail, &f.Because}, more...)...)
}

// Forms lists a partner's tax and bank forms, in the order in which they were
// recorded.
func (tx *Tx) Forms(partner rules.PartnerID) ([]rules.Form, error) {
	return list(tx, func(scan scan) (rules.Form, error) { return scanForm(scan) }, "SELECT "+formColumns+" FROM forms f WHERE f.partner = $1 ORDER BY f.id", partner)
}

// FormsOf lists the forms that a mail brought, and whose they are.
func (tx *Tx) FormsOf(inboxID int64) (partner rules.PartnerID, forms []rules.Form, err error) {
	forms, err = list(tx, func(scan scan) (rules.Form, error) { return scanForm(scan, &partner) },
		"SELECT "+formColumns+", f.partner FROM forms f WHERE f.inbox_id = $1 ORDER BY f.id", inboxID)
	return partner, forms, err
}

// Submitted are forms of one partner that wait for staff, and came with one mail. One
// that came without is alone.
type Submitted struct {
	InboxID int64 // 0 for what came without mail
	Partner rules.PartnerID
	Sender  rules.Address
	Subject string
	Forms   []rules.Form
}

// Name is what the forms are called: the case of a token for them, or form- and a
// number where they came without mail, so that no mail decides them.
func (s Submitted) Name() string {
	if s.InboxID == 0 {
		return fmt.Sprintf("form-%d", s.Forms[0].ID)
	}
	return string(rules.FormsCase(s.InboxID))
}

const submittedSQL = "SELECT " + formColumns + `, f.partner, COALESCE(i.sender, ''), COALESCE(i.subject, '')
	FROM forms f JOIN partners p ON p.id = f.partner LEFT JOIN inbox i ON i.id = f.inbox_id
	WHERE f.state = 'submitted' AND p.removed_at IS NULL ORDER BY f.day, f.received IS NULL, f.received, f.inbox_id, f.id`

// Submitted lists the forms that wait for staff, oldest first; those of a partner that
// was removed wait no more. The cost is that of what waits.
func (tx *Tx) Submitted() ([]Submitted, error) {
	var out []Submitted
	_, err := list(tx, func(scan scan) (struct{}, error) {
		var s Submitted
		f, err := scanForm(scan, &s.Partner, &s.Sender, &s.Subject)
		s.InboxID, s.Forms = f.Mail, []rules.Form{f}
		if n := len(out); n > 0 && f.Mail != 0 && out[n-1].InboxID == f.Mail {
			out[n-1].Forms = append(out[n-1].Forms, f)
		} else {
			out = append(out, s)
		}
		return struct{}{}, err
	}, submittedSQL)
	return out, err
}

// Papers lists the paperwork of the partners that joined on one of the days, by id.
// It reads by the index of joining days: the cost is that of who is due.
func (tx *Tx) Papers(joined []rules.Date) ([]rules.Papers, error) {
	return tx.papers(" AND p.joined_on <> '' AND p.joined_on "+tx.dialect.in(1), texts(joined))
}

// PapersOf is the paperwork of one partner, PapersOf("") that of all.
func (tx *Tx) PapersOf(id rules.PartnerID) ([]rules.Papers, error) {
	if id == "" {
		return tx.papers("")
	}
	return tx.papers(" AND p.id = $1", id)
}

func (tx *Tx) papers(where string, args ...any) ([]rules.Papers, error) {
	all, err := list(tx, func(scan scan) (rules.Papers, error) {
		var x rules.Papers
		return x, scan(&x.Partner, day{&x.Joined})
	}, "SELECT p.id, p.joined_on FROM partners p WHERE p.removed_at IS NULL"+where+" ORDER BY p.id", args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	// By name, not by a join: PostgreSQL would read every form.
	place, ids := map[rules.PartnerID]*rules.Papers{}, make([]rules.PartnerID, len(all))
	for i := range all {
		place[all[i].Partner], ids[i] = &all[i], all[i].Partner
	}
	_, err = list(tx, func(scan scan) (struct{}, error) {
		var partner rules.PartnerID
		f, err := scanForm(scan, &partner)
		if x := place[partner]; x != nil {
			x.Forms = append(x.Forms, f)
		}
		return struct{}{}, err
	}, "SELECT "+formColumns+", f.partner FROM forms f WHERE f.partner "+tx.dialect.in(1)+" ORDER BY f.id", texts(ids))
	return all, err
}

// AddForm records a form: one that a mail brought, or one that came otherwise.
func (tx *Tx) AddForm(partner rules.PartnerID, f rules.Form, actor, why string) error {
	_, err := tx.exec("INSERT INTO forms (partner, kind, received, day, state, name, size, sha256, inbox_id, because) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		partner, f.Kind, at(f.Received), on(f.Day), f.State, f.Name, f.Size, f.SHA256, orNull(f.Mail), f.Because)
	if err != nil {
		return fmt.Errorf("form %s of %s: %w", f.Kind, partner, err)
	}
	return tx.noteForm(partner, f, actor, why)
}

// SettleForm records what staff decided of a form that stood in a state. ErrTaken:
// it does not stand there any more.
func (tx *Tx) SettleForm(partner rules.PartnerID, f rules.Form, from rules.FormState, actor string) error {
	n, err := tx.exec("UPDATE forms SET kind = $3, state = $4, because = $5 WHERE id = $1 AND partner = $2 AND state = $6", f.ID, partner, f.Kind, f.State, f.Because, from)
	if err := lost(n, err, "form %d of %s", f.ID, partner); err != nil {
		return err
	}
	return tx.noteForm(partner, f, actor, f.Because)
}

func (tx *Tx) noteForm(partner rules.PartnerID, f rules.Form, actor, why string) error {
	return tx.Note(actor, string(partner), fmt.Sprintf("form %s of %s %s", f.Kind, f.Day, f.State), strings.TrimSpace(why))
}

// submit records the forms that a decided mail brought.
func (tx *Tx) submit(r Record) error {
	for _, a := range r.Decision.Actions {
		for _, f := range a.Forms {
			f.Mail = r.InboxID
			if err := tx.AddForm(r.Book.Sender.Partner, f, asActor(r.Book.Sender.Partner), fmt.Sprintf("mail %d", r.InboxID)); err != nil {
				return err
			}
		}
	}
	return nil
}
