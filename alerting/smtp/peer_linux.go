package smtp

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// limitUnacknowledged bounds how long what was sent may go without the other machine's receipt.
func limitUnacknowledged(_, _ string, c syscall.RawConn) (err error) {
	control := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 30_000)
	})
	if control != nil {
		return control
	}
	return err
}
