package cluster

import (
	"bytes"
	"errors"
	"testing"

	"github.com/quorumbeat/quorumbeat/cluster/members"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func secrets(names ...string) (out [][]byte) {
	for _, n := range names {
		out = append(out, bytes.Repeat([]byte(n), 32)[:32])
	}
	return out
}

// A cluster changes its secret while it runs, and then nobody is let in with the old one.
func TestSecretsAreExchangedWhileNodesTalk(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 2)
	for _, round := range [][][]byte{secrets("s", "n"), secrets("n", "s"), secrets("n")} {
		for i, n := range c.nodes {
			cfg := n.cfg
			cfg.Secrets = round
			if changed, err := n.Trust(cfg); err != nil || !changed {
				t.Fatalf("node %d: %v, %v", i, changed, err)
			}
			if changed, err := n.Trust(cfg); err != nil || changed {
				t.Fatalf("node %d, the same again: %v, %v", i, changed, err)
			}
		}
		ctx := within(t, testkit.Patience)
		if a, err := c.nodes[0].port.Ask(ctx, c.nodes[1].port.Addr().String(), transport.Question{Op: transport.AskInfo}); err != nil || a.Err() != nil {
			t.Fatalf("a new connection after %q: %v, %v", round, err, a.Err())
		}
	}
	ctx := within(t, testkit.Patience)
	old, err := transport.NewTLS(transport.TLSOptions{Secrets: secrets("s")})
	if err != nil {
		t.Fatal(err)
	}
	stranger := transport.Serve(transport.NoListener(), transport.Options{TLS: old})
	defer stranger.Close()
	if _, err := stranger.Ask(ctx, c.nodes[1].port.Addr().String(), transport.Question{Op: transport.AskInfo}); err == nil {
		t.Error("the old secret still opens the port")
	}
	cfg := c.nodes[0].cfg
	cfg.Secrets = nil
	if _, err := c.nodes[0].Trust(cfg); !errors.Is(err, fsm.ErrConfig) {
		t.Errorf("without a secret: %v", err)
	}
	if got := c.nodes[0].gossip.(*members.Gossip).TrustedKeys(); got != 1 {
		t.Errorf("the gossip trusts %d keys", got)
	}
}
