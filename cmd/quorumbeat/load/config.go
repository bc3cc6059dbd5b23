package load

import (
	"errors"
	"fmt"
	"time"
)

// Bounds of a run.
const (
	MaxConnections = 100_000
	MaxRate        = 10_000_000
	MaxDuration    = 24 * time.Hour
	MaxTimeout     = time.Minute
)

// Config is what a run depends on.
type Config struct {
	URLs        []string      // http(s)://HOST[:PORT][/PATH] of nodes; connections are spread over them in turn
	Tokens      []string      // of the heartbeats to ping, at random
	Connections int           // 1 to MaxConnections
	Rate        float64       // pings a second on a schedule; 0: each connection as fast as it can
	Warmup      time.Duration // before anything is measured
	Duration    time.Duration // of what is measured, up to MaxDuration
	Timeout     time.Duration // for one ping, up to MaxTimeout
	BySecond    bool          // report every second, too
}

// DefaultConfig leaves URLs and Tokens to be set.
func DefaultConfig() Config {
	return Config{Connections: 64, Warmup: time.Second, Duration: 10 * time.Second, Timeout: 15 * time.Second}
}

// Validate tells the first thing that is wrong.
func (c Config) Validate() error {
	switch {
	case len(c.URLs) == 0:
		return errors.New("no address is given")
	case len(c.Tokens) == 0:
		return errors.New("no heartbeat is given")
	case c.Connections < 1 || c.Connections > MaxConnections:
		return fmt.Errorf("connections are %d: use 1 to %d", c.Connections, MaxConnections)
	case !(c.Rate >= 0 && c.Rate <= MaxRate): // NaN, too
		return fmt.Errorf("the rate is %v: use 0 (full speed) to %d pings a second", c.Rate, MaxRate)
	case c.Duration < time.Millisecond || c.Duration > MaxDuration:
		return fmt.Errorf("the duration is %s: use 1ms to %s", c.Duration, MaxDuration)
	case c.Warmup < 0 || c.Warmup > MaxDuration:
		return fmt.Errorf("the warm-up is %s: use 0s to %s", c.Warmup, MaxDuration)
	case c.Timeout < time.Millisecond || c.Timeout > MaxTimeout:
		return fmt.Errorf("the timeout is %s: use 1ms to %s", c.Timeout, MaxTimeout)
	}
	for _, u := range c.URLs {
		if _, err := parseTarget(u); err != nil {
			return err
		}
	}
	return nil
}
