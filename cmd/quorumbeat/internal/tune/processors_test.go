package tune

import "testing"

func TestProcessors(t *testing.T) {
	for _, c := range []struct{ has, machine, want int }{
		{1, 1, 2},
		{2, 2, 3},
		{64, 64, 65},
		{2, 8, 0}, // a container's limit
	} {
		if got := processors(c.has, c.machine); got != c.want {
			t.Errorf("Go has %d of %d: %d, want %d", c.has, c.machine, got, c.want)
		}
	}
}
