// Package channels says what clients are told of channels, and reads what they write of one.
//
// Files:
//
//	fields.go  the fields that a client may write
//	json.go    a channel as JSON, without its secrets
package channels
