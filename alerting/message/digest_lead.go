package message

import (
	"fmt"
	"slices"
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

// count says of how many there is this news.
func (n news) count(of int64) string {
	words, one, many := newsWords[n].many, "heartbeat", "heartbeats"
	if of == 1 {
		words = newsWords[n].one
	}
	if n == newsOfSystem {
		one, many = "message", "messages"
	}
	return fmt.Sprintf("%s %s.", plural(of, one, many), words)
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

// leadOfDigest counts the news of the members by kind, but for what a group told, and joins the tags of all.
func leadOfDigest(members []fsm.Alert, groups []listed) (tags string, lead []string) {
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
		if !slices.ContainsFunc(groups, func(g listed) bool { return g.tells(n, news(i)) }) {
			lead = append(lead, news(i).count(n))
		}
		if len(list) == 0 || list[len(list)-1] != of[i] {
			list = append(list, of[i])
		}
	}
	return strings.Join(list, "/"), lead
}
