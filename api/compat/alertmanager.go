package compat

import (
	"bytes"
	"encoding/json"
)

// Alertmanager reads the body of a ping that may be a webhook's of Alertmanager or
// Grafana: {"receiver":…,"status":"firing"|"resolved","alerts":[…],…}. A watchdog alert
// fires for as long as all is well, so "resolved" is a failure. The body may be cut off:
// what is there is read. Any other body tells nothing.
func Alertmanager(body []byte) (t Told, ok bool) {
	t.Exit = NoExit
	if body = bytes.TrimLeft(body, " \t\r\n"); len(body) == 0 || body[0] != '{' {
		return t, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	_, _ = d.Token() // the brace
	status, webhook := "", false
	for d.More() {
		name, err := d.Token()
		if err != nil {
			break
		}
		switch name {
		case "receiver", "alerts", "groupKey":
			webhook = true
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			break // cut off
		}
		if name == "status" {
			_ = json.Unmarshal(value, &status)
		}
	}
	if !webhook || status != "firing" && status != "resolved" {
		return t, false
	}
	t.Stated, t.Fails = true, status == "resolved"
	return t, true
}
