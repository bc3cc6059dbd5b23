// Package explain says to clients who is told of a heartbeat, by what, when, and why not.
//
// Files:
//
//	json.go  an explanation as JSON
package explain
