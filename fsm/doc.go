// Package fsm is the vocabulary of quorumbeat's replicated state: the commands that
// change it, and what it tells. fsm/logentry makes log entries of commands, and fsm/store
// applies them.
//
// Everything below fsm is pure: it has no clock, no randomness, no I/O and no
// logging. Time and chance arrive as data inside the entries.
//
// Encodings are frozen: what an Append function writes is in logs and snapshots, and
// is read by every later version. Kinds and codes are never renumbered.
//
// Files:
//
//	id.go              IDs of heartbeats, alerts, keys, nodes
//	code.go            result codes and the sentinel errors that they stand for; ErrConfig
//	command.go         the commands, but for those of the files below
//	command_ledger.go  the commands of the alerts' sender
//	command_timetable.go  those that bring the next times of schedules
//	ping.go            Ping, the plain one, with its encoding, and the token that it comes with
//	signal.go          Signal, a ping that carries more than "a good run just ended"
//	channel.go         channels, and the commands about them
//	window.go          maintenance windows, and the commands about them
//	published.go       status pages and badges, and the commands about them
//	codec.go           appending commands
//	codec_read.go      reading them
//	codec_fields.go    the tagged fields of heartbeats, and how commands about them end
//	result.go          Result, the answer to a command; the heartbeat in it
//	types.go           limits, Spec, Patch, Heartbeat, Settings and the like
//	alert.go           Alert, its kinds, states and evidence
//	query.go           filters and answers of queries
//	validate.go        limits of fields
//	address.go         e-mail addresses
package fsm
