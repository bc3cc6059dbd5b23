package cluster

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
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

func TestIdentity(t *testing.T) {
	open := func(t *testing.T, dir string) *identity {
		t.Helper()
		id, err := openIdentity(dir, anyFolder)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	t.Run("it is kept, and starts are numbered", func(t *testing.T) {
		dir := t.TempDir()
		a := open(t, dir)
		if err := errors.Join(a.setClusterID(fsm.NodeID{5}), a.setPeers([]string{"h:2", "h:1"}), a.setPorts(7, 8), a.close()); err != nil {
			t.Fatal(err)
		}
		b := open(t, dir)
		defer b.close()
		if b.ID != a.ID || b.Boot <= a.Boot || b.ClusterID != (fsm.NodeID{5}) || len(b.peers()) != 2 || b.kept.GossipPort != 8 {
			t.Errorf("%+v, was %+v", b.kept, a.kept)
		}
	})
	t.Run("no copy of it has the same start twice", func(t *testing.T) {
		seen := map[uint64]bool{}
		for _, now := range []time.Time{time.Now(), time.Unix(0, 0), time.Unix(-5, 0)} {
			for _, last := range []uint64{0, 7, nextBoot(0, time.Now())} { // three copies, each started again and again
				for range 10 {
					boot := nextBoot(last, now)
					if boot <= last || seen[boot] {
						t.Errorf("start %d at %v after %d", boot, now, last)
					}
					seen[boot] = true
				}
			}
		}
	})
	t.Run("two processes cannot have it", func(t *testing.T) {
		dir := t.TempDir()
		defer open(t, dir).close()
		if _, err := openIdentity(dir, anyFolder); err == nil || !strings.Contains(err.Error(), "in use by another process") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a promise is given once, and outlives a crash", func(t *testing.T) {
		dir := t.TempDir()
		a := open(t, dir)
		if _, ok, err := a.promise(fsm.NodeID{1}, fsm.NodeID{9}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		a.close()
		b := open(t, dir)
		defer b.close()
		if _, ok, _ := b.promise(fsm.NodeID{2}, fsm.NodeID{8}); ok {
			t.Error("it was given again")
		}
		if _, ok, _ := b.promise(fsm.NodeID{1}, fsm.NodeID{8}); ok {
			t.Error("it was given for another cluster")
		}
		if _, ok, _ := b.promise(fsm.NodeID{1}, fsm.NodeID{9}); !ok {
			t.Error("the same asker may ask again")
		}
		if b.namedCluster() != (fsm.NodeID{9}) {
			t.Error("the promised cluster is forgotten")
		}
	})
	t.Run("damage is refused in words", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir).close()
		name := filepath.Join(dir, identityFile)
		whole, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole[:len(whole)-1] {
			bad := bytes.Clone(whole)
			bad[i] ^= 4
			if err := os.WriteFile(name, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if id, err := openIdentity(dir, anyFolder); err == nil {
				id.close()
				t.Fatalf("byte %d was flipped unnoticed: %s", i, bad)
			}
		}
		if err := os.Truncate(name, 10); err != nil {
			t.Fatal(err)
		}
		if _, err := openIdentity(dir, anyFolder); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a log without an identity is refused", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "log.db"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openIdentity(dir, anyFolder); err == nil || !strings.Contains(err.Error(), identityFile) {
			t.Errorf("%v", err)
		}
	})
}

func TestPromises(t *testing.T) {
	fresh := true
	id, err := openIdentity(t.TempDir(), anyFolder)
	if err != nil {
		t.Fatal(err)
	}
	defer id.close()
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
