package desk

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/templates"
)

// TestListAgreesWithIntake: intake says in which row of a list a prospect stands,
// and notify writes the verdict there. Whatever is quoted, broken over lines or
// left unclosed in that list, the two must mean the same row: the list that comes
// back is read again, and each prospect has its own reference beside it.
func TestListAgreesWithIntake(t *testing.T) {
	t.Parallel()
	set, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	render := notify.New(set, notify.Program{Name: "Desk", Address: "partners@vendor.example", Policy: rules.DefaultPolicy()})
	mail := func(list []byte) intake.Message {
		return intake.Reader{}.Read([]byte("From: pat@partner.example\r\nSubject: leads\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" +
			"--x\r\n\r\nPlease register the attached.\r\n--x\r\nContent-Type: text/csv; name=a.csv\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			base64.StdEncoding.EncodeToString(list) + "\r\n--x--\r\n"))
	}
	rapid.Check(t, func(t *rapid.T) {
		sep := rapid.SampledFrom([]string{",", ";", "\t"}).Draw(t, "separator")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
		note := rapid.SampledFrom([]string{"", "met\ntwice", `"`, `5" pipe`, `"" x`, "=1+1", "+49 1", "a, b; c", "  ", "Größe", "\n\n", "ditto"})
		cell := func(s string) string {
			if strings.ContainsAny(s, "\"\r\n,;\t") && rapid.IntRange(0, 5).Draw(t, "quoted") > 0 || strings.ContainsAny(s, "\n"+sep) {
				return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
			}
			return s
		}
		var b strings.Builder
		b.WriteString(rapid.SampledFrom([]string{"", "\ufeff", "sep=" + sep + end, "Leads" + end + end, `"Our` + "\n" + `leads"` + end}).Draw(t, "top"))
		b.WriteString(strings.Join([]string{"Note", "Name", "Email", "Remarks"}, sep) + end)
		n := rapid.IntRange(1, 5).Draw(t, "rows")
		for i := range n {
			b.WriteString(strings.Join([]string{cell(note.Draw(t, "note")), "Amy Cole", fmt.Sprintf("amy%d@basalt.example", i), cell(note.Draw(t, "note"))}, sep))
			b.WriteString(rapid.SampledFrom([]string{end, end + end, end + sep + sep + end}).Draw(t, "gap"))
		}
		m := mail([]byte(b.String()))
		q := intake.Reader{}.Parse(m)
		d := rules.Decision{Reply: rules.ReplyVerdicts}
		want := map[string]rules.Reference{}
		for i, p := range q.Prospects {
			ref := rules.Reference(fmt.Sprintf("R-22222%d", i+2))
			want[p.Email] = ref
			d.Judgements = append(d.Judgements, rules.Judgement{Reading: i, Verb: rules.VerbRegister, Ref: ref, Decision: rules.Accepted, Prospect: p.Prospect})
		}
		if len(want) == 0 {
			return // nothing of it could be read
		}
		out, err := render.Reply(d, q, original(m), &rules.Partner{ID: "pat"}, notify.Identity{MessageID: "1@vendor.example", Date: time.Unix(1e9, 0), Boundary: "parts-of-1"})
		if err != nil {
			t.Fatal(err)
		}
		back := intake.Reader{}.Read(out.Raw).Attachments
		if len(back) != 1 {
			t.Fatalf("%d files came back for\n%q", len(back), b.String())
		}
		again := intake.Reader{}.Parse(mail(back[0].Data))
		got := map[string]rules.Reference{}
		for _, p := range again.Prospects {
			got[p.Email] = p.Ref
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v, want %v\n%q\n%q", got, want, b.String(), back[0].Data)
		}
		if bytes.Contains(back[0].Data, []byte(sep+"=1")) || bytes.Contains(back[0].Data, []byte(sep+"+49")) {
			t.Fatalf("a formula is left: %q", back[0].Data)
		}
	})
}
