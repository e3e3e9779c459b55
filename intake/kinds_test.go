package intake

import (
	"strings"
	"testing"
)

// TestKinds: how partners word what they want.
func TestKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ subject, headers, body, kind, items string }{
		{"Question", "", "Dear team,\n\nKindly extend registration R-2WX8KM by another 90 days. The customer is still evaluating.\n\nRegards\nPat", "renewal", "renew R-2WX8KM"},
		{"Question", "", "Hello,\n\nI would like to renew our registration for Acme Foods Inc. The deal is moving slowly but surely.\n\nPat", "renewal", "renew company:Acme Foods Inc."},
		{"Renewal request", "", "Hi,\n\nPlease renew Harbor & Vine, Inc. for another 90 days.\n\nPat", "renewal", "renew company:Harbor & Vine, Inc."},
		{"Question", "", "Please renew R-2WX8KM and R-9FQZ41, thank you.\n", "renewal", "renew R-2WX8KM; renew R-9FQZ41"},
		{"Question", "", "Hi, please renew Acme Foods Ltd and Blue Heron Studio.\n\nPat", "renewal", "renew company:Acme Foods Ltd; renew company:Blue Heron Studio"},
		{"Question", "", "Hi,\n\nWe are no longer pursuing Greenleaf Dental, please cancel that registration.\n\nPat", "withdrawal", "withdraw company:Greenleaf Dental"},
		{"Question", "", "Hello,\n\nplease remove Greenleaf Dental from our registrations, they chose a competitor.\n\nPat", "withdrawal", "withdraw company:Greenleaf Dental"},
		{"Question", "", "Hi,\n\nthe Oakhurst Realty lead is dead. Please withdraw it.\n\nPat", "withdrawal", "withdraw company:Oakhurst Realty"},
		{"Question", "", "Hello,\nplease take Oakhurst Realty off our list.\n\nPat", "withdrawal", "withdraw company:Oakhurst Realty"},
		{"Question", "", "Please cancel my registration R-2WX8KM.\n\nThanks,\nPat", "withdrawal", "withdraw R-2WX8KM"},
		{"Question", "", "Hi,\n\nwhat is the status of R-2WX8KM?\n\nPat", "status", "status"},
		{"Question", "", "Hi,\n\nHow many registrations do I have open at the moment and when do they expire?\n\nPat", "status", "status"},
		{"Question", "", "Could you please send me an overview of everything we have registered?\n\nPat", "status", "status"},
		{"Question", "", "Which of my leads are still active?\n\nPat", "status", "status"},
		{"Question", "", "Hi team,\n\nCan you let me know when my registrations expire?\n\nPat", "status", "status"},
		{"Agreement", "", "I AGREE\n\nPat", "other", "agree"},
		{"Re: Welcome", "In-Reply-To: <a@b>", "Hello,\n\ni agree.\n\nRegards\nPat\n\nOn Monday Desk wrote:\n> Reply I AGREE to accept it.", "other", "agree"},
		{"Re: Welcome", "In-Reply-To: <a@b>", "I agree to the Partner Program Agreement.\n\nPat", "other", "agree"},
		{"I AGREE", "", "First name: Ann\nLast name: Bell\nEmail: ann@b.example\nURL: b.example\nCompany: B\nLead type: QL\n", "registration", "agree; register 0"},
		{"I AGREE", "", "I AGREE\n\nFirst name: Ann\nLast name: Bell\nEmail: ann@b.example\nURL: b.example\nCompany: B\nLead type: QL\n", "registration", "agree; register 0"},
		{"Re: Welcome", "In-Reply-To: <a@b>", "Who signs this?\n\nOn Monday Desk wrote:\n> I AGREE", "other", "ask"},
		{"Re: Welcome", "In-Reply-To: <a@b>", "Thank you, I agree!\n\nPat", "other", "agree"},
		{"Re: Welcome", "In-Reply-To: <a@b>", "I agree and thank you.\n\nPat", "other", "ask"},
		{"Re: Welcome", "In-Reply-To: <a@b>", "Thanks, but I do not agree.\n\nPat", "other", "ask"},
		{"Re: Welcome", "In-Reply-To: <a@b>", "We accept the agreement, thanks!\n\nPat", "other", "ask"},
		{"Re: I AGREE", "In-Reply-To: <a@b>", "Who signs this?\n\nPat", "other", "ask"},
		{"Fwd: Offer", "", "How is this one decided?\n\n---------- Forwarded message ---------\nFrom: Ann Bell <ann@b.example>\nDate: Mon, 5 Jan 2026 at 09:00\nSubject: Offer\nTo: Pat <pat@partner.example>\n\nI agree.\n\nAnn\n", "other", "ask"},
		{"Question", "", "I agree with the points that you made about our leads.\n\nPat", "other", "ask"},
		{"Question", "", "I do not agree.\n\nPat", "other", "ask"},
		{"Question", "", "Hello, can you send me the registration template please?\n\nPat", "help", "help"},
		{"Question", "", "Hi,\n\nI am new to the program and would like to register my first client. What information do you need?\n\nPat", "help", "help"},
		{"Question", "", "How does lead registration work?\n\nPat", "help", "help"},
		{"Question", "", "Hi, could you tell me what details are needed to register a prospect?\n\nPat", "help", "help"},
		{"Re: Registered", "In-Reply-To: <a@b>", "Thank you for the quick confirmation.\n\nBest regards,\nPat", "thanks", ""},
		{"Re: Registered", "In-Reply-To: <a@b>", "Got it, thanks!\n\nSent from my iPhone", "thanks", ""},
		{"Re: Registered", "In-Reply-To: <a@b>", "Great news, we are very happy about that. Have a lovely weekend!\n\nPat", "thanks", ""},
		{"Re: Registered", "In-Reply-To: <a@b>", "👍", "thanks", ""},
		{"Re: Registered", "In-Reply-To: <a@b>", "Danke!\n\nViele Grüße\nPat", "thanks", ""},
		{"Question", "", "Hi,\n\nI will be changing companies next month. What happens to my registrations?\n\nPat", "other", "ask"},
		{"Question", "", "Hello,\n\ncan we get co-branded slides for a workshop in May?\n\nPat", "other", "ask"},
		{"Question", "", "Please update my billing address to 12 Elm Street.\n\nPat", "other", "ask"},
		{"Question", "", "Hi, is there a discount for academic institutions?\n\nPat", "other", "ask"},
		{"Question", "Content-Type: multipart/mixed; boundary=b", "--b\n\nPlease find attached my signed W-8BEN.\n--b\nContent-Type: application/pdf; name=scan001.pdf\n\n%PDF\n--b--\n", "paperwork", "paperwork"},
		{"Question", "", "Do I need to send a W-9 if I am based in Canada?\n\nPat", "other", "ask"},
		{"Question", "", "Please renew R-2WX8KM. Actually, withdraw R-2WX8KM.\n", "withdrawal", "withdraw R-2WX8KM"},
		{"Question", "", "Please withdraw R-2WX8KM. No wait, renew it instead.\n", "renewal", "renew R-2WX8KM"},
		{"Question", "", "Please renew R-2WX8KM. Please withdraw R-2WX8KM.\n", "other", "ask R-2WX8KM"},
		{"Question", "", "Withdraw R-2WX8KM\n\nSorry, please do not withdraw R-2WX8KM.\n", "other", "ask R-2WX8KM"},
		{"Question", "", "Please withdraw Acme Ltd. Sorry, keep it.\n", "other", "ask company:Acme Ltd"},
		{"Question", "", "Please withdraw R-2WX8KM and R-7K4Q2M.\n\nNever mind.\n", "other", "ask R-2WX8KM; ask R-7K4Q2M"},
		{"Question", "", "Please renew R-2WX8KM and R-7K4Q2M.\n\nPS: forget R-7K4Q2M, withdraw that one.\n", "renewal", "renew R-2WX8KM; ask R-7K4Q2M"},
		{"Question", "", "Please withdraw R-2WX8KM, but keep R-7K4Q2M.\n", "withdrawal", "withdraw R-2WX8KM"},
		{"Question", "", "Please withdraw R-2WX8KM. Keep R-7K4Q2M.\n", "withdrawal", "withdraw R-2WX8KM"},
		{"Question", "", "Please register:\n\nURL: https://delta.example\n", "registration", "register 0"},
		{"Question", "", "URL: https://delta.example\n", "other", "ask"},
		{"Out of Office: Re: Registered", "", "I am out of the office until 3 May with limited access to email. Please contact Jo at jo@x.example.\n\nPat", "auto_reply", ""},
		{"Abwesenheitsnotiz: Registered", "", "Ich bin bis zum 12.5. nicht im Büro.\n", "auto_reply", ""},
		{"Lead before I am on vacation", "", "First name: Ann\nLast name: Bell\nEmail: ann@b.example\nURL: b.example\nCompany: B\nLead type: QL\n\nI am on vacation next week, so please reply to my colleague.\n\nPat", "registration", "register 0"},
	} {
		q := partners.Parse(partners.Read(eml("Subject: "+c.subject+"\n"+c.headers, c.body)))
		var items []string
		for _, it := range q.Items {
			s := string(it.Verb) + " " + it.Ref
			if it.Prospect != nil {
				s += "0"
			}
			items = append(items, strings.TrimSpace(s))
		}
		if got := strings.Join(items, "; "); string(q.Kind) != c.kind || got != c.items {
			t.Errorf("%q: %s, %q, want %s, %q", c.body, q.Kind, got, c.kind, c.items)
		}
	}
}
