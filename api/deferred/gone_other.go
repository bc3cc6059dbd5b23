//go:build !linux

package deferred

// Gone can be told on Linux only: elsewhere a client that is gone is noticed when it is
// written to.
func (c *Conn) Gone() bool { return false }
