package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Teardown is a stack of named steps that undo a set-up: the step that was pushed last
// runs first. The zero value is empty. It must not be used by two goroutines at once.
type Teardown struct{ steps []step }

type step struct {
	name string
	undo func(context.Context) error
}

// Push adds a step. Its context bounds how long the step may wait; the name goes before
// its error.
func (t *Teardown) Push(name string, undo func(context.Context) error) {
	t.steps = append(t.steps, step{name, undo})
}

// PushFunc adds a step that cannot fail.
func (t *Teardown) PushFunc(name string, undo func()) {
	t.Push(name, func(context.Context) error { undo(); return nil })
}

// PushClose adds a step that closes something.
func (t *Teardown) PushClose(name string, closeIt func() error) {
	t.Push(name, func(context.Context) error { return closeIt() })
}

// Go runs f on a goroutine. Its step ends the context that f was given, and waits until
// f has returned.
func (t *Teardown) Go(name string, f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { f(ctx) })
	t.PushFunc(name, func() { cancel(); running.Wait() })
}

// Run runs all steps, also those behind one that fails, and returns the errors. A second
// call finds no steps.
func (t *Teardown) Run(ctx context.Context) error {
	var errs []error
	for i := len(t.steps) - 1; i >= 0; i-- {
		if err := t.steps[i].undo(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.steps[i].name, err))
		}
	}
	t.steps = nil
	return errors.Join(errs...)
}
