package intake

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadmail/rules"
)

// form is a registration as easy as they come.
const form = "First name: Tobias\nLast name: Rehm\nEmail: tobias@kaltwerk.example\nURL: kaltwerk.example\nCompany name: Kaltwerk GmbH\nLead type: Qualified Lead\n"

// eml makes a mail of header lines and a body; From, Subject and Message-ID are
// supplied where they are not given.
func eml(headers, body string) []byte {
	h := strings.TrimSpace(headers)
	for _, d := range []struct{ name, line string }{
		{"\nfrom", "From: Ilse Baumgartner <ilse@northwind.example>"},
		{"\nsubject", "Subject: Lead registration"},
		{"\nmessage-id", "Message-ID: <x1@northwind.example>"},
	} {
		if !strings.Contains("\n"+strings.ToLower(h), d.name) {
			h += "\n" + d.line
		}
	}
	return []byte(strings.ReplaceAll(strings.TrimSpace(h)+"\n\n"+body, "\n", "\r\n"))
}

// report is a delivery report in the standard's form.
func report(fields string) (headers, body string) {
	return "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nReturn-Path: <>\nSubject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status; boundary=b",
		"--b\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n" + fields +
			"\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <ours-1@leanstack.example>\nSubject: Registered\n--b--\n"
}

// TestAutomatic goes through the cases of MAIL.md that envelope and headers
// decide; each row is named by its number there.
func TestAutomatic(t *testing.T) {
	t.Parallel()
	failed, failedBody := report("Final-Recipient: rfc822; t@kaltwerk.example\nAction: failed\nStatus: 5.1.1\n")
	delayed, delayedBody := report("Final-Recipient: rfc822; t@kaltwerk.example\nAction: delayed\nStatus: 4.4.1\n")
	relayed, relayedBody := report("Final-Recipient: rfc822; t@kaltwerk.example\nAction: relayed\nStatus: 2.0.0\n")
	several, severalBody := report("Final-Recipient: rfc822; a@kaltwerk.example\nAction: failed\nStatus: 5.1.1\n\nFinal-Recipient: rfc822; b@kaltwerk.example\nAction: delivered\nStatus: 2.0.0\n")
	const (
		answered = true
		silent   = false
	)
	for _, c := range []struct {
		name          string
		headers, body string
		kind          rules.Kind
		route         rules.Route
		reply         bool
		alert         bool
	}{
		{"0 a person's registration", "", form, rules.KindRegistration, "", answered, false},
		{"1 Auto-Submitted: auto-replied", "Auto-Submitted: auto-replied", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"2 auto-generated from a partner's CRM is read, not answered", "Auto-Submitted: auto-generated", form, rules.KindRegistration, "", silent, false},
		{"3 auto-generated, nothing registered", "Auto-Submitted: auto-generated", "Your weekly report is ready.\n", rules.KindBulk, rules.RouteReview, silent, false},
		{"4 Auto-Submitted: No with a comment is a person", "Auto-Submitted: No (I wrote this)", form, rules.KindRegistration, "", answered, false},
		{"5 a space before the colon", "Auto-Submitted : auto-replied", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-Autoreply", "X-Autoreply: yes", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-Autorespond", "X-Autorespond: Re: hello", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-Autoresponder", "X-Autoresponder: 1", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-Mail-Autoreply", "X-Mail-Autoreply: yes", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-FC-Machinegenerated", "X-FC-Machinegenerated: true", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"6 X-Autoreply: no is a person", "X-Autoreply: no", form, rules.KindRegistration, "", answered, false},
		{"7 Precedence: bulk, content still read", "Precedence: bulk", form, rules.KindRegistration, "", silent, false},
		{"7 Precedence: junk", "Precedence: junk", form, rules.KindRegistration, "", silent, false},
		{"7 Precedence: auto_reply", "Precedence: auto_reply", form, rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"8 X-Auto-Response-Suppress on a human mail", "X-Auto-Response-Suppress: All", form, rules.KindRegistration, "", silent, false},
		{"11 noreply@, content accepted", "From: CRM <noreply@northwind.example>", form, rules.KindRegistration, "", silent, false},
		{"12 our own loop header", "X-Leadmail: partners@leanstack.example", form, rules.KindBulk, rules.RouteAutomatic, silent, true},
		{"13 From is our own address", "From: LEANSTACK <partners@leanstack.example>", form, rules.KindOther, rules.RouteReview, silent, true},
		{"16 over 100 Received lines", strings.Repeat("Received: from a by b; Mon, 2 Mar 2026 08:00:00 +0000\n", 101), form, rules.KindOther, rules.RouteQuarantine, silent, true},
		{"17 List-Id", "List-Id: <weekly.example>", form, rules.KindBulk, rules.RouteReview, silent, false},
		{"17 List-Unsubscribe", "List-Unsubscribe: <mailto:u@weekly.example>", "Our news.\n", rules.KindBulk, rules.RouteReview, silent, false},
		{"18 a calendar request", "Content-Type: text/calendar; method=REQUEST", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", rules.KindBulk, rules.RouteAutomatic, silent, false},
		{"18 a calendar reply", "Content-Type: multipart/alternative; boundary=b", "--b\n\nAccepted\n--b\nContent-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\n--b--\n", rules.KindBulk, rules.RouteAutomatic, silent, false},
		{"19 a receipt of reading", "Content-Type: multipart/report; report-type=disposition-notification; boundary=b", "--b\n\nYour message was read.\n--b\nContent-Type: message/disposition-notification\n\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n", rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"20 a vacation answer to a reminder", "Auto-Submitted: auto-replied (vacation)\nSubject: Out of office: Re: R-7K4Q2M expires\nReturn-Path: <>", "I am away.\n", rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"21 a provider's confirm forwarding", "From: Gmail Team <forwarding-noreply@google.example>\nSubject: Gmail Forwarding Confirmation - Receive Mail from x", "Confirmation code: 1\n", rules.KindBulk, rules.RouteReview, silent, true},
		{"22 a challenge-response robot", "Subject: Please confirm your message", "Click to prove that you are human.\n", rules.KindBulk, rules.RouteReview, silent, false},
		{"23 Return-Path: <>", "Return-Path: <>", form, rules.KindRegistration, "", silent, false},
		{"24 failed 5.1.1", failed, failedBody, rules.KindBounce, rules.RouteBounce, silent, false},
		{"25 delayed", delayed, delayedBody, rules.KindBounce, rules.RouteBounce, silent, false},
		{"26 relayed", relayed, relayedBody, rules.KindBounce, rules.RouteBounce, silent, false},
		{"27 several recipients", several, severalBody, rules.KindBounce, rules.RouteBounce, silent, false},
		{"29 X-Failed-Recipients", "From: Mail Delivery System <Mailer-Daemon@mx.example>\nX-Failed-Recipients: t@kaltwerk.example\nSubject: Mail delivery failed", "This message was created automatically by mail delivery software.\n", rules.KindBounce, rules.RouteReview, silent, false},
		{"29 qmail", "From: MAILER-DAEMON@mx.example\nSubject: failure notice", "Hi. This is the qmail-send program at mx.example.\n", rules.KindBounce, rules.RouteReview, silent, false},
		{"31 a bounce inside a forward", "Subject: Fwd: bounce\nContent-Type: multipart/mixed; boundary=o", "--o\n\nwhat is this?\n--o\nContent-Type: message/rfc822\n\n" + failed + "\n\n" + failedBody + "\n--o--\n", rules.KindOther, rules.RouteReview, silent, false},
		{"32 my address changed, automatic", "Auto-Submitted: auto-replied", "My address changed to x@y.example\n", rules.KindAutoReply, rules.RouteAutomatic, silent, false},
		{"33 a complaint", "Content-Type: multipart/report; report-type=feedback-report; boundary=b", "--b\n\nspam\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--b--\n", rules.KindBounce, rules.RouteBounce, silent, true},
		{"34 a bounce of a bounce", failed + "\nX-Loop: 1", failedBody, rules.KindBounce, rules.RouteBounce, silent, false},
		{"42 two From headers", "From: a@northwind.example\nFrom: b@northwind.example", form, rules.KindOther, rules.RouteQuarantine, silent, false},
		{"43 one From header, two addresses", "From: a@northwind.example, b@northwind.example", form, rules.KindRegistration, rules.RouteReview, answered, false},
		{"44 a quoted name that shows an address", `From: "boss@corp.example" <evil@x.example>`, form, rules.KindRegistration, "", answered, false},
		{"45 an unquoted name that shows an address", "From: boss@corp.example <evil@x.example>", form, rules.KindRegistration, rules.RouteReview, answered, false},
		{"54 From: <>", "From: <>", "hello\n", rules.KindBounce, rules.RouteBounce, silent, false},
		{"54 MAILER-DAEMON without @", "From: MAILER-DAEMON", "hello\n", rules.KindBounce, rules.RouteBounce, silent, false},
		{"99 10,000 header lines in a part", "Content-Type: multipart/mixed; boundary=b", "--b\n" + strings.Repeat("X-A: b\n", 10000) + "\nhi\n--b--\n", rules.KindOther, rules.RouteQuarantine, silent, false},
		{"100 a header line beyond 256 KB", "X-Long: " + strings.Repeat("a", 300<<10), form, rules.KindOther, rules.RouteQuarantine, silent, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := partners.Parse(partners.Read(eml(c.headers, c.body)))
			if q.Kind != c.kind || q.Handling.Route != c.route || (q.Handling.NoReply == "") != c.reply || q.Handling.Alert != c.alert {
				t.Errorf("got kind %s, %+v\nwant kind %s, route %q, answered %v, alert %v", q.Kind, q.Handling, c.kind, c.route, c.reply, c.alert)
			}
			if q.Handling.Route != "" && q.Handling.Why == "" {
				t.Error("a route without a why")
			}
		})
	}
	t.Run("53 no From at all", func(t *testing.T) {
		t.Parallel()
		q := partners.Parse(partners.Read([]byte("Subject: x\r\n\r\n" + form)))
		if q.Handling.Route != rules.RouteQuarantine || q.Handling.NoReply == "" {
			t.Errorf("got %+v", q.Handling)
		}
	})
	t.Run("98 nested 100 deep, 10,000 parts", func(t *testing.T) {
		t.Parallel()
		deep, body := "Content-Type: multipart/mixed; boundary=b0", ""
		for i := range 100 {
			n := strings.Repeat("x", i+1)
			body += "--b" + strings.Repeat("x", i) + "\nContent-Type: multipart/mixed; boundary=b" + n + "\n\n"
			if i == 0 {
				deep = "Content-Type: multipart/mixed; boundary=b"
			}
		}
		for name, raw := range map[string][]byte{
			"deep": eml(deep, body),
			"wide": eml("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\n\nhi\n", 10000)+"--b--\n"),
		} {
			if q := partners.Parse(partners.Read(raw)); q.Handling.Route != rules.RouteQuarantine {
				t.Errorf("%s: %+v", name, q.Handling)
			}
		}
	})
	t.Run("44 identity is the addr-spec", func(t *testing.T) {
		t.Parallel()
		m := partners.Read(eml(`From: "boss@corp.example" <evil@x.example>`, form))
		if m.From != "evil@x.example" || m.FromName != "boss@corp.example" {
			t.Errorf("got %q %q", m.From, m.FromName)
		}
	})
	t.Run("27, 28 an outcome each, with the Message-ID of our mail", func(t *testing.T) {
		t.Parallel()
		got := partners.Read(eml(several, severalBody)).Reports()
		want := []Report{
			{"a@kaltwerk.example", "failed", "5.1.1", "ours-1@leanstack.example"},
			{"b@kaltwerk.example", "delivered", "2.0.0", "ours-1@leanstack.example"},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
	t.Run("a zero Reader takes no mail for its own", func(t *testing.T) {
		t.Parallel()
		q := Reader{}.Parse(Reader{}.Read(eml("X-Leadmail: partners@leanstack.example", form)))
		if q.Kind != rules.KindRegistration || q.Handling.Route != "" {
			t.Errorf("got %s %+v", q.Kind, q.Handling)
		}
	})
}

// TestAbsence: absence notes without a single header that tells, in the words of
// many languages. The corpora hold few of them.
func TestAbsence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, subject, body string }{
		{"en", "Out of Office: Re: Registered", "Hello,\n\nI'm back on Monday. Bob looks after things.\n\nPat"},
		{"en, only by its words", "Re: Registered", "Thank you for your message. I am out of the office until 12 May. For urgent matters contact Bob at bob@northwind.example.\n\nPat"},
		{"en, nothing but a date", "Away until May 5", "Back then.\n"},
		{"en, left", "Re: Registered", "Pat Hill is no longer with Northwind. Please direct enquiries to info@northwind.example.\n"},
		{"en, a deputy for registrations", "Automatic reply: Registered", "I am on annual leave. If you want to register a lead, please contact Bob.\n"},
		{"en, a help desk", "Ticket received: Registered", "We have received your request and will answer within two days. Your ticket number is 4411.\n"},
		{"de", "Abwesenheitsnotiz: Registriert", "Guten Tag,\n\nich bin erst am 12.5. wieder da.\n"},
		{"de, only by its words", "AW: Registriert", "Sehr geehrte Damen und Herren,\n\nvom 2. bis zum 9. Mai bin ich nicht im Büro. In dringenden Fällen wenden Sie sich bitte an Frau Brandt.\n"},
		{"fr", "Réponse automatique : Registered", "Bonjour,\n\nde retour le 12 mai.\n"},
		{"fr, only by its words", "RE: Registered", "Bonjour, je suis actuellement en congés jusqu'au 12 mai inclus.\n"},
		{"es", "Respuesta automática: Registered", "Vuelvo el día 12.\n"},
		{"es, only by its words", "RE: Registered", "Hola: estaré fuera de la oficina hasta el 12 de mayo. En caso urgente contacte con Ana.\n"},
		{"pt", "Resposta automática: Registered", "Volto no dia 12.\n"},
		{"pt, only by its words", "RES: Registered", "Olá, estou de férias até 12 de maio.\n"},
		{"it", "Risposta automatica: Registered", "Torno il 12 maggio.\n"},
		{"it, only by its words", "R: Registered", "Gentile mittente, sono in ferie fino al 12 maggio.\n"},
		{"nl", "Automatisch antwoord: Registered", "Ik ben 12 mei terug.\n"},
		{"nl, only by its words", "RE: Registered", "Beste, tot 12 mei ben ik met vakantie.\n"},
		{"pl", "Odpowiedź automatyczna: Registered", "Wracam 12 maja.\n"},
		{"pl, only by its words", "Odp: Registered", "Dzień dobry, przebywam na urlopie do 12 maja.\n"},
		{"sv", "Autosvar: Registered", "Åter den 12 maj.\n"},
		{"sv, only by its words", "SV: Registered", "Hej, jag är på semester till den 12 maj.\n"},
		{"da", "Automatisk svar: Registered", "Jeg er tilbage 12. maj.\n"},
		{"nb", "Fraværsmelding: Registered", "Tilbake 12. mai.\n"},
		{"fi", "Automaattinen vastaus: Registered", "Palaan 12.5.\n"},
		{"fi, only by its words", "VS: Registered", "Hei, olen vuosilomalla 12.5. asti.\n"},
		{"cs", "Automatická odpověď: Registered", "Vrátím se 12. května.\n"},
		{"cs, only by its words", "RE: Registered", "Dobrý den, jsem na dovolené do 12. května.\n"},
		{"sk", "Automatická odpoveď: Registered", "Som späť 12. mája.\n"},
		{"hu", "Automatikus válasz: Registered", "Május 12-én jövök.\n"},
		{"hu, only by its words", "RE: Registered", "Tisztelt Feladó! Május 12-ig szabadságon vagyok.\n"},
		{"ro", "Răspuns automat: Registered", "Revin pe 12 mai.\n"},
		{"hr", "Automatski odgovor: Registered", "Vraćam se 12. svibnja.\n"},
		{"sl", "Samodejni odgovor: Registered", "Vrnem se 12. maja.\n"},
		{"tr", "Otomatik yanıt: Registered", "12 Mayıs'ta dönüyorum.\n"},
		{"tr, only by its words", "YNT: Registered", "Merhaba, 12 Mayıs'a kadar yıllık izindeyim.\n"},
		{"el", "Αυτόματη απάντηση: Registered", "Επιστρέφω 12 Μαΐου.\n"},
		{"ru", "Автоматический ответ: Registered", "Вернусь 12 мая.\n"},
		{"ru, only by its words", "RE: Registered", "Добрый день! Я в отпуске до 12 мая.\n"},
		{"uk", "Автоматична відповідь: Registered", "Повернусь 12 травня.\n"},
		{"bg", "Автоматичен отговор: Registered", "Връщам се на 12 май.\n"},
		{"ja", "自動返信: Registered", "5月12日に戻ります。\n"},
		{"ja, only by its words", "Re: Registered", "お世話になっております。5月12日まで休暇をいただいております。\n"},
		{"zh", "自动回复: Registered", "5月12日回来。\n"},
		{"zh, only by its words", "回复: Registered", "您好,我正在休假,5月12日回来。\n"},
		{"ko", "자동 회신: Registered", "5월 12일에 돌아옵니다.\n"},
		{"ar", "رد تلقائي: Registered", "سأعود في 12 مايو.\n"},
		{"he", "תשובה אוטומטית: Registered", "אחזור ב-12 במאי.\n"},
		{"et", "Automaatvastus: Registered", "Tagasi 12. mail.\n"},
		{"lt", "Automatinis atsakymas: Registered", "Grįšiu gegužės 12 d.\n"},
		{"lv", "Automātiskā atbilde: Registered", "Atgriezīšos 12. maijā.\n"},
		{"en, the subject is the note", "I am out of the office until 05/12", "I will be checking mail sporadically.\n"},
		{"en, travelling", "RE: Registered", "Thanks for your email. I'm travelling this week with limited connectivity and will be slow to reply. Back Monday.\n\nPat"},
		{"en, an office closed", "Re: Registered", "Thank you for your email. Our office is closed from 24 December to 2 January.\n"},
		{"en, a father", "Re: Registered", "Hi there! I'm currently on paternity leave and will return July 1st. Please reach out to Sam for anything urgent.\n"},
		{"en, ill", "RE: Registered", "I am out sick today and will respond as soon as possible.\n"},
		{"en, an address given up", "Re: Registered", "This email address is no longer in use. Please use jane.new@northwind.example.\n"},
		{"en, a help desk with a mark", "[#4411] Registered", "## Please do not write below this line ##\n\nYour request (4411) has been received and is being reviewed by our support staff.\n"},
		{"de, not at the desk", "Re: Registered", "Hallo, danke für Ihre Mail. Ich bin vom 3. bis 14. August nicht am Arbeitsplatz. Ihre E-Mail wird nicht weitergeleitet.\n"},
		{"es, left", "Re: Registered", "Buenos días:\n\nLe informo de que desde el 1 de septiembre ya no formo parte de Northwind y no tengo acceso a este buzón. Diríjase a mi compañera Nerea Goñi, nerea@northwind.example.\n"},
		{"fr, left", "Re: Registered", "Bonjour, je ne fais plus partie de la société Northwind. Merci de contacter Luc Petit : luc@northwind.example.\n"},
		{"en, a deputy's whole card", "RE: Registration received", "Thank you for your message. I am on parental leave through September 14 and have no access to e-mail. For new leads please contact Patrick Fitzgerald at patrick@northwind.example.\n\nDana\n\n> First name: Patrick\n> Last name: Fitzwilliam\n> Email: p@yachts.example\n> Company: Yachts Ltd\n> Lead type: Qualified Lead\n"},
		{"fr, travelling", "RE: Registered", "Bonjour,\n\nJe suis en déplacement jusqu'au 12 mai avec un accès limité à mes mails.\n"},
		{"fr, put another way", "Re: Registered", "Je vous remercie pour votre message. Actuellement absent, je vous répondrai dès mon retour le 12 mai.\n"},
		{"it, an office closed", "Re: Registered", "Buongiorno, l'ufficio è chiuso per ferie fino al 25 agosto.\n"},
		{"nl, a mother", "Re: Registered", "Ik ben momenteel met zwangerschapsverlof en lees mijn mail niet.\n"},
		{"es, a deputy by address", "Re: Registered", "Buenos días:\n\nEstaré de vacaciones del 1 al 20 de agosto. Para temas urgentes, escriban a ventas@northwind.example.\n"},
		{"cs, put another way", "Re: Registered", "Vážený odesílateli, do 14. 8. čerpám dovolenou.\n"},
		{"sv, put another way", "Re: Registered", "Hej, tack för ditt mail! Jag är ledig till och med den 5 juni och läser inte min mail.\n"},
		{"zh, received", "答复: Registered", "您好！邮件已收到，我会尽快回复您。\n"},
	} {
		q := partners.Parse(partners.Read(eml("Content-Type: text/plain; charset=utf-8\nSubject: "+c.subject, c.body)))
		if q.Kind != rules.KindAutoReply || q.Handling.NoReply == "" {
			t.Errorf("%s: %q is %s, answered: %v", c.name, c.subject, q.Kind, q.Handling.NoReply == "")
		}
	}
}

// TestPeopleSpeakOfAbsence: the same words, written by people who want something,
// or speak of somebody else's absence or bounce.
func TestPeopleSpeakOfAbsence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, headers, body string }{
		{"a company of that name", "Subject: Out of office furniture Ltd is the prospect", "Please register Out of Office Furniture Ltd, www.ooofurniture.example, contact Jane Doe.\n"},
		{"a company of that name, in labels", "Subject: Out of Office Furniture Ltd", form},
		{"on the way out", "Subject: Holiday", "I'm on vacation next week, so please register this one today:\n\n" + form},
		{"on the way out, a renewal", "Subject: Before I go", "I am on holiday from Monday, please renew R-7K4Q2M before that.\n"},
		{"on the way out, a question", "Subject: Quick one", "I'll be out of the office next week. When does R-7K4Q2M expire?\n"},
		{"a question in German", "Subject: Frage", "Ich bin ab Montag im Urlaub. Bis wann gilt die Registrierung R-7K4Q2M?\n"},
		{"an absence note passed on", "Subject: Fwd: Out of office: Registered", "Should we still wait for her?\n\n---------- Forwarded message ---------\nFrom: Jane <jane@acme.example>\nSubject: Out of office\n\nI am out of the office until 12 May.\n"},
		{"an absence note quoted", "Subject: Re: Registered", "She is back on Monday, please keep the registration open until then. Is that possible?\n\nOn 3 May 2026 Jane Doe <jane@acme.example> wrote:\n> I am out of the office until 12 May.\n"},
		{"a bounce passed on", "Subject: Fwd: Undelivered Mail Returned to Sender", "Your mail did not arrive, do you have another address?\n\n---------- Forwarded message ---------\nFrom: MAILER-DAEMON@northwind.example\nSubject: Undelivered Mail Returned to Sender\n\n550 5.1.1 user unknown\n"},
		{"a bounce told of", "Subject: Delivery failed", "Hi, my mail to you could not be delivered, \"mailbox full\". So once more:\n\n" + form},
		{"a postmaster who is a person", "From: Pat <postmaster@northwind.example>", form},
		{"a confirmation asked for", "Subject: Please confirm your message", "Did you mean the domain acme.example in your last mail? Please confirm.\n"},
		{"a prospect in prose, sent early", "Subject: Lead while I'm out of office", "Hi team,\n\nI'll be out of office till the 9th, so sending this one early. The prospect is Dana Wills of Harbour Tea Ltd (harbourtea.example), dana@harbourtea.example. Qualified.\n\nCheers\nPat"},
		{"a customer's absence", "Subject: Re: Registered", "Our customer is on parental leave until June - can we get an extension for R-7K4Q2M?\n"},
		{"a customer's absence, in German", "Subject: Ausgefallener Lead", "Hallo, der Kontakt bei Kaltwerk ist bis Mai im Mutterschutz. Bitte R-7K4Q2M verlängern.\n"},
		{"somebody takes over", "Subject: Re: Registered", "I no longer work on this account, my colleague Bob takes over. Please change the contact for R-7K4Q2M to bob@northwind.example.\n"},
		{"a letter returned", "Subject: Returned mail", "We got the signed contract back by mail today. Please mark R-7K4Q2M as won.\n"},
		{"a provider that marks its users' mail", "Feedback-ID: 1962263:user:proton", "May we take on a second vendor in Scotland? Could somebody ring me this week?\n"},
		{"a word of the company's name", "Subject: Vacation Rentals GmbH", "Please register Vacation Rentals GmbH for us. Contact is Uwe Klein, uwe@vacation.example, website vacation.example. QL.\n"},
		{"an answer, then the absence", "Subject: Re: Which lead type?\nIn-Reply-To: <a@b.example>", "Managed. I am out of the office until Monday, so no rush.\n"},
		{"a yes, then the absence", "Subject: Re: Shall we register?\nIn-Reply-To: <a@b.example>", "YES\n\nI'm away until Monday\nPat"},
		{"a list, then the absence", "Subject: List\nContent-Type: multipart/mixed; boundary=b", "--b\n\nAttached. I am on leave from tomorrow until 5 May.\n--b\nContent-Type: text/csv; name=leads.csv\n\nCompany,Email\nAcme,jane@acme.example\n--b--\n"},
		{"sorry to be late", "Subject: Re: Registered", "Sorry for the late answer, I was on vacation. Lead type: QL\n"},
		{"an invitation beside a registration", "Content-Type: multipart/mixed; boundary=b", "--b\n\n" + form + "\n--b\nContent-Type: text/calendar; method=REQUEST; name=call.ics\nContent-Disposition: attachment; filename=call.ics\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n--b--\n"},
	} {
		headers := c.headers
		if !strings.Contains(headers, "Content-Type") {
			headers += "\nContent-Type: text/plain; charset=utf-8"
		}
		q := partners.Parse(partners.Read(eml(headers, c.body)))
		if q.Kind == rules.KindAutoReply || q.Kind == rules.KindBounce || q.Kind == rules.KindBulk {
			t.Errorf("%s: taken for %s (%s)", c.name, q.Kind, q.Handling.Why)
		}
	}
}

// TestBounces: reports in no standard form, as systems of all kinds write them;
// none may be answered. The forms are those that Sisimai tells apart.
func TestBounces(t *testing.T) {
	t.Parallel()
	const copied = "\n--- copy ---\nReceived: from x by y; Mon, 2 Mar 2026 08:00:00 +0000\nMessage-ID: <ours@leanstack.example>\nFrom: partners@leanstack.example\nTo: jane@acme.example\nSubject: Registered\n\nFirst name: Jane\nCompany: Acme Ltd\nEmail: jane@acme.example\n"
	for _, c := range []struct{ name, headers, body string }{
		{"a filter's postmaster, subject of its own", "From: \"InterScan MSS\" <postmaster@mx.example>\nSubject: メッセージを配信できません。", "Sent <<< RCPT TO:<jane@acme.example>\nReceived >>> 550 5.1.1 <jane@acme.example>... user unknown\n"},
		{"an operator's post_master, as an answer", "From: post_master@carrier.example\nSubject: Re: Registered\nIn-Reply-To: <x@y>", "Error: Invalid user address\n\n550 - Requested action not taken: no such user here\n"},
		{"an operator's no-reply with the mail attached", "From: no-reply@carrier.example\nSubject: メールエラー通知\nContent-Type: multipart/mixed; boundary=b", "--b\nContent-Type: text/plain; charset=utf-8\n\n送信できませんでした。\n--b\nContent-Type: message/rfc822\n\nFrom: partners@leanstack.example\nSubject: Registered\n\nFirst name: Jane\n--b--\n"},
		{"a daemon without a word that we know", "From: MAILER-DAEMON@mx.example\nSubject: hm", "Nope.\n"},
		{"a daemon by an odd name", "From: Mail_Daemon@mx.example\nSubject: hm", "Nope.\n"},
		{"an empty path and a status code, in Finnish", "Return-Path: <>\nFrom: Postipalvelu <posti@mx.example>\nSubject: Viesti", "Valitettavasti viestiä ei voitu toimittaa (5.1.1).\n"},
		{"an empty path, in Portuguese", "Return-Path: <>\nFrom: Correio <correio@mx.example>\nSubject: Mensagem não entregue", "A sua mensagem não chegou.\n"},
		{"a record in the returned copy", "From: Mail Delivery System <postmaster@mx.example>\nSubject: Returned", "Your message was not delivered to jane@acme.example.\n" + copied},
		{"a system under a person's address, the copy tells", "From: it@mx.example\nSubject: Undeliverable: Registered", "jane@acme.example does not exist here.\n" + copied},
		{"Exchange in French", "From: Microsoft Outlook <postmaster@acme.example>\nReturn-Path: <>\nSubject: Non remis : Registered", "La remise n'a pas pu avoir lieu.\n"},
		{"an answer by header, a bounce by its subject", "From: mailer-daemon@mx.example\nAuto-Submitted: auto-replied\nSubject: Mail delivery failed: returning message to sender", "A message that you sent could not be delivered.\n"},
		{"a delayed mail", "From: Mail Delivery System <postmaster@mx.example>\nSubject: Warning: message delayed 24 hours", "Your message could not be delivered for 24 hours. It will be retried. You do not need to resend it: the message has been delayed.\n"},
		{"line ends of an old Mac", "From: MAILER-DAEMON@mx.example\nSubject: failure notice", "user unknown\n"},
	} {
		raw := eml("Content-Type: text/plain; charset=utf-8\n"+c.headers, c.body)
		if strings.Contains(c.headers, "multipart") {
			raw = eml(c.headers, c.body)
		}
		if strings.Contains(c.name, "Mac") {
			raw = []byte(strings.ReplaceAll(string(raw), "\r\n", "\r"))
		}
		q := partners.Parse(partners.Read(raw))
		if q.Kind != rules.KindBounce || q.Handling.NoReply == "" || len(q.Prospects) > 0 {
			t.Errorf("%s: %s, %+v", c.name, q.Kind, q.Handling)
		}
	}
}

// TestMachines: what else a program writes.
func TestMachines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, headers, body string }{
		{"a spelling of its own", "X-ACME-Auto-Reply-Id: 7", "hello\n"},
		{"Exchange's rules", "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", "hello\n"},
		{"RFC 5436", "Auto-Submitted: auto-notified; owner-email=\"a@b.example\"", "hello\n"},
		{"a vacation program", "X-Vacation: yes", "hello\n"},
		{"a calendar without a parameter", "Content-Type: text/calendar", "BEGIN:VCALENDAR\nMETHOD:CANCEL\nEND:VCALENDAR\n"},
		{"a list by List-Archive alone", "List-Archive: <https://x.example>", form},
		{"a list of the old kind", "X-Mailman-Version: 2.1", form},
		{"confirm forwarding in German", "From: Gmail-Team <forwarding-noreply@google.example>\nSubject: Bestätigung der Gmail-Weiterleitung", "Code: 1\n"},
		{"challenge-response in French", "From: MailInBlack <noreply@mib.example>\nSubject: Demande d'authentification", "Merci de cliquer sur le lien pour vous authentifier.\n"},
		{"challenge-response under the person's own address", "Subject: Your message to pat@northwind.example awaits verification: verification required", "To be delivered you must prove that you are human: click here to verify.\n"},
	} {
		q := partners.Parse(partners.Read(eml(c.headers, c.body)))
		if q.Handling.NoReply == "" || len(q.Items) > 0 {
			t.Errorf("%s: %s would be answered: %+v %v", c.name, q.Kind, q.Handling, q.Items)
		}
	}
	// MAIL.md 132: what stands in it counts, whose it is is lost.
	for _, headers := range []string{"X-Original-From: Lena <lena@northwind.example>\nFrom: Partners <partners@leanstack.example>\nList-Id: <partners.leanstack.example>", "From: \"'Lena Maurer' via Partners\" <partners@leanstack.example>\nX-Google-Group-Id: 1"} {
		q := partners.Parse(partners.Read(eml(headers, form)))
		if q.Kind != rules.KindRegistration || q.Handling.Route != rules.RouteReview || q.Handling.NoReply == "" {
			t.Errorf("%s: %s %+v", headers, q.Kind, q.Handling)
		}
	}
}

// TestAutomaticOfCorpus: of our own cases exactly those are automatic mail whose
// truth says so.
func TestAutomaticOfCorpus(t *testing.T) {
	t.Parallel()
	// Mass mail that only its words betray is the score's concern.
	automatic := map[rules.Kind]bool{rules.KindAutoReply: true, rules.KindBounce: true}
	seen := 0
	files, err := filepath.Glob("testdata/*/*.eml")
	if err != nil || len(files) < 150 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(strings.TrimSuffix(name, ".eml") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want truth
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		q := partners.Parse(partners.Read(raw))
		if automatic[q.Kind] != automatic[want.Kind] || automatic[want.Kind] && q.Kind != want.Kind {
			t.Errorf("%s: %s, want %s", name, q.Kind, want.Kind)
		}
		if automatic[want.Kind] {
			seen++
			if q.Handling.NoReply == "" {
				t.Errorf("%s would be answered", name)
			}
		}
	}
	if seen < 6 {
		t.Errorf("%d automatic mails in the corpora, want 6 at least", seen)
	}
}
