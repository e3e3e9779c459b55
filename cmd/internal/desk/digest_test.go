package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadmail/cmd/internal/config"
	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
	"leadmail/templates"
)

// mornings are a bench's digests, on weekdays at half past seven.
func (b *bench) mornings() {
	b.Helper()
	s, err := config.ParseSchedule("30 7 * * 1-5")
	b.must(err)
	b.o.Digest = s
}

// subjects are those of the mails to staff.
func (b *bench) subjects() (out []string) {
	b.Helper()
	for _, raw := range b.mails(staff, "INBOX") {
		out = append(out, intake.Reader{}.Read(raw).Subject)
	}
	return out
}

// Three daemons on one database, all at once: one digest.
func TestOfThreeDaemonsOneMakesTheDigest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.mornings()
	d := b.desk() // Friday, 22 May 2026, 09:30
	b.must(d.Settle(t.Context()))
	b.must(b.host.Deliver(mailbox, leadMail(1, "one.example")))
	b.later(time.Minute)
	b.must(d.Settle(t.Context()))
	b.later(3 * 24 * time.Hour)
	b.must(d.Settle(t.Context()))
	if got := b.subjects(); len(got) != 2 || got[1] != "25 May 2026: nothing waits for you" {
		t.Errorf("staff got %q", got)
	}

	b.later(24 * time.Hour)
	b.must(b.host.Deliver(mailbox, leadMail(2, "two.example")))
	desks := []*Desk{d, b.desk(), b.desk()}
	for _, one := range desks {
		b.must(one.begin(t.Context()))
		one.scanned = b.clock()
	}
	b.update(func(tx *store.Tx) error { return tx.Note("test", "x", "review: accepted", "") })
	var all sync.WaitGroup
	errs := make([]error, len(desks))
	for i, one := range desks {
		all.Go(func() { errs[i] = one.digest(context.Background()) })
	}
	all.Wait()
	b.must(errors.Join(errs...))
	b.must(d.Settle(t.Context()))
	n := 0
	for _, s := range b.subjects() {
		if strings.HasPrefix(s, "26 May 2026") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("three daemons made %d digests: %q", n, b.subjects())
	}
}

// A reminder of what waits for too long is looked at once more as it is sent: what
// has been decided meanwhile is not reminded of.
func TestNobodyIsRemindedOfWhatIsDecided(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.mornings()
	var refs []rules.Reference
	b.o.NewReference = func() rules.Reference {
		refs = append(refs, rules.NewReference(uint32(len(refs)+1)))
		return refs[len(refs)-1]
	}
	d := b.desk()
	b.must(d.Settle(t.Context()))
	mail := func(n int, host string) {
		raw := leadMail(n, host)
		b.must(b.host.Deliver(mailbox, slices.Concat(raw[:len(raw)-2], []byte("\r\n\r\nPhone 555 01 02. Could you call me?\r\n"))))
	}
	mail(1, "one.example")
	mail(2, "two.example")
	for i := range 2 {
		b.must(b.host.Deliver(mailbox, []byte(strings.ReplaceAll(fmt.Sprintf("From: <%s>\nTo: %s\nSubject: W-9\nMessage-ID: <f%d@partner.example>\nContent-Type: multipart/mixed; boundary=b\n\n"+
			"--b\n\nThe W-9 is attached.\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=W-9.pdf\n\n%%PDF-1.4 %d\n--b--\n", pat, mailbox, i, i), "\n", "\r\n"))))
	}
	b.later(time.Minute)
	b.must(d.Settle(t.Context()))
	var waiting []store.Review
	b.update(func(tx *store.Tx) (err error) { waiting, err = tx.Reviews(); return err })
	if len(waiting) != 2 {
		t.Fatalf("%d wait, want 2", len(waiting))
	}
	before := len(b.subjects())
	b.later(5 * 24 * time.Hour)
	d.paused = b.clock().Add(time.Hour)
	b.must(d.Settle(t.Context()))
	b.update(func(tx *store.Tx) error {
		forms, err := tx.Forms("pat")
		if err != nil {
			return err
		}
		f := forms[0]
		f.State = rules.FormConfirmed
		return errors.Join(tx.CloseHeld(waiting[0].InboxID, "test", "done"), tx.SettleForm("pat", f, rules.FormSubmitted, "test"))
	})
	b.later(2 * time.Hour)
	b.must(d.Settle(t.Context()))
	got := b.subjects()[before:]
	if len(got) != 3 || got[0] != "27 May 2026: 4 wait for you, for longer than 48 hours" || !strings.HasPrefix(got[1], "Still waits for you: Mail 2 ") ||
		!strings.HasPrefix(got[2], "Still waits for you: Paperwork of mail 4 ") {
		t.Errorf("staff got %q", got)
	}
	var cancelled []store.OutboxMessage
	b.update(func(tx *store.Tx) (err error) {
		cancelled, err = tx.OutboxList(store.OutboxFilter{State: store.OutboxCancelled})
		return err
	})
	for _, m := range cancelled {
		if m.Kind != templates.Overdue || m.LastError != "it does not wait for a person any more" {
			t.Errorf("cancelled: %+v", m)
		}
	}
	if len(cancelled) != 2 {
		t.Errorf("%d are cancelled, want that of the mail and that of the forms", len(cancelled))
	}
}

// Whatever the schedule says, once a local day; and a burst of a day in the middle of
// which a digest came is told of in the next one.
func TestADigestComesOnceADay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var err error
	b.o.Digest, err = config.ParseSchedule("30 * * * *")
	b.must(err)
	b.o.Daily = true
	b.o.Program.Policy.BurstProspects = 3
	d := b.desk() // Friday, 22 May 2026, 09:30
	for hour := range 30 {
		if hour == 0 || hour == 1 || hour == 5 {
			b.must(b.host.Deliver(mailbox, leadMail(hour, "o"+string(rune('a'+hour))+".example")))
		}
		b.later(time.Minute)
		b.must(d.Settle(t.Context()))
		b.later(59 * time.Minute)
	}
	if got := b.subjects(); len(got) != 2 || !strings.HasPrefix(got[0], "22 May 2026") || !strings.HasPrefix(got[1], "23 May 2026") {
		t.Fatalf("staff got %q", got)
	}
	for i, want := range []bool{false, true} {
		if text := (intake.Reader{}).Read(b.mails(staff, "INBOX")[i]).Text; strings.Contains(text, "Many new prospects on one day: 1\n- pat: 3 on 22 May 2026") != want {
			t.Errorf("digest %d tells of a burst: %v, want %v\n%s", i+1, !want, want, text)
		}
	}
}

// Each section that the desk writes has its words, and each that has words is written.
func TestEverySectionHasItsWords(t *testing.T) {
	t.Parallel()
	var names []string
	for _, c := range chapters {
		names = append(names, c.name)
	}
	if got := templates.Sections[:]; !slices.Equal(got, names) {
		t.Errorf("templates knows %q, the desk writes %q", got, names)
	}
	words := benchWords(t)
	for _, name := range names {
		head, err := words.Say("digest_head", templates.Section{Name: name, Count: 3})
		if err != nil || strings.HasPrefix(head, name+":") {
			t.Errorf("the section %s is called %q (%v)", name, head, err)
		}
	}
}

// What waits for longer than an answer can decide is counted, and ten of it listed
// with their tokens; a preview has none.
func TestADigestHasTenTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.o.Mode = rules.ModeApprove
	d := b.desk()
	for i := range 12 {
		b.must(b.host.Deliver(mailbox, leadMail(i, "o"+string(rune('a'+i))+".example")))
	}
	for i := range 2 {
		b.must(b.host.Deliver(mailbox, []byte(strings.ReplaceAll(fmt.Sprintf("From: <%s>\nTo: %s\nSubject: Question %d\nMessage-ID: <q%d@partner.example>\n\nDo you have a price list?\n",
			pat, mailbox, i, i), "\n", "\r\n"))))
	}
	b.must(d.Settle(t.Context()))
	b.later(time.Hour)
	b.update(func(tx *store.Tx) error {
		key, err := d.key(tx)
		if err != nil {
			return err
		}
		g, err := d.gather(tx, time.Time{}, b.clock(), key)
		if err != nil {
			return err
		}
		r, err := d.render.Digest(staff, g.out, notify.Identity{MessageID: "x@vendor.example", Date: b.clock(), Boundary: "leadmail-x"})
		if err != nil {
			return err
		}
		if n := len(g.out.Tokens); n != 10 || g.out.Waiting != 14 || !strings.Contains(r.Text, "and 2 more: leadmail outbox list --state held") {
			t.Errorf("%d tokens, %d wait:\n%s", n, g.out.Waiting, r.Text)
		}
		return nil
	})
	now, err := d.DigestNow(t.Context())
	b.must(err)
	if n := len(rules.Tokens(now.Text)); n != 0 || !strings.Contains(now.Text, "14 wait for you") {
		t.Errorf("a preview has %d tokens:\n%s", n, now.Text)
	}
}
