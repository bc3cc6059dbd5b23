package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// seconds is a flag of a length of time: 90, 90s, 1h30m, 1d12h. A bare number is
// seconds.
type seconds int64

var days = regexp.MustCompile(`^(\d+)d(.*)$`)

func (s *seconds) Set(text string) error {
	if text == "" {
		return errors.New("no length of time is given: use seconds, or units like 90s, 1h30m, 1d")
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		*s = seconds(n)
		return nil
	}
	total := time.Duration(0)
	rest := text
	if m := days.FindStringSubmatch(text); m != nil {
		n, err := strconv.ParseInt(m[1], 10, 32)
		if err != nil {
			return fmt.Errorf("%q is not a length of time", text)
		}
		total, rest = time.Duration(n)*24*time.Hour, m[2]
	}
	if rest != "" {
		d, err := time.ParseDuration(rest)
		if err != nil {
			return fmt.Errorf("%q is not a length of time: use seconds, or units like 90s, 1h30m, 1d", text)
		}
		total += d
	}
	if total%time.Second != 0 {
		return fmt.Errorf("%q is not in whole seconds", text)
	}
	*s = seconds(total / time.Second)
	return nil
}

func (s *seconds) String() string { return (time.Duration(*s) * time.Second).String() }
func (*seconds) Type() string     { return "duration" }
