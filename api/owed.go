package api

import (
	"bytes"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// owedConn is a connection on which the answer to a ping may be owed. The handler of
// a ping does not wait for its outcome: it answers as if all went well, fasthttp
// writes that and reads on, and the connection keeps it. Whoever brings the outcome
// sends the answer, or another one if the outcome is another. So no goroutine waits
// while the ping is on its way to the disks of a majority, and none has to be woken
// for each ping of a batch. Nothing is sent that says OK before a ping is recorded.
//
// Answers keep the order of their requests: what is written while one is owed waits
// for it. fasthttp may write several at once, because the client sent several
// requests at once; the one that is owed is the first of them, see begin.
//
// Its fields stand in the order of who uses them: by the time a ping is answered, its
// connection's memory is in no cache, or in the other core's, so each further line of
// 64 bytes costs more than what is done with it.
type owedConn struct {
	lazyConn // a line

	// The next line is the serving goroutine's:
	from    netip.Addr     // the client's
	pay     func(fsm.Code) // settles the debt: what [Cluster.PingThen] is given
	heard   atomic.Int64   // uptime of the newest request, of its answer if none was owed, or of its making
	doing   atomic.Int32   // working, waiting or closed
	resting atomic.Bool    // the next Close is not meant, see rest
	between bool           // fasthttp waits for the first byte of a request
	begun   bool           // the request under way was waited for, see limitRead
	able    bool           // an answer may be owed here: the connection is a socket, and carried no stream
	drained bool           // fasthttp has nothing in its buffer
	first   bool           // nor had it when the request under way began
	owes    bool           // the answer to the request under way is owed
	large   bool           // there was a read with room for more than tlsKeeps

	// Then comes what it shares with whoever pays:
	mu      sync.Mutex
	owed    atomic.Bool // set by the serving goroutine
	closing bool        // it is to be closed when the debt is settled
	shut    bool        // it was
	fd      int         // the socket, which is closed under mu only; -1: it is
	kept    []byte      // the answer that fasthttp wrote
	debt    debt

	settled sync.Cond
	server  *Server

	// At last what pings do not need:
	raw     syscall.RawConn // nil: it is no socket
	sending atomic.Int64    // Unix ns when the answer under way began; 0: none is
	lingers atomic.Bool     // closed but for what the client still sends
}

// debt is what is known of an answer that is owed.
type debt struct {
	start uptime   // of the request
	head  bool     // its method is HEAD
	plain bool     // it is one of Healthchecks' API
	code  fsm.Code // the outcome; CodeNone: not known yet
}

// init makes c able to owe, if conn is a socket.
func (c *owedConn) init(conn net.Conn, s *Server) {
	c.heardNow(time.Now())
	c.lazyConn, c.server, c.settled.L, c.pay, c.fd, c.drained = lazyConn{Conn: conn}, s, &c.mu, c.paid, -1, true
	c.from = addrOf(conn.RemoteAddr())
	defer s.conns.add(c)
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		c.raw = raw
		_ = raw.Control(func(fd uintptr) { c.fd, c.able = int(fd), true })
	}
}

// debtor returns a request's connection if the answer to a ping may be owed on it: a
// kept one without TLS, on which none is owed yet and none waits to be written.
func debtor(ctx *fasthttp.RequestCtx) *owedConn {
	c, ok := ctx.Conn().(*lingerConn)
	if !ok || !c.able || !c.first || c.owed.Load() || !ctx.Request.Header.IsHTTP11() || ctx.Request.Header.ConnectionClose() {
		return nil
	}
	return &c.owedConn
}

// expect gets ready for pay, which may be called from now on.
func (c *owedConn) expect(d debt) {
	c.mu.Lock()
	c.debt = d
	c.mu.Unlock()
}

// owe has the answer that fasthttp writes next kept until pay is called.
func (c *owedConn) owe() {
	c.owes = true
	c.owed.Store(true)
}

// writeBuffer is the size of fasthttp's buffer. A shorter write is of all that was in
// it: before fasthttp has an answer whole, it writes only what fills the buffer.
const writeBuffer = 4096

// begin notes that a request begins. fasthttp may hold answers back until it wrote
// those of all requests that came together. What is owed must not follow others in
// its buffer, for then nobody could tell where in kept it is.
func begin(conn net.Conn, now time.Time) {
	if c := under(conn); c != nil {
		c.first, c.drained, c.owes = c.drained, false, false
		c.heardNow(now)
	}
}

// stream notes that an answer is a stream, which fasthttp writes in pieces of any
// length: nothing can be told from the length of a write any more.
func stream(conn net.Conn) {
	if c, ok := conn.(*lingerConn); ok {
		c.able = false
	}
}

func (c *owedConn) Write(b []byte) (int, error) {
	c.drained = len(b) < writeBuffer
	if !c.keeps(b) {
		n, err := c.writeNow(b)
		c.heardNow(time.Now())
		return n, err
	}
	return len(b), nil
}

// writeNow writes b within writeLimit. fasthttp has no WriteTimeout: it would move a
// deadline for each answer that is owed too, and would end a large backup that
// makes progress.
func (c *owedConn) writeNow(b []byte) (int, error) {
	now := time.Now()
	if err := c.SetWriteDeadline(now.Add(writeLimit)); err != nil {
		return 0, err
	}
	c.sending.Store(now.UnixNano())
	defer c.sending.Store(0)
	return c.lazyConn.Write(b)
}

// keeps keeps an answer that is owed; other ones have to wait until it is sent.
func (c *owedConn) keeps(b []byte) bool {
	if !c.owed.Load() {
		return false
	}
	c.mu.Lock()
	c.untilSent()
	owed := c.owed.Load()
	if owed {
		c.keep(b)
		if c.debt.code != fsm.CodeNone {
			c.answer()
		}
	}
	c.mu.Unlock()
	return owed
}

// keep keeps b, which begins with the answer that is owed. The lines that private would
// add are put in here: two headers of fasthttp's lie in six places in memory.
func (c *owedConn) keep(b []byte) {
	if rest, ok := bytes.CutPrefix(b, statusLine); ok {
		c.kept = append(c.kept, okLines...)
		b = rest
	}
	c.kept = append(c.kept, b...)
}

// untilSent waits until nothing is kept; the lock is held.
func (c *owedConn) untilSent() {
	for len(c.kept) > 0 {
		c.settled.Wait()
	}
}

// paid takes the outcome. It does not block.
func (c *owedConn) paid(code fsm.Code) {
	if code == fsm.CodeNone { // of another node's making; here it means that nothing is known yet
		code = fsm.CodeUnknownOutcome
	}
	c.mu.Lock()
	c.debt.code = code
	if len(c.kept) > 0 || c.closing {
		c.answer()
	}
	c.mu.Unlock()
}

// answer sends what is owed.
func (c *owedConn) answer() {
	d, status := &c.debt, fasthttp.StatusOK
	if d.code != fsm.CodeOK && (d.code != fsm.CodePaused || !d.plain) {
		status = c.server.correct(c)
	}
	c.server.met.PingAnswered(status, d.start.since())
	n, err := c.writeSome(c.kept)
	if err != nil || n == len(c.kept) {
		c.settle(err)
		return
	}
	rest := slices.Clone(c.kept[n:]) // the client reads slowly
	go func() {
		_, err := c.writeNow(rest)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.settle(err)
	}()
}

// writeSome writes what the socket takes at once, without Go's locks and timers for
// writing: they cost as much as all else that is done for the answer here.
func (c *owedConn) writeSome(b []byte) (int, error) {
	if c.fd < 0 {
		return 0, net.ErrClosed
	}
	if len(b) == 0 {
		return 0, nil
	}
	n, err := syscall.Write(c.fd, b)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return 0, nil
	}
	return n, err
}

// end closes the socket; the lock is held.
func (c *owedConn) end() error {
	if !c.shut {
		c.shut = true
		c.server.conns.remove(c)
	}
	c.fd = -1
	return c.Conn.Close()
}

// settle ends the debt.
func (c *owedConn) settle(err error) {
	c.kept = c.kept[:0]
	c.owed.Store(false)
	c.settled.Broadcast()
	if err != nil || c.closing {
		_ = c.end()
	}
}

// closeLater reports whether the connection will be closed when the debt is settled.
func (c *owedConn) closeLater() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.owed.Load() {
		return false
	}
	c.closing = true
	if c.debt.code != fsm.CodeNone && len(c.kept) == 0 { // nothing will be written any more
		c.answer()
	}
	return true
}

// Close closes the connection at once.
func (c *owedConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end()
}
