package store

import "slices"

// shrinkRuns bounds the work of finding a short schedule.
const shrinkRuns = 3000

// shrink takes events out of a schedule that fails, large pieces first, for as
// long as what is left still fails.
func shrink(sch schedule) schedule {
	runs := 0
	fails := func(s schedule) bool {
		runs++
		_, err := s.run(false)
		return err != nil
	}
	for size := max(1, len(sch.events)/2); runs < shrinkRuns; {
		less := false
		for at := 0; at < len(sch.events) && runs < shrinkRuns; {
			s := sch
			s.events = slices.Concat(sch.events[:at], sch.events[min(at+size, len(sch.events)):])
			if fails(s) {
				sch, less = s, true
			} else {
				at += size
			}
		}
		if size == 1 && !less {
			break
		}
		size = max(1, size/2)
	}
	return sch
}
