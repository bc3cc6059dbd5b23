package cluster

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// direct is a command that this node commits as leader or not at all; without a
// command it is a tick.
type direct struct {
	ctx  context.Context // when it ends nobody waits any more
	term uint64
	cmd  []byte
	done chan proposals.Result // gets exactly one
}

// forwarded is a propose frame on its way through the batcher.
type forwarded struct {
	proposal
	size  int            // bytes of its commands
	reply func(*results) // must not keep what it is given
}

// refuse answers every item with code.
func (f *forwarded) refuse(code fsm.Code) {
	f.reply(&results{answers: sameAnswer(f.items, code)})
}

// draft is a batch that fills, and then what is to be done with its results.
// Results belong to the items in this order: each frame's, the node's own, the
// directs'; those without a command (barriers, ticks) have none.
type draft struct {
	batch    fsm.Batch
	frames   []*forwarded
	own      proposals.Chunk
	directs  []*direct
	barriers int
	bytes    int
	proposed time.Time
	future   raft.ApplyFuture
	answers  []proposals.ItemResult // of one proposer at a time
}

// reset empties a draft, and keeps its memory for the next one.
func (d *draft) reset() {
	clear(d.frames)
	clear(d.directs)
	clear(d.batch.Items) // they point into frames
	clear(d.answers)
	d.own.Reset()
	*d = draft{
		batch:  fsm.Batch{Origins: d.batch.Origins[:0], Items: d.batch.Items[:0]},
		frames: d.frames[:0], own: d.own, directs: d.directs[:0], answers: d.answers[:0],
	}
}

// room is how many items and bytes may still join.
func (d *draft) room() (items, bytes int) {
	return maxBatchItems - len(d.batch.Items) - d.barriers, maxBatchBytes - d.bytes
}

func (d *draft) empty() bool {
	return len(d.batch.Items) == 0 && d.barriers == 0 && len(d.directs) == 0
}

// addItems adds items under origin. Barriers are answered with the batch's index
// and take no place in the log.
func (d *draft) addItems(origin fsm.Origin, items []proposals.Item) {
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

func (d *draft) addFrame(f *forwarded) {
	d.frames = append(d.frames, f)
	d.addItems(f.origin, f.items)
}

func (d *draft) addDirect(x *direct) {
	d.directs = append(d.directs, x)
	if x.cmd != nil {
		d.bytes += len(x.cmd)
		d.batch.Items = append(d.batch.Items, fsm.Item{Origin: fsm.NoOrigin, Cmd: x.cmd})
	}
}

// readers lists the followers on which reads wait for the batch.
func (d *draft) readers() (ids []raft.ServerID) {
	if d.barriers == 0 {
		return nil
	}
	for _, f := range d.frames {
		if slices.ContainsFunc(f.items, func(it proposals.Item) bool { return len(it.Cmd) == 0 }) {
			ids = append(ids, raft.ServerID(f.origin.Node.String()))
		}
	}
	return ids
}

// publish hands out the results of the applied batch.
func (d *draft) publish(index uint64, res []fsm.Result, own func(uint64, []proposals.ItemResult)) {
	for _, f := range d.frames {
		d.answers, res = answersTo(d.answers[:0], f.items, res)
		f.reply(&results{index: index, answers: d.answers})
	}
	d.answers, res = answersTo(d.answers[:0], d.own.Items, res)
	own(index, d.answers)
	for _, x := range d.directs {
		out := proposals.Result{Code: fsm.CodeOK, Index: index}
		if x.cmd != nil {
			out.Code, out.Data, res = onceCode(res[0].Code), res[0].Data, res[1:]
		}
		x.done <- out
	}
}

// fail answers a batch that was not applied, or of which nobody knows.
func (d *draft) fail(code fsm.Code, own func(uint64, []proposals.ItemResult)) {
	for _, f := range d.frames {
		f.refuse(code)
	}
	own(0, sameAnswer(d.own.Items, code))
	for _, x := range d.directs {
		x.done <- proposals.Result{Code: code}
	}
}

// onceCode turns "propose again" into what it means to one who never does.
func onceCode(c fsm.Code) fsm.Code {
	if c == fsm.CodeStaleTerm {
		return fsm.CodeNotLeader
	}
	return c
}

// answersTo pairs items with the first of the results, appends that to dst, and
// returns the rest of the results.
func answersTo(dst []proposals.ItemResult, items []proposals.Item, res []fsm.Result) ([]proposals.ItemResult, []fsm.Result) {
	for _, it := range items {
		a := proposals.ItemResult{Seq: it.Seq, Code: fsm.CodeOK}
		if len(it.Cmd) > 0 {
			a.Code, a.Data = res[0].Code, res[0].Data
			res = res[1:]
		}
		dst = append(dst, a)
	}
	return dst, res
}

func sameAnswer(items []proposals.Item, code fsm.Code) []proposals.ItemResult {
	out := make([]proposals.ItemResult, len(items))
	for i, it := range items {
		out[i] = proposals.ItemResult{Seq: it.Seq, Code: code}
	}
	return out
}
