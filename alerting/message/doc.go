// Package message makes the mail of an alert. It is pure: the same row gives the same
// bytes on every attempt, whichever node renders it, but for the note that an alert may be
// a repeat. It knows no server, no clock and no configuration.
//
// [Render] makes the mail of a row of the ledger and [RenderTest] a test mail. Both fill
// in the content, which is independent of the form, and then write it as text and HTML.
//
//	content.go      what an alert says, and which kind says what
//	down.go         a silence, a failure or a run that did not finish
//	reminder.go     an incident that goes on, and what people did to one
//	digest.go       one line for each of several heartbeats
//	digest_lead.go  the first lines of a digest: what happened how often
//	compose.go      the same for channels that have a form of their own
//	facts.go        the evidence, as labels and values
//	words.go        times, counts and a job's output in plain words
//	subject.go      the Subject header, encoded and folded
//	render.go       the MIME message and its headers
//	test.go         the test mail
//
// Golden mails are in testdata/mail; `go test ./alerting/message -update` writes them anew.
package message
