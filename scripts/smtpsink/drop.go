package smtpsink

import (
	"net"
	"sync/atomic"
)

// drop is when a connection is lost over a message that the server took.
type drop int

const (
	dropNever  drop = iota
	dropBefore      // the answer is not sent
	dropAfter       // the answer is
)

// DropBeforeAnswer takes messages and loses the connection without a word, which
// leaves the sender in doubt. Drops end with Keep. Not for implicit TLS.
func (s *Sink) DropBeforeAnswer() { s.setDrop(dropBefore) }

// DropAfterAnswer loses the connection right after each 250 to a final dot.
func (s *Sink) DropAfterAnswer() { s.setDrop(dropAfter) }

// Keep ends what the Drop methods began.
func (s *Sink) Keep() { s.setDrop(dropNever) }

func (s *Sink) setDrop(d drop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop = d
}

type droppingListener struct {
	net.Listener
	sink *Sink
}

func (l droppingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &droppingConn{Conn: c, sink: l.sink}, nil
}

// droppingConn can be lost at the answer to a message.
type droppingConn struct {
	net.Conn
	sink     *Sink
	accepted atomic.Bool // the next write answers for a message
}

func (c *droppingConn) Write(b []byte) (int, error) {
	if !c.accepted.Swap(false) {
		return c.Conn.Write(b)
	}
	c.sink.mu.Lock()
	when := c.sink.drop
	c.sink.mu.Unlock()
	switch when {
	case dropBefore:
		_ = c.Conn.Close()
		return 0, net.ErrClosed
	case dropAfter:
		n, err := c.Conn.Write(b)
		_ = c.Conn.Close()
		return n, err
	}
	return c.Conn.Write(b)
}
