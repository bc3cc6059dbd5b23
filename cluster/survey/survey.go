package survey

import (
	"context"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

const (
	every    = 10 * time.Second
	limit    = 2 * time.Second // for an answer; a slower one says little of a clock
	goodFor  = 3 * every       // an answer
	soonUpTo = 3               // questions after the start that do not wait for so long
)

// Peer is what is known of another node.
type Peer struct {
	Lag     uint64        // entries that the asker knew to be committed, and that it had yet to apply
	Skew    time.Duration // its wall clock less this node's
	Differs []string      // flags that it was started with and that the cluster does not run under
}

// Reply is an answer, with the times by this node's clock between which it was given.
type Reply struct {
	Peer
	Node      fsm.NodeID // who gave it
	Clock     time.Time  // that one's
	Sent, Got time.Time
}

// Options say whom a survey asks, and how.
type Options struct {
	Peers func() map[fsm.NodeID]string // addresses of the other nodes
	Ask   func(ctx context.Context, addr string) (Reply, error)
}

// Survey knows the newest answers.
type Survey struct {
	opts Options

	mu    sync.Mutex
	known map[fsm.NodeID]answer
}

type answer struct {
	Peer
	at time.Time
}

// New makes a survey that has asked nobody yet.
func New(opts Options) *Survey { return &Survey{opts: opts, known: map[fsm.NodeID]answer{}} }

// Run asks until ctx ends.
func (s *Survey) Run(ctx context.Context) {
	for round := 0; ; round++ {
		s.ask(ctx)
		pause := every
		if round < soonUpTo {
			pause = every / 10
		}
		select {
		case <-time.After(pause + tick.Until(time.Now(), tick.Every)):
		case <-ctx.Done():
			return
		}
	}
}

// ask asks all at once, and waits for them.
func (s *Survey) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	peers := s.opts.Peers()
	s.forget(peers)
	var asked sync.WaitGroup
	for id, addr := range peers {
		asked.Go(func() {
			r, err := s.opts.Ask(ctx, addr)
			if err != nil || r.Node != id {
				return
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.known[id] = answer{r.measured(), r.Got}
		})
	}
	asked.Wait()
}

// measured is the peer with what its clock was ahead: it was read somewhere between Sent
// and Got, and nobody knows where.
func (r Reply) measured() Peer {
	p := r.Peer
	p.Skew = r.Clock.Sub(r.Sent.Add(r.Got.Sub(r.Sent) / 2)).Round(time.Millisecond)
	return p
}

func (s *Survey) forget(but map[fsm.NodeID]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.known {
		if _, ok := but[id]; !ok {
			delete(s.known, id)
		}
	}
}

// Peer returns what is known of a node; false if that is nothing, or old.
func (s *Survey) Peer(id fsm.NodeID) (Peer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.known[id]
	return a.Peer, ok && time.Since(a.at) < goodFor
}
