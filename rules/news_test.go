package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// ruled is a decision of pat's on a day, made at an instant.
func ruled(at string, judged ...Judgement) Ruling {
	when := instant(at)
	return Ruling{Partner: "pat", At: when, Decision: Decision{Today: DateOf(when, time.UTC), Judgements: judged}}
}

func sent(n int) []Judgement {
	var out []Judgement
	for i := range n {
		out = append(out, Judgement{Verb: VerbRegister, Ref: Reference(fmt.Sprintf("R-%06d", i)), Decision: Accepted})
	}
	return out
}

func TestNewsOf(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	refused := func(codes ...Code) Judgement {
		j := Judgement{Verb: VerbRegister, Ref: "R-111111", Decision: Rejected}
		for _, c := range codes {
			j.Reasons = append(j.Reasons, Reason{Code: c})
		}
		return j
	}
	renewed := func(d Outcome, n int) Judgement {
		return Judgement{Verb: VerbRenew, Ref: "R-222222", Holds: "R-222222", Decision: d, Prospect: Prospect{Company: "Acme"}, Term: Term{N: n, Until: "2026-12-01"}}
	}
	for _, c := range []struct {
		name string
		in   []Ruling
		want string
	}{
		{"nothing", nil, ""},
		{"a rejection counts under the reason that words it", []Ruling{ruled("2026-05-21", refused(Conflict, MissingField), refused(CapReached), refused(Conflict))},
			"rejected=3 conflict:2 cap_reached:1"},
		{"what was decided before is no news", []Ruling{ruled("2026-05-20T23:59", sent(2)...), ruled("2026-05-21", sent(1)...)}, "accepted=1"},
		{"fourteen in a day are no burst", []Ruling{ruled("2026-05-21", sent(14)...)}, "accepted=14"},
		{"fifteen are, from several mails", []Ruling{ruled("2026-05-21", sent(14)...), ruled("2026-05-21T20:00", sent(1)...)}, "accepted=15 burst pat 2026-05-21 15"},
		{"fifteen of two days are none", []Ruling{ruled("2026-05-21", sent(8)...), ruled("2026-05-22", sent(7)...)}, "accepted=15"},
		{"an earlier digest saw the first of that day", []Ruling{ruled("2026-05-20T06:00", sent(10)...), {Partner: "pat", At: instant("2026-05-21"),
			Decision: Decision{Today: "2026-05-20", Judgements: sent(5)}}}, "accepted=5 burst pat 2026-05-20 15"},
		{"a burst is told of once", []Ruling{ruled("2026-05-20T06:00", sent(15)...), {Partner: "pat", At: instant("2026-05-21"),
			Decision: Decision{Today: "2026-05-20", Judgements: sent(5)}}}, "accepted=5"},
		{"answers to asks, contacts and renewals are no new prospects", []Ruling{func() Ruling {
			r := ruled("2026-05-21", sent(14)...)
			r.Decision.Judgements = append(r.Decision.Judgements, Judgement{Verb: VerbRegister, Ref: "R-3", Ask: "R-3", Decision: Accepted},
				Judgement{Verb: VerbRegister, Ref: "R-4", Holds: "R-9", Decision: ContactAdded}, renewed(Queued, 2))
			return r
		}()}, "accepted=15 contact_added=1 queued=1"},
		{"a first renewal is nothing to look at", []Ruling{ruled("2026-05-21", renewed(Queued, 2))}, "queued=1"},
		{"a second one is, ahead of time or after the end", []Ruling{ruled("2026-05-21", renewed(Queued, 3), renewed(Renewed, 4))},
			"renewed=1 queued=1 again R-222222 Acme 2 again R-222222 Acme 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			news := NewsOf(c.in, instant("2026-05-20T23:59"), p)
			var got []string
			for _, o := range []Outcome{Accepted, ContactAdded, Rejected, Renewed, Queued} {
				if n := news.Outcomes[o]; n > 0 {
					got = append(got, fmt.Sprintf("%s=%d", o, n))
				}
			}
			for _, r := range news.Refused {
				got = append(got, fmt.Sprintf("%s:%d", r.Code, r.N))
			}
			for _, b := range news.Bursts {
				got = append(got, fmt.Sprint("burst ", b.Partner, " ", b.Day, " ", b.N))
			}
			for _, r := range news.Renewals {
				got = append(got, fmt.Sprint("again ", r.Ref, " ", r.Company, " ", r.Times))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s\nwant %s", s, c.want)
			}
		})
	}
	never := p
	never.BurstProspects = 0
	if news := NewsOf([]Ruling{ruled("2026-05-21", sent(100)...)}, instant("2026-05-20"), never); len(news.Bursts) > 0 {
		t.Errorf("with burst_prospects 0 %v is a burst", news.Bursts)
	}
}
