package desk

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadmail/cmd/internal/config"
	"leadmail/cmd/internal/mailhost"
	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
)

// TestLives lets a few partners live through a random year: mails that register,
// renew, withdraw, correct and stop reminders, days in which the desk is down and
// days in which nothing can be sent, restarts. The judge knows the policy's text and
// nothing of the code: days are counted by its own calendar, and what it believes
// of a registration comes from the mails that it wrote. It wants
//
//   - every verdict as the policy has it: terms that neither overlap nor, where
//     queued, leave a gap; a slot beyond no cap and one holder an organisation, at
//     every instant that it looks at;
//   - exactly the reminders that are owed: none after its cause is gone, none twice,
//     each stage of what lives to its end on its day, the nearest after an outage,
//     one mail a partner a day.
//
// A failure prints the story, and the seed that repeats it.
func TestLives(t *testing.T) {
	t.Parallel()
	clock := time.Time{}
	host, err := mailhost.Start("127.0.0.1:0", "127.0.0.1:0", func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, p := range worldPartners {
		if err := host.AddUser(lifeAddress(p), "secret"); err != nil {
			t.Fatal(err)
		}
	}
	if err := host.AddUser("partners@vendor.example", "secret"); err != nil {
		t.Fatal(err)
	}
	most := 8 // of what happens in plain `go test`
	if n := flag.Lookup("rapid.checks").Value.(flag.Getter).Get().(int); n > 100 {
		most = 60
	}
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t, host.SMTPAddr)
		defer l.close()
		end := l.now.AddDate(1, 2, 0)
		for range rapid.IntRange(most/2, most).Draw(t, "steps") {
			l.step()
			if l.now.After(end) {
				break
			}
		}
		// Whatever is down comes up, and all that lives may end.
		l.sends, l.up = true, true
		l.pass(l.now.AddDate(0, 7, 0))
	})
}

func lifeAddress(p rules.PartnerID) string { return string(p) + "@" + string(p) + ".example" }

// span is a term, in days of the judge's calendar.
type span struct{ from, until int }

// claim is a registration as the judge believes it.
type claim struct {
	ref, partner string
	org          int
	spans        []span
	ended        bool // withdrawn
}

func (c *claim) until() int { return c.spans[len(c.spans)-1].until }

// counts says whether a claim is outstanding on a day.
func (c *claim) counts(day int) bool { return !c.ended && c.until() >= day }

// row is one line of a reminder.
type row struct {
	partner, ref string
	until        int
	ended        bool
}

type owed struct {
	row
	stage int
}

// posted is a mail that waits in the mailbox.
type posted struct {
	intake.Fetched
	judge func(day int) // lets the judge follow
}

// life is a desk with its judge.
type life struct {
	t      *rapid.T
	ctx    context.Context
	zone   *time.Location
	now    time.Time
	db     *store.DB
	desk   *Desk
	o      Options
	box    store.MailboxState
	uid    uint32
	up     bool
	sends  bool
	cap    int
	waits  []posted
	mailed []store.OutboxMessage
	// the judge
	claims  []*claim
	quiet   map[string]bool
	ran     int // day of the last reminders
	owes    []owed
	nearest map[string]int // the last stage owed, by reference and last day
	batches int            // runs that owed something since the last sending
}

func newLife(t *rapid.T, smtp string) *life {
	l := &life{t: t, ctx: context.Background(), up: true, sends: true, quiet: map[string]bool{}, nearest: map[string]int{},
		box: store.MailboxState{Name: "INBOX", UIDValidity: 1}}
	var err error
	if l.zone, err = time.LoadLocation(rapid.SampledFrom([]string{"America/Chicago", "Pacific/Auckland", "UTC"}).Draw(t, "zone")); err != nil {
		t.Fatal(err)
	}
	l.now = time.Date(2026, 1, 5, 9, 0, 0, 0, l.zone).AddDate(0, 0, rapid.IntRange(0, 250).Draw(t, "begin"))
	l.cap = rapid.IntRange(1, 3).Draw(t, "cap")
	policy, err := rules.DefaultPolicy().In(l.zone.String())
	if err != nil {
		t.Fatal(err)
	}
	policy.MaxOutstanding, policy.IdleReplies = l.cap, 1000
	if l.db, err = store.Open(l.ctx, filepath.Join(tempDir(t), "leadmail.db")); err != nil {
		t.Fatal(err)
	}
	schedule, err := config.ParseSchedule("0 8 * * *")
	if err != nil {
		t.Fatal(err)
	}
	refs, ids := uint32(0), 0
	l.o = Options{
		Store: l.db, Mode: rules.ModeAuto, Words: benchWords(t), Schedule: schedule,
		Program: notify.Program{Name: "Program", Address: "partners@vendor.example", Policy: policy},
		SMTP: notify.SMTP{Addr: smtp, TLS: "none", Username: "partners@vendor.example", Password: func() (string, error) { return "secret", nil },
			Hello: "vendor.example", Timeout: 20 * time.Second},
		Now:          func() time.Time { return l.now },
		NewReference: func() rules.Reference { refs++; return rules.NewReference(refs) },
		NewID:        func() string { ids++; return fmt.Sprintf("m%d", ids) },
		Watch: func(e Event) {
			if e.Sent != nil {
				l.mailed = append(l.mailed, *e.Sent)
			}
		},
	}
	if _, err := l.db.Migrate(l.ctx); err != nil {
		t.Fatal(err)
	}
	err = l.db.Update(l.ctx, l.now, func(tx *store.Tx) error {
		for _, id := range worldPartners {
			p := rules.Partner{ID: id, Name: string(id), Addresses: []rules.Address{rules.Address(lifeAddress(id))}, Plan: "mentor", JoinedOn: "2025-01-01", AgreementOn: "2025-01-01"}
			if err := tx.SavePartner(p, "test", ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	l.start()
	l.ran = l.day(l.now) - 1
	l.settle()
	return l
}

func (l *life) close() {
	if err := l.db.Close(); err != nil {
		l.t.Fatal(err)
	}
}

func (l *life) start() {
	d, err := New(l.o)
	if err != nil {
		l.t.Fatal(err)
	}
	l.desk = d
}

func (l *life) say(format string, args ...any) {
	l.t.Logf("%s  %s", l.now.In(l.zone).Format("2006-01-02 15:04"), fmt.Sprintf(format, args...))
}

// step is one thing that happens, and some time that passes.
func (l *life) step() {
	t := l.t
	who := string(rapid.SampledFrom(worldPartners).Draw(t, "who"))
	org := rapid.IntRange(0, 3).Draw(t, "organisation")
	ref := "R-000001"
	if len(l.claims) > 0 {
		c := rapid.SampledFrom(l.claims).Draw(t, "registration")
		ref = c.ref
		if rapid.IntRange(0, 9).Draw(t, "another's") > 0 {
			who = c.partner
		}
	}
	switch rapid.SampledFrom([]string{"register", "register", "register", "renew", "renew", "renew", "withdraw", "correct", "stop", "down", "no sending", "restart"}).Draw(t, "step") {
	case "register":
		l.write(who, fmt.Sprintf("register %d", org), fmt.Sprintf("First name: Ada\r\nLast name: Lind\r\nEmail: ada@%s\r\nURL: https://%s\r\nCompany: %s\r\nLead type: Qualified Lead\r\n",
			worldHosts[org], worldHosts[org], worldNames[org]), func(day int) { l.register(who, org, day) })
	case "renew":
		l.write(who, "renew "+ref, "RENEW "+ref+"\r\n", func(day int) { l.renew(who, ref, day) })
	case "withdraw":
		l.write(who, "withdraw "+ref, "WITHDRAW "+ref+"\r\n", func(day int) { l.withdraw(who, ref, day) })
	case "correct":
		l.write(who, "correct "+ref, "The e-mail for "+ref+" is wrong, it should be bo@"+worldHosts[org]+".\r\n", func(int) {})
	case "stop":
		if l.quiet[who] {
			l.say("%s wants reminders again", who)
			if err := l.db.Update(l.ctx, l.now, func(tx *store.Tx) error { return tx.SetQuiet(rules.PartnerID(who), false, "test", "") }); err != nil {
				t.Fatal(err)
			}
			l.quiet[who] = false
		} else {
			l.write(who, "stop", "STOP\r\n", func(int) { l.quiet[who] = true })
		}
	case "down":
		l.up = !l.up
		l.say("the desk is up: %v", l.up)
	case "no sending":
		l.sends = !l.sends
		l.say("mails can be sent: %v", l.sends)
	case "restart":
		l.start()
	}
	hours := rapid.OneOf(rapid.IntRange(1, 12), rapid.IntRange(12, 24*8), rapid.IntRange(24*8, 24*25)).Draw(t, "hours")
	l.pass(l.now.Add(time.Duration(hours) * time.Hour))
}

// write puts a mail into the mailbox.
func (l *life) write(who, subject, body string, judge func(day int)) {
	l.uid++
	raw := fmt.Sprintf("From: %s <%s>\r\nSubject: %s\r\nMessage-ID: <%d@%s.example>\r\n\r\n%s", who, lifeAddress(rules.PartnerID(who)), subject, l.uid, who, body)
	l.waits = append(l.waits, posted{intake.Fetched{UID: l.uid, Received: l.now, Raw: []byte(raw), Size: int64(len(raw))}, judge})
	l.say("%s: %s", who, subject)
	l.settle()
}

// pass lets time pass. The desk is looked at every twentieth day at eight, and on every
// day on which a stage of anything comes that ever was.
func (l *life) pass(to time.Time) {
	for day := l.day(l.now); ; day++ {
		date := epoch.AddDate(0, 0, day)
		eight := time.Date(date.Year(), date.Month(), date.Day(), 8, 0, 0, 0, l.zone)
		if eight.After(to) {
			break
		}
		if eight.After(l.now) && (day%20 == 0 || l.stage(day)) {
			l.now = eight
			l.settle()
		}
	}
	l.now = to
	l.settle()
}

func (l *life) stage(day int) bool {
	return slices.ContainsFunc(l.claims, func(c *claim) bool {
		return slices.ContainsFunc(c.spans, func(s span) bool { return slices.Contains(lifeStages, s.until-day) })
	})
}

// settle is what the desk's loops do at this moment, where it is up.
func (l *life) settle() {
	if l.up {
		for _, m := range l.waits {
			if err := l.desk.take(l.ctx, l.box, 0, m.Fetched); err != nil {
				l.t.Fatal(err)
			}
			m.judge(l.day(m.Received))
			l.compare(l.day(m.Received))
		}
		l.waits = nil
		l.desk.scanned = l.now
		before := l.ran
		l.remind()
		if err := l.desk.remind(l.ctx); err != nil {
			l.t.Fatal(err)
		}
		if l.ran > before && l.batches > 0 {
			l.twin(before)
		}
		if l.sends {
			if _, err := l.desk.sendDue(l.ctx); err != nil {
				l.t.Fatal(err)
			}
		}
	}
	l.arrived()
	l.guard()
}

// twin is another machine, which looked when the day's reminders had not been made
// yet and makes them too: nothing is owed twice.
func (l *life) twin(ran int) {
	err := l.db.Update(l.ctx, l.now, func(tx *store.Tx) error { return tx.SaveSetting(remindedName, dayText(ran)) })
	if err == nil {
		err = l.desk.remind(l.ctx)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// The judge's calendar: days since an epoch, and months by the almanac.
var (
	epoch      = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	lifeStages = []int{30, 14, 7, 1, -1}
)

func (l *life) day(t time.Time) int {
	y, m, d := t.In(l.zone).Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(epoch) / (24 * time.Hour))
}

func dayText(day int) string { return epoch.AddDate(0, 0, day).Format("2006-01-02") }

// halfYearAfter is the same day six months on, or the last of that month (D4).
func halfYearAfter(day int) int {
	t := epoch.AddDate(0, 0, day)
	for back := 0; ; back++ {
		to := time.Date(t.Year(), t.Month()+6, t.Day()-back, 0, 0, 0, 0, time.UTC)
		if (int(to.Month())+12-int(t.Month()))%12 == 6 {
			return int(to.Sub(epoch) / (24 * time.Hour))
		}
	}
}

// register is P7, P8, D11, D13, D14, D25, D26 and D29 of a mail that came on a day.
func (l *life) register(who string, org, day int) {
	used := 0
	var mine *claim
	for _, c := range l.claims {
		if c.counts(day) && c.org == org {
			return // whoever's it is
		}
		if c.partner == who && c.counts(day) {
			used++
		}
		// What it withdrew first and holds no more is nothing beside what ended as late.
		if c.partner == who && c.org == org && (mine == nil || c.until() > mine.until() || c.until() == mine.until() && mine.ended) {
			mine = c
		}
	}
	switch {
	case used >= l.cap:
	case mine == nil:
		l.claims = append(l.claims, &claim{partner: who, org: org, spans: []span{{day, halfYearAfter(day)}}})
	case mine.ended && mine.until() >= day:
		l.claims = append(l.claims, &claim{partner: who, org: org, spans: []span{{day, min(halfYearAfter(day), mine.until())}}})
	default:
		mine.spans, mine.ended = append(mine.spans, span{day, day + 90}), false
	}
}

func (l *life) named(who, ref string) *claim {
	for _, c := range l.claims {
		if c.ref == ref && c.partner == who {
			return c
		}
	}
	return nil
}

// renew is D24 to D28.
func (l *life) renew(who, ref string, day int) {
	c := l.named(who, ref)
	switch {
	case c == nil:
	case !c.counts(day):
		l.register(who, c.org, day)
	case day >= c.until()-30 && day >= c.spans[len(c.spans)-1].from:
		c.spans = append(c.spans, span{c.until() + 1, c.until() + 90})
	}
}

// withdraw is D29: a term that has not begun goes with it.
func (l *life) withdraw(who, ref string, day int) {
	c := l.named(who, ref)
	if c == nil || !c.counts(day) {
		return
	}
	c.ended = true
	c.spans = slices.DeleteFunc(c.spans, func(s span) bool { return s.from > day })
}

// compare says that the database holds what the judge believes after a mail.
func (l *life) compare(day int) {
	var all []rules.Registration
	err := l.db.View(l.ctx, func(tx *store.Tx) (err error) {
		all, err = tx.Registrations(store.RegistrationFilter{})
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	var got, want []string
	for _, r := range all {
		known := slices.ContainsFunc(l.claims, func(c *claim) bool { return c.ref == string(r.Ref) })
		for _, c := range l.claims {
			if !known && c.ref == "" && c.partner == string(r.Partner) && worldHosts[c.org] == string(r.Organisation) {
				c.ref = string(r.Ref)
				break
			}
		}
		line := fmt.Sprintf("%s %s %s withdrawn=%v", r.Ref, r.Partner, r.Organisation, !r.EndedAt.IsZero())
		for _, t := range r.Terms {
			line += fmt.Sprintf(" %s..%s", t.From, t.Until)
		}
		got = append(got, line)
	}
	for _, c := range l.claims {
		line := fmt.Sprintf("%s %s %s withdrawn=%v", c.ref, c.partner, worldHosts[c.org], c.ended)
		for i, s := range c.spans {
			line += fmt.Sprintf(" %s..%s", dayText(s.from), dayText(s.until))
			if i > 0 && s.from <= c.spans[i-1].until && c.spans[i-1].until >= day {
				l.t.Fatalf("the judge himself lets terms overlap: %s", line)
			}
		}
		want = append(want, line)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Fatalf("the policy -, the desk +\n%s", diff)
	}
}

// guard looks at what is outstanding at this instant.
func (l *life) guard() {
	used, holder := map[string]int{}, map[int]*claim{}
	for _, c := range l.claims {
		if !c.counts(l.day(l.now)) {
			continue
		}
		if used[c.partner]++; used[c.partner] > l.cap {
			l.t.Fatalf("%s holds more than %d", c.partner, l.cap)
		}
		if other := holder[c.org]; other != nil {
			l.t.Fatalf("%s and %s are both outstanding at %s", other.ref, c.ref, worldHosts[c.org])
		}
		holder[c.org] = c
	}
}

// stands says whether a reminder's cause holds: it ends on that day, nothing of it
// was withdrawn, and nobody else has it now.
func (l *life) stands(r row, today int) bool {
	var own *claim
	for _, c := range l.claims {
		if c.ref == r.ref {
			own = c
		}
	}
	return own != nil && !own.ended && own.until() == r.until && !l.quiet[r.partner] &&
		!slices.ContainsFunc(l.claims, func(c *claim) bool { return c != own && c.org == own.org && c.counts(today) })
}

// remind is what is owed today: from eight on, once; the nearest stage of those that
// came since the last time.
func (l *life) remind() {
	today := l.day(l.now)
	if l.now.In(l.zone).Hour() < 8 || l.ran >= today {
		return
	}
	before := len(l.owes)
	for _, c := range l.claims {
		r := row{c.partner, c.ref, c.until(), c.until() < today}
		stage := nearestStage(c.until() - today)
		came := c.until() - stage
		// What ended more than thirty days ago is no news.
		if came <= l.ran || came > today || came <= c.spans[len(c.spans)-1].from || today-c.until() > 30 || !l.stands(r, today) {
			continue
		}
		l.owes = append(l.owes, owed{r, stage})
		key := fmt.Sprint(r.ref, r.until)
		if last, found := l.nearest[key]; found && last <= stage {
			l.t.Fatalf("the judge himself owes stage %d after %d of %s", stage, last, r.ref)
		}
		l.nearest[key] = stage
	}
	if len(l.owes) > before {
		l.batches++
	}
	l.ran = today
}

// nearestStage is the last to come of those that have come when some days are left.
func nearestStage(left int) int {
	stage := 1 << 10
	for _, s := range lifeStages {
		if s >= left {
			stage = min(stage, s)
		}
	}
	return stage
}

// arrived judges what the mail server has taken.
func (l *life) arrived() {
	today := l.day(l.now)
	var got, want []string
	mails := map[string]int{}
	for _, m := range l.mailed {
		if m.Kind != store.KindReminder {
			continue
		}
		if mails[string(m.Partner)]++; mails[string(m.Partner)] > max(1, l.batches) {
			l.t.Fatalf("%d reminders at once to %s", mails[string(m.Partner)], m.Partner)
		}
		rows, err := reminderRows(m.Raw)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, r := range rows {
			r.partner = string(m.Partner)
			got = append(got, fmt.Sprintf("%s %s %s ended=%v", r.partner, r.ref, dayText(r.until), r.ended))
			if !l.stands(r, today) || r.ended != (r.until < today) {
				l.t.Fatalf("%s: reminded of what is not so: %s %s, ended=%v", dayText(today), r.ref, dayText(r.until), r.ended)
			}
		}
	}
	if l.up && l.sends {
		for _, o := range l.owes {
			// After an outage of the sending the nearest is alone, too.
			if l.stands(o.row, today) && nearestStage(o.until-today) == o.stage {
				want = append(want, fmt.Sprintf("%s %s %s ended=%v", o.partner, o.ref, dayText(o.until), o.ended))
			}
		}
		l.owes, l.batches = nil, 0
	}
	l.mailed = nil
	slices.Sort(got)
	slices.Sort(want)
	for _, line := range got {
		l.say("reminded: %s", line)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Fatalf("%s: owed -, sent +\n%s", dayText(today), diff)
	}
}

var reminderRow = regexp.MustCompile(`(?m)^\d+\. .+, (R-\w{6}): (active until|ended on) (\d+ \w+ \d{4})\r?$`)

// reminderRows reads a reminder as a partner's mail program would, without ours.
func reminderRows(raw []byte) ([]row, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	part, err := parts.NextRawPart()
	if err != nil {
		return nil, err
	}
	var body io.Reader = part
	if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(part)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, found := range reminderRow.FindAllStringSubmatch(string(text), -1) {
		date, err := time.Parse("2 January 2006", found[3])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{ref: found[1], until: int(date.Sub(epoch) / (24 * time.Hour)), ended: found[2] == "ended on"})
	}
	if len(rows) == 0 {
		return nil, errors.New("a reminder of nothing: " + string(text))
	}
	return rows, nil
}
