package members

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// The leader tells a removed node so by its ID.
func TestRemindersNameTheRemoved(t *testing.T) {
	self, cluster, gone := fsm.NodeID{1}, fsm.NodeID{5}, fsm.NodeID{7}
	st := store.New()
	batch := &logentry.Batch{Term: 1, Items: []logentry.Item{
		{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, fsm.SetClusterID{ID: cluster})},
		{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, fsm.RemoveNode{ID: gone})},
	}}
	if _, err := st.Apply(logentry.Append(nil, batch), 1); err != nil {
		t.Fatal(err)
	}
	var asked transport.Question
	r := &Reconciler{
		Self: self, Store: st, Log: slog.New(slog.DiscardHandler), reminded: map[fsm.NodeID]time.Time{},
		Members: func() []Member { return []Member{{ID: gone, Meta: Meta{Cluster: "10.0.0.1:1"}}} },
		Ask: func(_ context.Context, _ string, req transport.Question) (transport.Answer, error) {
			asked = req
			return transport.Answer{}, nil
		},
	}
	r.remindRemoved(t.Context())
	if asked.Op != transport.AskRemoved || asked.Node != gone.String() || asked.Cluster != cluster {
		t.Errorf("it asks %+v", asked)
	}
}
