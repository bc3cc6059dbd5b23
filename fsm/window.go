package fsm

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Limits of maintenance windows.
const (
	MaxWindows      = 100
	MaxWindowSecs   = 31 * 86400 // of one that comes by a schedule
	MaxWindowLength = MaxPause   // of one that comes once, ms

	windowPrefix = "mw_"
)

// WindowID names a maintenance window: "mw_" and 24 hex digits. It is made at random by the
// accepting node.
type WindowID [12]byte

func (id WindowID) String() string { return windowPrefix + hex.EncodeToString(id[:]) }

// ParseWindowID reads the form that String writes.
func ParseWindowID(s string) (WindowID, error) {
	b, err := parsePrefixed(s, windowPrefix)
	return WindowID(b), err
}

// WindowSpec says when a maintenance window is on, and for which heartbeats: once, or each time
// that a schedule says.
type WindowSpec struct {
	Name     string
	Tags     []string // of the heartbeats that it is for: they have one of these
	From, To int64    // wall, Unix ms; 0 with a schedule; From 0 in a command: now
	Schedule []string // it begins then
	TZ       string   // of the schedule; "": UTC
	For      int64    // seconds; 0 without a schedule
}

// Once reports whether a window comes once.
func (s WindowSpec) Once() bool { return len(s.Schedule) == 0 }

// Validate checks every field against its limits.
func (s WindowSpec) Validate() error {
	if err := cmp.Or(validateText("name", s.Name, MaxNameLen), validateTags(s.Tags)); err != nil {
		return err
	}
	switch {
	case len(s.Tags) == 0:
		return invalidf("tags is empty; a window is for the heartbeats that have one of its tags")
	case !s.Once() && (s.From != 0 || s.To != 0):
		return invalidf("from and to are given, and there is a schedule; give one of the two")
	case !s.Once():
		return cmp.Or(validateRange("for_secs", s.For, 1, MaxWindowSecs), validateSchedule(s.Schedule, s.TZ))
	case s.For != 0 || s.TZ != "":
		return invalidf("for_secs and tz are of a schedule, and there is none; give from and to alone")
	case s.From < 0 || s.To <= s.From:
		return invalidf("to must be after from")
	case s.From > 0 && s.To-s.From > MaxWindowLength:
		return invalidf("from and to are further apart than 366 days")
	}
	return nil
}

// Window is a maintenance window, as a copy: while it is on, nobody is told that its heartbeats fail.
type Window struct {
	ID        WindowID
	Spec      WindowSpec
	CreatedAt time.Time
	On        bool      // now
	Begins    time.Time // the one that is on, or else the next; zero: there is none, or it is not known yet
	Ends      time.Time
}

// WantedWindow is a window that wants more times.
type WantedWindow struct {
	ID       WindowID
	Schedule []string
	TZ       string
	Since    int64 // the times after this are wanted, wall, Unix ms
	Last     int64 // the last one that is known; 0: none is
	Rules    uint32
}

// CreateWindow adds a maintenance window; Timetable are the first times of its schedule. One that is
// full lets go of windows that are over. Result: CodeOK, CodeExists, CodeInvalid (also if it is over
// already) or CodeQuota.
type CreateWindow struct {
	ID        WindowID
	Spec      WindowSpec
	Timetable Timetable
}

// DeleteWindow removes a maintenance window; what it kept back is told at once. Result: CodeOK or
// CodeNotFound.
type DeleteWindow struct{ ID WindowID }

// SetWindowTimes gives windows their next times. It comes from the leader. Result: CodeOK.
type SetWindowTimes struct{ List []WindowTimes }

// WindowTimes are the times of a window after Since; those up to it stay.
type WindowTimes struct {
	ID    WindowID
	Since int64 // wall, Unix ms
	Timetable
}

// MaxSpans is how many times a channel's hours come that a command brings.
const MaxSpans = 16

// SetHours tells when the hours of channels are, next. It comes from the leader, and from the node that made or
// changed a channel: a leader with other rules of time zones does it again. A channel whose hours
// are others by now is left out. Result: CodeOK.
type SetHours struct{ List []HoursTimes }

// HoursTimes are the next times of a channel's hours.
type HoursTimes struct {
	Channel ChannelID
	Hours   string // of which they are
	Rules   uint32 // of time zones, by which they were computed
	Spans   []weekly.Span
}

// WantedHours are hours of a channel that want more times.
type WantedHours struct {
	Channel ChannelID
	Hours   string
	Rules   uint32
	Last    int64 // wall, Unix ms: the end of the last one that is known; 0: none is
}

func (SetHours) Kind() Kind { return KindSetHours }

func (CreateWindow) Kind() Kind   { return KindCreateWindow }
func (DeleteWindow) Kind() Kind   { return KindDeleteWindow }
func (SetWindowTimes) Kind() Kind { return KindSetWindowTimes }

func appendWindowCommand(dst []byte, c Command) []byte {
	switch c := c.(type) {
	case CreateWindow:
		return appendTimetable(AppendWindowSpec(append(dst, c.ID[:]...), c.Spec), c.Timetable)
	case DeleteWindow:
		return append(dst, c.ID[:]...)
	case SetWindowTimes:
		dst = binary.AppendUvarint(dst, uint64(len(c.List)))
		for _, x := range c.List {
			dst = appendTimetable(binary.AppendUvarint(append(dst, x.ID[:]...), uint64(x.Since)), x.Timetable)
		}
	case SetHours:
		dst = binary.AppendUvarint(dst, uint64(len(c.List)))
		for _, x := range c.List {
			dst = binary.AppendUvarint(wire.AppendString(append(dst, x.Channel[:]...), x.Hours), uint64(x.Rules))
			dst = AppendSpans(dst, x.Spans)
		}
	}
	return dst
}

func (r *reader) windowCommand(kind Kind) Command {
	var id WindowID
	switch kind {
	case KindCreateWindow:
		r.Fill(id[:])
		return CreateWindow{ID: id, Spec: ReadWindowSpec(&r.Reader), Timetable: r.timetable()}
	case KindDeleteWindow:
		r.Fill(id[:])
		return DeleteWindow{ID: id}
	case KindSetHours:
		return r.setHours()
	}
	var c SetWindowTimes
	for n := r.CountOf(len(id)+3, MaxWindows); n > 0 && r.OK(); n-- {
		r.Fill(id[:])
		c.List = append(c.List, WindowTimes{ID: id, Since: r.Millis(), Timetable: r.timetable()})
	}
	return c
}

func (r *reader) setHours() (c SetHours) {
	for n := r.CountOf(len(ChannelID{})+3, MaxChannels); n > 0 && r.OK(); n-- {
		var x HoursTimes
		r.Fill(x.Channel[:])
		x.Hours, x.Rules, x.Spans = r.String(), r.Uint32(), ReadSpans(&r.Reader)
		c.List = append(c.List, x)
	}
	return c
}

// AppendSpans appends spans, the ends of each, which rise.
func AppendSpans(dst []byte, list []weekly.Span) []byte {
	var ends []int64
	for _, x := range list {
		ends = append(ends, x.From, x.To)
	}
	return wire.AppendRising(dst, ends)
}

// ReadSpans reads what AppendSpans wrote.
func ReadSpans(r *wire.Reader) (list []weekly.Span) {
	ends := r.Rising(2 * MaxSpans)
	if len(ends)%2 != 0 {
		r.Fail()
		return nil
	}
	for i := 0; i < len(ends); i += 2 {
		list = append(list, weekly.Span{From: ends[i], To: ends[i+1]})
	}
	return list
}

// AppendWindowSpec appends a spec as commands and images hold it.
func AppendWindowSpec(dst []byte, s WindowSpec) []byte {
	dst = wire.AppendStrings(wire.AppendString(dst, s.Name), s.Tags)
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(s.From)), uint64(s.To))
	dst = wire.AppendString(wire.AppendStrings(dst, s.Schedule), s.TZ)
	return binary.AppendUvarint(dst, uint64(s.For))
}

// ReadWindowSpec reads what AppendWindowSpec wrote.
func ReadWindowSpec(r *wire.Reader) WindowSpec {
	return WindowSpec{
		Name: r.String(), Tags: r.Strings(), From: r.Millis(), To: r.Millis(),
		Schedule: r.Strings(), TZ: r.String(), For: r.Millis(),
	}
}

// Clone returns a spec that shares no lists, in the canonical form.
func (s WindowSpec) Clone() WindowSpec {
	s.Tags, s.Schedule = Canonical(s.Tags), slices.Clone(s.Schedule)
	return s
}
