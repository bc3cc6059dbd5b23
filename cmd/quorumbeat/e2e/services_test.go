package e2e

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// services are the other ends of channels under their own names: nodes get there by the proxy of their
// environment, so that a channel has the URLs that it has in life, also those that it has by default.
type services struct {
	env []string // of nodes: the proxy, and whom to trust

	mu       sync.Mutex
	asked    []askedOf
	refusing bool
}

// askedOf is a request that came.
type askedOf struct{ where, all string }

// servedHosts are the names for which the services have a certificate; asked is by name too, without one.
var servedHosts = []string{
	"hooks.example.com", "hooks.slack.com", "slack.com", "teams.example.com", "discord.com", "api.telegram.org", "ntfy.sh", "events.pagerduty.com", "am.example.com",
	"push.example.com", "api.pushover.net", "api.pushbullet.com", "chat.googleapis.com", "chat.example.com", "zulip.example.com",
}

const uncertified = "uncertified.example.com"

// serviceSays is what a service answers that says in its body whether it took a message.
var serviceSays = map[string]string{
	"slack.com":        `{"ok":true,"channel":"C0123456789","ts":"1777777777.000001","echo":%q}`,
	"api.telegram.org": `{"ok":true,"result":{"message_id":1},"echo":%q}`,
}

// startServices runs them. Each repeats all that it was sent: the worst that a service can do to a secret.
func startServices(t *testing.T) *services {
	x := &services{}
	tlsConfig, trust := selfSignedFor(t, time.Hour, time.Hour, servedHosts...)
	ends := httptest.NewUnstartedServer(http.HandlerFunc(x.answer))
	ends.TLS, ends.Config.ErrorLog = tlsConfig, log.New(io.Discard, "", 0) // some certificates are refused
	ends.StartTLS()
	t.Cleanup(ends.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RequestURI)
		if r.Method != http.MethodConnect || !strings.Contains(strings.Join(servedHosts, " ")+" "+uncertified, host) {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		passOn(w, ends.Listener.Addr().String())
	}))
	t.Cleanup(proxy.Close)
	x.env = []string{"HTTPS_PROXY=" + strings.Replace(proxy.URL, "//", "//me:"+proxyPassword+"@", 1), "SSL_CERT_FILE=" + trust}
	return x
}

// proxyPassword is a secret of the nodes.
const proxyPassword = "p0werOfTheProxy"

// passOn makes of a CONNECT a tunnel.
func passOn(w http.ResponseWriter, to string) {
	there, err := net.Dial("tcp", to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		there.Close()
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(there, here); there.Close() }()
	_, _ = io.Copy(here, there)
	here.Close()
}

func (x *services) answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	path, _ := url.PathUnescape(r.URL.RequestURI())
	all := fmt.Sprint("thanks from ", r.Host, ", no route for ", r.RequestURI, " ", path, " ", r.Header, " ", string(body))
	x.mu.Lock()
	x.asked = append(x.asked, askedOf{r.Host + r.URL.Path, all})
	refusing := x.refusing
	x.mu.Unlock()
	if refusing {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, all)
		return
	}
	if form := serviceSays[r.Host]; form != "" {
		all = fmt.Sprintf(form, all)
	}
	_, _ = io.WriteString(w, all)
}

// refuse has all answer 403 from now on.
func (x *services) refuse(yes bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.refusing = yes
}

// requests are those so far.
func (x *services) requests() []askedOf {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]askedOf{}, x.asked...)
}

// await waits until a place was asked, since the first n requests.
func (x *services) await(t *testing.T, n int, where string) {
	t.Helper()
	testkit.Eventually(t, where+" is asked", func() bool {
		for _, a := range x.requests()[n:] {
			if a.where == where {
				return true
			}
		}
		return false
	})
}
