package raftlog

import (
	"reflect"
	"testing"

	"github.com/hashicorp/raft"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestAChecksummedLogGivesBackWhatItWasGiven(t *testing.T) {
	log := Checksummed{raft.NewInmemStore()}
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

func TestAChecksummedLogNoticesDamage(t *testing.T) {
	for name, spoil := range map[string]func(*raft.Log){
		"the data":       func(l *raft.Log) { l.Data = testkit.Flip(l.Data, 0) },
		"the term":       func(l *raft.Log) { l.Term++ },
		"the index":      func(l *raft.Log) { l.Index++ },
		"the type":       func(l *raft.Log) { l.Type = raft.LogNoop },
		"the checksum":   func(l *raft.Log) { l.Extensions = testkit.Flip(l.Extensions, 0) },
		"no seal at all": func(l *raft.Log) { l.Extensions = nil },
	} {
		t.Run(name, func(t *testing.T) {
			inner := raft.NewInmemStore()
			log := Checksummed{inner}
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
				log = Checksummed{wrongIndex{inner, kept}}
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
