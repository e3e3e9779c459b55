package intake

import (
	"strings"

	"leadmail/rules"
)

// Parse tells what a mail asks for.
func (r Reader) Parse(m Message) rules.Request {
	q := rules.Request{Kind: rules.KindOther, Items: []rules.Item{}, Prospects: []rules.Reading{}, From: m.From, FromName: m.FromName, Subject: m.Subject}
	p := rules.Reading{Spans: map[rules.Field]rules.Span{}}
	labels := map[string]rules.Field{"first name": rules.FirstName, "last name": rules.LastName, "email": rules.Email, "url": rules.URL, "company name": rules.Company, "company": rules.Company, "lead type": rules.LeadTypeOf}
	for n, l := range strings.Split(m.Text, "\n") {
		k, v, ok := strings.Cut(strings.TrimSpace(l), ":")
		if f := labels[strings.ToLower(k)]; ok && f != "" {
			v = strings.TrimSpace(v)
			if f == rules.LeadTypeOf {
				v = strings.ReplaceAll(strings.ToLower(v), " ", "_")
			}
			p.Set(f, v)
			p.Spans[f] = rules.Span{Part: "1", Line: n + 1}
		}
	}
	if len(p.Spans) > 0 {
		i := 0
		q.Kind, q.Prospects = rules.KindRegistration, append(q.Prospects, p)
		q.Items = append(q.Items, rules.Item{Verb: rules.VerbRegister, Prospect: &i})
	}
	return q
}
