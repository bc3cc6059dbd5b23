package cluster

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// A connection to the cluster or the gossip port is a guest until it has proven that
// it knows the secret. Guests are bounded, and so is what one may send, so that a
// flood of them costs little memory. A port that is full shows the guest out that came
// first, rather than turn the newest away: a peer proves itself within milliseconds, and
// who stays longer is no peer. Known peers' addresses have a room of their own.

// rooms bound the guests of a port.
type rooms struct {
	strangers int // in all
	eachAlien int // of them from one address, or one /64 of IPv6
	known     int // from the addresses of known peers, in all
}

func (r rooms) size() int { return r.strangers + r.known }

// door counts the guests of one port.
type door struct {
	rooms  rooms
	known  func(netip.Addr) bool // whether a peer is known to have this address; nil: none is
	mu     sync.Mutex
	guests [2][]*guest // strangers and those from known addresses, in the order of their coming
}

type guest struct {
	conn net.Conn
	from netip.Addr
}

// enter lets a connection in, and another out if there is no room. It returns what to
// call when the connection has proven itself, or ended.
func (d *door) enter(conn net.Conn) (leave func()) {
	g, room := &guest{conn, addrOf(conn)}, 0
	if d.known != nil && d.known(g.from) {
		room = 1
	} else {
		g.from = network(g.from)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if first := d.first(room, g.from); first != nil {
		d.remove(room, first)
		first.conn.Close()
	}
	d.guests[room] = append(d.guests[room], g)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.remove(room, g)
	}
}

// first returns the guest that has to go for one from that address, nil if there is room.
func (d *door) first(room int, from netip.Addr) *guest {
	guests := d.guests[room]
	if room == 1 {
		if len(guests) >= d.rooms.known {
			return guests[0]
		}
		return nil
	}
	same := slices.DeleteFunc(slices.Clone(guests), func(g *guest) bool { return g.from != from })
	switch {
	case len(same) >= d.rooms.eachAlien:
		return same[0]
	case len(guests) >= d.rooms.strangers:
		return guests[0]
	}
	return nil
}

func (d *door) remove(room int, g *guest) {
	if i := slices.Index(d.guests[room], g); i >= 0 {
		d.guests[room] = slices.Delete(d.guests[room], i, i+1)
	}
}

// addrOf is the address that a connection comes from.
func addrOf(conn net.Conn) netip.Addr {
	from, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	return from.Addr().Unmap().WithZone("")
}

// network is what one machine of a stranger's may have of addresses.
func network(a netip.Addr) netip.Addr {
	if p, err := a.Prefix(64); a.Is6() && err == nil {
		return p.Addr()
	}
	return a
}

var errGuestTalk = errors.New("it sent more than any peer does before it has proven itself")

// guestConn is a connection of which so many bytes may be read, until it is trusted.
type guestConn struct {
	net.Conn
	left    int
	trusted bool
}

func (c *guestConn) Read(p []byte) (int, error) {
	if c.trusted {
		return c.Conn.Read(p)
	}
	if c.left == 0 {
		return 0, errGuestTalk
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
