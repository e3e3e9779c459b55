package intake

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"leadmail/rules"
)

// TestPhrases: short mails in the words of many people, one to a line of
// testdata/phrases.jsonl, each with what a careful person reads in it. Where
// testdata/variants holds whole mails, these hold the turns of phrase.
func TestPhrases(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/phrases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		n++
		var want struct {
			truth
			Text  string `json:"text"`
			Reply bool   `json:"reply"`
		}
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
		for _, it := range want.Items {
			switch it.Verb {
			case rules.VerbRenew, rules.VerbWithdraw, rules.VerbCorrect:
				if it.Ref != "" && !strings.HasPrefix(it.Ref, "ordinal:") {
					want.Refs = append(want.Refs, it.Ref)
				}
			}
		}
		headers := "From: Robin Vale <robin@valepartners.example>\nSubject: Hello\n"
		if want.Reply {
			headers = "From: Robin Vale <robin@valepartners.example>\nSubject: Re: Your registrations\nIn-Reply-To: <q1@vendor.example>\n"
		}
		var sum tally
		for _, s := range sum.add(want.Text, want.truth, readOutcome("", eml(headers+"Content-Type: text/plain; charset=utf-8", want.Text))) {
			t.Errorf("line %d: %s", n, s)
		}
	}
	if n < 200 {
		t.Errorf("only %d phrases", n)
	}
}
