package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// certificates lists the files that hold certificates and their keys.
func (s *serveSettings) certificates() (files []string) {
	for _, name := range []string{s.api.TLSCert, s.api.TLSKey, s.cluster.TLSCert, s.cluster.TLSKey, s.cluster.TLSCA} {
		if name != "" {
			files = append(files, name)
		}
	}
	return files
}

// stateOf is another text when one of the files was written or replaced.
func stateOf(files []string) string {
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
