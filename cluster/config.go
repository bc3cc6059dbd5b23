package cluster

import (
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Config says who a node is, where it listens, and whom it trusts.
type Config struct {
	NodeName    string // what people call this node; unique in the cluster
	DataDir     string // identity, log and snapshots; one process at a time
	ClusterAddr string // HOST:PORT of Raft and forwarding; port 0: the last start's, else any
	GossipAddr  string // HOST:PORT of the gossip
	Advertise   string // the host that others reach this node at; "": the bound one

	Join            []string      // gossip addresses of other nodes
	BootstrapExpect int           // nodes that form a new cluster; 0: never form one
	Secrets         [][]byte      // none: no peers and no ports for any; the first signs, all (at most two) are trusted
	Insecure        bool          // take peers without a secret, on loopback: any local user may become one
	DeadAfter       time.Duration // remove a dead voter after this when a spare stands by; 0: never
	DiskReserve     int64         // bytes to keep free on the disk of DataDir; 0: none; AutoReserve: what fits the disk
	Version         string        // of this program, shown to people
	Settings        *fsm.Settings // of a new cluster, in force from its first entry; nil: fsm.DefaultSettings

	TLSCert, TLSKey, TLSCA string // PEM files to use instead of certificates made from the secret

	Logger     *slog.Logger          // nil: silent
	Registerer prometheus.Registerer // nil: no metrics

	Faults Faults // for tests only
}

// DefaultConfig is a node that forms a cluster of one on loopback. NodeName and
// DataDir are left to be set.
func DefaultConfig() Config {
	return Config{
		ClusterAddr:     "127.0.0.1:8081",
		GossipAddr:      "127.0.0.1:8082",
		BootstrapExpect: 1,
		DiskReserve:     AutoReserve,
	}
}

// Validate tells the first thing that is wrong, and what to do about it.
func (c Config) Validate() error {
	switch {
	case c.NodeName == "" || len(c.NodeName) > 200:
		return configError("the node name must be 1 to 200 bytes long: set --node-name")
	case fsm.ValidateNodeName(c.NodeName) != nil:
		return configError("%v: set --node-name", fsm.ValidateNodeName(c.NodeName))
	case c.DataDir == "":
		return configError("no data folder given: set --data-dir")
	case c.BootstrapExpect < 0:
		return configError("--bootstrap-expect is %d: use the number of nodes that form the cluster, or 0 to join one", c.BootstrapExpect)
	case c.BootstrapExpect > maxBootstrap:
		return configError("--bootstrap-expect is %d: a cluster has at most %d voters", c.BootstrapExpect, maxBootstrap)
	case c.DiskReserve != AutoReserve && c.DiskReserve != 0 && (c.DiskReserve < minReserve || c.DiskReserve > maxReserve):
		return configError("--disk-reserve is %d bytes: use at least %dMiB and at most %dGiB, 0 for none, or auto", c.DiskReserve, minReserve>>20, maxReserve>>30)
	case c.DeadAfter < 0:
		return configError("--dead-after is negative: use a duration, or 0 to never remove a node")
	}
	for _, check := range []func() error{c.validateAddrs, c.validateSecrets, c.validateTrust} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// AutoReserve keeps 256 MiB of the disk free, or a twentieth of a smaller one.
const AutoReserve = -1

const (
	autoReserve = 256 << 20
	autoShare   = 20
	minReserve  = 16 << 20 // the journal and a step of the log need some
	maxReserve  = 1 << 40
)

// reserve is what is to be kept free of a disk of total bytes.
func (c Config) reserve(total int64) int64 {
	if c.DiskReserve == AutoReserve {
		return min(autoReserve, total/autoShare)
	}
	return c.DiskReserve
}

// maxBootstrap bounds the voters of a new cluster: more cost latency and bring nothing.
const maxBootstrap = 9

func (c Config) validateAddrs() error {
	addrs := []struct{ flag, addr string }{{"--cluster-addr", c.ClusterAddr}, {"--gossip-addr", c.GossipAddr}}
	for _, j := range c.Join {
		addrs = append(addrs, struct{ flag, addr string }{"--join", j})
	}
	for _, a := range addrs {
		if _, _, err := net.SplitHostPort(a.addr); err != nil {
			return configError("%s is %q: use HOST:PORT", a.flag, a.addr)
		}
	}
	if _, _, err := net.SplitHostPort(c.Advertise); err == nil {
		return configError("--advertise is %q: give the host without a port", c.Advertise)
	}
	return nil
}

func (c Config) validateSecrets() error { return transport.CheckSecrets(c.Secrets) }

// tls is what the cluster port is secured with.
func (c Config) tls() transport.TLSOptions {
	return transport.TLSOptions{Secrets: c.Secrets, Cert: c.TLSCert, Key: c.TLSKey, CA: c.TLSCA}
}

const secretAdvice = "set --cluster-secret-file to the same file on every node (make it with 'quorumbeat secret')"

// validateTrust makes sure that a node which takes peers can tell them from strangers.
func (c Config) validateTrust() error {
	given := 0
	for _, f := range []string{c.TLSCert, c.TLSKey, c.TLSCA} {
		if f != "" {
			given++
		}
	}
	switch secret := len(c.Secrets) > 0; {
	case given != 0 && given != 3:
		return configError("own cluster TLS needs all three of certificate, key and CA")
	case secret && c.Insecure:
		return configError("--insecure-cluster is for nodes without a cluster secret: drop it, or the secret")
	case secret:
		return nil
	case !loopbackHost(c.ClusterAddr) || !loopbackHost(c.GossipAddr):
		return configError("without a cluster secret only loopback addresses may be used: %s, or bind 127.0.0.1", secretAdvice)
	case c.Insecure:
		return nil
	case c.BootstrapExpect > 1:
		return configError("--bootstrap-expect %d needs a cluster secret, or any stranger could be one of the nodes: %s", c.BootstrapExpect, secretAdvice)
	case len(c.Join) > 0:
		return configError("--join needs the cluster's secret: %s", secretAdvice)
	case given > 0:
		return configError("own cluster TLS guards the cluster port only, and the gossip needs a secret beside it: %s", secretAdvice)
	}
	return nil
}

// loopbackHost reports whether addr can be reached from this machine only.
func loopbackHost(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c Config) logger() *slog.Logger {
	if c.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Logger
}

func configError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", fsm.ErrConfig, fmt.Sprintf(format, args...))
}
