package writable

import "encoding/json"

// reminders are the seconds between reminders: null is the cluster's default, 0 none.
type reminders struct {
	given bool
	secs  *int64
}

func (r *reminders) UnmarshalJSON(text []byte) error {
	r.given = true
	return json.Unmarshal(text, &r.secs)
}

// every and never are the fields of a heartbeat; nil leaves one alone.
func (r reminders) every() *int64 {
	switch {
	case !r.given:
		return nil
	case r.secs == nil:
		return new(int64)
	}
	return r.secs
}

func (r reminders) never() *bool {
	if !r.given {
		return nil
	}
	return new(r.secs != nil && *r.secs == 0)
}
