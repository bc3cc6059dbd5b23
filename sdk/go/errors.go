package heartbeat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// APIError is an answer of the server that is no success.
type APIError struct {
	StatusCode int
	Code       string        // for machines, such as "not_found"; "": it is not quorumbeat that answers
	Message    string        // for people
	RetryAfter time.Duration // 0: the server did not say
}

func (e *APIError) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%s (HTTP %d)", e.Message, e.StatusCode)
	}
	return fmt.Sprintf("%s (HTTP %d %s)", e.Message, e.StatusCode, e.Code)
}

func newAPIError(res *http.Response, body []byte) *APIError {
	var words struct{ Error, Code string }
	e := &APIError{StatusCode: res.StatusCode, RetryAfter: retryAfter(res.Header)}
	if json.Unmarshal(body, &words) == nil {
		e.Message, e.Code = words.Error, words.Code
	}
	if e.Message == "" {
		e.Message = http.StatusText(res.StatusCode)
	}
	switch to, err := url.Parse(res.Header.Get("Location")); {
	case err != nil || to.String() == "" || res.StatusCode/100 != 3:
	case to.Host != "":
		e.Message += fmt.Sprintf(": it redirects elsewhere, which is not followed; use the base URL %s://%s if that is right", to.Scheme, to.Host)
	default:
		e.Message += ": it redirects to another path, which is not followed; correct the base URL"
	}
	return e
}

// retryAfter reads both forms of the header: seconds and a date.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if secs, err := strconv.Atoi(text); err == nil {
		return max(0, time.Duration(min(secs, 1<<31))*time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// callError is the last error of a call, and what its attempts came to.
type callError struct {
	last     error
	attempts int
	unsure   bool // one of them may have been recorded
}

func (e *callError) Error() string {
	if e.attempts == 1 {
		return e.last.Error()
	}
	return fmt.Sprintf("%v (after %d attempts)", e.last, e.attempts)
}

func (e *callError) Unwrap() error { return e.last }

func (e *callError) add(f failure) {
	e.last, e.attempts, e.unsure = f.err, e.attempts+1, e.unsure || f.unsure
}

// told is the error for the caller: the server's own words if there is no more to
// say.
func (e *callError) told() error {
	if e.attempts == 1 && !e.unsure {
		return e.last
	}
	return e
}

// ended is the error of a call whose context is over.
func (e *callError) ended(ctx context.Context) error {
	if !errors.Is(e.last, ctx.Err()) {
		e.last = fmt.Errorf("%w, and before that: %w", ctx.Err(), e.last)
	}
	return e.told()
}

// IsInvalid reports whether the server did not accept a value; the words name it.
func IsInvalid(err error) bool { return hasStatus(err, http.StatusBadRequest) }

// IsUnauthorized reports whether the server did not accept the API key.
func IsUnauthorized(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

// IsQuotaExceeded reports whether a quota of the server is reached.
func IsQuotaExceeded(err error) bool { return hasStatus(err, http.StatusPaymentRequired) }

// IsForbidden reports whether the API key's scope does not allow it.
func IsForbidden(err error) bool { return hasStatus(err, http.StatusForbidden) }

// IsNotFound reports whether there is no such heartbeat, token or other thing.
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// IsConflict reports whether the thing is not in a state for it.
func IsConflict(err error) bool { return hasStatus(err, http.StatusConflict) }

// IsRateLimited reports whether there were too many requests.
func IsRateLimited(err error) bool { return hasStatus(err, http.StatusTooManyRequests) }

// IsUnavailable reports whether the cluster could not do it now.
func IsUnavailable(err error) bool { return hasStatus(err, http.StatusServiceUnavailable) }

// IsUnknownOutcome reports whether what failed may nevertheless have been done. A
// ping may simply be sent again under its SignalParams.Key.
func IsUnknownOutcome(err error) bool {
	var e *callError
	return errors.As(err, &e) && e.unsure
}

// IsRefused reports whether the server refused it for good: the same request would
// be refused again.
func IsRefused(err error) bool {
	var e *APIError
	return errors.As(err, &e) && e.Code != "" && judge(e).final
}

func hasStatus(err error, status int) bool {
	var e *APIError
	return errors.As(err, &e) && e.StatusCode == status
}
