package selfwatch

import (
	"context"
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

// Limits of Canaries.Every.
const (
	MinCanary = 5 * time.Second
	MaxCanary = 31 * 24 * time.Hour
)

const maxCanaries = 20 // recipients

// Canaries are messages, one a period to each recipient, that prove that alerts arrive: whoever receives one
// is to ask the URL, which is that of a heartbeat. If they no longer arrive, that one fails.
type Canaries struct {
	To    []string // mail addresses, and IDs of channels; none: there are no canaries
	URL   string
	Every time.Duration
}

// Validate tells the first thing that is wrong, and what to do about it.
func (c Canaries) Validate() error {
	switch {
	case len(c.To) == 0 && c.URL == "":
		return nil
	case len(c.To) == 0 || c.URL == "":
		return fmt.Errorf("%w: --canary-to and --canary-url go together: set both or none", fsm.ErrConfig)
	case c.Every < MinCanary || c.Every > MaxCanary:
		return fmt.Errorf("%w: --canary-every is %v; it must be %v to %v", fsm.ErrConfig, c.Every, MinCanary, MaxCanary)
	case len(c.To) > maxCanaries:
		return fmt.Errorf("%w: --canary-to has %d entries; it may have %d", fsm.ErrConfig, len(c.To), maxCanaries)
	}
	for _, to := range c.To {
		if err := (fsm.SendCanary{To: to, Period: 1, URL: c.URL}).Validate(); err != nil {
			return fmt.Errorf("%w: --canary-to, --canary-url: %v", fsm.ErrConfig, err)
		}
	}
	return nil
}

// due returns the canaries that have not been sent in the period of now.
func (c Canaries) due(now time.Time, newest func(to string) int64) (cmds []fsm.Command) {
	period := now.Truncate(c.Every).UnixMilli()
	for _, to := range c.To {
		if newest(to) < period {
			cmds = append(cmds, fsm.SendCanary{To: to, Period: period, URL: c.URL})
		}
	}
	return cmds
}

// LeadCanaries proposes canaries until ctx ends. What a leader proposed that was lost, the next one does not propose
// again if it was committed.
func (w *Watch) LeadCanaries(ctx context.Context, term uint64) {
	if len(w.Canaries.To) == 0 {
		return
	}
	for {
		for _, cmd := range w.Canaries.due(w.Cluster.WallClock(), w.Store.Canary) {
			limited, cancel := context.WithTimeout(ctx, proposeLimit)
			_, err := w.Cluster.ProposeOnce(limited, term, cmd)
			cancel()
			w.tell(cmd, err)
		}
		select {
		case <-tick.Next(lookEvery):
		case <-ctx.Done():
			return
		}
	}
}
