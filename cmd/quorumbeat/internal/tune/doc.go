// Package tune sets up the Go runtime and the process for a node. What an operator has
// set (GOGC, GOMAXPROCS, a timer slack) counts for more.
//
//	gc.go          how much is allocated between two garbage collections
//	processors.go  how many processors Go uses
//	slack_*.go     how late timers may wake the process
package tune
