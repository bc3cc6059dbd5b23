package node

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestANodeWhoseListenerEndsFails closes the socket below a running server.
func TestANodeWhoseListenerEndsFails(t *testing.T) {
	s := settings.New(settings.Build{})
	s.Cluster.DataDir, s.Cluster.NodeName, s.Alerting.NodeName = t.TempDir(), "n1", "n1"
	s.Cluster.ClusterAddr, s.Cluster.GossipAddr, s.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	s.Alerting.SMTPURL = "stdout:"
	n, err := Start(s, slog.New(slog.DiscardHandler), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer n.abandon()
	if err := n.public.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-n.Failed:
		if !strings.Contains(err.Error(), "the public listener ended") {
			t.Errorf("it fails with: %v", err)
		}
	case <-time.After(testkit.Patience):
		t.Error("nobody notices")
	}
}
