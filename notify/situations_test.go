package notify_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadmail/notify"
	"leadmail/rules"
	"leadmail/templates"
)

// situation is one mail as it happens in the program's life.
type situation struct {
	name   string
	render func(*notify.Renderer) (notify.Rendered, error)
}

func reply(d rules.Decision, q rules.Request) func(*notify.Renderer) (notify.Rendered, error) {
	return func(r *notify.Renderer) (notify.Rendered, error) {
		partner := northwind()
		if d.Reply == rules.ReplyUnknownSender || d.Reply == rules.ReplyUnverified {
			partner = nil
		}
		return r.Reply(d, q, original(), partner, identity())
	}
}

func registration(p ...rules.Reading) rules.Request {
	return rules.Request{Kind: rules.KindRegistration, Prospects: p}
}

func refused(codes ...rules.Code) rules.Judgement {
	j := accepted()
	j.Decision, j.Term, j.Slot = rules.Rejected, rules.Term{}, 0
	for _, c := range codes {
		j.Reasons = append(j.Reasons, rules.Reason{Code: c})
	}
	return j
}

func needing(p rules.Prospect, reasons ...rules.Reason) rules.Judgement {
	return rules.Judgement{Verb: rules.VerbRegister, Ref: "R-3M9QZ4", Decision: rules.NeedsInfo, Reasons: reasons, Prospect: p, Asked: 1}
}

func lacks(f ...rules.Field) []rules.Reason {
	var out []rules.Reason
	for _, one := range f {
		out = append(out, rules.Reason{Code: rules.MissingField, Field: one})
	}
	return out
}

func reiss() rules.Prospect {
	return rules.Prospect{FirstName: "Lena", LastName: "Reiß", Email: "lena.reiss@gmail.com", Company: "Reiss Robotik", LeadType: rules.QualifiedLead}
}

func held(kind rules.Kind, items ...rules.Item) rules.Request {
	return rules.Request{Kind: kind, Items: items}
}

func whole(reply rules.Reply) rules.Decision {
	d := verdicts()
	d.Reply, d.State, d.Folder = reply, rules.MailHeld, rules.FolderReview
	return d
}

var situations = []situation{
	{"accepted", reply(verdicts(accepted()), registration())},
	{"accepted managed customer", reply(verdicts(func() rules.Judgement {
		j := accepted()
		j.Prospect.LeadType = rules.ManagedCustomer
		return j
	}()), registration())},
	{"accepted again after a withdrawal, no later end", reply(verdicts(func() rules.Judgement {
		j := accepted()
		j.Term.Until = "2027-02-28"
		return j
	}()), registration())},
	{"accepted, and a question besides", reply(func() rules.Decision {
		d := verdicts(accepted())
		d.Actions = []rules.Action{{Verb: rules.VerbRenew, Ref: "R-2222AA", Decision: rules.Held}, {Verb: rules.VerbAsk, Decision: rules.Held}}
		return d
	}(), rules.Request{Kind: rules.KindRegistration, Questions: []string{"Do you have a price list in Portuguese?"}})},
	{"accepted, and forms besides", reply(func() rules.Decision {
		d := verdicts(accepted())
		d.Actions = []rules.Action{{Verb: rules.VerbPaperwork, Decision: rules.Held}}
		return d
	}(), rules.Request{Kind: rules.KindRegistration, Items: []rules.Item{{Verb: rules.VerbPaperwork}}, Questions: []string{"Account 12345678, sort code 00-11-22, is that enough?"}})},
	{"re-registered after its end", reply(verdicts(func() rules.Judgement {
		j := accepted()
		j.Decision, j.Holds, j.Term = rules.Renewed, j.Ref, rules.Term{N: 2, From: "2026-11-22", Until: "2027-02-20"}
		return j
	}()), registration())},
	{"re-registered with another lead type", reply(verdicts(func() rules.Judgement {
		j := accepted()
		j.Decision, j.Holds, j.Term = rules.Renewed, j.Ref, rules.Term{N: 2, From: "2026-11-22", Until: "2027-02-20"}
		j.Prospect.LeadType, j.HeldType = rules.ManagedCustomer, rules.ManagedCustomer
		return j
	}()), registration())},
	{"contact added", reply(verdicts(func() rules.Judgement {
		j := accepted()
		j.Decision, j.Holds, j.HeldType = rules.ContactAdded, j.Ref, rules.ManagedCustomer
		j.Prospect.FirstName, j.Prospect.LastName = "João", "Neto"
		return j
	}()), registration())},
	{"contact added while under review", reply(verdicts(func() rules.Judgement {
		j := accepted()
		j.Decision, j.Holds, j.Term = rules.ContactAdded, j.Ref, rules.Term{}
		return j
	}()), registration())},
	{"contact not added yet", reply(verdicts(func() rules.Judgement {
		p := kuanza()
		p.Email, p.FirstName = "", ""
		j := needing(p, lacks(rules.FirstName, rules.Email)...)
		j.Holds, j.Term = "R-7K4Q2M", rules.Term{N: 1, From: "2026-10-01", Until: "2027-04-01"}
		return j
	}()), registration())},
	{"rejected, conflict", reply(verdicts(refused(rules.Conflict)), registration())},
	{"rejected, conflict, though lines are missing", reply(verdicts(func() rules.Judgement {
		j := refused(rules.Conflict)
		j.Reasons = append(j.Reasons, lacks(rules.Email, rules.LeadTypeOf)...)
		return j
	}()), registration())},
	{"rejected, own organisation", reply(verdicts(refused(rules.OwnOrganisation)), registration())},
	{"rejected, existing customer", reply(verdicts(refused(rules.ExistingCustomer)), registration())},
	{"rejected, cap reached", reply(func() rules.Decision {
		d := verdicts(refused(rules.CapReached))
		d.Meter = rules.Meter{Used: 50, Of: 50, Expiring: 1}
		d.Release = []rules.Holding{{Ref: "R-1A2B3C", Company: "Harbour Tea", Until: "2026-12-01"}, {Ref: "R-4D5E6F", Company: "Lisbon Tiles", Until: "2027-01-15"}}
		return d
	}(), registration())},
	{"rejected, two beyond the cap", reply(func() rules.Decision {
		one, two := refused(rules.CapReached), refused(rules.CapReached)
		two.Ref, two.Prospect.Company = "R-9XW2NC", "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch-Verwaltungsgesellschaft"
		two.Prospect.URL = "https://www.llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch.example/a/very/long/path/that/does/not/end"
		d := verdicts(one, two)
		d.Meter = rules.Meter{Used: 50, Of: 50}
		d.Release = []rules.Holding{{Ref: "R-1A2B3C", Company: "Harbour Tea", Until: "2026-12-31"}}
		return d
	}(), registration())},
	{"rejected, agreement missing, one tap", agreeing(reply(verdicts(refused(rules.AgreementMissing)), registration()))},
	{"rejected twice, agreement missing", agreeing(reply(func() rules.Decision {
		other := refused(rules.AgreementMissing)
		other.Ref, other.Prospect.Company, other.Item = "R-9XW2NC", "Acme", 1
		return verdicts(refused(rules.AgreementMissing), other)
	}(), registration()))},
	{"agreed, and a lead in one mail", agreeing(reply(func() rules.Decision {
		d := verdicts(accepted())
		d.Judgements[0].Item = 1
		d.Actions = []rules.Action{{Verb: rules.VerbAgree, Decision: rules.Updated, Since: "2026-11-22", Agreement: rules.Agreement{Version: "2026-01"}}}
		return d
	}(), registration()))},
	{"agreed, and the plan has ended", agreeing(func(r *notify.Renderer) (notify.Rendered, error) {
		partner := northwind()
		partner.LapsedOn = "2026-11-20"
		d := verdicts()
		d.Actions = []rules.Action{{Verb: rules.VerbAgree, Decision: rules.Updated, Since: "2026-11-22", Agreement: rules.Agreement{Version: "2026-01"}}}
		return r.Reply(d, rules.Request{}, original(), partner, identity())
	})},
	{"agreed already", agreeing(reply(func() rules.Decision {
		d := verdicts()
		d.Actions = []rules.Action{{Verb: rules.VerbAgree, Decision: rules.Answered, Since: "2025-11-03"}}
		return d
	}(), rules.Request{}))},
	{"rejected, agreement missing", reply(verdicts(refused(rules.AgreementMissing)), registration())},
	{"rejected, partner suspended", reply(verdicts(refused(rules.PartnerSuspended)), registration())},
	{"rejected, partner inactive", func(r *notify.Renderer) (notify.Rendered, error) {
		partner := northwind()
		partner.LapsedOn = "2026-11-20"
		return r.Reply(verdicts(refused(rules.PartnerInactive)), registration(), original(), partner, identity())
	}},
	{"rejected, plan not eligible", reply(verdicts(refused(rules.PlanNotEligible)), registration())},
	{"rejected, renewal limit", reply(verdicts(refused(rules.RenewalLimit)), registration())},
	{"already registered, early", reply(verdicts(func() rules.Judgement {
		j := refused(rules.AlreadyRegistered)
		j.Holds, j.Term = j.Ref, rules.Term{N: 1, From: "2026-10-01", Until: "2027-04-01"}
		return j
	}()), registration())},
	{"already registered, within the renewal window", reply(verdicts(func() rules.Judgement {
		j := refused(rules.AlreadyRegistered)
		j.Holds, j.Term, j.HeldType = j.Ref, rules.Term{N: 1, From: "2026-06-10", Until: "2026-12-10"}, rules.QualifiedLead
		j.Prospect.LeadType = rules.ManagedCustomer
		return j
	}()), registration())},
	{"already registered, under review", reply(verdicts(func() rules.Judgement {
		j := refused(rules.AlreadyRegistered)
		j.Holds = j.Ref
		return j
	}()), registration())},
	{"needs the website", reply(verdicts(needing(reiss(), lacks(rules.URL)...)), registration())},
	{"needs the website, and proposes one", reply(verdicts(func() rules.Judgement {
		p := kuanza()
		p.URL = ""
		j := needing(p, lacks(rules.URL)...)
		j.Proposal = "kuanzacoffee.com"
		return j
	}()), registration())},
	{"needs the website, and there is none", reply(verdicts(func() rules.Judgement {
		j := needing(reiss(), rules.Reason{Code: rules.InvalidURL, Field: rules.URL})
		j.NoWebsite = true
		return j
	}()), registration(rules.Reading{Prospect: reiss(), Unusable: map[rules.Field]string{rules.URL: "none"}, None: []rules.Field{rules.URL}}))},
	{"needs a lead type", reply(verdicts(func() rules.Judgement {
		p := kuanza()
		p.LeadType = ""
		return needing(p, lacks(rules.LeadTypeOf)...)
	}()), registration())},
	{"needs almost everything", reply(verdicts(needing(rules.Prospect{Company: "Reiss Robotik"},
		lacks(rules.FirstName, rules.LastName, rules.Email, rules.URL, rules.LeadTypeOf)...)), registration())},
	{"needs the company, the second time", reply(verdicts(func() rules.Judgement {
		p := kuanza()
		p.Company = ""
		j := needing(p, lacks(rules.Company)...)
		j.Asked = 2
		return j
	}()), registration())},
	{"needs a lead type for a very long name", reply(verdicts(func() rules.Judgement {
		p := kuanza()
		p.LeadType, p.Company = "", "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch-Verwaltungsgesellschaft mbH & Co. KG aA"
		p.URL = "https://www.llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch.example/a/very/long/path/that/does/not/end"
		p.Email = "ana.maria.domingos.de.sousa.e.silva.pereira@llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch.example"
		return needing(p, lacks(rules.LeadTypeOf)...)
	}()), registration())},
	{"needs better lines than were given", reply(verdicts(func() rules.Judgement {
		p := reiss()
		p.URL, p.Email, p.LeadType = "https://gmail.com/", "lena(at)reiss", ""
		return needing(p, rules.Reason{Code: rules.InvalidEmail, Field: rules.Email}, rules.Reason{Code: rules.InvalidURL, Field: rules.URL},
			rules.Reason{Code: rules.InvalidLeadType, Field: rules.LeadTypeOf})
	}()), registration(rules.Reading{Prospect: reiss(), Unusable: map[rules.Field]string{rules.LeadTypeOf: "hot lead"}}))},
	{"a third incomplete reply", reply(verdicts(func() rules.Judgement {
		j := needing(reiss(), lacks(rules.URL)...)
		j.Decision, j.Asked = rules.Held, 0
		return j
	}()), registration())},
	{"an answer that could be for either", reply(verdicts(func() (rules.Judgement, rules.Judgement) {
		a, b := needing(reiss(), lacks(rules.URL)...), needing(kuanza(), lacks(rules.URL)...)
		a.Verb, b.Verb, a.Asked, b.Asked, b.Ref = rules.VerbAnswer, rules.VerbAnswer, 2, 2, "R-5TCVB7"
		b.Prospect.URL = ""
		return a, b
	}()), registration(rules.Reading{Prospect: rules.Prospect{URL: "kuanza.com"}}))},
	{"review, unclear organisation", reply(verdicts(reviewed(rules.UnclearOrganisation, rules.Company)), registration())},
	{"review, contradictory mail", reply(verdicts(reviewed(rules.ContradictoryMail, rules.Email)), registration())},
	{"review, suspicious address", reply(verdicts(reviewed(rules.SuspiciousAddress, rules.URL)), registration())},
	{"review, thread taken", reply(verdicts(reviewed(rules.ThreadTaken, "")), registration())},
	{"review, revoked before", reply(verdicts(reviewed(rules.RevokedBefore, "")), registration())},
	{"review, granted meanwhile", reply(verdicts(reviewed(rules.GrantedMeanwhile, "")), registration())},
	{"several, mixed", reply(mixed(), registration())},
	{"several need a lead type", reply(verdicts(func() (rules.Judgement, rules.Judgement) {
		a, b := needing(kuanza(), lacks(rules.LeadTypeOf)...), needing(reiss(), lacks(rules.URL, rules.LeadTypeOf)...)
		a.Prospect.LeadType, b.Prospect.LeadType, b.Ref = "", "", "R-5TCVB7"
		return a, b
	}()), registration())},
	{"held, a renewal and a withdrawal", reply(whole(rules.ReplyHeld), held(rules.KindRenewal,
		rules.Item{Verb: rules.VerbRenew, Ref: "R-7K4Q2M"}, rules.Item{Verb: rules.VerbWithdraw, Ref: "company:Acme Ltd"}))},
	{"renewed ahead of time", reply(verdicts(func() rules.Judgement {
		j := existing(rules.VerbRenew, rules.Queued)
		j.Term = rules.Term{N: 2, From: "2026-12-11", Until: "2027-03-10"}
		return j
	}()), rules.Request{})},
	{"renewed after its end, on request", reply(verdicts(func() rules.Judgement {
		j := existing(rules.VerbRenew, rules.Renewed)
		j.Term = rules.Term{N: 2, From: "2026-11-22", Until: "2027-02-20"}
		return j
	}()), rules.Request{})},
	{"not renewed, too early", reply(verdicts(func() rules.Judgement {
		j := existing(rules.VerbRenew, rules.Rejected, rules.AlreadyRegistered)
		j.Term = rules.Term{N: 1, From: "2026-10-01", Until: "2027-04-01"}
		return j
	}()), rules.Request{})},
	{"not renewed, another has it", reply(verdicts(existing(rules.VerbRenew, rules.Rejected, rules.Conflict)), rules.Request{})},
	{"not renewed, cap reached", reply(func() rules.Decision {
		d := verdicts(existing(rules.VerbRenew, rules.Rejected, rules.CapReached))
		d.Meter = rules.Meter{Used: 50, Of: 50, Expiring: 1}
		d.Release = []rules.Holding{{Ref: "R-1A2B3C", Company: "Harbour Tea", Until: "2026-12-01"}}
		return d
	}(), rules.Request{})},
	{"withdrawn", reply(verdicts(existing(rules.VerbWithdraw, rules.Withdrawn)), rules.Request{})},
	{"withdrawn, ended before", reply(verdicts(existing(rules.VerbWithdraw, rules.Ignored)), rules.Request{})},
	{"withdrawn, only asked about", reply(verdicts(func() rules.Judgement {
		j := existing(rules.VerbWithdraw, rules.Withdrawn)
		j.Ask, j.Holds, j.Term = j.Ref, "", rules.Term{}
		return j
	}()), rules.Request{})},
	{"updated", reply(verdicts(func() rules.Judgement {
		j := existing(rules.VerbCorrect, rules.Updated)
		j.Prospect.FirstName, j.Prospect.LastName, j.Prospect.Email = "Ben", "Osei", "ben@kuanzacoffee.com"
		return j
	}()), rules.Request{})},
	{"not updated, no address", reply(verdicts(func() rules.Judgement {
		j := existing(rules.VerbCorrect, rules.NeedsInfo)
		j.Prospect.Email = "ben(at)kuanza"
		j.Reasons = []rules.Reason{{Code: rules.InvalidEmail, Field: rules.Email}}
		return j
	}()), rules.Request{})},
	{"review, two verbs", reply(verdicts(existing(rules.VerbRenew, rules.Review, rules.ContradictoryMail), existing(rules.VerbWithdraw, rules.Review, rules.ContradictoryMail)), rules.Request{})},
	{"review, another company", reply(verdicts(existing(rules.VerbCorrect, rules.Review, rules.UnclearOrganisation)), rules.Request{})},
	{"several changes, and a question", reply(func() rules.Decision {
		renewed, gone := existing(rules.VerbRenew, rules.Queued), existing(rules.VerbWithdraw, rules.Withdrawn)
		renewed.Term, renewed.Item = rules.Term{N: 2, From: "2026-12-11", Until: "2027-03-10"}, 1
		gone.Ref, gone.Prospect.Company = "R-2222AA", "Acme"
		d := verdicts(renewed, gone)
		d.Actions = []rules.Action{{Verb: rules.VerbStatus, Decision: rules.Answered, Item: 2}, {Verb: rules.VerbStatement, Decision: rules.Held, Item: 3}}
		d.List = listed()
		return d
	}(), rules.Request{Questions: []string{"Do you have a price list in Portuguese?"}})},
	{"the list", reply(func() rules.Decision {
		d := verdicts()
		d.Actions, d.List = []rules.Action{{Verb: rules.VerbStatus, Decision: rules.Answered}}, listed()
		return d
	}(), rules.Request{})},
	{"the list, empty", reply(func() rules.Decision {
		d := verdicts()
		d.Actions, d.Meter = []rules.Action{{Verb: rules.VerbStatus, Decision: rules.Answered}}, rules.Meter{Of: 50}
		return d
	}(), rules.Request{})},
	{"which one", reply(func() rules.Decision {
		d := verdicts()
		d.Actions = []rules.Action{{Verb: rules.VerbRenew, Decision: rules.NeedsInfo, Reasons: []rules.Reason{{Code: rules.WhichRegistration}},
			Options: []rules.Holding{{Ref: "R-1A2B3C", Company: "Harbour Tea", Until: "2026-12-01"}, {Ref: "R-4D5E6F", Company: "Lisbon Tiles", Until: "2026-12-15"}}}}
		return d
	}(), rules.Request{})},
	{"none of theirs", reply(func() rules.Decision {
		d := verdicts()
		d.Actions = []rules.Action{{Verb: rules.VerbWithdraw, Ref: "R-2222AA", Decision: rules.Rejected, Reasons: []rules.Reason{{Code: rules.UnknownRegistration}}}}
		return d
	}(), rules.Request{})},
	{"checked", reply(func() rules.Decision {
		d := verdicts()
		d.Actions = []rules.Action{{Verb: rules.VerbCheck, Ref: "acme.com", Decision: rules.Answered, Check: rules.Available}}
		return d
	}(), rules.Request{})},
	{"checked, several", reply(func() rules.Decision {
		d := verdicts()
		for i, c := range []rules.Availability{rules.Available, rules.Yours, rules.NotAvailable, rules.NoOrganisation, rules.ChecksSpent} {
			a := rules.Action{Verb: rules.VerbCheck, Ref: []string{"acme.com", "kuanzacoffee.com", "taken.example", "gmail.com", "late.example"}[i], Decision: rules.Answered, Check: c, Item: i}
			if c == rules.Yours {
				a.On, a.Term = "R-7K4Q2M", rules.Term{N: 1, From: "2026-11-22", Until: "2027-05-22"}
			}
			d.Actions = append(d.Actions, a)
		}
		return d
	}(), rules.Request{})},
	{"help", reply(func() rules.Decision {
		d := verdicts()
		d.Actions = []rules.Action{{Verb: rules.VerbHelp, Decision: rules.Answered}}
		return d
	}(), rules.Request{})},
	{"a reminder of one", reminder(rules.Reminder{Cause: rules.OfRegistration, Ref: "R-7K4Q2M", Company: "Kuanza Coffee", Until: "2026-12-06", Stage: 14})},
	{"a reminder on the day after", reminder(rules.Reminder{Cause: rules.OfRegistration, Ref: "R-7K4Q2M", Company: "Kuanza Coffee", Until: "2026-11-21", Stage: -1})},
	{"a reminder of several", reminder(rules.Reminder{Cause: rules.OfRegistration, Ref: "R-4D5E6F", Company: "Lisbon Tiles", Until: "2026-11-21", Stage: -1},
		rules.Reminder{Cause: rules.OfRegistration, Ref: "R-1A2B3C", Company: "Harbour Tea", Until: "2026-11-23", Stage: 1}, rules.Reminder{Cause: rules.OfRegistration, Ref: "R-7K4Q2M", Company: "Kuanza Coffee", Until: "2026-12-22", Stage: 30})},
	{"a plan ends soon", plan(2, "2026-12-06", 14)},
	{"a plan ends soon, and a registration", plan(2, "2026-12-06", 14, rules.Reminder{Cause: rules.OfRegistration, Ref: "R-7K4Q2M", Company: "Kuanza Coffee", Until: "2026-12-06", Stage: 14})},
	{"a plan has ended", plan(2, "2026-11-21", -1)},
	{"a plan has ended, nothing registered", plan(0, "2026-11-21", -1)},
	{"a plan has ended, all is released", plan(0, "2026-11-07", -15)},
	{"welcome", welcome(false, 0, "")},
	{"welcome, the agreement is missing", agreeing(welcome(false, 0, rules.AgreementMissing))},
	{"welcome, the agreement is missing and has no version", welcome(false, 0, rules.AgreementMissing)},
	{"welcome back", welcome(true, 2, "")},
	{"reminders stopped", reply(func() rules.Decision {
		d := verdicts()
		d.Actions = []rules.Action{{Verb: rules.VerbStop, Decision: rules.Answered}}
		return d
	}(), rules.Request{})},
	{"held, a statement", reply(whole(rules.ReplyHeld), held(rules.KindStatus, rules.Item{Verb: rules.VerbStatement}))},
	{"held, paperwork", reply(whole(rules.ReplyHeld), held(rules.KindPaperwork, rules.Item{Verb: rules.VerbPaperwork}))},
	{"forms received, all of them", reply(handedIn(papersOn("2027-02-28", formOf(rules.FormACH, "2026-10-02", rules.FormConfirmed)), formOf(rules.FormW9, "2026-11-22", rules.FormSubmitted)))},
	{"forms received, one is missing", reply(handedIn(papersOn("2027-02-28"), formOf(rules.FormW8BENE, "2026-11-22", rules.FormSubmitted)))},
	{"forms received, nobody can tell which", reply(func() (rules.Decision, rules.Request) {
		d, q := handedIn(papersOn("2027-02-28"), formOf(rules.FormUnknown, "2026-11-22", rules.FormSubmitted), formOf(rules.FormUnknown, "2026-11-22", rules.FormSubmitted))
		q.Hidden, q.Questions = true, []string{"Our account is ########, is that enough?"}
		return d, q
	}())},
	{"forms received, too late", reply(handedIn(papersOn("2026-11-15"), formOf(rules.FormACH, "2026-11-22", rules.FormSubmitted), formOf(rules.FormW9, "2026-11-22", rules.FormSubmitted)))},
	{"forms are asked about", reply(asking(papersOn("2027-02-28")))},
	{"forms are confirmed", func(r *notify.Renderer) (notify.Rendered, error) {
		f := formOf(rules.FormW9, "2026-11-22", rules.FormConfirmed)
		w := papersOn("2027-02-28", formOf(rules.FormACH, "2026-10-02", rules.FormConfirmed), f).Stand()
		return r.PaperworkOutcome([]rules.Form{f}, w, true, "", original(), northwind(), rules.Meter{Used: 37, Of: 50}, identity())
	}},
	{"forms are refused", func(r *notify.Renderer) (notify.Rendered, error) {
		f := formOf(rules.FormW9, "2026-11-22", rules.FormRefused)
		w := papersOn("2027-02-28", formOf(rules.FormACH, "2026-10-02", rules.FormConfirmed), f).Stand()
		return r.PaperworkOutcome([]rules.Form{f}, w, false, "The signature is missing.", original(), northwind(), rules.Meter{Used: 37, Of: 50}, identity())
	}},
	{"a reminder of the paperwork", reminder(rules.Reminder{Cause: rules.OfPaperwork, Partner: "northwind", Until: "2026-12-22", Stage: 30})},
	{"a reminder of the paperwork on the day after", func(r *notify.Renderer) (notify.Rendered, error) {
		return r.Reminder([]rules.Reminder{{Cause: rules.OfPaperwork, Partner: "northwind", Until: "2026-11-21", Stage: -1}}, nil, papersOn("2026-11-21").Stand(),
			"pat@northwind.example", *northwind(), rules.Meter{Used: 37, Of: 50, Expiring: 3}, "2026-11-22", identity())
	}},
	{"a reminder of one and of the paperwork", reminder(rules.Reminder{Cause: rules.OfRegistration, Ref: "R-7K4Q2M", Company: "Kuanza Coffee", Until: "2026-12-22", Stage: 30},
		rules.Reminder{Cause: rules.OfPaperwork, Partner: "northwind", Until: "2026-11-22", Stage: 30})},
	{"to staff, forms", func(r *notify.Renderer) (notify.Rendered, error) {
		d, q := handedIn(papersOn("2027-02-28"), formOf(rules.FormW9, "2026-11-22", rules.FormSubmitted), formOf(rules.FormUnknown, "2026-11-22", rules.FormSubmitted))
		return r.Confirmation("desk@vendor.example", d, q, original(), northwind(), 17, rules.Sender{Address: "pat@northwind.example", Partner: "northwind", Verdict: rules.Verified},
			[]notify.Lever{{Token: "P-17.496200.0123456789ABCDEFGHJKMNPQRS", Orders: []rules.Verb{rules.VerbApprove, rules.VerbReject}}}, identity())
	}},
	{"held, a question", reply(whole(rules.ReplyHeld), rules.Request{Kind: rules.KindOther, Items: []rules.Item{{Verb: rules.VerbAsk}},
		Questions: []string{"Can two of our consultants share one account?", "And who pays the travel costs?"}})},
	{"held, nothing understood", reply(whole(rules.ReplyHeld), held(rules.KindOther))},
	{"unknown sender", reply(whole(rules.ReplyUnknownSender), registration())},
	{"unverified", reply(whole(rules.ReplyUnverified), registration())},
	{"nothing found", reply(whole(rules.ReplyNothingFound), registration())},
	{"nothing found, a photo and a link that cannot be read", reply(whole(rules.ReplyNothingFound), rules.Request{Kind: rules.KindRegistration, Unread: []rules.Unread{
		{Name: "IMG_2231.jpg", Why: rules.UnreadFormat, What: "photo"}, {Why: rules.UnreadFormat, What: "PDF"}, {Name: "docs.google.com", Why: rules.UnreadLink, What: "link"}}})},
	{"nothing found, encrypted", reply(whole(rules.ReplyNothingFound), rules.Request{Kind: rules.KindRegistration, Unread: []rules.Unread{{Why: rules.UnreadEncrypted, What: "PGP"}}})},
	{"accepted, and a PDF that cannot be read", reply(verdicts(accepted()), rules.Request{Kind: rules.KindRegistration, Unread: []rules.Unread{{Name: "more.pdf", Why: rules.UnreadFormat, What: "PDF"}}})},
	{"held, with a winmail.dat", reply(whole(rules.ReplyHeld), func() rules.Request {
		q := held(rules.KindRegistration, rules.Item{Verb: rules.VerbRegister})
		q.Unread = []rules.Unread{{Name: "winmail.dat", Why: rules.UnreadFormat, What: "winmail.dat"}}
		return q
	}())},
	{"too large", reply(whole(rules.ReplyTooLarge), registration())},
	{"a review ends well", func(r *notify.Renderer) (notify.Rendered, error) {
		return r.ReviewOutcome(accepted(), "Confirmed by phone with the company.", original(), northwind(), rules.Meter{Used: 38, Of: 50}, identity())
	}},
	{"a review ends with a no", func(r *notify.Renderer) (notify.Rendered, error) {
		j := reviewed(rules.UnclearOrganisation, rules.Company)
		j.Decision = rules.Rejected
		return r.ReviewOutcome(j, "The website belongs to a company of another name.", original(), northwind(), rules.Meter{Used: 37, Of: 50}, identity())
	}},
	{"a change ends well", func(r *notify.Renderer) (notify.Rendered, error) {
		j := existing(rules.VerbRenew, rules.Queued)
		j.Term = rules.Term{N: 2, From: "2026-12-11", Until: "2027-03-10"}
		return r.ReviewOutcome(j, "You meant the renewal, as you said by phone.", original(), northwind(), rules.Meter{Used: 38, Of: 50}, identity())
	}},
	{"a renewal ends with a no", outcomeOf(existing(rules.VerbRenew, rules.Rejected, rules.SuspiciousAddress))},
	{"a withdrawal ends with a no", outcomeOf(existing(rules.VerbWithdraw, rules.Rejected, rules.ThreadTaken))},
	{"a correction ends with a no", outcomeOf(existing(rules.VerbCorrect, rules.Rejected, rules.UnclearOrganisation))},
	{"a contradiction ends with a no", outcomeOf(existing(rules.VerbRenew, rules.Rejected, rules.ContradictoryMail))},
	{"to staff, a change that waits", func(r *notify.Renderer) (notify.Rendered, error) {
		d := verdicts(existing(rules.VerbRenew, rules.Review, rules.ContradictoryMail), existing(rules.VerbWithdraw, rules.Review, rules.ContradictoryMail))
		orders := []rules.Verb{rules.VerbApprove, rules.VerbReject}
		return r.Confirmation("desk@vendor.example", d, held(rules.KindRenewal), original(), northwind(), 17, rules.Sender{Address: "pat@northwind.example", Partner: "northwind", Verdict: rules.Trusted},
			[]notify.Lever{{Token: "C-17-1.496200.0123456789ABCDEFGHJKMNPQRS", Orders: orders}, {Token: "C-17-2.496200.0123456789ABCDEFGHJKMNPQRS", Orders: orders}}, identity())
	}},
	{"to staff, several", func(r *notify.Renderer) (notify.Rendered, error) {
		d := mixed()
		d.Why = "a person must answer"
		d.Actions = []rules.Action{{Verb: rules.VerbWithdraw, Ref: "company:Acme Ltd", Decision: rules.Held}}
		q := rules.Request{Kind: rules.KindRegistration, Questions: []string{"See http://evil.example/login for the contract?"}, Warnings: []string{"no closing boundary"}}
		return r.Confirmation("desk@vendor.example", d, q, original(), northwind(), 17,
			rules.Sender{Address: "pat@northwind.example", Partner: "northwind", Verdict: rules.Verified, Evidence: &rules.Evidence{Why: "dmarc=pass header.from=northwind.example, said by mx.vendor.example",
				ReplyTo: []rules.Address{"crm@northwind.example"}}},
			[]notify.Lever{{Token: "R-7K4Q2M.496200.0123456789ABCDEFGHJKMNPQRS", Orders: []rules.Verb{rules.VerbApprove, rules.VerbReject}}}, identity())
	}},
	{"to staff, an unknown sender", func(r *notify.Renderer) (notify.Rendered, error) {
		d := whole(rules.ReplyUnknownSender)
		d.Reasons, d.Why, d.Judgements = []rules.Reason{{Code: rules.UnknownSender}}, "the sender is no partner", nil
		o := original()
		o.From, o.FromName, o.Subject = "someone@stranger.example", "www.stranger.example", "Click https://stranger.example/offer now"
		return r.Confirmation("desk@vendor.example", d, registration(), o, nil, 18, rules.Sender{Address: o.From, Verdict: rules.Trusted},
			[]notify.Lever{{Token: "M-18.496200.0123456789ABCDEFGHJKMNPQRS", Orders: []rules.Verb{rules.VerbReject, rules.VerbAddTo}}}, identity())
	}},
	{"to staff, an alert", func(r *notify.Renderer) (notify.Rendered, error) {
		return r.Alert("desk@vendor.example", notify.Alert{Subject: "Replies cannot be sent", What: "smtp login: 535 5.7.8 authentication failed",
			Hint: "Look at smtp.password_file in leadmail.yaml, then run leadmail check."}, identity())
	}},
	{"to staff, a digest", func(r *notify.Renderer) (notify.Rendered, error) {
		return r.Digest("desk@vendor.example", fullDay(), identity())
	}},
	{"to staff, a digest of a quiet day", func(r *notify.Renderer) (notify.Rendered, error) {
		return r.Digest("desk@vendor.example", templates.News{Today: "2026-11-23"}, identity())
	}},
	{"to staff, a review waits for too long", func(r *notify.Renderer) (notify.Rendered, error) {
		return r.Overdue("desk@vendor.example", notify.Waits{Ref: "R-0B1C2D", Case: "R-0B1C2D", Mail: 17, Partner: "northwind", From: "pat@northwind.example", Subject: "New lead: www.kuanza.example",
			Prospect: kuanza(), Organisation: "kuanzacoffee.com", Reasons: []rules.Reason{{Code: rules.UnclearOrganisation, Field: rules.Company}},
			Received: received.Add(-100 * time.Hour), Hours: 52, Lever: notify.Lever{Token: "R-0B1C2D.999.ABCDEFGHJKMNPQRSTVWXYZ2345", Orders: []rules.Verb{rules.VerbApprove, rules.VerbReject}}}, identity())
	}},
	{"to staff, a change waits for too long", func(r *notify.Renderer) (notify.Rendered, error) {
		return r.Overdue("desk@vendor.example", notify.Waits{Ref: "R-0B1C2D", Verb: rules.VerbRenew, Case: "C-17-1", Mail: 17, Partner: "northwind", From: "pat@northwind.example", Subject: "Kuanza",
			Prospect: kuanza(), Organisation: "kuanzacoffee.com", Reasons: []rules.Reason{{Code: rules.ContradictoryMail}},
			Received: received.Add(-100 * time.Hour), Hours: 52, Lever: notify.Lever{Token: "C-17-1.999.ABCDEFGHJKMNPQRSTVWXYZ2345", Orders: []rules.Verb{rules.VerbApprove, rules.VerbReject}}}, identity())
	}},
	{"to staff, forms wait for too long", func(r *notify.Renderer) (notify.Rendered, error) {
		x := papersOn("2026-11-28", formOf(rules.FormW9, "2026-11-18", rules.FormSubmitted), formOf(rules.FormUnknown, "2026-11-18", rules.FormSubmitted))
		return r.Overdue("desk@vendor.example", notify.Waits{Case: "P-17", Mail: 17, Partner: "northwind", From: "pat@northwind.example", Subject: "Forms, see www.kuanza.example",
			Forms: x.Forms, Paperwork: x.Stand(), Received: received.Add(-100 * time.Hour), Hours: 52,
			Lever: notify.Lever{Token: "P-17.999.ABCDEFGHJKMNPQRSTVWXYZ2345", Orders: []rules.Verb{rules.VerbApprove, rules.VerbReject}}}, identity())
	}},
	{"to staff, a form that came without a mail waits for too long", func(r *notify.Renderer) (notify.Rendered, error) {
		x := papersOn("2026-11-28", rules.Form{ID: 8, Kind: rules.FormW8BEN, Day: "2026-11-18", State: rules.FormSubmitted})
		return r.Overdue("desk@vendor.example", notify.Waits{Partner: "northwind", Forms: x.Forms, Paperwork: x.Stand(), Received: received.Add(-90 * time.Hour), Hours: 50}, identity())
	}},
	{"to staff, a mail waits for too long", func(r *notify.Renderer) (notify.Rendered, error) {
		return r.Overdue("desk@vendor.example", notify.Waits{Mail: 18, From: "tom@elsewhere.example", Subject: "May I register leads?", Why: "nobody's address",
			Received: received.Add(-100 * time.Hour), Hours: 52, Lever: notify.Lever{Token: "M-18.999.ABCDEFGHJKMNPQRSTVWXYZ2345", Orders: []rules.Verb{rules.VerbReject, rules.VerbAddTo}}}, identity())
	}},
	{"to staff, an alert is over", func(r *notify.Renderer) (notify.Rendered, error) {
		return r.Alert("desk@vendor.example", notify.Alert{Subject: "Replies cannot be sent", Recovered: true}, identity())
	}},
}

// outcomeOf is the mail after a person looked at a change.
func outcomeOf(j rules.Judgement) func(*notify.Renderer) (notify.Rendered, error) {
	return func(r *notify.Renderer) (notify.Rendered, error) {
		return r.ReviewOutcome(j, "Tell us which of the two you mean.", original(), northwind(), rules.Meter{Used: 37, Of: 50}, identity())
	}
}

// existing is what was decided of a registration that exists.
func existing(verb rules.Verb, o rules.Outcome, codes ...rules.Code) rules.Judgement {
	j := refused(codes...)
	j.Verb, j.Decision, j.Reading, j.Holds = verb, o, -1, j.Ref
	j.Term = rules.Term{N: 1, From: "2026-06-10", Until: "2026-12-10"}
	return j
}

func reminder(due ...rules.Reminder) func(*notify.Renderer) (notify.Rendered, error) {
	return func(r *notify.Renderer) (notify.Rendered, error) {
		return r.Reminder(due, nil, papersOn("2026-11-22").Stand(), "pat@northwind.example", *northwind(), rules.Meter{Used: 37, Of: 50, Expiring: 3}, "2026-11-22", identity())
	}
}

func welcome(back bool, lost int, standing rules.Code) func(*notify.Renderer) (notify.Rendered, error) {
	return func(r *notify.Renderer) (notify.Rendered, error) {
		return r.Welcome("pat@northwind.example", *northwind(), back, lost, standing, rules.Meter{Of: 50}, identity())
	}
}

// plan is a mail about the end of the partner's own plan.
func plan(used int, until rules.Date, stage int, more ...rules.Reminder) func(*notify.Renderer) (notify.Rendered, error) {
	return func(r *notify.Renderer) (notify.Rendered, error) {
		lost := []rules.Holding{{Ref: "R-7K4Q2M", Company: "Kuanza Coffee", Until: "2027-02-28"}, {Ref: "R-4D5E6F", Company: "Lisbon Tiles", Until: "2027-03-31"}}
		due := append([]rules.Reminder{{Cause: rules.OfMembership, Partner: "northwind", Until: until, Stage: stage}}, more...)
		return r.Reminder(due, lost, rules.Paperwork{}, "pat@northwind.example", *northwind(), rules.Meter{Used: used, Of: 50}, "2026-11-22", identity())
	}
}

// papersOn are Northwind's papers where it joined six months before a last day.
func papersOn(deadline rules.Date, forms ...rules.Form) rules.Papers {
	return rules.Papers{Partner: "northwind", Joined: rules.JoinedFor(deadline)[0], Forms: forms}
}

func formOf(kind rules.FormKind, day rules.Date, state rules.FormState) rules.Form {
	return rules.Form{ID: 7, Kind: kind, Day: day, State: state, Name: "scan ####.pdf", Size: 48213, SHA256: "00", Mail: 17}
}

// handedIn is a mail that brings forms, and what is decided of it.
func handedIn(before rules.Papers, forms ...rules.Form) (rules.Decision, rules.Request) {
	d := verdicts()
	d.Folder = rules.FolderPaperwork
	d.Actions = []rules.Action{{Verb: rules.VerbPaperwork, Decision: rules.Answered, Forms: forms}}
	before.Forms = append(before.Forms, forms...)
	w := before.Stand()
	d.Paperwork = &w
	return d, rules.Request{Kind: rules.KindPaperwork, Items: []rules.Item{{Verb: rules.VerbPaperwork}}, Forms: forms, OnForms: true}
}

// asking is a mail that asks about forms and brings none.
func asking(x rules.Papers) (rules.Decision, rules.Request) {
	d := whole(rules.ReplyHeld)
	w := x.Stand()
	d.Paperwork = &w
	return d, rules.Request{Kind: rules.KindOther, Items: []rules.Item{{Verb: rules.VerbAsk}}, Questions: []string{"How do I send you my W-9?"}, OnForms: true}
}

func listed() []rules.Listed {
	return []rules.Listed{
		{Ref: "R-1A2B3C", Company: "Harbour Tea", State: rules.StandsActive, Since: "2026-06-01", Until: "2026-12-01", Renewable: true},
		{Ref: "R-7K4Q2M", Company: "Kuanza Coffee", State: rules.StandsQueued, Since: "2026-06-10", Until: "2026-12-10", Next: "2027-03-10"},
		{Ref: "R-9XW2NC", Company: "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch-Verwaltungsgesellschaft", State: rules.StandsReview, Since: "2026-11-20"},
		{Ref: "R-3M9QZ4", Company: "Reiss Robotik", State: rules.StandsWaiting, Since: "2026-11-21", Until: "2026-12-21"},
		{Ref: "R-4D5E6F", Company: "Lisbon Tiles", State: rules.StandsEnded, Since: "2026-05-01", Until: "2026-11-01", Renewable: true},
	}
}

// fullDay is a digest with all its sections.
func fullDay() templates.News {
	both := []rules.Verb{rules.VerbApprove, rules.VerbReject}
	return templates.News{Today: "2026-11-23", Waiting: 19, Late: 2, Look: 5, Sections: []templates.Section{
		{Name: templates.DigestReview, Urgent: true, Count: 2, Next: "leadmail review list", Entries: []templates.Entry{
			{Case: "R-0B1C2D", Orders: both, Ref: "R-0B1C2D", Company: "Pay-Pal Bistro www.paypal.example", Partner: "northwind", Why: "suspicious_address", Hours: 52, Late: true},
			{Case: "R-9XW2NC", Orders: both, Ref: "R-9XW2NC", Company: "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch-Verwaltungsgesellschaft", Partner: "harbor", Why: "unclear_organisation"},
		}},
		{Name: templates.DigestMail, Urgent: true, Count: 1, Next: "leadmail review list", Entries: []templates.Entry{
			{Case: "M-18", Orders: []rules.Verb{rules.VerbReject, rules.VerbAddTo}, Address: "tom@elsewhere.example", Subject: "May I register leads?", Hours: 1}}},
		{Name: templates.DigestReplies, Urgent: true, Count: 13, More: 11, Next: "leadmail outbox list --state held", Entries: []templates.Entry{
			{Case: "M-21", Orders: both, ID: 40, Address: "pat@northwind.example", Subject: "Re: New lead: Kuanza Coffee", Hours: 20},
			{ID: 44, Address: "pat@northwind.example", Subject: "Ends soon: Harbour Tea, yours until 1 December 2026", Hours: 2}}},
		{Name: templates.DigestForms, Urgent: true, Count: 3, Next: "leadmail paperwork list --waiting", Entries: []templates.Entry{
			{Case: "P-15", Orders: both, Partner: "harbor", Day: "2026-11-18", Hours: 70, Late: true, Forms: []templates.Forms{
				{Kind: rules.FormACH, N: 1}, {Kind: rules.FormW8BEN, N: 1}, {Kind: rules.FormW8BENE, N: 1}, {Kind: rules.FormW9, N: 2}, {Kind: rules.FormTax, N: 1}, {Kind: rules.FormUnknown, N: 2}}},
			{Case: "P-22", Orders: both, Partner: "northwind", Day: "2026-11-22", Hours: 7, Forms: []templates.Forms{{Kind: rules.FormUnknown, N: 1}}},
			{Partner: "tiles", Day: "2026-11-22", Forms: []templates.Forms{{Kind: rules.FormW9, N: 1}}}}},
		{Name: templates.DigestUndecided, Urgent: true, Count: 2, Since: "Sunday, 22 November 2026, 23:10", Next: "leadmail inbox list --state found"},
		{Name: templates.DigestUndelivered, Urgent: true, Count: 1, Next: "leadmail outbox list --state failed", Entries: []templates.Entry{
			{ID: 41, Address: "lee@northwind.example", Subject: "Re: Lead", Why: "550 5.1.1 <lee@northwind.example>: user unknown, see https://mx.northwind.example/unknown"}}},
		{Name: templates.DigestQuarantined, Urgent: true, Count: 1, Entries: []templates.Entry{
			{ID: 19, Address: "pat@northwind.example", Subject: "Please look\r\nBcc: x", Why: "DMARC failed in a partner's name"}}},
		{Name: templates.DigestSuppressed, Urgent: true, Count: 1, Entries: []templates.Entry{{Address: "lee@northwind.example", Why: "550 5.1.1 user unknown"}}},
		{Name: templates.DigestDecided, Count: 31, Since: "Friday, 20 November 2026, 07:30", Entries: []templates.Entry{
			{Outcome: rules.Accepted, N: 17}, {Outcome: rules.Renewed, N: 1}, {Outcome: rules.Queued, N: 2}, {Outcome: rules.ContactAdded, N: 1},
			{Outcome: rules.Rejected, N: 4, Refused: []rules.Refusal{{Code: rules.Conflict, N: 3}, {Code: rules.CapReached, N: 1}}},
			{Outcome: rules.NeedsInfo, N: 3}, {Outcome: rules.Review, N: 1}, {Outcome: rules.Withdrawn, N: 1}, {Outcome: rules.Updated, N: 1}}},
		{Name: templates.DigestStaff, Count: 2, Entries: []templates.Entry{{Outcome: rules.Accepted, N: 1}, {Outcome: rules.Rejected, N: 1}}},
		{Name: templates.DigestEnding, Count: 12, More: 10, Entries: []templates.Entry{
			{Ref: "R-1A2B3C", Company: "Harbour Tea", Partner: "northwind", Day: "2026-12-01"}, {Ref: "R-4D5E6F", Company: "Lisbon Tiles", Partner: "harbor", Day: "2026-12-03"}}},
		{Name: templates.DigestForfeiture, Count: 4, More: 1, Next: "leadmail paperwork list", Entries: []templates.Entry{
			{Partner: "harbor", Day: "2026-11-23", Missing: []rules.FormKind{rules.FormACH, rules.FormTax}, Waiting: true},
			{Partner: "northwind", Day: "2026-11-24", N: 1, Missing: []rules.FormKind{rules.FormTax}},
			{Partner: "tiles", Day: "2026-12-23", N: 30, Missing: []rules.FormKind{rules.FormACH}}}},
		{Name: templates.DigestFull, Count: 1, Least: 45, Entries: []templates.Entry{{Partner: "northwind", N: 47, Of: 50}}},
		{Name: templates.DigestBursts, Count: 1, Entries: []templates.Entry{{Partner: "northwind", N: 16, Day: "2026-11-21"}}},
		{Name: templates.DigestAgain, Count: 1, Entries: []templates.Entry{{Ref: "R-7K4Q2M", Company: "Kuanza Coffee", Partner: "northwind", N: 2, Day: "2027-02-20"}}},
	}, Tokens: []rules.Token{"R-0B1C2D.999.ABCDEFGHJKMNPQRSTVWXYZ2345", "R-9XW2NC.999.ABCDEFGHJKMNPQRSTVWXYZ2346", "M-18.999.ABCDEFGHJKMNPQRSTVWXYZ2347", "M-21.999.ABCDEFGHJKMNPQRSTVWXYZ2348",
		"P-15.999.ABCDEFGHJKMNPQRSTVWXYZ2349", "P-22.999.ABCDEFGHJKMNPQRSTVWXYZ234A"}}
}

func reviewed(c rules.Code, f rules.Field) rules.Judgement {
	j := refused(c)
	j.Reasons[0].Field = f
	j.Decision = rules.Review
	return j
}

func mixed() rules.Decision {
	first, second, third, fourth := accepted(), needing(reiss(), lacks(rules.URL, rules.LeadTypeOf)...), refused(rules.Conflict), reviewed(rules.SuspiciousAddress, rules.Email)
	second.Prospect.LeadType = ""
	third.Ref, third.Prospect.Company = "R-9XW2NC", "Acme"
	fourth.Ref, fourth.Prospect.Company = "R-0B1C2D", "Pay-Pal Bistro"
	return verdicts(first, second, third, fourth)
}

// agreeing is a program whose agreement can be accepted by mail.
func agreeing(render func(*notify.Renderer) (notify.Rendered, error)) func(*notify.Renderer) (notify.Rendered, error) {
	p := program()
	p.Policy.Agreement.Version, p.AgreementURL = "2026-01", "https://vendor.example/agreement"
	p.AgreementFile = &notify.File{Name: "agreement.pdf", MediaType: "application/pdf", Data: []byte("%PDF-1.7 the agreement")}
	r := notify.New(set, p)
	return func(*notify.Renderer) (notify.Rendered, error) { return render(r) }
}

func renderer() *notify.Renderer { return notify.New(set, program()) }

func TestTheMailsAsTheyAreRead(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, s := range situations {
		known[s.name+".txt"] = true
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			got, err := s.render(renderer())
			if err != nil {
				t.Fatal(err)
			}
			golden(t, s.name, got)
			text, html := halves(t, got.Raw)
			if text != got.Text {
				t.Errorf("the mail's text half is not Text:\n%s", text)
			}
			checkHeaders(t, got, got.To == original().From)
			checkLinks(t, text, html)
			checkPage(t, html)
			if *htmlDir != "" {
				if err := os.WriteFile(filepath.Join(*htmlDir, strings.NewReplacer(" ", "-", ",", "").Replace(s.name)+".html"), []byte(html), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".txt") && !known[f.Name()] {
			t.Errorf("testdata/%s belongs to no situation", f.Name())
		}
	}
}

// halves takes a mail apart as a mail client would.
func halves(t interface {
	Helper()
	Fatal(...any)
}, raw []byte) (text, html string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	body := m.Body
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/mixed" { // with a file behind it
		first, err := multipart.NewReader(body, params["boundary"]).NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body = first
		kind, params, err = mime.ParseMediaType(first.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err != nil || kind != "multipart/alternative" {
		t.Fatal("Content-Type", kind, err)
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		// NextRawPart leaves the transfer encoding to us.
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return text, html
		}
		if err != nil {
			t.Fatal(err)
		}
		var r io.Reader = p
		switch p.Header.Get("Content-Transfer-Encoding") {
		case "quoted-printable":
			r = quotedprintable.NewReader(p)
		case "base64":
			r = base64.NewDecoder(base64.StdEncoding, p)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		s := strings.ReplaceAll(string(b), "\r\n", "\n")
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = s
		} else {
			text = s
		}
	}
}
