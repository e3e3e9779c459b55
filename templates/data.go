package templates

import "leadmail/rules"

// Answer is what a mail to a partner is written from. Every string in it is one
// line, cleaned and capped by package notify.
type Answer struct {
	// Program is the program's name, Address its mailbox, Zone the IANA name of
	// the zone in which all dates are days (D6).
	Program string
	Address rules.Address
	Zone    string
	// Today is the day on which the mail was received.
	Today rules.Date
	// Partner is the partner's name; "" where the sender is nobody's.
	Partner string
	// Verdicts are the prospects of the mail, in the order in which it is
	// numbered. In mail outcome there is one.
	Verdicts []Verdict
	// Tally counts the verdicts where there are several, in words for the first
	// line: "1 registered", "2 need something from you".
	Tally []string
	// Read is what a held mail was understood to ask for.
	Read []Wish
	// Questions are sentences that no rule answers.
	Questions []string
	// Asked says that there were questions which must not be quoted.
	Asked bool
	// Help is set where the sender asked how to register.
	Help bool
	// Listed is set where the sender asked how the registrations stand; Rows are
	// they.
	Listed bool
	Rows   []Row
	// Parts are what a reminder tells, one a cause; Stop ends reminders, and is nil
	// where the mail warns of nothing.
	Parts []Part
	Stop  *Link
	// Joined is the day on which a partner that is welcomed first joined; Back says that
	// it has come back, Lost how many registrations it lost meanwhile. Standing is why it
	// can register nothing yet, Agree the link by which it agrees.
	Joined   rules.Date
	Back     bool
	Lost     int
	Standing rules.Code
	Agree    *Link
	// Paperwork is set where forms were handed in.
	Paperwork bool
	// Papers says how the partner's paperwork stands, in the list. Needed is the same for
	// a mail that asks about forms and brings none.
	Papers, Needed *Papers
	// Hidden says that numbers of accounts or of taxes stood in the mail.
	Hidden bool
	// Form is the empty form, for a mail in which no prospect was found.
	Form *Form
	// Unread is what could not be read, UnreadMore how many more files there are.
	Unread     []Unread
	UnreadMore int
	// Returned are the names of the lists that go back with the answer.
	Returned []string
	// StaffReason is what staff said when they decided a review.
	StaffReason string
	// Meter is nil where the sender has none.
	Meter *rules.Meter
	// Clauses are the rules that the verdicts rest on, each once: "P7".
	Clauses []Clause
	// Asks counts the prospects that wait for a lead type, in a mail of several:
	// the types are explained once, and with two or more, Q ALL is offered.
	Asks int
	// Which says that an answer could be meant for several prospects (D20).
	Which bool
	// Copied says that the mail was written to somebody else (MAIL.md 131).
	Copied bool
	// Orders says that something was asked for which would change something.
	Orders bool
	// Numbers are the policy's, for the sentences.
	Numbers Numbers
}

// Numbers are the policy's, as far as sentences need them.
type Numbers struct {
	Months, Max, RenewalDays, RenewalWindow, CompletionDays, ReviewHours, ReleaseAfterDays int
	RenewalEarly                                                                           bool
	EntryPlans                                                                             []string
	// ChecksPerDay is how many CHECKs are answered a day.
	ChecksPerDay int
	// Agreement is what partners accept (D34).
	Agreement Agreement
	// ManagedEarns and QualifiedEarns say which lead types earn (D42).
	ManagedEarns, QualifiedEarns bool
	// CustomersToo says that an existing customer may be registered as a Managed
	// Customer (D15).
	CustomersToo bool
}

// Agreement is the Partner Program Agreement: its version ("" where none is
// configured), its page, and whether its file goes with the welcome mail.
type Agreement struct {
	Version, URL string
	Attached     bool
}

// Clause is a rule to be quoted, with the policy's numbers.
type Clause struct {
	ID string
	Numbers
}

// Wish is something a mail asks for which a person will answer.
type Wish struct {
	Verb rules.Verb
	// Of names what it is about: a reference or a company; "" for nothing named.
	Of string
}

// Unread is something that could not be read. Name is "" where it has none, and
// where nothing of the mail may be repeated.
type Unread struct {
	Name, What string
	Why        rules.UnreadWhy
}

// Row is one registration in a list.
type Row struct {
	// N is its number in the mail.
	N       int
	Ref     rules.Reference
	Company string
	// State is where it stands; "" where the mail asks which one is meant.
	State              rules.Standing
	Since, Until, Next rules.Date
	// Renewable says that RENEW would do something today.
	Renewable bool
	Links     []Link
	Numbers
}

// Part is what a reminder says of one cause.
type Part struct {
	Cause rules.Cause
	// Rows are the registrations that end, or that were released; Over counts those
	// that have ended.
	Rows []Row
	Over int
	// Until is the last day of the partner's own plan, KeptUntil that on which its
	// registrations are kept, Kept how many those are.
	Until, KeptUntil rules.Date
	Kept             int
	// Papers is how the paperwork stands.
	Papers *Papers
	// Lapsed says that the plan has ended, Released that its registrations are lost.
	Lapsed, Released bool
	Numbers
}

// Verdict is what a mail says of one prospect, or of one thing that was asked for.
type Verdict struct {
	// N is its number in the mail; 0 where the mail has one prospect.
	N int
	// Verb is what was asked for.
	Verb     rules.Verb
	Decision rules.Outcome
	// Check is the answer to CHECK.
	Check rules.Availability
	// Forms are those that were handed in, or that staff looked at; Papers is how the
	// paperwork stands with them.
	Forms  []Forms
	Papers *Papers
	// Options are the registrations of which one was meant.
	Options []Row
	// Reason is the one that the verdict is worded by; "" where there is none.
	Reason rules.Code
	// Also are further reasons of the same weight.
	Also []rules.Code
	// Name is the company, or what stands for it while that is unknown.
	Name string
	// Named is false where Name is not the company's name.
	Named   bool
	Contact string
	Ref     rules.Reference
	Type    rules.LeadType
	// HeldType is set where the registration has another type than the mail says (D18).
	HeldType rules.LeadType
	// One says that a single line is missing.
	One bool
	// Joins says that the prospect is a further contact at a company that the
	// partner holds (D9).
	Joins bool
	// Place says that a withdrawal frees a place, Cancelled that it cancels a queued
	// renewal.
	Place, Cancelled bool
	// Mail is the contact's address.
	Mail string
	// Counts are what a list counts, in words.
	Counts []string
	// Shorter says that the term ends where a withdrawn one would have (D29).
	Shorter bool
	// Again says that this takes up a registration that had ended (D25).
	Again bool
	// Today is the receipt day, From and Until the term's first and last day.
	Today, From, Until rules.Date
	// RenewFrom is the first day on which a renewal is queued (D26); RenewNow
	// says that it has come.
	RenewFrom rules.Date
	RenewNow  bool
	// Earns says whether this lead type earns revenue share (D42).
	Earns bool
	// Missing are the lines that a prospect needs, in the order of P5.
	Missing []Missing
	// Proposal is the website that the ask proposes (D22).
	Proposal string
	// NoWebsite says that the partner said that there is none (D23).
	NoWebsite bool
	// Last is set where the next incomplete reply goes to a person (D21).
	Last bool
	// Contradicts are the fields of which the mail says two things.
	Contradicts []rules.Field
	// KeptUntil is the last day on which a lapsed partner's registrations are
	// kept (D35); "" once it has passed.
	KeptUntil rules.Date
	// Agreed is the day from which the agreement counts, Version what was accepted.
	Agreed  rules.Date
	Version string
	// Standing is why nothing can be registered although it counts; "" where it can.
	Standing rules.Code
	// Release are registrations that a partner at the cap could give up (D11).
	Release []rules.Holding
	// Form is set where lines are missing.
	Form  *Form
	Links []Link
	Numbers
}

// Needs says whether a field is among the missing ones.
func (v Verdict) Needs(f rules.Field) bool {
	for _, m := range v.Missing {
		if m.Field == f {
			return true
		}
	}
	return false
}

// Change says whether the verdict is about a registration that exists.
func (v Verdict) Change() bool { return v.Verb.Change() }

// WholeName stands for both names where both are missing.
const WholeName rules.Field = "name"

// Papers is how a partner's paperwork stands (D37).
type Papers struct {
	State rules.PaperworkState
	// Deadline is its last day, On that on which the last form came; "" for none.
	Deadline, On rules.Date
	Missing      []rules.FormKind
	// Waiting says that a form is with staff, Unnamed that nobody has said yet what
	// it is.
	Waiting, Unnamed bool
	// Over says that the last day has passed, Late that the forms came after it, and
	// Forfeited that what was earned until now is lost (D38).
	Over, Late, Forfeited bool
}

// Forms are some forms of one kind.
type Forms struct {
	Kind rules.FormKind
	N    int
}

// Missing is a field that is not there, or not usable.
type Missing struct {
	Field rules.Field
	// Code says which of the two.
	Code rules.Code
	// Given is what the mail gave for it; "" where it gave nothing.
	Given string
}

// Form is the labelled lines that a partner fills in.
type Form struct {
	Lines []Line
	Link  Link
}

// Line is one labelled line.
type Line struct{ Label, Value string }

// Link is a mail that is written already: a tap opens it (RFC 6068).
type Link struct {
	// Label says what tapping does.
	Label string
	// URL is the mailto: link with subject and body.
	URL string
	// Quiet links are not what one is expected to tap.
	Quiet bool
}

// Notice is what a mail to staff is written from. Strings that come from a
// mail are defanged: nothing in them is a link to a mail client.
type Notice struct {
	Program string
	Zone    string
	// Headline is the subject and the first line.
	Headline string
	// Facts are labelled values, in order.
	Facts []Line
	// Prospects are the decisions.
	Prospects []Judged
	// Actions are what was decided of items without a prospect.
	Actions []Line
	// Questions and Warnings are quoted.
	Questions, Warnings []string
	// What and Hint are an alert's: what happened, and what to do.
	What, Hint string
	Recovered  bool
	// Next is what to do; a command at the prompt.
	Next []string
}

// Judged is one prospect for staff: codes, not words.
type Judged struct {
	Headline string
	Lines    []Line
}

// News is what the digest to staff is written from. As in a Notice, nothing in it
// that comes from a mail is a link to a mail client.
type News struct {
	Program, Zone string
	Today         rules.Date
	// Waiting counts what waits for a person, Late those of it that have waited for
	// longer than ReviewHours; Look counts what went wrong.
	Waiting, Late, Look int
	ReviewHours         int
	// Sections are the parts, in their order; one with nothing in it is not among them.
	Sections []Section
	// Tokens are what lets an answer decide; none where nothing can be.
	Tokens []rules.Token
}

// The sections of the digest, by the names that their words go by: digest_head says
// the first line of one, digest_line each line of it.
const (
	DigestReview      = "review"      // prospects under review
	DigestMail        = "mail"        // held mails
	DigestReplies     = "replies"     // replies that wait to be released
	DigestForms       = "forms"       // forms that wait for staff (D37)
	DigestUndecided   = "undecided"   // mails that are not decided yet
	DigestUndelivered = "undelivered" // mails of ours that did not come through
	DigestQuarantined = "quarantined" // mails that were put aside
	DigestSuppressed  = "suppressed"  // addresses that get no mail any more
	DigestDecided     = "decided"     // what came of mails
	DigestStaff       = "staff"       // reviews that staff decided
	DigestEnding      = "ending"      // what ends within 30 days
	DigestForfeiture  = "forfeiture"  // paperwork that misses something and is due within 30 days (D37)
	DigestFull        = "full"        // partners near the cap
	DigestBursts      = "bursts"      // partners with many new prospects on one day (D17)
	DigestAgain       = "again"       // second and later renewals (D28)
)

// Sections are their names, in the order of the digest.
var Sections = [...]string{DigestReview, DigestMail, DigestReplies, DigestForms, DigestUndecided, DigestUndelivered, DigestQuarantined, DigestSuppressed,
	DigestDecided, DigestStaff, DigestEnding, DigestForfeiture, DigestFull, DigestBursts, DigestAgain}

// Section is one part of the digest.
type Section struct {
	Name string
	// Urgent says that it needs a person.
	Urgent bool
	// Count is how many there are, Least from how many on one is among them.
	Count, Least int
	// Since is an instant: of the oldest, or from which on it was counted.
	Since string
	// Entries are the first of them, More how many others there are.
	Entries []Entry
	More    int
	// Next is the command that shows all of it; "" for none.
	Next string
}

// Entry is one line of a section. What a section does not say is zero.
type Entry struct {
	// Section is the section's name.
	Section string
	// Case is what an answer names it by: a reference, or M- or P- and a mail's number;
	// "" where no answer decides it. Orders are what the answer can say.
	Case   rules.Case
	Orders []rules.Verb
	// ID is a number of the ledger or the outbox.
	ID      int64
	Ref     rules.Reference
	Partner string
	Company string
	// Address is where a mail came from or went to.
	Address, Subject string
	Why              string
	// Hours is how long it has waited, weekends not counted; Late: for too long.
	Hours int
	Late  bool
	Day   rules.Date
	// N counts, Of is out of how many.
	N, Of int
	// Forms are forms that wait; Missing is what is not in, and Waiting says that
	// something else waits.
	Forms   []Forms
	Missing []rules.FormKind
	Waiting bool
	// Outcome is what was decided N times; Refused are the reasons.
	Outcome rules.Outcome
	Refused []rules.Refusal
}
