// Package timetables keeps the timetables of heartbeats with schedules topped up, while its
// node leads: it computes their next times from the node's rules of time zones, and proposes
// them. It also has the state compare the clocks when they have moved against each other.
//
// What it computes is replicated, so nodes with other rules stay alike; a leader whose rules are
// others than those of the last one computes all of them anew.
//
// Files:
//
//	keeper.go  Keeper: what it does while the node leads
//	times.go   the times of one heartbeat
package timetables
