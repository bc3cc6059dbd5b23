package store

import "github.com/quorumbeat/quorumbeat/fsm"

// prefetchCount is how many commands are prepared at a time.
const prefetchCount = 16

// prefetched is a command that was looked at before it is its turn.
type prefetched struct {
	ping   fsm.Ping
	isPing bool
}

// prefetcher looks at the next commands of a batch. With many heartbeats most of a
// ping's time is waiting for memory: for its record, then for the log of its page.
// A processor waits for several at once if they do not need each other, so each
// step is taken for all of the commands before the next step.
type prefetcher struct {
	next [prefetchCount]prefetched
	seen uint64 // so that no compiler leaves the looking out
}

func (st *state) prefetchItems(items []fsm.Item) *[prefetchCount]prefetched {
	a := &st.prefetcher
	seen := uint64(0)
	for i := range items {
		x := &a.next[i]
		x.ping, x.isPing = fsm.DecodePing(items[i].Cmd)
	}
	for i := range items {
		if p, slot := st.table.At(a.next[i].ping.Ordinal); p != nil {
			seen += uint64(p.Hot(slot).Flags) + uint64(p.Head(slot).Newest) + p.History.Touch()
		}
	}
	for i := range items {
		if p, _ := st.table.At(a.next[i].ping.Ordinal); p != nil {
			seen += p.History.TouchLog()
		}
	}
	a.seen = seen
	return &a.next
}
