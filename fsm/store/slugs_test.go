package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"pgregory.net/rapid"
)

func slugged(slug string) fsm.Spec {
	s := testSpec(60, 0, 1)
	s.Slug = slug
	return s
}

// TestSlugsAreFoundWhateverHappened compares with a look at every heartbeat, through
// creations, edits, deletions and a restore.
func TestSlugsAreFoundWhateverHappened(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New()
		wall := epoch.UnixMilli()
		do := func(c fsm.Command) fsm.Result {
			b := logentry.Batch{Term: 1, Wall: wall, Items: []logentry.Item{{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)}}}
			res, err := s.Apply(logentry.Append(nil, &b), 1)
			if err != nil {
				t.Fatal(err)
			}
			return res[0]
		}
		next := 0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			slug := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "slug")
			old := testID(rapid.IntRange(1, next+1).Draw(t, "old"))
			_, before := s.Slug(slug)
			next++
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				do(fsm.Create{ID: testID(next), Token: testToken(next), Spec: slugged(slug)})
			case 1:
				checkEnsured(t, do(fsm.Ensure{ID: testID(next), Token: testToken(next), Spec: slugged(slug)}), before, testID(next))
			case 2:
				do(fsm.Update{ID: old, Patch: fsm.Patch{Slug: &slug}})
			case 3:
				do(fsm.Update{ID: old, Patch: fsm.Patch{Name: new(fmt.Sprint("name ", next))}})
			case 4:
				do(fsm.Delete{ID: old})
			case 5:
				var image bytes.Buffer
				if _, err := s.Snapshot().WriteTo(&image); err != nil {
					t.Fatal(err)
				}
				s = New()
				if err := s.Restore(&image); err != nil {
					t.Fatal(err)
				}
			}
			checkSlugs(t, s)
		}
	})
}

func checkEnsured(t *rapid.T, res fsm.Result, before int, fresh fsm.HeartbeatID) {
	if before > 1 {
		if res.Code != fsm.CodeAmbiguous {
			t.Fatalf("%d heartbeats: code %d", before, res.Code)
		}
		return
	}
	h, err := fsm.DecodeHeartbeat(res.Data)
	if err != nil || res.Code != fsm.CodeOK || (h.ID == fresh) != (before == 0) {
		t.Fatalf("%d heartbeats: code %d, %v, %+v", before, res.Code, err, h)
	}
}

func checkSlugs(t *rapid.T, s *Store) {
	want := map[string][]uint64{"a": nil, "b": nil, "c": nil, "d": nil, "none": nil}
	all, _ := s.Heartbeats(fsm.HeartbeatFilter{})
	for _, h := range all {
		want[h.Spec.Slug] = append(want[h.Spec.Slug], h.Ordinal)
	}
	for slug, ords := range want {
		ord, n := s.Slug(slug)
		if n != len(ords) || n == 1 && ord != ords[0] {
			t.Fatalf("slug %s: found %d and %d, want %v", slug, n, ord, ords)
		}
	}
}

// TestSlugsWhoseBitsAreTheSameAreKeptApart looks for two such, which takes some
// hundred thousand.
func TestSlugsWhoseBitsAreTheSameAreKeptApart(t *testing.T) {
	one, two := sameBits()
	r := newRig(t)
	is := func(slug string, want int) {
		t.Helper()
		ord, n := r.s.Slug(slug)
		if (want == 0) != (n == 0) || want > 0 && r.heartbeat(want).Ordinal != ord {
			t.Errorf("slug %s: %d found, ordinal %d, want that of %d", slug, n, ord, want)
		}
	}
	r.create(1, slugged(one))
	is(two, 0)
	r.create(2, slugged(two))
	is(one, 1)
	is(two, 2)
	r.must(fsm.Delete{ID: testID(1)})
	is(one, 0)
	is(two, 2)
	r.create(3, slugged(one))
	is(one, 3)
	is(two, 2)
	r.must(fsm.Update{ID: testID(2), Patch: fsm.Patch{Slug: &one}})
	is(two, 0)
	if _, n := r.s.Slug(one); n != 2 {
		t.Errorf("%d heartbeats have %s, want 2", n, one)
	}
}

func sameBits() (one, two string) {
	seen := map[uint32]int{}
	for i := 0; ; i++ {
		sum := sha256.Sum256([]byte(fmt.Sprint("job-", i)))
		bits := binary.LittleEndian.Uint32(sum[:])
		if before, ok := seen[bits]; ok {
			return fmt.Sprint("job-", before), fmt.Sprint("job-", i)
		}
		seen[bits] = i
	}
}

func TestEnsureJudgesWhatItFinds(t *testing.T) {
	r := newRig(t)
	r.create(1, slugged("a"))
	before := r.heartbeat(1)
	res := r.must(fsm.Ensure{ID: testID(2), Token: testToken(2), Spec: slugged("a")})
	got, err := fsm.DecodeHeartbeat(res.Data)
	if err != nil || got.ID != testID(1) || got.Version != before.Version || got.Pings != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	bad := slugged("b")
	bad.Interval = 0
	image := imageOf(t, r.s)
	if res := r.do(fsm.Ensure{ID: testID(2), Token: testToken(2), Spec: bad}); res.Code != fsm.CodeInvalid {
		t.Errorf("a spec out of its limits: code %d", res.Code)
	}
	if !bytes.Equal(image, imageOf(t, r.s)) {
		t.Error("what was refused changed the state")
	}
}
