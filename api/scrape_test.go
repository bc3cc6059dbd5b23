package api

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/quorumbeat/quorumbeat/api/metrics"
	"github.com/quorumbeat/quorumbeat/api/pieces"
	"github.com/quorumbeat/quorumbeat/api/writable"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// families parses a scrape, whose families must be whole and in one piece each.
func families(t testing.TB, text string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	list, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("the parser says %v", err)
	}
	seen, last := map[string]bool{}, ""
	for line := range strings.Lines(text) {
		name, head := strings.CutPrefix(line, "# HELP ")
		if head {
			last = strings.Fields(name)[0]
			if seen[last] {
				t.Fatalf("%s comes twice", last)
			}
			seen[last] = true
		}
		if !strings.HasPrefix(strings.TrimPrefix(line, "# TYPE "), last) && !head {
			t.Fatalf("in %s: %s", last, line)
		}
	}
	return list
}

// fill makes n heartbeats of all sorts.
func fill(t testing.TB, store *store.Store, n int, spec func(i int, s *fsm.Spec)) {
	t.Helper()
	b := logentry.Batch{Term: 1, Wall: time.Now().UnixMilli()}
	apply := func() {
		if _, err := store.Apply(logentry.Append(nil, &b), 1); err != nil {
			t.Fatal(err)
		}
		b.Items, b.Delta = b.Items[:0], 0
	}
	do := func(c fsm.Command) {
		b.Items = append(b.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
	}
	for i := range n {
		c := fsm.Create{Spec: writable.Fields{}.Spec()}
		binary.BigEndian.PutUint64(c.ID[:], uint64(i)+1)
		c.Token = fsm.Token(append(c.ID[:], 1, 2, 3, 4))
		c.Spec.Name, c.Spec.Slug = fmt.Sprintf("nightly job %d", i), "nightly"
		spec(i, &c.Spec)
		do(c)
		if i%2 == 0 {
			do(fsm.Ping{Ordinal: uint64(i) + 1})
		}
		if len(b.Items) > 500 {
			apply()
		}
	}
	apply()
}

// expected are the samples that the state calls for: metric, ID and name, and value.
func expected(store *store.Store, tag string) map[string]float64 {
	want := map[string]float64{}
	list, _ := store.Heartbeats(fsm.HeartbeatFilter{Tag: tag})
	for _, h := range list {
		set := func(metric string, v float64) {
			want["quorumbeat_heartbeat_"+metric+" "+h.ID.String()+" "+h.Spec.Name] = v
		}
		bit := map[bool]float64{true: 1}
		set("up", bit[h.Status != fsm.StatusFailing])
		set("paused", bit[h.Status == fsm.StatusPaused])
		set("consecutive_misses", float64(h.Misses))
		set("misses_total", float64(h.Missed))
		set("pings_total", float64(h.Pings))
		if !h.LastPing.IsZero() {
			set("last_ping_timestamp_seconds", float64(h.LastPing.UnixMilli())/1000)
		}
		if !h.NextDue.IsZero() {
			set("next_deadline_timestamp_seconds", float64(h.NextDue.UnixMilli())/1000+float64(h.Spec.Grace))
		}
		if h.LastRun >= 0 {
			set("run_duration_seconds", h.LastRun.Seconds())
		}
		if h.LastExit >= 0 {
			set("last_exit_code", float64(h.LastExit))
		}
	}
	return want
}

// scraped are the samples of heartbeats in a scrape.
func scraped(t testing.TB, text string) map[string]float64 {
	t.Helper()
	have := map[string]float64{}
	for name, f := range families(t, text) {
		if !strings.HasPrefix(name, "quorumbeat_heartbeat_") || name == "quorumbeat_heartbeat_late" { // which depends on the time of the scrape
			continue
		}
		for _, m := range f.Metric {
			v := m.GetGauge().GetValue()
			if strings.HasSuffix(name, "_total") {
				v = m.GetCounter().GetValue()
			}
			have[name+" "+m.Label[0].GetValue()+" "+m.Label[1].GetValue()] = v
		}
	}
	return have
}

// TestAScrapeTellsWhatTheStateHolds compares all samples with what queries show, of
// heartbeats with names of all sorts.
func TestAScrapeTellsWhatTheStateHolds(t *testing.T) {
	r := newRig(t)
	names := []string{
		`"`, `\`, `a\n"b"\`, `{id="x"} 1`, "# HELP x", "🕯️ läuft", "שלום עולם", "مرحبا", " spaces ", strings.Repeat("𝕏", fsm.MaxNameLen),
	}
	fill(t, r.cluster.store, 500, func(i int, s *fsm.Spec) {
		s.Name = names[i%len(names)]
		s.Interval, s.Grace, s.Threshold = int64(1+i%7), int64(i%3), 1+i%2
		if i%3 == 0 {
			s.Tags = []string{"team a", "prod"}
		}
		if i%11 == 0 {
			s.Arm = fsm.ArmFirstPing
		}
	})
	list, _ := r.cluster.store.Heartbeats(fsm.HeartbeatFilter{Limit: 4})
	r.call("POST", "/v1/heartbeats/"+list[0].Token.String()+"/ping/start", "")
	r.call("POST", "/v1/heartbeats/"+list[0].Token.String()+"/ping/7", "")
	r.call("POST", "/v1/heartbeats/"+list[1].ID.String()+"/pause", "")
	r.cluster.pass(6 * time.Second)
	for target, tag := range map[string]string{"/metrics": "", "/metrics?tag=prod": "prod", "/metrics?tag=team+a": "team a", "/metrics?tag=nobody": "nobody"} {
		a := r.call("GET", target, "")
		if ct := string(a.header.ContentType()); a.status != 200 || ct != "text/plain; version=0.0.4; charset=utf-8" {
			t.Errorf("%s: %d, %s", target, a.status, ct)
		}
		have, want := scraped(t, a.body), expected(r.cluster.store, tag)
		near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }
		if !maps.EqualFunc(have, want, near) {
			t.Errorf("%s: %d samples, want %d", target, len(have), len(want))
			for k, v := range want {
				if got, ok := have[k]; !ok || !near(got, v) {
					t.Fatalf("%s: %v (%v), want %v", k, got, ok, v)
				}
			}
		}
		if node := strings.Contains(a.body, "go_goroutines"); node != (tag == "") {
			t.Errorf("%s: metrics of the node: %v", target, node)
		}
		zipped := r.call("GET", target, "", "Accept-Encoding", "br;q=1, gzip;q=0.5", "Accept", "application/openmetrics-text")
		if enc := string(zipped.header.ContentEncoding()); enc != "gzip" || len(zipped.body) >= len(a.body) && tag != "nobody" {
			t.Errorf("%s: encoding %q, %d bytes of %d", target, enc, len(zipped.body), len(a.body))
		}
		z, err := gzip.NewReader(strings.NewReader(zipped.body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil || !maps.Equal(scraped(t, string(text)), have) {
			t.Errorf("%s: what is unzipped differs, %v", target, err)
		}
	}
}

func TestScrapesWithoutHeartbeats(t *testing.T) {
	r := newRig(t)
	r.create(`{"name":"x"}`)
	for _, target := range []string{"/metrics/node", "/metrics"} {
		if body := r.call("HEAD", target, ""); body.status != 200 || body.body != "" {
			t.Errorf("HEAD %s: %d %q", target, body.status, body.body)
		}
	}
	body := r.call("GET", "/metrics/node", "").body
	if len(scraped(t, body)) > 0 || !strings.Contains(body, `quorumbeat_heartbeats{status="active"} 1`) {
		t.Errorf("/metrics/node: %s", body)
	}
	testkit.Eventually(t, "all places are free", func() bool { return len(r.server.scrapes.Node)+len(r.server.scrapes.Heartbeats) == 0 })
}

func TestAScrapeTokenIsAskedFor(t *testing.T) {
	const token = "a-token-for-scrapes"
	r := newRigWith(t, func(c *Config) { c.MetricsToken = token }, func(*Server) {})
	ping := decodeAs[keyJSON](t, r.call("POST", "/v1/keys", `{"name":"k","scope":"ping"}`).body).Key
	for _, target := range []string{"/metrics", "/metrics?tag=a", "/metrics/node"} {
		for key, status := range map[string]int{
			"": 401, "Bearer " + token: 200, "bearer  " + token: 200, "Bearer " + testKey: 200,
			"Bearer " + token + "x": 401, "Bearer " + token[1:]: 401, "Bearer " + ping: 403, "Basic " + token: 401,
		} {
			if a := r.call("GET", target, "", "Authorization", key); a.status != status {
				t.Errorf("%s with %q: %d, want %d", target, key, a.status, status)
			}
		}
	}
	if a := r.call("GET", "/v1/heartbeats", "", "Authorization", "Bearer "+token); a.status != 401 {
		t.Errorf("the scrape token reads heartbeats: %d", a.status)
	}
}

func TestScrapesBeyondTheirNumberAreToldToComeAgain(t *testing.T) {
	r := newRigWith(t, func(*Config) {}, func(s *Server) { s.scrapes.Queue = 10 * time.Millisecond })
	var back func()
	for range metrics.MaxScrapes {
		back, _ = r.server.scrapes.Heartbeats.Take(time.Second)
	}
	a := r.call("GET", "/metrics", "")
	if e := decodeAs[struct{ Code string }](t, a.body); a.status != 503 || e.Code != "too_many_scrapes" || len(a.header.Peek("Retry-After")) == 0 {
		t.Errorf("one too many: %d %s", a.status, a.body)
	}
	if a := r.call("GET", "/metrics/node", ""); a.status != 200 {
		t.Errorf("of the node alone: %d", a.status)
	}
	back()
	back() // does nothing
	if a := r.call("GET", "/metrics", ""); a.status != 200 {
		t.Errorf("with a place: %d %s", a.status, a.body)
	}
}

func TestSlowScrapersKeepNoPlace(t *testing.T) {
	for name, tt := range map[string]struct {
		tune func(*metrics.Scrapes)
		read func(io.Reader) error
	}{
		"one that does not read at all": {func(s *metrics.Scrapes) { s.Pace.Stall = 200 * time.Millisecond }, func(io.Reader) error { return nil }},
		"one that reads, but slowly":    {func(s *metrics.Scrapes) { s.Pace.Limit = 200 * time.Millisecond }, trickle},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRigWith(t, func(*Config) {}, func(s *Server) { tt.tune(s.scrapes) })
			fill(t, r.cluster.store, 20_000, func(int, *fsm.Spec) {})
			conn := r.connect()
			defer conn.Close()
			if _, err := fmt.Fprint(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || res.StatusCode != 200 {
				t.Fatal(res, err)
			}
			cut := tt.read(res.Body)
			testkit.Eventually(t, "its place is free", func() bool { return len(r.server.scrapes.Heartbeats) == 0 })
			if _, err := io.Copy(io.Discard, res.Body); err == nil && cut == nil {
				t.Error("what was cut off looks whole")
			}
		})
	}
}

// trickle reads on, a little at a time.
func trickle(from io.Reader) error {
	for buf := make([]byte, 8<<10); ; time.Sleep(time.Millisecond) {
		switch _, err := from.Read(buf); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// TestManyScrapesAtOnceTakeLittleMemory has 40 clients scrape together, while others
// create and delete heartbeats. Each is answered whole, or told to come again.
func TestManyScrapesAtOnceTakeLittleMemory(t *testing.T) {
	const clients, heartbeats, most = 40, 8_000, 64 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(100)) // make test has more
	r := newRigWith(t, func(*Config) {}, func(s *Server) {
		s.scrapes.Queue, s.scrapes.Pace = 100*time.Millisecond, pieces.Pace{Stall: testkit.Patience, Limit: testkit.Patience}
	})
	fill(t, r.cluster.store, heartbeats, func(int, *fsm.Spec) {})
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	conn, err := r.dial()
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + conn.RemoteAddr().String() + "/metrics"
	conn.Close()

	var full, refused, failed atomic.Int64
	one := func(i int) {
		req, _ := http.NewRequest(http.MethodGet, url, nil)
		if i%2 == 0 {
			req.Header.Set("Accept-Encoding", "gzip")
		}
		res, err := transport.RoundTrip(req)
		if err != nil {
			failed.Add(1)
			return
		}
		defer res.Body.Close()
		switch n, err := io.Copy(io.Discard, res.Body); {
		case res.StatusCode == 503 && res.Header.Get("Retry-After") != "":
			refused.Add(1)
		case res.StatusCode == 200 && err == nil && n > heartbeats*20:
			full.Add(1)
		default:
			failed.Add(1)
		}
	}
	base, stop := heapNow(), make(chan struct{})
	var peak uint64
	var watch, work sync.WaitGroup
	watch.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
				peak = max(peak, heapNow())
				h := decodeAs[heartbeatJSON](t, r.call("POST", "/v1/heartbeats", `{"name":"passing"}`).body)
				r.call("DELETE", "/v1/heartbeats/"+h.ID, "")
			}
		}
	})
	for i := range clients {
		work.Go(func() { one(i) })
	}
	work.Wait()
	close(stop)
	watch.Wait()
	t.Logf("%d whole, %d told to come again; the heap grew by %.1f MiB", full.Load(), refused.Load(), float64(peak-min(base, peak))/(1<<20))
	if failed.Load() > 0 || full.Load() < metrics.MaxScrapes {
		t.Errorf("%d failed, %d were whole", failed.Load(), full.Load())
	}
	if peak > base+most {
		t.Errorf("the heap grew by %d bytes", peak-base)
	}
}

func heapNow() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
