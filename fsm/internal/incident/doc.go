// Package incident keeps the incidents of heartbeats: the life of those that go on (who saw
// to them, until when they are silent, when they are told again), and the story of each.
//
// A [Log] has at most one incident of a heartbeat that goes on. Of those that are over it keeps
// the newest fsm.MaxIncidentsPer of each heartbeat, and in all fsm.MaxIncidents with
// fsm.MaxIncidentBytes together; the oldest go first. So they outlive their alerts, and their
// heartbeats. What is listed first began last, in serving time: the order depends on no batch.
//
// Records are never written to: a change replaces them, so that images may share them. A Log is
// written by one goroutine at a time.
//
// Files:
//
//	record.go  Record, and its encoding
//	log.go     Log: adding, changing, and what is dropped
//	listing.go listing
//	image.go   the log's part of an image
package incident
