package members

import (
	"bytes"
	"slices"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
)

// SetSecrets has the gossip trust these secrets, the first of which encrypts, and no
// others.
func (g *Gossip) SetSecrets(secrets [][]byte) error {
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

// TrustedKeys returns how many keys the gossip trusts.
func (g *Gossip) TrustedKeys() int { return len(g.keys.GetKeys()) }
