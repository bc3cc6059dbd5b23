package uptime

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// pageSize is how many heartbeats share a page.
const pageSize = 64

// Log has the records of all heartbeats. Its zero value is empty.
type Log struct {
	pages []*page // by ordinal; nil for those without a record
	epoch uint64  // counts snapshots
}

// page has records encoded; "" for none. A page of an earlier epoch is a snapshot's, too.
type page struct {
	epoch   uint64
	records [pageSize]string
}

// Snapshot returns the log as it is now.
func (l *Log) Snapshot() Log {
	l.epoch++
	return Log{pages: slices.Clone(l.pages)}
}

// Of returns the record of a heartbeat.
func (l *Log) Of(ord uint64) Record {
	r, err := decode([]byte(l.encoded(ord)))
	if err != nil {
		panic("a heartbeat's uptime cannot be read")
	}
	return r
}

func (l *Log) encoded(ord uint64) string {
	i := (ord - 1) / pageSize
	if ord == 0 || i >= uint64(len(l.pages)) || l.pages[i] == nil {
		return ""
	}
	return l.pages[i].records[(ord-1)%pageSize]
}

// put gives a heartbeat another record; "" is none.
func (l *Log) put(ord uint64, encoded string) {
	if l.encoded(ord) == encoded {
		return
	}
	i := (ord - 1) / pageSize
	for uint64(len(l.pages)) <= i {
		l.pages = append(l.pages, nil)
	}
	switch p := l.pages[i]; {
	case p == nil:
		l.pages[i] = &page{epoch: l.epoch}
	case p.epoch != l.epoch:
		c := *p
		c.epoch = l.epoch
		l.pages[i] = &c
	}
	l.pages[i].records[(ord-1)%pageSize] = encoded
	if l.pages[i].records == ([pageSize]string{}) {
		l.pages[i] = nil
	}
}

// AddDown says that a heartbeat failed from one moment to another.
func (l *Log) AddDown(ord uint64, from, to int64) {
	r := l.Of(ord)
	r.add(from, to, func(d *Day) *int64 { return &d.Down })
	l.put(ord, r.encode())
}

// Pause says that a heartbeat is paused from now on.
func (l *Log) Pause(ord uint64, now int64) {
	r := l.Of(ord)
	r.PausedSince = max(0, now)
	l.put(ord, r.encode())
}

// Resume says that it is not any more.
func (l *Log) Resume(ord uint64, now int64) {
	r := l.Of(ord)
	if r.PausedSince == 0 {
		return
	}
	r.add(r.PausedSince, now, func(d *Day) *int64 { return &d.Paused })
	r.PausedSince = 0
	l.put(ord, r.encode())
}

// Remove forgets a heartbeat.
func (l *Log) Remove(ord uint64) { l.put(ord, "") }

// Each passes the records, encoded, in the order of the ordinals.
func (l *Log) Each(f func(ord uint64, encoded string)) {
	for i, p := range l.pages {
		if p == nil {
			continue
		}
		for slot, encoded := range p.records {
			if encoded != "" {
				f(uint64(i)*pageSize+uint64(slot)+1, encoded)
			}
		}
	}
}

// Restore gives a heartbeat a record that Each passed. The error is wire.ErrCorrupt.
func (l *Log) Restore(ord uint64, encoded []byte) error {
	if _, err := decode(encoded); err != nil || len(encoded) == 0 || l.encoded(ord) != "" {
		return wire.ErrCorrupt
	}
	l.put(ord, string(encoded))
	return nil
}
