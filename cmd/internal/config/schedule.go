package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when something is due next.
type Schedule interface{ Next(time.Time) time.Time }

// off stands for no schedule.
const off = "off"

// Schedule is when reminders are made; nil for off.
func (r Reminders) Schedule() (Schedule, error) { return schedule(r.Cron) }

// Schedule is when staff get the digest; nil for off.
func (s Staff) Schedule() (Schedule, error) { return schedule(s.Digest) }

func schedule(cron string) (Schedule, error) {
	if cron == off {
		return nil, nil
	}
	return ParseSchedule(cron)
}

// ParseSchedule reads a cron expression of five fields, in whose words a zone has no
// place: the program has one (D6). One that never comes is a mistake.
func ParseSchedule(s string) (out Schedule, err error) {
	defer func() {
		if r := recover(); r != nil { // the parser panics at "TZ=0"
			out, err = nil, fmt.Errorf("%q is no cron expression", s)
		}
	}()
	if strings.Contains(s, "TZ=") {
		return nil, fmt.Errorf("%q names a zone; program.time_zone is the one", s)
	}
	read, err := cron.ParseStandard(s)
	if err != nil {
		return nil, fmt.Errorf("%q is no cron expression: %w", s, err)
	}
	if read.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("%q never comes", s)
	}
	return read, nil
}
