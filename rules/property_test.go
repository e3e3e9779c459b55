package rules

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	someOrganisations = []string{"alpha.example", "beta.example", "gamma.example", "linkedin.com/company/delta"}
	someCompanies     = []string{"Alpha", "Beta Ltd", "Gamma GmbH", "Delta"}
)

// drawSituation is a Book that could be: nobody holds what another holds, and
// nobody more than the cap.
func drawSituation(t *rapid.T) *situation {
	s := newSituation()
	s.policy.MaxOutstanding = rapid.IntRange(1, 4).Draw(t, "cap")
	slot := map[PartnerID]int{}
	for i, org := range someOrganisations {
		who := rapid.SampledFrom([]PartnerID{"", "pat", "rita"}).Draw(t, "holder of "+org)
		if who == "" || slot[who] == s.policy.MaxOutstanding {
			continue
		}
		until := rapid.SampledFrom([]string{"2026-05-21", "2026-05-22", "2026-09-01"}).Draw(t, "until")
		r := s.holds(who, Reference(fmt.Sprintf("R-HHHHH%d", i)), OrganisationKey(org), someCompanies[i], "2025-11-01", until)
		r.Slot = 0
		if until >= "2026-05-22" {
			slot[who]++
			r.Slot = slot[who]
		}
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "asks") {
		p := drawProspect(t)
		s.asked(Reference(fmt.Sprintf("R-AAAAA%d", i)), p, rapid.IntRange(1, 2).Draw(t, "asked"), "2026-05-20")
	}
	if rapid.Bool().Draw(t, "a customer") {
		s.book.Customers = []Customer{{"gamma.example", "Gamma"}}
	}
	return s
}

// drawProspect is complete or not, and always about one of a few organisations.
func drawProspect(t *rapid.T) Prospect {
	i := rapid.IntRange(0, len(someOrganisations)-1).Draw(t, "organisation")
	first := rapid.SampledFrom([]string{"Ada", "Bo"}).Draw(t, "first name")
	p := Prospect{FirstName: first, LastName: "Lind", Email: strings.ToLower(first) + "@" + fmt.Sprintf("org%d.example", i), URL: someOrganisations[i],
		Company: someCompanies[i], LeadType: rapid.SampledFrom([]LeadType{QualifiedLead, ManagedCustomer}).Draw(t, "lead type")}
	for _, f := range Fields {
		if rapid.IntRange(0, 9).Draw(t, "omit") == 0 {
			p.Set(f, "")
		}
	}
	return p
}

// Each prospect of a mail is decided alone, by the Book that the one before it
// left (D12): one mail with several gives what as many mails with one give.
func TestEachProspectIsDecidedAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSituation(t)
		ps := rapid.SliceOfN(rapid.Custom(drawProspect), 1, 4).Draw(t, "prospects")
		whole := Decide(s.book, mailOf(ps...), s.policy)
		book := s.book
		var parts []Judgement
		for i, p := range ps {
			d := Decide(book, mailOf(p), s.policy)
			for _, j := range d.Judgements {
				j.Reading, j.Item = i, i
				parts = append(parts, j)
			}
			book = Apply(book, d)
		}
		if diff := cmp.Diff(whole.Judgements, parts); diff != "" {
			t.Fatalf("in one mail -, one by one +\n%s", diff)
		}
		if diff := cmp.Diff(Apply(s.book, whole), book); diff != "" {
			t.Fatalf("Apply: in one mail -, one by one +\n%s", diff)
		}
	})
}

// Whatever is asked, the Book that a decision leaves has one holder an
// organisation and no partner beyond the cap (invariant 3), and the decision
// says nothing of another partner (invariant 5).
func TestDecisionsKeepTheInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSituation(t)
		d := Decide(s.book, mailOf(rapid.SliceOfN(rapid.Custom(drawProspect), 1, 6).Draw(t, "prospects")...), s.policy)
		after := Apply(s.book, d)
		holder, used, taken := map[OrganisationKey]Reference{}, map[PartnerID]int{}, map[string]bool{}
		for _, r := range after.Registrations {
			if !r.Outstanding(s.policy, s.book.Received) {
				continue
			}
			if holder[r.Organisation] != "" {
				t.Fatalf("%s and %s hold %s", holder[r.Organisation], r.Ref, r.Organisation)
			}
			holder[r.Organisation] = r.Ref
			if used[r.Partner]++; used[r.Partner] > s.policy.MaxOutstanding {
				t.Fatalf("%s holds %d of %d", r.Partner, used[r.Partner], s.policy.MaxOutstanding)
			}
			slot := fmt.Sprint(r.Partner, r.Slot)
			if taken[slot] || r.Slot < 1 || r.Slot > s.policy.MaxOutstanding {
				t.Fatalf("slot %d of %s is taken twice, or is none", r.Slot, r.Partner)
			}
			taken[slot] = true
		}
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range s.book.Registrations {
			if r.Partner != "pat" && strings.Contains(string(b), string(r.Ref)) || strings.Contains(string(b), "rita") {
				t.Fatalf("the decision speaks of another partner: %s", b)
			}
		}
		for _, j := range d.Judgements {
			good := j.Decision == Accepted || j.Decision == ContactAdded || j.Decision == Renewed
			if good != (len(j.Reasons) == 0) {
				t.Fatalf("%s with reasons %v", j.Decision, j.Reasons)
			}
			if good && j.Decision != ContactAdded && j.Term.From != "2026-05-22" {
				t.Fatalf("%s from %s", j.Decision, j.Term.From)
			}
			if j.Ref == "" {
				t.Fatalf("%s without a reference", j.Decision)
			}
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	s := newSituation()
	for i := range 49 {
		org := fmt.Sprintf("held%d.example", i)
		s.holds("pat", Reference(fmt.Sprintf("R-HHHH%02d", i)), OrganisationKey(org), "Held", "2026-05-01", "2026-11-01")
	}
	mail := mailOf(lead("acme.example", "Acme Ltd"), lead("bolt.example", "Bolt"), lead("held7.example", "Held"))
	b.ReportAllocs()
	for b.Loop() {
		Decide(s.book, mail, s.policy)
	}
}
