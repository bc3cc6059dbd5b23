//go:build !linux

package alerting

import "syscall"

// watchPeer leaves it to the system when what was sent counts as lost.
func watchPeer(_, _ string, _ syscall.RawConn) error { return nil }
