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
// field away. The error is for people, and repeats no secret.
func (k Kind) Merge(old []fsm.ChannelField, sent map[string]string) ([]fsm.ChannelField, error) {
	values := map[string]string{}
	for _, f := range old {
		values[f.Name] = f.Value
	}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		f, ok := k.Field(name)
		switch v := sent[name]; {
		case !ok:
			return nil, fmt.Errorf("a channel of the kind %s has no %s; it has %s", k.Name, name, k.fieldNames())
		case f.Secret && v == Hidden && values[name] != "":
		default:
			values[name] = v
		}
	}
	return k.pack(values)
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
	if wrong := f.Check(v); wrong != "" {
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
	return list, nil
}

func (k Kind) fieldNames() string {
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
