package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadmail/rules"
	"leadmail/store"
)

type registrationsCmd struct {
	List   registrationsList   `cmd:"" help:"Who holds which organisation."`
	Show   registrationsShow   `cmd:"" help:"One registration, with its terms, contacts and history."`
	Add    registrationsAdd    `cmd:"" help:"Enter a registration by hand."`
	Import registrationsImport `cmd:"" help:"Enter registrations granted elsewhere, with their dates, from a CSV file."`
	Export registrationsExport `cmd:"" help:"All registrations as CSV (or --json), as import reads them."`

	Set      registrationsSet      `cmd:"" help:"Change contact data or the lead type (D18, D30)."`
	Renew    registrationsRenew    `cmd:"" help:"Renew one, as the partner's own RENEW would."`
	Withdraw registrationsWithdraw `cmd:"" help:"Withdraw one for its partner: its slot and its organisation are free."`
	Revoke   registrationsRevoke   `cmd:"" help:"Take one away from its partner."`
}

// Help teaches by example.
func (registrationsCmd) Help() string {
	return `A registration is one partner's claim on one organisation, until a day.

    leadmail registrations list --partner northwind --state active
    leadmail registrations show R-7K4Q2M
    leadmail registrations import granted-so-far.csv          (says what would happen)
    leadmail registrations import granted-so-far.csv --yes    (does it)
    leadmail registrations export > registrations.csv
    leadmail registrations renew R-7K4Q2M --because "asked for by phone"
    leadmail registrations withdraw R-7K4Q2M --because "the project was cancelled"`
}

// registrationColumns are what list and export show; import reads the same names.
func registrationColumns(policy rules.Policy, now time.Time) []column[rules.Registration] {
	type reg = rules.Registration
	first := func(r reg) rules.Date {
		if len(r.Terms) == 0 {
			return ""
		}
		return r.Terms[0].From
	}
	return []column[reg]{
		{name: "ref", value: func(r reg) any { return r.Ref }},
		{name: "partner", value: func(r reg) any { return r.Partner }},
		{name: "company", value: func(r reg) any { return r.Prospect.Company }},
		{name: "organisation", value: func(r reg) any { return r.Organisation }},
		{name: "state", value: func(r reg) any { return registrationState(r, policy, policy.Day(now)) }},
		{name: "registered_on", value: func(r reg) any { return first(r) }},
		{name: "expires_on", value: func(r reg) any { return r.Until() }},
		{name: "first_name", value: func(r reg) any { return r.Prospect.FirstName }, wide: true},
		{name: "last_name", value: func(r reg) any { return r.Prospect.LastName }, wide: true},
		{name: "email", value: func(r reg) any { return r.Prospect.Email }, wide: true},
		{name: "url", value: func(r reg) any { return r.Prospect.URL }, wide: true},
		{name: "lead_type", value: func(r reg) any { return r.Prospect.LeadType }},
	}
}

// registrationState is the state as of a day: what has run out has expired, and what a
// lapsed partner held is released, whether or not a transaction has noted it (D2, D5,
// D35).
func registrationState(r rules.Registration, policy rules.Policy, today rules.Date) rules.RegistrationState {
	return cmp.Or(r.Ends(policy, today), r.State)
}

type registrationChoice struct {
	Partner rules.PartnerID         `help:"Only this partner's." placeholder:"ID"`
	State   rules.RegistrationState `help:"Only these: active, expired, under_review, refused, withdrawn, revoked, released, won." placeholder:"STATE"`
}

var registrationStates = []rules.RegistrationState{rules.StateUnderReview, rules.StateRefused, rules.StateActive, rules.StateExpired,
	rules.StateWithdrawn, rules.StateRevoked, rules.StateReleased, rules.StateWon}

// chosen lists what the flags choose. State is compared as of today, so it is
// not the store's filter.
func (c registrationChoice) chosen(r *records, tx *store.Tx, today rules.Date) ([]rules.Registration, error) {
	if err := knownState(c.State, registrationStates); err != nil {
		return nil, err
	}
	if c.Partner != "" {
		if _, err := partner(tx, c.Partner); err != nil {
			return nil, err
		}
	}
	all, err := tx.Registrations(store.RegistrationFilter{Partner: c.Partner})
	if err != nil || c.State == "" {
		return all, err
	}
	return slices.DeleteFunc(all, func(g rules.Registration) bool { return registrationState(g, r.policy, today) != c.State }), nil
}

type registrationsList struct {
	registrationChoice
	shape
}

// Run lists registrations.
func (c registrationsList) Run(a *app) error {
	return a.view(func(r *records, tx *store.Tx) error {
		all, err := c.chosen(r, tx, r.policy.Day(a.now()))
		if err != nil {
			return err
		}
		return show(a.stdout, c.shape, all, "No registrations.", registrationColumns(r.policy, a.now())...)
	})
}

type registrationsExport struct {
	registrationChoice
	JSON bool `name:"json" help:"JSON Lines instead of CSV."`
}

// Run writes all columns.
func (c registrationsExport) Run(a *app) error {
	return a.view(func(r *records, tx *store.Tx) error {
		all, err := c.chosen(r, tx, r.policy.Day(a.now()))
		if err != nil {
			return err
		}
		return show(a.stdout, shape{JSON: c.JSON, CSV: !c.JSON}, all, "", registrationColumns(r.policy, a.now())...)
	})
}

type registrationsShow struct {
	Ref  string `arg:"" help:"A reference such as R-7K4Q2M."`
	JSON bool   `name:"json" help:"One JSON object."`
}

// Run shows a registration, or says what else the reference names.
func (c registrationsShow) Run(a *app) error {
	ref, err := reference(c.Ref)
	if err != nil {
		return err
	}
	return a.view(func(r *records, tx *store.Tx) error {
		reg, err := tx.Registration(ref)
		if errors.Is(err, store.ErrNotFound) {
			return noRegistration(tx, ref)
		}
		if err != nil {
			return err
		}
		columns := append(registrationColumns(r.policy, a.now()),
			column[rules.Registration]{name: "received", value: func(g rules.Registration) any { return g.Received }},
			column[rules.Registration]{name: "ended_at", value: func(g rules.Registration) any { return g.EndedAt }},
		)
		if c.JSON {
			columns = append(columns,
				column[rules.Registration]{name: "terms", value: func(g rules.Registration) any { return g.Terms }},
				column[rules.Registration]{name: "contacts", value: func(g rules.Registration) any { return g.Contacts }})
			return card(a.stdout, shape{JSON: true}, reg, columns...)
		}
		if err := card(a.stdout, shape{}, reg, columns...); err != nil {
			return err
		}
		fmt.Fprintln(a.stdout, "\nterms")
		for _, t := range reg.Terms {
			fmt.Fprintf(a.stdout, "  %d  %s to %s\n", t.N, t.From, t.Until)
		}
		fmt.Fprintln(a.stdout, "\ncontacts")
		for _, p := range reg.Contacts {
			if p != (rules.Contact{}) {
				fmt.Fprintf(a.stdout, "  %s\n", terminal(strings.TrimSpace(p.FirstName+" "+p.LastName+" <"+p.Email+">")))
			}
		}
		return a.history(tx, string(ref))
	})
}

func reference(s string) (rules.Reference, error) {
	ref, err := rules.ParseReference(s)
	if err != nil {
		return "", usage(fmt.Sprintf("%q is no reference", s), "write R- and six characters, such as R-7K4Q2M")
	}
	return ref, nil
}

var registrationsImportColumns = []string{"ref", "partner", "company", "organisation", "url", "first_name", "last_name", "email", "lead_type", "registered_on", "expires_on", "state"}

type registrationsImport struct {
	imported
}

// Help teaches by example.
func (registrationsImport) Help() string {
	return `Columns: ` + strings.Join(registrationsImportColumns, ", ") + `. Needed: partner, company, url, registered_on. Without
expires_on the program's own term is counted from registered_on; without ref a new reference is drawn. organisation and state
are not read: the organisation follows from the url, and a registration whose last day is past is entered as expired. A line
that is there already (same partner, organisation and registered_on) changes nothing.

    partner,company,url,first_name,last_name,email,lead_type,registered_on,expires_on
    northwind,Kuanza Coffee,kuanzacoffee.com,Ana,Paz,ana@kuanzacoffee.com,qualified_lead,2026-05-22,2026-11-22`
}

// Run imports registrations.
func (c registrationsImport) Run(a *app) error {
	lines, err := a.readCSV(c.File, registrationsImportColumns, []string{"partner", "company", "url", "registered_on"})
	if err != nil {
		return err
	}
	return a.importing(c.imported, lines, func(r *records, tx *store.Tx, l csvLine) (string, string, error) {
		what, why, err := a.importRegistration(r, tx, l)
		if what == added && !c.Yes && l.get("ref") == "" {
			// Another reference will be drawn when it is carried out.
			_, why, _ = strings.Cut(why, ", ")
		}
		return what, why, err
	})
}

// importRegistration enters one line. What it says of a line that is wrong is
// what the partner desk would say: whose, until when; it is for staff only.
func (a *app) importRegistration(r *records, tx *store.Tx, l csvLine) (string, string, error) {
	p, err := partner(tx, rules.PartnerID(l.get("partner")))
	if err != nil {
		return "", "", err
	}
	today := r.policy.Day(a.now())
	reg, err := registrationLine(l, r.policy, today)
	if err != nil {
		return "", "", err
	}
	reg.Partner = p.ID
	key := reg.Organisation
	if ref, err := tx.Imported(p.ID, key, reg.Terms[0].From); err == nil {
		return unchanged, fmt.Sprintf("%s is %s of %s", ref, key, p.ID), nil
	} else if !errors.Is(err, store.ErrNotFound) {
		return "", "", err
	}
	if reg.Ref, err = a.freshReference(tx, l.get("ref")); err != nil {
		return "", "", err
	}
	// What has run out gives its slot and its organisation back first (D2).
	if err := tx.Touch(p.ID, []rules.OrganisationKey{key}, today, r.policy); err != nil {
		return "", "", err
	}
	if reg.State == rules.StateActive {
		others, err := tx.Registrations(store.RegistrationFilter{Organisation: key})
		if err != nil {
			return "", "", err
		}
		for _, other := range others {
			if other.Outstanding(r.policy, a.now()) {
				return "", "", fmt.Errorf("%s is held by %s as %s until %s", key, other.Partner, other.Ref, cmp.Or(string(other.Until()), "its review is decided"))
			}
		}
	}
	err = tx.ImportRegistration(reg, r.policy.MaxOutstanding, a.actor)
	if errors.Is(err, store.ErrTaken) {
		err = fmt.Errorf("%s holds %d registrations already, the most that the program allows (P8)", p.ID, r.policy.MaxOutstanding)
	}
	if err != nil {
		return "", "", err
	}
	return added, fmt.Sprintf("%s, %s for %s until %s", reg.Ref, key, p.ID, reg.Until()), nil
}

// registrationLine reads a line, all but its reference and its partner.
func registrationLine(l csvLine, policy rules.Policy, today rules.Date) (rules.Registration, error) {
	none := func(format string, args ...any) (rules.Registration, error) {
		return rules.Registration{}, fmt.Errorf(format, args...)
	}
	if l.get("company") == "" {
		return none("the company is missing")
	}
	key, err := policy.Organisation(l.get("url"))
	if err != nil {
		return none("url %q names no organisation", l.get("url"))
	}
	from, err := rules.ParseDate(l.get("registered_on"))
	if err != nil {
		return none("registered_on %q is no day; write it as 2026-08-31", l.get("registered_on"))
	}
	if from > today {
		return none("registered_on %s lies in the future", from)
	}
	until := rules.Period{Months: policy.ExpiryMonths}.After(from)
	if s := l.get("expires_on"); s != "" {
		if until, err = rules.ParseDate(s); err != nil || until < from {
			return none("expires_on %q is no day on or after registered_on", s)
		}
	}
	kind, err := leadType(l.get("lead_type"))
	if err != nil {
		return rules.Registration{}, err
	}
	// The day's first instant in the program's zone: a mail of that day may
	// have come at any hour.
	midnight, err := time.ParseInLocation(time.DateOnly, string(from), policy.Location())
	if err != nil {
		return rules.Registration{}, err
	}
	state := rules.StateActive
	if until < today {
		state = rules.StateExpired
	}
	return rules.Registration{
		Organisation: key, State: state, Received: midnight.UTC(), Terms: []rules.Term{{N: 1, From: from, Until: until}},
		Prospect: rules.Prospect{FirstName: l.get("first_name"), LastName: l.get("last_name"), Email: l.get("email"),
			URL: l.get("url"), Company: l.get("company"), LeadType: kind},
	}, nil
}

// freshReference reads a given reference, which must be free, or draws one.
func (a *app) freshReference(tx *store.Tx, given string) (rules.Reference, error) {
	if given != "" {
		ref, err := reference(given)
		if err != nil {
			return "", err
		}
		if _, err := tx.Prospect(ref); !errors.Is(err, store.ErrNotFound) {
			return "", errors.Join(err, fmt.Errorf("%s names another prospect already", ref))
		}
		return ref, nil
	}
	for range 100 {
		ref := a.reference()
		if _, err := tx.Prospect(ref); errors.Is(err, store.ErrNotFound) {
			return ref, nil
		} else if err != nil {
			return "", err
		}
	}
	return "", errors.New("no free reference was drawn in a hundred tries")
}

// leadType reads the words that staff use.
func leadType(s string) (rules.LeadType, error) {
	switch strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(s)) {
	case "":
		return "", nil
	case "ql", "q", "qualified", "qualified_lead":
		return rules.QualifiedLead, nil
	case "mc", "m", "managed", "managed_customer", "managed_customer_lead":
		return rules.ManagedCustomer, nil
	}
	return "", fmt.Errorf("lead type %q is not known; write qualified_lead or managed_customer", s)
}

type registrationsAdd struct {
	Partner   rules.PartnerID `required:"" help:"Whose it is." placeholder:"ID"`
	Company   string          `required:"" help:"The organisation's name."`
	URL       string          `name:"url" required:"" help:"Its website." placeholder:"URL"`
	FirstName string          `help:"The contact's first name." placeholder:"NAME"`
	LastName  string          `help:"The contact's last name." placeholder:"NAME"`
	Email     string          `help:"The contact's address." placeholder:"ADDRESS"`
	LeadType  string          `help:"QL or MC." placeholder:"TYPE"`
	On        string          `help:"The day it was registered; today without it." placeholder:"DATE"`
	Until     string          `help:"Its last day; without it, the program's term." placeholder:"DATE"`
}

// Help teaches by example.
func (registrationsAdd) Help() string {
	return `Staff's own entry: the fields that a mail must have may be missing, but the organisation must be free and the partner must
have a slot. No mail is sent.

    leadmail registrations add --partner northwind --company "Kuanza Coffee" --url kuanzacoffee.com --lead-type QL --on 2026-05-22`
}

// Run enters one registration.
func (c registrationsAdd) Run(a *app) error {
	return a.change(func(r *records, tx *store.Tx) error {
		on := cmp.Or(c.On, string(r.policy.Day(a.now())))
		what, why, err := a.importRegistration(r, tx, csvLine{cells: map[string]string{
			"partner": string(c.Partner), "company": c.Company, "url": c.URL, "first_name": c.FirstName, "last_name": c.LastName,
			"email": c.Email, "lead_type": c.LeadType, "registered_on": on, "expires_on": c.Until,
		}})
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%s: %s\n", what, terminal(why))
		return nil
	})
}
