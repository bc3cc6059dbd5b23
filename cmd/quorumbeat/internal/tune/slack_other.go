//go:build !linux

package tune

// TimerSlack is for Linux only.
func TimerSlack() {}
