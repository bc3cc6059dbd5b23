package alerting

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNextTick(t *testing.T) {
	for name, c := range map[string]struct {
		clock tickerView
		want  time.Duration
	}{
		"nothing is due":                        {tickerView{serving: 5000, horizon: 4000}, tickEvery},
		"a deadline is far off":                 {tickerView{serving: 5000, horizon: 4000, due: 60_000, running: true}, tickEvery},
		"a deadline comes before the next tick": {tickerView{serving: 5000, horizon: 4000, due: 5300, running: true}, 300 * time.Millisecond},
		"a deadline has passed":                 {tickerView{serving: 5000, horizon: 4000, due: 4900, running: true}, tickSoon},
		"a deadline passes now":                 {tickerView{serving: 5000, horizon: 4000, due: 5000, running: true}, tickSoon},
		"the dispatcher waits for a time":       {tickerView{serving: 5000, horizon: 4000, awaited: 5400}, 400 * time.Millisecond},
		"the time that it waited for has come":  {tickerView{serving: 5000, horizon: 4000, awaited: 5000}, tickEvery},
		"judging goes on":                       {tickerView{serving: 5000, horizon: 4999, due: 100, running: true}, tickSoon},
	} {
		if got := nextTick(c.clock); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestBackoffGrowsAndIsBounded(t *testing.T) {
	for n := uint32(1); n < 100; n++ {
		d := backoff(n)
		if d < firstRetry*3/4 || d > lastRetry*5/4 {
			t.Errorf("attempt %d: %v", n, d)
		}
	}
	if backoff(1) > 2*firstRetry || backoff(20) < lastRetry/2 {
		t.Error("it does not grow")
	}
}
