package fsm

import (
	"errors"
	"reflect"
	"testing"
)

// withKey is a rig that holds a heartbeat, the first one, and a key.
func withKey(t *testing.T) (r *rig, key KeyID) {
	t.Helper()
	r, key = newRig(t), KeyID{5}
	r.must(Create{ID: testID(1), Token: testToken(1), Spec: testSpec(60, 0, 1)})
	r.must(PutKey{ID: key, Name: "ci", Scope: ScopeAdmin, Hash: [32]byte{5}})
	r.must(PutKey{ID: KeyID{6}, Name: "other", Scope: ScopePing, Hash: [32]byte{6}})
	return r, key
}

// writes are commands that change something on a rig of withKey.
var writes = []Command{
	PingOrdinal{Ordinal: 1},
	Signal{Ordinal: 1, Tells: SignalFail, Exit: 3},
	Signal{Ordinal: 1, Tells: SignalStart, Exit: none, Held: 5000},
	Create{ID: testID(2), Token: testToken(2), Spec: testSpec(60, 0, 1)},
	Ensure{ID: testID(2), Token: testToken(2), Spec: Spec{Name: "new", Slug: "new", Interval: 60, Threshold: 1, Arm: ArmCreated}},
	Update{ID: testID(1), Patch: Patch{Name: ptr("renamed")}},
	PutHeartbeat{ID: testID(2), Token: testToken(2), Spec: Spec{Name: "new", Slug: "new", Interval: 60, Threshold: 1, Arm: ArmCreated}},
	PutHeartbeat{ID: testID(2), Token: testToken(2), Spec: testSpec(60, 0, 1), Patch: Patch{Name: ptr("renamed")}},
	Pause{ID: testID(1)},
	Delete{ID: testID(1)},
	PutKey{ID: KeyID{7}, Name: "third", Scope: ScopeAdmin, Hash: [32]byte{7}},
	DeleteKey{ID: KeyID{6}},
	RemoveNode{ID: NodeID{1}},
}

// picture is the whole state, but for what a batch leaves that does nothing.
func picture(t *testing.T, s *Store) string { t.Helper(); return string(imageOf(t, s)) }

func TestARevokedKeyWritesNothing(t *testing.T) {
	for _, c := range writes {
		r, key := withKey(t)
		before := picture(t, r.s)
		if res := r.do(Authorized{key, c}); res.Code != CodeOK {
			t.Errorf("%T with a key that stands: %v", c, res.Code.Err())
		}
		if picture(t, r.s) == before {
			t.Errorf("%T changes nothing, so this test would show nothing", c)
		}

		r, key = withKey(t)
		r.must(DeleteKey{ID: key})
		before = picture(t, r.s)
		if res := r.do(Authorized{key, c}); res.Code != CodeRevoked || !errors.Is(res.Code.Err(), ErrRevoked) {
			t.Errorf("%T with a revoked key: %v", c, res.Code.Err())
		}
		if picture(t, r.s) != before {
			t.Errorf("%T with a revoked key changed the state", c)
		}
	}
}

// TestRevokingWinsInTheLogsOrder: the log alone decides between a write and the
// revocation that races it, also within one batch.
func TestRevokingWinsInTheLogsOrder(t *testing.T) {
	r, key := withKey(t)
	write := Authorized{key, Pause{ID: testID(1)}}
	res := r.batch(0, write, DeleteKey{ID: key}, write)
	if res[0].Code != CodeOK || res[1].Code != CodeOK || res[2].Code != CodeRevoked {
		t.Errorf("%v", []Code{res[0].Code, res[1].Code, res[2].Code})
	}
}

// TestARepeatKeepsItsFirstAnswer: a node may repeat a command whose outcome it did
// not hear, and the key may be revoked by then.
func TestARepeatKeepsItsFirstAnswer(t *testing.T) {
	r, key := withKey(t)
	write := AppendCommand(nil, Authorized{key, Create{ID: testID(2), Token: testToken(2), Spec: testSpec(60, 0, 1)}})
	send := func(items ...Item) []Result {
		b := Batch{Term: 1, Wall: r.wall, Origins: []Origin{{Node: NodeID{1}, Boot: 1, Floor: 1}}, Items: items}
		res, err := r.s.Apply(AppendBatch(nil, &b), 1)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	first := send(Item{Origin: 0, Seq: 1, Cmd: write})
	r.must(DeleteKey{ID: key})
	again := send(Item{Origin: 0, Seq: 1, Cmd: write}, Item{Origin: 0, Seq: 2, Cmd: write})
	if first[0].Code != CodeOK || !reflect.DeepEqual(again[0], first[0]) || again[1].Code != CodeRevoked {
		t.Errorf("%+v, then %+v", first, again)
	}
}

func TestAnAuthorizedCommandHoldsNoOther(t *testing.T) {
	inner := Authorized{KeyID{1}, Pause{ID: testID(1)}}
	if c, err := DecodeCommand(AppendCommand(nil, Authorized{KeyID{1}, inner})); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%#v, %v", c, err)
	}
	if c, err := DecodeCommand(append(AppendCommand(nil, inner)[:authorizedHead], 255)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("of an unknown kind: %#v, %v", c, err)
	}
}

func TestAnAuthorizedSignalCanBeHeld(t *testing.T) {
	sent := Signal{Ordinal: 300, Tells: SignalStart, Exit: none}
	b := AppendHeld([]byte("before"), 7000, AppendCommand(nil, Authorized{KeyID{1}, sent}))
	sent.Held = 7000
	if c, err := DecodeCommand(b[len("before"):]); err != nil || !reflect.DeepEqual(c, Authorized{KeyID{1}, sent}) {
		t.Errorf("%#v, %v", c, err)
	}
}
