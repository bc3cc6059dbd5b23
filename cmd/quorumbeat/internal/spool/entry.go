package spool

import (
	"context"
	"slices"
	"time"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Entry is what the monitor was not told about one run, as a file holds it.
type Entry struct {
	Version int      `json:"version"`
	URL     string   `json:"url"` // as in --url
	Token   string   `json:"token"`
	RunID   string   `json:"rid,omitempty"`
	Signals []Signal `json:"signals"` // to be sent in this order
}

type Signal struct {
	Signal string    `json:"signal"`
	At     time.Time `json:"at"`
	Key    string    `json:"key"` // so that a signal that was sent before is not sent twice
	Body   []byte    `json:"body,omitempty"`

	Metrics map[string]float64 `json:"metrics,omitempty"` // the numbers that the run told
}

const entryVersion = 1

// at is when the last of it happened.
func (e *Entry) at() time.Time { return e.Signals[len(e.Signals)-1].At }

// Tell sends one signal; if it is late, with its time.
func (e *Entry) Tell(ctx context.Context, api *heartbeat.Client, s Signal, late bool) error {
	p := heartbeat.SignalParams{RunID: e.RunID, Body: s.Body, Key: s.Key, Metrics: s.Metrics}
	if late {
		p.At = s.At
	}
	_, err := api.Signal(ctx, e.Token, heartbeat.Signal(s.Signal), p)
	return err
}

func (e Entry) withoutBodies() Entry {
	e.Signals = slices.Clone(e.Signals)
	for i := range e.Signals {
		e.Signals[i].Body = nil
	}
	return e
}
