package uptime

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// MaxPauses is how many pauses of a heartbeat are known that are over, the newest.
const MaxPauses = 16

// Pause is a time in which a heartbeat was paused.
type Pause struct{ From, To int64 }

// Pauses returns the newest pauses of a heartbeat, oldest first. One that goes on ends now.
func (l *Log) Pauses(ord uint64, now int64) []Pause {
	list, err := decodePauses([]byte(l.pauses.of(ord)))
	if err != nil {
		panic("a heartbeat's pauses cannot be read")
	}
	if since := l.Of(ord).PausedSince; since > 0 {
		list = append(list, Pause{since, max(since, now)})
	}
	return list
}

// addPause adds one that is over. One that begins no later than the one before has ended is a part
// of it: the wall clock may have been set back.
func (l *Log) addPause(ord uint64, from, to int64) {
	list, _ := decodePauses([]byte(l.pauses.of(ord)))
	n := len(list)
	switch {
	case to <= from:
		return
	case n > 0 && from <= list[n-1].To:
		list[n-1].To = max(to, list[n-1].To)
	default:
		list = append(list, Pause{from, to})
	}
	list = slices.Delete(list, 0, max(0, len(list)-MaxPauses))
	l.pauses.put(ord, string(encodePauses(list)))
}

// EachPaused passes the pauses that are over, encoded, in the order of the ordinals.
func (l *Log) EachPaused(f func(ord uint64, encoded string)) { l.pauses.each(f) }

// RestorePauses gives a heartbeat what EachPaused passed. The error is wire.ErrCorrupt.
func (l *Log) RestorePauses(ord uint64, encoded []byte) error {
	list, err := decodePauses(encoded)
	if err != nil || len(list) == 0 || l.pauses.of(ord) != "" || string(encodePauses(list)) != string(encoded) {
		return wire.ErrCorrupt
	}
	l.pauses.put(ord, string(encoded))
	return nil
}

func encodePauses(list []Pause) []byte {
	var ends []int64
	for _, p := range list {
		ends = append(ends, p.From, p.To)
	}
	return wire.AppendRising(nil, ends)
}

// decodePauses reads what encodePauses wrote; nothing is none.
func decodePauses(b []byte) (list []Pause, err error) {
	if len(b) == 0 {
		return nil, nil
	}
	in := wire.NewReader(b)
	ends := in.Rising(2 * MaxPauses)
	if len(ends)%2 != 0 {
		in.Fail()
	}
	if err := in.End(); err != nil {
		return nil, err
	}
	for i := 0; i < len(ends); i += 2 {
		list = append(list, Pause{ends[i], ends[i+1]})
	}
	return list, nil
}
