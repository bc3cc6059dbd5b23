package store

import (
	"fmt"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// made has a key make heartbeat n, in one of the ways that there are.
func (r *rig) made(key fsm.KeyID, n int) fsm.Code {
	spec := testSpec(60, 0, 1)
	spec.Slug = fmt.Sprint("slug-", n)
	create := fsm.Create{ID: testID(n), Token: testToken(n), Spec: spec}
	var c fsm.Command = create
	switch n % 3 {
	case 1:
		c = fsm.Ensure(create)
	case 2:
		c = fsm.PutHeartbeat{ID: create.ID, Token: create.Token, Spec: create.Spec}
	}
	if key != (fsm.KeyID{}) {
		c = fsm.Authorized{Key: key, Command: c}
	}
	return r.do(c).Code
}

func TestAKeyMakesSoManyHeartbeats(t *testing.T) {
	r, key := newRig(t), fsm.KeyID{5}
	r.must(fsm.PutKey{ID: key, Name: "jobs", Scope: fsm.ScopePing, Hash: [32]byte{5}, MaxHeartbeats: 3})
	r.must(fsm.PutKey{ID: fsm.KeyID{6}, Name: "others", Scope: fsm.ScopePing, Hash: [32]byte{6}, MaxHeartbeats: 1})
	expect := func(what string, code, want fsm.Code) {
		t.Helper()
		if code != want {
			t.Errorf("%s: %v, want %v", what, code.Err(), want.Err())
		}
	}
	for n := 1; n <= 3; n++ {
		expect("within the quota", r.made(key, n), fsm.CodeOK)
	}
	expect("one more", r.made(key, 4), fsm.CodeKeyQuota)
	expect("one more, otherwise", r.made(key, 5), fsm.CodeKeyQuota)
	expect("one that is there", r.made(key, 2), fsm.CodeOK)
	expect("another key", r.made(fsm.KeyID{6}, 4), fsm.CodeOK)
	expect("the admin key", r.made(fsm.KeyID{}, 5), fsm.CodeOK)
	r.must(fsm.Delete{ID: testID(5)})
	expect("after another's was deleted", r.made(key, 5), fsm.CodeKeyQuota)
	r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Name: new("renamed"), Tags: new([]string{"a"})}})
	r.must(fsm.Delete{ID: testID(1)})
	expect("after one of its own was deleted, an edited one", r.made(key, 6), fsm.CodeOK)
	expect("and then one more", r.made(key, 8), fsm.CodeKeyQuota)
	r.must(fsm.UpdateKey{ID: key, MaxHeartbeats: 4})
	expect("after the quota was raised", r.made(key, 8), fsm.CodeOK)
	expect("and then one more", r.made(key, 10), fsm.CodeKeyQuota)
	r.must(fsm.UpdateKey{ID: key})
	expect("without a quota", r.made(key, 10), fsm.CodeOK)
	for _, k := range r.s.Keys() {
		if want := map[fsm.KeyID]int{key: 5, {6}: 1}[k.ID]; k.Heartbeats != want {
			t.Errorf("%s has made %d, want %d", k.Name, k.Heartbeats, want)
		}
	}
	expect("a key that is none", r.do(fsm.UpdateKey{ID: fsm.KeyID{9}}).Code, fsm.CodeNotFound)
	expect("a quota that is none", r.do(fsm.PutKey{ID: fsm.KeyID{7}, Name: "k", Scope: fsm.ScopePing, Hash: [32]byte{7}, MaxHeartbeats: fsm.MaxHeartbeats}).Code, fsm.CodeOK)
}

func TestTheClusterHasSoManyHeartbeats(t *testing.T) {
	r := newRig(t)
	settings := fsm.DefaultSettings()
	settings.MaxHeartbeats = 2
	r.must(fsm.SetSettings{Settings: settings})
	for n, want := range []fsm.Code{fsm.CodeOK, fsm.CodeOK, fsm.CodeClusterQuota} {
		if code := r.made(fsm.KeyID{}, n+1); code != want {
			t.Errorf("%d: %v", n+1, code.Err())
		}
	}
	r.must(fsm.Delete{ID: testID(1)})
	if code := r.made(fsm.KeyID{}, 3); code != fsm.CodeOK {
		t.Errorf("after one was deleted: %v", code.Err())
	}
	settings.MaxHeartbeats = 0
	r.must(fsm.SetSettings{Settings: settings})
	if code := r.made(fsm.KeyID{}, 4); code != fsm.CodeOK {
		t.Errorf("without a quota: %v", code.Err())
	}
}

// TestTheMakerCostsLittle: nothing for what the admin key made, twelve bytes otherwise.
func TestTheMakerCostsLittle(t *testing.T) {
	own := table.Cold{Spec: testSpec(60, 0, 1)}
	made := own
	made.Maker = fsm.KeyID{1}
	if d := len(made.AppendText(nil)) - len(own.AppendText(nil)); d != 12 {
		t.Errorf("%d bytes", d)
	}
}
