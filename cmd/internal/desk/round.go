package desk

import (
	"context"
	"time"

	"leadmail/cmd/internal/config"
	"leadmail/rules"
	"leadmail/store"
)

// round is one turn of something that is done once a local day: the reminders to
// partners, the digest to staff.
type round struct {
	// name is under which the database keeps the day of the last one, kept what it
	// keeps; "" for nothing yet.
	name, kept string
	// since and at are the day and the instant of the last one, today is this one.
	since, today rules.Date
	at           time.Time
}

// round says whether it is time for a turn: none was made today, the schedule's hour
// of the day has come, and the mailbox has been read since. On
// the first start it is as if yesterday's had been made, and from there on what is
// missed is caught up.
func (d *Desk) round(ctx context.Context, name string, s config.Schedule) (r round, due bool, err error) {
	if s == nil {
		return r, false, nil
	}
	now := d.Now()
	r = round{name: name, today: d.policy.Day(now)}
	err = d.Store.View(ctx, func(tx *store.Tx) (err error) {
		r.kept, r.at, err = tx.Setting(name)
		return err
	})
	if err != nil {
		return r, false, err
	}
	r.since = rules.Date(r.kept)
	if r.kept == "" {
		r.since, r.at = r.today.AddDays(-1), d.policy.Midnight(r.today).Add(-time.Second)
	}
	hour := d.hour(s, r.today)
	if !hour.IsZero() && !d.scanned.Before(hour) && r.since < r.today {
		return r, true, nil
	}
	if r.kept == "" {
		err = d.Store.Update(ctx, now, func(tx *store.Tx) error { return tx.SaveSetting(name, string(r.since)) })
	}
	return r, false, err
}

// hour is when a day's turn comes by a schedule, the first of several hours; zero
// for a day that has none. The schedule speaks of the clock on the wall, and is asked
// as if that were UTC's: an hour that the program's clocks leave out comes as much
// later as they jump, and one that they repeat comes once.
func (d *Desk) hour(s config.Schedule, day rules.Date) time.Time {
	wall := s.Next(day.Time().Add(-time.Second))
	if wall.IsZero() || rules.DateOf(wall, time.UTC) != day {
		return time.Time{}
	}
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, d.policy.Location())
	// Of an hour that is left out time.Date gives what is before it, or after.
	_, east := t.Zone()
	return t.Add(max(0, wall.Sub(t.UTC().Add(time.Duration(east)*time.Second))))
}
