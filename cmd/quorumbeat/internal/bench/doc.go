// Package bench is 'quorumbeat bench': it makes heartbeats, has load ping them, deletes
// them whatever happens, and prints the figures.
//
//	bench.go    the command
//	fixture.go  making and deleting the heartbeats
//	table.go    the figures for people
package bench
