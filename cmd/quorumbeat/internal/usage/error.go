package usage

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Err is wrapped by errors that the command line or the settings cause.
var Err = errors.New("usage")

type wrapped struct{ error }

func (wrapped) Is(target error) bool { return target == Err }

func (w wrapped) Unwrap() error { return w.error }

// Wrap makes an error one that the command line or the settings cause.
func Wrap(err error) error { return wrapped{err} }

// Errorf makes one from words.
func Errorf(format string, args ...any) error { return Wrap(fmt.Errorf(format, args...)) }

// Message makes one line of an error, without the packages' word for its kind.
func Message(err error) string {
	s := strings.TrimPrefix(err.Error(), "configuration: ")
	var file *fs.PathError
	if errors.As(err, &file) { // without the system call's name
		s = strings.ReplaceAll(s, file.Error(), file.Path+": "+file.Err.Error())
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\n", "; ")), " ")
}
