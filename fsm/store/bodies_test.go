package store

import (
	"bytes"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

func TestADroppedBodyIsToldOf(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(3600, 60, 2))
	c := fsm.Signal{Ordinal: 1, Exit: fsm.NotKnown, Body: []byte("a line")}.WithoutBody()
	for _, res := range []fsm.Result{r.do(c), r.do(c)} {
		if res.Code != fsm.CodeOK || !bytes.Equal(res.Data, fsm.BodyDropped) {
			t.Errorf("answer %+v", res)
		}
	}
	if res := r.do(fsm.Signal{Ordinal: 1, Exit: fsm.NotKnown, Body: []byte("kept")}); len(res.Data) != 0 {
		t.Errorf("answer %+v to a body that is kept", res)
	}
	list, _, _ := r.s.Pings(testID(1), 10, 0)
	if len(list) != 3 || list[0].Dropped != 0 || list[2].Dropped != len("a line") || list[2].Body != nil {
		t.Errorf("history %+v", list)
	}
	copied := New()
	if err := copied.Restore(bytes.NewReader(imageOf(t, r.s))); err != nil {
		t.Fatal(err)
	}
	if list, _, _ := copied.Pings(testID(1), 10, 0); len(list) != 3 || list[2].Dropped != len("a line") {
		t.Errorf("restored history %+v", list)
	}
}

// bodiesOf lists how many bodies each heartbeat has.
func bodiesOf(s *Store, heartbeats int) (n []int) {
	for i := 1; i <= heartbeats; i++ {
		list, _, _ := s.Pings(testID(i), 1000, 0)
		has := 0
		for _, p := range list {
			if p.Body != nil {
				has++
			}
		}
		n = append(n, has)
	}
	return n
}

func TestBodiesAreBoundedInAll(t *testing.T) {
	r := newRig(t)
	const heartbeats = table.PageSize + 40
	for i := 1; i <= heartbeats; i++ {
		r.create(i, testSpec(3600, 60, 2))
	}
	body := make([]byte, 1000)
	r.s.st.table.MaxBodies = 100 * (len(body) + table.BodyCost)
	r.signal(heartbeats, fsm.Signal{Body: body}) // who sent little
	for i := 1; i < heartbeats; i++ {
		for range 3 {
			r.signal(i, fsm.Signal{Body: body})
		}
	}
	total := func(s *Store) (sum int) {
		for _, n := range bodiesOf(s, heartbeats) {
			sum += n
		}
		return sum
	}
	if got := total(r.s); got != 100 || r.s.st.table.Bodies > r.s.st.table.MaxBodies {
		t.Errorf("%d bodies are kept, %d bytes", got, r.s.st.table.Bodies)
	}
	if n := bodiesOf(r.s, heartbeats); n[heartbeats-2] == 0 {
		t.Errorf("the newest body is gone: %v", n)
	}

	copied := New()
	if err := copied.Restore(bytes.NewReader(imageOf(t, r.s))); err != nil {
		t.Fatal(err)
	}
	if copied.st.table.Bodies != r.s.st.table.Bodies {
		t.Errorf("%d bytes after a restore, %d before", copied.st.table.Bodies, r.s.st.table.Bodies)
	}
	copied.st.table.MaxBodies = r.s.st.table.MaxBodies
	next := &rig{t: t, s: copied, wall: r.wall}
	for _, x := range []*rig{r, next} {
		x.s.st.table.MaxBodies -= 5 * (len(body) + table.BodyCost)
		x.signal(7, fsm.Signal{Body: body})
	}
	if a, b := imageOf(t, r.s), imageOf(t, copied); total(copied) != 95 || total(r.s) != 95 || len(a) != len(b) {
		t.Errorf("%d and %d bodies, images of %d and %d bytes", total(r.s), total(copied), len(a), len(b))
	}
	for i := 1; i <= heartbeats; i++ {
		r.must(fsm.Delete{ID: testID(i)})
	}
	if r.s.st.table.Bodies != 0 {
		t.Errorf("%d bytes of no heartbeat", r.s.st.table.Bodies)
	}
}
