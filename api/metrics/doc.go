// Package metrics makes what /metrics shows: a node's own figures, and series of each
// heartbeat.
//
// The node's own figures are collectors of client_golang. The series of heartbeats are
// written by hand, page by page, straight into the answer: a scrape takes the same memory
// for any number of heartbeats. [Scrapes] bounds how many run at a time, and how slowly a
// client may read. Who may scrape is for the caller to decide.
//
//	node.go         pings, other requests, and the program
//	connections.go  the public listener
//	state.go        totals of the replicated state
//	heartbeats.go   the series of a heartbeat, in the text format
//	scrapes.go      serving scrapes
//	writer.go       one scrape: pages in, text out, zipped where asked
package metrics
