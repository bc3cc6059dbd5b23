package fsm

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

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
	ruled := h.Rule != RuleThreshold || len(h.Spec.Methods) > 0 || hasFields(&h.Spec)
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
	return appendEnding(b, &h.Spec, nil)
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
		r.ending(&h.Spec, nil)
	}
	if r.newer != "" {
		return Heartbeat{}, fmt.Errorf("%s: %w", r.newer, ErrVersion)
	}
	if err := r.End(); err != nil {
		return Heartbeat{}, fmt.Errorf("heartbeat in a result: %w", err)
	}
	return h, nil
}
