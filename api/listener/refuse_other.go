//go:build !linux

package listener

import "net"

// RefuseNew can be done on Linux only: elsewhere a connection that comes
// in the very moment in which the listener is closed may be reset.
func RefuseNew(net.Listener) error { return nil }
