package store

import (
	"errors"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestAnEntryOfANewerVersionIsRefused(t *testing.T) {
	if _, err := New().Apply([]byte{99}, 1); !errors.Is(err, fsm.ErrVersion) {
		t.Error(err)
	}
}

// FuzzApply: whatever decodes is applied, or refused by its own result.
func FuzzApply(f *testing.F) {
	for _, c := range writes {
		f.Add(fsm.AppendBatch(nil, &fsm.Batch{Term: 1, Items: []fsm.Item{{Origin: fsm.NoOrigin, Cmd: fsm.AppendCommand(nil, c)}}}))
	}
	f.Fuzz(func(t *testing.T, entry []byte) {
		b, err := fsm.DecodeBatch(entry)
		if err != nil {
			return
		}
		if _, err := New().Apply(entry, b.Term); err != nil {
			t.Error(err)
		}
	})
}
