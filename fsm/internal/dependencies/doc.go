// Package dependencies holds which heartbeats depend on which, and which of those that
// something depends on fail, or did until a while ago.
//
// Edges lead up: from a heartbeat to what it names, other heartbeats or tags. A tag stands
// for each heartbeat that has it. [Graph.Check] refuses what would close a circle: so no two
// heartbeats ever wait for each other. Each edge is made by an edit of the heartbeat below it
// or of the tags of the one above, so whoever is edited is looked at, and nobody else.
//
// Only heartbeats that depend on something are kept ([Node]); all others cost nothing. A name
// of which the heartbeat is gone stays an edge that leads nowhere.
//
// What walks visit is bounded by [MaxLevels] and [MaxVisited], in an order that is the same on
// every node. A heartbeat that reaches further up than that is refused; one of which that
// became true later, by edits above it, is held by what is within the bounds.
//
// A [Graph] is written by one goroutine at a time.
//
// Files:
//
//	graph.go    Graph: its nodes and edges
//	walk.go     up to what a heartbeat depends on, down to what depends on it, and circles
//	trouble.go  which tags have heartbeats that fail, and when a heartbeat recovered
//	image.go    the part of the image
package dependencies
