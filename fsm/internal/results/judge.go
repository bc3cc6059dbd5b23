package results

import (
	"fmt"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/check"
)

// Run is a run that ended well, as far as the job tells.
type Run struct {
	Signal *fsm.Signal
	Took   int64 // ms; negative: not known
}

// Judge returns how a run breaks what its heartbeat expects, as a sentence without its
// subject; "" if it does not.
func (s *State) Judge(spec *fsm.Spec, run Run) string {
	if least := spec.MinRun * 1000; run.Took >= 0 && run.Took < least {
		return fmt.Sprintf("completed but took %s s; expected at least %d s (min_run_secs)", check.Format(seconds(run.Took)), spec.MinRun)
	}
	r := check.Run{Numbers: run.Signal.Numbers, Seconds: -1, Exit: run.Signal.Exit, Body: run.Signal.Body, BodyLost: run.Signal.Dropped > 0}
	if run.Took >= 0 {
		r.Seconds = seconds(run.Took)
	}
	return check.Broken(spec.Checks, &r, s.Past)
}

// Judged returns the state with a run that was judged, for later ones to be compared with.
func (s *State) Judged(spec *fsm.Spec, run Run, broke bool) *State {
	values := run.Signal.Numbers
	if run.Took >= 0 {
		values, _ = fsm.AddNumber(slices.Clone(values), fsm.Number{Name: check.Seconds, Value: seconds(run.Took)})
	}
	return s.WithRun(values, check.Compared(spec.Checks), broke)
}

func seconds(ms int64) float64 { return float64(ms) / 1000 }
