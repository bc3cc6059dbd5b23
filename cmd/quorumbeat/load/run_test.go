package load

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"go.uber.org/goleak"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs a server for one test.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func config(url string) Config {
	c := DefaultConfig()
	c.URLs, c.Tokens, c.Connections = []string{url}, []string{"good"}, 4
	c.Warmup, c.Duration = 0, 100*time.Millisecond
	return c
}

func run1(t *testing.T, c Config) *Report {
	t.Helper()
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAStallIsNotOmitted stalls a server once, for a third of the time. A closed
// loop has one ping a connection in the stall, out of thousands; on a schedule a
// third of all pings fell into it, and must say so.
func TestAStallIsNotOmitted(t *testing.T) {
	const stall = 300 * time.Millisecond
	stalling := func() http.HandlerFunc {
		begin := time.Now()
		return func(http.ResponseWriter, *http.Request) {
			if in := time.Since(begin); in > stall && in < 2*stall {
				time.Sleep(2*stall - in)
			}
		}
	}
	c := config("")
	c.Duration = 3 * stall
	c.URLs = []string{serve(t, stalling())}
	closed := run1(t, c)
	c.Rate, c.BySecond = 1000, true
	c.URLs = []string{serve(t, stalling())}
	open := run1(t, c)

	if open.Answers[200] != 900 || open.Unsent != 0 || open.Bad() != 0 {
		t.Errorf("%d of 900 pings on the schedule were acknowledged: %+v", open.Answers[200], open)
	}
	if p := open.Latency; p.P90 < 150 || p.P99 < 250 || p.Max > 1000 || open.Late.P99 < 200 {
		t.Errorf("a stall of 300 ms for a third of the time shows as %+v, behind schedule %+v", p, open.Late)
	}
	if p := closed.Latency; closed.Late != nil || p.P99 > open.Latency.P99/2 || p.Max < 250 {
		t.Errorf("the closed loop saw %+v: it should be blind here, or this test shows nothing", p)
	}
	h, err := hdrhistogram.Decode([]byte(open.BySecond[0].Histogram))
	if err != nil || len(open.BySecond) != 1 || h.TotalCount() != 900 || open.BySecond[0].Acknowledged != 900 {
		t.Errorf("by second: %+v %v", open.BySecond, err)
	}
}

func TestEveryOutcomeIsCounted(t *testing.T) {
	var asked, closing atomic.Int64
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch {
		case strings.Contains(r.URL.Path, "shed"):
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(503)
		case strings.Contains(r.URL.Path, "silent"):
			w.WriteHeader(503)
		case strings.Contains(r.URL.Path, "gone"):
			w.WriteHeader(404)
		case strings.Contains(r.URL.Path, "closing"):
			closing.Add(1)
			w.Header().Set("Connection", "close")
		case strings.Contains(r.URL.Path, "reset"):
			panic(http.ErrAbortHandler)
		case strings.Contains(r.URL.Path, "slow"):
			time.Sleep(400 * time.Millisecond)
		}
	})
	c := config(url)
	c.Tokens = []string{"good", "shed", "silent", "gone", "closing", "reset", "slow"}
	c.Timeout = 100 * time.Millisecond
	c.Warmup, c.Duration = 80*time.Millisecond, 640*time.Millisecond
	r := run1(t, c)
	w := r.Whole
	// A request that timed out on its way was perhaps never read.
	if n := asked.Load(); w.Acknowledged+w.Refused > n || w.Acknowledged+w.Refused+w.Unknown < n {
		t.Errorf("the server was asked %d times, accounted for are %+v", asked.Load(), w)
	}
	for name, n := range map[string]int64{
		"200": r.Answers[200], "404": r.Answers[404], "503": r.Answers[503], "refused": w.Refused, "closing": closing.Load(),
		"resets": r.Failures[FailedConnection], "timeouts": r.Failures[FailedTimeout], "503 without Retry-After": r.WithoutRetryAfter,
	} {
		if n == 0 {
			t.Errorf("no %s in %+v", name, r)
		}
	}
	if r.WithoutRetryAfter >= r.Answers[503] || r.Latency.Max < 100 || r.Refusals == nil {
		t.Errorf("%+v", r)
	}
	if sum := r.Sent(); sum > asked.Load() || sum < asked.Load()/2 {
		t.Errorf("%d measured of %d: the warm-up is a ninth", sum, asked.Load())
	}
}

// TestOverloadOnAScheduleIsBounded asks for more than one connection can carry.
func TestOverloadOnAScheduleIsBounded(t *testing.T) {
	c := config(serve(t, func(http.ResponseWriter, *http.Request) { time.Sleep(90 * time.Millisecond) }))
	c.Connections, c.Rate, c.Timeout = 2, 2000, 100*time.Millisecond
	c.Duration = 300 * time.Millisecond
	began := time.Now()
	r := run1(t, c)
	if r.Sent()+r.Unsent != 600 || r.Unsent < 400 {
		t.Errorf("600 on the schedule, at most 10 can be carried; sent %d, given up %d", r.Sent(), r.Unsent)
	}
	if r.Latency.P50 < 99 || r.Late.P50 < 99 {
		t.Errorf("what was given up must count with the timeout: %+v, %+v", r.Latency, r.Late)
	}
	if took := time.Since(began); took > 15*time.Second { // all of them would take 27 s
		t.Errorf("300 ms took %s", took)
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	for _, rate := range []float64{0, 1000} {
		ctx, cancel := context.WithCancel(t.Context())
		var answered atomic.Int32
		c := config(serve(t, func(http.ResponseWriter, *http.Request) {
			if answered.Add(1) == 50 {
				cancel()
			}
		}))
		c.Rate, c.Duration = rate, time.Hour
		r, err := Run(ctx, c)
		cancel()
		if err != nil || r.Seconds > testkit.Patience.Seconds() || r.Whole.Acknowledged == 0 || r.Whole.Unknown != 0 || r.PerSecond == 0 {
			t.Errorf("%+v %v", r, err)
		}
	}
}

func TestAnAddressWhereNobodyListensIsAnError(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if _, err := Run(t.Context(), config("http://"+ln.Addr().String())); err == nil || !strings.Contains(err.Error(), "connection") {
		t.Errorf("got %v", err)
	}
}

// TestASecondIsSummedUpInALongRun needs no hours: it tells the recorder of them.
func TestASecondIsSummedUpInALongRun(t *testing.T) {
	from := time.Now()
	r := newRecorder(from, from.Add(MaxDuration), true)
	for i := range 2 * kept {
		at := from.Add(time.Duration(i) * time.Second)
		r.addOutcome(&outcome{intended: at, sent: at, end: at.Add(time.Duration(i+1) * time.Millisecond), answer: answer{status: 200}})
	}
	held := 0
	for _, s := range r.seconds {
		if s.latency != nil {
			held++
		}
	}
	if held != kept {
		t.Errorf("%d histograms are held, want %d", held, kept)
	}
	out := r.report(from.Add(MaxDuration))
	if len(out.BySecond) != 2*kept || out.BySecond[99].Latency.P50 < 99 || out.BySecond[99].Latency.P50 > 101 {
		t.Errorf("the 100th of %d seconds: %+v", len(out.BySecond), out.BySecond[99])
	}
}

func TestConfigValidate(t *testing.T) {
	if err := config("http://h").Validate(); err != nil {
		t.Error(err)
	}
	for words, spoil := range map[string]func(*Config){
		"address":     func(c *Config) { c.URLs[0] = "h:80" },
		"no address":  func(c *Config) { c.URLs = nil },
		"heartbeat":   func(c *Config) { c.Tokens = nil },
		"connections": func(c *Config) { c.Connections = MaxConnections + 1 },
		"rate":        func(c *Config) { c.Rate = -1 },
		"duration":    func(c *Config) { c.Duration = 25 * time.Hour },
		"warm-up":     func(c *Config) { c.Warmup = -1 },
		"timeout":     func(c *Config) { c.Timeout = 0 },
	} {
		c := config("http://h")
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v", words, err)
		}
	}
}

// canned answers every write with the same bytes.
type canned struct {
	net.Conn
	text string
	left string
}

func (c *canned) Write(b []byte) (int, error) { c.left = c.text; return len(b), nil }
func (c *canned) Read(b []byte) (int, error) {
	n := copy(b, c.left)
	c.left = c.left[n:]
	return n, nil
}
func (c *canned) SetDeadline(time.Time) error { return nil }
func (c *canned) Close() error                { return nil }

func cannedRun(tb testing.TB, bySecond bool) (*run, *conn) {
	to, err := parseTarget("http://h")
	if err != nil {
		tb.Fatal(err)
	}
	c := newConn(to, time.Minute)
	c.c = &canned{text: "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}"}
	c.r.Reset(c.c)
	c.used = time.Now()
	now := time.Now()
	return &run{calm: context.Background(), rec: newRecorder(now, now.Add(time.Hour), bySecond)}, c
}

func TestAPingAllocatesNothing(t *testing.T) {
	for _, bySecond := range []bool{true, false} {
		r, c := cannedRun(t, bySecond)
		now := time.Now()
		ping := func() { r.pingAndRecord(c, "a-token", now, now) }
		ping() // makes the second
		if n := testing.AllocsPerRun(1000, ping); n != 0 || r.rec.ledger.Unknown != 0 {
			t.Errorf("%v allocations a ping, %+v", n, r.rec.ledger)
		}
	}
}

func BenchmarkPing(b *testing.B) {
	r, c := cannedRun(b, false)
	b.ReportAllocs()
	for b.Loop() {
		now := time.Now()
		c.used = now
		r.pingAndRecord(c, "2d0ed8a6-9f0c-4a7c-8c3d-6d5a3f1b7e21", now, now)
	}
}
