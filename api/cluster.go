package api

import (
	"context"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Cluster is what the API needs of replication.
type Cluster interface {
	// Propose has a command committed until ctx ends; see the errors of fsm.
	Propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error)
	// Ping is Propose of a ping until deadline, and allocates nothing.
	Ping(deadline time.Time, p fsm.Ping) (fsm.Code, error)
	// PingThen is Ping that does not wait: unless it returns an error, then is called
	// with the outcome, once, maybe before it returns. then must not block.
	PingThen(deadline time.Time, p fsm.Ping, then func(fsm.Code)) error
	// ReadBarrier returns once the local store has all that was acknowledged.
	ReadBarrier(ctx context.Context) error
	// PacedReadBarrier is ReadBarrier for requests that name what this node does not
	// know. All that wait share a barrier, and the leader is asked at most every 50 ms.
	// Of ctx only the deadline counts.
	PacedReadBarrier(ctx context.Context) error
	// Ready is nil while this node can take a ping, else the reason.
	Ready() error
	// Status is the cluster as this node sees it, at once.
	Status() ClusterStatus
	// Remove takes a node out for good.
	Remove(ctx context.Context, nameOrID string) error
}

// ClusterStatus is the cluster as one node sees it.
type ClusterStatus struct {
	ClusterID fsm.NodeID
	Term      uint64
	Leader    string // a name, "" if none is known
	Nodes     []NodeStatus
	Troubles  []string // what this node has met lately and a person has to mend
}

// NodeStatus is one node of the cluster.
type NodeStatus struct {
	fsm.NodeInfo
	Voter, Alive bool
	Listener     bool // it lives, and is not known to have a public listener that does not answer
	Leader       bool
	Disk         string        // "ok", "low" or "full"; "" if it is not known
	AppliedIndex uint64        // of the answering node only
	LastContact  time.Duration // likewise; negative if never
}

const (
	commandLimit = 10 * time.Second // for a command, elections included
	readLimit    = 5 * time.Second  // for a read's barrier
)

// until is a context that only has a deadline, for Propose. Its Done never closes, so it is not for calls that
// may wait on that; see limited.
type until time.Time

func (u until) Deadline() (time.Time, bool) { return time.Time(u), true }
func (until) Done() <-chan struct{}         { return nil }
func (until) Value(any) any                 { return nil }

func (u until) Err() error {
	if time.Now().Before(time.Time(u)) {
		return nil
	}
	return context.DeadlineExceeded
}

func within(d time.Duration) context.Context { return until(time.Now().Add(d)) }

// limited runs f under a context that really ends after d.
func limited(d time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return f(ctx)
}
