package heartbeat

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// APIError is an answer of the server that is no success.
type APIError struct {
	StatusCode int
	Code       string        // for machines, such as "not_found"
	Message    string        // for people
	RetryAfter time.Duration // 0: the server did not say
}

func (e *APIError) Error() string {
	return fmt.Sprintf("%s (HTTP %d %s)", e.Message, e.StatusCode, e.Code)
}

func newAPIError(res *http.Response, body []byte) *APIError {
	var words struct{ Error, Code string }
	e := &APIError{StatusCode: res.StatusCode}
	if json.Unmarshal(body, &words) == nil {
		e.Message, e.Code = words.Error, words.Code
	}
	if e.Message == "" {
		e.Message = http.StatusText(res.StatusCode)
	}
	if secs, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && secs > 0 {
		e.RetryAfter = time.Duration(secs) * time.Second
	}
	return e
}

// IsUnauthorized reports whether the server did not accept the API key.
func IsUnauthorized(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

// IsQuotaExceeded reports whether a quota of the server is reached.
func IsQuotaExceeded(err error) bool { return hasStatus(err, http.StatusPaymentRequired) }

// IsNotFound reports whether there is no such heartbeat, token or other thing.
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

func hasStatus(err error, status int) bool {
	var e *APIError
	return errors.As(err, &e) && e.StatusCode == status
}
