package load

import (
	"syscall"
	"time"
)

// sleep is finer than time.Sleep, which the runtime may round up to a whole
// millisecond when nothing else goes on.
func sleep(d time.Duration) {
	ts := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&ts, nil) // a signal may end it early
}
