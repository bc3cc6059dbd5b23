package fsm

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/check"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Result answers one command.
type Result struct {
	Code Code
	Data []byte // a heartbeat for the commands that answer with one, else nil
}

// EncodeHeartbeat writes the heartbeat that a command answers with.
func EncodeHeartbeat(h Heartbeat) []byte {
	b := append(append([]byte{}, h.ID[:]...), h.Token[:]...)
	b = appendSpec(binary.AppendUvarint(b, h.Ordinal), h.Spec)
	b = wire.AppendBool(wire.AppendString(b, string(h.Status)), h.Armed)
	b = wire.AppendInt(b, h.Misses)
	b = binary.AppendUvarint(binary.AppendUvarint(b, h.Missed), h.Pings)
	b = wire.AppendString(wire.AppendInt(b, WallMillis(h.LastPing)), h.LastFrom)
	b = wire.AppendInt(wire.AppendInt(b, WallMillis(h.NextDue)), WallMillis(h.CreatedAt))
	b = wire.AppendInt(wire.AppendInt(b, WallMillis(h.UpdatedAt)), WallMillis(h.LastAlert))
	b = binary.AppendUvarint(b, h.Version)
	ruled := h.Rule != RuleThreshold || len(h.Spec.Methods) > 0 || hasFields(&h.Spec) || len(h.Numbers) > 0 || !h.PausedUntil.IsZero() || h.Incident.Number > 0
	if h.LastExit == NotKnown && h.LastRun < 0 && h.Started.IsZero() && !ruled {
		return b // as it always was
	}
	b = wire.AppendInt(b, int64(h.LastExit))
	ran := int64(NotKnown)
	if h.LastRun >= 0 {
		ran = h.LastRun.Milliseconds()
	}
	b = wire.AppendInt(wire.AppendInt(b, ran), WallMillis(h.Started))
	if !ruled {
		return b
	}
	b = wire.AppendInt(append(b, byte(h.Rule)), WallMillis(h.Resumed))
	b = appendEnding(b, &h.Spec, nil)
	return appendTold(b, &h)
}

// What few heartbeats have to tell comes last in a result: behind a mark that no ending of
// fields begins with, each with a tag and its length. Tags rise, and are never used again.
const (
	toldMark        = 0x80
	toldPausedUntil = 4
	toldNumbers     = 11
	toldIncident    = 21
)

// appendTold appends what a heartbeat has of that.
func appendTold(b []byte, h *Heartbeat) []byte {
	if h.PausedUntil.IsZero() && len(h.Numbers) == 0 && h.Incident.Number == 0 {
		return b
	}
	b = append(b, toldMark)
	if !h.PausedUntil.IsZero() {
		b = wire.AppendBytes(append(b, toldPausedUntil), wire.AppendInt(nil, WallMillis(h.PausedUntil)))
	}
	if len(h.Numbers) > 0 {
		b = wire.AppendBytes(append(b, toldNumbers), check.AppendNumbers(nil, h.Numbers))
	}
	if h.Incident.Number > 0 {
		b = wire.AppendBytes(append(b, toldIncident), appendOpenIncident(nil, &h.Incident))
	}
	return b
}

// told reads what comes behind toldMark.
func (r *reader) told(h *Heartbeat) {
	for last := byte(0); r.Len() > 0; {
		tag := r.Byte()
		value := wire.NewReader(r.Take(r.Uint()))
		switch {
		case tag <= last:
			r.Fail()
		case tag == toldPausedUntil:
			h.PausedUntil = WallTime(value.Int())
		case tag == toldNumbers:
			h.Numbers = check.ReadNumbers(&value)
		case tag == toldIncident:
			h.Incident = readOpenIncident(&value)
		default:
			r.newer = fmt.Sprintf("a heartbeat in a result tells %d, which this version does not know", tag)
			return
		}
		if last = tag; value.End() != nil {
			r.Fail()
		}
	}
}

// hasMark reports whether toldMark comes next, and takes it.
func (r *reader) hasMark() bool {
	if r.Len() == 0 || r.Rest()[0] != toldMark {
		return false
	}
	r.Byte()
	return true
}

// DecodeHeartbeat reads the Data of a Result that answers with a heartbeat.
func DecodeHeartbeat(data []byte) (Heartbeat, error) {
	r := &reader{Reader: wire.NewReader(data)}
	var h Heartbeat
	r.Fill(h.ID[:])
	r.Fill(h.Token[:])
	h.Ordinal, h.Spec = r.Uint(), r.spec()
	h.Status, h.Armed = Status(r.String()), r.Bool()
	h.Misses, h.Missed, h.Pings = r.Int(), r.Uint(), r.Uint()
	h.LastPing, h.LastFrom = WallTime(r.Int()), r.String()
	h.NextDue, h.CreatedAt = WallTime(r.Int()), WallTime(r.Int())
	h.UpdatedAt, h.LastAlert = WallTime(r.Int()), WallTime(r.Int())
	h.Version = r.Uint()
	h.LastExit, h.LastRun = NotKnown, NotKnown
	if r.Len() > 0 {
		h.LastExit = r.Int32()
		if ran := r.Int(); ran >= 0 {
			h.LastRun = time.Duration(ran) * time.Millisecond
		}
		h.Started = WallTime(r.Int())
	}
	if r.Len() > 0 {
		h.Rule, h.Resumed = Rule(r.Byte()), WallTime(r.Int())
		marked := r.hasMark()
		if !marked {
			r.ending(&h.Spec, nil)
			marked = r.hasMark()
		}
		if marked {
			r.told(&h)
		}
	}
	if r.newer != "" {
		return Heartbeat{}, fmt.Errorf("%s: %w", r.newer, ErrVersion)
	}
	if err := r.End(); err != nil {
		return Heartbeat{}, fmt.Errorf("heartbeat in a result: %w", err)
	}
	return h, nil
}

func appendOpenIncident(dst []byte, in *OpenIncident) []byte {
	dst = wire.AppendInt(binary.AppendUvarint(dst, uint64(in.Number)), WallMillis(in.Since))
	dst = wire.AppendString(wire.AppendString(dst, in.Reason), in.AckedBy)
	dst = wire.AppendInt(wire.AppendInt(dst, WallMillis(in.AckedAt)), WallMillis(in.Snoozed))
	return wire.AppendInt(dst, WallMillis(in.RemindAt))
}

func readOpenIncident(r *wire.Reader) OpenIncident {
	return OpenIncident{
		Number: r.Uint32(), Since: WallTime(r.Int()), Reason: r.String(), AckedBy: r.String(),
		AckedAt: WallTime(r.Int()), Snoozed: WallTime(r.Int()), RemindAt: WallTime(r.Int()),
	}
}
