package tick

import (
	"testing"
	"time"
)

func TestThoseWhoLookNowAndThenDoItTogether(t *testing.T) {
	start := time.Unix(1_700_000_000, 123_456_789)
	var at time.Time
	for i := range 10 {
		now := start.Add(time.Duration(i) * 37 * time.Millisecond)
		wait := Until(now, Every)
		if wait <= 0 || wait > Every {
			t.Errorf("waits %v", wait)
		}
		if i > 0 && !now.Add(wait).Equal(at) {
			t.Errorf("one looks at %v, another at %v", at, now.Add(wait))
		}
		at = now.Add(wait)
	}
	if again := Until(at, Every); again != Every {
		t.Errorf("looks again after %v", again)
	}
}
