package cluster

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestASealedLogGivesBackWhatItWasGiven(t *testing.T) {
	log := sealedLog{raft.NewInmemStore()}
	entries := []*raft.Log{
		{Index: 1, Term: 2, Type: raft.LogConfiguration, Data: []byte("a")},
		{Index: 2, Term: 2, Type: raft.LogCommand, Data: []byte("b"), Extensions: []byte("ext")},
		{Index: 3, Term: 2, Type: raft.LogNoop},
	}
	if err := log.StoreLogs(entries); err != nil {
		t.Fatal(err)
	}
	for _, want := range entries {
		var got raft.Log
		if err := log.GetLog(want.Index, &got); err != nil || !reflect.DeepEqual(&got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
	if len(entries[1].Extensions) != 3 {
		t.Error("sealing changed the caller's entry")
	}
}

func TestASealedLogNoticesDamage(t *testing.T) {
	for name, spoil := range map[string]func(*raft.Log){
		"the data":       func(l *raft.Log) { l.Data = flip(l.Data, 0) },
		"the term":       func(l *raft.Log) { l.Term++ },
		"the index":      func(l *raft.Log) { l.Index++ },
		"the type":       func(l *raft.Log) { l.Type = raft.LogNoop },
		"the checksum":   func(l *raft.Log) { l.Extensions = flip(l.Extensions, 0) },
		"no seal at all": func(l *raft.Log) { l.Extensions = nil },
	} {
		t.Run(name, func(t *testing.T) {
			inner := raft.NewInmemStore()
			log := sealedLog{inner}
			if err := log.StoreLog(&raft.Log{Index: 1, Term: 1, Data: []byte("command")}); err != nil {
				t.Fatal(err)
			}
			var kept raft.Log
			if err := inner.GetLog(1, &kept); err != nil {
				t.Fatal(err)
			}
			spoil(&kept)
			if name != "the index" {
				_ = inner.StoreLog(&kept)
			} else {
				inner = raft.NewInmemStore()
				log = sealedLog{wrongIndex{inner, kept}}
			}
			if err := log.GetLog(1, new(raft.Log)); err == nil {
				t.Error("not noticed")
			}
		})
	}
}

// wrongIndex answers every question with one entry.
type wrongIndex struct {
	raft.LogStore
	entry raft.Log
}

func (w wrongIndex) GetLog(_ uint64, l *raft.Log) error { *l = w.entry; return nil }

func TestABitFlippedInTheLogIsRefusedWithWords(t *testing.T) {
	d := &diskNode{dir: t.TempDir()}
	marker := []byte("to be found")
	err := d.run(t, func(r *raft.Raft) {
		testkit.Eventually(t, "no leader", func() bool { return r.State() == raft.Leader })
		if err := r.ApplyLog(raft.Log{Data: entry(0, r.CurrentTerm(), nameIt).Data, Extensions: marker}, 0).Error(); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(d.dir, "log.db")
	raw, err := os.ReadFile(name)
	if err != nil || !bytes.Contains(raw, marker) {
		t.Fatalf("the log does not show its entries: %v", err)
	}
	os.WriteFile(name, bytes.ReplaceAll(raw, marker, []byte("to be fount")), 0o600)
	if err := d.run(t, nil); err == nil || !strings.Contains(err.Error(), "not what was written") {
		t.Errorf("with a flipped bit: %v", err)
	}
}

func TestALogThatIsCutOffIsRefusedWithWords(t *testing.T) {
	d := &diskNode{dir: t.TempDir()}
	if err := d.run(t, nil); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(d.dir, "log.db")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	if err := d.run(t, nil); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("with half of the log: %v", err)
	}
}
