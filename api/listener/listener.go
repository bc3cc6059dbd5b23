package listener

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/api/metrics"
)

const (
	maxConnections = 32768 // open at once, whatever the limit on descriptors is
	maxOverTLS     = 16384 // for TLS keeps some 14 kB for each, however idle
	firstBackoff   = 5 * time.Millisecond
	lastBackoff    = 200 * time.Millisecond
	logEvery       = 10 * time.Second
)

// connectionLimit is how many connections may be open, at most so many, so that descriptors are left
// for the log, the other nodes and the mail server. Go itself raises the soft limit
// to the hard one before main runs.
func connectionLimit(most int) int {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return 512
	}
	all := uint64(files.Cur)
	reserve := min(64+all/8, 1024, all/2)
	return int(min(all-reserve, uint64(most)))
}

// Listener accepts connections for as long as its socket lives: being short of
// descriptors or memory is no reason to end. When there are too many connections it
// closes those that are idle longest.
type Listener struct {
	net.Listener
	opts   Options
	most   int
	spare  *os.File // a descriptor to give up when there are no others; nil: it is given up
	wait   time.Duration
	full   rarely
	failed rarely
}

// Options say what a listener works with.
type Options struct {
	Most    int // connections open at once; 0: what the limit on descriptors lets be
	TLS     bool
	Pool    *deferred.Pool
	Metrics *metrics.Metrics
	Log     *slog.Logger
}

// New accepts the connections of ln for a pool.
func New(ln net.Listener, opts Options) *Listener {
	l := &Listener{Listener: ln, opts: opts, most: opts.Most, full: rarely{log: opts.Log}, failed: rarely{log: opts.Log}}
	if l.most == 0 && opts.TLS {
		l.most = connectionLimit(maxOverTLS)
	} else if l.most == 0 {
		l.most = connectionLimit(maxConnections)
	}
	opts.Metrics.ConnectionLimit.Set(float64(l.most))
	l.keepSpare()
	return l
}

// Accept waits for a connection. Its errors are for good.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		switch {
		case err == nil && l.makeRoom():
			l.wait = 0
			return l.opts.Pool.Open(conn), nil
		case err == nil:
			l.refuse(conn)
		case isPermanent(err):
			_ = l.spare.Close() // of no file: an error
			return nil, err
		default:
			l.survive(err)
		}
	}
}

// isPermanent reports whether no later call of accept will do better.
func isPermanent(err error) bool {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return true
	}
	return number == syscall.EBADF || number == syscall.EINVAL || number == syscall.ENOTSOCK
}

// makeRoom closes idle connections if one more would be too many. It closes some at
// once, so that a flood does not have it look through all of them for each.
func (l *Listener) makeRoom() bool {
	if l.opts.Pool.Len() < l.most {
		return true
	}
	n := l.shed()
	l.full.warn("too many connections are open: those that were idle longest are closed; raise the limit on descriptors (ulimit -n, LimitNOFILE=) if the clients are yours",
		"limit", l.most, "closed", n)
	return n > 0
}

func (l *Listener) shed() int {
	n := l.opts.Pool.Shed(1 + l.most/64)
	l.opts.Metrics.ShedIdle.Add(float64(n))
	return n
}

// survive waits a little after accept failed. If that was for want of descriptors it
// frees some; if none can be freed it gives up the spare one to tell a client, which
// would otherwise wait in vain.
func (l *Listener) survive(err error) {
	l.opts.Metrics.AcceptErrors.Inc()
	l.failed.warn("a connection could not be accepted; this node tries again", "err", err)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		if l.shed() > 0 {
			return
		}
		l.turnAway()
	}
	l.wait = min(max(2*l.wait, firstBackoff), lastBackoff)
	time.Sleep(l.wait)
}

// turnAway refuses one client that waits, with the spare descriptor.
func (l *Listener) turnAway() {
	tcp, ok := l.Listener.(*net.TCPListener)
	if !ok || l.spare == nil {
		l.keepSpare()
		return
	}
	_ = l.spare.Close()
	l.spare = nil
	_ = tcp.SetDeadline(time.Now().Add(firstBackoff))
	if conn, err := tcp.Accept(); err == nil {
		l.refuse(conn)
	}
	_ = tcp.SetDeadline(time.Time{})
	l.keepSpare()
}

func (l *Listener) keepSpare() {
	if f, err := os.Open(os.DevNull); err == nil {
		l.spare = f
	}
}

// BusyAnswer tells a client without TLS that there is no room.
const BusyAnswer = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nContent-Length: 94\r\n\r\n" +
	`{"code":"overloaded","error":"too many connections are open: try again later or another node"}`

// refuse tells a client that there is no room, if it can be told without TLS.
func (l *Listener) refuse(conn net.Conn) {
	l.opts.Metrics.Refused.Inc()
	if !l.opts.TLS {
		_, _ = conn.Write([]byte(BusyAnswer)) // which its empty buffer takes at once
	}
	_ = conn.Close()
}

// rarely logs at most one line in logEvery, with how many it left out.
type rarely struct {
	log     *slog.Logger
	last    atomic.Int64 // Unix ns
	skipped atomic.Int64
}

func (r *rarely) warn(words string, args ...any) {
	now, last := time.Now().UnixNano(), r.last.Load()
	if last != 0 && now-last < int64(logEvery) || !r.last.CompareAndSwap(last, now) {
		r.skipped.Add(1)
		return
	}
	r.log.Warn(words, append(args, "lines_left_out", r.skipped.Swap(0))...)
}
