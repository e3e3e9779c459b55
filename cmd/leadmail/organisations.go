package main

import (
	"cmp"
	"fmt"

	"leadmail/rules"
	"leadmail/store"
)

type organisationsCmd struct {
	List   organisationsList   `cmd:"" help:"The vendor's existing customers."`
	Import organisationsImport `cmd:"" help:"Enter existing customers from a CSV file."`
}

// Help teaches by example.
func (organisationsCmd) Help() string {
	return `An existing customer of the vendor is refused as a Qualified Lead and accepted as a Managed Customer (D15).

    leadmail organisations import customers.csv --yes
    leadmail organisations list`
}

type organisationsList struct {
	shape
}

// Run lists existing customers.
func (c organisationsList) Run(a *app) error {
	return a.view(func(_ *records, tx *store.Tx) error {
		all, err := tx.Customers()
		if err != nil {
			return err
		}
		return show(a.stdout, c.shape, all, "No existing customers are known.",
			column[rules.Customer]{name: "organisation", value: func(o rules.Customer) any { return o.Organisation }},
			column[rules.Customer]{name: "name", value: func(o rules.Customer) any { return o.Name }})
	})
}

type organisationsImport struct {
	imported
}

// Help teaches by example.
func (organisationsImport) Help() string {
	return `Columns: url (or organisation, as list --csv writes it) and name.

    url,name
    acme.example,Acme Ltd`
}

// Run imports existing customers.
func (c organisationsImport) Run(a *app) error {
	lines, err := a.readCSV(c.File, []string{"url", "organisation", "name"}, nil)
	if err != nil {
		return err
	}
	var known map[rules.OrganisationKey]string
	return a.importing(c.imported, lines, func(r *records, tx *store.Tx, l csvLine) (string, string, error) {
		if known == nil {
			all, err := tx.Customers()
			if err != nil {
				return "", "", err
			}
			known = map[rules.OrganisationKey]string{}
			for _, o := range all {
				known[o.Organisation] = o.Name
			}
		}
		url := cmp.Or(l.get("url"), l.get("organisation"))
		key, err := r.policy.Organisation(url)
		if err != nil {
			return "", "", fmt.Errorf("url %q names no organisation; write a website such as acme.example", url)
		}
		old, there := known[key]
		name := cmp.Or(l.get("name"), old)
		if there && name == old {
			return unchanged, string(key), nil
		}
		if err := tx.SaveCustomer(rules.Customer{Organisation: key, Name: name}, a.actor); err != nil {
			return "", "", err
		}
		known[key] = name
		if there {
			return changed, string(key), nil
		}
		return added, string(key), nil
	})
}
