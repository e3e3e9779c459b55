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
//	message.go, header.go, address.go, decode.go   bytes to parts
//	attachment.go         what a file is that cannot be read, by its bytes
//	html.go, hidden.go, body.go   parts to lines, without what is not shown; whose words each line is: new, quoted, signature
//	words.go, words.txt, names.txt   the language, in data files that a non-programmer can extend
//	label.go, value.go    a labelled line to candidates; what a value is worth
//	extract.go            candidates to prospects
//	lexeme.go             prose to sentences and lexemes
//	mention.go, match.go  candidates of prose: who and what a sentence names, and what speaks for it
//	assign.go, people.go  mentions to prospects
//	kindof.go             lead types to prospects: by name, by place, for all, by exception
//	forward.go, chat.go   mails that are handed on, web forms, exported chats
//	cjk.go                names where words have no blanks between
//	clause.go, act.go     renew, withdraw, status, help, forms: clause by clause
//	correct.go            new contact data for a registration; is a domain free
//	answer.go             short answers to what our mail asked
//	inline.go             tables and lists among the lines of a body: grids
//	sheet.go, vcard.go    attached lists: grids; cards
//	table.go, column.go   grids to prospects
//	unread.go, link.go    what may hold prospects and cannot be read
//	automatic.go          what may not be answered
//	request.go            all of it together
//	redact.go, redact_mail.go  a mail as a case that can be shared
//	lines.go              lines and places, to show what was read where
//
// The mailbox is here too: imap.go talks to the IMAP server, one goroutine
// owning the connection, a deadline on every command.
//
// What is signed is read; what is encrypted, in pieces (message/partial), kept
// elsewhere or in a winmail.dat goes to a person, and Message and Attachment say
// what it was, so that the reply can name it.
//
// Mails are read with go-message, and it is the strict reader first: header
// blocks, Content-Type and its parameters, address and id lists, encoded words,
// dates and charsets are given to it, bounded and mended beforehand. Where it
// refuses, or gives what cannot be (sound in header.go says what that is), our
// lenient reading takes over. Transfer encodings are undone in one piece, sound or
// damaged (decodeTransfer). Its weaknesses, by the numbers of LIBRARIES.md, and
// where they are mended:
//
//	1, 7     a From line, blanks or a byte order mark before the header: openEnvelope
//	2, 8     boundaries that are missing: split, guessBoundary
//	3        a From that does not parse: authors
//	4        unknown transfer encodings: encodings, decodeTransfer
//	5        unknown charsets: the names registered in decode.go, decodeCharset
//	6        lines without colon: mend
//	9        damaged base64 and quoted-printable: decodeTransfer
//	10       invalid parameters: parameters
//	11       raw 8-bit inside an encoded word: decodeWords
//
// Traps. Multiparts are cut by our own walker: go-message's reads part headers of
// any size, takes time by the square of the depth, and loses the parts behind a
// malformed header. A field of more than 8 KB is read by our own code only, since
// a long comment costs the strict readers the square of its length. Lines that a
// Span counts are those of Message.Text for a mail of one part: cleaned of marks
// that cannot be seen, quote marks printed as "> ". A mail's From is what it
// claims: who it proves to be is not decided here. An item ask that has a Ref is a
// wish that the same mail takes back.
package intake
