package store

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestMethodsComeBackAsTheyWere: they end commands that logs have without them.
func TestMethodsComeBackAsTheyWere(t *testing.T) {
	post := testSpec(60, 5, 2)
	post.Methods = fsm.MethodsPost
	for _, c := range []fsm.Command{
		fsm.Create{ID: testID(1), Token: testToken(2), Spec: post},
		fsm.Ensure{ID: testID(1), Token: testToken(2), Spec: post},
		fsm.Update{ID: testID(1), Patch: fsm.Patch{Methods: new(fsm.MethodsPost)}},
		fsm.Update{ID: testID(1), Pause: new(true), Patch: fsm.Patch{Methods: new([]string)}},
		fsm.PutHeartbeat{ID: testID(1), Token: testToken(2), Spec: post, Patch: fsm.Patch{Methods: new(fsm.MethodsPost)}},
		fsm.PutHeartbeat{ID: testID(1), Token: testToken(2), Spec: post},
		fsm.PutHeartbeat{ID: testID(1), Token: testToken(2), Spec: testSpec(60, 5, 2), Patch: fsm.Patch{Methods: new([]string)}},
		fsm.Authorized{Key: fsm.KeyID{2}, Command: fsm.Create{ID: testID(1), Token: testToken(2), Spec: post}},
	} {
		b := fsm.AppendCommand(nil, c)
		if got, err := fsm.DecodeCommand(b); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%#v\ncame back as %#v, %v", c, got, err)
		}
		for _, last := range []byte{0, 4, 8, 0xff} {
			if got, err := fsm.DecodeCommand(append(slices.Clone(b[:len(b)-1]), last)); err == nil {
				t.Errorf("with %d at its end it is %#v", last, got)
			}
		}
	}
}

// TestOnlyPost is known without the lock, after edits, deletions and from an image.
func TestOnlyPost(t *testing.T) {
	r := newRig(t)
	for n := 1; n <= 200; n++ {
		spec := testSpec(60, 5, 2)
		if n%3 == 0 {
			spec.Methods = fsm.MethodsPost
		}
		r.create(n, spec)
	}
	h, err := fsm.DecodeHeartbeat(r.must(fsm.Update{ID: testID(3), Patch: fsm.Patch{Methods: new([]string)}}).Data)
	if err != nil || len(h.Spec.Methods) > 0 {
		t.Errorf("%+v, %v", h, err)
	}
	h, err = fsm.DecodeHeartbeat(r.must(fsm.Update{ID: testID(4), Patch: fsm.Patch{Methods: new(fsm.MethodsPost)}}).Data)
	if err != nil || !slices.Equal(h.Spec.Methods, fsm.MethodsPost) {
		t.Errorf("%+v, %v", h, err)
	}
	r.must(fsm.Delete{ID: testID(6)})
	image := imageOf(t, r.s)
	again := New()
	if err := again.Restore(bytes.NewReader(image)); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{r.s, again} {
		for n := uint64(1); n <= 300; n++ {
			want := n <= 200 && n%3 == 0 && n != 3 && n != 6 || n == 4
			if s.OnlyPost(n) != want {
				t.Errorf("heartbeat %d: %v", n, !want)
			}
		}
	}
	if !bytes.Equal(image, imageOf(t, again)) {
		t.Error("the image of the restored store differs")
	}
}
