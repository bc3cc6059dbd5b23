package store

import (
	"errors"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

func TestAnEntryOfANewerVersionIsRefused(t *testing.T) {
	if _, err := New().Apply([]byte{99}, 1); !errors.Is(err, fsm.ErrVersion) {
		t.Error(err)
	}
}

// FuzzApply: whatever decodes is applied, or refused by its own result.
func FuzzApply(f *testing.F) {
	for _, c := range writes {
		f.Add(logentry.Append(nil, &logentry.Batch{Term: 1, Items: []logentry.Item{{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)}}}))
	}
	f.Fuzz(func(t *testing.T, entry []byte) {
		b, err := logentry.Decode(entry)
		if err != nil {
			return
		}
		if _, err := New().Apply(entry, b.Term); err != nil {
			t.Error(err)
		}
	})
}
