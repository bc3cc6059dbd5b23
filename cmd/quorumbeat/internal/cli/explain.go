package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/internal/unreachable"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Explain says what to do about an error of the API.
func Explain(s *Connection, err error) error {
	var api *heartbeat.APIError
	switch {
	case errors.Is(err, usage.Err), errors.Is(err, context.Canceled):
		return err
	case heartbeat.IsUnauthorized(err) && s.APIKey == "":
		return Failure("an API key is needed: set QUORUMBEAT_API_KEY or --api-key", "unauthorized")
	case heartbeat.IsUnauthorized(err):
		return Failure(s.URL+" does not know this API key: see QUORUMBEAT_API_KEY or --api-key", "unauthorized")
	case errors.As(err, &api) && api.Code != "":
		return Failure(api.Message, api.Code)
	case errors.As(err, &api):
		return Failure(fmt.Sprintf("%s answers %s, not like quorumbeat: see QUORUMBEAT_URL or --url", s.URL, orStatus(api)), "not_quorumbeat")
	}
	if words := unreachable.Why(err); words != "" {
		return Failure(fmt.Sprintf("no node answers at %s: %s; see QUORUMBEAT_URL or --url", s.URL, words), "unreachable")
	}
	return err
}

func orStatus(e *heartbeat.APIError) string {
	if e.Message == "" {
		return fmt.Sprintf("with HTTP %d", e.StatusCode)
	}
	return fmt.Sprintf("%q (HTTP %d)", e.Message, e.StatusCode)
}
