// Package spool keeps on disk what the monitor could not be told about runs of jobs, and
// tells it later, each with its own time. Any number of processes use a spool at the same
// time. It is bounded, and what is oldest goes first.
//
//	entry.go   what was not told about one run
//	folder.go  a folder of entries, one a file
//	flush.go   delivering what a folder holds
package spool
