package proxied

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// ParsePublicURL reads the URL that clients reach the cluster at, through whatever proxy,
// and returns it without a slash at its end.
func ParsePublicURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" || !IsHost(u.Host):
		return "", fmt.Errorf("%w: --public-url is %q; it must be like https://beat.example.com or https://example.com/beat", fsm.ErrConfig, clipped(text))
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#"):
		return "", fmt.Errorf("%w: --public-url has a user, a query or a fragment; it must be a scheme, a host and maybe a path", fsm.ErrConfig)
	case u.EscapedPath() != (&url.URL{Path: u.Path}).EscapedPath() || strings.Contains(u.Path, "//") || strings.Contains(u.Path+"/", "/../") || strings.Contains(u.Path+"/", "/./"):
		return "", fmt.Errorf("%w: --public-url has an odd path %q; it must be a plain one like /beat", fsm.ErrConfig, clipped(u.Path))
	}
	return strings.TrimRight(u.Scheme+"://"+u.Host+u.EscapedPath(), "/"), nil
}

func clipped(text string) string { return text[:min(len(text), 120)] }

// IsHost reports whether text is a host name or an address, with or without a port.
func IsHost(text string) bool {
	host, port := text, ""
	if i := strings.LastIndexByte(text, ':'); i > strings.LastIndexByte(text, ']') {
		if host, port = text[:i], text[i+1:]; !isPort(port) {
			return false
		}
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return readNode(host).Is6()
	}
	return len(host) <= 253 && isName(host)
}

func isPort(port string) bool {
	return len(port) > 0 && len(port) <= 5 && strings.Trim(port, "0123456789") == ""
}

// isName reports whether text has the characters of a host name; underscores are none,
// but Docker's names have them.
func isName(text string) bool {
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return strings.Trim(text, ".-") != ""
}
