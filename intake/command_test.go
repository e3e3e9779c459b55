package intake

import (
	"fmt"
	"strings"
	"testing"

	"leadmail/rules"
)

// What is understood alone, in any case, as a line or as the subject (PRODUCT.md).
func TestOrders(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"STATUS": "status", "list": "status", "Status?": "status", "Status please!": "status", "  HELP. ": "help",
		"CHECK acme.com": "check acme.com", "check: acme.com": "check acme.com", "Please check https://acme.com/.": "check https://acme.com/",
		"CHECK acme.com, reiss.de and www.crux.example please": "check acme.com check reiss.de check www.crux.example", "CHECK acme.com?": "check acme.com",
		"RENEW R-7K4Q2M": "renew R-7K4Q2M", "renew: r-7k4q2m & R-ABCDE1, thanks": "renew R-7K4Q2M renew R-ABCDE1", "Withdraw #R-7K4Q2M.": "withdraw R-7K4Q2M",
		"STATEMENT": "statement", "statement 2026Q3": "statement", "Statement Q3/2026": "statement",
		"STOP": "stop", "stop reminders": "stop", "Please stop sending us these reminders.": "stop", "unsubscribe": "stop", "I agree.": "agree", "Thank you, I agree!": "agree",

		"": "", "Status: qualified": "", "Status:": "", "list of leads": "", "check with Maria": "", "CHECK": "", "CHECK acme.com with Maria": "",
		"renew": "", "RENEW R-OOOOOO": "", "RENEW all": "", "RENEW R-7K4Q2M not R-ABCDE1": "", "stop calling Maria": "", "I agree with Maria": "", "Thanks, I agree with Maria": "", "Thank you": "",
		"help wanted": "", "statement of work": "", strings.Repeat("check a.com ", 40): "",
	} {
		o, ok := readOrder(line)
		got := ""
		if ok && len(o.refs) == 0 {
			got = string(o.verb)
		}
		for _, ref := range o.refs {
			got += fmt.Sprintf(" %s %s", o.verb, ref)
		}
		if got = strings.TrimSpace(got); got != want || ok != (want != "") {
			t.Errorf("%q is %q, want %q", line, got, want)
		}
	}
	m := eml("Subject: Question", "CHECK acme.com, reiss.de?\n")
	r := Reader{}.Parse(Reader{}.Read(m))
	if len(r.Items) != 2 || r.Items[1].Verb != rules.VerbCheck || len(r.Questions) > 0 {
		t.Errorf("an order that asks is an order: %v, %q", r.Items, r.Questions)
	}
}
