package settings

import (
	"testing"

	"github.com/quorumbeat/quorumbeat/cluster"
)

func TestDiskReserve(t *testing.T) {
	for text, want := range map[string]int64{
		"auto": cluster.AutoReserve, "0": 0, "512MiB": 512 << 20, "2GiB": 2 << 30, "20000KiB": 20000 << 10, "16777216": 16 << 20,
		"": -2, "-1": -2, "5%": -2, "1TB": -2, "1.5GiB": -2, "GiB": -2, " 1GiB": -2, "99999999999GiB": -2,
	} {
		var r diskReserve
		switch err := r.Set(text); {
		case (err != nil) != (want == -2):
			t.Errorf("%q: %v", text, err)
		case err == nil && int64(r) != want:
			t.Errorf("%q: %d, want %d", text, r, want)
		case err == nil:
			var again diskReserve
			if err := again.Set(r.String()); err != nil || again != r {
				t.Errorf("%q reads as %q, and that as %d (%v)", text, r.String(), again, err)
			}
		}
	}
}
