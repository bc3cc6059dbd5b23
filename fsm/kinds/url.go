package kinds

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const maxURL = 2000 // bytes

// ParseURL reads the URL of a request. It tells what is wrong without repeating the URL,
// which may be a secret.
func ParseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case len(raw) > maxURL:
		return nil, fmt.Errorf("a URL of %d bytes; it may have %d", len(raw), maxURL)
	case err != nil:
		return nil, errors.New("it is no URL; it must be like https://example.com/path")
	case u.Scheme != "https" && u.Scheme != "http", u.Opaque != "":
		return nil, errors.New("it must begin with https:// or http://")
	case u.Hostname() == "" || strings.ContainsAny(u.Host, " \t\\\"<>^`{}|"):
		return nil, errors.New("its host is missing or malformed")
	case u.User != nil:
		return nil, errors.New("it holds a user name or password: leave them out, no service takes them from there")
	case u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return nil, errors.New("it has a fragment (#…), which is never sent")
	case strings.ContainsFunc(u.Host, func(c rune) bool { return c > '~' || c < '!' }):
		return nil, errors.New("its host is not ASCII: use the xn-- form")
	case !isPort(u):
		return nil, errors.New("its port must be 1 to 65535")
	}
	return u, nil
}

// isPort reports whether a URL has a port that exists, or none.
func isPort(u *url.URL) bool {
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0 || u.Port() == "" && !strings.HasSuffix(u.Host, ":")
}
