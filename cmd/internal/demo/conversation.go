package demo

import (
	"fmt"
	"strings"
	"time"

	"leadmail/intake"
	"leadmail/rules"
)

const (
	pat      rules.Address = "pat@northwind-coaching.example"
	rita     rules.Address = "rita@sprintwise.example"
	stranger               = "sam@somewhere.example"
)

// roster are the partners of the demo; they joined a year before today.
func roster(today rules.Date) []rules.Partner {
	joined := rules.Period{Months: -12}.After(today)
	member := func(id rules.PartnerID, name string, address rules.Address) rules.Partner {
		return rules.Partner{ID: id, Name: name, Addresses: []rules.Address{address}, Plan: "mentor", JoinedOn: joined, AgreementOn: joined}
	}
	return []rules.Partner{
		member("northwind", "Northwind Coaching", pat),
		member("sprintwise", "Sprintwise", rita),
	}
}

// line is one mail of the sample conversation.
type line struct {
	from    rules.Address
	name    string
	subject string
	headers string
	text    string
	// reply answers the last mail that its sender got from the desk.
	reply bool
	// later is how many days the clock is moved ahead before it is sent.
	later int
	// reminder is what the reminder that comes beside the answer must say; "" where none
	// is due.
	reminder string
	// expect is what the answer must say; "" where none may come.
	expect string
}

var conversation = []line{
	{from: pat, name: "Pat Northwind", subject: "Two leads", expect: "Registered: Kuanza Coffee", text: `Hello,

please register these two:

First name: Ada
Last name: Okafor
Email: ada@kuanza.example
URL: https://www.kuanza.example
Company: Kuanza Coffee
Lead type: Qualified Lead

First name: Eva
Last name: Reiss
Email: eva.reiss@reiss-robotik.example
Company: Reiss Robotik GmbH
Lead type: Managed Customer

Best regards
Pat
`},
	{from: pat, name: "Pat Northwind", subject: "Two leads", reply: true, expect: "Registered: Reiss Robotik", text: "YES\n\nPat\n"},
	{from: rita, name: "Rita Sprint", subject: "New lead: Kuanza", expect: "already registered", text: `Pls register

First: Jo
Last: Meier
Email: jo@kuanza.example
Web: kuanza.example
Company: Kuanza Coffee Roasters
Type: Qualified Lead

Rita
`},
	{from: rita, name: "Rita Sprint", subject: "Automatic reply: New lead: Kuanza", headers: "Auto-Submitted: auto-replied\r\n", text: "I am out of the office until Monday.\n"},
	{from: rita, name: "Rita Sprint", subject: "Harbor & Vine", expect: "Not registered: Harbor & Vine", text: `First name: Dominic
Last name: Castellano
Email: dcastellano@harborandvine.example
URL: https://harborandvine.example
Company: Harbor & Vine, Inc.
Lead type: Qualified Lead
`},
	{from: stranger, name: "Sam Somewhere", subject: "A lead for you", expect: "address", text: `First name: Ben
Last name: Cho
Email: ben@brightside.example
URL: brightside.example
Company: Brightside
Lead type: Q
`},
	{from: rita, name: "Rita Sprint", subject: "Question", expect: "A person", text: `Hi,

when is the next partner meeting, and may I bring a colleague?

Rita
`},
	{from: pat, name: "Pat Northwind", subject: "How do we stand?", later: 170, expect: "Your registrations", reminder: "registrations end soon", text: "STATUS\n"},
	{from: pat, name: "Pat Northwind", subject: "registrations end soon", reply: true, expect: "Renewed ahead of time: Kuanza Coffee", text: "Renew Kuanza Coffee, please. Withdraw Reiss Robotik.\n\nPat\n"},
}

// mail is the line as a raw mail.
func (l line) mail(last intake.Message, at time.Time) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "From: %s <%s>\r\nTo: %s\r\nDate: %s\r\n", l.name, l.from, mailbox, at.Format(time.RFC1123Z))
	fmt.Fprintf(&b, "Message-ID: <%d@%s>\r\n", at.UnixNano(), l.from.Domain())
	subject := l.subject
	if l.reply {
		subject = "Re: " + subject
		fmt.Fprintf(&b, "In-Reply-To: <%s>\r\nReferences: <%s>\r\n", last.MessageID, last.MessageID)
	}
	fmt.Fprintf(&b, "Subject: %s\r\n%sMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", subject, l.headers)
	b.WriteString(strings.ReplaceAll(l.text, "\n", "\r\n"))
	return []byte(b.String())
}
