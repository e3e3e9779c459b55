package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"leadmail/rules"
)

const registrationColumns = `r.ref, r.partner, r.organisation, r.state, r.received, r.ended_at, COALESCE(r.slot, 0), h.lapsed_on, h.plan_until,
	p.first_name, p.last_name, p.email, p.url, p.company, p.lead_type`

func scanRegistration(scan scan) (rules.Registration, error) {
	r := rules.Registration{Contacts: []rules.Contact{}, Terms: []rules.Term{}}
	p := &r.Prospect
	var lapsed, until rules.Date
	err := scan(&r.Ref, &r.Partner, &r.Organisation, &r.State, instant{&r.Received}, instant{&r.EndedAt}, &r.Slot, day{&lapsed}, day{&until},
		&p.FirstName, &p.LastName, &p.Email, &p.URL, &p.Company, &p.LeadType)
	r.LapsedOn = rules.Lapse(lapsed, until)
	return r, err
}

// registrations reads what a condition over r (registrations) and p (their
// prospects) chooses, with terms and contacts, in three queries.
func (tx *Tx) registrations(where string, args ...any) ([]rules.Registration, error) {
	all, err := list(tx, scanRegistration, "SELECT "+registrationColumns+" FROM registrations r JOIN prospects p ON p.ref = r.ref JOIN partners h ON h.id = r.partner WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	place := map[rules.Reference]*rules.Registration{}
	refs := make([]rules.Reference, len(all))
	for i := range all {
		refs[i] = all[i].Ref
		place[all[i].Ref] = &all[i]
	}
	_, err = list(tx, func(scan scan) (struct{}, error) {
		var ref rules.Reference
		var t rules.Term
		err := scan(&ref, &t.N, day{&t.From}, day{&t.Until})
		if r := place[ref]; r != nil {
			r.Terms = append(r.Terms, t)
		}
		return struct{}{}, err
	}, "SELECT ref, n, from_on, until_on FROM terms WHERE ref "+tx.dialect.in(1)+" ORDER BY ref, n", texts(refs))
	if err != nil {
		return nil, err
	}
	_, err = list(tx, func(scan scan) (struct{}, error) {
		var ref rules.Reference
		var c rules.Contact
		err := scan(&ref, &c.FirstName, &c.LastName, &c.Email)
		if r := place[ref]; r != nil {
			r.Contacts = append(r.Contacts, c)
		}
		return struct{}{}, err
	}, "SELECT ref, first_name, last_name, email FROM contacts WHERE ref "+tx.dialect.in(1)+" ORDER BY ref, n", texts(refs))
	return all, err
}

// RegistrationFilter chooses registrations; what is zero does not count. A state
// is not among it: the stored one is not believed, dates decide (D2).
type RegistrationFilter struct {
	Partner      rules.PartnerID
	Organisation rules.OrganisationKey
	// Holding leaves out what occupies no slot: all that is outstanding remains, and
	// what has ended and nobody has closed yet.
	Holding bool
}

// Registrations lists registrations, oldest first. What it reads is what it lists:
// a partner's are found by the partner, an organisation's by the organisation.
func (tx *Tx) Registrations(f RegistrationFilter) ([]rules.Registration, error) {
	where, args := "TRUE", []any{}
	by := func(column, value string) {
		if value != "" {
			args = append(args, value)
			where += fmt.Sprintf(" AND r.%s = $%d", column, len(args))
		}
	}
	by("partner", string(f.Partner))
	by("organisation", string(f.Organisation))
	if f.Holding {
		where += " AND r.slot IS NOT NULL"
	}
	return tx.registrations(where+" ORDER BY r.received, r.ref", args...)
}

// Registration returns one registration; ErrNotFound where the reference names
// none (it may name a prospect: see Prospect).
func (tx *Tx) Registration(ref rules.Reference) (rules.Registration, error) {
	all, err := tx.registrations("r.ref = $1", ref)
	return sole(all, err, "registration %s", ref)
}

// Touch is the beginning of a transaction that decides for a partner: it takes
// the partner's turn, so that two transactions for one partner follow each other,
// and closes what has ended by today of what the partner holds and of whatever stands
// at the organisations (D2): the terms that are over, and what a partner that lapsed
// has lost (D35). Without a partner ("") it only closes.
func (tx *Tx) Touch(partner rules.PartnerID, orgs []rules.OrganisationKey, today rules.Date, policy rules.Policy) error {
	if partner != "" {
		if err := tx.takeTurn(partner); err != nil {
			return err
		}
	}
	near, err := list(tx, scanReference, "SELECT ref FROM registrations WHERE partner = $1 AND state IN ('active', 'under_review')"+
		" UNION SELECT ref FROM registrations WHERE organisation "+tx.dialect.in(2), string(partner), texts(orgs))
	if err != nil {
		return err
	}
	return tx.close(near, today, policy)
}

// lapsed is a condition over h (partners): it has lapsed by the day in parameter
// number n. rules.Lapse is its model.
func lapsed(n int) string {
	return fmt.Sprintf("(h.lapsed_on <> '' AND h.lapsed_on <= $%d OR h.plan_until <> '' AND h.plan_until < $%d)", n, n)
}

// close closes what has ended by today among registrations. One whose term ended
// before its release has expired; the release is dated by its own day, whenever it
// is noted, so that the record says the same at whatever hour that is.
func (tx *Tx) close(refs []rules.Reference, today rules.Date, policy rules.Policy) error {
	// Rows are locked in the order of their references, in which every
	// transaction locks them.
	ended, err := list(tx, scanReference, "SELECT r.ref FROM registrations r WHERE r.state IN ('active', 'under_review') AND r.ref "+tx.dialect.in(1)+`
		AND (r.state = 'active' AND NOT EXISTS (SELECT 1 FROM terms t WHERE t.ref = r.ref AND t.until_on >= $3)
		OR EXISTS (SELECT 1 FROM partners h WHERE h.id = r.partner AND `+lapsed(2)+`))
		ORDER BY r.ref`+tx.dialect.forUpdate, texts(refs), on(today.AddDays(-policy.ReleaseAfterDays)), on(today))
	if err != nil || len(ended) == 0 {
		return err
	}
	regs, err := tx.registrations("r.ref "+tx.dialect.in(1)+" ORDER BY r.ref", texts(ended))
	if err != nil {
		return err
	}
	var expired []rules.Reference
	for _, r := range regs {
		if r.Ends(policy, today) != rules.StateReleased {
			expired = append(expired, r.Ref)
			continue
		}
		if _, err := tx.exec("UPDATE registrations SET state = 'released', slot = NULL, ended_at = $2 WHERE ref = $1", r.Ref, at(policy.Midnight(policy.ReleaseOn(r.LapsedOn)))); err != nil {
			return err
		}
		if err := tx.overtaken(r.Ref); err != nil {
			return err
		}
		if err := tx.Note(Program, string(r.Ref), "released", fmt.Sprintf("%s has had no subscription since %s", r.Partner, r.LapsedOn)); err != nil {
			return err
		}
	}
	if len(expired) == 0 {
		return nil
	}
	_, err = tx.exec("UPDATE registrations SET state = 'expired', slot = NULL WHERE state = 'active' AND ref "+tx.dialect.in(1), texts(expired))
	return err
}

// ReleaseLapsed notes what a partner has lost by today, since it lapsed too long ago (D35).
// Whoever changes the days of a partner calls it first: cleared or moved, they would
// bring back what is gone. Nothing happens where the partner is new or has not lapsed.
func (tx *Tx) ReleaseLapsed(partner rules.PartnerID, today rules.Date, policy rules.Policy) error {
	err := tx.Touch(partner, nil, today, policy)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Lapsed lists the partners of whom something is still noted as held although it is
// released by today (D35). The two days by which that is known have an index each.
func (tx *Tx) Lapsed(today rules.Date, policy rules.Policy) ([]rules.PartnerID, error) {
	const holds = " AND EXISTS (SELECT 1 FROM registrations r WHERE r.partner = h.id AND r.state IN ('active', 'under_review'))"
	all, err := list(tx, func(scan scan) (rules.PartnerID, error) {
		var id rules.PartnerID
		return id, scan(&id)
	}, "SELECT h.id FROM partners h WHERE h.lapsed_on <> '' AND h.lapsed_on <= $1"+holds+
		" UNION ALL SELECT h.id FROM partners h WHERE h.plan_until <> '' AND h.plan_until < $1"+holds, on(today.AddDays(-policy.ReleaseAfterDays)))
	slices.Sort(all)
	return slices.Compact(all), err
}

// takeTurn locks a partner's row until the transaction ends: whoever changes what
// the partner holds comes after. On SQLite, with its one writer, it is harmless.
func (tx *Tx) takeTurn(partner rules.PartnerID) error {
	n, err := tx.exec("UPDATE partners SET turn = turn + 1 WHERE id = $1", partner)
	return one(n, err, "partner %s", partner)
}

func scanReference(scan scan) (rules.Reference, error) {
	var ref rules.Reference
	return ref, scan(&ref)
}

// register stores a new registration with its terms and contacts. The prospect
// of that reference is there already.
func (tx *Tx) register(r rules.Registration, most int) error {
	_, err := tx.exec(`INSERT INTO registrations (ref, partner, organisation, name_key, state, received, ended_at, slot, slot_cap)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, r.Ref, r.Partner, r.Organisation, brief(rules.NameKeyOf(r.Prospect.Company)), r.State,
		at(r.Received), at(r.EndedAt), orNull(int64(r.Slot)), most)
	if err != nil {
		return fmt.Errorf("registration %s: %w", r.Ref, err)
	}
	for i, t := range r.Terms {
		if t.N == 0 {
			t.N = i + 1
		}
		if err := tx.addTerm(r.Ref, t); err != nil {
			return err
		}
	}
	for _, c := range r.Contacts {
		if err := tx.addContact(r.Ref, c); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) addTerm(ref rules.Reference, t rules.Term) error {
	_, err := tx.exec(`INSERT INTO terms (ref, n, from_on, until_on)
		SELECT $1, CASE WHEN CAST($2 AS BIGINT) > 0 THEN CAST($2 AS BIGINT) ELSE COALESCE(MAX(n), 0) + 1 END, $3, $4 FROM terms WHERE ref = $1`,
		ref, t.N, on(t.From), on(t.Until))
	if err != nil {
		return fmt.Errorf("term %d of %s: %w", t.N, ref, err)
	}
	return nil
}

// addContact adds a person whose address the registration does not know.
func (tx *Tx) addContact(ref rules.Reference, c rules.Contact) error {
	known, err := list(tx, func(scan scan) (string, error) {
		var email string
		return email, scan(&email)
	}, "SELECT email FROM contacts WHERE ref = $1", ref)
	if err != nil {
		return err
	}
	for _, email := range known {
		if strings.EqualFold(email, clean(c.Email)) {
			return nil
		}
	}
	_, err = tx.exec("INSERT INTO contacts (ref, n, first_name, last_name, email) VALUES ($1, $2, $3, $4, $5)", ref, len(known)+1, c.FirstName, c.LastName, c.Email)
	if err != nil {
		return fmt.Errorf("contact of %s: %w", ref, err)
	}
	return nil
}

// freeSlot is a partner's lowest free slot; 0 where none up to most is free.
func (tx *Tx) freeSlot(partner rules.PartnerID, most int) (int, error) {
	used, err := list(tx, func(scan scan) (int, error) {
		var n int
		return n, scan(&n)
	}, "SELECT slot FROM registrations WHERE partner = $1 AND slot IS NOT NULL ORDER BY slot", partner)
	if err != nil {
		return 0, err
	}
	free := 1
	for _, n := range used {
		if n == free {
			free++
		}
	}
	if free > most {
		return 0, nil
	}
	return free, nil
}

// Imported is the reference of a partner's registration at an organisation whose
// first term begins on a day; ErrNotFound where there is none.
func (tx *Tx) Imported(partner rules.PartnerID, org rules.OrganisationKey, from rules.Date) (rules.Reference, error) {
	var ref rules.Reference
	err := tx.get([]any{&ref}, `SELECT r.ref FROM registrations r JOIN terms t ON t.ref = r.ref AND t.n = 1
		WHERE r.partner = $1 AND r.organisation = $2 AND t.from_on = $3 ORDER BY r.ref LIMIT 1`, partner, org, on(from))
	return ref, err
}

// ImportRegistration enters a registration that was granted before this program
// came, with its own dates. It is idempotent by partner, organisation and the
// first day of its first term: a second time nothing changes, whatever its
// reference. An active one takes the lowest free slot of most unless it names
// one. ErrTaken: the organisation is held, or no slot is free.
func (tx *Tx) ImportRegistration(reg rules.Registration, most int, actor string) error {
	if len(reg.Terms) == 0 {
		return fmt.Errorf("registration %s: it has no term", reg.Ref)
	}
	if _, err := tx.Imported(reg.Partner, reg.Organisation, reg.Terms[0].From); !errors.Is(err, ErrNotFound) {
		return err // nil where it is there already
	}
	if reg.State == "" {
		reg.State = rules.StateActive
		if reg.Until() < rules.Date(tx.now.Format("2006-01-02")) {
			reg.State = rules.StateExpired
		}
	}
	if reg.Received.IsZero() {
		reg.Received = reg.Terms[0].From.Time()
	}
	if len(reg.Contacts) == 0 {
		reg.Contacts = []rules.Contact{contactOf(reg.Prospect)}
	}
	return tx.Savepoint("import of "+string(reg.Ref), func() error {
		if err := tx.takeTurn(reg.Partner); err != nil {
			return err
		}
		if reg.State != rules.StateActive {
			reg.Slot = 0
		} else if reg.Slot == 0 {
			var err error
			if reg.Slot, err = tx.freeSlot(reg.Partner, most); err != nil {
				return err
			}
			if reg.Slot == 0 {
				return fmt.Errorf("partner %s holds %d already, no more fit: %w", reg.Partner, most, ErrTaken)
			}
		}
		p := Prospect{Ref: reg.Ref, Partner: reg.Partner, State: ProspectAccepted, Prospect: reg.Prospect, Organisation: reg.Organisation,
			Last: reg.Received, DecidedAt: tx.now}
		if err := tx.insertProspect(p); err != nil {
			return err
		}
		if err := tx.register(reg, most); err != nil {
			return err
		}
		return tx.Note(actor, string(reg.Ref), "imported", fmt.Sprintf("%s for %s, until %s", reg.Organisation, reg.Partner, reg.Until()))
	})
}

func contactOf(p rules.Prospect) rules.Contact {
	return rules.Contact{FirstName: p.FirstName, LastName: p.LastName, Email: p.Email}
}
