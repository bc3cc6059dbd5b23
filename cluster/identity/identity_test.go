package identity

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestIdentity(t *testing.T) {
	open := func(t *testing.T, dir string) *Identity {
		t.Helper()
		id, err := Open(dir, Options{DataFiles: []string{"log.db"}})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	t.Run("it is kept, and starts are numbered", func(t *testing.T) {
		dir := t.TempDir()
		a := open(t, dir)
		if err := errors.Join(a.SetClusterID(fsm.NodeID{5}), a.SetPeers([]string{"h:2", "h:1"}), a.SetPorts(7, 8), a.Close()); err != nil {
			t.Fatal(err)
		}
		b := open(t, dir)
		defer b.Close()
		if b.ID != a.ID || b.Boot <= a.Boot || b.ClusterID != (fsm.NodeID{5}) || len(b.Peers()) != 2 || b.content.GossipPort != 8 {
			t.Errorf("%+v, was %+v", b.content, a.content)
		}
	})
	t.Run("no copy of it has the same start twice", func(t *testing.T) {
		seen := map[uint64]bool{}
		for _, now := range []time.Time{time.Now(), time.Unix(0, 0), time.Unix(-5, 0)} {
			for _, last := range []uint64{0, 7, nextBoot(0, time.Now())} { // three copies, each started again and again
				for range 10 {
					boot := nextBoot(last, now)
					if boot <= last || seen[boot] {
						t.Errorf("start %d at %v after %d", boot, now, last)
					}
					seen[boot] = true
				}
			}
		}
	})
	t.Run("two processes cannot have it", func(t *testing.T) {
		dir := t.TempDir()
		defer open(t, dir).Close()
		if _, err := Open(dir, Options{DataFiles: []string{"log.db"}}); err == nil || !strings.Contains(err.Error(), "in use by another process") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a promise is given once, and outlives a crash", func(t *testing.T) {
		dir := t.TempDir()
		a := open(t, dir)
		if _, ok, err := a.Promise(fsm.NodeID{1}, fsm.NodeID{9}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		a.Close()
		b := open(t, dir)
		defer b.Close()
		if _, ok, _ := b.Promise(fsm.NodeID{2}, fsm.NodeID{8}); ok {
			t.Error("it was given again")
		}
		if _, ok, _ := b.Promise(fsm.NodeID{1}, fsm.NodeID{8}); ok {
			t.Error("it was given for another cluster")
		}
		if _, ok, _ := b.Promise(fsm.NodeID{1}, fsm.NodeID{9}); !ok {
			t.Error("the same asker may ask again")
		}
		if b.ClusterOrPromised() != (fsm.NodeID{9}) {
			t.Error("the promised cluster is forgotten")
		}
	})
	t.Run("damage is refused in words", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir).Close()
		name := filepath.Join(dir, FileName)
		whole, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole[:len(whole)-1] {
			bad := bytes.Clone(whole)
			bad[i] ^= 4
			if err := os.WriteFile(name, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if id, err := Open(dir, Options{DataFiles: []string{"log.db"}}); err == nil {
				id.Close()
				t.Fatalf("byte %d was flipped unnoticed: %s", i, bad)
			}
		}
		if err := os.Truncate(name, 10); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{DataFiles: []string{"log.db"}}); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a log without an identity is refused", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "log.db"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{DataFiles: []string{"log.db"}}); err == nil || !strings.Contains(err.Error(), FileName) {
			t.Errorf("%v", err)
		}
	})
}
