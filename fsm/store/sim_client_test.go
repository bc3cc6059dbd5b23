package store

import (
	"fmt"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// waiting is a command that somebody waits for at a node.
type waiting struct {
	seq  uint64
	cmd  fsm.Command
	sent bool // a copy is under way
}

// simFrame is a node's commands on their way to the leader. A frame that is left
// over may arrive again at any time.
type simFrame struct {
	n      *simNode
	origin logentry.Origin
	items  []*waiting
	copied bool
}

// add takes a command in at a node.
func (w *world) add(n *simNode, cmd fsm.Command) {
	n.waiting = append(n.waiting, &waiting{seq: n.next, cmd: cmd})
	n.next++
}

func (n *simNode) floor() uint64 {
	if len(n.waiting) > 0 {
		return n.waiting[0].seq
	}
	return n.next
}

// send puts a node's commands under way, again too if that is wanted.
func (w *world) send(n *simNode, again bool) {
	if !n.up {
		return
	}
	f := &simFrame{n: n, origin: logentry.Origin{Node: n.id, Boot: n.boot, Floor: n.floor()}}
	for _, x := range n.waiting {
		if !x.sent || again {
			x.sent = true
			f.items = append(f.items, x)
		}
	}
	if len(f.items) > 0 {
		w.frames = append(w.frames, f)
	}
}

// deliver brings a frame to the leader; it may stay behind as a copy.
func (w *world) deliver(e event) {
	if w.leader == nil || len(w.frames) == 0 {
		return
	}
	i := int(e.a) % len(w.frames)
	f := w.frames[i]
	if e.b%4 > 0 || len(w.frames) > 20 {
		w.frames = slices.Delete(w.frames, i, i+1)
	} else {
		f.copied = true
	}
	w.bring(f)
}

func (w *world) bring(f *simFrame) {
	for _, x := range f.items {
		w.leader.open = append(w.leader.open, simItem{frame: f, w: x, cmd: x.cmd})
	}
}

// flushTo brings a node's own commands to itself as the leader.
func (w *world) flushTo(n *simNode) {
	w.send(n, true)
	if len(n.waiting) > 0 {
		w.bring(w.frames[len(w.frames)-1])
		w.frames = w.frames[:len(w.frames)-1]
	}
}

// flow takes everything that waits through to its commit; copies stay behind.
func (w *world) flow() {
	if w.leader == nil {
		return
	}
	for _, n := range w.nodes {
		w.send(n, false)
	}
	copies := w.frames[:0:0]
	for _, f := range w.frames {
		if f.copied {
			copies = append(copies, f)
		} else {
			w.bring(f)
		}
	}
	w.frames = copies
	w.propose()
	w.commitSome(len(w.leader.flight), false)
}

// answer hands a result to who waits for it.
func (w *world) answer(it simItem, c fsm.Code, lost bool) {
	if it.done != nil {
		if c == fsm.CodeStaleTerm {
			c = fsm.CodeNotLeader
		}
		it.done(c)
		return
	}
	n := it.frame.n
	if !n.up || n.boot != it.frame.origin.Boot || !slices.Contains(n.waiting, it.w) {
		return
	}
	if lost || c == fsm.CodeStaleTerm {
		it.w.sent = false // the proposer asks again
		return
	}
	id := ident{n.id, n.boot, it.w.seq}
	switch {
	case c == fsm.CodeStale:
		w.fail("%v: %s is refused as a late copy, but somebody waits for it", n, describe(it.cmd))
	case w.model.first[id] != c:
		w.fail("%v: %s is answered %d, but had %d (0: never executed)", n, describe(it.cmd), c, w.model.first[id])
	}
	n.waiting = slices.DeleteFunc(n.waiting, func(x *waiting) bool { return x == it.w })
}

// giveUp is a client that waits no longer; what comes of its command is unknown.
func (w *world) giveUp(e event) {
	n := w.node(e.a)
	if len(n.waiting) == 0 {
		return
	}
	i := int(e.b) % len(n.waiting)
	switch n.waiting[i].cmd.(type) {
	case fsm.Ping, fsm.Signal, fsm.Create, fsm.Update, fsm.Pause, fsm.TimedPause, fsm.Resume, fsm.RotateToken, fsm.Delete, fsm.AckIncident, fsm.SnoozeIncident, fsm.UnackIncident:
		w.say("%v: the client of %d gives up", n, n.waiting[i].seq)
		n.waiting = slices.Delete(n.waiting, i, i+1)
	}
}

// ping is a job that ran well; its node knows the heartbeat already.
func (w *world) ping(e event) {
	n := w.node(e.b)
	if !n.up || w.created == 0 {
		return
	}
	if p := pingOf(n.store, w.pick(e.a)); p.Ordinal != 0 {
		w.add(n, p)
	}
	if e.c%2 == 0 {
		w.flow()
	}
}

// signal is a job that tells more; its node knows the heartbeat already.
func (w *world) signal(e event) {
	n := w.node(e.b)
	if !n.up || w.created == 0 {
		return
	}
	if ord := n.store.st.byID(testID(w.pick(e.a))); ord != 0 {
		w.add(n, drawSignalFrom(ord, e.a/16, e.c, w.wall(n)))
	}
	if e.c%2 == 0 {
		w.flow()
	}
}

// flap is a job that fails and runs well in turn, some times within a second.
func (w *world) flap(e event) {
	n := w.node(e.b)
	if !n.up || w.created == 0 {
		return
	}
	ord := n.store.st.byID(testID(w.pick(e.a)))
	for i := range 1 + e.c/4%6 {
		if ord != 0 {
			w.add(n, fsm.Signal{Ordinal: ord, Exit: fsm.NotKnown, Tells: []fsm.SignalKind{fsm.SignalFail, fsm.SignalSuccess}[(i+e.c)%2]})
			w.pass(int64(e.c % 200))
			w.flow()
		}
	}
}

// pick chooses a heartbeat, the newest few most often.
func (w *world) pick(a uint32) int { return w.created - int(a%uint32(min(w.created, 4))) }

// edit is a person at work.
func (w *world) edit(e event) {
	n := w.node(e.a)
	if !n.up {
		return
	}
	if cmd := w.drawEdit(e); cmd != nil {
		w.add(n, cmd)
	}
	if e.c%4 == 0 {
		w.flow()
	}
}

func (w *world) drawEdit(e event) fsm.Command {
	if e.kind == evCreate {
		w.created++
		spec := w.spec(e.b, e.c)
		if w.created > 1 && e.a/8%2 == 0 {
			spec.DependsOn = w.drawDependencies(e.a/16, e.b/3)
		}
		return fsm.Create{ID: testID(w.created), Token: testToken(w.created), Spec: spec}
	}
	if e.kind == evSettings && e.c%3 > 0 {
		return channelEdit(e.a/8, e.b)
	}
	if e.kind == evSettings {
		return fsm.SetSettings{Settings: w.setup.draw(e.b, e.c/2)}
	}
	if e.kind == evRetry {
		return w.drawByHand(e.b, e.c/4)
	}
	if e.kind == evWindow && e.c%4 == 0 {
		return w.drawHours(w.node(e.a), e.a/8, e.b)
	}
	if e.kind == evWindow {
		return w.drawWindow(w.node(e.a), e.a/8, e.b)
	}
	if e.kind == evSystem {
		return drawSystem(e.b, e.c/4, w.observer.st.wall)
	}
	if w.created == 0 {
		return nil
	}
	id := testID(w.pick(e.b))
	switch e.kind {
	case evAct:
		return w.drawAct(id, e.a/8, e.c/4)
	case evPause:
		return w.drawPause(id, w.node(e.a), e.c/4)
	case evResume:
		return fsm.Resume{ID: id}
	case evDelete:
		return fsm.Delete{ID: id}
	}
	if e.b/4%6 == 5 {
		return w.drawRotation(id, e.c/4)
	}
	p := patchFrom(e.c / 2)
	if e.a/8%3 == 0 {
		p.DependsOn = new(w.drawDependencies(e.a/24, e.b/5))
	}
	return fsm.Update{ID: id, Patch: p}
}

// drawByHand is somebody who does something about an alert.
func (w *world) drawByHand(pick, how uint32) fsm.Command {
	if how%3 == 0 {
		return w.drawRetry(pick)
	}
	list, _ := w.observer.Alerts(fsm.AlertFilter{})
	if len(list) == 0 {
		return nil
	}
	if held, _ := w.observer.Alerts(fsm.AlertFilter{State: fsm.AlertHeld}); len(held) > 0 && how/3%4 == 0 {
		return fsm.CancelAlert{Alert: held[int(pick)%len(held)].ID}
	}
	if waits, _ := w.observer.Alerts(fsm.AlertFilter{State: fsm.AlertPending}); len(waits) > 0 && how/12%4 > 0 {
		list = waits
	}
	id := list[int(pick)%len(list)].ID
	switch how / 48 % 5 {
	case 0, 1:
		return fsm.DeliverAlert{Alert: id}
	case 2, 3:
		return fsm.HoldAlert{Alert: id}
	}
	return fsm.CancelAlert{Alert: id}
}

func (w *world) drawRetry(pick uint32) fsm.Command {
	list, _ := w.observer.Alerts(fsm.AlertFilter{State: fsm.AlertFailed})
	held, _ := w.observer.Alerts(fsm.AlertFilter{State: fsm.AlertHeld})
	if list = append(list, held...); len(list) == 0 {
		return nil
	}
	return fsm.RetryAlert{Alert: list[int(pick)%len(list)].ID}
}

func (w *world) spec(a, b uint32) fsm.Spec {
	spec := testSpec([]int64{1, 2, 3, 4, 5, 7, 10, 20}[a%8], int64(a/8%4), 1+int(a/32%3))
	switch w.setup.pace {
	case quick:
		spec.Interval, spec.Grace, spec.Threshold = 1, 0, 1
	case slow:
		spec.Interval += 15
	}
	if b%5 == 1 {
		spec.Arm = fsm.ArmFirstPing
	}
	if b%4 == 3 {
		spec.Owner, spec.Description = fmt.Sprint("team ", b%7), "night\nrun"
	}
	if b%7 < 2 {
		spec.Tags = []string{"db"}
	}
	if b%9 == 0 {
		spec.Notify = []string{fsm.ChannelID{byte(1 + b/9%3)}.String()}
	}
	if b%27 == 0 {
		spec.NotifyMail = []string{"c@example.com"}
	}
	spec.NeverRemind = b%11 == 3
	if b/16%4 == 0 {
		spec.FailureThreshold = 1 + int(b/64%3)
	}
	if b/256%4 == 0 {
		spec.Checks = simChecks
	}
	if b/1024%4 == 0 {
		spec.MinRun = 1
	}
	if b/4096%4 == 0 {
		spec.MaxRun = 2 + int64(b/16384%6)
	}
	if b/2%3 == 0 {
		spec.RemindEvery = 10 + int64(b/6%6)
	}
	spec.Emails = [][]string{nil, {"a@example.com"}, {"a@example.com", "b@example.com"}}[b/5%3]
	return spec
}

func patchFrom(a uint32) (p fsm.Patch) {
	interval, grace, threshold := 1+int64(a/4%8), int64(a/32%4), 1+int(a/128%3)
	switch a % 4 {
	case 0:
		p.Interval = &interval
	case 1:
		p.Grace = &grace
	case 2:
		p.Threshold = &threshold
	case 3:
		p.Interval, p.Threshold = &interval, &threshold
	}
	switch a / 512 % 8 {
	case 3:
		p.RemindEvery = new([]int64{0, 10, 12}[a/4096%3])
		p.NeverRemind = new(a/16384%4 == 0)
	case 0:
		p.FailureThreshold = &threshold
	case 1:
		p.Checks = new([][]string{nil, simChecks}[a/4096%2])
	case 2:
		p.MaxRun = new(2 + interval)
	}
	if a/64%6 == 5 {
		p.Notify = &[][]string{{}, {simChannelID(0)}, {simChannelID(1), simChannelID(2)}}[a/512%3]
	}
	switch a / 4 % 5 {
	case 1:
		p.Owner = new("another")
	case 2:
		p.Owner, p.Description = new(""), new("by day")
	case 3:
		p.Tags = &[]string{"db"}
	case 4:
		p.Tags = &[]string{}
	}
	return p
}

// describe tells a command in few words.
func describe(cmd fsm.Command) string {
	short := func(id [12]byte) string { return fmt.Sprintf("%x", id[:3]) }
	switch c := cmd.(type) {
	case fsm.Ping:
		return fmt.Sprintf("ping(#%d)", c.Ordinal)
	case fsm.Signal:
		return fmt.Sprintf("%v(#%d run %d at %d key %d)", c.Tells, c.Ordinal, c.Run[0], c.At, c.IdempotencyKey[0])
	case fsm.Create:
		return fmt.Sprintf("create(hb%d %ds+%ds x%d %s %v)", c.ID[7], c.Spec.Interval, c.Spec.Grace, c.Spec.Threshold, c.Spec.Arm, c.Spec.Emails)
	case fsm.Update:
		return fmt.Sprintf("update(hb%d%s)", c.ID[7], describePatch(c.Patch))
	case fsm.Pause:
		return fmt.Sprintf("pause(hb%d)", c.ID[7])
	case fsm.TimedPause:
		return fmt.Sprintf("pause(hb%d for %d until %d)", c.ID[7], c.For, c.Until)
	case fsm.RotateToken:
		return fmt.Sprintf("rotate(hb%d, overlap %d ms)", c.ID[7], c.Overlap)
	case fsm.Resume:
		return fmt.Sprintf("resume(hb%d)", c.ID[7])
	case fsm.Delete:
		return fmt.Sprintf("delete(hb%d)", c.ID[7])
	case fsm.AckIncident:
		return fmt.Sprintf("ack(hb%d incident %d)", c.Heartbeat[7], c.Incident)
	case fsm.SnoozeIncident:
		return fmt.Sprintf("snooze(hb%d incident %d for %d ms)", c.Heartbeat[7], c.Incident, c.For)
	case fsm.UnackIncident:
		return fmt.Sprintf("unack(hb%d incident %d)", c.Heartbeat[7], c.Incident)
	case fsm.CreateChannel:
		return fmt.Sprintf("create(ch%d %s)", c.ID[0], describeChannel(c.Spec))
	case fsm.UpdateChannel:
		return fmt.Sprintf("update(ch%d %s)", c.ID[0], describeChannel(c.Spec))
	case fsm.DeleteChannel:
		return fmt.Sprintf("delete(ch%d)", c.ID[0])
	case fsm.CreateWindow:
		return fmt.Sprintf("window(%d from %d to %d, %d s at %v)", c.ID[0], c.Spec.From, c.Spec.To, c.Spec.For, c.Timetable.Times)
	case fsm.SetHours:
		return fmt.Sprintf("hours(ch%d %v)", c.List[0].Channel[0], c.List[0].Spans)
	case fsm.DeleteWindow:
		return fmt.Sprintf("delete(window %d)", c.ID[0])
	case fsm.Claim:
		return fmt.Sprintf("claim(%s term %d attempt %d)", short(c.Alert), c.Term, c.Attempt)
	case fsm.Fence:
		return fmt.Sprintf("fence(%s term %d attempt %d)", short(c.Alert), c.Term, c.Attempt)
	case fsm.Settle:
		return fmt.Sprintf("settle(%s term %d attempt %d outcome %d)", short(c.Alert), c.Term, c.Attempt, c.Outcome)
	case fsm.ResolveDoubt:
		return fmt.Sprintf("doubt(%s term %d attempt %d)", short(c.Alert), c.Term, c.Attempt)
	case fsm.RetryAlert:
		return fmt.Sprintf("retry(%s)", short(c.Alert))
	case fsm.DeliverAlert:
		return fmt.Sprintf("deliver(%s)", short(c.Alert))
	case fsm.HoldAlert:
		return fmt.Sprintf("hold(%s)", short(c.Alert))
	case fsm.CancelAlert:
		return fmt.Sprintf("cancel(%s)", short(c.Alert))
	case fsm.FormDigest:
		return fmt.Sprintf("digest(%s of %d)", short(c.ID), len(c.Members))
	case fsm.RecordGap:
		return fmt.Sprintf("gap(%d s to %d ms)", (c.To-c.From)/1000, c.To-epoch.UnixMilli()-simStart)
	}
	return fmt.Sprintf("%T%+v", cmd, cmd)
}

func describePatch(p fsm.Patch) (s string) {
	if p.Notify != nil {
		s += fmt.Sprintf(" notify %.5s", *p.Notify)
	}
	if p.Tags != nil {
		s += fmt.Sprint(" tags ", *p.Tags)
	}
	if p.Interval != nil {
		s += fmt.Sprintf(" interval %d", *p.Interval)
	}
	if p.Grace != nil {
		s += fmt.Sprintf(" grace %d", *p.Grace)
	}
	if p.Threshold != nil {
		s += fmt.Sprintf(" threshold %d", *p.Threshold)
	}
	return s
}
