package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Keys lists the API keys, newest first.
func (s *Store) Keys() []fsm.Key {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]fsm.Key, 0, len(s.st.keys))
	for _, k := range s.st.keys {
		list = append(list, s.st.viewKey(k))
	}
	slices.SortFunc(list, func(a, b fsm.Key) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	return list
}

func (st *state) viewKey(k apiKey) fsm.Key {
	return fsm.Key{
		ID: k.id, Name: k.name, Scope: k.scope, CreatedAt: fsm.WallTime(k.created),
		MaxHeartbeats: k.max, Heartbeats: st.madeByKey[k.id],
	}
}

// KeyByHash returns the API key with a SHA-256.
func (s *Store) KeyByHash(hash [32]byte) (fsm.Key, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	id, ok := s.st.keyByHash[hash]
	return s.st.viewKey(s.st.keys[id]), ok
}

// HasKey reports whether an API key stands.
func (s *Store) HasKey(id fsm.KeyID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.st.keys[id]
	return ok
}

// Settings returns the replicated settings.
func (s *Store) Settings() fsm.Settings {
	s.mu.RLock()
	defer s.mu.RUnlock()
	set := s.st.settings
	set.MailTo = slices.Clone(set.MailTo)
	return set
}

// ClusterID returns the cluster's ID, zero before it has one.
func (s *Store) ClusterID() fsm.NodeID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.clusterID
}

// Nodes lists the registered nodes by name.
func (s *Store) Nodes() []fsm.NodeInfo {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]fsm.NodeInfo, 0, len(s.st.nodes))
	for _, n := range s.st.nodes {
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b fsm.NodeInfo) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	return list
}

// Boot returns the highest number of a start under which a node proposed anything, 0 if
// it did not.
func (s *Store) Boot(id fsm.NodeID) uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.dedup.Boot(id)
}

// WasRemoved reports whether a node was removed from the cluster.
func (s *Store) WasRemoved(id fsm.NodeID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.dedup.WasRemoved(id)
}

// Changes returns what changed after a position, oldest first, and the position that this
// leads up to: at most limit changes, and the rest of their entry. It is false if this node
// cannot tell all of them: too much has changed since, it was started or restored from a
// snapshot of later, or the position is of another history than this cluster's.
func (s *Store) Changes(after fsm.Position, limit int) (list []fsm.Change, to fsm.Position, ok bool) {
	return s.changes.Since(after, limit)
}

// Changed returns a channel that closes with the next change after a position, or is closed
// already.
func (s *Store) Changed(after fsm.Position) <-chan struct{} { return s.changes.Wait(after) }

// Position returns where in the log the state stands.
func (s *Store) Position() fsm.Position { return s.changes.Head() }

// PlaceAt tells that the state, which was just restored, is that after the entry of an index.
func (s *Store) PlaceAt(index uint64) { s.changes.Restart(index) }

// StatusPages lists the status pages by slug.
func (s *Store) StatusPages() []fsm.StatusPage {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.published.Pages()
}

// StatusPage finds a status page by its slug.
func (s *Store) StatusPage(slug string) (fsm.StatusPage, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.published.Page(slug)
}

// Badges lists the badges, the newest first.
func (s *Store) Badges() []fsm.Badge {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.published.Badges()
}

// Badge finds a badge.
func (s *Store) Badge(id fsm.BadgeID) (fsm.Badge, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.published.Badge(id)
}

// SystemIncidents lists the incidents of the monitor itself that go on, oldest first.
func (s *Store) SystemIncidents() []fsm.SystemIncident {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.system.Open()
}

// Canary returns the period of the newest canary to a recipient, by the wall, Unix ms; 0 if there was none.
func (s *Store) Canary(to string) int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.system.Canary(to)
}

// ToldOutage returns the newest outage of the monitor that was told; zero times if none was.
func (s *Store) ToldOutage() fsm.Gap {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.system.Outage()
}

// Gaps lists the ingest gaps that are still known, oldest first.
func (s *Store) Gaps() []fsm.Gap {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]fsm.Gap, 0, len(s.st.gaps.list))
	for _, g := range s.st.gaps.list {
		list = append(list, fsm.Gap{From: fsm.WallTime(g.from), To: fsm.WallTime(g.to)})
	}
	return list
}

// Serving returns the serving clock in milliseconds.
func (s *Store) Serving() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.serving
}

// Horizon returns the serving time up to which misses are taken.
func (s *Store) Horizon() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.horizon
}

// LastWall returns the stamp of the newest batch, the zero time if none was
// applied.
func (s *Store) LastWall() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return fsm.WallTime(s.st.wall)
}
