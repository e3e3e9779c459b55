package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadmail/rules"
)

// Whether a registration counted at an instant is a question of dates: it is answered
// the same by an untouched database, by one that was tidied every day or only now and
// then, and after the partner has come back (D2, D35). Coming back in time loses
// nothing, and coming back late brings nothing back.
func testLapseByDates(t *testing.T, s server) {
	db := fresh(t, s)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		policy, err := rules.DefaultPolicy().In(rapid.SampledFrom([]string{"UTC", "America/Chicago", "Pacific/Auckland"}).Draw(rt, "zone"))
		if err != nil {
			rt.Fatal(err)
		}
		policy.ReleaseAfterDays = rapid.IntRange(0, 20).Draw(rt, "release after")
		day := func(name string, from, to int) rules.Date {
			return rules.Date("2026-03-01").AddDays(rapid.IntRange(from, to).Draw(rt, name))
		}
		p := joined(rules.PartnerID(fmt.Sprint("p", n)))
		if rapid.Bool().Draw(rt, "noted") {
			p.LapsedOn = day("lapsed", 0, 30)
		}
		if p.LapsedOn == "" || rapid.Bool().Draw(rt, "known") {
			p.PlanUntil = day("plan until", 0, 30)
		}
		reg := rules.Registration{Ref: rules.NewReference(uint32(n)), Partner: p.ID, Organisation: rules.OrganisationKey(fmt.Sprint("o", n)), State: rules.StateActive,
			Terms: []rules.Term{{N: 1, From: "2026-02-01", Until: day("until", 0, 60)}}}
		release := policy.ReleaseOn(p.Lapse())
		update := func(today rules.Date, fn func(*Tx) error) {
			if err := db.Update(context.Background(), policy.Midnight(today).Add(8*time.Hour), fn); err != nil {
				rt.Fatal(err)
			}
		}
		update("2026-03-01", func(tx *Tx) error {
			return errors.Join(tx.SavePartner(p, "staff", ""), tx.ImportRegistration(reg, 50, "staff"))
		})
		var untouched rules.Registration
		load := func() (r rules.Registration) {
			err := db.View(context.Background(), func(tx *Tx) (err error) { r, err = tx.Registration(reg.Ref); return err })
			if err != nil {
				rt.Fatal(err)
			}
			return r
		}
		untouched = load()
		// ask compares at instants before an hour: what is noted then must be true of
		// all that was received before.
		ask := func(what string, until rules.Date) {
			now := load()
			for d := rules.Date("2026-03-01"); d <= until; d = d.AddDays(1) {
				for _, at := range []time.Time{policy.Midnight(d), policy.Midnight(d.AddDays(1)).Add(-time.Microsecond)} {
					want := d <= reg.Until() && d < release
					if untouched.Outstanding(policy, at) != want || now.Outstanding(policy, at) != want {
						rt.Fatalf("%s: outstanding at %s: untouched %v, as noted %v (%s), want %v; lapse %s, release %s, until %s", what, at,
							untouched.Outstanding(policy, at), now.Outstanding(policy, at), now.State, want, p.Lapse(), release, reg.Until())
					}
				}
			}
		}
		today := rules.Date("2026-03-01")
		for range rapid.IntRange(0, 5).Draw(rt, "visits") {
			today = today.AddDays(rapid.IntRange(0, 15).Draw(rt, "days"))
			switch rapid.IntRange(0, 2).Draw(rt, "who") {
			case 0: // the nightly tick
				update(today, func(tx *Tx) error {
					ids, err := tx.Lapsed(today, policy)
					for _, id := range ids {
						err = errors.Join(err, tx.Touch(id, nil, today, policy))
					}
					return err
				})
			case 1: // somebody asks for the organisation
				update(today, func(tx *Tx) error { return tx.Touch("", []rules.OrganisationKey{reg.Organisation}, today, policy) })
			case 2: // the partner's own mail
				update(today, func(tx *Tx) error { return tx.Touch(p.ID, nil, today, policy) })
			}
			ask("as of "+string(today), "2026-06-01")
		}
		// Back: what was received before must still be judged as it was then.
		today = today.AddDays(rapid.IntRange(0, 20).Draw(rt, "back after"))
		back := p
		back.LapsedOn, back.PlanUntil = "", ""
		update(today, func(tx *Tx) error {
			return errors.Join(tx.ReleaseLapsed(p.ID, today, policy), tx.SavePartner(back, "staff", "back"))
		})
		if release <= today {
			ask("back too late", "2026-06-01")
		} else if now := load(); now.State != rules.StateActive && reg.Until() >= today || now.State == rules.StateReleased {
			rt.Fatalf("back in time on %s, and it is %s; release would be on %s, its last day is %s", today, now.State, release, reg.Until())
		}
	})
}
