package webhook

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// verifier reads requests, one a line, and says of each whether the library of Standard Webhooks takes it.
const verifier = `
const { Webhook } = require("standardwebhooks");
for (const line of require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const { secret, headers, body } = JSON.parse(line);
  let answer = "taken";
  try { if (new Webhook(secret).verify(body, headers).type === undefined) answer = "no type"; } catch (e) { answer = e.message; }
  console.log(JSON.stringify(answer));
}`

// TestTheLibraryOfStandardWebhooksTakesOurSignature, and no other: it is the one that receivers use.
func TestTheLibraryOfStandardWebhooksTakesOurSignature(t *testing.T) {
	modules, err := filepath.Abs("../../testdata/webhooks/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if _, missing := os.Stat(modules); err != nil || missing != nil {
		t.Skip("Node.js or its modules are missing: run npm ci in testdata/webhooks")
	}
	type request struct {
		Secret  string            `json:"secret"`
		Headers map[string]string `json:"headers"`
		Body    string            `json:"body"`
	}
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	spec := fsm.ChannelSpec{Kind: "webhook", Fields: []fsm.ChannelField{{Name: "url", Value: "https://example.com"}, {Name: "secret", Value: secret, Secret: true}}}
	made := func(a fsm.Alert) request {
		r, err := render(spec, channel.New(a, nil, message.Options{}), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return request{secret, r.Header, string(r.Body)}
	}
	down := fsm.Alert{ID: fsm.AlertID{1}, Heartbeat: fsm.HeartbeatID{2}, Kind: fsm.AlertDown, CreatedAt: time.Now(), Evidence: fsm.Evidence{Name: "Größe <b>&\u2028", Output: "a\xffb"}}
	good := made(down)
	otherBody, otherID, otherSecret, old := made(down), made(down), made(down), made(down)
	otherBody.Body += " "
	otherID.Headers["webhook-id"] = "al_0"
	otherSecret.Secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	old.Headers["webhook-timestamp"] = "1700000000"
	var in bytes.Buffer
	for _, r := range []request{good, otherBody, otherID, otherSecret, old} {
		if err := json.NewEncoder(&in).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.CommandContext(t.Context(), node, "-e", verifier)
	c.Stdin, c.Env = &in, append(os.Environ(), "NODE_PATH="+modules)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	answers := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(answers) != 5 || string(answers[0]) != `"taken"` {
		t.Fatalf("%s", out)
	}
	for i, a := range answers[1:] {
		if string(a) == `"taken"` {
			t.Errorf("forgery %d is taken", i)
		}
	}
}
