package smtp

import (
	"net"
	"sync/atomic"
	"time"
)

// guardedConn refuses to write once its time has passed, so that no dot leaves
// late, however long a process was stopped on its way here.
type guardedConn struct {
	net.Conn
	onWrite func()       // told of what was written under a guard; nil: nobody
	by      atomic.Int64 // ns after processStart, by the monotonic clock; 0: none
}

// processStart is the zero of guards: steps of the wall clock do not move them.
var processStart = time.Now()

func (g *guardedConn) notAfter(by time.Time) {
	if by.IsZero() {
		g.by.Store(0)
		return
	}
	g.by.Store(int64(by.Sub(processStart)))
}

func (g *guardedConn) Write(b []byte) (int, error) {
	if by := g.by.Load(); by != 0 && int64(time.Since(processStart)) > by {
		return 0, errLate
	}
	n, err := g.Conn.Write(b)
	if g.by.Load() != 0 && err == nil && g.onWrite != nil {
		g.onWrite()
	}
	return n, err
}
