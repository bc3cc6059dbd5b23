package kinds

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Hidden stands for a secret where a channel is shown. Written back, it leaves the secret
// as it is.
const Hidden = "•••"

// Merge gives a channel's fields those values that somebody sent: an empty one takes a
// field away. The error is for people, and repeats no secret. A secret that nobody sent anew stays with the server that has
// it: who may change a channel may not read its secrets, nor have them sent to himself.
func (k Kind) Merge(old []fsm.ChannelField, sent map[string]string) ([]fsm.ChannelField, error) {
	values := map[string]string{}
	for _, f := range old {
		values[f.Name] = f.Value
	}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		f, ok := k.Field(name)
		switch v := sent[name]; {
		case !ok:
			return nil, fmt.Errorf("a channel of the kind %s has no %s; it has %s", k.Name, name, k.FieldNames())
		case f.Secret && v == Hidden && values[name] != "":
		default:
			values[name] = v
		}
	}
	list, err := k.pack(values)
	if err == nil {
		err = k.checkMoved(old, list, sent)
	}
	return list, err
}

// checkMoved refuses a change by which a secret that nobody sent anew would go to another server than the service's own.
// A URL that is secret says itself where it goes.
func (k Kind) checkMoved(old, list []fsm.ChannelField, sent map[string]string) error {
	before, after := fsm.ChannelSpec{Fields: old}, fsm.ChannelSpec{Fields: list}
	for _, place := range k.Fields {
		to := serverOf(k.Value(after, place.Name))
		if !place.Server || len(old) == 0 || to == serverOf(k.Value(before, place.Name)) || to == serverOf(place.Default) {
			continue
		}
		for _, f := range k.Fields {
			v, given := sent[f.Name]
			if f.Secret && f.Name != "url" && (!given || v == Hidden) && after.Get(f.Name) != "" {
				return fmt.Errorf("%s leads to another server, which would be sent the %s that nobody is shown: give that anew, too, or an empty one to take it away", place.Name, f.Name)
			}
		}
	}
	return nil
}

// serverOf is the part of a URL that says who is asked, and whether in the clear.
func serverOf(text string) string {
	u, err := ParseURL(text)
	if err != nil {
		return text
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

// Wrong tells what is wrong with a value of the field, without repeating it; "": nothing.
func (f Field) Wrong(v string) string {
	switch {
	case v == "" && f.Required:
		return fmt.Sprintf("%s is missing: %s", f.Name, f.Help)
	case v == "":
		return ""
	case !utf8.ValidString(v):
		return f.Name + " is not valid UTF-8"
	case len(v) > fsm.MaxChannelFieldLen:
		return fmt.Sprintf("%s has %d bytes; it may have %d", f.Name, len(v), fsm.MaxChannelFieldLen)
	}
	if wrong := f.check(v); wrong != "" {
		return fmt.Sprintf("%s is not right: %s", f.Name, wrong)
	}
	return ""
}

func (k Kind) pack(values map[string]string) (list []fsm.ChannelField, err error) {
	for _, f := range k.Fields {
		v := values[f.Name]
		if wrong := f.Wrong(v); wrong != "" {
			return nil, errors.New(wrong)
		}
		if v != "" {
			list = append(list, fsm.ChannelField{Name: f.Name, Value: v, Secret: f.Secret})
		}
	}
	if k.Whole != nil {
		if wrong := k.Whole(values); wrong != "" {
			return nil, errors.New(wrong)
		}
	}
	return list, nil
}

// FieldNames lists the fields of the kind, for people.
func (k Kind) FieldNames() string {
	var list []string
	for _, f := range k.Fields {
		list = append(list, f.Name)
	}
	return strings.Join(list, ", ")
}

// Value returns a field of a channel, or what it is by default.
func (k Kind) Value(spec fsm.ChannelSpec, name string) string {
	if v := spec.Get(name); v != "" {
		return v
	}
	f, _ := k.Field(name)
	return f.Default
}
