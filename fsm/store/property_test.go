package store

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// segment is an advance of the clock and the commands that arrive until the next.
type segment struct {
	delta uint32
	wall  int64
	items []logentry.Item
}

// runner applies segments in its own way. All runners must end up with the same
// image, whatever their way is.
type runner struct {
	name    string
	s       *Store
	cut     func(t *rapid.T) bool // whether a batch ends after this item
	repeat  bool                  // send items again
	restore bool                  // go on from a snapshot
	sent    []logentry.Item
	log     [][]byte
}

var propertyOrigin = logentry.Origin{Node: fsm.NodeID{7}, Boot: 1, Floor: 1}

func (r *runner) apply(t *rapid.T, b logentry.Batch) []fsm.Result {
	b.Term = 1
	b.Origins = []logentry.Origin{propertyOrigin}
	entry := logentry.Append(nil, &b)
	r.log = append(r.log, entry)
	res, err := r.s.Apply(entry, 1)
	if err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	return res
}

// run applies a segment and returns the first result of every item.
func (r *runner) run(t *rapid.T, g segment) (codes []fsm.Code) {
	b := logentry.Batch{Wall: g.wall, Delta: g.delta}
	flush := func() {
		for _, res := range r.apply(t, b) {
			codes = append(codes, res.Code)
		}
		b = logentry.Batch{Wall: g.wall}
	}
	for _, it := range g.items {
		b.Items = append(b.Items, it)
		r.sent = append(r.sent, it)
		if r.cut(t) {
			flush()
		}
	}
	flush()
	if r.repeat && len(r.sent) > 0 {
		i := rapid.IntRange(0, len(r.sent)-1).Draw(t, "repeat")
		r.apply(t, logentry.Batch{Wall: g.wall, Items: r.sent[i : i+1]})
	}
	return codes
}

// drain judges everything that is due, at a later time than that at which it fell
// due.
func (r *runner) drain(t *rapid.T, wall int64) {
	for {
		r.apply(t, logentry.Batch{Wall: wall + 1})
		due, ok := r.s.NextDue()
		if !ok || due > r.s.Horizon() {
			return
		}
	}
}

func (r *runner) maybeRestore(t *rapid.T) {
	if !r.restore || !rapid.Bool().Draw(t, "restore") {
		return
	}
	fresh := New()
	fresh.maxJudged = r.s.maxJudged
	if err := fresh.Restore(bytes.NewReader(imageOfRapid(t, r.s))); err != nil {
		t.Fatalf("%s: restore: %v", r.name, err)
	}
	r.s = fresh
}

func imageOfRapid(t *rapid.T, s *Store) []byte {
	var b bytes.Buffer
	if _, err := s.Snapshot().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newRunners() []*runner {
	whole := func(*rapid.T) bool { return false }
	random := func(t *rapid.T) bool { return rapid.Bool().Draw(t, "cut") }
	rs := []*runner{
		{name: "whole", cut: whole},
		{name: "one at a time", cut: func(*rapid.T) bool { return true }},
		{name: "bound of one", cut: whole},
		{name: "repeats", cut: random, repeat: true},
		{name: "snapshots", cut: random, restore: true},
	}
	for _, r := range rs {
		r.s = New()
	}
	rs[2].s.maxJudged = 1
	return rs
}

// TestBatchesBoundsRepeatsAndSnapshotsChangeNothing runs random histories in
// several ways at once: all commands of a tick in one batch, each in its own, with
// judging bounded to one heartbeat a batch, with repeats, and from snapshots.
// After every tick the results and the images are the same.
func TestBatchesBoundsRepeatsAndSnapshotsChangeNothing(t *testing.T) {
	testkit.SkipUnderRace(t)
	rapid.Check(t, func(t *rapid.T) {
		rs := newRunners()
		seq, wall := uint64(0), epoch.UnixMilli()
		for range rapid.IntRange(1, 40).Draw(t, "segments") {
			g := segment{delta: uint32(rapid.SampledFrom([]int{1, 10, 500, 1000, 2000}).Draw(t, "delta"))}
			wall += drawWallStep(t, int64(g.delta))
			g.wall = wall
			for range rapid.IntRange(0, 6).Draw(t, "commands") {
				seq++
				g.items = append(g.items, logentry.Item{Seq: seq, Cmd: fsm.AppendCommand(nil, drawCommand(t, rs[0].s, wall))})
			}
			checkSegment(t, rs, g)
			// What a sender does comes when everything due has been judged.
			if cmd := drawSending(t, rs[0].s); cmd != nil {
				seq++
				checkSegment(t, rs, segment{wall: wall, items: []logentry.Item{{Seq: seq, Cmd: fsm.AppendCommand(nil, cmd)}}})
			}
		}
		replay(t, rs[3])
	})
}

// drawWallStep draws by how much the wall clock moves while the serving clock moves by delta: about
// as much, or it is set.
func drawWallStep(t *rapid.T, delta int64) int64 {
	if rapid.Bool().Draw(t, "set") {
		return int64(rapid.IntRange(-2000, 20_000).Draw(t, "wall"))
	}
	return delta + int64(rapid.IntRange(-300, 300).Draw(t, "off"))
}

func checkSegment(t *rapid.T, rs []*runner, g segment) {
	want := rs[0].run(t, g)
	rs[0].drain(t, g.wall)
	image := imageOfRapid(t, rs[0].s)
	for _, r := range rs[1:] {
		r.maybeRestore(t)
		if got := r.run(t, g); !bytes.Equal(asBytes(got), asBytes(want)) {
			t.Fatalf("%s: results %v, want %v", r.name, got, want)
		}
		r.drain(t, g.wall)
		if !bytes.Equal(image, imageOfRapid(t, r.s)) {
			t.Fatalf("%s: the image differs", r.name)
		}
	}
	for _, r := range rs {
		if err := r.s.st.ledgerNow().Check(); err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
	}
}

// replay applies a runner's whole log to an empty store.
func replay(t *rapid.T, r *runner) {
	s := New()
	for _, e := range r.log {
		if _, err := s.Apply(e, 1); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(imageOfRapid(t, s), imageOfRapid(t, r.s)) {
		t.Fatal("a full replay gives another image")
	}
}

func asBytes(codes []fsm.Code) (b []byte) {
	for _, c := range codes {
		b = append(b, byte(c))
	}
	return b
}

// drawCommand draws a command about a few heartbeats. Nothing in it may depend on
// how far judging has got.
func drawCommand(t *rapid.T, s *Store, wall int64) fsm.Command {
	n := rapid.IntRange(1, 6).Draw(t, "heartbeat")
	id := testID(n)
	small := func(label string) int64 { return int64(rapid.IntRange(1, 3).Draw(t, label)) }
	switch rapid.IntRange(0, 14).Draw(t, "kind") {
	case 10, 11, 12:
		return drawScheduled(t, s, n, wall)
	case 13:
		return fsm.ReadClock{}
	case 14:
		c := fsm.RotateToken{ID: id, Token: testToken(rapid.IntRange(1, 30).Draw(t, "token"))}
		c.Overlap = int64(rapid.SampledFrom([]int{0, 1, 1000, 5000, 60_000}).Draw(t, "overlap"))
		return c
	case 0, 1:
		spec := testSpec(small("interval"), small("grace")-1, int(small("threshold")))
		spec.Arm = rapid.SampledFrom([]fsm.Arm{fsm.ArmCreated, fsm.ArmFirstPing}).Draw(t, "arm")
		spec.Emails = rapid.SampledFrom([][]string{nil, {"a@example.com"}, {"a@example.com", "b@example.com"}}).Draw(t, "emails")
		return fsm.Create{ID: id, Token: testToken(n), Spec: spec}
	case 2:
		interval, threshold := small("interval"), int(small("threshold"))
		pause := rapid.SampledFrom([]*bool{nil, nil, new(bool)}).Draw(t, "pause")
		return fsm.Update{ID: id, Patch: fsm.Patch{Interval: &interval, Threshold: &threshold}, Pause: pause}
	case 3:
		return drawPause(t, id, wall)
	case 4:
		return fsm.Resume{ID: id}
	case 5:
		if rapid.IntRange(0, 3).Draw(t, "really") == 0 {
			return fsm.Delete{ID: id}
		}
	case 6:
		length := int64(rapid.IntRange(1, 30_000).Draw(t, "gap"))
		return fsm.RecordGap{From: wall - length, To: wall}
	case 7:
		return fsm.SetSettings{Settings: fsm.Settings{
			MaxHeartbeats: rapid.SampledFrom([]int{0, 5}).Draw(t, "most"),
			History:       rapid.IntRange(0, 4).Draw(t, "history"), Burst: rapid.IntRange(1, 2).Draw(t, "burst"),
			GroupWait:  int64(rapid.SampledFrom([]int{0, 1000}).Draw(t, "wait")),
			FlapWindow: int64(rapid.SampledFrom([]int{0, 2000, 5000}).Draw(t, "flaps")),
			MailTo:     rapid.SampledFrom([][]string{nil, {"team@example.com"}}).Draw(t, "mailto"),
		}}
	}
	if s.st.byID(id) == 0 || rapid.Bool().Draw(t, "plain") {
		return pingOf(s, n)
	}
	return drawSignal(t, s.st.byID(id), wall)
}

// drawPause draws a pause that ends by itself soon, or not at all.
func drawPause(t *rapid.T, id fsm.HeartbeatID, wall int64) fsm.Command {
	switch rapid.IntRange(0, 3).Draw(t, "ends") {
	case 0:
		return fsm.Pause{ID: id}
	case 1:
		return fsm.TimedPause{ID: id, Until: wall + int64(rapid.IntRange(-100, 30_000).Draw(t, "until"))}
	}
	return fsm.TimedPause{ID: id, For: int64(rapid.IntRange(900, 5000).Draw(t, "for"))}
}

// drawScheduled draws what makes, changes and tops up the timetable of a heartbeat: of leaders
// whose rules and clocks differ, early, late, and of a heartbeat that was changed meanwhile.
func drawScheduled(t *rapid.T, s *Store, n int, wall int64) fsm.Command {
	times := fsm.Timetable{Rules: uint32(rapid.IntRange(1, 2).Draw(t, "rules"))}
	at := wall + int64(rapid.IntRange(-30_000, 30_000).Draw(t, "first"))
	for range rapid.IntRange(0, fsm.MaxTimes).Draw(t, "times") {
		at += int64(rapid.SampledFrom([]int{1, 1000, 5000, 60_000}).Draw(t, "step"))
		times.Times = append(times.Times, at)
	}
	ord := s.st.byID(testID(n))
	switch {
	case ord == 0:
		spec := testSpec(0, int64(rapid.IntRange(0, 9).Draw(t, "grace")), rapid.IntRange(1, 3).Draw(t, "threshold"))
		spec.Schedule = []string{"@daily"}
		return fsm.WithTimetable{Timetable: times, Command: fsm.Create{ID: testID(n), Token: testToken(n), Spec: spec}}
	case rapid.IntRange(0, 3).Draw(t, "edit") == 0:
		patch := fsm.Patch{Schedule: new([]string{rapid.SampledFrom([]string{"@daily", "@hourly"}).Draw(t, "schedule")})}
		return fsm.WithTimetable{Timetable: times, Command: fsm.Update{ID: testID(n), Patch: patch}}
	}
	version := s.st.table.Record(ord).Cold.Version - uint64(rapid.IntRange(0, 4).Draw(t, "older")/4)
	since := wall + int64(rapid.IntRange(-20_000, 20_000).Draw(t, "since"))
	return fsm.SetTimetables{List: []fsm.NextTimes{{Ordinal: ord, Version: version, Since: since, Timetable: times}}}
}

// drawSignal draws one of a few runs and keys, so that they meet.
func drawSignal(t *rapid.T, ord uint64, wall int64) fsm.Command {
	c := fsm.Signal{Ordinal: ord, Exit: fsm.NotKnown, Tells: fsm.SignalKind(rapid.IntRange(0, 3).Draw(t, "tells"))}
	if c.HasRun = rapid.Bool().Draw(t, "named"); c.HasRun {
		c.Run[0] = byte(rapid.IntRange(1, 3).Draw(t, "run"))
	}
	c.IdempotencyKey[0] = byte(rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "key"))
	if c.Tells == fsm.SignalFail {
		c.Exit = rapid.SampledFrom([]int{fsm.NotKnown, 1, 255}).Draw(t, "exit")
	}
	if rapid.IntRange(0, 3).Draw(t, "late") == 0 {
		c.At = wall - int64(rapid.IntRange(-1000, 10_000).Draw(t, "by"))
	}
	if rapid.Bool().Draw(t, "numbered") {
		c.Numbers = []fsm.Number{{Name: "n", Value: float64(rapid.IntRange(0, 3).Draw(t, "number"))}}
	}
	if n := rapid.SampledFrom([]int{0, 0, 1, 5000, fsm.MaxBody}).Draw(t, "body"); n > 0 {
		c.Body = bytes.Repeat([]byte{'x'}, n)
	}
	return c
}

// drawSending draws the next step of some row, or nil.
func drawSending(t *rapid.T, s *Store) fsm.Command {
	w := s.Work(1, 100)
	if len(w.Digests) > 0 {
		return w.Digests[0]
	}
	list, _ := s.Alerts(fsm.AlertFilter{})
	if len(list) == 0 {
		return nil
	}
	a := list[rapid.IntRange(0, len(list)-1).Draw(t, "row")]
	switch rapid.IntRange(0, 9).Draw(t, "by hand") {
	case 0:
		return fsm.DeliverAlert{Alert: a.ID}
	case 1:
		return fsm.HoldAlert{Alert: a.ID}
	case 2:
		return fsm.CancelAlert{Alert: a.ID}
	}
	switch a.State {
	case fsm.AlertClaimed:
		return fsm.Fence{Alert: a.ID, Term: a.Term, Attempt: a.Attempt}
	case fsm.AlertFenced:
		return fsm.Settle{
			Alert: a.ID, Term: a.Term, Attempt: a.Attempt, Outcome: fsm.Outcome(rapid.IntRange(1, 4).Draw(t, "outcome")),
			RetryIn: 700, Error: fmt.Sprint("attempt ", a.Attempt), Resend: rapid.Bool().Draw(t, "resend"),
		}
	case fsm.AlertFailed, fsm.AlertHeld:
		return fsm.RetryAlert{Alert: a.ID}
	}
	return fsm.Claim{Alert: a.ID, Term: 1, Attempt: a.Attempt + 1}
}
