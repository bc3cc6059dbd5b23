package boltfile

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/raft"
)

// TestADamagedLogIsOpenedOrRefused spoils what leads from page to page of a log. bbolt
// would end this process for many of these files.
func TestADamagedLogIsOpenedOrRefused(t *testing.T) {
	sound := filepath.Join(t.TempDir(), "log.db")
	store, err := Open(sound)
	if err != nil {
		t.Fatal(err)
	}
	for i := uint64(1); i <= 3000; i += 100 {
		var logs []*raft.Log
		for j := range uint64(100) {
			logs = append(logs, &raft.Log{Index: i + j, Data: make([]byte, (i+j)%7*300)})
		}
		if err := store.StoreLogs(logs); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if store, err = Open(sound); err != nil {
		t.Fatalf("a sound log: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	image, err := os.ReadFile(sound)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for seed := range uint64(100) {
		name := filepath.Join(t.TempDir(), fmt.Sprint(seed))
		if err := os.WriteFile(name, spoiled(image, seed), 0o600); err != nil {
			t.Fatal(err)
		}
		if CatchPanic(func() error { return Check(name) }) != nil {
			refused++
		} else if store, err := Open(name); err != nil {
			refused++
		} else if err := store.Close(); err != nil {
			t.Error(err)
		}
		_ = os.Remove(name)
	}
	if refused < 15 {
		t.Errorf("only %d of 100 were refused", refused)
	}
}

// spoiled changes one field in the beginning of one page, to anything or to what
// another page has there.
func spoiled(image []byte, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := append([]byte(nil), image...)
	const size = 4096
	at := (2+r.IntN(len(b)/size-2))*size + r.IntN(24)*4
	switch r.IntN(3) {
	case 0:
		binary.NativeEndian.PutUint32(b[at:], r.Uint32())
	case 1:
		b[at+r.IntN(4)] ^= 1 << r.IntN(8)
	default:
		other := (2+r.IntN(len(b)/size-2))*size + at%size
		copy(b[at:at+8], image[other:other+8])
	}
	return b
}
