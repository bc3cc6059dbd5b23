package cluster

import (
	"github.com/quorumbeat/quorumbeat/cluster/transport"
)

// Trust takes the cluster secrets of cfg, and the certificates of its files as they are
// now, for all connections and gossip from now on; connections that are open stay. It
// reports whether they are others than before. Errors wrap [fsm.ErrConfig], and leave the old
// ones in force: a node that began without any takes none.
func (n *Node) Trust(cfg Config) (changed bool, err error) {
	if cfg.alone() != n.cfg.alone() || cfg.Insecure != n.cfg.Insecure {
		return false, configError("whether this node takes peers is decided by a restart only")
	}
	pair, err := transport.NewTLS(cfg.tls())
	if err != nil || pair == nil {
		return false, err
	}
	if err := n.gossip.SetSecrets(cfg.Secrets); err != nil {
		return false, configError("the gossip keys cannot be used: %v", err)
	}
	return n.port.SetTLS(pair), nil
}
