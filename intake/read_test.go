package intake

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"leadmail/rules"
)

// outcome is a request as leadmail read --json prints it (PRODUCT.md).
type outcome struct {
	File      string           `json:"file"`
	Kind      rules.Kind       `json:"kind"`
	Prospects []rules.Prospect `json:"prospects"`
	Refs      []string         `json:"refs"`
	Items     []rules.Item     `json:"items"`
}

// TestWriteResults writes what is read of a folder of cases, for score.py:
//
//	INTAKE_CASES=dir INTAKE_RESULTS=file go test -run TestWriteResults ./intake
func TestWriteResults(t *testing.T) {
	dir, to := os.Getenv("INTAKE_CASES"), os.Getenv("INTAKE_RESULTS")
	if dir == "" {
		t.Log("INTAKE_CASES is not set: nothing was written")
		return
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.eml"))
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		json.NewEncoder(f).Encode(readOutcome(filepath.Base(name), raw))
	}
}

// partners is the reader that the cases were written for.
var partners = Reader{Mailbox: "partners@leanstack.example", Program: "partners@leanstack.example"}

func readOutcome(name string, raw []byte) outcome {
	q := partners.Parse(partners.Read(raw))
	out := outcome{File: name, Kind: q.Kind, Prospects: []rules.Prospect{}, Refs: q.Refs(), Items: q.Items}
	for _, p := range q.Prospects {
		out.Prospects = append(out.Prospects, p.Prospect)
	}
	return out
}
