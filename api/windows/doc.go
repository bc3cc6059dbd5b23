// Package windows says what clients are told of maintenance windows, and of the hours of channels, and reads
// what they say of them.
//
// Files:
//
//	json.go      a window as JSON
//	hours.go     when a channel is told
//	body.go      the body of a request that makes one, and the command that it means
//	warnings.go  what is odd of a new one
package windows
