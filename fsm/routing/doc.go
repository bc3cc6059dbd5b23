// Package routing says in words what the state knows of who is told of a heartbeat: by what,
// when, and why not. The state fills it in by the functions that decide when an alert is
// written; nothing here decides anything.
//
// Files:
//
//	explanation.go  Explanation, and the Target of each who could be told
//	words.go        reasons as sentences
package routing
