package fsm

import "errors"

// ErrConfig is wrapped by errors that the operator mends by changing a setting, in every
// part of the program that has settings.
var ErrConfig = errors.New("configuration")
