package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"

	"leadmail/cmd/internal/config"
	"leadmail/cmd/internal/desk"
	"leadmail/cmd/internal/mailhost"
	"leadmail/intake"
	"leadmail/notify"
	"leadmail/rules"
	"leadmail/store"
	"leadmail/templates"
)

// The scenarios under testdata/scenario are conversations: mails go in over IMAP,
// answers come out over SMTP, and the script moves the clock. Each is run as it is
// written, and once more with the desk restarted before every step, on SQLite
// always and on PostgreSQL where LEADMAIL_TEST_POSTGRES names a server.
//
// Commands beyond those of testscript:
//
//	at INSTANT              set the clock (2026-01-05T09:00Z)
//	later N UNIT            move it: minutes, hours, days, months
//	pass INSTANT [UNIT]     let time pass until an instant, settling every day, or every UNIT
//	zone NAME, cap N        the program's zone, its max_outstanding (before the first mail)
//	schedule CRON           when reminders are made (0 8 * * *)
//	partner ID ADDRESS [KEY=VALUE...]  put a partner on the roster
//	agreement VERSION URL FILE  the agreement that partners accept by I AGREE
//	person ADDRESS          somebody else who can get mail
//	customer KEY NAME       an existing customer of the vendor
//	registered REF PARTNER KEY COMPANY FROM UNTIL  a registration imported with its dates
//	digest CRON             when staff get the digest (never, unless this is said)
//	confirmations WHEN      each (the default) or daily
//	mode MODE               shadow, approve or auto (the default here)
//	mail [-WAY] FILE...     deliver mails at this instant, in this order, and let the desk settle.
//	                        The receiving server dates them and states that DMARC passed; with
//	                        -forged that it failed, with -unauthenticated that nothing proves the
//	                        sender, with -temporary that it could not find out, with -bare nothing;
//	                        -bare leaves the Date as it stands in the file, too. {{token CASE}} in
//	                        a file is the token that staff have got for that case
//	down, up                stop the desk; start it and let it settle
//	restart                 the same database, a new desk; then settle
//	renumber                the INBOX gets a new UIDVALIDITY and keeps its mails
//	replies [ADDRESS]       print the answers that arrived since the last time
//	dated ADDRESS           print the date and the subject of each answer that arrived since the last time
//	lists ADDRESS           print the files that came with the last answer to an address
//	ledger                  print every mail: id, state, folder, decisions
//	registrations           print every registration: reference, partner, state, organisation, terms
//	folders                 print what lies in which folder
//	leadmail ARGS...        the command line
func TestScenarios(t *testing.T) {
	t.Parallel()
	urls := map[string]func(testing.TB, string) string{"sqlite": func(_ testing.TB, dir string) string { return filepath.Join(dir, "leadmail.db") }}
	if os.Getenv("LEADMAIL_TEST_POSTGRES") != "" {
		urls["postgres"] = func(t testing.TB, _ string) string { return freshPostgres(t) }
	} else {
		t.Log("PostgreSQL is not exercised: LEADMAIL_TEST_POSTGRES names no server (make test brings one)")
	}
	for name, url := range urls {
		for _, restarting := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/restarting=%v", name, restarting), func(t *testing.T) {
				t.Parallel()
				testscript.Run(t, testscript.Params{
					Dir:           "testdata/scenario",
					UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "" && name == "sqlite" && !restarting,
					Setup: func(env *testscript.Env) error {
						s, err := newStage(env.T().(testing.TB), url(env.T().(testing.TB), env.WorkDir), restarting)
						if err != nil {
							return err
						}
						env.Values[stageKey{}] = s
						env.Defer(func() { s.strike(env.T().(testing.TB)) })
						return s.configure(env)
					},
					Cmds: stageCommands(),
				})
			})
		}
	}
}

const (
	stageMailbox  = "partners@leanstack.example"
	stageStaff    = "desk@leanstack.example"
	stagePassword = "secret"
	// stageServer is the name by which the receiving server states its results.
	stageServer = "mx.leanstack.example"
)

type stageKey struct{}

// stageWords are loaded once: a desk is opened before every step.
var stageWords = sync.OnceValues(func() (*templates.Set, error) { return templates.Load("") })

// stage is one scenario's world.
type stage struct {
	mu         sync.Mutex
	now        time.Time
	host       *mailhost.Host
	db         *store.DB
	url        string
	options    desk.Options
	desk       *desk.Desk
	restarting bool
	references uint32
	ids        int
	people     []string
	dated      map[string]string // the Date field by Message-ID
	seen       map[string]int    // how many mails of an address have been printed
}

func newStage(t testing.TB, url string, restarting bool) (*stage, error) {
	s := &stage{now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), url: url, restarting: restarting, seen: map[string]int{}, dated: map[string]string{}}
	var err error
	if s.host, err = mailhost.Start("127.0.0.1:0", "127.0.0.1:0", s.clock); err != nil {
		return nil, err
	}
	for _, a := range []string{stageMailbox, stageStaff} {
		if err := s.person(a); err != nil {
			return nil, err
		}
	}
	if s.db, err = store.Open(t.Context(), url); err != nil {
		return nil, err
	}
	if _, err := s.db.Migrate(t.Context()); err != nil {
		return nil, err
	}
	words, err := stageWords()
	if err != nil {
		return nil, err
	}
	schedule, err := config.ParseSchedule("0 8 * * *")
	if err != nil {
		return nil, err
	}
	policy := rules.DefaultPolicy()
	policy.VendorDomains = []string{"leanstack.example"}
	password := func() (string, error) { return stagePassword, nil }
	s.options = desk.Options{
		Store:   s.db,
		IMAP:    intake.Server{Addr: s.host.IMAPAddr, TLS: "none", Username: stageMailbox, Password: password, Mailbox: "INBOX", Timeout: 20 * time.Second},
		SMTP:    notify.SMTP{Addr: s.host.SMTPAddr, TLS: "none", Username: stageMailbox, Password: password, Hello: "leanstack.example", Timeout: 20 * time.Second},
		Program: notify.Program{Name: "LEANSTACK Partner Program", Address: stageMailbox, Policy: policy},
		Folders: config.Default().IMAP.Folders, Mode: rules.ModeAuto, Staff: []rules.Address{stageStaff}, SentCopy: true, StartAll: true, Schedule: schedule,
		Now: s.clock, Words: words,
		Trust:  rules.Trust{Mode: rules.AuthResults, AuthservID: stageServer, Accept: []rules.AuthMethod{rules.AcceptDMARC}},
		Secret: func() (string, error) { return "the key of the scenarios", nil },
		NewReference: func() rules.Reference {
			s.references++
			return rules.NewReference(s.references)
		},
		NewID: func() string {
			s.ids++
			return "m" + strconv.Itoa(s.ids)
		},
	}
	return s, nil
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stage) move(now time.Time) {
	s.mu.Lock()
	s.now = now
	s.mu.Unlock()
}

func (s *stage) person(address string) error {
	if slices.Contains(s.people, address) {
		return nil
	}
	s.people = append(s.people, address)
	return s.host.AddUser(address, stagePassword)
}

// configure writes the configuration for the command line.
func (s *stage) configure(env *testscript.Env) error {
	if err := os.WriteFile(filepath.Join(env.WorkDir, "password"), []byte(stagePassword), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(env.WorkDir, "secret"), []byte("the key of the scenarios"), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(env.WorkDir, "leadmail.yaml"), []byte(fmt.Sprintf(`mode: auto
program: {name: LEANSTACK Partner Program, address: %s}
imap: {address: "%s", tls: none, username: %s, password_file: password, start: all}
smtp: {address: "%s", tls: none, username: %s, password_file: password}
database: %q
authentication: {mode: results, authserv_id: %s, accept: [dmarc], secret_file: secret}
staff: {addresses: [%s]}
`, stageMailbox, s.host.IMAPAddr, stageMailbox, s.host.SMTPAddr, stageMailbox, s.url, stageServer, stageStaff)), 0o600)
}

func (s *stage) strike(t testing.TB) {
	if err := errors.Join(s.stop(), s.db.Close(), s.host.Close()); err != nil {
		t.Error(err)
	}
}

func (s *stage) stop() error {
	if s.desk == nil {
		return nil
	}
	d := s.desk
	s.desk = nil
	return d.Close()
}

// settle lets the desk do all that is due, starting it where it is not running.
func (s *stage) settle(ctx context.Context) error {
	if s.desk == nil {
		d, err := desk.New(s.options)
		if err != nil {
			return err
		}
		s.desk = d
	}
	return s.desk.Settle(ctx)
}

// mails are those in one of an address's folders, in the order of arrival.
func (s *stage) mails(ctx context.Context, address, folder string) ([]intake.Fetched, error) {
	server := s.options.IMAP
	server.Username, server.Mailbox = address, folder
	session, err := intake.Dial(ctx, server)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	if _, err := session.Select(ctx); errors.Is(err, intake.ErrNoFolder) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	uids, err := session.Search(ctx, 0)
	if err != nil {
		return nil, err
	}
	var mails []intake.Fetched
	err = session.Fetch(ctx, uids, func(f intake.Fetched) error {
		mails = append(mails, f)
		return nil
	})
	slices.SortFunc(mails, func(a, b intake.Fetched) int { return int(a.UID) - int(b.UID) })
	return mails, err
}

type stageCommand func(ctx context.Context, s *stage, ts *testscript.TestScript, args []string) (stdout string, err error)

func stageCommands() map[string]func(*testscript.TestScript, bool, []string) {
	commands := map[string]stageCommand{
		"at": stageAt, "later": stageLater, "pass": stagePass, "zone": stageZone, "cap": stageCap, "agreement": stageAgreement, "schedule": stageSchedule, "dated": stageDated, "partner": stagePartner, "customer": stageCustomer,
		"registered": stageRegistered, "mode": stageMode, "digest": stageDigest, "confirmations": stageConfirmations, "person": stagePerson, "mail": stageMail, "down": stageDown, "up": stageUp, "restart": stageRestart,
		"renumber": stageRenumber, "replies": stageReplies, "lists": stageLists, "ledger": stageLedger, "registrations": stageRegistrations,
		"folders": stageFolders, "leadmail": stageLeadmail,
	}
	wrapped := map[string]func(*testscript.TestScript, bool, []string){}
	for name, command := range commands {
		wrapped[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			s := ts.Value(stageKey{}).(*stage)
			ctx := context.Background()
			if s.restarting {
				ts.Check(s.stop())
			}
			stdout, err := command(ctx, s, ts, args)
			_, werr := ts.Stdout().Write([]byte(stdout))
			ts.Check(werr)
			switch {
			case neg && err == nil:
				ts.Fatalf("%s succeeded, and should not have", name)
			case !neg && err != nil:
				ts.Fatalf("%s: %v", name, err)
			}
		}
	}
	return wrapped
}

func stageAt(_ context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	t, err := stageInstant(args[0])
	if err == nil {
		s.move(t)
	}
	return "", err
}

func stageInstant(text string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04Z07:00", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("no instant: %s", text)
}

func stageLater(ctx context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return "", err
	}
	now, err := stageAdd(s.clock(), n, args[1])
	if err != nil {
		return "", err
	}
	s.move(now)
	return "", s.settle(ctx)
}

// stageAdd moves an instant by some units of time.
func stageAdd(t time.Time, n int, unit string) (time.Time, error) {
	switch strings.TrimSuffix(unit, "s") {
	case "second":
		return t.Add(time.Duration(n) * time.Second), nil
	case "minute":
		return t.Add(time.Duration(n) * time.Minute), nil
	case "hour":
		return t.Add(time.Duration(n) * time.Hour), nil
	case "day":
		return t.AddDate(0, 0, n), nil
	case "month":
		return t.AddDate(0, n, 0), nil
	}
	return t, fmt.Errorf("no unit of time: %s", unit)
}

func stagePass(ctx context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	end, err := stageInstant(args[0])
	if err != nil {
		return "", err
	}
	unit := append(args[1:], "day")[0]
	for now := s.clock(); now.Before(end); {
		if now, err = stageAdd(now, 1, unit); err != nil {
			return "", err
		}
		if now.After(end) {
			now = end
		}
		s.move(now)
		if s.restarting {
			err = s.stop()
		}
		if err = errors.Join(err, s.settle(ctx)); err != nil {
			return "", err
		}
	}
	return "", nil
}

func stageSchedule(_ context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	schedule, err := config.ParseSchedule(args[0])
	s.options.Schedule = schedule
	return "", errors.Join(err, s.stop())
}

func stageZone(_ context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	p, err := s.options.Program.Policy.In(args[0])
	s.options.Program.Policy = p
	return "", errors.Join(err, s.stop())
}

func stageCap(_ context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	n, err := strconv.Atoi(args[0])
	s.options.Program.Policy.MaxOutstanding = n
	return "", errors.Join(err, s.stop())
}

// stageAgreement writes the agreement into the configuration, and takes it from there.
func stageAgreement(_ context.Context, s *stage, ts *testscript.TestScript, args []string) (string, error) {
	file := ts.MkAbs("leadmail.yaml")
	text := strings.Replace(ts.ReadFile(file), "program: {", fmt.Sprintf("program: {agreement: {version: %q, url: %q, file: %q}, ", args[0], args[1], args[2]), 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	c, err := config.Load(file, os.LookupEnv)
	if err != nil {
		return "", err
	}
	o, err := desk.FromConfig(c)
	s.options.Program.Policy.Agreement = o.Program.Policy.Agreement
	s.options.Program.AgreementURL, s.options.Program.AgreementFile = o.Program.AgreementURL, o.Program.AgreementFile
	return "", errors.Join(err, s.stop())
}

func stagePartner(ctx context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	p := rules.Partner{ID: rules.PartnerID(args[0]), Name: strings.ToUpper(args[0][:1]) + args[0][1:] + " Consulting",
		Addresses: []rules.Address{rules.Address(args[1])}, Plan: "mentor", JoinedOn: "2025-01-01", AgreementOn: "2025-01-01"}
	for _, kv := range args[2:] {
		k, v, _ := strings.Cut(kv, "=")
		switch k {
		case "plan":
			p.Plan = v
		case "agreement":
			p.AgreementOn = rules.Date(v)
		case "joined":
			p.JoinedOn = rules.Date(v)
		case "suspended":
			p.SuspendedOn, p.SuspendedReason = rules.Date(v), "a complaint"
		case "lapsed":
			p.LapsedOn = rules.Date(v)
		case "mode":
			p.Mode = rules.Mode(v)
		case "domain":
			p.Domains = append(p.Domains, v)
		default:
			return "", fmt.Errorf("partner: no such key: %s", k)
		}
	}
	if err := s.person(args[1]); err != nil {
		return "", err
	}
	return "", s.db.Update(ctx, s.clock(), func(tx *store.Tx) error {
		return tx.SavePartner(p, "scenario", "", s.options.Program.Policy.OwnOrganisations(p)...)
	})
}

func stageCustomer(ctx context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	return "", s.db.Update(ctx, s.clock(), func(tx *store.Tx) error {
		return tx.SaveCustomer(rules.Customer{Organisation: rules.OrganisationKey(args[0]), Name: args[1]}, "scenario")
	})
}

func stageRegistered(ctx context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	ref, partner, org, company, from, until := args[0], args[1], args[2], args[3], rules.Date(args[4]), rules.Date(args[5])
	p := rules.Prospect{FirstName: "Old", LastName: "Contact", Email: "old@" + org, URL: org, Company: company, LeadType: rules.QualifiedLead}
	return "", s.db.Update(ctx, s.clock(), func(tx *store.Tx) error {
		return tx.ImportRegistration(rules.Registration{Ref: rules.Reference(ref), Partner: rules.PartnerID(partner), Organisation: rules.OrganisationKey(org),
			Prospect: p, Contacts: []rules.Contact{{FirstName: p.FirstName, LastName: p.LastName, Email: p.Email}}, State: rules.StateActive, Received: from.Time(),
			Terms: []rules.Term{{N: 1, From: from, Until: until}}}, s.options.Program.Policy.MaxOutstanding, "scenario")
	})
}

func stageMode(_ context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	m, err := rules.ParseMode(args[0])
	s.options.Mode = m
	return "", errors.Join(err, s.stop())
}

func stageDigest(_ context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	schedule, err := config.ParseSchedule(args[0])
	s.options.Digest = schedule
	return "", errors.Join(err, s.stop())
}

func stageConfirmations(_ context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	s.options.Daily = args[0] == string(config.ConfirmDaily)
	return "", s.stop()
}

func stageMail(ctx context.Context, s *stage, ts *testscript.TestScript, args []string) (string, error) {
	way := "pass"
	if len(args) > 0 && strings.HasPrefix(args[0], "-") {
		way, args = args[0], args[1:]
	}
	for _, file := range args {
		text, err := s.withTokens(ctx, ts.ReadFile(file))
		if err != nil {
			return "", err
		}
		raw := s.receive(text, way)
		if err := s.host.Deliver(stageMailbox, []byte(strings.ReplaceAll(raw, "\n", "\r\n"))); err != nil {
			return "", err
		}
	}
	if ts.Getenv("DOWN") != "" {
		return "", nil
	}
	return "", s.settle(ctx)
}

var stageToken = regexp.MustCompile(`\{\{token ([RMCP]-[0-9A-Z-]+)\}\}`)

// withTokens puts the tokens that staff have got by mail where a file says
// {{token CASE}}.
func (s *stage) withTokens(ctx context.Context, text string) (string, error) {
	if !stageToken.MatchString(text) {
		return text, nil
	}
	mails, err := s.mails(ctx, stageStaff, "INBOX")
	if err != nil {
		return "", err
	}
	known := map[string]string{}
	for _, m := range mails {
		msg := intake.Reader{}.Read(m.Raw)
		for _, t := range rules.Tokens(msg.Subject + "\n" + msg.Text) {
			known[string(t.Case())] = string(t)
		}
	}
	return stageToken.ReplaceAllStringFunc(text, func(m string) string {
		return known[stageToken.FindStringSubmatch(m)[1]]
	}), nil
}

func stagePerson(_ context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	return "", s.person(args[0])
}

var (
	stageDate = regexp.MustCompile(`(?m)^Date: .*$`)
	stageID   = regexp.MustCompile(`(?mi)^Message-ID: .*$`)
)

// receive is what the receiving server does with a mail.
func (s *stage) receive(raw, way string) string {
	header, body, _ := strings.Cut(raw, "\n\n")
	result := map[string]string{"pass": "dmarc=pass", "-forged": "dmarc=fail", "-unauthenticated": "dmarc=none", "-temporary": "dmarc=temperror"}[way]
	if result == "" {
		return raw
	}
	// A mail keeps its date, however often it is delivered.
	id := stageID.FindString(header)
	if s.dated[id] == "" || id == "" {
		s.dated[id] = "Date: " + s.clock().Format(time.RFC1123Z)
	}
	header = stageDate.ReplaceAllString(header, s.dated[id])
	domain := intake.Reader{}.Read([]byte(header + "\n\n")).From.Domain()
	return fmt.Sprintf("Authentication-Results: %s;\n\t%s header.from=%s\n%s\n\n%s", stageServer, result, domain, header, body)
}

func stageDown(_ context.Context, s *stage, ts *testscript.TestScript, _ []string) (string, error) {
	ts.Setenv("DOWN", "yes")
	return "", s.stop()
}

func stageUp(ctx context.Context, s *stage, ts *testscript.TestScript, _ []string) (string, error) {
	ts.Setenv("DOWN", "")
	return "", s.settle(ctx)
}

func stageRestart(ctx context.Context, s *stage, _ *testscript.TestScript, _ []string) (string, error) {
	return "", errors.Join(s.stop(), s.settle(ctx))
}

func stageRenumber(ctx context.Context, s *stage, _ *testscript.TestScript, _ []string) (string, error) {
	mails, err := s.mails(ctx, stageMailbox, "INBOX")
	if err != nil {
		return "", err
	}
	var kept []mailhost.Stored
	for _, m := range mails {
		kept = append(kept, mailhost.Stored{Raw: m.Raw, Received: m.Received})
	}
	return "", errors.Join(s.stop(), s.host.Renumber(stageMailbox, kept))
}

func stageReplies(ctx context.Context, s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if ts.Getenv("DOWN") == "" {
		if err := s.settle(ctx); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	for _, address := range s.people {
		if address == stageMailbox || len(args) > 0 && args[0] != address || len(args) == 0 && address == stageStaff {
			continue
		}
		mails, err := s.mails(ctx, address, "INBOX")
		if err != nil {
			return "", err
		}
		for _, m := range mails[s.seen[address]:] {
			msg := intake.Reader{}.Read(m.Raw)
			fmt.Fprintf(&b, "To: %s\nSubject: %s\n\n%s\n\n", address, msg.Subject, strings.TrimSpace(msg.Text))
		}
		s.seen[address] = len(mails)
	}
	return b.String(), nil
}

// stageDated prints when the answers to an address were written, by their Date field.
func stageDated(ctx context.Context, s *stage, _ *testscript.TestScript, args []string) (string, error) {
	if err := s.settle(ctx); err != nil {
		return "", err
	}
	mails, err := s.mails(ctx, args[0], "INBOX")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, m := range mails[s.seen[args[0]]:] {
		header, _, _ := strings.Cut(strings.ReplaceAll(string(m.Raw), "\r\n", "\n"), "\n\n")
		date := strings.TrimPrefix(stageDate.FindString(header), "Date: ")
		fmt.Fprintf(&b, "%s: %s\n", date, intake.Reader{}.Read(m.Raw).Subject)
	}
	s.seen[args[0]] = len(mails)
	return b.String(), nil
}

// stageLists prints the lists that came with the last mail to an address.
func stageLists(ctx context.Context, s *stage, ts *testscript.TestScript, args []string) (string, error) {
	mails, err := s.mails(ctx, args[0], "INBOX")
	if err != nil || len(mails) == 0 {
		return "", err
	}
	var b strings.Builder
	for _, a := range (intake.Reader{}).Read(mails[len(mails)-1].Raw).Attachments {
		fmt.Fprintf(&b, "%s\n", a.Name)
		f, err := excelize.OpenReader(bytes.NewReader(a.Data))
		if err != nil {
			b.WriteString(strings.ToValidUTF8(strings.ReplaceAll(string(a.Data), "\r", ""), "?"))
			continue
		}
		for _, sheet := range f.GetSheetList() {
			rows, err := f.GetRows(sheet)
			if err != nil {
				return "", err
			}
			for _, row := range rows {
				fmt.Fprintf(&b, "%s: %s\n", sheet, strings.Join(row, " | "))
			}
		}
		if err := f.Close(); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func stageLedger(ctx context.Context, s *stage, _ *testscript.TestScript, _ []string) (string, error) {
	var b strings.Builder
	err := s.db.View(ctx, func(tx *store.Tx) error {
		mails, err := tx.InboxList(store.InboxFilter{})
		if err != nil {
			return err
		}
		slices.Reverse(mails)
		for _, m := range mails {
			fmt.Fprintf(&b, "%d %s %s", m.ID, m.State, m.Folder)
			records, err := tx.Decision(m.ID)
			if err != nil {
				return err
			}
			for _, r := range records {
				for _, j := range r.Decision.Judgements {
					fmt.Fprintf(&b, " [%s %s", j.Ref, j.Decision)
					for _, why := range j.Reasons {
						fmt.Fprintf(&b, " %s", strings.TrimSuffix(string(why.Code)+":"+string(why.Field), ":"))
					}
					b.WriteString("]")
				}
				for _, a := range r.Decision.Actions {
					fmt.Fprintf(&b, " (%s)", strings.Join(strings.Fields(fmt.Sprint(a.Verb, " ", a.Ref, " ", a.Decision, " ", a.Check)), " "))
				}
			}
			b.WriteString("\n")
		}
		return nil
	})
	return b.String(), err
}

func stageRegistrations(ctx context.Context, s *stage, _ *testscript.TestScript, _ []string) (string, error) {
	var b strings.Builder
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Registrations(store.RegistrationFilter{})
		if err != nil {
			return err
		}
		slices.SortFunc(all, func(a, b rules.Registration) int { return strings.Compare(string(a.Ref), string(b.Ref)) })
		for _, r := range all {
			fmt.Fprintf(&b, "%s %s %s %s", r.Ref, r.Partner, r.State, r.Organisation)
			for _, t := range r.Terms {
				fmt.Fprintf(&b, " %s..%s", t.From, t.Until)
			}
			fmt.Fprintf(&b, " contacts=%d\n", len(r.Contacts))
		}
		return nil
	})
	return b.String(), err
}

func stageFolders(ctx context.Context, s *stage, ts *testscript.TestScript, _ []string) (string, error) {
	if ts.Getenv("DOWN") == "" {
		if err := s.settle(ctx); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	for _, folder := range append([]string{"INBOX"}, s.options.Folders.All()...) {
		mails, err := s.mails(ctx, stageMailbox, folder)
		if err != nil {
			return "", err
		}
		for _, m := range mails {
			sum := sha256.Sum256(m.Raw)
			fmt.Fprintf(&b, "%s: %s (%s)\n", folder, intake.Reader{}.Read(m.Raw).Subject, hex.EncodeToString(sum[:4]))
		}
	}
	return b.String(), nil
}

func stageLeadmail(ctx context.Context, s *stage, ts *testscript.TestScript, args []string) (string, error) {
	var out, errs strings.Builder
	for i, a := range args {
		if strings.HasPrefix(a, "./") {
			args[i] = ts.MkAbs(a)
		}
	}
	args = append([]string{"--config", ts.MkAbs("leadmail.yaml")}, args...)
	a := newApp(ctx, strings.NewReader(""), &out, &errs)
	a.now, a.reference, a.actor = s.clock, s.options.NewReference, "scenario"
	code := a.main(args)
	_, _ = ts.Stderr().Write([]byte(errs.String()))
	if code != 0 {
		return out.String(), fmt.Errorf("exit code %d: %s", code, errs.String())
	}
	return out.String(), nil
}
