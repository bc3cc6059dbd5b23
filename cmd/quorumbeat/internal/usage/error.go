package usage

import (
	"errors"
	"fmt"
)

// Err is wrapped by errors that the command line or the settings cause.
var Err = errors.New("usage")

type wrapped struct{ error }

func (wrapped) Is(target error) bool { return target == Err }

// Wrap makes an error one that the command line or the settings cause.
func Wrap(err error) error { return wrapped{err} }

// Errorf makes one from words.
func Errorf(format string, args ...any) error { return Wrap(fmt.Errorf(format, args...)) }
