package intake

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadmail/rules"
)

// Fields as real servers write them, with what they state.
func TestAuthenticationResults(t *testing.T) {
	t.Parallel()
	type props = map[string]string
	for name, c := range map[string]struct {
		value string
		id    string
		want  []rules.Result
		wrong string // what the error says
	}{
		"Google": {
			value: "mx.google.com;\r\n\tdkim=pass header.i=@partner.example header.s=20230601 header.b=\"Ab/x+y==\";\r\n\tspf=pass (google.com: domain of pat@partner.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=pat@partner.example;\r\n\tdmarc=pass (p=NONE sp=QUARANTINE dis=NONE) header.from=partner.example",
			id:    "mx.google.com",
			want: []rules.Result{{Method: "dkim", Result: "pass", Properties: props{"header.i": "@partner.example", "header.s": "20230601", "header.b": "Ab/x+y=="}},
				{Method: "spf", Result: "pass", Properties: props{"smtp.mailfrom": "pat@partner.example"}},
				{Method: "dmarc", Result: "pass", Properties: props{"header.from": "partner.example"}}},
		},
		"Fastmail": {
			value: "mx6.messagingengine.com; dkim=pass (2048-bit rsa key sha256) header.d=partner.example header.i=@partner.example header.b=A1b2C3d4 header.a=rsa-sha256 header.s=s1 x-bits=2048; dmarc=pass policy.published-domain-policy=none policy.applied-disposition=none (p=none,d=none,d.eval=none) policy.policy-from=p header.from=partner.example; iprev=pass smtp.remote-ip=2001:db8::1 (mail.partner.example); x-ptr=pass smtp.helo=mail.partner.example;",
			id:    "mx6.messagingengine.com",
			want: []rules.Result{{Method: "dkim", Result: "pass", Properties: props{"header.d": "partner.example", "header.i": "@partner.example", "header.b": "A1b2C3d4", "header.a": "rsa-sha256", "header.s": "s1", "x-bits": "2048"}},
				{Method: "dmarc", Result: "pass", Properties: props{"policy.published-domain-policy": "none", "policy.applied-disposition": "none", "policy.policy-from": "p", "header.from": "partner.example"}},
				{Method: "iprev", Result: "pass", Properties: props{"smtp.remote-ip": "2001:db8::1"}},
				{Method: "x-ptr", Result: "pass", Properties: props{"smtp.helo": "mail.partner.example"}}},
		},
		"no results": {value: "mx.vendor.example 1; none", id: "mx.vendor.example", want: []rules.Result{}},
		"everything that RFC 8601 allows between the tokens": {
			value: "(a(b\\)c)) mx.vendor.example (d) 1 (e) ; (f) DMARC (g) / 1 (h) = (i) Pass (j) reason (k) = \"a \\\"b\\\"; c\" (l) header (m) . (n) from (o) = (p) partner.example (q)",
			id:    "mx.vendor.example",
			want:  []rules.Result{{Method: "dmarc", Result: "pass", Properties: props{"reason": `a "b"; c`, "header.from": "partner.example"}}},
		},
		"a quoted name":         {value: `"mx.vendor.example"; none`, id: "mx.vendor.example", want: []rules.Result{}},
		"a quoted local part":   {value: `mx; spf=pass smtp.mailfrom="x; dmarc=pass header.from=partner.example"@evil.example`, id: "mx", want: []rules.Result{{Method: "spf", Result: "pass", Properties: props{"smtp.mailfrom": "x; dmarc=pass header.from=partner.example@evil.example"}}}},
		"nothing":               {value: "", wrong: "ends where a value"},
		"a name alone":          {value: "mx", wrong: "ends where a semicolon"},
		"a comment without end": {value: "mx; spf=none (oh; dmarc=pass", id: "mx", wrong: "a comment does not end"},
		"a quote without end":   {value: `mx; spf=none smtp.mailfrom="oh; dmarc=pass`, id: "mx", wrong: "a quoted string does not end"},
		"a property twice":      {value: "mx; dmarc=pass header.from=evil.example header.from=partner.example", id: "mx", wrong: "states header.from twice"},
		"a look-alike letter":   {value: "mx; dmаrc=pass header.from=partner.example", id: "mx", wrong: "an equals sign"},
		"a full-width semicolon parts nothing": {value: "mx; spf=pass smtp.mailfrom=x； dmarc=pass header.from=partner.example", id: "mx",
			want: []rules.Result{{Method: "spf", Result: "pass", Properties: props{"smtp.mailfrom": "x；", "dmarc": "pass", "header.from": "partner.example"}}}},
		"none beside a result": {value: "mx; spf=pass; none", id: "mx", wrong: "beside results"},
		"no blank between":     {value: `mx; spf=pass"x"`, id: "mx", wrong: "a blank"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := authresID(c.value); got != c.id {
				t.Errorf("it is signed by %q, want %q", got, c.id)
			}
			got, err := parseAuthres(c.value, true)
			if c.want == nil {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("the error is %v, want one that says %q", err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	ms := "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=partner.example; dkim=pass (signature was verified) header.d=partner.example;dmarc=pass action=none header.from=partner.example;compauth=pass reason=100"
	got, err := parseAuthres(ms, false)
	if err != nil || len(got) != 4 || got[2].Properties["header.from"] != "partner.example" {
		t.Errorf("Microsoft's form: %v, %v", got, err)
	}
	if id := authresID(ms); id != "" {
		t.Errorf("Microsoft's form is signed by nobody, not by %q", id)
	}
}

// FuzzAuthres: no panic, bounded results, and nothing stated that does not stand
// in the field. What is written out again by the grammar reads the same.
func FuzzAuthres(f *testing.F) {
	for _, s := range []string{"mx; none", "mx 1; dmarc=pass (p=none) header.from=a.example", `mx; spf=pass smtp.mailfrom="a b"@c.example; dkim=fail reason="x" header.i=@d.example`,
		"mx (((;))) ; a=b", "\x00", "mx;;;", `"mx\"";dmarc=pass`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, v string) {
		for _, named := range []bool{true, false} {
			got, err := parseAuthres(v, named)
			if err != nil {
				continue
			}
			if len(got) > maxResults {
				t.Fatalf("%d results", len(got))
			}
			var b strings.Builder
			if named {
				b.WriteString("mx")
			}
			for i, r := range got {
				if !strings.Contains(strings.ToLower(v), r.Method) || !strings.Contains(strings.ToLower(v), r.Result) {
					t.Fatalf("%q states no %s=%s", v, r.Method, r.Result)
				}
				if named || i > 0 {
					b.WriteString(";")
				}
				b.WriteString(r.Method + "=" + r.Result)
				for name, value := range r.Properties {
					b.WriteString(" " + name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`)
				}
			}
			if len(got) == 0 {
				continue
			}
			again, err := parseAuthres(b.String(), named)
			if b.Len() > maxAuthres {
				continue
			}
			if d := cmp.Diff(got, again); err != nil || d != "" {
				t.Fatalf("%q, written as %q: %v\n%s", v, b.String(), err, d)
			}
		}
	})
}
