package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"leadmail/rules"
)

// Forms are found by the day of joining, decided once, and never named confirmed
// while nobody knows what they are.
func testForms(t *testing.T, s server) {
	db := fresh(t, s)
	db.update(t, func(tx *Tx) error {
		for id, joined := range map[rules.PartnerID]rules.Date{"pat": "2026-08-31", "rita": "2026-08-30", "zoe": ""} {
			if err := tx.SavePartner(rules.Partner{ID: id, Name: string(id), JoinedOn: joined}, "test", ""); err != nil {
				return err
			}
		}
		return nil
	})
	mail := see(t, db, func(tx *Tx) (int64, error) { return tx.mail() })
	w9 := rules.Form{Kind: rules.FormW9, Received: received, Day: "2026-09-01", State: rules.FormSubmitted, Name: "scan.pdf", Size: 48213, SHA256: "ab", Mail: mail}
	post := rules.Form{Kind: rules.FormUnknown, Day: "2026-09-02", State: rules.FormSubmitted}
	db.update(t, func(tx *Tx) error {
		return errors.Join(tx.AddForm("pat", w9, "partner pat", "mail 1"), tx.AddForm("pat", post, "desk", ""))
	})
	papers := see(t, db, func(tx *Tx) ([]rules.Papers, error) { return tx.Papers([]rules.Date{"2026-08-31", "2026-08-29"}) })
	w9.ID, post.ID = 1, 2
	same(t, "who joined on the day", papers, []rules.Papers{{Partner: "pat", Joined: "2026-08-31", Forms: []rules.Form{w9, post}}})
	if all := see(t, db, func(tx *Tx) ([]rules.Papers, error) { return tx.PapersOf("") }); len(all) != 3 || all[0].Partner != "pat" || len(all[0].Forms) != 2 || all[2].Joined != "" {
		t.Errorf("all of them: %+v", all)
	}
	if none := see(t, db, func(tx *Tx) ([]rules.Papers, error) { return tx.Papers(nil) }); len(none) != 0 {
		t.Errorf("of no day: %+v", none)
	}
	whose, brought := rules.PartnerID(""), []rules.Form(nil)
	db.update(t, func(tx *Tx) (err error) { whose, brought, err = tx.FormsOf(mail); return err })
	if whose != "pat" || len(brought) != 1 || brought[0] != w9 {
		t.Errorf("mail %d brought %+v of %s", mail, brought, whose)
	}
	settle := func(f rules.Form, state rules.FormState) error {
		return db.Update(t.Context(), received, func(tx *Tx) error {
			now := f
			now.State = state
			return tx.SettleForm("pat", now, f.State, "desk")
		})
	}
	if err := settle(post, rules.FormConfirmed); err == nil {
		t.Error("a form that nobody named is confirmed")
	}
	oneWins(t, together(4, func(int) error { return settle(w9, rules.FormConfirmed) }), ErrTaken)
	events := see(t, db, func(tx *Tx) ([]Event, error) { return tx.History("pat") })
	if last := events[len(events)-1]; last.What != "form w9 of 2026-09-01 confirmed" || last.Actor != "desk" {
		t.Errorf("the history says %+v", last)
	}
	db.update(t, func(tx *Tx) error { return tx.RemovePartner("pat", "desk", "") })
	if left := see(t, db, func(tx *Tx) ([]rules.Papers, error) { return tx.Papers([]rules.Date{"2026-08-31"}) }); len(left) != 0 {
		t.Errorf("a removed partner is looked for: %+v", left)
	}
}

// Forms wait by the mail that brought them, the oldest first; what came without one is
// alone and after the mails of its day. What is decided, and what is a removed
// partner's, waits no more.
func testSubmitted(t *testing.T, s server) {
	db := fresh(t, s)
	db.enter(t, joined("pat"), joined("rita"))
	first := see(t, db, func(tx *Tx) (int64, error) { return tx.mail() })
	second := see(t, db, func(tx *Tx) (int64, error) { return tx.mail() })
	one := rules.Form{Kind: rules.FormW9, Received: received, Day: "2026-09-01", State: rules.FormSubmitted, Mail: first}
	other, post, older, done := one, one, one, one
	other.Kind = rules.FormACH
	post.Kind, post.Received, post.Mail = rules.FormW8BEN, time.Time{}, 0
	older.Received, older.Day, older.Mail = received.AddDate(0, 0, -1), "2026-08-31", second
	done.State = rules.FormConfirmed
	db.update(t, func(tx *Tx) error {
		return errors.Join(tx.AddForm("rita", post, "desk", ""), tx.AddForm("rita", post, "desk", ""), tx.AddForm("pat", one, "partner pat", ""),
			tx.AddForm("pat", done, "partner pat", ""), tx.AddForm("pat", other, "partner pat", ""), tx.AddForm("rita", older, "partner rita", ""))
	})
	waiting := func() (out []string) {
		for _, w := range see(t, db, (*Tx).Submitted) {
			line := string(w.Partner) + " " + w.Name()
			for _, f := range w.Forms {
				line += " " + string(f.Kind)
			}
			out = append(out, line)
		}
		return out
	}
	mails := []string{fmt.Sprintf("rita P-%d w9", second), fmt.Sprintf("pat P-%d w9 ach_wire", first)}
	same(t, "what waits", waiting(), append(slices.Clone(mails), "rita form-1 w8ben", "rita form-2 w8ben"))
	db.update(t, func(tx *Tx) error { return tx.RemovePartner("rita", "desk", "") })
	same(t, "what waits after one has left", waiting(), mails[1:])
	db.update(t, func(tx *Tx) error {
		one.ID, one.State = 3, rules.FormRefused
		return tx.SettleForm("pat", one, rules.FormSubmitted, "desk")
	})
	same(t, "what waits after one was refused", waiting(), []string{fmt.Sprintf("pat P-%d ach_wire", first)})
}
