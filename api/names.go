package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

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
			return badRequest(fmt.Sprintf("unknown field %.60q", name))
		case seen[name]:
			return badRequest(fmt.Sprintf("the field %q is there twice; send it once", name))
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
