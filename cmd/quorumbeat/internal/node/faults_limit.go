//go:build faults

package node

import (
	"syscall"
	"time"
)

// limitDescriptors keeps the process from opening anything while the order is there, as
// when its descriptors are used up.
func (f faultFolder) limitDescriptors() {
	var usual syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &usual) != nil {
		return
	}
	for none := false; ; time.Sleep(20 * time.Millisecond) {
		if now := f.ordered("descriptors"); now != none {
			none = now
			limit := usual
			if none {
				limit.Cur = 0
			}
			_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
		}
	}
}

// ordered asks for a file without opening it.
func (f faultFolder) ordered(name string) bool {
	var info syscall.Stat_t
	return syscall.Stat(f.dir+"/"+name, &info) == nil
}
