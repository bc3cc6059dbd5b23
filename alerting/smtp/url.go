package smtp

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Security is how a connection to the SMTP server is protected.
type Security string

// The values of the URL's tls parameter.
const (
	StartTLS    Security = "starttls" // plain at first, then TLS or nothing (the default)
	ImplicitTLS Security = "implicit" // TLS from the first byte
	NoTLS       Security = "none"     // plain, only when told
)

// Target is a parsed SMTP URL.
type Target struct {
	Terminal bool // "stdout:": mails are shown, not sent
	Addr     string
	Host     string
	Security Security
	User     string
	Password string
	CA       string // PEM file of the authorities that vouch for the server; "": the system's
}

// ParseURL reads smtp://USER:PASSWORD@HOST:PORT?tls=starttls|implicit|none&ca=FILE,
// smtps://… (implicit TLS), or "stdout:". The port defaults to 587, 465 with
// implicit TLS, 25 without TLS. Errors wrap fsm.ErrConfig and never show the password.
func ParseURL(raw string) (Target, error) {
	if raw == "stdout:" {
		return Target{Terminal: true}, nil
	}
	bad := func(format string, args ...any) (Target, error) {
		return Target{}, fmt.Errorf("%w: --smtp-url %s", fsm.ErrConfig, fmt.Sprintf(format, args...))
	}
	if raw == "" {
		return bad("is not set: use smtp://user:password@host:587, or stdout: to show mails instead of sending them")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return bad("cannot be parsed: use smtp://user:password@host:587, with special characters of the password as %%XX")
	}
	t := Target{Host: u.Hostname(), Security: Security(u.Query().Get("tls")), CA: u.Query().Get("ca"), User: u.User.Username()}
	t.Password, _ = u.User.Password()
	switch {
	case u.Scheme == "":
		return bad("does not begin with smtp:// or smtps://: use smtp://user:password@host:587, or stdout: to show mails instead of sending them") // not shown: it may be a password
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return bad("begins with %q: use smtp:// or smtps://", u.Scheme+":")
	case t.Host == "":
		return bad("names no host: use smtp://user:password@host:587")
	case strings.Trim(u.Path, "/") != "":
		return bad("has a path, which means nothing here: leave it out, and write a / of the password as %%2F") // not shown: it may be of the password
	}
	for k, v := range u.Query() {
		switch {
		case k != "tls" && k != "ca":
			return bad("has a parameter other than tls and ca: leave it out, and write a ? of the password as %%3F")
		case len(v) != 1 || v[0] == "":
			return bad("says tls or ca twice, or not what: use tls=starttls, implicit or none, and ca=FILE, once each")
		}
	}
	if what := contradictionIn(u, t); what != "" {
		return bad("%s", what)
	}
	if t.Security == "" {
		t.Security = map[string]Security{"smtp": StartTLS, "smtps": ImplicitTLS}[u.Scheme]
	}
	port := map[Security]string{StartTLS: "587", ImplicitTLS: "465", NoTLS: "25"}[t.Security]
	if port == "" {
		return bad("has an unknown value of tls: use starttls, implicit or none")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	t.Addr = net.JoinHostPort(t.Host, port)
	if t.User != "" && t.Security == NoTLS && !isLoopback(t.Host) {
		return bad("would send a password over an unprotected connection to %s: use tls=starttls or tls=implicit", t.Host)
	}
	return t, nil
}

// contradictionIn tells of parts of a URL that cannot both be meant, "" if there are none.
// It shows nothing of them: they may be of the password.
func contradictionIn(u *url.URL, t Target) string {
	port, err := strconv.ParseUint(cmp.Or(u.Port(), "1"), 10, 16)
	switch {
	case u.Scheme == "smtps" && t.Security != "" && t.Security != ImplicitTLS:
		return "says smtps, which is TLS from the first byte, and another tls: use smtp:// with it, or leave tls out"
	case t.CA != "" && t.Security == NoTLS:
		return "names a ca file for a connection without TLS: leave out ca, or use tls=starttls or tls=implicit"
	case t.User == "" && t.Password != "":
		return "has a password without a user: use smtp://user:password@host:587"
	case u.Fragment != "" || u.Opaque != "":
		return "has a fragment, which means nothing here: leave it out, and write a # of the password as %23"
	case err != nil || port == 0:
		return "has a port that is none: use 1 to 65535"
	}
	return ""
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
