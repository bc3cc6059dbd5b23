package raftlog

import (
	"os"
	"syscall"
)

// seesUnlinked is whether a file without a name can stay, and be told from others.
const seesUnlinked = true

// unlinked reports whether a file has no name left, in no folder.
func unlinked(info os.FileInfo) bool {
	sys, ok := info.Sys().(*syscall.Stat_t)
	return ok && sys.Nlink == 0
}
