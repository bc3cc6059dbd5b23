package e2e

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// verb is what a client of the linearizability check does.
type verb int

const (
	doPing verb = iota
	doPause
	doResume
	doRead
)

// told is what the client was told. Nothing is known of an operation whose answer
// was lost: it may take effect at any time from then on, or never.
type told struct {
	unknown bool
	pings   int  // by a read
	paused  bool // by a read or a ping
}

// counter is all that the check knows of a heartbeat.
type counter struct {
	pings  int
	paused bool
}

// model is one heartbeat, as it would be without any concurrency.
var model = porcupine.Model{
	Init: func() any { return counter{} },
	Step: func(state, input, output any) (bool, any) {
		s, out := state.(counter), output.(told)
		switch input.(verb) {
		case doPing:
			return out.unknown || out.paused == s.paused, counter{s.pings + 1, s.paused}
		case doPause:
			return true, counter{s.pings, true}
		case doResume:
			return true, counter{s.pings, false}
		}
		return out.pings == s.pings && out.paused == s.paused, s
	},
	DescribeOperation: func(input, output any) string {
		return fmt.Sprintf("%s %+v", [...]string{"ping", "pause", "resume", "read"}[input.(verb)], output)
	},
}

// never is the end of an operation whose answer was lost.
const never = math.MaxInt64

func TestTheModelTellsHistoriesApart(t *testing.T) {
	op := func(v verb, from, to int64, out told) porcupine.Operation {
		return porcupine.Operation{Input: v, Call: from, Return: to, Output: out}
	}
	lost := told{unknown: true}
	tests := map[string]struct {
		ops []porcupine.Operation
		ok  bool
	}{
		"one after the other": {[]porcupine.Operation{
			op(doPing, 1, 2, told{}), op(doRead, 3, 4, told{pings: 1}), op(doPing, 5, 6, told{}), op(doRead, 7, 8, told{pings: 2}),
		}, true},
		"a read beside a ping may or may not see it": {[]porcupine.Operation{
			op(doPing, 1, 9, told{}), op(doRead, 2, 3, told{}), op(doRead, 4, 5, told{pings: 1}),
		}, true},
		"a lost answer, and no ping": {[]porcupine.Operation{op(doPing, 1, never, lost), op(doRead, 3, 4, told{})}, true},
		"a lost answer, and a ping later": {[]porcupine.Operation{
			op(doPing, 1, never, lost), op(doRead, 3, 4, told{}), op(doRead, 5, 6, told{pings: 1}),
		}, true},
		"a paused one answers so": {[]porcupine.Operation{
			op(doPause, 1, 2, told{}), op(doPing, 3, 4, told{paused: true}), op(doRead, 5, 6, told{pings: 1, paused: true}),
		}, true},
		"an acknowledged ping is lost": {[]porcupine.Operation{op(doPing, 1, 2, told{}), op(doRead, 3, 4, told{})}, false},
		"a ping counts twice":          {[]porcupine.Operation{op(doPing, 1, 2, told{}), op(doRead, 3, 4, told{pings: 2})}, false},
		"a retried ping counts twice": {[]porcupine.Operation{
			op(doPing, 1, never, lost), op(doRead, 3, 4, told{pings: 2}),
		}, false},
		"reads go backwards": {[]porcupine.Operation{
			op(doPing, 1, 9, told{}), op(doRead, 2, 3, told{pings: 1}), op(doRead, 4, 5, told{}),
		}, false},
		"a pause is lost":               {[]porcupine.Operation{op(doPause, 1, 2, told{}), op(doPing, 3, 4, told{})}, false},
		"a lost resume undoes itself":   {[]porcupine.Operation{op(doPause, 1, 2, told{}), op(doResume, 3, never, lost), op(doPing, 5, 6, told{}), op(doPing, 7, 8, told{paused: true})}, false},
		"a ping takes effect too early": {[]porcupine.Operation{op(doRead, 1, 2, told{pings: 1}), op(doPing, 3, 4, told{})}, false},
	}
	for name, tt := range tests {
		got := porcupine.CheckOperationsTimeout(model, tt.ops, 10*time.Second)
		if want := map[bool]porcupine.CheckResult{true: porcupine.Ok, false: porcupine.Illegal}[tt.ok]; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
