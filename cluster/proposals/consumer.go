package proposals

import "github.com/quorumbeat/quorumbeat/cluster/lifecycle"

// Consumer may take commands from a table, if it is the one that the table was given
// last. Its wakeup tells it that there is something to take.
type Consumer struct {
	lifecycle.Wakeup
	Here   func() // called in the place of waking it, by whoever adds a command; nil: it is woken
	wakeAt int    // how many commands wake it; the table's lock guards it
}

// tell tells the consumer, if it is one, of a command that somebody adds. The table is not locked.
func (c *Consumer) tell() {
	switch {
	case c == nil:
	case c.Here != nil:
		c.Here()
	default:
		c.Wake()
	}
}

// NewConsumer returns a consumer that is woken for every command.
func NewConsumer() *Consumer { return &Consumer{Wakeup: lifecycle.NewWakeup(), wakeAt: 1} }

// SetConsumer lets c take commands from now on, nobody if c is nil. Everything that
// waits is queued again, oldest first, because nobody knows what the last consumer
// did with it.
func (t *Table) SetConsumer(c *Consumer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.consumer == c {
		return
	}
	t.consumer = c
	t.queue = t.queue[:0]
	for i, p := range t.slots {
		if p != nil {
			p.queued = true
			t.queue = append(t.queue, t.base+uint64(i))
		}
	}
	if c != nil {
		c.Wake()
	}
}
