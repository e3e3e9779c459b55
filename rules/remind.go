package rules

import (
	"cmp"
	"slices"
)

// Cause is what a reminder is about.
type Cause string

// The causes, in the order in which a mail tells of them.
const (
	// OfMembership is the partner's own subscription (D35).
	OfMembership Cause = "membership"
	// OfRegistration is a registration (P7).
	OfRegistration Cause = "registration"
	// OfPaperwork is what a partner must hand in to be paid (P2, D37).
	OfPaperwork Cause = "paperwork"
)

// Reminder is what a partner is reminded of at one stage: a last day that is near,
// or has just passed.
type Reminder struct {
	Cause   Cause     `json:"cause"`
	Partner PartnerID `json:"partner"`
	// Ref and Company are those of a registration, else empty.
	Ref     Reference `json:"ref,omitempty"`
	Company string    `json:"company,omitempty"`
	// Until is the last day; Stage how many days before it the reminder is due, -1
	// for the day after. A reminder is owed once by cause, partner, reference, last
	// day and stage.
	Until Date `json:"until"`
	Stage int  `json:"stage"`
}

// Ended says whether the last day has passed at that stage.
func (r Reminder) Ended() bool { return r.Stage < 0 }

// Notice says whether it tells a partner what became of its membership and of all it
// held. STOP ends what warns ahead, not that.
func (r Reminder) Notice() bool { return r.Cause == OfMembership && r.Ended() }

// Released says whether it tells what a partner has lost, which is the last that it
// hears of a lapse (D35).
func (r Reminder) Released(p Policy) bool { return r.Notice() && r.Stage == p.releaseStage() }

// releaseStage is the day of the release, as a stage of the plan's last day.
func (p Policy) releaseStage() int { return -1 - p.ReleaseAfterDays }

// DueOf says whether a reminder of a membership may still be told today: the partner
// has not come back, gets no other end, and no nearer stage has come while it waited.
func (r Reminder) DueOf(partner Partner, today Date, p Policy) bool {
	stage, found := nearest(today.DaysUntil(r.Until), p.planStages())
	return partner.Lapse().AddDays(-1) == r.Until && found && stage == r.Stage
}

// planStages are the stages of a plan's last day, the release among them.
func (p Policy) planStages() []int { return append(slices.Clone(p.MembershipStages), p.releaseStage()) }

// Plans are the first and the last of the last days that reminders of memberships can
// be about on a day: what lies outside is not looked at.
func Plans(today Date, p Policy) (from, to Date) {
	return today.AddDays(p.releaseStage() - RecentDays), today.AddDays(max(0, slices.Max(append(p.MembershipStages, 0))))
}

// DueMemberships are the reminders of the end of partners' own plans that came due
// after since, until today: warned ahead, told of the lapse, told of the release (D35).
func DueMemberships(partners []Partner, since, today Date, p Policy) []Reminder {
	var out []Reminder
	for _, partner := range partners {
		until := partner.Lapse().AddDays(-1)
		if stage, due := stageDue(until, since, today, partner.JoinedOn, p.planStages()); due && until != "" {
			out = append(out, Reminder{Cause: OfMembership, Partner: partner.ID, Until: until, Stage: stage})
		}
	}
	SortReminders(out)
	return out
}

// Endings are the last days that the reminders of (since, today] are about, at the
// stages of one cause: what ends on none of these is not looked at.
func Endings(since, today Date, stages []int) []Date {
	var days []Date
	for d := since.AddDays(1); d <= today; d = d.AddDays(1) {
		for _, s := range stages {
			if until := d.AddDays(s); !slices.Contains(days, until) {
				days = append(days, until)
			}
		}
	}
	slices.Sort(days)
	return days
}

// DueReminders are those that came due after since, until today, by partner and
// last day. Of several stages that came meanwhile only the nearest is owed: after an
// outage nobody is told twice of one end. A stage that came before its term began is
// none, and nothing is owed for what was withdrawn, won or renewed: the end of the
// last term counts.
func DueReminders(regs []Registration, since, today Date, p Policy) []Reminder {
	var out []Reminder
	for _, r := range regs {
		until := r.Until()
		if r.State != StateActive && r.State != StateExpired || !r.EndedAt.IsZero() || until == "" {
			continue
		}
		stage, due := stageDue(until, since, today, last(r.Terms).From, p.ReminderStages)
		if !due {
			continue
		}
		out = append(out, Reminder{Cause: OfRegistration, Partner: r.Partner, Ref: r.Ref, Company: cmp.Or(r.Prospect.Company, string(r.Organisation)), Until: until, Stage: stage})
	}
	SortReminders(out)
	return out
}

// SortReminders puts reminders by partner, cause and last day.
func SortReminders(due []Reminder) {
	order := []Cause{OfMembership, OfRegistration, OfPaperwork}
	slices.SortFunc(due, func(x, y Reminder) int {
		return cmp.Or(cmp.Compare(x.Partner, y.Partner), cmp.Compare(slices.Index(order, x.Cause), slices.Index(order, y.Cause)),
			cmp.Compare(x.Until, y.Until), cmp.Compare(x.Ref, y.Ref))
	})
}

// stageDue is the stage of a last day that came after since, until today: the
// nearest, where an outage left out several; never one that came before what ends
// had begun, nor one of an end long past.
func stageDue(until, since, today, begun Date, stages []int) (stage int, due bool) {
	stage, found := nearest(today.DaysUntil(until), stages)
	came := until.AddDays(-stage)
	return stage, found && came > since && came > begun && until.DaysUntil(today) <= RecentDays+max(0, -1-stage)
}

// nearest is the latest stage that has come when so many days are left.
func nearest(left int, stages []int) (int, bool) {
	best, found := 0, false
	for _, s := range stages {
		if s >= left && (!found || s < best) {
			best, found = s, true
		}
	}
	return best, found
}

// Due says whether a reminder that was owed may still be told today: nothing was
// renewed, withdrawn or won meanwhile, and no nearer stage has come while it waited.
func (r Reminder) Due(reg Registration, today Date, p Policy) bool {
	stage, found := nearest(today.DaysUntil(r.Until), p.ReminderStages)
	return r.Cause == OfRegistration && reg.Ref == r.Ref && (reg.State == StateActive || reg.State == StateExpired) && reg.EndedAt.IsZero() &&
		reg.Until() == r.Until && found && stage == r.Stage
}
