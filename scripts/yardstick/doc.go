// Package yardstick is what pings are compared with: servers that do no more than a part of what a node does, each a process
// of its own.
//
// Files:
//
//	bare.go      Serve: a bare fasthttp handler, which answers at once
//	commits.go   and one that first waits until the ping is on a disk, or on a majority's
//	disk.go      the disk, and the others that have one
package yardstick
