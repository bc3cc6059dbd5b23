package store

import (
	"bytes"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// replayed is a store that can make its state anew from its log.
type replayed struct {
	*rig
	log [][]byte
}

func newReplayed(t *testing.T) *replayed {
	r := &replayed{rig: newRig(t)}
	r.s.RebuildOnFault(func(Fault) (*Store, error) {
		sound := New()
		for _, entry := range r.log {
			if _, err := sound.Apply(entry, r.term); err != nil {
				return nil, err
			}
		}
		return sound, nil
	})
	return r
}

// entry applies a batch, which is part of the log from then on.
func (r *replayed) entry(delta uint32, cmds ...fsm.Command) []fsm.Result {
	r.t.Helper()
	b := logentry.Batch{Term: r.term, Wall: r.wall, Delta: delta}
	for _, c := range cmds {
		b.Items = append(b.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
	}
	entry := logentry.Append(nil, &b)
	res, err := r.s.Apply(entry, r.term)
	if err != nil {
		r.t.Fatal(err)
	}
	r.log = append(r.log, entry)
	return res
}

// populated has a heartbeat in each state that a command may meet.
func populated(t *testing.T) *replayed {
	r := newReplayed(t)
	r.entry(0, fsm.SetClusterID{ID: fsm.NodeID{7}}, fsm.PutNode{Node: fsm.NodeInfo{ID: fsm.NodeID{1}, Name: "a"}}, fsm.PutKey{ID: fsm.KeyID{1}, Name: "k", Scope: fsm.ScopeAdmin})
	for i := range 5 {
		r.entry(0, fsm.Create{ID: testID(i + 1), Token: testToken(i + 1), Spec: testSpec(60, 10, 1)})
	}
	r.entry(0, fsm.Signal{Ordinal: 1, Tells: fsm.SignalStart}, fsm.Pause{ID: testID(2)}, fsm.Signal{Ordinal: 3, Tells: fsm.SignalFail})
	for range 10 {
		r.wall += 1000
		r.entry(1000, fsm.Ping{Ordinal: 4})
	}
	return r
}

// TestAFaultLeavesNoHalfMadeChange lets a command of every kind panic: at each of
// its writes to a heartbeat, and when it has done everything. The state must be as if the command had not been there, and its neighbours in the batch
// must count.
func TestAFaultLeavesNoHalfMadeChange(t *testing.T) {
	row := func(r *replayed) fsm.AlertID {
		list, _ := r.s.Alerts(fsm.AlertFilter{Limit: 1})
		if len(list) == 0 {
			t.Fatal("no alert")
		}
		return list[0].ID
	}
	name := "renamed"
	for kind, make := range map[string]func(*replayed) fsm.Command{
		"ping":   func(*replayed) fsm.Command { return fsm.Ping{Ordinal: 5} },
		"signal": func(*replayed) fsm.Command { return fsm.Signal{Ordinal: 1, Tells: fsm.SignalFail, Body: []byte("x")} },
		"create": func(*replayed) fsm.Command {
			return fsm.Create{ID: testID(9), Token: testToken(9), Spec: testSpec(60, 10, 1)}
		},
		"update": func(*replayed) fsm.Command { return fsm.Update{ID: testID(1), Patch: fsm.Patch{Name: &name}} },
		"pause":  func(*replayed) fsm.Command { return fsm.Pause{ID: testID(3)} },
		"resume": func(*replayed) fsm.Command { return fsm.Resume{ID: testID(2)} },
		"delete": func(*replayed) fsm.Command { return fsm.Delete{ID: testID(3)} },
		"key": func(*replayed) fsm.Command {
			return fsm.PutKey{ID: fsm.KeyID{2}, Name: "n", Scope: fsm.ScopePing, Hash: [32]byte{1}}
		},
		"no key": func(*replayed) fsm.Command { return fsm.DeleteKey{ID: fsm.KeyID{1}} },
		"settings": func(*replayed) fsm.Command {
			return fsm.SetSettings{Settings: fsm.Settings{History: 1, Burst: 5, GroupWait: 1000}}
		},
		"gap":        func(r *replayed) fsm.Command { return fsm.RecordGap{From: r.wall - 5000, To: r.wall} },
		"node":       func(*replayed) fsm.Command { return fsm.PutNode{Node: fsm.NodeInfo{ID: fsm.NodeID{2}, Name: "b"}} },
		"no node":    func(*replayed) fsm.Command { return fsm.RemoveNode{ID: fsm.NodeID{1}} },
		"claim":      func(r *replayed) fsm.Command { return fsm.Claim{Alert: row(r), Term: 1, Attempt: 1} },
		"unresolved": func(r *replayed) fsm.Command { return fsm.RetryAlert{Alert: row(r)} },
	} {
		t.Run(kind, func(t *testing.T) {
			for stage := 0; ; stage++ {
				r := populated(t)
				cmd := make(r)
				calm := populated(t)
				calm.entry(1000, fsm.Ping{Ordinal: 4}, fsm.Ping{Ordinal: 4})
				tripped := r.tripAt(stage)
				res := r.entry(1000, fsm.Ping{Ordinal: 4}, cmd, fsm.Ping{Ordinal: 4})
				if !*tripped {
					if stage == 0 {
						t.Fatal("it was never reached")
					}
					return
				}
				if res[0].Code != fsm.CodeOK || res[1].Code != fsm.CodeInternal || res[2].Code != fsm.CodeOK {
					t.Fatalf("stage %d: results %v", stage, res)
				}
				if !bytes.Equal(imageOf(t, r.s), imageOf(t, calm.s)) {
					t.Fatalf("stage %d: the command left something", stage)
				}
				r.entry(1000, fsm.Ping{Ordinal: 4}) // and it goes on
			}
		})
	}
}

// tripAt makes the state panic at one of the writes of the batch's second command, or
// after the last of them. It reports whether the stage was reached.
func (r *replayed) tripAt(stage int) *bool {
	tripped, writes := new(bool), 0
	st := r.s.st
	st.table.Trip = func() {
		if st.current != 1 {
			return
		}
		if writes == stage {
			*tripped = true
			panic("by order")
		}
		writes++
	}
	return tripped
}

// TestARepeatOfAFaultyCommandGetsItsResult: the fault is not met again.
func TestARepeatOfAFaultyCommandGetsItsResult(t *testing.T) {
	r := populated(t)
	cmd := fsm.AppendCommand(nil, fsm.Pause{ID: testID(3)})
	b := logentry.Batch{Term: r.term, Wall: r.wall, Origins: []logentry.Origin{{Node: fsm.NodeID{1}, Boot: 1, Floor: 1}}, Items: []logentry.Item{{Origin: logentry.NoOrigin, Cmd: cmd}, {Origin: 0, Seq: 1, Cmd: cmd}}}
	b.Items[0].Cmd = fsm.AppendCommand(nil, fsm.Ping{Ordinal: 4})
	tripped := r.tripAt(0)
	for range 2 {
		res, err := r.s.Apply(logentry.Append(nil, &b), r.term)
		if err != nil || res[1].Code != fsm.CodeInternal {
			t.Fatalf("%v, %v", res, err)
		}
	}
	if !*tripped {
		t.Error("it did not panic")
	}
}

// TestAFaultWithoutAWayBackIsAnError leaves it to the node to stop.
func TestAFaultWithoutAWayBackIsAnError(t *testing.T) {
	r := populated(t)
	r.s.rebuildState = nil
	r.tripAt(0)
	ping := fsm.AppendCommand(nil, fsm.Ping{Ordinal: 4})
	b := logentry.Batch{Term: r.term, Wall: r.wall, Items: []logentry.Item{{Origin: logentry.NoOrigin, Cmd: ping}, {Origin: logentry.NoOrigin, Cmd: ping}}}
	if _, err := r.s.Apply(logentry.Append(nil, &b), r.term); err == nil {
		t.Error("no error")
	}
}
