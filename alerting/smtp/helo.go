package smtp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// nameLimit is for looking up this machine's name.
const nameLimit = 2 * time.Second

// machineName is what this machine calls itself to a mail server.
type machineName struct {
	mu    sync.Mutex
	found string // "": not yet
}

// lookUp returns the machine's full domain name, else, as RFC 5321 section 4.1.3 has it, its
// address in brackets. A name that was not found is looked for again the next time.
func (m *machineName) lookUp(ctx context.Context, local net.Addr) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.found == "" {
		ctx, cancel := context.WithTimeout(ctx, nameLimit)
		defer cancel()
		m.found = findFullName(ctx)
	}
	if m.found == "" {
		return addressLiteral(local)
	}
	return m.found
}

// findFullName finds the machine's name as `hostname -f` does; "" if it has none.
func findFullName(ctx context.Context) string {
	host, err := os.Hostname()
	if err != nil {
		return ""
	}
	return firstFullName(host, func() (names []string) {
		if name, err := net.DefaultResolver.LookupCNAME(ctx, host); err == nil {
			names = append(names, name)
		}
		addrs, _ := net.DefaultResolver.LookupHost(ctx, host)
		for _, a := range addrs {
			found, _ := net.DefaultResolver.LookupAddr(ctx, a)
			names = append(names, found...)
		}
		return names
	})
}

// firstFullName is the host's name if that is a full one, else the first full one of its
// aliases that begins with it.
func firstFullName(host string, aliases func() []string) string {
	if isFullName(host) {
		return host
	}
	for _, name := range aliases() {
		name = strings.TrimSuffix(name, ".")
		if isFullName(name) && strings.HasPrefix(strings.ToLower(name), strings.ToLower(host)+".") {
			return name
		}
	}
	return ""
}

// isFullName reports whether a name means something beyond this machine.
func isFullName(name string) bool {
	return strings.Contains(name, ".") && isDomainName(name) && !strings.HasSuffix(name, ".localdomain") && !strings.HasPrefix(name, "localhost.")
}

// isDomainName reports whether a name is made of labels of letters, digits and hyphens.
func isDomainName(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label || strings.ContainsFunc(label, notInLabel) {
			return false
		}
	}
	return len(name) <= 253
}

func notInLabel(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-')
}

func addressLiteral(a net.Addr) string {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return "[127.0.0.1]"
	}
	if ip := ap.Addr().Unmap().WithZone(""); ip.Is6() {
		return "[IPv6:" + ip.String() + "]"
	} else {
		return "[" + ip.String() + "]"
	}
}

// ValidateHelo checks a name for EHLO: a domain name, or an address in brackets.
func ValidateHelo(name string) error {
	inner, bracketed := strings.CutPrefix(name, "[")
	if bracketed {
		inner, bracketed = strings.CutSuffix(inner, "]")
		text, six := strings.CutPrefix(inner, "IPv6:")
		if ip, err := netip.ParseAddr(text); bracketed && err == nil && ip.Is6() == six && ip.Zone() == "" {
			return nil
		}
	} else if name == "" || isDomainName(name) {
		return nil
	}
	return fmt.Errorf("%w: --smtp-helo is %q: use this machine's name in the DNS, like node1.example.com, or its address in brackets, like [192.0.2.1]", fsm.ErrConfig, name)
}
