package rules

// Code says why a decision is what it is. The codes are those of RULES.md, in
// its order; docs/policy.md sets each beside its clause, its test and its words.
type Code string

// The reasons, in the order in which they are listed.
const (
	UnknownSender    Code = "unknown_sender"
	SenderUnverified Code = "sender_unverified"

	AgreementMissing Code = "agreement_missing"
	PartnerSuspended Code = "partner_suspended"
	PartnerInactive  Code = "partner_inactive"
	PlanNotEligible  Code = "plan_not_eligible"

	OwnOrganisation   Code = "own_organisation"
	Conflict          Code = "conflict"
	ExistingCustomer  Code = "existing_customer"
	AlreadyRegistered Code = "already_registered"
	RenewalLimit      Code = "renewal_limit"
	// UnknownRegistration: what is to be renewed or withdrawn is none of the
	// partner's. Somebody else's reference is as unknown as one that nobody has.
	UnknownRegistration Code = "unknown_registration"

	MissingField    Code = "missing_field"
	InvalidEmail    Code = "invalid_email"
	InvalidURL      Code = "invalid_url"
	InvalidLeadType Code = "invalid_lead_type"
	// WhichRegistration: several could be meant, and each renewal is explicit (D28).
	WhichRegistration Code = "which_registration"

	UnclearOrganisation Code = "unclear_organisation"
	ContradictoryMail   Code = "contradictory_mail"
	SuspiciousAddress   Code = "suspicious_address"
	// RevokedBefore: staff took the partner's last registration there away, and say
	// whether it comes back.
	RevokedBefore Code = "revoked_before"
	// GrantedMeanwhile is D3's: a mail judged late would take what was granted
	// after its receipt.
	GrantedMeanwhile Code = "granted_meanwhile"
	// ThreadTaken is MAIL.md 130: a person has answered in this conversation.
	ThreadTaken Code = "thread_taken"

	CapReached Code = "cap_reached"
)

// Codes are all reasons in their order.
var Codes = [...]Code{
	UnknownSender, SenderUnverified,
	AgreementMissing, PartnerSuspended, PartnerInactive, PlanNotEligible,
	OwnOrganisation, Conflict, ExistingCustomer, AlreadyRegistered, RenewalLimit, UnknownRegistration,
	MissingField, InvalidEmail, InvalidURL, InvalidLeadType, WhichRegistration,
	UnclearOrganisation, ContradictoryMail, SuspiciousAddress, RevokedBefore, GrantedMeanwhile, ThreadTaken,
	CapReached,
}

// Outcome is the decision that the reason alone leads to.
func (c Code) Outcome() Outcome {
	switch c {
	case UnknownSender, SenderUnverified:
		return Held
	case MissingField, InvalidEmail, InvalidURL, InvalidLeadType, WhichRegistration:
		return NeedsInfo
	case UnclearOrganisation, ContradictoryMail, SuspiciousAddress, RevokedBefore, GrantedMeanwhile, ThreadTaken:
		return Review
	}
	return Rejected
}

// Reason is a code and the field that it speaks of, if it speaks of one.
type Reason struct {
	Code  Code  `json:"code"`
	Field Field `json:"field"`
}

// Outcome is what was decided of a prospect or of an item.
type Outcome string

// The decisions of PRODUCT.md.
const (
	Accepted     Outcome = "accepted"
	ContactAdded Outcome = "contact_added"
	Rejected     Outcome = "rejected"
	NeedsInfo    Outcome = "needs_info"
	Review       Outcome = "review"
	Renewed      Outcome = "renewed"
	Queued       Outcome = "queued"
	Withdrawn    Outcome = "withdrawn"
	Updated      Outcome = "updated"
	Answered     Outcome = "answered"
	Ignored      Outcome = "ignored"
	Held         Outcome = "held"
	Quarantined  Outcome = "quarantined"
)

// Revoked is staff's alone: no mail leads to it.
const Revoked Outcome = "revoked"
