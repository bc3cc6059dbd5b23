package cluster

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

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// connKind is the first byte of a connection to the cluster port.
type connKind byte

const (
	connRaft connKind = iota + 1
	connForward
	connControl
)

const (
	greetLimit  = 5 * time.Second // for the handshake and the first byte
	maxGreeting = 32 << 10        // bytes of a handshake; a long chain of certificates takes 8 KiB
)

var clusterRooms = rooms{strangers: 64, eachAlien: 32, known: 128}

// mux shares the one cluster port between Raft, forwarding and control.
type mux struct {
	listener net.Listener
	self     fsm.NodeID
	tls      atomic.Pointer[tlsPair] // nil: plain
	trouble  *troubles
	kinds    map[connKind]chan net.Conn
	door     door
	greeting chan struct{} // full while so many wait to be handed on, or shown out
	done     chan struct{}
	closing  sync.Once
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// listenMux binds the cluster port. known tells the addresses of peers.
func listenMux(addr string, self fsm.NodeID, tls *tlsPair, known func(netip.Addr) bool, trouble *troubles) (*mux, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, listenError("--cluster-addr", addr, err)
	}
	return newMux(l, self, tls, known, trouble), nil
}

func newMux(l net.Listener, self fsm.NodeID, tls *tlsPair, known func(netip.Addr) bool, trouble *troubles) *mux {
	m := &mux{
		listener: l, self: self, trouble: trouble, kinds: map[connKind]chan net.Conn{},
		door:     door{rooms: clusterRooms, known: known},
		greeting: make(chan struct{}, 2*clusterRooms.size()), done: make(chan struct{}), conns: map[net.Conn]struct{}{},
	}
	m.tls.Store(tls)
	for _, k := range []connKind{connRaft, connForward, connControl} {
		m.kinds[k] = make(chan net.Conn)
	}
	m.running.Go(m.run)
	return m
}

// listenError says which setting to change.
func listenError(flag, addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s %s is in use: stop the process that listens there, or choose another address", flag, addr)
	}
	return fmt.Errorf("%s %s cannot be bound: %w", flag, addr, err)
}

func (m *mux) run() {
	for {
		conn, err := m.listener.Accept()
		if err != nil {
			select {
			case <-m.done:
				return
			case <-time.After(50 * time.Millisecond): // out of descriptors, say
				continue
			}
		}
		leave := m.door.enter(conn)
		select {
		case m.greeting <- struct{}{}:
			m.running.Go(func() { m.greet(conn, leave); <-m.greeting })
		case <-m.done:
			conn.Close()
		}
	}
}

// greet finds out who is there and hands the connection on.
func (m *mux) greet(conn net.Conn, leave func()) {
	conn.SetDeadline(time.Now().Add(greetLimit))
	guest := &guestConn{Conn: conn, left: maxGreeting}
	conn = guest
	if pair := m.tls.Load(); pair != nil {
		conn = tls.Server(conn, pair.server)
	}
	tracked := m.track(conn)
	to, err := m.greeted(conn)
	leave()
	if err != nil {
		m.refused(conn, err)
		tracked.Close()
		return
	}
	guest.trusted = true
	conn.SetDeadline(time.Time{})
	select {
	case to <- tracked:
	case <-m.done:
		tracked.Close()
	case <-time.After(greetLimit):
		tracked.Close()
	}
}

// greeted reads what a connection is for: its kind, and for Raft the node that it means.
// A vote or an acknowledgement counts for that one, and another may have its address.
func (m *mux) greeted(conn net.Conn) (chan net.Conn, error) {
	var kind [1]byte
	if _, err := io.ReadFull(conn, kind[:]); err != nil {
		return nil, err
	}
	to, ok := m.kinds[connKind(kind[0])]
	if !ok {
		return nil, errGreeting
	}
	if connKind(kind[0]) == connRaft {
		var meant fsm.NodeID
		if _, err := io.ReadFull(conn, meant[:]); err != nil || meant != m.self {
			return nil, cmp.Or(err, errGreeting)
		}
	}
	return to, nil
}

// errGreeting says that a connection is for another node, or for nothing that is known.
var errGreeting = errors.New("not meant for this node")

// refused tells of a failed handshake.
func (m *mux) refused(conn net.Conn, err error) {
	if why := whyRefused(err); m.tls.Load() != nil && why != "" {
		from := addrOf(conn).String()
		m.trouble.note("refused "+from, 0, fmt.Sprintf("a connection from %s to the cluster port was refused: %s (%v)", from, why, err))
	}
}

// trackedConn is closed with the mux.
type trackedConn struct {
	net.Conn
	m *mux
}

func (m *mux) track(conn net.Conn) net.Conn {
	t := &trackedConn{conn, m}
	m.mu.Lock()
	m.conns[t] = struct{}{}
	m.mu.Unlock()
	select {
	case <-m.done:
		t.Close()
	default:
	}
	return t
}

func (t *trackedConn) Close() error {
	t.m.mu.Lock()
	delete(t.m.conns, t)
	t.m.mu.Unlock()
	return t.Conn.Close()
}

func (m *mux) Addr() net.Addr { return m.listener.Addr() }

// Close ends the listener and every connection that came in.
func (m *mux) Close() error {
	m.closing.Do(func() {
		close(m.done)
		m.listener.Close()
		m.mu.Lock()
		conns := m.conns
		m.conns = map[net.Conn]struct{}{}
		m.mu.Unlock()
		for c := range conns {
			c.(*trackedConn).Conn.Close()
		}
		m.running.Wait()
	})
	return nil
}

// dial opens a connection of a kind to another node.
func (m *mux) dial(ctx context.Context, addr string, kind connKind) (net.Conn, error) {
	return m.dialWith(ctx, addr, []byte{byte(kind)})
}

// dialWith opens a connection that begins with a greeting.
func (m *mux) dialWith(ctx context.Context, addr string, greeting []byte) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if pair := m.tls.Load(); pair != nil {
		conn = tls.Client(conn, pair.client)
	}
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	if _, err := conn.Write(greeting); err != nil {
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

// accept returns a listener for the connections of one kind.
func (m *mux) accept(kind connKind) net.Listener {
	return &kindListener{m: m, kind: kind, done: make(chan struct{})}
}

type kindListener struct {
	m    *mux
	kind connKind
	done chan struct{}
	once sync.Once
}

func (l *kindListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.m.kinds[l.kind]:
		return conn, nil
	case <-l.done:
	case <-l.m.done:
	}
	return nil, net.ErrClosed
}

func (l *kindListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *kindListener) Addr() net.Addr { return l.m.Addr() }

// streamLayer is the mux as Raft's transport wants it.
func (m *mux) streamLayer(advertise string) raft.StreamLayer {
	return &streamLayer{Listener: m.accept(connRaft), m: m, addr: nodeAddr(advertise)}
}

type streamLayer struct {
	net.Listener
	m    *mux
	addr nodeAddr
}

func (s *streamLayer) Addr() net.Addr { return s.addr }

// nodeAddr is the HOST:PORT that others reach a node at.
type nodeAddr string

func (nodeAddr) Network() string  { return "tcp" }
func (a nodeAddr) String() string { return string(a) }
