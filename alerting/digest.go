package alerting

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// composeDigest writes the letter of several heartbeats, each with its newest state.
func composeDigest(members []fsm.Alert) letter {
	members = newestOfEach(members)
	counts, failed := map[fsm.AlertKind]int{}, 0
	var l letter
	for i, m := range members {
		counts[m.Kind]++
		if m.Kind == fsm.AlertDown && m.Evidence.Failed {
			failed++
		}
		if i < maxLines {
			l.Lines = append(l.Lines, line{tag(m.Kind), m.Evidence.Name, digestText(m)})
		}
	}
	l.More = len(members) - len(l.Lines)
	var tags, lead []string
	for _, k := range []fsm.AlertKind{fsm.AlertDown, fsm.AlertUnheard, fsm.AlertRecovered} {
		if n := counts[k]; n > 0 {
			tags = append(tags, tag(k))
			if k == fsm.AlertDown && failed > 0 {
				lead = append(lead, plural(int64(failed), "heartbeat", "heartbeats")+" reported a failure.")
				if n -= failed; n == 0 {
					continue
				}
			}
			lead = append(lead, digestLead(k, int64(n)))
		}
	}
	l.Subject = fmt.Sprintf("[%s] %s", strings.Join(tags, "/"), digestNames(members))
	l.Lead = lead
	return l
}

// newestOfEach leaves one alert of each heartbeat, the newest: a digest counts
// heartbeats, not how often they failed.
func newestOfEach(members []fsm.Alert) (newest []fsm.Alert) {
	at := map[fsm.HeartbeatID]int{}
	for _, m := range members {
		i, known := at[m.Heartbeat]
		switch {
		case !known:
			at[m.Heartbeat] = len(newest)
			newest = append(newest, m)
		case m.Incident > newest[i].Incident || m.Incident == newest[i].Incident && m.Kind > newest[i].Kind:
			newest[i] = m
		}
	}
	return newest
}

func digestLead(k fsm.AlertKind, n int64) string {
	subject := plural(n, "heartbeat", "heartbeats")
	switch {
	case k == fsm.AlertRecovered && n == 1:
		return subject + " pings again."
	case k == fsm.AlertRecovered:
		return subject + " ping again."
	case k == fsm.AlertUnheard && n == 1:
		return subject + " was due while no ping could be taken; please check whether the job ran."
	case k == fsm.AlertUnheard:
		return subject + " were due while no ping could be taken; please check whether the jobs ran."
	}
	return subject + " stopped pinging."
}

func digestText(a fsm.Alert) string {
	if a.Evidence.Flaps > 0 {
		return digestState(a) + "; " + failedAgain(a.Evidence)
	}
	return digestState(a)
}

func digestState(a fsm.Alert) string {
	e := a.Evidence
	switch {
	case a.Kind == fsm.AlertRecovered && a.Answers == "" && e.Flaps > 0:
		return "pings again"
	case a.Kind == fsm.AlertRecovered && e.Failed:
		return "a good run again, after " + duration(e.Silent)
	case a.Kind == fsm.AlertRecovered:
		return "was silent for " + duration(e.Silent)
	case e.Failed:
		return fmt.Sprintf("reported a failure at %s%s", moment(e.LastPing), exitStatus(e))
	case !e.Started.IsZero():
		return fmt.Sprintf("a run that began at %s did not finish", moment(e.Started))
	}
	last := "never pinged"
	if !e.LastPing.IsZero() {
		last = "last ping " + moment(e.LastPing)
	}
	return fmt.Sprintf("%s; was due %s", last, moment(e.Due))
}

// digestNames names the first few members, within the length of a subject.
func digestNames(members []fsm.Alert) string {
	var names []string
	length := 0
	for _, m := range members {
		if length += len(m.Evidence.Name) + 2; length > 80 && len(names) > 0 {
			break
		}
		names = append(names, m.Evidence.Name)
	}
	if len(members) == 1 {
		return names[0]
	}
	out := fmt.Sprintf("%d heartbeats: %s", len(members), strings.Join(names, ", "))
	if len(names) < len(members) {
		out += ", …"
	}
	return out
}
