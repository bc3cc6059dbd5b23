package suggest

import (
	"slices"
	"time"
)

// quantile is the value that so much of sorted values does not exceed.
func quantile(sorted []time.Duration, share float64) time.Duration {
	i := int(float64(len(sorted))*share+0.999999) - 1
	return sorted[max(0, min(i, len(sorted)-1))]
}

// graceFor is 99.5 of 100 lateness, a quarter more and at least a minute, or a tenth of a
// period that is shorter than ten minutes.
func graceFor(late []time.Duration, period time.Duration) time.Duration {
	slices.Sort(late)
	worst := quantile(late, 0.995)
	return roundUp(worst + max(worst/4, min(time.Minute, period/10)))
}

// runLimits are half as much again as 99.5 of 100 runs took, and half of what the quickest took; none
// if the length of fewer than MinRuns is known.
func runLimits(runs []run) (most, least time.Duration) {
	var took []time.Duration
	for _, r := range runs {
		if r.took >= 0 {
			took = append(took, r.took)
		}
	}
	if len(took) < MinRuns {
		return 0, 0
	}
	slices.Sort(took)
	longest := quantile(took, 0.995)
	most = roundUp(longest + max(longest/2, time.Minute))
	if least = (quantile(took, 0.005) / 2).Truncate(time.Second); least < 5*time.Second {
		least = 0
	}
	return most, least
}

// roundUp rounds to what a person would write.
func roundUp(d time.Duration) time.Duration {
	step := 15 * time.Minute
	switch {
	case d <= time.Minute:
		step = 5 * time.Second
	case d <= 10*time.Minute:
		step = time.Minute
	case d <= time.Hour:
		step = 5 * time.Minute
	}
	return max(step, (d + step - 1).Truncate(step))
}

// roundInterval takes the length that a person would have meant, if one is within 2 %.
func roundInterval(d time.Duration) time.Duration {
	for _, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, 12 * time.Hour, time.Hour, 30 * time.Minute, 5 * time.Minute, time.Minute, 10 * time.Second, time.Second} {
		if r := d.Round(unit); r > 0 && (r-d).Abs() <= d/50 {
			return r
		}
	}
	return max(time.Second, d.Round(time.Second))
}
