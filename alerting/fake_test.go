package alerting

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// fakeCluster is a cluster of one over a real store. hook may answer a command
// instead of it.
type fakeCluster struct {
	store *store.Store

	mu    sync.Mutex
	term  uint64
	wall  int64
	last  time.Time
	jumps bool // time passes by jump alone, however long the test takes
	hook  func(once bool, cmd fsm.Command) error
	log   []string
}

func newFakeCluster() *fakeCluster {
	return &fakeCluster{store: store.New(), term: 1, wall: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).UnixMilli(), last: time.Now()}
}

func (f *fakeCluster) apply(delta uint32, cmds ...fsm.Command) (fsm.Result, error) {
	f.wall += int64(delta)
	b := logentry.Batch{Term: f.term, Wall: f.wall, Delta: delta}
	for _, c := range cmds {
		b.Items = append(b.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
	}
	res, err := f.store.Apply(logentry.Append(nil, &b), f.term)
	if err != nil || len(res) == 0 {
		return fsm.Result{}, err
	}
	return res[0], res[0].Code.Err()
}

func (f *fakeCluster) propose(once bool, cmd fsm.Command) (fsm.Result, error) {
	f.mu.Lock()
	hook := f.hook
	f.log = append(f.log, fmt.Sprintf("%T", cmd)[len("fsm."):])
	f.mu.Unlock()
	if hook != nil {
		if err := hook(once, cmd); err != nil {
			return fsm.Result{Code: fsm.CodeOf(err)}, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.apply(0, cmd)
}

func (f *fakeCluster) Propose(_ context.Context, cmd fsm.Command) (fsm.Result, error) {
	return f.propose(false, cmd)
}

func (f *fakeCluster) ProposeOnce(_ context.Context, _ uint64, cmd fsm.Command) (fsm.Result, error) {
	return f.propose(true, cmd)
}

// Tick advances the clock by what has passed since the last one.
func (f *fakeCluster) Tick(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jumps {
		_, err := f.apply(0)
		return err
	}
	ms := time.Since(f.last).Milliseconds()
	f.last = f.last.Add(time.Duration(ms) * time.Millisecond)
	_, err := f.apply(uint32(min(ms, logentry.MaxDelta)))
	return err
}

// jump lets serving time pass at once.
func (f *fakeCluster) jump(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for left := d.Milliseconds(); left > 0; left -= 1000 {
		f.apply(1000)
	}
	f.apply(1)
}

func (f *fakeCluster) must(t testing.TB, cmd fsm.Command) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.apply(0, cmd); err != nil {
		t.Fatalf("%T: %v", cmd, err)
	}
}

// fail makes n heartbeats of one recipient fail.
func (f *fakeCluster) fail(t testing.TB, n int) {
	t.Helper()
	f.failOf(t, n, func(int) string { return "ops@example.com" })
}

// failOf makes n heartbeats fail, each of a recipient.
func (f *fakeCluster) failOf(t testing.TB, n int, to func(i int) string) {
	t.Helper()
	for i := range n {
		b := [3]byte{byte((i + 1) >> 16), byte((i + 1) >> 8), byte(i + 1)}
		f.must(t, fsm.Create{ID: fsm.HeartbeatID{b[0], b[1], b[2]}, Token: testToken(i + 1), Spec: fsm.Spec{
			Name: fmt.Sprint("job ", i+1), Slug: "job", Interval: 60, Threshold: 1, Arm: fsm.ArmCreated, Emails: []string{to(i)},
		}})
	}
	f.jump(61 * time.Second)
}

func testToken(i int) fsm.Token { return fsm.Token{byte(i >> 16), byte(i >> 8), byte(i)} }

// sent is how many rows have been sent.
func (f *fakeCluster) sent() int {
	n := uint64(0)
	for _, c := range f.store.Totals().Alerts {
		if c.State == fsm.AlertSent {
			n += c.N
		}
	}
	return int(n)
}

// states counts the rows by state.
func (f *fakeCluster) states() map[fsm.AlertState]int {
	out := map[fsm.AlertState]int{}
	list, _ := f.store.Alerts(fsm.AlertFilter{})
	for _, a := range list {
		out[a.State]++
	}
	return out
}

func (f *fakeCluster) alerts() []fsm.Alert {
	list, _ := f.store.Alerts(fsm.AlertFilter{})
	return list
}

// attempts counts those of all rows.
func (f *fakeCluster) attempts() (n int) {
	for _, a := range f.alerts() {
		n += int(a.Attempt)
	}
	return n
}
