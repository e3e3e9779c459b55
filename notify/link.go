package notify

import (
	"strings"

	"leadmail/rules"
	"leadmail/templates"
)

// mailto is a link that opens a mail with subject and body filled in (RFC 6068,
// section 2): everything but unreserved characters is percent-encoded, and the
// lines of the body end in CRLF (section 5).
func mailto(to rules.Address, subject, body string) string {
	return "mailto:" + escape(string(to), "@") + "?subject=" + escape(subject, "") +
		"&body=" + escape(strings.ReplaceAll(body, "\n", "\r\n"), "")
}

// escape percent-encodes all but RFC 3986's unreserved characters and keep.
func escape(s, keep string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~", c) >= 0, strings.IndexByte(keep, c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

// form is the labelled lines of a prospect, filled in with what is known, and
// the link that opens them as a mail. Without a reference it is the empty form.
func (r *Renderer) form(ref rules.Reference, known rules.Prospect, label string) *templates.Form {
	f := &templates.Form{}
	subject := "Registration"
	if ref != "" {
		f.Lines = append(f.Lines, templates.Line{Label: "Registration", Value: string(ref)})
		subject = "Registration " + string(ref)
	}
	for _, field := range rules.Fields {
		value := clean(known.Get(field), maxForm)
		if strings.HasSuffix(value, "…") {
			value = "" // half a value sent back would overwrite the whole one (D20)
		}
		if field == rules.LeadTypeOf {
			value = known.LeadType.Words()
		}
		f.Lines = append(f.Lines, templates.Line{Label: labels[field], Value: value})
	}
	var body strings.Builder
	for _, l := range f.Lines {
		body.WriteString(l.Label + ": " + l.Value + "\n")
	}
	f.Link = templates.Link{Label: label, URL: mailto(r.program.Address, subject, body.String())}
	return f
}

// labels are the form's, as the published policy writes them (P5) and as intake
// reads them.
var labels = map[rules.Field]string{
	rules.FirstName: "First name", rules.LastName: "Last name", rules.Email: "Email",
	rules.URL: "URL", rules.Company: "Company", rules.LeadTypeOf: "Lead type",
}

// order is a link that asks for one thing, such as RENEW R-7K4Q2M.
func (r *Renderer) order(label, verb string, ref rules.Reference) templates.Link {
	line := verb + " " + string(ref)
	return templates.Link{Label: label, URL: mailto(r.program.Address, line, line+"\n")}
}
