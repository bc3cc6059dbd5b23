package cluster

import (
	"os"
	"syscall"
)

// seesNames is whether a file without a name can stay, and be told from others.
const seesNames = true

// nameless reports whether a file has no name left, in no folder.
func nameless(info os.FileInfo) bool {
	sys, ok := info.Sys().(*syscall.Stat_t)
	return ok && sys.Nlink == 0
}
