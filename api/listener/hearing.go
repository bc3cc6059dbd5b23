package listener

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/quorumbeat/quorumbeat/api/metrics"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

const (
	probeEvery  = time.Second
	probeLimit  = 2 * time.Second  // for one answer
	probeFails  = 3                // in a row, at least, before anything is made of them: this process may have been frozen
	deafAfter   = 3 * time.Second  // without an answer the listener is lost
	deafForGood = 60 * time.Second // after which the node ends, so that others take over
)

// ErrDeaf is wrapped by what [Hearing.Prove] returns.
var ErrDeaf = errors.New("this node's public listener does not answer")

// errUnreached is wrapped by what went wrong before there was a connection.
var errUnreached = errors.New("no connection")

// Hearing is whether a node is known to hear its clients.
type Hearing struct {
	Addr    func() net.Addr // of the public listener; nil: it does not listen yet
	TLS     bool
	Metrics *metrics.Metrics
	Log     *slog.Logger

	lost atomic.Pointer[string] // why it does not; nil: it does, or nobody has looked
}

// Err is nil unless the node is known to be deaf.
func (h *Hearing) Err() error {
	if why := h.lost.Load(); why != nil {
		return fmt.Errorf("%w: %s", ErrDeaf, *why)
	}
	return nil
}

// Prove asks this node something over its own public listener, every second, until ctx
// ends. It tells whether a reply came; false only once the listener has been silent for
// three seconds. After a minute without a reply it returns an error that wraps [ErrDeaf],
// and the process should end; but not if connections are taken and pings are answered,
// for then the node is only slow or full.
func (h *Hearing) Prove(ctx context.Context, tell func(bool)) error {
	now := time.Now()
	p := &prober{hearing: h, deafAfter: deafAfter, forGood: deafForGood, answered: now, hopeful: now}
	return p.run(ctx, probeEvery, tell)
}

// prober looks at the listener again and again.
type prober struct {
	hearing   *Hearing
	deafAfter time.Duration // without a reply, until that is said
	forGood   time.Duration // and until the node ends
	answered  time.Time     // the newest reply
	hopeful   time.Time     // the newest sign of life, which a reply to a client is as well
	fails     int
	pings     uint64 // answered with 200 so far
}

func (p *prober) run(ctx context.Context, every time.Duration, tell func(bool)) error {
	for {
		err := p.hearing.probe(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if known, ok := p.noteProbe(err, time.Now()); known {
			tell(ok)
		}
		if p.fails >= probeFails && time.Since(p.hopeful) > p.forGood {
			return fmt.Errorf("%w, for %v: %w; this node ends so that others take over: look at the limits on descriptors and at who else uses the port, and start it again",
				ErrDeaf, p.forGood, err)
		}
		select {
		case <-tick.Next(every):
		case <-ctx.Done():
			return nil
		}
	}
}

// noteProbe takes the outcome of a probe, and reports whether it is known by now if this
// node hears.
func (p *prober) noteProbe(err error, now time.Time) (known, hears bool) {
	h := p.hearing
	if err == nil {
		if h.lost.Swap(nil) != nil {
			h.Log.Info("the public listener answers again", "after", now.Sub(p.answered).Round(time.Millisecond))
		}
		p.answered, p.hopeful, p.fails = now, now, 0
		h.Metrics.ListenerUp.Set(1)
		return true, true
	}
	p.fails++
	if pings := h.Metrics.PingsTaken(); pings != p.pings && !errors.Is(err, errUnreached) { // it is slow or full, not deaf
		p.pings, p.hopeful = pings, now
	}
	if p.fails < probeFails || now.Sub(p.answered) < p.deafAfter {
		return false, false
	}
	why := err.Error()
	if h.lost.Swap(&why) == nil {
		h.Metrics.ListenerUp.Set(0)
		h.Log.Error("the public listener does not answer this node: pings may be lost; no job is called failed unless another node hears",
			"since", p.answered.Format(time.RFC3339), "err", err)
	}
	return true, false
}

// probe asks for /healthz over a connection of its own.
func (h *Hearing) probe(ctx context.Context) error {
	addr := h.Addr()
	if addr == nil {
		return fmt.Errorf("%w: it does not listen yet", errUnreached)
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	conn, err := h.dialSelf(ctx, reachable(addr))
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

func (h *Hearing) dialSelf(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil || !h.TLS {
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
