// Package ledger holds the alerts: one row for each (incident, kind, target), and
// what the senders of alerts may do with them.
//
//	pending → claimed(term, attempt) → fenced(term, attempt) → sent | failed | held | cancelled
//
// A [Ledger] knows neither clocks nor settings: [Ledger.At] gives it those of a moment,
// an [Env], and [Now] has the steps that depend on them. Rows are never written to: a
// change replaces them, so that snapshots may share them. A Ledger is written by one
// goroutine at a time; [Now.Work] counts as a write.
//
// A target, which rows call their recipient, is a mail address or a channel. Mail is one
// lane and each channel another: what waits in one is looked up without the others.
//
// An unsettled row is in one stage, which says who has to see to it next: in flight with
// a sender, blocked by the row before it, in its recipient's queue, or ready. One that somebody
// holds back is in none of these, blocks none, and is never dropped. A recipient
// gets single mails until the burst is used up; what waits beyond it becomes a digest. Of
// a heartbeat that flaps one row waits for each recipient, the newest, and tells of the
// others.
//
// Files:
//
//	ledger.go    Ledger, Env, Now; which settled rows are kept
//	row.go       one row, its key in the orders, IDs of alerts and messages
//	evidence.go  what a row tells, packed
//	targets.go   who is told of a heartbeat
//	explain.go   the same in words, with when, and why not
//	write.go     writing the rows of an incident
//	newest.go    a newer row takes the place of one that waits
//	flap.go      flap windows: after one incident of a heartbeat later ones wait for a while
//	send.go      the steps of a sender: claim, fence, settle and the like
//	hand.go      what a person does to a row: retry, deliver now, hold, cancel
//	deferral.go  what keeps a row back, though its time has come: flap and maintenance windows, hours
//	burst.go     how many single mails a recipient gets in a window, and the digest of what is beyond
//	stages.go    the stage of each row
//	lanes.go     what waits by mail, and by each channel: the recipients' queues, and which has something to do first
//	work.go      what a sender may do now
//	check.go     the same, said plainly, for tests
//	listing.go   listings and counts
//	incidents.go the same rows, by the incidents that they tell of
//	image.go     the ledger's part of the image
package ledger
