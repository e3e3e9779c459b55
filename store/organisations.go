package store

import (
	"fmt"

	"leadmail/rules"
)

func scanCustomer(scan scan) (rules.Customer, error) {
	var c rules.Customer
	return c, scan(&c.Organisation, &c.Name)
}

// Customers lists the vendor's existing customers (D15), by organisation.
func (tx *Tx) Customers() ([]rules.Customer, error) {
	return list(tx, scanCustomer, "SELECT organisation, name FROM customers ORDER BY organisation")
}

// SaveCustomer enters or renames an existing customer.
func (tx *Tx) SaveCustomer(c rules.Customer, actor string) error {
	n, err := tx.exec(`INSERT INTO customers (organisation, name, since) VALUES ($1, $2, $3)
		ON CONFLICT (organisation) DO UPDATE SET name = excluded.name WHERE customers.name <> excluded.name`, c.Organisation, c.Name, at(tx.now))
	if err != nil {
		return fmt.Errorf("customer %s: %w", c.Organisation, err)
	}
	if n == 0 {
		return nil
	}
	return tx.Note(actor, string(c.Organisation), "existing customer", "")
}
