// Package writable says which fields of a heartbeat a client may write, and makes the
// commands and changes of package fsm of them.
//
// A field that was not sent is left alone, or has its default in a new heartbeat. Names of channels and
// heartbeats stand as they were sent, until who knows the state puts IDs in their place.
//
// Files:
//
//	fields.go     Fields, and what can be said of them alone
//	reminders.go  the field that tells null from 0
//	spec.go       what they make: a change, a new heartbeat, a command for a slug
package writable
