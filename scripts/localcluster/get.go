package localcluster

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"time"
)

// AnyCertificate takes what the nodes show, which were started here with one that nobody signed.
var AnyCertificate = &tls.Config{InsecureSkipVerify: true}

var client = &http.Client{
	Timeout: 5 * time.Second,
	Transport: &http.Transport{
		DisableKeepAlives: true, // nodes come and go
		TLSClientConfig:   AnyCertificate,
	},
}

func get(ctx context.Context, url, key string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// poll is the times between questions to a node: they grow with what was waited for already, as
// each takes processor time that the node may need.
type poll struct{ began time.Time }

func newPoll() poll { return poll{time.Now()} }

// next tells when it is time for the next question.
func (p poll) next() <-chan time.Time {
	return time.After(min(max(10*time.Millisecond, time.Since(p.began)/4), 100*time.Millisecond))
}
