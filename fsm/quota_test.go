package fsm

import (
	"fmt"
	"testing"
)

// made has a key make heartbeat n, in one of the ways that there are.
func (r *rig) made(key KeyID, n int) Code {
	spec := testSpec(60, 0, 1)
	spec.Slug = fmt.Sprint("slug-", n)
	create := Create{ID: testID(n), Token: testToken(n), Spec: spec}
	var c Command = create
	switch n % 3 {
	case 1:
		c = Ensure(create)
	case 2:
		c = PutHeartbeat{ID: create.ID, Token: create.Token, Spec: create.Spec}
	}
	if key != (KeyID{}) {
		c = Authorized{key, c}
	}
	return r.do(c).Code
}

func TestAKeyMakesSoManyHeartbeats(t *testing.T) {
	r, key := newRig(t), KeyID{5}
	r.must(PutKey{ID: key, Name: "jobs", Scope: ScopePing, Hash: [32]byte{5}, MaxHeartbeats: 3})
	r.must(PutKey{ID: KeyID{6}, Name: "others", Scope: ScopePing, Hash: [32]byte{6}, MaxHeartbeats: 1})
	expect := func(what string, code, want Code) {
		t.Helper()
		if code != want {
			t.Errorf("%s: %v, want %v", what, code.Err(), want.Err())
		}
	}
	for n := 1; n <= 3; n++ {
		expect("within the quota", r.made(key, n), CodeOK)
	}
	expect("one more", r.made(key, 4), CodeKeyQuota)
	expect("one more, otherwise", r.made(key, 5), CodeKeyQuota)
	expect("one that is there", r.made(key, 2), CodeOK)
	expect("another key", r.made(KeyID{6}, 4), CodeOK)
	expect("the admin key", r.made(KeyID{}, 5), CodeOK)
	r.must(Delete{ID: testID(5)})
	expect("after another's was deleted", r.made(key, 5), CodeKeyQuota)
	r.must(Update{ID: testID(1), Patch: Patch{Name: ptr("renamed"), Tags: ptr([]string{"a"})}})
	r.must(Delete{ID: testID(1)})
	expect("after one of its own was deleted, an edited one", r.made(key, 6), CodeOK)
	expect("and then one more", r.made(key, 8), CodeKeyQuota)
	r.must(UpdateKey{ID: key, MaxHeartbeats: 4})
	expect("after the quota was raised", r.made(key, 8), CodeOK)
	expect("and then one more", r.made(key, 10), CodeKeyQuota)
	r.must(UpdateKey{ID: key})
	expect("without a quota", r.made(key, 10), CodeOK)
	for _, k := range r.s.Keys() {
		if want := map[KeyID]int{key: 5, {6}: 1}[k.ID]; k.Heartbeats != want {
			t.Errorf("%s has made %d, want %d", k.Name, k.Heartbeats, want)
		}
	}
	expect("a key that is none", r.do(UpdateKey{ID: KeyID{9}}).Code, CodeNotFound)
	expect("a quota that is none", r.do(PutKey{ID: KeyID{7}, Name: "k", Scope: ScopePing, Hash: [32]byte{7}, MaxHeartbeats: MaxHeartbeats}).Code, CodeOK)
}

func TestTheClusterHasSoManyHeartbeats(t *testing.T) {
	r := newRig(t)
	settings := DefaultSettings()
	settings.MaxHeartbeats = 2
	r.must(SetSettings{settings})
	for n, want := range []Code{CodeOK, CodeOK, CodeClusterQuota} {
		if code := r.made(KeyID{}, n+1); code != want {
			t.Errorf("%d: %v", n+1, code.Err())
		}
	}
	r.must(Delete{ID: testID(1)})
	if code := r.made(KeyID{}, 3); code != CodeOK {
		t.Errorf("after one was deleted: %v", code.Err())
	}
	settings.MaxHeartbeats = 0
	r.must(SetSettings{settings})
	if code := r.made(KeyID{}, 4); code != CodeOK {
		t.Errorf("without a quota: %v", code.Err())
	}
}

// TestTheMakerCostsLittle: nothing for what the admin key made, twelve bytes otherwise.
func TestTheMakerCostsLittle(t *testing.T) {
	own := config{spec: testSpec(60, 0, 1)}
	made := own
	made.maker = KeyID{1}
	if d := len(made.appendText(nil)) - len(own.appendText(nil)); d != 12 {
		t.Errorf("%d bytes", d)
	}
}
