package templates

import "leadmail/rules"

// Samples are the data over which Load executes a mail: every decision with
// every reason that words it, everything that can be there once there and once
// absent.
func Samples(name string) []any {
	switch name {
	case Confirmation, Alert, Overdue:
		return sampleNotices()
	case Digest:
		return sampleNews()
	case Outcome:
		bare := sampleAnswer(sampleVerdicts()[:1]...)
		bare.StaffReason, bare.Meter, bare.Clauses = "", nil, nil
		all := []any{sampleAnswer(sampleVerdicts()[0]), bare}
		for _, v := range sampleForms() {
			all = append(all, sampleAnswer(v))
		}
		return all
	case Reminder:
		one, several := sampleAnswer(), sampleAnswer()
		one.Parts = []Part{{Cause: rules.OfRegistration, Rows: sampleRows()[2:3], Numbers: sampleNumbers()}}
		several.Parts = sampleParts()
		several.Stop = &sampleForm().Link
		samples := []any{one, several}
		for _, s := range sampleParts() {
			samples = append(samples, Answer{Program: one.Program, Address: one.Address, Parts: []Part{s}})
		}
		return samples
	case Welcome:
		var samples []any
		for _, code := range []rules.Code{"", rules.AgreementMissing, rules.PlanNotEligible} {
			for lost := range 3 {
				a := sampleAnswer()
				a.Questions, a.Asked, a.Unread, a.Read = nil, false, nil, nil
				a.Standing, a.Joined, a.Back, a.Lost, a.Agree = code, "2025-11-22", lost > 0, lost, &sampleForm().Link
				samples = append(samples, a)
			}
		}
		return append(samples, Answer{Program: "Vendor Partner Program", Address: "partners@vendor.example", Standing: rules.AgreementMissing})
	case Verdicts:
		all := sampleVerdicts()
		one := sampleAnswer(all[0])
		for i := range all {
			all[i].N = i % 3
		}
		several := sampleAnswer(all...)
		several.Tally = []string{"1 registered", "2 need something from you"}
		several.Asks, several.Which, several.Copied = 2, true, true
		several.Listed, several.Rows = true, sampleRows()
		several.Papers, several.Needed, several.Hidden = samplePapers()[0], samplePapers()[1], true
		several.Returned = []string{"leads.csv", "more.xlsx"}
		return []any{one, several}
	}
	a := sampleAnswer()
	return []any{a, Answer{Program: a.Program, Address: a.Address}}
}

// samplePapers are the ways in which paperwork stands.
func samplePapers() []*Papers {
	missing := []rules.FormKind{rules.FormACH, rules.FormTax}
	return []*Papers{
		{State: rules.PaperworkMissing, Deadline: "2027-02-28", Missing: missing},
		{State: rules.PaperworkPartial, Deadline: "2027-02-28", Missing: missing[1:], Waiting: true, Over: true},
		{State: rules.PaperworkPartial, Missing: missing[:1], Waiting: true, Unnamed: true},
		{State: rules.PaperworkMissing, Deadline: "2027-02-28", Missing: missing, Over: true, Forfeited: true},
		{State: rules.PaperworkSubmitted, Deadline: "2027-02-28", On: "2027-03-01", Waiting: true, Over: true, Late: true},
		{State: rules.PaperworkComplete, Deadline: "2027-02-28", On: "2027-02-28"},
	}
}

// sampleForms are what a mail can say of forms.
func sampleForms() []Verdict {
	var out []Verdict
	for _, d := range []rules.Outcome{rules.Answered, rules.Accepted, rules.Rejected} {
		for _, x := range append(samplePapers(), nil) {
			v := Verdict{Verb: rules.VerbPaperwork, Decision: d, Papers: x, Numbers: sampleNumbers()}
			for i, k := range append(rules.FormKinds[:], rules.FormUnknown) {
				v.Forms = append(v.Forms, Forms{Kind: k, N: i + 1})
			}
			out = append(out, v)
		}
	}
	return append(out, Verdict{Verb: rules.VerbPaperwork, Decision: rules.Answered, Forms: []Forms{{Kind: rules.FormUnknown, N: 1}}})
}

func sampleParts() []Part {
	plan := Part{Cause: rules.OfMembership, Until: "2026-12-06", KeptUntil: "2026-12-20", Kept: 3, Numbers: sampleNumbers()}
	lapsed, bare, released := plan, plan, plan
	lapsed.Lapsed = true
	bare.Lapsed, bare.Kept = true, 0
	released.Lapsed, released.Released, released.Rows = true, true, sampleRows()
	parts := []Part{plan, lapsed, bare, released, {Cause: rules.OfRegistration, Rows: sampleRows(), Over: 1, Numbers: sampleNumbers()},
		{Cause: rules.OfRegistration, Rows: sampleRows()[:1], Over: 1, Numbers: sampleNumbers()}}
	for _, x := range samplePapers() {
		parts = append(parts, Part{Cause: rules.OfPaperwork, Papers: x, Numbers: sampleNumbers()})
	}
	return parts
}

func sampleRows() []Row {
	rows := []Row{{N: 9, Ref: "R-7K4Q2M", Company: "Kuanza Coffee", Until: "2027-05-22", Numbers: sampleNumbers()}, {N: 10, Ref: "R-7K4Q2M", Company: "Kuanza Coffee"}}
	for i, s := range []rules.Standing{rules.StandsActive, rules.StandsQueued, rules.StandsFrozen, rules.StandsReview, rules.StandsWaiting, rules.StandsEnded, rules.StandsReleased} {
		rows = append(rows, Row{N: i + 1, Ref: "R-7K4Q2M", Company: "Kuanza Coffee", State: s, Since: "2026-11-22", Until: "2027-05-22", Next: "2027-08-20",
			Renewable: true, Links: []Link{sampleForm().Link}, Numbers: sampleNumbers()})
	}
	return rows
}

func sampleNumbers() Numbers {
	return Numbers{
		Months: 6, Max: 50, RenewalDays: 90, RenewalWindow: 30, CompletionDays: 30, ReviewHours: 48, ReleaseAfterDays: 14,
		RenewalEarly: true, EntryPlans: []string{"mentor", "accelerator", "enterprise"}, QualifiedEarns: true, CustomersToo: true,
		Agreement: Agreement{Version: "2026-01", URL: "https://vendor.example/agreement", Attached: true},
	}
}

func sampleForm() *Form {
	return &Form{
		Lines: []Line{{"Registration", "R-7K4Q2M"}, {"First name", "Ana"}, {"URL", ""}},
		Link:  Link{Label: "Fill in the form", URL: "mailto:partners@vendor.example?subject=R-7K4Q2M&body=URL%3A"},
	}
}

func sampleAnswer(v ...Verdict) Answer {
	n := sampleNumbers()
	clauses := []Clause{}
	for _, id := range ClauseIDs {
		clauses = append(clauses, Clause{ID: id, Numbers: n})
	}
	wishes := []Wish{{Verb: "something new"}}
	for _, verb := range []rules.Verb{
		rules.VerbRegister, rules.VerbAnswer, rules.VerbConfirm, rules.VerbCorrect, rules.VerbRenew, rules.VerbWithdraw,
		rules.VerbStatus, rules.VerbCheck, rules.VerbStatement, rules.VerbHelp, rules.VerbPaperwork, rules.VerbAsk, rules.VerbAgree,
	} {
		wishes = append(wishes, Wish{Verb: verb}, Wish{Verb: verb, Of: "R-7K4Q2M"})
	}
	return Answer{
		Unread: []Unread{{"IMG_2231.jpg", "photo", rules.UnreadFormat}, {"", "PDF", rules.UnreadFormat}, {"docs.google.com", "link", rules.UnreadLink}, {"", "PGP", rules.UnreadEncrypted}}, UnreadMore: 2,
		Program: "Vendor Partner Program", Address: "partners@vendor.example", Zone: "UTC", Today: "2026-11-22",
		Partner: "Northwind", Verdicts: v, Read: wishes, Questions: []string{"Is there a price list?"}, Asked: true, Help: true,
		Paperwork: true, Orders: true, Form: sampleForm(), StaffReason: "Two companies of that name", Meter: &rules.Meter{Used: 37, Of: 50, Expiring: 3},
		Clauses: clauses, Numbers: n,
	}
}

func sampleVerdicts() []Verdict {
	var out []Verdict
	full := Verdict{
		Name: "Kuanza Coffee", Named: true, Contact: "Ana Domingos", Ref: "R-7K4Q2M", Type: rules.QualifiedLead, Today: "2026-11-22",
		From: "2026-11-22", Until: "2027-05-22", RenewFrom: "2027-04-22", Earns: true, Agreed: "2026-11-22", Version: "2026-01", Numbers: sampleNumbers(),
	}
	bare := Verdict{Name: "kuanzacoffee.com", Ref: "R-7K4Q2M", Today: "2026-11-22", Numbers: sampleNumbers()}
	var missing []Missing
	for _, f := range append([]rules.Field{WholeName}, rules.Fields[:]...) {
		missing = append(missing, Missing{Field: f, Code: rules.MissingField}, Missing{Field: f, Code: rules.InvalidURL, Given: "none"})
	}
	for _, d := range Decisions {
		for _, c := range append([]rules.Code{""}, rules.Codes[:]...) {
			if c != "" && c.Outcome() != d {
				continue
			}
			v := full
			v.Decision, v.Reason = d, c
			out = append(out, v)
			v = bare
			v.Decision, v.Reason = d, c
			out = append(out, v)
		}
		v := full
		v.Decision, v.Missing, v.Form, v.Also = d, missing, sampleForm(), rules.Codes[:]
		v.Proposal, v.Last, v.Again, v.RenewNow, v.HeldType, v.KeptUntil = "kuanzacoffee.com", true, true, true, rules.ManagedCustomer, "2026-11-30"
		v.Release = []rules.Holding{{Ref: "R-7K4Q2M", Company: "Kuanza Coffee", Until: "2027-05-22"}}
		v.Contradicts, v.Links = rules.Fields[:], []Link{sampleForm().Link, {Label: "Withdraw", URL: "mailto:partners@vendor.example", Quiet: true}}
		out = append(out, v)
		for _, verb := range []rules.Verb{rules.VerbRenew, rules.VerbWithdraw, rules.VerbCorrect, rules.VerbCheck, rules.VerbStatus, rules.VerbHelp, rules.VerbStop, rules.VerbAgree} {
			w := v
			w.Verb, w.Options = verb, sampleRows()[:1]
			for _, c := range []rules.Availability{"", rules.Available, rules.AvailableManaged, rules.Yours, rules.NotAvailable, rules.NoOrganisation, rules.ChecksSpent} {
				w.Check = c
				out = append(out, w)
			}
			for _, c := range []rules.Code{rules.PartnerSuspended, rules.PartnerInactive, rules.PlanNotEligible} {
				w.Standing = c
				out = append(out, w)
			}
			w.Reason = rules.WhichRegistration
			out = append(out, w)
			w.Reason, w.Ref, w.Options, w.Name = rules.UnknownRegistration, "", nil, ""
			out = append(out, w)
			w = full
			w.Verb, w.Decision, w.Reason = verb, d, rules.ContradictoryMail
			out = append(out, w)
		}
		v.Proposal, v.NoWebsite, v.Earns, v.One, v.Joins, v.Shorter = "", true, false, true, true, true
		out = append(out, v)
	}
	return append(out, sampleForms()...)
}

// Decisions are all that a verdict can say.
var Decisions = [...]rules.Outcome{
	rules.Accepted, rules.ContactAdded, rules.Rejected, rules.NeedsInfo, rules.Review, rules.Renewed, rules.Queued, rules.Withdrawn,
	rules.Updated, rules.Answered, rules.Ignored, rules.Held, rules.Quarantined,
}

// ClauseIDs are the clauses that mails quote, in the order in which they do.
var ClauseIDs = [...]string{
	"P1", "P2", "P4", "P5", "P6", "P7", "P8", "P9", "D1", "D3", "D7", "D9", "D10", "D13", "D15", "D16", "D18", "D21", "D24", "D25", "D26", "D27", "D28", "D29", "D30", "D31",
	"D32", "D33", "D34", "D35", "D37", "D42",
}

func sampleNotices() []any {
	line := []Line{{"From", "pat@northwind.example"}}
	full := Notice{
		Program: "Vendor Partner Program", Zone: "UTC", Headline: "Registered: Kuanza Coffee", Facts: line,
		Prospects: []Judged{{Headline: "1. Kuanza Coffee: accepted", Lines: line}}, Actions: line, Questions: []string{"Is there a price list?"},
		Warnings: []string{"no closing boundary"}, What: "The mailbox refuses our password.", Hint: "Look at imap.password_file.",
		Next: []string{"leadmail inbox show 17"},
	}
	over := full
	over.Recovered = true
	return []any{full, over, Notice{Program: "Vendor Partner Program", Headline: "Held"}}
}

func sampleNews() []any {
	full := News{Program: "Vendor Partner Program", Zone: "UTC", Today: "2026-11-23", Waiting: 3, Late: 2, Look: 1, ReviewHours: 48, Tokens: []rules.Token{"R-7K4Q2M.ABC.DEF"}}
	for i, name := range Sections {
		bare := Entry{Section: name, N: 1}
		all := Entry{Section: name, Case: "R-7K4Q2M", Orders: []rules.Verb{rules.VerbApprove, rules.VerbReject, rules.VerbAddTo}, ID: 17, Ref: "R-7K4Q2M", Partner: "northwind",
			Company: "Kuanza Coffee", Address: "pat@northwind.example", Subject: "New lead", Why: "unclear_organisation", Hours: 50, Late: true, Day: "2026-11-22", N: 2, Of: 50,
			Missing: []rules.FormKind{rules.FormACH, rules.FormTax}, Waiting: true,
			Refused: []rules.Refusal{{Code: rules.Conflict, N: 2}, {Code: rules.CapReached, N: 1}}}
		for n, k := range append(rules.FormKinds[:], rules.FormUnknown) {
			all.Forms = append(all.Forms, Forms{Kind: k, N: n + 1})
		}
		s := Section{Name: name, Urgent: i < 8, Count: 3, Least: 45, Since: "22 November 2026, 07:30", Entries: []Entry{all, bare}, More: 1, Next: "leadmail review list"}
		for _, o := range Decisions {
			all.Outcome = o
			s.Entries = append(s.Entries, all)
		}
		full.Sections = append(full.Sections, s, Section{Name: name, Count: 1})
	}
	return []any{full, News{Program: full.Program, Today: full.Today}, News{Program: full.Program, Today: full.Today, Waiting: 1, ReviewHours: 48}}
}
