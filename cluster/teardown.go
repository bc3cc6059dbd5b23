package cluster

import (
	"context"
	"errors"
	"fmt"
)

// teardown undoes a set-up: named steps, the last pushed runs first.
type teardown []step

type step struct {
	name string
	undo func(context.Context) error
}

func (t *teardown) push(name string, undo func(context.Context) error) {
	*t = append(*t, step{name, undo})
}

// do is push for a step that cannot fail.
func (t *teardown) do(name string, undo func()) {
	t.push(name, func(context.Context) error { undo(); return nil })
}

// run undoes everything, whatever fails, and returns what failed.
func (t *teardown) run(ctx context.Context) error {
	var errs []error
	for i := len(*t) - 1; i >= 0; i-- {
		if err := (*t)[i].undo(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", (*t)[i].name, err))
		}
	}
	*t = nil
	return errors.Join(errs...)
}
