package api

import (
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"time"
)

const (
	lingerFor   = 2 * time.Second
	lingerBytes = 64 << 20
)

// lingerConn can read on, for a while, what the client is still sending before it
// closes: closing at once would reset the connection, and the client would never
// read the answer that says what was wrong.
type lingerConn struct {
	owedConn
	patient atomic.Bool
	head    headReader // of the serving goroutine
	outer   net.Conn   // what fasthttp knows it as: itself, or TLS on it
}

// tlsConn is TLS on a lingerConn.
type tlsConn struct {
	*tls.Conn
	below *lingerConn
}

// tlsKeeps is how large the buffer may be that TLS keeps for each connection. It holds
// the largest record that ever came, up to several times 16 KiB, and cannot be given
// back: a connection on which it grew serves no further request.
const tlsKeeps = 8 << 10

// swollen reports whether a request's connection holds too much to be kept.
func swollen(conn net.Conn) bool {
	c, ok := conn.(*tlsConn)
	return ok && c.below.large
}

// open makes an accepted connection one that fasthttp can serve.
func (s *Server) open(conn net.Conn) net.Conn {
	c := &lingerConn{}
	c.init(conn, s)
	c.outer, c.head.due = c, true
	if s.http.TLSConfig != nil {
		c.outer = &tlsConn{tls.Server(c, s.http.TLSConfig), c}
	}
	return c.outer
}

// under returns the connection below a request's, nil if it is none of ours.
func under(conn net.Conn) *lingerConn {
	switch c := conn.(type) {
	case *lingerConn:
		return c
	case *tlsConn:
		return c.below
	}
	return nil
}

// linger marks a request's connection to be closed with patience.
func linger(conn net.Conn) {
	if c := under(conn); c != nil {
		c.patient.Store(true)
	}
}

func (c *lingerConn) Close() error {
	if c.rest() || c.closeLater() {
		return nil
	}
	if tcp, ok := c.Conn.(*net.TCPConn); ok && c.patient.Swap(false) {
		c.lingers.Store(true)
		_ = tcp.CloseWrite()
		_ = tcp.SetReadDeadline(time.Now().Add(lingerFor))
		_, _ = io.CopyN(io.Discard, tcp, lingerBytes)
	}
	return c.owedConn.Close()
}

// Close says goodbye unless the connection only rests.
func (c *tlsConn) Close() error {
	if c.below.rest() {
		return nil
	}
	return c.Conn.Close()
}
