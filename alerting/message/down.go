package message

import (
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// composeDown tells that something fails: of a silence, of a failure that the job
// reported, or of a run that did not finish.
func composeDown(a fsm.Alert) content {
	e := a.Evidence
	c := content{Subject: subjectOf(a), Facts: factsOf(a), Output: cleanOutput(e.Output)}
	switch {
	case e.Broke != "":
		c.Lead = []string{
			fmt.Sprintf("%s %s.", e.Name, e.Broke),
			fmt.Sprintf("It ended at %s and took itself for a good run, but it breaks what its heartbeat expects.", formatTime(e.LastPing)),
		}
	case e.Failed:
		c.Lead = []string{
			fmt.Sprintf("%s reported a failure at %s%s.", e.Name, formatTime(e.LastPing), exitStatus(e)),
			"The job itself said so.",
		}
	case !e.Started.IsZero():
		c.Lead = []string{
			fmt.Sprintf("%s began a run at %s that did not finish.", e.Name, formatTime(e.Started)),
			fmt.Sprintf("Its end was expected by %s, %s.", formatTime(e.Due), runLimit(e)),
		}
	default:
		c.Lead = composeSilence(e)
	}
	switch {
	case e.Since.IsZero():
	case subjectTag(a) == "FAILED":
		c.Lead = append(c.Lead, fmt.Sprintf("You were told that it is silent: it has been down since %s.", formatTime(e.Since)))
	default:
		c.Lead = append(c.Lead, fmt.Sprintf("It has been down since %s: it was silent before.", formatTime(e.Since)))
	}
	c.Notes = []string{nextMail(e)}
	return c
}

func composeSilence(e fsm.Evidence) []string {
	first := fmt.Sprintf("%s has not been heard from since %s.", e.Name, formatTime(e.LastPing))
	if e.LastPing.IsZero() {
		first = fmt.Sprintf("%s has never been heard from.", e.Name)
	}
	if e.Schedule != "" {
		return []string{
			first,
			fmt.Sprintf("A ping was expected by its schedule (%s); the one due at %s did not come within its grace of %s. That makes %s in a row.",
				e.Schedule, formatTime(e.Due), formatSeconds(e.Grace), plural(e.Misses, "miss", "misses")),
		}
	}
	return []string{
		first,
		fmt.Sprintf("A ping was expected every %s; the one due at %s did not come within its grace of %s. That makes %s in a row.",
			formatSeconds(e.Interval), formatTime(e.Due), formatSeconds(e.Grace), plural(e.Misses, "miss", "misses")),
	}
}

// nextMail says which mails will follow about an incident.
func nextMail(e fsm.Evidence) string {
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

// runLimit says where the time for a run's end came from. A limit of its own, and time in which the
// monitor took no pings, are told by what they come to.
func runLimit(e fsm.Evidence) string {
	switch allowed := int64(e.Due.Sub(e.Started).Round(time.Second) / time.Second); {
	case e.Grace > 0 && allowed == e.Grace:
		return "within its grace of " + formatSeconds(e.Grace)
	case e.Grace == 0 && allowed == e.Interval:
		return "within its interval of " + formatSeconds(e.Interval)
	default:
		return formatSeconds(allowed) + " after it began"
	}
}
