package fsm

import (
	"net/netip"

	"github.com/quorumbeat/quorumbeat/fsm/check"
)

// SignalKind is what a ping tells.
type SignalKind uint8

const (
	SignalSuccess SignalKind = 0 // also exit status 0
	SignalStart   SignalKind = 1
	SignalFail    SignalKind = 2 // alerts at once, whatever the threshold
	SignalLog     SignalKind = 3 // a note that changes nothing
)

var signalNames = [...]string{
	SignalSuccess: "success", SignalStart: "start", SignalFail: "fail", SignalLog: "log",
}

func (k SignalKind) String() string { return nameAt(signalNames[:], int(k)) }

// EndsRun reports whether a run is over with it.
func (k SignalKind) EndsRun() bool { return k == SignalSuccess || k == SignalFail }

// Signal is a ping that carries more than "a good run just ended". A plain ping
// stays Ping (a few bytes). Result: CodeOK, CodePaused or CodeNotFound; its
// Data is BodyDropped if the body was left out.
type Signal struct {
	Ordinal        uint64
	From           netip.Addr
	Tells          SignalKind
	Exit           int // exit status 0-255; -1: none given
	HasRun         bool
	Run            [16]byte // run ID (rid), if HasRun
	At             int64    // original wall time in Unix ms of a ping delivered late; 0: now
	IdempotencyKey [16]byte // first half of the SHA-256 of the Idempotency-Key; zero: none
	Body           []byte   // at most MaxBody bytes, already cut on a UTF-8 boundary
	Dropped        int      // bytes of the body that a node left out, all of it; 0: none. Then Body is empty
	Held           int64    // ms that a node held it before it sent it on; 0: not worth telling
	Numbers        []Number // by their names, at most MaxNumbers
}

// Number is a figure that a job tells of its run, like bytes or rows.
type Number = check.Number

// MaxNumbers is how many may come with a ping.
const MaxNumbers = check.MaxNumbers

// ParseNumber reads a number as a client sends it.
func ParseNumber(name, value string) (Number, error) { return check.ParseNumber(name, value) }

// MindCheck says of a check whose number has a name that people give to something else what that is called; "": of others.
func MindCheck(text string) string { return check.Mind(text) }

// FormatNumber writes a value for people: without an exponent where that is readable.
func FormatNumber(v float64) string { return check.Format(v) }

// AddNumber adds a number to a list that is in the order of the names. Of two with one name
// the later one counts. It reports whether there was room.
func AddNumber(list []Number, n Number) ([]Number, bool) { return check.Add(list, n) }

// The Data of a signal's result says what was not kept of it.
var (
	BodyDropped    = []byte{1}
	NumbersDropped = []byte{2} // some: the heartbeat has used too many names
	BothDropped    = []byte{3}
)

// WithoutBody is the signal as it is recorded when there is no room for its body.
func (c Signal) WithoutBody() Signal {
	if len(c.Body) > 0 {
		c.Body, c.Dropped = nil, len(c.Body)
	}
	return c
}

// Result tells who sent the signal whether its body was kept, and all of its numbers.
func (c Signal) Result(code Code, numbersDropped bool) Result {
	res := Result{Code: code}
	switch {
	case code == CodeNotFound:
	case c.Dropped > 0 && numbersDropped:
		res.Data = BothDropped
	case c.Dropped > 0:
		res.Data = BodyDropped
	case numbersDropped:
		res.Data = NumbersDropped
	}
	return res
}

func (c Signal) Kind() Kind {
	switch {
	case len(c.Numbers) > 0:
		return KindNumbersSignal
	case c.Held > 0:
		return KindHeldSignal
	}
	return KindSignal
}
