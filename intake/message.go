package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/mail"
	"strings"
	"time"

	"leadmail/rules"
)

// Reader reads mail. Its zero value works: it knows no own address and no loop
// marker then.
type Reader struct {
	// Mailbox is the partners mailbox: our own address.
	Mailbox rules.Address
	// Program is the value of the loop marker, header X-Leadmail, by which our
	// own mail is known when it comes back.
	Program string
}

// Message is one mail as it was read.
type Message struct {
	From        rules.Address
	FromName    string
	Authors     int
	Subject     string
	Date        time.Time
	MessageID   string
	InReplyTo   string
	References  []string
	Text        string
	Attachments []Attachment
	RawHash     string
	ContentHash string
	Size        int
	Warnings    []string
}

// Attachment is a part that is not the mail's text.
type Attachment struct {
	Name, MediaType, SHA256 string
	Size                    int
	Data                    []byte
}

// Read reads a mail.
func (r Reader) Read(raw []byte) Message {
	sum := sha256.Sum256(raw)
	m := Message{RawHash: hex.EncodeToString(sum[:]), Size: len(raw)}
	m.ContentHash = m.RawHash
	in, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m
	}
	if a, err := mail.ParseAddress(in.Header.Get("From")); err == nil {
		m.From, _ = rules.ParseAddress(a.Address)
		m.FromName, m.Authors = a.Name, 1
	}
	m.Subject, m.MessageID = in.Header.Get("Subject"), strings.Trim(in.Header.Get("Message-Id"), "<> ")
	b, _ := io.ReadAll(in.Body)
	m.Text = string(b)
	return m
}
