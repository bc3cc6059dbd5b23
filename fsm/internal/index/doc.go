// Package index finds heartbeats' ordinals: by token, by ID and by slug. Nothing of it
// is in a snapshot: it is made again from the heartbeats.
//
// One goroutine at a time changes an [Index] or an [OrdinalSet]; any number of others
// may look beside that one, without a lock. [Slugs] need the lock of their owner.
//
// Files:
//
//	index.go  Index: an open hash table that grows a little with each put; OrdinalSet: a set of ordinals, a bit each
//	slugs.go  Slugs: which heartbeat has a slug, or how many have it
package index
