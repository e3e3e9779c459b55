package rules

// OrganisationKey names an organisation: the registrable domain of its URL as
// A-labels (D7), or a host and path where many organisations share one host
// (D8), such as linkedin.com/company/acme. It is stored once and never
// recomputed.
type OrganisationKey string

// NameKey is the normal form of a company name, in which two spellings of one
// name agree: no case, accents, punctuation or legal form (D10).
type NameKey string
