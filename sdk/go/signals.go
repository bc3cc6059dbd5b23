package heartbeat

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

// MaxBody is how much of a signal's body is sent and kept, in bytes. The rest is
// cut off, at the end of a character.
const MaxBody = 10_000

// Signal is what a job tells about itself.
type Signal string

// The signals. ExitStatus makes the others.
const (
	SignalSuccess Signal = ""      // it went well: a ping
	SignalStart   Signal = "start" // it begins; if it does not end within the grace, that is a miss
	SignalFail    Signal = "fail"  // it failed: alerts at once
	SignalLog     Signal = "log"   // a note, which changes nothing
)

// ExitStatus is the signal of a job that ended with a status of 0 to 255. 0 is a
// success, any other a failure.
func ExitStatus(status int) Signal { return Signal(strconv.Itoa(status)) }

// SignalParams are what goes with a signal. The zero value is fine.
type SignalParams struct {
	RunID string    // a UUID that ties the signals of one run together; see NewRunID
	Body  []byte    // what the job has to say; see MaxBody
	At    time.Time // when it happened, if that was a while ago, at most 24 h; zero: now

	// Metrics are numbers that the run has to tell, at most 16: names of a-z, 0-9, _ and .,
	// which begin with a letter or _. They are shown with the ping and compared by the
	// heartbeat's checks. Those that are not finite are not sent.
	Metrics map[string]float64

	// Key makes the signals sent with it one and the same, also across processes:
	// at most 64 characters. Without one every call is a signal of its own, whose
	// retries share a key.
	Key string
}

// Ping records a good run. The token is the credential; no API key is needed.
func (c *Client) Ping(ctx context.Context, token string) error {
	_, err := c.Signal(ctx, token, SignalSuccess, SignalParams{})
	return err
}

// Start records that a run begins.
func (c *Client) Start(ctx context.Context, token string, p SignalParams) error {
	_, err := c.Signal(ctx, token, SignalStart, p)
	return err
}

// Success is Ping with particulars.
func (c *Client) Success(ctx context.Context, token string, p SignalParams) error {
	_, err := c.Signal(ctx, token, SignalSuccess, p)
	return err
}

// Fail records that a run failed, and alerts at once.
func (c *Client) Fail(ctx context.Context, token string, p SignalParams) error {
	_, err := c.Signal(ctx, token, SignalFail, p)
	return err
}

// Log records a note.
func (c *Client) Log(ctx context.Context, token string, p SignalParams) error {
	_, err := c.Signal(ctx, token, SignalLog, p)
	return err
}

// Exit records with what status of 0 to 255 a run ended.
func (c *Client) Exit(ctx context.Context, token string, status int, p SignalParams) error {
	_, err := c.Signal(ctx, token, ExitStatus(status), p)
	return err
}

// Signal sends any signal. It returns the heartbeat's "ok" or "paused".
func (c *Client) Signal(ctx context.Context, token string, s Signal, p SignalParams) (status string, err error) {
	path, err := signalPath(token, s, p)
	if err != nil {
		return "", err
	}
	if p.Key == "" {
		p.Key = NewKey()
	}
	r := request{method: http.MethodPost, path: path, keyless: true, idempotency: p.Key}
	if len(p.Body) > 0 {
		r.body, r.contentType = cutBody(p.Body), "text/plain; charset=utf-8"
	}
	var out pingAnswer
	if err := c.call(ctx, r, nil, &out); err != nil {
		return "", err
	}
	return out.Status, nil
}

func signalPath(token string, s Signal, p SignalParams) (string, error) {
	switch s {
	case SignalSuccess, SignalStart, SignalFail, SignalLog:
	default:
		if n, err := strconv.ParseUint(string(s), 10, 8); err != nil || strconv.FormatUint(n, 10) != string(s) {
			return "", fmt.Errorf("%q is no signal: an exit status is 0 to 255", string(s))
		}
	}
	path := heartbeatPath(token, "/ping")
	if s != SignalSuccess {
		path += "/" + string(s)
	}
	q := url.Values{}
	if p.RunID != "" {
		q.Set("rid", p.RunID)
	}
	if !p.At.IsZero() {
		q.Set("at", p.At.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	for name, v := range p.Metrics {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			q.Set("m."+name, strconv.FormatFloat(v, 'g', -1, 64))
		}
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path, nil
}

// pingAnswer is not taken from anybody who merely answers 200.
type pingAnswer struct{ Status string }

func (a *pingAnswer) check() error {
	if a.Status != "ok" && a.Status != "paused" {
		return fmt.Errorf("a ping was answered %.20q", a.Status)
	}
	return nil
}

// cutBody returns the first MaxBody bytes, without a character that is cut in two.
func cutBody(b []byte) []byte {
	if len(b) <= MaxBody {
		return b
	}
	end := MaxBody
	for end > MaxBody-utf8.UTFMax && !utf8.RuneStart(b[end]) {
		end--
	}
	return b[:end]
}

// NewRunID makes a SignalParams.RunID.
func NewRunID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])                      // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4, variant 1
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// NewKey makes a SignalParams.Key.
func NewKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
