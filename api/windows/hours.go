package windows

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
)

// Hours is one entry of a channel's hours.
type Hours struct {
	Days []string `json:"days"` // left out: every day
	From string   `json:"from"`
	To   string   `json:"to"` // not after from: on the next day
	TZ   string   `json:"tz"` // left out: UTC
}

// ReadHours reads hours as clients send them, one entry, a list of them or null, and returns the text
// that the state keeps.
func ReadHours(raw json.RawMessage, zones schedules.Zones) (string, error) {
	var entries []json.RawMessage
	switch {
	case string(raw) == "null":
		return "", nil
	case len(raw) > 0 && raw[0] == '[':
		if err := json.Unmarshal(raw, &entries); err != nil {
			return "", request.BadRequest("hours: " + err.Error())
		}
		if len(entries) == 0 {
			return "", request.BadRequest("hours is an empty list; null is any time")
		}
	default:
		entries = []json.RawMessage{raw}
	}
	var h weekly.Hours
	for i, one := range entries {
		e, err := readEntry(one, zones)
		if err != nil {
			return "", request.BadRequest(fmt.Sprintf("hours[%d]: %v", i, err))
		}
		h = append(h, e)
	}
	if err := h.Validate(); err != nil {
		return "", request.BadRequest(err.Error())
	}
	return h.String(), nil
}

func readEntry(raw json.RawMessage, zones schedules.Zones) (e weekly.Entry, err error) {
	b := Hours{TZ: "UTC"}
	if len(raw) == 0 || raw[0] != '{' {
		return e, fmt.Errorf(`it must be like {"days":["mon","tue"],"from":"08:00","to":"18:00","tz":"Europe/Berlin"}`)
	}
	if err := request.DecodeObject(raw, &b); err != nil {
		return e, err
	}
	if e.From, err = weekly.ParseTime(b.From); err != nil {
		return e, err
	}
	if e.To, err = weekly.ParseTime(b.To); err != nil {
		return e, err
	}
	if _, err := zones.Location(b.TZ); err != nil {
		return e, fmt.Errorf("tz: %w", err)
	}
	if e.Days, e.TZ = b.Days, b.TZ; e.Days == nil {
		e.Days = slices.Clone(weekly.Days)
	}
	return e, nil
}

// CheckHours reads hours as people write them, for a form or a flag, and returns the text that the state
// keeps.
func CheckHours(text string, zones schedules.Zones) (string, error) {
	h, err := weekly.Parse(text)
	for _, e := range h {
		if _, err := zones.Location(e.TZ); err != nil {
			return "", fmt.Errorf("hours: %w", err)
		}
	}
	return h.String(), err
}

// SpansOf returns when hours are next, by the rules of a node.
func SpansOf(text string, zones schedules.Zones, now time.Time) ([]weekly.Span, error) {
	h, err := weekly.Parse(text)
	if err != nil {
		return nil, err
	}
	return h.Spans(now, zones.Location, fsm.MaxSpans)
}

// ShowHours writes hours as people do: mon-fri 08:00-18:00 Europe/Berlin.
func ShowHours(text string) string {
	h, err := weekly.Parse(text)
	if err != nil {
		return text
	}
	return h.Short()
}

// HoursOf returns hours as clients see them; nil: at any time.
func HoursOf(text string) []Hours {
	parsed, _ := weekly.Parse(text)
	var list []Hours
	for _, e := range parsed {
		list = append(list, Hours{e.Days, weekly.WriteTime(e.From), weekly.WriteTime(e.To), e.TZ})
	}
	return list
}
