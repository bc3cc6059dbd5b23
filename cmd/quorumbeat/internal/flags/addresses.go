package flags

import "strings"

// Addresses is a flag of a list with commas between. Each setting replaces the
// list, and nothing in it is dropped: what is no address is for validation to tell.
type Addresses []string

func (a *Addresses) Set(text string) error {
	*a = nil
	if text == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		*a = append(*a, strings.Trim(part, " "))
	}
	return nil
}

func (a *Addresses) String() string { return strings.Join(*a, ",") }
func (*Addresses) Type() string     { return "addresses" }
