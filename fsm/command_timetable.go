package fsm

import (
	"encoding/binary"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Limits of timetables.
const (
	MaxTimes      = 16   // of one heartbeat that a command brings
	MaxTimetables = 1000 // of one command
)

// Timetable are the next times at which a heartbeat with a schedule is expected.
type Timetable struct {
	Rules uint32  // tells the rules of time zones by which they were computed
	Times []int64 // wall, Unix ms, rising, at most MaxTimes
}

// RulesOf tells rules of time zones from others by a number, which is not 0.
func RulesOf(version string) uint32 {
	h := uint32(2166136261) // FNV-1a
	for i := range len(version) {
		h = (h ^ uint32(version[i])) * 16777619
	}
	return max(1, h)
}

// WithTimetable is a Create, Ensure, PutHeartbeat or Update that gives a heartbeat a
// schedule, with the first timetable, as the node computed it that accepted the command.
// Result: that of the Command.
type WithTimetable struct {
	Timetable Timetable
	Command   Command // of these four alone
}

// SetTimetables gives heartbeats their next times. It comes from the leader. A heartbeat that is
// gone, or was changed since, is left out. Result: CodeOK.
type SetTimetables struct{ List []NextTimes }

// NextTimes are the times of a heartbeat after Since; those up to it stay.
type NextTimes struct {
	Ordinal uint64
	Version uint64 // of the heartbeat whose schedule was read
	Since   int64  // wall, Unix ms
	Timetable
}

// ReadClock compares the wall clock of its batch with the serving clock: the times of
// timetables hang on that. Result: CodeOK.
type ReadClock struct{}

func (WithTimetable) Kind() Kind { return KindWithTimetable }
func (SetTimetables) Kind() Kind { return KindSetTimetables }
func (ReadClock) Kind() Kind     { return KindReadClock }

func appendTimetable(dst []byte, t Timetable) []byte {
	return wire.AppendRising(binary.AppendUvarint(dst, uint64(t.Rules)), t.Times)
}

func (r *reader) timetable() Timetable {
	return Timetable{Rules: r.Uint32(), Times: r.Rising(MaxTimes)}
}

func appendTimetables(dst []byte, c SetTimetables) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(c.List)))
	for _, x := range c.List {
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, x.Ordinal), x.Version)
		dst = appendTimetable(binary.AppendUvarint(dst, uint64(x.Since)), x.Timetable)
	}
	return dst
}

func (r *reader) timetables() (c SetTimetables) {
	for n := r.CountOf(5, MaxTimetables); n > 0 && r.OK(); n-- {
		c.List = append(c.List, NextTimes{Ordinal: r.Uint(), Version: r.Uint(), Since: r.Millis(), Timetable: r.timetable()})
	}
	return c
}

func (r *reader) withTimetable() Command {
	c := WithTimetable{Timetable: r.timetable()}
	switch kind := Kind(r.Byte()); kind {
	case KindCreate, KindEnsure, KindPutHeartbeat, KindUpdate:
		c.Command = r.command(kind)
		return c
	}
	r.Fail()
	return nil
}
