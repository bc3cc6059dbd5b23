package store

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// epoch is where the wall clock of the tests begins.
var epoch = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

// rig drives one store with a wall clock that runs with the serving clock unless
// a test says otherwise.
type rig struct {
	t    *testing.T
	s    *Store
	term uint64
	wall int64
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return &rig{t: t, s: New(), term: 1, wall: epoch.UnixMilli()}
}

// batch applies commands after an advance of the serving clock.
func (r *rig) batch(delta uint32, cmds ...fsm.Command) []fsm.Result {
	r.t.Helper()
	b := logentry.Batch{Term: r.term, Wall: r.wall, Delta: delta}
	for _, c := range cmds {
		b.Items = append(b.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
	}
	res, err := r.s.Apply(logentry.Append(nil, &b), r.term)
	if err != nil {
		r.t.Fatalf("apply: %v", err)
	}
	return res
}

// do applies one command now.
func (r *rig) do(c fsm.Command) fsm.Result {
	r.t.Helper()
	return r.batch(0, c)[0]
}

// must applies one command that has to succeed.
func (r *rig) must(c fsm.Command) fsm.Result {
	r.t.Helper()
	res := r.do(c)
	if res.Code != fsm.CodeOK {
		r.t.Fatalf("%T: code %d (%v)", c, res.Code, res.Code.Err())
	}
	return res
}

// run lets time pass on both clocks, in steps of at most a second; the last is of
// a millisecond, so that the horizon comes that near to the serving time.
func (r *rig) run(d time.Duration) {
	r.t.Helper()
	for left := d.Milliseconds(); left > 0; {
		step := min(max(left-1, 1), 1000)
		left -= step
		r.wall += step
		r.batch(uint32(step))
	}
}

// tick runs the clocks on by a millisecond.
func (r *rig) tick() { r.t.Helper(); r.run(time.Millisecond) }

// gap lets wall time pass in which nothing commits, and records it.
func (r *rig) gap(d time.Duration) {
	r.t.Helper()
	from := r.wall
	r.wall += d.Milliseconds()
	r.must(fsm.RecordGap{From: from, To: r.wall})
}

func testID(n int) (id fsm.HeartbeatID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

func testToken(n int) (tok fsm.Token) {
	binary.BigEndian.PutUint64(tok[:], uint64(n))
	return tok
}

func testSpec(interval, grace int64, threshold int) fsm.Spec {
	return fsm.Spec{
		Name: "nightly-sync", Slug: "nightly-sync", Interval: interval, Grace: grace, Threshold: threshold,
		Arm: fsm.ArmCreated, Emails: []string{"ops@example.com"},
	}
}

// create adds heartbeat n.
func (r *rig) create(n int, spec fsm.Spec) {
	r.t.Helper()
	r.must(fsm.Create{ID: testID(n), Token: testToken(n), Spec: spec})
}

func (r *rig) heartbeat(n int) fsm.Heartbeat {
	r.t.Helper()
	h, err := r.s.Heartbeat(testID(n))
	if err != nil {
		r.t.Fatalf("heartbeat %d: %v", n, err)
	}
	return h
}

func (r *rig) ping(n int) fsm.Code { r.t.Helper(); return r.do(pingOf(r.s, n)).Code }

// pingOf is a ping of heartbeat n as the node of a store proposes it.
func pingOf(s *Store, n int) fsm.Ping {
	return fsm.Ping{Ordinal: s.st.byID(testID(n))}
}

// signal sends heartbeat n a signal, which has an exit status unless that is 0.
func (r *rig) signal(n int, c fsm.Signal) fsm.Code {
	r.t.Helper()
	if c.Exit == 0 {
		c.Exit = fsm.NotKnown
	}
	c.Ordinal = r.s.st.byID(testID(n))
	return r.do(c).Code
}

// alerts lists what the ledger says of heartbeat n, oldest first, as
// "kind state".
func (r *rig) alerts(n int) (out []string) {
	id := testID(n)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	for i := len(list) - 1; i >= 0; i-- {
		out = append(out, list[i].Kind.String()+" "+list[i].State.String())
	}
	return out
}

func imageOf(t testing.TB, s *Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := s.Snapshot().WriteTo(&b); err != nil {
		t.Fatalf("image: %v", err)
	}
	return b.Bytes()
}
