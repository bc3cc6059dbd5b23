package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
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
	if words := explainConnection(err); words != "" {
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

// explainConnection says why a node could not be asked, "" if that is not why.
func explainConnection(err error) string {
	var dns *net.DNSError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout net.Error
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %s is not known", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there (connection refused)"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "it took too long"
	case errors.As(err, &authority):
		return "its certificate is of an authority that this machine does not know (SSL_CERT_FILE names more)"
	case errors.As(err, &host):
		return "its certificate is for another name"
	case errors.As(err, &certificate):
		return fmt.Sprintf("its certificate is not valid (%v)", certificate.Err)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch), strings.Contains(err.Error(), "gave HTTP response to HTTPS client"):
		return "it speaks HTTP without TLS: use http://"
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return ""
}
