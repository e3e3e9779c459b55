package config

import (
	"fmt"
	"strings"
)

// Mistake is one thing wrong with a configuration. Load and Validate return
// them joined (errors.Join), in the order of the lines.
type Mistake struct {
	File string
	Line int    // counted from 1; 0 where the mistake is that something is not written
	Key  string // such as imap.address; "" for the file as a whole
	What string // what was found
	Hint string // what to write instead
}

// Error is one line: leadmail.yaml:12: imap.tls: "ssl" is not known; write tls, starttls or none.
func (m *Mistake) Error() string {
	var b strings.Builder
	if m.File != "" {
		b.WriteString(m.File)
		if m.Line > 0 {
			fmt.Fprintf(&b, ":%d", m.Line)
		}
		b.WriteString(": ")
	}
	if m.Key != "" {
		b.WriteString(m.Key + ": ")
	}
	b.WriteString(m.What)
	if m.Hint != "" {
		b.WriteString("; " + m.Hint)
	}
	return b.String()
}

// nearest is the known word that was most likely meant, "" where none is near:
// at most a third of the letters may differ.
func nearest(word string, known []string) string {
	best, at := "", max(1, len(word)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < at {
			best, at = k, d
		}
	}
	return best
}

// distance counts the letters to insert, remove, change or swap with their
// neighbour (Damerau and Levenshtein, restricted form).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
