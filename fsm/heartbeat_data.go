package fsm

import (
	"encoding/binary"
	"fmt"
	"time"
)

// encodeHeartbeat writes the heartbeat that a command answers with.
func encodeHeartbeat(h Heartbeat) []byte {
	b := append(append([]byte{}, h.ID[:]...), h.Token[:]...)
	b = appendSpec(binary.AppendUvarint(b, h.Ordinal), h.Spec)
	b = appendBool(appendString(b, string(h.Status)), h.Armed)
	b = appendInt(b, h.Misses)
	b = binary.AppendUvarint(binary.AppendUvarint(b, h.Missed), h.Pings)
	b = appendString(appendInt(b, wallMillis(h.LastPing)), h.LastFrom)
	b = appendInt(appendInt(b, wallMillis(h.NextDue)), wallMillis(h.CreatedAt))
	b = appendInt(appendInt(b, wallMillis(h.UpdatedAt)), wallMillis(h.LastAlert))
	b = binary.AppendUvarint(b, h.Version)
	ruled := h.Rule != RuleThreshold || len(h.Spec.Methods) > 0
	if h.LastExit == none && h.LastRun < 0 && h.Started.IsZero() && !ruled {
		return b // as it always was
	}
	b = appendInt(b, int64(h.LastExit))
	ran := int64(none)
	if h.LastRun >= 0 {
		ran = h.LastRun.Milliseconds()
	}
	b = appendInt(appendInt(b, ran), wallMillis(h.Started))
	if !ruled {
		return b
	}
	b = appendInt(append(b, byte(h.Rule)), wallMillis(h.Resumed))
	return appendMethods(b, h.Spec.Methods, nil)
}

// DecodeHeartbeat reads the Data of a Result that answers with a heartbeat.
func DecodeHeartbeat(data []byte) (Heartbeat, error) {
	r := &reader{b: data}
	var h Heartbeat
	r.fill(h.ID[:])
	r.fill(h.Token[:])
	h.Ordinal, h.Spec = r.uint(), r.spec()
	h.Status, h.Armed = Status(r.str()), r.bool()
	h.Misses, h.Missed, h.Pings = r.int(), r.uint(), r.uint()
	h.LastPing, h.LastFrom = wallTime(r.int()), r.str()
	h.NextDue, h.CreatedAt = wallTime(r.int()), wallTime(r.int())
	h.UpdatedAt, h.LastAlert = wallTime(r.int()), wallTime(r.int())
	h.Version = r.uint()
	h.LastExit, h.LastRun = none, none
	if len(r.b) > 0 {
		h.LastExit = r.small()
		if ran := r.int(); ran >= 0 {
			h.LastRun = time.Duration(ran) * time.Millisecond
		}
		h.Started = wallTime(r.int())
	}
	if len(r.b) > 0 {
		h.Rule, h.Resumed = Rule(r.byte()), wallTime(r.int())
		h.Spec.Methods, _ = r.methods(methodsSpec)
	}
	if err := r.end(); err != nil {
		return Heartbeat{}, fmt.Errorf("heartbeat in a result: %w", err)
	}
	return h, nil
}
