package desk

import (
	"fmt"
	"math/rand/v2"
	"mime"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"leadmail/intake"
	"leadmail/rules"
	"leadmail/store"
)

// A forger writes as pat@partner.example. It chooses all that a sender chooses:
// the envelope, the HELO name, selectors, its own domain, and every header below
// the one that the receiving server puts on top, which states the truth around
// these words. Each class is a way of making the truth look like a pass.
type forgery struct {
	// stated is what the server writes behind its name, sent what came with the mail.
	stated, sent string
}

const victim = "partner.example"

// wanted is what the forger wants to be read, in one of the forms of a result.
func wanted(r *rand.Rand) string {
	return pick(r, "dmarc=pass header.from="+victim, "dmarc=pass (p=reject) header.from="+victim, "dkim=pass header.d="+victim+"; dmarc=pass header.from="+victim,
		"DMARC=Pass header.from="+victim, "dmarc = pass header.from = "+victim)
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// truth is what an honest server finds, in some order.
func truth(r *rand.Rand, more ...string) string {
	all := append([]string{pick(r, "dmarc=none header.from="+victim, "dmarc=permerror header.from="+victim, "dmarc=pass header.from=evil.example"),
		pick(r, "spf=pass smtp.mailfrom=x@evil.example", "spf=softfail smtp.mailfrom=pat@"+victim, "spf=none smtp.helo=evil.example"),
		pick(r, "dkim=none", "dkim=pass header.d=evil.example header.s=s", "dkim=fail header.d="+victim)}, more...)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return strings.Join(all, pick(r, "; ", ";\r\n\t", ";"))
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

var forgers = map[string]func(*rand.Rand) forgery{
	"in a comment": func(r *rand.Rand) forgery {
		return forgery{stated: truth(r, "iprev=pass ("+wanted(r)+") smtp.remote-ip=192.0.2.1")}
	},
	"in a comment that seems to end": func(r *rand.Rand) forgery {
		return forgery{stated: truth(r, pick(r, `iprev=fail (helo=x\); `+wanted(r)+`)`, `iprev=fail (a (b) ; `+wanted(r)+`)`, `iprev=fail ((; `+wanted(r)+`)\)))`))}
	},
	"in a quoted MAIL FROM": func(r *rand.Rand) forgery {
		return forgery{stated: truth(r, "x-spf=pass smtp.mailfrom="+quote(pick(r, "x; ", "x\\; ", "(; ", "")+wanted(r))+"@evil.example")}
	},
	"in a quoted reason with quotes in it": func(r *rand.Rand) forgery {
		return forgery{stated: truth(r, `iprev=fail reason=`+quote(pick(r, `550 "`, `"; `, `\"; `)+`; `+wanted(r)+pick(r, `;"`, `\`, ``)))}
	},
	"folded in a comment": func(r *rand.Rand) forgery {
		return forgery{stated: truth(r, "iprev=fail (x;\r\n\t"+strings.ReplaceAll(wanted(r), " ", "\r\n "+strings.Repeat(" ", r.IntN(3)))+")")}
	},
	"a field of our server's name below": func(r *rand.Rand) forgery {
		return forgery{stated: truth(r), sent: strings.Repeat("Authentication-Results: "+pick(r, server, "MX.Vendor.Example", `"`+server+`"`)+pick(r, "; ", " 1; ")+wanted(r)+"\r\n", 1+r.IntN(3))}
	},
	"a look-alike of our server's name": func(r *rand.Rand) forgery {
		id := pick(r, server+".evil.example", "mx.vendоr.example", "mx.vendor.example.", "mx-vendor.example", "xmx.vendor.example", "mx.vendor.example/1", "mx．vendor.example", "evil.example ("+server+")", "evil.example "+server)
		return forgery{stated: truth(r), sent: "Authentication-Results: " + id + "; " + wanted(r) + "\r\n"}
	},
	"encoded": func(r *rand.Rand) forgery {
		w := mime.QEncoding.Encode("utf-8", "ä; "+wanted(r))
		if r.IntN(2) == 0 {
			w = mime.BEncoding.Encode("utf-8", "ä; "+wanted(r))
		}
		return forgery{stated: truth(r, pick(r, "iprev=fail reason="+quote(w), "iprev=fail ("+w+")"))}
	},
	"in the wrong order": func(r *rand.Rand) forgery {
		// An inner server's words, taken over: what comes first, or last, is not what counts.
		other := pick(r, "dmarc=fail header.from="+victim, "dmarc=none header.from="+victim)
		return forgery{stated: pick(r, wanted(r)+"; "+other, other+"; "+wanted(r))}
	},
	"stated twice": func(r *rand.Rand) forgery {
		return forgery{stated: pick(r, "dmarc=pass header.from=evil.example header.from="+victim, "dmarc=pass header.from="+victim+" header.from=evil.example",
			wanted(r)+"; "+wanted(r), "dkim=pass header.d="+victim+" header.b=A; dkim=fail header.d="+victim+" header.b=A", "dmarc=none; "+wanted(r)+"; none")}
	},
	"in other characters": func(r *rand.Rand) forgery {
		return forgery{stated: truth(r, "x-spf=pass smtp.mailfrom="+pick(r, "x；", "x﹔", "x\u00a0;\u00a0")[0:3]+strings.NewReplacer("=", pick(r, "＝", "﹦")).Replace(wanted(r)))}
	},
	"another field's name": func(r *rand.Rand) forgery {
		name := pick(r, "ARC-Authentication-Results: i=1; ", "X-Authentication-Results: ", "Authentication-Results-Original: ", "X-Original-Authentication-Results: ", "Old-Authentication-Results: ")
		return forgery{stated: truth(r), sent: name + server + "; " + wanted(r) + "\r\n"}
	},
	"another domain that looks like it": func(r *rand.Rand) forgery {
		d := pick(r, victim+".evil.example", victim+"@evil.example", "evil.example ("+victim+")", victim+"\\.evil.example")
		return forgery{stated: pick(r, "dmarc=pass header.from="+d, "dkim=pass header.d="+d, "dkim=pass header.i=@"+d)}
	},
	"only the envelope or HELO": func(r *rand.Rand) forgery {
		return forgery{stated: pick(r, "spf=pass smtp.helo="+victim+" (dmarc=pass header.from="+victim+")", "spf=pass smtp.mailfrom=x@evil.example (sender dmarc=pass, header.from="+victim+")")}
	},
	"a line that continues the server's": func(r *rand.Rand) forgery {
		return forgery{stated: "spf=none smtp.helo=evil.example", sent: "; " + wanted(r) + "\r\n"}
	},
}

func (f forgery) mail(n int) []byte {
	return []byte("Authentication-Results: " + server + ";\r\n\t" + f.stated + "\r\n" + f.sent +
		fmt.Sprintf("From: Pat <%s>\r\nTo: %s\r\nSubject: Lead %d\r\nMessage-ID: <forged%d@partner.example>\r\n\r\n", pat, mailbox, n, n) +
		strings.ReplaceAll(strings.ReplaceAll(leadBody, "acme.example", fmt.Sprintf("acme%d.example", n)), "\n", "\r\n"))
}

// naive believes a mail as many filters do: each field that looks like it,
// decoded and in normal form, and a pass for the domain anywhere in it.
func naive(raw []byte) bool {
	header, _, _ := strings.Cut(string(raw), "\r\n\r\n")
	header = regexp.MustCompile(`\r\n[ \t;]+`).ReplaceAllString(header, " ; ")
	for line := range strings.SplitSeq(header, "\r\n") {
		if !strings.Contains(strings.ToLower(line), "authentication-results") {
			continue
		}
		if decoded, err := new(mime.WordDecoder).DecodeHeader(line); err == nil {
			line = decoded
		}
		line = norm.NFKC.String(strings.ToLower(line))
		if regexp.MustCompile(`dmarc\s*=\s*pass`).MatchString(line) && regexp.MustCompile(`header\.from\s*=\s*`+regexp.QuoteMeta(victim)).MatchString(line) ||
			regexp.MustCompile(`dkim=pass`).MatchString(line) && regexp.MustCompile(`header\.[di]\s*=\s*@?`+regexp.QuoteMeta(victim)).MatchString(line) {
			return true
		}
	}
	return false
}

// Five hundred forged mails, end to end: none is believed, none changes anything.
// Of each class some would have passed a careless reader, or the class is worth
// nothing as a test.
func TestForger(t *testing.T) {
	t.Parallel()
	b := trusting(newBench(t))
	b.o.Trust.Accept = append(b.o.Trust.Accept, rules.AcceptSPF)
	b.o.Staff = nil // what they are told is not looked at here
	d := b.desk()
	names := []string{}
	for name := range forgers {
		names = append(names, name)
	}
	slices.Sort(names)
	const mails = 500
	deceived := map[string]int{}
	r := rand.New(rand.NewPCG(5, 2026))
	for i := range mails {
		name := names[i%len(names)]
		raw := forgers[name](r).mail(i)
		if naive(raw) {
			deceived[name]++
		}
		m := intake.Reader{}.Read(raw)
		if v, e := b.o.Trust.Judge(m.Credentials(b.o.Trust)); v.Known() {
			t.Errorf("%s: %s (%s):\n%s", name, v, e.Why, raw)
		}
		b.must(b.host.Deliver(mailbox, raw))
	}
	for _, name := range names {
		if deceived[name] == 0 {
			t.Errorf("%s: no careless reader is deceived: the class tests nothing", name)
		}
	}
	b.must(d.Settle(t.Context()))
	b.must(b.db.View(t.Context(), func(tx *store.Tx) error {
		registrations, err := tx.Registrations(store.RegistrationFilter{})
		b.must(err)
		asks, err := tx.AskedSince("pat", b.clock().AddDate(-1, 0, 0))
		b.must(err)
		all, err := tx.InboxList(store.InboxFilter{})
		b.must(err)
		if len(registrations) != 0 || len(asks) != 0 || len(all) != mails {
			t.Errorf("%d forged mails left %d registrations and %d asks", len(all), len(registrations), len(asks))
		}
		for _, m := range all {
			// The servers of this process hand out nothing of a mail whose header they
			// cannot read: those all look like one.
			repeats := m.State == rules.MailIgnored && strings.HasPrefix(m.Why, "repeats mail ")
			if m.State != rules.MailHeld && m.State != rules.MailQuarantined && !repeats || m.Partner != "" {
				t.Errorf("a forged mail is %s, of partner %q (%s)", m.State, m.Partner, m.Why)
			}
		}
		return nil
	}))
	if n := len(b.mails(pat, "INBOX")); n > 1 {
		t.Errorf("%d mails went to the address that was abused, want the one fixed line of the day at most", n)
	}
	// The same words from the server itself are believed: the test can fail.
	genuine := intake.Reader{}.Read(forgery{stated: "dmarc=pass header.from=" + victim}.mail(mails))
	if v, _ := b.o.Trust.Judge(genuine.Credentials(b.o.Trust)); v != rules.Verified {
		t.Errorf("a genuine mail is %s", v)
	}
}
