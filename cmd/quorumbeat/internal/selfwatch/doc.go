// Package selfwatch finds what is wrong with the monitor itself, and has it become incidents: a node that is lost, a
// disk that is nearly full, a certificate that expires soon, a time in which no ping could be taken.
//
// Every node watches the others as long as it runs, so that a new leader knows for how long a node has been gone.
// Only what a node sees counts: while it knows no leader, or was frozen, it may be the one that is lost, and begins
// anew. The leader proposes; of its own certificates each node tells itself. What is proposed again changes
// nothing, so whatever could not be committed is proposed at the next look.
//
// Files:
//
//	watch.go         Watch: the looks, and what is proposed
//	sight.go         for how long each node has been seen how
//	plan.go          what begins and ends, as a pure function of what was seen
//	canary.go        messages that prove that alerts arrive
//	certificates.go  which certificates expire soon
package selfwatch
