package rules

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func ending(ref Reference, from, until Date) Registration {
	return Registration{Ref: ref, Partner: "pat", State: StateActive, Prospect: Prospect{Company: "Acme"}, Terms: []Term{{1, from, until}}, Slot: 1}
}

func TestDueReminders(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	acme := ending("R-AAAAAA", "2026-01-10", "2026-07-10")
	for _, c := range []struct {
		name         string
		reg          func(*Registration)
		since, today Date
		want         string
	}{
		{"thirty days before the last day", nil, "2026-06-09", "2026-06-10", "30"},
		{"the day after that there is none", nil, "2026-06-10", "2026-06-11", ""},
		{"fourteen", nil, "2026-06-25", "2026-06-26", "14"},
		{"seven", nil, "2026-07-02", "2026-07-03", "7"},
		{"one", nil, "2026-07-08", "2026-07-09", "1"},
		{"none on the last day", nil, "2026-07-09", "2026-07-10", ""},
		{"the day after", nil, "2026-07-10", "2026-07-11", "-1"},
		{"an outage of nine days over two stages: only the nearest", nil, "2026-06-25", "2026-07-04", "7"},
		{"an outage over the end: only that it has ended", nil, "2026-07-01", "2026-07-15", "-1"},
		{"twice on one day: nothing came since", nil, "2026-07-03", "2026-07-03", ""},
		{"withdrawn", func(r *Registration) { r.State, r.EndedAt = StateWithdrawn, instant("2026-06-01") }, "2026-07-02", "2026-07-03", ""},
		{"won", func(r *Registration) { r.State = StateWon }, "2026-07-02", "2026-07-03", ""},
		{"marked as ended, whatever its state", func(r *Registration) { r.EndedAt = instant("2026-06-01") }, "2026-07-02", "2026-07-03", ""},
		{"closed by its dates", func(r *Registration) { r.State = StateExpired }, "2026-07-10", "2026-07-11", "-1"},
		{"under review", func(r *Registration) { r.State, r.Terms = StateUnderReview, nil }, "2026-07-02", "2026-07-03", ""},
		{"renewed ahead of time: the new end counts", func(r *Registration) { r.Terms = append(slices.Clone(r.Terms), Term{2, "2026-07-11", "2026-10-08"}) },
			"2026-07-02", "2026-07-03", ""},
		{"a stage that came before the term began is none", func(r *Registration) { r.Terms = []Term{{1, "2026-07-01", "2026-07-10"}} }, "2026-06-30", "2026-07-01", ""},
		{"nor is one of the day on which it begins", func(r *Registration) { r.Terms = []Term{{1, "2026-07-03", "2026-07-10"}} }, "2026-07-02", "2026-07-03", ""},
		{"its later stages are", func(r *Registration) { r.Terms = []Term{{1, "2026-07-01", "2026-07-10"}} }, "2026-07-02", "2026-07-03", "7"},
		{"ended thirty days ago is news after an outage", nil, "2026-07-01", "2026-08-09", "-1"},
		{"a day later it is none", nil, "2026-07-01", "2026-08-10", ""},
		{"the first day of the last term, not of the first", func(r *Registration) {
			r.Terms = []Term{{1, "2026-01-10", "2026-04-01"}, {2, "2026-06-10", "2026-07-10"}}
		},
			"2026-06-09", "2026-06-10", ""},
		{"ended long ago is no news", nil, "2026-05-01", "2026-09-01", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			reg := acme
			if c.reg != nil {
				c.reg(&reg)
			}
			got := ""
			for _, r := range DueReminders([]Registration{reg}, c.since, c.today, p) {
				got += fmt.Sprint(r.Stage)
				if !slices.Contains(Endings(c.since, c.today, p.ReminderStages), r.Until) {
					t.Errorf("%s is not among the endings", r.Until)
				}
			}
			if got != c.want {
				t.Errorf("stage %q, want %q", got, c.want)
			}
		})
	}
}

// A partner's stand together, what ends first stands first; what has no company's
// name has its website.
func TestTheOrderOfReminders(t *testing.T) {
	t.Parallel()
	of := func(partner PartnerID, ref Reference, until Date) Registration {
		r := ending(ref, "2026-01-10", until)
		r.Partner, r.Organisation, r.Prospect.Company = partner, "acme.example", ""
		return r
	}
	var got []string
	for _, r := range DueReminders([]Registration{of("pat", "R-DDDDDD", "2026-07-10"), of("olga", "R-EEEEEE", "2026-07-10"), of("pat", "R-CCCCCC", "2026-07-10"),
		of("pat", "R-FFFFFF", "2026-07-04")}, "2026-07-02", "2026-07-03", DefaultPolicy()) {
		got = append(got, fmt.Sprintf("%s %s %s %d", r.Partner, r.Ref, r.Company, r.Stage))
	}
	want := []string{"olga R-EEEEEE acme.example 7", "pat R-FFFFFF acme.example 1", "pat R-CCCCCC acme.example 7", "pat R-DDDDDD acme.example 7"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What was owed and had to wait is looked at once more as it goes out.
func TestAReminderThatWaited(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	owed := Reminder{Cause: OfRegistration, Partner: "pat", Ref: "R-AAAAAA", Until: "2026-07-10", Stage: 7}
	for _, c := range []struct {
		name  string
		reg   func(*Registration)
		owed  func(*Reminder)
		today Date
		want  bool
	}{
		{"on its day", nil, nil, "2026-07-03", true},
		{"days later, as long as no nearer stage has come", nil, nil, "2026-07-08", true},
		{"a nearer stage has come", nil, nil, "2026-07-09", false},
		{"it has ended", nil, nil, "2026-07-11", false},
		{"that it has ended", nil, func(r *Reminder) { r.Stage = -1 }, "2026-07-20", true},
		{"told before its stage", nil, nil, "2026-07-02", false},
		{"closed by its dates, not withdrawn", func(r *Registration) { r.State = StateExpired }, func(r *Reminder) { r.Stage = -1 }, "2026-07-11", true},
		{"withdrawn", func(r *Registration) { r.State, r.EndedAt = StateWithdrawn, instant("2026-07-03") }, nil, "2026-07-03", false},
		{"won", func(r *Registration) { r.State = StateWon }, nil, "2026-07-03", false},
		{"marked as ended, whatever its state", func(r *Registration) { r.EndedAt = instant("2026-07-03") }, nil, "2026-07-03", false},
		{"renewed", func(r *Registration) { r.Terms = append(slices.Clone(r.Terms), Term{2, "2026-07-11", "2026-10-08"}) }, nil, "2026-07-03", false},
		{"another registration", func(r *Registration) { r.Ref = "R-BBBBBB" }, nil, "2026-07-03", false},
		{"a stage beyond all", nil, func(r *Reminder) { r.Stage = 0 }, "2026-05-01", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			reg, r := ending("R-AAAAAA", "2026-01-10", "2026-07-10"), owed
			if c.reg != nil {
				c.reg(&reg)
			}
			if c.owed != nil {
				c.owed(&r)
			}
			if got := r.Due(reg, c.today, p); got != c.want {
				t.Errorf("due: %v, want %v", got, c.want)
			}
		})
	}
}

// However the days of the runs fall: never two reminders for one stage, none after
// its cause is gone, and without outages each stage of the term is told once.
func TestRemindersOverALife(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	rapid.Check(t, func(t *rapid.T) {
		from := Date("2026-01-01").AddDays(rapid.IntRange(0, 300).Draw(t, "from"))
		reg := ending("R-AAAAAA", from, from.AddDays(rapid.IntRange(1, 200).Draw(t, "days")))
		daily := rapid.Bool().Draw(t, "daily")
		gone := from.AddDays(rapid.IntRange(1, 400).Draw(t, "gone"))
		told, since := map[int]bool{}, from
		before := 1 << 20
		for day := from.AddDays(1); day <= reg.Until().AddDays(60); day = day.AddDays(1) {
			if day == gone {
				reg.State, reg.EndedAt = StateWithdrawn, day.Time()
			}
			if !daily && rapid.IntRange(0, 3).Draw(t, "up") > 0 {
				continue
			}
			for _, r := range DueReminders([]Registration{reg}, since, day, p) {
				if told[r.Stage] || r.Stage >= before || day >= gone || !r.Due(reg, day, p) {
					t.Fatalf("stage %d on %s, told %v, gone on %s", r.Stage, day, told, gone)
				}
				told[r.Stage], before = true, r.Stage
			}
			since = day
		}
		for _, s := range p.ReminderStages {
			came := reg.Until().AddDays(-s)
			if want := came > from && came < gone; daily && told[s] != want {
				t.Fatalf("stage %d of %s to %s: told %v, want %v", s, from, reg.Until(), told[s], want)
			}
		}
	})
}

// The end of a membership: warned ahead, told of the lapse and of the release, each
// once by its stage, also where the day became known late (D35).
func TestDueMemberships(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		partner Partner
		today   Date
		want    int // 0: nothing is due
	}{
		{"thirty-one days ahead", Partner{PlanUntil: "2026-06-30"}, "2026-05-30", 0},
		{"thirty", Partner{PlanUntil: "2026-06-30"}, "2026-05-31", 30},
		{"known five days ahead only: the nearest stage", Partner{PlanUntil: "2026-06-30"}, "2026-06-25", 7},
		{"the last day", Partner{PlanUntil: "2026-06-30"}, "2026-06-30", 1},
		{"the day of the lapse", Partner{PlanUntil: "2026-06-30"}, "2026-07-01", -1},
		{"the day of the lapse, as staff wrote it", Partner{LapsedOn: "2026-07-01"}, "2026-07-01", -1},
		{"staff wrote it a week late", Partner{LapsedOn: "2026-07-01"}, "2026-07-08", -1},
		{"the last day on which all is kept", Partner{PlanUntil: "2026-06-30"}, "2026-07-14", -1},
		{"the release", Partner{PlanUntil: "2026-06-30"}, "2026-07-15", -15},
		{"long past", Partner{PlanUntil: "2026-06-30"}, "2026-08-15", 0},
		{"it joined when less than thirty days were left", Partner{PlanUntil: "2026-06-30", JoinedOn: "2026-06-10"}, "2026-06-12", 0},
		{"nothing is known", Partner{}, "2026-06-12", 0},
	} {
		c.partner.ID = "pat"
		due := DueMemberships([]Partner{c.partner}, "", c.today, DefaultPolicy())
		if c.want == 0 && len(due) > 0 || c.want != 0 && (len(due) != 1 || due[0].Stage != c.want || due[0].Until != "2026-06-30") {
			t.Errorf("%s: %+v, want stage %d", c.name, due, c.want)
		}
		from, to := Plans(c.today, DefaultPolicy())
		if until := c.partner.Lapse().AddDays(-1); c.want != 0 && (until < from || until > to) {
			t.Errorf("%s: %s is looked for from %s to %s", c.name, until, from, to)
		}
	}
}

// A reminder of a membership that waited, as it does in mode approve, is told only while
// it is true: the partner has not come back, and no nearer stage has come.
func TestAMembershipReminderThatWaited(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		stage   int
		partner Partner
		today   Date
		want    bool
	}{
		{"nothing has changed", 14, Partner{PlanUntil: "2026-06-30"}, "2026-06-20", true},
		{"seven days before has come", 14, Partner{PlanUntil: "2026-06-30"}, "2026-06-23", false},
		{"the plan goes on", 14, Partner{PlanUntil: "2027-06-30"}, "2026-06-20", false},
		{"staff noted an earlier end", 14, Partner{PlanUntil: "2026-06-30", LapsedOn: "2026-06-25"}, "2026-06-20", false},
		{"frozen", -1, Partner{LapsedOn: "2026-07-01"}, "2026-07-14", true},
		{"released by now", -1, Partner{LapsedOn: "2026-07-01"}, "2026-07-15", false},
		{"the release", -15, Partner{LapsedOn: "2026-07-01"}, "2026-07-20", true},
		{"come back after it", -15, Partner{}, "2026-07-20", false},
	} {
		r := Reminder{Cause: OfMembership, Partner: "pat", Until: "2026-06-30", Stage: c.stage}
		if got := r.DueOf(c.partner, c.today, DefaultPolicy()); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
