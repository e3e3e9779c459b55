package intake

import (
	"encoding/base64"
	"fmt"
	"html"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadmail/rules"
)

// enclosure is a file of a mail.
type enclosure struct {
	name, media, data string
}

// mailWith writes a mail with a text, an HTML alternative if there is one, and
// files.
func mailWith(text, page string, files ...enclosure) []byte {
	var b strings.Builder
	b.WriteString("From: Pat Quill <pat@quillpartners.example>\r\nTo: partners@vendor.example\r\nSubject: leads\r\nMessage-ID: <1@quillpartners.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=mix\r\n\r\n")
	b.WriteString("--mix\r\nContent-Type: multipart/alternative; boundary=alt\r\n\r\n")
	if text != "" {
		b.WriteString("--alt\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + strings.ReplaceAll(text, "\n", "\r\n") + "\r\n")
	}
	if page != "" {
		b.WriteString("--alt\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page + "\r\n")
	}
	b.WriteString("--alt--\r\n")
	for _, f := range files {
		fmt.Fprintf(&b, "--mix\r\nContent-Type: %s; name=\"%s\"\r\nContent-Disposition: attachment; filename=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n", f.media, f.name, f.name)
		s := base64.StdEncoding.EncodeToString([]byte(f.data))
		for len(s) > 76 {
			b.WriteString(s[:76] + "\r\n")
			s = s[76:]
		}
		b.WriteString(s + "\r\n")
	}
	b.WriteString("--mix--\r\n")
	return []byte(b.String())
}

// brief writes a prospect on one line: first, last, e-mail, site, company, Q or M.
func brief(p rules.Prospect) string {
	t := map[rules.LeadType]string{rules.QualifiedLead: "Q", rules.ManagedCustomer: "M"}[p.LeadType]
	return strings.Join([]string{p.FirstName, p.LastName, p.Email, p.URL, p.Company, t}, " | ")
}

func briefs(raw []byte) []string {
	out := []string{}
	for _, p := range read1(raw) {
		out = append(out, brief(p))
	}
	return out
}

func sameLines(t *testing.T, got []string, want string) {
	t.Helper()
	lines := []string{}
	for l := range strings.SplitSeq(strings.TrimSpace(want), "\n") {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	for i := range got {
		got[i] = strings.TrimSpace(got[i])
	}
	if fmt.Sprint(got) != fmt.Sprint(lines) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(lines, "\n  "))
	}
}

// TestTables reads tables as people paste and attach them. csv is a file; text is
// a mail's body.
func TestTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, csv, want string }{
		{name: "German CSV, name before first name", csv: `Firma;Name;Vorname;Mail;Homepage;Art
Kaltwerk GmbH;Bühler;Anke;a.buehler@kaltwerk.example;www.kaltwerk.example;QL
Seeblick AG;Ott;Jürg;ott@seeblick.example;seeblick.example;MC
`, want: `Anke | Bühler | a.buehler@kaltwerk.example | www.kaltwerk.example | Kaltwerk GmbH | Q
Jürg | Ott | ott@seeblick.example | seeblick.example | Seeblick AG | M`},
		{name: "French CSV, nom and prénom", csv: "Société,Nom,Prénom,Courriel,Site web,Téléphone\n\"Lafitte, Père et Fils\",Lafitte,Éloïse,eloise@lafitte.example,https://lafitte.example,01 23 45 67 89\n",
			want: "Éloïse | Lafitte | eloise@lafitte.example | https://lafitte.example | Lafitte, Père et Fils | "},
		{name: "Spanish, nombre and apellidos", csv: "Nombre;Apellidos;Correo electrónico;Empresa;Página web;Tipo\nIñaki;Etxeberria Ruiz;inaki@sidra.example;Sidrería Etxeberria;sidra.example;Lead calificado\n",
			want: "Iñaki | Etxeberria Ruiz | inaki@sidra.example | sidra.example | Sidrería Etxeberria | Q"},
		{name: "Spanish, nombre is the whole name", csv: "Nombre;Correo;Empresa\nLucía Paredes;lucia.paredes@molino.example;El Molino\n",
			want: "Lucía | Paredes | lucia.paredes@molino.example |  | El Molino | "},
		{name: "Italian, nome and cognome", csv: "Azienda\tNome\tCognome\tE-mail\tSito\nTorrefazione Sole\tGiada\tFerri\tg.ferri@sole.example\twww.sole.example\n",
			want: "Giada | Ferri | g.ferri@sole.example | www.sole.example | Torrefazione Sole | "},
		{name: "Polish", csv: "Lp;Imię;Nazwisko;Adres e-mail;Strona www;Nazwa firmy\n1;Łucja;Żak;lucja@piekarnia.example;piekarnia.example;Piekarnia Żak\n2;Bartosz;Wilk;b.wilk@tartak.example;;Tartak Wilk sp. z o.o.\n",
			want: "Łucja | Żak | lucja@piekarnia.example | piekarnia.example | Piekarnia Żak | \nBartosz | Wilk | b.wilk@tartak.example |  | Tartak Wilk sp. z o.o. | "},
		{name: "Japanese headings", csv: "会社名,姓,名,メールアドレス,ホームページ\n青空商店,佐藤,健,ken@aozora.example,https://aozora.example\n",
			want: "健 | 佐藤 | ken@aozora.example | https://aozora.example | 青空商店 | "},
		{name: "Dutch", csv: "Bedrijf;Contactpersoon;E-mailadres;Website;Soort lead\nBakkerij Smit;Joost van der Wal;joost@smit.example;smit.example;Beheerde klant\n",
			want: "Joost | van der Wal | joost@smit.example | smit.example | Bakkerij Smit | M"},
		{name: "Dutch with a column for the infix", csv: "Voornaam;Tussenvoegsel;Achternaam;E-mail;Bedrijf\nFenna;ter;Horst;fenna@molen.example;Molen BV\nJan;;Smit;jan@smit.example;Smit BV\n",
			want: "Fenna | ter Horst | fenna@molen.example |  | Molen BV | \nJan | Smit | jan@smit.example |  | Smit BV | "},
		{name: "a label that says whose the other is", csv: "Kunde Firma;Ansprechpartner Vorname;Ansprechpartner Nachname;Ansprechpartner E-Mail;Firma Telefon\nKaltwerk GmbH;Anke;Bühler;anke@kaltwerk.example;0941 555\n",
			want: "Anke | Bühler | anke@kaltwerk.example |  | Kaltwerk GmbH | "},
		{name: "carets", csv: "\ufeffTYPE^COMPANY^NAME^EMAIL\nQL^Dates & Co; Trading, LLC^Amy Cole^amy@dates.example\n",
			want: "Amy | Cole | amy@dates.example |  | Dates & Co; Trading, LLC | Q"},
		{name: "an order told in a sentence", text: "Hello, leads from the fair. The columns are contact / company / e-mail / web, all of them qualified leads:\n\nAmy Cole / Basalt & Sons / office@basalt.example / basalt.example\nBen Hale / Orchid A/S / ben@orchid.example / www.orchid.example\n\nPat",
			want: "Amy | Cole | office@basalt.example | basalt.example | Basalt & Sons | Q\nBen | Hale | ben@orchid.example | www.orchid.example | Orchid A/S | Q"},
		{name: "Swedish", csv: "Förnamn;Efternamn;E-post;Webbplats;Företag\nÅsa;Lindqvist;asa@fjallvind.example;fjallvind.example;Fjällvind AB\n",
			want: "Åsa | Lindqvist | asa@fjallvind.example | fjallvind.example | Fjällvind AB | "},
		{name: "Turkish whole names", csv: "Şirket;Ad Soyad;E-posta;Web sitesi\nDeniz Tekstil A.Ş.;Elif Kaya;elif.kaya@deniz.example;deniz.example\n",
			want: "Elif | Kaya | elif.kaya@deniz.example | deniz.example | Deniz Tekstil A.Ş. | "},
		{name: "Hungarian", csv: "Cégnév;Vezetéknév;Keresztnév;E-mail cím;Weboldal\nBorház Kft.;Nagy;Réka;reka@borhaz.example;borhaz.example\n",
			want: "Réka | Nagy | reka@borhaz.example | borhaz.example | Borház Kft. | "},
		{name: "two languages in each heading", csv: "Vorname / First name;Nachname / Last name;E-Mail;Firma (Company);Webseite / Website\nUte;Krahl;ute@krahl.example;Krahl Optik;krahl.example\n",
			want: "Ute | Krahl | ute@krahl.example | krahl.example | Krahl Optik | "},
		{name: "typos in headings", csv: "Frist Name,Last Nmae,Emial,Wesbite,Compnay Name,Laed Type\nRuth,Amsel,ruth@amsel.example,amsel.example,Amsel Ltd,MC\n",
			want: "Ruth | Amsel | ruth@amsel.example | amsel.example | Amsel Ltd | M"},
		{name: "machine headings", csv: "contact_first_name,contactLastName,EMAIL_ADDRESS,companyName,websiteUrl,lead_type,created_at\nOmar,Said,omar@dune.example,Dune Travel,https://dune.example,managed_customer,2026-01-02\n",
			want: "Omar | Said | omar@dune.example | https://dune.example | Dune Travel | M"},
		{name: "stars and remarks in headings", csv: "First name*,Last name*,E-mail (work)*,Company website (if any),Company*,Phone\nIda,Holm,ida@holm.example,,Holm Design,+45 12345678\n",
			want: "Ida | Holm | ida@holm.example |  | Holm Design | "},
		{name: "letterhead above, total and remark below", csv: `Quill Partners,,,,
Contact: pat@quillpartners.example,,,,
,,,,
Leads Q3,,,,

No,Company,Contact person,E-mail,Website
1,Brick & Sons,Lewis Marsh,lewis@brick.example,brick.example
,,,,
2,Tidal Foods,Nora Penn,nora.penn@tidal.example,tidal.example
,,,,
Total: 2,,,,
Prepared by Pat Quill,,,,
`, want: `Lewis | Marsh | lewis@brick.example | brick.example | Brick & Sons | 
Nora | Penn | nora.penn@tidal.example | tidal.example | Tidal Foods | `},
		{name: "example row is none", csv: "First name,Last name,Email,URL,Company,Lead type\ne.g. Jane,Doe,jane@doe.test,doe.test,Doe Inc,Qualified Lead\nPia,Lund,pia@lund.example,lund.example,Lund ApS,QL\n",
			want: "Pia | Lund | pia@lund.example | lund.example | Lund ApS | Q"},
		{name: "example.com shows how", csv: "First name,Last name,Email,Company\nJane,Doe,jane.doe@example.com,Sample Supplies\nPia,Lund,pia@lund.example,Lund ApS\n",
			want: "Pia | Lund | pia@lund.example |  | Lund ApS | "},
		{name: "placeholder row", csv: "First name,Last name,Email,Company\n<first name>,<last name>,<email>,<company>\nPia,Lund,pia@lund.example,Lund ApS\n",
			want: "Pia | Lund | pia@lund.example |  | Lund ApS | "},
		{name: "groups by lead type", csv: "Company,Contact,E-mail,Website\nQualified leads,,,\nAmber Cafe,Rosa Bell,rosa@ambercafe.example,ambercafe.example\nManaged customers,,,\nNorthgate,Ian Pope,ian@northgate.example,northgate.example\nSilo Nine,Kim Oduya,kim@silonine.example,silonine.example\n",
			want: "Rosa | Bell | rosa@ambercafe.example | ambercafe.example | Amber Cafe | Q\nIan | Pope | ian@northgate.example | northgate.example | Northgate | M\nKim | Oduya | kim@silonine.example | silonine.example | Silo Nine | M"},
		{name: "ditto marks", csv: "Company;First name;Last name;Email;Website;Type\nHalle Ost;Nina;Voss;nina@halle.example;halle.example;MC\n\";Olaf;Brand;olaf@halle.example;\";do.\nsame;Eva;Lenz;eva@halle.example;as above;-\"-\n",
			want: "Nina | Voss | nina@halle.example | halle.example | Halle Ost | M\nOlaf | Brand | olaf@halle.example | halle.example | Halle Ost | M\nEva | Lenz | eva@halle.example | halle.example | Halle Ost | M"},
		{name: "register yes and no", csv: "Company,Name,Email,Register?\nAlba Wines,Moira Reid,moira@alba.example,yes\nCairn Tools,Ewan Kerr,ewan@cairn.example,no\nLoch Bikes,Isla Gunn,isla@loch.example,Yes\n",
			want: "Moira | Reid | moira@alba.example |  | Alba Wines | \nIsla | Gunn | isla@loch.example |  | Loch Bikes | "},
		{name: "status says do not register", csv: "Company,Name,Email,Status\nAlba Wines,Moira Reid,moira@alba.example,new\nCairn Tools,Ewan Kerr,ewan@cairn.example,do not register yet\n",
			want: "Moira | Reid | moira@alba.example |  | Alba Wines | "},
		{name: "ticks under the lead types", csv: "Company,Name,Email,Qualified lead,Managed customer\nAlba Wines,Moira Reid,moira@alba.example,x,\nCairn Tools,Ewan Kerr,ewan@cairn.example,,x\n",
			want: "Moira | Reid | moira@alba.example |  | Alba Wines | Q\nEwan | Kerr | ewan@cairn.example |  | Cairn Tools | M"},
		{name: "status holds the lead type", csv: "Name,Surname,Mail,Organisation,Status\nZoe,Frost,zoe@frost.example,Frost Labs,managed customer\n",
			want: "Zoe | Frost | zoe@frost.example |  | Frost Labs | M"},
		{name: "sizes and sexes are no lead types", csv: "Name,Company,E-mail,Size,Gender\nZoe Frost,Frost Labs,zoe@frost.example,M,M\n",
			want: "Zoe | Frost | zoe@frost.example |  | Frost Labs | "},
		{name: "name of the company beside first and last", csv: "Name,First name,Last name,Email\nBasalt Ltd,Amy,Cole,amy@basalt.example\nOrchid Spa,Ben,Hale,ben@orchid.example\n",
			want: "Amy | Cole | amy@basalt.example |  | Basalt Ltd | \nBen | Hale | ben@orchid.example |  | Orchid Spa | "},
		{name: "name and contact", csv: "Name,Contact,E-mail,Web\nBasalt Ltd,Amy Cole,amy@basalt.example,basalt.example\n",
			want: "Amy | Cole | amy@basalt.example | basalt.example | Basalt Ltd | "},
		{name: "client is a company", csv: "Client,Contact,E-mail\nOrchid Spa,Ben Hale,ben.hale@orchid.example\n",
			want: "Ben | Hale | ben.hale@orchid.example |  | Orchid Spa | "},
		{name: "contact holds the address", csv: "Company,Name,Contact\nOrchid Spa,Ben Hale,ben.hale@orchid.example\n",
			want: "Ben | Hale | ben.hale@orchid.example |  | Orchid Spa | "},
		{name: "name with address in one cell", csv: "Company,Contact,Website\nOrchid Spa,Ben Hale <ben@orchid.example>,orchid.example\n",
			want: "Ben | Hale | ben@orchid.example | orchid.example | Orchid Spa | "},
		{name: "two e-mail columns: the plain one", csv: "Name,Company,E-mail,Private e-mail,Account manager\nBen Hale,Orchid Spa,,ben@home.test,lea@quillpartners.example\n",
			want: "Ben | Hale |  |  | Orchid Spa | "},
		{name: "inverted names with titles", csv: "Company;Contact;E-mail\nOrchid Spa;Hale, Dr. Ben;bh@orchid.example\nStern AG;Frau Prof. Uta Klee;klee@stern.example\n",
			want: "Ben | Hale | bh@orchid.example |  | Orchid Spa | \nUta | Klee | klee@stern.example |  | Stern AG | "},
		{name: "only the company is known", csv: "Company,First name,Last name,Email,Website\nAlba Wines,,,,\nCairn Tools,Ewan,Kerr,ewan@cairn.example,\n",
			want: " |  |  |  | Alba Wines | \nEwan | Kerr | ewan@cairn.example |  | Cairn Tools | "},
		{name: "the heading stands again", csv: "First name,Last name,Email,Company\nAmy,Cole,amy@basalt.example,Basalt\n\nCompany,Email,First name,Last name\nOrchid,ben@orchid.example,Ben,Hale\n",
			want: "Amy | Cole | amy@basalt.example |  | Basalt | \nBen | Hale | ben@orchid.example |  | Orchid | "},
		{name: "heading of two storeys", csv: "Company,,Contact,\nName,Website,Name,E-mail\nBasalt Ltd,basalt.example,Amy Cole,amy@basalt.example\n",
			want: "Amy | Cole | amy@basalt.example | basalt.example | Basalt Ltd | "},
		{name: "transposed file", csv: "Field,Lead 1,Lead 2\nFirst name,Amy,Ben\nLast name,Cole,Hale\nE-mail,amy@basalt.example,ben@orchid.example\nCompany,Basalt,Orchid\nNotes,met twice,\n",
			want: "Amy | Cole | amy@basalt.example |  | Basalt | \nBen | Hale | ben@orchid.example |  | Orchid | "},
		{name: "no heading", csv: "Amy,Cole,amy.cole@basalt.example,https://basalt.example,Basalt Ltd,Qualified Lead\nBen,Hale,b.hale@orchid.example,https://orchid.example,Orchid Spa,Managed Customer\n",
			want: "Amy | Cole | amy.cole@basalt.example | https://basalt.example | Basalt Ltd | Q\nBen | Hale | b.hale@orchid.example | https://orchid.example | Orchid Spa | M"},
		{name: "no heading, last name first", csv: "Cole;Amy;amy.cole@basalt.example;Basalt Ltd\nHale;Ben;b.hale@orchid.example;Orchid GmbH\n",
			want: "Amy | Cole | amy.cole@basalt.example |  | Basalt Ltd | \nBen | Hale | b.hale@orchid.example |  | Orchid GmbH | "},
		{name: "no heading and nothing that tells", csv: "Marlow,Bishop,info@quay.example\nHarlan,Cross,office@pier.example\n",
			want: " |  | info@quay.example |  |  | \n |  | office@pier.example |  |  | "},
		{name: "each line quoted as a whole", csv: "\"First name,Last name,Email,Company\"\n\"Amy,Cole,amy@basalt.example,Basalt\"\n",
			want: "Amy | Cole | amy@basalt.example |  | Basalt | "},
		{name: "a stray quotation mark", csv: "First name,Last name,Email,Company\nAmy,Cole,amy@basalt.example,The \"Old\" Mill\nBen,\"Hale,ben@orchid.example,Orchid\n",
			want: "Amy | Cole | amy@basalt.example |  | The \"Old\" Mill | \nBen | Hale | ben@orchid.example |  | Orchid | "},
		{name: "two lines in a cell", csv: "Company,Contact,Website\n\"Basalt Ltd\n12 Quarry Rd\",\"Amy Cole\nOwner\namy@basalt.example\",basalt.example\n",
			want: "Amy | Cole | amy@basalt.example | basalt.example | Basalt Ltd | "},

		{name: "tabs in the text", text: "Hi,\n\nplease register:\n\nCompany\tFirst name\tLast name\tEmail\tLead type\nBasalt\tAmy\tCole\tamy@basalt.example\tQL\nOrchid\tBen\t\tben@orchid.example\n\nThanks\nPat",
			want: "Amy | Cole | amy@basalt.example |  | Basalt | Q\nBen |  | ben@orchid.example |  | Orchid | "},
		{name: "pipes and a Markdown line", text: "New leads:\n\n| Name | Email | Company | Site | Type |\n|------|:-----:|---|---|--:|\n| Amy Cole | amy@basalt.example | Basalt | basalt.example | managed |\n| Ben Hale | ben@orchid.example | Orchid | | QL |\n",
			want: "Amy | Cole | amy@basalt.example | basalt.example | Basalt | M\nBen | Hale | ben@orchid.example |  | Orchid | Q"},
		{name: "a box with a wrapped cell", text: "Please add\n\n+----------+-----------+---------------------+\n| Company  | Contact   | E-mail              |\n+----------+-----------+---------------------+\n| Basalt   | Amy Cole  | amy@basalt.example  |\n| & Sons   |           |                     |\n+----------+-----------+---------------------+\n| Orchid   | Ben Hale  | ben@orchid.example  |\n+----------+-----------+---------------------+\n",
			want: "Amy | Cole | amy@basalt.example |  | Basalt & Sons | \nBen | Hale | ben@orchid.example |  | Orchid | "},
		{name: "columns set with blanks", text: "Please register these.\n\nFirst     Last      Email                 Company          Type\nAmy       Cole      amy@basalt.example    Basalt Ltd       QL\nBen                 ben@orchid.example    Orchid Day Spa   MC\n\nCheers",
			want: "Amy | Cole | amy@basalt.example |  | Basalt Ltd | Q\nBen |  | ben@orchid.example |  | Orchid Day Spa | M"},
		{name: "CSV pasted with heading", text: "Register please\n\nfirst_name,last_name,email,url,company,lead_type\nAmy,Cole,amy@basalt.example,basalt.example,\"Basalt, Inc.\",QL\nBen,Hale,ben@orchid.example,orchid.example,Orchid, LLC,MC\n\nPat",
			want: "Amy | Cole | amy@basalt.example | basalt.example | Basalt, Inc. | Q\nBen | Hale | ben@orchid.example | orchid.example | Orchid, LLC | M"},
		{name: "CSV pasted without heading", text: "Two to register:\n\nAmy,Cole,amy.cole@basalt.example,basalt.example,Basalt Ltd,QL\nBen,Hale,ben.hale@orchid.example,orchid.example,Orchid Spa,MC\n",
			want: "Amy | Cole | amy.cole@basalt.example | basalt.example | Basalt Ltd | Q\nBen | Hale | ben.hale@orchid.example | orchid.example | Orchid Spa | M"},
		{name: "a numbered list with dashes", text: "Hi, please register:\n\n1. Amy Cole - Basalt Ltd - amy.cole@basalt.example - basalt.example\n2. Ben Hale - Orchid Spa - ben.hale@orchid.example - orchid.example\n\nAll are qualified leads.\nPat",
			want: "Amy | Cole | amy.cole@basalt.example | basalt.example | Basalt Ltd | Q\nBen | Hale | ben.hale@orchid.example | orchid.example | Orchid Spa | Q"},
		{name: "transposed in the text", text: "please register\n\n\tA\tB\nFirst name\tAmy\tBen\nLast name\tCole\tHale\nEmail\tamy@basalt.example\tben@orchid.example\nCompany\tBasalt\tOrchid\n",
			want: "Amy | Cole | amy@basalt.example |  | Basalt | \nBen | Hale | ben@orchid.example |  | Orchid | "},
		{name: "two tables under headings of their own", text: "Please register\n\nQualified leads:\n\nName\tCompany\tEmail\nAmy Cole\tBasalt\tamy@basalt.example\n\nManaged customers:\n\nName\tCompany\tEmail\nBen Hale\tOrchid\tben@orchid.example\n",
			want: "Amy | Cole | amy@basalt.example |  | Basalt | Q\nBen | Hale | ben@orchid.example |  | Orchid | M"},
		{name: "a table below the sign-off", text: "Please register the leads below.\n\nThanks,\nPat\n\nCompany\tContact\tEmail\nBasalt\tAmy Cole\tamy@basalt.example\nOrchid\tBen Hale\tben@orchid.example\n",
			want: "Amy | Cole | amy@basalt.example |  | Basalt | \nBen | Hale | ben@orchid.example |  | Orchid | "},
		{name: "a heading alone is a question", text: "Hi, which do you need: first name, last name, email, company, website?\n\nPat", want: ""},
		{name: "one type for the list, said in a sentence", text: "Please register these, all managed customers.\n\nName | Company | Email\nAmy Cole | Basalt | amy@basalt.example\nBen Hale | Orchid | ben@orchid.example\n",
			want: "Amy | Cole | amy@basalt.example |  | Basalt | M\nBen | Hale | ben@orchid.example |  | Orchid | M"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			raw := mailWith(c.text, "")
			if c.csv != "" {
				raw = mailWith("Please register the attached.\n\nPat", "", enclosure{"leads.csv", "text/csv", c.csv})
			}
			sameLines(t, briefs(raw), c.want)
		})
	}
}

// TestHTMLTables: cells of several lines, cells that span rows and columns, a
// heading of two storeys.
func TestHTMLTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, page, want string }{
		{"lines in cells", `<table><tr><th>Company</th><th>Contact</th><th>E-mail</th><th>Web</th></tr>
			<tr><td>Basalt Ltd<br>12 Quarry Rd</td><td><p>Amy Cole</p><p>Owner</p></td><td>amy@basalt.example</td><td>basalt.example</td></tr></table>`,
			"Amy | Cole | amy@basalt.example | basalt.example | Basalt Ltd |"},
		{"cells over rows and columns", `<table><tr><th>Company</th><th>Contact</th><th>E-mail</th><th>Web</th><th>Type</th></tr>
			<tr><td rowspan=2>Basalt</td><td>Amy Cole</td><td>amy@basalt.example</td><td>basalt.example</td><td rowspan="2">QL</td></tr>
			<tr><td>Zed Cole</td><td colspan=2>zed@basalt.example</td></tr>
			<tr><td colspan=5><b>Managed customers</b></td></tr>
			<tr><td>Orchid</td><td>Ben Hale</td><td>ben@orchid.example</td></tr></table>`,
			"Amy | Cole | amy@basalt.example | basalt.example | Basalt | Q\nZed | Cole | zed@basalt.example |  | Basalt | Q\nBen | Hale | ben@orchid.example |  | Orchid | M"},
		{"a heading of two storeys", `<table><tr><td rowspan=2>Type</td><td colspan=2>Company</td><td colspan=2>Contact</td></tr>
			<tr><td>Name</td><td>Website</td><td>Name</td><td>E-mail</td></tr>
			<tr><td>MC</td><td>Basalt</td><td>basalt.example</td><td>Amy Cole</td><td>amy@basalt.example</td></tr></table>`,
			"Amy | Cole | amy@basalt.example | basalt.example | Basalt | M"},
		{"a table of data inside one for the layout", `<table><tr><td><p>Hello,</p><table><tr><td>Name</td><td>Company</td><td>Email</td></tr>
			<tr><td>Amy Cole</td><td>Basalt</td><td>amy@basalt.example</td></tr></table><p>Pat</p></td></tr></table>`,
			"Amy | Cole | amy@basalt.example |  | Basalt |"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sameLines(t, briefs(mailWith("", "<p>Please register</p>"+c.page)), c.want)
		})
	}
	// What spans is repeated so often and no more.
	wide := "<table><tr><td>Name</td><td>Email</td><td>Company</td></tr><tr>" + strings.Repeat("<td rowspan=1000>"+strings.Repeat("x", 300)+"</td>", 60) + "</tr>" + strings.Repeat("<tr><td>y</td></tr>", 20000) + "</table>"
	if m := partners.Read(mailWith("", wide)); len(m.Text) > 2*maxRepeated+len(wide) {
		t.Errorf("%d bytes of text from %d", len(m.Text), len(wide))
	}
}

// tablePage writes rows as an HTML table.
func tablePage(rows [][]string) string {
	var b strings.Builder
	b.WriteString("<p>Please register:</p><table border=1>")
	for _, row := range rows {
		b.WriteString("<tr>")
		for _, c := range row {
			b.WriteString("<td>" + html.EscapeString(c) + "</td>")
		}
		b.WriteString("</tr>")
	}
	return b.String() + "</table>"
}

// shape writes rows in one of the shapes that a table comes in.
func shape(name string, rows [][]string) []byte {
	join := func(sep string, quote bool) string {
		var b strings.Builder
		for _, row := range rows {
			for i, c := range row {
				if i > 0 {
					b.WriteString(sep)
				}
				if quote && strings.ContainsAny(c, sep+"\"\n") {
					c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
				}
				b.WriteString(c)
			}
			b.WriteString("\n")
		}
		return b.String()
	}
	const please = "Please register:\n\n"
	file := func(name, media, data string) []byte {
		return mailWith("Please register the attached.", "", enclosure{name, media, data})
	}
	switch name {
	case "html":
		return mailWith("", tablePage(rows))
	case "tabs":
		return mailWith(please+join("\t", false), "")
	case "pipes":
		return mailWith(please+strings.ReplaceAll("| "+join(" | ", false), "\n", " |\n| ")+"\n", "")
	case "pasted commas":
		return mailWith(please+join(",", true), "")
	case "comma":
		return file("a.csv", "text/csv", join(",", true))
	case "semicolon":
		return file("a.csv", "application/vnd.ms-excel", join(";", true))
	case "tab file":
		return file("a.txt", "text/plain", join("\t", true))
	case "bar":
		return file("a.csv", "application/octet-stream", "sep=|\r\n"+strings.ReplaceAll(join("|", true), "\n", "\r\n"))
	case "utf-16":
		var b strings.Builder
		b.WriteString("\xff\xfe")
		for _, r := range join("\t", true) {
			b.WriteString(string([]byte{byte(r), byte(r >> 8)}))
		}
		return file("a.csv", "text/csv", b.String())
	case "xlsx":
		return file("a.xlsx", "application/octet-stream", string(workbook(rows)))
	}
	panic(name)
}

var shapes = []string{"html", "tabs", "pipes", "pasted commas", "comma", "semicolon", "tab file", "bar", "utf-16", "xlsx"}

// TestTableShapes: the same rows say the same, whatever shape they come in, in
// whatever order their columns stand, with columns that are none of our business
// among them, and turned on their side.
func TestTableShapes(t *testing.T) {
	t.Parallel()
	labels := map[rules.Field][]string{
		rules.FirstName: {"First name", "Vorname", "prénom", "Given name"}, rules.LastName: {"Last name", "Nachname", "Surname", "Apellidos"},
		rules.Email: {"Email", "E-Mail-Adresse", "e-mail address", "Courriel"}, rules.URL: {"URL", "Website", "Webseite", "Site web"},
		rules.Company: {"Company", "Firma", "Société", "Organisation"}, rules.LeadTypeOf: {"Lead type", "Typ", "Category"},
	}
	rapid.Check(t, func(t *rapid.T) {
		var want []string
		n := rapid.IntRange(1, 4).Draw(t, "prospects")
		order := rapid.Permutation([]string{string(rules.FirstName), string(rules.LastName), string(rules.Email), string(rules.URL), string(rules.Company), string(rules.LeadTypeOf), "Phone", "City"}).Draw(t, "columns")
		head := make([]string, len(order))
		for i, f := range order {
			head[i] = f
			if l := labels[rules.Field(f)]; l != nil {
				head[i] = rapid.SampledFrom(l).Draw(t, "label")
			}
		}
		rows := [][]string{head}
		for k := range n {
			p := lead(t, k)
			row := make([]string, len(order))
			for i, f := range order {
				switch f {
				case "Phone":
					row[i] = "+49 30 5550" + fmt.Sprint(k)
				case "City":
					row[i] = "Springfield"
				case string(rules.LeadTypeOf):
					row[i] = p.LeadType.Words()
				default:
					row[i] = p.Get(rules.Field(f))
				}
			}
			rows = append(rows, row)
			want = append(want, brief(p))
		}
		name := rapid.SampledFrom(shapes).Draw(t, "shape")
		if n > 1 && rapid.Bool().Draw(t, "sideways") && name != "pasted commas" {
			turned := make([][]string, len(head))
			for i := range head {
				for _, row := range rows {
					turned[i] = append(turned[i], row[i])
				}
			}
			rows = turned
		}
		got := briefs(shape(name, rows))
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// TestTablesAreLinear: four times the lines take four times as long to be
// looked at, also where no table comes out: whoever starts anew at each line
// needs sixteen.
func TestTablesAreLinear(t *testing.T) {
	for name, lines := range map[string]string{
		"lists that do not settle":   "Marlow, Bishop Town, Info Desk, a@quay.example\n",
		"headings without rows":      "Name\tEmail\tCompany\n",
		"headings and prose":         "Name, email, company\nand so on we go\n",
		"an order told, and no rows": "Format is Name / Title / Company / Mail, all\nfoo / bar / baz\n",
		"labels in the first column": "Name\tA B\tC D\n",
		"rows in groups":             "Name\tEmail\tCompany\nAmy Cole\ta@b.example\tX\n\nManaged customers\n\n",
		"cards that do not end":      "BEGIN:VCARD\nN:a;b\n",
	} {
		t.Run(name, func(t *testing.T) {
			linear(t, func(n int) func() {
				v := view(textLines(strings.Repeat(lines, n), "1", nil))
				v.number()
				return func() {
					read := make([]bool, len(v))
					for i := range read {
						read[i] = true
					}
					c := &collector{v: v, read: read, used: make([]bool, len(v))}
					c.cards()
					c.tables()
				}
			}, 500, 100*time.Millisecond)
		})
	}
}
