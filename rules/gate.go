package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What follows from who sent a mail, and when an answer is not sent.
//
// A verified partner may do everything of its own. A verified stranger is told
// once a day where to turn, and its mail waits; when staff add the address, it is
// judged as of its receipt (D3). Nothing that is not verified changes anything.

// unproved is a mail whose From is not proved. It is held and decides nothing
// (MAIL.md 37). Where the From domain disowns it and the address is a partner's or
// one of staff, somebody pretends: it is set aside and staff hear of it at once (36).
// Only a partner's own address is told, by one fixed line a day: whatever the
// desk sent to others would be mail that anybody can have sent to anybody.
func unproved(d *Decision, b Book) {
	d.Reasons = []Reason{{Code: SenderUnverified}}
	known := b.Sender.Claims != "" || b.Sender.Staff
	why := "the sender is not verified"
	if e := b.Sender.Evidence; e != nil {
		why += ": " + e.Why
	}
	d.State, d.Folder, d.Why = MailHeld, FolderReview, why
	switch {
	case b.Sender.Verdict == Failed && known:
		d.State, d.Folder, d.Alert = MailQuarantined, FolderQuarantine, true
	case b.Sender.Staff:
		d.Alert = true
	case b.Sender.Claims != "" && b.Sender.Verdict == Unverified && b.RepliesToday == 0:
		d.Reply = ReplyUnverified
	}
}

// ordered is what came of an order of staff.
func ordered(d *Decision, b Book) {
	o := b.Ordered
	d.State, d.Folder, d.Why = MailHeld, FolderReview, ""
	act := Action{Verb: o.Verb, Ref: string(o.On), Decision: Held}
	switch {
	case o.Token != TokenValid:
		d.Why, d.Alert = fmt.Sprintf("%s %s: the token is %s", o.Verb, o.On, o.Token), true
	case o.Refused != "":
		d.Why = fmt.Sprintf("%s %s: %s", o.Verb, o.On, o.Refused)
	default:
		d.State, d.Folder, act.Decision = MailDecided, FolderProcessed, o.Done
		d.Why = fmt.Sprintf("%s %s, ordered by staff", o.Verb, o.On)
	}
	d.Actions = []Action{act}
}

// mostStale is how far a mail's own date may be from its receipt. Servers give
// up after five days; a wrong clock is off by hours, or by years.
const mostStale = 10 * 24 * time.Hour

// stale says whether a mail that proves its sender could be an old one sent again
// by somebody else: a signature stays good (MAIL.md 58).
func stale(b Book, r Request) bool {
	apart := b.Received.Sub(r.Date)
	return !r.Date.IsZero() && (apart > mostStale || apart < -mostStale)
}

// Replies counts answers of ours: to a domain, in a conversation and in all on the
// day of a mail's receipt; and those that settled nothing, in this conversation
// or under this topic, within a day before it.
type Replies struct {
	Domain int `json:"domain"`
	Thread int `json:"thread"`
	All    int `json:"all"`
	Idle   int `json:"idle"`
}

// Topic is a domain and a subject as one word, by which a machine is known that
// gives itself a new address for each mail (MAIL.md 10). At a public mail domain
// the address stands for the domain.
func Topic(r Request, p Policy) string {
	who := r.From.Domain()
	if p.PublicMail(who) {
		who = strings.ToLower(string(r.From))
	}
	sum := sha256.Sum256([]byte(who + "\x00" + bareSubject(r.Subject)))
	return hex.EncodeToString(sum[:12])
}

var answerMark = regexp.MustCompile(`^\s*[\p{L}]{1,5}\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:：]\s*`)

// bareSubject is a subject without the marks of an answer, in lower case.
func bareSubject(s string) string {
	for range 20 {
		short := answerMark.ReplaceAllString(s, "")
		if short == s {
			break
		}
		s = short
	}
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}

// idle says whether a reply settles nothing: nothing was found, a person must
// answer, or what was asked before is asked again. People get on after one or two
// of these; machines do not.
func idle(d Decision, b Book, r Request, p Policy) bool {
	if d.Reply != ReplyVerdicts {
		return true
	}
	for _, j := range d.Judgements {
		switch j.Decision {
		case Held, Ignored:
		case Review:
			if !j.Verb.Change() {
				return false
			}
		case NeedsInfo:
			if j.Asked == 1 && j.Ask == "" && !b.askedBefore(j, d.Judgements, p) {
				return false
			}
		case Rejected:
			if b.Conversation.MessageID == "" && !j.Has(AlreadyRegistered) {
				return false
			}
		default:
			return false
		}
	}
	for _, a := range d.Actions {
		if a.Verb == VerbAgree && a.Decision == Updated {
			return false
		}
		// What is asked anew is answered as often as it is asked. In answer to a mail
		// of ours it is what a machine says to our own words: two desks would ask
		// each other for their lists for ever.
		if a.Decision == Answered && len(d.Judgements) == 0 && b.Conversation.MessageID == "" && !answerMark.MatchString(r.Subject) {
			return false
		}
	}
	return true
}

// askedBefore says whether an earlier mail brought the same prospect and was asked
// about it: a machine sends our own form back, and its reference is not ours. An
// ask that has lapsed is none (D21).
func (b Book) askedBefore(j Judgement, now []Judgement, p Policy) bool {
	return slices.ContainsFunc(b.open(p), func(a Ask) bool {
		return !slices.ContainsFunc(now, func(x Judgement) bool { return x.Ref == a.Ref }) && sameContact(a.Prospect, j.Prospect) && SameName(a.Prospect.Company, j.Prospect.Company)
	})
}

// withhold says why a reply that is due is not sent. Accepting content and being
// allowed to answer are two decisions; a breaker stops replies, never intake.
func (d *Decision) withhold(b Book, r Request, p Policy) {
	if why := r.Handling.NoReply; why != "" {
		if !r.Handling.Machine || b.Partner == nil || !b.Partner.AcknowledgeAutomatic {
			d.Withheld = why
			return
		}
	}
	if b.Taken {
		d.Withheld, d.Folder = "a person has answered in this conversation; it is left to people", FolderReview
		return
	}
	limit := func(key, format string, n, most int) {
		if d.Withheld == "" && most > 0 && n >= most {
			d.Withheld, d.Limit = fmt.Sprintf(format, n), key
		}
	}
	limit("replies_per_day", "%d replies went to this address today", b.RepliesToday, p.RepliesPerDay)
	limit("replies_per_domain", "%d replies went to this domain today", b.Replies.Domain, p.RepliesPerDomain)
	limit("replies_per_thread", "%d replies went into this conversation today", b.Replies.Thread, p.RepliesPerThread)
	limit("replies_in_all", "%d replies went out today", b.Replies.All, p.RepliesInAll)
	if d.Idle {
		limit("idle_replies", "the last %d replies here settled nothing; a person must see whether a machine answers", b.Replies.Idle, p.IdleReplies)
		if d.Limit == "idle_replies" {
			d.Folder = FolderReview
		}
	}
}
