package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// DecodeObject reads a JSON object into a struct. Unknown fields are errors, so that a typo is not
// ignored; so is anything after the object.
func DecodeObject(body []byte, v any) error {
	switch string(bytes.TrimSpace(body)) {
	case "":
		return BadRequest("the body is empty; send a JSON object")
	case "null": // which Decode would take for an object without fields
		return BadRequest("the body is a JSON null; send an object")
	}
	if !utf8.Valid(body) {
		return BadRequest("the body is not valid UTF-8")
	}
	if err := checkNames(body, v); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badJSON(err, reflect.TypeOf(v).Elem())
	}
	if _, err := d.Token(); err != io.EOF {
		return BadRequest("the body has more than one JSON value; send one object")
	}
	return nil
}

func badJSON(err error, into reflect.Type) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return BadRequest("the body is a JSON " + kind.Value + "; send an object")
	case errors.As(err, &kind):
		field := strings.TrimPrefix(withoutEmbedded(kind.Field, into), "schedule.") // which a List names, too
		if list := fieldsByName(into)[field]; list != nil && list.Kind() == reflect.Slice && list != kind.Type {
			return BadRequest(fmt.Sprintf("%s has a JSON %s in it; it must be %s", field, kind.Value, jsonKind(list)))
		}
		return BadRequest(fmt.Sprintf("%s is a JSON %s; it must be %s", field, kind.Value, jsonKind(kind.Type)))
	case errors.As(err, &syntax):
		return BadRequest(fmt.Sprintf("the body is not JSON: %v at byte %d", err, syntax.Offset))
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		name, _ := strconv.Unquote(strings.TrimPrefix(err.Error(), "json: unknown field "))
		return unknownField(name)
	}
	return BadRequest("the body is not a whole JSON object")
}

// unknownField refuses a field. It repeats a name that may have been meant for one, for a typo is seen best
// so; what has anything but letters may be a secret that stands in the wrong place.
func unknownField(name string) error {
	isOther := func(c rune) bool { return c != '_' && c != '-' && !unicode.IsLetter(c) }
	if len(name) > 40 || strings.ContainsFunc(name, isOther) {
		return BadRequest(fmt.Sprintf("unknown field: its name, of %d bytes, is none of the fields here", len(name)))
	}
	return BadRequest(fmt.Sprintf("unknown field %q", name))
}

// IsUnknownField reports whether a request was refused for a field that there is not.
func IsUnknownField(err error) bool { return strings.HasPrefix(err.Error(), "unknown field") }

// withoutEmbedded takes the names of embedded structs, which encoding/json tells and no client knows, from
// the path of a field.
func withoutEmbedded(path string, into reflect.Type) string {
	for _, f := range reflect.VisibleFields(into) {
		if f.Anonymous {
			path = strings.TrimPrefix(path, f.Name+".")
		}
	}
	return path
}

func jsonKind(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.String() == "schedules.List":
		return "a string or an array of strings"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return "an array of objects"
	case t.Kind() == reflect.Slice:
		return "an array of strings"
	case strings.Contains(t.String(), "int"):
		return "a whole number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	}
	return "a string"
}

// checkNames refuses an object whose fields are not exactly v's, each at most once, and likewise the objects
// in it. encoding/json takes a name in any case, and the last of several: then a proxy or an
// audit log that reads the same body may see something else than what is done. What is
// wrong otherwise is for decode to tell.
func checkNames(body []byte, v any) error { return checkNamesOf(body, reflect.TypeOf(v).Elem()) }

func checkNamesOf(object []byte, t reflect.Type) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	known, seen := fieldsByName(t), map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		switch {
		case err != nil || !ok:
			return nil
		case known[name] == nil:
			return unknownField(name)
		case seen[name]:
			return BadRequest(fmt.Sprintf("the field %q is there twice; send it once", name))
		}
		seen[name] = true
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil
		}
		if err := checkNamesWithin(value, known[name]); err != nil {
			return err
		}
	}
	return nil
}

// checkNamesWithin is checkNames of the objects of an array.
func checkNamesWithin(value json.RawMessage, t reflect.Type) error {
	if t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Struct {
		return nil
	}
	var entries []json.RawMessage
	if json.Unmarshal(value, &entries) != nil {
		return nil
	}
	for _, entry := range entries {
		if err := checkNamesOf(entry, t.Elem()); err != nil {
			return err
		}
	}
	return nil
}

// fieldsByName are the types of a struct's fields by their JSON names, with those of embedded ones.
func fieldsByName(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			fields[name] = f.Type
		}
	}
	return fields
}

// RefuseNulls refuses an object with a field of these names that is null, and says what to do instead: for what a script
// could not compute must not mean the most that there is.
func RefuseNulls(body []byte, instead map[string]string) error {
	var given map[string]json.RawMessage
	if json.Unmarshal(body, &given) != nil {
		return nil // which is for DecodeObject to tell
	}
	for _, name := range slices.Sorted(maps.Keys(instead)) {
		if string(given[name]) == "null" {
			return BadRequest(name + " is null; " + instead[name])
		}
	}
	return nil
}

// Stamp writes a time with exactly three decimals, null for none.
func Stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(fsm.TimeLayout)
	return &s
}
