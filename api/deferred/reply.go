package deferred

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

// replyConn is a connection on which the reply to a ping may be deferred.
//
// Replies keep the order of their requests: what is written while one is deferred waits
// for it. fasthttp may write several at once, because the client sent several requests at
// once; the deferred one is the first of them, see BeginRequest.
//
// Its fields are ordered by who uses them: by the time a ping is answered, its
// connection's memory is in no cache, or in the other core's, so each further line of
// 64 bytes costs more than what is done with it.
type replyConn struct {
	deadlineConn // a line

	// The next line belongs to the serving goroutine:
	from     netip.Addr     // the client's
	resolve  func(fsm.Code) // Resolve, bound once
	received atomic.Int64   // uptime of the newest request, of its reply if that was not deferred, or of accept
	doing    atomic.Int32   // working, waiting or closed
	resting  atomic.Bool    // the next Close means rest, see rest
	between  bool           // fasthttp waits for the first byte of a request
	begun    bool           // the request under way was waited for, see limitRead
	able     bool           // a reply may be deferred here: the connection is a socket, and carried no stream
	drained  bool           // fasthttp has nothing in its buffer
	first    bool           // nor had it when the request under way began
	defers   bool           // the reply to the request under way is deferred
	large    bool           // there was a read with room for more than tlsKeeps

	// Then comes what it shares with whoever brings the outcome:
	mu       sync.Mutex
	deferred atomic.Bool // set by the serving goroutine
	closing  bool        // it is to be closed when the reply is sent
	shut     bool        // it was
	fd       int         // the socket, which is closed under mu only; -1: it is
	held     []byte      // the reply that fasthttp wrote
	ready    []byte      // in its place, see DeferReady
	reply    Reply
	sent     sync.Cond // nothing is held back any more
	pool     *Pool

	// Last, what pings do not need:
	raw     syscall.RawConn // nil: it is no socket
	sending atomic.Int64    // Unix ns when the write under way began; 0: none is
	lingers atomic.Bool     // closed but for what the client still sends
}

// Reply is what is known of a deferred reply.
type Reply struct {
	start uptime   // of the request
	code  fsm.Code // the outcome; CodeNone: not known yet
	Head  bool     // the request's method is HEAD
	Plain bool     // it is to Healthchecks' API
}

// init makes replies on c deferrable, if conn is a socket.
func (c *replyConn) init(conn net.Conn, p *Pool) {
	c.noteReceived(time.Now())
	c.deadlineConn, c.pool, c.sent.L, c.resolve, c.fd, c.drained = deadlineConn{Conn: conn}, p, &c.mu, c.takeOutcome, -1, true
	c.from = AddrOf(conn.RemoteAddr())
	defer p.add(c)
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		c.raw = raw
		_ = raw.Control(func(fd uintptr) { c.fd, c.able = int(fd), true })
	}
}

// ConnFor returns a request's connection if the reply to a ping may be deferred on it: a
// kept one without TLS, on which none is deferred yet and no other reply waits in
// fasthttp's buffer; else nil.
func ConnFor(ctx *fasthttp.RequestCtx) *Conn {
	c, ok := ctx.Conn().(*Conn)
	if !ok || !c.able || !c.first || c.deferred.Load() || !ctx.Request.Header.IsHTTP11() || ctx.Request.Header.ConnectionClose() {
		return nil
	}
	return c
}

// Expect prepares for Resolve, which may be called from now on. start is when the
// request came.
func (c *replyConn) Expect(r Reply, start time.Time) {
	r.start = uptimeOf(start)
	c.mu.Lock()
	c.reply = r
	c.mu.Unlock()
}

// Resolve returns the function that takes the outcome. The same one each time: making it
// would cost an allocation.
func (c *replyConn) Resolve() func(fsm.Code) { return c.resolve }

// Defer holds back the reply that fasthttp writes next, until Resolve's function is called.
func (c *replyConn) Defer() {
	c.defers = true
	c.deferred.Store(true)
}

// Defers reports whether the reply to the request under way on a connection is deferred.
func Defers(conn net.Conn) bool {
	c, ok := conn.(*Conn)
	return ok && c.defers
}

// WriteBuffer is the size of fasthttp's buffer for writing. A shorter write is of all that
// was in it: before fasthttp has a reply whole, it writes only what fills the buffer.
const WriteBuffer = 4096

// BeginRequest notes that a request begins. fasthttp may hold replies back until it wrote
// those to all requests that came together. A deferred one must not follow others in
// its buffer, for then nobody could tell where in held it is.
func BeginRequest(conn net.Conn, now time.Time) {
	if c := under(conn); c != nil {
		c.first, c.drained, c.defers = c.drained, false, false
		c.noteReceived(now)
	}
}

// NoteStream notes that a reply is a stream, which fasthttp writes in pieces of any
// length: nothing can be told from the length of a write any more.
func NoteStream(conn net.Conn) {
	if c, ok := conn.(*Conn); ok {
		c.able = false
	}
}

func (c *replyConn) Write(b []byte) (int, error) {
	c.drained = len(b) < WriteBuffer
	if !c.holdBack(b) {
		n, err := c.writeNow(b)
		c.noteReceived(time.Now())
		return n, err
	}
	return len(b), nil
}

// writeNow writes b within the pool's WriteLimit. fasthttp has no WriteTimeout: it would
// move a deadline for each deferred reply too, and would end a large backup that makes progress.
func (c *replyConn) writeNow(b []byte) (int, error) {
	now := time.Now()
	if err := c.SetWriteDeadline(now.Add(c.pool.WriteLimit)); err != nil {
		return 0, err
	}
	c.sending.Store(now.UnixNano())
	defer c.sending.Store(0)
	return c.deadlineConn.Write(b)
}

// holdBack holds b back if it is the deferred reply, and reports whether it did. Any other
// write waits until the deferred reply is sent.
func (c *replyConn) holdBack(b []byte) bool {
	if !c.deferred.Load() {
		return false
	}
	c.mu.Lock()
	c.waitUntilSent()
	deferred := c.deferred.Load()
	if deferred {
		c.hold(b)
		if c.reply.code != fsm.CodeNone {
			c.send()
		}
	}
	c.mu.Unlock()
	return deferred
}

var (
	statusLine = []byte("HTTP/1.1 200 OK\r\n")
	okLines    = []byte(string(statusLine) + "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n")
)

// hold holds b back, which begins with the deferred reply. It adds the headers that every
// reply has: to set them with fasthttp would touch six more places in memory.
func (c *replyConn) hold(b []byte) {
	if rest, ok := bytes.CutPrefix(b, statusLine); ok {
		c.held = append(c.held, okLines...)
		b = rest
	}
	c.held = append(c.held, b...)
}

// waitUntilSent waits until nothing is held back; the lock is held.
func (c *replyConn) waitUntilSent() {
	for c.isHeld() {
		c.sent.Wait()
	}
}

// isHeld reports whether a reply is held back; the lock is held.
func (c *replyConn) isHeld() bool { return len(c.held) > 0 || c.ready != nil }

// takeOutcome takes the outcome of the ping, and sends the reply if it was written by
// then. It does not block.
func (c *replyConn) takeOutcome(code fsm.Code) {
	if code == fsm.CodeNone { // of another node's making; here it means that nothing is known yet
		code = fsm.CodeUnknownOutcome
	}
	c.mu.Lock()
	c.reply.code = code
	if c.isHeld() || c.closing {
		c.send()
	}
	c.mu.Unlock()
}

// send sends the deferred reply.
func (c *replyConn) send() {
	r, b, status := &c.reply, c.ready, fasthttp.StatusOK
	if r.code != fsm.CodeOK && (r.code != fsm.CodePaused || !r.Plain) {
		c.held = append(c.held, c.ready...)
		c.ready = nil
		status = c.correct()
	}
	if c.ready == nil {
		b = c.held
	}
	c.pool.opts.Answered(status, r.start.since())
	n, err := c.writeSome(b)
	if err != nil || n == len(b) {
		c.finishReply(err)
		return
	}
	rest := slices.Clone(b[n:]) // the client reads slowly
	go func() {
		_, err := c.writeNow(rest)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.finishReply(err)
	}()
}

// writeSome writes what the socket takes at once, without Go's locks and timers for
// writing: they cost as much as all else that is done for the reply here.
func (c *replyConn) writeSome(b []byte) (int, error) {
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

// closeSocket closes the socket; the lock is held.
func (c *replyConn) closeSocket() error {
	if !c.shut {
		c.shut = true
		c.pool.remove(c)
	}
	c.fd = -1
	return c.Conn.Close()
}

// finishReply lets others write, or closes the connection if that waited for the reply.
func (c *replyConn) finishReply(err error) {
	c.held, c.ready = c.held[:0], nil
	c.deferred.Store(false)
	c.sent.Broadcast()
	if err != nil || c.closing {
		_ = c.closeSocket()
	}
}

// closeAfterReply reports whether a reply is deferred: the connection is closed once it
// is sent.
func (c *replyConn) closeAfterReply() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.deferred.Load() {
		return false
	}
	c.closing = true
	if c.reply.code != fsm.CodeNone && !c.isHeld() { // nothing will be written any more
		c.send()
	}
	return true
}

// Close closes the connection at once.
func (c *replyConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closeSocket()
}

// noteReceived notes that a request came, or was answered.
func (c *replyConn) noteReceived(now time.Time) { c.received.Store(int64(uptimeOf(now))) }

// uptime is a moment by the monotonic clock. It takes a third of a [time.Time]: with
// many connections, what a request costs hangs on how much memory it touches.
type uptime time.Duration

var programStart = time.Now()

// uptimeOf is 0 for the zero time.
func uptimeOf(t time.Time) uptime {
	if t.IsZero() {
		return 0
	}
	return uptime(t.Sub(programStart))
}

func (u uptime) since() time.Duration { return time.Since(programStart) - time.Duration(u) }

// time is the zero time, which is no deadline, for 0.
func (u uptime) time() time.Time {
	if u == 0 {
		return time.Time{}
	}
	return programStart.Add(time.Duration(u))
}
