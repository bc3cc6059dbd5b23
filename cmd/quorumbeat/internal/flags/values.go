package flags

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/length"
)

// choice is a flag that takes one of a few words.
type choice struct {
	value   *string
	options []string
}

// OneOf makes a flag that takes one of a few words.
func OneOf(value *string, options []string) *choice { return &choice{value, options} }

func (c *choice) Set(text string) error {
	if !slices.Contains(c.options, text) {
		return fmt.Errorf("%q is none of %s", text, strings.Join(c.options, ", "))
	}
	*c.value = text
	return nil
}

func (c *choice) String() string {
	if c.value == nil { // pflag asks a zero one
		return ""
	}
	return *c.value
}

func (*choice) Type() string { return "word" }

// wholeNumber is a flag of a whole number within limits: what is out of them is refused here,
// so that 0 never means that nothing was given.
type wholeNumber struct {
	value    *int
	low, top int
}

// Between makes a flag of a whole number from low to top.
func Between(value *int, low, top int) *wholeNumber { return &wholeNumber{value, low, top} }

func (n *wholeNumber) Set(text string) error {
	v, err := strconv.Atoi(text)
	if err != nil || v < n.low || v > n.top {
		return fmt.Errorf("%q is no whole number from %d to %d", text, n.low, n.top)
	}
	*n.value = v
	return nil
}

func (n *wholeNumber) String() string {
	if n.value == nil || *n.value == 0 {
		return ""
	}
	return fmt.Sprint(*n.value)
}

func (*wholeNumber) Type() string { return "number" }

// words is a flag of a list with commas between, which may be given several times. An
// empty one is a list of nothing.
type words struct {
	list *[]string
	set  bool
}

// TypeOfLists is the type of flags that ListOf makes.
const TypeOfLists = "words"

// ListOf makes a flag of words.
func ListOf(list *[]string) *words { return &words{list: list} }

func (w *words) Set(text string) error {
	var more Addresses
	_ = more.Set(text) // takes anything
	if !w.set || text == "" {
		*w.list = []string{}
	}
	w.set = true
	*w.list = append(*w.list, more...)
	return nil
}

func (w *words) String() string {
	if w.list == nil {
		return ""
	}
	return strings.Join(*w.list, ",")
}

func (*words) Type() string { return TypeOfLists }

// Seconds is a flag of a length of time in whole seconds.
type Seconds int64

func (s *Seconds) Set(text string) error {
	d, err := length.Parse(text)
	if err != nil {
		return err
	}
	if d%time.Second != 0 {
		return fmt.Errorf("%q is not in whole seconds", text)
	}
	*s = Seconds(d / time.Second)
	return nil
}

func (s *Seconds) String() string { return length.Show(time.Duration(*s) * time.Second) }
func (*Seconds) Type() string     { return "duration" }

// Length is a flag of any length of time.
type Length time.Duration

func (s *Length) Set(text string) error {
	d, err := length.Parse(text)
	if err == nil {
		*s = Length(d)
	}
	return err
}

func (s *Length) String() string { return length.Show(time.Duration(*s)) }
func (*Length) Type() string     { return "duration" }
