package commit

import (
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// Options are what a batcher needs of its node. All but Own and Origin may be left out.
type Options struct {
	Own    *proposals.Table // the commands that wait at this node
	Origin logentry.Origin  // of this node, without a floor

	FailureTold func(ordinal uint64) bool                         // whether an incident of a heartbeat is open already
	Shortage    func() string                                     // why no bodies are to be recorded, as one of the shed reasons; "": they may be
	TellReaders func(c transport.Commit, readers []raft.ServerID) // called for a batch that was applied here, with the followers on which reads wait for it
	TellSoon    func(c transport.Commit)                          // and for one with commands
	BatchTook   func(seconds float64)                             // told for each batch that was applied here how long that took
	BatchSize   func(commands float64)                            // and of how many commands it was, if of any
	OnShed      func(reason string)                               // called for each body that was left out
	OnStall     func()                                            // called when nothing committed for long; it must not block
	OnPoint     func(point string)                                // called at each of the points, for tests; nil: nobody is
	WallOffset  func() time.Duration                              // by which the wall clock is wrong, for tests; nil: by nothing
	Now         func() time.Time                                  // nil: time.Now
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	if o.FailureTold == nil {
		o.FailureTold = func(uint64) bool { return false }
	}
	if o.Shortage == nil {
		o.Shortage = func() string { return "" }
	}
	if o.TellReaders == nil {
		o.TellReaders = func(transport.Commit, []raft.ServerID) {}
	}
	if o.TellSoon == nil {
		o.TellSoon = func(transport.Commit) {}
	}
	if o.BatchTook == nil {
		o.BatchTook = func(float64) {}
	}
	if o.BatchSize == nil {
		o.BatchSize = func(float64) {}
	}
	if o.OnShed == nil {
		o.OnShed = func(string) {}
	}
	if o.OnStall == nil {
		o.OnStall = func() {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Points that a batcher passes with every batch.
const (
	PointProposed  = "proposed"  // Raft has a batch
	PointCommitted = "committed" // a batch took effect, and nobody was told its results
	PointAnswered  = "answered"  // everybody was
)
