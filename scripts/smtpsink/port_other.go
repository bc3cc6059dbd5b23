//go:build !linux

package smtpsink

import (
	"io"
	"syscall"
)

func shared(_, _ string, _ syscall.RawConn) error { return nil }

// reserve does nothing: another process may be given the port.
func reserve(string) (io.Closer, error) { return nil, nil }
