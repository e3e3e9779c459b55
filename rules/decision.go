package rules

import "time"

// MailState is where a mail stands in the ledger.
type MailState string

// The states of a mail (docs/states.md).
const (
	MailFound       MailState = "found"
	MailAttempted   MailState = "attempted"
	MailDecided     MailState = "decided"
	MailFiled       MailState = "filed"
	MailHeld        MailState = "held"
	MailIgnored     MailState = "ignored"
	MailQuarantined MailState = "quarantined"
)

// Folder is the role of a folder; configuration gives each a name.
type Folder string

// The folders, by role.
const (
	FolderProcessed  Folder = "Processed"
	FolderReview     Folder = "Review"
	FolderAutomatic  Folder = "Automatic"
	FolderBounces    Folder = "Bounces"
	FolderPaperwork  Folder = "Paperwork"
	FolderQuarantine Folder = "Quarantine"
	FolderSent       Folder = "Sent"
	FolderReprocess  Folder = "Reprocess"
)

// Judgement is what was decided of one prospect.
type Judgement struct {
	// Reading is the index of the reading in the request; -1 where an ask was
	// touched of which the mail stated nothing (YES to a proposal).
	Reading  int       `json:"reading"`
	Verb     Verb      `json:"verb"`
	Ref      Reference `json:"ref"`
	Decision Outcome   `json:"decision"`
	Reasons  []Reason  `json:"reasons"`
	// Prospect is the whole of it: what the mail states over what was known.
	Prospect     Prospect        `json:"prospect"`
	Organisation OrganisationKey `json:"organisation,omitempty"`
	// Term is the one granted by accepted and renewed. For already_registered
	// and contact_added it is the running one.
	Term Term `json:"term,omitzero"`
	Slot int  `json:"slot,omitempty"`
	// Holds is the registration of this partner that the prospect belongs to, for
	// contact_added, already_registered and renewed.
	Holds Reference `json:"holds,omitempty"`
	// HeldType is the lead type of Holds, where the mail says another (D18).
	HeldType LeadType `json:"held_type,omitempty"`
	// Asked counts the automatic asks after this one; Proposal is what it proposes.
	Asked     int    `json:"asked,omitempty"`
	Proposal  string `json:"proposal,omitempty"`
	NoWebsite bool   `json:"no_website,omitempty"`
	// Ask is the open ask that this settles or repeats; "" where there was none.
	// It differs from Ref where the prospect turned out to belong to Holds.
	Ask Reference `json:"ask,omitempty"`
	// Item is the index of the item that it answers.
	Item int `json:"item,omitempty"`
}

// Has says whether a reason with this code is among the judgement's.
func (j Judgement) Has(c Code) bool {
	for _, r := range j.Reasons {
		if r.Code == c {
			return true
		}
	}
	return false
}

// Action is what was decided of an item that is about no prospect of the mail.
type Action struct {
	Verb     Verb     `json:"verb"`
	Ref      string   `json:"ref"`
	Decision Outcome  `json:"decision"`
	Reasons  []Reason `json:"reasons,omitempty"`
	// Check is the answer to CHECK; On and Term the partner's registration there.
	Check Availability `json:"check,omitempty"`
	On    Reference    `json:"on,omitempty"`
	Term  Term         `json:"term,omitzero"`
	// Since is the day from which the agreement counts, and Agreement what was accepted,
	// for agree.
	Since     Date      `json:"since,omitempty"`
	Agreement Agreement `json:"agreement,omitzero"`
	// Options are the registrations that could be meant, where none was named.
	Options []Holding `json:"options,omitempty"`
	// Forms are those that are recorded as submitted.
	Forms []Form `json:"forms,omitempty"`
	// Item is the index of the item that it answers.
	Item int `json:"item,omitempty"`
}

// Reply is which answer the mail's sender gets.
type Reply string

// The replies. ReplyVerdicts tells the outcome of each prospect; the others are
// about the mail as a whole.
const (
	ReplyNone          Reply = ""
	ReplyVerdicts      Reply = "verdicts"
	ReplyHeld          Reply = "held"
	ReplyUnknownSender Reply = "unknown_sender"
	ReplyNothingFound  Reply = "nothing_found"
	ReplyTooLarge      Reply = "too_large"
	// ReplyUnverified is the one fixed line for a partner's address in an unproved
	// From.
	ReplyUnverified Reply = "unverified"
)

// Meter is how full a partner's program is, as of a mail's receipt and after
// its decision. Every answer carries it.
type Meter struct {
	Used int `json:"used"`
	Of   int `json:"of"`
	// Expiring counts those whose last day lies within 30 days.
	Expiring int `json:"expiring"`
}

// Decision is what Decide returns. It is a value: nothing has happened yet.
type Decision struct {
	State  MailState `json:"state"`
	Folder Folder    `json:"folder"`
	// Reasons are about the mail as a whole (unknown_sender, sender_unverified).
	Reasons    []Reason    `json:"reasons,omitempty"`
	Judgements []Judgement `json:"judgements"`
	Actions    []Action    `json:"actions"`
	Reply      Reply       `json:"reply,omitempty"`
	// Withheld is why no reply is sent although one would be due; "" else.
	Withheld string `json:"withheld,omitempty"`
	// Limit is the key of the limit for which it is withheld; "" for none.
	Limit string `json:"limit,omitempty"`
	// Idle says that the reply settles nothing: two machines could go on like that.
	Idle bool `json:"idle,omitempty"`
	// Why is one line for the operator.
	Why string `json:"why,omitempty"`
	// Alert asks for a notice to staff at once.
	Alert bool `json:"alert,omitempty"`
	// Received is the mail's receipt, Today its day in the program's zone.
	Received time.Time `json:"received"`
	Today    Date      `json:"today"`
	Meter    Meter     `json:"meter"`
	// Release lists what a partner at the cap could give up: what ends first.
	Release []Holding `json:"release,omitempty"`
	// List answers STATUS.
	List []Listed `json:"list,omitempty"`
	// Paperwork is where the partner's paperwork stands after this mail; nil where
	// the mail is neither about it nor asks for the list.
	Paperwork *Paperwork `json:"paperwork,omitempty"`
}
