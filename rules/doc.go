// Package rules decides what a partner's mail means for the program.
//
// The business in prose. A partner finds a prospect, an organisation that may
// buy from the vendor, and registers it by mail. The desk answers at once. A
// complete prospect at an organisation that nobody holds becomes a
// registration: the partner's for six calendar months, counted from the day on
// which the mail server received the mail. An incomplete one becomes an ask:
// it reserves nothing, and the mail that completes it counts. What is already
// held, by another partner, by this one, or by the vendor as an existing
// customer, is refused with the rule that says so. What only a person can
// judge goes to review and reserves its place meanwhile. A partner holds at
// most fifty outstanding registrations; one that has ended may be taken up
// again for ninety days.
//
// The job: Decide turns a Book (all the facts that may be looked at) and a
// Request (what intake read in a mail) into a Decision under a Policy. Apply
// gives the Book after that decision. The same pair serves the cap
// inside one mail, a group of mails in one transaction, a replay, the model of
// the property tests and an auditor.
//
// The promise: everything here is a pure function of its arguments. There is no
// clock, no randomness, no database, no network and no error return from
// Decide: a refusal is a normal value. Candidate references come in the Book
// and are recorded with it, so that deciding again from the record gives the
// same.
//
// The traps: months are not hours (see Period), a day belongs to the program's
// zone (see DateOf), and facts that are younger than the mail's receipt are
// neither ignored nor believed (see Book).
//
// P and D numbers in comments are the clauses of docs/policy.md.
package rules
