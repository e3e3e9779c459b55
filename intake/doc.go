// Package intake turns raw mail into facts.
//
// Reader.Read takes bytes apart and never fails: what is broken is repaired once,
// then degrades to raw text, with a warning. Its work is bounded (25 MB a mail,
// 256 KB a header, 10 levels, 200 parts, 1 MB of text); a mail beyond that says so
// in Refused. Reader.Parse tells what the sender asks for: items with their
// places, prospects with a span for each field, references, bare answers, and how
// envelope and headers allow the mail to be treated. It judges nothing: a field
// that the mail does not state stays empty, since an empty field is a question to
// the partner and an invented one is a lie.
//
// How a mail is read:
//
//	message.go, header.go, address.go, decode.go   bytes to parts, lenient at every step
//	html.go, body.go      parts to lines; whose words each line is: new, quoted, signature
//	words.go, words.txt   the language, in one data file that a non-programmer can extend
//	label.go, value.go    a labelled line to candidates; what a value is worth
//	extract.go            candidates to prospects
//	act.go                renew, withdraw, status, help, forms, short answers, thanks
//	automatic.go          what may not be answered
//	request.go            all of it together
//
// The mailbox is here too: imap.go talks to the IMAP server, one goroutine
// owning the connection, a deadline on every command.
//
// Traps. The MIME tree is walked by our own code rather than by go-message: that
// library's weaknesses all lie in splitting and decoding, before its errors can
// be repaired (LIBRARIES.md lists eleven). Lines that a Span counts are those of
// Message.Text for a mail of one part: cleaned of marks that cannot be seen, quote
// marks printed as "> ". A mail's From is what it claims: who it proves to be is
// not decided here.
package intake
