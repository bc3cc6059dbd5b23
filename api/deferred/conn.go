package deferred

import (
	"crypto/tls"
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

// Conn is a connection as fasthttp knows it. Before it closes it can read on, for a while,
// what the client is still sending: closing at once would reset the connection, and the
// client would never read the reply that says what was wrong.
type Conn struct {
	replyConn
	patient atomic.Bool
	head    headReader   // of the serving goroutine
	direct  directReader // of the serving goroutine
	outer   net.Conn     // what fasthttp knows it as: itself, or TLS on it
}

// tlsConn is TLS on a Conn.
type tlsConn struct {
	*tls.Conn
	below *Conn
}

// tlsKeeps is how large the buffer may be that TLS keeps for each connection. It holds
// the largest record that ever came, up to several times 16 KiB, and cannot be given
// back: a connection on which it grew serves no further request.
const tlsKeeps = 8 << 10

// HoldsTooMuch reports whether a request's connection holds too much to be kept.
func HoldsTooMuch(conn net.Conn) bool {
	c, ok := conn.(*tlsConn)
	return ok && c.below.large
}

// Open makes an accepted connection one that fasthttp can serve.
func (p *Pool) Open(conn net.Conn) net.Conn {
	c := &Conn{}
	c.init(conn, p)
	c.outer, c.head.due = c, true
	if p.http.TLSConfig != nil {
		c.outer = &tlsConn{tls.Server(c, p.http.TLSConfig), c}
	}
	return c.outer
}

// under returns the connection below a request's, nil if it is none of ours.
func under(conn net.Conn) *Conn {
	switch c := conn.(type) {
	case *Conn:
		return c
	case *tlsConn:
		return c.below
	}
	return nil
}

// Peer is the address of a connection's other end.
func Peer(conn net.Conn) netip.Addr {
	if c := under(conn); c != nil {
		return c.from
	}
	return AddrOf(conn.RemoteAddr())
}

// AddrOf is the address of a TCP peer; not valid for others.
func AddrOf(a net.Addr) netip.Addr {
	if a, ok := a.(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// Gone reports whether the client of a request's connection has ended its side of it, so far
// as that can be known without writing.
func Gone(conn net.Conn) bool {
	c := under(conn)
	return c != nil && c.Gone()
}

// Linger has a request's connection read on before it is closed.
func Linger(conn net.Conn) {
	if c := under(conn); c != nil {
		c.patient.Store(true)
	}
}

// Close closes the connection, unless it is to rest or a reply is to be sent first.
func (c *Conn) Close() error {
	if c.rest() || c.closeAfterReply() {
		return nil
	}
	if tcp, ok := c.Conn.(*net.TCPConn); ok && c.patient.Swap(false) {
		c.lingers.Store(true)
		_ = tcp.CloseWrite()
		_ = tcp.SetReadDeadline(time.Now().Add(lingerFor))
		_, _ = io.CopyN(io.Discard, tcp, lingerBytes)
	}
	return c.replyConn.Close()
}

// Close ends TLS, unless the connection only rests.
func (c *tlsConn) Close() error {
	if c.below.rest() {
		return nil
	}
	return c.Conn.Close()
}

// Read reads for fasthttp.
func (c *Conn) Read(b []byte) (int, error) {
	if c.outer != net.Conn(c) { // TLS reads
		return c.replyConn.Read(b)
	}
	return c.head.read(b, &c.replyConn, c)
}

// Read reads for fasthttp.
func (c *tlsConn) Read(b []byte) (int, error) { return c.below.head.read(b, c.Conn, c.below) }
