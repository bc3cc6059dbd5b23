package localcluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Options say what to run.
type Options struct {
	Binary   string   // path of quorumbeat
	Dir      string   // holds each node's data folder
	Nodes    int      // how many form the cluster
	AdminKey string   // shared by the nodes; "": none is given
	Secret   string   // the cluster secret, shared by the nodes; "": one is made; NoSecret: none
	Flags    []string // further flags of `serve`, for every node
	Env      []string // further NAME=VALUE for every node
	Cert     string   // PEM file of the public port's certificate, for every node; "": no TLS
	Key      string   // PEM file of its key
	Stderr   *os.File // of every node; nil: its log file
	Hosts    []Host   // where the nodes run, in turn; none: on this machine's loopback
}

// NoSecret runs nodes without a cluster secret.
const NoSecret = "none"

// Host is another machine, or what passes for one.
type Host struct {
	Addr  string   // its IP address
	Enter []string // the command that runs another one there, as the same process
}

// Cluster is a set of nodes; some may be down.
type Cluster struct {
	Options
	Nodes []*Node
}

// Start runs the nodes and returns once each has written its addresses. They
// may still be forming a cluster: see WaitReady.
func Start(opts Options) (*Cluster, error) {
	c := &Cluster{Options: opts}
	if c.Secret == "" {
		c.Secret = rand.Text() + rand.Text()
	}
	for i := range opts.Nodes {
		n := c.node(i + 1)
		n.expect = opts.Nodes
		if i > 0 {
			n.join = c.Nodes[0].Addrs.Gossip
		}
		c.Nodes = append(c.Nodes, n)
		if err := n.Start(); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// Add starts one more node, which finds the others by gossip through a live one.
func (c *Cluster) Add(flags ...string) (*Node, error) {
	n := c.node(len(c.Nodes) + 1)
	n.extra = flags
	for _, other := range c.Nodes {
		if other.Running() {
			n.join = other.Addrs.Gossip
		}
	}
	c.Nodes = append(c.Nodes, n)
	return n, n.Start()
}

func (c *Cluster) node(i int) *Node {
	name := fmt.Sprintf("n%d", i)
	n := &Node{Name: name, Dir: filepath.Join(c.Dir, name), opts: &c.Options, host: Host{Addr: "127.0.0.1"}}
	if i <= len(c.Hosts) {
		n.host = c.Hosts[i-1]
	}
	return n
}

// Running returns the nodes that are up.
func (c *Cluster) Running() []*Node {
	return slices.DeleteFunc(slices.Clone(c.Nodes), func(n *Node) bool { return !n.Running() })
}

// WaitReady returns once every running node answers /readyz with 200.
func (c *Cluster) WaitReady(ctx context.Context) error {
	for _, n := range c.Running() {
		if err := n.WaitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Leader returns the running node that all running nodes call the leader.
func (c *Cluster) Leader(ctx context.Context) (*Node, error) {
	for wait := newPoll(); ; {
		if n := c.agreedLeader(ctx); n != nil {
			return n, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.New("the running nodes do not agree on a leader")
		case <-wait.next():
		}
	}
}

func (c *Cluster) agreedLeader(ctx context.Context) *Node {
	name := ""
	for _, n := range c.Running() {
		said, err := n.leader(ctx)
		if err != nil || said == "" || name != "" && said != name {
			return nil
		}
		name = said
	}
	for _, n := range c.Running() {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// Followers returns the running nodes but the leader.
func (c *Cluster) Followers(leader *Node) []*Node {
	return slices.DeleteFunc(c.Running(), func(n *Node) bool { return n == leader })
}

// Close kills what still runs and waits for it.
func (c *Cluster) Close() {
	for _, n := range c.Nodes {
		_ = n.Kill()
	}
}

// Build compiles quorumbeat with build tags into dir and returns the binary's path. Like what
// make build makes, it has nothing for debuggers, which saves a second of linking.
func Build(dir string, race bool, tags ...string) (string, error) {
	args := []string{"build", "-ldflags=-s -w", "-tags", strings.Join(tags, ","), "-o", filepath.Join(dir, "quorumbeat")}
	env := append(os.Environ(), "CGO_ENABLED=0")
	if race {
		args = append(args, "-race")
		env = append(env, "CGO_ENABLED=1")
	}
	cmd := exec.Command("go", append(args, "github.com/quorumbeat/quorumbeat/cmd/quorumbeat")...)
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return filepath.Join(dir, "quorumbeat"), nil
}
