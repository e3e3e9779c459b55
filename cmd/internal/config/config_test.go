package config

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"leadmail/rules"
)

var update = flag.Bool("update", false, "write the generated example and the expected mistakes")

func TestExampleIsWhatTheDeclarationsSay(t *testing.T) {
	got, err := example()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		write(t, "leadmail.example.yaml", got)
		return
	}
	if diff := cmp.Diff(Example, got); diff != "" {
		t.Errorf("leadmail.example.yaml is stale; run go generate ./cmd/internal/config\n%s", diff)
	}
}

func TestExampleIsAConfiguration(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leadmail.yaml")
	write(t, path, Example)
	c, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Mode != rules.ModeApprove {
		t.Errorf("init would begin in mode %s: nothing may go out before a person has looked", c.Mode)
	}
	// Uncommented, each default is read as itself.
	uncommented := regexp.MustCompile(`(?m)^( *)#([a-z_]+:(?: [^ ].*)?)$`).ReplaceAllString(Example, "$1$2")
	uncommented = regexp.MustCompile(`(?m)^( *)#( +- )`).ReplaceAllString(uncommented, "$1$2")
	uncommented = regexp.MustCompile(`(?m)^.*password_file:.*\n`).ReplaceAllString(uncommented, "")
	write(t, path, uncommented)
	full, err := Load(path, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, uncommented)
	}
	full.Program.SharedHosts = nil
	if diff := cmp.Diff(c, full, cmpopts.IgnoreUnexported(Config{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("a default in the example is not the default (-default +written):\n%s", diff)
	}
}

func TestEveryFieldIsDocumented(t *testing.T) {
	t.Parallel()
	var walk func(reflect.Type)
	walk = func(s reflect.Type) {
		for i := range s.NumField() {
			f := s.Field(i)
			key := f.Tag.Get("yaml")
			if key == "-" || !f.IsExported() {
				continue
			}
			if key == "" {
				t.Errorf("%s.%s has no yaml key", s.Name(), f.Name)
			}
			if !strings.Contains(Example, key+":") {
				t.Errorf("%s.%s (%s) is not in the example", s.Name(), f.Name, key)
			}
			if f.Type.Kind() == reflect.Struct {
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
	// The password keys share one comment; every other key has its own.
	lines := strings.Split(Example, "\n")
	key := regexp.MustCompile(`^ *#?[a-z_]+:( |$)`)
	for i, l := range lines {
		if key.MatchString(l) && !strings.Contains(l, "password_env") && (i == 0 || !strings.Contains(lines[i-1], "# ") || key.MatchString(lines[i-1])) {
			t.Errorf("line %d has no explanation: %s", i+1, l)
		}
	}
}

// The files named *.good.yaml load; *.bad.yaml do not, and the .txt beside each
// holds every mistake, as the operator reads them.
func TestFiles(t *testing.T) {
	t.Parallel()
	good, _ := filepath.Glob("testdata/*.good.yaml")
	bad, _ := filepath.Glob("testdata/*.bad.yaml")
	if len(good) < 2 || len(bad) < 8 {
		t.Fatalf("%d good and %d bad files: some are gone", len(good), len(bad))
	}
	for _, path := range good {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			if _, err := Load(path, nil); err != nil {
				t.Error(err)
			}
		})
	}
	for _, path := range bad {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			_, err := Load(path, nil)
			if err == nil {
				t.Fatal("it loads")
			}
			got := strings.ReplaceAll(err.Error(), "testdata/", "") + "\n"
			golden := strings.TrimSuffix(path, ".yaml") + ".txt"
			if *update {
				write(t, golden, got)
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for line := range strings.Lines(got) {
				if !strings.Contains(line, "; ") {
					t.Errorf("no hint: %s", line)
				}
				if strings.Contains(line, "hunter2") {
					t.Errorf("a secret is shown: %s", line)
				}
			}
		})
	}
}

func TestTenMistakesAreTenSentences(t *testing.T) {
	t.Parallel()
	_, err := Load("testdata/ten.bad.yaml", nil)
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("got %v, want several errors", err)
	}
	errs := joined.Unwrap()
	if len(errs) != 10 {
		t.Errorf("%d mistakes were found, the file has 10:\n%v", len(errs), err)
	}
	for _, e := range errs {
		var m *Mistake
		if !errors.As(e, &m) || m.Line == 0 || m.Hint == "" {
			t.Errorf("no line or no hint: %v", e)
		}
	}
}

func TestMissingFileSaysHowToWriteOne(t *testing.T) {
	t.Parallel()
	_, err := Load(filepath.Join(t.TempDir(), "leadmail.yaml"), nil)
	if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "leadmail init") {
		t.Errorf("got %v", err)
	}
}

func TestRelativePathsAreRelativeToTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "leadmail.yaml")
	write(t, path, strings.ReplaceAll(Example, "  password_env: LEADMAIL_IMAP_PASSWORD", "  password_file: secret"))
	write(t, filepath.Join(dir, "secret"), "hunter2 \r\n")
	c, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "leadmail.db"); c.Database.URL() != want {
		t.Errorf("database %s, want %s", c.Database, want)
	}
	got, err := c.IMAPPassword()
	if err != nil || got != "hunter2 " {
		t.Errorf("the password is %q (%v); only its line end is not part of it", got, err)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "empty"), "\n")
	env := func(k string) (string, bool) {
		v, ok := map[string]string{"SET": "hunter2", "EMPTY": ""}[k]
		return v, ok
	}
	for name, row := range map[string]struct {
		file, env  string
		want, says string
	}{
		"from the environment":          {env: "SET", want: "hunter2"},
		"a variable that is not set":    {env: "UNSET", says: "the environment has no UNSET"},
		"a variable that is set empty":  {env: "EMPTY", says: "the environment has no EMPTY"},
		"a file that is not there":      {file: filepath.Join(dir, "gone"), says: "imap.password_file"},
		"a file with nothing but a end": {file: filepath.Join(dir, "empty"), says: "is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Config{IMAP: IMAP{PasswordFile: Path(row.file), PasswordEnv: row.env}, env: env}
			got, err := c.IMAPPassword()
			if got != row.want || (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %q, %v; want %q, %q", got, err, row.want, row.says)
			}
		})
	}
}

func TestDatabasePrintsNoPassword(t *testing.T) {
	t.Parallel()
	for in, want := range map[Database]string{
		"leadmail.db": "leadmail.db",
		"postgres://desk:hunter2@db.example:5432/leads":                  "postgres://desk:***@db.example:5432/leads",
		"postgres://desk@db.example/leads?password=hunter2&sslmode=none": "postgres://desk@db.example/leads?password=***&sslmode=none",
		"postgres://desk:hun%zzter2@db.example/leads":                    "postgres://***",
	} {
		for how, got := range map[string]string{
			"%s": in.String(), "%v": fmt.Sprint(in), "%#v": fmt.Sprintf("%#v", in), "slog": in.LogValue().String(),
			"in a struct": strings.Trim(fmt.Sprintf("%v", struct{ D Database }{in}), "{}"),
		} {
			if got != want {
				t.Errorf("%s shows %s, want %s", how, got, want)
			}
		}
		if in.URL() != string(in) {
			t.Errorf("URL is not what was written")
		}
	}
}

func TestPolicyIsTheDefaultOneWhereNothingIsWritten(t *testing.T) {
	t.Parallel()
	c := Default()
	got, err := c.Policy()
	if err != nil {
		t.Fatal(err)
	}
	want := rules.DefaultPolicy()
	if string(got.Canonical()) != string(want.Canonical()) {
		t.Errorf("got  %s\nwant %s", got.Canonical(), want.Canonical())
	}
}

func TestPolicyCarriesEveryKey(t *testing.T) {
	t.Parallel()
	c, err := Load("testdata/full.good.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Policy()
	if err != nil {
		t.Fatal(err)
	}
	// Every number and list of the file differs from its default, so a key that
	// is not carried over shows.
	def := reflect.ValueOf(rules.DefaultPolicy())
	v := reflect.ValueOf(got)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.IsExported() && reflect.DeepEqual(v.Field(i).Interface(), def.Field(i).Interface()) {
			t.Errorf("%s is the default, %v", f.Name, v.Field(i))
		}
	}
	if got.Location().String() != "Europe/Berlin" {
		t.Errorf("the zone is %s", got.Location())
	}
}

func TestValidateBringsIntoNormalForm(t *testing.T) {
	t.Parallel()
	c := Default()
	c.Program.Name, c.Program.Address = "P", "partners@Vendor.EXAMPLE"
	c.IMAP.Address, c.IMAP.Username, c.IMAP.PasswordEnv = "localhost:143", "u", "X"
	c.SMTP.Address = "127.0.0.1:25"
	c.IMAP.TLS, c.SMTP.TLS = TLSNone, TLSNone
	c.Authentication.Mode = rules.AuthTrustFrom
	c.Staff.Addresses = []rules.Address{"desk@vendor.example"}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if c.Program.Address != "partners@vendor.example" {
		t.Errorf("the address is %q", string(c.Program.Address))
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Bytes{"25 MiB": 25 << 20, "25MB": 25 << 20, "200 KiB": 200 << 10, "1024": 1024, "1 gib": 1 << 30, "0": 0} {
		if got, err := parseBytes(in); err != nil || got != want {
			t.Errorf("%q is %d (%v), want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "MiB", "-1", "1.5 MiB", "9999999999 GiB", "ten"} {
		if got, err := parseBytes(in); err == nil {
			t.Errorf("%q is read as %d", in, got)
		}
	}
	for in, want := range map[Bytes]string{25 << 20: "25 MiB", 1500: "1500", 0: "0", 64 << 10: "64 KiB"} {
		if got := in.String(); got != want {
			t.Errorf("%d prints as %s, want %s", int64(in), got, want)
		}
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	for in, want := range map[time.Duration]string{time.Minute: "1m", time.Hour: "1h", 90 * time.Second: "1m30s", 10 * time.Minute: "10m", time.Second: "1s"} {
		if got := short(in); got != want {
			t.Errorf("%v is %s, want %s", in, got, want)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
