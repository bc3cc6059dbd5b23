package settings

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/quorumbeat/quorumbeat/cluster"
)

// diskReserve is a flag of a number of bytes, like 512MiB or 2GiB, or "auto".
type diskReserve int64

var sizeUnits = []struct {
	suffix string
	shift  uint
}{{"GiB", 30}, {"MiB", 20}, {"KiB", 10}}

func (r *diskReserve) Set(text string) error {
	if text == "auto" {
		*r = cluster.AutoReserve
		return nil
	}
	number, shift := text, uint(0)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(text, u.suffix); ok {
			number, shift = rest, u.shift
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return fmt.Errorf("%q is not a size: use auto, 0, or one like 512MiB or 2GiB", text)
	}
	*r = diskReserve(n << shift)
	return nil
}

func (r *diskReserve) String() string {
	if *r == cluster.AutoReserve {
		return "auto"
	}
	for _, u := range sizeUnits {
		if n := int64(*r) >> u.shift; n > 0 && n<<u.shift == int64(*r) {
			return strconv.FormatInt(n, 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(*r), 10)
}

func (*diskReserve) Type() string { return "size" }
