package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

// GetLog reports a log that cannot be read. Raft panics over that; the pause lets
// the words out first.
func (w *Watchdog) GetLog(index uint64, l *raft.Log) error {
	err := w.LogStore.GetLog(index, l)
	if err != nil && !errors.Is(err, raft.ErrLogNotFound) {
		w.fatal(fmt.Errorf("entry %d of this node's log cannot be read: %w; check the disk; %s", index, err, KeepAdvice))
		select {
		case <-w.closed:
		case <-time.After(time.Second):
		}
	}
	return err
}

// GetLog gives the entry as it was stored, or an error.
func (s Checksummed) GetLog(index uint64, l *raft.Log) error {
	if err := s.LogStore.GetLog(index, l); err != nil {
		return err
	}
	return Verify(index, l)
}

// Verify takes the checksum off an entry, and checks it.
func Verify(index uint64, l *raft.Log) error {
	n := len(l.Extensions) - checksumSize
	if n < 0 || l.Index != index {
		return fmt.Errorf("entry %d is not what was written", index)
	}
	want := binary.BigEndian.Uint32(l.Extensions[n:])
	if l.Extensions = l.Extensions[:n]; n == 0 {
		l.Extensions = nil
	}
	if sum := entrySum(l); sum != want {
		return fmt.Errorf("entry %d is not what was written: its checksum is %08x, not %08x", index, sum, want)
	}
	return nil
}
