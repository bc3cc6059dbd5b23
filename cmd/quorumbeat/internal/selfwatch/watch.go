package selfwatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

const (
	certificatesEvery = 10 * time.Second
	firstCertificates = 5 * time.Second // after the start
	proposeLimit      = 10 * time.Second
)

// Cluster is what is needed of replication.
type Cluster interface {
	Status() cluster.Status
	ID() fsm.NodeID
	WallClock() time.Time
	Propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error)
	ProposeOnce(ctx context.Context, term uint64, cmd fsm.Command) (fsm.Result, error)
}

// Watch watches the nodes and this node's certificates.
type Watch struct {
	Cluster      Cluster
	Store        *store.Store
	Name         string        // of this node
	DownAfter    time.Duration // a node is lost that has been gone for so long; 0: none ever is
	Certificates func() []Certificate
	Canaries     Canaries
	Log          *slog.Logger

	mu    sync.Mutex
	sight sight
}

// Run looks until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	certificates := time.Now().Add(firstCertificates)
	for {
		select {
		case now := <-tick.Next(lookEvery):
			w.look(now)
			if now.After(certificates) {
				certificates = now.Add(certificatesEvery)
				w.lookAtCertificates(ctx)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (w *Watch) look(now time.Time) {
	st := w.Cluster.Status()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sight.look(now, st)
}

// Lead proposes what has begun and ended, until ctx ends.
func (w *Watch) Lead(ctx context.Context, term uint64) {
	for {
		select {
		case <-tick.Next(lookEvery):
		case <-ctx.Done():
			return
		}
		for _, cmd := range w.plan() {
			limited, cancel := context.WithTimeout(ctx, proposeLimit)
			_, err := w.Cluster.ProposeOnce(limited, term, cmd)
			cancel()
			w.tell(cmd, err)
		}
	}
}

func (w *Watch) plan() []fsm.Command {
	st, k := w.Cluster.Status(), w.known()
	w.mu.Lock()
	defer w.mu.Unlock()
	return plan(w.Cluster.WallClock(), st, &w.sight, k, w.DownAfter)
}

func (w *Watch) known() known {
	return known{self: w.Cluster.ID(), open: w.open(), told: w.Store.ToldOutage(), gaps: w.Store.Gaps()}
}

func (w *Watch) open() map[fsm.SystemSubject]bool {
	open := map[fsm.SystemSubject]bool{}
	for _, in := range w.Store.SystemIncidents() {
		open[in.SystemSubject] = true
	}
	return open
}

// lookAtCertificates proposes what has become of this node's certificates. A clock that is behind the newest entry
// says nothing about them.
func (w *Watch) lookAtCertificates(ctx context.Context) {
	now, newest := w.Cluster.WallClock(), w.Store.LastWall()
	if newest.IsZero() || now.Before(newest.Add(-time.Hour)) {
		return
	}
	for _, cmd := range planCertificates(now, w.Cluster.ID(), w.Name, w.Certificates(), w.open()) {
		limited, cancel := context.WithTimeout(ctx, proposeLimit)
		_, err := w.Cluster.Propose(limited, cmd)
		cancel()
		w.tell(cmd, err)
	}
}

// tell logs what was begun or ended. What could not be is there at the next look.
func (w *Watch) tell(cmd fsm.Command, err error) {
	if err != nil {
		w.Log.Debug("what is wrong with the monitor itself could not be recorded; it is tried again", "error", err)
		return
	}
	switch c := cmd.(type) {
	case fsm.BeginSystem:
		w.Log.Warn("the monitor itself has an incident, which is told like a job's", "what", c.Subject.Kind.String(), "node", c.Node, "detail", c.Detail)
	case fsm.EndSystem:
		w.Log.Info("an incident of the monitor itself is over", "what", c.Subject.Kind.String(), "detail", c.Detail)
	case fsm.TellOutage:
		w.Log.Warn("an outage of the monitor is told", "from", time.UnixMilli(c.From), "to", time.UnixMilli(c.To))
	}
}
