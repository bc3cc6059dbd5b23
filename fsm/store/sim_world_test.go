package store

import (
	"bytes"
	"fmt"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
)

// world is a cluster of three with everything round it.
type world struct {
	setup   setup
	tell    bool
	story   []string
	reached tally

	now     int64 // ms of true time
	capable int64 // ms of true time in which a leader's serving clock ran
	nodes   [3]*simNode
	term    uint64
	leader  *simLeader // nil: none
	log     []simEntry // committed
	limbo   []*proposal
	frames  []*simFrame // under way between nodes, or left over as copies

	observer *Store         // applies each entry as it commits
	images   map[int][]byte // by entries applied, as the first replica there had it
	model    *model
	created  int // heartbeats asked for
	rotated  int // new tokens asked for
	mail     mailServer
	tasks    []*task
	rows     map[fsm.AlertID]*seenRow
	crowded  map[fsm.HeartbeatID]bool

	toldAt map[teller]toldDown // the newest down that reached each

	returned   map[simIncident]int // of its reminders, those that were looked for
	openAlarms map[alertKey]bool   // kind aside
}

type simEntry struct {
	bytes []byte
	term  uint64
}

// simNode is a node: its disk, its memory, its clock.
type simNode struct {
	id        fsm.NodeID
	store     *Store
	applied   int
	checked   int // applied when its image was last compared; -1: its store is new
	up        bool
	boot      uint64
	skew      int64 // of its wall clock
	lastApply int64 // true time; -1: not since its start
	replay    int   // what its log held at its start
	image     []byte
	imageAt   int
	waiting   []*waiting
	next      uint64      // sequence number
	led       uint64      // its newest term as leader, since its start
	queued    []*proposal // stamped in an earlier leadership, and still in its queue
}

// simStart leaves room before the first time, since 0 means "never".
const simStart = 1000

func newWorld(s setup, tell bool) *world {
	w := &world{setup: s, tell: tell, now: simStart, observer: s.store(), model: newModel(), rows: map[fsm.AlertID]*seenRow{}, crowded: map[fsm.HeartbeatID]bool{}, toldAt: map[teller]toldDown{}, returned: map[simIncident]int{}, openAlarms: map[alertKey]bool{}}
	w.mail = newMailServer()
	w.model.rowOf = func(id fsm.AlertID) *ledger.Row {
		if r := w.observer.st.ledger.Rows[id]; r != nil || w.rows[id] == nil {
			return r
		}
		return &w.rows[id].row
	}
	w.images = map[int][]byte{}
	for i := range w.nodes {
		w.nodes[i] = &simNode{id: fsm.NodeID{byte(i + 1)}, store: s.store(), up: true, boot: 1, lastApply: -1, next: 1}
	}
	return w
}

func (s setup) store() *Store {
	st := New()
	st.maxJudged = s.bound
	return st
}

// begin makes the first leader, with the settings of the run.
func (w *world) begin() {
	w.elect(w.nodes[0])
	w.add(w.nodes[0], fsm.SetSettings{Settings: w.setup.settings})
	w.add(w.nodes[0], fsm.SetClusterID{ID: fsm.NodeID{42}})
	w.flow()
	w.pass(settleMillis)
}

func (n *simNode) String() string { return fmt.Sprintf("n%d", n.id[0]) }

// say adds a line to the story.
func (w *world) say(format string, args ...any) {
	if w.tell {
		w.story = append(w.story, fmt.Sprintf("%8.3f s  ", float64(w.now-simStart)/1000)+fmt.Sprintf(format, args...))
	}
}

func (w *world) fail(format string, args ...any) {
	panic(broken(fmt.Sprintf(format, args...)))
}

func (w *world) node(n uint32) *simNode { return w.nodes[n%3] }

func (w *world) majority() bool {
	up := 0
	for _, n := range w.nodes {
		if n.up {
			up++
		}
	}
	return up >= 2
}

// pass lets true time pass. What of it a leader's clock runs is all that the
// serving clock may ever show.
func (w *world) pass(ms int64) {
	w.now += ms
	if w.leader != nil {
		w.capable += w.leader.run(w.now, ms)
	}
}

func (w *world) wall(n *simNode) int64 { return epoch.UnixMilli() + w.now + n.skew }

func (w *world) jump(e event) {
	n := w.node(e.a)
	n.skew += int64(e.b%7_200_001) - 3_600_000
	w.say("the wall clock of %v now differs by %d s", n, n.skew/1000)
}

// commit appends an entry to the log, for ever.
func (w *world) commit(p *proposal) []fsm.Result {
	w.log = append(w.log, simEntry{p.entry, p.entryTerm})
	res := w.apply(w.observer, len(w.log)-1)
	w.say("entry %d commits in term %d: %v", len(w.log), p.entryTerm, p.describe(res))
	if err := w.model.apply(p, res, w.capable); err != nil {
		w.fail("entry %d: %v", len(w.log), err)
	}
	w.note(p, res)
	w.checkEntry()
	return res
}

// note counts what an entry was an example of.
func (w *world) note(p *proposal, res []fsm.Result) {
	if p.batch.Term != p.entryTerm {
		w.reached[sawStaleTerm]++
		return
	}
	for i, it := range p.items {
		switch c := res[i].Code; it.cmd.(type) {
		case fsm.Claim:
			w.saw(sawRefusedClaim, c == fsm.CodeRejected)
		case fsm.Fence:
			w.saw(sawRefusedFence, c == fsm.CodeRejected)
		case fsm.Settle:
			w.saw(sawExLeader, c == fsm.CodeOK && it.cmd.(fsm.Settle).Term < p.entryTerm)
		case fsm.ResolveDoubt:
			w.saw(sawDoubt, c == fsm.CodeOK)
		case fsm.RecordGap:
			w.saw(sawGap, c == fsm.CodeOK)
		default:
			w.saw(sawLate, c == fsm.CodeStale)
		}
	}
}

func (w *world) saw(s situation, yes bool) {
	if yes {
		w.reached[s]++
	}
}

func (w *world) apply(s *Store, i int) []fsm.Result {
	res, err := s.Apply(w.log[i].bytes, w.log[i].term)
	if err != nil {
		w.fail("entry %d cannot be applied: %v", i+1, err)
	}
	return res
}

func (w *world) imageOf(s *Store) []byte {
	var b bytes.Buffer
	if _, err := s.Snapshot().WriteTo(&b); err != nil {
		w.fail("image: %v", err)
	}
	return b.Bytes()
}

// catchUp lets a replica apply some more of the log; it returns the results of
// the last entry.
func (w *world) catchUp(n *simNode, most int) (res []fsm.Result) {
	for ; n.up && most > 0 && n.applied < len(w.log); most-- {
		res = w.apply(n.store, n.applied)
		n.applied++
		if n.applied > n.replay {
			n.lastApply = w.now
		}
	}
	return res
}

// snapshot writes a replica's state to its disk, and may make it go on from that.
func (w *world) snapshot(n *simNode, reopen bool) {
	if !n.up {
		return
	}
	n.image, n.imageAt = w.imageOf(n.store), n.applied
	w.say("%v takes a snapshot at entry %d", n, n.applied)
	if reopen {
		w.restore(n, n.image, n.applied)
	}
}

func (w *world) restore(n *simNode, image []byte, at int) {
	n.store, n.applied, n.checked = w.setup.store(), at, -1
	if image == nil {
		return
	}
	if err := n.store.Restore(bytes.NewReader(image)); err != nil {
		w.fail("%v cannot restore its snapshot: %v", n, err)
	}
}

// install brings a replica that lags the snapshot of another.
func (w *world) install(n, from *simNode) {
	if !n.up || !from.up || n.applied >= from.applied {
		return
	}
	n.image, n.imageAt = w.imageOf(from.store), from.applied
	w.restore(n, n.image, n.imageAt)
	n.lastApply = w.now
	w.reached[sawInstall]++
	w.say("%v catches up to entry %d by a snapshot of %v", n, n.applied, from)
}

// crash ends a node's process: its memory, its clients and its senders are gone.
func (w *world) crash(n *simNode, survive int) {
	if !n.up {
		return
	}
	w.say("%v crashes", n)
	if w.leader != nil && w.leader.n == n {
		w.depose(survive, false)
	}
	n.up, n.waiting, n.queued, n.led = false, nil, nil, 0
	w.dropTasks(n)
}

// restart brings back a node that is down.
func (w *world) restart(pick uint32) {
	for i := range w.nodes {
		n := w.nodes[(int(pick%3)+i)%3]
		if n.up {
			continue
		}
		n.up, n.lastApply, n.replay, n.next = true, -1, len(w.log), 1
		n.boot++
		w.restore(n, n.image, n.imageAt)
		w.say("%v starts again, from its snapshot at entry %d", n, n.imageAt)
		return
	}
}
