package desk

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
)

// TestMain makes the property test quick, since every step is made durable: 20
// runs, unless -rapid.checks says more (make soak does).
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		_ = flag.Set("rapid.checks", "20")
	}
	os.Exit(m.Run())
}

// TestInvariants plays random mails, clock moves, duplicates and restarts against
// the desk and its database, with the Book as the model: the same decisions must
// come from a list in memory that nobody loads, closes or indexes. After every
// mail it looks for what must never be (PRODUCT.md, invariants 2, 3 and 4).
func TestInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		defer w.close()
		for range rapid.IntRange(4, 15).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"mail", "mail", "mail", "mail", "again", "clock", "restart"}).Draw(t, "step") {
			case "mail":
				w.mail()
			case "again":
				w.again()
			case "clock":
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 120*24).Draw(t, "hours")) * time.Hour)
			case "restart":
				w.start()
			}
			w.check()
		}
	})
}

var (
	worldPartners = []rules.PartnerID{"pat", "rita", "olga"}
	worldHosts    = []string{"alpha.example", "beta.example", "gamma.example", "delta.example", "pat.example"}
	worldNames    = []string{"Alpha Works", "Beta Labs", "Gamma Foods", "Delta Sails"}
)

// world is a desk, and the model beside it.
type world struct {
	t      *rapid.T
	ctx    context.Context
	now    time.Time
	db     *store.DB
	desk   *Desk
	policy rules.Policy
	refs   uint32
	ids    int
	uid    uint32
	box    store.MailboxState
	raws   []intake.Fetched
	// model
	registrations []rules.Registration
	asks          []rules.Ask
	last          map[rules.PartnerID]rules.Conversation
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, ctx: context.Background(), now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), last: map[rules.PartnerID]rules.Conversation{},
		box: store.MailboxState{Name: "INBOX", UIDValidity: 1}}
	w.policy = rules.DefaultPolicy()
	w.policy.IdleReplies = 1000 // the model counts no answers
	w.policy.MaxOutstanding = rapid.IntRange(1, 3).Draw(t, "cap")
	var err error
	// A name of its own in shared memory would be quicker; a file is what runs.
	if w.db, err = store.Open(w.ctx, filepath.Join(tempDir(t), "leadmail.db")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Migrate(w.ctx); err != nil {
		t.Fatal(err)
	}
	err = w.db.Update(w.ctx, w.now, func(tx *store.Tx) error {
		for _, id := range worldPartners {
			p := w.partner(id)
			if err := tx.SavePartner(p, "test", "", w.policy.OwnOrganisations(p)...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.start()
	return w
}

func tempDir(t *rapid.T) string {
	dir, err := os.MkdirTemp("", "leadmail-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (w *world) partner(id rules.PartnerID) rules.Partner {
	return rules.Partner{ID: id, Name: string(id), Addresses: []rules.Address{rules.Address(string(id) + "@" + string(id) + ".example")},
		Plan: "mentor", JoinedOn: "2025-01-01", AgreementOn: "2025-01-01"}
}

func (w *world) close() {
	if err := w.db.Close(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) start() {
	d, err := New(Options{
		Store: w.db, Mode: rules.ModeAuto, Words: benchWords(w.t), Program: notify.Program{Name: "Program", Address: "partners@vendor.example", Policy: w.policy},
		Now:          func() time.Time { return w.now },
		NewReference: func() rules.Reference { w.refs++; return rules.NewReference(w.refs) },
		NewID:        func() string { w.ids++; return fmt.Sprintf("m%d", w.ids) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.desk = d
}

// mail lets a partner write: new prospects, complete or not, or an answer in the
// thread of the last ask.
func (w *world) mail() {
	t := w.t
	who := rapid.SampledFrom(worldPartners).Draw(t, "who")
	var b strings.Builder
	fmt.Fprintf(&b, "From: %s <%s@%s.example>\r\nSubject: Leads\r\nMessage-ID: <%d@%s.example>\r\n", who, who, who, w.uid+1, who)
	if conv := w.last[who]; conv.MessageID != "" && rapid.Bool().Draw(t, "in the thread") {
		fmt.Fprintf(&b, "In-Reply-To: <%s>\r\n", conv.MessageID)
	}
	b.WriteString("\r\nPlease register:\r\n")
	for range rapid.IntRange(1, 3).Draw(t, "prospects") {
		i := rapid.IntRange(0, len(worldHosts)-1).Draw(t, "organisation")
		name := worldNames[min(i, len(worldNames)-1)]
		if rapid.IntRange(0, 9).Draw(t, "odd name") == 0 {
			name = rapid.SampledFrom(worldNames).Draw(t, "name")
		}
		line := func(label, value string) {
			if rapid.IntRange(0, 7).Draw(t, "omit "+label) > 0 {
				fmt.Fprintf(&b, "%s: %s\r\n", label, value)
			}
		}
		b.WriteString("\r\n")
		first := rapid.SampledFrom([]string{"Ada", "Bo", "Cy"}).Draw(t, "first name")
		line("First name", first)
		line("Last name", "Lind")
		line("Email", strings.ToLower(first)+"@"+worldHosts[i])
		line("URL", "https://"+worldHosts[i])
		line("Company", name)
		line("Lead type", "Qualified Lead")
	}
	w.uid++
	w.take(intake.Fetched{UID: w.uid, Received: w.now, Raw: []byte(b.String())})
}

// again delivers an old mail a second time.
func (w *world) again() {
	if len(w.raws) > 0 {
		m := rapid.SampledFrom(w.raws).Draw(w.t, "old mail")
		w.uid++
		m.UID, m.Received = w.uid, w.now
		w.take(m)
	}
}

func (w *world) take(m intake.Fetched) {
	w.raws = append(w.raws, m)
	m.Size = int64(len(m.Raw))
	if err := w.desk.take(w.ctx, w.box, 0, m); err != nil {
		w.t.Fatal(err)
	}
	if err := w.desk.take(w.ctx, w.box, 0, m); err != nil { // found once more before it was filed
		w.t.Fatal(err)
	}
	rec := w.record()
	if rec.Decision.State != rules.MailDecided {
		return // a repetition, or too little to be read as a registration
	}
	w.compare(rec)
}

// record is the newest decision on record.
func (w *world) record() store.Record {
	var records []store.Record
	err := w.db.View(w.ctx, func(tx *store.Tx) error {
		mails, err := tx.InboxList(store.InboxFilter{Limit: 1})
		if err != nil {
			return err
		}
		records, err = tx.Decision(mails[0].ID)
		return err
	})
	if err != nil || len(records) != 1 {
		w.t.Fatalf("a mail has %d decisions, %v", len(records), err)
	}
	return records[0]
}

// compare makes the same decision from the model, and lets the model follow.
func (w *world) compare(rec store.Record) {
	who := rec.Book.Partner.ID
	partner := w.partner(who)
	model := rules.Book{Received: rec.Book.Received, Sender: rec.Book.Sender, Partner: &partner, Registrations: w.registrations,
		References: rec.Book.References, RepliesToday: rec.Book.RepliesToday, Partners: map[rules.OrganisationKey]rules.PartnerID{}}
	for _, other := range worldPartners {
		if other != who {
			for _, k := range w.policy.OwnOrganisations(w.partner(other)) {
				model.Partners[k] = other
			}
		}
	}
	for _, a := range w.asks {
		if a.Partner == who {
			model.Asks = append(model.Asks, a)
		}
	}
	if len(rec.Request.Thread) > 0 {
		model.Conversation = w.last[who]
	}
	want := rules.Decide(model, rec.Request, w.policy)
	if diff := cmp.Diff(slots(want), slots(rec.Decision)); diff != "" {
		w.t.Fatalf("model -, desk +\n%s", diff)
	}
	after := rules.Apply(model, rec.Decision)
	w.registrations = after.Registrations
	others := w.asks[:0:0]
	for _, a := range w.asks {
		if a.Partner != who {
			others = append(others, a)
		}
	}
	w.asks = append(others, after.Asks...)
	w.remember(who)
}

// slots leaves out the number of a slot: the model never tidies up, and a free
// slot is as good as another.
func slots(d rules.Decision) string {
	d.Judgements = slices.Clone(d.Judgements)
	for i := range d.Judgements {
		d.Judgements[i].Slot = 0
	}
	b, _ := json.MarshalIndent(d, "", " ")
	return string(b)
}

// remember notes what our newest answer to a partner numbered.
func (w *world) remember(who rules.PartnerID) {
	err := w.db.View(w.ctx, func(tx *store.Tx) error {
		out, err := tx.OutboxList(store.OutboxFilter{Limit: 1})
		if err == nil && len(out) > 0 && out[0].Partner == who {
			w.last[who] = rules.Conversation{MessageID: out[0].MessageID, Numbering: out[0].Numbering}
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// check looks for what must never be.
func (w *world) check() {
	err := w.db.View(w.ctx, func(tx *store.Tx) error {
		all, err := tx.Registrations(store.RegistrationFilter{})
		if err != nil {
			return err
		}
		held, used := map[rules.OrganisationKey]rules.Reference{}, map[rules.PartnerID]int{}
		for _, r := range all {
			if !r.Outstanding(w.policy, w.now) {
				continue
			}
			if other := held[r.Organisation]; other != "" {
				w.t.Fatalf("invariant 3: %s and %s both hold %s", other, r.Ref, r.Organisation)
			}
			held[r.Organisation] = r.Ref
			if used[r.Partner]++; used[r.Partner] > w.policy.MaxOutstanding {
				w.t.Fatalf("invariant 3: %s holds more than %d", r.Partner, w.policy.MaxOutstanding)
			}
		}
		mails, err := tx.InboxList(store.InboxFilter{})
		if err != nil {
			return err
		}
		out, err := tx.OutboxList(store.OutboxFilter{})
		if err != nil {
			return err
		}
		replies := map[int64]int{}
		for _, m := range out {
			replies[m.InboxID]++
		}
		for _, m := range mails {
			records, err := tx.Decision(m.ID)
			if err != nil {
				return err
			}
			if len(records) != 1 || replies[m.ID] > 1 {
				w.t.Fatalf("invariant 2: mail %d has %d decisions and %d replies", m.ID, len(records), replies[m.ID])
			}
			r := records[0]
			again := rules.Decide(r.Book, r.Request, r.Policy)
			if diff := cmp.Diff(asJSON(r.Decision), asJSON(again)); diff != "" {
				w.t.Fatalf("invariant 4: on record -, decided again +\n%s", diff)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func asJSON(v any) string {
	b, _ := json.MarshalIndent(v, "", " ")
	return string(b)
}
