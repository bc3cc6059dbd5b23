package fsm

import (
	"encoding/binary"
	"fmt"

	"github.com/quorumbeat/quorumbeat/fsm/check"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// AppendCommand appends the encoding of a command: its kind, then its fields in
// the order of the struct.
func AppendCommand(dst []byte, c Command) []byte {
	dst = append(dst, byte(c.Kind()))
	switch c := c.(type) {
	case Ping:
		return appendPing(dst, c)
	case Signal:
		if c.Held > 0 || len(c.Numbers) > 0 {
			dst = binary.AppendUvarint(dst, uint64(c.Held))
		}
		if len(c.Numbers) > 0 {
			dst = check.AppendNumbers(dst, c.Numbers)
		}
		return appendSignal(dst, c)
	case Authorized:
		return AppendCommand(append(dst, c.Key[:]...), c.Command)
	case WithTimetable:
		return AppendCommand(appendTimetable(dst, c.Timetable), c.Command)
	case SetTimetables:
		return appendTimetables(dst, c)
	case ReadClock:
		return dst
	case Create:
		return appendEnding(appendCreate(dst, c), &c.Spec, nil)
	case Ensure:
		return appendEnding(appendCreate(dst, Create(c)), &c.Spec, nil)
	case PutHeartbeat:
		return appendPutHeartbeat(dst, c)
	case Update:
		dst = appendPatch(appendTarget(dst, c.ID, c.IfVersion), c.Patch)
		return appendEnding(appendOptional(dst, c.Pause, wire.AppendBool), nil, &c.Patch)
	case Pause:
		return appendTarget(dst, c.ID, c.IfVersion)
	case TimedPause:
		dst = appendTarget(dst, c.ID, c.IfVersion)
		return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(c.For)), uint64(c.Until))
	case Resume:
		return appendTarget(dst, c.ID, c.IfVersion)
	case Delete:
		return appendTarget(dst, c.ID, c.IfVersion)
	case RotateToken:
		dst = append(appendTarget(dst, c.ID, c.IfVersion), c.Token[:]...)
		return binary.AppendUvarint(dst, uint64(c.Overlap))
	case PutKey:
		dst = wire.AppendString(append(dst, c.ID[:]...), c.Name)
		return appendQuota(append(wire.AppendString(dst, c.Scope), c.Hash[:]...), c.MaxHeartbeats)
	case UpdateKey:
		return binary.AppendUvarint(append(dst, c.ID[:]...), uint64(c.MaxHeartbeats))
	case DeleteKey:
		return append(dst, c.ID[:]...)
	case SetSettings:
		if dst = appendSettings(dst, c.Settings); c.Kind() == KindSettings {
			return appendQuota(dst, c.Settings.MaxHeartbeats)
		}
		return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(c.Settings.MaxHeartbeats)), uint64(c.Settings.RemindEvery))
	case RecordGap:
		return wire.AppendInt(wire.AppendInt(dst, c.From), c.To)
	case PutNode:
		dst = wire.AppendString(append(dst, c.Node.ID[:]...), c.Node.Name)
		dst = wire.AppendString(wire.AppendString(dst, c.Node.HTTP), c.Node.Cluster)
		return wire.AppendString(dst, c.Node.Version)
	case RemoveNode:
		return append(dst, c.ID[:]...)
	case SetClusterID:
		return append(dst, c.ID[:]...)
	case Unknown:
		return dst
	case PutStatusPage, DeleteStatusPage, PutBadge, DeleteBadge:
		return appendPublishing(dst, c)
	case CreateChannel, UpdateChannel, DeleteChannel:
		return appendChannelCommand(dst, c)
	case AckIncident, SnoozeIncident, UnackIncident:
		return appendIncidentCommand(dst, c)
	case SetTemplates:
		return wire.AppendString(wire.AppendString(dst, c.Templates.Subject), c.Templates.Text)
	case CreateWindow, DeleteWindow, SetWindowTimes, SetHours:
		return appendWindowCommand(dst, c)
	case BeginSystem, EndSystem, TellOutage, SendCanary:
		return appendSystem(dst, c)
	}
	return appendLedger(dst, c)
}

// signalDropped marks, beside what a signal tells, that the length of a dropped body
// stands in the place of the body.
const signalDropped = 0x80

func appendSignal(dst []byte, c Signal) []byte {
	dst = wire.AppendAddr(binary.AppendUvarint(dst, c.Ordinal), c.From)
	tells := byte(c.Tells)
	if c.Dropped > 0 {
		tells |= signalDropped
	}
	dst = wire.AppendBool(wire.AppendInt(append(dst, tells), int64(c.Exit)), c.HasRun)
	if c.HasRun {
		dst = append(dst, c.Run[:]...)
	}
	dst = binary.AppendUvarint(dst, uint64(c.At))
	keyed := c.IdempotencyKey != [16]byte{}
	if dst = wire.AppendBool(dst, keyed); keyed {
		dst = append(dst, c.IdempotencyKey[:]...)
	}
	if c.Dropped > 0 {
		return binary.AppendUvarint(dst, uint64(c.Dropped))
	}
	return append(binary.AppendUvarint(dst, uint64(len(c.Body))), c.Body...)
}

// AppendHeld appends, for signal, the encoding of a Signal that was not held, that
// of the same held for ms. The Signal may be Authorized.
func AppendHeld(dst []byte, ms int64, signal []byte) []byte {
	if ms <= 0 {
		return append(dst, signal...)
	}
	if Kind(signal[0]) == KindAuthorized {
		dst, signal = append(dst, signal[:authorizedHead]...), signal[authorizedHead:]
	}
	kind, rest := KindHeldSignal, signal[1:]
	if Kind(signal[0]) == KindNumbersSignal {
		kind, rest = KindNumbersSignal, signal[2:] // it has a place for ms, with a 0
	}
	dst = binary.AppendUvarint(append(dst, byte(kind)), uint64(ms))
	return append(dst, rest...)
}

func appendLedger(dst []byte, c Command) []byte {
	switch c := c.(type) {
	case Claim:
		return appendAttempt(dst, c.Alert, c.Term, c.Attempt)
	case Fence:
		return appendAttempt(dst, c.Alert, c.Term, c.Attempt)
	case Settle:
		dst = append(appendAttempt(dst, c.Alert, c.Term, c.Attempt), byte(c.Outcome))
		dst = wire.AppendInt(wire.AppendBool(dst, c.Refused), c.RetryIn)
		if dst = wire.AppendString(wire.AppendBool(dst, c.Resend), c.Error); c.Ref != "" {
			dst = wire.AppendString(dst, c.Ref)
		}
		return dst
	case ResolveDoubt:
		return wire.AppendBool(appendAttempt(dst, c.Alert, c.Term, c.Attempt), c.Resend)
	case RetryAlert:
		return append(dst, c.Alert[:]...)
	case DeliverAlert:
		return append(dst, c.Alert[:]...)
	case HoldAlert:
		return append(dst, c.Alert[:]...)
	case CancelAlert:
		return append(dst, c.Alert[:]...)
	case FormDigest:
		dst = wire.AppendString(append(dst, c.ID[:]...), c.Recipient)
		dst = binary.AppendUvarint(dst, uint64(len(c.Members)))
		for _, m := range c.Members {
			dst = append(dst, m[:]...)
		}
		return dst
	}
	panic(fmt.Sprintf("fsm: no encoding of %T", c))
}

func appendTarget(dst []byte, id HeartbeatID, ifVersion uint64) []byte {
	return binary.AppendUvarint(append(dst, id[:]...), ifVersion)
}

func appendAttempt(dst []byte, id AlertID, term uint64, attempt uint32) []byte {
	dst = binary.AppendUvarint(append(dst, id[:]...), term)
	return binary.AppendUvarint(dst, uint64(attempt))
}

func appendSpec(dst []byte, s Spec) []byte {
	dst = wire.AppendString(wire.AppendString(dst, s.Name), s.Slug)
	dst = wire.AppendInt(wire.AppendInt(dst, s.Interval), s.Grace)
	dst = wire.AppendString(wire.AppendInt(dst, int64(s.Threshold)), string(s.Arm))
	return wire.AppendStrings(wire.AppendStrings(dst, s.Tags), s.Emails)
}

func appendSettings(dst []byte, s Settings) []byte {
	dst = wire.AppendStrings(wire.AppendInt(dst, int64(s.History)), s.MailTo)
	return wire.AppendInt(wire.AppendInt(wire.AppendInt(dst, int64(s.Burst)), s.GroupWait), s.FlapWindow)
}

// appendQuota ends a command with a quota that logs of before quotas do not have.
func appendQuota(dst []byte, n int) []byte {
	if n == 0 {
		return dst
	}
	return binary.AppendUvarint(dst, uint64(n))
}

// appendPatch writes each field behind a byte that says whether it is set.
func appendPatch(dst []byte, p Patch) []byte {
	dst = appendOptional(dst, p.Name, wire.AppendString)
	dst = appendOptional(dst, p.Slug, wire.AppendString)
	dst = appendOptional(dst, p.Interval, wire.AppendInt)
	dst = appendOptional(dst, p.Grace, wire.AppendInt)
	dst = appendOptional(dst, p.Threshold, func(dst []byte, v int) []byte { return wire.AppendInt(dst, int64(v)) })
	dst = appendOptional(dst, p.Arm, func(dst []byte, v Arm) []byte { return wire.AppendString(dst, string(v)) })
	dst = appendOptional(dst, p.Tags, wire.AppendStrings)
	return appendOptional(dst, p.Emails, wire.AppendStrings)
}

func appendOptional[T any](dst []byte, v *T, put func([]byte, T) []byte) []byte {
	if v == nil {
		return append(dst, 0)
	}
	return put(append(dst, 1), *v)
}

func appendCreate(dst []byte, c Create) []byte {
	dst = append(append(dst, c.ID[:]...), c.Token[:]...)
	return appendSpec(dst, c.Spec)
}

func appendPutHeartbeat(dst []byte, c PutHeartbeat) []byte {
	dst = appendCreate(dst, Create{ID: c.ID, Token: c.Token, Spec: c.Spec})
	dst = appendPatch(binary.AppendUvarint(dst, c.IfVersion), c.Patch)
	return appendEnding(dst, &c.Spec, &c.Patch)
}

const authorizedHead = 1 + len(KeyID{})
