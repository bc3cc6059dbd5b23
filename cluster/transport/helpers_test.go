package transport

import (
	"bytes"
	"testing"

	"github.com/hashicorp/raft"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func secrets(names ...string) (out [][]byte) {
	for _, n := range names {
		out = append(out, bytes.Repeat([]byte(n), minSecret))
	}
	return out
}

// commands returns log entries of term 1 with these indexes.
func commands(indexes ...uint64) (ls []*raft.Log) {
	for _, i := range indexes {
		ls = append(ls, &raft.Log{Index: i, Term: 1, Type: raft.LogCommand})
	}
	return ls
}
