package rotation

import (
	"bytes"
	"cmp"
	"maps"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
)

// Table holds old tokens. The zero Table is empty.
type Table struct {
	old  map[uint64][]oldToken // of a heartbeat, by its ordinal, oldest first; snapshots share the lists
	ends ordered.Set[ending]   // derived
}

// oldToken is a token that works until a serving time.
type oldToken struct {
	token fsm.Token
	end   int64
}

// ending is an old token in the order of the ends.
type ending struct {
	at      int64
	token   fsm.Token
	ordinal uint64
}

func (x ending) Compare(y ending) int {
	return cmp.Or(cmp.Compare(x.at, y.at), bytes.Compare(x.token[:], y.token[:]))
}

// Len returns how many old tokens a heartbeat has that work on after a serving time.
func (t *Table) Len(ordinal uint64, serving int64) (n int) {
	for _, x := range t.old[ordinal] {
		if x.end > serving {
			n++
		}
	}
	return n
}

// IsDue reports whether there is a token that has ended by a serving time.
func (t *Table) IsDue(serving int64) bool {
	next, ok := t.ends.First()
	return ok && next.at <= serving
}

// Add has a token of a heartbeat end at a serving time. Those that it had before end by then, too.
func (t *Table) Add(ordinal uint64, token fsm.Token, end int64) {
	list := make([]oldToken, 0, len(t.old[ordinal])+1)
	for _, x := range t.old[ordinal] {
		t.ends.Remove(ending{x.end, x.token, ordinal})
		list = append(list, oldToken{x.token, min(x.end, end)})
	}
	t.put(ordinal, append(list, oldToken{token, end}))
}

// put files the list of a heartbeat, none of which is among the endings.
func (t *Table) put(ordinal uint64, list []oldToken) {
	if t.old == nil {
		t.old = map[uint64][]oldToken{}
	}
	t.old[ordinal] = list
	for _, x := range list {
		t.ends.Add(ending{x.end, x.token, ordinal})
	}
}

// TakeOver takes out a token that has ended by a serving time, if there is one.
func (t *Table) TakeOver(serving int64) (token fsm.Token, ok bool) {
	next, ok := t.ends.First()
	if !ok || next.at > serving {
		return token, false
	}
	t.ends.Remove(next)
	var rest []oldToken
	for _, x := range t.old[next.ordinal] {
		if x.token != next.token {
			rest = append(rest, x)
		}
	}
	if t.old[next.ordinal] = rest; rest == nil {
		delete(t.old, next.ordinal)
	}
	return next.token, true
}

// Remove takes out the old tokens of a heartbeat.
func (t *Table) Remove(ordinal uint64) (tokens []fsm.Token) {
	for _, x := range t.old[ordinal] {
		t.ends.Remove(ending{x.end, x.token, ordinal})
		tokens = append(tokens, x.token)
	}
	delete(t.old, ordinal)
	return tokens
}

// Snapshot returns a copy to be written beside changes.
func (t *Table) Snapshot() Table { return Table{old: maps.Clone(t.old)} }
