package channels

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/windows"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// Fields are those of a channel that a client may write; nil leaves one alone. Those of
// a kind are below: see package kinds.
type Fields struct {
	Name      *string         `json:"name"`
	Kind      *string         `json:"kind"`
	Default   *bool           `json:"default"`
	Tags      *[]string       `json:"tags"`
	On        *[]string       `json:"on"`
	AfterSecs *int64          `json:"after_secs"`
	Hours     json.RawMessage `json:"hours"`
	kindFields
}

// ofAny are the fields that a channel of any kind has.
const ofAny = "name, kind, default, tags, on, after_secs, hours"

// Read reads what a client wrote of a channel, whose kind is known already or is written, too. A field that no channel has is
// refused with the names of those that this one may have.
func (f *Fields) Read(body []byte, kind string) error {
	err := request.DecodeObject(body, f)
	if err == nil || !request.IsUnknownField(err) {
		return err
	}
	if kind == "" {
		var sent struct{ Kind string }
		_ = json.Unmarshal(body, &sent) // the error is known already
		kind = sent.Kind
	}
	if k, ok := kinds.Find(kind); ok {
		return request.BadRequest(fmt.Sprintf("%v; one of the kind %s has %s, and any has %s", err, kind, k.FieldNames(), ofAny))
	}
	return request.BadRequest(err.Error() + "; any channel has " + ofAny + ", and its kind has others")
}

// kindFields has a field for each that some kind has.
type kindFields struct {
	To         *string `json:"to"`
	Channel    *string `json:"channel"`
	URL        *string `json:"url"`
	Secret     *string `json:"secret"`
	Token      *string `json:"token"`
	ChatID     *string `json:"chat_id"`
	ThreadID   *string `json:"thread_id"`
	APIURL     *string `json:"api_url"`
	Topic      *string `json:"topic"`
	Server     *string `json:"server"`
	Priority   *string `json:"priority"`
	RoutingKey *string `json:"routing_key"`
	Severity   *string `json:"severity"`
	Username   *string `json:"username"`
	Password   *string `json:"password"`
	Path       *string `json:"path"`
	Args       *string `json:"args"`
}

// sent returns the fields of a kind that were sent, by name.
func (f *kindFields) sent() map[string]string {
	out := map[string]string{}
	v := reflect.ValueOf(f).Elem()
	for i := range v.NumField() {
		if p := v.Field(i).Interface().(*string); p != nil {
			out[v.Type().Field(i).Tag.Get("json")] = *p
		}
	}
	return out
}

// Apply returns a channel's spec with the fields that were sent.
func (f *Fields) Apply(k kinds.Kind, s fsm.ChannelSpec, zones schedules.Zones) (_ fsm.ChannelSpec, err error) {
	if f.Hours != nil {
		if s.Hours, err = windows.ReadHours(f.Hours, zones); err != nil {
			return s, err
		}
	}
	s.Kind, s.Alone = k.Name, k.Alone
	assign(&s.Name, f.Name)
	assign(&s.Default, f.Default)
	assign(&s.Tags, f.Tags)
	assign(&s.After, f.AfterSecs)
	if f.On != nil {
		if s.On, err = alertSet(*f.On); err != nil {
			return s, err
		}
	}
	if s.Fields, err = k.Merge(s.Fields, f.sent()); err != nil {
		return s, request.BadRequest(err.Error())
	}
	return s, s.Validate()
}

func assign[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func alertSet(names []string) (set fsm.AlertSet, err error) {
	for _, name := range names {
		i := slices.IndexFunc(fsm.ChannelKinds, func(k fsm.AlertKind) bool { return k.String() == name })
		if i < 0 {
			return 0, request.BadRequest(fmt.Sprintf("on has %.40q; it may have down, recovered and unheard", name))
		}
		set |= fsm.SetOf(fsm.ChannelKinds[i])
	}
	return set, nil
}

// MakeSecret makes a signing secret for a new webhook that came without; "" if none is made.
func (f *Fields) MakeSecret(k kinds.Kind) string {
	if k.Name != "webhook" || f.Secret != nil {
		return ""
	}
	var random [32]byte
	rand.Read(random[:])
	made := kinds.SigningSecret(random[:])
	f.Secret = &made
	return made
}
