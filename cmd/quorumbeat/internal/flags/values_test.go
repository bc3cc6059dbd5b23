package flags

import "testing"

func TestWholeSeconds(t *testing.T) {
	for text, want := range map[string]int64{
		"90": 90, "90s": 90, "1h30m": 5400, "1d": 86400, "1d12h": 129600, "0": 0, "0s": 0,
		"1w": 604800, "2w1d1h": 1299600, "1.5h": 5400, "366d": 31622400, "0d": 0,
		"": -1, "1.5s": -1, "d": -1, "w": -1, "1d1d": -1, "1d1w": -1, "500ms": -1, "1d12": -1, "-1": -1, "-1d": -1, "1 d": -1,
		"99999999999999999999": -1, "99999999999999w": -1, "15250w9000d": -1,
	} {
		var s Seconds
		err := s.Set(text)
		if (err != nil) != (want < 0) || (err == nil && int64(s) != want) {
			t.Errorf("%q: %d, %v, want %d", text, s, err, want)
		}
	}
}
