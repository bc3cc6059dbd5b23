package fsm

import (
	"encoding/binary"
	"fmt"
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
	return binary.AppendUvarint(b, h.Version)
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
	if err := r.end(); err != nil {
		return Heartbeat{}, fmt.Errorf("heartbeat in a result: %w", err)
	}
	return h, nil
}
