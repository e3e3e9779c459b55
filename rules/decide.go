package rules

import (
	"fmt"
	"slices"
	"strings"
)

// Decide judges one mail by the program's rules, as of its receipt (D2). It
// reads nothing but its arguments; the same arguments give the same decision.
//
// A mail is first judged as a whole: what a machine wrote is filed, a stranger's
// is held, what only a person can answer is held with a receipt. In what remains
// each prospect is decided alone, in the written order, each by the Book that
// the one before it left (D12).
func Decide(b Book, r Request, p Policy) Decision {
	d := Decision{
		State: MailDecided, Folder: FolderProcessed,
		Judgements: []Judgement{}, Actions: []Action{},
		Received: b.Received, Today: p.Day(b.Received),
	}
	whole(&d, b, r, p)
	if d.State == MailDecided && b.Ordered == nil {
		b = items(&d, b, r, p)
	}
	if b.Partner != nil {
		d.Meter = b.Meter(p)
		d.Release = b.release(d, p)
		if r.Paperwork() {
			w := b.papers().Stand()
			d.Paperwork = &w
		}
	}
	if d.Reply != ReplyNone {
		d.Idle = idle(d, b, r, p)
		d.withhold(b, r, p)
	}
	return d
}

// whole decides what can be said of the mail as a whole; it leaves the state
// decided where the items are to be looked at.
func whole(d *Decision, b Book, r Request, p Policy) {
	end := func(s MailState, f Folder, why string) {
		d.State, d.Folder, d.Why = s, f, why
	}
	d.Alert = r.Handling.Alert
	switch {
	case b.Duplicate != 0:
		end(MailIgnored, FolderProcessed, fmt.Sprintf("repeats mail %d", b.Duplicate))
	case b.Ordered != nil && (r.Handling.Route == "" || r.Handling.Route == RouteProcessed):
		ordered(d, b)
	case r.Handling.Route != "":
		routed(end, r.Handling)
		if r.Handling.Unread && len(r.Unread) > 0 && d.State == MailHeld && b.answers(r) {
			// MAIL.md 94, 97: a person looks at it, and the partner can send it again.
			d.Reply = ReplyNothingFound
			if len(r.Items) > 0 {
				d.Reply = ReplyHeld
			}
			for _, it := range r.Items {
				d.Actions = append(d.Actions, Action{Verb: it.Verb, Ref: it.Ref, Decision: Held})
			}
		}
	case r.Kind == KindAutoReply:
		end(MailIgnored, FolderAutomatic, "an automatic reply")
	case r.Kind == KindBounce:
		end(MailIgnored, FolderBounces, "a bounce")
	case r.Kind == KindBulk:
		end(MailIgnored, FolderAutomatic, "bulk mail")
	case !b.Sender.Verdict.Known():
		unproved(d, b)
	case b.Sender.Staff:
		// MAIL.md 133: without a token staff's mail is nobody's registration.
		end(MailIgnored, FolderProcessed, "from staff, without a token")
	case r.Order != nil && len(r.Order.Tokens) > 0:
		end(MailHeld, FolderReview, "a token of the desk's in the hands of somebody who is not staff")
		d.Alert = true
	case Suspicious(b.Sender.Address.Domain()):
		end(MailHeld, FolderReview, "the sender's domain is spelled so that it could be taken for another one")
		d.Reasons = []Reason{{Code: SuspiciousAddress}}
	case b.Partner == nil:
		end(MailHeld, FolderReview, "the sender is no partner")
		d.Reasons = []Reason{{Code: UnknownSender}}
		if b.Sender.Resembles != "" {
			d.Why += ", but its address is like one of " + string(b.Sender.Resembles)
		}
		if b.RepliesToday == 0 {
			d.Reply = ReplyUnknownSender
		}
	case b.Sender.Verdict == Verified && stale(b, r):
		end(MailHeld, FolderReview, "dated "+string(p.Day(r.Date))+", far from its receipt: it may be an old mail sent once more")
	case r.TooLarge:
		end(MailHeld, FolderReview, "larger than the limit; only its header was read")
		d.Reply = ReplyTooLarge
	case r.Kind == KindThanks:
		end(MailIgnored, FolderProcessed, "thanks")
	case r.Empty && !slices.ContainsFunc(r.Items, r.ruled):
		d.Why, d.Reply = "nothing was written", ReplyNothingFound
	case r.Kind != KindRegistration && !slices.ContainsFunc(r.Items, r.ruled):
		end(MailHeld, FolderReview, "a person must answer: "+string(r.Kind))
		d.Reply = ReplyHeld
		for _, it := range r.Items {
			d.Actions = append(d.Actions, Action{Verb: it.Verb, Ref: it.Ref, Decision: Held})
		}
	}
}

// answers says whether a mail's sender is a partner who may be answered, whatever
// the mail says: known, nobody of staff, nobody who resembles another, and now.
func (b Book) answers(r Request) bool {
	return b.Sender.Verdict.Known() && !b.Sender.Staff && b.Partner != nil && !Suspicious(b.Sender.Address.Domain()) && (b.Sender.Verdict != Verified || !stale(b, r))
}

// routed ends a mail by what its headers say (automatic.go of intake).
func routed(end func(MailState, Folder, string), h Handling) {
	switch h.Route {
	case RouteAutomatic:
		end(MailIgnored, FolderAutomatic, h.Why)
	case RouteBounce:
		end(MailIgnored, FolderBounces, h.Why)
	case RouteProcessed:
		end(MailIgnored, FolderProcessed, h.Why)
	case RouteQuarantine:
		end(MailQuarantined, FolderQuarantine, h.Why)
	default:
		end(MailHeld, FolderReview, h.Why)
	}
}

// items decides each thing that the mail asks for, in order, and returns the
// Book after the last.
func items(d *Decision, b Book, r Request, p Policy) Book {
	repeated, done := map[Reference]bool{}, map[Item]bool{}
	act := func(a Action, n int) {
		a.Item = n
		d.Actions = append(d.Actions, a)
		if a.counts() {
			b.ChecksToday++
		}
		b.Forms = append(slices.Clone(b.Forms), a.Forms...)
	}
	// The receipt of a mail is one instant: what it agrees to holds for all of it,
	// whether it stands above the leads, below them or in the subject.
	if n := slices.IndexFunc(r.Items, func(it Item) bool { return it.Verb == VerbAgree }); n >= 0 {
		a := b.agree(r, p)
		act(a, n)
		b = b.agreed(a)
	}
	for n, it := range r.Items {
		var js []Judgement
		if it.Verb == VerbAgree {
			continue
		}
		if once := (Item{Verb: it.Verb, Ref: it.Ref}); !it.takesProspect() && it.Verb != VerbAsk {
			if done[once] {
				continue // said twice, done once
			}
			done[once] = true
		}
		if it.Verb == VerbConfirm && b.Conversation.Reminder && len(confirmed(b, r, p, it)) == 0 {
			it.Verb = VerbRenew // YES to a reminder (D28)
			r.Items = slices.Clone(r.Items)
			r.Items[n] = it
		}
		switch it.Verb {
		case VerbStatus:
			act(Action{Verb: it.Verb, Decision: Answered}, n)
			continue
		case VerbCheck:
			act(check(b, it, p), n)
			continue
		case VerbPaperwork:
			if r.ruled(it) {
				act(Action{Verb: it.Verb, Decision: Answered, Forms: brought(b, r, p)}, n)
				continue
			}
		case VerbHelp, VerbStop:
			act(Action{Verb: it.Verb, Decision: Answered}, n)
			continue
		case VerbRenew, VerbWithdraw, VerbCorrect:
			j, a := changed(b, r, n, p)
			switch {
			case a != nil:
				act(*a, n)
				continue
			case j == nil:
				// An ask's line is corrected as it is answered.
				it.Verb = VerbAnswer
				r.Prospects = slices.Clone(r.Prospects)
				if found := targets(b, r, Item{Verb: VerbCorrect, Ref: it.Ref, Prospect: it.Prospect}, p); it.Prospect != nil && *it.Prospect >= 0 && *it.Prospect < len(r.Prospects) && len(found) == 1 {
					r.Prospects[*it.Prospect].Ref = found[0].ref()
				}
			case slices.ContainsFunc(d.Judgements, func(x Judgement) bool { return x.Verb == j.Verb && x.Verb != VerbCorrect && x.Ref == j.Ref }):
				continue // by its reference and by its name
			case j.Has(ContradictoryMail) && slices.ContainsFunc(d.Judgements, func(x Judgement) bool {
				return x.Ref == j.Ref && !x.Verb.Change() && x.Has(ContradictoryMail)
			}):
				continue // said of what it registers
			default:
				d.Judgements = append(d.Judgements, *j)
				b = b.after(*j)
				continue
			}
		}
		switch it.Verb {
		case VerbRegister, VerbAnswer:
			if it.Prospect == nil || *it.Prospect < 0 || *it.Prospect >= len(r.Prospects) {
				continue
			}
			var unclear bool
			if js, unclear = reading(b, r, p, it.Verb, *it.Prospect, repeated); unclear && len(js) == 0 {
				continue // those that it could mean are all asked for again already
			}
		case VerbConfirm:
			js = confirmed(b, r, p, it)
		}
		if len(js) == 0 {
			// Neither ours to decide yet nor bound to anything that we asked.
			act(Action{Verb: it.Verb, Ref: it.Ref, Decision: Held}, n)
			continue
		}
		for _, j := range js {
			j.Item = n
			d.Judgements = put(d.Judgements, j)
			b = b.after(j)
		}
	}
	if len(d.Judgements)+len(d.Actions) == 0 {
		d.Why, d.Reply = "nothing to register was found", ReplyNothingFound
		return b
	}
	d.Reply = ReplyVerdicts
	waits, decided := len(r.Questions) > 0, 0
	for _, a := range d.Actions {
		if a.Verb == VerbStatus {
			d.List = list(b, p)
		}
		if a.Decision == Held {
			waits = true
		} else {
			decided++
		}
	}
	for _, j := range d.Judgements {
		waits = waits || j.Decision == Review || j.Decision == Held
		if j.Decision != Held {
			decided++
		}
	}
	if slices.ContainsFunc(d.Actions, func(a Action) bool { return len(a.Forms) > 0 }) {
		d.Folder = FolderPaperwork
	}
	if waits {
		// One folder a mail: Review while anything in it waits.
		d.Folder = FolderReview
	}
	if decided == 0 {
		d.State, d.Why = MailHeld, "a person must answer"
	}
	if len(d.Judgements) == 0 && decided == 0 {
		d.Reply = ReplyHeld
	}
	return b
}

// ruled says whether a rule decides what an item asks for; the others wait for a
// person, as do forms that were sent to somebody else.
func (r Request) ruled(it Item) bool {
	switch it.Verb {
	case VerbPaperwork:
		return len(r.Forms) > 0 && !r.Copied
	case VerbRegister, VerbAnswer, VerbConfirm, VerbStatus, VerbCheck, VerbHelp, VerbStop, VerbAgree:
		return true
	}
	return it.Verb.Change()
}

// takesProspect says whether an item is about a prospect of the mail.
func (it Item) takesProspect() bool {
	return it.Prospect != nil || it.Verb == VerbRegister || it.Verb == VerbAnswer
}

// put adds a judgement. An answer that comes in parts ("YES, and Q") is one answer:
// the last part's judgement takes the place of the question that the first would
// have led to.
func put(js []Judgement, j Judgement) []Judgement {
	part := func(v Verb) bool { return v == VerbAnswer || v == VerbConfirm }
	for i, before := range js {
		if part(j.Verb) && part(before.Verb) && before.Decision == NeedsInfo && before.Ref == j.Ask {
			j.Ask = before.Ask // an ask that the first part opened was never recorded
			js[i] = j
			return js
		}
	}
	return append(js, j)
}

// reading judges one prospect of the mail, or, where a bare answer was meant for
// several, each of those. unclear says that nothing chose among several asks;
// these are asked for again, each once a mail, as repeated notes.
func reading(b Book, r Request, p Policy, verb Verb, i int, repeated map[Reference]bool) (js []Judgement, unclear bool) {
	bound, among := bind(b, r, p, verb, i)
	switch {
	case len(among) > 0:
		// Several asks are open and nothing says which is meant: we ask again (D20).
		for _, a := range among {
			if repeated[a.Ref] {
				continue
			}
			repeated[a.Ref] = true
			j := judge(b, Reading{}, &a, r, p)
			j.Reading, j.Verb = i, verb
			js = append(js, j)
			b = b.after(j)
		}
	case len(bound) > 0:
		for _, a := range bound {
			j := judge(b, r.Prospects[i], &a, r, p)
			j.Reading, j.Verb = i, verb
			js = append(js, j)
			b = b.after(j)
		}
	default:
		j := judge(b, r.Prospects[i], nil, r, p)
		j.Reading, j.Verb = i, verb
		js = append(js, j)
	}
	return js, len(among) > 0
}

// confirmed carries out a YES: it confirms every website that our last mail in
// the thread proposed (D22), or the one whose number stands with it.
func confirmed(b Book, r Request, p Policy, it Item) []Judgement {
	n := 0
	if i := it.Prospect; i != nil && *i >= 0 && *i < len(r.Prospects) {
		n = r.Prospects[*i].Ordinal
	}
	var js []Judgement
	for _, a := range asksOf(b, r, p) {
		list := b.Conversation.Numbering
		if a.Proposal == "" || n > 0 && (n > len(list) || list[n-1] != a.Ref) {
			continue
		}
		j := judge(b, Reading{Prospect: Prospect{URL: a.Proposal}}, &a, r, p)
		j.Reading, j.Verb = -1, VerbConfirm
		js = append(js, j)
		b = b.after(j)
	}
	return js
}

// asksOf are the open asks that a mail answers: those that our last mail in the
// thread numbered, in its order; where the thread was lost, those that the mail
// mentions.
func asksOf(b Book, r Request, p Policy) []Ask {
	var asks []Ask
	open, refs := b.open(p), b.Conversation.Numbering
	if len(refs) == 0 {
		refs = r.Mentions
	}
	left := make(map[Reference]Ask, len(open))
	for _, a := range open {
		left[a.Ref] = a
	}
	for _, ref := range refs {
		if a, found := left[ref]; found {
			asks = append(asks, a)
			delete(left, ref) // a list of ours may name one prospect twice
		}
	}
	return asks
}

// bind finds the open asks that a prospect of a mail answers (D19, D20). In this
// order: the reference that stands with it; a reference in the new text or the
// subject, where there is one prospect and one such ask; the number of our list;
// the thread; the same organisation. unclear are the asks among which nothing
// chooses.
//
// A prospect that names another organisation, another address or another company
// than the thread's ask is a new one: partners answer an old mail because that is
// the quickest way to write to us. So is another contact of the organisation of
// which this mail asked or answered already: two contacts are not one (D9).
func bind(b Book, r Request, p Policy, verb Verb, i int) (bound, unclear []Ask) {
	read, open, thread := r.Prospects[i], b.open(p), asksOf(b, r, p)
	byRef := func(ref Reference) []Ask {
		for _, a := range open {
			if a.Ref == ref {
				return []Ask{a}
			}
		}
		return nil
	}
	if read.Ref != "" {
		return byRef(read.Ref), nil
	}
	if n := read.Ordinal; n > 0 && n <= len(b.Conversation.Numbering) {
		return byRef(b.Conversation.Numbering[n-1]), nil
	}
	if len(r.Prospects) == 1 {
		var mentioned []Ask
		for _, ref := range r.Mentions {
			mentioned = append(mentioned, byRef(ref)...)
		}
		if len(mentioned) == 1 {
			return mentioned, nil
		}
	}
	if read.All {
		return lacking(thread, read), nil
	}
	var known, possible []Ask
	for _, a := range thread {
		if a.madeBy(b) && !sameContact(a.Prospect, read.Prospect) {
			continue
		}
		switch likeness(a, read.Prospect, p) {
		case +1:
			known = append(known, a)
		case 0:
			possible = append(possible, a)
		}
	}
	switch {
	case len(known) == 1:
		return known, nil
	case len(known) > 1:
		return nil, known
	case len(possible) == 1:
		return possible, nil
	case len(possible) > 1:
		if verb == VerbAnswer {
			return nil, possible
		}
		return nil, nil
	}
	if org := p.organisation(read.URL); org != "" {
		var same []Ask
		for _, a := range open {
			if a.madeBy(b) && !sameContact(a.Prospect, read.Prospect) {
				continue
			}
			if org == p.organisation(a.Prospect.URL) || org == p.organisation(a.Proposal) {
				same = append(same, a)
			}
		}
		if len(same) == 1 {
			return same, nil
		}
	}
	return nil, nil
}

// sameContact says whether two statements speak of one person, as far as they
// say: by address, or else by name.
func sameContact(a, b Prospect) bool {
	if a.Email != "" && b.Email != "" {
		return Address(a.Email).SameMailbox(Address(b.Email))
	}
	return (b.FirstName == "" || agrees(a.FirstName, b.FirstName)) && (b.LastName == "" || agrees(a.LastName, b.LastName))
}

// lacking are the asks that wait for something that the reading states.
func lacking(asks []Ask, read Reading) []Ask {
	var out []Ask
	for _, a := range asks {
		for _, f := range Fields {
			if read.Get(f) != "" && a.Prospect.Get(f) == "" {
				out = append(out, a)
				break
			}
		}
	}
	return out
}

// likeness compares what a mail states with what an ask knows, by the fields
// that tell one prospect from another: +1 they agree on one and differ on none,
// -1 they differ on one, 0 they share none.
func likeness(a Ask, read Prospect, p Policy) int {
	like := 0
	note := func(same bool) {
		if !same {
			like = -1
		} else if like == 0 {
			like = 1
		}
	}
	if read.Company != "" && a.Prospect.Company != "" {
		note(SameName(read.Company, a.Prospect.Company))
	}
	x, y := p.organisation(read.URL), p.organisation(a.Prospect.URL)
	if x != "" && y != "" {
		note(x == y)
	}
	if like == 0 && read.Email != "" && a.Prospect.Email != "" {
		note(Address(read.Email).SameMailbox(Address(a.Prospect.Email)))
	}
	if like == 0 && read.LastName != "" && a.Prospect.LastName != "" && read.FirstName != "" && a.Prospect.FirstName != "" {
		note(strings.EqualFold(read.LastName, a.Prospect.LastName) && strings.EqualFold(read.FirstName, a.Prospect.FirstName))
	}
	return like
}
