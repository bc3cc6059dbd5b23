package fsm

// Batch is one log entry: what the leader stamps and proposes at once.
type Batch struct {
	Term    uint64   // the leader's term; an entry of another term changes nothing
	Wall    int64    // the leader's wall clock, Unix milliseconds
	Delta   uint32   // advance of the serving clock, milliseconds
	Origins []Origin // the proposers of the items, and of no item: their floors
	Items   []Item
}

// Origin is a proposing node's one start. Floor is the oldest sequence number
// that it still awaits: results below it are dropped, and commands below it are
// refused as late copies.
type Origin struct {
	Node  NodeID
	Boot  uint64 // of the node's start; higher than those before
	Floor uint64
}

// Item is one command in a batch.
type Item struct {
	Origin int    // index into Origins; NoOrigin for a command that is never repeated
	Seq    uint64 // from 1, unique within (node, boot); ignored without an origin
	Cmd    []byte // as AppendCommand wrote it
}

// NoOrigin marks an item whose result is not kept for repeats.
const NoOrigin = -1

// Result answers one command.
type Result struct {
	Code Code
	Data []byte // a heartbeat for the commands that answer with one, else nil
}
