// Package notify writes the mails that leadmail owes and hands them to a mail
// server.
//
// The job: a Renderer turns a rules.Decision into the exact bytes of a mail
// (words from package templates, headers and MIME parts here), and SMTP.Deliver
// makes one attempt at handing stored bytes over. FateOf says what an attempt
// came to, and Next when to try again.
//
// The promise: rendering has no network, no clock and no randomness of its own.
// Message-ID, Date and MIME boundary are arguments, so equal input gives equal
// bytes, and what is stored when a mail is queued is what every attempt sends.
// Nothing that a partner wrote can add a header, a line or a link: values are
// cleaned on their way in (see clean).
//
// The traps: what is not said by a Decision is not known here, in particular
// who else holds an organisation (D13, D16). An error from Deliver does not mean
// that the mail was not accepted; ask FateOf.
package notify
