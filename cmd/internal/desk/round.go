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
	// since and at are the day and the instant of the last one, today the day of this.
	since, today rules.Date
	at           time.Time
}

// round says whether it is time for a turn: the schedule's hour has come since the
// last one, none was made today, and the mailbox has been read since that hour. On
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
	hour := s.Next(r.at.In(d.policy.Location()))
	if !hour.IsZero() && !hour.After(now) && !d.scanned.Before(hour) && r.since < r.today {
		return r, true, nil
	}
	if r.kept == "" {
		err = d.Store.Update(ctx, now, func(tx *store.Tx) error { return tx.SaveSetting(name, string(r.since)) })
	}
	return r, false, err
}
