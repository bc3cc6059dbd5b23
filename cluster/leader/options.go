package leader

import (
	"context"
	"log/slog"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// Options are what a leadership needs of its node.
type Options struct {
	Batcher *commit.Batcher
	Store   *store.Store

	LastApply func() time.Time                                              // when this node last applied a batch under the leader that made it
	Propose   func(ctx context.Context, term uint64, cmd fsm.Command) error // as the leader of term, or not at all
	LookBack  func(ctx context.Context, lastApply time.Time) Witness        // what is known of the time before the election
	Hears     func() bool                                                   // whether any node takes pings
	ClusterID func() fsm.NodeID                                             // for a cluster that has none
	Settings  *fsm.Settings                                                 // of a new cluster; nil: the defaults

	OnChange   func()               // called when the node began or ceased to lead
	WallOffset func() time.Duration // by which the wall clock is wrong; for tests
	Log        *slog.Logger
}
