package logentry

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// frozen reads the batch that a file of commands ends with.
func frozen(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "formats", name))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(b))
	entry, err := hex.DecodeString(lines[len(lines)-1])
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// TestTheWireFormatStays compares with bytes that are in logs already. A change
// needs a new version, and code that reads the old one.
func TestTheWireFormatStays(t *testing.T) {
	if now, was := Append(nil, &wholeBatch), frozen(t, "commands-v3.hex"); !bytes.Equal(now, was) {
		t.Errorf("a batch is written as\n%x, was\n%x", now, was)
	}
}

func TestVersion2IsStillRead(t *testing.T) {
	entry := frozen(t, "commands-v2.hex")
	if entry[0] != 2 {
		t.Fatalf("%x", entry)
	}
	if got, err := Decode(entry); err != nil || !reflect.DeepEqual(*got, wholeBatch) {
		t.Errorf("%+v, %v", got, err)
	}
	entry[0] = 1
	if _, err := Decode(entry); !errors.Is(err, fsm.ErrVersion) {
		t.Errorf("version 1: %v", err)
	}
}

func TestOneBatchHasOneEncoding(t *testing.T) {
	split := []byte{version, 7, 0, 0, 0, 2, 0, 1, 1, byte(fsm.KindPing), 0, 1, 1, byte(fsm.KindPing)} // two runs of no origin
	if _, err := Decode(split); !errors.Is(err, fsm.ErrCorrupt) {
		t.Errorf("a run in two parts: %v", err)
	}
	many := Batch{Origins: []Origin{{fsm.NodeID{1}, 1, 100}}}
	for i := range uint64(1000) {
		many.Items = append(many.Items, Item{Seq: 100 + i, Cmd: fsm.AppendPing(nil, fsm.Ping{Ordinal: 1000})})
	}
	if b := Append(nil, &many); len(b) > 7*1000 {
		t.Errorf("1,000 pings take %d bytes", len(b))
	}
}

var wholeBatch = Batch{
	Term: 7, Wall: 1_777_777_777_777, Delta: 250,
	Origins: []Origin{{fsm.NodeID{1}, 2, 3}, {fsm.NodeID{4}, 5, 6}},
	Items: []Item{
		{Origin: 0, Seq: 9, Cmd: fsm.AppendPing(nil, fsm.Ping{Ordinal: 1})},
		{Origin: 1, Seq: 10, Cmd: fsm.AppendCommand(nil, fsm.RemoveNode{})},
		{Origin: NoOrigin, Cmd: fsm.AppendCommand(nil, fsm.Claim{})},
	},
}

func TestBatchesComeBackAsTheyWere(t *testing.T) {
	b := Append(nil, &wholeBatch)
	got, err := Decode(b)
	if err != nil || !reflect.DeepEqual(*got, wholeBatch) {
		t.Errorf("%+v, %v", got, err)
	}
	for cut := 1; cut < len(b); cut++ {
		if _, err := Decode(b[:cut]); !errors.Is(err, fsm.ErrCorrupt) {
			t.Errorf("cut to %d of %d bytes: %v", cut, len(b), err)
		}
	}
	newer := bytes.Clone(b)
	newer[0]++
	if _, err := Decode(newer); !errors.Is(err, fsm.ErrVersion) {
		t.Errorf("a newer version: %v", err)
	}
	long := wholeBatch
	long.Delta = MaxDelta + 1
	if _, err := Decode(Append(nil, &long)); !errors.Is(err, fsm.ErrCorrupt) {
		t.Errorf("a delta over the limit: %v", err)
	}
	stray := []byte{version, 7, 0, 0, 0, 1, 1, 1, 0, 0}
	if _, err := Decode(stray); !errors.Is(err, fsm.ErrCorrupt) {
		t.Errorf("an item of no origin in the head: %v", err)
	}
}

// FuzzDecode: decoding never panics, and what decodes has one encoding.
func FuzzDecode(f *testing.F) {
	f.Add(Append(nil, &wholeBatch))
	f.Fuzz(func(t *testing.T, entry []byte) {
		b, err := Decode(entry)
		if err != nil || entry[0] != version {
			return
		}
		if again := Append(nil, b); !bytes.Equal(again, entry) {
			t.Errorf("%x became %x", entry, again)
		}
	})
}
