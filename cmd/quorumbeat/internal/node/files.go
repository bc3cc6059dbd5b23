package node

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// fileStates is another text when one of the files was written or replaced.
func fileStates(files []string) string {
	var b strings.Builder
	for _, name := range files {
		if info, err := os.Stat(name); err == nil {
			fmt.Fprintf(&b, "%d %d %v\n", info.ModTime().UnixNano(), info.Size(), fileID(info))
		} else {
			fmt.Fprintln(&b, err)
		}
	}
	return b.String()
}

// fileID tells a file from another one of the same name.
func fileID(info os.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}
