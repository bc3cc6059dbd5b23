package fsm

import (
	"errors"
	"fmt"

	"github.com/quorumbeat/quorumbeat/fsm/check"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Errors of Apply and Restore. A node that meets one must stop: it cannot know
// what it missed.
var (
	ErrVersion = errors.New("written by a newer version of quorumbeat: upgrade this node")
	ErrCorrupt = wire.ErrCorrupt
)

// reader reads commands.
type reader struct {
	wire.Reader
	newer string // what this version does not know; "": nothing
}

// DecodeCommand reads what AppendCommand wrote. The error wraps ErrVersion if the
// command has a kind or a field that this version does not know, else ErrCorrupt.
func DecodeCommand(b []byte) (Command, error) {
	r := &reader{Reader: wire.NewReader(b)}
	kind := Kind(r.Byte())
	c := r.command(kind)
	switch {
	case r.newer != "":
		return nil, fmt.Errorf("%s: %w", r.newer, ErrVersion)
	case r.End() != nil:
		return nil, fmt.Errorf("command of kind %d: %w", kind, ErrCorrupt)
	}
	return c, nil
}

// Knows reports whether this version knows what a command is and says. A node that applies
// one that it does not know must stop.
func Knows(cmd []byte) bool {
	kind := cmd
	if len(cmd) > authorizedHead && Kind(cmd[0]) == KindAuthorized {
		kind = cmd[authorizedHead:]
	}
	if len(kind) > 0 && (Kind(kind[0]) == KindPing || Kind(kind[0]) == KindSignal || Kind(kind[0]) == KindHeldSignal) {
		return true
	}
	_, err := DecodeCommand(cmd)
	return !errors.Is(err, ErrVersion)
}

func (r *reader) signal() Signal {
	c := Signal{Ordinal: r.Uint(), From: r.Addr()}
	tells := r.Byte()
	c.Tells, c.Exit, c.HasRun = SignalKind(tells&^signalDropped), r.Int32(), r.Bool()
	if c.HasRun {
		r.Fill(c.Run[:])
	}
	c.At = r.Millis()
	keyed := r.Bool()
	if keyed {
		r.Fill(c.IdempotencyKey[:])
	}
	switch n := r.Uint(); {
	case tells&signalDropped == 0 && n > 0:
		c.Body = r.Take(n)
	case tells&signalDropped != 0 && (n == 0 || n > MaxBody):
		r.Fail()
	case tells&signalDropped != 0:
		c.Dropped = int(n)
	}
	if c.Tells > SignalLog || c.Exit < NotKnown || c.Exit > MaxExit || keyed != (c.IdempotencyKey != [16]byte{}) || len(c.Body) > MaxBody {
		r.Fail()
	}
	return c
}

func (r *reader) heldSignal() Signal {
	held := r.Millis()
	if held == 0 {
		r.Fail()
	}
	c := r.signal()
	c.Held = held
	return c
}

func (r *reader) numbersSignal() Signal {
	held, numbers := r.Millis(), check.ReadNumbers(&r.Reader)
	if len(numbers) == 0 {
		r.Fail()
	}
	c := r.signal()
	c.Held, c.Numbers = held, numbers
	return c
}

func (r *reader) command(kind Kind) Command {
	switch kind {
	case KindPing:
		return r.ping()
	case KindSignal:
		return r.signal()
	case KindHeldSignal:
		return r.heldSignal()
	case KindWithTimetable:
		return r.withTimetable()
	case KindSetTimetables:
		return r.timetables()
	case KindReadClock:
		return ReadClock{}
	case KindNumbersSignal:
		return r.numbersSignal()
	case KindAuthorized:
		return r.authorized()
	case KindCreate:
		c := r.create()
		r.ending(&c.Spec, nil)
		return c
	case KindEnsure:
		c := r.create()
		r.ending(&c.Spec, nil)
		return Ensure(c)
	case KindPutHeartbeat:
		return r.putHeartbeat()
	case KindUpdate:
		id, v := r.heartbeatTarget()
		c := Update{ID: id, IfVersion: v, Patch: r.patch(), Pause: readOptional(r, r.Bool)}
		r.ending(nil, &c.Patch)
		return c
	case KindPause:
		id, v := r.heartbeatTarget()
		return Pause{ID: id, IfVersion: v}
	case KindTimedPause:
		id, v := r.heartbeatTarget()
		return TimedPause{ID: id, IfVersion: v, For: r.Millis(), Until: r.Millis()}
	case KindResume:
		id, v := r.heartbeatTarget()
		return Resume{ID: id, IfVersion: v}
	case KindDelete:
		id, v := r.heartbeatTarget()
		return Delete{ID: id, IfVersion: v}
	case KindRotateToken:
		id, v := r.heartbeatTarget()
		c := RotateToken{ID: id, IfVersion: v}
		r.Fill(c.Token[:])
		c.Overlap = r.Millis()
		return c
	case KindPutKey:
		var c PutKey
		r.Fill(c.ID[:])
		c.Name, c.Scope = r.String(), r.String()
		r.Fill(c.Hash[:])
		c.MaxHeartbeats = r.quota()
		return c
	case KindUpdateKey:
		var c UpdateKey
		r.Fill(c.ID[:])
		c.MaxHeartbeats = int(r.UpTo(MaxHeartbeats))
		return c
	case KindDeleteKey:
		var c DeleteKey
		r.Fill(c.ID[:])
		return c
	case KindSettings:
		c := SetSettings{r.settings()}
		c.Settings.MaxHeartbeats = r.quota()
		return c
	case KindMoreSettings:
		c := SetSettings{r.settings()}
		c.Settings.MaxHeartbeats, c.Settings.RemindEvery = int(r.UpTo(MaxHeartbeats)), int64(r.UpTo(MaxRemindEvery))
		return oneEncoding(r, kind, c)
	case KindRecordGap:
		return RecordGap{From: r.Int(), To: r.Int()}
	case KindPutNode:
		var c PutNode
		r.Fill(c.Node.ID[:])
		c.Node.Name, c.Node.HTTP, c.Node.Cluster, c.Node.Version = r.String(), r.String(), r.String(), r.String()
		return c
	case KindRemoveNode:
		var c RemoveNode
		r.Fill(c.ID[:])
		return c
	case KindSetClusterID:
		var c SetClusterID
		r.Fill(c.ID[:])
		return c
	case KindUnknown:
		return Unknown{}
	case KindPutStatusPage, KindDeleteStatusPage, KindPutBadge, KindDeleteBadge:
		return r.publishing(kind)
	case KindCreateChannel, KindUpdateChannel, KindDeleteChannel, KindCreateMailChannel, KindUpdateMailChannel:
		return r.channelCommand(kind)
	case KindAckIncident, KindSnoozeIncident, KindUnackIncident:
		return r.incidentCommand(kind)
	case KindSetTemplates:
		return SetTemplates{Templates{Subject: r.String(), Text: r.String()}}
	case KindCreateWindow, KindDeleteWindow, KindSetWindowTimes, KindSetHours:
		return r.windowCommand(kind)
	case KindBeginSystem, KindEndSystem, KindTellOutage, KindSendCanary:
		return r.system(kind)
	}
	return r.ledgerCommand(kind)
}

func (r *reader) ledgerCommand(kind Kind) Command {
	switch kind {
	case KindClaim:
		id, term, n := r.alertAttempt()
		return Claim{Alert: id, Term: term, Attempt: n}
	case KindFence:
		id, term, n := r.alertAttempt()
		return Fence{Alert: id, Term: term, Attempt: n}
	case KindSettle, KindSettleWithRef:
		id, term, n := r.alertAttempt()
		c := Settle{
			Alert: id, Term: term, Attempt: n, Outcome: r.outcome(),
			Refused: r.Bool(), RetryIn: r.Int(), Resend: r.Bool(), Error: r.String(),
		}
		if kind == KindSettleWithRef {
			c.Ref = r.String()
		}
		return oneEncoding(r, kind, c)
	case KindResolveDoubt:
		id, term, n := r.alertAttempt()
		return ResolveDoubt{Alert: id, Term: term, Attempt: n, Resend: r.Bool()}
	case KindRetryAlert:
		return RetryAlert{Alert: r.alertID()}
	case KindDeliverAlert:
		return DeliverAlert{Alert: r.alertID()}
	case KindHoldAlert:
		return HoldAlert{Alert: r.alertID()}
	case KindCancelAlert:
		return CancelAlert{Alert: r.alertID()}
	case KindFormDigest:
		c := FormDigest{ID: r.alertID(), Recipient: r.String()}
		for n := r.Count(); n > 0 && r.OK(); n-- {
			c.Members = append(c.Members, r.alertID())
		}
		return c
	}
	if r.OK() {
		r.newer = fmt.Sprintf("a command of kind %d, which this version does not know", kind)
	}
	return nil
}

// quota reads what appendQuota wrote.
func (r *reader) quota() int {
	if r.Len() == 0 {
		return 0
	}
	n := r.UpTo(MaxHeartbeats)
	if n == 0 {
		r.Fail()
	}
	return int(n)
}

func (r *reader) alertID() (id AlertID) {
	r.Fill(id[:])
	return id
}

func (r *reader) heartbeatTarget() (id HeartbeatID, ifVersion uint64) {
	r.Fill(id[:])
	return id, r.Uint()
}

func (r *reader) alertAttempt() (AlertID, uint64, uint32) {
	return r.alertID(), r.Uint(), r.Uint32()
}

func (r *reader) outcome() Outcome {
	o := Outcome(r.Byte())
	if o < OutcomeSent || o > OutcomeInDoubt {
		r.Fail()
	}
	return o
}

func (r *reader) spec() Spec {
	return Spec{
		Name: r.String(), Slug: r.String(), Interval: r.Int(), Grace: r.Int(),
		Threshold: r.Int32(), Arm: Arm(r.String()), Tags: r.Strings(), Emails: r.Strings(),
	}
}

func (r *reader) patch() Patch {
	return Patch{
		Name: readOptional(r, r.String), Slug: readOptional(r, r.String),
		Interval: readOptional(r, r.Int), Grace: readOptional(r, r.Int), Threshold: readOptional(r, r.Int32),
		Arm:  readOptional(r, func() Arm { return Arm(r.String()) }),
		Tags: readOptional(r, r.Strings), Emails: readOptional(r, r.Strings),
	}
}

func readOptional[T any](r *reader, read func() T) *T {
	if !r.Bool() {
		return nil
	}
	v := read()
	return &v
}

func (r *reader) settings() Settings {
	return Settings{
		History: r.Int32(), MailTo: r.Strings(), Burst: r.Int32(), GroupWait: r.Int(), FlapWindow: r.Int(),
	}
}

func (r *reader) create() (c Create) {
	r.Fill(c.ID[:])
	r.Fill(c.Token[:])
	c.Spec = r.spec()
	return c
}

func (r *reader) putHeartbeat() PutHeartbeat {
	c := r.create()
	p := PutHeartbeat{ID: c.ID, Token: c.Token, Spec: c.Spec, IfVersion: r.Uint(), Patch: r.patch()}
	r.ending(&p.Spec, &p.Patch)
	return p
}

func (r *reader) authorized() Command {
	var c Authorized
	r.Fill(c.Key[:])
	kind := Kind(r.Byte())
	if kind == KindAuthorized {
		r.Fail()
		return nil
	}
	c.Command = r.command(kind)
	return c
}
