package load

import (
	"context"
	"math"
	"runtime"
	"time"
)

// schedule is when pings are to be sent: evenly, whatever becomes of them.
type schedule struct {
	begin time.Time
	gap   float64 // nanoseconds between two
	n     int64   // how many there are
}

func newSchedule(begin, until time.Time, rate float64) schedule {
	gap := float64(time.Second) / rate
	return schedule{begin: begin, gap: gap, n: int64(math.Ceil(float64(until.Sub(begin)) / gap))}
}

// intendedTime is the intended time of the k-th ping, from 0.
func (s schedule) intendedTime(k int64) time.Time {
	return s.begin.Add(time.Duration(float64(k) * s.gap))
}

// nap is the shortest sleep of a pacer: it bounds how often it wakes up, and how
// much later than intended a ping is sent when there is nothing else to wait for.
const nap = 50 * time.Microsecond

// sendWhenDue hands out the pings of a schedule as they fall due, until all are out or ctx
// ends. Somebody who cannot keep up takes them later, with their intended times;
// those that are older than patience when their turn comes go to missed instead.
func (s schedule) sendWhenDue(ctx context.Context, patience time.Duration, due chan<- int64, missed func(int64)) {
	for k := int64(0); k < s.n; k++ {
		wait := time.Until(s.intendedTime(k))
		for wait > 0 {
			if ctx.Err() != nil {
				return
			}
			runtime.Gosched() // those who got their ping should send it first
			sleep(min(max(wait, nap), 10*time.Millisecond))
			wait = time.Until(s.intendedTime(k))
		}
		if -wait > patience {
			missed(k)
			continue
		}
		select {
		case due <- k:
		case <-ctx.Done():
			return
		}
	}
}
