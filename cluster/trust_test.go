package cluster

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
)

func secrets(names ...string) (out [][]byte) {
	for _, n := range names {
		out = append(out, bytes.Repeat([]byte(n), 32)[:32])
	}
	return out
}

func TestPromises(t *testing.T) {
	fresh := true
	id, err := openIdentity(t.TempDir(), anyFolder)
	if err != nil {
		t.Fatal(err)
	}
	defer id.Close()
	b := &bootstrapper{id: id, expect: 3, log: slog.New(slog.DiscardHandler), fresh: func() bool { return fresh }, members: func() []member { return nil }}
	asks := func(asker, cluster byte) transport.Question {
		return transport.Question{Op: transport.AskPromise, Asker: fsm.NodeID{asker}, Cluster: fsm.NodeID{cluster}}
	}
	for _, c := range []struct {
		name string
		req  transport.Question
		ok   bool
		set  func()
	}{
		{"a question without an asker", asks(0, 1), false, nil},
		{"the first asker", asks(1, 1), true, nil},
		{"the same asker again", asks(1, 1), true, nil},
		{"another asker", asks(2, 2), false, nil},
		{"a node with data promises nothing", asks(1, 1), false, func() { fresh = false }},
	} {
		if c.set != nil {
			c.set()
		}
		a := b.answer(c.req)
		if (a.Err() == nil) != c.ok || (!c.ok && a.Words == "") {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
	fresh = true
	if _, err := b.ownPromise(); err == nil {
		t.Error("a promised node asks others")
	}
}

func TestMetadataFitsAndComesBack(t *testing.T) {
	long := nodeMeta{
		ClusterID: fsm.NodeID{1}, Name: strings.Repeat("n", 200), HTTP: strings.Repeat("h", 60), Cluster: strings.Repeat("c", 60), Version: "v1",
	}
	b := long.encode()
	if len(b) > 512 {
		t.Errorf("%d bytes; memberlist takes 512", len(b))
	}
	got, ok := decodeMeta(b)
	if !ok || got != long {
		t.Errorf("came back as %+v", got)
	}
	for cut := range b {
		if m, ok := decodeMeta(b[:cut]); ok {
			t.Errorf("cut to %d bytes it is %+v", cut, m)
		}
	}
}

// A cluster changes its secret while it runs, and then nobody is let in with the old one.
func TestSecretsAreExchangedWhileNodesTalk(t *testing.T) {
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
		ctx := within(t, 5*time.Second)
		if a, err := c.nodes[0].port.Ask(ctx, c.nodes[1].port.Addr().String(), transport.Question{Op: transport.AskInfo}); err != nil || a.Err() != nil {
			t.Fatalf("a new connection after %q: %v, %v", round, err, a.Err())
		}
	}
	ctx := within(t, 5*time.Second)
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
	if got := len(c.nodes[0].gossip.(*gossip).keys.GetKeys()); got != 1 {
		t.Errorf("the gossip trusts %d keys", got)
	}
}

// FuzzMetadata reads what another node may tell of itself by gossip.
func FuzzMetadata(f *testing.F) {
	f.Add(nodeMeta{ClusterID: fsm.NodeID{1}, Name: "n", HTTP: "h:1", Cluster: "c:2", Version: "v1", Deaf: true}.encode())
	f.Fuzz(func(t *testing.T, b []byte) { decodeMeta(b) })
}
