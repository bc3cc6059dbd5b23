package store

import (
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Fault is a panic in a command: a mistake in this program. The command may have made half
// of its changes.
type Fault struct {
	Item  int    // its index in the batch
	Words string // what happened, and where
}

func (f *Fault) Error() string {
	return fmt.Sprintf("a fault in command %d of the entry: %s", f.Item, f.Words)
}

// RebuildOnFault has rebuild called when a command failed half-way, with the store
// locked. What it returns must have applied every entry before this one; the store
// takes its state over, and applies the entry without the command, whose result is
// CodeInternal: on every replica alike. Without rebuild Apply returns the Fault.
func (s *Store) RebuildOnFault(rebuild func(Fault) (*Store, error)) { s.rebuildState = rebuild }

// applyBatch applies a batch without the items of skip, and without those that fail.
func (s *Store) applyBatch(b *fsm.Batch, skip []int) ([]fsm.Result, error) {
	for {
		results := make([]fsm.Result, len(b.Items))
		f, newer := s.st.apply(b, results, s.maxJudged, skip)
		if newer != nil {
			return nil, newer
		}
		if f == nil {
			return results, nil
		}
		if s.rebuildState == nil {
			return nil, f
		}
		sound, err := s.rebuildState(*f)
		if err != nil {
			return nil, fmt.Errorf("%w; the state before it cannot be made anew: %w", f, err)
		}
		s.replaceState(sound.st)
		skip = append(slices.Clone(skip), f.Item)
	}
}

// catchFault is deferred by apply: it turns a command's panic into a fault. Other panics go
// on.
func (st *state) catchFault(f **Fault) {
	if st.current < 0 {
		return
	}
	if p := recover(); p != nil {
		*f = &Fault{st.current, fmt.Sprintf("%v\n%s", p, debug.Stack())}
	}
}
