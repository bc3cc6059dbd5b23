package incident

import (
	"bytes"
	"cmp"
	"encoding/binary"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/story"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// End says how an incident ended. Never renumber.
type End uint8

const (
	GoesOn    End = 0
	Recovered End = 1
	Paused    End = 2
	Deleted   End = 3
	Unheard   End = 4 // it was none: pings were due only while none could be taken
)

var endNames = [...]string{GoesOn: "", Recovered: fsm.EndedRecovered, Paused: fsm.EndedPaused, Deleted: fsm.EndedDeleted, Unheard: ""}

func (e End) String() string { return endNames[e] }

// Record is one incident. A record is never written to once it is in a log.
type Record struct {
	fsm.IncidentRef
	Ordinal uint64
	Due     int64 // serving: when it began; orders the log
	Since   int64 // wall
	Until   int64 // wall: when it ended
	End     End
	Reason  string
	Name    string // of the heartbeat, when it began

	// When it is over:
	Silent, Misses, Failures int64
	GoodRun                  int64 // wall: the first good run since it was paused; 0: none, or it is told

	// While it goes on:
	AckedBy string
	AckedAt int64 // wall; 0: nobody sees to it
	Snooze  int64 // serving: silent until then; 0: it is not snoozed
	Snoozed int64 // wall: the same, about
	Tell    int64 // serving: when it is told again; 0: never
	Told    int64 // reminders so far

	Story story.Packed
}

// IsQuiet reports whether nothing but its recovery is told of an incident.
func (x *Record) IsQuiet() bool { return x.AckedAt != 0 || x.Snooze != 0 }

// Key orders incidents by when they began.
type Key struct {
	due int64
	ref fsm.IncidentRef
}

func (x *Record) key() Key { return Key{x.Due, x.IncidentRef} }

func (a Key) Compare(b Key) int {
	if c := cmp.Compare(a.due, b.due); c != 0 {
		return c
	}
	if c := bytes.Compare(a.ref.Heartbeat[:], b.ref.Heartbeat[:]); c != 0 {
		return c
	}
	return cmp.Compare(a.ref.Number, b.ref.Number)
}

// recordCost is about what a record takes besides its texts, in bytes.
const recordCost = 400

func (x *Record) size() int {
	return recordCost + len(x.Name) + len(x.AckedBy) + len(x.Story)
}

func (x *Record) append(b []byte) []byte {
	b = binary.AppendUvarint(append(b, x.Heartbeat[:]...), uint64(x.Number))
	b = wire.AppendInt(binary.AppendUvarint(b, x.Ordinal), x.Due)
	b = append(wire.AppendInt(wire.AppendInt(b, x.Since), x.Until), byte(x.End))
	b = wire.AppendString(wire.AppendString(b, x.Reason), x.Name)
	for _, n := range [...]int64{x.Silent, x.Misses, x.Failures, x.GoodRun} {
		b = wire.AppendInt(b, n)
	}
	b = wire.AppendString(b, x.AckedBy)
	for _, n := range [...]int64{x.AckedAt, x.Snooze, x.Snoozed, x.Tell, x.Told} {
		b = wire.AppendInt(b, n)
	}
	return wire.AppendString(b, string(x.Story))
}

func read(r *wire.Reader) *Record {
	x := &Record{}
	r.Fill(x.Heartbeat[:])
	x.Number, x.Ordinal, x.Due = r.Uint32(), r.Uint(), r.Int()
	x.Since, x.Until, x.End = r.Int(), r.Int(), End(r.Byte())
	x.Reason, x.Name = r.String(), r.String()
	x.Silent, x.Misses, x.Failures, x.GoodRun = r.Int(), r.Int(), r.Int(), r.Int()
	x.AckedBy = r.String()
	x.AckedAt, x.Snooze, x.Snoozed, x.Tell, x.Told = r.Int(), r.Int(), r.Int(), r.Int(), r.Int()
	x.Story = story.Packed(r.String())
	return x
}

// isPlausible reports whether this program could have written a record.
func (x *Record) isPlausible() bool {
	goesOn := x.End == GoesOn
	return x.Number > 0 && x.Number < fsm.MaxNumber && x.Told >= 0 && x.Told < fsm.MaxNumber &&
		x.Ordinal > 0 && x.End <= Unheard && x.Snooze >= 0 && x.Tell >= 0 && x.Story.IsValid() &&
		(goesOn || x.AckedAt == 0 && x.Snooze == 0 && x.Tell == 0)
}
