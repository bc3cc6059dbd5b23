package store

import (
	"errors"
	"reflect"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// withKey is a rig that holds a heartbeat, the first one, and a key.
func withKey(t *testing.T) (r *rig, key fsm.KeyID) {
	t.Helper()
	r, key = newRig(t), fsm.KeyID{5}
	r.must(fsm.Create{ID: testID(1), Token: testToken(1), Spec: testSpec(60, 0, 1)})
	r.must(fsm.PutKey{ID: key, Name: "ci", Scope: fsm.ScopeAdmin, Hash: [32]byte{5}})
	r.must(fsm.PutKey{ID: fsm.KeyID{6}, Name: "other", Scope: fsm.ScopePing, Hash: [32]byte{6}})
	return r, key
}

// writes are commands that change something on a rig of withKey.
var writes = []fsm.Command{
	fsm.Ping{Ordinal: 1},
	fsm.Signal{Ordinal: 1, Tells: fsm.SignalFail, Exit: 3},
	fsm.Signal{Ordinal: 1, Tells: fsm.SignalStart, Exit: fsm.NotKnown, Held: 5000},
	fsm.Create{ID: testID(2), Token: testToken(2), Spec: testSpec(60, 0, 1)},
	fsm.Ensure{ID: testID(2), Token: testToken(2), Spec: fsm.Spec{Name: "new", Slug: "new", Interval: 60, Threshold: 1, Arm: fsm.ArmCreated}},
	fsm.Update{ID: testID(1), Patch: fsm.Patch{Name: new("renamed")}},
	fsm.PutHeartbeat{ID: testID(2), Token: testToken(2), Spec: fsm.Spec{Name: "new", Slug: "new", Interval: 60, Threshold: 1, Arm: fsm.ArmCreated}},
	fsm.PutHeartbeat{ID: testID(2), Token: testToken(2), Spec: testSpec(60, 0, 1), Patch: fsm.Patch{Name: new("renamed")}},
	fsm.Pause{ID: testID(1)},
	fsm.Delete{ID: testID(1)},
	fsm.PutKey{ID: fsm.KeyID{7}, Name: "third", Scope: fsm.ScopeAdmin, Hash: [32]byte{7}},
	fsm.DeleteKey{ID: fsm.KeyID{6}},
	fsm.RemoveNode{ID: fsm.NodeID{1}},
}

// picture is the whole state, but for what a batch leaves that does nothing.
func picture(t *testing.T, s *Store) string { t.Helper(); return string(imageOf(t, s)) }

func TestARevokedKeyWritesNothing(t *testing.T) {
	for _, c := range writes {
		r, key := withKey(t)
		before := picture(t, r.s)
		if res := r.do(fsm.Authorized{Key: key, Command: c}); res.Code != fsm.CodeOK {
			t.Errorf("%T with a key that stands: %v", c, res.Code.Err())
		}
		if picture(t, r.s) == before {
			t.Errorf("%T changes nothing, so this test would show nothing", c)
		}

		r, key = withKey(t)
		r.must(fsm.DeleteKey{ID: key})
		before = picture(t, r.s)
		if res := r.do(fsm.Authorized{Key: key, Command: c}); res.Code != fsm.CodeRevoked || !errors.Is(res.Code.Err(), fsm.ErrRevoked) {
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
	write := fsm.Authorized{Key: key, Command: fsm.Pause{ID: testID(1)}}
	res := r.batch(0, write, fsm.DeleteKey{ID: key}, write)
	if res[0].Code != fsm.CodeOK || res[1].Code != fsm.CodeOK || res[2].Code != fsm.CodeRevoked {
		t.Errorf("%v", []fsm.Code{res[0].Code, res[1].Code, res[2].Code})
	}
}

// TestARepeatKeepsItsFirstAnswer: a node may repeat a command whose outcome it did
// not hear, and the key may be revoked by then.
func TestARepeatKeepsItsFirstAnswer(t *testing.T) {
	r, key := withKey(t)
	write := fsm.AppendCommand(nil, fsm.Authorized{Key: key, Command: fsm.Create{ID: testID(2), Token: testToken(2), Spec: testSpec(60, 0, 1)}})
	send := func(items ...logentry.Item) []fsm.Result {
		b := logentry.Batch{Term: 1, Wall: r.wall, Origins: []logentry.Origin{{Node: fsm.NodeID{1}, Boot: 1, Floor: 1}}, Items: items}
		res, err := r.s.Apply(logentry.Append(nil, &b), 1)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	first := send(logentry.Item{Origin: 0, Seq: 1, Cmd: write})
	r.must(fsm.DeleteKey{ID: key})
	again := send(logentry.Item{Origin: 0, Seq: 1, Cmd: write}, logentry.Item{Origin: 0, Seq: 2, Cmd: write})
	if first[0].Code != fsm.CodeOK || !reflect.DeepEqual(again[0], first[0]) || again[1].Code != fsm.CodeRevoked {
		t.Errorf("%+v, then %+v", first, again)
	}
}

func TestAnAuthorizedCommandHoldsNoOther(t *testing.T) {
	inner := fsm.Authorized{Key: fsm.KeyID{1}, Command: fsm.Pause{ID: testID(1)}}
	if c, err := fsm.DecodeCommand(fsm.AppendCommand(nil, fsm.Authorized{Key: fsm.KeyID{1}, Command: inner})); !errors.Is(err, fsm.ErrCorrupt) {
		t.Errorf("%#v, %v", c, err)
	}
	if c, err := fsm.DecodeCommand(append(fsm.AppendCommand(nil, inner)[:1+len(fsm.KeyID{})], 255)); !errors.Is(err, fsm.ErrVersion) {
		t.Errorf("of an unknown kind: %#v, %v", c, err)
	}
}

func TestAnAuthorizedSignalCanBeHeld(t *testing.T) {
	sent := fsm.Signal{Ordinal: 300, Tells: fsm.SignalStart, Exit: fsm.NotKnown}
	b := fsm.AppendHeld([]byte("before"), 7000, fsm.AppendCommand(nil, fsm.Authorized{Key: fsm.KeyID{1}, Command: sent}))
	sent.Held = 7000
	if c, err := fsm.DecodeCommand(b[len("before"):]); err != nil || !reflect.DeepEqual(c, fsm.Authorized{Key: fsm.KeyID{1}, Command: sent}) {
		t.Errorf("%#v, %v", c, err)
	}
}
