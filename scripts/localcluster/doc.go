// Package localcluster runs real quorumbeat nodes on loopback, each a process
// of its own, for tests and figures. It ends the processes it started, and no
// others.
//
//	cluster.go  a cluster of nodes
//	node.go     one of them: its process, its data folder, its addresses
//	child_*.go  a node dies with the process that started it
//	get.go      asking nodes by HTTP
//	faults.go   having a node of a faulty build break in some way
//	usage.go    memory and processor time that a process has taken
package localcluster
