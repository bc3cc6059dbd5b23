package fsm

import (
	"bytes"
	"testing"
)

// putOf is a PutHeartbeat of a slug that sets the interval.
func putOf(n int, slug string, interval int64) PutHeartbeat {
	spec := slugged(slug)
	spec.Interval = interval
	return PutHeartbeat{ID: testID(n), Token: testToken(n), Spec: spec, Patch: Patch{Interval: &interval}}
}

func TestPutMakesOnceAndThenChanges(t *testing.T) {
	r := newRig(t)
	results := r.batch(0, putOf(1, "a", 60), putOf(2, "a", 60)) // as two nodes asked at once send it
	for _, res := range results {
		if h, err := DecodeHeartbeat(res.Data); err != nil || h.ID != testID(1) || h.Version != 1 {
			t.Errorf("%+v, %v, code %v", h, err, res.Code)
		}
	}
	r.must(Update{ID: testID(1), Patch: Patch{Name: ptr("named by hand"), Grace: ptr(int64(7))}})
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
	versioned := func(c PutHeartbeat, version uint64) PutHeartbeat { c.IfVersion = version; return c }
	for what, c := range map[string]struct {
		put  PutHeartbeat
		want Code
	}{
		"a slug of two":             {putOf(9, "a", 60), CodeAmbiguous},
		"another version":           {versioned(putOf(9, "b", 90), 7), CodeConflict},
		"a version of none":         {versioned(putOf(9, "c", 90), 1), CodeConflict},
		"a new one out of limits":   {putOf(9, "c", 0), CodeInvalid},
		"a change out of limits":    {putOf(9, "b", 0), CodeInvalid},
		"an ID that is taken":       {putOf(1, "c", 60), CodeExists},
		"the version that it is at": {versioned(putOf(9, "b", 90), 1), CodeOK},
	} {
		image := imageOf(t, r.s)
		if res := r.do(c.put); res.Code != c.want {
			t.Errorf("%s: %v", what, res.Code.Err())
		}
		if same := bytes.Equal(image, imageOf(t, r.s)); same == (c.want == CodeOK) {
			t.Errorf("%s: the state is the same: %v", what, same)
		}
		if c.want == CodeOK {
			r.must(Update{ID: testID(3), Patch: Patch{Interval: ptr(int64(60))}})
		}
	}
}
