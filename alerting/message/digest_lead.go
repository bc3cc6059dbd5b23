package message

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// news is a kind of news that a digest counts, in the order in which it tells them.
type news int

const (
	newsFailed news = iota
	newsHung
	newsStopped
	newsFailedLater // after a silence that was told
	newsUnheard
	newsRecovered
	newsStillDown
	newsOfSystem
	kindsOfNews
)

var newsWords = [kindsOfNews]struct{ one, many string }{
	newsFailed:      {"reported a failure", "reported a failure"},
	newsHung:        {"did not finish a run", "did not finish a run"},
	newsStopped:     {"stopped pinging", "stopped pinging"},
	newsFailedLater: {"failed after a silence that you were told of", "failed after a silence that you were told of"},
	newsUnheard: {
		"was due while no ping could be taken; please check whether the job ran",
		"were due while no ping could be taken; please check whether the jobs ran",
	},
	newsRecovered: {"pings again", "ping again"},
	newsStillDown: {"is still down", "are still down"},
	newsOfSystem:  {"tells of the monitor itself", "tell of the monitor itself"},
}

func newsOf(a fsm.Alert) news {
	e := a.Evidence
	switch {
	case a.OfSystem():
		return newsOfSystem
	case a.Kind == fsm.AlertRecovered:
		return newsRecovered
	case a.Kind == fsm.AlertUnheard:
		return newsUnheard
	case subjectTag(a) == "STILL DOWN":
		return newsStillDown
	case subjectTag(a) == "FAILED":
		return newsFailedLater
	case e.Failed:
		return newsFailed
	case !e.Started.IsZero():
		return newsHung
	}
	return newsStopped
}

// leadOfDigest counts the news of the members by kind, and joins the tags of these.
func leadOfDigest(members []fsm.Alert) (tags string, lead []string) {
	var counts [kindsOfNews]int64
	var of [kindsOfNews]string
	for _, m := range members {
		counts[newsOf(m)]++
		of[newsOf(m)] = subjectTag(m)
	}
	var list []string
	for i, n := range counts {
		if n == 0 {
			continue
		}
		words := newsWords[i].many
		if n == 1 {
			words = newsWords[i].one
		}
		one, many := "heartbeat", "heartbeats"
		if news(i) == newsOfSystem {
			one, many = "message", "messages"
		}
		lead = append(lead, fmt.Sprintf("%s %s.", plural(n, one, many), words))
		if len(list) == 0 || list[len(list)-1] != of[i] {
			list = append(list, of[i])
		}
	}
	return strings.Join(list, "/"), lead
}
