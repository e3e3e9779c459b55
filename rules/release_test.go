package rules

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAPartnerAtTheCapIsShownWhatEndsFirst(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	reg := func(ref Reference, partner PartnerID, until Date, state RegistrationState) Registration {
		return Registration{Ref: ref, Partner: partner, State: state, Prospect: Prospect{Company: "Company " + string(ref)}, Slot: 1,
			Terms: []Term{{N: 1, From: "2026-06-01", Until: until}}}
	}
	review := reg("R-000009", "northwind", "", StateUnderReview)
	review.Terms = nil
	b := Book{Received: at, Partner: &Partner{ID: "northwind"}, Registrations: []Registration{
		reg("R-000004", "northwind", "2027-01-01", StateActive), reg("R-000003", "northwind", "2026-12-01", StateActive),
		reg("R-000002", "northwind", "2026-12-01", StateActive), reg("R-000001", "northwind", "2026-11-21", StateExpired),
		reg("R-000005", "rival", "2026-11-23", StateActive), reg("R-000006", "northwind", "2027-02-01", StateActive), review,
	}}
	d := Decision{Today: "2026-11-22", Judgements: []Judgement{{Decision: Rejected, Reasons: []Reason{{Code: CapReached}}}}}
	want := []Holding{
		{"R-000002", "Company R-000002", "2026-12-01"}, {"R-000003", "Company R-000003", "2026-12-01"}, {"R-000004", "Company R-000004", "2027-01-01"},
	}
	if diff := cmp.Diff(want, b.release(d, p)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	d.Judgements[0].Reasons[0].Code = Conflict
	if got := b.release(d, p); got != nil {
		t.Errorf("below the cap: %v", got)
	}
}
