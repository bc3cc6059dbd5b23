package lifecycle

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestTheLastStepIsUndoneFirst(t *testing.T) {
	var down Teardown
	var undone []string
	broken := errors.New("broken")
	down.PushFunc("first", func() { undone = append(undone, "first") })
	down.Push("second", func(ctx context.Context) error {
		undone = append(undone, "second")
		return errors.Join(broken, ctx.Err())
	})
	down.PushClose("third", func() error { undone = append(undone, "third"); return nil })
	down.Go("worker", func(ctx context.Context) {
		<-ctx.Done()
		undone = append(undone, "worker")
	})
	err := down.Run(t.Context())
	if !errors.Is(err, broken) || err.Error() != "second: broken" {
		t.Errorf("the error is %v", err)
	}
	if want := []string{"worker", "third", "second", "first"}; !slices.Equal(undone, want) {
		t.Errorf("undone are %v, want %v", undone, want)
	}
	if err := down.Run(t.Context()); err != nil || len(undone) != 4 {
		t.Errorf("a second run undoes again: %v, %v", undone, err)
	}
}
