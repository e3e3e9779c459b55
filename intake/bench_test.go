package intake

import (
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkRead reads the development corpus, and the public fixtures beside it
// where they are there: the message layer alone, and the whole of a mail.
func BenchmarkRead(b *testing.B) {
	patterns := map[string]string{"registrations": "testdata/registrations/*.eml"}
	if dir := publicMail(b); dir != "" {
		patterns["public"] = filepath.Join(dir, "*", "*", "*", "*.eml")
	}
	for name, pattern := range patterns {
		var mails [][]byte
		var size int64
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			b.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				b.Fatal(err)
			}
			mails = append(mails, raw)
			size += int64(len(raw))
		}
		for what, read := range map[string]func(raw []byte){
			"":         func(raw []byte) { partners.Parse(partners.Read(raw)) },
			"/message": func(raw []byte) { partners.Read(raw) },
		} {
			b.Run(name+what, func(b *testing.B) {
				b.SetBytes(size / int64(len(mails)))
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					read(mails[n%len(mails)])
					n++
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mails/s")
			})
		}
	}
}
