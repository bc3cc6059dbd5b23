package outbound

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func well() View { return View{Served: time.Second, Watched: time.Second, Patience: time.Minute} }

func TestWhatIsWrong(t *testing.T) {
	for words, change := range map[string]func(v *View){
		"":                                  func(*View) {},
		"no majority of the nodes":          func(v *View) { v.Quorum, v.Mail = errors.New("x"), errors.New("y") },
		"does not hear pings: deaf":         func(v *View) { v.Listener = errors.New("deaf") },
		"the serving clock stands still":    func(v *View) { v.Served = 0 },
		"the mail server cannot be used: y": func(v *View) { v.Mail = errors.New("y") },
		"has not been sent for 1m1s":        func(v *View) { v.Oldest = 61 * time.Second },
	} {
		v := well()
		change(&v)
		if got := v.Fault(); !strings.Contains(got, words) || (got == "") != (words == "") {
			t.Errorf("want %q, got %q", words, got)
		}
	}
}

// rig is a pinger, the monitor that it tells, and the cluster's health.
type rig struct {
	*Pinger
	log testkit.Buffer

	mu     sync.Mutex
	view   View
	status int // that the monitor answers
	asked  int
}

func newRig(t *testing.T) *rig {
	r := &rig{view: well(), status: 200}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked++
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(r.status)
	}))
	t.Cleanup(srv.Close)
	var err error
	r.Pinger, err = New(Config{URL: srv.URL + "/secret-token", Every: time.Minute}, func(context.Context) View {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.view
	}, slog.New(slog.NewTextHandler(&r.log, nil)), prometheus.NewRegistry())
	testkit.Must(t, err)
	return r
}

// turn lets the pinger look, and returns how often the monitor was asked by then.
func (r *rig) turn(t *testing.T, status int, change func(v *View), want State) int {
	t.Helper()
	r.mu.Lock()
	r.view, r.status = well(), status
	change(&r.view)
	r.mu.Unlock()
	if taken := r.tell(t.Context()); taken != (want == Taken) || r.Status().State != want {
		t.Errorf("%v; %+v, want %s", taken, r.Status(), want)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

func TestTheOtherMonitorIsToldWhileAllIsWell(t *testing.T) {
	r := newRig(t)
	same := func(*View) {}
	if n := r.turn(t, 200, same, Taken); n != 1 || r.Status().Last.IsZero() {
		t.Errorf("asked %d times; %+v", n, r.Status())
	}
	if n := r.turn(t, 200, func(v *View) { v.Mail = errors.New("no mail goes") }, Withheld); n != 1 || !strings.Contains(r.Status().Why, "no mail goes") {
		t.Errorf("asked %d times; %+v", n, r.Status())
	}
	r.turn(t, 200, same, Taken)
	for _, status := range []int{302, 404, 503} {
		r.turn(t, status, same, Failed)
	}
	if n := r.turn(t, 204, same, Taken); n != 6 { // no redirect was followed
		t.Errorf("asked %d times", n)
	}
	for result, want := range map[State]float64{Taken: 3, Withheld: 1, Failed: 3} {
		if got := testutil.ToFloat64(r.Pinger.status.pings.WithLabelValues(string(result))); got != want {
			t.Errorf("%s: counted %v, want %v", result, got, want)
		}
	}
	log := r.log.String()
	if strings.Contains(log, "secret-token") || strings.Count(log, "\n") != 5 || !strings.Contains(log, "no mail goes") || !strings.Contains(log, "redirect") {
		t.Errorf("the log:\n%s", log)
	}
}

// TestALeaderTellsAtOnce: a new leader does not wait for its first turn, and one that leads no more rests.
func TestALeaderTellsAtOnce(t *testing.T) {
	r := newRig(t)
	ctx, endTerm := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Lead(ctx, 1) }()
	testkit.Eventually(t, "the monitor was asked, long before a minute is over", func() bool { return r.Status().State == Taken })
	endTerm()
	<-ended
	if s := r.Status(); s.State != Resting || s.Last.IsZero() {
		t.Errorf("after its term: %+v", s)
	}
}

func TestWithoutAURLNobodyIsTold(t *testing.T) {
	p, err := New(DefaultConfig(), nil, nil, prometheus.NewRegistry())
	testkit.Must(t, err)
	p.Lead(t.Context(), 1) // returns
	if p.Status().State != Off {
		t.Error(p.Status())
	}
}

func TestConfigsThatCannotBe(t *testing.T) {
	for words, c := range map[string]Config{
		"--outbound-every": {Every: time.Millisecond},
		"--outbound-url":   {URL: "ftp://x/", Every: time.Minute},
		"user name":        {URL: "http://a:b@x/", Every: time.Minute},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "a:b") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := (Config{URL: "http://169.254.169.254/", Every: time.Minute}).Validate(); err != nil {
		t.Error(err) // addresses are checked when they are dialled
	}
}

// TestAddressesOfMetadataAreNotAsked: not even the operator's own flag leads there.
func TestAddressesOfMetadataAreNotAsked(t *testing.T) {
	p, err := New(Config{URL: "http://169.254.169.254/latest", Every: time.Minute}, func(context.Context) View { return well() }, slog.New(slog.DiscardHandler), nil)
	testkit.Must(t, err)
	if p.tell(t.Context()) || !strings.Contains(p.Status().Why, "never asked") {
		t.Errorf("%+v", p.Status())
	}
}
