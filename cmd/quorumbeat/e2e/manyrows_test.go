package e2e

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// pageClient is a browser without a screen: it is signed in, and takes compressed pages.
type pageClient struct {
	t *testing.T
	http.Client
	url string
}

func newPageClient(t *testing.T, url_ string) *pageClient {
	jar, err := cookiejar.New(nil)
	testkit.Must(t, err)
	c := &pageClient{t: t, url: url_, Client: http.Client{Jar: jar, Transport: &http.Transport{DisableCompression: true}}}
	answer, err := c.PostForm(url_+"/ui/login", url.Values{"key": {adminKey}})
	testkit.Must(t, err)
	testkit.Must(t, answer.Body.Close())
	return c
}

// get returns how long a page takes, how many bytes it has on the wire, and its text.
func (c *pageClient) get(path string) (took time.Duration, size int, text string) {
	c.t.Helper()
	req, err := http.NewRequest("GET", c.url+path, nil)
	testkit.Must(c.t, err)
	req.Header.Set("Accept-Encoding", "gzip")
	begun := time.Now()
	answer, err := c.Do(req)
	testkit.Must(c.t, err)
	defer answer.Body.Close()
	wire := &sized{r: answer.Body}
	plain, err := gzip.NewReader(wire)
	testkit.Must(c.t, err)
	whole, err := io.ReadAll(plain)
	testkit.Must(c.t, err)
	if answer.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %d %s", path, answer.StatusCode, whole)
	}
	return time.Since(begun), wire.n, string(whole)
}

// sized counts what is read through it.
type sized struct {
	r io.Reader
	n int
}

func (s *sized) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	s.n += n
	return n, err
}

// TestPagesOfManyHeartbeats holds pages to what they may cost, however many heartbeats there
// are: 2,000, or 100,000 where QUORUMBEAT_SOAK is set.
func TestPagesOfManyHeartbeats(t *testing.T) {
	t.Parallel()
	count := 2_000
	if os.Getenv("QUORUMBEAT_SOAK") != "" {
		count = 100_000
	}
	e := startPlain(t, 3)
	makeMany(t, e, count)
	h := create(t, e.Nodes[0], fields{"name": "the one", "tags": []string{"t1"}, "interval_secs": 86400})
	for range 120 {
		ping(t, e.Nodes[1], h)
	}
	c := newPageClient(t, e.Nodes[0].URL())
	for _, page := range []struct{ path, shows string }{
		{"/ui/", "Page 1 of "},
		{"/ui/?q=99&sort=due", "tbody"},
		{"/ui/?tag=t1&status=new&page=2", "Page 2 of "},
		{"/ui/?q=the+one", "the one"},
		{"/ui/heartbeats/" + h.ID, "the one"},
		{"/ui/incidents", "Nothing fails now"},
		{"/ui/cluster", "leader"},
	} {
		best, largest := time.Hour, 0
		for range 10 { // this machine does other things, too
			took, size, text := c.get(page.path)
			if !strings.Contains(text, page.shows) {
				t.Fatalf("%s does not show %s: %s", page.path, page.shows, text)
			}
			best, largest = min(best, took), max(largest, size)
		}
		t.Logf("%s with %d heartbeats: %v, %d bytes", page.path, count, best, largest)
		if best > 300*time.Millisecond || largest > 100_000 {
			t.Errorf("%s takes %v and %d bytes", page.path, best, largest)
		}
	}
}

// makeMany makes many heartbeats.
func makeMany(t *testing.T, e *env, count int) {
	var working sync.WaitGroup
	const workers = 32
	for w := range workers {
		working.Go(func() {
			for i := w; i < count; i += workers {
				a := call(t, adminKey, "POST", e.Nodes[w%3].URL()+"/v1/heartbeats", fields{"name": fmt.Sprintf("job %d of many", i), "interval_secs": 86400, "tags": []string{fmt.Sprint("t", i%10), "many"}})
				if a.status != http.StatusCreated {
					t.Errorf("%d: %d %s", i, a.status, a.body)
					return
				}
			}
		})
	}
	working.Wait()
}
