package main

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"leadmail/rules"
	"leadmail/store"
)

type partnersCmd struct {
	List   partnersList   `cmd:"" help:"All partners."`
	Show   partnersShow   `cmd:"" help:"One partner, with its history."`
	Add    partnersAdd    `cmd:"" help:"Enter a partner."`
	Set    partnersSet    `cmd:"" help:"Change what is given, keep the rest."`
	Import partnersImport `cmd:"" help:"Enter or change many from a CSV file."`
	Remove partnersRemove `cmd:"" help:"Take a partner off the roster."`
	Rejoin partnersRejoin `cmd:"" help:"Take a partner back whose subscription had ended, or that was removed."`
}

// Help teaches by example.
func (partnersCmd) Help() string {
	return `A partner is known by a short id and by the addresses it writes from.

    leadmail partners add northwind --name "Northwind Consulting" --address lena@northwind.example \
        --url northwind.example --plan accelerator --agreement 2026-01-05
    leadmail partners set northwind --mode auto
    leadmail partners import roster.csv          (says what would happen)
    leadmail partners import roster.csv --yes    (does it)
    leadmail partners list --json`
}

// partnerColumns are all there is to know of a partner; the import reads the
// same names.
func partnerColumns(today rules.Date) []column[rules.Partner] {
	return []column[rules.Partner]{
		{name: "id", value: func(p rules.Partner) any { return p.ID }},
		{name: "name", value: func(p rules.Partner) any { return p.Name }},
		{name: "state", value: func(p rules.Partner) any { return partnerState(p, today) }},
		{name: "mode", value: func(p rules.Partner) any { return p.Mode }},
		{name: "plan", value: func(p rules.Partner) any { return p.Plan }},
		{name: "addresses", value: func(p rules.Partner) any { return plainList(p.Addresses) }},
		{name: "domains", value: func(p rules.Partner) any { return plainList(p.Domains) }, wide: true},
		{name: "organisation", value: func(p rules.Partner) any { return p.Organisation }, wide: true},
		{name: "joined_on", value: func(p rules.Partner) any { return p.JoinedOn }},
		{name: "agreement_on", value: func(p rules.Partner) any { return p.AgreementOn }},
		{name: "suspended_on", value: func(p rules.Partner) any { return p.SuspendedOn }, wide: true},
		{name: "suspended_reason", value: func(p rules.Partner) any { return p.SuspendedReason }, wide: true},
		{name: "lapsed_on", value: func(p rules.Partner) any { return p.LapsedOn }, wide: true},
		{name: "plan_until", value: func(p rules.Partner) any { return p.PlanUntil }, wide: true},
		{name: "certified_on", value: func(p rules.Partner) any { return p.CertifiedOn }, wide: true},
		{name: "agreement_version", value: func(p rules.Partner) any { return p.Agreement.Version }, wide: true},
		{name: "acknowledge_automatic", value: func(p rules.Partner) any { return p.AcknowledgeAutomatic }, wide: true},
	}
}

// partnerState is the state as of a day (PRODUCT.md, States).
func partnerState(p rules.Partner, today rules.Date) string {
	switch {
	case p.Lapse() != "" && p.Lapse() <= today:
		return "lapsed"
	case p.SuspendedOn != "" && p.SuspendedOn <= today:
		return "suspended"
	case p.AgreementOn == "" || p.AgreementOn > today:
		return "invited"
	}
	return "active"
}

type partnersList struct {
	Directory bool `help:"Only those that may appear in the Partner Directory: certified, and a member today (P12)."`
	shape
}

// Run lists the roster.
func (c partnersList) Run(a *app) error {
	return a.view(func(r *records, tx *store.Tx) error {
		all, err := tx.Partners()
		if err != nil {
			return err
		}
		none := "No partners yet. Enter one with: leadmail partners add"
		if c.Directory {
			all = slices.DeleteFunc(all, func(p rules.Partner) bool { return !p.Certified(r.policy.Day(a.now()), r.policy) })
			none = "Nobody. A certification is recorded with: leadmail partners set ID --certified DATE"
		}
		return show(a.stdout, c.shape, all, none, partnerColumns(r.policy.Day(a.now()))...)
	})
}

type partnersShow struct {
	ID   rules.PartnerID `arg:"" help:"The partner's id."`
	JSON bool            `name:"json" help:"One JSON object."`
}

// Run shows a partner.
func (c partnersShow) Run(a *app) error {
	return a.view(func(r *records, tx *store.Tx) error {
		p, err := partner(tx, c.ID)
		if err != nil {
			return err
		}
		if err := card(a.stdout, shape{JSON: c.JSON}, p, partnerColumns(r.policy.Day(a.now()))...); err != nil || c.JSON {
			return err
		}
		return a.history(tx, string(c.ID))
	})
}

// history prints what happened to a subject.
func (a *app) history(tx *store.Tx, subject string) error {
	events, err := tx.History(subject)
	if err != nil || len(events) == 0 {
		return err
	}
	fmt.Fprintln(a.stdout, "\nhistory")
	for _, e := range events {
		line := fmt.Sprintf("  %s  %s: %s", text(e.At), e.Actor, e.What)
		if e.Why != "" {
			line += " (" + e.Why + ")"
		}
		fmt.Fprintln(a.stdout, terminal(line))
	}
	return nil
}

func partner(tx *store.Tx, id rules.PartnerID) (rules.Partner, error) {
	p, err := tx.Partner(id)
	if errors.Is(err, store.ErrNotFound) {
		return rules.Partner{}, failed("leadmail partners list shows those there are", "there is no partner %q", id)
	}
	return p, err
}

// partnerFields are the flags of add and set. A nil pointer was not given; ""
// takes a value away.
type partnerFields struct {
	Name                 *string `help:"Its name, as staff and replies say it."`
	Plan                 *string `help:"The plan it has bought (P9), such as accelerator." placeholder:"PLAN"`
	URL                  *string `name:"url" help:"Its own website: it cannot register itself (D16)." placeholder:"URL"`
	Joined               *string `help:"The day it first joined; add takes today." placeholder:"DATE"`
	Agreement            *string `help:"The day from which it has agreed to the Partner Program Agreement (P1, D34)." placeholder:"DATE"`
	Suspended            *string `help:"The first day of a suspension; \"\" ends it." placeholder:"DATE"`
	SuspendedReason      *string `help:"Why, for staff to read." placeholder:"TEXT"`
	Lapsed               *string `help:"The first day without a subscription (D35); \"\" when it has come back." placeholder:"DATE"`
	PlanUntil            *string `help:"The last day of its subscription, where it is known: it is warned ahead, and the day after it lapses; \"\" when that is not known." placeholder:"DATE"`
	Certified            *string `help:"The day of its Mentor Certification (P12)." placeholder:"DATE"`
	Mode                 *string `help:"shadow, approve or auto; \"\" follows the program's." placeholder:"MODE"`
	AcknowledgeAutomatic *bool   `negatable:"" help:"Answer this partner's machine-written mail, such as its CRM's."`
}

// apply lays the given flags over a partner. The errors are of usage.
func (f partnerFields) apply(p *rules.Partner, policy rules.Policy) error {
	given := func(flag *string) string { return strings.TrimSpace(*flag) }
	if f.Name != nil {
		p.Name = given(f.Name)
	}
	if f.Plan != nil {
		p.Plan = strings.ToLower(given(f.Plan))
	}
	if f.URL != nil {
		p.Organisation = ""
		if u := given(f.URL); u != "" {
			key, err := policy.Organisation(u)
			if err != nil {
				return usage(fmt.Sprintf("--url %q is no organisation's website", u), "write the partner's own address, such as northwind.example")
			}
			p.Organisation = key
		}
	}
	for _, d := range []struct {
		flag string
		from *string
		to   *rules.Date
	}{{"joined", f.Joined, &p.JoinedOn}, {"agreement", f.Agreement, &p.AgreementOn}, {"suspended", f.Suspended, &p.SuspendedOn}, {"lapsed", f.Lapsed, &p.LapsedOn},
		{"plan-until", f.PlanUntil, &p.PlanUntil}, {"certified", f.Certified, &p.CertifiedOn}} {
		if d.from == nil {
			continue
		}
		*d.to = ""
		if s := given(d.from); s != "" {
			day, err := rules.ParseDate(s)
			if err != nil {
				return usage(fmt.Sprintf("--%s %q is no day", d.flag, s), "write it as 2026-08-31")
			}
			*d.to = day
		}
	}
	if f.SuspendedReason != nil {
		p.SuspendedReason = given(f.SuspendedReason)
	}
	if p.SuspendedOn == "" {
		p.SuspendedReason = ""
	}
	if f.Mode != nil {
		p.Mode = ""
		if s := given(f.Mode); s != "" {
			m, err := rules.ParseMode(s)
			if err != nil {
				return usage(fmt.Sprintf("--mode %q is not known", s), "write shadow, approve or auto")
			}
			p.Mode = m
		}
	}
	if f.AcknowledgeAutomatic != nil {
		p.AcknowledgeAutomatic = *f.AcknowledgeAutomatic
	}
	return nil
}

var partnerID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// sound judges a partner before it is stored, whoever gave it.
func sound(p rules.Partner, policy rules.Policy) error {
	switch {
	case !partnerID.MatchString(string(p.ID)):
		return usage(fmt.Sprintf("%q cannot be a partner's id", p.ID), "take lower-case letters, digits and hyphens, such as northwind")
	case p.Name == "":
		return usage("the partner has no name", "give it with --name (column name)")
	case len(p.Addresses) == 0 && len(p.Domains) == 0:
		return usage("the partner could not write: it has no address", "give one with --address (column addresses), or a whole domain with --domain (column domains)")
	case p.Plan == "":
		return usage("the partner has no plan", "give it with --plan (column plan): "+strings.Join(policy.EntryPlans, ", "))
	case p.JoinedOn == "":
		return usage("the partner has no day of joining", "give it with --joined (column joined_on)")
	}
	for _, d := range p.Domains {
		if policy.PublicMail(d) {
			// D31: anybody can have an address there.
			return usage(d+" is a public mail domain and can be nobody's", "give the partner's addresses one by one")
		}
	}
	return nil
}

// addAddresses adds what is not there yet.
func addAddresses(p *rules.Partner, addresses, domains []string) error {
	for _, s := range addresses {
		a, err := rules.ParseAddress(s)
		if err != nil {
			return usage(fmt.Sprintf("%q is no mail address", s), "write one bare address such as lena@northwind.example")
		}
		if !slices.Contains(p.Addresses, a) {
			p.Addresses = append(p.Addresses, a)
		}
	}
	for _, s := range domains {
		// A domain is what stands behind the at sign of an address.
		a, err := rules.ParseAddress("x@" + strings.TrimPrefix(s, "@"))
		if err != nil {
			return usage(fmt.Sprintf("%q is no domain", s), "write one such as northwind.example")
		}
		if !slices.Contains(p.Domains, a.Domain()) {
			p.Domains = append(p.Domains, a.Domain())
		}
	}
	return nil
}

type partnersAdd struct {
	ID      rules.PartnerID `arg:"" help:"A short name that never changes, such as northwind."`
	Address []string        `help:"An address it writes from; may be given several times."`
	Domain  []string        `help:"A domain of which every address is this partner's; may be given several times."`
	partnerFields
	NoWelcome bool   `help:"Send it no welcome mail."`
	Why       string `help:"A remark for the history." placeholder:"TEXT"`
}

// Run enters a partner that is not there yet.
func (c partnersAdd) Run(a *app) error {
	return a.changePartner(c.ID, func(r *records, tx *store.Tx) error {
		if _, err := tx.Partner(c.ID); err == nil {
			return failed("change it with: leadmail partners set "+string(c.ID), "there is a partner %q already", c.ID)
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		p, err := newPartner(tx, c.ID, r.policy.Day(a.now()))
		if err != nil {
			return err
		}
		if err := c.apply(&p, r.policy); err != nil {
			return err
		}
		if err := addAddresses(&p, c.Address, c.Domain); err != nil {
			return err
		}
		if err := a.savePartner(r, tx, p, c.Why, "entered"); err != nil || c.NoWelcome {
			return err
		}
		return a.welcome(r, tx, p, false, 0)
	})
}

// changePartner changes a partner, and then judges what it sent from an address
// that is known as its only now.
func (a *app) changePartner(id rules.PartnerID, fn func(*records, *store.Tx) error) error {
	if err := a.change(fn); err != nil {
		return err
	}
	return a.judgeHeld(id)
}

// judgeHeld judges the mails that waited because nobody knew their sender, as of
// their receipt (D3).
func (a *app) judgeHeld(ids ...rules.PartnerID) error {
	r, err := a.records()
	if err != nil {
		return err
	}
	defer r.Close()
	var held []store.InboxMessage
	err = r.View(a.ctx, func(tx *store.Tx) error {
		held, err = tx.HeldStrangers()
		return err
	})
	if err != nil || len(held) == 0 {
		return err
	}
	d, err := a.desk(r)
	if err != nil {
		return err
	}
	for _, id := range ids {
		done, err := d.JudgeHeld(a.ctx, id)
		if err != nil {
			return failed("leadmail review list shows them", "the held mails of %s could not be judged: %w", id, err)
		}
		if n := len(done); n > 0 {
			fmt.Fprintf(a.stdout, "%d held mail(s) of %s are judged now, as of their receipt: leadmail inbox list --partner %s\n", n, id, id)
		}
	}
	return nil
}

// savePartner judges, stores, and says what a partner will meet with.
func (a *app) savePartner(r *records, tx *store.Tx, p rules.Partner, why, done string) error {
	if err := sound(p, r.policy); err != nil {
		return err
	}
	if err := savePartner(r, tx, p, a.actor, why); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s is %s.\n", p.ID, done)
	today := r.policy.Day(a.now())
	switch {
	case p.AgreementOn == "":
		fmt.Fprintf(a.stdout, "Its leads are turned down until its agreement is recorded: leadmail partners set %s --agreement DATE\n", p.ID)
	case !slices.Contains(r.policy.EntryPlans, p.Plan):
		fmt.Fprintf(a.stdout, "Its leads are turned down: the plan %s does not admit to the program (P9); program.entry_plans names those that do.\n", p.Plan)
	case partnerState(p, today) != "active":
		fmt.Fprintf(a.stdout, "It is %s today: nothing new is accepted from it.\n", partnerState(p, today))
	}
	return nil
}

// savePartner says in words that an address is somebody else's already.
func savePartner(r *records, tx *store.Tx, p rules.Partner, actor, why string) error {
	for _, address := range p.Addresses {
		other, err := tx.PartnerOf(address)
		if err != nil {
			return err
		}
		if other != nil && other.ID != p.ID && slices.Contains(other.Addresses, address) {
			return failed("take it away there first: leadmail partners set "+string(other.ID)+" --remove-address "+string(address), "%s is an address of %s already", address, other.ID)
		}
	}
	// What its dates of before have cost it stays lost, whatever they are now (D35).
	if err := tx.ReleaseLapsed(p.ID, r.policy.Day(tx.Now()), r.policy); err != nil {
		return err
	}
	if old, err := tx.Partner(p.ID); err == nil {
		why = strings.Trim(changes(old, p)+"; "+why, "; ")
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	err := tx.SavePartner(p, actor, why, r.policy.OwnOrganisations(p)...)
	if errors.Is(err, store.ErrTaken) {
		return failed("leadmail partners list shows whose it is", "an address or a domain of %s is another partner's already: %w", p.ID, err)
	}
	return err
}

type partnersSet struct {
	ID            rules.PartnerID `arg:"" help:"The partner's id."`
	AddAddress    []string        `help:"One more address it writes from." placeholder:"ADDRESS"`
	RemoveAddress []string        `help:"An address it no longer writes from." placeholder:"ADDRESS"`
	AddDomain     []string        `help:"One more domain of which every address is this partner's." placeholder:"DOMAIN"`
	RemoveDomain  []string        `help:"A domain that is no longer this partner's." placeholder:"DOMAIN"`
	partnerFields
	Reminders string `help:"Whether it is reminded of what ends: on or off (as by STOP)." placeholder:"on|off" enum:",on,off" default:""`
	Why       string `help:"A remark for the history." placeholder:"TEXT"`
}

// Help teaches by example.
func (partnersSet) Help() string {
	return `What is not given stays as it is.

    leadmail partners set northwind --agreement 2026-01-05
    leadmail partners set northwind --add-address tom@northwind.example
    leadmail partners set northwind --suspended 2026-03-01 --suspended-reason "trademark misuse"
    leadmail partners set northwind --suspended ""
    leadmail partners set northwind --plan accelerator --plan-until 2027-01-31

A partner whose subscription has ended comes back with: leadmail partners rejoin northwind`
}

// Run changes a partner.
func (c partnersSet) Run(a *app) error {
	return a.changePartner(c.ID, func(r *records, tx *store.Tx) error {
		old, err := partner(tx, c.ID)
		if err != nil {
			return err
		}
		if c.Reminders != "" {
			if err := tx.SetQuiet(c.ID, c.Reminders == "off", a.actor, c.Why); err != nil {
				return err
			}
		}
		p := old
		p.Addresses, p.Domains = slices.Clone(old.Addresses), slices.Clone(old.Domains)
		if err := c.apply(&p, r.policy); err != nil {
			return err
		}
		for _, s := range c.RemoveAddress {
			i := slices.Index(p.Addresses, rules.Address(s))
			if parsed, err := rules.ParseAddress(s); i < 0 && err == nil {
				i = slices.Index(p.Addresses, parsed)
			}
			if i < 0 {
				return failed("leadmail partners show "+string(c.ID)+" shows them", "%s is no address of %s", s, c.ID)
			}
			p.Addresses = slices.Delete(p.Addresses, i, i+1)
		}
		for _, s := range c.RemoveDomain {
			i := slices.Index(p.Domains, strings.ToLower(s))
			if i < 0 {
				return failed("leadmail partners show "+string(c.ID)+" shows them", "%s is no domain of %s", s, c.ID)
			}
			p.Domains = slices.Delete(p.Domains, i, i+1)
		}
		if err := addAddresses(&p, c.AddAddress, c.AddDomain); err != nil {
			return err
		}
		if samePartner(old, p) {
			fmt.Fprintf(a.stdout, "%s is like that already: nothing was changed.\n", c.ID)
			return nil
		}
		return a.savePartner(r, tx, p, c.Why, "changed")
	})
}

// samePartner compares without regard to nil and empty lists.
func samePartner(a, b rules.Partner) bool {
	if !slices.Equal(a.Addresses, b.Addresses) || !slices.Equal(a.Domains, b.Domains) {
		return false
	}
	a.Addresses, a.Domains, b.Addresses, b.Domains = nil, nil, nil, nil
	return reflect.DeepEqual(a, b)
}

type partnersImport struct {
	imported
	Welcome       bool `help:"Send those that are entered a welcome mail."`
	ConfirmLapses *int `help:"How many active partners lapse by this file. It must be said where that is more than 3, or more than 5 % of them." placeholder:"N"`
}

var partnersImportColumns = []string{"id", "name", "addresses", "domains", "organisation", "plan", "joined_on", "agreement_on", "suspended_on", "suspended_reason", "lapsed_on", "plan_until", "certified_on", "mode", "acknowledge_automatic", "paperwork_complete_on", "agreement_version", "state"}

// Help teaches by example.
func (partnersImport) Help() string {
	return `Columns: ` + strings.Join(partnersImportColumns, ", ") + `. Only id is needed for a partner that is there already: a column that is
missing or a cell that is empty changes nothing. Several addresses in one cell are separated by spaces. state is computed, and
agreement_version recorded by the partner's own I AGREE: neither is read.
paperwork_complete_on records that the forms which a payment needs were in on that day and confirmed. What leadmail partners list --csv writes can be read again.

    id,name,addresses,plan,joined_on,agreement_on
    northwind,Northwind Consulting,lena@northwind.example tom@northwind.example,accelerator,2025-11-03,2025-11-03`
}

// Run imports a roster.
func (c partnersImport) Run(a *app) error {
	lines, err := a.readCSV(c.File, partnersImportColumns, []string{"id"})
	if err != nil {
		return err
	}
	seen := map[string]int{}
	var lapses lapses
	err = a.importing(c.imported, lines, func(r *records, tx *store.Tx, l csvLine) (string, string, error) {
		id := l.get("id")
		if first := seen[id]; first > 0 {
			return "", "", fmt.Errorf("%s stands in line %d already", id, first)
		}
		seen[id] = l.line
		old, err := tx.Partner(rules.PartnerID(id))
		isNew := errors.Is(err, store.ErrNotFound)
		if err != nil && !isNew {
			return "", "", err
		}
		p := old
		if isNew {
			if p, err = newPartner(tx, rules.PartnerID(id), r.policy.Day(a.now())); err != nil {
				return "", "", err
			}
		}
		if err := partnerLine(l).apply(&p, r.policy); err != nil {
			return "", "", err
		}
		if list := l.list("addresses"); len(list) > 0 {
			p.Addresses = nil
			if err := addAddresses(&p, list, nil); err != nil {
				return "", "", err
			}
		}
		if list := l.list("domains"); len(list) > 0 {
			p.Domains = nil
			if err := addAddresses(&p, nil, list); err != nil {
				return "", "", err
			}
		}
		if err := sound(p, r.policy); err != nil {
			return "", "", err
		}
		if isNew || !samePartner(old, p) {
			if err := lapses.note(tx, old, p, r.policy.Day(a.now())); err != nil {
				return "", "", err
			}
			if err := savePartner(r, tx, p, a.actor, "import"); err != nil {
				return "", "", err
			}
		}
		papers, err := importPapers(tx, p.ID, l.get("paperwork_complete_on"), a.actor, r.policy.Day(a.now()))
		if err != nil {
			return "", "", err
		}
		if !isNew && !papers && samePartner(old, p) {
			return unchanged, id, nil
		}
		if isNew && c.Welcome {
			_, err := a.greeting(r, tx, p, false, 0)
			return added, id, err
		}
		if isNew {
			return added, id, nil
		}
		return changed, id + lapses.of(p.ID), nil
	}, func() error { return lapses.judge(c.ConfirmLapses) })
	if err != nil || !c.Yes {
		return err
	}
	ids := []rules.PartnerID{}
	for _, l := range lines {
		ids = append(ids, rules.PartnerID(l.get("id")))
	}
	return a.judgeHeld(ids...)
}

// partnerLine makes flags of a line: an empty cell was not given.
func partnerLine(l csvLine) partnerFields {
	cell := func(column string) *string {
		if s := l.get(column); s != "" {
			return &s
		}
		return nil
	}
	f := partnerFields{Name: cell("name"), Plan: cell("plan"), URL: cell("organisation"), Joined: cell("joined_on"), Agreement: cell("agreement_on"),
		Suspended: cell("suspended_on"), SuspendedReason: cell("suspended_reason"), Lapsed: cell("lapsed_on"), PlanUntil: cell("plan_until"), Certified: cell("certified_on"), Mode: cell("mode")}
	if s := cell("acknowledge_automatic"); s != nil {
		yes := slices.Contains([]string{"yes", "true", "1"}, strings.ToLower(*s))
		f.AcknowledgeAutomatic = &yes
	}
	return f
}

// A removed partner's record stays; entering the id again brings it back.
type partnersRemove struct {
	ID  rules.PartnerID `arg:"" help:"The partner's id."`
	Why string          `help:"Why, for the history." placeholder:"TEXT"`
	Yes bool            `help:"Do it. Without this it is only said what would happen."`
}

// Run takes a partner off the roster.
func (c partnersRemove) Run(a *app) error {
	err := a.change(func(r *records, tx *store.Tx) error {
		p, err := partner(tx, c.ID)
		if err != nil {
			return err
		}
		all, err := tx.Registrations(store.RegistrationFilter{Partner: c.ID})
		if err != nil {
			return err
		}
		held := 0
		for _, reg := range all {
			if reg.Outstanding(r.policy, a.now()) {
				held++
			}
		}
		if err := tx.ReleaseLapsed(c.ID, r.policy.Day(a.now()), r.policy); err != nil {
			return err
		}
		if err := tx.RemovePartner(c.ID, a.actor, c.Why); err != nil {
			return fmt.Errorf("cannot remove %s: %w", c.ID, err)
		}
		if !c.Yes {
			fmt.Fprintf(a.stdout, "%s (%s) would be removed and the %d registration(s) that it holds released; do it with --yes.\n", c.ID, terminal(p.Name), held)
			fmt.Fprintf(a.stdout, "A partner whose subscription has ended keeps them for %d days if you set the day instead: leadmail partners set %s --lapsed DATE\n",
				r.policy.ReleaseAfterDays, c.ID)
			return errDry
		}
		fmt.Fprintf(a.stdout, "%s is removed, %d registration(s) are released.\n", c.ID, held)
		return nil
	})
	if errors.Is(err, errDry) {
		return nil
	}
	return err
}
