package commit

import (
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// openBatch is a batch while it fills, and later what is to be done with its results.
// The state machine's results belong to these commands, in this order: each forwarded
// request's, this node's own, the leader's. Barriers and ticks have none.
type openBatch struct {
	batch          fsm.Batch
	forwarded      []*Forwarded
	own            proposals.Chunk
	leaderCommands []*leaderCommand
	barriers       int
	bytes          int
	proposed       time.Time
	future         raft.ApplyFuture
	results        []proposals.ItemResult // memory for those of one proposer at a time
}

// reset empties the batch, and keeps its memory for the next one.
func (d *openBatch) reset() {
	clear(d.forwarded)
	clear(d.leaderCommands)
	clear(d.batch.Items) // they point into the memory of frames
	clear(d.results)
	d.own.Reset()
	*d = openBatch{
		batch:     fsm.Batch{Origins: d.batch.Origins[:0], Items: d.batch.Items[:0]},
		forwarded: d.forwarded[:0], own: d.own, leaderCommands: d.leaderCommands[:0], results: d.results[:0],
	}
}

// room returns how many items and bytes may still join.
func (d *openBatch) room() (items, bytes int) {
	return maxBatchItems - len(d.batch.Items) - d.barriers, maxBatchBytes - d.bytes
}

func (d *openBatch) empty() bool {
	return len(d.batch.Items) == 0 && d.barriers == 0 && len(d.leaderCommands) == 0
}

// addItems adds items under origin. Barriers get the batch's index as their result and
// take no place in the log.
func (d *openBatch) addItems(origin fsm.Origin, items []proposals.Item) {
	d.batch.Origins = append(d.batch.Origins, origin)
	for _, it := range items {
		if len(it.Cmd) == 0 {
			d.barriers++
			continue
		}
		d.bytes += len(it.Cmd)
		d.batch.Items = append(d.batch.Items, fsm.Item{Origin: len(d.batch.Origins) - 1, Seq: it.Seq, Cmd: it.Cmd})
	}
}

func (d *openBatch) addForwarded(f *Forwarded) {
	d.forwarded = append(d.forwarded, f)
	d.addItems(f.Origin, f.Items)
}

func (d *openBatch) addLeaderCommand(x *leaderCommand) {
	d.leaderCommands = append(d.leaderCommands, x)
	if x.cmd != nil {
		d.bytes += len(x.cmd)
		d.batch.Items = append(d.batch.Items, fsm.Item{Origin: fsm.NoOrigin, Cmd: x.cmd})
	}
}

// readers lists the followers on which reads wait for the batch.
func (d *openBatch) readers() (ids []raft.ServerID) {
	if d.barriers == 0 {
		return nil
	}
	for _, f := range d.forwarded {
		if slices.ContainsFunc(f.Items, func(it proposals.Item) bool { return len(it.Cmd) == 0 }) {
			ids = append(ids, raft.ServerID(f.Origin.Node.String()))
		}
	}
	return ids
}

// deliver gives everybody their results, after the batch was applied.
func (d *openBatch) deliver(index uint64, res []fsm.Result, own func(uint64, []proposals.ItemResult)) {
	for _, f := range d.forwarded {
		d.results, res = takeResults(d.results[:0], f.Items, res)
		f.Reply(&Results{Index: index, Items: d.results})
	}
	d.results, res = takeResults(d.results[:0], d.own.Items, res)
	own(index, d.results)
	for _, x := range d.leaderCommands {
		out := proposals.Result{Code: fsm.CodeOK, Index: index}
		if x.cmd != nil {
			out.Code, out.Data, res = leaderCommandCode(res[0].Code), res[0].Data, res[1:]
		}
		x.done <- out
	}
}

// refuseAll gives everybody the code, after the batch was not applied, or when nobody
// knows whether it was.
func (d *openBatch) refuseAll(code fsm.Code, own func(uint64, []proposals.ItemResult)) {
	for _, f := range d.forwarded {
		f.Refuse(code)
	}
	own(0, SameResult(d.own.Items, code))
	for _, x := range d.leaderCommands {
		x.done <- proposals.Result{Code: code}
	}
}
