package smtp

import "time"

// Limits is how long each answer may take.
type Limits struct {
	Greeting, Command, Data, Block, Dot time.Duration
}

// DefaultLimits are those of RFC 5321, section 4.5.3.2. Servers that delay answers to
// annoy senders of spam use them.
func DefaultLimits() Limits {
	return Limits{
		Greeting: 5 * time.Minute,
		Command:  5 * time.Minute,
		Data:     2 * time.Minute,
		Block:    3 * time.Minute,
		Dot:      10 * time.Minute,
	}
}

// Within cuts all limits to one.
func (l Limits) Within(d time.Duration) Limits {
	return Limits{min(l.Greeting, d), min(l.Command, d), min(l.Data, d), min(l.Block, d), min(l.Dot, d)}
}
