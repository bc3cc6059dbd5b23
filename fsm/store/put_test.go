package store

import (
	"bytes"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// putOf is a PutHeartbeat of a slug that sets the interval.
func putOf(n int, slug string, interval int64) fsm.PutHeartbeat {
	spec := slugged(slug)
	spec.Interval = interval
	return fsm.PutHeartbeat{ID: testID(n), Token: testToken(n), Spec: spec, Patch: fsm.Patch{Interval: &interval}}
}

func TestPutMakesOnceAndThenChanges(t *testing.T) {
	r := newRig(t)
	results := r.batch(0, putOf(1, "a", 60), putOf(2, "a", 60)) // as two nodes asked at once send it
	for _, res := range results {
		if h, err := fsm.DecodeHeartbeat(res.Data); err != nil || h.ID != testID(1) || h.Version != 1 {
			t.Errorf("%+v, %v, code %v", h, err, res.Code)
		}
	}
	r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Name: new("named by hand"), Grace: new(int64(7))}})
	before := r.heartbeat(1)
	r.must(putOf(3, "a", 60))
	if h := r.heartbeat(1); h.Version != before.Version || h.Spec.Name != "named by hand" {
		t.Errorf("the same again changed it: %+v", h)
	}
	r.must(putOf(3, "a", 90))
	if h := r.heartbeat(1); h.Version != before.Version+1 || h.Spec.Interval != 90 || h.Spec.Grace != 7 {
		t.Errorf("a new interval: %+v", h)
	}
	if _, n := r.s.Slug("a"); n != 1 {
		t.Errorf("%d heartbeats", n)
	}
}

func TestPutSaysWhatItCannotDo(t *testing.T) {
	r := newRig(t)
	r.create(1, slugged("a"))
	r.create(2, slugged("a"))
	r.create(3, slugged("b"))
	versioned := func(c fsm.PutHeartbeat, version uint64) fsm.PutHeartbeat { c.IfVersion = version; return c }
	for what, c := range map[string]struct {
		put  fsm.PutHeartbeat
		want fsm.Code
	}{
		"a slug of two":             {putOf(9, "a", 60), fsm.CodeAmbiguous},
		"another version":           {versioned(putOf(9, "b", 90), 7), fsm.CodeConflict},
		"a version of none":         {versioned(putOf(9, "c", 90), 1), fsm.CodeConflict},
		"a new one out of limits":   {putOf(9, "c", 0), fsm.CodeInvalid},
		"a change out of limits":    {putOf(9, "b", 0), fsm.CodeInvalid},
		"an ID that is taken":       {putOf(1, "c", 60), fsm.CodeExists},
		"the version that it is at": {versioned(putOf(9, "b", 90), 1), fsm.CodeOK},
	} {
		image := imageOf(t, r.s)
		if res := r.do(c.put); res.Code != c.want {
			t.Errorf("%s: %v", what, res.Code.Err())
		}
		if same := bytes.Equal(image, imageOf(t, r.s)); same == (c.want == fsm.CodeOK) {
			t.Errorf("%s: the state is the same: %v", what, same)
		}
		if c.want == fsm.CodeOK {
			r.must(fsm.Update{ID: testID(3), Patch: fsm.Patch{Interval: new(int64(60))}})
		}
	}
}
