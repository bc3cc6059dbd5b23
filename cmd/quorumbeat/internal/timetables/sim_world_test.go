package timetables

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/zones"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// What package cluster does, in ms.
const (
	simSettle   = 2000   // from the election until serving time runs
	simGapAfter = 10_000 // nothing committed for longer: an ingest gap
	simDelta    = 2000   // serving time is advanced by no more at once
	simHold     = 8000   // for so long pings wait for a leader
)

// simWorld is a cluster of three, with jobs that ping it. Times are in ms, by a clock that is right.
type simWorld struct {
	tell  bool
	story []string

	now    int64
	nodes  [3]*simNode
	term   uint64
	leader *simNode
	wrong  bool          // the rules of the newest leader were
	serves int64         // when the leader's serving time runs
	ticked int64         // when it was last advanced
	flight []fsm.Command // of the leader's keeper: committed later, or never
	limbo  []simEntry    // of a leader that was: they survive it
	log    []simEntry
	commit int64 // when the last one was
	lose   int   // how many of the keeper's next commands are lost, or come late

	observer *store.Store
	images   map[int][]byte // by entries applied, as the first node there had it
	jobs     []*simJob
	held     []*simJob // pings that wait for a leader
	outages  [][2]int64
	uneasy   int64 // when a clock was last wrong, nobody led, or a gap was recorded
	reached  [simSituations]int
}

type simEntry struct {
	bytes []byte
	term  uint64
}

// simNode is a node: its disk, its memory, its clock and its rules.
type simNode struct {
	name    string
	store   *store.Store
	applied int
	up      bool
	skew    int64
	rules   *simRules
	image   []byte
	imageAt int
	keeper  *Keeper
	warned  map[string]bool
}

// simRules are those of the world under a version of a node's own; in America/Sao_Paulo they may be wrong.
type simRules struct {
	version string
	wrong   bool
}

var worldRules = zones.New("/nowhere")

func (r *simRules) Version() string { return r.version }

func (r *simRules) Location(name string) (*time.Location, error) {
	if r.wrong && name == simDisputed {
		return time.FixedZone(name, -2*3600), nil
	}
	return worldRules.Location(name)
}

// simDisputed is the zone about which nodes may differ.
const simDisputed = "America/Sao_Paulo"

func newSimWorld(begin int64, tell bool) *simWorld {
	w := &simWorld{tell: tell, now: begin, observer: store.New(), images: map[int][]byte{}}
	for i := range w.nodes {
		n := &simNode{name: fmt.Sprint("node ", i+1), store: store.New(), up: true, rules: &simRules{version: fmt.Sprint(i)}, warned: map[string]bool{}}
		n.keeper = &Keeper{
			Zones: n.rules, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Propose: w.propose,
			Now: func() time.Time { return time.UnixMilli(w.now + n.skew) },
		}
		w.nodes[i] = n
	}
	return w
}

func (w *simWorld) say(format string, args ...any) {
	if w.tell {
		w.story = append(w.story, fmt.Sprintf("%s  ", time.UnixMilli(w.now).UTC().Format("02 15:04:05.000"))+fmt.Sprintf(format, args...))
	}
}

// simBroken is what a check panics with.
type simBroken struct{ promise, why string }

func (w *simWorld) fail(format string, args ...any) {
	panic(simBroken{format, clockOf(w.now) + ": " + fmt.Sprintf(format, args...)})
}

// batch stamps commands as the leader does now.
func (w *simWorld) batch(delta int64, cmds ...fsm.Command) simEntry {
	b := logentry.Batch{Term: w.term, Wall: w.now + w.leader.skew, Delta: uint32(delta)}
	for _, c := range cmds {
		b.Items = append(b.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
	}
	return simEntry{logentry.Append(nil, &b), w.term}
}

// add appends an entry to the log, for ever. The leader applies it at once.
func (w *simWorld) add(e simEntry) []fsm.Result {
	w.log, w.commit = append(w.log, e), w.now
	res := w.apply(w.observer, len(w.log)-1)
	if w.leader != nil {
		w.catchUp(w.leader, len(w.log))
	}
	return res
}

func (w *simWorld) do(cmd fsm.Command) fsm.Result { return w.add(w.batch(0, cmd))[0] }

func (w *simWorld) apply(s *store.Store, i int) []fsm.Result {
	res, err := s.Apply(w.log[i].bytes, w.log[i].term)
	if err != nil {
		w.fail("entry %d: %v", i+1, err)
	}
	return res
}

func (w *simWorld) catchUp(n *simNode, most int) {
	for ; n.up && most > 0 && n.applied < len(w.log); most-- {
		w.apply(n.store, n.applied)
		n.applied++
	}
}

// propose is the keeper's way to the log. What is lost may be in the log later all the same.
func (w *simWorld) propose(_ context.Context, term uint64, cmd fsm.Command) (fsm.Result, error) {
	if w.leader == nil || term != w.term {
		return fsm.Result{}, fsm.ErrNotLeader
	}
	if w.lose > 0 {
		w.lose--
		w.flight = append(w.flight, cmd)
		w.say("%T waits", cmd)
		return fsm.Result{}, fsm.ErrUnknownOutcome
	}
	res := w.do(cmd)
	switch c := cmd.(type) {
	case fsm.ReadClock:
		w.say("the clocks are compared")
		w.reached[simReadClock]++
	case fsm.SetTimetables:
		w.say("%d timetables are topped up by the rules of %s", len(c.List), w.leader.name)
		w.reached[simToppedUp] += len(c.List)
	}
	return res, nil
}

// land commits what waited in flight, some of it late.
func (w *simWorld) land(most int) {
	for ; w.leader != nil && most > 0 && len(w.flight) > 0; most-- {
		cmd := w.flight[0]
		w.flight = w.flight[1:]
		w.say("a %T comes late", cmd)
		w.reached[simLateTopUp]++
		w.do(cmd)
	}
}

func (w *simWorld) majority() bool {
	up := 0
	for _, n := range w.nodes {
		if n.up {
			up++
		}
	}
	return up >= 2
}

// elect makes a node the leader of a new term; what survived of the last leader's entries commits first.
func (w *simWorld) elect(n *simNode) bool {
	if w.leader != nil || !n.up || !w.majority() {
		return false
	}
	w.term++
	w.leader, w.serves = n, w.now+simSettle
	w.ticked = w.serves
	w.say("%s leads term %d, with rules %s, its clock off by %d s", n.name, w.term, n.rules.version, n.skew/1000)
	w.meetsOtherRules(n)
	silent := w.now - w.commit
	w.catchUp(n, len(w.log))
	for _, e := range w.limbo {
		w.reached[simSurvivor]++
		w.add(e)
	}
	w.limbo = nil
	if silent > simGapAfter && len(w.log) > 0 {
		w.say("an ingest gap of %d s", silent/1000)
		w.reached[simGap]++
		w.meetsChange(w.now-silent, w.now)
		w.outages = append(w.outages, [2]int64{w.now - silent, w.now})
		w.do(fsm.RecordGap{From: w.now + n.skew - silent, To: w.now + n.skew})
	}
	for _, j := range w.held {
		j.send(w)
	}
	w.held = nil
	w.uneasy = w.now
	return true
}

// meetsOtherRules notes that a leader computes other times for some job than the one before did.
func (w *simWorld) meetsOtherRules(n *simNode) {
	if n.rules.wrong != w.wrong && slices.ContainsFunc(w.jobs, (*simJob).disputed) {
		w.reached[simOtherRules]++
	}
	w.wrong = n.rules.wrong
}

// meetsChange notes each job whose clock on the wall was changed between two times.
func (w *simWorld) meetsChange(from, to int64) {
	for _, j := range w.jobs {
		shown := j.plan.clock()
		if shown(to/60_000)-shown(from/60_000) != to/60_000-from/60_000 {
			w.reached[simChangeInGap]++
		}
	}
}

func (w *simWorld) depose(survive int) {
	if w.leader == nil {
		return
	}
	n := survive % (len(w.flight) + 1)
	w.say("%s leads no more; of %d commands in flight %d survive", w.leader.name, len(w.flight), n)
	for _, cmd := range w.flight[:n] {
		w.limbo = append(w.limbo, w.batch(0, cmd))
	}
	w.flight = nil
	w.leader = nil
	w.uneasy = w.now
}

func (w *simWorld) image(s *store.Store) []byte {
	var b bytes.Buffer
	if _, err := s.Snapshot().WriteTo(&b); err != nil {
		w.fail("image: %v", err)
	}
	return b.Bytes()
}

// snapshot writes a node's state to its disk, and may make it go on from that.
func (w *simWorld) snapshot(n *simNode, reopen bool) {
	if !n.up {
		return
	}
	n.image, n.imageAt = w.image(n.store), n.applied
	if reopen {
		w.restore(n, n.image, n.imageAt)
	}
}

func (w *simWorld) restore(n *simNode, image []byte, at int) {
	n.store, n.applied = store.New(), at
	if image == nil {
		return
	}
	if err := n.store.Restore(bytes.NewReader(image)); err != nil {
		w.fail("%s cannot restore its snapshot: %v", n.name, err)
	}
	w.reached[simRestored]++
}

// install brings a node that lags the snapshot of another.
func (w *simWorld) install(n, from *simNode) {
	if n.up && from.up && n.applied < from.applied {
		n.image, n.imageAt = w.image(from.store), from.applied
		w.restore(n, n.image, n.imageAt)
	}
}

func (w *simWorld) crash(n *simNode, survive int) {
	if !n.up {
		return
	}
	w.say("%s crashes", n.name)
	if w.leader == n {
		w.depose(survive)
	}
	n.up = false
}

func (w *simWorld) restart(n *simNode) {
	if !n.up {
		w.say("%s starts again from entry %d", n.name, n.imageAt)
		n.up = true
		w.restore(n, n.image, n.imageAt)
	}
}

// checkImages compares the nodes with the first that had applied as many entries.
func (w *simWorld) checkImages() {
	check := func(who string, s *store.Store, at int) {
		image := w.image(s)
		if first := w.images[at]; first == nil {
			w.images[at] = image
		} else if !bytes.Equal(first, image) {
			w.fail("%s has another state at entry %d", who, at)
		}
	}
	check("a node that saw every entry", w.observer, len(w.log))
	for _, n := range w.nodes {
		w.catchUp(n, len(w.log))
		if n.up {
			check(n.name, n.store, n.applied)
		}
	}
}

// pass lets time pass: jobs ping when they do, and the leader ticks and looks after timetables.
func (w *simWorld) pass(ms int64, r *rand.Rand) {
	for end := w.now + ms; w.now < end; {
		to := end
		if w.leader != nil {
			to = min(end, w.now+500+r.Int64N(9000))
		}
		for _, j := range w.jobs {
			to = min(to, max(j.nextPing(w), w.now))
		}
		w.now = to
		w.step(r)
	}
}

func (w *simWorld) step(r *rand.Rand) {
	w.tick()
	for _, j := range w.jobs {
		j.ping(w)
	}
	if w.leader == nil {
		return
	}
	if w.leader.skew != 0 {
		w.uneasy = w.now
	}
	if len(w.flight) > 0 && r.IntN(8) == 0 {
		w.land(1)
	}
	w.leader.keeper.Store = w.leader.store
	w.leader.keeper.look(context.Background(), w.term, w.leader.warned)
	if r.IntN(10) == 0 {
		w.catchUp(w.nodes[r.IntN(3)], r.IntN(200))
	}
	for _, j := range w.jobs {
		j.check(w)
	}
}

// tick advances serving time by what passed since the last advance.
func (w *simWorld) tick() {
	if w.leader == nil || w.now <= w.ticked {
		return
	}
	for now := w.now; w.ticked < now; {
		delta := min(now-w.ticked, simDelta)
		w.ticked += delta
		w.now = w.ticked
		w.add(w.batch(delta))
	}
	select {
	case <-w.observer.LedgerChanged():
		w.checkUnheard()
	default:
	}
}
