package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

const (
	atOnce    = 4 // requests of a channel
	busyPause = 4 // seconds that a busy end asks to wait
)

// farEnd is what a channel of a storm asks, and what it was told.
type farEnd struct {
	*httptest.Server
	name, kind string
	answer     func(p *parcel, gone <-chan struct{}) (status int)
	mu         sync.Mutex
	got        []*parcel
	now, most  int // requests under way
}

// parcel is a request.
type parcel struct {
	at         time.Time
	status     int // 0: none was sent, for the sender is gone
	answered   time.Time
	id         string // "": Alertmanager knows no such thing
	repeat     bool   // it says so
	heartbeats []news
	dropped    int // of a digest, which are not listed
}

type news struct {
	name      string
	recovered bool
}

func startFarEnd(t *testing.T, name, kind string, answer func(p *parcel, gone <-chan struct{}) int) *farEnd {
	x := &farEnd{name: name, kind: kind, answer: answer}
	x.Server = httptest.NewServer(http.HandlerFunc(x.take))
	t.Cleanup(x.Close)
	return x
}

func atOnceOK(*parcel, <-chan struct{}) int { return http.StatusOK }

func (x *farEnd) take(w http.ResponseWriter, r *http.Request) {
	p := &parcel{at: time.Now(), id: r.Header.Get("webhook-id")}
	read := readWebhook
	if x.kind == "alertmanager" {
		read = readAlertmanager
	}
	body, err := io.ReadAll(r.Body) // to its end, or it is not seen when the sender goes
	if err != nil || read(body, p) != nil {
		return // cut off with its sender
	}
	x.mu.Lock()
	x.got = append(x.got, p)
	x.now++
	x.most = max(x.most, x.now)
	x.mu.Unlock()
	status := x.answer(p, r.Context().Done())
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now--
	if r.Context().Err() != nil {
		return
	}
	p.status, p.answered = status, time.Now()
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(busyPause))
	}
	w.WriteHeader(status)
}

func readWebhook(text []byte, p *parcel) error {
	type event struct {
		Kind      string
		Heartbeat *struct{ Name string }
	}
	var body struct {
		Type string
		Data struct {
			event
			Repeat  bool `json:"may_be_repeat"`
			Alerts  []event
			Dropped int `json:"alerts_dropped"`
		}
	}
	err := json.Unmarshal(text, &body)
	p.repeat, p.dropped = body.Data.Repeat, body.Data.Dropped
	for _, e := range append(body.Data.Alerts, body.Data.event) {
		if e.Heartbeat != nil {
			p.heartbeats = append(p.heartbeats, news{e.Heartbeat.Name, body.Type == "incident.recovered" || e.Kind == "recovered"})
		}
	}
	return err
}

func readAlertmanager(text []byte, p *parcel) error {
	var body []struct {
		Annotations map[string]string
		EndsAt      time.Time
	}
	err := json.Unmarshal(text, &body)
	for _, a := range body {
		p.heartbeats = append(p.heartbeats, news{a.Annotations["heartbeat"], a.EndsAt.Before(time.Now())})
	}
	return err
}

// all are the requests that came from the n-th on.
func (x *farEnd) all(from int) []parcel {
	x.mu.Lock()
	defer x.mu.Unlock()
	list := make([]parcel, 0, len(x.got)-from)
	for _, p := range x.got[from:] {
		list = append(list, *p)
	}
	return list
}

// tell logs all that came, if the test failed.
func (x *farEnd) tell(t *testing.T) {
	for _, p := range x.all(0) {
		if t.Failed() {
			t.Logf("%s: at %s, answered %d at %s: %s, repeat %t, %d heartbeats and %d more", x.name, p.at.Format(time.StampMilli), p.status, p.answered.Format(time.StampMilli), p.id, p.repeat, len(p.heartbeats), p.dropped)
		}
	}
}

// tells reports whether this is a request that its end did not refuse.
func (p parcel) tells() bool { return p.status != http.StatusTooManyRequests }

// count is of how many heartbeats an end took the news, and how soon after a time.
func (x *farEnd) count(from int, since time.Time) (heartbeats int, took time.Duration) {
	seen := map[string]bool{}
	names := map[string]bool{}
	for _, p := range x.all(from) {
		if p.status != http.StatusOK || p.id != "" && seen[p.id] {
			continue
		}
		seen[p.id] = true
		for _, h := range p.heartbeats {
			if !names[h.name] {
				names[h.name] = true
				heartbeats++
			}
		}
		heartbeats += p.dropped
		took = max(took, p.answered.Sub(since))
	}
	return heartbeats, took
}

// toldOnce asks that an end was told once of each of so many heartbeats, that what it was told again has the same ID and says that it
// may be a repeat, and that it was left alone when it asked for it. It returns how many requests were repeats.
func (x *farEnd) toldOnce(t *testing.T, from, heartbeats int, recovered bool) (repeats int) {
	t.Helper()
	list := x.all(from)
	total, taken, names := 0, []parcel{}, map[string]int{}
	for _, p := range list {
		if !p.tells() {
			if n := cameMeanwhile(list, p); n >= atOnce {
				t.Errorf("%s: %d requests came while it had asked to wait for %d s", x.name, n, busyPause)
			}
			continue
		}
		if slices.ContainsFunc(taken, p.isAgain) {
			repeats++
			if p.id != "" && !p.repeat {
				t.Errorf("%s: %s came again, unmarked", x.name, p.id)
			}
			continue
		}
		taken = append(taken, p)
		total += len(p.heartbeats) + p.dropped
		for _, h := range p.heartbeats {
			if names[h.name]++; h.recovered != recovered {
				t.Errorf("%s: of %s it is told that it has recovered: %t", x.name, h.name, h.recovered)
			}
		}
	}
	more := 0
	for _, n := range names {
		more += n - 1
	}
	if total != heartbeats || more > 0 || x.most > atOnce {
		t.Errorf("%s was told of %d heartbeats, want %d, and %d times more than once; %d requests at once", x.name, total, heartbeats, more, x.most)
	}
	return repeats
}

// isAgain reports whether this is the same as an earlier one. Alertmanager, which is told no ID, takes what names the same
// incidents for the same alerts.
func (p parcel) isAgain(earlier parcel) bool {
	if p.id != "" {
		return p.id == earlier.id
	}
	return slices.Equal(p.heartbeats, earlier.heartbeats)
}

// cameMeanwhile counts what came while an end had asked to wait. What was under way by then could not know.
func cameMeanwhile(list []parcel, busy parcel) (n int) {
	for _, p := range list {
		if p.at.After(busy.answered) && p.at.Before(busy.answered.Add(busyPause*time.Second)) {
			n++
		}
	}
	return n
}

// fiveEnds are the ends of five channels: three that are well, of which one takes its time, one that hangs, and one that is busy.
type fiveEnds struct {
	well       []*farEnd
	hang, busy *farEnd

	mu      sync.Mutex
	release chan struct{} // ends the hanging
	until   time.Time     // of being busy
	digest  chan struct{} // closed when the slow one is told a digest, if anybody waits for that
	from    map[*farEnd]int
}

func startFiveEnds(t *testing.T, n *localcluster.Node) *fiveEnds {
	x := &fiveEnds{release: make(chan struct{}), from: map[*farEnd]int{}}
	x.well = []*farEnd{
		startFarEnd(t, "slow", "webhook", x.answerSlowly), startFarEnd(t, "am", "alertmanager", atOnceOK), startFarEnd(t, "well", "webhook", atOnceOK),
	}
	x.hang = startFarEnd(t, "hang", "webhook", x.answerLate)
	x.busy = startFarEnd(t, "busy", "webhook", x.answerBusy)
	t.Cleanup(func() {
		for _, e := range x.all() {
			e.tell(t)
		}
	})
	t.Cleanup(x.stopHanging) // before the servers close, who wait for their requests
	for _, e := range x.all() {
		ask(t, 201, "POST", n.URL()+"/v1/channels", fields{"name": e.name, "kind": e.kind, "url": e.URL}, nil)
	}
	return x
}

func (x *fiveEnds) all() []*farEnd { return append([]*farEnd{x.hang, x.busy}, x.well...) }

// begin starts a round, in which one end hangs and one is busy for so long.
func (x *fiveEnds) begin(busy time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.release, x.until = make(chan struct{}), time.Now().Add(busy)
	for _, e := range x.all() {
		x.from[e] = len(e.all(0))
	}
}

// awaitDigest returns what is closed when the slow end is told the next digest, which it then does not answer.
func (x *fiveEnds) awaitDigest() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.digest = make(chan struct{})
	return x.digest
}

func (x *fiveEnds) answerSlowly(p *parcel, gone <-chan struct{}) int {
	x.mu.Lock()
	digest := x.digest
	if len(p.heartbeats)+p.dropped < 2 {
		digest = nil
	} else {
		x.digest = nil
	}
	x.mu.Unlock()
	if digest != nil {
		close(digest)
		<-gone
		return 0
	}
	time.Sleep(200 * time.Millisecond) // so that several are under way
	return http.StatusOK
}

func (x *fiveEnds) answerLate(_ *parcel, gone <-chan struct{}) int {
	x.mu.Lock()
	release := x.release
	x.mu.Unlock()
	select {
	case <-release:
	case <-gone:
	}
	return http.StatusOK
}

func (x *fiveEnds) answerBusy(*parcel, <-chan struct{}) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	if time.Now().Before(x.until) {
		return http.StatusTooManyRequests
	}
	return http.StatusOK
}

func (x *fiveEnds) stopHanging() {
	x.mu.Lock()
	defer x.mu.Unlock()
	select {
	case <-x.release:
	default:
		close(x.release)
	}
}
