package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Policy holds the program's numbers. Its canonical JSON and hash are recorded
// with every decision, so that each can be made again from the record.
type Policy struct {
	// Zone is the IANA name of the program's one time zone (D6).
	Zone string `json:"time_zone"`
	// ExpiryMonths is how long an accepted registration lasts (P7, D4).
	ExpiryMonths int `json:"expiry_months"`
	// MaxOutstanding is how many a partner may hold at a time (P8, D11).
	MaxOutstanding int `json:"max_outstanding"`
	// CompletionDays is how long an ask stays open (D21).
	CompletionDays int `json:"completion_days"`
	// MaxAsks is how often a prospect's missing lines are asked for (D21).
	MaxAsks int `json:"max_asks"`
	// RenewalDays is how long a renewal lasts, in days (P7, D24).
	RenewalDays int `json:"renewal_days"`
	// RenewalWindow is how many days before the end a renewal is queued (D26).
	RenewalWindow int `json:"renewal_window"`
	// RenewalEarly allows it (D26).
	RenewalEarly bool `json:"renewal_early"`
	// MaxRenewals limits renewals of one registration; 0 is no limit (D28).
	MaxRenewals int `json:"max_renewals"`
	// FreshAfterDays is after how many days an expired registration counts as
	// new again; 0 is never (D25).
	FreshAfterDays int `json:"fresh_after_days"`
	// ReviewHours is how long a review may take, weekends not counted (D33).
	ReviewHours int `json:"review_hours"`
	// ReleaseAfterDays is how long a lapsed partner's registrations are frozen (D35).
	ReleaseAfterDays int `json:"release_after_days"`
	// ReminderStages are how many days before a last day partners are reminded of
	// it; -1 is the day after.
	ReminderStages []int `json:"reminder_stages"`
	// PaperworkStages are the same for the deadline of the paperwork (D37).
	PaperworkStages []int `json:"paperwork_stages"`
	// Agreement is the Partner Program Agreement that I AGREE accepts (D34).
	Agreement Agreement `json:"agreement"`
	// MembershipStages are the same for the last day of a partner's own plan (D35).
	MembershipStages []int `json:"membership_stages"`
	// EntryPlans are those that admit to the program (P9, D36).
	EntryPlans []string `json:"entry_plans"`
	// RegisterCustomers are the lead types under which an existing customer of
	// the vendor may be registered (D15).
	RegisterCustomers []LeadType `json:"register_customers"`
	// EarningTypes are the lead types that earn revenue share (P3, D42).
	EarningTypes []LeadType `json:"earning_types"`
	// VendorDomains are the vendor's own: never a prospect's (D7).
	VendorDomains []string `json:"vendor_domains"`
	// SharedHosts and MailDomains extend the program's data files (D8, D22).
	SharedHosts []SharedHost `json:"shared_hosts"`
	MailDomains []string     `json:"mail_domains"`
	// RepliesPerDay is how many answers one address gets a day.
	RepliesPerDay int `json:"replies_per_day"`
	// ChecksPerDay is how many CHECKs a partner gets answered a day; 0 is no limit.
	ChecksPerDay int `json:"checks_per_day"`
	// RepliesPerDomain, RepliesPerThread and RepliesInAll are the same for a
	// domain, a conversation and everybody together.
	RepliesPerDomain int `json:"replies_per_domain"`
	RepliesPerThread int `json:"replies_per_thread"`
	RepliesInAll     int `json:"replies_in_all"`
	// IdleReplies is how many answers that settle nothing follow each other in a
	// conversation, or under one subject of one domain.
	IdleReplies int `json:"idle_replies"`
	// BurstProspects is how many new prospects of one partner on one day staff are
	// told of; 0 is never (D17).
	BurstProspects int `json:"burst_prospects"`

	zone *time.Location
}

// DefaultPolicy is RULES.md as it stands.
func DefaultPolicy() Policy {
	return Policy{
		Zone:              "UTC",
		ExpiryMonths:      6,
		MaxOutstanding:    50,
		CompletionDays:    30,
		MaxAsks:           2,
		RenewalDays:       90,
		RenewalWindow:     30,
		RenewalEarly:      true,
		ReviewHours:       48,
		ReleaseAfterDays:  14,
		ReminderStages:    []int{30, 14, 7, 1, -1},
		PaperworkStages:   []int{90, 60, 30, 14, 7, 1, -1},
		MembershipStages:  []int{30, 14, 7, 1, -1},
		EntryPlans:        []string{"mentor", "accelerator", "enterprise"},
		RegisterCustomers: []LeadType{ManagedCustomer},
		EarningTypes:      []LeadType{QualifiedLead},
		VendorDomains:     []string{},
		SharedHosts:       []SharedHost{},
		MailDomains:       []string{},
		RepliesPerDay:     50,
		ChecksPerDay:      20,
		RepliesPerDomain:  200,
		RepliesPerThread:  20,
		RepliesInAll:      2000,
		IdleReplies:       2,
		BurstProspects:    15,
		zone:              time.UTC,
	}
}

// SharedHost is a host on which many organisations have their pages (D8).
type SharedHost struct {
	// Host is the name without www., matched with all its subdomains.
	Host string `json:"host"`
	// Prefix is what an organisation's path begins with: "company" for
	// linkedin.com/company/acme; "" where the path begins with the organisation.
	Prefix string `json:"prefix"`
	// Segments is how many path segments after the prefix name it; 0 means that
	// no page of this host is an organisation.
	Segments int `json:"segments"`
}

// Location is the program's zone.
func (p Policy) Location() *time.Location {
	if p.zone != nil {
		return p.zone
	}
	return time.UTC
}

// Day is the day of an instant in the program's zone.
func (p Policy) Day(t time.Time) Date { return DateOf(t, p.Location()) }

// In returns the policy with its zone set and loaded.
func (p Policy) In(zone string) (Policy, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		return p, fmt.Errorf("%w time_zone %q: want an IANA name such as Europe/Berlin or UTC", ErrInvalid, zone)
	}
	p.Zone, p.zone = zone, loc
	return p, nil
}

// Canonical is the policy as JSON, keys in the order of declaration and lists
// never null: equal policies give equal bytes.
func (p Policy) Canonical() []byte {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // a struct of strings, numbers and lists of them
	}
	return b
}

// Hash is the SHA-256 of the canonical JSON, in hexadecimal.
func (p Policy) Hash() string {
	sum := sha256.Sum256(p.Canonical())
	return hex.EncodeToString(sum[:])
}

// ParsePolicy reads canonical JSON back.
func ParsePolicy(b []byte) (Policy, error) {
	p := DefaultPolicy()
	if err := json.Unmarshal(b, &p); err != nil {
		return Policy{}, fmt.Errorf("policy: %w", err)
	}
	return p.In(p.Zone)
}
