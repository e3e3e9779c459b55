package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"leadmail/rules"
)

// Validate judges a configuration that was built in Go and brings addresses and
// domains into their normal form. Load judges by the same code, and knows the lines.
func (c *Config) Validate() error {
	r := &read{Config: *c, lines: map[string]int{}, bad: map[string]bool{}}
	if mistakes := r.validate(); len(mistakes) > 0 {
		return join(mistakes)
	}
	*c = r.Config
	return nil
}

// judge collects the mistakes of one configuration. A key whose value could not
// even be read has been reported and is not judged again.
type judge struct {
	*read
	mistakes []*Mistake
}

func (r *read) validate() []*Mistake {
	if r.bad[""] {
		return nil
	}
	j := &judge{read: r}
	oneOf(j, "mode", r.Mode, nil, rules.ModeShadow, rules.ModeApprove, rules.ModeAuto)
	j.program()
	j.imap()
	j.smtp()
	j.database()
	j.authentication()
	if len(r.Staff.Addresses) == 0 {
		j.missing("staff.addresses", "write at least one address: somebody must be told what waits for a person")
	}
	for i, a := range r.Staff.Addresses {
		j.address(fmt.Sprintf("staff.addresses[%d]", i+1), &r.Staff.Addresses[i])
		if a != "" && r.Staff.Addresses[i] == r.Program.Address {
			j.say(fmt.Sprintf("staff.addresses[%d]", i+1), quote(a)+" is the partners mailbox itself", "write an address that people read: an alert about the mailbox must not go into it")
		}
	}
	oneOf(j, "staff.confirmations", r.Staff.Confirmations, nil, ConfirmEach, ConfirmDaily)
	j.schedule("staff.digest", r.Staff.Digest, "30 7 * * 1-5")
	if r.Staff.Digest == off && r.Staff.Confirmations == ConfirmDaily {
		j.say("staff.digest", "is off while confirmations are daily, so that nobody would be told anything", "write when the digest comes, or confirmations: each")
	}
	j.schedule("reminders.cron", r.Reminders.Cron, "0 8 * * *")
	j.stages("reminders.stages", r.Reminders.Stages)
	j.stages("reminders.membership_stages", r.Reminders.MembershipStages)
	j.stages("reminders.paperwork_stages", r.Reminders.PaperworkStages)
	j.between("limits.replies_per_day", r.Limits.RepliesPerDay, 1, 10000)
	j.between("limits.replies_per_domain", r.Limits.RepliesPerDomain, 1, 100000)
	j.between("limits.replies_per_thread", r.Limits.RepliesPerThread, 1, 10000)
	j.between("limits.replies_in_all", r.Limits.RepliesInAll, 1, 1000000)
	j.between("limits.checks_per_day", r.Limits.ChecksPerDay, 1, 10000)
	j.between("limits.idle_replies", r.Limits.IdleReplies, 1, 100)
	j.between("limits.burst_prospects", r.Limits.BurstProspects, 0, 100000)
	if b := r.Limits.MessageBytes; b < 64<<10 || b > 100<<20 {
		j.say("limits.message_bytes", b.String()+" is out of bounds", "write between 64 KiB and 100 MiB")
	}
	if t := r.Templates; t != "" && strings.TrimSpace(string(t)) == "" {
		j.say("templates", "names no folder", "write the folder's name or take the line out")
	}
	return j.mistakes
}

func (j *judge) stages(key string, stages []int) {
	for _, s := range stages {
		if s < -1 || s > 366 {
			j.say(key, fmt.Sprintf("%d is out of bounds", s), "write days before the last day, up to 366; -1 is the day after")
		}
	}
}

func (j *judge) authentication() {
	a := &j.Authentication
	oneOf(j, "authentication.mode", a.Mode, nil, rules.AuthResults, rules.AuthDKIM, rules.AuthTrustFrom)
	a.AuthservID = strings.TrimSpace(a.AuthservID)
	switch {
	case a.Mode == rules.AuthResults && a.Microsoft365 && a.AuthservID != "":
		j.say("authentication.microsoft365", "stands beside authserv_id", "keep microsoft365 where the mailbox is Microsoft's, else authserv_id")
	case a.Mode == rules.AuthResults && a.AuthservID == "" && !a.Microsoft365:
		j.missing("authentication.authserv_id", "write the name that your server puts first into its own Authentication-Results, such as mx.vendor.example; look into the source of a mail that came from outside")
	case a.Mode != rules.AuthResults && (a.AuthservID != "" || a.Microsoft365) && a.Mode != "":
		key := "authentication.authserv_id"
		if a.AuthservID == "" {
			key = "authentication.microsoft365"
		}
		j.say(key, "is read in mode results only, and mode is "+string(a.Mode), "write mode: results, or take the line out")
	case strings.ContainsAny(a.AuthservID, " \t;()\"="):
		j.say("authentication.authserv_id", quote(a.AuthservID)+" is no name of a server", "write the name alone, as it stands before the first semicolon")
	}
	if a.Mode == rules.AuthResults && len(a.Accept) == 0 {
		j.say("authentication.accept", "names nothing", "write dmarc at least, or nobody could be verified")
	}
	for i, m := range a.Accept {
		oneOf(j, fmt.Sprintf("authentication.accept[%d]", i+1), m, nil, rules.AcceptDMARC, rules.AcceptDKIM, rules.AcceptSPF)
	}
	for i := range a.Lists {
		a.Lists[i] = strings.ToLower(strings.Trim(a.Lists[i], "<> "))
	}
	switch {
	case a.SecretFile != "" && a.SecretEnv != "":
		j.say("authentication.secret_env", "stands beside secret_file", "keep one of the two")
	case strings.ContainsAny(a.SecretEnv, "= \t"):
		j.say("authentication.secret_env", "is no name of an environment variable", "write only the variable's name, such as LEADMAIL_SECRET")
	}
}

func (j *judge) program() {
	p := &j.Program
	if strings.TrimSpace(p.Name) == "" {
		j.missing("program.name", "write the program's name, as partners should read it")
	} else if len(p.Name) > 100 || strings.ContainsAny(p.Name, "\r\n") {
		j.say("program.name", "is too long for the first line of a mail", "write one line of at most 100 letters")
	}
	if p.Address == "" {
		j.missing("program.address", "write the address that partners write to")
	} else {
		j.address("program.address", &p.Address)
	}
	if _, err := rules.DefaultPolicy().In(p.TimeZone); err != nil {
		j.say("program.time_zone", quote(p.TimeZone)+" is no time zone", "write an IANA name such as Europe/Berlin, America/New_York or UTC")
	}
	j.between("program.expiry_months", p.ExpiryMonths, 1, 120)
	j.between("program.max_outstanding", p.MaxOutstanding, 1, 100000)
	j.between("program.completion_days", p.CompletionDays, 1, 3650)
	j.between("program.max_asks", p.MaxAsks, 1, 10)
	j.between("program.renewal_days", p.RenewalDays, 1, 3650)
	j.between("program.renewal_window", p.RenewalWindow, 0, 3650)
	j.between("program.max_renewals", p.MaxRenewals, 0, 1000)
	j.between("program.fresh_after_days", p.FreshAfterDays, 0, 3650)
	j.between("program.review_hours", p.ReviewHours, 1, 10000)
	j.between("program.release_after_days", p.ReleaseAfterDays, 0, 3650)
	j.agreement(&p.Agreement)
	if len(p.EntryPlans) == 0 {
		j.say("program.entry_plans", "names no plan", "write at least one, or nobody could be a partner")
	}
	for i := range p.EntryPlans {
		if p.EntryPlans[i] = strings.ToLower(strings.TrimSpace(p.EntryPlans[i])); p.EntryPlans[i] == "" {
			j.say(fmt.Sprintf("program.entry_plans[%d]", i+1), "is empty", "write a plan such as mentor")
		}
	}
	j.leadTypes("program.register_customers", p.RegisterCustomers)
	j.leadTypes("program.revenue_share.lead_types", p.RevenueShare.LeadTypes)
	j.domains("program.vendor_domains", p.VendorDomains)
	j.domains("program.mail_domains", p.MailDomains)
	for i := range p.SharedHosts {
		h, key := &p.SharedHosts[i], fmt.Sprintf("program.shared_hosts[%d]", i+1)
		j.domain(key+".host", &h.Host)
		h.Prefix = strings.Trim(h.Prefix, "/")
		if h.Segments < 0 || h.Segments > 5 {
			j.say(key+".segments", strconv.Itoa(h.Segments)+" is out of bounds", "write how many path segments name an organisation, 0 to 5")
		}
	}
}

func (j *judge) agreement(a *Agreement) {
	a.Version, a.URL = strings.TrimSpace(a.Version), strings.TrimSpace(a.URL)
	switch {
	case a.Version == "" && (a.File != "" || a.URL != ""):
		j.missing("program.agreement.version", "write how you call this version, such as 2026-01: it is recorded with each I AGREE")
	case a.Version != "" && a.File == "" && a.URL == "":
		j.say("program.agreement.version", quote(a.Version)+" can be read nowhere", "name its file or its url beside it: partners must be able to read what they agree to")
	case len(a.Version) > 60 || strings.ContainsAny(a.Version, "\r\n"):
		j.say("program.agreement.version", "is too long for the line of a mail", "write at most 60 letters, such as 2026-01")
	}
	if u, err := url.Parse(a.URL); a.URL != "" && (err != nil || u.Scheme != "https" || u.Host == "" || len(a.URL) > 200) {
		j.say("program.agreement.url", quote(a.URL)+" is no page", "write its address, such as https://vendor.example/agreement")
	}
}

// mostAgreement is the largest file that goes with a welcome mail.
const mostAgreement = 5 << 20

// Document reads the agreement's file; nil where none is named.
func (a Agreement) Document() ([]byte, error) {
	if a.File == "" {
		return nil, nil
	}
	b, err := os.ReadFile(string(a.File))
	switch {
	case err != nil:
		return nil, fmt.Errorf("program.agreement.file: %w", err)
	case len(b) == 0 || len(b) > mostAgreement:
		return nil, fmt.Errorf("program.agreement.file: %s has %d bytes; want a file of at most %s", a.File, len(b), Bytes(mostAgreement))
	}
	return b, nil
}

func (j *judge) imap() {
	c := &j.IMAP
	j.server("imap", c.Address, c.TLS, "993")
	oneOf(j, "imap.tls", c.TLS, nil, TLSOn, TLSStart, TLSNone)
	oneOf(j, "imap.auth", c.Auth, oauth2, AuthPassword)
	if c.Username == "" {
		j.missing("imap.username", "write the name to log in with, often the address of the mailbox")
	}
	j.password("imap", c.PasswordFile, c.PasswordEnv, true)
	if c.Mailbox == "" {
		j.say("imap.mailbox", "names no folder", "write INBOX, or take the line out")
	}
	first := map[string]string{strings.ToLower(c.Mailbox): "imap.mailbox"}
	for i, key := range folderKeys {
		name := c.Folders.All()[i]
		full := "imap.folders." + key
		switch other := first[strings.ToLower(name)]; {
		case strings.Trim(name, "/ ") == "" || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/"):
			j.say(full, quote(name)+" is no folder", "write a name such as Leadmail/Review")
		case other != "":
			j.say(full, quote(name)+" is "+other+" already", "give each its own folder: where a mail lies says what became of it")
		default:
			first[strings.ToLower(name)] = full
		}
	}
	oneOf(j, "imap.start", c.Start, nil, StartNow, StartAll)
	j.lasting("imap.poll", c.Poll, 5*time.Second, time.Hour)
	// RFC 2177 lets a server hang up after 30 minutes; some do after 10.
	j.lasting("imap.idle", c.Idle, 5*time.Second, 9*time.Minute)
	j.lasting("imap.timeout", c.Timeout, time.Second, 10*time.Minute)
}

var folderKeys = []string{"processed", "review", "automatic", "bounces", "paperwork", "quarantine", "sent", "reprocess"}

func (j *judge) smtp() {
	c := &j.SMTP
	j.server("smtp", c.Address, c.TLS, "587")
	oneOf(j, "smtp.tls", c.TLS, nil, TLSStart, TLSOn, TLSNone)
	oneOf(j, "smtp.auth", c.Auth, oauth2, AuthPassword)
	j.password("smtp", c.PasswordFile, c.PasswordEnv, c.Username != "")
	if c.Hello != "" {
		j.domain("smtp.hello", &c.Hello)
	}
	j.lasting("smtp.timeout", c.Timeout, time.Second, 10*time.Minute)
}

var oauth2 = map[Auth]string{"oauth2": "it comes later; until then write password, with an app password where the provider offers one"}

func (j *judge) database() {
	d := j.Database
	switch {
	case d == "":
		j.say("database", "names none", "write a file such as leadmail.db, or postgres://user@host/name")
	case d.Postgres():
		if u, err := url.Parse(d.URL()); err != nil || u.Host == "" && u.Query().Get("host") == "" {
			j.say("database", quote(d)+" is no address of a PostgreSQL database", "write postgres://user@host:5432/name")
		}
	case strings.Contains(string(d), "://"):
		scheme, _, _ := strings.Cut(string(d), "://")
		j.say("database", quote(scheme+"://…")+" is no database that is known here", "write a file such as leadmail.db, or postgres://user@host/name")
	}
}

func (j *judge) leadTypes(key string, types []rules.LeadType) {
	for i, t := range types {
		oneOf(j, fmt.Sprintf("%s[%d]", key, i+1), t, nil, rules.QualifiedLead, rules.ManagedCustomer)
	}
}

// server judges the address of a mail server.
func (j *judge) server(section, address string, tls TLS, port string) {
	key := section + ".address"
	if address == "" {
		j.missing(key, "write host and port of the server, such as mail.vendor.example:"+port)
		return
	}
	host, p, err := net.SplitHostPort(address)
	if n, bad := strconv.Atoi(p); err != nil || host == "" || bad != nil || n < 1 || n > 65535 {
		hint := "write host and port, such as mail.vendor.example:" + port
		if err != nil && !strings.Contains(address, ":") && host == "" {
			hint = "add the port: " + address + ":" + port
		}
		j.say(key, quote(address)+" is no host and port", hint)
		return
	}
	if tls == TLSNone && !loopback(host) {
		j.say(section+".tls", "none would send the password readable over the network to "+host, "write tls or starttls; none is for a server on this machine")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (j *judge) password(section string, file Path, env string, needed bool) {
	switch {
	case file != "" && env != "":
		j.say(section+".password_env", "stands beside password_file", "keep one of the two")
	case file == "" && env == "" && needed:
		j.missing(section+".password_file", "name a file that contains the password, or an environment variable with password_env")
	case strings.ContainsAny(env, "= \t"):
		// Whoever wrote this may have written the password itself: it is not shown.
		j.say(section+".password_env", "is no name of an environment variable", "write only the variable's name, such as LEADMAIL_"+strings.ToUpper(section)+"_PASSWORD")
	}
}

func (j *judge) address(key string, a *rules.Address) {
	parsed, err := rules.ParseAddress(string(*a))
	if err != nil {
		j.say(key, quote(*a)+" is no mail address", "write one bare address such as partners@vendor.example")
		return
	}
	*a = parsed
}

func (j *judge) domains(key string, list []string) {
	for i := range list {
		j.domain(fmt.Sprintf("%s[%d]", key, i+1), &list[i])
	}
}

// domain judges one domain and keeps it as A-labels, as rules compares them.
func (j *judge) domain(key string, d *string) {
	ascii, err := idna.Lookup.ToASCII(strings.ToLower(strings.TrimSpace(*d)))
	if err != nil || !strings.Contains(ascii, ".") || strings.ContainsAny(ascii, "/:@ ") {
		j.say(key, quote(*d)+" is no domain", "write the name alone, such as vendor.example, without https:// and path")
		return
	}
	*d = ascii
}

func (j *judge) schedule(key, cron, such string) {
	if _, err := schedule(cron); err != nil {
		j.say(key, err.Error(), "write minute, hour, day of the month, month and day of the week, such as "+such+", or off")
	}
}

func (j *judge) between(key string, n, low, high int) {
	if n < low || n > high {
		j.say(key, strconv.Itoa(n)+" is out of bounds", fmt.Sprintf("write a number from %d to %d", low, high))
	}
}

func (j *judge) lasting(key string, d, low, high time.Duration) {
	if d < low || d > high {
		j.say(key, short(d)+" is out of bounds", fmt.Sprintf("write a duration from %s to %s", short(low), short(high)))
	}
}

// short writes 2m instead of 2m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// oneOf judges a word; later says of words that will be known what to do until then.
func oneOf[W ~string](j *judge, key string, got W, later map[W]string, known ...W) {
	if slices.Contains(known, got) {
		return
	}
	words := make([]string, len(known))
	for i, k := range known {
		words[i] = string(k)
	}
	choice := "write " + words[0]
	if n := len(words); n > 1 {
		choice = "write " + strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	switch hint := later[got]; {
	case hint != "":
		j.say(key, quote(got)+" is not part of this version", hint)
	case got == "":
		j.missing(key, choice)
	default:
		if near := nearest(string(got), words); near != "" {
			choice = "did you mean " + near + "? (" + choice + ")"
		}
		j.say(key, quote(got)+" is not known", choice)
	}
}

// quote shows a value as it was found; a Database shows itself masked.
func quote(s any) string { return strconv.Quote(fmt.Sprint(s)) }

func (j *judge) missing(key, hint string) { j.say(key, "is not written", hint) }

// say reports a mistake at the key's line or, where the key is not in the file,
// at the line of the nearest section that is.
func (j *judge) say(key, what, hint string) {
	line := 0
	for k := key; k != ""; k = parent(k) {
		if j.bad[k] {
			return
		}
		line = cmp.Or(line, j.lines[k])
	}
	j.mistakes = append(j.mistakes, &Mistake{File: j.File, Line: line, Key: key, What: what, Hint: hint})
}

func parent(key string) string { return key[:max(0, strings.LastIndexAny(key, ".["))] }

// Policy is the program's rules as rules.Decide takes them.
func (c *Config) Policy() (rules.Policy, error) {
	q := c.Program
	p := rules.DefaultPolicy()
	p.ExpiryMonths = q.ExpiryMonths
	p.MaxOutstanding = q.MaxOutstanding
	p.CompletionDays = q.CompletionDays
	p.MaxAsks = q.MaxAsks
	p.RenewalDays = q.RenewalDays
	p.RenewalWindow = q.RenewalWindow
	p.RenewalEarly = q.RenewalEarly
	p.MaxRenewals = q.MaxRenewals
	p.FreshAfterDays = q.FreshAfterDays
	p.ReviewHours = q.ReviewHours
	p.ReleaseAfterDays = q.ReleaseAfterDays
	p.Agreement.Version = q.Agreement.Version
	if document, err := q.Agreement.Document(); err != nil {
		return p, err
	} else if document != nil {
		sum := sha256.Sum256(document)
		p.Agreement.Hash = hex.EncodeToString(sum[:])
	}
	// Copies, and never nil: the policy's hash is taken over its JSON.
	p.EntryPlans = append([]string{}, q.EntryPlans...)
	p.RegisterCustomers = append([]rules.LeadType{}, q.RegisterCustomers...)
	p.EarningTypes = append([]rules.LeadType{}, q.RevenueShare.LeadTypes...)
	p.VendorDomains = append([]string{}, q.VendorDomains...)
	if own := q.Address.Domain(); own != "" && !slices.Contains(p.VendorDomains, own) {
		p.VendorDomains = append(p.VendorDomains, own)
	}
	p.MailDomains = append([]string{}, q.MailDomains...)
	p.SharedHosts = []rules.SharedHost{}
	for _, h := range q.SharedHosts {
		p.SharedHosts = append(p.SharedHosts, rules.SharedHost{Host: h.Host, Prefix: h.Prefix, Segments: h.Segments})
	}
	p.ReminderStages, p.PaperworkStages = c.Reminders.Stages, c.Reminders.PaperworkStages
	p.MembershipStages = c.Reminders.MembershipStages
	p.RepliesPerDay = c.Limits.RepliesPerDay
	p.RepliesPerDomain = c.Limits.RepliesPerDomain
	p.RepliesPerThread = c.Limits.RepliesPerThread
	p.RepliesInAll = c.Limits.RepliesInAll
	p.ChecksPerDay = c.Limits.ChecksPerDay
	p.IdleReplies = c.Limits.IdleReplies
	p.BurstProspects = c.Limits.BurstProspects
	return p.In(q.TimeZone)
}

// IMAPPassword reads the mailbox's password, anew at each call: a changed one
// is used without a restart.
func (c *Config) IMAPPassword() (string, error) {
	return c.secret("imap", c.IMAP.PasswordFile, c.IMAP.PasswordEnv)
}

// SMTPPassword reads the sending server's password; "" where there is no login.
func (c *Config) SMTPPassword() (string, error) {
	if c.SMTP.Username == "" {
		return "", nil
	}
	return c.secret("smtp", c.SMTP.PasswordFile, c.SMTP.PasswordEnv)
}

// TokenSecret reads the key of the tokens; "" where the database keeps one.
func (c *Config) TokenSecret() (string, error) {
	a := c.Authentication
	if a.SecretFile == "" && a.SecretEnv == "" {
		return "", nil
	}
	s, err := c.read("authentication.secret", a.SecretFile, a.SecretEnv)
	if err == nil && len(s) < 16 {
		err = errors.New("authentication.secret_file: the key has fewer than 16 letters; write 32 random ones")
	}
	return s, err
}

func (c *Config) secret(section string, file Path, env string) (string, error) {
	return c.read(section+".password", file, env)
}

// read reads a secret: the keys are called what_file and what_env.
func (c *Config) read(what string, file Path, env string) (string, error) {
	noun := "password"
	if strings.HasSuffix(what, "secret") {
		noun = "secret"
	}
	if env != "" {
		look := c.env
		if look == nil {
			look = os.LookupEnv
		}
		v, ok := look(env)
		if !ok || v == "" {
			return "", fmt.Errorf("%s_env: the environment has no %s; set it where leadmail is started, or use %s_file", what, env, noun)
		}
		return v, nil
	}
	b, err := os.ReadFile(string(file))
	if err != nil {
		return "", fmt.Errorf("%s_file: %w; write the %s into it, readable by leadmail alone", what, err, noun)
	}
	// An editor's line end is no part of a password; spaces may be.
	p := strings.TrimRight(string(b), "\r\n")
	if p == "" {
		return "", fmt.Errorf("%s_file: %s is empty; write the %s into it", what, file, noun)
	}
	return p, nil
}
