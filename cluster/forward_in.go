package cluster

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// maxOwed bounds the items of one connection that wait for their results; a
// sound follower holds fewer.
const maxOwed = 2 * proposals.MaxHeld

// maxReplyFill is about how many bytes of data the leader puts into a frame.
const maxReplyFill = 1 << 20

// forwardServer answers the followers' forwarding connections. What it takes it
// gives to the batcher and to nobody else: a node that does not lead refuses, so
// nothing is forwarded twice.
type forwardServer struct {
	submit func(*commit.Forwarded)
	barred func(fsm.NodeID) bool
	log    *slog.Logger
}

// serve accepts connections until ctx ends or l is closed, and returns once all
// are closed.
func (s *forwardServer) serve(ctx context.Context, l net.Listener) {
	var conns sync.WaitGroup
	defer conns.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() == nil {
				s.log.Debug("forwarding connections are no longer accepted", "error", err)
			}
			return
		}
		conns.Go(func() { s.handle(ctx, conn) })
	}
}

func (s *forwardServer) handle(ctx context.Context, conn net.Conn) {
	in := newForwardIn(conn)
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	var writer sync.WaitGroup
	writer.Go(in.send)
	if err := s.receive(in); err != nil {
		s.log.Debug("forwarding connection ended", "peer", conn.RemoteAddr(), "error", err)
	}
	close(in.ended)
	conn.Close()
	writer.Wait()
}

func (s *forwardServer) receive(in *forwardIn) error {
	r := bufio.NewReaderSize(in.conn, 64<<10)
	for {
		kind, body, err := readFrame(r)
		if err != nil {
			return err
		}
		if kind != framePropose {
			continue
		}
		p, err := decodePropose(body)
		if err != nil {
			return err
		}
		if s.barred(p.Origin.Node) || !in.owe(len(p.Items)) {
			return errFrame
		}
		f := &commit.Forwarded{Request: *p, Reply: in.reply}
		for _, it := range f.Items {
			f.Size += len(it.Cmd)
		}
		s.submit(f)
	}
}

// forwardIn is one follower's connection. Answers gather in out while the writer
// is busy, so that a slow connection costs fewer, larger writes.
type forwardIn struct {
	conn  net.Conn
	wake  lifecycle.Wakeup
	ended chan struct{}
	alive *time.Timer // runs while anything is owed

	mu      sync.Mutex
	owed    int  // items whose results are still to come
	running bool // alive runs
	out     []byte
}

func newForwardIn(conn net.Conn) *forwardIn {
	in := &forwardIn{conn: conn, wake: lifecycle.NewWakeup(), ended: make(chan struct{}), alive: time.NewTimer(aliveEvery)}
	in.alive.Stop()
	return in
}

// owe notes n items to answer; false if that is more than any sound peer sends.
func (in *forwardIn) owe(n int) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.owed += n
	if !in.running {
		in.running = true
		in.alive.Reset(aliveEvery)
	}
	return in.owed <= maxOwed
}

// rang starts the timer again if it is still needed.
func (in *forwardIn) rang() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.running = in.owed > 0; in.running {
		in.alive.Reset(aliveEvery)
	}
}

// reply queues the answer to some of the items, in frames of a sound size.
func (in *forwardIn) reply(r *commit.Results) {
	in.mu.Lock()
	in.owed -= len(r.Items)
	for rest := r.Items; len(rest) > 0; {
		n := fill(rest)
		in.out = appendResults(in.out, &commit.Results{Index: r.Index, Items: rest[:n]})
		rest = rest[n:]
	}
	in.mu.Unlock()
	in.wake.Wake()
}

// fill returns how many of the answers go into one frame.
func fill(answers []proposals.ItemResult) int {
	size := 0
	for i, a := range answers {
		if size += len(a.Data); i > 0 && size > maxReplyFill {
			return i
		}
	}
	return len(answers)
}

// next returns the frames to send now, reusing buf; an alive frame if there are
// none but some are owed.
func (in *forwardIn) next(buf []byte) []byte {
	in.mu.Lock()
	defer in.mu.Unlock()
	out := in.out
	in.out = buf[:0]
	if len(out) == 0 && in.owed > 0 {
		out = appendAlive(out)
	}
	return out
}

func (in *forwardIn) send() {
	defer in.conn.Close()
	defer in.alive.Stop()
	var buf []byte
	for {
		select {
		case <-in.wake:
		case <-in.alive.C:
			in.rang()
		case <-in.ended:
			return
		}
		if buf = in.next(buf); len(buf) == 0 {
			continue
		}
		in.conn.SetWriteDeadline(time.Now().Add(writeLimit))
		if _, err := in.conn.Write(buf); err != nil {
			return
		}
	}
}
