package rules

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The deadline of RULES.md's vectors is their last day: six calendar months, clamped.
func TestPaperworkDeadlines(t *testing.T) {
	t.Parallel()
	for joined, want := range map[Date]Date{
		"2026-08-31": "2027-02-28", "2026-08-30": "2027-02-28", "2027-08-31": "2028-02-29", "2026-03-31": "2026-09-30", "2026-10-31": "2027-04-30",
		"2026-12-31": "2027-06-30", "2028-02-29": "2028-08-29", "2026-05-15": "2026-11-15", "2026-02-28": "2026-08-28", "": "",
	} {
		if got := PaperworkDeadline(joined); got != want {
			t.Errorf("joined %s: %s, want %s", joined, got, want)
		}
	}
	for deadline, want := range map[Date][]Date{
		"2027-02-28": {"2026-08-28", "2026-08-29", "2026-08-30", "2026-08-31"},
		"2028-02-29": {"2027-08-29", "2027-08-30", "2027-08-31"},
		"2028-02-28": {"2027-08-28"},
		"2026-09-30": {"2026-03-30", "2026-03-31"},
		"2026-08-31": nil, // February has no such day
		"2026-11-15": {"2026-05-15"},
	} {
		if got := JoinedFor(deadline); !slices.Equal(got, want) {
			t.Errorf("deadline %s: joined %v, want %v", deadline, got, want)
		}
	}
	if got, want := JoinedFor("2026-08-30", "2026-08-31", "2026-09-01"), []Date{"2026-03-01"}; !slices.Equal(got, want) {
		t.Errorf("deadlines of three days: joined %v, want %v", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		joined := Date("2020-01-01").AddDays(rapid.IntRange(0, 20000).Draw(t, "day"))
		if !slices.Contains(JoinedFor(PaperworkDeadline(joined)), joined) {
			t.Fatalf("who joined on %s is not found by the deadline %s", joined, PaperworkDeadline(joined))
		}
	})
}

// form writes a form for the tables: kind, day, state.
func form(kind FormKind, day Date, state FormState) Form {
	return Form{Kind: kind, Day: day, State: state}
}

func TestPaperworkStands(t *testing.T) {
	t.Parallel()
	const in, ok, no = FormSubmitted, FormConfirmed, FormRefused
	for _, c := range []struct {
		name  string
		forms []Form
		want  string // state, what is missing, the day that counts
		// forfeited on the last day, on 1 March and on 31 March 2027
		forfeited string
	}{
		{"nothing", nil, "missing [ach_wire tax_form] ", "no yes yes"},
		{"one of two, confirmed", []Form{form(FormW9, "2026-10-01", ok)}, "partial [ach_wire] ", "no yes yes"},
		{"one of two, waiting: nothing is forfeited meanwhile", []Form{form(FormACH, "2026-10-01", in)}, "partial [tax_form] ", "no no no"},
		{"both on the last day, waiting", []Form{form(FormACH, "2026-10-01", in), form(FormW8BEN, "2027-02-28", in)}, "submitted [] 2027-02-28", "no no no"},
		{"both on the last day, confirmed", []Form{form(FormACH, "2026-10-01", ok), form(FormW8BENE, "2027-02-28", ok)}, "complete [] 2027-02-28", "no no no"},
		{"the last one a day late", []Form{form(FormACH, "2026-10-01", ok), form(FormW9, "2027-03-01", ok)}, "complete [] 2027-03-01", "no no no"},
		{"the last one in the middle of March: what ends before is forfeited (D38)", []Form{form(FormACH, "2026-10-01", ok), form(FormW9, "2027-03-15", ok)}, "complete [] 2027-03-15", "no yes no"},
		{"the bank form is the last", []Form{form(FormW9, "2026-10-01", ok), form(FormACH, "2027-03-15", ok)}, "complete [] 2027-03-15", "no yes no"},
		{"and the tax form is", []Form{form(FormW9, "2027-03-15", ok), form(FormACH, "2026-10-01", ok)}, "complete [] 2027-03-15", "no yes no"},
		{"late and waiting", []Form{form(FormACH, "2027-03-15", in), form(FormW9, "2027-03-15", in)}, "submitted [] 2027-03-15", "no yes no"},
		{"refused is not in", []Form{form(FormACH, "2026-10-01", ok), form(FormW9, "2026-10-01", no)}, "partial [tax_form] ", "no yes yes"},
		{"refused, and sent again in time", []Form{form(FormACH, "2026-10-01", ok), form(FormW9, "2026-10-01", no), form(FormW9, "2027-02-01", ok)}, "complete [] 2027-02-01", "no no no"},
		{"one confirmed and one waiting", []Form{form(FormACH, "2026-10-01", ok), form(FormW9, "2026-11-01", in)}, "submitted [] 2026-11-01", "no no no"},
		{"a new one for one that is in changes nothing", []Form{form(FormACH, "2026-10-01", ok), form(FormW9, "2026-11-01", ok), form(FormW9, "2027-05-01", in)}, "complete [] 2026-11-01", "no no no"},
		{"a later one is confirmed, the first still waits", []Form{form(FormACH, "2026-10-01", ok), form(FormW9, "2027-02-01", in), form(FormW9, "2027-03-15", ok)}, "complete [] 2027-03-15", "no no no"},
		{"nobody has named it yet", []Form{form(FormUnknown, "2027-02-28", in)}, "partial [ach_wire tax_form] ", "no no no"},
		{"nobody has named it, and it came late", []Form{form(FormUnknown, "2027-03-01", in)}, "partial [ach_wire tax_form] ", "no yes yes"},
		{"a tax form of which nobody noted which", []Form{form(FormTax, "2026-10-01", ok), form(FormACH, "2026-09-01", ok)}, "complete [] 2026-10-01", "no no no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // in either order
				w := Papers{Partner: "pat", Joined: "2026-08-31", Forms: c.forms}.Stand()
				if got := fmt.Sprint(w.State, " ", w.Missing, " ", w.On); got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
				got := ""
				for _, day := range []Date{"2027-02-28", "2027-03-01", "2027-03-31"} {
					got += map[bool]string{true: " yes", false: " no"}[w.Forfeited(day)]
				}
				if got[1:] != c.forfeited {
					t.Errorf("forfeited:%s, want %s", got, c.forfeited)
				}
				slices.Reverse(c.forms)
			}
		})
	}
	if w := (Papers{Partner: "pat"}).Stand(); w.Deadline != "" || w.Forfeited("2099-01-01") {
		t.Errorf("without a day of joining: %+v", w)
	}
}

func TestDuePaperwork(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	ach := form(FormACH, "2026-10-01", FormConfirmed)
	for _, c := range []struct {
		name         string
		forms        []Form
		joined       Date
		since, today Date
		want         string
	}{
		{"ninety days before", nil, "", "2026-11-29", "2026-11-30", "90"},
		{"sixty", nil, "", "2026-12-29", "2026-12-30", "60"},
		{"thirty, with one form in", []Form{ach}, "", "2027-01-28", "2027-01-29", "30"},
		{"fourteen", nil, "", "2027-02-13", "2027-02-14", "14"},
		{"seven", nil, "", "2027-02-20", "2027-02-21", "7"},
		{"one", nil, "", "2027-02-26", "2027-02-27", "1"},
		{"none on the last day", nil, "", "2027-02-27", "2027-02-28", ""},
		{"the day after", nil, "", "2027-02-28", "2027-03-01", "-1"},
		{"an outage over three stages: the nearest", nil, "", "2026-12-01", "2027-02-15", "14"},
		{"all is in", []Form{ach, form(FormW9, "2027-01-01", FormSubmitted)}, "", "2027-02-20", "2027-02-21", ""},
		{"it was refused", []Form{ach, form(FormW9, "2027-01-01", FormRefused)}, "", "2027-02-20", "2027-02-21", "7"},
		{"a form waits in time: no word that it is over", []Form{form(FormW9, "2027-02-28", FormSubmitted)}, "", "2027-02-28", "2027-03-01", ""},
		{"a form that nobody has named may be what is missing", []Form{form(FormUnknown, "2027-01-01", FormSubmitted)}, "", "2027-02-20", "2027-02-21", ""},
		{"a deadline long past is no news", nil, "2025-01-01", "2026-11-29", "2026-11-30", ""},
		{"nothing of a stage before joining", nil, "2026-08-31", "2026-08-30", "2026-09-01", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := Papers{Partner: "pat", Joined: "2026-08-31", Forms: c.forms}
			if c.joined != "" {
				x.Joined = c.joined
			}
			got := ""
			for _, r := range DuePaperwork([]Papers{x, {Partner: "nobody knows when"}}, c.since, c.today, p) {
				got += fmt.Sprint(r.Stage)
				found := false
				for _, d := range Endings(c.since, c.today, p.PaperworkStages) {
					found = found || slices.Contains(JoinedFor(d), x.Joined)
				}
				if !found || r.Cause != OfPaperwork || !r.DueFor(x.Stand(), c.today, p) {
					t.Errorf("%+v is not looked for, or not due", r)
				}
				if next := r.Until.AddDays(-1); r.Stage > 1 && r.DueFor(x.Stand(), next, p) {
					t.Errorf("%+v is told on %s, though a nearer stage has come", r, next)
				}
			}
			if got != c.want {
				t.Errorf("stage %q, want %q", got, c.want)
			}
		})
	}
	waits := []Papers{{Partner: "pat", Joined: "2026-08-31", Forms: []Form{form(FormW9, "2027-02-28", FormSubmitted)}}, {Partner: "rita", Joined: "2026-08-31"}}
	for day, want := range map[Date][]PartnerID{"2027-02-14": nil, "2027-02-21": {"pat"}, "2027-03-01": {"pat"}} {
		if got := UrgentPaperwork(waits, day.AddDays(-1), day, p); !slices.Equal(got, want) {
			t.Errorf("staff are told on %s of %v, want %v", day, got, want)
		}
	}
}

// D37: the day is that of the receipt in the program's zone, whatever day it is in
// UTC and whenever it is decided.
func TestFormsAreRecordedAsOfTheirReceipt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, received string
		day            Date
		late           bool
	}{
		{"UTC", "2027-02-28T23:59:59Z", "2027-02-28", false},
		{"UTC", "2027-03-01T00:00:00Z", "2027-03-01", true},
		{"America/Chicago", "2027-03-01T05:59:59Z", "2027-02-28", false},
		{"Pacific/Auckland", "2027-02-28T11:00:00Z", "2027-03-01", true},
	} {
		p, err := DefaultPolicy().In(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		b := newSituation().book
		if b.Received, err = time.Parse(time.RFC3339, c.received); err != nil {
			t.Fatal(err)
		}
		b.Partner.JoinedOn, b.Forms = "2026-08-31", []Form{form(FormACH, "2026-10-01", FormConfirmed)}
		d := Decide(b, Request{Kind: KindPaperwork, Items: []Item{{Verb: VerbPaperwork}}, Forms: []Form{{Kind: FormW9, Name: "scan.pdf"}}}, p)
		if d.State != MailDecided || d.Folder != FolderPaperwork || d.Reply != ReplyVerdicts || len(d.Actions) != 1 {
			t.Fatalf("%+v", d)
		}
		f := d.Actions[0].Forms[0]
		if f.Day != c.day || f.State != FormSubmitted || !f.Received.Equal(b.Received) || d.Paperwork.Late() != c.late || d.Paperwork.State != PaperworkSubmitted {
			t.Errorf("%s in %s: %+v, %+v", c.received, c.zone, f, *d.Paperwork)
		}
		if got := Apply(b, d).Forms; len(got) != 2 {
			t.Errorf("the Book holds %v after it", got)
		}
	}
}

func TestDecidePaperwork(t *testing.T) {
	t.Parallel()
	w9 := []Form{{Kind: FormW9, Name: "scan.pdf"}}
	paper := Item{Verb: VerbPaperwork}
	for _, c := range []struct {
		name string
		book func(*Book)
		req  Request
		want string
	}{
		{"forms of a partner", nil, Request{Kind: KindPaperwork, Items: []Item{paper}, Forms: w9}, "decided Paperwork verdicts [answered]"},
		{"and a question", nil, Request{Kind: KindPaperwork, Items: []Item{paper, {Verb: VerbAsk}}, Forms: w9, Questions: []string{"And?"}}, "decided Review verdicts [answered held]"},
		{"and the list", nil, Request{Kind: KindStatus, Items: []Item{paper, {Verb: VerbStatus}}, Forms: w9}, "decided Paperwork verdicts [answered answered]"},
		{"said twice, recorded once", nil, Request{Kind: KindPaperwork, Items: []Item{paper, paper}, Forms: w9}, "decided Paperwork verdicts [answered]"},
		{"a question about forms, none is there", nil, Request{Kind: KindPaperwork, Items: []Item{paper}, OnForms: true}, "held Review held [held]"},
		{"sent to somebody else", nil, Request{Kind: KindPaperwork, Items: []Item{paper}, Forms: w9, Copied: true}, "held Review held [held]"},
		{"a stranger's", func(b *Book) { b.Partner, b.Sender.Partner = nil, "" }, Request{Kind: KindPaperwork, Items: []Item{paper}, Forms: w9}, "held Review unknown_sender []"},
		{"an unverified sender's", func(b *Book) { b.Sender.Verdict = Unverified }, Request{Kind: KindPaperwork, Items: []Item{paper}, Forms: w9}, "held Review  []"},
		{"a suspended partner's are recorded all the same", func(b *Book) { b.Partner.SuspendedOn = "2026-01-01" }, Request{Kind: KindPaperwork, Items: []Item{paper}, Forms: w9}, "decided Paperwork verdicts [answered]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newSituation().book
			if c.book != nil {
				c.book(&b)
			}
			d := Decide(b, c.req, DefaultPolicy())
			outcomes, forms := []Outcome{}, 0
			for _, a := range d.Actions {
				outcomes, forms = append(outcomes, a.Decision), forms+len(a.Forms)
			}
			if got := fmt.Sprintf("%s %s %s %v", d.State, d.Folder, d.Reply, outcomes); got != c.want {
				t.Errorf("%s, want %s (%s)", got, c.want, d.Why)
			}
			if want := d.Folder == FolderPaperwork || slices.Contains(outcomes, Answered); want != (forms == 1) || forms > 1 {
				t.Errorf("%d forms are recorded", forms)
			}
			if b.Partner != nil && d.Paperwork == nil {
				t.Error("the answer cannot say how the paperwork stands")
			}
		})
	}
}

func TestAFormIsSettled(t *testing.T) {
	t.Parallel()
	unknown := form(FormUnknown, "2026-10-01", FormSubmitted)
	if _, err := unknown.Settled(true, "", ""); err == nil {
		t.Error("a form that nobody named was confirmed")
	}
	if f, err := unknown.Settled(true, FormW9, ""); err != nil || f.Kind != FormW9 || f.State != FormConfirmed {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err := unknown.Settled(false, "", "unreadable"); err != nil || f.State != FormRefused || f.Because != "unreadable" {
		t.Errorf("%+v, %v", f, err)
	}
}

// Who is near forfeiture misses something and has a deadline within the days, both ends
// included: the soonest first, of one day by id.
func TestNearForfeiture(t *testing.T) {
	t.Parallel()
	ach, w9 := form(FormACH, "2026-12-01", FormConfirmed), form(FormW9, "2026-12-02", FormSubmitted)
	all := []Papers{
		{Partner: "in thirty days", Joined: "2026-08-10"},
		{Partner: "in thirty-one", Joined: "2026-08-11"},
		{Partner: "yesterday", Joined: "2026-07-10"},
		{Partner: "today, b", Joined: "2026-07-11"},
		{Partner: "today, a", Joined: "2026-07-11"},
		{Partner: "a W-9 waits", Joined: "2026-07-20", Forms: []Form{w9}},
		{Partner: "an unnamed one waits", Joined: "2026-07-21", Forms: []Form{form(FormUnknown, "2026-12-03", FormSubmitted)}},
		{Partner: "one was refused", Joined: "2026-07-22", Forms: []Form{ach, form(FormW9, "2026-12-01", FormRefused)}},
		{Partner: "all in", Joined: "2026-07-20", Forms: []Form{ach, w9}},
		{Partner: "nobody knows since when"},
	}
	var got []string
	for _, n := range NearForfeiture(all, "2027-01-11", "2027-02-10") {
		got = append(got, fmt.Sprint(n.Partner, " ", n.Deadline, " ", n.Missing)+fmt.Sprint(n.Waiting))
		if !slices.ContainsFunc(all, func(x Papers) bool { return x.Partner == n.Partner && slices.Contains(JoinedFor(n.Deadline), x.Joined) }) {
			t.Errorf("%s is not looked for", n.Partner)
		}
	}
	want := []string{
		"today, a 2027-01-11 [ach_wire tax_form][]", "today, b 2027-01-11 [ach_wire tax_form][]", "a W-9 waits 2027-01-20 [ach_wire][w9]",
		"an unnamed one waits 2027-01-21 [ach_wire tax_form][unknown]", "one was refused 2027-01-22 [tax_form][]", "in thirty days 2027-02-10 [ach_wire tax_form][]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("near forfeiture:\n%q, want\n%q", got, want)
	}
}
