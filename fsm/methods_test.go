package fsm

import (
	"bytes"
	"reflect"
	"slices"
	"testing"
)

// TestMethodsComeBackAsTheyWere: they end commands that logs have without them.
func TestMethodsComeBackAsTheyWere(t *testing.T) {
	post := testSpec(60, 5, 2)
	post.Methods = onlyPost
	for _, c := range []Command{
		Create{ID: testID(1), Token: testToken(2), Spec: post},
		Ensure{ID: testID(1), Token: testToken(2), Spec: post},
		Update{ID: testID(1), Patch: Patch{Methods: ptr(onlyPost)}},
		Update{ID: testID(1), Pause: ptr(true), Patch: Patch{Methods: new([]string)}},
		PutHeartbeat{ID: testID(1), Token: testToken(2), Spec: post, Patch: Patch{Methods: ptr(onlyPost)}},
		PutHeartbeat{ID: testID(1), Token: testToken(2), Spec: post},
		PutHeartbeat{ID: testID(1), Token: testToken(2), Spec: testSpec(60, 5, 2), Patch: Patch{Methods: new([]string)}},
		Authorized{KeyID{2}, Create{ID: testID(1), Token: testToken(2), Spec: post}},
	} {
		b := AppendCommand(nil, c)
		if got, err := DecodeCommand(b); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%#v\ncame back as %#v, %v", c, got, err)
		}
		for _, last := range []byte{0, 4, 8, 0xff} {
			if got, err := DecodeCommand(append(slices.Clone(b[:len(b)-1]), last)); err == nil {
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
			spec.Methods = onlyPost
		}
		r.create(n, spec)
	}
	h, err := DecodeHeartbeat(r.must(Update{ID: testID(3), Patch: Patch{Methods: new([]string)}}).Data)
	if err != nil || len(h.Spec.Methods) > 0 {
		t.Errorf("%+v, %v", h, err)
	}
	h, err = DecodeHeartbeat(r.must(Update{ID: testID(4), Patch: Patch{Methods: ptr(onlyPost)}}).Data)
	if err != nil || !slices.Equal(h.Spec.Methods, onlyPost) {
		t.Errorf("%+v, %v", h, err)
	}
	r.must(Delete{ID: testID(6)})
	image := imageOf(t, r.s)
	again := NewStore()
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
