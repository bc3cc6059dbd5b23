package transport

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// A connection to the cluster or the gossip port is a guest until it has proven that it
// knows the secret. The number of guests is bounded, and so is what one may send, so that a
// flood of strangers costs little memory. A full port closes the oldest guest's connection
// and takes the newest: a peer proves itself within milliseconds, so the oldest is no peer.
// Guests from the addresses of known peers are counted apart: strangers cannot crowd them
// out.

// GuestLimits bound the guests of a port.
type GuestLimits struct {
	Strangers  int // in all
	PerAddress int // of them from one address, or one /64 of IPv6
	Peers      int // from the addresses of known peers, in all
}

func (l GuestLimits) size() int { return l.Strangers + l.Peers }

// Guests are the connections to one port that have not proven themselves yet.
type Guests struct {
	limits  GuestLimits
	known   func(netip.Addr) bool // whether a peer is known to have this address; nil: none is
	mu      sync.Mutex
	waiting [2][]*unproven // strangers and those from known addresses, in the order of their coming
}

type unproven struct {
	conn net.Conn
	from netip.Addr
}

// NewGuests counts the guests of a port. known tells whether a peer is known to have an
// address; if it is nil, none is.
func NewGuests(limits GuestLimits, known func(netip.Addr) bool) *Guests {
	return &Guests{limits: limits, known: known}
}

// Admit lets a connection in as a guest, and closes the oldest guest's if there is no room.
// It returns what to call when the connection has proven itself or ended.
func (g *Guests) Admit(conn net.Conn) (leave func()) {
	guest, room := &unproven{conn, addrOf(conn)}, 0
	if g.known != nil && g.known(guest.from) {
		room = 1
	} else {
		guest.from = network(guest.from)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if oldest := g.toClose(room, guest.from); oldest != nil {
		g.remove(room, oldest)
		oldest.conn.Close()
	}
	g.waiting[room] = append(g.waiting[room], guest)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.remove(room, guest)
	}
}

// toClose returns the guest that makes room for one from that address, nil if there is room.
func (g *Guests) toClose(room int, from netip.Addr) *unproven {
	guests := g.waiting[room]
	if room == 1 {
		if len(guests) >= g.limits.Peers {
			return guests[0]
		}
		return nil
	}
	same := slices.DeleteFunc(slices.Clone(guests), func(u *unproven) bool { return u.from != from })
	switch {
	case len(same) >= g.limits.PerAddress:
		return same[0]
	case len(guests) >= g.limits.Strangers:
		return guests[0]
	}
	return nil
}

func (g *Guests) remove(room int, guest *unproven) {
	if i := slices.Index(g.waiting[room], guest); i >= 0 {
		g.waiting[room] = slices.Delete(g.waiting[room], i, i+1)
	}
}

// addrOf is the address that a connection comes from.
func addrOf(conn net.Conn) netip.Addr {
	from, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	return from.Addr().Unmap().WithZone("")
}

// network returns the range of addresses that one machine of a stranger's may have: a /64 of
// IPv6, one address of IPv4.
func network(a netip.Addr) netip.Addr {
	if p, err := a.Prefix(64); a.Is6() && err == nil {
		return p.Addr()
	}
	return a
}

var errTooMuch = errors.New("it sent more than any peer does before it has proven itself")

// LimitedConn is a connection of which so many bytes may be read, until it is trusteg.
type LimitedConn struct {
	net.Conn
	left    int
	trusted bool
}

// LimitReads lets at most limit bytes be read from a connection until it is trusteg.
func LimitReads(conn net.Conn, limit int) *LimitedConn {
	return &LimitedConn{Conn: conn, left: limit}
}

func (c *LimitedConn) Read(p []byte) (int, error) {
	if c.trusted {
		return c.Conn.Read(p)
	}
	if c.left == 0 {
		return 0, errTooMuch
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
