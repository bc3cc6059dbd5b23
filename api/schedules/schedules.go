package schedules

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

// Zones finds the rules of time zones.
type Zones interface {
	Location(name string) (*time.Location, error) // of an IANA name; "" is UTC
	Version() string                              // which rules they are
}

// UTC are Zones without any rules.
type UTC struct{}

// Location knows UTC only.
func (UTC) Location(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	return nil, fmt.Errorf("time zone %q is unknown: this node has no rules but UTC's", name)
}

// Version says that there are none.
func (UTC) Version() string { return "none" }

// List are expressions in JSON: a string, or an array of strings.
type List []string

// UnmarshalJSON reads either form.
func (l *List) UnmarshalJSON(data []byte) error {
	var one string
	if err := json.Unmarshal(data, &one); err == nil && len(data) > 0 && data[0] == '"' {
		*l = List{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return &json.UnmarshalTypeError{Value: kindOf(data), Type: reflect.TypeFor[List](), Field: "schedule"}
	}
	*l = many
	return nil
}

// MarshalJSON writes one expression as a string, none as null.
func (l List) MarshalJSON() ([]byte, error) {
	switch len(l) {
	case 0:
		return []byte("null"), nil
	case 1:
		return json.Marshal(l[0])
	}
	return json.Marshal([]string(l))
}

// kindOf names a JSON value for a message.
func kindOf(data []byte) string {
	switch data[0] {
	case '{':
		return "object"
	case '[':
		return "array with something else than strings"
	case 't', 'f':
		return "bool"
	}
	return "number"
}

// MaxZone is the most bytes of a zone's name that are looked at.
const MaxZone = 64

// Read makes a schedule of expressions and the zone that it is kept in. Its errors say what is wrong, and
// with which field.
func Read(expressions []string, tz string, zones Zones) (schedule.Schedule, *time.Location, error) {
	loc, err := zones.Location(tz)
	if err != nil {
		return schedule.Schedule{}, nil, fmt.Errorf("tz: %w", err)
	}
	s, err := schedule.Parse(expressions)
	if err != nil {
		return s, nil, fmt.Errorf("schedule: %w", err)
	}
	return s, loc, nil
}
