package store

import (
	"bytes"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// rotate gives heartbeat n a new token.
func (r *rig) rotate(n, token int, overlap time.Duration) fsm.Heartbeat {
	r.t.Helper()
	return r.decode(r.must(fsm.RotateToken{ID: testID(n), Token: testToken(token), Overlap: overlap.Milliseconds()}))
}

// wantTokens checks which of the tokens lead to heartbeat n; the others lead nowhere.
func (r *rig) wantTokens(n int, want map[int]bool) {
	r.t.Helper()
	for range 2 {
		for token, works := range want {
			ord, found := r.s.Ordinal(testToken(token))
			if found != works || found && ord != r.s.st.byID(testID(n)) {
				r.t.Errorf("token %d leads to #%d, %v; want %v", token, ord, found, works)
			}
		}
		r.sameAfterRestore()
	}
}

func TestAnOldTokenWorksUntilItsTime(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(60, 5, 1))
	h := r.rotate(1, 11, time.Minute)
	if h.Token != testToken(11) || h.Version != 2 || !h.UpdatedAt.Equal(r.s.LastWall()) || r.heartbeat(1).Token != testToken(11) {
		t.Fatalf("the answer is %+v", h)
	}
	r.wantTokens(1, map[int]bool{1: true, 11: true})
	r.run(59 * time.Second)
	r.gap(time.Hour) // no job could learn the new one meanwhile
	r.wantTokens(1, map[int]bool{1: true, 11: true})
	r.run(time.Second)
	r.wantTokens(1, map[int]bool{1: false, 11: true})
	if r.ping(1); r.heartbeat(1).Pings != 1 {
		t.Error("the new token's ping was not recorded")
	}
}

func TestANewTokenMayEndTheOldOnesAtOnce(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(60, 5, 1))
	r.rotate(1, 11, time.Hour)
	r.rotate(1, 12, 2*time.Hour) // asked for again: nothing ends
	r.wantTokens(1, map[int]bool{1: true, 11: true, 12: true})
	r.rotate(1, 13, 10*time.Second) // none of before works for longer
	r.run(10 * time.Second)
	r.wantTokens(1, map[int]bool{1: false, 11: false, 12: false, 13: true})
	r.rotate(1, 14, time.Hour)
	r.rotate(1, 15, 0) // somebody has seen it
	r.wantTokens(1, map[int]bool{13: false, 14: false, 15: true})
	if len(r.s.st.oldTokens.Remove(1)) != 0 {
		t.Error("something is left of tokens that ended")
	}
}

func TestTokensThatEndOneByOne(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(3600, 5, 1))
	r.create(2, testSpec(3600, 5, 1))
	r.rotate(1, 11, 10*time.Second)
	r.rotate(1, 12, 30*time.Second)
	r.rotate(2, 22, 20*time.Second)
	r.run(10 * time.Second)
	r.wantTokens(1, map[int]bool{1: false, 11: true, 12: true})
	r.wantTokens(2, map[int]bool{2: true, 22: true})
	r.run(10 * time.Second)
	r.wantTokens(1, map[int]bool{1: false, 11: true, 12: true})
	r.wantTokens(2, map[int]bool{2: false, 22: true})
	r.run(10 * time.Second)
	r.wantTokens(1, map[int]bool{11: false, 12: true})
}

func TestOldTokensGoWithTheirHeartbeat(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(60, 5, 1))
	r.rotate(1, 11, time.Minute)
	r.rotate(1, 12, time.Minute)
	r.must(fsm.Delete{ID: testID(1)})
	r.wantTokens(1, map[int]bool{1: false, 11: false, 12: false})
	r.create(1, testSpec(60, 5, 1)) // with the token that it had at first
	r.run(2 * time.Minute)
	r.wantTokens(1, map[int]bool{1: true})
}

func TestRefusedRotationsChangeNothing(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(60, 5, 1))
	r.create(2, testSpec(60, 5, 1))
	for i := range fsm.MaxOldTokens {
		r.rotate(1, 11+i, time.Hour)
	}
	before := imageOf(t, r.s)
	for _, c := range []struct {
		cmd  fsm.RotateToken
		want fsm.Code
	}{
		{fsm.RotateToken{ID: testID(1), Token: testToken(30), Overlap: 1}, fsm.CodeQuota},
		{fsm.RotateToken{ID: testID(2), Token: testToken(1)}, fsm.CodeExists},                                // another's old one
		{fsm.RotateToken{ID: testID(2), Token: testToken(2)}, fsm.CodeExists},                                // its own
		{fsm.RotateToken{ID: testID(3), Token: testToken(30)}, fsm.CodeNotFound},                             // nobody's
		{fsm.RotateToken{ID: testID(2), IfVersion: 2, Token: testToken(30)}, fsm.CodeConflict},               // changed meanwhile
		{fsm.RotateToken{ID: testID(2), Token: testToken(30), Overlap: fsm.MaxOverlap + 1}, fsm.CodeInvalid}, // too long
	} {
		if got := r.do(c.cmd).Code; got != c.want {
			t.Errorf("%+v is answered %d, want %d", c.cmd, got, c.want)
		}
	}
	if string(imageOf(t, r.s)) != string(before) {
		t.Error("something changed")
	}
	if r.do(fsm.Create{ID: testID(9), Token: testToken(1), Spec: testSpec(60, 5, 1)}).Code != fsm.CodeExists {
		t.Error("a heartbeat was made with an old token of another")
	}
	r.rotate(1, 30, 0)
	r.wantTokens(1, map[int]bool{1: false, 11: false, 18: false, 30: true})
}

// TestManyOldTokensThatEndTogether are ended a few at a time, so that no entry takes long, and nothing but lookups can tell.
func TestManyOldTokensThatEndTogether(t *testing.T) {
	few, all := newRig(t), newRig(t)
	few.s.maxJudged = 3
	both := func(do func(r *rig)) {
		t.Helper()
		do(few)
		do(all)
		if !bytes.Equal(imageOf(t, few.s), imageOf(t, all.s)) {
			t.Error("the state depends on how many are ended at a time")
		}
	}
	working := func(r *rig) (n int) {
		for i := 1; i <= 2; i++ {
			for k := range fsm.MaxOldTokens + 2 {
				if _, found := r.s.Ordinal(testToken(100*i + k)); found {
					n++
				}
			}
		}
		return n
	}
	due := func() bool { at, ok := few.s.NextDue(); return ok && at <= few.s.Horizon() }
	both(func(r *rig) {
		for i := 1; i <= 2; i++ {
			r.must(fsm.Create{ID: testID(i), Token: testToken(100 * i), Spec: testSpec(3600, 5, 1)})
			for k := range fsm.MaxOldTokens {
				r.rotate(i, 100*i+k+1, time.Minute)
			}
		}
		r.run(59 * time.Second)
	})
	if working(few) != 18 || due() {
		t.Fatalf("%d work a second before 16 end, want 18", working(few))
	}
	both(func(r *rig) { r.run(time.Second) })
	if working(few) != 15 || working(all) != 2 || !due() {
		t.Fatalf("%d and %d work after the first batch, want 15 and 2, and the ticker told to go on", working(few), working(all))
	}
	both(func(r *rig) { r.rotate(1, 109, time.Hour) }) // none that is over counts
	both(func(r *rig) { r.rotate(2, 209, 0) })         // what leaked does not wait for its turn
	for k := range fsm.MaxOldTokens + 1 {
		if _, found := few.s.Ordinal(testToken(200 + k)); found {
			t.Errorf("token %d works after a rotation without an overlap", 200+k)
		}
	}
	for i := 0; due(); i++ {
		if both((*rig).tick); i > 16 {
			t.Fatal("the old tokens never end")
		}
	}
	if working(few) != 3 { // two new ones, and the first one's last
		t.Errorf("%d work in the end, want 3", working(few))
	}
}

// TestATokenThatIsOverIsFree even if its turn to be taken out has not come: a node that was restored never knew it.
func TestATokenThatIsOverIsFree(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(3600, 5, 1))
	r.create(2, testSpec(3600, 5, 1))
	r.rotate(1, 11, time.Second)
	r.rotate(2, 12, time.Second)
	r.s.maxJudged = 0
	r.run(time.Second)
	r.rotate(1, 2, 0)
	r.must(fsm.Create{ID: testID(3), Token: testToken(1), Spec: testSpec(60, 5, 1)})
	r.wantTokens(3, map[int]bool{1: true})
	r.wantTokens(1, map[int]bool{2: true, 11: false})
}
