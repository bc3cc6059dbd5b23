package alerting

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// secretFields holds values for the fields of each kind; what is secret in them has the word in
// caps, whole or as a piece.
const word = "HUSHEDhushed"

func secretFields(server string) map[string]map[string]string {
	_, host, _ := strings.Cut(server, "//")
	tls := "disabletls=" + map[bool]string{true: "yes", false: "no"}[strings.HasPrefix(server, "http:")]
	return map[string]map[string]string{
		"slack bot":  {"api_url": server + "/api", "token": "xoxb-" + word + "-123", "channel": "C1"},
		"gotify":     {"url": "gotify://" + host + "/A" + word + "?" + tls},
		"mattermost": {"url": "mattermost://bot@" + host + "/" + word + "/ops?" + tls},
		"rocketchat": {"url": "rocketchat://bot@" + host + "/" + word + "/2" + word},
		"zulip":      {"url": "zulip://bot%40example.com:" + word + "@" + host + "/?stream=x"},
		"googlechat": {"url": "googlechat://" + host + "/v1/spaces/A/messages?key=" + word + "&token=" + word + "%3D"},

		"webhook":      {"url": server + "/hook/" + word + "?key=" + word, "secret": "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(word, 3)))},
		"slack":        {"url": server + "/services/T0/B0/" + word},
		"teams":        {"url": server + "/workflows/x?wait=true&sig=" + word + "%2Bx"},
		"discord":      {"url": server + "/api/webhooks/1/" + word + "?wait=true"},
		"telegram":     {"api_url": server, "token": "123456:" + word, "chat_id": "1"},
		"ntfy":         {"server": server, "topic": word, "token": `tk_"&<` + word},
		"pagerduty":    {"url": server + "/v2/enqueue", "routing_key": word + strings.Repeat("0", 20)},
		"alertmanager": {"url": server + "/am", "username": "u", "password": `p"w  ` + word, "token": ""},
	}
}

// holdsSecret reports whether a text has the word, or enough of it to guess the rest, or what
// stands for it in a header.
func holdsSecret(text string, secrets ...string) bool {
	for _, s := range append(secrets, word, word[:8]) {
		if s != "" && strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// TestNoSecretComesBack from a service that repeats all that it was sent, as frameworks do with a
// path that they do not know: in no error and in no answer, whole or cut off.
func TestNoSecretComesBack(t *testing.T) {
	policy, err := outgoing.ParsePolicy([]string{"127.0.0.0/8"})
	testkit.Must(t, err)
	var status, pad int
	var seen string
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		path, _ := url.PathUnescape(r.URL.RequestURI())
		seen = fmt.Sprint(r.RequestURI, r.Header, string(body))
		w.Header().Set("Location", r.RequestURI)
		w.WriteHeader(status)
		fmt.Fprintf(w, "%s Cannot %s %s %s %s %q %s", strings.Repeat("-", pad), r.Method, r.RequestURI, path, r.Header, r.Header, body)
	}))
	defer echo.Close()
	openers := openersFor(DefaultConfig(), policy, nil)
	for name, fields := range secretFields(echo.URL) {
		spec := specNamed(t, name, fields)
		if spec.Kind == "shoutrrr" && !strings.Contains(spec.Get("url"), "disabletls") {
			continue // which always speak TLS
		}
		name := spec.Kind
		basic := base64.StdEncoding.EncodeToString([]byte("u:" + spec.Get("password")))
		for _, status = range []int{200, 302, 404, 429} {
			for pad = 0; pad < 320; pad += 13 {
				answer, err := sendOnce(t.Context(), openers[name], spec)
				if holdsSecret(answer+fmt.Sprint(err), basic, spec.Get("secret")) {
					t.Errorf("%s, %d after %d bytes: %s %v", name, status, pad, answer, err)
				}
			}
		}
		if !holdsSecret(seen, basic, "webhook-signature", "Webhook-Signature") {
			t.Errorf("%s: the service was sent no secret: %s", name, seen)
		}
	}
}

// specNamed makes a channel of a kind, or of a form of one.
func specNamed(t *testing.T, name string, fields map[string]string) fsm.ChannelSpec {
	t.Helper()
	k, known := kinds.Find(name)
	switch {
	case strings.HasPrefix(name, "slack"):
		k, _ = kinds.Find("slack")
	case !known:
		k, _ = kinds.Find("shoutrrr")
	}
	list, err := k.Merge(nil, fields)
	testkit.Must(t, err)
	return fsm.ChannelSpec{Name: name, Kind: k.Name, Fields: list}
}

func sendOnce(ctx context.Context, o channel.Opener, c fsm.ChannelSpec) (string, error) {
	d, err := o.Open(ctx, c, channel.New(longAlert(fsm.AlertDown), nil, message.Options{}))
	if err != nil {
		return "", err
	}
	defer d.Close()
	return d.Complete(ctx, time.Now().Add(time.Minute))
}

// TestNoSecretInErrorsOfTheWay: of names that do not exist, addresses that are refused, ports where
// nobody listens, TLS with what speaks none, servers that break off, and proxies.
func TestNoSecretInErrorsOfTheWay(t *testing.T) {
	policy, err := outgoing.ParsePolicy([]string{"127.0.0.0/8"})
	testkit.Must(t, err)
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	proxies := map[string]func(*url.URL) (*url.URL, error){
		"no proxy":             nil,
		"a proxy that is away": func(*url.URL) (*url.URL, error) { return url.Parse("http://me:" + word + "@127.0.0.1:1") },
		"a proxy that refuses": func(*url.URL) (*url.URL, error) {
			return url.Parse(strings.Replace(plain.URL, "//", "//me:"+word+"@", 1))
		},
		"a proxy of an odd kind": func(*url.URL) (*url.URL, error) { return url.Parse("socks9://me:" + word + "@127.0.0.1:1") },
		"a proxy that is no URL": func(*url.URL) (*url.URL, error) { return url.Parse(plain.URL + "@me:" + word + ":x" + word) },
		"a proxy that speaks no TLS": func(*url.URL) (*url.URL, error) {
			return url.Parse(strings.Replace(plain.URL, "http://", "https://me:"+word+"@", 1))
		},
	}
	servers := []string{
		"http://127.0.0.1:1", "https://127.0.0.1:1", "http://169.254.169.254", "http://10.0.0.1", "http://[::ffff:169.254.169.254]", "http://metadata.google.internal",
		"https://no-such-name.invalid", plain.URL, strings.Replace(plain.URL, "http://", "https://", 1), secure.URL, "http://2130706433",
	}
	for by, proxy := range proxies {
		client := outgoing.New(policy)
		client.Proxy, client.Limits = proxy, outgoing.Limits{Connect: time.Second, Answer: time.Second}
		openers := openersBy(client, DefaultConfig())
		for _, server := range servers {
			for name, fields := range secretFields(server) {
				spec := specNamed(t, name, fields)
				answer, err := sendOnce(t.Context(), openers[spec.Kind], spec)
				if err == nil && !strings.HasPrefix(by, "no proxy") || holdsSecret(answer+fmt.Sprint(err)) {
					t.Errorf("%s by %s to %s: %q, %v", name, by, server, answer, err)
				}
			}
		}
	}
}
