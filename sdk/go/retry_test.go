package heartbeat

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestACallGoesOnToTheNextNodeAndStaysThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeNodes(t)
		f.hosts["b"], f.hosts["c"] = taken, taken
		c := f.client("a b c")
		for _, want := range []string{"a b", "b", "b"} {
			began := time.Now()
			if err := c.Ping(t.Context(), token); err != nil {
				t.Fatal(err)
			}
			if got := f.trace(); got != want {
				t.Errorf("asked %q, want %q", got, want)
			}
			within(t, "the call", time.Since(began), 0, 0) // no pause before another node
		}
		f.hosts["a"], f.hosts["b"] = taken, breaks
		_ = c.Ping(t.Context(), token)
		delete(f.hosts, "c")
		_ = c.Ping(t.Context(), token)
		if got := f.trace(); got != "b c c a" {
			t.Errorf("asked %q", got)
		}
	})
}

func TestANodeThatHangsCostsOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeNodes(t)
		f.hosts["a"], f.hosts["b"], f.hosts["c"] = hangs, hangs, taken
		c := f.client("a b c")
		began := time.Now()
		if err := c.Ping(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		within(t, "the first call", time.Since(began), 10*time.Second, 10*time.Second)
		began = time.Now()
		if err := c.Ping(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		within(t, "the second call", time.Since(began), 0, 0)
	})
}

func TestADeadlineIsSharedAmongTheNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeNodes(t)
		f.hosts["a"], f.hosts["b"], f.hosts["c"] = hangs, hangs, taken
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := f.client("a b c").Ping(ctx, token); err != nil {
			t.Fatal(err)
		}
		within(t, "the call", time.Since(began), 2*time.Second, 2*time.Second)
	})
}

func TestASingleNodeMayHoldAPingThroughAnElection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeNodes(t)
		f.hosts["a"] = func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(10 * time.Second)
			taken(w, r)
		}
		if err := f.client("a").Ping(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if got := f.trace(); got != "a" {
			t.Errorf("asked %q", got)
		}
	})
}

func TestRetriesAreOnePing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeNodes(t)
		f.hosts["a"] = inTurn(breaks, refuses(503, "unknown_outcome", "1"), hangs, refuses(502, "", ""), taken, taken)
		f.hosts["b"] = refuses(503, "no_leader", "")
		c := f.client("a b")
		began := time.Now()
		if err := c.Fail(t.Context(), token, SignalParams{RunID: "r", Body: []byte("it burns")}); err != nil {
			t.Fatal(err)
		}
		if err := c.Ping(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		all := f.take()
		if len(all) != 10 {
			t.Fatalf("%d requests", len(all))
		}
		for i, s := range all[:9] {
			if s.key == "" || len(s.key) > 64 || s.key != all[0].key || s.target != all[0].target || s.body != "it burns" {
				t.Errorf("attempt %d is another ping: %+v, the first %+v", i, s, all[0])
			}
		}
		if all[9].key == all[0].key {
			t.Error("two pings have the same key")
		}
		within(t, "five rounds", time.Since(began), 5*time.Second+3750*time.Millisecond, 5*time.Second+12*time.Second)
	})
}

func TestRetriesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeNodes(t)
		c := f.client("a b", WithRetries(2))
		err := c.Ping(t.Context(), token)
		if got := f.trace(); got != "a b a b a b" {
			t.Errorf("asked %q", got)
		}
		if err == nil || !strings.Contains(err.Error(), "connection refused") || !strings.Contains(err.Error(), "6 attempts") || IsUnknownOutcome(err) {
			t.Errorf("the error is %v", err)
		}
		f.hosts["a"], f.hosts["b"] = hangs, hangs
		began := time.Now()
		err = f.client("a b", WithRetries(1000)).Ping(t.Context(), token)
		within(t, "a call without a deadline", time.Since(began), 50*time.Second, 70*time.Second)
		if !IsUnknownOutcome(err) {
			t.Errorf("the error is %v", err)
		}
		f.take()
		if err := f.client("a", WithRetries(0)).Ping(t.Context(), token); err == nil || f.trace() != "a" {
			t.Errorf("without retries: %v", err)
		}
	})
}

func TestWaitsGrowAndDiffer(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		seen[backoff(0)] = true
		for round, base := range []time.Duration{500, 1000, 2000, 4000, 8000, 8000} {
			base *= time.Millisecond
			within(t, "a pause", backoff(round), base/2, base*3/2)
		}
	}
	if len(seen) < 50 {
		t.Errorf("100 pauses had %d lengths", len(seen))
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for name, c := range map[string]struct {
		hosts    string
		a, b     http.HandlerFunc
		trace    string
		from, to time.Duration
	}{
		"a single node":                  {"a", inTurn(refuses(503, "no_leader", "7"), taken), nil, "a a", 7 * time.Second, 9 * time.Second},
		"another node is asked at once":  {"a b", inTurn(refuses(503, "shutting_down", "7"), hangs), taken, "a b", 0, 0},
		"no node sooner than it said":    {"a b", inTurn(refuses(503, "no_leader", "7"), taken), refuses(503, "no_leader", "1"), "a b a", 7 * time.Second, 9 * time.Second},
		"all nodes if the leader is so":  {"a b", refuses(503, "overloaded", "2"), taken, "a b", 2 * time.Second, 3 * time.Second},
		"too many requests":              {"a b", refuses(429, "rate_limited", "3"), taken, "a b", 3 * time.Second, 4 * time.Second},
		"too many requests, no word how": {"a b", refuses(429, "rate_limited", ""), taken, "a b", 250 * time.Millisecond, 750 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeNodes(t)
				f.hosts["a"], f.hosts["b"] = c.a, c.b
				began := time.Now()
				if err := f.client(c.hosts).Ping(t.Context(), token); err != nil {
					t.Fatal(err)
				}
				if got := f.trace(); got != c.trace {
					t.Errorf("asked %q, want %q", got, c.trace)
				}
				within(t, "the call", time.Since(began), c.from, c.to)
			})
		})
	}
}

func TestAWaitThatDoesNotFitIsNotBegun(t *testing.T) {
	for name, c := range map[string]struct {
		retryAfter string
		deadline   time.Duration
	}{
		"longer than the context":   {"20", 10 * time.Second},
		"longer than anybody waits": {"3600", time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeNodes(t)
				f.hosts["a"] = refuses(429, "rate_limited", c.retryAfter)
				ctx, cancel := context.WithTimeout(t.Context(), c.deadline)
				defer cancel()
				began := time.Now()
				err := f.client("a").Ping(ctx, token)
				var api *APIError
				if !IsRateLimited(err) || !errors.As(err, &api) || api.RetryAfter < 20*time.Second {
					t.Errorf("the error is %v", err)
				}
				within(t, "the call", time.Since(began), 0, 0)
			})
		})
	}
}

func TestAContextEndsACallAtOnce(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"in an attempt": hangs,
		"in a pause":    refuses(503, "no_leader", "9"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeNodes(t)
				f.hosts["a"] = serve
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(2*time.Second, cancel)
				began := time.Now()
				err := f.client("a").Ping(ctx, token)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("the error is %v", err)
				}
				within(t, "the call", time.Since(began), 2*time.Second, 2*time.Second)
			})
		})
	}
}

func TestWhatIsRefusedIsNotRepeated(t *testing.T) {
	for status, is := range map[int]func(error) bool{
		400: IsInvalid, 401: IsUnauthorized, 402: IsQuotaExceeded, 403: IsForbidden, 404: IsNotFound, 405: nil, 409: IsConflict, 413: nil, 431: nil, 301: nil, 202: nil,
	} {
		f := newFakeNodes(t)
		f.hosts["a"], f.hosts["b"] = refuses(status, "some_word", "1"), taken
		err := f.client("a b").Ping(t.Context(), token)
		if got := f.trace(); got != "a" {
			t.Errorf("%d: asked %q", status, got)
		}
		api, ok := err.(*APIError) //nolint:errorlint // as clients in the field do
		if !ok || api.StatusCode != status || api.Code != "some_word" || is != nil && !is(err) || IsUnknownOutcome(err) || !IsRefused(err) {
			t.Errorf("%d: the error is %v", status, err)
		}
	}
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeNodes(t)
			f.hosts["a"] = inTurn(refuses(status, "", ""), taken)
			if err := f.client("a").Ping(t.Context(), token); err != nil || f.trace() != "a a" {
				t.Errorf("%d was not tried again: %v", status, err)
			}
		})
	}
}

func TestAnAnswerOfSomebodyElseIsNoSuccess(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"a page":          func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>welcome</html>")) },
		"other JSON":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) },
		"nothing":         func(http.ResponseWriter, *http.Request) {},
		"half the answer": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"status":"o`)) },
	} {
		f := newFakeNodes(t)
		f.hosts["a"], f.hosts["b"] = serve, taken
		if err := f.client("a b").Ping(t.Context(), token); err != nil || f.trace() != "a b" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCreateIsRepeatedOnlyIfItWasNotDone(t *testing.T) {
	for name, c := range map[string]struct {
		a      http.HandlerFunc
		repeat bool
	}{
		"nobody there":       {nil, true},
		"no leader":          {refuses(503, "no_leader", ""), true},
		"overloaded":         {refuses(503, "overloaded", ""), true},
		"too many":           {refuses(429, "", ""), true},
		"connection lost":    {breaks, false},
		"unknown outcome":    {refuses(503, "unknown_outcome", "1"), false},
		"a balancer's words": {refuses(503, "", ""), false},
		"an internal error":  {refuses(500, "internal", ""), false},
		"no answer":          {hangs, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeNodes(t)
				f.hosts["a"] = c.a
				f.hosts["b"] = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"id":"hb_1"}`)) }
				h, err := f.client("a b").Create(t.Context(), CreateParams{Name: "job"})
				want := "a"
				if c.repeat {
					want = "a b"
				}
				if got := f.trace(); got != want {
					t.Errorf("asked %q, want %q", got, want)
				}
				if c.repeat && (err != nil || h.ID != "hb_1") || !c.repeat && !IsUnknownOutcome(err) {
					t.Errorf("%v, %v", h, err)
				}
			})
		})
	}
}

func TestADeleteThatWasDoneIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeNodes(t)
		f.hosts["a"] = inTurn(breaks, refuses(404, "not_found", ""))
		if err := f.client("a").Delete(t.Context(), "hb_1"); err != nil {
			t.Errorf("after a lost answer: %v", err)
		}
		f.hosts["a"] = inTurn(refuses(503, "no_leader", ""), refuses(404, "not_found", ""))
		if err := f.client("a").Delete(t.Context(), "hb_1"); !IsNotFound(err) {
			t.Errorf("after a refusal: %v", err)
		}
	})
}

func TestABackupMayTakeItsTimeButNotPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeNodes(t)
		f.hosts["b"] = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 100)) }
		body, err := f.client("a b").Backup(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		part := make([]byte, 10)
		for range 10 {
			time.Sleep(time.Minute) // a slow disk
			if _, err := body.Read(part); err != nil {
				t.Fatal(err)
			}
		}
	})
}
