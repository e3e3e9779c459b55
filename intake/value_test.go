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
