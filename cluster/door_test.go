package cluster

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// A stranger at each port is cut off after what a peer could have sent.
func TestStrangersMaySendLittle(t *testing.T) {
	c := newTrio(t, 1)
	cluster, gossip := c.nodes[0].Addrs()
	hello := append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff}, make([]byte, 1<<14-4)...)
	state := append([]byte{10, 1, 0x3f, 0xff, 0xff}, make([]byte, 1<<14)...)
	for name, tt := range map[string]struct {
		addr string
		talk []byte
	}{"cluster": {cluster, hello}, "gossip": {gossip, state}} {
		conn, err := net.Dial("tcp", tt.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(testkit.Patience))
		for err == nil {
			_, err = conn.Write(tt.talk)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: a stranger is not cut off", name)
		}
	}
}

// Two nodes with secrets that differ both say so, and what to do, once.
func TestBothSidesTellOfAnotherSecret(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"another secret": func(c *Config) { c.Secrets = secrets("x") },
		"no secret":      func(c *Config) { c.Secrets, c.Insecure = nil, true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // a node without a leader stops slowly
			here, there := new(testkit.Buffer), new(testkit.Buffer)
			c := &trio{t: t, nodes: make([]*testNode, 2)}
			cfg := lonerConfig(t)
			cfg.ClusterAddr, cfg.GossipAddr, cfg.Secrets = "127.0.0.1:0", "127.0.0.1:0", secrets("s")
			cfg.Logger = slog.New(slog.NewTextHandler(here, nil))
			c.open(0, cfg)
			_, gossip := c.nodes[0].Addrs()
			cfg.DataDir, cfg.Join, cfg.BootstrapExpect, cfg.Logger = t.TempDir(), []string{gossip}, 0, slog.New(slog.NewTextHandler(there, nil))
			change(&cfg)
			c.open(1, cfg)
			t.Cleanup(c.stop)
			for _, n := range c.nodes {
				if err := n.Start("127.0.0.1:1"); err != nil {
					t.Fatal(err)
				}
			}
			for side, log := range map[string]*testkit.Buffer{"the cluster": here, "the newcomer": there} {
				testkit.Eventually(t, fmt.Sprintf("%s says nothing", side), func() bool { return strings.Contains(log.String(), transport.OtherSecretAdvice) })
				if n := strings.Count(log.String(), "another cluster secret"); n > 2 {
					t.Errorf("%s says it %d times", side, n)
				}
			}
		})
	}
}
