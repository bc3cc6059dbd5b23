package heartbeat

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"
)

// What a cluster tells of; see [Event].
const (
	EventReset            = "reset"
	EventHeartbeat        = "heartbeat"
	EventHeartbeatDeleted = "heartbeat_deleted"
	EventIncident         = "incident"
	EventNode             = "node"
	EventNodeRemoved      = "node_removed"
)

// Event is a change that a cluster tells of. One of the pointers is set, by its kind.
type Event struct {
	// ID is what to go on from, at any node and at any later time. It is empty where further
	// events of the same moment follow: then the last one counts.
	ID   string
	Kind string
	Data json.RawMessage // as it was sent

	Heartbeat *Heartbeat // of a heartbeat, as it was when it was told
	Incident  *Incident  // of an incident that began or ended; without alerts
	Node      *Node      // of a node, as the answering node sees it
	Reset     *Reset     // what was known may be old: list anew
	Deleted   string     // the ID of a heartbeat or node that is gone
}

// Reset says why what is known may be old.
type Reset struct {
	Code    string `json:"code"` // begin: of the stream; expired, unknown_id: what came after EventsParams.After is not known
	Message string `json:"message"`
}

// EventsParams chooses events; its zero value chooses all, from now on.
type EventsParams struct {
	Tag   string // only heartbeats with it, and their incidents
	After string // the ID of the last event that was seen: go on from there
}

const (
	streamPause = 45 * time.Second // a stream says something every 15 s
	maxEvent    = 4 << 20          // bytes of one event
)

// Events tells what changes in the cluster, as it changes, until ctx ends or the loop does.
// The first event is a reset: list then what is there. When a stream breaks, Events goes on
// at another node from where it was; a reset says that something may have been missed.
//
// If no node answers, an error comes in the place of an event; who goes on with the loop goes
// on trying. After an error that trying does not mend, such as a revoked key, the loop ends.
func (c *Client) Events(ctx context.Context, p EventsParams) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for fruitless := 0; ctx.Err() == nil; {
			told, err := c.follow(ctx, &p, yield)
			switch {
			case errors.Is(err, errStop) || ctx.Err() != nil:
				return
			case IsRefused(err):
				yield(Event{}, err)
				return
			case err != nil && !yield(Event{}, err):
				return
			case told:
				fruitless = 0
			default:
				fruitless++
			}
			if sleep(ctx, backoff(fruitless)) != nil {
				return
			}
		}
	}
}

// errStop says that the caller wants no more.
var errStop = errors.New("stop")

// follow tells of one stream until it ends, and keeps p.After. An error is of who could not
// be asked, or who refuses; a stream that breaks is none.
func (c *Client) follow(ctx context.Context, p *EventsParams, yield func(Event, error) bool) (told bool, err error) {
	var body io.ReadCloser
	r := request{
		method: http.MethodGet, stream: true,
		path: "/v1/events" + query(map[string]string{"tag": p.Tag, "last_event_id": p.After}),
	}
	err = c.try(ctx, false, func(ctx context.Context, n node, limit time.Duration) error {
		res, err := c.open(ctx, n, limit, r)
		if err == nil {
			body = res.Body
		}
		return err
	})
	if err != nil {
		return false, err
	}
	defer body.Close()
	if w, ok := body.(*watched); ok {
		w.limit = streamPause
	}
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxEvent)
	for {
		e, ok := readEvent(lines)
		switch {
		case !ok:
			return told, nil
		case e.Kind == "end":
			return told, ended(e)
		case e.Kind != "" && !yield(e, nil):
			return told, errStop
		}
		told = true
		if e.ID != "" { // it was dealt with
			p.After = e.ID
		}
	}
}

// readEvent reads up to the end of an event; one that only has an ID has no kind. It is
// false at the end of the stream.
func readEvent(lines *bufio.Scanner) (e Event, ok bool) {
	for lines.Scan() {
		field, value, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "id":
			e.ID = string(value)
		case "event":
			e.Kind = string(value)
		case "data":
			e.Data = bytes.Clone(value)
		}
		if len(lines.Bytes()) > 0 {
			continue
		}
		if e.Data == nil {
			e.Kind = ""
		} else if e.parse() != nil {
			return e, false // it does not speak like quorumbeat
		}
		if e.Kind != "" || e.ID != "" {
			return e, true
		}
	}
	return e, false
}

func (e *Event) parse() error {
	var gone struct{ ID string }
	var into any
	switch e.Kind {
	case EventReset:
		e.Reset = new(Reset)
		into = e.Reset
	case EventHeartbeat:
		e.Heartbeat = new(Heartbeat)
		into = e.Heartbeat
	case EventIncident:
		e.Incident = new(Incident)
		into = e.Incident
	case EventNode:
		e.Node = new(Node)
		into = e.Node
	case EventHeartbeatDeleted, EventNodeRemoved:
		into = &gone
	default: // of a later version
		return nil
	}
	err := json.Unmarshal(e.Data, into)
	e.Deleted = gone.ID
	return err
}

// ended is the error of a stream's last event; nil if another node may go on.
func ended(e Event) error {
	var words struct{ Error, Code string }
	if err := json.Unmarshal(e.Data, &words); err != nil || words.Code != "unauthorized" {
		return nil
	}
	return fmt.Errorf("the stream of events ended: %w", &APIError{StatusCode: http.StatusUnauthorized, Code: words.Code, Message: words.Error})
}
