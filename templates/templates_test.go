package templates_test

import (
	"testing"

	"leadmail/templates"
)

func TestTheEmbeddedTemplatesLoad(t *testing.T) {
	t.Parallel()
	if _, err := templates.Load(""); err != nil {
		t.Fatal(err)
	}
}
