package intake

import (
	"regexp"
	"slices"
	"strings"

	"leadmail/rules"
)

// warnJoined is what reading says of a header line without colon.
const warnJoined = "a header line without colon was joined to the line before"

// Credentials are what a mail's header says of the proof of its sender, as stated
// by the server of that name, or in Microsoft 365's form. Only the topmost field
// counts that bears exactly this name (RFC 8601, section 5: anybody can send the
// others along); the server puts its own above all that came with the mail.
func (m Message) Credentials(t rules.Trust) rules.Credentials {
	c := rules.Credentials{From: m.From, FromFields: m.FromFields, Authors: m.Authors}
	if m.Sender != m.From {
		c.Sender = m.Sender
	}
	for _, a := range m.ReplyTo {
		if a != m.From && len(c.ReplyTo) < 10 {
			c.ReplyTo = append(c.ReplyTo, a)
		}
	}
	if m.oddFrom {
		c.Authors = max(c.Authors, 2) // the From line shows another address than it holds
	}
	if t.Mode != rules.AuthResults {
		return c
	}
	if slices.Contains(m.Warnings, warnJoined) {
		// The line could be the sender's first, and continue the server's field.
		c.Broken = warnJoined
	}
	for _, v := range m.Header("authentication-results") {
		id := authresID(v)
		if t.Microsoft365 && c.Headers == 0 && id != "" {
			// Its own field names nobody; this one came with the mail.
			return c
		}
		// The name is like a host's: letter case does not count.
		if !t.Microsoft365 && (id == "" || !strings.EqualFold(id, t.AuthservID)) {
			continue
		}
		if c.Headers++; c.Headers > 1 {
			continue
		}
		results, err := parseAuthres(v, !t.Microsoft365)
		if err != nil {
			c.Broken = strings.ToValidUTF8(clean(err.Error()), "?")
			continue
		}
		c.Results = results
	}
	return c
}

// copied says whether a mail was written to somebody else and we are only in its
// Cc (MAIL.md 131). Where we are in neither field we were reached by another name.
func (r Reader) copied(m Message) bool {
	ours := func(list []rules.Address) bool {
		return slices.ContainsFunc(list, func(a rules.Address) bool { return a.SameMailbox(r.Mailbox) })
	}
	return r.Mailbox != "" && len(m.To) > 0 && ours(m.Cc) && !ours(m.To)
}

// through says whether a mail came through one of the lists in front of the mailbox.
func (r Reader) through(h header) bool {
	id := strings.ToLower(h.get("list-id"))
	if from := strings.LastIndexByte(id, '<'); from >= 0 {
		id = before(id[from+1:], ">")
	}
	return slices.Contains(r.Lists, strings.TrimSpace(id))
}

// viaList is how Google Groups and Mailman name the author whose address they took.
var viaList = regexp.MustCompile(`(?i)\S\s+via\s+\S`)
