package rules

import "time"

// Verdict is what is known of a sender's identity.
type Verdict string

// The verdicts on a sender.
const (
	// Trusted: authentication.mode is trust_from, the From line was believed.
	Trusted Verdict = "trusted"
	// Verified: the mail proved its From domain.
	Verified Verdict = "verified"
	// Unverified: it did not.
	Unverified Verdict = "unverified"
)

// Sender is who wrote the mail and what that is worth.
type Sender struct {
	Address Address   `json:"address"`
	Partner PartnerID `json:"partner,omitempty"` // "" where the address is nobody's
	Staff   bool      `json:"staff,omitempty"`
	Verdict Verdict   `json:"verdict"`
}

// Customer is an existing customer of the vendor (D15).
type Customer struct {
	Organisation OrganisationKey `json:"organisation"`
	Name         string          `json:"name"`
}

// Conversation is what our last mail in this thread numbered and asked, for a
// reply that says "the second one" or just "QL" (D19).
type Conversation struct {
	// MessageID is our mail's, without brackets; "" where the thread is not ours.
	MessageID string `json:"message_id,omitempty"`
	// Numbering lists the prospects of that mail in the order in which it
	// numbered them, from 1.
	Numbering []Reference `json:"numbering,omitempty"`
}

// Book holds all that Decide may look at: the facts as of a mail's receipt, for
// one partner and the organisations that the mail names.
//
// A registration, an ask and a customer carry dates; Decide compares them with
// Received (D2). Registrations granted to others after Received are in the Book
// too, since what has been decided is never displaced (D3).
type Book struct {
	// Received is the receipt instant of the mail, to the microsecond, in UTC (D1).
	Received time.Time `json:"received"`
	Sender   Sender    `json:"sender"`
	// Partner is the sender's; nil where the sender is nobody's.
	Partner *Partner `json:"partner,omitempty"`
	// Registrations are all of the partner's that occupy a slot, and whoever's at
	// the organisations named, ended ones included, and whoever's outstanding
	// under the names named (D10).
	Registrations []Registration `json:"registrations"`
	// Asks are the partner's prospects in state needs_info.
	Asks []Ask `json:"asks"`
	// Customers are the vendor's among the organisations named.
	Customers []Customer `json:"customers"`
	// Partners maps each organisation named that is another partner's own to
	// that partner (D16).
	Partners map[OrganisationKey]PartnerID `json:"partners,omitempty"`
	// Conversation is that of the mail's thread.
	Conversation Conversation `json:"conversation"`
	// Duplicate is the ledger's id of the mail that this one repeats; 0 for none.
	Duplicate int64 `json:"duplicate,omitempty"`
	// RepliesToday counts our answers to this address on the day of receipt.
	RepliesToday int `json:"replies_today"`
	// References are unused candidates, taken in order.
	References []Reference `json:"references"`
}

// Query names what a Book must hold for a request; the store loads it.
type Query struct {
	Received      time.Time
	Sender        Sender
	Organisations []OrganisationKey
	Names         []NameKey
	Thread        []string
	// Candidates is how many unused references are needed.
	Candidates int
}
