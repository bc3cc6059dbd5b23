package shoutrrr

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// service says what a service's documentation asks of a request.
type service struct {
	url     string // of the channel
	goes    string // where its requests go
	header  map[string]string
	needs   map[string]string // fields that must have a value; "*": any
	mayHave string
	most    map[string]int // characters of a field
}

var documented = map[string]service{
	"gotify": {
		url: "gotify://push.example.com:8443/sub/AtokenToken.123?priority=7", goes: "https://push.example.com:8443/sub/message",
		header: map[string]string{"X-Gotify-Key": "AtokenToken.123"}, needs: map[string]string{"title": "*", "message": "*", "priority": "7"}, mayHave: "extras",
	},
	"gotify by http": {url: "gotify://h/AtokenToken.123?disabletls=yes", goes: "http://h/message", needs: map[string]string{"title": "*", "message": "*", "priority": "8"}, mayHave: "extras"},
	"pushover": {
		url: "pushover://shoutrrr:aToken123@uUser456/?devices=phone,desk", goes: "https://api.pushover.net/1/messages.json",
		needs: map[string]string{"token": "aToken123", "user": "uUser456", "message": "*", "title": "*", "priority": "1", "device": "phone,desk"}, mayHave: "url", most: map[string]int{"title": 250, "message": 1024, "url": 512},
	},
	"pushbullet": {
		url: "pushbullet://o.hushhush/%23ops", goes: "https://api.pushbullet.com/v2/pushes", header: map[string]string{"Access-Token": "o.hushhush"},
		needs: map[string]string{"type": "note", "title": "*", "body": "*", "guid": "al_090000000000000000000000", "channel_tag": "ops"},
	},
	"googlechat": {
		url: "googlechat://chat.googleapis.com/v1/spaces/AAA/messages?key=k&token=t", most: map[string]int{"text": 4096},
		goes:  "https://chat.googleapis.com/v1/spaces/AAA/messages?key=k&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&token=t",
		needs: map[string]string{"text": "*", "thread": "*"},
	},
	"mattermost": {
		url: "mattermost://bot@chat.example.com/hushhush/ops?icon=bell", goes: "https://chat.example.com/hooks/hushhush", most: map[string]int{"text": 16383},
		needs: map[string]string{"text": "*", "username": "bot", "channel": "ops", "icon_emoji": "bell"},
	},
	"rocketchat": {
		url: "rocketchat://chat.example.com/hush/hushhush/ops", goes: "https://chat.example.com/hooks/hush/hushhush", most: map[string]int{"text": 5000},
		needs: map[string]string{"text": "*", "channel": "#ops"},
	},
	"zulip": {
		url: "zulip://bot%40example.com:hushhush@zulip.example.com/?stream=ops", goes: "https://zulip.example.com/api/v1/messages", most: map[string]int{"topic": 60, "content": 10_000},
		header: map[string]string{"Authorization": "Basic Ym90QGV4YW1wbGUuY29tOmh1c2hodXNo", "Content-Type": "application/x-www-form-urlencoded"},
		needs:  map[string]string{"type": "stream", "to": "ops", "topic": "*", "content": "*"},
	},
}

// fieldsOf reads a body of JSON or of a form.
func fieldsOf(t *testing.T, r channel.Request) map[string]string {
	fields := map[string]string{}
	if r.Header["Content-Type"] == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(r.Body))
		if err != nil {
			t.Fatal(err)
		}
		for k := range form {
			fields[k] = form.Get(k)
		}
		return fields
	}
	var body map[string]any
	if err := json.Unmarshal(r.Body, &body); err != nil {
		t.Fatal(err)
	}
	for k, v := range body {
		if s, is := v.(string); is {
			fields[k] = s
		} else {
			b, _ := json.Marshal(v)
			fields[k] = string(b)
		}
	}
	return fields
}

func specOf(url string) fsm.ChannelSpec {
	return fsm.ChannelSpec{Kind: "shoutrrr", Fields: []fsm.ChannelField{{Name: "url", Value: url, Secret: true}}}
}

// TestEachServiceGetsWhatItsDocumentationAsksFor, with texts as long as they get.
func TestEachServiceGetsWhatItsDocumentationAsksFor(t *testing.T) {
	long := strings.Repeat("Größe ", 2000)
	a := fsm.Alert{ID: fsm.AlertID{9}, Heartbeat: fsm.HeartbeatID{1}, Incident: 1, Kind: fsm.AlertDown, CreatedAt: time.Now()}
	a.Evidence = fsm.Evidence{Name: long[:400], Failed: true, Output: long}
	for name, s := range documented {
		for _, base := range []string{"", "https://qb.example"} {
			r, err := Format.Render(specOf(s.url), channel.New(a, nil, message.Options{Base: base}), time.Now())
			if err != nil || r.URL != s.goes || r.Method != "POST" {
				t.Errorf("%s: %s %s, %v, want %s", name, r.Method, r.URL, err, s.goes)
				continue
			}
			for k, v := range s.header {
				if r.Header[k] != v {
					t.Errorf("%s: the header %s is %q, want %q", name, k, r.Header[k], v)
				}
			}
			got := fieldsOf(t, r)
			for k, v := range s.needs {
				if got[k] == "" || v != "*" && got[k] != v {
					t.Errorf("%s: %s is %.100q, want %q", name, k, got[k], v)
				}
			}
			for k, v := range got {
				if s.needs[k] == "" && !strings.Contains(s.mayHave, k) {
					t.Errorf("%s knows no %s", name, k)
				}
				if most := s.most[k]; most > 0 && utf8.RuneCountInString(v) > most {
					t.Errorf("%s: %s has %d characters", name, k, utf8.RuneCountInString(v))
				}
			}
		}
	}
}

func TestARecoveryIsInTheThreadOfItsIncident(t *testing.T) {
	thread := func(k fsm.AlertKind) string {
		a := fsm.Alert{ID: fsm.AlertID{9, byte(k)}, Heartbeat: fsm.HeartbeatID{1}, Incident: 1, Kind: k, CreatedAt: time.Now()}
		r, err := Format.Render(specOf(documented["googlechat"].url), channel.New(a, nil, message.Options{}), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return fieldsOf(t, r)["thread"]
	}
	if down, up := thread(fsm.AlertDown), thread(fsm.AlertRecovered); down == "" || down != up {
		t.Errorf("%s and %s", down, up)
	}
}

func TestSecretsOfAServiceAreNotRepeated(t *testing.T) {
	for url, echo := range map[string]string{
		documented["pushover"].url:   "user uUser456 with token aToken123",
		documented["pushbullet"].url: "token o.hushhush",
		documented["gotify"].url:     "AtokenToken.123",
		documented["mattermost"].url: "/hooks/hushhush",
		documented["zulip"].url:      "hushhush or Ym90QGV4YW1wbGUuY29tOmh1c2hodXNo",
	} {
		got := channel.Redact(specOf(url), echo)
		for _, secret := range []string{"uUser456", "aToken123", "hushhush", "AtokenToken.123", "Ym90QGV4YW1wbGUuY29tOmh1c2hodXNo"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: %s", url, got)
			}
		}
	}
}
