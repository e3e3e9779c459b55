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

// What spares the expressions says what they say, for every text up to seven
// characters of each kind that counts.
func TestPlainForms(t *testing.T) {
	t.Parallel()
	every := func(kinds string, most int, check func(s string)) {
		var try func(s string)
		try = func(s string) {
			check(s)
			if len(s) < most {
				for _, c := range kinds {
					try(s + string(c))
				}
			}
		}
		try("")
	}
	every("a.:/?@ ", 6, func(s string) {
		for _, text := range []string{s, "ab.cd" + s, "HTTP://ab.cd" + s, "https://" + s + ".ab", "http:/" + s} {
			if is, plain := plainURL(text); plain && is != hostPattern.MatchString(text) {
				t.Fatalf("a website, %q: %v", text, is)
			}
		}
	})
	every("aZ1.-_+@,", 6, func(s string) {
		if found := emailPattern.FindAllString(s, -1); plainEmail(s) && (len(found) != 1 || found[0] != s) {
			t.Fatalf("an address, %q: %v", s, found)
		}
	})
	for _, text := range []string{"R-7K4Q2M", "see r-7k4q2m.", "for-R-7K4Q2M", "-r-aaaaaa"} {
		if !mayHoldReference(text) {
			t.Errorf("%q may hold a reference", text)
		}
	}
	every("rR-a1 ", 6, func(s string) {
		for _, text := range []string{s, "R-7K4" + s, s + "7K4Q2M"} {
			if refPattern.MatchString(text) && !mayHoldReference(text) {
				t.Fatalf("a reference, %q", text)
			}
		}
	})
}
