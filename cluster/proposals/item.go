package proposals

import "github.com/quorumbeat/quorumbeat/fsm"

// Item is a command under its sequence number. Without a command it is a read
// barrier: it asks for the index of a batch that is proposed from now on.
type Item struct {
	Seq uint64
	Cmd []byte
}

// ItemResult is the result of one item.
type ItemResult struct {
	Seq  uint64
	Code fsm.Code
	Data []byte
}

// Result is what whoever waits for a command gets.
type Result struct {
	Code  fsm.Code
	Data  []byte
	Index uint64 // of the log entry that holds the command's batch, 0 if there is none
}

// MustRepeat reports whether a code means that the command is to be proposed again,
// rather than being its result.
func MustRepeat(c fsm.Code) bool {
	switch c {
	case fsm.CodeNotLeader, fsm.CodeStaleTerm, fsm.CodeUnknownOutcome:
		return true
	}
	return false
}
