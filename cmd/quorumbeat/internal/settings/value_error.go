package settings

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
)

// ValueError is what is wrong with a value that a flag does not take: the flag's own
// words, or words in place of the library's.
func ValueError(f *pflag.Flag, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	if secretFlags[f.Name] {
		return errors.New("the value is not valid")
	}
	kind, plain := map[string]string{
		"int": "a whole number", "float64": "a number", "bool": "true or false", "duration": "a length of time",
	}[f.Value.Type()]
	if own := invalid.Unwrap(); !plain || f.Value.Type() == "duration" {
		return own
	}
	return fmt.Errorf("%q is not %s", invalid.GetValue(), kind)
}
