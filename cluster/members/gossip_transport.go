package members

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
)

// Gossip's streams carry the states of all nodes, some 600 bytes each. memberlist itself
// would read 20 MB from anybody before it finds that it cannot decrypt them.
const (
	maxGossipState = 64 << 10        // bytes that a stream may bring
	gossipLimit    = 5 * time.Second // for a stream, in all
)

var gossipLimits = transport.GuestLimits{Strangers: 32, PerAddress: 16, Peers: 64}

// boundedTransport is memberlist's own transport, with a bound on the guests at its streams.
// Packets need none: they are decrypted at once, or dropped.
type boundedTransport struct {
	*memberlist.NetTransport
	guests  *transport.Guests
	streams chan net.Conn
	done    chan struct{}
	running sync.WaitGroup
}

// listenGossip binds the gossip port of c, and puts the real one there in the place of 0.
func listenGossip(c *memberlist.Config, known func(netip.Addr) bool) (*boundedTransport, error) {
	nc := &memberlist.NetTransportConfig{BindAddrs: []string{c.BindAddr}, BindPort: c.BindPort, Logger: c.Logger}
	inner, err := memberlist.NewNetTransport(nc)
	for tries := 1; err != nil && c.BindPort == 0 && tries < 10; tries++ { // a port may be free for TCP only
		inner, err = memberlist.NewNetTransport(nc)
	}
	if err != nil {
		return nil, err
	}
	c.BindPort = inner.GetAutoBindPort()
	c.AdvertisePort = c.BindPort
	t := &boundedTransport{
		NetTransport: inner, guests: transport.NewGuests(gossipLimits, known),
		streams: make(chan net.Conn), done: make(chan struct{}),
	}
	t.running.Go(t.run)
	return t, nil
}

// StreamCh implements [memberlist.Transport].
func (t *boundedTransport) StreamCh() <-chan net.Conn { return t.streams }

func (t *boundedTransport) run() {
	for {
		select {
		case conn := <-t.NetTransport.StreamCh():
			s := &gossipStream{LimitedConn: transport.LimitReads(conn, maxGossipState), leave: t.guests.Admit(conn)}
			select {
			case t.streams <- s:
			case <-t.done:
				s.Close()
			}
		case <-t.done:
			return
		}
	}
}

// Shutdown implements [memberlist.Transport]. What still arrives is taken meanwhile.
func (t *boundedTransport) Shutdown() error {
	err := t.NetTransport.Shutdown()
	close(t.done)
	t.running.Wait()
	return err
}

// gossipStream is a guest for as long as it is open.
type gossipStream struct {
	*transport.LimitedConn
	leave func()
}

func (s *gossipStream) Close() error {
	s.leave()
	return s.Conn.Close()
}
