package fsm

import "fmt"

// DecodeCommand reads what AppendCommand wrote. The error wraps ErrCorrupt.
func DecodeCommand(b []byte) (Command, error) {
	r := &reader{b: b}
	kind := Kind(r.byte())
	c := r.command(kind)
	if err := r.end(); err != nil || c == nil {
		return nil, fmt.Errorf("command of kind %d: %w", kind, ErrCorrupt)
	}
	return c, nil
}

// decodePing reads a PingOrdinal without allocating; false for any other command.
func decodePing(b []byte) (PingOrdinal, bool) {
	if len(b) == 0 || Kind(b[0]) != KindPingOrdinal {
		return PingOrdinal{}, false
	}
	r := reader{b: b[1:]}
	p := r.pingOrdinal()
	return p, r.end() == nil
}

func (r *reader) pingOrdinal() PingOrdinal { return PingOrdinal{Ordinal: r.uint(), From: r.addr()} }

func (r *reader) ping() (p Ping) {
	r.fill(p.Token[:])
	p.From = r.addr()
	return p
}

func (r *reader) signal() Signal {
	c := Signal{Ordinal: r.uint(), From: r.addr()}
	tells := r.byte()
	c.Tells, c.Exit, c.HasRun = SignalKind(tells&^signalDropped), r.small(), r.bool()
	if c.HasRun {
		r.fill(c.Run[:])
	}
	c.At = r.millis()
	keyed := r.bool()
	if keyed {
		r.fill(c.Key[:])
	}
	switch n := r.uint(); {
	case tells&signalDropped == 0 && n > 0:
		c.Body = r.take(n)
	case tells&signalDropped != 0 && (n == 0 || n > MaxBody):
		r.fail()
	case tells&signalDropped != 0:
		c.Dropped = int(n)
	}
	if c.Tells > SignalLog || c.Exit < none || c.Exit > MaxExit || keyed != (c.Key != [16]byte{}) || len(c.Body) > MaxBody {
		r.fail()
	}
	return c
}

func (r *reader) heldSignal() Signal {
	held := r.millis()
	if held == 0 {
		r.fail()
	}
	c := r.signal()
	c.Held = held
	return c
}

func (r *reader) command(kind Kind) Command {
	switch kind {
	case KindPing:
		return r.ping()
	case KindPingOrdinal:
		return r.pingOrdinal()
	case KindSignal:
		return r.signal()
	case KindHeldSignal:
		return r.heldSignal()
	case KindAuthorized:
		return r.authorized()
	case KindCreate:
		c := r.create()
		c.Spec.Methods, _ = r.methods(methodsSpec)
		return c
	case KindEnsure:
		c := r.create()
		c.Spec.Methods, _ = r.methods(methodsSpec)
		return Ensure(c)
	case KindPutHeartbeat:
		return r.put()
	case KindUpdate:
		id, v := r.target()
		c := Update{ID: id, IfVersion: v, Patch: r.patch(), Pause: optional(r, r.bool)}
		_, c.Patch.Methods = r.methods(methodsPatch | methodsPost)
		return c
	case KindPause:
		id, v := r.target()
		return Pause{ID: id, IfVersion: v}
	case KindResume:
		id, v := r.target()
		return Resume{ID: id, IfVersion: v}
	case KindDelete:
		id, v := r.target()
		return Delete{ID: id, IfVersion: v}
	case KindPutKey:
		var c PutKey
		r.fill(c.ID[:])
		c.Name, c.Scope = r.str(), r.str()
		r.fill(c.Hash[:])
		c.MaxHeartbeats = r.max()
		return c
	case KindUpdateKey:
		var c UpdateKey
		r.fill(c.ID[:])
		c.MaxHeartbeats = int(r.upTo(MaxHeartbeats))
		return c
	case KindDeleteKey:
		var c DeleteKey
		r.fill(c.ID[:])
		return c
	case KindSettings:
		return SetSettings{r.settings()}
	case KindFlapSettings:
		c := SetSettings{r.settings()}
		c.Settings.FlapWindow, c.Settings.MaxHeartbeats = r.int(), r.max()
		return c
	case KindRecordGap:
		return RecordGap{From: r.int(), To: r.int()}
	case KindPutNode:
		var c PutNode
		r.fill(c.Node.ID[:])
		c.Node.Name, c.Node.HTTP, c.Node.Cluster, c.Node.Version = r.str(), r.str(), r.str(), r.str()
		return c
	case KindRemoveNode:
		var c RemoveNode
		r.fill(c.ID[:])
		return c
	case KindSetClusterID:
		var c SetClusterID
		r.fill(c.ID[:])
		return c
	}
	return r.ledgerCommand(kind)
}

func (r *reader) ledgerCommand(kind Kind) Command {
	switch kind {
	case KindClaim:
		id, term, n := r.attempt()
		return Claim{Alert: id, Term: term, Attempt: n}
	case KindFence:
		id, term, n := r.attempt()
		return Fence{Alert: id, Term: term, Attempt: n}
	case KindSettle:
		id, term, n := r.attempt()
		return Settle{
			Alert: id, Term: term, Attempt: n, Outcome: r.outcome(),
			Refused: r.bool(), RetryIn: r.int(), Resend: r.bool(), Error: r.str(),
		}
	case KindResolveDoubt:
		id, term, n := r.attempt()
		return ResolveDoubt{Alert: id, Term: term, Attempt: n, Resend: r.bool()}
	case KindRetryAlert:
		return RetryAlert{Alert: r.alertID()}
	case KindFormDigest:
		c := FormDigest{ID: r.alertID(), Recipient: r.str()}
		for n := r.count(); n > 0 && r.err == nil; n-- {
			c.Members = append(c.Members, r.alertID())
		}
		return c
	}
	return nil
}

// max reads what appendMax wrote.
func (r *reader) max() int {
	if len(r.b) == 0 {
		return 0
	}
	n := r.upTo(MaxHeartbeats)
	if n == 0 {
		r.fail()
	}
	return int(n)
}

func (r *reader) alertID() (id AlertID) {
	r.fill(id[:])
	return id
}

func (r *reader) target() (id HeartbeatID, ifVersion uint64) {
	r.fill(id[:])
	return id, r.uint()
}

func (r *reader) attempt() (AlertID, uint64, uint32) {
	return r.alertID(), r.uint(), r.uint32()
}

func (r *reader) outcome() Outcome {
	o := Outcome(r.byte())
	if o < OutcomeSent || o > OutcomeInDoubt {
		r.fail()
	}
	return o
}

func (r *reader) spec() Spec {
	return Spec{
		Name: r.str(), Slug: r.str(), Interval: r.int(), Grace: r.int(),
		Threshold: r.small(), Arm: Arm(r.str()), Tags: r.strs(), Emails: r.strs(),
	}
}

func (r *reader) patch() Patch {
	return Patch{
		Name: optional(r, r.str), Slug: optional(r, r.str),
		Interval: optional(r, r.int), Grace: optional(r, r.int), Threshold: optional(r, r.small),
		Arm:  optional(r, func() Arm { return Arm(r.str()) }),
		Tags: optional(r, r.strs), Emails: optional(r, r.strs),
	}
}

func optional[T any](r *reader, read func() T) *T {
	if !r.bool() {
		return nil
	}
	v := read()
	return &v
}

// settings reads the replicated settings, but for the flap window.
func (r *reader) settings() Settings {
	return Settings{
		History: r.small(), MailTo: r.strs(), Burst: r.small(), GroupWait: r.int(), FlapWindow: DefaultSettings().FlapWindow,
	}
}
