package store

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"time"

	"leadmail/rules"
)

// ProspectState is where a prospect stands (docs/states.md).
type ProspectState string

// The states of a prospect.
const (
	ProspectNeedsInfo    ProspectState = "needs_info"
	ProspectAccepted     ProspectState = "accepted"
	ProspectRejected     ProspectState = "rejected"
	ProspectReview       ProspectState = "review"
	ProspectContactAdded ProspectState = "contact_added"
	ProspectLapsed       ProspectState = "lapsed"
	ProspectWithdrawn    ProspectState = "withdrawn"
	// ProspectHeld was read in a mail that waits for a person as a whole.
	ProspectHeld ProspectState = "held"
)

// Prospect is what has a reference: whatever a decision said of it, and the
// registration, if it became one, under the same reference.
type Prospect struct {
	Ref rules.Reference
	// InboxID is the mail of the latest decision; 0 for an import.
	InboxID      int64
	Partner      rules.PartnerID
	State        ProspectState
	Prospect     rules.Prospect
	Organisation rules.OrganisationKey
	Reasons      []rules.Reason
	// Asked, Proposal and NoWebsite are as in rules.Ask.
	Asked     int
	Proposal  string
	NoWebsite bool
	// Last is the receipt of the mail of the latest decision.
	Last      time.Time
	DecidedAt time.Time
}

// LogValue keeps the contact's data out of the logs.
func (p Prospect) LogValue() slog.Value {
	return slog.GroupValue(slog.String("ref", string(p.Ref)), slog.String("partner", string(p.Partner)), slog.String("state", string(p.State)))
}

const prospectColumns = `ref, COALESCE(inbox_id, 0), partner, state, first_name, last_name, email, url, company, lead_type,
	organisation, reasons, asked, proposal, no_website, last, decided_at`

func scanProspect(scan scan) (Prospect, error) {
	var r Prospect
	var reasons string
	p := &r.Prospect
	err := scan(&r.Ref, &r.InboxID, &r.Partner, &r.State, &p.FirstName, &p.LastName, &p.Email, &p.URL, &p.Company, &p.LeadType,
		&r.Organisation, &reasons, &r.Asked, &r.Proposal, &r.NoWebsite, instant{&r.Last}, instant{&r.DecidedAt})
	if err == nil {
		r.Reasons, err = parseReasons(reasons)
	}
	return r, err
}

// Prospect returns what a reference names.
func (tx *Tx) Prospect(ref rules.Reference) (Prospect, error) {
	all, err := list(tx, scanProspect, "SELECT "+prospectColumns+" FROM prospects WHERE ref = $1", ref)
	return sole(all, err, "prospect %s", ref)
}

// Asks are a partner's prospects that wait for missing lines, oldest first, the
// lapsed ones (D21) included. "" is nobody and has none.
func (tx *Tx) Asks(partner rules.PartnerID) ([]rules.Ask, error) {
	return tx.AskedSince(partner, time.Time{})
}

// AskedSince are those of the asks whose latest mail was received at an instant or
// later. What has lapsed stays on record for good, and no decision needs it.
func (tx *Tx) AskedSince(partner rules.PartnerID, since time.Time) ([]rules.Ask, error) {
	var earliest any = int64(math.MinInt64)
	if !since.IsZero() {
		earliest = at(since)
	}
	open, err := list(tx, scanProspect, "SELECT "+prospectColumns+` FROM prospects
		WHERE partner = $1 AND state = 'needs_info' AND last >= $2 ORDER BY last, ref`, partner, earliest)
	asks := make([]rules.Ask, len(open))
	for i, p := range open {
		asks[i] = rules.Ask{Ref: p.Ref, Partner: p.Partner, Prospect: p.Prospect, Asked: p.Asked, Last: p.Last, Proposal: p.Proposal, NoWebsite: p.NoWebsite}
	}
	return asks, err
}

func prospectArgs(r Prospect) ([]any, error) {
	if r.Reasons == nil {
		r.Reasons = []rules.Reason{}
	}
	reasons, err := asJSON(r.Reasons)
	p := r.Prospect
	return []any{r.Ref, orNull(r.InboxID), r.Partner, r.State, p.FirstName, p.LastName, p.Email, p.URL, p.Company, p.LeadType,
		r.Organisation, reasons, r.Asked, r.Proposal, r.NoWebsite, at(r.Last), at(r.DecidedAt)}, err
}

// insertProspect takes a reference. ErrTaken where somebody has it.
func (tx *Tx) insertProspect(r Prospect) error {
	args, err := prospectArgs(r)
	if err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO prospects (ref, inbox_id, partner, state, first_name, last_name, email, url, company, lead_type,
		organisation, reasons, asked, proposal, no_website, last, decided_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`, args...)
	if err != nil {
		return fmt.Errorf("prospect %s: %w", r.Ref, err)
	}
	return nil
}

// updateProspect decides an open ask again. ErrTaken where it is not open any
// more.
func (tx *Tx) updateProspect(r Prospect) error {
	args, err := prospectArgs(r)
	if err != nil {
		return err
	}
	n, err := tx.exec(`UPDATE prospects SET inbox_id = $2, state = $4, first_name = $5, last_name = $6, email = $7, url = $8, company = $9,
		lead_type = $10, organisation = $11, reasons = $12, asked = $13, proposal = $14, no_website = $15, last = $16, decided_at = $17
		WHERE ref = $1 AND partner = $3 AND state = 'needs_info'`, args...)
	if err == nil && n == 0 {
		err = ErrTaken
	}
	if err != nil {
		return fmt.Errorf("ask %s: %w", r.Ref, err)
	}
	return nil
}

func parseReasons(s string) ([]rules.Reason, error) {
	var reasons []rules.Reason
	err := json.Unmarshal([]byte(s), &reasons)
	return reasons, err
}
