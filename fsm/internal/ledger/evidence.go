package ledger

import (
	"encoding/binary"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Packed is an Evidence in the form that images have, which takes a fraction of
// the memory. Rows that tell of one event share it.
type Packed string

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
	b = append(wire.AppendBool(wire.AppendInt(b, e.Failures), e.Clean), byte(e.Rule))
	return Packed(wire.AppendInt(b, fsm.WallMillis(e.Resumed)))
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
	e.Failures, e.Clean, e.Rule, e.Resumed = r.Int(), r.Bool(), fsm.Rule(r.Byte()), fsm.WallTime(r.Int())
	return e
}
