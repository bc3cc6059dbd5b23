package length

import "testing"

func TestLengthsAreShownAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0s", "90": "1m30s", "60": "1m", "3600": "1h", "5400": "1h30m", "86400": "1d", "129600": "1d12h", "604800": "1w", "8d": "8d",
		"366d": "366d", "1h0m5s": "1h0m5s", "250ms": "250ms", "1d1s": "1d1s", "10m": "10m", "1d10m": "1d10m",
	} {
		d, err := Parse(text)
		if got := Show(d); err != nil || got != want {
			t.Errorf("%s: %s, want %s (%v)", text, got, want, err)
		}
		if again, err := Parse(Show(d)); err != nil || again != d {
			t.Errorf("%s: read back as %s, %v", text, again, err)
		}
	}
}
