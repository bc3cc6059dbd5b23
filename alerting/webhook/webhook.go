package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// Format is how webhooks are spoken to.
var Format = channel.Format{Render: render}

func render(c fsm.ChannelSpec, m channel.Message, now time.Time) (channel.Request, error) {
	body, err := json.Marshal(payloadOf(m))
	if err != nil {
		return channel.Request{}, err
	}
	header := map[string]string{
		"Content-Type":      "application/json",
		"webhook-id":        m.Key,
		"webhook-timestamp": strconv.FormatInt(now.Unix(), 10),
		"Idempotency-Key":   m.Key,
	}
	if secret := c.Get("secret"); secret != "" {
		key, err := kinds.SigningKey(secret)
		if err != nil {
			return channel.Request{}, err
		}
		header["webhook-signature"] = sign(key, m.Key, header["webhook-timestamp"], body)
	}
	return channel.Request{URL: c.Get("url"), Request: outgoing.Request{Method: http.MethodPost, Header: header, Body: body}}, nil
}

// sign signs the ID, the time and the body, with dots between.
func sign(key []byte, id, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + timestamp + "."))
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}
