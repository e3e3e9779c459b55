package intake

import (
	"net/url"
	"strings"
)

// unwrapLink returns the address that a mail filter had replaced by one of its
// own; any other address comes back as it is. Nothing is fetched: the target is
// in the address.
func unwrapLink(s string) string {
	for range 3 { // filters stand one behind the other
		t := unwrapOnce(s)
		if t == "" || t == s {
			return s
		}
		s = t
	}
	return s
}

func unwrapOnce(s string) string {
	low := strings.ToLower(s)
	host := before(before(strings.TrimPrefix(strings.TrimPrefix(low, "https://"), "http://"), "/"), "?")
	var names []string
	switch {
	case strings.HasSuffix(host, ".safelinks.protection.outlook.com"):
		names = []string{"url"}
	case host == "urldefense.com" || host == "urldefense.us" || host == "urldefense.proofpoint.com":
		if i := strings.Index(s, "/v3/__"); i >= 0 {
			t, _, _ := strings.Cut(s[i+len("/v3/__"):], "__;")
			return strings.TrimSuffix(t, "__")
		}
		if u, err := url.Parse(s); err == nil {
			// v2 writes "-" for "%" and "_" for "/"; v1 does not.
			t := u.Query().Get("u")
			if strings.Contains(low, "/v2/") {
				t = strings.NewReplacer("-", "%", "_", "/").Replace(t)
			}
			if t, err = url.QueryUnescape(t); err == nil {
				return t
			}
		}
		return ""
	case (host == "www.google.com" || host == "google.com") && strings.Contains(low, "/url?"):
		names = []string{"q", "url"}
	case host == "linkprotect.cudasvc.com":
		names = []string{"a"}
	case strings.HasSuffix(host, ".mimecastprotect.com"), host == "l.facebook.com", host == "lnkd.in", strings.HasSuffix(host, ".sophos.com"), strings.HasSuffix(host, "trendmicro.com"):
		names = []string{"u", "url", "d"}
	default:
		return s
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	for _, n := range names {
		if t := u.Query().Get(n); t != "" {
			return t
		}
	}
	return ""
}

// sharedFile is the host at which an address leads to a shared file, which may be
// a list: it is never fetched. "" for any other address.
func sharedFile(s string) string {
	host := strings.ToLower(normURL(s))
	path := ""
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host, path = host[:i], host[i:]
	}
	if len(path) < 2 {
		return "" // the provider's own site
	}
	for _, d := range []string{
		"docs.google.com", "drive.google.com", "sheets.google.com", "forms.gle", "dropbox.com", "db.tt", "onedrive.live.com", "1drv.ms", "sharepoint.com", "box.com", "wetransfer.com", "we.tl",
		"airtable.com", "notion.so", "notion.site", "icloud.com", "smartsheet.com", "mega.nz", "sheet.zoho.com", "workdrive.zoho.com", "coda.io", "quip.com", "docsend.com", "pcloud.com", "sync.com", "filesender.org", "swisstransfer.com",
	} {
		if host == d || strings.HasSuffix(host, "."+d) {
			return host
		}
	}
	if strings.Contains(path, "/spreadsheets/") {
		return host
	}
	return ""
}

// isDocument says whether an address leads to a shared file, a picture, a call or
// a calendar: never an organisation's website.
func isDocument(s string) bool {
	host := strings.ToLower(normURL(s))
	path := ""
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host, path = host[:i], host[i:]
	}
	for _, d := range []string{
		"docs.google.com", "drive.google.com", "sheets.google.com", "forms.gle", "dropbox.com", "onedrive.live.com", "1drv.ms", "sharepoint.com", "box.com", "wetransfer.com", "we.tl",
		"airtable.com", "notion.so", "zoom.us", "meet.google.com", "teams.microsoft.com", "teams.live.com", "calendly.com", "icloud.com", "smartsheet.com", "trello.com",
		"asana.com", "monday.com", "miro.com", "mega.nz", "cal.com", "goo.gl", "bit.ly", "youtube.com", "youtu.be", "wa.me", "t.me", "aka.ms", "whatsapp.com",
	} {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	for _, end := range []string{".gif", ".png", ".jpg", ".jpeg"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return strings.HasPrefix(host, "docs.") || strings.HasPrefix(host, "drive.") || strings.Contains(path, "/unsubscribe") || strings.Contains(path, "/spreadsheets/")
}
