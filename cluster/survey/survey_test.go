package survey

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestASurveyKnowsWhoAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead, silent, other := fsm.NodeID{1}, fsm.NodeID{2}, fsm.NodeID{3}
		peers := map[fsm.NodeID]string{ahead: "a", silent: "s", other: "o"}
		var mute, gone atomic.Bool
		s := New(Options{
			Peers: func() map[fsm.NodeID]string {
				if gone.Load() {
					return nil
				}
				return peers
			},
			Ask: func(ctx context.Context, addr string) (Reply, error) {
				sent := time.Now()
				switch {
				case mute.Load():
					return Reply{}, errors.New("refused")
				case addr == "s":
					<-ctx.Done()
					return Reply{}, ctx.Err()
				case addr == "o": // another node has its address now
					return Reply{Node: ahead, Sent: sent, Got: sent}, nil
				}
				time.Sleep(20 * time.Millisecond)
				clock := time.Now().Add(3 * time.Second)
				time.Sleep(20 * time.Millisecond)
				return Reply{Peer: Peer{Lag: 7, Differs: []string{"--history"}}, Node: ahead, Clock: clock, Sent: sent, Got: time.Now()}, nil
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.Run(ctx)
		time.Sleep(4 * time.Second)
		p, ok := s.Peer(ahead)
		if !ok || p.Skew != 3*time.Second || p.Lag != 7 || len(p.Differs) != 1 {
			t.Errorf("known is %+v, %v", p, ok)
		}
		for _, id := range []fsm.NodeID{silent, other, {9}} {
			if p, ok := s.Peer(id); ok {
				t.Errorf("of %v is known %+v", id, p)
			}
		}
		mute.Store(true)
		time.Sleep(25 * time.Second)
		if _, ok := s.Peer(ahead); !ok {
			t.Error("an answer is forgotten too early")
		}
		time.Sleep(25 * time.Second)
		if p, ok := s.Peer(ahead); ok {
			t.Errorf("known is still %+v", p)
		}
		gone.Store(true)
		time.Sleep(20 * time.Second)
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.known) != 0 {
			t.Errorf("who is no member is known: %v", s.known)
		}
	})
}
