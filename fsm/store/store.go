package store

import (
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/changes"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// maxJudgedPerBatch bounds how many due heartbeats one batch judges, and how many old tokens it ends, so that no entry
// takes long to apply. The following batches see to the rest, with the same result.
const maxJudgedPerBatch = 1000

// Store holds the replicated state. The zero value is not usable: see New.
type Store struct {
	mu           sync.RWMutex
	st           *state
	batch        logentry.Batch // being applied; its memory is used again
	maxJudged    int            // maxJudgedPerBatch, except in tests that show that it changes nothing
	changed      chan struct{}
	tokens       atomic.Pointer[index.Index]      // st.tokens
	onlyPost     atomic.Pointer[index.OrdinalSet] // st.table.onlyPost
	rebuildState func(Fault) (*Store, error)
	changes      changes.Log
}

// New returns an empty store with DefaultSettings.
func New() *Store {
	s := &Store{st: newState(), maxJudged: maxJudgedPerBatch, changed: make(chan struct{}, 1)}
	s.tokens.Store(s.st.tokens)
	s.onlyPost.Store(s.st.table.OnlyPost)
	return s
}

// Apply applies one log entry; term is the entry's own term. It returns one
// result for each item of the batch. An error means that the entry cannot be
// understood (ErrVersion, ErrCorrupt) or applied (a Fault): the node must stop
// rather than let its state diverge. After ErrVersion, and a Fault, the state may
// hold a part of the entry.
func (s *Store) Apply(entry []byte, term uint64) ([]fsm.Result, error) {
	return s.ApplyWithout(entry, term, nil)
}

// ApplyAt is Apply of an entry whose place in the log is known: what it changed can be
// asked for; see [Store.Changes].
func (s *Store) ApplyAt(at fsm.Position, entry []byte) ([]fsm.Result, error) {
	return s.apply(at, entry, nil)
}

// ApplyWithout is Apply without the commands of the given indexes, which are known to be
// faulty.
func (s *Store) ApplyWithout(entry []byte, term uint64, faulty []int) ([]fsm.Result, error) {
	return s.apply(fsm.Position{Term: term}, entry, faulty)
}

func (s *Store) apply(at fsm.Position, entry []byte, faulty []int) ([]fsm.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &s.batch
	if err := logentry.DecodeInto(b, entry); err != nil {
		return nil, err
	}
	if b.Term != at.Term {
		return slices.Repeat([]fsm.Result{{Code: fsm.CodeStaleTerm}}, len(b.Items)), nil
	}
	results, err := s.applyBatch(b, faulty)
	if err != nil {
		return nil, err
	}
	if at.Index > 0 {
		s.changes.Add(at, s.st.changed)
	}
	s.st.changed = s.st.changed[:0]
	if s.st.ledger.Changed {
		s.st.ledger.Changed = false
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
	return results, nil
}

// applyBatch applies a batch without the items of skip, and without those that fail.
func (s *Store) applyBatch(b *logentry.Batch, skip []int) ([]fsm.Result, error) {
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

// LedgerChanged has a value after an Apply that changed the ledger. It is meant
// for one receiver.
func (s *Store) LedgerChanged() <-chan struct{} { return s.changed }

// apply runs one batch: it advances the clock, runs the commands but those of skip, and
// judges. It stops at the first command that panics, or that it does not know, which
// newer tells of; then the state must not be used.
func (st *state) apply(b *logentry.Batch, results []fsm.Result, bound int, skip []int) (failed *Fault, newer error) {
	st.current = -1
	st.newer = nil
	defer st.catchFault(&failed)
	st.term = b.Term
	st.wall = b.Wall
	st.advanceClock(int64(b.Delta))
	st.endOldTokens(bound)
	if st.system.Next != 0 && st.system.Next <= st.horizon {
		st.tellSystems()
	}
	if st.clock.IsSetBack(st.serving, st.wall) {
		st.readClock() // or a ping would count for less than what has come
	}
	for _, o := range b.Origins {
		st.dedup.ObserveOrigin(o)
	}
	st.proposers = st.proposers[:0]
	for _, o := range b.Origins {
		st.proposers = append(st.proposers, st.dedup.ProposerOf(o))
	}
	for i := 0; i < len(b.Items); i += prefetchCount {
		items := b.Items[i:min(i+prefetchCount, len(b.Items))]
		next := st.prefetchItems(items)
		for j, it := range items {
			st.current = i + j
			results[i+j] = st.applyItem(it, &next[j], len(skip) > 0 && slices.Contains(skip, i+j))
			if st.newer != nil {
				return nil, st.newer
			}
			if st.table.Trip != nil {
				st.table.Trip()
			}
		}
		st.current = -1
	}
	st.judgeDue(bound)
	return nil, nil
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

// advanceClock moves the serving clock by delta milliseconds, and the horizon to
// where the clock stood.
func (st *state) advanceClock(delta int64) {
	if delta == 0 {
		return
	}
	if st.horizon != st.serving {
		st.horizonLog = append(st.horizonLog, horizonMove{st.serving, st.wall})
	}
	st.horizon = st.serving
	st.serving += delta
}

// judgeDue counts the misses of at most bound heartbeats that are due.
func (st *state) judgeDue(bound int) {
	for ; ; bound-- {
		e, found, _ := st.table.NextDue(st.horizon, math.MaxInt)
		if !found {
			st.horizonLog = st.horizonLog[:0]
			if st.ledger.FlapsEnd <= st.horizon {
				st.ledger.EndFlaps(st.horizon)
			}
			return
		}
		if bound <= 0 {
			return
		}
		st.countDueMisses(e.Ord)
	}
}

// applyItem returns the first result of a command that was applied before, and runs any
// other.
func (st *state) applyItem(it logentry.Item, x *prefetched, faulty bool) fsm.Result {
	if it.Origin == logentry.NoOrigin {
		return st.applyCommand(it.Cmd, x, faulty)
	}
	o := st.proposers[it.Origin]
	res, seen, ok := o.ResultOf(it.Seq)
	switch {
	case !ok:
		return fsm.Result{Code: fsm.CodeStale}
	case seen:
		return res
	}
	res = st.applyCommand(it.Cmd, x, faulty)
	o.KeepResult(it.Seq, res)
	return res
}

func (st *state) applyCommand(cmd []byte, x *prefetched, faulty bool) fsm.Result {
	if faulty {
		return fsm.Result{Code: fsm.CodeInternal}
	}
	if x.isPing {
		return fsm.Result{Code: st.applyPing(x.ping)}
	}
	c, err := fsm.DecodeCommand(cmd)
	if errors.Is(err, fsm.ErrVersion) {
		st.newer = err
	}
	if err != nil {
		return fsm.Result{Code: fsm.CodeInvalid}
	}
	return st.runCommand(c)
}

func (st *state) runCommand(c fsm.Command) fsm.Result {
	switch c := c.(type) {
	case fsm.Signal:
		code, dropped := st.applySignal(c)
		return c.Result(code, dropped)
	case fsm.WithTimetable:
		return st.runWithTimetable(c)
	case fsm.SetTimetables:
		return fsm.Result{Code: st.setTimetables(c)}
	case fsm.ReadClock:
		return fsm.Result{Code: st.readClock()}
	case fsm.Ping: // an authorized one
		return fsm.Result{Code: st.applyPing(c)}
	case fsm.Authorized:
		return st.runAuthorized(c)
	case fsm.Create:
		return st.createHeartbeat(c)
	case fsm.Ensure:
		return st.ensureHeartbeat(c)
	case fsm.PutHeartbeat:
		return st.putHeartbeat(c)
	case fsm.Update:
		return st.updateHeartbeat(c)
	case fsm.Pause:
		return st.pauseHeartbeat(c)
	case fsm.TimedPause:
		return st.pauseForATime(c)
	case fsm.Resume:
		return st.resumeHeartbeat(c)
	case fsm.Delete:
		return fsm.Result{Code: st.deleteHeartbeat(c)}
	case fsm.RotateToken:
		return st.rotateToken(c)
	case fsm.PutKey:
		return fsm.Result{Code: st.putKey(c)}
	case fsm.UpdateKey:
		return fsm.Result{Code: st.updateKey(c)}
	case fsm.DeleteKey:
		return fsm.Result{Code: st.deleteKey(c)}
	case fsm.SetSettings:
		return fsm.Result{Code: st.setSettings(c)}
	case fsm.RecordGap:
		return fsm.Result{Code: st.recordGap(c)}
	case fsm.PutNode:
		return fsm.Result{Code: st.putNode(c)}
	case fsm.RemoveNode:
		return fsm.Result{Code: st.removeNode(c)}
	case fsm.SetClusterID:
		return fsm.Result{Code: st.setClusterID(c)}
	case fsm.Unknown:
		return fsm.Result{Code: fsm.CodeTooNew}
	case fsm.PutStatusPage, fsm.DeleteStatusPage, fsm.PutBadge, fsm.DeleteBadge:
		return fsm.Result{Code: st.published.Run(c, st.wall, func(id fsm.HeartbeatID) bool { return st.byID(id) != 0 })}
	case fsm.CreateChannel, fsm.UpdateChannel, fsm.DeleteChannel:
		return fsm.Result{Code: st.runChannel(c)}
	case fsm.SetTemplates:
		if c.Templates.Validate() != nil {
			return fsm.Result{Code: fsm.CodeInvalid}
		}
		st.templates = c.Templates
		return fsm.Result{Code: fsm.CodeOK}
	case fsm.CreateWindow, fsm.DeleteWindow, fsm.SetWindowTimes, fsm.SetHours:
		return fsm.Result{Code: st.runWindow(c)}
	case fsm.AckIncident, fsm.SnoozeIncident, fsm.UnackIncident:
		return fsm.Result{Code: st.runIncident(c)}
	case fsm.BeginSystem, fsm.EndSystem, fsm.TellOutage, fsm.SendCanary:
		return fsm.Result{Code: st.system.Run(c, st.systemEnv())}
	default:
		return fsm.Result{Code: st.runLedger(c)}
	}
}

// runChannel runs a command about channels. What is due already is told by way of the old ones.
func (st *state) runChannel(c fsm.Command) fsm.Code {
	st.judgeDue(math.MaxInt)
	st.ledger.Changed = true // senders look again
	code := st.channels.Run(c, st.wall)
	st.windows.Follow(st.channels.List(), st.serving)
	if st.windows.HasHours() && !st.clock.IsRead() {
		st.clock.Read(st.serving, st.wall)
	}
	st.ledger.Reconsider()
	return code
}

// runWindow runs a command about maintenance windows, or hours of channels. What they keep back is decided when it is to be
// sent, so nothing needs to be judged first.
func (st *state) runWindow(c fsm.Command) fsm.Code {
	if !st.clock.IsRead() {
		st.clock.Read(st.serving, st.wall)
	}
	st.ledger.Reconsider()
	return st.windows.Run(c, st.wall, st.clock.WallAt(st.serving))
}

// runLedger runs a command of the alerts' sender. First it counts the misses of the
// heartbeats that the command is about: a miss may cancel an alert, and that must not
// depend on how far judging has got.
func (st *state) runLedger(c fsm.Command) fsm.Code {
	for _, ordinal := range st.ledger.Heartbeats(c) {
		if st.table.Has(ordinal) {
			st.countDueMisses(ordinal)
			st.judgeAbove(ordinal)
		}
	}
	return st.ledgerNow().Run(c)
}
