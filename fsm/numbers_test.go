package fsm

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// numbered are signals with numbers: a kind of their own, for plain ones stay as they were.
var numbered = []Command{
	Signal{Ordinal: 300, Exit: -1, Numbers: []Number{{Name: "bytes", Value: 1 << 40}, {Name: "ratio", Value: 0.25}}},
	Signal{Ordinal: 1, Tells: SignalFail, Exit: 3, Body: []byte("b"), Numbers: []Number{{Name: "a", Value: -1}}, Held: 5000},
	Signal{Ordinal: 1, Exit: -1, Dropped: 7, Numbers: []Number{{Name: "a", Value: 1e300}}},
	Authorized{Key: KeyID{5}, Command: Signal{Ordinal: 300, Exit: 0, Numbers: []Number{{Name: "bytes", Value: 0}}}},
}

func TestSignalsWithNumbersComeBackAsTheyWere(t *testing.T) {
	for _, c := range numbered {
		b := AppendCommand(nil, c)
		if got, err := DecodeCommand(b); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%#v\ncame back as %#v, %v", c, got, err)
		}
		for cut := range b {
			if _, err := DecodeCommand(b[:cut]); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%#v cut to %d of %d bytes: %v", c, cut, len(b), err)
			}
		}
		if _, err := DecodeCommand(append(bytes.Clone(b), 0)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%#v with a byte too many: %v", c, err)
		}
	}
}

func TestASignalWithNumbersSaysHowLongItWasHeld(t *testing.T) {
	for _, c := range []Command{numbered[0], numbered[3]} {
		b := AppendHeld([]byte("x"), 90_000, AppendCommand(nil, c))
		got, err := DecodeCommand(b[1:])
		if a, ok := got.(Authorized); ok {
			got = a.Command
		}
		if s, ok := got.(Signal); err != nil || !ok || s.Held != 90_000 || len(s.Numbers) == 0 {
			t.Errorf("%#v came back as %#v, %v", c, got, err)
		}
	}
}

func TestAResultTellsTheNewestNumbers(t *testing.T) {
	numbers := []Number{{Name: "a", Value: 0.5}, {Name: "b", Value: 7}}
	for _, told := range [][]Number{nil, numbers} {
		h := Heartbeat{ID: heartbeatID(1), Spec: aSpec(60, 5, 2), LastExit: NotKnown, LastRun: NotKnown, Numbers: told, PausedUntil: WallTime(1_777_777_777_777)}
		if got, err := DecodeHeartbeat(EncodeHeartbeat(h)); err != nil || !reflect.DeepEqual(got, h) {
			t.Errorf("beside when its pause ends: %+v, %v", got, err)
		}
	}
	for name, spec := range map[string]Spec{"without fields": aSpec(60, 5, 2), "with fields": everyField.with(aSpec(60, 5, 2))} {
		h := Heartbeat{ID: heartbeatID(1), Spec: spec, LastExit: NotKnown, LastRun: NotKnown, Numbers: numbers}
		b := EncodeHeartbeat(h)
		if got, err := DecodeHeartbeat(b); err != nil || !reflect.DeepEqual(got, h) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		b[len(b)-len("\x02\x01a\x01\x3f\xe0\x00\x00\x00\x00\x00\x00\x01b\x1c")-2] = 99
		if _, err := DecodeHeartbeat(b); !errors.Is(err, ErrVersion) {
			t.Errorf("%s, and something newer: %v", name, err)
		}
	}
}
