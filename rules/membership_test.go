package rules

import (
	"testing"
	"time"
)

// The dates of D35, each with its neighbours: the day of the lapse, the last on which
// what is held is kept, and the first on which it is free.
func TestALapseByItsDates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name               string
		lapsed, plan, want Date
	}{
		{"neither is known", "", "", ""},
		{"staff wrote the day", "2026-03-01", "", "2026-03-01"},
		{"the plan's last day counts, the day after does not", "", "2026-02-28", "2026-03-01"},
		{"staff were faster than the plan", "2026-02-10", "2026-02-28", "2026-02-10"},
		{"the plan ended before staff noted it", "2026-03-20", "2026-02-28", "2026-03-01"},
		{"for ever", "", "9999-12-31", "9999-12-31"},
	} {
		p := Partner{LapsedOn: c.lapsed, PlanUntil: c.plan}
		if got := p.Lapse(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	chicago, err := DefaultPolicy().In("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	active := Registration{State: StateActive, Slot: 1, Terms: []Term{{1, "2026-01-01", "2026-07-01"}}, LapsedOn: "2026-03-01"}
	for _, c := range []struct {
		name   string
		at     string
		counts bool
		frozen bool
	}{
		{"the evening before", "2026-03-01T05:59:59Z", true, false},
		{"from the first instant of the day it is frozen", "2026-03-01T06:00:00Z", true, true},
		// Clocks go forward on 8 March: the 15th begins an hour earlier in UTC.
		{"the last instant of the fourteenth day", "2026-03-15T04:59:59Z", true, true},
		{"the release", "2026-03-15T05:00:00Z", false, false},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		for what, r := range map[string]Registration{"active": active, "noted as released": {State: StateReleased, Terms: active.Terms, EndedAt: chicago.Midnight("2026-03-15"), LapsedOn: active.LapsedOn}} {
			if got := r.Outstanding(chicago, at); got != c.counts {
				t.Errorf("%s, %s: outstanding %v, want %v", c.name, what, got, c.counts)
			}
			if got := r.Frozen(chicago, at); got != c.frozen {
				t.Errorf("%s, %s: frozen %v, want %v", c.name, what, got, c.frozen)
			}
		}
	}
	for until, want := range map[Date]RegistrationState{"2026-03-14": StateExpired, "2026-03-15": StateReleased} {
		r := active
		r.Terms = []Term{{1, "2026-01-01", until}}
		if got := r.Ends(chicago, "2026-03-20"); got != want {
			t.Errorf("until %s: it ends as %s, want %s", until, got, want)
		}
	}
}

func TestWhoIsInTheDirectory(t *testing.T) {
	t.Parallel()
	member := Partner{Plan: "mentor", JoinedOn: "2025-01-01", AgreementOn: "2025-01-01", CertifiedOn: "2026-05-22"}
	for name, c := range map[string]struct {
		change func(*Partner)
		want   bool
	}{
		"certified today":            {func(*Partner) {}, true},
		"certified tomorrow":         {func(p *Partner) { p.CertifiedOn = "2026-05-23" }, false},
		"not certified":              {func(p *Partner) { p.CertifiedOn = "" }, false},
		"its plan ended yesterday":   {func(p *Partner) { p.PlanUntil = "2026-05-21" }, false},
		"its plan ends today":        {func(p *Partner) { p.PlanUntil = "2026-05-22" }, true},
		"suspended":                  {func(p *Partner) { p.SuspendedOn = "2026-05-01" }, false},
		"without the agreement (P1)": {func(p *Partner) { p.AgreementOn = "" }, false},
	} {
		p := member
		c.change(&p)
		if got := p.Certified("2026-05-22", DefaultPolicy()); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
