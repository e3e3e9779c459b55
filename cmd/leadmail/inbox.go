package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"leadmail/rules"
	"leadmail/store"
)

type inboxCmd struct {
	List inboxList `cmd:"" help:"Every mail that came, newest first."`
	Show inboxShow `cmd:"" help:"One mail: what was read, what was decided, and why."`

	Export inboxExport `cmd:"" help:"Write a mail that was misread as a case that can be shared."`
}

// Help teaches by example.
func (inboxCmd) Help() string {
	return `    leadmail inbox list --state held
    leadmail inbox show 12
    leadmail inbox export 12 --redact`
}

func inboxColumns() []column[store.InboxMessage] {
	type m = store.InboxMessage
	return []column[m]{
		{name: "id", value: func(m m) any { return m.ID }},
		{name: "received", value: func(m m) any { return m.Received }},
		{name: "sender", value: func(m m) any { return m.Sender }},
		{name: "partner", value: func(m m) any { return m.Partner }},
		{name: "state", value: func(m m) any { return m.State }},
		{name: "folder", value: func(m m) any { return m.Folder }},
		{name: "subject", value: func(m m) any { return m.Subject }},
		{name: "why", value: func(m m) any { return m.Why }},
		{name: "verdict", value: func(m m) any { return m.Verdict }, wide: true},
		{name: "message_id", value: func(m m) any { return m.MessageID }, wide: true},
		{name: "attempts", value: func(m m) any { return m.Attempts }, wide: true},
		{name: "pass", value: func(m m) any { return m.Pass }, wide: true},
		{name: "size", value: func(m m) any { return m.Size }, wide: true},
		{name: "duplicate_of", value: func(m m) any { return number(m.Duplicate) }, wide: true},
		{name: "decided_at", value: func(m m) any { return m.DecidedAt }, wide: true},
		{name: "retry_at", value: func(m m) any { return m.RetryAt }, wide: true},
	}
}

var mailStates = []rules.MailState{rules.MailFound, rules.MailAttempted, rules.MailDecided, rules.MailFiled, rules.MailHeld, rules.MailIgnored, rules.MailQuarantined}

type inboxList struct {
	State   rules.MailState `help:"Only these: found, attempted, decided, filed, held, ignored, quarantined." placeholder:"STATE"`
	Partner rules.PartnerID `help:"Only this partner's." placeholder:"ID"`
	latest
	shape
}

// Run lists mails.
func (c inboxList) Run(a *app) error {
	if err := cmp.Or(knownState(c.State, mailStates), c.check()); err != nil {
		return err
	}
	return a.view(func(_ *records, tx *store.Tx) error {
		all, err := tx.InboxList(store.InboxFilter{State: c.State, Partner: c.Partner, Limit: c.Limit})
		if err != nil {
			return err
		}
		return show(a.stdout, c.shape, all, "No mail.", inboxColumns()...)
	})
}

type inboxShow struct {
	ID   int64 `arg:"" help:"The number that list shows."`
	JSON bool  `name:"json" help:"One JSON object."`
}

// Run shows one mail with its decisions.
func (c inboxShow) Run(a *app) error {
	return a.view(func(_ *records, tx *store.Tx) error {
		m, err := tx.Inbox(c.ID)
		if errors.Is(err, store.ErrNotFound) {
			return failed("leadmail inbox list shows those there are", "there is no mail %d", c.ID)
		}
		if err != nil {
			return err
		}
		decisions, err := tx.Decision(c.ID)
		if err != nil {
			return err
		}
		answers, err := tx.OutboxList(store.OutboxFilter{InboxID: c.ID})
		if err != nil {
			return err
		}
		if c.JSON {
			columns := append(inboxColumns(),
				column[store.InboxMessage]{name: "decisions", value: func(store.InboxMessage) any {
					list := []rules.Decision{}
					for _, d := range decisions {
						list = append(list, d.Decision)
					}
					return list
				}},
				column[store.InboxMessage]{name: "senders", value: func(store.InboxMessage) any {
					list := []rules.Sender{}
					for _, d := range decisions {
						list = append(list, d.Book.Sender)
					}
					return list
				}},
				column[store.InboxMessage]{name: "outbox", value: func(store.InboxMessage) any {
					list := []int64{}
					for _, o := range answers {
						list = append(list, o.ID)
					}
					return list
				}},
				column[store.InboxMessage]{name: "text", value: func(m store.InboxMessage) any { return m.Text }})
			return card(a.stdout, shape{JSON: true}, m, columns...)
		}
		if err := card(a.stdout, shape{}, m, inboxColumns()...); err != nil {
			return err
		}
		for _, d := range decisions {
			fmt.Fprintf(a.stdout, "\ndecided (pass %d, policy %.12s)\n", d.Pass, d.Policy.Hash())
			printSender(a.stdout, d.Book.Sender)
			printDecision(a.stdout, d.Decision)
			if d.Decision.Withheld != "" {
				fmt.Fprintf(a.stdout, "  reply withheld: %s\n", terminal(d.Decision.Withheld))
			}
		}
		for _, o := range answers {
			fmt.Fprintf(a.stdout, "\noutbox %d: %s to %s, %s: %s\n", o.ID, o.Kind, o.To, o.State, terminal(o.Subject))
		}
		if err := a.history(tx, fmt.Sprintf("mail %d", m.ID)); err != nil {
			return err
		}
		if m.Text != "" {
			fmt.Fprintf(a.stdout, "\ntext\n%s", indent(terminalText(m.Text)))
		}
		return nil
	})
}

// printSender says what is known of who sent a mail.
func printSender(w io.Writer, s rules.Sender) {
	fmt.Fprintf(w, "  sender  %s", s.Verdict)
	if s.Evidence != nil {
		fmt.Fprintf(w, ": %s", terminal(s.Evidence.Why))
		if s.Evidence.Headers > 1 {
			fmt.Fprintf(w, " (the topmost of %d such fields)", s.Evidence.Headers)
		}
	}
	switch {
	case s.Claims != "":
		fmt.Fprintf(w, "; From is an address of %s", s.Claims)
	case s.Resembles != "":
		fmt.Fprintf(w, "; the address is like one of %s", s.Resembles)
	case s.Staff:
		fmt.Fprint(w, "; From is an address of staff")
	}
	fmt.Fprintln(w)
}

// indent sets a text apart from what is said of it.
func indent(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.TrimRight("  "+line, " \n") + "\n")
	}
	return b.String()
}
