package uptime

import "github.com/quorumbeat/quorumbeat/fsm/wire"

// Log has the records of all heartbeats, and their pauses. Its zero value is empty.
type Log struct {
	days   texts // a Record of each, encoded
	pauses texts // their pauses that are over, encoded
}

// Snapshot returns the log as it is now.
func (l *Log) Snapshot() Log {
	return Log{days: l.days.snapshot(), pauses: l.pauses.snapshot()}
}

// Of returns the record of a heartbeat.
func (l *Log) Of(ord uint64) Record {
	r, err := decode([]byte(l.days.of(ord)))
	if err != nil {
		panic("a heartbeat's uptime cannot be read")
	}
	return r
}

// AddDown says that a heartbeat failed from one moment to another.
func (l *Log) AddDown(ord uint64, from, to int64) {
	r := l.Of(ord)
	r.add(from, to, func(d *Day) *int64 { return &d.Down })
	l.days.put(ord, r.encode())
}

// Pause says that a heartbeat is paused from now on.
func (l *Log) Pause(ord uint64, now int64) {
	r := l.Of(ord)
	r.PausedSince = max(0, now)
	l.days.put(ord, r.encode())
}

// Resume says that it is not any more.
func (l *Log) Resume(ord uint64, now int64) {
	r := l.Of(ord)
	if r.PausedSince == 0 {
		return
	}
	l.addPause(ord, r.PausedSince, now)
	r.add(r.PausedSince, now, func(d *Day) *int64 { return &d.Paused })
	r.PausedSince = 0
	l.days.put(ord, r.encode())
}

// Remove forgets a heartbeat.
func (l *Log) Remove(ord uint64) {
	l.days.put(ord, "")
	l.pauses.put(ord, "")
}

// Each passes the records, encoded, in the order of the ordinals.
func (l *Log) Each(f func(ord uint64, encoded string)) { l.days.each(f) }

// Restore gives a heartbeat a record that Each passed. The error is wire.ErrCorrupt.
func (l *Log) Restore(ord uint64, encoded []byte) error {
	if _, err := decode(encoded); err != nil || len(encoded) == 0 || l.days.of(ord) != "" {
		return wire.ErrCorrupt
	}
	l.days.put(ord, string(encoded))
	return nil
}
