package disk

import "testing"

func TestLevelsOfADisk(t *testing.T) {
	const reserve = 800
	level := OK
	for _, step := range []struct {
		free int64
		want Level
	}{
		{900, OK},
		{800, OK},
		{799, Low},
		{850, Low},
		{400, Low},
		{399, Full},
		{420, Full},
		{199, Empty},
		{210, Empty},
		{230, Full},
		{460, Low},
		{899, Low},
		{900, OK},
		{0, Empty},
		{1000, OK},
	} {
		if level = levelOf(level, step.free, reserve); level != step.want {
			t.Errorf("with %d free: level %d, want %d", step.free, level, step.want)
		}
	}
	if levelOf(OK, 0, 0) != OK {
		t.Error("a guard that is off finds a disk full")
	}
}
