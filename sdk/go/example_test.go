package heartbeat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Have a heartbeat, the same one at every start, and ping after each good run.
func Example() {
	ctx := context.Background()
	client := heartbeat.New("an-api-key", heartbeat.WithBaseURL(exampleNodes()...))
	hb, err := client.Ensure(ctx, "nightly-sync", heartbeat.CreateParams{
		IntervalSecs: 86400, // a ping is due every day
		GraceSecs:    3600,  // and may be an hour late
	})
	if err != nil {
		log.Fatal(err)
	}
	// The job runs here.
	if err := client.Ping(ctx, hb.Token); err != nil {
		log.Println("the monitor was not told:", err) // no reason to fail the job
	}
	hb, err = client.Get(ctx, hb.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(hb.Name, hb.Status, hb.PingsTotal)
	// Output: nightly-sync active 1
}

// With the addresses of all nodes, one of them may be down.
func ExampleWithBaseURL() {
	nodes := exampleNodes()
	client := heartbeat.New("", heartbeat.WithBaseURL("http://127.0.0.1:1", nodes[0]))
	err := client.Ping(context.Background(), exampleToken)
	fmt.Println(err)
	// Output: <nil>
}

// A job that pings is not to wait for its monitor for long.
func ExampleClient_Ping() {
	client := heartbeat.New("", heartbeat.WithBaseURL(exampleNodes()...))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := client.Ping(ctx, exampleToken); err != nil {
		log.Println("the monitor was not told:", err)
	}
	fmt.Println("done")
	// Output: done
}

// Signals of one run carry one run ID, so that its duration is known.
func ExampleClient_Exit() {
	ctx := context.Background()
	client := heartbeat.New("", heartbeat.WithBaseURL(exampleNodes()...))
	run := heartbeat.SignalParams{RunID: heartbeat.NewRunID()}
	if err := client.Start(ctx, exampleToken, run); err != nil {
		log.Println("the monitor was not told:", err)
	}
	status, output := 3, "disk full" // what came of the job
	run.Body = []byte(output)
	err := client.Exit(ctx, exampleToken, status, run)
	fmt.Println(err)
	// Output: <nil>
}

// A run that fails alerts at once.
func ExampleClient_Fail() {
	client := heartbeat.New("", heartbeat.WithBaseURL(exampleNodes()...))
	failure := errors.New("the warehouse does not answer")
	err := client.Fail(context.Background(), exampleToken, heartbeat.SignalParams{Body: []byte(failure.Error())})
	fmt.Println(err)
	// Output: <nil>
}

// What could not be told may be told later, as the same ping, with its own time.
func ExampleSignalParams() {
	client := heartbeat.New("", heartbeat.WithBaseURL(exampleNodes()...))
	p := heartbeat.SignalParams{Key: heartbeat.NewKey()}
	happened := time.Now()
	if err := client.Success(context.Background(), exampleToken, p); err != nil && !heartbeat.IsRefused(err) {
		p.At = happened // keep p, and send it again within 24 hours
	}
	fmt.Println(p.At.IsZero())
	// Output: true
}

func ExampleClient_Update() {
	client := heartbeat.New("an-api-key", heartbeat.WithBaseURL(exampleNodes()...))
	interval := 7200
	hb, err := client.Update(context.Background(), "hb_1", heartbeat.UpdateParams{IntervalSecs: &interval})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(hb.IntervalSecs)
	// Output: 7200
}

func ExampleClient_Pings() {
	client := heartbeat.New("an-api-key", heartbeat.WithBaseURL(exampleNodes()...))
	pings, err := client.Pings(context.Background(), "hb_1", heartbeat.PingsParams{Limit: 10})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range pings {
		fmt.Println(p.PingedAt.Format(time.DateTime))
	}
	// Output: 2026-05-02 03:04:05
}

func ExampleIsQuotaExceeded() {
	client := heartbeat.New("a-key-of-nobody", heartbeat.WithBaseURL(exampleNodes()...))
	_, err := client.Create(context.Background(), heartbeat.CreateParams{Name: "nightly-sync"})
	var answer *heartbeat.APIError
	switch {
	case heartbeat.IsUnauthorized(err):
		fmt.Println("see the API key")
	case heartbeat.IsQuotaExceeded(err):
		fmt.Println("delete what is not needed")
	case errors.As(err, &answer):
		fmt.Println(answer.StatusCode, answer.Code, answer.Message)
	}
	// Output: see the API key
}

const exampleToken = "0b5cbd4c-0ad9-4f4d-9d2e-6a7e3f1c2a10"

// exampleNodes starts what passes for a node of quorumbeat, until the program ends.
func exampleNodes() []string {
	pings, interval := 0, 86400
	hb := func() string {
		return fmt.Sprintf(`{"id":"hb_1","name":"nightly-sync","token":%q,"interval_secs":%d,"status":"active","pings_total":%d}`, exampleToken, interval, pings)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/pings"):
			fmt.Fprint(w, `{"pings":[{"id":"1","heartbeat_id":"hb_1","pinged_at":"2026-05-02T03:04:05.000Z"}]}`)
		case strings.Contains(r.URL.Path, exampleToken+"/ping"):
			pings++
			_, _ = io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, `{"status":"ok"}`)
		case r.Header.Get("Authorization") != "Bearer an-api-key":
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"the API key is not known","code":"unauthorized"}`)
		case r.Method == http.MethodPatch:
			interval = 7200
			fmt.Fprint(w, hb())
		default:
			fmt.Fprint(w, hb())
		}
	}))
	return []string{s.URL}
}
