// Package raftlog is what Raft keeps on a node's disk.
package raftlog
