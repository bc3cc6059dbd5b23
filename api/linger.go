package api

import (
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

const (
	lingerFor   = 2 * time.Second
	lingerBytes = 64 << 20
)

// lingerListener gives out connections that can be told to close with patience.
type lingerListener struct {
	net.Listener
	server *Server
}

func (l lingerListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &lingerConn{from: addrOf(conn.RemoteAddr())}
	c.init(conn, l.server)
	return c, nil
}

// lingerConn can read on, for a while, what the client is still sending before it
// closes: closing at once would reset the connection, and the client would never
// read the answer that says what was wrong.
type lingerConn struct {
	owedConn
	from    netip.Addr // the client's
	patient atomic.Bool
}

// linger marks a request's connection to be closed with patience.
func linger(conn net.Conn) {
	if l, ok := conn.(*lingerConn); ok {
		l.patient.Store(true)
	}
}

func (c *lingerConn) Close() error {
	if c.patient.Load() {
		c.waitSent() // for it is patience with this answer
	}
	if c.closeLater() {
		return nil
	}
	if tcp, ok := c.Conn.(*net.TCPConn); ok && c.patient.Swap(false) {
		_ = tcp.CloseWrite()
		_ = tcp.SetReadDeadline(time.Now().Add(lingerFor))
		_, _ = io.CopyN(io.Discard, tcp, lingerBytes)
	}
	return c.owedConn.Close()
}
