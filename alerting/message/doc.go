// Package message makes the mail of an alert, and the words of it for every other channel. It is
// pure: the same row with the same [Options] gives the same bytes on every attempt, whichever node
// renders it, but for the note that it may be a repeat, and what has changed of its heartbeat. It
// knows no server, no clock and no configuration.
//
// What an alert says, its content, is independent of the form. [Render] writes that of a row as a
// mail, in text and HTML; [Compose] returns it for channels that have a form of their own.
// [RenderTest] and [ComposeTest] do so for a test.
//
//	content.go      what an alert says, and which kind says what
//	down.go         a silence, a failure or a run that did not finish
//	system.go       what happened to the monitor itself
//	reminder.go     an incident that goes on, and what people did to one
//	digest.go       one line for each of several heartbeats
//	own.go          words of one's own for the subject and the first sentences
//	group.go        what the heartbeats of a digest have in common
//	digest_lead.go  the first lines of a digest: what happened how often
//	compose.go      the content for channels that have a form of their own
//	about.go        what is known of the heartbeat, and where the mail leads
//	facts.go        the evidence, as labels and values
//	words.go        times, counts and a job's output in plain words
//	subject.go      the Subject header, encoded and folded
//	render.go       the MIME message and its headers
//	test.go         the test mail
//
// Golden mails are in testdata/mail; `go test ./alerting/message -update` writes them anew.
package message
