package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"
)

// decode reads a JSON object. Unknown fields are errors, so that a typo is not
// ignored; so is anything after the object.
func decode(ctx *fasthttp.RequestCtx, v any) error {
	body, err := jsonBody(ctx)
	if err != nil {
		return err
	}
	return decodeBody(body, v)
}

func decodeBody(body []byte, v any) error {
	switch string(bytes.TrimSpace(body)) {
	case "":
		return badRequest("the body is empty; send a JSON object")
	case "null": // which Decode would take for an object without fields
		return badRequest("the body is a JSON null; send an object")
	}
	if !utf8.Valid(body) {
		return badRequest("the body is not valid UTF-8")
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
		return badRequest("the body has more than one JSON value; send one object")
	}
	return nil
}

// decodeIfAny is decode of a body that need not be there.
func decodeIfAny(ctx *fasthttp.RequestCtx, v any) error {
	body, err := jsonBody(ctx)
	if text := string(bytes.TrimSpace(body)); err != nil || text == "" || text == "null" {
		return err
	}
	return decodeBody(body, v)
}

func badJSON(err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return badRequest("the body is a JSON " + kind.Value + "; send an object")
	case errors.As(err, &kind):
		field := strings.TrimPrefix(kind.Field, "fields.") // the name of the embedded struct
		field = strings.TrimPrefix(field, "schedule.")     // which a List names, too
		return badRequest(fmt.Sprintf("%s is a JSON %s; it must be %s", field, kind.Value, jsonKind(kind.Type.String())))
	case errors.As(err, &syntax):
		return badRequest(fmt.Sprintf("the body is not JSON: %v at byte %d", err, syntax.Offset))
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return badRequest("unknown field " + strings.TrimPrefix(err.Error(), "json: unknown field "))
	}
	return badRequest("the body is not a whole JSON object")
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

// limitArg reads ?limit=; absent is what absent says.
func limitArg(ctx *fasthttp.RequestCtx, absent, most int) (int, error) {
	raw := ctx.QueryArgs().Peek("limit")
	if raw == nil {
		return absent, nil
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < 1 || n > most {
		return 0, badRequest(fmt.Sprintf("limit is %.40q; it must be 1 to %d", raw, most))
	}
	return n, nil
}

// A cursor is opaque to clients: what follows it is this server's affair.
func makeCursor(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func cursorArg(ctx *fasthttp.RequestCtx) (string, error) {
	raw := ctx.QueryArgs().Peek("cursor")
	b, err := base64.RawURLEncoding.DecodeString(string(raw))
	if err != nil {
		return "", badCursor()
	}
	return string(b), nil
}

func numberCursor(ctx *fasthttp.RequestCtx) (uint64, error) {
	s, err := cursorArg(ctx)
	if err != nil || s == "" {
		return 0, err
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return 0, badCursor()
	}
	return n, nil
}

func badCursor() error {
	return badRequest("cursor is not one that this server gave; leave it out to begin anew")
}

// ifMatch reads the version that a change depends on; 0 if it depends on none.
func ifMatch(ctx *fasthttp.RequestCtx) (uint64, error) {
	raw := string(ctx.Request.Header.Peek(fasthttp.HeaderIfMatch))
	if raw == "" || raw == "*" {
		return 0, nil
	}
	v, err := strconv.ParseUint(strings.Trim(strings.TrimPrefix(raw, "W/"), `"`), 10, 64)
	if err != nil || v == 0 {
		return 0, badRequest(fmt.Sprintf(`If-Match is %.40q; send the heartbeat's version, like "3"`, raw))
	}
	return v, nil
}

// fresh makes a read linearizable, unless the client asks for what this node has.
func (s *Server) fresh(ctx *fasthttp.RequestCtx) error {
	switch mode := string(ctx.QueryArgs().Peek("consistency")); mode {
	case "stale":
		return s.requireRecentLeader(ctx)
	case "", "linearizable":
		return s.barrier(ctx)
	default:
		return badRequest(fmt.Sprintf("consistency is %.40q; it must be linearizable or stale", mode))
	}
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
