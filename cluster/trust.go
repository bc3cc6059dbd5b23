package cluster

import (
	"bytes"
	"slices"

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
	if err := n.gossip.setSecrets(cfg.Secrets); err != nil {
		return false, configError("the gossip keys cannot be used: %v", err)
	}
	return n.port.SetTLS(pair), nil
}

// setSecrets has the gossip trust these secrets, the first of which encrypts, and no
// others.
func (g *gossip) setSecrets(secrets [][]byte) error {
	keys := transport.GossipKeys(secrets)
	for _, k := range keys {
		if err := g.keys.AddKey(k); err != nil {
			return err
		}
	}
	for _, k := range slices.Backward(keys) { // the last one used comes first, the others behind it
		if err := g.keys.UseKey(k); err != nil {
			return err
		}
	}
	// Keyring moves keys within a slice that others read, unless the last one is removed.
	for _, k := range slices.Backward(slices.Clone(g.keys.GetKeys())) {
		if !slices.ContainsFunc(keys, func(key []byte) bool { return bytes.Equal(key, k) }) {
			if err := g.keys.RemoveKey(k); err != nil {
				return err
			}
		}
	}
	return nil
}
