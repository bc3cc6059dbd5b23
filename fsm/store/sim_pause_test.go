package store

import "github.com/quorumbeat/quorumbeat/fsm"

// drawPause is somebody who pauses a heartbeat, until he resumes it, for a time, or until one, which
// may be past.
func (w *world) drawPause(id fsm.HeartbeatID, n *simNode, how uint32) fsm.Command {
	switch how % 4 {
	case 0:
		return fsm.Pause{ID: id}
	case 1:
		return fsm.TimedPause{ID: id, Until: w.wall(n) + int64(how/4%15_000) - 1000}
	}
	return fsm.TimedPause{ID: id, For: 1000 + int64(how/4%9000)}
}

// readClock is what a leader proposes when its wall clock has moved against the serving clock.
func (l *simLeader) readClock() {
	if off := l.n.store.ClockOff(); off > 1500 || off < -1500 {
		l.open = append(l.open, simItem{cmd: fsm.ReadClock{}, done: func(fsm.Code) {}})
	}
}

// simReading is what the wall clock showed at a serving time.
type simReading struct{ serving, wall int64 }

// clockOff is by how much the wall clock differs from what the newest reading says.
func (m *model) clockOff() int64 {
	if len(m.readings) == 0 {
		return 0
	}
	r := m.readings[len(m.readings)-1]
	return m.wall - (r.wall + m.serving - r.serving)
}

func (m *model) readClock() error {
	if err := m.judgeAll(); err != nil {
		return err
	}
	if off := m.clockOff(); off > 1000 || off < -1000 || len(m.readings) == 0 {
		m.readings = append(m.readings, simReading{m.serving, m.wall})
	}
	return nil
}

// pauseEnds is when a pause ends that is to end at a wall time: when the newest reading says that it
// comes; but a reading that jumped ahead ends nothing before it has stood for as long as it jumped,
// or for ten minutes.
func (m *model) pauseEnds(until int64) int64 {
	newest := m.readings[len(m.readings)-1]
	at := newest.serving + until - newest.wall
	for i := 1; i < len(m.readings); i++ {
		r, before := m.readings[i], m.readings[i-1]
		if jump := r.wall - before.wall - (r.serving - before.serving); jump > 0 {
			at = max(at, r.serving+min(jump, 600_000))
		}
	}
	return at
}

// endPause ends a pause that ends by itself by a serving time, as of the moment in which it does.
func (m *model) endPause(b *beat, by int64) {
	if !b.paused || b.until == 0 {
		return
	}
	at := m.pauseEnds(b.until)
	if at > by {
		return
	}
	m.ended++
	newest := m.readings[len(m.readings)-1]
	serving, wall, stamped := m.serving, m.wall, m.stamped
	m.serving, m.wall, m.stamped = at, newest.wall+at-newest.serving, stamped-(serving-at)
	m.resume(b)
	m.serving, m.wall, m.stamped = serving, wall, stamped
}

// pauseForATime pauses a heartbeat, or changes the end of its pause.
func (m *model) pauseForATime(b *beat, c fsm.TimedPause) fsm.Code {
	now := max(m.wall, m.wall-m.clockOff())
	until := c.Until
	if c.For > 0 {
		until = now + c.For
	}
	if until <= now {
		return fsm.CodeInvalid
	}
	if len(m.readings) == 0 {
		m.readings = []simReading{{m.serving, m.wall}}
	}
	m.pause(b)
	b.until = until
	return fsm.CodeOK
}
