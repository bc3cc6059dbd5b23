package shoutrrr

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// Format is how these services are spoken to.
var Format = channel.Format{Render: render}

// services write the request of each: where it goes, what stands in its header, and a body for JSON or a form.
var services = map[string]func(s kinds.Shoutrrr, m channel.Message) request{
	"gotify": gotify, "pushover": pushover, "pushbullet": pushbullet, "googlechat": googleChat, "mattermost": mattermost,
	"rocketchat": rocketChat, "zulip": zulip,
}

type request struct {
	url    string
	header map[string]string
	body   any // url.Values are a form, and all else is JSON
}

func render(c fsm.ChannelSpec, m channel.Message, _ time.Time) (channel.Request, error) {
	s, err := kinds.ParseShoutrrr(c.Get("url"))
	if err != nil {
		return channel.Request{}, err
	}
	service := services[s.Service]
	if service == nil {
		return channel.Request{}, fmt.Errorf("this version does not know the service %s", s.Service)
	}
	r := service(s, m)
	header := map[string]string{"Content-Type": "application/json", "Idempotency-Key": m.Key}
	for k, v := range r.header {
		header[k] = v
	}
	var body []byte
	if form, is := r.body.(url.Values); is {
		header["Content-Type"] = "application/x-www-form-urlencoded"
		body = []byte(form.Encode())
	} else {
		body, err = channel.JSON(r.body)
	}
	return channel.Request{URL: r.url, Request: outgoing.Request{Method: http.MethodPost, Header: header, Body: body}}, err
}

// text is a message in one piece of at most so many bytes, with the link to its page.
func text(m channel.Message, most int) string {
	title, link := message.Clip(m.Title, 300), m.Link()
	if link != "" {
		link = "\n\n" + link
	}
	return title + "\n\n" + m.Body(most-len(title)-len(link)-2) + link
}

// at is a URL of https, or of http if the channel's says so.
func at(s kinds.Shoutrrr, path ...string) string {
	scheme := "https"
	if s.Query.Get("disabletls") == "yes" {
		scheme = "http"
	}
	for i, part := range path {
		path[i] = url.PathEscape(part)
	}
	return scheme + "://" + s.Host + "/" + strings.Join(path, "/")
}

// loud is the priority of an alert, by what the channel says, else by default; news that all is well have one of their own.
func loud(s kinds.Shoutrrr, m channel.Message, byDefault, good int) int {
	if m.Good {
		return good
	}
	if n, err := strconv.Atoi(s.Query.Get("priority")); err == nil {
		return n
	}
	return byDefault
}

func gotify(s kinds.Shoutrrr, m channel.Message) request {
	last := len(s.Path) - 1
	body := map[string]any{"title": message.Clip(m.Title, 250), "message": m.Body(4000), "priority": loud(s, m, 8, 4)}
	if link := m.Link(); link != "" {
		body["extras"] = map[string]any{"client::notification": map[string]any{"click": map[string]string{"url": link}}}
	}
	return request{at(s, append(append([]string{}, s.Path[:last]...), "message")...), map[string]string{"X-Gotify-Key": s.Path[last]}, body}
}

// pushover takes 250 characters of a title, 1,024 of a message, and 512 of a URL.
func pushover(s kinds.Shoutrrr, m channel.Message) request {
	body := map[string]any{"token": s.Pass, "user": s.Host, "title": message.Clip(m.Title, 250), "message": cmp.Or(m.Body(1024), message.Clip(m.Title, 250)), "priority": loud(s, m, 1, 0)}
	if devices := s.Query.Get("devices"); devices != "" {
		body["device"] = devices
	}
	if link := m.Link(); link != "" && len(link) <= 512 {
		body["url"] = link
	}
	return request{"https://api.pushover.net/1/messages.json", nil, body}
}

// pushbullet knows a repeat by its guid.
func pushbullet(s kinds.Shoutrrr, m channel.Message) request {
	body := map[string]any{"type": "note", "title": message.Clip(m.Title, 250), "body": text(m, 4000), "guid": m.Key}
	for _, target := range s.Path {
		tag, isTag := strings.CutPrefix(target, "#")
		switch {
		case isTag:
			body["channel_tag"] = tag
		case strings.Contains(target, "@"):
			body["email"] = target
		default:
			body["device_iden"] = target
		}
	}
	return request{"https://api.pushbullet.com/v2/pushes", map[string]string{"Access-Token": s.Host}, body}
}

// googleChat takes 4,096 characters. A recovery goes into the thread of its incident.
func googleChat(s kinds.Shoutrrr, m channel.Message) request {
	body := map[string]any{"text": text(m, 4000)}
	query := url.Values{"key": {s.Query.Get("key")}, "token": {s.Query.Get("token")}}
	if m.Alert.Incident > 0 && m.Alert.Kind != fsm.AlertDigest {
		body["thread"] = map[string]string{"threadKey": m.Alert.IncidentID()}
		query.Set("messageReplyOption", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD")
	}
	return request{at(s, s.Path...) + "?" + query.Encode(), nil, body}
}

func mattermost(s kinds.Shoutrrr, m channel.Message) request {
	body := map[string]any{"text": text(m, 4000)}
	if s.User != "" {
		body["username"] = s.User
	}
	if len(s.Path) > 1 {
		body["channel"] = s.Path[1]
	}
	if icon := s.Query.Get("icon"); strings.HasPrefix(icon, "http") {
		body["icon_url"] = icon
	} else if icon != "" {
		body["icon_emoji"] = icon
	}
	return request{at(s, "hooks", s.Path[0]), nil, body}
}

func rocketChat(s kinds.Shoutrrr, m channel.Message) request {
	body := map[string]any{"text": text(m, 4000)}
	if s.User != "" {
		body["username"] = s.User
	}
	if len(s.Path) > 2 {
		body["channel"] = s.Path[2]
		if !strings.HasPrefix(s.Path[2], "@") {
			body["channel"] = "#" + strings.TrimPrefix(s.Path[2], "#")
		}
	}
	return request{at(s, "hooks", s.Path[0], s.Path[1]), nil, body}
}

// zulip takes 60 characters of a topic and 10,000 of a message. Without a topic each heartbeat has its own.
func zulip(s kinds.Shoutrrr, m channel.Message) request {
	topic := cmp.Or(s.Query.Get("topic"), m.Alert.Evidence.Name, "quorumbeat")
	return request{at(s, "api", "v1", "messages"), map[string]string{
		"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(s.User+":"+s.Pass)),
	}, url.Values{"type": {"stream"}, "to": {s.Query.Get("stream")}, "topic": {message.Clip(topic, 60)}, "content": {text(m, 9000)}}}
}
