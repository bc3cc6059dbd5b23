package ledger

import (
	"encoding/binary"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/story"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Packed is an Evidence in the form that images have, which takes a fraction of
// the memory. Rows that tell of one event share it.
type Packed string

// hasMore is set in the byte of the rule if what only few have follows at the end: a
// length, and fields behind their tags, which rise and are never used again.
const (
	hasMore       = 0x80
	evidenceBroke = 1
	evidenceSched = 2
	evidenceTimes = 21
	evidenceActs  = 22
	evidenceSelf  = 26
)

func appendMore(b []byte, e *fsm.Evidence) []byte {
	if e.Broke != "" {
		b = wire.AppendString(append(b, evidenceBroke), e.Broke)
	}
	if e.Schedule != "" {
		b = wire.AppendString(append(b, evidenceSched), e.Schedule)
	}
	if e.Reminder > 0 {
		b = wire.AppendInt(append(b, evidenceTimes), e.Reminder)
	}
	if len(e.Acts) > 0 {
		b = binary.AppendUvarint(append(b, evidenceActs), uint64(len(e.Acts)))
		for _, act := range e.Acts {
			b = story.Append(b, act)
		}
	}
	if s := e.System; s.Kind != 0 {
		b = wire.AppendString(wire.AppendString(append(b, evidenceSelf, byte(s.Kind)), s.Node), s.Detail)
	}
	return b
}

// readMore reads what appendMore wrote, and reports whether it could be.
func readMore(b []byte, e *fsm.Evidence) bool {
	r := wire.NewReader(b)
	for last := byte(0); r.Len() > 0; {
		tag := r.Byte()
		switch {
		case tag == evidenceBroke && tag > last:
			e.Broke = r.String()
		case tag == evidenceSched && tag > last:
			e.Schedule = r.String()
		case tag == evidenceTimes && tag > last:
			e.Reminder = r.Int()
		case tag == evidenceActs && tag > last:
			for n := r.Count(); n > 0 && r.OK(); n-- {
				e.Acts = append(e.Acts, story.Read(&r))
			}
		case tag == evidenceSelf && tag > last:
			e.System = fsm.SystemFacts{Kind: fsm.SystemKind(r.Byte()), Node: r.String(), Detail: r.String()}
		default:
			return false
		}
		last = tag
	}
	return r.OK() && len(b) > 0
}

// noEvidence is the evidence of a digest: its members have their own.
var noEvidence = Pack(fsm.Evidence{})

func Pack(e fsm.Evidence) Packed {
	b := make([]byte, 0, 256)
	b = wire.AppendInt(wire.AppendString(b, e.Name), fsm.WallMillis(e.LastPing))
	b = wire.AppendInt(wire.AppendInt(wire.AppendString(b, e.LastFrom), e.Interval), e.Grace)
	b = wire.AppendInt(binary.AppendUvarint(b, uint64(e.Threshold)), e.Misses)
	b = wire.AppendInt(binary.AppendUvarint(b, e.Pings), fsm.WallMillis(e.Due))
	b = binary.AppendUvarint(wire.AppendInt(b, e.Silent.Milliseconds()), uint64(len(e.Gaps)))
	for _, g := range e.Gaps {
		b = wire.AppendInt(wire.AppendInt(b, fsm.WallMillis(g.From)), fsm.WallMillis(g.To))
	}
	b = binary.AppendUvarint(wire.AppendBool(b, e.Failed), uint64(e.Exit))
	b = wire.AppendString(wire.AppendInt(b, fsm.WallMillis(e.Started)), e.Output)
	b = wire.AppendInt(wire.AppendInt(b, e.Flaps), e.Within.Milliseconds())
	b = wire.AppendInt(wire.AppendInt(b, fsm.WallMillis(e.Since)), e.Down.Milliseconds())
	more := appendMore(nil, &e)
	rule := byte(e.Rule)
	if len(more) > 0 {
		rule |= hasMore
	}
	b = append(wire.AppendBool(wire.AppendInt(b, e.Failures), e.Clean), rule)
	b = wire.AppendInt(b, fsm.WallMillis(e.Resumed))
	if len(more) > 0 {
		b = wire.AppendBytes(b, more)
	}
	return Packed(b)
}

// withoutOutput returns the evidence without what the run printed.
func (packed Packed) withoutOutput() Packed {
	e := packed.Unpack()
	if e.Output == "" {
		return packed
	}
	e.Output = ""
	return Pack(e)
}

// withFlaps returns the evidence with the flapping of another one.
func (packed Packed) withFlaps(of fsm.Evidence) Packed {
	e := packed.Unpack()
	e.Flaps, e.Within = of.Flaps, of.Within
	return Pack(e)
}

// insteadOf returns the evidence for a row that was to tell another one: it stands for the same
// flapping, and is the same reminder.
func (packed Packed) insteadOf(other Packed) Packed {
	e, of := packed.Unpack(), other.Unpack()
	e.Flaps, e.Within, e.Reminder = of.Flaps, of.Within, of.Reminder
	return Pack(e)
}

func (packed Packed) Unpack() (e fsm.Evidence) {
	r := wire.NewReader([]byte(packed))
	e = fsm.Evidence{
		Name: r.String(), LastPing: fsm.WallTime(r.Int()), LastFrom: r.String(), Interval: r.Int(), Grace: r.Int(),
		Threshold: int(r.Uint()), Misses: r.Int(), Pings: r.Uint(), Due: fsm.WallTime(r.Int()),
		Silent: time.Duration(r.Int()) * time.Millisecond,
	}
	for n := r.Uint(); n > 0; n-- {
		e.Gaps = append(e.Gaps, fsm.Gap{From: fsm.WallTime(r.Int()), To: fsm.WallTime(r.Int())})
	}
	e.Failed, e.Exit, e.Started, e.Output = r.Bool(), int(r.Uint()), fsm.WallTime(r.Int()), r.String()
	e.Flaps, e.Within = r.Int(), time.Duration(r.Int())*time.Millisecond
	e.Since, e.Down = fsm.WallTime(r.Int()), time.Duration(r.Int())*time.Millisecond
	e.Failures, e.Clean = r.Int(), r.Bool()
	rule := r.Byte()
	e.Rule, e.Resumed = fsm.Rule(rule&^hasMore), fsm.WallTime(r.Int())
	if rule&hasMore != 0 {
		readMore(r.Take(r.Uint()), &e)
	}
	return e
}
