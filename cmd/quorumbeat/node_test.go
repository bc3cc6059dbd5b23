package main

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestANodeWhoseListenerEndsFails closes the socket below a running server.
func TestANodeWhoseListenerEndsFails(t *testing.T) {
	s := newServeSettings()
	s.cluster.DataDir, s.cluster.NodeName, s.alerting.NodeName = t.TempDir(), "n1", "n1"
	s.cluster.ClusterAddr, s.cluster.GossipAddr, s.httpAddr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	s.alerting.SMTPURL = "stdout:"
	n, err := startNode(s, slog.New(slog.DiscardHandler), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer n.giveUp()
	if err := n.public.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-n.failed:
		if !strings.Contains(err.Error(), "the public listener ended") {
			t.Errorf("it fails with: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody notices")
	}
}
