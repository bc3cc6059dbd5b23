package api

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	probeEvery  = time.Second
	probeLimit  = 2 * time.Second  // for one answer
	probeFails  = 3                // in a row, at least, before anything is made of them: this process may have been frozen
	deafAfter   = 3 * time.Second  // without an answer the listener is lost
	deafForGood = 60 * time.Second // after which the node ends, so that others take over
)

// ErrDeaf is wrapped by what [Server.ProveHearing] returns.
var ErrDeaf = errors.New("this node's public listener does not answer")

// errUnreached is wrapped by what went wrong before there was a connection.
var errUnreached = errors.New("no connection")

// hearing is whether this node is known to hear its clients.
type hearing struct{ lost atomic.Pointer[string] } // why not; nil: it does, or nobody has looked

// prober looks at the listener again and again.
type prober struct {
	server  *Server
	lost    time.Duration // without an answer, until it is said
	forGood time.Duration // and until it is over
	heard   time.Time     // the newest answer
	hopeful time.Time     // the newest sign of life, which an answer to a client is as well
	fails   int
	pings   uint64 // answered with 200 so far
}

// ProveHearing asks this node something over its own public listener, every second,
// until ctx ends. It tells whether an answer came; not before the listener has been
// silent for three seconds it tells false. After a minute without an answer it
// returns an error that wraps [ErrDeaf], and the process should end; but not if
// connections are taken and pings are answered, so that it is slow or full only.
func (s *Server) ProveHearing(ctx context.Context, tell func(bool)) error {
	now := time.Now()
	p := &prober{server: s, lost: deafAfter, forGood: deafForGood, heard: now, hopeful: now}
	return p.run(ctx, probeEvery, tell)
}

func (p *prober) run(ctx context.Context, every time.Duration, tell func(bool)) error {
	look := time.NewTicker(every)
	defer look.Stop()
	for {
		err := p.server.probe(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if known, ok := p.judge(err, time.Now()); known {
			tell(ok)
		}
		if p.fails >= probeFails && time.Since(p.hopeful) > p.forGood {
			return fmt.Errorf("%w, for %v: %w; this node ends so that others take over: look at the limits on descriptors and at who else uses the port, and start it again",
				ErrDeaf, p.forGood, err)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// judge takes the outcome of a probe, and reports whether it is known by now if this
// node hears.
func (p *prober) judge(err error, now time.Time) (known, hears bool) {
	s := p.server
	if err == nil {
		if s.hearing.lost.Swap(nil) != nil {
			s.log.Info("the public listener answers again", "after", now.Sub(p.heard).Round(time.Millisecond))
		}
		p.heard, p.hopeful, p.fails = now, now, 0
		s.met.ListenerUp.Set(1)
		return true, true
	}
	p.fails++
	if pings := s.met.PingsTaken(); pings != p.pings && !errors.Is(err, errUnreached) { // it is slow or full, not deaf
		p.pings, p.hopeful = pings, now
	}
	if p.fails < probeFails || now.Sub(p.heard) < p.lost {
		return false, false
	}
	why := err.Error()
	if s.hearing.lost.Swap(&why) == nil {
		s.met.ListenerUp.Set(0)
		s.log.Error("the public listener does not answer this node: pings may be lost; no job is called failed unless another node hears",
			"since", p.heard.Format(time.RFC3339), "err", err)
	}
	return true, false
}

// probe asks for /healthz over a connection of its own.
func (s *Server) probe(ctx context.Context) error {
	ln := s.listener.Load()
	if ln == nil {
		return fmt.Errorf("%w: it does not listen yet", errUnreached)
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	conn, err := s.dialSelf(ctx, reachable((*ln).Addr()))
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreached, err)
	}
	defer conn.Close()
	limit, _ := ctx.Deadline()
	if err := conn.SetDeadline(limit); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("GET /healthz HTTP/1.1\r\nHost: self\r\nConnection: close\r\n\r\n")); err != nil {
		return err
	}
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 512), nil)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("/healthz answers %s", res.Status)
	}
	return nil
}

func (s *Server) dialSelf(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil || s.http.TLSConfig == nil {
		return conn, err
	}
	// It asks whether somebody answers: the certificate is for clients, and names them another host.
	return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}), nil
}

// reachable is where this process finds a listener that may listen everywhere.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return a.String()
	}
	loopback := net.IPv4(127, 0, 0, 1)
	if tcp.IP.To4() == nil && !hasIPv4() {
		loopback = net.IPv6loopback
	}
	return (&net.TCPAddr{IP: loopback, Port: tcp.Port}).String()
}

// hasIPv4 reports whether this machine has an IPv4 address on loopback.
func hasIPv4() bool {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return false
	}
	_ = ln.Close()
	return true
}
