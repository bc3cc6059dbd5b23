// Package roster is all heartbeats in the order of their names, for lists of them: what a
// search, a state and a tag leave of them, sorted, a page at a time.
//
// The state knows no order of names. A [View] is read page by page, at most once in a while
// and only while somebody looks, and sorted when names changed. It holds no more than it takes
// to filter and sort: who shows a page reads its hundred heartbeats anew.
//
// Files:
//
//	view.go     View: all heartbeats, and when that is made anew
//	state.go    the state of a heartbeat in a word
//	choice.go   Choice: what a list shows, as its address says
//	metrics.go  what Prometheus is told of the view
package roster
