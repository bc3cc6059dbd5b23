// Package unreachable says in plain words why a server could not be asked: people read them in
// alerts, logs and terminals, and the words of Go's libraries tell them little.
package unreachable

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// TooLong says that something did not come in time.
const TooLong = "it took too long"

// Error is an error and what it means in plain words, which are all that it says.
type Error struct {
	Words string
	Cause error
}

func (e *Error) Error() string { return e.Words }
func (e *Error) Unwrap() error { return e.Cause }

// Explain returns an error that says in plain words what err says, and wraps it. It returns err
// if that is explained already or is none of a connection.
func Explain(err error) error {
	var explained *Error
	if err == nil || errors.As(err, &explained) {
		return err
	}
	if words := Why(err); words != "" {
		return &Error{words, err}
	}
	return err
}

// Why says why a server could not be asked; "" if the error is none of a connection. It names
// no address of this machine or of its network.
func Why(err error) string {
	for _, why := range []func(error) string{whyNoName, whyNoTLS, whyNoConnection} {
		if words := why(err); words != "" {
			return words
		}
	}
	return ""
}

func whyNoName(err error) string {
	var dns *net.DNSError
	switch {
	case !errors.As(err, &dns):
		return ""
	case dns.IsNotFound:
		return fmt.Sprintf("the name %s is not known", dns.Name)
	case dns.IsTimeout, errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("the name %s could not be looked up in time: see to this machine's DNS", dns.Name)
	}
	return fmt.Sprintf("the name %s could not be looked up: see to this machine's DNS", dns.Name)
}

func whyNoTLS(err error) string {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &authority):
		return "its certificate is of an authority that this machine does not know (SSL_CERT_FILE names more)"
	case errors.As(err, &host):
		return fmt.Sprintf("its certificate is for another name, not for %s", host.Host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		return fmt.Sprintf("its certificate holds from %s to %s only: see to it, or to this machine's clock", day(invalid.Cert.NotBefore), day(invalid.Cert.NotAfter))
	case errors.As(err, &certificate):
		return fmt.Sprintf("its certificate is not valid (%s)", strings.TrimPrefix(certificate.Err.Error(), "x509: "))
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record), strings.Contains(err.Error(), "gave HTTP response to HTTPS client"):
		return "it speaks without TLS there: use http://, or its port for TLS"
	case strings.Contains(err.Error(), "protocol version"):
		return "it knows only versions of TLS older than 1.2, which are not safe"
	case errors.As(err, &op) && op.Op == "remote error": // an alert of TLS, whose type is not exported
		return fmt.Sprintf("it refuses TLS with this machine (%s)", strings.TrimPrefix(op.Err.Error(), "tls: "))
	}
	return ""
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func whyNoConnection(err error) string {
	var timeout net.Error
	var op *net.OpError
	ofSocket := errors.As(err, &op) // files know some of these errors too
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there (connection refused)"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTDOWN), errors.Is(err, syscall.ENETDOWN):
		return "there is no way to it from this machine (no route)"
	case ofSocket && (errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM)):
		return "a firewall of this machine lets nothing through to it"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return TooLong
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.ECONNABORTED), ofSocket && errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it closed the connection"
	case errors.Is(err, net.ErrClosed):
		return "the connection was closed from here"
	case ofSocket:
		return inner(op.Err)
	}
	return ""
}

// inner is what the system says, without the call that it says it of.
func inner(err error) string {
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return err.Error()
}
