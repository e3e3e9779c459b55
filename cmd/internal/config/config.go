package config

import (
	_ "embed"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"leadmail/rules"
)

// The comments on the fields below are what an operator reads in
// leadmail.example.yaml: they say what the key does, its unit and what happens
// without it. Tags: `yaml` is the key; `example` is written there as a value to
// be replaced; `doc:"-"` leaves a key out.

// Example is the annotated configuration that init writes.
//
//go:embed leadmail.example.yaml
var Example string

// Config is all of leadmail.yaml.
type Config struct {
	// How much the desk does by itself. shadow: it decides and records, files
	// nothing and writes to staff only. approve: every reply waits until staff
	// release it. auto: replies go out at once. A partner can have a mode of its
	// own (leadmail partners set ID --mode auto).
	Mode rules.Mode `yaml:"mode" example:"approve"`
	// The partner program, in whose name the desk answers.
	Program Program `yaml:"program"`
	// The partners mailbox.
	IMAP IMAP `yaml:"imap"`
	// The server that takes our replies.
	SMTP SMTP `yaml:"smtp"`
	// Where everything is kept: a file (SQLite, for one daemon), or
	// postgres://user@host/name. A password for PostgreSQL is better not written
	// here: PGPASSFILE and PGPASSWORD are read.
	Database Database `yaml:"database"`
	// How it is known that a mail is from whom it says.
	Authentication Authentication `yaml:"authentication"`
	// The people at the partner desk.
	Staff Staff `yaml:"staff"`
	// When partners are reminded of what ends.
	Reminders Reminders `yaml:"reminders"`
	// What protects the desk from too much.
	Limits Limits `yaml:"limits"`
	// A folder with templates of your own; a file there replaces the one of the
	// same name. Without it the built-in words are used.
	Templates Path `yaml:"templates"`

	// File is where the configuration was read from.
	File string `yaml:"-"`

	env func(string) (string, bool)
}

// Program names the program and holds its rules (docs/policy.md).
type Program struct {
	// The program's name, as partners read it.
	Name string `yaml:"name" example:"Example Partner Program"`
	// The address that partners write to and that answers them.
	Address rules.Address `yaml:"address" example:"partners@vendor.example"`
	// The one time zone of all dates (D6): an IANA name such as Europe/Berlin.
	TimeZone string `yaml:"time_zone" example:"UTC"`
	// How many calendar months a registration lasts (P7, D4).
	ExpiryMonths int `yaml:"expiry_months"`
	// How many registrations a partner may hold at a time (P8, D11).
	MaxOutstanding int `yaml:"max_outstanding"`
	// For how many days the missing lines of a prospect may still be sent (D21).
	CompletionDays int `yaml:"completion_days"`
	// How often they are asked for before a person takes over (D21).
	MaxAsks int `yaml:"max_asks"`
	// How many days a renewal lasts (P7, D24).
	RenewalDays int `yaml:"renewal_days"`
	// How many days before its end a registration can be renewed (D26).
	RenewalWindow int `yaml:"renewal_window"`
	// Whether it can be renewed before its end at all (D26).
	RenewalEarly bool `yaml:"renewal_early"`
	// How often one registration can be renewed; 0 is without limit (D28).
	MaxRenewals int `yaml:"max_renewals"`
	// After how many days an expired registration counts as new again; 0 is
	// never: it is renewed (D25).
	FreshAfterDays int `yaml:"fresh_after_days"`
	// Within how many hours a review should be decided, weekends not counted (D33).
	ReviewHours int `yaml:"review_hours"`
	// For how many days the registrations of a lapsed partner stay frozen (D35).
	ReleaseAfterDays int `yaml:"release_after_days"`
	// The Partner Program Agreement that partners accept by I AGREE (P1, D34).
	Agreement Agreement `yaml:"agreement"`
	// The plans that admit to the program (P9, D36).
	EntryPlans []string `yaml:"entry_plans"`
	// The lead types under which an existing customer of the vendor can be
	// registered (D15).
	RegisterCustomers []rules.LeadType `yaml:"register_customers"`
	// What earns revenue share.
	RevenueShare RevenueShare `yaml:"revenue_share"`
	// The vendor's own domains, which are nobody's prospect (D7). The domain of
	// program.address always counts.
	VendorDomains []string `yaml:"vendor_domains"`
	// Public mail domains beyond the built-in list: no website is proposed from
	// an address there (D22), and none can be a partner's (D31).
	MailDomains []string `yaml:"mail_domains"`
	// Hosts that carry the pages of many organisations, beyond the built-in list
	// (D8). With the entry below, hub.example/members/acme is Acme.
	SharedHosts []SharedHost `yaml:"shared_hosts" example:"{host: hub.example, prefix: members, segments: 1}"`
}

// Agreement is what partners are asked to accept.
type Agreement struct {
	// How you call the version in force, such as 2026-01. Without it an I AGREE waits
	// for a person, who records the day (leadmail partners set ID --agreement DATE).
	Version string `yaml:"version"`
	// Its file, such as agreement.pdf: it goes with the welcome mail, and its SHA-256
	// is recorded with each agreement. Another file is another agreement: give it
	// another version.
	File Path `yaml:"file"`
	// The page where partners read it.
	URL string `yaml:"url"`
}

// RevenueShare says what a registration can earn.
type RevenueShare struct {
	// The lead types that earn (P3, D42).
	LeadTypes []rules.LeadType `yaml:"lead_types"`
}

// SharedHost is a host with many organisations' pages.
type SharedHost struct {
	// The host, with all its subdomains.
	Host string `yaml:"host"`
	// What an organisation's path begins with.
	Prefix string `yaml:"prefix"`
	// How many path segments after that name it; 0: no page there is an organisation.
	Segments int `yaml:"segments"`
}

// IMAP is the mailbox that is read.
type IMAP struct {
	// Host and port.
	Address string `yaml:"address" example:"imap.vendor.example:993"`
	// tls (port 993), starttls (port 143), or none, which only a server on this
	// machine may have.
	TLS TLS `yaml:"tls"`
	// A file with the certificates to trust beside the system's, in PEM.
	CAFile Path `yaml:"ca_file"`
	// How to log in: password. (oauth2 comes later.)
	Auth Auth `yaml:"auth"`
	// The name to log in with.
	Username string `yaml:"username" example:"partners@vendor.example"`
	// The password: a file that contains nothing else, or the name of an
	// environment variable; one of the two.
	PasswordFile Path   `yaml:"password_file"`
	PasswordEnv  string `yaml:"password_env" example:"LEADMAIL_IMAP_PASSWORD"`
	// The folder in which mail arrives.
	Mailbox string `yaml:"mailbox"`
	// Where mail is filed once handled; created when missing.
	Folders Folders `yaml:"folders"`
	// What the first start does with mail that is already there: now leaves it
	// where it lies, all handles it too.
	Start Start `yaml:"start"`
	// How often the mailbox is searched, whatever the server announces.
	Poll time.Duration `yaml:"poll"`
	// For how long one IDLE waits for an announcement; servers and firewalls
	// hang up on longer ones. 4m to 9m.
	Idle time.Duration `yaml:"idle"`
	// How long the server may take to answer one command.
	Timeout time.Duration `yaml:"timeout"`
	// Whether a copy of each reply is put into folders.sent. Say false where
	// the provider keeps sent mail itself, as Gmail does.
	SentCopy bool `yaml:"sent_copy"`
}

// Folders gives each role its folder's name. The separator is always written
// as /, whatever the server's is.
type Folders struct {
	// Decided and answered.
	Processed string `yaml:"processed"`
	// Waits for a person.
	Review string `yaml:"review"`
	// Out-of-office and other machines' mail.
	Automatic string `yaml:"automatic"`
	// Mail that came back.
	Bounces string `yaml:"bounces"`
	// Tax and bank forms.
	Paperwork string `yaml:"paperwork"`
	// Mail that could not be handled.
	Quarantine string `yaml:"quarantine"`
	// Copies of our replies.
	Sent string `yaml:"sent"`
	// What staff put here is read again.
	Reprocess string `yaml:"reprocess"`
}

// SMTP is the server that sends.
type SMTP struct {
	// Host and port.
	Address string `yaml:"address" example:"smtp.vendor.example:587"`
	// starttls (port 587), tls (port 465), or none, which only a server on this
	// machine may have.
	TLS TLS `yaml:"tls"`
	// A file with the certificates to trust beside the system's, in PEM.
	CAFile Path `yaml:"ca_file"`
	// How to log in: password. (oauth2 comes later.)
	Auth Auth `yaml:"auth"`
	// The name to log in with; without one there is no login.
	Username string `yaml:"username" example:"partners@vendor.example"`
	// The password: a file that contains nothing else, or the name of an
	// environment variable; one of the two.
	PasswordFile Path   `yaml:"password_file"`
	PasswordEnv  string `yaml:"password_env" example:"LEADMAIL_SMTP_PASSWORD"`
	// The name we greet the server with; without it, the domain of
	// program.address.
	Hello string `yaml:"hello"`
	// How long the server may take to answer one command.
	Timeout time.Duration `yaml:"timeout"`
}

// Authentication says whom to believe.
type Authentication struct {
	// Must be written. results believes the Authentication-Results of your own
	// server, named below. dkim verifies signatures itself, for a server that
	// writes no such results; it asks the DNS. trust_from believes the From line
	// of every mail: only for a mailbox that nobody but a filtering server can
	// deliver to. SECURITY.md says how to configure which server.
	Mode rules.AuthMode `yaml:"mode" example:"trust_from"`
	// For results: the name at the beginning of your server's own
	// Authentication-Results, such as mx.vendor.example or mx.google.com. Fields
	// that bear another name are never believed.
	AuthservID string `yaml:"authserv_id"`
	// For results at Microsoft 365, which writes no name: the topmost field is
	// believed, and DMARC alone counts. Instead of authserv_id.
	Microsoft365 bool `yaml:"microsoft365"`
	// For results: what proves a sender. dmarc: a DMARC pass of the From domain;
	// dkim_aligned, spf_aligned: a pass of a domain of the same organisation.
	// spf_aligned is the weakest: many customers share the servers of one host.
	Accept []rules.AuthMethod `yaml:"accept"`
	// Mailing lists in front of the mailbox, by their List-Id (a Google Group
	// that delivers into it): mail through these is read as if it came directly.
	Lists []string `yaml:"lists"`
	// A file with the key of the tokens by which staff decide by mail. Without it
	// one is made up and kept in the database. Another key makes the tokens that
	// are out worthless.
	SecretFile Path `yaml:"secret_file"`
	// The same as the name of an environment variable; one of the two.
	SecretEnv string `yaml:"secret_env"`
}

// Staff are the people who are told.
type Staff struct {
	// Who gets confirmations, the digest, reminders of what waits, and alerts.
	Addresses []rules.Address `yaml:"addresses" example:"desk@vendor.example"`
	// each: one confirmation a mail, and the digest where there is something to
	// say. daily: the digest alone, which comes each time then; what waits for a
	// person is answered from there.
	Confirmations Confirmations `yaml:"confirmations"`
	// When the digest comes, and reminders of what has waited for longer than
	// program.review_hours: a cron expression in the program's zone, as in
	// reminders.cron; once a day at most. off sends neither.
	Digest string `yaml:"digest"`
}

// Reminders are told once a day at most.
type Reminders struct {
	// When, as a cron expression in the program's zone: minute, hour, day of the
	// month, month, day of the week. Of several hours a day the first counts; off
	// makes none.
	Cron string `yaml:"cron"`
	// How many days before the last day of a registration; -1 is the day after.
	Stages []int `yaml:"stages"`
	// The same for the last day of a partner's paperwork, six months after joining
	// (D37).
	PaperworkStages []int `yaml:"paperwork_stages"`
	// The same for the last day of a partner's own plan, where that is known
	// (leadmail partners set ID --plan-until DATE); -1 is the day of the lapse (D35).
	MembershipStages []int `yaml:"membership_stages"`
}

// Limits keep one sender from keeping the desk busy.
type Limits struct {
	// The largest mail that is read. Of a larger one only the header is, and a
	// person sees it.
	MessageBytes Bytes `yaml:"message_bytes"`
	// How many answers one address gets a day; further mail is decided and
	// filed, unanswered.
	RepliesPerDay int `yaml:"replies_per_day"`
	// How many all addresses of a domain get together, a day.
	RepliesPerDomain int `yaml:"replies_per_domain"`
	// How many go into one conversation, a day.
	RepliesPerThread int `yaml:"replies_per_thread"`
	// How many everybody gets together, a day: the breaker. What is reached stops
	// answers and never the reading, and staff are told.
	RepliesInAll int `yaml:"replies_in_all"`
	// How many CHECKs of a partner are answered a day: the desk is no directory of
	// who is registered.
	ChecksPerDay int `yaml:"checks_per_day"`
	// After how many answers in a row that settled nothing (nothing was found, a
	// person must answer, the same was asked again), in one conversation or under
	// one subject of one domain, the next one is left to a person: it may be a
	// machine that answers ours.
	IdleReplies int `yaml:"idle_replies"`
	// How many new prospects of one partner on one day the digest tells staff of
	// (D17). Nothing is refused for it; 0 tells of none.
	BurstProspects int `yaml:"burst_prospects"`
}

// Words of the file that have a type of their own.
type (
	// TLS is how a connection is protected.
	TLS string
	// Auth is how a login is done.
	Auth string
	// Start is what the first start does with old mail.
	Start string
	// Confirmations is how staff are told.
	Confirmations string
	// Path is a file or folder; a relative one has been joined to the folder of
	// the configuration by Load.
	Path string
	// Bytes is a size; the file writes 25 MiB, 200 KiB or a plain number.
	Bytes int64
	// Database is a file or a postgres:// URL.
	Database string
)

// Their values.
const (
	TLSOn        TLS  = "tls"
	TLSStart     TLS  = "starttls"
	TLSNone      TLS  = "none"
	AuthPassword Auth = "password"

	StartNow Start = "now"
	StartAll Start = "all"

	ConfirmEach  Confirmations = "each"
	ConfirmDaily Confirmations = "daily"
)

// Default is a configuration with everything that has a default.
func Default() Config {
	p := rules.DefaultPolicy()
	return Config{
		Mode: rules.ModeApprove,
		Program: Program{
			TimeZone:          p.Zone,
			ExpiryMonths:      p.ExpiryMonths,
			MaxOutstanding:    p.MaxOutstanding,
			CompletionDays:    p.CompletionDays,
			MaxAsks:           p.MaxAsks,
			RenewalDays:       p.RenewalDays,
			RenewalWindow:     p.RenewalWindow,
			RenewalEarly:      p.RenewalEarly,
			MaxRenewals:       p.MaxRenewals,
			FreshAfterDays:    p.FreshAfterDays,
			ReviewHours:       p.ReviewHours,
			ReleaseAfterDays:  p.ReleaseAfterDays,
			EntryPlans:        p.EntryPlans,
			RegisterCustomers: p.RegisterCustomers,
			RevenueShare:      RevenueShare{LeadTypes: p.EarningTypes},
		},
		IMAP: IMAP{
			TLS:     TLSOn,
			Auth:    AuthPassword,
			Mailbox: "INBOX",
			Folders: Folders{
				Processed:  "Leadmail/Processed",
				Review:     "Leadmail/Review",
				Automatic:  "Leadmail/Automatic",
				Bounces:    "Leadmail/Bounces",
				Paperwork:  "Leadmail/Paperwork",
				Quarantine: "Leadmail/Quarantine",
				Sent:       "Leadmail/Sent",
				Reprocess:  "Leadmail/Reprocess",
			},
			Start:    StartNow,
			Poll:     2 * time.Minute,
			Idle:     5 * time.Minute,
			Timeout:  time.Minute,
			SentCopy: true,
		},
		SMTP: SMTP{
			TLS:     TLSStart,
			Auth:    AuthPassword,
			Timeout: time.Minute,
		},
		Database:       "leadmail.db",
		Authentication: Authentication{Accept: []rules.AuthMethod{rules.AcceptDMARC, rules.AcceptDKIM}},
		Reminders:      Reminders{Cron: "0 8 * * *", Stages: p.ReminderStages, MembershipStages: p.MembershipStages, PaperworkStages: p.PaperworkStages},
		Staff:          Staff{Confirmations: ConfirmEach, Digest: "30 7 * * 1-5"},
		Limits: Limits{MessageBytes: 25 << 20, RepliesPerDay: p.RepliesPerDay, RepliesPerDomain: p.RepliesPerDomain,
			RepliesPerThread: p.RepliesPerThread, RepliesInAll: p.RepliesInAll, ChecksPerDay: p.ChecksPerDay, IdleReplies: p.IdleReplies, BurstProspects: p.BurstProspects},
	}
}

// Trust is the section as rules judge by it.
func (a Authentication) Trust() rules.Trust {
	return rules.Trust{Mode: a.Mode, AuthservID: a.AuthservID, Microsoft365: a.Microsoft365, Accept: a.Accept}
}

// Name is the name of the folder with a role; "" for a role that has none.
func (f Folders) Name(role rules.Folder) string {
	switch role {
	case rules.FolderProcessed:
		return f.Processed
	case rules.FolderReview:
		return f.Review
	case rules.FolderAutomatic:
		return f.Automatic
	case rules.FolderBounces:
		return f.Bounces
	case rules.FolderPaperwork:
		return f.Paperwork
	case rules.FolderQuarantine:
		return f.Quarantine
	case rules.FolderSent:
		return f.Sent
	case rules.FolderReprocess:
		return f.Reprocess
	}
	return ""
}

// All are the names of all folders, in the order of declaration.
func (f Folders) All() []string {
	return []string{f.Processed, f.Review, f.Automatic, f.Bounces, f.Paperwork, f.Quarantine, f.Sent, f.Reprocess}
}

// Postgres says whether the database is a PostgreSQL server's.
func (d Database) Postgres() bool {
	return strings.HasPrefix(string(d), "postgres://") || strings.HasPrefix(string(d), "postgresql://")
}

// String is the database as it may be shown: a password prints as ***.
func (d Database) String() string {
	if !d.Postgres() {
		return string(d)
	}
	u, err := url.Parse(string(d))
	if err != nil {
		return "postgres://***" // what cannot be read cannot be masked in part
	}
	q := u.Query()
	masked := false
	for _, k := range []string{"password", "sslpassword"} {
		if q.Has(k) {
			q.Set(k, "***")
			masked = true
		}
	}
	if masked {
		u.RawQuery = strings.ReplaceAll(q.Encode(), "%2A", "*")
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), "SECRET")
		return strings.Replace(u.String(), ":SECRET@", ":***@", 1)
	}
	return u.String()
}

// GoString is String: %#v must not show more.
func (d Database) GoString() string { return d.String() }

// LogValue is String.
func (d Database) LogValue() slog.Value { return slog.StringValue(d.String()) }

// URL is the database as it is opened, password included.
func (d Database) URL() string { return string(d) }

// within joins a relative path to the folder of the configuration.
func (p *Path) within(folder string) {
	if *p != "" && !filepath.IsAbs(string(*p)) {
		*p = Path(filepath.Join(folder, string(*p)))
	}
}
