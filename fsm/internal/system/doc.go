// Package system has the incidents of the monitor itself: a node is lost, a disk is nearly full, a certificate
// expires, no ping could be taken. The leader, or the node that is concerned, says when one begins and ends; what
// it says is in the command, and saying it again changes nothing. So an incident is one, however many leaders tell it.
//
// A subject stands in the place of a heartbeat: it has an ID and an ordinal of its own, above those of heartbeats, so that
// the incident log and the ledger treat its incidents like any others. Its alerts go to the default targets.
// It ends when its cause does, whoever sees to it; people acknowledge and snooze it as they do others. Nothing of it is
// judged by the clock but when it is told again: the state asks for that, and tells it.
//
// Files:
//
//	table.go  Table: the subjects, and what commands do to them
//	again.go  when those that go on are told again
//	canary.go canaries: messages whose arrival is confirmed
//	image.go  the section of the image
package system
