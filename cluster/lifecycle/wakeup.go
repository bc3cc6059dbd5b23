package lifecycle

// Wakeup wakes one goroutine that waits for something to do. Receive from it to
// wait; calls of Wake while nobody waits count as one.
type Wakeup chan struct{}

// NewWakeup returns a Wakeup that was not used yet.
func NewWakeup() Wakeup { return make(Wakeup, 1) }

// Wake wakes whoever waits, or else the next one who would. It never blocks.
func (w Wakeup) Wake() {
	select {
	case w <- struct{}{}:
	default:
	}
}
