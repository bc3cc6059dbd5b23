package alerting

import (
	"fmt"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// composeDown tells that something fails: of a silence, of a failure that the job
// reported, or of a run that did not finish.
func composeDown(a fsm.Alert) letter {
	e := a.Evidence
	l := letter{Subject: subject(a), Facts: facts(a), Output: printable(e.Output)}
	switch {
	case e.Failed:
		l.Lead = []string{
			fmt.Sprintf("%s reported a failure at %s%s.", e.Name, moment(e.LastPing), exitStatus(e)),
			"The job itself said so.",
		}
	case !e.Started.IsZero():
		l.Lead = []string{
			fmt.Sprintf("%s began a run at %s that did not finish.", e.Name, moment(e.Started)),
			fmt.Sprintf("Its end was expected by %s, within its %s.", moment(e.Due), runLimit(e)),
		}
	default:
		l.Lead = composeSilence(e)
	}
	switch {
	case e.Since.IsZero():
	case tag(a) == "FAILED":
		l.Lead = append(l.Lead, fmt.Sprintf("You were told that it is silent: it has been down since %s.", moment(e.Since)))
	default:
		l.Lead = append(l.Lead, fmt.Sprintf("It has been down since %s: it was silent before.", moment(e.Since)))
	}
	l.Notes = []string{note(e)}
	return l
}

func composeSilence(e fsm.Evidence) []string {
	first := fmt.Sprintf("%s has not been heard from since %s.", e.Name, moment(e.LastPing))
	if e.LastPing.IsZero() {
		first = fmt.Sprintf("%s has never been heard from.", e.Name)
	}
	return []string{
		first,
		fmt.Sprintf("A ping was expected every %s; the one due at %s did not come within its grace of %s. That makes %s in a row.",
			seconds(e.Interval), moment(e.Due), seconds(e.Grace), plural(e.Misses, "miss", "misses")),
	}
}

// note says what else there will be to read about an incident.
func note(e fsm.Evidence) string {
	if e.Failed || !e.Started.IsZero() {
		return "You will get one more mail when it reports a good run, and none before that."
	}
	return "You will get one more mail when it pings again. If it reports a failure before that, you will get one of that, too."
}

func exitStatus(e fsm.Evidence) string {
	if e.Exit == 0 {
		return ""
	}
	return fmt.Sprintf(" (exit status %d)", e.Exit)
}

// runLimit is how long a run may take.
func runLimit(e fsm.Evidence) string {
	if e.Grace == 0 {
		return "interval of " + seconds(e.Interval)
	}
	return "grace of " + seconds(e.Grace)
}
