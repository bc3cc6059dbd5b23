package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Kind tells what a connection to the cluster port is for. It is the first byte on it.
type Kind byte

const (
	KindRaft    Kind = iota + 1 // Raft's messages
	KindForward                 // commands on their way to the leader, and their results back
	KindControl                 // one question and its answer
)

const (
	handshakeLimit = 5 * time.Second // for the handshake and the first byte
	maxHandshake   = 32 << 10        // bytes of a handshake; a long chain of certificates takes 8 KiB
)

var portLimits = GuestLimits{Strangers: 64, PerAddress: 32, Peers: 128}

// Port is the one cluster port of a node. It lets peers in that prove themselves, and
// hands each connection to who serves its kind. Its methods may be called from any
// goroutine.
type Port struct {
	listener   net.Listener
	self       fsm.NodeID
	tls        atomic.Pointer[TLS] // nil: plain
	refusal    func(from netip.Addr, why string)
	kinds      map[Kind]chan net.Conn
	guests     *Guests
	handshakes chan struct{} // full while so many have not been handed on or closed yet
	done       chan struct{}
	closing    sync.Once
	running    sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// Options say how a node's cluster port treats those who come.
type Options struct {
	Self    fsm.NodeID
	TLS     *TLS                              // nil: plain
	Known   func(netip.Addr) bool             // whether a peer is known to have an address; nil: none is
	Refused func(from netip.Addr, why string) // told of each peer that failed to prove itself, in plain words; nil: nobody is told
}

// Listen binds the cluster port.
func Listen(addr string, o Options) (*Port, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, ListenError("--cluster-addr", addr, err)
	}
	return Serve(l, o), nil
}

// Serve is Listen on a listener that is there already. It closes the listener with the
// port.
func Serve(l net.Listener, o Options) *Port {
	p := &Port{
		listener: l, self: o.Self, refusal: o.Refused, kinds: map[Kind]chan net.Conn{},
		guests:     NewGuests(portLimits, o.Known),
		handshakes: make(chan struct{}, 2*portLimits.size()), done: make(chan struct{}), conns: map[net.Conn]struct{}{},
	}
	p.tls.Store(o.TLS)
	for _, k := range []Kind{KindRaft, KindForward, KindControl} {
		p.kinds[k] = make(chan net.Conn)
	}
	p.running.Go(p.run)
	return p
}

// ListenError says which setting to change.
func ListenError(flag, addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s %s is in use: stop the process that listens there, or choose another address", flag, addr)
	}
	return fmt.Errorf("%s %s cannot be bound: %w", flag, addr, err)
}

func (p *Port) run() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			select {
			case <-p.done:
				return
			case <-time.After(50 * time.Millisecond): // out of descriptors, say
				continue
			}
		}
		leave := p.guests.Admit(conn)
		select {
		case p.handshakes <- struct{}{}:
			p.running.Go(func() { p.handshake(conn, leave); <-p.handshakes })
		case <-p.done:
			conn.Close()
		}
	}
}

// handshake has the peer prove itself, reads what the connection is for and hands it on.
func (p *Port) handshake(conn net.Conn, leave func()) {
	conn.SetDeadline(time.Now().Add(handshakeLimit))
	guest := LimitReads(conn, maxHandshake)
	conn = guest
	if pair := p.tls.Load(); pair != nil {
		conn = tls.Server(conn, pair.server)
	}
	tracked := p.track(conn)
	to, err := p.readKind(conn)
	leave()
	if err != nil {
		p.refused(conn, err)
		tracked.Close()
		return
	}
	guest.trusted = true
	conn.SetDeadline(time.Time{})
	select {
	case to <- tracked:
	case <-p.done:
		tracked.Close()
	case <-time.After(handshakeLimit):
		tracked.Close()
	}
}

// readKind reads what a connection is for: its kind, and for Raft the ID of the node that
// is meant. A vote or an acknowledgement counts for that node, and this one may have got
// its address.
func (p *Port) readKind(conn net.Conn) (chan net.Conn, error) {
	var kind [1]byte
	if _, err := io.ReadFull(conn, kind[:]); err != nil {
		return nil, err
	}
	to, ok := p.kinds[Kind(kind[0])]
	if !ok {
		return nil, errNotForUs
	}
	if Kind(kind[0]) == KindRaft {
		var meant fsm.NodeID
		if _, err := io.ReadFull(conn, meant[:]); err != nil || meant != p.self {
			return nil, cmp.Or(err, errNotForUs)
		}
	}
	return to, nil
}

// errNotForUs says that a connection is for another node, or for nothing that is known.
var errNotForUs = errors.New("not meant for this node")

// refused tells of a failed handshake, if it means that the peer is not trusted.
func (p *Port) refused(conn net.Conn, err error) {
	if why := whyRefused(err); p.tls.Load() != nil && why != "" && p.refusal != nil {
		p.refusal(addrOf(conn), fmt.Sprintf("%s (%v)", why, err))
	}
}

// trackedConn is an incoming connection. It is closed with the port.
type trackedConn struct {
	net.Conn
	port *Port
}

func (p *Port) track(conn net.Conn) net.Conn {
	t := &trackedConn{conn, p}
	p.mu.Lock()
	p.conns[t] = struct{}{}
	p.mu.Unlock()
	select {
	case <-p.done:
		t.Close()
	default:
	}
	return t
}

func (t *trackedConn) Close() error {
	t.port.mu.Lock()
	delete(t.port.conns, t)
	t.port.mu.Unlock()
	return t.Conn.Close()
}

func (p *Port) Addr() net.Addr { return p.listener.Addr() }

// Close ends the port and every connection that came in.
func (p *Port) Close() error {
	p.closing.Do(func() {
		close(p.done)
		p.listener.Close()
		p.mu.Lock()
		conns := p.conns
		p.conns = map[net.Conn]struct{}{}
		p.mu.Unlock()
		for c := range conns {
			c.(*trackedConn).Conn.Close()
		}
		p.running.Wait()
	})
	return nil
}

// Dial opens a connection of a kind to the node at addr, HOST:PORT. ctx bounds the dial and
// the TLS handshake, not the connection.
func (p *Port) Dial(ctx context.Context, addr string, kind Kind) (net.Conn, error) {
	return p.dialWith(ctx, addr, []byte{byte(kind)})
}

// dialWith opens a connection and sends head first.
func (p *Port) dialWith(ctx context.Context, addr string, head []byte) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if pair := p.tls.Load(); pair != nil {
		conn = tls.Client(conn, pair.client)
	}
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	if _, err := conn.Write(head); err != nil {
		stop()
		conn.Close()
		if why := whyRefused(err); why != "" {
			err = fmt.Errorf("the node at %s is refused: %s: %w", addr, why, err)
		}
		return nil, err
	}
	if !stop() {
		conn.Close()
		return nil, ctx.Err()
	}
	conn.SetDeadline(time.Time{})
	return conn, nil
}

// Listener returns a listener for the connections of one kind. Closing it does not close
// the port.
func (p *Port) Listener(kind Kind) net.Listener {
	return &kindListener{port: p, kind: kind, done: make(chan struct{})}
}

type kindListener struct {
	port *Port
	kind Kind
	done chan struct{}
	once sync.Once
}

func (l *kindListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.port.kinds[l.kind]:
		return conn, nil
	case <-l.done:
	case <-l.port.done:
	}
	return nil, net.ErrClosed
}

func (l *kindListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *kindListener) Addr() net.Addr { return l.port.Addr() }

// SetTLS has all connections from now on use another pair; open ones stay. It reports
// whether the pair was made of other secrets or certificates than the one before.
func (p *Port) SetTLS(pair *TLS) (changed bool) {
	old := p.tls.Swap(pair)
	return old == nil || old.source != pair.source
}
