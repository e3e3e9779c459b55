package intake

import (
	"strings"
	"testing"
)

func TestCards(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, card, want string }{
		{"version 3 with groups, units, a picture and a profile", `BEGIN:VCARD
VERSION:3.0
N:van Dyk;Lerato;;Dr.;PhD
FN:Dr. Lerato van Dyk PhD
ORG:Karoo Solar\, Ltd;Sales;South
TITLE:Managed customer care
item1.EMAIL;type=INTERNET;type=HOME:lerato@home.test
item2.EMAIL;type=INTERNET;type=WORK:lerato@karoo.example
URL:https://www.linkedin.com/in/lerato
item3.URL;type=pref:https://karoo.example
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQ
 AAAQABAAD/2wBDAAgGBgcGBQ
CATEGORIES:Africa,Qualified lead
END:VCARD`, "Lerato | van Dyk | lerato@karoo.example | https://karoo.example | Karoo Solar, Ltd | Q"},
		{"version 2.1, quoted-printable and base64", "BEGIN:VCARD\nVERSION:2.1\nN;LANGUAGE=de;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg\nORG;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Caf=C3=A9 M=C3=BCller, Inh. J=\n. M=C3=BCller;K=C3=BCche\nEMAIL;PREF;INTERNET:j.mueller@cafe.example\nURL;WORK:cafe.example\nPHOTO;JPEG;ENCODING=BASE64:\n /9j/4AAQSkZJRgABAQEAYABgAAD\n AAQSkZJ\n\nNOTE;ENCODING=QUOTED-PRINTABLE:trifft uns=0D=0Amanaged customer\nEND:VCARD",
			"Jörg | Müller | j.mueller@cafe.example | cafe.example | Café Müller, Inh. J. Müller | M"},
		{"version 4, one name only", "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ayu Lestari\r\nEMAIL;PREF=1:ayu@batik.example\r\nEMAIL:other@batik.example\r\nORG:\"Batik; Nusa\"\r\nEND:VCARD\r\n",
			"Ayu | Lestari | ayu@batik.example |  | \"Batik | "},
		{"a company's card", "BEGIN:VCARD\nVERSION:3.0\nFN:Basalt Ltd\nORG:Basalt Ltd;\nX-ABShowAs:COMPANY\nEMAIL:info@basalt.example\nURL:basalt.example\nEND:VCARD",
			" |  | info@basalt.example | basalt.example | Basalt Ltd | "},
		{"the sender's own card is none", "BEGIN:VCARD\nVERSION:3.0\nN:Quill;Pat\nEMAIL:pat.quill@home.test\nORG:Quill Partners\nEND:VCARD", ""},
		{"a colleague's card is none", "BEGIN:VCARD\nVERSION:3.0\nN:Ink;Ros\nEMAIL:ros@quillpartners.example\nORG:Quill Partners\nEND:VCARD", ""},
		{"two cards, the first without an end", "BEGIN:VCARD\nVERSION:3.0\nN:Cole;Amy\nEMAIL:amy@basalt.example\nORG:Basalt\nBEGIN:VCARD\nVERSION:3.0\nN:Hale;Ben\nEMAIL:ben@orchid.example\nORG:Orchid\nEND:VCARD",
			"Amy | Cole | amy@basalt.example |  | Basalt | \nBen | Hale | ben@orchid.example |  | Orchid | "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sameLines(t, briefs(mailWith("Please register the attached contact.\n\nPat", "", enclosure{"contact.vcf", "text/vcard", c.card})), c.want)
			pasted := strings.ReplaceAll(c.card, "\r", "")
			if !strings.Contains(c.name, "none") && !strings.Contains(c.card, "ISO-8859-1") {
				sameLines(t, briefs(mailWith("Please register:\n\n"+pasted+"\n\nThanks\nPat", "")), c.want)
			}
		})
	}
}
