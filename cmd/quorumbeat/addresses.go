package main

import "strings"

// addresses is a flag of a list with commas between. Each setting replaces the
// list, and nothing in it is dropped: what is no address is for validation to tell.
type addresses []string

func (a *addresses) Set(text string) error {
	*a = nil
	if text == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		*a = append(*a, strings.Trim(part, " "))
	}
	return nil
}

func (a *addresses) String() string { return strings.Join(*a, ",") }
func (*addresses) Type() string     { return "addresses" }
