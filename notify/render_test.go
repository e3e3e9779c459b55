package notify_test

import (
	"flag"
	"mime"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadmail/notify"
	"leadmail/rules"
	"leadmail/templates"
)

var (
	update  = flag.Bool("update", false, "rewrite testdata/*.txt")
	htmlDir = flag.String("html", "", "write the HTML halves into this folder, to be looked at")
)

var set = func() *templates.Set {
	s, err := templates.Load("")
	if err != nil {
		panic(err)
	}
	return s
}()

var received = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func program() notify.Program {
	return notify.Program{Name: "Vendor Partner Program", Address: "partners@vendor.example", Policy: rules.DefaultPolicy()}
}

func northwind() *rules.Partner {
	return &rules.Partner{ID: "northwind", Name: "Northwind", Addresses: []rules.Address{"pat@northwind.example"}, Plan: "accelerator", JoinedOn: "2026-01-01", AgreementOn: "2026-01-01"}
}

func original() notify.Original {
	return notify.Original{From: "pat@northwind.example", FromName: "Pat Lee", Subject: "New lead: Kuanza Coffee", MessageID: "a1@northwind.example", References: []string{"a0@northwind.example"}}
}

func identity() notify.Identity {
	return notify.Identity{MessageID: "17.1@partners.vendor.example", Date: received.Add(3 * time.Second), Boundary: "leadmail-17-1"}
}

func kuanza() rules.Prospect {
	return rules.Prospect{FirstName: "Ana", LastName: "Domingos", Email: "ana@kuanzacoffee.com", URL: "https://kuanzacoffee.com", Company: "Kuanza Coffee", LeadType: rules.QualifiedLead}
}

func accepted() rules.Judgement {
	return rules.Judgement{Verb: rules.VerbRegister, Ref: "R-7K4Q2M", Decision: rules.Accepted, Prospect: kuanza(), Organisation: "kuanzacoffee.com",
		Term: rules.Term{N: 1, From: "2026-11-22", Until: "2027-05-22"}, Slot: 1}
}

func verdicts(j ...rules.Judgement) rules.Decision {
	return rules.Decision{State: rules.MailDecided, Folder: rules.FolderProcessed, Judgements: j, Reply: rules.ReplyVerdicts, Received: received,
		Today: "2026-11-22", Meter: rules.Meter{Used: 37, Of: 50, Expiring: 3}}
}

func golden(t *testing.T, name string, r notify.Rendered) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	text := "To: " + string(r.To) + "\nSubject: " + r.Subject + "\n\n" + r.Text
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got; go test ./notify -update rewrites it):\n%s", path, diff)
	}
}

func decode(header string) (string, error) { return new(mime.WordDecoder).DecodeHeader(header) }
