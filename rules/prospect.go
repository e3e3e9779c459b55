package rules

import (
	"fmt"
	"strings"
)

// judge decides one prospect. ask is the open ask that it completes, nil where
// it is new. All reasons are looked for, also where fields are missing, so that
// nobody does homework for a lead that is taken; any rejection outranks
// needs_info, which outranks review.
func judge(b Book, read Reading, ask *Ask, r Request, p Policy) Judgement {
	c := &prospectCase{b: b, read: read, ask: ask, req: r, policy: p, today: p.Day(b.Received)}
	c.stated = read.Prospect
	if ask != nil {
		c.stated = read.Over(ask.Prospect)
	}
	if r.Copied && ask == nil {
		// MAIL.md 131: what a partner writes to somebody else is no registration.
		// What was read is proposed, and its YES to the website makes it one.
		c.overheard, c.stated.URL = c.stated.URL, ""
	}
	c.j = Judgement{Prospect: c.stated, Reasons: []Reason{}}
	if code := b.Partner.Member(c.today, p); code != "" {
		c.add(code, "")
	} else {
		c.organisation()
		c.fields()
		c.doubts()
		c.cap()
	}
	return c.conclude()
}

// prospectCase is one prospect while it is being judged.
type prospectCase struct {
	b      Book
	read   Reading
	ask    *Ask
	req    Request
	policy Policy
	today  Date
	// stated is what the mail and the ask say together.
	stated Prospect

	// own is this partner's registration at the organisation that the prospect
	// belongs to: outstanding, so that the prospect is a further contact, or
	// (renews) ended, so that it is a re-registration.
	own    *Registration
	renews bool
	// overheard is the website of a mail that was not written to us.
	overheard string
	// until is the latest end that D29 leaves; "" where it sets none.
	until Date
	// key is the organisation where it is known by a registration, whatever the
	// URL says by now (D7); "" where the URL says it.
	key OrganisationKey
	// blocked is set where the organisation is held: a review reserves nothing.
	// late says that the mails of all who hold it are younger than this one (D3).
	blocked, late bool
	// revoked says that staff took away what this partner had there last.
	revoked bool

	j Judgement
}

func (c *prospectCase) add(code Code, f Field) {
	c.j.Reasons = append(c.j.Reasons, Reason{code, f})
}

// organisation looks at who holds the organisation. The vendor's rules, in the
// partner's words and the desk's: what is yours already needs no second slot
// (D9); what is another's is taken, and we never say whose (D13), nor that it is
// a partner's own house (D16); what the vendor sells to already is no lead (D15);
// what was yours and has ended may be taken up again for ninety days (D25).
func (c *prospectCase) organisation() {
	org := c.key
	if org == "" {
		org = c.policy.organisation(c.j.Prospect.URL)
	}
	if org == "" {
		return
	}
	c.j.Organisation = org
	c.holders(org)
	if c.own != nil && c.renews {
		// What the mail lacks is taken from the record (D25).
		c.j.Prospect = c.j.Prospect.Over(c.own.Prospect)
	}
	for _, k := range c.policy.OwnOrganisations(*c.b.Partner) {
		if k == org {
			c.add(OwnOrganisation, "")
		}
	}
	other := c.b.Partners[org]
	if !c.joins() && (other != "" && other != c.b.Partner.ID || c.blocked && !c.late) {
		c.add(Conflict, "")
	}
	c.customer(org)
	if c.own != nil {
		if t := c.own.Prospect.LeadType; c.j.Prospect.LeadType != "" && t != "" && t != c.j.Prospect.LeadType {
			c.j.HeldType = t
		}
	}
	if c.renews && c.j.HeldType != "" {
		c.j.Prospect.LeadType = c.j.HeldType // the record is not changed, and the answer must not say so (D18)
	}
	if c.joins() {
		c.j.Holds, c.j.Term = c.own.Ref, last(c.own.Terms)
		if c.sameContact() {
			c.add(AlreadyRegistered, "")
		}
	}
	if c.renews && c.policy.MaxRenewals > 0 && len(c.own.Terms)-1 >= c.policy.MaxRenewals {
		c.add(RenewalLimit, "")
	}
}

// holders finds this partner's own registration at the organisation and whether
// another's is in the way.
func (c *prospectCase) holders(org OrganisationKey) {
	var ended, withdrawn *Registration
	earlier := false
	for i := range c.b.Registrations {
		reg := &c.b.Registrations[i]
		if reg.Organisation != org {
			continue
		}
		outstanding := reg.Outstanding(c.policy, c.b.Received)
		mine := reg.Partner == c.b.Partner.ID
		switch {
		case mine && reg.State == StateRefused:
			// Whatever it was when the mail came, nothing can join it any more.
		case outstanding && mine:
			if c.own == nil || c.own.UnderReview() {
				c.own = reg
			}
			c.blocked = true
		case outstanding:
			c.blocked = true
			after := reg.Received.After(c.b.Received)
			c.late, earlier = c.late || after, earlier || !after
		case mine && reg.Until() != "":
			if reg.EndedAt.IsZero() || reg.State == StateExpired {
				ended = later(ended, reg)
			} else {
				withdrawn = later(withdrawn, reg)
			}
		}
	}
	c.late = c.late && !earlier
	if c.own != nil || c.blocked {
		return
	}
	latest := later(withdrawn, ended)
	c.revoked = latest != nil && latest.State == StateRevoked
	switch {
	case latest == nil:
	case latest == withdrawn && latest.Until() >= c.today:
		c.until = latest.Until() // D29
	case c.policy.FreshAfterDays > 0 && latest.Until().DaysUntil(c.today) > c.policy.FreshAfterDays:
	default:
		c.own, c.renews = latest, true
	}
}

// later is the registration that ends later; of two that end on one day the second,
// and nil counts as never.
func later(a, b *Registration) *Registration {
	if a == nil || b != nil && b.Until() >= a.Until() {
		return b
	}
	return a
}

func last(terms []Term) Term {
	if len(terms) == 0 {
		return Term{}
	}
	return terms[len(terms)-1]
}

// customer is D15: an existing customer of the vendor may be registered only
// under the lead types that the policy names, once the lead type is known. A
// further contact registers nothing (D9).
func (c *prospectCase) customer(org OrganisationKey) {
	if c.joins() || c.j.Prospect.LeadType == "" {
		return
	}
	for _, t := range c.policy.RegisterCustomers {
		if t == c.j.Prospect.LeadType {
			return
		}
	}
	for _, k := range c.b.Customers {
		if k.Organisation == org {
			c.add(ExistingCustomer, "")
			return
		}
	}
}

// sameContact says whether the mail names a contact that the registration has
// already: by address, or, where no address is stated, by no name that differs
// (D9).
func (c *prospectCase) sameContact() bool {
	p := c.stated
	if p.Email != "" {
		return c.own.knows(p.Email)
	}
	for _, k := range c.own.Contacts {
		if agrees(p.FirstName, k.FirstName) && agrees(p.LastName, k.LastName) {
			return true
		}
	}
	return false
}

func agrees(stated, known string) bool { return stated == "" || strings.EqualFold(stated, known) }

// joins says whether the prospect is a further contact at an organisation that
// this partner holds.
func (c *prospectCase) joins() bool { return c.own != nil && !c.renews }

// fields looks at the six fields, or at the three that a further contact needs
// (P5, D9). Reasons about fields come in the order of codes, then of fields.
func (c *prospectCase) fields() {
	p := c.j.Prospect
	needed := Fields[:]
	if c.joins() {
		needed = Fields[:3]
	}
	var invalid []Reason
	for _, f := range needed {
		switch text := p.Get(f); {
		case text == "" && c.read.Unusable[f] != "" && unusable(f) != "":
			invalid = append(invalid, Reason{unusable(f), f})
		case text == "":
			c.add(MissingField, f)
		case f == Email && !usableEmail(text):
			invalid = append(invalid, Reason{InvalidEmail, f})
		case f == URL && c.j.Organisation == "":
			invalid = append(invalid, Reason{InvalidURL, f})
		}
	}
	c.j.Reasons = append(c.j.Reasons, invalid...)
	c.j.NoWebsite = p.URL == "" && (c.ask != nil && c.ask.NoWebsite || c.saysNone(URL))
	if p.URL == "" && !c.j.NoWebsite {
		c.j.Proposal = c.proposal()
		if c.policy.organisation(c.overheard) != "" {
			c.j.Proposal = c.overheard
		}
	}
}

func usableEmail(text string) bool {
	_, err := ParseAddress(text)
	return err == nil
}

// unusable is the code for something that was stated and is no value of the
// field; "" where the field can hold any text.
func unusable(f Field) Code {
	switch f {
	case Email:
		return InvalidEmail
	case URL:
		return InvalidURL
	case LeadTypeOf:
		return InvalidLeadType
	}
	return ""
}

func (c *prospectCase) saysNone(f Field) bool {
	for _, n := range c.read.None {
		if n == f {
			return true
		}
	}
	return false
}

// proposal is the website that the contact's address suggests (D22): asked, and
// never registered before the partner says yes.
func (c *prospectCase) proposal() string {
	a, err := ParseAddress(c.j.Prospect.Email)
	if err != nil {
		return ""
	}
	org := c.policy.OrganisationOf(a.Domain())
	for _, own := range c.policy.OwnOrganisations(*c.b.Partner) {
		if own == org {
			return "" // the partner's own address as the contact's says nothing
		}
	}
	if strings.Contains(string(org), "/") {
		return ""
	}
	return string(org)
}

// doubts are the reasons that only a person can weigh.
func (c *prospectCase) doubts() {
	if !c.b.Weighed {
		c.weigh()
	}
	if c.late && c.own == nil {
		c.add(GrantedMeanwhile, "")
	}
	if c.b.Taken {
		c.add(ThreadTaken, "")
	}
}

// weigh looks for what the mail itself leaves in doubt.
func (c *prospectCase) weigh() {
	p := c.j.Prospect
	if c.unclear() {
		c.add(UnclearOrganisation, Company)
	}
	for _, f := range c.read.Contradicts {
		c.add(ContradictoryMail, f)
	}
	if c.key == "" && c.twoVerbs() {
		c.add(ContradictoryMail, "")
	}
	if a, err := ParseAddress(p.Email); err == nil && Suspicious(a.Domain()) {
		c.add(SuspiciousAddress, Email)
	}
	if host, _, err := splitURL(p.URL); err == nil && Suspicious(host) {
		c.add(SuspiciousAddress, URL)
	}
	if showsAnother(c.req.FromName, c.b.Sender.Address) {
		c.add(SuspiciousAddress, "")
	}
	if c.revoked {
		c.add(RevokedBefore, "")
	}
}

// twoVerbs says whether the mail asks to withdraw or to renew what it registers:
// the same reference, or the same company.
func (c *prospectCase) twoVerbs() bool {
	for _, it := range c.req.Items {
		if it.Ref == "" || it.Verb != VerbWithdraw && it.Verb != VerbRenew {
			continue
		}
		if name, found := strings.CutPrefix(it.Ref, "company:"); found {
			if key := NameKeyOf(name); key != "" && key == NameKeyOf(c.j.Prospect.Company) {
				return true
			}
			continue
		}
		ref := Reference(it.Ref)
		if ref == c.read.Ref || c.ask != nil && ref == c.ask.Ref || c.own != nil && ref == c.own.Ref {
			return true
		}
	}
	return false
}

// unclear is D10: the domain says one organisation and the name another.
func (c *prospectCase) unclear() bool {
	p := c.j.Prospect
	if c.own != nil {
		return !SameName(p.Company, c.own.Prospect.Company)
	}
	key := NameKeyOf(p.Company)
	if key == "" {
		return false
	}
	for _, reg := range c.b.Registrations {
		if reg.Partner != c.b.Partner.ID && reg.Organisation != c.j.Organisation && c.j.Organisation != "" &&
			NameKeyOf(reg.Prospect.Company) == key && reg.Outstanding(c.policy, c.b.Received) {
			return true
		}
	}
	return false
}

// showsAnother says whether a display name shows another address than the one
// that the mail came from (MAIL.md 44).
func showsAnother(name string, from Address) bool {
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(" <>()[]\"',;", r) }) {
		if a, err := ParseAddress(word); err == nil && !a.SameMailbox(from) {
			return true
		}
	}
	return false
}

// cap is D11: what would be a registration needs a free slot.
func (c *prospectCase) cap() {
	if c.joins() {
		return
	}
	c.j.Slot = c.b.freeSlot(c.policy)
	if c.j.Slot == 0 {
		c.add(CapReached, "")
	}
}

// conclude draws the decision from the reasons and fills in what follows from it.
func (c *prospectCase) conclude() Judgement {
	j := c.j
	j.Decision = c.outcome()
	if c.ask != nil {
		j.Ask = c.ask.Ref
	}
	if j.Decision == NeedsInfo {
		asked := 0
		if c.ask != nil {
			asked = c.ask.Asked
			if c.ask.madeBy(c.b) {
				asked-- // one mail, one answer, one question
			}
		}
		if c.b.Taken {
			// Whoever answers in this thread asks; we do not (MAIL.md 130).
			j.Decision = Held
		} else if asked >= c.policy.MaxAsks || asked > 0 && c.saysNone(URL) && j.Prospect.URL == "" {
			// A person takes over: two asks were made (D21), or there is no website
			// although the ask said what counts as one (D23).
			j.Decision = Held
		} else {
			j.Asked = asked + 1
		}
	}
	switch j.Decision {
	case Accepted:
		j.Term = Term{N: 1, From: c.today, Until: Period{Months: c.policy.ExpiryMonths}.After(c.today)}
		if c.until != "" && c.until < j.Term.Until {
			j.Term.Until = c.until
		}
	case Renewed:
		j.Term = Term{N: last(c.own.Terms).N + 1, From: c.today, Until: c.today.AddDays(c.policy.RenewalDays)}
		j.Holds = c.own.Ref
	}
	if c.blocked {
		j.Slot = 0
	}
	switch j.Decision {
	case Accepted, Renewed, Review:
	default:
		j.Slot = 0
	}
	j.Ref = c.reference(j)
	return j
}

// outcome is the decision that the gravest reason leads to.
func (c *prospectCase) outcome() Outcome {
	rank := map[Outcome]int{Review: 1, NeedsInfo: 2, Rejected: 3}
	var worst Outcome
	for _, r := range c.j.Reasons {
		if o := r.Code.Outcome(); rank[o] > rank[worst] {
			worst = o
		}
	}
	switch {
	case worst != "":
		return worst
	case c.renews:
		return Renewed
	case c.joins():
		return ContactAdded
	}
	return Accepted
}

// reference is the prospect's for good (D19): the ask's, that of the partner's
// registration which it belongs to, or a new one.
func (c *prospectCase) reference(j Judgement) Reference {
	switch {
	case j.Decision == Renewed, j.Decision == ContactAdded, j.Has(AlreadyRegistered) && j.Holds != "":
		return j.Holds
	case c.ask != nil:
		return c.ask.Ref
	case len(c.b.References) > 0:
		return c.b.References[0]
	}
	return ""
}

// AcceptReview is the judgement by which staff accept a prospect under review.
// Its date stays the receipt of its mail (D3): the term runs from that day, as
// long as it would have without the review: ninety days where this partner's had
// ended (D25), no longer than what it had withdrawn (D29). An
// organisation that this partner holds already takes it as a further contact;
// one that another holds cannot be accepted, which is an error that says so.
func AcceptReview(b Book, ref Reference, p Policy) (Judgement, error) {
	var reg *Registration
	for i := range b.Registrations {
		if b.Registrations[i].Ref == ref && b.Registrations[i].UnderReview() {
			reg = &b.Registrations[i]
		}
	}
	if reg == nil {
		return Judgement{}, fmt.Errorf("%s is not under review", ref)
	}
	from := p.Day(reg.Received)
	j := Judgement{Reading: -1, Verb: VerbRegister, Ref: ref, Decision: Accepted, Reasons: []Reason{},
		Prospect: reg.Prospect, Organisation: reg.Organisation, Slot: reg.Slot,
		Term: Term{N: 1, From: from, Until: Period{Months: p.ExpiryMonths}.After(from)}}
	before := prospectCase{b: b, policy: p, today: from}
	before.b.Received, before.b.Partner, before.b.Registrations = reg.Received, &Partner{ID: reg.Partner}, nil
	for _, r := range b.Registrations {
		if r.Ref != ref && r.Partner == reg.Partner {
			before.b.Registrations = append(before.b.Registrations, r)
		}
	}
	switch before.holders(reg.Organisation); {
	case before.renews:
		j.Term.Until = from.AddDays(p.RenewalDays)
	case before.until != "":
		j.Term.Until = min(j.Term.Until, before.until)
	}
	if reg.Slot > 0 {
		return j, nil
	}
	for _, other := range b.Registrations {
		if other.Ref == ref || other.Organisation != reg.Organisation || !other.Outstanding(p, b.Received) {
			continue
		}
		if other.Partner != reg.Partner {
			return Judgement{}, fmt.Errorf("%s: %s is registered as %s by %s since %s; reject the review, or end that registration first",
				ref, reg.Organisation, other.Ref, other.Partner, p.Day(other.Received))
		}
		j.Decision, j.Holds, j.Term = ContactAdded, other.Ref, last(other.Terms)
		return j, nil
	}
	if j.Slot = b.freeSlot(p); j.Slot == 0 {
		return Judgement{}, fmt.Errorf("%s: %s has all %d registrations in use; end one of them first", ref, reg.Partner, p.MaxOutstanding)
	}
	return j, nil
}

// RejectReview is the judgement by which staff refuse a prospect under review.
func RejectReview(ref Reference, p Prospect, org OrganisationKey) Judgement {
	return Judgement{Reading: -1, Verb: VerbRegister, Ref: ref, Decision: Rejected, Reasons: []Reason{}, Prospect: p, Organisation: org}
}
