package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
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
		return badJSON(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return BadRequest("the body has more than one JSON value; send one object")
	}
	return nil
}

func badJSON(err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return BadRequest("the body is a JSON " + kind.Value + "; send an object")
	case errors.As(err, &kind):
		field := strings.TrimPrefix(kind.Field, "fields.") // the name of the embedded struct
		field = strings.TrimPrefix(field, "schedule.")     // which a List names, too
		return BadRequest(fmt.Sprintf("%s is a JSON %s; it must be %s", field, kind.Value, jsonKind(kind.Type.String())))
	case errors.As(err, &syntax):
		return BadRequest(fmt.Sprintf("the body is not JSON: %v at byte %d", err, syntax.Offset))
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return BadRequest("unknown field " + strings.TrimPrefix(err.Error(), "json: unknown field "))
	}
	return BadRequest("the body is not a whole JSON object")
}

func jsonKind(goType string) string {
	switch {
	case goType == "schedules.List":
		return "a string or an array of strings"
	case strings.Contains(goType, "[]"):
		return "an array of strings"
	case strings.Contains(goType, "int"):
		return "a whole number"
	case strings.Contains(goType, "bool"):
		return "true or false"
	}
	return "a string"
}

// checkNames refuses an object whose fields are not exactly v's, each at most once.
// encoding/json takes a name in any case, and the last of several: then a proxy or an
// audit log that reads the same body may see something else than what is done. What is
// wrong otherwise is for decode to tell.
func checkNames(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	known, seen := fieldNames(reflect.TypeOf(v).Elem()), map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		switch {
		case err != nil || !ok:
			return nil
		case !known[name]:
			return BadRequest(fmt.Sprintf("unknown field %.60q", name))
		case seen[name]:
			return BadRequest(fmt.Sprintf("the field %q is there twice; send it once", name))
		}
		seen[name] = true
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil
		}
	}
	return nil
}

// fieldNames are the JSON names of a struct's fields, with those of embedded ones.
func fieldNames(t reflect.Type) map[string]bool {
	names := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names[name] = true
		}
	}
	return names
}

// Stamp writes a time with exactly three decimals, null for none.
func Stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format("2006-01-02T15:04:05.000Z")
	return &s
}
