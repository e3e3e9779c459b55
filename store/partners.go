package store

import (
	"errors"
	"fmt"

	"leadmail/rules"
)

const partnerColumns = `id, name, organisation, plan, joined_on, agreement_on, suspended_on, suspended_reason, lapsed_on, mode, acknowledge_automatic,
	plan_until, certified_on, agreement_version, agreement_hash, agreement_at`

func scanPartner(scan scan) (rules.Partner, error) {
	var p rules.Partner
	return p, scan(&p.ID, &p.Name, &p.Organisation, &p.Plan, day{&p.JoinedOn}, day{&p.AgreementOn}, day{&p.SuspendedOn}, &p.SuspendedReason,
		day{&p.LapsedOn}, &p.Mode, &p.AcknowledgeAutomatic,
		day{&p.PlanUntil}, day{&p.CertifiedOn}, &p.Agreement.Version, &p.Agreement.Hash, instant{&p.AgreementAt})
}

// Partners lists the members of the program, by id.
func (tx *Tx) Partners() ([]rules.Partner, error) { return tx.partners("") }

// Partner returns one member; ErrNotFound where there is none, or was.
func (tx *Tx) Partner(id rules.PartnerID) (rules.Partner, error) {
	if id == "" {
		return rules.Partner{}, fmt.Errorf("partner %q: %w", id, ErrNotFound)
	}
	all, err := tx.partners(id)
	return sole(all, err, "partner %s", id)
}

// Former is a member that was removed, as it was but for its addresses and domains,
// which are nobody's; ErrNotFound where there is none.
func (tx *Tx) Former(id rules.PartnerID) (rules.Partner, error) {
	all, err := list(tx, scanPartner, "SELECT "+partnerColumns+" FROM partners WHERE removed_at IS NOT NULL AND id = $1", id)
	return sole(all, err, "former partner %s", id)
}

// partners reads one partner, or all for "", in three queries.
func (tx *Tx) partners(id rules.PartnerID) ([]rules.Partner, error) {
	// A condition for the one, none for all: an OR over a parameter reads the whole
	// table for one partner, too.
	which, whose, args := "", "", []any{}
	if id != "" {
		which, whose, args = "AND id = $1", "WHERE partner = $1", []any{id}
	}
	all, err := list(tx, scanPartner, "SELECT "+partnerColumns+" FROM partners WHERE removed_at IS NULL "+which+" ORDER BY id", args...)
	if err != nil {
		return nil, err
	}
	place := map[rules.PartnerID]*rules.Partner{}
	for i := range all {
		all[i].Addresses = []rules.Address{}
		place[all[i].ID] = &all[i]
	}
	owned := func(add func(*rules.Partner, string)) func(scan) (struct{}, error) {
		return func(scan scan) (struct{}, error) {
			var owner rules.PartnerID
			var what string
			err := scan(&owner, &what)
			if p := place[owner]; p != nil {
				add(p, what)
			}
			return struct{}{}, err
		}
	}
	_, err = list(tx, owned(func(p *rules.Partner, a string) { p.Addresses = append(p.Addresses, rules.Address(a)) }),
		"SELECT partner, address FROM partner_addresses "+whose+" ORDER BY partner, position", args...)
	if err != nil {
		return nil, err
	}
	_, err = list(tx, owned(func(p *rules.Partner, d string) { p.Domains = append(p.Domains, d) }),
		"SELECT partner, domain FROM partner_domains "+whose+" ORDER BY partner, position", args...)
	return all, err
}

// SavePartner enters a partner or replaces what is known of it. own are the
// organisations that are the partner's besides p.Organisation: the keys of its
// domains and of the addresses that are at no public mail domain (D16); they
// replace those of before. Where an address or a domain is another partner's,
// the error wraps ErrTaken and says which. What was released by the dates of before
// is not brought back: call ReleaseLapsed first.
func (tx *Tx) SavePartner(p rules.Partner, actor, why string, own ...rules.OrganisationKey) error {
	for _, a := range p.Addresses {
		if err := tx.free(p.ID, "address", string(a)); err != nil {
			return err
		}
	}
	for _, d := range p.Domains {
		if err := tx.free(p.ID, "domain", d); err != nil {
			return err
		}
	}
	what := "changed"
	n, err := tx.exec(`UPDATE partners SET name = $2, organisation = $3, plan = $4, joined_on = $5, agreement_on = $6, suspended_on = $7,
		suspended_reason = $8, lapsed_on = $9, mode = $10, acknowledge_automatic = $11, plan_until = $12, certified_on = $13, agreement_version = $14, agreement_hash = $15,
		agreement_at = $16, removed_at = NULL, turn = turn + 1 WHERE id = $1`, partnerArgs(p)...)
	if err == nil && n == 0 {
		what = "added"
		_, err = tx.exec("INSERT INTO partners ("+partnerColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)", partnerArgs(p)...)
	}
	if err == nil {
		err = tx.disown(p.ID)
	}
	if err != nil {
		return fmt.Errorf("partner %s: %w", p.ID, err)
	}
	for i, a := range p.Addresses {
		if _, err := tx.exec("INSERT INTO partner_addresses (address, partner, position) VALUES ($1, $2, $3)", a, p.ID, i); err != nil {
			return fmt.Errorf("partner %s: address %s: %w", p.ID, string(a), err)
		}
	}
	for i, d := range p.Domains {
		if _, err := tx.exec("INSERT INTO partner_domains (domain, partner, position) VALUES ($1, $2, $3)", d, p.ID, i); err != nil {
			return fmt.Errorf("partner %s: domain %s: %w", p.ID, d, err)
		}
	}
	for _, key := range append([]rules.OrganisationKey{p.Organisation}, own...) {
		if key == "" {
			continue
		}
		if _, err := tx.exec("INSERT INTO partner_organisations (key, partner) VALUES ($1, $2) ON CONFLICT (key, partner) DO NOTHING", key, p.ID); err != nil {
			return fmt.Errorf("partner %s: organisation %s: %w", p.ID, key, err)
		}
	}
	return tx.Note(actor, string(p.ID), what, why)
}

// agree notes that a partner has accepted the agreement by a mail (D34).
func (tx *Tx) agree(r Record, a rules.Action) error {
	id := r.Book.Sender.Partner
	n, err := tx.exec("UPDATE partners SET agreement_on = $2, agreement_version = $3, agreement_hash = $4, agreement_at = $5, turn = turn + 1 WHERE id = $1",
		id, on(a.Since), a.Agreement.Version, a.Agreement.Hash, at(r.Book.Received))
	if err := one(n, err, "partner %s", id); err != nil {
		return err
	}
	why := fmt.Sprintf("version %s, mail %d", a.Agreement.Version, r.InboxID)
	if a.Agreement.Hash != "" {
		why += ", SHA-256 " + a.Agreement.Hash
	}
	return tx.Note(asActor(id), string(id), "agreed", why)
}

// free says, by ErrTaken, that an address or a domain is another partner's.
func (tx *Tx) free(id rules.PartnerID, kind, what string) error {
	table := map[string]string{"address": "partner_addresses", "domain": "partner_domains"}[kind]
	var owner rules.PartnerID
	err := tx.get([]any{&owner}, "SELECT partner FROM "+table+" WHERE "+kind+" = $1 AND partner <> $2", what, id)
	if err == nil {
		return fmt.Errorf("partner %s: %s %s is partner %s's: %w", id, kind, what, owner, ErrTaken)
	}
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

func partnerArgs(p rules.Partner) []any {
	return []any{p.ID, p.Name, p.Organisation, p.Plan, on(p.JoinedOn), on(p.AgreementOn), on(p.SuspendedOn), p.SuspendedReason, on(p.LapsedOn), p.Mode, p.AcknowledgeAutomatic,
		on(p.PlanUntil), on(p.CertifiedOn), p.Agreement.Version, p.Agreement.Hash, at(p.AgreementAt)}
}

func (tx *Tx) disown(id rules.PartnerID) error {
	for _, table := range []string{"partner_addresses", "partner_domains", "partner_organisations"} {
		if _, err := tx.exec("DELETE FROM "+table+" WHERE partner = $1", id); err != nil {
			return err
		}
	}
	return nil
}

// RemovePartner takes a partner out of the program: its addresses and domains
// are nobody's, what it held is released, what it had open is closed. The record
// stays; SavePartner with the same id brings the partner back, not its leads.
func (tx *Tx) RemovePartner(id rules.PartnerID, actor, why string) error {
	n, err := tx.exec("UPDATE partners SET removed_at = $2, turn = turn + 1 WHERE id = $1 AND removed_at IS NULL", id, at(tx.now))
	if err := one(n, err, "partner %s", id); err != nil {
		return err
	}
	if err := tx.disown(id); err != nil {
		return fmt.Errorf("partner %s: %w", id, err)
	}
	waited, err := list(tx, func(scan scan) (int64, error) {
		var id int64
		return id, scan(&id)
	}, "SELECT inbox_id FROM prospects WHERE partner = $1 AND state = 'review' AND inbox_id IS NOT NULL UNION SELECT inbox_id FROM changes WHERE partner = $1 AND state = 'review' ORDER BY 1", id)
	if err != nil {
		return fmt.Errorf("partner %s: %w", id, err)
	}
	for _, sql := range []string{
		"UPDATE registrations SET state = 'released', slot = NULL, ended_at = $2 WHERE partner = $1 AND state IN ('active', 'under_review')",
		"UPDATE prospects SET state = CASE WHEN state = 'needs_info' THEN 'lapsed' ELSE 'withdrawn' END, decided_at = $2 WHERE partner = $1 AND state IN ('needs_info', 'review')",
		"UPDATE changes SET state = 'lapsed', decided_at = $2 WHERE partner = $1 AND state = 'review'",
	} {
		if _, err := tx.exec(sql, id, at(tx.now)); err != nil {
			return fmt.Errorf("partner %s: %w", id, err)
		}
	}
	for _, mail := range waited {
		if err := tx.settled(mail); err != nil {
			return fmt.Errorf("partner %s: %w", id, err)
		}
	}
	return tx.Note(actor, string(id), "removed", why)
}

// PartnerOf is the partner for whom an address writes (D31): the address as it
// was registered, to the letter, before its whole domain. nil is nobody.
func (tx *Tx) PartnerOf(address rules.Address) (*rules.Partner, error) {
	var id rules.PartnerID
	err := tx.get([]any{&id}, "SELECT partner FROM partner_addresses WHERE address = $1", address)
	if errors.Is(err, ErrNotFound) {
		err = tx.get([]any{&id}, "SELECT partner FROM partner_domains WHERE domain = $1", address.Domain())
	}
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := tx.Partner(id)
	if err != nil {
		return nil, err
	}
	return &p, nil
}
