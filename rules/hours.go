package rules

import "time"

// Midnight is the first instant of a day in the program's zone. Where the clock
// skips midnight, the day begins an hour later: time.Date may say an hour earlier,
// which is the day before.
func (p Policy) Midnight(day Date) time.Time {
	d := day.Time()
	t := time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, p.Location())
	if p.Day(t) < day {
		t = t.Add(time.Hour)
	}
	return t
}

// Waited is how much of the time from an instant until another counts for a review:
// Saturdays and Sundays in the program's zone do not (D33). A day on which the clock
// changes has the hours that it has.
func (p Policy) Waited(from, until time.Time) time.Duration {
	var sum time.Duration
	for day := p.Day(from); from.Before(until); day = day.AddDays(1) {
		next := p.Midnight(day.AddDays(1))
		if next.After(until) {
			next = until
		}
		if !day.weekend() {
			sum += next.Sub(from)
		}
		from = next
	}
	return sum
}

// ReviewDue is by when a review should be decided: ReviewHours after the receipt,
// weekends in the program's zone not counted (D33).
func (p Policy) ReviewDue(received time.Time) time.Time {
	t, left := received, time.Duration(p.ReviewHours)*time.Hour
	for day := p.Day(received); ; day = day.AddDays(1) {
		next := p.Midnight(day.AddDays(1))
		if !day.weekend() {
			if left <= next.Sub(t) {
				return t.Add(left).UTC()
			}
			left -= next.Sub(t)
		}
		t = next
	}
}

func (d Date) weekend() bool {
	day := d.Time().Weekday()
	return day == time.Saturday || day == time.Sunday
}
