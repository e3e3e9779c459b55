package rules

import (
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// ErrInvalid is wrapped by every Parse function of this package.
var ErrInvalid = errors.New("invalid")

// Reference names one prospect for good, such as R-7K4Q2M. The partner reads
// it in every answer and quotes it in every question.
type Reference string

// crockford is Crockford's base32 alphabet: no I, L, O or U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ParseReference reads a reference strictly: R-, then six characters of
// Crockford's base32. Letter case is forgiven, look-alikes (O for 0) are not: a
// guess could name somebody else's registration.
func ParseReference(s string) (Reference, error) {
	r := strings.ToUpper(strings.TrimSpace(s))
	if len(r) != 8 || r[:2] != "R-" {
		return "", fmt.Errorf("%w reference %q: want R- and six characters, such as R-7K4Q2M", ErrInvalid, s)
	}
	for _, c := range r[2:] {
		if !strings.ContainsRune(crockford, c) {
			return "", fmt.Errorf("%w reference %q: %q is not used in references", ErrInvalid, s, c)
		}
	}
	return Reference(r), nil
}

// NewReference spells 30 random bits as a reference; higher bits are ignored.
func NewReference(bits uint32) Reference {
	b := []byte("R-000000")
	for i := 7; i > 1; i-- {
		b[i] = crockford[bits&31]
		bits >>= 5
	}
	return Reference(b)
}

// Address is a mail address as it was registered or read: the local part to
// the letter (RFC 5321, section 2.3.11: only its own host may interpret it), the
// domain in lower case and as A-labels.
type Address string

// ParseAddress reads one bare address. Display names, lists and groups are
// refused.
func ParseAddress(s string) (Address, error) {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || strings.ContainsAny(s, "<>") {
		return "", fmt.Errorf("%w address %q", ErrInvalid, s)
	}
	at := strings.LastIndexByte(a.Address, '@')
	host, err := idna.Lookup.ToASCII(strings.ToLower(a.Address[at+1:]))
	if err != nil || !strings.Contains(host, ".") || strings.HasPrefix(host, "[") {
		return "", fmt.Errorf("%w address %q: its domain is not usable", ErrInvalid, s)
	}
	return Address(a.Address[:at+1] + host), nil
}

// Domain is what stands after the at sign.
func (a Address) Domain() string { return string(a[strings.LastIndexByte(string(a), '@')+1:]) }

// LogValue hides the local part: logs carry no personal data above debug.
func (a Address) LogValue() slog.Value {
	if a == "" {
		return slog.StringValue("")
	}
	return slog.StringValue("…@" + a.Domain())
}

// SameMailbox says whether two addresses reach the same person for all that a
// contact list cares about: letter case does not count. It is never used to
// say who sent a mail.
func (a Address) SameMailbox(b Address) bool { return strings.EqualFold(string(a), string(b)) }

// PartnerID is the short name by which staff know a partner, such as
// "northwind". It never changes.
type PartnerID string

// LeadType is one of the program's two lead types (P5), or "" where none was
// stated.
type LeadType string

// The lead types.
const (
	QualifiedLead   LeadType = "qualified_lead"
	ManagedCustomer LeadType = "managed_customer"
)

// Words is the lead type as the program writes it.
func (t LeadType) Words() string {
	switch t {
	case QualifiedLead:
		return "Qualified Lead"
	case ManagedCustomer:
		return "Managed Customer"
	}
	return ""
}

// Field is one of the six things that a registration needs (P5).
type Field string

// The fields, in the order in which they are asked for.
const (
	FirstName  Field = "first_name"
	LastName   Field = "last_name"
	Email      Field = "email"
	URL        Field = "url"
	Company    Field = "company"
	LeadTypeOf Field = "lead_type"
)

// Fields are all six, in order.
var Fields = [...]Field{FirstName, LastName, Email, URL, Company, LeadTypeOf}

// Prospect is what a partner says of one lead, as written. An empty field was
// not stated.
type Prospect struct {
	FirstName string   `json:"first_name"`
	LastName  string   `json:"last_name"`
	Email     string   `json:"email"`
	URL       string   `json:"url"`
	Company   string   `json:"company"`
	LeadType  LeadType `json:"lead_type"`
}

// Get returns a field's text.
func (p Prospect) Get(f Field) string {
	if s := p.at(f); s != nil {
		return *s
	}
	return string(p.LeadType)
}

// Set changes a field.
func (p *Prospect) Set(f Field, text string) {
	if s := p.at(f); s != nil {
		*s = text
		return
	}
	p.LeadType = LeadType(text)
}

func (p *Prospect) at(f Field) *string {
	switch f {
	case FirstName:
		return &p.FirstName
	case LastName:
		return &p.LastName
	case Email:
		return &p.Email
	case URL:
		return &p.URL
	case Company:
		return &p.Company
	}
	return nil
}

// Over returns p laid over an older statement: what p states counts, what it
// leaves empty is taken from old (D20).
func (p Prospect) Over(old Prospect) Prospect {
	for _, f := range Fields {
		if s := p.Get(f); s != "" {
			old.Set(f, s)
		}
	}
	return old
}

// Differs are the fields that another statement has otherwise.
func (p Prospect) Differs(from Prospect) []Field {
	var out []Field
	for _, f := range Fields {
		if p.Get(f) != from.Get(f) {
			out = append(out, f)
		}
	}
	return out
}

// LogValue keeps a contact's data out of the logs.
func (p Prospect) LogValue() slog.Value { return slog.StringValue(p.Company) }

// Kind is what a mail is about, as corpus/registrations/GUIDE.md names it.
type Kind string

// The kinds of mail.
const (
	KindRegistration Kind = "registration"
	KindRenewal      Kind = "renewal"
	KindWithdrawal   Kind = "withdrawal"
	KindStatus       Kind = "status"
	KindHelp         Kind = "help"
	KindPaperwork    Kind = "paperwork"
	KindAutoReply    Kind = "auto_reply"
	KindBounce       Kind = "bounce"
	KindBulk         Kind = "bulk"
	KindOther        Kind = "other"
	KindThanks       Kind = "thanks"
)

// Verb is what one item of a mail asks for.
type Verb string

// The verbs.
const (
	VerbRegister  Verb = "register"
	VerbAnswer    Verb = "answer"
	VerbConfirm   Verb = "confirm"
	VerbCorrect   Verb = "correct"
	VerbRenew     Verb = "renew"
	VerbWithdraw  Verb = "withdraw"
	VerbStatus    Verb = "status"
	VerbCheck     Verb = "check"
	VerbStatement Verb = "statement"
	VerbHelp      Verb = "help"
	VerbPaperwork Verb = "paperwork"
	VerbAsk       Verb = "ask"
	// VerbStop ends reminders; answers are never stopped.
	VerbStop Verb = "stop"
	// VerbAgree accepts the Partner Program Agreement (D34).
	VerbAgree Verb = "agree"

	// What staff order by mail.
	VerbApprove Verb = "approve"
	VerbReject  Verb = "reject"
	VerbAddTo   Verb = "add_to"
)

// Span says where in a mail something was read: a part (as numbered by IMAP,
// RFC 9051, section 6.4.5; "subject" for the subject line; "2!3" for the third
// sheet of a workbook in part 2), a line of its text, counted from 1, and bytes
// of that line. In a workbook the line is the row, and From and To the column.
type Span struct {
	Part string `json:"part"`
	Line int    `json:"line"`
	From int    `json:"from"`
	To   int    `json:"to"`
}

// Item is one thing that a mail asks for. Prospect is an index into the
// request's prospects, nil where the verb has none.
type Item struct {
	Verb     Verb   `json:"verb"`
	Prospect *int   `json:"prospect,omitempty"`
	Ref      string `json:"ref,omitempty"` // a reference, "company:Acme Ltd", "ordinal:2", or a domain for check
	Span     Span   `json:"-"`
}

// Reading is one prospect as a mail states it.
type Reading struct {
	Prospect
	// Ref is the reference that stands with this prospect, as in our own form.
	Ref Reference `json:"ref,omitempty"`
	// Ordinal is the number of the list that we had sent, where the mail
	// answers by number; 0 where it does not.
	Ordinal int `json:"ordinal,omitempty"`
	// All is set where the mail says this of every prospect that was asked about
	// ("QL for all").
	All bool `json:"all,omitempty"`
	// Unusable holds what the mail gave for a field where that is no value of
	// it: "none yet" for a website, "hot lead" for a lead type.
	Unusable map[Field]string `json:"unusable,omitempty"`
	// None names the fields of which the mail says that there is none ("no
	// website"): a statement, not an omission (D23).
	None []Field `json:"none,omitempty"`
	// Contradicts names the fields for which the text part and the HTML part
	// state different values (MAIL.md 91).
	Contradicts []Field        `json:"contradicts,omitempty"`
	Spans       map[Field]Span `json:"spans,omitempty"`
	// Source is the row of an attached list that states it, so that the list can go
	// back with what became of each row; nil where it stands in the mail itself.
	Source *Place `json:"source,omitempty"`
}

// Place is a row of an attached list.
type Place struct {
	// Attachment is the index among the mail's attachments, Name its file name.
	Attachment int    `json:"attachment"`
	Name       string `json:"name"`
	// Sheet is the workbook's sheet, "" for a text file. Comma is what separates
	// the columns of a text file, "" for a workbook.
	Sheet string `json:"sheet,omitempty"`
	Comma string `json:"comma,omitempty"`
	// Row is the row of the sheet, or the line of the file, counted from 1;
	// Heading is that of the heading, 0 where the list has none.
	Row     int `json:"row"`
	Heading int `json:"heading,omitempty"`
}

// Unread is what seems to hold prospects and was not read: an attachment, a link
// to a shared file, or the whole of an encrypted mail.
type Unread struct {
	// Name is the file name as the mail gives it, or the host that a link leads to;
	// "" where there is none.
	Name string    `json:"name,omitempty"`
	Why  UnreadWhy `json:"why"`
	// What it is, as the partner calls it: "photo", "PDF", "Numbers file".
	What string `json:"what,omitempty"`
}

// UnreadWhy says why something was not read.
type UnreadWhy string

// Why something was not read.
const (
	UnreadFormat    UnreadWhy = "format"    // not a form that we read, or damaged
	UnreadBomb      UnreadWhy = "bomb"      // beyond the limits: quarantined (MAIL.md 123)
	UnreadLink      UnreadWhy = "link"      // kept elsewhere: nothing is ever fetched (MAIL.md 110, 129)
	UnreadEncrypted UnreadWhy = "encrypted" // without a key to it (MAIL.md 97)
)

// Route says what becomes of a mail whatever it asks for; the empty route means
// that it is decided.
type Route string

// The routes of mail that is not decided.
const (
	RouteAutomatic  Route = "automatic"  // ignored, filed under Automatic
	RouteBounce     Route = "bounces"    // ignored, filed under Bounces
	RouteReview     Route = "review"     // held for a person
	RouteProcessed  Route = "processed"  // nothing to do: thanks, duplicates
	RouteQuarantine Route = "quarantine" // not to be touched by the program again
)

// Handling is what a mail's envelope and headers say about how it may be
// treated. Accepting its content and being allowed to answer are two decisions.
type Handling struct {
	Route Route `json:"route,omitempty"`
	// Why is for the operator: the header or the case that decided the route.
	Why string `json:"why,omitempty"`
	// NoReply is why no answer may be sent; "" where one may.
	NoReply string `json:"no_reply,omitempty"`
	// Machine is set where a machine wrote the mail (Auto-Submitted:
	// auto-generated): its content counts, and NoReply holds unless staff chose to
	// have this partner's machine acknowledged (MAIL.md 2).
	Machine bool `json:"machine,omitempty"`
	// Alert asks for a notice to staff at once.
	Alert bool `json:"alert,omitempty"`
	// Unread is set where the mail goes to a person only because it, or a part of
	// it, could not be read: its sender can be told what to send instead.
	Unread bool `json:"unread,omitempty"`
}

// Request is what intake read in one mail: facts, no judgement.
type Request struct {
	Kind      Kind      `json:"kind"`
	Items     []Item    `json:"items"`
	Prospects []Reading `json:"prospects"`
	// From is the mail's one author; Name the display name as written.
	From     Address  `json:"from"`
	FromName string   `json:"from_name,omitempty"`
	Subject  string   `json:"subject"`
	Handling Handling `json:"handling"`
	// Mentions are the references in the new text and the subject, in order.
	Mentions []Reference `json:"mentions,omitempty"`
	// Thread holds the Message-IDs of In-Reply-To and References, without
	// brackets, newest first, 32 at most.
	Thread []string `json:"thread,omitempty"`
	// Questions are sentences that no item accounts for.
	Questions []string `json:"questions,omitempty"`
	// TooLarge is set where only the mail's header was read (MAIL.md 119).
	TooLarge bool `json:"too_large,omitempty"`
	// Empty is set where nothing but a signature was newly written (MAIL.md 105).
	Empty bool `json:"empty,omitempty"`
	// Copied is set where the mail is to somebody else and we are in Cc (MAIL.md 131).
	Copied bool `json:"copied,omitempty"`
	// Date is the mail's own; zero where it cannot be believed. It dates nothing
	// (D1), but an old one tells of a replay (MAIL.md 58).
	Date time.Time `json:"date,omitzero"`
	// Order is what the mail asks for in the words of staff.
	Order    *Order   `json:"order,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Unread is what seems to hold prospects and could not be read; the reply names it.
	Unread []Unread `json:"unread,omitempty"`
	// Forms are the tax and bank forms that the mail brings: kind, name, size and
	// hash, nothing of what they say.
	Forms []Form `json:"forms,omitempty"`
	// OnForms is set where the mail speaks of such forms, whether or not it brings
	// one.
	OnForms bool `json:"on_forms,omitempty"`
	// Hidden is set where numbers of accounts or of taxes stood in the mail's text;
	// nothing here holds them.
	Hidden bool `json:"hidden,omitempty"`
}

// Refs are the references and companies named under renew, withdraw and
// correct, in order, each once.
func (r Request) Refs() []string {
	refs, seen := []string{}, map[string]bool{}
	for _, it := range r.Items {
		switch it.Verb {
		case VerbRenew, VerbWithdraw, VerbCorrect:
			if it.Ref != "" && !strings.HasPrefix(it.Ref, "ordinal:") && !seen[it.Ref] {
				seen[it.Ref] = true
				refs = append(refs, it.Ref)
			}
		}
	}
	return refs
}

// Mode is how much the program does by itself.
type Mode string

// The modes; the empty mode of a partner is the program's.
const (
	ModeShadow  Mode = "shadow"  // decides and records, files nothing, writes to staff only
	ModeApprove Mode = "approve" // every reply waits until staff release it
	ModeAuto    Mode = "auto"
)

// ParseMode reads a mode.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case ModeShadow, ModeApprove, ModeAuto:
		return m, nil
	}
	return "", fmt.Errorf("%w mode %q: want shadow, approve or auto", ErrInvalid, s)
}

// Partner is a member of the program. Dates are days in the program's zone;
// what a partner may do on a day follows from them, never from a stored flag (D2).
type Partner struct {
	ID        PartnerID `json:"id"`
	Name      string    `json:"name"`
	Addresses []Address `json:"addresses"`
	// Domains are registered whole: every address in them is the partner's (D31).
	Domains []string `json:"domains,omitempty"`
	// Organisation is the partner's own, beside the domains it writes from (D16).
	Organisation OrganisationKey `json:"organisation,omitempty"`
	Plan         string          `json:"plan"`
	JoinedOn     Date            `json:"joined_on"`
	// AgreementOn is the day from which the agreement counts; "" means missing (D34).
	AgreementOn Date `json:"agreement_on,omitempty"`
	// Agreement is what was accepted by mail, and AgreementAt the receipt of that mail;
	// both are zero where staff recorded the day alone.
	Agreement   Agreement `json:"agreement,omitzero"`
	AgreementAt time.Time `json:"agreement_at,omitzero"`
	// SuspendedOn is the first day of a suspension; "" where there is none.
	SuspendedOn     Date   `json:"suspended_on,omitempty"`
	SuspendedReason string `json:"suspended_reason,omitempty"`
	// LapsedOn is the first day without a subscription (D35); "" where it runs.
	LapsedOn Date `json:"lapsed_on,omitempty"`
	// PlanUntil is the last day of the subscription, where it is known; "" else. The
	// day after it the partner has lapsed, whether anybody wrote that or not.
	PlanUntil Date `json:"plan_until,omitempty"`
	// CertifiedOn is the day of the Mentor Certification; "" where there is none (P12).
	CertifiedOn Date `json:"certified_on,omitempty"`
	Mode        Mode `json:"mode,omitempty"`
	// AcknowledgeAutomatic answers this partner's machine-written mail (MAIL.md 2).
	AcknowledgeAutomatic bool `json:"acknowledge_automatic,omitempty"`
}

// RegistrationState is where a registration stands. Whether an active one has
// expired is a question of the date, not of the state.
type RegistrationState string

// The states of a registration.
const (
	StateUnderReview RegistrationState = "under_review"
	StateRefused     RegistrationState = "refused"
	StateActive      RegistrationState = "active"
	StateExpired     RegistrationState = "expired"
	StateWithdrawn   RegistrationState = "withdrawn"
	StateRevoked     RegistrationState = "revoked"
	StateReleased    RegistrationState = "released"
	StateWon         RegistrationState = "won"
)

// Term is one stretch of time of a registration, both days included (D5, D24).
type Term struct {
	N     int  `json:"n"`
	From  Date `json:"from"`
	Until Date `json:"until"`
}

// Contact is a person at a registered organisation.
type Contact struct {
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Email     string `json:"email"`
}

// Registration is a prospect that the program accepted, or has under review.
type Registration struct {
	Ref          Reference         `json:"ref"`
	Partner      PartnerID         `json:"partner"`
	Organisation OrganisationKey   `json:"organisation"`
	Prospect     Prospect          `json:"prospect"`
	Contacts     []Contact         `json:"contacts"`
	State        RegistrationState `json:"state"`
	// Received is the receipt instant of the mail that registered it (D1).
	Received time.Time `json:"received"`
	Terms    []Term    `json:"terms"`
	// EndedAt is when it was withdrawn, revoked, released, refused or won.
	EndedAt time.Time `json:"ended_at,omitzero"`
	// LapsedOn is the first day on which its partner had no subscription, as that is
	// known now; "" where it runs, or where nobody knows of an end (D35).
	LapsedOn Date `json:"lapsed_on,omitempty"`
	// Slot is the partner's slot that it occupies, from 1; 0 where it occupies
	// none. One that is under review at an organisation already held has none.
	Slot int `json:"slot,omitempty"`
}

// Until is the last day of the last term; "" where there is none.
func (r Registration) Until() Date {
	if len(r.Terms) == 0 {
		return ""
	}
	return r.Terms[len(r.Terms)-1].Until
}

// Ask is a prospect that waits for what its mail left out (D19 to D23). It
// reserves nothing.
type Ask struct {
	Ref      Reference `json:"ref"`
	Partner  PartnerID `json:"partner"`
	Prospect Prospect  `json:"prospect"`
	// Asked counts the automatic asks so far; Last is the receipt instant of the
	// mail that caused the latest.
	Asked int       `json:"asked"`
	Last  time.Time `json:"last"`
	// Proposal is the website that the latest ask proposed (D22).
	Proposal string `json:"proposal,omitempty"`
	// NoWebsite is set when the partner has said that there is none (D23).
	NoWebsite bool `json:"no_website,omitempty"`
}
