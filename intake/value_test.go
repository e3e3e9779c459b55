package intake

import "testing"

func TestLastNames(t *testing.T) {
	for _, c := range []struct {
		in, want string
		st       state
	}{
		{"Lovelace-Brown", "Lovelace-Brown", usable},
		{"Lovelace-Brown, MBA", "Lovelace-Brown", usable},
		{"Graf von Thun", "Graf von Thun", usable},
		{`"Okafor"`, "Okafor", usable},
		{`"`, "", missing},
		{"---", "", missing},
		{"4711", "", unusable},
		{"ask@her.example", "", unusable},
	} {
		if got, st := readLastName(c.in); got != c.want || st != c.st {
			t.Errorf("readLastName(%q) = %q, %v; want %q, %v", c.in, got, st, c.want, c.st)
		}
	}
}

// TestPlainHost: what is told of plain text without the expression is what the
// expression says, for every text of up to seven characters of each kind.
func TestPlainHost(t *testing.T) {
	t.Parallel()
	kinds, n := "a1-_.", 0
	var try func(s string)
	try = func(s string) {
		for _, text := range []string{s, s + ".ab", "ab." + s} {
			if host, plain := plainHost(text); plain {
				if n++; host != hostPattern.MatchString(text) {
					t.Errorf("%q: %v", text, host)
				}
			}
		}
		if len(s) < 7 {
			for _, c := range kinds {
				try(s + string(c))
			}
		}
	}
	try("")
	if _, plain := plainHost("ab.xn--p1ai"); plain || n < 100000 {
		t.Errorf("an ending in Punycode is the expression's; %d texts were compared", n)
	}
}
