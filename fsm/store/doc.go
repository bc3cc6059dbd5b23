// Package store is quorumbeat's replicated state and the rules that change it.
//
// A [Store] is a pure state machine: it has no clock, no randomness, no I/O and
// no logging. Time and chance arrive as data inside the log entries, so that two
// stores that applied the same entries hold the same bytes, on any machine, at
// any time. Everything else in quorumbeat is a shell round this package.
//
// # Entries
//
// One log entry is one [logentry.Batch]: a term, a wall-clock stamp, an advance of the
// serving clock, and any number of commands with the identity of their
// proposers. [Store.Apply] returns one [fsm.Result] for each command. A batch whose
// term is not the term of its log entry was queued in an earlier leadership and
// changes nothing.
//
// # Two clocks
//
// Wall time is for people: pings, mails, listings. Serving time decides every
// deadline; it only counts time in which pings could commit. Both are whole
// milliseconds. A batch first advances the serving clock by its delta; the
// horizon becomes the serving time before that advance. Misses are taken up to
// the horizon, never up to the serving time itself: so a ping that commits in
// the batch that passes its deadline, or before the next advance, still counts,
// and it makes no difference how commands fall into batches. Pings, edits and
// resumes are anchored at the serving time.
//
// # Heartbeats
//
// With interval I and grace G, the k-th miss happens at anchor + k·I + G. The
// miss that reaches the threshold makes the heartbeat failing, and writes the
// alert ledger's rows in the same Apply. A failing heartbeat costs nothing: its
// further misses are computed when read.
//
// # The ledger
//
// See fsm/internal/ledger. Its rows' IDs derive from what they are about, so that they do
// not depend on when a bounded batch came round to judging a heartbeat.
//
// # Changes
//
// The newest changes of heartbeats and incidents are remembered by the entry that made them;
// see fsm/internal/changes. They are no part of the state or its image.
//
// # Use
//
// Apply, Restore and Snapshot are called by one goroutine (Raft's); every query
// may be called from any goroutine at any time. Errors are sentinels with wire
// codes, see [fsm.Code].
//
// Files:
//
//	store.go               Store; applying batches and commands; commands that panic
//	ping.go                plain pings: whose they are, what they change, and prefetching that
//	timetables.go          the times of heartbeats with schedules
//	state.go               what entries change; nodes, indexes
//	heartbeat.go           commands that edit heartbeats, or give them new ping tokens
//	signal.go              pings that tell more, and the runs that they begin and end
//	judge.go               misses and overdue runs, and what ingest gaps excuse
//	incidents.go           how incidents begin, are told again and end
//	acts.go                what people do about them: acknowledge, snooze, edit, pause
//	depends.go             what heartbeats depend on, which alerts wait for that, and questions about it
//	evidence.go            what an alert tells of a heartbeat
//	keys.go                API keys and quotas
//	query.go               queries of heartbeats
//	query_alerts.go        of alerts, totals, and a sender's work
//	query_cluster.go       of keys, settings, nodes and clocks
//	reading.go             scanning all heartbeats, a page at a time
//	image.go               Snapshot and its image
//	image_heartbeats.go    the heartbeats in it
//	restore.go             Restore, the heartbeats of an image, and changing a state outside of any log
package store
