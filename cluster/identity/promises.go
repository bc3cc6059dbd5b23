package identity

import "github.com/quorumbeat/quorumbeat/fsm"

// Promise gives this fresh node's one promise: to take part in the cluster that asker
// begins. It returns whom the node is promised to, and whether that is what was asked.
// The same asker may ask again.
func (i *Identity) Promise(asker, cluster fsm.NodeID) (held string, ok bool, err error) {
	err = i.change(func(k *Content) bool {
		if k.PromisedTo == "" {
			k.PromisedTo, k.PromisedFor = asker.String(), cluster.String()
			held, ok = k.PromisedTo, true
			return true
		}
		held, ok = k.PromisedTo, k.PromisedTo == asker.String() && k.PromisedFor == cluster.String()
		return false
	})
	return held, ok && err == nil, err
}

// Promised tells to whom, and for which cluster, the promise was given.
func (i *Identity) Promised() (to, cluster fsm.NodeID) {
	i.mu.Lock()
	defer i.mu.Unlock()
	to, _ = fsm.ParseNodeID(i.content.PromisedTo)
	cluster, _ = fsm.ParseNodeID(i.content.PromisedFor)
	return to, cluster
}
