package cluster

import (
	"errors"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// lonerConfig is that of a node without a secret.
func lonerConfig(t *testing.T) Config {
	cfg := DefaultConfig()
	cfg.NodeName, cfg.DataDir = "first", t.TempDir()
	return cfg
}

// reopen runs node 0 again on its folder, with other settings.
func (c *trio) reopen(change func(*Config)) error {
	c.t.Helper()
	c.shutdown(0)
	cfg := c.nodes[0].cfg
	change(&cfg)
	c.open(0, cfg)
	return c.nodes[0].Start("127.0.0.1:1")
}

func TestANodeWithoutASecretServesAlone(t *testing.T) {
	t.Parallel()
	c := &trio{t: t, nodes: make([]*testNode, 1)}
	c.open(0, lonerConfig(t))
	t.Cleanup(c.stop)
	c.start()
	if cluster, gossip := c.nodes[0].Addrs(); cluster != "" || gossip != "" {
		t.Errorf("it has ports: %q and %q", cluster, gossip)
	}
	if s := c.nodes[0].Status(); len(s.Nodes) != 1 || s.Nodes[0].Cluster != "" || !s.Nodes[0].Alive || !s.Nodes[0].Voter {
		t.Errorf("its status: %+v", s)
	}
	id, token := c.heartbeat(0, 1)
	if _, err := c.nodes[0].Propose(within(t, testkit.Patience), pingOf(c.nodes[0], token)); err != nil {
		t.Fatal(err)
	}
	if err := c.reopen(func(*Config) {}); err != nil {
		t.Fatal(err)
	}
	c.waitReady(0)
	if n := c.pings(0, id); n != 1 {
		t.Errorf("%d pings after a restart", n)
	}
}

// A node that began alone is given a secret: others join, and from then on it is not
// run without.
func TestANodeAloneGrowsToACluster(t *testing.T) {
	t.Parallel()
	c := &trio{t: t, nodes: make([]*testNode, 1)}
	c.open(0, lonerConfig(t))
	t.Cleanup(func() { c.stop() })
	c.start()
	id, _ := c.heartbeat(0, 1)
	given := func(cfg *Config) {
		cfg.Secrets, cfg.ClusterAddr, cfg.GossipAddr = secrets("s"), "127.0.0.1:0", "127.0.0.1:0"
	}
	if err := c.reopen(given); err != nil {
		t.Fatal(err)
	}
	cfg := c.nodes[0].cfg
	_, gossip := c.nodes[0].Addrs()
	cfg.NodeName, cfg.DataDir, cfg.Join, cfg.BootstrapExpect = "second", t.TempDir(), []string{gossip}, 0
	c.nodes = append(c.nodes, nil)
	c.open(1, cfg)
	if err := c.nodes[1].Start("127.0.0.1:2"); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the second node is no voter", func() bool { return c.voters() == 2 })
	c.waitReady(1)
	c.pings(1, id) // fails if it is not there

	err := c.reopen(func(cfg *Config) { cfg.Secrets = nil })
	if !errors.Is(err, fsm.ErrConfig) || !strings.Contains(err.Error(), "--cluster-secret-file") {
		t.Fatalf("a member of two starts without the secret: %v", err)
	}
	if err := c.reopen(given); err != nil {
		t.Fatal(err)
	}
	c.waitReady(0)
}

func (c *trio) voters() (n int) {
	for _, s := range c.nodes[0].Status().Nodes {
		if s.Voter {
			n++
		}
	}
	return n
}

func TestWhatNeedsASecret(t *testing.T) {
	pki := func(c *Config) { c.TLSCert, c.TLSKey, c.TLSCA = "cert", "key", "ca" }
	secret := func(c *Config) { c.Secrets = secrets("s") }
	insecure := func(c *Config) { c.Insecure = true }
	for name, tt := range map[string]struct {
		change []func(*Config)
		words  string // "": it is allowed
	}{
		"one node":                       {nil, ""},
		"three nodes":                    {[]func(*Config){expect(3)}, "--bootstrap-expect 3 needs"},
		"three nodes with a secret":      {[]func(*Config){expect(3), secret}, ""},
		"three nodes of the insecure":    {[]func(*Config){expect(3), insecure}, ""},
		"joining":                        {[]func(*Config){joins}, "--join needs"},
		"joining, to form none":          {[]func(*Config){joins, expect(0)}, "--join needs"},
		"joining with a secret":          {[]func(*Config){joins, secret}, ""},
		"joining the insecure":           {[]func(*Config){joins, insecure}, ""},
		"own certificates":               {[]func(*Config){pki}, "gossip"},
		"own certificates for three":     {[]func(*Config){pki, expect(3)}, "--bootstrap-expect 3 needs"},
		"own certificates and a secret":  {[]func(*Config){pki, secret, expect(3)}, ""},
		"own certificates, insecure":     {[]func(*Config){pki, insecure}, ""},
		"a secret and insecure":          {[]func(*Config){secret, insecure}, "drop it"},
		"insecure beyond loopback":       {[]func(*Config){insecure, everywhere}, "loopback"},
		"no secret beyond loopback":      {[]func(*Config){everywhere}, "loopback"},
		"with a secret beyond loopback":  {[]func(*Config){everywhere, secret}, ""},
		"own certificates everywhere":    {[]func(*Config){everywhere, pki}, "loopback"},
		"to form none, without a secret": {[]func(*Config){expect(0)}, ""}, // a folder with data; see checkAlone
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.NodeName, cfg.DataDir = "n", "d"
			for _, f := range tt.change {
				f(&cfg)
			}
			err := cfg.Validate()
			if tt.words == "" && err != nil {
				t.Error(err)
			}
			if tt.words != "" && (err == nil || !strings.Contains(err.Error(), tt.words) || !strings.Contains(err.Error(), "--") || !errors.Is(err, fsm.ErrConfig)) {
				t.Errorf("%v, want %q", err, tt.words)
			}
		})
	}
}

func expect(n int) func(*Config) { return func(c *Config) { c.BootstrapExpect = n } }
func joins(c *Config)            { c.Join = []string{"127.0.0.1:1"} }
func everywhere(c *Config)       { c.ClusterAddr = ":8081" }
