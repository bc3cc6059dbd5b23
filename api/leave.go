package api

import (
	"context"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/deferred"
)

// farewell is how long a server that leaves still answers: long enough for a
// handshake that has begun, and for a balancer's next request on a kept connection,
// whose answer tells it that there will be no further one.
const farewell = 500 * time.Millisecond

// Listen binds an address for [Server.Serve]. It is plain TCP: sockets of Multipath
// TCP, which Go would make, take no filter.
func Listen(addr string) (net.Listener, error) {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false)
	return plain.Listen(context.Background(), "tcp", addr)
}

// Leave is for a sound node, before [Server.Shutdown]: it takes no new connections,
// and answers on those it has for another half a second, or until ctx ends, so that
// no client finds its connection reset.
func (s *Server) Leave(ctx context.Context) {
	s.conns.Leave()
	if ln := s.listener.Load(); ln != nil {
		if err := refuseConnections(*ln); err != nil {
			s.log.Debug("connections that begin now may be reset", "err", err)
		}
	}
	select {
	case <-time.After(farewell):
	case <-ctx.Done():
	}
}

// dismiss ends the request's connection with its answer if the server leaves, or if
// the connection holds too much.
func (s *Server) dismiss(ctx *fasthttp.RequestCtx) {
	if s.conns.Leaving() || deferred.HoldsTooMuch(ctx.Conn()) {
		ctx.SetConnectionClose()
	}
}
