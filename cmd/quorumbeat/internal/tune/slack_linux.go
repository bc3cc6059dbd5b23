package tune

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	usualSlack = 50_000    // ns: what Linux gives a process that asks for nothing
	wideSlack  = 2_000_000 // ns
)

// TimerSlack lets the kernel wake this process for timers up to two
// milliseconds late. While a goroutine waits for the disk, the Go runtime's monitor
// wakes every few dozen microseconds to look at it: under load a tenth of a leader's
// processor time, and a fifth of a follower's. A thread has the slack of the one that
// made it, and the monitor is there before main; so this sets it and begins the
// program again, as the same process. An operator's own slack is left alone, and
// where anything fails the program goes on as it is.
func TimerSlack() {
	if os.Getenv(slackMark) != "" {
		os.Unsetenv(slackMark)
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	path, err2 := os.Executable()
	if err != nil || err2 != nil || slack != usualSlack {
		return
	}
	if unix.Prctl(unix.PR_SET_TIMERSLACK, wideSlack, 0, 0, 0) != nil {
		return
	}
	_ = syscall.Exec(path, os.Args, append(os.Environ(), slackMark+"=1"))
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, usualSlack, 0, 0, 0)
}

// slackMark is in the environment of the program that was begun again.
const slackMark = "_QUORUMBEAT_TIMER_SLACK"
