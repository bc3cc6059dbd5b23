package store

import "github.com/quorumbeat/quorumbeat/fsm"

// What follows changes a state outside of any log. It is for a node that is not
// running: see cluster.Restore and cluster.Recover.

// BeginAnew makes the state that of a new cluster of this name, which has no nodes
// yet and starts its terms from the beginning. Heartbeats with their tokens and
// histories, keys, settings and the ledger stay. What was being sent when the image
// was taken counts as sent by a leader that was lost.
func (s *Store) BeginAnew(cluster fsm.NodeID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.st
	st.clusterID = cluster
	st.nodes = map[fsm.NodeID]fsm.NodeInfo{}
	st.dedup = newDedup()
	st.ledger.ForgetTerms()
}

// Forsake forgets every node but one, and bars the others from coming back under
// their IDs.
func (s *Store) Forsake(but fsm.NodeID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	others := map[fsm.NodeID]bool{}
	for id := range s.st.nodes {
		others[id] = true
	}
	for id := range s.st.dedup.origins {
		others[id] = true
	}
	delete(others, but)
	for id := range others {
		s.st.removeNode(fsm.RemoveNode{ID: id})
	}
}
