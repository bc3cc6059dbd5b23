package fsm

import "strings"

// Lengths of RFC 5321, section 4.5.3.1, and of the DNS.
const (
	maxLocalLen  = 64
	maxDomainLen = 253
	maxLabelLen  = 63
)

// ValidateEmail checks one bare address, as it stands in an SMTP command: what it accepts
// can be written in a mail and sent. Quoted local parts, address literals and what is not
// ASCII are refused: few servers take them.
func ValidateEmail(addr string) error {
	local, domain, found := strings.Cut(addr, "@")
	switch {
	case len(addr) > MaxEmailLen:
		return invalidf("an address of %d bytes; it may have %d", len(addr), MaxEmailLen)
	case strings.ContainsFunc(addr, func(c rune) bool { return c > '~' }):
		return invalidf("%q is not an e-mail address that every server takes: use ASCII, and the xn-- form of the domain", addr)
	case !found || local == "" || domain == "":
		return invalidf("%q is not an e-mail address; it must be like ops@example.com", addr)
	case strings.ContainsAny(addr, "<>\" "):
		return invalidf("%q is not a bare e-mail address: leave out names, quotes, spaces and angle brackets", addr)
	case strings.ContainsFunc(local, needsQuotes):
		return invalidf("%q is not an e-mail address: only printable ASCII without spaces, quotes and brackets", addr)
	case hasEmptyPart(local) || len(local) > maxLocalLen:
		return invalidf("%q is not an e-mail address: before the @ it needs 1 to %d characters, and no dot at an end or beside another", addr, maxLocalLen)
	case hasEmptyPart(domain):
		return invalidf("%q is not an e-mail address: its domain has an empty part", addr)
	case !isDomain(domain):
		return invalidf("%q is not an e-mail address: its domain must be of letters, digits, hyphens and dots, like mail.example.com", addr)
	}
	return nil
}

// hasEmptyPart reports whether a part between dots is empty.
func hasEmptyPart(s string) bool {
	return strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..")
}

// needsQuotes tells what a local part needs quotes for.
func needsQuotes(c rune) bool {
	return !isAlphanumeric(c) && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", c)
}

func isAlphanumeric(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabelLen || strings.Trim(label, "-") != label ||
			strings.ContainsFunc(label, func(c rune) bool { return !isAlphanumeric(c) && c != '-' }) {
			return false
		}
	}
	return len(s) <= maxDomainLen
}
